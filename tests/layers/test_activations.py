"""The eight activations: values by hand, SciPy as referee, gradients, identities, extremes, refusals."""

import math
import re
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlab import (
    ELU,
    GELU,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    check_gradients,
)

ACTIVATIONS = [
    ReLU,
    LeakyReLU,
    partial(LeakyReLU, 0.3),
    ELU,
    partial(ELU, 0.5),
    Sigmoid,
    Tanh,
    SiLU,
    GELU,
    partial(GELU, "tanh"),
    Softmax,
]
every_activation = pytest.mark.parametrize("make", ACTIVATIONS, ids=lambda make: repr(make()))

matrices = hnp.arrays(
    np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.floats(-30, 30, width=32)
)
log = math.log


def forward(layer, *row):
    return layer.forward(np.array([row], float))[0]


def derivative(layer, x):
    layer.forward(np.array([[float(x)]]))
    return layer.backward(np.ones((1, 1)))[0, 0]


# ------------------------------------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("layer", "x", "y", "slope"),
    [
        (ReLU(), 2, 2, 1),
        (ReLU(), -2, 0, 0),
        (ReLU(), 0, 0, 0),  # the kink: 0, as torch has it
        (LeakyReLU(), 2, 2, 1),
        (LeakyReLU(), -2, -0.02, 0.01),
        (LeakyReLU(0.3), -2, -0.6, 0.3),
        (LeakyReLU(0), -2, 0, 0),
        (ELU(), 2, 2, 1),
        (ELU(), -log(2), -0.5, 0.5),  # e^(−log 2) − 1 = 1/2 − 1; slope e^(−log 2)
        (ELU(0.5), -log(2), -0.25, 0.25),
        (Sigmoid(), 0, 0.5, 0.25),
        (Sigmoid(), log(3), 0.75, 3 / 16),  # 1 / (1 + 1/3); slope 3/4 · 1/4
        (Sigmoid(), -log(3), 0.25, 3 / 16),
        (Tanh(), 0, 0, 1),
        (Tanh(), log(2), 0.6, 0.64),  # (2 − 1/2) / (2 + 1/2) = 3/5; slope 1 − 9/25
        (SiLU(), 0, 0, 0.5),
        (SiLU(), log(3), 0.75 * log(3), 0.75 * (1 + log(3) / 4)),  # σ = 3/4: σ (1 + x (1 − σ))
        (GELU(), 0, 0, 0.5),
        (GELU(), 1, 0.8413447460685429, 0.8413447460685429 + 0.24197072451914337),  # Φ(1) and φ(1) of tables
        (GELU(), -1, -0.15865525393145707, 0.15865525393145707 - 0.24197072451914337),
        (GELU("tanh"), 0, 0, 0.5),
        # u(1) = √(2/π) · 1.044715 = 0.8335615…, tanh u = 0.6823840…, Y = (1 + 0.6823840…) / 2
        (GELU("tanh"), 1, (1 + math.tanh(math.sqrt(2 / math.pi) * 1.044715)) / 2, None),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_values_and_slopes_by_hand(layer, x, y, slope):
    assert forward(layer, x)[0] == pytest.approx(y, rel=1e-14, abs=1e-16)
    if slope is not None:
        assert derivative(layer, x) == pytest.approx(slope, rel=1e-14, abs=1e-16)


def test_softmax_by_hand():
    # e^0, e^log 2, e^log 5 = 1, 2, 5, with sum 8
    layer = Softmax()
    np.testing.assert_allclose(forward(layer, 0, log(2), log(5)), [1 / 8, 2 / 8, 5 / 8], rtol=1e-14)
    # dY = (1, 0, 0): Σ dY Y = 1/8, so dX = Y (dY − 1/8) = (1/8 · 7/8, −2/8 · 1/8, −5/8 · 1/8)
    dX = layer.backward(np.array([[1.0, 0, 0]]))
    np.testing.assert_allclose(dX, [[7 / 64, -2 / 64, -5 / 64]], rtol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 32, 33, 100])  # the maxima of short rows are found in another way
