"""Mini-batches: what they hold, and what is refused."""

import re

import numpy as np
import pytest
from fitting import X, Y
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import batches


@given(st.integers(1, 30), st.integers(1, 30), st.booleans(), st.booleans(), st.integers(0, 99))
@settings(deadline=None, max_examples=100)
def test_batches_hold_every_sample_once_beside_its_target(m, size, shuffle, drop_last, seed):
    size = min(size, m)
    X = np.arange(2.0 * m).reshape(m, 2)
    rng = np.random.default_rng(seed)
    parts = list(batches(X, np.arange(m), size, rng=rng, shuffle=shuffle, drop_last=drop_last))
    lengths = [len(X_part) for X_part, _ in parts]
    last = [] if drop_last or m % size == 0 else [m % size]
    assert lengths == [size] * (m // size) + last
    for X_part, y_part in parts:
        np.testing.assert_array_equal(X_part, X[y_part])
    seen = np.concatenate([y for _, y in parts])
    assert len(set(seen)) == len(seen) == sum(lengths)
    if not shuffle:
        np.testing.assert_array_equal(seen, np.arange(len(seen)))


def test_the_order_comes_from_the_generator_and_is_another_each_time():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate([y for _, y in batches(X, np.arange(60), 7, rng=rng)]) for _ in range(2))
    again = np.concatenate([y for _, y in batches(X, np.arange(60), 7, rng=np.random.default_rng(0))])
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, np.arange(60))


def test_without_a_size_the_one_batch_is_the_data_itself():
    ((X_part, y_part),) = batches(X, Y)
    assert np.shares_memory(X_part, X)
    np.testing.assert_array_equal(X_part, X)
    np.testing.assert_array_equal(y_part, Y)


def test_batches_are_copies_and_the_data_stays_as_it_was():
    data, before = X.copy(), X.copy()
    for X_part, _ in batches(data, Y, 7):
        X_part[...] = 0
    np.testing.assert_array_equal(data, before)


@pytest.mark.parametrize(
    ("X", "y", "arguments", "error", "message"),
    [
        (X, Y, {"batch_size": 0}, ValueError, "batches expected batch_size >= 1, got 0"),
        (X, Y, {"batch_size": -3}, ValueError, "batches expected batch_size >= 1, got -3"),
        (X, Y, {"batch_size": 61}, ValueError, "batches expected batch_size <= 60, got 61"),
        (X, Y, {"batch_size": 32.0}, TypeError, "batches expected batch_size as an integer, got float 32.0"),
        (X, Y, {"batch_size": True}, TypeError, "batches expected batch_size as an integer, got bool True"),
        (X, Y, {"batch_size": 5, "rng": 0}, TypeError, "batches expected rng as a np.random.Generator"),
        (X, Y[:59], {}, ValueError, "same number m >= 1 of rows, got X (60, 2) and y (59,)"),
        (X[:0], Y[:0], {}, ValueError, "same number m >= 1 of rows, got X (0, 2) and y (0,)"),
        (np.ma.array(X), Y, {}, TypeError, "batches expected X as a plain array, got a masked array"),
        (5, Y, {}, ValueError, "same number m >= 1 of rows, got X () and y (60,)"),
    ],
)  # fmt: skip
def test_batches_refuses_when_called_not_when_used(X, y, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        batches(X, y, **arguments)
