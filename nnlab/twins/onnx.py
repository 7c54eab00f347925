"""The ONNX twin: the same network as a graph of standard operations, which many programs can run.

Each layer has its own translation, a function of a few lines. The graph is that of evaluation mode.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import nnlab
from nnlab import layers
from nnlab._check import check_dtype, describe
from nnlab.layers import Layer, evaluation_mode
from nnlab.twins._inputs import check_inputs

try:
    import onnx
    from onnx import helper, numpy_helper
except ImportError as error:
    raise ImportError("nnlab.twins.onnx needs ONNX; install it with: pip install onnx onnxruntime") from error

#: the version of the set of operations: the first with layer normalization, known to runtimes since 2022
OPSET = 17
#: the version of the file format that came with it; the newest would be refused by older programs
IR_VERSION = 8


def to_onnx(network: Layer, X: np.ndarray, *, dtype=None) -> onnx.ModelProto:
    """Return the network in evaluation mode as an ONNX graph from "X" to "Y", for any number of samples.

    X is an example of the input: the graph takes arrays of its shape, but for the first axis, and its kind:
    numbers, or tokens (int64) in front of an embedding. dtype: of the numbers in the graph, by default the
    network's. Choose float32 to run a float64 network in ONNX Runtime, which lacks convolution, average
    pooling, recurrent layers, ELU and GELU in float64. `onnx.save(model, path)` writes the graph to a file.
    The graph does not check its input as the network does: token −1 is taken as the last one.
    Raises: TypeError for a layer that has no translation; ValueError, TypeError for X, as `network.forward`.
    """
    if not isinstance(network, Layer):
        raise TypeError(f"to_onnx expected an nnlab network, got {describe(network)}")
    X = check_inputs("to_onnx", network, X)
    with evaluation_mode(network):
        Y = network.forward(X)
    graph = Graph(check_dtype("to_onnx", Y.dtype if dtype is None else dtype))
    graph.node("Identity", translation(network)(graph, network, "X"), output="Y")
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            type(network).__name__,
            [graph.described("X", X)],
            [graph.described("Y", Y)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nnlab",
        producer_version=nnlab.__version__,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


@dataclass(frozen=True)
class Graph:
    """The graph that is being written, seen from one layer: names begin with that of the layer, "0."."""

    dtype: np.dtype
    path: str = ""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        output = output or self._named(f"{operation}_{len(self.nodes)}")
        self.nodes.append(helper.make_node(operation, inputs, [output], output, **attributes))
        return output

    def constant(self, name: str, value: Any) -> str:
        """Add an array, of the graph's dtype if it has real numbers, else of int64, and return its name."""
        array, name = np.asarray(value), self._named(name)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else self.dtype, order="C")
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def inner(self, name: str, layer: Layer, X: str) -> str:
        """Add a layer that lies inside this one and return the name of its output."""
        place = replace(self, path=self._named(name))  # another name, but the same lists
        return translation(layer)(place, layer, X)

    def described(self, name: str, array: np.ndarray) -> onnx.ValueInfoProto:
        """Say what an input or output of the graph is like."""
        dtype = np.dtype(np.int64) if array.dtype.kind in "iu" else self.dtype
        kind = helper.np_dtype_to_tensor_dtype(dtype)
        return helper.make_tensor_value_info(name, kind, ["m", *array.shape[1:]])

    def _named(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def translation(layer: Layer) -> Callable[[Graph, Any, str], str]:
    """Return the function that adds such a layer to a graph and returns the name of its output."""
    if type(layer) not in TRANSLATIONS:
        known = ", ".join(kind.__name__ for kind in TRANSLATIONS)
        raise TypeError(f"to_onnx expected layers of {known}, got {describe(layer)}")
    return TRANSLATIONS[type(layer)]


def _as(operation: str, **attributes: Any) -> Callable[[Graph, Any, str], str]:
    """Return the translation of a layer without settings: one operation."""
    return lambda graph, layer, X: graph.node(operation, X, **attributes)


# ---------------------------------------------------------------------------------------- containers


def _sequential(graph: Graph, layer: layers.Sequential, X: str) -> str:
    for i, inner in enumerate(layer.layers):
        X = graph.inner(str(i), inner, X)
    return X


def _residual(graph: Graph, layer: layers.Residual, X: str) -> str:
    F = graph.inner("branch", layer.branch, X)
    return graph.node("Add", F, X if layer.skip is None else graph.inner("skip", layer.skip, X))


# ---------------------------------------------------------------------------------------- layers of units


def _linear(graph: Graph, layer: layers.Linear, X: str) -> str:
    Y = graph.node("MatMul", X, graph.constant("W", layer.W.value))
    return Y if layer.b is None else graph.node("Add", Y, graph.constant("b", layer.b.value))


def _silu(graph: Graph, layer: layers.SiLU, X: str) -> str:
    return graph.node("Mul", X, graph.node("Sigmoid", X))


def _gelu(graph: Graph, layer: layers.GELU, X: str) -> str:
    # Written out: ONNX has it as one operation since version 20 only.
    if layer.approximate == "none":
        E = graph.node("Erf", graph.node("Mul", X, graph.constant("root", math.sqrt(1 / 2))))
    else:
        cube = graph.node("Mul", X, graph.node("Mul", X, X))
        U = graph.node("Add", X, graph.node("Mul", cube, graph.constant("cubic", 0.044715)))
        E = graph.node("Tanh", graph.node("Mul", U, graph.constant("root", math.sqrt(2 / math.pi))))
    half = graph.node("Mul", X, graph.constant("half", 0.5))
    return graph.node("Mul", half, graph.node("Add", E, graph.constant("one", 1.0)))


def _batch_norm(graph: Graph, layer: layers.BatchNorm, X: str) -> str:
    state = [graph.constant(name, array) for name, array in layer.state_dict().items()]
    return graph.node("BatchNormalization", X, *state, epsilon=layer.eps)  # γ, β, mean, variance


def _layer_norm(graph: Graph, layer: layers.LayerNorm, X: str) -> str:
    gamma, beta = graph.constant("gamma", layer.gamma.value), graph.constant("beta", layer.beta.value)
    return graph.node("LayerNormalization", X, gamma, beta, axis=-1, epsilon=layer.eps)


# ---------------------------------------------------------------------------------------- images


def _conv2d(graph: Graph, layer: layers.Conv2d, X: str) -> str:
    W = graph.constant("W", layer.W.value)
    b = [] if layer.b is None else [graph.constant("b", layer.b.value)]
    return graph.node("Conv", X, W, *b, strides=layer.stride, pads=[*layer.padding, *layer.padding])


def _pool(operation: str) -> Callable[[Graph, Any, str], str]:
    return lambda graph, layer, X: graph.node(
        operation, X, kernel_shape=layer.kernel_size, strides=layer.stride
    )


# ---------------------------------------------------------------------------------------- sequences


def _embedding(graph: Graph, layer: layers.Embedding, X: str) -> str:
    return graph.node("Gather", graph.constant("W", layer.W.value), X)


def _recurrent(operation: str, order: list[int], **attributes: Any) -> Callable[[Graph, Any, str], str]:
    """Return the translation of a recurrent layer whose gates ONNX has in this order of ours."""

    def translate(graph: Graph, layer: Any, X: str) -> str:
        parameters = [getattr(layer, name) for name in layer.names]
        n, k = layer.n_hidden, len(order)

        def gates_in_order(parameter: layers.Parameter | None) -> np.ndarray:
            array = np.zeros(k * n) if parameter is None else parameter.value
            return np.concatenate([np.split(array.T, k)[gate] for gate in order])

        W, U, b, c = map(gates_in_order, [*parameters, None][:4])
        state = {"W": W, "U": U, "b": np.concatenate([b, c])}  # of one direction: a first axis of 1
        inputs = [graph.constant(name, array[None]) for name, array in state.items()]
        X = graph.node("Transpose", X, perm=[1, 0, 2])  # (T, m, n), as ONNX has it
        H = graph.node(operation, X, *inputs, hidden_size=n, **attributes)  # (T, 1, m, n)
        H = graph.node("Squeeze", H, graph.constant("direction", [1]))
        return graph.node("Transpose", H, perm=[1, 0, 2])

    return translate


def _bidirectional(graph: Graph, layer: layers.Bidirectional, X: str) -> str:
    first, beyond = graph.constant("from", [-1]), graph.constant("to", [np.iinfo(np.int64).min])
    time, back = graph.constant("time", [1]), graph.constant("step", [-1])

    def reverse(X: str) -> str:
        return graph.node("Slice", X, first, beyond, time, back)

    F = graph.inner("forward_layer", layer.forward_layer, X)
    B = graph.inner("backward_layer", layer.backward_layer, reverse(X))
    return graph.node("Concat", F, reverse(B), axis=-1)


def _last_step(graph: Graph, layer: layers.LastStep, X: str) -> str:
    return graph.node("Gather", X, graph.constant("last", -1), axis=1)


# ---------------------------------------------------------------------------------------- attention


def _positional_encoding(graph: Graph, layer: layers.PositionalEncoding, X: str) -> str:
    T = layer._remembered()[0].shape[1]
    return graph.node("Add", X, graph.constant("table", layer.table[:T]))


def _attention(graph: Graph, layer: layers.MultiHeadAttention, X: str) -> str:
    d = layer.n // layer.n_heads
    QKV = graph.inner("in_proj", layer.in_proj, X)  # (m, T, 3 n)
    shape = graph.constant("heads", [0, 0, 3, layer.n_heads, d])  # 0: as it is
    QKV = graph.node("Transpose", graph.node("Reshape", QKV, shape), perm=[2, 0, 3, 1, 4])
    Q, K, V = (graph.node("Gather", QKV, graph.constant(f"part{i}", i), axis=0) for i in range(3))
    S = graph.node("MatMul", Q, graph.node("Transpose", K, perm=[0, 1, 3, 2]))  # (m, n_heads, T, T)
    S = graph.node("Mul", S, graph.constant("scale", 1 / math.sqrt(d)))
    if layer.causal:
        T = layer._remembered()[0].shape[1]
        hidden = np.where(np.tri(T, dtype=bool), 0, -np.inf)
        S = graph.node("Add", S, graph.constant("hidden", hidden))
    Y = graph.node("Transpose", graph.node("MatMul", graph.node("Softmax", S, axis=-1), V), perm=[0, 2, 1, 3])
    return graph.inner(
        "out_proj", layer.out_proj, graph.node("Reshape", Y, graph.constant("joined", [0, 0, layer.n]))
    )


def _transformer_block(graph: Graph, layer: layers.TransformerBlock, X: str) -> str:
    Z = graph.node("Add", X, graph.inner("attention", layer.attention, X))
    return graph.node("Add", Z, graph.inner("feed_forward", layer.feed_forward, Z))


TRANSLATIONS: dict[type[Layer], Callable[[Graph, Any, str], str]] = {
    layers.Linear: _linear,
    layers.ReLU: _as("Relu"),
    layers.LeakyReLU: lambda graph, layer, X: graph.node("LeakyRelu", X, alpha=layer.negative_slope),
    layers.ELU: lambda graph, layer, X: graph.node("Elu", X, alpha=layer.alpha),
    layers.Sigmoid: _as("Sigmoid"),
    layers.Tanh: _as("Tanh"),
    layers.SiLU: _silu,
    layers.GELU: _gelu,
    layers.Softmax: _as("Softmax", axis=-1),
    layers.Sequential: _sequential,
    layers.MLP: _sequential,
    layers.Residual: _residual,
    layers.Dropout: lambda graph, layer, X: X,  # in evaluation mode, nothing
    layers.BatchNorm: _batch_norm,
    layers.LayerNorm: _layer_norm,
    layers.Conv2d: _conv2d,
    layers.MaxPool2d: _pool("MaxPool"),
    layers.AvgPool2d: _pool("AveragePool"),
    layers.Flatten: _as("Flatten", axis=1),
    layers.Embedding: _embedding,
    layers.RNN: _recurrent("RNN", [0]),
    layers.LSTM: _recurrent("LSTM", [0, 3, 1, 2]),  # input, output, forget, cell
    layers.GRU: _recurrent("GRU", [1, 0, 2], linear_before_reset=1),  # update, reset, new
    layers.Bidirectional: _bidirectional,
    layers.LastStep: _last_step,
    layers.PositionalEncoding: _positional_encoding,
    layers.MultiHeadAttention: _attention,
    layers.TransformerBlock: _transformer_block,
}
