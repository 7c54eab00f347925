"""Every notebook keeps the standards of the course. That its outputs hold is for nbval (see the Makefile)."""

from __future__ import annotations

import ast
import json
import re
import runpy
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
from lessons import FOLDER, NAMES, definitions

from nnlab.exercises.checking import registry

ROOT = Path(__file__).resolve().parents[2]
HEADER = "nnlab-header"
each_notebook = pytest.mark.parametrize("name", NAMES)


@cache
def cells(name):
    """Return the cells of a notebook."""
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells


def code(name):
    return [cell for cell in cells(name) if cell.cell_type == "code"]


def text(name):
    return [cell for cell in cells(name) if cell.cell_type == "markdown"]


def tags(cell):
    return cell.metadata.get("tags", [])


# ---------------------------------------------------------------------------------------- as a whole


def test_the_notebooks_are_those_of_the_design_in_order():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


def test_the_map_and_the_readme_name_every_lesson():
    here = "\n".join(cell.source for cell in text(NAMES[0]))
    readme = (ROOT / "README.md").read_text("utf-8")
    for name in NAMES[1:]:
        assert f"]({name}.ipynb) |" in here, name
        assert f"](notebooks/{name}.ipynb) |" in readme, name


@each_notebook
def test_links_and_set_up_follow_the_title_and_are_the_common_ones(name):
    header = runpy.run_path(str(ROOT / "scripts" / "notebooks.py"))["header"]
    title, first, second = cells(name)[:3]
    assert title.source.startswith("# ")
    address = re.search(r'"git\+(.+?)"', cells(NAMES[0])[2].source)[1]  # one for all; a fork has its own
    assert (first.source, second.source) == header(FOLDER / f"{name}.ipynb", address)
    assert tags(first) == tags(second) == [HEADER]


@each_notebook
def test_one_title_that_carries_the_number_and_the_parts_of_a_lesson(name):
    titles = [line for cell in text(name) for line in cell.source.splitlines() if re.match(r"# ", line)]
    assert len(titles) == 1
    assert titles[0].startswith(f"# {name[:2]} · ")
    everything = "\n".join(cell.source for cell in text(name))
    opening = text(name)[0].source
    assert re.search(r"\*\*Goal", opening)
    assert re.search(r"you will (be able to|have|know)", opening)
    assert re.search(r"\*\*Time", opening)
    for heading in ("Summary", "What next"):
        assert re.search(rf"^## .*{heading}", everything, re.MULTILINE), heading
    if name not in ("00_start_here", "01_theory"):
        assert re.search(r"^## .*Common mistakes", everything, re.MULTILINE)


