"""Figures of images: side by side, mistakes, and weights as images."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nnlab._check import check_array, check_count, check_labels, check_shape
from nnlab.plots.style import axes_of


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
    who: str, X: np.ndarray, titles: Sequence | None, columns: int | None, ax: Axes | None, **style
) -> Axes:
    """Draw images as the tiles of one large image, so that one Axes holds them all."""
    m, height, width = X.shape
    columns = min(m, 10) if columns is None else check_count(who, "columns", columns)
    if titles is not None and len(titles) != m:
        raise ValueError(f"{who} expected {m} titles, one per image, got {len(titles)}")
    gap, head = max(1, width // 8), max(1, height // 8) + (height // 3 if titles is not None else 0)
    canvas = np.full((math.ceil(m / columns) * (height + head), columns * (width + gap)), np.nan)
    ax = axes_of(ax)
    for i, image in enumerate(X):
        top, left = (i // columns) * (height + head) + head, (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
        if titles is not None:
            ax.text(left + width / 2 - 0.5, top - 0.8, str(titles[i]), ha="center", va="bottom", fontsize=9)
    ax.imshow(canvas, interpolation="nearest", **style)
    ax.axis("off")
    return ax
