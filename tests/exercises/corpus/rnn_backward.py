import numpy as np
import torch
from attempts import wrong


def right_autograd(dH, X, h0, H, params):
    p = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    X, h0 = torch.tensor(X, requires_grad=True), torch.tensor(h0, requires_grad=True)
    states, h = [], h0
    for t in range(X.shape[1]):
        h = torch.tanh(X[:, t] @ p["Wx"] + h @ p["Wh"] + p["b"])
        states.append(h)
    (torch.stack(states, 1) * torch.tensor(dH)).sum().backward()
    return {k: v.grad for k, v in p.items()}, X.grad, h0.grad


def right_products_after_the_loop(dH, X, h0, H, params):
    D = np.zeros_like(H)
    back = np.zeros_like(h0)
    for t in range(H.shape[1] - 1, -1, -1):
        D[:, t] = (dH[:, t] + back) * (1 - H[:, t] ** 2)
        back = D[:, t] @ params["Wh"].T
    before = np.concatenate([h0[:, None], H[:, :-1]], axis=1)
    grads = {
        "Wx": np.einsum("mti,mtj->ij", X, D),
        "Wh": np.einsum("mti,mtj->ij", before, D),
        "b": D.sum((0, 1)),
    }
    return grads, D @ params["Wx"].T, back


def right_loops(dH, X, h0, H, params):
    m, T, n_h = H.shape
    dWx, dWh = np.zeros_like(params["Wx"]), np.zeros_like(params["Wh"])
    db, dX, dh0 = np.zeros(n_h), np.zeros(X.shape), np.zeros(h0.shape)
    for i in range(m):
        carried = np.zeros(n_h)
        for t in reversed(range(T)):
            da = (dH[i, t] + carried) * (1 - H[i, t]) * (1 + H[i, t])
            dWx += np.outer(X[i, t], da)
            dWh += np.outer(H[i, t - 1] if t else h0[i], da)
            db += da
            dX[i, t] = params["Wx"] @ da
            carried = params["Wh"] @ da
        dh0[i] = carried
    return {"b": db, "Wh": dWh, "Wx": dWx}, dX, dh0


def right_changing_copies(dH, X, h0, H, params):
    dH, states = dH.copy(), [h0, *H.swapaxes(0, 1)]
    dX, dWx, dWh, db = [], 0, 0, 0
    for t in range(X.shape[1])[::-1]:
        dH[:, t] *= 1 - states[t + 1] ** 2
        dX.insert(0, dH[:, t] @ params["Wx"].T)
        dWx, dWh, db = dWx + X[:, t].T @ dH[:, t], dWh + states[t].T @ dH[:, t], db + dH[:, t].sum(0)
        back = dH[:, t] @ params["Wh"].T
        if t:
            dH[:, t - 1] += back
    return [{"Wx": dWx, "Wh": dWh, "b": db}, np.stack(dX, axis=1), back]


def right_forward_again(dH, X, h0, H, params):
    h, slopes, states = h0, [], [h0]
    for t in range(X.shape[1]):
        a = X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        h = np.tanh(a)
        slopes.append(1 / np.cosh(a) ** 2)
        states.append(h)
    grads = {k: np.zeros(v.shape) for k, v in params.items()}
    dX, d = np.zeros(X.shape), np.zeros(h0.shape)
    for t in reversed(range(len(slopes))):
        d = (d + dH[:, t]) * slopes[t]
        grads["Wx"] += X[:, t].T.dot(d)
        grads["Wh"] += states[t].T.dot(d)
        grads["b"] += np.ones(len(d)).dot(d)
        dX[:, t] = d.dot(params["Wx"].T)
        d = d.dot(params["Wh"].T)
    return grads, dX, d


def right_single_precision(dH, X, h0, H, params):
    dH, X, h0, H = (a.astype(np.float32) for a in (dH, X, h0, H))
    params = {k: v.astype(np.float32) for k, v in params.items()}
    return right_products_after_the_loop(dH, X, h0, H, params)


def back(dH, H, Wh, T):
    """Return the gradients inside tanh, as they should be, and what reaches h0."""
    D, d = np.zeros_like(H), 0
    for t in reversed(range(T)):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ Wh.T
    return D, d


def with_all(D, X, before, Wx):
    grads = {
        "Wx": np.einsum("mti,mtj->ij", X, D),
        "Wh": np.einsum("mti,mtj->ij", before, D),
        "b": D.sum((0, 1)),
    }
    return grads, D @ Wx.T


@wrong("gradient-through-time-cut")
def every_step_alone(dH, X, h0, H, params):
    D = dH * (1 - H**2)
    before = np.concatenate([h0[:, None], H[:, :-1]], axis=1)
    grads, dX = with_all(D, X, before, params["Wx"])
    return grads, dX, D[:, 0] @ params["Wh"].T


@wrong("state-after-the-step")
def same_step(dH, X, h0, H, params):
    D, dh0 = back(dH, H, params["Wh"], H.shape[1])
    return *with_all(D, X, H, params["Wx"]), dh0


@wrong("index-wraps-around")
def rolled(dH, X, h0, H, params):
    D, dh0 = back(dH, H, params["Wh"], H.shape[1])
    return *with_all(D, X, np.roll(H, 1, axis=1), params["Wx"]), dh0


