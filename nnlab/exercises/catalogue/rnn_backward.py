"""The exercise `rnn_backward`: backpropagation through time."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.catalogue.rnn_forward import rnn_forward
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
from nnlab.exercises.checking.probes import SequenceSizes, example


def going_back(rng: np.random.Generator, s: SequenceSizes) -> tuple:
    """Return dH, X, h0, H and params, with the states that belong to them."""
    X, h0, params = rnn(rng, s)
    return rng.normal(size=(s.m, s.T, s.n_h)), X, h0, rnn_forward(X, h0, params), params


def worked(dH: list, X: list, h0: list, Wx: list, Wh: list, b: list) -> tuple:
    """Return the arguments for an example."""
    params = {"Wx": np.array(Wx), "Wh": np.array(Wh), "b": np.array(b)}
    return np.array(dH), np.array(X), np.array(h0), rnn_forward(np.array(X), np.array(h0), params), params


@exercise(
    notebook=14,
    order=2,
    returns="grads, dX, dh0",
    probes=(
        example(*worked([[[0.0], [10.0]]], [[[1.0], [-2.0]]], [[0.4]], [[0.5]], [[-1.0]], [0.3])),
        example(
            *worked(
                [[[1.0, 0.0], [2.0, -1.0]]],
                [[[1.0], [0.5]]],
                [[0.5, -0.5]],
                [[0.5, -1.0]],
                [[0.5, 1.0], [-0.8, 0.2]],
                [0.1, -0.4],
            ),
            label="two hidden units",
        ),
        recurrent("main", FOUR_STEPS, 0, going_back),
        recurrent("main", ONE_SEQUENCE, 4, going_back),
        recurrent("other", SIX_STEPS, 1, going_back),
        recurrent("other", TWO_OF_ALL, 2, going_back),
        recurrent("extreme", ONE_STEP, 3, going_back),
    ),
    hints=(
        "Draw the network unrolled, one box per step. A state has two ways to the loss: straight up (that "
        "is dH), and through all later steps. What comes back along the second way?",
        "Go from the last step to the first and carry one array, the gradient that comes back into the "
        "state from the step after. In each step: add the two parts, go through tanh, then treat the sum "
        "inside it as you treated a linear layer with two inputs.",
        "With da, the gradient inside tanh: its products with x_t and with the state *before* the step are "
        "added to those of the other steps, b gets its rows added up, dX[:, t] goes through Wx, and what is "
        "carried on, through Wh. Before the first step stands h0; what is carried at the end belongs to it.",
    ),
    why="Each line is the backward pass of one term of the forward step. The weights serve at every step, "
    "so their gradients add up; the state has one step after it, so `dh` is replaced.",
)
def rnn_backward(dH, X, h0, H, params):
    """Return the gradients of a recurrent network h_t = tanh(x_t Wx + h_{t-1} Wh + b), through time.

    dH[:, t]: the loss's gradient for H[:, t] itself, without what comes back through later steps.
    dH, H: (m, T, n_h), X: (m, T, n_x), h0: (m, n_h), params: Wx, Wh, b
    -> grads (a dict as params), dX: (m, T, n_x), dh0: (m, n_h).
    """
    Wx, Wh = params["Wx"], params["Wh"]
    grads = {key: np.zeros_like(value) for key, value in params.items()}
    dX = np.zeros_like(X)
    dh = np.zeros_like(h0)
    for t in reversed(range(X.shape[1])):
        before = H[:, t - 1] if t > 0 else h0
        da = (dH[:, t] + dh) * (1 - H[:, t] ** 2)
        grads["Wx"] += X[:, t].T @ da
        grads["Wh"] += before.T @ da
        grads["b"] += da.sum(axis=0)
        dX[:, t] = da @ Wx.T
        dh = da @ Wh.T
    return grads, dX, dh


LOOP = "for t in reversed(range(X.shape[1])):"
BEFORE = "before = H[:, t - 1] if t > 0 else h0"
BOTH = "(dH[:, t] + dh)"
SLOPE = "(1 - H[:, t] ** 2)"
DA = f"{BOTH} * {SLOPE}"
START = "dh = np.zeros_like(h0)"
CARRY = "dh = da @ Wh.T"
RETURN = "return grads, dX, dh"
DWX = 'grads["Wx"] += X[:, t].T @ da'
DWH = 'grads["Wh"] += before.T @ da'
DB = 'grads["b"] += da.sum(axis=0)'
DX = "dX[:, t] = da @ Wx.T"


def scaled(count: str, *keys: str) -> str:
    """Return the end of the function with some gradients divided by a count."""
    return "; ".join(f'grads["{key}"] = grads["{key}"] / {count}' for key in keys) + f"; {RETURN}"


mistake(
    rnn_backward,
    "gradient-through-time-cut",
    f"{BOTH} → dH[:, t]",
    alone=(
        (f"{BOTH} → dH[:, t]", f"{RETURN} → return grads, dX, np.zeros_like(h0)"),
        f"{DX} → dX[:, t] = (dH[:, t] * {SLOPE}) @ Wx.T",
        f"{DWX} → grads['Wx'] += X[:, t].T @ (dH[:, t] * {SLOPE})",
        f"{DWH} → grads['Wh'] += before.T @ (dH[:, t] * {SLOPE})",
        (f"{BOTH} → (dH[:, t] + dh)", f"{CARRY} → dh = (dH[:, t] * {SLOPE}) @ Wh.T"),
    ),
    says="What comes back from later steps is missing, everywhere or in one of the results: each step "
    "learns from its own dH alone, or at most from the step after as well. A network trained so cannot "
    "learn to remember for longer.",
)
mistake(
    rnn_backward,
    "direct-gradient-missing",
    (f"{START} → dh = dH[:, -1]", f"{BOTH} → dh"),
    says="Only the last step's dH counts. The loss may depend on every state directly: each step adds its "
    "own dH[:, t] to what comes back from the step after.",
)
mistake(
    rnn_backward,
    "last-step-counted-twice",
    f"{START} → dh = dH[:, -1]",
    says="The last step's dH counts twice: what is carried back starts with it, and then it is added again. "
    "After the last step comes nothing, so nothing comes back.",
)
mistake(
    rnn_backward,
    "time-reversed",
    f"{LOOP} → for t in range(X.shape[1]):",
    says="The loop goes forward in time. Gradients go back: a step needs what comes from the step after it, "
    "so the last step is the first to be done.",
)
mistake(
    rnn_backward,
    "state-after-the-step",
    f"{BEFORE} → before = H[:, t]",
    says="The gradient of Wh is computed with the state after the step. Wh has multiplied the one before "
    "it: H[:, t - 1], and h0 at the first step.",
)
mistake(
    rnn_backward,
    "index-wraps-around",
    f"{BEFORE} → before = H[:, t - 1]",
    says="At the first step the index t - 1 is -1, which is the last state, not h0. Python does not "
    "complain; only the gradient of Wh is wrong.",
)
mistake(
    rnn_backward,
    "initial-state-ignored",
    f"{BEFORE} → before = H[:, t - 1] if t > 0 else np.zeros_like(h0)",
    says="h0 is missing in the gradient of Wh: the first step is left out there, or takes a state of zeros. "
    "The state before it was h0.",
)
mistake(
    rnn_backward,
    "state-off-by-one",
    f"{BEFORE} → before = H[:, t - 2] if t > 1 else h0",
    alone=(
        f"{BEFORE} → before = H[:, t - 1] if t > 1 else h0",
        f"{BEFORE} → before = h0",
        f"{BEFORE} → before = H[:, max(t - 1, 0)]",
    ),
    says="In the gradient of Wh the states are not those before each step: h0 before the first, H[:, 0] "
    "before the second, and so on.",
)
mistake(
    rnn_backward,
    "gradient-overwritten",
    ('"] += → "] =',),
    alone=(
        'grads["Wx"] += → grads["Wx"] =',
        'grads["Wh"] += → grads["Wh"] =',
        'grads["b"] += → grads["b"] =',
        ('grads["Wx"] += → grads["Wx"] =', 'grads["Wh"] += → grads["Wh"] ='),
    ),
    says="A gradient of the parameters comes from one step only: in the loop each share replaces the one "
    "before (`=`). The same weights have served at every step, and the shares of all steps add up (`+=`).",
)
mistake(
    rnn_backward,
    "only-last-step",
    f"{DWX} → grads['Wx'] += X[:, t].T @ da * (t == X.shape[1] - 1)",
    alone=(
        f"{DWH} → grads['Wh'] += before.T @ da * (t == X.shape[1] - 1)",
        f"{LOOP} → for t in [X.shape[1] - 1]:",
    ),
    says="Only the last step counts. The weights have served at every step, and the loss depends on all of "
    "them; go back to the first.",
)
mistake(
    rnn_backward,
    "step-left-out",
    f"{LOOP} → for t in reversed(range(1, X.shape[1])):",
    f"{LOOP} → for t in reversed(range(X.shape[1] - 1)):",
    says="A step is left out, the first or the last. `range(T)` begins at 0 and stops at T - 1; backward, "
    "`range(T - 1, -1, -1)` ends with 0.",
)
mistake(
    rnn_backward,
    "state-gradient-not-replaced",
    f"{CARRY} → dh = dh + da @ Wh.T",
    says="What is carried back piles up: the gradient of this step is added to that of the step after. It "
    "has already been used there, inside da; each step replaces it.",
)
mistake(
    rnn_backward,
    "later-steps-counted-twice",
    alone=(f"{BOTH} → (dH[:, t] + 2 * dh)",),
    says="What comes back from the step after is added twice. It is one gradient, and it joins dH[:, t] "
    "once.",
)
mistake(
    rnn_backward,
    "activation-derivative-omitted",
    f"{DA} → {BOTH}",
    f"{CARRY} → dh = {BOTH} @ Wh.T",
    alone=(
        f"{DWX} → grads['Wx'] += X[:, t].T @ {BOTH}",
        f"{DWH} → grads['Wh'] += before.T @ {BOTH}",
        f"{DB} → grads['b'] += {BOTH}.sum(axis=0)",
        f"{DX} → dX[:, t] = {BOTH} @ Wx.T",
        f"{DX} → dX[:, t] = dH[:, t] @ Wx.T",
        (f"{DX} → dX[:, t] = {BOTH} @ Wx.T", f"{CARRY} → dh = {BOTH} @ Wh.T"),
    ),
    says="The slope of tanh is missing, everywhere or in one of the results. Whatever goes back through a "
    "step goes through tanh first; without its slope, which is at most 1, gradients grow from step to step.",
)
mistake(
    rnn_backward,
    "slope-applied-twice",
    alone=(
        f"{SLOPE} → {SLOPE} ** 2",
        f"{CARRY} → dh = (da * {SLOPE}) @ Wh.T",
        f"{DX} → dX[:, t] = (da * {SLOPE}) @ Wx.T",
        f"{RETURN} → return grads, dX, dh * (1 - h0**2)",
    ),
    says="The slope of a tanh comes in twice, or in a place where there is no tanh. Each step has one, and "
    "h0 goes into the first step as it is.",
)
mistake(
    rnn_backward,
    "derivative-on-one-part",
    f"{DA} → dH[:, t] * {SLOPE} + dh",
    alone=(f"{DA} → dH[:, t] + dh * {SLOPE}",),
    says="The slope of tanh multiplies only one of the two parts, dH or what comes back from later. Both "
    "reach the same state, so add them first and go through tanh together.",
)
mistake(
    rnn_backward,
    "derivative-of-wrong-variable",
    f"{SLOPE} → (1 - np.tanh(H[:, t]) ** 2)",
    f"{SLOPE} → (1 - before**2)",
    alone=(
        f"{SLOPE} → (1 - dH[:, t] ** 2)",
        f"{SLOPE} → (1 - X[:, t].sum(axis=1, keepdims=True) ** 2)",
        f"{SLOPE} → (1 - dh**2)",
        f"{SLOPE} → (1 - (X[:, t] @ Wx + before @ Wh + params['b']) ** 2)",
        f"{SLOPE} → (1 - np.tanh(before) ** 2)",
    ),
    says="The slope of tanh is taken at another place. It is 1 - h² with the state that this very step has "
    "given, H[:, t], which is what tanh has returned.",
)
mistake(
    rnn_backward,
    "sigmoid-derivative-for-tanh",
    f"{SLOPE} → (H[:, t] * (1 - H[:, t]))",
    says="H (1 - H) is the slope of a sigmoid. For tanh it is 1 - H², which is never negative.",
)
mistake(
    rnn_backward,
    "square-missing",
    f"{SLOPE} → (1 - H[:, t])",
    alone=(
        f"{SLOPE} → (1 - abs(H[:, t]))",
        f"{SLOPE} → (1 - H[:, t]) ** 2",
        f"{SLOPE} → H[:, t] ** 2",
        f"{SLOPE} → (1 + H[:, t] ** 2)",
        f"{SLOPE} → H[:, t]",
    ),
    says="The slope of tanh is 1 - H², with the square on H alone. It is 1 at H = 0 and 0 where the unit is "
    "saturated, on both sides.",
)
mistake(
    rnn_backward,
    "recurrent-weights-transposed",
    f"{CARRY} → dh = da @ Wh",
    says="What is carried back goes through Wh, not its transpose. Wh is square, so NumPy does not "
    "complain; but forward it was `h @ Wh`, and going back the roles of rows and columns change.",
)
mistake(
    rnn_backward,
    "weights-not-transposed",
    f"{DX} → dX[:, t] = da @ Wx",
    alone=(f"{DX} → dX[:, t] = da @ Wx.reshape(Wx.shape[::-1])",),
    says="dX goes back through Wx, not its transpose. Going forward `x @ Wx` leads from inputs to units; "
    "the gradient goes the other way.",
)
mistake(
    rnn_backward,
    "weights-swapped",
    alone=(
        (f"{DX} → dX[:, t] = (da @ Wh.T)[:, : X.shape[2]]", f"{CARRY} → dh = da @ Wh.T"),
        (f"{DX} → dX[:, t] = da @ Wh.T", f"{CARRY} → dh = da @ Wx.T"),
    ),
    says="Wx and Wh have changed places: dX goes back through Wx, the state's gradient through Wh.",
)
mistake(
    rnn_backward,
    "weight-gradient-transposed",
    f'{RETURN} → grads["Wx"], grads["Wh"] = grads["Wx"].T, grads["Wh"].T; {RETURN}',
    f'{RETURN} → grads["Wh"] = grads["Wh"].T; {RETURN}',
    alone=(f'{RETURN} → grads["Wx"] = grads["Wx"].T; {RETURN}',),
    says="A gradient of the weights is transposed. For Wh, which is square, the shape does not show it: row "
    "i belongs to the unit the state comes from, column j to the one it goes to.",
)
mistake(
    rnn_backward,
    "input-off-by-one",
    f"{DWX} → grads['Wx'] += X[:, t - 1].T @ da",
    alone=(
        f"{DWX} → grads['Wx'] += X[:, min(t + 1, X.shape[1] - 1)].T @ da",
        f"{DWX} → grads['Wx'] += X[:, 0].T @ da",
        f"{DWX} → grads['Wx'] += X[:, -1].T @ da",
        f"{DWX} → grads['Wx'] += (X[:, t - 1].T @ da if t else 0)",
    ),
    says="The gradient of Wx is computed with the input of another step. Step t has read X[:, t].",
)
mistake(
    rnn_backward,
    "state-gradient-of-first-step",
    ("dX[:, t] = → dh_1 = dH[:, t] + dh; dX[:, t] =", f"{RETURN} → return grads, dX, dh_1"),
    alone=((f"{RETURN} → return grads, dX, da",),),
    says="dh0 stops one step early: it is the gradient for h_1, or for the sum inside the first tanh. From "
    "there it still has to go back to h0, through tanh and Wh.",
)
mistake(
    rnn_backward,
    "initial-state-gradient-missing",
    f"{RETURN} → return grads, dX, np.zeros_like(h0)",
    says="dh0 is zero. The state before the first step has gone through all of them; its gradient is what "
    "you carry when you arrive there.",
)
mistake(
    rnn_backward,
    "input-gradient-missing",
    alone=(f"{DX} → dX[:, t] = 0",),
    says="dX is zero. Each input has entered its step through Wx, and the layer below needs its gradient.",
)
mistake(
    rnn_backward,
    "state-gradient-summed-over-steps",
    alone=(
        (
            f"{START} → total = {START}",
            f"{CARRY} → {CARRY}; total = total + dh",
            f"{RETURN} → return grads, dX, total",
        ),
    ),
    says="dh0 adds up what is carried back at every step. Only what arrives before the first step belongs "
    "to h0; the rest belongs to later states.",
)
mistake(
    rnn_backward,
    "direct-gradient-added-to-initial-state",
    alone=(f"{RETURN} → return grads, dX, dh + dH[:, 0]",),
    says="dH[:, 0] is added to dh0. It belongs to the first state after the start, H[:, 0], and has already "
    "gone back from there; h0 itself has no loss of its own.",
)
mistake(
    rnn_backward,
    "bias-gradient-not-summed",
    ('grads["b"] += da.sum(axis=0) → grads["b"] = grads["b"] + da',),
    says="The gradient of b still has a row for each sequence. b has entered every one of them, so the sum "
    "runs over the batch too, and one number for each unit is left.",
)
mistake(
    rnn_backward,
    "bias-gradient-wrong-axis",
    'grads["b"] += da.sum(axis=0) → grads["b"] = grads["b"][:1] + da.sum(axis=1)',
    alone=(
        'grads["b"] += da.sum(axis=0) → grads["b"] += da.sum()',
        f'{RETURN} → grads["b"] = np.array(grads["b"].sum()); {RETURN}',
    ),
    says="The gradient of b is summed over the wrong axes. It has one entry for each unit: the sum runs "
    "over sequences and steps, not over units.",
)
mistake(
    rnn_backward,
    "bias-gradient-keeps-dims",
    f'{RETURN} → grads["b"] = grads["b"][None]; {RETURN}',
    says="The gradient of b has an axis too many. b is (n_h,), and so is its gradient.",
)
mistake(
    rnn_backward,
    "bias-gradient-averaged",
    "da.sum(axis=0) → da.mean(axis=0)",
    f"{RETURN} → {scaled('X.shape[1]', 'b')}",
    alone=(f"{RETURN} → {scaled('(len(X) * X.shape[1])', 'b')}",),
    says="The gradient of b is a mean, over the sequences, the steps, or both. dH carries any 1/m already; "
    "all shares add up.",
)
mistake(
    rnn_backward,
    "double-batch-average",
    f"{RETURN} → {scaled('len(X)', 'Wx', 'Wh', 'b')}",
    f"{RETURN} → {scaled('len(X)', 'Wx', 'Wh')}",
    alone=(
        f"{DA} → {DA} / len(X)",
        (
            f"{RETURN} → {scaled('len(X)', 'Wx', 'Wh', 'b')}",
            "grads, dX, dh → grads, dX / len(X), dh / len(X)",
        ),
        f"{RETURN} → {scaled('len(X)', 'Wx')}",
        f"{RETURN} → {scaled('len(X)', 'Wh')}",
    ),
    says="The mean over the batch is taken a second time. dH carries the 1/m already, so the sequences only "
    "have to be added up.",
)
mistake(
    rnn_backward,
    "averaged-over-steps",
    f"{RETURN} → {scaled('X.shape[1]', 'Wx', 'Wh', 'b')}",
    alone=(
        f"{RETURN} → {scaled('X.shape[1]', 'Wx', 'Wh')}",
        f"{RETURN} → {scaled('(len(X) * X.shape[1])', 'Wx', 'Wh', 'b')}",
        f"{RETURN} → {scaled('X.shape[1]', 'Wh')}",
        f"{RETURN} → {scaled('X.shape[1]', 'Wx')}",
    ),
    says="The gradients are divided by the number of steps. The same weights have served at every step, and "
    "each use adds its share; any mean over the steps belongs to the loss, and is in dH.",
)
mistake(
    rnn_backward,
    "gradient-sign-flipped",
    f"{RETURN} → return {{key: -g for key, g in grads.items()}}, -dX, -dh",
    alone=(
        f"{RETURN} → return {{key: -g for key, g in grads.items()}}, dX, dh",
        f"{RETURN} → return grads, -dX, dh",
        f"{RETURN} → return grads, dX, -dh",
        f"{CARRY} → dh = -da @ Wh.T",
    ),
    says="A sign is reversed. The minus of gradient descent belongs in the update, and only there.",
)
mistake(
    rnn_backward,
    "upstream-gradient-dropped",
    alone=(
        f"{BOTH} → (1 + dh)",
        f"{BOTH} → 1",
        f"{DA} → {SLOPE}",
    ),
    says="dH does not come in: this would be the gradient of the sum of all states. The chain rule starts "
    "with what the loss says about each of them.",
)
mistake(
    rnn_backward,
    "outputs-swapped",
    f"{RETURN} → return grads, dh, dX",
    alone=(
        f"{RETURN} → return dX, dh, grads",
        f"{RETURN} → return dX, grads, dh",
        f"{RETURN} → return dh, dX, grads",
        f"{RETURN} → return dh, grads, dX",
    ),
    says="The results come in another order. The caller takes them apart as `grads, dX, dh0`.",
)
mistake(
    rnn_backward,
    "samples-mixed",
    f"{RETURN} → return grads, dX, dh.sum(axis=0)",
    alone=(
        f"{CARRY} → dh = (da @ Wh.T).sum(axis=0, keepdims=True)",
        f"{RETURN} → return grads, dX, dh.mean(axis=0)",
        f"{RETURN} → return grads, dX.sum(axis=0), dh",
        f"{RETURN} → return grads, dX, dh.sum(axis=0, keepdims=True)",
    ),
    says="A gradient is added up over the batch where each sequence has its own: dX and dh0 have a row for "
    "each. Only the weights and the bias are shared.",
)
mistake(
    rnn_backward,
    "steps-mixed",
    alone=(
        f"{RETURN} → return grads, dX.sum(axis=1), dh",
        f"{RETURN} → return grads, dX[:, 0], dh",
        f"{RETURN} → return grads, dX[:, -1], dh",
    ),
    says="dX has no axis of steps: it is summed over them, or only one is kept. Every input of every step "
    "has its own gradient, (m, T, n_x).",
)
