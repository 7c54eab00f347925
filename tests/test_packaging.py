"""The project's own files agree with one another."""

import itertools
import re
import tomllib
from pathlib import Path

import import_graph
import yaml

from nnlab.__main__ import summaries

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CONDA_NAMES = {"torch": "pytorch"}


def split(requirement):
    """Return (name, range) of a requirement such as numpy>=2.0."""
    name, range_ = re.fullmatch(r"([A-Za-z0-9_.-]+)(.*)", requirement).groups()
    return CONDA_NAMES.get(name, name), range_


def own(requirements):
    """Leave out references to the project's own extras."""
    return [r for r in requirements if not r.startswith("nnlab[")]


def test_environment_yml_equals_pyproject():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    got = {split(r) for r in conda if isinstance(r, str)} - {("pip", "")}
    extras = PROJECT["optional-dependencies"]
    named = [r for extra in ("torch", "tune", "draw", "lab") for r in extras[extra]]
    expected = {split(r) for r in own(PROJECT["dependencies"] + named)}
    assert got == expected | {("python", PROJECT["requires-python"])}


def test_every_requirement_is_pinned_in_constraints_and_within_its_range():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))

    def numbers(version):
        return [int(n) for n in re.findall(r"\d+", version)]

    extras = PROJECT["optional-dependencies"].values()
    for requirement in own(itertools.chain(PROJECT["dependencies"], *extras)):
        name, lower = re.fullmatch(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", requirement).groups()
        assert name.lower() in pins, f"{name} is not pinned in constraints.txt"
        assert numbers(pins[name.lower()]) >= numbers(lower), requirement


def test_no_registry_host_or_machine_path_is_named_in_any_file():
    hosts = re.compile(r"pypi\.org|files\.pythonhosted|registry\.npmjs|deb\.debian\.org|/root/|/work/main")
    names = [".ci/run", "Makefile", "README.md", "pyproject.toml", "constraints.txt", "environment.yml"]
    for path in [ROOT / n for n in names] + list(ROOT.glob("nnlab/**/*.py")) + list(ROOT.glob("notebooks/*")):
        found = hosts.search(path.read_text("utf-8"))
        assert not found, f"{path.name} names {found[0]}"


def test_licences_are_in_place():
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")
    assert "CC BY 4.0" in (ROOT / "LICENSE-text").read_text("utf-8")
    assert PROJECT["license"] == "MIT AND CC-BY-4.0"


def test_the_readmes_eight_lines_work_as_pasted(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert sum(bool(line) for line in code.splitlines()) == 8
    exec(code, {})
    assert float(capsys.readouterr().out.rpartition(" ")[2]) > 0.9


def test_the_readme_names_every_command_and_contributing_every_floor():
    text = (ROOT / "README.md").read_text("utf-8")
    for command in summaries():
        assert f"`{command}" in text, command
    table = (ROOT / "docs" / "contributing.md").read_text("utf-8")
    for floor in import_graph.floors():
        if (ROOT / "nnlab" / floor).exists() or (ROOT / "nnlab" / f"{floor}.py").exists():
            assert f"`{floor}`" in table or floor == "__main__", floor
