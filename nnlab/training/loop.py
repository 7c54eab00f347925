"""The loop that fits a network to data, and its predictions."""

from __future__ import annotations

import math
import numbers
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnlab._check import (
    NonFiniteError,
    check_array,
    check_choice,
    check_count,
    check_finite,
    check_function,
    check_number,
    check_rng,
    describe,
)
from nnlab.layers import Layer
from nnlab.losses import Loss
from nnlab.optimizers import Optimizer
from nnlab.training.batches import batch_rows, check_lengths
from nnlab.training.checkpoint import save
from nnlab.training.history import History

Metric = Callable[[np.ndarray, np.ndarray], float]
Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


BLOCK = 4096  # rows of a large batch worked on at once: their activations stay in the processor's cache
PREDICTED = 1024  # rows predicted at once, for the same reason


class TrainingWarning(UserWarning):
    """Training ended early: it diverged, or was interrupted."""


def predict_scores(network: Layer, X: np.ndarray, *, batch_size: int = PREDICTED) -> np.ndarray:
    """Return forward(X), computed batch by batch to bound the memory: (m, n_in) -> (m, n_out).

    Raises: ValueError, TypeError as `network.forward`, and for a batch_size below 1.
    """
    X = check_array("predict_scores", "X", X, dtype=_dtype(network), finite=False)
    size = check_count("predict_scores", "batch_size", batch_size)
    if len(X) <= size:
        return network.forward(X)
    return np.concatenate([network.forward(X[start : start + size]) for start in range(0, len(X), size)])


# ---------------------------------------------------------------------------------------- fit


