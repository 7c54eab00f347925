import numpy as np
import torch
from attempts import wrong
from scipy.special import expit


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def right_by_slices(x, h, params):
    n = h.shape[1]
    a, q = x @ params["W"] + params["b"], h @ params["U"] + params["c"]
    r, z = expit(a[:, :n] + q[:, :n]), expit(a[:, n : 2 * n] + q[:, n : 2 * n])
    new = np.tanh(a[:, 2 * n :] + r * q[:, 2 * n :])
    return new + z * (h - new)


def right_both_gates_at_once(x, h, params):
    n = h.shape[-1]
    a, q = np.dot(x, params["W"]) + params["b"], np.dot(h, params["U"]) + params["c"]
    gates = 0.5 + 0.5 * np.tanh(0.5 * (a + q)[:, : 2 * n])
    r, z = np.hsplit(gates, 2)
    return ((1 - z) * np.tanh(a[:, 2 * n :] + r * q[:, 2 * n :]) + z * h).tolist()


def right_loops(x, h, params):
    m, n = h.shape
    out = h.copy()
    for s in range(m):
        for j in range(n):
            a = [x[s] @ params["W"][:, k * n + j] + params["b"][k * n + j] for k in range(3)]
            q = [h[s] @ params["U"][:, k * n + j] + params["c"][k * n + j] for k in range(3)]
            r, z = 1 / (1 + np.exp(-a[0] - q[0])), 1 / (1 + np.exp(-a[1] - q[1]))
            out[s, j] = (1 - z) * np.tanh(a[2] + r * q[2]) + z * h[s, j]
    return out


def right_torch(x, h, params):
    cell = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(params["W"]).T)
        cell.weight_hh.copy_(torch.tensor(params["U"]).T)
        cell.bias_ih.copy_(torch.tensor(params["b"]))
        cell.bias_hh.copy_(torch.tensor(params["c"]))
        return cell(torch.tensor(x), torch.tensor(h))


def right_weights_apart(x, h, params):
    (Wr, Wz, Wn), (Ur, Uz, Un) = (np.split(params[k], 3, axis=1) for k in "WU")
    (br, bz, bn), (cr, cz, cn) = (np.split(params[k], 3) for k in "bc")
    r = sigmoid(x @ Wr + h @ Ur + br + cr)
    z = sigmoid(x @ Wz + h @ Uz + bz + cz)
    n = np.tanh(x @ Wn + bn + r * (h @ Un) + r * cn)
    return (1 - z) * n + z * h


def right_single_precision(x, h, params):
    return right_by_slices(np.float32(x), np.float32(h), {k: np.float32(v) for k, v in params.items()})


def apart(x, h, params):
    """Return the three blocks of both products."""
    a, q = x @ params["W"] + params["b"], h @ params["U"] + params["c"]
    return *np.split(a, 3, axis=1), *np.split(q, 3, axis=1)


@wrong("update-gate-swapped")
def as_in_the_paper(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * h + z * np.tanh(xn + r * hn)


@wrong("reset-before-product")
def reset_the_state(x, h, params):
    n = h.shape[1]
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    new = np.tanh(xn + (r * h) @ params["U"][:, 2 * n :] + params["c"][2 * n :])
    return (1 - z) * new + z * h


@wrong("reset-misses-bias")
def bias_outside(x, h, params):
    n = h.shape[1]
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    new = np.tanh(xn + r * (h @ params["U"][:, -n:]) + params["c"][-n:])
    return (1 - z) * new + z * h


@wrong("reset-misses-bias")
def one_bias(x, h, params):
    a = x @ params["W"] + params["b"] + params["c"]
    (xr, xz, xn), (hr, hz, hn) = np.split(a, 3, 1), np.split(h @ params["U"], 3, 1)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * hn) + z * h


@wrong("reset-gate-missing")
def one_sum(x, h, params):
    _, z, n = np.split(x @ params["W"] + params["b"] + h @ params["U"] + params["c"], 3, axis=1)
    z = sigmoid(z)
    return (1 - z) * np.tanh(n) + z * h


@wrong("gates-in-wrong-order")
def keras_order(x, h, params):
    xz, xr, xn, hz, hr, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * hn) + z * h


@wrong("state-not-carried")
def only_new(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    return (1 - sigmoid(xz + hz)) * np.tanh(xn + sigmoid(xr + hr) * hn)


@wrong("update-gate-missing")
def n_itself(x, h, params):
    xr, _, xn, hr, _, hn = apart(x, h, params)
    return np.tanh(xn + sigmoid(xr + hr) * hn)


@wrong("bias-omitted")
def no_c(x, h, params):
    (xr, xz, xn), (hr, hz, hn) = (
        np.split(a, 3, axis=1) for a in (x @ params["W"] + params["b"], h @ params["U"])
    )
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * hn) + z * h


@wrong("wrong-activation")
def sigmoid_for_all(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * sigmoid(xn + r * hn) + z * h


@wrong("reset-on-input")
def reset_everything(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(r * (xn + hn)) + z * h


@wrong("activation-omitted")
def raw_gates(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = xr + hr, xz + hz
    return (1 - z) * np.tanh(xn + r * hn) + z * h


@wrong("changes-its-input")
def state_in_place(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = np.tanh(xn + r * hn)
    h -= n
    h *= z
    h += n
    return h


@wrong("update-gate-swapped + reset-before-product")
def paper_throughout(x, h, params):
    n = h.shape[1]
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    new = np.tanh(xn + (r * h) @ params["U"][:, 2 * n :] + params["c"][2 * n :])
    return z * new + (1 - z) * h


@wrong("candidate-returned-too", "wrong-type")
def a_pair(x, h, params):
    h = right_by_slices(x, h, params)
    return h, h


@wrong("update-gate-missing")
def adds_the_old(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return z * np.tanh(xn + r * hn) + h


@wrong("reset-before-product + bias-omitted")
def paper_without_c(x, h, params):
    n = h.shape[1]
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + (r * h) @ params["U"][:, 2 * n :]) + z * h


@wrong("recurrent-term-missing")
def gates_look_at_x(x, h, params):
    xr, xz, xn, _, _, hn = apart(x, h, params)
    r, z = sigmoid(xr), sigmoid(xz)
    return (1 - z) * np.tanh(xn + r * hn) + z * h
