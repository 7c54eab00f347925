"""Batches, fit and its History, and files: what they do, what they survive, what they refuse."""

import contextlib
import copy
import json
import math
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import (
    MLP,
    SGD,
    Adam,
    AdamW,
    History,
    Layer,
    ReLU,
    RMSprop,
    Sequential,
    Softmax,
    Tanh,
    accuracy,
    batches,
    binary_cross_entropy_with_logits,
    fit,
    huber,
    load,
    mean_squared_error,
    predict_scores,
    save,
    softmax_cross_entropy,
    training,
)
from nnlab._check import NonFiniteError
from nnlab.schedules import cosine
from nnlab.training import TrainingWarning

mpl.use("Agg")

OPTIMIZERS = [
    partial(SGD, lr=0.3),
    partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    partial(RMSprop, lr=0.01, momentum=0.5),
    partial(Adam, lr=0.02),
    partial(AdamW, lr=0.02),
]
every_optimizer = pytest.mark.parametrize(
    "make",
    OPTIMIZERS,
    ids=lambda make: make.func.__name__ + "+".join(["", *sorted(set(make.keywords) - {"lr"})]),
)


def quadrants(m=60, seed=0, dtype=np.float64):
    """Points whose class is whether both coordinates have the same sign: no line parts them."""
    X = np.random.default_rng(seed).standard_normal((m, 2)).astype(dtype)
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


X, Y = quadrants()
VALIDATION = quadrants(40, seed=1)


def make_network(seed=0, sizes=(2, 8, 2), **arguments):
    return MLP(list(sizes), activation=Tanh, rng=np.random.default_rng(seed), **arguments)


ADAM = partial(Adam, lr=0.02)


def train(network=None, X=X, y=Y, *, make=ADAM, seed=0, **arguments):
    """Fit a network, by default a new one on the quadrants, and return it with its history."""
    network = make_network() if network is None else network
    arguments = {
        "loss": softmax_cross_entropy,
        "optimizer": make(network.parameters()),
        "epochs": 5,
        "rng": np.random.default_rng(seed),
        **arguments,
    }
    return network, fit(network, X, y, **arguments)


def weights(network):
    return [p.value.copy() for p in network.parameters()]


def assert_weights(network, expected):
    for p, value in zip(network.parameters(), expected, strict=True):
        np.testing.assert_array_equal(p.value, value)


def loss_of(network, X=X, y=Y, loss=softmax_cross_entropy):
    return loss(network.forward(X), y)[0]


def everything(network, optimizer, rng, history=None):
    """Return all state that a refused call must leave alone."""
    return copy.deepcopy(
        (weights(network), optimizer.state_dict(), rng.bit_generator.state, history and vars(history))
    )


def assert_everything(network, optimizer, rng, before, history=None):
    after = everything(network, optimizer, rng, history)
    np.testing.assert_equal(after, before)


# ------------------------------------------------------------------------------------------- batches


@given(st.integers(1, 30), st.integers(1, 30), st.booleans(), st.booleans(), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_batches_hold_every_sample_once_beside_its_target(m, size, shuffle, drop_last, seed):
    size = min(size, m)
    X = np.arange(2.0 * m).reshape(m, 2)
    rng = np.random.default_rng(seed)
    parts = list(batches(X, np.arange(m), size, rng=rng, shuffle=shuffle, drop_last=drop_last))
    lengths = [len(X_part) for X_part, _ in parts]
    last = [] if drop_last or m % size == 0 else [m % size]
    assert lengths == [size] * (m // size) + last
    for X_part, y_part in parts:
        np.testing.assert_array_equal(X_part, X[y_part])
    seen = np.concatenate([y for _, y in parts])
    assert len(set(seen)) == len(seen) == sum(lengths)
    if not shuffle:
        np.testing.assert_array_equal(seen, np.arange(len(seen)))


def test_the_order_comes_from_the_generator_anew_each_time():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate([y for _, y in batches(X, np.arange(60), 7, rng=rng)]) for _ in range(2))
    again = np.concatenate([y for _, y in batches(X, np.arange(60), 7, rng=np.random.default_rng(0))])
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.arange(60))


def test_without_a_size_the_one_batch_is_the_data_itself():
    ((X_part, y_part),) = batches(X, Y)
    assert np.shares_memory(X_part, X)
    np.testing.assert_array_equal(X_part, X)
    np.testing.assert_array_equal(y_part, Y)


def test_batches_are_copies_and_the_data_stays_as_it_was():
    data, before = X.copy(), X.copy()
    for X_part, _ in batches(data, Y, 7):
        X_part[...] = 0
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize(
    ("X", "y", "arguments", "error", "message"),
    [
        (X, Y, {"batch_size": 0}, ValueError, "batches expected batch_size >= 1, got 0"),
        (X, Y, {"batch_size": -3}, ValueError, "batches expected batch_size >= 1, got -3"),
        (X, Y, {"batch_size": 61}, ValueError, "batches expected batch_size <= 60, got 61"),
        (X, Y, {"batch_size": 32.0}, TypeError, "batches expected batch_size as an integer, got float 32.0"),
        (X, Y, {"batch_size": True}, TypeError, "batches expected batch_size as an integer, got bool True"),
        (X, Y, {"batch_size": 5, "rng": 0}, TypeError, "batches expected rng as a np.random.Generator"),
        (X, Y[:59], {}, ValueError, "same number m >= 1 of rows, got X (60, 2) and y (59,)"),
        (X[:0], Y[:0], {}, ValueError, "same number m >= 1 of rows, got X (0, 2) and y (0,)"),
        (5, Y, {}, ValueError, "same number m >= 1 of rows, got X () and y (60,)"),
    ],
)  # fmt: skip
def test_batches_refuses_when_called_not_when_used(X, y, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        batches(X, y, **arguments)


# ------------------------------------------------------------------------------------------- scores


@pytest.mark.parametrize("batch_size", [1, 7, 60, 4096])
def test_scores_do_not_depend_on_the_batch_size(batch_size):
    network = make_network()
    scores = predict_scores(network, X, batch_size=batch_size)
    np.testing.assert_allclose(scores, network.forward(X), rtol=1e-12, atol=1e-15)


def test_scores_of_lists_keep_the_network_s_dtype():
    assert predict_scores(make_network(dtype=np.float32), [[1, 2], [3, 4]], batch_size=1).dtype == np.float32


@pytest.mark.parametrize(
    ("X", "batch_size", "error", "message"),
    [
        (X, 0, ValueError, "predict_scores expected batch_size >= 1, got 0"),
        (X, 2.5, TypeError, "predict_scores expected batch_size as an integer, got float 2.5"),
        (X[:, :1], 8, ValueError, "Linear expected X of shape (m, 2), got (8, 1)"),
        (X[:0], 8, ValueError, "Linear expected X of shape (m, 2), got (0, 2); it is empty"),
        (X.astype(np.float32), 8, TypeError, "predict_scores expected X of dtype float64, got float32"),
        (np.full((3, 2), np.nan), 8, NonFiniteError, "Linear expected finite X, got nan at [0, 0]"),
    ],
)
def test_predict_scores_refuses(X, batch_size, error, message):
    with pytest.raises(error, match=re.escape(message)):
        predict_scores(make_network(), X, batch_size=batch_size)


# ------------------------------------------------------------------------------------------- fit


def test_one_epoch_by_hand():
    # y = w x with w = 1, x = 2, target 6: loss (2 − 6)² = 16, dw = 2 (2 − 6) 2 = −16, w = 1 + 0.1·16 = 2.6,
    # db = −8, b = 0.8. Second epoch: score 2.6·2 + 0.8 = 6, loss 0.
    network = MLP([1, 1], activation=Tanh, weight_init=lambda *_: np.ones((1, 1)))
    _, history = train(
        network, [[2]], np.array([[6.0]]), loss=mean_squared_error, make=partial(SGD, lr=0.1), epochs=2
    )
    assert history["loss"] == pytest.approx([16, 0], abs=1e-25)
    assert [p.value.item() for p in network.parameters()] == pytest.approx([2.6, 0.8])


def test_fit_is_the_loop_of_the_lesson():
    network, history = train(batch_size=16, epochs=3)
    by_hand, losses = make_network(), []
    optimizer, rng = Adam(by_hand.parameters(), lr=0.02), np.random.default_rng(0)
    for _ in range(3):
        total = 0.0
        for X_batch, y_batch in batches(X, Y, 16, rng=rng):
            loss, gradient = softmax_cross_entropy(by_hand.forward(X_batch), y_batch)
            by_hand.backward(gradient)
            optimizer.step()
            total += loss * len(X_batch)
        losses.append(total / len(X))
    assert_weights(network, weights(by_hand))
    assert history["loss"] == losses


def large_batch(*, weighted):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(23, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int), rng.uniform(0.5, 2, 23) if weighted else None


@pytest.mark.parametrize("weighted", [False, True])
def test_a_large_batch_taken_by_blocks_gives_the_gradients_of_the_whole(weighted, monkeypatch):
    X, y, weight = large_batch(weighted=weighted)
    results = []
    for block in (1000, 5):
        monkeypatch.setattr(training, "BLOCK", block)
        network = make_network()
        history = fit(
            network,
            X,
            y,
            loss=softmax_cross_entropy,
            optimizer=Adam(network.parameters(), lr=0.1),
            epochs=20,
            sample_weight=weight,
            metrics={"accuracy": accuracy},
        )
        results.append([*history["loss"], *history["accuracy"], *network.layers[0].W.value.ravel()])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9)


