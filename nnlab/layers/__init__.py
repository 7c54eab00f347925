"""Layers: what a network is made of. Each knows its forward pass and its own piece of the chain rule."""

from nnlab.layers.activations import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from nnlab.layers.base import Layer, Parameter, evaluation_mode
from nnlab.layers.containers import MLP, Residual, Sequential
from nnlab.layers.linear import Linear
from nnlab.layers.recurrent import GRU, LSTM, RNN, Bidirectional, LastStep

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "Activation",
    "Bidirectional",
    "LastStep",
    "Layer",
    "LeakyReLU",
    "Linear",
    "Parameter",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "evaluation_mode",
]
