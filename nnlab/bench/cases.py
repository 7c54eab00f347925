"""The cases: what is timed, who takes part, and the check that all of them did the same."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from nnlab._check import check_choice, check_number, describe
from nnlab.bench.contestants import (
    EPOCHS,
    INFERENCE,
    LOOPS,
    TIMED,
    Contestant,
    NnlabForward,
    Task,
    Unsuitable,
)
from nnlab.bench.process import fresh_python
from nnlab.bench.rounds import CLOCKS, Clock, Timing, Turn, choose, run_rounds
from nnlab.gradcheck import relative_error

NETWORKS = ((784, 64, 10), (784, 256, 128, 10))
BATCHES = (32, 256, 1024)
POOL_BYTES = 2**25  # of different batches, which are larger than most caches, as in a real training
CHECKED_STEPS = 10
# The largest relative difference taken for rounding. After ten steps SGD in float32 differs by about 1e-6,
# Adam, which divides tiny gradients by their own size, by up to 2e-4; a learning rate 4 % off, by 2e-2.
TOLERANCE = 1e-2

Makers = Mapping[str, Callable[[], Contestant]]  # by name; a maker may raise Unsuitable


class Disagreement(ValueError):
    """Two contestants were given the same work and came to different results."""


@dataclass(frozen=True)
class Lineup:
    """Who takes part in a case, and on which data."""

    makers: Makers
    data: str = "random numbers"


@dataclass(frozen=True)
class Case:
    """One row of the table: its name, a function that makes the line-up, and how long a turn must be.

    What a contestant does once a turn, such as checking the data, is shared by at least `least_steps`.
    """

    name: str
    lineup: Callable[[], Lineup]
    least_steps: int = 1
    checked_steps: int = CHECKED_STEPS
    prepare: Callable[[], object] = lambda: None  # reads the data, if any, and may raise what they deserve


@dataclass(frozen=True)
class Result:
    """What a case measured: the timing, who was left out and why, and how far the results differ."""

    case: str
    data: str
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
    seconds: float = 2.0,
    round_seconds: float = 0.05,
    least_rounds: int = 7,
    clock: str = "wall",
    rest: float = 0.0,
    report: Callable[[float], object] = lambda done: None,
) -> Result:
    """Check that all who take part in the case do the same, then time them in rounds, about `seconds` long.

    `rest` and `report` are those of `run_rounds`.
    Raises: Disagreement if results differ by more than rounding.
    """
    check_number("measure", "seconds", seconds, above=0)
    check_choice("measure", "clock", clock, tuple(CLOCKS))
    lineup, made, left_out = case.lineup(), {}, {}
    for name, make in lineup.makers.items():
        try:
            made[name] = make()
        except Unsuitable as reason:
            left_out[name] = str(reason)
    difference = agree(made, case.checked_steps)
    turns = {name: contestant.turn(CLOCKS[clock]) for name, contestant in made.items()}
    steps, rounds = choose(
        turns,
        round_seconds=round_seconds,
        seconds=seconds,
        least_steps=case.least_steps,
        least_rounds=least_rounds,
    )
    timing = run_rounds(turns, steps, rounds, rest=rest, report=report)
    return Result(case.name, lineup.data, timing, left_out, difference)


def agree(contestants: Mapping[str, Contestant], steps: int = CHECKED_STEPS) -> float:
    """Let each do so many steps from the start; return the largest relative difference to the first one.

    A difference is |a − b| / (|a| + |b|), with Euclidean norms. Of parameters, the changes are compared.
    Raises: Disagreement if a difference is NaN or above TOLERANCE, or a result is missing.
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


# ---------------------------------------------------------------------------------------- training


@dataclass(frozen=True)
class Setup:
    """A training on random data: all that a `Task` needs, in a few numbers, with float32 throughout."""

    sizes: tuple[int, ...]
    optimizer: str
    batch: int
    rows: int

    def task(self) -> Task:
        """Return the task with inputs in [−½, ½), like shifted pixels, and labels by a linear rule."""
        check_choice("Setup", "optimizer", self.optimizer, tuple(TIMED))
        rng = np.random.default_rng(0)
        X = rng.random((self.rows, self.sizes[0]), np.float32)
        X -= 0.5
        scores = X @ rng.standard_normal((self.sizes[0], self.sizes[-1]), np.float32)
        y = scores.argmax(axis=1) if self.sizes[-1] > 1 else (scores[:, 0] > 0).astype(np.int64)
        lr = 0.01 if self.optimizer == "SGD" else 0.001
        return Task(self.sizes, X, y, self.batch, self.optimizer, lr)

    def __str__(self) -> str:
        return f"{'-'.join(map(str, self.sizes))} {self.optimizer} batch {self.batch}"


