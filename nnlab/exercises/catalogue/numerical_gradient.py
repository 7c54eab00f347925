"""The exercise `numerical_gradient`: the gradient by central differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example


@dataclass(frozen=True)
class Formula:
    """A function that can be shown to the learner."""

    text: str
    function: Callable[[np.ndarray], float]

    def __call__(self, x: np.ndarray) -> float:
        """Return the function's value at x."""
        return float(self.function(x))


def differentiate(f: Function, formula: Formula, x: np.ndarray, *eps: float) -> dict[str, Any]:
    """Return the gradient."""
    return {"gradient": f(formula, x, *eps)}


def differentiate_and_compare(f: Function, formula: Formula, x: np.ndarray) -> dict[str, Any]:
    """Return the gradient and whether x comes back bit for bit."""
    before = x.tobytes()
    return {**differentiate(f, formula, x), "x is as it was": x.tobytes() == before}


def differentiate_and_watch(f: Function, formula: Formula, x: np.ndarray, eps: float) -> dict[str, Any]:
    """Return the gradient and whether the steps away from x are about as long as eps."""
    before, steps = x.copy(), []

    def watched(z: np.ndarray) -> float:
        steps.append(np.abs(np.asarray(z) - before).max())
        return formula(z)

    seen = differentiate(f, Formula(formula.text, watched), x, eps)
    return {**seen, "moves x by about eps": bool(eps / 5 < max(steps, default=0) < 5 * eps)}


def wiggly(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Formula, np.ndarray]:
    """Return a function that bends so much that a one-sided difference shows, and a place.

    One entry is exactly 0. Some others are smaller than eps: adding eps and taking it away again does not
    give them back.
    """
    A, x = rng.uniform(0.5, 1.5, size=shape), rng.normal(size=shape)
    x.flat[1:5] *= 1e-7
    x.flat[0] = 0.0
    return Formula("sum(A * sin(1000 x))", lambda x: np.sum(A * np.sin(1000 * x))), x


@exercise(
    notebook=4,
    order=1,
    returns="gradient",
    words={
        "x is as it was": "x should be left bit for bit as it was, but it is changed.",
        "moves x by about eps": "x should be moved by about eps, but it is moved by much more or much less.",
    },
    in_place=("x",),
    inputs=lambda rng, s: wiggly(rng, (s.n_x, s.n_h) if s.m == 7 else (s.n_x, s.n_h, s.n_y)),
    observe=differentiate_and_compare,
    rtol=1e-4,
    probes=(
        example(
            Formula("x[0]**2 * x[1]", lambda x: x[0] ** 2 * x[1]),
            np.array([3.0, 2.0]),
            0.01,
            observe=differentiate,
        ),
        example(
            Formula("sum(sin(5 x))", lambda x: np.sum(np.sin(5 * x))),
            np.array([0.1, 0.7, -0.3]),
            0.001,
            label="eps = 0.001",
            observe=differentiate_and_watch,
        ),
    ),
    hints=(
        "The slope in one direction is how much f changes on a short step, divided by the step. Every entry "
        "of x is a direction of its own.",
        "For each entry: a little up, a look at f, a little down, a look at f. Then restore that entry "
        "exactly, before the next one moves.",
        "`for i in np.ndindex(x.shape)` visits every entry, whatever the number of axes. Keep the old "
        "value first and write it back at the end. The two places where you call f are 2 eps apart.",
    ),
    why="The error of the two-sided difference is of order eps squared, that of the one-sided only of "
    "order eps; writing the saved value back restores x exactly, which adding and subtracting eps "
    "does not.",
)
def numerical_gradient(f, x, eps=1e-6):
    """Return the gradient of the scalar function f at x by central differences.

    (f(x + eps e_i) - f(x - eps e_i)) / (2 eps); x: any shape -> same shape, x stays as it was.
    """
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + eps
        above = f(x)
        x[i] = kept - eps
        below = f(x)
        x[i] = kept
        gradient[i] = (above - below) / (2 * eps)
    return gradient


