"""The exercise `cross_entropy`: the mean loss of probabilities."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example, extreme, one_hot, probabilities, targets


def of_an_impossible_class(f: Function, Y_hat: np.ndarray, Y: np.ndarray) -> dict[str, bool]:
    """Return what can be said of the loss where the right class has a probability of 0."""
    loss = float(np.asarray(f(Y_hat, Y)))
    return {"finite": bool(np.isfinite(loss)), "large": 1 < loss < 1e6}


@exercise(
    notebook=2,
    order=5,
    returns="loss",
    words={
        "finite": "Where the correct class has a probability of 0, the loss should be finite.",
        "large": "Where the correct class has a probability of 0, the loss should be large.",
    },
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.5, 0.5], [0.2, 0.8]]), one_hot([0, 1], 2)),
        extreme(
            "a probability of 0 for a wrong class",
            np.array([[0.75, 0.25, 0.0], [0.25, 0.5, 0.25]]),
            one_hot([0, 1], 3),
        ),
        extreme(
            "a probability of 0 for the right class",
            np.array([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]]),
            one_hot([0, 1], 3),
            observe=of_an_impossible_class,
        ),
        extreme(
            "a probability of 1e-5 for the right class",
            np.array([[1e-5, 1 - 1e-5], [0.25, 0.75]]),
            one_hot([0, 1], 2),
            rtol=2e-3,
        ),
        extreme("a single sample", np.array([[0.1, 0.7, 0.2]]), one_hot([1], 3)),
    ),
    rtol=1e-6,
    hints=(
        "Only the probability of the correct class counts, and Y is 1 there and 0 elsewhere.",
        "Multiply Y by the logarithm of Y_hat, sum each row, flip the sign, and take the mean over the rows.",
        "np.log(0) is minus infinity: keep the probabilities away from 0 with `np.clip(Y_hat, 1e-12, 1)` "
        "first.",
    ),
    why="Y picks the logarithm of the correct class's probability; the mean over the batch makes losses "
    "of batches of different sizes comparable, and the clipping keeps log finite.",
)
def cross_entropy(Y_hat, Y):
    """Return the mean cross-entropy of the batch, in nats.

    -mean_i sum_j Y_ij log Y_hat_ij; Y_hat: (m, n) probabilities, Y: (m, n) one-hot -> float.
    """
    m = len(Y)
    logs = np.log(np.clip(Y_hat, 1e-12, 1.0))
    return float(-np.sum(Y * logs) / m)


mistake(
    cross_entropy,
    "loss-summed",
    " / m → ",
    says="The loss is summed over the batch, not averaged. Its gradient grows with the batch, so the "
    "learning rate that suits 10 samples blows up with 1000.",
)
mistake(
    cross_entropy,
    "loss-averaged-over-classes",
    "/ m → / Y.size",
    says="The mean is taken over all m × n entries (`np.mean` of the product). The sum over the classes is "
    "one sample's loss; only the samples are averaged. The gradients come out n_classes times too small.",
)
mistake(
    cross_entropy,
    "loss-sign-flipped",
    "float(-np.sum → float(np.sum",
    says="The sign is reversed: logarithms of probabilities are negative, a loss is positive. Descending "
    "this one drives the correct class's probability to zero.",
)
mistake(
    cross_entropy,
    "loss-per-sample",
    "float(-np.sum(Y * logs) / m) → -np.sum(Y * logs, axis=1)",
    "float(-np.sum(Y * logs) / m) → -np.sum(Y * logs, axis=1, keepdims=True)",
    says="You return one loss per sample; the mean over the batch is missing. Training needs a single "
    "number to descend on.",
)
mistake(
    cross_entropy,
    "log-of-zero",
    "np.clip(Y_hat, 1e-12, 1.0) → Y_hat",
    ("np.clip(Y_hat, 1e-12, 1.0) → Y_hat", "np.sum(Y * logs) → np.sum(logs[Y == 1])"),
    says="Where a probability is 0, log gives minus infinity and the loss is infinite or NaN (0 · inf). One "
    "such sample turns every weight into NaN with the next step. Keep the probabilities away from 0: clip "
    "them, or add something tiny.",
)
mistake(
    cross_entropy,
    "binary-term-added",
    "Y * logs → Y * logs + (1 - Y) * np.log(np.clip(1 - Y_hat, 1e-12, 1.0))",
    says="The term (1 - Y) log(1 - Y_hat) belongs to the sigmoid with two outcomes. With a softmax over "
    "the classes the other probabilities already count, since all of them sum to 1.",
)
mistake(
    cross_entropy,
    "wrong-log-base",
    "np.log( → np.log2(",
    "np.log( → np.log10(",
    says="The logarithm has a different base. The course uses the natural logarithm, `np.log`; the "
    "gradient has no extra factor only for base e.",
)
mistake(
    cross_entropy,
    "targets-and-predictions-swapped",
    ("Y_hat, → Y, ", "Y * logs → Y_hat * logs"),
    says="The two arguments are swapped: the logarithm is taken of the one-hot targets. Take it of the "
    "probabilities; Y only picks.",
)
mistake(
    cross_entropy,
    "logarithm-missing",
    "np.log(np.clip(Y_hat, 1e-12, 1.0)) → Y_hat",
    ("np.log(np.clip(Y_hat, 1e-12, 1.0)) → Y_hat", "float(-np.sum → float(np.sum"),
    "-np.sum(Y * logs) / m → 1 - np.sum(Y * Y_hat) / m",
    "-np.sum(Y * logs) / m → np.mean(Y * Y_hat)",
    says="The logarithm is missing: this is the mean probability of the correct class (or its negative, or "
    "1 minus it). Without the logarithm a confident wrong answer costs hardly more than an unsure "
    "one, and the gradient through the softmax vanishes just where the network is most wrong.",
)
mistake(
    cross_entropy,
    "divided-by-classes",
    "/ m → / Y.shape[1]",
    says="The sum is divided by the number of classes, the second axis. The mean runs over the samples, "
    "which are the rows.",
)
mistake(
    cross_entropy,
    "only-first-sample",
    "float(-np.sum(Y * logs) / m) → float(-np.sum(Y[0] * logs[0]))",
    "float(-np.sum(Y * logs) / m) → float(-np.sum(Y[-1] * logs[-1]))",
    says="This is the loss of one sample alone, the first or the last. Look for an index `[0]`, a `return` "
    "inside the loop, or `=` where `+=` is meant.",
)
mistake(
    cross_entropy,
    "softmax-twice",
    "logs = np.log( → Y_hat = np.exp(Y_hat) / np.exp(Y_hat).sum(axis=1, keepdims=True)\n    logs = np.log(",
    says="Y_hat goes through a softmax once more. It holds probabilities already; a second softmax brings "
    "them all close together, and the loss cannot get near 0.",
)
mistake(
    cross_entropy,
    "predicted-class-instead-of-true",
    "np.sum(Y * logs) → np.sum(logs.max(axis=1))",
    says="The loss takes the largest probability of each row, whichever class that is. The labels are not "
    "used, so the network is rewarded for being confident, even in a wrong class.",
)
mistake(
    cross_entropy,
    "labels-not-used",
    "Y * logs → logs",
    "Y * logs → Y_hat * logs",
    says="The labels are not used: either all logarithms count alike, or they are weighted by the "
    "probabilities themselves (that is the entropy of the prediction). Y picks the correct class of "
    "each sample.",
)
mistake(
    cross_entropy,
    "squared-error",
    "float(-np.sum(Y * logs) / m) → float(np.sum((Y_hat - Y) ** 2) / m)",
    "float(-np.sum(Y * logs) / m) → float(np.mean((Y_hat - Y) ** 2))",
    "float(-np.sum(Y * logs) / m) → float(np.sum((Y_hat - Y) ** 2) / (2 * m))",
    says="This is the squared error. After a softmax its gradient nearly vanishes where the network is "
    "confident in a wrong class; the cross-entropy grows without bound there.",
)
mistake(
    cross_entropy,
    "zero-probability-skipped",
    "np.log(np.clip(Y_hat, 1e-12, 1.0)) → np.where(Y_hat > 0, np.log(np.where(Y_hat > 0, Y_hat, 1)), 0)",
    "np.log(np.clip(Y_hat, 1e-12, 1.0)) → np.log(np.where(Y_hat > 0, Y_hat, 1))",
    says="A probability of 0 for the correct class costs nothing: its logarithm is replaced by 0. That is "
    "the worst answer a network can give, and the loss should be large there. Replace the probability "
    "by something tiny, not the logarithm by 0.",
)
mistake(
    cross_entropy,
    "clipped-too-strongly",
    "1e-12 → 0.1",
    "1e-12 → 0.05",
    "1e-12 → 0.01",
    "1e-12 → 1e-3",
    "1e-12 → 1e-4",
    "1e-12, 1.0 → 0.01, 0.99",
    "1e-12, 1.0 → 1e-3, 1 - 1e-3",
    "1e-12, 1.0 → 1e-4, 1 - 1e-4",
    "np.clip(Y_hat, 1e-12, 1.0) → (Y_hat + 0.01)",
    "np.clip(Y_hat, 1e-12, 1.0) → (Y_hat + 1e-3)",
    "np.clip(Y_hat, 1e-12, 1.0) → (Y_hat + 1e-4)",
    "np.clip(Y_hat, 1e-12, 1.0) → (Y_hat + 1e-5)",
    says="The number that keeps the probabilities away from 0 is so large that it changes the loss itself. "
    "Something like 1e-12 keeps the logarithm finite and changes nothing else.",
)
mistake(
    cross_entropy,
    "log-of-the-mean",
    "-np.sum(Y * logs) / m → -np.log(max(np.sum(Y * Y_hat) / m, 1e-12))",
    says="The mean is taken before the logarithm. Then one badly wrong sample hardly shows among others "
    "that are right; each sample's logarithm comes first, and the mean over the samples last.",
)
mistake(
    cross_entropy,
    "perplexity-instead-of-loss",
    "float(-np.sum(Y * logs) / m) → float(np.exp(-np.sum(Y * logs) / m))",
    says="This is the exponential of the loss, the perplexity. The exercise asks for the cross-entropy "
    "itself.",
)
