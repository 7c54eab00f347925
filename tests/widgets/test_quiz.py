"""Quizzes: marking and feedback, the live widget, what is left without a kernel, and the course's texts."""

import html
import itertools
import re

import ipywidgets
import nbformat
import pytest
from IPython.core.formatters import DisplayFormatter
from lessons import FOLDER, NAMES

from nnlab.exercises.checking import progress
from nnlab.widgets import Quiz, quiz
from nnlab.widgets.quiz import _tables

SUMS = Quiz(
    "Sums",
    [
        ("1 + 1 is 2", True, "Count your thumbs."),
        ("`a < b` & b > a differ", False, "They are <the same>."),
        ("2 + 2 is 5", False, "It is 4."),
    ],
)
VIEW = "application/vnd.jupyter.widget-view+json"
every_quiz = pytest.mark.parametrize("name", list(_tables()))


def buttons(widget):
    """Return the parts of a live quiz: choices, the button that checks, score, feedback."""
    *rows, foot = widget.children[1:]
    check, score = foot.children
    return [row.children[1] for row in rows], check, score, [row.children[2] for row in rows]


# -------------------------------------------------------------------------------------------- marking


def test_right_wrong_and_blank_choices_are_told_apart():
    marks = SUMS.mark([True, True, None])
    assert [mark.right for mark in marks] == [True, False, None]
    assert marks[0].feedback == "Right. Count your thumbs."
    assert marks[1].feedback == "You said true; it is false. They are <the same>."
    assert marks[2].feedback == "Not judged yet."


def test_a_true_statement_taken_for_false_is_told_so():
    assert SUMS.mark([False, None, None])[0].feedback.startswith("You said false; it is true.")


def test_line_breaks_in_a_text_are_only_spaces():
    assert Quiz("A\n  title", [("Some\ntext", True, "Why")]).statements[0].text == "Some text"


@pytest.mark.parametrize("choices", [[], [True], [True] * 4])
def test_another_number_of_choices_is_refused(choices):
    with pytest.raises(ValueError, match=rf"Quiz.mark expected 3 choices, got {len(choices)}"):
        SUMS.mark(choices)


@pytest.mark.parametrize("choice", [1, "true", 0.0])
def test_another_kind_of_choice_is_refused(choice):
    with pytest.raises(TypeError, match=r"Quiz\.mark expected choices True, False or None, got"):
        SUMS.mark([choice, None, None])


# ------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("title", "statements", "error", "message"),
    [
        ("T", [], ValueError, "Quiz expected at least one statement, got none"),
        ("T", ["a text alone"], TypeError, r"expected statements as \(text, True or False, why\), got str"),
        ("T", [("text", "why", True)], TypeError, r"expected statements as \(text, True or False, why\)"),
        ("T", [("text", 1, "why")], TypeError, r"expected statements as \(text, True or False, why\)"),
        ("T", [("text", True)], TypeError, r"expected statements as \(text, True or False, why\)"),
        ("T", [("  ", True, "why")], ValueError, "expected a statement with some text"),
        ("T", [("text", True, "")], ValueError, "expected its why with some text"),
        ("", [("text", True, "why")], ValueError, "expected title with some text"),
        (3, [("text", True, "why")], TypeError, "expected title as text, got int 3"),
    ],
)
def test_bad_statements_are_refused(title, statements, error, message):
    with pytest.raises(error, match=message):
        Quiz(title, statements)


def test_an_unknown_name_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(ValueError, match=r"quiz expected name as one of 'sets', 'examples'.*, got 'set'"):
        quiz("set")


# ------------------------------------------------------------------------------------- without a kernel


def test_the_saved_page_is_legible_and_the_same_on_every_run():
    formats = DisplayFormatter().format
    first, _ = formats(Quiz(SUMS.title, [(s.text, s.is_true, s.why) for s in SUMS.statements]))
    second, _ = formats(SUMS)
    assert first.pop(VIEW)["model_id"] != second.pop(VIEW)["model_id"]
    assert first == second
    assert set(first) == {"text/plain", "text/html"}
    assert first["text/plain"].splitlines()[:2] == ["Sums: true or false?", "1. 1 + 1 is 2"]


def test_the_static_answers_are_folded_and_in_the_order_of_the_statements():
    page = SUMS._repr_html_()
    open_part, _, folded = page.partition("<details>")
    assert "Count your thumbs" not in open_part
    assert re.findall(r"<li>(True|False)\.", folded) == ["True", "False", "False"]


