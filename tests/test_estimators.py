"""The estimators: scikit-learn's checks and tools, twins, weights, warm starts, early stopping."""

import pickle
import re
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_digits, make_friedman1
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_validate, train_test_split
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import nnlab.estimators.base
from nnlab import (
    MLP,
    Adam,
    BatchNorm,
    Linear,
    ReLU,
    Sequential,
    Tanh,
    batches,
    binary_cross_entropy_with_logits,
    fit,
    softmax_cross_entropy,
)
from nnlab.estimators import ACTIVATIONS, LOSSES, OPTIMIZERS, MLPClassifier, MLPRegressor
from nnlab.initializers import he_normal, xavier_normal
from nnlab.training import TrainingWarning

BOTH = [MLPClassifier, MLPRegressor]
both = pytest.mark.parametrize("kind", BOTH)
SMALL = {"hidden_layer_sizes": (8,), "epochs": 5, "random_state": 0}


@pytest.fixture
def blobs():
    """Three clouds in the plane: X (90, 2), y (90,)."""
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    return rng.standard_normal((90, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[y], y


def weights(estimator):
    return [p.value for p in estimator.network_.parameters()]


def assert_same_weights(a, b, rtol=0.0):
    for x, y in zip(weights(a), weights(b), strict=True):
        np.testing.assert_allclose(x, y, rtol=rtol, atol=rtol)


def differ(a, b):
    return any((x != y).any() for x, y in zip(weights(a), weights(b), strict=True))


# ------------------------------------------------------------------------------------------- their checks

# Some of their checks ask for this variable; without it they are skipped.
with_array_api = pytest.mark.usefixtures("array_api")


@pytest.fixture
def array_api(monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")


@with_array_api
@parametrize_with_checks(
    [
        MLPClassifier(),
        MLPClassifier((10,), "tanh", optimizer="sgd", learning_rate=0.05, epochs=50, batch_size=None),
        MLPClassifier((), optimizer="rmsprop", learning_rate=0.01),
        MLPRegressor(),
        MLPRegressor((20, 20), "silu", loss="huber", optimizer="adamw", learning_rate=0.01),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def checks_of_early_stopping():
    cases = []
    for estimator in (MLPClassifier, MLPRegressor):
        settings = {"early_stopping": True, "validation_fraction": 0.3}
        for made, check in estimator_checks_generator(estimator(**settings)):
            # A doubled row may fall on both sides of the split, which knows nothing of weights; so it is in
            # scikit-learn's own networks ("TODO: incorporate sample_weight in sampling").
            if "sample_weight_equivalence" not in str(check):
                cases.append(pytest.param(made, check, id=f"{estimator.__name__}-{check.func.__name__}"))
    return cases


@with_array_api
@pytest.mark.parametrize(("estimator", "check"), checks_of_early_stopping())
def test_scikit_learns_checks_with_early_stopping(estimator, check):
    check(estimator)


# ------------------------------------------------------------------------------------------- twins


def test_training_is_that_of_a_plain_loop_bit_for_bit(blobs):
    X, y = blobs
    settings = {"learning_rate": 0.01, "batch_size": 32, "epochs": 4, "random_state": 3}
    estimator = MLPClassifier((7, 5), "tanh", **settings).fit(X, y)
    rng = np.random.default_rng(3)
    network = MLP([2, 7, 5, 3], activation=Tanh, weight_init=xavier_normal, rng=rng)
    optimizer = Adam(network.parameters(), lr=0.01)
    for _ in range(4):
        for X_batch, y_batch in batches(X, y, 32, rng=rng):
            _, dscores = softmax_cross_entropy(network.forward(X_batch), y_batch)
            network.backward(dscores)
            optimizer.step()
    for ours, plain in zip(weights(estimator), network.parameters(), strict=True):
        np.testing.assert_array_equal(ours, plain.value)


def start(theirs, ours):
    """Put the weights that ours will begin with into theirs, which was fitted once to make its arrays."""
    for theirs_, mine in zip((*theirs.coefs_, *theirs.intercepts_), ours, strict=True):
        theirs_[...] = mine
    for velocity in theirs._optimizer.velocities:
        velocity[...] = 0


PLAIN = {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False, "alpha": 0, "shuffle": False}


def begin_like(sizes):
    network = MLP(sizes, activation=ReLU, weight_init=he_normal, rng=np.random.default_rng(0))
    linear = [layer for layer in network.layers if isinstance(layer, Linear)]
    return [layer.W.value for layer in linear] + [layer.b.value for layer in linear]


def test_the_classifier_is_a_twin_of_scikit_learns(blobs):
    X, y = blobs
    theirs = TheirClassifier((6,), learning_rate_init=0.1, batch_size=90, **PLAIN)
    theirs.partial_fit(X, y, classes=[0, 1, 2])
    start(theirs, begin_like([2, 6, 3]))
    for _ in range(20):
        theirs.partial_fit(X, y)
    ours = MLPClassifier(
        6, optimizer="sgd", momentum=0.5, learning_rate=0.1, batch_size=None, epochs=20, random_state=0
    ).fit(X, y)
    for a, b in zip((*ours.coefs_, *ours.intercepts_), (*theirs.coefs_, *theirs.intercepts_), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_[1:], rtol=1e-9)


def test_the_regressor_is_a_twin_of_scikit_learns(blobs):
    X, _ = blobs
    y = X[:, 0] * X[:, 1]
    theirs = TheirRegressor(
        hidden_layer_sizes=(6,), learning_rate_init=0.02, batch_size=90, **PLAIN
    ).partial_fit(X, y)
    start(theirs, begin_like([2, 6, 1]))
    for _ in range(20):
        theirs.partial_fit(X, y)
    # Theirs minimizes half the squared error: our learning rate is half of theirs.
    ours = MLPRegressor(
        6, optimizer="sgd", momentum=0.5, learning_rate=0.01, batch_size=None, epochs=20, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    np.testing.assert_allclose(ours.loss_curve_, 2 * np.array(theirs.loss_curve_[1:]), rtol=1e-9)


# ------------------------------------------------------------------------------------------- weights

FULL = {**SMALL, "batch_size": None, "epochs": 20, "learning_rate": 0.01}


@both
def test_a_weight_of_two_is_a_doubled_row_and_of_zero_a_missing_one(kind, blobs):
    X, y = blobs
    counts = np.arange(90) % 4
    doubled = kind(**FULL).fit(X.repeat(counts, axis=0), y.repeat(counts))
    weighted = kind(**FULL).fit(X, y, sample_weight=counts)
    assert_same_weights(weighted, doubled, rtol=1e-9)
    assert differ(weighted, kind(**FULL).fit(X, y))


def test_a_class_of_weight_zero_does_not_exist(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL).fit(X, y, sample_weight=(y != 1).astype(float))
    np.testing.assert_array_equal(estimator.classes_, [0, 2])
    assert_same_weights(estimator, MLPClassifier(**SMALL).fit(X[y != 1], y[y != 1]), rtol=1e-12)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_class_weights_are_sample_weights(blobs, early_stopping):
    X, y = blobs
    names = np.array(["ant", "bee", "cat"])[y]
    settings = {**SMALL, "early_stopping": early_stopping}
    by_class = MLPClassifier(**settings, class_weight={"bee": 5, "cat": 0.5}).fit(X, names)
    by_sample = MLPClassifier(**settings).fit(X, names, sample_weight=np.array([1, 5, 0.5])[y])
    assert_same_weights(by_class, by_sample)
    assert by_class.history_ == by_sample.history_  # the losses of held-out rows are weighted, too


def test_balanced_classes_weigh_the_same(blobs):
    X, y = blobs
    X, y = X[y < 2][10:50], y[y < 2][10:50]
    kept = (y == 0) | (np.arange(40) % 4 == 1)
    X, y = X[kept], y[kept]
    m, few, many = len(y), np.sum(y == 1), np.sum(y == 0)
    assert few != many
    by_hand = np.where(y == 1, m / (2 * few), m / (2 * many))
    balanced = MLPClassifier(**SMALL, class_weight="balanced")
    assert_same_weights(balanced.fit(X, y), MLPClassifier(**SMALL).fit(X, y, sample_weight=by_hand))
    # A weight of 2 counts as two rows here, too.
    full, counts = clone(balanced).set_params(batch_size=None), 1 + np.arange(m) % 3
    repeated = clone(full).fit(X.repeat(counts, axis=0), y.repeat(counts))
    assert_same_weights(full.fit(X, y, sample_weight=counts), repeated, rtol=1e-9)


# ---------------------------------------------------------------------------------------- warm starts


@both
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_warm_start_goes_on_bit_for_bit(kind, optimizer, blobs):
    settings = {**SMALL, "optimizer": optimizer, "batch_size": 32}
    straight = kind(**settings).set_params(epochs=7).fit(*blobs)
    warm = kind(**settings, warm_start=True).set_params(epochs=3).fit(*blobs)
    warm.set_params(epochs=4).fit(*blobs)
    assert_same_weights(warm, straight)
    assert warm.loss_curve_ == straight.loss_curve_
    assert (warm.n_iter_, len(warm.history_), straight.n_iter_) == (4, 4, 7)


@both
def test_partial_fit_is_an_epoch(kind, blobs):
    X, y = blobs
    straight = kind(**SMALL).fit(X, y)
    first = {"classes": [2, 1, 0]} if kind is MLPClassifier else {}
    stepwise = kind(**SMALL).partial_fit(X, y, **first)
    for _ in range(3):
        stepwise.partial_fit(X, y)
    pickled = pickle.loads(pickle.dumps(stepwise)).partial_fit(X, y)  # a pickle goes on as well
    assert_same_weights(pickled, straight)
    assert pickled.loss_curve_ == straight.loss_curve_
    assert_same_weights(stepwise.partial_fit(X, y, sample_weight=np.ones(90)), straight, rtol=1e-12)


def test_partial_fit_learns_from_a_stream(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, learning_rate=0.01)
    names = np.array(["a", "b", "c"])[y]
    for epoch in range(20):
        for label in "abc":  # chunks of one class each, as a sorted file would give
            rows = names == label
            estimator.partial_fit(X[rows], names[rows], classes=["a", "b", "c"] if epoch == 0 else None)
    assert estimator.score(X, names) > 0.85
    assert estimator.predict(X).dtype == names.dtype


def test_a_cold_fit_forgets(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL).fit(X, y)
    first = clone(estimator).fit(X, y)
    estimator.fit(X[:, :1], y % 2).fit(X, y)
    assert_same_weights(estimator, first)
    assert len(estimator.loss_curve_) == 5


def test_a_warm_start_takes_a_new_learning_rate_and_optimizer(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, warm_start=True).fit(X, y)
    before = [value.copy() for value in weights(estimator)]
    estimator.set_params(learning_rate=1e-12).fit(X, y)
    for value, old in zip(weights(estimator), before, strict=True):
        np.testing.assert_allclose(value, old, atol=1e-9)
    estimator.set_params(optimizer="sgd", learning_rate=0.1).fit(X, y)
    assert estimator.loss_curve_[-1] < estimator.loss_curve_[0]
    assert len(estimator.loss_curve_) == 15


# ------------------------------------------------------------------------------------------- early stopping


@pytest.fixture
def seen(monkeypatch):
    """What the estimators hand to `fit`: a list of (X, y, settings)."""
    calls = []

    def spy(network, X, y, **settings):
        calls.append((X, y, settings))
        return original(network, X, y, **settings)

    original = nnlab.estimators.base.fit
    monkeypatch.setattr(nnlab.estimators.base, "fit", spy)
    return calls


@both
def test_early_stopping_keeps_the_weights_that_were_best_on_held_out_rows(kind, blobs, seen):
    X, y = blobs
    noisy = np.random.default_rng(1).permutation(y)  # nothing to learn: the validation loss must rise
    estimator = kind((50,), early_stopping=True, epochs=300, patience=5, learning_rate=0.01, random_state=0)
    estimator.fit(X, noisy)
    X_train, y_train, settings = seen[0]
    X_val, y_val = settings["validation"]
    losses = estimator.history_["val_loss"]
    loss, _ = settings["loss"](estimator.network_.forward(X_val), y_val)
    assert loss == pytest.approx(min(losses), rel=1e-12)
    assert losses[-1] > loss
    assert estimator.n_iter_ == int(np.argmin(losses)) + 1 + 5
    assert estimator.history_.stop_reason == "patience"
    assert (len(X_train), len(X_val)) == (81, 9)
    rows = {tuple(row) for row in np.vstack([X_train, X_val])}
    assert rows == {tuple(row) for row in X}
    if kind is MLPClassifier:
        np.testing.assert_array_equal(np.bincount(y_val), [3, 3, 3])
        np.testing.assert_array_equal(np.bincount(y_train), [27, 27, 27])


def test_a_warm_start_holds_out_the_same_rows(blobs, seen):
    estimator = MLPClassifier(**SMALL, early_stopping=True, warm_start=True).fit(*blobs).fit(*blobs)
    np.testing.assert_array_equal(seen[0][2]["validation"][0], seen[1][2]["validation"][0])
    assert len(estimator.loss_curve_) == 10
    other = clone(estimator).set_params(random_state=1).fit(*blobs)
    assert other.n_iter_ == 5
    assert (seen[0][2]["validation"][0] != seen[2][2]["validation"][0]).any()


def test_without_early_stopping_every_row_is_learned_and_every_epoch_run(blobs, seen):
    estimator = MLPClassifier(**SMALL, patience=1).fit(
        blobs[0], np.random.default_rng(0).permutation(blobs[1])
    )
    assert len(seen[0][0]) == 90
    assert seen[0][2]["validation"] is None
    assert estimator.n_iter_ == len(estimator.loss_curve_) == 5


def test_batches_are_clipped_to_the_rows(blobs, seen):
    X, y = blobs
    for batch_size, expected in ((64, 64), (1000, 90), (None, None)):
        MLPClassifier(**SMALL, batch_size=batch_size).fit(X, y)
        assert seen[-1][2]["batch_size"] == expected
    MLPClassifier(**SMALL, batch_size=64).fit(X, y, sample_weight=np.arange(90) < 40)
    assert seen[-1][2]["batch_size"] == 40


# ------------------------------------------------------------------------------------------- chance


@both
def test_the_same_random_state_gives_the_same_weights(kind, blobs):
    X, y = blobs
    a, b, other = (kind(**{**SMALL, "random_state": seed}).fit(X, y) for seed in (1, np.int64(1), 2))
    assert_same_weights(a, b)
    assert differ(a, other)
    c, d = (kind(**{**SMALL, "random_state": np.random.RandomState(5)}).fit(X, y) for _ in range(2))
    assert_same_weights(c, d)
    assert differ(*(kind(**{**SMALL, "random_state": None}).fit(X, y) for _ in range(2)))


@pytest.mark.parametrize("random_state", [None, 0, np.random.RandomState(0)])
def test_the_global_generator_is_left_alone(blobs, random_state):
    def state():
        return np.random.get_state()[1].copy()  # noqa: NPY002

    before = state()
    MLPClassifier(**{**SMALL, "random_state": random_state, "early_stopping": True}).fit(*blobs)
    np.testing.assert_array_equal(state(), before)


# ------------------------------------------------------------------------------------------- what comes out


def test_scores_probabilities_and_labels_agree(blobs):
    X, y = blobs
    names = np.array(["ant", "bee", "cat"])[y]
    estimator = MLPClassifier(**SMALL, learning_rate=0.01).fit(X, names)
    scores, p, log_p = (
        getattr(estimator, f)(X) for f in ("decision_function", "predict_proba", "predict_log_proba")
    )
    assert scores.shape == p.shape == log_p.shape == (90, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(log_p), p)
    np.testing.assert_array_equal(estimator.predict(X), estimator.classes_[scores.argmax(axis=1)])
    two = MLPClassifier(**SMALL).fit(X, y > 0)
    p = two.predict_proba(X)
    np.testing.assert_allclose(two.decision_function(X), np.log(p[:, 1] / p[:, 0]), rtol=1e-9)
    np.testing.assert_array_equal(two.predict(X), two.decision_function(X) > 0)
    assert two.predict(X).dtype == bool


def test_logarithms_of_probabilities_are_finite_far_out(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL).fit(X, y)
    far = 1e6 * np.ones((1, 2))
    assert estimator.predict_proba(far).min() == 0
    log_p = estimator.predict_log_proba(far)
    assert np.isfinite(log_p).all()
    assert log_p.min() < -1000


def test_attributes(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=["north", "east"])
    estimator = MLPClassifier((8, 4), epochs=3).fit(frame, y)
    assert estimator.n_features_in_ == 2
    assert estimator.feature_names_in_.tolist() == ["north", "east"]
    assert [W.shape for W in estimator.coefs_] == [(2, 8), (8, 4), (4, 3)]
    assert [b.shape for b in estimator.intercepts_] == [(8,), (4,), (3,)]
    assert isinstance(estimator.network_, MLP)
    assert estimator.n_outputs_ == 3
    assert estimator.history_.stop_reason == "finished"
    assert set(estimator.history_.metrics) == {"loss", "accuracy"}
    assert estimator.loss_curve_ == estimator.history_["loss"]
    assert repr(estimator) == "MLPClassifier(epochs=3, hidden_layer_sizes=(8, 4))"
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.predict(frame[["east", "north"]])


@both
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_has_the_precision_of_its_data(kind, dtype, blobs):
    X, y = blobs
    estimator = kind(**SMALL).fit(X.astype(dtype), y, sample_weight=np.ones(90))
    assert {value.dtype for value in weights(estimator)} == {np.dtype(dtype)}
    estimator.partial_fit(X, y)  # other data are converted to the network's precision
    assert {value.dtype for value in weights(estimator)} == {np.dtype(dtype)}
    predict = estimator.predict_proba if kind is MLPClassifier else estimator.predict
    assert predict(X).dtype == predict(X.astype(np.float32)).dtype == dtype


@pytest.mark.parametrize(
    "labels",
    [
        [-1, 5],
        [2.0, 3.0],
        ["no", "yes"],
        [False, True],
        pd.Series(["no", "yes"], dtype="category"),
        pd.Series(["no", "yes"], dtype="string"),
        pd.Series(["no", "yes"], dtype=object),
    ],
)
def test_labels_of_any_kind(blobs, labels):
    X, y = blobs
    names = pd.Series(labels)[y % 2].reset_index(drop=True)
    estimator = MLPClassifier(**SMALL).fit(X, names)
    assert list(estimator.classes_) == list(labels)
    assert set(estimator.predict(X)) <= set(labels)
    assert 0 <= estimator.score(X, names) <= 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        # y is 0, 0, 10 and X says nothing: what is best in the mean of the loss, worked by hand
        ({"loss": "squared_error"}, 10 / 3),
        ({"loss": "absolute_error"}, 0),
        ({"loss": "huber", "delta": 1.0}, 0.5),  # 2 p − 1 = 0 for 0 <= p <= 1
        ({"loss": "huber", "delta": 4.0}, 2.0),  # 2 p − 4 = 0
    ],
)
def test_losses_by_hand(settings, expected):
    X, y = np.zeros((3, 1)), np.array([0.0, 0.0, 10.0])
    plain = {"optimizer": "sgd", "momentum": 0, "learning_rate": 0.01, "epochs": 1500, "batch_size": None}
    estimator = MLPRegressor((), **plain, **settings).fit(X, y)
    np.testing.assert_allclose(estimator.predict(X), expected, atol=0.02)


@pytest.mark.parametrize("shape", [(90,), (90, 1), (90, 3)])
@pytest.mark.parametrize("loss", LOSSES)
def test_predictions_have_the_shape_of_the_targets(blobs, shape, loss):
    X, _ = blobs
    y = np.random.default_rng(0).standard_normal(shape)
    estimator = MLPRegressor(**SMALL, loss=loss).fit(X, y)
    assert estimator.predict(X).shape == shape
    assert estimator.predict(X[:1]).shape == (1, *shape[1:])
    assert estimator.partial_fit(X, y).predict(X).shape == shape


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_learns(activation, blobs):
    X, y = blobs
    estimator = MLPClassifier((20, 20), activation, epochs=40, learning_rate=0.01, random_state=0)
    assert estimator.fit(X, y).score(X, y) > 0.9


def test_weight_decay_shrinks_weights(blobs):
    def size(**settings):
        return sum(np.sum(W**2) for W in MLPClassifier(**SMALL, **settings).fit(*blobs).coefs_)

    assert size(weight_decay=1.0) < size()
    assert size(optimizer="adamw", weight_decay=0) == pytest.approx(size())
    assert size(optimizer="adamw") == pytest.approx(size(optimizer="adamw", weight_decay=0.01))


def test_verbose_shows_a_progress_bar(blobs, capsys):
    MLPClassifier(**SMALL).fit(*blobs)
    assert capsys.readouterr() == ("", "")
    MLPClassifier(**SMALL, verbose=True).fit(*blobs)
    assert "10/10" in capsys.readouterr().err  # 5 epochs of 2 batches


# ------------------------------------------------------------------------------------------- with the tools


@pytest.fixture
def table(blobs):
    """A table with numbers on odd scales and words, and what follows from them."""
    X, y = blobs
    kinds = np.array(["clay", "sand", "silt", "peat"])[np.arange(90) % 4]
    frame = pd.DataFrame({"depth": 1000 * X[:, 0], "wet": X[:, 1] / 1000, "kind": kinds})
    return frame, np.array(["low", "mid", "top"])[y]


def columns(sparse):
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["depth", "wet"]),
            ("words", OneHotEncoder(sparse_output=sparse), ["kind"]),
        ],
        sparse_threshold=1.0 if sparse else 0.0,
    )


@pytest.mark.parametrize("sparse", [False, True])
def test_in_a_pipeline_from_a_table_to_labels(table, sparse):
    frame, labels = table
    pipeline = make_pipeline(
        columns(sparse), MLPClassifier(**SMALL).set_params(epochs=40, learning_rate=0.01)
    )
    assert pipeline.fit(frame, labels).score(frame, labels) > 0.9
    assert pipeline[-1].n_features_in_ == 6


def test_set_output_before_it_hands_the_names_on(table):
    frame, labels = table
    pipeline = make_pipeline(columns(sparse=False), MLPClassifier(**SMALL)).set_output(transform="pandas")
    names = pipeline.fit(frame, labels)[-1].feature_names_in_
    assert names.tolist()[:3] == ["numbers__depth", "numbers__wet", "words__kind_clay"]


def test_sparse_rows_are_the_same_as_dense_ones(blobs):
    X, y = blobs
    X = np.where(np.abs(X) < 1, 0, X)
    sparse, dense = MLPClassifier(**SMALL).fit(csr_array(X), y), MLPClassifier(**SMALL).fit(X, y)
    assert_same_weights(sparse, dense)
    np.testing.assert_array_equal(sparse.predict_proba(csr_array(X)), dense.predict_proba(X))


def test_grid_search_in_two_processes(table):
    frame, labels = table
    pipeline = make_pipeline(columns(sparse=False), MLPClassifier(**SMALL, learning_rate=0.01))
    grid = {"mlpclassifier__hidden_layer_sizes": [(), (8,)], "mlpclassifier__epochs": [1, 30]}
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2, error_score="raise").fit(frame, labels)
    assert search.best_params_["mlpclassifier__epochs"] == 30
    here = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(frame, labels)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"])


