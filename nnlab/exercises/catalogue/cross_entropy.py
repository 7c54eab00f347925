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
        "finite": "Where the right class has a probability of 0, the loss should be finite.",
        "large": "Where the right class has a probability of 0, the loss should be large.",
    },
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.5, 0.5], [0.2, 0.8]]), one_hot([0, 1], 2)),
        extreme(
            "a probability of 0 for a wrong class",
            np.array([[1.0, 0.0, 0.0], [0.25, 0.5, 0.25]]),
            one_hot([0, 1], 3),
        ),
        extreme(
            "a probability of 0 for the right class",
            np.array([[0.0, 1.0, 0.0], [0.25, 0.5, 0.25]]),
            one_hot([0, 1], 3),
            observe=of_an_impossible_class,
        ),
    ),
    rtol=1e-6,
    hints=(
        "Only the probability of the right class counts, and Y is 1 there and 0 elsewhere.",
        "Multiply Y with the logarithm of Y_hat, add up each row, turn the sign, and take the mean over the "
        "rows.",
        "np.log(0) is minus infinity: keep the probabilities away from 0 with `np.clip(Y_hat, 1e-12, 1)` "
        "first.",
    ),
    why="Y picks the logarithm of the right class's probability; the mean over the batch makes losses of "
    "batches of different sizes comparable, and the clipping keeps log finite.",
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
    says="The sign is turned around: logarithms of probabilities are negative, a loss is positive. "
    "Descending this one drives the right class's probability to zero.",
)
mistake(
    cross_entropy,
    "loss-per-sample",
    "float(-np.sum(Y * logs) / m) → -np.sum(Y * logs, axis=1)",
    "float(-np.sum(Y * logs) / m) → -np.sum(Y * logs, axis=1, keepdims=True)",
    says="One loss per sample comes back; the mean over the batch is missing. Training needs a single number "
    "to descend on.",
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
    "classes the other probabilities count already, since they share what is left of 1.",
)
mistake(
    cross_entropy,
    "wrong-log-base",
    "np.log( → np.log2(",
    "np.log( → np.log10(",
    says="The logarithm has another base. The course (and the gradient, which has no factor only for base e) "
    "uses the natural logarithm, `np.log`.",
)
mistake(
    cross_entropy,
    "targets-and-predictions-swapped",
    ("Y_hat, → Y, ", "Y * logs → Y_hat * logs"),
    says="The two arguments are swapped: the logarithm is taken of the one-hot targets. It belongs to the "
    "probabilities, and Y does the picking.",
)
mistake(
    cross_entropy,
    "logarithm-missing",
    "np.log(np.clip(Y_hat, 1e-12, 1.0)) → Y_hat",
    says="The logarithm is missing. Without it a confident wrong answer costs hardly more than an unsure "
    "one, and the gradient through the softmax vanishes just where the network is most wrong.",
)
