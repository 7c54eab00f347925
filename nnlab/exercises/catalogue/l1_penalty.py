"""The exercise `l1_penalty`: the sum of the weights' magnitudes, and its subgradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import as_array
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, Sizes, example, extreme, network


def without_choice(W: np.ndarray, gradient: Any, strength: float) -> Any:
    """Return the gradient with 0 wherever a weight is 0 and one of its subgradients came."""
    g = as_array(gradient)
    if not isinstance(g, np.ndarray) or g.shape != W.shape:
        return gradient
    return np.where((W == 0) & (np.abs(g) <= strength * (1 + 1e-6)), 0.0, g)


def penalized(f: Function, params: dict, strength: float) -> dict[str, Any]:
    """Return the value and the gradients of the weights, and whether anything else has a gradient."""
    value, grads = f(params, strength)
    if not isinstance(grads, Mapping):
        return {"value": value, "grads": grads, "weights only": True}
    others = [as_array(grads[key]) for key in params if key in grads and not key.startswith("W")]
    return {
        "value": value,
        "grads": {
            key: without_choice(params[key], gradient, strength) if key in params else gradient
            for key, gradient in grads.items()
            if key.startswith("W")
        },
        "weights only": not any(isinstance(g, np.ndarray) and g.any() for g in others),
    }


def weights(rng: np.random.Generator, s: Sizes) -> dict[str, np.ndarray]:
    """Return the course's network with one weight at 0."""
    params = network(rng, s)
    params["Wh"][1, 0] = 0.0
    return params


@exercise(
    notebook=9,
    order=1,
    returns="value, grads",
    words={"weights only": "Only keys that begin with W should have gradients, but others have some too."},
    inputs=lambda rng, s: (weights(rng, s), 0.37 if s is MAIN else 2.5),
    observe=penalized,
    probes=(
        example(
            {
                "Wh": np.array([[0.5, -2.0]]),
                "bh": np.array([0.1, 0.3]),
                "Wy": np.array([[1.5], [-1.0]]),
                "by": np.array([-0.4]),
            },
            0.1,
            observe=penalized,
        ),
        extreme(
            "three layers, with keys of other names",
            {
                "W1": np.array([[0.5, -2.0, 4.0]]),
                "b1": np.array([0.5, 1.0, -1.0]),
                "W2": np.array([[1.5], [-1.0], [0.25]]),
                "b2": np.array([-3.0]),
                "W3": np.array([[-7.0]]),
                "b3": np.array([2.0]),
            },
            0.3,
            observe=penalized,
        ),
        extreme(
            "weights of exactly 0",
            {"Wh": np.array([[0.0, -2.0], [3.0, 0.0]]), "bh": np.array([0.0, 1.5])},
            0.2,
            observe=penalized,
        ),
        extreme(
            "weights near 0",
            {"Wh": np.array([[1e-6, -1e-6, 0.01]]), "bh": np.array([0.0, 1.5, 0.2])},
            0.2,
            observe=penalized,
        ),
        extreme(
            "a batch norm between the layers, with gamma and beta",
            {
                "Wh": np.array([[0.3, -0.2]]),
                "gamma": np.array([1.5, 0.5]),
                "beta": np.array([0.2, -0.1]),
                "Wy": np.array([[2.0], [1.0]]),
            },
            0.5,
            observe=penalized,
        ),
        extreme(
            "no weights but positive ones",
            {"W": np.array([[1.0, 2.0]]), "b": np.zeros(2)},
            0.1,
            observe=penalized,
        ),
    ),
    hints=(
        "Go through the keys of params and take those that begin with W; the value is one number for all.",
        "The slope of |w| is 1 on the right of 0 and -1 on the left. NumPy has a function that gives just "
        "that, and 0 at 0.",
        'Start from a value of 0 and an empty dict. For each key with `key.startswith("W")` add strength '
        "times the sum of the magnitudes, and put strength times the signs into the dict, under that key.",
    ),
    why="np.sign is 0 at 0, which is one of the subgradients there, so a weight that has reached 0 is "
    "left alone; biases only shift, and shrinking them does not make a network simpler.",
)
def l1_penalty(params, strength):
    """Return the L1 penalty on all weights, and its subgradients.

    value = strength * sum |W| over the keys that begin with W; biases are left out. params: a dict of arrays
    -> (value, grads), grads a dict with the same keys W.
    """
    value, grads = 0.0, {}
    for key, W in params.items():
        if key.startswith("W"):
            value += strength * np.sum(np.abs(W))
            grads[key] = strength * np.sign(W)
    return value, grads


