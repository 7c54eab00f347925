"""The exercises of notebook 04: gradients by differences, layer by layer, and of the whole network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.exercises._probes import example, extreme, network, one_hot, probabilities, targets
from nnlab.exercises._registry import Function, exercise, mistake
from nnlab.exercises.nb02_forward_pass import forward

# numerical_gradient


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

    Some entries are smaller than eps: adding eps and taking it away again does not give them back.
    """
    A, x = rng.uniform(0.5, 1.5, size=shape), rng.normal(size=shape)
    x.flat[1:5] *= 1e-7
    return Formula("sum(A * sin(1000 x))", lambda x: np.sum(A * np.sin(1000 * x))), x


@exercise(
    notebook=4,
    returns="gradient",
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
        "For each entry: a little up, a look at f, a little down, a look at f. Then that entry has to be "
        "exactly what it was, before the next one moves.",
        "`for i in np.ndindex(x.shape)` visits every entry, whatever the number of axes. Keep `x[i]` first; "
        "the slope is (f above - f below) / (2 * eps).",
    ),
    why="The two-sided difference errs by eps squared, where the one-sided errs by eps; writing the kept "
    "value back restores x exactly, which adding and subtracting eps does not.",
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
    says="The difference is one-sided: f at a shifted x against f at x itself. Its error shrinks like eps, "
    "that of the two-sided difference like eps squared. A check that is itself off in the fourth digit "
    "cannot tell a right gradient from a nearly right one; look at the two places where you call f.",
)
mistake(
    numerical_gradient,
    "missing-factor-two",
    "(2 * eps) → eps",
    says="The gradient comes out twice too large. Look at how far apart the two points are at which you take "
    "f, and at what you divide by. A check against it would call every right backward pass wrong.",
)
mistake(
    numerical_gradient,
    "half-the-difference",
    "x[i] = kept - eps → x[i] = kept",
    "x[i] = kept + eps → x[i] = kept",
    says="The gradient comes out about half as large as it is: one of the two points is x itself, so they "
    "are one step apart, but the difference is divided by two steps.",
)
mistake(
    numerical_gradient,
    "gradient-sign-flipped",
    "above - below → below - above",
    says="The sign is turned around: f above and f below are subtracted in the wrong order. Descending along "
    "this gradient climbs.",
)
mistake(
    numerical_gradient,
    "not-divided-by-the-step",
    "(2 * eps) → 2 * eps",
    " / (2 * eps) → ",
    "(2 * eps) → 2",
    says="The difference is not divided by the length of the step, so the result depends on eps and is far "
    "too small. Python works `a / 2 * eps` from left to right, as (a / 2) * eps: look at your parentheses.",
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
    says="An entry that was moved does not come back exactly as it was. Either it stays moved, and all later "
    "entries are measured at another point; or eps is added and taken away again, which leaves a rounding "
    "error. The x you get are the network's weights: after a check they would no longer be the trained ones.",
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
    says="The step has a fixed length; the argument `eps` is not used. Which step is best depends on f (too "
    "long, and the curve bends away; too short, and rounding takes over), so the caller must be able to "
    "choose.",
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
    says="The loop does not reach every single entry: for some number of axes `x[i]` is a whole row, and all "
    "its entries move together (or the loop looks for an axis that is not there). A bias has one axis, a "
    "weight matrix two; the loop should not need to know how many.",
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
    says="All entries of x move together, so f changes by the sum of all their slopes, and nobody can tell "
    "whose share is whose. A gradient has one number for each entry: each has to move while the others "
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
    "under two names: `a = x` makes no copy, and moving one moves the other. f is called twice at the same "
    "place.",
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


# output_gradient


@exercise(
    notebook=4,
    returns="dY_tilde",
    inputs=lambda rng, s: (probabilities(rng, s.m, s.n_y), targets(rng, s.m, s.n_y)),
    probes=(
        example(np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]), one_hot([0, 2], 3)),
        extreme(
            "probabilities of 0 and 1",
            np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.0]]),
            one_hot([0, 2, 1], 3),
        ),
    ),
    hints=(
        "Derive the loss and the softmax together: most of it cancels, and what is left is short.",
        "For one sample the gradient with respect to its scores is what was predicted, minus what was right. "
        "The loss is a mean over m samples.",
        "Subtract the arrays as they are, and divide by the number of rows, `len(Y)`.",
    ),
    why="Softmax and cross-entropy cancel into prediction minus target; the 1/m comes from the mean in the "
    "loss, and enters here, once, for all layers.",
)
def output_gradient(Y_hat, Y):
    """Return the gradient of the mean cross-entropy with respect to the scores Y_tilde.

    (Y_hat - Y) / m; Y_hat: (m, n) probabilities, Y: (m, n) one-hot -> (m, n).
    """
    m = len(Y)
    difference = Y_hat - Y
    return difference / m


