"""Starting weights: random matrices of shape (n_in, n_out) whose scale keeps signals alive through depth.

Every initializer is a function `(n_in, n_out, rng, dtype) -> W`, so that `Linear` can take any of them.
All raise ValueError or TypeError for sizes below 1, a generator or a dtype that will not do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nnlab._validation import check_count, check_dtype, check_number, check_rng

Initializer = Callable[[int, int, np.random.Generator, np.dtype], np.ndarray]


def normal(std: float) -> Initializer:
    """Return an initializer that draws from N(0, std²).

    Raises: ValueError unless std >= 0.
    """
    std = check_number("normal", "std", std, at_least=0)

    def initializer(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
        return _normal("normal", lambda: std, n_in, n_out, rng, dtype)

    return initializer


def uniform(limit: float) -> Initializer:
    """Return an initializer that draws from the uniform distribution on [−limit, limit).

    Raises: ValueError unless limit >= 0.
    """
    limit = check_number("uniform", "limit", limit, at_least=0)

    def initializer(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
        return _uniform("uniform", lambda: limit, n_in, n_out, rng, dtype)

    return initializer


def he_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 2 / n_in): keeps the mean square of signals through ReLU layers.

    Source: He et al., 2015.
    """
    return _normal("he_normal", lambda: math.sqrt(2 / n_in), n_in, n_out, rng, dtype)


def he_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±√(6 / n_in), which has variance 2 / n_in as `he_normal` has.

    Source: He et al., 2015.
    """
    return _uniform("he_uniform", lambda: math.sqrt(6 / n_in), n_in, n_out, rng, dtype)


def xavier_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 2 / (n_in + n_out)): a compromise for forward and backward signals through tanh.

    Source: Glorot and Bengio, 2010.
    """
    return _normal("xavier_normal", lambda: math.sqrt(2 / (n_in + n_out)), n_in, n_out, rng, dtype)


def xavier_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±√(6 / (n_in + n_out)), with the variance of `xavier_normal`.

    Source: Glorot and Bengio, 2010.
    """
    return _uniform("xavier_uniform", lambda: math.sqrt(6 / (n_in + n_out)), n_in, n_out, rng, dtype)


def lecun_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 1 / n_in): keeps the variance of signals through linear and SELU layers.

    Source: LeCun et al., 1998.
    """
    return _normal("lecun_normal", lambda: math.sqrt(1 / n_in), n_in, n_out, rng, dtype)


def torch_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±1 / √n_in, as PyTorch's `nn.Linear` does for its weights.

    The variance is 1 / (3 n_in), a sixth of `he_normal`'s.
    """
    return _uniform("torch_uniform", lambda: 1 / math.sqrt(n_in), n_in, n_out, rng, dtype)


def zeros(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Return zeros: right for biases; as weights they make all hidden units equal for ever.

    Raises: as all initializers, see above.
    """
    return np.zeros(_shape("zeros", n_in, n_out), check_dtype("zeros", dtype))


def _normal(who: str, std: Callable[[], float], n_in: int, n_out: int, rng, dtype) -> np.ndarray:
    shape = _shape(who, n_in, n_out)  # first: std() divides by it
    draw = check_rng(who, rng).standard_normal(shape)
    return (std() * draw).astype(check_dtype(who, dtype))


def _uniform(who: str, limit: Callable[[], float], n_in: int, n_out: int, rng, dtype) -> np.ndarray:
    shape = _shape(who, n_in, n_out)
    draw = check_rng(who, rng).uniform(-1, 1, shape)
    return (limit() * draw).astype(check_dtype(who, dtype))


def _shape(who: str, n_in: int, n_out: int) -> tuple[int, int]:
    return check_count(who, "n_in", n_in), check_count(who, "n_out", n_out)
