"""The exercise `copy_weights`: NumPy's parameters into PyTorch's model."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab.exercises.catalogue.shared.models import mlp
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, TINY, Sizes, example, extreme, network


def copied(f: Function, params: dict[str, np.ndarray], model: nn.Sequential) -> dict[str, Any]:
    """Return the model's weights after the call, and whether they still hang on the arrays."""
    f(params, model)
    found: dict[str, Any] = {
        "hidden layer's weight": model[0].weight,
        "hidden layer's bias": model[0].bias,
        "output layer's weight": model[2].weight,
        "output layer's bias": model[2].bias,
    }
    seen: dict[str, Any] = {name: tensor.detach().clone() for name, tensor in found.items()}
    for array in params.values():
        array += 100.0
    return {
        **seen,
        "dtypes": ", ".join(sorted({str(tensor.dtype) for tensor in found.values()})),
        "later changes to params reach the model": any(
            not torch.equal(tensor, seen[name]) for name, tensor in found.items()
        ),
        "still to be trained": sum(p.numel() for p in model.parameters() if p.requires_grad),
    }


@exercise(
    notebook=6,
    order=2,
    returns="",
    words={
        "hidden layer's weight": "the hidden layer's weight",
        "hidden layer's bias": "the hidden layer's bias",
        "output layer's weight": "the output layer's weight",
        "output layer's bias": "the output layer's bias",
        "dtypes": "The model should keep its dtype, {expected}; afterward it has {got}.",
        "later changes to params reach the model": "Later changes to params should not reach the model.",
        "still to be trained": "All {expected} numbers of the model should still be trained; now {got} are.",
    },
    seconds=4,
    inputs=lambda rng, s: (network(rng, s), mlp(s, torch.float32 if s is MAIN else torch.float64)),
    observe=copied,
    probes=(
        example(
            {
                "Wh": np.array([[1.0, 2.0], [3.0, 4.0]]),
                "bh": np.array([0.5, -0.5]),
                "Wy": np.array([[5.0, 6.0], [7.0, 8.0]]),
                "by": np.array([0.25, 0.75]),
            },
            mlp(TINY),
            observe=copied,
        ),
        extreme(
            "as many hidden units as inputs",
            network(np.random.default_rng(3), Sizes(m=1, n_x=3, n_h=3, n_y=2)),
            mlp(Sizes(m=1, n_x=3, n_h=3, n_y=2), torch.float64),
            observe=copied,
        ),
    ),
    hints=(
        "`nn.Linear` has a `.weight` and a `.bias`; print the shapes of both, and of your arrays.",
        "PyTorch keeps the weight as (n_out, n_in), the transpose of ours. A parameter may be changed in "
        "place only while no gradients are recorded.",
        "Under `torch.no_grad()`, call `.copy_(torch.tensor(...))` on each of the four parameters; it keeps "
        "the model's dtype and takes the numbers, not the memory.",
    ),
    why="`copy_` writes into the parameter that the optimizer already knows, converts to its dtype, and "
    "leaves no tie to the NumPy arrays.",
)
def copy_weights(params, model):
    """Copy NumPy parameters into nn.Sequential(Linear, ReLU, Linear), keeping the model's dtype.

    params: Wh (n_x, n_h), bh (n_h,), Wy (n_h, n_y), by (n_y,) -> None.
    """
    hidden, _, output = model
    pairs = [
        (hidden.weight, params["Wh"].T),
        (hidden.bias, params["bh"]),
        (output.weight, params["Wy"].T),
        (output.bias, params["by"]),
    ]
    with torch.no_grad():
        for parameter, array in pairs:
            numbers = torch.tensor(array, dtype=parameter.dtype)
            parameter.copy_(numbers)


REPLACED = "parameter.copy_(numbers) → parameter.data = numbers"

