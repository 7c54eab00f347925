"""Callbacks: when they are called, what the given ones do, and runs that are resumed."""

import math
import re
from functools import partial

import numpy as np
import pytest
from fitting import (
    VALIDATION,
    Noisy,
    assert_everything,
    assert_weights,
    every_optimizer,
    everything,
    make_network,
    train,
    weights,
)

from nnlab import (
    SGD,
    Adam,
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    LambdaCallback,
    Linear,
    Log,
    ProgressBar,
    ReduceOnPlateau,
    Sequential,
    Tanh,
    accuracy,
    load,
    save,
    schedules,
)
from nnlab.layers import BatchNorm, Dropout
from nnlab.training import Run


class Names(Callback):
    """Notes every call of a hook."""

    def __init__(self):
        self.calls = []

    def __getattribute__(self, name):
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        return lambda *arguments: self.calls.append((name, *arguments[:-1], sorted(arguments[-1])))


def test_the_hooks_are_those_of_keras():
    names = Names()
    train(batch_size=30, epochs=2, validation=VALIDATION, callbacks=[names])
    measures = ["loss", "val_loss"]
    epochs = [
        [
            ("on_epoch_begin", epoch, []),
            ("on_train_batch_begin", 0, []),
            ("on_train_batch_end", 0, ["loss"]),
            ("on_train_batch_begin", 1, []),
            ("on_train_batch_end", 1, ["loss"]),
            ("on_epoch_end", epoch, measures),
        ]
        for epoch in (0, 1)
    ]
    assert names.calls == [("on_train_begin", []), *epochs[0], *epochs[1], ("on_train_end", measures)]


def test_the_hooks_have_the_names_and_arguments_of_a_keras_callback():
    keras = pytest.importorskip("keras")
    hooks = [name for name in vars(Callback) if name.startswith("on_")]
    assert hooks
    assert all(hasattr(keras.callbacks.Callback, name) for name in hooks)


def test_a_callback_sees_the_run():
    seen = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs):
            run = self.run
            seen.append((run.epochs, run.steps_per_epoch, len(run.history), run.network.training))
            assert logs == {name: values[-1] for name, values in run.history.metrics.items()}
            assert run.optimizer.t == (epoch + 1) * 4

    train(batch_size=16, epochs=3, callbacks=[Look()])
    assert seen == [(3, 4, 1, True), (3, 4, 2, True), (3, 4, 3, True)]


@pytest.mark.parametrize(
    ("hook", "when", "epochs", "steps"),
    [("on_epoch_end", 2, 3, 9), ("on_epoch_begin", 2, 2, 6), ("on_train_batch_end", 1, 0, 2)],
)
def test_stop_ends_training(hook, when, epochs, steps):
    class Stop(Callback):
        pass

    def stop(self, number, logs):
        if number == when:
            self.run.stop("enough")

    setattr(Stop, hook, stop)
    network = make_network()
    optimizer = SGD(network.parameters(), lr=0.1)
    _, history = train(network, optimizer=optimizer, batch_size=20, epochs=10, callbacks=[Stop()])
    assert (history.stop_reason, len(history), optimizer.t) == ("enough", epochs, steps)


def test_a_callback_that_raises_ends_training_with_its_error():
    network = make_network()
    with pytest.raises(ZeroDivisionError):
        train(network, epochs=10, callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)])
    assert not network.training
    assert_weights(network, weights(train(epochs=1)[0]))


def test_an_interrupt_in_a_callback_keeps_the_epoch():
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    network, history = train(epochs=10, callbacks=[LambdaCallback(on_epoch_end=interrupt)])
    assert (history.stop_reason, len(history)) == ("interrupted", 1)
    assert_weights(network, weights(train(epochs=1)[0]))


