"""The training explorer: it learns as set, shows divergence, and takes or refuses a reader's data."""

import numpy as np
import pytest

from nnlab.widgets import live, training_explorer
from nnlab.widgets.train_points import NAMES, Points

WAIT = 60


def quick(*args, **settings):
    return training_explorer(*args, **({"epochs": 10} | settings))


def set_to(explorer, **values):
    """Move controls, by the names of their arguments and what their widgets show."""
    for control in explorer.controls:
        if control.name in values:
            control.widget.value = values[control.name]
    assert explorer.latest.settle(WAIT)


@pytest.fixture(scope="module")
def explorer():
    return quick()


RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
y = (X[:, 0] > 0).astype(int)


# ----------------------------------------------------------------------------------- training


def test_it_learns_the_circles():
    explorer = training_explorer()
    assert explorer.page.readout.startswith("After 200 of 200 epochs: loss 0.0")
    assert "accuracy 100% in training" in explorer.page.readout


def test_one_hidden_unit_cannot_separate_the_circles_and_four_can():
    one, four = (training_explorer(hidden_size=n, noise=0.05).page.readout for n in (1, 4))
    assert "100%" not in one
    assert "accuracy 100% in training, 100% in validation" in four


def test_every_control_changes_the_result(explorer):
    changes = {
        "data": "moons",
        "learning_rate": "0.3",
        "hidden_size": 5,
        "depth": 2,
        "activation": "GELU",
        "optimizer": "RMSprop",
        "batch_size": "16",
        "epochs": 20,
        "noise": 0.3,
        "seed": 7,
    }
    assert set(changes) == set(explorer.state)
    for name, value in changes.items():
        readout, picture = explorer.page.readout, explorer.picture.image.value
        set_to(explorer, **{name: value})
        assert explorer.page.error == ""
        assert explorer.page.readout != readout, name
        assert explorer.picture.image.value != picture, name
    assert (
        eval(explorer.share()).page.readout == explorer.page.readout
    )  # the same training, number for number
    explorer.page.box.children[2].children[0].click()
    assert explorer.latest.settle(WAIT)
    assert explorer.page.readout == quick().page.readout


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_can_be_shown(name):
    explorer = quick(name)
    assert explorer.page.error == ""
    assert explorer.share() == f'training_explorer("{name}", epochs=10)'


def test_two_hundred_points_a_quarter_held_out():
    for name in NAMES:
        points = Points.of(name, 0.1, 0)
        assert len(points.X) == 200
        assert points.held_out.sum() == 50
        assert np.abs(points.X).max() < 2.5  # all in one unit, so that the noise means the same
        seen = points.scaled(points.X)[~points.held_out]
        assert seen.dtype == np.float32
        assert np.allclose(seen.mean(axis=0), 0, atol=1e-5)
        assert np.allclose(seen.std(axis=0), 1, atol=1e-5)


@pytest.mark.filterwarnings("ignore::nnlab.training.TrainingWarning")
@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 50, "hidden_size": 64, "activation": "ReLU", "optimizer": "SGD"},
        {"learning_rate": 100},
    ],
    ids=["infinite", "hopeless"],
)
def test_a_divergence_is_shown_with_its_step_and_in_gray(settings):
    explorer = training_explorer(
        "spirals", learning_rate=50, hidden_size=64, activation="ReLU", optimizer="SGD"
    )
    assert explorer.page.error == ""
    assert explorer.page.readout.startswith("Diverged at step ")
    plane = explorer.picture.figure.axes[0]
    (note,) = [text.get_text() for text in plane.texts if text.get_visible()]
    assert note == explorer.page.readout.split(":")[0].lower()
    shade = plane.images[0].get_array()
    assert (shade[..., 0] == shade[..., 1]).all()
    losses = explorer.picture.figure.axes[1]
    curves = np.concatenate([line.get_ydata() for line in losses.lines])
    assert curves[np.isfinite(curves)].max() < losses.get_ylim()[1]  # no empty plot: the curve is in sight
    set_to(explorer, learning_rate="0.1")
    assert explorer.page.readout.startswith("After 200 of 200 epochs")
    assert not [text for text in plane.texts if text.get_visible()]
    shade = plane.images[0].get_array()
    assert (shade[..., 0] != shade[..., 1]).any()


def test_a_divergence_says_nothing_on_the_side(recwarn):
    training_explorer(learning_rate=100, activation="ReLU", optimizer="SGD", depth=3)
    assert [w for w in recwarn if issubclass(w.category, RuntimeWarning)] == []


# ----------------------------------------------------------------------------------- long trainings


def test_a_newer_value_stops_a_long_run(explorer, monkeypatch):
    monkeypatch.setattr(live, "PATIENCE", 0.0)
    explorer.page.box.children[2].children[0].click()
    assert explorer.latest.settle(WAIT)
    set_to_without_waiting = {c.name: c.widget for c in explorer.controls}
    set_to_without_waiting["epochs"].value = 1000
    set_to_without_waiting["batch_size"].value = "1"  # 150,000 steps: minutes
    set_to_without_waiting["batch_size"].value = "all points"
    set_to_without_waiting["epochs"].value = 30
    assert explorer.latest.settle(WAIT)
    assert explorer.page.readout.startswith("After 30 of 30 epochs")


