"""Known mistakes as running code: one by one, and two made together."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from nnlab.exercises.checking.definitions import Edits, Exercise, Function


@dataclass(frozen=True)
class Suspect:
    """A wrong variant of a reference, and the slugs of its mistakes: two of one kind have one in common."""

    slugs: tuple[str, ...]
    function: Function
    source: str = ""
    n_mistakes: int = 1


def split_source(exercise: Exercise) -> tuple[str, str]:
    """Return the `def` line and the body of the reference without its docstring; edits touch the body."""
    lines = exercise.source.splitlines(keepends=True)
    function = ast.parse(exercise.source).body[0]
    if not isinstance(function, ast.FunctionDef):
        raise TypeError(f"{exercise.name} expected a reference that starts with def")
    first, *rest = function.body
    start = rest[0].lineno if rest and ast.get_docstring(function) else first.lineno
    return "".join(lines[: function.body[0].lineno - 1]), "".join(lines[start - 1 :])


def apply(body: str, edits: Edits) -> str | None:
    """Return the body after the edits, each at every place where it fits; None when one fits nowhere."""
    for right, wrong in edits:
        if right not in body:
            return None
        body = body.replace(right, wrong)
    return body


def together(body: str, first: Edits, second: Edits) -> list[str]:
    """Return the body after both, in each order in which neither takes away a place that the other edits.

    The orders differ where one adds places for the other. What both edit in the same way is edited once.
    """
    found = []
    for one, other in ((first, second), (second, first)):
        half = apply(body, one)
        rest = tuple(edit for edit in other if edit not in one)
        if half is not None and all(half.count(right) >= body.count(right) for right, _ in rest):
            found += [edited] if (edited := apply(half, rest)) is not None else []
    return list(dict.fromkeys(found))


def build(exercise: Exercise, header: str, body: str) -> Function:
    """Return the function with the edited body, among the names of its catalogue."""
    made: dict[str, Any] = {}
    code = compile(header + body, f"<a variant of {exercise.name}>", "exec")
    exec(code, exercise.reference.__globals__, made)
    return made[exercise.name]


def singles(exercise: Exercise) -> Iterator[Suspect]:
    """Yield every known mistake by itself, in the order of the catalogue."""
    header, body = split_source(exercise)
    for known in exercise.mistakes:
        for edits in (*known.edits, *known.alone):
            edited = apply(body, edits)
            if edited is None:
                raise ValueError(f"{exercise.name}: an edit of {known.slug!r} fits nowhere: {edits}")
            yield Suspect((known.slug,), build(exercise, header, edited), edited)
        for function in known.functions:
            yield Suspect((known.slug,), function)


def pairs(exercise: Exercise) -> Iterator[Suspect]:
    """Yield every two edits that can be made together."""
    header, body = split_source(exercise)
    known = [(mistake.slug, edits) for mistake in exercise.mistakes for edits in mistake.edits]
    done = {body} | {apply(body, edits) for mistake in exercise.mistakes for edits in mistake.alone}
    done |= {apply(body, edits) for _, edits in known}
    for (slug, first), (other, second) in combinations(known, 2):
        for edited in together(body, first, second):
            if edited in done:
                continue
            done.add(edited)
            with contextlib.suppress(SyntaxError):  # one edit may change what the other has written
                function = build(exercise, header, edited)
                yield Suspect(tuple(dict.fromkeys((slug, other))), function, edited, n_mistakes=2)
