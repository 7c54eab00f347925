"""What recurrent networks learn of sequences: the first of many entries, and the digits in curves.

`python -m nnlab.studies.sequences` trains the networks of lesson 14 on the curves for longer than a lesson
may, each at its own best rate.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nnlab import datasets
from nnlab.layers import GRU, MLP, RNN, Flatten, LastStep, Layer, Linear, ReLU, Sequential
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import Adam, Optimizer
from nnlab.schedules import cosine
from nnlab.studies.experiments import figure
from nnlab.training import fit, predict_scores

Part = tuple[np.ndarray, np.ndarray]  # sequences (m, T, n) and their labels (m,)
Make = Callable[[np.random.Generator], Layer]
HELD_OUT = 1000  # sequences to choose by, and as many to report on
BATCH = 32


@dataclass(frozen=True)
class Task:
    """Sequences to train on, others to choose by, others to report on."""

    train: Part
    validation: Part
    test: Part

    @classmethod
    def cut(cls, X: np.ndarray, y: np.ndarray) -> Task:
        """Keep the last two thousand for validation and test."""
        parts = slice(-2 * HELD_OUT), slice(-2 * HELD_OUT, -HELD_OUT), slice(-HELD_OUT, None)
        train, validation, test = ((X[part], y[part]) for part in parts)
        return cls(train, validation, test)


def curves(m: int, seed: int, per_step: int = 1) -> Task:
    """Return m curves of MNIST-1D to train on, as sequences of 40 / per_step steps of per_step points."""
    X, y = datasets.make_mnist1d(m + 2 * HELD_OUT, rng=np.random.default_rng(seed), dtype=np.float32)
    return Task.cut(X.reshape(len(X), -1, per_step), y)


def first_of(m: int, seed: int, T: int) -> Task:
    """Return m sequences of T steps to train on: a first entry of ±1, which is the label, and then noise."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m + 2 * HELD_OUT, T, 1)).astype(np.float32)
    y = rng.integers(0, 2, len(X))
    X[:, 0, 0] = 2 * y - 1
    return Task.cut(X, y)


def reader(kind: type[RNN | GRU], n_in: int, n_hidden: int, n_out: int, rng: np.random.Generator) -> Layer:
    """Return a recurrent layer, its last state, and a linear layer to the scores."""
    recurrent = kind(n_in, n_hidden, rng=rng, dtype=np.float32)
    return Sequential(recurrent, LastStep(), Linear(n_hidden, n_out, rng=rng, dtype=np.float32))


def accuracies(
    make: Make, task: Task, optimizer: Callable[[list], Optimizer], *, epochs: int, seed: int
) -> np.ndarray:
    """Train a network, and return its accuracies in validation and test, in percent."""
    rng = np.random.default_rng(seed)
    network, (X, y) = make(rng), task.train
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a divergence is a result here: that of the weights it leaves
        fit(
            network,
            X,
            y,
            loss=softmax_cross_entropy,
            optimizer=optimizer(network.parameters()),
            epochs=epochs,
            batch_size=BATCH,
            rng=rng,
        )
    parts = task.validation, task.test
    return np.array([100 * accuracy(predict_scores(network, X), y) for X, y in parts])


# ---------------------------------------------------------------------------------------- curves

RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)


def dense(rng: np.random.Generator) -> Layer:
    """Return the dense network of lesson 11."""
    return Sequential(Flatten(), MLP([40, 100, 100, 10], activation=ReLU, rng=rng, dtype=np.float32))


READERS: dict[str, tuple[Make, int]] = {  # the network, and how many points it gets in each step
    "dense": (dense, 1),
    "RNN, 1 point a step": (lambda rng: reader(RNN, 1, 64, 10, rng), 1),
    "RNN, 4 points a step": (lambda rng: reader(RNN, 4, 64, 10, rng), 4),
    "GRU, 4 points a step": (lambda rng: reader(GRU, 4, 64, 10, rng), 4),
    "GRU, 1 point a step": (lambda rng: reader(GRU, 1, 64, 10, rng), 1),
}


def on_curves(
    names: Sequence[str], *, m: int = 4000, epochs: int = 20, seeds: int = 3
) -> dict[str, tuple[float, list[float]]]:
    """Return the rate that validation chooses for each network, and its test accuracies, one per seed.

    Adam, the gradient's norm at most 1, and a rate that sinks to zero along a cosine.
    """
    found = {}
    for name in names:
        make, per_step = READERS[name]
        table = np.empty((len(RATES), seeds, 2))
        for i, seed in np.ndindex(table.shape[:2]):
            rate = cosine(RATES[i], epochs * -(-m // BATCH))
            table[i, seed] = accuracies(
                make,
                curves(m, seed, per_step),
                lambda parameters, rate=rate: Adam(parameters, rate, clip_norm=1.0),  # type: ignore[misc]
                epochs=epochs,
                seed=seed,
            )
        best = int(table[:, :, 0].mean(axis=1).argmax())
        found[name] = RATES[best], table[best, :, 1].tolist()
    return found


def table(found: Mapping[str, tuple[float, list[float]]]) -> str:
    """Return results as a table in Markdown: mean and standard deviation over the seeds."""
    rows = [f"| {name} | {rate:g} | {figure(tests)} |" for name, (rate, tests) in found.items()]
    return "\n".join(["| network | best rate | test accuracy (%) |", "|---|---:|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the networks on the curves, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m nnlab.studies.sequences", description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=4000)
    chosen = parser.parse_args(arguments)
    print(table(on_curves(list(READERS), m=chosen.rows, epochs=chosen.epochs, seeds=chosen.seeds)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
