"""Input checks. All errors are worded alike: who expected what, what came, and what to do about it."""

from __future__ import annotations

import math
import numbers
from collections.abc import Collection
from typing import Any

import numpy as np

#: a shape: sizes, letters that stand for any size, and ... for any number of axes
Axes = tuple[Any, ...]
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


class NonFiniteError(ValueError):
    """A NaN or an infinity where a finite number was expected; `fit` treats it as divergence."""


def all_finite(x: np.ndarray) -> bool:
    """Whether no entry of x is NaN or infinite."""
    # One BLAS pass settles almost every case; where the sum of squares overflows, look entry by entry.
    return math.isfinite(np.vdot(x, x)) or bool(np.isfinite(x).all())


def check_finite(who: str, name: str, x: np.ndarray, remedy: str = "clean or replace it first") -> None:
    """Raise NonFiniteError, naming the first bad entry, unless all of x is finite."""
    if all_finite(x):
        return
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    raise NonFiniteError(f"{who} expected finite {name}, got {x[index]} at {list(index)}; {remedy}")


def check_array(
    who: str,
    name: str,
    x: Any,
    *,
    shape: Axes | None = None,
    dtype: np.dtype | None = None,
    finite: bool = True,
) -> np.ndarray:
    """Return x as a float array of the given shape, which is written as for `check_shape`.

    Lists and integers become `dtype` (float64 by default); a float array of another dtype is refused.
    Raises: TypeError for the type or dtype, ValueError for the shape, NonFiniteError for NaN or infinity.
    """
    if type(x) is not np.ndarray or x.dtype not in FLOATS:
        x = _as_floats(who, name, x, dtype)
    elif dtype is not None and x.dtype != dtype:
        raise TypeError(
            f"{who} expected {name} of dtype {dtype}, got {x.dtype}; convert it with .astype(np.{dtype})"
        )
    if shape is not None:
        check_shape(who, name, x, shape)
    if finite:
        check_finite(who, name, x)
    return x


def as_array(who: str, name: str, x: Any, kind: str = "numbers") -> np.ndarray:
    """Return x as a plain array of any dtype.

    Raises: TypeError for a masked array, whose masked entries would count, for an np.matrix, whose * is a
    matrix product, and for an array of objects; ValueError for rows of different lengths.
    """
    if type(x) is np.ndarray and x.dtype.kind != "O":
        return x
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(
            f"{who} expected {name} as a plain array, got a masked array, whose masked entries would count; "
            "fill them in with .filled(value), or leave those rows out"
        )
    if isinstance(x, np.matrix):
        raise TypeError(
            f"{who} expected {name} as a plain array, got an np.matrix; convert it with np.asarray(…)"
        )
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{who} expected {name} as an array, got rows of different lengths") from None
    if array.dtype.kind == "O":
        raise TypeError(
            f"{who} expected {name} as an array of {kind}, got {_of_objects(x)}; convert it first"
        )
    return array


def _as_floats(who: str, name: str, x: Any, dtype: np.dtype | None) -> np.ndarray:
    array = as_array(who, name, x, "float32 or float64")
    if array.dtype.kind not in "buif" or array.dtype == np.float16 or array.dtype.itemsize > 8:
        raise TypeError(
            f"{who} expected {name} as an array of float32 or float64, got {describe(x)}; convert it first"
        )
    return array.astype(dtype or np.float64)


def _of_objects(x: Any) -> str:
    """Say what an array of objects was made from; for a table, give the dtypes of its columns."""
    dtypes = getattr(x, "dtypes", None)
    if dtypes is None or not hasattr(dtypes, "items"):
        return describe(x)
    kinds = dict.fromkeys(str(dtype) for _, dtype in dtypes.items())
    return f"a table with columns of {', '.join(kinds)}"


def check_shape(who: str, name: str, x: np.ndarray, shape: Axes) -> None:
    """Raise ValueError unless x has the shape: a letter stands for any size but 0, ... for any axes."""
    actual = x.shape
    if x.size and _fits(actual, shape):
        return
    if len(actual) < len(shape):  # say (m, 3) rather than (m, …, 3) to someone who has two axes
        shape = tuple(size for size in shape if size is not ...)
    text = ", ".join("…" if size is ... else str(size) for size in shape)
    empty = "; it is empty" if 0 in actual else ""
    raise ValueError(
        f"{who} expected {name} of shape ({text}{',' if len(shape) == 1 else ''}), got {actual}{empty}"
    )


