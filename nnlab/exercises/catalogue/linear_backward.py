"""The exercise `linear_backward`: a linear layer's gradients."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example


@exercise(
    notebook=4,
    order=3,
    returns="dX, dW, db",
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_y)),
        rng.normal(size=(s.m, s.n_x)),
        rng.normal(size=(s.n_x, s.n_y)),
    ),
    probes=(
        example(
            np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]),
            np.array([[1.0], [2.0], [3.0]]),
            np.array([[1.0, -1.0]]),
        ),
        example(
            np.array([[1.0, 0.0], [2.0, -1.0]]),
            np.array([[1.0, 2.0], [3.0, 4.0]]),
            np.array([[1.0, -1.0], [0.5, 2.0]]),
            label="two of everything",
        ),
    ),
    hints=(
        "A gradient has the shape of what it is the gradient of: dX that of X, dW that of W, and db has one "
        "entry for each output.",
        "Write the shapes side by side: (m, n_out) and (n_in, n_out) are to give (m, n_in); (m, n_in) and "
        "(m, n_out) are to give (n_in, n_out). The same bias was added to every row.",
        "dX is a product of dZ with W transposed, dW one of X transposed with dZ; db adds up the rows of dZ.",
    ),
    why="The shapes leave no other choice, and the sum over the samples happens inside `X.T @ dZ`; dZ "
    "already carries the 1/m, so nothing is divided again.",
)
def linear_backward(dZ, X, W):
    """Return the gradients of a linear layer Z = X W + b, given the gradient of Z.

    dZ: (m, n_out), X: (m, n_in), W: (n_in, n_out) -> dX: (m, n_in), dW: (n_in, n_out), db: (n_out,).
    """
    dX = dZ @ W.T
    dW = X.T @ dZ
    db = dZ.sum(axis=0)
    return dX, dW, db


mistake(
    linear_backward,
    "double-batch-average",
    ("X.T @ dZ → X.T @ dZ / len(dZ)", "db = dZ.sum(axis=0) → db = dZ.sum(axis=0) / len(dZ)"),
    "X.T @ dZ → X.T @ dZ / len(dZ)",
    (
        "dZ @ W.T → dZ @ W.T / len(dZ)",
        "X.T @ dZ → X.T @ dZ / len(dZ)",
        "db = dZ.sum(axis=0) → db = dZ.sum(axis=0) / len(dZ)",
    ),
    "dZ @ W.T → dZ @ W.T / len(dZ)",
    says="You average over the batch a second time. dZ already carries the 1/m, so the samples only have "
    "to be added up. Every layer that does this divides again, and the layers near the input hardly "
    "learn.",
)
mistake(
    linear_backward,
    "divided-by-outputs",
    ("X.T @ dZ → X.T @ dZ / W.shape[1]", "db = dZ.sum(axis=0) → db = dZ.sum(axis=0) / W.shape[1]"),
    "X.T @ dZ → X.T @ dZ / W.shape[1]",
    says="A gradient is divided by the number of outputs. Nothing is averaged here: dZ already carries the "
    "1/m, and the outputs are kept apart.",
)
mistake(
    linear_backward,
    "weight-gradient-transposed",
    "X.T @ dZ → dZ.T @ X",
    says="dW is transposed: it has the shape (n_out, n_in). A gradient has the shape of its parameter, "
    "here W; otherwise the update cannot subtract it. With a square layer nothing would complain, and "
    "every weight would get another weight's gradient.",
)
mistake(
    linear_backward,
    "input-gradient-transposed",
    "dZ @ W.T → W @ dZ.T",
    says="dX is transposed. Rows are samples in this course, in the gradients as well: dX has the shape of "
    "X.",
)
mistake(
    linear_backward,
    "elementwise-instead-of-matmul",
    "X.T @ dZ → X.T * dZ",
    "X.T @ dZ → X * dZ",
    "dZ @ W.T → dZ * W.T",
    "dZ @ W.T → dZ * W",
    says="`*` multiplies entry by entry. Every weight acts on every sample, and every input on every "
    "output: products are added up, which is the matrix product `@`.",
)
mistake(
    linear_backward,
    "upstream-gradient-dropped",
    ("dZ @ W.T → W.T", "X.T @ dZ → X.T", "dZ.sum(axis=0) → np.ones(W.shape[1])"),
    ("dZ @ W.T → W", "X.T @ dZ → X", "dZ.sum(axis=0) → np.array(1.0)"),
    "dZ @ W.T → W.T",
    "X.T @ dZ → X.T",
    "X.T @ dZ → X",
    "dZ.sum(axis=0) → np.ones(W.shape[1])",
    (
        "dZ @ W.T → np.ones_like(dZ) @ W.T",
        "X.T @ dZ → X.T @ np.ones_like(dZ)",
        "db = dZ.sum → db = np.ones_like(dZ).sum",
    ),
    "X.T @ dZ → X.T @ np.ones_like(dZ)",
    "db = dZ.sum → db = np.ones_like(dZ).sum",
    says="This is the layer's own derivative alone. The chain rule multiplies it by dZ, the gradient that "
    "comes from above: without it the layer never learns what the loss asks for, and changes the same "
    "way whatever the targets are. Look for a result that does not contain dZ.",
)
mistake(
    linear_backward,
    "bias-gradient-not-summed",
    "db = dZ.sum(axis=0) → db = dZ",
    says="db has a row for each sample. The bias is one vector that enters every row, so every row "
    "contributes to its gradient, and the contributions add up to one entry for each output. As it "
    "stands, an update would fail, or turn the bias into a matrix.",
)
mistake(
    linear_backward,
    "bias-gradient-wrong-axis",
    "axis=0 → axis=1",
    "sum(axis=0) → sum(axis=1, keepdims=True)",
    says="db is summed over the wrong axis: it has an entry for each sample, where there should be one for "
    "each output. In this course rows are samples, and the sum over the samples leaves the outputs.",
)
mistake(
    linear_backward,
    "bias-gradient-summed-over-all",
    "dZ.sum(axis=0) → dZ.sum()",
    says="db is a single number, the sum of all entries of dZ. Each output has its own bias and needs its "
    "own gradient; as it stands, all biases of the layer move together forever.",
)
mistake(
    linear_backward,
    "bias-gradient-keeps-dims",
    "axis=0 → axis=0, keepdims=True",
    "db = dZ.sum(axis=0) → db = dZ.sum(axis=0).reshape(-1, 1)",
    says="The values of db are right, but it has two axes, and the bias is (n_out,). An update that makes "
    "a new array would give the bias an extra axis, and the next in-place one then fails, or worse, "
    "broadcasts.",
)
mistake(
    linear_backward,
    "bias-gradient-averaged",
    "dZ.sum( → dZ.mean(",
    says="db is a mean over the samples. dZ already carries the 1/m, so this divides twice: the biases "
    "learn m times more slowly than the weights beside them.",
)
mistake(
    linear_backward,
    "gradient-sign-flipped",
    ("dZ @ W.T → -dZ @ W.T", "X.T @ dZ → -X.T @ dZ", "db = dZ.sum → db = -dZ.sum"),
    "dZ @ W.T → -dZ @ W.T",
    "X.T @ dZ → -X.T @ dZ",
    "db = dZ.sum → db = -dZ.sum",
    says="A sign is reversed. The minus of gradient descent belongs in the update, and only there; a "
    "gradient points uphill. With it here, this layer climbs while the others descend.",
)
mistake(
    linear_backward,
    "weights-not-transposed",
    "dZ @ W.T → dZ @ W",
    "dZ @ W.T → W @ dZ",
    "dZ @ W.T → W.T @ dZ",
    says="For dX, the shapes of dZ, (m, n_out), and of W, (n_in, n_out), do not fit this way. Going "
    "forward, the product leads from n_in to n_out; going back, from n_out to n_in. In a square layer "
    "nothing would complain, and every unit would get another unit's gradient.",
)
mistake(
    linear_backward,
    "inputs-not-transposed",
    "X.T @ dZ → X @ dZ",
    "X.T @ dZ → dZ @ X",
    "X.T @ dZ → dZ @ X.T",
    says="For dW, the shapes of X, (m, n_in), and of dZ, (m, n_out), do not fit this way. The sum has to "
    "run over the samples, so m must be the inner axis of the product and disappear.",
)
mistake(
    linear_backward,
    "results-in-other-order",
    "return dX, dW, db → return db, dW, dX",
    "return dX, dW, db → return dW, dX, db",
    "return dX, dW, db → return dW, db, dX",
    "return dX, dW, db → return dX, db, dW",
    says="The three gradients are all there, but in a different order. The caller unpacks them as `dX, dW, "
    "db`.",
)
mistake(
    linear_backward,
    "gradient-overwritten",
    ("X.T @ dZ → np.outer(X[-1], dZ[-1])", "db = dZ.sum(axis=0) → db = dZ[-1]"),
    "X.T @ dZ → np.outer(X[-1], dZ[-1])",
    "db = dZ.sum(axis=0) → db = dZ[-1]",
    says="Only the last sample counts: inside the loop its contribution replaces the earlier ones (`=`). "
    "The contributions of all samples have to be added up (`+=`).",
)
mistake(
    linear_backward,
    "only-first-sample",
    ("X.T @ dZ → np.outer(X[0], dZ[0])", "db = dZ.sum(axis=0) → db = dZ[0]"),
    "X.T @ dZ → np.outer(X[0], dZ[0])",
    "db = dZ.sum(axis=0) → db = dZ[0]",
    says="Only the first sample counts, by an index `[0]` or by a loop that ends too early. The "
    "contributions of all samples have to be added up.",
)
