"""Answers to notebook 05's exercises as learners write them: right ones in odd styles, wrong ones by hand."""

from __future__ import annotations

import copy
import math
import random

import numpy as np
import pandas as pd
import pytest
from answers import collect
from sklearn.preprocessing import StandardScaler

from nnlab.exercises import check
from nnlab.exercises.references import backward, cross_entropy, forward

RIGHT, WRONG, right, wrong = collect()


def right_for_each(name, *values):
    """Register one right answer for every value that `make` is called with."""

    def add(make):
        for value in values:
            RIGHT.append(pytest.param(name, make(value), id=f"{name}-{make.__name__}-{value}"))
        return make

    return add


# Right answers


@right_for_each("standardize", 1e-8, 1e-12, float(np.finfo(float).eps))
def epsilon_added(eps):
    def standardize(X_train, X_test):
        mu, sigma = np.mean(X_train, 0), np.std(X_train, 0) + eps
        return (X_train - mu) / sigma, (X_test - mu) / sigma

    return standardize


@right("standardize")
def epsilon_in_the_root(X_train, X_test):
    mu = X_train.sum(axis=0) / len(X_train)
    sigma = np.sqrt(((X_train - mu) ** 2).sum(axis=0) / len(X_train) + 1e-8)
    return [(X - mu) / sigma for X in (X_train, X_test)]


@right("standardize")
def masked_deviation(X_train, X_test):
    sigma = X_train.std(axis=0)
    sigma[sigma < 1e-9] = 1
    mu = X_train.mean(axis=0)
    return ((X_train - mu) / sigma).tolist(), ((X_test - mu) / sigma).tolist()


@right("standardize")
def constant_by_range(X_train, X_test):
    varies = X_train.max(0) > X_train.min(0)
    mu, sigma = X_train.mean(0), X_train.std(0)

    def convert(X):
        return np.divide(X - mu, sigma, where=varies, out=np.zeros_like(X))

    return convert(X_train), convert(X_test)


@right("standardize")
def column_by_column(X_train, X_test):
    train, test = np.zeros_like(X_train), np.zeros_like(X_test)
    for j in range(X_train.shape[1]):
        column = X_train[:, j]
        mean = column.mean()
        std = math.sqrt(np.mean((column - mean) ** 2))
        if not math.isclose(std, 0, abs_tol=1e-12):
            train[:, j] = (column - mean) / std
            test[:, j] = (X_test[:, j] - mean) / std
    return train, test


@right("standardize")
def by_scikit_learn(X_train, X_test):
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)


@right("standardize")
def by_pandas(X_train, X_test):
    train, test = pd.DataFrame(X_train), pd.DataFrame(X_test)
    mean, std = train.mean(), train.std(ddof=0).where(lambda s: s > 1e-10, 1.0)
    return (train - mean) / std, (test - mean) / std


@right("standardize")
def in_float32(X_train, X_test):
    mu, sigma = X_train.mean(0), np.maximum(X_train.std(0), 1e-8)
    return np.float32((X_train - mu) / sigma), np.float32((X_test - mu) / sigma)


@right("he_init")
def scale_as_argument(fan_in, fan_out, rng):
    return rng.normal(0.0, math.sqrt(2.0 / fan_in), (fan_in, fan_out))


@right("he_init")
def entry_by_entry(fan_in, fan_out, rng):
    return [[rng.normal(scale=(2 / fan_in) ** 0.5) for _ in range(fan_out)] for _ in range(fan_in)]


@right("he_init")
def transposed_draw_in_float32(fan_in, fan_out, rng):
    W = rng.standard_normal((fan_out, fan_in), dtype=np.float32).T
    W *= np.float32(np.sqrt(2 / fan_in))
    return W


@right("he_init")
def from_a_covariance(fan_in, fan_out, rng):
    return np.stack([rng.normal(size=fan_in) for _ in range(fan_out)], axis=1) / np.sqrt(fan_in / 2)


@right("minibatches")
def list_of_pairs(X, y, batch_size, rng):
    order = np.arange(len(y))
    rng.shuffle(order)
    return [
        (X[order[i : i + batch_size]], y[order[i : i + batch_size]]) for i in range(0, len(y), batch_size)
    ]


