"""Open the course in JupyterLab, with copies of the lessons to work in.

.venv/bin/python scripts/lab.py            what `make lab` does once everything is installed

The lessons are copied to work/, each one once: what you write there is yours, is never overwritten, and the
lessons themselves can be updated. To start a lesson again, rename or delete its copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_lessons(lessons: Path, work: Path) -> list[str]:
    """Copy each lesson that has no copy yet, and return their names."""
    work.mkdir(exist_ok=True)
    new = [lesson for lesson in sorted(lessons.glob("*.ipynb")) if not (work / lesson.name).exists()]
    for lesson in new:
        part = work / f".{lesson.name}.part"  # an interrupted copy must not pass for the lesson
        shutil.copyfile(lesson, part)
        os.replace(part, work / lesson.name)
    return [lesson.name for lesson in new]


def jupyter(work: Path) -> tuple[list[str], dict[str, str]]:
    """Return the command that opens the first lesson, and its environment.

    The file browser shows the whole course, so that links to data/ and docs/ work; terminals and cells find
    `nnlab` and `python` of this installation.
    """
    programs = Path(sys.executable).parent
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={ROOT}"]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        command.append("--allow-root")  # in a container you are root, and Jupyter has to be told so
    first = work / "00_start_here.ipynb"
    return [*command, str(first)], os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def main() -> int:
    """Run the command line; further options go to JupyterLab."""
    work = ROOT / "work"
    new = copy_lessons(ROOT / "notebooks", work)
    copied = f"copied {len(new)} lessons to" if new else "your copies of the lessons are in"
    print(f"nnlab: {copied} {work}; Ctrl-C ends JupyterLab.", flush=True)
    command, environment = jupyter(work)
    try:
        return subprocess.run([*command, *sys.argv[1:]], cwd=ROOT, env=environment).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
