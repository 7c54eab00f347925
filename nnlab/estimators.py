"""scikit-learn estimators: this package's network and training for `Pipeline`, `GridSearchCV` and their kin.

Data are taken as they come: put a `StandardScaler` before the estimator, and a regressor whose targets are
large or small into a `TransformedTargetRegressor`. A float32 X trains a float32 network; a sparse one is made
dense. `Settings??` says what both can be told. Without early stopping, `random_state=0` gives what `MLP` and
`fit` give with `rng=np.random.default_rng(0)` and the starting weights of `ACTIVATIONS`.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier, is_regressor
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from nnlab._check import (
    NonFiniteError,
    check_array,
    check_choice,
    check_count,
    check_flag,
    check_number,
    check_shape,
    describe,
)
from nnlab.initializers import he_normal, xavier_normal
from nnlab.layers import (
    ELU,
    GELU,
    MLP,
    LeakyReLU,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.losses import Loss, huber, mean_absolute_error, mean_squared_error, softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nnlab.training import History, TrainingWarning, fit, predict_scores

ACTIVATIONS: dict[str, Any] = {  # name: the layer, and the starting weights that suit it
    "relu": (ReLU, he_normal),
    "leaky_relu": (LeakyReLU, he_normal),
    "elu": (ELU, he_normal),
    "silu": (SiLU, he_normal),
    "gelu": (GELU, he_normal),
    "tanh": (Tanh, xavier_normal),
    "sigmoid": (Sigmoid, xavier_normal),
}
OPTIMIZERS: dict[str, Any] = {"sgd": SGD, "rmsprop": RMSprop, "adam": Adam, "adamw": AdamW}
LOSSES: dict[str, Any] = {
    "squared_error": mean_squared_error,
    "absolute_error": mean_absolute_error,
    "huber": huber,
}
_Arrays = tuple[np.ndarray, ...]  # X and targets, and weights where there are any


@dataclass(eq=False, repr=False)  # scikit-learn reads settings off __init__ and has its own way to show them
class Settings(BaseEstimator):
    """What both estimators can be told; checked by `fit`, as scikit-learn wants it."""

    hidden_layer_sizes: int | Sequence[int] = (100,)  # units of each hidden layer; (): a linear model
    activation: str = "relu"  # of ACTIVATIONS
    _: KW_ONLY
    optimizer: str = "adam"  # of OPTIMIZERS
    learning_rate: float = 0.001
    momentum: float = 0.9  # of "sgd"; the others do without
    weight_decay: float | None = None  # None: the optimizer's own, 0.01 for "adamw" and 0 for the others
    epochs: int = 100  # of each `fit`
    batch_size: int | None = 64  # fewer rows make one batch; None: always all rows at once
    early_stopping: bool = False  # hold out rows, stop when their loss does not fall, keep the best weights
    validation_fraction: float = 0.1  # of the rows, held out for early stopping (class by class)
    patience: int = 10  # epochs without a lower loss that early stopping waits for
    random_state: Any = None  # an integer for the same result every time
    warm_start: bool = False  # `fit` goes on with weights, optimizer and random numbers of the last one
    verbose: bool = False  # show a progress bar

    def _check_settings(self) -> None:
        who = type(self).__name__
        self._hidden_sizes()
        check_choice(who, "activation", self.activation, ACTIVATIONS)
        check_choice(who, "optimizer", self.optimizer, OPTIMIZERS)
        check_number(who, "learning_rate", self.learning_rate, above=0)
        check_number(who, "momentum", self.momentum, at_least=0, below=1)
        if self.weight_decay is not None:
            check_number(who, "weight_decay", self.weight_decay, at_least=0)
        check_count(who, "epochs", self.epochs)
        if self.batch_size is not None:
            check_count(who, "batch_size", self.batch_size)
        for name in ("early_stopping", "warm_start"):
            check_flag(who, name, getattr(self, name))
        check_number(who, "validation_fraction", self.validation_fraction, above=0, below=1)
        check_count(who, "patience", self.patience)

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        if isinstance(sizes, np.ndarray):
            sizes = sizes.tolist()
        if isinstance(sizes, str) or not isinstance(sizes, Sequence):
            sizes = [sizes]
        return [check_count(type(self).__name__, "hidden_layer_sizes", size) for size in sizes]

    def _make_optimizer(self, network: Sequential) -> Optimizer:
        settings = {"momentum": self.momentum} if self.optimizer == "sgd" else {}
        if self.weight_decay is not None:
            settings["weight_decay"] = self.weight_decay
        return OPTIMIZERS[self.optimizer](network.parameters(), self.learning_rate, **settings)


class _Trainer(Settings):
    """The half that knows this package: the network and its training."""

    def _begin(self, sizes: list[int], activation: str, dtype: np.dtype) -> MLP:
        self._design = sizes, activation
        self._rng = _generator(type(self).__name__, self.random_state)
        self._split_seed = int(self._rng.spawn(1)[0].integers(2**31))  # takes no draw from rng itself
        self._optimizer_state: dict[str, np.ndarray] = {}
        self.loss_curve_: list[float] = []
        layer, weight_init = ACTIVATIONS[activation]
        return MLP(sizes, activation=layer, weight_init=weight_init, rng=self._rng, dtype=dtype)

    def _train(self, network: Sequential, data: _Arrays, validation: _Arrays | None, epochs: int):
        X, targets, *weights = data
        worker = _share_parameters(network)
        optimizer = _resume(self._make_optimizer(worker), self._optimizer_state)
        start = None
        if validation is not None and self.loss_curve_:
            start = _Start(worker, optimizer, self._loss(), validation)
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
            patience=None if validation is None else self.patience,
            progress=bool(self.verbose),
        )
        self._judge(history)
        if start is not None:
            start.outlast(history)
        return self._keep(network, optimizer, history)

    def _judge(self, history: History) -> None:
        if history.stop_reason == "diverged" and not (history.learned or self.loss_curve_):
            raise ValueError(
                f"{type(self).__name__} diverged at step {history.diverged_at}, before it had learned "
                f"anything; lower learning_rate={self.learning_rate}, or {self._scaling}"
            )
        if history.stop_reason == "interrupted":
            kept = f"training was interrupted; what was learned in {len(history)} epochs is kept"
            warnings.warn(kept, TrainingWarning, stacklevel=4)

    def _keep(self, network: Sequential, optimizer: Optimizer, history: History):
        """Keep what may be read or gone on with. A pickle carries no batch, gradient or second copy."""
        for p in network.parameters():
            p.grad = None
        history.best_parameters = None
        self._optimizer_state = {} if history.stop_reason == "diverged" else optimizer.state_dict()
        self.network_, self.history_, self.n_iter_ = network, history, len(history)
        self.loss_curve_ += history.metrics.get("loss", [])
        return self


class _Estimator(_Trainer):
    """The half that knows scikit-learn: what comes in, and what goes out."""

    def fit(self, X, y, sample_weight=None):
        """Train on X (m, n_features), y and sample_weight (m,), where 0 leaves a row out; return self.

        Warns if training diverges, and keeps the best weights before.
        Raises: ValueError, TypeError for unfit data or settings; ValueError if nothing was learned before.
        """
        anew = not (self.warm_start and hasattr(self, "network_"))
        with _all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, anew)
            validation = None
            if self.early_stopping:
                data, validation = _hold_out(self, data, self._split_seed)
            return self._train(network, data, validation, self.epochs)

    def _prepare(self, X, y, sample_weight, anew: bool, **known) -> tuple[Sequential, _Arrays]:
        """Return the network to train, with `anew` a new one, and the data, checked and encoded."""
        self._check_settings()
        X, y, weights = _check_data(self, X, y, sample_weight, anew)
        targets, weights = self._encode(y, weights, anew, **known)
        design = [X.shape[1], *self._hidden_sizes(), self.n_outputs_], self.activation
        if not anew and design != self._design:
            raise ValueError(
                f"{type(self).__name__} expected the sizes and activation {self._design} of the network it "
                f"goes on with, got {design}; set warm_start=False and call fit to begin anew"
            )
        network = self._begin(*design, X.dtype) if anew else self.network_
        return network, (X, targets) if weights is None else (X, targets, weights)

    def _scores(self, X) -> np.ndarray:
        check_is_fitted(self, "network_")
        dtype = self.coefs_[0].dtype
        X = _dense(validate_data(self, X, reset=False, accept_sparse="csr", dtype=dtype))
        try:
            return predict_scores(_share_parameters(self.network_), X)
        except NonFiniteError:
            raise ValueError(
                f"{type(self).__name__} expected X near what it was trained on, got values up to "
                f"{np.abs(X).max():.3g}, with which its scores overflow; look for wrong units or broken rows"
            ) from None

    @property
    def coefs_(self) -> list[np.ndarray]:
        """Weights (n_in, n_out) of each linear layer."""
        return [p.value for p in self.network_.parameters()[0::2]]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """Biases (n_out,) of each linear layer."""
        return [p.value for p in self.network_.parameters()[1::2]]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(ClassifierMixin, _Estimator):
    """Network with softmax outputs, one per class, trained on cross-entropy; see `Settings??`.

    Weights of samples and classes count within their batch, as in torch: small batches weaken them.
    Fitted attributes: classes_, network_ (the `MLP`), history_ (of the last call), loss_curve_ (of all),
    n_iter_ (epochs of the last call), coefs_, intercepts_, n_outputs_, n_features_in_, feature_names_in_.
    """

    class_weight: Mapping | str | None = None  # {label: weight}, else 1; "balanced": m / (n_classes · count)

    _metrics: ClassVar = {"accuracy": accuracy}
    _scaling: ClassVar = "put a StandardScaler before it"

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on all of these rows, from where the last call ended; return self.

        The first call needs `classes`, all the labels that may ever occur.
        Raises: as `fit`; ValueError without classes at first, for other ones later, for "balanced" weights.
        """
        anew = not hasattr(self, "network_")
        _check_partial_fit(self, classes, anew)
        with _all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, anew, classes=classes)
            return self._train(network, data, None, epochs=1)

    def decision_function(self, X) -> np.ndarray:
        """Return the scores (m, n_classes); for two classes the second's less the first's, (m,)."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict_proba(self, X) -> np.ndarray:
        """Return the probabilities (m, n_classes), in the order of `classes_`."""
        return Softmax().forward(self._scores(X))

    def predict_log_proba(self, X) -> np.ndarray:
        """Return the logarithms of the probabilities (m, n_classes), finite even where those round to 0."""
        return log_softmax(self._scores(X), axis=1)

    def predict(self, X) -> np.ndarray:
        """Return the most probable label (m,)."""
        scores = self._scores(X)  # first: it says what is missing
        return self.classes_[scores.argmax(axis=1)]

    def _loss(self) -> Loss:
        return softmax_cross_entropy

    def _encode(self, y, weights, anew: bool, classes=None):
        """Return y as integer labels, and the weights times those of the classes."""
        check_classification_targets(y)
        if anew:
            self.classes_ = _check_classes(y if classes is None else classes)
            self.n_outputs_ = len(self.classes_)
        labels = _encode_labels(y, self.classes_)
        if self.class_weight is not None:
            weights = _weigh_classes(self.class_weight, self.classes_, labels, weights)
        return labels, weights


@dataclass(eq=False, repr=False, kw_only=True)
class MLPRegressor(RegressorMixin, _Estimator):
    """Network with linear outputs, trained on one of LOSSES; see `Settings??`.

    y is (m,) or (m, n_outputs), and so are predictions. Fitted attributes: as `MLPClassifier`, but classes_.
    """

    loss: str = "squared_error"  # of LOSSES; averaged over rows and outputs
    delta: float = 1.0  # of "huber": the error beyond which it grows linearly, in units of y

    _metrics: ClassVar = None
    _scaling: ClassVar = (
        "put a StandardScaler before it, and itself into a TransformedTargetRegressor if y is far from 1"
    )

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these rows, from where the last call ended; return self.

        Raises: as `fit`.
        """
        with _all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, anew=not hasattr(self, "network_"))
            return self._train(network, data, None, epochs=1)

    def predict(self, X) -> np.ndarray:
        """Return the predictions, (m,) or (m, n_outputs)."""
        scores = self._scores(X)
        return scores[:, 0] if self._y_is_vector else scores

    def _loss(self) -> Loss:
        return partial(huber, delta=self.delta) if self.loss == "huber" else LOSSES[self.loss]

    def _check_settings(self) -> None:
        super()._check_settings()
        check_choice("MLPRegressor", "loss", self.loss, LOSSES)
        check_number("MLPRegressor", "delta", self.delta, above=0)

    def _encode(self, y, weights, anew: bool):
        """Return y as (m, n_outputs); the weights stay as they are."""
        targets = y.reshape(len(y), -1)
        if anew:
            self.n_outputs_, self._y_is_vector = targets.shape[1], y.ndim == 1
        elif targets.shape[1] != self.n_outputs_:
            raise ValueError(
                f"MLPRegressor expected y with {self.n_outputs_} columns, as before, got {targets.shape[1]}"
            )
        return targets, weights

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@contextlib.contextmanager
def _all_or_nothing(estimator: _Estimator) -> Iterator[None]:
    """Give the estimator all its attributes back should what follows fail: what it had learned, above all."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        estimator.__dict__.clear()
        estimator.__dict__.update(before)
        raise


class _Start:
    """What a warm start begins with, and its loss on held-out rows: no epoch after it may be better."""

    def __init__(self, network: Sequential, optimizer: Optimizer, loss: Loss, validation: _Arrays):
        X, targets, *weights = validation
        self._loss, _ = loss(predict_scores(network, X), targets, *weights)
        self._values = [(p, p.value.copy()) for p in network.parameters()]
        self._optimizer, self._state = optimizer, optimizer.state_dict()

    def outlast(self, history: History) -> None:
        """Put weights and optimizer back unless an epoch of the history was better."""
        if self._loss <= min(history.metrics.get("val_loss", [np.inf])):
            history.best_epoch = 0
            self._optimizer.load_state_dict(self._state)
            for p, value in self._values:
                p.value[...] = value


def _share_parameters(network: Sequential) -> Sequential:
    """Return a network of the same parameters: what its layers remember for `backward` goes with it."""
    return Sequential(*map(copy.copy, network.layers))


def _resume(optimizer: Optimizer, state: dict[str, np.ndarray]) -> Optimizer:
    """Load the state of an earlier run, if there is one of such an optimizer; keep the new learning rate."""
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


# ---------------------------------------------------------------------------------------- data


def _check_data(estimator: _Estimator, X, y, sample_weight, anew: bool):
    """Return X (m, n_features) in the network's dtype, y, and weights (m,) or None; no row of weight 0."""
    dtype = (np.float64, np.float32) if anew else estimator.coefs_[0].dtype
    of_y = {"multi_output": True, "y_numeric": True} if is_regressor(estimator) else {}
    X, y = validate_data(estimator, X, y, reset=anew, accept_sparse="csr", dtype=dtype, **of_y)
    X, who = _dense(X), type(estimator).__name__
    if is_regressor(estimator):
        y = _as_dtype(who, "y", y, X.dtype)
    if sample_weight is None:
        return X, y, None
    weights = check_array(who, "sample_weight", sample_weight)
    check_shape(who, "sample_weight", weights, (len(X),))
    weights = _as_dtype(who, "sample_weight", weights, X.dtype)  # what rounds to 0 leaves a row out, too
    if weights.min() < 0 or not weights.any():
        raise ValueError(
            f"{who} expected each sample_weight to be zero or more, and one above zero, got {weights.min()} "
            f"as the smallest and {weights.max()} as the largest"
        )
    kept = weights > 0  # such rows must not make classes, nor fill batches or validation data
    return (X, y, weights) if kept.all() else (X[kept], y[kept], weights[kept])


