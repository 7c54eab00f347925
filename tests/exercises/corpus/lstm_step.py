import numpy as np
import torch
from attempts import wrong
from scipy.special import expit

import nnlab


def sigmoid(a):
    return 1.0 / (1.0 + np.exp(-a))


def right_by_slices(x, h, c, params):
    n = h.shape[1]
    a = np.dot(x, params["W"]) + np.dot(h, params["U"]) + params["b"]
    i, f, g, o = a[:, :n], a[:, n : 2 * n], a[:, 2 * n : 3 * n], a[:, 3 * n :]
    c = expit(f) * c + expit(i) * np.tanh(g)
    return expit(o) * np.tanh(c), c


def right_four_products(x, h, c, params):
    n = c.shape[-1]

    def gate(k):
        part = slice(k * n, (k + 1) * n)
        return x @ params["W"][:, part] + h @ params["U"][:, part] + params["b"][part]

    keep, write = sigmoid(gate(1)), sigmoid(gate(0))
    new = keep * c + write * np.tanh(gate(2))
    return [sigmoid(gate(3)) * np.tanh(new), new]


def right_loops(x, h, c, params):
    m, n = h.shape
    out, cell = np.zeros((m, n)), np.zeros((m, n))
    for s in range(m):
        for j in range(n):
            a = [
                sum(x[s, k] * params["W"][k, g * n + j] for k in range(x.shape[1]))
                + sum(h[s, k] * params["U"][k, g * n + j] for k in range(n))
                + params["b"][g * n + j]
                for g in range(4)
            ]
            cell[s, j] = sigmoid(a[1]) * c[s, j] + sigmoid(a[0]) * np.tanh(a[2])
            out[s, j] = sigmoid(a[3]) * np.tanh(cell[s, j])
    return out.tolist(), cell.tolist()


def right_torch(x, h, c, params):
    W, U, b = (torch.tensor(params[k]) for k in ("W", "U", "b"))
    cell = torch.nn.LSTMCell(W.shape[0], h.shape[1], dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(W.T)
        cell.weight_hh.copy_(U.T)
        cell.bias_ih.copy_(b)
        cell.bias_hh.zero_()
        return cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))


def right_tanh_as_sigmoid(x, h, c, params):
    a = (np.hstack([x, h]) @ np.vstack([params["W"], params["U"]]) + params["b"]).reshape(len(x), 4, -1)
    i, f, o = ((1 + np.tanh(a[:, k] / 2)) / 2 for k in (0, 1, 3))
    c = c.copy()
    c *= f
    c += i * np.tanh(a[:, 2])
    return np.array([o * np.tanh(c), c])


def right_single_precision(x, h, c, params):
    x, h, c = np.float32(x), np.float32(h), np.float32(c)
    return right_by_slices(x, h, c, {k: np.float32(v) for k, v in params.items()})


def right_by_the_layer(x, h, c, params):
    layer = nnlab.LSTM(x.shape[1], h.shape[1])
    layer.W.value, layer.U.value = params["W"], params["U"]
    i, f, g, o = np.split(x @ params["W"] + h @ params["U"] + params["b"], 4, axis=1)
    new = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    return np.tanh(new) / (1 + np.exp(-o)), new


def gates(x, h, params):
    return np.split(x @ params["W"] + h @ params["U"] + params["b"], 4, axis=1)


@wrong("gates-in-wrong-order")
def order_of_the_formulas(x, h, c, params):
    f, i, g, o = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("gates-in-wrong-order")
def output_third(x, h, c, params):
    i, f, o, g = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("gates-in-wrong-order")
def all_gates_first(x, h, c, params):
    f, i, o, g = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("forget-gate-missing")
def nineteen_ninety_seven(x, h, c, params):
    i, _, g, o = gates(x, h, params)
    c = c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("cell-not-squashed")
def raw_cell(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * c, c


@wrong("old-cell-in-output")
def too_early(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    out = sigmoid(o) * np.tanh(c)
    return out, sigmoid(f) * c + sigmoid(i) * np.tanh(g)


@wrong("outputs-swapped")
def c_first(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return c, h


@wrong("bias-omitted")
def bare(x, h, c, params):
    i, f, g, o = np.split(x @ params["W"] + h @ params["U"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("wrong-activation")
def sigmoid_everywhere(x, h, c, params):
    i, f, g, o = (sigmoid(a) for a in gates(x, h, params))
    c = f * c + i * g
    return o * np.tanh(c), c


@wrong("activation-omitted")
def content_not_squashed(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * g
    return sigmoid(o) * np.tanh(c), c


@wrong("gates-interleaved")
def reshaped(x, h, c, params):
    a = (x @ params["W"] + h @ params["U"] + params["b"]).reshape(len(x), -1, 4)
    i, f, g, o = (a[:, :, k] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("changes-its-input")
def cell_in_place(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    c *= sigmoid(f)
    c += sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("gates-coupled")
def one_gate(x, h, c, params):
    i, _, g, o = gates(x, h, params)
    c = (1 - sigmoid(i)) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("hard-coded-size")
def five_units(x, h, c, params):
    a = x @ params["W"] + h @ params["U"] + params["b"]
    i, f, g, o = a[:, :5], a[:, 5:10], a[:, 10:15], a[:, 15:]
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("forget-gate-missing + cell-not-squashed")
def plain_sum(x, h, c, params):
    i, _, g, o = gates(x, h, params)
    c = c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * c, c


@wrong("content-in-output")
def shows_the_content(x, h, c, params):
    i, f, g, o = gates(x, h, params)
    return sigmoid(o) * np.tanh(g), sigmoid(f) * c + sigmoid(i) * np.tanh(g)


@wrong("gates-in-wrong-order + forget-gate-missing")
def sigmoids_first_and_no_forgetting(x, h, c, params):
    _, i, o, g = gates(x, h, params)
    c = c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("state-and-cell-swapped + outputs-swapped")
def cell_first(x, h, c, params):
    return right_by_slices(x, c, h, params)[::-1]
