"""The receptive field: which pixels of the image one entry of a convolutional network's output can see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from nnlab._check import describe
from nnlab.layers.activations import Activation, Softmax
from nnlab.layers.base import Layer
from nnlab.layers.containers import Residual, Sequential
from nnlab.layers.convolution import Pair, Windowed
from nnlab.layers.normalization import BatchNorm
from nnlab.layers.regularization import Dropout


class ReceptiveField(NamedTuple):
    """The pixels that one entry of the output sees, as pairs (vertical, horizontal).

    size: how many; stride: how far apart the fields of neighboring entries are; start: the row and column
    where the field of the first entry begins, negative where it reaches into the padding.
    """

    size: Pair
    stride: Pair
    start: Pair

    def of(self, row: int, column: int) -> tuple[slice, slice]:
        """Return the rows and columns that the entry at (row, column) sees; they may lie in the padding."""
        first = [a + s * i for a, s, i in zip(self.start, self.stride, (row, column), strict=True)]
        rows, columns = (slice(at, at + n) for at, n in zip(first, self.size, strict=True))
        return rows, columns


def receptive_field(layers: Layer | Sequence[Layer]) -> ReceptiveField:
    """Return what one entry of the last layer's output sees of the image that goes into the first.

    With each layer of kernel k, stride s and padding p: start ← start − p · stride,
    size ← size + (k − 1) · stride, stride ← stride · s. Activations, batch norm and dropout change nothing;
    a residual block sees what its branch and its skip see together.
    layers: a network, or its first few layers as a list: all that work pixel by pixel or by windows.
    Raises: TypeError for a layer of another kind, such as Flatten and Linear, which see the whole image.
    """
    field = ReceptiveField((1, 1), (1, 1), (0, 0))
    for layer in [layers] if isinstance(layers, Layer) else layers:
        field = _after(field, layer)
    return field


def _after(field: ReceptiveField, layer: Layer) -> ReceptiveField:
    """Return the field after one more layer."""
    if isinstance(layer, Sequential):
        for inner in layer.layers:
            field = _after(field, inner)
        return field
    if isinstance(layer, Residual):
        branch = _after(field, layer.branch)
        return _union(branch, field if layer.skip is None else _after(field, layer.skip))
    if isinstance(layer, Windowed):
        sides = zip(*field, layer.kernel_size, layer.stride, layer.padding, strict=True)
        moved = [(size + (k - 1) * step, step * s, at - p * step) for size, step, at, k, s, p in sides]
        return ReceptiveField(*zip(*moved, strict=True))
    if isinstance(layer, (Activation, BatchNorm, Dropout)) and not isinstance(layer, Softmax):
        return field
    raise TypeError(
        f"receptive_field expected layers that work by pixels or windows, got {describe(layer)}; "
        "give the layers before it, as in network.layers[:4]"
    )


def _union(a: ReceptiveField, b: ReceptiveField) -> ReceptiveField:
    """Return the smallest field that holds both; the two paths of a block have the same stride."""
    start = [min(pair) for pair in zip(a.start, b.start, strict=True)]
    ends = [max(i + m, j + n) for i, m, j, n in zip(a.start, a.size, b.start, b.size, strict=True)]
    size = [end - first for end, first in zip(ends, start, strict=True)]
    return ReceptiveField((size[0], size[1]), a.stride, (start[0], start[1]))
