"""The platforms that nnlab is tested on: what they have, and that any harm to it would be noticed."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "platforms.py"
platforms = runpy.run_path(str(SCRIPT))
PINS = {name: platforms["listed"](name) for name in ("colab", "kaggle")}


def bounds():
    """Return the range that pyproject.toml gives for each package that is tried in other versions."""
    requirements = map(Requirement, platforms["TESTED"])
    return {requirement.name: requirement.specifier for requirement in requirements}


@pytest.mark.parametrize(("name", "pin"), [(name, pin) for name, pins in PINS.items() for pin in pins])
def test_what_a_platform_has_is_within_the_range_of_pyproject(name, pin):
    package, version = pin.split("==")
    assert Version(version) in bounds().get(package, Requirement(package).specifier), name


def test_the_lowest_versions_are_the_bounds_themselves():
    assert platforms["lowest"](["numpy>=2.0", "scikit-learn>=1.6.1"]) == ["numpy==2.0", "scikit-learn==1.6.1"]
    lowest = [Requirement(pin) for pin in platforms["platforms"]()["lowest"].packages]
    assert {pin.name for pin in lowest} == set(bounds())
    for pin in lowest:
        (bound,) = bounds()[pin.name]
        assert str(pin.specifier) == f"=={bound.version}"


def test_the_newest_versions_are_free_but_for_torch():
    newest = platforms["platforms"]()["newest"]
    assert set(newest.packages) == set(bounds())
    assert not newest.pin_the_rest


def test_the_rest_comes_from_the_constraints_but_never_against_the_platform():
    rest = platforms["rest"](["NumPy==2.0.2", "ipywidgets==7.7.1", "scikit_learn==1.6.1"])
    named = {Requirement(pin).name for pin in rest}
    assert not named & {"numpy", "ipywidgets", "scikit-learn", "widgetsnbextension", "jupyterlab_widgets"}
    assert {"pandas", "pytest", "torch"} <= named
    assert platforms["TORCH"] in rest


def test_changed_and_removed_packages_are_named_and_new_ones_are_not():
    before = {"numpy": "2.0.2", "pandas": "2.2.2", "tqdm": "4.67.3"}
    after = {"numpy": "2.4.6", "pandas": "2.2.2", "nnlab": "0.1.0"}
    assert platforms["changes"](before, before | {"nnlab": "0.1.0"}) == []
    assert platforms["changes"](before, after) == ["numpy 2.0.2 -> 2.4.6", "tqdm 4.67.3 -> removed"]


def test_the_set_up_cell_is_the_notebooks_own_but_for_what_is_far_away():
    cell = platforms["set_up_cell"](Path("/here/nnlab.whl"), Path("/here/input"))
    notebooks = runpy.run_path(str(ROOT / "scripts" / "notebooks.py"))
    far = "https://github.com/nnlab-course/nnlab"
    own = notebooks["header"](ROOT / "notebooks" / "00_start_here.ipynb", far)[1]
    assert re.sub(r"git\+http[^\"]+", "/here/nnlab.whl", own).replace("/kaggle", "/here") == cell


@pytest.mark.parametrize(
    ("after", "complaint", "message"),
    [
        ({"numpy": "2.0.2"}, "", "the set-up cell did not install nnlab"),
        ({"numpy": "2.4.6", "nnlab": "0.1.0"}, "", "installing nnlab changed numpy 2.0.2 -> 2.4.6"),
        (
            {"numpy": "2.0.2", "nnlab": "0.1.0"},
            "nnlab requires pooch",
            "requirements unmet:\nnnlab requires pooch",
        ),
    ],
)
def test_harm_done_by_the_set_up_cell_is_trouble(tmp_path, after, complaint, message):
    environment = object.__new__(platforms["Environment"])
    environment.folder, environment.python, environment.variables = tmp_path, sys.executable, None
    installed, complaints = iter([{"numpy": "2.0.2"}, after]), iter([{"old"}, {"old", complaint or "old"}])
    environment.packages, environment.complaints = lambda: next(installed), lambda: next(complaints)
    with pytest.raises(platforms["Trouble"], match=message):
        environment.install("pass")


def test_a_command_that_fails_says_all_that_it_printed():
    program = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    with pytest.raises(platforms["Trouble"], match=r"exit status 3 of .*\none\ntwo"):
        platforms["run"]([sys.executable, "-c", program])


def test_an_unknown_platform_is_refused_with_the_known_ones():
    done = subprocess.run([sys.executable, SCRIPT, "atari"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "expected names of colab, kaggle, lowest, newest, got atari" in done.stderr
