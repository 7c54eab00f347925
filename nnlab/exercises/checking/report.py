"""The verdict as the learner sees it: plain text in a terminal, a small card in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._cards import LOOK, card, code, paragraph, table_html
from nnlab.exercises.checking.compare import Leaf, Odd, first_difference
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.probes import FINGERPRINT_WORDS, FLAGS, INTEGERS
from nnlab.exercises.checking.trials import Trial, is_known, part, sentence

SOLUTION_AFTER = 3  # attempts
MOST_SAID = 3  # sentences about what differs
WHOLE = {INTEGERS: int, FLAGS: bool}  # kinds of entries, which are compared as floats
LONGEST_CELL = 1500  # characters of one value that is shown


@dataclass(frozen=True)
class Example:
    """The smallest input on which the answer fails, what is expected there, and what came."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, repr=False)
class Result:
    """The verdict on one answer; `print(result)` in a terminal, a card in a notebook."""

    exercise: str
    status: str
    mistakes: tuple[str, ...]
    message: str
    example: Example | None = None
    attempts: int = 0
    output: str = ""

    @property
    def footer(self) -> tuple[str, ...]:
        """What the learner may do next."""
        if self.status in ("passed", "not attempted"):
            return ()
        lines = [f'hint("{self.exercise}") gives a hint.']
        if self.attempts >= SOLUTION_AFTER:
            lines.append(f'solution("{self.exercise}") shows the solution.')
        return tuple(lines)

    def __str__(self) -> str:
        symbol, word, _ = LOOK[self.status]
        lines = [f"{symbol} {word}: {self.exercise}", *self.message.splitlines()]
        if self.example is not None:
            width = max(len(name) for name, _ in self.example.rows)
            for name, value in self.example.rows:
                first, *more = value.splitlines() or [""]
                lines.append(f"  {name:{width}}  {first}")
                lines += [f"  {'':{width}}  {line}" for line in more]
        lines += self.footer
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        symbol, word, color = LOOK[self.status]
        parts = [paragraph(line) for line in self.message.splitlines()]
        if self.example is not None:
            parts.append(table_html((), self.example.rows))
        parts += [f"<div style='opacity:0.85;margin-top:4px'>{code(line)}</div>" for line in self.footer]
        return card(f"{symbol} {word}: {self.exercise}", color, parts)


# The smallest failing example


def smallest_example(exercise: Exercise, trials: Sequence[Trial], message: str = "") -> Example | None:
    """Return the failing trial with the smallest input, written out; None where the input is no data.

    What the message says already is not said again.
    """
    failing = sorted((t for t in trials if not t.right), key=lambda t: t.probe.rank)
    if not failing:
        return None
    trial = failing[0]
    names = exercise.parameters
    args = map(_tensor_as_array, trial.probe.args)
    rows = [(n, show(a)) for n, a in zip(names, args, strict=False) if _showable(a)]
    if trial.outcome.raised is not None:
        error = trial.outcome.raised
        expected = trial.expected if trial.probe.observe is None else _known_parts(exercise, trial.expected)
        if isinstance(expected, dict) and len(expected) == 1:  # a result with a name
            ((name, value),) = expected.items()
            rows.append((f"expected {name}", show(_as_declared(value, trial.expected))))
        elif expected is not None:
            rows.append(("expected", show(expected)))
        rows.append(("got", f"{error.type_name}: {error.text}"))
        return Example(tuple(rows))
    wrong = [leaf for leaf in trial.leaves if not leaf.agrees]
    leaf: Leaf = next((leaf for leaf in wrong if is_known(exercise, leaf.path)), wrong[0])
    if leaf.path and not is_known(exercise, leaf.path):
        sentences = dict.fromkeys(sentence(exercise, leaf) for leaf in wrong)
        said = [text for text in sentences if text and text not in message]
        rows += [("differs" if n == 0 else "", text) for n, text in enumerate(said[:MOST_SAID])]
        return Example(tuple(rows)) if rows else None
    what = part(exercise, leaf.path)
    of = "" if what == "the result" else f" {what}"
    expected, got = _as_declared(leaf.expected, trial.expected), _as_declared(leaf.got, trial.outcome.seen)
    index = first_difference(leaf, trial.rtol, trial.atol)
    if index == ():
        rows += zip((f"expected{of}", f"got{of}"), until_different(float(expected), float(got)), strict=True)
        return Example(tuple(rows))
    if trial.probe.observe is not None and not leaf.path:
        expected = _known_parts(exercise, expected)
        if isinstance(expected, dict) and [*expected] == [what]:
            expected = expected[what]
    if expected is not None:
        rows.append((f"expected{of}", show(expected)))
    rows.append((f"got{of}", show(got)))
    if index:
        a, b = until_different(float(expected[index]), float(got[index]))
        if expected.dtype == got.dtype == bool:
            a, b = str(expected[index]), str(got[index])
        rows.append(("differs first", f"at [{', '.join(map(str, index))}]: expected {a}, got {b}"))
    return Example(tuple(rows))


def _as_declared(value: Any, seen: Any) -> Any:
    """Return an array with the kind of entries that the observation says it has: whole numbers, or flags."""
    kind = seen.get("kind") if isinstance(seen, dict) else None
    if not isinstance(value, np.ndarray) or kind not in WHOLE or not np.isfinite(value).all():
        return value
    return value.astype(WHOLE[kind]) if value.ndim else value


def _known_parts(exercise: Exercise, value: Any, path: tuple = ()) -> Any:
    """Return what the learner knows of an observation, or None where that is nothing."""
    if not is_known(exercise, path):
        return None
    if not isinstance(value, dict):
        return value
    if any(key in FINGERPRINT_WORDS and key != "kind" for key in value):
        return None
    kept = {key: _known_parts(exercise, v, (*path, key)) for key, v in value.items()}
    return {
        str(key) if path else part(exercise, (key,)): v for key, v in kept.items() if v is not None
    } or None


def until_different(a: float, b: float) -> tuple[str, str]:
    """Write two numbers with as many digits as it takes to see the difference, six at least."""
    for digits in range(6, 18):
        one, other = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if one != other:
            break
    return one, other


def _tensor_as_array(value: Any) -> Any:
    return np.asarray(value.detach()) if hasattr(value, "detach") else value


def _showable(value: Any) -> bool:
    return isinstance(value, (int, float, str, bool, np.ndarray, dict, tuple, list)) or hasattr(value, "text")


def show(value: Any) -> str:
    """Write a value as the learner would type it, large arrays shortened."""
    if isinstance(value, Odd):
        text = value.text
    elif is_of_words(value):
        text = repr(value)
    elif isinstance(value, dict):
        text = "\n".join(f"{key}: {_inline(v)}" for key, v in value.items())
    elif isinstance(value, (tuple, list)):
        text = "\n".join(_inline(v) for v in value)
    else:
        text = _inline(value)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def is_of_words(value: Any) -> bool:
    """Whether it is a list of texts, or a dict from words to whole numbers: best read as Python writes it."""
    if isinstance(value, dict):
        return all(isinstance(number, int) for number in value.values())
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_inline(v)}" for key, v in value.items())
    if not isinstance(value, np.ndarray):
        return f"{value:.6g}" if isinstance(value, float) else str(getattr(value, "text", value))
    if not value.ndim:
        return f"{float(value):.6g}"
    text = np.array2string(
        value, precision=4, suppress_small=True, separator=", ", threshold=24, edgeitems=2, max_line_width=88
    )
    return text if value.size <= 24 else f"shape {value.shape}\n{text}"
