"""Figures in the plane: points, decision boundaries, and paths over a surface."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from nnlab._check import check_array, check_count, check_labels, check_shape, describe
from nnlab.layers import Layer, Sigmoid, Softmax
from nnlab.plots.style import (
    MARKERS,
    PALETTE,
    axes_of,
    by_label,
    class_names,
    count_classes,
    limits_of,
    line_style,
)
from nnlab.training import predict_scores


def decision_boundary(
    network: Layer | Callable, X, y, *, labels: Sequence[str] | None = None, resolution: int = 150, ax=None
) -> Axes:
    """Draw the most probable class at every point of the plane, paler where unsure, and the data.

    network: a Layer giving scores (m, n), with n = 1 for a sigmoid; or a function X -> probabilities, (m,),
    (m, 1) or (m, n_classes). X: (m, 2); y: integer labels (m,).
    Raises: ValueError, TypeError for other shapes, labels or values.
    """
    who = "decision_boundary"
    X = check_array(who, "X", X, shape=("m", 2))
    resolution = check_count(who, "resolution", resolution, at_least=2)
    extent = (*limits_of(X[:, 0]), *limits_of(X[:, 1]))
    x1, x2 = np.linspace(*extent[:2], resolution), np.linspace(*extent[2:], resolution)
    P = _probabilities(who, network, np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2))
    n = P.shape[1]
    y = check_labels(who, "y", y, len(X), n)
    labels = class_names(who, labels, n)

    ax = axes_of(ax)
    colors = np.array([to_rgb(PALETTE[k % len(PALETTE)]) for k in range(n)])
    certainty = 0.6 * (P.max(axis=1, keepdims=True) - 1 / n) / (1 - 1 / n)
    shade = (1 - certainty + certainty * colors[P.argmax(axis=1)]).reshape(resolution, resolution, 3)
    ax.imshow(shade.clip(0, 1), extent=extent, origin="lower", aspect="auto", interpolation="bilinear")
    for k in range(1 if n == 2 else 0, n):
        margin = P[:, k] - np.delete(P, k, axis=1).max(axis=1)
        if margin.min() < 0 < margin.max():
            ax.contour(x1, x2, margin.reshape(resolution, -1), [0], colors="black", linewidths=1.5)
    _scatter_classes(ax, X, y, labels)
    return ax


def _probabilities(who: str, network: Layer | Callable, X: np.ndarray) -> np.ndarray:
    """Return class probabilities (m, n_classes) of a network's scores or of a function."""
    if isinstance(network, Layer):
        dtype = next((p.value.dtype for p in network.parameters()), X.dtype)
        scores = predict_scores(network, X.astype(dtype))
        P = (Sigmoid() if scores.shape[1] == 1 else Softmax()).forward(scores)
    elif callable(network):
        P = check_array(who, "probabilities", network(X))
        P = P[:, None] if P.ndim == 1 else P
        check_shape(who, "probabilities", P, (len(X), "n_classes"))
        if P.min() < -1e-6 or P.max() > 1 + 1e-6:
            raise ValueError(
                f"{who} expected probabilities in [0, 1], got {P.min():.3g} … {P.max():.3g}; "
                "apply softmax or sigmoid to the scores first"
            )
    else:
        raise TypeError(f"{who} expected a network or a function, got {describe(network)}")
    return np.hstack([1 - P, P]) if P.shape[1] == 1 else P


def _scatter_classes(ax: Axes, X: np.ndarray, y: np.ndarray, labels: Sequence[str]) -> None:
    for k, label in enumerate(labels):
        color, marker = PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]
        ax.scatter(
            X[y == k, 0], X[y == k, 1], s=24, color=color, marker=marker, ec="black", lw=0.6, label=label
        )
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.grid(False)
    ax.legend(loc="best", frameon=True)


def points(X, y, *, labels: Sequence[str] | None = None, ax=None) -> Axes:
    """Draw points of the plane with a color and a marker per class. X: (m, 2); y: integer labels (m,)."""
    X = check_array("points", "X", X, shape=("m", 2))
    n = count_classes(y) if labels is None else len(labels)
    y = check_labels("points", "y", y, len(X), n)
    ax = axes_of(ax)
    _scatter_classes(ax, X, y, class_names("points", labels, n))
    return ax


def contour_path(f: Callable, paths, *, xlim=None, ylim=None, names=("$w_1$", "$w_2$"), ax=None) -> Axes:
    """Draw a surface f(w1, w2) by its level lines, and the paths that optimizers took on it.

    f: two numbers -> one number. paths: (steps, 2), or a dict label -> (steps, 2); a circle marks the start.
    Levels are quantiles of f, so that they show steep and flat regions alike.
    """
    who = "contour_path"
    if not callable(f):
        raise TypeError(f"{who} expected f as a function of two numbers, got {describe(f)}")
    named = {
        label: check_array(who, f"path {label!r}", path, shape=("steps", 2))
        for label, path in by_label(who, "paths", paths, "path").items()
    }
    every = np.concatenate(list(named.values()))
    xlim, ylim = xlim or limits_of(every[:, 0]), ylim or limits_of(every[:, 1])
    w1, w2 = np.linspace(xlim[0], xlim[1], 60), np.linspace(ylim[0], ylim[1], 60)
    Z = check_array(who, "f(w1, w2)", np.vectorize(f, otypes=[float])(*np.meshgrid(w1, w2)))
    ax = axes_of(ax)
    levels = np.unique(np.quantile(Z, np.linspace(0, 1, 18)))
    if len(levels) > 1:
        ax.contourf(w1, w2, Z, levels, cmap="Greys", alpha=0.5)
    for i, (label, path) in enumerate(named.items()):
        ax.plot(*path.T, label=label, **line_style(i, len(path)))
        ax.plot(*path[0], "o", ms=11, mfc="none", mec="black")
    ax.set(xlim=xlim, ylim=ylim, xlabel=names[0], ylabel=names[1])
    ax.legend(frameon=True)
    return ax
