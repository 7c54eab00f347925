"""The settings of both estimators, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from nnlab._check import check_choice, check_count, check_flag, check_function, check_number, describe
from nnlab.initializers import he_normal, xavier_normal
from nnlab.layers import ELU, GELU, LeakyReLU, ReLU, Sequential, Sigmoid, SiLU, Tanh
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop
from nnlab.penalties import elastic
from nnlab.schedules import Schedule, check_schedule, constant, cosine, linear, one_cycle

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
SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {  # from the learning rate and the number of steps
    "constant": lambda lr, steps: constant(lr),
    "cosine": cosine,
    "linear": partial(linear, start_factor=1, end_factor=0),
    "one_cycle": one_cycle,
}

_positive, _not_negative = partial(check_number, above=0), partial(check_number, at_least=0)
_fraction = partial(check_number, at_least=0, below=1)
_CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "activation": partial(check_choice, choices=ACTIVATIONS),
    "dropout": _fraction,
    "optimizer": partial(check_choice, choices=OPTIMIZERS),
    "learning_rate": _positive,
    "momentum": _fraction,
    "weight_decay": _not_negative,
    "alpha": _not_negative,
    "l1_ratio": partial(check_number, at_least=0, at_most=1),
    "clip_norm": _positive,
    "clip_value": _positive,
    "epochs": check_count,
    "batch_size": check_count,
    "early_stopping": check_flag,
    "validation_fraction": partial(check_number, above=0, below=1),
    "patience": check_count,
    "warm_start": check_flag,
}
_MAY_BE_NONE = {"weight_decay", "clip_norm", "clip_value", "batch_size"}


@dataclass(eq=False, repr=False)  # scikit-learn reads settings from __init__ and has its own way to show them
class Settings(BaseEstimator):
    """The settings of both estimators; checked by `fit`, as scikit-learn requires.

    The penalty is alpha · (l1_ratio · Σ |W| + (1 − l1_ratio) · ½ Σ W²), as in scikit-learn's `ElasticNet`, on
    weights and not on biases; it is part of the training loss. scikit-learn's `MLPClassifier` divides its
    alpha by the rows of a batch, this one does not.
    """

    hidden_layer_sizes: int | Sequence[int] = (100,)  # units of each hidden layer; (): a linear model
    activation: str = "relu"  # of ACTIVATIONS
    _: KW_ONLY
    dropout: float = 0.0  # probability that a hidden unit is left out of a training step
    optimizer: str = "adam"  # of OPTIMIZERS
    learning_rate: float = 0.001
    schedule: str | Callable = "constant"  # of SCHEDULES, or a function of (learning_rate, steps) like those;
    # it spans each `fit`, or as many calls of `partial_fit` as there are epochs, and then keeps its last rate
    momentum: float = 0.9  # for "sgd" only
    weight_decay: float | None = None  # None: the optimizer's own, 0.01 for "adamw" and 0 for the others
    alpha: float = 0.0  # strength of the penalty on large weights
    l1_ratio: float = 0.0  # its share of L1: 0 for L2 alone, 1 for L1 alone
    clip_norm: float | None = None  # the longest that all gradients together, as one vector, may be
    clip_value: float | None = None  # the largest that an entry of a gradient may be
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
        for name, check in _CHECKS.items():
            value = getattr(self, name)
            if value is not None or name not in _MAY_BE_NONE:
                check(who, name, value)
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError(f"{who} expected clip_norm or clip_value, got both; leave one out")
        if isinstance(self.schedule, str):
            check_choice(who, "schedule", self.schedule, SCHEDULES)
        else:
            check_function(who, "schedule", self.schedule, "nnlab.schedules.cosine")

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
        clip = {"clip_norm": self.clip_norm, "clip_value": self.clip_value}
        return OPTIMIZERS[self.optimizer](network.parameters(), self.learning_rate, **settings, **clip)

    def _make_penalty(self) -> elastic | None:
        return elastic(self.alpha * self.l1_ratio, self.alpha * (1 - self.l1_ratio)) if self.alpha else None


def make_schedule(settings: Settings, steps: int) -> Schedule:
    """Return the learning rate as a function of the step, for so many steps.

    Raises: TypeError, ValueError for a schedule that does not make such a function.
    """
    who = type(settings).__name__
    make = SCHEDULES[settings.schedule] if isinstance(settings.schedule, str) else settings.schedule
    try:
        schedule = make(settings.learning_rate, steps)
    except TypeError as error:
        raise TypeError(
            f"{who} expected schedule as a function of (learning_rate, steps), got {describe(make)} "
            f"({error}); give nnlab.schedules.cosine itself, say, and not what it returns"
        ) from error
    check_schedule(who, "what schedule returns", schedule)
    return schedule
