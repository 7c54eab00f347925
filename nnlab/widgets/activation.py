"""The activation explorer: a function, its slope, and where it lets hardly anything through."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from nnlab._check import check_array, describe
from nnlab.layers import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.plots import BLUE, GRAY, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

ACTIVATIONS = {layer.__name__: layer for layer in (Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SiLU, GELU)}
FLAT = 0.1  # a slope smaller than this counts as saturated
REACH = 8.0  # inputs are shown from -REACH to REACH


def activation_explorer(
    activation: Any = "Sigmoid", *, z: float = 1.0, spread: float = 1.0, inputs: Any = None
) -> Explorer:
    """Return controls for an activation: its value and slope at z, and where inputs saturate it.

    activation: a name such as "Tanh", or an activation of your own; inputs: the numbers (any shape) that
    arrive at it, by default drawn from N(0, 1); they are multiplied by spread.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "activation_explorer"
    settings = [
        controls.named_or_own(who, "activation", activation, list(ACTIVATIONS)),
        controls.number(who, "z", "input z", z, 1.0, -REACH, REACH, 0.1),
        controls.number(who, "spread", "spread (× inputs)", spread, 1.0, 0.1, 8.0, 0.1),
    ]
    scene = ActivationScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene, inputs),
        title="Activation explorer",
        advice="move z to where the tangent is flat. Then widen the inputs: at what spread are half of them "
        "in the gray, saturated region of the sigmoid? Is there such a spread for ReLU?",
        given=[] if inputs is None else ["inputs=inputs"],
    )


def _show(
    scene: ActivationScene, inputs: Any, turn: Turn, *, activation: Any, z: float, spread: float
) -> str:
    layer = scene.layer(activation)
    arriving = spread * _inputs(inputs)
    (value,), (slope,) = both(layer, np.array([z]))
    scene.draw(z, value, slope, arriving)
    _, felt = both(layer, arriving)
    saturated, mean = np.mean(np.abs(felt) < FLAT), np.mean(np.abs(felt))
    return (
        f"{type(layer).__name__}({z:.1f}) = {value:.3f}, slope {slope:.3f}. Of the inputs that arrive, "
        f"{saturated:.0%} are saturated; the mean size of the slope is {mean:.2f}, "
        f"over ten layers {mean**10:.0e}."
    )


class ActivationScene:
    """The function with its tangent at z, and its slope over the inputs that arrive."""

    def __init__(self):
        self.picture = Picture(9.2, 3.1)
        self._activation: Any = None

    def layer(self, activation: Any) -> Activation:
        """Return the activation as a layer, and set the scene for it unless that is done."""
        if self._activation is None or activation is not self._activation:
            self._activation = None
            layer = _layer(activation)
            self._set(layer)
            self._activation, self._layer = activation, layer
        return self._layer

    def _set(self, layer: Activation) -> None:
        x = np.linspace(-REACH, REACH, 401)
        values, slopes = both(layer, x)
        left, right = panels(self.picture.clear(), ("the function", "its slope, and the inputs"), wspace=0.12)
        left.plot(x, values, color=BLUE, label=f"{type(layer).__name__}(z)")
        (self._tangent,) = left.plot([], [], color=VERMILION, ls="--", lw=1.3, label="tangent at z")
        left.set(ylim=(values.min() - 0.3, min(values.max(), 4.0) + 0.5))
        self._arriving = right.stairs(
            [0], [0, 1], fill=True, color="0.75", label="inputs that arrive (counts)"
        )
        (curve,) = right.plot(x, slopes, color=BLUE, ls="-.", label="slope")
        right.set(ylim=(min(-0.2, slopes.min()), max(1.45, slopes.max() + 0.45)))
        for ax in (left, right):
            flat = {"where": np.abs(slopes) < FLAT, "transform": ax.get_xaxis_transform()}
            ax.fill_between(x, 0, 1, color="0.93", zorder=0, **flat)
            ax.axhline(0, color=GRAY, lw=0.6)
            ax.set(xlim=(-REACH, REACH), xlabel=f"z (gray ground: slope between −{FLAT} and {FLAT})")
            ax.locator_params(nbins=5)
            ax.legend(loc="upper left", fontsize=9, frameon=False)
        self._dots = [ax.plot([], [], "o", color=VERMILION, ms=8)[0] for ax in (left, right)]
        self.picture.move(self._arriving, curve, self._tangent, *self._dots)

    def draw(self, z: float, value: float, slope: float, arriving: np.ndarray) -> None:
        """Set the moving parts."""
        ends = np.array([-REACH, REACH])
        self._tangent.set_data(ends, value + slope * (ends - z))
        for dot, height in zip(self._dots, (value, slope), strict=True):
            dot.set_data([z], [height])
        counts, edges = np.histogram(arriving, bins=np.linspace(-REACH, REACH, 49))
        self._arriving.set_data(counts / max(counts.max(), 1), edges)


def _layer(activation: Any) -> Activation:
    layer = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
    if not isinstance(layer, Activation) or isinstance(layer, Softmax):
        raise TypeError(
            "activation_explorer expected an activation of one number such as Tanh() or its name, "
            f"got {describe(layer)}"
        )
    return layer


def _inputs(inputs: Any) -> np.ndarray:
    if inputs is None:
        return np.random.default_rng(0).standard_normal(2000)
    inputs = check_array("activation_explorer", "inputs", inputs).ravel().astype(np.float64)
    if not inputs.size:
        raise ValueError("activation_explorer expected at least one number in inputs, got none")
    return inputs


def both(layer: Activation, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values and the slopes at z (m,)."""
    values = layer.forward(z[:, None])[:, 0]
    return values, layer.backward(np.ones((len(z), 1)))[:, 0]
