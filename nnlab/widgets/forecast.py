"""The forecast explorer: how far ahead does a window of the past see, and does a hidden layer help?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlab._check import check_array, check_number
from nnlab.layers import MLP, ReLU
from nnlab.losses import mean_squared_error
from nnlab.optimizers import Adam
from nnlab.plots import BLUE, GRAY, GREEN, VERMILION
from nnlab.training import EarlyStopping, History, fit, predict_scores
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Follow, Picture, Turn, panels

WHO = "forecast_explorer"
LONGEST, FURTHEST = 60, 24  # steps of a window, and of a horizon
EPOCHS, BATCH, RATE, PATIENCE = 100, 32, 0.01, 15  # the best of a small sweep on both series
STRETCH = 60  # steps of the test that are drawn
LOWEST = -0.6  # skill on the axis
TEST, VALIDATION = 0.2, 0.1  # parts of the series, the last one and the one before it


def forecast_explorer(
    values: Any,
    period: float,
    *,
    length: int = 7,
    horizon: int = 1,
    hidden: int = 0,
    season: bool = False,
    seed: int = 0,
) -> Explorer:
    """Return controls for a forecast from a window of past values, beside persistence and the season.

    values: (m,) a series in the order of time, period: how many of its steps make a year. length: of the
    window, horizon: steps ahead, hidden: ReLU neurons, 0 for a linear model. season: whether the place in the
    year (cosine and sine, two harmonics each) goes in beside the window. The last fifth of the series is the
    test; skill is 1 − MSE / MSE of persistence.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    settings = [
        controls.count(WHO, "length", "window length", length, 7, 1, LONGEST),
        controls.count(WHO, "horizon", "horizon", horizon, 1, 1, FURTHEST),
        controls.count(WHO, "hidden", "hidden neurons", hidden, 0, 0, 64),
        controls.choice(WHO, "season", "season as input", season, False, {"no": False, "yes": True}),
        controls.count(WHO, "seed", "seed", seed, 0, 0, 99),
    ]
    scene = ForecastScene()
    skills = functools.lru_cache(maxsize=32)(functools.partial(_skills, values, period))  # for all horizons
    return Explorer(
        WHO,
        settings,
        scene.picture,
        functools.partial(_show, scene, skills, values, period),
        title="Forecast explorer",
        advice="move the horizon first: where does the window lose against the season? Give the season as an "
        "input. Then add hidden neurons (0 is the linear model): do they buy any skill that the linear model "
        "lacks? Try several seeds before you believe it.",
        given=["values", "period"],
        trains=True,
    )


class Task:
    """Windows of a series, scaled by its past, their targets `horizon` steps later, and three parts in time.

    X (k, length) or with four columns more, y (k,), and at (k,), the steps of the targets; train, validation
    and test are slices of the rows, in this order.
    """

    def __init__(self, values: Any, period: float, length: int, horizon: int, season: bool):
        series = check_array(WHO, "values", values, shape=("m",)).astype(np.float64)
        period = check_number(WHO, "period", period, above=1)
        m = len(series)
        least = max(int(3 * period), 2 * (LONGEST + FURTHEST))
        if m < least:
            raise ValueError(f"{WHO} expected at least {least} values, got {m}")
        first_test = int(m * (1 - TEST))
        first_held = int(m * (1 - TEST - VALIDATION))
        self.mean, self.std = series[:first_held].mean(), series[:first_held].std()
        if not self.std > 0:
            raise ValueError(f"{WHO} expected values that vary, got {series[0]:g} throughout training")
        scaled = (series - self.mean) / self.std
        self.at = np.arange(length + horizon - 1, m)
        self.last = scaled[self.at - horizon]  # what persistence says
        turns = 2 * np.pi * np.outer(self.at / period, [1, 2])
        self.season = np.hstack([np.cos(turns), np.sin(turns)])
        past = sliding_window_view(scaled, length)[: len(self.at)]
        self.X = np.hstack([past, self.season]) if season else np.ascontiguousarray(past)
        self.y = scaled[self.at]
        held, test = np.searchsorted(self.at, [first_held, first_test])
        self.train, self.validation, self.test = slice(0, held), slice(held, test), slice(test, None)

    def linear(self, X: np.ndarray) -> np.ndarray:
        """Return the forecasts of least squares, fitted to the training part, for all rows."""
        X = np.column_stack([np.ones(len(X)), X])
        return X @ np.linalg.lstsq(X[self.train], self.y[self.train], rcond=None)[0]

    def skill(self, forecast: np.ndarray, part: slice) -> float:
        """Return 1 − MSE / MSE of persistence in a part."""
        errors = [np.mean((self.y[part] - what[part]) ** 2) for what in (forecast, self.last)]
        return float(1 - errors[0] / errors[1]) if errors[1] > 0 else float("nan")

    def rmse(self, forecast: np.ndarray) -> float:
        """Return the root of the mean squared error in the test, in the units of the series."""
        return float(self.std * np.sqrt(np.mean((self.y[self.test] - forecast[self.test]) ** 2)))


