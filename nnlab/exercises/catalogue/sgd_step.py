"""The exercise `sgd_step`: one update of all parameters."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example, network

SMALL = {
    "Wh": np.array([[0.5]]),
    "bh": np.array([0.1]),
    "Wy": np.array([[1.0, -1.0]]),
    "by": np.array([0.2, 0.4]),
}
SMALL_GRADS = {
    "Wh": np.array([[0.2]]),
    "bh": np.array([-0.4]),
    "Wy": np.array([[1.0, 0.6]]),
    "by": np.array([-0.2, 0.8]),
}


def after_step(f: Function, params: dict, grads: dict, lr: float) -> dict[str, Any]:
    """Return the parameters as the caller finds them, and whether the gradients are untouched."""
    before = copy.deepcopy(grads)
    f(params, grads, lr)
    same = grads.keys() == before.keys() and all(map(np.array_equal, grads.values(), before.values()))
    return {"params": params, "grads are as they were": bool(same)}


@exercise(
    notebook=5,
    order=5,
    returns="",
    words={
        "grads are as they were": "grads should be left as they were, but they are changed.",
    },
    in_place=("params", "grads"),
    inputs=lambda rng, s: (network(rng, s), network(rng, s), 0.37 if s.m == 7 else 0.052),
    observe=after_step,
    probes=(example(SMALL, SMALL_GRADS, 0.5, observe=after_step),),
    hints=(
        "The gradient points uphill; we want to go downhill, by a step of length lr times the gradient.",
        "Go through all keys of params; biases learn like weights. The caller's arrays have to change, so "
        "nothing needs to be returned.",
        "Loop over the keys and use `-=` on the entry of the dict itself. Rebinding a name of your own, "
        "as in `p = p - …`, would leave the dict as it was.",
    ),
    why="`-=` changes the arrays where they are, so whoever else holds the dict sees the new values, and "
    "no memory is allocated for copies.",
)
def sgd_step(params, grads, lr):
    """Take one step of gradient descent, in place.

    p -= lr * g for every parameter; params, grads: dicts with equal keys and shapes.
    """
    for key in params:
        params[key] -= lr * grads[key]


mistake(
    sgd_step,
    "ascent-instead-of-descent",
    "params[key] -= → params[key] +=",
    says="The step goes uphill: the gradient points to where the loss grows, and you follow it. The loss "
    "rises with every step, slowly at first, then without bound.",
)
mistake(
    sgd_step,
    "learning-rate-ignored",
    "lr * grads → grads",
    "lr * grads → 0.1 * grads",
    "lr * grads → 0.01 * grads",
    "lr * grads → 0.001 * grads",
    says="The learning rate that is passed in has no effect. It decides between crawling, learning and "
    "exploding, and the caller must be able to set it.",
)
mistake(
    sgd_step,
    "divided-by-learning-rate",
    "lr * grads[key] → grads[key] / lr",
    says="The gradient is divided by the learning rate. A smaller rate then makes larger steps: with 0.001 "
    "each is a thousand times the gradient, and the weights are gone after the first.",
)
mistake(
    sgd_step,
    "bias-not-updated",
    'for key in params: → for key in ("Wh", "Wy"):',
    'for key in params: → for key in ("Wh", "Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh", "Wy"):',
    says="A bias never moves. Its units' boundaries stay tied to the origin (or wherever they began), and "
    "the weights have to bend to make up for it.",
)
mistake(
    sgd_step,
    "layer-not-updated",
    'for key in params: → for key in ("Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh"):',
    says="One layer is never updated. A frozen hidden layer leaves the output with random features "
    "forever; a frozen output layer sends meaningless gradients down.",
)
mistake(
    sgd_step,
    "weights-not-updated",
    'for key in params: → for key in ("bh", "by"):',
    'for key in params: → for key in ("bh", "Wy", "by"):',
    'for key in params: → for key in ("Wh", "bh", "by"):',
    says="Some weights never move. Biases alone can only shift what a random network does; look at the keys "
    "that your loop visits.",
)
mistake(
    sgd_step,
    "loop-left-early",
    "-= lr * grads[key] → -= lr * grads[key]\n        return",
    says="Only the first parameter is updated: a `return` (or `break`) inside the loop ends it on the "
    "first pass. Look at how far it is indented.",
)
mistake(
    sgd_step,
    "update-not-in-place",
    "for key in params: → params = {k: v.copy() for k, v in params.items()}\n    for key in params:",
    says="The caller's params do not change: the new values go into new arrays or a new dict, which the "
    "function returns or forgets. `p = p - step` inside a loop binds the name p to a new array and "
    "leaves the dict as it was. Training would run, but the loss would never change.",
)
mistake(
    sgd_step,
    "update-assigned-to-gradient",
    "params[key] -= lr → params[key] = -lr",
    "params[key] -= lr → params[key] = lr",
    "params[key] -= lr * grads[key] → params[key] = grads[key]",
    "params[key] -= lr * grads[key] → grads[key] = params[key] - lr * grads[key]",
    "params[key] -= lr * grads[key] → grads[key] -= lr * params[key]",
    says="Parameter and gradient are mixed up in the assignment. Either the parameter is replaced by the "
    "step, so that all it had learned is gone (`=-` instead of `-=` does that, without an error), or "
    "the new value lands in grads and the parameter never moves.",
)
mistake(
    sgd_step,
    "changes-its-input",
    "params[key] -= lr * grads[key] → params[key] -= lr * grads[key]\n        grads[key] = lr * grads[key]",
    says="The parameters are right, but grads is changed. The caller may still need it, to look at its "
    "size or for momentum: do not use `*=` or any other assignment on it.",
)
mistake(
    sgd_step,
    "weights-instead-of-gradient",
    "lr * grads[key] → lr * params[key]",
    says="The step is made from the parameter itself. That shrinks all weights toward 0, as weight decay "
    "does, and ignores the loss.",
)
mistake(
    sgd_step,
    "learning-rate-on-the-parameter",
    "params[key] -= lr * grads[key] → params[key] = lr * (params[key] - grads[key])",
    "params[key] -= lr * grads[key] → params[key] = lr * params[key] - grads[key]",
    says="The learning rate multiplies the parameter as well. With 0.01 the weights would be a hundredth of "
    "what they were after one step; only the gradient is scaled by it.",
)
mistake(
    sgd_step,
    "multiplied-instead-of-subtracted",
    "params[key] -= → params[key] *=",
    "params[key] -= lr * grads[key] → params[key] *= 1 - lr * grads[key]",
    says="The parameters are multiplied by the step. A weight of 0 could then never move, and a "
    "parameter's sign would decide its direction; a step is subtracted.",
)
mistake(
    sgd_step,
    "updated-twice",
    "-= lr * → -= 2 * lr *",
    says="The step is twice as long as it should be: the update is made twice, or contains an extra "
    "factor. Training behaves as if the learning rate were doubled, and diverges at half the rate it "
    "should.",
)
mistake(
    sgd_step,
    "sign-instead-of-gradient",
    "lr * grads[key] → lr * np.sign(grads[key])",
    says="Only the sign of the gradient is used, so every parameter moves by exactly lr. Near the minimum "
    "the steps should become shorter with the gradient.",
)
mistake(
    sgd_step,
    "gradient-averaged",
    "lr * grads[key] → lr * grads[key].mean()",
    "lr * grads[key] → lr * grads[key].sum()",
    "lr * grads[key] → lr * grads[key].sum(axis=0)",
    "lr * grads[key] → lr * grads[key].mean(axis=0)",
    "lr * grads[key] → lr * grads[key] / len(grads[key])",
    says="The gradient is summed or averaged once more. It has one entry for each entry of the parameter, "
    "and already contains the mean over the batch.",
)
mistake(
    sgd_step,
    "gradient-normalized",
    "lr * grads[key] → lr * grads[key] / np.linalg.norm(grads[key])",
    says="The gradient is scaled to length 1, so all steps are equally long. Near the minimum they should "
    "become shorter with the gradient.",
)
mistake(
    sgd_step,
    "weight-decay-added",
    "lr * grads[key] → lr * (grads[key] + params[key])",
    says="The parameter is part of the step, as in weight decay. It pulls all weights toward 0; this step "
    "only follows the gradient.",
)
mistake(
    sgd_step,
    "absolute-gradient",
    "lr * grads[key] → lr * np.abs(grads[key])",
    says="The sign of the gradient is lost, so every parameter moves down, whatever the loss asks for.",
)
