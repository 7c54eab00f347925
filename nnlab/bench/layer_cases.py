"""The cases of the other layers: training steps of convolutional networks, and passes through one layer.

nnlab stands beside its PyTorch twin, `to_torch(layer)`. scikit-learn has no such layers, and a floor is
kept for fully connected networks, whose work is nearly all matrix products.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.bench.cases import Case, Lineup, Makers, Setup, makers_of
from nnlab.bench.contestants import Contestant, NnlabLoop, Task, TorchLoop, import_torch
from nnlab.layers import (
    GRU,
    LSTM,
    RNN,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Sequential,
    TransformerBlock,
)

Shape = tuple[int, ...]
Make = Callable[[np.random.Generator], Sequential]
SEQUENCES = ((32, 50, 64), (64, 100, 128))  # m sequences of T steps, n inputs and as many units
BLOCKS = ((64, 16, 32), (32, 64, 64))  # the same for the transformer block, with twice as many hidden units

# ---------------------------------------------------------------------------------------- networks


@dataclass(frozen=True)
class NetworkTask(Task):
    """A task for any network; sizes are the numbers of inputs and of outputs."""

    make: Make

    def network(self) -> Sequential:
        return self.make(np.random.default_rng(1))


def lenet(rng: np.random.Generator) -> Sequential:
    """Return LeNet-5 for images of 1 × 28 × 28, with ReLU and max pooling (LeCun et al., 1998)."""
    settings: dict[str, Any] = {"rng": rng, "dtype": np.float32}
    return Sequential(
        *(Conv2d(1, 6, 5, padding=2, **settings), ReLU(), MaxPool2d(2)),
        *(Conv2d(6, 16, 5, **settings), ReLU(), MaxPool2d(2)),
        Flatten(),
        *(Linear(400, 120, **settings), ReLU()),
        *(Linear(120, 84, **settings), ReLU()),
        Linear(84, 10, **settings),
    )


def cnn(rng: np.random.Generator, *, batch_norm: bool = False) -> Sequential:
    """Return a network for images of 3 × 32 × 32: 32, 64 and 128 channels, each with half the height."""
    settings: dict[str, Any] = {"rng": rng, "dtype": np.float32}
    layers: list[Layer] = []
    for c_in, c_out in ((3, 32), (32, 64), (64, 128)):
        # no bias before batch norm, which takes it out again with the mean
        layers.append(Conv2d(c_in, c_out, 3, padding=1, bias=not batch_norm, **settings))
        if batch_norm:
            layers.append(BatchNorm(c_out, dtype=np.float32))
        layers += [ReLU(), MaxPool2d(2)]
    return Sequential(*layers, Flatten(), Linear(128 * 4 * 4, 10, **settings))


def network_step(name: str, make: Make, image: Shape, batch: int) -> Case:
    """Return the case of one training step on images: forward, loss, backward, update."""

    def lineup() -> Lineup:
        flat = Setup((math.prod(image), 10), "SGD", batch, 8 * batch).task()
        X = flat.X.reshape(-1, *image)
        task = NetworkTask(flat.sizes, X, flat.y, batch, flat.optimizer, flat.lr, make)
        return Lineup(makers_of({"nnlab": NnlabLoop, "torch": TorchLoop}, task))

    return Case(f"step {name} SGD batch {batch}", lineup, checked_steps=5)


# ---------------------------------------------------------------------------------------- passes


class NnlabPass(Contestant):
    """Forward, and backward to the input and the parameters, with the same X and dY in every pass."""

    def __init__(self, make: Callable[[], Layer], shape: Shape):
        self.layer, rng = make(), np.random.default_rng(0)
        self.X = rng.standard_normal(shape, np.float32)
        self.dY = rng.standard_normal(self.layer.forward(self.X).shape, np.float32)
        self.Y, self.dX = self.dY, self.X

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.Y = self.layer.forward(self.X)
            self.dX = self.layer.backward(self.dY)

    def gradients(self) -> dict[str, np.ndarray]:
        """Return the gradients of the parameters by name."""
        return {name: p.grad for name, p in self.layer.named_parameters() if p.grad is not None}

    def outcome(self) -> dict[str, np.ndarray]:
        if isinstance(self.layer, Dropout):
            return {}  # each draws masks of its own
        return {"Y": self.Y, "dX": self.dX, **self.gradients()}


class TorchPass(NnlabPass):
    """The same with the layer's twin, on tensors made beforehand; old gradients are dropped first."""

    def __init__(self, make: Callable[[], Layer], shape: Shape):
        torch = import_torch()
        from nnlab.twins.pytorch import to_torch

        super().__init__(make, shape)
        self.module = to_torch(self.layer)
        self.input = torch.from_numpy(self.X).requires_grad_()
        self.output_gradient = torch.from_numpy(self.dY)

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.module.zero_grad()
            self.input.grad = None
            output = self.module(self.input)
            output.backward(self.output_gradient)
        self.Y, self.dX = output.detach().numpy(), self.input.grad.numpy()

    def gradients(self) -> dict[str, np.ndarray]:
        from nnlab.twins.pytorch.weights import pairs_of

        pairs = pairs_of("bench", self.layer, self.module)
        return {
            pair.name: pair.from_torch(pair.tensor.grad) for pair in pairs if pair.tensor.grad is not None
        }


