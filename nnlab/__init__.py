"""Neural networks from the first neuron: the package behind the nnlab notebooks."""

from nnlab.gradcheck import check_gradients, numerical_gradient
from nnlab.layers import (
    ELU,
    GELU,
    MLP,
    Layer,
    LeakyReLU,
    Linear,
    Parameter,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.losses import (
    binary_cross_entropy_with_logits,
    huber,
    mean_absolute_error,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, AdamW, RMSprop
from nnlab.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    History,
    Log,
    ProgressBar,
    ReduceOnPlateau,
    batches,
    fit,
    load,
    predict_scores,
    save,
)

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Log",
    "Parameter",
    "ProgressBar",
    "RMSprop",
    "ReLU",
    "ReduceOnPlateau",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "accuracy",
    "batches",
    "binary_cross_entropy_with_logits",
    "check_gradients",
    "fit",
    "huber",
    "load",
    "mean_absolute_error",
    "mean_squared_error",
    "numerical_gradient",
    "predict_scores",
    "save",
    "softmax_cross_entropy",
]