@both
def test_cross_validate_and_clone(kind, blobs):
    X, y = blobs
    estimator = kind(**SMALL).fit(X, y)
    fresh = clone(estimator)
    assert fresh.get_params() == estimator.get_params()
    assert not hasattr(fresh, "network_")
    results = cross_validate(estimator, X, y, cv=3, return_train_score=True, error_score="raise")
    assert results["test_score"].shape == (3,)
    assert np.isfinite(results["train_score"]).all()


@both
def test_a_pickle_predicts_the_same_and_carries_no_batch(kind, blobs, tmp_path):
    X, y = blobs
    estimator = kind((20,), epochs=2).fit(X, y)
    estimator.predict(X)
    joblib.dump(estimator, tmp_path / "estimator.joblib")
    for copied in (pickle.loads(pickle.dumps(estimator)), joblib.load(tmp_path / "estimator.joblib")):
        np.testing.assert_array_equal(copied.predict(X), estimator.predict(X))
        assert_same_weights(copied, estimator)

    def size(rows):
        many = np.resize(X, (rows, 2)), np.resize(y, rows)
        estimator = kind((20,), epochs=2, batch_size=None).fit(*many)
        estimator.predict(many[0])
        return len(pickle.dumps(estimator))

    assert abs(size(9000) - size(90)) < 100
    # The weights, Adam's two moments, and little else.
    wide = kind((10_000,), epochs=1).fit(X, y)
    kept = 3 * sum(value.nbytes for value in weights(wide))
    assert kept < len(pickle.dumps(wide)) < kept + 5000


