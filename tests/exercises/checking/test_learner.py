"""What the learner meets beside verdicts: cards, hints, solutions, a function to go on with, progress."""

import html.parser
import json
import os
import re
import sys

import numpy as np
import pytest
from answers import numpy_exercises

from nnlab.__main__ import main
from nnlab._cards import LOOK, Note, Table
from nnlab.exercises import check, hint, progress, references, solution, working
from nnlab.exercises.checking import help, registry
from nnlab.exercises.checking import progress as stored
from nnlab.exercises.checking.report import SOLUTION_AFTER, Result, show

NAMES = numpy_exercises()


@pytest.fixture(autouse=True)
def file(tmp_path, monkeypatch):
    """A fresh learner: no progress, no hints taken."""
    monkeypatch.setenv("NNLAB_PROGRESS", str(tmp_path / "deep" / "progress.json"))
    monkeypatch.setattr(stored, "_memory", {})
    monkeypatch.setattr(stored, "_said", set())
    monkeypatch.setattr(help, "_given", type(help._given)())
    return tmp_path / "deep" / "progress.json"


def linear(X, W, b):
    return X @ W + b


def no_bias(X, W, b):
    return X @ W


# Progress


def test_progress_counts_attempts_and_keeps_what_passed(file):
    for function, attempts in ((no_bias, 1), (no_bias, 2), (linear, 3), (no_bias, 4)):
        assert check("linear", function).attempts == attempts
    assert json.loads(file.read_text())["exercises"] == {"linear": {"passed": True, "attempts": 4}}
    check("softmax", lambda scores: ...)  # no attempt
    check("accuracy", lambda Y_hat, Y: 1)
    counts = stored.counts()
    lessons = [page.notebook for page in registry.contents().values()]
    still_open = lessons.count(2) - 2
    assert counts[2] == {"passed": 1, "tried": 1, "open": still_open}
    assert set(counts) == set(lessons)
    rows = dict((row[0], row[1:]) for row in progress().rows)
    assert rows["02"][:3] == ("1", "1", str(still_open))
    assert rows["all"][:3] == ("1", "1", str(len(registry.contents()) - 2))
    assert rows["02"][3] == "██░░░░░░░░"  # one of six


CORRUPT = {
    "empty": b"",
    "no JSON": b"{",
    "no dict": b"[1, 2]",
    "no exercises": b'{"version": 1}',
    "odd entries": b'{"exercises": {"linear": 3}}',
    "no numbers": b'{"exercises": {"linear": {"passed": true, "attempts": "many"}}}',
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT)
def test_a_corrupt_file_is_no_error_and_is_written_anew(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert stored.load() == {}
    assert str(progress()).startswith("Your progress")
    assert check("linear", linear).attempts == 1
    assert json.loads(file.read_text())["exercises"] == {"linear": {"passed": True, "attempts": 1}}


def test_one_bad_entry_does_not_lose_the_others(file):
    file.parent.mkdir()
    entries = {"linear": {"passed": None, "attempts": None}, "softmax": {"passed": True, "attempts": 2}}
    file.write_text(json.dumps({"exercises": entries}))
    assert check("linear", linear).attempts == 1
    kept = {"linear": {"passed": True, "attempts": 1}, "softmax": {"passed": True, "attempts": 2}}
    assert json.loads(file.read_text())["exercises"] == kept


def test_where_nothing_can_be_written_the_session_remembers(tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("not a folder")
    monkeypatch.setenv("NNLAB_PROGRESS", str(tmp_path / "a file" / "progress.json"))
    assert [check("linear", f).attempts for f in (no_bias, no_bias, linear)] == [1, 2, 3]
    assert stored.counts()[2]["passed"] == 1


def test_progress_that_cannot_be_stored_is_said_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("NNLAB_PROGRESS", str(tmp_path / "a file" / "progress.json"))
    for _ in range(3):
        check("linear", linear)
    told = capsys.readouterr().err
    assert told.startswith("Your progress cannot be stored in ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00"])
def test_a_damaged_file_is_kept_aside_each_time(file, content, capsys):
    for number in (1, 2):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        check("linear", linear)
        assert (file.parent / f"progress.damaged-{number}.json").read_bytes() == content
        assert f"kept as {file.parent / f'progress.damaged-{number}.json'}" in capsys.readouterr().err
    assert json.loads(file.read_text())["exercises"]["linear"]["passed"]


def test_the_best_mark_of_a_quiz_counts(file):
    for right in (2, 4, 3):
        stored.record_quiz("sets", right, 4)
    check("linear", linear)
    assert json.loads(file.read_text())["quizzes"] == {"sets": {"right": 4, "of": 4}}
    assert "Quizzes: 1 done, 1 of them with every statement right." in str(progress())


def test_what_comes_next_is_linked_where_the_lesson_is(file, tmp_path, monkeypatch):
    first = next(name for name, page in registry.contents().items() if page.notebook == 2)
    monkeypatch.chdir(tmp_path)
    assert f"Next: `{first}` in lesson 02." in str(progress())
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "02_forward_pass.ipynb").touch()
    assert f"Next: `{first}` in work/02_forward_pass.ipynb." in str(progress())
    assert "<a href='work/02_forward_pass.ipynb'>" in progress()._repr_html_()


