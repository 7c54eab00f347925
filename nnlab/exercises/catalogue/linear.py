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
    says="The bias is subtracted. Training would learn the opposite bias and hide the slip, but parameters "
    "loaded from elsewhere would give wrong outputs.",
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
    "return X @ W + b → return np.maximum(X @ W, 0) + b",
    "return X @ W + b → return 1 / (1 + np.exp(-(X @ W + b)))",
    says="An activation is applied to the result. This layer is the linear part alone; the activation "
    "comes after it, so that the output layer can do without one.",
)
mistake(
    linear,
    "bias-added-twice",
    "+ b → + 2 * b",
    says="The bias is added twice. Training would learn half of it and hide the slip, but its gradient is "
    "then off by a factor of 2.",
)
mistake(
    linear,
    "bias-multiplied",
    "+ b → * b",
    says="The weighted sums are multiplied by the bias. It is added: it shifts a unit's boundary, and a "
    "bias of 0 must change nothing.",
)
mistake(
    linear,
    "bias-added-before-the-product",
    "X @ W + b → X @ (W + b)",
    says="The bias is added to the weights, so it is multiplied by the inputs as well. It is added once to "
    "each weighted sum, whatever the inputs are.",
)
mistake(
    linear,
    "one-bias-for-all",
    "+ b → + b.sum()",
    "+ b → + b.mean()",
    "+ b → + b[0]",
    says="All units get the same bias. `b` has one entry for each output; NumPy lines it up with the "
    "columns by itself.",
)
mistake(
    linear,
    "bias-along-samples",
    "+ b → + b[:, None]",
    says="The bias is a column, so NumPy lines it up with the samples. It belongs to the outputs: as a "
    "plain (n_out,) vector it is added to every row.",
)
mistake(
    linear,
    "overwritten-instead-of-added",
    "X @ W + b → X[:, -1:] * W[-1] + b",
    "X @ W + b → X[:, -1:] * W[-1]",
    says="Only the last input counts: inside a loop each product replaces the one before (`=`), but the "
    "products of all inputs have to be added up (`+=`).",
)
mistake(
    linear,
    "bias-added-for-every-input",
    "X @ W + b → X @ W + X.shape[1] * b",
    says="The bias is added once for every input. It belongs outside the loop (or the sum) over the "
    "inputs: one bias for each output.",
)
mistake(
    linear,
    "input-left-out",
    "X @ W → X[:, :-1] @ W[:-1]",
    "X @ W → X[:, 1:] @ W[1:]",
    says="One of the inputs, the first or the last, never counts. Look at where your loop begins and ends: "
    "`range(n)` already stops at n - 1.",
)
mistake(
    linear,
    "sum-averaged",
    "X @ W → X @ W / len(W)",
    "X @ W → X @ W / len(X)",
    "X @ W + b → (X @ W + b) / len(X)",
    "X @ W + b → (X @ W + b) / len(W)",
    says="The weighted sum is divided by a count. A layer only adds up; the averaging happens over the "
    "batch, in the loss.",
)
mistake(
    linear,
    "only-first-sample",
    "X @ W → X[0] @ W",
    "X @ W → X[:1] @ W",
    says="Only the first sample is returned. Either X[0] is used in place of X, or a `return` inside the "
    "loop ends it on the first pass.",
)
