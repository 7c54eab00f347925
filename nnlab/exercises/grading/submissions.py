"""A learner's notebook: its answers are taken out without running the rest of it.

An answer is a function with the statements that it needs, among the definitions, imports, simple values
and changes of such in the notebook, as they held where it was checked. Reading runs none of them; see
inside.py.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import json
import os
import re
import stat
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nnlab.exercises.checking import registry
from nnlab.exercises.checking.checker import not_attempted
from nnlab.exercises.grading.checks import Check, checks
from nnlab.exercises.grading.statements import (
    LONGEST_CELL,
    STAR,
    Statement,
    changes_when_called,
    codes,
    functions,
    imported,
    may_run,
    parse,
    root,
    statement,
)

LARGEST_FILE = 50_000_000  # bytes
LARGEST_MODULE = 1_000_000
LAST = (sys.maxsize, 0)  # behind every statement
ANSWER = "__answer__"  # the name of an expression that is checked, such as `layer.forward`
GIVEN = {"display", "get_ipython", "__name__", "__file__"}  # what a notebook has beside the builtins


@dataclass(frozen=True)
class Answer:
    """A learner's function for one exercise, and the statements to run for it."""

    exercise: str
    name: str = ""  # the learner's name for the function
    needed: tuple[Statement, ...] = ()  # in the order of the notebook, its definition among them
    definition: Statement | None = None
    from_course: tuple[tuple[str, str], ...] = ()  # helpers that are exercises themselves: name, exercise
    modules: tuple[tuple[str, str], ...] = ()  # modules beside the notebook: name, source
    missing: tuple[str, ...] = ()  # names that it uses and that nothing in the notebook sets
    unsure: tuple[str, ...] = ()  # what else it depends on that was not run, in words
    blank: bool = False  # whether it is the empty template
    problem: str = ""  # why there is no function
    slug: str = ""  # "syntax-error", or "" where nothing can be said about the answer


@dataclass
class Submission:
    """What was found in one notebook; `problem` says why nothing was."""

    problem: str = ""
    notes: list[str] = field(default_factory=list)  # checks whose exercise cannot be told
    statements: list[Statement] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # exercise -> the learner's name for the function
    answers: dict[str, Statement | Answer] = field(default_factory=dict)  # an Answer: there is no function
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # exercise -> where it is checked
    modules: dict[str, str] = field(default_factory=dict)  # those beside the notebook, by name

    def answer(self, exercise: str, passed: Collection[str]) -> Answer:
        """Return the answer to an exercise with all it needs.

        A helper that is an exercise itself is the learner's own if it passed, else the course's, as `working`
        has it in the lessons: a mistake counts where it was made.
        """
        definition = self.answers[exercise]
        if isinstance(definition, Answer):
            return definition
        name = self.names[exercise]
        course = {self.names[other]: other for other in self.answers if other not in (exercise, *passed)}
        course.pop(name, None)
        search = _Search(self, definition, self.places.get(exercise), course)
        needed = search.everything()
        unsure = list(search.unsure)
        if search.spoilt(name, definition.place):
            unsure += search.spoilt(name, definition.place)
        found = functions(definition.node, name)
        return Answer(
            exercise,
            name,
            needed,
            definition,
            tuple(sorted(search.from_course)),
            tuple(self.modules.items()),
            tuple(sorted(search.missing)),
            tuple(dict.fromkeys(unsure)),
            bool(found) and all(map(not_attempted, found)),
        )


class _Search:
    """The search for what an answer needs, as it held where the answer was checked."""

    def __init__(
        self,
        submission: Submission,
        definition: Statement,
        checked: tuple[int, int] | None,
        course: dict[str, str],
    ):
        self._statements = submission.statements
        self._definition = definition
        self._checked = checked
        self._course = course
        self.from_course: set[tuple[str, str]] = set()
        self.missing: set[str] = set()
        self.unsure: list[str] = []

    def everything(self) -> tuple[Statement, ...]:
        """Return the definition with all that it needs, in the order of the notebook."""
        stars = [s for s in self._statements if STAR in s.binds and s.runs]
        needed, todo = {self._definition, *stars}, [self._definition]
        while todo:
            user = todo.pop()
            own = user.binds if user.lazy else frozenset()
            for name in sorted(user.uses - own):
                for giver in self._givers(name, user, bool(stars)):
                    if giver not in needed:
                        needed.add(giver)
                        todo.append(giver)
        return tuple(sorted(needed, key=lambda s: s.place))

    def _givers(self, name: str, user: Statement, stars: bool) -> list[Statement]:
        """Return the statements that make a name what it is when the user runs, or is called."""
        if name in self._course:
            self.from_course.add((name, self._course[name]))
            return []
        found: dict[Statement, None] = {}
        moments = [user.place, self._end()] if user.lazy else [user.place]
        for moment in moments:
            found.update(dict.fromkeys(self._made(name, moment)))
        if not found:  # a cell below, run before
            below = [s for s in self._statements if s.runs and name in s.binds and s.place > user.place]
            found.update(dict.fromkeys(below[:1]))
        spoilt = self.spoilt(name, max((s.place for s in found if name in s.binds), default=(0, 0)))
        if spoilt and (found or name not in dir(builtins)):
            self.unsure += spoilt
        elif not found and not stars and name not in GIVEN and name not in dir(builtins):
            self.missing.add(name)
        return list(found)

    def _end(self) -> tuple[int, int]:
        """Return the moment from which on nothing counts: the check or, without one, the definition."""
        return self._checked or self._definition.place

    def _made(self, name: str, moment: tuple[int, int]) -> list[Statement]:
        """Return the statements before a moment that bind a name, and those that change what it stands for.

        One of them may raise, as it did in the notebook; so the earlier ones are not left out.
        """
        before = [s for s in self._statements if s.runs and s.place < moment]
        first = next((i for i, s in enumerate(before) if name in s.binds), len(before))
        return [s for s in before[first:] if name in s.binds | s.changes]

    def spoilt(self, name: str, since: tuple[int, int]) -> list[str]:
        """Return, in words, which cells set or change a name up to the check and were not run."""
        return [
            f"`{name}`, which cell {s.cell} sets or changes"
            for s in self._statements
            if not s.runs and name in s.binds | s.changes and since < s.place < self._end()
        ]


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
    _note_statements(submission, trees, path.parent)
    _note_answers(submission, trees)
    if not submission.answers and not submission.notes:
        submission.problem = "holds none of the exercises"
    return submission