def _show(
    scene: ForecastScene,
    skills_at: Callable[[int, bool], tuple[np.ndarray, np.ndarray]],
    values: Any,
    period: float,
    turn: Turn,
    *,
    length: int,
    horizon: int,
    hidden: int,
    season: bool,
    seed: int,
) -> str:
    task = Task(values, period, length, horizon, season)
    by_season, linear = task.linear(task.season), task.linear(task.X)
    curves = skills_at(length, season)

    def show(forecast: np.ndarray, note: str = "") -> str:
        scene.draw(task, forecast, by_season, curves, horizon)
        name = f"{hidden} hidden neurons" if hidden else "linear"
        error = task.rmse(forecast)
        skills = [f"{task.skill(forecast, part):+.3f}" for part in (task.test, task.train)]
        told = [f"{name}: RMSE {error:.2f}, skill {skills[0]} in the test, {skills[1]} in training"]
        if hidden:
            told.append(f"linear: {task.rmse(linear):.2f}, {task.skill(linear, task.test):+.3f}")
        told.append(f"season: {task.rmse(by_season):.2f}, {task.skill(by_season, task.test):+.3f}")
        told.append(f"persistence: {task.rmse(task.last):.2f}")
        ahead = f"{horizon} step{'s' * (horizon > 1)} ahead{note}"
        return f"{ahead}. {'; '.join(told)}.".replace("-", "−")

    if not hidden:
        return show(linear)
    rng = np.random.default_rng(seed)
    sizes = [task.X.shape[1], hidden, 1]
    network = MLP(sizes, activation=ReLU, rng=rng, dtype=np.float32)
    X, y = task.X.astype(np.float32), task.y[:, None].astype(np.float32)

    def so_far(history: History | None = None) -> str:
        return show(
            predict_scores(network, X)[:, 0].astype(np.float64), "" if history is None else ", so far"
        )

    fit(
        network,
        X[task.train],
        y[task.train],
        loss=mean_squared_error,
        optimizer=Adam(network.parameters(), RATE),
        epochs=EPOCHS,
        batch_size=BATCH,
        rng=rng,
        validation=(X[task.validation], y[task.validation]),
        callbacks=[Follow(turn, EPOCHS, lambda: None, so_far), EarlyStopping(patience=PATIENCE)],
    )
    return so_far()


def _skills(values: Any, period: float, length: int, season: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the test skill of the linear model and of the season at every horizon: (FURTHEST,) each."""
    skills = []
    for horizon in range(1, FURTHEST + 1):
        task = Task(values, period, length, horizon, season)
        skills.append([task.skill(task.linear(X), task.test) for X in (task.X, task.season)])
    linear, of_season = np.transpose(skills)
    return linear, of_season


class ForecastScene:
    """A stretch of the test with its forecasts, and the skill at every horizon, the present one marked."""

    def __init__(self):
        self.picture = Picture(9.6, 3.3)
        titles = ("the first steps of the test", "skill beside persistence")
        left, right = panels(self.picture.figure, titles, ratios=[1.5, 1], left=0.065, wspace=0.2)
        (self._measured,) = left.plot([], [], "-", color=GRAY, lw=3, alpha=0.6, label="measured")
        (self._season,) = left.plot([], [], ":", color=GREEN, label="season")
        (self._forecast,) = left.plot([], [], "-", color=BLUE, marker=".", ms=4, label="forecast")
        left.set(xlabel="step")
        left.legend(fontsize=8, frameon=False, ncols=3, loc="upper left")
        ahead = np.arange(1, FURTHEST + 1)
        right.axhline(0, color=GRAY, lw=1)
        (self._linear,) = right.plot(ahead, 0 * ahead, "-", color=BLUE, label="linear")
        (self._of_season,) = right.plot(ahead, 0 * ahead, ":", color=GREEN, label="season")
        (self._here,) = right.plot([], [], "o", color=VERMILION, ms=8, label="this forecast")
        right.set(xlabel="horizon (steps ahead)", xlim=(0.5, FURTHEST + 0.5), ylim=(LOWEST, 1.05))
        right.legend(fontsize=8, frameon=False, loc="lower right")
        self._left = left
        self.picture.move(
            *(self._measured, self._season, self._forecast, self._linear, self._of_season, self._here)
        )

    def draw(
        self,
        task: Task,
        forecast: np.ndarray,
        by_season: np.ndarray,
        curves: Sequence[np.ndarray],
        horizon: int,
    ) -> None:
        """Set the moving parts; a skill below the axis is marked at its lower end."""
        shown = slice(task.test.start, task.test.start + STRETCH)
        steps = task.at[shown]
        parts = ((self._measured, task.y), (self._season, by_season), (self._forecast, forecast))
        for line, what in parts:
            line.set_data(steps, task.mean + task.std * what[shown])
        measured = self._measured.get_ydata()
        low, high = measured.min(), measured.max()
        room = (high - low) or 1.0
        self._left.set(xlim=(steps[0], steps[-1]), ylim=(low - 0.2 * room, high + 0.35 * room))
        self._linear.set_ydata(curves[0])
        self._of_season.set_ydata(curves[1])
        self._here.set_data([horizon], [max(task.skill(forecast, task.test), LOWEST)])
