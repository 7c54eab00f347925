"""Try nnlab with the packages of Colab and of Kaggle, the oldest that pyproject.toml allows, and the newest.

python scripts/platforms.py                  all four
python scripts/platforms.py colab lowest     some of them

Each gets a virtual environment in a temporary folder with that platform's packages. There the set-up cell of
the notebooks installs a wheel of this checkout, which must replace no package and leave no requirement unmet;
then all notebooks run. With the oldest and the newest versions, the tests of the package run too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

# The one torch that the machines running this can install without gigabytes for graphics cards: it is the
# same on every platform, and torch's lower bound in pyproject.toml is untested.
TORCH = "torch==2.13.0"
EXTRAS = PROJECT["optional-dependencies"]
TESTED = PROJECT["dependencies"] + EXTRAS["serve"]
TOOLS = [r for r in EXTRAS["test"] if not r.startswith("nnlab[")]  # JupyterLab is not needed

# Tests of the checkout's own files and its installation, of JupyterLab and the pages, of endurance, of the
# catalogue's many mistakes and of what hostile notebooks try, which take longest: versions hardly matter.
ELSEWHERE = [
    "browser",
    "catalogue",
    "corpus",
    "doctor",
    "documented_commands",
    "grade",
    "lab",
    "mutations",
    "notebooks*",
    "packaging",
    "platforms",
    "protection",
    "robust",
    "setup_cell",
    "site",
    "soak",
    "submissions",
]
# nbval-lax asks that every cell runs; what it prints may differ between versions.
PYTEST = ["-q", "--disable-warnings", "-n2", "--dist=loadfile", "-pno:cacheprovider"]
PYTEST += ["--nbval-lax", "--nbval-cell-timeout=300"]
PARTS_OF_IPYWIDGETS = {"widgetsnbextension", "jupyterlab-widgets"}  # which chooses their versions itself


class Trouble(Exception):
    """Something that a reader on this platform would run into."""


@dataclass(frozen=True)
class Platform:
    """Packages that are there before nnlab, and the signs by which the set-up cell knows the platform."""

    packages: list[str]
    signs: dict[str, str] = field(default_factory=lambda: {"COLAB_RELEASE_TAG": "release-colab"})
    wheel_attached: bool = False
    pin_the_rest: bool = True
    test_the_package: bool = False


def platforms() -> dict[str, Platform]:
    """Return the four platforms; Kaggle is offline and has the wheel as an attached data set."""
    offline = {"KAGGLE_KERNEL_RUN_TYPE": "Interactive", "PIP_NO_INDEX": "1"}
    return {
        "colab": Platform(listed("colab")),
        "kaggle": Platform(listed("kaggle"), signs=offline, wheel_attached=True),
        "lowest": Platform(lowest(TESTED), test_the_package=True),
        "newest": Platform(names(TESTED), pin_the_rest=False, test_the_package=True),
    }


def listed(name: str) -> list[str]:
    """Return the requirements in tests/platforms/NAME.txt."""
    lines = (ROOT / "tests" / "platforms" / f"{name}.txt").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lowest(requirements: Iterable[str]) -> list[str]:
    """Turn every lower bound into a pin: numpy>=2.0 becomes numpy==2.0."""
    return [requirement.replace(">=", "==") for requirement in requirements]


def names(requirements: Iterable[str]) -> list[str]:
    """Leave out the versions."""
    return [Requirement(requirement).name for requirement in requirements]


def rest(packages: Iterable[str]) -> list[str]:
    """Return the pins of constraints.txt for what a platform does not name, so that a run can be repeated."""
    named = {canonicalize_name(name) for name in names(packages)} | PARTS_OF_IPYWIDGETS
    pins = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line]
    return [pin for pin in pins if canonicalize_name(Requirement(pin).name) not in named]


def changes(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """Say what became of packages that were there before."""
    return [
        f"{name} {version} -> {after.get(name, 'removed')}"
        for name, version in sorted(before.items())
        if after.get(name) != version
    ]


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy, since a build leaves files behind and picks up those of earlier ones."""
    copy = folder / "source"
    shutil.copytree(ROOT / "nnlab", copy / "nnlab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", *PROJECT["license-files"]):
        shutil.copy(ROOT / name, copy)
    run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder / "wheel", copy])
    return next((folder / "wheel").glob("*.whl"))


def set_up_cell(wheel: Path, attached: Path) -> str:
    """Return the code of the notebooks' first cell, with local paths in place of remote addresses."""
    notebook = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text("utf-8"))
    code = "".join(notebook["cells"][2]["source"])
    for far, near in ((r"git\+http[^\"]+", wheel), ("/kaggle/input", attached)):
        code, times = re.subn(far, str(near), code)
        if times != 1:
            raise Trouble(f"expected {far} once in the set-up cell, found it {times} times:\n{code}")
    return code


