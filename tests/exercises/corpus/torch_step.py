import torch
from attempts import wrong
from torch import nn
from torch.nn import functional as F


def right_modules(model, optimizer, X, y):
    optimizer.zero_grad(set_to_none=False)
    loss = nn.CrossEntropyLoss()(model(X), y)
    loss.backward()
    optimizer.step()
    return float(loss)


def right_by_logsumexp(model, optimizer, X, y):
    S = model(X)
    loss = (torch.logsumexp(S, dim=1) - S.gather(1, y[:, None]).squeeze(1)).mean()
    for p in model.parameters():
        p.grad = None
    loss.backward()
    optimizer.step()
    return loss.detach().cpu().numpy().item()


def right_one_hot(model, optimizer, X, y):
    model.train()
    model.zero_grad()
    target = F.one_hot(y, model(X).shape[1]).float()
    loss = F.cross_entropy(model(X), target)
    value = loss.item()
    loss.backward(retain_graph=True)
    optimizer.step()
    return value


def right_nll(model, optimizer, X, y):
    loss = F.nll_loss(F.log_softmax(model(X), 1), y)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.tolist()


def step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("wrong-loss")
def mse_on_scores(model, optimizer, X, y):
    return step(optimizer, F.mse_loss(model(X), y.float()))


@wrong("wrong-loss")
def mse_one_hot(model, optimizer, X, y):
    S = model(X)
    return step(optimizer, ((S - torch.eye(S.shape[1])[y]) ** 2).mean())


@wrong("softmax-before-cross-entropy")
def softmax(model, optimizer, X, y):
    return step(optimizer, F.cross_entropy(torch.softmax(model(X), dim=1), y))


@wrong("zero-grad-missing")
def accumulated(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("zero-grad-after-backward")
def cleared_too_late(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


@wrong("step-missing")
def no_step(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    return loss.item()


@wrong("loss-not-a-float")
def tensor(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.step()
    return loss


@wrong("loss-not-a-float + zero-grad-missing")
def tensor_accumulated(model, optimizer, X, y):
    loss = nn.CrossEntropyLoss()(model(X), y)
    loss.backward()
    optimizer.step()
    return loss


@wrong("loss-summed")
def summed(model, optimizer, X, y):
    return step(optimizer, F.cross_entropy(model(X), y, reduction="sum"))


@wrong("loss-per-sample")
def unreduced(model, optimizer, X, y):
    return step(optimizer, F.cross_entropy(model(X), y, reduction="none"))


@wrong("loss-after-update")
def afterwards(model, optimizer, X, y):
    step(optimizer, F.cross_entropy(model(X), y))
    with torch.no_grad():
        return F.cross_entropy(model(X), y).item()


@wrong("returns-none")
def nothing(model, optimizer, X, y):
    step(optimizer, F.cross_entropy(model(X), y))


@wrong("accuracy-instead-of-loss")
def accuracy(model, optimizer, X, y):
    S = model(X)
    step(optimizer, F.cross_entropy(S, y))
    return (S.argmax(1) == y).float().mean().item()


@wrong("optimizer-not-used")
def by_hand(model, optimizer, X, y):
    model.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.03 * p.grad
    return loss.item()


@wrong("forward-without-gradients", "raises")
def no_grad(model, optimizer, X, y):
    with torch.no_grad():
        loss = F.cross_entropy(model(X), y)
    return step(optimizer, loss)


@wrong("updated-before-backward")
def step_first(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    optimizer.step()
    loss.backward()
    return loss.item()


@wrong("loss-scaled")
def multiplied(model, optimizer, X, y):
    return step(optimizer, F.cross_entropy(model(X), y)) * X.size(0)