mistake(
    output_gradient,
    "missing-batch-average",
    " / m → ",
    says="The gradient is m times too large. The loss is a mean over the batch, and so is its gradient. As "
    "it stands, a batch ten times as large makes steps ten times as long, and a learning rate that works "
    "for one batch size blows up with another.",
)
mistake(
    output_gradient,
    "double-batch-average",
    "/ m → / m**2",
    says="The mean over the batch is taken twice. The gradient is m times too small, and training seems to "
    "stand still unless the learning rate is raised m-fold.",
)
mistake(
    output_gradient,
    "loss-averaged-over-classes",
    "/ m → / Y.size",
    says="The gradient is divided by the number of all entries, m times the number of classes. It belongs to "
    "a loss that is averaged over the classes too; the cross-entropy of a sample is a sum over them.",
)
mistake(
    output_gradient,
    "divided-by-classes",
    "/ m → / Y.shape[1]",
    says="The gradient is divided by the number of classes, the second axis. The mean in the loss runs over "
    "the samples, which are the rows.",
)
mistake(
    output_gradient,
    "gradient-sign-flipped",
    "Y_hat - Y → Y - Y_hat",
    "difference / m → -difference / m",
    says="The sign is turned around. A gradient points uphill and the update steps against it: where a wrong "
    "class has too much probability, the entry must be positive. With this sign every step makes the network "
    "surer of the wrong classes.",
)
mistake(
    output_gradient,
    "extra-softmax-derivative",
    "difference / m → difference / m * Y_hat * (1 - Y_hat)",
    "difference / m → Y_hat * (difference - (difference * Y_hat).sum(axis=1, keepdims=True)) / m",
    says="The derivative of the softmax is multiplied on once more. The difference of prediction and target "
    "contains it already. The extra factor is almost 0 where the network is sure of a wrong class, so it "
    "learns least from its worst errors.",
)
mistake(
    output_gradient,
    "tanh-derivative-added",
    "difference / m → difference / m * (1 - Y_hat**2)",
    says="A factor 1 - Y_hat² stands at the output. That is the derivative of tanh, and it belongs to the "
    "hidden layer; the output layer has a softmax, whose derivative the difference contains already.",
)
mistake(
    output_gradient,
    "gradient-of-the-probabilities",
    "Y_hat - Y → -Y / np.where(Y > 0, Y_hat, 1)",
    "Y_hat - Y → -Y / Y_hat",
    "Y_hat - Y → -Y / (Y_hat + 1e-12)",
    "Y_hat - Y → -Y / np.clip(Y_hat, 1e-12, 1)",
    "Y_hat - Y → (Y_hat - Y) / (Y_hat * (1 - Y_hat))",
    says="This is the gradient with respect to the probabilities Y_hat, one step too early. The exercise "
    "asks for the scores Y_tilde: the softmax in between has still to be passed through. (It also divides by "
    "probabilities, which may be 0.)",
)
mistake(
    output_gradient,
    "squared-error-gradient",
    "difference / m → 2 * difference / m",
    says="There is a factor of 2, as in the derivative of a square. The loss here is the cross-entropy; its "
    "gradient has no such factor. Training would go on with twice the learning rate you think.",
)
mistake(
    output_gradient,
    "only-the-right-class",
    "Y_hat - Y → (Y_hat - 1) * Y",
    says="Only the right class of each sample gets a gradient. The others have probability too, and it "
    "should be taken from them: the entries of a row add up to 0.",
)
mistake(
    output_gradient,
    "rows-merged",
    "return difference / m → return difference.mean(axis=0)",
    "return difference / m → return difference.mean(axis=0, keepdims=True)",
    "return difference / m → return difference.mean()",
    "return difference / m → return difference.mean(axis=1)",
    "return difference / m → return difference.sum() / m",
    says="The entries are added up. The gradient has the shape of the scores, one row for each sample: the "
    "layers below need to know which sample asks for what. Being divided by m does not mean being summed.",
)
mistake(
    output_gradient,
    "loss-instead-of-gradient",
    "return difference / m → return -np.sum(Y * np.log(np.clip(Y_hat, 1e-12, 1))) / m",
    "return difference / m → return -Y * np.log(np.clip(Y_hat, 1e-12, 1)) / m",
    says="This is the loss, not its gradient. The loss says how bad the prediction is; the gradient says in "
    "which direction each score should move, and has one entry for each of them.",
)


