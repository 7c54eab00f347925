"""Answers to notebook 08's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import schedules
from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# momentum_step


@right("momentum_step")
def by_torch_sgd(value, grad, velocity, lr, momentum=0.9):
    parameter = torch.nn.Parameter(torch.tensor(value))
    parameter.grad = torch.tensor(grad)
    sgd = torch.optim.SGD([parameter], lr=lr, momentum=momentum)
    sgd.state[parameter]["momentum_buffer"] = buffer = torch.tensor(velocity)
    sgd.step()
    value[...] = parameter.detach().numpy()
    velocity[...] = buffer.numpy() if momentum else grad


@right("momentum_step")
def flat_and_returned(value, grad, velocity, lr, momentum=0.9):
    velocity.flat = [momentum * v + g for v, g in zip(velocity.flat, grad.flat, strict=True)]
    value.flat = value.ravel() - lr * velocity.ravel()
    return value


@right("momentum_step")
def with_temporary_names(value, grad, velocity, lr, momentum=0.9):
    new_velocity = momentum * velocity + grad
    new_value = value - lr * new_velocity
    velocity[:], value[:] = new_velocity, new_value


@wrong("momentum_step", "gradient-dampened")
def dampened(value, grad, velocity, lr, momentum=0.9):
    velocity += (1 - momentum) * (grad - velocity)
    value -= lr * velocity


@wrong("momentum_step", "nesterov-instead")
def torch_nesterov(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    value -= lr * (grad + momentum * velocity)


@wrong("momentum_step", "velocity-not-kept")
def step_only(value, grad, velocity, lr, momentum=0.9):
    value -= lr * (momentum * velocity + grad)


@wrong("momentum_step", "update-not-in-place")
def velocity_only(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + grad
    return value - lr * velocity


@wrong("momentum_step", "learning-rate-ignored", "velocity-not-kept")
def rebound_without_rate(value, grad, velocity, lr, momentum=0.9):
    velocity = momentum * velocity + grad
    value -= velocity


@wrong("momentum_step", "velocity-includes-lr", "ascent-instead-of-descent")
def step_added(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + lr * grad
    value += velocity


# warmup_cosine


@right("warmup_cosine")
def by_the_course(step, warmup, total, peak):
    curve = schedules.cosine(peak, total - warmup)
    return schedules.warmup(curve, warmup)(step) if warmup else curve(step)


@right("warmup_cosine")
def by_complex_numbers(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * abs((1 + np.exp(1j * np.pi * (step - warmup) / (total - warmup))) / 2) ** 2


@right("warmup_cosine")
def guarded_where(step, warmup, total, peak):
    line = peak * (step + 1) / np.maximum(warmup, 1)
    return np.where(step < warmup, line, peak / 2 * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))))


@wrong("warmup_cosine", "warmup-starts-at-zero")
def as_in_many_libraries(step, warmup, total, peak):
    if step < warmup:
        return peak * step / max(1, warmup)
    progress = (step - warmup) / max(1, total - warmup)
    return peak * max(0.0, 0.5 * (1.0 + math.cos(math.pi * progress)))


@wrong("warmup_cosine", "half-missing", "angle-in-degrees")
def two_slips(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(180 * (step - warmup) / (total - warmup)))


@wrong("warmup_cosine", "cosine-not-reaching-zero", "warmup-one-step-too-long")
def too_long_at_both_ends(step, warmup, total, peak):
    if step > warmup:
        return peak * (1 + math.cos(math.pi * (step - warmup) / total)) / 2
    return peak * (step + 1) / warmup


@wrong("warmup_cosine", "whole-numbers-only")
def truncated(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * int((step - warmup) / (total - warmup)))) / 2


# clip_by_norm


@right("clip_by_norm")
def by_torch(grads, max_norm):
    parameters = [torch.nn.Parameter(torch.tensor(g)) for g in grads]
    for p, g in zip(parameters, grads, strict=True):
        p.grad = torch.tensor(g)
    norm = torch.nn.utils.clip_grad_norm_(parameters, max_norm)
    grads[:] = [p.grad for p in parameters]
    return norm


@right("clip_by_norm")
def by_hypot(grads, max_norm):
    norm = math.hypot(*(x for g in grads for x in g.flat))
    for i, g in enumerate(grads):
        grads[i] = g * (1.0 if norm <= max_norm else max_norm / norm)
    return norm


@wrong("clip_by_norm", "clipped-per-array")
def one_after_the_other(grads, max_norm):
    norm = math.sqrt(sum(np.vdot(g, g) for g in grads))
    for i, g in enumerate(grads):
        grads[i] = g * min(1, max_norm / (np.linalg.norm(g) + 1e-6))
    return norm


@wrong("clip_by_norm", "always-rescaled", "norm-after-clipping", "not-a-number")
def always_and_afterwards(grads, max_norm):
    norm = by_hypot(list(grads), np.inf)
    for g in grads:
        g *= max_norm / norm
    return by_hypot(grads, np.inf)


@wrong("clip_by_norm", "loop-left-early")
def returned_in_the_loop(grads, max_norm):
    norm = by_hypot(list(grads), np.inf)
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
            return norm
    return norm


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


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_twenty_steps_agree_with_torch(momentum):
    rng = np.random.default_rng(0)
    ours, velocity = rng.normal(size=(3, 4)), np.zeros((3, 4))
    theirs = torch.nn.Parameter(torch.tensor(ours))
    sgd = torch.optim.SGD([theirs], lr=0.1, momentum=momentum)
    for t in range(20):
        grad = rng.normal(size=ours.shape)
        sgd.param_groups[0]["lr"] = lr = 0.1 / (1 + t)
        references.momentum_step(ours, grad, velocity, lr, momentum)
        theirs.grad = torch.tensor(grad)
        sgd.step()
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-12)


def test_a_rate_inside_the_velocity_shows_only_when_the_rate_changes():
    """What the page says of velocity-includes-lr."""

    def inside(value, grad, velocity, lr, momentum=0.9):
        velocity *= momentum
        velocity += lr * grad
        value -= velocity

    def descended(step, rates):
        value, velocity = np.array([1.0]), np.zeros(1)
        for lr in rates:
            step(value, value.copy(), velocity, lr)
        return value[0]

    constant, falling = [0.1] * 8, [0.1] * 4 + [0.01] * 4
    assert descended(inside, constant) == pytest.approx(descended(references.momentum_step, constant))
    assert abs(descended(inside, falling) - descended(references.momentum_step, falling)) > 0.1


@given(st.integers(0, 8), st.integers(1, 30), st.floats(1e-4, 10))
def test_the_curve_is_that_of_the_schedules(warmup, rest, peak):
    total = warmup + rest
    ours = [references.warmup_cosine(t, warmup, total, peak) for t in range(total + 1)]
    np.testing.assert_allclose(ours, [by_the_course(t, warmup, total, peak) for t in range(total + 1)])
    assert max(ours) == pytest.approx(ours[warmup]) == pytest.approx(peak)
    assert ours[total] == pytest.approx(0, abs=1e-12)
    assert min(ours[:total]) > 0


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_clipping_agrees_with_torch(seed, max_norm):
    rng = np.random.default_rng(seed)
    ours = [rng.normal(size=shape) for shape in ((3, 4), (4,), (2, 1, 3))]
    theirs = [g.copy() for g in ours]
    norm = references.clip_by_norm(ours, max_norm)
    assert norm == pytest.approx(by_torch(theirs, max_norm).item())
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_the_input_without_a_finite_result_is_the_one_that_is_named():
    assert "for this input: all gradients 0." in check("clip_by_norm", always_and_afterwards).message
