"""The exercises of notebook 06: the same network in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nnlab.exercises._probes import (
    MAIN,
    OTHER,
    TINY,
    Probe,
    Sizes,
    example,
    extreme,
    network,
)
from nnlab.exercises._registry import Function, exercise, mistake

# make_model


def set_by_shape(model: nn.Module) -> None:
    """Give every parameter numbers that depend on its shape alone, so that a model of any style compares.

    A matrix and its transpose get the same numbers: a layer may keep its weights as (in, out) or (out, in).
    """
    for parameter in model.parameters():
        shape = [n for n in parameter.shape if n > 1]
        numbers = np.random.default_rng(sum(shape)).normal(size=sorted(shape))
        if shape != sorted(shape):
            numbers = numbers.T
        parameter.copy_(torch.tensor(numbers).reshape(parameter.shape))


def scores_of(f: Function, n_in: int, n_hidden: int, n_out: int) -> dict[str, Any]:
    """Return what the model makes of some inputs once its weights are known."""
    model = f(n_in, n_hidden, n_out)
    if not isinstance(model, nn.Module):
        raise TypeError("the observation is about an nn.Module")
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float32)
    X = torch.tensor(np.random.default_rng(n_in).normal(size=(5, n_in)), dtype=dtype)
    in_training: Any = None
    with torch.no_grad():
        try:
            model(X)  # lets lazy layers find their sizes
            set_by_shape(model)
            in_training = model.train()(X)
            scores = model.eval()(X)
        except Exception as error:
            scores = f"{type(error).__name__}: {error}"
    n_trained = sum(parameter.numel() for parameter in model.parameters())
    return {
        "scores, with weights that the checker sets": scores if n_trained else "not looked at",
        "same scores in training mode": bool(in_training is not None and torch.equal(in_training, scores)),
        "how many numbers an optimizer would train": n_trained,
    }


@exercise(
    notebook=6,
    returns="an nn.Module",
    seconds=4,
    inputs=lambda rng, s: (s.n_x, s.n_h, s.n_y),
    observe=scores_of,
    probes=(example(2, 3, 4, label="2 inputs, 3 hidden units, 4 outputs", observe=scores_of),),
    hints=(
        "Three pieces in a row: a linear layer, an activation, a linear layer.",
        "`nn.Linear(n, k)` goes from n to k numbers; the hidden units are the output of the first one and "
        "the input of the second.",
        "Put an `nn.Linear`, an `nn.ReLU()` and another `nn.Linear` into `nn.Sequential`, in this order and "
        "with nothing behind.",
    ),
    why="`nn.Sequential` calls its parts one after another, and shows their parameters to the optimizer.",
)
def make_model(n_in, n_hidden, n_out):
    """Return a network with one hidden ReLU layer, giving scores (no softmax).

    X: (m, n_in) -> scores: (m, n_out).
    """
    hidden = nn.Linear(n_in, n_hidden)
    output = nn.Linear(n_hidden, n_out)
    return nn.Sequential(hidden, nn.ReLU(), output)


mistake(
    make_model,
    "activation-missing",
    "nn.ReLU(), → ",
    says="There is no activation between the two linear layers. Two linear maps in a row are one linear "
    "map, so all boundaries stay straight, however many hidden units there are.",
)
mistake(
    make_model,
    "wrong-activation",
    "nn.ReLU() → nn.Tanh()",
    "nn.ReLU() → nn.Sigmoid()",
    "nn.ReLU() → nn.LeakyReLU()",
    "nn.ReLU() → nn.GELU()",
    "nn.ReLU() → nn.ELU()",
    "nn.ReLU() → nn.SiLU()",
    "nn.ReLU() → nn.Softmax(dim=1)",
    says="The activation is another one than ReLU. Such a network learns as well, but it is not the twin of "
    "the one it is compared with, and the weights of one do not fit the other.",
)
mistake(
    make_model,
    "softmax-before-cross-entropy",
    "ReLU(), output) → ReLU(), output, nn.Softmax(dim=1))",
    says="The model ends in a softmax. PyTorch's cross-entropy takes scores and applies softmax by itself, "
    "so it would be applied twice: the loss cannot fall below log(1 + (C-1)/e), and the gradients shrink.",
)
mistake(
    make_model,
    "softmax-over-batch-axis",
    "ReLU(), output) → ReLU(), output, nn.Softmax(dim=0))",
    says="The model ends in a softmax over axis 0, the samples: a sample's numbers depend on the rest of "
    "the batch. Besides, the exercise asks for scores, and the loss does its own softmax.",
)
mistake(
    make_model,
    "log-softmax-on-output",
    "ReLU(), output) → ReLU(), output, nn.LogSoftmax(dim=1))",
    says="The model ends in a log-softmax. The loss would come out right even so, since a second "
    "log-softmax changes nothing, but these are not scores any more, and the work is done twice.",
)
mistake(
    make_model,
    "activation-on-output",
    "ReLU(), output) → ReLU(), output, nn.ReLU())",
    "ReLU(), output) → ReLU(), output, nn.Sigmoid())",
    "ReLU(), output) → ReLU(), output, nn.Tanh())",
    says="There is an activation behind the last layer. It takes away part of the range of the scores: ReLU "
    "cannot say no, and sigmoid and tanh can never be sure.",
)
mistake(
    make_model,
    "activation-in-wrong-place",
    "(hidden, nn.ReLU(), → (nn.ReLU(), hidden,",
    says="The activation stands in front of the first layer. It cuts off all negative inputs, and what "
    "follows is two linear maps in a row, which are one.",
)
mistake(
    make_model,
    "bias-omitted",
    ("n_in, n_hidden) → n_in, n_hidden, bias=False)", "n_hidden, n_out) → n_hidden, n_out, bias=False)"),
    "n_in, n_hidden) → n_in, n_hidden, bias=False)",
    "n_hidden, n_out) → n_hidden, n_out, bias=False)",
    says="A layer has no bias. Its units can only divide the space through the origin, wherever the data "
    "lie.",
)
mistake(
    make_model,
    "sizes-swapped",
    ("nn.Linear(n_in, n_hidden) → nn.Linear(n_hidden, n_in)", "(n_hidden, n_out) → (n_out, n_hidden)"),
    "nn.Linear(n_in, n_hidden) → nn.Linear(n_hidden, n_in)",
    "nn.Linear(n_hidden, n_out) → nn.Linear(n_out, n_hidden)",
    says="A layer is built, but the data do not fit into it: its two sizes are exchanged. `nn.Linear` is "
    "told the number of inputs first and the number of outputs second; only the weight inside is stored the "
    "other way round.",
)
mistake(
    make_model,
    "layers-do-not-meet",
    "nn.Linear(n_hidden, n_out) → nn.Linear(n_in, n_out)",
    "nn.Linear(n_in, n_hidden) → nn.Linear(n_in, n_out)",
    says="The first layer gives another number of values than the second one takes. Follow the sizes "
    "through the network: what comes out of one layer goes into the next.",
)
mistake(
    make_model,
    "wrong-number-of-layers",
    "nn.ReLU(), output → nn.Linear(n_hidden, n_hidden), nn.ReLU(), output",
    "nn.ReLU(), output → nn.ReLU(), nn.Linear(n_hidden, n_hidden), output",
    "nn.ReLU(), output → nn.ReLU(), nn.Linear(n_hidden, n_hidden), nn.ReLU(), output",
    "hidden, nn.ReLU(), output → nn.Linear(n_in, n_out)",
    "hidden, nn.ReLU(), output → hidden, nn.ReLU()",
    says="The network has another number of linear layers than asked for: one hidden layer means two linear "
    "layers, one into the hidden units and one out of them.",
)
mistake(
    make_model,
    "dropout-or-normalization-added",
    "nn.ReLU(), → nn.ReLU(), nn.Dropout(0.5),",
    "nn.ReLU(), → nn.ReLU(), nn.Dropout(0.2),",
    "nn.ReLU(), → nn.BatchNorm1d(n_hidden), nn.ReLU(),",
    "nn.ReLU(), → nn.ReLU(), nn.BatchNorm1d(n_hidden),",
    "nn.ReLU(), → nn.LayerNorm(n_hidden), nn.ReLU(),",
    says="There is a layer that the exercise does not ask for, such as dropout or normalization. It may "
    "help elsewhere, but here two networks are compared, and they must compute the same.",
)
mistake(
    make_model,
    "hard-coded-size",
    "n_hidden → 64",
    "n_hidden → 128",
    "n_hidden → 100",
    "n_hidden → 32",
    "n_hidden → 16",
    "n_hidden → 10",
    "n_hidden, n_out → n_hidden, 10",
    "n_hidden, n_out → n_hidden, 2",
    "nn.Linear(n_in, → nn.Linear(784,",
    says="A size is typed in as a number, so the model fits one data set only. All three sizes are "
    "arguments.",
)


@mistake(
    make_model,
    "layers-not-registered",
    says="The model has no parameters: its layers are kept in a plain list, a tuple or a dict, where "
    "`nn.Module` does not see them. An optimizer would get nothing to train, and `state_dict` would be "
    "empty.",
)
def in_a_plain_list(n_in, n_hidden, n_out):
    """Hide the layers from nn.Module."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)]

        def forward(self, X):
            return self.layers[1](torch.relu(self.layers[0](X)))

    return Model()


