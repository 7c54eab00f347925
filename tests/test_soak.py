"""Numbers that hold: long runs neither grow nor drift, and no run disturbs another.

The other test files look at a few steps at most; this one at thousands, in fresh processes and threads.
"""

import functools
import gc
import hashlib
import os
import subprocess
import sys
import threading
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest

from nnlab import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Callback,
    Checkpoint,
    ProgressBar,
    ReLU,
    RMSprop,
    accuracy,
    fit,
    huber,
    load,
    mean_squared_error,
    predict_scores,
    save,
    softmax_cross_entropy,
)
from nnlab.schedules import cosine
from nnlab.training import TrainingWarning

STEPS = 20_000
OPTIMIZERS = {
    "SGD": functools.partial(SGD, lr=0.05),
    "SGD with momentum": functools.partial(SGD, lr=0.01, momentum=0.9, weight_decay=1e-4),
    "SGD with Nesterov": functools.partial(SGD, lr=0.01, momentum=0.9, nesterov=True),
    "RMSprop": functools.partial(RMSprop, lr=0.001),
    "RMSprop with momentum": functools.partial(RMSprop, lr=0.001, momentum=0.5, weight_decay=1e-4),
    "Adam": functools.partial(Adam, lr=0.003),
    "Adam with decay": functools.partial(Adam, lr=0.003, weight_decay=1e-4),
    "AdamW": functools.partial(AdamW, lr=0.003, weight_decay=0.1),
}
# Each runs all that a plainer one of its kind runs, and more.
FULLEST = ["SGD with momentum", "SGD with Nesterov", "RMSprop with momentum", "Adam with decay", "AdamW"]


def rings(m, seed, dtype):
    """Return points of three rings, noisy enough that no network is ever done."""
    rng = np.random.default_rng(seed)
    y = np.arange(m) % 3
    angle, radius = rng.uniform(0, 2 * np.pi, m), 1 + y + rng.normal(0, 0.4, m)
    return (np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]).astype(dtype), y


X32, Y = rings(160, 0, np.float32)
BATCH = 8
STEPS_OF_AN_EPOCH = len(X32) // BATCH


def start(make, *, seed=0, dtype=np.float32, hidden=16):
    network = MLP([2, hidden, 3], activation=ReLU, rng=np.random.default_rng(seed), dtype=dtype)
    return network, make(network.parameters())


def train(network, optimizer, *, steps, seed=0, **more):
    X = X32.astype(network.parameters()[0].value.dtype)
    settings = {
        "loss": softmax_cross_entropy,
        "batch_size": BATCH,
        "epochs": steps // STEPS_OF_AN_EPOCH,
    } | more
    return fit(network, X, Y, optimizer=optimizer, rng=np.random.default_rng(seed), **settings)


def every_array(network, optimizer):
    """Return all arrays that a training holds on to: weights, gradients, the optimizer's own."""
    state = {name: s for name, s in optimizer.state_dict().items() if name not in ("t", "lr")}
    scores = predict_scores(network, X32.astype(network.parameters()[0].value.dtype))
    loss, dscores = softmax_cross_entropy(scores, Y)
    assert isinstance(loss, float)
    weights = {f"weights {i}": p.value for i, p in enumerate(network.parameters())}
    gradients = {f"gradients {i}": p.grad for i, p in enumerate(network.parameters())}
    return {**weights, **gradients, **state, "scores": scores, "dscores": dscores, "loss": np.float64(loss)}


def digest(network, optimizer, history):
    """Return a checksum of every bit that a training leaves."""
    content = b"".join(a.tobytes() for a in every_array(network, optimizer).values())
    return hashlib.sha256(content + repr(sorted(history.metrics.items())).encode()).hexdigest()


# ------------------------------------------------------------------------------------------- 20,000 steps


