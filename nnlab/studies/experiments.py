"""What a row of `nnlab reproduce` is: a claim, the experiment behind it, and its outcome.

`published` and `guide` hold the rows themselves.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlab import datasets
from nnlab.training import Callback, LambdaCallback

Report = Callable[[float], None]  # takes the fraction of an experiment that is done, 0 … 1
Data = tuple[tuple, str]  # the arguments that an experiment begins with, and where they came from


@dataclass(frozen=True)
class Scale:
    """How much work goes into an experiment; one that needs other numbers adds them in a subclass."""

    seeds: int = 5
    epochs: int = 20
    rows: int = 1000


@dataclass
class Outcome:
    """What one experiment measured, and what that shows.

    measured: numbers by name; a list holds one number per seed. shows: a sentence made from these numbers.
    curves: for figures. ran: what the data decided of the set-up, to be filled in there.
    """

    measured: dict[str, Any]
    shows: str
    curves: dict[str, list[float]] = field(default_factory=dict, repr=False)
    ran: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Experiment:
    """A published claim, how it is put to the test, and the function that does it.

    template: the set-up, with a field such as {epochs} for each number that depends on the scale.
    data: loads what `run` begins with. run: called as run(*data, scale, report).
    full: the scale of a result. quick: that of a first look, or None where the full one takes seconds.
    lesson: the lesson that explains it; rows of the guide get it from the name of their file.
    """

    name: str
    title: str
    template: str
    published: str
    data: Callable[[], Data]
    run: Callable[..., Outcome]
    full: Any = Scale()
    quick: Any = None
    lesson: int | None = None

    @property
    def setup(self) -> str:
        """The set-up of the full run."""
        return self.describe(self.full)

    def describe(self, scale: Any, ran: Mapping[str, Any] | None = None) -> str:
        """Return the set-up at some scale, with what the data decided."""
        return self.template.format(**{**vars(scale), **(ran or {})})


def figure(value: float | list[float]) -> str:
    """Return a number with a suitable number of digits; for one number per seed, their mean and spread.

    The spread is the standard deviation over the seeds.
    """
    if not isinstance(value, list):
        return _digits(value).format(value)
    mean, spread = statistics.fmean(value), statistics.stdev(value)
    digits = _digits(max(abs(mean), spread))
    return f"{digits.format(mean)} ± {digits.format(spread)} ({len(value)} seeds)"


def _digits(value: float) -> str:
    return "{:z.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else "{:.1e}"


def reporting(report: Report, start: float, epochs: int) -> list[Callback]:
    """Return callbacks for `fit` that report `start` plus the fraction of `epochs` that is done."""
    return [LambdaCallback(on_epoch_end=lambda epoch, logs: report(start + (epoch + 1) / epochs))]


# ---------------------------------------------------------------------------------------- data


def no_data() -> Data:
    """Return nothing, for an experiment that makes its own data."""
    return (), "made by the experiment"


def appointments_by_row() -> Data:
    """Return the appointments, dealt out row by row."""
    return _appointments("row")


def appointments_by_patient() -> Data:
    """Return the appointments, dealt out by patient."""
    return _appointments("patient")


def _appointments(by: str) -> Data:
    table = datasets.load_appointments()
    frame, _ = datasets.clean(table.frame)
    return (datasets.split(frame, by=by, rng=np.random.default_rng(0), dtype=np.float32),), table.source


def mnist() -> Data:
    """Return MNIST, or the small digits where it is not found."""
    digits = datasets.load_mnist(dtype=np.float32)
    return (digits,), digits.source


def small_digits() -> Data:
    """Return scikit-learn's small digits, for what must not take long."""
    digits = datasets.load_digits()
    return (digits,), digits.source
