"""Curves: an activation and its slope, losses over the epochs, gradients over the layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nnlab._check import check_array, check_number, describe
from nnlab.layers import Activation, Softmax
from nnlab.plots.style import BLUE, PALETTE, VERMILION, axes_of, by_label, line_style
from nnlab.training import History


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
    ax = axes_of(ax)
    ax.axhline(0, color="0.7", lw=0.8)
    ax.axvline(0, color="0.7", lw=0.8)
    ax.plot(x, y, color=BLUE, ls="-", label="function")
    ax.plot(x, slope, color=VERMILION, ls="--", label="derivative")
    ax.set(xlabel="input", title=type(layer).__name__)
    ax.legend()
    return ax


def loss_curves(curves, name: str = "loss", *, log: bool = False, ax=None) -> Axes:
    """Draw a measure over the epochs: {"label": History or list of numbers}, or one of these alone.

    For a History, training is drawn with markers and validation, if there is any, dashed.
    """
    who = "loss_curves"
    lines: list[tuple[str, Sequence[float], dict]] = []
    for i, (label, curve) in enumerate(by_label(who, "curves", curves, "training").items()):
        metrics = curve.metrics if isinstance(curve, History) else {name: curve}
        if name not in metrics:
            raise ValueError(
                f"{who} expected {name!r} in the history {label!r}, got {', '.join(metrics) or 'nothing'}"
            )
        diverged = getattr(curve, "diverged_at", None)
        note = f" (diverged at step {diverged})" if diverged else ""
        lines.append((label + note, metrics[name], line_style(i, len(metrics[name])) | {"ls": "-"}))
        if f"val_{name}" in metrics:
            held_out = "validation" if label == "training" else f"{label}, validation"
            lines.append((held_out, metrics[f"val_{name}"], {"color": PALETTE[i % 8], "ls": "--"}))
    checked = [
        (label, check_array(who, label, v, shape=("epochs",), finite=False), s) for label, v, s in lines
    ]
    ax = axes_of(ax)
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
    for label, values in by_label(who, "norms", norms, "norm").items():
        checked[label] = check_array(who, f"norms {label!r}", values, shape=("layers",))
        check_number(who, f"the smallest norm of {label!r}", checked[label].min(), at_least=0)
    ax = axes_of(ax)
    for i, (label, values) in enumerate(checked.items()):
        ax.plot(np.arange(1, len(values) + 1), values, label=label, **line_style(i, len(values)))
    ax.set(xlabel="layer (1 is next to the input)", ylabel=ylabel, yscale="log")
    ax.legend()
    return ax