class Environment:
    """A virtual environment with a platform's packages, in its own folder."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("NNLAB_", "PYTHON"))}
        self.variables = own | {
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "NNLAB_DATA": "",  # the embedded data, whatever is on this machine
            "NNLAB_PROGRESS": str(folder / "progress.json"),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        run([sys.executable, "-m", "venv", folder / "venv"])
        pins = rest(platform.packages) if platform.pin_the_rest else [TORCH]
        (folder / "rest.txt").write_text("\n".join(pins), "utf-8")
        # One after the other, so that the platform's versions win over what torch and the tools would like.
        install = ("install", "-q", "--no-compile", "-c", folder / "rest.txt")
        self.pip(*install, TORCH, *TOOLS)
        self.pip(*install, *platform.packages)
        self.variables |= platform.signs

    def pip(self, *arguments: object, check: bool = True) -> str:
        """Run this environment's pip and return what it prints."""
        return run([self.python, "-m", "pip", *arguments], check, env=self.variables)

    def packages(self) -> dict[str, str]:
        """Return the version of every package that is installed."""
        found = json.loads(self.pip("list", "--format=json"))
        return {canonicalize_name(package["name"]): package["version"] for package in found}

    def complaints(self) -> set[str]:
        """Return what `pip check` finds fault with."""
        return set(self.pip("check", check=False).splitlines()) - {"No broken requirements found."}

    def install(self, cell: str) -> list[str]:
        """Run the set-up cell and return what it added. Raises: Trouble if it changed or broke anything."""
        before, complaints = self.packages(), self.complaints()
        run([self.python, "-c", cell], cwd=self.folder, env=self.variables)
        after = self.packages()
        if "nnlab" not in after:
            raise Trouble("the set-up cell did not install nnlab")
        if changed := changes(before, after):
            raise Trouble(f"installing nnlab changed {', '.join(changed)}")
        if new := self.complaints() - complaints:
            raise Trouble("installing nnlab left requirements unmet:\n" + "\n".join(sorted(new)))
        return [f"{name} {after[name]}" for name in sorted(set(after) - set(before))]

    def test(self, *paths: Path) -> dict[str, int]:
        """Run tests and notebooks away from the checkout, on the installed package; return their numbers."""
        report = self.folder / "report.xml"
        where = ["-c", f"{ROOT}/pyproject.toml", "--rootdir", f"{ROOT}", f"--junitxml={report}"]
        where += [f"--ignore-glob={ROOT}/tests/*test_{name}.py" for name in ELSEWHERE]  # * crosses folders
        command = [str(self.python), "-m", "pytest", *PYTEST, *where, *map(str, paths)]
        done = subprocess.run(command, cwd=self.folder, env=self.variables)
        if done.returncode:
            raise Trouble(f"tests failed (pytest's exit status {done.returncode}), see above")
        suite = ElementTree.parse(report).getroot()[0]
        cells = sum(case.get("name", "").startswith("Cell ") for case in suite.iter("testcase"))
        skipped = int(suite.get("skipped", 0))
        return {"cells": cells, "tests": int(suite.get("tests", 0)) - cells - skipped, "skipped": skipped}


def try_out(platform: Platform, wheel: Path, folder: Path) -> str:
    """Run everything on one platform and return the result in a line."""
    environment = Environment(platform, folder)
    versions = environment.packages()
    print("has", ", ".join(f"{n} {versions[n]}" for n in [*names(platform.packages), "torch"]), flush=True)
    attached = folder / "input"
    if platform.wheel_attached:
        (attached / "nnlab-wheel").mkdir(parents=True)
        shutil.copy(wheel, attached / "nnlab-wheel")
    added = environment.install(set_up_cell(wheel, attached))
    # Colab and Kaggle open a notebook without the files around it.
    shutil.copytree(ROOT / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    tests = [ROOT / "tests"] if platform.test_the_package else []
    counts = environment.test(folder / "notebooks", *tests)
    return f"added {', '.join(added)}; changed nothing; " + ", ".join(
        f"{n} {what}" for what, n in counts.items()
    )


def run(command: list, check: bool = True, **arguments) -> str:
    """Run a command and return what it prints. Raises: Trouble with all that it printed if it fails."""
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, **arguments)
    if check and done.returncode:
        raise Trouble(f"exit status {done.returncode} of {' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> int:
    """Run the command line; 1 if there is trouble anywhere."""
    everything = platforms()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(everything)}; default: all")
    chosen = parser.parse_args().names or list(everything)
    if unknown := set(chosen) - set(everything):
        parser.error(f"expected names of {', '.join(everything)}, got {', '.join(sorted(unknown))}")
    results, failed = [], False
    with tempfile.TemporaryDirectory(prefix="nnlab-platforms-") as temporary:
        wheel = build_wheel(Path(temporary))
        for name in chosen:
            print(f"-- {name}", flush=True)
            folder, start = Path(temporary, name), time.perf_counter()
            folder.mkdir()
            try:
                result = try_out(everything[name], wheel, folder)
            except Trouble as trouble:
                failed, result = True, f"TROUBLE: {trouble}"
            shutil.rmtree(folder, ignore_errors=True)  # an environment takes more than a gigabyte
            results.append(f"{name:<8} {time.perf_counter() - start:4.0f} s  {result}")
            print(results[-1], flush=True)
    print("", *results, sep="\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
