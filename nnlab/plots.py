"""Figures of the course. Every function draws on `ax` (the current Axes by default) and returns it.

Colors are Okabe and Ito's (2008), told apart with any color vision;
markers, dashes or text say the same again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Rectangle

from nnlab._validation import (
    check_array,
    check_count,
    check_labels,
    check_number,
    check_shape,
    describe,
)
from nnlab.activations import Activation, Sigmoid, Softmax
from nnlab.layers import Layer
from nnlab.training import History, predict_scores

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, VERMILION, BLACK, YELLOW = "#56B4E9", "#D55E00", "#000000", "#F0E442"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION, BLACK, YELLOW)
DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
GRAY = "0.45"
MOST_NEURONS = 12  # of a layer are drawn; the rest are dots
RADIUS = 0.4  # of a neuron; two neurons of a layer are DOWN apart
DOWN = 1.4


def use_style() -> None:
    """Set the course's look for all figures to come: palette with dashes, light grid, small frame."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=DASHES * 2),
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.constrained_layout.use": True,
            "figure.figsize": (6.0, 3.6),
            "grid.color": "0.9",
            "image.cmap": "cividis",
            "legend.frameon": False,
            "lines.linewidth": 1.8,
        }
    )


def _axes(ax: Axes | None) -> Axes:
    if ax is not None and not isinstance(ax, Axes):
        raise TypeError(f"plots expected ax as a matplotlib Axes, got {describe(ax)}; use plt.subplots()")
    return plt.gca() if ax is None else ax


