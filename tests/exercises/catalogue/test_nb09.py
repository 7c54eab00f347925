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
