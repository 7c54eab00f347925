"""Schedules: values by hand, torch as referee over 500 steps, what comes after the end, refusals."""

import copy
import math
import pickle
import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnlab import schedules
from nnlab.schedules import (
    constant,
    cosine,
    cyclic,
    exponential,
    linear,
    multi_step,
    one_cycle,
    polynomial,
    step,
    warmup,
)

N = 500


def first_half(t):
    """Half as much from step 3 on: a reader's own schedule."""
    return 0.4 if t < 3 else 0.2


def rates(schedule, n):
    return [schedule(t) for t in range(n)]


# ------------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (constant(0.1), [0.1] * 4),
        (step(1, 2, 0.5), [1, 1, 0.5, 0.5, 0.25]),
        (multi_step(1, [1, 3], 0.5), [1, 0.5, 0.5, 0.25, 0.25]),
        (multi_step(1, [0], 0.5), [0.5, 0.5]),
        (multi_step(1, []), [1, 1]),
        (exponential(1, 0.5), [1, 0.5, 0.25]),
        (linear(1, 2, 0.5, 1), [0.5, 0.75, 1, 1]),
        (linear(1, 2, 1, 0), [1, 0.5, 0, 0]),
        (polynomial(1, 4), [1, 0.75, 0.5, 0.25, 0, 0]),
        (polynomial(1, 2, 2), [1, 0.25, 0, 0]),
        (cosine(1, 4), [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0, 0, 0]),
        (cosine(1, 2, 0.5), [1, 0.75, 0.5, 0.5]),
        (warmup(1, 4), [0.25, 0.5, 0.75, 1, 1]),  # the first update already moves
        (warmup(cosine(1, 2), 2), [0.5, 1, 1, 0.5, 0, 0]),  # the cosine begins at its own step 0
        (warmup(first_half, 2), [0.2, 0.4, 0.4, 0.4, 0.4, 0.2]),
        # 0.3·10 − 1 = 2 steps up from 1/25, 7 down to 1/25/10⁴
        (one_cycle(1, 10), [0.04, 0.52, 1]),
        (cyclic(1, 0, 2), [0, 0.5, 1, 0.5, 0, 0.5, 1]),
        (cyclic(1, 0, 1, 3), [0, 1, 2 / 3, 1 / 3, 0, 1]),
        (cyclic(1, 0.5, 1, mode="triangular2"), [0.5, 1, 0.5, 0.75, 0.5, 0.625]),
        (cyclic(1, 0, 1, mode="exp_range", gamma=0.5), [0, 0.5, 0, 0.125]),
    ],
)
def test_by_hand(schedule, expected):
    np.testing.assert_allclose(rates(schedule, len(expected)), expected, rtol=1e-14, atol=1e-15)


# ------------------------------------------------------------------------------------------- torch


def torch_rates(make, lr, n):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    result = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR's own
        scheduler = make(torch.optim.lr_scheduler, optimizer)
        for _ in range(n):
            result.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            scheduler.step()
    return result


def warm(schedules_of, optimizer, make, steps):
    """A warm-up of that many steps, then torch's scheduler."""
    first = schedules_of.LinearLR(optimizer, 1 / steps, total_iters=steps - 1)
    return schedules_of.SequentialLR(optimizer, [first, make(optimizer)], [steps])


