"""What both estimators share: a network and its training on one side, scikit-learn on the other."""

from __future__ import annotations

import contextlib
import copy
import math
import warnings
from collections.abc import Iterator

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nnlab._check import all_finite, describe
from nnlab.estimators.data import Arrays, check_data, dense, hold_out
from nnlab.estimators.settings import ACTIVATIONS, Settings, make_schedule
from nnlab.layers import MLP, Dropout, Layer, Linear, Sequential
from nnlab.losses import Loss
from nnlab.optimizers import Optimizer
from nnlab.training import Callback, EarlyStopping, History, ProgressBar, TrainingWarning, fit, predict_scores


class Trainer(Settings):
    """The half that knows this package: the network and its training."""

    def _begin(self, sizes: list[int], activation: str, dropout: float, dtype: np.dtype) -> Sequential:
        self._design = sizes, activation, dropout
        self._rng = _generator(type(self).__name__, self.random_state)
        self._split_seed = int(self._rng.spawn(1)[0].integers(2**31))  # takes no draw from rng itself
        self._optimizer_state: dict[str, np.ndarray] = {}
        self._schedule_start: int | None = None  # the optimizer's step at which it begins; None: the next
        self.loss_curve_: list[float] = []
        layer, weight_init = ACTIVATIONS[activation]
        network = MLP(sizes, activation=layer, weight_init=weight_init, rng=self._rng, dtype=dtype)
        return _with_dropout(network, dropout, self._rng) if dropout else network

    def _train(self, network: Sequential, data: Arrays, validation: Arrays | None, epochs: int):
        X, targets, *weights = data
        worker = _share_parameters(network)
        optimizer = _resume(self._make_optimizer(worker), self._optimizer_state)
        self._follow_schedule(optimizer, len(X))
        start = None
        if validation is not None and self.loss_curve_:
            start = _Start(worker, optimizer, self._loss(), validation)
        callbacks: list[Callback] = [ProgressBar()] if self.verbose else []
        if validation is not None:
            callbacks.append(EarlyStopping(patience=self.patience))
        history = fit(
            worker,
            X,
            targets,
            sample_weight=weights[0] if weights else None,
            loss=self._loss(),
            optimizer=optimizer,
            epochs=epochs,
            batch_size=self.batch_size and min(self.batch_size, len(X)),
            rng=self._rng,
            validation=validation,
            metrics=self._metrics,
            penalty=self._make_penalty(),
            callbacks=callbacks,
        )
        _judge(self, history)
        if start is not None:
            start.outlast(history)
        return self._keep(network, optimizer, history)

    def _follow_schedule(self, optimizer: Optimizer, m: int) -> None:
        """Let the rate follow the schedule through `epochs` of m rows, from where the last call left it."""
        start = optimizer.t if self._schedule_start is None else min(self._schedule_start, optimizer.t)
        self._schedule_start = start
        batches = math.ceil(m / self.batch_size) if self.batch_size else 1
        schedule = make_schedule(self, self.epochs * batches)
        optimizer.lr = lambda t: schedule(t - start)

    def _keep(self, network: Sequential, optimizer: Optimizer, history: History):
        """Keep what may be read or continued. A pickle carries no batch, gradient or second copy."""
        for p in network.parameters():
            p.grad = None
        network.eval()
        history.best_state = None
        self._optimizer_state = {} if history.stop_reason == "diverged" else optimizer.state_dict()
        self.network_, self.history_, self.n_iter_ = network, history, len(history)
        self.loss_curve_ += history.metrics.get("loss", [])
        return self


