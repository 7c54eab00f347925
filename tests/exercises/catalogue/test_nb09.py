"""Answers to notebook 09's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st

import nnlab
from nnlab.exercises import check, references
from nnlab.training.callbacks import EarlyStopping

RIGHT, WRONG, right, wrong = collect()


# l1_penalty


@right("l1_penalty")
def by_autograd(params, strength):
    W = {k: torch.tensor(v, requires_grad=True) for k, v in params.items() if k.startswith("W")}
    value = strength * sum(w.abs().sum() for w in W.values())
    value.backward()
    return value.item(), {k: w.grad for k, w in W.items()}


@right("l1_penalty")
def by_the_positive_and_negative_parts(params, strength):
    names = [k for k in params if k.startswith("W")]
    value = sum(np.maximum(params[k], 0).sum() + np.maximum(-params[k], 0).sum() for k in names)
    return np.array(value * strength), {k: ((params[k] > 0) * 2 - 1) * strength for k in names}


@wrong("l1_penalty", "weights-instead-of-signs")
def gradient_of_the_square(params, strength):
    value, grads = by_autograd(params, strength)
    return value, {k: strength * params[k] for k in grads}


@wrong("l1_penalty", "penalty-on-biases", "strength-missing")
def on_all_without_strength(params, strength):
    value = sum(np.abs(p).sum() for p in params.values())
    return value, {k: np.sign(p) for k, p in params.items()}


@wrong("l1_penalty", "everything-but-biases")
def not_b(params, strength):
    W = {k: v for k, v in params.items() if not k.startswith("b")}
    return strength * sum(np.abs(w).sum() for w in W.values()), {
        k: strength * np.sign(w) for k, w in W.items()
    }


@wrong("l1_penalty", "division-by-zero")
def quotient(params, strength):
    value, grads = by_autograd(params, strength)
    return value, {k: strength * params[k] / np.abs(params[k]) for k in grads}


@wrong("l1_penalty", "changes-its-input")
def shrunk_on_the_way(params, strength):
    result = by_autograd(params, strength)
    for k in result[1]:
        params[k] -= strength * np.sign(params[k])
    return result


# dropout


@right("dropout")
def by_torch_bernoulli(X, p, rng):
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    kept = torch.bernoulli(torch.full(X.shape, 1 - p), generator=generator).numpy()
    mask = kept / (1 - p)
    return X * mask, mask


@right("dropout")
def by_the_layer(X, p, rng):
    layer = nnlab.Dropout(p, rng=rng)
    mask = layer.forward(np.ones_like(X))
    return X * mask, mask


@right("dropout")
def by_masked_assignment(X, p, rng):
    Y, mask = X / (1 - p), np.full(X.shape, 1 / (1 - p))
    dropped = rng.uniform(size=X.size).reshape(X.shape) < p
    Y[dropped] = mask[dropped] = 0
    return Y, mask


@wrong("dropout", "keep-and-drop-swapped")
def p_of_keeping(X, p, rng):
    mask = rng.binomial(1, p, X.shape) / p if p else np.zeros(X.shape)
    return X * mask, mask


@wrong("dropout", "same-mask-per-row", "mask-without-scale")
def one_row_of_draws(X, p, rng):
    kept = np.tile(rng.random(X.shape[1]) >= p, (len(X), 1))
    return X * kept / (1 - p), kept


@wrong("dropout", "number-dropped-fixed")
def the_smallest_of_each_row(X, p, rng):
    order = rng.random(X.shape).argsort(axis=1)
    mask = (order >= round(p * X.shape[1])) / (1 - p)
    return X * mask, mask


@wrong("dropout", "wrong-type")
def only_the_mask(X, p, rng):
    return (rng.random(X.shape) >= p) / (1 - p)


@wrong("dropout", "global-rng-instead-of-rng")
def always_the_same(X, p, rng):
    mask = (np.random.default_rng(7).random(X.shape) >= p) / (1 - p)
    return X * mask, mask


# stop_early


@right("stop_early")
def by_slices(val_losses, patience):
    for last in range(1, len(val_losses) + 1):
        best = val_losses.index(min(val_losses[:last])) + 1
        if last - best == patience:
            return best, last
    return best, last


@right("stop_early")
def with_a_countdown(val_losses, patience):
    left, best, last = patience, 0, 0
    while left and last < len(val_losses):
        last += 1
        if not best or val_losses[last - 1] < val_losses[best - 1]:
            best, left = last, patience
        else:
            left -= 1
    return np.int64(best), np.int64(last)


@wrong("stop_early", "patience-off-by-one")
def one_more(val_losses, patience):
    return by_slices(val_losses, patience + 1)


@wrong("stop_early", "equal-counts-as-better")
def last_of_the_best(val_losses, patience):
    for last in range(1, len(val_losses) + 1):
        best = max(i for i in range(1, last + 1) if val_losses[i - 1] == min(val_losses[:last]))
        if last - best == patience:
            break
    return best, last


@wrong("stop_early", "loss-instead-of-epoch")
def both_losses(val_losses, patience):
    best, last = by_slices(val_losses, patience)
    return val_losses[best - 1], val_losses[last - 1]


@wrong("stop_early", "outputs-swapped", "counted-from-zero")
def swapped_and_from_zero(val_losses, patience):
    best, last = by_slices(val_losses, patience)
    return last - 1, best - 1


@wrong("stop_early", "raises")
def as_an_array(val_losses, patience):
    return val_losses.argmin() + 1, len(val_losses)


# batch_norm


@right("batch_norm")
def by_the_layer_in_torch(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    layer = torch.nn.BatchNorm1d(X.shape[1], eps=eps, momentum=momentum, dtype=torch.float64).train(training)
    state = {"weight": gamma, "bias": beta, "running_mean": running["mean"], "running_var": running["var"]}
    layer.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    Y = layer(torch.tensor(X))
    running.update(mean=layer.running_mean.numpy(), var=layer.running_var.numpy())
    return Y


@right("batch_norm")
def by_our_layer(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    layer = nnlab.BatchNorm(X.shape[1], eps=eps, momentum=momentum)
    layer.gamma.value, layer.beta.value = gamma, beta
    layer.running_mean, layer.running_var = running["mean"], running["var"]  # changed in place
    return (layer.train() if training else layer.eval()).forward(X)


@right("batch_norm")
def with_a_function_inside(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    def normalized(mean, var):
        return np.einsum("ij,j->ij", X - mean, gamma / np.sqrt(var + eps)) + beta[None]

    if not training:
        return normalized(**running)
    mean = np.average(X, axis=0)
    var = np.average((X - mean) ** 2, axis=0)
    running["mean"][:] = running["mean"] - momentum * (running["mean"] - mean)
    running["var"][:] = running["var"] - momentum * (running["var"] - var * len(X) / (len(X) - 1))
    return normalized(mean, var)


@right("batch_norm")
def in_single_precision(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    X = X.astype(np.float32)
    mean, var = X.mean(0), X.var(0)
    if training:
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(0, ddof=1)
    else:
        mean, var = running["mean"], running["var"]
    return (gamma * (X - mean) / np.sqrt(var + eps) + beta).astype(np.float32)


@wrong("batch_norm", "running-not-updated")
def a_new_dict(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = (X.mean(0), X.var(0)) if training else (running["mean"], running["var"])
    running = {
        "mean": (1 - momentum) * running["mean"] + momentum * X.mean(0),
        "var": (1 - momentum) * running["var"] + momentum * X.var(0, ddof=1),
    }
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("batch_norm", "batch-statistics-in-evaluation", "running-not-updated")
def without_running(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return gamma * (X - X.mean(0)) / np.sqrt(X.var(0) + eps) + beta


@wrong("batch_norm", "momentum-reversed", "biased-variance-in-running")
def decayed_by_momentum(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = running["mean"].copy(), running["var"].copy()
    if training:
        mean, var = X.mean(0), X.var(0)
        for key, new in (("mean", mean), ("var", var)):
            running[key] *= momentum
            running[key] += (1 - momentum) * new
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("batch_norm", "scaled-in-one-mode-only")
def two_returns(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = X.mean(0), X.var(0)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(0, ddof=1)
        return (X - mean) / np.sqrt(var + eps)
    return gamma * (X - running["mean"]) / np.sqrt(running["var"] + eps) + beta


@wrong("batch_norm", "wrong-shape")
def running_with_two_axes(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = running["mean"], running["var"]
    if training:
        mean, var = X.mean(0, keepdims=True), X.var(0, keepdims=True)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(0, keepdims=True, ddof=1)
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("batch_norm", "statistics-per-sample")
def over_the_features(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = running["mean"], running["var"]
    if training:
        mean, var = X.mean(1), X.var(1)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(1, ddof=1)
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


# batch_norm_backward


@right("batch_norm_backward")
def by_matrices(dY, X, gamma, eps=1e-5):
    m = len(X)
    center = np.eye(m) - 1 / m
    std = np.sqrt(np.diag(X.T @ center @ X) / m + eps)
    X_hat = center @ X / std
    G = gamma * dY
    return center @ G / std - X_hat * np.mean(G * X_hat, 0) / std, np.diag(X_hat.T @ dY), np.ones(m) @ dY


@right("batch_norm_backward")
def by_torch(dY, X, gamma, eps=1e-5):
    x, g, b = (torch.tensor(a, requires_grad=True) for a in (X, gamma, np.zeros_like(gamma)))
    Y = torch.nn.functional.batch_norm(x, None, None, g, b, training=True, eps=eps)
    return torch.autograd.grad(Y, (x, g, b), torch.tensor(dY))


@right("batch_norm_backward")
def with_float32(dY, X, gamma, eps=1e-5):
    return tuple(a.astype(np.float32) for a in by_matrices(dY, X, gamma, eps))


def backward_with(dX=None, dgamma=None, dbeta=None):
    def answer(dY, X, gamma, eps=1e-5):
        std = np.sqrt(X.var(0) + eps)
        known = {"dY": dY, "X": X, "gamma": gamma, "m": len(X), "n": X.shape[1], "std": std}
        known["Z"] = (X - X.mean(0)) / std
        right = by_matrices(dY, X, gamma, eps)
        texts = (dX, dgamma, dbeta)
        return tuple(eval(text, known) if text else value for text, value in zip(texts, right, strict=True))

    return answer


for slugs, edits in {
    ("mean-path-omitted", "variance-path-omitted"): {"dX": "gamma * dY / std"},
    ("normalization-ignored",): {"dX": "gamma * dY"},
    ("double-batch-average",): {"dgamma": "(dY * Z).mean(0)", "dbeta": "dY.mean(0)"},
    ("averaged-over-something-else",): {"dX": "gamma / std * (dY - (dY.sum(0) + Z * (dY * Z).sum(0)) / n)"},
    ("variance-path-not-normalized",): {"dX": "gamma / std * (dY - dY.mean(0) - (dY * Z).mean(0))"},
    ("variance-used-as-std",): {"dX": "gamma / std**2 * (dY - dY.mean(0) - Z * (dY * Z).mean(0))"},
    ("gamma-in-its-own-gradient",): {"dgamma": "(gamma * dY * Z).sum(0)"},
    ("path-sign-flipped",): {"dX": "gamma / std * (dY - dY.mean(0) + Z * (dY * Z).mean(0))"},
    ("gamma-omitted", "mean-path-omitted"): {"dX": "(dY - Z * (dY * Z).mean(0)) / std"},
    ("gradient-not-summed",): {"dgamma": "dY * Z"},
    ("gradient-keeps-dims",): {"dgamma": "(dY * Z).sum(0)[None]", "dbeta": "dY.sum(0)[None]"},
}.items():
    answer = backward_with(**edits)
    WRONG.append(pytest.param("batch_norm_backward", slugs, answer, id=f"batch_norm_backward-{slugs[0]}"))


@wrong("batch_norm_backward", "wrong-type")
def two_of_three(dY, X, gamma, eps=1e-5):
    return by_matrices(dY, X, gamma, eps)[:2]


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


# The references against others' code


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 10))
def test_the_penalty_agrees_with_autograd(seed, strength):
    rng = np.random.default_rng(seed)
    params = {"W1": rng.normal(size=(3, 2)), "b1": rng.normal(size=2), "W2": rng.normal(size=(2, 1))}
    value, grads = references.l1_penalty(params, strength)
    expected, gradients = by_autograd(params, strength)
    assert value == pytest.approx(expected)
    assert list(grads) == ["W1", "W2"]
    for key, gradient in gradients.items():
        np.testing.assert_allclose(grads[key], gradient)


@pytest.mark.parametrize("p", [0.0, 0.25, 0.9])
def test_dropout_keeps_the_mean(p):
    """What is dropped is made up for: the mean over many draws is X, to a few standard errors."""
    X, rng, draws = np.array([[1.0, -2.0, 0.5]]), np.random.default_rng(0), 4000
    mean = np.mean([references.dropout(X, p, rng)[0] for _ in range(draws)], axis=0)
    np.testing.assert_allclose(mean, X, atol=5 * 2 * (p / (1 - p) / draws) ** 0.5)


def test_dropout_is_that_of_the_layer():
    X = np.random.default_rng(0).normal(size=(50, 20))
    (Y, mask), (_, other) = (
        references.dropout(X, 0.3, np.random.default_rng(1)),
        by_the_layer(X, 0.3, np.random.default_rng(1)),
    )
    np.testing.assert_allclose(Y, X * mask)
    np.testing.assert_allclose(np.unique(mask), np.unique(other))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(1, 5))
def test_training_ends_as_in_fit(losses, patience):
    """The epochs are those at which `fit` ends with the callback EarlyStopping."""
    planned = iter([1e9, *losses])  # `fit` also measures the state before training

    def measure(scores, y):
        return float(next(planned)) if len(y) == 3 else 0.0  # of the validation set, which has three samples

    measure.more_is_better = False
    network = nnlab.Sequential(nnlab.Linear(1, 2, rng=np.random.default_rng(0)))
    run = nnlab.fit(
        network,
        np.ones((2, 1)),
        np.array([0, 1]),
        loss=nnlab.softmax_cross_entropy,
        optimizer=nnlab.SGD(network.parameters(), lr=0.1),
        epochs=len(losses),
        validation=(np.ones((3, 1)), np.array([0, 1, 1])),
        metrics={"planned": measure},
        callbacks=[EarlyStopping("val_planned", patience=patience)],
    )
    expected = references.stop_early([float(x) for x in losses], patience)
    assert (run.best_epoch, len(run["loss"])) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(1, 5), st.floats(0.05, 0.95), st.integers(0, 10_000))
def test_batch_norm_agrees_with_torch_over_several_calls(m, n, momentum, seed):
    rng = np.random.default_rng(seed)
    gamma, beta = rng.normal(size=n), rng.normal(size=n)
    ours, theirs = ({"mean": np.full(n, 2.0), "var": np.full(n, 3.0)} for _ in range(2))
    for training in (True, True, False, True):
        X = 3 * rng.normal(size=(m, n)) + 1
        Y = references.batch_norm(X, gamma, beta, ours, training, momentum, 1e-3)
        expected = by_the_layer_in_torch(X, gamma, beta, theirs, training, momentum, 1e-3)
        np.testing.assert_allclose(Y, expected.detach().numpy(), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(ours["mean"], theirs["mean"])
        np.testing.assert_allclose(ours["var"], theirs["var"])


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(1, 5), st.integers(0, 10_000))
def test_batch_norm_backward_agrees_with_autograd(m, n, seed):
    rng = np.random.default_rng(seed)
    dY, X, gamma = rng.normal(size=(m, n)), 3 * rng.normal(size=(m, n)), rng.normal(size=n)
    ours = references.batch_norm_backward(dY, X, gamma, 1e-3)
    for gradient, expected in zip(ours, by_torch(dY, X, gamma, 1e-3), strict=True):
        np.testing.assert_allclose(gradient, expected.numpy(), rtol=1e-7, atol=1e-9)


def test_a_missing_path_shows_in_a_gradient_check():
    """What the page says: the entries of a column of dX add up to 0, and without the mean's path do not."""
    rng = np.random.default_rng(0)
    dY, X, gamma = rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), rng.normal(size=3)
    dX, _, _ = references.batch_norm_backward(dY, X, gamma)
    np.testing.assert_allclose(dX.sum(axis=0), 0, atol=1e-12)
    assert np.abs((gamma * dY / X.std(axis=0)).sum(axis=0)).min() > 0.01
