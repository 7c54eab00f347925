"""The layer protocol: modes, named state, errors that say where, and what is refused in a network."""

import re

import numpy as np
import pytest

from nnlab import MLP, Layer, Linear, Parameter, ReLU, Sequential, Tanh, check_gradients
from nnlab.layers import Residual, evaluation_mode


def linear(n_in, n_out, seed=0, **settings):
    return Linear(n_in, n_out, rng=np.random.default_rng(seed), **settings)


class Counter(Layer):
    """A layer with all kinds of state: a parameter, a buffer and a generator."""

    buffer_names = ("calls",)

    def __init__(self, seed=0):
        self.scale = Parameter(np.ones(1))
        self.calls = np.zeros(1)
        self.rng = np.random.default_rng(seed)

    def _forward(self, X):
        if self.training:
            self.calls[...] += 1
        return X * self.scale.value

    def _backward(self, dY, X, Y):
        self.scale.grad = np.array([(dY * X).sum()])
        return dY * self.scale.value


def nested():
    return Sequential(linear(2, 3), Residual(Tanh(), Counter(), skip=linear(3, 3)), Sequential(linear(3, 2)))


# ------------------------------------------------------------------------------------------- modes


def test_a_new_layer_is_in_training_mode_and_modes_reach_all_that_is_inside():
    network = nested()
    assert all(layer.training for _, layer in network.named_layers())
    assert network.eval() is network
    assert not any(layer.training for _, layer in network.named_layers())
    assert network.train() is network
    assert all(layer.training for _, layer in network.named_layers())
    assert not network.train(False).training
    with pytest.raises(TypeError, match=r"Sequential.train expected mode as True or False, got str 'no'"):
        network.train("no")


def test_evaluation_mode_puts_every_layer_back_even_after_an_error():
    network = nested()
    network.layers[1].eval()
    before = [layer.training for _, layer in network.named_layers()]

    def fail():
        with evaluation_mode(network):
            assert not any(layer.training for _, layer in network.named_layers())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert [layer.training for _, layer in network.named_layers()] == before
    assert True in before
    assert False in before


# ------------------------------------------------------------------------------------------- state


def test_state_is_named_after_where_it_is():
    network = nested()
    assert [name for name, _ in network.named_layers()] == [
        *("", "0", "1", "1.branch", "1.branch.0", "1.branch.1", "1.skip", "2", "2.0")
    ]
    parameters = ["0.W", "0.b", "1.branch.1.scale", "1.skip.W", "1.skip.b", "2.0.W", "2.0.b"]
    assert [name for name, _ in network.named_parameters()] == parameters
    assert [name for name, _ in network.named_buffers()] == ["1.branch.1.calls"]
    assert [name for name, _ in network.named_generators()] == ["1.branch.1.rng"]
    assert list(network.state_dict()) == [*parameters, "1.branch.1.calls"]
    assert network.parameters() == [p for _, p in network.named_parameters()]  # no buffers among them


