"""The optimizers: updates worked by hand, what they remember, what they reach, and what they refuse."""

import math
import re
import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Parameter,
    ReLU,
    RMSprop,
)

OPTIMIZERS = [
    partial(SGD, lr=0.1),
    partial(SGD, lr=0.1, momentum=0.9),
    partial(SGD, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    partial(RMSprop, lr=0.01),
    partial(RMSprop, lr=0.01, momentum=0.5, weight_decay=0.01),
    partial(Adam, lr=0.05),
    partial(Adam, lr=0.05, weight_decay=0.01),
    partial(AdamW, lr=0.05),
]
every_optimizer = pytest.mark.parametrize(
    "make", OPTIMIZERS, ids=lambda make: repr(make([Parameter(np.zeros(1))]))
)


def parameter(value, grad=None):
    p = Parameter(np.array(value, float))
    p.grad = None if grad is None else np.array(grad, float)
    return p


def run(make, grads, start=1.0):
    """Return the values of one scalar parameter after each of the given gradients."""
    p = parameter([start])
    optimizer = make([p])
    values = []
    for g in grads:
        p.grad = np.array([g], float)
        optimizer.step()
        values.append(float(p.value[0]))
    return values


def snapshot(optimizer):
    values = [p.value.copy() for p in optimizer.parameters]
    return values, optimizer.state_dict()


def assert_same(a, b):
    for x, y in zip(a[0], b[0], strict=True):
        np.testing.assert_array_equal(x, y)
    assert a[1].keys() == b[1].keys()
    for name in a[1]:
        np.testing.assert_array_equal(a[1][name], b[1][name])


# ------------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("make", "grads", "values"),
    [
        # θ − lr·g: 1 − 0.1·0.5 = 0.95, then 0.95 + 0.1·2 = 1.15
        (partial(SGD, lr=0.1), [0.5, -2], [0.95, 1.15]),
        # v: 0.5, then 0.9·0.5 + 0.5 = 0.95, then 0.9·0.95 = 0.855
        (partial(SGD, lr=0.1, momentum=0.9), [0.5, 0.5, 0], [0.95, 0.855, 0.7695]),
        # g + 0.9 v: 0.5 + 0.45 = 0.95, then (v = 0.95) 0.5 + 0.855 = 1.355
        (partial(SGD, lr=0.1, momentum=0.9, nesterov=True), [0.5, 0.5], [0.905, 0.7695]),
        # g + λθ = 0.5 + 0.2·1 = 0.7, then 0 + 0.2·0.93 = 0.186
        (partial(SGD, lr=0.1, weight_decay=0.2), [0.5, 0], [0.93, 0.9114]),
        # s = 0.25·16 = 4: step 0.1·4/2; then s = 0.75·4 = 3, g = 0: no step
        (partial(RMSprop, lr=0.1, alpha=0.75, eps=1e-300), [4, 0], [0.8, 0.8]),
        # with momentum: v = 4/2 = 2, then 0.5·2 + 0 = 1
        (partial(RMSprop, lr=0.1, alpha=0.75, eps=1e-300, momentum=0.5), [4, 0], [0.8, 0.7]),
        # eps outside the root: 4 / (2 + 2) = 1
        (partial(RMSprop, lr=0.1, alpha=0.75, eps=2), [4], [0.9]),
        # weight decay: g = 3 + 1·1 = 4
        (partial(RMSprop, lr=0.1, alpha=0.75, eps=1e-300, weight_decay=1), [3], [0.8]),
        # m̂ = g and v̂ = g² at t = 1, so the first step is lr·sign g, whatever g
        (partial(Adam, lr=0.1, eps=1e-300), [123], [0.9]),
        (partial(Adam, lr=0.1, eps=1e-300), [-1e-9], [1.1]),
        # t = 2, β = (0.5, 0.75), g = 4 then 0: m = 2, 1, m̂ = 1/0.75; v = 4, 3, v̂ = 3/0.4375
        (
            partial(Adam, lr=0.1, betas=(0.5, 0.75), eps=1e-300),
            [4, 0],
            [0.9, 0.9 - 0.1 * (1 / 0.75) / math.sqrt(3 / 0.4375)],
        ),
        # eps outside the root, after the correction: 4 / (4 + 4)
        (partial(Adam, lr=0.1, eps=4), [4], [0.95]),
        # decay in the gradient is lost in the normalization (lr·sign); decoupled, it is 1 − 0.1·0.2 first
        (partial(Adam, lr=0.1, eps=1e-300, weight_decay=0.2), [4], [0.9]),
        (partial(AdamW, lr=0.1, eps=1e-300, weight_decay=0.2), [4], [0.98 - 0.1]),
        (partial(AdamW, lr=0.1, weight_decay=0.2), [0], [0.98]),
    ],
)  # fmt: skip
def test_updates_by_hand(make, grads, values):
    np.testing.assert_allclose(run(make, grads), values, rtol=1e-14)


