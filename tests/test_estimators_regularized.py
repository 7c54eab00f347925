"""The estimators' penalties, dropout, schedules, label smoothing and clipping: each is as with `fit`."""

import pickle
import re
from functools import partial
from typing import ClassVar

import joblib
import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from nnlab import (
    Adam,
    Dropout,
    Linear,
    ReLU,
    Sequential,
    binary_cross_entropy_with_logits,
    fit,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlab.estimators import SCHEDULES, MLPClassifier, MLPRegressor
from nnlab.initializers import he_normal
from nnlab.penalties import elastic, l1, l2
from nnlab.schedules import cosine, linear, one_cycle, warmup
from nnlab.twins.pytorch import to_torch

BOTH = [MLPClassifier, MLPRegressor]
both = pytest.mark.parametrize("kind", BOTH)
SMALL = {
    "hidden_layer_sizes": (8, 6),
    "epochs": 6,
    "batch_size": 32,
    "learning_rate": 0.01,
    "random_state": 0,
}
STEPS = 6 * 3  # of 90 rows in batches of 32


def warmed_up(learning_rate, steps):
    """A schedule of one's own, made of those of the package."""
    return warmup(cosine(learning_rate, steps - 4), 4)


EACH = {
    "l2": {"alpha": 0.01},
    "l1": {"alpha": 0.01, "l1_ratio": 1},
    "elastic": {"alpha": 0.02, "l1_ratio": 0.25},
    "dropout": {"dropout": 0.3},
    "cosine": {"schedule": "cosine"},
    "linear": {"schedule": "linear"},
    "one_cycle": {"schedule": "one_cycle"},
    "own": {"schedule": warmed_up},
    "clip_norm": {"clip_norm": 0.1},
    "clip_value": {"clip_value": 0.01},
    "all": {"alpha": 0.02, "l1_ratio": 0.25, "dropout": 0.3, "schedule": "cosine", "clip_norm": 0.1},
}
each = pytest.mark.parametrize("settings", EACH.values(), ids=EACH)


@pytest.fixture
def blobs():
    """Three clouds in the plane: X (90, 2), y (90,)."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    return rng.standard_normal((90, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[y], y


def weights(estimator):
    return [p.value for p in estimator.network_.parameters()]


def assert_same_weights(a, b):
    for x, y in zip(weights(a), weights(b), strict=True):
        np.testing.assert_array_equal(x, y)


def differ(a, b):
    return any((x != y).any() for x, y in zip(weights(a), weights(b), strict=True))


# ------------------------------------------------------------------------------------------- by hand


BY_HAND = {
    "l2": {"penalty": l2(0.01)},
    "l1": {"penalty": l1(0.01)},
    "elastic": {"penalty": elastic(0.005, 0.015)},
    "cosine": {"lr": cosine(0.01, STEPS)},
    "linear": {"lr": linear(0.01, STEPS, start_factor=1, end_factor=0)},
    "one_cycle": {"lr": one_cycle(0.01, STEPS)},
    "own": {"lr": warmup(cosine(0.01, STEPS - 4), 4)},
    "clip_norm": {"clip_norm": 0.1},
    "clip_value": {"clip_value": 0.01},
    "all": {"penalty": elastic(0.005, 0.015), "lr": cosine(0.01, STEPS), "clip_norm": 0.1},
}


def by_hand(X, targets, n_out, loss, *, dropout=0.0, lr=0.01, penalty=None, **clip):
    """Return the network that `fit` trains on X and targets, made layer by layer."""
    rng = np.random.default_rng(0)
    _, *masks = rng.spawn(3)  # the first deals out the rows for early stopping
    new = partial(Linear, weight_init=he_normal, rng=rng)
    drops = [[Dropout(dropout, rng=mask)] if dropout else [] for mask in masks]
    network = Sequential(new(2, 8), ReLU(), *drops[0], new(8, 6), ReLU(), *drops[1], new(6, n_out))
    optimizer = Adam(network.parameters(), lr, **clip)
    settings = {"epochs": 6, "batch_size": 32, "rng": rng, "penalty": penalty}
    history = fit(network, X, targets, loss=loss, optimizer=optimizer, **settings)
    return network, history


@both
@pytest.mark.parametrize("name", EACH)
def test_it_is_what_fit_makes_of_a_network_built_by_hand(kind, name, blobs):
    X, y = blobs
    estimator = kind(**SMALL, **EACH[name]).fit(X, y)
    given = BY_HAND.get(name, {}) | {"dropout": EACH[name].get("dropout", 0.0)}
    if kind is MLPClassifier:
        network, history = by_hand(X, y, 3, softmax_cross_entropy, **given)
    else:
        network, history = by_hand(X, y[:, None].astype(float), 1, mean_squared_error, **given)
    for ours, p in zip(weights(estimator), network.parameters(), strict=True):
        np.testing.assert_array_equal(ours, p.value)
    assert estimator.loss_curve_ == history["loss"]  # with the penalty
    assert differ(estimator, kind(**SMALL).fit(X, y))


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_label_smoothing_is_that_of_the_loss(blobs, dropout):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, label_smoothing=0.2, dropout=dropout).fit(X, y)
    network, history = by_hand(X, y, 3, partial(softmax_cross_entropy, label_smoothing=0.2), dropout=dropout)
    for ours, p in zip(weights(estimator), network.parameters(), strict=True):
        np.testing.assert_array_equal(ours, p.value)
    assert estimator.loss_curve_ == history["loss"]


def test_label_smoothing_of_several_labels_moves_each_towards_a_half(blobs):
    X, _ = blobs
    y = (X > 1).astype(int)
    estimator = MLPClassifier(**SMALL, label_smoothing=0.2).fit(X, y)
    network, history = by_hand(X, np.where(y, 0.9, 0.1), 2, binary_cross_entropy_with_logits)
    for ours, p in zip(weights(estimator), network.parameters(), strict=True):
        np.testing.assert_allclose(ours, p.value, rtol=1e-9)
    np.testing.assert_allclose(estimator.loss_curve_, history["loss"])


def test_alpha_is_scikit_learns_times_the_rows_of_a_batch(blobs):
    X, y = blobs
    theirs = TheirClassifier(
        (6,), solver="sgd", momentum=0.5, nesterovs_momentum=False, alpha=9.0, batch_size=90,
        learning_rate_init=0.1, shuffle=False,
    )  # fmt: skip
    theirs.partial_fit(X, y, classes=[0, 1, 2])
    ours = MLPClassifier(
        6, optimizer="sgd", momentum=0.5, alpha=9.0 / 90, learning_rate=0.1, batch_size=None, random_state=0
    )
    start = clone(ours).set_params(learning_rate=1e-300, epochs=1).fit(X, y)  # no step at all
    for theirs_, mine in zip(
        (*theirs.coefs_, *theirs.intercepts_), (*start.coefs_, *start.intercepts_), strict=True
    ):
        theirs_[...] = mine
    for velocity in theirs._optimizer.velocities:
        velocity[...] = 0
    for _ in range(20):
        theirs.partial_fit(X, y)
    ours.set_params(epochs=20).fit(X, y)
    for a, b in zip((*ours.coefs_, *ours.intercepts_), (*theirs.coefs_, *theirs.intercepts_), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_[1:], rtol=1e-9)


# ------------------------------------------------------------------------------------------- their checks


def checks():
    """scikit-learn's checks of both estimators with each setting, by turns.

    With dropout, a weight of 2 is not a doubled row: each of the two rows has a mask of its own.
    """
    cases = []
    made = [MLPClassifier(alpha=0.001, l1_ratio=0.5, schedule="cosine", label_smoothing=0.1, clip_norm=10.0)]
    made += [MLPRegressor(alpha=0.001, schedule="one_cycle", learning_rate=0.01, clip_value=100.0)]
    made += [kind(dropout=0.1, learning_rate=0.003) for kind in BOTH]
    for estimator in made:
        name = type(estimator).__name__ + "-dropout" * bool(estimator.dropout)
        for one, check in estimator_checks_generator(estimator):
            if not (estimator.dropout and "sample_weight_equivalence" in str(check)):
                cases.append(pytest.param(one, check, id=f"{name}-{check.func.__name__}"))
    return cases


@pytest.mark.parametrize(("estimator", "check"), checks())
def test_scikit_learns_checks(estimator, check, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # some checks ask for it, and are skipped without
    check(estimator)


# ---------------------------------------------------------------------------------------- modes and copies


@both
def test_predictions_are_made_in_evaluation_mode(kind, blobs):
    X, y = blobs
    estimator = kind(**SMALL, dropout=0.5).fit(X, y)
    assert [type(layer).__name__ for layer in estimator.network_.layers].count("Dropout") == 2
    assert not any(layer.training for _, layer in estimator.network_.named_layers())
    scores = estimator.network_.forward(X)  # without a mask: the mode is that of evaluation
    (first, b), *others = zip(estimator.coefs_, estimator.intercepts_, strict=True)
    expected = X @ first + b
    for W, b in others:
        expected = np.maximum(expected, 0) @ W + b
    np.testing.assert_allclose(scores, expected)
    names = ["predict_proba", "predict_log_proba"] if kind is MLPClassifier else []
    for name in ["predict", *names]:
        np.testing.assert_array_equal(getattr(estimator, name)(X), getattr(estimator, name)(X))
    assert estimator.score(X, y) == estimator.score(X, y)
    if kind is MLPClassifier:
        np.testing.assert_allclose(estimator.predict_log_proba(X), log_softmax(expected, axis=1))
    else:
        np.testing.assert_array_equal(estimator.predict(X), scores[:, 0])


def test_predicting_between_epochs_changes_nothing(blobs):
    X, y = blobs
    straight = MLPClassifier(**SMALL, dropout=0.5).fit(X, y)
    stepwise = MLPClassifier(**SMALL, dropout=0.5)
    for epoch in range(6):
        stepwise.partial_fit(X, y, classes=[0, 1, 2] if epoch == 0 else None).predict(X)
    assert_same_weights(stepwise, straight)


def test_without_dropout_there_is_no_such_layer(blobs):
    assert "Dropout" not in repr(MLPClassifier(**SMALL).fit(*blobs).network_)


def test_a_network_with_dropout_has_a_twin(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, dropout=0.5).fit(X, y)
    import torch

    module = to_torch(estimator.network_).eval()
    with torch.no_grad():
        scores = module(torch.from_numpy(X)).numpy()
    np.testing.assert_allclose(scores, estimator.decision_function(X))


@both
@each
def test_clones_and_pickles(kind, settings, blobs, tmp_path):
    X, y = blobs
    estimator = kind(**SMALL, **settings).fit(X, y)
    fresh = clone(estimator)
    assert fresh.get_params() == estimator.get_params()
    assert_same_weights(fresh.fit(X, y), estimator)
    joblib.dump(estimator, tmp_path / "estimator.joblib")
    for copied in (pickle.loads(pickle.dumps(estimator)), joblib.load(tmp_path / "estimator.joblib")):
        np.testing.assert_array_equal(copied.predict(X), estimator.predict(X))
        assert_same_weights(copied.partial_fit(X, y), clone_of(estimator).partial_fit(X, y))


def clone_of(estimator):
    return pickle.loads(pickle.dumps(estimator))


def test_a_pickle_carries_no_mask(blobs):
    X, y = blobs

    def size(rows):
        settings = {**SMALL, "batch_size": None, "epochs": 2}
        many = np.resize(X, (rows, 2)), np.resize(y, rows)
        return len(pickle.dumps(MLPClassifier(**settings, dropout=0.5).fit(*many)))

    assert abs(size(9000) - size(90)) < 100


# ------------------------------------------------------------------------------------------- going on


@both
@each
def test_partial_fit_is_an_epoch_with_a_part_of_the_schedule(kind, settings, blobs):
    X, y = blobs
    straight = kind(**SMALL, **settings).fit(X, y)
    first = {"classes": [0, 1, 2]} if kind is MLPClassifier else {}
    stepwise = kind(**SMALL, **settings).partial_fit(X, y, **first)
    for epoch in range(5):
        stepwise = clone_of(stepwise) if epoch == 2 else stepwise
        stepwise.partial_fit(X, y)
    assert_same_weights(stepwise, straight)
    assert stepwise.loss_curve_ == straight.loss_curve_


@both
@pytest.mark.parametrize("name", [name for name in EACH if "schedule" not in EACH[name]])
def test_a_warm_start_goes_on_bit_for_bit(kind, name, blobs):
    straight = kind(**SMALL, **EACH[name]).fit(*blobs)
    warm = kind(**SMALL, **EACH[name], warm_start=True).set_params(epochs=2).fit(*blobs)
    warm.set_params(epochs=4).fit(*blobs)
    assert_same_weights(warm, straight)


class Recorded:
    """A schedule that remembers which of how many steps it was asked about."""

    asked: ClassVar[list] = []

    def __init__(self, learning_rate, steps):
        self.learning_rate, self.steps, self.is_checked = learning_rate, steps, False

    def __call__(self, t):
        if self.is_checked:  # the first call only looks whether it can be called
            self.asked.append((t, self.steps))
        self.is_checked = True
        return self.learning_rate


def test_a_schedule_spans_each_fit_and_then_as_many_partial_fits_as_there_are_epochs(blobs):
    X, y = blobs

    def steps(call, *arguments):
        Recorded.asked.clear()
        call(*arguments)
        return sorted({t for t, _ in Recorded.asked}), {total for _, total in Recorded.asked}

    estimator = MLPClassifier(**SMALL, schedule=Recorded, warm_start=True)
    for _ in range(2):  # each fit begins again
        asked, total = steps(estimator.fit, X, y)
        assert asked[:1] + asked[STEPS - 1 :] in ([0, STEPS - 1], [0, STEPS - 1, STEPS])
        assert total == {STEPS}
    asked, total = steps(estimator.partial_fit, X, y)  # and so does the first partial_fit,
    assert (asked[0], asked[2], total) == (0, 2, {STEPS})
    asked, _ = steps(estimator.partial_fit, X, y)  # the second goes on
    assert (asked[0], asked[2]) == (3, 5)
    estimator.set_params(early_stopping=True, validation_fraction=0.3)
    assert steps(estimator.fit, X, y)[1] == {6 * 2}  # 63 rows are left to learn from
    estimator.set_params(optimizer="sgd").partial_fit(X, y)  # another optimizer, which begins at 0
    assert steps(estimator.fit, X, y)[0][0] == 0
    estimator.set_params(batch_size=None)
    assert steps(estimator.fit, X, y)[1] == {6}


def test_after_its_schedule_partial_fit_keeps_the_last_rate(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, schedule="cosine").partial_fit(X, y, classes=[0, 1, 2])
    for _ in range(5):
        estimator.partial_fit(X, y)
    before = clone_of(estimator)
    assert_same_weights(estimator.partial_fit(X, y), before)  # a cosine ends at 0
    assert differ(estimator.set_params(schedule="constant").partial_fit(X, y), before)


@both
@each
def test_early_stopping_keeps_the_best_epoch(kind, settings, blobs):
    X, y = blobs
    noisy = np.random.default_rng(1).permutation(y)  # nothing to learn: the validation loss must rise
    given = {**SMALL, "epochs": 40, "patience": 3, "early_stopping": True, "learning_rate": 0.03}
    estimator = kind(**given, **settings, warm_start=True).fit(X, noisy)
    losses = estimator.history_["val_loss"]
    assert estimator.history_.best_epoch == int(np.argmin(losses)) + 1
    again = estimator.fit(X, noisy)
    assert len(again.loss_curve_) == len(losses) + again.n_iter_
    assert np.isfinite(again.predict(X)).all()


# ------------------------------------------------------------------------------------------- what they do


def test_l1_turns_useless_weights_to_almost_nothing(blobs):
    X, y = blobs
    X = np.column_stack([X, np.random.default_rng(1).standard_normal((90, 8))])
    settings = {"hidden_layer_sizes": (), "epochs": 300, "learning_rate": 0.003, "random_state": 0}

    def useless(**penalty):
        return np.abs(MLPClassifier(**settings, **penalty).fit(X, y).coefs_[0][2:]).mean()

    assert useless(alpha=0.1, l1_ratio=1) < useless(alpha=0.1) / 5 < useless() / 5


def test_smoothed_labels_make_less_certain_networks(blobs):
    X, y = blobs
    settings = {"epochs": 200, "learning_rate": 0.01, "random_state": 0}
    sharp, soft = (MLPClassifier(**settings, label_smoothing=e).fit(X, y) for e in (0.0, 0.2))
    assert soft.predict_proba(X).max() < 0.97 < sharp.predict_proba(X).max()


def test_dropout_narrows_the_gap_between_training_and_test_loss():
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, train_size=150, stratify=y, random_state=0)

    def gap(seed, p):
        settings = {"epochs": 80, "learning_rate": 0.003, "batch_size": 32, "random_state": seed}
        model = MLPClassifier((128,), dropout=p, **settings).fit(X, y)
        losses = [
            -model.predict_log_proba(A)[np.arange(len(b)), b].mean() for A, b in ((X, y), (X_test, y_test))
        ]
        return losses[1] - losses[0]

    assert all(gap(seed, 0.5) < gap(seed, 0.0) for seed in range(3))


def test_clipping_tames_a_rate_at_which_training_diverges(blobs):
    X, y = blobs
    wild = MLPRegressor(**{**SMALL, "learning_rate": 0.1}, optimizer="sgd", clip_norm=0.1).fit(X, 1e6 * y)
    assert np.isfinite(wild.loss_curve_).all()


def test_a_search_over_all_of_them_in_two_processes(blobs):
    def own(learning_rate, steps):  # a local one is sent by value: the other process need not find this file
        return warmup(cosine(learning_rate, steps - 4), 4)

    X, y = blobs
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {
        "alpha": [0.0, 1.0],
        "dropout": [0.0, 0.2],
        "schedule": ["constant", "cosine", own],
        "label_smoothing": [0.0, 0.1],
    }
    grid = {f"mlpclassifier__{name}": values for name, values in grid.items()}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(X, y)
    assert len(search.cv_results_["params"]) == 24
    assert search.best_params_["mlpclassifier__alpha"] == 0.0  # 1 leaves hardly any weight
    drawn = {"mlpclassifier__l1_ratio": [0, 0.5, 1], "mlpclassifier__clip_norm": [None, 1.0]}
    RandomizedSearchCV(pipeline, drawn, n_iter=3, cv=2, random_state=0, error_score="raise").fit(X, y)


# ------------------------------------------------------------------------------------------- going wrong


@both
@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"alpha": -1}, ValueError, "expected alpha >= 0, got -1"),
        ({"alpha": None}, TypeError, "expected alpha as a number, got None"),
        ({"l1_ratio": 1.5}, ValueError, "expected l1_ratio <= 1, got 1.5"),
        ({"l1_ratio": -0.1}, ValueError, "expected l1_ratio >= 0, got -0.1"),
        ({"dropout": 1}, ValueError, "expected dropout < 1, got 1"),
        ({"dropout": -0.1}, ValueError, "expected dropout >= 0, got -0.1"),
        ({"dropout": (0.1, 0.2)}, TypeError, "expected dropout as a number, got tuple"),
        ({"clip_norm": 0}, ValueError, "expected clip_norm > 0, got 0"),
        ({"clip_value": -2}, ValueError, "expected clip_value > 0, got -2"),
        (
            {"clip_norm": 1, "clip_value": 1},
            ValueError,
            "expected clip_norm or clip_value, got both; leave one",
        ),
        (
            {"schedule": "adaptive"},
            ValueError,
            "expected schedule as one of 'constant', 'cosine', 'linear', 'one_cycle', got 'adaptive'",
        ),
        ({"schedule": 0.1}, TypeError, "expected schedule as a function such as nnlab.schedules.cosine, got"),
        (
            {"schedule": None},
            TypeError,
            "expected schedule as a function such as nnlab.schedules.cosine, got",
        ),
        (
            {"schedule": cosine(0.1, 100)},
            TypeError,
            "expected schedule as a function of (learning_rate, steps), got cosine",
        ),
        (
            {"schedule": lambda lr, steps: lr},
            TypeError,
            "expected what schedule returns as a function",
        ),
        (
            {"schedule": lambda lr, steps: lambda t: -lr},
            ValueError,
            "expected the rate of step 0 from what schedule returns >= 0, got -0.01",
        ),
    ],
)
def test_bad_settings(kind, setting, error, message, blobs):
    X, y = blobs
    with pytest.raises(error, match=f"^{kind.__name__} " + re.escape(message)):
        kind(**SMALL | setting).fit(X, y)
    fitted = kind(**SMALL, warm_start=True).fit(X, y)
    before, untouched = fitted.predict(X), clone_of(fitted).partial_fit(X, y)
    for call in (fitted.fit, fitted.partial_fit):
        if "dropout" not in setting:
            with pytest.raises(error, match=re.escape(message)):
                fitted.set_params(**setting) and call(X, y)
    np.testing.assert_array_equal(fitted.predict(X), before)
    fitted.set_params(**{name: getattr(kind(), name) for name in setting})
    assert_same_weights(fitted.partial_fit(X, y), untouched)


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (1, ValueError, "expected label_smoothing < 1, got 1"),
        (-0.1, ValueError, "expected label_smoothing >= 0, got -0.1"),
        ("0.1", TypeError, "expected label_smoothing as a number, got str '0.1'"),
    ],
)
def test_bad_label_smoothing(value, error, message, blobs):
    with pytest.raises(error, match="^MLPClassifier " + re.escape(message)):
        MLPClassifier(label_smoothing=value).fit(*blobs)
    with pytest.raises(TypeError, match="label_smoothing"):
        MLPRegressor(label_smoothing=0.1)


@both
@each
def test_bad_data_leave_the_trained_network_and_all_that_it_needs_to_go_on(kind, settings, blobs):
    X, y = blobs
    fitted = kind(**SMALL, **settings, warm_start=True).fit(X, y)
    untouched = clone_of(fitted)
    known = vars(fitted).copy()
    for bad in (np.full_like(X, np.nan), X[:, :1], X[:5]):
        for call in (fitted.fit, fitted.partial_fit):
            with pytest.raises(ValueError, match=r"NaN|features|inconsistent"):
                call(bad, y)
    assert vars(fitted) == known
    np.testing.assert_array_equal(fitted.predict(X), untouched.predict(X))
    assert_same_weights(fitted.partial_fit(X, y), untouched.partial_fit(X, y))
    cold = kind(**SMALL, **settings).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        cold.fit(np.full_like(X, np.nan), y)
    assert_same_weights(cold.partial_fit(X, y), kind(**SMALL, **settings).fit(X, y).partial_fit(X, y))


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_takes_a_single_step(name, blobs):
    X, y = blobs
    MLPClassifier((4,), schedule=name, epochs=1, batch_size=None).fit(X, y)
