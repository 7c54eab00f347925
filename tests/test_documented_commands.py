"""Every command that README and docs show works in a plain shell, as it is written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from nnlab import __main__

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", "data/README.md", "nnlab/exercises/README.md", "nnlab/exercises/TEACHING.md"]
PAGES += [str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").glob("*.md"))]
# In a block of code, or between backticks; a comment may follow.
SHOWN = re.compile(r"(?:^ *|`)((?:[A-Z_]+=\S+ )?\.venv/bin/nnlab [^`\n#]*)", re.MULTILINE)
# These take minutes, or load from elsewhere: only their options are read here.
LONG = {"bench", "reproduce", "mnist"}


def shown() -> list[str]:
    """Return the commands of all pages, each once."""
    found = [c.strip() for page in PAGES for c in SHOWN.findall((ROOT / page).read_text("utf-8"))]
    return sorted({command for command in found if "…" not in command and "NAME" not in command})


def words(command: str) -> list[str]:
    """Return what follows `nnlab`."""
    return shlex.split(command.partition(" > ")[0].partition(".venv/bin/nnlab ")[2])


COMMANDS = shown()
HERE = [
    command for command in COMMANDS if words(command)[0] not in LONG and words(command)[:2] != ["data", "get"]
]


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """The folder of the course after `make lab`, with a class's notebooks in it."""
    folder = tmp_path_factory.mktemp("course")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "nnlab" / "exercises").mkdir(parents=True)
    (folder / "submissions").mkdir()
    answer = "def linear(X, W, b):\n    return X @ W + b\ncheck(linear)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(answer)])
    nbformat.write(notebook, folder / "submissions" / "anna.ipynb")
    return folder


def test_the_pages_show_commands():
    assert {words(command)[0] for command in COMMANDS} >= {"doctor", "data", "grade", "bench", "reproduce"}


def test_no_page_shows_a_command_in_another_form():
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        assert not re.search(r"python -m nnlab |^ +nnlab [a-z]+", text, re.MULTILINE), page


@pytest.mark.parametrize("command", COMMANDS)
def test_its_options_exist(command):
    assert callable(__main__._parse(words(command)).run)


@pytest.mark.skipif(os.name == "nt", reason="the pages show what a Unix shell understands")
@pytest.mark.parametrize("command", HERE)
def test_it_works_as_written(course, command):
    if not (Path(sys.prefix) / "bin" / "nnlab").exists():
        pytest.skip("needs nnlab installed in a virtual environment, as make does it")
    if "grade" in command and "--catalogue" not in command:
        command = command.replace("/submissions", "submissions")  # a container's folder, in TEACHING.md
        if "--unsafe" not in command:  # the protection has tests of its own
            command += " --unsafe"
    plain = {"PATH": os.defpath, "HOME": str(course), "LANG": "C.UTF-8"}
    done = subprocess.run(command, shell=True, cwd=course, env=plain, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
