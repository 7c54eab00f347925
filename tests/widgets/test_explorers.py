"""The other explorers: what they show is right, and bad data are named in place of the picture."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text
from sklearn import metrics

from nnlab import (
    MLP,
    LeakyReLU,
    Linear,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    widgets,
)
from nnlab.layers import Embedding, Layer, PositionalEncoding, TransformerBlock
from nnlab.optimizers import SGD
from nnlab.plots import PALETTE
from nnlab.widgets import (
    activation_explorer,
    appointments_explorer,
    digits_explorer,
    forecast_explorer,
    forward_explorer,
    gates_explorer,
    gradient_flow_explorer,
    heads_explorer,
    kernel_explorer,
    live,
    regularization_explorer,
    reliability_explorer,
    schedule_explorer,
    sentence_explorer,
    steps_explorer,
    surface_explorer,
    threshold_explorer,
)
from nnlab.widgets.plane import SIDE, borders, grid, shade
from nnlab.widgets.reliability import Cases
from nnlab.widgets.steps import PLACES, by_steps, goal
from nnlab.widgets.surface import REACH, SURFACES, walk
from nnlab.widgets.threshold import Curves

WAIT = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
y = (X[:, 0] > 0).astype(int)
p = np.clip(0.5 + 0.3 * X[:, 0] + 0.1 * X[:, 1], 0, 1)
scores = 3 * X[:, 0] + X[:, 1]
values = 10 + np.sin(2 * np.pi * np.arange(300) / 12) + 0.3 * RNG.normal(size=300).cumsum()
network = Sequential(
    Embedding(7, 8, rng=RNG),
    PositionalEncoding(8, 20),
    TransformerBlock(8, 2, 8, rng=RNG),
    Linear(8, 7, rng=RNG),
)
known = {"the": 0.1, "plot": -0.3, "is": 0.0, "dull": -1.5, "not": -0.5}


def explain(tokens):
    contributions = [known.get(token, 0.2) for token in tokens]
    return contributions, 1 / (1 + np.exp(-np.sum(contributions)))


MAKERS = {
    "activation": activation_explorer,
    "forward": forward_explorer,
    "gates": gates_explorer,
    "gradient flow": gradient_flow_explorer,
    "kernel": kernel_explorer,
    "regularization": lambda: regularization_explorer(points=20),
    "steps": steps_explorer,
    "schedule": schedule_explorer,
    "surface": surface_explorer,
    "threshold": lambda: threshold_explorer(y, p),
    "reliability": lambda: reliability_explorer(y, scores),
    "sentence": lambda: sentence_explorer(explain, known=known),
    "forecast": lambda: forecast_explorer(values, 12, hidden=4),
    "heads": lambda: heads_explorer(network, tokens=[1, 2, 3, 1]),
    "digits": lambda: digits_explorer((X, y), epochs=3),
    "appointments": lambda: appointments_explorer((X, y), epochs=3),
}
every_explorer = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def set_to(explorer, **values):
    widgets = {control.name: control.widget for control in explorer.controls}
    for name, value in values.items():
        widgets[name].value = value
    assert explorer.latest.settle(WAIT)


def names():
    """What a share line may use."""
    explorers = {name: getattr(widgets, name) for name in widgets.__all__}
    given = {"X": X, "y": y, "p": p, "scores": scores, "values": values, "period": 12, "network": network}
    return explorers | given | {"explain": explain, "known": known}


def moves(explorer):
    """Yield every widget that a reader can move, with another value for it."""
    for control in explorer.controls:
        for widget in getattr(control, "_sliders", [control.widget]):
            if hasattr(widget, "options"):
                yield widget, next(option for option in widget.options if option != widget.value)
            elif isinstance(widget.value, str):
                yield widget, f"{widget.value} 1"
            else:
                yield widget, widget.max if widget.value != widget.max else widget.min


# ----------------------------------------------------------------------------------- all of them


@every_explorer
def test_every_control_changes_the_picture_or_the_words_and_the_share_line_recreates_it(make):
    explorer = make()
    for widget, value in moves(explorer):
        before = explorer.page.readout, explorer.picture.image.value
        start, widget.value = widget.value, value
        assert explorer.latest.settle(WAIT)
        assert explorer.page.error == ""
        assert (explorer.page.readout, explorer.picture.image.value) != before, widget.description
        again = eval(explorer.page.share.value, names())
        assert again.state == explorer.state
        assert (again.page.readout, again.picture.image.value) == (
            explorer.page.readout,
            explorer.picture.image.value,
        )
        widget.value = start
        assert explorer.latest.settle(WAIT)


@every_explorer
def test_every_explorer_says_what_to_try_and_labels_its_controls(make):
    explorer = make()
    assert "Try this: " in explorer.page.box.children[0].value
    assert all(widget.description for widget, _ in moves(explorer))
    assert explorer.page.readout.endswith((".", "]"))


@every_explorer
def test_the_axes_say_what_they_show_without_mathtext(make):
    # matplotlib's parser of formulas is one for all threads
    figure = make().picture.figure
    axes = [ax for ax in figure.axes if ax.axison]
    assert all(ax.get_xlabel() for ax in axes)
    assert all(ax.get_title() or ax.get_ylabel() for ax in axes)
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert not [text for text in texts if "$" in text]


# ----------------------------------------------------------------------------------- the plane


def test_the_plane_is_colored_by_the_most_probable_class_and_pale_where_unsure():
    sure, torn = np.tile([0.0, 1.0, 0.0], (SIDE**2, 1)), np.full((SIDE**2, 3), 1 / 3)
    assert (shade(torn) == 255).all()
    color = shade(sure)[0, 0] / 255
    expected = np.array([int(PALETTE[1][i : i + 2], 16) / 255 for i in (1, 3, 5)])
    assert np.allclose(color, 0.4 + 0.6 * expected, atol=0.01)
    gray = shade(sure, gray=True)
    assert (gray[..., 0] == gray[..., 1]).all()


def test_the_border_lies_where_two_classes_are_equally_probable():
    x1, x2, points = grid([-1, -2], [1, 2])
    first = 1 / (1 + np.exp(-(points[:, 0] - 0.5 * points[:, 1])))
    (line,) = borders(x1, x2, np.column_stack([first, 1 - first]))
    assert np.allclose(line[:, 0], 0.5 * line[:, 1], atol=1e-3)
    assert borders(x1, x2, np.tile([0.9, 0.1], (SIDE**2, 1))) == []


# ----------------------------------------------------------------------------------- steps


def test_steep_steps_are_the_goal_at_the_middle_of_each_stair():
    x = np.array([-1.5, -0.5, 0.5, 1.5])  # three neurons: edges at -1, 0 and 1
    curve, added = by_steps(x, 3, 50.0)
    assert np.allclose(curve, goal(x))
    assert added.shape == (4, 3)


def test_more_steps_make_a_smaller_error_and_the_explorer_says_how_small():
    explorer = steps_explorer(hidden=15)
    fifteen = np.abs(by_steps(PLACES, 15, 10.0)[0] - goal(PLACES)).max()
    assert f"15 hidden neurons: the largest error is {fifteen:.2f}" in explorer.page.readout
    set_to(explorer, hidden=63)
    assert np.abs(by_steps(PLACES, 63, 10.0)[0] - goal(PLACES)).max() < fifteen / 3


# ----------------------------------------------------------------------------------- activation


def test_the_activation_explorer_gives_value_slope_and_share_of_saturated_inputs():
    explorer = activation_explorer("Tanh", z=0.5, inputs=[0.0, 0.0, 5.0, -5.0])
    assert explorer.page.readout.startswith(
        f"Tanh(0.5) = {np.tanh(0.5):.3f}, slope {1 - np.tanh(0.5) ** 2:.3f}."
    )
    assert "50% are saturated; the mean size of the slope is 0.50" in explorer.page.readout
    set_to(explorer, spread=0.1)
    assert " 0% are saturated" in explorer.page.readout


def test_an_activation_of_your_own():
    explorer = activation_explorer(LeakyReLU(0.3), z=-2.0)
    assert explorer.page.readout.startswith("LeakyReLU(-2.0) = -0.600, slope 0.300.")
    assert explorer.share() == "activation_explorer(LeakyReLU(negative_slope=0.3), z=-2.0)"


@pytest.mark.parametrize("wrong", [Softmax(), MLP([1, 2], activation=Tanh), Tanh, 3])
def test_a_bad_activation_is_named_and_another_can_be_chosen(wrong):
    explorer = activation_explorer(wrong)
    assert explorer.page.error.startswith("activation_explorer expected an activation of one number such as")
    set_to(explorer, activation="ReLU")
    assert explorer.page.readout.startswith("ReLU(1.0) = 1.000")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [([], "at least one number"), ([np.nan], "finite inputs"), (["a"], "inputs as an array of float32")],
)
def test_inputs_that_are_not_numbers_are_named(inputs, message):
    assert message in activation_explorer(inputs=inputs).page.error


# ----------------------------------------------------------------------------------- forward pass


def by_the_package(state):
    arrays = [np.array(state[name]) for name in ("x", "Wh", "bh", "Wy", "by")]
    network = MLP([len(arrays[0]), len(arrays[2]), len(arrays[4])], activation=Tanh)
    for parameter, value in zip(network.parameters(), arrays[1:], strict=True):
        parameter.value = value
    last: Layer = Sigmoid() if len(arrays[4]) == 1 else Softmax()
    return Sequential(network, last).forward(arrays[0][None])[0]


def test_the_forward_pass_by_hand():
    explorer = forward_explorer()
    h = np.tanh([1.0 * 2 - 0.5 * 1 + 0.5, 1.0 * -1 - 0.5 * 2 - 0.5])
    y_hat = 1 / (1 + np.exp(-(1.5 * h[0] - 2 * h[1] + 0.2)))
    assert explorer.page.readout == f"h = [{h[0]:.3f}, {h[1]:.3f}], ŷ = [{y_hat:.3f}]"
    shown = [text.get_text() for text in explorer.picture.figure.axes[0].texts]
    assert {f"{h[0]:.2f}", f"{h[1]:.2f}", f"{y_hat:.2f}", "-2.00"} <= set(shown)


def test_a_network_of_your_own_with_several_outputs():
    params = {
        name: RNG.normal(size=shape) for name, shape in (("Wh", (2, 4)), ("bh", 4), ("Wy", (4, 3)), ("by", 3))
    }
    explorer = forward_explorer(np.array([0.5, 7.5]), **params)
    written = ", ".join(f"{value:.3f}" for value in by_the_package(explorer.state))
    assert explorer.page.readout.endswith(f"ŷ = [{written}]")
    assert np.allclose(explorer.state["Wh"], params["Wh"], atol=5e-4)


def test_inputs_that_are_not_two_get_bars():
    explorer = forward_explorer([1, 2, 3], np.ones((3, 2)), [0, 0], np.ones((2, 2)), [0, 0])
    beside = explorer.picture.figure.axes[1]
    assert [bar.get_height() for bar in beside.patches] == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": [1, 2, 3]}, r"forward_explorer expected Wh of shape \(3, 2\), got \(2, 2\)"),
        ({"x": [1, np.nan]}, "forward_explorer expected finite x"),
        ({"x": ["a", "b"]}, "forward_explorer expected x as an array of float32"),
        ({"by": [1, 2]}, r"forward_explorer expected Wy of shape \(2, 2\), got \(2, 1\)"),
        ({"x": np.ones(50)}, "forward_explorer expected at most 40 numbers to move, got"),
    ],
)
def test_a_network_that_no_slider_fits_is_named_in_place_of_the_picture_until_a_slider_moves(
    arguments, message
):
    explorer = forward_explorer(**arguments)
    assert re.match(message, explorer.page.error)
    assert explorer.page.readout == ""
    assert explorer.state == forward_explorer().state
    explorer.controls[0]._sliders[0].value = 2.0
    assert explorer.latest.settle(WAIT)
    assert explorer.page.error == ""
    assert explorer.page.readout.startswith("h = [")


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="forward_explorer expected activation as one of"):
        forward_explorer(activation="Relu")


# ----------------------------------------------------------------------------------- gradient flow


def test_sigmoids_lose_the_gradient_and_he_keeps_it_for_relu():
    lost = gradient_flow_explorer(activation="Sigmoid", depth=20)
    kept = gradient_flow_explorer(activation="ReLU", weight_init="he_normal", depth=20, width=200)
    factor = [float(e.page.readout.split("(×")[2].split(" ")[0]) for e in (lost, kept)]
    assert factor[0] < 0.3
    assert 0.9 < factor[1] < 1.1


def test_the_gradients_drawn_are_those_of_backward():
    explorer = gradient_flow_explorer(X, activation="Tanh", depth=3, width=4)
    assert explorer.page.error == ""
    powers = explorer.picture.figure.axes[0].lines[0].get_ydata()
    network = MLP([3, 4, 4, 4], activation=Tanh, weight_init=xavier, rng=np.random.default_rng(0))
    outputs = [network.layers[0].forward(X)]
    assert 10 ** powers[0] == pytest.approx(np.sqrt(np.mean(outputs[0] ** 2)))
    assert len(powers) == 3


def xavier(shape, fan_in, fan_out, rng, dtype):
    return np.sqrt(2 / (fan_in + fan_out)) * rng.standard_normal(shape).astype(dtype)


def test_a_network_with_every_unit_off_is_said_to_be_so():
    explorer = gradient_flow_explorer(-np.ones((2, 1)), activation="ReLU", width=2, depth=30, seed=1)
    assert explorer.page.readout == "At some layer nothing is left: every unit is switched off."


@pytest.mark.parametrize("bad", [X[0], np.full((2, 2), np.nan), X.astype(str), X[:0]])
def test_a_bad_batch_is_named(bad):
    assert gradient_flow_explorer(bad).page.error.startswith("gradient_flow_explorer expected ")


# ----------------------------------------------------------------------------------- surface


def test_gradient_descent_on_a_parabola_by_hand():
    path = walk(lambda w1, w2: w1**2 + w2**2, (2.0, -1.0), lambda parameter: SGD([parameter], 0.1), 3)
    assert np.allclose(path, [[2 * 0.8**k, -(0.8**k)] for k in range(4)], atol=1e-8)


def test_a_path_that_leaves_is_gray_and_its_step_is_told():
    explorer = surface_explorer(learning_rate=1.0)  # the walls have curvature 4: stable below 2/4
    assert "SGD diverged at step " in explorer.page.readout
    steps = 2 * 3.0 ** np.arange(20)  # each step multiplies w2 by 1 - 1.0 · 4
    expected = int(np.argmax(steps > 10 * REACH))
    assert f"SGD diverged at step {expected}," in explorer.page.readout
    sgd, _, adam = explorer.picture.figure.axes[0].lines[:3]
    assert sgd.get_color() == "0.55"
    assert adam.get_color() != "0.55"
    assert len(sgd.get_xdata()) == expected


def test_a_surface_of_your_own():
    explorer = surface_explorer(lambda w1, w2: (w1 + w2) ** 2, learning_rate=0.2, w1=1.0, w2=1.0)
    assert explorer.page.readout.startswith("Height at the start 4; after 40 steps: SGD at ")
    assert explorer.share() == "surface_explorer(f, learning_rate=0.2, w1=1.0, w2=1.0)"
    assert surface_explorer(lambda w1, w2: 1.0).page.error == ""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (3, "surface_explorer expected surface as a function"),
        (lambda w1: w1, "takes 1 positional argument but 2 were given"),
        (lambda w1, w2: "high", "surface_explorer expected the surface at .* as a number, got str 'high'"),
        (lambda w1, w2: float("nan"), "surface_explorer expected the surface at .* finite, got nan"),
        (lambda w1, w2: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_bad_surface_is_named_and_another_can_be_chosen(wrong, message):
    explorer = surface_explorer(wrong)
    with pytest.raises(ValueError, match=message):
        raise ValueError(explorer.page.error)
    set_to(explorer, surface="saddle")
    assert explorer.page.error == ""


def test_every_surface_has_a_way_down():
    for name in SURFACES:
        readout = surface_explorer(name, learning_rate=0.05, steps=200).page.readout
        start, end = (
            float(readout.split(word)[1].split("; ")[0].split(",")[0]) for word in ("start ", "SGD at ")
        )
        assert end < start


# ----------------------------------------------------------------------------------- threshold


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=60).filter(
        lambda rows: len({label for label, _ in rows}) == 2
    ),
    st.integers(0, 10),
)
def test_the_counts_agree_with_scikit_learn(rows, tenths):
    labels, chances = np.array(rows).T
    chances, threshold = chances / 10, tenths / 10
    curves = Curves.of(labels, chances)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, chances >= threshold).ravel()
    assert curves.counts(threshold) == (tp, fp, fn, tn)
    false_rate, true_rate, _ = metrics.roc_curve(labels, chances, drop_intermediate=False)
    assert np.allclose(curves.tp / labels.sum(), true_rate)
    assert np.allclose(curves.fp / (1 - labels).sum(), false_rate)
    for t, tps, fps in list(zip(curves.t, curves.tp, curves.fp, strict=True))[1:]:
        assert (tps, fps) == curves.counts(t)[:2]


def test_precision_recall_f1_and_cost_by_hand():
    explorer = threshold_explorer(
        [1, 1, 0, 0, 0], [0.9, 0.4, 0.6, 0.3, 0.1], threshold=0.5, cost_false_negative=3.0
    )
    # one hit, one miss, one false alarm: cost (1 · 1 + 3 · 1) / 5; at t = 0.4 it is one false alarm alone
    assert explorer.page.readout == (
        "Threshold 0.50: precision 0.500, recall 0.500, F1 0.500. Cost per 100 cases 80.0; "
        "the lowest is 20.0, at t = 0.40."
    )
    matrix = [text.get_text().split("\n")[0] for text in explorer.picture.figure.axes[0].texts]
    assert matrix == ["2", "1", "1", "1"]
    set_to(explorer, threshold=1.0)
    assert "precision 0.000, recall 0.000, F1 0.000" in explorer.page.readout


def test_many_cases_are_drawn_by_few_points():
    many = RNG.random(20_000)
    explorer = threshold_explorer((many > 0.5).astype(int), many)
    assert len(explorer.picture.figure.axes[1].lines[0].get_xdata()) <= 401


@pytest.mark.parametrize(
    ("labels", "chances", "message"),
    [
        (np.ones(60, int), p, "both classes 0 and 1 in y, got 60 of class 1 alone"),
        (y[:1], p[:1], "both classes 0 and 1 in y, got 1 of class"),
        (y, p[:9], r"p of shape \(60,\), got \(9,\)"),
        (y, np.where(y == 1, np.nan, p), "finite p, got nan"),
        (y, 2 * p, "the largest of p <= 1"),
        (y, -p, "the smallest of p >= 0"),
        (y, p.astype(str), "p as an array of float32"),
        (y.astype(str), p, "y as integer labels"),
        (y, X, r"p of shape \(60,\), got \(60, 3\)"),
        ([], [], "y as integer labels, got float64"),
    ],
)
def test_bad_labels_or_probabilities_are_named_and_the_controls_stay_alive(labels, chances, message):
    explorer = threshold_explorer(labels, chances)
    for threshold in (0.3, 0.6):
        set_to(explorer, threshold=threshold)
        with pytest.raises(ValueError, match=f"threshold_explorer expected {message}"):
            raise ValueError(explorer.page.error)


# ----------------------------------------------------------------------------------- reliability


def test_calibration_error_and_log_loss_by_hand():
    # p = 0.2, 0.2, 0.8, 0.8 in two bins: observed 1/2 and 1, said 0.2 and 0.8
    four = np.log(4) * np.array([-1, -1, 1, 1])
    explorer = reliability_explorer([0, 1, 1, 1], four, bins=2)
    assert explorer.page.readout.startswith("2 bins: calibration error 0.250. Log loss 0.570 at T = 1,")
    assert explorer.page.readout.endswith(
        "that of the base rate 0.75 is 0.562. Right at the threshold ½: 0.750."
    )
    points = explorer.picture.figure.axes[0].lines[1]
    assert np.allclose(points.get_xdata(), [0.2, 0.8])
    assert np.allclose(points.get_ydata(), [0.5, 1.0])


def test_the_temperature_changes_no_order_and_the_lowest_loss_is_scipys():
    from scipy.optimize import minimize_scalar

    cases = Cases.of(y, scores)
    best = minimize_scalar(cases.log_loss, bounds=(0.01, 20), method="bounded").fun
    told = float(reliability_explorer(y, scores).page.readout.split("lowest ")[1].split(" ")[0])
    assert told == pytest.approx(best, abs=0.02)
    said = [reliability_explorer(y, scores, temperature=t).page.readout for t in (0.5, 4.0)]
    assert said[0].split("½")[1] == said[1].split("½")[1]


def test_the_share_of_class_1_is_that_of_cases_drawn_so():
    weighted = Cases.of([1, 1, 1, 0], [2.0, 1.0, 0.0, -1.0], share=0.5)
    drawn = Cases.of([1, 1, 1, 0, 0, 0], [2.0, 1.0, 0.0, -1.0, -1.0, -1.0])
    assert np.mean(weighted.weights * weighted.y) == pytest.approx(0.5)
    assert weighted.log_loss(1.5) == pytest.approx(drawn.log_loss(1.5))


def test_extreme_scores_stay_finite():
    explorer = reliability_explorer([0, 1, 1], [1000.0, -1000.0, 1000.0])
    assert "Log loss 666.667 at T = 1" in explorer.page.readout


@pytest.mark.parametrize(
    ("labels", "given", "message"),
    [
        (np.ones(60, int), scores, "both classes 0 and 1 in y, got 60 of class 1 alone"),
        (y, scores[:9], r"scores of shape \(60,\), got \(9,\)"),
        (y, np.where(y == 1, np.nan, scores), "finite scores, got nan"),
        (y, X, r"scores of shape \(60,\), got \(60, 3\)"),
        (y.astype(str), scores, "y as integer labels"),
    ],
)
def test_bad_labels_or_scores_are_named_and_the_controls_stay_alive(labels, given, message):
    explorer = reliability_explorer(labels, given)
    for temperature in (1.5, 3.0):
        set_to(explorer, temperature=temperature)
        with pytest.raises(ValueError, match=f"reliability_explorer expected {message}"):
            raise ValueError(explorer.page.error)


# ----------------------------------------------------------------------------------- digits, appointments


def test_the_digits_are_learned_well_above_guessing():
    readout = digits_explorer().page.readout
    metric, base = (
        float(readout.split(word)[1].split(" ")[0].rstrip(","))
        for word in ("accuracy in validation ", "against ")
    )
    assert metric > 0.95
    assert 0.1 < base < 0.15


def test_the_appointments_are_learned_better_than_by_guessing(empty_machine):
    readout = appointments_explorer(epochs=3).page.readout
    assert float(readout.split("ROC-AUC in validation ")[1].split(",")[0]) > 0.68
    assert readout.endswith("against 0.500 by guessing.")


@pytest.mark.filterwarnings("ignore::nnlab.training.TrainingWarning")
def test_a_run_that_does_not_recover_is_gray_with_its_step():
    explorer = digits_explorer((X, y), epochs=20)
    set_to(explorer, learning_rate="100")
    assert explorer.page.readout.startswith("Diverged at step ")
    note = explorer.picture.figure.axes[1].texts[0]
    assert note.get_visible()
    assert note.get_text() == explorer.page.readout.split(".")[0].lower()
    set_to(explorer, learning_rate="0.01")
    assert explorer.page.readout.startswith("After 20 of 20 epochs")
    assert not note.get_visible()


def test_pictures_come_while_it_trains_and_stop_ends_it(monkeypatch):
    monkeypatch.setattr(live, "PAUSE", 0.0)
    explorer = appointments_explorer((X, y), epochs=5)
    bar, stop = explorer.page.box.children[2].children[2], explorer.page.box.children[2].children[1]
    seen = []
    bar.observe(lambda change: seen.append(round(change.new, 3)), names="value")
    set_to(explorer, hidden_size="64")
    assert seen == [0.2, 0.4, 0.6, 0.8, 1.0]
    bar.observe(lambda change: stop.click() if change.new == 0.4 else None, names="value")
    set_to(explorer, hidden_size="8")
    assert explorer.page.readout.startswith("After 2 of 5 epochs")


def test_a_newer_value_stops_the_older_run(monkeypatch):
    monkeypatch.setattr(live, "PATIENCE", 0.0)
    monkeypatch.setattr(live, "PAUSE", 0.0)
    explorer = digits_explorer((X, y), epochs=50)
    readouts = []
    explorer.page.box.children[-2].observe(
        lambda change: readouts.append(explorer.page.readout), names="value"
    )
    bar = explorer.page.box.children[2].children[2]

    def move_on(change):
        if 0.1 < change.new < 0.2:
            explorer.controls[0].widget.value = "0.5"

    bar.observe(move_on, names="value")
    set_to(explorer, learning_rate="0.02")
    assert explorer.state["learning_rate"] == 0.5
    assert explorer.page.readout.startswith("After 50 of 50 epochs")
    assert sum(readout.startswith("After 50 of") for readout in readouts) == 1  # the older never got so far


@pytest.mark.parametrize("make", [digits_explorer, appointments_explorer])
@pytest.mark.parametrize(
    ("data", "message"),
    [
        (X, r"data as a pair \(X, y\), got an array of float64, shape \(60, 3\)"),
        ((X, np.zeros(60, int)), "rows of at least two classes, got 60 of class 0 alone"),
        ((X[:1], y[:1]), "rows of at least two classes, got 1 of class"),
        ((np.full((60, 3), np.nan), y), r"finite X, got nan at \[0, 0\]"),
        ((X.astype(str), y), "X as an array of float32 or float64"),
        ((X, y.astype(str)), "y as integer labels"),
        ((X[None], y), r"X of shape \(m, n\), got \(1, 60, 3\)"),
        ((X[:50], y), r"y of shape \(50,\), got \(60,\)"),
    ],
)
def test_bad_tables_are_named_in_place_of_the_picture(make, data, message):
    explorer = make(data)
    set_to(explorer, hidden_size="8")
    with pytest.raises(ValueError, match=f"{make.__name__} expected {message}"):
        raise ValueError(explorer.page.error)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "sgd"}, "digits_explorer expected optimizer as one of 'SGD'"),
        ({"epochs": 0}, "digits_explorer expected epochs >= 1, got 0"),
        ({"hidden_size": 33}, "digits_explorer expected hidden_size as one of 1, 2, 4"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_once(settings, message):
    with pytest.raises(ValueError, match=message):
        digits_explorer((X, y), **settings)


def test_the_share_line_holds_what_has_no_slider():
    assert digits_explorer((X, y), optimizer="Adam", epochs=3, learning_rate=0.01).share() == (
        'digits_explorer((X, y), optimizer="Adam", epochs=3, learning_rate=0.01)'
    )
