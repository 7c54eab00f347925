"""Neural networks from the first neuron: the package behind the nnlab notebooks."""

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "SGD",
    "Adam",
    "AdamW",
    "AvgPool2d",
    "BatchNorm",
    "Bidirectional",
    "Callback",
    "Checkpoint",
    "Conv2d",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "Flatten",
    "History",
    "LambdaCallback",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "Log",
    "MaxPool2d",
    "Metric",
    "MultiHeadAttention",
    "Parameter",
    "Pooling",
    "PositionalEncoding",
    "ProgressBar",
    "RMSprop",
    "ReLU",
    "ReduceOnPlateau",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "TransformerBlock",
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
    "receptive_field",
    "save",
    "softmax_cross_entropy",
]

try:
    from nnlab.gradcheck import check_gradients, numerical_gradient
    from nnlab.layers import (
        ELU,
        GELU,
        GRU,
        LSTM,
        MLP,
        RNN,
        AvgPool2d,
        BatchNorm,
        Bidirectional,
        Conv2d,
        Dropout,
        Embedding,
        Flatten,
        LastStep,
        Layer,
        LayerNorm,
        LeakyReLU,
        Linear,
        MaxPool2d,
        MultiHeadAttention,
        Parameter,
        Pooling,
        PositionalEncoding,
        ReLU,
        Residual,
        Sequential,
        Sigmoid,
        SiLU,
        Softmax,
        Tanh,
        TransformerBlock,
        receptive_field,
    )
    from nnlab.losses import (
        binary_cross_entropy_with_logits,
        huber,
        mean_absolute_error,
        mean_squared_error,
        softmax_cross_entropy,
    )
    from nnlab.metrics import Metric, accuracy
    from nnlab.optimizers import SGD, Adam, AdamW, RMSprop
    from nnlab.training import (
        Callback,
        Checkpoint,
        EarlyStopping,
        History,
        LambdaCallback,
        Log,
        ProgressBar,
        ReduceOnPlateau,
        batches,
        fit,
        load,
        predict_scores,
        save,
    )
except ImportError as error:  # NumPy is missing or broken; the doctor must start all the same, and say so
    from nnlab._terminal import as_typed

    _problem = error

    def __getattr__(name: str):
        if name not in __all__:
            raise AttributeError(f"module 'nnlab' has no attribute {name!r}")
        raise ImportError(
            f"nnlab.{name} cannot be used here: {_problem}; `{as_typed('doctor')}` says what to do"
        ) from _problem
