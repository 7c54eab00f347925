"""The exercise `layer_rates`: parameter groups with a learning rate for each layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def grouped(f: Function, model: nn.Module, lr: float, factor: float) -> dict[str, Any]:
    """Return how often every parameter is in a group, and with which rate."""
    groups = f(model, lr, factor)
    if isinstance(groups, (dict, torch.Tensor, str)):
        raise TypeError("the observation is about a list of groups")
    place = {id(parameter): i for i, parameter in enumerate(model.parameters())}
    rates, counts, foreign = np.zeros(len(place)), np.zeros(len(place)), 0
    missing = False
    for group in groups:
        missing |= "lr" not in group
        for parameter in parameters_of(group["params"]):
            i = place.get(id(parameter), -1)
            foreign += i < 0
            if i >= 0:
                counts[i] += 1
                rates[i] = group.get("lr", 0.0)
    return {
        "groups without a rate": missing,
        "in how many groups": counts,
        "rates": rates,
        "other tensors": foreign,
    }


def parameters_of(params: Any) -> list:
    """Return the tensors of a group: one, several, or pairs with their names."""
    if isinstance(params, torch.Tensor):
        return [params]
    return [part[1] if isinstance(part, tuple) else part for part in params]


def small() -> nn.Sequential:
    """Return a network small enough to be worked by hand."""
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))


def images() -> nn.Sequential:
    """Return a network with blocks, and with children that have no parameters, the last one too."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(4, 3),
        nn.LogSoftmax(dim=1),
    )