class Estimator(Trainer):
    """The half that knows scikit-learn: what comes in, and what goes out."""

    def fit(self, X, y, sample_weight=None):
        """Train on X (m, n_features), y and sample_weight (m,), where 0 leaves a row out; return self.

        Warns if training diverges, and keeps the best weights before that.
        Raises: ValueError, TypeError for invalid data or settings; ValueError if training diverges before
        anything is learned.
        """
        first = not (self.warm_start and hasattr(self, "network_"))
        with all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, first)
            validation = None
            if self.early_stopping:
                data, validation = hold_out(self, data, self._split_seed)
            self._schedule_start = None  # the schedule begins here,
            self._train(network, data, validation, self.epochs)
            self._schedule_start = None  # and should partial_fit come next, it begins there again
            return self

    def _prepare(self, X, y, sample_weight, first: bool, **known) -> tuple[Sequential, Arrays]:
        """Return the network to train, a new one the first time, and the data, checked and encoded."""
        self._check_settings()
        X, y, weights = check_data(self, X, y, sample_weight, first)
        targets, weights = self._encode(y, weights, first, **known)
        design = [X.shape[1], *self._hidden_sizes(), self.n_outputs_], self.activation, self.dropout
        if not first and design != self._design:
            raise ValueError(
                f"{type(self).__name__} expected the sizes, activation and dropout {self._design} of the "
                f"network it goes on with, got {design}; set warm_start=False and call fit to start again"
            )
        network = self._begin(*design, X.dtype) if first else self.network_
        return network, (X, targets) if weights is None else (X, targets, weights)

    def _scores(self, X) -> np.ndarray:
        check_is_fitted(self, "network_")
        dtype = self.network_.dtype
        X = dense(validate_data(self, X, reset=False, accept_sparse="csr", dtype=dtype))
        scores = predict_scores(_share_parameters(self.network_), X)
        if not all_finite(scores):
            raise ValueError(
                f"{type(self).__name__} expected X near what it was trained on, got values up to "
                f"{np.abs(X).max():.3g}, which make its scores overflow; look for wrong units or broken rows"
            )
        return scores

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights (n_in, n_out) of each linear layer."""
        return [layer.W.value for layer in self.network_.layers if isinstance(layer, Linear)]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases (n_out,) of each linear layer."""
        layers = [layer for layer in self.network_.layers if isinstance(layer, Linear)]
        return [layer.b.value for layer in layers if layer.b is not None]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@contextlib.contextmanager
def all_or_nothing(estimator: Estimator) -> Iterator[None]:
    """Restore all attributes of the estimator if the block fails: above all, what it had learned."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


def _judge(estimator: Trainer, history: History) -> None:
    if history.stop_reason == "diverged" and not (history.learned or estimator.loss_curve_):
        raise ValueError(
            f"{type(estimator).__name__} diverged at step {history.diverged_at}, before it had learned "
            f"anything; lower learning_rate={estimator.learning_rate}, or {estimator._scaling}"
        )
    if history.stop_reason == "interrupted":
        epochs = "1 epoch" if len(history) == 1 else f"{len(history)} epochs"
        kept = f"training was interrupted; what was learned in {epochs} is kept"
        warnings.warn(kept, TrainingWarning, stacklevel=4)


class _Start:
    """The state of a warm start, and its loss on held-out rows: perhaps no later epoch is better."""

    def __init__(self, network: Sequential, optimizer: Optimizer, loss: Loss, validation: Arrays):
        X, targets, *weights = validation
        self._loss, _ = loss(predict_scores(network, X), targets, *weights)
        self._values = [(p, p.value.copy()) for p in network.parameters()]
        self._optimizer, self._state = optimizer, optimizer.state_dict()

    def outlast(self, history: History) -> None:
        """Restore weights and optimizer unless an epoch of the history was better."""
        if self._loss <= min(history.metrics.get("val_loss", [np.inf])):
            history.best_epoch = 0
            self._optimizer.load_state_dict(self._state)
            for p, value in self._values:
                p.value[...] = value


def _with_dropout(network: MLP, p: float, rng: np.random.Generator) -> Sequential:
    """Return the network with dropout after each activation; the masks come from generators of their own."""
    layers: list[Layer] = []
    for layer in network.layers:
        layers.append(layer)
        if not isinstance(layer, Linear):
            layers.append(Dropout(p, rng=rng.spawn(1)[0]))  # takes no draw from rng itself
    return Sequential(*layers)


def _share_parameters(network: Sequential) -> Sequential:
    """Return a network that shares the parameters, but not what the layers remember for `backward`."""
    return Sequential(*map(copy.copy, network.layers))


def _resume(optimizer: Optimizer, state: dict[str, np.ndarray]) -> Optimizer:
    """Load the state of an earlier run, if there is one that fits; keep the new learning rate."""
    state = state | {"lr": np.array(optimizer.lr)}
    if state.keys() == optimizer.state_dict().keys():
        optimizer.load_state_dict(state)
    return optimizer


def _generator(who: str, random_state) -> np.random.Generator:
    if random_state is None or (isinstance(random_state, (int, np.integer)) and random_state >= 0):
        return np.random.default_rng(random_state)
    try:
        return np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))
    except ValueError:
        raise ValueError(
            f"{who} expected random_state as None, an integer >= 0 or a RandomState, got "
            f"{describe(random_state)}; set random_state=0, say"
        ) from None
