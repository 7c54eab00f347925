"""Answers to notebook 02's exercises as learners write them: right ones in odd styles, wrong ones by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from answers import collect

from nnlab.exercises import check

RIGHT, WRONG, right, wrong = collect()


@right("init_params")
def two_draws_in_other_order(n_x, n_h, n_y, rng):
    Wy = rng.standard_normal((n_h, n_y), dtype=np.float32) * n_h**-0.5
    Wh = np.array([[rng.normal(0, 1 / math.sqrt(n_x)) for _ in range(n_h)] for _ in range(n_x)])
    return dict(Wy=Wy, by=[0] * n_y, Wh=Wh, bh=np.zeros(n_h, dtype=int))


@right("linear")
def einsum(X, W, b):
    return np.einsum("ij,jk->ik", X, W) + b[None, :]


@right("linear")
def three_loops(X, W, b):
    return [[sum(x * W[i][k] for i, x in enumerate(row)) + b[k] for k in range(len(b))] for row in X.tolist()]


@right("linear")
def single_precision(X, W, b):
    return X.astype(np.float32) @ W.astype(np.float32) + b.astype(np.float32)


@right("linear")
def column_of_ones(X, W, b):
    return np.c_[X, np.ones(len(X))] @ np.r_[W, b[None]]


@right("softmax")
def row_by_row(scores):
    def one(row):
        powers = [math.exp(s - max(row)) for s in row]
        return [p / sum(powers) for p in powers]

    return [one(row) for row in scores.tolist()]


@right("softmax")
def by_logsumexp(scores):
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1)[:, None])


@right("forward")
def everything_in_one(params, X):
    H_tilde = X.dot(params["Wh"]) + params["bh"]
    H = 2 / (1 + np.exp(-2 * H_tilde)) - 1
    Y_tilde = np.matmul(H, params["Wy"]) + params["by"]
    e = np.exp(Y_tilde)
    Y_hat = e / e.sum(1)[:, None]
    return [Y_hat, {"Y_hat": Y_hat, "Y_tilde": Y_tilde, "H": H, "H_tilde": H_tilde, "X": X, "e": e}]


@right("cross_entropy")
def picked_with_offset(Y_hat, Y):
    return -np.log(Y_hat[np.arange(len(Y)), Y.argmax(1)] + 1e-8).mean()


@right("cross_entropy")
def masked(Y_hat, Y):
    return sum(-math.log(max(p, 1e-300)) for p in Y_hat[Y == 1]) / len(Y)


@right("cross_entropy")
def entropy_of_rows_with_where(Y_hat, Y):
    return np.where(Y > 0, -np.log(np.maximum(Y_hat, 1e-15)), 0).sum(axis=1).mean()


@right("accuracy")
def counted(Y_hat, Y):
    hits = 0
    for p, y in zip(Y_hat, Y, strict=True):
        hits += y[p.argmax()] == 1
    return hits / len(Y)


@right("accuracy")
def zero_dimensional(Y_hat, Y):
    return np.array((np.argmax(Y_hat, -1) == np.argmax(Y, -1)).sum() / Y.shape[0])


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@wrong("init_params", "uniform-instead-of-normal", "fan-in-and-fan-out-averaged")
def glorot(n_x, n_h, n_y, rng):
    a, c = np.sqrt(6 / (n_x + n_h)), np.sqrt(6 / (n_h + n_y))
    Wh, Wy = rng.uniform(-a, a, (n_x, n_h)), rng.uniform(-c, c, (n_h, n_y))
    return {"Wh": Wh, "bh": np.zeros(n_h), "Wy": Wy, "by": np.zeros(n_y)}


@wrong("init_params", "init-scale-ignored")
def small_numbers(n_x, n_h, n_y, rng):
    Wy = 0.05 * rng.standard_normal((n_h, n_y))
    return {"Wh": 0.05 * rng.standard_normal((n_x, n_h)), "bh": np.zeros(n_h), "Wy": Wy, "by": np.zeros(n_y)}


@wrong("init_params", "uniform-instead-of-normal", "init-scale-ignored")
def plain_uniform(n_x, n_h, n_y, rng):
    return {
        "Wh": rng.random((n_x, n_h)),
        "bh": np.zeros(n_h),
        "Wy": rng.random((n_h, n_y)),
        "by": np.zeros(n_y),
    }


@wrong("init_params", "init-scale-ignored")
def unscaled(n_x, n_h, n_y, rng):
    Wy = rng.standard_normal((n_h, n_y))
    return {"Wh": rng.standard_normal((n_x, n_h)), "bh": np.zeros(n_h), "Wy": Wy, "by": np.zeros(n_y)}


@wrong("init_params", "variance-used-as-std")
def variance(n_x, n_h, n_y, rng):
    Wy = rng.normal(0, 1 / n_h, (n_h, n_y))
    return {"Wh": rng.normal(0, 1 / n_x, (n_x, n_h)), "bh": np.zeros(n_h), "Wy": Wy, "by": np.zeros(n_y)}


@wrong("init_params", "global-rng-instead-of-rng")
def global_state(n_x, n_h, n_y, rng):
    Wh = np.random.randn(n_x, n_h) / np.sqrt(n_x)  # noqa: NPY002
    Wy = np.random.randn(n_h, n_y) / np.sqrt(n_h)  # noqa: NPY002
    return {"Wh": Wh, "bh": np.zeros(n_h), "Wy": Wy, "by": np.zeros(n_y)}


@wrong("init_params", "variance-used-as-std", "bias-not-zero")
def two_in_one(n_x, n_h, n_y, rng):
    Wh, Wy = rng.normal(0, 1 / n_x, (n_x, n_h)), rng.normal(0, 1 / n_h, (n_h, n_y))
    return {"Wh": Wh, "bh": np.full(n_h, 0.1), "Wy": Wy, "by": np.full(n_y, 0.1)}


@wrong("linear", "bias-omitted")
def only_product(X, W, b):
    return np.dot(X, W)


@wrong("linear", "wrong-shape")
def columns(X, W, b):
    return W.T @ X.T + b[:, None]


@wrong("linear", "returns-none")
def printed(X, W, b):
    print(X @ W + b)


@wrong("linear", "hard-coded-size")
def seven_rows(X, W, b):
    Z = np.zeros((7, W.shape[1]))
    for i in range(7):
        Z[i] = X[i] @ W + b
    return Z


@wrong("linear", "changes-its-input")
def bias_in_place(X, W, b):
    X *= 1.5
    Z = X @ W / 1.5 + b
    return Z


@wrong("linear", "wrong-type")
def a_word(X, W, b):
    return "X @ W + b"


@wrong("softmax", "softmax-over-batch-axis")
def default_axis(scores):
    e = np.exp(scores - np.max(scores))
    return e / sum(e)


@wrong("softmax", "softmax-without-shift")
def textbook(scores):
    return np.exp(scores) / np.sum(np.exp(scores), axis=1, keepdims=True)


@wrong("softmax", "softmax-over-batch-axis", "softmax-without-shift")
def textbook_over_columns(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=0)


@wrong("softmax", "softmax-shifted-globally")
def one_maximum(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum(1, keepdims=True)


@wrong("softmax", "keepdims-missing")
def flat_sum(scores):
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1)


@wrong("forward", "bias-omitted", "activation-omitted")
def bare(params, X):
    H = H_tilde = X @ params["Wh"]
    Y_tilde = H @ params["Wy"]
    e = np.exp(Y_tilde - Y_tilde.max())
    Y_hat = e / e.sum(axis=1, keepdims=True)
    return Y_hat, {"X": X, "H_tilde": H_tilde, "H": H, "Y_tilde": Y_tilde, "Y_hat": Y_hat}


@wrong("forward", "wrong-type")
def no_cache(params, X):
    return np.tanh(X @ params["Wh"] + params["bh"]) @ params["Wy"] + params["by"]


@wrong("cross_entropy", "loss-summed", "log-of-zero")
def sum_of_logs(Y_hat, Y):
    return -(Y * np.log(Y_hat)).sum()


@wrong("cross_entropy", "log-of-zero")
def picked(Y_hat, Y):
    return -np.log(Y_hat[Y == 1]).mean()


@wrong("cross_entropy", "loss-averaged-over-classes")
def mean_of_all(Y_hat, Y):
    return -np.mean(Y * np.log(Y_hat + 1e-12))


@wrong("cross_entropy", "hard-coded-size")
def of_a_hundred(Y_hat, Y):
    return -np.sum(Y * np.log(Y_hat + 1e-12)) / 100


@wrong("accuracy", "percent-instead-of-fraction")
def percentage(Y_hat, Y):
    return 100 * (Y_hat.argmax(1) == Y.argmax(1)).mean()


@wrong("accuracy", "labels-broadcast")
def outer_comparison(Y_hat, Y):
    return np.mean(Y_hat.argmax(1) == Y.argmax(1).reshape(-1, 1))


@wrong("accuracy", "raises")
def misspelled(Y_hat, Y):
    return np.mean(Y_hat.argmax(1) == Y_true.argmax(1))  # noqa: F821


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status == ("error" if result.mistakes == ("raises",) else result.status)
    assert result.status != "passed"
    assert set(result.mistakes) == set(slugs), str(result)
