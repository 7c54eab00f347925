"""Metrics: accuracy by hand and by scikit-learn, directions, refusals."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score

from nnlab import accuracy
from nnlab._check import NonFiniteError
from nnlab.metrics import Metric


def largest_error(scores, targets):
    return np.abs(scores - targets).max()


@pytest.mark.parametrize(
    ("scores", "targets", "expected"),
    [
        ([[1.0, 2], [3, 0], [0, 1]], [1, 0, 0], 2 / 3),
        ([[1.0, 2], [3, 0], [0, 1]], [[0, 1], [1, 0], [1, 0]], 2 / 3),
        ([[1.0, 2], [3, 0], [0, 1]], [[0.0, 1], [1, 0], [1, 0]], 2 / 3),
        ([2.0, -1, 0.5, -3], [1, 0, 0, 1], 1 / 2),  # scores above 0 predict 1
        ([2.0, -1], [True, False], 1),
        ([[2.0], [-1]], [[1], [0]], 1),
        ([[2.0], [-1]], [[1.0], [0.0]], 1),
        ([[[2.0], [-1]]], [[[1], [1]]], 1 / 2),
        ([0.0], [1], 0),  # not above 0
        ([[[1.0, 2], [3, 0]], [[0, 1], [0, 1]]], [[1, 0], [1, 0]], 3 / 4),  # a label at each position
        ([[[1.0, 2], [3, 0]]], [[[0, 1], [0, 1]]], 1 / 2),
    ],
)
def test_accuracy_by_hand(scores, targets, expected):
    value = accuracy(np.array(scores), np.array(targets))
    assert value == pytest.approx(expected)
    assert type(value) is float


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_scikit_learn_agrees_whatever_the_axes(shape, n_classes, seed):
    rng = np.random.default_rng(seed)
    scores, y = rng.standard_normal((*shape, n_classes)), rng.integers(0, n_classes, shape)
    expected = accuracy_score(y.ravel(), scores.argmax(axis=-1).ravel())
    assert accuracy(scores, y) == pytest.approx(expected)
    assert accuracy(scores, np.eye(n_classes)[y]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scores", "targets", "error", "message"),
    [
        (np.zeros((3, 2)), np.zeros((3, 1)), ValueError, "targets of shape (3, 2), got (3, 1)"),
        (np.zeros((3, 2)), np.zeros((3, 5)), ValueError, "targets of shape (3, 2), got (3, 5)"),
        (np.zeros((3, 2)), np.zeros(2, int), ValueError, "targets of shape (3,), got (2,)"),
        (np.zeros((3, 1)), np.zeros(3), ValueError, "targets of shape (3, 1), got (3,)"),
        (np.zeros(3), np.zeros((3, 1)), ValueError, "targets of shape (3,), got (3, 1)"),
        (np.zeros((2, 3, 4)), np.zeros((2, 4), int), ValueError, "targets of shape (2, 3), got (2, 4)"),
        (np.zeros((0, 2)), np.zeros(0), ValueError, "scores of shape (m, …), got (0, 2); it is empty"),
        (np.zeros(()), 1, ValueError, "scores of shape (m,), got ()"),
        (np.array([[0, np.nan]]), [0], NonFiniteError, "finite scores, got nan at [0, 1]"),
        ("text", [0], TypeError, "scores as an array of float32 or float64, got str 'text'"),
        ([2.0, -1], [1, -1], ValueError, "targets 0 or 1, got -1"),
        ([2.0, -1], [1, 0.5], ValueError, "targets 0 or 1, got 0.5"),
        ([2.0, -1], [1, np.nan], ValueError, "targets 0 or 1, got nan"),
        ([2.0, -1], ["yes", "no"], ValueError, "targets 0 or 1, got yes"),
        ([[1.0, 2]], [2], ValueError, "targets as labels in 0 … 1, got 2"),
        ([[1.0, 2]], [1.0], TypeError, "targets as integer labels, got float64"),
        ([[1.0, 2]], [[0.3, 0.7]], ValueError, "targets 0 or 1, got 0.3"),
        ([[1.0, 2]], [[1, 1]], ValueError, "one-hot targets, with one 1 in each row"),
        ([[1.0, 2]], np.ma.array([1], mask=[True]), TypeError, "targets as a plain array, got a masked"),
        ([[1.0, 2]], np.array([1], object), TypeError, "targets as an array of numbers, got an"),
        (np.matrix([[1.0, 2]]), [1], TypeError, "scores as a plain array, got an np.matrix"),
    ],
)  # fmt: skip
def test_accuracy_refuses(scores, targets, error, message):
    with pytest.raises(error, match="^accuracy expected " + re.escape(message)):
        accuracy(scores, targets)


# ------------------------------------------------------------------------------------------- directions


def test_accuracy_is_better_when_it_is_more():
    assert accuracy.more_is_better is True


def test_a_metric_is_a_function_with_a_direction():
    metric = Metric(largest_error, more_is_better=False)
    assert metric.more_is_better is False
    value = metric(np.array([1.0, 2]), np.array([1.5, 2]))
    assert value == 0.5
    assert type(value) is float
    assert pickle.loads(pickle.dumps(metric)) == metric


def test_a_function_of_scikit_learn_takes_the_targets_first():
    metric = Metric(lambda scores, y: accuracy_score(y, scores > 0), more_is_better=True)
    assert metric(np.array([1.0, -1]), np.array([1, 1])) == 0.5


@pytest.mark.parametrize(
    ("function", "direction", "message"),
    [
        ("accuracy", True, "Metric expected function as a function such as accuracy, got str 'accuracy'"),
        (accuracy, "max", "Metric expected more_is_better as True or False, got str 'max'"),
        (accuracy, None, "Metric expected more_is_better as True or False, got NoneType None"),
    ],
)
def test_a_metric_refuses(function, direction, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        Metric(function, more_is_better=direction)


def test_a_metric_needs_a_direction():
    with pytest.raises(TypeError, match="more_is_better"):
        Metric(accuracy)
