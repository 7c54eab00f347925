"""`nnlab doctor`: what is installed, which data is found, and what would not work.

Examples:
  python -m nnlab doctor
  python -m nnlab doctor --json
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import sys
from dataclasses import asdict, dataclass

from packaging.requirements import Requirement

from nnlab import datasets

SYMBOLS = {"ok": "✓", "note": "·", "problem": "✗"}
NEEDED_BY = {"torch": "notebooks 03, 06 and 07", "jupyterlab": "reading the notebooks in JupyterLab"}


@dataclass
class Finding:
    """One thing that was checked: its state "ok", "note" or "problem", what was found, and what to do."""

    name: str
    state: str
    found: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{SYMBOLS[self.state]} {self.name:<14} {self.found}"
        return line + (f"\n  {'':<14} -> {self.remedy}" if self.remedy else "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings; 1 if one of them is a problem."""
    findings = examine()
    if arguments.json:
        print(json.dumps([asdict(f) for f in findings], indent=2, ensure_ascii=False))
    else:
        print(*findings, sep="\n")
    return int(any(f.state == "problem" for f in findings))


def examine() -> list[Finding]:
    """Check Python, the packages, the number of threads, and the data."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    findings = [
        Finding("python", "ok", python)
        if sys.version_info >= (3, 11)
        else Finding("python", "problem", python, "install Python 3.11 or newer")
    ]
    requirements = map(Requirement, importlib.metadata.requires("nnlab") or [])
    wanted = {r.name: r for r in requirements if _concerns_readers(r)}
    findings += [package(r) for r in wanted.values() if r.name != "nnlab"]
    findings.append(threads())
    findings += map(data, datasets.available())
    return findings


def _concerns_readers(requirement: Requirement) -> bool:
    """Whether the course needs it, and not only its tests."""
    extras = ("", "torch", "lab")
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras)


def package(requirement: Requirement) -> Finding:
    """Compare an installed package with what pyproject.toml asks for."""
    name, asked = requirement.name, str(requirement.specifier)
    install = f'pip install "{name}{asked}"'
    needed = f"needed for {NEEDED_BY[name]}; " if name in NEEDED_BY else ""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "note" if needed else "problem", "not installed", needed + install)
    if not requirement.specifier.contains(version, prereleases=True):
        return Finding(name, "problem", f"{version}, but {asked} is needed", install)
    return Finding(name, "ok", version)


def threads() -> Finding:
    """Say with which library, and with how many threads, NumPy multiplies matrices."""
    import numpy as np  # noqa: F401  (loads the library that threadpoolctl then finds)
    from threadpoolctl import threadpool_info

    blas = [
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} threads"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return Finding("matrix library", "ok" if blas else "note", "; ".join(blas) or "not recognized")


def data(dataset: datasets.Dataset) -> Finding:
    """Say which file of a data set would be used, or how to get the real one."""
    try:
        path, source = dataset.path, dataset.source
    except (OSError, ValueError) as error:  # a folder named as the file, or one that cannot be searched
        return Finding(dataset.name, "problem", str(error))
    if path is not None:
        return Finding(dataset.name, "ok", source)
    return Finding(dataset.name, "note", source, f"python -m nnlab data get {dataset.name}")
