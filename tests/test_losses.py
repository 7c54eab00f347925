"""The five losses: values worked by hand, referees, gradients, weights, invariants, extremes, refusals."""

import math
import re
import warnings
from functools import partial

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from nnlab import (
    binary_cross_entropy_with_logits,
    huber,
    mean_absolute_error,
    mean_squared_error,
    numerical_gradient,
    softmax_cross_entropy,
)
from nnlab._check import NonFiniteError
from nnlab.gradcheck import relative_error

log = math.log

REGRESSION = [mean_squared_error, mean_absolute_error, huber, partial(huber, delta=0.3)]
ELEMENTWISE = [binary_cross_entropy_with_logits, *REGRESSION]
every_elementwise = pytest.mark.parametrize(
    "loss", ELEMENTWISE, ids=["bce", "mse", "mae", "huber", "huber with delta"]
)


def one_hot(y, n):
    return np.eye(n)[y]


def problem(loss, m, n, seed=0):
    """Return scores (m, n), or (m,) for n = 0, and targets that the loss takes."""
    rng = np.random.default_rng(seed)
    shape = (m, n) if n else (m,)
    scores = 2 * rng.standard_normal(shape)
    if loss is softmax_cross_entropy:
        return scores, rng.integers(0, n, m)
    if loss is binary_cross_entropy_with_logits:
        return scores, rng.integers(0, 2, shape)
    targets = rng.standard_normal(shape)
    return scores + np.copysign(0.05, scores - targets), targets  # away from the kink at d = 0


PROBLEMS = [(softmax_cross_entropy, m, n) for m, n in ((1, 2), (4, 3), (5, 1), (3, 10))]
PROBLEMS += [(loss, m, n) for loss in ELEMENTWISE for m, n in ((1, 1), (4, 0), (4, 3), (7, 1))]
every_problem = pytest.mark.parametrize(("loss", "m", "n"), PROBLEMS)


# ------------------------------------------------------------------------------------------- by hand


def test_softmax_cross_entropy_by_hand():
    # first row: softmax(0, log 3) = (1/4, 3/4), label 1: −log 3/4; second: (1/2, 1/2), label 0: log 2
    loss, gradient = softmax_cross_entropy(np.array([[0, log(3)], [5, 5]]), np.array([1, 0]))
    assert loss == pytest.approx((log(4 / 3) + log(2)) / 2, rel=1e-14)
    # (softmax − Y) / 2
    np.testing.assert_allclose(gradient, [[1 / 8, -1 / 8], [-1 / 4, 1 / 4]], rtol=1e-14)
    assert type(loss) is float


def test_equal_scores_cost_log_of_the_number_of_classes():
    for n in (2, 10, 1000):
        assert softmax_cross_entropy(np.zeros((3, n)), [0, 1, 1])[0] == pytest.approx(log(n), rel=1e-14)


def test_softmax_cross_entropy_of_class_probabilities_by_hand():
    # softmax (1/4, 3/4), target (1/2, 1/2): −½ log 1/4 − ½ log 3/4; gradient (−1/4, 1/4)
    loss, gradient = softmax_cross_entropy(np.array([[0, log(3)]]), np.array([[0.5, 0.5]]))
    assert loss == pytest.approx((log(4) + log(4 / 3)) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [[-1 / 4, 1 / 4]], rtol=1e-14)


def test_softmax_cross_entropy_with_weights_by_hand():
    # losses log 4/3 and log 2, weights 3 and 1: (3 log 4/3 + log 2) / 4
    scores, y = np.array([[0, log(3)], [5, 5]]), np.array([1, 0])
    loss, gradient = softmax_cross_entropy(scores, y, np.array([3.0, 1]))
    assert loss == pytest.approx((3 * log(4 / 3) + log(2)) / 4, rel=1e-14)
    np.testing.assert_allclose(gradient, [[3 / 16, -3 / 16], [-1 / 8, 1 / 8]], rtol=1e-14)