# linear_backward


@exercise(
    notebook=4,
    returns="dX, dW, db",
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_y)),
        rng.normal(size=(s.m, s.n_x)),
        rng.normal(size=(s.n_x, s.n_y)),
    ),
    probes=(
        example(
            np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]),
            np.array([[1.0], [2.0], [3.0]]),
            np.array([[1.0, -1.0]]),
        ),
        example(
            np.array([[1.0, 0.0], [2.0, -1.0]]),
            np.array([[1.0, 2.0], [3.0, 4.0]]),
            np.array([[1.0, -1.0], [0.5, 2.0]]),
            label="two of everything",
        ),
    ),
    hints=(
        "A gradient has the shape of what it is the gradient of: dX that of X, dW that of W, and db has one "
        "entry for each output.",
        "Write the shapes side by side: (m, n_out) and (n_in, n_out) are to give (m, n_in); (m, n_in) and "
        "(m, n_out) are to give (n_in, n_out). The bias went into every row alike.",
        "dX is a product of dZ with W transposed, dW one of X transposed with dZ; db adds up the rows of dZ.",
    ),
    why="The shapes leave no other choice, and the sum over the samples happens inside `X.T @ dZ`; dZ "
    "already carries the 1/m, so nothing is divided again.",
)
def linear_backward(dZ, X, W):
    """Return the gradients of a linear layer Z = X W + b, given the gradient of Z.

    dZ: (m, n_out), X: (m, n_in), W: (n_in, n_out) -> dX: (m, n_in), dW: (n_in, n_out), db: (n_out,).
    """
    dX = dZ @ W.T
    dW = X.T @ dZ
    db = dZ.sum(axis=0)
    return dX, dW, db


