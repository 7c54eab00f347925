"""The PyTorch twin: the same network, losses and optimizers in torch, and proof that they stay together.

Only a few conventions differ. torch keeps the weight of a linear layer as (n_out, n_in), the transpose of
nnlab's W; a recurrent layer has two biases there that are only ever added; and torch's `backward` adds to the
gradients, where nnlab's assigns them, so that torch needs `zero_grad`.
"""

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError("nnlab.twins.pytorch needs PyTorch; install it with: pip install torch") from error

from nnlab.twins.pytorch.comparison import Lockstep, lockstep
from nnlab.twins.pytorch.table import TWINS
from nnlab.twins.pytorch.training import LOSSES, OPTIMIZERS, loss_to_torch, optimizer_to_torch
from nnlab.twins.pytorch.weights import copy_from_torch, copy_to_torch, to_torch

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "TWINS",
    "Lockstep",
    "copy_from_torch",
    "copy_to_torch",
    "lockstep",
    "loss_to_torch",
    "optimizer_to_torch",
    "to_torch",
]
