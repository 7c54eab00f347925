"""The exercise `cross_entropy_from_scores`: the mean loss by log-sum-exp."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example, extreme


def far_off(f: Function, scores: np.ndarray, y: np.ndarray) -> dict[str, bool]:
    """Return whether the loss is finite, and huge, where the label's probability is stored as 0."""
    loss = float(f(scores, y))
    return {"finite": bool(np.isfinite(loss)), "of the order of a million": bool(abs(loss) > 1e5)}


@exercise(
    notebook=5,
    order=4,
    returns="loss",
    words={
        "finite": "The loss should be finite, but it is NaN or infinite.",
        "of the order of a million": "The loss should be of the order of a million here.",
    },
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_y)), rng.integers(0, s.n_y, size=s.m)),
    probes=(
        example(np.array([[1.0, 2.0], [0.0, 3.0], [2.0, 2.0]]), np.array([0, 1, 1])),
        extreme("scores of 1000", np.array([[1000.0, 999.0, 998.0], [1.0, 2.0, 3.0]]), np.array([1, 2])),
        extreme("scores of -1000", np.array([[-1000.0, -1001.0, -999.0], [1.0, 2.0, 3.0]]), np.array([2, 0])),
        extreme(
            "scores of 1000 in one row, -1000 in another",
            np.array([[1000.0, 999.0], [-1000.0, -999.0]]),
            np.array([0, 1]),
        ),
        extreme(
            "scores of 1000 in every row", np.array([[1000.0, 999.0], [999.5, 1000.5]]), np.array([1, 1])
        ),
        extreme(
            "scores of 1000 and -1000 in the same row",
            np.array([[1000.0, -1000.0, 0.0], [-1000.0, 999.0, 1000.0]]),
            np.array([0, 1]),
        ),
        extreme("a single sample", np.array([[0.5, -1.0, 2.0]]), np.array([1])),
        extreme(
            "a score of a million for a wrong class",
            np.array([[1e6, 0.0, -1000.0], [0.5, 1e6, 0.0]]),
            np.array([1, 0]),
            observe=far_off,
        ),
        extreme(
            "a score of minus a million for the right class",
            np.array([[0.0, -1e6], [1.0, 2.0]]),
            np.array([1, 1]),
            observe=far_off,
        ),
    ),
    hints=(
        "The logarithm of a softmax simplifies: the exponential of the label's score and the logarithm "
        "cancel.",
        "A sample's loss is the logarithm of the sum of all exponentials, minus the label's score. Before "
        "the exponential, subtract the row's largest score from all its scores: it cancels in the result.",
        "Shift first, and use the shifted scores in both parts. `np.arange(m)` and y, used together as an "
        "index, pick one score per row. The mean comes last.",
    ),
    why="After the shift the largest exponent is 0, so the sum lies between 1 and n: neither exp nor log can "
    "leave the range of floats, and no probability of 0 is ever formed.",
)
def cross_entropy_from_scores(scores, y):
    """Return the mean cross-entropy of the batch, in nats, without forming probabilities.

    mean_i (log sum_j exp(s_ij) - s_i,y_i); scores: (m, n), y: (m,) integer labels -> float.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(shifted).sum(axis=1))
    picked = shifted[np.arange(len(y)), y]
    return float(np.mean(log_sums - picked))


mistake(
    cross_entropy_from_scores,
    "softmax-without-shift",
    "scores - scores.max(axis=1, keepdims=True) → scores",
    says="The formula is right, but exp overflows for large scores (exp(1000) is infinite), and for very "
    "negative ones all exponentials are 0. The loss becomes infinite or NaN exactly when the network "
    "is confident. The same number may be subtracted from all scores of a row: which one keeps exp in "
    "range?",
)
mistake(
    cross_entropy_from_scores,
    "softmax-shifted-globally",
    "scores.max(axis=1, keepdims=True) → scores.max()",
    says="The maximum of the whole array is subtracted. A row whose scores lie far below it becomes "
    "exp(-2000) = 0 throughout, and the logarithm of 0 is infinite. Each row has a maximum of its own.",
)
mistake(
    cross_entropy_from_scores,
    "shift-not-undone",
    "picked = shifted[ → picked = scores[",
    "np.exp(shifted) → np.exp(scores)",
    says="The two parts of the loss are shifted differently: one uses the scores, the other the scores minus "
    "the row's maximum. The shift only cancels if both have it; as it stands the loss can even be negative.",
)
mistake(
    cross_entropy_from_scores,
    "shift-by-column",
    "scores.max(axis=1, keepdims=True) → scores.max(axis=0)",
    says="The maximum of each column is subtracted. Only a number that is the same for all scores of a row "
    "cancels.",
)
mistake(
    cross_entropy_from_scores,
    "log-of-zero",
    "log_sums - picked → -np.log(np.exp(picked) / np.exp(log_sums))",
    says="Probabilities are formed first, and the logarithm taken of them. A probability below about "
    "1e-323 underflows to 0, and log(0) is infinite. Simplify the formula first: exp and log cancel "
    "before anything can be lost.",
)
mistake(
    cross_entropy_from_scores,
    "probabilities-clipped",
    "log_sums - picked → -np.log(np.maximum(np.exp(picked - log_sums), 1e-12))",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-9)",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-8)",
    "log_sums - picked → -np.log(np.exp(picked - log_sums) + 1e-7)",
    says="The probabilities are kept away from 0 by clipping or by a small number, so the loss is finite "
    "but wrong for large scores: it cannot exceed about 28 (for 1e-12) where it should be 1000, and "
    "beyond that it is flat, so the worst errors have no gradient. From the scores the loss can be "
    "computed exactly.",
)
mistake(
    cross_entropy_from_scores,
    "softmax-before-cross-entropy",
    "shifted = scores - scores.max(axis=1, keepdims=True) → "
    "shifted = np.exp(scores - scores.max(axis=1, keepdims=True))\n"
    "    shifted = shifted / shifted.sum(axis=1, keepdims=True)",
    says="A softmax is applied to the scores, and then the loss applies another one. Probabilities lie "
    "between 0 and 1, so the second softmax can never be confident: the loss does not get near 0, and "
    "training is slow.",
)
mistake(
    cross_entropy_from_scores,
    "softmax-over-batch-axis",
    "np.exp(shifted).sum(axis=1) → np.exp(shifted).sum(axis=0)[y]",
    "np.log(np.exp(shifted).sum(axis=1)) → np.log(np.exp(shifted).sum(axis=0))",
    (
        "np.log(np.exp(shifted).sum(axis=1)) → np.log(np.exp(shifted).sum(axis=0))[y]",
        "scores.max(axis=1, keepdims=True) → scores.max(axis=0, keepdims=True)",
    ),
    says="The exponentials are summed over axis 0, the samples. It is the classes of one sample that "
    "compete, along its row.",
)
mistake(
    cross_entropy_from_scores,
    "loss-summed",
    "np.mean( → np.sum(",
    says="The loss is summed over the batch, not averaged. It grows with the batch, and so do its gradients: "
    "the learning rate that suits 10 samples blows up with 1000.",
)
mistake(
    cross_entropy_from_scores,
    "loss-averaged-over-classes",
    "float(np.mean(log_sums - picked)) → float(np.sum(log_sums - picked) / scores.size)",
    says="The loss is divided by the number of all scores, m times n. The sum over the classes is one "
    "sample's loss; only the samples are averaged.",
)
mistake(
    cross_entropy_from_scores,
    "loss-sign-flipped",
    "log_sums - picked → picked - log_sums",
    says="The sign is reversed: this is the logarithm of the correct class's probability, which is never "
    "positive. A loss is never negative; descending this one drives the correct class's probability "
    "to zero.",
)
mistake(
    cross_entropy_from_scores,
    "loss-per-sample",
    "float(np.mean(log_sums - picked)) → log_sums - picked",
    "float(np.mean(log_sums - picked)) → (log_sums - picked)[:, None]",
    says="You return one loss per sample; the mean over the batch is missing. Training needs a single "
    "number to descend on.",
)
mistake(
    cross_entropy_from_scores,
    "wrong-log-base",
    "np.log( → np.log2(",
    "np.log( → np.log10(",
    "log_sums - picked → (log_sums - picked) / np.log(2)",
    says="The logarithm has a base other than e. Only the natural logarithm undoes `np.exp`; with another "
    "one the two parts of the loss do not fit together (or the loss comes out in other units).",
)
mistake(
    cross_entropy_from_scores,
    "logarithm-missing",
    "np.log(np.exp(shifted).sum(axis=1)) → np.exp(shifted).sum(axis=1)",
    "np.log(np.exp(shifted).sum(axis=1)) → shifted.sum(axis=1)",
    says="A step between the scores and their sum is missing: exponential, sum over the classes, logarithm, "
    "in this order. What is left is no loss, and its smallest value lies somewhere else.",
)
mistake(
    cross_entropy_from_scores,
    "labels-not-used",
    "log_sums - picked → log_sums",
    "log_sums - picked → log_sums + scores.max(axis=1)",
    "log_sums - picked → log_sums[:, None] - shifted",
    says="The labels are not used. Either the label's score is missing, or the largest score of the row is "
    "used instead: that makes the network more confident in whatever it already predicts.",
)
mistake(
    cross_entropy_from_scores,
    "labels-broadcast",
    "shifted[np.arange(len(y)), y] → shifted[:, y]",
    says="`scores[:, y]` picks, for every row, the columns of all labels, which makes an (m, m) array, and "
    "the mean hides it. Each row needs one score only, that of its own label: row indices and labels "
    "have to be paired.",
)
mistake(
    cross_entropy_from_scores,
    "labels-used-as-weights",
    "shifted[np.arange(len(y)), y] → (shifted * y[:, None]).sum(axis=1)",
    "float(np.mean(log_sums - picked)) → -np.sum(y[:, None] * (shifted - log_sums[:, None])) / len(y)",
    "float(np.mean(log_sums - picked)) → -np.sum(y * (shifted - log_sums[:, None])) / len(y)",
    "float(np.mean(log_sums - picked)) → -np.mean(y * np.log(scores))",
    says="The scores are multiplied by y as if it were one-hot. Here y holds class numbers: class 0 would "
    "never count, and class 3 three times.",
)
mistake(
    cross_entropy_from_scores,
    "labels-counted-from-one",
    "np.arange(len(y)), y] → np.arange(len(y)), y - 1]",
    says="The score next to the label's is taken. Classes are counted from 0 here, as Python counts; and "
    "-1 would silently take the last one.",
)
mistake(
    cross_entropy_from_scores,
    "divided-by-classes",
    "float(np.mean(log_sums - picked)) → float(np.sum(log_sums - picked) / scores.shape[1])",
    says="The sum is divided by the number of classes, the second axis. The mean runs over the samples, "
    "which are the rows.",
)
mistake(
    cross_entropy_from_scores,
    "only-first-sample",
    "np.mean(log_sums - picked) → (log_sums - picked)[0]",
    "np.mean(log_sums - picked) → (log_sums - picked)[-1]",
    says="This is the loss of one sample alone, the first or the last. Look for an index `[0]`, a `return` "
    "inside the loop, or `=` where `+=` is meant.",
)
mistake(
    cross_entropy_from_scores,
    "shifted-by-mean-or-minimum",
    "scores.max( → scores.mean(",
    "scores.max( → scores.min(",
    says="Each row is shifted, but not by its maximum. Shifted by the mean or the minimum, the largest "
    "exponent still grows with the spread of the row, and exp overflows all the same.",
)
mistake(
    cross_entropy_from_scores,
    "shifted-by-a-fixed-number",
    "scores.max(axis=1, keepdims=True) → 1000",
    "scores.max(axis=1, keepdims=True) → 500",
    says="A fixed number is subtracted, whatever the scores are. It suits scores of about that size; for "
    "all others the exponentials vanish or overflow. The shift has to come from the row.",
)
mistake(
    cross_entropy_from_scores,
    "scores-clipped",
    "scores - scores.max(axis=1, keepdims=True) → np.clip(scores, -500, 500)",
    "scores - scores.max(axis=1, keepdims=True) → np.minimum(scores, 500)",
    says="The scores are clipped to a range in which exp does not overflow. Scores beyond it all become "
    "equal, and the loss is wrong just where it should be large. Subtracting the row's maximum keeps their "
    "differences.",
)
mistake(
    cross_entropy_from_scores,
    "probability-instead-of-loss",
    "log_sums - picked → np.exp(picked - log_sums)",
    "log_sums - picked → 1 - np.exp(picked - log_sums)",
    "log_sums - picked → -np.exp(picked - log_sums)",
    says="This is the mean probability of the correct class (or its negative, or 1 minus it). The loss is "
    "minus its logarithm: without it, the gradient vanishes where the network is most wrong.",
)
mistake(
    cross_entropy_from_scores,
    "squared-error",
    "float(np.mean(log_sums - picked)) → "
    "float(np.mean((np.exp(shifted - log_sums[:, None]) - np.eye(scores.shape[1])[y]) ** 2))",
    "float(np.mean(log_sums - picked)) → "
    "float(np.sum((np.exp(shifted - log_sums[:, None]) - np.eye(scores.shape[1])[y]) ** 2) / len(y))",
    "float(np.mean(log_sums - picked)) → float(np.mean((scores - np.eye(scores.shape[1])[y]) ** 2))",
    says="This is the squared error. After a softmax its gradient nearly vanishes where the network is "
    "confident in a wrong class; the cross-entropy grows without bound there.",
)
mistake(
    cross_entropy_from_scores,
    "exponential-missing",
    "np.log(np.exp(shifted).sum(axis=1)) → np.log(np.abs(scores.sum(axis=1)))",
    "float(np.mean(log_sums - picked)) → -np.mean(scores[np.arange(len(y)), y])",
    "float(np.mean(log_sums - picked)) → -np.mean(np.log(scores[np.arange(len(y)), y]))",
    says="The scores are taken for probabilities, or for their logarithms: the label's score is never "
    "compared with those of the other classes. The sum over the classes is a sum of exponentials.",
)
mistake(
    cross_entropy_from_scores,
    "hinge-loss",
    "float(np.mean(log_sums - picked)) → float(np.mean(np.sum(np.maximum(0, shifted - picked[:, None] + 1), "
    "axis=1) - 1))",
    says="This is the hinge loss of a support vector machine. It stops at a margin of 1; the cross-entropy "
    "compares exponentials and never does.",
)
