"""Learning rate and hidden size on real data: the digits and the appointments, or a reader's own table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._check import check_array, check_choice, check_count, check_labels, describe
from nnlab.layers import MLP, ReLU
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.plots import GRAY, GREEN
from nnlab.training import History, fit, predict_scores
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Follow, Picture, Turn, panels
from nnlab.widgets.train_points import OPTIMIZER_CHOICES, Losses, diverged_at

SIZES = {str(n): n for n in (1, 2, 4, 8, 16, 32, 64, 128, 256)}
ROWS = 20_000  # at most, so that a slider gets its picture within seconds on any data
MOST_CLASSES = 1000
Part = tuple[np.ndarray, np.ndarray]


def digits_explorer(
    data: Any = None,
    *,
    learning_rate: float = 0.1,
    hidden_size: int = 32,
    optimizer: str = "SGD",
    epochs: int = 30,
) -> Explorer:
    """Return sliders for learning rate and hidden size on the digits, with the accuracy in validation.

    data: your own (X, y), X: (m, n), y: (m,) integer labels, of which a quarter is held out; by default
    MNIST where it is found (5,000 rows), else the embedded digits; never their test set.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    task = Task("digits_explorer", _digits, "accuracy", accuracy, _largest_share, 32, optimizer, epochs)
    return _explorer(
        task,
        data,
        learning_rate,
        0.1,
        hidden_size,
        given=task.given(data, "SGD", 30),
        title="Two sliders on the digits",
        advice="find the learning rate at which the loss falls fastest, then one at which it does not fall. "
        "Is it the same for 4 hidden units and for 256? Where does a larger network stop helping?",
    )


