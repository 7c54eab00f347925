"""What every layer is: a checked `forward` and `backward` around two formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nnlab._check import check_array
from nnlab.layers.state import Stateful, locate


class Checked(Stateful):
    """What stands between a call and its formula: input checks, and what is kept for `backward`."""

    #: the dtype of the parameters; None for a layer without any, which takes float32 and float64
    dtype: np.dtype | None = None
    #: the axes of X: numbers, letters for any size, and ... for any number of axes
    axes: tuple = ("m", ...)
    _kept: tuple[np.ndarray, np.ndarray] | None = None

    def _run(self, step: Callable, array: Any) -> Any:
        """Run a checked step of the outermost layer; containers call their layers' steps directly."""
        try:
            with np.errstate(all="ignore"):  # whatever the reader has set: it must not change a result
                return step(array)
        except (ValueError, TypeError, RuntimeError) as error:
            locate(error, self)
            raise

    def _checked_forward(self: Any, X: Any) -> np.ndarray:
        X = self._check_input(X)
        Y = self._forward(X)
        self._kept = X, Y
        return Y

    def _checked_backward(self: Any, dY: Any) -> np.ndarray:
        X, Y = self._remembered()
        return self._backward(self._check_gradient(dY, Y), X, Y)

    def _checked_backward_parameters(self: Any, dY: Any) -> None:
        X, Y = self._remembered()
        self._backward_parameters(self._check_gradient(dY, Y), X, Y)

    def _check_input(self, X: Any) -> np.ndarray:
        return check_array(type(self).__name__, "X", X, shape=self.axes, dtype=self.dtype, finite=False)

    def _check_gradient(self, dY: Any, Y: np.ndarray) -> np.ndarray:
        if type(dY) is np.ndarray and dY.shape == Y.shape and dY.dtype == Y.dtype:
            return dY
        who = f"{type(self).__name__}.backward"
        return check_array(who, "dY", dY, shape=Y.shape, dtype=Y.dtype, finite=False)

    def _remembered(self) -> tuple[np.ndarray, np.ndarray]:
        if self._kept is None:
            raise RuntimeError(
                f"{type(self).__name__}.backward was called before forward; call forward first"
            )
        return self._kept

    def forget(self) -> None:
        """Drop what was kept for `backward`, here and in all inner layers: their private attributes."""
        for _, layer in self.named_layers():
            for name in [name for name in vars(layer) if name.startswith("_")]:
                delattr(layer, name)

    def __repr__(self) -> str:
        """Show the settings: the public attributes that are numbers or text."""
        settings = [
            f"{name}={value!r}"
            for name, value in vars(self).items()
            if not name.startswith("_") and name != "training" and isinstance(value, (bool, int, float, str))
        ]
        return f"{type(self).__name__}({', '.join(settings)})"


class Layer(Checked):
    """The base of all layers. A new layer is its constructor and two formulas, `_forward` and `_backward`.

    X and Y of `forward` are kept for `backward`; whatever else that needs, `_forward` puts into private
    attributes. Parameters, buffers and inner layers are found among the attributes and named after them, as
    in torch. Layers never change their arguments.
    """

    #: whether each sample's output depends on that sample alone, and not on the others or on chance
    samplewise = True

    def _forward(self, X: np.ndarray) -> np.ndarray:
        """Return Y for a checked X."""
        raise NotImplementedError(f"{type(self).__name__} must define _forward(X)")

    def _backward(self, dY: np.ndarray, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return dX for a checked dY and the X and Y of `forward`; assign the layer's own gradients."""
        raise NotImplementedError(f"{type(self).__name__} must define _backward(dY, X, Y)")

    def _backward_parameters(self, dY: np.ndarray, X: np.ndarray, Y: np.ndarray) -> None:
        """Assign the layer's own gradients only; worth defining where dX takes time."""
        self._backward(dY, X, Y)

    def forward(self, X: np.ndarray) -> np.ndarray:
        """Map a batch X, whose first axis is the sample, to Y.

        NaN and infinity pass through, as in NumPy and torch: `fit` and the losses look for them.
        Raises: ValueError for a wrong shape, TypeError for a wrong dtype.
        """
        return self._run(self._checked_forward, X)

    def backward(self, dY: np.ndarray) -> np.ndarray:
        """Map the gradient of the loss with respect to Y to that with respect to X.

        Assigns the gradients of the layer's own parameters.
        Raises: RuntimeError before `forward`; ValueError, TypeError unless dY is like Y.
        """
        return self._run(self._checked_backward, dY)

    def backward_parameters(self, dY: np.ndarray) -> None:
        """Like `backward`, but without dX, which nothing needs from the first layer of a network in training.

        Raises: as `backward`.
        """
        self._run(self._checked_backward_parameters, dY)
