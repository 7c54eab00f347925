"""What the learner sees: plain text in a terminal, a small card in a notebook, the same words in both."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.exercises._compare import Leaf, Odd, first_difference
from nnlab.exercises._registry import Exercise
from nnlab.exercises._trials import Trial, part

# status: symbol, word, color. The colors keep a contrast of 3:1 on white and on black.
LOOK = {
    "passed": ("✓", "Passed", "#1a8f5a"),
    "failed": ("✗", "Not right yet", "#d0453e"),
    "error": ("!", "Stopped with an error", "#d0453e"),
    "not attempted": ("○", "Not attempted", "#a8741a"),
}
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


@dataclass(frozen=True, repr=False)
class Note:
    """A hint or a solution: a heading, some text, and some code."""

    heading: str
    text: str
    source: str = ""

    def __str__(self) -> str:
        return "\n".join(line for line in (self.heading, self.text, self.source.rstrip()) if line)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [paragraph(line) for line in self.text.splitlines()]
        if self.source:
            style = "margin:6px 0 0;padding:0;background:none;color:inherit;white-space:pre-wrap"
            parts.append(f"<pre style='{style}'>{html.escape(self.source.rstrip())}</pre>")
        return card(self.heading, "#3b7dd8", parts)


@dataclass(frozen=True, repr=False)
class Table:
    """A heading over columns of text."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in (self.columns, *self.rows)
        ]
        return "\n".join([self.heading, *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return card(self.heading, "#3b7dd8", [table_html(self.columns, self.rows)])


# The pieces of a card. Text keeps the page's own color, so it is legible in light and in dark themes.


def card(heading: str, color: str, parts: Sequence[str]) -> str:
    """Return a card with a colored edge and heading around the parts, which are HTML."""
    style = f"border-left:5px solid {color};padding:4px 12px;margin:4px 0;max-width:50em"
    title = f"<div style='font-weight:bold;color:{color}'>{html.escape(heading)}</div>"
    return f"<div style='{style}'>{title}{''.join(parts)}</div>"


def paragraph(text: str) -> str:
    """Return a line of text as HTML, `code` in backquotes."""
    return f"<div style='margin-top:4px'>{code(text)}</div>"


def code(text: str) -> str:
    """Escape text, and turn `code` in backquotes, as well as hint("…"), into code."""
    escaped = html.escape(text)
    escaped = re.sub(r"`([^`]+)`", r"<code style='background:none;color:inherit'>\1</code>", escaped)
    call = r"((?:hint|solution)\(&quot;\w+&quot;\))"
    return re.sub(call, r"<code style='background:none;color:inherit'>\1</code>", escaped)


def table_html(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a plain table; the first cell of every row is its name."""
    cell = "text-align:left;vertical-align:top;padding:2px 10px 2px 0;background:none"
    head = "".join(f"<th style='{cell}'>{html.escape(c)}</th>" for c in columns)
    body = "".join(
        f"<tr style='background:none'><th style='{cell}'>{html.escape(first)}</th>"
        + "".join(
            f"<td style='{cell};white-space:pre;font-family:monospace'>{html.escape(c)}</td>" for c in rest
        )
        + "</tr>"
        for first, *rest in rows
    )
    head = f"<tr style='background:none'>{head}</tr>" if columns else ""
    return f"<table style='margin-top:6px;border:none'>{head}{body}</table>"


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
