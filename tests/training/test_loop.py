"""fit and predict_scores: what they do, what they survive, what they refuse."""

import inspect
import math
import os
import re
import signal
import subprocess
import sys
import threading
import tracemalloc
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from fitting import (
    ADAM,
    VALIDATION,
    Noisy,
    Probe,
    X,
    Y,
    assert_everything,
    assert_weights,
    every_optimizer,
    everything,
    loss_of,
    make_network,
    quadrants,
    rectified,
    train,
    weights,
)

from nnlab import (
    MLP,
    SGD,
    Adam,
    LambdaCallback,
    Layer,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Softmax,
    Tanh,
    accuracy,
    batches,
    binary_cross_entropy_with_logits,
    fit,
    huber,
    mean_squared_error,
    predict_scores,
    schedules,
    softmax_cross_entropy,
)
from nnlab._check import NonFiniteError
from nnlab.training import TrainingWarning, fit_whole, steps

# ------------------------------------------------------------------------------------------- fit


def test_every_setting_is_explained_where_help_shows_it():
    for name in list(inspect.signature(fit).parameters)[1:]:
        assert f"{name}:" in inspect.getdoc(fit), name


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
    assert history["loss"] == pytest.approx(losses, rel=1e-14)


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


@every_optimizer
def test_float32_stays_float32(make):
    network = make_network(dtype=np.float32)
    train(
        network,
        X.astype(np.float32),
        make=make,
        batch_size=7,
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


@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_layer_is_called_with_the_rows_of_each_batch_in_training_mode_and_nothing_else(
    batch_size, monkeypatch
):
    probe = Probe()
    probe.samplewise = False
    monkeypatch.setattr(steps, "BLOCK", 5)
    network = Sequential(Linear(2, 8), probe, Tanh(), Linear(8, 2))
    train(network, batch_size=batch_size, epochs=2, validation=VALIDATION, metrics={"accuracy": accuracy})
    epoch = [(60, True)] if batch_size is None else [(16, True)] * 3 + [(12, True)]
    tried = [(1, False), (1, False)]  # a row of X and one of the validation data, for the shape of the scores
    assert probe.calls == [*tried, *epoch, (40, False), *epoch, (40, False)]


def test_fit_leaves_evaluation_mode_and_a_refusal_leaves_the_mode():
    network = make_network()
    assert network.training
    with pytest.raises(ValueError, match="got 2"):
        train(network, y=Y + 1)
    assert all(layer.training for _, layer in network.named_layers())
    train(network)
    assert not any(layer.training for _, layer in network.named_layers())


class Tokens(Layer):
    """A lookup of rows by number, as an embedding is."""

    samplewise = True

    def __init__(self, n, k):
        self.dtype = np.dtype(np.float32)
        self.W = Parameter(np.random.default_rng(0).normal(size=(n, k)).astype(np.float32))

    def _check_input(self, X):
        if X.dtype.kind not in "iu":
            raise TypeError(f"Tokens expected integers, got {X.dtype}")
        return X

    def _forward(self, X):
        return self.W.value[X].mean(axis=1)

    def _backward(self, dY, X, Y):
        self.W.grad = np.zeros_like(self.W.value)
        np.add.at(self.W.grad, X, dY[:, None] / np.float32(X.shape[1]))
        return dY


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_tokens_stay_integers_and_float32_stays_float32(dtype):
    X = np.random.default_rng(0).integers(0, 7, (60, 5)).astype(dtype)
    y = (X == 3).any(axis=1).astype(int)
    network = Sequential(Tokens(7, 4), Linear(4, 2, dtype=np.float32, rng=np.random.default_rng(0)))
    for sample_weight in (None, np.ones(60)):
        _, history = train(
            network, X, y, epochs=60, batch_size=16, validation=(X, y), sample_weight=sample_weight
        )
        assert history["loss"][-1] < history["loss"][0]
    assert predict_scores(network, X, batch_size=7).dtype == np.float32
    with pytest.raises(TypeError, match="Tokens expected integers, got float32"):
        train(network, X.astype(np.float32), y)


def test_images_and_sequences_have_more_axes():
    class Mean(Layer):
        def _forward(self, X):
            return X.mean(axis=(2, 3))

        def _backward(self, dY, X, Y):
            return np.broadcast_to(dY[:, :, None, None] / X[0, 0].size, X.shape)

    images = np.random.default_rng(0).normal(size=(60, 3, 4, 5))
    y = (images[:, 0].mean(axis=(1, 2)) > 0).astype(int)
    _, history = train(Sequential(Mean(), Linear(3, 2)), images, y, epochs=50, batch_size=16)
    assert history["loss"][-1] < history["loss"][0]
    sequences = np.random.default_rng(0).normal(size=(60, 6, 2))
    target = sequences[:, :, :1] * 3
    _, history = train(Linear(2, 1), sequences, target, loss=squares, epochs=50, batch_size=16)
    assert history["loss"][-1] < history["loss"][0]


def squares(scores, targets):
    difference = scores - targets
    return float((difference**2).mean()), 2 * difference / difference.size


def test_what_the_reader_has_set_for_numpy_changes_nothing():
    network, history = train(rectified(), epochs=5, validation=VALIDATION, make=partial(SGD, lr=0.5))
    with np.errstate(all="raise"):
        other, same = train(rectified(), epochs=5, validation=VALIDATION, make=partial(SGD, lr=0.5))
        assert same == history
        assert_weights(other, weights(network))
        with pytest.warns(TrainingWarning):
            train(rectified(), make=partial(SGD, lr=1e300), epochs=10)
        big, y = 1e-160 * X, 1e-160 * X[:, :1]  # squares underflow
        train(make_network(sizes=(2, 1)), big, y, loss=squares, metrics={"m": lambda s, y: (s * y).sum()})


# ------------------------------------------------------------------------------------------- augment


def test_augment_changes_what_is_learned_from_and_nothing_else():
    settings = {"batch_size": 7, "validation": VALIDATION, "metrics": {"accuracy": accuracy}}
    a, first = train(augment=lambda X, rng: X - 1, **settings)
    b, second = train(X=X - 1, **settings)
    assert_weights(a, weights(b))
    assert first == second  # validation, too, was measured on what was given


def test_augment_draws_from_the_generator_of_fit():
    noise = {"augment": lambda X, rng: X + rng.normal(0, 0.1, X.shape), "epochs": 1}
    a, b, c = (train(seed=seed, **noise)[0] for seed in (0, 0, 1))
    assert_weights(a, weights(b))
    assert not np.array_equal(weights(a)[0], weights(c)[0])


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize(
    ("augment", "error", "message"),
    [
        (lambda X, rng: X[:-1], ValueError, "fit expected X from augment of shape ({m}, 2), got ({less}, 2)"),
        (lambda X, rng: X.astype(np.float32), TypeError, "Linear expected X of dtype float64, got float32"),
        (lambda X, rng: None, TypeError, "fit expected X from augment as an array of numbers, got NoneType"),
        (lambda X, rng: X / 0, ValueError, "fit expected finite X from augment, got NaN or infinity"),
        (lambda X, rng: np.negative(X, out=X), ValueError, "read-only"),  # these are the caller's own numbers
        (lambda X: X, TypeError, "takes 1 positional argument but 2 were given"),
    ],
)
def test_a_bad_augment_is_found_before_the_first_update(augment, batch_size, error, message):
    m = batch_size or 60
    network, data = make_network(), X.copy()
    before = weights(network)
    with pytest.raises(error, match=re.escape(message.format(m=m, less=m - 1))):
        train(network, data, augment=augment, batch_size=batch_size)
    assert_weights(network, before)
    np.testing.assert_array_equal(data, X)


# ------------------------------------------------------------------------------------------- metrics


def area(scores, y):
    """Return the part of pairs, one of each class, whose scores are in the right order."""
    margin = scores[:, 1] - scores[:, 0]
    return float((margin[y == 1][:, None] > margin[y == 0]).mean())


@pytest.mark.parametrize("batch_size", [1, 16, None])
def test_metrics_are_of_the_scores_of_the_whole_epoch(batch_size):
    """Batches of one row hold one class each: a mean over batches would be NaN."""
    with np.errstate(invalid="ignore"):
        network, history = train(
            epochs=1,
            batch_size=batch_size,
            make=partial(SGD, lr=1e-15),
            metrics={"area": area, "m": lambda s, y: len(y)},
        )
    assert history["area"] == [pytest.approx(area(predict_scores(network, X), Y), abs=1e-3)]
    assert history["m"] == [60]
    assert list(history.metrics) == ["loss", "area", "m"]


def test_scores_of_an_epoch_are_those_before_each_update():
    seen = []

    def keep(scores, y):
        seen.append((scores, y))
        return 0.0

    train(epochs=1, batch_size=16, metrics={"keep": keep})
    by_hand, optimizer = make_network(), None
    optimizer = ADAM(by_hand.parameters())
    expected = []
    for X_batch, y_batch in batches(X, Y, 16, rng=np.random.default_rng(0)):
        expected.append((by_hand.forward(X_batch), y_batch))
        by_hand.backward(softmax_cross_entropy(expected[-1][0], y_batch)[1])
        optimizer.step()
    scores, y = (np.concatenate(parts) for parts in zip(*expected, strict=True))
    np.testing.assert_array_equal(seen[-1][0], scores)
    np.testing.assert_array_equal(seen[-1][1], y)


def test_metrics_are_measured_before_the_update_and_validation_after_it():
    network = make_network()
    start, start_accuracy = loss_of(network), accuracy(network.forward(X), Y)
    _, history = train(network, epochs=1, metrics={"accuracy": accuracy}, validation=(X, Y))
    assert history["loss"] == [start]
    assert history["accuracy"] == [start_accuracy]
    assert history["val_loss"] == [loss_of(network)]
    assert history["val_accuracy"] == [accuracy(network.forward(X), Y)]


def test_a_layer_of_your_own_and_a_network_that_ends_in_softmax():
    class Scale(Layer):
        def _forward(self, X):
            return 2 * X

        def _backward(self, dY, X, Y):
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


def test_batches_weigh_in_the_epochs_loss_as_their_samples_do():
    w = 10.0 ** (np.arange(60) % 5)
    settings = {"make": partial(SGD, lr=1e-15), "epochs": 1}  # the weights stay
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


def test_huge_weights_are_right_or_refused():
    plain, expected = train(epochs=3)
    network, history = train(epochs=3, sample_weight=np.full(60, 1e306))
    assert history["loss"] == pytest.approx(expected["loss"], rel=1e-9)
    for a, b in zip(weights(network), weights(plain), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)
    network = make_network()
    before = weights(network)
    with pytest.raises(
        ValueError, match="fit expected sample_weight >= 0 with a positive finite sum, got 1e"
    ):
        train(network, sample_weight=np.full(60, 1e308))
    assert_weights(network, before)


# ------------------------------------------------------------------------------------------- the best epoch


def test_with_validation_the_weights_of_the_best_epoch_are_kept():
    network, history = train(epochs=60, make=partial(Adam, lr=0.3), batch_size=10, validation=VALIDATION)
    assert history.best_epoch == 1 + int(np.argmin(history["val_loss"]))
    assert history.best_epoch < 60  # lr 0.3 overfits and jumps about: the last epoch is not the best
    assert loss_of(network, *VALIDATION) == min(history["val_loss"])
    np.testing.assert_equal(network.state_dict(), history.best_state)


def test_without_validation_the_last_weights_are_kept():
    network = make_network()
    seen = []
    train(
        network,
        epochs=5,
        make=partial(SGD, lr=30),
        callbacks=[LambdaCallback(on_epoch_end=lambda *_: seen.append(weights(network)))],
    )
    assert_weights(network, seen[-1])


def test_the_schedule_of_the_optimizer_goes_on_from_run_to_run():
    rates = []
    network = make_network()
    optimizer = SGD(network.parameters(), lr=schedules.cosine(0.5, 12))
    note = LambdaCallback(on_train_batch_begin=lambda batch, logs: rates.append(optimizer.lr))
    for _ in range(2):
        fit(
            network,
            X,
            Y,
            loss=softmax_cross_entropy,
            optimizer=optimizer,
            epochs=2,
            batch_size=20,
            callbacks=[note],
        )
    assert rates == pytest.approx([0.25 * (1 + math.cos(math.pi * t / 12)) for t in range(12)])


# ------------------------------------------------------------------------------------------- ending early


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


def interrupt_at(step):
    """Return a callback that raises KeyboardInterrupt in the step after so many."""
    return LambdaCallback(on_train_batch_begin=interrupting(lambda batch, logs: None, step))


def test_fit_whole_passes_ctrl_c_on():
    network = make_network()
    settings = {"loss": softmax_cross_entropy, "optimizer": ADAM(network.parameters()), "epochs": 2}
    assert len(fit_whole(network, X, Y, **settings)) == 2
    with pytest.raises(KeyboardInterrupt):
        fit_whole(network, X, Y, **settings, callbacks=[interrupt_at(1)])


@pytest.mark.parametrize("where", ["loss", "callback"])
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
        "callback": {"callbacks": [interrupt_at(7)]},
    }[where]
    network, history = train(batch_size=20, epochs=10, **arguments)
    assert (history.stop_reason, len(history), history.diverged_at) == ("interrupted", 2, None)
    assert_weights(network, weights(expected))
    assert not network.training