def _style(i: int, points: int = 0) -> dict:
    """Return color, dashes and a marker for line number i; at most ten markers along its points."""
    n = len(PALETTE)
    every = max(1, math.ceil(points / 10))
    return {
        "color": PALETTE[i % n],
        "ls": DASHES[i % 4],
        "marker": MARKERS[i % n],
        "markevery": every,
        "ms": 5,
    }


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Return the range of values with a margin."""
    low, high = float(values.min()), float(values.max())
    margin = 0.12 * (high - low) or 1.0
    return low - margin, high + margin


def _named(who: str, what: str, values, single: str) -> dict:
    """Return values as a dict label -> array; a lone array gets the label `single`."""
    named = dict(values) if isinstance(values, Mapping) else {single: values}
    if not named:
        raise ValueError(f"{who} expected at least one entry of {what}, got none")
    return named


# ---------------------------------------------------------------------------------------- networks in 2-D


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
    extent = (*_limits(X[:, 0]), *_limits(X[:, 1]))
    x1, x2 = np.linspace(*extent[:2], resolution), np.linspace(*extent[2:], resolution)
    P = _probabilities(who, network, np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2))
    n = P.shape[1]
    y = check_labels(who, "y", y, len(X), n)
    labels = _class_names(who, labels, n)

    ax = _axes(ax)
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


def _class_names(who: str, labels: Sequence[str] | None, n: int) -> list[str]:
    names = [f"class {k}" for k in range(n)] if labels is None else [str(label) for label in labels]
    if len(names) != n:
        raise ValueError(f"{who} expected {n} labels, one per class, got {len(names)}")
    return names


def _count_classes(*labels) -> int:
    """Return the number of classes 0, 1, … up to the largest label, at least two."""
    arrays = [y for y in map(np.asarray, labels) if y.size and y.dtype.kind in "iu"]
    return max([1, *(int(y.max()) for y in arrays)]) + 1


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
    n = _count_classes(y) if labels is None else len(labels)
    y = check_labels("points", "y", y, len(X), n)
    ax = _axes(ax)
    _scatter_classes(ax, X, y, _class_names("points", labels, n))
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
        for label, path in _named(who, "paths", paths, "path").items()
    }
    every = np.concatenate(list(named.values()))
    xlim, ylim = xlim or _limits(every[:, 0]), ylim or _limits(every[:, 1])
    w1, w2 = np.linspace(xlim[0], xlim[1], 60), np.linspace(ylim[0], ylim[1], 60)
    Z = check_array(who, "f(w1, w2)", np.vectorize(f, otypes=[float])(*np.meshgrid(w1, w2)))
    ax = _axes(ax)
    levels = np.unique(np.quantile(Z, np.linspace(0, 1, 18)))
    if len(levels) > 1:
        ax.contourf(w1, w2, Z, levels, cmap="Greys", alpha=0.5)
    for i, (label, path) in enumerate(named.items()):
        ax.plot(*path.T, label=label, **_style(i, len(path)))
        ax.plot(*path[0], "o", ms=11, mfc="none", mec="black")
    ax.set(xlim=xlim, ylim=ylim, xlabel=names[0], ylabel=names[1])
    ax.legend(frameon=True)
    return ax


# ---------------------------------------------------------------------------------------- training


def activation(layer: Activation, *, low: float = -4.0, high: float = 4.0, ax=None) -> Axes:
    """Draw an activation function (solid) and its derivative (dashed) between low and high.

    Raises: TypeError unless layer is an activation that acts on each entry alone.
    """
    if not isinstance(layer, Activation) or isinstance(layer, Softmax):
        raise TypeError(
            f"activation expected an activation of one number such as Tanh(), got {describe(layer)}"
        )
    low = check_number("activation", "low", low)
    x = np.linspace(low, check_number("activation", "high", high, above=low), 401)
    y = layer.forward(x[:, None])[:, 0]
    slope = layer.backward(np.ones((len(x), 1)))[:, 0]
    ax = _axes(ax)
    ax.axhline(0, color="0.7", lw=0.8)
    ax.axvline(0, color="0.7", lw=0.8)
    ax.plot(x, y, color=BLUE, ls="-", label="function")
    ax.plot(x, slope, color=VERMILION, ls="--", label="derivative")
    ax.set(xlabel="input", title=type(layer).__name__)
    ax.legend()
    return ax


def loss_curves(curves, name: str = "loss", *, log: bool = False, ax=None) -> Axes:
    """Draw a measure over the epochs: {"label": History or list of numbers}, or one of these alone.

    Of a History, training is drawn with markers and validation, where there is any, dashed.
    """
    who = "loss_curves"
    lines: list[tuple[str, Sequence[float], dict]] = []
    for i, (label, curve) in enumerate(_named(who, "curves", curves, "training").items()):
        metrics = curve.metrics if isinstance(curve, History) else {name: curve}
        if name not in metrics:
            raise ValueError(
                f"{who} expected {name!r} in the history {label!r}, got {', '.join(metrics) or 'nothing'}"
            )
        diverged = getattr(curve, "diverged_at", None)
        note = f" (diverged at step {diverged})" if diverged else ""
        lines.append((label + note, metrics[name], _style(i, len(metrics[name])) | {"ls": "-"}))
        if f"val_{name}" in metrics:
            lines.append(
                (f"{label}, validation", metrics[f"val_{name}"], {"color": PALETTE[i % 8], "ls": "--"})
            )
    checked = [
        (label, check_array(who, label, v, shape=("epochs",), finite=False), s) for label, v, s in lines
    ]
    ax = _axes(ax)
    for label, values, style in checked:
        ax.plot(np.arange(1, len(values) + 1), values, label=label, **style)
    ax.set(xlabel="epoch", ylabel=name, yscale="log" if log else "linear")
    ax.legend()
    return ax


def gradient_norms(norms, *, ylabel: str = "norm of the gradient", ax=None) -> Axes:
    """Draw one number per layer, log scale: {"label": (n_layers,)}; layer 1 is next to the input.

    Raises: ValueError for negative norms.
    """
    who = "gradient_norms"
    checked = {}
    for label, values in _named(who, "norms", norms, "norm").items():
        checked[label] = check_array(who, f"norms {label!r}", values, shape=("layers",))
        check_number(who, f"the smallest norm of {label!r}", checked[label].min(), at_least=0)
    ax = _axes(ax)
    for i, (label, values) in enumerate(checked.items()):
        ax.plot(np.arange(1, len(values) + 1), values, label=label, **_style(i, len(values)))
    ax.set(xlabel="layer (1 is next to the input)", ylabel=ylabel, yscale="log")
    ax.legend()
    return ax


# ---------------------------------------------------------------------------------------- classification


def confusion_matrix(y_true, y_pred, *, labels: Sequence[str] | None = None, ax=None) -> Axes:
    """Draw the counts of every true class (row) and predicted class (column), with the share of the row.

    y_true, y_pred: integer labels (m,); labels: a name per class 0, 1, …
    """
    who = "confusion_matrix"
    from sklearn import metrics

    n = _count_classes(y_true, y_pred) if labels is None else len(labels)
    m = max(np.size(y_true), 1)
    y_true, y_pred = check_labels(who, "y_true", y_true, m, n), check_labels(who, "y_pred", y_pred, m, n)
    counts = metrics.confusion_matrix(y_true, y_pred, labels=range(n))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax = _axes(ax)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(counts):
        text = f"{count:,}\n{shares[i, j]:.0%}" if n <= 4 else f"{count}"
        ax.text(j, i, text, ha="center", va="center", color="white" if shares[i, j] > 0.55 else "black")
    names = labels if labels is not None else range(n)
    ax.set_xticks(range(n), names)
    ax.set_yticks(range(n), names)
    ax.set(xlabel="predicted", ylabel="true")
    ax.grid(False)
    return ax


def roc_curve(y, scores, *, ax=None) -> Axes:
    """Draw true against false positive rate over all thresholds, beside chance; the legend gives the area.

    y: labels 0 or 1 (m,), both present; scores: (m,), or a dict label -> (m,), higher for class 1.
    """
    y, named = _binary("roc_curve", y, scores)
    from sklearn import metrics

    ax = _axes(ax)
    for i, (label, s) in enumerate(named.items()):
        false_rate, true_rate, _ = metrics.roc_curve(y, s)
        ax.plot(
            false_rate,
            true_rate,
            label=f"{label}: AUC {metrics.auc(false_rate, true_rate):.3f}",
            **_style(i, len(false_rate)),
        )
    ax.plot([0, 1], [0, 1], color=GRAY, ls=":", label="chance: AUC 0.500")
    ax.set(
        xlabel="false positive rate",
        ylabel="true positive rate (recall)",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    ax.legend(loc="lower right")
    return ax


def precision_recall_curve(y, scores, *, ax=None) -> Axes:
    """Draw precision against recall over all thresholds, beside the base rate; legend: average precision.

    y: labels 0 or 1 (m,), both present; scores: (m,), or a dict label -> (m,), higher for class 1.
    """
    y, named = _binary("precision_recall_curve", y, scores)
    from sklearn import metrics

    ax = _axes(ax)
    for i, (label, s) in enumerate(named.items()):
        precision, recall, _ = metrics.precision_recall_curve(y, s)
        area = metrics.average_precision_score(y, s)
        ax.plot(recall, precision, label=f"{label}: AP {area:.3f}", **_style(i, len(recall)))
    ax.axhline(y.mean(), color=GRAY, ls=":", label=f"base rate {y.mean():.3f}")
    ax.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.legend(loc="best")
    return ax


def thresholds(y, probabilities, *, chosen: float | None = None, ax=None) -> Axes:
    """Draw precision, recall and F1 of the rule "1 where p >= t" over t, beside the base rate.

    y: labels 0 or 1 (m,), both present; probabilities: (m,); chosen: a threshold to mark.
    """
    y, named = _binary("thresholds", y, {"probabilities": probabilities})
    chosen = None if chosen is None else check_number("thresholds", "chosen", chosen)
    from sklearn import metrics

    precision, recall, t = metrics.precision_recall_curve(y, named["probabilities"])
    precision, recall = precision[:-1], recall[:-1]  # the last pair belongs to no threshold
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    ax = _axes(ax)
    for i, (label, values) in enumerate({"precision": precision, "recall": recall, "F1": f1}.items()):
        ax.plot(t, values, label=label, **_style(i, len(t)))
    ax.axhline(y.mean(), color=GRAY, ls=":", label=f"base rate {y.mean():.3f}")
    if chosen is not None:
        ax.axvline(chosen, color="black", lw=1, label=f"chosen: {chosen:.3f}")
    ax.set(xlabel="threshold t", ylabel="value", ylim=(-0.02, 1.02))
    ax.legend()
    return ax


def calibration(y, probabilities, *, bins: int = 10, ax=None) -> Axes:
    """Draw how often class 1 came against how often it was foretold, in bins of equally many samples.

    y: labels 0 or 1 (m,), both present; probabilities: (m,), or a dict label -> (m,), in [0, 1].
    """
    who = "calibration"
    y, named = _binary(who, y, probabilities)
    bins = check_count(who, "bins", bins)
    for p in named.values():
        check_number(who, "the smallest probability", p.min(), at_least=0)
        check_number(who, "the largest probability", p.max(), at_most=1)
    from sklearn.calibration import calibration_curve

    ax = _axes(ax)
    for i, (label, p) in enumerate(named.items()):
        observed, foretold = calibration_curve(y, p, n_bins=bins, strategy="quantile")
        ax.plot(foretold, observed, label=label, **_style(i))
    ax.plot([0, 1], [0, 1], color=GRAY, ls=":", label="perfect")
    ax.set(xlabel="mean predicted probability", ylabel="observed frequency")
    ax.legend(loc="upper left")
    return ax


def _binary(who: str, y, scores) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return y and a dict of score arrays, all (m,), with both classes present."""
    y = check_labels(who, "y", y, max(np.size(y), 1), 2)
    if len(np.unique(y)) < 2:
        raise ValueError(f"{who} expected both classes 0 and 1 in y, got only {y[0]}")
    named = _named(who, "scores", scores, "model")
    return y, {k: check_array(who, f"scores {k!r}", s, shape=(len(y),)) for k, s in named.items()}


