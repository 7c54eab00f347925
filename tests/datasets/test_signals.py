"""Digits in one dimension: what is drawn at random and what is not; and why they are there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from nnlab.datasets import make_mnist1d
from nnlab.datasets.signals import templates


@settings(max_examples=20, deadline=None)
@given(m=st.integers(1, 60), length=st.integers(12, 80), seed=st.integers(0, 2**32 - 1))
def test_shapes_classes_and_repetition(m: int, length: int, seed: int) -> None:
    X, y = make_mnist1d(m, length=length, rng=np.random.default_rng(seed))
    assert X.shape == (m, length)
    assert np.isfinite(X).all()
    counts = np.bincount(y, minlength=10)
    assert y.shape == (m,)
    assert len(counts) == 10
    assert counts.max() - counts.min() <= 1
    again = make_mnist1d(m, length=length, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(X, again[0])
    np.testing.assert_array_equal(y, again[1])


def test_scale_dtype_and_a_generator_that_moves_on() -> None:
    rng = np.random.default_rng(0)
    X, y = make_mnist1d(20_000, rng=rng)
    assert X.dtype == np.float64
    assert y.dtype.kind == "i"
    assert abs(X.mean()) < 0.05
    assert abs(X.std() - 1) < 0.02
    again, _ = make_mnist1d(5, rng=rng, dtype=np.float32)
    assert again.dtype == np.float32
    assert not np.array_equal(X[:5].astype(np.float32), again)


def test_templates_start_and_end_at_zero_and_differ() -> None:
    curves = templates()
    assert curves.shape == (10, 12)
    np.testing.assert_array_equal(curves[:, [0, -1]], 0)
    np.testing.assert_allclose(curves.std(axis=1), 1 / 6)
    distance = np.sqrt(((curves[:, None] - curves) ** 2).mean(axis=2))
    assert distance[~np.eye(10, dtype=bool)].min() > 0.05


def test_without_noise_a_curve_is_its_digit_a_slope_and_zeros() -> None:
    """With the slope fitted outside the digit taken away, the digit's own curve is left, up to its height."""
    X, y = make_mnist1d(200, length=72, noise=0, rng=np.random.default_rng(3))
    line = np.linspace(-0.5, 0.5, 72)
    slope = np.median(np.diff(X, axis=1), axis=1, keepdims=True) / (line[1] - line[0])
    flat = X - slope * line
    assert np.abs(slope).max() <= 0.375 / 0.15
    digit = np.abs(flat) > 1e-9
    assert digit.any(axis=1).all()
    assert digit.sum(axis=1).max() < 72 * 12 / 47
    largest = np.abs(templates()).max(axis=1)[y] / 0.15
    height = np.abs(flat).max(axis=1) / largest
    assert height.min() > 0.8 * 0.75  # a peak may fall between two points
    assert height.max() <= 1.2


def test_a_linear_classifier_is_far_from_enough() -> None:
    X, y = make_mnist1d(5000, rng=np.random.default_rng(0))
    accuracy = LogisticRegression(max_iter=200).fit(X[:4000], y[:4000]).score(X[4000:], y[4000:])
    assert 0.2 < accuracy < 0.4


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"m": 0}, "make_mnist1d expected m .* got 0"),
        ({"length": 11}, "make_mnist1d expected length .* got 11"),
        ({"noise": -0.1}, "make_mnist1d expected noise .* got -0.1"),
    ],
)
def test_bad_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_mnist1d(**settings)
