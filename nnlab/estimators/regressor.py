"""The regressor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from nnlab._check import check_choice, check_number
from nnlab.estimators.base import Estimator, all_or_nothing
from nnlab.losses import Loss, huber, mean_absolute_error, mean_squared_error

LOSSES: dict[str, Any] = {
    "squared_error": mean_squared_error,
    "absolute_error": mean_absolute_error,
    "huber": huber,
}


@dataclass(eq=False, repr=False, kw_only=True)
class MLPRegressor(RegressorMixin, Estimator):
    """Network with linear outputs, trained on one of LOSSES; see `Settings??`.

    y is (m,) or (m, n_outputs), and so are predictions. Fitted attributes: MLPClassifier's but classes_.
    """

    loss: str = "squared_error"  # of LOSSES; averaged over rows and outputs
    delta: float = 1.0  # of "huber": the error beyond which it grows linearly, in units of y

    _metrics: ClassVar = None
    _scaling: ClassVar = (
        "put a StandardScaler before it, and wrap it in a TransformedTargetRegressor if y is far from 1"
    )

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these rows, from where the last call ended; return self.

        Raises: as `fit`.
        """
        with all_or_nothing(self):
            network, data = self._prepare(X, y, sample_weight, first=not hasattr(self, "network_"))
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

    def _encode(self, y, weights, first: bool):
        """Return y as (m, n_outputs); the weights stay as they are."""
        targets = y.reshape(len(y), -1)
        if first:
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
