"""Lines of a published guide that lesson 09 explains: regularization."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from nnlab.datasets import Digits
from nnlab.initializers import he_normal, xavier_normal
from nnlab.layers import BatchNorm, Dropout, Layer, LayerNorm, Linear, ReLU, Sequential, Sigmoid
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, AdamW
from nnlab.penalties import l1
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, mnist
from nnlab.training import Callback, fit, predict_scores

BATCH, HELD_OUT = 50, 500


@dataclass(frozen=True)
class Task:
    """Training rows, of whose labels some may be wrong; others to choose by; others to report on."""

    X: np.ndarray
    y: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    @classmethod
    def dealt(cls, digits: Digits, rows: int, seed: int, wrong: float = 0.0) -> Task:
        """Deal out `rows` of the training images, and 500 more, or a quarter, for validation."""
        rng = np.random.default_rng(seed)
        rows = min(rows, 3 * len(digits.X) // 4)
        order = rng.permutation(len(digits.X))[: rows + min(HELD_OUT, len(digits.X) - rows)]
        few, more = order[:rows], order[rows:]
        y = digits.y[few].astype(np.int64)
        spoiled = rng.random(rows) < wrong
        y = np.where(spoiled, (y + rng.integers(1, 10, rows)) % 10, y)
        return cls(digits.X[few], y, (digits.X[more], digits.y[more]), (digits.X_test, digits.y_test))


@dataclass(frozen=True)
class Net:
    """Hidden layers of equal width, with what may stand around their activation."""

    depth: int = 1
    width: int = 128
    activation: type[Layer] = ReLU
    norm: Callable[..., Layer] | None = None
    bias: bool = True
    drop: float = 0.0
    drop_first: bool = False  # before the activation

    def made(self, n_in: int, rng: np.random.Generator) -> Sequential:
        """Return the network with new weights, in float32."""
        start = xavier_normal if self.activation is Sigmoid else he_normal
        settings: dict[str, Any] = {"weight_init": start, "rng": rng, "dtype": np.float32}
        layers: list[Layer] = []
        for i in range(self.depth):
            layers.append(Linear(self.width if i else n_in, self.width, bias=self.bias, **settings))
            if self.norm is not None:
                layers.append(self.norm(self.width, dtype=np.float32))
            after: list[Layer] = [self.activation()]
            if self.drop:
                after.insert(0 if self.drop_first else 1, Dropout(self.drop, rng=rng))
            layers += after
        return Sequential(*layers, Linear(self.width, 10, **settings))


class Average(Callback):
    """Keeps a running average of the weights, and uses it in the end."""

    def __init__(self, keep: float):
        self.keep = keep

    def on_train_begin(self, logs):
        self.parameters = self.run.network.parameters()
        self.averages = [p.value.copy() for p in self.parameters]

    def on_train_batch_end(self, batch, logs):
        for average, p in zip(self.averages, self.parameters, strict=True):
            average += (1 - self.keep) * (p.value - average)

    def on_train_end(self, logs):
        for average, p in zip(self.averages, self.parameters, strict=True):
            p.value[...] = average


def shifted(X: np.ndarray, rng: np.random.Generator, reach: int) -> np.ndarray:
    """Return images moved by up to `reach` pixels in both directions, with black pixels moved in."""
    side = round(np.sqrt(X.shape[1]))
    padded = np.pad(X.reshape(-1, side, side), ((0, 0), (reach, reach), (reach, reach)))
    down, right = rng.integers(0, 2 * reach + 1, (2, len(X)))
    rows, columns = down[:, None, None] + np.arange(side)[:, None], right[:, None, None] + np.arange(side)
    return padded[np.arange(len(X))[:, None, None], rows, columns].reshape(X.shape)


@dataclass(frozen=True)
class Remedy:
    """How a network is made and trained; early: whether the best epoch by validation loss is kept."""

    net: Net = Net()
    decay: float = 0.0
    early: bool = False
    average: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    def accuracies(self, task: Task, epochs: int, seed: int) -> np.ndarray:
        """Train, and return the accuracies in validation and test, in percent."""
        rng = np.random.default_rng(seed)
        network = self.net.made(task.X.shape[1], rng)
        settings: dict[str, Any] = {"loss": softmax_cross_entropy, "batch_size": BATCH, "rng": rng}
        if self.early:
            settings["validation"] = task.validation
        if self.average is not None:
            settings["callbacks"] = [Average(self.average)]
        optimizer = AdamW(network.parameters(), lr=0.003, weight_decay=self.decay)
        fit(network, task.X, task.y, optimizer=optimizer, epochs=epochs, **(settings | self.settings))
        return np.array([percent(network, part) for part in (task.validation, task.test)])


def percent(network: Layer, part: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the share of right answers in percent."""
    return 100 * accuracy(predict_scores(network, part[0]), part[1])