def test_calibration_and_permutation_importance(blobs):
    X, y = blobs
    X = np.column_stack([X, np.random.default_rng(2).standard_normal(90)])  # the last column says nothing
    estimator = MLPClassifier(**SMALL).set_params(epochs=150, learning_rate=0.01)
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(X, y)
    assert calibrated.score(X, y) > 0.9
    importance = permutation_importance(estimator.fit(X, y), X, y, n_repeats=3, random_state=0, n_jobs=2)
    assert importance.importances_mean.argmin() == 2


def test_targets_are_scaled_by_a_transformer_around_it(blobs):
    X, _ = blobs
    y = 1e6 + 1e4 * X[:, 0]
    scaled = TransformedTargetRegressor(
        MLPRegressor(20, learning_rate=0.01, random_state=0), transformer=StandardScaler()
    )
    assert scaled.fit(X, y).score(X, y) > 0.95
    assert MLPRegressor(20, learning_rate=0.01, random_state=0).fit(X, y).score(X, y) < 0  # as documented


# ------------------------------------------------------------------------------------------- quality


def test_digits_are_read_as_well_as_scikit_learn_does():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    ours = MLPClassifier((64,), learning_rate=0.003, epochs=40, random_state=0).fit(X_train, y_train)
    theirs = TheirClassifier((64,), learning_rate_init=0.003, max_iter=40, batch_size=64, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 40 epochs are not convergence
        theirs.fit(X_train, y_train)
    assert ours.score(X_test, y_test) > 0.96
    assert ours.score(X_test, y_test) > theirs.score(X_test, y_test) - 0.01


@pytest.mark.parametrize("loss", LOSSES)
def test_a_curved_function_is_learned_where_a_line_fails(loss):
    X, y = make_friedman1(1000, noise=0.5, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    network = make_pipeline(
        StandardScaler(), MLPRegressor((50,), "silu", loss=loss, learning_rate=0.01, random_state=0)
    )
    line = LinearRegression().fit(X_train, y_train).score(X_test, y_test)
    assert line < 0.8
    assert network.fit(X_train, y_train).score(X_test, y_test) > 0.93


def test_early_stopping_saves_epochs_and_costs_little():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
    settings = {
        "learning_rate": 0.01,
        "epochs": 200,
        "early_stopping": True,
        "patience": 5,
        "random_state": 0,
    }
    estimator = MLPClassifier((64,), **settings).fit(X_train, y_train)
    assert estimator.n_iter_ < 60
    assert estimator.score(X_test, y_test) > 0.95


# ------------------------------------------------------------------------------------------- going wrong


def test_a_divergence_warns_and_keeps_the_best_weights_before(blobs):
    X, y = blobs
    estimator = MLPRegressor(**SMALL, warm_start=True).fit(X, y)
    before = [value.copy() for value in weights(estimator)]
    estimator.set_params(optimizer="sgd", learning_rate=1e6)
    with pytest.warns(TrainingWarning, match="diverged at step"):
        estimator.fit(X, y)
    assert estimator.history_.stop_reason == "diverged"
    for value, old in zip(weights(estimator), before, strict=True):
        np.testing.assert_array_equal(value, old)
    estimator.set_params(learning_rate=0.001).fit(X, y)  # and it can go on
    assert estimator.history_.stop_reason == "finished"
    assert np.isfinite(estimator.predict(X)).all()


@both
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_divergence_before_anything_was_learned_is_an_error(kind, early_stopping, blobs):
    X, y = blobs
    settings = {"optimizer": "sgd", "learning_rate": 1e9, "early_stopping": early_stopping, "batch_size": 8}
    estimator = kind(**{**SMALL, **settings}, activation="leaky_relu")
    message = (
        rf"{kind.__name__} diverged at step \d+, before .*; lower learning_rate=1000000000.0, or put a St"
    )
    with pytest.warns(TrainingWarning), pytest.raises(ValueError, match=message):
        estimator.fit(1e9 * X, y)
    with pytest.raises(NotFittedError):
        estimator.predict(X)


def test_an_interruption_keeps_what_was_learned(blobs, monkeypatch):
    calls = iter(range(3))  # once to try it out, then once an epoch: the fourth is in the third epoch

    def interrupt(scores, y):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr(MLPClassifier, "_metrics", {"accuracy": interrupt})
    with pytest.warns(TrainingWarning, match="interrupted; what was learned in 2 epochs is kept"):
        estimator = MLPClassifier(**SMALL).fit(*blobs)
    monkeypatch.undo()
    assert estimator.n_iter_ == 2
    assert estimator.predict(blobs[0]).shape == (90,)


@both
def test_before_fit(kind):
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted yet"):
        kind().predict(np.ones((2, 2)))


@both
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"X": np.full((90, 2), np.nan)}, "contains NaN"),
        ({"X": np.ones((90, 2)), "y": np.zeros(3)}, "inconsistent numbers of samples"),
        (
            {"X": pd.DataFrame(np.ones((90, 3)), columns=["a", "b", "c"]), "sample_weight": [1.0]},
            "features|weight",
        ),
        ({"learning_rate": -1}, "learning_rate > 0, got -1"),
        ({"early_stopping": True, "validation_fraction": 0.999}, "cannot hold out"),
    ],
)
def test_a_failed_fit_leaves_everything_as_it_was(kind, warm_start, bad, message, blobs):
    X, y = blobs
    settings = {name: value for name, value in bad.items() if name not in ("X", "y", "sample_weight")}
    arguments = {"X": X, "y": y} | {name: value for name, value in bad.items() if name not in settings}

    unfitted = kind(**SMALL | settings, warm_start=warm_start)
    with pytest.raises(ValueError, match=message):
        unfitted.fit(**arguments)
    assert vars(unfitted) == vars(kind(**SMALL | settings, warm_start=warm_start))
    with pytest.raises(NotFittedError):
        unfitted.predict(X)

    fitted = kind(**SMALL, warm_start=warm_start).fit(X, y)
    before, known = fitted.predict(X), vars(fitted).copy()
    fitted.set_params(**settings)
    with pytest.raises(ValueError, match=message):
        fitted.fit(**arguments)
    np.testing.assert_array_equal(fitted.predict(X), before)
    assert vars(fitted) == known | settings


