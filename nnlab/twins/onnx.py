"""The ONNX twin: the same network as a graph of standard operations, which many programs can run.

Each layer has its own translation, a function of a few lines. The graph is that of evaluation mode.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import nnlab
from nnlab._check import check_dtype, describe
from nnlab.layers import (
    ELU,
    GELU,
    MLP,
    Layer,
    LeakyReLU,
    Linear,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    evaluation_mode,
)

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise ImportError('nnlab.twins.onnx needs ONNX; install it with: pip install "nnlab[serve]"') from error

#: the version of the set of operations: the first with layer normalization, known to every runtime since 2022
OPSET = 17
#: the version of the file format that came with it; `onnx` would write its newest, which older programs refuse
IR_VERSION = 8


def to_onnx(network: Layer, X: np.ndarray, *, dtype=None) -> onnx.ModelProto:
    """Return the network in evaluation mode as an ONNX graph from "X" to "Y", for any number of samples.

    X is an example of the input: all its axes but the first are fixed. dtype: of the graph's numbers, by
    default the network's; choose float32 to run a float64 network, as ONNX Runtime has no convolution, for
    one, in float64. Tokens are int64. Save the graph with `onnx.save(model, path)`.
    Raises: TypeError for a layer that has no translation; as `network.forward` for X.
    """
    if not isinstance(network, Layer):
        raise TypeError(f"to_onnx expected an nnlab network, got {describe(network)}")
    with evaluation_mode(network):
        Y = network.forward(X)
    graph = Graph(check_dtype("to_onnx", Y.dtype if dtype is None else dtype))
    output = graph.node("Identity", Place(graph, "").translate(network, "X"), name="Y")
    inputs = np.int64 if _takes_tokens(network) else graph.dtype
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            type(network).__name__,
            [_described("X", inputs, np.shape(X))],
            [_described(output, graph.dtype, Y.shape)],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="nnlab",
        producer_version=nnlab.__version__,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def _described(name: str, dtype: Any, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), ["m", *shape[1:]]
    )


@dataclass
class Graph:
    """The graph that is being written, seen from one layer: all names begin with the layer's, such as "0."."""

    dtype: np.dtype
    path: str = ""
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        return self.nodes_of(operation, 1, *inputs, **attributes)[0]

    def nodes_of(self, operation: str, n_outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node with several outputs and return their names."""
        name = self._named(f"{operation}{len(self.nodes)}")
        outputs = [name, *(f"{name}.{i}" for i in range(1, n_outputs))]
        self.nodes.append(helper.make_node(operation, inputs, outputs, name, **attributes))
        return outputs

    def constant(self, name: str, value: Any) -> str:
        """Add an array, numbers in the dtype of the graph and integers as int64, and return its name."""
        array = np.asarray(value)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else self.dtype)
        name = self._named(name)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def layer(self, name: str, layer: Layer, X: str) -> str:
        """Add a layer that lies inside this one and return the name of its output."""
        inner = replace(self, path=self._named(name))  # the lists of nodes and constants are the same
        return translation(layer)(inner, layer, X)

    def _named(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name