@wrong("initial-state-ignored")
def first_step_has_no_state(dH, X, h0, H, params):
    D, dh0 = back(dH, H, params["Wh"], H.shape[1])
    before = np.zeros_like(H)
    before[:, 1:] = H[:, :-1]
    return *with_all(D, X, before, params["Wx"]), dh0


@wrong("gradient-overwritten")
def equals(dH, X, h0, H, params):
    dX, d, grads = np.zeros_like(X), np.zeros_like(h0), {}
    for t in reversed(range(X.shape[1])):
        da = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        grads["Wx"] = X[:, t].T @ da
        grads["Wh"] = (H[:, t - 1] if t > 0 else h0).T @ da
        grads["b"] = da.sum(axis=0)
        dX[:, t] = da @ params["Wx"].T
        d = da @ params["Wh"].T
    return grads, dX, d


@wrong("activation-derivative-omitted")
def no_tanh(dH, X, h0, H, params):
    D, d = np.zeros_like(H), 0
    for t in reversed(range(H.shape[1])):
        D[:, t] = dH[:, t] + d
        d = D[:, t] @ params["Wh"].T
    return *with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"]), d


@wrong("recurrent-weights-transposed")
def not_transposed(dH, X, h0, H, params):
    D, d = back(dH, H, params["Wh"].T, H.shape[1])
    return *with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"]), d


@wrong("weight-gradient-transposed")
def transposed_gradient(dH, X, h0, H, params):
    D, d = back(dH, H, params["Wh"], H.shape[1])
    grads, dX = with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"])
    grads["Wh"] = grads["Wh"].T
    return grads, dX, d


@wrong("time-reversed")
def forward_loop(dH, X, h0, H, params):
    D, d = np.zeros_like(H), 0
    for t in range(H.shape[1]):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"]), d


@wrong("outputs-swapped")
def other_order(dH, X, h0, H, params):
    grads, dX, dh0 = right_products_after_the_loop(dH, X, h0, H, params)
    return dX, dh0, grads


@wrong("double-batch-average")
def averaged(dH, X, h0, H, params):
    grads, dX, dh0 = right_products_after_the_loop(dH, X, h0, H, params)
    return {k: g / X.shape[0] for k, g in grads.items()}, dX, dh0


@wrong("averaged-over-steps")
def by_steps(dH, X, h0, H, params):
    grads, dX, dh0 = right_products_after_the_loop(dH, X, h0, H, params)
    return {k: g / X.shape[1] for k, g in grads.items()}, dX, dh0


@wrong("changes-its-input")
def adds_into_dH(dH, X, h0, H, params):
    D = dH
    for t in reversed(range(H.shape[1])):
        D[:, t] *= 1 - H[:, t] ** 2
        d = D[:, t] @ params["Wh"].T
        if t:
            D[:, t - 1] += d
    return *with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"]), d


@wrong("direct-gradient-missing")
def last_state_only(dH, X, h0, H, params):
    D, d = np.zeros_like(H), dH[:, -1]
    for t in reversed(range(H.shape[1])):
        D[:, t] = d * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *with_all(D, X, np.concatenate([h0[:, None], H[:, :-1]], axis=1), params["Wx"]), d


@wrong("wrong-type")
def flat_tuple(dH, X, h0, H, params):
    grads, dX, dh0 = right_products_after_the_loop(dH, X, h0, H, params)
    return grads["Wx"], grads["Wh"], grads["b"], dX, dh0


@wrong("gradient-through-time-cut + initial-state-ignored")
def both_ends(dH, X, h0, H, params):
    D = dH * (1 - H**2)
    before = np.concatenate([np.zeros_like(h0)[:, None], H[:, :-1]], axis=1)
    return *with_all(D, X, before, params["Wx"]), D[:, 0] @ params["Wh"].T


def before_each(H, h0):
    return np.concatenate([h0[:, None], H[:, :-1]], axis=1)


@wrong("slope-applied-twice")
def slope_squared(dH, X, h0, H, params):
    D, d = np.zeros_like(H), 0
    for t in reversed(range(H.shape[1])):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2) ** 2
        d = D[:, t] @ params["Wh"].T
    return *with_all(D, X, before_each(H, h0), params["Wx"]), d


@wrong("state-gradient-summed-over-steps")
def adds_what_is_carried(dH, X, h0, H, params):
    D, _ = back(dH, H, params["Wh"], H.shape[1])
    return *with_all(D, X, before_each(H, h0), params["Wx"]), (D @ params["Wh"].T).sum(axis=1)


@wrong("input-gradient-missing")
def no_layer_below(dH, X, h0, H, params):
    D, d = back(dH, H, params["Wh"], H.shape[1])
    grads, dX = with_all(D, X, before_each(H, h0), params["Wx"])
    return grads, 0 * dX, d


@wrong("time-reversed + state-after-the-step")
def forward_with_the_state_after(dH, X, h0, H, params):
    D, d = np.zeros_like(H), 0
    for t in range(H.shape[1]):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *with_all(D, X, H, params["Wx"]), d