@pytest.mark.parametrize(
    ("schedule", "make"),
    [
        (constant(0.1), lambda L, o: L.ConstantLR(o, factor=1)),
        (step(0.1, 30), lambda L, o: L.StepLR(o, 30)),
        (step(0.1, 7, 0.9), lambda L, o: L.StepLR(o, 7, 0.9)),
        (multi_step(0.1, [30, 31, 300]), lambda L, o: L.MultiStepLR(o, [30, 31, 300])),
        (exponential(0.1, 0.99), lambda L, o: L.ExponentialLR(o, 0.99)),
        (linear(0.1, 5), lambda L, o: L.LinearLR(o)),
        (linear(0.1, 300, 1, 0), lambda L, o: L.LinearLR(o, 1, 0, 300)),
        (polynomial(0.1, 300), lambda L, o: L.PolynomialLR(o, 300)),
        (polynomial(0.1, 300, 2.5), lambda L, o: L.PolynomialLR(o, 300, 2.5)),
        (cosine(0.1, N), lambda L, o: L.CosineAnnealingLR(o, N)),
        (cosine(0.1, N - 1, 0.01), lambda L, o: L.CosineAnnealingLR(o, N - 1, 0.01)),
        (one_cycle(0.1, N + 1), lambda L, o: L.OneCycleLR(o, 0.1, N + 1, cycle_momentum=False)),
        (
            one_cycle(0.1, N + 1, 0.123, 10, 100),
            lambda L, o: L.OneCycleLR(
                o, 0.1, N + 1, pct_start=0.123, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
        ),
        (cyclic(0.1, 0.01, 37), lambda L, o: L.CyclicLR(o, 0.01, 0.1, 37, cycle_momentum=False)),
        (cyclic(0.1, 0.01), lambda L, o: L.CyclicLR(o, 0.01, 0.1, cycle_momentum=False)),
        (
            cyclic(0.1, 0.01, 37, 11, "triangular2"),
            lambda L, o: L.CyclicLR(o, 0.01, 0.1, 37, 11, mode="triangular2", cycle_momentum=False),
        ),
        (
            cyclic(0.1, 0.01, 37, 80, "exp_range", 0.995),
            lambda L, o: L.CyclicLR(o, 0.01, 0.1, 37, 80, "exp_range", 0.995, cycle_momentum=False),
        ),
        (
            warmup(cosine(0.1, 400), 100),
            lambda L, o: warm(L, o, lambda o: L.CosineAnnealingLR(o, 400), 100),
        ),
        (warmup(step(0.1, 50), 10), lambda L, o: warm(L, o, lambda o: L.StepLR(o, 50), 10)),
        (warmup(0.1, 20), lambda L, o: L.LambdaLR(o, lambda t: min((t + 1) / 20, 1))),
    ],
    ids=lambda x: repr(x) if not callable(x) or hasattr(x, "__dataclass_fields__") else "",
)
def test_torchs_scheduler_agrees(schedule, make):
    np.testing.assert_allclose(rates(schedule, N), torch_rates(make, 0.1, N), rtol=1e-12, atol=1e-15)


# ------------------------------------------------------------------------------------------- beyond the end

ALL = [
    constant(0.1),
    step(0.1, 30),
    multi_step(0.1, [30, 40]),
    exponential(0.1, 0.99),
    linear(0.1, 50),
    polynomial(0.1, 50),
    cosine(0.1, 50, 0.01),
    warmup(cosine(0.1, 50), 10),
    one_cycle(0.1, 50),
    cyclic(0.1, 0.01, 7),
]
every_schedule = pytest.mark.parametrize("schedule", ALL, ids=repr)


@pytest.mark.parametrize(
    ("schedule", "last", "rate"),
    [
        (linear(0.3, 50), 50, 0.3),
        (polynomial(0.3, 50, 2), 50, 0),
        (cosine(0.3, 50, 0.01), 50, 0.01),
        (warmup(cosine(0.3, 50, 0.01), 10), 60, 0.01),
        (one_cycle(0.5, 50), 49, 0.5 / 25 / 1e4),
        (one_cycle(0.5, 1), 0, 0.5 / 25 / 1e4),
    ],
)
def test_a_schedule_stays_where_it_ended(schedule, last, rate):
    for t in (last, last + 1, 2 * last, 10**9):
        assert schedule(t) == pytest.approx(rate, rel=1e-12)


@pytest.mark.parametrize("steps", [2, 3, 4, 7, 10])
@pytest.mark.parametrize("share", [0, 0.1, 0.25, 0.5, 0.9])
def test_one_cycle_of_few_steps(steps, share):
    schedule = one_cycle(1, steps, share)
    assert all(0 < rate <= 1 for rate in rates(schedule, steps + 2))
    assert schedule(steps - 1) == pytest.approx(1 / 25 / 1e4, rel=1e-9)


@given(t=st.integers(0, 10**12))
def test_every_rate_is_finite_and_not_negative(t):
    for schedule in ALL:
        assert type(schedule(t)) is float
        assert 0 <= schedule(t) <= 0.1 * (1 + 1e-12)


# ------------------------------------------------------------------------------------------- as objects


@every_schedule
def test_a_schedule_prints_its_settings_and_can_be_copied_and_compared(schedule):
    again = eval(repr(schedule), vars(schedules))
    for other in (again, pickle.loads(pickle.dumps(schedule)), copy.deepcopy(schedule)):
        assert other == schedule
        assert rates(other, 70) == rates(schedule, 70)
    assert hash(again) == hash(schedule)


def test_the_print_is_short():
    assert repr(cosine(np.float64(0.1), 500)) == "cosine(lr=0.1, steps=500, lr_min=0.0)"
    assert repr(warmup(0.1, 5)) == "warmup(schedule=constant(lr=0.1), steps=5)"


def test_settings_cannot_change_afterwards():
    with pytest.raises(AttributeError):
        cosine(0.1, 500).lr = 1


@every_schedule
def test_a_step_may_be_a_numpy_integer(schedule):
    assert [schedule(t) for t in np.arange(5)] == rates(schedule, 5)


# ------------------------------------------------------------------------------------------- refusals


@every_schedule
@pytest.mark.parametrize(
    ("t", "error", "message"),
    [
        (-1, ValueError, "expected the step >= 0, got -1"),
        (1.5, TypeError, "expected the step as an integer, got float 1.5"),
        (np.arange(3), TypeError, "expected the step as an integer, got an array of int64, shape (3,)"),
    ],
)
def test_bad_steps(schedule, t, error, message):
    with pytest.raises(error, match=f"^{type(schedule).__name__} {re.escape(message)}"):
        schedule(t)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: constant(0), ValueError, "constant expected lr > 0, got 0"),
        (lambda: constant("fast"), TypeError, "constant expected lr as a number, got str 'fast'"),
        (lambda: step(0.1, 0), ValueError, "step expected step_size >= 1, got 0"),
        (lambda: step(0.1, 1.5), TypeError, "step expected step_size as an integer, got float 1.5"),
        (lambda: step(0.1, 2, 0), ValueError, "step expected gamma > 0, got 0"),
        (lambda: multi_step(0.1, 30), TypeError, "multi_step expected milestones as a list of steps"),
        (lambda: multi_step(0.1, [3, 2]), ValueError, "expected milestones in increasing order, got [3, 2]"),
        (lambda: multi_step(0.1, [2, 2]), ValueError, "multi_step expected milestones in increasing order"),
        (lambda: multi_step(0.1, [-1]), ValueError, "multi_step expected milestones >= 0, got -1"),
        (lambda: exponential(0.1, np.nan), ValueError, "exponential expected gamma finite, got nan"),
        (lambda: linear(0.1, 0), ValueError, "linear expected steps >= 1, got 0"),
        (lambda: linear(0.1, None), TypeError, "linear expected steps as an integer, got NoneType None"),
        (lambda: linear(0.1, 5, -1), ValueError, "linear expected start_factor >= 0, got -1"),
        (lambda: polynomial(0.1, 5, 0), ValueError, "polynomial expected power > 0, got 0"),
        (lambda: cosine(0.1, 5, 0.2), ValueError, "cosine expected lr_min <= 0.1, got 0.2"),
        (lambda: cosine(0.1, 5, -0.2), ValueError, "cosine expected lr_min >= 0, got -0.2"),
        (lambda: warmup(0.1, 0), ValueError, "warmup expected steps >= 1, got 0"),
        (lambda: warmup(0, 3), ValueError, "constant expected lr > 0, got 0"),
        (lambda: warmup(cosine, 3), TypeError, "as a function of the step, got cosine itself"),
        (lambda: warmup(lambda t: -1, 3), ValueError, "the rate of step 0 from schedule >= 0, got -1"),
        (lambda: one_cycle(0.1, 10, 1), ValueError, "one_cycle expected pct_start < 1, got 1"),
        (lambda: one_cycle(0.1, 10, 0.3, 0), ValueError, "one_cycle expected div_factor > 0, got 0"),
        (lambda: cyclic(0.1, 0.2), ValueError, "cyclic expected lr_min <= 0.1, got 0.2"),
        (lambda: cyclic(0.1, 0, 5, 0), ValueError, "cyclic expected step_size_down >= 1, got 0"),
        (lambda: cyclic(0.1, 0, mode="sine"), ValueError, "cyclic expected mode as one of 'triangular', "),
    ],
)  # fmt: skip
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
