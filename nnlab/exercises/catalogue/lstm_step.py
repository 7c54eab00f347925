"""The exercise `lstm_step`: one step of an LSTM."""

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

inputs = gated(4, "b")


@exercise(
    notebook=15,
    order=1,
    returns="h, c",
    probes=(
        example(
            np.array([[1.0]]),
            np.array([[0.5]]),
            np.array([[2.0]]),
            {
                "W": np.array([[1.0, -1.0, 0.5, 0.0]]),
                "U": np.array([[0.0, 2.0, 1.0, -1.0]]),
                "b": np.array([-0.5, 1.0, 0.2, 0.3]),
            },
        ),
        recurrent("main", FIVE_UNITS, 0, inputs),
        recurrent("main", ONE_SEQUENCE, 4, inputs),
        recurrent("bias", FIVE_UNITS, 0, inputs),
        recurrent("other", TWO_UNITS, 1, inputs),
        recurrent("other", TWO_OF_ALL, 2, inputs),
        recurrent("other", SequenceSizes(m=4, T=1, n_x=4, n_h=4), 3, inputs),
    ),
    hints=(
        "Four blocks of n_h columns, all computed the same way from x and h; only what squashes them "
        "differs. Three are gates between 0 and 1, one is what may be written, between -1 and 1.",
        "The cell changes first: one gate says what part of the old cell stays, another how much of the new "
        "content is written. The output gate then says how much of the new cell, squashed once more, is "
        "shown.",
        "One sum for all: x W + h U + b, cut along axis 1 into i, f, g, o in this order (`np.split`). "
        "Sigmoid for i, f and o, tanh for g. New cell: f times the old cell plus i times g; new state: o "
        "times tanh of the new cell.",
    ),
    why="One product for all four gates is faster than four, and `np.split` names its parts. The cell is "
    "only multiplied by f and added to: along it a gradient can go back many steps.",
)
def lstm_step(x, h, c, params):
    """Return the state h and the cell c after one step: c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c').

    i, f, g and o are the four blocks of columns, in this order, of x W + h U + b.
    x: (m, n_x), h, c: (m, n_h), params: W (n_x, 4 n_h), U (n_h, 4 n_h), b (4 n_h,) -> h', c': (m, n_h).
    """

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    sums = x @ params["W"] + h @ params["U"] + params["b"]
    i, f, g, o = np.split(sums, 4, axis=1)
    c_new = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h_new = sigmoid(o) * np.tanh(c_new)
    return h_new, c_new


SUMS = 'x @ params["W"] + h @ params["U"] + params["b"]'
SPLIT = "i, f, g, o = np.split(sums, 4, axis=1)"
C_NEW = "sigmoid(f) * c + sigmoid(i) * np.tanh(g)"
H_NEW = "sigmoid(o) * np.tanh(c_new)"
RETURN = "return h_new, c_new"
USUAL = ("i, f, o, g", "i, g, f, o", "f, i, g, o", "f, i, o, g")  # orders of other libraries and books
ORDERS = [", ".join(order) for order in permutations("ifgo")][1:]


def in_order(order: str) -> str:
    """Return the edit that gives the blocks these names."""
    return f"i, f, g, o = np → {order} = np"


