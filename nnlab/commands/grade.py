"""`nnlab grade`: a teacher's report: the exercises in learners' notebooks, and the mistakes made.

It runs what learners wrote, under bubblewrap (Linux): without network, and without any of your files.
Where that is missing it stops, unless you add --unsafe; nnlab/exercises/TEACHING.md says what protects
you, and from what not.

Examples:
  nnlab grade submissions/*.ipynb
  nnlab grade submissions --csv grades.csv --html grades.html
  nnlab grade anna.ipynb --json -
  nnlab grade anna.ipynb --unsafe
  nnlab grade --catalogue
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import os
import sys
from pathlib import Path

from tqdm.auto import tqdm

from nnlab._terminal import as_typed
from nnlab.commands import open_output
from nnlab.exercises.grading import report
from nnlab.exercises.grading.grade import Grades, grade
from nnlab.exercises.grading.protection import UNSAFE, Protection, bubblewrap

FORMATS = {"csv": report.to_csv, "json": report.to_json, "html": report.to_html}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the notebooks and the files to write."""
    parser.add_argument(
        "notebooks", nargs="*", metavar="NOTEBOOK", help="a notebook, or a folder of notebooks"
    )
    for name in FORMATS:
        parser.add_argument(
            f"--{name}", metavar="FILE", type=_target, help=f"write {name.upper()}; - prints it"
        )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that check (default: %(default)s)"
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="run learners' code with your rights, files and network"
    )
    parser.add_argument(
        "--catalogue", action="store_true", help="print all exercises and known mistakes as Markdown instead"
    )
    parser.set_defaults(usage_error=parser.error)


def _target(name: str) -> str:
    if name.endswith(".ipynb"):
        raise argparse.ArgumentTypeError(f"{name} is a notebook, and would be overwritten; name another file")
    return name


def run(arguments: argparse.Namespace) -> int:
    """Grade, write what was asked for, and print the table unless a file goes to the terminal."""
    if arguments.catalogue:
        print(report.catalogue(), end="")
        return 0
    paths = find(arguments.notebooks)
    if not paths:
        arguments.usage_error(f"name at least one notebook, as in: {as_typed('grade submissions/*.ipynb')}")
    if arguments.workers < 1:
        arguments.usage_error(f"--workers expected 1 or more, got {arguments.workers}")
    try:
        protection = UNSAFE if arguments.unsafe else bubblewrap()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    targets = {name: getattr(arguments, name) for name in FORMATS if getattr(arguments, name)}
    with contextlib.ExitStack() as files:  # opened now: a bad path is found before the work, not after it
        outputs = {name: open_output(files, target) for name, target in targets.items() if target != "-"}
        grades = with_progress(paths, arguments.workers, protection)
        if "-" not in targets.values():
            print(report.text(grades))  # first: whatever becomes of the files, the result is seen
        for name, file in outputs.items():
            file.write(FORMATS[name](grades).encode())
    for name in targets.keys() - outputs.keys():
        sys.stdout.write(FORMATS[name](grades))
    return 1 if any(who.problem for who in grades.learners) else 0


def find(given: list[str]) -> list[Path]:
    """Return the notebooks meant: files as they are, the notebooks of folders, patterns filled in."""
    found: dict[Path, None] = {}
    for name in given:
        path = Path(name)
        if path.is_dir():
            inside = (Path(folder, file) for folder, _, files in os.walk(path) for file in files)
            notebooks = (p for p in inside if p.suffix == ".ipynb" and ".ipynb_checkpoints" not in p.parts)
            found.update(dict.fromkeys(sorted(notebooks)))  # links to other folders are not followed
        elif not path.exists() and glob.has_magic(name):  # Windows' shell leaves patterns as they are
            found.update(dict.fromkeys(map(Path, sorted(glob.glob(name)))))
        else:
            found[path] = None
    return list(found)


def with_progress(paths: list[Path], workers: int, protection: Protection) -> Grades:
    """Grade under a progress bar, one step for every answer."""
    tqdm.monitor_interval = 0  # its thread would be copied half-way into the workers
    with tqdm(unit="answer", desc=f"{len(paths)} notebooks") as bar:

        def show(done: int, total: int) -> None:
            if bar.total != total:
                bar.reset(total)
            bar.update(done - bar.n)

        return grade(paths, workers, show, protection)
