"""The receptive field: by hand, by the gradient of one output, and for layers that have none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
    Residual,
    Sequential,
    Softmax,
)
from nnlab.layers import receptive_field


def test_by_hand():
    assert receptive_field([]) == ((1, 1), (1, 1), (0, 0))
    assert receptive_field(Conv2d(1, 1, 3)) == ((3, 3), (1, 1), (0, 0))
    assert receptive_field([Conv2d(1, 1, 3), Conv2d(1, 1, 3)]) == ((5, 5), (1, 1), (0, 0))
    network = Sequential(Conv2d(1, 1, 3, padding=1), ReLU(), MaxPool2d(2), Conv2d(1, 1, 3, padding=1))
    # 3, then 3 + 1 = 4, then 4 + 2 · 2 = 8; the padding of the second convolution counts two pixels
    assert receptive_field(network) == ((8, 8), (2, 2), (-3, -3))
    assert receptive_field(network).of(1, 2) == (slice(-1, 7), slice(1, 9))
    oblong = Conv2d(1, 1, (1, 5), stride=(2, 3), padding=(0, 2))
    assert receptive_field(oblong) == ((1, 5), (2, 3), (0, -2))


def test_what_works_pixel_by_pixel_changes_nothing():
    assert receptive_field(
        [ReLU(), BatchNorm(3), Dropout(0.2, rng=np.random.default_rng(0)), Conv2d(3, 3, 1)]
    ).size == (1, 1)


def test_a_residual_block_sees_what_its_two_paths_see():
    block = Residual(Conv2d(1, 1, 3, padding=1), ReLU(), Conv2d(1, 1, 3, padding=1))
    assert receptive_field(block) == ((5, 5), (1, 1), (-2, -2))
    halved = Residual(Conv2d(1, 1, 3, stride=2, padding=1), skip=Conv2d(1, 1, 1, stride=2))
    assert receptive_field([block, halved]) == ((7, 7), (2, 2), (-3, -3))
    only_skip = Residual(Conv2d(1, 1, 1), skip=Conv2d(1, 1, 3, padding=1))
    assert receptive_field(only_skip) == ((3, 3), (1, 1), (-1, -1))


sides = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(0, 2))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(sides, sides, st.booleans()), min_size=1, max_size=3), st.data())
def test_it_is_where_the_gradient_of_one_output_is_not_zero(made_of, data):
    layers = []
    for (kh, sh, ph), (kw, sw, pw), pooled in made_of:
        if pooled:
            layers.append(AvgPool2d((kh, kw), (sh, sw)))
        else:
            layers.append(Conv2d(1, 1, (kh, kw), stride=(sh, sw), padding=(ph, pw)))
            layers[-1].W.value[:] = 1.0
    network = Sequential(*layers)
    Y = network.forward(np.ones((1, 1, 60, 50)))
    row, column = (data.draw(st.integers(0, n - 1)) for n in Y.shape[2:])
    dY = np.zeros_like(Y)
    dY[0, 0, row, column] = 1
    seen = network.backward(dY)[0, 0] > 0
    rows, columns = receptive_field(layers).of(row, column)
    field = np.zeros_like(seen)
    field[max(rows.start, 0) : max(rows.stop, 0), max(columns.start, 0) : max(columns.stop, 0)] = True
    assert not (seen & ~field).any()  # with a stride beyond the kernel there are holes in it
    if all(s <= k for *ends, _ in made_of for k, s, _ in ends):
        assert (seen == field).all()


@pytest.mark.parametrize("layer", [Flatten(), Linear(4, 2), Softmax()])
def test_layers_that_mix_all_pixels_have_none(layer):
    with pytest.raises(TypeError, match="receptive_field expected layers that work by pixels or windows"):
        receptive_field([Conv2d(1, 1, 3), layer])


def test_what_is_not_a_layer_is_refused():
    with pytest.raises(TypeError, match="got str 'conv'; give the layers before it"):
        receptive_field(["conv"])
