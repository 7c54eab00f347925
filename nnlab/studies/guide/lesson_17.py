"""Lines of a published guide that lesson 17 explains: time series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from nnlab import datasets
from nnlab.losses import mean_squared_error
from nnlab.optimizers import Adam
from nnlab.studies.experiments import Data, Experiment, Outcome, Report, Scale, no_data
from nnlab.studies.temperatures import lstm, mlp, rmse
from nnlab.training import fit, predict_scores

NOISE, STEP = 0.1, 0.1  # of the guide's series: sin(0, 0.1, 0.2, …) and normal noise
NETS = ("MLP", "LSTM")
TRAIN = 0.8  # the part of a series that is trained on, from its beginning


@dataclass(frozen=True)
class SeriesScale(Scale):
    """How much work: rows are values of a series, windows hold `length` of them."""

    length: int = 50
    hidden: int = 16
    rate: float = 0.003


# ---------------------------------------------------------------------------------------- series


def noisy_sine(m: int, rng: np.random.Generator) -> np.ndarray:
    """Return the guide's series: (m,)."""
    return np.sin(STEP * np.arange(m)) + NOISE * rng.normal(size=m)


def random_walk(m: int, rng: np.random.Generator) -> np.ndarray:
    """Return steps of mean zero, added up: (m,). No past helps to forecast the next step."""
    return np.cumsum(rng.normal(size=m))


def growth(m: int, rng: np.random.Generator) -> np.ndarray:
    """Return a series that grows by the same percentage in each step, with noise: (m,)."""
    return np.exp(4 * np.arange(m) / m) + NOISE * rng.normal(size=m)


def temperatures() -> Data:
    """Return the values of Melbourne's days, or of the embedded series."""
    series = datasets.load_temperatures()
    return (series.values,), series.source