def test_defaults_are_torch_s():
    p = [parameter([1.0])]
    assert repr(SGD(p, 0.1)) == "SGD(lr=0.1, momentum=0.0, nesterov=False, weight_decay=0.0)"
    assert repr(RMSprop(p)) == "RMSprop(lr=0.01, alpha=0.99, eps=1e-08, momentum=0.0, weight_decay=0.0)"
    assert repr(Adam(p)) == "Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0)"
    assert repr(AdamW(p)) == "AdamW(lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"


# ------------------------------------------------------------------------------------------- invariants


@every_optimizer
def test_every_optimizer_finds_the_bottom_of_a_bowl(make):
    # f(θ) = Σ cᵢ (θᵢ − aᵢ)² / 2, gradient c (θ − a); weight decay λ moves the bottom to c a / (c + λ)
    c, a = np.array([1.0, 10.0]), np.array([3.0, -2.0])
    p = parameter([0.0, 0.0])
    optimizer = make([p])
    optimizer.lr = min(optimizer.lr, 0.05)
    for _ in range(2000):
        p.grad = c * (p.value - a)
        optimizer.step()
    np.testing.assert_allclose(p.value, a, atol=0.06)


@every_optimizer
def test_updates_are_in_place_and_leave_the_gradient_alone(make):
    p = parameter([[1.0, -2], [0, 3]], [[0.5, 1], [-1, 0]])
    value, grad = p.value, p.grad
    optimizer = make([p])
    for _ in range(3):
        optimizer.step()
    assert p.value is value
    assert p.grad is grad
    np.testing.assert_array_equal(grad, [[0.5, 1], [-1, 0]])
    assert optimizer.t == 3


@every_optimizer
def test_parameters_do_not_influence_one_another(make):
    rng = np.random.default_rng(0)
    values, grads = rng.standard_normal((3, 2)), rng.standard_normal((4, 3, 2))
    together = [parameter(v) for v in values]
    optimizer = make(together)
    alone = [parameter(v) for v in values]
    optimizers = [make([p]) for p in alone]
    for step in grads:
        for ps in (together, alone):
            for p, g in zip(ps, step, strict=True):
                p.grad = g
        optimizer.step()
        for single in optimizers:
            single.step()
    for p, q in zip(together, alone, strict=True):
        np.testing.assert_array_equal(p.value, q.value)


@every_optimizer
def test_float32_stays_float32(make):
    p = Parameter(np.ones((2, 3), np.float32))
    p.grad = np.full((2, 3), 0.5, np.float32)
    optimizer = make([p])
    optimizer.lr = np.float64(optimizer.lr)  # a NumPy number, as a schedule may give
    double = run(make, [0.5] * 5)
    for _ in range(5):
        optimizer.step()
    assert p.value.dtype == p.grad.dtype == np.float32
    state = {name: a for name, a in optimizer.state_dict().items() if name not in ("t", "lr")}
    assert {a.dtype for a in state.values()} <= {np.dtype(np.float32)}
    np.testing.assert_allclose(p.value, double[-1], rtol=1e-5)