@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 2)])
def test_softmax_of_short_and_long_rows(n, shape):
    X = np.random.default_rng(0).normal(0, 1000, (*shape, n))
    np.testing.assert_allclose(Softmax().forward(X), scipy.special.softmax(X, axis=-1), atol=1e-12)
    X = np.swapaxes(X, 0, -2)  # no longer in one piece
    np.testing.assert_allclose(Softmax().forward(X), scipy.special.softmax(X, axis=-1), atol=1e-12)
    X[0, ..., 0] = np.nan
    assert np.isnan(Softmax().forward(X)[0]).all()


def test_softmax_works_along_rows():
    Y = Softmax().forward(np.array([[0.0, 0], [0, log(3)]]))
    np.testing.assert_allclose(Y, [[1 / 2, 1 / 2], [1 / 4, 3 / 4]], rtol=1e-14)


@pytest.mark.parametrize(
    ("make", "referee"),
    [
        (Sigmoid, scipy.special.expit),
        (Softmax, partial(scipy.special.softmax, axis=1)),
        (SiLU, lambda X: X * scipy.special.expit(X)),
        (GELU, lambda X: X * (1 + scipy.special.erf(X / math.sqrt(2))) / 2),
        (ELU, lambda X: np.where(X > 0, X, np.expm1(np.minimum(X, 0)))),
    ],
    ids=["Sigmoid", "Softmax", "SiLU", "GELU", "ELU"],
)
def test_scipy_agrees(make, referee):
    X = np.random.default_rng(0).uniform(-20, 20, (50, 7))
    np.testing.assert_allclose(make().forward(X), referee(X), rtol=1e-13, atol=1e-15)


def test_the_two_gelus_differ_by_less_than_a_thousandth():
    X = np.linspace(-6, 6, 1001)[None]
    difference = np.abs(GELU().forward(X) - GELU("tanh").forward(X)).max()
    assert 1e-4 < difference < 1e-3


# ------------------------------------------------------------------------------------------- gradients


@every_activation
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (5, 2), (1, 7)])
def test_gradients(make, shape):
    X = 2 * np.random.default_rng(1).standard_normal(shape)
    X += np.copysign(0.05, X)  # away from the kinks at 0
    error = check_gradients(make(), X)["X"]
    if shape[1] == 1 and make is Softmax:  # constant 1: the gradient is 0, to the last bit
        assert error == 0
    else:
        assert error < 1e-7


@every_activation
def test_backward_twice_gives_the_same(make):
    layer, X = make(), np.random.default_rng(0).standard_normal((3, 4))
    layer.forward(X)
    np.testing.assert_array_equal(layer.backward(X), layer.backward(X))