def appointments_explorer(
    data: Any = None,
    *,
    learning_rate: float = 0.001,
    hidden_size: int = 32,
    optimizer: str = "Adam",
    epochs: int = 10,
) -> Explorer:
    """Return sliders for learning rate and hidden size on missed appointments, with the AUC in validation.

    data: your own (X, y), X: (m, n) scaled, y: (m,) labels 0 or 1, of which a quarter is held out; by
    default 20,000 appointments, split by patient; never their test set.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    task = Task(
        "appointments_explorer", _appointments, "ROC-AUC", _auc, lambda y: 0.5, 256, optimizer, epochs
    )
    return _explorer(
        task,
        data,
        learning_rate,
        0.001,
        hidden_size,
        given=task.given(data, "Adam", 10),
        title="Two sliders on the appointments",
        advice="watch the validation loss come down to a level hardly below the dotted line of guessing: "
        "there is little more to learn. Then raise both sliders: training goes on falling, validation rises.",
    )


@dataclass(frozen=True)
class Task:
    """What is learned: where the data come from, how success is measured, and what guessing would give."""

    who: str
    load: Callable[[], tuple[Part, Part]]
    metric: str
    measure: Callable[[np.ndarray, np.ndarray], float]
    baseline: Callable[[np.ndarray], float]
    batch_size: int
    optimizer: str
    epochs: int

    def __post_init__(self) -> None:
        check_choice(self.who, "optimizer", self.optimizer, OPTIMIZER_CHOICES)
        check_count(self.who, "epochs", self.epochs)

    def given(self, data: Any, optimizer: str, epochs: int) -> list[str]:
        """Return the code of the arguments without a slider, except defaults."""
        written = [] if data is None else ["(X, y)"]
        written += [] if self.optimizer == optimizer else [f"optimizer={controls.quoted(self.optimizer)}"]
        return written + ([] if self.epochs == epochs else [f"epochs={self.epochs}"])


def _explorer(
    task: Task, data: Any, learning_rate: Any, default: float, hidden_size: Any, **settings: Any
) -> Explorer:
    who = task.who
    sliders = [
        controls.logarithmic(who, "learning_rate", "learning rate", learning_rate, default, (-5, 2)),
        controls.choice(who, "hidden_size", "hidden units", hidden_size, 32, SIZES, kind=controls.STEPS),
    ]
    scene = DataScene(task, data)
    show = functools.partial(_train, scene)
    return Explorer(who, sliders, scene.picture, show, trains=True, **settings)


# ---------------------------------------------------------------------------------------- the data


def _digits() -> tuple[Part, Part]:
    from nnlab.datasets import load_mnist

    digits = load_mnist(dtype=np.float32)
    return _split(digits.X[:5000], digits.y[:5000])


def _appointments() -> tuple[Part, Part]:
    from nnlab import datasets

    frame = datasets.load_appointments().frame
    frame, _ = datasets.clean(frame.sample(min(ROWS, len(frame)), random_state=0))
    rng = np.random.default_rng(0)
    parts = datasets.split(frame, by="patient", validation=0.2, test=0.1, rng=rng, dtype=np.float32)
    return (parts.train.X, parts.train.y), (parts.validation.X, parts.validation.y)


def _own(who: str, data: Any) -> tuple[Part, Part]:
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"{who} expected data as a pair (X, y), got {describe(data)}")
    X = check_array(who, "X", data[0], shape=("m", "n")).astype(np.float32)
    y = check_labels(who, "y", data[1], len(X), MOST_CLASSES)
    if len(np.unique(y)) < 2:
        raise ValueError(f"{who} expected rows of at least two classes, got {len(y)} of class {y[0]} alone")
    return _split(X[:ROWS], y[:ROWS])


def _split(X: np.ndarray, y: np.ndarray) -> tuple[Part, Part]:
    """Return training and validation; a quarter is held out."""
    order = np.random.default_rng(0).permutation(len(y))
    held_out, train = np.split(order, [max(1, len(y) // 4)])
    return (X[train], y[train]), (X[held_out], y[held_out])


def _largest_share(y: np.ndarray) -> float:
    return float(np.bincount(y).max() / len(y))


def _auc(scores: np.ndarray, y: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, scores[:, 1] - scores[:, 0]))


# ---------------------------------------------------------------------------------------- training


def _train(scene: DataScene, turn: Turn, *, learning_rate: float, hidden_size: int) -> str:
    """Train from the start, and draw while it goes on; return the readout."""
    task = scene.task
    (X, y), (X_held_out, y_held_out) = scene.data()
    rng = np.random.default_rng(0)
    network = MLP([X.shape[1], hidden_size, scene.n_classes], activation=ReLU, rng=rng, dtype=np.float32)
    optimizer = OPTIMIZER_CHOICES[task.optimizer](network.parameters(), lr=learning_rate)
    validation: list[float] = []
    measured: list[float] = []

    def measure() -> None:
        scores = predict_scores(network, X_held_out)
        validation.append(softmax_cross_entropy(scores, y_held_out)[0])
        measured.append(task.measure(scores, y_held_out))

    def show(history: History) -> str:
        scene.draw(history, validation, measured, optimizer.t)
        loss, val_loss, metric = map(_last, (history.metrics.get("loss"), validation, measured))
        step = scene.diverged_at(history, optimizer.t)
        return (f"Diverged at step {step}. " if step is not None else "") + (
            f"After {len(history)} of {task.epochs} epochs: loss {loss} in training, {val_loss} in "
            f"validation; {task.metric} in validation {metric}, against {scene.baseline:.3f} by guessing."
        )

    history = fit(
        network,
        X,
        y,
        loss=softmax_cross_entropy,
        optimizer=optimizer,
        epochs=task.epochs,
        batch_size=min(task.batch_size, len(y)),
        rng=rng,
        callbacks=[Follow(turn, task.epochs, measure, show)],
    )
    return show(history)


def _last(values: list[float] | None) -> str:
    return f"{values[-1]:.3f}" if values else "unknown"


class DataScene:
    """The losses and the metric over the epochs, each beside what guessing would give."""

    def __init__(self, task: Task, data: Any):
        self.picture = Picture(9.2, 3.1)
        self.task, self._given = task, data
        self._data: tuple[Part, Part] | None = None

    def data(self) -> tuple[Part, Part]:
        """Return training and validation, and set the scene for them unless it is set."""
        if self._data is None:
            train, held_out = self.task.load() if self._given is None else _own(self.task.who, self._given)
            self.n_classes = int(max(train[1].max(), held_out[1].max())) + 1
            self.baseline = self.task.baseline(held_out[1])
            self._set(held_out[1])
            self._data = train, held_out
        return self._data

    def _set(self, y: np.ndarray) -> None:
        shares = np.bincount(y) / len(y)
        self._guessing = float(-np.sum(shares * np.log(np.where(shares > 0, shares, 1))))
        titles = ("loss (nats)", f"{self.task.metric} in validation")
        left, right = panels(self.picture.clear(), titles)
        left.axhline(self._guessing, color=GRAY, ls=":", label="guessing by the base rates")
        self._losses = Losses(left, at_least=self._guessing)
        (self._metric,) = right.plot([], [], color=GREEN, marker="o", ms=3, label="the network")
        right.axhline(self.baseline, color=GRAY, ls=":", label="guessing")
        right.set(xlabel="epoch", xlim=(0, self.task.epochs), ylim=(min(0.4, self.baseline - 0.05), 1.2))
        right.set_yticks([tick for tick in (0, 0.2, 0.4, 0.6, 0.8, 1) if tick >= right.get_ylim()[0]])
        right.grid(color="0.9")
        right.legend(loc="upper right", ncols=2, frameon=False, fontsize=9)
        box = {"fc": "white", "ec": "0.4", "pad": 4}
        self._note = right.text(0.5, 0.5, "", transform=right.transAxes, ha="center", weight="bold", bbox=box)
        self.picture.move(*self._losses.moving, self._metric, self._note)

    def diverged_at(self, history: History, steps: int) -> int | None:
        """Return the step at which it diverged, if it did."""
        return diverged_at(history, self._guessing, steps)

    def draw(self, history: History, validation: list[float], measured: list[float], steps: int) -> None:
        """Set the moving parts; after a divergence they are gray, with its step."""
        step = self.diverged_at(history, steps)
        self._losses.draw(
            (history.metrics.get("loss", []), validation), self.task.epochs, gray=step is not None
        )
        self._metric.set_data(np.arange(1, len(measured) + 1), measured)
        self._metric.set_color(GREEN if step is None else "0.5")
        self._note.set_text(f"diverged at step {step}")
        self._note.set_visible(step is not None)