def test_a_state_goes_from_one_network_to_another_and_is_a_copy():
    source, target = nested(), nested()
    source.forward(np.ones((4, 2)))
    for p in source.parameters():
        p.value += 1
    state = source.state_dict()
    arrays = [p.value for p in target.parameters()]
    target.load_state_dict(state)
    for name, array in target.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    assert all(p.value is array for p, array in zip(target.parameters(), arrays, strict=True))  # in place
    state["0.W"][...] = 99
    assert not (source.layers[0].W.value == 99).any()
    assert not (target.layers[0].W.value == 99).any()
    np.testing.assert_array_equal(target.layers[1].branch.layers[1].calls, [1])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("0.b"), ValueError, "got one that lacks 0.b; make the network with the settings"),
        (lambda s: s.update(x=np.ones(1)), ValueError, "got one that has unknown x"),
        (lambda s: s.update({"0.W": np.ones((3, 2))}), ValueError, "0.W of shape (2, 3), got (3, 2)"),
        (lambda s: s.update({"0.W": np.ones((2, 3), np.float32)}), TypeError, "0.W of dtype float64"),
        (lambda s: s.update({"1.branch.1.calls": "x"}), TypeError, "1.branch.1.calls as an array"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    network = nested()
    before = network.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    change(state)
    with pytest.raises(error, match="^Sequential.load_state_dict expected .*" + re.escape(message)):
        network.load_state_dict(state)
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_state_that_is_not_a_dict():
    with pytest.raises(TypeError, match="expected a dict of arrays by name, got list"):
        nested().load_state_dict([np.ones(1)])


def test_forgetting_drops_the_batch_everywhere():
    network = nested()
    network.forward(np.ones((4, 2)))
    network.forget()
    for _, layer in network.named_layers():
        with pytest.raises(RuntimeError, match="was called before forward"):
            layer.backward(np.ones((4, 2)))


# ------------------------------------------------------------------------------------------- where


@pytest.mark.parametrize(
    ("network", "where"),
    [
        (Sequential(linear(2, 3), ReLU(), linear(4, 2)), "in layer 2 (Linear(4, 2))"),
        (MLP([5, 4, 2], activation=ReLU), "in layer 0 (Linear(5, 4))"),
        (Sequential(Sequential(linear(2, 3), Sequential(linear(4, 3)))), "in layer 0.1.0 (Linear(4, 3))"),
        (Sequential(Residual(linear(2, 2), linear(3, 2))), "in layer 0.branch.1 (Linear(3, 2))"),
        (Sequential(Residual(linear(2, 2), skip=linear(3, 2))), "in layer 0.skip (Linear(3, 2))"),
        (Sequential(Residual(linear(2, 3))), "in layer 0 (Residual(Linear(2, 3)))"),
    ],
)
def test_an_error_says_in_which_layer(network, where):
    with pytest.raises(ValueError, match=re.escape(where) + "$"):
        network.forward(np.ones((3, 2)))


def test_an_error_of_backward_says_in_which_layer_too():
    class Short(Layer):
        def _forward(self, X):
            return X

        def _backward(self, dY, X, Y):
            return dY[1:]

    network = Sequential(linear(2, 2), linear(2, 2), Short(), Tanh())
    network.forward(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"got \(2, 2\), in layer 1 \(Linear\(2, 2\)\)$"):
        network.backward(np.ones((3, 2)))


def test_errors_of_others_stay_as_they_are():
    class Broken(Layer):
        def _forward(self, X):
            raise KeyError("mine")

    with pytest.raises(KeyError, match=r"^'mine'$"):
        Sequential(Broken()).forward(np.ones((1, 1)))


# ------------------------------------------------------------------------------------------- once each

SHARED = linear(2, 2)
TIED, TO = linear(2, 2), linear(2, 2)
TO.W = TIED.W


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Sequential(SHARED, SHARED), "got the layer Linear(2, 2) twice"),
        (lambda: Sequential(SHARED, Sequential(Tanh(), SHARED)), "got the layer Linear(2, 2) twice"),
        (lambda: Sequential(Residual(SHARED), Residual(SHARED)), "got the layer Linear(2, 2) twice"),
        (lambda: Residual(SHARED, skip=SHARED), "Residual expected every layer and parameter once"),
        (lambda: Sequential(TIED, Tanh(), TO), "got a parameter of Linear(2, 2) twice"),
        (lambda: Sequential(Sequential(TIED), Residual(TO)), "got a parameter of Linear(2, 2) twice"),
    ],
)
def test_the_same_layer_or_parameter_twice_is_refused(make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


# ------------------------------------------------------------------------------------------- residual


def test_a_residual_block_by_hand():
    # F(x) = 3x, so y = 3x + x = 4x and dx = 3 dy + dy; with skip 5x, y = 8x.
    F, skip = linear(1, 1, bias=False), linear(1, 1, bias=False)
    F.W.value[...], skip.W.value[...] = 3, 5
    assert Residual(F).forward([[2.0]]) == [[8]]
    block = Residual(F, skip=skip)
    assert block.forward([[2.0]]) == [[16]]
    assert block.backward([[1.0]]) == [[8]]
    assert repr(block) == "Residual(Linear(1, 1, bias=False), skip=Linear(1, 1, bias=False))"


@pytest.mark.parametrize("skip", [None, linear(3, 3, seed=1)])
def test_gradients_of_a_residual_block(skip):
    block = Sequential(linear(2, 3), Residual(linear(3, 4), Tanh(), linear(4, 3), skip=skip), linear(3, 2))
    assert max(check_gradients(block, np.random.default_rng(1).standard_normal((5, 2))).values()) < 1e-7


def test_a_residual_block_whose_sum_cannot_be_formed():
    with pytest.raises(
        ValueError, match=re.escape("expected F(X) and X of one shape, got (3, 4) and (3, 2); give a skip=")
    ):
        Residual(linear(2, 4)).forward(np.ones((3, 2)))
