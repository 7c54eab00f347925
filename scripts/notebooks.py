"""Keep the notebooks in order: set their common first cells, execute them, and leave nothing stray behind.

python scripts/notebooks.py execute notebooks/02_forward_pass.ipynb …
python scripts/notebooks.py header  notebooks/*.ipynb        after a fork: the address is the checkout's
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]

# Words, since badges are pictures from elsewhere, and show as broken without a network.
LINKS = "Open this lesson in [Colab]({colab}) or [Kaggle]({kaggle})."

# Its first line is what Colab shows of a folded cell.
SETUP = """\
# @title Set-up: on Colab and Kaggle, nnlab is installed beside what is there; elsewhere this does nothing.
import importlib.util, os, subprocess, sys, tempfile
from pathlib import Path

hosted = "COLAB_RELEASE_TAG" in os.environ or "KAGGLE_KERNEL_RUN_TYPE" in os.environ
if hosted and importlib.util.find_spec("nnlab") is None:
    from packaging.utils import parse_wheel_filename

    wheels = Path("/kaggle/input").glob("**/nnlab-*.whl")  # for a Kaggle notebook without internet
    newest = max(wheels, key=lambda wheel: parse_wheel_filename(wheel.name)[1], default=None)
    source = str(newest) if newest else "git+{repository}"
    pip = [sys.executable, "-m", "pip"]
    constraints = Path(tempfile.mkdtemp(), "installed.txt")
    try:
        listed = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, check=True)
        constraints.write_bytes(listed.stdout)
        subprocess.run([*pip, "install", "-q", "-c", str(constraints), source], check=True)
    except subprocess.CalledProcessError:
        raise SystemExit(
            f"nnlab could not be installed from {{source}} (pip says why, above). Three ways out: turn the "
            "notebook's internet access on and run this cell again; or attach a wheel of nnlab as a data set "
            "(the README says how); or open the course on your own machine with `make lab`."
        ) from None"""

HEADER = "nnlab-header"
# The set-up cell is folded away in JupyterLab and VS Code, and in Colab.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def repository() -> str:
    """Return the repository's address: where the checkout comes from, or else what pyproject.toml says."""
    remote = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, capture_output=True, text=True)
    if on_github := re.search(r"github\.com[:/](.+?)(\.git)?$", remote.stdout.strip()):
        return f"https://github.com/{on_github[1]}"
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]["Repository"]


def header(path: Path, repository: str) -> tuple[str, str]:
    """Return the text of the two cells that follow every notebook's title: links and set-up."""
    blob = f"{repository}/blob/main/notebooks/{path.name}"
    colab = blob.replace("https://github.com", "https://colab.research.google.com/github")
    return LINKS.format(colab=colab, kaggle=f"https://kaggle.com/kernels/welcome?src={blob}"), SETUP.format(
        repository=repository
    )


def set_header(path: Path) -> None:
    """Put the two common cells behind the title, or bring those that are there (by their tag) up to date."""
    notebook = nbformat.read(path, as_version=4)
    common = [cell for cell in notebook.cells if HEADER in cell.metadata.get("tags", [])]
    lesson = [cell for cell in notebook.cells if cell not in common]
    common = common or [nbformat.v4.new_markdown_cell(), nbformat.v4.new_code_cell()]
    for cell, source in zip(common, header(path, repository()), strict=True):
        cell.metadata["tags"] = [HEADER]
        cell.source = source  # it does nothing here, so its empty output stays right
    notebook.cells = [lesson[0], *common, *lesson[1:]]
    write(notebook, path)


def execute(path: Path) -> None:
    """Run a notebook from top to bottom in a fresh process and keep its outputs."""
    notebook = nbformat.read(path, as_version=4)
    # What is committed must not depend on the author's own progress and data.
    os.environ |= {"NNLAB_PROGRESS": os.path.join(tempfile.mkdtemp(), "progress.json"), "NNLAB_DATA": ""}
    os.environ["PATH"] = (
        f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # as `make lab` has it
    )
    client = NotebookClient(
        notebook,
        timeout=300,
        coalesce_streams=True,  # else the chunks of printed output, and so the file, vary from run to run
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text" in output:  # commands that a message names are typed otherwise elsewhere
                output.text = output.text.replace(sys.executable, "python")
    write(notebook, path)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write with stable cell ids and no metadata but tags, the fold of the set-up and the kernel's name."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03d}"
        folded = FOLDED if cell.cell_type == "code" and HEADER in cell.metadata.get("tags", []) else {}
        tags = {key: value for key, value in cell.metadata.items() if key == "tags"}
        cell.metadata = nbformat.from_dict(tags | folded)
        for output in cell.get("outputs", []):
            output.pop("metadata", None) if output.output_type == "error" else None
            # A widget lives in its kernel; saved, it would show a reader "model not found". Without it,
            # the page shows the text, HTML or picture saved beside it.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    nbformat.validate(notebook)
    part = path.with_suffix(".part")
    nbformat.write(notebook, part)
    os.replace(part, path)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["execute", "header"])
    parser.add_argument("notebooks", nargs="+", type=Path)
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        print(path, flush=True)
        {"execute": execute, "header": set_header}[arguments.action](path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
