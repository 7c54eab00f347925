"""The catalogue: what an exercise and a mistake are, and where they are found."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nnlab.exercises._probes import MAIN, OTHER, Observe, Probe, Sizes, without_bias

Function = Callable[..., Any]
Symptom = Callable[[list], bool]
Edits = tuple[tuple[str, str], ...]
ARROW = "→"


@dataclass(frozen=True)
class Mistake:
    """A known mistake: what it does to training, and the wrong variants that make it.

    Each variant is a set of edits of the reference's source, or a function of its own. `symptom`, if there is
    one, tells the mistake from the observations on the ordinary probes where no variant does just the same.
    """

    slug: str
    says: str
    edits: tuple[Edits, ...] = ()
    functions: tuple[Function, ...] = ()
    symptom: Symptom | None = None


@dataclass
class Exercise:
    """One exercise: the reference, its hints, the probes it is compared on, and its known mistakes."""

    reference: Function
    notebook: int
    why: str
    hints: tuple[str, ...]
    probes: tuple[Probe, ...]
    returns: str
    in_place: tuple[str, ...]
    rtol: float
    atol: float
    seconds: float
    inputs: Callable[[np.random.Generator, Sizes], tuple] | None = None
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The exercise's name, which is the reference's."""
        return self.reference.__name__

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the reference's parameters."""
        return tuple(inspect.signature(self.reference).parameters)

    @property
    def signature(self) -> str:
        """The call as the learner should write it, without annotations."""
        return f"{self.name}({', '.join(self.parameters)})"

    @cached_property
    def source(self) -> str:
        """The reference's source, without decorators."""
        lines = inspect.getsource(self.reference).splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith("def "))
        return "\n".join(lines[start:]) + "\n"


def exercise(
    *,
    notebook: int,
    hints: tuple[str, str, str],
    why: str,
    returns: str,
    inputs: Callable[[np.random.Generator, Sizes], tuple] | None = None,
    sizes: tuple[Sizes, ...] = (MAIN, OTHER),
    probes: tuple[Probe, ...] = (),
    observe: Observe | None = None,
    in_place: tuple[str, ...] = (),
    rtol: float = 1e-8,
    atol: float = 1e-12,
    seconds: float = 3.0,
) -> Callable[[Function], Function]:
    """Declare the decorated function as the reference of an exercise; README.md explains every argument.

    `returns` names what comes back, as in "Y_hat, cache"; "" means that the returned value is not looked at.
    `inputs(rng, sizes)` makes the arguments of the probes at the given sizes; `probes` adds further ones.
    """

    def declare(reference: Function) -> Function:
        names = tuple(inspect.signature(reference).parameters)
        made = [*probes]
        for number, size in enumerate(sizes if inputs else ()):
            args = inputs(np.random.default_rng(10 + number), size)  # type: ignore[misc]
            label = ", ".join(f"{key} = {value}" for key, value in vars(size).items())
            made.append(Probe(label, args, "other" if number else "main", observe, sizes=size))
            cleared = without_bias(args, names) if number == 0 else None
            if cleared is not None:
                made.append(Probe("all biases zero", cleared, "bias", observe, sizes=size))
        reference.__exercise__ = Exercise(  # type: ignore[attr-defined]
            reference, notebook, why, hints, tuple(made), returns, in_place, rtol, atol, seconds, inputs
        )
        return reference

    return declare


def mistake(
    of: Function, slug: str, *variants: str | tuple[str, ...], says: str, symptom: Symptom | None = None
) -> Callable[[Function], Function]:
    """Add a known mistake to the exercise whose reference is `of`.

    A variant is an edit "right → wrong" of the reference's source, or a tuple of edits made together; several
    variants are several ways to make the same mistake. Used as a decorator, it takes a whole wrong function.
    `symptom` gets the observations on the main and other probes and says whether they show the mistake.
    """
    target: Exercise = of.__exercise__  # type: ignore[attr-defined]
    edits = tuple(tuple(map(parse_edit, (v,) if isinstance(v, str) else v)) for v in variants)
    target.mistakes.append(Mistake(slug, says, edits, symptom=symptom))

    def add(function: Function) -> Function:
        known = target.mistakes[-1]
        target.mistakes[-1] = replace(known, functions=(*known.functions, function))
        return function

    return add


def parse_edit(text: str) -> tuple[str, str]:
    """Return ("right", "wrong") from "right → wrong"; the wrong side may be empty."""
    right, arrow, wrong = text.partition(f" {ARROW}")
    if not arrow or not right:
        raise ValueError(f"mistake expected an edit 'right {ARROW} wrong', got {text!r}")
    return right, wrong.removeprefix(" ")


# Where the exercises are. The names are read from the source, so that torch loads only when it is needed.


@cache
def _defined() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return exercise name -> catalogue module and parameters, in the order of the course."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("nb[0-9][0-9]_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and any(_is_exercise(d) for d in node.decorator_list):
                found[node.name] = path.stem, tuple(argument.arg for argument in node.args.args)
    return found


@cache
def contents() -> dict[str, str]:
    """Return exercise name -> catalogue module, in the order of the course, without importing any."""
    return {name: module for name, (module, _) in _defined().items()}


def parameters_of(name: str) -> tuple[str, ...]:
    """Return the names of an exercise's parameters, without importing its catalogue."""
    return _defined()[name][1]


def _is_exercise(decorator: ast.expr) -> bool:
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == "exercise"
    )


def notebook_of(name: str) -> int:
    """Return the number of the notebook that an exercise belongs to."""
    return int(contents()[name][2:4])


def find(name: str) -> Exercise:
    """Return the exercise of that name, or raise ValueError that lists what there is."""
    module = contents().get(name)
    if module is None:
        close = difflib.get_close_matches(name, contents(), n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise ValueError(f"there is no exercise {name!r}; {meant}the exercises are {', '.join(contents())}")
    try:
        catalogue = importlib.import_module(f"nnlab.exercises.{module}")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise ModuleNotFoundError(
            f"the exercise {name!r} needs PyTorch, which is not installed; install it with: pip install "
            "torch",
            name="torch",
        ) from None
    return getattr(catalogue, name).__exercise__


def available() -> list[Exercise]:
    """Return all exercises that can be loaded here: without torch, those of notebook 06 are left out."""
    has_torch = importlib.util.find_spec("torch") is not None
    return [find(name) for name in contents() if has_torch or notebook_of(name) != 6]