mistake(
    numerical_gradient,
    "forward-difference",
    ("x[i] = kept - eps → x[i] = kept", "(2 * eps) → eps"),
    ("x[i] = kept + eps → x[i] = kept", "(2 * eps) → eps"),
    ("x[i] = kept - eps → x[i] = x[i] - eps ", "(2 * eps) → eps"),
    says="The difference is one-sided: f at a shifted x against f at x itself. Its error shrinks like eps, "
    "that of the two-sided difference like eps squared. Too inaccurate to tell a right gradient from "
    "a nearly right one. Look at the two places where you call f.",
)
mistake(
    numerical_gradient,
    "missing-factor-two",
    "(2 * eps) → eps",
    says="The gradient comes out twice as large as it should. Look at how far apart the two points are at "
    "which you take f, and at what you divide by. A check against it would reject every correct "
    "backward pass.",
)
mistake(
    numerical_gradient,
    "half-the-difference",
    "x[i] = kept - eps → x[i] = kept",
    "x[i] = kept + eps → x[i] = kept",
    says="The gradient comes out about half as large as it should: one of the two points is x itself, so "
    "they are one step apart, but the difference is divided by two steps.",
)
mistake(
    numerical_gradient,
    "gradient-sign-flipped",
    "above - below → below - above",
    says="The sign is reversed: f above and f below are subtracted in the wrong order. A step against this "
    "gradient climbs.",
)
mistake(
    numerical_gradient,
    "not-divided-by-the-step",
    "(2 * eps) → 2 * eps",
    " / (2 * eps) → ",
    "(2 * eps) → 2",
    "(2 * eps) → (2 * eps**2)",
    "(2 * eps) → eps**2",
    says="The difference is not divided by the length of the step, so the result depends on eps and is far "
    "too small. Python evaluates `a / 2 * eps` from left to right, as (a / 2) * eps: look at your "
    "parentheses.",
)
mistake(
    numerical_gradient,
    "input-not-restored",
    "        x[i] = kept\n → ",
    "x[i] = kept\n → x[i] += eps\n",
    ("kept + eps → x[i] + eps", "kept - eps → x[i] - 2 * eps", "x[i] = kept\n → x[i] = x[i] + eps\n"),
    (
        "kept + eps → kept - eps ",
        "kept - eps\n → kept + eps\n",
        "above - below → below - above",
        "        x[i] = kept\n → ",
    ),
    ("for i in → x = x.copy()\n    for i in", "        x[i] = kept\n → "),
    says="An entry that was moved is not restored exactly. Either it stays moved, and all later entries "
    "are measured at another point, or eps is added and subtracted again, which leaves a rounding "
    "error. x may be a network's weights, which a check must not change.",
)
mistake(
    numerical_gradient,
    "eps-ignored",
    "eps → 1e-6",
    "eps → 1e-5",
    "eps → 1e-4",
    "eps → 1e-3",
    "eps → 1e-7",
    "eps → 1e-8",
    says="The step has a fixed length; the argument `eps` is not used. Which step is best depends on f "
    "(too long, and the curve bends away; too short, and rounding errors take over), so the caller "
    "must be able to choose it.",
)
mistake(
    numerical_gradient,
    "step-relative-to-x",
    (
        "kept = x[i] → kept, h = x[i], eps * np.abs(x[i])",
        "kept + eps → kept + h",
        "kept - eps → kept - h",
        "(2 * eps) → (2 * h)",
    ),
    (
        "kept = x[i] → kept, h = x[i], eps * x[i]",
        "kept + eps → kept + h",
        "kept - eps → kept - h",
        "(2 * eps) → (2 * h)",
    ),
    says="The step is eps times the entry itself. An entry of 0 is then not moved at all, and 0/0 is NaN; "
    "biases start at 0. Move every entry by eps.",
)
mistake(
    numerical_gradient,
    "second-difference",
    (
        "above = f(x) → above = f(x); x[i] = kept; middle = f(x)",
        "(above - below) / (2 * eps) → (above - 2 * middle + below) / eps**2",
    ),
    "above - below → above + below",
    says="This is not the difference of two values of f (they are added, or f at x itself is involved). A "
    "slope is the difference of two values, divided by the distance between the two points.",
)
mistake(
    numerical_gradient,
    "only-one-entry",
    "    return gradient →         return gradient",
    "gradient[i] = → gradient[...] =",
    "gradient[i] = → gradient = np.zeros_like(x); gradient[i] =",
    says="Only one entry of the gradient is computed, or all hold the same number: a `return` inside the "
    "loop ends it on the first pass, or each round overwrites what the one before has found.",
)
several_entries = mistake(
    numerical_gradient,
    "entries-not-one-by-one",
    ("np.ndindex(x.shape) → range(len(x))", "kept = x[i] → kept = x[i].copy()"),
    "np.ndindex(x.shape) → range(len(x))",
    (
        "np.ndindex(x.shape) → ((i, j) for i in range(x.shape[0]) for j in range(x.shape[1]))",
        "kept = x[i] → kept = x[i].copy()",
    ),
    "np.ndindex(x.shape) → ((i, j) for i in range(x.shape[0]) for j in range(x.shape[1]))",
    says="The loop does not visit single entries: in a matrix `x[i]` is a whole row, and all its entries "
    "move together (or the loop needs an axis that a vector does not have). A bias has one axis, a "
    "weight matrix two; the loop should work for any number.",
)