mistake(
    copy_weights,
    "weights-not-transposed",
    ('params["Wh"].T → params["Wh"]', 'params["Wy"].T → params["Wy"]'),
    'params["Wh"].T → params["Wh"]',
    'params["Wy"].T → params["Wy"]',
    ('params["Wh"].T → params["Wh"]', 'params["Wy"].T → params["Wy"]', REPLACED),
    ('params["Wh"].T → params["Wh"]', REPLACED),
    ('params["Wy"].T → params["Wy"]', REPLACED),
    says="A weight matrix is not transposed. `nn.Linear` computes `X @ weight.T + bias` and keeps its "
    "weight as (n_out, n_in), ours is (n_in, n_out). Where both sizes are equal nothing complains, and the "
    "model computes something else.",
)
mistake(
    copy_weights,
    "reshaped-instead-of-transposed",
    (
        'params["Wh"].T → params["Wh"].reshape(tuple(hidden.weight.shape))',
        'params["Wy"].T → params["Wy"].reshape(tuple(output.weight.shape))',
    ),
    'params["Wh"].T → params["Wh"].reshape(tuple(hidden.weight.shape))',
    'params["Wy"].T → params["Wy"].reshape(tuple(output.weight.shape))',
    says="The matrix was reshaped (`reshape`, `view`) instead of transposed. That keeps the numbers in the "
    "same order and only breaks the rows elsewhere: the shapes fit, but the weights connect the wrong "
    "units.",
)
mistake(
    copy_weights,
    "bias-not-copied",
    ('(hidden.bias, params["bh"]), → ', '(output.bias, params["by"]), → '),
    '(hidden.bias, params["bh"]), → ',
    '(output.bias, params["by"]), → ',
    says="A bias keeps its old, random values. The two networks then start from different places, and their "
    "losses differ from the first step on.",
)
mistake(
    copy_weights,
    "layer-not-copied",
    ('(output.weight, params["Wy"].T), → ', '(output.bias, params["by"]), → '),
    ('(hidden.weight, params["Wh"].T), → ', '(hidden.bias, params["bh"]), → '),
    '(output.weight, params["Wy"].T), → ',
    '(hidden.weight, params["Wh"].T), → ',
    says="One layer keeps its old, random weights. The network has two linear layers, the first and the "
    "third entry of the `nn.Sequential`; the second is the activation.",
)
mistake(
    copy_weights,
    "layers-swapped",
    "hidden, _, output = model → output, _, hidden = model",
    says="The weights of the two layers are swapped. Wh and bh belong to the first layer, Wy and by to the "
    "last. Where the sizes are equal nothing complains.",
)
mistake(
    copy_weights,
    "update-not-in-place",
    "parameter.copy_(numbers) → parameter = numbers",
    says="The model is as it was before. A new tensor was made, and a local name (or an entry of the dict "
    "that `state_dict()` returned) points to it now, but the layer still holds its old parameter.",
)
mistake(
    copy_weights,
    "memory-shared-with-params",
    ("torch.tensor( → torch.as_tensor(", REPLACED),
    says="The weights are right, but they are still the memory of the NumPy arrays: `torch.from_numpy` and "
    "`torch.as_tensor` do not copy where the dtype is the same already. Every later step of the NumPy "
    "network then moves the PyTorch network as well, and the comparison is worthless.",
)
mistake(
    copy_weights,
    "dtype-not-kept",
    (", dtype=parameter.dtype → ", REPLACED),
    ("dtype=parameter.dtype → dtype=torch.float32", REPLACED),
    "dtype=parameter.dtype → dtype=torch.float32",
    says="The parameters no longer have the model's dtype. A float32 model that gets float64 weights "
    "refuses its inputs; a float64 model whose weights were rounded to float32 on the way agrees with "
    "its twin to seven digits only. The exercise asks for the dtype that the model has.",
)
mistake(
    copy_weights,
    "no-grad-missing",
    "with torch.no_grad(): → if True:",
    says="PyTorch refuses to change a parameter in place while it records gradients, since it could not "
    "differentiate through that. Setting weights is not part of the computation: turn recording off "
    "while you do it.",
)
mistake(
    copy_weights,
    "weights-frozen",
    "parameter.copy_(numbers) → parameter.copy_(numbers).requires_grad_(False)",
    says="The weights are right, but they are not trainable any more (`requires_grad` is False), so "
    "`backward` gives them no gradient, and they would never change.",
)
mistake(
    copy_weights,
    "added-instead-of-copied",
    "parameter.copy_ → parameter.add_",
    says="The numbers were added to the random weights that the model came with, instead of replacing them.",
)
raw = mistake(
    copy_weights,
    "assigned-without-parameter",
    says="`layer.weight = …` wants an `nn.Parameter`, not an array or a plain tensor, and PyTorch refuses. "
    "Copying the numbers into the existing parameter is simpler, and the optimizer keeps the one it "
    "knows.",
)


@raw
def arrays_assigned(params, model):
    """Assign NumPy arrays."""
    model[0].weight = params["Wh"].T


@raw
def tensors_assigned(params, model):
    """Assign plain tensors."""
    model[0].weight = torch.tensor(params["Wh"].T)


@raw
def tensors_of_its_dtype_assigned(params, model):
    """Assign plain tensors, converted."""
    model[0].weight = torch.tensor(params["Wh"].T, dtype=model[0].weight.dtype)


@raw
def float32_tensors_assigned(params, model):
    """Assign plain tensors of float32."""
    model[0].weight = torch.tensor(params["Wh"].T, dtype=torch.float32)