@each_notebook
def test_sections_are_numbered_one_by_one(name):
    numbers = [int(n) for cell in text(name) for n in re.findall(r"^## (\d+)\. ", cell.source, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


@each_notebook
def test_links_lead_somewhere(name):
    for cell in text(name):
        for target in re.findall(r"\]\(([^)\s]+)\)", cell.source):
            if not re.match(r"https?://|#|attachment:", target):
                assert (FOLDER / target.split("#")[0]).exists(), target


# ---------------------------------------------------------------------------------------- cells


@each_notebook
def test_executed_from_top_to_bottom_without_errors(name):
    assert [cell.execution_count for cell in code(name)] == list(range(1, len(code(name)) + 1))
    outputs = [output for cell in code(name) for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]
    assert not re.search(r"/home/|/root/|/work/|/tmp/|C:\\\\Users", json.dumps(outputs))


@each_notebook
def test_no_stray_metadata(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        folded = cell.cell_type == "code" and HEADER in tags(cell)
        assert set(cell.metadata) <= ({"tags", "jupyter", "cellView"} if folded else {"tags"})


@each_notebook
def test_code_cells_are_short(name):
    lengths = sorted(len(cell.source.splitlines()) for cell in code(name) if HEADER not in tags(cell))
    assert lengths[-1] <= 20
    assert lengths[len(lengths) // 2] <= 8


@each_notebook
def test_every_figure_is_followed_by_text(name):
    all_cells = cells(name)
    for number, cell in enumerate(all_cells):
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            following = all_cells[number + 1] if number + 1 < len(all_cells) else None
            assert following is not None, cell.source
            assert following.cell_type == "markdown", f"no sentence after the figure of:\n{cell.source}"
            assert not following.source.startswith("#"), f"no sentence after the figure of:\n{cell.source}"


@each_notebook
def test_spelling(name):
    prose = "\n\n".join(cell.source for cell in cells(name))
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "-"], input=prose, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@each_notebook
def test_plain_english(name):
    for cell in text(name):
        prose = re.sub(r"`[^`]*`|\$[^$]*\$|!\[|<!--.*?-->", "", cell.source, flags=re.DOTALL)
        assert "!" not in prose, prose
        assert not re.search("[\U0001f300-\U0001faff]", prose)


# ---------------------------------------------------------------------------------------- exercises


def exercise_cells():
    """Yield (notebook, index, exercise) for every exercise that is placed."""
    for name in NAMES:
        for number, cell in enumerate(cells(name)):
            if cell.cell_type == "code":
                for exercise in definitions(cell):
                    yield name, number, exercise


def test_all_exercises_are_placed_once_in_their_notebook():
    placed = sorted((name[:2], exercise) for name, _, exercise in exercise_cells())
    written = {int(name[:2]) for name in NAMES}
    pages = [page for page in registry.contents().values() if page.notebook in written]
    assert placed == sorted((f"{page.notebook:02}", page.name) for page in pages)


def test_every_exercise_is_announced_checked_and_then_worked_with():
    for name, number, exercise in exercise_cells():
        before, cell, check = cells(name)[number - 1 : number + 2]
        after = next(c for c in cells(name)[number + 2 :] if c.cell_type == "code")
        assert f"### Exercise: {exercise}" in before.source, (name, exercise)
        assert ast.get_docstring(ast.parse(cell.source).body[-1]), exercise
        assert check.source.strip() == f"check({exercise})"
        assert "Not attempted" in check.outputs[0].data["text/plain"]
        assert after.source.startswith(f"{exercise} = working({exercise})")


def normalized(node):
    """Return an expression's code with its variables numbered in order, so that names do not matter."""
    names = {}

    class Rename(ast.NodeTransformer):
        def visit_Name(self, name):
            if name.id in ("np", "torch", "nn", "F", "len", "float", "range", "sum"):
                return name
            return ast.Name(names.setdefault(name.id, f"_{len(names)}"), ast.Load())

    return ast.unparse(Rename().visit(ast.parse(ast.unparse(node), mode="eval").body))


def statements(source):
    """Return the normalized value of every assignment and return in some code."""
    return {
        normalized(node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assign | ast.AugAssign | ast.Return) and node.value is not None
    }


# What tells nothing, since it stands in many lessons: a straight line, a mean squared error.
COMMON = {"_0 * _1 + _2", "np.mean((_0 - _1) ** 2)"}


def telling(exercise):
    """Return the statements of a reference that would give it away: those with some work in them."""
    found = {
        s for s in statements(registry.find(exercise).source) if len(re.findall(r"[@*/+-]|\w\(", s)) >= 2
    }
    return found - COMMON


@pytest.mark.parametrize("exercise", registry.contents())
def test_no_notebook_gives_a_solution_away_before_its_exercise(exercise):
    wanted = telling(exercise)
    home = f"{registry.contents()[exercise].notebook:02}"
    for name in NAMES:
        for cell in cells(name):
            if cell.cell_type != "code" or HEADER in tags(cell):
                continue
            if name[:2] == home and exercise in definitions(cell):
                return
            assert f"solution({exercise}" not in cell.source
            assert f'solution("{exercise}' not in cell.source
            shown = wanted & statements(cell.source)
            assert not shown, f"{name} shows {shown} before the exercise {exercise}:\n{cell.source}"
