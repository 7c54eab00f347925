"""The cases: what is measured, who takes part, and the check that all of them did the same."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nnlab._validation import check_choice, check_count, describe
from nnlab.bench import contestants as players
from nnlab.bench.contestants import Contestant, Task, Unsuitable
from nnlab.bench.rounds import Clock, Timing, choose_steps, run_rounds
from nnlab.gradcheck import relative_error

NETWORKS = ((784, 64, 10), (784, 256, 128, 10))
BATCHES = (32, 256, 1024)
POOL_BYTES = 2**25  # of different batches, which are larger than most caches, as in a real training
CHECKED_STEPS = 10
# The largest relative difference taken for rounding. After ten steps SGD in float32 differs by about 1e-6,
# Adam, which divides tiny gradients by their own size, by up to 2e-4; a learning rate 4 % off, by 2e-2.
TOLERANCE = 1e-2

# name -> makes the contestant, or raises Unsuitable
Lineup = Mapping[str, Callable[[], Contestant]]


class Disagreement(ValueError):
    """Two contestants were given the same work and came to different results."""


@dataclass(frozen=True)
class Case:
    """One row of the table: its name, and a function that makes who takes part."""

    name: str
    lineup: Callable[[], Lineup]


@dataclass(frozen=True)
class Result:
    """What a case measured: the timing, who was left out and why, and how far the results differ."""

    case: str
    timing: Timing
    left_out: Mapping[str, str] = field(default_factory=dict)
    difference: float = 0.0  # largest relative difference to nnlab's results

    @property
    def names(self) -> list[str]:
        """Who took part."""
        return list(self.timing.seconds)


def measure(
    case: Case,
    *,
    rounds: int = 40,
    round_seconds: float = 0.05,
    clock: Clock = time.perf_counter,
    after: Callable[[], object] = lambda: None,
) -> Result:
    """Check that all who take part in the case do the same, then time them in interleaved rounds.

    `after` is called after each round. Raises: Disagreement if results differ by more than rounding.
    """
    check_count("measure", "rounds", rounds)
    made, left_out = {}, {}
    for name, make in case.lineup().items():
        try:
            made[name] = make()
        except Unsuitable as reason:
            left_out[name] = str(reason)
    difference = agree(made)
    turns = {name: contestant.turn(clock) for name, contestant in made.items()}
    timing = run_rounds(turns, choose_steps(turns, round_seconds), rounds, after)
    return Result(case.name, timing, left_out, difference)


def agree(contestants: Mapping[str, Contestant], steps: int = CHECKED_STEPS) -> float:
    """Let each do so many steps from the start; return the largest relative difference to the first one.

    A difference is |a − b| / (|a| + |b|), with Euclidean norms. What moved in training is compared by how
    far it moved. Raises: Disagreement if a difference is above TOLERANCE, NaN, or a result is missing.
    """
    outcomes = {}
    for name, contestant in contestants.items():
        contestant.work(steps)
        if outcome := contestant.outcome():
            outcomes[name] = outcome
    if not outcomes:
        return 0.0
    (reference, expected), *others = outcomes.items()
    largest = 0.0
    for name, outcome in others:
        for quantity, value in expected.items():
            got = outcome.get(quantity)
            if got is None or got.shape != value.shape:
                raise Disagreement(
                    f"{name} gave {describe(got)} as {quantity}, {reference} {describe(value)}"
                )
            difference = relative_error(got, value)
            if not difference <= TOLERANCE:
                raise Disagreement(
                    f"{name} and {reference} did not do the same work: after {steps} steps their "
                    f"{quantity} differs by {difference:.1e} of its size, expected at most {TOLERANCE:.0e}"
                )
            largest = max(largest, difference)
    return largest


# ---------------------------------------------------------------------------------------- the cases


def all_cases() -> list[Case]:
    """Return every case, in the order of the table."""
    cases = [
        Case(
            f"step {_sizes(sizes)} {optimizer} batch {batch}",
            functools.partial(steps, sizes, optimizer, batch),
        )
        for optimizer in ("SGD", "Adam")
        for sizes in NETWORKS
        for batch in BATCHES
    ]
    return cases


def select(substring: str | None) -> list[Case]:
    """Return the cases whose names contain the substring.

    Raises: ValueError for none, listing them all.
    """
    cases = all_cases()
    chosen = [case for case in cases if substring is None or substring in case.name]
    if not chosen:
        names = "\n  ".join(case.name for case in cases)
        raise ValueError(f"no case has {substring!r} in its name; the cases are\n  {names}")
    return chosen


def steps(sizes: tuple[int, ...], optimizer: str, batch: int) -> Lineup:
    """One training step: forward, loss, backward, update, on random images in float32."""
    check_choice("steps", "optimizer", optimizer, tuple(players.OPTIMIZERS))
    rows = max(CHECKED_STEPS, POOL_BYTES // (4 * sizes[0] * batch)) * batch
    X, y = _random_data(rows, sizes)
    task = Task(sizes, X, y, batch, optimizer, lr=0.01 if optimizer == "SGD" else 0.001)
    return _training(task)


def _training(task: Task, by_fit: bool = False) -> Lineup:
    return {
        "nnlab": functools.partial(players.NnlabTraining, task, by_fit),
        "torch": functools.partial(players.TorchTraining, task),
        "sklearn": functools.partial(players.SklearnTraining, task, by_fit),
        "floor": functools.partial(players.FloorTraining, task),
    }


def _random_data(rows: int, sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs in [−½, ½), like shifted pixels, and labels that a linear rule gives them."""
    rng = np.random.default_rng(0)
    X = rng.random((rows, sizes[0]), np.float32) - np.float32(0.5)
    rule = rng.standard_normal((sizes[0], sizes[-1]), np.float32)
    return X, (X @ rule).argmax(axis=1)


def _sizes(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))
