"""The same number of threads for everyone, and what machine it was: without both, a time says little."""

from __future__ import annotations

import contextlib
import importlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from nnlab._check import check_count

SPINNING = 0.03  # seconds that OpenMP's and OpenBLAS's threads wait for more work before they sleep, at most
PACKAGES = ("sklearn.neural_network", "torch")


@contextlib.contextmanager
def limit_threads(threads: int, packages: Iterable[str] = PACKAGES) -> Iterator[None]:
    """Give NumPy's and scikit-learn's libraries, and PyTorch if it is installed, so many threads each.

    The packages are imported first: a library that is loaded later would not be limited.
    Raises: ValueError unless 1 <= threads <= the number of cores.
    """
    check_count("limit_threads", "threads", threads, at_most=os.cpu_count() or 1)
    for name in packages:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(limits=threads):
        if torch:  # after the line above, which also reaches the OpenMP that torch brings along
            torch.set_num_threads(threads)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def rest(threads: int) -> float:
    """Return how long to pause between turns: with one thread there is none that could still be spinning."""
    return SPINNING if threads > 1 else 0.0


def threads_in_use() -> dict[str, int]:
    """Return the number of threads of each library that multiplies matrices or runs loops in parallel."""
    found = {
        f"{pool['internal_api']} ({Path(pool['filepath']).name})": pool["num_threads"]
        for pool in threadpool_info()
    }
    torch = sys.modules.get("torch")
    return found | ({"torch": torch.get_num_threads()} if torch else {})


def machine() -> dict[str, str | int]:
    """Describe processor, cores, system, matrix library and versions."""
    try:
        from sklearn import __version__ as sklearn
    except ImportError:
        sklearn = "not installed"
    libraries = {
        f"{pool['internal_api']} {pool['version']} ({pool.get('architecture', '?')})"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    torch = sys.modules.get("torch")
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "matrix library": ", ".join(sorted(libraries)) or "not recognized",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__ if torch else "not installed",
        "scikit-learn": sklearn,
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
