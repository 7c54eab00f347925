"""The exercise `linear`: the output of a linear layer."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example


@exercise(
    notebook=2,
    order=2,
    returns="Z",
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_x)),
        rng.normal(size=(s.n_x, s.n_y)),
        rng.normal(size=s.n_y),
    ),
    probes=(
        example(
            np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [2.0, 5.0]]), np.array([10.0, 20.0])
        ),
    ),
    hints=(
        "Each output is a weighted sum of a sample's inputs, plus a bias.",
        "All weighted sums of all samples at once are one matrix product; look at how (m, n_in) and (n_in, "
        "n_out) meet.",
        "`@` is the matrix product, and adding `b` of shape (n_out,) adds it to every row.",
    ),
    why="One matrix product does all samples and all units; NumPy adds the bias to every row by "
    "broadcasting.",
)
def linear(X, W, b):
    """Return the output of a linear layer.

    X: (m, n_in), W: (n_in, n_out), b: (n_out,) -> (m, n_out).
    """
    return X @ W + b


mistake(
    linear,
    "bias-omitted",
    " + b → ",
    says="The bias is missing. Without it every unit's boundary passes through the origin, wherever the data "
    "lie.",
)
mistake(
    linear,
    "elementwise-instead-of-matmul",
    "X @ W → X * W",
    "X @ W → (X * W).sum(axis=1, keepdims=True)",
    says="`*` multiplies entry by entry; the weighted sums of a layer are the matrix product `@`.",
)
mistake(
    linear,
    "bias-sign-flipped",
    "+ b → - b",
    says="The bias is subtracted. Training would learn the opposite bias and hide the slip, but any weights "
    "taken from elsewhere would give other outputs.",
)
mistake(
    linear,
    "weights-transposed",
    "X @ W → X @ W.T",
    says="The product is taken with the transpose of W. Here W is (n_in, n_out), so that `X @ W` fits as it "
    "is.",
)
mistake(
    linear,
    "activation-added",
    "return X @ W + b → return np.tanh(X @ W + b)",
    "return X @ W + b → return np.maximum(X @ W + b, 0)",
    "return X @ W + b → return 1 / (1 + np.exp(-(X @ W + b)))",
    says="An activation is applied to the result. This layer is the linear part alone; the activation comes "
    "after it, so that the output layer can do without.",
)
