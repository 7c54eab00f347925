"""`check`: run the learner's function on the probes and say which mistake was made."""

from __future__ import annotations

import dis
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from nnlab.exercises.checking import errors, evidence, findings, progress, registry
from nnlab.exercises.checking.definitions import Exercise, Function
from nnlab.exercises.checking.findings import Finding
from nnlab.exercises.checking.matching import (
    LineUp,
    matching,
    matching_but_for_a_size,
    matching_but_for_overflow,
    with_symptoms,
)
from nnlab.exercises.checking.outcomes import Outcome, code_of, form, from_data, is_blank, report
from nnlab.exercises.checking.report import Result, is_of_words, smallest_example
from nnlab.exercises.checking.trials import Trial, reference_outcomes, trials_of
from nnlab.exercises.sandbox import sandbox
from nnlab.exercises.sandbox.meter import LOADING
from nnlab.exercises.sandbox.state import kept_torch

STAND_IN = "__nnlab_stand_in__"  # marks a reference that `working` put in place of an unfinished answer
SIMPLE = {"RESUME", "NOP", "COPY_FREE_VARS", "MAKE_CELL", "RETURN_VALUE", "LOAD_CONST", "RETURN_CONST"}


def check(
    function: Function | str, answer: Function | None = None, *, how: str | None = None, record: bool = True
) -> Result:
    """Check a learner's function: `check(softmax)` or `check("softmax", my_function)`.

    `how` is where the code runs: "fork", "process", "thread", or None for the best that this system has.
    With record=False, as for a demonstration, the attempt leaves no trace in the learner's progress.
    Raises: ValueError for an unknown exercise; TypeError unless a function is given.
    """
    name, function = _resolve(function, answer)
    with kept_torch():  # the notebook may have set another device, or a mode that records no gradients
        result = judge(registry.find(name), function, how)
    if record and result.status != "not attempted":
        attempts = progress.record(name, result.status == "passed")
        result = replace(result, attempts=attempts)
    return result


def _resolve(function: Function | str, answer: Function | None) -> tuple[str, Function]:
    """Return the exercise's name and the function to check."""
    if isinstance(function, str):
        if answer is None:
            raise TypeError(
                f"check expected a function after the name, as in check({function!r}, my_function), got none"
            )
        name, function = function, answer
    else:
        if answer is not None:
            raise TypeError(
                f"check expected the exercise's name first, as in check('softmax', my_function), got "
                f"{function!r}"
            )
        name = name_of(function)
    if not callable(function):
        raise TypeError(
            f"check expected a function, got {type(function).__name__}; give the function itself, without "
            "calling it"
        )
    return name, function


