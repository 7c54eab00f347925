"""Lines of a published guide that lesson 15 explains: gated networks."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.datasets import Digits, make_mnist1d
from nnlab.layers import (
    LSTM,
    MLP,
    Bidirectional,
    Embedding,
    LastStep,
    Layer,
    Linear,
    Sequential,
    Sigmoid,
)
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import Adam
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, no_data, small_digits
from nnlab.studies.memory import Cell, at_its_best
from nnlab.training import fit, predict_scores

BATCH = 32
RATES = (0.003, 0.01, 0.03, 0.1)


@dataclass(frozen=True)
class SequenceScale(Scale):
    """How much work: `steps` are batches where every batch is new; length: of the sequences."""

    steps: int = 300
    length: int = 40


def best(tried: dict[float, list[tuple[float, float]]]) -> tuple[float, list[float]]:
    """Return the rate with the best mean of the first numbers, which choose, and its second ones."""
    rate = max(tried, key=lambda r: statistics.fmean(chooses for chooses, _ in tried[r]))
    return rate, [tells for _, tells in tried[rate]]


def parts(tasks: Sequence[Any], report: Report) -> Iterable[Any]:
    """Yield the tasks, and report after each what part is done."""
    for number, task in enumerate(tasks):
        yield task
        report((number + 1) / len(tasks))


# ---------------------------------------------------------------------------------------- where to read


class BothEnds(Layer):
    """The first half of the features at the last step beside the second half at the first step.

    X: (m, T, 2n) -> Y: (m, 2n): what each half of a bidirectional layer knows when it has read everything.
    """

    axes = ("m", "T", "n")

    def _forward(self, X):
        n = X.shape[-1] // 2
        return np.concatenate([X[:, -1, :n], X[:, 0, n:]], axis=1)

    def _backward(self, dY, X, Y):
        n, dX = X.shape[-1] // 2, np.zeros_like(X)
        dX[:, -1, :n], dX[:, 0, n:] = dY[:, :n], dY[:, n:]
        return dX


READ: dict[str, Callable[[], Layer]] = {"last position": LastStep, "both ends": BothEnds}


def reader(read: str, n_in: int, rng: np.random.Generator) -> Sequential:
    """Return two LSTMs of 16 cells that read in both directions, and a head of ten scores."""
    layers = (LSTM(n_in, 16, rng=rng, dtype=np.float32) for _ in range(2))
    return Sequential(Bidirectional(*layers), READ[read](), Linear(32, 10, rng=rng, dtype=np.float32))


def steps_seen(T: int, seed: int) -> tuple[int, int]:
    """Return on how many steps each half of a bidirectional layer depends at the last position."""
    rng = np.random.default_rng(seed)
    layer = Bidirectional(LSTM(3, 4, rng=rng), LSTM(3, 4, rng=rng))
    Y = layer.forward(rng.normal(size=(2, T, 3)))
    seen = []
    for half in (slice(0, 4), slice(4, 8)):
        dY = np.zeros_like(Y)
        dY[:, -1, half] = 1
        seen.append(int(np.count_nonzero(np.abs(layer.backward(dY)).sum(axis=(0, 2)))))
    return seen[0], seen[1]


def last_position(scale: SequenceScale, report: Report) -> Outcome:
    """Read curves in both directions, and classify by the last position or by both ends."""
    _, seen = steps_seen(scale.length, 0)
    tried: dict[str, dict[float, list[tuple[float, float]]]] = {
        read: {rate: [] for rate in RATES} for read in READ
    }
    tasks = [(read, rate, seed) for read in READ for rate in RATES for seed in range(scale.seeds)]
    for read, rate, seed in parts(tasks, report):
        rng = np.random.default_rng(seed)
        X, y = make_mnist1d(scale.rows + 1500, length=scale.length, rng=rng, dtype=np.float32)
        cut, end = scale.rows, scale.rows + 500
        network = reader(read, 1, rng)
        adam = Adam(network.parameters(), rate, clip_norm=1.0)
        fit(
            network,
            X[:cut, :, None],
            y[:cut],
            loss=softmax_cross_entropy,
            optimizer=adam,
            epochs=scale.epochs,
            batch_size=BATCH,
            rng=rng,
        )
        scores = predict_scores(network, X[cut:, :, None])
        tried[read][rate].append((accuracy(scores[:500], y[cut:end]), accuracy(scores[500:], y[end:])))
    measured: dict[str, Any] = {"steps that the backward half depends on at the last position": float(seen)}
    told = {}
    for read in READ:
        rate, told[read] = best(tried[read])
        measured[f"test accuracy, {read}"] = told[read]
        measured[f"rate chosen, {read}"] = rate
    gain = 100 * np.subtract(told["both ends"], told["last position"])
    shows = (
        f"At the last position the backward half depends on {seen} of {scale.length} steps. Read there, the "
        f"network is right on {np.mean(told['last position']):.1%} of new curves, and on "
        f"{np.mean(told['both ends']):.1%} where each half is read at its own end: "
        f"{gain.mean():+.1f} ± {gain.std(ddof=1):.1f} points, each at its best rate."
    )
    return Outcome(measured, shows)


# ---------------------------------------------------------------------------------------- sigmoid twice


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return σ(x)."""
    return 1 / (1 + np.exp(-x))