@right("minibatches")
def views_of_shuffled_copies(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    X, y = X[order], y[order]
    i = 0
    while i < len(X):
        yield X[i : i + batch_size], y[i : i + batch_size]
        i += batch_size


@right("minibatches")
def zipped_pieces(X, y, batch_size, rng):
    cuts = range(batch_size, len(X), batch_size)
    order = rng.random(len(X)).argsort()
    return zip(np.split(X[order], cuts), np.split(y[order], cuts), strict=True)


@right("minibatches")
def without_replacement(X, y, batch_size, rng):
    left = list(range(len(X)))
    batches = []
    while left:
        now = rng.choice(left, min(batch_size, len(left)), replace=False)
        left = [i for i in left if i not in now]
        batches.append([X[now].tolist(), y[now].tolist()])
    return tuple(batches)


@right("minibatches")
def joined_and_shuffled(X, y, batch_size, rng):
    both = np.column_stack([X, y])
    rng.shuffle(both)
    for rows in (both[i : i + batch_size] for i in range(0, len(both), batch_size)):
        yield rows[:, :-1], rows[:, -1].astype(int)


@right("minibatches")
def one_buffer_for_all(X, y, batch_size, rng):
    buffer = np.empty((min(batch_size, len(X)), *X.shape[1:]))
    order = rng.permutation(len(X))
    for i in range(0, len(X), batch_size):
        numbers = order[i : i + batch_size]
        buffer[: len(numbers)] = X[numbers]
        yield buffer[: len(numbers)], y[numbers]


@right("minibatches")
def seeded_from_rng(X, y, batch_size, rng):
    pairs = list(zip(X, y, strict=True))
    random.Random(int(rng.integers(2**32))).shuffle(pairs)
    while pairs:
        batch, pairs = pairs[:batch_size], pairs[batch_size:]
        yield np.array([x for x, _ in batch]), np.array([t for _, t in batch])


class Batches:
    def __init__(self, X, y, batch_size, rng):
        self.parts = X, y, batch_size, rng

    def __iter__(self):
        return iter(list_of_pairs(*self.parts))


@right("minibatches")
def an_iterable_object(X, y, batch_size, rng):
    return Batches(X, y, batch_size, rng)


@right("cross_entropy_from_scores")
def by_logaddexp(scores, y):
    return (np.logaddexp.reduce(scores, axis=1) - scores[range(len(y)), y]).mean()


@right("cross_entropy_from_scores")
def by_log_probabilities(scores, y):
    s = scores - np.max(scores, axis=1)[:, None]
    log_p = s - np.log(np.sum(np.exp(s), axis=1))[:, None]
    return -np.take_along_axis(log_p, y[:, None], axis=1).mean()


@right("cross_entropy_from_scores")
def sample_by_sample(scores, y):
    total = 0.0
    for row, label in zip(scores.tolist(), y, strict=True):
        top = max(row)
        total += top + math.log(math.fsum(math.exp(s - top) for s in row)) - row[label]
    return total / len(y)


@right("cross_entropy_from_scores")
def with_one_hot(scores, y):
    Y = np.eye(scores.shape[1])[y]
    s = scores - scores.max(1, keepdims=True)
    return np.array(-(Y * (s - np.log(np.exp(s).sum(1, keepdims=True)))).sum() / len(Y))


@right("cross_entropy_from_scores")
def differences_to_the_label(scores, y):
    gaps = scores - scores[np.arange(len(y)), y][:, None]
    top = gaps.max(axis=1)
    return np.mean(top + np.log(np.exp(gaps - top[:, None]).sum(axis=1)))


@right("cross_entropy_from_scores")
def single_precision(scores, y):
    s = scores.astype(np.float32)
    return np.mean(np.logaddexp.reduce(s, axis=1) - s[np.arange(len(y)), y], dtype=np.float32)


@right("sgd_step")
def through_out(params, grads, lr):
    for key, p in params.items():
        np.subtract(p, lr * grads[key], out=p)


@right("sgd_step")
def by_slices(params, grads, lr):
    for key in grads:
        params[key][...] = params[key] - lr * grads[key]
    return params


@right("sgd_step")
def rebinding(params, grads, lr):
    params["Wh"] = params["Wh"] - lr * grads["Wh"]
    params["bh"] = params["bh"] - lr * grads["bh"]
    params["Wy"] = params["Wy"] - lr * grads["Wy"]
    params["by"] = params["by"] - lr * grads["by"]


@right("sgd_step")
def values_side_by_side(params, grads, lr):
    for p, g in zip(params.values(), grads.values(), strict=True):
        p += -lr * g


@right("sgd_step")
def all_at_once(params, grads, lr):
    params.update({key: (p - lr * grads[key]).tolist() for key, p in params.items()})
    params["step"] = 1
    return None


@right("sgd_step")
def rounded_to_float32(params, grads, lr):
    for key in list(params):
        params[key] = (params[key] - lr * grads[key]).astype(np.float32)


@right("train_step")
def with_helpers(params, X, Y, lr):
    Y_hat, cache = forward(params, X)
    for key, g in backward(params, cache, Y).items():
        params[key] -= lr * g
    return cross_entropy(Y_hat, Y)


def gradients(params, X, Y, *, top=lambda d: d, slope=lambda h: 1 - h**2):
    H = np.tanh(X @ params["Wh"] + params["bh"])
    E = np.exp(H @ params["Wy"] + params["by"])
    P = E / E.sum(axis=1, keepdims=True)
    d = top((P - Y) / len(Y))
    e = d @ params["Wy"].T * slope(H)
    loss = -np.sum(Y * np.log(P + 1e-8)) / len(Y)
    return loss, {"Wh": X.T @ e, "bh": e.sum(0), "Wy": H.T @ d, "by": d.sum(0)}


@right("train_step")
def written_out_and_returns_both(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    for key in params:
        params[key] = params[key] - lr * grads[key]
    return loss, params


@right("train_step")
def params_first(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    params |= {key: params[key] - lr * grads[key] for key in grads}
    return params, np.array(loss)


@right("train_step")
def in_single_precision(params, X, Y, lr):
    small = {key: p.astype(np.float32) for key, p in params.items()}
    loss, grads = gradients(small, X.astype(np.float32), Y.astype(np.float32))
    for key in params:
        params[key][:] = small[key] - np.float32(lr) * grads[key]
    return np.float32(loss)


@right("train_step")
def output_layer_first_with_old_weights(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    for key in ("by", "Wy", "bh", "Wh"):
        params[key] -= np.multiply(lr, grads[key])
    return float(loss)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


# Wrong answers


def guarded(std):
    return np.where(std < 1e-10, 1.0, std)


@wrong("standardize", "test-statistics-leaked")
def fitted_on_both(X_train, X_test):
    X = np.vstack((X_train, X_test))
    mu, sigma = X.mean(0), X.std(0)
    sigma = np.where(X_train.std(0) < 1e-10, 1, sigma)
    return (X_train - mu) / sigma, (X_test - mu) / sigma


@wrong("standardize", "test-standardized-separately")
def each_for_itself(X_train, X_test):
    def z(X):
        return (X - X.mean(0)) / guarded(X.std(0))

    return z(X_train), z(X_test)


@wrong("standardize", "test-standardized-separately", "division-by-zero")
def each_for_itself_without_guard(X_train, X_test):
    def z(X):
        return (X - X.mean(0)) / X.std(0)

    return z(X_train), z(X_test)


@wrong("standardize", "division-by-zero")
def without_guard(X_train, X_test):
    mu, sigma = X_train.mean(0), X_train.std(0)
    return (X_train - mu) / sigma, (X_test - mu) / sigma


@right("standardize")
def guard_for_exact_zero(X_train, X_test):
    mu, sigma = X_train.mean(0), X_train.std(0)
    sigma[sigma == 0] = 1
    return (X_train - mu) / sigma, (X_test - mu) / sigma


@wrong("standardize", "sample-standard-deviation")
def bessel(X_train, X_test):
    mu = X_train.mean(0)
    sigma = guarded(np.sqrt(((X_train - mu) ** 2).sum(0) / (len(X_train) - 1)))
    return (X_train - mu) / sigma, (X_test - mu) / sigma


@wrong("standardize", "test-not-standardized")
def overwritten_first(X_train, X_test):
    X_train = (X_train - X_train.mean(0)) / guarded(X_train.std(0))
    X_test = (X_test - X_train.mean(0)) / guarded(X_train.std(0))
    return X_train, X_test


@wrong("standardize", "statistics-over-everything", "variance-used-as-std")
def one_variance(X_train, X_test):
    mu, var = X_train.mean(), X_train.var()
    return (X_train - mu) / var, (X_test - mu) / var


@wrong("standardize", "range-instead-of-deviation")
def min_max(X_train, X_test):
    low, high = X_train.min(0), X_train.max(0)
    width = np.where(high > low, high - low, 1)
    return (X_train - low) / width, (X_test - low) / width


@wrong("standardize", "changes-its-input")
def in_place(X_train, X_test):
    mu, sigma = X_train.mean(0), guarded(X_train.std(0))
    X_train -= mu
    X_test -= mu
    return X_train / sigma, X_test / sigma


@wrong("he_init", "uniform-instead-of-normal")
def he_uniform(fan_in, fan_out, rng):
    limit = math.sqrt(6 / fan_in)
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))


@wrong("he_init", "xavier-instead-of-he")
def xavier(fan_in, fan_out, rng):
    return rng.standard_normal((fan_in, fan_out)) / math.sqrt(fan_in)


@wrong("he_init", "variance-used-as-std")
def variance(fan_in, fan_out, rng):
    return rng.normal(0, 2 / fan_in, (fan_in, fan_out))


@wrong("he_init", "fan-out-instead-of-fan-in")
def fan_out_used(fan_in, fan_out, rng):
    return rng.normal(0, math.sqrt(2 / fan_out), (fan_in, fan_out))


@wrong("he_init", "init-scale-ignored")
def small_numbers(fan_in, fan_out, rng):
    return 0.05 * rng.standard_normal((fan_in, fan_out))


@wrong("he_init", "init-all-zero")
def zeros(fan_in, fan_out, rng):
    return np.zeros((fan_in, fan_out))


@wrong("he_init", "global-rng-instead-of-rng")
def global_state(fan_in, fan_out, rng):
    return np.random.randn(fan_in, fan_out) * np.sqrt(2 / fan_in)  # noqa: NPY002


@wrong("he_init", "global-rng-instead-of-rng", "variance-used-as-std")
def global_state_and_variance(fan_in, fan_out, rng):
    return np.random.randn(fan_in, fan_out) * 2 / fan_in  # noqa: NPY002


@wrong("he_init", "wrong-shape")
def torch_layout(fan_in, fan_out, rng):
    return rng.normal(0, math.sqrt(2 / fan_in), (fan_out, fan_in))


@wrong("minibatches", "shuffle-breaks-pairs")
def two_orders(X, y, batch_size, rng):
    X, y = rng.permutation(X), rng.permutation(y)
    for i in range(0, len(X), batch_size):
        yield X[i : i + batch_size], y[i : i + batch_size]


@wrong("minibatches", "shuffle-breaks-pairs", "changes-its-input")
def two_shuffles_in_place(X, y, batch_size, rng):
    rng.shuffle(X)
    rng.shuffle(y)
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(X), batch_size)]