def name_of(function: Any) -> str:
    """Return the name under which a function was defined, or raise when it has none."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", "")
    if callable(function) and name in ("", "<lambda>"):
        raise ValueError(
            "check cannot tell which exercise this is; name it, as in check('softmax', my_function)"
        )
    if not name:
        raise TypeError(
            f"check expected a function, got {type(function).__name__}; give the function itself, without "
            "calling it"
        )
    return name


def judge(exercise: Exercise, function: Function, how: str | None = None) -> Result:
    """Return the verdict on a function, without counting it as an attempt."""
    if not_attempted(function):
        return not_attempted_yet(exercise)
    return conclude(exercise, sandbox.run(jobs(exercise, function, forms(exercise)), exercise.seconds, how))


def forms(exercise: Exercise) -> list:
    """Return the form that is expected on every probe, without the values: what the sandbox may know."""
    return [form(wanted.seen) for wanted in reference_outcomes(exercise)]


def jobs(exercise: Exercise, function: Function, forms: Sequence[Any]) -> list[Callable[[], Any]]:
    """Return what is to run in the sandbox: the function on one probe after another."""
    return [
        functools.partial(report, exercise, probe, function, like)
        for probe, like in zip(exercise.probes, forms, strict=True)
    ]


def conclude(exercise: Exercise, run: sandbox.Run) -> Result:
    """Return the verdict on what came back from the sandbox, which is not trusted to be an outcome."""
    try:
        tried = trials_of(exercise, [_outcome(data) for data in run.results])
    except ValueError:
        run, tried = replace(run, ended="died"), []
    if len(tried) != len(exercise.probes) and run.ended == "done":
        run = replace(run, ended="died")
    if _left_blank(tried):
        return not_attempted_yet(exercise)
    if run.ended != "done":
        return replace(_unfinished(exercise, run, len(tried)), output=run.output)
    return replace(verdict(exercise, tried), output=run.output)


def _outcome(data: Any) -> Outcome:
    outcome = from_data(data)
    if not isinstance(outcome, Outcome):
        raise ValueError("expected an outcome")
    return outcome


# Not attempted, not finished


def not_attempted(function: Function) -> bool:
    """Whether the body is empty: `...`, `pass`, a docstring, or nothing but `return`."""
    if getattr(function, STAND_IN, False) is True:
        return True
    code = code_of(function)
    if code is None:
        return False
    value: Any = ...
    for step in dis.get_instructions(code):
        if step.opname not in SIMPLE:
            return False
        if step.opname in ("LOAD_CONST", "RETURN_CONST"):
            value = step.argval
    return value is None or value is ...


def _left_blank(trials: Sequence[Trial]) -> bool:
    """Whether the code ran into a `...` or a NotImplementedError that the template has."""
    for trial in trials:
        error = trial.outcome.raised
        if error is not None and (error.type_name == "NotImplementedError" or "'ellipsis'" in error.text):
            return True
        if trial.outcome.came == "ellipsis" or any(is_blank(leaf.got) for leaf in trial.leaves):
            return True
    return False


def not_attempted_yet(exercise: Exercise) -> Result:
    """Return the verdict on an empty template."""
    return Result(
        exercise.name,
        "not attempted",
        (),
        f"Not attempted yet: replace the ... in {exercise.name} with your code, run its cell, then this one.",
    )


def _unfinished(exercise: Exercise, run: sandbox.Run, done: int) -> Result:
    where = exercise.probes[min(done, len(exercise.probes) - 1)].label
    if run.ended == "time":
        text = (
            f"Your code had not finished after {exercise.seconds:g} seconds of computing ({where}); a "
            "right answer takes milliseconds. Look for a loop whose condition never becomes false, or "
            "one that adds to the list it runs over."
        )
        return Result(exercise.name, "error", ("too-slow",), text)
    if run.ended == "waits":
        text = (
            f"Your code did not finish ({where}), though it computed very little: it is waiting for "
            "something, such as `sleep`, a lock, another process or the network. No exercise needs these."
        )
        return Result(exercise.name, "error", ("too-slow",), text)
    if run.ended == "loading":
        text = (
            f"Your function's imports and definitions had not finished after {LOADING:g} seconds ({where}). "
            "Look for code that runs when a module is imported or a class is defined."
        )
        return Result(exercise.name, "error", ("too-slow",), text)
    text = (
        f"Your code ended the Python process it ran in ({where}); your notebook is unharmed. Endless "
        "recursion under a raised recursion limit does that, and so does `os._exit`."
    )
    return Result(exercise.name, "error", ("raises",), text)


# The verdict

MOST_LINES = 5  # before the example
MOST_TOLD = 4  # mistakes, where several readings fit


def verdict(exercise: Exercise, trials: Sequence[Trial]) -> Result:
    """Return what the trials say: passed, a known mistake, two of them, or a general finding."""
    judged = [t for t in trials if t.probe.kind != "bias"]
    changed = sorted({name for t in judged for name in t.outcome.changed})
    if all(t.right for t in judged):
        if not changed:
            text = f"Right. {exercise.name} gives the correct result on every input tried."
            return Result(exercise.name, "passed", (), text)
        text = "The result is right, but " + _changed_text(exercise, changed)
        return Result(exercise.name, "failed", ("changes-its-input",), text)
    raised = next((t for t in judged if t.outcome.raised is not None), None)
    named = _named(exercise, trials)
    slugs, lines = named or _general(exercise, trials)
    stranger = findings.reads_a_variable(judged)
    if stranger is not None:  # which explains what only a general finding describes
        slugs, lines = (stranger.slug, *(slugs if named else ())), [stranger.text, *(lines if named else ())]
    if changed:
        slugs, lines = (*slugs, "changes-its-input"), [*lines, f"Also, {_changed_text(exercise, changed)}"]
    if named and raised is not None and raised.outcome.raised is not None:
        lines = [*lines, f"On this input ({raised.probe.label}), {errors.describe(raised.outcome.raised)}"]
    elif stranger and raised is not None and raised.outcome.raised is not None:
        lines = [*lines, f"On this input ({raised.probe.label}), {errors.told(raised.outcome.raised)}"]
    status = "failed" if raised is None else "error"
    text = "\n".join(lines[:MOST_LINES])
    return Result(exercise.name, status, slugs, text, smallest_example(exercise, judged, text))


def _changed_text(exercise: Exercise, names: Sequence[str]) -> str:
    args = dict(zip(exercise.parameters, exercise.probes[0].args, strict=False))
    if all(is_of_words(args.get(name)) for name in names):
        return (
            f"your function changes its input {', '.join(names)}, which the caller still needs as it was. "
            "Work on a copy, or build a new list or dict."
        )
    return (
        f"your function changes its input {', '.join(names)}, which the caller (the backward pass, for "
        "one) still needs unchanged. Make a new array, as in `x = x - c`, instead of changing the old one, "
        "as in `x -= c`."
    )


def _general(exercise: Exercise, trials: Sequence[Trial]) -> tuple[tuple[str, ...], list[str]]:
    finding = findings.find(exercise, trials)
    return ((finding.slug,) if finding.slug else ()), finding.text.splitlines()


def _named(exercise: Exercise, trials: Sequence[Trial]) -> tuple[tuple[str, ...], list[str]] | None:
    """Return the known mistakes that behave as the trials do, but for one general finding at most."""
    if evidence.always_the_same(exercise, trials) is not None:
        return None
    lined = LineUp(exercise, trials)
    readings = matching(lined)
    if readings:
        return _tell(exercise, readings)
    readings = matching_but_for_overflow(lined)
    if readings:
        extremes = [t for t in trials if t.probe.kind == "extreme"]
        label = next(t.probe.label for t in extremes if t.not_finite or t.outcome.raised)
        text = f"Also, it gives NaN or infinity, or raises an error, for this input: {label}."
        return _tell(exercise, readings, Finding("not-a-number", text))
    alone = evidence.typed_in(trials) or evidence.fixed_number(trials)  # which then explains everything
    readings = [] if alone else matching_but_for_a_size(lined)
    if readings:
        label = next(t.probe.label for t in trials if t.probe.kind == "other")
        text = f"Also, a size is hard-coded, which fails for {label}; take it from `.shape`."
        return _tell(exercise, readings, Finding("hard-coded-size", text))
    shown = with_symptoms(exercise, trials) if evidence.has_structure(trials) else ()
    if not shown:
        return None
    shape = findings.wrong_shape(exercise, trials, [t for t in trials if not t.right])
    return _tell(exercise, [shown], shape if shape is not None and shape.slug not in shown else None)


def _tell(
    exercise: Exercise, readings: Sequence[tuple[str, ...]], extra: Finding | None = None
) -> tuple[tuple[str, ...], list[str]]:
    """Put one or more readings of the learner's mistakes into words, a line for each mistake."""
    says = {known.slug: known.says for known in exercise.mistakes}
    told = [readings[0]]
    for reading in readings[1:]:  # further ones, as long as they can be told in a few lines
        if len({slug for each in (*told, reading) for slug in each}) <= MOST_TOLD:
            told.append(reading)
    slugs = list(dict.fromkeys(slug for reading in told for slug in reading))
    lines = [says[slug] for slug in slugs]
    if len(slugs) > 1:
        number = {slug: i for i, slug in enumerate(slugs, 1)}
        lines = [_heading([[number[slug] for slug in reading] for reading in told])] + [
            f"{number[slug]}. {says[slug]}" for slug in slugs
        ]
    if extra is not None:
        slugs.append(extra.slug)
        lines.append(extra.text)
    return tuple(slugs), lines


def _heading(readings: Sequence[Sequence[int]]) -> str:
    """Say which of the numbered mistakes were made: all together, or one set of them or another."""
    if len(readings) == 1:
        return f"{'Two' if len(readings[0]) == 2 else 'Several'} mistakes at once:"
    sets = [" and ".join(map(str, reading)) for reading in readings]
    return (
        "Your results fit more than one explanation, and the inputs tried cannot tell which is true: either "
        f"{', or '.join(sets)}."
    )
