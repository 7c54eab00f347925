"""The exercise `make_model`: the network as an `nn.Module`."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, OTHER, example


def set_by_shape(model: nn.Module) -> None:
    """Give every parameter numbers that depend on its shape alone, so that a model of any style compares."""
    for parameter in model.parameters():
        parameter.copy_(numbers_of(tuple(parameter.shape)))


@cache
def numbers_of(shape: tuple[int, ...]) -> torch.Tensor:
    """Return fixed numbers, the same for a matrix and its transpose: layers keep their weights either way."""
    longer = [n for n in shape if n > 1]
    numbers = np.random.default_rng(sum(longer)).normal(size=sorted(longer))
    return torch.tensor(numbers if longer == sorted(longer) else numbers.T).reshape(shape)


def start_at_zero(layer: nn.Module) -> None:
    """Leave nothing to chance in a layer whose weights are not found later: memory may hold NaN."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def scores_of(f: Function, n_in: int, n_hidden: int, n_out: int) -> Iterator[dict[str, Any]]:
    """Return what there is to train, and what the model makes of some inputs once its weights are known."""
    with patch.object(nn.Linear, "reset_parameters", start_at_zero):  # the weights are set below
        model = f(n_in, n_hidden, n_out)
    if not isinstance(model, nn.Module):
        raise TypeError("the observation is about an nn.Module")
    parameters = list(model.parameters())
    X = numbers_of((5, n_in)).to(parameters[0].dtype if parameters else torch.float32)
    if any(map(is_lazy, parameters)):
        with torch.no_grad():
            model.eval()(X)  # lets them find their sizes
    n_trained = sum(parameter.numel() for parameter in parameters)
    yield {"how many numbers an optimizer would train": n_trained}
    scores: Any = None
    in_training: Any = None
    with torch.no_grad():
        try:
            set_by_shape(model.eval())
            scores = model(X)
            in_training = model.train()(X)
        except Exception as error:
            scores = f"{type(error).__name__}: {error}"
    yield {
        "scores, with weights that the checker sets": scores if n_trained else "not looked at",
        "same scores in training mode": bool(in_training is not None and torch.equal(in_training, scores)),
    }


def idle_parameters(seen: list) -> bool:
    """Whether the scores are right, but there is more to train than they need."""
    needed = [dict(ChainMap(*scores_of(make_model, s.n_x, s.n_h, s.n_y))) for s in (MAIN, OTHER)]
    key, count = "scores, with weights that the checker sets", "how many numbers an optimizer would train"
    return all(
        one[count] > right[count] and np.allclose(one[key], right[key], rtol=1e-4)
        for one, right in zip(seen, needed, strict=True)
    )


