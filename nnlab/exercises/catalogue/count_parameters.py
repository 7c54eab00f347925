"""The exercise `count_parameters`: how many numbers an optimizer would train."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def counted(f: Function, model: nn.Module) -> dict[str, Any]:
    """Return the number and the kind of number it is."""
    number = f(model)
    return {"count": number, "kind": kind_of(number)}


def kind_of(number: Any) -> str:
    """Say whether the number is an integer, of whatever library."""
    if isinstance(number, torch.Tensor):
        number = number.detach().numpy()
    if isinstance(number, np.ndarray) and not number.ndim:
        number = number[()]
    if isinstance(number, numbers.Integral) and not isinstance(number, (bool, np.bool_)):
        return "an integer"
    return "a float" if isinstance(number, (float, np.floating)) else "something else"


def value_only(f: Function, model: nn.Module) -> dict[str, float]:
    """Return the number, of any kind: the product of no sizes is a float in NumPy."""
    return {"count": float(f(model))}


class Net(nn.Module):
    """A network with a parameter of its own, layers two levels down, and a layer in two places."""

    def __init__(self, n: int, *, shared: bool = False, tied: bool = False, scalar: bool = False):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(() if scalar else (n,)))
        self.body = nn.Sequential(nn.Sequential(nn.Linear(n, 5), nn.ReLU()), nn.Linear(5, n))
        if shared:
            self.body.append(self.body[1])
        if tied:
            self.table = nn.Embedding(7, n)
            self.head = nn.Linear(n, 7)
            self.head.weight = self.table.weight


def images(frozen: bool = False) -> nn.Sequential:
    """Return a network for images, its first layers frozen if asked for."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    model[:2].requires_grad_(not frozen)
    return model


def frozen_in_part(model: Net) -> Net:
    """Freeze the inner layer's weight and leave its bias."""
    model.get_parameter("body.0.0.weight").requires_grad_(False)
    return model