def test_stop_keeps_what_was_learned(explorer, monkeypatch):
    monkeypatch.setattr(live, "PAUSE", 0.0)  # show after every epoch
    explorer.page.box.children[2].children[0].click()
    assert explorer.latest.settle(WAIT)
    widgets = {c.name: c.widget for c in explorer.controls}
    progress = explorer.page.box.children[2].children[2]
    stop = explorer.page.box.children[2].children[1]
    assert stop.description == "Stop"
    seen = []

    def stop_at_the_third(change):
        seen.append(change.new)
        if len(seen) == 3:
            stop.click()

    widgets["batch_size"].value = "1"
    assert explorer.latest.settle(WAIT)
    progress.observe(stop_at_the_third, names="value")
    widgets["epochs"].value = 1000
    assert explorer.latest.settle(WAIT)
    progress.unobserve(stop_at_the_third, names="value")
    monkeypatch.undo()
    assert explorer.page.readout.startswith("After 3 of 1000 epochs") or explorer.page.readout.startswith(
        "After 4 of"
    )
    assert seen[:3] == sorted(seen[:3])
    widgets["batch_size"].value = "all points"
    assert explorer.latest.settle(WAIT)
    assert explorer.page.readout.startswith("After 1000 of 1000 epochs")


# ----------------------------------------------------------------------------------- a reader's data


def test_own_data_are_learned_and_shared_by_their_names():
    explorer = training_explorer((X, y), learning_rate=0.1)
    assert "accuracy 100% in training" in explorer.page.readout
    assert explorer.share() == "training_explorer((X, y), learning_rate=0.1)"
    assert eval(explorer.share()).page.readout == explorer.page.readout


def test_own_data_of_any_unit_and_number_of_classes():
    three = np.digitize(X[:, 1], [-0.5, 0.5])
    explorer = training_explorer((1000 + 50 * X, three), epochs=400)
    assert explorer.page.error == ""
    assert "accuracy 100% in training" in explorer.page.readout


BAD = {
    "one class": ((X, np.zeros(40, int)), "points of at least two classes, got 40 of class 0 alone"),
    "one point": ((X[:1], y[:1]), "points of at least two classes, got 1 of class"),
    "no point": ((X[:0], y[:0]), r"X of shape \(m, 2\), got \(0, 2\); it is empty"),
    "NaN": ((np.where(X > 2, np.nan, X), y), "expected finite X, got nan at"),
    "infinity": ((np.where(X > 2, np.inf, X), y), "expected finite X, got inf at"),
    "3-D points": ((np.zeros((40, 3)), y), r"X of shape \(m, 2\), got \(40, 3\)"),
    "strings": ((X.astype(str), y), "X as an array of float32 or float64, got an array of <U"),
    "string labels": ((X, y.astype(str)), "y as integer labels, got <U"),
    "float labels": ((X, y.astype(float)), "y as integer labels, got float64; convert them"),
    "more labels": ((X[:30], y), r"y of shape \(30,\), got \(40,\)"),
    "a negative label": ((X, y - 1), "y as labels in 0 … 7, got -1"),
    "X alone": (X, r"data as a name or a pair \(X, y\), got an array of float64, shape \(40, 2\)"),
    "nothing": (None, r"data as a name or a pair \(X, y\), got NoneType"),
}


@pytest.mark.parametrize(("data", "message"), BAD.values(), ids=BAD)
def test_bad_data_are_named_in_place_of_the_picture_and_the_controls_stay_alive(data, message):
    explorer = quick(data)
    with pytest.raises(ValueError, match=message):
        raise ValueError(explorer.page.error)
    assert explorer.page.error.startswith("training_explorer expected ")
    set_to(explorer, seed=3)
    assert explorer.page.error.startswith("training_explorer expected ")
    set_to(explorer, data="moons")
    assert explorer.page.error == ""
    assert explorer.page.readout.startswith("After 10 of 10 epochs")
    set_to(explorer, data="your data")
    assert explorer.page.error.startswith("training_explorer expected ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": "circle"}, "training_explorer expected data as one of 'circles', 'moons'.*, got 'circle'"),
        ({"learning_rate": 0}, "training_explorer expected learning_rate >= 0.0001, got 0"),
        ({"hidden_size": 65}, "training_explorer expected hidden_size <= 64, got 65"),
        ({"activation": "tanh"}, "training_explorer expected activation as one of 'Tanh'"),
        ({"batch_size": 7}, "training_explorer expected batch_size as one of None, 64"),
    ],
)
def test_a_setting_that_no_control_has_is_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        training_explorer(**settings)


def test_a_feature_that_never_changes_does_no_harm():
    flat = X.copy()
    flat[:, 1] = 3.0
    assert quick((flat, y)).page.error == ""
