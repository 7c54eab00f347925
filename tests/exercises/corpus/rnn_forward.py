from itertools import accumulate

import numpy as np
import torch
from attempts import wrong

import nnlab


def right_loops(X, h0, params):
    m, T, n_x = X.shape
    n_h = h0.shape[1]
    H = np.empty((m, T, n_h))
    for i in range(m):
        h = list(h0[i])
        for t in range(T):
            new = []
            for j in range(n_h):
                a = params["b"][j]
                for k in range(n_x):
                    a += X[i, t, k] * params["Wx"][k, j]
                for k in range(n_h):
                    a += h[k] * params["Wh"][k, j]
                new.append(np.tanh(a))
            h = new
            H[i, t] = h
    return H


def right_stacked_list(X, h0, params):
    states = [h0]
    for x in X.transpose(1, 0, 2):
        states.append(np.tanh(x @ params["Wx"] + states[-1] @ params["Wh"] + params["b"]))
    return np.stack(states[1:], axis=1)


def right_inputs_first(X, h0, params):
    A = np.einsum("mti,ij->mtj", X, params["Wx"]) + params["b"]
    for t in range(A.shape[1]):
        A[:, t] += (h0 if t == 0 else A[:, t - 1]) @ params["Wh"]
        np.tanh(A[:, t], out=A[:, t])
    return A


def right_joined(X, h0, params):
    W = np.concatenate([params["Wx"], params["Wh"], params["b"][None]])
    H, h, one = [], h0, np.ones((len(X), 1))
    for t in range(X.shape[1]):
        h = np.tanh(np.hstack([X[:, t], h, one]) @ W)
        H.append(h)
    return np.array(H).swapaxes(0, 1).tolist()


def right_torch_cell(X, h0, params):
    Wx, Wh, b = (torch.tensor(params[k]) for k in ("Wx", "Wh", "b"))
    cell = torch.nn.RNN(*Wx.shape, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for name, value in zip(("weight_ih_l0", "weight_hh_l0", "bias_ih_l0"), (Wx.T, Wh.T, b), strict=True):
            getattr(cell, name).copy_(value)
        cell.bias_hh_l0.zero_()
        return cell(torch.tensor(X), torch.tensor(h0)[None])[0]


def right_single_precision(X, h0, params):
    X, h = X.astype(np.float32), h0.astype(np.float32)
    Wx, Wh, b = (params[k].astype(np.float32) for k in ("Wx", "Wh", "b"))
    H = np.zeros((*X.shape[:2], h.shape[1]), dtype=np.float32)
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ Wx + h @ Wh + b)
        H[:, t] = h
    return H


def right_by_exponentials(X, h0, params):
    def squash(a):
        return 2 / (1 + np.exp(-2 * a)) - 1

    H = accumulate(
        X.swapaxes(0, 1), lambda h, x: squash(x @ params["Wx"] + h @ params["Wh"] + params["b"]), initial=h0
    )
    return np.array(list(H)[1:]).transpose(1, 0, 2)


def right_recursion(X, h0, params):
    h = np.tanh(X[:, 0] @ params["Wx"] + h0 @ params["Wh"] + params["b"])
    if X.shape[1] == 1:
        return h[:, None]
    return np.concatenate([h[:, None], right_recursion(X[:, 1:], h, params)], axis=1)


def right_by_the_layer(X, h0, params):
    layer = nnlab.RNN(*params["Wx"].shape)
    for name, value in params.items():
        getattr(layer, name).value = value
    H = [h0]
    for t in range(X.shape[1]):
        # the layer starts from zeros, so h0 goes in through the bias
        layer.b.value = params["b"]
        rows = []
        for i in range(len(X)):
            layer.b.value = params["b"] + H[-1][i] @ params["Wh"]
            rows.append(layer.forward(X[i : i + 1, t : t + 1])[0, 0])
        H.append(np.array(rows))
    return np.stack(H[1:], axis=1)


