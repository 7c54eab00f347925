"""The exercise `forward`: the network's forward pass."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.catalogue.softmax import softmax
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, network


@exercise(
    notebook=2,
    order=4,
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
        "You already have `linear` and `softmax`. Between the two linear layers comes tanh.",
        "`linear` with Wh and bh gives H_tilde, `np.tanh` of that gives H, `linear` with Wy and by gives "
        "Y_tilde, and softmax gives Y_hat. The cache is a dict that holds these four and X under their "
        "names.",
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
    says="The hidden layer uses an activation other than tanh. The network would learn too, but the "
    "backward pass of this course takes the derivative of tanh, so its gradients would be wrong for "
    "another activation.",
)
mistake(
    forward,
    "softmax-missing",
    "softmax(Y_tilde) → Y_tilde",
    says="Y_hat holds the scores, not probabilities: the softmax at the output is missing. The logarithm "
    "in the loss would meet negative numbers.",
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
    says="The output scores go through tanh as well. That keeps them between -1 and 1, so softmax can "
    "never be confident: with two classes no probability exceeds 0.88.",
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
    "the value you store under it. The backward pass would evaluate derivatives at the wrong values.",
)
mistake(
    forward,
    "cache-changed-in-place",
    '"Y_tilde": Y_tilde → "Y_tilde": Y_tilde - Y_tilde.max(axis=1, keepdims=True)',
    '"Y_tilde": Y_tilde → "Y_tilde": np.exp(Y_tilde - Y_tilde.max(axis=1, keepdims=True))',
    '"Y_tilde": Y_tilde → "Y_tilde": np.exp(Y_tilde)',
    says="Y_hat is right, but the scores in the cache are no longer the scores: softmax has changed them in "
    "place (`-=`, or `out=`), and the cache holds the same array. Make a new array inside softmax.",
)
mistake(
    forward,
    "bias-added-twice",
    ('+ params["bh"] → + 2 * params["bh"]', '+ params["by"] → + 2 * params["by"]'),
    '+ params["bh"] → + 2 * params["bh"]',
    '+ params["by"] → + 2 * params["by"]',
    says="A bias is added twice. Training would learn half of it and hide the slip, but its gradient is "
    "then off by a factor of 2.",
)
mistake(
    forward,
    "bias-after-activation",
    (
        'X @ params["Wh"] + params["bh"] → X @ params["Wh"]',
        'np.tanh(H_tilde) → np.tanh(H_tilde) + params["bh"]',
    ),
    says="The hidden bias is added after tanh. It belongs inside, in the sum, where it sets the inputs at "
    "which the unit is steep; outside, it only acts as a second output bias.",
)
mistake(
    forward,
    "activation-applied-twice",
    "np.tanh(H_tilde) → np.tanh(np.tanh(H_tilde))",
    says="tanh is applied twice on the way to H. Either the sums are squashed before they are called "
    "H_tilde, or H goes through tanh once more.",
)
mistake(
    forward,
    "softmax-over-whole-array",
    "softmax(Y_tilde) → np.exp(Y_tilde) / np.exp(Y_tilde).sum()",
    says="The output's softmax sums over the whole array, so that all samples together share a probability "
    "of 1. Each row must add up to 1 by itself.",
)
mistake(
    forward,
    "softmax-twice",
    "softmax(Y_tilde) → softmax(softmax(Y_tilde))",
    says="Softmax is applied twice. The first one leaves numbers between 0 and 1, so the second can never "
    "be confident.",
)
mistake(
    forward,
    "log-softmax",
    "softmax(Y_tilde) → np.log(softmax(Y_tilde))",
    says="Y_hat holds the logarithms of the probabilities. They are useful inside the loss, but the "
    "exercise asks for probabilities.",
)
mistake(
    forward,
    "normalization-missing",
    "softmax(Y_tilde) → np.exp(Y_tilde)",
    "softmax(Y_tilde) → np.exp(Y_tilde - Y_tilde.max(axis=1, keepdims=True))",
    says="The rows of Y_hat do not add up to 1: the exponentials still have to be divided by their sum over "
    "the row.",
)