def fit(
    network: Layer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,  # None: all samples in one step
    shuffle: bool = True,  # a new order for every epoch, drawn from rng
    rng: np.random.Generator | None = None,
    sample_weight: np.ndarray | None = None,  # (m,); a weight of 0 leaves the sample out
    augment: Augment | None = None,  # (X of a batch, rng) -> what to learn from in its place
    validation: tuple | None = None,  # held-out (X, y) or (X, y, sample_weight), measured after each epoch
    metrics: Mapping[str, Metric] | None = None,  # what to measure besides the loss: name -> function
    monitor: str | None = None,  # what makes an epoch the best: "val_loss"; without validation, "loss"
    patience: int | None = None,  # end after so many epochs without a better one
    schedule: Callable[[float], float] | None = None,  # part of the training done, 0 … 1 -> factor of lr
    history: History | None = None,  # of a run to continue, up to `epochs` in all
    checkpoint: str | os.PathLike | None = None,  # a file for `load`, saved after each epoch
    on_epoch_end: Callable[[History], bool | None] | None = None,  # a true result ends training
    log_every: int | None = None,  # print a line after every so many epochs
    progress: bool = False,  # show a progress bar
) -> History:
    """Train the network in place and return its History; the signature says what each setting does.

    With validation the weights of the best epoch are kept, else those of the last. Ctrl-C ends training
    and keeps what was learned; a divergence warns and keeps the best weights before it.
    Raises: ValueError, TypeError for unfit data or settings, before anything is changed.
    """
    check_function("fit", "loss", loss, "softmax_cross_entropy")
    data = _Data.checked("fit", network, loss, X, y, sample_weight)
    held_out = None if validation is None else _Data.held_out(network, loss, validation)
    if augment is not None:
        check_function("fit", "augment", augment, "lambda X, rng: X + rng.normal(0, 0.1, X.shape)")
    metrics = _check_metrics(metrics)
    monitor = _check_monitor(monitor, metrics, held_out is not None)
    total = check_count("fit", "epochs", epochs) * data.count_batches(batch_size)
    patience = None if patience is None else check_count("fit", "patience", patience)
    log_every = None if log_every is None else check_count("fit", "log_every", log_every)
    rng = check_rng("fit", rng)
    _check_optimizer(optimizer, network)
    history = _check_history(history, metrics, held_out is not None)
    large = (batch_size or len(data.X)) > BLOCK
    backpropagate = _by_blocks if large and _is_mean(loss, data, network) else _as_a_whole

    history.stop_reason, history.diverged_at = _reason_to_stop(history, epochs, patience), None
    best = _Best(network, history, monitor)
    meter = _Meter(len(history) * (total // epochs), total, progress, log_every)
    lr = optimizer.lr
    try:
        while not history.stop_reason:
            averages = _Averages()
            for batch in data.batches(batch_size, rng, shuffle):
                if schedule is not None:
                    factor = schedule(meter.steps / total)
                    optimizer.lr = lr * check_number("fit", "a factor from schedule", factor, at_least=0)
                meter.step()
                batch = batch if augment is None else batch.augmented(augment, rng)
                measured = _train_step(network, batch, loss, optimizer, metrics, backpropagate)
                averages.add(measured, batch)
            optimizer.lr = lr
            for p in network.parameters():
                check_finite("fit", "weights", p.value, "lower the learning rate")
            record = averages.values()
            if held_out is not None:
                measured = _measure(network, held_out, loss, metrics)
                record |= {f"val_{name}": value for name, value in measured.items()}
            history.append(record)
            best.update()
            if checkpoint is not None:
                save(checkpoint, network, optimizer, rng=rng, history=history)
            meter.log(len(history), record)
            stop = on_epoch_end is not None and on_epoch_end(history)
            history.stop_reason = "stopped" if stop else _reason_to_stop(history, epochs, patience)
    except KeyboardInterrupt:
        history.stop_reason = "interrupted"
    except NonFiniteError as error:
        history.stop_reason, history.diverged_at = "diverged", meter.steps
        kept = "The best weights before it are kept" if history.learned else "Nothing was learned before it"
        warnings.warn(
            f"training diverged at step {meter.steps}: {error}. {kept}.",
            TrainingWarning,
            stacklevel=2,
        )
    finally:
        optimizer.lr = lr
        meter.close(history.stop_reason)
    if history.stop_reason == "diverged" or (held_out is not None and history.best_epoch):
        best.restore()
    return history


def fit_whole(network: Layer, X: np.ndarray, y: np.ndarray, **settings: Any) -> History:
    """As `fit`, but Ctrl-C ends more than the training: for work whose result half a training would falsify.

    Raises: KeyboardInterrupt; as `fit`.
    """
    history = fit(network, X, y, **settings)
    if history.stop_reason == "interrupted":
        raise KeyboardInterrupt
    return history


def _reason_to_stop(history: History, epochs: int, patience: int | None) -> str:
    if len(history) >= epochs:
        return "finished"
    return "patience" if patience is not None and len(history) - history.best_epoch >= patience else ""


@np.errstate(over="ignore", invalid="ignore")  # what overflows is reported as a divergence
def _train_step(
    network: Layer,
    batch: _Data,
    loss: Loss,
    optimizer: Optimizer,
    metrics: Mapping[str, Metric],
    backpropagate: Callable[[Layer, _Data, Loss], tuple[float, np.ndarray]],
) -> dict[str, float]:
    """Forward, loss, backward, update; return the loss and the metrics, taken before the update."""
    value, scores = backpropagate(network, batch, loss)
    measured = {"loss": value, **_apply(metrics, scores, batch.y)}
    optimizer.step()
    return measured


def _as_a_whole(network: Layer, batch: _Data, loss: Loss) -> tuple[float, np.ndarray]:
    """Assign the gradients of the loss; return the loss and the scores."""
    scores = network.forward(batch.X)
    value, dscores = loss(scores, batch.y, *batch.weight)
    if not math.isfinite(value):
        raise NonFiniteError(f"the loss is {value}; lower the learning rate")
    network.backward_parameters(dscores)
    return value, scores


def _by_blocks(network: Layer, batch: _Data, loss: Loss) -> tuple[float, np.ndarray]:
    """As `_as_a_whole`: the gradient of a mean is the mean of its blocks' gradients.

    A full batch of 88,000 rows takes two thirds of the time, and no memory that grows with the rows.
    """
    parameters = network.parameters()
    gradients = [np.zeros_like(p.value) for p in parameters]
    average, all_scores = 0.0, []
    for share, block in batch.blocks(BLOCK):
        value, scores = _as_a_whole(network, block, loss)
        average += share * value
        all_scores.append(scores)
        for gradient, p in zip(gradients, parameters, strict=True):
            if p.grad is not None:  # as it is in a layer that does not learn
                gradient += share * p.grad
    for gradient, p in zip(gradients, parameters, strict=True):
        p.grad = None if p.grad is None else gradient
    return average, np.concatenate(all_scores)


@np.errstate(over="ignore", invalid="ignore")
def _is_mean(loss: Loss, data: _Data, network: Layer) -> bool:
    """Whether the loss of a few rows is the mean of two blocks' losses: a sum, say, is not."""
    few = data._of(slice(8))
    whole, _ = loss(network.forward(few.X), few.y, *few.weight)
    parts = [share * loss(network.forward(b.X), b.y, *b.weight)[0] for share, b in few.blocks(4)]
    return math.isclose(whole, sum(parts), rel_tol=1e-4)


@np.errstate(over="ignore", invalid="ignore")
def _measure(network: Layer, data: _Data, loss: Loss, metrics: Mapping[str, Metric]) -> dict[str, float]:
    scores = predict_scores(network, data.X)
    value, _ = loss(scores, data.y, *data.weight)
    return {"loss": value, **_apply(metrics, scores, data.y)}


def _apply(metrics: Mapping[str, Metric], scores: np.ndarray, y: np.ndarray) -> dict[str, float]:
    values = {name: metric(scores, y) for name, metric in metrics.items()}
    for name, value in values.items():
        if not isinstance(value, numbers.Real):
            raise TypeError(f"fit expected metric {name!r} to return a number, got {describe(value)}")
    return values


@dataclass
class _Data:
    """Inputs, targets and, as a tuple of one array or none, sample weights."""

    X: np.ndarray
    y: np.ndarray
    weight: tuple[np.ndarray, ...] = ()

    @classmethod
    def checked(cls, who: str, network: Layer, loss: Loss, X, y, sample_weight=None) -> _Data:
        X, y = check_array(who, "X", X, dtype=_dtype(network)), np.asarray(y)
        check_lengths(who, X=X, y=y)
        weight: tuple[np.ndarray, ...] = ()
        if sample_weight is not None:
            weight = (check_array(who, "sample_weight", sample_weight).astype(X.dtype, copy=False),)
        # The loss knows which targets it takes: ask it about all of them, before the first update.
        with np.errstate(over="ignore", invalid="ignore"):
            scores = network.forward(X[:1])
            zeros = np.zeros((len(X), *scores.shape[1:]), scores.dtype)
            _ask_by_blocks(loss, zeros, y, weight)
        if weight and not weight[0].all():  # a batch of zero weights has no mean: leave such samples out
            kept = weight[0] > 0
            return cls(X[kept], y[kept], (weight[0][kept],))
        return cls(X, y, weight)

    @classmethod
    def held_out(cls, network: Layer, loss: Loss, validation: tuple) -> _Data:
        if not isinstance(validation, (tuple, list)) or len(validation) not in (2, 3):
            raise TypeError(f"fit expected validation as a tuple (X, y), got {describe(validation)}")
        return cls.checked("fit (validation)", network, loss, *validation)

    def count_batches(self, batch_size: int | None) -> int:
        if batch_size is None:
            return 1
        return math.ceil(len(self.X) / check_count("fit", "batch_size", batch_size, at_most=len(self.X)))

    def batches(self, batch_size: int | None, rng: np.random.Generator, shuffle: bool) -> Iterator[_Data]:
        for rows in batch_rows("fit", len(self.X), batch_size, rng, shuffle):
            yield self._of(rows)

    def blocks(self, size: int) -> Iterator[tuple[float, _Data]]:
        """Yield blocks of rows in order, each with its share in a mean over all rows."""
        total = self.total_weight()
        for start in range(0, len(self.X), size):
            block = self._of(slice(start, start + size))
            yield block.total_weight() / total, block

    def augmented(self, augment: Augment, rng: np.random.Generator) -> _Data:
        given = self.X.view()
        given.flags.writeable = False  # it may be the caller's own data
        X = check_array("fit", "X from augment", augment(given, rng), shape=given.shape, dtype=given.dtype)
        return replace(self, X=X)

    def _of(self, rows: Any) -> _Data:
        return _Data(self.X[rows], self.y[rows], tuple(w[rows] for w in self.weight))

    def total_weight(self) -> float:
        return float(self.weight[0].sum()) if self.weight else len(self.X)


def _ask_by_blocks(loss: Loss, scores: np.ndarray, y: np.ndarray, weight: tuple[np.ndarray, ...]) -> None:
    """Let the loss refuse targets: block by block, since for all rows at once it would fill much memory."""
    size = len(y) if weight else BLOCK  # all weights of a block may be zero, those of all rows may not
    try:
        for start in range(0, len(y), size):
            loss(scores[start : start + size], y[start : start + size], *weight)
    except (TypeError, ValueError):
        loss(scores, y, *weight)  # its message then counts the rows from the first of all
        raise


def _dtype(network: Layer) -> np.dtype | None:
    parameters = network.parameters()
    return parameters[0].value.dtype if parameters else None


def _check_metrics(metrics: Mapping[str, Metric] | None) -> dict[str, Metric]:
    metrics = {} if metrics is None else metrics
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise TypeError(f"fit expected metrics as a dict of functions (scores, y), got {describe(metrics)}")
    if "loss" in metrics:
        raise ValueError("fit expected metrics besides the loss, got one named 'loss'; name it otherwise")
    return dict(metrics)


def _check_monitor(monitor: str | None, metrics: Mapping[str, Metric], validated: bool) -> str:
    names = ["loss", *metrics]
    choices = [f"val_{name}" for name in names] if validated else names
    return choices[0] if monitor is None else check_choice("fit", "monitor", monitor, choices)


def _check_optimizer(optimizer: Optimizer, network: Layer) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit expected an optimizer such as Adam, got {describe(optimizer)}")
    if not {id(p) for p in optimizer.parameters} <= {id(p) for p in network.parameters()}:
        kind = type(optimizer).__name__
        raise ValueError(
            "fit expected an optimizer of this network's parameters, got one of others; "
            f"make it with {kind}(network.parameters(), …)"
        )


def _check_history(history: History | None, metrics: Mapping[str, Metric], validated: bool) -> History:
    if history is None:
        return History()
    if not isinstance(history, History):
        raise TypeError(f"fit expected history as a History, got {describe(history)}")
    names = {"loss", *metrics} | ({f"val_{name}" for name in ("loss", *metrics)} if validated else set())
    if len(history) and names != set(history.metrics):
        raise ValueError(
            f"fit expected a history of {', '.join(sorted(names))}, got "
            f"{', '.join(sorted(history.metrics))}; continue with the metrics and validation it began with"
        )
    return history


class _Averages:
    """Means over an epoch's batches, which weigh as their samples do in the loss, and by rows in metrics."""

    def __init__(self):
        self._sums: dict[str, tuple[float, float]] = {}  # of weighted values, and of weights

    def add(self, values: Mapping[str, float], batch: _Data) -> None:
        for name, value in values.items():
            weight = batch.total_weight() if name == "loss" else len(batch.X)
            total, weights = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = total + weight * value, weights + weight

    def values(self) -> dict[str, float]:
        return {name: total / weights for name, (total, weights) in self._sums.items()}


class _Best:
    """Keeps a copy of the best weights so far, by a measure of which "…loss" and "…error" should be low.

    A validation measure belongs to the weights at the end of its epoch. A training measure was taken
    before the updates, any of which may have spoiled the weights: it belongs to those at the start.
    """

    def __init__(self, network: Layer, history: History, monitor: str):
        self._parameters, self._history, self._monitor = network.parameters(), history, monitor
        self._start = [p.value.copy() for p in self._parameters]
        if history.best_parameters is None:
            history.best_parameters = [value.copy() for value in self._start]

    def update(self) -> None:
        history, values = self._history, self._history[self._monitor]
        sign = 1 if self._monitor.endswith(("loss", "error")) else -1
        best = sign * values[history.best_epoch - 1] if history.best_epoch else math.inf
        end = [p.value for p in self._parameters]
        if sign * values[-1] < best:
            history.best_epoch = len(history)
            _copy(end if self._monitor.startswith("val_") else self._start, history.best_parameters)
        _copy(end, self._start)

    def restore(self) -> None:
        _copy(self._history.best_parameters, [p.value for p in self._parameters])


def _copy(sources: list[np.ndarray] | None, targets: list[np.ndarray] | None) -> None:
    for source, target in zip(sources or (), targets or (), strict=True):
        np.copyto(target, source)


class _Meter:
    """Counts the steps of a run; shows them as a progress bar and writes log lines where asked."""

    def __init__(self, steps: int, total: int, shown: bool, log_every: int | None):
        self.steps = steps  # begun so far
        self._log_every = log_every
        self._bar = None
        if shown:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, initial=steps, unit="step")

    def step(self) -> None:
        self.steps += 1
        if self._bar is not None:
            self._bar.update()

    def log(self, epoch: int, record: Mapping[str, float]) -> None:
        text = "  ".join(f"{name} {value:.3f}" for name, value in record.items())
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
        if self._log_every and (epoch == 1 or epoch % self._log_every == 0):
            write = print if self._bar is None else self._bar.write
            write(f"epoch {epoch:>4}  {text}")

    def close(self, stop_reason: str) -> None:
        if self._bar is None:
            return
        if stop_reason in ("patience", "stopped"):
            self._bar.total = self._bar.n  # in a notebook, a bar that is not full turns red
        self._bar.set_description_str(stop_reason, refresh=False)
        self._bar.close()
