"""The exercise `freeze`: only some parameters require gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def frozen(f: Function, model: nn.Module, trainable: list[str]) -> dict[str, Any]:
    """Return the names of the parameters that require gradients afterwards."""
    before = [p.detach().clone() for p in model.parameters()]
    f(model, trainable)
    named = dict(model.named_parameters())
    return {
        "trained": ", ".join(name for name, p in named.items() if p.requires_grad),
        "numbers as they were": all(map(torch.equal, before, named.values())),
    }


class Net(nn.Module):
    """A network with names that are much alike; it is trained where the pattern has a 1."""

    def __init__(self, pattern: str = "1"):
        super().__init__()
        inner = nn.ModuleDict({"head": nn.Linear(2, 2), "out": nn.BatchNorm1d(2)})
        self.scale = nn.Parameter(torch.ones(2))
        self.stem = nn.Linear(2, 2)
        self.body = nn.Sequential(nn.Linear(2, 2), inner)
        self.ahead = nn.Linear(2, 2)
        self.head = nn.Linear(2, 2)
        self.head2 = nn.Linear(2, 1)
        for i, parameter in enumerate(self.parameters()):
            parameter.requires_grad_(pattern[i % len(pattern)] == "1")


def probe(kind: str, label: str, trainable: list[str], pattern: str = "1") -> Probe:
    """Return a probe with these prefixes."""
    return Probe(f"{label}, trainable = {trainable}", (Net(pattern), trainable), kind, frozen)


@exercise(
    notebook=13,
    order=1,
    returns="",
    in_place=("model",),
    words={
        "trained": "Afterwards these should require gradients: {expected}. In your model it is: {got}.",
        "numbers as they were": "The numbers in the parameters should stay as they were.",
    },
    seconds=4,
    probes=(
        example(
            nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)),
            ["2"],
            label="nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)), trainable = ['2']",
            observe=frozen,
        ),
        probe("main", "a network in which everything is trained", ["head"]),
        probe("main", "a network that is frozen", ["body.1", "head.", "scale"], "0"),
        probe("main", "a network that is frozen in part", ["stem.bias", "body.1.head"], "110"),
        probe("other", "a network that is frozen in part", ["body", "ahead"], "10"),
        probe("other", "a network in which everything is trained", ["scale", "body.0", "stem", "head2.w"]),
        probe("other", "a network that is frozen in part", ["hea", "st"], "001"),
        probe("other", "a network that is frozen", ["stem"], "0"),
        extreme("nothing is to be trained", Net("011"), [], observe=frozen),
        extreme("a prefix that begins no name", Net("01"), ["weight"], observe=frozen),
    ),
    hints=(
        "`model.named_parameters()` gives every parameter with its full name, such as "
        "`layer4.0.conv1.weight`. Print the names of a small model first.",
        "Whether a parameter requires gradients is decided by its name alone. Both answers have to be "
        "written down, since the model may have been frozen before.",
        "Loop over names and parameters. Each parameter's `requires_grad` becomes whether `any` of the "
        "prefixes fits by `name.startswith(prefix)`.",
    ),
    why="One assignment writes True as well as False, so the result depends on the names alone and the "
    "function can be called again with more prefixes, as in gradual unfreezing.",
)
def freeze(model, trainable):
    """Let exactly those parameters require gradients whose full name starts with a prefix in trainable.

    trainable: a list of strings, such as ["head", "layer4.1"]; if empty, everything is frozen -> None.
    """
    for name, parameter in model.named_parameters():
        parameter.requires_grad = any(name.startswith(prefix) for prefix in trainable)


FITS = "any(name.startswith(prefix) for prefix in trainable)"

mistake(
    freeze,
    "not-unfrozen",
    "= any( → = parameter.requires_grad and any(",
    says="What was frozen before stays frozen, though its name fits. The function only ever switches "
    "gradients off; it should also switch them on, whatever held before.",
)
mistake(
    freeze,
    "nothing-frozen",
    "parameter.requires_grad = any → _ = any",
    "= any( → = parameter.requires_grad or any(",
    f"= {FITS} → = True",
    "parameter.requires_grad = any → parameter.trainable = any",
    says="Nothing is frozen: parameters whose name does not fit still require gradients. It is the "
    "parameters' own `requires_grad` that counts; set on a module, or on what `state_dict()` returns, it "
    "does nothing.",
)
mistake(
    freeze,
    "head-frozen-too",
    f"= {FITS} → = False",
    says="Everything is frozen, so nothing would be trained. Parameters whose name starts with one of the "
    "prefixes are to require gradients.",
)
mistake(
    freeze,
    "frozen-and-trained-swapped",
    "= any( → = not any(",
    says="It is the wrong way round: what fits a prefix is frozen, and everything else is trained. The "
    "prefixes name what is to be trained.",
)
mistake(
    freeze,
    "substring-instead-of-prefix",
    "name.startswith(prefix) → prefix in name",
    says="A name fits as soon as it holds the prefix anywhere. A layer inside another, or a name that goes "
    "on alike, is then trained by mistake: names have to start with the prefix.",
)
mistake(
    freeze,
    "suffix-instead-of-prefix",
    "name.startswith(prefix) → name.endswith(prefix)",
    says="The end of the names is compared. It is their beginning that says where in the model they are.",
)
mistake(
    freeze,
    "only-exact-names",
    "name.startswith(prefix) → name == prefix",
    says="Names have to be equal to an entry of trainable. They only have to start with it: `head` stands "
    "for `head.weight` and `head.bias`.",
)
mistake(
    freeze,
    "only-whole-children",
    'name.startswith(prefix) → name.split(".")[0] == prefix',
    "        parameter.requires_grad = any(name.startswith(prefix) →         if '.' in name: "
    "parameter.requires_grad = any(name.split('.')[0] == prefix",
    says="Only the first part of a name is compared, so whole children of the model are frozen or trained. A "
    "prefix may reach further down, as `layer4.1` does, or to a single parameter.",
)
mistake(
    freeze,
    "only-whole-parts",
    'name.startswith(prefix) → (name + ".").startswith(prefix + ".")',
    'name.startswith(prefix) → name.startswith(prefix + ".")',
    'name.startswith(prefix) → name.split(".")[: prefix.count(".") + 1] == prefix.split(".")',
    says="A prefix fits only where a part of the name ends with it. Asked for is the plain comparison of "
    "strings: `head` also stands for `head2.weight`, `layer4.1.c` for `layer4.1.conv.weight`, and `head.` "
    "may end in the point.",
)
mistake(
    freeze,
    "biases-not-frozen",
    '= any( → = "bias" in name or any(',
    "= any( → = parameter.dim() == 1 or any(",
    "        parameter.requires_grad = any( →         if 'weight' in name: parameter.requires_grad = any(",
    "        parameter.requires_grad = any( →         if parameter.dim() > 1: parameter.requires_grad = any(",
    "        parameter.requires_grad = any( →         if 'bias' not in name: parameter.requires_grad = any(",
    says="Only weights are frozen; biases (or all parameters that are vectors) go on learning. A layer is "
    "frozen when all its parameters are.",
)
mistake(
    freeze,
    "biases-frozen-too",
    '= any( → = "bias" not in name and any(',
    '= any( → = "weight" in name and any(',
    "= any( → = parameter.dim() > 1 and any(",
    says="Of what is to be trained only the weights require gradients; the biases stay frozen. Names that "
    "start with a prefix are trained whatever they end in.",
)
mistake(
    freeze,
    "only-first-prefix",
    "in trainable → in trainable[:1]",
    says="Only the first prefix counts. A name may start with any of them.",
)
mistake(
    freeze,
    "only-last-prefix",
    "in trainable → in trainable[-1:]",
    says="Only the last prefix counts: what the others have switched on is switched off again, or they are "
    "not looked at. A name may start with any of them.",
)
mistake(
    freeze,
    "all-prefixes-required",
    "any( → all(",
    says="A name has to start with all of the prefixes at once. One of them is enough; and with an empty "
    "list `all` is True for every name.",
)
mistake(
    freeze,
    "own-parameters-left-out",
    "        parameter.requires_grad = any( →         if '.' in name: parameter.requires_grad = any(",
    says="A parameter that belongs to the model itself, and to none of its layers, is left as it was. "
    "`named_parameters()` gives that one too.",
)
mistake(
    freeze,
    "loop-left-early",
    f"= {FITS} → = {FITS}; return",
    says="Only the first parameter is decided on: the function returns inside the loop. A `return` belongs "
    "after it, or is left out.",
)
mistake(
    freeze,
    "numbers-changed",
    f"= {FITS} → = {FITS}; parameter.data *= parameter.requires_grad",
    says="The numbers in the frozen parameters are changed. They should stay as they are: only their "
    "gradients are not wanted.",
)


@mistake(
    freeze,
    "empty-list-ignored",
    says="With an empty list the model stays as it was: the loop over the prefixes never runs. Everything "
    "should be frozen then, so freeze first, and unfreeze what fits.",
)
def nothing_without_prefixes(model, trainable):
    """Decide only where there are prefixes."""
    if trainable:
        freeze(model, trainable)


last = mistake(
    freeze,
    "loop-over-prefixes-outside",
    says="The loop over the prefixes decides again for each of them, so the last one wins: what fits an "
    "earlier one is frozen again. And without any prefix nothing happens at all.",
)


@last
def decided_again_for_each_prefix(model, trainable):
    """Let every prefix decide about all."""
    for prefix in trainable:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith(prefix)


@last
def decided_again_inside(model, trainable):
    """Let every prefix decide about each."""
    for name, parameter in model.named_parameters():
        for prefix in trainable:
            if name.startswith(prefix):
                parameter.requires_grad = True
            else:
                parameter.requires_grad = False


@mistake(
    freeze,
    "only-whole-modules",
    says="The names of modules are compared, so a prefix that reaches to a single parameter, such as "
    "`stem.bias`, has no effect. Compare the parameters' own names.",
)
def by_the_names_of_modules(model, trainable):
    """Unfreeze whole modules."""
    model.requires_grad_(False)
    for name, module in model.named_modules():
        if any(name.startswith(prefix) for prefix in trainable):
            module.requires_grad_(True)
