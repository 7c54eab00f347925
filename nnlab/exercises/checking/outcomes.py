"""What one probe shows about a function: an observation, or the error it raised."""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import sys
import threading
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Odd, canonical, odd, plain, same, shortened, type_name
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.probes import Probe
from nnlab.exercises.sandbox.sandbox import TimeUp

PACKAGE = str(Path(__file__).parents[1])
_thread = threading.local()


@dataclass(frozen=True)
class Raised:
    """An error that learner code raised, with the learner's own line where it can be told."""

    type_name: str
    text: str
    line: str = ""
    line_number: int = 0
    function: str = ""


@dataclass(frozen=True)
class Outcome:
    """What was seen, the kind of value that came back, the arguments it changed, and the error if any."""

    seen: Any = None
    came: str = ""
    changed: tuple[str, ...] = ()
    raised: Raised | None = None


class Watched:
    """The learner's function, noting what it returns and which arguments it changes."""

    def __init__(self, function: Function, exercise: Exercise):
        self._function = function
        self._names = exercise.parameters
        self._free = exercise.in_place
        self.came: Any = ...
        self.returned = False
        self.changed: set[str] = set()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as it is, and look at its arguments afterwards."""
        watched = [(n, a) for n, a in zip(self._names, args, strict=False) if n not in self._free]
        before = [copy.deepcopy(a) if _is_data(a) else None for _, a in watched]
        self.returned = False
        self.came = self._function(*args, **kwargs)
        self.returned = True
        self.changed |= {
            name
            for (name, after), old in zip(watched, before, strict=True)
            if _is_data(after) and not same(plain(old), plain(after), 0.0, 0.0)
        }
        return self.came


def _is_data(value: Any) -> bool:
    return isinstance(value, (np.ndarray, dict, list, tuple))


def observe(exercise: Exercise, probe: Probe, function: Function, expected: Any = None) -> Outcome:
    """Run the function on fresh copies of the probe's arguments and return what can be seen of it.

    `expected` is the reference's observation; without it (for the reference) the observation stays as it is.
    """
    watched = Watched(function, exercise)
    args = copy.deepcopy(probe.args)
    outside = not is_running()
    _thread.running = True
    try:
        if probe.observe is not None:
            value = probe.observe(watched, *args)
        elif exercise.in_place:
            value = _after_call(exercise, watched, args)
        else:
            value = watched(*args)
    except TimeUp:
        raise
    except BaseException as error:
        if watched.returned and not _own_frames(error, function):  # the value is of the wrong kind
            return Outcome(odd(watched.came), type_name(watched.came))
        return Outcome(raised=_raised(error, function))
    finally:
        _thread.running = not outside
    seen = plain(value) if expected is None else canonical(value, expected)
    return Outcome(seen, type_name(watched.came), tuple(sorted(watched.changed)))


def is_running() -> bool:
    """Whether this thread is inside a function that is being checked."""
    return getattr(_thread, "running", False)


def _after_call(exercise: Exercise, function: Watched, args: tuple) -> dict[str, Any]:
    """Return what the caller sees of the arguments afterwards, and what came back where that counts."""
    returned = function(*args)
    named = dict(zip(exercise.parameters, args, strict=False))
    seen = {name: named[name] for name in exercise.in_place}
    return {exercise.returns: returned, **seen} if exercise.returns else seen


def _raised(error: BaseException, function: Function) -> Raised:
    frames = traceback.extract_tb(error.__traceback__)
    own = _own_frames(error, function) or [f for f in frames if _is_learners(f.filename)]
    text = _words(error)
    if not own:
        return Raised(type_name(error), text)
    last = own[-1]
    line = last.line or linecache.getline(last.filename, last.lineno or 0)
    return Raised(type_name(error), text, shortened(line), last.lineno or 0, shortened(last.name))


def _own_frames(error: BaseException, function: Function) -> list[traceback.FrameSummary]:
    """Return where the error passed through the function's own file; a generator runs after it returned."""
    own_file = getattr(code_of(function), "co_filename", None)
    return [f for f in traceback.extract_tb(error.__traceback__) if f.filename == own_file]


def _words(error: BaseException) -> str:
    try:
        return shortened(str(error), 300)
    except Exception:  # an error class of the learner's own that cannot be printed
        return ""


def _is_learners(filename: str) -> bool:
    return not filename.startswith((PACKAGE, sys.prefix, sys.base_prefix)) and "site-packages" not in filename


def code_of(function: Any) -> CodeType | None:
    """Return the code object behind a function, partial, decorated function or callable object."""
    while isinstance(function, functools.partial):
        function = function.func
    try:
        function = inspect.unwrap(function)
        if not inspect.isroutine(function) and callable(function):
            function = type(function).__call__
        code = getattr(getattr(function, "__func__", function), "__code__", None)
    except Exception:  # `f.__wrapped__ = f`, or attributes of the learner's own making
        return None
    return code if isinstance(code, CodeType) else None


def is_blank(value: Any) -> bool:
    """Whether the value is the `...` of a template."""
    return isinstance(value, Odd) and value.type_name == "ellipsis"