def test_binary_cross_entropy_by_hand():
    # s = 0, y = 1: log 2, slope 1/2 − 1; s = log 3, y = 0: −log(1 − 3/4) = log 4, slope 3/4
    loss, gradient = binary_cross_entropy_with_logits(np.array([0, log(3)]), np.array([1, 0]))
    assert loss == pytest.approx((log(2) + log(4)) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [-1 / 4, 3 / 8], rtol=1e-14)


@pytest.mark.parametrize(
    ("loss", "expected", "gradient"),
    [  # differences 0.5 and −2; losses, then slopes, both over m = 2
        (mean_squared_error, (0.25 + 4) / 2, [2 * 0.5 / 2, 2 * -2 / 2]),
        (mean_absolute_error, (0.5 + 2) / 2, [1 / 2, -1 / 2]),
        (huber, (0.125 + 1 * (2 - 0.5)) / 2, [0.5 / 2, -1 / 2]),
        (partial(huber, delta=2), (0.125 + 2) / 2, [0.5 / 2, -2 / 2]),  # |d| = δ: still d²/2 = 2
        (partial(huber, delta=0.1), (0.1 * 0.45 + 0.1 * 1.95) / 2, [0.1 / 2, -0.1 / 2]),
    ],
)
def test_regression_losses_by_hand(loss, expected, gradient):
    scores, targets = np.array([1.5, 1.0]), np.array([1.0, 3.0])
    value, computed = loss(scores, targets)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(computed, gradient, rtol=1e-14)


@every_elementwise
def test_with_several_columns_the_mean_is_over_all_entries(loss):
    scores, targets = problem(loss, 3, 4)
    entries = [loss(scores[i : i + 1, j], targets[i : i + 1, j])[0] for i in range(3) for j in range(4)]
    assert loss(scores, targets)[0] == pytest.approx(np.mean(entries), rel=1e-13)


@every_elementwise
def test_with_several_columns_a_weight_is_that_of_a_row(loss):
    scores, targets = problem(loss, 3, 4)
    w = np.array([1.0, 0.0, 2.5])
    rows = [loss(scores[i : i + 1], targets[i : i + 1])[0] for i in range(3)]
    assert loss(scores, targets, w)[0] == pytest.approx(np.average(rows, weights=w), rel=1e-13)
    assert not loss(scores, targets, w)[1][1].any()


def test_mean_absolute_error_has_slope_zero_where_it_is_right():
    np.testing.assert_array_equal(mean_absolute_error(np.zeros(2), np.zeros(2))[1], [0, 0])


# ------------------------------------------------------------------------------------------- referees


def test_scikit_learn_and_scipy_agree():
    rng = np.random.default_rng(0)
    scores, y, w = 3 * rng.standard_normal((50, 4)), rng.integers(0, 4, 50), rng.uniform(0, 2, 50)
    P = scipy.special.softmax(scores, axis=1)
    for weight in (None, w):
        expected = log_loss(y, P, labels=range(4), sample_weight=weight)
        assert softmax_cross_entropy(scores, y, weight)[0] == pytest.approx(expected, rel=1e-12)
    s, t = scores[:, 0], y % 2
    for weight in (None, w):
        expected = log_loss(t, scipy.special.expit(s), sample_weight=weight)
        assert binary_cross_entropy_with_logits(s, t, weight)[0] == pytest.approx(expected, rel=1e-12)
    for delta in (0.5, 1, 2):
        expected = scipy.special.huber(delta, s - scores[:, 1]).mean()
        assert huber(s, scores[:, 1], delta=delta)[0] == pytest.approx(expected, rel=1e-12)


def test_two_class_softmax_is_the_sigmoid_of_the_difference():
    scores, y = problem(softmax_cross_entropy, 6, 2)
    loss, gradient = softmax_cross_entropy(scores, y)
    binary, slope = binary_cross_entropy_with_logits(scores[:, 1] - scores[:, 0], y)
    assert loss == pytest.approx(binary, rel=1e-13)
    np.testing.assert_allclose(gradient, np.column_stack([-slope, slope]), rtol=1e-12)


# ------------------------------------------------------------------------------------------- gradients


