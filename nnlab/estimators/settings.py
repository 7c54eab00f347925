"""The settings of both estimators, and their checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from nnlab._check import check_choice, check_count, check_flag, check_number
from nnlab.initializers import he_normal, xavier_normal
from nnlab.layers import ELU, GELU, LeakyReLU, ReLU, Sequential, Sigmoid, SiLU, Tanh
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

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


@dataclass(eq=False, repr=False)  # scikit-learn reads settings from __init__ and has its own way to show them
class Settings(BaseEstimator):
    """The settings of both estimators; checked by `fit`, as scikit-learn requires."""

    hidden_layer_sizes: int | Sequence[int] = (100,)  # units of each hidden layer; (): a linear model
    activation: str = "relu"  # of ACTIVATIONS
    _: KW_ONLY
    optimizer: str = "adam"  # of OPTIMIZERS
    learning_rate: float = 0.001
    momentum: float = 0.9  # for "sgd" only
    weight_decay: float | None = None  # None: the optimizer's own, 0.01 for "adamw" and 0 for the others
    epochs: int = 100  # of each `fit`
    batch_size: int | None = 64  # if there are fewer rows, they are one batch; None: all rows at once
    early_stopping: bool = False  # hold out rows, stop when their loss does not fall, keep the best weights
    validation_fraction: float = 0.1  # of the rows, held out for early stopping (class by class)
    patience: int = 10  # epochs without a lower loss that early stopping waits for
    random_state: Any = None  # an integer for the same result every time
    warm_start: bool = False  # `fit` continues with the last one's weights, optimizer and random state
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