@pytest.mark.parametrize(
    ("callbacks", "error", "message"),
    [
        ([lambda epoch, logs: None], TypeError, "fit expected callbacks as a list of Callback objects such"),
        ([EarlyStopping], TypeError, "such as EarlyStopping(patience=5), got type"),
        (Log(), TypeError, "fit expected callbacks as a list of Callback objects, got Log"),
        ("log", TypeError, "fit expected callbacks as a list of Callback objects, got str"),
        (3, TypeError, "fit expected callbacks as a list of Callback objects, got int 3"),
        ([EarlyStopping("loss", patience=1), EarlyStopping("loss", patience=2)], ValueError,
         "fit expected at most one EarlyStopping, got 2"),
        ([EarlyStopping(patience=1)], ValueError, "EarlyStopping expected monitor as one of 'loss', 'odd'"),
        ([ReduceOnPlateau("auc")], ValueError, "ReduceOnPlateau expected monitor as one of 'loss', 'odd'"),
        ([EarlyStopping("odd", patience=1)], ValueError,
         "EarlyStopping expected mode='min' or mode='max' with monitor='odd', got None"),
        ([ReduceOnPlateau("odd")], ValueError,
         "ReduceOnPlateau expected mode='min' or mode='max' with monitor='odd', got None"),
    ],
)  # fmt: skip
def test_bad_callbacks_are_refused_before_anything_is_changed(callbacks, error, message):
    network, rng = make_network(), np.random.default_rng(0)
    optimizer = Adam(network.parameters(), lr=0.02)
    before = everything(network, optimizer, rng)
    with pytest.raises(error, match=re.escape(message)):
        train(network, optimizer=optimizer, rng=rng, callbacks=callbacks, metrics={"odd": lambda s, y: 0.5})
    assert_everything(network, optimizer, rng, before)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: EarlyStopping(patience=0), ValueError, "EarlyStopping expected patience >= 1, got 0"),
        (lambda: EarlyStopping(patience=1.5), TypeError, "patience as an integer, got float 1.5"),
        (
            lambda: EarlyStopping(patience=1, mode="less"),
            ValueError,
            "mode as one of 'min', 'max', got 'less'",
        ),
        (lambda: EarlyStopping(patience=1, min_delta=-1), ValueError, "min_delta >= 0, got -1"),
        (lambda: ReduceOnPlateau(factor=1), ValueError, "ReduceOnPlateau expected factor < 1, got 1"),
        (lambda: ReduceOnPlateau(patience=-1), ValueError, "ReduceOnPlateau expected patience >= 0, got -1"),
        (lambda: ReduceOnPlateau(cooldown=-1), ValueError, "ReduceOnPlateau expected cooldown >= 0, got -1"),
        (
            lambda: LambdaCallback(on_epoch=print),
            ValueError,
            "LambdaCallback expected hook as one of 'on_train",
        ),
        (
            lambda: LambdaCallback(on_epoch_end=1),
            TypeError,
            "LambdaCallback expected on_epoch_end as a function",
        ),
        (lambda: Log(0), ValueError, "Log expected every >= 1, got 0"),
        (lambda: Checkpoint("a", resume="no"), TypeError, "resume as True or False, got str 'no'"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


# ------------------------------------------------------------------------------------------- best, patience


def listed(values, **direction):
    """Return a metric that gives these values in validation, one after the other."""
    left = iter(values)

    def metric(scores, y):
        return 0.0 if len(y) != 40 or not scores.any() or len(np.unique(scores)) <= 2 else next(left)

    vars(metric).update(direction)
    return metric


@pytest.mark.parametrize(
    "name", ["val_error", "val_loss_", "val_mae", "val_accuracy"]
)  # the name says nothing
@pytest.mark.parametrize(
    ("direction", "mode", "best"),
    [
        ({}, "min", 2),
        ({}, "max", 3),
        ({"more_is_better": False}, None, 2),
        ({"more_is_better": True}, None, 3),
        ({"more_is_better": True}, "min", 2),
    ],
)
def test_what_is_better_is_said_and_never_guessed(name, direction, mode, best):
    judge = EarlyStopping(name, patience=9, mode=mode)
    metrics = {name.removeprefix("val_"): listed([5.0, 4.0, 7.0, 6.0], **direction)}
    network, seen = make_network(), []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(weights(network)))
    _, history = train(network, epochs=4, validation=VALIDATION, metrics=metrics, callbacks=[judge, note])
    assert history.best_epoch == best
    assert_weights(network, seen[best - 1])