def layer_pass(name: str, make: Callable[[], Layer], shape: Shape) -> Case:
    """Return the case of a pass through a layer, forward and backward, of an array of this shape."""
    makers: Makers = {
        "nnlab": functools.partial(NnlabPass, make, shape),
        "torch": functools.partial(TorchPass, make, shape),
    }
    return Case(f"pass {name} {shape}", lambda: Lineup(makers), checked_steps=1)


# ---------------------------------------------------------------------------------------- all of them


def all_layer_cases() -> list[Case]:
    """Return the cases, in the order of the table."""
    gray, color = (1, 28, 28), (3, 32, 32)
    return [
        *(network_step("LeNet-5", lenet, gray, batch) for batch in (32, 64)),
        network_step("CNN 32-64-128", cnn, color, 64),
        network_step("CNN 32-64-128 with batch norm", functools.partial(cnn, batch_norm=True), color, 64),
        *(recurrent_pass(kind, m, T, n) for kind in (RNN, LSTM, GRU) for m, T, n in SEQUENCES),
        *(layer_pass("transformer block", functools.partial(_block, n), (m, T, n)) for m, T, n in BLOCKS),
        layer_pass("dropout", lambda: Dropout(rng=np.random.default_rng(1)), (256, 1024)),
        layer_pass("convolution 5×5 to 16 channels", functools.partial(_conv, 8, 16, 5), (64, 8, 14, 14)),
        layer_pass("convolution 3×3 to 64 channels", functools.partial(_conv, 32, 64, 3), (64, 32, 16, 16)),
        layer_pass("max pooling", lambda: MaxPool2d(2), (64, 32, 32, 32)),
        layer_pass("average pooling", lambda: AvgPool2d(2), (64, 32, 32, 32)),
        layer_pass("batch norm", lambda: BatchNorm(32, dtype=np.float32), (64, 32, 32, 32)),
    ]


def recurrent_pass(kind: type[RNN | LSTM | GRU], m: int, T: int, n: int) -> Case:
    """Return the case of a pass through a recurrent layer with as many units as inputs."""

    def make() -> Layer:
        return kind(n, n, rng=np.random.default_rng(1), dtype=np.float32)

    return layer_pass(kind.__name__, make, (m, T, n))


def _conv(c_in: int, c_out: int, size: int) -> Layer:
    settings: dict[str, Any] = {"rng": np.random.default_rng(1), "dtype": np.float32}
    return Conv2d(c_in, c_out, size, padding=size // 2, **settings)


def _block(n: int) -> Layer:
    return TransformerBlock(n, 4, 2 * n, rng=np.random.default_rng(1), dtype=np.float32)
