import torch
from attempts import wrong


def with_parameters(model):
    return [c for c in model.children() if len(list(c.parameters()))]


def right_from_the_front(model, lr, factor):
    layers = with_parameters(model)
    n = len(layers)
    return [
        {"lr": lr * factor ** (n - 1 - i), "params": layer.parameters()} for i, layer in enumerate(layers)
    ]


def right_generator(model, lr, factor):
    for layer in reversed(with_parameters(model)):
        yield {"params": list(layer.parameters()), "lr": lr, "name": type(layer).__name__}
        lr *= factor


def right_one_group_a_tensor(model, lr, factor):
    groups = []
    for layer in with_parameters(model)[::-1]:
        for p in layer.parameters():
            groups.append({"params": p, "lr": torch.tensor(lr)})
        lr = lr * factor
    return tuple(groups)


def right_with_empty_groups(model, lr, factor):
    groups, power = [], 0
    for layer in list(model.children())[::-1]:
        params = list(layer.parameters())
        groups.append({"params": params, "lr": lr * factor**power, "weight_decay": 0.0})
        power += bool(params)
    return groups


def right_optimizer_groups(model, lr, factor):
    return torch.optim.SGD(right_generator(model, lr, factor), lr=1.0).param_groups


@wrong("factor-ignored")
def same_for_all(model, lr, factor):
    return [{"params": list(c.parameters()), "lr": lr} for c in with_parameters(model)]


@wrong("rates-reversed")
def first_is_fastest(model, lr, factor):
    return [{"params": c.parameters(), "lr": lr * factor**i} for i, c in enumerate(with_parameters(model))]


@wrong("rate-off-by-one")
def from_n(model, lr, factor):
    layers = with_parameters(model)
    return [{"params": c.parameters(), "lr": lr * factor ** (len(layers) - i)} for i, c in enumerate(layers)]


@wrong("empty-children-counted")
def all_children(model, lr, factor):
    layers = list(model.children())
    return [
        {"params": list(c.parameters()), "lr": lr * factor ** (len(layers) - 1 - i)}
        for i, c in enumerate(layers)
    ]


@wrong("empty-children-counted + rates-reversed", "rates-reversed + empty-children-counted")
def all_children_forward(model, lr, factor):
    return [{"params": list(c.parameters()), "lr": lr * factor**i} for i, c in enumerate(model.children())]


@wrong("one-factor-for-all")
def head_and_rest(model, lr, factor):
    *rest, head = with_parameters(model)
    return [
        {"params": [p for layer in rest for p in layer.parameters()], "lr": lr * factor},
        {"params": head.parameters(), "lr": lr},
    ]


@wrong("rate-per-tensor")
def tensors(model, lr, factor):
    params = list(model.parameters())
    return [{"params": [p], "lr": lr * factor ** (len(params) - 1 - i)} for i, p in enumerate(params)]


@wrong("leaves-instead-of-children")
def leaves(model, lr, factor):
    found = [m for m in model.modules() if not list(m.children()) and list(m.parameters())]
    return [{"params": list(m.parameters()), "lr": lr * factor**i} for i, m in enumerate(found[::-1])]


@wrong("bias-omitted")
def weights(model, lr, factor):
    return [
        {"params": [p for n, p in c.named_parameters() if n.endswith("weight")], "lr": lr * factor**i}
        for i, c in enumerate(with_parameters(model)[::-1])
    ]


@wrong("parameters-left-out")
def head_only(model, lr, factor):
    return [{"params": with_parameters(model)[-1].parameters(), "lr": lr}]


@wrong("rate-missing")
def misspelled(model, lr, factor):
    groups = list(right_generator(model, lr, factor))
    return [{"params": g["params"], "learning_rate": g["lr"]} for g in groups]


@wrong("generator-used-up")
def used_up(model, lr, factor):
    groups = []
    for child in reversed(list(model.children())):
        params = child.parameters()
        if len(list(params)) > 0:
            groups.append({"params": params, "lr": lr})
            lr *= factor
    return groups


@wrong("wrong-type")
def rates_only(model, lr, factor):
    return [lr * factor**i for i, _ in enumerate(with_parameters(model))]


@wrong("wrong-type")
def one_dict(model, lr, factor):
    return {"params": list(model.parameters()), "lr": lr}


@wrong("wrong-type")
def the_optimizer(model, lr, factor):
    return torch.optim.SGD(right_generator(model, lr, factor), lr=lr)


@wrong("returns-none")
def nothing(model, lr, factor):
    list(right_generator(model, lr, factor))


@wrong("raises")
def reversed_generator(model, lr, factor):
    return [
        {"params": list(c.parameters()), "lr": lr * factor**i}
        for i, c in enumerate(reversed(model.children()))
    ]


@wrong("wrong-type")
def key_missing(model, lr, factor):
    return [{"parameters": list(c.parameters()), "lr": lr} for c in with_parameters(model)]


@wrong("parameters-left-out")
def blocks_lost(model, lr, factor):
    layers = [c for c in model.children() if hasattr(c, "weight")]
    return [{"params": list(c.parameters()), "lr": lr * factor**i} for i, c in enumerate(layers[::-1])]


@wrong("rate-per-tensor + rates-reversed", "rates-reversed + rate-per-tensor")
def tensors_from_the_front(model, lr, factor):
    return [{"params": [p], "lr": lr * factor**i} for i, (_, p) in enumerate(model.named_parameters())]
