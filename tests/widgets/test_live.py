"""The mechanism under the explorers: the newest value wins, pictures follow, errors stay on the page."""

import io
import threading

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from PIL import Image

from nnlab import SGD, Linear, fit, softmax_cross_entropy
from nnlab.widgets import controls, live
from nnlab.widgets.explorer import VIEW, Explorer
from nnlab.widgets.live import Follow, Latest, Picture, Turn

WAIT = 30  # seconds after which a thread is taken for stuck; nothing here is timed


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


class Work:
    """Work that goes on until it is let go, and remembers what it was asked."""

    def __init__(self):
        self.done, self.turns = [], []
        self.begun, self.gate = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, value, turn):
        self.turns.append(turn)
        self.begun.release()
        assert self.gate.acquire(timeout=WAIT)
        self.done.append(value)


# ----------------------------------------------------------------------------------- the newest value wins


def test_of_the_values_that_come_meanwhile_only_the_newest_is_worked_on():
    work = Work()
    latest = Latest(work, lambda text, done: None)
    latest.submit(0)
    assert work.begun.acquire(timeout=WAIT)
    for value in range(1, 10):
        latest.submit(value)
    work.gate.release(2)
    assert latest.settle(WAIT)
    assert work.done == [0, 9]


def test_settle_says_whether_it_is_settled():
    work = Work()
    latest = Latest(work, lambda text, done: None)
    assert latest.settle(0)
    latest.submit("slow")
    assert not latest.settle(0.01)
    work.gate.release()
    assert latest.settle(WAIT)


def test_a_turn_is_stale_when_a_newer_value_has_waited_for_long_enough(monkeypatch):
    work = Work()
    latest = Latest(work, lambda text, done: None)
    latest.submit("old")
    assert work.begun.acquire(timeout=WAIT)
    monkeypatch.setattr(live, "PATIENCE", 0.0)
    assert not work.turns[0].stale()
    latest.submit("new")
    assert work.turns[0].stale()
    monkeypatch.setattr(live, "PATIENCE", 3600.0)  # a short turn is finished even while the slider is dragged
    assert not work.turns[0].stale()
    work.gate.release(2)
    assert latest.settle(WAIT)
    assert work.done == ["old", "new"]


def test_cancelling_stops_the_turn_that_runs_and_not_the_next():
    work = Work()
    latest = Latest(work, lambda text, done: None)
    latest.cancel()  # nothing runs: nothing happens
    latest.submit(1)
    assert work.begun.acquire(timeout=WAIT)
    latest.cancel()
    assert work.turns[0].stale()
    work.gate.release()
    assert latest.settle(WAIT)
    latest.submit(2)
    work.gate.release()
    assert latest.settle(WAIT)
    assert not work.turns[1].stale()


def test_no_thread_is_left_behind():
    latest = Latest(lambda value, turn: None, lambda text, done: None)
    for value in range(20):
        latest.submit(value)
    assert latest.settle(WAIT)
    for thread in threading.enumerate():
        if thread.name == "nnlab explorer":
            thread.join(WAIT)
            assert not thread.is_alive()


def test_a_turn_outside_a_thread_is_never_stale_nor_due():
    turn = Turn()
    turn.publish("anything", 0.5)
    assert not turn.stale()
    assert not turn.due()


def test_a_run_is_followed_and_stopped_when_its_turn_is_over(monkeypatch):
    monkeypatch.setattr(live, "PAUSE", 0.0)
    seen, measured = [], []
    turn = Turn(publish=lambda text, done: seen.append((text, done)))

    def show(history):
        if len(history) == 3:
            turn.cancelled = True
        return f"epoch {len(history)}"

    network = Linear(2, 2)
    history = fit(
        network,
        np.eye(2),
        np.array([0, 1]),
        loss=softmax_cross_entropy,
        optimizer=SGD(network.parameters(), 0.1),
        epochs=8,
        callbacks=[Follow(turn, 8, lambda: measured.append(None), show)],
    )
    assert len(history) == len(measured) == 3
    assert seen == [("epoch 1", 0.125), ("epoch 2", 0.25), ("epoch 3", 0.375)]


# ----------------------------------------------------------------------------------- the picture


def test_what_moves_is_redrawn_and_the_rest_too_when_an_axis_changes():
    picture = Picture(3, 2)
    ax = picture.figure.add_axes((0.2, 0.2, 0.7, 0.7))
    (line,) = ax.plot([0, 1], [0, 1])
    picture.move(line)
    ax.set(xlim=(0, 1), ylim=(0, 1))
    first = picture.pixels()
    line.set_ydata([1, 0])
    moved = picture.pixels()
    assert (first != moved).any()
    assert (first[:, :40] == moved[:, :40]).all()  # the labels at the left are the same
    ax.set(ylim=(0, 7))
    assert (picture.pixels()[:, :40] != moved[:, :40]).any()
    line.set_ydata([0, 1])
    ax.set(ylim=(0, 1))
    assert (picture.pixels() == first).all()  # nothing of what was drawn before shines through


