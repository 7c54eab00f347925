"""The drawing pad: strokes become images like those a network was trained on, and the network answers."""

import io

import numpy as np
import pytest
from PIL import Image

from nnlab import MLP, Adam, Conv2d, Flatten, Linear, ReLU, Sequential, fit, softmax_cross_entropy
from nnlab.datasets import load_digits
from nnlab.plots import BLUE
from nnlab.widgets import drawing, drawing_pad, kernel_explorer
from nnlab.widgets.drawing import EXAMPLE, SIDE
from nnlab.widgets.explorer import VIEW
from nnlab.widgets.strokes import INK, MOST, PEN, as_mnist, as_small_digits, check_strokes, raster

WAIT = 60
MIDDLE = [[[0.5, 0.2], [0.5, 0.8]]]  # a one


def arc(cx, cy, rx, ry, start, end):
    angle = np.radians(np.linspace(start, end, 24))
    return np.column_stack([cx + rx * np.cos(angle), cy + ry * np.sin(angle)]).tolist()


DIGITS = {
    0: [arc(0.5, 0.5, 0.22, 0.36, -90, 270)],
    1: [[(0.36, 0.28), (0.52, 0.14), (0.52, 0.86)]],
    2: [[*arc(0.5, 0.33, 0.2, 0.19, 200, 380), (0.3, 0.86), (0.72, 0.86)]],
    3: [arc(0.48, 0.32, 0.19, 0.18, 200, 450), arc(0.48, 0.68, 0.21, 0.18, -90, 160)],
    4: [[(0.58, 0.14), (0.27, 0.6), (0.76, 0.6)], [(0.6, 0.4), (0.6, 0.88)]],
    5: [[(0.7, 0.14), (0.36, 0.14), (0.33, 0.46), *arc(0.48, 0.64, 0.21, 0.21, -130, 140)]],
    6: [[(0.62, 0.12), (0.42, 0.35), *arc(0.5, 0.66, 0.19, 0.2, 200, 560)]],
    7: [[(0.28, 0.16), (0.72, 0.16), (0.44, 0.88)]],
    8: [arc(0.5, 0.32, 0.17, 0.18, 90, 450), arc(0.5, 0.68, 0.2, 0.18, -90, 270)],
    9: [[*arc(0.5, 0.34, 0.19, 0.2, 0, -360), (0.68, 0.4), (0.6, 0.88)]],
}


def trained(data, **settings):
    rng = np.random.default_rng(0)
    network = MLP([data.X.shape[1], 64, 10], activation=ReLU, rng=rng, dtype=np.float32)
    run = {"optimizer": Adam(network.parameters(), 0.003), "batch_size": 32, "rng": rng} | settings
    fit(network, data.X, data.y, loss=softmax_cross_entropy, **run)
    return network


@pytest.fixture(scope="module")
def network():
    return trained(load_digits(dtype=np.float32), epochs=20)


@pytest.fixture(params=["pen", "squares"])
def both(request, monkeypatch):
    """Run with the canvas, and as without anywidget."""
    if request.param == "pen":
        pytest.importorskip("anywidget")
    else:
        monkeypatch.setattr(drawing, "Canvas", None)
    return request.param


@pytest.fixture
def pad(network):
    pytest.importorskip("anywidget")
    return drawing_pad(network)


def draw(pad, strokes):
    pad._pen.widget.strokes = strokes
    assert pad.latest.settle(WAIT)


# ----------------------------------------------------------------------------------- preparation


def test_strokes_are_drawn_with_soft_edges():
    image = raster([[(0.5, 0.25), (0.5, 0.75)]], 16, 3.0)
    assert image.shape == (16, 16)
    assert image[8].round(1).tolist() == [0] * 6 + [0.5, 1, 1, 0.5] + [0] * 6
    assert image.sum() == pytest.approx(3 * 8 + np.pi * 1.5**2, rel=0.05)  # with its round ends


def test_small_digits_fill_their_box_with_the_ink_of_the_data():
    data = load_digits()
    assert data.X.mean() == pytest.approx(INK, abs=0.002)
    for strokes in DIGITS.values():
        image = as_small_digits(strokes)
        assert image.shape == (8, 8)
        assert image.mean() == pytest.approx(INK, abs=0.03)
        assert (16 * image == np.round(16 * image)).all()  # counted, as theirs
        assert image[0].any()
        assert image[-1].any()
        assert not image[:, 0].any()
        assert not image[:, -1].any()


def test_mnist_is_a_box_of_20_about_its_center_of_mass():
    for strokes in DIGITS.values():
        image = as_mnist(strokes)
        assert image.shape == (28, 28)
        places = np.arange(28) + 0.5
        for axis in (0, 1):
            assert places @ image.sum(axis=axis) / image.sum() == pytest.approx(14, abs=0.1)
            assert 0 < np.ptp(np.flatnonzero(image.max(axis=axis) > 0.5)) + 1 <= 20
        assert max(np.ptp(np.flatnonzero(image.max(axis=axis) > 0.5)) + 1 for axis in (0, 1)) >= 19