def test_a_loss_that_is_no_mean_over_rows_is_taken_of_the_whole_batch(monkeypatch):
    def summed(scores, targets):
        loss, gradient = softmax_cross_entropy(scores, targets)
        return loss * len(targets), gradient * len(targets)

    monkeypatch.setattr(training, "BLOCK", 5)
    X, y, _ = large_batch(weighted=False)
    network, by_hand = make_network(), make_network()
    fit(network, X, y, loss=summed, optimizer=SGD(network.parameters(), lr=0.01), epochs=1)
    by_hand.backward(summed(by_hand.forward(X), y)[1])
    SGD(by_hand.parameters(), lr=0.01).step()
    np.testing.assert_allclose(network.layers[0].W.value, by_hand.layers[0].W.value, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [None, 64])
def test_the_memory_of_training_hardly_grows_with_the_rows(batch_size):
    peaks = []
    for m in (20_000, 80_000):
        X, y = np.ones((m, 2), np.float32), np.zeros(m, int)
        network = MLP([2, 64, 10], activation=ReLU, rng=np.random.default_rng(0), dtype=np.float32)
        optimizer = SGD(network.parameters(), lr=0.1)
        tracemalloc.start()
        fit(network, X, y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=1, batch_size=batch_size)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Per row no more than scores (twice: also zeros to try the loss with) and its place in the order.
    assert peaks[1] - peaks[0] < 60_000 * (2 * 10 * 4 + 8) * 1.1


def test_a_bad_target_beyond_the_first_block_is_named_by_its_row(monkeypatch):
    monkeypatch.setattr(training, "BLOCK", 5)
    X, y, _ = large_batch(weighted=False)
    y = y.astype(float)[:, None]
    y[17] = np.nan
    network = MLP([2, 1], activation=ReLU, rng=np.random.default_rng(0))
    with pytest.raises(NonFiniteError, match=r"finite targets, got nan at \[17, 0\]"):
        fit(network, X, y, loss=mean_squared_error, optimizer=SGD(network.parameters(), lr=0.1), epochs=1)


@every_optimizer
def test_every_optimizer_learns_what_no_line_can(make):
    network, history = train(make=make, epochs=150, batch_size=10, metrics={"accuracy": accuracy})
    assert history["loss"][-1] < 0.2 < history["loss"][0]
    assert accuracy(network.forward(X), Y) > 0.95
    assert history.stop_reason == "finished"
    assert len(history) == 150


def test_regression_and_binary_targets_train_too():
    target = X[:, :1] * X[:, 1:]
    for loss in (mean_squared_error, huber):
        _, history = train(make_network(sizes=(2, 8, 1)), y=target, loss=loss, epochs=200)
        assert history["loss"][-1] < history["loss"][0] / 5
    _, history = train(
        make_network(sizes=(2, 8, 1)), y=Y[:, None], loss=binary_cross_entropy_with_logits, epochs=200
    )
    assert history["loss"][-1] < 0.3


def test_one_hot_targets_train_as_labels_do():
    a, _ = train(batch_size=7)
    b, _ = train(y=np.eye(2)[Y], batch_size=7)
    for p, q in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-9)


def test_same_seed_same_result_other_seed_another():
    runs = [train(batch_size=7, seed=seed) for seed in (0, 0, 1)]
    assert runs[0][1] == runs[1][1]
    assert_weights(runs[0][0], weights(runs[1][0]))
    assert runs[0][1]["loss"] != runs[2][1]["loss"]


def test_without_shuffling_the_generator_is_not_used():
    rng = np.random.default_rng(0)
    a, _ = train(batch_size=7, shuffle=False, rng=rng)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state
    b, _ = train(batch_size=7, shuffle=False, seed=99)
    assert_weights(a, weights(b))


@every_optimizer
def test_float32_stays_float32(make):
    network = make_network(dtype=np.float32)
    train(
        network,
        X.astype(np.float32),
        make=make,
        batch_size=7,
        schedule=lambda part: np.float64(1 - part / 2),
        sample_weight=np.ones(60),  # float64 weights are taken along
        validation=(VALIDATION[0].astype(np.float32), VALIDATION[1]),
    )
    assert {p.value.dtype for p in network.parameters()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in network.parameters()} == {np.dtype(np.float32)}


def test_data_is_not_changed():
    data, labels, w = X.copy(), Y.copy(), np.ones(60)
    for array in (data, labels, w):
        array.flags.writeable = False
    train(X=data, y=labels, sample_weight=w, batch_size=7, validation=(data, labels))
    np.testing.assert_array_equal(data, X)


def test_augment_changes_what_is_learned_from_and_nothing_else():
    settings = {"batch_size": 7, "validation": VALIDATION, "metrics": {"accuracy": accuracy}}
    a, first = train(augment=lambda X, rng: X - 1, **settings)
    b, second = train(X=X - 1, **settings)
    assert_weights(a, weights(b))
    assert first == second  # validation, too, was measured on what was given


