"""What runs in the sandbox for one answer of a notebook: its definition, then the probes.

The learner's code shares that process with the page of the exercise, so the reference is put out of reach
first: whoever calls it, or reads the page, gets an error. The results that are expected never come there.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.util
import linecache
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nnlab.exercises.checking import checker, registry
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.grading.submissions import Answer
from nnlab.exercises.sandbox.channel import Job
from nnlab.exercises.sandbox.meter import not_counted

HERE = "nnlab.exercises.grading.inside"  # a module that the host imports beforehand

registry.contents()  # read once, so that the children of the host need not


def pack(answer: Answer, forms: list) -> bytes:
    """Return an answer as bytes for a host, with the forms of what is expected."""
    return pickle.dumps(functools.partial(jobs, answer, forms))


def jobs(answer: Answer, forms: list) -> Iterable[Job]:
    """Return the jobs of an answer, after its statements have run."""
    with not_counted():
        exercise = registry.find(answer.exercise)
        helpers = {name: registry.find(other).reference for name, other in answer.from_course}
        put_away(exercise)
        return checker.jobs(exercise, define(answer, helpers), forms)


def define(answer: Answer, helpers: Mapping[str, Any]) -> Callable[..., Any]:
    """Return the learner's function; where its definition raises, a function that raises the same."""
    names: dict[str, Any] = {"__name__": "__main__", "display": print, **helpers}
    if answer.modules:
        sys.meta_path.append(Beside(dict(answer.modules)))
    for piece in answer.needed:
        lines = piece.source.splitlines(keepends=True)
        linecache.cache[piece.filename] = (len(piece.source), None, lines, piece.filename)
        try:
            exec(piece.compile(), names)
        except BaseException as error:
            if piece == answer.definition:
                return _raising(error)
            # the notebook goes on after such a cell, too
    return names[answer.name]


def _raising(error: BaseException) -> Callable[..., Any]:
    def undefined(*args: Any, **kwargs: Any) -> Any:
        raise error

    return undefined


class Beside(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports the modules that stand beside the notebook, from their text."""

    def __init__(self, modules: dict[str, str]):
        self._modules = modules

    def find_spec(self, name: str, path: Any, target: Any = None) -> Any:
        """Return how to import one of the modules, or None."""
        return importlib.util.spec_from_loader(name, self) if name in self._modules else None

    def get_source(self, name: str) -> str:
        """Return a module's text."""
        return self._modules[name]


# The reference


def put_away(exercise: Exercise) -> None:
    """Take the reference's code out of this process, wherever it is held, and close its page to readers."""
    _ = exercise.parameters  # read from the reference, and kept
    exercise.reference.__code__ = _none_here.__code__
    exercise.reference.__defaults__ = None
    exercise.mistakes.clear()
    page = exercise.name
    folder = str(registry.CATALOGUE)

    def watch(event: str, arguments: tuple) -> None:
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            name = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode(errors="replace")
            if "catalogue" in name and Path(name).name.partition(".")[0] == page:
                raise PermissionError(f"the page of {page} in {folder} is closed while {page} is graded")

    sys.addaudithook(watch)


def _none_here(*args: Any, **kwargs: Any) -> Any:
    raise PermissionError("the reference is not at hand while its exercise is graded")
