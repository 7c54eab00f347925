"""The exercise `tanh_backward`: the gradient through tanh."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example


@exercise(
    notebook=4,
    order=4,
    returns="dH_tilde",
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_h)), np.tanh(rng.normal(size=(s.m, s.n_h)))),
    probes=(
        example(np.array([[1.0, 2.0, -1.0], [4.0, 3.0, 2.0]]), np.array([[0.5, 0, -0.5], [0.8, 1, -1]])),
        example(np.array([[1.0, 2], [-1, 3]]), np.array([[0.5, -0.8], [0, 0.9]]), label="two of everything"),
    ),
    hints=(
        "tanh works on every entry by itself, so its derivative does too. Where is tanh steep, and where "
        "flat?",
        "The derivative of tanh can be written with tanh itself, and H is that already.",
        "tanh' = 1 - tanh². Multiply, entry by entry, what comes from above by that.",
    ),
    why="H is the output of tanh, so 1 - H² is its slope; nothing has to be recomputed.",
)
def tanh_backward(dH, H):
    """Return the gradient with respect to the input of tanh, given that of its output.

    dH * (1 - H²); dH: (m, n), H = tanh(H_tilde): (m, n) -> (m, n).
    """
    slope = 1 - H**2
    return dH * slope


mistake(
    tanh_backward,
    "upstream-gradient-dropped",
    "return dH * slope → return slope",
    says="This is the slope of tanh alone; dH, the gradient from above, is missing. The layers below would "
    "move the same way whatever the loss asks for.",
)
mistake(
    tanh_backward,
    "activation-derivative-omitted",
    "return dH * slope → return dH",
    says="The gradient passes through as if there were no tanh. Saturated units, whose output hardly moves "
    "any more, get as large a gradient as all others, and the direction of descent is wrong.",
)
mistake(
    tanh_backward,
    "derivative-of-wrong-variable",
    "H**2 → np.tanh(H) ** 2",
    "H**2 → dH**2",
    "H**2 → np.tanh(dH) ** 2",
    says="The slope of tanh is evaluated at the wrong value. H is what came *out* of tanh: applying tanh "
    "again gives the slope at H, not at H_tilde, which is too steep everywhere, even where a unit is "
    "saturated. Use H, not dH.",
)
mistake(
    tanh_backward,
    "sigmoid-derivative-for-tanh",
    "1 - H**2 → H * (1 - H)",
    says="H (1 - H) is the derivative of the sigmoid. For a tanh it is negative wherever H is, so half of "
    "the units are pushed the wrong way.",
)
mistake(
    tanh_backward,
    "relu-derivative-for-tanh",
    "1 - H**2 → H > 0",
    says="This is the derivative of ReLU: everything for positive units, nothing for negative ones. tanh "
    "has a slope on both sides, and units below zero would never learn.",
)
mistake(
    tanh_backward,
    "square-missing",
    "1 - H**2 → 1 - H",
    "1 - H**2 → 1 - np.abs(H)",
    "1 - H**2 → 1 - H * 2",
    "1 - H**2 → 1 - H**3",
    says="The slope of tanh is the same at H and at -H, steepest at 0 and flat toward both ends, like a "
    "parabola. Yours is not: look at what you square.",
)
mistake(
    tanh_backward,
    "square-of-the-difference",
    "1 - H**2 → (1 - H) ** 2",
    says="You square the difference; only H should be squared. For a negative H this gives a slope above "
    "1, which tanh never has: those units would get far too large a gradient.",
)
mistake(
    tanh_backward,
    "gradient-sign-flipped",
    "return dH * slope → return -dH * slope",
    says="The sign is reversed. tanh rises everywhere, so its slope is never negative. With this sign the "
    "layers below climb while the output layer descends.",
)
mistake(
    tanh_backward,
    "squares-added",
    "1 - H**2 → 1 + H**2",
    says="1 + H² is larger than 1 and grows toward the ends, where tanh is flat. It belongs to the "
    "tangent, tan. Gradients would grow with every layer they pass.",
)
mistake(
    tanh_backward,
    "activation-instead-of-derivative",
    "1 - H**2 → H",
    "1 - H**2 → np.tanh(H)",
    says="The gradient is multiplied by the activation itself, not by its slope. Units near 0, where tanh is "
    "steepest, would get nothing, and negative ones would be pushed the wrong way.",
)
mistake(
    tanh_backward,
    "one-missing",
    "1 - H**2 → H**2",
    says="This is largest where tanh is flat and 0 where it is steepest, exactly the wrong way around: "
    "something is missing before the square.",
)
mistake(
    tanh_backward,
    "matmul-instead-of-elementwise",
    "dH * slope → dH @ slope",
    "dH * slope → dH.T @ slope",
    "dH * slope → dH @ slope.T",
    "dH * slope → slope.T @ dH",
    says="tanh works on every entry by itself, and so does its derivative: each entry of dH is multiplied by "
    "its own slope. A matrix product would mix the units.",
)
mistake(
    tanh_backward,
    "added-instead-of-multiplied",
    "dH * slope → dH + slope",
    says="The slope is added to dH. The chain rule multiplies: where the slope is 0, nothing comes through.",
)
mistake(
    tanh_backward,
    "double-batch-average",
    "return dH * slope → return dH * slope / len(dH)",
    says="The result is divided by the number of samples. The 1/m entered with the gradient of the loss; "
    "each layer that divides again makes the gradients below it m times smaller.",
)
mistake(
    tanh_backward,
    "parentheses-missing",
    "dH * slope → dH * 1 - H**2",
    "dH * slope → dH - H**2",
    says="`dH * 1 - H**2` multiplies dH by 1 and then subtracts: Python multiplies before it subtracts. The "
    "whole slope belongs in parentheses.",
)
mistake(
    tanh_backward,
    "divided-by-the-slope",
    "dH * slope → dH / np.where(slope == 0, 1, slope)",
    "dH * slope → dH / slope",
    says="The gradient is divided by the slope. Going back it is multiplied: where tanh is flat, a change "
    "of its input hardly reaches the loss, so little should come through.",
)
mistake(
    tanh_backward,
    "forward-instead-of-backward",
    "dH * slope → np.tanh(dH)",
    "dH * slope → np.tanh(dH) * H",
    says="tanh is applied to the gradient. A backward pass does not apply the function again, it multiplies "
    "by the function's slope.",
)
mistake(
    tanh_backward,
    "minus-two-h",
    "1 - H**2 → -2 * H",
    "1 - H**2 → 2 * H",
    says="This is the derivative of H² (or of 1 - H²) with respect to H. The slope of tanh is 1 - H² "
    "itself; it is not differentiated once more.",
)
mistake(
    tanh_backward,
    "root-taken",
    "1 - H**2 → np.sqrt(1 - H**2)",
    says="You take the square root of 1 - H². The slope of tanh has no square root.",
)
mistake(
    tanh_backward,
    "slope-applied-twice",
    "dH * slope → dH * slope**2",
    says="The gradient is multiplied by the slope twice. The chain rule uses each function's slope once.",
)