def test_patience_ends_after_so_many_epochs_without_a_better_one():
    values = [5.0, 4, 4, 3, 3, 3.5, 3, 9, 9]  # equal is not better: best is epoch 4, so 4 + 3 = 7 epochs
    network, seen = make_network(), []
    judge = EarlyStopping("val_error", patience=3, mode="min")
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(weights(network)))
    _, history = train(
        network, epochs=100, validation=VALIDATION, metrics={"error": listed(values)}, callbacks=[judge, note]
    )
    assert (history.best_epoch, len(history), history.stop_reason) == (4, 7, "patience")
    assert_weights(network, seen[3])


def test_an_epoch_must_be_better_by_min_delta():
    values = [5.0, 4.5, 4.0, 3.4, 3.0]  # better than the best by more than 1: 5, 3.4 (4 is not: by 1 exactly)
    judge = EarlyStopping("val_error", patience=9, mode="min", min_delta=1)
    _, history = train(epochs=5, validation=VALIDATION, metrics={"error": listed(values)}, callbacks=[judge])
    assert history.best_epoch == 4


def test_patience_may_watch_the_training_loss():
    network, seen = make_network(), []
    note = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(weights(network)))
    _, history = train(
        network, epochs=500, make=partial(SGD, lr=30), callbacks=[note, EarlyStopping("loss", patience=2)]
    )
    assert history.stop_reason == "patience"
    assert history.best_epoch == 1 + int(np.argmin(history["loss"]))
    assert len(history) == history.best_epoch + 2
    assert_weights(network, seen[history.best_epoch - 1])  # the loss was measured before the epoch's updates


def test_a_measure_that_is_nan_is_never_the_best():
    values = [math.nan, 2.0, math.nan, 1.0, math.nan]
    judge = EarlyStopping("val_error", patience=9, mode="min")
    _, history = train(epochs=5, validation=VALIDATION, metrics={"error": listed(values)}, callbacks=[judge])
    assert history.best_epoch == 4


def test_the_best_epoch_keeps_buffers_too():
    rng = np.random.default_rng(0)
    network = Sequential(Linear(2, 8, rng=rng), Noisy(rng=rng), Tanh(), Linear(8, 2, rng=rng))
    states = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: states.append(network.state_dict()))
    judge = EarlyStopping("val_error", patience=2, mode="min")
    train(
        network,
        epochs=9,
        validation=VALIDATION,
        metrics={"error": listed([2, 1, 3, 3])},
        callbacks=[note, judge],
    )
    assert len(states) == 4
    assert not np.array_equal(states[1]["1.mean"], states[3]["1.mean"])
    np.testing.assert_equal(network.state_dict(), states[1])


# ------------------------------------------------------------------------------------------- ReduceOnPlateau


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(
    "settings",
    [
        {"patience": 0},
        {"patience": 2, "factor": 0.5},
        {"patience": 1, "cooldown": 3, "threshold": 0.1},
        {"patience": 1, "threshold": 0.0, "min_lr": 1e-3, "factor": 0.3},
    ],
)
def test_the_rate_falls_as_with_torch(mode, settings):
    torch = pytest.importorskip("torch")
    losses = np.random.default_rng(3).normal(0, 1, 200).cumsum() / 10
    losses[::17] = np.nan
    network = make_network()
    run = Run(network, SGD(network.parameters(), lr=0.5), History(), None, 200, 1, {"loss": False})
    callback = ReduceOnPlateau("loss", mode=mode, **settings)
    callback.run = run
    callback.on_train_begin({})
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode=mode, **{"factor": 0.1, **settings}
    )
    rates, expected = [], []
    for epoch, loss in enumerate(losses):
        run.history.append({"loss": float(loss)})
        callback.on_epoch_end(epoch, {})
        scheduler.step(float(loss))
        rates.append(run.optimizer.lr)
        expected.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx(expected, rel=1e-12)
    assert len(set(rates)) > 2


def test_a_rate_that_follows_a_schedule_is_not_reduced_as_well():
    network = make_network()
    optimizer = SGD(network.parameters(), lr=schedules.cosine(0.1, 50))
    with pytest.raises(
        ValueError, match="ReduceOnPlateau expected an optimizer with a number for lr, got one"
    ):
        train(network, optimizer=optimizer, callbacks=[ReduceOnPlateau("loss")])
    assert optimizer.t == 0


# ------------------------------------------------------------------------------------------- Log, ProgressBar


