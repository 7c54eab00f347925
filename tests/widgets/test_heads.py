"""The heads explorer: the maps are the layer's own weights, positions can be left out, faults are named."""

import numpy as np
import pytest

from nnlab.layers import (
    Embedding,
    Linear,
    MultiHeadAttention,
    PositionalEncoding,
    Sequential,
    TransformerBlock,
)
from nnlab.widgets import heads_explorer
from nnlab.widgets.heads import attend

WAIT = 60
TOKENS = [3, 1, 4, 1, 2]


def make(n_heads=2, blocks=1, dropout=0.0):
    rng = np.random.default_rng(0)
    middle = [TransformerBlock(12, n_heads, 8, dropout=dropout, rng=rng) for _ in range(blocks)]
    return Sequential(Embedding(5, 12, rng=rng), PositionalEncoding(12, 10), *middle, Linear(12, 5, rng=rng))


def set_to(explorer, **values):
    widgets = {control.name: control.widget for control in explorer.controls}
    for name, value in values.items():
        widgets[name].value = value
    assert explorer.latest.settle(WAIT)


def maps(explorer):
    *heads, bars = explorer.picture.figure.axes
    return np.array([ax.images[0].get_array() for ax in heads]), bars


@pytest.mark.parametrize("n_heads", [1, 2, 4])
def test_the_maps_are_the_layers_own_weights(n_heads):
    network = make(n_heads)
    explorer = heads_explorer(network, tokens=TOKENS, query=3)
    shown, bars = maps(explorer)
    scores = network.forward(np.array([TOKENS]))
    (layer,) = (part for _, part in network.named_layers() if isinstance(part, MultiHeadAttention))
    np.testing.assert_allclose(shown, layer.attention_weights[0])
    heights = np.reshape([bar.get_height() for bar in bars.patches], (n_heads, 5))
    np.testing.assert_allclose(heights, shown[:, 3])
    np.testing.assert_allclose(shown.sum(axis=-1), 1)
    most = int(shown[0, 3].argmax())
    assert f"head 1 at position {most} ({TOKENS[most]}, weight " in explorer.page.readout
    assert explorer.page.readout.startswith("Position 3 (1) looks most: ")
    assert explorer.page.readout.endswith(f"answers {' '.join(map(str, scores[0].argmax(axis=1)))}.")


def test_no_grid_of_a_notebooks_style_cuts_the_squares():
    import matplotlib as mpl

    with mpl.rc_context({"axes.grid": True}):
        *heads, _ = heads_explorer(make(), tokens=TOKENS).picture.figure.axes
    assert not any(line.get_visible() for ax in heads for line in ax.get_xgridlines() + ax.get_ygridlines())


def test_without_positions_equal_tokens_look_alike():
    explorer = heads_explorer(make(), tokens=TOKENS)
    told, _ = maps(explorer)
    assert not np.allclose(told[:, 1], told[:, 3])  # both are a 1
    set_to(explorer, positions="off")
    untold, _ = maps(explorer)
    np.testing.assert_allclose(untold[:, 1], untold[:, 3])
    np.testing.assert_allclose(untold[:, :, 1], untold[:, :, 3])
    assert explorer.share() == "heads_explorer(network, tokens=[3, 1, 4, 1, 2], positions=False)"


def test_the_sequence_can_be_changed_and_the_slider_follows():
    explorer = heads_explorer(make(), tokens=TOKENS, query=4)
    set_to(explorer, tokens="0, 1 2")
    assert maps(explorer)[0].shape == (2, 3, 3)
    assert explorer.controls[1].widget.max == 2
    assert explorer.state["query"] == 2
    assert "reads 0 1 2 and answers" in explorer.page.readout


def test_of_several_layers_one_is_chosen():
    network = make(blocks=2)
    explorer = heads_explorer(network, tokens=TOKENS)
    first, _ = maps(explorer)
    set_to(explorer, layer=1)
    second, _ = maps(explorer)
    np.testing.assert_allclose(first, attend(network, TOKENS, 0, True)[0])
    np.testing.assert_allclose(second, attend(network, TOKENS, 1, True)[0])
    assert not np.allclose(first, second)


def test_it_looks_in_evaluation_mode_and_puts_the_mode_back():
    network = make(dropout=0.5).train()
    one, two = (attend(network, TOKENS, 0, True)[1] for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert network.training


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("3 x 4", "heads_explorer expected whole numbers from 0 to 4, got '3 x 4'"),
        ("3 5 4", "heads_explorer expected whole numbers from 0 to 4, got 3 5 4"),
        ("", "heads_explorer expected a sequence of 1 to 20 numbers, got 0"),
        ("1 " * 30, "heads_explorer expected a sequence of 1 to 20 numbers, got 30"),
        ("1 " * 15, "PositionalEncoding"),  # knows ten positions, and says so
    ],
)
def test_other_sequences_are_named_in_place_of_the_picture(typed, message):
    explorer = heads_explorer(make(), tokens=TOKENS)
    set_to(explorer, tokens=typed)
    assert message in explorer.page.error
    set_to(explorer, tokens="1 2")
    assert explorer.page.error == ""


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (Linear(2, 2), [1]),
            TypeError,
            "heads_explorer expected a Sequential with an Embedding .* got Linear",
        ),
        (
            (Sequential(Embedding(3, 2)), [1]),
            TypeError,
            "heads_explorer expected a Sequential with an Embedding",
        ),
        ((make(6), [1]), ValueError, "heads_explorer expected at most 4 heads, got 6"),
        ((make(), [1, 9]), ValueError, "heads_explorer expected tokens"),
        ((make(), [0.5]), TypeError, "heads_explorer expected tokens"),
    ],
)
def test_other_networks_are_refused(arguments, error, message):
    network, tokens = arguments
    with pytest.raises(error, match=message):
        heads_explorer(network, tokens=tokens)