def _as_dtype(who: str, name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return values in the network's dtype, in which their sum must not overflow: means are taken of it."""
    with np.errstate(over="ignore"):
        values = values.astype(dtype)
        total = np.abs(values).sum()
    if not np.isfinite(total):
        raise ValueError(
            f"{who} expected {name} to have a finite sum in {dtype}, got {total}; divide it by its largest"
        )
    return values


def _dense(X) -> np.ndarray:
    return X.toarray() if issparse(X) else X


def _hold_out(estimator: _Estimator, data: _Arrays, seed: int) -> tuple[_Arrays, _Arrays]:
    """Return the training and the validation part; a classifier's have all classes in the same shares."""
    stratify, who = data[1] if is_classifier(estimator) else None, type(estimator).__name__
    if stratify is not None:
        rare = estimator.classes_[np.bincount(stratify) == 1].tolist()
        if rare:
            raise ValueError(
                f"{who} expected two rows or more of each class for early stopping, got one of {rare}; "
                "give more rows of them, or set early_stopping=False"
            )
    try:
        parts = train_test_split(
            *data, test_size=estimator.validation_fraction, random_state=seed, stratify=stratify
        )
    except ValueError as error:
        raise ValueError(
            f"{who} cannot hold out validation_fraction={estimator.validation_fraction} for early stopping: "
            f"{str(error).rstrip('.')}; give more rows, change the fraction, or set early_stopping=False"
        ) from error
    return tuple(parts[0::2]), tuple(parts[1::2])


def _check_partial_fit(estimator: MLPClassifier, classes, anew: bool) -> None:
    who, class_weight = "MLPClassifier.partial_fit", estimator.class_weight
    if isinstance(class_weight, str):
        raise ValueError(
            f"{who} expected class_weight as a dict or None, got {class_weight!r}, which needs all labels at "
            "once; count them, and give a dict"
        )
    if anew and classes is None:
        raise ValueError(
            f"{who} expected classes in its first call, got None; name all labels that may occur"
        )
    if not anew and classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
        raise ValueError(f"{who} expected classes {estimator.classes_}, as before, got {classes}")


def _check_classes(labels) -> np.ndarray:
    try:
        classes = np.unique(labels)
    except TypeError:  # they have no order
        raise TypeError(f"MLPClassifier expected classes of one type, got {describe(labels)}") from None
    if classes.dtype.kind == "f" and np.isnan(classes).any():
        raise ValueError(f"MLPClassifier expected classes without NaN, got {classes}")
    if len(classes) < 2:
        found = f"1 class: {classes.tolist()[0]!r}" if len(classes) else "none"
        raise ValueError(f"MLPClassifier expected two classes or more, got {found}")
    return classes


def _encode_labels(y: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return the place of each label among the classes, which are sorted."""
    unknown = np.setdiff1d(y, classes)
    if len(unknown):
        raise ValueError(
            f"MLPClassifier expected y with the classes {classes} it began with, got {unknown} too; "
            "name all of them in the first partial_fit, or call fit with warm_start=False"
        )
    return np.searchsorted(classes, y)


def _weigh_classes(
    class_weight: Mapping | str, classes: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Return the weight of each row times that of its class."""
    weights = np.ones(len(labels)) if weights is None else weights
    if isinstance(class_weight, Mapping):
        names = classes.tolist()
        unknown = [label for label in class_weight if label not in names]
        if unknown and any(name not in class_weight for name in names):  # else a class that this part lacks
            raise ValueError(f"MLPClassifier expected class_weight for the classes {names}, got {unknown}")
        factors = [
            check_number("MLPClassifier", "class_weight", class_weight.get(n, 1), above=0) for n in names
        ]
        return weights * np.array(factors)[labels]
    check_choice("MLPClassifier", "class_weight", class_weight, ("balanced",))
    present, index = np.unique(labels, return_inverse=True)
    counts = np.bincount(index, weights=weights)  # a weight of 2 counts as two rows
    return weights * (weights.sum() / (len(present) * counts))[index]
