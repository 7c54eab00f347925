"""Figures of images: side by side, mistakes, weights as images; filters, maps and receptive fields."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from nnlab._check import check_array, check_count, check_flag, check_labels, check_shape, describe
from nnlab.layers import Layer, evaluation_mode
from nnlab.plots.style import VERMILION, axes_of


def images(X, *, titles: Sequence | None = None, columns: int | None = None, shape=None, ax=None) -> Axes:
    """Draw images side by side, dark for large values, with a title above each.

    X: (m, height, width), or (m, height · width) with `shape` (height, width), by default square.
    """
    X = _as_images("images", X, shape)
    return _mosaic("images", X, titles, columns, ax, cmap="gray_r")


def mistakes(X, y, probabilities, *, most: int = 30, shape=None, ax=None) -> Axes:
    """Draw misclassified images, worst first, each titled "true → predicted, its probability".

    The worst are those whose true class got the lowest probability. X: as `images`; y: labels (m,);
    probabilities: (m, n_classes); most: how many are drawn at most.
    Raises: ValueError, TypeError for other shapes, labels or values.
    """
    who = "mistakes"
    X = _as_images(who, X, shape)
    p = check_array(who, "probabilities", probabilities, shape=(len(X), "n_classes"))
    y = check_labels(who, "y", y, len(X), p.shape[1])
    most = check_count(who, "most", most)
    predicted, of_truth = p.argmax(axis=1), p[np.arange(len(y)), y]
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(of_truth[wrong], kind="stable")][:most]
    ax = axes_of(ax)
    if len(worst) == 0:
        ax.text(0.5, 0.5, "no mistakes", ha="center", va="center", transform=ax.transAxes)
        ax.axis("off")
        return ax
    titles = [f"{y[i]} → {predicted[i]}, {p[i].max():.0%}" for i in worst]
    images(X[worst], titles=titles, ax=ax)
    ax.set_title(
        f"{len(worst)} of {len(wrong):,} mistakes, the worst first: true → predicted, its probability"
    )
    return ax


def weights_as_images(W, *, titles=None, columns: int | None = None, shape=None, ax=None) -> Axes:
    """Draw the weights into each neuron of a first layer as an image: red negative, blue positive, white 0.

    W: (n_in, n_out); n_in pixels of `shape` (height, width), by default square. One scale for all.
    """
    W = check_array("weights_as_images", "W", W, shape=("n_in", "n_out"))
    limit = np.abs(W).max() or 1.0
    X = _as_images("weights_as_images", W.T, shape)
    return _mosaic("weights_as_images", X, titles, columns, ax, cmap="RdBu", vmin=-limit, vmax=limit)


def show_filters(
    W, *, titles: Sequence | None = None, columns: int | None = None, color: bool = False, ax=None
) -> Axes:
    """Draw the kernels of a convolution: red negative, blue positive, white 0, on one scale for all.

    W: (c_out, c_in, kh, kw), as in `Conv2d`. With one input channel, each filter is a tile, `columns` of
    them in a row; with several, each filter is a row, and each of its columns one input channel.
    color: draw the three channels of a filter for RGB images as one tile, gray where the weight is 0.
    titles: one above each filter's (first) tile.
    Raises: ValueError, TypeError for other shapes or values.
    """
    who = "show_filters"
    W = check_array(who, "W", W, shape=("c_out", "c_in", "kh", "kw"))
    limit = np.abs(W).max() or 1.0
    c_in = W.shape[1]
    if check_flag(who, "color", color):
        check_shape(who, "W", W, ("c_out", 3, "kh", "kw"))
        return _mosaic(who, (0.5 + 0.5 * W / limit).transpose(0, 2, 3, 1), titles, columns, ax)
    if c_in > 1:
        if columns is not None:
            raise ValueError(
                f"{who} expected columns=None, got {columns}; {c_in} channels make {c_in} columns"
            )
        columns = c_in
        if titles is not None:
            titles = [text for title in titles for text in (title, *[""] * (c_in - 1))]
    tiles = W.reshape(-1, *W.shape[2:])
    return _mosaic(who, tiles, titles, columns, ax, frame=True, cmap="RdBu", vmin=-limit, vmax=limit)


def show_feature_maps(maps, *, titles: Sequence | None = None, columns: int | None = None, ax=None) -> Axes:
    """Draw what each filter of a convolution answers to one image, on one scale for all.

    maps: (channels, height, width), such as `layer.forward(X)[0]`. Dark is large where no entry is negative,
    as after ReLU; otherwise red is negative, blue positive, white 0. titles, columns: as `images`.
    Raises: ValueError, TypeError for other shapes or values.
    """
    who = "show_feature_maps"
    maps = check_array(who, "maps", maps, shape=("channels", "height", "width"))
    limit = np.abs(maps).max() or 1.0
    if maps.min() < 0:
        return _mosaic(who, maps, titles, columns, ax, frame=True, cmap="RdBu", vmin=-limit, vmax=limit)
    return _mosaic(who, maps, titles, columns, ax, frame=True, cmap="gray_r", vmin=0, vmax=limit)


def show_receptive_field(
    network: Layer, x, *, output: Sequence[int] | None = None, shape=None, ax=None
) -> Axes:
    """Draw which pixels of an image one output depends on: its gradient, over the image in gray.

    Blue: more there raises the output, red: lowers it; the stronger, the darker. A box holds all pixels
    whose gradient is not 0, so that it is the receptive field or, where ReLU or pooling shut a path, a part
    of it. Of several channels of the image, each pixel shows the one with the strongest gradient.
    network: any of nnlab's, in evaluation mode here. x: one input of it without the batch axis, (c, height,
    width), or (height · width,) with `shape` (height, width), by default square.
    output: which entry of the output, such as (channel, row, column) or (class,); by default the middle of
    channel 0, or the largest score.
    Raises: ValueError, TypeError for other shapes or values.
    """
    who = "show_receptive_field"
    g, x, output = _input_gradient(who, network, x, output)
    if x.ndim == 1:
        x, g = (_as_images(who, pixels[None], shape) for pixels in (x, g))
    if x.ndim != 3:
        raise ValueError(f"{who} expected x of shape (c, height, width) or (height · width,), got {x.shape}")
    strongest = np.abs(g).argmax(axis=0)[None]
    g = np.take_along_axis(g, strongest, axis=0)[0]
    image, strength = x.mean(axis=0), np.abs(g) / (np.abs(g).max() or 1.0)
    ax = axes_of(ax)
    ax.imshow(image, cmap="gray_r", alpha=0.35, interpolation="nearest")
    overlay = colormaps["RdBu"](0.5 + 0.5 * np.sign(g) * np.sqrt(strength))
    overlay[..., 3] = np.where(g == 0, 0, 0.25 + 0.6 * np.sqrt(strength))
    ax.imshow(overlay, interpolation="nearest")
    rows, columns = (np.flatnonzero(np.any(g != 0, axis=axis)) for axis in (1, 0))
    said = "no pixel"
    if len(rows):
        height, width = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
        box = Rectangle((columns[0] - 0.5, rows[0] - 0.5), width, height, fc="none", ec=VERMILION, lw=2)
        ax.add_patch(box)
        said = f"{height} × {width} of {g.shape[0]} × {g.shape[1]} pixels"
    place = ", ".join(map(str, output))
    ax.set_title(f"output ({place}) sees {said}", fontsize=10)
    ax.axis("off")
    return ax


def _input_gradient(who: str, network: Layer, x, output) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Return the gradient of one output with respect to x, x as floats, and which output it is.

    The gradients that the parameters have are put back.
    """
    if not isinstance(network, Layer):
        raise TypeError(f"{who} expected a network of nnlab's, got {describe(network)}")
    parameters = network.parameters()
    grads = [p.grad for p in parameters]
    dtype = next((p.value.dtype for p in parameters), np.dtype(np.float64))
    x = check_array(who, "x", x).astype(dtype)
    with evaluation_mode(network):
        Y = network.forward(x[None])
        if output is None:
            n = Y.shape[1:]
            output = (0, n[1] // 2, n[2] // 2) if len(n) == 3 else np.unravel_index(Y[0].argmax(), n)
        place = tuple(check_count(who, "output", i, at_least=0) for i in output)
        if len(place) != Y.ndim - 1 or any(i >= n for i, n in zip(place, Y.shape[1:], strict=True)):
            raise ValueError(f"{who} expected output as an index into {Y.shape[1:]}, got {place}")
        dY = np.zeros_like(Y)
        dY[(0, *place)] = 1
        gradient = network.backward(dY)[0]
    for p, grad in zip(parameters, grads, strict=True):
        p.grad = grad
    return gradient, x, place


def _as_images(who: str, X, shape: tuple[int, int] | None) -> np.ndarray:
    X = check_array(who, "X", X)
    if X.ndim == 2 and X.size:
        side = math.isqrt(X.shape[1])
        height, width = shape or (side, side)
        if height * width != X.shape[1]:
            raise ValueError(
                f"{who} expected {height} · {width} pixels, got {X.shape[1]}; give shape=(height, width)"
            )
        X = X.reshape(-1, height, width)
    check_shape(who, "X", X, ("m", "height", "width"))
    return X


def _mosaic(
    who: str,
    X: np.ndarray,
    titles: Sequence | None,
    columns: int | None,
    ax: Axes | None,
    *,
    frame=False,
    **style,
) -> Axes:
    """Draw images, (m, height, width) or with three colors each, as tiles of one large image in one Axes."""
    m, height, width, *colors = X.shape
    columns = min(m, 10) if columns is None else check_count(who, "columns", columns)
    if titles is not None and len(titles) != m:
        raise ValueError(f"{who} expected {m} titles, one per image, got {len(titles)}")
    gap, head = max(1, width // 8), max(1, height // 8) + (height // 3 if titles is not None else 0)
    size = math.ceil(m / columns) * (height + head), columns * (width + gap), *colors
    canvas = np.full(size, 1.0 if colors else np.nan)
    ax = axes_of(ax)
    for i, image in enumerate(X):
        top, left = (i // columns) * (height + head) + head, (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
        if frame:  # of a tile that is white, only its frame is seen
            corner = left - 0.5, top - 0.5
            ax.add_patch(Rectangle(corner, width, height, fc="none", ec="0.6", lw=0.6, clip_on=False))
        if titles is not None:
            ax.text(left + width / 2 - 0.5, top - 0.8, str(titles[i]), ha="center", va="bottom", fontsize=9)
    ax.imshow(canvas, interpolation="nearest", **style)
    ax.axis("off")
    return ax