def split_windows(series: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Return windows (k, length), the value after each (k,), and how many of them belong to training."""
    return sliding_window_view(series, length)[:-1], series[length:], int(TRAIN * len(series)) - length


def of_network(kind: str, X, y, m: int, scale: SeriesScale, seed: int) -> np.ndarray:
    """Train on the first m windows; return the forecasts of the others."""
    rng = np.random.default_rng(seed)
    if kind == "LSTM":
        network, X = lstm(1, scale.hidden, rng), X[:, :, None]
    else:
        network = mlp(X.shape[1], scale.hidden, rng)
    fit(
        network,
        X[:m],
        y[:m, None],
        loss=mean_squared_error,
        optimizer=Adam(network.parameters(), lr=scale.rate),
        epochs=scale.epochs,
        batch_size=32,
        rng=rng,
    )
    return predict_scores(network, X[m:])[:, 0]


# ---------------------------------------------------------------------------------------- the scaler


def change_by_leak(kind: str, series: np.ndarray, scale: SeriesScale, seed: int) -> float:
    """Return by how much the test MSE changes, in percent, if the scaler has seen the test part too."""
    X, y, m = split_windows(series, scale.length)
    squared = []
    for seen in (series[: int(TRAIN * len(series))], series):
        mean, std = seen.mean(), seen.std()
        scaled, targets = (X - mean) / std, (y - mean) / std
        if kind == "linear":
            forecast = LinearRegression().fit(scaled[:m], targets[:m]).predict(scaled[m:])
        else:
            forecast = of_network(kind, scaled, targets, m, scale, seed)
        squared.append((std * rmse(forecast - targets[m:])) ** 2)
    return 100 * (squared[1] / squared[0] - 1)


def skill_of_smoothed(series: np.ndarray, length: int, width: int = 5) -> tuple[float, float]:
    """Return the skill of a linear model against persistence: on the values, and on windows of means.

    Each mean is taken over `width` values around its place, so the last ones of a window contain the future.
    """
    half, skills = width // 2, []
    centered = sliding_window_view(np.pad(series, half, mode="edge"), width).mean(axis=1)
    X, y, m = split_windows(series, length)
    for inputs in (X, sliding_window_view(centered, length)[:-1]):
        forecast = LinearRegression().fit(inputs[:m], y[:m]).predict(inputs[m:])
        skills.append(1 - (rmse(y[m:] - forecast) / rmse(y[m:] - X[m:, -1])) ** 2)
    return skills[0], skills[1]


def scaled_before_split(values: np.ndarray, scale: SeriesScale, report: Report) -> Outcome:
    """Scale by the past alone or by everything, on series that stay where they are and one that does not."""
    measured: dict[str, list[float]] = {}
    skills = []
    for seed in range(scale.seeds):
        rng = np.random.default_rng(seed)
        made = {
            "sine with noise": noisy_sine(scale.rows, rng),
            "temperatures": values,
            "random walk": random_walk(scale.rows, rng),
            "growth": growth(scale.rows, rng),
        }
        for number, ((name, series), kind) in enumerate(
            (pair, kind) for pair in made.items() for kind in ("linear", *NETS)
        ):
            change = change_by_leak(kind, series, scale, seed)
            measured.setdefault(f"{name}, {kind}: change of the test MSE (%)", []).append(change)
            report((seed + (number + 1) / 12) / scale.seeds)
        skills.append(skill_of_smoothed(made["random walk"], scale.length))
    measured["random walk, linear: skill against persistence"] = [honest for honest, _ in skills]
    measured["the same, windows of centered means"] = [leaking for _, leaking in skills]
    still = np.concatenate([measured[_key(n, k)] for n in ("sine with noise", "temperatures") for k in NETS])
    exact = np.max(np.abs(measured[_key("temperatures", "linear")]))
    grown, (honest, leaking) = measured[_key("growth", "LSTM")], np.mean(skills, axis=0)
    shows = (
        f"Least squares does not care (at most {exact:.0g} %). On the two series that stay where they are, "
        f"the networks' test MSE changes by {min(still):+.1f} to {max(still):+.1f} %. On the one that grows, "
        f"the LSTM's changes by {min(grown):+.0f} to {max(grown):+.0f} %; the MLP's there, and both on the "
        f"random walk, go either way. Means of five values around each place, taken before the split, are "
        f"another matter: they lift the skill on a random walk from {honest:+.2f} to {leaking:+.2f}, "
        "where there is nothing to know."
    )
    return Outcome(measured, shows)


def _key(name: str, kind: str) -> str:
    return f"{name}, {kind}: change of the test MSE (%)"


# ---------------------------------------------------------------------------------------- a sine with noise


def sine_called_stock(scale: SeriesScale, report: Report) -> Outcome:
    """Judge persistence, a linear model and an LSTM by R² and by skill, on the sine and on a random walk."""
    r2: dict[str, list[float]] = {}
    skills: dict[str, list[float]] = {}
    kinds = {"sine": noisy_sine, "random walk": random_walk}
    for seed in range(scale.seeds):
        for number, (name, make) in enumerate(kinds.items()):
            series = make(scale.rows, np.random.default_rng(seed))
            X, y, m = split_windows(series, scale.length)
            mean, std = series[: m + scale.length].mean(), series[: m + scale.length].std()
            scaled, targets = (X - mean) / std, (y - mean) / std
            forecasts = {
                "persistence": X[m:, -1],
                "linear": LinearRegression().fit(X[:m], y[:m]).predict(X[m:]),
                "LSTM": mean + std * of_network("LSTM", scaled, targets, m, scale, seed),
            }
            if name == "sine":
                forecasts["the noise allows"] = np.sin(STEP * np.arange(scale.rows))[scale.length + m :]
            for who, forecast in forecasts.items():
                r2.setdefault(f"{name}, {who}: R²", []).append(float(r2_score(y[m:], forecast)))
                skill = 1 - (rmse(y[m:] - forecast) / rmse(y[m:] - X[m:, -1])) ** 2
                if who != "persistence":
                    skills.setdefault(f"{name}, {who}: skill against persistence", []).append(skill)
            report((seed + (number + 1) / 2) / scale.seeds)
    at = {key: np.mean(values) for key, values in {**r2, **skills}.items()}
    gained = {key.split(":")[0]: at[key] for key in skills}
    shows = (
        f"R² on the sine: persistence {at['sine, persistence: R²']:.3f}, least squares "
        f"{at['sine, linear: R²']:.3f}, LSTM {at['sine, LSTM: R²']:.3f}, and the noise allows "
        f"{at['sine, the noise allows: R²']:.3f}. On a random walk, which is nearer to a price, "
        f"repeating the last value has an R² of {at['random walk, persistence: R²']:.3f} too. The skill "
        f"against it is {gained['random walk, linear']:+.2f} there for least squares and "
        f"{gained['random walk, LSTM']:+.2f} for the LSTM; on the sine {gained['sine, linear']:+.2f} and "
        f"{gained['sine, LSTM']:+.2f}."
    )
    return Outcome({**r2, **skills}, shows)


# ---------------------------------------------------------------------------------------- the average loss


def guides_average(losses: np.ndarray, batch_size: int, m: int) -> float:
    """Return Σ loss · batch size / rows, as the guide does, whatever the last batch holds."""
    return float(losses.sum() * batch_size / m)


def average_loss(scale: SeriesScale, report: Report) -> Outcome:
    """Average the losses of batches in the guide's way, of as many rows as a last batch can be short."""
    batch, measured = 32, {}
    for m in (1024, 1000, 993, 65, 33):
        off = []
        for seed in range(scale.seeds):
            of_rows = np.random.default_rng(seed).normal(size=m) ** 2
            losses = np.array([of_rows[i : i + batch].mean() for i in range(0, m, batch)])
            off.append(100 * (guides_average(losses, batch, m) / of_rows.mean() - 1))
        measured[f"{m} rows, last batch of {(m - 1) % batch + 1}: error (%)"] = off
    report(1.0)
    short = {key.split(":")[0]: np.mean(off) for key, off in list(measured.items())[1:]}
    told = ", ".join(f"{off:+.1f} % ({name})" for name, off in short.items())
    shows = (
        f"Where the batch size divides the rows, it is right. Elsewhere the last batch counts as if it were "
        f"full: {told}, on average over the seeds. Weight each batch by its own rows."
    )
    return Outcome(measured, shows)


EXPERIMENTS = [
    Experiment(
        "scaled-before-split",
        "The series is scaled before it is split",
        "mean and standard deviation of the first 80 % or of everything; windows of {length}, least squares, "
        "an MLP and an LSTM of {hidden} units, Adam at {rate}, {epochs} epochs; the temperatures, and three "
        "made series of {rows} values; {seeds} seeds",
        "the whole series goes through the scaler, then it is split",
        temperatures,
        scaled_before_split,
        full=SeriesScale(seeds=5, epochs=20, rows=1000, length=10),
        quick=SeriesScale(seeds=2, epochs=3, rows=400, length=10),
    ),
    Experiment(
        "sine-called-stock",
        "A sine with noise that is called a stock price",
        f"sin(0, {STEP}, …) with noise of {NOISE}, and a random walk, {{rows}} values each, the last 20 % "
        "for testing; windows of {length}, an LSTM of {hidden} units, Adam at {rate}, {epochs} epochs; "
        "{seeds} seeds",
        "judged by MSE and R², without a baseline",
        no_data,
        sine_called_stock,
        full=SeriesScale(seeds=5, epochs=30, rows=1000, length=50),
        quick=SeriesScale(seeds=2, epochs=3, rows=400, length=20),
    ),
    Experiment(
        "average-loss",
        "The average loss of an epoch",
        "the losses of batches of 32, averaged in the guide's way and row by row; losses drawn as squares of "
        "normal numbers; {seeds} seeds",
        "average loss = total · batch size / rows",
        no_data,
        average_loss,
        full=SeriesScale(seeds=20),
    ),
]
