"""The exercise `rnn_forward`: the states of a recurrent network, step by step."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.catalogue.shared.sequences import (
    FOUR_STEPS,
    ONE_SEQUENCE,
    ONE_STEP,
    SIX_STEPS,
    TWO_OF_ALL,
    recurrent,
    rnn,
)
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import example


@exercise(
    notebook=14,
    order=1,
    returns="H",
    probes=(
        example(
            np.array([[[1.0], [-2.0], [0.5]]]),
            np.array([[0.4]]),
            {"Wx": np.array([[0.5]]), "Wh": np.array([[-1.0]]), "b": np.array([0.3])},
        ),
        example(
            np.array([[[1.0], [0.0]], [[-1.0], [2.0]]]),
            np.array([[0.0, 0.5], [-0.6, 0.2]]),
            {
                "Wx": np.array([[0.5, -1.0]]),
                "Wh": np.array([[0.5, 1.0], [-0.8, 0.2]]),
                "b": np.array([0.1, -0.4]),
            },
            label="two sequences, two hidden units",
        ),
        recurrent("main", FOUR_STEPS, 0, rnn),
        recurrent("bias", FOUR_STEPS, 0, rnn),
        recurrent("other", SIX_STEPS, 1, rnn),
        recurrent("other", TWO_OF_ALL, 2, rnn),
        recurrent("extreme", ONE_STEP, 3, rnn),
        recurrent("extreme", ONE_SEQUENCE, 4, rnn),
    ),
    hints=(
        "A recurrent network is one layer that is used again at every step. It reads two things: the input "
        "of this step, and its own output of the step before.",
        "A loop over the steps, all sequences of the batch at once: `X[:, t]` is (m, n_x). What has to "
        "survive from one pass of the loop to the next, and what is it before the first?",
        "Keep the state in a variable that starts as h0. In each pass replace it with tanh of three terms "
        "(input times Wx, old state times Wh, bias), and store it as step t of an array of shape (m, T, "
        "n_h).",
    ),
    why="The state is the only thing that passes from step to step. The same weights serve every step, so "
    "the sequences may be of any length.",
)
def rnn_forward(X, h0, params):
    """Return the states h_1 … h_T of a recurrent network: h_t = tanh(x_t Wx + h_{t-1} Wh + b).

    X: (m, T, n_x), h0: (m, n_h), params: Wx (n_x, n_h), Wh (n_h, n_h), b (n_h,) -> H: (m, T, n_h).
    """
    Wx, Wh, b = params["Wx"], params["Wh"], params["b"]
    m, T, _ = X.shape
    H = np.zeros((m, T, len(b)))
    h = h0
    for t in range(T):
        h = np.tanh(X[:, t] @ Wx + h @ Wh + b)
        H[:, t] = h
    return H


TANH = "np.tanh(X[:, t] @ Wx + h @ Wh + b)"
SUM = "X[:, t] @ Wx + h @ Wh"
STEPS = "for t in range(T):"
STORE = "H[:, t] = h"
SOFTMAX = f"np.exp({SUM} + b) / np.exp({SUM} + b).sum(axis=1, keepdims=True)"
LISTED = (
    "H = np.zeros((m, T, len(b))) → H = []",
    f"{STORE} → H.append(h)",
    "return H → return np.stack(H, axis=1)",
)
SIGMOID = "1 / (1 + np.exp(-(X[:, t] @ Wx + h @ Wh + b)))"

mistake(
    rnn_forward,
    "state-not-carried",
    "h @ Wh → h0 @ Wh",
    says="Every step starts from h0: the state is computed, but not carried on to the next step. Such a "
    "network has no memory; what it says at step t depends on x_t alone.",
)
mistake(
    rnn_forward,
    "recurrent-term-missing",
    " + h @ Wh → ",
    says="The old state does not enter. Without h Wh this is a plain layer that looks at each step by "
    "itself, and the order of the steps means nothing to it.",
)
mistake(
    rnn_forward,
    "initial-state-ignored",
    "h = h0 → h = np.zeros_like(h0)",
    alone=("h = h0 → h = np.ones_like(h0)",),
    says="h0 is ignored: the first step starts from another state, such as zeros (H[:, t - 1] at t = 0 is "
    "the last entry of H, which is still empty). Often h0 is zero and nothing shows; when a long text is "
    "read in pieces, it holds all that was read before.",
)
mistake(
    rnn_forward,
    "first-state-without-input",
    f"{STEPS} → H[:, 0] = h0\n    for t in range(1, T):",
    says="Step 0 of H is h0 itself, so the first input never enters. H begins with h_1, which is what h0 "
    "becomes after the first input.",
)
mistake(
    rnn_forward,
    "state-before-the-step",
    (f"h = {TANH} → before, h = h, {TANH}", f"{STORE} → H[:, t] = before"),
    alone=("return H → return np.concatenate([h0[:, None], H], axis=1)",),
    says="H holds the states before each step: it begins with h0. Step t of H should be the state after x_t "
    "has been read, h_1 … h_T, as many states as inputs.",
)
mistake(
    rnn_forward,
    "bias-omitted",
    " + b → ",
    says="The bias is missing. Without it a unit has no resting point of its own: from a zero state and "
    "zero inputs it can only stay at 0.",
)
mistake(
    rnn_forward,
    "bias-added-twice",
    "+ b → + 2 * b",
    says="The bias counts twice. torch keeps two biases, one beside each product; here b stands for their "
    "sum.",
)
mistake(
    rnn_forward,
    "bias-outside-activation",
    "h @ Wh + b) → h @ Wh) + b",
    says="The bias is added after tanh. It belongs inside, to the weighted sums: it shifts where a unit "
    "switches, and outside the states would leave the range from -1 to 1.",
)
mistake(
    rnn_forward,
    "bias-sign-flipped",
    "+ b → - b",
    says="The bias is subtracted. Training would learn the opposite bias and hide the slip, but weights "
    "taken from elsewhere would give other states.",
)
mistake(
    rnn_forward,
    "one-bias-for-all",
    "+ b → + b[0]",
    alone=("+ b → + b.sum()", "+ b → + b.mean()"),
    says="All units get the same bias. b has one entry for each of them.",
)
mistake(
    rnn_forward,
    "activation-omitted",
    f"{TANH} → {SUM} + b",
    says="tanh is missing. The state then goes through the same matrix at every step with nothing to bound "
    "it: over long sequences it vanishes or explodes, and all steps together are one linear map.",
)
mistake(
    rnn_forward,
    "wrong-activation",
    f"{TANH} → {SIGMOID}",
    f"{TANH} → np.maximum({SUM} + b, 0)",
    alone=(
        "np.tanh → np.sin",
        "np.tanh → np.arctan",
        f"{TANH} → {SOFTMAX}",
        f"{TANH} → np.maximum(0.01 * ({SUM} + b), {SUM} + b)",
    ),
    says="The activation is another one. Here it is tanh, with values from -1 to 1 around 0. A sigmoid's "
    "states are all positive, and those of ReLU may grow from step to step.",
)
mistake(
    rnn_forward,
    "activation-applied-twice",
    f"{TANH} → np.tanh({TANH})",
    f"{STORE} → H[:, t] = np.tanh(h)",
    says="tanh is applied twice: once to the sums and again to the state. It belongs around the three "
    "terms, once in every step.",
)
mistake(
    rnn_forward,
    "activation-on-one-part",
    f"{TANH} → np.tanh(X[:, t] @ Wx) + np.tanh(h @ Wh + b)",
    f"{TANH} → np.tanh(X[:, t] @ Wx) + h @ Wh + b",
    f"{TANH} → X[:, t] @ Wx + np.tanh(h @ Wh + b)",
    alone=(
        f"{TANH} → np.tanh(X[:, t] @ Wx + b) + np.tanh(h @ Wh)",
        f"{TANH} → np.tanh(X[:, t] @ Wx) + np.tanh(h @ Wh) + b",
        f"{TANH} → np.tanh(X[:, t] @ Wx + b) + h @ Wh",
        f"{TANH} → X[:, t] @ Wx + np.tanh(h @ Wh) + b",
        f"{TANH} → X[:, t] @ Wx + np.tanh(h) @ Wh + b",
        f"{TANH} → np.tanh(X[:, t] @ Wx + b + np.tanh(h @ Wh))",
        f"{TANH} → np.tanh(X[:, t] @ Wx + h @ Wh + np.tanh(b))",
    ),
    says="tanh does not stand around the whole sum: the terms are squashed one by one, or some not at all. "
    "All three are added first, and tanh comes last.",
)
mistake(
    rnn_forward,
    "state-carried-before-activation",
    (f"h = {TANH} → h = {SUM} + b", f"{STORE} → H[:, t] = np.tanh(h)"),
    says="What goes to the next step is the sum before tanh. The state that is carried is the one that you "
    "store, h_t, after tanh.",
)
mistake(
    rnn_forward,
    "sums-returned",
    (f"h = {TANH} → a = {SUM} + b; h = np.tanh(a)", f"{STORE} → H[:, t] = a"),
    says="H holds the sums before tanh. The right states are carried on, but the caller gets what they were "
    "made from.",
)
mistake(
    rnn_forward,
    "recurrent-weights-transposed",
    "h @ Wh → h @ Wh.T",
    says="Wh is transposed. It is square, so NumPy does not complain: `h @ Wh` lets row i of Wh say where "
    "unit i sends its value, `h @ Wh.T` where it gets it from.",
)
mistake(
    rnn_forward,
    "elementwise-instead-of-matmul",
    "h @ Wh → h * np.diagonal(Wh)",
    "h @ Wh → h * Wh",
    alone=("h @ Wh → h * Wh.sum(axis=0)", "h @ Wh → h * Wh.sum(axis=1)", "X[:, t] @ Wx → X[:, t] * Wx"),
    says="A product is taken entry by entry, where the matrix product `@` is meant. Each unit then "
    "remembers only itself; with `@` it hears from all the others.",
)
mistake(
    rnn_forward,
    "weights-swapped",
    f"{SUM} → X[:, t] @ Wh + h @ Wx",
    says="Wx and Wh have changed places. Wx (n_x, n_h) belongs to the input, Wh (n_h, n_h) to the state.",
)
mistake(
    rnn_forward,
    "concatenated-in-other-order",
    f"{SUM} → np.hstack([h, X[:, t]]) @ np.vstack([Wx, Wh])",
    f"{SUM} → np.hstack([X[:, t], h]) @ np.vstack([Wh, Wx])",
    says="State and input are joined in one order and their weights in the other. The shapes fit, but every "
    "number meets a weight that belongs to something else.",
)
mistake(
    rnn_forward,
    "time-reversed",
    f"{STEPS} → for t in reversed(range(T)):",
    ("X[:, t] → X[:, T - 1 - t]",),
    f"{STORE} → H[:, T - 1 - t] = h",
    says="Time runs backward somewhere: the steps are read from the last to the first, or stored in that "
    "order. h_t has seen x_1 … x_t, and stands at step t.",
)
mistake(
    rnn_forward,
    "same-input-at-every-step",
    "X[:, t] → X[:, 0]",
    "X[:, t] → X[:, -1]",
    alone=("X[:, t] → X.sum(axis=1)", "X[:, t] → X.mean(axis=1)"),
    says="Every step reads the same input. Step t reads X[:, t], the t-th of each sequence.",
)
mistake(
    rnn_forward,
    "input-off-by-one",
    "X[:, t] → X[:, t - 1]",
    "X[:, t] → X[:, min(t + 1, T - 1)]",
    alone=("X[:, t] → X[:, (t + 1) % T]", "X[:, t] → (X[:, t - 1] if t else 0 * X[:, t])"),
    says="Step t reads the input of another step, the one before or after. State and input are one step "
    "apart (h_{t-1} and x_t), but Python counts the inputs from 0: h_1 comes from h0 and X[:, 0].",
)
mistake(
    rnn_forward,
    "state-off-by-one",
    "h @ Wh → (H[:, t - 2] if t > 1 else h0) @ Wh",
    "h @ Wh → (H[:, t - 1] if t > 1 else h0) @ Wh",
    says="The state that enters a step is not that of the step before. Look at how you read it from H, "
    "above all at the first steps: H[:, t - 1] at t = 0 is the last entry of H, not h0.",
)
mistake(
    rnn_forward,
    "state-added-up",
    f"h = {TANH} → h = h + {TANH}",
    says="The new state is added to the old one. It replaces it: what is to be kept of the old state has "
    "entered through Wh.",
)
mistake(
    rnn_forward,
    "initial-state-in-every-step",
    "h @ Wh → (h + h0) @ Wh",
    says="h0 enters again at every step, beside the state. It is the state before the first step and "
    "nothing more.",
)
mistake(
    rnn_forward,
    "last-state-only",
    "return H → return h",
    "return H → return H[:, -1:]",
    says="Only the last state comes back. The caller wants all of them, (m, T, n_h): backpropagation and "
    "every layer above need each step.",
)
mistake(
    rnn_forward,
    "first-state-only",
    f"{STORE} → {STORE}; return H",
    f"{STORE} → return h",
    says="Only the first step is computed: a `return` inside the loop ends the function on the first pass.",
)
mistake(
    rnn_forward,
    "returned-as-torch-does",
    "return H → return H, h",
    says="Two results come back, all states and the last one, as from `nn.RNN`. Here it is one array, H; "
    "the last state is H[:, -1].",
)
mistake(
    rnn_forward,
    "last-state-everywhere",
    "return H → return np.repeat(h[:, None], T, axis=1)",
    says="All steps of H hold the last state. One array that is changed in place and stored T times can do "
    "that: every entry then shows its final values. Make a new array in each step.",
)
mistake(
    rnn_forward,
    "step-left-out",
    f"{STEPS} → for t in range(T - 1):",
    f"{STEPS} → for t in range(1, T):",
    alone=(
        "return H → return H[:, :-1]",
        "return H → return H[:, 1:]",
        (*LISTED, f"{STEPS} → for t in range(1, T):"),
    ),
    says="A step is left out, the first or the last. `range(T)` already stops at T - 1.",
)
mistake(
    rnn_forward,
    "states-not-stored",
    "np.zeros((m, T, len(b))) → np.zeros((m, T, len(b)), dtype=int)",
    says="H holds nothing but zeros. Either the states are never written into it, or it is an array of "
    "integers, which cuts off their decimals: `np.zeros` gives floats unless told otherwise.",
)
mistake(
    rnn_forward,
    "time-first",
    "return H → return H.swapaxes(0, 1)",
    alone=("return H → return H.transpose(0, 2, 1)", "return H → return H.reshape(T, m, -1)"),
    says="The axes are in another order. H is (m, T, n_h): sequences first, then steps. A list of states "
    "made into an array has the steps first; `np.stack(…, axis=1)` puts them where they belong.",
)
mistake(
    rnn_forward,
    "time-and-batch-swapped",
    (
        "m, T, _ = X.shape → T, m, _ = X.shape",
        "H = np.zeros((m, T, len(b))) → H = np.zeros((T, m, len(b)))",
        "X[:, t] → X[t]",
        f"{STORE} → H[t] = h",
    ),
    alone=(
        "X[:, t] → X[t]",
        ("X[:, t] → X[t]", f"{STEPS} → for t in range(m):"),
        ("X[:, t] → X[t]", f"{STEPS} → for t in range(m):", f"{STORE} → H[t] = h"),
        ("X[:, t] → X[t]", f"{STORE} → H[t] = h"),
        ("X[:, t] → X[t]", *LISTED),
        ("X[:, t] → X[t]", *LISTED, f"{STEPS} → for t in range(m):"),
        ("X[:, t] → X[t]", *LISTED, f"{STEPS} → for t in range(m):", "axis=1 → axis=0"),
    ),
    says="A step is taken from the first axis of X, which holds the sequences. Steps are axis 1: `X[:, t]` "
    "is step t of all sequences.",
)
mistake(
    rnn_forward,
    "state-shared-by-sequences",
    "h @ Wh → h[:1] @ Wh",
    "h @ Wh → h.mean(axis=0) @ Wh",
    alone=(
        "h = h0 → h = h0[:1]",
        "h = h0 → h = h0[0]",
        "h = h0 → h = h0.mean(axis=0)",
        "h @ Wh → h[-1] @ Wh",
    ),
    says="All sequences start from, or go on with, one and the same state. Each has its own: h is (m, n_h), "
    "a row for every sequence.",
)


@mistake(
    rnn_forward,
    "state-not-reset-between-sequences",
    says="The state of one sequence goes over to the next: in a loop over the sequences it has to start "
    "again from that sequence's own row of h0.",
)
def one_after_the_other(X, h0, params):
    """Take all sequences for one long one."""
    H, h = np.zeros((*X.shape[:2], h0.shape[1])), h0[0]
    for i in range(X.shape[0]):
        for t in range(X.shape[1]):
            h = np.tanh(X[i, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
            H[i, t] = h
    return H