@wrong("minibatches", "not-shuffled")
def in_order(X, y, batch_size, rng):
    for i in range(0, len(X), batch_size):
        yield X[i : i + batch_size], y[i : i + batch_size]


@wrong("minibatches", "not-shuffled", "last-batch-dropped")
def in_order_and_full_ones_only(X, y, batch_size, rng):
    for k in range(len(X) // batch_size):
        yield X[k * batch_size : (k + 1) * batch_size], y[k * batch_size : (k + 1) * batch_size]


@wrong("minibatches", "last-batch-dropped")
def full_ones_only(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    n = len(X) // batch_size
    return [(X[i], y[i]) for i in order[: n * batch_size].reshape(n, batch_size)]


@wrong("minibatches", "sampled-with-replacement")
def drawn_for_each_batch(X, y, batch_size, rng):
    for _ in range(math.ceil(len(X) / batch_size)):
        i = rng.integers(0, len(X), batch_size)
        yield X[i], y[i]


@wrong("minibatches", "sampled-with-replacement", "last-batch-dropped")
def drawn_for_full_batches(X, y, batch_size, rng):
    for _ in range(len(X) // batch_size):
        i = rng.choice(len(X), batch_size)
        yield X[i], y[i]


@wrong("minibatches", "global-rng-instead-of-rng")
def global_order(X, y, batch_size, rng):
    order = np.random.permutation(len(X))  # noqa: NPY002
    for i in range(0, len(X), batch_size):
        yield X[order[i : i + batch_size]], y[order[i : i + batch_size]]


@wrong("minibatches", "global-rng-instead-of-rng")
def always_42(X, y, batch_size, rng):
    return list_of_pairs(X, y, batch_size, np.random.default_rng(42))


@wrong("minibatches", "changes-its-input")
def shuffled_in_place(X, y, batch_size, rng):
    state = rng.bit_generator.state
    rng.shuffle(X)
    rng.bit_generator.state = state
    rng.shuffle(y)
    return [(X[i : i + batch_size], y[i : i + batch_size]) for i in range(0, len(X), batch_size)]


@wrong("minibatches", "shuffled-in-blocks-only")
def batches_shuffled(X, y, batch_size, rng):
    batches = list(in_order(X, y, batch_size, rng))
    rng.shuffle(batches)
    return batches


@wrong("minibatches", "size-taken-for-number")
def that_many_batches(X, y, batch_size, rng):
    return [(X[i], y[i]) for i in np.array_split(rng.permutation(len(X)), batch_size)]


@wrong("minibatches", "empty-batch")
def one_batch_too_many(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for k in range(len(X) // batch_size + 1):
        i = order[k * batch_size : (k + 1) * batch_size]
        yield X[i], y[i]


@wrong("minibatches", "return-instead-of-yield")
def left_after_the_first(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for i in range(0, len(X), batch_size):
        return X[order[i : i + batch_size]], y[order[i : i + batch_size]]


@wrong("minibatches", "two-lists-instead-of-pairs")
def lists_apart(X, y, batch_size, rng):
    return tuple(zip(*list_of_pairs(X, y, batch_size, rng), strict=True))


@wrong("minibatches", "labels-missing")
def without_labels(X, y, batch_size, rng):
    return [X_batch for X_batch, _ in list_of_pairs(X, y, batch_size, rng)]


@wrong("minibatches", "never-ends")
def for_ever(X, y, batch_size, rng):
    while True:
        yield from list_of_pairs(X, y, batch_size, rng)


@wrong("minibatches", "returns-none")
def forgotten_return(X, y, batch_size, rng):
    list_of_pairs(X, y, batch_size, rng)


@wrong("minibatches", "wrong-type")
def number_of_batches(X, y, batch_size, rng):
    return len(list_of_pairs(X, y, batch_size, rng))


@wrong("minibatches", "notebook-variable-read")
def error_inside_the_generator(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for i in range(0, len(X), batch_size):
        yield X[order[i]], Y[order[i]]  # noqa: F821


@wrong("minibatches", "too-slow")
def stuck(X, y, batch_size, rng):
    i = 0
    while i < len(X):
        batch = X[i : i + batch_size], y[i : i + batch_size]
    yield batch


@wrong("cross_entropy_from_scores", "softmax-without-shift")
def plain_log_sum_exp(scores, y):
    return np.mean(np.log(np.exp(scores).sum(1)) - scores[np.arange(len(y)), y])


@wrong("cross_entropy_from_scores", "softmax-without-shift", "log-of-zero")
def textbook(scores, y):
    p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    return -np.log(p[np.arange(len(y)), y]).mean()


@wrong("cross_entropy_from_scores", "log-of-zero")
def log_of_stable_softmax(scores, y):
    e = np.exp(scores - scores.max(1, keepdims=True))
    return -np.mean(np.log((e / e.sum(1, keepdims=True))[np.arange(len(y)), y]))


@wrong("cross_entropy_from_scores", "probabilities-clipped")
def clipped(scores, y):
    e = np.exp(scores - scores.max(1, keepdims=True))
    p = np.clip(e / e.sum(1, keepdims=True), 1e-15, 1 - 1e-15)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


@wrong("cross_entropy_from_scores", "probabilities-clipped", "loss-summed")
def clipped_and_summed(scores, y):
    return clipped(scores, y) * len(y)


@wrong("cross_entropy_from_scores", "softmax-shifted-globally")
def one_maximum(scores, y):
    s = scores - scores.max()
    return np.mean(np.log(np.exp(s).sum(1)) - s[np.arange(len(y)), y])


@wrong("cross_entropy_from_scores", "shift-not-undone")
def shifted_once(scores, y):
    s = scores - scores.max(1, keepdims=True)
    return np.mean(np.log(np.exp(s).sum(1)) - scores[np.arange(len(y)), y])


@wrong("cross_entropy_from_scores", "softmax-before-cross-entropy")
def softmax_twice(scores, y):
    e = np.exp(scores - scores.max(1, keepdims=True))
    return by_logaddexp(e / e.sum(1, keepdims=True), y)


@wrong("cross_entropy_from_scores", "loss-summed")
def summed(scores, y):
    return by_logaddexp(scores, y) * len(y)


@wrong("cross_entropy_from_scores", "loss-averaged-over-classes")
def averaged_over_all(scores, y):
    return by_logaddexp(scores, y) / scores.shape[1]


@wrong("cross_entropy_from_scores", "loss-sign-flipped")
def log_likelihood(scores, y):
    return -by_logaddexp(scores, y)


@wrong("cross_entropy_from_scores", "loss-per-sample")
def one_for_each(scores, y):
    return np.logaddexp.reduce(scores, axis=1) - scores[range(len(y)), y]


@wrong("cross_entropy_from_scores", "wrong-log-base")
def in_bits(scores, y):
    return by_logaddexp(scores, y) / math.log(2)


@wrong("cross_entropy_from_scores", "labels-broadcast")
def columns_of_all_labels(scores, y):
    return np.mean(np.logaddexp.reduce(scores, axis=1)[:, None] - scores[:, y])


@wrong("cross_entropy_from_scores", "labels-used-as-weights")
def product_with_labels(scores, y):
    return -np.mean(y * np.log(scores))


@wrong("sgd_step", "ascent-instead-of-descent")
def uphill(params, grads, lr):
    for key, g in grads.items():
        params[key] = params[key] + lr * g


@wrong("sgd_step", "learning-rate-ignored")
def full_step(params, grads, lr):
    for key, g in grads.items():
        params[key] -= g


@wrong("sgd_step", "ascent-instead-of-descent", "learning-rate-ignored")
def full_step_uphill(params, grads, lr):
    for key, g in grads.items():
        params[key] += g


@wrong("sgd_step", "bias-not-updated")
def weights_only(params, grads, lr):
    params["Wh"] -= lr * grads["Wh"]
    params["Wy"] -= lr * grads["Wy"]


@wrong("sgd_step", "bias-not-updated", "ascent-instead-of-descent")
def weights_only_uphill(params, grads, lr):
    params["Wh"] += lr * grads["Wh"]
    params["Wy"] += lr * grads["Wy"]


@wrong("sgd_step", "update-not-in-place")
def name_bound_anew(params, grads, lr):
    for p, g in zip(params.values(), grads.values(), strict=True):
        p = p - lr * g


@wrong("sgd_step", "update-not-in-place")
def new_dict(params, grads, lr):
    return {key: params[key] - lr * grads[key] for key in params}


@wrong("sgd_step", "update-assigned-to-gradient")
def equals_minus(params, grads, lr):
    for key in params:
        params[key] = -lr * grads[key]


@wrong("sgd_step", "update-assigned-to-gradient")
def into_the_gradients(params, grads, lr):
    for key in params:
        grads[key] = params[key] - lr * grads[key]


@wrong("sgd_step", "changes-its-input")
def scaled_gradients(params, grads, lr):
    for key in params:
        grads[key] *= lr
        params[key] -= grads[key]


@wrong("sgd_step", "changes-its-input")
def gradients_zeroed(params, grads, lr):
    for key in params:
        params[key] -= lr * grads[key]
        grads[key].fill(0)


@wrong("sgd_step", "loop-left-early")
def returned_inside(params, grads, lr):
    for key in params:
        params[key] -= lr * grads[key]
        return params


@wrong("sgd_step", "wrong-type")
def key_removed(params, grads, lr):
    by_slices(params, grads, lr)
    del params["by"]


@wrong("train_step", "loss-after-update")
def loss_at_the_end(params, X, Y, lr):
    by_slices(params, gradients(params, X, Y)[1], lr)
    return gradients(params, X, Y)[0]


@wrong("train_step", "updated-before-backward")
def layer_by_layer(params, X, Y, lr):
    Y_hat, cache = forward(params, X)
    d = (Y_hat - Y) / len(Y)
    params["Wy"] -= lr * cache["H"].T @ d
    params["by"] -= lr * d.sum(0)
    e = d @ params["Wy"].T * (1 - cache["H"] ** 2)
    params["Wh"] -= lr * X.T @ e
    params["bh"] -= lr * e.sum(0)
    return cross_entropy(Y_hat, Y)


@wrong("train_step", "updated-before-backward", "loss-after-update")
def layer_by_layer_then_loss(params, X, Y, lr):
    layer_by_layer(params, X, Y, lr)
    return gradients(params, X, Y)[0]


@wrong("train_step", "learning-rate-ignored")
def fixed_rate(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    by_slices(params, grads, 0.1)
    return loss


@wrong("train_step", "ascent-instead-of-descent")
def climbing(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    by_slices(params, grads, -lr)
    return loss


@wrong("train_step", "ascent-instead-of-descent", "loss-after-update")
def climbing_then_loss(params, X, Y, lr):
    by_slices(params, gradients(params, X, Y)[1], -lr)
    return gradients(params, X, Y)[0]


@wrong("train_step", "bias-not-updated")
def biases_forgotten(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    params["Wh"] -= lr * grads["Wh"]
    params["Wy"] -= lr * grads["Wy"]
    return loss


@wrong("train_step", "update-not-in-place")
def on_a_copy(params, X, Y, lr):
    new = copy.deepcopy(params)
    loss, grads = gradients(params, X, Y)
    by_slices(new, grads, lr)
    return loss, new


@wrong("train_step", "update-assigned-to-gradient")
def step_assigned(params, X, Y, lr):
    loss, grads = gradients(params, X, Y)
    for key in params:
        params[key] = -lr * grads[key]
    return loss


@wrong("train_step", "missing-batch-average")
def without_mean(params, X, Y, lr):
    loss, grads = gradients(params, X, Y, top=lambda d: d * len(d))
    by_slices(params, grads, lr)
    return loss


@wrong("train_step", "loss-summed", "missing-batch-average")
def sums_everywhere(params, X, Y, lr):
    return without_mean(params, X, Y, lr) * len(X)


@wrong("train_step", "activation-derivative-omitted")
def without_slope(params, X, Y, lr):
    loss, grads = gradients(params, X, Y, slope=np.ones_like)
    by_slices(params, grads, lr)
    return loss


@wrong("train_step", "bias-not-updated", "sigmoid-derivative-for-tanh")
def two_slips(params, X, Y, lr):
    loss, grads = gradients(params, X, Y, slope=lambda h: h * (1 - h))
    params["Wh"] -= lr * grads["Wh"]
    params["Wy"] -= lr * grads["Wy"]
    return loss


@wrong("train_step", "returns-none")
def no_loss(params, X, Y, lr):
    by_slices(params, gradients(params, X, Y)[1], lr)


@wrong("train_step", "changes-its-input")
def centered_in_place(params, X, Y, lr):
    kept = X.copy()
    X -= X.mean(0)
    return with_helpers(params, kept, Y, lr)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_an_error_inside_a_generator_is_shown_with_its_line():
    result = check("minibatches", error_inside_the_generator)
    assert "Y[order[i]]" in str(result)


def test_a_value_of_another_kind_is_told_in_the_exercises_words():
    result = check("he_init", lambda fan_in, fan_out, rng: (np.zeros((fan_in, fan_out)), np.zeros(fan_out)))
    assert result.mistakes == ("wrong-type",)
    assert "a matrix W" in result.message
