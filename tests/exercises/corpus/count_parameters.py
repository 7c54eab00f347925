import numpy as np
import torch
from attempts import wrong
from torch import nn


def right_loop(model):
    total = 0
    for p in model.parameters():
        if p.requires_grad:
            n = 1
            for size in p.size():
                n *= size
            total += n
    return total


def right_numpy(model):
    return np.sum([np.prod(p.shape) for p in model.parameters() if p.requires_grad], dtype=int)


def right_tensor(model):
    return torch.tensor([p.nelement() for _, p in model.named_parameters() if p.requires_grad]).long().sum()


def right_by_identity(model):
    seen = {}
    for module in model.modules():
        for p in module._parameters.values():
            if p is not None and p.requires_grad:
                seen[id(p)] = p.flatten().shape[0]
    return sum(seen.values())


def right_vector(model):
    trained = list(filter(lambda p: p.requires_grad, model.parameters()))
    return len(nn.utils.parameters_to_vector(trained)) if trained else 0


@wrong("all-parameters-counted")
def everything(model):
    return sum(p.numel() for p in model.parameters())


@wrong("tensors-counted")
def tensors(model):
    return len([p for p in model.parameters() if p.requires_grad])


@wrong("tensors-counted + all-parameters-counted", "all-parameters-counted + tensors-counted")
def all_tensors(model):
    return len(list(model.parameters()))


@wrong("state-dict-counted")
def saved(model):
    return sum(t.numel() for t in model.state_dict().values())


@wrong("counted-child-by-child")
def children(model):
    total = 0
    for layer in model.children():
        total += sum(p.numel() for p in layer.parameters() if p.requires_grad)
    return total


@wrong("counted-at-every-level")
def modules(model):
    total = 0
    for layer in model.modules():
        for p in layer.parameters():
            if p.requires_grad:
                total += p.numel()
    return total


@wrong("shared-counted-twice")
def twice(model):
    return sum(p.numel() for m in model.modules() for p in m.parameters(recurse=False) if p.requires_grad)


@wrong("bias-omitted")
def weights(model):
    return sum(p.numel() for n, p in model.named_parameters() if n.endswith("weight") and p.requires_grad)


@wrong("first-axis-only")
def lengths(model):
    return sum(len(p) for p in model.parameters() if p.requires_grad)


@wrong("nested-left-out")
def own(model):
    return sum(p.numel() for p in model.parameters(recurse=False) if p.requires_grad)


@wrong("only-some-kinds-of-layers")
def linear_layers(model):
    total = 0
    for m in model.modules():
        if isinstance(m, nn.Linear):
            total += m.weight.numel() + m.bias.numel()
    return total


@wrong("wrong-type")
def floats(model):
    return float(right_loop(model))


@wrong("wrong-type")
def a_list(model):
    return [p.numel() for p in model.parameters() if p.requires_grad]


@wrong("returns-none")
def printed(model):
    print(right_loop(model))


@wrong("frozen-counted-instead")
def the_other_way(model):
    return sum(p.numel() for p in model.parameters() if not p.requires_grad)


@wrong("raises")
def called(model):
    return sum(p.size for p in model.parameters())


@wrong()
def only_the_first(model):
    for p in model.parameters():
        return p.numel()
