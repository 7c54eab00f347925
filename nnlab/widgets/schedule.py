"""The schedule explorer: a learning rate drawn by sliders, the loss it leads to, and the range test."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlab._check import NonFiniteError
from nnlab.layers import MLP, ReLU
from nnlab.losses import softmax_cross_entropy
from nnlab.optimizers import SGD, Adam, RMSprop
from nnlab.plots import BLUE, GRAY, GREEN, ORANGE
from nnlab.schedules import Schedule, constant, exponential
from nnlab.training import batches
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

OPTIMIZERS: dict[str, Callable] = {
    "SGD": SGD,
    "momentum": functools.partial(SGD, momentum=0.9),
    "Nesterov": functools.partial(SGD, momentum=0.9, nesterov=True),
    "RMSprop": RMSprop,
    "Adam": Adam,
}
#: From 1 to 0 (or almost) while the progress after the warm-up goes from 0 to 1.
SHAPES: dict[str, Callable[[float], float]] = {
    "constant": lambda progress: 1.0,
    "linear": lambda progress: 1 - progress,
    "cosine": lambda progress: (1 + math.cos(math.pi * progress)) / 2,
    "exponential": lambda progress: 0.01**progress,
    "step": lambda progress: 0.1 ** min(2, int(3 * progress)),
}
BATCH = 32
SMOOTH = 15  # steps in the running mean of the losses: one batch says little
RANGE_SMOOTH = 5  # fewer in the range test, where the mean lags behind the rate
RATES = (1e-4, 10.0)  # the range test goes from one to the other …
RANGE_STEPS = 120  # … in so many steps
TITLES = ("learning rate / peak", "loss, mean of 15 steps (nats)", "range test: loss at each rate")


def schedule_explorer(
    shape: str = "cosine",
    *,
    peak: float = 0.3,
    warmup: float = 0.1,
    end: float = 0.0,
    optimizer: str = "momentum",
    epochs: int = 6,
    seed: int = 0,
) -> Explorer:
    """Return controls that draw a schedule, with the loss it leads to on the embedded digits.

    shape: of the decay after the warm-up, "constant", "linear", "cosine", "exponential" or "step". peak: the
    highest rate. warmup: the share of all steps in which the rate rises to it. end: the share of the peak at
    which the decay ends. Beside it runs the same network on the same batches, with the peak as its constant
    rate.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "schedule_explorer"
    settings = [
        controls.choice(who, "shape", "shape of the decay", shape, "cosine", list(SHAPES), positional=True),
        controls.logarithmic(who, "peak", "peak (highest rate)", peak, 0.3, (-4, 1)),
        controls.number(who, "warmup", "warm-up (share)", warmup, 0.1, 0.0, 0.9, 0.05),
        controls.number(who, "end", "end (share of peak)", end, 0.0, 0.0, 1.0, 0.05),
        controls.choice(who, "optimizer", "optimizer", optimizer, "momentum", list(OPTIMIZERS)),
        controls.count(who, "epochs", "epochs", epochs, 6, 1, 12),
        controls.count(who, "seed", "seed", seed, 0, 0, 99),
    ]
    scene = ScheduleScene()
    return Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene),
        title="Schedule explorer",
        advice="raise the peak until the constant rate (dashed) fails; dotted is the loss of guessing. "
        "How far can you go on with a decay, and with a longer warm-up? Where in the range test do the two "
        "limits lie? Then try Adam: where is its range?",
    )


@dataclass(frozen=True)
class Drawn:
    """The schedule that the sliders draw: up to the peak in a straight line, then down by its shape."""

    shape: str
    peak: float
    warmup: float
    end: float
    steps: int

    def __call__(self, t: int) -> float:
        rising = round(self.warmup * self.steps)
        if t < rising:
            return self.peak * (t + 1) / rising
        progress = (t - rising) / max(1, self.steps - 1 - rising)
        return self.peak * (self.end + (1 - self.end) * SHAPES[self.shape](min(progress, 1.0)))


def _show(
    scene: ScheduleScene,
    turn: Turn,
    *,
    shape: str,
    peak: float,
    warmup: float,
    end: float,
    optimizer: str,
    epochs: int,
    seed: int,
) -> str:
    steps = epochs * math.ceil(len(digits()[1]) / BATCH)
    schedule = Drawn(shape, peak, warmup, end, steps)
    runs = {name: train(rate, optimizer, steps, seed) for name, rate in _both(schedule, peak)}
    low, high = RATES
    rising = exponential(low, (high / low) ** (1 / (RANGE_STEPS - 1)))
    tested = train(rising, optimizer, RANGE_STEPS, seed)
    scene.draw(schedule, runs, tested, peak)
    best = rising(int(np.argmin(running_mean(tested, RANGE_SMOOTH))))
    ends = "; ".join(f"{_told(losses, steps)} {name}" for name, losses in runs.items())
    told = f"Over the last {SMOOTH} of {steps} steps: {ends}."
    return f"{told} In the range test the loss is lowest at {best:.2g}."


