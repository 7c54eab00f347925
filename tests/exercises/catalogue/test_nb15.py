"""Answers to notebook 15's exercises as learners write them, and the references against torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


def blocks(x, h, params):
    return np.array_split(x @ params["W"] + h @ params["U"] + params["b"], 4, axis=1)


# lstm_step


@right("lstm_step")
def einsum_by_gate(x, h, c, params):
    n = h.shape[1]
    W, U = (params[k].reshape(-1, 4, n) for k in "WU")
    a = np.einsum("mi,ign->gmn", x, W) + np.einsum("mi,ign->gmn", h, U) + params["b"].reshape(4, 1, n)
    gate = special.expit(a)
    c = gate[1] * c + gate[0] * np.tanh(a[2])
    return gate[3] * np.tanh(c), c


@right("lstm_step")
def one_row_at_a_time(x, h, c, params):
    rows = []
    for a, b, d in zip(x, h, c, strict=True):
        i, f, g, o = (params["W"].T @ a + params["U"].T @ b + params["b"]).reshape(4, -1)
        new = sigmoid(f) * d + sigmoid(i) * np.tanh(g)
        rows.append((sigmoid(o) * np.tanh(new), new))
    return tuple(map(np.array, zip(*rows, strict=True)))


@right("lstm_step")
def works_on_copies(x, h, c, params):
    c, h = c.copy(), h.copy()
    a = x.dot(params["W"])
    a += h.dot(params["U"])
    a += params["b"]
    i, f, g, o = np.hsplit(a, 4)
    c *= special.expit(f)
    c += special.expit(i) * np.tanh(g)
    h[:] = special.expit(o)
    h *= np.tanh(c)
    return h, c


@right("lstm_step")
def torch_functional(x, h, c, params):
    x, h, c = map(torch.tensor, (x, h, c))
    W, U, b = (torch.tensor(params[k]) for k in ("W", "U", "b"))
    i, f, g, o = (x @ W + h @ U + b).chunk(4, dim=1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@right("lstm_step")
def a_dict_of_gates(x, h, c, params):
    n = h.shape[1]
    a = np.column_stack([x, h, np.ones(len(x))]) @ np.vstack([params["W"], params["U"], params["b"]])
    gate = {name: a[:, k * n : (k + 1) * n] for k, name in enumerate("ifgo")}
    squashed = {k: np.tanh(v) if k == "g" else np.exp(-np.logaddexp(0, -v)) for k, v in gate.items()}
    cell = squashed["i"] * squashed["g"] + squashed["f"] * c
    return [np.tanh(cell) * squashed["o"], cell]


@wrong("lstm_step", "gates-in-wrong-order")
def tensorflow_one(x, h, c, params):
    i, g, f, o = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "gates-in-wrong-order")
def output_first(x, h, c, params):
    o, f, i, g = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "state-instead-of-cell")
def forgets_the_state(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f) * h + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "old-cell-returned")
def forgot_to_return_the_new(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    cell = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), c


@wrong("lstm_step", "only-state-returned")
def state_alone(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    return sigmoid(o) * np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))


@wrong("lstm_step", "wrong-activation")
def tanh_gates(x, h, c, params):
    i, f, g, o = np.tanh(blocks(x, h, params))
    c = f * c + i * g
    return o * np.tanh(c), c


@wrong("lstm_step", "sigmoid-sign-flipped")
def exp_of_plus(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    s = lambda a: 1 / (1 + np.exp(a))  # noqa: E731
    c = s(f) * c + s(i) * np.tanh(g)
    return s(o) * np.tanh(c), c


@wrong("lstm_step", "forget-bias-added")
def keras_unit_forget(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f + 1.0) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "recurrent-term-missing")
def input_only(x, h, c, params):
    i, f, g, o = np.split(x @ params["W"] + params["b"], 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "output-gate-missing", "bias-omitted")
def two_forgotten(x, h, c, params):
    i, f, g, _ = np.split(x @ params["W"] + h @ params["U"], 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.tanh(c), c


@wrong("lstm_step", "gates-in-wrong-order", "outputs-swapped")
def two_swapped(x, h, c, params):
    f, i, g, o = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return c, sigmoid(o) * np.tanh(c)


@wrong("lstm_step", "cell-not-squashed", "activation-omitted")
def no_tanh_at_all(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * g
    return sigmoid(o) * c, c


@wrong("lstm_step", "returned-as-torch-does")
def like_nn_lstm(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return h, (h, c)


@wrong("lstm_step", "added-instead-of-multiplied")
def gate_plus_content(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f) * c + (sigmoid(i) + np.tanh(g))
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "raises")
def along_the_samples(x, h, c, params):
    i, f, g, o = np.split(x @ params["W"] + h @ params["U"] + params["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


@wrong("lstm_step", "cell-added-to-gates")
def peephole(x, h, c, params):
    i, f, g, o = blocks(x, h, params)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o + c) * np.tanh(c), c


@wrong("lstm_step", "activation-applied-twice")
def sigmoid_first(x, h, c, params):
    i, f, g, o = special.expit(blocks(x, h, params))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


# gru_step


def apart(x, h, params):
    a, q = x @ params["W"] + params["b"], h @ params["U"] + params["c"]
    return *np.split(a, 3, axis=1), *np.split(q, 3, axis=1)


@right("gru_step")
def einsum_of_all(x, h, params):
    n = h.shape[1]
    a = np.einsum("mi,ign->gmn", x, params["W"].reshape(-1, 3, n)) + params["b"].reshape(3, 1, n)
    q = np.einsum("mi,ign->gmn", h, params["U"].reshape(-1, 3, n)) + params["c"].reshape(3, 1, n)
    r, z = special.expit(a[:2] + q[:2])
    return z * h + (1.0 - z) * np.tanh(a[2] + r * q[2])


@right("gru_step")
def interpolation(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    n = np.tanh(xn + sigmoid(xr + hr) * hn)
    return h + (n - h) * sigmoid(-(xz + hz))


@right("gru_step")
def rows(x, h, params):
    out = []
    for a, b in zip(x, h, strict=True):
        p, q = params["W"].T @ a + params["b"], params["U"].T @ b + params["c"]
        k = len(b)
        r, z = sigmoid(p[:k] + q[:k]), sigmoid(p[k : 2 * k] + q[k : 2 * k])
        out.append((1 - z) * np.tanh(p[2 * k :] + r * q[2 * k :]) + z * b)
    return out


@right("gru_step")
def torch_chunks(x, h, params):
    x, h = torch.tensor(x), torch.tensor(h)
    a = (x @ torch.tensor(params["W"]) + torch.tensor(params["b"])).chunk(3, 1)
    q = (h @ torch.tensor(params["U"]) + torch.tensor(params["c"])).chunk(3, 1)
    r, z = torch.sigmoid(a[0] + q[0]), torch.sigmoid(a[1] + q[1])
    return torch.lerp((a[2] + r * q[2]).tanh(), h, z)


@right("gru_step")
def gates_by_one_product(x, h, params):
    n = h.shape[1]
    both, k = np.hstack([x, h]), 2 * n
    gates = both @ np.vstack([params["W"][:, :k], params["U"][:, :k]]) + params["b"][:k] + params["c"][:k]
    r, z = np.hsplit((1 + np.tanh(gates / 2)) / 2, 2)
    inner = r * (h @ params["U"][:, k:] + params["c"][k:])
    return (1 - z) * np.tanh(x @ params["W"][:, k:] + params["b"][k:] + inner) + z * h


@wrong("gru_step", "gates-confused")
def reset_in_the_mixture(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * hn) + z * (r * h)


@wrong("gru_step", "reset-before-product")
def as_published(x, h, params):
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    hn = np.split((r * h) @ params["U"] + params["c"], 3, axis=1)[2]
    return (1 - z) * np.tanh(xn + hn) + z * h


@wrong("gru_step", "reset-before-product", "bias-omitted")
def published_without_c(x, h, params):
    n = h.shape[1]
    xr, xz, xn, hr, hz, _ = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + (r * h) @ params["U"][:, 2 * n :]) + z * h


@wrong("gru_step", "gates-in-wrong-order", "update-gate-swapped")
def keras_and_paper(x, h, params):
    xz, xr, xn, hz, hr, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return z * np.tanh(xn + r * hn) + (1 - z) * h


@wrong("gru_step", "update-gate-missing")
def adds_the_new(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return np.tanh(xn + r * hn) + z * h


@wrong("gru_step", "reset-gate-inverted")
def one_minus_r(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + (1 - r) * hn) + z * h


@wrong("gru_step", "reset-misses-bias")
def c_after_the_gate(x, h, params):
    p, q, c = x @ params["W"] + params["b"], h @ params["U"], params["c"]
    k = h.shape[1]
    r = sigmoid(p[:, :k] + q[:, :k] + c[:k])
    z = sigmoid(p[:, k : 2 * k] + q[:, k : 2 * k] + c[k : 2 * k])
    return (1 - z) * np.tanh(p[:, 2 * k :] + r * q[:, 2 * k :] + c[2 * k :]) + z * h


@wrong("gru_step", "bias-omitted")
def neither_bias(x, h, params):
    p, q = np.split(x @ params["W"], 3, axis=1), np.split(h @ params["U"], 3, axis=1)
    r, z = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
    return (1 - z) * np.tanh(p[2] + r * q[2]) + z * h


@wrong("gru_step", "biases-swapped")
def c_with_x(x, h, params):
    return einsum_of_all(x, h, {**params, "b": params["c"], "c": params["b"]})


@wrong("gru_step", "wrong-activation")
def relu_for_n(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.maximum(0, xn + r * hn) + z * h


@wrong("gru_step", "reset-gate-missing", "update-gate-swapped", "sigmoid-sign-flipped")  # without r, the same
def minimal_unit(x, h, params):
    _, xz, xn, _, hz, hn = apart(x, h, params)
    z = sigmoid(xz + hz)
    return z * np.tanh(xn + hn) + (1 - z) * h


@wrong("gru_step", "recurrent-term-missing")
def gates_from_x(x, h, params):
    xr, xz, xn, _, _, hn = apart(x, h, params)
    r, z = sigmoid(xr), sigmoid(xz)
    return (1 - z) * np.tanh(xn + r * hn) + z * h


@wrong("gru_step", "activation-omitted")
def n_without_tanh(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * (xn + r * hn) + z * h


@wrong("gru_step", "gates-interleaved")
def every_third(x, h, params):
    p, q = x @ params["W"] + params["b"], h @ params["U"] + params["c"]
    r, z = sigmoid(p[:, ::3] + q[:, ::3]), sigmoid(p[:, 1::3] + q[:, 1::3])
    return (1 - z) * np.tanh(p[:, 2::3] + r * q[:, 2::3]) + z * h


@wrong("gru_step", "block-mixed-instead-of-state")
def h_overwritten(x, h, params):
    xr, xz, xn, hr, hz, h = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + r * h) + z * h


@wrong("gru_step", "reset-on-input")
def tanh_scaled(x, h, params):
    xr, xz, xn, hr, hz, hn = apart(x, h, params)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    return (1 - z) * (r * np.tanh(xn + hn)) + z * h


@wrong("gru_step", "state-not-carried", "bias-omitted")
def nothing_kept(x, h, params):
    p, q = np.split(x @ params["W"], 3, axis=1), np.split(h @ params["U"] + params["c"], 3, axis=1)
    r, z = sigmoid(p[0] + q[0]), sigmoid(p[1] + q[1])
    return (1 - z) * np.tanh(p[2] + r * q[2])


@wrong("gru_step", "changes-its-input")
def parameters_changed(x, h, params):
    params["b"] += 0.0
    params["c"] *= 2
    params["c"] /= 4
    params["c"] *= 2
    h[:] = einsum_of_all(x, h, params)
    return h


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


def arrays(seed, m, n_x, n_h, n_gates):
    rng = np.random.default_rng(seed)
    n = n_gates * n_h
    params = {"W": rng.normal(size=(n_x, n)), "U": rng.normal(size=(n_h, n))}
    params |= {key: rng.normal(size=n) for key in "bc"}
    return rng.normal(size=(m, n_x)), rng.normal(size=(m, n_h)), rng.normal(size=(m, n_h)), params


def cell_of(kind, params):
    cell = kind(len(params["W"]), len(params["U"]), dtype=torch.float64)
    values = params["W"].T, params["U"].T, params["b"], params["c"]
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), values, strict=True):
            parameter.copy_(torch.tensor(value))
    return cell


@settings(max_examples=30, deadline=None)
@given(*[st.integers(1, 5)] * 3, st.integers(0, 10_000))
def test_a_step_of_an_lstm_is_that_of_torch(m, n_x, n_h, seed):
    x, h, c, params = arrays(seed, m, n_x, n_h, 4)
    expected = cell_of(torch.nn.LSTMCell, params)(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    got = references.lstm_step(x, h, c, {**params, "b": params["b"] + params["c"]})
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.detach(), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(*[st.integers(1, 5)] * 3, st.integers(0, 10_000))
def test_a_step_of_a_gru_is_that_of_torch(m, n_x, n_h, seed):
    x, h, _, params = arrays(seed, m, n_x, n_h, 3)
    expected = cell_of(torch.nn.GRUCell, params)(torch.tensor(x), torch.tensor(h))
    np.testing.assert_allclose(references.gru_step(x, h, params), expected.detach(), atol=1e-12)
