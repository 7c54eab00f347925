"""Answers to notebook 06's exercises as learners write them: right ones in odd styles, wrong ones by hand."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from answers import collect  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from nnlab.exercises import check, references  # noqa: E402
from nnlab.exercises.sandbox import sandbox  # noqa: E402

RIGHT, WRONG, right, wrong = collect()


# make_model


@right("make_model")
def a_class(n_in, n_hidden, n_out):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)

        def forward(self, x):
            return self.fc2(F.relu(self.fc1(x)))

    return Network()


@right("make_model")
def a_module_list(n_in, n_hidden, n_out):
    class Stack(nn.Sequential):
        def __init__(self, *sizes):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = layer(x).clamp(min=0)
            return self.layers[-1](x)

    return Stack(n_in, n_hidden, n_out)


@right("make_model")
def named_layers_in_double(n_in, n_hidden, n_out):
    layers = {
        "one": nn.Linear(n_in, n_hidden),
        "two": nn.ReLU(inplace=True),
        "three": nn.Linear(n_hidden, n_out),
    }
    model = nn.Sequential()
    for name, layer in layers.items():
        model.add_module(name, layer)
    return model.double()


@right("make_model")
def bare_parameters(n_in, n_hidden, n_out):
    class ByHand(nn.Module):
        def __init__(self):
            super().__init__()
            self.Wh = nn.Parameter(torch.randn(n_in, n_hidden) / n_in**0.5)
            self.bh = nn.Parameter(torch.zeros(1, n_hidden))
            self.Wy = nn.Parameter(torch.randn(n_hidden, n_out) / n_hidden**0.5)
            self.by = nn.Parameter(torch.zeros(n_out))

        def forward(self, X):
            return torch.maximum(X @ self.Wh + self.bh, torch.tensor(0.0)) @ self.Wy + self.by

    return ByHand()


@right("make_model")
def lazy(n_in, n_hidden, n_out):
    return nn.Sequential(nn.LazyLinear(n_hidden), nn.ReLU(), nn.LazyLinear(n_out))


@right("make_model")
def initialized_and_in_eval_mode(n_in, n_hidden, n_out):
    model = nn.Sequential(nn.Flatten(), nn.Linear(n_in, n_hidden), nn.ReLU6(), nn.Linear(n_hidden, n_out))
    model[2] = nn.ReLU()
    nn.init.zeros_(model[1].bias)
    nn.init.kaiming_normal_(model[1].weight)
    return model.eval()


@wrong("make_model", "activation-missing")
def forgotten_in_forward(n_in, n_hidden, n_out):
    model = a_class(n_in, n_hidden, n_out)
    model.forward = lambda x: model.fc2(model.fc1(x))
    return model


@wrong("make_model", "wrong-activation")
def with_tanh(n_in, n_hidden, n_out):
    model = a_class(n_in, n_hidden, n_out)
    model.forward = lambda x: model.fc2(torch.tanh(model.fc1(x)))
    return model


@wrong("make_model", "softmax-before-cross-entropy")
def with_probabilities(n_in, n_hidden, n_out):
    model = a_class(n_in, n_hidden, n_out)
    model.forward = lambda x: F.softmax(model.fc2(F.relu(model.fc1(x))), dim=-1)
    return model


@wrong("make_model", "activation-missing", "softmax-before-cross-entropy")
def no_relu_but_softmax(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out), nn.Softmax(-1))


@wrong("make_model", "wrong-activation", "softmax-before-cross-entropy")
def sigmoid_and_softmax(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.Sigmoid(), nn.Linear(n_hidden, n_out), nn.Softmax(1))


@wrong("make_model", "softmax-over-batch-axis")
def softmax_along_the_batch(n_in, n_hidden, n_out):
    return nn.Sequential(*references.make_model(n_in, n_hidden, n_out), nn.Softmax(dim=0))


@wrong("make_model", "log-softmax-on-output")
def log_probabilities(n_in, n_hidden, n_out):
    return nn.Sequential(*references.make_model(n_in, n_hidden, n_out), nn.LogSoftmax(dim=-1))


@wrong("make_model", "activation-on-output")
def relu_at_the_end(n_in, n_hidden, n_out):
    return nn.Sequential(references.make_model(n_in, n_hidden, n_out), nn.ReLU())


@wrong("make_model", "bias-omitted")
def without_bias(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden, False), nn.ReLU(), nn.Linear(n_hidden, n_out, False))


@wrong("make_model", "sizes-swapped")
def as_rows_and_columns(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_hidden, n_in), nn.ReLU(), nn.Linear(n_out, n_hidden))


@wrong("make_model", "layers-do-not-meet")
def both_from_the_input(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_in, n_out))


@wrong("make_model", "wrong-number-of-layers")
def one_linear_layer(n_in, n_hidden, n_out):
    return nn.Linear(n_in, n_out)


@wrong("make_model", "dropout-or-normalization-added")
def with_dropout(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Dropout(), nn.Linear(n_hidden, n_out))


@wrong("make_model", "hard-coded-size")
def always_64(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, 64), nn.ReLU(), nn.Linear(64, n_out))


@wrong("make_model", "layers-not-registered")
def a_plain_tuple(n_in, n_hidden, n_out):
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.steps = (nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out))

        def forward(self, x):
            for step in self.steps:
                x = step(x)
            return x

    return Network()


@wrong("make_model", "raises")
def without_super(n_in, n_hidden, n_out):
    class Network(nn.Module):
        def __init__(self):
            self.hidden = nn.Linear(n_in, n_hidden)

    return Network()


@wrong("make_model", "wrong-type")
def the_layers_in_a_list(n_in, n_hidden, n_out):
    return list(references.make_model(n_in, n_hidden, n_out))


@wrong("make_model", "returns-none")
def nothing_returned(n_in, n_hidden, n_out):
    references.make_model(n_in, n_hidden, n_out)


# copy_weights


@right("copy_weights")
def data_from_numpy(params, model):
    for layer, x in ((model[0], "h"), (model[2], "y")):
        dtype = layer.weight.dtype
        layer.weight.data = torch.from_numpy(params[f"W{x}"].T).to(dtype).clone()
        layer.bias.data = torch.from_numpy(params[f"b{x}"]).to(dtype).clone()


@right("copy_weights")
def by_state_dict(params, model):
    names = {"0.weight": "Wh", "0.bias": "bh", "2.weight": "Wy", "2.bias": "by"}
    model.load_state_dict({name: torch.tensor(params[key]).t() for name, key in names.items()})
    return model


@right("copy_weights")
def new_parameters(params, model):
    first, _, last = model.children()
    for layer, W, b in ((first, "Wh", "bh"), (last, "Wy", "by")):
        layer.weight = nn.Parameter(torch.tensor(params[W].T, dtype=layer.weight.dtype))
        layer.bias = nn.Parameter(torch.tensor(params[b], dtype=layer.bias.dtype))


@right("copy_weights")
@torch.no_grad()
def entry_by_entry(params, model):
    for parameter, array in zip(
        model.parameters(), (params[k] for k in ("Wh", "bh", "Wy", "by")), strict=True
    ):
        for index in np.ndindex(*array.shape):
            parameter[index[::-1]] = array[index]


@right("copy_weights")
def in_inference_style(params, model):
    with torch.no_grad():
        model[0].weight[:] = torch.from_numpy(params["Wh"]).T
        model[0].bias[...] = torch.from_numpy(params["bh"])
        model[2].weight.data.copy_(torch.from_numpy(params["Wy"]).mT)
        model[2].bias.set_(torch.from_numpy(params["by"]).type_as(model[2].bias).clone())


@right("copy_weights")
def through_numpy(params, model):
    for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
        np.copyto(parameter.detach().numpy(), params[key].T, casting="same_kind")


@wrong("copy_weights", "weights-not-transposed")
def as_they_are(params, model):
    with torch.no_grad():
        for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
            parameter.copy_(torch.from_numpy(params[key]))


@wrong("copy_weights", "weights-not-transposed")
def loaded_as_they_are(params, model):
    names = {"0.weight": "Wh", "0.bias": "bh", "2.weight": "Wy", "2.bias": "by"}
    model.load_state_dict({name: torch.tensor(params[key]) for name, key in names.items()})


@wrong("copy_weights", "weights-not-transposed")
def replaced_as_they_are(params, model):
    for layer, W, b in ((model[0], "Wh", "bh"), (model[2], "Wy", "by")):
        layer.weight = nn.Parameter(torch.tensor(params[W]).to(layer.weight))
        layer.bias = nn.Parameter(torch.tensor(params[b]).to(layer.bias))


@wrong("copy_weights", "weights-not-transposed")
def only_the_last_transposed(params, model):
    by_state_dict({**params, "Wh": params["Wh"].T}, model)


@wrong("copy_weights", "reshaped-instead-of-transposed")
def viewed(params, model):
    for layer, W, b in ((model[0], "Wh", "bh"), (model[2], "Wy", "by")):
        layer.weight.data.copy_(torch.tensor(params[W]).view(layer.weight.shape))
        layer.bias.data.copy_(torch.tensor(params[b]))


@wrong("copy_weights", "bias-not-copied")
def weights_alone(params, model):
    model[0].weight.data.copy_(torch.tensor(params["Wh"].T))
    model[2].weight.data.copy_(torch.tensor(params["Wy"].T))


@wrong("copy_weights", "weights-not-transposed", "bias-not-copied")
def weights_alone_as_they_are(params, model):
    model[0].weight.data.copy_(torch.tensor(params["Wh"]))
    model[2].weight.data.copy_(torch.tensor(params["Wy"]))


@wrong("copy_weights", "layer-not-copied")
def first_layer_alone(params, model):
    model[0].load_state_dict({"weight": torch.tensor(params["Wh"].T), "bias": torch.tensor(params["bh"])})


@wrong("copy_weights", "layers-swapped")
def last_layer_first(params, model):
    by_state_dict({"Wh": params["Wy"], "bh": params["by"], "Wy": params["Wh"], "by": params["bh"]}, model)


@wrong("copy_weights", "update-not-in-place")
def into_a_dict_of_no_use(params, model):
    state = model.state_dict()
    state["0.weight"] = torch.tensor(params["Wh"].T)
    state["0.bias"] = torch.tensor(params["bh"])


@wrong("copy_weights", "memory-shared-with-params")
def still_numpys_memory(params, model):
    for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
        parameter.data = torch.from_numpy(params[key].T).to(parameter.dtype)


@wrong("copy_weights", "memory-shared-with-params", "dtype-not-kept")
def simply_from_numpy(params, model):
    for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
        parameter.data = torch.from_numpy(params[key].T)


@wrong("copy_weights", "dtype-not-kept")
def always_float32(params, model):
    for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
        parameter.data = torch.FloatTensor(params[key].T)


@wrong("copy_weights", "dtype-not-kept")
def always_float64(params, model):
    for parameter, key in zip(model.parameters(), ("Wh", "bh", "Wy", "by"), strict=True):
        parameter.data = torch.tensor(params[key].T)


@wrong("copy_weights", "no-grad-missing")
def while_recording(params, model):
    model[0].weight.copy_(torch.tensor(params["Wh"].T))


@wrong("copy_weights", "weights-frozen")
def frozen(params, model):
    by_state_dict(params, model)
    model.requires_grad_(False)


@wrong("copy_weights", "changes-its-input")
def transposed_in_the_dict(params, model):
    by_state_dict(params, model)
    params["Wh"] = params["Wh"].T


# torch_step


@right("torch_step")
def zeroed_first(model, optimizer, X, y):
    optimizer.zero_grad(set_to_none=False)
    loss = nn.CrossEntropyLoss()(model(X), y)
    loss.backward()
    optimizer.step()
    return float(loss)


@right("torch_step")
def zeroed_by_hand(model, optimizer, X, y):
    model.train()
    loss = F.nll_loss(F.log_softmax(model(X), dim=1), y)
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.zero_()
    loss.backward()
    optimizer.step()
    return loss.detach().cpu().numpy().item()


@right("torch_step")
def set_to_none_by_hand(model, optimizer, X, y):
    scores = model.forward(X)
    loss = (torch.logsumexp(scores, 1) - scores[torch.arange(len(y)), y]).mean()
    for parameter in model.parameters():
        parameter.grad = None
    torch.autograd.backward(loss)
    optimizer.step()
    optimizer.zero_grad()
    return loss.tolist()


@right("torch_step")
def with_a_closure(model, optimizer, X, y):
    def closure():
        model.zero_grad()
        loss = F.cross_entropy(model(X), F.one_hot(y, model(X).shape[1]).float())
        loss.backward()
        return loss

    return optimizer.step(closure).item()


@right("torch_step")
def with_explicit_gradients(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    for parameter, gradient in zip(
        model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
    ):
        parameter.grad = gradient
    optimizer.step()
    return round(loss.item(), 7)


@right("torch_step")
def log_softmax_too_many(model, optimizer, X, y):
    loss = F.cross_entropy(torch.log(torch.softmax(model(X), 1)), y, reduction="sum") / len(y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return np.float64(loss.item())


@wrong("torch_step", "zero-grad-missing")
def never_zeroed(model, optimizer, X, y):
    loss = nn.CrossEntropyLoss()(model(X), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "zero-grad-after-step")
def zeroed_at_the_end(model, optimizer, X, y):
    loss = never_zeroed(model, optimizer, X, y)
    model.zero_grad()
    return loss


@wrong("torch_step", "zero-grad-after-backward")
def zeroed_between(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    return loss.item()


@wrong("torch_step", "backward-missing")
def no_backward(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    optimizer.step()
    return loss.item()


@wrong("torch_step", "backward-missing")
def backward_on_a_new_tensor(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = torch.tensor(F.cross_entropy(model(X), y).item(), requires_grad=True)
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "step-missing")
def no_step(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    return loss.item()


@wrong("torch_step", "updated-before-backward")
def step_first(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    optimizer.step()
    loss.backward()
    return loss.item()


@wrong("torch_step", "step-made-twice")
def two_steps(model, optimizer, X, y):
    loss = zeroed_first(model, optimizer, X, y)
    optimizer.step()
    return loss


@wrong("torch_step", "optimizer-not-used")
def sgd_by_hand(model, optimizer, X, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter -= 0.05 * parameter.grad
    return loss.item()


@wrong("torch_step", "loss-not-a-float")
def a_tensor(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


@wrong("torch_step", "loss-not-a-float", "zero-grad-missing")
def a_tensor_never_zeroed(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


@wrong("torch_step", "softmax-before-cross-entropy")
def softmax_first(model, optimizer, X, y):
    loss = nn.CrossEntropyLoss()(nn.Softmax(dim=-1)(model(X)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "softmax-before-cross-entropy", "zero-grad-missing")
def softmax_first_never_zeroed(model, optimizer, X, y):
    loss = F.cross_entropy(torch.softmax(model(X), 1), y)
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "log-softmax-missing")
def nll_of_scores(model, optimizer, X, y):
    loss = nn.NLLLoss()(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "wrong-loss")
def squared_error(model, optimizer, X, y):
    scores = model(X)
    loss = nn.MSELoss()(scores, torch.eye(scores.shape[1])[y])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "loss-summed")
def summed(model, optimizer, X, y):
    loss = nn.CrossEntropyLoss(reduction="sum")(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "loss-after-update")
def measured_afterwards(model, optimizer, X, y):
    zeroed_first(model, optimizer, X, y)
    with torch.no_grad():
        return F.cross_entropy(model(X), y).item()


@wrong("torch_step", "forward-without-gradients")
def nothing_recorded(model, optimizer, X, y):
    with torch.no_grad():
        loss = F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@wrong("torch_step", "ascent-instead-of-descent")
def uphill(model, optimizer, X, y):
    loss = -F.cross_entropy(model(X), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return -loss.item()


@wrong("torch_step", "raises")
def backward_of_a_float(model, optimizer, X, y):
    loss = F.cross_entropy(model(X), y).item()
    loss.backward()
    optimizer.step()
    return loss


@wrong("torch_step", "returns-none")
def nothing_back(model, optimizer, X, y):
    zeroed_first(model, optimizer, X, y)


# evaluate


@right("evaluate")
def with_inference_mode(model, X, y):
    mode = model.training
    try:
        model.train(False)
        with torch.inference_mode():
            return torch.mean((model(X).softmax(dim=-1).argmax(-1) == y).double()).item()
    finally:
        model.train(mode)


@right("evaluate")
def every_layer_by_itself(model, X, y):
    modes = {module: module.training for module in model.modules()}
    with torch.no_grad():
        _, predicted = torch.max(model.eval()(X), 1)
    for module, mode in modes.items():
        module.training = mode
    return (predicted == y).sum().item() / len(y)


@right("evaluate")
def on_a_copy(model, X, y):
    twin = copy.deepcopy(model).eval().requires_grad_(False)
    return float(torch.eq(twin(X).argmax(1), y).numpy().mean())


@right("evaluate")
def sample_by_sample(model, X, y):
    was = model.training
    model.eval()
    with torch.set_grad_enabled(False):
        hits = [int(model(x[None]).argmax()) == int(label) for x, label in zip(X, y, strict=True)]
    model.train() if was else model.eval()
    return np.mean(hits)


@right("evaluate")
def with_a_decorator(model, X, y):
    @torch.no_grad()
    def measure():
        return np.float32((model(X).argmax(dim=1) == y).float().mean())

    was, _ = model.training, model.eval()
    accuracy = measure()
    model.train(was)
    return accuracy


@wrong("evaluate", "eval-mode-missing", "gradients-recorded")
def carefree(model, X, y):
    return (model(X).argmax(1) == y).float().mean().item()


@wrong("evaluate", "eval-mode-missing")
def in_training_mode(model, X, y):
    with torch.no_grad():
        return (model(X).argmax(1) == y).float().mean().item()


@wrong("evaluate", "training-mode-not-restored")
def left_in_eval_mode(model, X, y):
    model.eval()
    with torch.no_grad():
        return (model(X).argmax(1) == y).float().mean().item()


@wrong("evaluate", "training-mode-not-restored")
def always_back_to_training(model, X, y):
    accuracy = left_in_eval_mode(model, X, y)
    model.train()
    return accuracy


@wrong("evaluate", "gradients-recorded")
def detached_afterwards(model, X, y):
    was = model.training
    model.eval()
    scores = model(X).detach()
    model.train(was)
    return (scores.argmax(1) == y).float().mean().item()


@wrong("evaluate", "gradients-recorded", "training-mode-not-restored")
def eval_and_nothing_else(model, X, y):
    model.eval()
    return (model(X).argmax(1) == y).float().mean().item()


@wrong("evaluate", "gradients-recorded", "eval-mode-missing", "accuracy-not-a-float")
def three_at_once(model, X, y):
    return (model(X).argmax(1) == y).float().mean()


@wrong("evaluate", "accuracy-not-a-float")
def still_a_tensor(model, X, y):
    return torch.tensor(with_inference_mode(model, X, y))


@wrong("evaluate", "percent-instead-of-fraction")
def percentage(model, X, y):
    return 100 * with_inference_mode(model, X, y)


@wrong("evaluate", "count-instead-of-fraction")
def number_of_hits(model, X, y):
    return with_inference_mode(model, X, y) * len(y)


@wrong("evaluate", "error-rate-instead-of-accuracy")
def mistakes(model, X, y):
    return 1 - with_inference_mode(model, X, y)


@wrong("evaluate", "labels-broadcast")
def all_against_all(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        predicted = model(X).argmax(dim=1).view(-1, 1)
    model.train(was)
    return (predicted == y).sum().item() / predicted.numel() / len(y)


@wrong("evaluate", "score-instead-of-class")
def values_of_max(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        predicted, _ = torch.max(model(X), dim=1)
    model.train(was)
    return (predicted == y).float().mean().item()


@wrong("evaluate", "argmax-over-whole-array")
def one_class_for_all(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        predicted = torch.argmax(model(X))
    model.train(was)
    return (predicted == y).float().mean().item()


@wrong("evaluate", "argmax-over-batch-axis")
def along_the_batch(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        predicted = model(X).argmax(0)
    model.train(was)
    return (predicted == y).float().mean().item()


@wrong("evaluate", "loss-instead-of-accuracy")
def the_loss(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        loss = F.cross_entropy(model(X), y).item()
    model.train(was)
    return loss


@wrong("evaluate", "wrong-type")
def hits(model, X, y):
    was = model.training
    model.eval()
    with torch.no_grad():
        predicted = model(X).argmax(1)
    model.train(was)
    return predicted == y


@pytest.mark.parametrize(("name", "function"), RIGHT)
@pytest.mark.parametrize("how", ["fork", "thread"])
def test_right_answers_pass(name, function, how):
    result = check(name, function, how=how)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_what_came_instead_of_a_model_is_said():
    message = check("make_model", the_layers_in_a_list).message
    assert "should return an nn.Module, but it gives a list of 3 values" in message


# The environment that a learner may have set


@pytest.mark.parametrize(
    ("name", "function"),
    [("make_model", a_class), ("copy_weights", by_state_dict), ("torch_step", zeroed_first)],
)
def test_a_default_of_float64_does_not_matter(name, function):
    torch.set_default_dtype(torch.float64)
    try:
        assert check(name, function).status == "passed"
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("how", ["fork", "thread"])
def test_switches_of_torch_are_put_back(how):
    def careless(model, X, y):
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(5)
        torch.sinh = torch.tanh
        return with_inference_mode(model, X, y)

    sinh, state = torch.sinh, torch.get_rng_state()
    assert check("evaluate", careless, how=how).status == "passed"
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.sinh is sinh
    assert torch.equal(torch.get_rng_state(), state)


def test_no_fork_where_torch_has_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert not sandbox.can_fork()


# The references at work


def test_the_four_make_a_training_loop():
    rng = np.random.default_rng(0)
    X = torch.tensor(rng.normal(size=(200, 2)), dtype=torch.float32)
    y = (X[:, 0] * X[:, 1] > 0).long()
    model = references.make_model(2, 16, 2)
    params = {
        "Wh": rng.normal(size=(2, 16)),
        "bh": np.zeros(16),
        "Wy": rng.normal(size=(16, 2)) / 4,
        "by": np.zeros(2),
    }
    references.copy_weights(params, model)
    ours = np.maximum(X.numpy() @ params["Wh"], 0) @ params["Wy"]
    np.testing.assert_allclose(model(X).detach().numpy(), ours, rtol=1e-4, atol=1e-5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    before = references.evaluate(model, X, y)
    losses = [references.torch_step(model, optimizer, X, y) for _ in range(100)]
    assert losses[0] == pytest.approx(
        np.log(np.exp(ours).sum(1)).mean() - ours[range(200), y].mean(), rel=1e-4
    )
    assert losses[-1] < 0.3 * losses[0]
    assert references.evaluate(model, X, y) > max(before, 0.9)
    assert model.training
