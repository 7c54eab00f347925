"""The exercise `relu_backward`: the gradient through ReLU."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example


def sums(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return pre-activations of both signs, some of them exactly 0."""
    Z = rng.normal(size=(m, n))
    Z[rng.random((m, n)) < 0.2] = 0.0
    Z[0, 0], Z[0, 1], Z[1, 0] = 0.0, 1.5, -0.5
    Z[1, 1], Z[-1, -1] = 1e-9, -1e-9
    return Z


@exercise(
    notebook=4,
    order=5,
    returns="dZ",
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_h)), sums(rng, s.m, s.n_h)),
    probes=(
        example(np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]]), np.array([[2.0, 0.5, -1], [0, 0, -3]])),
        example(np.array([[1.0, -2], [-3, 4]]), np.array([[0.5, 2], [-1, 0]]), label="two of everything"),
    ),
    hints=(
        "ReLU passes a positive sum unchanged and turns all others into 0. What does a small change of Z "
        "do in either case?",
        "The slope is 1 or 0, and it is Z that decides. At 0 this course takes 0, as PyTorch does.",
        "A comparison of Z with 0 gives True and False, which count as 1 and 0 when multiplied.",
    ),
    why="The slope of ReLU is 1 where Z is positive and 0 elsewhere, so the gradient passes or stops.",
)
def relu_backward(dA, Z):
    """Return the gradient with respect to the input of ReLU, given that of its output.

    dA where Z > 0, else 0 (at Z = 0 too); dA: (m, n), Z: (m, n) -> (m, n).
    """
    passes = Z > 0
    return dA * passes


mistake(
    relu_backward,
    "relu-gradient-at-zero",
    "Z > 0 → Z >= 0",
    "Z > 0 → np.heaviside(Z, 0.5)",
    says="Only the entries where Z is exactly 0 differ. There ReLU has a corner, and the course takes "
    "slope 0, as PyTorch does. This matters more often than you would think: inputs and biases of 0 "
    "give sums of exactly 0, and units that are off should get no gradient.",
)
mistake(
    relu_backward,
    "relu-mask-of-upstream",
    "Z > 0 → dA > 0",
    "Z > 0 → (Z > 0) & (dA > 0)",
    "Z > 0 → (Z > 0) | (dA > 0)",
    says="The sign of dA decides what passes. Z decided going forward, so Z decides going back; negative "
    "gradients must pass as well. As it stands, the layers below can be pushed in one direction only.",
)
mistake(
    relu_backward,
    "upstream-gradient-dropped",
    "return dA * passes → return passes",
    says="This is the slope of ReLU alone, ones and zeros; dA, the gradient from above, is missing. The "
    "layers below would move the same way whatever the loss asks for.",
)
mistake(
    relu_backward,
    "activation-derivative-omitted",
    "return dA * passes → return dA",
    says="The gradient passes everywhere, as if there were no ReLU. Units that were off had no part in the "
    "output and must get no gradient.",
)
mistake(
    relu_backward,
    "mask-inverted",
    "Z > 0 → Z <= 0",
    "Z > 0 → Z < 0",
    says="The gradient passes where the unit was off and stops where it was on. The units that made the "
    "output would never learn from it.",
)
mistake(
    relu_backward,
    "activation-instead-of-derivative",
    "Z > 0 → np.maximum(Z, 0)",
    "Z > 0 → Z",
    says="The gradient is multiplied by the activation itself, not by its slope. The slope of ReLU is the "
    "same for all positive sums; as it stands, units with large sums get steps that are larger still.",
)
mistake(
    relu_backward,
    "leaky-slope",
    "Z > 0 → np.where(Z > 0, 1.0, 0.01)",
    "Z > 0 → np.where(Z >= 0, 1.0, 0.01)",
    "Z > 0 → np.where(Z > 0, 1.0, 0.1)",
    "Z > 0 → np.where(Z > 0, 1.0, 0.2)",
    says="Some gradient passes where Z is negative. That is the leaky ReLU; this network's ReLU is flat "
    "there.",
)
mistake(
    relu_backward,
    "sign-instead-of-mask",
    "Z > 0 → np.sign(Z)",
    "Z > 0 → np.where(Z > 0, 1, -1)",
    says="Where Z is negative the gradient passes with its sign reversed. That is the derivative of the "
    "absolute value; ReLU is flat there.",
)
mistake(
    relu_backward,
    "tanh-derivative-for-relu",
    "Z > 0 → 1 - Z**2",
    "Z > 0 → 1 - np.tanh(Z) ** 2",
    says="This is the derivative of tanh. ReLU has a simpler one: it is a straight line on either side of 0.",
)
mistake(
    relu_backward,
    "gradient-sign-flipped",
    "return dA * → return -dA *",
    says="The sign is reversed. ReLU never falls, so its slope is never negative. With this sign the "
    "layers below climb while those above descend.",
)
mistake(
    relu_backward,
    "matmul-instead-of-elementwise",
    "dA * passes → dA @ passes",
    "dA * passes → dA.T @ passes",
    "dA * passes → dA @ passes.T",
    says="ReLU works on every entry by itself, and so does its derivative: each entry of dA passes or stops. "
    "A matrix product would mix the units.",
)
mistake(
    relu_backward,
    "double-batch-average",
    "return dA * passes → return dA * passes / len(dA)",
    says="The result is divided by the number of samples. The 1/m entered with the gradient of the loss; "
    "each layer that divides again makes the gradients below it m times smaller.",
)
mistake(
    relu_backward,
    "threshold-not-zero",
    "Z > 0 → 1 < Z",
    "Z > 0 → 0.5 < Z",
    "Z > 0 → 1e-6 < Z",
    "Z > 0 → -1e-6 < Z",
    says="The gradient starts to pass at a value other than 0. The corner of ReLU is at exactly 0: every "
    "positive Z, however small, lets the gradient through.",
)
mistake(
    relu_backward,
    "forward-instead-of-backward",
    "return dA * passes → return np.maximum(dA * Z, 0)",
    "return dA * passes → return np.maximum(Z, 0)",
    says="ReLU is applied, instead of its slope. A backward pass multiplies what comes from above by 1 "
    "where Z was positive and by 0 elsewhere; signs and sizes of dA stay as they are.",
)
mistake(
    relu_backward,
    "other-value-where-off",
    "return dA * passes → return np.where(passes, dA, Z)",
    "return dA * passes → return np.where(passes, dA, 1)",
    "return dA * passes → return np.where(passes, dA, 0.01)",
    "return dA * passes → return np.where(passes, dA, -1)",
    says="Where the unit was off, you return something other than 0. No change of Z reaches the output "
    "there, so the gradient is 0.",
)
mistake(
    relu_backward,
    "sigmoid-derivative-for-relu",
    "Z > 0 → 1 / (1 + np.exp(-Z)) * (1 - 1 / (1 + np.exp(-Z)))",
    "Z > 0 → Z * (1 - Z)",
    "Z > 0 → 1 / (1 + np.exp(-Z))",
    says="This is the derivative of another activation, the sigmoid or a softened ReLU. ReLU has a simpler "
    "one: it is a straight line on either side of 0.",
)
mistake(
    relu_backward,
    "elu-slope",
    "Z > 0 → np.where(Z > 0, 1, np.exp(Z))",
    "Z > 0 → np.where(Z >= 0, 1, np.exp(Z))",
    says="Where Z is negative, some gradient passes, fading with exp(Z). That is the slope of ELU; this "
    "network's ReLU is flat there.",
)
