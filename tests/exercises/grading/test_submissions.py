"""What a notebook says: IPython's syntax, what is checked in it, and the state at the check."""

import ast
import json
import os
from pathlib import Path

import pytest

from nnlab.exercises.checking.report import Result
from nnlab.exercises.grading import cells, grade
from nnlab.exercises.grading.cheats import suspicious
from nnlab.exercises.grading.submissions import Submission, read

IMPORTS = "import numpy as np\nfrom nnlab.exercises import check, working"
LINEAR = "def linear(X, W, b):\n    return X @ W + b"
NO_BIAS = "def linear(X, W, b):\n    return X @ W"
SOFTMAX = """
def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
"""


def notebook(path: Path, *sources: str) -> Path:
    code = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"cells": code, "nbformat": 4}), encoding="utf-8")
    return path


@pytest.fixture
def opened(tmp_path):
    def of(*sources: str) -> Submission:
        return read(notebook(tmp_path / "one.ipynb", IMPORTS, *sources))

    return of


@pytest.fixture
def verdict(opened):
    def of(*sources: str, exercise: str = "linear") -> Result:
        return grade.check_answer((0, opened(*sources).answer(exercise, ())))

    return of


# Syntax

MAGIC = {  # cell -> the statements that are left of it
    "!ls\nx = 1  # what?\ny = 'is it?'": ["pass", "x = 1", "y = 'is it?'"],
    "%matplotlib inline\nk = (10\n % 3)\nm = (k\n != 3)": ["pass", "k = 10 % 3", "m = k != 3"],
    "x = 5 \\\n  % 3\n!ls": ["x = 5 % 3", "pass"],
    "!echo a \\\n  b (\nx = 3": ["pass", "x = 3"],
    "x = 1\n!echo it's\ny = 2": ["x = 1", "pass", "y = 2"],
    's = """a\n!b\nc?\n"""\n%time': ["s = 'a\\n!b\\nc?\\n'", "pass"],
    "try:\n    import numpy\nexcept ImportError:\n    !pip install numpy": [
        "try:\n    import numpy\nexcept ImportError:\n    pass"
    ],
    "if x:\n    %time\n    x = 1": ["if x:\n    pass\n    x = 1"],
    "np.array?\nx = 1": ["pass", "x = 1"],
    "?np\nx = 1": ["pass", "x = 1"],
    "    x = 1\n    y = 2": ["x = 1", "y = 2"],
    ">>> x = 1\n>>> def f():\n...     return 1": ["x = 1", "def f():\n    return 1"],
    "%%time\nx = 1": ["x = 1"],
    "\n%%capture out\n%%timeit\nx = 1": ["x = 1"],
    "%%script false\nx = 1": [],
    "%%writefile a.py\nx = 1": [],
    "%%bash\nfor i in *; do echo $i; done": [],
    "%%html\n<b>don't</b>": [],
}


@pytest.mark.parametrize("installed", [True, False], ids=["IPython", "without"])
@pytest.mark.parametrize("source", MAGIC)
def test_what_is_ipythons_is_taken_out(source, installed, monkeypatch):
    if installed:
        pytest.importorskip("IPython")
    else:
        monkeypatch.setattr(cells, "_ipythons", lambda: None)
    _, tree = cells.as_python(source)
    assert [ast.unparse(node) for node in tree.body] == MAGIC[source]


@pytest.mark.parametrize("installed", [True, False], ids=["IPython", "without"])
@pytest.mark.parametrize("line", ["v = !ls -l 'it'", "t = %timeit -o 1"])
def test_what_a_command_gives_is_not_known(line, installed, monkeypatch):
    if not installed:
        monkeypatch.setattr(cells, "_ipythons", lambda: None)
    _, tree = cells.as_python(f"{line}\nw = 1")
    assert "get_ipython" in ast.unparse(tree.body[0])
    assert ast.unparse(tree.body[1]) == "w = 1"


@pytest.mark.parametrize(
    "source", ["x = 1  # what?", "k = (10\n % 3)", "f(a\n != b)", "s = '''\n%%time\n!ls\n'''"]
)
def test_what_is_python_stays_as_it_is(source):
    assert cells.as_python(source)[0] == source