@exercise(
    notebook=12,
    order=2,
    returns="the number of parameters",
    words={"count": "the count", "kind": "The count should be {expected}, but it is {got}."},
    rtol=1e-12,
    probes=(
        example(
            nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)),
            label="nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))",
            observe=counted,
        ),
        Probe("a network with convolution and batch norm", (images(),), "main", counted),
        Probe("a network whose first layers are frozen", (images(frozen=True),), "main", counted),
        Probe("a network in a network, with a parameter of its own", (Net(3),), "main", counted),
        Probe("a network that uses one layer in two places", (Net(3, shared=True),), "main", counted),
        Probe("a network in which two layers share a weight", (Net(4, tied=True),), "main", counted),
        Probe(
            "a network with a shared layer, a shared weight and a frozen one",
            (frozen_in_part(Net(6, shared=True, tied=True)),),
            "other",
            counted,
        ),
        Probe("a single layer", (nn.Linear(5, 3),), "other", counted),
        extreme("a network without parameters", nn.Sequential(nn.Flatten(), nn.ReLU()), observe=counted),
        extreme(
            "a network that is frozen as a whole", nn.Linear(3, 2).requires_grad_(False), observe=counted
        ),
        extreme(
            "a network with a parameter that is a single number", Net(2, scalar=True), observe=value_only
        ),
    ),
    hints=(
        "A model hands out all its parameter tensors, those of layers inside layers too. A tensor knows how "
        "many entries it has, and whether it is trained.",
        "`model.parameters()` gives every tensor once, even if two layers share it. `requires_grad` is False "
        "for the frozen ones.",
        "Sum up `numel()` over the tensors of `model.parameters()`, and skip those whose `requires_grad` is "
        "False.",
    ),
    why="`parameters()` goes through all levels, meets a shared tensor once and leaves out buffers, such as "
    "batch norm's running averages, which are saved but not trained.",
)
def count_parameters(model):
    """Return how many numbers of the model are trained: not the frozen ones, and a shared tensor once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


TRAINED = " if p.requires_grad"
EVERY = "model.parameters()"

mistake(
    count_parameters,
    "all-parameters-counted",
    f"{TRAINED} → ",
    says="Frozen parameters are counted as well. They are part of the model, but no optimizer changes them: "
    "the count of what is trained leaves them out.",
)
mistake(
    count_parameters,
    "frozen-counted-instead",
    "if p.requires_grad → if not p.requires_grad",
    says="The frozen parameters are counted, and the trained ones are not: a condition is the wrong way "
    "round.",
)
mistake(
    count_parameters,
    "buffers-counted",
    "return sum( → return sum(b.numel() for b in model.buffers()) + sum(",
    alone=("return sum( → return sum(b.numel() for b in model.buffers() if b.is_floating_point()) + sum(",),
    says="Buffers are counted as well, such as batch norm's running averages. They are saved with the model, "
    "but they are not parameters: no gradient reaches them.",
)
mistake(
    count_parameters,
    "state-dict-counted",
    f"{EVERY}{TRAINED} → model.state_dict().values()",
    says="What `state_dict()` holds is counted. That is everything that is saved: buffers too, frozen "
    "parameters too, and a shared tensor under each of its names. `parameters()` hands out what is wanted.",
)
mistake(
    count_parameters,
    "tensors-counted",
    "p.numel() → 1",
    alone=("return sum( → return sum(1 + 0 *",),
    says="The tensors are counted, not the numbers in them: a layer's weight and bias make two, whatever "
    "their sizes are.",
)
mistake(
    count_parameters,
    "first-axis-only",
    "p.numel() → p.shape[0]",
    alone=("p.numel() → len(p)",),
    says="Of each tensor only the first size is counted: `len(p)` and `p.shape[0]` give the number of rows. "
    "What is wanted is the number of entries.",
)
mistake(
    count_parameters,
    "sizes-added",
    "p.numel() → sum(p.shape)",
    says="The sizes of each tensor are added. A matrix of 3 by 4 has 12 entries, not 7: sizes multiply.",
)
mistake(
    count_parameters,
    "nested-left-out",
    f"{EVERY} → model.parameters(recurse=False)",
    f"{EVERY} → [q for c in model.children() for q in c.parameters(recurse=False)]",
    alone=(f"{EVERY} → [q for n, q in model.named_parameters() if n.count('.') < 2]",),
    says="Layers inside layers are left out. A model is a tree: blocks hold layers, and those hold the "
    "tensors. Look for the method that goes through all levels.",
)
mistake(
    count_parameters,
    "counted-child-by-child",
    f"{EVERY} → [q for c in model.children() for q in c.parameters()]",
    says="The parameters are collected child by child. Those that belong to the model itself are missing "
    "then, and a tensor that two children share is counted twice. Ask the model as a whole.",
)
mistake(
    count_parameters,
    "counted-at-every-level",
    f"{EVERY} → [q for c in model.modules() for q in c.parameters()]",
    says="Parameters are counted at every level: `modules()` yields the model, its blocks and their "
    "layers, and each of them hands out all that is inside it.",
)
mistake(
    count_parameters,
    "shared-counted-twice",
    f"{EVERY} → [q for c in model.modules() for q in c.parameters(recurse=False)]",
    f"{EVERY} → [q for _, q in model.named_parameters(remove_duplicate=False)]",
    says="A tensor that is used in two places is counted twice. It is one set of numbers, trained once; "
    "`model.parameters()` hands it out once.",
)
mistake(
    count_parameters,
    "bias-omitted",
    "if p.requires_grad → if p.requires_grad and p.dim() > 1",
    f"for p in {EVERY}{TRAINED} → for n, p in model.named_parameters() if p.requires_grad and 'weight' in n",
    f"for p in {EVERY}{TRAINED} → for n, p in model.named_parameters() if p.requires_grad and 'bias' not "
    "in n",
    says="Biases are left out, or all parameters that are vectors. They are trained like the weights.",
)
mistake(
    count_parameters,
    "only-some-kinds-of-layers",
    f"{EVERY} → [q for c in model.modules() if isinstance(c, nn.Linear) for q in c.parameters()]",
    f"{EVERY} → [q for c in model.modules() if isinstance(c, (nn.Linear, nn.Conv2d)) for q in "
    "c.parameters()]",
    f"{EVERY} → [q for c in model.modules() if hasattr(c, 'weight') for q in c.parameters()]",
    alone=(
        f"{EVERY}{TRAINED} → [q for c in model.modules() if isinstance(c, nn.Linear) for q in "
        "c.parameters()]",
        f"{EVERY}{TRAINED} → [q for c in model.modules() if isinstance(c, (nn.Linear, nn.Conv2d)) "
        "for q in c.parameters()]",
    ),
    says="Only certain kinds of layers are counted. Others have parameters too: convolution, batch norm, "
    "embeddings, or a model that owns some itself. Ask the model, not its layers.",
)
mistake(
    count_parameters,
    "layers-counted",
    f"sum(p.numel() for p in {EVERY}{TRAINED}) → len(list(model.modules()))",
    f"sum(p.numel() for p in {EVERY}{TRAINED}) → len(list(model.children()))",
    says="The modules are counted. What is wanted is how many numbers there are in their parameters.",
)
mistake(
    count_parameters,
    "bytes-counted",
    "p.numel() → p.numel() * p.element_size()",
    says="This is the size in memory: each number takes four bytes in float32. The numbers themselves are "
    "to be counted.",
)
mistake(
    count_parameters,
    "zeros-left-out",
    "p.numel() → int(p.count_nonzero())",
    says="Entries that are 0 just now are not counted, such as batch norm's shift at the start. They are "
    "trained like the others.",
)
mistake(
    count_parameters,
    "values-added",
    "p.numel() → p.sum().item()",
    alone=("p.numel() → p.sum()",),
    says="The values of the parameters are added up, instead of being counted.",
    symptom=lambda seen: any(not float(one["count"]).is_integer() for one in seen),
)
mistake(
    count_parameters,
    "wrong-type",
    "return sum( → return 1.0 * sum(",
    says="The count is right, but it is a float. The number of parameters is an integer.",
)
