"""The verdict as the learner sees it: plain text in a terminal, a small card in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._cards import LOOK, card, code, paragraph, table_html
from nnlab.exercises.checking.compare import Leaf, Odd, first_difference
from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.checking.trials import Trial, part

SOLUTION_AFTER = 3  # attempts


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


def smallest_example(exercise: Exercise, trials: Sequence[Trial]) -> Example | None:
    """Return the failing trial with the smallest input, written out; None where the input is no data."""
    failing = sorted((t for t in trials if not t.right), key=lambda t: t.probe.numbers)
    if not failing:
        return None
    trial = failing[0]
    names = exercise.parameters
    args = map(_tensor_as_array, trial.probe.args)
    rows = [(n, show(a)) for n, a in zip(names, args, strict=False) if _showable(a)]
    if trial.outcome.raised is not None:
        error = trial.outcome.raised
        rows.append(("expected", show(trial.expected)))
        rows.append(("got", f"{error.type_name}: {error.text}"))
        return Example(tuple(rows))
    leaf: Leaf = next(x for x in trial.leaves if not x.agrees)
    what = part(exercise, leaf.path)
    of = "" if what == "the result" else f" {what}"
    rows.append((f"expected{of}", show(leaf.expected)))
    rows.append((f"got{of}", show(leaf.got)))
    index = first_difference(leaf, trial.rtol, trial.atol)
    if index:
        a, b = leaf.expected[index], leaf.got[index]
        rows.append(("differs first", f"at [{', '.join(map(str, index))}]: expected {a:.6g}, got {b:.6g}"))
    return Example(tuple(rows))


def _tensor_as_array(value: Any) -> Any:
    return np.asarray(value.detach()) if hasattr(value, "detach") else value


def _showable(value: Any) -> bool:
    return isinstance(value, (int, float, str, bool, np.ndarray, dict, tuple, list)) or hasattr(value, "text")


def show(value: Any) -> str:
    """Write a value as the learner would type it, large arrays shortened."""
    if isinstance(value, Odd):
        return value.text
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_inline(v)}" for key, v in value.items())
    if isinstance(value, (tuple, list)):
        return "\n".join(_inline(v) for v in value)
    return _inline(value)


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