@several_entries
def rows_by_steps(f, x, eps=1e-6):
    """Move whole rows, by adding and taking away."""
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        below = f(x)
        x[i] += eps
        gradient[i] = (above - below) / (2 * eps)
    return gradient


all_at_once = mistake(
    numerical_gradient,
    "all-entries-moved-at-once",
    says="All entries of x move together, so f changes by the sum of all their slopes, and the single ones "
    "cannot be recovered. A gradient has one number for each entry: each has to move while the others "
    "stand still.",
)


@all_at_once
def one_slope(f, x, eps=1e-6):
    """Give the slope along the diagonal."""
    return (f(x + eps) - f(x - eps)) / (2 * eps)


@all_at_once
def one_slope_for_all(f, x, eps=1e-6):
    """Give the slope along the diagonal to every entry."""
    return np.full(x.shape, (f(x + eps) - f(x - eps)) / (2 * eps))


accumulate = mistake(
    numerical_gradient,
    "steps-accumulate",
    says="The shifted copies are made once, before the loop, so the steps pile up: the second entry moves "
    "while the first is still away, and so on. Every entry then gets the slopes of all earlier ones on top.",
)


@accumulate
def copies_before_the_loop(f, x, eps=1e-6):
    """Never start the copies afresh."""
    gradient, plus, minus = np.zeros_like(x), x.copy(), x.copy()
    for i in np.ndindex(x.shape):
        plus[i] += eps
        minus[i] -= eps
        gradient[i] = (f(plus) - f(minus)) / (2 * eps)
    return gradient


aliased = mistake(
    numerical_gradient,
    "two-names-for-one-array",
    says="The gradient is zero everywhere, because the point above and the point below are the same array "
    "under two names: `a = x` makes no copy, so moving one moves the other, and f is called twice at "
    "the same point.",
)


@aliased
def without_copies(f, x, eps=1e-6):
    """Move the same array up and down, then look twice."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        plus = minus = x
        plus[i] += eps
        minus[i] -= eps
        gradient[i] = (f(plus) - f(minus)) / (2 * eps)
    return gradient


@aliased
def with_one_copy(f, x, eps=1e-6):
    """Do the same to one copy."""
    return without_copies(f, x.copy(), eps)


flattened = mistake(
    numerical_gradient,
    "flat-array-given-to-f",
    says="f gets a flattened copy of x. It expects the shape of x (a network's loss multiplies matrices), so "
    "this works for a vector only. However you walk through the entries, call f with an array shaped like x.",
)


@flattened
def on_a_flat_copy(f, x, eps=1e-6):
    """Hand f a vector."""
    gradient, flat = np.zeros(x.size), x.flatten()
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = eps
        gradient[i] = (f(flat + step) - f(flat - step)) / (2 * eps)
    return gradient.reshape(x.shape)
