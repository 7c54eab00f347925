"""Quizzes that mark themselves: statements to judge true or false, each with the reason.

The texts stand in quizzes.toml, so that a notebook's cell is one line and does not show the answers.
"""

from __future__ import annotations

import functools
import html
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets

from nnlab._cards import EDGE, LOOK, card, code
from nnlab._check import check_choice, describe
from nnlab.exercises.checking.progress import record_quiz
from nnlab.widgets.controls import titled

TEXTS = Path(__file__).with_name("quizzes.toml")
TEXT_STYLE = "max-width:50em;line-height:1.4"
WORDS = {True: "true", False: "false"}


@dataclass(frozen=True)
class Statement:
    """Something to judge, whether it is true, and why. `code` may stand in backquotes."""

    text: str
    is_true: bool
    why: str


@dataclass(frozen=True)
class Mark:
    """The mark for a choice: `right` is None if nothing was chosen yet."""

    right: bool | None
    feedback: str


class Quiz:
    """Statements to judge: with a kernel, buttons; without one, a list with the answers folded away.

    statements: `(text, is_true, why)` each. `Quiz("Sums", [("1 + 1 is 3", False, "It is 2.")])`
    name: under which the learner's best mark is kept; none is kept without it.
    Raises: ValueError for no statements or an empty text, TypeError for another form.
    """

    def __init__(self, title: str, statements: Iterable[tuple[str, bool, str]], *, name: str | None = None):
        self.title = _check_text("title", title)
        self.name = name
        self.statements = tuple(map(_check_statement, statements))
        if not self.statements:
            raise ValueError("Quiz expected at least one statement, got none")

    def mark(self, choices: Sequence[bool | None]) -> list[Mark]:
        """Mark one choice per statement: True, False, or None for not judged yet.

        Raises: ValueError for another number of choices, TypeError for another kind.
        """
        if len(choices) != len(self.statements):
            raise ValueError(f"Quiz.mark expected {len(self.statements)} choices, got {len(choices)}")
        return [_mark(*pair) for pair in zip(self.statements, choices, strict=True)]

    @functools.cached_property
    def widget(self) -> ipywidgets.VBox:
        """The live quiz."""
        return _live(self)

    def __repr__(self) -> str:
        numbered = [f"{n}. {s.text}" for n, s in enumerate(self.statements, start=1)]
        close = f".mark([{', '.join(['True'] * len(numbered))}]) marks your choices."
        return "\n".join([f"{self.title}: true or false?", *numbered, close])

    def _repr_html_(self) -> str:
        return _static(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        # IPython adds text/plain and text/html from the two methods above. They are the same on every run,
        # where the id of a widget is not, so the saved page is stable, and legible without a kernel.
        return {"application/vnd.jupyter.widget-view+json": self.widget.get_view_spec()}


def quiz(name: str) -> Quiz:
    """Return a quiz of the course, by its name in quizzes.toml.

    Raises: ValueError for an unknown name; it lists the known ones.
    """
    table = _tables()[check_choice("quiz", "name", name, _tables())]
    return Quiz(table["title"], [(s["text"], s["true"], s["why"]) for s in table["statements"]], name=name)


@functools.cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(TEXTS.read_text(encoding="utf-8"))


def _check_statement(given: Any) -> Statement:
    if not isinstance(given, (tuple, list)) or len(given) != 3 or not isinstance(given[1], bool):
        raise TypeError(f"Quiz expected statements as (text, True or False, why), got {describe(given)}")
    return Statement(_check_text("a statement", given[0]), given[1], _check_text("its why", given[2]))


def _check_text(name: str, text: Any) -> str:
    if not isinstance(text, str):
        raise TypeError(f"Quiz expected {name} as text, got {describe(text)}")
    if not text.strip():
        raise ValueError(f"Quiz expected {name} with some text, got {text!r}")
    return " ".join(text.split())


def _mark(statement: Statement, choice: bool | None) -> Mark:
    if choice is None:
        return Mark(None, "Not judged yet.")
    if not isinstance(choice, bool):
        raise TypeError(f"Quiz.mark expected choices True, False or None, got {describe(choice)}")
    if choice == statement.is_true:
        return Mark(True, f"Right. {statement.why}")
    return Mark(False, f"You said {WORDS[choice]}; it is {WORDS[statement.is_true]}. {statement.why}")


# ------------------------------------------------------------------------------------ without a kernel


def _static(quiz: Quiz) -> str:
    """Return the statements as a list, the answers folded below."""
    statements = "".join(f"<li>{code(s.text)}</li>" for s in quiz.statements)
    answers = "".join(f"<li>{WORDS[s.is_true].capitalize()}. {code(s.why)}</li>" for s in quiz.statements)
    folded = f"<details><summary>Answers</summary><ol>{answers}</ol></details>"
    return card(f"{quiz.title}: true or false?", EDGE, [f"<ol>{statements}</ol>", folded])


# --------------------------------------------------------------------------------------- with a kernel


def _live(quiz: Quiz) -> ipywidgets.VBox:
    """Return the quiz with two buttons per statement, and one that marks them all."""
    rows = [_Row(number, statement) for number, statement in enumerate(quiz.statements, start=1)]
    button = ipywidgets.Button(description="Check answers", tooltip="Mark all statements")
    score = ipywidgets.HTML()

    def show_marks(_: Any) -> None:
        marks = quiz.mark([row.buttons.value for row in rows])
        for row, mark in zip(rows, marks, strict=True):
            row.show(mark)
        if quiz.name is not None:
            record_quiz(quiz.name, sum(mark.right is True for mark in marks), len(marks))
        # role=status: a screen reader says the score without being asked.
        score.value = f"<div role='status'>{html.escape(_score(marks))}</div>"

    def clear_score() -> None:
        score.value = ""

    button.on_click(show_marks)
    for row in rows:
        row.when_changed(clear_score)
    head = ipywidgets.HTML(card(f"{quiz.title}: true or false?", EDGE, []))
    return ipywidgets.VBox([head, *(row.box for row in rows), ipywidgets.HBox([button, score])])


class _Row:
    """One statement, its two buttons, and the place for the feedback."""

    def __init__(self, number: int, statement: Statement):
        name = f"Statement {number}"
        self.text = ipywidgets.HTML(
            f"<div style='{TEXT_STYLE};margin-top:6px'><b>{number}.</b> {code(statement.text)}</div>"
        )
        buttons = ipywidgets.ToggleButtons(
            options=[("true", True), ("false", False)],
            value=None,
            description=f"{name} is",
            tooltips=[f"{name} is true", f"{name} is false"],
            style={"button_width": "5em", "description_width": "7em"},
        )
        self.buttons = titled(buttons)
        self.feedback = ipywidgets.HTML()
        self.box = ipywidgets.VBox([self.text, self.buttons, self.feedback])

    def show(self, mark: Mark) -> None:
        status = {True: "passed", False: "failed", None: "not attempted"}[mark.right]
        symbol, _, color = LOOK[status]
        self.feedback.value = (
            f"<div style='{TEXT_STYLE};border-left:3px solid {color};padding-left:8px'>"
            f"<b style='color:{color}'>{symbol}</b> {code(mark.feedback)}</div>"
        )

    def when_changed(self, call: Callable[[], None]) -> None:
        """When another button is pressed, take the feedback away and call."""

        def changed(_: Any) -> None:
            self.feedback.value = ""
            call()

        self.buttons.observe(changed, names="value")


def _score(marks: Sequence[Mark]) -> str:
    right = sum(mark.right is True for mark in marks)
    blank = sum(mark.right is None for mark in marks)
    return f"{right} of {len(marks)} right" + (f", {blank} not judged yet" if blank else "")