def test_augment_draws_from_the_generator_of_fit():
    noise = {"augment": lambda X, rng: X + rng.normal(0, 0.1, X.shape), "batch_size": 7, "shuffle": False}
    a, b, c = (train(seed=seed, **noise)[0] for seed in (0, 0, 1))
    assert_weights(a, weights(b))
    assert not np.array_equal(weights(a)[0], weights(c)[0])


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        (lambda X, rng: X[:-1], ValueError, "fit expected X from augment of shape ({m}, 2), got ({less}, 2)"),
        (lambda X, rng: X.astype(np.float32), TypeError, "fit expected X from augment of dtype float64"),
        (lambda X, rng: None, TypeError, "fit expected X from augment as an array of float32 or float64"),
        (lambda X, rng: np.negative(X, out=X), ValueError, "read-only"),  # these are the caller's own numbers
        (lambda X: X, TypeError, "takes 1 positional argument but 2 were given"),
    ],
)
def test_an_augment_that_will_not_do_is_found_before_the_first_update(augment, batch_size, error, message):
    m = batch_size or 60
    network, data = make_network(), X.copy()
    before = weights(network)
    with pytest.raises(error, match=re.escape(message.format(m=m, less=m - 1))):
        train(network, data, augment=augment, batch_size=batch_size)
    assert_weights(network, before)
    np.testing.assert_array_equal(data, X)


def test_metrics_are_means_over_samples_even_when_the_last_batch_is_short():
    # 60 = 16 + 16 + 16 + 12; a metric that counts is the mean of batch lengths, weighted by them
    _, history = train(batch_size=16, epochs=1, metrics={"m": lambda scores, y: len(y), "accuracy": accuracy})
    assert history["m"] == [pytest.approx((3 * 16 * 16 + 12 * 12) / 60)]
    assert list(history.metrics) == ["loss", "m", "accuracy"]


def test_metrics_are_measured_before_the_update_and_validation_after_it():
    network = make_network()
    start, start_accuracy = loss_of(network), accuracy(network.forward(X), Y)
    _, history = train(network, epochs=1, metrics={"accuracy": accuracy}, validation=(X, Y))
    assert history["loss"] == [start]
    assert history["accuracy"] == [start_accuracy]
    assert history["val_loss"] == [loss_of(network)]
    assert history["val_accuracy"] == [accuracy(network.forward(X), Y)]


def test_a_layer_of_ones_own_and_a_network_that_ends_in_softmax():
    class Scale(Layer):
        def forward(self, X):
            return 2 * X

        def backward(self, dY):
            return 2 * dY

    network = Sequential(Scale(), make_network(), Softmax())
    _, history = train(network, epochs=3, batch_size=10)
    assert history["loss"][-1] < history["loss"][0]


# ------------------------------------------------------------------------------------------- sample weights


def test_whole_weights_are_repetitions():
    w = np.arange(60) % 4
    rows = np.repeat(np.arange(60), w)
    a, first = train(sample_weight=w, epochs=20)
    b, second = train(X=X[rows], y=Y[rows], epochs=20)
    np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-9)
    for p, q in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-7)


def test_weights_of_one_change_nothing():
    a, b = train(batch_size=7)[0], train(batch_size=7, sample_weight=np.ones(60))[0]
    for p, q in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-10)


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_weigh_in_the_epochs_loss_as_their_samples_do(shuffle):
    w = 10.0 ** (np.arange(60) % 5)
    settings = {"make": partial(SGD, lr=1e-15), "epochs": 1, "shuffle": shuffle}  # the weights stay
    metrics = {"accuracy": accuracy}
    _, whole = train(sample_weight=w, metrics=metrics, **settings)
    _, parts = train(sample_weight=w, metrics=metrics, batch_size=7, **settings)
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-9)
    assert parts["accuracy"] == pytest.approx(whole["accuracy"])  # a metric knows no weights


@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_weight_of_zero_leaves_the_sample_out(batch_size):
    w = (np.arange(60) % 3 > 0).astype(float)
    a, first = train(sample_weight=w, batch_size=batch_size, epochs=2)
    b, second = train(X=X[w > 0], y=Y[w > 0], sample_weight=w[w > 0], batch_size=batch_size, epochs=2)
    assert_weights(a, weights(b))
    assert first == second


def test_class_weights_move_the_prediction():
    rare = (np.arange(60) % 10 == 0).astype(int)  # no feature tells it: scores can only reflect the base rate
    plain, _ = train(X=np.ones((60, 2)), y=rare, epochs=300)
    weighted, _ = train(X=np.ones((60, 2)), y=rare, sample_weight=np.where(rare, 9, 1), epochs=300)
    difference = [np.diff(network.forward(np.ones((1, 2)))).item() for network in (plain, weighted)]
    assert difference == pytest.approx([math.log(6 / 54), 0], abs=0.02)  # log-odds of the weighted base rate


def test_validation_may_be_weighted():
    w = np.arange(40.0)
    network, history = train(epochs=1, validation=(*VALIDATION, w))
    expected = softmax_cross_entropy(network.forward(VALIDATION[0]), VALIDATION[1], w)[0]
    assert history["val_loss"] == [pytest.approx(expected)]


# ------------------------------------------------------------------------------------------- best, patience


def test_with_validation_the_weights_of_the_best_epoch_are_kept():
    network, history = train(epochs=60, make=partial(Adam, lr=0.3), batch_size=10, validation=VALIDATION)
    assert history.best_epoch == 1 + int(np.argmin(history["val_loss"]))
    assert history.best_epoch < 60  # lr 0.3 overfits and jumps about: the last epoch is not the best
    assert loss_of(network, *VALIDATION) == min(history["val_loss"])
    assert_weights(network, history.best_parameters)


def test_without_validation_the_last_weights_are_kept():
    network = make_network()
    seen = []
    train(network, epochs=5, make=partial(SGD, lr=30), on_epoch_end=lambda _: seen.append(weights(network)))
    assert_weights(network, seen[-1])


def test_the_monitor_may_be_a_metric_of_which_more_is_better():
    network, history = train(
        epochs=40,
        batch_size=10,
        make=partial(Adam, lr=0.3),
        validation=VALIDATION,
        metrics={"accuracy": accuracy},
        monitor="val_accuracy",
    )
    assert history.best_epoch == 1 + int(np.argmax(history["val_accuracy"]))
    assert accuracy(network.forward(VALIDATION[0]), VALIDATION[1]) == max(history["val_accuracy"])


def test_of_an_error_less_is_better():
    _, history = train(
        epochs=10,
        validation=VALIDATION,
        metrics={"error": lambda scores, y: 1 - accuracy(scores, y)},
        monitor="val_error",
    )
    assert history.best_epoch == 1 + int(np.argmin(history["val_error"]))


def test_patience_ends_after_so_many_epochs_without_a_better_one():
    values = iter(
        [5.0, 4, 4, 3, 3, 3.5, 3, 9, 9]
    )  # equal is not better: best is epoch 4, so 4 + 3 = 7 epochs
    network = make_network()
    seen = []
    _, history = train(
        network,
        epochs=100,
        patience=3,
        validation=VALIDATION,
        metrics={"error": lambda scores, y: next(values) if len(y) == 40 else 0.0},
        monitor="val_error",
        on_epoch_end=lambda _: seen.append(weights(network)),
    )
    assert (history.best_epoch, len(history), history.stop_reason) == (4, 7, "patience")
    assert_weights(network, seen[3])