def test_a_cleared_picture_starts_over():
    picture = Picture(3, 2)
    empty = picture.pixels()
    picture.move(*picture.figure.add_axes((0, 0, 1, 1)).plot([0, 1]))
    assert (picture.pixels() != empty).any()
    picture.clear()
    assert (picture.pixels() == empty).all()


def test_the_image_is_a_png_of_the_figure():
    picture = Picture(3, 2)
    picture.show()
    assert picture.image.format == "png"
    assert pixels(picture.image.value).shape == (200, 300, 3)


# ----------------------------------------------------------------------------------- controls


WHO = "explorer"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: controls.count(WHO, "depth", "", 9, 1, 1, 4), "explorer expected depth <= 4, got 9"),
        (lambda: controls.count(WHO, "depth", "", 1.5, 1, 1, 4), "explorer expected depth as an integer"),
        (
            lambda: controls.number(WHO, "noise", "", -1, 0.1, 0, 1, 0.1),
            "explorer expected noise >= 0, got -1",
        ),
        (
            lambda: controls.logarithmic(WHO, "lr", "", 1000, 0.1, (-3, 1)),
            "explorer expected lr <= 10.0, got 1000",
        ),
        (
            lambda: controls.logarithmic(WHO, "lr", "", "0.1", 0.1, (-3, 1)),
            "explorer expected lr as a number",
        ),
        (
            lambda: controls.choice(WHO, "way", "", "c", "a", ["a", "b"]),
            "explorer expected way as one of 'a', 'b', got 'c'",
        ),
    ],
)
def test_a_value_that_a_control_does_not_have_is_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_a_logarithmic_slider_runs_over_round_numbers_and_the_given_one():
    control = controls.logarithmic(WHO, "lr", "", 0.0317, 0.1, (-2, 0))
    numbers = [float(option) for option in control.widget.options]
    assert numbers[:4] == [0.01, 0.012, 0.015, 0.02]
    assert numbers[-1] == 1.0
    assert 0.0317 in numbers
    assert numbers == sorted(numbers)
    assert max(np.diff(np.log10(numbers))) < 0.13
    assert control.code() == "lr=0.0317"
    control.widget.value = "0.3"
    assert control.code() == "lr=0.3"


@pytest.mark.parametrize(
    ("value", "step"), [(0.3, 0.1), (0.25, 0.01), (0.123, 0.001), (0.12345, 0.001), (0.0, 0.1)]
)
def test_the_steps_of_a_slider_meet_its_value(value, step):
    # else the slider in the browser moves it as soon as it is shown
    control = controls.number(WHO, "noise", "", value, 0.1, 0.0, 1.0, 0.1)
    assert control.widget.step == pytest.approx(step)
    assert control.value == pytest.approx(value, abs=5e-4)


def test_a_label_has_a_tooltip():
    # where there is none, ipywidgets 8 shows "null" when the mouse rests on the label
    assert controls.count(WHO, "depth", "hidden layers", 2, 1, 1, 4).widget.tooltip == "hidden layers"


def test_the_sliders_of_a_matrix_stand_in_its_rows():
    matrix = controls.Numbers(WHO, "Wh", "Wh", np.arange(6).reshape(2, 3), None, (2, 3))
    rows = [[slider.tooltip for slider in row.children] for row in matrix.widget.children]
    assert rows == [["Wh[0, 0]", "Wh[0, 1]", "Wh[0, 2]"], ["Wh[1, 0]", "Wh[1, 1]", "Wh[1, 2]"]]
    vector = controls.Numbers(WHO, "bh", "bh", [1, 2], None, (2,))
    assert [len(row.children) for row in vector.widget.children] == [2]


def test_what_is_shown_and_what_is_meant_may_differ():
    control = controls.choice(WHO, "batch", "", None, None, {"all": None, "8": 8})
    assert (control.value, control.differs(), control.widget.value) == (None, False, "all")
    control.widget.value = "8"
    assert (control.value, control.differs(), control.code()) == (8, True, "batch=8")
    control.reset()
    assert control.value is None


# ----------------------------------------------------------------------------------- explorers


def height_explorer(height=1, lowest=0):
    """An explorer of a bar; it fails above 7."""
    picture = Picture(3, 2)

    def show(turn, height):
        if height == 8:
            raise ValueError("8 is <too> high")
        if height == 9:
            raise ZeroDivisionError("nine")
        ax = picture.clear().add_axes((0, 0, 1, 1))
        ax.bar([0], [height])
        ax.set_ylim(lowest, 10)
        return f"height {height}"

    heights = [controls.count("height_explorer", "height", "height (m)", height, 1, 0, 9)]
    return Explorer("height_explorer", heights, picture, show, title="Heights", advice="go up.")


