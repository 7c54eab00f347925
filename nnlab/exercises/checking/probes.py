"""Probes: the inputs an answer is tried on, and what is looked at afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sizes:
    """The sizes of one probe: samples, inputs, hidden units, outputs."""

    m: int
    n_x: int
    n_h: int
    n_y: int


@dataclass(frozen=True)
class ImageSizes:
    """The sizes of one probe with images: m of c_in channels, h × w; c_out kernels of kh × kw."""

    m: int
    c_in: int
    c_out: int
    h: int
    w: int
    kh: int
    kw: int


@dataclass(frozen=True)
class SequenceSizes:
    """The sizes of one probe with sequences: m of T steps, inputs, hidden units."""

    m: int
    T: int
    n_x: int
    n_h: int


# All four differ, so that no axis can stand in for another; the second set unmasks numbers typed in.
MAIN = Sizes(m=7, n_x=3, n_h=5, n_y=4)
OTHER = Sizes(m=6, n_x=4, n_h=2, n_y=3)
TINY = Sizes(m=2, n_x=2, n_h=2, n_y=2)

Observe = Callable[..., Any]


@dataclass(frozen=True)
class Probe:
    """One trial: `observe(f, *args)` is compared with what the reference gives; None means `f(*args)`.

    `kind` is "example" (small, shown to the learner), "main", "other" (second sizes), "extreme", or
    "bias" (the main probe with its biases at zero, which only helps to name a mistake).
    """

    label: str
    args: tuple
    kind: str = "main"
    observe: Observe | None = None
    rtol: float | None = None
    atol: float | None = None
    sizes: Any = None  # a dataclass such as Sizes

    @property
    def numbers(self) -> int:
        """How many numbers the arguments hold."""
        return _count(self.args)

    @property
    def rank(self) -> tuple[bool, int]:
        """Of the failing probes, the learner sees the first: the smallest, though rather no empty one."""
        return any(map(_is_empty, self.args)), self.numbers


def _is_empty(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and not text for text in value)


def _count(value: Any) -> int:
    if isinstance(value, dict):
        return sum(map(_count, value.values()))
    if isinstance(value, (tuple, list)):
        return sum(map(_count, value))
    return int(value.size) if isinstance(value, np.ndarray) else 1


def example(*args: Any, label: str = "a small example", observe: Observe | None = None) -> Probe:
    """Return a probe small enough to be shown whole to the learner."""
    return Probe(label, args, kind="example", observe=observe)


def extreme(label: str, *args: Any, observe: Observe | None = None, rtol: float | None = None) -> Probe:
    """Return a probe beyond the ordinary range: scores of ±1000, a probability of 0, a constant column."""
    return Probe(label, args, kind="extreme", observe=observe, rtol=rtol)


def one_hot(labels: Any, n: int) -> np.ndarray:
    """Return integer labels as one-hot rows, (m,) -> (m, n)."""
    return np.eye(n)[np.asarray(labels)]


def probabilities(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return m rows of n probabilities, none of them small."""
    raw = rng.uniform(0.2, 1.0, size=(m, n))
    return raw / raw.sum(axis=1, keepdims=True)


def targets(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return one-hot rows (m, n) with unequal class counts."""
    return one_hot(rng.integers(0, n, size=m), n)


def network(rng: np.random.Generator, s: Sizes) -> dict[str, np.ndarray]:
    """Return the parameters of the course's network, with biases away from zero."""
    return {
        "Wh": rng.normal(size=(s.n_x, s.n_h)),
        "bh": rng.normal(size=s.n_h) + 0.5,
        "Wy": rng.normal(size=(s.n_h, s.n_y)),
        "by": rng.normal(size=s.n_y) - 0.5,
    }


# What a learner reads for the names in the fingerprints below. A sentence, which ends in a full stop, says
# that the figure is wrong, and may hold {expected} and {got}; anything else is a name to show the figures by.
# {of} is the part that was looked at.
FINGERPRINT_WORDS = {
    "kind": "The entries of {of} should be {expected}, but yours are {got}.",
    "shape": "The shape of {of} should be {expected}, but yours is {got}.",
    "centered on 0": "The entries of {of} should be centered on 0, but they are not.",
    "standard deviation / expected": "the standard deviation of {of} (as a multiple of the right one)",
    "kurtosis / that of a normal distribution": "The entries of {of} do not follow a normal distribution.",
    "share of distinct entries": "Entries of {of} repeat: each should be a draw of its own.",
    "all zero": "The entries of {of} should all be 0, but they are not.",
    "same seed, same draw": "Two calls with equally seeded generators give different draws.",
    "other seed, other draw": "Two calls with differently seeded generators give the same draw.",
}


INTEGERS, FLAGS, WORDS = "integers", "True and False", "text"
KINDS = {"b": FLAGS, "i": INTEGERS, "u": INTEGERS, "f": "floats", "U": WORDS}


def kind_of(value: Any) -> str:
    """Return the kind of entries that an array has, or what can become one; called "kind" beside it.

    Arrays are compared as floats: where it counts that they are of integers, or of True and False, a page
    looks at this as well, and both are shown to the learner as what they are.
    """
    try:
        entries = np.asarray(value).tolist()  # so that it does not matter what the array could hold besides
        return KINDS.get(np.asarray(entries).dtype.kind, "something else")
    except (ValueError, RuntimeError):  # rows of different lengths, or a tensor that requires gradients
        return "something else"


def noise(draw: Any, std: float) -> dict[str, Any]:
    """Return the fingerprint of a random array, in which independent N(0, std²) entries give True or 1.

    Sampling error is below 3 % for some 7,000 entries: compare with rtol=0.12, which is safe and still sharp.
    """
    x = np.asarray(draw, dtype=float)
    spread = float(x.std()) if np.ptp(x) > 1e-12 * abs(x).max() else 0.0  # equal entries: no rounding
    z = (x - x.mean()) / spread if spread > 0 else np.zeros_like(x)
    some = x.ravel()[::7]  # rows or columns that repeat show in these as well
    return {
        "shape": str(x.shape),
        "centered on 0": bool(abs(x.mean()) <= 0.1 * spread),
        "standard deviation / expected": spread / std,
        "kurtosis / that of a normal distribution": float(((z * z) ** 2).mean()) / 3,
        "share of distinct entries": len(np.unique(some)) / max(some.size, 1),
    }


def zeros(array: Any) -> dict[str, Any]:
    """Return the fingerprint of an array that should be all zero."""
    x = np.asarray(array, dtype=float)
    return {"shape": str(x.shape), "all zero": bool((x == 0).all())}


def follows_seed(draw: Callable[[np.random.Generator], Any]) -> dict[str, bool]:
    """Return whether equal seeds give equal draws and other seeds other draws."""
    first, again, other = (np.asarray(draw(np.random.default_rng(seed))) for seed in (1, 1, 2))
    return {
        "same seed, same draw": bool(np.array_equal(first, again)),
        "other seed, other draw": not np.array_equal(first, other),
    }


def without_bias(args: tuple, names: tuple[str, ...]) -> tuple | None:
    """Return the arguments with every bias at zero, or None where there is none.

    A bias is an argument named b, or an entry of an argument named params whose key starts with b.
    """
    found = False
    cleared = []
    for name, value in zip(names, args, strict=False):
        if name == "b":
            value, found = np.zeros_like(value), True
        elif name == "params":
            value = {k: np.zeros_like(v) if k.startswith("b") else v for k, v in value.items()}
            found = True
        cleared.append(value)
    return tuple(cleared) if found else None
