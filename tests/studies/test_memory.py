"""The study of memory: its task and its cells by hand, what is chosen, and the table."""

import numpy as np
import pytest

from nnlab.studies import memory
from nnlab.studies.memory import Cell, Run, at_its_best, learn, recall, table


def test_the_first_symbol_is_marked_and_asked_for():
    X, y = recall(50, 7, np.random.default_rng(0))
    assert X.shape == (50, 7, 5)
    assert (X[..., :4].sum(axis=-1) == 1).all()
    assert (X[:, 0, :4].argmax(axis=-1) == y).all()
    assert X[:, 0, 4].all()
    assert not X[:, 1:, 4].any()
    assert set(y.tolist()) == {0, 1, 2, 3}


def test_the_keeping_gate_starts_from_its_bias_and_the_others_as_drawn():
    for name in ("GRU", "LSTM"):
        drawn, kept = (Cell(name, keep).layer(5, 3, np.random.default_rng(0)) for keep in (None, 2.5))
        assert (kept.b.value[3:6] == 2.5).all()
        assert (kept.b.value[:3] == drawn.b.value[:3]).all()
        assert (kept.W.value == drawn.W.value).all()
    assert (Cell("GRU", 2.5).layer(5, 3, np.random.default_rng(0)).c.value[3:6] == 0).all()


@pytest.mark.parametrize(
    ("cell", "name"),
    [(Cell("RNN"), "RNN"), (Cell("GRU", 3), "GRU, bias of z 3"), (Cell("LSTM", 1), "LSTM, bias of f 1")],
)
def test_a_cell_says_what_it_is(cell, name):
    assert str(cell) == name


def test_a_run_ends_early_when_it_has_learned():
    network, taken = learn(Cell("GRU", 3), 3, 0.03, 0, 300)
    X, y = recall(200, 3, np.random.default_rng(1))
    assert taken < 300
    assert (network.forward(X).argmax(axis=1) == y).mean() > 0.98


def test_the_rate_is_chosen_on_other_sequences_than_those_that_tell(monkeypatch):
    def run(cell, T, rate, seed, steps):
        return {0.1: Run(0.9, 0.5, 100), 0.2: Run(0.8, 0.9, 10), 0.3: Run(0.9, 0.6, 50)}[rate]

    monkeypatch.setattr(memory, "run", run)
    rate, runs = at_its_best(Cell("RNN"), 5, rates=(0.1, 0.2, 0.3), seeds=range(2), steps=1)
    assert rate == 0.3  # as good as 0.1 where it counts, and sooner
    assert [r.tells for r in runs] == [0.6, 0.6]


@pytest.mark.parametrize("seed", range(3))
def test_a_forget_gate_that_starts_open_remembers_where_a_half_open_one_does_not(seed):
    half, wide = (memory.run(Cell("LSTM", keep), 30, 0.003, seed, 200).tells for keep in (None, 5))
    assert half < 0.4 < 0.7 < wide


def test_the_table_has_a_row_for_each_cell_and_length():
    found = {(Cell("RNN"), 10): (0.01, [Run(1, 0.5, 10), Run(1, 0.7, 20)])}
    assert table(found).splitlines()[2:] == ["| RNN | 10 | 0.01 | 60.0000 ± 14.1421 (2 seeds) | 15 |"]


def test_the_command_prints_the_table(monkeypatch, capsys):
    monkeypatch.setattr(memory, "CHOICES", (Cell("RNN"),))
    assert memory.main(["--seeds", "2", "--steps", "2", "--lengths", "3"]) == 0
    assert "| RNN | 3 |" in capsys.readouterr().out