@every_problem
@pytest.mark.parametrize("weighted", [False, True])
def test_gradients(loss, m, n, weighted):
    scores, targets = problem(loss, m, n)
    weight = np.random.default_rng(1).uniform(0.1, 3, m) if weighted else None
    gradient = loss(scores, targets, weight)[1]
    numerical = numerical_gradient(lambda s: loss(s, targets, weight)[0], scores)
    assert relative_error(gradient, numerical) < 1e-7


@pytest.mark.parametrize("weighted", [False, True])
def test_gradients_for_one_hot_and_soft_targets(weighted):
    scores, y = problem(softmax_cross_entropy, 5, 3)
    weight = np.arange(1.0, 6) if weighted else None
    soft = np.random.default_rng(2).dirichlet(np.ones(3), 5)
    for targets in (one_hot(y, 3), soft):
        gradient = softmax_cross_entropy(scores, targets, weight)[1]
        numerical = numerical_gradient(
            lambda s, targets=targets: softmax_cross_entropy(s, targets, weight)[0], scores
        )
        assert relative_error(gradient, numerical) < 1e-7


# ------------------------------------------------------------------------------------------- invariants


@every_problem
def test_weights_of_one_change_nothing(loss, m, n):
    scores, targets = problem(loss, m, n)
    plain, weighted = loss(scores, targets), loss(scores, targets, np.ones(m))
    assert weighted[0] == pytest.approx(plain[0], rel=1e-14)
    np.testing.assert_allclose(weighted[1], plain[1], rtol=1e-14)


@every_problem
def test_only_the_ratio_of_weights_matters_and_integers_are_repetitions(loss, m, n):
    scores, targets = problem(loss, m, n)
    repeats = np.arange(m) % 3 + 1
    value, gradient = loss(scores, targets, repeats.astype(float))
    scaled, scaled_gradient = loss(scores, targets, 7.5 * repeats)
    assert scaled == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(scaled_gradient, gradient, rtol=1e-13)
    rows = np.repeat(np.arange(m), repeats)
    long_value, long_gradient = loss(scores[rows], targets[rows])
    assert long_value == pytest.approx(value, rel=1e-13)
    summed = np.zeros_like(gradient)
    np.add.at(summed, rows, long_gradient)
    np.testing.assert_allclose(summed, gradient, rtol=1e-12)


def test_weights_may_be_integers_or_a_list():
    scores, y = problem(softmax_cross_entropy, 3, 2)
    assert (
        softmax_cross_entropy(scores, y, [1, 2, 3])[0]
        == softmax_cross_entropy(scores, y, np.array([1.0, 2, 3]))[0]
    )


@every_problem
def test_arguments_are_not_touched_and_a_second_call_gives_the_same(loss, m, n):
    scores, targets = problem(loss, m, n)
    weight = np.arange(1.0, m + 1)
    for array in (scores, targets, weight):
        array.flags.writeable = False
    for w in (None, weight):
        first, second = loss(scores, targets, w), loss(scores, targets, w)
        assert first[0] == second[0]
        np.testing.assert_array_equal(first[1], second[1])
        assert first[1].shape == scores.shape
        assert not np.shares_memory(first[1], scores)


@every_problem
@pytest.mark.parametrize("weighted", [False, True])
def test_float32_stays_float32(loss, m, n, weighted):
    scores, targets = problem(loss, m, n)
    single = targets.astype(np.float32) if targets.dtype == float else targets
    weight = np.arange(1, m + 1, dtype=np.float32) if weighted else None
    value, gradient = loss(scores.astype(np.float32), single, weight)
    assert gradient.dtype == np.float32
    assert type(value) is float
    expected, expected_gradient = loss(scores, targets, None if weight is None else weight.astype(float))
    assert value == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-3, atol=1e-6)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(-100, 100), st.booleans())
