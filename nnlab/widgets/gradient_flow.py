"""The gradient-flow explorer: what is left of a signal going forward, and of its gradient coming back."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from nnlab import initializers
from nnlab._check import check_array
from nnlab.layers import MLP, Linear
from nnlab.plots import BLUE, GRAY, ORANGE, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.activation import ACTIVATIONS
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels


def _two_over_n(shape: Any, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: Any) -> np.ndarray:
    return initializers.normal(2 / fan_in)(shape, fan_in, fan_out, rng, dtype)


STARTS: dict[str, initializers.Initializer] = {
    "he_normal": initializers.he_normal,
    "xavier_normal": initializers.xavier_normal,
    "torch_uniform": initializers.torch_uniform,
    "2/n as std (a mistake)": _two_over_n,
    "std 1": initializers.normal(1.0),
}


TITLES = ("rms of the signal, forward", "rms of the gradient, backward", "rms of dW, for the weights")


def gradient_flow_explorer(
    X: Any = None,
    *,
    activation: str = "Sigmoid",
    weight_init: str = "xavier_normal",
    gain: float = 1.0,
    depth: int = 20,
    width: int = 50,
    seed: int = 0,
) -> Explorer:
    """Return controls for a deep network, with the size of signal and gradient at each of its layers.

    X: a batch (m, n_in) of your own, by default 32 rows from N(0, 1); the gradient that arrives at the
    last layer is drawn at random. gain multiplies the starting weights.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "gradient_flow_explorer"
    settings = [
        controls.choice(who, "activation", "activation", activation, "Sigmoid", list(ACTIVATIONS)),
        controls.choice(who, "weight_init", "starting weights", weight_init, "xavier_normal", list(STARTS)),
        controls.number(who, "gain", "gain (× weights)", gain, 1.0, 0.25, 4.0, 0.05),
        controls.count(who, "depth", "depth (layers)", depth, 20, 2, 50),
        controls.count(who, "width", "units per layer", width, 50, 2, 200),
        controls.count(who, "seed", "seed", seed, 0, 0, 99),
    ]
    scene = FlowScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene, X),
        title="Gradient-flow explorer",
        advice="find the gain at which the gradient of a Tanh network stays level, then add layers. Which "
        "starting weights does ReLU need, and what does 2/n in place of its root do to all three pictures?",
        given=[] if X is None else ["X"],
    )


def _show(
    scene: FlowScene,
    X: Any,
    turn: Turn,
    *,
    activation: str,
    weight_init: str,
    gain: float,
    depth: int,
    width: int,
    seed: int,
) -> str:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((32, width)) if X is None else _batch(X)

    def scaled(shape: Any, fan_in: int, fan_out: int, rng: np.random.Generator, dtype: Any) -> np.ndarray:
        return gain * STARTS[weight_init](shape, fan_in, fan_out, rng, dtype)

    sizes = [X.shape[1]] + [width] * depth
    network = MLP(sizes, activation=ACTIVATIONS[activation], weight_init=scaled, rng=rng)
    signals, gradients, updates = _sizes(network, X, rng)

    scene.draw(signals, gradients, updates)
    if not signals[-1] or not gradients[0]:
        return "At some layer nothing is left: every unit is switched off."
    changes = signals[-1] / signals[0], gradients[0] / gradients[-1]
    forward, back = (change ** (1 / (depth - 1)) for change in changes)
    return (
        f"From layer 1 to {depth} the signal changes by ×{changes[0]:.1e} (×{forward:.2f} per "
        f"layer); on the way back the gradient changes by ×{changes[1]:.1e} "
        f"(×{back:.2f} per layer)."
    )


def _batch(X: Any) -> np.ndarray:
    return check_array("gradient_flow_explorer", "X", X, shape=("m", "n_in")).astype(np.float64)


def _sizes(network: MLP, X: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return the root mean squares of Y, dY and dW at every linear layer, from the input on."""
    signals, gradients, updates = [], [], []
    for layer in network.layers:
        X = layer.forward(X)
        if isinstance(layer, Linear):
            signals.append(_rms(X))
    dY = rng.standard_normal(X.shape)
    for layer in reversed(network.layers):
        if isinstance(layer, Linear):
            gradients.append(_rms(dY))
        dY = layer.backward(dY)
        if isinstance(layer, Linear):
            updates.append(_rms(layer.W.grad))
    return np.array(signals), np.array(gradients[::-1]), np.array(updates[::-1])


def _rms(A: Any) -> float:
    return float(np.sqrt(np.mean(A**2)))


class FlowScene:
    """Three sizes per layer, by their powers of ten: a logarithmic axis without its slow ticks."""

    def __init__(self):
        self.picture = Picture(9.2, 3.1)
        looks = ((BLUE, "o"), (VERMILION, "s"), (ORANGE, "^"))
        self._lines: list[Any] = []
        self._levels: list[Any] = []
        for ax, (color, marker) in zip(
            panels(self.picture.figure, TITLES, left=0.07, wspace=0.3), looks, strict=True
        ):
            self._lines += ax.plot([], [], color=color, marker=marker, ms=4)
            self._levels.append(ax.axhline(0, color=GRAY, ls=":", lw=1))
            ax.set(xlabel="layer (1 is next to the input)")
            ax.yaxis.set_major_formatter(lambda power, _: f"{10.0**power:.0e}")
            ax.grid(color="0.9")
        self.picture.move(*self._levels, *self._lines)

    def draw(self, *sizes: np.ndarray) -> None:
        """Set the lines, and a level at the layer from which each starts."""
        parts = zip(self.picture.figure.axes, self._lines, self._levels, sizes, (0, -1, -1), strict=True)
        for ax, line, level, values, start in parts:
            powers = np.log10(values, where=values > 0, out=np.full(len(values), np.nan))
            line.set_data(np.arange(1, len(values) + 1), powers)
            first = powers[start] if np.isfinite(powers[start]) else 0.0
            level.set_ydata([first, first])
            known = powers[np.isfinite(powers)] if np.isfinite(powers).any() else np.zeros(1)
            # Four steps of whole powers of ten: the frame seldom changes, and small noise looks small.
            low = np.floor(known.min() - 0.5)
            ticks = low + np.arange(5) * max(1, np.ceil((known.max() + 0.2 - low) / 4))
            ax.set(ylim=ticks[[0, -1]], yticks=ticks, xlim=(0, len(values) + 1))
