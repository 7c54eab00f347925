"""Points in the plane: sizes, classes, shapes, and that chance comes from rng alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from nnlab import datasets

MAKERS = {
    "circles": datasets.make_circles,
    "moons": datasets.make_moons,
    "xor": datasets.make_xor,
    "blobs": datasets.make_blobs,
    "spirals": datasets.make_spirals,
}


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=20, deadline=None)
@given(m=st.integers(3, 60), seed=st.integers(0, 2**32 - 1))
def test_shapes_classes_and_repetition(name: str, m: int, seed: int) -> None:
    make = MAKERS[name]
    X, y = make(m, rng=np.random.default_rng(seed))
    assert X.shape == (m, 2)
    assert X.dtype == np.float64
    assert y.shape == (m,)
    assert y.dtype.kind == "i"
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1
    again = make(m, rng=np.random.default_rng(seed))
    np.testing.assert_array_equal(X, again[0])
    np.testing.assert_array_equal(y, again[1])


@pytest.mark.parametrize("name", MAKERS)
def test_a_generator_moves_on(name: str) -> None:
    rng = np.random.default_rng(0)
    first, second = MAKERS[name](rng=rng), MAKERS[name](rng=rng)
    assert not np.array_equal(first[0], second[0])
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - to see that the global generator is left alone
    MAKERS[name](rng=rng)
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    assert MAKERS[name](rng=rng, dtype=np.float32)[0].dtype == np.float32


def test_circles_and_moons_without_noise() -> None:
    X, y = datasets.make_circles(100, noise=0, factor=0.3, rng=np.random.default_rng(0))
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1.0, 0.3), rtol=1e-12)
    X, y = datasets.make_moons(100, noise=0, rng=np.random.default_rng(0))
    center = np.where((y == 0)[:, None], [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.hypot(*(X - center).T), 1.0, rtol=1e-12)


def test_xor_without_noise() -> None:
    X, y = datasets.make_xor(500, noise=0, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(y, (X[:, 0] * X[:, 1] < 0).astype(int))
    assert np.abs(X).max() <= 1


def test_spirals_without_noise() -> None:
    """Turned back by its own angle, every point of an arm lies on the line of that arm."""
    X, y = datasets.make_spirals(500, n_classes=4, noise=0, turns=2, rng=np.random.default_rng(0))
    radius, angle = np.hypot(*X.T), np.arctan2(X[:, 1], X[:, 0])
    turned = np.exp(1j * (angle - 2 * np.pi * 2 * radius - 2 * np.pi * y / 4))
    np.testing.assert_allclose(turned, 1, atol=1e-9)
    assert radius.min() >= 0.1
    assert radius.max() <= 1


def test_blobs_lie_evenly_around_the_origin() -> None:
    X, y = datasets.make_blobs(3000, n_classes=5, noise=0.5, rng=np.random.default_rng(0))
    for k in range(5):
        center = 4 * np.array([np.cos(2 * np.pi * k / 5), np.sin(2 * np.pi * k / 5)])
        np.testing.assert_allclose(X[y == k].mean(axis=0), center, atol=0.1)
        assert X[y == k].std(axis=0) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("name", ["circles", "xor", "spirals"])
def test_no_line_parts_the_classes_but_they_can_be_parted(name: str) -> None:
    X, y = MAKERS[name](600, noise=0.05, rng=np.random.default_rng(0))
    assert LogisticRegression().fit(X, y).score(X, y) < 0.7
    assert KNeighborsClassifier(5).fit(X[:300], y[:300]).score(X[300:], y[300:]) > 0.85


@pytest.mark.parametrize(
    ("name", "arguments", "error", "message"),
    [
        ("circles", {"m": 1}, ValueError, "make_circles expected m >= 2, got 1"),
        ("circles", {"m": 2.5}, TypeError, "make_circles expected m as an integer"),
        ("circles", {"factor": 1}, ValueError, "make_circles expected factor < 1, got 1"),
        ("moons", {"noise": -0.1}, ValueError, "make_moons expected noise >= 0, got -0.1"),
        ("moons", {"rng": 1}, TypeError, r"make_moons expected rng as a np\.random\.Generator"),
        ("xor", {"dtype": int}, TypeError, "make_xor expected dtype float32 or float64"),
        ("blobs", {"n_classes": 1}, ValueError, "make_blobs expected n_classes >= 2, got 1"),
        ("blobs", {"m": 2, "n_classes": 3}, ValueError, "make_blobs expected m >= 3, got 2"),
        ("spirals", {"turns": 0}, ValueError, "make_spirals expected turns > 0, got 0"),
        ("spirals", {"noise": np.nan}, ValueError, "make_spirals expected noise .*, got nan"),
    ],
)
def test_wrong_arguments_are_refused(name: str, arguments: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        MAKERS[name](**arguments)
