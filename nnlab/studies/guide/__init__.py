"""A published guide, line by line: what its snippets do when they are run on data.

Each lesson of Part II has a module here, `lesson_NN`, with a list `EXPERIMENTS` of the guide's lines that it
explains. `EXPERIMENTS` gathers them in the order of the lessons, as `nnlab reproduce --guide` does.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace

from nnlab.studies.experiments import Experiment


def _gather() -> list[Experiment]:
    """Return the experiments of all modules `lesson_NN`, each with the number of its lesson."""
    found = []
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        lesson = int(name.removeprefix("lesson_"))
        rows = importlib.import_module(f"{__name__}.{name}").EXPERIMENTS
        found += [replace(row, lesson=lesson) for row in rows]
    return found


EXPERIMENTS = _gather()