@pytest.mark.filterwarnings("ignore::nnlab.training.TrainingWarning")
def test_a_divergence_loses_no_earlier_network(blobs):
    X, y = blobs
    estimator = MLPRegressor(**SMALL).fit(X, y)
    before = estimator.predict(X)
    with pytest.raises(ValueError, match=r"diverged at step .* in a TransformedTargetRegressor if y is far"):
        estimator.set_params(optimizer="sgd").fit(X, 1e30 * y)
    np.testing.assert_array_equal(estimator.predict(X), before)


@both
def test_a_warm_start_keeps_the_weights_it_had_if_no_epoch_is_better(kind, blobs):
    X, y = blobs
    estimator = kind(**SMALL | {"epochs": 60}, early_stopping=True, warm_start=True).fit(X, y)
    before = estimator.predict(X)
    estimator.set_params(learning_rate=1e3).fit(X, y)
    assert estimator.history_.best_epoch == 0 < len(estimator.history_)
    np.testing.assert_array_equal(estimator.predict(X), before)
    estimator.set_params(learning_rate=1e-5).fit(X, y)  # small steps downhill
    assert estimator.history_.best_epoch > 0


@both
@pytest.mark.parametrize(
    ("setting", "error", "message"),
    [
        ({"hidden_layer_sizes": 0}, ValueError, "expected hidden_layer_sizes >= 1, got 0"),
        (
            {"hidden_layer_sizes": (10, 2.5)},
            TypeError,
            "expected hidden_layer_sizes as an integer, got float 2.5",
        ),
        (
            {"hidden_layer_sizes": ((5,), 3)},
            TypeError,
            "expected hidden_layer_sizes as an integer, got tuple",
        ),
        ({"hidden_layer_sizes": np.array([4, 0])}, ValueError, "expected hidden_layer_sizes >= 1, got 0"),
        ({"early_stopping": "False"}, TypeError, "expected early_stopping as True or False, got str 'False'"),
        ({"warm_start": 1}, TypeError, "expected warm_start as True or False, got int 1"),
        ({"random_state": -1}, ValueError, "expected random_state as None, an integer >= 0 or a RandomState"),
        (
            {"random_state": np.random.default_rng(0)},
            ValueError,
            "expected random_state as None, an integer >= 0 or a RandomState, got Generator",
        ),
        ({"hidden_layer_sizes": "10"}, TypeError, "expected hidden_layer_sizes as an integer, got str '10'"),
        ({"activation": "logistic"}, ValueError, "expected activation as one of 'relu', 'leaky_relu',"),
        (
            {"optimizer": "lbfgs"},
            ValueError,
            "expected optimizer as one of 'sgd', 'rmsprop', 'adam', 'adamw'",
        ),
        ({"learning_rate": 0}, ValueError, "expected learning_rate > 0, got 0"),
        ({"learning_rate": "adaptive"}, TypeError, "expected learning_rate as a number, got str 'adaptive'"),
        ({"momentum": 1}, ValueError, "expected momentum < 1, got 1"),
        ({"weight_decay": -1}, ValueError, "expected weight_decay >= 0, got -1"),
        ({"epochs": 0}, ValueError, "expected epochs >= 1, got 0"),
        ({"epochs": 2.0}, TypeError, "expected epochs as an integer, got float 2.0"),
        ({"batch_size": 0}, ValueError, "expected batch_size >= 1, got 0"),
        ({"batch_size": "auto"}, TypeError, "expected batch_size as an integer, got str 'auto'"),
        ({"validation_fraction": 1}, ValueError, "expected validation_fraction < 1, got 1"),
        ({"patience": 0}, ValueError, "expected patience >= 1, got 0"),
    ],
)
def test_bad_settings(kind, setting, error, message, blobs):
    with pytest.raises(error, match=f"^{kind.__name__} " + re.escape(message)):
        kind(**setting).fit(*blobs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"class_weight": "equal"}, "expected class_weight as one of 'balanced', got 'equal'"),
        ({"class_weight": {7: 2}}, "expected class_weight for the classes [0, 1, 2], got [7]"),
        ({"class_weight": {1: -1}}, "expected class_weight > 0, got -1"),
    ],
)
def test_bad_class_weights(settings, message, blobs):
    with pytest.raises(ValueError, match="^MLPClassifier " + re.escape(message)):
        MLPClassifier(**settings).fit(*blobs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"loss": "poisson"},
            "expected loss as one of 'squared_error', 'absolute_error', 'huber', got 'poisson'",
        ),
        ({"loss": "huber", "delta": 0}, "expected delta > 0, got 0"),
    ],
)
def test_bad_losses(settings, message, blobs):
    with pytest.raises(ValueError, match="^MLPRegressor " + re.escape(message)):
        MLPRegressor(**settings).fit(*blobs)


