"""Grading: the answers of many notebooks are checked in worker processes, and counted for the class."""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from nnlab.exercises.checking import matching, registry
from nnlab.exercises.checking.checker import conclude, forms, not_attempted_yet
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.report import Result
from nnlab.exercises.grading import inside
from nnlab.exercises.grading.cheats import suspicious
from nnlab.exercises.grading.protection import UNSAFE, Protection, environment
from nnlab.exercises.grading.submissions import Answer, Submission, read
from nnlab.exercises.sandbox import host, sandbox
from nnlab.exercises.sandbox.channel import Run
from nnlab.exercises.sandbox.child import Limits
from nnlab.exercises.sandbox.crew import Crew, Lost
from nnlab.exercises.sandbox.host import Host
from nnlab.exercises.sandbox.state import kept_state

READING = 30.0  # seconds that reading a notebook may take
CHECKING = 300.0  # seconds for one answer and a fresh host's start; the sandbox's own limits are far below
DEFINING = 20.0  # seconds of processor time for what an answer imports and defines
SLOW = {  # packages that take long to import, and the parts that answers use
    "pandas": ("pandas",),
    "scipy": ("scipy.special", "scipy.stats"),
    "sklearn": ("sklearn.metrics", "sklearn.model_selection", "sklearn.preprocessing"),
}
Report = Callable[[int, int], None]  # gets how many steps are done, and how many there are


@dataclass
class Learner:
    """One notebook: whose it is, what is wrong with the file, and the verdict on each exercise in it."""

    name: str
    file: str
    problem: str = ""
    results: dict[str, Result] = field(default_factory=dict)
    flags: dict[str, tuple[str, ...]] = field(default_factory=dict)  # exercise -> what looks past the task
    notes: list[str] = field(default_factory=list)  # checks whose exercise cannot be told

    @property
    def passed(self) -> int:
        """How many exercises passed."""
        return sum(result.status == "passed" for result in self.results.values())


@dataclass(frozen=True)
class Grades:
    """All learners, in the order of their notebooks, and what can be counted over them."""

    learners: list[Learner]
    protection: str = ""  # what stood between learners' code and this machine, in words

    @cached_property
    def exercises(self) -> list[str]:
        """The exercises that occur in any notebook, in the order of the course."""
        return [name for name in registry.contents() if any(name in who.results for who in self.learners)]

    @property
    def readable(self) -> list[Learner]:
        """The learners whose notebooks could be checked."""
        return [who for who in self.learners if not who.problem]

    def status(self, exercise: str) -> Counter[str]:
        """Return how many learners have which status; "missing" where the notebook has no such function."""
        return Counter(
            who.results[exercise].status if exercise in who.results else "missing" for who in self.readable
        )

    @cached_property
    def mistakes(self) -> list[tuple[int, str, str]]:
        """Learners, exercise and slug of every mistake that was made, the most frequent first."""
        counted = Counter(
            (exercise, slug)
            for who in self.learners
            for exercise, result in who.results.items()
            for slug in result.mistakes
        )
        order = {name: number for number, name in enumerate(self.exercises)}
        ranked = sorted(counted.items(), key=lambda item: (-item[1], order[item[0][0]], item[0][1]))
        return [(count, exercise, slug) for (exercise, slug), count in ranked]


def grade(
    paths: Sequence[Path],
    workers: int,
    report: Report = lambda done, total: None,
    protection: Protection = UNSAFE,
) -> Grades:
    """Check every exercise in every notebook, each in a sandbox of its own, and keep the paths' order."""
    learners = [Learner(name, str(path)) for name, path in zip(names(paths), paths, strict=True)]
    submissions = _read(paths, workers)
    for learner, submission, twin in zip(learners, submissions, same_files(paths), strict=True):
        learner.problem = submission.problem if twin is None else f"is the same file as {paths[twin]}"
        learner.notes = submission.notes
    waiting = [[] if who.problem else list(s.answers) for who, s in zip(learners, submissions, strict=True)]
    asked = {exercise for exercises in waiting for exercise in exercises}
    loaded = [
        registry.find(name) for name in registry.contents() if name in asked and registry.loadable(name)
    ]
    fork = sandbox.can_fork()  # only now, since it depends on torch
    if fork:
        warm(loaded)
    total, done = sum(map(len, waiting)), 0
    report(done, total)
    check = partial(
        check_answer,
        protection=protection,
        asked=tuple(exercise.name for exercise in loaded),
        imported=slow_imports(submissions),
    )
    with Crew(check, workers, CHECKING, fork) as crew:

        def go_on(number: int) -> None:
            """Submit the next exercise of a notebook: what it needs depends on what has passed before."""
            if waiting[number]:
                passed = [n for n, result in learners[number].results.items() if result.status == "passed"]
                answer = submissions[number].answer(waiting[number].pop(0), passed)
                if flags := suspicious(answer):
                    learners[number].flags[answer.exercise] = flags
                crew.submit((number, answer))

        for number in range(len(paths)):
            go_on(number)
        for (number, answer), result in crew.results():
            learners[number].results[answer.exercise] = (
                _lost(answer, result) if isinstance(result, Lost) else result
            )
            done += 1
            report(done, total)
            go_on(number)
    return Grades(learners, protection.says)


