"""The regularization explorer: a network that is too large for its points, and what holds it back."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from nnlab.initializers import he_normal
from nnlab.layers import Dropout, Layer, Linear, ReLU, Sequential, Softmax
from nnlab.layers.state import evaluation_mode
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import AdamW
from nnlab.plots import BLUE
from nnlab.training import EarlyStopping, History, fit
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Follow, Picture, Turn, panels
from nnlab.widgets.train_points import Losses, Plane, Points, diverged_at

NAMES = ("moons", "circles", "xor", "spirals")
TITLES = ("what it says about the plane", "loss (nats)", "share of the weights, log scale")
HIDDEN, EPOCHS, NEW = 64, 300, 400  # units in each of two hidden layers; and points for validation
DECAYS = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
REACH, BINS = 2.0, 60  # of the histogram: from -REACH to REACH


def regularization_explorer(
    data: str = "moons",
    *,
    points: int = 60,
    noise: float = 0.3,
    weight_decay: float = 0.0,
    dropout: float = 0.0,
    patience: int = 0,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> Explorer:
    """Return controls for a network of 2-64-64-2 units (ReLU, AdamW), trained on few and noisy points.

    data: "moons", "circles", "xor" or "spirals". points: how many it learns from; 400 others validate.
    patience: epochs without a better validation loss after which training stops, and the best weights are
    taken back; 0 never stops before the 300th epoch.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "regularization_explorer"
    decays = {f"{decay:g}": decay for decay in DECAYS}
    settings = [
        controls.named_or_own(who, "data", data, list(NAMES)),
        controls.count(who, "points", "points to learn from", points, 60, 10, 300, 10),
        controls.number(who, "noise", "noise (std. dev.)", noise, 0.3, 0.0, 0.5, 0.01),
        controls.choice(
            who, "weight_decay", "weight decay", weight_decay, 0.0, decays, kind=controls.STEPS, write=repr
        ),
        controls.number(who, "dropout", "dropout (probability)", dropout, 0.0, 0.0, 0.8, 0.05),
        controls.count(who, "patience", "patience (0: no stop)", patience, 0, 0, 100, 5),
        controls.logarithmic(who, "learning_rate", "learning rate", learning_rate, 0.01, (-4, 1)),
        controls.count(who, "seed", "seed", seed, 0, 0, 99),
    ]
    scene = Scene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_train, scene),
        title="Regularization explorer",
        advice="as it stands, the network memorizes its 60 points and gets worse on others. Cure it in four "
        "ways, one at a time: more points, weight decay, dropout, patience. Which brings the validation loss "
        "down furthest? Watch what each does to the weights. Then raise the decay until nothing is learned.",
        trains=True,
    )


def _train(
    scene: Scene,
    turn: Turn,
    *,
    data: str,
    points: int,
    noise: float,
    seed: int,
    patience: int,
    **network: float,
) -> str:
    """Train from the start, and draw; return the readout."""
    few, new = scene.points(data, points, noise, seed)
    run = Run(few, new, seed=seed, **network)

    def show(history: History, kept: bool = False) -> str:
        scene.draw(run, history, kept)
        return run.readout(history, kept)

    stops = [EarlyStopping(patience=patience)] if patience else []
    history = fit(
        run.network,
        run.X,
        run.y,
        loss=softmax_cross_entropy,
        optimizer=run.optimizer,
        epochs=EPOCHS,
        validation=run.new if patience else None,  # with it, the best weights are taken back
        callbacks=[Follow(turn, EPOCHS, run.measure, show), *stops],
    )
    return show(history, kept=patience > 0)


