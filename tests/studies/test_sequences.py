"""The sequences of lesson 14 are what they say, and what a network learns of them is measured on others."""

from functools import partial

import numpy as np
import pytest

from nnlab import Adam
from nnlab.layers import RNN
from nnlab.studies import sequences
from nnlab.studies.sequences import HELD_OUT, accuracies, curves, first_of, main, reader


@pytest.mark.parametrize(
    ("task", "shape"), [(partial(first_of, T=7), (7, 1)), (partial(curves, per_step=4), (10, 4))]
)
def test_the_three_parts_have_their_sizes_and_share_nothing(task, shape):
    parts = task(50, 3)
    for (X, y), m in ((parts.train, 50), (parts.validation, HELD_OUT), (parts.test, HELD_OUT)):
        assert X.shape == (m, *shape)
        assert X.dtype == np.float32
        assert y.shape == (m,)
    everything = np.concatenate([part[0] for part in (parts.train, parts.validation, parts.test)])
    assert len(np.unique(everything.reshape(len(everything), -1), axis=0)) == len(everything)


def test_the_label_is_the_sign_of_the_first_entry():
    X, y = first_of(50, 0, 7).train
    np.testing.assert_array_equal(X[:, 0, 0], 2 * y - 1)


def test_the_points_of_a_curve_stay_in_order():
    (coarse, labels), (fine, same) = curves(50, 1, 4).train, curves(50, 1, 1).train
    np.testing.assert_array_equal(coarse.reshape(50, 40), fine.reshape(50, 40))
    np.testing.assert_array_equal(labels, same)


def test_a_short_memory_is_learned_and_follows_the_seed():
    task = first_of(500, 0, 3)
    settings = {"epochs": 12, "seed": 0}
    runs = [
        accuracies(partial(reader, RNN, 1, 8, 2), task, partial(Adam, lr=0.01), **settings) for _ in range(2)
    ]
    assert runs[0].min() > 95
    np.testing.assert_array_equal(*runs)


def test_the_table_has_a_row_for_each_network(capsys, monkeypatch):
    monkeypatch.setattr(sequences, "RATES", (0.003, 0.01))
    assert main(["--epochs", "1", "--seeds", "2", "--rows", "64"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(sequences.READERS)
    assert all("(2 seeds)" in line for line in lines[2:])
