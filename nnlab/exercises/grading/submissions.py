"""A learner's notebook: its answers are taken out without running the rest of it.

An answer is a function with the statements that it needs, among the definitions, imports and simple constants
of the notebook. Reading runs none of them; `as_function` does, in the sandbox, when it is first called.
"""

from __future__ import annotations

import ast
import builtins
import json
import linecache
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnlab.exercises.checking import registry
from nnlab.exercises.checking.checker import not_attempted
from nnlab.exercises.grading.statements import (
    LONGEST_CELL,
    STAR,
    Statement,
    functions,
    imported,
    may_run,
    parse,
    statement,
)

LARGEST_FILE = 50_000_000  # bytes
GIVEN = {"display": print}  # what a notebook has beside the builtins


@dataclass(frozen=True)
class Answer:
    """A learner's function for one exercise, and the statements to run for it."""

    exercise: str
    name: str = ""  # the learner's name for the function
    function: Statement | None = None
    needed: tuple[Statement, ...] = ()  # in the order of the notebook, the function among them
    from_course: tuple[tuple[str, str], ...] = ()  # helpers that are exercises themselves: name, exercise
    missing: tuple[str, ...] = ()  # names that it uses and that no statement of these kinds defines
    problem: str = ""  # why there is no function: a syntax error


@dataclass
class Submission:
    """What was found in one notebook; `problem` says why nothing was."""

    problem: str = ""
    statements: list[Statement] = field(default_factory=list)  # those that may be run
    names: dict[str, str] = field(default_factory=dict)  # exercise -> the learner's name for the function
    answers: dict[str, Statement | str] = field(
        default_factory=dict
    )  # exercise -> function, or what is wrong

    def answer(self, exercise: str, passed: Collection[str]) -> Answer:
        """Return the answer to an exercise with all it needs.

        A helper that is an exercise itself is the learner's own if it passed, else the course's, as `working`
        has it in the lessons: a mistake counts where it was made.
        """
        function = self.answers[exercise]
        if isinstance(function, str):
            return Answer(exercise, problem=function)
        course = {self.names[other]: other for other in self.answers if other not in (exercise, *passed)}
        needed, todo = {function}, [function]
        from_course, missing = set(), set()
        while todo:
            for name in todo.pop().uses - function.binds:
                giver = self._giver(name, function)
                if name in course:
                    from_course.add((name, course[name]))
                elif giver is None:
                    missing.add(name)
                elif giver not in needed:
                    needed.add(giver)
                    todo.append(giver)
        stars = [s for s in self.statements if STAR in s.binds]
        unknown = () if stars else sorted(missing.difference(dir(builtins), GIVEN))
        in_order = sorted(needed.union(stars), key=lambda s: s.place)
        return Answer(
            exercise,
            self.names[exercise],
            function,
            tuple(in_order),
            tuple(sorted(from_course)),
            tuple(unknown),
        )

    def _giver(self, name: str, user: Statement) -> Statement | None:
        """Return the statement that defines a name: the last one above the function, else the first below."""
        givers = [s for s in self.statements if name in s.binds]
        above = [s for s in givers if s.place < user.place]
        return above[-1] if above else givers[0] if givers else None


# Reading


