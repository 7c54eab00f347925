"""What a page of the catalogue states: an exercise, and the mistakes that are known of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from nnlab.exercises.checking.probes import (
    FINGERPRINT_WORDS,
    MAIN,
    OTHER,
    Observe,
    Probe,
    Sizes,
    without_bias,
)

Function = Callable[..., Any]
Symptom = Callable[[list], bool]
Edits = tuple[tuple[str, str], ...]
ARROW = "→"


@dataclass(frozen=True)
class Mistake:
    """A known mistake: what it does to training, and the wrong variants that make it.

    Each variant is a set of edits of the reference's source, or a function of its own; those in `alone` are
    not combined with other mistakes. `symptom`, if there is one, tells the mistake from the observations on
    the ordinary probes where no variant does just the same.
    """

    slug: str
    says: str
    edits: tuple[Edits, ...] = ()
    functions: tuple[Function, ...] = ()
    symptom: Symptom | None = None
    alone: tuple[Edits, ...] = ()


@dataclass
class Exercise:
    """One exercise: the reference, its hints, the probes it is compared on, and its known mistakes."""

    reference: Function
    notebook: int
    order: int
    why: str
    hints: tuple[str, ...]
    probes: tuple[Probe, ...]
    returns: str
    in_place: tuple[str, ...]
    rtol: float
    atol: float
    seconds: float
    words: dict[str, str] = field(default_factory=dict)
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
    order: int,
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
    words: dict[str, str] | None = None,
) -> Callable[[Function], Function]:
    """Declare the decorated function as the reference of an exercise; README.md explains every argument.

    `order` is the exercise's place within its notebook; both numbers are read from the source, so write them
    as numbers. `returns` names what comes back, as in "Y_hat, cache"; "" means that the returned value is not
    looked at. `inputs(rng, sizes)` makes the arguments of the probes at the given sizes; `probes` adds
    further ones. `words` says what a learner reads for the names of what `observe` returns.
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
            reference,
            notebook,
            order,
            why,
            hints,
            tuple(made),
            returns,
            in_place,
            rtol,
            atol,
            seconds,
            FINGERPRINT_WORDS | (words or {}),
            inputs,
        )
        return reference

    return declare


Variant = str | tuple[str, ...]


def mistake(
    of: Function,
    slug: str,
    *variants: Variant,
    says: str,
    symptom: Symptom | None = None,
    alone: tuple[Variant, ...] = (),
) -> Callable[[Function], Function]:
    """Add a known mistake to the exercise whose reference is `of`.

    A variant is an edit "right → wrong" of the reference's source, or a tuple of edits made together; several
    variants are several ways to make the same mistake. Used as a decorator, it takes a whole wrong function.
    Of many variants the rarer ones belong in `alone`: they are not combined with other mistakes, which takes
    time.
    `symptom` gets the observations on the main and other probes and says whether they show the mistake.
    """
    target: Exercise = of.__exercise__  # type: ignore[attr-defined]
    edits, rare = (
        tuple(tuple(map(parse_edit, (v,) if isinstance(v, str) else v)) for v in some)
        for some in (variants, alone)
    )
    target.mistakes.append(Mistake(slug, says, edits, symptom=symptom, alone=rare))

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