# copy_weights


def mlp(s: Sizes, dtype: torch.dtype = torch.float32, seed: int = 0) -> nn.Sequential:
    """Return a Linear-ReLU-Linear network with fixed random weights, whatever the global generator holds."""
    model = nn.Sequential(nn.Linear(s.n_x, s.n_h), nn.ReLU(), nn.Linear(s.n_h, s.n_y)).to(dtype)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))
    return model


def copied(f: Function, params: dict[str, np.ndarray], model: nn.Sequential) -> dict[str, Any]:
    """Return the model's weights after the call, and whether they still hang on the arrays."""
    f(params, model)
    found: dict[str, Any] = {
        "hidden layer's weight": model[0].weight,
        "hidden layer's bias": model[0].bias,
        "output layer's weight": model[2].weight,
        "output layer's bias": model[2].bias,
    }
    seen: dict[str, Any] = {name: tensor.detach().clone() for name, tensor in found.items()}
    for array in params.values():
        array += 100.0
    return {
        **seen,
        "dtypes": ", ".join(sorted({str(tensor.dtype) for tensor in found.values()})),
        "later changes to params reach the model": any(
            not torch.equal(tensor, seen[name]) for name, tensor in found.items()
        ),
        "still to be trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


@exercise(
    notebook=6,
    returns="",
    seconds=4,
    inputs=lambda rng, s: (network(rng, s), mlp(s, torch.float32 if s is MAIN else torch.float64)),
    observe=copied,
    probes=(
        example(
            {
                "Wh": np.array([[1.0, 2.0], [3.0, 4.0]]),
                "bh": np.array([0.5, -0.5]),
                "Wy": np.array([[5.0, 6.0], [7.0, 8.0]]),
                "by": np.array([0.25, 0.75]),
            },
            mlp(TINY),
            observe=copied,
        ),
        extreme(
            "as many hidden units as inputs",
            network(np.random.default_rng(3), Sizes(m=1, n_x=3, n_h=3, n_y=2)),
            mlp(Sizes(m=1, n_x=3, n_h=3, n_y=2), torch.float64),
            observe=copied,
        ),
    ),
    hints=(
        "`nn.Linear` has a `.weight` and a `.bias`; print the shapes of both, and of your arrays.",
        "PyTorch keeps the weight as (n_out, n_in), the transpose of ours. A parameter may be changed in "
        "place only while no gradients are recorded.",
        "Under `torch.no_grad()`, call `.copy_(torch.tensor(...))` on each of the four parameters; it keeps "
        "the model's dtype and takes the numbers, not the memory.",
    ),
    why="`copy_` writes into the parameter that the optimizer already knows, converts to its dtype, and "
    "leaves no tie to the NumPy arrays.",
)
def copy_weights(params, model):
    """Copy NumPy parameters into nn.Sequential(Linear, ReLU, Linear), keeping the model's dtype.

    params: Wh (n_x, n_h), bh (n_h,), Wy (n_h, n_y), by (n_y,) -> None.
    """
    hidden, _, output = model
    pairs = [
        (hidden.weight, params["Wh"].T),
        (hidden.bias, params["bh"]),
        (output.weight, params["Wy"].T),
        (output.bias, params["by"]),
    ]
    with torch.no_grad():
        for parameter, array in pairs:
            numbers = torch.tensor(array, dtype=parameter.dtype)
            parameter.copy_(numbers)


REPLACED = "parameter.copy_(numbers) → parameter.data = numbers"

mistake(
    copy_weights,
    "weights-not-transposed",
    ('params["Wh"].T → params["Wh"]', 'params["Wy"].T → params["Wy"]'),
    'params["Wh"].T → params["Wh"]',
    'params["Wy"].T → params["Wy"]',
    ('params["Wh"].T → params["Wh"]', 'params["Wy"].T → params["Wy"]', REPLACED),
    ('params["Wh"].T → params["Wh"]', REPLACED),
    ('params["Wy"].T → params["Wy"]', REPLACED),
    says="A weight matrix is not transposed. `nn.Linear` computes `X @ weight.T + bias` and keeps its "
    "weight as (n_out, n_in), ours is (n_in, n_out). Where both sizes are equal nothing complains, and the "
    "model computes something else.",
)
mistake(
    copy_weights,
    "reshaped-instead-of-transposed",
    (
        'params["Wh"].T → params["Wh"].reshape(tuple(hidden.weight.shape))',
        'params["Wy"].T → params["Wy"].reshape(tuple(output.weight.shape))',
    ),
    'params["Wh"].T → params["Wh"].reshape(tuple(hidden.weight.shape))',
    'params["Wy"].T → params["Wy"].reshape(tuple(output.weight.shape))',
    says="The matrix was brought into shape by `reshape` or `view`, which keeps the numbers in their order "
    "and only breaks the lines elsewhere. The shapes fit, and the weights connect the wrong units.",
)
mistake(
    copy_weights,
    "bias-not-copied",
    ('(hidden.bias, params["bh"]), → ', '(output.bias, params["by"]), → '),
    '(hidden.bias, params["bh"]), → ',
    '(output.bias, params["by"]), → ',
    says="A bias keeps its old, random values. The two networks then start from different places, and their "
    "losses differ from the first step on.",
)
mistake(
    copy_weights,
    "layer-not-copied",
    ('(output.weight, params["Wy"].T), → ', '(output.bias, params["by"]), → '),
    ('(hidden.weight, params["Wh"].T), → ', '(hidden.bias, params["bh"]), → '),
    '(output.weight, params["Wy"].T), → ',
    '(hidden.weight, params["Wh"].T), → ',
    says="One layer keeps its old, random weights. The network has two linear layers, the first and the "
    "third entry of the `nn.Sequential`; the second is the activation.",
)
mistake(
    copy_weights,
    "layers-swapped",
    "hidden, _, output = model → output, _, hidden = model",
    says="The weights of the two layers have changed places. Wh and bh belong to the first layer, Wy and by "
    "to the last. Where the sizes are equal nothing complains.",
)
mistake(
    copy_weights,
    "update-not-in-place",
    "parameter.copy_(numbers) → parameter = numbers",
    says="The model is as it was before. A new tensor was made, and a local name (or an entry of the dict "
    "that `state_dict()` returned) points to it now, but the layer still holds its old parameter.",
)
mistake(
    copy_weights,
    "memory-shared-with-params",
    ("torch.tensor( → torch.as_tensor(", REPLACED),
    says="The weights are right, but they are still the memory of the NumPy arrays: `torch.from_numpy` and "
    "`torch.as_tensor` do not copy where the dtype is the same already. Every later step of the NumPy "
    "network then moves the PyTorch network as well, and the comparison is worth nothing.",
)
mistake(
    copy_weights,
    "dtype-not-kept",
    (", dtype=parameter.dtype → ", REPLACED),
    ("dtype=parameter.dtype → dtype=torch.float32", REPLACED),
    "dtype=parameter.dtype → dtype=torch.float32",
    says="The numbers do not have the model's dtype. A float32 model that gets float64 weights refuses its "
    "inputs; a float64 model whose weights were rounded to float32 on the way agrees with its twin to seven "
    "digits only. The exercise asks for the dtype that the model has.",
)
mistake(
    copy_weights,
    "no-grad-missing",
    "with torch.no_grad(): → if True:",
    says="PyTorch refuses to change a parameter in place while it records gradients, since it could not "
    "differentiate through that. Setting weights is no part of the computation: tell it to record nothing "
    "meanwhile.",
)
mistake(
    copy_weights,
    "weights-frozen",
    "parameter.copy_(numbers) → parameter.copy_(numbers).requires_grad_(False)",
    says="The weights are right, but they are not trainable any more (`requires_grad` is False), so "
    "`backward` gives them no gradient and they would stay as they are for ever.",
)
mistake(
    copy_weights,
    "added-instead-of-copied",
    "parameter.copy_ → parameter.add_",
    says="The numbers were added to the random weights that the model came with, instead of replacing them.",
)


# torch_step


def two_calls(
    f: Function,
    model: nn.Module,
    make_optimizer: Callable[..., torch.optim.Optimizer],
    X: torch.Tensor,
    y: torch.Tensor,
) -> dict[str, Any]:
    """Take two steps, the first with gradients left over from something before, and look after each."""
    optimizer = make_optimizer(model.parameters())  # only now, since torch's first one loads for a second
    happened: list[str] = []
    first = next(model.parameters())
    first.register_hook(lambda gradient: happened.append("gradients"))
    optimizer.register_step_post_hook(lambda *ignored: happened.append("optimizer's step"))
    for number, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, 0.3 - 0.2 * number)
    seen: dict[str, Any] = {}
    with torch.enable_grad():
        for nth, m in (("first", len(y)), ("second", len(y) // 2)):
            before = first.detach().clone()
            happened.clear()
            loss = f(model, optimizer, X[:m], y[:m])
            float(loss)  # what is no number is reported as such
            seen |= {
                f"loss of the {nth} step": loss,
                f"what happened in the {nth} step": ", ".join(happened) or "nothing",
                f"weights changed in the {nth} step": not torch.equal(first, before),
                f"weights after the {nth} step": {
                    name: parameter.detach().clone() for name, parameter in model.named_parameters()
                },
            }
    return {**seen, "loss is a Python float": isinstance(loss, float)}


def batch(rng: np.random.Generator, s: Sizes) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a float tensor and integer labels."""
    X = torch.tensor(rng.normal(size=(s.m, s.n_x)), dtype=torch.float32)
    return X, torch.tensor(rng.integers(0, s.n_y, size=s.m))


def training(rng: np.random.Generator, s: Sizes, kind: str = "SGD", **settings: float) -> tuple:
    """Return a model, what makes its optimizer, and a batch."""
    return mlp(s, seed=s.m), partial(getattr(torch.optim, kind), **settings), *batch(rng, s)


def without_the_optimizer(seen: list) -> bool:
    """Whether weights move though the optimizer makes no step."""
    return all(
        one["weights changed in the second step"]
        and "optimizer's step" not in one["what happened in the second step"]
        for one in seen
    )


def never_a_float(seen: list) -> bool:
    """Whether what comes back is a number, but no float."""
    return not any(one["loss is a Python float"] for one in seen)


@exercise(
    notebook=6,
    returns="a float",
    rtol=1e-4,  # computed in float32, though it comes as a Python float
    seconds=4,
    observe=two_calls,
    inputs=lambda rng, s: (
        training(rng, s, lr=0.2) if s is MAIN else training(rng, s, lr=0.1, momentum=0.9, weight_decay=0.1)
    ),
    probes=(
        example(
            *training(np.random.default_rng(1), TINY, lr=0.5),
            label="two samples, plain SGD",
            observe=two_calls,
        ),
        Probe("Adam", training(np.random.default_rng(0), OTHER, "Adam", lr=0.05), "main", two_calls),
    ),
    hints=(
        "Five things: scores, loss, gradients cleared, gradients computed, parameters moved.",
        "PyTorch *adds* to the gradients that are there, so they must be cleared before each backward pass. "
        "Its cross-entropy takes scores and integer labels.",
        "loss = F.cross_entropy(model(X), y); then `zero_grad`, `backward` and `step`, in this order; "
        "`loss.item()` is the Python float.",
    ),
    why="Scores and loss are computed before the update, gradients are cleared just before they are computed "
    "anew, and `item` takes the number out of the graph.",
)
def torch_step(model, optimizer, X, y):
    """Take one training step on a batch and return the loss before it, as a Python float.

    X: (m, n_in) float tensor, y: (m,) integer labels -> mean cross-entropy of the batch.
    """
    scores = model(X)
    loss = F.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


mistake(
    torch_step,
    "zero-grad-missing",
    "optimizer.zero_grad() → pass",
    says="The gradients are never cleared. PyTorch adds each new gradient to what is there, so every step "
    "goes along the sum of all gradients so far: the steps grow, the direction is stale, and the loss soon "
    "jumps about or explodes.",
)
mistake(
    torch_step,
    "zero-grad-after-step",
    ("optimizer.zero_grad() → pass", "optimizer.step() → optimizer.step(); optimizer.zero_grad()"),
    says="The gradients are cleared at the end, after the step. From the second call on that does, but "
    "whatever was left in the model before the first one (from a trial run, or another loss) is mixed into "
    "its gradient. Clear them before they are computed.",
)
mistake(
    torch_step,
    "zero-grad-after-backward",
    ("optimizer.zero_grad() → pass", "loss.backward() → loss.backward(); optimizer.zero_grad()"),
    (
        "optimizer.zero_grad() → pass",
        "loss.backward() → loss.backward(); optimizer.zero_grad(set_to_none=False)",
    ),
    says="The gradients are cleared after they were computed and before they are used. The optimizer then "
    "finds none, and the weights stay where they are.",
)
mistake(
    torch_step,
    "backward-missing",
    "loss.backward() → pass",
    ("loss.backward() → pass", "optimizer.zero_grad() → pass"),
    says="No gradient of this loss reaches the parameters: `backward` is not called, or it is called on a "
    "number that was cut off from the model. The optimizer has nothing to go by (or goes by old gradients), "
    "and the loss does not fall.",
)
mistake(
    torch_step,
    "step-missing",
    "optimizer.step() → pass",
    says="The gradients are computed but never used: the weights stay where they are, and the loss is the "
    "same in every epoch.",
)
mistake(
    torch_step,
    "updated-before-backward",
    ("loss.backward() → rest", "optimizer.step() → loss.backward()", "rest → optimizer.step()"),
    says="The optimizer makes its step before the gradients are computed, so it goes by none, or by those "
    "of the batch before.",
)
mistake(
    torch_step,
    "step-made-twice",
    "optimizer.step() → optimizer.step(); optimizer.step()",
    says="The optimizer makes more than one step with the same gradient. That doubles the learning rate "
    "unseen, and with momentum or Adam the averages count the batch twice.",
)
mistake(
    torch_step,
    "optimizer-not-used",
    "optimizer.step() → torch.optim.SGD(model.parameters(), lr=0.1).step()",
    "optimizer.step() → torch.optim.SGD(model.parameters(), lr=0.01).step()",
    "optimizer.step() → torch.optim.Adam(model.parameters()).step()",
    says="The weights move, but not by the optimizer that was passed in: its learning rate has no effect, "
    "and a new optimizer in each step forgets the averages that momentum and Adam live on.",
    symptom=without_the_optimizer,
)
mistake(
    torch_step,
    "loss-not-a-float",
    "loss.item() → loss",
    "loss.item() → loss.detach()",
    says="The number is right, but it is no Python float. A tensor that still belongs to the graph keeps "
    "all activations of its batch in memory; a list of a thousand such losses keeps a thousand graphs.",
    symptom=never_a_float,
)
mistake(
    torch_step,
    "softmax-before-cross-entropy",
    "scores = model(X) → scores = model(X).softmax(dim=1)",
    "scores = model(X) → scores = model(X).softmax(dim=0)",
    says="The scores go through a softmax before the cross-entropy, which applies softmax by itself. The "
    "loss then cannot fall below log(1 + (C-1)/e), and the gradients are small even where the network is "
    "wrong.",
)
mistake(
    torch_step,
    "sigmoid-before-cross-entropy",
    "scores = model(X) → scores = model(X).sigmoid()",
    says="The scores go through a sigmoid before the cross-entropy. That holds them between 0 and 1, so "
    "that the softmax inside the loss can never be sure of anything.",
)
mistake(
    torch_step,
    "log-softmax-missing",
    "F.cross_entropy(scores, y) → F.nll_loss(scores, y)",
    "F.cross_entropy(scores, y) → F.nll_loss(scores.softmax(dim=1), y)",
    "F.cross_entropy(scores, y) → 1 + F.nll_loss(scores.softmax(dim=1), y)",
    says="`nll_loss` expects logarithms of probabilities and only picks one for each sample. Given scores "
    "or probabilities, it is no cross-entropy: it turns negative, and it falls without end or hardly at "
    "all.",
)
mistake(
    torch_step,
    "wrong-loss",
    "F.cross_entropy(scores, y) → F.mse_loss(scores, F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) → F.mse_loss(scores.softmax(1), F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) "
    "→ F.binary_cross_entropy_with_logits(scores, F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) → F.multi_margin_loss(scores, y)",
    "F.cross_entropy(scores, y) → F.cross_entropy(scores, y, label_smoothing=0.1)",
    says="The loss is another one than the cross-entropy of the exercise. The network learns something, but "
    "its losses cannot be compared with those of its NumPy twin.",
)
mistake(
    torch_step,
    "loss-summed",
    "F.cross_entropy(scores, y) → F.cross_entropy(scores, y, reduction='sum')",
    says="The loss is summed over the batch, not averaged. Its gradient grows with the batch, so a learning "
    "rate that suits 10 samples blows up with 1000.",
)
mistake(
    torch_step,
    "loss-after-update",
    "return loss.item() → return F.cross_entropy(model(X), y).item()",
    says="The loss comes from a second pass through the model, after the step. That costs half as much time "
    "again, and the number flatters the network: it has just been fitted to this very batch.",
)
mistake(
    torch_step,
    "ascent-instead-of-descent",
    "loss.backward() → (-loss).backward()",
    says="The gradient points the other way: the step climbs the loss. Look for a minus sign between the "
    "loss and `backward`.",
)
mistake(
    torch_step,
    "forward-without-gradients",
    "scores = model(X) → scores = model(X).detach()",
    says="The scores carry no record of how they came about (they were computed under `no_grad`, or "
    "detached), so there is nothing for `backward` to go back along.",
)


# evaluate


class Witness(nn.BatchNorm1d):
    """Batch normalization that notes in which state it was called; one record for all copies."""

    notes: ClassVar[list[tuple[bool, bool]]] = []  # in training mode, gradients recorded

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Normalize as ever."""
        Y = super().forward(X)
        Witness.notes.append((self.training, Y.requires_grad))
        return Y


def watched_model(s: Sizes, *, train: bool = True, dropout: float = 0.0) -> nn.Sequential:
    """Return a network that gives other scores in training mode, and notes how it is called."""
    plain = mlp(s, seed=s.m)
    norm = Witness(s.n_h)
    with torch.no_grad():
        norm.running_mean += torch.linspace(-1.5, 1.5, s.n_h)  # type: ignore[operator]
        norm.running_var *= torch.linspace(0.2, 3.0, s.n_h)  # type: ignore[operator]
    model = nn.Sequential(plain[0], norm, plain[1], nn.Dropout(dropout), plain[2])
    return model.train(train)


def evaluated(f: Function, model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> dict[str, Any]:
    """Return the accuracy and the state in which it was computed."""
    Witness.notes.clear()
    mode = model.training
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        accuracy = f(model, X, y)
    float(accuracy)  # what is no number is reported as such
    return {
        "accuracy": accuracy,
        "accuracy is a float": isinstance(accuracy, (float, np.floating)),
        "computed in eval mode": not any(training for training, _ in Witness.notes),
        "gradients recorded": any(recorded for _, recorded in Witness.notes),
        "training mode as it was before": model.training == mode,
    }


def questions(rng: np.random.Generator, s: Sizes, **settings: Any) -> tuple:
    """Return a model and samples with labels, about half of which it gets right; the first one stands out."""
    model = watched_model(s, **settings)
    X, y = batch(rng, s)
    X[0] *= 5
    with torch.no_grad():
        y[::2] = model.eval()(X).argmax(dim=1)[::2]
    return model.train(settings.get("train", True)), X, y


def with_a_frozen_layer(rng: np.random.Generator, s: Sizes) -> tuple:
    """Return a model in training mode whose normalization is in eval mode, and samples."""
    model, X, y = questions(rng, s)
    model[1].eval()
    return model, X, y


def pick(key: str, value: bool) -> Any:
    """Return the symptom that a figure has this value on some probe."""
    return lambda seen: any(one[key] is value for one in seen)


MANY = Sizes(m=23, n_x=3, n_h=5, n_y=4)
SOME = Sizes(m=16, n_x=4, n_h=6, n_y=3)


@exercise(
    notebook=6,
    returns="a float",
    rtol=1e-4,  # computed in float32, though it comes as a Python float
    seconds=4,
    sizes=(MANY, SOME),
    inputs=lambda rng, s: questions(rng, s, train=s is MANY),
    observe=evaluated,
    probes=(
        example(
            *questions(np.random.default_rng(2), Sizes(m=4, n_x=2, n_h=2, n_y=2)),
            label="four samples of two classes",
            observe=evaluated,
        ),
        extreme(
            "a model with dropout", *questions(np.random.default_rng(3), MANY, dropout=0.5), observe=evaluated
        ),
        extreme(
            "a model with a frozen layer",
            *with_a_frozen_layer(np.random.default_rng(4), SOME),
            observe=evaluated,
        ),
    ),
    hints=(
        "Accuracy is the share of samples whose largest score is at the right class. The rest is about the "
        "state in which the model computes.",
        "`model.eval()` switches dropout and batch normalization to their use after training, "
        "`torch.no_grad()` saves the record for `backward`; `model.training` says what to go back to.",
        "Note `model.training`; switch to eval; under `no_grad` take `model(X).argmax(dim=1)`; switch back "
        "with `model.train(noted)`; return the mean of the comparison as a number, by `.item()`.",
    ),
    why="Whoever asks for a figure in the midst of training gets the model back as it was, and no graph is "
    "built that nobody will go back along.",
)
def evaluate(model, X, y):
    """Return the fraction of samples that the model classifies rightly.

    In eval mode and without recording gradients; the model's training mode is as it was afterwards.
    X: (m, n_in) float tensor, y: (m,) integer labels -> float in [0, 1].
    """
    was_training = model.training
    model.eval()
    with torch.no_grad():
        scores = model(X)
    model.train(was_training)
    hits = scores.argmax(dim=1) == y
    return hits.float().mean().item()


mistake(
    evaluate,
    "eval-mode-missing",
    "model.eval() → pass",
    "model.eval() → model.train()",
    says="The accuracy is computed in training mode. Dropout then still silences units by chance, and batch "
    "normalization uses the figures of this very batch (and even learns from it), so the result depends on "
    "luck and on which samples stand together.",
    symptom=pick("computed in eval mode", False),
)
mistake(
    evaluate,
    "training-mode-not-restored",
    "model.train(was_training) → pass",
    "model.train(was_training) → model.train()",
    says="The model does not come back in the mode it was in. If it stays in eval mode, the rest of the "
    "training runs without dropout, and batch normalization stops learning, and nothing says so; if it is "
    "always put into training mode, a finished model starts to change again.",
    symptom=pick("training mode as it was before", False),
)
mistake(
    evaluate,
    "gradients-recorded",
    "with torch.no_grad(): → if True:",
    says="Gradients are recorded along the way, though nobody will go back along them. On a whole "
    "validation set that keeps every activation in memory, and takes time.",
    symptom=pick("gradients recorded", True),
)
mistake(
    evaluate,
    "accuracy-not-a-float",
    ".mean().item() → .mean()",
    says="The number is right, but it comes back as a tensor. Lists of tensors plot and print badly, and a "
    "comparison with another figure gives a tensor again; the exercise asks for a Python float.",
    symptom=pick("accuracy is a float", False),
)
mistake(
    evaluate,
    "percent-instead-of-fraction",
    "return hits.float().mean() → return 100 * hits.float().mean()",
    ("return hits.float().mean() → return 100 * hits.float().mean()", ".item() → .item() * 1"),
    says="This is a percentage; the exercise asks for a fraction between 0 and 1.",
)
mistake(
    evaluate,
    "count-instead-of-fraction",
    "hits.float().mean() → hits.float().sum()",
    says="This is the number of hits; divide by the number of samples to get the fraction.",
)
mistake(
    evaluate,
    "error-rate-instead-of-accuracy",
    "== y → != y",
    says="This is the fraction of wrong answers; accuracy is the fraction of right ones.",
)
mistake(
    evaluate,
    "labels-broadcast",
    "argmax(dim=1) → argmax(dim=1, keepdim=True)",
    "== y → == y[:, None]",
    says="One side of the comparison has shape (m,), the other (m, 1): both are stretched to (m, m), and "
    "every sample is compared with every other. Nothing complains, and the figure is about chance level.",
)
mistake(
    evaluate,
    "argmax-over-batch-axis",
    "argmax(dim=1) → argmax(dim=0)",
    says="`argmax` runs over axis 0, the samples. The class of each sample is the position of the largest "
    "entry in its row.",
)
mistake(
    evaluate,
    "argmax-over-whole-array",
    "argmax(dim=1) → argmax()",
    says="`argmax` without an axis takes the whole table for one long list and gives a single position. The "
    "class of each sample is the position of the largest entry in its row.",
)
mistake(
    evaluate,
    "score-instead-of-class",
    "scores.argmax(dim=1) → scores.max(dim=1).values",
    "scores.argmax(dim=1) → scores.max(dim=1).values.round()",
    "scores.argmax(dim=1) → scores.max(dim=1).values.int()",
    says="The largest score itself is compared with the label, and hardly ever equals it. What counts is at "
    "which class the largest score stands.",
)
mistake(
    evaluate,
    "loss-instead-of-accuracy",
    "return hits.float().mean().item() → return F.cross_entropy(scores, y).item()",
    says="This is the cross-entropy, the loss. Accuracy counts the samples whose largest score is at the "
    "right class.",
)
