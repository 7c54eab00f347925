"""The kernel explorer: its sums by hand, its names and sliders together, its images, and what it refuses."""

import re

import numpy as np
import pytest
from scipy.signal import correlate2d

from nnlab.datasets import load_digits
from nnlab.widgets import kernel_explorer
from nnlab.widgets.kernel import KERNELS, OWN, Kernel, output_size, photograph

WAIT = 60
IMAGE = np.arange(20.0).reshape(4, 5)


def shown(explorer):
    """Return what is drawn: the map, the nine terms, and the sum."""
    _, numbers, out = explorer.picture.figure.axes
    *terms, result = [text.get_text() for text in numbers.texts]
    return np.asarray(out.images[0].get_array()), terms, result


def nine(explorer):
    (control,) = (control for control in explorer.controls if control.name == "kernel")
    names, *sliders, divide = control._sliders
    return names, sliders, divide


def settled(explorer):
    assert explorer.latest.settle(WAIT)
    assert explorer.page.error == ""
    return explorer


def test_one_sum_by_hand():
    explorer = kernel_explorer(IMAGE, kernel=[[1, 0, 0], [0, 0, 0], [0, 0, -2]], row=1, column=2)
    out, terms, result = shown(explorer)
    # the window begins at row 1, column 2: its corners are 7 and 19
    assert out[1, 2] == 7 - 2 * 19
    assert (terms[0], terms[8]) == ("7.00 · 1", "19.00 · −2")
    assert result == "sum = −31.00"
    assert "At row 1, column 2 the nine products add up to −31.00." in explorer.page.readout
    assert explorer.page.readout.startswith("From 4 × 5 to 2 × 3: ⌊(4 + 2 · 0 − 3) / 1⌋ + 1 = 2 rows.")


@pytest.mark.parametrize(
    ("name", "padding", "stride"),
    [
        *((name, 0, 1) for name in KERNELS),
        ("blur", 1, 1),
        ("emboss", 2, 2),
        ("outline", 2, 3),
        ("sharpen", 0, 3),
    ],
)
def test_the_map_is_scipys_correlation(name, padding, stride):
    entries, divisor = KERNELS[name]
    full = correlate2d(np.pad(IMAGE, padding), np.array(entries) / divisor, mode="valid")
    explorer = kernel_explorer(IMAGE, kernel=name, padding=padding, stride=stride, row=0, column=0)
    out, _, result = shown(explorer)
    assert np.allclose(out, full[::stride, ::stride])
    assert out.shape == (output_size(4, padding, stride), output_size(5, padding, stride))
    said = float(result.split("= ")[1].replace("−", "-"))
    assert said == pytest.approx(out[0, 0], abs=0.005)


def test_names_say_what_they_do():
    def out(name):
        return shown(kernel_explorer(IMAGE, kernel=name, padding=1))[0]

    assert np.allclose(out("identity"), IMAGE)
    assert np.allclose(out("shift right")[:, 1:], IMAGE[:, :-1])
    assert np.allclose(out("vertical edges")[1:-1, 1:-1], 8)  # 4 times the step of 2 · 1 from left to right
    assert np.allclose(out("horizontal edges")[1:-1, 1:-1], 8 * 5)
    for flat in ("Laplacian", "outline"):
        assert np.allclose(out(flat)[1:-1, 1:-1], 0)
    for name, (entries, divisor) in KERNELS.items():
        total = np.sum(entries) / divisor
        assert total == pytest.approx(0) or total == pytest.approx(1), name


def test_a_name_moves_the_sliders_together_and_is_told_once():
    kernels = Kernel("who", "identity", None)
    told = []
    kernels.observe(lambda: told.append(kernels.value))
    kernels._names.value = "Gaussian blur"
    assert told == [KERNELS["Gaussian blur"]]
    kernels.reset()
    assert told[1:] == [KERNELS["identity"]]


def test_a_slider_takes_the_name_away_and_gives_it_back():
    explorer = kernel_explorer(kernel="identity")
    names, sliders, divide = nine(explorer)
    sliders[4].value = 2.5
    settled(explorer)
    assert names.value == OWN
    assert explorer.share() == (
        'kernel_explorer("digit", kernel=[[0.0, 0.0, 0.0], [0.0, 2.5, 0.0], [0.0, 0.0, 0.0]])'
    )
    divide.value = 4
    settled(explorer)
    assert explorer.share().endswith(", divisor=4)")
    assert shown(explorer)[2].startswith("sum / 4 = ")
    divide.value, sliders[4].value = 1, 1.0
    settled(explorer)
    assert names.value == "identity"
    names.value = OWN  # says nothing new
    assert kernel_explorer(kernel=nine(explorer)[1][4].value * np.eye(3)).page.error == ""


