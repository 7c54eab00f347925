"""Observations: brought to one form, compared, and the first difference found."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab._check import describe

HALF_PRECISION = 1e-4  # float32 carries seven digits; a sum of some dozen terms keeps five
LARGEST = 500_000  # entries; more than that is never a right answer here, and is not sent about
LONGEST = 120  # characters of a name or a description that comes from the learner's code


@dataclass(frozen=True)
class Odd:
    """Something that has not the form of the expected value: its description, and its type's name."""

    text: str
    type_name: str = ""


@dataclass(frozen=True)
class Leaf:
    """One array, number or word of an observation, expected and got."""

    path: tuple[str | int, ...]
    expected: Any
    got: Any
    agrees: bool


def canonical(value: Any, like: Any) -> Any:
    """Return the value in the form of `like`: lists for tuples, dicts without extra keys, float arrays.

    What cannot be brought into that form becomes Odd where it stands, so that the rest still compares.
    """
    if isinstance(like, dict):
        if not isinstance(value, Mapping):
            return odd(value)
        return {
            k: canonical(value[k], v) if k in value else Odd("missing", "missing") for k, v in like.items()
        }
    if isinstance(like, list):
        if isinstance(value, np.ndarray) and value.ndim and len(value) == len(like):
            value = list(value)
        if not isinstance(value, (tuple, list)) or len(value) != len(like):
            return odd(value)
        return [canonical(v, w) for v, w in zip(value, like, strict=True)]
    if isinstance(like, np.ndarray) and _several(value, like):
        return odd(value)
    if isinstance(like, (np.ndarray, Odd)):
        return as_array(value)
    return value if isinstance(value, (str, bool, type(None))) else odd(value)


def _several(value: Any, like: np.ndarray) -> bool:
    """Whether the value is a few results where one array is expected: `return A, cache`, say.

    The rows of an array may well come as a tuple or a list; too many or too few of them, as a list.
    """
    if not isinstance(value, (tuple, list)):
        return False
    arrays = [part for part in value if hasattr(part, "ndim")]
    if like.ndim and len(value) == len(like):
        return any(part.ndim != like.ndim - 1 for part in arrays)
    if isinstance(value, tuple):
        return True
    rows = len(arrays) == len(value) and len({part.shape for part in arrays}) == 1
    return any(part.ndim for part in arrays) and not (rows and 0 < arrays[0].ndim == like.ndim - 1)


def plain(value: Any) -> Any:
    """Return a trusted value (from a reference) in its own canonical form."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(v) for v in value]
    if value is None or isinstance(value, (str, bool, Odd)):
        return value
    return as_array(value)


def as_array(value: Any) -> np.ndarray | Odd:
    """Return numbers as an array of float64 (float32 stays), anything else as Odd."""
    refused = (str, bytes, Mapping, set, np.matrix, np.ma.MaskedArray)
    if value is None or isinstance(value, refused) or callable(value):
        return odd(value)
    try:
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except Exception:
        return odd(value)
    if array.dtype.kind not in "buif" or array.size > LARGEST:
        return odd(value)
    single = array.dtype.kind == "f" and array.dtype.itemsize < 8
    return np.array(array) if single else array.astype(np.float64)


def odd(value: Any) -> Odd:
    """Describe a value of the wrong form, in bounded words."""
    name = type_name(value)
    try:
        return Odd(shortened(_described(value, name)), name)
    except Exception:  # a class of the learner's own that cannot be printed, or counted
        return Odd(f"an object of type {name}", name)


def _described(value: Any, name: str) -> str:
    if isinstance(value, (tuple, list)):
        return f"a {name} of {len(value)} value{'' if len(value) == 1 else 's'}"
    if isinstance(value, Mapping):
        keys = ", ".join(shortened(repr(key), 30) for key in itertools.islice(value, 6))
        return f"a dict with the keys {keys}{', …' if len(value) > 6 else ''}" if value else "an empty dict"
    if value is None:
        return "None"
    if isinstance(value, (np.matrix, np.ma.MaskedArray)):
        return (
            f"an np.{'matrix' if isinstance(value, np.matrix) else 'ma.MaskedArray'} of shape {value.shape}"
        )
    text = describe(value)
    return f"an object of type {name}" if " at 0x" in text else text


def type_name(value: Any) -> str:
    """Return the name of a value's class, whatever its metaclass says of it."""
    return shortened(type.__dict__["__name__"].__get__(type(value)), 60)


def shortened(text: str, most: int = LONGEST) -> str:
    """Return the text on one line, cut to so many characters."""
    text = " ".join(text[: 10 * most].split())
    return text if len(text) <= most else text[: most - 1] + "…"


def leaves(expected: Any, got: Any, rtol: float, atol: float, path: tuple = ()) -> Iterator[Leaf]:
    """Yield every leaf of the expected observation together with what came."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            yield from leaves(value, got.get(key, Odd("missing", "missing")), rtol, atol, (*path, key))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (value, other) in enumerate(zip(expected, got, strict=True)):
            yield from leaves(value, other, rtol, atol, (*path, index))
    else:
        yield Leaf(path, expected, got, same(expected, got, rtol, atol))


def same(expected: Any, got: Any, rtol: float, atol: float) -> bool:
    """Whether two canonical observations agree; NaN and infinity count as the same in `got`'s place."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return expected.keys() == got.keys() and all(same(expected[k], got[k], rtol, atol) for k in expected)
    if isinstance(expected, list) and isinstance(got, list):
        return len(expected) == len(got) and all(
            same(a, b, rtol, atol) for a, b in zip(expected, got, strict=True)
        )
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        return expected.shape == got.shape and bool(close(expected, got, rtol, atol).all())
    if isinstance(expected, Odd) and isinstance(got, Odd):
        alike = expected.type_name == got.type_name
        return alike and (expected.text == got.text or expected.type_name not in ("tuple", "list", "dict"))
    return type(expected) is type(got) and expected == got


def close(expected: np.ndarray, got: np.ndarray, rtol: float, atol: float) -> np.ndarray:
    """Return entry by entry whether two arrays of one shape agree, relative to the array's largest entry."""
    if min(expected.dtype.itemsize, got.dtype.itemsize) < 8:
        rtol = max(rtol, HALF_PRECISION)
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(expected)
    scale = np.max(np.abs(expected), where=finite, initial=0.0)
    with np.errstate(all="ignore"):
        near = np.abs(got - expected) <= atol + rtol * scale
    return np.where(finite, near, ~np.isfinite(got))


def first_difference(leaf: Leaf, rtol: float, atol: float) -> tuple[int, ...] | None:
    """Return the index of the first entry that differs, or None where the leaf is no array of that shape."""
    expected, got = leaf.expected, leaf.got
    if not isinstance(expected, np.ndarray) or not isinstance(got, np.ndarray) or expected.shape != got.shape:
        return None
    wrong = np.argwhere(~close(expected, got, rtol, atol))
    return tuple(int(i) for i in wrong[0]) if len(wrong) else None