def best_by_validation(runs: Mapping[Any, Sequence[np.ndarray]]) -> tuple[Any, np.ndarray]:
    """Return the setting with the best mean validation accuracy, and its test accuracy for each seed."""
    best = max(runs, key=lambda setting: np.mean([run[0] for run in runs[setting]]))
    return best, np.array([run[1] for run in runs[best]])


# ---------------------------------------------------------------------------------------- remedies

DECAYS, DROPS, SMOOTHINGS = (0.3, 1, 3, 10, 30), (0.2, 0.5, 0.8, 0.9), (0.1, 0.3, 0.6)


def _smoothed(eps: float) -> Remedy:
    return Remedy(settings={"loss": partial(softmax_cross_entropy, label_smoothing=eps)})


def _moved(reach: int, net: Net | None = None, decay: float = 0.0) -> Remedy:
    return Remedy(net or Net(), decay, settings={"augment": partial(shifted, reach=reach)})


REMEDIES: dict[str, dict[str, Remedy]] = {
    "augmentation": {f"by {reach}": _moved(reach) for reach in (1, 2, 4)},
    "early stopping": {"best epoch": Remedy(early=True)},
    "weight decay": {f"{decay:g}": Remedy(decay=decay) for decay in DECAYS},
    "L1": {f"{s:g}": Remedy(settings={"penalty": l1(s)}) for s in (0.0003, 0.001, 0.003, 0.01)},
    "dropout": {f"{p:g}": Remedy(Net(drop=p)) for p in DROPS},
    "averaging": {f"{keep:g}": Remedy(average=keep) for keep in (0.99, 0.997, 0.999)},
    "label smoothing": {f"{eps:g}": _smoothed(eps) for eps in SMOOTHINGS},
    "batch norm": {"on": Remedy(Net(norm=BatchNorm))},
    "layer norm": {"on": Remedy(Net(norm=LayerNorm))},
    "together": {f"{p:g}, {d:g}": _moved(1, Net(drop=p), d) for p, d in ((0.2, 0.1), (0.5, 0.3), (0.5, 1))},
}


def remedies(digits: Digits, scale: Scale, report: Report, *, wrong: float) -> Outcome:
    """Measure each remedy at its best strength against no remedy on the same deals."""
    tasks = [Task.dealt(digits, scale.rows, seed, wrong) for seed in range(scale.seeds)]

    def measured_by(remedy: Remedy) -> list[np.ndarray]:
        return [remedy.accuracies(task, scale.epochs, seed) for seed, task in enumerate(tasks)]

    plain = np.array([test for _, test in measured_by(Remedy())])
    gains, chosen = {}, {}
    for number, (name, strengths) in enumerate(REMEDIES.items()):
        chosen[name], test = best_by_validation({s: measured_by(r) for s, r in strengths.items()})
        gains[name] = test - plain
        report((number + 1) / len(REMEDIES))
    told = [f"{name} {gain.mean():+.1f}" for name, gain in sorted(gains.items(), key=lambda g: -g[1].mean())]
    unsure = [name for name, gain in gains.items() if abs(gain.mean()) < 2 * standard_error(gain)]
    shows = (
        f"Without a remedy {plain.mean():.1f} % of the test digits are right. Points gained, each at the "
        f"strength that validation chose: {', '.join(told)}. Within two standard errors of nothing: "
        f"{', '.join(unsure) or 'none'}."
    )
    measured: dict[str, Any] = {"test accuracy without a remedy (%)": list(map(float, plain))}
    for name, gain in gains.items():
        measured[f"points gained by {name} ({chosen[name]})"] = list(map(float, gain))
    return Outcome(measured, shows, ran={"rows": len(tasks[0].y)})


