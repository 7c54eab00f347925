"""What kind of entries a result has, where that counts as well as their values."""

from __future__ import annotations

from typing import Any

import numpy as np

KINDS = {"b": "True and False", "i": "integers", "u": "integers", "f": "floats"}


def kind_of(value: Any) -> str:
    """Say what kind of entries an array has, or what can become one."""
    try:
        return KINDS.get(np.asarray(value).dtype.kind, "something else")
    except (ValueError, RuntimeError):  # rows of different lengths, or a tensor that requires gradients
        return "something else"
