"""The exercise `adam_step`: one update by Adam."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, example, extreme


def three_steps(
    f: Function, value: np.ndarray, grad: np.ndarray, state: dict[str, Any], *rest: float
) -> dict[str, Any]:
    """Take three steps with different gradients and look after the first and the last."""
    gradients = (grad, -0.5 * grad[::-1], 2.0 * grad)
    seen: dict[str, Any] = {}
    for number, gradient in enumerate(gradients, 1):
        f(value, gradient, state, *rest)
        if number in (1, 3):
            steps = "1 step" if number == 1 else "3 steps"
            seen[f"value after {steps}"] = value.copy()
            seen[f"state after {steps}"] = {key: np.array(state[key], dtype=float) for key in ("t", "m", "v")}
    return seen


def fresh(*shape: int) -> dict[str, Any]:
    """Return the state before the first step."""
    return {"t": 0, "m": np.zeros(shape), "v": np.zeros(shape)}


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return gradients of either sign, none of them small."""
    return rng.choice([-1.0, 1.0], size=shape) * rng.uniform(0.3, 2.0, size=shape)


@exercise(
    notebook=7,
    order=5,
    returns="",
    words={
        "value after 1 step": "value after the first step",
        "state after 1 step": "state{} after the first step",
        "value after 3 steps": "value after the third step",
        "state after 3 steps": "state{} after the third step",
    },
    in_place=("value", "state"),
    observe=three_steps,
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_x)),
        away_from_zero(rng, s.m, s.n_x),
        fresh(s.m, s.n_x),
        *((0.1, 0.8, 0.95, 1e-9) if s is MAIN else (0.02, 0.7, 0.98, 1e-9)),
    ),
    probes=(
        example(np.array([1.0, -2.0]), np.array([0.5, -4.0]), fresh(2), observe=three_steps),
        extreme(
            "a vector, after 60 steps, with a large eps",
            np.array([1.0, -1.0, 0.5]),
            np.array([0.3, -0.6, 0.9]),
            {"t": 60, "m": np.array([0.4, -0.2, 0.1]), "v": np.array([0.3, 0.2, 0.5])},
            *(0.5, 0.5, 0.4, 0.1),
            observe=three_steps,
        ),
        extreme(
            "a gradient of 0",
            np.array([1.0, -2.0]),
            np.array([0.0, 0.0]),
            fresh(2),
            observe=three_steps,
        ),
    ),
    hints=(
        "Count the step first; then m and v are running averages of the gradient and of its square.",
        "Both start at 0, so early on they are too small, by the factors 1 - beta1**t and 1 - beta2**t. "
        "Divide by these, under new names: the averages themselves must stay as they are.",
        "Five lines: add one to t; m becomes beta1 times the old m plus (1 - beta1) times the gradient; v "
        "likewise, with beta2 and the squared gradient; correct both; take the step of the docstring with "
        "`-=`. Store t, m and v in `state`.",
    ),
    why="Averages that start at 0 are corrected by the weight they have collected so far; `-=` changes the "
    "caller's array, so the network itself is updated.",
)
def adam_step(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    """Take one step of Adam, in place (Kingma & Ba, 2015, algorithm 1).

    value -= lr * m_hat / (sqrt(v_hat) + eps); value, grad: same shape; state: {"t", "m", "v"} -> None.
    """
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = beta2 * state["v"] + (1 - beta2) * grad**2
    m_hat = state["m"] / (1 - beta1 ** state["t"])
    v_hat = state["v"] / (1 - beta2 ** state["t"])
    value -= lr * m_hat / (np.sqrt(v_hat) + eps)


mistake(
    adam_step,
    "bias-correction-missing",
    (' / (1 - beta1 ** state["t"]) → ', ' / (1 - beta2 ** state["t"]) → '),
    ' / (1 - beta1 ** state["t"]) → ',
    ' / (1 - beta2 ** state["t"]) → ',
    says="The averages (or one of them) are not corrected for starting at zero. With the defaults m starts "
    "at a tenth of the gradient and v at a thousandth of its square, so the first steps have the "
    "wrong size, by a factor of three or more, and training begins with a lurch or a crawl.",
)
mistake(
    adam_step,
    "bias-correction-without-step-count",
    ('beta1 ** state["t"] → beta1', 'beta2 ** state["t"] → beta2'),
    'beta1 ** state["t"] → beta1',
    'beta2 ** state["t"] → beta2',
    ('beta1 ** state["t"] → beta1 * state["t"]', 'beta2 ** state["t"] → beta2 * state["t"]'),
    says="The correction does not depend on the step count as it should. It is large at first and fades as "
    "the averages fill up, because beta is raised to the *power* t; yours is right at the first step "
    "and wrong at every later one.",
)
mistake(
    adam_step,
    "bias-correction-multiplied",
    ('/ (1 - beta1 ** state["t"]) → * (1 - beta1 ** state["t"])',),
    ('/ (1 - beta2 ** state["t"]) → * (1 - beta2 ** state["t"])',),
    (
        '/ (1 - beta1 ** state["t"]) → * (1 - beta1 ** state["t"])',
        '/ (1 - beta2 ** state["t"]) → * (1 - beta2 ** state["t"])',
    ),
    (
        '/ (1 - beta1 ** state["t"]) → / beta1 ** state["t"]',
        '/ (1 - beta2 ** state["t"]) → / beta2 ** state["t"]',
    ),
    says="The correction goes the wrong way. Early averages are too small, since they started at zero, so "
    "the correction must enlarge them; check what yours does when the gradient never changes.",
)
mistake(
    adam_step,
    "step-count-not-advanced",
    'state["t"] += 1 → ',
    ('state["t"] += 1 → t = state["t"] + 1', '** state["t"] → ** t'),
    says="The step count in the state stays where it was. The bias correction then never fades (or, at t = "
    "0, divides by zero), and Adam treats every step as its first.",
)
mistake(
    adam_step,
    "step-count-advanced-too-late",
    (
        'state["t"] += 1 → t = state["t"]; state["t"] += 1',
        '** state["t"] → ** t',
    ),
    says="The step count goes up only after it has been used. At the first step it is still 0, the "
    "correction 1 - beta**0 is 0, and the division gives NaN or infinity for every weight.",
)
mistake(
    adam_step,
    "state-not-kept",
    (
        'state["m"] = beta1 → m = beta1',
        'state["v"] = beta2 → v = beta2',
        'm_hat = state["m"] → m_hat = m',
        'v_hat = state["v"] → v_hat = v',
    ),
    ('state["m"] = beta1 → m = beta1', 'm_hat = state["m"] → m_hat = m'),
    ('state["v"] = beta2 → v = beta2', 'v_hat = state["v"] → v_hat = v'),
    ('state["t"] += 1 → state = dict(state, t=state["t"] + 1)',),
    says="The new averages never reach the state that the caller keeps, so every step starts from the old "
    "ones: Adam without a memory. Store them under the keys of `state`.",
)
mistake(
    adam_step,
    "corrected-averages-stored",
    ("m_hat → state['m']", "v_hat → state['v']"),
    "m_hat → state['m']",
    "v_hat → state['v']",
    says="The corrected averages are put back into the state. The next step builds on them and corrects "
    "them again, so they grow too large. The correction is for this one step; the state keeps the "
    "uncorrected averages.",
)
mistake(
    adam_step,
    "epsilon-inside-root",
    "(np.sqrt(v_hat) + eps) → np.sqrt(v_hat + eps)",
    says="eps is inside the square root. There it acts like 1e-4 instead of 1e-8, which outweighs small "
    "gradients and makes their steps far too short.",
)
mistake(
    adam_step,
    "epsilon-missing",
    "(np.sqrt(v_hat) + eps) → np.sqrt(v_hat)",
    says="eps is missing. A weight whose gradient has always been 0, such as that of a dead pixel or a dead "
    "unit, then gets 0/0 = NaN, and one NaN spreads through the whole network.",
)
mistake(
    adam_step,
    "moments-swapped",
    (
        'beta1 * state["m"] + (1 - beta1) → beta2 * state["m"] + (1 - beta2)',
        'beta2 * state["v"] + (1 - beta2) → beta1 * state["v"] + (1 - beta1)',
    ),
    ("beta1 → rest", "beta2 → beta1", "rest → beta2"),
    ("beta1 ** → rest ** ", "beta2 ** → beta1 **", "rest ** → beta2 **"),
    says="beta1 and beta2 are swapped (in the averages, or in their corrections). beta1 belongs to the "
    "average of the gradient, which should respond quickly, beta2 to that of its square, which should "
    "be steady. Swapped, the direction lags and the step size jumps around.",
)
mistake(
    adam_step,
    "decay-and-share-swapped",
    (
        'beta1 * state["m"] + (1 - beta1) * grad → (1 - beta1) * state["m"] + beta1 * grad',
        'beta2 * state["v"] + (1 - beta2) * grad**2 → (1 - beta2) * state["v"] + beta2 * grad**2',
    ),
    'beta1 * state["m"] + (1 - beta1) * grad → (1 - beta1) * state["m"] + beta1 * grad',
    'beta2 * state["v"] + (1 - beta2) * grad**2 → (1 - beta2) * state["v"] + beta2 * grad**2',
    says="beta and 1 - beta are swapped. The old average should get the large weight (0.9, 0.999) and the "
    "new gradient the small one; the other way around, almost nothing is averaged.",
)
mistake(
    adam_step,
    "share-of-new-gradient-missing",
    ("(1 - beta1) * grad → grad", "(1 - beta2) * grad**2 → grad**2"),
    "(1 - beta1) * grad → grad",
    "(1 - beta2) * grad**2 → grad**2",
    says="The new gradient enters with full weight. That makes a sum, not an average, as in plain "
    "momentum: m grows to 10 times the gradient and v to 1000 times its square.",
)
mistake(
    adam_step,
    "gradient-not-squared",
    "grad**2 → grad",
    "grad**2 → np.abs(grad)",
    "grad**2 → np.sum(grad**2)",
    "grad**2 → np.mean(grad**2)",
    says="The second average is not built from the square of each entry of the gradient. It should "
    "measure, weight by weight, how large the gradients are; the square root later brings it back to "
    "the gradient's scale.",
)
mistake(
    adam_step,
    "root-missing",
    "np.sqrt(v_hat) → v_hat",
    says="The square root of the second average is missing. The step is then divided by the squared size "
    "of the gradient: large gradients make tiny steps, and small ones huge steps.",
)
mistake(
    adam_step,
    "first-average-not-used",
    "lr * m_hat → lr * grad",
    says="The step goes along the gradient of this batch; the average m is kept but not used. That is "
    "RMSprop, without the momentum that smooths out the noise of single batches.",
)
mistake(
    adam_step,
    "second-average-not-used",
    " / (np.sqrt(v_hat) + eps) → ",
    says="The step is not divided by the square root of the second average. That is momentum with a "
    "correction; the point of Adam is that every weight moves by about lr, however small its gradient.",
)
mistake(
    adam_step,
    "ascent-instead-of-descent",
    "value -= → value +=",
    says="The step is added instead of subtracted, so it climbs: the loss rises from the first step on.",
)
mistake(
    adam_step,
    "update-not-in-place",
    "value -= → value = value -",
    says="The caller's array is not changed: `value = value - …` makes a new array under a local name, "
    "which is lost when the function ends. The network would keep its initial weights forever.",
)
mistake(
    adam_step,
    "learning-rate-ignored",
    "lr * m_hat → m_hat",
    "lr * m_hat → 1e-3 * m_hat",
    says="The learning rate that is passed in has no effect on the step. No slider and no schedule could "
    "change how fast this learns.",
)
mistake(
    adam_step,
    "argument-replaced-by-its-default",
    ("beta1 → 0.9", "beta2 → 0.999"),
    "beta1 → 0.9",
    "beta2 → 0.999",
    "eps → 1e-8",
    "eps → 1e-7",
    alone=(("beta1 → 0.9", "beta2 → 0.999", "eps → 1e-8"),),
    says="One of the settings is hard-coded, so the argument of that name has no effect. With the defaults "
    "this goes unnoticed; with any other value the step is wrong.",
)
mistake(
    adam_step,
    "step-count-off-by-one",
    '** state["t"] → ** (state["t"] + 1)',
    'state["t"] += 1 → state["t"] += 2',
    alone=(
        'beta1 ** state["t"] → beta1 ** (state["t"] + 1)',
        'beta2 ** state["t"] → beta2 ** (state["t"] + 1)',
    ),
    says="The correction uses t + 1 although t has already been increased (or t goes up by two). At the "
    "first step the exponent must be 1, so that m_hat is the gradient itself.",
)
mistake(
    adam_step,
    "square-of-the-average",
    "(1 - beta2) * grad**2 → (1 - beta2) * state['m'] ** 2",
    says="The second average is built from the square of the first one. It should measure how large the "
    "gradients themselves are, noise included.",
)
mistake(
    adam_step,
    "weight-decay-added",
    "value -= → value -= lr * 0.01 * value\n    value -=",
    alone=("value -= → value *= 1 - lr\n    value -=",),
    says="The weights are pulled toward 0 as well, as AdamW does. Plain Adam only follows the gradient.",
)
mistake(
    adam_step,
    "parentheses-missing",
    "lr * m_hat / (np.sqrt(v_hat) + eps) → lr * m_hat / np.sqrt(v_hat) + eps",
    says="Parentheses are missing in the denominator: Python divides before it adds, so eps is added to "
    "the step itself, which pushes every weight the same way, and the division by a square root of 0 "
    "is still there.",
)
mistake(
    adam_step,
    "old-average-not-decayed",
    ('beta1 * state["m"] → state["m"]', 'beta2 * state["v"] → state["v"]'),
    'beta1 * state["m"] → state["m"]',
    'beta2 * state["v"] → state["v"]',
    says="The old average is not multiplied by beta, so it never forgets: m and v keep growing, and soon a "
    "new gradient hardly counts.",
)