@both
@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        (np.ones(3), "expected sample_weight of shape (90,), got (3,)"),
        (np.ones((90, 1)), "expected sample_weight of shape (90,), got (90, 1)"),
        (
            -np.ones(90),
            "expected each sample_weight to be zero or more, and one above zero, got -1.0 as the sm",
        ),
        (
            np.zeros(90),
            "expected each sample_weight to be zero or more, and one above zero, got 0.0 as the sm",
        ),
        (np.full(90, np.nan), "expected finite sample_weight, got nan at [0]"),
    ],
)
def test_bad_sample_weights(kind, sample_weight, message, blobs):
    with pytest.raises(ValueError, match=f"^{kind.__name__} " + re.escape(message)):
        kind().fit(*blobs, sample_weight=sample_weight)


def test_bad_classes(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="MLPClassifier expected two classes or more, got 1 class: 4"):
        MLPClassifier().fit(X, np.full(90, 4))
    for classes, error, message in (
        ([], ValueError, "two classes or more, got none"),
        ([0, None], TypeError, r"classes of one type, got list \[0, None\]"),
        ([0, 1, 2, np.nan], ValueError, "classes without NaN, got"),
    ):
        with pytest.raises(error, match=f"MLPClassifier expected {message}"):
            MLPClassifier().partial_fit(X, y, classes=classes)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MLPClassifier().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="expected classes in its first call, got None"):
        MLPClassifier().partial_fit(X, y)
    started = MLPClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"expected classes \[0 1 2\], as before, got \[0, 1\]"):
        started.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(
        ValueError, match=r"expected y with the classes \[0 1 2\] it began with, got \[7\] too"
    ):
        started.partial_fit(X, np.where(y == 1, 7, y))
    with pytest.raises(
        ValueError, match=r"partial_fit expected class_weight as a dict or None, got 'balanced'"
    ):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    assert started.score(X, y) <= 1  # a refused chunk does no harm


