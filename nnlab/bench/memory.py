"""Peak memory of a training, asked of the operating system, in a fresh process for each contestant.

tracemalloc would be easier, and wrong: it sees what NumPy allocates, but PyTorch allocates by itself. And
`resource.getrusage` starts, on Linux, from the peak of the process that started this one.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nnlab.bench.cases import Setup
from nnlab.bench.contestants import EPOCHS, LOOPS, Unsuitable
from nnlab.bench.process import fresh_python
from nnlab.bench.threads import limit_threads

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
MEASURED = {"nnlab": (), "torch": ("torch",), "sklearn": ("sklearn.neural_network",)}  # what each imports


@dataclass(frozen=True)
class MemoryCase:
    """A training whose memory is measured: by the libraries' own epochs, or step by step in a loop."""

    name: str
    setup: Setup
    by_epochs: bool
    steps: int = 2  # the second one finds all that the first one left behind


@dataclass(frozen=True)
class MemoryResult:
    """Peak memory of each contestant beyond that before training, and the size of the data, in bytes."""

    case: str
    peaks: dict[str, int]
    left_out: dict[str, str]
    data: int

    def ratio(self, name: str, other: str) -> float:
        """Return how much of the other's memory it needs."""
        return self.peaks[name] / self.peaks[other]


def all_cases() -> list[MemoryCase]:
    """Return every case of the memory table."""
    loop = Setup((784, 64, 10), "SGD", 1024, 10_240)
    shuffled = Setup((784, 256, 128, 10), "Adam", 256, 25_600)
    whole = Setup((136, 64, 1), "SGD", 88_000, 88_000)
    return [
        MemoryCase(f"memory of steps {loop}", loop, by_epochs=False),
        MemoryCase(f"memory of epochs {shuffled}", shuffled, by_epochs=True),
        MemoryCase("memory of epochs 136-64-1 SGD full batch, 88,000 rows", whole, by_epochs=True),
    ]


def measure(case: MemoryCase, threads: int = 1) -> MemoryResult:
    """Measure the case, each contestant in a process of its own.

    Raises: OSError where there is no /proc, as outside of Linux.
    """
    peaks, left_out = {}, {}
    for name in MEASURED:
        try:
            peaks[name] = peaks_of(name, [case], threads)[0]
        except Unsuitable as reason:
            left_out[name] = str(reason)
    setup = case.setup
    return MemoryResult(case.name, peaks, left_out, 4 * setup.rows * setup.sizes[0])


def peaks_of(name: str, cases: Sequence[MemoryCase], threads: int = 1) -> list[int]:
    """Return the peaks of a contestant, measured one case after the other in one fresh process.

    Raises: OSError as `measure`, Unsuitable if it is not installed or cannot do the work.
    """
    if not available():
        raise OSError(f"memory is measured on Linux only: it takes {CLEAR}, which is missing or locked here")
    order = {"name": name, "threads": threads, "cases": [asdict(case) for case in cases]}
    program = "from nnlab.bench.memory import answer; answer()"
    answered = json.loads(fresh_python("-c", program, input=json.dumps(order)))
    if "unsuitable" in answered:
        raise Unsuitable(answered["unsuitable"])
    return answered["peaks"]


def available() -> bool:
    """Whether this system tells the peak of a process and lets it start again."""
    return STATUS.exists() and os.access(CLEAR, os.W_OK)


# ---------------------------------------------------------------------------------------- in that process


def peak(work: Callable[[], object]) -> int:
    """Return by how many bytes the memory of this process rises, at most, while the work is done."""
    gc.collect()
    _return_freed_memory()
    CLEAR.write_text("5", encoding="ascii")  # the peak starts again from what is in use now
    before = _status("VmRSS")
    kept = work()  # until the peak is read
    highest = _status("VmHWM")
    del kept
    return max(highest - before, 0)


def train(name: str, case: MemoryCase) -> int:
    """Return the peak of a training: weights, gradients, state of the optimizer, all but data and program."""
    kind = (EPOCHS if case.by_epochs else LOOPS)[name]
    small = replace(case.setup, rows=1024, batch=1024 if case.setup.batch == case.setup.rows else 64)
    kind(small.task()).work(1)  # reads those parts of the libraries that are loaded on first use
    task = case.setup.task()

    def work() -> object:
        contestant = kind(task)
        contestant.work(case.steps)
        return contestant

    return peak(work)


def _status(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", STATUS.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise OSError(f"{STATUS} names no {field}")
    return int(found[1]) * 1024


def _return_freed_memory() -> None:
    """Give back what was freed but kept for later: training would use it unseen (glibc only)."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def answer() -> None:
    """Read on standard input what `peaks_of` asks, and print the answer as JSON."""
    order = json.load(sys.stdin)
    try:
        with limit_threads(order["threads"], MEASURED[order["name"]]):
            peaks = []
            for case in order["cases"]:
                setup = case.pop("setup")
                setup["sizes"] = tuple(setup["sizes"])
                peaks.append(train(order["name"], MemoryCase(setup=Setup(**setup), **case)))
    except Unsuitable as reason:
        print(json.dumps({"unsuitable": str(reason)}))
    else:
        print(json.dumps({"peaks": peaks}))