@exercise(
    notebook=6,
    order=1,
    returns="an nn.Module",
    words={
        "scores, with weights that the checker sets": "the scores of your model",
        "same scores in training mode": "In training mode the model should give the same scores.",
        "how many numbers an optimizer would train": "An optimizer should have {expected} numbers "
        "to train; yours has {got}.",
    },
    seconds=4,
    inputs=lambda rng, s: (s.n_x, s.n_h, s.n_y),
    observe=scores_of,
    probes=(example(2, 3, 4, label="2 inputs, 3 hidden units, 4 outputs", observe=scores_of),),
    hints=(
        "Three pieces in a row: a linear layer, an activation, a linear layer.",
        "`nn.Linear(n, k)` goes from n to k numbers; the hidden units are the output of the first one and "
        "the input of the second.",
        "Put an `nn.Linear`, an `nn.ReLU()` and another `nn.Linear` into `nn.Sequential`, in this order "
        "and with nothing after them.",
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
    alone=(
        "nn.ReLU() → nn.ELU()",
        "nn.ReLU() → nn.SiLU()",
        "nn.ReLU() → nn.Softmax(dim=1)",
    ),
    says="The activation is not ReLU. Such a network also learns, but it no longer computes the same as "
    "its NumPy twin, and weights trained for one do not fit the other.",
)
mistake(
    make_model,
    "softmax-before-cross-entropy",
    "ReLU(), output) → ReLU(), output, nn.Softmax(dim=1))",
    says="The model ends in a softmax. PyTorch's cross-entropy takes scores and applies softmax itself, so "
    "it would be applied twice: the loss cannot fall below log(1 + (C-1)/e), and the gradients shrink.",
)
mistake(
    make_model,
    "softmax-over-batch-axis",
    "ReLU(), output) → ReLU(), output, nn.Softmax(dim=0))",
    says="The model ends in a softmax over axis 0, the samples: a sample's numbers depend on the rest of "
    "the batch. The exercise asks for scores anyway, and the loss applies its own softmax.",
)
mistake(
    make_model,
    "log-softmax-on-output",
    "ReLU(), output) → ReLU(), output, nn.LogSoftmax(dim=1))",
    says="The model ends in a log-softmax. The loss would come out right even so, since a second "
    "log-softmax changes nothing, but these are no longer scores, and the work is done twice.",
)
mistake(
    make_model,
    "activation-on-output",
    "ReLU(), output) → ReLU(), output, nn.ReLU())",
    "ReLU(), output) → ReLU(), output, nn.Sigmoid())",
    "ReLU(), output) → ReLU(), output, nn.Tanh())",
    says="There is an activation after the last layer. It cuts off part of the range of the scores: after "
    "a ReLU they are never negative, and after sigmoid or tanh the softmax can never be confident.",
)
mistake(
    make_model,
    "activation-in-wrong-place",
    "(hidden, nn.ReLU(), → (nn.ReLU(), hidden,",
    says="The activation comes before the first layer. It cuts off all negative inputs, and what follows "
    "is two linear maps in a row, which are one.",
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
    says="The data do not fit into one of the layers: its two sizes are swapped. `nn.Linear` is told the "
    "number of inputs first and the number of outputs second; only the weight inside is stored the "
    "other way around.",
)
mistake(
    make_model,
    "layers-do-not-meet",
    "nn.Linear(n_hidden, n_out) → nn.Linear(n_in, n_out)",
    "nn.Linear(n_in, n_hidden) → nn.Linear(n_in, n_out)",
    says="The first layer's output and the second layer's input have different sizes. Follow the sizes "
    "through the network: what comes out of one layer goes into the next.",
)
mistake(
    make_model,
    "wrong-number-of-layers",
    "nn.ReLU(), output → nn.Linear(n_hidden, n_hidden), nn.ReLU(), output",
    "nn.ReLU(), output → nn.ReLU(), nn.Linear(n_hidden, n_hidden), output",
    "nn.ReLU(), output → nn.ReLU(), nn.Linear(n_hidden, n_hidden), nn.ReLU(), output",
    "nn.ReLU(), output → nn.ReLU(), nn.Linear(n_hidden, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_hidden), "
    "nn.ReLU(), output",
    "nn.ReLU(), output → *(part for _ in range(3) for part in (nn.ReLU(), nn.Linear(n_hidden, n_hidden))), "
    "nn.ReLU(), output",
    "hidden, nn.ReLU(), output → nn.Linear(n_in, n_out)",
    alone=(
        "nn.ReLU(), output → nn.ReLU(), output, nn.ReLU(), nn.Linear(n_out, n_out)",
        "nn.ReLU(), output → nn.ReLU(), output, nn.Linear(n_out, n_out)",
        "hidden, nn.ReLU(), output → nn.Linear(n_in, n_out), nn.ReLU()",
        "hidden, nn.ReLU(), output → hidden, nn.ReLU()",
    ),
    says="The network does not have the number of linear layers asked for: one hidden layer means two "
    "linear layers, one into the hidden units and one out of them.",
)
mistake(
    make_model,
    "dropout-or-normalization-added",
    "nn.ReLU(), → nn.ReLU(), nn.Dropout(0.5),",
    "nn.ReLU(), → nn.BatchNorm1d(n_hidden), nn.ReLU(),",
    "nn.ReLU(), → nn.ReLU(), nn.BatchNorm1d(n_hidden),",
    "nn.ReLU(), → nn.BatchNorm1d(n_hidden), nn.ReLU(), nn.Dropout(0.5),",
    alone=(
        "nn.ReLU(), → nn.ReLU(), nn.Dropout(0.2),",
        "nn.ReLU(), → nn.ReLU(), nn.LayerNorm(n_hidden),",
        "nn.ReLU(), → nn.LayerNorm(n_hidden), nn.ReLU(),",
        "nn.ReLU(), → nn.ReLU(), nn.BatchNorm1d(n_hidden), nn.Dropout(0.5),",
        "hidden, nn.ReLU(), → nn.BatchNorm1d(n_in), hidden, nn.ReLU(),",
        "hidden, nn.ReLU(), → nn.BatchNorm1d(n_in), hidden, nn.ReLU(), nn.Dropout(0.5),",
        "output) → output, nn.BatchNorm1d(n_out))",
    ),
    says="There is a layer that the exercise does not ask for, such as dropout or normalization. It may "
    "help elsewhere, but here two networks are compared, so both must compute the same.",
)
mistake(
    make_model,
    "hard-coded-size",
    "n_hidden → 64",
    "n_hidden → 128",
    "n_hidden, n_out → n_hidden, 10",
    "nn.Linear(n_in, → nn.Linear(784,",
    alone=(
        "n_hidden → 100",
        "n_hidden → 32",
        "n_hidden → 16",
        "n_hidden → 10",
        "n_hidden, n_out → n_hidden, 2",
    ),
    says="A size is hard-coded, so the model fits one data set only. All three sizes are arguments.",
)


@mistake(
    make_model,
    "layers-not-registered",
    says="The model has no parameters: its layers are kept in a plain list, a tuple or a dict, where "
    "`nn.Module` does not see them. An optimizer would have nothing to train, and `state_dict` would "
    "be empty.",
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


unused = mistake(
    make_model,
    "layer-not-used",
    says="The model owns a layer that its scores do not pass through. Its weights are saved, counted and "
    "handed to the optimizer, but never get a gradient. Look at what `forward` leaves out.",
    symptom=idle_parameters,
)


@unused
def with_an_idle_layer(n_in, n_hidden, n_out):
    """Make three layers and use two."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(n_in, n_hidden)
            self.second = nn.Linear(n_hidden, n_hidden)
            self.third = nn.Linear(n_hidden, n_out)

        def forward(self, X):
            return self.third(torch.relu(self.first(X)))

    return Model()


@mistake(
    make_model,
    "layer-shared",
    says="One layer is used in two places, or its result is used twice: the hidden activations are computed "
    "and then passed through again. Each layer of this network is used once.",
)
def used_twice(n_in, n_hidden, n_out):
    """Pass the hidden layer's result through the activation's own layer again."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(n_in, n_hidden)
            self.second = nn.Linear(n_hidden, n_hidden)
            self.third = nn.Linear(n_hidden, n_out)

        def forward(self, X):
            H = torch.relu(self.first(X))
            return self.third(torch.relu(self.second(torch.relu(self.second(H)))))

    return Model()


@mistake(
    make_model,
    "arguments-swapped",
    says="The numbers of hidden units and of outputs are swapped: the hidden layer is as wide as the "
    "output should be, and the number of scores is wrong.",
)
def hidden_for_output(n_in, n_hidden, n_out):
    """Mix the last two arguments up."""
    return nn.Sequential(nn.Linear(n_in, n_out), nn.ReLU(), nn.Linear(n_out, n_hidden))
