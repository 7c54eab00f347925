"""Penalties on large weights; `fit(…, penalty=l2(0.01))` adds them to the loss and its gradients.

A penalty is a function `network -> (value, [(parameter, gradient), …])`. Only weights are penalized: the
parameters with two or more axes. Biases, and the scales and shifts of normalization, have one axis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nnlab._check import check_number, describe
from nnlab.layers import Layer, Parameter

Penalty = Callable[[Layer], tuple[float, list[tuple[Parameter, np.ndarray]]]]


@dataclass(frozen=True)
class elastic:
    """l1_strength · Σ |W| + l2_strength · ½ Σ W²; gradient l1_strength · sign W + l2_strength · W.

    The ½ makes l2_strength the same as torch's weight_decay in SGD; a penalty λ Σ W² without it, as in Keras,
    is l2_strength = 2λ. Adam's weight_decay enters the gradient in the same way; AdamW's does not.
    The slope of |W| at 0 is taken as 0, as in torch.
    Raises: ValueError, TypeError unless the strengths are >= 0. Source: Zou and Hastie, 2005.
    """

    l1_strength: float
    l2_strength: float

    def __post_init__(self):
        for name in ("l1_strength", "l2_strength"):
            object.__setattr__(self, name, check_number("elastic", name, getattr(self, name), at_least=0))

    @np.errstate(all="ignore")  # whatever the reader has set: the squares of tiny weights underflow
    def __call__(self, network: Layer) -> tuple[float, list[tuple[Parameter, np.ndarray]]]:
        """Return the penalty's value, and its gradient for each weight array of the network."""
        if not isinstance(network, Layer):
            raise TypeError(f"elastic expected a network, got {describe(network)}")
        value, gradients = 0.0, []
        for parameter in network.parameters():
            W = parameter.value
            if W.ndim < 2:
                continue
            gradient = np.zeros_like(W)
            if self.l1_strength:
                value += self.l1_strength * float(np.abs(W).sum())
                gradient += self.l1_strength * np.sign(W)
            if self.l2_strength:
                value += self.l2_strength * float(np.vdot(W, W)) / 2
                gradient += self.l2_strength * W
            gradients.append((parameter, gradient))
        return value, gradients


def l1(strength: float) -> elastic:
    """Return the penalty strength · Σ |W|, which drives weights to zero. Source: Tibshirani, 1996.

    Raises: ValueError, TypeError unless strength >= 0.
    """
    return elastic(check_number("l1", "strength", strength, at_least=0), 0)


def l2(strength: float) -> elastic:
    """Return the penalty strength · ½ Σ W², the same as weight_decay=strength on the weights in SGD.

    Raises: ValueError, TypeError unless strength >= 0. Source: Hoerl and Kennard, 1970.
    """
    return elastic(0, check_number("l2", "strength", strength, at_least=0))