class Run:
    """A network, its optimizer and its data, and both losses in evaluation mode after each epoch."""

    def __init__(
        self,
        few: Points,
        new: Points,
        *,
        weight_decay: float,
        dropout: float,
        learning_rate: float,
        seed: int,
    ):
        self.X, self.y = few.scaled(few.X), few.y
        self.new = few.scaled(new.X), new.y
        rng = np.random.default_rng(seed)
        sizes, layers = [2, HIDDEN, HIDDEN], list[Layer]()
        for n_in, n_out in itertools.pairwise(sizes):
            layers += [Linear(n_in, n_out, weight_init=he_normal, rng=rng, dtype=np.float32), ReLU()]
            layers += [Dropout(dropout, rng=rng)] * (dropout > 0)
        layers.append(Linear(HIDDEN, 2, rng=rng, dtype=np.float32))
        self.network = Sequential(*layers)
        self.optimizer = AdamW(self.network.parameters(), learning_rate, weight_decay=weight_decay)
        self.losses: tuple[list[float], list[float]] = [], []

    def measure(self) -> None:
        """Measure both losses as a user of the network would: without dropout."""
        with evaluation_mode(self.network), np.errstate(all="ignore"):
            for losses, (X, y) in zip(self.losses, ((self.X, self.y), self.new), strict=True):
                scores = self.network.forward(X)
                finite = np.isfinite(scores).all()
                losses.append(softmax_cross_entropy(scores, y)[0] if finite else np.inf)

    def weights(self) -> np.ndarray:
        """Return all weights, without the biases."""
        return np.concatenate([p.value.ravel() for p in self.network.parameters() if p.value.ndim == 2])

    def diverged_at(self, history: History) -> int | None:
        """Return the step at which it diverged, if it did; a step is an epoch here."""
        return diverged_at(history, np.log(2), self.optimizer.t)

    def readout(self, history: History, kept: bool = False) -> str:
        """Say how it went."""
        with evaluation_mode(self.network), np.errstate(all="ignore"):
            right = [accuracy(self.network.forward(X), y) for X, y in ((self.X, self.y), self.new)]
        told = f"accuracy {right[0]:.0%} on {len(self.y)} training points, {right[1]:.0%} on {NEW} others"
        if (step := self.diverged_at(history)) is not None:
            return f"Diverged at step {step}; the weights before: {told}."
        epoch = history.best_epoch if kept else len(history)
        when = f"Stopped after epoch {len(history)}, back to {epoch}" if kept else f"After {epoch} epochs"
        loss = f"loss {self.losses[0][epoch - 1]:.3f} in training, {self.losses[1][epoch - 1]:.3f} on others"
        return f"{when}: {loss}; {told}; typical weight {np.sqrt(np.mean(self.weights() ** 2)):.2f}."


class Scene:
    """Three panels, whose frames are drawn once per data set: the plane, the losses, the weights."""

    def __init__(self):
        self.picture = Picture(9.2, 3.1)
        self._made_of: tuple | None = None

    def points(self, *made_of: Any) -> tuple[Points, Points]:
        """Return the points to learn from and those for validation; set the scene unless it is set."""
        if made_of != self._made_of:
            self._made_of = None
            few, new = made(*made_of)
            axes = panels(self.picture.clear(), TITLES, left=0.055, wspace=0.2)
            self._plane, self._losses, self._weights = (
                Plane(axes[0], few),
                Losses(axes[1], 1.0),
                Weights(axes[2]),
            )
            self._kept = axes[1].axvline(0, color="0.3", ls=":", lw=1.5)
            moving = [*self._plane.moving, *self._losses.moving, self._kept, *self._weights.moving]
            self.picture.move(*moving)
            self._points, self._made_of = (few, new), made_of
        return self._points

    def draw(self, run: Run, history: History, kept: bool = False) -> None:
        """Show what the network does now; kept: a dotted line marks the epoch whose weights these are."""
        with evaluation_mode(run.network), np.errstate(all="ignore"):
            P = Softmax().forward(run.network.forward(self._plane.grid))
        step = run.diverged_at(history)
        self._plane.draw(P, step)
        self._losses.draw(run.losses, EPOCHS, gray=step is not None)
        self._kept.set_xdata([history.best_epoch] * 2)
        self._kept.set_visible(kept and step is None)
        self._weights.draw(run.weights(), gray=step is not None)


class Weights:
    """How the weights are spread; those beyond the edges are counted in the outermost bins."""

    def __init__(self, ax: Any):
        self._edges = np.linspace(-REACH, REACH, BINS + 1)
        self._stairs = ax.stairs(np.ones(BINS), self._edges, baseline=1e-4, fill=True, color=BLUE)
        ax.set(xlabel="weight", xlim=(-REACH, REACH), yscale="log", ylim=(1e-4, 2))
        ax.set_yticks([1e-3, 1e-2, 1e-1, 1], ["0.1 %", "1 %", "10 %", "100 %"])
        ax.set_yticks([], minor=True)  # their labels would be formulas
        self.moving = [self._stairs]

    def draw(self, weights: np.ndarray, *, gray: bool) -> None:
        """Show the share of the weights in each bin."""
        counts, _ = np.histogram(np.clip(np.nan_to_num(weights), -REACH, REACH), self._edges)
        self._stairs.set_data(np.maximum(counts / len(weights), 1e-4))
        self._stairs.set_color("0.6" if gray else BLUE)


def made(name: str, m: int, noise: float, seed: int) -> tuple[Points, Points]:
    """Return m points to learn from, and others of the same kind."""
    from nnlab.datasets import points  # here: it needs scikit-learn, which takes a while to load

    make, rng = getattr(points, f"make_{name}"), np.random.default_rng(seed)
    classes = {"n_classes": 2} if name == "spirals" else {}
    few, new = (make(count, noise=noise, rng=rng, **classes) for count in (m, NEW))
    return _points(*few), _points(*new)


def _points(X: np.ndarray, y: np.ndarray) -> Points:
    return Points(X, y, np.zeros(len(y), bool), 2)
