"""Weights at the start: their statistics, dtype and generator, and what happens to signals in depth."""

import re

import numpy as np
import pytest

from nnlab import Linear
from nnlab.initializers import (
    he_normal,
    he_uniform,
    lecun_normal,
    normal,
    torch_uniform,
    uniform,
    xavier_normal,
    xavier_uniform,
    zeros,
)

N_IN, N_OUT = 400, 300  # 120,000 draws: their standard deviation is known to about 0.2 %

# initializer, whether normal, standard deviation, worked from the papers' formulas
INITIALIZERS = [
    pytest.param(he_normal, True, np.sqrt(2 / N_IN), id="he_normal"),
    pytest.param(he_uniform, False, np.sqrt(2 / N_IN), id="he_uniform"),
    pytest.param(xavier_normal, True, np.sqrt(2 / (N_IN + N_OUT)), id="xavier_normal"),
    pytest.param(xavier_uniform, False, np.sqrt(2 / (N_IN + N_OUT)), id="xavier_uniform"),
    pytest.param(lecun_normal, True, np.sqrt(1 / N_IN), id="lecun_normal"),
    pytest.param(torch_uniform, False, np.sqrt(1 / (3 * N_IN)), id="torch_uniform"),
    pytest.param(normal(0.01), True, 0.01, id="normal(0.01)"),
    pytest.param(uniform(0.5), False, 0.5 / np.sqrt(3), id="uniform(0.5)"),
]
ALL = [*(p.values[0] for p in INITIALIZERS), zeros]


@pytest.mark.parametrize(("initializer", "is_normal", "std"), INITIALIZERS)
def test_mean_spread_and_kind_of_distribution(initializer, is_normal, std):
    W = initializer((N_IN, N_OUT), N_IN, N_OUT, np.random.default_rng(0), np.float64)
    assert W.shape == (N_IN, N_OUT)
    assert abs(W.mean()) < 5 * std / np.sqrt(W.size)
    assert W.std() == pytest.approx(std, rel=0.02)
    largest = np.abs(W).max() / std
    if is_normal:  # 3 % of a normal distribution lies beyond 2.17 standard deviations, the largest beyond 4
        assert np.mean(np.abs(W) > 2.17 * std) == pytest.approx(0.03, rel=0.1)
        assert 4 < largest < 6.5
    else:  # a uniform one ends at √3 standard deviations
        assert largest == pytest.approx(np.sqrt(3), rel=1e-3)
        assert np.abs(W).max() <= np.sqrt(3) * std
        assert np.mean(np.abs(W) < np.sqrt(3) * std / 2) == pytest.approx(0.5, abs=0.01)


def test_the_scale_reads_the_fans_the_right_way_round():
    wide = he_normal((1000, 10), 1000, 10, np.random.default_rng(0), np.float64)
    tall = he_normal((10, 1000), 10, 1000, np.random.default_rng(0), np.float64)
    assert tall.std() / wide.std() == pytest.approx(10, rel=0.1)
    assert xavier_normal((1000, 10), 1000, 10, np.random.default_rng(0)).std() == pytest.approx(
        xavier_normal((10, 1000), 10, 1000, np.random.default_rng(0)).std(), rel=0.05
    )


def test_zeros_are_zero():
    assert not zeros((3, 2), 3, 2, np.random.default_rng(0)).any()


@pytest.mark.parametrize("initializer", ALL)
def test_same_seed_same_weights_and_float32_are_their_rounding(initializer):
    draw = [
        initializer((5, 4), 5, 4, np.random.default_rng(7), dtype)
        for dtype in (np.float64, np.float64, np.float32)
    ]
    np.testing.assert_array_equal(draw[0], draw[1])
    np.testing.assert_array_equal(draw[0].astype(np.float32), draw[2])
    assert [W.dtype for W in draw] == [np.float64, np.float64, np.float32]
    assert initializer((5, 4), 5, 4, np.random.default_rng(7)).dtype == np.float64  # the default


@pytest.mark.parametrize("initializer", ALL[:-1])
def test_each_call_goes_on_in_the_generator_and_none_is_fresh_chance(initializer):
    rng = np.random.default_rng(7)
    assert not np.array_equal(
        initializer((5, 4), 5, 4, rng, np.float64), initializer((5, 4), 5, 4, rng, np.float64)
    )
    assert not np.array_equal(
        initializer((5, 4), 5, 4, None, np.float64), initializer((5, 4), 5, 4, None, np.float64)
    )


