"""How a command is typed on this machine."""

import os
import subprocess
import sys

import pytest

from nnlab import _terminal
from nnlab._terminal import as_typed


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A virtual environment in the current folder, which is not on the path of the shell."""
    folder = tmp_path / "the course" / ".venv" / "bin"
    folder.mkdir(parents=True)
    script = folder / ("nnlab.exe" if os.name == "nt" else "nnlab")
    script.write_text('#!/bin/sh\necho "$@"\n', "utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.chdir(folder.parents[1])
    return script


def test_by_name_where_the_shell_finds_this_installation(installed, monkeypatch):
    monkeypatch.setenv("PATH", f"{installed.parent}{os.pathsep}{os.defpath}")
    assert as_typed("data get mnist") == "nnlab data get mnist"


def test_by_its_path_in_the_course_folder(installed):
    assert as_typed("doctor") == f"{installed.relative_to(installed.parents[2])} doctor"


def test_by_its_whole_path_elsewhere_and_another_installation_is_not_taken_for_it(installed, monkeypatch):
    other = installed.parents[2] / "other"
    other.mkdir()
    (other / installed.name).write_text("#!/bin/sh\n", "utf-8")
    (other / installed.name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}{os.pathsep}{os.defpath}")
    monkeypatch.chdir(other)
    assert as_typed("doctor").strip("\"'").startswith(str(installed.parents[2]))
    if os.name != "nt":  # spaces in the path are the shell's business: it is run as written
        done = subprocess.run(
            as_typed("doctor --json"), shell=True, capture_output=True, text=True, check=True
        )
        assert done.stdout == "doctor --json\n"


def test_without_installation_by_the_module(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert as_typed("doctor") == f"{_terminal._quoted(sys.executable)} -m nnlab doctor"
