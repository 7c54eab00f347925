"""The training explorer: a network is retrained on points in the plane while you drag."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.collections import LineCollection

from nnlab._check import check_array, check_labels, describe
from nnlab.initializers import he_normal, xavier_normal
from nnlab.layers import (
    ELU,
    GELU,
    MLP,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, RMSprop
from nnlab.plots import BLUE, MARKERS, ORANGE, PALETTE
from nnlab.training import History, fit
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Follow, Picture, Turn, panels
from nnlab.widgets.plane import SIDE, borders, grid, shade

ACTIVATIONS = {layer.__name__: layer for layer in (Tanh, ReLU, Sigmoid, LeakyReLU, ELU, SiLU, GELU)}
OPTIMIZER_CHOICES: dict[str, Callable] = {
    "SGD": SGD,
    "momentum": functools.partial(SGD, momentum=0.9),
    "RMSprop": RMSprop,
    "Adam": Adam,
}
NAMES = ("circles", "moons", "xor", "blobs", "spirals")
BATCHES = {"all points": None, "64": 64, "32": 32, "16": 16, "8": 8, "1": 1}
TOPS = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)  # of the loss axis: few, so that it seldom changes
TITLES = ("what it says about the plane", "loss (nats)", "what the last hidden units see")
BLANK = np.zeros((2, 2, 3), np.uint8)
COLORS, GRAYS = (
    (255 * colormaps[name](np.arange(256))[:, :3]).astype(np.uint8) for name in ("cividis", "gray")
)


def training_explorer(
    data: Any = "circles",
    *,
    learning_rate: float = 0.03,
    hidden_size: int = 16,
    depth: int = 1,
    activation: str = "Tanh",
    optimizer: str = "Adam",
    batch_size: int | None = None,
    epochs: int = 200,
    noise: float = 0.1,
    seed: int = 0,
) -> Explorer:
    """Return controls for the training of a small network on points, with what it has learned.

    data: "circles", "moons", "xor", "blobs" or "spirals", 200 points each; or your own (X, y),
    X: (m, 2), y: (m,) integer labels. A quarter is held out for validation. noise is for generated data only.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "training_explorer"
    settings = [
        controls.named_or_own(who, "data", data, list(NAMES), own="your data", code="(X, y)"),
        controls.logarithmic(who, "learning_rate", "learning rate", learning_rate, 0.03, (-4, 2)),
        controls.count(who, "hidden_size", "hidden units (each)", hidden_size, 16, 1, 64),
        controls.count(who, "depth", "hidden layers", depth, 1, 1, 4),
        controls.choice(who, "activation", "activation", activation, "Tanh", list(ACTIVATIONS)),
        controls.choice(who, "optimizer", "optimizer", optimizer, "Adam", list(OPTIMIZER_CHOICES)),
        controls.choice(who, "batch_size", "batch (points)", batch_size, None, BATCHES),
        controls.count(who, "epochs", "epochs", epochs, 200, 10, 1000, 10),
        controls.number(who, "noise", "noise (std. dev.)", noise, 0.1, 0.0, 0.5, 0.01),
        controls.count(who, "seed", "seed", seed, 0, 0, 99),
    ]
    scene = PointsScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_train, scene),
        title="Training explorer",
        advice="raise the learning rate until the loss no longer falls smoothly; then take ReLU with SGD "
        "and go on until it diverges. How few hidden units separate the circles, and how many do the spirals "
        "need? Hollow points are held out for validation.",
        trains=True,
    )


# ---------------------------------------------------------------------------------------- the points