def test_no_initializer_touches_the_global_generator():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    for initializer in ALL:
        initializer((3, 2), 3, 2, None, np.float64)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("std", [1e-200, 1e200])
def test_normal_and_uniform_keep_figures_whose_squares_leave_the_range(std):
    rng = np.random.default_rng(0)
    assert (normal(std)((50, 50), 50, 50, rng) / std).std() == pytest.approx(1, rel=0.1)
    assert np.abs(uniform(std)((50, 50), 50, 50, rng) / std).max() == pytest.approx(1, rel=0.1)


def test_normal_0_01_is_what_it_says_to_the_bit():
    expected = 0.01 * np.random.default_rng(3).standard_normal((4, 3))
    np.testing.assert_array_equal(normal(0.01)((4, 3), 4, 3, np.random.default_rng(3)), expected)


def test_he_keeps_the_mean_square_of_signals_through_twenty_relu_layers():
    # E[relu(z)²] = Var(z)/2, and Var(z) = n_in · Var(w) · E[h²] = 2 E[h²]: so E[h²] stays as it was.
    rng = np.random.default_rng(0)
    H = rng.standard_normal((200, 256))
    start = np.mean(np.maximum(H, 0) ** 2)
    for _ in range(20):
        H = np.maximum(H, 0) @ he_normal((256, 256), 256, 256, rng, np.float64)
    assert 0.3 < np.mean(np.maximum(H, 0) ** 2) / start < 3
    H = rng.standard_normal((200, 256))
    for _ in range(20):  # with a sixth of the variance, each layer keeps a sixth: 6⁻²⁰ = 3e-16
        H = np.maximum(H, 0) @ torch_uniform((256, 256), 256, 256, rng, np.float64)
    assert np.mean(np.maximum(H, 0) ** 2) < 1e-14


@pytest.mark.parametrize("initializer", ALL)
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (((2, 3), 0, 3), ValueError, "expected fan_in >= 1, got 0"),
        (((2, 3), 3, -1), ValueError, "expected fan_out >= 1, got -1"),
        (((2, 3), 2.0, 3), TypeError, "expected fan_in as an integer, got float 2.0"),
        (((2, 0), 2, 3), ValueError, "expected each size in shape >= 1, got 0"),
        ((2, 2, 3), TypeError, "expected shape as a tuple of sizes, got int 2"),
    ],
)
def test_bad_sizes(initializer, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        initializer(*arguments, np.random.default_rng(0), np.float64)


@pytest.mark.parametrize("initializer", ALL[:-1])
def test_bad_generators_and_dtypes(initializer):
    with pytest.raises(TypeError, match=r"expected rng as a np.random.Generator, got int 0"):
        initializer((2, 3), 2, 3, 0, np.float64)
    with pytest.raises(TypeError, match="expected dtype float32 or float64"):
        initializer((2, 3), 2, 3, np.random.default_rng(0), int)


@pytest.mark.parametrize(("make", "name"), [(normal, "std"), (uniform, "limit")])
def test_bad_scales(make, name):
    with pytest.raises(ValueError, match=f"{make.__name__} expected {name} >= 0, got -1"):
        make(-1)
    with pytest.raises(ValueError, match=f"expected {name} finite, got nan"):
        make(np.nan)
    with pytest.raises(TypeError, match=f"expected {name} as a number, got str '1'"):
        make("1")


@pytest.mark.parametrize("initializer", ALL)
def test_linear_takes_every_initializer(initializer):
    layer = Linear(3, 2, weight_init=initializer, rng=np.random.default_rng(5), dtype=np.float32)
    expected = initializer((3, 2), 3, 2, np.random.default_rng(5), np.float32)
    np.testing.assert_array_equal(layer.W.value, expected)


@pytest.mark.parametrize("initializer", ALL)
def test_a_kernel_has_its_own_shape_and_the_scale_of_its_fans(initializer):
    W = initializer((8, 4, 5, 3), 4 * 5 * 3, 8 * 5 * 3, np.random.default_rng(0), np.float32)
    assert W.shape == (8, 4, 5, 3)
    assert W.dtype == np.float32
    flat = initializer((480, 1), 60, 120, np.random.default_rng(0), np.float32)
    np.testing.assert_array_equal(W.ravel(), flat.ravel())
