"""Print the package floor by floor: each module, its lines, and what it imports from the floors below.

    python scripts/import_graph.py

The floors are those of pyproject.toml; lint-imports enforces them. If files import each other in a cycle,
this ends with an error that names it.
"""

from __future__ import annotations

import ast
import graphlib
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nnlab"


def floors() -> list[str]:
    """Return the modules from the lowest floor to the highest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = next(c for c in project["tool"]["importlinter"]["contracts"] if c["containers"] == ["nnlab"])
    return [name.strip("()") for name in reversed(contract["layers"])]


def sources() -> dict[str, Path]:
    """Return every file of the package by its module's name."""

    def module(path: Path) -> str:
        parts = path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    return {module(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def imports_at_load(path: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that a file imports when it is loaded, not later in a function."""

    def statements(body: list) -> Iterator:
        for node in body:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            yield node
            if isinstance(node, (ast.If, ast.Try, ast.With)):
                yield from statements(node.body)

    for node in statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in modules else node.module


def graph() -> dict[str, set[str]]:
    """Return, for each file of the package, the files it imports when it is loaded."""
    modules = sources()
    return {name: set(imports_at_load(path, modules)) for name, path in modules.items()}


def in_order(graph: dict[str, set[str]]) -> list[str]:
    """Return the files in an order in which each comes after all that it imports.

    Raises: graphlib.CycleError, which names the cycle.
    """
    return list(graphlib.TopologicalSorter(graph).static_order())


def main() -> None:
    """Print a line for each floor."""
    edges = graph()
    in_order(edges)
    total = 0
    for floor in floors():
        name = f"nnlab.{floor}"
        files = [module for module in edges if module == name or module.startswith(f"{name}.")]
        lines = sum(len(sources()[module].read_text("utf-8").splitlines()) for module in files)
        total += lines
        below = {target.split(".")[1] for module in files for target in edges[module] if "." in target}
        print(f"{floor:<14}{lines:>6} lines, {len(files):>3} files  <- {', '.join(sorted(below - {floor}))}")
    print(f"{'in all':<14}{total:>6} lines, {len(edges):>3} files; no cycle")


if __name__ == "__main__":
    main()