# ---------------------------------------------------------------------------------------- diagrams


def network_graph(
    sizes: Sequence[int],
    *,
    values=None,
    gradients=None,
    weights=None,
    weight_gradients=None,
    names: Sequence[str] | None = None,
    ax=None,
) -> Axes:
    """Draw a network as a graph: neurons as circles, weights as lines (dashed where negative).

    values, gradients: an array (sizes[i],) per layer, written into and under the neurons. weights,
    weight_gradients: a matrix (sizes[i], sizes[i + 1]) per gap; written out where there are few.
    """
    who = "network_graph"
    if not isinstance(sizes, (list, tuple)) or len(sizes) < 2:
        raise ValueError(f"{who} expected sizes [n_in, …, n_out], got {describe(sizes)}")
    sizes = [check_count(who, "sizes", n) for n in sizes]
    gaps = list(itertools.pairwise(sizes))
    values, gradients = (
        _per_layer(who, *pair, [(n,) for n in sizes])
        for pair in (("values", values), ("gradients", gradients))
    )
    weights = _per_layer(who, "weights", weights, gaps)
    weight_gradients = _per_layer(who, "weight_gradients", weight_gradients, gaps)
    names = _class_names(who, names, len(sizes)) if names is not None else [f"{n}" for n in sizes]

    ax = _axes(ax)
    drawn = [min(n, MOST_NEURONS) for n in sizes]
    height = DOWN * max(drawn) / 2
    across = max(3.2, height)
    few = all(a * b <= 9 for a, b in gaps)
    where = [[(across * i, DOWN * ((n - 1) / 2 - j)) for j in range(n)] for i, n in enumerate(drawn)]
    for i in range(len(gaps)):
        dW = weight_gradients and weight_gradients[i]
        _draw_weights(ax, where[i], where[i + 1], weights and weights[i], dW, written=few)
    for i, layer in enumerate(where):
        for j, center in enumerate(layer):
            _draw_neuron(ax, center, values and values[i][j], gradients and gradients[i][j])
        dots = "⋮\n" if sizes[i] > MOST_NEURONS else ""
        ax.text(across * i, layer[-1][1] - RADIUS - 0.4, dots + names[i], ha="center", va="top")
    ax.set(xlim=(-0.7, across * len(gaps) + 0.7), ylim=(-height - 1, height), aspect="equal")
    ax.axis("off")
    return ax