def test_a_write_that_fails_leaves_the_old_file_and_no_other(file, monkeypatch):
    check("linear", linear)
    before = file.read_text()

    def fails(part, target):
        raise OSError("disk full")

    monkeypatch.setattr(stored.Path, "replace", fails)
    assert check("linear", no_bias).attempts == 2
    assert file.read_text() == before
    assert os.listdir(file.parent) == ["progress.json"]


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "there/nnlab/progress.json"),
        ("win32", "APPDATA", "there/nnlab/progress.json"),
        ("linux", "", "home/.local/share/nnlab/progress.json"),
        ("darwin", "", "home/Library/Application Support/nnlab/progress.json"),
        ("win32", "", "home/AppData/Roaming/nnlab/progress.json"),
    ],
)
def test_progress_is_stored_in_the_users_data_folder(tmp_path, monkeypatch, platform, variable, expected):
    for name in ("NNLAB_PROGRESS", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "there"))
    monkeypatch.setattr(stored.Path, "home", lambda: tmp_path / "home")
    monkeypatch.setattr(sys, "platform", platform)
    assert stored.path() == tmp_path / expected


def test_the_progress_command(file, capsys):
    check("linear", no_bias)
    assert main(["progress"]) == 0
    assert f"stored in {file}" in capsys.readouterr().out
    assert main(["progress", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["exercises"]["linear"] == {"notebook": 2, "state": "tried", "attempts": 1}
    assert list(told["exercises"]) == list(registry.contents())


# Hints, solutions, working


@pytest.mark.parametrize("name", NAMES)
def test_hints_grow_and_the_last_one_stays(name):
    exercise = registry.find(name)
    given = [hint(name) for _ in range(4)]
    assert [note.text for note in given] == [*exercise.hints, exercise.hints[-1]]
    assert [note.heading for note in given[:2]] == [f"Hint 1 of 3: {name}", f"Hint 2 of 3: {name}"]
    assert all(not note.source for note in given)


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_the_reference_without_its_decoration(name):
    note = solution(name)
    assert note.source.startswith(f"def {name}(")
    assert note.text == registry.find(name).why
    names = dict(registry.find(name).reference.__globals__)
    exec(note.source, names)
    assert check(name, names[name]).status == "passed"


def test_exercises_are_found_by_function_too():
    assert hint(linear).heading == "Hint 1 of 3: linear"
    assert solution(linear).source == solution("linear").source


@pytest.mark.parametrize("ask", [hint, solution])
def test_an_unknown_exercise_is_told_with_those_that_exist(ask):
    with pytest.raises(ValueError, match="there is no exercise 'liner'; did you mean 'linear'"):
        ask("liner")
    with pytest.raises(ValueError, match=r"'x'; the exercises are .*softmax"):
        ask("x")


def test_working_gives_the_learners_function_if_it_passes(file):
    assert working(linear) is linear
    assert not file.exists(), "going on with a lesson is no attempt"


def test_working_gives_the_reference_otherwise():
    def softmax(scores):
        """Mine."""
        return np.exp(scores)

    stand_in = working(softmax)
    assert np.allclose(stand_in(np.zeros((1, 2))), 0.5)
    assert stand_in.__name__ == "softmax"
    assert check(stand_in).status == "not attempted", "the stand-in is not the learner's work"


# Cards


class Words(html.parser.HTMLParser):
    """The text of a card, and its tags; fails when a tag is closed out of order."""

    def __init__(self, card: str):
        super().__init__()
        self.text, self.tags, self.open = "", [], []
        self.feed(card)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data + "\n"


def cards():
    raised = check("linear", lambda X, W, b: X * W)
    return {
        "passed": check("linear", linear),
        "failed": check("linear", no_bias),
        "error": raised,
        "not attempted": check("linear", lambda X, W, b: ...),
    }


def test_every_status_has_a_card_with_symbol_word_and_the_words_of_the_text():
    for status, result in cards().items():
        assert result.status == status
        symbol, word, _ = LOOK[status]
        card = Words(result._repr_html_())
        assert str(result).startswith(f"{symbol} {word}: linear")
        assert card.text.startswith(f"{symbol} {word}: linear")
        plain = lambda text: re.sub(r"[`\s]", "", text)  # noqa: E731
        assert plain(card.text) == plain(str(result))


def test_a_card_is_the_same_every_time():
    first, second = cards(), cards()
    for status in ("passed", "not attempted"):
        assert first[status]._repr_html_() == second[status]._repr_html_()
    pieces = [
        re.sub(r"solution\(.*", "", r["failed"]._repr_html_().split("hint(")[0]) for r in (first, second)
    ]
    assert pieces[0] == pieces[1]
    assert " 0x" not in str(first["error"])


def test_a_notebook_shows_the_same_as_a_terminal():
    formatters = pytest.importorskip("IPython.core.formatters")
    for thing in (*cards().values(), hint("linear"), solution("linear"), progress()):
        data, _ = formatters.DisplayFormatter().format(thing)
        assert data["text/plain"] == str(thing) == repr(thing)
        assert data["text/html"] == thing._repr_html_()
        assert set(data) == {"text/plain", "text/html"}


def test_what_learners_write_is_escaped():
    def linear(X, W, b):
        raise ValueError("<script>alert('x')</script> & `<b>`")

    result = check(linear)
    card = Words(result._repr_html_())
    assert not {"script", "b"} & set(card.tags)
    assert "<script>alert('x')</script> &" in card.text
    for thing in (Note("<i>", "<u>", "x < y"), Table("<i>", ("<u>",), (("<s>",),))):
        assert set(Words(thing._repr_html_()).tags) <= {"div", "pre", "table", "tr", "th", "td"}


def luminance(color: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_cards_are_legible_in_light_and_dark_themes():
    for thing in (*cards().values(), solution("linear"), progress()):
        card = thing._repr_html_()
        assert set(re.findall(r"background:([^;']+)", card)) <= {"none"}
        colors = set(re.findall(r"(?<![-\w])color:([^;']+)", card))
        assert len(colors - {"inherit"}) == 1, "only the heading has a color of its own"
        (heading,) = colors - {"inherit"}
        for page in ("#ffffff", "#111111"):
            light, dark = sorted((luminance(heading), luminance(page)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3, (heading, page)


def test_the_solution_is_offered_after_three_attempts():
    results = [check("linear", no_bias) for _ in range(SOLUTION_AFTER)]
    assert [len(result.footer) for result in results] == [1] * (SOLUTION_AFTER - 1) + [2]
    assert str(results[-1]).endswith('solution("linear") shows the solution.')
    assert Result("linear", "passed", (), "", attempts=9).footer == ()


def test_values_are_shown_as_they_would_be_typed():
    assert show(np.array([[1.0, 0.5]])) == "[[1. , 0.5]]"
    assert show({"Wh": np.zeros(2), "lr": 0.1}) == "Wh: [0., 0.]\nlr: 0.1"
    assert show((np.float64(2.0), True, "text")) == "2\nTrue\ntext"
    assert show(np.zeros((40, 3))).startswith("shape (40, 3)\n[[0., 0., 0.]")
    assert show({"state": {"t": 0}}) == "state: t: 0"
    assert show(["a film", ""]) == "['a film', '']"
    assert show({"<pad>": 0, "a": 1}) == "{'<pad>': 0, 'a': 1}"


def test_whole_numbers_and_flags_are_shown_as_such():
    def rows(result):
        return dict(result.example.rows)

    above = check("causal_mask", lambda T: ~np.tri(T, dtype=bool))
    assert rows(above)["expected mask"].startswith("[[ True, False, False]")
    assert rows(above)["differs first"] == "at [0, 0]: expected True, got False"
    zeros = check("encode", lambda texts, vocabulary, length: np.zeros((len(texts), length), dtype=int))
    assert rows(zeros)["expected X"] == "[[2, 3]]"
    assert rows(zeros)["texts"] == "['film good']"
    raised = check("encode", lambda texts, vocabulary, length: texts.lower())
    assert rows(raised)["expected X"] == rows(zeros)["expected X"]


def test_a_changed_vocabulary_is_not_spoken_of_as_an_array():
    def learns(texts, vocabulary, length):
        vocabulary["new"] = 1
        return references.encode(texts, vocabulary, length)

    result = check("encode", learns)
    assert result.mistakes == ("changes-its-input",)
    assert "build a new list or dict" in result.message


def test_a_vocabulary_is_shown_in_the_order_of_its_numbers():
    result = check("build_vocabulary", lambda texts, min_count: {"<unk>": 1, "<pad>": np.int64(0)})
    assert dict(result.example.rows)["got vocabulary"] == "{'<pad>': 0, '<unk>': 1}"
    result = check("build_vocabulary", lambda texts, min_count: ["<pad>", "<unk>"])
    assert result.mistakes == ("wrong-type",)
    assert "vocabulary: {" not in str(result)


# A machine without PyTorch


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in set(registry.contents()).difference(NAMES):
        monkeypatch.delitem(sys.modules, f"nnlab.exercises.catalogue.{name}", raising=False)


def test_without_torch_everything_else_works(without_torch):
    assert [e.name for e in registry.available()] == NAMES
    assert check("linear", linear).status == "passed"
    assert check("linear", no_bias).mistakes == ("bias-omitted",)
    assert "06" in str(progress())


@pytest.mark.parametrize("ask", [hint, solution, lambda name: check(name, linear)])
def test_without_torch_its_exercises_say_so(without_torch, ask):
    with pytest.raises(ModuleNotFoundError, match=r"'torch_step' needs PyTorch.*pip install torch"):
        ask("torch_step")


def test_without_torch_a_class_is_graded_but_for_those(without_torch):
    from nnlab.exercises.grading import grade
    from nnlab.exercises.grading.submissions import Answer

    result = grade.check_answer((0, Answer("torch_step", "torch_step")))
    assert result.status == "not checked"
    assert "needs PyTorch" in result.message
