"""The surface explorer: the paths that SGD, momentum and Adam take downhill, at one learning rate."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlab._check import check_function, check_number
from nnlab.gradcheck import numerical_gradient
from nnlab.layers import Parameter
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.plots import BLUE, GREEN, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

Surface = Callable[[float, float], float]
SURFACES: dict[str, Surface] = {
    "valley": lambda w1, w2: 0.5 * (0.2 * w1**2 + 4 * w2**2),
    "banana": lambda w1, w2: 0.2 * (1 - w1) ** 2 + (w2 - 0.5 * w1**2) ** 2,
    "saddle": lambda w1, w2: 0.5 * w1**2 - w2**2 + 0.1 * w2**4,
    "two minima": lambda w1, w2: 0.1 * (w1**2 - 4) ** 2 + 0.2 * w1 + 0.5 * w2**2,
}
PATHS = {"SGD": ("-", "o", BLUE), "momentum": ("--", "s", VERMILION), "Adam": ("-.", "^", GREEN)}
TITLES = ("the surface from above", "height on the way")
REACH = 4.0  # both weights are shown from -REACH to REACH
SIDE = 60  # of the grid on which the surface is drawn


def surface_explorer(
    surface: Any = "valley",
    *,
    learning_rate: float = 0.1,
    momentum: float = 0.9,
    steps: int = 40,
    w1: float = -3.5,
    w2: float = 2.0,
) -> Explorer:
    """Return controls for three optimizers that walk downhill on a surface from the same start (w1, w2).

    surface: "valley", "banana", "saddle" or "two minima"; or your own function of two numbers.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "surface_explorer"
    settings = [
        controls.named_or_own(who, "surface", surface, list(SURFACES), code="f"),
        controls.logarithmic(who, "learning_rate", "learning rate", learning_rate, 0.1, (-3, 1)),
        controls.number(who, "momentum", "momentum", momentum, 0.9, 0.0, 0.99, 0.01),
        controls.count(who, "steps", "steps", steps, 40, 1, 200),
        controls.number(who, "w1", "start: w₁", w1, -3.5, -REACH, REACH, 0.1),
        controls.number(who, "w2", "start: w₂", w2, 2.0, -REACH, REACH, 0.1),
    ]
    scene = SurfaceScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene),
        title="Learning-rate explorer",
        advice="raise the learning rate until SGD jumps from wall to wall of the valley, and on until it "
        "leaves. Which of the three suffers least? Which is stopped by the saddle when it starts at w₂ = 0?",
    )


def _show(
    scene: SurfaceScene,
    turn: Turn,
    *,
    surface: Any,
    learning_rate: float,
    momentum: float,
    steps: int,
    w1: float,
    w2: float,
) -> str:
    f = scene.surface(surface)
    makers: dict[str, Callable[[Parameter], Optimizer]] = {
        "SGD": lambda p: SGD([p], learning_rate),
        "momentum": lambda p: SGD([p], learning_rate, momentum=momentum),
        "Adam": lambda p: Adam([p], learning_rate),
    }
    paths = {name: walk(f, (w1, w2), make, steps) for name, make in makers.items()}
    heights = {name: np.array([f(*w) for w in path]) for name, path in paths.items()}
    scene.draw(paths, heights, steps)
    told = []
    for name, path in paths.items():
        left = len(path) <= steps
        told.append(f"{name} " + (f"diverged at step {len(path)}" if left else f"at {heights[name][-1]:.3g}"))
    return f"Height at the start {heights['SGD'][0]:.3g}; after {steps} steps: {', '.join(told)}."


def walk(
    f: Surface, start: tuple[float, float], make: Callable[[Parameter], Optimizer], steps: int
) -> np.ndarray:
    """Return the path (steps + 1, 2) of an optimizer; it ends before a step that leaves for good."""
    w = Parameter(np.array(start, float))
    optimizer, path = make(w), [w.value.copy()]
    for _ in range(steps):
        w.grad = numerical_gradient(lambda v: f(*v), w.value, eps=1e-5)
        optimizer.step()
        if np.abs(w.value).max() > 10 * REACH:
            break
        path.append(w.value.copy())
    return np.array(path)


class SurfaceScene:
    """The surface with the three paths on it, and their heights over the steps."""

    def __init__(self):
        self.picture = Picture(9.2, 3.6)
        self._surface: Any = None

    def surface(self, surface: Any) -> Surface:
        """Return the surface as a function, and set the scene for it unless it is set."""
        if self._surface is None or surface is not self._surface:
            self._surface = None
            f = SURFACES[surface] if isinstance(surface, str) else _checked(surface)
            self._set(f)
            self._surface, self._f = surface, f
        return self._f

    def _set(self, f: Surface) -> None:
        plane, right = panels(self.picture.clear(), TITLES, ratios=[1.2, 1], wspace=0.16, bottom=0.13)
        self._right, self._lowest = right, _draw_surface(plane, f)
        self._paths: dict[str, Any] = {}
        self._heights: dict[str, Any] = {}
        for name, (dashes, marker, color) in PATHS.items():
            style: dict[str, Any] = {"ls": dashes, "marker": marker, "color": color, "ms": 4, "lw": 1.3}
            (self._paths[name],) = plane.plot([], [], **style)
            (self._heights[name],) = right.plot([], [], label=name, **style)
        (self._start,) = plane.plot([], [], "o", ms=12, mfc="none", mec="black")
        right.set(xlabel="step")
        right.grid(color="0.9")
        right.legend(loc="upper right", frameon=False, fontsize=9)
        self.picture.move(*self._paths.values(), *self._heights.values(), self._start)

    def draw(self, paths: dict, heights: dict, steps: int) -> None:
        """Set the moving parts; a path that diverged is gray."""
        start = heights["SGD"][0]
        span = max(start - self._lowest, 1e-3)
        self._right.set(xlim=(0, steps), ylim=(self._lowest - 0.05 * span, start + 0.4 * span))
        self._start.set_data(*paths["SGD"][:1].T)
        for name, (_, _, color) in PATHS.items():
            self._paths[name].set_data(*paths[name].T)
            self._heights[name].set_data(np.arange(len(heights[name])), heights[name])
            for line in (self._paths[name], self._heights[name]):
                line.set_color("0.55" if len(paths[name]) <= steps else color)


def _draw_surface(ax: Any, f: Surface) -> float:
    """Draw level lines of f, at quantiles so that flat parts show too, and return its lowest value."""
    side = np.linspace(-REACH, REACH, SIDE)
    Z = np.array([[f(w1, w2) for w1 in side] for w2 in side])
    levels = np.unique(np.quantile(Z, np.linspace(0, 1, 16)))
    if len(levels) > 1:
        ax.contourf(side, side, Z, levels, cmap="Greys", alpha=0.5)
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xlabel="w₁", ylabel="w₂")
    return float(Z.min())


def _checked(surface: Any) -> Surface:
    """Return a reader's function, with a check that it returns numbers."""
    who = "surface_explorer"
    check_function(who, "surface", surface, "lambda w1, w2: w1**2 + w2**2")
    return lambda w1, w2: check_number(who, f"the surface at ({w1:.3g}, {w2:.3g})", surface(w1, w2))