mistake(
    lstm_step,
    "gates-in-wrong-order",
    *map(in_order, USUAL),
    alone=tuple(in_order(order) for order in ORDERS if order not in USUAL),
    says="The four blocks are taken for one another. Here, as in PyTorch, their order is i, f, g, o: input "
    "gate, forget gate, content, output gate. Other libraries and papers have other orders; trained from "
    "scratch any works, but with weights from elsewhere the network talks nonsense.",
)
mistake(
    lstm_step,
    "gates-interleaved",
    f"{SPLIT} → i, f, g, o = (sums[:, k::4] for k in range(4))",
    says="Every fourth column is taken for a gate. The gates are blocks: the first n_h columns are i, the "
    "next n_h are f, and so on.",
)
mistake(
    lstm_step,
    "forget-gate-missing",
    "sigmoid(f) * c → c",
    says="The old cell is kept whole: the forget gate does not come in. The first LSTM, of 1997, had none. "
    "Nothing ever leaves such a cell; over a long sequence it drifts until its tanh is saturated.",
)
mistake(
    lstm_step,
    "cell-not-carried",
    "sigmoid(f) * c + → ",
    says="The old cell does not come in. The memory of an LSTM is the part σ(f) c that stays; without it "
    "every step starts from nothing.",
)
mistake(
    lstm_step,
    "input-gate-missing",
    "sigmoid(i) * np.tanh(g) → np.tanh(g)",
    says="The new content is written whole: the input gate does not come in. It decides how much of tanh(g) "
    "is worth keeping.",
)
mistake(
    lstm_step,
    "content-missing",
    "sigmoid(i) * np.tanh(g) → sigmoid(i)",
    says="The input gate itself is written into the cell. It only says how much; what is written is tanh(g).",
)
mistake(
    lstm_step,
    "output-gate-missing",
    f"{H_NEW} → np.tanh(c_new)",
    says="The output gate does not come in. The cell may remember something for later; σ(o) says how much "
    "of it the rest of the network gets to see now.",
)
mistake(
    lstm_step,
    "cell-not-squashed",
    "np.tanh(c_new) → c_new",
    says="The new cell goes out without tanh. It can be as large as it likes; the state h is between -1 and "
    "1.",
)
mistake(
    lstm_step,
    "squashed-cell-returned",
    f"{RETURN} → return h_new, np.tanh(c_new)",
    (f"{C_NEW} → np.tanh({C_NEW})", "np.tanh(c_new) → c_new"),
    alone=(f"{C_NEW} → np.tanh({C_NEW})",),
    says="The cell is squashed where it should stay as it is. tanh belongs to h alone: on the way from step "
    "to step the cell is only multiplied by f and added to, which is what lets it remember.",
)
mistake(
    lstm_step,
    "old-cell-in-output",
    "np.tanh(c_new) → np.tanh(c)",
    says="The state is made from the old cell. First the cell changes, then h is read from the new one.",
)
mistake(
    lstm_step,
    "content-in-output",
    alone=(
        "np.tanh(c_new) → np.tanh(g)",
        "np.tanh(c_new) → np.tanh(sigmoid(i) * np.tanh(g))",
    ),
    says="The state is made from the new content alone. What is shown is the cell, old and new together, "
    "squashed by tanh.",
)
mistake(
    lstm_step,
    "old-cell-returned",
    f"{RETURN} → return h_new, c",
    says="The old cell is returned: it has been used for h, but the caller carries on with a cell that "
    "never changes.",
)
mistake(
    lstm_step,
    "state-returned-twice",
    alone=(
        f"{RETURN} → return h_new, h_new",
        f"{RETURN} → return c_new, c_new",
        f"{RETURN} → return h, c_new",
    ),
    says="One of the two results stands in both places, or the old state in the new one's. The caller needs "
    "both: h to show, c to remember.",
)
mistake(
    lstm_step,
    "outputs-swapped",
    f"{RETURN} → return c_new, h_new",
    says="State and cell are returned in the wrong order. The caller takes them apart as `h, c`.",
)
mistake(
    lstm_step,
    "only-state-returned",
    f"{RETURN} → return h_new",
    alone=(f"{RETURN} → return c_new",),
    says="Only one of the two comes back. The next step needs the new state and the new cell: return `h, c`.",
)
mistake(
    lstm_step,
    "returned-as-torch-does",
    alone=(f"{RETURN} → return h_new, (h_new, c_new)",),
    says="The results are packed as `nn.LSTM` does it, output, (h, c). Here they are the two new states, "
    "`h, c`.",
)
mistake(
    lstm_step,
    "state-and-cell-swapped",
    ('h @ params["U"] → c @ params["U"]', "sigmoid(f) * c → sigmoid(f) * h"),
    says="h and c have changed places on the way in. The gates look at x and at the state h; the forget "
    "gate multiplies the cell c.",
)
mistake(
    lstm_step,
    "cell-instead-of-state",
    'h @ params["U"] → c @ params["U"]',
    alone=('h @ params["U"] → np.tanh(c) @ params["U"]', 'h @ params["U"] → (h + c) @ params["U"]'),
    says="The gates look at the cell. They see x and the state h: what is in the cell reaches them only as "
    "far as the output gate has let it out.",
)
mistake(
    lstm_step,
    "cell-added-to-gates",
    alone=(
        "sigmoid(o) → sigmoid(o + c_new)",
        ("sigmoid(i) → sigmoid(i + c)", "sigmoid(f) → sigmoid(f + c)"),
        ("sigmoid(i) → sigmoid(i + c)", "sigmoid(f) → sigmoid(f + c)", "sigmoid(o) → sigmoid(o + c_new)"),
        ("sigmoid(i) → sigmoid(i + c)", "sigmoid(f) → sigmoid(f + c)", "sigmoid(o) → sigmoid(o + c)"),
        "sigmoid(o) → sigmoid(o + c)",
    ),
    says="A gate looks at the cell as well. There are LSTMs with such peepholes, with weights of their own; "
    "this one has none, nor have those of PyTorch and Keras.",
)
mistake(
    lstm_step,
    "state-instead-of-cell",
    "sigmoid(f) * c → sigmoid(f) * h",
    says="The forget gate multiplies the state. It belongs to the cell c, which carries the memory.",
)
mistake(
    lstm_step,
    "bias-omitted",
    ' + params["b"] → ',
    says="The bias is missing. That of the forget gate matters most: it decides how much is kept as long as "
    "nothing else is known.",
)
mistake(
    lstm_step,
    "bias-added-twice",
    '+ params["b"] → + 2 * params["b"]',
    says="The bias counts twice. torch keeps two, one beside each product; here b stands for their sum.",
)
mistake(
    lstm_step,
    "bias-sign-flipped",
    '+ params["b"] → - params["b"]',
    says="The bias is subtracted. Training would learn the opposite one, but weights from elsewhere would "
    "keep what they should forget.",
)
mistake(
    lstm_step,
    "forget-bias-added",
    "sigmoid(f) → sigmoid(f + 1)",
    alone=("sigmoid(f) → sigmoid(f - 1)", "sigmoid(f) → sigmoid(f + 2)"),
    says="A constant is added to the forget gate. A forget bias of 1 is a good start, but it is put into b "
    "when the weights are made, not added at every step.",
)
mistake(
    lstm_step,
    "recurrent-term-missing",
    ' + h @ params["U"] → ',
    says="The old state does not enter the gates. They would look at the input alone, and could not let "
    "what was read before decide.",
)
mistake(
    lstm_step,
    "input-ignored",
    'x @ params["W"] +  → ',
    says="The input does not come in: x W is missing in the sums, and the state goes its own way, whatever "
    "is read.",
)
mistake(
    lstm_step,
    "weights-swapped",
    'x @ params["W"] + h @ params["U"] → x @ params["U"] + h @ params["W"]',
    says="W and U have changed places. W belongs to the input x, U to the state h.",
)
mistake(
    lstm_step,
    "concatenated-in-other-order",
    'x @ params["W"] + h @ params["U"] → np.hstack([h, x]) @ np.vstack([params["W"], params["U"]])',
    says="State and input are joined in one order and their weights in the other. The shapes fit, but every "
    "number meets a weight that belongs to something else.",
)
mistake(
    lstm_step,
    "wrong-activation",
    "np.tanh(g) → sigmoid(g)",
    "np.tanh(c_new) → sigmoid(c_new)",
    ("sigmoid(i) → np.tanh(i)", "sigmoid(f) → np.tanh(f)", "sigmoid(o) → np.tanh(o)"),
    alone=(
        "sigmoid(i) → np.tanh(i)",
        "sigmoid(f) → np.tanh(f)",
        "sigmoid(o) → np.tanh(o)",
        "np.tanh(g) → np.maximum(g, 0)",
        "np.tanh(c_new) → np.maximum(c_new, 0)",
        ("np.tanh(g) → np.maximum(g, 0)", "np.tanh(c_new) → np.maximum(c_new, 0)"),
        ("np.tanh(g) → sigmoid(g)", "np.tanh(c_new) → sigmoid(c_new)"),
        "return 1 / (1 + np.exp(-a)) → return np.clip(0.2 * a + 0.5, 0, 1)",
        "return 1 / (1 + np.exp(-a)) → return np.clip(a / 6 + 0.5, 0, 1)",
        "return 1 / (1 + np.exp(-a)) → return (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True))",
    ),
    says="An activation is another one. Gates are sigmoids, since they say how much, between 0 and 1; what "
    "is written (g) and what is shown (the new cell) go through tanh.",
)
mistake(
    lstm_step,
    "activation-omitted",
    "np.tanh(g) → g",
    "sigmoid(i) → i",
    "sigmoid(f) → f",
    "sigmoid(o) → o",
    alone=(("sigmoid(i) → i", "sigmoid(f) → f", "sigmoid(o) → o"),),
    says="One of the blocks is not squashed. Gates go through the sigmoid, the content g through tanh; "
    "without it the cell can grow without bounds.",
)
mistake(
    lstm_step,
    "activation-applied-twice",
    (
        f"{SPLIT} → i, f, g, o = np.split(sigmoid(sums), 4, axis=1)",
        "sigmoid(i) → i",
        "sigmoid(f) → f",
        "sigmoid(o) → o",
    ),
    f"{SPLIT} → i, f, g, o = np.split(np.tanh(sums), 4, axis=1)",
    alone=(
        f"{SPLIT} → i, f, g, o = np.split(sigmoid(sums), 4, axis=1)",
        "np.tanh(g) → np.tanh(np.tanh(g))",
        "sigmoid(f) → sigmoid(sigmoid(f))",
    ),
    says="A block is squashed twice, for instance all four at once and then one again. Each is squashed "
    "once: i, f and o by the sigmoid, g by tanh.",
)
mistake(
    lstm_step,
    "sigmoid-sign-flipped",
    "np.exp(-a) → np.exp(a)",
    says="The sigmoid is the wrong way round: with exp(a) in the denominator it falls from 1 to 0, so every "
    "gate is open where it should be closed.",
)
mistake(
    lstm_step,
    "gate-inverted",
    "sigmoid(f) * c → (1 - sigmoid(f)) * c",
    alone=(
        "sigmoid(i) * np.tanh(g) → (1 - sigmoid(i)) * np.tanh(g)",
        f"{H_NEW} → (1 - sigmoid(o)) * np.tanh(c_new)",
    ),
    says="A gate is the wrong way round. At 1 a gate is open: f = 1 keeps the cell, i = 1 writes, o = 1 "
    "shows.",
)
mistake(
    lstm_step,
    "gates-coupled",
    "sigmoid(f) * c → (1 - sigmoid(i)) * c",
    "sigmoid(i) * np.tanh(g) → (1 - sigmoid(f)) * np.tanh(g)",
    says="One gate does the work of two: what is kept and what is written add up to 1, as in a GRU. An LSTM "
    "has a gate of its own for each, so it can keep everything and write something too.",
)
mistake(
    lstm_step,
    "gate-on-the-sum",
    f"{C_NEW} → sigmoid(f) * (c + sigmoid(i) * np.tanh(g))",
    alone=(
        f"{C_NEW} → sigmoid(i) * (sigmoid(f) * c + np.tanh(g))",
        f"{H_NEW} → np.tanh(sigmoid(o) * c_new)",
        f"{C_NEW} → sigmoid(f) * sigmoid(i) * (c + np.tanh(g))",
    ),
    says="A gate multiplies more than its own part, or stands inside tanh. f belongs to the old cell, i to "
    "the new content, o to the squashed new cell.",
)
mistake(
    lstm_step,
    "added-instead-of-multiplied",
    "sigmoid(f) * c → sigmoid(f) + c",
    alone=(
        "sigmoid(i) * np.tanh(g) → (sigmoid(i) + np.tanh(g))",
        "sigmoid(o) * → sigmoid(o) +",
        "c + sigmoid(i) → c * sigmoid(i)",
    ),
    says="A gate is added (or the two parts of the cell are multiplied). Gates multiply: 0 lets nothing "
    "through. The two parts of the cell are then added.",
)
