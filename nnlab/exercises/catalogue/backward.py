"""The exercise `backward`: the network's backward pass."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.catalogue.forward import forward
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example, network, one_hot, targets


def after_forward(params: dict, X: np.ndarray, Y: np.ndarray) -> tuple[dict, dict, np.ndarray]:
    """Return the arguments of `backward` after a forward pass."""
    return params, forward(params, X)[1], Y


SMALL_NETWORK = {
    "Wh": np.array([[0.5]]),
    "bh": np.array([0.1]),
    "Wy": np.array([[1.0, -1.0]]),
    "by": np.array([0.2, 0.0]),
}
SQUARE_NETWORK = {
    "Wh": np.array([[0.5, -1.0], [1.0, 0.5]]),
    "bh": np.array([0.1, -0.2]),
    "Wy": np.array([[1.0, -1.0], [0.5, 2.0]]),
    "by": np.array([0.2, 0.0]),
}


@exercise(
    notebook=4,
    order=6,
    returns="grads",
    inputs=lambda rng, s: after_forward(
        network(rng, s), rng.normal(size=(s.m, s.n_x)), targets(rng, s.m, s.n_y)
    ),
    probes=(
        example(*after_forward(SMALL_NETWORK, np.array([[1.0], [-2.0]]), one_hot([0, 0], 2))),
        example(
            *after_forward(SQUARE_NETWORK, np.array([[1.0, 0.0], [-2.0, 0.5]]), one_hot([1, 0], 2)),
            label="two of everything",
        ),
    ),
    hints=(
        "Go back through the network step by step, in the reverse order of `forward`; each step is a "
        "function you have already written.",
        "The gradient of the scores first, then the output layer (what went into it was H), then tanh, then "
        "the hidden layer (what went into it was X).",
        "output_gradient(Y_hat, Y), linear_backward with H and Wy, tanh_backward, linear_backward with X and "
        "Wh; collect dWh, dbh, dWy and dby in a dict under the names of the parameters.",
    ),
    why="Each line takes the gradient one step further back and uses only what the cache has kept; the "
    "1/m enters at the top, once.",
)
def backward(params, cache, Y):
    """Return the gradients of the mean cross-entropy with respect to all parameters.

    cache: as `forward` returns it, Y: (m, n_y) one-hot -> dict with the keys and shapes of params.
    """
    X, H, Y_hat = cache["X"], cache["H"], cache["Y_hat"]
    m = len(Y)
    dY_tilde = (Y_hat - Y) / m
    dWy = H.T @ dY_tilde
    dby = dY_tilde.sum(axis=0)
    dH = dY_tilde @ params["Wy"].T
    dH_tilde = dH * (1 - H**2)
    dWh = X.T @ dH_tilde
    dbh = dH_tilde.sum(axis=0)
    return {"Wh": dWh, "bh": dbh, "Wy": dWy, "by": dby}


mistake(
    backward,
    "missing-batch-average",
    " / m → ",
    ("dWh = X.T @ dH_tilde → dWh = m * X.T @ dH_tilde", "dbh = dH_tilde.sum → dbh = m * dH_tilde.sum"),
    ("dWy = H.T @ dY_tilde → dWy = m * H.T @ dY_tilde", "dby = dY_tilde.sum → dby = m * dY_tilde.sum"),
    ("dWh = X.T → dWh = m * X.T", "dWy = H.T → dWy = m * H.T"),
    says="Gradients are m times too large: all of them, those of one layer, or those of the weights. The "
    "loss is a mean over the batch, and so is its gradient. As it stands, a batch ten times as large "
    "makes steps ten times as long. Look at the first step back.",
)
mistake(
    backward,
    "double-batch-average",
    " / m → / m**2",
    (
        "H.T @ dY_tilde → H.T @ dY_tilde / m",
        "X.T @ dH_tilde → X.T @ dH_tilde / m",
        "dby = dY_tilde.sum → dby = dY_tilde.mean",
        "dbh = dH_tilde.sum → dbh = dH_tilde.mean",
    ),
    "H.T @ dY_tilde → H.T @ dY_tilde / m",
    "dH * (1 - H**2) → dH * (1 - H**2) / m",
    says="Somewhere you average over the batch a second time. The 1/m enters with the gradient of the "
    "scores and is carried along from there; a layer that divides again learns m times more slowly. "
    "Which of your gradients are too small?",
)
mistake(
    backward,
    "loss-averaged-over-classes",
    " / m → / Y.size",
    says="All gradients are too small by the number of classes: they belong to a loss that is also "
    "averaged over the classes. The cross-entropy of one sample is a sum over the classes; the "
    "average is over the samples only.",
)
mistake(
    backward,
    "gradient-sign-flipped",
    "Y_hat - Y → Y - Y_hat",
    says="All gradients have the opposite sign. The update subtracts them, so every step would climb, and "
    "the loss would grow. Look at the first step back: in which order are prediction and target "
    "subtracted?",
)
mistake(
    backward,
    "extra-softmax-derivative",
    "(Y_hat - Y) → (Y_hat - Y) * Y_hat * (1 - Y_hat)",
    says="The derivative of the softmax is applied a second time. The difference between prediction and "
    "target already contains it. The extra factor is almost 0 where the network is confident in a "
    "wrong class, so it learns least from its worst errors.",
)
mistake(
    backward,
    "tanh-derivative-at-the-output",
    "(Y_hat - Y) → (Y_hat - Y) * (1 - Y_hat**2)",
    says="The output has a factor of 1 - Y_hat². That is the derivative of tanh, which belongs to the "
    "hidden layer; the output's softmax is already contained in the difference between prediction and "
    "target.",
)
mistake(
    backward,
    "scores-instead-of-probabilities",
    'cache["Y_hat"] → cache["Y_tilde"]',
    says="The targets are subtracted from the scores Y_tilde. The gradient compares them with the "
    "probabilities Y_hat; scores may be any number, and the network would try to make them 0 and 1.",
)
mistake(
    backward,
    "activation-derivative-omitted",
    "dH * (1 - H**2) → dH",
    "dH_tilde.sum( → dH.sum(",
    "X.T @ dH_tilde → X.T @ dH",
    says="The gradient reaches the hidden layer as if there were no tanh (for the weights, the bias, or "
    "both). Saturated units, whose output hardly moves any more, get as large a gradient as all "
    "others. The output layer's gradients are right, so training still works, only worse than it "
    "should.",
)
mistake(
    backward,
    "derivative-of-wrong-variable",
    "1 - H**2 → 1 - np.tanh(H) ** 2",
    '1 - H**2 → 1 - cache["H_tilde"] ** 2',
    "1 - H**2 → 1 - dH**2",
    says="The derivative of tanh is evaluated at the wrong value. H is what came *out* of tanh, H_tilde "
    "what went in. Written with H the derivative has one form, written with H_tilde another: which of "
    "the two does your formula expect?",
)
mistake(
    backward,
    "sigmoid-derivative-for-tanh",
    "1 - H**2 → H * (1 - H)",
    says="H (1 - H) is the derivative of the sigmoid. For a tanh it is negative wherever H is, so half of "
    "the hidden units are pushed the wrong way.",
)
mistake(
    backward,
    "relu-derivative-for-tanh",
    "1 - H**2 → H > 0",
    says="The hidden layer uses the derivative of ReLU. This network has tanh, which has a slope on both "
    "sides of 0; units below zero would never learn.",
)
mistake(
    backward,
    "square-missing",
    "1 - H**2 → 1 - H",
    "1 - H**2 → 1 - np.abs(H)",
    "1 - H**2 → 1 - 2 * H",
    says="The slope of tanh is the same at H and at -H, steepest at 0 and flat toward both ends. Yours is "
    "not: look at what you square in the hidden layer's derivative.",
)
mistake(
    backward,
    "upstream-gradient-dropped",
    "dH * (1 - H**2) → 1 - H**2",
    says="The hidden layer's gradient does not contain the gradient from above: the targets do not enter "
    "it, so the layer moves the same way whatever the loss asks for. Follow the chain from the output "
    "back and see where it breaks.",
)
mistake(
    backward,
    "weight-gradient-transposed",
    ("H.T @ dY_tilde → dY_tilde.T @ H", "X.T @ dH_tilde → dH_tilde.T @ X"),
    "H.T @ dY_tilde → dY_tilde.T @ H",
    "X.T @ dH_tilde → dH_tilde.T @ X",
    says="A weight gradient is transposed. A gradient has the shape of its parameter; otherwise the update "
    "cannot subtract it. With a square layer nothing would complain, and every weight would get "
    "another weight's gradient.",
)
mistake(
    backward,
    "elementwise-instead-of-matmul",
    "H.T @ dY_tilde → H.T * dY_tilde",
    "X.T @ dH_tilde → X.T * dH_tilde",
    says="`*` multiplies entry by entry. Going back through a linear layer takes the matrix product `@`, "
    "which adds up over the samples (for the weights) or over the units above (for what is passed on).",
)
mistake(
    backward,
    "weights-not-transposed",
    'params["Wy"].T → params["Wy"]',
    says="On the way from the output back to the hidden layer, the shapes of dY_tilde, (m, n_y), and of "
    "Wy, (n_h, n_y), do not fit this way. Going forward, Wy leads from n_h to n_y; going back, it has "
    "to lead the other way.",
)
mistake(
    backward,
    "wrong-weights-on-the-way-back",
    'params["Wy"].T → params["Wh"].T',
    says="The gradient of the scores goes back through Wh. What lies between the scores and H is the "
    "output layer, with Wy; Wh would come next, on the way to X, whose gradient is not needed.",
)
mistake(
    backward,
    "bias-gradient-not-summed",
    ("dY_tilde.sum(axis=0) → dY_tilde", "dH_tilde.sum(axis=0) → dH_tilde"),
    "dY_tilde.sum(axis=0) → dY_tilde",
    "dH_tilde.sum(axis=0) → dH_tilde",
    says="A bias gradient has a row for each sample. The bias is one vector that enters every row, so "
    "every row contributes to its gradient, and the contributions add up to one entry for each unit.",
)
mistake(
    backward,
    "bias-gradient-wrong-axis",
    "(axis=0) → (axis=1)",
    "dY_tilde.sum(axis=0) → dY_tilde.sum(axis=1)",
    "dH_tilde.sum(axis=0) → dH_tilde.sum(axis=1)",
    says="A bias gradient is summed over the wrong axis: it has an entry for each sample, where there should "
    "be one for each unit. Rows are samples.",
)
mistake(
    backward,
    "bias-gradient-summed-over-all",
    ".sum(axis=0) → .sum()",
    says="A bias gradient is a single number. Each unit has its own bias and needs its own gradient; as it "
    "stands, all biases of the layer move together forever.",
)
mistake(
    backward,
    "bias-gradient-keeps-dims",
    "(axis=0) → (axis=0, keepdims=True)",
    "dY_tilde.sum(axis=0) → dY_tilde.sum(axis=0, keepdims=True)",
    "dH_tilde.sum(axis=0) → dH_tilde.sum(axis=0, keepdims=True)",
    says="The values of a bias gradient are right, but it has two axes where the bias has one. An update "
    "that makes a new array would give the bias an extra axis, and an in-place one would fail.",
)
mistake(
    backward,
    "bias-gradient-averaged",
    "_tilde.sum( → _tilde.mean(",
    "dY_tilde.sum( → dY_tilde.mean(",
    "dH_tilde.sum( → dH_tilde.mean(",
    says="A bias gradient is a mean over the samples. The 1/m is already in there, so this divides twice: "
    "the biases learn m times more slowly than the weights beside them.",
)
mistake(
    backward,
    "wrong-layer-input",
    "H.T @ dY_tilde → X.T @ dY_tilde",
    "X.T @ dH_tilde → H.T @ dH_tilde",
    says="A weight gradient uses the input of another layer. Each layer's weights were multiplied by that "
    "layer's own input: X for the hidden layer, H for the output layer.",
)
mistake(
    backward,
    "hidden-sums-instead-of-activations",
    'H.T @ dY_tilde → cache["H_tilde"].T @ dY_tilde',
    says="The output layer's weight gradient uses H_tilde, the sums before tanh. The input of that layer "
    "was H.",
)
mistake(
    backward,
    "gradients-under-wrong-names",
    ('"Wh": dWh → "Wy": dWh', '"Wy": dWy → "Wh": dWy', '"bh": dbh → "by": dbh', '"by": dby → "bh": dby'),
    ('"bh": dbh → "by": dbh', '"by": dby → "bh": dby'),
    ('"Wh": dWh → "Wy": dWh', '"Wy": dWy → "Wh": dWy'),
    says="The gradients of the two layers are swapped in the dict. The update goes by the keys, so each "
    "layer would be moved by the other's gradient, or would fail where the shapes do not fit.",
)
mistake(
    backward,
    "bias-gradient-not-averaged",
    ("dby = dY_tilde.sum → dby = m * dY_tilde.sum", "dbh = dH_tilde.sum → dbh = m * dH_tilde.sum"),
    "dby = dY_tilde.sum → dby = m * dY_tilde.sum",
    "dbh = dH_tilde.sum → dbh = m * dH_tilde.sum",
    says="The weights' gradients are right, but a bias gradient lacks the 1/m and is m times too large. "
    "The loss is a mean, for the biases as well; if the 1/m enters at the first step back, it reaches "
    "all four gradients by itself.",
)
mistake(
    backward,
    "parentheses-missing",
    "dH * (1 - H**2) → dH * 1 - H**2",
    says="`dH * 1 - H**2` multiplies dH by 1 and then subtracts: Python multiplies before it subtracts. The "
    "whole slope of tanh belongs in parentheses.",
)
mistake(
    backward,
    "one-missing",
    "1 - H**2 → H**2",
    "1 - H**2 → H",
    says="The hidden layer's factor is largest where tanh is flat and 0 where it is steepest, exactly the "
    "wrong way around.",
)
mistake(
    backward,
    "squares-added",
    "1 - H**2 → 1 + H**2",
    says="1 + H² is larger than 1 and grows toward the ends, where tanh is flat. The slope of tanh is "
    "never above 1.",
)
mistake(
    backward,
    "sign-flipped-in-one-layer",
    ("dWh = X.T → dWh = -X.T", "dbh = dH_tilde.sum → dbh = -dH_tilde.sum"),
    ("dWy = H.T → dWy = -H.T", "dby = dY_tilde.sum → dby = -dY_tilde.sum"),
    ("dby = dY_tilde.sum → dby = -dY_tilde.sum", "dbh = dH_tilde.sum → dbh = -dH_tilde.sum"),
    says="Some of the gradients have the opposite sign: those of one layer, or of the biases. That part of "
    "the network climbs while the rest descends.",
)
mistake(
    backward,
    "gradient-overwritten",
    (
        "H.T @ dY_tilde → np.outer(H[-1], dY_tilde[-1])",
        "dY_tilde.sum(axis=0) → dY_tilde[-1]",
        "X.T @ dH_tilde → np.outer(X[-1], dH_tilde[-1])",
        "dH_tilde.sum(axis=0) → dH_tilde[-1]",
    ),
    ("H.T @ dY_tilde → np.outer(H[-1], dY_tilde[-1])", "X.T @ dH_tilde → np.outer(X[-1], dH_tilde[-1])"),
    says="Only the last sample counts: inside the loop over the samples, its contribution replaces the "
    "earlier ones (`=`). Contributions have to be added up (`+=`).",
)
mistake(
    backward,
    "updated-parameters-returned",
    '{"Wh": dWh, "bh": dbh, "Wy": dWy, "by": dby} '
    '→ {k: params[k] - g for k, g in {"Wh": dWh, "bh": dbh, "Wy": dWy, "by": dby}.items()}',
    says="What you return are updated parameters: the gradients have already been subtracted. Updating is "
    "the job of another function, which knows the learning rate.",
)