def standard_error(values: np.ndarray) -> float:
    """Return the standard error of a mean over seeds."""
    return float(values.std(ddof=1) / np.sqrt(len(values)))


# ---------------------------------------------------------------------------------------- order, bias


def dropout_order(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Compare dropout before and after the activation, each at its best p, for ReLU and sigmoid."""
    tasks = [Task.dealt(digits, scale.rows, seed, 0.4) for seed in range(scale.seeds)]
    measured: dict[str, Any] = {}
    differences, done = {}, 0
    for activation in (ReLU, Sigmoid):
        tests = {}
        for first in (True, False):
            remedies = {p: Remedy(Net(activation=activation, drop=p, drop_first=first)) for p in DROPS}
            runs = {
                p: [remedy.accuracies(task, scale.epochs, seed) for seed, task in enumerate(tasks)]
                for p, remedy in remedies.items()
            }
            p, tests[first] = best_by_validation(runs)
            place, done = "before" if first else "after", done + 1
            measured[f"{activation.__name__}, {place} (best p {p}), test %"] = list(map(float, tests[first]))
            report(done / 4)
        differences[activation] = tests[True] - tests[False]
    relu, sigmoid = differences[ReLU], differences[Sigmoid]
    shows = (
        f"With ReLU it is the same network: accuracies differ by {np.abs(relu).max():.1f} points at most. "
        f"With sigmoid a unit dropped before it goes on saying ½: {sigmoid.mean():+.1f} ± "
        f"{sigmoid.std(ddof=1):.1f} points against dropout after it."
    )
    return Outcome(measured, shows, ran={"rows": len(tasks[0].y)})


def bias_before_norm(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with and without the biases before batch norm; measure their gradients."""
    largest, gains, extra = [], [], 0
    for seed in range(scale.seeds):
        task, tests, sizes = Task.dealt(digits, scale.rows, seed), [], []
        for bias in (True, False):
            net = Net(depth=2, norm=BatchNorm, bias=bias)
            tests.append(Remedy(net).accuracies(task, scale.epochs, seed)[1])
            network = net.made(task.X.shape[1], np.random.default_rng(seed)).train()
            sizes.append(sum(p.value.size for p in network.parameters()))
            if bias:
                network.backward(softmax_cross_entropy(network.forward(task.X), task.y)[1])
                first: Any = network.layers[0]
                largest.append(float(np.abs(first.b.grad).max() / np.abs(first.W.grad).max()))
        gains.append(float(tests[0] - tests[1]))
        extra = sizes[0] - sizes[1]
        report((seed + 1) / scale.seeds)
    measured = {
        "largest gradient of these biases, relative to the weights'": max(largest),
        "numbers saved without them": extra,
        "points of test accuracy with them, minus without": gains,
    }
    shows = (
        f"Batch norm takes the bias away again: its gradient is {max(largest):.0e} of the weights', which is "
        f"float32 rounding. Without it {extra} numbers are saved, and the accuracy differs by "
        f"{np.mean(gains):+.1f} ± {np.std(gains, ddof=1):.1f} points."
    )
    return Outcome(measured, shows)


# ---------------------------------------------------------------------------------------- speed

RATES, LEARNED = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), 0.1
NETS = {
    "one ReLU layer": Net(1, 64),
    "eight ReLU layers": Net(8, 64),
    "eight sigmoid layers": Net(8, 64, Sigmoid),
}


class Until(Callback):
    """Ends a run once the training loss is low, and remembers in which epoch that was."""

    epoch: int | None = None

    def on_epoch_end(self, epoch, logs):
        if logs["loss"] <= LEARNED:
            self.epoch = epoch + 1
            self.run.stop()


