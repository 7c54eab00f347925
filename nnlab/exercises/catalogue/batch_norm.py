"""The exercise `batch_norm`: batch normalization in both modes."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, Probe, Sizes, example, extreme


def features(rng: np.random.Generator, m: int, n: int) -> np.ndarray:
    """Return m samples of n features, each with a mean and a spread of its own."""
    return rng.uniform(-3, 3, size=n) + rng.uniform(0.5, 2, size=n) * rng.normal(size=(m, n))


def layer(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return gamma, beta and running averages that are far from 1, 0 and the statistics of a batch."""
    running = {"mean": rng.uniform(1, 4, size=n), "var": rng.uniform(3, 8, size=n)}
    return rng.uniform(1.5, 3, size=n) * rng.choice([-1, 1], size=n), rng.uniform(0.5, 2, size=n), running


def several_calls(
    f: Function,
    X: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    running: dict[str, np.ndarray],
    training: bool,
    *rest: float,
) -> dict[str, Any]:
    """Train on two batches, evaluate, train on a third, and look at the results and the averages."""
    seen: dict[str, Any] = {}
    calls = (
        ("first", X, True),
        ("second", 2 * X[:-1] + 1, True),
        ("third", X[:3], False),
        ("fourth", -X, True),
    )
    for name, batch, mode in calls:
        seen[f"Y of the {name} call"] = f(batch, gamma, beta, running, mode, *rest)
        after = {key: np.array(running[key], dtype=float) for key in ("mean", "var")}
        seen[f"running after the {name} call"] = after
    return seen


def probe(
    kind: str, label: str, seed: int, s: Sizes, training: bool, *rest: float, several: bool = False
) -> Probe:
    """Return a probe of a layer with running averages of its own."""
    rng = np.random.default_rng(seed)
    args = (features(rng, s.m, s.n_x), *layer(rng, s.n_x), training, *rest)
    return Probe(label, args, kind, several_calls if several else None)