# ------------------------------------------------------------------------------------------- identities


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_softmax_rows_are_distributions_that_a_shift_does_not_change(X):
    Y = Softmax().forward(X)
    assert (Y >= 0).all()
    np.testing.assert_allclose(Y.sum(axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(Softmax().forward(X + 17.5), Y, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(Softmax().forward(X[:, ::-1]), Y[:, ::-1], rtol=1e-12)
    two = np.hstack(
        [X[:, :1], np.zeros_like(X[:, :1])]
    )  # with two classes, softmax is the sigmoid of x₁ − x₂
    np.testing.assert_allclose(Softmax().forward(two)[:, :1], Sigmoid().forward(X[:, :1]), rtol=1e-12)


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_softmax_gradient_rows_sum_to_zero(X):
    layer = Softmax()
    layer.forward(X)
    dX = layer.backward(np.random.default_rng(0).standard_normal(X.shape))
    np.testing.assert_allclose(dX.sum(axis=1), 0, atol=1e-14)


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_identities(X):
    def f(layer, X):
        return layer.forward(X)

    close = partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12)
    close(f(Sigmoid(), -X), 1 - f(Sigmoid(), X))
    close(f(Tanh(), X), 2 * f(Sigmoid(), 2 * X) - 1)
    close(f(Tanh(), -X), -f(Tanh(), X))
    close(f(ReLU(), X) - f(ReLU(), -X), X)
    for layer in (SiLU, GELU, partial(GELU, "tanh")):  # X g(X) with g(X) + g(−X) = 1
        close(f(layer(), X) - f(layer(), -X), X)
    close(f(LeakyReLU(0.0), X), f(ReLU(), X))
    close(f(LeakyReLU(1.0), X), X)
    close(f(ELU(2.0), X) - f(ReLU(), X), 2 * (f(ELU(), X) - f(ReLU(), X)))


@given(matrices)
@settings(deadline=None, max_examples=50)
def test_ranges_and_slopes(X):
    for make, low, high, steepest in (
        (Sigmoid, 0, 1, 0.25),
        (Tanh, -1, 1, 1),
        (ReLU, 0, np.inf, 1),
        (ELU, -1, np.inf, 1),
        (SiLU, -0.2785, np.inf, 1.0999),
        (GELU, -0.17, np.inf, 1.13),
    ):
        layer = make()
        Y = layer.forward(X)
        assert Y.min() >= low
        assert Y.max() <= high
        assert np.abs(layer.backward(np.ones_like(X))).max() <= steepest + 1e-12


# ------------------------------------------------------------------------------------------- extremes, dtypes


@every_activation
@pytest.mark.parametrize("size", [50, 1000, 1e20, 1e300])
def test_extreme_scores_stay_finite_and_silent(make, size):
    layer, X = make(), np.array([[size, -size], [0.0, size], [-size, -size]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Y, dX = layer.forward(X), layer.backward(np.ones((3, 2)))
        _ = make().forward(np.array([[30.0, -30.0]], np.float32) * np.float32(1e36))
    assert np.isfinite(Y).all()
    assert np.isfinite(dX).all()


@pytest.mark.parametrize(
    "make", [ReLU, ELU, SiLU, GELU, partial(GELU, "tanh")], ids=lambda make: repr(make())
)
@pytest.mark.parametrize("size", [1000, 1e20, 1e300])
def test_far_out_the_rectifiers_are_the_identity_or_flat(make, size):
    layer = make()
    floor = -1 if make is ELU else 0
    np.testing.assert_array_equal(layer.forward(np.array([[size, -size]])), [[size, floor]])
    np.testing.assert_array_equal(layer.backward(np.ones((1, 2))), [[1, 0]])


def test_far_out_the_squashers_are_flat():
    for make, low in ((Sigmoid, 0), (Tanh, -1)):
        layer = make()
        np.testing.assert_array_equal(layer.forward(np.array([[1000.0, -1000]])), [[1, low]])
        np.testing.assert_array_equal(layer.backward(np.ones((1, 2))), [[0, 0]])
    np.testing.assert_array_equal(Softmax().forward(np.array([[1000.0, -1000]])), [[1, 0]])


def test_sigmoid_and_elu_keep_small_figures():
    assert forward(Sigmoid(), -700)[0] == pytest.approx(math.exp(-700), rel=1e-14)
    assert forward(ELU(), -1e-18)[0] == pytest.approx(-1e-18, rel=1e-14)  # e⁻¹ᵉ⁻¹⁸ − 1 would give 0


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_arguments_are_not_touched(make, dtype):
    rng = np.random.default_rng(0)
    X, dY = rng.standard_normal((2, 4, 3)).astype(dtype)
    X_before, dY_before = X.copy(), dY.copy()
    X.flags.writeable = dY.flags.writeable = False
    layer = make()
    Y, dX = layer.forward(X), layer.backward(dY)
    assert Y.dtype == dX.dtype == dtype
    assert Y.shape == dX.shape == X.shape
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(dY, dY_before)
    assert layer.parameters() == []


@every_activation
def test_float32_agrees_with_float64(make):
    X = np.random.default_rng(0).uniform(-5, 5, (20, 4))
    X = X.astype(np.float32).astype(float)
    single, double = make(), make()
    np.testing.assert_allclose(single.forward(X.astype(np.float32)), double.forward(X), rtol=1e-4, atol=1e-6)
    dY = np.ones((20, 4))
    np.testing.assert_allclose(
        single.backward(dY.astype(np.float32)), double.backward(dY), rtol=1e-4, atol=1e-6
    )


@every_activation
def test_lists_are_taken_as_floats(make):
    np.testing.assert_array_equal(make().forward([[1, -2]]), make().forward(np.array([[1.0, -2.0]])))


# ------------------------------------------------------------------------------------------- refusals


@every_activation
def test_backward_before_forward(make):
    layer = make()
    with pytest.raises(RuntimeError, match=f"{type(layer).__name__}.backward was called before forward"):
        layer.backward(np.ones((1, 1)))


@every_activation
@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (np.float64(3), ValueError, "X of shape (m"),
        (np.ones((0, 3)), ValueError, "X of shape (m, "),
        (np.ones((3, 0)), ValueError, "X of shape (m, "),
        (np.ma.masked_less([[1.0, -1.0]], 0), TypeError, "X as a plain array, got a masked array"),
        ("text", TypeError, "X as an array of float32 or float64, got str 'text'"),
    ],
)
def test_forward_refuses_and_remembers_the_batch_before(make, X, error, message):
    layer, good = make(), np.array([[0.5, -1.5]])
    layer.forward(good)
    before = layer.backward(good)
    with pytest.raises(error, match=f"^{type(layer).__name__} expected " + re.escape(message)):
        layer.forward(X)
    np.testing.assert_array_equal(layer.backward(good), before)


@every_activation
@pytest.mark.parametrize(
    ("dY", "error", "message"),
    [
        (np.ones((3, 2)), ValueError, "dY of shape (1, 2), got (3, 2)"),
        (np.ones((1, 1)), ValueError, "dY of shape (1, 2), got (1, 1)"),  # would broadcast
        (np.ones((1, 2), np.float32), TypeError, "dY of dtype float64, got float32"),
    ],
)
def test_backward_refuses(make, dY, error, message):
    layer = make()
    layer.forward(np.array([[0.5, -1.5]]))
    with pytest.raises(error, match=f"^{type(layer).__name__}.backward expected " + re.escape(message)):
        layer.backward(dY)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (partial(LeakyReLU, -0.1), ValueError, "LeakyReLU expected negative_slope >= 0, got -0.1"),
        (partial(LeakyReLU, "0.1"), TypeError, "LeakyReLU expected negative_slope as a number, got str"),
        (partial(ELU, 0), ValueError, "ELU expected alpha > 0, got 0"),
        (partial(ELU, np.nan), ValueError, "ELU expected alpha finite, got nan"),
        (
            partial(GELU, "exact"),
            ValueError,
            "GELU expected approximate as one of 'none', 'tanh', got 'exact'",
        ),
        (partial(GELU, None), ValueError, "GELU expected approximate as one of 'none', 'tanh', got None"),
    ],
)
def test_bad_settings(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_repr_shows_the_settings():
    assert [repr(make()) for make in ACTIVATIONS] == [
        "ReLU()",
        "LeakyReLU(negative_slope=0.01)",
        "LeakyReLU(negative_slope=0.3)",
        "ELU(alpha=1.0)",
        "ELU(alpha=0.5)",
        "Sigmoid()",
        "Tanh()",
        "SiLU()",
        "GELU(approximate='none')",
        "GELU(approximate='tanh')",
        "Softmax()",
    ]
    layer = ReLU()
    layer.forward(np.ones((1, 1)))
    assert repr(layer) == "ReLU()"  # what it remembers is not shown


@every_activation
@pytest.mark.parametrize("shape", [(5, 3), (4, 2, 3), (2, 3, 2, 3)])
def test_any_number_of_axes_is_the_same_as_rows(make, shape):
    rng = np.random.default_rng(0)
    X, dY = rng.standard_normal((2, *shape))
    layer, flat = make(), make()
    Y, dX = layer.forward(X), layer.backward(dY)
    np.testing.assert_array_equal(Y, flat.forward(X.reshape(-1, 3)).reshape(shape))
    np.testing.assert_array_equal(dX, flat.backward(dY.reshape(-1, 3)).reshape(shape))


def test_entries_may_have_one_axis_but_a_softmax_needs_two():
    np.testing.assert_array_equal(ReLU().forward(np.array([1.0, -1.0])), [1, 0])
    with pytest.raises(ValueError, match=re.escape("Softmax expected X of shape (m, n), got (2,)")):
        Softmax().forward(np.array([1.0, -1.0]))


@every_activation
@pytest.mark.parametrize("size", [1e-300, 1e4, 1e300])
def test_what_the_reader_set_for_underflow_does_not_matter(make, size):
    X = np.array([[size, -size, 1e-320, 0.0]])
    quiet, loud = make(), make()
    expected = quiet.forward(X), quiet.backward(np.full_like(X, 1e-300))
    with np.errstate(all="raise"):
        got = loud.forward(X), loud.backward(np.full_like(X, 1e-300))
    np.testing.assert_array_equal(got, expected)


@every_activation
def test_nan_passes_through(make):
    assert np.isnan(make().forward(np.array([[np.nan, np.nan]]))).all()