def batch_norm_speed(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Count the epochs to a training loss of 0.1 with and without batch norm, each at its fastest rate."""
    tasks = [Task.dealt(digits, scale.rows, seed) for seed in range(scale.seeds)]
    measured: dict[str, Any] = {}
    told, done = [], 0
    for name, net in NETS.items():
        fastest, working = {}, {}
        for norm in (None, BatchNorm):
            epochs = {}
            for lr in RATES:
                runs = [
                    _epochs_needed(_with(net, norm), task, lr, scale.epochs, s)
                    for s, task in enumerate(tasks)
                ]
                epochs[lr] = runs
                done += 1
                report(done / (2 * len(NETS) * len(RATES)))
            lr = min(epochs, key=lambda rate: np.mean(epochs[rate]))
            fastest[norm] = epochs[lr]
            working[norm] = sum(max(runs) <= scale.epochs for runs in epochs.values())
            label = f"{name}, {'batch norm' if norm else 'none'}"
            measured[f"{label}: epochs at lr {lr:g}"] = list(map(float, epochs[lr]))
            measured[f"{label}: rates of {len(RATES)} that get there in every run"] = working[norm]
        means = [np.mean(fastest[norm]) for norm in (None, BatchNorm)]
        texts = [f"more than {scale.epochs}" if mean > scale.epochs else f"{mean:.1f}" for mean in means]
        told.append(
            f"{name}: {texts[0]} epochs without, {texts[1]} with; {working[None]} and "
            f"{working[BatchNorm]} of {len(RATES)} rates get there"
        )
    shows = f"To a training loss of {LEARNED}, each at its fastest rate. {'. '.join(told)}."
    return Outcome(measured, shows, ran={"rows": len(tasks[0].y)})


def _with(net: Net, norm: Callable[..., Layer] | None) -> Net:
    return Net(net.depth, net.width, net.activation, norm)


@np.errstate(all="ignore")
def _epochs_needed(net: Net, task: Task, lr: float, epochs: int, seed: int) -> int:
    """Return the epoch that reaches the loss; epochs + 1 if none does."""
    rng, until = np.random.default_rng(seed), Until()
    network = net.made(task.X.shape[1], rng)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a divergence is counted as not getting there
        fit(
            network,
            task.X,
            task.y,
            loss=softmax_cross_entropy,
            optimizer=SGD(network.parameters(), lr=lr),
            epochs=epochs,
            batch_size=BATCH,
            rng=rng,
            callbacks=[until],
        )
    return until.epoch or epochs + 1


# ---------------------------------------------------------------------------------------- the rows

QUICK = Scale(seeds=2, epochs=2, rows=200)
SETTING = (
    "128 hidden units on {rows} digits, AdamW, {epochs} epochs, {seeds} seeds; each at its best strength"
)

EXPERIMENTS = [
    Experiment(
        "remedies",
        "Remedies against overfitting",
        SETTING,
        "dropout, L2, batch norm, augmentation and early stopping prevent overfitting",
        mnist,
        partial(remedies, wrong=0.0),
        full=Scale(seeds=3, epochs=30, rows=1000),
        quick=QUICK,
    ),
    Experiment(
        "remedies-wrong-labels",
        "The same with wrong labels",
        SETTING + "; 40 % of the training labels wrong",
        "dropout, L2, batch norm, augmentation and early stopping prevent overfitting",
        mnist,
        partial(remedies, wrong=0.4),
        full=Scale(seeds=3, epochs=30, rows=1000),
        quick=QUICK,
    ),
    Experiment(
        "dropout-first",
        "Dropout before the activation",
        SETTING + "; 40 % of the training labels wrong",
        "linear layer, dropout, activation, in this order",
        mnist,
        dropout_order,
        full=Scale(seeds=3, epochs=30, rows=1000),
        quick=QUICK,
    ),
    Experiment(
        "bias-before-norm",
        "A bias before batch norm",
        "two hidden layers of 128 with batch norm, {epochs} epochs, {seeds} seeds",
        "linear layers with a bias, followed by batch norm",
        mnist,
        bias_before_norm,
        full=Scale(seeds=3, epochs=20, rows=1000),
        quick=QUICK,
    ),
    Experiment(
        "batch-norm-speed",
        "Does batch norm speed up training?",
        "layers of 64 on {rows} digits, plain SGD, batch 50, {epochs} epochs at most, {seeds} seeds",
        "batch norm speeds up training",
        mnist,
        batch_norm_speed,
        full=Scale(seeds=3, epochs=30, rows=1000),
        quick=QUICK,
    ),
]