mistake(
    l1_penalty,
    "penalty-on-biases",
    'if key.startswith("W"): → if True:',
    'if key.startswith("W"): → grads[key] = strength * np.sign(W)\n        if key.startswith("W"):',
    ('if key.startswith("W"): → if True:', "grads[key] = → if key.startswith('W'): grads[key] ="),
    says="The biases are penalized as well. A bias only shifts a unit's boundary; pulling it to 0 ties the "
    "boundary to the origin and makes nothing simpler.",
)
mistake(
    l1_penalty,
    "everything-but-biases",
    'key.startswith("W") → not key.startswith("b")',
    says="Everything that does not begin with b is penalized, so the scales of a batch norm are too. Take "
    "the keys that begin with W.",
)
mistake(
    l1_penalty,
    "names-typed-in",
    'for key, W in params.items(): → for key, W in ((k, params[k]) for k in ("Wh", "Wy")):',
    'key.startswith("W") → key in ("Wh", "Wy")',
    says="The names of the weights are hard-coded, so a network of other layers is left out or raises an "
    "error. Go through the keys that the dict has.",
)
mistake(
    l1_penalty,
    "penalty-squared",
    ("np.sum(np.abs(W)) → np.sum(W**2)", "np.sign(W) → 2 * W"),
    ("np.sum(np.abs(W)) → np.sum(W**2)", "np.sign(W) → W"),
    ("np.sum(np.abs(W)) → np.sum(W**2) / 2", "np.sign(W) → W"),
    "np.sum(np.abs(W)) → np.sum(W**2)",
    "np.sum(np.abs(W)) → np.sum(W**2) / 2",
    says="The weights are squared: that is the L2 penalty. It pulls large weights hard and small ones "
    "hardly at all, so few ever reach 0; L1 pulls all alike, and that is how a network gets rid of "
    "weights it does not need.",
)
mistake(
    l1_penalty,
    "weights-instead-of-signs",
    "np.sign(W) → W",
    "np.sign(W) → 2 * W",
    "np.sign(W) → np.abs(W)",
    says="The gradient grows with the weight, as that of a square does. The slope of |w| is the same "
    "however large w is; only its sign matters.",
)
mistake(
    l1_penalty,
    "sign-missing",
    "strength * np.sign(W) → strength * np.ones_like(W)",
    "strength * np.sign(W) → strength",
    says="The gradient is +strength everywhere, for negative weights too. Those would be pushed away from "
    "0 with every step, instead of toward it.",
)
mistake(
    l1_penalty,
    "gradient-sign-flipped",
    "strength * np.sign(W) → -strength * np.sign(W)",
    says="The gradient has the wrong sign. The step is subtracted later, so a gradient of -sign drives every "
    "weight away from 0.",
)
mistake(
    l1_penalty,
    "strength-missing",
    ("strength * np.sum → np.sum", "strength * np.sign → np.sign"),
    "strength * np.sum → np.sum",
    "strength * np.sign → np.sign",
    says="strength is missing from the value, the gradients, or both. It decides how much the penalty "
    "counts relative to the loss, so both have to be multiplied by it.",
)
mistake(
    l1_penalty,
    "strength-twice",
    ("return value, → return strength * value,",),
    ("strength * np.sign → strength**2 * np.sign",),
    ("return value, → return strength * value,", "strength * np.sign → strength**2 * np.sign"),
    says="strength enters twice, once for each weight array and once more for the result, so the penalty "
    "is multiplied by its square.",
)
mistake(
    l1_penalty,
    "penalty-averaged",
    "np.sum(np.abs(W)) → np.mean(np.abs(W))",
    ("np.sum(np.abs(W)) → np.mean(np.abs(W))", "np.sign(W) → np.sign(W) / W.size"),
    "np.sign(W) → np.sign(W) / W.size",
    "np.sum(np.abs(W)) → np.sum(np.abs(W)) / len(W)",
    ("np.sum(np.abs(W)) → np.sum(np.abs(W)) / len(W)", "np.sign(W) → np.sign(W) / len(W)"),
    "return value, → return value / len(grads),",
    "return value, → return value / sum(g.size for g in grads.values()),",
    (
        "return value, grads → n = sum(g.size for g in grads.values())\n"
        "    return value / n, {k: g / n for k, g in grads.items()}",
    ),
    says="The penalty is averaged over the entries, or over the layers. It is a sum: what one weight costs "
    "must not depend on how many others there are.",
)
mistake(
    l1_penalty,
    "absolute-value-missing",
    "np.abs(W) → W",
    "np.sum(np.abs(W)) → np.abs(np.sum(W))",
    ("np.abs(W) → W", "return value, → return abs(value),"),
    says="The weights are added up with their signs, so positive and negative ones cancel. A network with "
    "huge weights of both signs could have a penalty of 0; take the absolute value of each before the "
    "sum.",
)
mistake(
    l1_penalty,
    "outputs-swapped",
    "return value, grads → return grads, value",
    "return value, grads → return grads, float(value)",
    says="Value and gradients are swapped. The caller unpacks them as `value, grads = …`.",
)
mistake(
    l1_penalty,
    "division-by-zero",
    "np.sign(W) → W / np.abs(W)",
    "np.sign(W) → np.abs(W) / W",
    says="W divided by |W| is the sign, except at 0, where it is 0/0 = NaN. Weights of exactly 0 are what "
    "L1 is meant to produce, and one NaN spreads through the whole network.",
)
mistake(
    l1_penalty,
    "matrix-norm-instead-of-sum",
    "np.sum(np.abs(W)) → np.linalg.norm(W, 1)",
    "np.sum(np.abs(W)) → np.linalg.norm(W, ord=np.inf)",
    says="np.linalg.norm with an order gives a matrix norm: with 1 the largest column sum, with infinity "
    "the largest row sum. The penalty adds up all entries.",
)
mistake(
    l1_penalty,
    "root-of-squares",
    "np.sum(np.abs(W)) → np.linalg.norm(W)",
    ("np.sum(np.abs(W)) → np.linalg.norm(W)", "np.sign(W) → W / np.linalg.norm(W)"),
    says="The value is the length of the weights, the square root of the sum of their squares. L1 adds up "
    "their magnitudes.",
)
mistake(
    l1_penalty,
    "largest-instead-of-sum",
    "np.sum(np.abs(W)) → np.max(np.abs(W))",
    says="Only the largest magnitude of each weight array counts. All entries should be added up.",
)
mistake(
    l1_penalty,
    "only-last-layer-counted",
    "value += strength → value = strength",
    says="The value is that of the last weight array alone. In a loop, `=` replaces what has been added up "
    "so far; `+=` adds to it.",
)
mistake(
    l1_penalty,
    "loop-left-early",
    "for key, W in params.items(): → for key, W in list(params.items())[:1]:",
    says="Only the first weight array counts. A `return` inside the loop does that, if it is indented too "
    "far: the loop ends on the first pass.",
)
mistake(
    l1_penalty,
    "value-not-summed",
    "value += strength * np.sum(np.abs(W)) → value = value + strength * np.sum(np.abs(W), axis=0)",
    ("value, grads = 0.0, {} → value, grads = {}, {}", "value += strength * → value[key] = strength * "),
    (
        "value, grads = 0.0, {} → value, grads = [], {}",
        "value += strength * np.sum(np.abs(W)) → value.append(strength * np.sum(np.abs(W)))",
    ),
    says="The value is not one number: it still has an entry for each layer or each column. A penalty is "
    "added to the loss, which is a single number.",
)
mistake(
    l1_penalty,
    "weights-added-to-gradient",
    "strength * np.sign(W) → W - strength * np.sign(W)",
    "strength * np.sign(W) → W + strength * np.sign(W)",
    says="The weights are part of the gradients, as if a step had been taken. The exercise asks for the "
    "gradient alone; the caller adds it to the loss's gradient and takes the step.",
)
mistake(
    l1_penalty,
    "negative-weights-left-out",
    "np.sign(W) → (W > 0)",
    ("np.sign(W) → (W > 0)", "np.abs(W) → np.maximum(W, 0)"),
    says="Negative weights have a gradient of 0, so only positive ones are pulled toward 0. The magnitude "
    "falls on the left of 0 as steeply as it rises on the right.",
)