def step(sizes: tuple[int, ...], optimizer: str, batch: int) -> Case:
    """Return the case of one training step: forward, loss, backward, update."""
    batches = int(np.clip(POOL_BYTES // (4 * sizes[0] * batch), CHECKED_STEPS, 500))
    setup = Setup(tuple(sizes), optimizer, batch, batches * batch)
    return Case(f"step {setup}", lambda: Lineup(makers_of(LOOPS, setup.task())), least_steps=5)


def epoch(setup: Setup) -> Case:
    """Return the case of an epoch of shuffled batches, taken from the data by each library's own means."""

    def lineup() -> Lineup:
        makers = makers_of(EPOCHS, setup.task())
        return Lineup(
            makers | {"sklearn": functools.partial(_leave_out, "it shuffles in an order of its own")}
        )

    return Case(f"epoch {setup} of {setup.rows:,} rows", lineup, checked_steps=2)


def appointments_epoch(outputs: int) -> Case:
    """Return the case of a full-batch epoch on the appointments: the published network, or a sigmoid's."""

    def lineup() -> Lineup:
        X, y, source = _appointments()
        task = Task((X.shape[1], 64, outputs), X, y, len(X), "SGD", lr=0.01)
        return Lineup(makers_of(EPOCHS, task), f"appointments, {len(X):,} × {X.shape[1]}, {source}")

    output = "sigmoid" if outputs == 1 else f"softmax of {outputs}"
    name = f"epoch appointments 64 {output} SGD full batch"
    return Case(name, lineup, least_steps=5, checked_steps=3, prepare=_appointments)


@functools.cache
def _appointments() -> tuple[np.ndarray, np.ndarray, str]:
    """Return all features but those of the test set, their labels, and where the table came from."""
    from nnlab import datasets  # here: what memory is measured with should not load pandas

    table = datasets.load_appointments()
    frame, _ = datasets.clean(table.frame)
    split = datasets.split(
        frame, by="row", rng=np.random.default_rng(0), dtype=np.float32
    )  # nothing is judged
    parts = split.train, split.validation
    return np.concatenate([p.X for p in parts]), np.concatenate([p.y for p in parts]), table.source


def makers_of(kinds: Mapping[str, type], task: Task) -> dict[str, Callable[[], Contestant]]:
    """Return a function for each kind of contestant that makes it for the task."""
    return {name: functools.partial(kind, task) for name, kind in kinds.items()}


def _leave_out(reason: str) -> Contestant:
    raise Unsuitable(reason)


# ---------------------------------------------------------------------------------------- other work


def inference(sizes: tuple[int, ...], rows: int) -> Case:
    """Return the case of predicting so many rows at once."""
    setup = Setup(tuple(sizes), "SGD", rows, rows)
    kinds = INFERENCE | ({"nnlab": NnlabForward} if rows == 1 else {})
    name = f"predict {'-'.join(map(str, sizes))} rows {rows:,}"
    return Case(name, lambda: Lineup(makers_of(kinds, setup.task())), checked_steps=1)


class Import(Contestant):
    """`import` in a fresh Python process, timed inside it, so that starting Python does not count."""

    def __init__(self, module: str):
        if importlib.util.find_spec(module.partition(".")[0]) is None:
            raise Unsuitable(f"{module} is not installed")
        self.module = module

    def work(self, steps: int) -> None:
        self.turn(CLOCKS["wall"])(steps)

    def turn(self, clock: Clock) -> Turn:
        name = clock.__name__  # perf_counter or process_time
        program = f"from time import {name} as clock; t = clock(); import {self.module}; print(clock() - t)"
        return lambda steps: sum(float(fresh_python("-c", program)) for _ in range(steps))


IMPORTED = {"nnlab": "nnlab", "torch": "torch", "sklearn": "sklearn.neural_network", "floor": "numpy"}


def import_time() -> Case:
    """Return the case of importing; its floor is NumPy, which all of them import."""
    makers = {name: functools.partial(Import, module) for name, module in IMPORTED.items()}
    return Case("import", lambda: Lineup(makers, "none"), checked_steps=1)


def all_network_cases() -> list[Case]:
    """Return the cases of fully connected networks, in the order of the table."""
    return [
        *(step(sizes, optimizer, b) for optimizer in TIMED for sizes in NETWORKS for b in BATCHES),
        epoch(Setup((784, 64, 10), "SGD", 32, 3200)),
        appointments_epoch(2),
        appointments_epoch(1),
        *(inference(sizes, rows) for sizes in NETWORKS for rows in (1, 10_000)),
    ]
