"""A class's grades as text, CSV, JSON and an HTML page."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Sequence
from typing import Any

import nnlab
from nnlab._cards import LOOK, Table
from nnlab.exercises.checking import registry
from nnlab.exercises.checking.report import Result
from nnlab.exercises.grading.grade import Grades, Learner

# status: symbol and word, beside those of a card
WORDS = {status: (symbol, status) for status, (symbol, _, _) in LOOK.items()} | {
    "failed": (LOOK["failed"][0], "not right"),
    "not checked": ("?", "not checked"),
    "missing": ("–", "missing"),
}
COUNTED = ("passed", "failed", "error", "not attempted", "not checked", "missing")
MOST_FREQUENT = 12  # mistakes listed in the terminal; the files have all


def text(grades: Grades) -> str:
    """Return what a terminal shows: learner by learner, then the class."""
    parts = [f"Protection: {grades.protection}", ""] if grades.protection else []
    parts += [_learner_text(who) for who in grades.learners]
    if grades.exercises:
        parts += ["", str(_exercise_table(grades))]
    if grades.mistakes:
        parts += ["", str(_mistake_table(grades, MOST_FREQUENT))]
    broken = len(grades.learners) - len(grades.readable)
    if broken:
        parts += ["", f"{broken} of {len(grades.learners)} notebooks could not be checked; see above."]
    return printable("\n".join(parts))


def _learner_text(who: Learner) -> str:
    name = one_line(who.name)
    if who.problem:
        return f"{name}: {one_line(who.problem)}"
    lines = [f"{name}: {who.passed} of {len(who.results)} passed"]
    for exercise, result in who.results.items():
        if result.status != "passed":
            lines.append(f"  {WORDS[result.status][0]} {exercise:<26} {_named(result)}")
        if exercise in who.flags:
            lines.append(f"  ⚑ {exercise:<26} {_flagged(who, exercise)}")
    lines += [f"  ? {one_line(note)}" for note in who.notes]
    return "\n".join(lines)


def _flagged(who: Learner, exercise: str) -> str:
    """Return what in an answer a teacher may want to read; "" where it is as it should be."""
    flags = who.flags.get(exercise, ())
    return one_line(f"read this answer: it {', '.join(flags)}") if flags else ""


def _named(result: Result) -> str:
    """Return the mistakes, or the status where none is named."""
    return ", ".join(result.mistakes) or WORDS[result.status][1]


def _exercise_table(grades: Grades) -> Table:
    statuses = {exercise: grades.status(exercise) for exercise in grades.exercises}
    shown = [status for status in COUNTED if any(count[status] for count in statuses.values())]
    rows = [(name, *(str(count[status]) for status in shown)) for name, count in statuses.items()]
    return Table("Exercises", ("", *(WORDS[status][1] for status in shown)), tuple(rows))


def _mistake_table(grades: Grades, most: int | None = None) -> Table:
    rows = [(slug, exercise, str(count)) for count, exercise, slug in grades.mistakes[:most]]
    return Table("Most frequent mistakes", ("", "exercise", "learners"), tuple(rows))


def printable(written: str) -> str:
    """Return text without control characters: names and messages hold what learners wrote."""
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in written)
    return clean.encode("utf-8", "replace").decode("utf-8")


def one_line(written: str) -> str:
    """Return printable text in one line, so that a name cannot look like a line of the report."""
    return printable(written).replace("\n", "?")


# Files


def records(grades: Grades) -> list[dict[str, str]]:
    """Return one flat record per learner and exercise, and one for what could not be checked."""
    rows = []
    for who in grades.learners:
        if who.problem:
            rows.append(_record(who, "", "unreadable", "", one_line(who.problem)))
            continue
        for exercise in grades.exercises:
            result = who.results.get(exercise)
            if result is None:
                rows.append(_record(who, exercise, "missing", "", ""))
            else:
                rows.append(_record(who, exercise, result.status, " ".join(result.mistakes), result.message))
        rows += [_record(who, "", "not checked", "", one_line(note)) for note in who.notes]
    return rows


def _record(who: Learner, exercise: str, status: str, mistakes: str, message: str) -> dict[str, str]:
    notebook = f"{registry.contents()[exercise].notebook:02d}" if exercise else ""
    return {
        "learner": one_line(who.name),
        "file": one_line(who.file),
        "notebook": notebook,
        "exercise": exercise,
        "status": status,
        "mistakes": mistakes,
        "message": printable(message),
        "flags": _flagged(who, exercise),
    }


FORMULA = tuple("=+-@＝＋－＠﹢﹣﹦﹫−\t\r\n|%")


def harmless(cell: str) -> str:
    """Return a cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) or cell.strip().startswith(FORMULA) else cell


def to_csv(grades: Grades) -> str:
    """Return the records as CSV that is harmless in a spreadsheet."""
    rows = records(grades)
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(_record(Learner("", ""), "", "", "", "")))
    writer.writeheader()
    for row in rows:
        writer.writerow({key: harmless(value) for key, value in row.items()})
    return file.getvalue()


