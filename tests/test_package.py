"""The package as a whole: what importing it needs, its floors, and rules that keep its source readable."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import import_graph
import pytest

import nnlab

ROOT = Path(__file__).parents[1] / "nnlab"
SOURCES = sorted(ROOT.rglob("*.py"))
FLOORS = import_graph.floors()
CORE = FLOORS[: FLOORS.index("training") + 1]  # what needs NumPy alone
CORE_FILES = sorted(
    path for name in CORE for path in (ROOT / f"{name}.py", *(ROOT / name).rglob("*.py")) if path.exists()
)
every_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))


def run(*command, **arguments):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **arguments)


# ------------------------------------------------------------------------------------------- importing


def test_importing_nnlab_loads_numpy_and_nothing_else_from_outside():
    program = """
import sys
import numpy, numpy.random
before = set(sys.modules)
import nnlab
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(roots - set(sys.stdlib_module_names) - {"nnlab", "numpy"}))
"""
    assert run(sys.executable, "-c", program, check=True).stdout.split() == []


def test_training_saving_and_checking_need_numpy_alone(tmp_path):
    program = """
import sys
for name in ("torch", "pandas", "matplotlib", "scipy", "sklearn", "ipywidgets", "tqdm", "sympy", "pooch"):
    sys.modules[name] = None  # importing it raises ImportError
import numpy as np
from nnlab import *
X = np.random.default_rng(0).standard_normal((40, 3))
y = (X[:, 0] > 0).astype(int)
network = MLP([3, 4, 2], activation=Tanh, rng=np.random.default_rng(0))
fit(network, X, y, loss=softmax_cross_entropy, optimizer=Adam(network.parameters()), epochs=2,
    metrics={"accuracy": accuracy}, validation=(X, y),
    callbacks=[Log(), Checkpoint("run.npz"), EarlyStopping(patience=5)])
