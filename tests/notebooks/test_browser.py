"""In a real browser: notebooks run, sliders answer keyboard and mouse, mistakes are named, nothing breaks.

Needs Chromium or Chrome. After each test a screenshot is kept in artifacts/, under the name of the test.
"""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnlab.widgets import digits_explorer, sentence_explorer, threshold_explorer, training_explorer

pytest.importorskip("playwright.sync_api", reason="the browser tests need Playwright: pip install playwright")

import browser
from browser import Lab, View
from playwright.sync_api import expect, sync_playwright

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
expect.set_options(timeout=browser.PATIENCE)

# ----------------------------------------------------------------------------------- two notebooks

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2))
y = (X[:, 0] > 0).astype(int)
BAD = {
    "one class": (X, np.zeros(40, int)),
    "one point": (X[:1], y[:1]),
    "NaN": (np.where(X > 2, np.nan, X), y),
    "3-D points": (np.zeros((40, 3, 3)), y),
    "strings": (X.astype(str), y),
}

SCRATCH = (
    """
import os, threading
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from nnlab.exercises import check
from nnlab.widgets import *
""",
    # the bad data above, made again
    """
rng = np.random.default_rng(0)
X = rng.normal(size=(40, 2))
y = (X[:, 0] > 0).astype(int)
hole = np.where(X > 2, np.nan, X)
BAD = [(X, 0 * y), (X[:1], y[:1]), (hole, y), (np.zeros((40, 3, 3)), y), (X.astype(str), y)]
""",
    "training_explorer(BAD[0], epochs=20)",
    "for bad in BAD: display(training_explorer(bad))",
    "for bad in BAD: display(digits_explorer(bad))",
    "for bad in BAD: display(threshold_explorer(bad[1], bad[0]))",
    'quiz("activations")',
    "def accuracy(Y_hat, Y): ...",
    "check(accuracy)",
    'one = training_explorer("circles", epochs=20); one',
    'other = training_explorer("circles", epochs=20); other',
    'twice = activation_explorer("Tanh"); twice',
    "display(twice)",
    'plt.figure(); plt.close(one.picture.figure); plt.close("all")',
    # an explorer whose work waits at a gate, and counts
    """
gated, gate, runs = training_explorer("moons", epochs=20), threading.Event(), []
train = gated._show
def show(turn, **state):
    runs.append(state["hidden_size"])
    gate.wait()
    return train(turn, **state)
gated._show = show
gated
""",
    # a pad, and the network that answers
    """
from nnlab import MLP, Adam, ReLU, fit, softmax_cross_entropy
from nnlab.datasets import load_digits
digits, rng = load_digits(), np.random.default_rng(0)
network = MLP([64, 32, 10], activation=ReLU, rng=rng)
run = {"optimizer": Adam(network.parameters(), 0.003), "epochs": 10, "batch_size": 32, "rng": rng}
fit(network, digits.X, digits.y, loss=softmax_cross_entropy, **run)
pad = drawing_pad(network)
pad
""",
    'kernel_explorer(pad, kernel="identity", padding=1, row=15, column=15)',
    # an explorer with a field to type into
    "explain = lambda tokens: (np.array([len(token) - 4.0 for token in tokens]), 0.25)",
    "sentence_explorer(explain)",
    "print(*map(len, pad.strokes))",
    "from nnlab.widgets import drawing; drawing.Canvas = None; drawing_pad(network, strokes=[])",
    "gate.set(); gated.latest.settle(); print(*runs)",
    "gate.clear(); runs.clear()",
    "print(os.getpid())",
)


