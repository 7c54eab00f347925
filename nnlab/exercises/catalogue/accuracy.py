"""The exercise `accuracy`: the share of right answers."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, extreme, one_hot, probabilities, targets


@exercise(
    notebook=2,
    order=6,
    returns="accuracy",
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2]]), one_hot([0, 1, 1], 2)),
        example(
            np.array([[0.4, 0.3, 0.3], [0.1, 0.45, 0.45 - 1e-3], [0.2, 0.35, 0.45], [0.9, 0.05, 0.05]]),
            one_hot([1, 1, 2, 2], 3),
            label="four samples of three classes",
        ),
        extreme("a single sample", np.array([[0.2, 0.7, 0.1]]), one_hot([1], 3)),
        extreme(
            "three samples of three classes, two of them right",
            np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.6, 0.25, 0.15]]),
            one_hot([0, 1, 2], 3),
        ),
        extreme(
            "three samples of three classes, all of them right",
            np.array([[0.1, 0.2, 0.7], [0.2, 0.7, 0.1], [0.6, 0.25, 0.15]]),
            one_hot([2, 1, 0], 3),
        ),
        extreme("probabilities of 0 and 1", one_hot([0, 1, 1, 2], 3), one_hot([0, 0, 1, 1], 3)),
    ),
    hints=(
        "The predicted class is the one with the largest probability, and Y marks the right one with a 1.",
        "`argmax` along the classes gives the class of each row, both for Y_hat and for Y.",
        "Compare the two arrays of classes with `==`. The mean of the comparison is the accuracy, since "
        "True counts as 1.",
    ),
    why="The mean of a comparison is the fraction of rows where it holds.",
)
def accuracy(Y_hat, Y):
    """Return the fraction of samples whose most probable class is the right one.

    Y_hat: (m, n) probabilities, Y: (m, n) one-hot -> float in [0, 1].
    """
    return float(np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)))


mistake(
    accuracy,
    "percent-instead-of-fraction",
    "float(np.mean → float(100 * np.mean",
    says="This is a percentage; the exercise asks for a fraction between 0 and 1.",
)
mistake(
    accuracy,
    "labels-broadcast",
    "Y.argmax(axis=1) → Y.argmax(axis=1)[:, None]",
    says="One side of the comparison has shape (m,), the other (m, 1): NumPy stretches both to (m, m) and "
    "compares every sample with every other. Nothing complains, and the result is close to chance.",
)
mistake(
    accuracy,
    "argmax-over-batch-axis",
    "axis=1 → axis=0",
    says="`argmax` runs over axis 0, the samples, and finds, for each class, the sample most likely to "
    "belong to it. The predicted class is the position of the largest entry in each row: axis 1.",
)
mistake(
    accuracy,
    "entries-compared-instead-of-samples",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → (Y_hat > 0.5) == (Y == 1)",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → Y_hat.round() == Y",
    "np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) → np.sum((Y_hat > 0.5) == (Y == 1)) / len(Y)",
    says="Entries are compared one by one, and the many zeros of Y count as hits. With ten classes, a "
    "network that always predicts the same class would seem to be right at least 80 % of the time. "
    "Compare one class per sample.",
)
mistake(
    accuracy,
    "count-instead-of-fraction",
    "np.mean( → np.sum(",
    says="This is the number of hits; divide by the number of samples to get the fraction.",
)
mistake(
    accuracy,
    "error-rate-instead-of-accuracy",
    "== → !=",
    says="This is the fraction of wrong answers; accuracy is the fraction of right ones.",
)
mistake(
    accuracy,
    "probabilities-compared-for-equality",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → np.isclose(Y_hat, Y)",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → Y_hat.max(axis=1) == Y.max(axis=1)",
    says="Probabilities are compared with zeros and ones for equality, which almost never holds. Compare the "
    "classes: the position of the largest entry in each row.",
)
mistake(
    accuracy,
    "threshold-instead-of-argmax",
    "np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) → np.sum((Y_hat > 0.5) * Y) / len(Y)",
    says="A sample counts as right only where the correct class gets more than half of the probability "
    "(through rounding, or a threshold of 0.5). With more than two classes, the largest probability "
    "is often below that.",
)
mistake(
    accuracy,
    "argmax-over-whole-array",
    ".argmax(axis=1) → .argmax()",
    "Y_hat.argmax(axis=1) → Y_hat.argmax()",
    "Y.argmax(axis=1) → Y.argmax()",
    says="`argmax` without an axis treats the whole table as one long list and gives a single position. "
    "The class of each sample is the position of the largest entry in its row.",
)
mistake(
    accuracy,
    "argmin-instead-of-argmax",
    "Y_hat.argmax → Y_hat.argmin",
    says="The class with the smallest probability is taken for the prediction.",
)
mistake(
    accuracy,
    "all-or-nothing",
    "np.mean( → np.all(",
    says="This is 1 only where every sample is right, and 0 otherwise. `np.all` does that, and so does "
    "`//`, which discards the fraction. Accuracy is the fraction of samples that are classified "
    "correctly.",
)
mistake(
    accuracy,
    "mean-probability-instead-of-hits",
    "np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) → np.sum(Y * Y_hat) / len(Y)",
    says="This is the mean probability of the correct class. Accuracy only asks whether that class is the "
    "most probable one, not by how much.",
)
mistake(
    accuracy,
    "divided-by-classes",
    "np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) → np.sum(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) / "
    "Y.size",
    "np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) → "
    "np.sum(Y_hat.argmax(axis=1) == Y.argmax(axis=1)) / Y.shape[1]",
    says="The hits are divided by a number that involves the classes (`Y.size`, `Y.shape[1]`). The number "
    "of samples is the number of rows, `len(Y)`.",
)
mistake(
    accuracy,
    "only-first-sample",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → Y_hat[0].argmax() == Y[0].argmax()",
    says="Only the first sample counts: a `return` inside the loop ends it on the first pass. Count the "
    "hits in the loop and divide after it.",
)
mistake(
    accuracy,
    "result-rounded",
    "Y.argmax(axis=1)) → Y.argmax(axis=1)).round(2)",
    "Y.argmax(axis=1)) → Y.argmax(axis=1)).round(3)",
    "Y.argmax(axis=1)) → Y.argmax(axis=1)).round(4)",
    "Y.argmax(axis=1)) → Y.argmax(axis=1)).round(1)",
    says="The fraction is right but rounded. Round only when you print: further computation needs all the "
    "digits.",
)
mistake(
    accuracy,
    "hits-per-sample",
    "float(np.mean(Y_hat.argmax(axis=1) == Y.argmax(axis=1))) → Y_hat.argmax(axis=1) == Y.argmax(axis=1)",
    says="You return one value per sample, right or wrong; the mean over the samples is missing.",
)