load("run.npz", network)
print(max(check_gradients(network, X, y, loss=softmax_cross_entropy).values()) < 1e-7)
"""
    done = run(sys.executable, "-c", program, cwd=tmp_path, check=True)
    assert done.stdout.splitlines()[-1] == "True"


def test_every_exported_name_resolves_once_and_in_order():
    names = [name for name in import_graph.sources() if "torch" not in name]
    if importlib.util.find_spec("anywidget") is None:
        names.remove("nnlab.widgets.canvas")
    modules = [nnlab, *map(importlib.import_module, names)]
    for module in modules:
        names = getattr(module, "__all__", [])
        assert len(names) == len(set(names))
        assert all(hasattr(module, name) for name in names)
    star: dict = {}
    exec("from nnlab import *", star)
    assert set(nnlab.__all__) <= set(star)


def public_names(path):
    """Return the public classes and functions that a source defines."""
    return {
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")
    }


def test_what_a_reader_composes_can_be_imported_from_the_package():
    # Bases that only a subclass needs, and helpers of the package itself, stay in their modules.
    apart = {"Activation", "Checked", "Optimizer", "Remembered", "Stateful", "Tree"}
    apart |= {"check_distinct", "locate", "Windowed", "padded"}
    apart |= {"GatedLayer", "Pooling", "ReceptiveField", "Recurrent", "evaluation_mode"}
    apart |= {
        "blocks",
        "channels_last",
        "check_pair",
        "columns",
        "correlate",
        "met",
        "show_pairs",
        "sum_rows",
    }
    apart |= {"windows_of"}
    files = [*(ROOT / "layers").glob("*.py"), ROOT / "losses.py", ROOT / "optimizers.py"]
    assert set().union(*map(public_names, files)) - set(nnlab.__all__) - apart == set()


def test_types_are_shipped():
    assert (ROOT / "py.typed").exists()


# ------------------------------------------------------------------------------------------- floors


def lint_imports(folder):
    program = "import sys; from importlinter.cli import lint_imports_command as main; main()"
    return run(sys.executable, "-c", program, "--no-cache", "--no-logo", cwd=folder)


def test_a_module_imports_only_from_floors_below_it():
    done = lint_imports(ROOT.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        (
            "layers/linear.py",
            "from nnlab.training import fit",
            "nnlab.layers is not allowed to import nnlab.training",
        ),
        (
            "losses.py",
            "def f():\n    import nnlab.optimizers",
            "nnlab.losses is not allowed to import nnlab.opt",
        ),
        ("novelty.py", "", "nnlab.novelty"),  # a module without a floor
    ],
)
def test_a_forbidden_import_would_be_seen(tmp_path, file, line, complaint):
    shutil.copytree(ROOT, tmp_path / "nnlab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT.parent / "pyproject.toml", tmp_path)
    with (tmp_path / "nnlab" / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert complaint in done.stdout.replace("\n", " ")


def test_no_import_circle():
    order = import_graph.in_order(import_graph.graph())  # raises CycleError, which names the circle
    places = [order.index(f"nnlab.{name}") for name in ("_check", "layers", "training")]
    assert places == sorted(places)


def test_the_floors_are_printed(capsys):
    import_graph.main()
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[:-1]] == FLOORS
    assert printed.splitlines()[-1].endswith("no cycle")


# ------------------------------------------------------------------------------------------- readable source


def definitions(path):
    """Yield (name, node) for every class and function of a source, methods as Class.method."""

    def walk(body, prefix):
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from walk(node.body, f"{node.name}.")

    yield from walk(ast.parse(path.read_text(encoding="utf-8")).body, "")


def is_public(name):
    return not any(part.startswith("_") for part in name.split("."))


@every_source
def test_docstrings_are_short(path):
    # Ten lines, and those that explain settings: one or two each.
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (node for node in ast.walk(tree) if isinstance(node, (ast.ClassDef, ast.FunctionDef)))

    def most(node):
        functions = [part for part in node.body if getattr(part, "name", "") == "__init__"] or [node]
        arguments = [arg for f in functions if isinstance(f, ast.FunctionDef) for arg in ast.walk(f.args)]
        return 10 + 2 * sum(isinstance(arg, ast.arg) for arg in arguments)

    long = [node.name for node in nodes if len((ast.get_docstring(node) or "").splitlines()) > most(node)]
    assert not long


@every_source
def test_a_class_fits_on_a_screen(path):
    screen = 60  # lines of code: docstrings explain every setting, and are read elsewhere
    text = path.read_text(encoding="utf-8").splitlines()

    def length(node):
        parts = [part for part in ast.walk(node) if isinstance(part, (ast.ClassDef, ast.FunctionDef))]
        docstrings = [part.body[0] for part in parts if ast.get_docstring(part) is not None]
        inside = {n for doc in docstrings for n in range(doc.lineno, doc.end_lineno + 1)}
        lines = range(node.lineno, node.end_lineno + 1)
        return sum(bool(text[n - 1].strip()) and n not in inside for n in lines)

    lengths = {name: length(node) for name, node in definitions(path) if isinstance(node, ast.ClassDef)}
    assert {name: length for name, length in lengths.items() if length > screen} == {}


@every_source
def test_asserts_are_for_tests(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)] == []


@every_source
def test_nothing_uses_the_global_generator(path):
    # get_state and set_state put back what a learner's code may have moved
    allowed = {"Generator", "default_rng", "BitGenerator", "SeedSequence", "get_state", "set_state"}
    used = set(re.findall(r"np\.random\.(\w+)", path.read_text(encoding="utf-8")))
    assert used <= allowed


@pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_public_has_a_docstring_and_says_what_it_raises(path):
    # A method inherits the docstring of the one that it overrides, such as a callback's hook.
    every = (pair for file in CORE_FILES for pair in definitions(file))
    inherited = {name.partition(".")[2] for name, node in every if "." in name and ast.get_docstring(node)}
    undocumented, silent = [], []
    for name, node in definitions(path):
        if not is_public(name):
            continue
        doc = ast.get_docstring(node)
        is_method = "." in name
        if doc is None and not (is_method and name.partition(".")[2] in inherited):
            undocumented.append(name)
        docs = [doc or ""]
        if isinstance(node, ast.ClassDef):
            docs += [
                ast.get_docstring(part) or "" for part in node.body if getattr(part, "name", "") == "__init__"
            ]
        if doc is None or re.search(r"\b[Rr]aises?\b", " ".join(docs)):
            continue
        # A class answers for its constructor; its methods for themselves.
        bodies = [node]
        if isinstance(node, ast.ClassDef):
            bodies = [part for part in node.body if getattr(part, "name", "") == "__init__"]
        inside = [part for body in bodies for part in ast.walk(body)]
        raises = any(isinstance(part, ast.Raise) and part.exc is not None for part in inside)
        checks = any(
            isinstance(part, ast.Call) and ast.unparse(part.func).lstrip("_").startswith("check_")
            for part in inside
        )
        if raises or checks:
            silent.append(name)
    assert undocumented == []
    assert silent == []
