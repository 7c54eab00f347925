"""A training run as its callbacks see it, and the best state that it has reached."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nnlab._check import check_choice
from nnlab.layers import Layer
from nnlab.optimizers import Optimizer
from nnlab.training.history import History


@dataclass(eq=False)
class Run:
    """What `fit` works on; its callbacks may read it, and change it with care.

    more_is_better: the direction of each measure that will be in the history, None where it is unknown.
    write: prints a line of text beside whatever else is shown.
    """

    network: Layer
    optimizer: Optimizer
    history: History
    rng: np.random.Generator
    epochs: int
    steps_per_epoch: int
    more_is_better: dict[str, bool | None]
    best: Best = field(init=False)
    write: Callable[[str], Any] = print

    def __post_init__(self):
        self.best = Best(self, "val_loss" if "val_loss" in self.more_is_better else "loss", sign=1)

    def stop(self, reason: str = "stopped") -> None:
        """End training; within an epoch, after the current batch, which leaves that epoch unrecorded."""
        self.history.stop_reason = reason

    def sign(self, who: str, monitor: str, mode: str | None) -> int:
        """Return 1 if less of the measure is better, −1 if more is: as mode says, else as the measure does.

        Raises: ValueError for a measure that is not taken, or whose direction is unknown.
        """
        check_choice(who, "monitor", monitor, self.more_is_better)
        if mode is None and self.more_is_better[monitor] is None:
            raise ValueError(
                f"{who} expected mode='min' or mode='max' with monitor={monitor!r}, got None; say whether "
                "less or more of it is better"
            )
        more = self.more_is_better[monitor] if mode is None else mode == "max"
        return -1 if more else 1


class Best:
    """Keeps the state of the best epoch so far in `history.best_state`.

    A validation measure belongs to the state at the end of its epoch. A training measure was taken before
    the updates, any of which may have spoiled the weights: it belongs to the state at the start.
    """

    def __init__(self, run: Run, monitor: str, sign: int, min_delta: float = 0.0):
        self._run, self.monitor, self._sign, self._min_delta = run, monitor, sign, min_delta
        self._start: dict[str, np.ndarray] | None = None

    def begin(self) -> None:
        """Record the state from which the run starts or resumes."""
        history, state = self._run.history, self._run.network.state_dict()
        history.monitor, self._start = self.monitor, state
        if history.best_state is None:
            history.best_state = state

    def update(self) -> None:
        """Compare the latest epoch with the best one before it."""
        history, state = self._run.history, self._run.network.state_dict()
        values = history[self.monitor]
        best = self._sign * values[history.best_epoch - 1] if history.best_epoch else math.inf
        if self._sign * values[-1] < best - self._min_delta:  # never where it is NaN
            history.best_epoch = len(history)
            history.best_state = state if self.monitor.startswith("val_") else self._start
        self._start = state

    def restore(self) -> None:
        """Put the best state into the network."""
        if self._run.history.best_state is not None:
            self._run.network.load_state_dict(self._run.history.best_state)


def directions(metrics: Mapping[str, Any], validated: bool) -> dict[str, bool | None]:
    """Return for each measure of a run whether more is better: False for losses, else what a metric says."""
    known = {"loss": False, **{name: getattr(m, "more_is_better", None) for name, m in metrics.items()}}
    return known | ({f"val_{name}": more for name, more in known.items()} if validated else {})
