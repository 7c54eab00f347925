"""Networks beside a linear model on a series of temperatures, over seeds; lesson 17 explains it.

    python -m nnlab.studies.temperatures               # one split and five tenths in turn
    python -m nnlab.studies.temperatures --seeds 2     # a first look

It runs on Melbourne's daily minima where they are found, else on the embedded series, and prints tables in
Markdown; docs/results.md has both.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.linear_model import LinearRegression

from nnlab import datasets
from nnlab.layers import LSTM, MLP, LastStep, Layer, Linear, ReLU, Sequential
from nnlab.losses import mean_squared_error
from nnlab.optimizers import Adam
from nnlab.studies.experiments import figure
from nnlab.training import EarlyStopping, fit, predict_scores

LENGTHS, SIZES, RATES = (7, 14), (8, 16, 32), (0.001, 0.003, 0.01, 0.03)
SWEEP_SEEDS = 5  # at most, for each of these settings; the best then runs with all seeds
N_HARMONICS, BLOCK, REPEATS = 2, 14, 2000
FEWEST = 144  # test values: fewer tell little
FOLDS = 5
REFERENCE = "AR(7), season"
Setting = tuple[int, int, float]  # window length, hidden units, learning rate

# ---------------------------------------------------------------------------------------- the task


def season(dates: np.ndarray, n: int = N_HARMONICS) -> np.ndarray:
    """Return cos 2πku and sin 2πku, k = 1 … n, of the date u in years: (m, 2n)."""
    years = (dates - np.datetime64("2000-01-01")) / np.timedelta64(1, "D") / 365.25
    turns = 2 * np.pi * np.outer(years, range(1, n + 1))
    return np.hstack([np.cos(turns), np.sin(turns)])


class Task:
    """Windows of a series, their targets one step later, and three parts in time.

    start: the place in the series where validation begins; stop: where the test ends. size: values in each of
    validation and test. The scale comes from before `start`. A window may reach back into an earlier part.
    """

    def __init__(self, values: np.ndarray, dates: np.ndarray, length: int, start: int, size: int):
        past = values[:start]
        self.mean, self.std, self.length = past.mean(), past.std(), length
        scaled = (values - self.mean) / self.std
        self.X, self.y = sliding_window_view(scaled, length)[:-1], scaled[length:]
        of_each = season(dates)
        self.season = of_each[length:]  # of the target's date, which the calendar tells
        along = sliding_window_view(of_each[1:], length, axis=0).transpose(0, 2, 1)
        self.sequences = self.X[:, :, None]
        self.sequences_with_season = np.concatenate([self.sequences, along], axis=2)
        at = start - length
        self.train, self.validation = slice(0, at), slice(at, at + size)
        self.test = slice(at + size, at + 2 * size)

    def degrees(self, scaled: np.ndarray) -> np.ndarray:
        """Return scaled values in degrees."""
        return self.mean + self.std * scaled


def rmse(errors: np.ndarray) -> float:
    """Return the root of the mean of the squares."""
    return float(np.sqrt(np.mean(np.square(errors))))


# ---------------------------------------------------------------------------------------- forecasters


@dataclass(frozen=True)
class Network:
    """How a network is made: inputs of a task, and (number of inputs, hidden units, rng) -> layers."""

    inputs: Callable[[Task], np.ndarray]
    make: Callable[[int, int, np.random.Generator], Layer]


def mlp(n_in: int, n_hidden: int, rng: np.random.Generator) -> Layer:
    """Return a network with one hidden layer, for rows."""
    return MLP([n_in, n_hidden, 1], activation=ReLU, rng=rng)


def lstm(n_in: int, n_hidden: int, rng: np.random.Generator) -> Layer:
    """Return an LSTM whose last state is read, for sequences."""
    return Sequential(LSTM(n_in, n_hidden, rng=rng), LastStep(), Linear(n_hidden, 1, rng=rng))


def rows_with_season(task: Task) -> np.ndarray:
    """Return the windows beside the season of their targets."""
    return np.hstack([task.X, task.season])


NETWORKS = {
    "MLP": Network(lambda task: task.X, mlp),
    "MLP, season": Network(rows_with_season, mlp),
    "LSTM": Network(lambda task: task.sequences, lstm),
    "LSTM, season": Network(lambda task: task.sequences_with_season, lstm),
}


def trained(network: Network, task: Task, n_hidden: int, rate: float, seed: int, epochs: int) -> np.ndarray:
    """Train with early stopping on the validation part; return the forecasts of all windows, in degrees."""
    rng, X = np.random.default_rng(seed), network.inputs(task)
    layers = network.make(X.shape[-1], n_hidden, rng)
    fit(
        layers,
        X[task.train],
        task.y[task.train, None],
        loss=mean_squared_error,
        optimizer=Adam(layers.parameters(), lr=rate),
        epochs=epochs,
        batch_size=32,
        rng=rng,
        validation=(X[task.validation], task.y[task.validation, None]),
        callbacks=[EarlyStopping(patience=8)],
    )
    return task.degrees(predict_scores(layers, X)[:, 0])


def linear(task: Task, inputs: np.ndarray) -> np.ndarray:
    """Return the forecasts of least squares, in degrees; the training part alone is seen."""
    model = LinearRegression().fit(inputs[task.train], task.y[task.train])
    return task.degrees(model.predict(inputs))


def baselines(values: np.ndarray, dates: np.ndarray, start: int, size: int) -> dict[str, np.ndarray]:
    """Return the errors (2, size) on validation and test of what needs no network, by name."""
    errors = {}
    for name, length, inputs in (
        ("persistence", 1, None),
        ("season", 1, lambda task: task.season),
        ("AR(3)", 3, lambda task: task.X),
        ("AR(7), season", 7, rows_with_season),
    ):
        task = Task(values, dates, length, start, size)
        forecast = task.degrees(task.X[:, -1]) if inputs is None else linear(task, inputs(task))
        errors[name] = _errors(task, forecast)
    return errors


def _errors(task: Task, forecast: np.ndarray) -> np.ndarray:
    missed = forecast - task.degrees(task.y)
    return np.array([missed[task.validation], missed[task.test]])


# ---------------------------------------------------------------------------------------- comparing


def block_bootstrap(values: np.ndarray, block: int, repeats: int, rng: np.random.Generator) -> np.ndarray:
    """Return the means of `repeats` series that are put together from blocks of neighbors: (repeats,).

    Blocks may begin anywhere and go on at the start where they reach the end (Politis and Romano, 1992).
    """
    m = len(values)
    starts = rng.integers(m, size=(repeats, -(-m // block), 1))
    places = (starts + np.arange(block)).reshape(repeats, -1)[:, :m] % m
    return values[places].mean(axis=1)


def interval(values: np.ndarray, block: int = BLOCK) -> tuple[float, float]:
    """Return where the mean lies in 95 of 100 draws of blocks."""
    means = block_bootstrap(values, block, REPEATS, np.random.default_rng(0))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def split(n: int) -> tuple[int, int]:
    """Return where validation begins, and the size of validation and of test."""
    size = max(n // 10, FEWEST)
    return n - 2 * size, size


# ---------------------------------------------------------------------------------------- the study


def runs(name: str, task: Task, setting: Setting, seeds: int, epochs: int) -> np.ndarray:
    """Return the errors (seeds, 2, size) of a network on validation and test."""
    _, n_hidden, rate = setting
    forecasts = [trained(NETWORKS[name], task, n_hidden, rate, seed, epochs) for seed in range(seeds)]
    return np.array([_errors(task, forecast) for forecast in forecasts])


def best_setting(values, dates, name: str, seeds: int, epochs: int) -> Setting:
    """Return the window length, size and rate with the lowest mean validation error."""
    start, size = split(len(values))
    found = {}
    for setting in product(LENGTHS, SIZES, RATES):
        task = Task(values, dates, setting[0], start, size)
        errors = runs(name, task, setting, min(seeds, SWEEP_SEEDS), epochs)
        found[setting] = float(np.mean(errors[:, 0] ** 2))
    return min(found, key=found.__getitem__)


def in_turn(values, dates, settings, seeds: int, epochs: int) -> dict[str, np.ndarray]:
    """Return errors (runs, 5, n // 10): the last five tenths are test in turn, the tenth before validation.

    Everything is trained on what lies before; a baseline has one run.
    """
    size = len(values) // 10
    found: dict[str, list] = {}
    for fold in range(FOLDS, 0, -1):
        stop = len(values) - (fold - 1) * size
        start = stop - 2 * size
        for name, errors in baselines(values[:stop], dates[:stop], start, size).items():
            found.setdefault(name, []).append(errors[None, 1])
        for name, setting in settings.items():
            task = Task(values[:stop], dates[:stop], setting[0], start, size)
            found.setdefault(name, []).append(runs(name, task, setting, seeds, epochs)[:, 1])
    return {name: np.stack(errors, axis=1) for name, errors in found.items()}


def beside(errors: np.ndarray, reference: np.ndarray) -> str:
    """Return the change of the mean squared error against a reference in percent, and its interval.

    errors: (runs, m), squared and averaged over the runs; reference: (m,).
    """
    difference = np.mean(errors**2, axis=0) - reference**2
    scale = 100 / np.mean(reference**2)
    low, high = interval(scale * difference)
    return f"{scale * difference.mean():+.1f} ({low:+.1f} to {high:+.1f})"


def study(values: np.ndarray, dates: np.ndarray, seeds: int, epochs: int) -> str:
    """Run everything and return two tables in Markdown."""
    start, size = split(len(values))
    base = baselines(values, dates, start, size)
    reference = base[REFERENCE][1]
    lines = [
        "| forecaster | window, units, rate | RMSE, validation | RMSE, test | "
        f"MSE on test against {REFERENCE} (%) |",
        "|---|---|---:|---:|---:|",
    ]
    for name, errors in base.items():
        told = " | ".join(f"{rmse(part):.3f}" for part in errors)
        lines.append(f"| {name} | | {told} | {beside(errors[None, 1], reference)} |")
    settings = {}
    for name in NETWORKS:
        settings[name] = best_setting(values, dates, name, seeds, epochs)
        task = Task(values, dates, settings[name][0], start, size)
        errors = runs(name, task, settings[name], seeds, epochs)
        told = " | ".join(figure([rmse(run) for run in errors[:, part]]) for part in (0, 1))
        setting = "{}, {}, {}".format(*settings[name])
        lines.append(f"| {name} | {setting} | {told} | {beside(errors[:, 1], reference)} |")
        mean = errors.mean(axis=0)
        told = " | ".join(f"{rmse(part):.3f}" for part in mean)
        lines.append(f"| the mean of its {seeds} forecasts | | {told} | {beside(mean[None, 1], reference)} |")
    return "\n".join([*lines, "", *_turns(values, dates, settings, seeds, epochs)])


def _turns(values, dates, settings: dict[str, Setting], seeds: int, epochs: int) -> list[str]:
    turns = in_turn(values, dates, settings, seeds, epochs)
    reference = turns[REFERENCE].ravel()
    lines = [f"| forecaster | RMSE, five tenths in turn | MSE against {REFERENCE} (%) |", "|---|---|---:|"]
    for name, errors in turns.items():
        each = ", ".join(f"{rmse(errors[:, fold]):.3f}" for fold in range(FOLDS))
        lines.append(f"| {name} | {each} | {beside(errors.reshape(len(errors), -1), reference)} |")
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study, and print its tables."""
    parser = argparse.ArgumentParser(
        prog="python -m nnlab.studies.temperatures",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=60)
    chosen = parser.parse_args(arguments)
    series = datasets.load_temperatures()
    print(f"{series.source}\n")
    print(study(series.values, series.dates, chosen.seeds, chosen.epochs))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
