"""PyTorch models and batches for the probes."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nnlab.exercises.checking.probes import Sizes


def mlp(s: Sizes, dtype: torch.dtype = torch.float32, seed: int = 0) -> nn.Sequential:
    """Return a Linear-ReLU-Linear network with fixed random weights, whatever the global generator holds."""
    model = nn.Sequential(nn.Linear(s.n_x, s.n_h), nn.ReLU(), nn.Linear(s.n_h, s.n_y)).to(dtype)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))
    return model


def batch(rng: np.random.Generator, s: Sizes) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a float tensor and integer labels."""
    X = torch.tensor(rng.normal(size=(s.m, s.n_x)), dtype=torch.float32)
    return X, torch.tensor(rng.integers(0, s.n_y, size=s.m))
