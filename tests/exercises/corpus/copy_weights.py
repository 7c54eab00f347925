import numpy as np
import torch
from attempts import wrong


def right_copied(params, model):
    with torch.no_grad():
        model[0].weight.copy_(torch.from_numpy(params["Wh"].T))
        model[0].bias.copy_(torch.from_numpy(params["bh"]))
        model[2].weight.copy_(torch.from_numpy(params["Wy"].T))
        model[2].bias.copy_(torch.from_numpy(params["by"]))


def right_state_dict(params, model):
    model.load_state_dict(
        {
            "0.weight": torch.tensor(params["Wh"]).t(),
            "0.bias": torch.tensor(params["bh"]),
            "2.weight": torch.tensor(params["Wy"]).t(),
            "2.bias": torch.tensor(params["by"]),
        }
    )


def right_data(params, model):
    for p, a in zip(
        model.parameters(), (params["Wh"].T, params["bh"], params["Wy"].T, params["by"]), strict=True
    ):
        p.data[:] = torch.tensor(a)


def right_new_parameters(params, model):
    for layer, W, b in ((model[0], "Wh", "bh"), (model[2], "Wy", "by")):
        dtype = layer.weight.dtype
        layer.weight = torch.nn.Parameter(torch.tensor(params[W].T, dtype=dtype))
        layer.bias = torch.nn.Parameter(torch.tensor(params[b], dtype=dtype))
    return model


def right_through_numpy(params, model):
    model[0].weight.detach().numpy()[...] = params["Wh"].T
    model[0].bias.detach().numpy()[...] = params["bh"]
    model[2].weight.detach().numpy()[...] = params["Wy"].T
    model[2].bias.detach().numpy()[...] = params["by"]


def fill(model, Wh, bh, Wy, by):
    with torch.no_grad():
        for p, a in zip(model.parameters(), (Wh, bh, Wy, by), strict=True):
            p.copy_(torch.tensor(np.array(a)))


@wrong("weights-not-transposed")
def not_transposed(params, model):
    model[0].weight.data = torch.tensor(params["Wh"], dtype=model[0].weight.dtype)
    model[0].bias.data = torch.tensor(params["bh"], dtype=model[0].weight.dtype)
    model[2].weight.data = torch.tensor(params["Wy"], dtype=model[0].weight.dtype)
    model[2].bias.data = torch.tensor(params["by"], dtype=model[0].weight.dtype)


@wrong("weights-not-transposed")
def refused(params, model):
    fill(model, params["Wh"], params["bh"], params["Wy"], params["by"])


@wrong("reshaped-instead-of-transposed")
def reshaped(params, model):
    fill(
        model,
        params["Wh"].reshape(model[0].weight.shape),
        params["bh"],
        params["Wy"].reshape(model[2].weight.shape),
        params["by"],
    )


@wrong("bias-not-copied")
def weights_only(params, model):
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(params["Wh"].T))
        model[2].weight.copy_(torch.tensor(params["Wy"].T))


@wrong("bias-not-copied + weights-not-transposed")
def weights_only_as_they_are(params, model):
    model[0].weight.data = torch.tensor(params["Wh"]).to(model[0].weight.dtype)
    model[2].weight.data = torch.tensor(params["Wy"]).to(model[2].weight.dtype)


@wrong("memory-shared-with-params + dtype-not-kept", "dtype-not-kept", "memory-shared-with-params")
def from_numpy(params, model):
    model[0].weight.data = torch.from_numpy(params["Wh"].T)
    model[0].bias.data = torch.from_numpy(params["bh"])
    model[2].weight.data = torch.from_numpy(params["Wy"].T)
    model[2].bias.data = torch.from_numpy(params["by"])


@wrong("dtype-not-kept")
def float32_always(params, model):
    model[0].weight.data = torch.tensor(params["Wh"].T, dtype=torch.float32)
    model[0].bias.data = torch.tensor(params["bh"], dtype=torch.float32)
    model[2].weight.data = torch.tensor(params["Wy"].T, dtype=torch.float32)
    model[2].bias.data = torch.tensor(params["by"], dtype=torch.float32)


@wrong("no-grad-missing")
def recorded(params, model):
    model[0].weight.copy_(torch.tensor(params["Wh"].T))
    model[0].bias.copy_(torch.tensor(params["bh"]))
    model[2].weight.copy_(torch.tensor(params["Wy"].T))
    model[2].bias.copy_(torch.tensor(params["by"]))


@wrong("update-not-in-place")
def state_dict_entries(params, model):
    state = model.state_dict()
    state["0.weight"] = torch.tensor(params["Wh"].T)
    state["0.bias"] = torch.tensor(params["bh"])
    state["2.weight"] = torch.tensor(params["Wy"].T)
    state["2.bias"] = torch.tensor(params["by"])


@wrong("assigned-without-parameter")
def arrays_assigned(params, model):
    model[0].weight = params["Wh"].T
    model[0].bias = params["bh"]


@wrong("assigned-without-parameter")
def tensors_assigned(params, model):
    model[0].weight = torch.tensor(params["Wh"].T)
    model[0].bias = torch.tensor(params["bh"])


@wrong("layer-not-copied", "raises")
def wrong_index(params, model):
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(params["Wh"].T))
        model[0].bias.copy_(torch.tensor(params["bh"]))
        model[1].weight.copy_(torch.tensor(params["Wy"].T))


@wrong("layers-swapped", "raises")
def swapped(params, model):
    fill(model, params["Wy"].T, params["by"], params["Wh"].T, params["bh"])


@wrong("weights-frozen")
def frozen(params, model):
    fill(model, params["Wh"].T, params["bh"], params["Wy"].T, params["by"])
    for p in model.parameters():
        p.requires_grad = False