def to_json(grades: Grades) -> str:
    """Return the records and the class's mistakes as JSON."""
    mistakes = [
        {"exercise": exercise, "mistake": slug, "learners": count}
        for count, exercise, slug in grades.mistakes
    ]
    whole: dict[str, Any] = {
        "nnlab": nnlab.__version__,
        "protection": grades.protection,
        "results": records(grades),
        "mistakes": mistakes,
    }
    return json.dumps(whole, indent=2) + "\n"


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>nnlab: exercises of the class</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: system-ui, sans-serif; margin: 1.5em; line-height: 1.4; }}
div {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ border: 1px solid #8888; padding: 3px 8px; text-align: left; vertical-align: top; }}
td.number {{ text-align: right; }}
details {{ max-width: 26em; }}
p {{ white-space: pre-line; margin: 0.3em 0; max-width: 40em; }}
{colors}
</style>
</head>
<body>
<h1>Exercises of the class</h1>
{body}
</body>
</html>
"""


def to_html(grades: Grades) -> str:
    """Return one self-contained page: learners by exercises, exercises by status, and the mistakes."""
    colors = "\n".join(
        f".{_css(status)} {{ border-left: 5px solid {color}; }}" for status, (_, _, color) in LOOK.items()
    )
    body = [f"<h2>Learners</h2>{_html_table(('learner', *grades.exercises), _learner_rows(grades))}"]
    if grades.exercises:
        table = _exercise_table(grades)
        rows = ["".join((_th(name), *map(_number, cells))) for name, *cells in table.rows]
        body.append(f"<h2>{table.heading}</h2>{_html_table(table.columns, rows)}")
    if grades.mistakes:
        rows = [_mistake_row(*mistake) for mistake in grades.mistakes]
        columns = ("mistake", "exercise", "learners")
        body.append(f"<h2>Most frequent mistakes</h2>{_html_table(columns, rows)}")
    if grades.protection:
        body.append(f"<p>Protection: {_escape(grades.protection)}</p>")
    return PAGE.format(colors=colors, body="\n".join(body))


def _learner_rows(grades: Grades) -> list[str]:
    """Return a row per learner, a cell per exercise; the message opens behind the mistake."""
    rows = []
    for who in grades.learners:
        if who.problem:
            cells = f"<td colspan='{max(len(grades.exercises), 1)}'>{_escape(who.problem)}</td>"
        else:
            cells = "".join(_html_cell(who, exercise) for exercise in grades.exercises)
        rows.append(_th("\n".join([one_line(who.name), *map(one_line, who.notes)])) + cells)
    return rows


def _html_cell(who: Learner, exercise: str) -> str:
    result = who.results.get(exercise)
    status = "missing" if result is None else result.status
    symbol, word = WORDS[status]
    flagged = _flagged(who, exercise)
    words, message = f"{symbol} {word}", flagged
    if result is not None and status in ("failed", "error", "not checked"):
        words, message = f"{symbol} {_named(result)}", "\n".join(filter(None, (result.message, flagged)))
    if flagged:
        words += " ⚑"
    if message:
        summary, message = _escape(words), _escape(message)
        return (
            f"<td class='{_css(status)}'><details><summary>{summary}</summary><p>{message}</p></details></td>"
        )
    return f"<td class='{_css(status)}'>{_escape(words)}</td>"


def _mistake_row(count: int, exercise: str, slug: str) -> str:
    says = {known.slug: known.says for known in registry.find(exercise).mistakes}
    name = _escape(slug)
    if slug in says:
        name = f"<details><summary>{name}</summary><p>{_escape(says[slug])}</p></details>"
    return f"<td>{name}</td><td>{_escape(exercise)}</td>{_number(str(count))}"


def _html_table(columns: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(map(_th, columns))
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div><table>\n<tr>{head}</tr>\n{body}\n</table></div>"


def _th(words: str) -> str:
    return f"<th>{_escape(words)}</th>"


def _number(words: str) -> str:
    return f"<td class='number'>{_escape(words)}</td>"


def _css(status: str) -> str:
    return status.replace(" ", "-")


def _escape(words: str) -> str:
    return html.escape(printable(words))


# The catalogue


def catalogue() -> str:
    """Return all exercises with all known mistakes as Markdown, for teachers."""
    exercises = registry.available()
    mistakes = sum(len(exercise.mistakes) for exercise in exercises)
    lines = [
        "# Exercises and the mistakes they name",
        "",
        "<!-- Made by `nnlab grade --catalogue`; do not edit. -->",
        "",
        f"{len(exercises)} exercises, {mistakes} known mistakes. Two made together are named where no single",
        "one explains the result as well. What none explains gets a general finding: nothing returned, a",
        "wrong type or shape, a factor, right for one size only, an input changed, NaN, too slow, or an",
        "error and what it means.",
    ]
    for exercise in exercises:
        lines += [
            "",
            f"## `{exercise.signature}` (notebook {exercise.notebook:02d})",
            "",
            (exercise.reference.__doc__ or "").strip().splitlines()[0],
            "",
            "| mistake | what the learner is told |",
            "|---|---|",
        ]
        for known in exercise.mistakes:
            lines.append(f"| `{known.slug}` | {known.says.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n"
