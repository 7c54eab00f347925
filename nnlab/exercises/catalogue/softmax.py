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
        extreme(
            "scores of 1000 and -1000 in the same row",
            np.array([[1000.0, -1000.0, 0.0], [-1000.0, 999.0, 1000.0]]),
        ),
        extreme("a single sample", np.array([[0.5, -1.0, 2.0]])),
    ),
    hints=(
        "Make every score positive with the exponential, then make every row add up to 1.",
        "exp(1000) is infinite. Adding the same number to all scores of a row changes nothing in the result; "
        "which number makes the largest exponent 0?",
        "Three lines: subtract each row's maximum, take `np.exp`, divide by each row's sum. "
        "`keepdims=True` keeps the maximum and the sum as columns, so they line up with the rows.",
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
    says="The sum runs over the whole array, so all samples together share a probability of 1. Each row "
    "must sum to 1 by itself: sum over axis 1.",
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
    says="This is the sigmoid, which treats every class by itself: the rows do not sum to 1, and raising "
    "one class's score does not lower the others.",
)
mistake(
    softmax,
    "keepdims-missing",
    "powers.sum(axis=1, keepdims=True) → powers.sum(axis=1)",
    "scores.max(axis=1, keepdims=True) → scores.max(axis=1)",
    "axis=1, keepdims=True → axis=1",
    says="Without `keepdims=True` the sum (or the maximum) over axis 1 has shape (m,), which NumPy lines "
    "up with the columns, not with the rows. For m = n nothing complains, and the numbers are wrong.",
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
    says="The rows do not add up to 1: divide the exponentials by their sum over the row.",
)
mistake(
    softmax,
    "shifted-by-mean-or-minimum",
    "scores.max( → scores.mean(",
    "scores.max( → scores.min(",
    says="Each row is shifted, but not by its maximum. Shifted by the mean or the minimum, the largest "
    "exponent still grows with the spread of the row: for 1000 and -1000 in one row exp overflows all the "
    "same.",
)
mistake(
    softmax,
    "shifted-by-a-fixed-number",
    "scores.max(axis=1, keepdims=True) → 1000",
    "scores.max(axis=1, keepdims=True) → 500",
    says="A fixed number is subtracted, whatever the scores are. It suits scores of about that size; for "
    "all others the exponentials vanish or overflow, and 0/0 or inf/inf is NaN. The shift has to come from "
    "the row.",
)
mistake(
    softmax,
    "shift-in-one-part-only",
    "powers.sum( → np.exp(scores).sum(",
    "return powers → return np.exp(scores)",
    says="Only one part of the fraction uses the shifted scores. The shift cancels when both the numerator "
    "and the sum have it; as it stands the rows do not sum to 1.",
)
mistake(
    softmax,
    "softmax-twice",
    "return powers → scores = powers / powers.sum(axis=1, keepdims=True)\n"
    "    powers = np.exp(scores - scores.max(axis=1, keepdims=True))\n    return powers",
    says="Softmax is applied twice. The first one leaves numbers between 0 and 1, so the second can never "
    "be confident: all classes come out almost equally probable.",
)
mistake(
    softmax,
    "scores-clipped",
    "scores - scores.max(axis=1, keepdims=True) → np.clip(scores, -500, 500)",
    "scores - scores.max(axis=1, keepdims=True) → np.minimum(scores, 500)",
    says="The scores are clipped to a range in which exp does not overflow. Scores beyond it all become "
    "equal, so 1000 and 999 get the same probability. Subtracting the row's maximum keeps their differences.",
)
mistake(
    softmax,
    "overflow-hidden",
    (
        "scores - scores.max(axis=1, keepdims=True) → scores",
        "return powers / powers.sum(axis=1, keepdims=True) "
        "→ return np.nan_to_num(powers / powers.sum(axis=1, keepdims=True))",
    ),
    says="exp overflows, and the NaNs that it leaves are replaced by 0. The result is finite and wrong: "
    "the class with the largest score gets probability 0. Avoid the overflow instead of hiding it.",
)
mistake(
    softmax,
    "exponent-sign-flipped",
    "np.exp(shifted) → np.exp(-shifted)",
    "np.exp(shifted) → np.exp(-scores)",
    "np.exp(shifted) → np.exp(scores.min(axis=1, keepdims=True) - scores)",
    says="The exponent has the wrong sign, so the largest score gets the smallest probability. exp(-s) "
    "belongs to the sigmoid.",
)
mistake(
    softmax,
    "wrong-base",
    "np.exp(shifted) → np.exp2(shifted)",
    "np.exp(shifted) → 10.0**shifted",
    says="The powers are those of a base other than e. They still add up to 1, but the gradient of the "
    "loss is simple only for e.",
)
mistake(
    softmax,
    "wrong-divisor",
    "powers.sum(axis=1, → powers.mean(axis=1,",
    " / powers.sum(axis=1, keepdims=True) → / len(scores)",
    " / powers.sum(axis=1, keepdims=True) → / scores.shape[1]",
    " / powers.sum(axis=1, keepdims=True) → / np.linalg.norm(powers, axis=1, keepdims=True)",
    says="The exponentials are divided by something other than their sum over the row (their mean, their "
    "length as a vector, a count). The probabilities of a row sum to 1.",
)
mistake(
    softmax,
    "hard-maximum",
    "powers / powers.sum(axis=1, keepdims=True) → (shifted == 0) * 1.0",
    says="The largest score of a row gets 1 and all others 0. Softmax is the soft version: every class "
    "keeps some probability, and without that there is no gradient to learn from.",
)