@pytest.fixture
def explorer():
    return height_explorer()


def move(explorer, value):
    explorer.controls[0].widget.value = value
    assert explorer.latest.settle(WAIT)


def test_the_picture_and_the_readout_follow_the_control(explorer):
    first = explorer.picture.image.value
    assert explorer.page.readout == "height 1"
    move(explorer, 5)
    assert explorer.picture.image.value != first
    assert explorer.page.readout == "height 5"
    assert "height 5" in explorer.page.box.children[-2].value
    assert "role='status'" in explorer.page.box.children[-2].value


def test_an_error_stands_in_place_of_the_picture_until_the_control_is_moved_back(explorer):
    move(explorer, 8)
    told = explorer.page.box.children[-2].value
    assert explorer.page.error == "8 is <too> high"
    assert "role='alert'" in told
    assert "8 is &lt;too&gt; high" in told
    assert explorer.picture.image.layout.display == "none"
    move(explorer, 9)
    assert explorer.page.error == "ZeroDivisionError: nine"
    move(explorer, 2)
    assert explorer.page.error == ""
    assert explorer.page.readout == "height 2"
    assert explorer.picture.image.layout.display is None


def test_the_share_line_recreates_the_state(explorer):
    assert explorer.share() == "height_explorer()"
    move(explorer, 6)
    line = explorer.page.box.children[-1].value
    assert line == explorer.share() == "height_explorer(height=6)"
    again = eval(line, {"height_explorer": height_explorer})
    assert again.state == explorer.state == {"height": 6}
    assert again.picture.image.value == explorer.picture.image.value


def test_reset_goes_back_to_the_start():
    explorer = height_explorer(4)
    move(explorer, 6)
    reset = explorer.page.box.children[2].children[0]
    assert reset.description == "Reset"
    reset.click()
    assert explorer.latest.settle(WAIT)
    assert explorer.page.readout == "height 4"


def test_dragging_shows_the_newest_value_last(explorer):
    for value in (1, 2, 3, 4, 5, 6, 7, 6, 5):
        explorer.controls[0].widget.value = value
    assert explorer.latest.settle(WAIT)
    assert explorer.page.readout == "height 5"


def test_two_explorers_do_not_disturb_each_other():
    one, other = height_explorer(), height_explorer(lowest=-10)
    before = other.picture.image.value
    for value in range(2, 8):
        one.controls[0].widget.value = value
    assert one.latest.settle(WAIT)
    assert other.latest.settle(WAIT)
    assert one.page.readout == "height 7"
    assert other.picture.image.value == before


def test_closed_figures_do_not_matter(explorer):
    plt.figure()
    plt.close(explorer.picture.figure)
    plt.close("all")
    move(explorer, 3)
    assert explorer.page.readout == "height 3"
    assert not plt.get_fignums()  # nothing that an inline backend would show a second time


def test_a_closed_explorer_has_no_view_but_still_its_picture(explorer):
    explorer.page.box.close()
    explorer.picture.image.close()
    move(explorer, 3)
    data, _ = DisplayFormatter().format(explorer)
    assert set(data) == {"text/plain", "image/png"}


def test_the_saved_output_has_a_view_a_picture_and_a_text_that_is_the_same_on_every_run(explorer):
    first, _ = DisplayFormatter().format(explorer)
    second, _ = DisplayFormatter().format(height_explorer())
    assert first.pop(VIEW)["model_id"] != second.pop(VIEW)["model_id"]
    assert first == second
    assert set(first) == {"text/plain", "image/png"}
    assert first["text/plain"] == "Heights. Run this cell to move the controls.\nheight_explorer()"


def test_displayed_twice_it_is_the_same_view(explorer):
    once, twice = (DisplayFormatter().format(explorer)[0][VIEW] for _ in range(2))
    assert once == twice


def test_the_saved_picture_says_what_the_controls_said(explorer):
    still, picture = pixels(explorer._repr_png_()), pixels(explorer.picture.image.value)
    assert still.shape[1] == picture.shape[1]
    assert (still[-len(picture) :] == picture).all()
    head = still[: -len(picture)]
    assert (head < 128).any()
    move(explorer, 8)  # an error: the heading alone, with the error in it
    assert len(pixels(explorer._repr_png_())) < len(picture)


def test_it_is_made_of_what_ipywidgets_7_has_too(explorer):
    def walk(widget):
        yield widget
        for child in getattr(widget, "children", ()):
            yield from walk(child)

    kinds = {type(widget) for widget in walk(explorer.page.box)}
    allowed = (
        "Box HBox VBox HTML Image Button Text FloatProgress IntSlider FloatSlider SelectionSlider Dropdown"
    )
    assert kinds <= {getattr(ipywidgets, name) for name in allowed.split()}