def read(path: Path) -> Submission:
    """Read a notebook. What is wrong with the file as a whole is told in `problem`, never raised."""
    try:
        cells = list(_code_cells(path))
    except OSError as error:
        return Submission(f"cannot be read: {error.strerror or error}")
    except RecursionError:
        return Submission("is not a notebook: its JSON is nested too deeply")
    except ValueError as error:
        return Submission(str(error))
    submission = Submission()
    trees = []
    for number, source in cells:
        try:
            trees.append((number, *parse(source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            _note_broken(submission, number, source, error)
    _note_answers(submission, trees)
    if not submission.answers:
        submission.problem = "holds none of the exercises"
    return submission


def _code_cells(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and source of every code cell; the number counts all cells, from 1."""
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ValueError(f"is too large for a notebook: {size / 1e6:,.0f} MB")
    try:
        notebook = json.loads(path.read_bytes())
    except UnicodeDecodeError:
        raise ValueError("is not a notebook: its text is not UTF-8") from None
    except ValueError as error:
        raise ValueError(f"is not a notebook: not JSON ({error})") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("is not a notebook: it has no cells")
    for number, cell in enumerate(cells, 1):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source")
            yield number, "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def _note_broken(submission: Submission, number: int, source: str, error: Exception) -> None:
    """Give the exercises of a cell that cannot be parsed the error as their answer."""
    text = f"Cell {number} cannot be read: {error or type(error).__name__}."
    if isinstance(error, SyntaxError):
        line = (source.splitlines()[(error.lineno or 1) - 1 :] or [""])[0].strip()
        text = f"Cell {number}, line {error.lineno}, `{line}`, is not valid Python: {error.msg}."
    for name in re.findall(r"^def[ \t]+(\w+)", source[:LONGEST_CELL], re.MULTILINE):
        if name in registry.contents():
            submission.answers[name] = text
            submission.names[name] = name


def _note_answers(submission: Submission, trees: list[tuple[int, str, ast.Module]]) -> None:
    """Note what may be run, and the exercises that the notebook checks or, where it checks none, defines.

    A check that is not to be counted, with `record=False`, is not the learner's.
    """
    packages = {name: package for _, _, tree in trees for name, package in imported(tree)}
    checked = {exercise: name for _, _, tree in trees for exercise, name in _checks(tree)}
    submission.names.update(checked or {name: name for name in registry.contents()})
    found: dict[str, Statement] = {}
    for number, source, tree in trees:
        for index, node in enumerate(tree.body):
            if not may_run(node, packages):
                continue
            here = statement(number, index, source, node)
            submission.statements.append(here)
            for name, bare in functions(node).items():
                if name not in found or not not_attempted(bare):
                    found[name] = here
    for exercise in registry.contents():
        function = found.get(submission.names.get(exercise, ""))
        if function is not None and (checked or _has_parameters_of(exercise, function)):
            submission.answers[exercise] = function
    submission.answers = dict(sorted(submission.answers.items(), key=lambda item: _place(item[1])))


def _has_parameters_of(exercise: str, function: Statement) -> bool:
    """Whether a function is meant for the exercise whose name it has; a helper may be called evaluate too."""
    wanted, code = registry.contents()[exercise].parameters, function.function().__code__
    return code.co_varnames[: code.co_argcount][: len(wanted)] == wanted


def _place(answer: Statement | str) -> tuple[int, int]:
    return (0, 0) if isinstance(answer, str) else answer.place


def _checks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield exercise and function of every `check(softmax)` and `check("softmax", my_function)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "check":
            if any(keyword.arg == "record" for keyword in node.keywords):
                continue
            match node.args:
                case [ast.Name(name)]:
                    yield name, name
                case [ast.Constant(str(exercise)), ast.Name(name)]:
                    yield exercise, name


# Running


def as_function(answer: Answer) -> Callable[..., Any]:
    """Return the answer as a function that runs its statements when it is first called."""
    defined: list[Callable] = []

    def call(*args: Any, **kwargs: Any) -> Any:
        if not defined:
            defined.append(_define(answer))
        return defined[0](*args, **kwargs)

    if answer.function is not None:
        call.__wrapped__ = answer.function.function()  # type: ignore[attr-defined]  # for `code_of`
    return call


def _define(answer: Answer) -> Callable[..., Any]:
    names: dict[str, Any] = {"__name__": "__main__", **GIVEN}
    for name, exercise in answer.from_course:
        names[name] = registry.find(exercise).reference
    for piece in answer.needed:
        lines = piece.source.splitlines(keepends=True)
        linecache.cache[piece.filename] = (len(piece.source), None, lines, piece.filename)
        exec(piece.compile(), names)
    return names[answer.name]
