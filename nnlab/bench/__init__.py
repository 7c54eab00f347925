"""Speed and memory of nnlab beside PyTorch and scikit-learn, measured so that the comparison is fair.

Same work, shown by a check; same weights, batches and number of threads; turns interleaved in one process;
medians, spreads and ratios instead of a single time; and beside them the floor, the matrix products alone.
"""

from nnlab.bench.cases import Case, Disagreement, Result, agree, all_cases, measure, select
from nnlab.bench.report import markdown, record, table
from nnlab.bench.rounds import CLOCKS, Timing, run_rounds, timed
from nnlab.bench.threads import limit_threads, machine, threads_in_use

__all__ = [
    "CLOCKS",
    "Case",
    "Disagreement",
    "Result",
    "Timing",
    "agree",
    "all_cases",
    "limit_threads",
    "machine",
    "markdown",
    "measure",
    "record",
    "run_rounds",
    "select",
    "table",
    "threads_in_use",
    "timed",
]
