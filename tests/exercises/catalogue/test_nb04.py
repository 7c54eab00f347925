"""Answers to notebook 04's exercises as learners write them: right ones in odd styles, wrong ones by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from answers import collect

from nnlab.exercises import check

RIGHT, WRONG, right, wrong = collect()


# Right answers


@right("numerical_gradient")
def on_copies(f, x, eps=1e-6):
    gradient = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        plus, minus = x.copy(), x.copy()
        plus[i] += eps
        minus[i] -= eps
        gradient[i] = (f(plus) - f(minus)) / 2 / eps
    return gradient


@right("numerical_gradient")
def with_nditer(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old - eps
        low = f(x)
        x[i] = old + eps
        high = f(x)
        x[i] = old
        gradient[i] = (high - low) / (2 * eps)
        it.iternext()
    return gradient


@right("numerical_gradient")
def through_a_flat_view(f, x, eps=1e-6):
    flat, slopes = x.reshape(-1), []
    for k in range(flat.size):
        old = flat[k]
        flat[k] += eps
        slope = f(x)
        flat[k] = old - eps
        slope -= f(x)
        flat[k] = old
        slopes.append(slope / (2 * eps))
    return np.reshape(slopes, x.shape).tolist()


@right("numerical_gradient")
def unit_steps(f, x, eps=1e-6):
    steps = eps * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([f(x + step) - f(x - step) for step in steps]).reshape(x.shape) / (2 * eps)


@right("numerical_gradient")
def half_steps(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    for i in itertools.product(*map(range, x.shape)):
        step = np.zeros_like(x)
        step[i] = eps / 2
        gradient[i] = (f(x + step) - f(x - step)) / eps
    return gradient


@right("numerical_gradient")
def steps_scaled_by_x(f, x, h=1e-6):
    gradient, x = np.zeros_like(x), x.copy()
    for i in np.ndindex(x.shape):
        kept, step = x[i], h * max(1.0, abs(x[i]))
        x[i] = kept + step
        above = f(x)
        x[i] = kept - step
        gradient[i] = (above - f(x)) / (2 * step)
        x[i] = kept
    return gradient


@right("numerical_gradient")
def restored_in_finally(f, x, eps=1e-6):
    backup, gradient = x.copy(), np.zeros_like(x)
    try:
        for i in np.ndindex(x.shape):
            x[i] += eps
            gradient[i] += f(x)
            x[i] -= 2 * eps
            gradient[i] -= f(x)
            x[i] = backup[i]
    finally:
        x[...] = backup
    gradient /= 2 * eps
    return gradient


@right("numerical_gradient")
def higher_order(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = eps
        gradient[i] = (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * eps)
    return gradient


@right("output_gradient")
def ones_subtracted_in_a_copy(Y_hat, Y):
    dY = Y_hat.copy()
    dY[range(len(Y)), Y.argmax(axis=1)] -= 1
    dY /= Y.shape[0]
    return dY


@right("output_gradient")
def nested_loops(Y_hat, Y):
    return [[(p - t) / len(Y) for p, t in zip(*rows, strict=True)] for rows in zip(Y_hat, Y, strict=True)]


@right("output_gradient")
def in_float32(Y_hat, Y):
    return np.float32(Y_hat - Y) / np.float32(len(Y))


@right("output_gradient")
def by_the_full_jacobian(Y_hat, Y):
    S = np.stack([np.diag(p) - np.outer(p, p) for p in Y_hat])
    inverse = np.divide(1, Y_hat, where=Y_hat > 0, out=np.zeros_like(Y_hat))
    slow = np.einsum("ij,ijk->ik", -Y * inverse, S) / len(Y)
    return np.where((Y * Y_hat).sum(axis=1, keepdims=True) > 0, slow, (Y_hat - Y) / len(Y))


@right("linear_backward")
def by_einsum(dZ, X, W):
    return [
        np.einsum("ik,jk->ij", dZ, W),
        np.einsum("ij,ik->jk", X, dZ),
        np.einsum("ik->k", dZ),
    ]


@right("linear_backward")
def sample_by_sample(dZ, X, W):
    dX, dW, db = np.zeros_like(X), np.zeros_like(W), np.zeros(W.shape[1])
    for i in range(len(X)):
        dX[i] = W @ dZ[i]
        dW += np.outer(X[i], dZ[i])
        db += dZ[i]
    return dX, dW, db


@right("linear_backward")
def ones_and_lists(dZ, X, W):
    return np.dot(dZ, W.T).tolist(), np.matmul(dZ.T, X).T.tolist(), (np.ones(len(dZ)) @ dZ).tolist()


@right("linear_backward")
def single_precision(dZ, X, W):
    dZ, X, W = dZ.astype(np.float32), X.astype(np.float32), W.astype(np.float32)
    return dZ @ W.T, X.T @ dZ, np.add.reduce(dZ)


@right("tanh_backward")
def by_factors(dH, H):
    return np.multiply(dH, (1 + H) * (1 - H))


@right("tanh_backward")
def expanded(dH, H):
    dH_tilde = np.array(dH)
    dH_tilde -= dH * np.square(H)
    return dH_tilde


@right("tanh_backward")
def from_the_sums(dH, H):
    with np.errstate(divide="ignore", over="ignore"):
        return dH / np.cosh(np.arctanh(H)) ** 2


@right("tanh_backward")
def entry_by_entry(dH, H):
    return [
        [d * (1 - math.pow(h, 2)) for d, h in zip(*rows, strict=True)] for rows in zip(dH, H, strict=True)
    ]


@right("relu_backward")
def masked_copy(dA, Z):
    dZ = dA.copy()
    dZ[Z <= 0] = 0
    return dZ


@right("relu_backward")
def by_where(dA, Z):
    return np.where(Z > 0, dA, 0)


@right("relu_backward")
def by_heaviside(dA, Z):
    return dA * np.heaviside(Z, 0.0)


@right("relu_backward")
def sign_of_the_output(dA, Z):
    A = np.maximum(0, Z)
    return np.sign(A) * dA


@right("relu_backward")
def with_conditions(dA, Z):
    return [[d if z > 0 else 0 for d, z in zip(*rows, strict=True)] for rows in zip(dA, Z, strict=True)]


@right("backward")
def with_helpers(params, cache, Y):
    def linear_back(d, inputs, key):
        return d @ params["W" + key].T, {"W" + key: inputs.T @ d, "b" + key: d.sum(0)}

    dH, output = linear_back((cache["Y_hat"] - Y) / Y.shape[0], cache["H"], "y")
    _, hidden = linear_back(dH * (1 - np.tanh(cache["H_tilde"]) ** 2), cache["X"], "h")
    return {**output, **hidden, "dH": dH}


@right("backward")
def one_sample_after_the_other(params, cache, Y):
    grads = {key: np.zeros_like(value) for key, value in params.items()}
    for x, h, p, y in zip(cache["X"], cache["H"], cache["Y_hat"], Y, strict=True):
        d = (p - y) / len(Y)
        e = (params["Wy"] @ d) * (1 - h * h)
        grads["Wy"] += h[:, None] * d
        grads["by"] += d
        grads["Wh"] += x[:, None] * e
        grads["bh"] += e
    return grads


@right("backward")
def averaged_at_the_end(params, cache, Y):
    d = cache["Y_hat"] - Y
    e = np.einsum("ik,jk,ij->ij", d, params["Wy"], 1 - cache["H"] ** 2)
    return dict(
        Wy=np.mean(cache["H"][:, :, None] * d[:, None, :], axis=0),
        by=d.mean(axis=0).tolist(),
        Wh=cache["X"].T @ e / len(e),
        bh=e.mean(axis=0),
    )


@right("backward")
def forward_once_more_in_float32(params, cache, Y):
    p = {key: value.astype(np.float32) for key, value in params.items()}
    X = cache["X"].astype(np.float32)
    H = np.tanh(X @ p["Wh"] + p["bh"])
    powers = np.exp(H @ p["Wy"] + p["by"])
    d = (powers / powers.sum(1, keepdims=True) - Y.astype(np.float32)) / np.float32(len(Y))
    e = d @ p["Wy"].T * (1 - H**2)
    return {"Wh": X.T @ e, "bh": e.sum(0), "Wy": H.T @ d, "by": d.sum(0)}


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


# Wrong answers


def slopes(f, x, move):
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        gradient[i] = move(f, x, i)
    return gradient


def shifted(x, i, step):
    x = x.copy()
    x[i] += step
    return x


@wrong("numerical_gradient", "forward-difference")
def one_sided(f, x, eps=1e-6):
    base = f(x)
    return slopes(f, x, lambda f, x, i: (f(shifted(x, i, eps)) - base) / eps)


@wrong("numerical_gradient", "forward-difference")
def backward_difference(f, x, eps=1e-6):
    return slopes(f, x, lambda f, x, i: (f(x) - f(shifted(x, i, -eps))) / eps)


@wrong("numerical_gradient", "missing-factor-two")
def divided_by_one_step(f, x, eps=1e-6):
    return slopes(f, x, lambda f, x, i: (f(shifted(x, i, eps)) - f(shifted(x, i, -eps))) / eps)


@wrong("numerical_gradient", "half-the-difference")
def one_sided_by_two(f, x, eps=1e-6):
    return slopes(f, x, lambda f, x, i: (f(shifted(x, i, eps)) - f(x)) / (2 * eps))


@wrong("numerical_gradient", "not-divided-by-the-step")
def precedence(f, x, eps=1e-6):
    return slopes(f, x, lambda f, x, i: (f(shifted(x, i, eps)) - f(shifted(x, i, -eps))) / 2 * eps)


@wrong("numerical_gradient", "input-not-restored")
def restored_by_adding(f, x, eps=1e-6):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] -= eps
        gradient[i] -= f(x)
        x[i] += 2 * eps
        gradient[i] += f(x)
        x[i] -= eps
    return gradient / (2 * eps)


@wrong("numerical_gradient", "input-not-restored")
def never_restored(f, x, eps=1e-6):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient


@wrong("numerical_gradient", "input-not-restored", "missing-factor-two")
def never_restored_and_twice(f, x, eps=1e-6):
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        x[i] += eps
        above = f(x)
        x[i] -= 2 * eps
        gradient[i] = (above - f(x)) / eps
    return gradient


@wrong("numerical_gradient", "forward-difference", "gradient-sign-flipped")
def one_sided_and_reversed(f, x, eps=1e-6):
    return slopes(f, x, lambda f, x, i: (f(x) - f(shifted(x, i, eps))) / eps)


@wrong("numerical_gradient", "eps-ignored")
def own_step(f, x, eps=1e-6):
    h = 1e-5
    return slopes(f, x, lambda f, x, i: (f(shifted(x, i, h)) - f(shifted(x, i, -h))) / (2 * h))


@wrong("numerical_gradient", "entries-not-one-by-one")
def row_loop(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        gradient[i] = (f(shifted(x, i, eps)) - f(shifted(x, i, -eps))) / (2 * eps)
    return gradient


@wrong("numerical_gradient", "entries-not-one-by-one")
def two_loops(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            gradient[i, j] = (f(shifted(x, (i, j), eps)) - f(shifted(x, (i, j), -eps))) / (2 * eps)
    return gradient


@wrong("numerical_gradient", "all-entries-moved-at-once")
def the_calculus_formula(f, x, eps=1e-6):
    return (f(x + eps) - f(x - eps)) / (2 * eps)


@wrong("numerical_gradient", "steps-accumulate")
def not_started_afresh(f, x, eps=1e-6):
    gradient = np.zeros_like(x)
    a, b = x.copy(), x.copy()
    for i in np.ndindex(x.shape):
        a[i], b[i] = x[i] + eps, x[i] - eps
        gradient[i] = (f(a) - f(b)) / (2 * eps)
    return gradient


@wrong("numerical_gradient", "two-names-for-one-array")
def no_copy(f, x, eps=1e-6):
    gradient, x = np.zeros_like(x), x.copy()
    for i in np.ndindex(x.shape):
        a = x
        b = x
        a[i] += eps
        b[i] -= eps
        gradient[i] = (f(a) - f(b)) / (2 * eps)
    return gradient


@wrong("numerical_gradient", "flat-array-given-to-f")
def flattened(f, x, eps=1e-6):
    flat = x.flatten()
    gradient = np.zeros_like(flat)
    for k in range(len(flat)):
        old = flat[k]
        flat[k] = old + eps
        above = f(flat)
        flat[k] = old - eps
        gradient[k] = (above - f(flat)) / (2 * eps)
        flat[k] = old
    return gradient.reshape(x.shape)


@wrong("numerical_gradient", "wrong-shape")
def flat_result(f, x, eps=1e-6):
    return on_copies(f, x, eps).ravel()


@wrong("numerical_gradient", "returns-none")
def nothing(f, x, eps=1e-6):
    on_copies(f, x, eps)


@wrong("output_gradient", "missing-batch-average")
def without_mean(Y_hat, Y):
    return Y_hat - Y


@wrong("output_gradient", "double-batch-average")
def twice_the_mean(Y_hat, Y):
    dY = Y_hat.copy()
    dY[Y == 1] -= 1
    return dY / len(Y) / len(Y)


@wrong("output_gradient", "gradient-sign-flipped")
def target_minus_prediction(Y_hat, Y):
    return np.subtract(Y, Y_hat) / len(Y)


@wrong("output_gradient", "gradient-sign-flipped", "missing-batch-average")
def error_signal(Y_hat, Y):
    return Y - Y_hat


@wrong("output_gradient", "extra-softmax-derivative")
def sigmoid_habit(Y_hat, Y):
    return (Y_hat - Y) * (Y_hat - Y_hat**2) / len(Y)


@wrong("output_gradient", "extra-softmax-derivative", "missing-batch-average")
def sigmoid_habit_without_mean(Y_hat, Y):
    return Y_hat * (1 - Y_hat) * (Y_hat - Y)


@wrong("output_gradient", "loss-averaged-over-classes")
def over_all_entries(Y_hat, Y):
    m, n = Y.shape
    return (Y_hat - Y) / (m * n)


@wrong("output_gradient", "divided-by-classes")
def over_the_classes(Y_hat, Y):
    return (Y_hat - Y) / len(Y[0])


@wrong("output_gradient", "gradient-of-the-probabilities")
def one_step_too_early(Y_hat, Y):
    return -(Y / Y_hat) / len(Y)


@wrong("output_gradient", "squared-error-gradient")
def as_of_a_square(Y_hat, Y):
    return 2 / len(Y) * (Y_hat - Y)


@wrong("output_gradient", "rows-merged")
def mean_of_rows(Y_hat, Y):
    return np.mean(Y_hat - Y, axis=0)


@wrong("output_gradient", "only-the-right-class")
def right_class_only(Y_hat, Y):
    dY = np.zeros_like(Y_hat)
    dY[Y == 1] = Y_hat[Y == 1] - 1
    return dY / len(Y)


@wrong("output_gradient", "changes-its-input")
def in_place(Y_hat, Y):
    Y_hat -= Y
    return Y_hat / len(Y)


@wrong("linear_backward", "double-batch-average")
def divided_again(dZ, X, W):
    m = X.shape[0]
    return np.dot(dZ, W.T), np.dot(X.T, dZ) / m, dZ.sum(0) / m


@wrong("linear_backward", "weight-gradient-transposed")
def outputs_first(dZ, X, W):
    return np.einsum("ik,jk->ij", dZ, W), np.einsum("ik,ij->kj", dZ, X), sum(dZ)


@wrong("linear_backward", "elementwise-instead-of-matmul")
def starred(dZ, X, W):
    dW = X.T * dZ
    return dZ @ W.T, dW, dZ.sum(0)


@wrong("linear_backward", "upstream-gradient-dropped")
def own_derivatives(dZ, X, W):
    return W.T, X.T, np.ones(W.shape[1])


@wrong("linear_backward", "upstream-gradient-dropped")
def bias_of_ones(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, np.ones(dZ.shape[1])


@wrong("linear_backward", "bias-gradient-not-summed")
def bias_as_it_comes(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, dZ.copy()


@wrong("linear_backward", "bias-gradient-wrong-axis")
def bias_along_rows(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, [sum(row) for row in dZ]


@wrong("linear_backward", "bias-gradient-keeps-dims")
def bias_with_two_axes(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, np.sum(dZ, axis=0, keepdims=True)


@wrong("linear_backward", "bias-gradient-averaged")
def bias_mean(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, np.mean(dZ, 0)


@wrong("linear_backward", "bias-gradient-averaged", "bias-gradient-keeps-dims")
def bias_mean_with_two_axes(dZ, X, W):
    return dZ @ W.T, X.T @ dZ, np.mean(dZ, 0)[None]


@wrong("linear_backward", "weight-gradient-transposed", "bias-gradient-not-summed")
def two_in_one(dZ, X, W):
    return dZ @ W.T, dZ.T @ X, dZ


@wrong("linear_backward", "weights-not-transposed")
def forgotten_transpose(dZ, X, W):
    dW = X.T @ dZ
    db = dZ.sum(0)
    dX = np.matmul(dZ, W)
    return dX, dW, db


@wrong("linear_backward", "inputs-not-transposed")
def forgotten_transpose_of_x(dZ, X, W):
    return dZ @ W.T, X @ dZ, dZ.sum(0)


@wrong("linear_backward", "results-in-other-order")
def weights_first(dZ, X, W):
    return X.T @ dZ, dZ.sum(0), dZ @ W.T


@wrong("linear_backward", "wrong-type")
def two_of_three(dZ, X, W):
    return X.T @ dZ, dZ.sum(0)


@wrong("tanh_backward", "upstream-gradient-dropped")
def slope_only(dH, H):
    return 1 - np.power(H, 2)


@wrong("tanh_backward", "activation-derivative-omitted")
def passed_on(dH, H):
    return dH.copy()


@wrong("tanh_backward", "derivative-of-wrong-variable")
def tanh_twice(dH, H):
    t = np.tanh(H)
    return dH - dH * t * t


@wrong("tanh_backward", "derivative-of-wrong-variable")
def of_the_gradient(dH, H):
    return dH * (1 - dH * dH)


@wrong("tanh_backward", "derivative-of-wrong-variable", "upstream-gradient-dropped")
def tanh_twice_alone(dH, H):
    return 1 - np.tanh(H) ** 2


@wrong("tanh_backward", "sigmoid-derivative-for-tanh")
def sigmoid(dH, H):
    return dH * H - dH * H**2


@wrong("tanh_backward", "square-missing")
def straight(dH, H):
    return (1 - H) * dH


@wrong("tanh_backward", "gradient-sign-flipped")
def turned_around(dH, H):
    return dH * (H**2 - 1)


@wrong("tanh_backward", "matmul-instead-of-elementwise")
def product(dH, H):
    return np.dot(dH, 1 - H**2)


@wrong("relu_backward", "relu-gradient-at-zero")
def from_zero_on(dA, Z):
    dZ = dA.copy()
    dZ[Z < 0] = 0
    return dZ


@wrong("relu_backward", "relu-gradient-at-zero")
def half_at_zero(dA, Z):
    return dA * (np.sign(Z) + 1) / 2


@wrong("relu_backward", "relu-mask-of-upstream")
def relu_of_the_gradient(dA, Z):
    return np.maximum(dA, 0)


@wrong("relu_backward", "relu-mask-of-upstream")
def guided(dA, Z):
    return np.where(Z > 0, np.maximum(0, dA), 0)


@wrong("relu_backward", "upstream-gradient-dropped")
def ones_and_zeros(dA, Z):
    return np.where(Z > 0, 1.0, 0.0)


@wrong("relu_backward", "upstream-gradient-dropped", "relu-gradient-at-zero")
def ones_from_zero_on(dA, Z):
    return (Z >= 0).astype(float)


@wrong("relu_backward", "activation-derivative-omitted")
def all_passes(dA, Z):
    return dA


@wrong("relu_backward", "activation-instead-of-derivative")
def times_relu(dA, Z):
    return dA * Z * (Z > 0)


@wrong("relu_backward", "mask-inverted")
def the_wrong_half(dA, Z):
    return np.where(Z > 0, 0, dA)


@wrong("relu_backward", "changes-its-input")
def masked_in_place(dA, Z):
    dA[Z <= 0] = 0
    return dA


def network_gradients(
    params, cache, Y, *, top=lambda d: d, slope=lambda h: 1 - h**2, bias=lambda d: d.sum(0)
):
    d = top((cache["Y_hat"] - Y) / len(Y))
    e = d @ params["Wy"].T * slope(cache["H"])
    return {"Wy": cache["H"].T @ d, "by": bias(d), "Wh": cache["X"].T @ e, "bh": bias(e)}


@wrong("backward", "missing-batch-average")
def network_without_mean(params, cache, Y):
    return network_gradients(params, cache, Y, top=lambda d: d * len(d))


@wrong("backward", "gradient-sign-flipped")
def network_reversed(params, cache, Y):
    return {key: -g for key, g in network_gradients(params, cache, Y).items()}


@wrong("backward", "double-batch-average")
def network_divided_in_each_layer(params, cache, Y):
    grads = network_gradients(params, cache, Y)
    return {key: g / len(Y) for key, g in grads.items()}


@wrong("backward", "activation-derivative-omitted")
def network_without_slope(params, cache, Y):
    return network_gradients(params, cache, Y, slope=np.ones_like)


@wrong("backward", "derivative-of-wrong-variable")
def network_tanh_twice(params, cache, Y):
    return network_gradients(params, cache, Y, slope=lambda h: 1 - np.tanh(h) ** 2)


@wrong("backward", "derivative-of-wrong-variable")
def network_squared_sums(params, cache, Y):
    return network_gradients(params, cache, Y, slope=lambda h: 1 - cache["H_tilde"] ** 2)


@wrong("backward", "sigmoid-derivative-for-tanh")
def network_sigmoid(params, cache, Y):
    return network_gradients(params, cache, Y, slope=lambda h: h - h**2)


@wrong("backward", "extra-softmax-derivative")
def network_softmax_twice(params, cache, Y):
    p = cache["Y_hat"]
    return network_gradients(params, cache, Y, top=lambda d: d * p * (1 - p))


@wrong("backward", "bias-gradient-averaged")
def network_bias_mean(params, cache, Y):
    return network_gradients(params, cache, Y, bias=lambda d: np.mean(d, axis=0))


@wrong("backward", "bias-gradient-keeps-dims")
def network_bias_with_two_axes(params, cache, Y):
    return network_gradients(params, cache, Y, bias=lambda d: np.sum(d, axis=0, keepdims=True))


@wrong("backward", "bias-gradient-not-summed")
def network_bias_as_it_comes(params, cache, Y):
    return network_gradients(params, cache, Y, bias=lambda d: d)


@wrong("backward", "bias-gradient-wrong-axis")
def network_bias_along_rows(params, cache, Y):
    return network_gradients(params, cache, Y, bias=lambda d: d.sum(1))


@wrong("backward", "missing-batch-average", "activation-derivative-omitted")
def network_with_two_slips(params, cache, Y):
    return network_gradients(params, cache, Y, top=lambda d: d * len(d), slope=np.ones_like)


@wrong("backward", "bias-gradient-averaged", "sigmoid-derivative-for-tanh")
def network_with_two_other_slips(params, cache, Y):
    return network_gradients(params, cache, Y, bias=lambda d: d.mean(0), slope=lambda h: h * (1 - h))


@wrong("backward", "bias-gradient-averaged", "extra-softmax-derivative")
def network_with_two_more_slips(params, cache, Y):
    p = cache["Y_hat"]
    return network_gradients(params, cache, Y, bias=lambda d: d.mean(0), top=lambda d: d * p * (1 - p))


@wrong("backward", "weight-gradient-transposed")
def network_transposed(params, cache, Y):
    grads = network_gradients(params, cache, Y)
    return {**grads, "Wh": grads["Wh"].T, "Wy": grads["Wy"].T}


@wrong("backward", "upstream-gradient-dropped")
def network_without_upstream(params, cache, Y):
    grads, slope = network_gradients(params, cache, Y), 1 - cache["H"] ** 2
    return {**grads, "Wh": cache["X"].T @ slope, "bh": slope.sum(0)}


@wrong("backward", "weights-not-transposed")
def network_forgotten_transpose(params, cache, Y):
    d = (cache["Y_hat"] - Y) / len(Y)
    e = (d @ params["Wy"]) * (1 - cache["H"] ** 2)
    return {"Wy": cache["H"].T @ d, "by": d.sum(0), "Wh": cache["X"].T @ e, "bh": e.sum(0)}


@wrong("backward", "wrong-type")
def network_missing_bias(params, cache, Y):
    grads = network_gradients(params, cache, Y)
    del grads["by"]
    return grads


@wrong("backward", "changes-its-input")
def network_in_place(params, cache, Y):
    grads = network_gradients(params, cache, Y)
    cache["Y_hat"] -= Y
    return grads


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_the_function_to_differentiate_is_shown():
    """The smallest failing example must say which function it is about."""
    result = check("numerical_gradient", divided_by_one_step)
    assert ("f", "x[0]**2 * x[1]") in result.example.rows
