"""What one probe shows about a function: an observation, or the error it raised."""

from __future__ import annotations

import copy
import functools
import inspect
import linecache
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Odd, canonical, odd, plain, same, shortened, type_name
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.names import instead_of_arguments
from nnlab.exercises.checking.probes import Probe
from nnlab.exercises.sandbox.sandbox import TimeUp, as_learners

PACKAGE = str(Path(__file__).parents[1])
LONGEST_TEXT = 400  # characters of a name, a line or a message that come from learner code
Until = Callable[[dict[str, Any]], bool]


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
    """What was seen, the kind of value that came back, the arguments it changed, and the error if any.

    `instead` holds arguments that are never read, each with a variable of the notebook that is.
    """

    seen: Any = None
    came: str = ""
    changed: tuple[str, ...] = ()
    raised: Raised | None = None
    instead: tuple[tuple[str, str], ...] = ()


class Watched:
    """A function, noting what it returns and which of the named arguments it changes ("" for others)."""

    def __init__(self, function: Function, names: Sequence[str]):
        self._function, self._names = function, names
        self.came: Any = ...
        self.returned = False
        self.changed: set[str] = set()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function as it is, and look at its arguments afterwards."""
        watched = [(n, a) for n, a in zip(self._names, args, strict=False) if n]
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


def report(exercise: Exercise, probe: Probe, function: Function, form: Any) -> Any:
    """Run a learner's function and return its outcome as plain data, which is all that leaves the sandbox."""
    try:
        return as_data(observe(exercise, probe, function, form))
    except (TimeUp, MemoryError):
        raise
    except Exception as error:  # from a value that cannot be looked at
        return as_data(Outcome(raised=Raised(type(error).__name__, _words(error))))


def form(seen: Any) -> Any:
    """Return the form of an observation for `canonical`: its shapes without its values."""
    if isinstance(seen, dict):
        return {key: form(value) for key, value in seen.items()}
    if isinstance(seen, list):
        return [form(value) for value in seen]
    if isinstance(seen, (np.ndarray, Odd)):
        return np.zeros(np.shape(seen) if isinstance(seen, np.ndarray) else 0)
    return type(seen)()


def as_data(value: Any) -> Any:
    """Return an outcome, or a part of one, as plain data with its texts cut; a dataclass becomes a tuple."""
    if isinstance(value, (Outcome, Raised, Odd)):
        return (type(value).__name__, *(as_data(getattr(value, f.name)) for f in fields(value)))
    if isinstance(value, str):
        return str.__str__(value)[:LONGEST_TEXT]
    if isinstance(value, dict):
        return {as_data(key): as_data(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_data(part) for part in value]
    if isinstance(value, np.ndarray):
        return np.array(value, subok=False)
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return "an object"


def from_data(data: Any) -> Any:
    """Return what `as_data` was given. Raises: ValueError unless it can have come from there."""
    if isinstance(data, dict):
        return {key: from_data(value) for key, value in data.items()}
    if isinstance(data, list):
        return [from_data(value) for value in data]
    if not isinstance(data, tuple):
        return data
    match data if data and isinstance(data[0], str) else ():
        case ("Outcome", seen, str(came), list(changed), raised, list(instead)):
            pairs = tuple((str(argument), str(name)) for argument, name in instead)
            whole = Outcome(from_data(seen), came, tuple(map(str, changed)), from_data(raised), pairs)
            if whole.raised is None or isinstance(whole.raised, Raised):
                return whole
        case ("Raised", str(name), str(text), str(line), int(number), str(function)):
            return Raised(name, text, line, number, function)
        case ("Odd", str(text), str(name)):
            return Odd(text, name)
    raise ValueError("an outcome expected what as_data gives")


def observe(
    exercise: Exercise, probe: Probe, function: Function, expected: Any = None, until: Until | None = None
) -> Outcome:
    """Run the function on fresh copies of the probe's arguments and return what can be seen of it.

    `expected` is the reference's observation; without it (for the reference) the observation stays as it is.
    `until`, for a known mistake, gets each part of an observation that comes in parts, and ends it when it
    returns True; nor is it looked at then which arguments change.
    """
    names = ["" if name in exercise.in_place else name for name in exercise.parameters]
    watched = Watched(function, () if until else names)
    args = copy.deepcopy(probe.args)
    instead = () if until else instead_of_arguments(function, args)
    try:
        with as_learners():
            value = _seen(exercise, probe, watched, args, expected, until)
    except TimeUp:
        raise
    except BaseException as error:
        if watched.returned and not _own_frames(error, function):  # the value is of the wrong kind
            return Outcome(odd(watched.came), type_name(watched.came), instead=instead)
        return Outcome(raised=_raised(error, function), instead=instead)
    if until and inspect.isgeneratorfunction(probe.observe):  # which may have ended it early
        expected = {key: expected[key] for key in value}
    seen = plain(value) if expected is None else canonical(value, expected)
    return Outcome(seen, type_name(watched.came), tuple(sorted(watched.changed)), None, instead)


def _seen(
    exercise: Exercise, probe: Probe, function: Watched, args: tuple, expected: Any, until: Until | None
) -> Any:
    """Return the observation, or its beginning, as it comes."""
    if probe.observe is None:
        return _after_call(exercise, function, args) if exercise.in_place else function(*args)
    if not inspect.isgeneratorfunction(probe.observe):
        return probe.observe(function, *args)
    seen: dict[str, Any] = {}
    for part in probe.observe(function, *args):
        seen |= part
        if until and until(canonical(part, {key: expected[key] for key in part})):
            break
    return seen


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
