"""Names that a function's code reads: a variable of the notebook where an argument was meant."""

from __future__ import annotations

import dis
import functools
import inspect
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

INDIRECT = {"locals", "vars", "eval", "exec"}  # reach a name without naming it


def instead_of_arguments(function: Any, args: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    """Return (argument, variable) for arguments that are never read where a variable of the notebook is.

    The variable differs from the argument in case only; or it holds data, and data were to be read.
    """
    try:
        function = inspect.unwrap(function)
    except ValueError:  # `f.__wrapped__ = f`
        return ()
    if not isinstance(function, FunctionType):
        return ()
    unread, read = read_names(function.__code__)
    found = [(argument, name) for argument in unread for name in read if _differ_in_case(argument, name)]
    if not found:
        data = {name for name in read if _is_data(function.__globals__.get(name))}
        places = dict(zip(function.__code__.co_varnames, args, strict=False))
        found = [(a, name) for a in unread if _is_data(places.get(a)) for name in read if name in data]
    return tuple((argument, name) for argument, name in found if not _is_code(function.__globals__.get(name)))


def _differ_in_case(argument: str, name: str) -> bool:
    return argument != name and argument.lower() == name.lower()


def _is_data(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple)) or (hasattr(value, "shape") and not _is_code(value))


def _is_code(value: Any) -> bool:
    return isinstance(value, (type, ModuleType)) or callable(value)


@functools.lru_cache(maxsize=256)
def read_names(code: CodeType) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the arguments that the code never reads, and the global names that it reads."""
    steps = list(_steps(code))
    read = tuple(dict.fromkeys(step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")))
    if INDIRECT & set(read):
        return (), read
    used = set(code.co_cellvars)
    for step in dis.get_instructions(code):
        if "LOAD_FAST" in step.opname:  # two at once, from Python 3.12 on
            used |= {step.argval} if isinstance(step.argval, str) else set(step.argval)
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return tuple(name for name in arguments if name not in used), read


def _steps(code: CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _steps(inner)
