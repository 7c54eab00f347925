"""A learner solves every exercise, and goes back: all checks pass, and each cell says the same once more.

The cells run again from the last to the first. So no cell is helped by those above it: each finds the names
as the cells below have left them.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Iterator

import nbformat
import pytest
from lessons import FOLDER, NAMES, definitions
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from nnlab.exercises.checking import registry

# Each call of `hint` says more than the one before.
SAYS_MORE = re.compile(r"^hint\(", re.MULTILINE)


def answer(exercise):
    """Return the code of an exercise's reference, and the imports of what its catalogue page adds to it."""
    page = inspect.getmodule(exercise.reference)
    used = {node.id for node in ast.walk(ast.parse(exercise.source)) if isinstance(node, ast.Name)}
    helpers = sorted(
        n for n in used if hasattr(page, n) and not hasattr(builtins, n) and n not in ("np", "torch", "nn")
    )
    imports = f"from {page.__name__} import {', '.join(helpers)}\n\n\n" if helpers else ""
    return imports + exercise.source


def solve(notebook) -> list[str]:
    """Put the answers into the notebook's cells, and return the names of the exercises."""
    answered = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for found in definitions(cell):
                cell.source = answer(registry.find(found))
                answered.append(found)
    return answered


def said(cell):
    """Return what a cell prints and shows as text; pictures are left out."""
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    shown = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
    return printed + "\n".join(text for text in shown if not text.startswith("<Figure"))


def again(client, cells, first) -> Iterator[tuple[str, str]]:
    """Run the cells once more, backwards, and yield (source, what is wrong) for each that differs."""
    for i, cell in reversed(cells):
        try:
            client.execute_cell(cell, i)
        except CellExecutionError as error:
            yield cell.source, f"{error.ename}: {error.evalue}"
            continue
        free = "nbval-ignore-output" in cell.metadata.get("tags", []) or SAYS_MORE.search(cell.source)
        if not free and said(cell) != first[i]:
            yield cell.source, f"first\n{first[i]}\nthen\n{said(cell)}"


@pytest.mark.parametrize("name", NAMES)
def test_solved_all_checks_pass_and_every_cell_can_be_run_again(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    answered = solve(notebook)
    client = NotebookClient(
        notebook, timeout=300, coalesce_streams=True, resources={"metadata": {"path": str(FOLDER)}}
    )
    with client.setup_kernel():
        cells = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        for i, cell in cells:
            client.execute_cell(cell, i)
        first = {i: said(cell) for i, cell in cells}
        checks = {cell.source: first[i] for i, cell in cells if cell.source.startswith("check(")}
        wrong = list(again(client, cells, first))
    assert [f"check({found})" for found in answered] == list(checks)
    for call, output in checks.items():
        assert "Passed" in output, f"{call}: {output}"
    assert not wrong, "\n\n".join(f"{source}\n→ {what}" for source, what in wrong)
