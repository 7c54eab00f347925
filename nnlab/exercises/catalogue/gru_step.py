"""The exercise `gru_step`: one step of a GRU."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from nnlab.exercises.catalogue.shared.sequences import (
    FIVE_UNITS,
    ONE_SEQUENCE,
    TWO_OF_ALL,
    TWO_UNITS,
    gated,
    recurrent,
)
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import SequenceSizes, example

inputs = gated(3, "b", "c")


@exercise(
    notebook=15,
    order=2,
    returns="h",
    probes=(
        example(
            np.array([[1.0]]),
            np.array([[0.5]]),
            {
                "W": np.array([[1.0, -1.0, 0.5]]),
                "U": np.array([[2.0, 0.0, -1.0]]),
                "b": np.array([-0.5, 0.3, 0.2]),
                "c": np.array([0.1, -0.2, 0.6]),
            },
        ),
        recurrent("main", FIVE_UNITS, 0, inputs),
        recurrent("main", ONE_SEQUENCE, 4, inputs),
        recurrent("bias", FIVE_UNITS, 0, inputs),
        recurrent("other", TWO_UNITS, 1, inputs),
        recurrent("other", TWO_OF_ALL, 2, inputs),
        recurrent("other", SequenceSizes(m=3, T=1, n_x=3, n_h=3), 3, inputs),
    ),
    hints=(
        "A GRU has no cell: its state is a mixture of the old state and a new one, n. One gate mixes, the "
        "other decides how much of the old state n gets to see.",
        "Keep the two products apart, x W + b and h U + c, and cut each into three blocks. For r and z the "
        "blocks are added and squashed to between 0 and 1. What is different for n?",
        "n is tanh of the third block of x W + b, plus r times the third block of h U + c, bias included. "
        "The new state: where z is 1 it is the old one, where z is 0 it is n.",
    ),
    why="The two products stay apart because r comes between them: it scales the state's whole part of n, "
    "the bias c too. A z near 1 copies the state, and the gradient with it.",
)
def gru_step(x, h, params):
    """Return the state after one step of a GRU: h' = (1 - z) n + z h.

    With the blocks r, z, n, in this order, of x W + b and of h U + c: r and z are σ of the sum of both, and
    n = tanh(block of x W + b + r * block of h U + c), as in torch.
    x: (m, n_x), h: (m, n_h), params: W (n_x, 3 n_h), U (n_h, 3 n_h), b, c (3 n_h,) -> h': (m, n_h).
    """

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    x_r, x_z, x_n = np.split(x @ params["W"] + params["b"], 3, axis=1)
    h_r, h_z, h_n = np.split(h @ params["U"] + params["c"], 3, axis=1)
    r = sigmoid(x_r + h_r)
    z = sigmoid(x_z + h_z)
    n = np.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


OF_X = 'x @ params["W"] + params["b"]'
OF_H = 'h @ params["U"] + params["c"]'
X_BLOCKS, H_BLOCKS = "x_r, x_z, x_n = np", "h_r, h_z, h_n = np"
MIX = "(1 - z) * n + z * h"
N = "np.tanh(x_n + r * h_n)"
U_N = 'np.split(params["U"], 3, axis=1)[2]'
C_N = 'np.split(params["c"], 3)[2]'
NOT_N = "(np.arange(3 * h.shape[1]) < 2 * h.shape[1])"
ORDERS = ["".join(order) for order in permutations("rzn")][1:]


def blocks(of: str, order: str) -> str:
    """Return the names of the three blocks of x or h in this order."""
    return ", ".join(f"{of}_{gate}" for gate in order) + " = np"


def in_order(order: str) -> tuple[str, str]:
    """Return the edits that give the blocks these names."""
    return f"{X_BLOCKS} → {blocks('x', order)}", f"{H_BLOCKS} → {blocks('h', order)}"


mistake(
    gru_step,
    "gates-in-wrong-order",
    in_order("zrn"),
    in_order("nrz"),
    alone=(
        *(in_order(order) for order in ORDERS if order not in ("zrn", "nrz")),
        *(in_order(order)[0] for order in ORDERS),
        *(in_order(order)[1] for order in ORDERS),
    ),
    says="The three blocks are taken for one another. Here, as in PyTorch, their order is r, z, n in both "
    "products. Keras begins with z; trained from scratch either works, but weights do not carry over.",
)
mistake(
    gru_step,
    "gates-interleaved",
    (
        f"np.split({OF_X}, 3, axis=1) → (({OF_X})[:, k::3] for k in range(3))",
        f"np.split({OF_H}, 3, axis=1) → (({OF_H})[:, k::3] for k in range(3))",
    ),
    says="Every third column is taken for a gate. The gates are blocks: the first n_h columns are r, the "
    "next n_h are z, the last n.",
)
mistake(
    gru_step,
    "reset-before-product",
    f"r * h_n → (r * h) @ {U_N} + h_n - h @ {U_N}",
    says="r multiplies h before the product with U. So it stands in the paper of 2014; torch, and this "
    "exercise, take the product first and multiply the result by r, which needs only one product for all "
    "blocks.",
)
mistake(
    gru_step,
    "reset-misses-bias",
    f"r * h_n → r * (h_n - {C_N}) + {C_N}",
    says="r multiplies h U alone; the bias c comes after it, or has been added to b. The reset gate scales "
    "the whole block of h U + c, which is why the two biases cannot be merged.",
)
mistake(
    gru_step,
    "reset-gate-missing",
    "r * h_n → h_n",
    says="The reset gate does not come in. It lets n forget the old state, where something new begins.",
)
mistake(
    gru_step,
    "reset-on-input",
    "x_n + r * h_n → r * x_n + h_n",
    alone=(
        "x_n + r * h_n → r * (x_n + h_n)",
        f"{N} → r * np.tanh(x_n + h_n)",
        f"{N} → np.tanh(x_n + h_n * x_r)",
    ),
    says="The reset gate multiplies the input's part, alone or as well. It belongs to the old state's part "
    "only: n always gets to see the input.",
)
mistake(
    gru_step,
    "reset-gate-inverted",
    "r * h_n → (1 - r) * h_n",
    says="The reset gate is the wrong way round: at r = 1 the old state comes in whole, at 0 it is left out.",
)
mistake(
    gru_step,
    "update-gate-swapped",
    f"{MIX} → z * n + (1 - z) * h",
    says="The update gate is the wrong way round. Here, as in torch, z = 1 keeps the old state; some papers "
    "and books have it the other way. Training would learn either, but weights do not carry over.",
)
mistake(
    gru_step,
    "update-gate-missing",
    f"{MIX} → n",
    f"{MIX} → n + z * h",
    alone=(
        f"{MIX} → (1 - z) * n + h",
        f"{MIX} → n + h",
        f"{MIX} → z * n + h",
        f"{MIX} → h + {MIX}",
        f"{MIX} → z * n + z * h",
    ),
    says="The new state is no mixture: the update gate does not weigh both parts. (1 - z) and z add up to "
    "1, so the state stays between -1 and 1.",
)
mistake(
    gru_step,
    "state-not-carried",
    f"{MIX} → (1 - z) * n",
    says="The old state does not come in at the end. z h is what the GRU remembers without changing it.",
)
mistake(
    gru_step,
    "gates-confused",
    f"{MIX} → (1 - r) * n + r * h",
    "r * h_n → z * h_n",
    alone=(
        f"{MIX} → (1 - z) * n + r * h",
        f"{MIX} → (1 - z) * n + z * (r * h)",
        f"{MIX} → (1 - r) * n + z * h",
    ),
    says="r and z are confused at one place. r is used once, inside n; z mixes n with the old state.",
)
mistake(
    gru_step,
    "block-mixed-instead-of-state",
    f"{MIX} → (1 - z) * n + z * h_n",
    alone=(f"{MIX} → (1 - z) * n + z * np.tanh(h_n)",),
    says="z mixes in the product of the state with U. What is kept is the old state h itself, unchanged.",
)
mistake(
    gru_step,
    "bias-omitted",
    ' + params["b"] → ',
    ' + params["c"] → ',
    f'{OF_H} → h @ params["U"] + params["c"] * {NOT_N}',
    alone=(
        (' + params["b"] → ', ' + params["c"] → '),
        f'{OF_X} → x @ params["W"] + params["b"] * {NOT_N}',
        (
            f'{OF_X} → x @ params["W"] + params["b"] * {NOT_N}',
            f'{OF_H} → h @ params["U"] + params["c"] * {NOT_N}',
        ),
        f'{OF_H} → h @ params["U"] + params["c"] * (1 - {NOT_N})',
        f'{OF_X} → x @ params["W"] + params["b"] * (1 - {NOT_N})',
    ),
    says="A bias is missing, everywhere or in one of r, z and n. There are two: b beside x W, and c beside "
    "h U, which the reset gate scales too.",
)
mistake(
    gru_step,
    "biases-swapped",
    'params["c"] → params["b"]',
    alone=(
        'params["b"] → params["c"]',
        (f"{OF_X} → x @ params['W'] + params['c']", f"{OF_H} → h @ params['U'] + params['b']"),
    ),
    says="The two biases are taken for each other. For r and z only their sum counts; in n it matters, "
    "since r scales c and not b.",
)
mistake(
    gru_step,
    "bias-added-twice",
    '+ params["b"] → + 2 * params["b"]',
    '+ params["c"] → + 2 * params["c"]',
    alone=(
        (f"{OF_X} → {OF_X} + params['c']",),
        ('+ params["b"] → + 2 * params["b"]', '+ params["c"] → + 2 * params["c"]'),
    ),
    says="A bias counts twice. b belongs to x W and c to h U, once each.",
)
mistake(
    gru_step,
    "reset-scales-input-bias",
    (f"{OF_H} → h @ params['U'] + params['b'] + params['c']", f"{OF_X} → x @ params['W']"),
    says="b stands beside h U, so that the reset gate scales it too. For r and z it makes no difference; in "
    "n, b belongs to the input's part, which r leaves alone.",
)
mistake(
    gru_step,
    "bias-sign-flipped",
    '+ params["b"] → - params["b"]',
    '+ params["c"] → - params["c"]',
    alone=(('+ params["b"] → - params["b"]', '+ params["c"] → - params["c"]'),),
    says="A bias is subtracted. Training would learn the opposite one, but weights from elsewhere would "
    "give other states.",
)
mistake(
    gru_step,
    "recurrent-term-missing",
    f"{N} → np.tanh(x_n)",
    "sigmoid(x_r + h_r) → sigmoid(x_r)",
    "sigmoid(x_z + h_z) → sigmoid(x_z)",
    alone=(("sigmoid(x_r + h_r) → sigmoid(x_r)", "sigmoid(x_z + h_z) → sigmoid(x_z)"),),
    says="The old state is missing in r, z or n. All three look at both, the input and the old state.",
)
mistake(
    gru_step,
    "input-ignored",
    f"{N} → np.tanh(r * h_n)",
    "sigmoid(x_r + h_r) → sigmoid(h_r)",
    "sigmoid(x_z + h_z) → sigmoid(h_z)",
    alone=(("sigmoid(x_r + h_r) → sigmoid(h_r)", "sigmoid(x_z + h_z) → sigmoid(h_z)"),),
    says="The input is missing in r, z or n. All three look at both, the input and the old state.",
)
mistake(
    gru_step,
    "weights-swapped",
    ('x @ params["W"] → x @ params["U"]', 'h @ params["U"] → h @ params["W"]'),
    says="W and U have changed places. W belongs to the input x, U to the state h.",
)
mistake(
    gru_step,
    "wrong-activation",
    f"{N} → sigmoid(x_n + r * h_n)",
    ("sigmoid(x_r → np.tanh(x_r", "sigmoid(x_z → np.tanh(x_z"),
    alone=(
        "sigmoid(x_r → np.tanh(x_r",
        "sigmoid(x_z → np.tanh(x_z",
        f"{N} → np.maximum(x_n + r * h_n, 0)",
        "return 1 / (1 + np.exp(-a)) → return np.clip(0.2 * a + 0.5, 0, 1)",
        "return 1 / (1 + np.exp(-a)) → return np.clip(a / 6 + 0.5, 0, 1)",
        "return 1 / (1 + np.exp(-a)) → return (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True))",
    ),
    says="An activation is another one. r and z are sigmoids, since they say how much, between 0 and 1; the "
    "new state n goes through tanh.",
)
mistake(
    gru_step,
    "activation-omitted",
    f"{N} → x_n + r * h_n",
    "sigmoid(x_r + h_r) → x_r + h_r",
    "sigmoid(x_z + h_z) → x_z + h_z",
    alone=(("sigmoid(x_r + h_r) → x_r + h_r", "sigmoid(x_z + h_z) → x_z + h_z"),),
    says="One of the three is not squashed: r and z go through the sigmoid, n through tanh.",
)
mistake(
    gru_step,
    "activation-applied-twice",
    f"{MIX} → np.tanh({MIX})",
    f"{N} → np.tanh({N})",
    alone=(
        "r = sigmoid(x_r + h_r) → r = sigmoid(sigmoid(x_r + h_r))",
        "z = sigmoid(x_z + h_z) → z = sigmoid(sigmoid(x_z + h_z))",
    ),
    says="Something is squashed twice, or the mixture is squashed as well. tanh stands around n only; the "
    "mixture stays as it is, so that z = 1 copies the state exactly.",
)
mistake(
    gru_step,
    "activation-on-one-part",
    f"{N} → np.tanh(x_n) + r * h_n",
    alone=(
        f"{N} → np.tanh(x_n) + r * np.tanh(h_n)",
        f"{N} → x_n + np.tanh(r * h_n)",
        "sigmoid(x_r + h_r) → (sigmoid(x_r) + sigmoid(h_r))",
        "sigmoid(x_z + h_z) → (sigmoid(x_z) + sigmoid(h_z))",
        f"{N} → np.tanh(x_n + r * np.tanh(h_n))",
    ),
    says="The parts are squashed one by one. First the input's part and the state's part are added, then "
    "the activation comes, once.",
)
mistake(
    gru_step,
    "sigmoid-sign-flipped",
    "np.exp(-a) → np.exp(a)",
    says="The sigmoid is the wrong way round: with exp(a) in the denominator it falls from 1 to 0, so every "
    "gate is open where it should be closed.",
)
mistake(
    gru_step,
    "added-instead-of-multiplied",
    alone=(
        "r * h_n → (r + h_n)",
        f"{MIX} → ((1 - z) + n) * (z + h)",
        "(1 - z) * n + z * h → (1 - z) * n * z * h",
    ),
    says="A gate is added, or the two parts of the mixture are multiplied. Gates multiply: 0 lets nothing "
    "through. The two parts are then added.",
)
mistake(
    gru_step,
    "candidate-returned-too",
    alone=(
        f"return {MIX} → return {MIX}, n",
        f"return {MIX} → h = {MIX}; return h, h",
    ),
    says="More than the new state comes back. A GRU has no cell: one array is all that passes to the next "
    "step.",
)