def test_class_weights_may_name_a_class_that_these_rows_lack(blobs):
    X, y = blobs
    whole = MLPClassifier(**SMALL, class_weight={0: 1, 1: 2})
    more = MLPClassifier(**SMALL, class_weight={0: 1, 1: 2, 2: 5})  # as in a fold without a 2
    X, y = X[y < 2], y[y < 2]
    np.testing.assert_array_equal(more.fit(X, y).predict_proba(X), whole.fit(X, y).predict_proba(X))


@both
@pytest.mark.parametrize(("dtype", "much"), [(np.float32, 1e37), (np.float32, 1e300), (np.float64, 1e307)])
def test_weights_whose_sum_overflows(kind, dtype, much, blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=f"{kind.__name__} expected sample_weight to have a finite sum in"):
        kind(**SMALL).fit(X.astype(dtype), y, sample_weight=np.full(90, much))


def test_targets_that_overflow_in_the_networks_precision(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="MLPRegressor expected y to have a finite sum in float32, got inf"):
        MLPRegressor(**SMALL).fit(X.astype(np.float32), 1e39 * y)


def test_weights_that_round_to_zero_leave_their_rows_out(blobs):
    X, y = blobs
    X, tiny = X.astype(np.float32), np.where(y == 0, 1e-50, 1)
    first = MLPClassifier(**SMALL, batch_size=64).fit(X, y, sample_weight=tiny)
    second = MLPClassifier(**SMALL, batch_size=64).fit(X[y > 0], y[y > 0])
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@both
def test_rows_with_which_the_scores_overflow(kind, blobs):
    X, y = blobs
    estimator = kind(**SMALL).fit(X, y)
    with pytest.raises(
        ValueError, match=f"{kind.__name__} expected X near what it was trained on, got values"
    ):
        estimator.predict(1.7e308 * np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]))


