"""Figures: they draw what they were given, on the Axes they were given, and raise nnlab's own errors."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle
from sklearn import metrics

from nnlab import (
    MLP,
    AvgPool2d,
    Conv2d,
    Dropout,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    plots,
)
from nnlab.layers import receptive_field
from nnlab.plots.diagrams import MOST_NEURONS
from nnlab.training import History

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2))
y2 = np.arange(40) % 2
y3 = np.arange(40) % 3
p = np.clip(0.3 * y2 + 0.7 * rng.random(40), 0, 1)


@pytest.fixture(autouse=True)
def _closed_figures():
    plt.close("all")
    yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


CALLS = {
    "points": lambda ax: plots.points(X, y3, ax=ax),
    "decision_boundary": lambda ax: plots.decision_boundary(MLP([2, 4, 3], activation=Tanh), X, y3, ax=ax),
    "contour_path": lambda ax: plots.contour_path(lambda a, b: a * a + b * b, {"SGD": X[:5]}, ax=ax),
    "activation": lambda ax: plots.activation(Tanh(), ax=ax),
    "loss_curves": lambda ax: plots.loss_curves({"a": [2.0, 1.0]}, ax=ax),
    "gradient_norms": lambda ax: plots.gradient_norms({"a": [2.0, 1.0]}, ax=ax),
    "confusion_matrix": lambda ax: plots.confusion_matrix(y3, y3[::-1], ax=ax),
    "roc_curve": lambda ax: plots.roc_curve(y2, p, ax=ax),
    "precision_recall_curve": lambda ax: plots.precision_recall_curve(y2, p, ax=ax),
    "thresholds": lambda ax: plots.thresholds(y2, p, ax=ax),
    "calibration": lambda ax: plots.calibration(y2, p, ax=ax),
    "network_graph": lambda ax: plots.network_graph([2, 3, 1], ax=ax),
    "shapes_diagram": lambda ax: plots.shapes_diagram(("X", (5, 3)), "@", ("W", (3, 4)), ax=ax),
    "unrolled_loop": lambda ax: plots.unrolled_loop(3, backward=True, cut=1, ax=ax),
    "images": lambda ax: plots.images(np.zeros((3, 4)), ax=ax),
    "mistakes": lambda ax: plots.mistakes(np.zeros((3, 4)), [0, 1, 1], np.eye(2)[[0, 0, 1]], ax=ax),
    "weights_as_images": lambda ax: plots.weights_as_images(np.zeros((4, 3)), ax=ax),
    "show_filters": lambda ax: plots.show_filters(np.zeros((4, 1, 3, 3)), ax=ax),
    "show_feature_maps": lambda ax: plots.show_feature_maps(np.zeros((4, 5, 6)), ax=ax),
    "show_receptive_field": lambda ax: plots.show_receptive_field(one_kernel(), np.ones((1, 6, 6)), ax=ax),
}


@pytest.mark.parametrize("name", CALLS)
def test_draws_on_the_given_axes_or_the_current_one(name):
    fig, (left, right) = plt.subplots(1, 2)
    assert CALLS[name](left) is left
    assert left.has_data() or left.patches
    assert not right.has_data()
    assert plt.get_fignums() == [fig.number]
    assert CALLS[name](None) is right  # the current Axes of a figure is the last one made


@pytest.mark.parametrize("name", CALLS)
def test_makes_one_figure_where_there_is_none(name):
    CALLS[name](None)
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", CALLS)
def test_draws_on_a_figure_that_pyplot_does_not_know(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure()
    CALLS[name](figure.add_subplot())
    FigureCanvasAgg(figure).draw()
    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", CALLS)
def test_refuses_what_is_not_an_axes(name):
    with pytest.raises(TypeError, match="expected ax as a matplotlib Axes, got str 'left'"):
        CALLS[name]("left")
    assert plt.get_fignums() == []


def test_every_public_function_is_in_these_tests():
    public = {name for name in plots.__all__ if callable(getattr(plots, name))}
    assert public == {*CALLS, "use_style"}


def test_style_gives_each_line_its_own_dashes_beside_its_color():
    with matplotlib.rc_context():
        plots.use_style()
        lines = [plt.plot([0, 1])[0] for _ in range(4)]
        assert len({line.get_color() for line in lines}) == 4
        assert len({line.get_linestyle() for line in lines}) == 4


# ---------------------------------------------------------------------------------------- networks in 2-D


def shade_at(ax, x, y):
    """Return the color that the background has at a point."""
    image = ax.images[0]
    left, right, bottom, top = image.get_extent()
    pixels = np.asarray(image.get_array())
    rows, columns = pixels.shape[:2]
    return pixels[int((y - bottom) / (top - bottom) * rows), int((x - left) / (right - left) * columns)]


def hue_of(color):
    """Return the class whose palette color is nearest in direction from white."""
    away = 1 - np.array([to_rgb(c) for c in plots.PALETTE[:4]])
    direction = 1 - np.asarray(color)
    return int(np.argmax(away @ direction / np.linalg.norm(away, axis=1)))


def sigmoid_network():
    network = Linear(2, 1)
    network.W.value[:] = [[4.0], [0.0]]  # class 1 where x1 > 0.5
    network.b.value[:] = -2.0
    return network


def softmax_network():
    network = Linear(2, 2)
    network.W.value[:] = [[0.0, 4.0], [0.0, 0.0]]
    network.b.value[:] = [0.0, -2.0]
    return network


@pytest.mark.parametrize(
    "network",
    [
        sigmoid_network(),
        softmax_network(),
        Sequential(softmax_network(), Softmax()).forward,
        lambda X: 1 / (1 + np.exp(2 - 4 * X[:, 0])),
    ],
    ids=["one score", "two scores", "two probabilities", "one probability"],
)
def test_boundary_lies_where_both_classes_are_equally_probable(network):
    ax = plots.decision_boundary(network, X, y2)
    (contour,) = [c for c in ax.collections if hasattr(c, "levels")]
    boundary = np.concatenate([path.vertices for path in contour.get_paths()])
    assert boundary[:, 0] == pytest.approx(0.5, abs=0.02)
    assert hue_of(shade_at(ax, -1.0, 0.0)) == 0
    assert hue_of(shade_at(ax, 1.5, 0.0)) == 1
    assert shade_at(ax, 0.5, 0.0).min() > 0.9  # unsure: almost white


def test_boundary_of_several_classes_and_float32():
    network = Linear(2, 3, dtype=np.float32)
    network.W.value[:] = [[-9, 0, 9], [0, 9, 0]]
    ax = plots.decision_boundary(network, X, y3, labels=["west", "north", "east"])
    assert [hue_of(shade_at(ax, *at)) for at in ((-1, 0), (0, 1), (1, 0))] == [0, 1, 2]
    assert legend(ax) == ["west", "north", "east"]


def test_a_network_that_knows_one_class_has_no_boundary():
    ax = plots.decision_boundary(lambda X: np.full(len(X), 0.9), X, y2)
    assert not [c for c in ax.collections if hasattr(c, "levels")]


def test_points_go_to_their_class_with_a_marker_of_their_own():
    ax = plots.points(X, y3)
    assert [len(c.get_offsets()) for c in ax.collections] == [np.sum(y3 == k) for k in range(3)]
    np.testing.assert_array_equal(ax.collections[1].get_offsets(), X[y3 == 1])
    paths = {c.get_paths()[0].vertices.tobytes() for c in ax.collections}
    assert len(paths) == 3


def test_contour_path_draws_every_path_and_its_start():
    paths = {"SGD": X[:5], "Adam": X[5:12]}
    ax = plots.contour_path(lambda a, b: a * a + 3 * b * b if a > 0 else b, paths)  # not vectorized
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), X[:5])
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), X[:1])
    np.testing.assert_array_equal(ax.lines[2].get_xydata(), X[5:12])
    assert legend(ax) == ["SGD", "Adam"]


def test_contour_path_of_a_flat_surface_with_given_limits():
    ax = plots.contour_path(lambda a, b: 1.0, X[:1], xlim=(-3, 3), ylim=(-2, 2))
    assert ax.get_xlim() == (-3, 3)
    assert ax.get_ylim() == (-2, 2)


# ---------------------------------------------------------------------------------------- training


def test_activation_draws_function_and_derivative():
    ax = plots.activation(Tanh(), low=-2, high=2)
    function, derivative = ax.lines[-2:]
    x = function.get_xdata()
    assert (x[0], x[-1]) == (-2, 2)
    np.testing.assert_allclose(function.get_ydata(), np.tanh(x))
    np.testing.assert_allclose(derivative.get_ydata(), 1 - np.tanh(x) ** 2)
    assert function.get_linestyle() != derivative.get_linestyle()
    assert ax.get_title() == "Tanh"


def test_loss_curves_of_histories_and_lists():
    history = History({"loss": [3.0, 2.0, 1.0], "val_loss": [3.5, 2.5, 2.0]}, diverged_at=12)
    ax = plots.loss_curves({"net": history, "other": [5.0, 4.0]}, log=True)
    assert legend(ax) == ["net (diverged at step 12)", "net, validation", "other"]
    np.testing.assert_array_equal(ax.lines[1].get_xydata(), [[1, 3.5], [2, 2.5], [3, 2.0]])
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), [5, 4])
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert ax.get_yscale() == "log"


def test_loss_curves_of_one_list_and_of_another_measure():
    assert legend(plots.loss_curves([2.0, np.nan])) == ["training"]
    one = History({"loss": [1.0, 0.5], "val_loss": [1.0, 0.8]})
    assert legend(plots.loss_curves(one, ax=plt.figure().gca())) == ["training", "validation"]
    ax = plots.loss_curves({"a": History({"loss": [1.0], "accuracy": [0.5]})}, "accuracy")
    assert ax.get_ylabel() == "accuracy"
    assert ax.lines[-1].get_ydata()[0] == 0.5


def test_gradient_norms_count_layers_from_the_input():
    ax = plots.gradient_norms({"tanh": [1e-3, 1e-1], "relu": [0.0, 1.0]})
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), [[1, 1e-3], [2, 1e-1]])
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_marker() != ax.lines[1].get_marker()


# ---------------------------------------------------------------------------------------- classification


def test_confusion_matrix_counts_and_shares_of_the_row():
    ax = plots.confusion_matrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 0], labels=["show", "no-show"])
    assert texts(ax) == ["3\n75%", "1\n25%", "1\n100%", "0\n0%"]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["show", "no-show"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")


def test_confusion_matrix_of_a_class_that_never_occurs():
    assert texts(plots.confusion_matrix([0, 0], [0, 0])) == ["2\n100%", "0\n0%", "0\n0%", "0\n0%"]


def test_roc_and_precision_recall_are_scikit_learns_beside_the_base_rate():
    scores = {"net": p, "noise": X[:, 0]}
    roc = plots.roc_curve(y2, scores, ax=plt.subplots()[1])
    false_rate, true_rate, _ = metrics.roc_curve(y2, p)
    np.testing.assert_array_equal(roc.lines[0].get_xydata(), np.column_stack([false_rate, true_rate]))
    assert legend(roc)[0] == f"net: AUC {metrics.roc_auc_score(y2, p):.3f}"
    assert legend(roc)[-1] == "chance: AUC 0.500"
    pr = plots.precision_recall_curve(y2[:30], {k: s[:30] for k, s in scores.items()}, ax=plt.subplots()[1])
    assert legend(pr)[0] == f"net: AP {metrics.average_precision_score(y2[:30], p[:30]):.3f}"
    assert legend(pr)[-1] == "base rate 0.500"
    np.testing.assert_array_equal(pr.lines[-1].get_ydata(), [0.5, 0.5])


def test_thresholds_draws_scores_of_the_inclusive_rule():
    ax = plots.thresholds(y2, p, chosen=0.4)
    for line, score in zip(
        ax.lines, (metrics.precision_score, metrics.recall_score, metrics.f1_score), strict=False
    ):
        t, value = line.get_xydata()[7]
        assert value == pytest.approx(score(y2, p >= t))
    assert legend(ax) == ["precision", "recall", "F1", "base rate 0.500", "chosen: 0.400"]


def test_calibration_of_a_forecast_that_is_right():
    y = np.repeat([0, 1, 0, 1], [90, 10, 10, 90])
    ax = plots.calibration(y, {"net": np.repeat([0.1, 0.9], 100)}, bins=2)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[0.1, 0.1], [0.9, 0.9]])


# ---------------------------------------------------------------------------------------- diagrams


def test_network_graph_writes_values_gradients_and_weights():
    ax = plots.network_graph(
        [2, 1],
        values=[[1.0, 2.0], [0.5]],
        gradients=[[0.1, 0.2], [0.3]],
        weights=[[[0.25], [-0.75]]],
        weight_gradients=[[[0.4], [0.6]]],
        names=["x", "y"],
    )
    found = texts(ax)
    assert {"1.00", "2.00", "0.50", "∂ 0.100", "∂ 0.300", "0.25\n∂ 0.400", "-0.75\n∂ 0.600", "x", "y"} <= {
        *found
    }
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == 3
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"]  # dashed: negative


def test_network_graph_writes_no_weights_where_they_would_crowd():
    weights = [np.ones((2, 4)), np.ones((4, 3))]
    assert texts(plots.network_graph([2, 4, 3], weights=weights)) == ["2", "4", "3"]


def test_network_graph_of_a_wide_layer_draws_some_and_says_how_many():
    ax = plots.network_graph([64, 3])
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == MOST_NEURONS + 3
    assert texts(ax) == ["⋮\n64", "3"]


def test_shapes_are_in_proportion():
    ax = plots.shapes_diagram(
        ("X", (5, 3)), "@", ("W", (3, 4)), "+", ("b", (4,)), "=", ("Y", (5, 4)), ax=plt.subplots()[1]
    )
    sizes = [(r.get_height(), r.get_width()) for r in ax.patches if isinstance(r, Rectangle)]
    np.testing.assert_allclose(np.array(sizes) * 5, [(5, 3), (3, 4), (1, 4), (5, 4)])
    assert "(5,\u20093)" in texts(ax)
    assert "@" in texts(ax)


def arrows(ax, color):
    """Return the arrows of a color, as (start, end) in data coordinates."""
    found = [p for p in ax.patches if isinstance(p, FancyArrowPatch)]
    return [p._posA_posB for p in found if to_rgb(p.get_edgecolor()) == to_rgb(color)]


def test_a_loop_is_drawn_once_and_then_step_by_step():
    ax = plots.unrolled_loop(3, ax=plt.subplots()[1])
    assert {"$h_t$", "$h_0$", "$h_1$", "$h_2$", "$h_3$", "$x_t$", "$x_3$"} <= set(texts(ax))
    assert len(arrows(ax, plots.BLUE)) == 1 + 3  # the loop, and a way into each step
    assert not arrows(ax, plots.VERMILION)


def test_gradients_run_back_through_time_but_not_through_a_cut():
    for cut, back in ((None, 3), (2, 2)):
        ax = plots.unrolled_loop(4, backward=True, cut=cut, ax=plt.subplots()[1])
        through_time = [(a, b) for a, b in arrows(ax, plots.VERMILION) if a[1] == b[1]]
        assert len(through_time) == back
        assert all(a[0] > b[0] for a, b in through_time)
        assert ("cut" in texts(ax)) == (cut is not None)


# ---------------------------------------------------------------------------------------- images


def test_images_are_tiles_in_order_with_their_titles():
    X = np.arange(3 * 16.0).reshape(3, 16)
    ax = plots.images(X, titles=[7, 8, 9], columns=2)
    canvas = ax.images[0].get_array()
    assert texts(ax) == ["7", "8", "9"]
    tiles = canvas.compressed()  # the gaps are NaN, which matplotlib masks
    assert sorted(tiles) == sorted(X.ravel())
    np.testing.assert_array_equal(tiles[:8], [0, 1, 2, 3, 16, 17, 18, 19])  # first and second side by side


def test_weights_share_one_scale_around_zero():
    W = rng.normal(size=(6, 3))
    image = plots.weights_as_images(W, shape=(2, 3)).images[0]
    assert image.get_clim() == (-np.abs(W).max(), np.abs(W).max())
    np.testing.assert_array_equal(image.get_array().compressed()[:3], W[:3, 0])


# ---------------------------------------------------------------------------------------- convolution


def one_kernel(W=((1, 0, -2), (0, 0, 0), (0, 0, 0)), **settings):
    conv = Conv2d(1, 1, 3, **settings)
    conv.W.value[0, 0] = W
    return conv


def test_filters_of_one_channel_are_tiles_and_of_several_are_rows():
    W = rng.normal(size=(4, 1, 2, 3))
    image = plots.show_filters(W, columns=2).images[0]
    assert image.get_clim() == (-np.abs(W).max(), np.abs(W).max())
    np.testing.assert_array_equal(image.get_array().compressed()[:6], W[:2, 0, 0].ravel())
    plt.figure()
    W = rng.normal(size=(2, 3, 2, 2))
    ax = plots.show_filters(W, titles=["first", "second"])
    np.testing.assert_array_equal(ax.images[0].get_array().compressed()[:6], W[0, :, 0].ravel())
    assert [text for text in texts(ax) if text] == ["first", "second"]


def test_filters_for_colors_are_gray_where_the_weight_is_zero():
    W = np.zeros((1, 3, 2, 2))
    W[0, 0, 0, 0], W[0, 2, 1, 1] = 2.0, -2.0
    tile = plots.show_filters(W, color=True).images[0].get_array()[1:3, :2]
    assert tile[0, 0].tolist() == [1.0, 0.5, 0.5]
    assert tile[1, 1].tolist() == [0.5, 0.5, 0.0]
    assert tile[0, 1].tolist() == [0.5, 0.5, 0.5]


def test_feature_maps_share_one_scale_around_zero_only_if_some_entry_is_negative():
    maps = rng.normal(size=(3, 4, 5))
    size = np.abs(maps).max()
    assert plots.show_feature_maps(maps).images[0].get_clim() == (-size, size)
    ax = plots.show_feature_maps(np.abs(maps), ax=plt.figure().add_subplot())
    assert ax.images[0].get_clim() == (0, size)
    assert len(ax.patches) == 3  # a frame for each, which is all that is seen of an empty map


def box_of(ax):
    box = ax.patches[0]
    return box.get_xy(), box.get_width(), box.get_height()


def test_the_receptive_field_of_one_kernel_by_hand():
    ax = plots.show_receptive_field(one_kernel(), np.ones((1, 6, 6)), output=(0, 2, 1))
    assert ax.get_title() == "output (0, 2, 1) sees 1 × 3 of 6 × 6 pixels"
    assert box_of(ax) == ((0.5, 1.5), 3, 1)
    overlay = ax.images[1].get_array()
    assert [(row, column) for row, column in np.argwhere(overlay[..., 3] > 0)] == [(2, 1), (2, 3)]
    assert overlay[2, 1, 2] > overlay[2, 1, 0]  # blue: raises the output
    assert overlay[2, 3, 0] > overlay[2, 3, 2]  # red: lowers it
    assert overlay[2, 3, 3] > overlay[2, 1, 3]  # and strongly


def test_the_gradient_shown_stays_within_the_receptive_field_computed():
    layers = [one_kernel(np.ones((3, 3)), padding=1), AvgPool2d(2), one_kernel(np.ones((3, 3)), padding=1)]
    rows, columns = receptive_field(layers).of(2, 1)
    ax = plots.show_receptive_field(Sequential(*layers), np.ones((1, 12, 12)), output=(0, 2, 1))
    first = (max(columns.start, 0), max(rows.start, 0))
    assert box_of(ax) == (
        (first[0] - 0.5, first[1] - 0.5),
        columns.stop - first[0],
        rows.stop - first[1],
    )


def test_a_dense_network_sees_every_pixel_and_one_that_is_shut_none():
    network = MLP([6, 5, 3], activation=Tanh, rng=np.random.default_rng(0), dtype=np.float32)
    x = np.arange(6.0)
    ax = plots.show_receptive_field(network, x, shape=(2, 3))
    said = int(network.forward(x[None].astype(np.float32)).argmax())
    assert ax.get_title() == f"output ({said}) sees 2 × 3 of 2 × 3 pixels"
    shut = Sequential(one_kernel(-np.ones((3, 3))), ReLU())
    ax = plots.show_receptive_field(shut, np.ones((1, 6, 6)), ax=plt.figure().add_subplot())
    assert ax.get_title() == "output (0, 2, 2) sees no pixel"
    assert not ax.patches


def test_of_several_channels_the_strongest_is_shown():
    conv = Conv2d(2, 1, 1, bias=False)
    conv.W.value[0, :, 0, 0] = [1.0, -3.0]
    overlay = plots.show_receptive_field(conv, np.ones((2, 3, 3))).images[1].get_array()
    assert overlay[1, 1, 0] > overlay[1, 1, 2]


def test_a_receptive_field_leaves_gradients_and_mode_as_they_were():
    network = Sequential(Conv2d(1, 2, 3, rng=np.random.default_rng(0)), Dropout(0.5, rng=rng))
    network.layers[0].W.grad = np.ones((2, 1, 3, 3))
    before = network.layers[0].W.grad
    plots.show_receptive_field(network, np.ones((1, 6, 6)))
    assert network.layers[0].W.grad is before
    assert network.layers[0].b.grad is None
    assert network.layers[1].training


# ---------------------------------------------------------------------------------------- bad input


BAD = {
    "points of three coordinates": (
        lambda: plots.points(np.ones((4, 3)), y2[:4]),
        ValueError,
        r"points expected X of shape \(m, 2\), got \(4, 3\)",
    ),
    "float labels": (lambda: plots.points(X, y2 * 1.0), TypeError, "points expected y as integer labels"),
    "empty": (lambda: plots.points(X[:0], y2[:0]), ValueError, "it is empty"),
    "NaN": (lambda: plots.points(np.full((2, 2), np.nan), [0, 1]), ValueError, "points expected finite X"),
    "label without a class": (
        lambda: plots.decision_boundary(sigmoid_network(), X, y3),
        ValueError,
        "decision_boundary expected y as labels in 0 … 1, got 2",
    ),
    "scores for probabilities": (
        lambda: plots.decision_boundary(lambda X: 5 * X, X, y2),
        ValueError,
        r"expected probabilities in \[0, 1\].*apply softmax or sigmoid",
    ),
    "not a network": (
        lambda: plots.decision_boundary("net", X, y2),
        TypeError,
        "decision_boundary expected a network or a function, got str 'net'",
    ),
    "labels too few": (
        lambda: plots.decision_boundary(sigmoid_network(), X, y2, labels=["a"]),
        ValueError,
        "expected 2 labels, one per class, got 1",
    ),
    "resolution": (
        lambda: plots.decision_boundary(sigmoid_network(), X, y2, resolution=1),
        ValueError,
        "resolution >= 2, got 1",
    ),
    "surface": (lambda: plots.contour_path(3, X), TypeError, "contour_path expected f as a function"),
    "path": (
        lambda: plots.contour_path(max, {"a": y2}),
        ValueError,
        r"path 'a' of shape \(steps, 2\), got \(40,\)",
    ),
    "softmax": (lambda: plots.activation(Softmax()), TypeError, "activation of one number"),
    "class": (lambda: plots.activation(ReLU), TypeError, "activation of one number"),
    "range": (lambda: plots.activation(ReLU(), low=1, high=0), ValueError, "high > 1.0, got 0"),
    "no curves": (lambda: plots.loss_curves({}), ValueError, "at least one entry of curves, got none"),
    "measure": (
        lambda: plots.loss_curves({"a": History({"loss": [1.0]})}, "f1"),
        ValueError,
        "expected 'f1' in the history 'a', got loss",
    ),
    "curve": (lambda: plots.loss_curves({"a": "loss"}), TypeError, "loss_curves expected a as an array"),
    "norm": (lambda: plots.gradient_norms({"a": [-1.0]}), ValueError, "smallest norm of 'a' >= 0, got -1.0"),
    "predictions": (
        lambda: plots.confusion_matrix([0, 1], [0]),
        ValueError,
        r"y_pred of shape \(2,\), got \(1,\)",
    ),
    "text labels": (
        lambda: plots.confusion_matrix(["a"], ["b"]),
        TypeError,
        "confusion_matrix expected y_true as integer labels",
    ),
    "no labels": (
        lambda: plots.confusion_matrix(np.array([], int), np.array([], int)),
        ValueError,
        "it is empty",
    ),
    "one class": (lambda: plots.roc_curve([1, 1], [0.1, 0.2]), ValueError, "both classes 0 and 1 in y, got"),
    "scores too few": (
        lambda: plots.precision_recall_curve(y2, p[:3]),
        ValueError,
        r"scores 'model' of shape \(40,\), got \(3,\)",
    ),
    "percent": (
        lambda: plots.calibration(y2, 100 * p),
        ValueError,
        "largest probability <= 1, got",
    ),
    "sizes": (
        lambda: plots.network_graph([3]),
        ValueError,
        r"network_graph expected sizes \[n_in, …, n_out\]",
    ),
    "values": (
        lambda: plots.network_graph([2, 1], values=[[1.0, 2.0], [1.0, 2.0]]),
        ValueError,
        r"values\[1\] of shape \(1,\), got \(2,\)",
    ),
    "matrices": (
        lambda: plots.network_graph([2, 1], weights=[]),
        ValueError,
        "expected 1 arrays of weights, got 0",
    ),
    "inner sizes": (
        lambda: plots.shapes_diagram(("X", (5, 3)), "@", ("W", (4, 2))),
        ValueError,
        "equal inner sizes in X @ W, .*: 3 columns against 4 rows",
    ),
    "shape": (lambda: plots.shapes_diagram(("X", 3)), TypeError, "expected parts like"),
    "nothing": (lambda: plots.shapes_diagram("="), ValueError, "at least one"),
    "cut": (lambda: plots.unrolled_loop(3, cut=3), ValueError, "a cut after step 1 … 2 of 3, got 3"),
    "pixels": (
        lambda: plots.images(np.ones((2, 10))),
        ValueError,
        "expected 3 · 3 pixels, got 10; give shape=",
    ),
    "titles": (lambda: plots.images(np.ones((2, 9)), titles=["a"]), ValueError, "expected 2 titles"),
    "columns": (lambda: plots.images(np.ones((2, 9)), columns=0), ValueError, "columns >= 1, got 0"),
    "filters": (
        lambda: plots.show_filters(np.ones((4, 9))),
        ValueError,
        r"show_filters expected W of shape \(c_out, c_in, kh, kw\), got \(4, 9\)",
    ),
    "colors": (
        lambda: plots.show_filters(np.ones((4, 1, 3, 3)), color=True),
        ValueError,
        r"W of shape \(c_out, 3, kh, kw\)",
    ),
    "columns of channels": (
        lambda: plots.show_filters(np.ones((4, 2, 3, 3)), columns=5),
        ValueError,
        "expected columns=None, got 5; 2 channels make 2 columns",
    ),
    "maps": (
        lambda: plots.show_feature_maps(np.ones((1, 4, 5, 6))),
        ValueError,
        r"maps of shape \(channels, height, width\), got \(1, 4, 5, 6\)",
    ),
    "place": (
        lambda: plots.show_receptive_field(one_kernel(), np.ones((1, 6, 6)), output=(0, 4, 0)),
        ValueError,
        r"output as an index into \(1, 4, 4\), got \(0, 4, 0\)",
    ),
    "a batch": (
        lambda: plots.show_receptive_field(one_kernel(), np.ones((1, 1, 6, 6))),
        ValueError,
        "Conv2d expected X of shape",
    ),
    "no network": (
        lambda: plots.show_receptive_field(np.tanh, np.ones((1, 6, 6))),
        TypeError,
        "expected a network of nnlab's, got ufunc",
    ),
    "W": (lambda: plots.weights_as_images(np.ones(4)), ValueError, r"W of shape \(n_in, n_out\), got \(4,\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_and_opens_no_figure(name):
    call, kind, match = BAD[name]
    with pytest.raises(kind, match=match):
        call()
    assert plt.get_fignums() == []


def test_sigmoid_layer_is_an_activation_too():
    assert plots.activation(Sigmoid()).get_title() == "Sigmoid"


def test_mistakes_are_drawn_worst_first_and_up_to_so_many():
    truth = np.array([0, 1, 2, 0, 1])
    p = np.array([[0.9, 0.1, 0.0], [0.6, 0.3, 0.1], [0.2, 0.75, 0.05], [0.3, 0.3, 0.4], [0.0, 1.0, 0.0]])
    ax = plots.mistakes(np.eye(5, 4), truth, p, ax=plt.figure().add_subplot())
    assert texts(ax) == ["2 → 1, 75%", "1 → 0, 60%", "0 → 2, 40%"]
    assert ax.get_title().startswith("3 of 3 mistakes")
    ax = plots.mistakes(np.eye(5, 4), truth, p, most=1, ax=plt.figure().add_subplot())
    assert texts(ax) == ["2 → 1, 75%"]
    assert ax.get_title().startswith("1 of 3 mistakes")
    ax = plots.mistakes(np.eye(5, 4), p.argmax(axis=1), p, ax=plt.figure().add_subplot())
    assert texts(ax) == ["no mistakes"]


@pytest.mark.parametrize(
    ("X", "y", "p", "message"),
    [
        (np.zeros((2, 4)), [0, 2], np.eye(2), r"mistakes expected y as labels in 0 … 1, got 2"),
        (np.zeros((2, 4)), [0], np.eye(2), r"mistakes expected y of shape \(2,\), got \(1,\)"),
        (np.zeros((2, 4)), [0, 1], np.eye(3), r"mistakes expected probabilities of shape \(2, n_classes\)"),
        (np.zeros((2, 5)), [0, 1], np.eye(2), r"mistakes expected 2 · 2 pixels, got 5"),
    ],
)
def test_mistakes_refuses(X, y, p, message):
    with pytest.raises(ValueError, match=message):
        plots.mistakes(X, y, p)
