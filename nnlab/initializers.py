"""Starting weights: random matrices of shape (n_in, n_out) whose scale keeps signals alive through depth.

Every initializer is a function `(n_in, n_out, rng, dtype) -> W`, so that `Linear` can take any of them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlab._validation import check_count, check_dtype, check_number, check_rng

Initializer = Callable[[int, int, np.random.Generator, np.dtype], np.ndarray]
Scale = Callable[[int, int], float]  # (n_in, n_out) -> variance; a uniform draw on ±a has variance a² / 3


def normal(std: float) -> Initializer:
    """Return an initializer that draws from N(0, std²).

    Raises: ValueError unless std >= 0.
    """
    std = check_number("normal", "std", std, at_least=0)

    def initializer(n_in: int, n_out: int, rng: np.random.Generator, dtype: np.dtype) -> np.ndarray:
        return _normal("normal", n_in, n_out, lambda *_: std**2, rng, dtype)

    return initializer


def uniform(limit: float) -> Initializer:
    """Return an initializer that draws from the uniform distribution on [−limit, limit).

    Raises: ValueError unless limit >= 0.
    """
    limit = check_number("uniform", "limit", limit, at_least=0)

    def initializer(n_in: int, n_out: int, rng: np.random.Generator, dtype: np.dtype) -> np.ndarray:
        return _uniform("uniform", n_in, n_out, lambda *_: limit**2 / 3, rng, dtype)

    return initializer


def he_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 2 / n_in): keeps the mean square of signals through ReLU layers.

    Source: He et al., 2015.
    """
    return _normal("he_normal", n_in, n_out, lambda n_in, n_out: 2 / n_in, rng, dtype)


def he_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±√(6 / n_in), which has variance 2 / n_in as `he_normal` has.

    Source: He et al., 2015.
    """
    return _uniform("he_uniform", n_in, n_out, lambda n_in, n_out: 2 / n_in, rng, dtype)


def xavier_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 2 / (n_in + n_out)): a compromise for forward and backward signals through tanh.

    Source: Glorot and Bengio, 2010.
    """
    return _normal("xavier_normal", n_in, n_out, lambda n_in, n_out: 2 / (n_in + n_out), rng, dtype)


def xavier_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±√(6 / (n_in + n_out)), with the variance of `xavier_normal`.

    Source: Glorot and Bengio, 2010.
    """
    return _uniform("xavier_uniform", n_in, n_out, lambda n_in, n_out: 2 / (n_in + n_out), rng, dtype)


def lecun_normal(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw from N(0, 1 / n_in): keeps the variance of signals through linear and SELU layers.

    Source: LeCun et al., 1998.
    """
    return _normal("lecun_normal", n_in, n_out, lambda n_in, n_out: 1 / n_in, rng, dtype)


def torch_uniform(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Draw uniformly from ±1 / √n_in, as PyTorch's `nn.Linear` does for its weights.

    The variance is 1 / (3 n_in), a sixth of `he_normal`'s.
    """
    return _uniform("torch_uniform", n_in, n_out, lambda n_in, n_out: 1 / (3 * n_in), rng, dtype)


def zeros(n_in: int, n_out: int, rng: np.random.Generator, dtype=np.float64) -> np.ndarray:
    """Return zeros: right for biases; as weights they make all hidden units equal for ever."""
    return np.zeros(_shape("zeros", n_in, n_out), check_dtype("zeros", dtype))


def _shape(who: str, n_in: int, n_out: int) -> tuple[int, int]:
    return check_count(who, "n_in", n_in), check_count(who, "n_out", n_out)


def _normal(who: str, n_in: int, n_out: int, variance: Scale, rng: np.random.Generator, dtype) -> np.ndarray:
    shape = _shape(who, n_in, n_out)
    draw = check_rng(who, rng).standard_normal(shape)
    return (np.sqrt(variance(*shape)) * draw).astype(check_dtype(who, dtype))


def _uniform(who: str, n_in: int, n_out: int, variance: Scale, rng: np.random.Generator, dtype) -> np.ndarray:
    shape = _shape(who, n_in, n_out)
    draw = check_rng(who, rng).uniform(-1, 1, shape)
    return (np.sqrt(3 * variance(*shape)) * draw).astype(check_dtype(who, dtype))
