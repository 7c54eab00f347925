"""Texts for the probes of lesson 16, made so that every way to take a token for another shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

LONGEST = 400  # characters of a value that is looked at as text, which is as much as leaves the sandbox

REVIEWS = (
    "A good film , a very good film .",
    "The plot is thin ,  the film is not good",
    "Very very thin\tand not a GOOD plot",
    "is it good ? It is",
)
OTHERS = (
    "zoo ant Zoo bee",
    "ant bee éclair 2nd éclair",
    "",
    "Bee bee 2nd cat\nant zoo 10th",
    "it's it's (ant)",
)


def as_written(vocabulary: Any) -> Any:
    """Return a dict as text, in the order of its numbers, whatever kind of integers these are."""
    if not isinstance(vocabulary, Mapping):
        return vocabulary
    entries = [(written(key), written(value)) for key, value in vocabulary.items()]
    entries.sort(key=lambda entry: (not entry[1].isdigit(), entry[1].zfill(9), entry[0]))
    return f"{{{', '.join(': '.join(entry) for entry in entries)}}}"[:LONGEST]


def written(value: Any) -> str:
    """Write an entry as Python does; all whole numbers are written alike."""
    if isinstance(value, str):
        return repr(str(value))
    array = np.asarray(value)
    return repr(array.tolist()) if not array.ndim and array.dtype.kind in "biuf" else repr(value)


def rows_as_text(rows: Any) -> str:
    """Return rows that make no array of numbers as text; "" for those that do make one."""
    lines = [", ".join(map(written, row)) for row in rows]
    return "; ".join(f"[{line}]" for line in lines)[:LONGEST]
