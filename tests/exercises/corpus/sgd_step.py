import numpy as np
from attempts import wrong


def right_rebound(params, grads, lr):
    for k, g in grads.items():
        params[k] = params[k] - lr * g
    return params


def right_update(params, grads, lr):
    params.update({k: p - np.multiply(lr, grads[k]) for k, p in params.items()})


def right_views(params, grads, lr):
    for p, k in zip(params.values(), params, strict=True):
        p[...] -= lr * grads[k]


def right_one_by_one(params, grads, lr):
    params["Wh"] += -lr * grads["Wh"]
    params["bh"] += -lr * grads["bh"]
    params["Wy"] += -lr * grads["Wy"]
    params["by"] += -lr * grads["by"]


def right_subtract(params, grads, lr):
    for p, g in zip(params.values(), grads.values(), strict=True):
        np.subtract(p, lr * g, out=p)


@wrong("update-not-in-place")
def local_names(params, grads, lr):
    for k, p in params.items():
        p = p - lr * grads[k]


@wrong("update-not-in-place")
def new_dict(params, grads, lr):
    return {k: params[k] - lr * grads[k] for k in params}


@wrong("update-not-in-place")
def new_binding(params, grads, lr):
    params = {k: params[k] - lr * grads[k] for k in params}


@wrong("ascent-instead-of-descent")
def uphill(params, grads, lr):
    for k in params:
        params[k] = params[k] + lr * grads[k]


@wrong("update-assigned-to-gradient")
def equals_minus(params, grads, lr):
    for k in params:
        params[k] = -lr * grads[k]


@wrong("learning-rate-ignored")
def fixed(params, grads, lr):
    for k in params:
        params[k] -= 0.01 * grads[k]


@wrong("learning-rate-ignored + ascent-instead-of-descent")
def uphill_without_rate(params, grads, lr):
    for k in params:
        params[k] += grads[k]


@wrong("bias-not-updated")
def weights_only(params, grads, lr):
    for k in params:
        if k.startswith("W"):
            params[k] -= lr * grads[k]


@wrong("loop-left-early")
def returned(params, grads, lr):
    for k in params:
        params[k] -= lr * grads[k]
        return params


@wrong("changes-its-input")
def gradient_scaled(params, grads, lr):
    for k in params:
        grads[k] *= lr
        params[k] -= grads[k]


@wrong("changes-its-input", "update-assigned-to-gradient")
def gradients_cleared(params, grads, lr):
    for k in params:
        params[k] -= lr * grads[k]
        grads[k][...] = 0


@wrong("gradient-averaged")
def mean_gradient(params, grads, lr):
    for k in params:
        params[k] -= lr * grads[k].mean(axis=0)


@wrong("sign-instead-of-gradient")
def sign(params, grads, lr):
    for k in params:
        params[k] -= lr * np.sign(grads[k])


@wrong("gradient-normalized")
def unit(params, grads, lr):
    for k in params:
        params[k] -= lr * grads[k] / np.sqrt((grads[k] ** 2).sum())


@wrong("updated-twice")
def twice(params, grads, lr):
    for _ in range(2):
        for k in params:
            params[k] -= lr * grads[k]


@wrong("raises")
def dict_arithmetic(params, grads, lr):
    params -= lr * grads