@pytest.mark.parametrize("make", [RMSprop, Adam, partial(AdamW, weight_decay=0)])
def test_adaptive_steps_do_not_depend_on_the_scale_of_the_gradient(make):
    grads = np.random.default_rng(0).standard_normal(10)
    make = partial(make, lr=0.1, eps=1e-300)
    np.testing.assert_allclose(run(make, grads), run(make, 1000 * grads), rtol=1e-12, atol=1e-14)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20))
@settings(deadline=None, max_examples=50)
def test_an_adam_step_is_bounded(grads):
    # |m̂ / √v̂| <= (1 − β₁) / √(1 − β₂) = √10 · 10^½ where 1 − β₁ > √(1 − β₂) (Kingma and Ba, section 2.1)
    steps = np.diff([1.0, *run(partial(Adam, lr=0.01), grads)])
    assert np.abs(steps).max() <= 0.01 * 0.1 / math.sqrt(0.001) * (1 + 1e-9)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=10), st.floats(0.001, 10))
@settings(deadline=None, max_examples=50)
def test_sgd_walks_lr_times_the_sum_of_gradients(grads, lr):
    end = run(partial(SGD, lr=lr), grads, start=0.0)[-1]
    assert end == pytest.approx(-lr * math.fsum(grads), rel=1e-9, abs=1e-9)


def test_momentum_of_zero_is_plain_descent():
    grads = [0.5, -1, 2]
    assert run(partial(SGD, lr=0.1, momentum=0), grads) == run(partial(SGD, lr=0.1), grads)
    assert run(partial(AdamW, weight_decay=0), grads) == run(Adam, grads)


@every_optimizer
def test_the_learning_rate_may_change_between_steps(make):
    p = parameter([1.0], [0.5])
    optimizer = make([p])
    optimizer.lr = 0.0  # a schedule may end there
    before = p.value.copy()
    optimizer.step()
    np.testing.assert_array_equal(p.value, before)


@every_optimizer
def test_steps_take_no_lasting_memory(make):
    p = parameter(np.ones((50, 50)), np.ones((50, 50)))
    optimizer = make([p])
    for _ in range(5):
        optimizer.step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(300):
        optimizer.step()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 5_000  # one array of the parameter's size would be 20,000 bytes


# ------------------------------------------------------------------------------------------- state


@every_optimizer
def test_a_restored_optimizer_goes_on_bit_for_bit(make):
    grads = np.random.default_rng(0).standard_normal((6, 2, 2))

    def steps(p, optimizer, grads):
        for g in grads:
            p.grad = g
            optimizer.step()

    p, q = parameter(np.ones((2, 2))), parameter(np.ones((2, 2)))
    straight = make([p])
    straight.lr = 0.03
    steps(p, straight, grads[:3])
    restored = make([q])
    q.value[...] = p.value
    restored.load_state_dict(straight.state_dict())
    steps(p, straight, grads[3:])
    steps(q, restored, grads[3:])
    assert_same(snapshot(straight), snapshot(restored))
    assert restored.lr == 0.03
    assert restored.t == 6


@every_optimizer
def test_state_dict_copies(make):
    p = parameter([1.0], [0.5])
    optimizer = make([p])
    optimizer.step()
    state = optimizer.state_dict()
    kept = {name: array.copy() for name, array in state.items()}
    optimizer.step()
    for name, array in kept.items():
        np.testing.assert_array_equal(state[name], array)
    for array in state.values():
        array[...] = 77  # changing the copy does not reach the optimizer
    assert optimizer.t == 2
    assert all((array != 77).all() for array in optimizer.state_dict().values())


@pytest.mark.parametrize(
    "other",
    [
        partial(SGD, lr=0.1),
        partial(SGD, lr=0.1, momentum=0.9),
        RMSprop,
        lambda p: Adam([*p, parameter([1.0])]),
        lambda p: Adam([parameter([1.0, 2.0])]),
        partial(RMSprop, momentum=0.5),
    ],
)
def test_the_state_of_another_optimizer_is_refused_and_nothing_changed(other):
    p = parameter([1.0], [0.5])
    optimizer = Adam([p])
    optimizer.step()
    before = snapshot(optimizer)
    with pytest.raises(
        ValueError, match=r"Adam.load_state_dict expected .* got .*; make the optimizer as it was"
    ):
        optimizer.load_state_dict(other([parameter([1.0])]).state_dict())
    assert_same(snapshot(optimizer), before)


