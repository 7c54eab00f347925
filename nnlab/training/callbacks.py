"""Callbacks: what happens around a training run's epochs and batches."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from nnlab._check import check_choice, check_count, check_flag, check_function, check_number, describe
from nnlab.training.checkpoint import Saved, save
from nnlab.training.run import Best, Run

Logs = Mapping[str, float]


class Callback:
    """What is done at certain points of a run. A subclass defines the hooks that it needs.

    Names and arguments are Keras's. `epoch` and `batch` count from 0 as there (a History counts epochs from
    1); `logs` holds the latest measures: the loss after a batch, also metrics and "val_…" after an epoch.
    `fit` sets `run`: network, optimizer, history, rng, epochs, steps_per_epoch, and stop(reason="stopped").
    Refuse bad settings in `on_train_begin`, before anything is changed. What a callback must know about a
    resumed run is best read from `run.history`, which is complete in all later hooks.
    """

    run: Run

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch, and before anything is changed."""

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before an epoch; `run.stop()` called here cancels it."""

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a step."""

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """After a step; `logs` holds the loss from before its update."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch, which is in the history by then."""

    def on_train_end(self, logs: Logs) -> None:
        """After the run, however it ended, except with an error; the network is in its final state."""


class LambdaCallback(Callback):
    """Calls functions as hooks: `LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))`.

    Raises: ValueError for a name that is not a hook's, TypeError for anything but a function.
    """

    def __init__(self, **hooks: Callable[..., Any]):
        for name, function in hooks.items():
            check_choice("LambdaCallback", "hook", name, [n for n in vars(Callback) if n.startswith("on_")])
            check_function("LambdaCallback", name, function, "lambda epoch, logs: ...")
            setattr(self, name, function)


class EarlyStopping(Callback):
    """Ends training after `patience` epochs without a better one; `fit` keeps the state of the best.

    monitor: the measure that decides which epoch is the best: "loss", the name of a metric, or "val_" and
    either. mode: "min" if less is better, "max" if more is; needed unless monitor is a loss, or a metric with
    an attribute `more_is_better`. min_delta: how much better an epoch must be.
    Raises: ValueError for a monitor that is not measured or whose direction is unknown, before training.
    """

    def __init__(
        self, monitor: str = "val_loss", *, patience: int, mode: str | None = None, min_delta: float = 0.0
    ):
        self.monitor, self.mode = monitor, _check_mode("EarlyStopping", mode)
        self.patience = check_count("EarlyStopping", "patience", patience)
        self.min_delta = check_number("EarlyStopping", "min_delta", min_delta, at_least=0)

    def on_train_begin(self, logs):
        sign = self.run.sign("EarlyStopping", self.monitor, self.mode)
        self.run.best = Best(self.run, self.monitor, sign, self.min_delta)

    def on_epoch_begin(self, epoch, logs):  # not on_epoch_end: a resumed run may be out of patience
        if epoch - self.run.history.best_epoch >= self.patience:
            self.run.stop("patience")


