"""Lines of a published guide that lesson 08 explains: optimization.

Where settings are compared, each has its own best rate. That is chosen by the mean loss over the seeds on
validation data, which are a part of the training images; the test images are used once, for the setting that
was chosen. All runs of one seed start from the same weights and see the same batches, so differences are
taken seed by seed.
"""

from __future__ import annotations

import math
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from nnlab.datasets import Digits
from nnlab.gradcheck import numerical_gradient
from nnlab.layers import ELU, GELU, MLP, Layer, LeakyReLU, ReLU, SiLU, Tanh
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nnlab.schedules import (
    Schedule,
    constant,
    cosine,
    cyclic,
    exponential,
    multi_step,
    one_cycle,
    step,
    warmup,
)
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, mnist, small_digits
from nnlab.training import Callback, LambdaCallback, ReduceOnPlateau, batches, fit, predict_scores

# ---------------------------------------------------------------------------------------- runs and sweeps

Make = Callable[[list], Optimizer]
Setting = tuple[float, ...]  # a rate, perhaps with another number


@dataclass(frozen=True)
class Task:
    """Digits in three parts: rows to train on, a quarter as many to choose by, and the test images."""

    X: np.ndarray
    y: np.ndarray
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, digits: Digits, rows: int) -> Task:
        """Take `rows` training images, or four fifths of those there are."""
        rows = min(rows, 4 * len(digits.X) // 5)
        X, y = digits.X.astype(np.float32), digits.y
        held_out = slice(rows, rows + max(rows // 4, 1))
        return cls(X[:rows], y[:rows], (X[held_out], y[held_out]), (digits.X_test, digits.y_test))


@dataclass(frozen=True)
class Run:
    """What is measured after one run; the loss is infinite if it diverged."""

    loss: float
    validation: float
    test: float
    epochs: int


@dataclass(frozen=True)
class Net:
    """How a run is made, besides its optimizer."""

    epochs: int
    batch: int = 32
    hidden: tuple[int, ...] = (32,)
    activation: Callable[[], Layer] = ReLU
    callbacks: Callable[[], list[Callback]] = list

    def train(self, task: Task, make: Make, seed: int) -> Run:
        """Train with make(parameters), and measure; the losses are those of the final weights."""
        rng = np.random.default_rng(seed)
        sizes = [task.X.shape[1], *self.hidden, 10]
        network = MLP(sizes, activation=self.activation, rng=rng, dtype=np.float32)
        settings: Any = {"loss": softmax_cross_entropy, "epochs": self.epochs, "batch_size": self.batch}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a divergence is a result here
            optimizer = make(network.parameters())
            history = fit(
                network, task.X, task.y, optimizer=optimizer, rng=rng, callbacks=self.callbacks(), **settings
            )
        X_test, y_test = task.test
        right = accuracy(predict_scores(network, X_test.astype(np.float32)), y_test)
        if history.diverged_at is not None:
            return Run(math.inf, math.inf, right, len(history))
        loss, validation = (
            softmax_cross_entropy(predict_scores(network, X), y)[0]
            for X, y in ((task.X, task.y), task.validation)
        )
        return Run(loss, validation, right, len(history))


@dataclass
class Swept:
    """Runs for each setting and seed, and the setting that the validation loss chooses."""

    runs: dict[Setting, list[Run]] = field(default_factory=dict)

    @property
    def chosen(self) -> Setting:
        """The setting with the lowest mean validation loss."""
        return min(self.runs, key=lambda s: statistics.fmean(run.validation for run in self.runs[s]))

    @property
    def inside(self) -> bool:
        """Whether the chosen rate is neither the lowest nor the highest that was tried."""
        rates = sorted({setting[0] for setting in self.runs})
        return rates[0] < self.chosen[0] < rates[-1]

    def test(self, setting: Setting | None = None) -> list[float]:
        """The test accuracy of each seed, at the chosen setting or another."""
        return [run.test for run in self.runs[setting or self.chosen]]


def sweeps(
    task: Task,
    nets: Mapping[str, Net],
    makers: Mapping[str, Callable[..., Make]],
    settings: Mapping[str, Sequence[Setting]],
    seeds: int,
    report: Report,
) -> dict[str, Swept]:
    """Run every setting of every name over the seeds; makers[name](*setting) gives what `Net.train` takes."""
    found = {name: Swept() for name in settings}
    jobs = [(name, setting, seed) for name in settings for setting in settings[name] for seed in range(seeds)]
    for done, (name, setting, seed) in enumerate(jobs, start=1):
        run = nets[name].train(task, makers[name](*setting), seed)
        found[name].runs.setdefault(setting, []).append(run)
        report(done / len(jobs))
    return found


def holm(p: Sequence[float]) -> np.ndarray:
    """Return p-values corrected for their number (Holm, 1979), in the order given."""
    values = np.asarray(p, float)
    order = values.argsort()
    corrected = np.empty(len(values))
    corrected[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    return np.minimum(corrected, 1)


def compare(scores: Mapping[str, list[float]], base: str) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Return the differences to `base` seed by seed, and their p-values of paired t-tests after Holm."""
    gains = {name: list(np.subtract(values, scores[base])) for name, values in scores.items() if name != base}
    p = [stats.ttest_1samp(gain, 0).pvalue if np.ptp(gain) else 1.0 for gain in gains.values()]
    return gains, dict(zip(gains, holm(p), strict=True))


def _points(values: Sequence[float]) -> str:
    return f"{100 * statistics.fmean(values):+.2f} ± {100 * statistics.stdev(values):.2f}"


def _told(gains: Mapping[str, list[float]], p: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {_points(gain)} (p = {p[name]:.2f})" for name, gain in gains.items())


def _rates(*rates: float) -> list[Setting]:
    return [(rate,) for rate in rates]


def _measured(found: Mapping[str, Swept]) -> dict[str, Any]:
    """Return test accuracies and chosen settings of a sweep, as a row shows them."""
    measured: dict[str, Any] = {f"test accuracy, {name}": swept.test() for name, swept in found.items()}
    measured |= {f"rate chosen, {name}": swept.chosen[0] for name, swept in found.items()}
    return measured | {"rates chosen at the edge of their sweep": sum(not s.inside for s in found.values())}


# ---------------------------------------------------------------------------------------- momentum

LR, BETA, BATCH = 0.1, 0.9, 32


class RateInVelocity(SGD):
    """The guide's momentum: v ← βv + ηg, θ ← θ − v, where torch has v ← βv + g, θ ← θ − ηv."""

    def _update(self, value, grad, lr, state, scratch):
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += lr * grad
        value -= velocity


def velocity_conventions(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train side by side with both velocities, at a constant rate and with a rate that drops to a tenth.

    The drop comes half-way. Both start from the same weights and see the same batches.
    """
    X, y = digits.X[: scale.rows], digits.y[: scale.rows]
    steps = scale.epochs * (len(X) // BATCH)
    schedules = {"constant": constant(LR), "drop": multi_step(LR, (steps // 2,), 0.1)}
    apart: dict[str, list[float]] = {name: [] for name in schedules}
    first_step, gains = [], []
    for seed in range(scale.seeds):
        for number, (name, schedule) in enumerate(schedules.items()):
            ours = _trajectory(SGD, schedule, X, y, scale.epochs, seed)
            guides = _trajectory(RateInVelocity, schedule, X, y, scale.epochs, seed)
            apart[name].append(float(np.abs(guides[-1] - ours[-1]).max()))
            report((seed + (number + 1) / 2) / scale.seeds)
        lengths = [np.linalg.norm(path[steps // 2 + 1] - path[steps // 2]) for path in (guides, ours)]
        first_step.append(float(lengths[0] / lengths[1]))
        right = [_accuracy(path[-1], digits) for path in (guides, ours)]
        gains.append(right[0] - right[1])
    measured = {
        "largest difference of weights, constant rate": max(apart["constant"]),
        "the same, rate dropped to a tenth": apart["drop"],
        "length of the first step after the drop, guide's / torch's": first_step,
        "test accuracy, guide's − torch's": gains,
    }
    shows = (
        f"At a constant rate the two are one method: their weights differ by at most "
        f"{max(apart['constant']):.0e}. When the rate drops to a tenth, the guide's velocity still carries "
        f"the old rate: its first step is {np.mean(first_step):.1f} times as long as torch's, and the "
        f"weights part by {np.mean(apart['drop']):.2g}. The test accuracy differs by "
        f"{100 * np.mean(gains):+.2f} ± {100 * np.std(gains, ddof=1):.2f} points."
    )
    return Outcome(measured, shows, ran={"rows": len(X)})


def _network(n_in: int, seed: int) -> MLP:
    return MLP([n_in, 32, 10], activation=ReLU, rng=np.random.default_rng(seed))


def _flat(network: MLP) -> np.ndarray:
    return np.concatenate([p.value.ravel() for p in network.parameters()])


def _trajectory(
    make: Callable[..., SGD], lr: Schedule, X: np.ndarray, y: np.ndarray, epochs: int, seed: int
) -> list[np.ndarray]:
    """Return all weights as one vector, before the first step and after each."""
    network, rng = _network(X.shape[1], seed), np.random.default_rng(seed)
    optimizer = make(network.parameters(), lr=lr, momentum=BETA)
    path = [_flat(network)]
    for _ in range(epochs):
        for X_batch, y_batch in batches(X, y, BATCH, rng=rng, drop_last=True):
            network.backward(softmax_cross_entropy(network.forward(X_batch), y_batch)[1])
            optimizer.step()
            path.append(_flat(network))
    return path


def _accuracy(weights: np.ndarray, digits: Digits) -> float:
    network, done = _network(digits.X.shape[1], 0), 0
    for p in network.parameters():
        p.value[...] = weights[done : done + p.value.size].reshape(p.value.shape)
        done += p.value.size
    return accuracy(predict_scores(network, digits.X_test), digits.y_test)


# ---------------------------------------------------------------------------------------- optimizers

LOW, MIDDLE = _rates(0.0003, 0.001, 0.003, 0.01, 0.03), _rates(0.003, 0.01, 0.03, 0.1, 0.3)
HIGH = _rates(0.01, 0.03, 0.1, 0.3, 1)
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "SGD": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "Nesterov": partial(SGD, momentum=0.9, nesterov=True),
    "RMSprop": RMSprop,
    "Adam": Adam,
}


def _maker(optimizer: Callable[..., Optimizer], **settings: Any) -> Callable[..., Make]:
    return lambda lr: lambda parameters: optimizer(parameters, lr=lr, **settings)


def adam_first(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with five optimizers, each at its own best rate."""
    task, net = Task.of(digits, scale.rows), Net(scale.epochs)
    settings = {name: LOW for name in OPTIMIZERS} | {"SGD": HIGH, "momentum": MIDDLE, "Nesterov": MIDDLE}
    found = sweeps(
        task,
        dict.fromkeys(OPTIMIZERS, net),
        {name: _maker(optimizer) for name, optimizer in OPTIMIZERS.items()},
        settings,
        scale.seeds,
        report,
    )
    gains, p = compare({name: swept.test() for name, swept in found.items()}, "Adam")
    clear = [name for name in p if p[name] < 0.05]
    same = statistics.fmean(found["SGD"].test((0.01,))), statistics.fmean(found["Adam"].test((0.01,)))
    shows = (
        f"Each at its own best rate, the test accuracy less Adam's, in points: {_told(gains, p)}, with p "
        f"after Holm's correction; clearly different: {', '.join(clear) or 'none'}. With both at 0.01, "
        f"Adam would have led SGD by {100 * (same[1] - same[0]):.1f} points."
    )
    measured = _measured(found) | {"Adam's lead over SGD, both at 0.01": same[1] - same[0]}
    return Outcome(measured, shows, ran={"rows": len(task.y)})


# ---------------------------------------------------------------------------------------- weight decay

DECAYS = {
    "Adam, L2": (0.0, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03),
    "AdamW": (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0),
}


def decay_kinds(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with L2 through Adam's gradient and with AdamW, each at its own best rate and decay."""
    task, net = Task.of(digits, scale.rows), Net(scale.epochs, hidden=(128,))
    makers = {
        name: (lambda lr, decay, kind=kind: lambda p: kind(p, lr=lr, weight_decay=decay))
        for name, kind in (("Adam, L2", Adam), ("AdamW", AdamW))
    }
    grids = {
        name: [(lr, decay) for lr in (0.001, 0.003, 0.01) for decay in decays]
        for name, decays in DECAYS.items()
    }
    found = sweeps(task, dict.fromkeys(makers, net), makers, grids, scale.seeds, report)
    gain = np.subtract(found["AdamW"].test(), found["Adam, L2"].test())
    undecayed = Swept({s: runs for s, runs in found["Adam, L2"].runs.items() if s[1] == 0})
    own = np.subtract(found["AdamW"].test(), undecayed.test())
    weight = np.random.default_rng(0).normal(size=5)
    penalty = numerical_gradient(lambda w: 0.1 * float((w**2).sum()), weight)
    ratio = float(np.linalg.norm(penalty) / np.linalg.norm(0.1 * weight))
    p = stats.ttest_1samp(gain, 0).pvalue if np.ptp(gain) else 1.0
    shows = (
        f"λΣw² has {ratio:.2f} times the gradient of weight_decay = λ. Through Adam's gradient the best λ is "
        f"{found['Adam, L2'].chosen[1]:g}, decoupled {found['AdamW'].chosen[1]:g}: they are not the same "
        f"setting. Each at its own best rate and λ, AdamW's test accuracy less that of Adam with L2 is "
        f"{_points(list(gain))} points (p = {p:.2f}), less that of Adam without decay {_points(list(own))}."
    )
    measured = {
        "gradient of λΣw² / gradient of weight_decay=λ": ratio,
        "λ chosen, Adam with L2": found["Adam, L2"].chosen[1],
        "λ chosen, AdamW": found["AdamW"].chosen[1],
        "test accuracy, Adam without decay": undecayed.test(),
        **_measured(found),
        "AdamW − Adam with L2": list(gain),
    }
    return Outcome(measured, shows, ran={"rows": len(task.y)})


# ---------------------------------------------------------------------------------------- order of updates


def updates_first(params: dict, X: np.ndarray, Y: np.ndarray, lr: float, *, mended: bool = False) -> float:
    """Take the guide's step, which updates Wy and then passes the gradient on through it; return the loss."""
    H = np.tanh(X @ params["Wh"] + params["bh"])
    Y_tilde = H @ params["Wy"] + params["by"]
    loss, dY = softmax_cross_entropy(Y_tilde, Y)
    used = params["Wy"].copy() if mended else params["Wy"]
    params["Wy"] -= lr * H.T @ dY
    params["by"] -= lr * dY.sum(axis=0)
    dH = dY @ used.T * (1 - H**2)
    params["Wh"] -= lr * X.T @ dH
    params["bh"] -= lr * dH.sum(axis=0)
    return loss


def update_order(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Measure the error of the first layer's gradient, and train both versions, at three rates."""
    X, y = digits.X[: scale.rows].astype(np.float64), digits.y[: scale.rows]
    X_test = digits.X_test.astype(np.float64)
    rates = (0.01, 0.1, 1.0)
    errors: dict[float, list[float]] = {lr: [] for lr in rates}
    gains: dict[float, list[float]] = {lr: [] for lr in rates}
    for seed in range(scale.seeds):
        for lr in rates:
            errors[lr].append(_first_layer_error(X[:BATCH], y[:BATCH], lr, seed))
            right = []
            for mended in (False, True):
                params, rng = _by_hand(X.shape[1], seed), np.random.default_rng(seed)
                for _ in range(scale.epochs):
                    for X_batch, y_batch in batches(X, y, BATCH, rng=rng):
                        updates_first(params, X_batch, y_batch, lr, mended=mended)
                H = np.tanh(X_test @ params["Wh"] + params["bh"])
                right.append(accuracy(H @ params["Wy"] + params["by"], digits.y_test))
            gains[lr].append(right[0] - right[1])
        report((seed + 1) / scale.seeds)
    off = ", ".join(f"{statistics.median(errors[lr]):.1%} at {lr:g}" for lr in rates)
    cost = ", ".join(f"{_points(gains[lr])} at {lr:g}" for lr in rates)
    shows = (
        f"The first layer's gradient is off by {off} (medians): in proportion to the rate. What it does to "
        f"the test accuracy, in points: {cost}. A gradient check finds it at any rate."
    )
    measured = {f"error of the first layer's gradient, rate {lr:g}": errors[lr] for lr in rates}
    measured |= {f"test accuracy, guide's − right, rate {lr:g}": gains[lr] for lr in rates}
    return Outcome(measured, shows, ran={"rows": len(X)})


def _by_hand(n_in: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    Wh, Wy = rng.normal(0, n_in**-0.5, (n_in, 32)), rng.normal(0, 32**-0.5, (32, 10))
    return {"Wh": Wh, "bh": np.zeros(32), "Wy": Wy, "by": np.zeros(10)}


def _first_layer_error(X: np.ndarray, y: np.ndarray, lr: float, seed: int) -> float:
    """Return the relative error of the gradient of Wh that the guide's step uses."""
    steps = []
    for mended in (False, True):
        before, after = _by_hand(X.shape[1], seed), _by_hand(X.shape[1], seed)
        updates_first(after, X, y, lr, mended=mended)
        steps.append(before["Wh"] - after["Wh"])
    wrong, right = steps
    return float(np.linalg.norm(wrong - right) / np.linalg.norm(right))


# ---------------------------------------------------------------------------------------- schedules

SCHEDULES: dict[str, Callable[[float, int], float | Schedule]] = {
    "constant": lambda lr, steps: lr,
    "step": lambda lr, steps: step(lr, math.ceil(steps / 3)),
    "exponential": lambda lr, steps: exponential(lr, 0.01 ** (1 / steps)),
    "cosine": lambda lr, steps: cosine(lr, steps),
    "warm-up + cosine": lambda lr, steps: warmup(cosine(lr, steps - steps // 10), max(1, steps // 10)),
    "one-cycle": lambda lr, steps: one_cycle(lr, steps),
    "cyclic": lambda lr, steps: cyclic(lr, lr / 10, max(1, steps // 8)),
    "plateau": lambda lr, steps: lr,
}


def schedules_compared(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with eight schedules, each at its own best highest rate, and all at one that is too high."""
    task = Task.of(digits, scale.rows)
    net, steps = Net(scale.epochs), scale.epochs * math.ceil(len(task.y) / BATCH)
    watching = Net(
        scale.epochs, callbacks=lambda: [ReduceOnPlateau("loss", factor=0.3, patience=0, threshold=0.05)]
    )
    makers = {
        name: (lambda lr, make=make: lambda p: SGD(p, lr=make(lr, steps), momentum=BETA))
        for name, make in SCHEDULES.items()
    }
    nets = dict.fromkeys(SCHEDULES, net) | {"plateau": watching}
    settings = dict.fromkeys(SCHEDULES, _rates(0.01, 0.03, 0.1, 0.2))
    found = sweeps(task, nets, makers, settings, scale.seeds, report)
    gains, p = compare({name: swept.test() for name, swept in found.items()}, "constant")
    alone = sum(
        bool(np.ptp(gain)) and bool(stats.ttest_1samp(gain, 0).pvalue < 0.05) for gain in gains.values()
    )
    top = {name: found[name].test((0.2,)) for name in SCHEDULES}
    decays = ("exponential", "cosine", "warm-up + cosine", "one-cycle")
    high = ", ".join(f"{name} {100 * statistics.fmean(top[name]):.1f} %" for name in ("constant", *decays))
    shows = (
        f"Each at its own best highest rate, the test accuracy less that of a constant rate, in points: "
        f"{_told(gains, p)}; {alone} of {len(gains)} differences pass a t-test alone, "
        f"{sum(value < 0.05 for value in p.values())} after Holm's correction. At 0.2: {high}."
    )
    measured = _measured(found) | {f"test accuracy at 0.2, {name}": values for name, values in top.items()}
    return Outcome(measured, shows, ran={"rows": len(task.y)})


# ---------------------------------------------------------------------------------------- batch size

BATCHES = (8, 32, 128, 512)


class StopAt(LambdaCallback):
    """Ends a run as soon as the mean loss of an epoch is at most `loss`."""

    def __init__(self, loss: float):
        self._loss = loss

    def on_epoch_end(self, epoch, logs):
        if logs["loss"] <= self._loss:
            self.run.stop()


def _those_that_stopped(swept: Swept, epochs: int) -> Swept:
    """Return the settings with which all seeds stopped early; all settings if there is none."""
    stopped = {s: runs for s, runs in swept.runs.items() if max(run.epochs for run in runs) < epochs}
    return Swept(stopped or swept.runs)


def small_batches(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with four batch sizes to the same training loss, each at its own best rate."""
    task = Task.of(digits, scale.rows)
    reach = 0.1
    nets = {
        f"batches of {B}": Net(scale.epochs, batch=min(B, len(task.y)), callbacks=lambda: [StopAt(reach)])
        for B in BATCHES
    }
    settings = dict.fromkeys(nets, _rates(0.03, 0.1, 0.3, 1))
    found = sweeps(task, nets, dict.fromkeys(nets, _maker(SGD)), settings, scale.seeds, report)
    found = {name: _those_that_stopped(swept, scale.epochs) for name, swept in found.items()}
    names = list(nets)
    losses = {name: [run.loss for run in found[name].runs[found[name].chosen]] for name in names}
    taken = {name: [float(run.epochs) for run in found[name].runs[found[name].chosen]] for name in names}
    gains, p = compare({name: found[name].test() for name in names}, names[-1])
    reached = sum(max(epochs) < scale.epochs for epochs in taken.values())
    shows = (
        f"Trained to the same training loss, {reach:g} over an epoch (which {reached} of {len(names)} sizes "
        f"reached with every seed), each at its best rate of those that get there, the test accuracy "
        f"less that of {names[-1]}, in points: {_told(gains, p)}. It took them "
        + ", ".join(f"{statistics.fmean(taken[name]):.0f} epochs ({name})" for name in names)
        + "."
    )
    measured = _measured(found) | {f"training loss, {name}": losses[name] for name in names}
    del measured[
        "rates chosen at the edge of their sweep"
    ]  # of those that get there, one is always the lowest
    return Outcome(measured | {f"epochs, {n}": taken[n] for n in names}, shows, ran={"rows": len(task.y)})


# ---------------------------------------------------------------------------------------- clipping


def clipping(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train six hidden layers with and without clipping, at the best rate of each and at ten times that."""
    task, net = Task.of(digits, scale.rows), Net(scale.epochs, hidden=(32,) * 6)
    bounds = {"no clipping": None, "norm at most 1": 1.0}
    makers = {name: _maker(SGD, momentum=BETA, clip_norm=bound) for name, bound in bounds.items()}
    settings = dict.fromkeys(bounds, _rates(0.001, 0.003, 0.01, 0.03, 0.1))
    found = sweeps(task, dict.fromkeys(bounds, net), makers, settings, scale.seeds, report)
    gain = list(np.subtract(found["norm at most 1"].test(), found["no clipping"].test()))
    high = {name: swept.test((0.1,)) for name, swept in found.items()}
    saved = list(np.subtract(high["norm at most 1"], high["no clipping"]))
    p = stats.ttest_1samp(gain, 0).pvalue if np.ptp(gain) else 1.0
    shows = (
        f"Each at its own best rate ({found['norm at most 1'].chosen[0]:g} with clipping, "
        f"{found['no clipping'].chosen[0]:g} without), clipping changes the test accuracy by {_points(gain)} "
        f"points (p = {p:.2f}); at the rate 0.1 by {_points(saved)}."
    )
    measured = _measured(found) | {"clipped − not, at the best rates": gain, "clipped − not, at 0.1": saved}
    return Outcome(measured, shows, ran={"rows": len(task.y)})


# ---------------------------------------------------------------------------------------- activations

ACTIVATIONS: dict[str, Callable[[], Layer]] = {
    "ReLU": ReLU,
    "LeakyReLU": LeakyReLU,
    "ELU": ELU,
    "GELU": GELU,
    "SiLU": SiLU,
    "Tanh": Tanh,
}


def activation_costs(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Measure what an activation costs per call, and the accuracy at equal budget, each at its best rate."""
    task = Task.of(digits, scale.rows)
    nets = {name: Net(scale.epochs, hidden=(64, 64), activation=kind) for name, kind in ACTIVATIONS.items()}
    settings = dict.fromkeys(nets, _rates(0.01, 0.03, 0.1, 0.3))
    makers = dict.fromkeys(nets, _maker(SGD, momentum=BETA))
    found = sweeps(task, nets, makers, settings, scale.seeds, report)
    costs = {name: _cost(kind()) for name, kind in ACTIVATIONS.items()}
    relative = {name: cost / costs["ReLU"] for name, cost in costs.items()}
    gains, p = compare({name: swept.test() for name, swept in found.items()}, "ReLU")
    price = ", ".join(f"{name} {relative[name]:.1f}" for name in ACTIVATIONS if name != "ReLU")
    shows = (
        f"Forward and backward through 128 × 256 units cost, in times of ReLU: {price}. At equal epochs and "
        f"each at its best rate, the test accuracy less ReLU's, in points: {_told(gains, p)}."
    )
    measured = {f"time of a call / ReLU's, {name}": relative[name] for name in ACTIVATIONS}
    return Outcome(measured | _measured(found), shows, ran={"rows": len(task.y)})


def _cost(layer: Layer, rounds: int = 30) -> float:
    """Return the processor time of forward and backward, the median over some rounds."""
    X = np.random.default_rng(0).normal(size=(128, 256)).astype(np.float32)
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        for _ in range(5):
            layer.backward(layer.forward(X))
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


# ---------------------------------------------------------------------------------------- the rows

QUICK = Scale(seeds=2, epochs=1, rows=200)
ON = "32 hidden units on {rows} digits, batch 32, {epochs} epochs, {seeds} seeds; "
BEST = "each at its own best rate, chosen on validation data"
EXPERIMENTS = [
    Experiment(
        "velocity",
        "Two ways to write momentum",
        "64-32-10 on {rows} digits, batch 32, rate 0.1, momentum 0.9, {epochs} epochs; the rate constant, or "
        "a tenth from half-way on; {seeds} seeds",
        "v ← βv + η∇, θ ← θ − v, given as the formula of momentum",
        small_digits,
        velocity_conventions,
        full=Scale(seeds=5, epochs=10, rows=1024),
        quick=Scale(seeds=3, epochs=2, rows=320),
    ),
    Experiment(
        "adam-first",
        "Which optimizer first",
        ON + "five optimizers, " + BEST,
        "start with Adam",
        mnist,
        adam_first,
        full=Scale(seeds=5, epochs=5, rows=10_000),
        quick=QUICK,
    ),
    Experiment(
        "decay",
        "L2 through Adam, and decoupled decay",
        "128 hidden units on {rows} digits, {epochs} epochs, {seeds} seeds; three rates, seven decays each",
        "L2 is λΣw², weight_decay=λ in Adam is the same; AdamW generalizes better",
        mnist,
        decay_kinds,
        full=Scale(seeds=5, epochs=10, rows=1000),
        quick=QUICK,
    ),
    Experiment(
        "update-order",
        "A network that updates before it passes the gradient on",
        "a hidden layer of 32 tanh units by hand on {rows} digits, batch 32, {epochs} epochs, {seeds} seeds",
        "each layer updates its weights, then passes the gradient on through them",
        small_digits,
        update_order,
        full=Scale(seeds=5, epochs=10, rows=1024),
        quick=Scale(seeds=2, epochs=1, rows=320),
    ),
    Experiment(
        "schedules",
        "Schedules at equal budget",
        ON + "SGD with momentum, " + BEST + " of four",
        "use a learning-rate schedule",
        mnist,
        schedules_compared,
        full=Scale(seeds=5, epochs=5, rows=10_000),
        quick=QUICK,
    ),
    Experiment(
        "small-batches",
        "Small batches",
        "32 hidden units on {rows} digits, plain SGD, to a training loss of 0.1 or for {epochs} epochs, "
        "{seeds} seeds; " + BEST,
        "small batches generalize better",
        mnist,
        small_batches,
        full=Scale(seeds=5, epochs=100, rows=4000),
        quick=QUICK,
    ),
    Experiment(
        "clipping",
        "Gradient clipping",
        "six hidden layers of 32 on {rows} digits, momentum 0.9, {epochs} epochs, {seeds} seeds; " + BEST,
        "use gradient clipping",
        mnist,
        clipping,
        full=Scale(seeds=5, epochs=5, rows=4000),
        quick=QUICK,
    ),
    Experiment(
        "activations",
        "What an activation costs and brings",
        "two hidden layers of 64 on {rows} digits, momentum 0.9, {epochs} epochs, {seeds} seeds; " + BEST,
        "ReLU is computationally efficient, ELU converges faster, GELU is state of the art",
        mnist,
        activation_costs,
        full=Scale(seeds=5, epochs=3, rows=4000),
        quick=QUICK,
    ),
]
