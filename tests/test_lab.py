"""`make lab`: copies of the lessons to work in, and what JupyterLab is started with."""

import os
import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
lab = runpy.run_path(str(ROOT / "scripts" / "lab.py"))


@pytest.fixture
def lessons(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00_start_here", "01_theory"):
        (folder / f"{name}.ipynb").write_text(f"{name}, as published", "utf-8")
    return folder


def test_lessons_are_copied_once_and_what_a_reader_wrote_is_never_overwritten(lessons, tmp_path):
    work = tmp_path / "work"
    assert lab["copy_lessons"](lessons, work) == ["00_start_here.ipynb", "01_theory.ipynb"]
    (work / "01_theory.ipynb").write_text("mine", "utf-8")
    (lessons / "01_theory.ipynb").write_text("a newer one", "utf-8")
    (lessons / "02_forward_pass.ipynb").write_text("new", "utf-8")
    assert lab["copy_lessons"](lessons, work) == ["02_forward_pass.ipynb"]
    assert (work / "01_theory.ipynb").read_text("utf-8") == "mine"
    assert sorted(os.listdir(work)) == ["00_start_here.ipynb", "01_theory.ipynb", "02_forward_pass.ipynb"]


def test_jupyterlab_opens_lesson_00_in_the_whole_course_and_its_terminal_finds_nnlab():
    command, environment = lab["jupyter"](ROOT / "work")
    assert command[-1] == str(ROOT / "work" / "00_start_here.ipynb")
    assert f"--ServerApp.root_dir={ROOT}" in command
    assert environment["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)
