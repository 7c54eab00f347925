"""Where the exercises are found: the pages of the catalogue, read without importing them.

So adding an exercise is adding a page, and PyTorch loads only when an exercise that needs it is asked for.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnlab.exercises.checking.definitions import Exercise
from nnlab.exercises.sandbox.state import kept_torch

CATALOGUE = Path(__file__).parents[1] / "catalogue"


@dataclass(frozen=True)
class Page:
    """What can be told of an exercise without importing it."""

    name: str
    notebook: int
    order: int  # among the exercises of the notebook
    parameters: tuple[str, ...]


@cache
def contents() -> dict[str, Page]:
    """Return exercise name -> page, in the order of the course, without importing any."""
    found = [_page(module.name) for module in pkgutil.iter_modules([str(CATALOGUE)]) if not module.ispkg]
    return {
        page.name: page for page in sorted(found, key=lambda page: (page.notebook, page.order, page.name))
    }


def _page(name: str) -> Page:
    """Read a page. It holds one exercise and is named after it: so no two exercises have the same name."""
    tree = ast.parse((CATALOGUE / f"{name}.py").read_text(encoding="utf-8"))
    declared = [
        (node, decorator)
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "exercise"
    ]
    if [node.name for node, _ in declared] != [name]:
        names = ", ".join(node.name for node, _ in declared)
        raise ValueError(
            f"catalogue/{name}.py expected one exercise, {name}, got {names or 'none'}; a page holds one "
            "exercise and is named after it, and what pages share belongs in catalogue/shared"
        )
    ((function, decorator),) = declared
    stated = {keyword.arg: keyword.value for keyword in decorator.keywords}
    notebook, order = (_number(name, key, stated.get(key)) for key in ("notebook", "order"))
    return Page(name, notebook, order, tuple(argument.arg for argument in function.args.args))


def _number(name: str, key: str, value: ast.expr | None) -> int:
    """Return the whole number that a page states."""
    match value:
        case ast.Constant(value=int(number)):
            return number
    raise ValueError(f"catalogue/{name}.py expected a whole number, written out, as in {key}=3")


def find(name: str) -> Exercise:
    """Return the exercise of that name, or raise ValueError that lists what there is."""
    if name not in contents():
        close = difflib.get_close_matches(name, contents(), n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"there is no exercise {name!r}; {meant}the exercises are {', '.join(contents())}")
    try:
        with kept_torch():  # a page makes tensors when it is loaded
            page = importlib.import_module(f"nnlab.exercises.catalogue.{name}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModuleNotFoundError(
            f"the exercise {name!r} needs PyTorch, which is not installed; install it with: pip install "
            "torch",
            name="torch",
        ) from None
    return getattr(page, name).__exercise__


def loadable(name: str) -> bool:
    """Whether an exercise can be loaded here: without PyTorch, those that need it cannot."""
    try:
        find(name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return False
    return True


def available() -> list[Exercise]:
    """Return all exercises that can be loaded here, in the order of the course."""
    return [find(name) for name in contents() if loadable(name)]