def test_log_lines(capsys):
    _, history = train(epochs=6, callbacks=[Log(3)], metrics={"accuracy": accuracy})
    rows = [(1, 0), (3, 2), (6, 5)]
    expected = [
        f"epoch {n:>4}  loss {history['loss'][i]:.3f}  accuracy {history['accuracy'][i]:.3f}" for n, i in rows
    ]
    assert capsys.readouterr().out.splitlines() == expected
    train(epochs=2)
    assert capsys.readouterr() == ("", "")  # silent unless asked


@pytest.mark.parametrize("order", [1, -1])
def test_the_progress_bar_counts_steps_and_makes_room_for_log_lines(order, capsys):
    train(epochs=2, batch_size=20, callbacks=[ProgressBar(), Log()][::order])
    out, err = capsys.readouterr()
    assert "6/6" in err
    assert "100%" in err
    assert "loss 0." in err
    assert [line[:10] for line in out.splitlines()] == ["epoch    1", "epoch    2"]


def test_a_run_that_ends_early_leaves_the_bar_where_it_was(capsys):
    def interrupt(epoch, logs):
        raise KeyboardInterrupt

    train(epochs=2, batch_size=20, callbacks=[ProgressBar(), LambdaCallback(on_epoch_end=interrupt)])
    err = capsys.readouterr().err
    assert "3/6" in err
    assert "6/6" not in err
    assert "interrupted: " in err
    assert err.endswith("\n")


def test_a_bar_is_full_where_ending_early_is_a_success(capsys):  # in a notebook it would turn red
    train(epochs=99, make=partial(SGD, lr=30), callbacks=[ProgressBar(), EarlyStopping("loss", patience=1)])
    assert "patience: 100%" in capsys.readouterr().err


def test_a_bar_may_be_used_again(capsys):
    bar = ProgressBar()
    for _ in range(2):
        train(epochs=2, batch_size=20, callbacks=[bar])
        assert "6/6" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- Checkpoint


class Killed(BaseException):
    """Stands for the end of the process."""


SCHEDULE = schedules.cosine(0.1, 36)
PLATEAU = partial(ReduceOnPlateau, factor=0.5, patience=0, threshold=0.05)
RUNS = {
    "schedule": lambda: (partial(SGD, lr=SCHEDULE, momentum=0.9), [EarlyStopping(patience=6)]),
    "plateau": lambda: (partial(Adam, lr=0.05), [PLATEAU(), EarlyStopping(patience=6)]),
}


def resumable(path, kind, *, seed=0, extra=(), **settings):
    """Run, or go on, with everything that has a state; return the network, optimizer, rng and history."""
    make, callbacks = RUNS[kind]()
    rng = np.random.default_rng(seed)
    dropout = Dropout(0.2, rng=np.random.default_rng(seed + 5))
    network = Sequential(Linear(2, 8, rng=rng), BatchNorm(8), dropout, Tanh(), Linear(8, 2, rng=rng))
    optimizer = make(network.parameters())
    checkpoint = [Checkpoint(path, resume=True)] if path else []
    settings = {
        "epochs": 12,
        "batch_size": 16,  # 60 samples: the last batch is short
        "validation": VALIDATION,
        "metrics": {"accuracy": accuracy},
        "sample_weight": np.arange(1.0, 61),
        "augment": lambda X, rng: X + rng.normal(0, 0.01, X.shape),
        **settings,
    }
    _, history = train(
        network, optimizer=optimizer, rng=rng, callbacks=[*extra, *checkpoint, *callbacks], **settings
    )
    return network, optimizer, rng, history


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_batch_begin"])
@pytest.mark.parametrize("killed", [0, 1, 3, 6])
def test_a_run_killed_at_any_epoch_goes_on_bit_for_bit(kind, hook, killed, tmp_path):
    calls = iter(range(99))

    def kill(*_):
        if next(calls) == (killed if hook == "on_epoch_end" else 4 * killed + 2):
            raise Killed

    expected = resumable(None, kind)
    path = tmp_path / "run.npz"
    with pytest.raises(Killed):
        resumable(path, kind, extra=[LambdaCallback(**{hook: kill})])
    network, optimizer, rng, history = resumable(path, kind, seed=0 if killed == 0 else 77)
    assert history == expected[3]
    np.testing.assert_equal(network.state_dict(), expected[0].state_dict())
    np.testing.assert_equal(optimizer.state_dict(), expected[1].state_dict())
    assert rng.bit_generator.state == expected[2].bit_generator.state
    assert network.layers[2].rng.bit_generator.state == expected[0].layers[2].rng.bit_generator.state


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_goes_on_for_longer(kind, tmp_path):
    path = tmp_path / "run.npz"
    resumable(path, kind, epochs=5)
    network, optimizer, _, history = resumable(path, kind, seed=77)
    expected = resumable(None, kind)
    assert history == expected[3]
    np.testing.assert_equal(network.state_dict(), expected[0].state_dict())
    assert optimizer.lr == expected[1].lr
    again = resumable(path, kind, seed=77, epochs=3)  # nothing left to do
    assert again[3].stop_reason == "finished"
    np.testing.assert_equal(again[0].state_dict(), expected[0].state_dict())


