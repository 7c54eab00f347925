import numpy as np
from attempts import wrong


def right_comprehensions(params, strength):
    W = {k: v for k, v in params.items() if k[0] == "W"}
    return strength * sum(np.abs(w).sum() for w in W.values()), {
        k: strength * np.sign(w) for k, w in W.items()
    }


def right_where(params, strength):
    value, grads = 0, dict()
    for k in filter(lambda k: k.startswith("W"), params):
        value += float(np.linalg.norm(params[k].ravel(), 1))
        grads[k] = np.where(params[k] >= 0, strength, -strength)
    return value * strength, grads


def right_minus_at_zero(params, strength):
    grads = {k: strength * (2.0 * (w > 0) - 1) for k, w in params.items() if k[:1] == "W"}
    return sum((params[k] * g).sum() for k, g in grads.items()), grads


def right_zeros_for_biases(params, strength):
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    value = 0.0
    for k in params:
        if k.startswith("W"):
            value += np.abs(params[k]).sum()
            grads[k] = strength * np.sign(params[k])
    return strength * value, grads


def right_loops(params, strength):
    total, grads = 0.0, {}
    for k, w in params.items():
        if not k.startswith("W"):
            continue
        g = np.zeros(w.shape)
        for i in np.ndindex(*w.shape):
            total += strength * abs(w[i])
            g[i] = strength if w[i] > 0 else -strength if w[i] < 0 else 0.3 * strength
        grads[k] = g
    return [total, grads]


@wrong("penalty-on-biases")
def everything(params, strength):
    value = strength * sum(np.abs(p).sum() for p in params.values())
    return value, {k: strength * np.sign(p) for k, p in params.items()}


@wrong("penalty-on-biases")
def biases_in_the_value(params, strength):
    value = strength * sum(np.abs(p).sum() for p in params.values())
    return value, {k: strength * np.sign(p) for k, p in params.items() if k.startswith("W")}


@wrong("penalty-squared")
def ridge(params, strength):
    W = {k: v for k, v in params.items() if k.startswith("W")}
    return strength * sum((w**2).sum() for w in W.values()), {k: 2 * strength * w for k, w in W.items()}


@wrong("penalty-squared")
def half_ridge(params, strength):
    W = {k: v for k, v in params.items() if k.startswith("W")}
    return 0.5 * strength * sum((w**2).sum() for w in W.values()), {k: strength * w for k, w in W.items()}


@wrong("sign-missing")
def constant(params, strength):
    W = {k: v for k, v in params.items() if k.startswith("W")}
    value = strength * sum(np.abs(w).sum() for w in W.values())
    return value, {k: strength * np.ones(w.shape) for k, w in W.items()}


@wrong("sign-missing", "wrong-shape")
def one_number(params, strength):
    W = {k: v for k, v in params.items() if k.startswith("W")}
    value = strength * sum(np.abs(w).sum() for w in W.values())
    return value, {k: strength for k in W}


@wrong("weights-instead-of-signs")
def magnitude(params, strength):
    W = {k: v for k, v in params.items() if k.startswith("W")}
    value = strength * sum(np.abs(w).sum() for w in W.values())
    return value, {k: strength * np.abs(w) for k, w in W.items()}


@wrong("strength-missing")
def value_without_strength(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += np.sum(abs(params[k]))
            grads[k] = strength * np.sign(params[k])
    return value, grads


@wrong("strength-missing")
def gradient_without_strength(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.sum(abs(params[k]))
            grads[k] = np.sign(params[k])
    return value, grads


@wrong("penalty-averaged")
def mean(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.mean(abs(params[k]))
            grads[k] = strength * np.sign(params[k])
    return value, grads


@wrong("absolute-value-missing")
def plain_sum(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.sum(params[k])
            grads[k] = strength * np.sign(params[k])
    return value, grads


@wrong("division-by-zero")
def over_its_magnitude(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.sum(abs(params[k]))
            grads[k] = strength * params[k] / abs(params[k])
    return value, grads


@wrong("outputs-swapped")
def exchanged(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.sum(abs(params[k]))
            grads[k] = strength * np.sign(params[k])
    return grads, value


@wrong("names-typed-in", "raises")
def two_layers(params, strength):
    Wh, Wy = params["Wh"], params["Wy"]
    value = strength * (np.abs(Wh).sum() + np.abs(Wy).sum())
    return value, {"Wh": strength * np.sign(Wh), "Wy": strength * np.sign(Wy)}


@wrong("only-last-layer-counted")
def overwritten(params, strength):
    grads = {}
    for k in params:
        if k.startswith("W"):
            value = strength * np.sum(abs(params[k]))
            grads[k] = strength * np.sign(params[k])
    return value, grads


@wrong("loop-left-early")
def indented_return(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.sum(abs(params[k]))
            grads[k] = strength * np.sign(params[k])
            return value, grads


@wrong("matrix-norm-instead-of-sum")
def norm_of_order_one(params, strength):
    value, grads = 0, {}
    for k in params:
        if k.startswith("W"):
            value += strength * np.linalg.norm(params[k], 1)
            grads[k] = strength * np.sign(params[k])
    return value, grads


@wrong("penalty-on-biases + penalty-squared")
def ridge_on_all(params, strength):
    return (
        strength * sum(np.sum(p**2) for p in params.values()),
        {k: 2 * strength * p for k, p in params.items()},
    )


@wrong("penalty-on-biases + sign-missing")
def all_constant(params, strength):
    value = strength * sum(np.abs(p).sum() for p in params.values())
    return value, {k: strength * np.ones_like(p) for k, p in params.items()}


@wrong("wrong-type")
def value_only(params, strength):
    return strength * sum(np.abs(p).sum() for k, p in params.items() if k.startswith("W"))
