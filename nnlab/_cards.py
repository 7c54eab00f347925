"""Cards: what a learner is told, as plain text in a terminal and as a small card in a notebook."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

# status: symbol, word, color. The colors keep a contrast of 3:1 on white and on black.
LOOK = {
    "passed": ("✓", "Passed", "#1a8f5a"),
    "failed": ("✗", "Not right yet", "#d0453e"),
    "error": ("!", "Stopped with an error", "#d0453e"),
    "not attempted": ("○", "Not attempted", "#a8741a"),
    "not checked": ("?", "Not checked", "#a8741a"),
}
EDGE = "#3b7dd8"  # of a card without a status


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
        return card(self.heading, EDGE, parts)


@dataclass(frozen=True, repr=False)
class Table:
    """A heading over columns of text, with a note below; `link` is a file that the note names."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    link: str = ""

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
            for row in (self.columns, *self.rows)
        ]
        return "\n".join(
            [self.heading, *(line.rstrip() for line in lines), *([self.note] if self.note else [])]
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [table_html(self.columns, self.rows)]
        if self.note:
            note, link = paragraph(self.note), html.escape(self.link)
            parts.append(note.replace(link, f"<a href='{link}'>{link}</a>") if link else note)
        return card(self.heading, EDGE, parts)


# The pieces of a card. Text keeps the page's own color, so it is legible in light and in dark themes.


def card(heading: str, color: str, parts: Sequence[str]) -> str:
    """Return a card with a colored edge and heading around the parts, which are HTML."""
    style = f"border-left:5px solid {color};padding:4px 12px;margin:4px 0;max-width:50em"
    title = f"<div style='font-weight:bold;color:{color}'>{html.escape(heading)}</div>"
    return f"<div style='{style}'>{title}{''.join(parts)}</div>"


def paragraph(text: str) -> str:
    """Return a line of text as HTML, with `code` in backquotes set as code."""
    return f"<div style='margin-top:4px'>{code(text)}</div>"


def code(text: str) -> str:
    """Escape text, and set `code` in backquotes and calls such as hint("…") as code."""
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