@exercise(
    notebook=9,
    order=3,
    returns="Y",
    in_place=("running",),
    rtol=1e-6,
    words={
        "Y of the first call": "Y in training",
        "running after the first call": "running",
        "Y of the second call": "Y in training",
        "running after the second call": "running",
        "Y of the third call": "Y in evaluation",
        "running after the third call": "running{} after a call in evaluation",
        "Y of the fourth call": "Y in training",
        "running after the fourth call": "running",
    },
    inputs=lambda rng, s: (
        features(rng, s.m, s.n_x),
        *layer(rng, s.n_x),
        True,
        *((0.3, 0.5) if s is MAIN else (0.8, 0.02)),
    ),
    probes=(
        example(
            np.array([[1.0, 10.0], [3.0, 30.0]]),
            np.array([2.0, -1.0]),
            np.array([0.5, 3.0]),
            {"mean": np.array([4.0, 5.0]), "var": np.array([9.0, 16.0])},
            True,
            label="two samples, in training",
        ),
        example(
            np.array([[1.0, 10.0], [3.0, 30.0]]),
            np.array([2.0, -1.0]),
            np.array([0.5, 3.0]),
            {"mean": np.array([4.0, 5.0]), "var": np.array([9.0, 16.0])},
            False,
            label="two samples, in evaluation",
        ),
        probe("main", "9 samples, in evaluation", 3, Sizes(9, 3, 5, 4), False, 0.3, 0.5),
        probe(
            "main", "four calls, the third in evaluation", 4, Sizes(8, 3, 5, 4), True, 0.25, 0.4, several=True
        ),
        extreme(
            "two equal samples, in evaluation",
            np.array([[2.0, -1.0], [2.0, -1.0]]),
            np.array([3.0, 0.5]),
            np.array([1.0, -2.0]),
            {"mean": np.array([1.0, 2.0]), "var": np.array([4.0, 0.25])},
            False,
        ),
        extreme(
            "a feature that is the same throughout the batch",
            np.array([[2.0, 1.0], [2.0, 4.0], [2.0, 5.0]]),
            np.array([3.0, 0.5]),
            np.array([1.0, -2.0]),
            {"mean": np.array([1.0, 2.0]), "var": np.array([4.0, 0.25])},
            True,
        ),
    ),
    hints=(
        "There are two modes. In training a batch is normalized by its own mean and variance; in "
        "evaluation there may be one sample only, so the running averages from training take their place.",
        "Decide on `mean` and `var` in an `if training: … else: …`, and normalize below it, once for both. "
        "Only the first branch touches `running`, and the variance it stores has ddof=1.",
        "In training: mean and variance along axis 0; each running entry becomes 1 - momentum times "
        "itself plus momentum times the batch's. Then subtract mean, divide by the square root of var "
        "plus eps, scale by gamma, shift by beta.",
    ),
    why="One `if` decides which statistics count, and the formula comes once, below it, so the two modes "
    "cannot drift apart.",
)
def batch_norm(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    """Return Y = gamma * (X - mean) / sqrt(var + eps) + beta, column by column.

    In training by the batch's mean and (biased) variance, which also enter running["mean"] and running["var"]
    (there unbiased); else by running. X: (m, n); gamma, beta and the two running averages: (n,) -> (m, n).
    """
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        unbiased = X.var(axis=0, ddof=1)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * unbiased
    else:
        mean, var = running["mean"], running["var"]
    X_hat = (X - mean) / np.sqrt(var + eps)
    return gamma * X_hat + beta


UPDATE_MEAN = 'running["mean"] = (1 - momentum) * running["mean"] + momentum * mean'
UPDATE_VAR = 'running["var"] = (1 - momentum) * running["var"] + momentum * unbiased'
BATCH = "mean, var = X.mean(axis=0), X.var(axis=0)"
STORED = 'mean, var = running["mean"], running["var"]'
UPDATE_IN_EVALUATION = (
    'running["mean"] = (1 - momentum) * running["mean"] + momentum * X.mean(axis=0); '
    'running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=1)'
)

mistake(
    batch_norm,
    "running-statistics-in-training",
    f"    else:\n        {STORED} →     {STORED}",
    (f"{BATCH} → batch = X.mean(axis=0); {STORED}", "momentum * mean → momentum * batch"),
    says="In training, Y is computed with the running averages. Training only collects them, and they lag "
    "behind: a batch is normalized by its own mean and variance, so that every feature leaves the "
    "layer with the mean and spread that beta and gamma set.",
)
mistake(
    batch_norm,
    "batch-statistics-in-evaluation",
    f"{STORED} → {BATCH}",
    f"{STORED} → mean, var = X.mean(axis=0), X.var(axis=0, ddof=1)",
    f'{STORED} → mean, var = running["mean"], X.var(axis=0)',
    f'{STORED} → mean, var = X.mean(axis=0), running["var"]',
    says="In evaluation, Y is computed with the statistics of the batch. The prediction for one sample "
    "then depends on the others in the batch, and a batch of one, which is its own mean, gives beta "
    "whatever the sample is.",
)
mistake(
    batch_norm,
    "running-updated-in-evaluation",
    f"X_hat = (X → if not training:\n        {UPDATE_IN_EVALUATION}\n    X_hat = (X",
    f"else:\n → else:\n        {UPDATE_IN_EVALUATION}\n",
    says="The running averages change in evaluation as well. They are part of what was learned; here they "
    "absorb the test data, and evaluating twice gives two different results.",
)
mistake(
    batch_norm,
    "running-not-updated",
    (UPDATE_MEAN + " → ", UPDATE_VAR + " → "),
    UPDATE_MEAN + " → ",
    UPDATE_VAR + " → ",
    says="After a call in training, the caller finds running (or one of its two entries) as it was. "
    "Training does not need the averages and looks fine; evaluation then normalizes by the values "
    "they started with. Assign to the entries of the dict, not to a local name.",
)
mistake(
    batch_norm,
    "unbiased-variance-in-batch",
    f"{BATCH} → mean, var = X.mean(axis=0), X.var(axis=0, ddof=1)",
    says="The batch is normalized by its unbiased variance, divided by m - 1 (`ddof=1`). The normalized "
    "batch then has a variance below 1, and the usual gradient of batch norm no longer fits. The "
    "unbiased variance belongs elsewhere in this function.",
)
mistake(
    batch_norm,
    "biased-variance-in-running",
    "ddof=1 → ddof=0",
    says='running["var"] collects the biased variance, divided by m. It should estimate the variance of '
    "all the data, which a batch underestimates by the factor (m - 1) / m on average: with batches of "
    "4, by a quarter. That is why torch stores the unbiased one.",
)
mistake(
    batch_norm,
    "unbiased-factor-upside-down",
    "X.var(axis=0, ddof=1) → X.var(axis=0) * (len(X) - 1) / len(X)",
    says="The factor between the biased and the unbiased variance is upside down. The unbiased one is the "
    "larger: the sum of squares is divided by m - 1 instead of m.",
)
mistake(
    batch_norm,
    "momentum-reversed",
    ("(1 - momentum) * running → momentum * running", "+ momentum * → + (1 - momentum) *"),
    says="The weights of old and new are swapped. Here `momentum` is the weight of the new batch, as in "
    "torch (in Keras it is that of the average). With 0.1, nine tenths would come from the last batch "
    "alone.",
)
mistake(
    batch_norm,
    "running-overwritten",
    (UPDATE_MEAN + ' → running["mean"] = mean', UPDATE_VAR + ' → running["var"] = unbiased'),
    UPDATE_MEAN + ' → running["mean"] = mean',
    UPDATE_VAR + ' → running["var"] = unbiased',
    says="running holds the statistics of the last batch only; everything before it is forgotten. One "
    "batch is too noisy to evaluate with: the old average keeps the weight 1 - momentum.",
)
mistake(
    batch_norm,
    "running-weights-not-one",
    "(1 - momentum) * running → running",
    "+ momentum * → +",
    says="The weights of old and new in the running averages do not add up to 1. Fed the same batch over "
    "and over, they should converge to that batch's own mean; with these weights they do not.",
)
mistake(
    batch_norm,
    "argument-replaced-by-its-default",
    "momentum) → 0.1)",
    ("1 - momentum → 0.9", "+ momentum → + 0.1"),
    "var + eps → var + 1e-5",
    says="A value is hard-coded where an argument should stand: `momentum` or `eps`. It is right as long "
    "as the caller leaves that argument at its default.",
)
mistake(
    batch_norm,
    "statistics-per-sample",
    "axis=0 → axis=1, keepdims=True",
    "axis=0 → axis=1",
    (
        f"{BATCH} → mean, var = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)",
        "momentum * mean → momentum * X.mean(axis=0)",
    ),
    says="The mean and the variance run along the rows, over the features of one sample. That is layer norm. "
    "Batch norm takes a feature, one column, over all samples of the batch.",
)
mistake(
    batch_norm,
    "statistics-over-everything",
    "axis=0, ddof → ddof",
    ("X.mean(axis=0) → X.mean()", "X.var(axis=0) → X.var()"),
    (
        "X.mean(axis=0) → X.mean()",
        "X.var(axis=0) → X.var()",
        "X.var(axis=0, ddof=1) → X.var(ddof=1)",
    ),
    says="The mean or the variance is a single number for the whole batch. Each feature needs its own; a "
    "shared one fits none of the columns.",
)
mistake(
    batch_norm,
    "mean-not-subtracted",
    "(X - mean) → X",
    says="The mean is not subtracted. The features keep their offset, and only their spread is changed.",
)
mistake(
    batch_norm,
    "variance-used-as-std",
    "np.sqrt(var + eps) → (var + eps)",
    "np.sqrt(var + eps) → (np.sqrt(var + eps) if training else var + eps)",
    says="The division is by the variance; the square root is missing. Wide features come out too narrow, "
    "and narrow ones too wide.",
)
mistake(
    batch_norm,
    "epsilon-outside-root",
    "np.sqrt(var + eps) → (np.sqrt(var) + eps)",
    says="eps is added to the standard deviation, outside the square root. The formula adds it to the "
    "variance; where the variance is small the two differ, and so do the gradients.",
)
mistake(
    batch_norm,
    "epsilon-ignored",
    "var + eps → var",
    says="eps is left out. A feature that is the same in the whole batch (a ReLU unit that is off for "
    "every sample, say) has variance 0, and 0/0 turns everything after it into NaN.",
)
mistake(
    batch_norm,
    "gamma-omitted",
    "gamma * X_hat → X_hat",
    says="gamma has no effect. Without it every feature leaves the layer with standard deviation 1, "
    "whether or not that suits the next layer.",
)
mistake(
    batch_norm,
    "scaled-in-one-mode-only",
    "return gamma * X_hat + beta → return X_hat if training else gamma * X_hat + beta",
    says="gamma and beta act in one of the two modes only. They belong to the layer in both: the layers "
    "above have learned to work with features scaled and shifted this way.",
)
mistake(
    batch_norm,
    "running-changed-by-another-name",
    "X_hat = (X - mean) / np.sqrt(var + eps) → var += eps\n    X_hat = (X - mean) / np.sqrt(var)",
    says='In evaluation, running["var"] grows by eps with every call. After `var = running["var"]` '
    "both names refer to the same array, and `var += eps` changes it; `var + eps` makes a new one.",
)
mistake(
    batch_norm,
    "epsilon-in-running",
    "momentum * unbiased → momentum * (unbiased + eps)",
    says='eps has leaked into running["var"]. It only keeps the division safe, and is added in the '
    "formula for Y, in both modes; once stored, it counts twice in evaluation.",
)
mistake(
    batch_norm,
    "beta-omitted",
    " + beta → ",
    says="beta has no effect. It replaces the bias, which subtracting the mean cancels: without it every "
    "feature stays centered on 0.",
)
mistake(
    batch_norm,
    "scale-and-shift-exchanged",
    "gamma * X_hat + beta → beta * X_hat + gamma",
    "gamma * X_hat + beta → gamma * (X_hat + beta)",
    says="gamma and beta do not act as they should: gamma multiplies the normalized features, and beta is "
    "added after that, unscaled.",
)
mistake(
    batch_norm,
    "deviation-in-running",
    "X.var(axis=0, ddof=1) → X.std(axis=0, ddof=1)",
    "X.var(axis=0, ddof=1) → X.std(axis=0)",
    says='running["var"] collects the standard deviation. Evaluation takes the square root again, so the '
    "spread of the output changes with the mode.",
)
mistake(
    batch_norm,
    "modes-swapped",
    "if training → if not training",
    says="The two modes are swapped: in training the running averages are used and left alone; in "
    "evaluation the batch is used and changes them.",
)
mistake(
    batch_norm,
    "parentheses-missing",
    "(X - mean) / np.sqrt(var + eps) → X - mean / np.sqrt(var + eps)",
    says="Only the mean is divided by the standard deviation: Python divides before it subtracts, unless "
    "parentheses say otherwise.",
)