def test_an_interrupt_with_validation_keeps_the_best_epoch():
    network, history = train(batch_size=20, epochs=10, validation=VALIDATION, callbacks=[interrupt_at(7)])
    assert history.stop_reason == "interrupted"
    assert loss_of(network, *VALIDATION) == min(history["val_loss"])


def test_an_interrupt_in_the_first_epoch_keeps_its_steps_even_with_validation():
    start = make_network()
    network, history = train(batch_size=20, epochs=10, validation=VALIDATION, callbacks=[interrupt_at(2)])
    assert (history.stop_reason, len(history)) == ("interrupted", 0)
    assert loss_of(network) < loss_of(start)


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
class Started(Callback):
    def on_epoch_end(self, epoch, logs):
        started.set()
def press():
    started.wait()
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=press).start()
history = fit(network, X, y, loss=softmax_cross_entropy, optimizer=Adam(network.parameters()), epochs=10**6,
              batch_size=32, callbacks=[Started()])
print(history.stop_reason, len(history) >= 1, accuracy(network.forward(X), y) > 0.5)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["interrupted", "True", "True"]
    assert done.stderr == ""


# ------------------------------------------------------------------------------------------- divergence


def test_a_first_update_that_ruins_the_weights_is_undone():
    network = rectified()
    before = weights(network)
    optimizer = SGD(network.parameters(), lr=1e300)
    message = r"diverged at step 2, first in layer 2 \(Linear\(8, 2\)\): .* Nothing was learned before it\."
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
    rates = iter([0.5] * steps + [1e300, 0.5])  # the step after 30 epochs leaps out of the world
    # Seen at once in validation, else in the step after it.
    step = steps + 1 if validated and batch_size is None else steps + 2
    network, seen = rectified(), [weights(rectified())]
    optimizer = SGD(network.parameters(), lr=0.5)

    def leap(batch, logs):
        optimizer.lr = next(rates)

    callback = LambdaCallback(
        on_train_batch_begin=leap, on_epoch_end=lambda epoch, logs: seen.append(weights(network))
    )
    with pytest.warns(TrainingWarning, match=f"diverged at step {step}, first in layer"):
        _, history = train(
            network,
            optimizer=optimizer,
            epochs=100,
            batch_size=batch_size,
            validation=VALIDATION if validated else None,
            callbacks=[callback],
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


@pytest.mark.parametrize("batch_size", [None, 20])
def test_the_layer_that_diverges_first_is_named(batch_size):
    network = Sequential(Linear(2, 8), Tanh(), MLP([8, 4, 2], activation=ReLU))
    optimizer = SGD(network.parameters(), lr=0.1)
    inner = network.layers[2].layers[0]

    def spoil(epoch, logs):
        inner.W.value[1, 1] = np.inf

    with pytest.warns(
        TrainingWarning, match=r"first in layer 2\.0 \(Linear\(8, 4\)\): softmax_cross_entropy exp"
    ):
        train(
            network,
            optimizer=optimizer,
            epochs=3,
            batch_size=batch_size,
            callbacks=[LambdaCallback(on_epoch_begin=spoil)],
        )
    assert np.isfinite(inner.W.value).all()


def test_a_layer_that_diverges_on_one_validation_row_is_named_too():
    held_out, labels = quadrants(3000)
    held_out[3] = 1e200  # squared, it overflows; the rows that are predicted last do not

    class Square(Layer):
        def _forward(self, X):
            return X * X

        def _backward(self, dY, X, Y):
            return 2 * X * dY

    network = Sequential(Linear(2, 8), Square(), Linear(8, 2))
    with pytest.warns(TrainingWarning, match=r"diverged at step 1, first in layer 1 \(Square\(\)\): softmax"):
        _, history = train(network, epochs=3, validation=(held_out, labels))
    assert len(history) == 0


def test_buffers_and_weights_are_put_back_after_a_divergence():
    rng = np.random.default_rng(0)
    network = Sequential(Linear(2, 8, rng=rng), Noisy(rng=rng), ReLU(), Linear(8, 2, rng=rng))
    before = network.state_dict()
    with pytest.warns(TrainingWarning, match="Nothing was learned before it"):
        train(network, make=partial(SGD, lr=1e300), epochs=10)
    np.testing.assert_equal(network.state_dict(), before)


def test_weights_that_overflow_in_the_very_last_step_are_not_kept():
    # targets of 1e5 make gradients above 1e4; times 1e305 they leave the range of float64
    network = make_network(sizes=(2, 8, 1))
    before = weights(network)
    with pytest.warns(
        TrainingWarning, match=r"diverged at step 1: fit expected finite 0\.W, got -?inf at .*; lower"
    ):
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


NAN = X.copy()
NAN[5, 1] = np.nan
INF = X.copy()
INF[5, 1] = np.inf
MASKED = np.ma.masked_less(X, 0)

BAD = [
    ({"X": np.ones((60, 3))}, ValueError, "Linear expected X of shape (m, 2), got (1, 3)"),
    ({"X": X[:59]}, ValueError, "number m >= 1 of rows, got X (59, 2) and y (60,)"),
    ({"X": X[:0], "y": Y[:0]}, ValueError, "got X (0, 2) and y (0,)"),
    ({"X": np.zeros((60, 0))}, ValueError, "Linear expected X of shape (m, 2), got (1, 0); it is empty"),
    ({"X": 5}, ValueError, "got X () and y (60,)"),
    ({"X": NAN}, NonFiniteError, "fit expected finite X, got nan at [5, 1]; clean or replace it first"),
    ({"X": INF}, NonFiniteError, "fit expected finite X, got inf at [5, 1]"),
    ({"X": MASKED}, TypeError, "fit expected X as a plain array, got a masked array"),
    ({"y": np.ma.array(Y)}, TypeError, "fit expected y as a plain array, got a masked array"),
    ({"sample_weight": np.ma.ones(60)}, TypeError, "fit expected sample_weight as a plain array, got a"),
    ({"validation": (MASKED, Y)}, TypeError, "fit (validation) expected X as a plain array, got a masked"),
    ({"penalty": 0.1}, TypeError, "fit expected penalty as a function such as l2(0.01), got float 0.1"),
    ({"shuffle": False}, TypeError, "unexpected keyword argument 'shuffle'"),
    ({"X": X.astype(np.float32)}, TypeError, "fit expected X of dtype float64, got float32; convert it"),
    ({"X": X.astype(str)}, TypeError, "fit expected X as an array of float32 or float64"),
    ({"X": [[1, 2], [3]]}, ValueError, "fit expected X as an array, got rows of different lengths"),
    ({"y": Y + 1}, ValueError, "expected targets as labels in 0 … 1, got 2"),
    ({"y": Y - 1}, ValueError, "expected targets as labels in 0 … 1, got -1"),
    ({"y": Y.astype(float)}, TypeError, "expected targets as integer labels, got float64"),
    ({"y": Y[:, None]}, ValueError, "expected targets of shape (60, 2), got (60, 1)"),
    ({"y": np.where(Y, "yes", "no")}, TypeError, "expected targets as integer labels, got <U3"),
    ({"y": Y[:, None] + 0.5, "loss": binary_cross_entropy_with_logits, "sizes": (2, 1)}, ValueError,
     "expected targets in [0, 1], got"),
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
    ({"sample_weight": np.ones(59)}, ValueError, "fit expected sample_weight of shape (60,), got (59,)"),
    ({"sample_weight": np.zeros(60)}, ValueError, "sample_weight >= 0 with a positive finite sum, got 0.0"),
    ({"sample_weight": -np.ones(60)}, ValueError, "sample_weight >= 0 with a positive finite sum, got -1.0"),
    ({"sample_weight": np.full(60, np.nan)}, NonFiniteError, "fit expected finite sample_weight, got nan"),
    ({"sample_weight": "balanced"}, TypeError, "fit expected sample_weight as an array of"),
    ({"optimizer": "adam"}, TypeError, "fit expected an optimizer such as Adam, got str 'adam'"),
    ({"optimizer": Adam}, TypeError, "fit expected an optimizer such as Adam, got type"),
    ({"optimizer": SGD(make_network().parameters(), lr=0.1)}, ValueError,
     "got one of others; make it with SGD(network.parameters(), …)"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_fit_refuses_before_anything_is_changed(arguments, error, message):
    arguments = dict(arguments)
    network = make_network(sizes=arguments.pop("sizes", (2, 2)))
    optimizer = arguments.setdefault("optimizer", Adam(network.parameters(), lr=0.02))
    optimizer = optimizer if isinstance(optimizer, Adam) else Adam(network.parameters())
    rng = arguments.setdefault("rng", np.random.default_rng(0))
    rng = rng if isinstance(rng, np.random.Generator) else np.random.default_rng(0)
    before = everything(network, optimizer, rng)
    with pytest.raises(error, match=re.escape(message)):
        train(**{"network": network, **arguments})
    assert_everything(network, optimizer, rng, before)


def test_a_parameter_twice_is_refused():
    network = make_network()
    optimizer = Adam(network.parameters())
    network.layers[2].b = network.layers[2].W
    with pytest.raises(
        ValueError, match=r"fit expected every layer and parameter once, got a parameter of Linear"
    ):
        fit(network, X, Y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=1)


def test_anything_but_a_network_is_refused():
    optimizer = Adam(make_network().parameters())
    with pytest.raises(
        TypeError, match=r"fit expected a network such as MLP\(\[2, 8, 2\], …\), got list \[\]"
    ):
        fit([], X, Y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=1)


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
            "accuracy expected targets of shape (60, 2), got (60, 1)",
        ),
        (lambda scores: 1.0, TypeError, "takes 1 positional argument but 2 were given"),
    ],
)
def test_a_bad_metric_is_found_before_the_first_update(metric, error, message):
    network = make_network()
    before = weights(network)
    with pytest.raises(error, match=re.escape(message)):
        train(network, metrics={"odd": metric})
    assert_weights(network, before)


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
