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
from nnlab.schedules import constant, cosine, exponential, step, warmup

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


def test_defaults_are_torchs():
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
    for these in grads:
        for ps in (together, alone):
            for p, g in zip(ps, these, strict=True):
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
        ValueError,
        match=r"Adam.load_state_dict expected .* got .*; make the optimizer with the settings it had",
    ):
        optimizer.load_state_dict(other([parameter([1.0])]).state_dict())
    assert_same(snapshot(optimizer), before)


# ------------------------------------------------------------------------------------------- torch


SETTINGS = [
    (SGD, {}),
    (SGD, {"weight_decay": 0.1}),
    (SGD, {"momentum": 0.9}),
    (SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    (SGD, {"momentum": 0.9, "nesterov": True}),
    (SGD, {"momentum": 0.5, "nesterov": True, "weight_decay": 0.1}),
    (RMSprop, {}),
    (RMSprop, {"alpha": 0.9, "eps": 1e-3, "weight_decay": 0.1}),
    (RMSprop, {"momentum": 0.9, "weight_decay": 0.1}),
    (Adam, {}),
    (Adam, {"betas": (0.5, 0.9), "eps": 1e-3}),
    (Adam, {"weight_decay": 0.1}),
    (AdamW, {}),
    (AdamW, {"betas": (0.5, 0.9), "weight_decay": 0.3}),
]
SHAPES = [(3, 4), (4,), (2, 3, 2)]


def side_by_side(kind, settings, *, lr, clipping=None, schedule=None, steps=50, scale=1.0):
    """Return how far the parameters differ from torch's after the same random gradients, clipped by torch."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    ours = [parameter(rng.standard_normal(shape)) for shape in SHAPES]
    theirs = [torch.tensor(p.value.copy(), requires_grad=True) for p in ours]
    optimizer = kind(ours, schedule or lr, **settings, **(clipping or {}))
    twin = getattr(torch.optim, kind.__name__)(theirs, lr=lr, **settings)
    scheduler = torch.optim.lr_scheduler.LambdaLR(twin, lambda t: schedule(t) / lr if schedule else 1)
    for _ in range(steps):
        size = scale * 10 ** rng.uniform(-2, 1)
        for p, q in zip(ours, theirs, strict=True):
            p.grad = size * rng.standard_normal(p.value.shape)
            q.grad = torch.tensor(p.grad)
        for name, limit in (clipping or {}).items():
            if name == "clip_norm":
                norm = torch.nn.utils.clip_grad_norm_(theirs, limit).item()
            else:
                torch.nn.utils.clip_grad_value_(theirs, limit)
        optimizer.step()
        twin.step()
        scheduler.step()
        if clipping:
            for p, q in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=1e-13)
            assert (optimizer.last_norm is None) == ("clip_norm" not in clipping)
            if "clip_norm" in clipping:
                assert optimizer.last_norm == pytest.approx(norm, rel=1e-13)
    return max(np.abs(p.value - q.detach().numpy()).max() for p, q in zip(ours, theirs, strict=True))


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_torchs_optimizer_agrees_in_every_setting(kind, settings):
    assert side_by_side(kind, settings, lr=0.01) < 1e-12


@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_torchs_optimizer_agrees_with_clipping_and_a_schedule(kind, settings):
    schedule = warmup(cosine(0.02, 40), 5)
    assert side_by_side(kind, settings, lr=0.02, clipping={"clip_norm": 3.0}, schedule=schedule) < 1e-12


@pytest.mark.parametrize("clipping", [{"clip_norm": 0.5}, {"clip_norm": 20}, {"clip_value": 0.5}])
@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
def test_torch_clips_the_same(clipping, scale):
    assert side_by_side(SGD, {"momentum": 0.9}, lr=0.01, clipping=clipping, scale=scale) < 1e-12


# ------------------------------------------------------------------------------------------- clipping


def test_clipping_by_norm_by_hand():
    # all gradients together are (3, 0, 4), of length 5: scaled by 1 / 5
    p, q = parameter([0.0, 0], [3, 0]), parameter([0.0], [4])
    optimizer = SGD([p, q], lr=1, clip_norm=1)
    optimizer.step()
    np.testing.assert_allclose([*p.value, *q.value], [-0.6, 0, -0.8], rtol=1e-6)
    np.testing.assert_allclose([*p.grad, *q.grad], [0.6, 0, 0.8], rtol=1e-6)  # as the reader sees it after
    assert optimizer.last_norm == 5


def test_short_gradients_are_left_as_they_are():
    p = parameter([0.0, 0], [3, 4])
    grad = p.grad
    optimizer = SGD([p], lr=1, clip_norm=5.1)
    optimizer.step()
    assert p.grad is grad
    np.testing.assert_array_equal(p.value, [-3, -4])
    assert optimizer.last_norm == 5


def test_clipping_by_value_by_hand():
    p = parameter([0.0, 0, 0], [3, -0.5, -4])
    SGD([p], lr=1, clip_value=1).step()
    np.testing.assert_array_equal(p.value, [-1, 0.5, 1])
    np.testing.assert_array_equal(p.grad, [1, -0.5, -1])


def test_two_parameters_may_share_a_gradient_which_is_not_written_to():
    shared = np.array([3.0, 4])
    shared.flags.writeable = False
    p, q = parameter([0.0, 0]), parameter([0.0, 0])
    for clipping in ({"clip_norm": 1}, {"clip_value": 1}):
        p.grad = q.grad = shared
        SGD([p, q], lr=1, **clipping).step()
        np.testing.assert_array_equal(p.grad, q.grad)
    np.testing.assert_array_equal(shared, [3, 4])


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e25), (np.float64, 1e200), (np.float64, 1e-200)])
def test_the_norm_does_not_overflow_before_the_gradients_do(dtype, size):
    p = Parameter(np.zeros(2, dtype))
    p.grad = (size * np.array([3, 4])).astype(dtype)
    optimizer = SGD([p], lr=1, clip_norm=10)
    with np.errstate(all="raise"):
        optimizer.step()
    assert optimizer.last_norm == pytest.approx(5 * size, rel=1e-6, abs=1e-100)
    assert p.grad.dtype == p.value.dtype == dtype
    np.testing.assert_allclose(p.value, [-6, -8] if size > 1 else [0, 0], rtol=1e-5, atol=1e-100)


def test_an_infinite_gradient_stays_visible():
    p = parameter([0.0, 0], [np.inf, 1])
    optimizer = SGD([p], lr=1, clip_norm=1)
    optimizer.step()
    assert optimizer.last_norm == np.inf
    assert not np.isfinite(p.value).all()  # the loss of the next step is not finite


# ------------------------------------------------------------------------------------------- schedules


def test_the_first_update_has_the_rate_of_step_0():
    values = run(partial(SGD, lr=lambda t: [0.5, 0.25, 0][t]), [1, 1, 1])  # nothing is asked beyond
    assert values == [0.5, 0.25, 0.25]


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_lr_is_the_rate_of_the_next_step(kind):
    p = parameter([1.0], [0.5])
    optimizer = kind([p], exponential(0.8, 0.5))
    seen = []
    for _ in range(4):
        seen.append(optimizer.lr)
        optimizer.step()
    assert seen == [0.8, 0.4, 0.2, 0.1]
    assert optimizer.lr == 0.05


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_a_constant_schedule_is_a_number(kind):
    grads = np.random.default_rng(0).standard_normal(10)
    assert run(partial(kind, lr=constant(0.01)), grads) == run(partial(kind, lr=0.01), grads)


def test_assignment_replaces_number_and_schedule():
    optimizer = SGD([parameter([1.0], [0.5])], step(0.4, 1, 0.5))
    optimizer.step()
    optimizer.lr = 0.3
    assert (optimizer.lr, optimizer.schedule) == (0.3, None)
    optimizer.step()
    assert optimizer.lr == 0.3
    optimizer.lr = step(0.4, 1, 0.5)
    assert optimizer.lr == pytest.approx(0.1)  # the step goes on counting
    assert optimizer.schedule == step(0.4, 1, 0.5)


def test_a_state_continues_the_curve_and_a_longer_run_too():
    schedule = warmup(cosine(0.1, 20), 3)
    grads = np.random.default_rng(0).standard_normal(20)
    make = partial(SGD, lr=schedule, momentum=0.9)
    p = parameter([1.0])
    first = make([p])
    for g in grads[:10]:
        p.grad = np.array([g])
        first.step()
    assert "lr" not in first.state_dict()
    again = make([p])
    again.load_state_dict(first.state_dict())
    assert again.lr == first.lr == schedule(10)
    for g in grads[10:]:
        p.grad = np.array([g])
        again.step()
    assert float(p.value[0]) == run(make, grads)[-1]


@pytest.mark.parametrize(
    ("saved", "loading", "expected", "got"),
    [(0.1, cosine(0.1, 5), "a schedule", "a number"), (cosine(0.1, 5), 0.1, "a number", "a schedule")],
)
def test_a_number_is_not_taken_for_a_schedule(saved, loading, expected, got):
    state = SGD([parameter([1.0])], saved).state_dict()
    optimizer = SGD([parameter([1.0])], loading)
    before = snapshot(optimizer)
    message = (
        f"SGD.load_state_dict expected the state of an optimizer with {expected} as lr, got one with {got}"
    )
    with pytest.raises(ValueError, match=message):
        optimizer.load_state_dict(state)
    assert_same(snapshot(optimizer), before)


def test_the_print_shows_schedule_and_clipping():
    p = [parameter([1.0])]
    assert repr(SGD(p, cosine(0.1, 5), clip_norm=1)) == (
        "SGD(lr=cosine(lr=0.1, steps=5, lr_min=0.0), momentum=0.0, nesterov=False, weight_decay=0.0, "
        "clip_norm=1.0)"
    )
    assert repr(SGD(p, lambda t: 0.1)).startswith("SGD(lr=<lambda>, ")  # no address, which changes each time


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (-0.1, ValueError, "SGD expected the rate of step 2 from lr >= 0, got -0.1"),
        (np.nan, ValueError, "SGD expected the rate of step 2 from lr finite, got nan"),
        (np.inf, ValueError, "SGD expected the rate of step 2 from lr finite, got inf"),
        (None, TypeError, "SGD expected the rate of step 2 from lr as a number, got NoneType None"),
    ],
)
def test_a_schedule_that_gives_a_bad_rate_updates_nothing(rate, error, message):
    optimizer = SGD([parameter([1.0], [0.5])], lambda t: 0.1 if t < 2 else rate)
    optimizer.step()
    optimizer.step()
    before = snapshot(optimizer)
    with pytest.raises(error, match=re.escape(message)):
        optimizer.step()
    assert_same(snapshot(optimizer), before)


# ------------------------------------------------------------------------------------------- what reaches in


@every_optimizer
def test_the_readers_errstate_does_not_matter(make):
    grads = [1e-200, 1e-170, 1e-308, 0]
    expected = run(make, grads)
    with np.errstate(all="raise"):
        assert run(make, grads) == expected


@every_optimizer
def test_nan_passes_through(make):
    assert np.isnan(run(make, [np.nan]))


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
        (
            {"lr": cosine},
            TypeError,
            "expected lr as a function of the step, got cosine itself; call it: cosine(",
        ),
        ({"lr": lambda t: -1}, ValueError, "expected the rate of step 0 from lr >= 0, got -1"),
        ({"clip_norm": 0}, ValueError, "expected clip_norm > 0, got 0"),
        ({"clip_value": "1"}, TypeError, "expected clip_value as a number, got str '1'"),
        (
            {"clip_norm": 1, "clip_value": 1},
            ValueError,
            "expected clip_norm or clip_value, got both; leave one",
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
        (
            partial(SGD, lr=1, nesterov="no"),
            TypeError,
            "SGD expected nesterov as True or False, got str 'no'",
        ),
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


@pytest.mark.parametrize("kind", [SGD, RMSprop, Adam, AdamW])
def test_a_parameter_twice_is_refused(kind):
    network = MLP([2, 3, 2], activation=ReLU)
    message = (
        f"{kind.__name__} expected every parameter once, got parameter 4 of shape (2, 3) again; pass network"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        kind(network.parameters() * 2, 0.1)
    p = parameter([1.0])
    tied = Parameter(p.value)
    with pytest.raises(
        ValueError, match=re.escape("expected every parameter once, got parameter 1 of shape")
    ):
        kind([p, tied], 0.1)


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