def _per_layer(who: str, name: str, arrays, shapes) -> list[np.ndarray] | None:
    if arrays is None:
        return None
    if len(arrays) != len(shapes):
        raise ValueError(f"{who} expected {len(shapes)} arrays of {name}, got {len(arrays)}")
    return [
        check_array(who, f"{name}[{i}]", a, shape=s)
        for i, (a, s) in enumerate(zip(arrays, shapes, strict=True))
    ]


def _draw_neuron(ax: Axes, center: tuple[float, float], value, gradient) -> None:
    ax.add_patch(Circle(center, RADIUS, fc="white", ec="black", lw=1.2, zorder=3))
    if value is not None:
        ax.text(*center, f"{value:.2f}", ha="center", va="center", fontsize=8, zorder=4)
    if gradient is not None:
        x, y = center
        ax.text(
            x,
            y - RADIUS - 0.03,
            f"∂ {gradient:.3f}",
            ha="center",
            va="top",
            fontsize=8,
            color=VERMILION,
            zorder=4,
        )


def _draw_weights(ax: Axes, left: list, right: list, W, dW, *, written: bool) -> None:
    """Draw the lines of one gap: thicker for larger weights, dashed for negative ones."""
    most = 1.0 if W is None else np.abs(W).max() or 1.0
    places = np.linspace(0.3, 0.66, len(left))  # of the texts: lines that cross get different ones
    for j, (x0, y0) in enumerate(left):
        for k, (x1, y1) in enumerate(right):
            w = None if W is None else W[j, k]
            width = 0.8 if w is None else 0.3 + 2.2 * abs(w) / most
            negative = w is not None and w < 0
            ax.plot(
                [x0, x1],
                [y0, y1],
                color=ORANGE if negative else BLUE,
                ls="--" if negative else "-",
                lw=width,
                zorder=1,
            )
            text = ([] if w is None else [f"{w:.2f}"]) + ([] if dW is None else [f"∂ {dW[j, k]:.3f}"])
            if written and text:
                box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.85}
                xy = (x0 + places[j] * (x1 - x0), y0 + places[j] * (y1 - y0))
                ax.text(*xy, "\n".join(text), ha="center", va="center", fontsize=7, bbox=box, zorder=2)