def _both(schedule: Drawn, peak: float) -> list[tuple[str, Schedule]]:
    return [("with the schedule", schedule), (f"at the constant rate {peak:g}", constant(peak))]


def _told(losses: tuple[float, ...], steps: int) -> str:
    if len(losses) < steps:
        return f"diverged at step {len(losses) + 1}"
    return f"loss {running_mean(losses)[-1]:.3f}"


# ---------------------------------------------------------------------------------------- training


@functools.lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the training part of the embedded digits: small enough to be learned between two pictures."""
    from nnlab.datasets import load_digits

    data = load_digits(dtype=np.float32)
    return data.X, data.y


@functools.lru_cache(maxsize=200)
@np.errstate(all="ignore")
def train(rate: Schedule, optimizer: str, steps: int, seed: int) -> tuple[float, ...]:
    """Return the loss of every step's batch; the list ends before a loss that is not finite."""
    X, y = digits()
    rng = np.random.default_rng(seed)
    network = MLP([X.shape[1], 32, 10], activation=ReLU, rng=rng, dtype=np.float32)
    updates = OPTIMIZERS[optimizer](network.parameters(), lr=rate)
    losses: list[float] = []
    while True:
        for X_batch, y_batch in batches(X, y, BATCH, rng=rng):
            try:
                loss, dscores = softmax_cross_entropy(network.forward(X_batch), y_batch)
            except NonFiniteError:
                return tuple(losses)
            if len(losses) == steps or not math.isfinite(loss):
                return tuple(losses)
            losses.append(loss)
            network.backward_parameters(dscores)
            updates.step()


def running_mean(losses: tuple[float, ...], width: int = SMOOTH) -> np.ndarray:
    """Return the mean of each loss and those before it, `width` of them at most."""
    sums = np.cumsum([0.0, *losses])
    last = np.arange(1, len(losses) + 1)
    first = np.maximum(0, last - width)
    return (sums[last] - sums[first]) / (last - first)


# ---------------------------------------------------------------------------------------- the drawing


class ScheduleScene:
    """Three panels whose frames seldom change: the rate, the losses, the range test with the peak in it."""

    def __init__(self):
        self.picture = Picture(9.2, 3.1)
        rate, losses, tested = panels(self.picture.figure, TITLES, left=0.05, wspace=0.2)
        (self._rate,) = rate.plot([], [], color=BLUE, ls="-")
        rate.axhline(1, color=ORANGE, ls="--", lw=1.3)
        rate.set(xlabel="step", ylim=(0, 1.08), yticks=[0, 0.5, 1])
        (self._with,) = losses.plot([], [], color=BLUE, ls="-", label="with the schedule")
        (self._without,) = losses.plot([], [], color=ORANGE, ls="--", label="peak as constant rate")
        losses.axhline(math.log(10), color=GRAY, ls=":", lw=1)
        losses.set(xlabel="step", yscale="log", ylim=(0.01, 20))
        losses.legend(loc="upper right", frameon=False, fontsize=9)
        (self._tested,) = tested.plot([], [], color=GREEN, ls="-")
        (self._peak,) = tested.plot([], [], color=BLUE, ls="-.", label="the peak")
        tested.axhline(math.log(10), color=GRAY, ls=":", lw=1)
        tested.set(xlabel="learning rate", xscale="log", yscale="log", xlim=RATES, ylim=(0.05, 20))
        tested.legend(loc="upper left", frameon=False, fontsize=9)
        # The ticks of a logarithmic axis are formulas, and matplotlib's parser of formulas is one for all.
        losses.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        tested.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        tested.set_xticks([1e-4, 1e-3, 0.01, 0.1, 1, 10], ["0.0001", "0.001", "0.01", "0.1", "1", "10"])
        for ax in (rate, losses, tested):
            ax.minorticks_off()
            ax.grid(color="0.9")
        tested.tick_params(axis="x", labelsize=8)
        self._axes = rate, losses
        self.picture.move(self._rate, self._with, self._without, self._tested, self._peak)

    def draw(self, schedule: Drawn, runs: dict[str, tuple], tested: tuple[float, ...], peak: float) -> None:
        """Set the moving parts; a run that diverged is gray."""
        steps = np.arange(schedule.steps)
        for ax in self._axes:
            ax.set_xlim(0, schedule.steps)
        self._rate.set_data(steps, [schedule(int(t)) / peak for t in steps])
        for line, losses, color in zip(
            (self._with, self._without), runs.values(), (BLUE, ORANGE), strict=True
        ):
            line.set_data(np.arange(len(losses)), running_mean(losses))
            line.set_color("0.55" if len(losses) < schedule.steps else color)
        rates = np.geomspace(*RATES, RANGE_STEPS)[: len(tested)]
        self._tested.set_data(rates, running_mean(tested, RANGE_SMOOTH))
        self._peak.set_data([peak, peak], [1e-3, 1e3])