def test_patience_without_validation_watches_the_training_loss():
    _, history = train(epochs=500, patience=2, make=partial(SGD, lr=30))
    assert history.stop_reason == "patience"
    assert history.best_epoch == 1 + int(np.argmin(history["loss"]))
    assert len(history) == history.best_epoch + 2


def test_a_measure_that_is_nan_is_never_the_best():
    values = iter([math.nan, 2.0, math.nan, 1.0, math.nan])
    _, history = train(
        epochs=5,
        validation=VALIDATION,
        metrics={"error": lambda scores, y: next(values) if len(y) == 40 else 0.0},
        monitor="val_error",
    )
    assert history.best_epoch == 4


# ------------------------------------------------------------------------------------------- schedule


def test_the_schedule_is_asked_before_each_step_and_lr_is_given_back():
    asked, rates = [], []
    network = make_network()
    optimizer = SGD(network.parameters(), lr=0.5)

    def schedule(part):
        asked.append(part)
        return 1 - part

    def loss(scores, y):
        rates.append(optimizer.lr)
        return softmax_cross_entropy(scores, y)

    fit(network, X, Y, loss=loss, optimizer=optimizer, epochs=2, batch_size=20, schedule=schedule)
    assert asked == pytest.approx([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6])
    assert rates[1:] == pytest.approx(
        [0.5 * (1 - part) for part in asked]
    )  # the first call checks the targets
    assert optimizer.lr == 0.5


def test_cosine_falls_from_one_to_zero():
    assert [cosine(part) for part in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert cosine(1 / 3) == pytest.approx(0.75)  # ½ (1 + cos 60°)


def test_a_factor_of_one_changes_nothing_and_of_zero_stops_learning():
    a, b = train(batch_size=7)[0], train(batch_size=7, schedule=lambda part: 1)[0]
    assert_weights(a, weights(b))
    network = make_network()
    before = weights(network)
    train(network, schedule=lambda part: 0.0, make=partial(SGD, lr=1))
    assert_weights(network, before)


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        (lambda part: -1, ValueError, "fit expected a factor from schedule >= 0, got -1"),
        (lambda part: math.nan, ValueError, "fit expected a factor from schedule finite, got nan"),
        (lambda part: None, TypeError, "fit expected a factor from schedule as a number, got NoneType"),
    ],
)
def test_a_schedule_that_will_not_do(schedule, error, message):
    network = make_network()
    before, optimizer = weights(network), SGD(network.parameters(), lr=0.5)
    with pytest.raises(error, match=re.escape(message)):
        train(network, optimizer=optimizer, schedule=schedule)
    assert_weights(network, before)
    assert optimizer.lr == 0.5


# ------------------------------------------------------------------------------------------- history


def test_a_history_shows_its_figures():
    _, history = train(epochs=4, metrics={"accuracy": accuracy}, validation=VALIDATION)
    assert len(history) == 4
    names = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(history.metrics) == names
    assert history["loss"] is history.metrics["loss"]
    assert all(type(value) is float for name in names for value in history[name])
    table = history.to_frame()
    assert list(table.columns) == names
    assert list(table.index) == [1, 2, 3, 4]
    assert table.index.name == "epoch"
    assert table.loc[2, "val_loss"] == history["val_loss"][1]
    pattern = (
        r"History\(4 epochs, finished; last: loss 0\.\d+, accuracy 0\.\d+, val_loss 0\.\d+, val_accuracy"
    )
    assert re.match(pattern, repr(history))
    assert repr(History()) == "History(0 epochs, running; last: nothing yet)"
    with pytest.raises(KeyError, match="History holds loss, accuracy, val_loss, val_accuracy; got 'auc'"):
        history["auc"]


def test_a_history_plots_on_the_axes_it_is_given():
    from matplotlib.figure import Figure

    _, history = train(epochs=4, metrics={"accuracy": accuracy}, validation=VALIDATION)
    ax = Figure().subplots()
    assert history.plot("accuracy", ax=ax) is ax
    training, validation, best = ax.get_lines()
    np.testing.assert_array_equal(training.get_ydata(), history["accuracy"])
    np.testing.assert_array_equal(validation.get_ydata(), history["val_accuracy"])
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    assert training.get_linestyle() != validation.get_linestyle()  # never color alone
    assert list(best.get_xdata()) == [history.best_epoch] * 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best epoch ({history.best_epoch})"]


def test_a_history_without_validation_plots_one_line_on_the_current_axes():
    import matplotlib.pyplot as plt

    _, history = train(epochs=4)
    _, ax = plt.subplots()
    assert history.plot() is ax
    assert len(ax.get_lines()) == 1
    plt.close("all")
    with pytest.raises(KeyError, match="History holds loss; got 'val_loss'"):
        history.plot("val_loss")
    with pytest.raises(KeyError, match="History holds nothing yet"):
        History().plot()
    assert not plt.get_fignums()  # a refusal leaves no empty figure behind


def test_log_lines(capsys):
    _, history = train(epochs=6, log_every=3, metrics={"accuracy": accuracy})
    rows = [(1, 0), (3, 2), (6, 5)]
    expected = [
        f"epoch {n:>4}  loss {history['loss'][i]:.3f}  accuracy {history['accuracy'][i]:.3f}" for n, i in rows
    ]
    assert capsys.readouterr().out.splitlines() == expected
    train(epochs=2)
    assert capsys.readouterr() == ("", "")  # silent unless asked


def test_the_progress_bar_counts_steps_and_makes_room_for_log_lines(capsys):
    train(epochs=2, batch_size=20, progress=True, log_every=1)
    out, err = capsys.readouterr()
    assert "6/6" in err
    assert "100%" in err
    assert "loss 0." in err
    assert [line[:10] for line in out.splitlines()] == ["epoch    1", "epoch    2"]


def test_a_training_that_ends_early_leaves_the_bar_where_it_was(capsys):
    def interrupt(history):
        raise KeyboardInterrupt

    train(epochs=2, batch_size=20, progress=True, on_epoch_end=interrupt)
    err = capsys.readouterr().err
    assert "3/6" in err
    assert "6/6" not in err
    assert "interrupted: " in err
    assert err.endswith("\n")


def test_a_bar_is_full_where_ending_early_is_a_success(capsys):  # in a notebook it would turn red
    train(epochs=2, batch_size=20, progress=True, on_epoch_end=lambda history: True)
    assert "stopped: 100%" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- ending early


def test_fit_whole_passes_ctrl_c_on():
    def interrupt(history):
        raise KeyboardInterrupt

    network = make_network()
    settings = {"loss": softmax_cross_entropy, "optimizer": ADAM(network.parameters()), "epochs": 2}
    assert len(training.fit_whole(network, X, Y, **settings)) == 2
    with pytest.raises(KeyboardInterrupt):
        training.fit_whole(network, X, Y, **settings, on_epoch_end=interrupt)


def test_a_true_result_of_on_epoch_end_stops():
    seen = []

    def at_three(history):
        seen.append(len(history))
        return len(history) == 3

    _, history = train(epochs=10, on_epoch_end=at_three)
    assert seen == [1, 2, 3]
    assert (len(history), history.stop_reason) == (3, "stopped")


def test_on_epoch_end_may_return_nothing_and_sees_the_latest_figures():
    seen = []
    _, history = train(epochs=3, validation=VALIDATION, on_epoch_end=lambda h: seen.append(h["val_loss"][-1]))
    assert seen == history["val_loss"]
    assert history.stop_reason == "finished"