@wrong("state-not-carried")
def all_at_once(X, h0, params):
    return np.tanh(X @ params["Wx"] + (h0 @ params["Wh"])[:, None] + params["b"])


@wrong("initial-state-ignored")
def starts_at_zero(X, h0, params):
    h = np.zeros(h0.shape)
    H = []
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("initial-state-ignored")
def reads_from_H(X, h0, params):
    H = np.zeros((X.shape[0], X.shape[1], h0.shape[1]))
    for t in range(X.shape[1]):
        H[:, t] = np.tanh(X[:, t] @ params["Wx"] + H[:, t - 1] @ params["Wh"] + params["b"])
    return H


@wrong("state-before-the-step")
def with_the_start(X, h0, params):
    H = [h0]
    for t in range(X.shape[1]):
        H.append(np.tanh(X[:, t] @ params["Wx"] + H[t] @ params["Wh"] + params["b"]))
    return np.stack(H, axis=1)


@wrong("time-first")
def list_of_states(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.array(H)


@wrong("time-first")
def plain_list(X, h0, params):
    return [*right_stacked_list(X, h0, params).swapaxes(0, 1)]


@wrong("last-state-only")
def final(X, h0, params):
    h = h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
    return h


@wrong("recurrent-weights-transposed")
def torch_manner(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[-1])), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"].T + params["b"])
        H[:, t] = h
    return H


@wrong("activation-omitted")
def linear(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        H.append(h)
    return np.stack(H, 1)


@wrong("sums-returned")
def stored_too_early(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[-1])), h0
    for t in range(X.shape[1]):
        H[:, t] = X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        h = np.tanh(H[:, t])
    return H


@wrong("state-carried-before-activation")
def squashed_at_the_end(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[-1])), h0
    for t in range(X.shape[1]):
        h = X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        H[:, t] = h
    return np.tanh(H)


@wrong("bias-omitted", "bias-omitted + initial-state-ignored")
def bare(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(np.hstack([X[:, t], h]) @ np.vstack([params["Wx"], params["Wh"]]))
        H.append(h)
    return np.stack(H, 1)


@wrong("state-not-reset-between-sequences")
def one_long_sequence(X, h0, params):
    h = h0[0]
    H = np.zeros((*X.shape[:2], h0.shape[-1]))
    for i, sequence in enumerate(X):
        for t, x in enumerate(sequence):
            h = np.tanh(x @ params["Wx"] + h @ params["Wh"] + params["b"])
            H[i, t] = h
    return H


@wrong("last-state-everywhere + changes-its-input", "last-state-everywhere")
def the_same_array(X, h0, params):
    h, H = h0.copy(), []
    for t in range(X.shape[1]):
        h[:] = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("changes-its-input")
def into_the_start(X, h0, params):
    H = []
    for t in range(X.shape[1]):
        h0[...] = np.tanh(X[:, t] @ params["Wx"] + h0 @ params["Wh"] + params["b"])
        H.append(h0.copy())
    return np.stack(H, axis=1)


@wrong("hard-coded-size")
def four_steps(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[-1])), h0
    for t in range(4):
        if t < X.shape[1]:
            h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
            H[:, t] = h
    return H[:, :4]


@wrong("state-not-carried + bias-omitted")
def two_at_once(X, h0, params):
    return np.stack([np.tanh(x @ params["Wx"] + h0 @ params["Wh"]) for x in X.swapaxes(0, 1)], axis=1)


@wrong("time-and-batch-swapped")
def batch_first(X, h0, params):
    H, h = [], h0
    for x in X:
        h = np.tanh(x @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.array(H)


@wrong("hard-coded-size")
def five_units(X, h0, params):
    H, h = np.zeros((*X.shape[:2], 5)), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H[:, t] = h
    return H


@wrong("states-not-stored")
def integers(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[1]), dtype=int), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H[:, t] = h
    return H


@wrong("step-left-out")
def from_the_second(X, h0, params):
    H, h = [], h0
    for t in range(1, X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("states-not-stored")
def never_stored(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[1])), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
    return H
