import numpy as np
import torch
from attempts import wrong


def right_inference_mode(model, X, y):
    mode = model.training
    model.train(False)
    try:
        with torch.inference_mode():
            return float((torch.argmax(model(X), -1) == y).sum()) / len(y)
    finally:
        model.train(mode)


def right_decorated(model, X, y):
    @torch.no_grad()
    def hits():
        return [int(s.argmax()) == int(t) for s, t in zip(model.eval()(X), y, strict=True)]

    was = model.training
    share = sum(hits()) / y.numel()
    model.train() if was else model.eval()
    return share


def right_numpy(model, X, y):
    training = model.training
    model.eval()
    with torch.no_grad():
        probabilities = torch.softmax(model(X), dim=1).numpy()
    if training:
        model.train()
    return np.mean(probabilities.argmax(axis=1) == y.numpy())


@wrong("training-mode-not-restored")
def stays_in_eval(model, X, y):
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(1) == y).float().mean().item()


@wrong("training-mode-not-restored")
def always_train(model, X, y):
    model.eval()
    with torch.no_grad():
        share = (model(X).argmax(1) == y).float().mean().item()
    model.train()
    return share


@wrong("eval-mode-missing")
def in_training_mode(model, X, y):
    with torch.no_grad():
        return (model(X).argmax(1) == y).float().mean().item()


@wrong("eval-mode-missing + gradients-recorded")
def as_it_is(model, X, y):
    return (model(X).argmax(1) == y).float().mean().item()


@wrong("gradients-recorded + training-mode-not-restored")
def eval_only(model, X, y):
    model.eval()
    return (model(X).argmax(dim=1) == y).float().mean().item()


@wrong("gradients-recorded")
def recorded(model, X, y):
    mode = model.training
    S = model.eval()(X)
    model.train(mode)
    return (S.argmax(1) == y).float().mean().item()


def scores(model, X):
    mode = model.training
    model.eval()
    with torch.no_grad():
        S = model(X)
    model.train(mode)
    return S


@wrong("accuracy-not-a-float")
def tensor(model, X, y):
    return (scores(model, X).argmax(1) == y).double().mean()


@wrong("count-instead-of-fraction", "accuracy-not-a-float + count-instead-of-fraction")
def count(model, X, y):
    return (scores(model, X).argmax(1) == y).sum().item()


@wrong("percent-instead-of-fraction")
def percent(model, X, y):
    return 100.0 * (scores(model, X).argmax(1) == y).float().mean().item()


@wrong("labels-broadcast")
def column(model, X, y):
    return (scores(model, X).argmax(1, keepdim=True) == y).float().mean().item()


@wrong("integer-division")
def floor(model, X, y):
    return float((scores(model, X).argmax(1) == y).sum() // len(y))


@wrong("divided-by-something-else")
def by_columns(model, X, y):
    return (scores(model, X).argmax(1) == y).sum().item() / X.shape[1]


@wrong("argmax-over-whole-array")
def no_axis(model, X, y):
    return (scores(model, X).argmax() == y).float().mean().item()


@wrong("score-instead-of-class")
def values(model, X, y):
    return (scores(model, X).max(dim=1)[0] == y).float().mean().item()


@wrong("raises")
def max_unpacked_wrong(model, X, y):
    return (scores(model, X).max(dim=1) == y).float().mean().item()


@wrong("result-rounded")
def two_digits(model, X, y):
    return round((scores(model, X).argmax(1) == y).float().mean().item(), 2)


@wrong("error-rate-instead-of-accuracy")
def errors(model, X, y):
    return (scores(model, X).argmax(1) != y).float().mean().item()