@dataclass(frozen=True)
class Points:
    """Points in the plane, their labels, and which of them are held out for validation."""

    X: np.ndarray
    y: np.ndarray
    held_out: np.ndarray  # (m,) of bool
    n_classes: int

    @classmethod
    def of(cls, data: Any, noise: float, seed: int) -> Points:
        """Make or check the points.

        Raises: ValueError, TypeError for data from which nothing can be learned.
        """
        rng = np.random.default_rng(seed)
        X, y = _made(data, noise, rng) if isinstance(data, str) else _checked(data)
        held_out = np.zeros(len(y), bool)
        held_out[rng.permutation(len(y))[: max(1, len(y) // 4)]] = True
        return cls(X, y, held_out, int(y.max()) + 1)

    def scaled(self, X: np.ndarray) -> np.ndarray:
        """Return inputs as the network sees them: standardized by the training part, in float32."""
        seen = self.X[~self.held_out]
        deviation = seen.std(axis=0)
        return ((X - seen.mean(axis=0)) / np.where(deviation > 0, deviation, 1)).astype(np.float32)


def _made(name: str, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    from nnlab.datasets import points  # here: it needs scikit-learn, which takes a while to load

    if name == "blobs":  # centers at radius 1 and noise in the same unit, as in the others
        X, y = points.make_blobs(200, noise=4 * noise, rng=rng)
        return X / 4, y
    return getattr(points, f"make_{name}")(200, noise=noise, rng=rng)


def _checked(data: Any) -> tuple[np.ndarray, np.ndarray]:
    who = "training_explorer"
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"{who} expected data as a name or a pair (X, y), got {describe(data)}")
    X = check_array(who, "X", data[0], shape=("m", 2)).astype(np.float64)
    y = check_labels(who, "y", data[1], len(X), len(PALETTE))
    if len(np.unique(y)) < 2:
        raise ValueError(f"{who} expected points of at least two classes, got {len(y)} of class {y[0]} alone")
    return X, y


# ---------------------------------------------------------------------------------------- the training


def _train(
    scene: PointsScene,
    turn: Turn,
    *,
    data: Any,
    noise: float,
    seed: int,
    epochs: int,
    batch_size: int | None,
    **network: Any,
) -> str:
    """Train from the start, and draw; return the readout."""
    points = scene.points(data, noise, seed)
    run = PointsRun(points, seed=seed, **network)

    def show(history: History) -> str:
        scene.draw(run, history, epochs)
        return run.readout(history, epochs)

    history = fit(
        run.network,
        run.X,
        run.y,
        loss=softmax_cross_entropy,
        optimizer=run.optimizer,
        epochs=epochs,
        batch_size=None if batch_size is None else min(batch_size, len(run.y)),
        rng=np.random.default_rng(seed),
        callbacks=[Follow(turn, epochs, run.validate, show)],
    )
    return show(history)


class PointsRun:
    """A network, its optimizer and its data, and the validation loss after each epoch."""

    def __init__(
        self,
        points: Points,
        *,
        learning_rate: float,
        hidden_size: int,
        depth: int,
        activation: str,
        optimizer: str,
        seed: int,
    ):
        scaled = points.scaled(points.X)
        self.points = points
        self.X, self.y = scaled[~points.held_out], points.y[~points.held_out]
        self._held_out = scaled[points.held_out], points.y[points.held_out]
        self.network = MLP(
            [2, *[hidden_size] * depth, points.n_classes],
            activation=ACTIVATIONS[activation],
            weight_init=xavier_normal if activation in ("Tanh", "Sigmoid") else he_normal,
            rng=np.random.default_rng(seed),
            dtype=np.float32,
        )
        self.optimizer = OPTIMIZER_CHOICES[optimizer](self.network.parameters(), lr=learning_rate)
        self.validation: list[float] = []

    @np.errstate(over="ignore")
    def validate(self) -> None:
        """Measure the validation loss; `fit` itself would keep the best weights, and hide what came later."""
        X, y = self._held_out
        self.validation.append(softmax_cross_entropy(self.network.forward(X), y)[0])

    def diverged_at(self, history: History) -> int | None:
        """Return the step at which it diverged, if it did."""
        return diverged_at(history, np.log(self.points.n_classes), self.optimizer.t)

    def readout(self, history: History, epochs: int) -> str:
        """Say how it went."""
        right = [accuracy(self.network.forward(X), y) for X, y in ((self.X, self.y), self._held_out)]
        told = f"accuracy {right[0]:.0%} in training, {right[1]:.0%} in validation"
        if history.diverged_at is not None:
            return f"Diverged at step {history.diverged_at}: infinite. The best weights before: {told}."
        if (step := self.diverged_at(history)) is not None:
            return f"Diverged at step {step}: the loss stays at more than twice that of guessing; {told}."
        loss = f"loss {history['loss'][-1]:.3f} in training, {self.validation[-1]:.3f} in validation"
        return f"After {len(history)} of {epochs} epochs: {loss}; {told}."


def diverged_at(history: History, guessing: float, steps: int) -> int | None:
    """Return the step at which a number became infinite, or after which the loss stayed above twice guessing.

    guessing: the loss of knowing nothing; steps: how many were taken in all.
    """
    if history.diverged_at is not None or len(history) < 10:
        return history.diverged_at
    hopeless = np.array(history["loss"]) > 2 * guessing
    if not hopeless[-(len(history) // 5) :].all():
        return None
    last_good = 0 if hopeless.all() else len(history) - int(np.argmin(hopeless[::-1]))
    return last_good * (steps // len(history)) + 1


# ---------------------------------------------------------------------------------------- the drawing


class PointsScene:
    """Three panels, whose frames are drawn once per data set: the plane, the losses, the hidden units."""

    def __init__(self):
        self.picture = Picture(9.2, 3.1)
        self._made_of: tuple | None = None

    def points(self, data: Any, noise: float, seed: int) -> Points:
        """Return the points, and set the scene for them unless it is set."""
        made_of = (data if isinstance(data, str) else id(data), noise, seed)
        if made_of != self._made_of:
            self._made_of = None
            points = Points.of(data, noise, seed)
            axes = panels(self.picture.clear(), TITLES, left=0.055, wspace=0.16)
            self._plane, self._losses, self._units = Plane(axes[0], points), Losses(axes[1]), Units(axes[2])
            self.picture.move(*self._plane.moving, *self._losses.moving, *self._units.moving)
            self._points, self._made_of = points, made_of
        return self._points

    def draw(self, run: PointsRun, history: History, epochs: int) -> None:
        """Show what the network does now."""
        H = self._plane.grid
        for layer in run.network.layers[:-1]:
            H = layer.forward(H)
        P = Softmax().forward(run.network.layers[-1].forward(H))
        diverged_at = run.diverged_at(history)
        self._plane.draw(P, diverged_at)
        losses = (history.metrics.get("loss", []), run.validation)
        self._losses.draw(losses, epochs, gray=diverged_at is not None)
        self._units.draw(H, gray=diverged_at is not None)


class Plane:
    """The points, and behind them what the network says about every point of a grid."""

    def __init__(self, ax: Any, points: Points):
        low, high = points.X.min(axis=0), points.X.max(axis=0)
        margin = np.where(high > low, 0.08 * (high - low), 1.0)
        self._x1, self._x2, every = grid(low - margin, high + margin)
        self.grid = points.scaled(every)
        extent = (self._x1[0], self._x1[-1], self._x2[0], self._x2[-1])
        self._shade = ax.imshow(BLANK, extent=extent, origin="lower", aspect="auto", interpolation="bilinear")
        self._border = LineCollection([], colors="black", linewidths=1.5)
        ax.add_collection(self._border, autolim=False)
        dots = [dot for k in range(points.n_classes) for dot in _scatter(ax, points, k)]
        place = {"transform": ax.transAxes, "ha": "center", "va": "center"}
        box = {"fc": "white", "ec": "0.4", "pad": 4}
        self._note = ax.text(0.5, 0.5, "", weight="bold", bbox=box, **place)
        ax.set(xlabel="x₁", ylabel="x₂")
        ax.locator_params(nbins=4)
        self.moving = [self._shade, self._border, *dots, self._note]

    def draw(self, P: np.ndarray, diverged_at: int | None) -> None:
        """Show class probabilities (SIDE², n); in gray after a divergence, with its step."""
        self._shade.set_data(shade(P, gray=diverged_at is not None))
        self._border.set_segments(borders(self._x1, self._x2, P))
        self._note.set_text(f"diverged at step {diverged_at}")
        self._note.set_visible(diverged_at is not None)


class Losses:
    """The losses of training and validation over the epochs; at_least: a height that must be visible."""

    def __init__(self, ax: Any, at_least: float = 0.0):
        (training,) = ax.plot([], [], color=BLUE, ls="-", label="training")
        (validation,) = ax.plot([], [], color=ORANGE, ls="--", label="validation")
        ax.set(xlabel="epoch")
        ax.ticklabel_format(axis="y", scilimits=(-3, 3))  # long numbers would not fit
        ax.grid(color="0.9")
        ax.legend(loc="upper right", frameon=False, fontsize=9)
        self._ax, self._at_least, self.moving = ax, at_least, [training, validation]

    def draw(self, curves: tuple[list[float], list[float]], epochs: int, *, gray: bool) -> None:
        """Show the two curves; limits and ticks change only with their range."""
        known = [loss for loss in itertools.chain(*curves) if np.isfinite(loss)]
        top = _top(max([self._at_least, *known]), whole=gray)
        if (self._ax.get_xlim(), self._ax.get_ylim()) != ((0, epochs), (0, top)):
            ticks = {"xticks": [0, epochs // 2, epochs], "yticks": [0, top / 2, top]}
            self._ax.set(xlim=(0, epochs), ylim=(0, top), **ticks)
        for line, curve, color in zip(self.moving, curves, (BLUE, ORANGE), strict=True):
            line.set_data(np.arange(1, len(curve) + 1), curve)
            line.set_color("0.5" if gray else color)


def _top(highest: float, *, whole: bool) -> float:
    """Return where the axis of losses ends: it may cut off a spike, but not a whole divergence."""
    if not whole:
        return next((top for top in TOPS if top >= highest), TOPS[-1])
    room = highest / 0.6  # the legend lies above
    power = 10.0 ** np.floor(np.log10(room))
    return float(next(k * power for k in (1, 2, 5, 10) if k * power >= room))


class Units:
    """A small picture of the plane per hidden unit: dark where its output is lowest, bright where highest."""

    def __init__(self, ax: Any):
        self._tiles = ax.imshow(BLANK, extent=(0, 1, 0, 1), interpolation="nearest")
        ax.axis("off")
        self.moving = [self._tiles]

    def draw(self, H: np.ndarray, *, gray: bool) -> None:
        """Show the outputs (SIDE², n) of the units."""
        n = H.shape[1]
        columns = int(np.ceil(np.sqrt(n)))
        step = 1 if columns <= 2 else 2 if columns <= 4 else 3
        tiles = H.reshape(SIDE, SIDE, n)[::-step, ::step].transpose(2, 0, 1)  # x₂ upwards
        low, high = tiles.min(axis=(1, 2), keepdims=True), tiles.max(axis=(1, 2), keepdims=True)
        levels = (255 * (tiles - low) / np.where(high > low, high - low, 1)).astype(np.uint8)
        side = tiles.shape[1]
        pitch = side + max(1, side // 15)
        canvas = np.full((columns * pitch, columns * pitch, 3), 255, np.uint8)
        for i, tile in enumerate((GRAYS if gray else COLORS)[levels]):
            top, left = (i // columns) * pitch, (i % columns) * pitch
            canvas[top : top + side, left : left + side] = tile
        self._tiles.set_data(canvas)


def _scatter(ax: Any, points: Points, k: int) -> list:
    """Draw class k: filled where in training, hollow where held out."""
    train, held_out = (points.X[(points.y == k) & part] for part in (~points.held_out, points.held_out))
    style = {"s": 18, "marker": MARKERS[k]}
    filled = ax.scatter(*train.T, fc=PALETTE[k], ec="black", lw=0.7, **style)
    return [filled, ax.scatter(*held_out.T, fc="white", ec=PALETTE[k], lw=1.3, **style)]
