"""Make a class of notebooks from the corpus of attempts, and measure what grading it takes.

    python scripts/grade_class.py /tmp/class                   # 200 notebooks, every exercise in each
    python scripts/grade_class.py /tmp/class --notebooks 20

Every notebook answers every exercise with an attempt of the corpus, drawn by its number, so that a class is
the same each time. A right answer that is accused is listed, and the exit status is then 1. Under load (three
busy processes a core, say) this is the test that a busy machine is nobody's fault:

    python scripts/grade_class.py /tmp/class --notebooks 60 --busy 6
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


def notebook(number: int, attempts: dict[str, list[tuple[str, str]]]) -> tuple[dict, dict[str, str]]:
    """Return a notebook, and exercise -> the attempt in it."""
    rng = random.Random(number)
    chosen = {exercise: rng.choice(found) for exercise, found in attempts.items()}
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
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside it")
    arguments = parser.parse_args()
    names = [path.stem for path in sorted(CORPUS.glob("*.py")) if not path.stem.startswith("test_")]
    attempts = {name: list(cells(name)) for name in names}
    arguments.folder.mkdir(parents=True)
    chosen = {}
    for number in range(arguments.notebooks):
        whole, chosen[f"learner_{number:03}"] = notebook(number, attempts)
        path = arguments.folder / f"learner_{number:03}.ipynb"
        path.write_text(json.dumps(whole), encoding="utf-8")
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(arguments.busy)]
    start = time.monotonic()
    command = [sys.executable, "-m", "nnlab", "grade", str(arguments.folder), "--json", "-"]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    took = time.monotonic() - start
    for process in busy:
        process.kill()
    accused, unjudged = [], 0
    for result in json.loads(done.stdout)["results"]:
        name = chosen[result["learner"]][result["exercise"]]
        unjudged += result["status"] == "not checked"
        if name and result["status"] in ("failed", "error"):
            accused.append("{learner} {exercise} {mistakes}: ".format(**result) + name)
    print(
        f"{arguments.notebooks} notebooks of {len(attempts)} exercises in {took:.0f} s",
        f"{unjudged} answers not checked",
        sep="\n",
    )
    print(f"Right answers accused: {len(accused)}", *accused[:20], sep="\n    ")
    return bool(accused)


if __name__ == "__main__":
    sys.exit(main())