mistake(
    linear_backward,
    "double-batch-average",
    ("X.T @ dZ → X.T @ dZ / len(dZ)", "db = dZ.sum(axis=0) → db = dZ.sum(axis=0) / len(dZ)"),
    "X.T @ dZ → X.T @ dZ / len(dZ)",
    (
        "dZ @ W.T → dZ @ W.T / len(dZ)",
        "X.T @ dZ → X.T @ dZ / len(dZ)",
        "db = dZ.sum(axis=0) → db = dZ.sum(axis=0) / len(dZ)",
    ),
    "dZ @ W.T → dZ @ W.T / len(dZ)",
    says="The mean over the batch is taken once more. dZ carries the 1/m already, so the samples only have "
    "to be added up. Every layer that does this divides again, and the layers near the input hardly learn.",
)
mistake(
    linear_backward,
    "weight-gradient-transposed",
    "X.T @ dZ → dZ.T @ X",
    says="dW is transposed: it has the shape (n_out, n_in). A gradient has the shape of what it belongs to, "
    "here W, or the update cannot subtract the one from the other. For a square layer nobody would complain, "
    "and every weight would get another one's gradient.",
)
mistake(
    linear_backward,
    "input-gradient-transposed",
    "dZ @ W.T → W @ dZ.T",
    says="dX is transposed. Rows are samples in this course, in the gradients as well: dX has the shape of "
    "X.",
)
mistake(
    linear_backward,
    "elementwise-instead-of-matmul",
    "X.T @ dZ → X.T * dZ",
    "X.T @ dZ → X * dZ",
    "dZ @ W.T → dZ * W.T",
    "dZ @ W.T → dZ * W",
    says="`*` multiplies entry by entry. Each weight meets every sample, and each input meets every output: "
    "their shares are multiplied and added up, which is the matrix product `@`.",
)
mistake(
    linear_backward,
    "upstream-gradient-dropped",
    ("dZ @ W.T → W.T", "X.T @ dZ → X.T", "dZ.sum(axis=0) → np.ones(W.shape[1])"),
    ("dZ @ W.T → W", "X.T @ dZ → X", "dZ.sum(axis=0) → np.array(1.0)"),
    "dZ @ W.T → W.T",
    "X.T @ dZ → X.T",
    "X.T @ dZ → X",
    "dZ.sum(axis=0) → np.ones(W.shape[1])",
    (
        "dZ @ W.T → np.ones_like(dZ) @ W.T",
        "X.T @ dZ → X.T @ np.ones_like(dZ)",
        "db = dZ.sum → db = np.ones_like(dZ).sum",
    ),
    "X.T @ dZ → X.T @ np.ones_like(dZ)",
    "db = dZ.sum → db = np.ones_like(dZ).sum",
    says="This is the layer's own derivative alone. The chain rule multiplies it by dZ, the gradient that "
    "comes from above: without it the layer never hears what the loss wants, and changes the same way "
    "whatever the targets are. Look for a result that does not contain dZ.",
)
mistake(
    linear_backward,
    "bias-gradient-not-summed",
    "db = dZ.sum(axis=0) → db = dZ",
    says="db has a row for each sample. The bias is one vector that enters every row, so all rows pull at "
    "it, and their pulls add up to one entry for each output. Subtracted as it is, NumPy would refuse or, "
    "with a rebinding update, turn the bias into a matrix.",
)
mistake(
    linear_backward,
    "bias-gradient-wrong-axis",
    "axis=0 → axis=1",
    "sum(axis=0) → sum(axis=1, keepdims=True)",
    says="db is summed over the wrong axis: it has an entry for each sample, where there should be one for "
    "each output. In this course rows are samples, and the sum over the samples leaves the outputs.",
)
mistake(
    linear_backward,
    "bias-gradient-summed-over-all",
    "dZ.sum(axis=0) → dZ.sum()",
    says="db is one single number, the sum of all entries of dZ. Each output has its own bias and needs its "
    "own gradient; as it stands all biases of the layer move together for ever.",
)
mistake(
    linear_backward,
    "bias-gradient-keeps-dims",
    "axis=0 → axis=0, keepdims=True",
    "db = dZ.sum(axis=0) → db = dZ.sum(axis=0).reshape(-1, 1)",
    says="The values of db are right, but it has two axes, and the bias is (n_out,). A rebinding update "
    "would give the bias an axis too, and the next in-place one then fails, or worse, broadcasts.",
)
mistake(
    linear_backward,
    "bias-gradient-averaged",
    "dZ.sum( → dZ.mean(",
    says="db is a mean over the samples. dZ carries the 1/m already, so this divides twice: the biases learn "
    "m times more slowly than the weights beside them.",
)
mistake(
    linear_backward,
    "gradient-sign-flipped",
    ("dZ @ W.T → -dZ @ W.T", "X.T @ dZ → -X.T @ dZ", "db = dZ.sum → db = -dZ.sum"),
    "dZ @ W.T → -dZ @ W.T",
    "X.T @ dZ → -X.T @ dZ",
    "db = dZ.sum → db = -dZ.sum",
    says="A sign is turned around. The minus of gradient descent belongs into the update, and only there; a "
    "gradient points uphill. With it here, this layer climbs while the others descend.",
)
mistake(
    linear_backward,
    "weights-not-transposed",
    "dZ @ W.T → dZ @ W",
    "dZ @ W.T → W @ dZ",
    "dZ @ W.T → W.T @ dZ",
    says="For dX, the shapes of dZ, (m, n_out), and of W, (n_in, n_out), do not meet like this. Going "
    "forward the product leads from n_in to n_out; going back it leads from n_out to n_in. In a square layer "
    "it would go through, with every unit getting another one's blame.",
)
mistake(
    linear_backward,
    "inputs-not-transposed",
    "X.T @ dZ → X @ dZ",
    "X.T @ dZ → dZ @ X",
    "X.T @ dZ → dZ @ X.T",
    says="For dW, the shapes of X, (m, n_in), and of dZ, (m, n_out), do not meet like this. The sum has to "
    "run over the samples, so m must be the inner axis of the product and disappear.",
)
mistake(
    linear_backward,
    "results-in-other-order",
    "return dX, dW, db → return dW, dX, db",
    "return dX, dW, db → return dW, db, dX",
    "return dX, dW, db → return dX, db, dW",
    says="The three gradients are all there, but in another order. The caller takes them apart as `dX, dW, "
    "db`.",
)