def read_regular(path: Path, largest: int) -> bytes:
    """Return what a regular file holds: no link to another's, no pipe that never ends.

    Raises: OSError; ValueError, with a text that goes on after the file's name.
    """
    if stat.S_ISLNK(os.lstat(path).st_mode):
        raise ValueError("is a symbolic link; only regular files are read")
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(os.open(path, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("is not a regular file")
        if found.st_size > largest:
            raise ValueError(f"is too large for a notebook: {found.st_size / 1e6:,.0f} MB")
        return file.read(largest)


def _code_cells(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and source of every code cell; the number counts all cells, from 1."""
    raw = read_regular(path, LARGEST_FILE)
    try:
        notebook = json.loads(raw)
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
    for name in re.findall(r"^[ \t]*def[ \t]+(\w+)", source[:LONGEST_CELL], re.MULTILINE):
        if name in registry.contents():
            submission.answers[name] = Answer(name, name, problem=text, slug="syntax-error")
            submission.names[name] = name


Trees = list[tuple[int, str, ast.Module]]


def _note_statements(submission: Submission, trees: Trees, folder: Path) -> None:
    """Note every statement, and whether it may be run."""
    packages = {name: package for _, _, tree in trees for name, package in imported(tree)}
    absent = _absent(submission, set(packages.values()), folder)
    own = {
        n.name: n for _, _, tree in trees for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))
    }
    effects = {name: changes_when_called(node) for name, node in own.items()}
    own_names = {name for name in own if packages.get(name) is None}
    for number, source, tree in trees:
        for index, node in enumerate(tree.body):
            if _is_working(node):
                continue
            runs = may_run(node, packages, own_names)
            if not isinstance(node, ast.Try):  # which can do without a package
                runs = runs and not any(package in absent for _, package in imported(node))
            here = statement(number, index, source, node, runs)
            changes = (here.changes | _through_calls(node, effects)) - packages.keys()
            submission.statements.append(_with_changes(here, frozenset(changes)))


def _with_changes(here: Statement, changes: frozenset[str]) -> Statement:
    return Statement(
        here.cell, here.index, here.source, here.binds, changes, here.uses | changes, here.runs, here.lazy
    )


def _through_calls(node: ast.stmt, effects: dict[str, tuple[set[str], bool]]) -> set[str]:
    """Return the names that a statement changes by calling the notebook's own functions."""
    found: set[str] = set()
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return found
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id in effects:
            outside, arguments = effects[inner.func.id]
            found |= outside
            if arguments:
                found |= {root(argument) for argument in inner.args} - {""}
    return found


def _is_working(node: ast.stmt) -> bool:
    """Whether a statement is `softmax = working(softmax)`, which stands for what the answer is anyway."""
    match node:
        case ast.Assign(value=ast.Call(func=called)):
            return getattr(called, "id", getattr(called, "attr", "")) == "working"
    return False


def _absent(submission: Submission, packages: set[str], folder: Path) -> set[str]:
    """Return the packages that cannot be imported, and read the modules that stand beside the notebook."""
    absent, todo = set(), {p for p in packages if p}
    while todo:
        name = todo.pop()
        if name in submission.modules or name in absent or name in sys.builtin_module_names:
            continue
        found = sys.modules.get(name) or _spec(name)
        beside = folder / f"{name}.py"
        if found is not None and not _is_in(found, folder):
            continue
        try:
            submission.modules[name] = read_regular(beside, LARGEST_MODULE).decode("utf-8")
            tree = ast.parse(submission.modules[name])
        except (OSError, ValueError, SyntaxError, RecursionError):
            absent.add(name)
        else:
            todo |= {package for _, package in imported(tree) if package}
    return absent


def _spec(name: str) -> object:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _is_in(found: object, folder: Path) -> bool:
    origin = getattr(found, "origin", None) or getattr(found, "__file__", None)
    return origin is not None and Path(origin).resolve().parent == folder.resolve()


# What is checked


def _note_answers(submission: Submission, trees: Trees) -> None:
    """Note the exercises that the notebook checks or, where it checks none, those that it defines.

    A check that is not to be counted, with `record=False`, is not the learner's.
    """
    asked = [check for number, _, tree in trees for check in checks(number, tree)]
    if asked:
        for check in asked:
            _note_check(submission, check)
    else:
        for exercise in registry.contents():
            found = _definition(submission, exercise, LAST)
            if found is not None and _has_parameters_of(exercise, found):
                submission.answers[exercise] = found
                submission.names[exercise] = exercise
    submission.answers = dict(sorted(submission.answers.items(), key=lambda item: _place(item[1])))


def _note_check(submission: Submission, check: Check) -> None:
    """Note what one check asks for: an exercise with its definition, or that there is none to be found."""
    where = (check.cell, check.index)
    name, exercise = check.name, check.exercise
    for _ in range(10):  # `mine = softmax` and the like
        if exercise or name in registry.contents():
            break
        name = _alias(submission, name, where) or name
    exercise = exercise or (name if name in registry.contents() else _made_in(submission, check, where))
    if exercise not in registry.contents():
        what = f"`{check.text}`"
        submission.notes.append(f"Cell {check.cell} checks {what}; which exercise that is cannot be told.")
        return
    if check.expression:
        source = "0\n" * check.index + f"{ANSWER} = ({check.text})"
        node = ast.parse(source).body[-1]
        found: Statement | None = statement(check.cell, check.index, source, node)
        name = ANSWER
    else:
        name = check.name
        found = _definition(submission, name, where)
    earlier = submission.answers.get(exercise)
    if found is None:
        if earlier is None:
            text = f"Checked in cell {check.cell}, but no definition of `{check.text}` was found."
            submission.answers[exercise] = Answer(exercise, name, problem=text)
            submission.names[exercise] = name
            submission.places[exercise] = where
        return
    submission.answers[exercise] = found
    submission.names[exercise] = name
    submission.places[exercise] = max(where, (found.cell, found.index + 1))


def _definition(submission: Submission, name: str, checked: tuple[int, int]) -> Statement | None:
    """Return the last statement before the check that binds a name to more than the template.

    Where only the template stands there, what follows counts: it was run, and the check not repeated.
    """
    binding = [s for s in submission.statements if s.runs and name in s.binds and _is_function(s, name)]
    before = [s for s in binding if s.place < checked]
    for found in (before, binding):
        filled = [s for s in found if not _is_blank(s, name)]
        if filled:
            return filled[-1]
    return binding[-1] if binding else None


def _is_function(here: Statement, name: str) -> bool:
    """Whether a statement can bind a name to a function: not `linear = None`, nor `for linear in …`."""
    match here.node:
        case ast.Assign(value=ast.Constant()) | ast.For() | ast.Delete() | ast.AugAssign():
            return False
    return True


def _is_blank(here: Statement, name: str) -> bool:
    found = functions(here.node, name)
    return bool(found) and all(map(not_attempted, found))


def _alias(submission: Submission, name: str, checked: tuple[int, int]) -> str:
    """Return the other name that a name was given to, or ""."""
    found = _definition(submission, name, checked)
    match found.node if found is not None else None:
        case ast.Assign(value=ast.Name(other)):
            return other
        case ast.Assign(value=ast.Call(args=[ast.Name(other), *_])):  # partial(softmax)
            return other
    return ""


def _made_in(submission: Submission, check: Check, where: tuple[int, int]) -> str:
    """Return the exercise whose function a factory makes, as in `f = make()`, where there is only one."""
    made = ast.parse(check.text, mode="eval").body
    bound = _definition(submission, check.text, where)
    if bound is not None and isinstance(bound.node, ast.Assign):
        made = bound.node.value
    factory = made.func.id if isinstance(made, ast.Call) and isinstance(made.func, ast.Name) else ""
    maker = _definition(submission, factory, where)
    names = {code.co_name for code in codes(maker.compile())} if maker is not None else set()
    known = names & registry.contents().keys()
    return known.pop() if len(known) == 1 else ""


def _has_parameters_of(exercise: str, found: Statement) -> bool:
    """Whether a function is meant for the exercise whose name it has; a helper may be called evaluate too."""
    wanted = registry.contents()[exercise].parameters
    made = functions(found.node, exercise)
    if not made:
        return False
    code = made[-1].__code__
    return code.co_varnames[: code.co_argcount][: len(wanted)] == wanted


def _place(answer: Statement | Answer) -> tuple[int, int]:
    return (0, 0) if isinstance(answer, Answer) else answer.place