def resident():
    """Return the memory that the system has given this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096


class Growth(Callback):
    """Takes note of memory: the process's over all steps, that of Python and NumPy over the last tenth."""

    def __init__(self, epochs):
        self.traced, self.resident = [], []
        self._epochs = epochs

    def on_epoch_end(self, epoch, logs):
        history = self.run.history
        if len(history) % (self._epochs // 10) == 0 and Path("/proc/self/statm").exists():
            gc.collect()
            self.resident.append(resident())
        if len(history) == self._epochs * 9 // 10:  # not from the start: it takes three times as long
            tracemalloc.start()
        elif tracemalloc.is_tracing():
            self.traced.append(tracemalloc.get_traced_memory()[0])


@pytest.mark.parametrize("name", FULLEST)
def test_twenty_thousand_steps_neither_grow_nor_drift(name):
    network, optimizer = start(OPTIMIZERS[name])
    growth = Growth(STEPS // STEPS_OF_AN_EPOCH)
    try:
        history = train(network, optimizer, steps=STEPS, callbacks=[growth], metrics={"accuracy": accuracy})
    finally:
        tracemalloc.stop()
    assert optimizer.t == STEPS
    # The history's own: two floats of 24 bytes an epoch, and their lists, counted when allocated again.
    epochs = len(growth.traced) - 5  # after a warm-up
    history_takes = 2 * (24 * epochs + 9 * len(history))
    steps = epochs * STEPS_OF_AN_EPOCH
    assert (
        growth.traced[-1] - growth.traced[4] < history_takes + 5 * steps
    )  # a number kept would be 24 a step
    # Memory of a process comes by the page: one array kept a step would be 20,000 times 64 bytes and more.
    assert not growth.resident or growth.resident[-1] - growth.resident[0] < 2**20

    for name, array in every_array(network, optimizer).items():
        assert array.dtype == (np.float64 if name == "loss" else np.float32), name
        assert np.isfinite(array).all(), name
    assert np.isfinite(history["loss"]).all()
    assert history["loss"][-1] < history["loss"][0]
    assert history["accuracy"][-1] > 0.7
    assert history.stop_reason == "finished"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_that_is_certain_of_all_stays_finite_for_twenty_thousand_steps(dtype):
    # Separable data: the loss goes to 0, the scores go up for ever, and Adam divides 0 by 0 and a little.
    X, y = np.repeat(np.eye(3, dtype=dtype) * 5, 4, axis=0), np.repeat(np.arange(3), 4)
    network = MLP([3, 8, 3], activation=ReLU, rng=np.random.default_rng(0), dtype=dtype)
    optimizer = Adam(network.parameters(), lr=0.05)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(network, X, y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=STEPS)
    assert history.stop_reason == "finished"
    assert history["loss"][-1] < 1e-6
    for p in network.parameters():
        assert p.value.dtype == p.grad.dtype == dtype
        assert np.isfinite(p.value).all()


def test_a_solved_regression_stays_solved():
    # At the minimum gradients are rounding errors, which the division in Adam makes large: they must not win.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(32, 3)).astype(np.float32)
    Y = X @ rng.normal(size=(3, 2)).astype(np.float32)
    for loss in (mean_squared_error, huber):
        network = MLP([3, 2], activation=ReLU, rng=np.random.default_rng(1), dtype=np.float32)
        optimizer = Adam(network.parameters(), lr=cosine(0.01, STEPS // 4))
        history = fit(network, X, Y, loss=loss, optimizer=optimizer, epochs=STEPS // 4)
        assert history["loss"][-1] < 1e-9
        assert network.parameters()[0].value.dtype == np.float32


# ------------------------------------------------------------------------------------------- the same again


def run(name, seed=0, dtype=np.float32):
    """Train with everything that chance or order may enter, and return the checksum."""
    network, optimizer = start(OPTIMIZERS[name], seed=seed, dtype=dtype, hidden=64)
    optimizer.lr = cosine(optimizer.lr, 400)
    history = train(
        network,
        optimizer,
        steps=400,
        seed=seed,
        validation=(X32.astype(dtype), Y),
        metrics={"accuracy": accuracy},
        sample_weight=np.linspace(0.5, 2, len(Y)),
    )
    return digest(network, optimizer, history)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_run_with_a_seed_gives_the_same_bits(dtype):
    for name in OPTIMIZERS:
        first = run(name, dtype=dtype)
        assert run(name, dtype=dtype) == first
        assert run(name, seed=1, dtype=dtype) != first


def test_a_fresh_process_gives_the_same_bits():
    # Another hash seed, another place in memory, and other modules imported before.
    program = "import test_soak\nfor name in test_soak.OPTIMIZERS: print(test_soak.run(name))"
    here = {name: run(name) for name in OPTIMIZERS}
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            timeout=300,
        )
        assert done.stdout.split() == list(here.values())


def test_the_global_generator_has_no_effect():
    np.random.seed(1)  # noqa: NPY002
    first = run("Adam")
    np.random.seed(2)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert run("Adam") == first
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


# ------------------------------------------------------------------------------------------- side by side


def in_threads(*tasks):
    """Call every task in a thread of its own, begun together; return the results, or raise."""
    barrier, results = threading.Barrier(len(tasks)), [None] * len(tasks)

    def work(i):
        barrier.wait()
        try:
            results[i] = tasks[i]()
        except BaseException as error:
            results[i] = error

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(tasks))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)  # five hundred times as many changes of thread as usual
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def test_two_networks_in_two_threads_learn_as_if_alone():
    for pair in (("Adam", "SGD with momentum"), ("AdamW", "RMSprop"), ("Adam", "Adam")):
        alone = [run(name, seed) for seed, name in enumerate(pair)]
        tasks = [functools.partial(run, name, seed) for seed, name in enumerate(pair)]
        assert in_threads(*tasks) == alone


def test_float32_and_float64_side_by_side():
    alone = [run("Adam", dtype=dtype) for dtype in (np.float32, np.float64)]
    tasks = [functools.partial(run, "Adam", dtype=dtype) for dtype in (np.float32, np.float64)]
    assert in_threads(*tasks) == alone


def test_a_divergence_in_one_thread_does_not_reach_the_other():
    # It warns, and suspends NumPy's own warnings while it computes: both are matters of its thread alone.
    def diverge():
        reasons = []
        for seed in range(20):
            network, optimizer = start(functools.partial(SGD, lr=1e30), seed=seed)
            reasons.append(train(network, optimizer, steps=400).stop_reason)
        return set(reasons), np.geterr()

    def learn():
        with np.errstate(all="raise"):  # the thread's own choice, which must still hold after fit
            return run("SGD"), np.geterr()

    alone, errors = run("SGD"), np.geterr()
    with pytest.warns(TrainingWarning):
        (reasons, errors_there), (bits, strict) = in_threads(diverge, learn)
    assert reasons == {"diverged"}
    assert bits == alone
    assert errors_there == np.geterr() == errors
    assert set(strict.values()) == {"raise"}


def test_files_and_progress_bars_side_by_side(tmp_path, capsys):
    def task(i):
        network, optimizer = start(OPTIMIZERS["Adam"], seed=i)
        path = tmp_path / f"{i}.npz"
        history = train(network, optimizer, steps=200, seed=i, callbacks=[Checkpoint(path), ProgressBar()])
        restored, other = start(OPTIMIZERS["Adam"], seed=99)
        back = load(path, restored, other)
        assert back == history or back.stop_reason == ""  # saved before the reason to stop was known
        np.testing.assert_array_equal(
            restored.parameters()[0].value, network.parameters()[0].value, strict=True
        )
        return True

    assert in_threads(*(functools.partial(task, i) for i in range(4))) == [True] * 4


def test_threads_may_save_the_same_file_and_leave_one_whole_one(tmp_path):
    networks = [start(OPTIMIZERS["Adam"], seed=i)[0] for i in range(4)]
    path = tmp_path / "shared.npz"

    def write(network):
        for _ in range(20):
            save(path, network)

    in_threads(*(functools.partial(write, network) for network in networks))
    restored, _ = start(OPTIMIZERS["Adam"], seed=9)
    load(path, restored)
    values = restored.parameters()[0].value
    assert any(np.array_equal(values, network.parameters()[0].value) for network in networks)
    assert [file.name for file in tmp_path.iterdir()] == ["shared.npz"]
