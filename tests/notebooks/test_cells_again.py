"""A reader goes back to a cell: run to the end, then run each cell once more, the last one first.

Each must say the same as before. Backwards, so that no cell is helped by those above it: each finds the
names as the cells below have left them.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from lessons import FOLDER, NAMES
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

# Each call of `hint` says more than the one before.
SAYS_MORE = re.compile(r"^hint\(", re.MULTILINE)


def said(cell):
    """Return what a cell prints and shows as text; pictures are left out."""
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    shown = [output.data.get("text/plain", "") for output in cell.outputs if "data" in output]
    return printed + "\n".join(text for text in shown if not text.startswith("<Figure"))


def again(name):
    """Yield (source, what is wrong) for each cell that cannot be run again after the last."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    client = NotebookClient(
        notebook, timeout=300, coalesce_streams=True, resources={"metadata": {"path": str(FOLDER)}}
    )
    with client.setup_kernel():
        cells = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
        for i, cell in cells:
            client.execute_cell(cell, i)
        first = {i: said(cell) for i, cell in cells}
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
def test_every_cell_can_be_run_again_after_the_last(name):
    wrong = list(again(name))
    assert not wrong, "\n\n".join(f"{source}\n→ {what}" for source, what in wrong)
