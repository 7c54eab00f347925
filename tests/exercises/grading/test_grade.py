"""Grading: what is taken out of a notebook, what of it runs, and what comes back for a class."""

import csv
import html.parser
import io
import json
import os
import time
from pathlib import Path

import pytest

from nnlab.__main__ import main
from nnlab.exercises.checking import registry
from nnlab.exercises.checking.report import Result
from nnlab.exercises.grading import grade, report
from nnlab.exercises.grading.submissions import read
from nnlab.exercises.sandbox.crew import Crew, Lost

IMPORTS = "import numpy as np\nfrom nnlab.exercises import check, working"
LINEAR = "def linear(X, W, b):\n    return X @ W + b"
NO_BIAS = "def linear(X, W, b):\n    return X @ W"
SOFTMAX = """
def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""
BLANK = 'def softmax(scores):\n    """Probabilities."""\n    ...'


def notebook(path: Path, *cells: str, **more) -> Path:
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"cells": code, "nbformat": 4, **more}), encoding="utf-8")
    return path


@pytest.fixture
def verdict(tmp_path):
    """Return the verdict on the only exercise of a notebook, the way grading gives it, in this process."""

    def of(*cells: str, exercise: str = "linear", passed=()) -> Result:
        submission = read(notebook(tmp_path / "one.ipynb", IMPORTS, *cells))
        return grade.check_answer((0, submission.answer(exercise, passed)))

    return of


# What is taken out


def test_an_answer_is_checked(verdict):
    assert verdict(LINEAR).status == "passed"
    assert verdict(NO_BIAS).mistakes == ("bias-omitted",)


@pytest.mark.parametrize(
    "rest",
    [
        "raise SystemExit",
        "while True: pass",
        "np.exp = None",
        "open('/nonexistent/file')",
        "X = np.zeros(10**15)",
        "linear = working(linear)",
        "linear = None",
        "%matplotlib inline\n!rm -rf here\nnp.array?",
    ],
)
def test_the_rest_of_the_notebook_does_not_run(verdict, rest):
    assert verdict(rest, LINEAR, rest, "check(linear)", rest).status == "passed"


NEEDS = {
    "constants": ["TINY = 1e-12\nZERO: int = 0", LINEAR.replace("+ b", "+ b * (1 + TINY) + ZERO")],
    "call": ["eps = np.finfo(float).eps", LINEAR + " + 0 * eps"],
    "partial": [
        "from functools import partial\nadd = partial(np.add)",
        LINEAR.replace("X @ W + b", "add(X @ W, b)"),
    ],
    "star": ["from numpy import *", LINEAR.replace("X @ W", "matmul(X, W)")],
    "class": [
        "class Layer:\n    def __call__(self, X, W, b):\n        return X @ W + b",
        "linear = lambda *a: Layer()(*a)",
        "check(linear)",
    ],
    "try": [
        "try:\n    import no_such as xp\nexcept ImportError:\n    import numpy as xp",
        LINEAR.replace("X @ W", "xp.dot(X, W)"),
    ],
    "helper below": [LINEAR.replace("X @ W", "dot(X, W)"), "def dot(A, B):\n    return A @ B"],
    "helper above": [
        "def dot(A, B):\n    return A @ B",
        LINEAR.replace("X @ W", "dot(X, W)"),
        "dot = lambda A: A.sum()",
    ],
    "magic": ["%%time\n" + LINEAR],
    "decorator": ["import functools\n@functools.lru_cache\ndef one():\n    return 1", LINEAR + " * one()"],
    "annotations": [
        "def linear(X: Array, W: Array, b: Array) -> Array:\n    display(X)\n    return X @ W + b"
    ],
}


@pytest.mark.parametrize("cells", NEEDS.values(), ids=NEEDS)
def test_a_function_comes_with_what_it_needs(verdict, cells):
    result = verdict(*cells)
    assert result.status == "passed", str(result)


def test_the_last_answer_that_is_not_empty_counts(verdict):
    assert verdict(NO_BIAS, LINEAR, "def linear(X, W, b): ...").status == "passed"
    assert verdict(BLANK, exercise="softmax").status == "not attempted"


def test_a_function_under_another_name_counts_where_the_check_names_it(verdict):
    cells = ["def mine(X, W, b):\n    return X @ W + b", 'check("linear", mine)', NO_BIAS]
    assert verdict(*cells).status == "passed"


def test_only_checked_exercises_count_where_there_are_checks(tmp_path):
    path = notebook(
        tmp_path / "a.ipynb", IMPORTS, LINEAR, "check(linear)", "def softmax(scores):\n    return 1"
    )
    assert list(read(path).answers) == ["linear"]
    path = notebook(tmp_path / "b.ipynb", IMPORTS, SOFTMAX, LINEAR)
    assert list(read(path).answers) == ["softmax", "linear"]


def test_an_illustration_is_no_answer(tmp_path):
    theirs = ["def someone(Y_hat, Y):\n    return 1", 'check("accuracy", someone, record=False)']
    assert read(notebook(tmp_path / "a.ipynb", IMPORTS, *theirs)).answers == {}
    assert read(notebook(tmp_path / "b.ipynb", "def evaluate(formula):\n    return 1")).answers == {}


def test_the_notebooks_of_the_course_hold_every_exercise_and_nothing_else_that_is_checked():
    folder = Path(__file__).parents[3] / "notebooks"
    paths = sorted(folder.glob("*.ipynb"))
    written = {int(path.name[:2]) for path in paths}
    found = [name for path in paths for name in read(path).answers]
    assert sorted(found) == sorted(n for n, page in registry.contents().items() if page.notebook in written)


FORWARD = """
def forward(params, X):
    H_tilde = linear(X, params["Wh"], params["bh"])
    H = np.tanh(H_tilde)
    Y_tilde = linear(H, params["Wy"], params["by"])
    Y_hat = softmax(Y_tilde)
    return Y_hat, {"X": X, "H_tilde": H_tilde, "H": H, "Y_tilde": Y_tilde, "Y_hat": Y_hat}
