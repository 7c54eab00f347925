"""What happened in a training run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """What happened in a training run: one value per epoch and measure, and why it ended.

    metrics: "loss" is the mean of the batch losses with their penalty, each taken before its update; other
    training measures are computed from the same scores, of all batches together; "val_…" are measured at the
    end of the epoch, without the penalty.
    stop_reason: "finished", "patience", "interrupted", "diverged", "stopped", or what a callback said.
    diverged_at: the step at which training diverged; the first step is 1.
    best_epoch, monitor: the best epoch by that measure; the first is 1, and 0 is the state before training.
    best_state: its parameters and buffers by name, as `state_dict` returns them.
    """

    metrics: dict[str, list[float]] = field(default_factory=dict)
    stop_reason: str = ""
    diverged_at: int | None = None
    best_epoch: int = 0
    monitor: str = "loss"
    best_state: dict[str, np.ndarray] | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.metrics.get("loss", ()))

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.metrics.items() if values)
        return f"History({len(self)} epochs, {self.stop_reason or 'running'}; last: {last or 'nothing yet'})"

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.metrics:
            raise KeyError(f"History holds {', '.join(self.metrics) or 'nothing yet'}; got {name!r}")
        return self.metrics[name]

    @property
    def learned(self) -> bool:
        """Whether the best state differs from the one before training.

        A training measure is taken before the updates, so epoch 1 measures the state before training.
        """
        return self.best_epoch > (0 if self.monitor.startswith("val_") else 1)

    def append(self, values: Mapping[str, float]) -> None:
        """Add the measures of one epoch."""
        for name, value in values.items():
            self.metrics.setdefault(name, []).append(value)

    def to_frame(self):
        """Return the measures as a pandas table, one row per epoch, the first being 1."""
        import pandas as pd

        return pd.DataFrame(self.metrics, index=pd.RangeIndex(1, len(self) + 1, name="epoch"))

    def plot(self, name: str = "loss", *, ax=None):
        """Draw a measure over the epochs, training solid and validation dashed; return the Axes.

        Raises: KeyError for a measure that was not taken.
        """
        import matplotlib.pyplot as plt

        epochs = np.arange(1, len(self[name]) + 1)
        ax = ax or plt.gca()
        ax.plot(epochs, self[name], "-", label="training")
        if f"val_{name}" in self.metrics:
            ax.plot(epochs, self[f"val_{name}"], "--", label="validation")
            ax.axvline(self.best_epoch, color="0.6", lw=1, ls=":", label=f"best epoch ({self.best_epoch})")
        ax.set(xlabel="epoch", ylabel=name)
        ax.legend()
        return ax