class ReduceOnPlateau(Callback):
    """Multiplies the learning rate by `factor` after more than `patience` epochs without a better one.

    monitor, mode: as in `EarlyStopping`. threshold: an epoch is better if it is so by more than this share of
    the best value. cooldown: epochs after a reduction that are not counted. min_lr: the lowest rate.
    The same as torch's ReduceLROnPlateau.
    Raises: ValueError for settings out of range and, before training, as `EarlyStopping` and for an optimizer
    that follows a schedule.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        mode: str | None = None,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        who = "ReduceOnPlateau"
        self.monitor, self.mode = monitor, _check_mode(who, mode)
        self.factor = check_number(who, "factor", factor, above=0, below=1)
        self.patience = check_count(who, "patience", patience, at_least=0)
        self.threshold = check_number(who, "threshold", threshold, at_least=0)
        self.cooldown = check_count(who, "cooldown", cooldown, at_least=0)
        self.min_lr = check_number(who, "min_lr", min_lr, at_least=0)

    def on_train_begin(self, logs):
        self._sign = self.run.sign("ReduceOnPlateau", self.monitor, self.mode)
        if self.run.optimizer.schedule is not None:
            raise ValueError(
                "ReduceOnPlateau expected an optimizer with a number for lr, got one with a schedule, which "
                "sets the rate itself; leave one of them out"
            )
        self._best, self._waited, self._resting, self._seen = math.inf, 0, 0, 0

    def on_epoch_end(self, epoch, logs):
        values = self.run.history[self.monitor][self._seen :]  # after resuming: all of them at once
        reductions = [self._is_due(value) for value in values]
        self._seen += len(values)
        optimizer = self.run.optimizer
        lr = max(optimizer.lr * self.factor, self.min_lr)
        if reductions[-1] and optimizer.lr - lr > 1e-8:
            optimizer.lr = lr

    def _is_due(self, value: float) -> bool:
        """Whether the rate must be reduced after an epoch with this value."""
        if self._is_better(value):
            self._best, self._waited = value, 0
        else:
            self._waited += 1
        if self._resting > 0:
            self._resting, self._waited = self._resting - 1, 0
        if self._waited <= self.patience:
            return False
        self._resting, self._waited = self.cooldown, 0
        return True

    def _is_better(self, value: float) -> bool:
        if math.isinf(self._best):  # nothing seen yet
            return self._sign * value < math.inf
        return self._sign * value < self._sign * self._best * (1 - self._sign * self.threshold)


class Checkpoint(Callback):
    """Saves the whole state of the run to a file after each epoch, for `load`, and to resume it.

    resume=True goes on with the run in the file if there is one: bit for bit as if it had never been
    interrupted, up to `epochs` in total. Make network and optimizer, and call `fit`, as for that run.
    Whatever its place in the list, it saves after the other callbacks of an epoch: they may change the state.
    Raises: OSError if the file cannot be written; with resume, before training, as `load`, and ValueError for
    a run with other metrics.
    """

    def __init__(self, path: str | os.PathLike, *, resume: bool = False):
        self.path = Path(path)
        self.resume = check_flag("Checkpoint", "resume", resume)

    def on_train_begin(self, logs):
        if not (self.resume and self.path.exists()):
            return
        run, saved = self.run, Saved.read("Checkpoint", self.path)
        self._check_history(saved)
        saved.restore("Checkpoint", run.network, run.optimizer, run.rng)
        vars(run.history).update(vars(saved.history))

    def on_epoch_end(self, epoch, logs):
        run = self.run
        save(self.path, run.network, run.optimizer, rng=run.rng, history=run.history)

    def _check_history(self, saved: Saved) -> None:
        wanted = sorted(self.run.more_is_better), self.run.best.monitor
        if saved.history is None:
            raise ValueError(
                f"Checkpoint expected a training run in {self.path.name}, got a state without one"
            )
        found = sorted(saved.history.metrics), saved.history.monitor
        if found != wanted:
            wanted_text, found_text = (
                f"{', '.join(names)} (best by {best})" for names, best in (wanted, found)
            )
            raise ValueError(
                f"Checkpoint expected a run of {wanted_text} in {self.path.name}, got one of {found_text}; "
                "go on with the metrics, validation and EarlyStopping that it began with"
            )


class Log(Callback):
    """Prints a line with all measures after the first epoch and every `every`-th one.

    Raises: ValueError, TypeError unless every is an integer of at least 1.
    """

    def __init__(self, every: int = 1):
        self.every = check_count("Log", "every", every)

    def on_epoch_end(self, epoch, logs):
        if epoch == 0 or (epoch + 1) % self.every == 0:
            self.run.write(f"epoch {epoch + 1:>4}  {_line(logs)}")


class ProgressBar(Callback):
    """Shows a progress bar (tqdm) with the steps done and the measures of the latest epoch."""

    _bar: Any = None

    def on_train_begin(self, logs):
        self._bar = None  # a run that ended with an error may have left one

    def on_epoch_begin(self, epoch, logs):
        if self._bar is None:
            from tqdm.auto import tqdm

            steps = self.run.steps_per_epoch
            self._bar = tqdm(total=self.run.epochs * steps, initial=epoch * steps, unit="step")
            self.run.write = self._bar.write

    def on_train_batch_begin(self, batch, logs):
        self._bar.update()

    def on_epoch_end(self, epoch, logs):
        self._bar.set_postfix_str(_line(logs), refresh=False)

    def on_train_end(self, logs):
        if self._bar is None:
            return
        reason = self.run.history.stop_reason
        if reason not in ("diverged", "interrupted"):
            self._bar.total = self._bar.n  # in a notebook, a bar that is not full turns red
        self._bar.set_description_str(reason, refresh=False)
        self._bar.close()
        self._bar = None


class Callbacks:
    """The callbacks of one run, called in order; checkpoints come last, after any that change the state.

    Raises: TypeError for anything but a Callback, ValueError for more than one EarlyStopping.
    """

    def __init__(self, given: Any, run: Run):
        if isinstance(given, (str, Callback)) or not isinstance(given, Iterable):
            raise TypeError(f"fit expected callbacks as a list of Callback objects, got {describe(given)}")
        self._all = sorted(given, key=lambda callback: isinstance(callback, Checkpoint))
        for callback in self._all:
            if not isinstance(callback, Callback):
                raise TypeError(
                    "fit expected callbacks as a list of Callback objects such as EarlyStopping(patience=5), "
                    f"got {describe(callback)}"
                )
        judges = [callback for callback in self._all if isinstance(callback, EarlyStopping)]
        if len(judges) > 1:
            raise ValueError(
                f"fit expected at most one EarlyStopping, got {len(judges)}; it decides which epoch is best"
            )
        self.has_judge = bool(judges)  # of which epoch is the best
        for callback in self._all:
            callback.run = run

    def call(self, hook: str, *arguments: Any) -> None:
        """Call the hook of that name in every callback."""
        for callback in self._all:
            getattr(callback, hook)(*arguments)


def _check_mode(who: str, mode: str | None) -> str | None:
    return None if mode is None else check_choice(who, "mode", mode, ("min", "max"))


def _line(logs: Logs) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in logs.items())
