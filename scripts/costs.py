"""Measure what a wrong answer costs: the processor time of `check`, worst of the corpus, by exercise.

    python scripts/costs.py             # all exercises
    python scripts/costs.py softmax     # one

`first` is the first check in a fresh kernel, `later` one that follows others. The last answer tried of each
exercise is one that no known mistake explains, so that all pairs of mistakes are looked at.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from nnlab.exercises import check  # noqa: E402
from nnlab.exercises.checking import registry  # noqa: E402


def computed() -> float:
    """Return the processor time that this process and its children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def bent(value: Any) -> Any:
    """Return the value with numbers that nothing explains."""
    import numpy as np

    if isinstance(value, dict):
        return {key: bent(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(map(bent, value))
    if isinstance(value, (float, np.floating, np.ndarray)):
        return value + 0.1234567 * np.sin(7.3 * np.asarray(value, dtype=float))
    return value


def strange(reference: Callable) -> Callable:
    """Return an answer that no known mistake explains."""

    def answer(*args: Any) -> Any:
        result = reference(*args)
        for arg in args:
            if hasattr(arg, "parameters"):
                for parameter in arg.parameters():
                    parameter.data += 0.1234567
        if hasattr(result, "parameters"):
            result.idle = type(next(result.parameters()))(bent(result.state_dict()["0.weight"][0]))
        return bent(result)

    return answer


def apart(measure: Callable[[], float]) -> float:
    """Return what was measured in a copy of this process."""
    readable, writable = os.pipe()
    if os.fork() == 0:
        os.write(writable, json.dumps(measure()).encode())
        os._exit(0)
    os.close(writable)
    with open(readable, "rb") as answer:
        return float(json.loads(answer.read()))


def cost(name: str, answer: Callable) -> float:
    """Return the processor time of one check."""
    before = computed()
    check(name, answer, record=False)
    return computed() - before


def strange_cost(name: str) -> float:
    """Return that of an answer that nothing explains; finding the exercise belongs to it."""
    before = computed()
    check(name, strange(registry.find(name).reference), record=False)
    return computed() - before


def measure(name: str) -> None:
    """Print the costs of one exercise."""
    from attempts import attempts  # imports what learners import, PyTorch too

    wrong = [f for f in attempts(name) if hasattr(f, "acceptable")]
    first = {f.__name__: apart(functools.partial(cost, name, f)) for f in wrong}
    first["(strange)"] = apart(functools.partial(strange_cost, name))
    cost(name, wrong[0])
    later = {f.__name__: cost(name, f) for f in wrong} | {"(strange)": strange_cost(name)}
    print(f"{name:26}", *map(worst, (first.items(), later.items())), sep="  ", flush=True)


def worst(costs: Iterable[tuple[str, float]]) -> str:
    """Write the largest of the costs."""
    name, seconds = max(costs, key=lambda item: item[1])
    return f"{seconds:5.2f} s {name:30}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(sys.argv[2])
    else:
        print(f"{'exercise':26}", f"{'first, worst':38}", "later, worst", sep="  ", flush=True)
        alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        for exercise in sys.argv[1:] or registry.contents():
            subprocess.run([sys.executable, __file__, "--one", exercise], env=alone, check=True)
