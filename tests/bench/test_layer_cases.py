"""The benchmark of layers: small passes and steps do the same as their twins; cheats are found out."""

import functools

import numpy as np
import pytest

from nnlab import bench
from nnlab.bench import layer_cases
from nnlab.bench.contestants import Unsuitable
from nnlab.bench.layer_cases import NnlabPass, TorchPass, cnn, layer_pass, lenet, network_step, recurrent_pass
from nnlab.layers import GRU, LSTM, RNN, AvgPool2d, BatchNorm, Dropout, Linear, MaxPool2d

torch = pytest.importorskip("torch")

SMALL = [
    network_step("LeNet-5", lenet, (1, 28, 28), 4),
    network_step("CNN", cnn, (3, 32, 32), 2),
    network_step("CNN with batch norm", functools.partial(cnn, batch_norm=True), (3, 32, 32), 4),
    *(recurrent_pass(kind, 2, 3, 4) for kind in (RNN, LSTM, GRU)),
    layer_pass("transformer block", functools.partial(layer_cases._block, 8), (2, 4, 8)),
    layer_pass("convolution", functools.partial(layer_cases._conv, 3, 4, 3), (2, 3, 5, 5)),
    layer_pass("max pooling", lambda: MaxPool2d(2), (2, 3, 4, 4)),
    layer_pass("average pooling", lambda: AvgPool2d(2), (2, 3, 4, 4)),
    layer_pass("batch norm", lambda: BatchNorm(3, dtype=np.float32), (2, 3, 4, 4)),
]


def linear():
    return Linear(4, 3, rng=np.random.default_rng(0), dtype=np.float32)


def made(case):
    return {name: make() for name, make in case.lineup().makers.items()}


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_nnlab_and_its_twin_do_the_same_work(case):
    contestants = made(case)
    assert list(contestants) == ["nnlab", "torch"]
    assert bench.agree(contestants, steps=3) < 1e-3
    ours, theirs = (contestant.outcome() for contestant in contestants.values())
    assert ours.keys() == theirs.keys()
    assert {array.dtype for array in (*ours.values(), *theirs.values()) if array.ndim} == {
        np.dtype(np.float32)
    }


def test_a_pass_reaches_the_input_and_every_parameter():
    contestant = NnlabPass(linear, (5, 4))
    contestant.work(2)
    X, dY, W = contestant.X, contestant.dY, contestant.layer.W.value
    outcome = contestant.outcome()
    assert list(outcome) == ["Y", "dX", "W", "b"]
    np.testing.assert_allclose(outcome["dX"], dY @ W.T, rtol=1e-5)
    np.testing.assert_allclose(outcome["W"], X.T @ dY, rtol=1e-5)  # of one pass, not of two
    np.testing.assert_allclose(outcome["b"], dY.sum(axis=0), rtol=1e-5)


class ForwardOnly(TorchPass):
    def work(self, steps):
        self.Y = self.module(self.input).detach().numpy()

    def gradients(self):
        return {}


class GradientsPileUp(TorchPass):
    def work(self, steps):
        for _ in range(steps):
            output = self.module(self.input)
            output.backward(self.output_gradient)
        self.Y, self.dX = output.detach().numpy(), self.input.grad.numpy()


class Untrainable(TorchPass):
    def gradients(self):
        return {}


@pytest.mark.parametrize("cheat", [ForwardOnly, GradientsPileUp, Untrainable])
def test_who_does_less_or_more_is_found_out(cheat):
    contestants = {"nnlab": NnlabPass(linear, (5, 4)), "cheat": cheat(linear, (5, 4))}
    with pytest.raises(bench.Disagreement, match="cheat"):
        bench.agree(contestants, steps=2)


def test_masks_of_dropout_are_not_compared_as_everyone_draws_their_own():
    case = layer_pass("dropout", lambda: Dropout(rng=np.random.default_rng(0)), (20, 30))
    contestants = made(case)
    assert bench.agree(contestants, steps=2) == 0
    for contestant in contestants.values():
        assert contestant.outcome() == {}
        assert 0.3 < (contestant.Y == 0).mean() < 0.7  # but both drop
        np.testing.assert_array_equal(contestant.Y == 0, contestant.dX == 0)


def test_without_torch_nnlab_is_timed_alone(monkeypatch):
    monkeypatch.setattr(layer_cases, "import_torch", _missing)
    result = bench.measure(layer_pass("Linear", linear, (5, 4)), seconds=0.01)
    assert result.names == ["nnlab"]
    assert result.left_out == {"torch": "it is not here"}


def _missing():
    raise Unsuitable("it is not here")


def test_the_table_has_a_dash_for_who_has_no_such_layer():
    result = bench.measure(layer_pass("Linear", linear, (5, 4)), seconds=0.01)
    row = bench.table([result]).loc["pass Linear (5, 4)"]
    assert row["sklearn µs"] == row["floor µs"] == row["nnlab/floor"] == "–"
    assert result.left_out == {}


def test_the_cases_are_those_that_were_asked_for():
    names = [case.name for case in layer_cases.all_layer_cases()]
    assert {f"step LeNet-5 SGD batch {batch}" for batch in (32, 64)} <= set(names)
    assert {"step CNN 32-64-128 SGD batch 64", "step CNN 32-64-128 with batch norm SGD batch 64"} <= set(
        names
    )
    for kind in ("RNN", "LSTM", "GRU"):
        assert {f"pass {kind} (32, 50, 64)", f"pass {kind} (64, 100, 128)"} <= set(names)
    assert {"pass transformer block (64, 16, 32)", "pass transformer block (32, 64, 64)"} <= set(names)
    assert "pass dropout (256, 1024)" in names
    assert {"pass max pooling (64, 32, 32, 32)", "pass batch norm (64, 32, 32, 32)"} <= set(names)
    assert set(names) < {case.name for case in bench.all_cases()}