class Net(nn.Module):
    """A network of named parts."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.act = nn.ReLU()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)))
        self.neck = nn.Linear(4, 4, bias=False)
        self.head = nn.Linear(4, 2)


@exercise(
    notebook=13,
    order=2,
    returns="parameter groups",
    words={
        "groups without a rate": "A group has no key 'lr', so the optimizer's own rate would hold for it.",
        "in how many groups": "in how many groups each of model.parameters() is",
        "rates": "the rates of model.parameters()",
        "other tensors": "The groups hold {got} tensors that are no parameters of the model.",
    },
    rtol=1e-6,  # a rate may come as a tensor of float32
    seconds=4,
    probes=(
        example(
            small(),
            0.1,
            0.5,
            label="Linear, ReLU, Linear, ReLU, Linear; lr = 0.1, factor = 0.5",
            observe=grouped,
        ),
        Probe("a network with blocks, lr = 0.2, factor = 0.3", (images(), 0.2, 0.3), "main", grouped),
        Probe("a network of named parts, lr = 3, factor = 0.7", (Net(), 3.0, 0.7), "other", grouped),
        Probe("a network with blocks, lr = 0.01, factor = 2", (images(), 0.01, 2.0), "other", grouped),
        extreme("a single layer in a Sequential", nn.Sequential(nn.Linear(2, 2)), 0.1, 0.5, observe=grouped),
        extreme("factor = 1", small(), 0.3, 1.0, observe=grouped),
        extreme("factor = 0, so that only the last layer learns", small(), 0.3, 0.0, observe=grouped),
    ),
    hints=(
        "An optimizer takes a list of dicts instead of parameters, each with its `params` and an `lr` of its "
        "own. Which dict would you write by hand for the last layer, and which for the one before it?",
        "Leave out the children without parameters first (ReLU has none), then count from the end: 0 for the "
        "last, 1 for the one before.",
        "Put the children with parameters into a list, go through it in reverse with `enumerate`, and make a "
        "dict for each: all its parameters, and lr times factor to the power of the number.",
    ),
    why="Early layers hold what is common to all images, so they get the smaller steps. Counting from the "
    "end gives the head lr itself, however deep the model is.",
)
def layer_rates(model, lr, factor):
    """Return parameter groups: the last child of the model gets lr, the one before it lr * factor, and so on.

    Children without parameters do not count -> a list of dicts with "params" and "lr", for torch.optim.
    """
    groups = []
    children = [child for child in model.children() if list(child.parameters())]
    for number, child in enumerate(reversed(children)):
        groups.append({"params": list(child.parameters()), "lr": lr * factor**number})
    return groups


RATE = "lr * factor**number"
ALL = '"params": list(child.parameters())'
COUNTED = "children = [child for child in model.children() if list(child.parameters())]"

mistake(
    layer_rates,
    "factor-ignored",
    f"{RATE} → lr",
    says="All layers have the same rate: factor has no effect. Then groups are not needed either.",
)
mistake(
    layer_rates,
    "rates-reversed",
    "enumerate(reversed(children)) → enumerate(children)",
    says="The rates run the wrong way: the first layer has lr, and the last one the factor's highest "
    "power. It is the last layer, the new one, that should move fastest.",
)
mistake(
    layer_rates,
    "rate-off-by-one",
    "**number → **(number + 1)",
    "**number → **max(number - 1, 0)",
    alone=("**number → **(number - 1)",),
    says="The power of factor is off by one. The last layer with parameters has lr itself, the one before it "
    "lr times factor.",
)
mistake(
    layer_rates,
    "empty-children-counted",
    f"{COUNTED} → children = list(model.children())",
    says="Children without parameters, such as ReLU or Flatten, count as layers, so the rates fall too "
    "fast. Only children that have parameters take a step of the factor.",
)
mistake(
    layer_rates,
    "one-factor-for-all",
    f"{RATE} → (lr * factor if number else lr)",
    says="All layers but the last have the same rate. With every layer further from the end the factor "
    "comes in once more: its powers are wanted.",
)
mistake(
    layer_rates,
    "factor-multiplied-instead-of-power",
    f"{RATE} → (lr * factor * number if number else lr)",
    f"{RATE} → lr * factor * number",
    says="factor is multiplied by the number of the layer. It should come in once for every step from the "
    "end, as a power, so that the rates fall.",
)
mistake(
    layer_rates,
    "factor-divided",
    f"{RATE} → lr / factor**number",
    says="The rates are divided by factor, so with a factor below 1 the early layers move fastest.",
)
mistake(
    layer_rates,
    "learning-rate-ignored",
    f"{RATE} → factor**number",
    says="The rates do not depend on lr: they are powers of factor alone.",
)
mistake(
    layer_rates,
    "power-of-lr",
    f"{RATE} → factor * lr**number",
    f"{RATE} → (lr * factor) ** number",
    says="lr is raised to a power as well. It comes in once, as the rate of the last layer; factor takes the "
    "power.",
)
mistake(
    layer_rates,
    "leaves-instead-of-children",
    f"{COUNTED} → children = [c for c in model.modules() if list(c.parameters(recurse=False))]",
    says="Every single layer, down inside the blocks, has a rate of its own. The model's direct children "
    "are to be counted: a block, with all that is in it, has one rate.",
)
mistake(
    layer_rates,
    "all-modules-counted",
    f"{COUNTED} → children = [c for c in model.modules() if list(c.parameters())]",
    says="`modules()` yields the model itself, its blocks and the layers in them, each with all the "
    "parameters inside it, so that parameters are in several groups. `children()` yields the direct parts "
    "only.",
)
mistake(
    layer_rates,
    "bias-omitted",
    f"{ALL} → " + '"params": [p for n, p in child.named_parameters() if "bias" not in n]',
    f"{ALL} → " + '"params": [p for p in child.parameters() if p.dim() > 1]',
    says="Biases (or all parameters that are vectors) are in no group. The optimizer would not know them, "
    "and they would stay as they are.",
)
mistake(
    layer_rates,
    "nested-left-out",
    f"{ALL} → " + '"params": list(child.parameters(recurse=False))',
    says="Parameters of layers inside a block are in no group, so they would never be trained. "
    "`child.parameters()` gives all of them, however deep.",
)
mistake(
    layer_rates,
    "parameters-left-out",
    "reversed(children)) → reversed(children[1:]))",
    f"{COUNTED} → children = [child for child in model.children() if hasattr(child, 'weight')]",
    "reversed(children)) → reversed(children[-1:]))",
    "reversed(children)) → list(reversed(children))[1:])",
    says="The parameters of a layer are in no group. The optimizer would not know them, and they would "
    "stay as they are, as if frozen.",
)
mistake(
    layer_rates,
    "parameters-in-two-groups",
    f"{ALL} → " + '"params": list(model.parameters())',
    (
        "    return groups →     groups.append({'params': list(model.parameters()), 'lr': lr})\n    return "
        "groups",
    ),
    says="A parameter is in more than one group, which torch.optim refuses: it could not tell which rate "
    "holds. Each group has the parameters of one child.",
)
mistake(
    layer_rates,
    "rate-missing",
    f', "lr": {RATE} → ',
    f'"lr": {RATE} → "learning_rate": {RATE}',
    says='A group has no key "lr", and so the rate that the optimizer is given for all holds for it, without '
    "a word. The key has to be spelled just so.",
)
mistake(
    layer_rates,
    "generator-used-up",
    (
        f"{COUNTED} → children = [q for q in [c.parameters() for c in model.children()] if list(q)]",
        f"{ALL} → " + '"params": child',
    ),
    says="The groups are empty: `parameters()` gives a generator, which can be gone through once. Looking "
    "into it, to see whether there is anything, has used it up. Keep a list.",
)


mistake(
    layer_rates,
    "rate-per-tensor",
    (f"{COUNTED} → children = list(model.parameters())", f"{ALL} → " + '"params": [child]'),
    says="Every tensor has a rate of its own, so a layer's weight and bias move at different rates. A "
    "child of the model, with all its parameters, has one rate.",
)


@mistake(
    layer_rates,
    "copies-in-the-groups",
    says="The groups hold copies of the parameters (`detach`, `clone`, `data`). An optimizer would change "
    "the copies, and the model would not learn.",
)
def copies(model, lr, factor):
    """Put clones into the groups."""
    groups = layer_rates(model, lr, factor)
    return [{**group, "params": [p.detach().clone() for p in group["params"]]} for group in groups]