def test_texts_are_escaped_everywhere_and_code_is_set_as_code():
    live, check, _, feedback = buttons(SUMS.widget)
    live[1].value = True
    check.click()
    for page in (SUMS._repr_html_(), SUMS.widget.children[2].children[0].value):
        assert "a &lt; b</code> &amp; b &gt; a" in page
        assert "a < b" not in page
    assert "&lt;the same&gt;" in feedback[1].value


def test_the_plain_text_does_not_tell_the_answers():
    assert not any(s.why in repr(SUMS) for s in SUMS.statements)


# ---------------------------------------------------------------------------------------- with a kernel


@pytest.fixture
def live():
    return buttons(Quiz(SUMS.title, [(s.text, s.is_true, s.why) for s in SUMS.statements]).widget)


def test_nothing_is_chosen_or_said_at_first(live):
    choices, _, score, feedback = live
    assert [choice.value for choice in choices] == [None] * 3
    assert score.value == ""
    assert [f.value for f in feedback] == [""] * 3


def test_checking_marks_every_statement_and_counts(live):
    choices, check, score, feedback = live
    choices[0].value = choices[1].value = True
    check.click()
    assert "1 of 3 right, 1 not judged yet" in score.value
    assert ["Right." in f.value for f in feedback] == [True, False, False]
    assert ["You said" in f.value for f in feedback] == [False, True, False]
    choices[1].value = choices[2].value = False
    check.click()
    assert "3 of 3 right<" in score.value


def test_a_marked_quiz_of_the_course_counts_as_progress_and_one_of_the_readers_does_not(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("NNLAB_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(progress, "_memory", {})
    mine, course = Quiz("Mine", [("1 is 1", True, "It is.")]), quiz("sets")
    for asked in (mine, course):
        choices, check, _, _ = buttons(asked.widget)
        choices[0].value = asked.statements[0].is_true
        check.click()
    assert progress.quizzes() == {"sets": {"right": 1, "of": len(course.statements)}}


def test_a_changed_choice_takes_back_its_feedback_and_the_score_but_not_the_rest(live):
    choices, check, score, feedback = live
    choices[0].value = choices[1].value = True
    check.click()
    choices[1].value = False
    assert score.value == ""
    assert [bool(f.value) for f in feedback] == [True, False, True]


def test_every_control_says_what_it_is_for(live):
    choices, check, score, _ = live
    assert [choice.description for choice in choices] == [f"Statement {n} is" for n in (1, 2, 3)]
    assert choices[2].tooltips == ("Statement 3 is true", "Statement 3 is false")
    assert check.description == "Check answers"
    check.click()
    assert "role='status'" in score.value


def test_one_quiz_has_one_widget_and_each_call_a_fresh_quiz():
    assert SUMS.widget is SUMS.widget
    assert isinstance(SUMS.widget, ipywidgets.VBox)
    assert quiz("sets").widget is not quiz("sets").widget


# ------------------------------------------------------------------------------------------- the course


def test_every_quiz_is_asked_once_and_notebook_01_asks_its_seventeen_questions():
    asked = {}
    for lesson in NAMES:
        cells = nbformat.read(FOLDER / f"{lesson}.ipynb", as_version=4).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        asked[lesson] = re.findall(r'^quiz\("(.+)"\)$', code, re.MULTILINE)
    assert sorted(itertools.chain(*asked.values())) == sorted(_tables())
    assert len(asked["01_theory"]) == 17


@every_quiz
def test_a_quiz_of_the_course_is_worth_answering(name):
    found = quiz(name)
    assert len(found.statements) >= 3
    assert {s.is_true for s in found.statements} == {True, False}  # all of one kind would be a give-away
    assert len({s.text for s in found.statements}) == len(found.statements)
    assert all(s.text.endswith(".") and s.why.endswith((".", ")")) for s in found.statements)
    assert all(len(s.why) >= 20 for s in found.statements)
    answers = [s.is_true for s in found.statements]
    assert all(mark.right for mark in found.mark(answers))
    assert not any(mark.right for mark in found.mark([not a for a in answers]))


def test_neither_true_nor_false_is_the_better_guess():
    answers = [s.is_true for name in _tables() for s in quiz(name).statements]
    assert 0.35 < sum(answers) / len(answers) < 0.65


@every_quiz
def test_no_text_needs_markup_that_a_widget_cannot_set(name):
    found = quiz(name)
    for text in [found.title, *(t for s in found.statements for t in (s.text, s.why))]:
        assert "$" not in text
        assert html.unescape(text) == text