def sigmoid_derivative(x: np.ndarray) -> np.ndarray:
    """Return the guide's slope, whose docstring says of x: already passed through sigmoid."""
    s = sigmoid(x)
    return s * (1 - s)


class SigmoidTwice(Sigmoid):
    """A sigmoid layer whose backward pass believes that docstring: it hands over its output."""

    def _backward(self, dY, X, Y):
        return dY * sigmoid_derivative(Y)


def gradient_error(depth: int, X: np.ndarray, y: np.ndarray, seed: int) -> float:
    """Return the relative error of the first layer's gradient, in a network of `depth` sigmoid layers."""
    gradients = []
    for activation in (Sigmoid, SigmoidTwice):
        network = MLP([X.shape[1], *[32] * depth, 10], activation=activation, rng=np.random.default_rng(seed))
        network.backward_parameters(softmax_cross_entropy(network.forward(X), y)[1])
        gradients.append(np.asarray(network.parameters()[0].grad))
    right, wrong = gradients
    return float(np.linalg.norm(wrong - right) / np.linalg.norm(right))


def sigmoid_twice(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Compare slopes, gradients before and after training, and what is learned."""
    m = scale.rows
    X, y, X_val, y_val = digits.X[:m], digits.y[:m], digits.X[m : m + 300], digits.y[m : m + 300]
    kinds = {"right": Sigmoid, "applied twice": SigmoidTwice}
    tried: dict[str, dict[float, list[tuple[float, float]]]] = {
        name: {rate: [] for rate in RATES} for name in kinds
    }
    tasks = [(name, rate, seed) for name in kinds for rate in RATES for seed in range(scale.seeds)]
    for name, rate, seed in parts(tasks, report):
        rng = np.random.default_rng(seed)
        network = MLP([X.shape[1], 32, 32, 10], activation=kinds[name], rng=rng)
        adam = Adam(network.parameters(), rate)
        settings: Any = {"loss": softmax_cross_entropy, "optimizer": adam, "batch_size": BATCH, "rng": rng}
        fit(network, X, y, epochs=scale.epochs, **settings)
        chooses, tells = (
            accuracy(predict_scores(network, A), b)
            for A, b in ((X_val, y_val), (digits.X_test, digits.y_test))
        )
        tried[name][rate].append((chooses, tells))
    shut = sigmoid(np.array(-5.0))
    factor = float(sigmoid_derivative(shut) / (shut * (1 - shut)))
    measured: dict[str, Any] = {"slope at −5, times the true one": factor}
    off = {d: [gradient_error(d, X, y, seed) for seed in range(scale.seeds)] for d in (1, 2, 4)}
    for depth, errors in off.items():
        measured[f"relative error of the first layer's gradient, sigmoid layers: {depth}"] = errors
    told = {}
    for name in kinds:
        rate, told[name] = best(tried[name])
        measured[f"test accuracy, sigmoid {name}"] = told[name]
        measured[f"rate chosen, sigmoid {name}"] = rate
    gap = 100 * np.subtract(told["applied twice"], told["right"])
    shows = (
        f"Believed, the docstring makes every slope about 0.2; at −5 that is {factor:.0f} times the true "
        "one. In a new network the first layer's gradient is off by "
        f"{', '.join(f'{np.mean(errors):.0%}' for errors in off.values())} with {', '.join(map(str, off))} "
        "sigmoid layers. Trained all the same, with two of them the test accuracy changes by "
        f"{gap.mean():+.1f} ± {gap.std(ddof=1):.1f} points, each at its best rate. Nothing "
        "fails, and only a gradient check says why."
    )
    return Outcome(measured, shows)


# ---------------------------------------------------------------------------------------- expressive

A, B, PAD = 0, 1, 2
IGNORED = -1
NEAR, FAR = (
    5,
    3,
)  # so many numbers beyond training help to choose; tested up to so many times training's largest


def counting(numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return tokens (m, T) of n times a, n times b, and labels (m, T): 1 at the last b, 0 before it.

    What follows the end is padding, whose labels are IGNORED.
    """
    T = 2 * max(numbers)
    tokens, labels = np.full((len(numbers), T), PAD), np.full((len(numbers), T), IGNORED)
    for row, n in enumerate(numbers):
        tokens[row, : 2 * n] = np.repeat([A, B], n)
        labels[row, : 2 * n] = np.arange(2 * n) == 2 * n - 1
    return tokens, labels


def counts(network: Layer, numbers: Sequence[int]) -> float:
    """Return the share of numbers for which the network is right at every step."""
    tokens, labels = counting(numbers)
    right = (network.forward(tokens).argmax(axis=-1) == labels) | (labels == IGNORED)
    return float(right.all(axis=1).mean())


def counter(cell: Cell, rate: float, seed: int, steps: int, most: int) -> Sequential:
    """Train a network to say after each letter whether aⁿbⁿ ends here, for n = 1 … most in every batch."""
    rng = np.random.default_rng(seed)
    layers = Embedding(3, 2, rng=rng), cell.layer(2, 8, rng), Linear(8, 2, rng=rng)
    network = Sequential(*layers)
    optimizer = Adam(network.parameters(), rate, clip_norm=1.0)
    tokens, labels = counting(range(1, most + 1))
    for _ in range(steps):
        _, dscores = softmax_cross_entropy(network.forward(tokens), labels, ignore_index=IGNORED)
        network.backward_parameters(dscores)
        optimizer.step()
    return network


STARTS = {"GRU": (Cell("GRU"), Cell("GRU", 3)), "LSTM": (Cell("LSTM"), Cell("LSTM", 5))}


def less_expressive(scale: SequenceScale, report: Report) -> Outcome:
    """Let GRU and LSTM count beyond what they were trained on, and recall, each at its best setting."""
    most = scale.length // 2
    known = range(1, most + 1)
    near, beyond = range(most + 1, most + NEAR + 1), range(most + NEAR + 1, FAR * most + 1)
    measured: dict[str, Any] = {}
    counted: dict[str, list[float]] = {}
    remembered: dict[str, list[float]] = {}
    for name, cells in parts(list(STARTS.items()), report):
        tried: dict[tuple[Cell, float], list[tuple[float, float, float]]] = {}
        for cell, rate, seed in itertools.product(cells, RATES, range(scale.seeds)):
            network = counter(cell, rate, seed, scale.steps, most)
            tried.setdefault((cell, rate), []).append(
                (
                    counts(network, known) + counts(network, near),
                    counts(network, known),
                    counts(network, beyond),
                )
            )
        chosen = max(tried, key=lambda key: statistics.fmean(run[0] for run in tried[key]))
        counted[name] = [run[2] for run in tried[chosen]]
        measured[f"numbers trained on that are right, {name}"] = [run[1] for run in tried[chosen]]
        measured[f"larger numbers that are right, {name}"] = counted[name]
        measured[f"rate chosen for counting, {name}"] = chosen[1]
        measured[f"bias of the keeping gate chosen for counting, {name}"] = chosen[0].keep or 0.0
        best_runs = max(
            (
                at_its_best(
                    cell, scale.length, rates=RATES, seeds=range(scale.seeds), steps=scale.steps // 4
                )[1]
                for cell in cells
            ),
            key=lambda runs: statistics.fmean(r.chooses for r in runs),
        )
        remembered[name] = [run.tells for run in best_runs]
        measured[f"recall over {scale.length} steps, {name}"] = remembered[name]
    gain = 100 * np.subtract(counted["LSTM"], counted["GRU"])
    recall = 100 * np.subtract(remembered["LSTM"], remembered["GRU"])
    shows = (
        f"Trained to count to {most}, the GRU is right for {np.mean(counted['GRU']):.0%} of the numbers from "
        f"{beyond[0]} to {beyond[-1]}, the LSTM for {np.mean(counted['LSTM']):.0%} ({gain.mean():+.0f} ± "
        f"{gain.std(ddof=1):.0f} points); recall over {scale.length} steps differs by {recall.mean():+.1f} ± "
        f"{recall.std(ddof=1):.1f}. Each at its best setting."
    )
    return Outcome(measured, shows)


EXPERIMENTS = [
    Experiment(
        "bidirectional-last",
        "A bidirectional LSTM read at the last position",
        "two LSTMs of 16 cells on {rows} curves of {length} points (MNIST-1D), Adam, batch 32, {epochs} "
        "epochs, {seeds} seeds; the best of four rates by 500 curves, told by 1000 others",
        "a bidirectional LSTM, of whose output the last position is taken",
        no_data,
        last_position,
        full=SequenceScale(seeds=3, epochs=10, rows=2000),
        quick=SequenceScale(seeds=2, epochs=1, rows=100),
    ),
    Experiment(
        "sigmoid-applied-twice",
        "The slope of a sigmoid, with the sigmoid applied again",
        "two sigmoid layers of 32 on {rows} digits, Adam, batch 32, {epochs} epochs, {seeds} seeds; the best "
        "of four rates by 300 other training images",
        "“x: already passed through sigmoid” in the docstring, and s = sigmoid(x) in the code",
        small_digits,
        sigmoid_twice,
        full=Scale(seeds=5, epochs=20, rows=1000),
        quick=Scale(seeds=2, epochs=2, rows=200),
    ),
    Experiment(
        "gru-less-expressive",
        "Is the GRU less expressive?",
        "8 units that say where aⁿbⁿ ends, trained on all n up to half of {length} in {steps} full batches, "
        "tested on n up to three times as large; recall (16 units) over {length} steps in a quarter as many "
        "batches; four rates and two biases of the keeping gate (as drawn; 3 for z, 5 for f), {seeds} seeds",
        "GRU is less expressive than LSTM",
        no_data,
        less_expressive,
        full=SequenceScale(seeds=5, steps=1000, length=40),
        quick=SequenceScale(seeds=2, steps=8, length=8),
    ),
]