"""


def test_a_mistake_counts_where_it_was_made(verdict):
    cells = [NO_BIAS, "linear = working(linear)", BLANK, "softmax = working(softmax)", FORWARD]
    assert verdict(*cells, exercise="forward").status == "passed"
    assert verdict(*cells, exercise="forward", passed=["linear"]).mistakes == ("bias-omitted",)


def test_a_name_from_a_cell_that_does_not_run_is_told(verdict):
    result = verdict("rate = float(input())", "def linear(X, W, b):\n    return X @ W + rate * b")
    assert (result.status, result.mistakes) == ("not checked", ())
    assert "`rate`, which cell 2 sets or changes, and grading does not run that" in result.message


def test_a_name_that_nothing_sets_is_told(verdict):
    result = verdict("def linear(X, W, b):\n    return X @ W + rate * b")
    assert result.mistakes == ("raises",)
    assert "`rate`, which nothing in the notebook sets" in result.message


def test_an_error_shows_the_line_of_the_cell(verdict):
    result = verdict("def linear(X, W, b):\n    Z = X @ W\n    return Z + bias")
    assert "line 3 of your code, `return Z + bias`, raises NameError" in result.message


def test_a_syntax_error_is_told_with_its_cell(verdict):
    result = verdict("def linear(X, W, b)\n    return X @ W + b")
    assert (result.status, result.mistakes) == ("error", ("syntax-error",))
    assert "Cell 2, line 1, `def linear(X, W, b)`, is not valid Python: expected ':'" in result.message
    assert verdict("def linear(X, W, b)\n    return X @ W + b", LINEAR).status == "passed"


@pytest.mark.parametrize(
    ("code", "slug"),
    [
        ("while True: pass", "too-slow"),
        ("import os; os._exit(0)", "raises"),
        ("raise SystemExit", "raises"),
    ],
)
def test_what_hangs_or_dies_while_it_is_defined_costs_its_answer_only(verdict, code, slug):
    class_body = f"class Setup:\n    exec({code!r})\n"
    result = verdict(class_body, "def linear(X, W, b, setup=Setup):\n    return X @ W + b")
    assert (result.status, result.mistakes) == ("error", (slug,))


# Files that are no notebooks


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (b"# Solution\nimport numpy", "not JSON"),
        (b"[]", "it has no cells"),
        (b'{"nbformat": 3, "worksheets": []}', "it has no cells"),
        (b'{"cells": "none"}', "it has no cells"),
        (b'{"cells": []}', "holds none of the exercises"),
        (
            b'{"cells": [1, null, {}, {"cell_type": "code", "source": 5}, {"cell_type": "code"}]}',
            "none of the",
        ),
        (b'{"cells": [{"cell_type": "code", "source": "caf\xe9"}]}', "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path, content, problem):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(content)
    assert problem in read(path).problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_json_are_read(tmp_path, encoding):
    path = notebook(tmp_path / "one.ipynb", LINEAR)
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
    assert "linear" in read(path).answers


def test_a_huge_file_is_not_opened(tmp_path):
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    assert read(path).problem == "is too large for a notebook: 60 MB"


def test_a_huge_or_absurd_cell_is_that_answers_problem(tmp_path):
    for cell in (LINEAR + "\n#" + "x" * 300_000, LINEAR + "\n" + "(" * 5000, LINEAR + "\nx = \0"):
        submission = read(notebook(tmp_path / "one.ipynb", cell))
        assert "Cell 1" in grade.check_answer((0, submission.answer("linear", ()))).message


def test_a_missing_file_is_told(tmp_path):
    assert read(tmp_path / "nobody.ipynb").problem == "cannot be read: No such file or directory"


# The class


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    hang = "def linear(X, W, b):\n    return sum(iter(int, 1))"
    crash = "import os\ndef linear(X, W, b):\n    os.kill(os.getppid(), 9)"
    notebook(folder / "ann.ipynb", IMPORTS, LINEAR, SOFTMAX)
    notebook(folder / "ben.ipynb", IMPORTS, NO_BIAS, SOFTMAX)
    notebook(folder / "cem.ipynb", IMPORTS, hang, SOFTMAX)
    notebook(folder / "dan.ipynb", IMPORTS, crash, SOFTMAX)
    (folder / "eva.ipynb").write_bytes(b"\xff\x00")
    notebook(folder / "=1+1 <b>.ipynb", IMPORTS, "def linear(X, W, b):\n    raise ValueError('<script>')")
    return folder


@pytest.fixture(scope="module")
def grades(folder) -> grade.Grades:
    return grade.grade(sorted(folder.glob("*.ipynb")), workers=2)


def test_a_class_is_graded_in_order_whatever_its_members_do(grades):
    assert [who.name for who in grades.learners] == ["=1+1 <b>", "ann", "ben", "cem", "dan", "eva"]
    linear = {who.name: who.results["linear"].mistakes for who in grades.readable}
    assert linear == {
        "=1+1 <b>": ("raises",),
        "ann": (),
        "ben": ("bias-omitted",),
        "cem": ("too-slow",),
        "dan": ("raises",),  # it killed its own checker
    }
    assert [who.results["softmax"].status for who in grades.readable[1:]] == ["passed"] * 4
    assert "not JSON" in grades.learners[-1].problem


def test_the_class_is_counted(grades):
    assert grades.exercises == ["linear", "softmax"]
    assert grades.mistakes == [
        (2, "linear", "raises"),
        (1, "linear", "bias-omitted"),
        (1, "linear", "too-slow"),
    ]
    assert grades.status("softmax") == {"passed": 4, "missing": 1}


def test_csv_is_flat_and_harmless_in_a_spreadsheet(grades):
    rows = list(csv.DictReader(io.StringIO(report.to_csv(grades))))
    assert len(rows) == 11  # five learners by two exercises, and the broken file
    assert rows[0]["learner"] == "'=1+1 <b>"
    assert [r["status"] for r in rows if r["exercise"] == "softmax"] == ["missing"] + ["passed"] * 4
    assert rows[-1]["status"] == "unreadable"


def test_json_holds_the_same(grades):
    whole = json.loads(report.to_json(grades))
    assert len(whole["results"]) == 11
    assert whole["mistakes"][0] == {"exercise": "linear", "mistake": "raises", "learners": 2}


class Page(html.parser.HTMLParser):
    """The tags and the text of a page; raises when a tag is closed out of order."""

    def __init__(self, page: str):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_html_is_well_formed_and_escapes_what_learners_wrote(grades):
    page = Page(report.to_html(grades))
    assert not {"script", "b"} & set(page.tags)
    text = "".join(page.words)
    assert "=1+1 <b>" in text
    assert "<script>" in text
    assert "✓ passed" in text
    assert "✗ bias-omitted" in text
    assert "color-scheme: light dark" in text


def test_the_terminal_shows_learners_and_class(grades):
    text = report.text(grades)
    assert "ben: 1 of 2 passed\n  ✗ linear                     bias-omitted" in text
    assert "eva: is not a notebook" in text
    assert "Most frequent mistakes" in text
    assert "1 of 6 notebooks could not be checked" in text


def test_control_characters_do_not_reach_the_terminal():
    result = Result("linear", "error", ("raises",), "\x1b[2Jraises \udcff\u202e")
    who = grade.Learner("\x1b[31mmallory", "x.ipynb", results={"linear": result})
    for write in (report.text, report.to_csv, report.to_html):
        assert not {"\x1b", "\udcff", "\u202e"} & set(write(grade.Grades([who])))


def test_learners_with_one_file_name_are_told_apart():
    paths = [Path("ann/02.ipynb"), Path("ben/02.ipynb"), Path("ben/04.ipynb")]
    assert grade.names(paths) == ["ann/02", "ben/02", "ben/04"]
    assert grade.names(paths[1:]) == ["02", "04"]


# The command


def test_the_command_writes_what_is_asked_for(folder, tmp_path, capsys):
    one = str(folder / "ben.ipynb")
    table, page = tmp_path / "t.csv", tmp_path / "p.html"
    assert main(["grade", one, "--unsafe", "--csv", str(table), "--html", str(page), "--workers", "1"]) == 0
    assert "bias-omitted" in capsys.readouterr().out
    assert "bias-omitted" in table.read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(["grade", one, "--unsafe", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["results"][0]["learner"] == "ben"


def test_a_file_that_cannot_be_written_is_found_before_grading(folder, tmp_path, capsys, monkeypatch):
    from nnlab.commands import grade as command

    monkeypatch.setattr(command, "with_progress", lambda *_: pytest.fail("graded before looking"))
    table = tmp_path / "no such folder" / "grades.csv"
    assert main(["grade", str(folder), "--unsafe", "--csv", str(table)]) == 1
    assert f"cannot write {table}: No such file or directory; name another file" in capsys.readouterr().err


def test_a_broken_notebook_makes_the_exit_status_1(folder, capsys):
    assert main(["grade", str(folder / "eva.ipynb"), "--unsafe"]) == 1
    assert "eva: is not a notebook" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [[], ["empty"], ["a.ipynb", "--workers", "0"], ["a.ipynb", "--json", "b.ipynb"]]
)
def test_wrong_usage_exits_with_2(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["grade", *argv])
    assert end.value.code == 2


def test_folders_and_patterns_stand_for_their_notebooks(tmp_path, monkeypatch):
    from nnlab.commands.grade import find

    monkeypatch.chdir(tmp_path)
    Path("class/.ipynb_checkpoints").mkdir(parents=True)
    for name in ("class/b.ipynb", "class/a.ipynb", "class/.ipynb_checkpoints/a.ipynb", "class/notes.txt"):
        Path(name).touch()
    expected = [Path("class/a.ipynb"), Path("class/b.ipynb")]
    assert find(["class"]) == find(["class/*.ipynb"]) == find(["class/a.ipynb", "class"]) == expected
    assert find(["nobody.ipynb"]) == [Path("nobody.ipynb")]


def test_the_catalogue_for_teachers_is_fresh(capsys):
    pytest.importorskip("torch")
    assert main(["grade", "--catalogue"]) == 0
    path = Path(__file__).parents[3] / "nnlab" / "exercises" / "CATALOGUE.md"
    fresh = capsys.readouterr().out == path.read_text(encoding="utf-8")
    assert fresh, f"run: nnlab grade --catalogue > {os.path.relpath(path)}"


# The crew


@pytest.mark.parametrize("fork", [True, False], ids=["fork", "spawn"])
def test_a_crew_survives_its_members(fork):
    """Tasks are exit statuses: a worker is lost with each, and hired again."""
    with Crew(os._exit, 2, 60, fork) as crew:
        for status in (0, 1, 2):
            crew.submit(status)
        assert sorted(crew.results()) == [(status, Lost("died")) for status in (0, 1, 2)]


def test_a_crew_ends_what_takes_too_long_and_takes_new_tasks_meanwhile():
    with Crew(time.sleep, 2, 0.3, fork=True) as crew:
        crew.submit(60)
        crew.submit(0)
        seen = []
        for task, result in crew.results():
            seen.append((task, result))
            if len(seen) == 1:
                crew.submit(0.01)
    assert seen == [(0, None), (0.01, None), (60, Lost("time"))]


def test_a_crew_leaves_no_process_behind():
    with Crew(time.sleep, 2, 60, fork=True) as crew:
        for seconds in (60, 0, 0):
            crew.submit(seconds)
        next(crew.results())
        processes = [worker.process for worker in crew._workers]
    assert len(processes) == 2
    assert not any(process.is_alive() for process in processes)


def test_what_takes_long_to_import_is_imported_once(tmp_path):
    cells = (
        "from sklearn.metrics import f1_score\nimport numpy as np, json",
        "def accuracy(Y_hat, Y):\n    import scipy.special as s\n    from . import pandas",
    )
    imported = grade.slow_imports([read(notebook(tmp_path / "one.ipynb", *cells))])
    assert set(imported) == {*grade.SLOW["scipy"], *grade.SLOW["sklearn"]}
    assert grade.slow_imports([read(notebook(tmp_path / "two.ipynb", "import numpy, torch"))]) == ()
