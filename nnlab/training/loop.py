"""The loop that fits a network to data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnlab._check import (
    NonFiniteError,
    all_finite,
    as_array,
    check_count,
    check_function,
    check_rng,
    check_shape,
    describe,
)
from nnlab.layers import Layer
from nnlab.layers.state import check_distinct
from nnlab.losses import Loss
from nnlab.optimizers import Optimizer
from nnlab.penalties import Penalty
from nnlab.training.batches import Data
from nnlab.training.callbacks import Callback, Callbacks
from nnlab.training.history import History
from nnlab.training.measures import Metric, apply_metrics, check_metrics, measure, predict_scores
from nnlab.training.run import Run, directions
from nnlab.training.steps import (
    Backpropagation,
    add_penalty,
    as_a_whole,
    ask,
    backpropagation,
    check_state,
    first_not_finite,
)

Augment = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class TrainingWarning(UserWarning):
    """Training ended early: it diverged, or was interrupted."""


def fit(
    network: Layer,
    X: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int | None = None,
    rng: np.random.Generator | None = None,
    sample_weight: np.ndarray | None = None,
    validation: tuple | None = None,
    metrics: Mapping[str, Metric] | None = None,
    penalty: Penalty | None = None,
    augment: Augment | None = None,
    callbacks: Iterable[Callback] = (),
) -> History:
    """Train the network in place, leave it in evaluation mode, and return the History of the run.

    X: (m, …), floats of the network's dtype, or integers such as tokens. y: (m, …), what the loss takes.
    loss: (scores, targets) -> (loss, gradient), as in `nnlab.losses`. optimizer: of the network's parameters.
    epochs: how often every sample is seen. batch_size: samples in a step, in a new order each epoch; None
    takes all samples in one step. rng: draws the order, and whatever augment draws.
    sample_weight: (m,), how much each sample counts in its batch; 0 leaves it out.
    validation: held-out (X, y) or (X, y, sample_weight), measured in evaluation mode after each epoch.
    metrics: what to measure besides the loss: name -> function (scores, y), of all samples at once.
    penalty: network -> (value, gradients), as in `nnlab.penalties`; part of "loss", but not of "val_loss".
    augment: (X of a batch, rng) -> the X to learn from instead.
    callbacks: such as EarlyStopping, Checkpoint, Log, ProgressBar, ReduceOnPlateau, or your own.

    With validation or EarlyStopping, the state of the best epoch is kept, else that of the last. Ctrl-C ends
    training and keeps what was learned; a divergence warns and keeps the best state before it.
    Raises: ValueError, TypeError for invalid data or settings, before anything is changed.
    """
    _check_settings(network, loss, optimizer, penalty, augment)
    metrics = check_metrics(metrics)
    epochs = check_count("fit", "epochs", epochs)
    with np.errstate(all="ignore"):  # whatever the reader has set; an overflow is found as a divergence
        data = Data.checked("fit", network, X, y, sample_weight)
        held_out = None if validation is None else Data.held_out(network, validation)
        run = Run(
            network=network,
            optimizer=optimizer,
            history=History(),
            rng=check_rng("fit", rng),
            epochs=epochs,
            steps_per_epoch=data.count_batches(batch_size),
            more_is_better=directions(metrics, held_out is not None),
        )
        hooks = Callbacks(callbacks, run)
        work = _Work(run, hooks, data, held_out, batch_size, loss, metrics, penalty, augment)
        work.try_out()
        hooks.call("on_train_begin", {})
        work.train()
    return run.history


def fit_whole(network: Layer, X: np.ndarray, y: np.ndarray, **settings: Any) -> History:
    """Like `fit`, but after Ctrl-C it raises KeyboardInterrupt, for work that needs every epoch or none.

    Raises: KeyboardInterrupt; as `fit`.
    """
    history = fit(network, X, y, **settings)
    if history.stop_reason == "interrupted":
        raise KeyboardInterrupt
    return history


@dataclass
class _Epochs:
    """The steps of an epoch, and what is measured after it."""

    run: Run
    hooks: Callbacks
    data: Data
    held_out: Data | None
    batch_size: int | None
    loss: Loss
    metrics: dict[str, Metric]
    penalty: Penalty | None
    augment: Augment | None
    backpropagate: Backpropagation = as_a_whole
    step: int = 0  # steps begun so far, including those of a resumed run

    def train_epoch(self) -> dict[str, float]:
        """Take the steps of an epoch and return its measures, or none if a callback ended training."""
        run, network, optimizer = self.run, self.run.network, self.run.optimizer
        total, average, seen = self.data.total_weight(), 0.0, []
        for i, batch in enumerate(self.data.batches(self.batch_size, run.rng)):
            self.hooks.call("on_train_batch_begin", i, {})
            self.step += 1
            if self.augment is not None:
                batch = _augmented(batch, self.augment, run.rng)
            value, scores = self.backpropagate(network, batch, self.loss)
            if self.penalty is not None:
                value += add_penalty(network, self.penalty)
            optimizer.step()
            average += value * (batch.total_weight() / total)
            if self.metrics:
                seen.append((scores, batch.y))
            self.hooks.call("on_train_batch_end", i, {"loss": value})
            if run.history.stop_reason:
                return {}
        check_state(network)
        record = {"loss": average}
        if self.metrics:
            record |= apply_metrics(self.metrics, *map(np.concatenate, zip(*seen, strict=True)))
        if self.held_out is not None:
            measured = measure(network, self.held_out, self.loss, self.metrics)
            record |= {f"val_{name}": value for name, value in measured.items()}
        return record


class _Work(_Epochs):
    """What `fit` does once its settings are checked."""

    def try_out(self) -> None:
        """Let network, loss and metrics refuse the data before anything is changed."""
        scores = self._try_out(self.data)
        if self.held_out is not None:
            self._try_out(self.held_out)
        rows = self.batch_size or len(self.data)
        self.backpropagate = backpropagation(self.run.network, self.data, self.loss, scores, rows)

    def _try_out(self, data: Data) -> np.ndarray:
        scores = predict_scores(self.run.network, data.X[:1])
        ask(self.loss, data, scores)
        if all_finite(scores):
            with warnings.catch_warnings():  # about scores that are all the same
                warnings.simplefilter("ignore")
                apply_metrics(self.metrics, np.repeat(scores, len(data), axis=0), data.y)
        return scores

    def train(self) -> None:
        """Train until the last epoch is done or something ends training earlier; keep the right state."""
        run, history, record = self.run, self.run.history, {}
        history.stop_reason, history.diverged_at = "", None  # a resumed run goes on
        self.step = len(history) * run.steps_per_epoch
        run.best.begin()
        run.network.train()
        try:
            for epoch in range(len(history), run.epochs):
                self.hooks.call("on_epoch_begin", epoch, {})
                if history.stop_reason or not (record := self.train_epoch()):
                    break
                history.append(record)
                run.best.update()
                self.hooks.call("on_epoch_end", epoch, record)
                if history.stop_reason:
                    break
            else:
                history.stop_reason = "finished"
        except KeyboardInterrupt:
            history.stop_reason = "interrupted"
        except NonFiniteError as error:
            history.stop_reason, history.diverged_at = "diverged", self.step
            _warn_of_divergence(run, error)
        finally:
            run.network.eval()
        judged = self.held_out is not None or self.hooks.has_judge
        if history.stop_reason == "diverged" or (judged and history.best_epoch):
            run.best.restore()
        self.hooks.call("on_train_end", record)


def _augmented(batch: Data, augment: Augment, rng: np.random.Generator) -> Data:
    given = batch.X.view()
    given.flags.writeable = False  # it may be the caller's own data
    X = as_array("fit", "X from augment", augment(given, rng))
    check_shape("fit", "X from augment", X, given.shape)
    if not all_finite(X):
        raise ValueError("fit expected finite X from augment, got NaN or infinity")
    return replace(batch, X=X)


def _warn_of_divergence(run: Run, error: NonFiniteError) -> None:
    kept = "The best weights before it are kept" if run.history.learned else "Nothing was learned before it"
    where = first_not_finite(run.network)
    message = f"training diverged at step {run.history.diverged_at}{where}: {error}. {kept}."
    warnings.warn(message, TrainingWarning, stacklevel=4)


def _check_settings(network: Any, loss: Any, optimizer: Any, penalty: Any, augment: Any) -> None:
    if not isinstance(network, Layer):
        raise TypeError(f"fit expected a network such as MLP([2, 8, 2], …), got {describe(network)}")
    check_distinct("fit", (network,))
    check_function("fit", "loss", loss, "softmax_cross_entropy")
    if penalty is not None:
        check_function("fit", "penalty", penalty, "l2(0.01)")
    if augment is not None:
        check_function("fit", "augment", augment, "lambda X, rng: X + rng.normal(0, 0.1, X.shape)")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"fit expected an optimizer such as Adam, got {describe(optimizer)}")
    if not {id(p) for p in optimizer.parameters} <= {id(p) for p in network.parameters()}:
        kind = type(optimizer).__name__
        raise ValueError(
            "fit expected an optimizer of this network's parameters, got one of others; "
            f"make it with {kind}(network.parameters(), …)"
        )
