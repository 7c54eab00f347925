"""Answers to notebook 14's exercises as learners write them, and the references against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# rnn_forward


@right("rnn_forward")
def a_generator(X, h0, params):
    def states(h):
        for x in np.moveaxis(X, 1, 0):
            h = np.tanh(np.einsum("mi,ij->mj", x, params["Wx"]) + np.matmul(h, params["Wh"]) + params["b"])
            yield h

    return np.stack(list(states(h0)), axis=-2)


@right("rnn_forward")
def writes_into_h_with_start(X, h0, params):
    m, T, _ = X.shape
    H = np.empty((m, T + 1, h0.shape[1]))
    H[:, 0] = h0
    for t in range(1, T + 1):
        H[:, t] = np.tanh(X[:, t - 1] @ params["Wx"] + H[:, t - 1] @ params["Wh"] + params["b"])
    return H[:, 1:]


@right("rnn_forward")
def one_sequence_at_a_time(X, h0, params):
    rows = []
    for x, h in zip(X, h0, strict=True):
        states = []
        for step in x:
            h = np.tanh(params["Wx"].T @ step + params["Wh"].T @ h + params["b"])
            states.append(h)
        rows.append(states)
    return rows


@right("rnn_forward")
def torch_tensors(X, h0, params):
    p = {key: torch.from_numpy(value) for key, value in params.items()}
    H = torch.empty(*X.shape[:2], h0.shape[1], dtype=torch.float64)
    h = torch.from_numpy(h0)
    for t, x in enumerate(torch.from_numpy(X).unbind(1)):
        h = torch.addmm(p["b"] + x @ p["Wx"], h, p["Wh"]).tanh_().clone()
        H[:, t] = h
    return H


@right("rnn_forward")
def reads_the_last_of_a_list(X, h0, params):
    H = []
    for t in range(X.shape[1]):
        before = H[-1] if H else h0
        a = before.dot(params["Wh"]) + X[:, t, :].dot(params["Wx"]) + params["b"].reshape(1, -1)
        H.append((np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a)))
    return np.concatenate([h[:, None, :] for h in H], axis=1)


@wrong("rnn_forward", "input-off-by-one")
def starts_at_one(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[1])), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t - 1] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H[:, t] = h
    return H


@wrong("rnn_forward", "first-state-without-input")
def h0_is_the_first(X, h0, params):
    H = np.zeros((*X.shape[:2], h0.shape[1]))
    H[:, 0] = h0
    for t in range(1, X.shape[1]):
        H[:, t] = np.tanh(X[:, t] @ params["Wx"] + H[:, t - 1] @ params["Wh"] + params["b"])
    return H


@wrong("rnn_forward", "state-before-the-step")
def stored_before(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        H.append(h)
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
    return np.stack(H, axis=1)


@wrong("rnn_forward", "wrong-activation")
def relu(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.clip(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"], 0, None)
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "state-added-up")
def residual(X, h0, params):
    H, h = [], h0.copy()
    for t in range(X.shape[1]):
        h = h + np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "time-reversed")
def backward_in_time(X, h0, params):
    return a_generator(X[:, ::-1], h0, params)


@wrong("rnn_forward", "time-reversed")
def inserted_in_front(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.insert(0, h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "concatenated-in-other-order")
def joined(X, h0, params):
    W = np.vstack([params["Wx"], params["Wh"]])
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(np.concatenate([h, X[:, t]], axis=1) @ W + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "bias-outside-activation")
def parenthesis_too_early(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"]) + params["b"]
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "state-not-carried", "bias-omitted")
def new_name_in_the_loop(X, h0, params):
    H = []
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h0 @ params["Wh"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "time-first", "recurrent-weights-transposed")
def transposed_list(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"].T + params["b"])
        H.append(h)
    return H


@wrong("rnn_forward", "initial-state-ignored", "activation-omitted")
def from_zero_and_linear(X, h0, params):
    h, H = 0 * h0, np.zeros((*X.shape[:2], h0.shape[1]))
    for t in range(X.shape[1]):
        h = X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"]
        H[:, t] = h
    return H


@wrong("rnn_forward", "last-state-only", "bias-omitted")
def only_the_last(X, h0, params):
    for t in range(X.shape[1]):
        h0 = np.tanh(X[:, t] @ params["Wx"] + h0 @ params["Wh"])
    return h0


@wrong("rnn_forward", "last-state-only")
def return_in_the_loop(X, h0, params):
    H = []
    h = h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return H[-1]


@wrong("rnn_forward", "first-state-only")
def stops_at_once(X, h0, params):
    H, h = np.zeros((*X.shape[:2], h0.shape[1])), h0
    for t in range(X.shape[1]):
        h = np.tanh(X[:, t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H[:, t] = h
        return H
    return None


@wrong("rnn_forward", "wrong-shape")
def mean_of_states(X, h0, params):
    return a_generator(X, h0, params).mean(axis=1)


@wrong("rnn_forward", "time-and-batch-swapped")
def forgot_the_axis(X, h0, params):
    H, h = [], h0
    for t in range(X.shape[1]):
        h = np.tanh(X[t] @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H, axis=1)


@wrong("rnn_forward", "time-and-batch-swapped")
def loops_over_the_sequences(X, h0, params):
    h, H = h0, []
    for x in X:
        h = np.tanh(x @ params["Wx"] + h @ params["Wh"] + params["b"])
        H.append(h)
    return np.stack(H)


@wrong("rnn_forward", "returned-as-torch-does")
def as_torch(X, h0, params):
    H = a_generator(X, h0, params)
    return H, H[:, -1]


# rnn_backward


def before_each(H, h0):
    return np.concatenate([h0[:, None], H[:, :-1]], axis=1)


def summed(D, X, h0, H, params):
    """Return grads and dX from the gradients inside tanh."""
    before = before_each(H, h0)
    grads = {
        "Wx": np.tensordot(X, D, axes=([0, 1], [0, 1])),
        "Wh": np.tensordot(before, D, axes=([0, 1], [0, 1])),
        "b": D.sum(axis=(0, 1)),
    }
    return grads, D @ params["Wx"].T


def inside(dH, H, params):
    """Return the gradients inside tanh, and that of h0."""
    D, d = np.empty_like(H), np.zeros_like(H[:, 0])
    for t in range(H.shape[1])[::-1]:
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return D, d


@right("rnn_backward")
def recursion(dH, X, h0, H, params):
    def back(t):
        """Return the gradient inside tanh at steps t, t + 1, …"""
        if t == H.shape[1]:
            return [], np.zeros_like(h0)
        later, d = (lambda r: (r[0], r[1]))(back(t + 1))
        da = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        return [da, *later], da @ params["Wh"].T

    D, dh0 = back(0)
    return *summed(np.stack(D, axis=1), X, h0, H, params), dh0


@right("rnn_backward")
def a_list_instead_of_a_tuple(dH, X, h0, H, params):
    D, dh0 = inside(dH, H, params)
    grads, dX = summed(D, X, h0, H, params)
    return [{k: v.tolist() for k, v in grads.items()}, dX.tolist(), dh0.tolist()]


@right("rnn_backward")
def one_big_jacobian(dH, X, h0, H, params):
    """Sum over all pairs of steps, with the product of the Jacobians between them."""
    m, T, n = H.shape
    slopes, D, dh0 = 1 - H**2, np.zeros_like(H), np.zeros_like(h0)
    for i in range(m):
        for s in range(T):
            J = np.eye(n)
            for t in range(s, T):
                D[i, s] += slopes[i, s] * (J @ dH[i, t])
                if t + 1 < T:
                    J = J @ params["Wh"] * slopes[i, t + 1]
        dh0[i] = params["Wh"] @ D[i, 0]
    return *summed(D, X, h0, H, params), dh0


@right("rnn_backward")
def numerically(dH, X, h0, H, params):
    def loss(X, h0, params):
        return (writes_into_h_with_start(X, h0, params) * dH).sum()

    def slope(f, a, eps=1e-3):
        g = np.zeros_like(a)
        for place in np.ndindex(a.shape):
            d = np.zeros_like(a)
            d[place] = eps
            # of the fourth order, and once more improved
            one = (8 * (f(a + d) - f(a - d)) - (f(a + 2 * d) - f(a - 2 * d))) / (12 * eps)
            d /= 2
            two = (8 * (f(a + d) - f(a - d)) - (f(a + 2 * d) - f(a - 2 * d))) / (6 * eps)
            g[place] = (16 * two - one) / 15
        return g

    grads = {k: slope(lambda v, k=k: loss(X, h0, {**params, k: v}), params[k]) for k in params}
    return grads, slope(lambda a: loss(a, h0, params), X), slope(lambda a: loss(X, a, params), h0)


@right("rnn_backward")
def torch_gradients(dH, X, h0, H, params):
    leaves = [torch.tensor(a, requires_grad=True) for a in (*params.values(), X, h0)]
    p = dict(zip(params, leaves, strict=False))
    h, total = leaves[-1], 0
    for t in range(X.shape[1]):
        h = torch.tanh(leaves[-2][:, t] @ p["Wx"] + h @ p["Wh"] + p["b"])
        total = total + (h * torch.tensor(dH[:, t])).sum()
    *g, dX, dh0 = torch.autograd.grad(total, leaves)
    return dict(zip(params, g, strict=True)), dX, dh0


@wrong("rnn_backward", "gradient-overwritten")
def only_for_the_bias(dH, X, h0, H, params):
    D, dh0 = inside(dH, H, params)
    grads, dX = summed(D, X, h0, H, params)
    for t in reversed(range(H.shape[1])):
        grads["b"] = D[:, t].sum(axis=0)
    return grads, dX, dh0


@wrong("rnn_backward", "activation-derivative-omitted")
def slope_only_in_weights(dH, X, h0, H, params):
    grads, dX, d = {k: 0 for k in params}, np.zeros_like(X), np.zeros_like(h0)
    for t in reversed(range(H.shape[1])):
        dh = dH[:, t] + d
        da = dh * (1 - H[:, t] ** 2)
        grads["Wx"] = grads["Wx"] + X[:, t].T @ da
        grads["Wh"] = grads["Wh"] + before_each(H, h0)[:, t].T @ da
        grads["b"] = grads["b"] + da.sum(0)
        dX[:, t] = dh @ params["Wx"].T
        d = dh @ params["Wh"].T
    return grads, dX, d


@wrong("rnn_backward", "state-gradient-not-replaced")
def piles_up(dH, X, h0, H, params):
    D, d = np.zeros_like(H), np.zeros_like(h0)
    for t in reversed(range(H.shape[1])):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d += D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), d


@wrong("rnn_backward", "last-step-counted-twice")
def starts_with_the_last(dH, X, h0, H, params):
    D, d = np.zeros_like(H), dH[:, -1].copy()
    for t in reversed(range(H.shape[1])):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), d


@wrong("rnn_backward", "step-left-out")
def range_stops_before_zero(dH, X, h0, H, params):
    D, d, dX = np.zeros_like(H), np.zeros_like(h0), np.zeros_like(X)
    for t in range(H.shape[1] - 1, 0, -1):
        D[:, t] = (dH[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    grads, dX = summed(D, X, h0, H, params)
    return grads, dX, d


@wrong("rnn_backward", "derivative-of-wrong-variable")
def tanh_once_more(dH, X, h0, H, params):
    D, d = np.zeros_like(H), np.zeros_like(h0)
    for t in reversed(range(H.shape[1])):
        D[:, t] = (dH[:, t] + d) * (1 - np.tanh(H[:, t]) ** 2)
        d = D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), d


@wrong("rnn_backward", "state-gradient-of-first-step")
def stops_at_h1(dH, X, h0, H, params):
    D, d = np.zeros_like(H), np.zeros_like(h0)
    for t in reversed(range(H.shape[1])):
        total = dH[:, t] + d
        D[:, t] = total * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), total


@wrong("rnn_backward", "bias-gradient-not-summed")
def bias_rows(dH, X, h0, H, params):
    D, d = inside(dH, H, params)
    grads, dX = summed(D, X, h0, H, params)
    return {**grads, "b": D.sum(axis=1)}, dX, d


@wrong("rnn_backward", "bias-gradient-averaged")
def bias_mean(dH, X, h0, H, params):
    D, d = inside(dH, H, params)
    grads, dX = summed(D, X, h0, H, params)
    return {**grads, "b": D.mean(axis=(0, 1))}, dX, d


@wrong("rnn_backward", "gradient-through-time-cut", "index-wraps-around")
def two_slips(dH, X, h0, H, params):
    D = dH * (1 - H**2)
    grads, dX = summed(D, X, h0, H, params)
    grads["Wh"] = sum(H[:, t - 1].T @ D[:, t] for t in range(H.shape[1]))
    return grads, dX, D[:, 0] @ params["Wh"].T


@wrong("rnn_backward", "recurrent-weights-transposed", "weight-gradient-transposed")
def consistently_transposed(dH, X, h0, H, params):
    D, d = inside(dH, H, {**params, "Wh": params["Wh"].T})
    grads, dX = summed(D, X, h0, H, params)
    return {**grads, "Wh": grads["Wh"].T}, dX, d


@wrong("rnn_backward", "initial-state-gradient-missing")
def h0_is_given(dH, X, h0, H, params):
    D, _ = inside(dH, H, params)
    return *summed(D, X, h0, H, params), np.zeros_like(h0)


@wrong("rnn_backward", "wrong-type")
def without_h0(dH, X, h0, H, params):
    D, _ = inside(dH, H, params)
    return summed(D, X, h0, H, params)


@wrong("rnn_backward", "wrong-type")
def other_keys(dH, X, h0, H, params):
    D, d = inside(dH, H, params)
    grads, dX = summed(D, X, h0, H, params)
    return {f"d{key}": value for key, value in grads.items()}, dX, d


@wrong("rnn_backward", "sigmoid-derivative-for-tanh")
def logistic(dH, X, h0, H, params):
    D, d = np.zeros_like(H), np.zeros_like(h0)
    for t in reversed(range(H.shape[1])):
        D[:, t] = (dH[:, t] + d) * H[:, t] * (1 - H[:, t])
        d = D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), d


@wrong("rnn_backward", "double-batch-average")
def slope_over_m(dH, X, h0, H, params):
    D, d = inside(dH / len(X), H, params)
    return *summed(D, X, h0, H, params), d


@wrong("rnn_backward", "gradient-through-time-cut")
def two_steps_only(dH, X, h0, H, params):
    """Truncated after one step back."""
    slopes, T = 1 - H**2, H.shape[1]
    D = dH * slopes
    E = D.copy()
    for t in range(T - 1):
        E[:, t] += D[:, t + 1] @ params["Wh"].T * slopes[:, t]
    return *summed(E, X, h0, H, params), D[:, 0] @ params["Wh"].T


@wrong("rnn_backward", "later-steps-counted-twice")
def total_added_to_total(dH, X, h0, H, params):
    D, d, total = np.zeros_like(H), np.zeros_like(h0), dH.copy()
    for t in reversed(range(H.shape[1])):
        total[:, t] += d
        D[:, t] = (total[:, t] + d) * (1 - H[:, t] ** 2)
        d = D[:, t] @ params["Wh"].T
    return *summed(D, X, h0, H, params), d


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


# The references against torch


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(1, 5)] * 4), st.integers(0, 10_000))
def test_states_and_gradients_agree_with_torch(sizes, seed):
    m, T, n_x, n_h = sizes
    rng = np.random.default_rng(seed)
    X, h0, dH = (rng.normal(size=shape) for shape in ((m, T, n_x), (m, n_h), (m, T, n_h)))
    params = {"Wx": rng.normal(size=(n_x, n_h)), "Wh": rng.normal(size=(n_h, n_h)), "b": rng.normal(size=n_h)}
    network = torch.nn.RNN(n_x, n_h, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        network.weight_ih_l0.copy_(torch.tensor(params["Wx"]).T)
        network.weight_hh_l0.copy_(torch.tensor(params["Wh"]).T)
        network.bias_ih_l0.copy_(torch.tensor(params["b"]))
        network.bias_hh_l0.zero_()
    x, h = (torch.tensor(a, requires_grad=True) for a in (X, h0))
    expected, _ = network(x, h[None])
    H = references.rnn_forward(X, h0, params)
    np.testing.assert_allclose(H, expected.detach(), atol=1e-12)
    expected.backward(torch.tensor(dH))
    grads, dX, dh0 = references.rnn_backward(dH, X, h0, H, params)
    for ours, theirs in (
        (grads["Wx"], network.weight_ih_l0.grad.T),
        (grads["Wh"], network.weight_hh_l0.grad.T),
        (grads["b"], network.bias_ih_l0.grad),
        (dX, x.grad),
        (dh0, h.grad),
    ):
        np.testing.assert_allclose(ours, theirs, atol=1e-11)