@pytest.mark.parametrize("prepare", [as_small_digits, as_mnist])
def test_where_and_how_large_it_is_drawn_does_not_matter(prepare):
    small = [[(0.1 + 0.3 * x, 0.6 + 0.3 * y) for x, y in stroke] for stroke in DIGITS[2]]
    assert np.abs(prepare(DIGITS[2]) - prepare(small)).max() < 0.13


@pytest.mark.parametrize("prepare", [as_small_digits, as_mnist])
@pytest.mark.parametrize(
    "strokes", [[[(0.3, 0.3)]], [[(0.0, 1.0), (0.0, 1.0)]], MIDDLE, [[(0.1, 0.5), (0.9, 0.5)]]]
)
def test_a_dot_and_straight_lines_are_images_too(prepare, strokes):
    image = prepare(check_strokes("who", strokes))
    assert np.isfinite(image).all()
    assert 0 <= image.min() < 0.1 < 0.5 < image.max() <= 1


def test_a_network_trained_on_the_small_digits_reads_drawn_ones(network):
    images = np.array([as_small_digits(strokes) for strokes in DIGITS.values()], np.float32)
    said = network.forward(images.reshape(10, 64)).argmax(axis=1)
    assert (said == np.arange(10)).sum() >= 8


def test_a_network_trained_on_mnist_reads_drawn_ones(real_mnist):
    images = np.array([as_mnist(strokes) for strokes in DIGITS.values()], np.float32)
    said = trained(real_mnist, epochs=1).forward(images.reshape(10, 784)).argmax(axis=1)
    assert (said == np.arange(10)).sum() >= 8


@pytest.fixture
def real_mnist():
    from nnlab.datasets import load_mnist

    data = load_mnist(dtype=np.float32)
    if not data.is_real:
        pytest.skip("needs MNIST: NNLAB_DATA, or python -m nnlab data get mnist")
    return data


@pytest.mark.parametrize(
    ("strokes", "kind", "message"),
    [
        ("a line", TypeError, "who expected strokes as a list of lists of points, got str 'a line'"),
        ([[0.5, 0.5]], ValueError, r"who expected a stroke of shape \(n, 2\), got \(2,\)"),
        ([[]], ValueError, r"who expected a stroke of shape \(n, 2\)"),
        ([[(0.1, 0.2, 0.3)]], ValueError, r"a stroke of shape \(n, 2\), got \(1, 3\)"),
        ([[(0.1, None)]], TypeError, "who expected a stroke as an array"),
        ([[(0.1, np.nan)]], ValueError, "who expected finite a stroke"),
        ([[(120, 80)]], ValueError, "who expected points in 0 … 1, got 80 … 120; divide by the side"),
        ([[(0.1, 0.1)] * (MOST + 1)], ValueError, "who expected at most 20,000 points, got 20,001; clear"),
    ],
)
def test_bad_strokes_are_named(strokes, kind, message):
    with pytest.raises(kind, match=message):
        check_strokes("who", strokes)


# ----------------------------------------------------------------------------------- the pad


def test_the_answer_follows_the_strokes(network, pad):
    assert pad.page.readout.startswith("Most likely 3 (")
    for digit in (0, 1, 7):
        draw(pad, [[list(point) for point in stroke] for stroke in DIGITS[digit]])
        assert pad.page.readout.startswith(f"Most likely {digit} (")
        answer = pad._pen.widget.answer
        assert np.allclose(answer["image"], pad.image, atol=1e-3)
        P = np.exp(network.forward(pad.image.reshape(1, 64).astype(np.float32))[0])
        assert np.allclose(answer["probabilities"], P / P.sum(), atol=1e-3)
        assert answer["labels"] == [str(k) for k in range(10)]
    draw(pad, [])
    assert pad.page.readout == "Nothing is drawn yet."
    assert pad._pen.widget.answer["probabilities"] is None
    assert not pad.image.any()
    assert not pad.bitmap.any()


def test_bad_strokes_from_the_page_are_named_and_the_pad_stays(pad):
    draw(pad, [[[0.5, 7]]])
    assert pad.page.error.startswith("drawing_pad expected points in 0 … 1")
    draw(pad, MIDDLE)
    assert pad.page.readout.startswith("Most likely 1 (")


def test_share_recreates_the_drawing_and_reset_takes_the_first_one(network, pad):
    assert pad.share() == "drawing_pad(network)"
    draw(pad, MIDDLE)
    assert pad.share() == "drawing_pad(network, strokes=[[[0.5, 0.2], [0.5, 0.8]]])"
    again = eval(pad.share(), {"drawing_pad": drawing_pad, "network": network})
    assert again.page.readout == pad.page.readout
    assert again.strokes == pad.strokes == [[(0.5, 0.2), (0.5, 0.8)]]
    pad._pen.reset()
    assert pad.latest.settle(WAIT)
    assert pad.strokes == EXAMPLE