def test_too_few_rows_to_hold_any_out(blobs):
    X, y = blobs
    lonely = np.where(np.arange(90) == 7, 9, y)
    with pytest.raises(
        ValueError,
        match=r"expected two rows or more of each class for early stopping, got one of \['rare'\]; gi",
    ):
        MLPClassifier(early_stopping=True).fit(X, np.where(lonely == 9, "rare", "usual"))
    with pytest.raises(
        ValueError, match=r"cannot hold out .*; give more rows, change the fraction, or set ear"
    ):
        MLPClassifier(early_stopping=True).fit(X[:12], y[:12])
    with pytest.raises(ValueError, match=r"MLPRegressor cannot hold out .* n_samples=1"):
        MLPRegressor(early_stopping=True).fit(X[:1], y[:1])


def test_what_cannot_be_continued(blobs):
    X, y = blobs
    estimator = MLPClassifier(**SMALL, warm_start=True).fit(X, y)
    for setting in ({"hidden_layer_sizes": (9,)}, {"activation": "tanh"}, {"dropout": 0.1}):
        with pytest.raises(
            ValueError,
            match=r"expected the sizes, activation and dropout .*; set warm_start=False and call fit",
        ):
            clone_of(estimator).set_params(**setting).fit(X, y)
    with pytest.raises(ValueError, match="X has 1 features, but MLPClassifier is expecting 2"):
        estimator.fit(X[:, :1], y)
    regressor = MLPRegressor(**SMALL).fit(X, X)
    with pytest.raises(ValueError, match="MLPRegressor expected y with 2 columns, as before, got 1"):
        regressor.partial_fit(X, y)


