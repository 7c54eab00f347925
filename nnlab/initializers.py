"""Starting weights: random arrays whose scale keeps signals alive through depth.

Every initializer is a function `(shape, fan_in, fan_out, rng, dtype) -> weights`. fan_in is the number of
inputs that each output sums, fan_out the number of outputs that each input reaches: n_in and n_out of a
`Linear`, channels times kernel size of a convolution. All raise ValueError or TypeError for a size or fan
below 1 and for an invalid generator or dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnlab._check import (
    check_array,
    check_count,
    check_dtype,
    check_function,
    check_number,
    check_rng,
    describe,
)

Shape = tuple[int, ...]
Initializer = Callable[[Shape, int, int, np.random.Generator, np.dtype], np.ndarray]


def normal(std: float) -> Initializer:
    """Return an initializer that draws from N(0, std²).

    Raises: ValueError unless std >= 0.
    """
    std = check_number("normal", "std", std, at_least=0)

    def initializer(
        shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
    ) -> np.ndarray:
        return _normal("normal", lambda: std, shape, fan_in, fan_out, rng, dtype)

    return initializer


def uniform(limit: float) -> Initializer:
    """Return an initializer that draws from the uniform distribution on [−limit, limit).

    Raises: ValueError unless limit >= 0.
    """
    limit = check_number("uniform", "limit", limit, at_least=0)

    def initializer(
        shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
    ) -> np.ndarray:
        return _uniform("uniform", lambda: limit, shape, fan_in, fan_out, rng, dtype)

    return initializer


def he_normal(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw from N(0, 2 / fan_in): preserves the mean square of signals through ReLU layers.

    Source: He et al., 2015.
    """
    return _normal("he_normal", lambda: math.sqrt(2 / fan_in), shape, fan_in, fan_out, rng, dtype)


def he_uniform(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw uniformly between ±√(6 / fan_in), with the variance of `he_normal`, 2 / fan_in.

    Source: He et al., 2015.
    """
    return _uniform("he_uniform", lambda: math.sqrt(6 / fan_in), shape, fan_in, fan_out, rng, dtype)


def xavier_normal(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw from N(0, 2 / (fan_in + fan_out)): a compromise for forward and backward signals through tanh.

    Source: Glorot and Bengio, 2010.
    """
    return _normal(
        "xavier_normal", lambda: math.sqrt(2 / (fan_in + fan_out)), shape, fan_in, fan_out, rng, dtype
    )


def xavier_uniform(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw uniformly between ±√(6 / (fan_in + fan_out)), with the variance of `xavier_normal`.

    Source: Glorot and Bengio, 2010.
    """
    return _uniform(
        "xavier_uniform", lambda: math.sqrt(6 / (fan_in + fan_out)), shape, fan_in, fan_out, rng, dtype
    )


def lecun_normal(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw from N(0, 1 / fan_in): preserves the variance of signals through linear and SELU layers.

    Source: LeCun et al., 1998.
    """
    return _normal("lecun_normal", lambda: math.sqrt(1 / fan_in), shape, fan_in, fan_out, rng, dtype)


def torch_uniform(
    shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64
) -> np.ndarray:
    """Draw uniformly between ±1 / √fan_in, as PyTorch's `nn.Linear` does for its weights.

    The variance is 1 / (3 fan_in), a sixth of `he_normal`'s.
    """
    return _uniform("torch_uniform", lambda: 1 / math.sqrt(fan_in), shape, fan_in, fan_out, rng, dtype)


def zeros(shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Return zeros: right for biases; as weights they keep all hidden units identical forever.

    Raises: as every initializer; see the module's docstring.
    """
    return np.zeros(_checked("zeros", shape, fan_in, fan_out), check_dtype("zeros", dtype))


def initial_weights(
    who: str, weight_init: Any, shape: Shape, fan_in: int, fan_out: int, rng, dtype
) -> np.ndarray:
    """Return a layer's initial weights, checked, since the initializer may be the reader's own.

    Raises: TypeError unless weight_init is a function, ValueError if it returns another shape.
    """
    check_function(who, "weight_init", weight_init, "he_normal")
    W = weight_init(shape, fan_in, fan_out, check_rng(who, rng), dtype)
    return check_array(who, "initial weights", W, shape=shape, dtype=dtype)


def _normal(who: str, std: Callable[[], float], shape: Shape, fan_in: int, fan_out: int, rng, dtype):
    shape = _checked(who, shape, fan_in, fan_out)  # first: std() divides by a fan
    draw = check_rng(who, rng).standard_normal(shape)
    return (std() * draw).astype(check_dtype(who, dtype))


def _uniform(who: str, limit: Callable[[], float], shape: Shape, fan_in: int, fan_out: int, rng, dtype):
    shape = _checked(who, shape, fan_in, fan_out)
    draw = check_rng(who, rng).uniform(-1, 1, shape)
    return (limit() * draw).astype(check_dtype(who, dtype))


def _checked(who: str, shape: Any, fan_in: int, fan_out: int) -> Shape:
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{who} expected shape as a tuple of sizes, got {describe(shape)}")
    check_count(who, "fan_in", fan_in)
    check_count(who, "fan_out", fan_out)
    return tuple(check_count(who, "each size in shape", size) for size in shape)
