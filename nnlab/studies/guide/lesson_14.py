"""Lines of a published guide that lesson 14 explains: recurrent networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from nnlab.layers import RNN
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, no_data
from nnlab.studies.guide.lesson_09 import best_by_validation
from nnlab.studies.sequences import Task, accuracies, curves, first_of, reader

BOUNDS = (0.1, 1.0, 10.0)  # of the gradient's norm
OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], tuple[float, ...]]] = {
    "SGD": (partial(SGD, momentum=0.9), (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)),
    "Adam": (Adam, (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)),
}


@dataclass(frozen=True)
class Problem:
    """A task for each seed, and the sizes of the network that reads it."""

    task: Callable[[int, int], Task]  # from the number of sequences and the seed
    n_in: int
    n_hidden: int
    n_out: int


PROBLEMS = {
    "the first of 40 entries": Problem(partial(first_of, T=40), 1, 16, 2),
    "curves, 4 points a step": Problem(partial(curves, per_step=4), 4, 64, 10),
}

Runs = dict[tuple[float | None, float], list[np.ndarray]]  # by bound and rate; accuracies of each seed


def clipping(scale: Scale, report: Report) -> Outcome:
    """Train plain recurrent networks with and without clipping, each at its best rate (and bound)."""
    measured: dict[str, Any] = {}
    told, done = [], 0
    for (task, problem), optimizer in ((item, name) for item in PROBLEMS.items() for name in OPTIMIZERS):
        tasks = [problem.task(scale.rows, seed) for seed in range(scale.seeds)]
        runs: Runs = {}
        for bound in (None, *BOUNDS):
            runs |= _runs(problem, tasks, optimizer, bound, scale.epochs)
            done += 1
            report(done / (len(PROBLEMS) * len(OPTIMIZERS) * (1 + len(BOUNDS))))
        (_, rate), plain = best_by_validation(_only(runs, clipped=False))
        (bound, own), clipped = best_by_validation(_only(runs, clipped=True))
        gain = clipped - plain
        name = f"{task}, {optimizer}"
        measured[f"{name}: test %, no clipping (rate {rate:g})"] = plain.tolist()
        measured[f"{name}: test %, norm at most {bound:g} (rate {own:g})"] = clipped.tolist()
        p = stats.ttest_1samp(gain, 0).pvalue if np.ptp(gain) else 1.0
        told.append(f"{name} {gain.mean():+.1f} ± {gain.std(ddof=1):.1f} points, p = {p:.2f}")
        measured[f"{name}: points gained by a bound of 1 at a rate ten times as high"] = _above(
            runs, rate, optimizer
        )
    shows = f"Gained by clipping, each at its best rate by validation: {'; '.join(told)}."
    return Outcome(measured, shows)


def _runs(problem: Problem, tasks: list[Task], optimizer: str, bound: float | None, epochs: int) -> Runs:
    """Return the runs of all rates and seeds with one bound."""
    make, rates = OPTIMIZERS[optimizer]
    network = partial(reader, RNN, problem.n_in, problem.n_hidden, problem.n_out)
    return {
        (bound, lr): [
            accuracies(network, task, partial(make, lr=lr, clip_norm=bound), epochs=epochs, seed=seed)
            for seed, task in enumerate(tasks)
        ]
        for lr in rates
    }


def _only(runs: Runs, *, clipped: bool) -> Runs:
    return {key: found for key, found in runs.items() if (key[0] is not None) == clipped}


def _above(runs: Runs, rate: float, optimizer: str) -> list[float]:
    """Return what a bound of 1 gains at the highest rate tried, up to ten times the best one without."""
    high = max(lr for lr in OPTIMIZERS[optimizer][1] if lr < 11 * rate)
    pairs = zip(runs[1.0, high], runs[None, high], strict=True)
    return [float(clipped[1] - plain[1]) for clipped, plain in pairs]


EXPERIMENTS = [
    Experiment(
        "clipping-rnn",
        "Gradient clipping with RNNs",
        "a plain RNN on {rows} sequences, batch 32, {epochs} epochs, {seeds} seeds; SGD with momentum 0.9 "
        "and Adam, each at the best of six or eight rates by validation, and with clipping of three bounds",
        "use gradient clipping with RNNs",
        no_data,
        clipping,
        full=Scale(seeds=5, epochs=20, rows=1000),
        quick=Scale(seeds=2, epochs=1, rows=64),
    ),
]
