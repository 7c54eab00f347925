"""Interleaved rounds: how to compare running times on a machine that does other things, too.

In every round each contestant has one turn of the same number of steps. What slows the machine down for a
while then slows all of them down, and cancels in the ratio of two turns of the same round.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnlab._check import check_count

Turn = Callable[[int], float]  # does so many steps and returns how long they took, in seconds
Clock = Callable[[], float]
# The clock on the wall is what one waits for. On a machine that others use too, it also counts their turns;
# processor time does not, but adds up the threads, so it is for one thread only.
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


def timed(work: Callable[[int], object], clock: Clock = time.perf_counter) -> Turn:
    """Return a turn that does `work(steps)` and looks at the clock before and after."""

    def turn(steps: int) -> float:
        start = clock()
        work(steps)
        return clock() - start

    return turn


@dataclass(frozen=True)
class Timing:
    """Seconds per step of each contestant, one value a round."""

    seconds: Mapping[str, np.ndarray]
    steps: int  # in a turn

    def median(self, name: str) -> float:
        """Return the median over the rounds, in seconds per step."""
        return float(np.median(self.seconds[name]))

    def quartiles(self, name: str) -> tuple[float, float]:
        """Return the first and third quartile, in seconds per step: half of the rounds lie between them."""
        return _quartiles(self.seconds[name])

    def ratio(self, name: str, other: str) -> float:
        """Return the median of the ratios name / other, each taken within one round.

        It is more robust than the ratio of the medians: a slow spell hits both turns of a round.
        """
        return float(np.median(self._ratios(name, other)))

    def ratio_quartiles(self, name: str, other: str) -> tuple[float, float]:
        """Return the first and third quartile of the ratios name / other within a round."""
        return _quartiles(self._ratios(name, other))

    def _ratios(self, name: str, other: str) -> np.ndarray:
        return self.seconds[name] / self.seconds[other]


def _quartiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.25, 0.75])
    return float(low), float(high)


def order(names: Sequence[str], number: int) -> list[str]:
    """Return who plays when in round `number`: each is first equally often, none always after another.

    Rotated by one from round to round; every other lap of rotations is read backwards.
    """
    first, lap = number % len(names), number // len(names)
    rotated = [*names[first:], *names[:first]]
    return rotated[::-1] if lap % 2 else rotated


def choose(
    turns: Mapping[str, Turn], *, round_seconds: float, seconds: float, least_steps: int, least_rounds: int
) -> tuple[int, int]:
    """Return the steps of a turn, for a round to last about `round_seconds`, and the rounds, for all of them.

    Tried out thrice: the first turns are slow, and what is done once a turn weighs little in long ones.
    """
    steps = least_steps
    for _ in range(3):
        lasted = max(sum(turn(steps) for turn in turns.values()), 1e-9)
        if steps == least_steps and lasted > round_seconds:
            break  # it cannot be shorter
        steps = max(least_steps, round(steps * round_seconds / lasted))
    return steps, max(least_rounds, round(seconds / max(lasted, round_seconds)))


def run_rounds(
    turns: Mapping[str, Turn],
    steps: int,
    rounds: int,
    *,
    rest: float = 0.0,
    report: Callable[[float], object] = lambda done: None,
) -> Timing:
    """Let everyone have a turn of `steps` in each of `rounds`, after one round that does not count.

    `rest` is a pause before each turn, in seconds: threads of the turn before may still be waiting for work,
    and do so by spinning. `report` is told the part of the rounds that is done, 0 … 1.
    Raises: ValueError for steps or rounds < 1.
    """
    steps, rounds = check_count("run_rounds", "steps", steps), check_count("run_rounds", "rounds", rounds)
    names = list(turns)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for name in names:
        turns[name](steps)
    for number in range(rounds):
        with _no_garbage_collection():
            for name in order(names, number):
                time.sleep(rest)
                seconds[name].append(turns[name](steps) / steps)
        report((number + 1) / rounds)
    return Timing({name: np.array(values) for name, values in seconds.items()}, steps)


@contextlib.contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Hold the collector back, as timeit does: it would bill one contestant for another's garbage."""
    was_enabled = gc.isenabled()
    gc.collect(0)
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