def interrupting(function, after):
    """Return the function, made to raise KeyboardInterrupt at the call after so many."""
    calls = 0

    def wrapped(*arguments):
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt
        return function(*arguments)

    return wrapped


@pytest.mark.parametrize("where", ["loss", "metric", "schedule"])
def test_an_interrupt_keeps_what_was_learned(where):
    # 3 steps an epoch, interrupted in step 8: two epochs are complete, and 7 updates are made
    expected = make_network()
    optimizer, rng = Adam(expected.parameters(), lr=0.02), np.random.default_rng(0)
    parts = [part for _ in range(3) for part in batches(X, Y, 20, rng=rng)]
    for X_part, y_part in parts[:7]:
        expected.backward(softmax_cross_entropy(expected.forward(X_part), y_part)[1])
        optimizer.step()
    arguments = {
        "loss": {"loss": interrupting(softmax_cross_entropy, 8)},  # one call checks the targets
        "metric": {"metrics": {"accuracy": interrupting(accuracy, 7)}},
        "schedule": {"schedule": interrupting(lambda part: 1, 7)},
    }[where]
    network, history = train(batch_size=20, epochs=10, **arguments)
    assert (history.stop_reason, len(history), history.diverged_at) == ("interrupted", 2, None)
    assert_weights(network, weights(expected))


def test_an_interrupt_with_validation_keeps_the_best_epoch():
    network, history = train(
        batch_size=20, epochs=10, validation=VALIDATION, schedule=interrupting(lambda part: 1, 7)
    )
    assert history.stop_reason == "interrupted"
    assert loss_of(network, *VALIDATION) == min(history["val_loss"])


def test_an_interrupt_in_the_first_epoch_keeps_its_steps_even_with_validation():
    start = make_network()
    network, history = train(
        batch_size=20, epochs=10, validation=VALIDATION, schedule=interrupting(lambda part: 1, 2)
    )
    assert (history.stop_reason, len(history)) == ("interrupted", 0)
    assert loss_of(network) < loss_of(start)


def test_an_interrupt_in_a_callback_keeps_the_epoch():
    def interrupt(history):
        raise KeyboardInterrupt

    network, history = train(epochs=10, on_epoch_end=interrupt)
    assert (history.stop_reason, len(history)) == ("interrupted", 1)
    assert_weights(network, weights(train(epochs=1)[0]))