# tanh_backward


@exercise(
    notebook=4,
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
    why="H is the output of tanh, so 1 - H² is its slope; nothing has to be computed again.",
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
    says="This is the slope of tanh alone; dH, the gradient from above, does not enter. The layers below "
    "would move the same way whatever the loss asks for.",
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
    says="The slope of tanh is taken at the wrong place. H is what came *out* of tanh: applying tanh once "
    "more gives the slope at H, not at H_tilde, which is too steep everywhere, and never 0 where a unit is "
    "saturated. And it is H that counts here, not dH.",
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
    says="This is the derivative of ReLU: all for positive units, nothing for negative ones. tanh has a "
    "slope on both sides, and units below zero would never learn.",
)
mistake(
    tanh_backward,
    "square-missing",
    "1 - H**2 → 1 - H",
    "1 - H**2 → 1 - np.abs(H)",
    "1 - H**2 → 1 - H * 2",
    says="The slope of tanh is the same at H and at -H, steepest at 0 and flat towards both ends, like a "
    "parabola. Yours is not: look at what is squared.",
)
mistake(
    tanh_backward,
    "square-of-the-difference",
    "1 - H**2 → (1 - H) ** 2",
    says="The difference is squared, where only H should be. For a negative H this gives a slope above 1, "
    "which tanh has nowhere: those units would get far too large a gradient.",
)
mistake(
    tanh_backward,
    "gradient-sign-flipped",
    "return dH * slope → return -dH * slope",
    says="The sign is turned around. tanh rises everywhere, so its slope is never negative. With this sign "
    "the layers below climb while the output layer descends.",
)
mistake(
    tanh_backward,
    "squares-added",
    "1 - H**2 → 1 + H**2",
    says="1 + H² is larger than 1 and grows towards the ends, where tanh is flat. It belongs to the tangent, "
    "tan. Gradients would grow with every layer they pass.",
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
    says="This is largest where tanh is flat and 0 where it is steepest, just the wrong way round: something "
    "is missing before the square.",
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
    says="The slope is added to dH. The chain rule multiplies: a small change, times the slope, is what "
    "comes out, and where the slope is 0 nothing does.",
)
mistake(
    tanh_backward,
    "double-batch-average",
    "return dH * slope → return dH * slope / len(dH)",
    says="The result is divided by the number of samples. The 1/m entered with the gradient of the loss; "
    "each layer that divides again makes the gradients below it m times smaller.",
)


# relu_backward