RIGHT = {
    "continuation": "%time\ndef linear(X, W, b):\n    k = (10\n % 3)\n    return (X @ W + b) * k",
    "comment": "!ls\ndef linear(X, W, b):\n    # is this right?\n    return X @ W + b",
    "indented": "    def linear(X, W, b):\n        return X @ W + b",
    "prompts": ">>> def linear(X, W, b):\n...     return X @ W + b",
    "shell in try": "try:\n    import numpy as np\nexcept ImportError:\n    !pip install numpy\n" + LINEAR,
    "timed": "%%time\n" + LINEAR,
}


@pytest.mark.parametrize("cell", RIGHT.values(), ids=RIGHT)
def test_a_right_answer_survives_its_cell(verdict, cell):
    assert verdict(cell, "check(linear)").status == "passed"


# What is checked

CHECKED = {
    "if": ["if True:\n    def linear(X, W, b):\n        return X @ W + b", "check(linear)"],
    "try": [
        "try:\n    import cupy\nexcept ImportError:\n    def linear(X, W, b):\n        return X @ W + b",
        "check(linear)",
    ],
    "partial": [
        "from functools import partial\ndef scaled(s, X, W, b):\n    return s * (X @ W + b)",
        "linear = partial(scaled, 1)",
        "check('linear', linear)",
    ],
    "partial of it": [LINEAR, "from functools import partial", "check(partial(linear))"],
    "alias": ["def mine(X, W, b):\n    return X @ W + b", "linear = mine", "check('linear', linear)"],
    "alias of it": [LINEAR, "mine = linear", "check(mine)"],
    "lambda": ["linear = lambda X, W, b: X @ W + b", "check('linear', linear)"],
    "lambda in place": ["check('linear', lambda X, W, b: X @ W + b)"],
    "method": [
        "class Layer:\n    def linear(self, X, W, b):\n        return X @ W + b",
        "layer = Layer()",
        "check(layer.linear)",
    ],
    "static": [
        "class Layer:\n    @staticmethod\n    def forward(X, W, b):\n        return X @ W + b",
        "check('linear', Layer.forward)",
    ],
    "object": [
        "class Layer:\n    def __call__(self, X, W, b):\n        return X @ W + b",
        "layer = Layer()",
        "check('linear', layer)",
    ],
    "factory": [
        "def make():\n    def linear(X, W, b):\n        return X @ W + b\n    return linear",
        "check(make())",
    ],
    "made": [
        "def make(k):\n    def linear(X, W, b):\n        return k * (X @ W + b)\n    return linear",
        "f = make(1)",
        "check(f)",
    ],
    "loop": [LINEAR + SOFTMAX, "for f in (linear, softmax):\n    check(f)"],
    "loop with names": [LINEAR, "for name, f in [('linear', linear)]:\n    print(check(name, f))"],
    "dict": [LINEAR, "for name, f in {'linear': linear}.items():\n    check(name, f)"],
    "comprehension": [LINEAR, "[check(f) for f in [linear]]"],
    "map": [LINEAR, "list(map(check, [linear]))"],
    "keyword": [LINEAR, "check('linear', answer=linear)"],
    "both keywords": [LINEAR, "check(function='linear', answer=linear)"],
    "other name": [LINEAR, "from nnlab.exercises import check as test", "test(linear)"],
    "from the package": [LINEAR, "import nnlab.exercises as ex", "result = ex.check(linear)"],
    "in a function": [LINEAR, "def all_of_them():\n    check(linear)", "all_of_them()"],
    "in the cell": [LINEAR + "\ncheck(linear)\nlinear = working(linear)"],
}


@pytest.mark.parametrize("sources", CHECKED.values(), ids=CHECKED)
def test_what_passes_when_it_is_checked_passes_when_it_is_graded(verdict, opened, sources):
    assert verdict(*sources).status == "passed", (verdict(*sources), opened(*sources))


def test_a_loop_counts_for_all_that_it_checks(opened):
    assert set(opened(LINEAR + SOFTMAX, "for f in (linear, softmax):\n    check(f)").answers) == {
        "linear",
        "softmax",
    }