def test_other_errors_of_a_callback_are_not_swallowed():
    network = make_network()
    optimizer = SGD(network.parameters(), lr=0.5)
    with pytest.raises(ZeroDivisionError):
        train(network, optimizer=optimizer, schedule=lambda part: 0.1, on_epoch_end=lambda history: 1 / 0)
    assert optimizer.lr == 0.5


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_the_learning_rate_is_given_back_however_training_ends(error):
    network = make_network()
    optimizer = SGD(network.parameters(), lr=0.5)

    def loss(scores, y):
        if optimizer.lr < 0.5:  # the schedule is at work: in the middle of an epoch
            raise error
        return softmax_cross_entropy(scores, y)

    with contextlib.nullcontext() if error is KeyboardInterrupt else pytest.raises(error):
        train(network, loss=loss, optimizer=optimizer, schedule=lambda part: 0.1)
    assert optimizer.lr == 0.5


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to the whole console")
def test_ctrl_c_ends_a_real_program_cleanly():
    program = """
import os, signal, threading
import numpy as np
from nnlab import *
signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.default_rng(0).standard_normal((1000, 20)); y = (X[:, 0] > 0).astype(int)
network = MLP([20, 30, 2], activation=ReLU, rng=np.random.default_rng(0))
started = threading.Event()
def press():
    started.wait()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
history = fit(network, X, y, loss=softmax_cross_entropy, optimizer=Adam(network.parameters()), epochs=10**6,
              batch_size=32, on_epoch_end=lambda h: started.set())
print(history.stop_reason, len(history) >= 1, accuracy(network.forward(X), y) > 0.5)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["interrupted", "True", "True"]
    assert done.stderr == ""


# ------------------------------------------------------------------------------------------- divergence


def rectified(seed=0):
    """Return a network whose scores grow with the product of its weights (tanh would hold them down)."""
    return MLP([2, 8, 2], activation=ReLU, rng=np.random.default_rng(seed))


def test_a_first_update_that_ruins_the_weights_is_undone():
    network = rectified()
    before = weights(network)
    optimizer = SGD(network.parameters(), lr=1e300)
    message = r"diverged at step 2: .* lower the learning rate\. Nothing was learned before it\."
    with pytest.warns(TrainingWarning, match=message):
        _, history = train(network, optimizer=optimizer, epochs=10)
    assert (history.stop_reason, history.diverged_at, len(history)) == ("diverged", 2, 1)
    assert_weights(network, before)
    assert optimizer.lr == 1e300


def test_the_warning_points_at_the_line_that_called_fit():
    network = rectified()
    optimizer = SGD(network.parameters(), lr=1e300)
    with pytest.warns(TrainingWarning) as caught:
        fit(network, X, Y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=10)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("validated", [False, True])
@pytest.mark.parametrize("batch_size", [None, 20])
def test_a_late_divergence_keeps_the_best_weights(validated, batch_size):
    steps = 30 * (1 if batch_size is None else 3)
    factors = iter([1.0] * steps + [1e300, 1.0])  # the step after 30 epochs leaps out of the world
    # Seen at once in validation, else in the step after it.
    step = steps + 1 if validated and batch_size is None else steps + 2
    network, seen = rectified(), [weights(rectified())]
    with pytest.warns(TrainingWarning, match=f"diverged at step {step}"):
        _, history = train(
            network,
            make=partial(SGD, lr=0.5),
            epochs=100,
            batch_size=batch_size,
            schedule=lambda part: next(factors),
            validation=VALIDATION if validated else None,
            on_epoch_end=lambda history: seen.append(weights(network)),
        )
    assert history.stop_reason == "diverged"
    assert history.diverged_at == step
    # Kept are the weights for which the best loss was measured: those after an epoch of the lowest validation
    # loss; without validation, those before the epoch of the lowest training loss.
    if validated:
        assert_weights(network, seen[int(np.argmin(history["val_loss"])) + 1])
        assert loss_of(network, *VALIDATION) == min(history["val_loss"])
    else:
        assert_weights(network, seen[int(np.argmin(history["loss"]))])
        if batch_size is None:
            assert loss_of(network) == min(history["loss"])


def test_weights_that_overflow_in_the_very_last_step_are_not_kept():
    # targets of 1e5 make gradients above 1e4; times 1e305 they leave the range of float64
    network = make_network(sizes=(2, 8, 1))
    before = weights(network)
    with pytest.warns(TrainingWarning, match="diverged at step 1: fit expected finite weights, got -?inf"):
        _, history = train(
            network, y=1e5 * Y[:, None], loss=mean_squared_error, make=partial(SGD, lr=1e305), epochs=1
        )
    assert (history.diverged_at, len(history)) == (1, 0)
    assert_weights(network, before)


def test_a_loss_that_overflows_is_a_divergence():
    with pytest.warns(TrainingWarning, match="diverged at step 1: the loss is inf; lower the learning rate"):
        _, history = train(
            make_network(sizes=(2, 8, 1)), y=1e200 * Y[:, None], loss=mean_squared_error, epochs=3
        )
    assert history.diverged_at == 1


def test_divergence_raises_no_numpy_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("ignore", TrainingWarning)
        for lr in (1e3, 1e30, 1e150, 1e300):
            for loss, target in ((softmax_cross_entropy, Y), (mean_squared_error, np.eye(2)[Y])):
                network = rectified()
                _, history = train(
                    network, y=target, loss=loss, make=partial(SGD, lr=lr), validation=(X, target), epochs=30
                )
                assert all(np.isfinite(value).all() for value in weights(network))
                assert history.stop_reason in ("finished", "diverged")


# ------------------------------------------------------------------------------------------- bad input


def interrupted_history():
    history = History({"loss": [1.0, 0.5]}, stop_reason="interrupted", best_epoch=2)
    history.best_parameters = weights(make_network())
    return history


NAN = X.copy()
NAN[5, 1] = np.nan
INF = X.copy()
INF[5, 1] = np.inf

BAD = [
    ({"X": np.ones((60, 3))}, ValueError, "Linear expected X of shape (m, 2), got (1, 3)"),
    ({"X": X[:59]}, ValueError, "number m >= 1 of rows, got X (59, 2) and y (60,)"),
    ({"X": X[:0], "y": Y[:0]}, ValueError, "got X (0, 2) and y (0,)"),
    ({"X": np.zeros((60, 0))}, ValueError, "Linear expected X of shape (m, 2), got (1, 0); it is empty"),
    ({"X": 5}, ValueError, "got X () and y (60,)"),
    ({"X": NAN}, NonFiniteError, "fit expected finite X, got nan at [5, 1]; clean or replace it first"),
    ({"X": INF}, NonFiniteError, "fit expected finite X, got inf at [5, 1]"),
    ({"X": X.astype(np.float32)}, TypeError, "fit expected X of dtype float64, got float32; convert it"),
    ({"X": X.astype(str)}, TypeError, "fit expected X as an array of float32 or float64"),
    ({"X": [[1, 2], [3]]}, ValueError, "fit expected X as an array, got rows of different lengths"),
    ({"y": Y + 1}, ValueError, "expected targets as labels in 0 … 1, got 2"),
    ({"y": Y - 1}, ValueError, "expected targets as labels in 0 … 1, got -1"),
    ({"y": Y.astype(float)}, TypeError, "expected targets as integer labels, got float64"),
    ({"y": Y[:, None]}, ValueError, "expected targets of shape (60, 2), got (60, 1)"),
    ({"y": np.where(Y, "yes", "no")}, TypeError, "expected targets as integer labels, got <U3"),
    ({"y": Y[:, None] + 0.5, "loss": binary_cross_entropy_with_logits, "sizes": (2, 1)}, ValueError,
     "expected targets 0 or 1, got"),
    ({"y": Y, "loss": mean_squared_error, "sizes": (2, 1)}, ValueError, "of shape (60, 1), got (60,)"),
    ({"y": np.full((60, 1), np.nan), "loss": mean_squared_error, "sizes": (2, 1)}, NonFiniteError,
     "mean_squared_error expected finite targets, got nan at [0, 0]"),
    ({"y": np.ones((60, 1), np.float32), "loss": huber, "sizes": (2, 1)}, TypeError,
     "huber expected targets of dtype float64, got float32"),
    ({"loss": "cross entropy"}, TypeError, "fit expected loss as a function such as softmax_cross_entropy"),
    ({"epochs": 0}, ValueError, "fit expected epochs >= 1, got 0"),
    ({"epochs": 2.0}, TypeError, "fit expected epochs as an integer, got float 2.0"),
    ({"batch_size": 0}, ValueError, "fit expected batch_size >= 1, got 0"),
    ({"batch_size": -1}, ValueError, "fit expected batch_size >= 1, got -1"),
    ({"batch_size": 61}, ValueError, "fit expected batch_size <= 60, got 61"),
    ({"batch_size": 8.0}, TypeError, "fit expected batch_size as an integer, got float 8.0"),
    ({"rng": 42}, TypeError, "fit expected rng as a np.random.Generator, got int 42; use"),
    ({"patience": 0}, ValueError, "fit expected patience >= 1, got 0"),
    ({"patience": 1.5}, TypeError, "fit expected patience as an integer, got float 1.5"),
    ({"log_every": 0}, ValueError, "fit expected log_every >= 1, got 0"),
    ({"monitor": "val_loss"}, ValueError, "fit expected monitor as one of 'loss', got 'val_loss'"),
    ({"monitor": "loss", "validation": VALIDATION}, ValueError, "monitor as one of 'val_loss', got 'loss'"),
    ({"validation": VALIDATION[0]}, TypeError, "fit expected validation as a tuple (X, y), got an array"),
    ({"validation": (X,)}, TypeError, "fit expected validation as a tuple (X, y), got tuple"),
    ({"validation": (X[:5], Y[:4])}, ValueError, "fit (validation) expected arrays with the same number"),
    ({"validation": (X[:0], Y[:0])}, ValueError, "got X (0, 2) and y (0,)"),
    ({"validation": (NAN, Y)}, NonFiniteError, "fit (validation) expected finite X, got nan at [5, 1]"),
    ({"validation": (X, Y + 1)}, ValueError, "expected targets as labels in 0 … 1, got 2"),
    ({"validation": (X.astype(np.float32), Y)}, TypeError, "fit (validation) expected X of dtype float64"),
    ({"augment": "shift"}, TypeError, "fit expected augment as a function such as lambda X, rng: X + "),
    ({"metrics": [accuracy]}, TypeError, "fit expected metrics as a dict of functions (scores, y)"),
    ({"metrics": {"accuracy": 0.5}}, TypeError, "fit expected metrics as a dict of functions (scores, y)"),
    ({"metrics": {"loss": accuracy}}, ValueError, "metrics besides the loss, got one named 'loss'"),
    ({"sample_weight": np.ones(59)}, ValueError, "expected sample_weight of shape (60,), got (59,)"),
    ({"sample_weight": np.zeros(60)}, ValueError, "sample_weight >= 0 with a positive sum, got 0.0"),
    ({"sample_weight": -np.ones(60)}, ValueError, "sample_weight >= 0 with a positive sum, got -1.0"),
    ({"sample_weight": np.full(60, np.nan)}, NonFiniteError, "fit expected finite sample_weight, got nan"),
    ({"sample_weight": "balanced"}, TypeError, "fit expected sample_weight as an array of"),
    ({"optimizer": "adam"}, TypeError, "fit expected an optimizer such as Adam, got str 'adam'"),
    ({"optimizer": Adam}, TypeError, "fit expected an optimizer such as Adam, got type"),
    ({"optimizer": SGD(make_network().parameters(), lr=0.1)}, ValueError,
     "got one of others; make it with SGD(network.parameters(), …)"),
    ({"history": {"loss": []}}, TypeError, "fit expected history as a History, got dict {'loss': []}"),
    ({"history": interrupted_history(), "metrics": {"accuracy": accuracy}}, ValueError,
     "fit expected a history of accuracy, loss, got loss; continue with the metrics and validation"),
    ({"history": interrupted_history(), "validation": VALIDATION}, ValueError,
     "fit expected a history of loss, val_loss, got loss"),
    ({"history": interrupted_history(), "patience": 0}, ValueError, "fit expected patience >= 1, got 0"),
    ({"history": interrupted_history(), "log_every": -1}, ValueError, "fit expected log_every >= 1, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_fit_refuses_before_anything_is_changed(arguments, error, message):
    arguments = dict(arguments)
    network = make_network(sizes=arguments.pop("sizes", (2, 2)))
    optimizer = arguments.setdefault("optimizer", Adam(network.parameters(), lr=0.02))
    optimizer = optimizer if isinstance(optimizer, Adam) else Adam(network.parameters())
    rng = arguments.setdefault("rng", np.random.default_rng(0))
    rng = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(0)
    history = arguments.get("history")
    history = history if isinstance(history, History) else None
    before = everything(network, optimizer, rng, history)
    with pytest.raises(error, match=re.escape(message)):
        train(network, **arguments)
    assert_everything(network, optimizer, rng, before, history)


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (
            lambda scores, y: softmax_cross_entropy(scores, y),
            TypeError,
            "metric 'odd' to return a number, got tuple",
        ),
        (
            lambda scores, y: None,
            TypeError,
            "fit expected metric 'odd' to return a number, got NoneType None",
        ),
        (
            lambda scores, y: accuracy(scores, y[:, None]),
            ValueError,
            "accuracy expected targets of shape (60,)",
        ),
        (lambda scores: 1.0, TypeError, "takes 1 positional argument but 2 were given"),
    ],
)
def test_a_metric_that_will_not_do_is_found_before_the_first_update(metric, error, message):
    network = make_network()
    before = weights(network)
    with pytest.raises(error, match=re.escape(message)):
        train(network, metrics={"odd": metric})
    assert_weights(network, before)


# ------------------------------------------------------------------------------------------- files


def saved(tmp_path, name="run.npz", **arguments):
    """Train a little and save everything; return the path, and what was saved."""
    network, rng = make_network(), np.random.default_rng(3)
    optimizer = Adam(network.parameters(), lr=0.02)
    _, history = train(network, optimizer=optimizer, rng=rng, batch_size=7, epochs=2, **arguments)
    path = tmp_path / name
    save(path, network, optimizer, rng=rng, history=history)
    return path, network, optimizer, rng, history


def blank():
    """Return a network, an optimizer and a generator in other states than those that `saved` saves."""
    network = make_network(seed=9)
    return network, Adam(network.parameters(), lr=0.5), np.random.default_rng(8)


def test_a_file_brings_everything_back(tmp_path):
    path, network, optimizer, rng, history = saved(tmp_path, validation=VALIDATION)
    restored, other, generator = blank()
    back = load(path, restored, other, rng=generator)
    assert_everything(restored, other, generator, everything(network, optimizer, rng))
    assert back == history
    for a, b in zip(back.best_parameters, history.best_parameters, strict=True):
        np.testing.assert_array_equal(a, b)
    assert back.metrics is not history.metrics
    assert other.lr == 0.02


def test_weights_alone_may_be_saved_and_taken_out_of_a_larger_file(tmp_path):
    network, _, _ = blank()
    save(tmp_path / "weights.npz", network)
    restored = make_network()
    assert load(tmp_path / "weights.npz", restored) is None
    assert_weights(restored, weights(network))
    path, trained, *_ = saved(tmp_path)
    assert isinstance(load(str(path), restored), History)
    assert_weights(restored, weights(trained))


def test_the_file_holds_no_pickle_and_has_the_name_it_was_given(tmp_path):
    path, *_ = saved(tmp_path, name="run without ending")
    assert [p.name for p in tmp_path.iterdir()] == ["run without ending"]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
        assert str(file["parameter.0"].dtype) == "float64"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_others_may_read_the_file_where_the_user_s_mask_says_so(tmp_path):
    mask = os.umask(0o022)
    try:
        path, *_ = saved(tmp_path)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_float32_and_other_generators_come_back_too(tmp_path):
    for generator in (np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM):
        network, rng = make_network(dtype=np.float32), np.random.Generator(generator(5))
        rng.standard_normal(3)
        save(tmp_path / "run.npz", network, rng=rng)
        restored, other = make_network(seed=1, dtype=np.float32), np.random.Generator(generator(6))
        load(tmp_path / "run.npz", restored, rng=other)
        assert_weights(restored, weights(network))
        np.testing.assert_array_equal(other.standard_normal(5), rng.standard_normal(5))


@every_optimizer
@pytest.mark.parametrize("ending", ["stopped", "interrupted"])
def test_a_resumed_run_is_the_straight_run_bit_for_bit(make, ending, tmp_path):
    settings = {
        "make": make,
        "batch_size": 16,  # 60 samples: the last batch is short
        "epochs": 12,
        "validation": VALIDATION,
        "metrics": {"accuracy": accuracy},
        "schedule": cosine,
        "sample_weight": np.arange(1.0, 61),
        "augment": lambda X, rng: X + rng.normal(0, 0.01, X.shape),
        "patience": 9,
    }
    straight, expected = train(**settings)

    first = make_network()
    path = tmp_path / "run.npz"
    if ending == "stopped":
        stop = {"on_epoch_end": lambda history: len(history) == 5}
    else:  # in the second step of the sixth epoch, after a checkpoint: its first step is done again
        stop = {"schedule": interrupting(cosine, 5 * 4 + 1)}
    _, partial_history = train(first, checkpoint=path, **{**settings, **stop})
    assert (partial_history.stop_reason, len(partial_history)) == (ending, 5)

    network, rng = make_network(seed=77), np.random.default_rng(77)
    optimizer = make(network.parameters())
    history = load(path, network, optimizer, rng=rng)
    assert len(history) == 5
    _, resumed = train(network, optimizer=optimizer, rng=rng, history=history, **settings)
    assert resumed is history
    assert resumed == expected
    assert_weights(network, weights(straight))


def test_a_run_that_patience_ended_stays_ended_when_resumed(tmp_path):
    settings = {"epochs": 500, "patience": 2, "make": partial(SGD, lr=30)}
    path = tmp_path / "run.npz"
    _, expected = train(checkpoint=path, **settings)
    network, rng = make_network(seed=9), np.random.default_rng(9)
    optimizer = SGD(network.parameters(), lr=30)
    history = load(path, network, optimizer, rng=rng)
    before = weights(network)
    _, resumed = train(network, optimizer=optimizer, rng=rng, history=history, **settings)
    assert resumed == expected
    assert_weights(network, before)
    _, further = train(network, optimizer=optimizer, rng=rng, history=history, epochs=500, patience=4)
    assert len(further) > len(expected.metrics["loss"]) - 1


def test_a_history_continues_up_to_epochs_in_all():
    network, rng = make_network(), np.random.default_rng(0)
    optimizer = Adam(network.parameters(), lr=0.02)
    _, history = train(network, optimizer=optimizer, rng=rng, batch_size=7, epochs=4)
    _, history = train(network, optimizer=optimizer, rng=rng, batch_size=7, epochs=10, history=history)
    straight, expected = train(batch_size=7, epochs=10)
    assert history == expected
    assert_weights(network, weights(straight))
    _, history = train(network, optimizer=optimizer, epochs=3, history=history)  # nothing left to do
    assert_weights(network, weights(straight))
    assert history.stop_reason == "finished"


def half_a_file(error):
    """Return a stand-in for np.savez that writes a little and fails."""

    def savez(file, **arrays):
        file.write(b"half a file")
        raise error

    return savez


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path, network, *_ = saved(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", half_a_file(error))
    with pytest.raises(type(error)):
        save(path, network)
    with pytest.raises(type(error)):
        save(tmp_path / "new.npz", network)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_checkpoint_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        train(checkpoint=tmp_path / "no such folder" / "run.npz")


@pytest.mark.skipif(os.name == "nt", reason="links and devices of POSIX")
def test_a_whole_file_leaves_links_and_devices_what_they_are(tmp_path):
    (tmp_path / "there").mkdir()
    target, link, pipe = tmp_path / "there" / "target", tmp_path / "link", tmp_path / "pipe"
    target.write_text("old")
    link.symlink_to(target)
    with training.whole_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_text() == "new"

    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with training.whole_file(pipe) as file:
        file.write(b"through")
    assert os.read(reader, 99) == b"through"
    os.close(reader)
    assert pipe.is_fifo()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["link", "pipe", "target", "there"]


def test_a_checkpoint_is_saved_before_anything_is_printed(tmp_path, monkeypatch):
    def broken_pipe(*_):
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", broken_pipe)
    with pytest.raises(BrokenPipeError):
        train(checkpoint=tmp_path / "run.npz", log_every=1)
    assert len(load(tmp_path / "run.npz", make_network())) == 1


def test_a_checkpoint_is_whole_after_every_epoch(tmp_path):
    path, lengths = tmp_path / "run.npz", []

    def reread(history):
        lengths.append(len(load(path, make_network())))

    train(epochs=3, checkpoint=path, on_epoch_end=reread)
    assert lengths == [1, 2, 3]
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    path, *_ = saved(tmp_path)
    whole = path.read_bytes()
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    for end in [0, 1, 3, 10, len(whole) - 1, *range(20, len(whole), len(whole) // 40)]:
        path.write_bytes(whole[:end])
        with pytest.raises(
            ValueError, match=r"load expected a file written by .*save, got run.npz, which is unread"
        ):
            load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_flipped_bit_in_the_figures_is_found(tmp_path):
    path, network, *_ = saved(tmp_path)
    whole = bytearray(path.read_bytes())
    place = whole.find(network.parameters()[0].value.tobytes()[:16])
    assert place > 0
    whole[place] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(ValueError, match=r"got run\.npz, which is unreadable or incomplete"):
        load(path, make_network())


def write_foreign(path, kind):
    if kind == "text":
        path.write_text("epoch,loss\n1,0.5\n")
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, np.ones(3))
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, weights=np.ones(3))
    elif kind == "pickle":
        path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    elif kind == "pickled array":
        with path.open("wb") as file:
            np.savez(file, meta=np.array({"format": 1}, object))
    elif kind == "later format":
        with path.open("wb") as file:
            np.savez(file, meta=np.array('{"format": 2}'))
    elif kind == "other json":
        with path.open("wb") as file:
            np.savez(file, meta=np.array("[1, 2]"))
    elif kind == "directory":
        path.mkdir()


@pytest.mark.parametrize(
    "kind", ["text", "npy", "npz", "pickle", "pickled array", "later format", "other json", "directory"]
)
def test_a_foreign_file_is_refused(tmp_path, kind):
    path = tmp_path / "model.npz"
    write_foreign(path, kind)
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected a file written by nnlab\.training\.save, got model\.npz"
    ):
        load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (
            "history",
            {"metrics": {"loss": [1.0, 0.5]}, "best_epoch": 99, "stop_reason": "", "diverged_at": None},
        ),
        ("history", {"metrics": {"loss": [1.0], "accuracy": []}}),
        ("history", {"metrics": [1.0]}),
        ("history", {"surprise": 1}),
        ("rng", {"bit_generator": "PCG64"}),
        ("rng", {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}),
    ],
)
def test_a_state_that_no_training_left_is_refused(tmp_path, part, value):
    path, *_ = saved(tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"])) | {part: value}
    arrays["meta"] = np.array(json.dumps(meta))
    np.savez(tmp_path / "other.npz", **arrays)
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected the (history of a training|state of the rng) in other"
    ):
        load(tmp_path / "other.npz", network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load found no file .*absent.npz; save writes one"):
        load(tmp_path / "absent.npz", make_network())


def other_network(**arguments):
    network = make_network(**{"seed": 9, **arguments})
    return network, Adam(network.parameters()), np.random.default_rng(8)


def other_optimizer(make):
    network = make_network(seed=9)
    return network, make(network.parameters()), np.random.default_rng(8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(other_network, sizes=(2, 9, 2)), "float64 (2, 9), float64 (9,), float64 (9, 2)"),
        (partial(other_network, sizes=(2, 2)), "got float64 (2, 8), float64 (8,), float64 (8, 2)"),
        (partial(other_network, dtype=np.float32), "load expected parameters float32 (2, 8)"),
        (partial(other_optimizer, partial(SGD, lr=1)), "load expected a state of SGD in run.npz, got Adam"),
        (partial(other_optimizer, AdamW), "load expected a state of AdamW in run.npz, got Adam"),
        (partial(other_optimizer, lambda ps: Adam(ps[:2])), "Adam.load_state_dict expected"),
        (lambda: (*blank()[:2], np.random.Generator(np.random.MT19937(0))),
         "load expected a state of MT19937 in run.npz, got PCG64"),
    ],
)  # fmt: skip
def test_a_file_of_another_network_optimizer_or_generator(tmp_path, make, message):
    path, *_ = saved(tmp_path)
    network, optimizer, rng = make()
    before = everything(network, optimizer, rng)
    with pytest.raises(ValueError, match=re.escape(message)):
        load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_part_that_was_not_saved_is_named(tmp_path):
    network, optimizer, rng = blank()
    save(tmp_path / "weights.npz", make_network())
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected the state of the optimizer in weights.npz, got none; save it"
    ):
        load(tmp_path / "weights.npz", network, optimizer)
    with pytest.raises(
        ValueError, match=r"load expected the state of the rng in weights.npz, got none; save it"
    ):
        load(tmp_path / "weights.npz", network, rng=rng)
    assert_everything(network, optimizer, rng, before)


# ------------------------------------------------------------------------------------------- side by side


def test_two_networks_in_two_threads_do_not_disturb_one_another():
    tasks = [{"seed": 0, "batch_size": 7, "epochs": 60}, {"seed": 1, "batch_size": 16, "epochs": 100}]
    alone = [train(make_network(seed=i), **task) for i, task in enumerate(tasks)]
    together: list = [None, None]
    barrier = threading.Barrier(2)

    def work(i):
        barrier.wait()
        together[i] = train(make_network(seed=i), **tasks[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for (network, history), (expected, expected_history) in zip(together, alone, strict=True):
        assert history == expected_history
        assert_weights(network, weights(expected))


def test_thousands_of_steps_take_no_lasting_memory():
    network = make_network()
    optimizer = Adam(network.parameters(), lr=1e-3)
    train(network, optimizer=optimizer, batch_size=1, epochs=2)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    train(network, optimizer=optimizer, batch_size=1, epochs=35)  # 2100 steps
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 20_000  # ten bytes a step would show


def test_training_leaves_no_global_trace():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    errors = np.geterr()
    handler = signal.getsignal(signal.SIGINT)
    train(batch_size=7)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert np.geterr() == errors
    assert signal.getsignal(signal.SIGINT) is handler
    assert Path.cwd().exists()
