"""Speed and memory of nnlab beside PyTorch and scikit-learn, measured so that the comparison is fair.

Same work, shown by a check; same weights, batches and number of threads; turns interleaved in one process;
medians, spreads and ratios instead of a single time; and beside them the floor, the matrix products alone.
"""

from nnlab.bench import memory
from nnlab.bench.cases import (
    Case,
    Disagreement,
    Result,
    agree,
    all_network_cases,
    import_time,
    measure,
    step,
)
from nnlab.bench.layer_cases import all_layer_cases
from nnlab.bench.report import growth_table, markdown, memory_table, record, table
from nnlab.bench.rounds import CLOCKS, Timing, order, run_rounds, timed
from nnlab.bench.scaling import AXES, Growth, exponent, grow
from nnlab.bench.threads import limit_threads, machine, rest, threads_in_use

__all__ = [
    "AXES",
    "CLOCKS",
    "Case",
    "Disagreement",
    "Growth",
    "Result",
    "Timing",
    "agree",
    "all_cases",
    "compare_steps",
    "exponent",
    "grow",
    "growth_table",
    "limit_threads",
    "machine",
    "markdown",
    "measure",
    "memory",
    "memory_table",
    "order",
    "record",
    "rest",
    "run_rounds",
    "step",
    "table",
    "threads_in_use",
    "timed",
]


def all_cases() -> list[Case]:
    """Return every case, in the order of the table."""
    return [*all_network_cases(), *all_layer_cases(), import_time()]


def compare_steps(
    sizes=(784, 64, 10), *, optimizer="SGD", batches=(32, 256, 1024), threads=1, clock="wall", seconds=1.0
) -> list[Result]:
    """Time a training step of a ReLU network at several batch sizes; `table` shows the results.

    Raises: ValueError for an unknown optimizer or clock, or too many threads; Disagreement.
    """
    with limit_threads(threads):
        cases = [step(sizes, optimizer, batch) for batch in batches]
        return [measure(case, seconds=seconds, clock=clock, rest=rest(threads)) for case in cases]
