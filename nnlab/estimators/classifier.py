"""The classifier, and what it knows about classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np
from scipy.special import log_expit, log_softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from nnlab._check import check_choice, check_number, describe
from nnlab.estimators.base import Estimator, all_or_nothing
from nnlab.layers import Sigmoid, Softmax
from nnlab.losses import Loss, binary_cross_entropy_with_logits, softmax_cross_entropy
from nnlab.metrics import accuracy


@dataclass(eq=False, repr=False, kw_only=True)
class MLPClassifier(ClassifierMixin, Estimator):
    """Network with softmax outputs, one per class, trained on cross-entropy; see `Settings??`.

    Sample and class weights are relative to those in their batch, as in torch: small batches weaken them.
    Fitted attributes: classes_, network_ (the `MLP`), history_ (of the last call), loss_curve_ (of all),
    n_iter_ (epochs of the last call), coefs_, intercepts_, n_outputs_, n_features_in_, feature_names_in_.
    A y of zeros and ones, (m, n_labels), asks one question per column: any number of labels may apply. The
    outputs are then sigmoids, the loss is binary cross-entropy averaged over rows and labels, and predictions
    and probabilities are (m, n_labels).
    With label_smoothing=ε, each target Y becomes (1 − ε) Y + ε / n_classes, or + ε / 2 with several labels.
    """

    class_weight: Mapping | str | None = None  # {label: weight}, else 1; "balanced": m / (n_classes · count)
    label_smoothing: float = 0.0  # in [0, 1), in the losses of held-out rows too

    _scaling: ClassVar = "put a StandardScaler before it"

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on all of these rows, from where the last call ended; return self.

        The first call needs `classes`: all labels that may ever occur.
        Raises: as `fit`; ValueError if classes are missing at first or change later; for "balanced" weights.
        """
        first = not hasattr(self, "network_")
        _check_partial_fit(self, classes, first)
        with all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, first, classes=classes)
            return self._train(network, data, None, epochs=1)

    def decision_function(self, X) -> np.ndarray:
        """Return the scores (m, n_classes); for two classes, the second's minus the first's, (m,)."""
        scores = self._scores(X)
        two_classes = scores.shape[1] == 2 and not self._multilabel
        return scores[:, 1] - scores[:, 0] if two_classes else scores

    def predict_proba(self, X) -> np.ndarray:
        """Return the probabilities (m, n_classes), in the order of `classes_`."""
        scores = self._scores(X)  # first, as it refuses an estimator that is not fitted
        return (Sigmoid() if self._multilabel else Softmax()).forward(scores)

    def predict_log_proba(self, X) -> np.ndarray:
        """Return the logarithms of the probabilities (m, n_classes), finite even where those round to 0."""
        scores = self._scores(X)
        return log_expit(scores) if self._multilabel else log_softmax(scores, axis=1)

    def predict(self, X) -> np.ndarray:
        """Return the most probable label (m,); with several labels, 1 for each with a probability above ½."""
        scores = self._scores(X)
        return (scores > 0).astype(int) if self._multilabel else self.classes_[scores.argmax(axis=1)]

    @property
    def _metrics(self) -> dict:
        return {} if self._multilabel else {"accuracy": accuracy}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _loss(self) -> Loss:
        loss = _smoothed_binary if self._multilabel else softmax_cross_entropy
        return partial(loss, label_smoothing=self.label_smoothing)

    def _check_settings(self) -> None:
        super()._check_settings()
        check_number("MLPClassifier", "label_smoothing", self.label_smoothing, at_least=0, below=1)

    def _encode(self, y, weights, first: bool, classes=None):
        """Return y as integer labels, and the weights times those of the classes; or zeros and ones."""
        check_classification_targets(y)
        multilabel = y.ndim == 2
        if first:
            self._multilabel = multilabel
            columns = np.arange(y.shape[1]) if multilabel else y
            self.classes_ = _check_classes(columns if classes is None else classes)
            self.n_outputs_ = len(self.classes_)
        if multilabel or self._multilabel:
            return _encode_labelsets(self, y), weights
        labels = _encode_labels(y, self.classes_)
        if self.class_weight is not None:
            weights = _weigh_classes(self.class_weight, self.classes_, labels, weights)
        return labels, weights


def _smoothed_binary(scores, targets, sample_weight=None, *, label_smoothing: float):
    targets = (1 - label_smoothing) * targets + label_smoothing / 2
    return binary_cross_entropy_with_logits(scores, targets.astype(scores.dtype), sample_weight)


def _check_partial_fit(estimator: MLPClassifier, classes, first: bool) -> None:
    who, class_weight = "MLPClassifier.partial_fit", estimator.class_weight
    if isinstance(class_weight, str):
        raise ValueError(
            f"{who} expected class_weight as a dict or None, got {class_weight!r}, which needs all labels at "
            "once; count them, and give a dict"
        )
    if first and classes is None:
        raise ValueError(
            f"{who} expected classes in its first call, got None; name all labels that may occur"
        )
    if not first and classes is not None and not np.array_equal(np.unique(classes), estimator.classes_):
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


def _encode_labelsets(estimator: MLPClassifier, y: np.ndarray) -> np.ndarray:
    """Return the columns of zeros and ones, checked to match the outputs of the network."""
    who, n = "MLPClassifier", estimator.n_outputs_
    if y.ndim != 2 or y.shape[1] != n or not estimator._multilabel:
        expected = f"shape (m, {n})" if estimator._multilabel else "shape (m,)"
        raise ValueError(f"{who} expected y of {expected}, as before, got {y.shape}; call fit to start again")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"{who} expected columns of y with 0 and 1, got {describe(np.unique(y).tolist())}")
    if estimator.class_weight is not None:
        raise ValueError(
            f"{who} expected class_weight=None for several labels, got {estimator.class_weight!r}"
        )
    return np.asarray(y, np.int64)


def _weigh_classes(
    class_weight: Mapping | str, classes: np.ndarray, labels: np.ndarray, weights: np.ndarray | None
) -> np.ndarray:
    """Return the weight of each row times that of its class."""
    weights = np.ones(len(labels)) if weights is None else weights
    if isinstance(class_weight, Mapping):
        names = classes.tolist()
        unknown = [label for label in class_weight if label not in names]
        if unknown and any(name not in class_weight for name in names):  # else it may be absent here
            raise ValueError(f"MLPClassifier expected class_weight for the classes {names}, got {unknown}")
        factors = [
            check_number("MLPClassifier", "class_weight", class_weight.get(n, 1), above=0) for n in names
        ]
        return weights * np.array(factors)[labels]
    check_choice("MLPClassifier", "class_weight", class_weight, ("balanced",))
    present, index = np.unique(labels, return_inverse=True)
    counts = np.bincount(index, weights=weights)  # a weight of 2 counts as two rows
    return weights * (weights.sum() / (len(present) * counts))[index]
