"""The checks themselves: what they accept, what they return, and the message of each refusal."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nnlab._check import (
    NonFiniteError,
    all_finite,
    check_array,
    check_choice,
    check_count,
    check_dtype,
    check_finite,
    check_function,
    check_labels,
    check_number,
    check_rng,
    check_shape,
    describe,
)

# ------------------------------------------------------------------------------------------- arrays


def test_float_arrays_pass_uncopied():
    for dtype in (np.float32, np.float64):
        x = np.ones((2, 3), dtype)
        assert check_array("F", "X", x) is x


@pytest.mark.parametrize("x", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]]), [[True, False]], np.eye(2) > 0])
def test_lists_integers_and_booleans_become_floats_of_the_wanted_dtype(x):
    assert check_array("F", "X", x).dtype == np.float64
    assert check_array("F", "X", x, dtype=np.dtype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(check_array("F", "X", x), np.asarray(x))


def test_a_float_array_of_the_other_byte_order_is_read_right():
    x = check_array("F", "X", np.array([1.5, 2.5], ">f8"))
    assert x.dtype == np.float64
    assert x.tolist() == [1.5, 2.5]


def test_mixed_dtypes_are_refused_with_the_remedy():
    message = re.escape("F expected X of dtype float32, got float64; convert it with .astype(np.float32)")
    with pytest.raises(TypeError, match=message):
        check_array("F", "X", np.ones(2), dtype=np.dtype(np.float32))


@pytest.mark.parametrize(
    ("x", "came"),
    [
        ("abc", "str 'abc'"),
        (None, "None"),
        ([["a", "b"]], re.escape("list [['a', 'b']]")),
        (np.array([1 + 2j]), re.escape("an array of complex128, shape (1,)")),
        (np.array([1.0], np.float16), "an array of float16"),
        (np.array([{}], object), "an array of object"),
        (np.array(["2020-01-01"], "M8[D]"), "an array of datetime64"),
        (np.ones(2, np.longdouble), "an array of (float128|longdouble|float96)"),
    ],
)
def test_anything_but_a_float_array_is_a_type_error(x, came):
    with pytest.raises(TypeError, match="F expected X as an array of float32 or float64, got .*" + came):
        check_array("F", "X", x)


def test_ragged_rows_are_named():
    with pytest.raises(ValueError, match="F expected X as an array, got rows of different lengths"):
        check_array("F", "X", [[1, 2], [3]])


@pytest.mark.parametrize(
    ("shape", "expected", "message"),
    [
        ((4, 3), ("m", 2), "F expected X of shape (m, 2), got (4, 3)"),
        ((4,), ("m", "n"), "F expected X of shape (m, n), got (4,)"),
        ((), ("m",), "F expected X of shape (m,), got ()"),
        ((0, 2), ("m", 2), "F expected X of shape (m, 2), got (0, 2); it is empty"),
        ((2, 0), ("m", "n"), "F expected X of shape (m, n), got (2, 0); it is empty"),
        ((2, 3, 4), ("m", "n"), "F expected X of shape (m, n), got (2, 3, 4)"),
    ],
)
def test_a_wrong_shape_says_what_was_expected_and_what_came(shape, expected, message):
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        check_shape("F", "X", np.zeros(shape), expected)


def test_a_letter_stands_for_any_size():
    for shape in ((1, 2), (7, 2)):
        check_shape("F", "X", np.zeros(shape), ("m", 2))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_value_that_is_not_finite_is_named(bad, dtype):
    x = np.zeros((3, 4), dtype)
    x[1, 2] = x[2, 0] = bad
    message = re.escape(f"F expected finite X, got {bad} at [1, 2]; clean or replace it first")
    with pytest.raises(NonFiniteError, match=message):
        check_array("F", "X", x)
    assert check_array("F", "X", x, finite=False) is x
    assert issubclass(NonFiniteError, ValueError)


def test_finite_numbers_whose_squares_overflow_are_finite():
    assert all_finite(np.full(10, 1e300))
    assert all_finite(np.full(10, 1e30, np.float32))
    check_finite("F", "X", np.array([np.finfo(float).max, -np.finfo(float).max]))


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=5)))
@settings(deadline=None, max_examples=100)
def test_all_finite_agrees_with_isfinite(x):
    assert all_finite(x) == np.isfinite(x).all()
    assert all_finite(x.T) == np.isfinite(x).all()


# ------------------------------------------------------------------------------------------- labels


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8])
def test_integer_labels_pass(dtype):
    y = np.array([0, 2, 1], dtype)
    assert check_labels("F", "y", y, 3, 3) is y


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        ([0, 3], ValueError, "F expected y as labels in 0 … 2, got 3"),
        ([-1, 3], ValueError, "F expected y as labels in 0 … 2, got -1"),
        (
            [0.0, 1.0],
            TypeError,
            "F expected y as integer labels, got float64; convert them with .astype(int)",
        ),
        ([True, False], TypeError, "F expected y as integer labels, got bool"),
        (["a", "b"], TypeError, "F expected y as integer labels, got <U1"),
        ([0, 1, 2], ValueError, "F expected y of shape (2,), got (3,)"),
        ([[0], [1]], ValueError, "F expected y of shape (2,), got (2, 1)"),
        (np.zeros(0, int), ValueError, "F expected y of shape (2,), got (0,); it is empty"),
    ],
)
def test_bad_labels(y, error, message):
    with pytest.raises(error, match=re.escape(message)):
        check_labels("F", "y", y, 2, 3)


def test_labels_may_have_more_axes_and_an_entry_to_ignore():
    y = np.array([[0, -100], [2, 1]])
    assert check_labels("F", "y", y, (2, 2), 3, ignore_index=-100) is y
    for shape, ignored, error, message in [
        ((2, 2), None, ValueError, "F expected y as labels in 0 … 2, got -100"),
        ((2, 2), 2, ValueError, "F expected y as labels in 0 … 2, got -100"),
        ((2, 3), -100, ValueError, "F expected y of shape (2, 3), got (2, 2)"),
        ((2, 2), "pad", TypeError, "F expected ignore_index as an integer, got str 'pad'"),
    ]:
        with pytest.raises(error, match=re.escape(message)):
            check_labels("F", "y", y, shape, 3, ignore_index=ignored)
    with pytest.raises(ValueError, match="F expected y other than ignore_index=7, got none; leave out"):
        check_labels("F", "y", [7, 7], 2, 3, ignore_index=7)


# ------------------------------------------------------------------------------------------- single values


@pytest.mark.parametrize("value", [1, 0.5, np.float32(0.5), np.float64(2), np.int64(3), Fraction(1, 2)])
def test_real_numbers_become_python_floats(value):
    number = check_number("F", "lr", value)
    assert type(number) is float
    assert number == value


@pytest.mark.parametrize("value", ["0.1", None, True, np.True_, 1j, [0.1], np.array([0.1]), Decimal("0.1")])
def test_anything_but_a_real_number_is_a_type_error(value):
    with pytest.raises(TypeError, match="F expected lr as a number, got "):
        check_number("F", "lr", value)


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        (0, {"above": 0}, "F expected lr > 0, got 0"),
        (-0.1, {"at_least": 0}, "F expected lr >= 0, got -0.1"),
        (1, {"below": 1}, "F expected lr < 1, got 1"),
        (1.5, {"at_most": 1}, "F expected lr <= 1, got 1.5"),
        (np.nan, {}, "F expected lr finite, got nan"),
        (np.inf, {"above": 0}, "F expected lr finite, got inf"),
    ],
)
def test_numbers_out_of_bounds(value, bounds, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        check_number("F", "lr", value, **bounds)


def test_bounds_are_inclusive_where_they_say_so():
    assert check_number("F", "lr", 0, at_least=0) == 0
    assert check_number("F", "lr", 1, at_most=1) == 1
    assert check_count("F", "n", 1) == 1
    assert check_count("F", "n", 5, at_most=5) == 5


@pytest.mark.parametrize("value", [1.0, "3", None, True, [3], np.float64(3)])
def test_a_count_is_an_integer(value):
    with pytest.raises(TypeError, match="F expected batch_size as an integer, got "):
        check_count("F", "batch_size", value)


def test_counts_out_of_bounds():
    with pytest.raises(ValueError, match="F expected batch_size >= 1, got 0"):
        check_count("F", "batch_size", 0)
    with pytest.raises(ValueError, match="F expected batch_size <= 10, got 11"):
        check_count("F", "batch_size", 11, at_most=10)
    assert type(check_count("F", "n", np.int32(3))) is int


def test_a_choice_lists_what_there_is():
    assert check_choice("F", "mode", "a", ("a", "b")) == "a"
    for wrong in ("c", None, 1, ["a"]):
        with pytest.raises(ValueError, match="F expected mode as one of 'a', 'b', got "):
            check_choice("F", "mode", wrong, ("a", "b"))


def test_functions():
    check_function("F", "loss", len, "huber")
    with pytest.raises(TypeError, match="F expected loss as a function such as huber, got str 'mse'"):
        check_function("F", "loss", "mse", "huber")


def test_generators():
    rng = np.random.default_rng(0)
    assert check_rng("F", rng) is rng
    assert isinstance(check_rng("F", None), np.random.Generator)
    for wrong in (0, "seed", np.random.RandomState(0), np.random):
        with pytest.raises(TypeError, match=r"F expected rng as a np.random.Generator.*default_rng\(seed\)"):
            check_rng("F", wrong)


def test_dtypes():
    for good in (np.float32, "float64", float, np.dtype("f4")):
        assert check_dtype("F", good) in (np.float32, np.float64)
    for wrong in (int, "float16", "no such", object(), np.float16, complex):
        with pytest.raises(TypeError, match="F expected dtype float32 or float64, got "):
            check_dtype("F", wrong)


@given(st.one_of(st.text(max_size=100), st.lists(st.integers(), max_size=50), st.none(), st.floats()))
@settings(deadline=None, max_examples=50)
def test_a_description_is_short_and_names_the_type(value):
    text = describe(value)
    assert text.startswith(type(value).__name__)
    assert len(text) <= 60


def test_a_table_is_refused_by_the_types_of_its_columns():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"age": [1.5, 2.5], "ill": [True, False], "name": ["a", "b"], "height": [1.0, 2.0]})
    with pytest.raises(TypeError, match=r"got a table with columns of float64, bool, (str|object); convert"):
        check_array("F", "X", table)


@pytest.mark.parametrize(
    ("shape", "wanted", "text"),
    [
        ((4, 3), ("m", ..., 3), None),
        ((4, 5, 6, 3), ("m", ..., 3), None),
        ((4,), ("m", ...), None),
        ((4, 1, 2), ("m", ...), None),
        ((3,), ("m", ..., 3), "(m, 3), got (3,)"),  # the batch is an axis of its own
        ((4, 2), ("m", ..., 3), "(m, 3), got (4, 2)"),
        ((4, 5, 2), ("m", ..., 3), "(m, …, 3), got (4, 5, 2)"),
        ((4, 0, 3), ("m", ..., 3), "(m, …, 3), got (4, 0, 3); it is empty"),
        ((), ("m", ...), "(m,), got ()"),
    ],
)
def test_dots_stand_for_any_axes(shape, wanted, text):
    x = np.zeros(shape)
    if text is None:
        assert check_array("F", "X", x, shape=wanted) is x
    else:
        with pytest.raises(ValueError, match=re.escape(f"F expected X of shape {text}")):
            check_array("F", "X", x, shape=wanted)


def test_labels_with_a_mask_are_refused():
    with pytest.raises(TypeError, match="F expected y as a plain array, got a masked array"):
        check_labels("F", "y", np.ma.masked_equal([0, 1, 9], 9), 3, 10)