def same_files(paths: Sequence[Path]) -> list[int | None]:
    """Return, for every path, the number of an earlier one that is the same file (a hard link), or None."""
    seen: dict[tuple[int, int], int] = {}
    found: list[int | None] = []
    for number, path in enumerate(paths):
        try:
            status = os.lstat(path)
        except OSError:
            found.append(None)
            continue
        first = seen.setdefault((status.st_dev, status.st_ino), number)
        found.append(first if first != number and status.st_ino else None)
    return found


def names(paths: Sequence[Path]) -> list[str]:
    """Return the files' stems, with as many of the folders above as are needed to tell them apart."""
    whole = [path.absolute().with_suffix("") for path in paths]
    for depth in range(1, max((len(path.parts) for path in whole), default=0) + 1):
        found = ["/".join(path.parts[-depth:]) for path in whole]
        if len(set(found)) == len(found):
            return found
    return [str(path) for path in whole]


def _read(paths: Sequence[Path], workers: int) -> list[Submission]:
    """Read the notebooks in workers as well: a file can be made to choke a reader."""
    found = {}
    with Crew(_read_one, workers, READING, sys.platform == "linux") as crew:
        for task in enumerate(paths):
            crew.submit(task)
        for (number, _), result in crew.results():
            found[number] = Submission("cannot be read: too complex") if isinstance(result, Lost) else result
    return [found[number] for number in range(len(paths))]


def _read_one(task: tuple[int, Path]) -> Submission:
    return read(task[1])


def warm(exercises: Sequence[Exercise]) -> None:
    """Compute what each known mistake shows, for the workers; pairs are left to those who need them."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)  # a thread pool would not survive the fork
    for exercise in exercises:
        with kept_state():
            for _, shown in matching.single_outcomes(exercise):
                list(shown)  # runs the variant on every probe, once for all answers


def slow_imports(submissions: Iterable[Submission]) -> tuple[str, ...]:
    """Return what a host should import once, so that not every answer that needs it does."""
    roots = {name.partition(".")[0] for submission in submissions for name in _imports(submission)}
    return tuple(part for root in sorted(roots & SLOW.keys()) for part in SLOW[root])


def _imports(submission: Submission) -> Iterator[str]:
    for node in (node for statement in submission.statements for node in ast.walk(statement.node)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def check_answer(
    task: tuple[int, Answer],
    protection: Protection = UNSAFE,
    asked: Sequence[str] = (),
    imported: Sequence[str] = (),
) -> Result:
    """Return the verdict on one answer; the learner's code runs in a host only, and data come back."""
    answer = task[1]
    if answer.problem:
        status = "error" if answer.slug else "not checked"
        return Result(answer.exercise, status, (answer.slug,) if answer.slug else (), answer.problem)
    try:
        exercise = registry.find(answer.exercise)
    except ModuleNotFoundError as error:
        return Result(answer.exercise, "not checked", (), str(error))
    if answer.blank:
        return not_attempted_yet(exercise)
    run = _run(answer, exercise, protection, asked or (exercise.name,), imported)
    result = conclude(exercise, run)
    if answer.unsure and result.status in ("failed", "error"):
        names = "; ".join(answer.unsure)
        text = f"It depends on {names}, and grading does not run that, so that nothing can be said about it."
        return Result(answer.exercise, "not checked", (), text)
    if answer.missing and result.status == "error":
        names = ", ".join(f"`{name}`" for name in answer.missing)
        text = f"{result.message}\nIt uses {names}, which nothing in the notebook sets."
        return replace(result, message=text)
    return result


_hosts: dict[tuple, Host] = {}  # by worker, since a fork copies it, and the command that it runs under


def _run(
    answer: Answer,
    exercise: Exercise,
    protection: Protection,
    asked: Sequence[str],
    imported: Sequence[str],
) -> Run:
    """Run an answer on the probes, in a host that is started when it is needed."""
    packed = inside.pack(answer, forms(exercise))

    def once(limits: Limits) -> Run:
        here = _host(protection, asked, imported) if host.FORKS else _host(protection, (exercise.name,), ())
        run, fit = here.run(packed, limits)
        if not fit:
            _hosts.pop((os.getpid(), protection.within)).kill()
        return run

    return sandbox.twice(once, exercise.seconds, len(exercise.probes), alone=True, loading=DEFINING)


def _host(protection: Protection, asked: Sequence[str], imported: Sequence[str]) -> Host:
    """Return this worker's host if it is ready, else a new one."""
    place = (os.getpid(), protection.within)
    found = _hosts.get(place)
    if found is None or not found.wait():
        if found is not None:
            found.kill()
        pages = (f"nnlab.exercises.catalogue.{name}" for name in asked)
        modules = (inside.HERE, *pages, *(["torch"] if "torch" in sys.modules else []), *imported)
        within = protection.within
        found = _hosts[place] = Host(modules, within, environment() if within else None)
        found.wait()
    return found


def _lost(answer: Answer, lost: Lost) -> Result:
    if lost.how == "time":
        return Result(answer.exercise, "error", ("too-slow",), "It ran far beyond its time.")
    return Result(answer.exercise, "error", ("raises",), "It ended the process that checked it.")