@every_optimizer
def test_every_optimizer_goes_on_bit_for_bit(make, tmp_path):
    path = tmp_path / "run.npz"
    straight, expected = train(make=make, batch_size=16, epochs=4)
    train(make=make, batch_size=16, epochs=2, callbacks=[Checkpoint(path)])
    network, history = train(
        make_network(seed=7),
        make=make,
        batch_size=16,
        epochs=4,
        seed=7,
        callbacks=[Checkpoint(path, resume=True)],
    )
    assert history == expected
    assert_weights(network, weights(straight))


def test_a_run_that_patience_ended_stays_ended_but_may_be_given_more(tmp_path):
    path = tmp_path / "run.npz"

    def run(patience, seed=0):
        callbacks = [Checkpoint(path, resume=True), EarlyStopping("loss", patience=patience)]
        return train(make_network(seed=seed), make=partial(SGD, lr=30), epochs=500, callbacks=callbacks)

    network, expected = run(2)
    again, resumed = run(2, seed=9)
    assert resumed == expected
    assert_weights(again, weights(network))
    assert len(run(4, seed=9)[1]) > len(expected)


def test_without_resume_the_file_is_replaced(tmp_path):
    path = tmp_path / "run.npz"
    train(epochs=3, callbacks=[Checkpoint(path)])
    _, history = train(epochs=2, callbacks=[Checkpoint(path)])
    assert len(history) == len(load(path, make_network())) == 2


def test_a_checkpoint_is_whole_after_every_epoch(tmp_path):
    path, lengths = tmp_path / "run.npz", []

    def reread(epoch, logs):
        lengths.append(len(load(path, make_network())))

    train(
        epochs=3,
        callbacks=[Checkpoint(path), LambdaCallback(on_epoch_begin=lambda e, logs: e and reread(e, logs))],
    )
    assert lengths == [1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_checkpoint_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        train(callbacks=[Checkpoint(tmp_path / "no such folder" / "run.npz")])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"metrics": {"accuracy": accuracy}},
         "a run of accuracy, loss (best by loss) in run.npz, got one of loss (best by loss); go on with"),
        ({"validation": VALIDATION}, "Checkpoint expected a run of loss, val_loss (best by val_loss) in run"),
        ({"make": partial(SGD, lr=0.1)}, "Checkpoint expected a state of SGD in run.npz, got Adam"),
        ({"network": make_network(sizes=(2, 2))}, "Checkpoint found a state in run.npz that does not fit"),
        ({"rng": np.random.Generator(np.random.MT19937(0))}, "Checkpoint expected the state of a MT19937"),
    ],
)  # fmt: skip
def test_another_run_is_not_resumed(settings, message, tmp_path):
    train(epochs=2, callbacks=[Checkpoint(tmp_path / "run.npz")])
    settings = dict(settings)
    network = settings.pop("network", make_network(seed=3))
    before = network.state_dict()
    with pytest.raises(ValueError, match=re.escape(message)):
        train(network, callbacks=[Checkpoint(tmp_path / "run.npz", resume=True)], **settings)
    np.testing.assert_equal(network.state_dict(), before)


def test_a_file_without_a_run_is_not_resumed(tmp_path):
    save(tmp_path / "run.npz", make_network())
    with pytest.raises(
        ValueError, match=r"Checkpoint expected a training run in run.npz, got a state without"
    ):
        train(callbacks=[Checkpoint(tmp_path / "run.npz", resume=True)])
