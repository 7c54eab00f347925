import numpy as np
from attempts import wrong


def run(params, X):
    A = X @ params["Wh"] + params["bh"]
    H = np.tanh(A)
    S = H @ params["Wy"] + params["by"]
    e = np.exp(S - S.max(axis=1, keepdims=True))
    return H, e / e.sum(axis=1, keepdims=True)


def gradients(params, X, Y, H, P, m=None):
    d = (P - Y) / (len(Y) if m is None else m)
    a = d @ params["Wy"].T * (1 - H**2)
    return {"Wh": X.T @ a, "bh": a.sum(0), "Wy": H.T @ d, "by": d.sum(0)}


def loss_of(P, Y):
    return -np.sum(Y * np.log(P + 1e-12)) / len(Y)


def right_written_out(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g
    return loss_of(P, Y)


def right_rebound(params, X, Y, lr):
    H, P = run(params, X)
    g = gradients(params, X, Y, H, P)
    params.update({k: params[k] - lr * g[k] for k in g})
    return np.float64(loss_of(P, Y)), params


def right_loss_last(params, X, Y, lr):
    before = {k: p.copy() for k, p in params.items()}
    H, P = run(before, X)
    for k, g in gradients(before, X, Y, H, P).items():
        params[k][...] = before[k] - lr * g
    return float(np.mean(-np.log(run(before, X)[1][Y == 1])))


def right_torch(params, X, Y, lr):
    import torch

    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    S = torch.tanh(torch.tensor(X) @ p["Wh"] + p["bh"]) @ p["Wy"] + p["by"]
    loss = torch.nn.functional.cross_entropy(S, torch.tensor(Y))
    loss.backward()
    for k in params:
        params[k] -= lr * p[k].grad.numpy()
    return loss.item()


@wrong("updated-before-backward")
def output_layer_first(params, X, Y, lr):
    H, P = run(params, X)
    d = (P - Y) / len(Y)
    params["Wy"] -= lr * H.T @ d
    params["by"] -= lr * d.sum(0)
    a = d @ params["Wy"].T * (1 - H**2)
    params["Wh"] -= lr * X.T @ a
    params["bh"] -= lr * a.sum(0)
    return loss_of(P, Y)


@wrong("loss-after-update")
def loss_afterwards(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g
    return loss_of(run(params, X)[1], Y)


@wrong("missing-batch-average")
def no_average(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P, m=1).items():
        params[k] -= lr * g
    return loss_of(P, Y)


@wrong("loss-summed")
def loss_summed(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g
    return loss_of(P, Y) * len(Y)


@wrong("loss-summed + missing-batch-average")
def everything_summed(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P, m=1).items():
        params[k] -= lr * g
    return -(Y * np.log(P)).sum()


@wrong("divided-by-classes")
def loss_by_classes(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g
    return loss_of(P, Y) * len(Y) / Y.shape[1]


@wrong("activation-derivative-omitted")
def no_slope(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, 0 * H, P).items():
        params[k] -= lr * (g if k != "Wy" else H.T @ (P - Y) / len(Y))
    return loss_of(P, Y)


@wrong("ascent-instead-of-descent")
def uphill(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] += lr * g
    return loss_of(P, Y)


@wrong("update-not-in-place")
def new_params(params, X, Y, lr):
    H, P = run(params, X)
    g = gradients(params, X, Y, H, P)
    params = {k: params[k] - lr * g[k] for k in g}
    return loss_of(P, Y)


@wrong("returns-none")
def nothing_returned(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g


@wrong("bias-not-updated")
def weights_only(params, X, Y, lr):
    H, P = run(params, X)
    g = gradients(params, X, Y, H, P)
    for k in ("Wh", "Wy"):
        params[k] -= lr * g[k]
    return loss_of(P, Y)


@wrong("bias-gradient-not-averaged")
def biases_summed(params, X, Y, lr):
    H, P = run(params, X)
    for k, g in gradients(params, X, Y, H, P).items():
        params[k] -= lr * g * (len(Y) if k[0] == "b" else 1)
    return loss_of(P, Y)


@wrong("learning-rate-ignored")
def own_rate(params, X, Y, lr):
    lr = 0.1
    return right_written_out(params, X, Y, lr)


@wrong("wrong-type", "wrong-shape")
def probabilities_returned(params, X, Y, lr):
    right_written_out(params, X, Y, lr)
    return run(params, X)[1]
