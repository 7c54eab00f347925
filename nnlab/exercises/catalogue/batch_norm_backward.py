"""The exercise `batch_norm_backward`: gradients of batch normalization in training."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import MAIN, example, extreme


@exercise(
    notebook=9,
    order=4,
    returns="dX, dgamma, dbeta",
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_x)) + 0.5,
        rng.uniform(-3, 3, size=s.n_x) + rng.uniform(0.5, 2, size=s.n_x) * rng.normal(size=(s.m, s.n_x)),
        rng.uniform(1.5, 3, size=s.n_x) * rng.choice([-1, 1], size=s.n_x),
        0.3 if s is MAIN else 0.05,
    ),
    probes=(
        example(
            np.array([[1.0, 0.0], [0.0, 2.0], [2.0, 1.0]]),
            np.array([[1.0, 10.0], [3.0, 40.0], [8.0, 20.0]]),
            np.array([2.0, -3.0]),
        ),
        extreme(
            "a batch of two",
            np.array([[1.0, 0.0, -1.0], [3.0, 1.0, 0.5]]),
            np.array([[1.0, 4.0, 0.5], [3.0, 5.0, -1.5]]),
            np.array([2.0, 0.5, -1.0]),
            0.5,
        ),
        extreme(
            "three samples of three features",
            np.array([[1.0, 0.0, 2.0], [3.0, 1.0, -1.0], [0.5, 4.0, 1.0]]),
            np.array([[2.0, 4.0, 1.0], [3.0, 5.0, 7.0], [7.0, 1.0, 3.0]]),
            np.array([2.0, 0.5, -1.5]),
            0.2,
        ),
        extreme(
            "a feature that is the same throughout the batch",
            np.array([[1.0, 0.0], [3.0, 1.0], [0.5, 4.0]]),
            np.array([[2.0, 4.0], [2.0, 5.0], [2.0, 1.0]]),
            np.array([2.0, 0.5]),
            0.01,
        ),
    ),
    hints=(
        "gamma and beta are easy: Y is linear in both, and each acts on every row. X is harder: it "
        "reaches Y along three paths: directly, through the mean, and through the variance.",
        "With X_hat = (X - mean) / std: the path through the mean subtracts the average of dY from every "
        "row, and the path through the variance X_hat times the average of dY * X_hat. All three share the "
        "factor gamma / std.",
        "dbeta adds up the rows of dY, dgamma those of dY * X_hat. For dX take dY, subtract dbeta / m, "
        "subtract X_hat times dgamma / m, and multiply the difference by gamma / std; std is the square "
        "root of the biased variance plus eps.",
    ),
    why="The two averages in dX are dbeta / m and dgamma / m, already computed. Subtracting them removes "
    "from dY what would shift or stretch a whole column: neither changes Y (up to eps), so neither "
    "can change the loss.",
)
def batch_norm_backward(dY, X, gamma, eps=1e-5):
    """Return the gradients of batch norm in training, given the gradient of Y = gamma * X_hat + beta.

    X_hat = (X - mean) / sqrt(var + eps). dY, X: (m, n), gamma: (n,) -> dX: (m, n), dgamma: (n,), dbeta: (n,).
    """
    m = len(X)
    std = np.sqrt(X.var(axis=0) + eps)
    X_hat = (X - X.mean(axis=0)) / std
    dbeta = dY.sum(axis=0)
    dgamma = (dY * X_hat).sum(axis=0)
    dX = gamma / std * (dY - dbeta / m - X_hat * dgamma / m)
    return dX, dgamma, dbeta


RETURN = "return dX, dgamma, dbeta"

mistake(
    batch_norm_backward,
    "mean-path-omitted",
    " - dbeta / m → ",
    says="dX lacks the path through the mean. Each entry of X moves the mean of its column, and with it all "
    "rows of Y. Moving all of a column together changes nothing in Y, so the entries of each column of dX "
    "have to add up to 0; yours do not.",
)
mistake(
    batch_norm_backward,
    "variance-path-omitted",
    " - X_hat * dgamma / m → ",
    says="dX lacks the path through the variance. Each entry of X widens or narrows its column, and with "
    "it all rows of Y. Without this part the gradient tries to stretch the column, which the division "
    "then undoes.",
)
mistake(
    batch_norm_backward,
    "missing-batch-average",
    ("dbeta / m → dbeta", "dgamma / m → dgamma"),
    "dbeta / m → dbeta",
    "dgamma / m → dgamma",
    says="Inside dX there is a sum where an average is meant. The mean and the variance are averages of m "
    "entries, so one entry has a weight of only 1/m in them. This 1/m belongs to the layer, and has "
    "nothing to do with the loss's.",
)
mistake(
    batch_norm_backward,
    "double-batch-average",
    f"{RETURN} → return dX, dgamma / m, dbeta / m",
    f"{RETURN} → return dX, dgamma / m, dbeta",
    f"{RETURN} → return dX, dgamma, dbeta / m",
    f"{RETURN} → return dX / m, dgamma, dbeta",
    f"{RETURN} → return dX / m, dgamma / m, dbeta / m",
    (".sum(axis=0) → .mean(axis=0)",),
    says="You average over the batch a second time. dY already carries the 1/m of the loss, so dgamma and "
    "dbeta sum over the rows, and dX is not divided as a whole. This layer would learn m times more "
    "slowly than its neighbors.",
)
mistake(
    batch_norm_backward,
    "gamma-omitted",
    "gamma / std → 1 / std",
    "X_hat * dgamma / m → X_hat * dgamma / m / gamma",
    "dbeta / m → dbeta / m / gamma",
    says="gamma is missing from dX, or from one of its paths. Going forward it multiplies X_hat, so going "
    "back it multiplies what reaches X_hat.",
)
mistake(
    batch_norm_backward,
    "gamma-in-its-own-gradient",
    f"{RETURN} → return dX, gamma * dgamma, gamma * dbeta",
    f"{RETURN} → return dX, gamma * dgamma, dbeta",
    f"{RETURN} → return dX, dgamma, gamma * dbeta",
    f"{RETURN} → return gamma * dX, dgamma, dbeta",
    says="gamma appears in a result where it does not belong. It multiplies X_hat alone, so it appears "
    "once in dX, and in neither dgamma nor dbeta: Y is linear in gamma, and beta is added after it.",
)
mistake(
    batch_norm_backward,
    "deviation-missing",
    "gamma / std → gamma",
    says="dX is not divided by the standard deviation. Going forward X is divided by it, so a step in X is "
    "that much smaller in X_hat; without it, features with a large spread get far too large a "
    "gradient.",
)
mistake(
    batch_norm_backward,
    "variance-used-as-std",
    "gamma / std → gamma / std**2",
    "np.sqrt(X.var(axis=0) + eps) → X.var(axis=0) + eps",
    says="The variance is used where the standard deviation belongs; the square root is missing. Going "
    "forward X is divided by the standard deviation, and so is the gradient.",
)
mistake(
    batch_norm_backward,
    "epsilon-ignored",
    " + eps → ",
    says="eps is left out. The gradient then belongs to another forward pass, and a feature that is the same "
    "throughout the batch gives 0/0, which is NaN.",
)
mistake(
    batch_norm_backward,
    "epsilon-outside-root",
    "np.sqrt(X.var(axis=0) + eps) → np.sqrt(X.var(axis=0)) + eps",
    says="eps is added to the standard deviation, outside the square root. Going forward it is added to "
    "the variance, and the gradient has to belong to that.",
)
mistake(
    batch_norm_backward,
    "argument-replaced-by-its-default",
    "+ eps → + 1e-5",
    says="eps is hard-coded, 1e-5, where the argument should stand. It is right as long as the caller "
    "leaves it at its default.",
)
mistake(
    batch_norm_backward,
    "unbiased-variance-in-batch",
    "X.var(axis=0) → X.var(axis=0, ddof=1)",
    says="The variance is divided by m - 1 (`ddof=1`). In training batch norm divides by m, and the "
    "gradient has to belong to the same forward pass; a gradient check shows the difference at once.",
)
mistake(
    batch_norm_backward,
    "raw-input-in-gamma-gradient",
    f"{RETURN} → return dX, (dY * X).sum(axis=0), dbeta",
    f"{RETURN} → return dX, (dY * X_hat * std).sum(axis=0), dbeta",
    "dY * X_hat → dY * X",
    "dY * X_hat → dY * (X - X.mean(axis=0))",
    says="dgamma is computed with X (or with X minus its mean). gamma multiplies the normalized X_hat, so "
    "that is what multiplies dY in its gradient.",
)
mistake(
    batch_norm_backward,
    "mean-not-subtracted",
    "(X - X.mean(axis=0)) / std → X / std",
    says="X_hat lacks the mean. The normalized features are (X - mean) / std; dgamma and dX both need these.",
)
mistake(
    batch_norm_backward,
    "variance-path-off-by-two",
    "X_hat * dgamma / m → X_hat * dgamma / (2 * m)",
    "X_hat * dgamma / m → 2 * X_hat * dgamma / m",
    says="In dX, the path through the variance has twice, or half, the weight it should have. The square "
    "in the variance brings a factor of 2, and the square root a factor 1/2: the two cancel.",
)
mistake(
    batch_norm_backward,
    "variance-path-not-normalized",
    "X_hat * dgamma / m → (X - X.mean(axis=0)) * dgamma / m",
    "X_hat * dgamma / m → X * dgamma / m",
    "X_hat * dgamma / m → dgamma / m",
    "X_hat * dgamma / m → X_hat * dgamma / m / std",
    "X_hat * dgamma / m → X_hat * dgamma / m * std**1.5",
    says="In dX, the path through the variance does not contain the normalized X_hat. Count the divisions "
    "by the standard deviation along it: the derivative of 1 / std with respect to X has std to the "
    "power -3 overall, of which gamma / std takes one.",
)
mistake(
    batch_norm_backward,
    "normalization-ignored",
    "gamma / std * (dY - dbeta / m - X_hat * dgamma / m) → gamma * dY",
    "gamma / std * (dY - dbeta / m - X_hat * dgamma / m) → gamma * dY / m",
    "gamma / std * (dY - dbeta / m - X_hat * dgamma / m) → gamma * dY / std / m",
    says="dX goes back through the scale alone. That is the gradient with respect to X_hat; from there it "
    "continues to X, through the division, the mean and the variance.",
)
mistake(
    batch_norm_backward,
    "averaged-over-something-else",
    "m = len(X) → m = len(X) - 1",
    "dgamma / m → dgamma / (m - 1)",
    "m = len(X) → m = X.shape[1]",
    "(dY - dbeta / m - X_hat * dgamma / m) → (dY - dY.mean() - X_hat * (dY * X_hat).mean())",
    says="The averages in dX are not averages over the batch: they divide by something other than m, or "
    "mix the features. Each feature has its own averages, over the m samples, as in the forward pass.",
)
mistake(
    batch_norm_backward,
    "path-sign-flipped",
    ("- dbeta → + dbeta", "- X_hat → + X_hat"),
    "- dbeta → + dbeta",
    "- X_hat → + X_hat",
    says="In dX, the path through the mean or through the variance has the wrong sign. Both take something "
    "away: the mean is subtracted, and a larger variance makes X_hat smaller.",
)
mistake(
    batch_norm_backward,
    "gradient-sign-flipped",
    f"{RETURN} → return -dX, -dgamma, -dbeta",
    f"{RETURN} → return -dX, dgamma, dbeta",
    f"{RETURN} → return dX, -dgamma, dbeta",
    f"{RETURN} → return dX, dgamma, -dbeta",
    says="A sign is reversed. The minus of gradient descent belongs in the update, and only there.",
)
mistake(
    batch_norm_backward,
    "upstream-gradient-dropped",
    f"{RETURN} → return dX, X_hat.sum(axis=0), dbeta",
    f"{RETURN} → return dX, X_hat, dbeta",
    f"{RETURN} → return dX, dgamma, np.full(X.shape[1], float(m))",
    f"{RETURN} → return dX, dgamma, np.ones(X.shape[1])",
    says="A gradient does not contain dY. It is the layer's own derivative alone; the chain rule "
    "multiplies it by dY, the gradient that comes from above.",
)
mistake(
    batch_norm_backward,
    "gradient-not-summed",
    f"{RETURN} → return dX, dY * X_hat, dY",
    f"{RETURN} → return dX, dY * X_hat, dbeta",
    f"{RETURN} → return dX, dgamma, dY",
    says="dgamma or dbeta has a row for each sample. gamma and beta are single vectors that act on every "
    "row, so the contributions of all rows add up to one entry for each feature.",
)
mistake(
    batch_norm_backward,
    "summed-over-wrong-axis",
    f"{RETURN} → return dX, (dY * X_hat).sum(axis=1), dY.sum(axis=1)",
    "sum(axis=0) → sum(axis=1)",
    says="dgamma and dbeta are summed over the wrong axis: they have an entry for each sample, where there "
    "should be one for each feature. Rows are samples, and the sum over the samples leaves the features.",
)
mistake(
    batch_norm_backward,
    "gradient-keeps-dims",
    f"{RETURN} → return dX, dgamma[None], dbeta[None]",
    says="The values are right, but dgamma and dbeta have two axes, and gamma and beta are (n,). An update "
    "that makes new arrays would give them an extra axis.",
)
mistake(
    batch_norm_backward,
    "statistics-per-sample",
    ("X.var(axis=0) → X.var(axis=1, keepdims=True)", "X.mean(axis=0) → X.mean(axis=1, keepdims=True)"),
    ("X.var(axis=0) → X.var(axis=1)", "X.mean(axis=0) → X.mean(axis=1)"),
    says="The mean and the variance run along the rows, as in layer norm. Batch norm takes a feature, one "
    "column, over all samples of the batch.",
)
mistake(
    batch_norm_backward,
    "results-in-other-order",
    f"{RETURN} → return dX, dbeta, dgamma",
    f"{RETURN} → return dgamma, dbeta, dX",
    f"{RETURN} → return dbeta, dgamma, dX",
    says="The three gradients are all there, but in a different order. The caller unpacks them as `dX, "
    "dgamma, dbeta`.",
)