@pytest.fixture(scope="module")
def chromium():
    path = browser.find_chromium()
    if path is None:
        pytest.skip("the browser tests need Chromium or Chrome: apt install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=browser.FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(chromium, tmp_path_factory):
    folder = tmp_path_factory.mktemp("jupyter")
    with browser.jupyter_lab(folder) as address:
        browser.copy_notebook(NOTEBOOKS / "00_start_here.ipynb", folder / "notebooks")
        browser.write_notebook(folder / "notebooks" / "scratch.ipynb", *map(str.strip, SCRATCH))
        yield address


@pytest.fixture(scope="module")
def lesson(chromium, address):
    """Notebook 00, run."""
    lab = Lab(chromium, address, "00_start_here.ipynb")
    lab.output("training_explorer(").scroll_into_view_if_needed()
    browser.shoot(lab.page, "notebook_as_published")
    lab.run_all()
    yield lab
    lab.page.close()


@pytest.fixture(scope="module")
def scratch(chromium, address):
    """The notebook above, run."""
    lab = Lab(chromium, address, "scratch.ipynb")
    lab.run_all()
    yield lab
    lab.page.close()


@pytest.fixture(autouse=True)
def screenshot(request):
    yield
    for name in {"lesson", "scratch"} & set(request.fixturenames):
        lab = request.getfixturevalue(name)
        browser.shoot(lab.page, request.node.name)
        assert lab.page.locator("[title=null]:visible").count() == 0  # ipywidgets 8, where there is none
        assert lab.problems == []
        assert not lab.foreign


def wait_for(view, explorer):
    """Wait until a view shows the state and the result of an explorer made here; and its picture."""
    expect(view.share).to_have_value(explorer.share())
    expect(view.status).to_have_text(explorer.page.readout)
    assert size(view.picture()) == size(explorer.picture.image.value)


def size(png):
    return Image.open(io.BytesIO(png)).size


# ----------------------------------------------------------------------------------- notebook 00


@pytest.fixture
def moons(lesson):
    """The explorer of notebook 00, as it is at first."""
    view = View(lesson.cell("training_explorer("))
    view.place.get_by_role("button", name="Reset").click()
    wait_for(view, training_explorer("moons"))
    return view


def test_every_cell_of_the_first_notebook_runs_without_an_error(lesson):
    expect(lesson.page.locator(".jp-CodeCell .jp-OutputArea-output").first).to_be_visible()
    assert lesson.errors().count() == 0
    assert size(View(lesson.cell("training_explorer(")).picture())[0] > 500


def test_the_learning_rate_moves_by_keyboard(moons):
    first = moons.picture()
    moons.press("learning rate", "ArrowRight")
    assert moons.value("learning rate") == "0.04"
    wait_for(moons, training_explorer("moons", learning_rate=0.04))
    assert moons.picture() != first
    moons.press("learning rate", "ArrowLeft")
    wait_for(moons, training_explorer("moons"))
    assert moons.picture() == first  # settled: the same state is the same picture


def test_the_hidden_size_moves_by_keyboard(moons):
    first = moons.picture()
    moons.press("hidden units", "Home")
    assert moons.value("hidden units") == "1"
    wait_for(moons, training_explorer("moons", hidden_size=1))
    assert moons.picture() != first


@pytest.mark.parametrize(
    ("label", "argument", "read"),
    [("learning rate", "learning_rate", float), ("hidden units", "hidden_size", int)],
)
def test_a_slider_moves_by_mouse(moons, label, argument, read):
    first, before = moons.picture(), moons.value(label)
    moons.drag(label, to=0.6)
    after = moons.value(label)
    assert after != before
    wait_for(moons, training_explorer("moons", **{argument: read(after)}))
    assert moons.picture() != first


def test_a_learning_rate_far_too_high_is_shown_as_diverged_with_its_step(moons):
    moons.press("learning rate", "End")
    wait_for(moons, training_explorer("moons", learning_rate=100.0))
    expect(moons.status).to_have_text(re.compile(r"^Diverged at step \d+: "))


# ----------------------------------------------------------------------------------- quiz and exercise


def test_a_quiz_names_the_wrong_answer_and_praises_the_right_one(scratch):
    quiz = scratch.cell('quiz("activations")')
    quiz.get_by_role("button", name="true", exact=True).nth(0).click()  # three linear layers do no more
    quiz.get_by_role("button", name="true", exact=True).nth(3).click()  # no activation after the last
    quiz.get_by_role("button", name="Check answers").click()
    expect(quiz.get_by_role("status")).to_have_text("1 of 4 right, 2 not judged yet")
    expect(quiz.get_by_text("You said true; it is false. One after the other")).to_be_visible()
    expect(quiz.get_by_text("Right. The prediction must be able to take any value.")).to_be_visible()
    quiz.get_by_role("button", name="false", exact=True).nth(0).click()
    expect(quiz.get_by_text("You said true")).to_have_count(0)  # what was said does not hold any more


def test_a_check_names_the_mistake_and_sees_it_mended(scratch):
    function, check = scratch.cell("def accuracy"), scratch.cell("check(accuracy)")
    expect(check.get_by_text("Not attempted: accuracy")).to_be_visible()
    scratch.run(function, "def accuracy(Y_hat, Y): return (Y_hat == Y).mean()")
    scratch.run(check)
    expect(check.get_by_text("Not right yet: accuracy")).to_be_visible()
    expect(check.get_by_text("Probabilities are compared with zeros and ones")).to_be_visible()
    browser.shoot(scratch.page, "check_names_the_mistake")
    scratch.run(function, "def accuracy(Y_hat, Y): return (Y_hat.argmax(1) == Y.argmax(1)).mean()")
    scratch.run(check)
    expect(check.get_by_text("Passed: accuracy")).to_be_visible()


# ----------------------------------------------------------------------------------- bad data


@pytest.mark.parametrize(
    ("source", "make"),
    [
        ("display(training_explorer(bad))", training_explorer),
        ("display(digits_explorer(bad))", digits_explorer),
        ("display(threshold_explorer(bad[1], bad[0]))", lambda bad: threshold_explorer(bad[1], bad[0])),
    ],
    ids=["training", "digits", "threshold"],
)
def test_bad_data_are_named_in_place_of_the_picture(scratch, source, make):
    cell = scratch.cell(source)
    expect(cell.get_by_role("alert")).to_have_count(len(BAD))
    for alert, bad in zip(cell.get_by_role("alert").all(), BAD.values(), strict=True):
        expect(alert).to_contain_text("No picture for this")
        expect(alert).to_contain_text(make(bad).page.error)
    expect(cell.locator("img.widget-image:visible")).to_have_count(0)
    cell.get_by_role("alert").last.scroll_into_view_if_needed()


def test_after_bad_data_the_controls_are_alive(scratch):
    view = View(scratch.cell("training_explorer(BAD[0]"))
    view.press("seed", "ArrowRight")
    expect(view.share).to_have_value("training_explorer((X, y), epochs=20, seed=1)")
    expect(view.alert).to_contain_text(training_explorer(BAD["one class"]).page.error)
    view.choose("data", "moons")
    wait_for(view, training_explorer("moons", epochs=20, seed=1))
    view.choose("data", "your data")
    expect(view.alert).to_be_visible()
    expect(view.image).to_be_hidden()


# ----------------------------------------------------------------------------------- many explorers


def test_two_explorers_on_a_page_move_each_alone(scratch):
    one, other = (View(scratch.cell(f"{name} = training_explorer")) for name in ("one", "other"))
    untouched = other.picture()
    one.press("hidden units", "Home")
    wait_for(one, training_explorer("circles", hidden_size=1, epochs=20))
    wait_for(other, training_explorer("circles", epochs=20))
    assert other.picture() == untouched


def test_an_explorer_shown_twice_moves_as_one(scratch):
    first, second = View(scratch.cell("twice = ")), View(scratch.cell("display(twice)"))
    expect(second.status).to_have_text(re.compile(r"^Tanh\(1\.0\) = 0\.762"))
    first.press("input z", "Home")
    for view in (first, second):
        expect(view.status).to_have_text(re.compile(r"^Tanh\(-8\.0\) = -1\.000"))
    assert second.value("input z") == first.value("input z")
    assert second.picture() == first.picture()


def test_closing_all_figures_does_no_harm(scratch):
    scratch.run(scratch.cell("plt.close"))
    one = View(scratch.cell("one = training_explorer"))
    one.press("hidden units", "End")
    wait_for(one, training_explorer("circles", hidden_size=64, epochs=20))


def test_what_is_typed_is_shown_as_it_is_typed(scratch):
    def explain(tokens):
        return np.array([len(token) - 4.0 for token in tokens]), 0.25

    view = View(scratch.cell("sentence_explorer(explain)"))
    wait_for(view, sentence_explorer(explain))
    before = view.picture()
    field = view.place.get_by_label("sentence", exact=True)
    field.fill("")
    expect(view.alert).to_contain_text("expected a sentence of 1 to 23 words, got 0")
    field.press_sequentially('a $5 "film" & <b>more</b>')
    wait_for(view, sentence_explorer(explain, sentence='a $5 "film" & <b>more</b>'))
    assert view.picture() != before
    view.press("which word", "Home")
    view.choose("beside it", "leave out")
    wait_for(
        view,
        sentence_explorer(explain, sentence='a $5 "film" & <b>more</b>', change="leave out", word=1),
    )


def test_of_many_moves_one_is_worked_on_and_the_newest_waits(scratch):
    view = View(scratch.cell("gated, gate, runs"))
    for size in ("17", "18", "19", "20"):
        view.press("hidden units", "ArrowRight")
        expect(view.share).to_have_value(f'training_explorer("moons", hidden_size={size}, epochs=20)')
    view.drag("hidden units", to=0.9)
    last = view.value("hidden units")
    expect(view.share).to_have_value(f'training_explorer("moons", hidden_size={last}, epochs=20)')
    scratch.run(scratch.cell("gate.set()"))
    expect(scratch.output("gate.set()")).to_have_text(f"17 {last}")
    wait_for(view, training_explorer("moons", hidden_size=int(last), epochs=20))


# ----------------------------------------------------------------------------------- the drawing pad


class Pad:
    """The drawing pad on the page."""

    def __init__(self, place):
        self.place, self.status = place, place.get_by_role("status")
        self.surface = place.get_by_role("application")
        self.surface.scroll_into_view_if_needed()

    def click(self, name):
        self.place.get_by_role("button", name=name, exact=True).click()

    def stroke(self, *points):
        """Draw through points in 0 … 1 with the mouse."""
        box, mouse = self.surface.bounding_box(), self.place.page.mouse
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        mouse.move(*places[0])
        mouse.down()
        for place in places[1:]:
            mouse.move(*place, steps=10)
        mouse.up()

    def answer(self):
        """Return the label of the longest bar, which alone is bold."""
        return self.place.locator("li.nnlab-pad-best").locator("span").first.inner_text()


@pytest.fixture
def pad(scratch):
    pytest.importorskip("anywidget", reason="the drawing pad needs anywidget")
    pad = Pad(scratch.cell("pad = drawing_pad(network)"))
    pad.click("Clear")
    expect(pad.status).to_have_text("Nothing is drawn yet.")
    expect(pad.place.locator("polyline")).to_have_count(0)
    return pad


def test_a_stroke_changes_the_answer_and_undo_takes_it_back(pad):
    pad.stroke((0.5, 0.15), (0.5, 0.85))
    expect(pad.status).to_have_text(re.compile("^Most likely 1 "))
    assert pad.answer() == "1"
    pad.click("Clear")
    circle = [(0.5 + 0.22 * np.sin(t), 0.5 - 0.35 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 20)]
    pad.stroke(*circle)
    expect(pad.status).to_have_text(re.compile("^Most likely 0 "))
    assert pad.answer() == "0"
    before = pad.status.inner_text()
    pad.stroke((0.3, 0.5), (0.7, 0.5))
    expect(pad.status).not_to_have_text(before)
    pad.click("Undo")
    expect(pad.status).to_have_text(before)


def test_arrow_keys_draw_and_move_the_pen_and_leave_the_notebook_alone(scratch, pad):
    cell = scratch.page.locator(".jp-Notebook .jp-Cell.jp-mod-active .jp-InputArea")
    pad.surface.click(position={"x": 5, "y": 5})
    active = cell.first.inner_text()
    pad.surface.press("Delete")
    for _ in range(8):
        pad.surface.press("ArrowDown")
    expect(pad.place.locator("polyline")).to_have_count(1)
    expect(pad.status).to_have_text(re.compile("^Most likely "))
    pad.surface.press("Shift+ArrowRight")
    pad.surface.press("ArrowRight")
    expect(pad.place.locator("polyline")).to_have_count(2)
    pad.surface.press("Backspace")
    expect(pad.place.locator("polyline")).to_have_count(1)
    assert cell.first.inner_text() == active


def test_the_pad_has_names_for_those_who_do_not_see_it(pad):
    expect(pad.surface).to_have_accessible_name(re.compile("^Drawing pad. Arrow keys draw"))
    expect(pad.place.get_by_role("img", name="The drawing as 8 by 8 pixels")).to_be_visible()
    rows = pad.place.get_by_role("list", name="What the network says").get_by_role("listitem")
    assert [row.inner_text().split()[0] for row in rows.all()] == list("0123456789")


def test_python_and_the_kernel_explorer_have_what_is_drawn(scratch, pad):
    view = View(scratch.cell("kernel_explorer(pad"))
    expect(view.status).to_contain_text("from 0.00 (row 0, column 0) to 0.00")
    pad.surface.scroll_into_view_if_needed()
    pad.stroke((0.5, 0.15), (0.5, 0.85))
    pad.stroke((0.3, 0.85), (0.7, 0.85))
    expect(view.status).to_contain_text("to 1.00")
    scratch.run(scratch.cell("print(*map(len, pad.strokes))"))
    drawn = scratch.output("print(*map(len, pad.strokes))").inner_text().split()
    assert len(drawn) == 2
    assert min(map(int, drawn)) > 5


def test_without_the_canvas_there_are_squares(scratch):
    place = scratch.cell("drawing.Canvas = None")
    for row in range(1, 7):
        place.get_by_title(f"row {row + 1}, column 5", exact=True).press("Space")
    expect(place.get_by_role("status")).to_have_text(re.compile("^Most likely 1 "))
    expect(place.get_by_text("%pip install anywidget")).to_be_visible()


# ----------------------------------------------------------------------------------- a new kernel


def test_after_a_restart_everything_runs_and_moves_again(scratch):
    before = scratch.output("os.getpid()").inner_text()
    scratch.restart()
    scratch.run_all()
    assert scratch.errors().count() == 0
    expect(scratch.output("os.getpid()")).not_to_have_text(before)
    view = View(scratch.cell("one = training_explorer"))
    view.press("hidden units", "Home")
    wait_for(view, training_explorer("circles", hidden_size=1, epochs=20))
