"""A few samples of every layer of the course, small enough to compare and train them in a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlab import layers
from nnlab.layers import Layer, Sequential


def layer_types() -> list[type[Layer]]:
    """Return the public layers of the package: those that have formulas of their own or inherit them."""
    found = [getattr(layers, name) for name in layers.__all__]
    kinds = [kind for kind in found if isinstance(kind, type) and issubclass(kind, Layer)]
    return [kind for kind in kinds if kind._forward is not Layer._forward]


@dataclass(frozen=True)
class Sample:
    """A layer, made from a generator and a dtype, and the shape of one sample that it takes."""

    make: Callable[..., Layer]
    shape: tuple[int, ...]
    n_tokens: int = 0  # above 0: the input is integers below it

    def layer(self, rng: np.random.Generator, dtype=np.float64) -> Layer:
        """Return the layer with all weights and buffers random: none is 0 or 1 any more."""
        layer = self.make(rng, dtype)
        randomize(layer, rng)
        return layer

    def inputs(self, m: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
        """Return m samples."""
        shape = (m, *self.shape)
        return (
            rng.integers(0, self.n_tokens, shape)
            if self.n_tokens
            else rng.standard_normal(shape).astype(dtype)
        )

    def labels(self, X: np.ndarray) -> np.ndarray:
        """Return something to learn: the third of the samples that each is in, by the sum of its entries."""
        order = X.reshape(len(X), -1).sum(axis=1).argsort(kind="stable")
        return order.argsort() * 3 // len(X)

    def network(self, rng: np.random.Generator, dtype=np.float64) -> Sequential:
        """Return a network of the layer between linear ones, as far as it takes real numbers."""
        layer = self.layer(rng, dtype)
        n = self.shape[-1]
        before = [] if self.n_tokens else [layers.Linear(n, n, rng=rng, dtype=dtype)]
        shape = layer.forward(self.inputs(2, rng, dtype)).shape
        flatten = [layers.Flatten()] if len(shape) > 2 else []
        after = layers.Linear(int(np.prod(shape[1:])), 3, rng=rng, dtype=dtype)
        return Sequential(*before, layer, *flatten, after)


def randomize(layer: Layer, rng: np.random.Generator) -> None:
    """Move every parameter and buffer a little away from where it starts."""
    state = layer.state_dict()
    for array in state.values():
        array += 0.3 * rng.uniform(0, 1, array.shape).astype(array.dtype)
    layer.load_state_dict(state)
    for _, inner in layer.named_layers():
        if isinstance(inner, layers.Embedding) and inner.padding_idx is not None:
            inner.W.value[inner.padding_idx] = 0


def _plain(kind: type[Layer], *args, **settings) -> Callable[..., Layer]:
    return lambda rng, dtype: kind(*args, **settings)


def _typed(kind: type[Layer], *args, **settings) -> Callable[..., Layer]:
    return lambda rng, dtype: kind(*args, **settings, dtype=dtype)


def _drawn(kind: type[Layer], *args, **settings) -> Callable[..., Layer]:
    return lambda rng, dtype: kind(*args, **settings, rng=rng, dtype=dtype)


def _residual(rng, dtype, skip=False):
    skip_layer = layers.Linear(4, 3, rng=rng, dtype=dtype) if skip else None
    n = 3 if skip else 4
    return layers.Residual(
        layers.Linear(4, 5, rng=rng, dtype=dtype),
        layers.Tanh(),
        layers.Linear(5, n, rng=rng, dtype=dtype),
        skip=skip_layer,
    )


def _bidirectional(kind, other):
    return lambda rng, dtype: layers.Bidirectional(
        kind(3, 4, rng=rng, dtype=dtype), other(3, 2, rng=rng, dtype=dtype)
    )


IMAGE, SEQUENCE = (2, 6, 5), (4, 3)
SAMPLES: dict[type[Layer], list[Sample]] = {
    layers.Linear: [
        Sample(_drawn(layers.Linear, 4, 5), (4,)),
        Sample(_drawn(layers.Linear, 4, 5, bias=False), (4,)),
        Sample(_drawn(layers.Linear, 3, 5), SEQUENCE),
    ],
    layers.ReLU: [Sample(_plain(layers.ReLU), (4,)), Sample(_plain(layers.ReLU), IMAGE)],
    layers.LeakyReLU: [
        Sample(_plain(layers.LeakyReLU), (4,)),
        Sample(_plain(layers.LeakyReLU, 0.3), SEQUENCE),
        Sample(_plain(layers.LeakyReLU, 0), (4,)),
    ],
    layers.ELU: [Sample(_plain(layers.ELU), (4,)), Sample(_plain(layers.ELU, alpha=0.4), SEQUENCE)],
    layers.Sigmoid: [Sample(_plain(layers.Sigmoid), (4,))],
    layers.Tanh: [Sample(_plain(layers.Tanh), (4,))],
    layers.SiLU: [Sample(_plain(layers.SiLU), (4,))],
    layers.GELU: [
        Sample(_plain(layers.GELU), (4,)),
        Sample(_plain(layers.GELU, approximate="tanh"), SEQUENCE),
    ],
    layers.Softmax: [Sample(_plain(layers.Softmax), (4,)), Sample(_plain(layers.Softmax), SEQUENCE)],
    layers.Sequential: [
        Sample(
            lambda rng, dtype: Sequential(
                layers.Linear(4, 5, rng=rng, dtype=dtype),
                Sequential(layers.Tanh(), layers.Linear(5, 3, rng=rng, dtype=dtype)),
            ),
            (4,),
        )
    ],
    layers.MLP: [Sample(_drawn(layers.MLP, [4, 6, 5, 3], activation=layers.ELU), (4,))],
    layers.Residual: [
        Sample(_residual, (4,)),
        Sample(lambda rng, dtype: _residual(rng, dtype, skip=True), (4,)),
    ],
    layers.Dropout: [
        Sample(lambda rng, dtype: layers.Dropout(0.3, rng=rng), (4,)),
        Sample(lambda rng, dtype: layers.Dropout(0.5, rng=rng), IMAGE),
        Sample(lambda rng, dtype: layers.Dropout(0, rng=rng), SEQUENCE),
    ],
    layers.BatchNorm: [
        Sample(_typed(layers.BatchNorm, 4), (4,)),
        Sample(_typed(layers.BatchNorm, 2, eps=1e-3, momentum=0.3), IMAGE),
    ],
    layers.LayerNorm: [
        Sample(_typed(layers.LayerNorm, 4), (4,)),
        Sample(_typed(layers.LayerNorm, 3, eps=1e-3), SEQUENCE),
    ],
    layers.Conv2d: [
        Sample(_drawn(layers.Conv2d, 2, 3, 3), IMAGE),
        Sample(_drawn(layers.Conv2d, 2, 3, (3, 2), stride=(2, 1), padding=(1, 2)), IMAGE),
        Sample(_drawn(layers.Conv2d, 2, 3, 3, padding=1, bias=False), IMAGE),
    ],
    layers.MaxPool2d: [
        Sample(_plain(layers.MaxPool2d, 2), IMAGE),
        Sample(_plain(layers.MaxPool2d, 3, 2), IMAGE),
    ],
    layers.AvgPool2d: [
        Sample(_plain(layers.AvgPool2d, 2), IMAGE),
        Sample(_plain(layers.AvgPool2d, 3, 1), IMAGE),
    ],
    layers.Flatten: [Sample(_plain(layers.Flatten), IMAGE), Sample(_plain(layers.Flatten), SEQUENCE)],
    layers.Embedding: [
        Sample(_drawn(layers.Embedding, 6, 3), (4,), n_tokens=6),
        Sample(_drawn(layers.Embedding, 6, 3, padding_idx=0), (4,), n_tokens=6),
    ],
    layers.RNN: [
        Sample(_drawn(layers.RNN, 3, 4), SEQUENCE),
        Sample(_drawn(layers.RNN, 3, 4, bias=False), SEQUENCE),
    ],
    layers.LSTM: [
        Sample(_drawn(layers.LSTM, 3, 4), SEQUENCE),
        Sample(_drawn(layers.LSTM, 3, 4, bias=False), SEQUENCE),
    ],
    layers.GRU: [
        Sample(_drawn(layers.GRU, 3, 4), SEQUENCE),
        Sample(_drawn(layers.GRU, 3, 4, bias=False), SEQUENCE),
    ],
    layers.Bidirectional: [
        Sample(_bidirectional(layers.LSTM, layers.LSTM), SEQUENCE),
        Sample(_bidirectional(layers.RNN, layers.GRU), SEQUENCE),
    ],
    layers.LastStep: [Sample(_plain(layers.LastStep), SEQUENCE)],
    layers.PositionalEncoding: [Sample(_plain(layers.PositionalEncoding, 3, 6), SEQUENCE)],
    layers.MultiHeadAttention: [
        Sample(_drawn(layers.MultiHeadAttention, 4, 2), (3, 4)),
        Sample(_drawn(layers.MultiHeadAttention, 4, 2, causal=True, dropout=0.2), (3, 4)),
    ],
    layers.TransformerBlock: [
        Sample(_drawn(layers.TransformerBlock, 4, 2, 6), (3, 4)),
        Sample(_drawn(layers.TransformerBlock, 4, 2, 6, causal=True, dropout=0.2), (3, 4)),
    ],
}
