"""The exercise `softmax`: scores into probabilities."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, extreme

SCORES = np.array([[1.0, 2.0], [0.0, 3.0]])


@exercise(
    notebook=2,
    order=3,
    returns="Y_hat",
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_y)),),
    probes=(
        example(SCORES),
        extreme("scores of 1000", np.array([[1000.0, 999.0, 998.0], [1.0, 2.0, 3.0]])),
        extreme("scores of -1000", np.array([[-1000.0, -1001.0, -999.0], [1.0, 2.0, 3.0]])),
        extreme(
            "scores of 1000 in one row, -1000 in another", np.array([[1000.0, 999.0], [-1000.0, -999.0]])
        ),
    ),
    hints=(
        "Make every score positive with the exponential, then make every row add up to 1.",
        "exp(1000) is infinite. Adding the same number to all scores of a row changes nothing in the result; "
        "which number makes the largest exponent 0?",
        "Subtract `scores.max(axis=1, keepdims=True)`, take `np.exp`, and divide by the sum over axis 1, "
        "again with `keepdims=True`.",
    ),
    why="Subtracting each row's maximum changes nothing in the result and keeps every exponent at 0 or "
    "below, where exp cannot overflow.",
)
def softmax(scores):
    """Return each row's scores as probabilities, without overflow.

    exp(s_j) / sum_k exp(s_k); scores: (m, n) -> (m, n), rows sum to 1.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=1, keepdims=True)


mistake(
    softmax,
    "softmax-over-batch-axis",
    "axis=1 → axis=0",
    "powers.sum(axis=1, → powers.sum(axis=0,",
    says="The sum runs over axis 0, the samples: every column adds up to 1 instead of every row. A sample's "
    "probabilities then depend on which other samples are in the batch, and no class competes with another.",
)
mistake(
    softmax,
    "softmax-over-whole-array",
    ".sum(axis=1, keepdims=True) → .sum()",
    says="The sum runs over the whole array, so that all samples together share a probability of 1. Each row "
    "must add up to 1 by itself: sum over axis 1.",
)
mistake(
    softmax,
    "softmax-without-shift",
    "scores - scores.max(axis=1, keepdims=True) → scores",
    says="The formula is right, but exp overflows for large scores (exp(1000) is infinite, and inf/inf is "
    "NaN). Subtract each row's largest score first: the result is the same, and no exponent is above 0.",
)
mistake(
    softmax,
    "softmax-shifted-globally",
    "scores.max(axis=1, keepdims=True) → scores.max()",
    says="The maximum of the whole array is subtracted. A row whose scores lie far below it becomes "
    "exp(-2000) = 0 throughout, and 0/0 is NaN. Subtract each row's own maximum.",
)
mistake(
    softmax,
    "softmax-shifted-per-column",
    "scores.max(axis=1, keepdims=True) → scores.max(axis=0)",
    says="The maximum of each column is subtracted. Only a number that is the same for all scores of a row "
    "cancels; use each row's maximum, `axis=1` with `keepdims=True`.",
)
mistake(
    softmax,
    "sigmoid-instead-of-softmax",
    "return powers / powers.sum(axis=1, keepdims=True) → return 1 / (1 + np.exp(-scores))",
    says="This is the sigmoid, which treats every class by itself: the rows do not add up to 1, and raising "
    "one class's score does not lower the others.",
)
mistake(
    softmax,
    "keepdims-missing",
    "powers.sum(axis=1, keepdims=True) → powers.sum(axis=1)",
    "scores.max(axis=1, keepdims=True) → scores.max(axis=1)",
    "axis=1, keepdims=True → axis=1",
    says="Without `keepdims=True` the sum (or the maximum) over axis 1 has shape (m,), which NumPy lines up "
    "with the columns, not with the rows. For m = n it goes through unnoticed and gives wrong numbers.",
)
mistake(
    softmax,
    "exponential-missing",
    "np.exp(shifted) → scores",
    "np.exp(shifted) → shifted",
    says="The exponential is missing: the scores themselves are divided by their sum. Scores can be "
    "negative, and so would the probabilities be.",
)
mistake(
    softmax,
    "log-softmax",
    "return powers / powers.sum(axis=1, keepdims=True) "
    "→ return shifted - np.log(powers.sum(axis=1, keepdims=True))",
    says="This is the logarithm of the softmax. It is useful inside the loss, but the exercise asks for "
    "probabilities.",
)
mistake(
    softmax,
    "normalization-missing",
    " / powers.sum(axis=1, keepdims=True) → ",
    says="The rows do not add up to 1: the exponentials still have to be divided by their sum over the row.",
)
