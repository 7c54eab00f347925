"""How time and memory grow with the size of a batch, the width and depth of a network, and the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nnlab.bench import memory
from nnlab.bench.cases import Case, Lineup, Setup, makers_of, measure
from nnlab.bench.contestants import EPOCHS, LOOPS
from nnlab.bench.threads import rest

SCALED = ("nnlab", "torch")


@dataclass(frozen=True)
class Axis:
    """One size that grows while the others stay: its name, its values, and the training at each of them."""

    name: str
    values: tuple[int, ...]
    setup: Callable[[int], Setup]
    what: str  # is measured
    by_epochs: bool = False


AXES = (
    Axis("batch", (128, 256, 512, 1024, 2048, 4096), lambda b: Setup((784, 256, 10), "SGD", b, 2 * b),
         "a step of 784-256-10"),
    Axis("width", (128, 256, 512, 1024, 2048), lambda w: Setup((256, w, w, 10), "SGD", 256, 512),
         "a step of 256-w-w-10, batch 256"),
    Axis("depth", (1, 2, 4, 8, 16), lambda d: Setup((256, *[256] * d, 10), "SGD", 256, 512),
         "a step with d hidden layers of 256, batch 256"),
    Axis("rows", (4096, 8192, 16_384, 32_768, 65_536), lambda m: Setup((256, 64, 10), "SGD", 256, m),
         "an epoch of 256-64-10, batch 256, shuffled", by_epochs=True),
)  # fmt: skip


@dataclass(frozen=True)
class Growth:
    """What was measured along an axis: seconds a step or epoch, and peak memory in bytes, by contestant."""

    axis: str
    what: str
    values: Sequence[int]
    seconds: Mapping[str, Sequence[float]]
    peaks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def time_exponent(self, name: str) -> float:
        """Return p of seconds ≈ c · valueᵖ."""
        return exponent(self.values, self.seconds[name])

    def memory_exponent(self, name: str) -> float:
        """Return p of bytes ≈ c · valueᵖ."""
        return exponent(self.values, self.peaks[name])


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the p for which y ≈ c · xᵖ: the slope of log y over log x, by least squares.

    A constant part of y bends the line: p then is lower than the power that wins in the end.
    Raises: ValueError for fewer than two values, or one that is not positive.
    """
    if len(x) != len(y) or len(x) < 2 or not all(v > 0 for v in (*x, *y)):
        raise ValueError(f"exponent expected two or more pairs of positive numbers, got {x} and {y}")
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def grow(
    axis: Axis,
    *,
    seconds: float = 0.5,
    clock: str = "wall",
    threads: int = 1,
    values: Sequence[int] | None = None,
    report: Callable[[float], object] = lambda done: None,
) -> Growth:
    """Measure time, and on Linux memory, at each value of the axis, or at `values`."""
    values = list(axis.values if values is None else values)
    results = []
    for i, value in enumerate(values):
        case = _case(axis, value)
        results.append(measure(case, seconds=seconds, least_rounds=5, clock=clock, rest=rest(threads)))
        report((i + 1) / (len(values) + 1))
    times = {name: [result.timing.median(name) for result in results] for name in results[0].names}
    left_out, peaks = dict(results[0].left_out), {}
    if memory.available():
        cases = [memory.MemoryCase(f"{axis.name} {v}", axis.setup(v), axis.by_epochs) for v in values]
        peaks = {name: memory.peaks_of(name, cases, threads) for name in times}
    else:
        left_out["memory"] = "it is measured on Linux only"
    report(1.0)
    return Growth(axis.name, axis.what, values, times, peaks, left_out)


def _case(axis: Axis, value: int) -> Case:
    kinds = {name: (EPOCHS if axis.by_epochs else LOOPS)[name] for name in SCALED}
    return Case(
        f"{axis.name} {value}", lambda: Lineup(makers_of(kinds, axis.setup(value).task())), checked_steps=2
    )