# ------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"lr": 0}, ValueError, "expected lr > 0, got 0"),
        ({"lr": -0.1}, ValueError, "expected lr > 0, got -0.1"),
        ({"lr": np.nan}, ValueError, "expected lr finite, got nan"),
        ({"lr": np.inf}, ValueError, "expected lr finite, got inf"),
        ({"lr": "0.1"}, TypeError, "expected lr as a number, got str '0.1'"),
        ({"lr": True}, TypeError, "expected lr as a number, got bool True"),
        ({"weight_decay": -1}, ValueError, "expected weight_decay >= 0, got -1"),
        (
            {"parameters": []},
            ValueError,
            "expected at least one parameter, got none; pass network.parameters()",
        ),
        ({"parameters": 3}, TypeError, "expected parameters, got int 3; pass network.parameters()"),
        ({"parameters": [np.ones(2)]}, TypeError, "expected parameters, got an array of float64, shape (2,)"),
    ],
)
def test_settings_that_no_optimizer_takes(kind, arguments, error, message):
    with pytest.raises(error, match=f"^{kind.__name__} " + re.escape(message)):
        kind(**{"parameters": [parameter([1.0])], "lr": 0.1, **arguments})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (partial(SGD, lr=1, momentum=1), ValueError, "SGD expected momentum < 1, got 1"),
        (partial(SGD, lr=1, momentum=-0.1), ValueError, "SGD expected momentum >= 0, got -0.1"),
        (partial(SGD, lr=1, nesterov=True), ValueError, "SGD expected momentum > 0 with nesterov=True"),
        (partial(RMSprop, alpha=1), ValueError, "RMSprop expected alpha < 1, got 1"),
        (partial(RMSprop, eps=0), ValueError, "RMSprop expected eps > 0, got 0"),
        (partial(RMSprop, momentum=1), ValueError, "RMSprop expected momentum < 1, got 1"),
        (partial(Adam, betas=(0.9, 1)), ValueError, "Adam expected betas < 1, got 1"),
        (partial(Adam, betas=(-0.1, 0.9)), ValueError, "Adam expected betas >= 0, got -0.1"),
        (
            partial(Adam, betas=0.9),
            ValueError,
            "Adam expected betas as two numbers (beta1, beta2), got float 0.9",
        ),
        (partial(AdamW, betas=(0.9,)), ValueError, "AdamW expected betas as two numbers"),
        (partial(AdamW, eps=-1), ValueError, "AdamW expected eps > 0, got -1"),
    ],
)
def test_settings_out_of_range(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make([parameter([1.0])])


def test_a_network_is_not_its_parameters():
    with pytest.raises(TypeError, match=r"Adam expected parameters, got MLP .*; pass network.parameters\(\)"):
        Adam(MLP([2, 2], activation=ReLU))


@every_optimizer
@pytest.mark.parametrize(
    ("grad", "error", "message"),
    [
        (None, RuntimeError, "step found no gradient; call backward before step"),
        (np.ones(3), ValueError, "step expected a gradient of shape (2,), got (3,)"),
        (np.ones((2, 1)), ValueError, "step expected a gradient of shape (2,), got (2, 1)"),
    ],
)  # fmt: skip
def test_one_bad_gradient_and_nothing_is_updated(make, grad, error, message):
    good, bad = parameter([1.0, 2.0], [0.5, 0.5]), parameter([3.0, 4.0], [0.5, 0.5])
    optimizer = make([good, bad])
    optimizer.step()
    before = snapshot(optimizer)
    bad.grad = grad
    with pytest.raises(error, match=f"^{type(optimizer).__name__}." + re.escape(message)):
        optimizer.step()
    assert_same(snapshot(optimizer), before)