def clone_of(estimator):
    return pickle.loads(pickle.dumps(estimator))


# ------------------------------------------------------------------------------------------- several labels


@pytest.fixture
def labelsets():
    """Points of the plane with three yes-or-no questions each: X (120, 2), y (120, 3)."""
    X = np.random.default_rng(0).standard_normal((120, 2))
    return X, np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0]).astype(int)


def test_several_labels_are_learned_each_by_a_sigmoid(labelsets):
    X, y = labelsets
    model = MLPClassifier((16,), epochs=100, learning_rate=0.01, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.9  # all three right at once
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    p, scores = model.predict_proba(X), model.decision_function(X)
    assert p.shape == scores.shape == (120, 3)
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-scores)))
    np.testing.assert_allclose(model.predict_log_proba(X), np.log(p), atol=1e-12)
    np.testing.assert_array_equal(model.predict(X), (p > 0.5).astype(int))
    theirs = TheirClassifier((16,), max_iter=2000, random_state=0).fit(X, y)
    assert model.score(X, y) > theirs.score(X, y) - 0.05


def test_several_labels_are_what_the_binary_loss_makes_of_the_same_network(labelsets):
    X, y = labelsets
    model = MLPClassifier((8,), epochs=3, batch_size=None, random_state=0).fit(X, y)
    rng = np.random.default_rng(0)
    network = MLP([2, 8, 3], activation=ReLU, weight_init=he_normal, rng=rng)
    fit(network, X, y.astype(float), loss=binary_cross_entropy_with_logits,
        optimizer=Adam(network.parameters()), epochs=3, rng=rng)  # fmt: skip
    for p, q in zip(model.network_.parameters(), network.parameters(), strict=True):
        np.testing.assert_array_equal(p.value, q.value)


@pytest.mark.parametrize("make", [np.asarray, csr_array, lambda y: y.astype(bool), pd.DataFrame])
def test_several_labels_in_every_form(labelsets, make):
    X, y = labelsets
    expected = MLPClassifier(**SMALL).fit(X, y).predict(X)
    np.testing.assert_array_equal(MLPClassifier(**SMALL).fit(X, make(y)).predict(X), expected)


def test_several_labels_with_early_stopping_weights_and_in_parts(labelsets):
    X, y = labelsets
    model = MLPClassifier(**SMALL, early_stopping=True).fit(X, y, sample_weight=np.arange(120))
    assert model.predict(X).shape == (120, 3)
    parts = MLPClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    assert parts.predict_proba(X).shape == (120, 3)


def test_bad_columns_of_labels(labelsets):
    X, y = labelsets
    model = MLPClassifier(**SMALL, warm_start=True).fit(X, y)
    with pytest.raises(
        ValueError, match=r"expected y of shape \(m, 3\), as before, got \(120, 2\); call fit"
    ):
        model.partial_fit(X, y[:, :2])
    with pytest.raises(ValueError, match=r"expected y of shape \(m, 3\), as before, got \(120,\)"):
        model.partial_fit(X, y[:, 0])
    with pytest.raises(ValueError, match=r"expected y of shape \(m,\), as before, got \(120, 3\)"):
        MLPClassifier(**SMALL).fit(X, y[:, 0]).partial_fit(X, y)
    with pytest.raises(ValueError, match="expected columns of y with 0 and 1"):
        MLPClassifier(**SMALL).fit(X, y * 2)
    with pytest.raises(ValueError, match="expected class_weight=None for several labels, got 'balanced'"):
        MLPClassifier(**SMALL, class_weight="balanced").fit(X, y)


def test_coefficients_are_those_of_linear_layers_only(blobs):
    model = MLPClassifier(**SMALL).fit(*blobs)
    first, relu, last = model.network_.layers
    model.network_ = Sequential(first, BatchNorm(8), relu, Linear(8, 3, bias=False))
    model.network_.layers[3].W = last.W
    assert [W.shape for W in model.coefs_] == [(2, 8), (8, 3)]
    assert [b.shape for b in model.intercepts_] == [(8,)]
