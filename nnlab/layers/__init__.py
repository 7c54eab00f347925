"""Layers: what a network is made of. Each knows its forward pass and its own piece of the chain rule."""

from nnlab.layers.activations import ELU, GELU, Activation, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Tanh
from nnlab.layers.attention import MultiHeadAttention, PositionalEncoding, TransformerBlock
from nnlab.layers.base import Layer
from nnlab.layers.containers import MLP, Residual, Sequential
from nnlab.layers.convolution import AvgPool2d, Conv2d, Flatten, MaxPool2d, Pooling
from nnlab.layers.embedding import Embedding
from nnlab.layers.linear import Linear
from nnlab.layers.normalization import BatchNorm, LayerNorm
from nnlab.layers.receptive_field import ReceptiveField, receptive_field
from nnlab.layers.recurrent import GRU, LSTM, RNN, Bidirectional, LastStep
from nnlab.layers.regularization import Dropout
from nnlab.layers.state import Parameter, evaluation_mode

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "MLP",
    "RNN",
    "Activation",
    "AvgPool2d",
    "BatchNorm",
    "Bidirectional",
    "Conv2d",
    "Dropout",
    "Embedding",
    "Flatten",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "MaxPool2d",
    "MultiHeadAttention",
    "Parameter",
    "Pooling",
    "PositionalEncoding",
    "ReLU",
    "ReceptiveField",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
    "TransformerBlock",
    "evaluation_mode",
    "receptive_field",
]
