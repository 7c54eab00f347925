"""The inputs that a network takes: numbers of its dtype, or tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab._check import as_array, check_array
from nnlab.layers import Embedding, Layer


def check_inputs(who: str, network: Layer, X: Any) -> np.ndarray:
    """Return X as the network's first layer takes it: as integers for an embedding, else as floats.

    Integers would become floats in any other layer; another library has to be given floats.
    Raises: TypeError for the dtype, NonFiniteError for NaN or infinity.
    """
    first = network
    while first.children():
        first = first.children()[0][1]
    if isinstance(first, Embedding):
        return as_array(who, "X", X)
    return check_array(who, "X", X, dtype=network.dtype)