def test_weights_of_a_network_are_kept_to_three_decimals():
    W = np.random.default_rng(0).normal(size=(3, 3))
    explorer = kernel_explorer(kernel=W)
    assert np.allclose(explorer.state["kernel"][0], W, atol=5e-4)
    assert "Kernel: nine numbers of your own" in explorer.page.readout


def test_row_and_column_end_where_the_map_does():
    explorer = kernel_explorer(IMAGE, row=1, column=2)
    widgets = {control.name: control.widget for control in explorer.controls}
    assert (widgets["row"].max, widgets["column"].max) == (1, 2)
    widgets["padding"].value = 2
    assert (widgets["row"].max, widgets["column"].max) == (5, 6)
    widgets["row"].value = 5
    widgets["stride"].value = 3
    settled(explorer)
    assert (widgets["row"].value, widgets["column"].value) == (1, 2)
    assert "At row 1, column 2" in explorer.page.readout
    widgets["image"].value = "temple"
    settled(explorer)
    assert widgets["column"].max > 40
    too_far = kernel_explorer(IMAGE, row=7, column=7)
    assert too_far.share() == "kernel_explorer(image, row=1)"


def test_every_digit_can_be_chosen():
    data = load_digits()
    for digit in range(10):
        image = kernel_explorer(digit=digit, kernel="identity", padding=1)
        first = data.X[np.flatnonzero(data.y == digit)[0]].reshape(8, 8)
        assert np.allclose(shown(image)[0], first)


@pytest.mark.parametrize("name", ["china.jpg", "flower.jpg"])
def test_the_photographs_come_with_scikit_learn_in_gray(name, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)  # nothing is fetched
    gray = photograph(name)
    assert gray.shape == (106, 160)
    assert 0 <= gray.min() < 0.1 < 0.7 < gray.max() <= 1


def test_a_map_that_is_an_image_again_is_gray_and_others_are_blue_above_zero():
    explorer = kernel_explorer("temple", kernel="blur")
    image, _, out = (ax.images[0] for ax in explorer.picture.figure.axes)
    assert (image.get_cmap().name, out.get_cmap().name) == ("gray", "gray")
    assert out.get_clim() == (0, 1)
    assert "an even area keeps its value" in explorer.page.readout
    nine(explorer)[0].value = "Laplacian"
    settled(explorer)
    assert out.get_cmap().name == "RdBu"
    assert out.get_clim()[0] == -out.get_clim()[1]
    assert explorer.page.readout.endswith("an even area gives 0. Blue is above 0, red below.")


def test_the_readout_names_the_extremes():
    explorer = kernel_explorer(IMAGE, kernel="identity")
    assert "from 6.00 (row 0, column 0) to 13.00 (row 1, column 2)" in explorer.page.readout


def test_a_pad_is_shown_and_followed():
    class Pad:
        bitmap = np.zeros((32, 32))

        def observe(self, call):
            self.call = call

    pad = Pad()
    explorer = kernel_explorer(pad, kernel="identity", padding=1)
    assert explorer.share() == 'kernel_explorer(pad, padding=1, kernel="identity")'
    pad.bitmap = np.eye(32)
    pad.call()
    settled(explorer)
    assert (shown(explorer)[0] == np.eye(32)).all()


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.ones((2, 9)), "the image's smaller side >= 3, got 2"),
        (np.ones((9, 300)), "the image's larger side <= 256, got 300"),
        (np.ones((4, 4, 3)), r"image of shape \(height, width\), got \(4, 4, 3\)"),
        (np.full((4, 4), np.nan), "finite image, got nan"),
        ([["a", "b"]], "image as an array of float32"),
        (3, r"image of shape \(height, width\), got \(\)"),
    ],
)
def test_a_bad_image_is_named_in_place_of_the_picture_and_another_can_be_chosen(image, message):
    explorer = kernel_explorer(image)
    assert re.match(f"kernel_explorer expected {message}", explorer.page.error)
    explorer.controls[0].widget.value = "digit"
    settled(explorer)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"image": "cat"}, "kernel_explorer expected image as one of 'digit', 'temple', 'flower', got 'cat'"),
        (
            {"kernel": "edges"},
            "kernel_explorer expected kernel as 3 × 3 numbers or one of 'identity', .*'edges'",
        ),
        ({"kernel": np.ones((5, 5))}, r"kernel_explorer expected kernel of shape \(3, 3\), got \(5, 5\)"),
        ({"kernel": np.full((3, 3), np.inf)}, "kernel_explorer expected finite kernel"),
        ({"divisor": 0}, "kernel_explorer expected divisor >= 1, got 0"),
        ({"padding": 3}, "kernel_explorer expected padding <= 2, got 3"),
        ({"stride": 0}, "kernel_explorer expected stride >= 1, got 0"),
        ({"digit": 10}, "kernel_explorer expected digit <= 9, got 10"),
        ({"row": -1}, "kernel_explorer expected row >= 0, got -1"),
    ],
)
def test_settings_that_the_controls_do_not_have_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        kernel_explorer(**wrong)