@settings(deadline=None, max_examples=50)
def test_softmax_cross_entropy_invariants(m, n, seed, shift, hot):
    rng = np.random.default_rng(seed)
    scores, y = 5 * rng.standard_normal((m, n)), rng.integers(0, n, m)
    targets = one_hot(y, n) if hot else y
    loss, gradient = softmax_cross_entropy(scores, targets)
    assert loss >= 0
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)  # each row: Σ softmax − 1
    rows = np.arange(m)
    assert (gradient[rows, y] <= 0).all()
    assert np.abs(gradient).max() <= 1 / m
    shifted, shifted_gradient = softmax_cross_entropy(scores + shift, targets)
    assert shifted == pytest.approx(loss, rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(shifted_gradient, gradient, rtol=1e-9, atol=1e-12)
    order = rng.permutation(m)
    assert softmax_cross_entropy(scores[order], targets[order])[0] == pytest.approx(loss, rel=1e-12)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_integer_labels_and_one_hot_targets_are_the_same(m, n, seed):
    rng = np.random.default_rng(seed)
    scores, y = rng.standard_normal((m, n)), rng.integers(0, n, m)
    a, b = softmax_cross_entropy(scores, y), softmax_cross_entropy(scores, one_hot(y, n).astype(int))
    assert a[0] == pytest.approx(b[0], rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(a[1], b[1], rtol=1e-12, atol=1e-16)


@every_elementwise
def test_losses_are_not_negative_and_symmetric_where_they_should_be(loss):
    scores, targets = problem(loss, 20, 3)
    assert loss(scores, targets)[0] > 0
    if loss is binary_cross_entropy_with_logits:  # swapping the classes turns the sign of the scores
        assert loss(-scores, 1 - targets)[0] == pytest.approx(loss(scores, targets)[0], rel=1e-13)
    else:
        assert loss(targets, targets)[0] == 0
        assert loss(targets, scores)[0] == loss(scores, targets)[0]
        np.testing.assert_array_equal(loss(targets, scores)[1], -loss(scores, targets)[1])


# ------------------------------------------------------------------------------------------- extremes


@pytest.mark.parametrize("size", [1000, 1e20, 1e300])
def test_extreme_scores_cost_what_they_should(size):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = np.array([[size, -size]])
        for right, wrong in ((0, 1), ([[1, 0]], [[0, 1]])):
            right, wrong = np.atleast_1d(right), np.atleast_1d(wrong)
            loss, gradient = softmax_cross_entropy(scores, right)
            assert loss == 0
            assert not gradient.any()
            loss, gradient = softmax_cross_entropy(scores, wrong)
            assert loss == 2 * size
            np.testing.assert_array_equal(gradient, [[1, -1]])
        loss, gradient = binary_cross_entropy_with_logits(np.array([size, -size]), np.array([1, 0]))
        assert loss == 0
        assert not gradient.any()
        loss, gradient = binary_cross_entropy_with_logits(np.array([size, -size]), np.array([0, 1]))
        assert loss == size
        np.testing.assert_array_equal(gradient, [1 / 2, -1 / 2])
        assert huber(np.array([size]), np.zeros(1))[0] == size - 0.5
        assert mean_absolute_error(np.array([size]), np.zeros(1))[0] == size


def test_small_losses_keep_their_figures():
    # log(1 + e^−40) = e^−40 to 17 digits; 1 + e^−40 alone would round to 1
    loss, _ = binary_cross_entropy_with_logits(np.array([40.0]), np.array([1]))
    assert loss == pytest.approx(math.exp(-40), rel=1e-14)


# ------------------------------------------------------------------------------------------- axes, and torch


def torch_loss(loss):
    """Return what torch calls the loss: (scores, targets, **settings) -> (loss, gradient), in NumPy."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    theirs = {
        binary_cross_entropy_with_logits: F.binary_cross_entropy_with_logits,
        mean_squared_error: F.mse_loss,
        mean_absolute_error: F.l1_loss,
        huber: F.huber_loss,
        softmax_cross_entropy: lambda s, y, **kw: F.cross_entropy(
            s.movedim(-1, 1), y if y.ndim < s.ndim else y.movedim(-1, 1), **kw
        ),
    }[loss]

    def compute(scores, targets, **settings):
        s = torch.tensor(scores, requires_grad=True)
        value = theirs(s, torch.tensor(targets), **settings)
        value.backward()
        return value.item(), s.grad.numpy()

    return compute


def assert_same(ours, theirs):
    assert ours[0] == pytest.approx(theirs[0], rel=1e-12)
    assert ours[1].shape == theirs[1].shape
    np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-12, atol=1e-15)


SHAPES = [(4,), (4, 3), (2, 3, 5), (2, 1, 3, 2)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("ignore_index", [None, -100, 2])
def test_softmax_cross_entropy_as_in_torch(shape, smoothing, ignore_index):
    rng = np.random.default_rng(0)
    scores, y = 3 * rng.standard_normal((*shape, 4)), rng.integers(0, 4, shape)
    settings = {"label_smoothing": smoothing}
    if ignore_index is not None:
        y.flat[[0, 2]] = ignore_index
        y.flat[1] = 1  # one at least that counts
        settings["ignore_index"] = ignore_index
    ours = softmax_cross_entropy(scores, y, **settings)
    assert_same(ours, torch_loss(softmax_cross_entropy)(scores, y, **settings))
    if ignore_index is not None:
        assert not ours[1][y == ignore_index].any()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_probabilities_as_in_torch(shape, smoothing):
    rng = np.random.default_rng(0)
    scores, Y = 3 * rng.standard_normal((*shape, 4)), rng.dirichlet(np.ones(4), shape)
    ours = softmax_cross_entropy(scores, Y, label_smoothing=smoothing)
    assert_same(ours, torch_loss(softmax_cross_entropy)(scores, Y, label_smoothing=smoothing))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("loss", [binary_cross_entropy_with_logits, *REGRESSION[:3]])
def test_elementwise_losses_as_in_torch(loss, shape):
    rng = np.random.default_rng(0)
    scores, targets = 3 * rng.standard_normal(shape), rng.uniform(0, 1, shape)
    targets.flat[:2] = 0, 1
    assert_same(loss(scores, targets), torch_loss(loss)(scores, targets))


def test_label_smoothing_by_hand():
    # softmax (1/4, 3/4), label 1, ε = 0.2: targets (0.1, 0.9)
    loss, gradient = softmax_cross_entropy(np.array([[0, log(3)]]), [1], label_smoothing=0.2)
    assert loss == pytest.approx(0.1 * log(4) + 0.9 * log(4 / 3), rel=1e-14)
    np.testing.assert_allclose(gradient, [[0.25 - 0.1, 0.75 - 0.9]], rtol=1e-14)


def test_ignored_positions_by_hand():
    # losses log 4/3 and log 2 count, the position between them does not
    scores = np.array([[[0, log(3)], [7, 1], [5, 5]]])
    loss, gradient = softmax_cross_entropy(scores, [[1, -1, 0]], ignore_index=-1)
    assert loss == pytest.approx((log(4 / 3) + log(2)) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, [[[1 / 8, -1 / 8], [0, 0], [-1 / 4, 1 / 4]]], rtol=1e-14)


def test_a_weight_is_that_of_every_position_of_its_sample():
    rng = np.random.default_rng(0)
    scores, y, w = rng.standard_normal((3, 4, 5)), rng.integers(0, 5, (3, 4)), np.array([1.0, 0, 2.5])
    y[0, 1:] = -1
    value, gradient = softmax_cross_entropy(scores, y, w, ignore_index=-1, label_smoothing=0.1)
    rows, positions = np.nonzero(y != -1)
    flat, flat_gradient = softmax_cross_entropy(
        scores[rows, positions], y[rows, positions], w[rows], label_smoothing=0.1
    )
    assert value == pytest.approx(flat, rel=1e-13)
    np.testing.assert_allclose(gradient[rows, positions], flat_gradient, rtol=1e-13)
    assert not gradient[y == -1].any()


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.3]),
)
@settings(deadline=None, max_examples=50)
def test_more_axes_are_more_rows(shape, n_classes, seed, smoothing):
    rng = np.random.default_rng(seed)
    scores, y = rng.standard_normal((*shape, n_classes)), rng.integers(0, n_classes, shape)
    value, gradient = softmax_cross_entropy(scores, y, label_smoothing=smoothing)
    flat, flat_gradient = softmax_cross_entropy(
        scores.reshape(-1, n_classes), y.reshape(-1), label_smoothing=smoothing
    )
    assert value == flat
    np.testing.assert_array_equal(gradient, flat_gradient.reshape(scores.shape))
    hot = softmax_cross_entropy(scores, np.eye(n_classes)[y], label_smoothing=smoothing)
    assert hot[0] == pytest.approx(value, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(hot[1], gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_of_any_integers(dtype):
    scores, y = problem(softmax_cross_entropy, 6, 3)
    assert softmax_cross_entropy(scores, y.astype(dtype))[0] == softmax_cross_entropy(scores, y)[0]


@pytest.mark.parametrize("settings", [{"label_smoothing": 0.1}, {"ignore_index": 0}])
def test_float32_stays_float32_with_settings(settings):
    scores = np.random.default_rng(0).standard_normal((4, 5, 3)).astype(np.float32)
    y = np.random.default_rng(1).integers(0, 3, (4, 5))
    value, gradient = softmax_cross_entropy(scores, y, **settings)
    assert gradient.dtype == np.float32
    assert value == pytest.approx(softmax_cross_entropy(scores.astype(float), y, **settings)[0], rel=1e-5)


# ------------------------------------------------------------------------------------------- no wrong number


@every_problem
@pytest.mark.parametrize("size", [1e308, 5e-324])
def test_huge_and_tiny_weights_are_weights(loss, m, n, size):
    scores, targets = problem(loss, m, n)
    plain, weighted = loss(scores, targets), loss(scores, targets, np.full(m, size))
    assert weighted[0] == pytest.approx(plain[0], rel=1e-13)
    np.testing.assert_allclose(weighted[1], plain[1], rtol=1e-13)


@every_problem
def test_the_readers_errstate_does_not_matter(loss, m, n):
    scores, targets = problem(loss, m, n)
    scores = 300 * scores
    weight = np.geomspace(1e-320, 1, m)
    expected = [loss(scores, targets), loss(scores, targets, weight)]
    with np.errstate(all="raise"):
        for (value, gradient), again in zip(
            expected, [loss(scores, targets), loss(scores, targets, weight)], strict=True
        ):
            assert value == again[0]
            np.testing.assert_array_equal(gradient, again[1])


def test_one_ignored_batch_says_so():
    message = "softmax_cross_entropy expected targets other than ignore_index=0, got none; leave out batches"
    with pytest.raises(ValueError, match=re.escape(message)):
        softmax_cross_entropy(np.zeros((2, 3)), [0, 0], ignore_index=0)


def test_weight_only_where_positions_are_ignored_is_refused():
    with pytest.raises(ValueError, match="expected sample_weight >= 0, and > 0 somewhere"):
        softmax_cross_entropy(np.zeros((2, 3)), [0, 1], np.array([1.0, 0]), ignore_index=0)


# ------------------------------------------------------------------------------------------- refusals


NEGATIVE = [[1, 0, 0], [0, 1, 0], [2, -1, 0]]


@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        ([0, 1, 3], ValueError, "expected targets as labels in 0 … 2, got 3"),
        ([0, -1, 2], ValueError, "expected targets as labels in 0 … 2, got -1"),
        ([0.0, 1.0, 2.0], TypeError, "expected targets as integer labels, got float64; convert them with"),
        ([0, 1, np.nan], TypeError, "expected targets as integer labels, got float64"),
        (["a", "b", "c"], TypeError, "expected targets as integer labels, got <U1"),
        ([0, 1], ValueError, "expected targets of shape (3,), got (2,)"),
        ([], TypeError, "expected targets as integer labels, got float64"),
        (np.zeros(0, int), ValueError, "expected targets of shape (3,), got (0,); it is empty"),
        (1, ValueError, "expected targets of shape (3,), got ()"),
        (np.ma.array([0, 9999, 1], mask=[0, 1, 0]), TypeError, "expected targets as a plain array, got a"),
        (np.array([0, 1, None]), TypeError, "expected targets as an array of numbers, got an array"),
        (np.array([True, False, True]), TypeError, "expected targets as integer labels, got bool"),
        (np.array([0, 2**64 - 1, 1], np.uint64), ValueError, "expected targets as labels in 0 … 2, got 1844"),
        ([[0], [1], [2]], ValueError, "expected targets of shape (3, 3), got (3, 1)"),
        (np.eye(3)[:2], ValueError, "expected targets of shape (3, 3), got (2, 3)"),
        (np.eye(3, dtype=np.float32), TypeError, "expected targets of dtype float64, got float32"),
        (np.full((3, 3), np.nan), NonFiniteError, "expected finite targets, got nan at [0, 0]"),
        (2 * np.eye(3), ValueError, "expected rows of targets >= 0 with sum 1, got [2. 0. 0.] in row 0"),
        (np.zeros((3, 3)), ValueError, "expected rows of targets >= 0 with sum 1, got [0. 0. 0.] in row 0"),
        (NEGATIVE, ValueError, "expected rows of targets >= 0 with sum 1, got [ 2. -1.  0.] in row 2"),
    ],
)  # fmt: skip
def test_softmax_cross_entropy_refuses_targets(targets, error, message):
    with pytest.raises(error, match="^softmax_cross_entropy " + re.escape(message)):
        softmax_cross_entropy(np.zeros((3, 3)), targets)


@pytest.mark.parametrize("loss", [softmax_cross_entropy, *ELEMENTWISE])
@pytest.mark.parametrize(
    ("scores", "error", "message"),
    [
        (np.zeros((0, 2)), ValueError, "got (0, 2)"),
        (np.zeros((2, 0)), ValueError, "got (2, 0)"),
        (np.zeros((2, 0, 2)), ValueError, "got (2, 0, 2)"),
        (np.zeros(()), ValueError, "got ()"),
        (np.ma.ones((2, 2)), TypeError, "expected scores as a plain array, got a masked array"),
        (np.matrix([[0.0, 1]]), TypeError, "expected scores as a plain array, got an np.matrix"),
        (
            np.array([[0.0, None]]),
            TypeError,
            "expected scores as an array of float32 or float64, got an array of object",
        ),
        (np.array([[0, np.nan]]), NonFiniteError, "expected finite scores, got nan at [0, 1]"),
        (np.array([[np.inf, 0]]), NonFiniteError, "expected finite scores, got inf at [0, 0]"),
        ("text", TypeError, "expected scores as an array of float32 or float64, got str 'text'"),
        (np.zeros((2, 2), complex), TypeError, "got an array of complex128"),
    ],
)
def test_bad_scores(loss, scores, error, message):
    with pytest.raises(error, match=r"^\w+ expected .*" + re.escape(message.removeprefix("expected "))):
        loss(scores, np.zeros(2, int))


@every_elementwise
@pytest.mark.parametrize(
    ("scores", "targets", "error", "message"),
    [
        (np.zeros(3), np.zeros((3, 1)), ValueError, "expected targets of shape (3,), got (3, 1)"),
        (np.zeros((3, 1)), np.zeros(3), ValueError, "expected targets of shape (3, 1), got (3,)"),
        (np.zeros(3), np.zeros(1), ValueError, "expected targets of shape (3,), got (1,)"),
        (np.zeros(3), 0, ValueError, "expected targets of shape (3,), got ()"),
        (np.zeros(3), np.zeros(0), ValueError, "expected targets of shape (3,), got (0,); it is empty"),
        (np.zeros(2), np.array([0, np.nan]), NonFiniteError, "expected finite targets, got nan at [1]"),
        (np.zeros(2), np.array([0, -np.inf]), NonFiniteError, "expected finite targets, got -inf at [1]"),
        (np.zeros(2, np.float32), np.zeros(2), TypeError, "expected targets of dtype float32, got float64"),
        (np.zeros(2), ["a", "b"], TypeError, "expected targets as an array of float32 or float64, got"),
        (
            np.zeros(2),
            np.ma.array([1.0, 9999], mask=[0, 1]),
            TypeError,
            "expected targets as a plain array, got",
        ),
        (
            np.zeros((1, 2)),
            np.matrix([[0, 1]]),
            TypeError,
            "expected targets as a plain array, got an np.matrix",
        ),
        (
            np.zeros((2, 3, 4)),
            np.zeros((2, 4, 3)),
            ValueError,
            "expected targets of shape (2, 3, 4), got (2, 4, 3)",
        ),
    ],
)
def test_bad_targets(loss, scores, targets, error, message):
    with pytest.raises(error, match=r"^\w+ " + re.escape(message)):
        loss(scores, targets)


@pytest.mark.parametrize("bad", [2, -1, 1.01])
def test_targets_of_the_binary_loss_are_probabilities(bad):
    message = f"expected targets in [0, 1], got {float(bad)}; encode the two classes as 0 and 1"
    with pytest.raises(ValueError, match="binary_cross_entropy_with_logits " + re.escape(message)):
        binary_cross_entropy_with_logits(np.zeros(2), [1, bad])


@every_problem
@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (lambda m: np.ones(m + 1), ValueError, "expected sample_weight of shape ({m},), got ({m_1},)"),
        (lambda m: np.ones((m, 1)), ValueError, "expected sample_weight of shape ({m},), got ({m}, 1)"),
        (lambda m: np.ones(()), ValueError, "expected sample_weight of shape ({m},), got ()"),
        (
            lambda m: np.zeros(m),
            ValueError,
            "expected sample_weight >= 0, and > 0 somewhere, got weights from 0.0 to 0.0",
        ),
        (
            lambda m: -np.ones(m),
            ValueError,
            "expected sample_weight >= 0, and > 0 somewhere, got weights from -1.0",
        ),
        (lambda m: np.full(m, np.nan), NonFiniteError, "expected finite sample_weight, got nan at [0]"),
        (lambda m: np.ones(m, np.float32), TypeError, "expected sample_weight of dtype float64, got float32"),
        (
            lambda m: "balanced",
            TypeError,
            "expected sample_weight as an array of float32 or float64, got str",
        ),
    ],
    ids=["long", "column", "scalar", "zero", "negative", "nan", "float32", "text"],
)
def test_bad_weights(loss, m, n, weight, error, message):
    scores, targets = problem(loss, m, n)
    with pytest.raises(error, match=re.escape(message.format(m=m, m_1=m + 1))):
        loss(scores, targets, weight(m))


@pytest.mark.parametrize(
    ("delta", "error"), [(0, ValueError), (-1, ValueError), (np.inf, ValueError), ("1", TypeError)]
)
def test_huber_wants_a_positive_delta(delta, error):
    with pytest.raises(error, match="huber expected delta "):
        huber(np.zeros(2), np.zeros(2), delta=delta)


@pytest.mark.parametrize(
    ("targets", "settings", "error", "message"),
    [
        ([0, 1], {"label_smoothing": 1.1}, ValueError, "expected label_smoothing <= 1, got 1.1"),
        ([0, 1], {"label_smoothing": -0.1}, ValueError, "expected label_smoothing >= 0, got -0.1"),
        ([0, 1], {"label_smoothing": "a"}, TypeError, "expected label_smoothing as a number, got str 'a'"),
        ([0, 1], {"ignore_index": 0.5}, TypeError, "expected ignore_index as an integer, got float 0.5"),
        ([0, 5], {"ignore_index": 0}, ValueError, "expected targets as labels in 0 … 2, got 5"),
        ([0.0, 1], {"ignore_index": 0}, TypeError, "expected targets as integer labels, got float64"),
        ([[1, 0, 0]] * 2, {"ignore_index": 0}, ValueError, "expected integer labels with ignore_index, got"),
        ([0, -100], {}, ValueError, "expected targets as labels in 0 … 2, got -100"),
    ],
)  # fmt: skip
def test_bad_settings(targets, settings, error, message):
    with pytest.raises(error, match="^softmax_cross_entropy " + re.escape(message)):
        softmax_cross_entropy(np.zeros((2, 3)), targets, **settings)