def _fits(actual: tuple[int, ...], shape: Axes) -> bool:
    if ... in shape:  # the axes that it stands for may be anything
        i = shape.index(...)
        after = len(shape) - i - 1
        if len(actual) < i + after:
            return False
        actual, shape = actual[:i] + actual[len(actual) - after :], shape[:i] + shape[i + 1 :]
    if len(actual) != len(shape):
        return False
    for got, expected in zip(actual, shape):  # noqa: B905, a loop for speed: this runs in every layer
        if got != expected and not isinstance(expected, str):
            return False
    return True


def check_labels(
    who: str, name: str, y: Any, shape: int | Axes, n_classes: int, *, ignore_index: int | None = None
) -> np.ndarray:
    """Return y if it holds integer labels in 0 … n_classes − 1, or raise. shape: a number m stands for (m,).

    Entries may also equal ignore_index, but not all of them.
    """
    y = as_array(who, name, y)
    if y.dtype.kind not in "iu":
        raise TypeError(
            f"{who} expected {name} as integer labels, got {y.dtype}; convert them with .astype(int)"
        )
    check_shape(who, name, y, shape if isinstance(shape, tuple) else (shape,))
    counted = y
    if ignore_index is not None:
        counted = y[y != check_count(who, "ignore_index", ignore_index, at_least=-(2**63))]
        if counted.size == 0:
            raise ValueError(
                f"{who} expected {name} other than ignore_index={ignore_index}, got none; "
                "leave out batches without any"
            )
    low, high = int(counted.min()), int(counted.max())
    if low < 0 or high >= n_classes:
        bad = low if low < 0 else high
        raise ValueError(f"{who} expected {name} as labels in 0 … {n_classes - 1}, got {bad}")
    return y


def check_number(
    who: str,
    name: str,
    value: Any,
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
) -> float:
    """Return value as a finite float within the bounds, or raise TypeError or ValueError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"{who} expected {name} as a number, got {describe(value)}")
    number = float(value)
    bounds = [
        ("finite", math.isfinite(number)),
        (f"> {above}", above is None or number > above),
        (f">= {at_least}", at_least is None or number >= at_least),
        (f"< {below}", below is None or number < below),
        (f"<= {at_most}", at_most is None or number <= at_most),
    ]
    for text, holds in bounds:
        if not holds:
            raise ValueError(f"{who} expected {name} {text}, got {value}")
    return number


def check_count(who: str, name: str, value: Any, *, at_least: int = 1, at_most: int | None = None) -> int:
    """Return value as an integer within the bounds, or raise TypeError or ValueError."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{who} expected {name} as an integer, got {describe(value)}")
    count = int(value)
    if count < at_least:
        raise ValueError(f"{who} expected {name} >= {at_least}, got {count}")
    if at_most is not None and count > at_most:
        raise ValueError(f"{who} expected {name} <= {at_most}, got {count}")
    return count


def check_choice(who: str, name: str, value: Any, choices: Collection[str]) -> str:
    """Return value if it is one of the choices, or raise a ValueError that lists them."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{who} expected {name} as one of {', '.join(map(repr, choices))}, got {value!r}")
    return value


def check_flag(who: str, name: str, value: Any) -> bool:
    """Return value as True or False, or raise TypeError: the text "no" would count as True."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{who} expected {name} as True or False, got {describe(value)}")
    return bool(value)


def check_function(who: str, name: str, value: Any, example: str) -> None:
    """Raise TypeError unless value can be called."""
    if not callable(value):
        raise TypeError(f"{who} expected {name} as a function such as {example}, got {describe(value)}")


def check_rng(who: str, rng: Any) -> np.random.Generator:
    """Return rng, or a freshly seeded generator for None; anything else raises TypeError."""
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"{who} expected rng as a np.random.Generator, got {describe(rng)}; "
            "use np.random.default_rng(seed)"
        )
    return rng


def check_dtype(who: str, dtype: Any) -> np.dtype:
    """Return dtype as float32 or float64, or raise TypeError."""
    try:
        return FLOATS[FLOATS.index(np.dtype(dtype))]
    except (TypeError, ValueError):
        raise TypeError(f"{who} expected dtype float32 or float64, got {dtype!r}") from None


def describe(value: Any) -> str:
    """Say in a few words what a value is, for an error message."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}, shape {value.shape}"
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 40 else text[:37] + '...'}"
