"""Sequences, states and recurrent weights for the probes of lessons 14 and 15."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlab.exercises.checking.probes import Probe, SequenceSizes

Inputs = Callable[[np.random.Generator, SequenceSizes], tuple]

# No two sizes of a probe stand for each other, but where all are 2 and no shape gives a mistake away.
FOUR_STEPS = SequenceSizes(m=3, T=4, n_x=2, n_h=5)
SIX_STEPS = SequenceSizes(m=4, T=6, n_x=3, n_h=2)
TWO_OF_ALL = SequenceSizes(m=2, T=2, n_x=2, n_h=2)
ONE_STEP = SequenceSizes(m=3, T=1, n_x=2, n_h=4)
ONE_SEQUENCE = SequenceSizes(m=1, T=3, n_x=1, n_h=2)
# for a single step
FIVE_UNITS = SequenceSizes(m=3, T=1, n_x=2, n_h=5)
TWO_UNITS = SequenceSizes(m=5, T=1, n_x=3, n_h=2)


def described(s: SequenceSizes, sequences: bool) -> str:
    """Return the sizes of a probe in words; for a single step there are rows."""

    def counted(n: int, thing: str) -> str:
        return f"{n} {thing}{'s' * (n > 1)}"

    rows = f"{counted(s.m, 'sequence')} of {counted(s.T, 'step')}" if sequences else counted(s.m, "row")
    return f"{rows}, {counted(s.n_x, 'input')}, {counted(s.n_h, 'hidden unit')}"


def recurrent(kind: str, s: SequenceSizes, seed: int, inputs: Inputs) -> Probe:
    """Return a probe of these sizes; in one for "bias" the biases are 0."""
    *rest, params = inputs(np.random.default_rng(seed), s)
    if kind == "bias":
        params = {key: 0 * value if key in "bc" else value for key, value in params.items()}
    return Probe(described(s, rest[0].ndim == 3), (*rest, params), kind, sizes=s)


def weights(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return weights so small that tanh keeps some slope."""
    return rng.uniform(-1, 1, size=shape) * 1.2 / np.sqrt(shape[0])


def biases(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return biases of both signs, none of them near 0."""
    return rng.uniform(0.2, 0.7, size=n) * rng.choice([-1, 1], size=n)


def rnn(rng: np.random.Generator, s: SequenceSizes) -> tuple:
    """Return X, h0 and params."""
    params = {"Wx": weights(rng, (s.n_x, s.n_h)), "Wh": weights(rng, (s.n_h, s.n_h)), "b": biases(rng, s.n_h)}
    return rng.normal(size=(s.m, s.T, s.n_x)), rng.uniform(-0.9, 0.9, size=(s.m, s.n_h)), params


def gated(n_gates: int, *names: str) -> Inputs:
    """Return what makes x, h, the cell where there is one, and params of that many gates."""

    def inputs(rng: np.random.Generator, s: SequenceSizes) -> tuple:
        n = n_gates * s.n_h
        params = {"W": weights(rng, (s.n_x, n)), "U": weights(rng, (s.n_h, n))}
        params |= {name: biases(rng, n) for name in names}
        x, h = rng.normal(size=(s.m, s.n_x)), rng.uniform(-0.9, 0.9, size=(s.m, s.n_h))
        cell = (rng.normal(size=(s.m, s.n_h)),) if n_gates == 4 else ()
        return (x, h, *cell, params)

    return inputs
