"""The exercise `train_step`: forward, backward and update in one."""

from __future__ import annotations

import copy  # noqa: F401 (the mistakes use it)
from typing import Any

import numpy as np

from nnlab.exercises.catalogue.backward import backward
from nnlab.exercises.catalogue.cross_entropy import cross_entropy
from nnlab.exercises.catalogue.forward import forward
from nnlab.exercises.catalogue.sgd_step import SMALL, sgd_step
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Sizes, example, network, one_hot, targets
from nnlab.exercises.checking.variants import singles


def after_training(f: Function, params: dict, X: np.ndarray, Y: np.ndarray, lr: float) -> dict[str, Any]:
    """Return the loss and the parameters as the caller finds them; params may be returned beside the loss."""
    returned = f(params, X, Y, lr)
    if isinstance(returned, (tuple, list)):
        returned = next((part for part in returned if not isinstance(part, dict)), returned)
    return {"loss": returned, "params": params}


def modest(rng: np.random.Generator, s: Sizes) -> dict[str, np.ndarray]:
    """Return a network whose probabilities are not extreme, so that no clipping shows."""
    return {key: 0.5 * value for key, value in network(rng, s).items()}


@exercise(
    notebook=5,
    order=6,
    returns="loss",
    in_place=("params",),
    inputs=lambda rng, s: (
        modest(rng, s),
        rng.normal(size=(s.m, s.n_x)),
        targets(rng, s.m, s.n_y),
        0.37 if s.m == 7 else 0.052,
    ),
    observe=after_training,
    probes=(example(SMALL, np.array([[1.0], [-2.0]]), one_hot([0, 1], 2), 0.5, observe=after_training),),
    rtol=1e-6,
    hints=(
        "Four steps, all of which you have already written: forward, loss, backward, update. Which of "
        "them need the old parameters?",
        "The loss belongs to the parameters that the step starts from, and all gradients are taken at that "
        "same point. Only then does anything move.",
        "Four calls in this order: `forward`, `cross_entropy`, `backward`, `sgd_step`. Each uses what the "
        "earlier ones returned; store the loss in a variable and return it at the end.",
    ),
    why="Everything is computed at the same point before anything moves; the loss comes for free with the "
    "forward pass.",
)
def train_step(params, X, Y, lr):
    """Take one gradient step on a batch, in place, and return the mean loss before it.

    X: (m, n_x), Y: (m, n_y) one-hot -> float.
    """
    Y_hat, cache = forward(params, X)
    loss = cross_entropy(Y_hat, Y)
    grads = backward(params, cache, Y)
    sgd_step(params, grads, lr)
    return loss


def late_backward(params: dict, cache: dict, Y: np.ndarray, lr: float) -> dict:
    """Return the gradients as they come out if the output layer is updated before the hidden one's turn."""
    grads = backward(params, cache, Y)
    late = backward({**params, "Wy": params["Wy"] - lr * grads["Wy"]}, cache, Y)
    return {**late, "Wy": grads["Wy"], "by": grads["by"]}


def without(grads: dict, *keys: str) -> dict:
    """Return the gradients with those of some parameters at zero."""
    return {key: 0 * g if key in keys else g for key, g in grads.items()}