def test_a_check_without_a_definition_is_reported(verdict):
    result = verdict("linear = load('linear.pkl')", "check(linear)")
    assert result.status == "not checked"
    assert "Checked in cell 3, but no definition of `linear` was found" in result.message


@pytest.mark.parametrize(
    "check", ["check(f)", "for f in todo:\n    check(f)", "check(find())", "check(name, f)"]
)
def test_a_check_that_cannot_be_told_is_noted(opened, check):
    submission = opened("f = load()", check)
    assert submission.problem == ""
    assert "Cell 3 checks `f" in submission.notes[0]


# The state at the check

STATES = {
    "augmented": ["K = 0", "K += 1", LINEAR + " * K", "check(linear)"],
    "entry": ["K = [0, 2]", "K[0] = 1", LINEAR + " * K[0]", "check(linear)"],
    "appended": ["K = []", "K.append(1)", LINEAR + " * K[0]", "check(linear)"],
    "loop": ["K = 0", "for i in range(1):\n    K += 1", LINEAR + " * K", "check(linear)"],
    "with": ["K = 0", "with np.errstate(all='ignore'):\n    K = 1", LINEAR + " * K", "check(linear)"],
    "after the definition": ["K = 0", LINEAR + " * K", "K = 1", "check(linear)", "K = 7"],
    "corrected helper": [
        "def dot(A, B):\n    return A * 2",
        LINEAR.replace("X @ W", "dot(X, W)"),
        "def dot(A, B):\n    return A @ B",
        "check(linear)",
        "dot = None",
    ],
    "default from before": [
        "K = 1",
        "def linear(X, W, b, k=K):\n    return (X @ W + b) * k",
        "K = 5",
        "check(linear)",
    ],
    "global": [
        "K = 0",
        "def raise_it():\n    global K\n    K = 1",
        "raise_it()",
        LINEAR + " * K",
        "check(linear)",
    ],
    "through a function": [
        "K = [0]",
        "def put(k):\n    k[0] = 1",
        "put(K)",
        LINEAR + " * K[0]",
        "check(linear)",
    ],
    "a cell that failed": ["K = 1", "K = 1 / 0", LINEAR + " * K", "check(linear)"],
    "attribute": ["class C:\n    k = 0", "C.k = 1", LINEAR + " * C.k", "check(linear)"],
    "corrected answer": [NO_BIAS, "check(linear)", LINEAR, "check(linear)", NO_BIAS],
    "filled in below": ["def linear(X, W, b):\n    ...", "check(linear)", LINEAR],
}


@pytest.mark.parametrize("sources", STATES.values(), ids=STATES)
def test_what_held_at_the_check_counts(verdict, sources):
    assert verdict(*sources).status == "passed", verdict(*sources)


UNKNOWN = {
    "read": ["K = float(open('k.txt').read())", NO_BIAS + " + K * b", "check(linear)"],
    "changed by what is not run": ["K = 1", "K = load()", NO_BIAS + " + K", "check(linear)"],
    "while": ["K = 0", "while K < 1:\n    K += 1", LINEAR + " * K", "check(linear)"],
    "command": ["K = 3", "K = !nproc", LINEAR + " * K", "check(linear)"],
    "no such module": ["from my_helpers import dot", LINEAR.replace("X @ W", "dot(X, W)"), "check(linear)"],
    "the answer itself": [NO_BIAS, "linear = load(linear)", "check(linear)"],
}


@pytest.mark.parametrize("sources", UNKNOWN.values(), ids=UNKNOWN)
def test_no_mistake_is_named_from_a_state_that_is_not_known(verdict, sources):
    result = verdict(*sources)
    assert (result.status, result.mistakes) == ("not checked", ()), result
    assert "It depends on `" in result.message


def test_a_module_beside_the_notebook_is_imported(verdict, tmp_path):
    (tmp_path / "my_own.py").write_text("from my_other import dot\n")
    (tmp_path / "my_other.py").write_text("def dot(A, B):\n    return A @ B\n")
    assert (
        verdict("from my_own import dot", LINEAR.replace("X @ W", "dot(X, W)"), "check(linear)").status
        == "passed"
    )
    (tmp_path / "my_other.py").unlink()
    result = verdict("from my_other import dot", LINEAR.replace("X @ W", "dot(X, W)"), "check(linear)")
    assert result.status == "not checked"
    assert "`dot`, which cell 2 sets or changes" in result.message


