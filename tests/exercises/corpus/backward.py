import numpy as np
from attempts import wrong


def hidden(params, cache, dY, slope=None):
    H = cache["H"]
    return (dY @ params["Wy"].T) * (1 - H**2 if slope is None else slope)


def grads(cache, dY, dA):
    return {"Wh": cache["X"].T @ dA, "bh": dA.sum(0), "Wy": cache["H"].T @ dY, "by": dY.sum(0)}


def right_functions(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return grads(cache, dY, hidden(params, cache, dY))


def right_averaged_at_the_end(params, cache, Y):
    dY = cache["Y_hat"] - Y
    return {key: g / len(Y) for key, g in grads(cache, dY, hidden(params, cache, dY)).items()}


def right_sample_by_sample(params, cache, Y):
    total = {key: np.zeros_like(p) for key, p in params.items()}
    for x, h, p, t in zip(cache["X"], cache["H"], cache["Y_hat"], Y, strict=True):
        d = p - t
        a = (params["Wy"] @ d) * (1 - h * h)
        for key, g in (("Wh", np.outer(x, a)), ("bh", a), ("Wy", np.outer(h, d)), ("by", d)):
            total[key] += g / len(Y)
    return total


def right_slope_from_the_sums(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / Y.shape[0]
    dA = hidden(params, cache, dY, 1 / np.cosh(cache["H_tilde"]) ** 2)
    return {**grads(cache, dY, dA), "X": dA @ params["Wh"].T}


@wrong("relu-derivative-for-tanh + bias-gradient-not-averaged")
def relu_and_summed_biases(params, cache, Y):
    m = len(Y)
    dY = cache["Y_hat"] - Y
    dA = hidden(params, cache, dY, cache["H"] > 0)
    g = grads(cache, dY, dA)
    return {"Wh": g["Wh"] / m, "bh": g["bh"], "Wy": g["Wy"] / m, "by": g["by"]}


@wrong("bias-gradient-not-averaged")
def summed_biases(params, cache, Y):
    m = len(Y)
    dY = cache["Y_hat"] - Y
    g = grads(cache, dY, hidden(params, cache, dY))
    return {**g, "Wh": g["Wh"] / m, "Wy": g["Wy"] / m}


@wrong("missing-batch-average")
def no_average(params, cache, Y):
    dY = cache["Y_hat"] - Y
    return grads(cache, dY, hidden(params, cache, dY))


@wrong("missing-batch-average")
def hidden_layer_not_averaged(params, cache, Y):
    dY = cache["Y_hat"] - Y
    g = grads(cache, dY, hidden(params, cache, dY))
    return {**g, "Wy": g["Wy"] / len(Y), "by": g["by"] / len(Y)}


@wrong("parentheses-missing")
def no_parentheses(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    dA = dY @ params["Wy"].T * 1 - cache["H"] ** 2
    return grads(cache, dY, dA)


@wrong("gradient-overwritten")
def overwritten(params, cache, Y):
    m = len(Y)
    for x, h, p, t in zip(cache["X"], cache["H"], cache["Y_hat"], Y, strict=True):
        d = (p - t) / m
        a = (params["Wy"] @ d) * (1 - h * h)
        g = {"Wh": np.outer(x, a), "bh": a, "Wy": np.outer(h, d), "by": d}
    return g


@wrong("activation-derivative-omitted")
def linear_hidden(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return grads(cache, dY, dY @ params["Wy"].T)


@wrong("derivative-of-wrong-variable")
def tanh_of_h(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return grads(cache, dY, hidden(params, cache, dY, 1 - np.tanh(cache["H"]) ** 2))


@wrong("derivative-of-wrong-variable + missing-batch-average")
def sums_squared(params, cache, Y):
    dY = cache["Y_hat"] - Y
    return grads(cache, dY, hidden(params, cache, dY, 1 - cache["H_tilde"] ** 2))


@wrong("bias-gradient-keeps-dims + double-batch-average", "bias-gradient-keeps-dims + bias-gradient-averaged")
def rows(params, cache, Y):
    m = len(Y)
    dY = (cache["Y_hat"] - Y) / m
    dA = hidden(params, cache, dY)
    g = grads(cache, dY, dA)
    return {**g, "bh": dA.mean(axis=0, keepdims=True), "by": dY.mean(axis=0, keepdims=True)}


@wrong("gradient-sign-flipped")
def flipped(params, cache, Y):
    dY = (Y - cache["Y_hat"]) / len(Y)
    return grads(cache, dY, hidden(params, cache, dY))


@wrong("sign-flipped-in-one-layer")
def hidden_flipped(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return grads(cache, dY, -hidden(params, cache, dY))


@wrong("wrong-type")
def names_with_d(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return {f"d{k}": g for k, g in grads(cache, dY, hidden(params, cache, dY)).items()}


@wrong("wrong-type")
def as_a_tuple(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return tuple(grads(cache, dY, hidden(params, cache, dY)).values())


@wrong("updated-parameters-returned")
def already_updated(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    g = grads(cache, dY, hidden(params, cache, dY))
    return {k: params[k] - g[k] for k in params}


@wrong("sigmoid-derivative-for-tanh")
def sigmoid(params, cache, Y):
    dY = (cache["Y_hat"] - Y) / len(Y)
    return grads(cache, dY, hidden(params, cache, dY, cache["H"] * (1 - cache["H"])))


@wrong("changes-its-input")
def cache_changed(params, cache, Y):
    cache["Y_hat"] -= Y
    dY = cache["Y_hat"] / len(Y)
    return grads(cache, dY, hidden(params, cache, dY))