def shapes_diagram(*parts: str | tuple[str, tuple[int, ...]], ax=None) -> Axes:
    """Draw an equation of matrices as rectangles in proportion to their shapes.

    `shapes_diagram(("X", (5, 3)), "@", ("W", (3, 4)), "+", ("b", (4,)), "=", ("Y", (5, 4)))`; a vector
    (n,) is drawn as one row. Raises: ValueError where two factors of "@" do not fit.
    """
    who = "shapes_diagram"
    boxes = [part if isinstance(part, str) else _name_and_shape(who, part) for part in parts]
    if not any(isinstance(box, tuple) for box in boxes):
        raise ValueError(f"{who} expected at least one (name, shape), got {parts!r}")
    for a, sign, b in zip(boxes, boxes[1:], boxes[2:], strict=False):
        if sign == "@" and a[1][-1] != b[1][0]:
            raise ValueError(
                f"{who} expected equal inner sizes in {a[0]} @ {b[0]}, got {a[1]} @ {b[1]}: "
                f"{a[1][-1]} columns against {b[1][0]} rows"
            )
    unit = max(max(box[1]) for box in boxes if isinstance(box, tuple))
    ax, x = _axes(ax), 0.0
    for box in boxes:
        if isinstance(box, str):
            ax.text(x + 0.15, 0, box, ha="center", va="center", fontsize=14)
            x += 0.3
            continue
        name, shape = box
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        w, h = max(columns / unit, 0.03), max(rows / unit, 0.03)
        width = max(w, 0.35)  # room for the text below
        corner = (x + (width - w) / 2, -h / 2)
        ax.add_patch(
            Rectangle(corner, w, h, fc=SKY, alpha=0.4, ec="black", hatch="" if len(shape) == 2 else "//")
        )
        ax.text(x + width / 2, h / 2 + 0.04, f"${name}$", ha="center", va="bottom", fontsize=13)
        ax.text(
            x + width / 2, -h / 2 - 0.04, str(shape).replace(" ", "\u2009"), ha="center", va="top", fontsize=9
        )
        x += width
    ax.set(xlim=(-0.05, x + 0.05), ylim=(-0.75, 0.75), aspect="equal")
    ax.axis("off")
    return ax


def _name_and_shape(who: str, part) -> tuple[str, tuple[int, ...]]:
    if not (
        isinstance(part, tuple) and len(part) == 2 and isinstance(part[1], tuple) and len(part[1]) in (1, 2)
    ):
        raise TypeError(f'{who} expected parts like "@" or ("W", (3, 4)), got {describe(part)}')
    return str(part[0]), tuple(check_count(who, f"a size of {part[0]}", n) for n in part[1])


# ---------------------------------------------------------------------------------------- images


def images(X, *, titles: Sequence | None = None, columns: int | None = None, shape=None, ax=None) -> Axes:
    """Draw images side by side, dark for large values, with a title above each.

    X: (m, height, width), or (m, height · width) with `shape` (height, width), by default square.
    """
    X = _as_images("images", X, shape)
    return _mosaic("images", X, titles, columns, ax, cmap="gray_r")


def mistakes(X, y, probabilities, *, most: int = 30, shape=None, ax=None) -> Axes:
    """Draw the images that were taken for another class, worst first: "true → predicted, its probability".

    The worst are those whose true class was given the least probability. X: as `images`; y: labels (m,);
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
    ax = _axes(ax)
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
    ax = _axes(ax)
    for i, image in enumerate(X):
        top, left = (i // columns) * (height + head) + head, (i % columns) * (width + gap)
        canvas[top : top + height, left : left + width] = image
        if titles is not None:
            ax.text(left + width / 2 - 0.5, top - 0.8, str(titles[i]), ha="center", va="bottom", fontsize=9)
    ax.imshow(canvas, interpolation="nearest", **style)
    ax.axis("off")
    return ax
