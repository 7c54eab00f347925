"""Training: mini-batches, the loop that fits a network, its history, and saving the whole state of a run."""

from __future__ import annotations

import json
import math
import os
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._validation import (
    NonFiniteError,
    check_array,
    check_choice,
    check_count,
    check_rng,
)
from nnlab.layers import Layer
from nnlab.losses import Loss
from nnlab.optimizers import Optimizer

Metric = Callable[[np.ndarray, np.ndarray], float]


class TrainingWarning(UserWarning):
    """Training ended early because it diverged."""


# ---------------------------------------------------------------------------------------- batches


def batches(
    X: np.ndarray,
    y: np.ndarray,
    batch_size: int | None = None,
    *,
    rng: np.random.Generator | None = None,
    shuffle: bool = True,
    drop_last: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield `(X_batch, y_batch)`: every sample once, in an order drawn from rng; the last may be short.

    `batch_size=None` yields the whole data, uncopied and in order. X: (m, …), y: (m, …).
    Raises: ValueError for unequal lengths or a batch_size outside 1 … m.
    """
    X, y = np.asarray(X), np.asarray(y)
    _check_lengths("batches", X=X, y=y)
    rows = _batch_rows("batches", len(X), batch_size, check_rng("batches", rng), shuffle, drop_last)
    return ((X[r], y[r]) for r in rows)


def _batch_rows(
    who: str, m: int, batch_size: int | None, rng: np.random.Generator, shuffle: bool, drop_last: bool = False
) -> Iterator[Any]:
    """Yield what selects the rows of each batch: slices where the order is kept, else index arrays."""
    if batch_size is None:
        return iter([slice(None)])
    size = check_count(who, "batch_size", batch_size, at_most=m)
    starts = range(0, m - m % size if drop_last else m, size)
    if not shuffle:
        return (slice(start, start + size) for start in starts)
    order = rng.permutation(m)
    return (order[start : start + size] for start in starts)


def _check_lengths(who: str, **arrays: np.ndarray) -> None:
    shapes = {name: array.shape for name, array in arrays.items()}
    lengths = {shape[0] if shape else None for shape in shapes.values()}
    if len(lengths) != 1 or lengths & {0, None}:
        text = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"{who} expected arrays with the same number m >= 1 of rows, got {text}")


# ---------------------------------------------------------------------------------------- measures


def accuracy(scores: np.ndarray, targets: np.ndarray) -> float:
    """Fraction of right predictions, in [0, 1].

    scores (m, n) with integer labels (m,) or one-hot (m, n): the largest score wins. scores (m,) or
    (m, 1) with targets 0 or 1 of the same shape: a score above 0 (probability above ½) predicts 1.
    """
    scores, targets = np.asarray(scores), np.asarray(targets)
    if scores.ndim == 2 and scores.shape[1] > 1:
        if targets.ndim == 2:
            targets = targets.argmax(axis=1)
        predicted = scores.argmax(axis=1)
    else:
        predicted = scores > 0
    if predicted.shape != targets.shape:  # (m,) against (m, 1) would silently compare all pairs
        raise ValueError(f"accuracy expected targets of shape {predicted.shape}, got {targets.shape}")
    return float(np.mean(predicted == targets))


def predict_scores(network: Layer, X: np.ndarray, *, batch_size: int = 4096) -> np.ndarray:
    """Return forward(X), computed batch by batch to bound the memory: (m, n_in) -> (m, n_out)."""
    X = np.asarray(X)
    size = check_count("predict_scores", "batch_size", batch_size)
    if len(X) <= size:
        return network.forward(X)
    return np.concatenate([network.forward(X[start : start + size]) for start in range(0, len(X), size)])


# ---------------------------------------------------------------------------------------- history


@dataclass
class History:
    """What happened in a training: one value per epoch and measure, and why it ended.

    `metrics["loss"]` is the mean of the batch losses, each taken before its update; "val_…" are
    measured at the end of the epoch. `stop_reason` is "finished", "patience", "interrupted",
    "diverged" or "stopped"; `diverged_at` is the step of a divergence, the first being 1.
    """

    metrics: dict[str, list[float]] = field(default_factory=dict)
    stop_reason: str = ""
    diverged_at: int | None = None
    best_epoch: int = 0  # the first is 1; 0 is the state before training
    best_parameters: list[np.ndarray] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.metrics.get("loss", ()))

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.metrics.items() if values)
        return f"History({len(self)} epochs, {self.stop_reason or 'running'}; last: {last or 'nothing yet'})"

    def __getitem__(self, name: str) -> list[float]:
        if name not in self.metrics:
            raise KeyError(f"History holds {', '.join(self.metrics) or 'nothing yet'}; got {name!r}")
        return self.metrics[name]

    def append(self, values: Mapping[str, float]) -> None:
        """Add the measures of one epoch."""
        for name, value in values.items():
            self.metrics.setdefault(name, []).append(value)

    def to_frame(self):
        """Return the measures as a pandas table, one row per epoch, the first being 1."""
        import pandas as pd

        return pd.DataFrame(self.metrics, index=pd.RangeIndex(1, len(self) + 1, name="epoch"))

    def plot(self, name: str = "loss", *, ax=None):
        """Draw a measure over the epochs, training solid and validation dashed; return the Axes."""
        import matplotlib.pyplot as plt

        ax = ax or plt.gca()
        for key, label, style in ((name, "training", "-"), (f"val_{name}", "validation", "--")):
            if key in self.metrics:
                epochs = np.arange(1, len(self.metrics[key]) + 1)
                ax.plot(epochs, self.metrics[key], style, label=label)
        if self.best_epoch and f"val_{name}" in self.metrics:
            ax.axvline(self.best_epoch, color="0.6", lw=1, ls=":", label=f"best epoch ({self.best_epoch})")
        ax.set(xlabel="epoch", ylabel=name)
        ax.legend()
        return ax


# ---------------------------------------------------------------------------------------- schedules


def cosine(progress: float) -> float:
    """Factor ½ (1 + cos π·progress) of the learning rate: 1 at the start, 0 at the end of training.

    Source: Loshchilov and Hutter, 2017.
    """
    return (1 + math.cos(math.pi * progress)) / 2


# ---------------------------------------------------------------------------------------- fit


def fit(
    network: Layer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    shuffle: bool = True,
    rng: np.random.Generator | None = None,
    sample_weight: np.ndarray | None = None,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    metrics: Mapping[str, Metric] | None = None,
    monitor: str | None = None,
    patience: int | None = None,
    schedule: Callable[[float], float] | None = None,
    history: History | None = None,
    checkpoint: str | os.PathLike | None = None,
    on_epoch_end: Callable[[History], bool | None] | None = None,
    log_every: int | None = None,
    progress: bool = False,
) -> History:
    """Train the network in place and return its History; the README of the package explains the settings.

    With `validation=(X, y)` the weights of the best epoch by `monitor` ("val_loss") are kept; `patience`
    stops after that many epochs without a better one. Ctrl-C ends training and keeps what was learned; a
    divergence warns and keeps the best finite weights. `history` continues a run up to `epochs` in all.
    Raises: ValueError, TypeError for unfit data or settings, before anything is changed.
    """
    data = _Data.checked("fit", network, loss, X, y, sample_weight)
    held_out = None if validation is None else _Data.checked("fit validation", network, loss, *validation)
    metrics = dict(metrics or {})
    total = check_count("fit", "epochs", epochs) * data.count_batches(batch_size)
    patience = None if patience is None else check_count("fit", "patience", patience)
    rng = check_rng("fit", rng)
    history = History() if history is None else history
    history.stop_reason, history.diverged_at = "", None
    best = _Best(network, history, _check_monitor(monitor, metrics, held_out is not None))
    meter = _Meter(done=len(history) * (total // epochs), total=total, shown=progress, log_every=log_every)
    lr = optimizer.lr
    try:
        while len(history) < epochs and not history.stop_reason:
            averages = _Averages()
            for batch in data.batches(batch_size, rng, shuffle):
                if schedule is not None:
                    optimizer.lr = lr * schedule(meter.done / total)
                measured = _train_step(network, batch, loss, optimizer, metrics)
                averages.add(measured, len(batch.X))
                meter.step()
            optimizer.lr = lr
            record = averages.values()
            if held_out is not None:
                measured = _measure(network, held_out, loss, metrics)
                record |= {f"val_{name}": value for name, value in measured.items()}
            history.append(record)
            best.update()
            meter.log(len(history), record)
            if checkpoint is not None:
                save(checkpoint, network, optimizer, rng=rng, history=history)
            if on_epoch_end is not None and on_epoch_end(history):
                history.stop_reason = "stopped"
            elif patience is not None and len(history) - history.best_epoch >= patience:
                history.stop_reason = "patience"
    except KeyboardInterrupt:
        history.stop_reason = "interrupted"
    except NonFiniteError as error:
        history.stop_reason, history.diverged_at = "diverged", meter.done + 1
        warnings.warn(
            f"training diverged at step {meter.done + 1} ({error}); the weights of epoch "
            f"{history.best_epoch} are kept; try a lower learning rate",
            TrainingWarning,
            stacklevel=2,
        )
    finally:
        optimizer.lr = lr
        meter.close()
    if held_out is not None or history.stop_reason == "diverged":
        best.restore()
    history.stop_reason = history.stop_reason or "finished"
    return history


def _train_step(
    network: Layer, batch: _Data, loss: Loss, optimizer: Optimizer, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    """Forward, loss, backward, update; return the loss and the metrics before the update."""
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is reported as a divergence
        scores = network.forward(batch.X)
        value, dscores = loss(scores, batch.y, *batch.weight)
        if not math.isfinite(value):
            raise NonFiniteError(f"the loss is {value}")
        network.backward(dscores, need_dX=False)
        optimizer.step()
    return {"loss": value, **{name: metric(scores, batch.y) for name, metric in metrics.items()}}


def _measure(network: Layer, data: _Data, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
    scores = predict_scores(network, data.X)
    value, _ = loss(scores, data.y, *data.weight)
    return {"loss": value, **{name: metric(scores, data.y) for name, metric in metrics.items()}}


@dataclass
class _Data:
    """Inputs, targets and, as a tuple of one array or none, sample weights."""

    X: np.ndarray
    y: np.ndarray
    weight: tuple[np.ndarray, ...] = ()

    @classmethod
    def checked(cls, who: str, network: Layer, loss: Loss, X, y, sample_weight=None) -> _Data:
        X = check_array(who, "X", X, dtype=_dtype(network))
        y = np.asarray(y)
        weight = () if sample_weight is None else (np.asarray(sample_weight, X.dtype),)
        _check_lengths(who, X=X, y=y, **({"sample_weight": weight[0]} if weight else {}))
        # The loss knows which targets it takes: ask it about all of them, before the first update.
        n_out = network.forward(X[:1]).shape[1]
        loss(np.zeros((len(X), n_out), X.dtype), y, *weight)
        return cls(X, y, weight)

    def count_batches(self, batch_size: int | None) -> int:
        if batch_size is None:
            return 1
        return math.ceil(len(self.X) / check_count("fit", "batch_size", batch_size, at_most=len(self.X)))

    def batches(self, batch_size: int | None, rng: np.random.Generator, shuffle: bool) -> Iterator[_Data]:
        for rows in _batch_rows("fit", len(self.X), batch_size, rng, shuffle):
            yield _Data(self.X[rows], self.y[rows], tuple(w[rows] for w in self.weight))


def _dtype(network: Layer) -> np.dtype | None:
    parameters = network.parameters()
    return parameters[0].value.dtype if parameters else None


def _check_monitor(monitor: str | None, metrics: Mapping[str, Metric], validated: bool) -> str:
    names = ["loss", *metrics]
    choices = [f"val_{name}" for name in names] if validated else names
    return choices[0] if monitor is None else check_choice("fit", "monitor", monitor, choices)


class _Averages:
    """Means over the batches of an epoch, each batch weighing as much as it has samples."""

    def __init__(self):
        self._sums: dict[str, float] = {}
        self._count = 0

    def add(self, values: Mapping[str, float], count: int) -> None:
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, 0.0) + value * count
        self._count += count

    def values(self) -> dict[str, float]:
        return {name: total / self._count for name, total in self._sums.items()}


class _Best:
    """Keeps a copy of the parameters of the best epoch so far: lowest loss, or highest other measure."""

    def __init__(self, network: Layer, history: History, monitor: str):
        self._parameters, self._history, self._monitor = network.parameters(), history, monitor
        if history.best_parameters is None:
            history.best_parameters = [p.value.copy() for p in self._parameters]

    def update(self) -> None:
        history = self._history
        sign = 1 if self._monitor.endswith("loss") else -1
        values = history[self._monitor]
        if not history.best_epoch or sign * values[-1] < sign * values[history.best_epoch - 1]:
            history.best_epoch = len(history)
            for kept, p in zip(history.best_parameters or (), self._parameters, strict=True):
                np.copyto(kept, p.value)

    def restore(self) -> None:
        for kept, p in zip(self._history.best_parameters or (), self._parameters, strict=True):
            np.copyto(p.value, kept)


class _Meter:
    """Counts the steps of a run; shows them as a progress bar and writes log lines where asked."""

    def __init__(self, done: int, total: int, shown: bool, log_every: int | None):
        self.done = done
        self._every = None if log_every is None else check_count("fit", "log_every", log_every)
        self._bar = None
        if shown:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, initial=done, unit="step")

    def step(self) -> None:
        self.done += 1
        if self._bar is not None:
            self._bar.update()

    def log(self, epoch: int, record: Mapping[str, float]) -> None:
        text = "  ".join(f"{name} {value:.3f}" for name, value in record.items())
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
        if self._every and (epoch == 1 or epoch % self._every == 0):
            write = print if self._bar is None else self._bar.write
            write(f"epoch {epoch:>4}  {text}")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


# ---------------------------------------------------------------------------------------- files


def save(
    path: str | os.PathLike,
    network: Layer,
    optimizer: Optimizer | None = None,
    *,
    rng: np.random.Generator | None = None,
    history: History | None = None,
) -> None:
    """Write weights, and where given the state of optimizer, rng and history, to one `.npz` without pickle.

    The file appears whole or not at all. `load` reads it; `fit(history=…)` then goes on bit for bit.
    Raises: OSError where the file cannot be written.
    """
    arrays = {f"parameter.{i}": p.value for i, p in enumerate(network.parameters())}
    meta: dict[str, Any] = {"format": 1}
    if optimizer is not None:
        meta["optimizer"] = type(optimizer).__name__
        arrays |= {f"optimizer.{name}": array for name, array in optimizer.state_dict().items()}
    if rng is not None:
        meta["rng"] = rng.bit_generator.state
    if history is not None:
        kept = ("metrics", "stop_reason", "diverged_at", "best_epoch")
        meta["history"] = {name: getattr(history, name) for name in kept}
        arrays |= {f"best.{i}": array for i, array in enumerate(history.best_parameters or ())}
    arrays["meta"] = np.array(json.dumps(meta, default=lambda array: array.tolist()))
    path = Path(path)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as file:
        try:
            np.savez(file, allow_pickle=False, **arrays)
            file.close()
            os.replace(file.name, path)
        except BaseException:
            file.close()
            os.unlink(file.name)
            raise


def load(
    path: str | os.PathLike,
    network: Layer,
    optimizer: Optimizer | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> History | None:
    """Read what `save` wrote into the network and, where given, the optimizer and rng; return the History.

    Raises: FileNotFoundError; ValueError for a broken file, another network or optimizer, or a part that
    was not saved. Nothing is changed then.
    """
    arrays, meta = _read(Path(path))
    name = Path(path).name
    values = _numbered(arrays, "parameter")
    expected = [p.value for p in network.parameters()]
    if [(v.shape, v.dtype) for v in values] != [(v.shape, v.dtype) for v in expected]:
        raise ValueError(
            f"load expected parameters of shapes {[v.shape for v in expected]} for this network, "
            f"got {[v.shape for v in values]} ({values[0].dtype if values else 'none'}) in {name}"
        )
    for part, wanted in (("optimizer", optimizer), ("rng", rng)):
        if wanted is not None and part not in meta:
            raise ValueError(f"load expected the state of the {part} in {name}, got none; save it too")
    if optimizer is not None:
        if meta["optimizer"] != type(optimizer).__name__:
            raise ValueError(
                f"load expected a state of {type(optimizer).__name__} in {name}, got {meta['optimizer']}"
            )
        prefix = "optimizer."
        optimizer.load_state_dict({k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)})
    if rng is not None:
        rng.bit_generator.state = meta["rng"]
    for value, saved in zip(expected, values, strict=True):
        value[...] = saved
    if "history" not in meta:
        return None
    return History(**meta["history"], best_parameters=_numbered(arrays, "best") or None)


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(str(arrays.pop("meta")))
    except FileNotFoundError:
        raise FileNotFoundError(f"load found no file {path}; save writes one") from None
    except (OSError, EOFError, KeyError, ValueError, AttributeError, zlib.error, zipfile.BadZipFile) as error:
        raise ValueError(
            f"load expected a file written by nnlab.training.save, got {path.name}, which is unreadable or "
            f"incomplete ({error}); train again, or take an older copy"
        ) from error


def _numbered(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{prefix}.") for name in arrays)
    return [arrays[f"{prefix}.{i}"] for i in range(count)]
