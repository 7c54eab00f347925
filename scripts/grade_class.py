"""Make a class of notebooks from the corpus of attempts, and measure what grading it takes.

    python scripts/grade_class.py /tmp/class                   # 200 notebooks, every exercise in each
    python scripts/grade_class.py /tmp/class --notebooks 20

Every notebook answers every exercise with an attempt of the corpus, drawn by its number, so that a class is
the same each time. A right answer that is accused is listed, and the exit status is then 1.

With --whole every attempt of the corpus stands in one notebook, once. Under load (three busy processes a
core; here for two cores) this is the test that a busy machine is nobody's fault:

    python scripts/grade_class.py /tmp/corpus --whole --busy 6 --runs 3
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "exercises" / "corpus"


def cells(exercise: str) -> Iterator[tuple[str, str]]:
    """Yield every attempt: its name ("" for a wrong one), and a cell with all that it needs."""
    tree = ast.parse((CORPUS / f"{exercise}.py").read_text(encoding="utf-8"))
    attempts, others, right = [], [], set()
    for node in tree.body:
        wrong = [d for d in getattr(node, "decorator_list", []) if "wrong" in ast.unparse(d)]
        if isinstance(node, ast.FunctionDef) and (wrong or node.name.startswith("right")):
            node.decorator_list = [d for d in node.decorator_list if d not in wrong]
            attempts.append(node)
            right |= set() if wrong else {node.name}
        elif not (isinstance(node, ast.ImportFrom) and node.module == "attempts"):
            others.append(node)
    for attempt in attempts:
        name = attempt.name
        used = {node.id for node in ast.walk(attempt) if isinstance(node, ast.Name)}
        helpers = [a for a in attempts if a.name in used and a is not attempt]  # some build on another
        needed = ast.unparse(ast.Module([*others, *helpers, attempt], type_ignores=[]))
        yield name if name in right else "", f"{needed}\n\n{exercise} = {name}\n"


def drawn(number: int, attempts: dict[str, list[tuple[str, str]]]) -> dict[str, tuple[str, str]]:
    """Return an attempt at every exercise, the same ones for a number each time."""
    rng = random.Random(number)
    return {exercise: rng.choice(found) for exercise, found in attempts.items()}


def in_order(number: int, attempts: dict[str, list[tuple[str, str]]]) -> dict[str, tuple[str, str]]:
    """Return the attempt of this number at every exercise that has so many."""
    return {exercise: found[number] for exercise, found in attempts.items() if number < len(found)}


def notebook(chosen: dict[str, tuple[str, str]]) -> tuple[dict, dict[str, str]]:
    """Return a notebook, and exercise -> the attempt in it."""
    sources = ["import numpy as np\nfrom nnlab.exercises import check"]
    for exercise, (_, source) in chosen.items():
        sources += [source, f"check({exercise!r}, {exercise})"]
    made = [
        {
            "cell_type": "code",
            "id": f"c{i}",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": s,
        }
        for i, s in enumerate(sources)
    ]
    whole = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return whole, {exercise: name for exercise, (name, _) in chosen.items()}


def main() -> int:
    """Make the class, grade it, and print the time; return 1 if a right answer was accused."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="a new folder, outside of the repository")
    parser.add_argument("--notebooks", type=int, default=200)
    parser.add_argument("--whole", action="store_true", help="every attempt of the corpus, once")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside it")
    parser.add_argument("--runs", type=int, default=1, help="how often the class is graded")
    arguments = parser.parse_args()
    names = [path.stem for path in sorted(CORPUS.glob("*.py")) if not path.stem.startswith("test_")]
    attempts = {name: list(cells(name)) for name in names}
    arguments.folder.mkdir(parents=True)
    chosen = {}
    size = max(map(len, attempts.values())) if arguments.whole else arguments.notebooks
    for number in range(size):
        answers = in_order(number, attempts) if arguments.whole else drawn(number, attempts)
        whole, chosen[f"learner_{number:03}"] = notebook(answers)
        path = arguments.folder / f"learner_{number:03}.ipynb"
        path.write_text(json.dumps(whole), encoding="utf-8")
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.busy)]
    try:
        return int(sum(accuses(arguments.folder, chosen) for _ in range(arguments.runs)) > 0)
    finally:
        for process in busy:
            process.kill()


def accuses(folder: Path, chosen: dict[str, dict[str, str]]) -> bool:
    """Grade the class, print what that took, and return whether a right answer was accused."""
    start = time.monotonic()
    command = [sys.executable, "-m", "nnlab", "grade", str(folder), "--json", "-"]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    took = time.monotonic() - start
    results = json.loads(done.stdout)["results"]
    accused, unjudged, right, passed_wrong = [], 0, 0, []
    for result in results:
        name = chosen[result["learner"]][result["exercise"]]
        unjudged += result["status"] == "not checked"
        right += bool(name)
        told = "{learner} {exercise} {mistakes} ".format(**result) + name
        if name and result["status"] in ("failed", "error"):
            accused.append(told)
        elif not name and result["status"] == "passed":
            passed_wrong.append(told)
    print(f"{len(chosen)} notebooks, {len(results)} answers ({right} right ones) in {took:.0f} s")
    print(f"{unjudged} answers not checked")
    print(f"Wrong answers passed: {len(passed_wrong)}", *passed_wrong[:20], sep="\n    ")
    print(f"Right answers accused: {len(accused)}", *accused[:20], sep="\n    ", flush=True)
    return bool(accused)


if __name__ == "__main__":
    sys.exit(main())