def sums(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return pre-activations of both signs, some of them exactly 0."""
    Z = rng.normal(size=(m, n))
    Z[rng.random((m, n)) < 0.2] = 0.0
    Z[0, 0], Z[0, 1], Z[1, 0] = 0.0, 1.5, -0.5
    return Z


@exercise(
    notebook=4,
    returns="dZ",
    inputs=lambda rng, s: (rng.normal(size=(s.m, s.n_h)), sums(rng, s.m, s.n_h)),
    probes=(
        example(np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]]), np.array([[2.0, 0.5, -1], [0, 0, -3]])),
        example(np.array([[1.0, -2], [-3, 4]]), np.array([[0.5, 2], [-1, 0]]), label="two of everything"),
    ),
    hints=(
        "ReLU lets a positive sum pass as it is and turns all others into 0. What does a small change of Z "
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
    says="Only the entries where Z is exactly 0 differ. There ReLU has a corner, and the course takes the "
    "slope 0, as PyTorch does. It matters more often than one thinks: inputs and biases that are 0 give sums "
    "that are 0, and units that are off should stay out of the gradient.",
)
mistake(
    relu_backward,
    "relu-mask-of-upstream",
    "Z > 0 → dA > 0",
    "Z > 0 → (Z > 0) & (dA > 0)",
    "Z > 0 → (Z > 0) | (dA > 0)",
    says="The sign of dA decides what passes. It is Z that decided going forward, so Z decides going back; a "
    "negative gradient is as good as a positive one. As it stands the layers below can be pushed in one "
    "direction only.",
)
mistake(
    relu_backward,
    "upstream-gradient-dropped",
    "return dA * passes → return passes",
    says="This is the slope of ReLU alone, ones and zeros; dA, the gradient from above, does not enter. The "
    "layers below would move the same way whatever the loss asks for.",
)
mistake(
    relu_backward,
    "activation-derivative-omitted",
    "return dA * passes → return dA",
    says="The gradient passes everywhere, as if there were no ReLU. Units that were off, and had no part in "
    "the output, would be blamed for it.",
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
    "there, and going forward nothing came through.",
)
mistake(
    relu_backward,
    "sign-instead-of-mask",
    "Z > 0 → np.sign(Z)",
    "Z > 0 → np.where(Z > 0, 1, -1)",
    says="Where Z is negative the gradient passes with its sign turned around. That is the derivative of the "
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
    says="The sign is turned around. ReLU never falls, so its slope is never negative. With this sign the "
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


# backward


def after_forward(params: dict, X: np.ndarray, Y: np.ndarray) -> tuple[dict, dict, np.ndarray]:
    """Return the arguments of `backward` after a forward pass."""
    return params, forward(params, X)[1], Y


SMALL_NETWORK = {
    "Wh": np.array([[0.5]]),
    "bh": np.array([0.1]),
    "Wy": np.array([[1.0, -1.0]]),
    "by": np.array([0.2, 0.0]),
}
SQUARE_NETWORK = {
    "Wh": np.array([[0.5, -1.0], [1.0, 0.5]]),
    "bh": np.array([0.1, -0.2]),
    "Wy": np.array([[1.0, -1.0], [0.5, 2.0]]),
    "by": np.array([0.2, 0.0]),
}


@exercise(
    notebook=4,
    returns="grads",
    inputs=lambda rng, s: after_forward(
        network(rng, s), rng.normal(size=(s.m, s.n_x)), targets(rng, s.m, s.n_y)
    ),
    probes=(
        example(*after_forward(SMALL_NETWORK, np.array([[1.0], [-2.0]]), one_hot([0, 0], 2))),
        example(
            *after_forward(SQUARE_NETWORK, np.array([[1.0, 0.0], [-2.0, 0.5]]), one_hot([1, 0], 2)),
            label="two of everything",
        ),
    ),
    hints=(
        "Go back through the network step by step, in the opposite order of `forward`; each step is a "
        "function you have written already.",
        "The gradient of the scores first, then the output layer (what went into it was H), then tanh, then "
        "the hidden layer (what went into it was X).",
        "output_gradient(Y_hat, Y), linear_backward with H and Wy, tanh_backward, linear_backward with X and "
        "Wh; collect dWh, dbh, dWy and dby in a dict under the names of the parameters.",
    ),
    why="Each line takes the gradient one step further back and uses only what the cache has kept; the "
    "1/m enters at the top, once.",
)
def backward(params, cache, Y):
    """Return the gradients of the mean cross-entropy with respect to all parameters.

    cache: as `forward` returns it, Y: (m, n_y) one-hot -> dict with the keys and shapes of params.
    """
    X, H, Y_hat = cache["X"], cache["H"], cache["Y_hat"]
    m = len(Y)
    dY_tilde = (Y_hat - Y) / m
    dWy = H.T @ dY_tilde
    dby = dY_tilde.sum(axis=0)
    dH = dY_tilde @ params["Wy"].T
    dH_tilde = dH * (1 - H**2)
    dWh = X.T @ dH_tilde
    dbh = dH_tilde.sum(axis=0)
    return {"Wh": dWh, "bh": dbh, "Wy": dWy, "by": dby}


mistake(
    backward,
    "missing-batch-average",
    " / m → ",
    says="All gradients are m times too large. The loss is a mean over the batch, and so is its gradient. As "
    "it stands, a batch ten times as large makes steps ten times as long; look at the first step back.",
)
mistake(
    backward,
    "double-batch-average",
    " / m → / m**2",
    (
        "H.T @ dY_tilde → H.T @ dY_tilde / m",
        "X.T @ dH_tilde → X.T @ dH_tilde / m",
        "dby = dY_tilde.sum → dby = dY_tilde.mean",
        "dbh = dH_tilde.sum → dbh = dH_tilde.mean",
    ),
    "H.T @ dY_tilde → H.T @ dY_tilde / m",
    "dH * (1 - H**2) → dH * (1 - H**2) / m",
    says="Somewhere the mean over the batch is taken a second time. The 1/m enters with the gradient of the "
    "scores and is carried along from there; where a layer divides again, it learns m times more slowly. "
    "Compare the layers: which of your gradients are too small?",
)
mistake(
    backward,
    "loss-averaged-over-classes",
    " / m → / Y.size",
    says="All gradients are too small by the number of classes: they belong to a loss that is averaged over "
    "the classes too. The cross-entropy of a sample is a sum over them; only the samples are averaged.",
)
mistake(
    backward,
    "gradient-sign-flipped",
    "Y_hat - Y → Y - Y_hat",
    says="All gradients have the opposite sign. The update subtracts them, so every step would climb, and "
    "the loss grow. Look at the first step back: which way round is the difference?",
)
mistake(
    backward,
    "extra-softmax-derivative",
    "(Y_hat - Y) → (Y_hat - Y) * Y_hat * (1 - Y_hat)",
    says="The derivative of the softmax is multiplied on once more. The difference of prediction and target "
    "contains it already. The extra factor is almost 0 where the network is sure of a wrong class, so it "
    "learns least from its worst errors.",
)
mistake(
    backward,
    "tanh-derivative-at-the-output",
    "(Y_hat - Y) → (Y_hat - Y) * (1 - Y_hat**2)",
    says="A factor 1 - Y_hat² stands at the output. That is the derivative of tanh, which belongs to the "
    "hidden layer; the output's softmax is accounted for by the difference of prediction and target.",
)
mistake(
    backward,
    "scores-instead-of-probabilities",
    'cache["Y_hat"] → cache["Y_tilde"]',
    says="The targets are subtracted from the scores Y_tilde. The gradient compares them with the "
    "probabilities Y_hat; scores may be any number, and the network would try to make them 0 and 1.",
)
mistake(
    backward,
    "activation-derivative-omitted",
    "dH * (1 - H**2) → dH",
    "dH_tilde.sum( → dH.sum(",
    "X.T @ dH_tilde → X.T @ dH",
    says="The gradient reaches the hidden layer as if there were no tanh (for the weights, the bias, or "
    "both). Saturated units, whose output hardly moves any more, get as large a gradient as all others. The "
    "output layer's gradients are right, so training goes on, only worse than it should.",
)
mistake(
    backward,
    "derivative-of-wrong-variable",
    "1 - H**2 → 1 - np.tanh(H) ** 2",
    '1 - H**2 → 1 - cache["H_tilde"] ** 2',
    "1 - H**2 → 1 - dH**2",
    says="The slope of tanh is taken at the wrong place. H is what came *out* of tanh, H_tilde what went "
    "in: 1 - tanh² needs the one or the other, in the right form. Write down which of the two your formula "
    "takes.",
)
mistake(
    backward,
    "sigmoid-derivative-for-tanh",
    "1 - H**2 → H * (1 - H)",
    says="H (1 - H) is the derivative of the sigmoid. For a tanh it is negative wherever H is, so half of "
    "the hidden units are pushed the wrong way.",
)
mistake(
    backward,
    "relu-derivative-for-tanh",
    "1 - H**2 → H > 0",
    says="The hidden layer uses the derivative of ReLU. This network has tanh, which has a slope on both "
    "sides of 0; units below zero would never learn.",
)
mistake(
    backward,
    "square-missing",
    "1 - H**2 → 1 - H",
    says="The slope of tanh is the same at H and at -H, steepest at 0 and flat towards both ends. Yours is "
    "not: look at what is squared in the hidden layer's derivative.",
)
mistake(
    backward,
    "upstream-gradient-dropped",
    "dH * (1 - H**2) → 1 - H**2",
    says="The hidden layer's gradient does not contain what comes from above: the targets do not enter it, "
    "so the layer moves the same way whatever the loss asks for. Follow the chain from the output down and "
    "see where it breaks.",
)
mistake(
    backward,
    "weight-gradient-transposed",
    ("H.T @ dY_tilde → dY_tilde.T @ H", "X.T @ dH_tilde → dH_tilde.T @ X"),
    "H.T @ dY_tilde → dY_tilde.T @ H",
    "X.T @ dH_tilde → dH_tilde.T @ X",
    says="A weight gradient is transposed. A gradient has the shape of what it belongs to, or the update "
    "cannot subtract the one from the other. For a square layer nobody would complain, and every weight "
    "would get another one's gradient.",
)
mistake(
    backward,
    "elementwise-instead-of-matmul",
    "H.T @ dY_tilde → H.T * dY_tilde",
    "X.T @ dH_tilde → X.T * dH_tilde",
    says="`*` multiplies entry by entry. Going back through a linear layer takes the matrix product `@`, "
    "which adds up over the samples (for the weights) or over the units above (for what is passed on).",
)
mistake(
    backward,
    "weights-not-transposed",
    'params["Wy"].T → params["Wy"]',
    says="On the way from the output back to the hidden layer, the shapes of dY_tilde, (m, n_y), and of Wy, "
    "(n_h, n_y), do not meet like this. Going forward Wy leads from n_h to n_y; going back it has to lead "
    "the other way.",
)
mistake(
    backward,
    "wrong-weights-on-the-way-back",
    'params["Wy"].T → params["Wh"].T',
    says="The gradient of the scores goes back through Wh. What lies between the scores and H is the output "
    "layer, with Wy; Wh would be next, on the way to X, which nobody needs.",
)
mistake(
    backward,
    "bias-gradient-not-summed",
    ("dY_tilde.sum(axis=0) → dY_tilde", "dH_tilde.sum(axis=0) → dH_tilde"),
    "dY_tilde.sum(axis=0) → dY_tilde",
    "dH_tilde.sum(axis=0) → dH_tilde",
    says="A bias gradient has a row for each sample. The bias is one vector that enters every row, so all "
    "rows pull at it, and their pulls add up to one entry for each unit.",
)
mistake(
    backward,
    "bias-gradient-wrong-axis",
    "(axis=0) → (axis=1)",
    "dY_tilde.sum(axis=0) → dY_tilde.sum(axis=1)",
    "dH_tilde.sum(axis=0) → dH_tilde.sum(axis=1)",
    says="A bias gradient is summed over the wrong axis: it has an entry for each sample, where there should "
    "be one for each unit. Rows are samples.",
)
mistake(
    backward,
    "bias-gradient-summed-over-all",
    ".sum(axis=0) → .sum()",
    says="A bias gradient is one single number. Each unit has its own bias and needs its own gradient; as it "
    "stands all biases of the layer move together for ever.",
)
mistake(
    backward,
    "bias-gradient-keeps-dims",
    "(axis=0) → (axis=0, keepdims=True)",
    "dY_tilde.sum(axis=0) → dY_tilde.sum(axis=0, keepdims=True)",
    "dH_tilde.sum(axis=0) → dH_tilde.sum(axis=0, keepdims=True)",
    says="The values of a bias gradient are right, but it has two axes where the bias has one. A rebinding "
    "update would give the bias an axis too, and an in-place one refuses.",
)
mistake(
    backward,
    "bias-gradient-averaged",
    "_tilde.sum( → _tilde.mean(",
    "dY_tilde.sum( → dY_tilde.mean(",
    "dH_tilde.sum( → dH_tilde.mean(",
    says="A bias gradient is a mean over the samples. The 1/m is in there already, so this divides twice: "
    "the biases learn m times more slowly than the weights beside them.",
)
mistake(
    backward,
    "wrong-layer-input",
    "H.T @ dY_tilde → X.T @ dY_tilde",
    "X.T @ dH_tilde → H.T @ dH_tilde",
    says="A weight gradient uses the input of another layer. Each layer's weights were multiplied by what "
    "went into that very layer: X into the hidden one, H into the output.",
)
mistake(
    backward,
    "hidden-sums-instead-of-activations",
    'H.T @ dY_tilde → cache["H_tilde"].T @ dY_tilde',
    says="The output layer's weight gradient uses H_tilde, the sums before tanh. What went into that layer "
    "was H.",
)
mistake(
    backward,
    "gradients-under-wrong-names",
    ('"Wh": dWh → "Wy": dWh', '"Wy": dWy → "Wh": dWy', '"bh": dbh → "by": dbh', '"by": dby → "bh": dby'),
    ('"bh": dbh → "by": dbh', '"by": dby → "bh": dby'),
    ('"Wh": dWh → "Wy": dWh', '"Wy": dWy → "Wh": dWy'),
    says="The gradients of the two layers have changed places in the dict. The update goes by the names, so "
    "each layer would be moved by the other's gradient, or not at all where the shapes do not fit.",
)