def test_both_ways_to_draw_show_a_picture_without_a_kernel(network, both):
    pad = drawing_pad(network)
    assert repr(pad) == "Drawing pad. Run this cell to move the controls.\ndrawing_pad(network)"
    assert Image.open(io.BytesIO(pad._repr_png_())).size[0] == 840
    assert VIEW in pad._repr_mimebundle_()
    bars = pad.picture.figure.axes[2].patches
    assert len(bars) == 10
    assert sum(bar.get_width() for bar in bars) == pytest.approx(1)
    assert bars[0].get_facecolor()[:3] == pytest.approx([int(BLUE[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def test_squares_make_strokes_and_say_what_is_missing(network, monkeypatch):
    monkeypatch.setattr(drawing, "Canvas", None)
    pad = drawing_pad(network, strokes=[])
    assert "%pip install anywidget" in pad.page.box.children[0].value
    grid, clear = pad._pen.widget.children
    buttons = np.reshape(grid.children, (SIDE, SIDE))
    for row in range(1, 7):
        buttons[row, 4].value = True
    assert pad.latest.settle(WAIT)
    assert buttons[1, 4].description == "●"
    assert buttons[1, 4].tooltip == "row 2, column 5"
    assert pad.page.readout.startswith("Most likely 1 (")
    assert pad.strokes[0] == [(4.5 / 8, 1.5 / 8), (4.5 / 8, 2.5 / 8)]
    again = eval(pad.share(), {"drawing_pad": drawing_pad, "network": network})
    assert again.strokes == pad.strokes
    clear.click()
    assert pad.latest.settle(WAIT)
    assert pad.page.readout == "Nothing is drawn yet."
    buttons[2, 2].value = buttons[3, 3].value = True  # they touch at a corner
    assert pad.strokes[0] == [(2.5 / 8, 2.5 / 8), (3.5 / 8, 3.5 / 8)]
    pad._pen.reset()
    assert pad.strokes == []


def test_the_squares_of_an_example_can_be_shared_too(network, monkeypatch):
    monkeypatch.setattr(drawing, "Canvas", None)
    assert drawing_pad(network).share() == "drawing_pad(network)"
    one = drawing_pad(network, strokes=MIDDLE)
    assert eval(one.share(), {"drawing_pad": drawing_pad, "network": network}).strokes == one.strokes


def test_the_kernel_explorer_shows_what_is_drawn(pad):
    explorer = kernel_explorer(pad, kernel="identity", padding=1)
    draw(pad, MIDDLE)
    assert explorer.latest.settle(WAIT)
    shown = np.asarray(explorer.picture.figure.axes[2].images[0].get_array())
    assert np.allclose(shown, pad.bitmap)
    assert shown[16, 15:17].min() > 0.9
    assert explorer.share() == 'kernel_explorer(pad, padding=1, kernel="identity")'


# ----------------------------------------------------------------------------------- networks and functions


@pytest.mark.parametrize("side", [8, 28])
def test_the_image_is_what_the_network_takes(side, both):
    conv = Sequential(Conv2d(1, 2, 3), Flatten(), Linear(2 * (side - 2) ** 2, 10, dtype=np.float64))
    for network in (conv, MLP([side**2, 10], activation=ReLU, dtype=np.float32)):
        assert drawing_pad(network).image.shape == (side, side)


def test_a_function_and_names_of_classes():
    asked = []

    def predict(X):
        asked.append(X)
        return np.array([[0.25, 0.75]])

    pad = drawing_pad(predict, shape=(1, 28, 28), labels=["even", "odd"])
    assert asked[-1].shape == (1, 1, 28, 28)
    assert asked[-1].dtype == np.float32
    assert pad.page.readout == "Most likely odd (75%), then even (25%)."
    assert pad.share() == "drawing_pad(predict)"


def test_a_function_that_fails_later_is_named_and_the_pad_stays():
    def predict(X):
        if X.sum() > 5:
            raise ZeroDivisionError("too dark")
        return np.array([[1.0]])

    assert drawing_pad(predict).page.error == "ZeroDivisionError: too dark"


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda n: drawing_pad(3), TypeError, "drawing_pad expected a network or a function, got int 3"),
        (
            lambda n: drawing_pad(MLP([10, 3], activation=ReLU)),
            ValueError,
            r"found no image that the network takes, tried \(64,\), .*; give shape=. The last error",
        ),
        (
            lambda n: drawing_pad(n, shape=(9, 9)),
            ValueError,
            r"expected shape as one of \(\(64,\), .*got \(9, 9\)",
        ),
        (lambda n: drawing_pad(n, labels=["a"]), ValueError, "expected 10 labels, one per class, got 1"),
        (lambda n: drawing_pad(lambda X: [1.0]), ValueError, "no image that the network takes"),
        (
            lambda n: drawing_pad(lambda X: np.array([[2.0, -1.0]])),
            ValueError,
            r"expected probabilities in \[0, 1\], got -1 … 2; apply softmax",
        ),
        (lambda n: drawing_pad(n, strokes=[[(3, 4)]]), ValueError, "drawing_pad expected points in 0 … 1"),
    ],
)
def test_what_cannot_answer_is_refused_at_once(network, call, kind, message):
    with pytest.raises(kind, match=message):
        call(network)


def test_the_pens_width_is_that_of_the_prepared_image():
    image = as_mnist(check_strokes("who", MIDDLE))
    assert image[14].sum() == pytest.approx(PEN, rel=0.1)