mistake(
    train_step,
    "updated-before-backward",
    "backward(params, cache, Y) → late_backward(params, cache, Y, lr)",
    says="A weight changes before all gradients are known: the hidden layer's gradient goes back through "
    "the new Wy, not through the one that made the prediction. The step then follows no gradient of "
    "any loss. Nothing breaks, but with a large learning rate training becomes unstable.",
)
mistake(
    train_step,
    "loss-after-update",
    "return loss → return cross_entropy(forward(params, X)[0], Y)",
    says="The loss is taken after the update. The parameters are right, but the curve you plot is one step "
    "ahead and flatters the network: it is measured on the very batch that has just been fitted. It also "
    "costs a second forward pass.",
)
mistake(
    train_step,
    "ascent-instead-of-descent",
    "grads, lr) → grads, -lr)",
    says="The step goes uphill: either the update adds the gradient, or the gradient has the wrong sign. "
    "The loss rises with every step, slowly at first, then without bound.",
)
mistake(
    train_step,
    "learning-rate-ignored",
    "grads, lr) → grads, 1.0)",
    "grads, lr) → grads, 0.1)",
    "grads, lr) → grads, 0.01)",
    "grads, lr) → grads, 0.001)",
    says="The learning rate that is passed in has no effect. It decides between crawling, learning and "
    "exploding, and the caller must be able to set it.",
)
mistake(
    train_step,
    "divided-by-learning-rate",
    "grads, lr) → grads, 1 / lr)",
    says="The gradient is divided by the learning rate. A smaller rate then makes larger steps, and the "
    "weights are gone after the first.",
)
mistake(
    train_step,
    "bias-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "bh", "by")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "bh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "by")',
    says="A bias never moves. Its units' boundaries stay tied to where they began, and the weights have to "
    "bend to make up for it.",
)
mistake(
    train_step,
    "layer-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh", "bh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wy", "by")',
    says="One layer is never updated. A frozen hidden layer leaves the output with random features "
    "forever; a frozen output layer sends meaningless gradients down.",
)
mistake(
    train_step,
    "weights-not-updated",
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh", "Wy")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wh")',
    'sgd_step(params, grads → sgd_step(params, without(grads, "Wy")',
    says="Some weights never move. Biases alone can only shift what a random network does.",
)
mistake(
    train_step,
    "update-not-in-place",
    "sgd_step(params → sgd_step(copy.deepcopy(params)",
    says="The loss is right, but the caller's params do not change: the update is missing, or its result "
    "goes into new arrays that are thrown away. Every call would return the same loss.",
)
mistake(
    train_step,
    "update-assigned-to-gradient",
    "sgd_step(params, grads, lr) → params.update({key: -lr * g for key, g in grads.items()})",
    "sgd_step(params, grads, lr) → params.update({key: lr * g for key, g in grads.items()})",
    "sgd_step(params, grads, lr) → params.update(grads)",
    says="The parameters are replaced by the step, or by the gradient, so that all they had learned is "
    "gone (`=-` instead of `-=` does that, without an error).",
)
mistake(
    train_step,
    "updated-twice",
    "grads, lr) → grads, 2 * lr)",
    says="The step is twice as long as it should be: the update is made twice, or contains an extra factor "
    "of 2. Training behaves as if the learning rate were doubled, and diverges at half the rate it "
    "should.",
)

# The slips of the parts, made inside the whole.

PARTS = {
    forward: (
        "bias-omitted",
        "activation-omitted",
        "activation-on-output",
        "sigmoid-instead-of-softmax",
        "softmax-over-batch-axis",
        "wrong-activation",
    ),
    cross_entropy: (
        "loss-summed",
        "loss-averaged-over-classes",
        "loss-sign-flipped",
        "loss-per-sample",
        "wrong-log-base",
        "binary-term-added",
        "divided-by-classes",
        "only-first-sample",
        "squared-error",
    ),
    backward: (
        "missing-batch-average",
        "double-batch-average",
        "extra-softmax-derivative",
        "activation-derivative-omitted",
        "derivative-of-wrong-variable",
        "sigmoid-derivative-for-tanh",
        "bias-gradient-averaged",
        "bias-gradient-not-averaged",
        "relu-derivative-for-tanh",
        "parentheses-missing",
    ),
}
SLIPS = {
    (part.__name__, suspect.slugs[0]): suspect.function
    for part in PARTS
    for suspect in reversed(list(singles(part.__exercise__)))  # type: ignore[attr-defined]
}  # reversed, so that the first variant of each mistake is the one that stays

for part, slugs in PARTS.items():
    for known in part.__exercise__.mistakes:  # type: ignore[attr-defined]
        if known.slug in slugs:
            slip = f'SLIPS["{part.__name__}", "{known.slug}"]'
            mistake(train_step, known.slug, f"= {part.__name__}( → = {slip}(", says=known.says)
