"""Lines of a published guide that lesson 14 explains: recurrent networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import stats

from nnlab.layers import RNN
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, no_data
from nnlab.studies.guide.lesson_08 import holm
from nnlab.studies.guide.lesson_09 import best_by_validation
from nnlab.studies.sequences import Task, accuracies, curves, first_of, reader

BOUNDS = (0.1, 1.0, 10.0)  # of the gradient's norm
OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], tuple[float, ...]]] = {
    "SGD": (partial(SGD, momentum=0.9), (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)),
    "Adam": (Adam, (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)),
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
    "curves by four points": Problem(partial(curves, per_step=4), 4, 64, 10),
}

Runs = dict[tuple[float | None, float], list[np.ndarray]]  # by bound and rate; accuracies of each seed


def clipping(scale: Scale, report: Report) -> Outcome:
    """Train plain recurrent networks with and without clipping, each at its best rate (and bound)."""
    measured: dict[str, Any] = {}
    gains: dict[str, np.ndarray] = {}
    done = 0
    for (task, problem), optimizer in ((item, name) for item in PROBLEMS.items() for name in OPTIMIZERS):
        tasks = [problem.task(scale.rows, seed) for seed in range(scale.seeds)]
        runs: Runs = {}
        for bound in (None, *BOUNDS):
            runs |= _runs(problem, tasks, optimizer, bound, scale.epochs)
            done += 1
            report(done / (len(PROBLEMS) * len(OPTIMIZERS) * (1 + len(BOUNDS))))
        (_, rate), plain = best_by_validation(_only(runs, clipped=False))
        (bound, own), clipped = best_by_validation(_only(runs, clipped=True))
        name = f"{task} ({optimizer})"
        gains[name] = clipped - plain
        measured[f"{name}: test %, no clipping (rate {rate:g})"] = plain.tolist()
        measured[f"{name}: test %, norm at most {bound:g} (rate {own:g})"] = clipped.tolist()
        high = max(lr for lr in OPTIMIZERS[optimizer][1] if lr < 11 * rate)
        saved = np.subtract(runs[1.0, high], runs[None, high])[:, 1]
        measured[f"{name}: points gained by a bound of 1 at the rate {high:g}"] = saved.tolist()
    return Outcome(measured, verdict(gains))


def verdict(gains: Mapping[str, np.ndarray]) -> str:
    """Say where the gains, one per seed, are beyond chance: paired t-tests, corrected for their number."""
    p = holm([stats.ttest_1samp(gain, 0).pvalue if np.ptp(gain) else 1.0 for gain in gains.values()])
    told = [
        f"{n} {g.mean():+.1f} ± {g.std(ddof=1):.1f} (p = {q:.2g})"
        for (n, g), q in zip(gains.items(), p, strict=True)
    ]
    sure = {name: gain.mean() > 0 for (name, gain), q in zip(gains.items(), p, strict=True) if q < 0.05}
    parts = {
        "it holds for": [name for name, better in sure.items() if better],
        "it does not hold for": [name for name, better in sure.items() if not better],
        "it cannot be told at this size for": [name for name in gains if name not in sure],
    }
    verdicts = "; ".join(f"{text} {', '.join(names)}" for text, names in parts.items() if names)
    return (
        "Points of test accuracy gained by clipping, each side at its best setting by validation (p after "
        f"Holm): {'; '.join(told)}. So {verdicts}."
    )


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


EXPERIMENTS = [
    Experiment(
        "clipping-rnn",
        "Gradient clipping with RNNs",
        "a plain RNN on {rows} sequences, batch 32, {epochs} epochs, {seeds} seeds; SGD with momentum 0.9 "
        "and Adam, each at the best of eight or six rates by validation, clipping at the best of 0.1, 1, 10",
        "use gradient clipping with RNNs",
        no_data,
        clipping,
        full=Scale(seeds=5, epochs=20, rows=1000),
        quick=Scale(seeds=2, epochs=1, rows=64),
    ),
]
