"""The exercises of notebook 02: from one layer to a network's loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises._probes import (
    Sizes,
    example,
    extreme,
    follows_seed,
    network,
    noise,
    one_hot,
    probabilities,
    targets,
    zeros,
)
from nnlab.exercises._registry import Function, exercise, mistake

# init_params


def start(f: Function, n_x: int, n_h: int, n_y: int) -> dict[str, Any]:
    """Draw once and describe what was drawn."""
    params = f(n_x, n_h, n_y, np.random.default_rng(0))
    return {
        "Wh": noise(params["Wh"], n_x**-0.5),
        "bh": zeros(params["bh"]),
        "Wy": noise(params["Wy"], n_h**-0.5),
        "by": zeros(params["by"]),
        "Wh and rng": follows_seed(lambda rng: f(4, 3, 2, rng)["Wh"]),
        "Wy and rng": follows_seed(lambda rng: f(4, 3, 2, rng)["Wy"]),
    }


LARGE = (Sizes(m=1, n_x=200, n_h=60, n_y=120), Sizes(m=1, n_x=50, n_h=150, n_y=130))


def flat(seen: list) -> bool:
    """Whether some weights spread as uniform ones do, whatever their scale: kurtosis 1.8 instead of 3."""
    kurtosis = [one[key]["kurtosis / that of a normal distribution"] for one in seen for key in ("Wh", "Wy")]
    return any(abs(k - 0.6) < 0.06 for k in kurtosis)


def same_spread_for_all_sizes(seen: list) -> bool:
    """Whether the standard deviation does not follow the number of inputs."""
    for key, fans in (("Wh", [s.n_x for s in LARGE]), ("Wy", [s.n_h for s in LARGE])):
        a, b = (
            one[key]["standard deviation / expected"] * fan**-0.5 for one, fan in zip(seen, fans, strict=True)
        )
        if a > 0 and abs(a - b) < 0.08 * a:
            return True
    return False


@exercise(
    notebook=2,
    returns="params",
    sizes=LARGE,
    inputs=lambda rng, s: (s.n_x, s.n_h, s.n_y),
    observe=start,
    rtol=0.12,
    hints=(
        "Four arrays: two weight matrices of shape (units in, units out), and two bias vectors.",
        "`rng.normal(size=...)` draws with standard deviation 1. Each unit adds up n_in terms, so its sum "
        "has a standard deviation of sqrt(n_in), and the weights must make up for that.",
        "Divide the draw for Wh by sqrt(n_x) and the draw for Wy by sqrt(n_h); np.zeros makes the biases.",
    ),
    why="With standard deviation 1/sqrt(fan_in) a sum of fan_in terms keeps the size of its inputs, so tanh "
    "starts in its steep middle part.",
)
def init_params(n_x, n_h, n_y, rng):
    """Return fresh parameters: weights N(0, 1/fan_in), biases zero.

    Wh: (n_x, n_h), bh: (n_h,), Wy: (n_h, n_y), by: (n_y,).
    """
    return {
        "Wh": rng.normal(size=(n_x, n_h)) / np.sqrt(n_x),
        "bh": np.zeros(n_h),
        "Wy": rng.normal(size=(n_h, n_y)) / np.sqrt(n_h),
        "by": np.zeros(n_y),
    }


mistake(
    init_params,
    "uniform-instead-of-normal",
    "rng.normal( → rng.random(",
    "rng.normal( → rng.uniform(-1, 1, ",
    "rng.normal( → np.sqrt(3) * rng.uniform(-1, 1, ",
    "rng.normal( → 2 * rng.uniform(-0.5, 0.5, ",
    "rng.normal( → rng.uniform(-0.5, 0.5, ",
    says="The weights are drawn from a uniform distribution; the exercise asks for a normal one "
    "(`rng.normal`). The two have different spreads for the same limits, and `rng.random` is never negative, "
    "so that every unit starts out pulling the same way.",
    symptom=flat,
)
mistake(
    init_params,
    "init-scale-ignored",
    (" / np.sqrt(n_x) → ", " / np.sqrt(n_h) → "),
    " / np.sqrt(n_x) → ",
    " / np.sqrt(n_h) → ",
    ("/ np.sqrt(n_x) → * 0.01", "/ np.sqrt(n_h) → * 0.01"),
    says="The weights do not depend on the number of inputs as they should. A unit adds up fan_in terms: "
    "unscaled, its sum grows with the layer, tanh saturates, and the gradients that pass through it are "
    "almost zero from the first step; with a small fixed factor the signal fades instead.",
    symptom=same_spread_for_all_sizes,
)
mistake(
    init_params,
    "variance-used-as-std",
    ("np.sqrt(n_x) → n_x", "np.sqrt(n_h) → n_h"),
    "np.sqrt(n_x) → n_x",
    "np.sqrt(n_h) → n_h",
    says="The variance 1/fan_in is used as the standard deviation; a root is missing. The weights are far "
    "too small, every layer shrinks its signal, and learning takes long to get going.",
)
mistake(
    init_params,
    "fan-out-instead-of-fan-in",
    ("np.sqrt(n_x) → np.sqrt(n_h )", "np.sqrt(n_h) → np.sqrt(n_y)"),
    "np.sqrt(n_x) → np.sqrt(n_h )",
    "np.sqrt(n_h) → np.sqrt(n_y)",
    says="The scale uses the number of units that a layer feeds (fan-out). What keeps the size of a sum "
    "is the number of terms in it: the inputs of the layer (fan-in), the first axis of W.",
)
mistake(
    init_params,
    "init-all-zero",
    (
        "rng.normal(size=(n_x, n_h)) → np.zeros((n_x, n_h))",
        "rng.normal(size=(n_h, n_y)) → np.zeros((n_h, n_y))",
    ),
    "rng.normal(size=(n_x, n_h)) → np.zeros((n_x, n_h))",
    "rng.normal(size=(n_h, n_y)) → np.zeros((n_h, n_y))",
    says="Weights start at zero. Then all hidden units compute the same, get the same gradient and stay the "
    "same for ever: a layer of a hundred is worth one. Chance is what tells them apart.",
)
mistake(
    init_params,
    "bias-not-zero",
    (
        "np.zeros(n_h) → rng.normal(size=n_h) / np.sqrt(n_x)",
        "np.zeros(n_y) → rng.normal(size=n_y) / np.sqrt(n_h)",
    ),
    ("np.zeros(n_h) → np.ones(n_h)", "np.zeros(n_y) → np.ones(n_y)"),
    says="The biases are not zero. Nothing breaks, but the exercise asks for zeros: the random weights tell "
    "the units apart already, and a bias of zero prefers no side before the data have spoken.",
)
mistake(
    init_params,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The weights are not drawn from the `rng` that is passed in. Without it nobody can repeat the run "
    "or try another seed; a global or freshly made generator works behind the caller's back.",
)
mistake(
    init_params,
    "wrong-shape",
    ("size=(n_x, n_h) → size=(n_h, n_x)", "size=(n_h, n_y) → size=(n_y, n_h)"),
    says="The weight matrices are transposed. In this course rows are samples and `X @ W` is the layer, so W "
    "has shape (units in, units out). The other convention, `W @ x`, stores (units out, units in).",
)


# linear


@exercise(
    notebook=2,
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


# softmax

SCORES = np.array([[1.0, 2.0], [0.0, 3.0]])


@exercise(
    notebook=2,
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


# forward


@exercise(
    notebook=2,
    returns="Y_hat, cache",
    inputs=lambda rng, s: (network(rng, s), rng.normal(size=(s.m, s.n_x))),
    probes=(
        example(
            {
                "Wh": np.array([[1.0, 0.5], [-1.0, 2.0]]),
                "bh": np.array([0.5, -0.5]),
                "Wy": np.array([[1.0, -1.0], [2.0, 0.5]]),
                "by": np.array([0.1, 0.2]),
            },
            np.array([[1.0, 0.5], [0.0, -1.0]]),
        ),
    ),
    hints=(
        "Four steps, each from the one before: hidden sums, hidden activations, output scores, "
        "probabilities.",
        "You have `linear` and `softmax` already. Between the two linear layers stands tanh.",
        "H_tilde = X Wh + bh, H = tanh(H_tilde), Y_tilde = H Wy + by, Y_hat = softmax(Y_tilde); the cache is "
        "a dict of all five arrays, under these names.",
    ),
    why="The cache keeps what the backward pass needs; computing it again would cost a second forward pass.",
)
def forward(params, X):
    """Return the network's probabilities and everything on the way to them.

    X: (m, n_x) -> Y_hat: (m, n_y), cache with X, H_tilde, H, Y_tilde, Y_hat.
    """
    H_tilde = X @ params["Wh"] + params["bh"]
    H = np.tanh(H_tilde)
    Y_tilde = H @ params["Wy"] + params["by"]
    Y_hat = softmax(Y_tilde)
    return Y_hat, {"X": X, "H_tilde": H_tilde, "H": H, "Y_tilde": Y_tilde, "Y_hat": Y_hat}


mistake(
    forward,
    "bias-omitted",
    (' + params["bh"] → ', ' + params["by"] → '),
    ' + params["bh"] → ',
    ' + params["by"] → ',
    says="A bias is left out. Its gradient would be computed and applied, and change nothing: the units can "
    "only divide the space through the origin.",
)
mistake(
    forward,
    "activation-omitted",
    "np.tanh(H_tilde) → H_tilde",
    says="The hidden layer has no activation. Two linear maps in a row are one linear map, so the network "
    "can draw straight boundaries only, however many units it has.",
)
mistake(
    forward,
    "wrong-activation",
    "np.tanh(H_tilde) → np.maximum(H_tilde, 0)",
    "np.tanh(H_tilde) → 1 / (1 + np.exp(-H_tilde))",
    says="The hidden layer uses another activation than tanh. The network would learn too, but the backward "
    "pass of this course takes the derivative of tanh, and a derivative of another function points "
    "elsewhere.",
)
mistake(
    forward,
    "softmax-missing",
    "softmax(Y_tilde) → Y_tilde",
    says="Y_hat are the scores, not probabilities: the softmax at the output is missing. The logarithm in "
    "the loss would meet negative numbers.",
)
mistake(
    forward,
    "sigmoid-instead-of-softmax",
    "softmax(Y_tilde) → 1 / (1 + np.exp(-Y_tilde))",
    says="The output is a sigmoid, which treats every class by itself: the rows of Y_hat do not add up to 1.",
)
mistake(
    forward,
    "softmax-over-batch-axis",
    "softmax(Y_tilde) → softmax(Y_tilde.T).T",
    says="The output's softmax runs over axis 0, the samples: every column of Y_hat adds up to 1 instead of "
    "every row, so that a prediction depends on the rest of the batch.",
)
mistake(
    forward,
    "activation-on-output",
    'H @ params["Wy"] + params["by"] → np.tanh(H @ params["Wy"] + params["by"])',
    says="The output scores go through tanh as well. That holds them between -1 and 1, and softmax can then "
    "never be sure of anything: with two classes no probability exceeds 0.88.",
)
mistake(
    forward,
    "hidden-sums-instead-of-activations",
    'H @ params["Wy"] → H_tilde @ params["Wy"]',
    says="The output layer takes H_tilde, the sums, instead of H, the activations. The tanh is computed and "
    "then ignored, so the network stays linear.",
)
mistake(
    forward,
    "cache-holds-wrong-array",
    '"H": H, → "H": H_tilde,',
    '"H_tilde": H_tilde → "H_tilde": H',
    '"Y_tilde": Y_tilde → "Y_tilde": Y_hat',
    '"Y_hat": Y_hat} → "Y_hat": Y_tilde}',
    says="Y_hat is right, but the cache holds another array under one of its names: compare each key with "
    "what stands beside it. The backward pass would take derivatives at the wrong place.",
)


# cross_entropy


@exercise(
    notebook=2,
    returns="loss",
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
            observe=lambda f, Y_hat, Y: {"large and finite": bool(1 < np.asarray(f(Y_hat, Y)) < 1e6)},
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


# accuracy


@exercise(
    notebook=2,
    returns="accuracy",
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.6, 0.4], [0.3, 0.7], [0.8, 0.2]]), one_hot([0, 1, 1], 2)),
        example(
            np.array([[0.4, 0.3, 0.3], [0.1, 0.45, 0.45 - 1e-3], [0.2, 0.3, 0.5], [0.9, 0.05, 0.05]]),
            one_hot([0, 1, 0, 2], 3),
            label="four samples of three classes",
        ),
    ),
    hints=(
        "The predicted class is the one with the largest probability, and Y marks the right one with a 1.",
        "`argmax` along the classes gives the class of each row, both for Y_hat and for Y.",
        "Compare `Y_hat.argmax(axis=1)` with `Y.argmax(axis=1)` and take the mean: True counts as 1.",
    ),
    why="The mean of a comparison is the share of rows where it holds.",
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
    "compares every sample with every other. Nothing complains, and the figure is about chance level.",
)
mistake(
    accuracy,
    "argmax-over-batch-axis",
    "axis=1 → axis=0",
    says="`argmax` runs over axis 0, the samples, and finds for each class the sample that is most like it. "
    "The class of each sample is the largest entry of its row: axis 1.",
)
mistake(
    accuracy,
    "entries-compared-instead-of-samples",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → (Y_hat > 0.5) == (Y == 1)",
    "Y_hat.argmax(axis=1) == Y.argmax(axis=1) → Y_hat.round() == Y",
    says="Entries are compared one by one, and the many zeros of Y count as hits. With ten classes, a "
    "network that always says the same would seem to be right at least 80 % of the time. Compare one class "
    "per sample.",
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
    says="Probabilities are compared with zeros and ones for equality, which almost never holds. Compare the "
    "classes: the position of the largest entry in each row.",
)
