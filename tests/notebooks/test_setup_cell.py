"""The notebooks' set-up cell, as it is: what it asks of pip on Colab, on Kaggle and elsewhere."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
CELL = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4).cells[2].source
REPOSITORY = re.search(r'"git\+(.+?)"', CELL)[1]
PIP = [sys.executable, "-m", "pip"]
INSTALLED = b"numpy==2.0.2\npandas==2.2.2\n"
# The variables by which kagglehub, Kaggle's own library, knows the two.
COLAB, KAGGLE = ("COLAB_RELEASE_TAG", "release-colab_20260101"), ("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
either = pytest.mark.parametrize("sign", [COLAB, KAGGLE], ids=["Colab", "Kaggle"])


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without nnlab, with a pip that only notes what it is asked; all its folders are empty."""
    for name, _ in (COLAB, KAGGLE):
        monkeypatch.delenv(name, raising=False)
    for name in ("working", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "working")
    monkeypatch.setattr(tempfile, "mkdtemp", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    return tmp_path


def run_cell(monkeypatch, kaggle_input, sign=None, failing=()):
    """Run the cell, where `sign` says, and return the commands that it ran."""
    commands = []

    def note(command, *, capture_output=False, check):
        commands.append(command)
        status = int(command[3] in failing)
        if check and status:
            raise subprocess.CalledProcessError(status, command)
        return subprocess.CompletedProcess(command, status, stdout=INSTALLED if capture_output else None)

    monkeypatch.setattr(subprocess, "run", note)
    if sign:
        monkeypatch.setenv(*sign)
    assert CELL.count('"/kaggle/input"') == 1
    exec(CELL.replace('"/kaggle/input"', repr(str(kaggle_input))), {})
    return commands


def asked_to_install(machine, source):
    """Return the two commands that install from `source` and hold every package to its version."""
    return [
        [*PIP, "list", "--format=freeze"],
        [*PIP, "install", "-q", "-c", str(machine / "temporary" / "installed.txt"), str(source)],
    ]


def test_elsewhere_nothing_happens(machine, monkeypatch):
    assert run_cell(monkeypatch, machine / "input") == []
    assert os.listdir() == os.listdir(machine / "temporary") == []


@either
def test_nothing_happens_where_nnlab_is_installed_already(machine, monkeypatch, sign):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "nnlab" or None)
    assert run_cell(monkeypatch, machine / "input", sign) == []


@either
def test_installs_from_the_repository_and_holds_what_is_there_to_its_version(machine, monkeypatch, sign):
    assert run_cell(monkeypatch, machine / "input", sign) == asked_to_install(machine, f"git+{REPOSITORY}")
    assert (machine / "temporary" / "installed.txt").read_bytes() == INSTALLED
    assert os.listdir() == []  # on Kaggle, what lies in the working folder is published with the notebook


@pytest.mark.parametrize("mount", ["nnlab-wheel", "datasets/teacher/nnlab-wheel"])
def test_the_newest_attached_wheel_is_taken_in_place_of_the_repository(machine, monkeypatch, mount):
    folder = machine / "input" / mount
    folder.mkdir(parents=True)
    for package in ("nnlab-0.9.0", "nnlab-0.10.0", "nnlab-0.2.0", "numpy-9"):
        (folder / f"{package}-py3-none-any.whl").touch()
    wheel = folder / "nnlab-0.10.0-py3-none-any.whl"
    assert run_cell(monkeypatch, machine / "input", KAGGLE) == asked_to_install(machine, wheel)


def test_other_attached_data_are_no_wheel(machine, monkeypatch):
    folder = machine / "input" / "noshowappointments"
    folder.mkdir(parents=True)
    (folder / "KaggleV2-May-2016.csv").touch()
    commands = run_cell(monkeypatch, machine / "input", KAGGLE)
    assert commands == asked_to_install(machine, f"git+{REPOSITORY}")


@pytest.mark.parametrize("step", ["list", "install"])
def test_a_failing_pip_stops_the_notebook(machine, monkeypatch, step):
    with pytest.raises(SystemExit, match=r"could not be installed from git\+http.+ Three ways out"):
        run_cell(monkeypatch, machine / "input", COLAB, failing=[step])