# Files


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
def test_only_regular_files_are_read(tmp_path):
    whole = notebook(tmp_path / "ann.ipynb", IMPORTS, LINEAR)
    (tmp_path / "link.ipynb").symlink_to(whole)
    (tmp_path / "zero.ipynb").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert read(tmp_path / "link.ipynb").problem == "is a symbolic link; only regular files are read"
    assert read(tmp_path / "zero.ipynb").problem == "is a symbolic link; only regular files are read"
    assert read(tmp_path / "pipe.ipynb").problem == "is not a regular file"
    assert read(Path("/dev/zero")).problem == "is not a regular file"
    assert "cannot be read" in read(tmp_path).problem or "not a regular" in read(tmp_path).problem


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_hard_link_to_anothers_notebook_earns_no_marks(tmp_path):
    whole = notebook(tmp_path / "ann.ipynb", IMPORTS, LINEAR)
    os.link(whole, tmp_path / "bob.ipynb")
    assert grade.same_files([whole, tmp_path / "bob.ipynb", tmp_path / "no.ipynb"]) == [None, 0, None]


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_links_out_of_a_folder_are_not_followed(tmp_path):
    from nnlab.commands.grade import find

    (tmp_path / "ann").mkdir()
    whole = notebook(tmp_path / "ann" / "02.ipynb", IMPORTS, LINEAR)
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "bob").symlink_to(whole.parent)
    assert find([str(tmp_path / "class")]) == []


# Cheats

CHEATS = {
    "reference": "from nnlab.exercises.references import linear",
    "page": (
        "def linear(X, W, b):\n    from nnlab.exercises.catalogue import linear as page\n"
        "    return page.linear(X, W, b)"
    ),
    "registry": (
        "def linear(X, W, b):\n    from nnlab.exercises.checking import registry\n"
        "    return registry.find('linear').reference(X, W, b)"
    ),
    "solution": (
        "def linear(X, W, b):\n    from nnlab.exercises import solution\n    names = {}\n"
        "    exec(solution('linear').code, names)\n    return names['linear'](X, W, b)"
    ),
    "file": (
        "def linear(X, W, b):\n    import nnlab.exercises, pathlib\n"
        "    page = pathlib.Path(nnlab.exercises.__file__).parent / 'catalogue' / 'linear.py'\n"
        "    names = {}\n    exec(page.read_text(), names)\n    return names['linear'](X, W, b)"
    ),
    "reload": (
        "def linear(X, W, b):\n    import importlib, nnlab.exercises.catalogue.linear as page\n"
        "    return importlib.reload(page).linear(X, W, b)"
    ),
    "stack": (
        "def linear(X, W, b):\n    import sys\n    frame = sys._getframe()\n"
        "    while 'expected' not in frame.f_locals:\n        frame = frame.f_back\n"
        "    return frame.f_locals['expected']"
    ),
    "garbage": (
        "def linear(X, W, b):\n    import gc\n"
        "    found = [o for o in gc.get_objects() if getattr(o, '__name__', '') == 'linear']\n"
        "    return found[-1 if found[0] is linear else 0](X, W, b)"
    ),
    "patch": (
        "def linear(X, W, b):\n    from nnlab.exercises.checking import compare, checker, trials, outcomes\n"
        "    for m in (compare, checker, trials, outcomes):\n        m.same = m.close = lambda *a: True\n"
        "    trials.Trial.right = True\n    return X"
    ),
}


@pytest.mark.parametrize("cell", CHEATS.values(), ids=CHEATS)
def test_a_cheat_fails_and_is_flagged(verdict, opened, cell):
    assert verdict(cell, "check(linear)").status in ("failed", "error", "not checked")
    assert suspicious(opened(cell, "check(linear)").answer("linear", ()))


def test_an_honest_answer_is_not_flagged(opened):
    helper = "def dot(A, B):\n    return np.einsum('ij,jk->ik', A, B)"
    answer = opened(
        helper, "from nnlab.exercises.references import softmax", LINEAR.replace("X @ W", "dot(X, W)")
    )
    assert suspicious(answer.answer("linear", ())) == ()
