"""Penalties: values by hand, gradients, what is left out, torch's weight decay as referee, refusals."""

import math
import re

import numpy as np
import pytest

from nnlab import MLP, SGD, Layer, Linear, Parameter, ReLU, Sequential, Tanh, numerical_gradient
from nnlab.penalties import elastic, l1, l2


def network(dtype=np.float64):
    return MLP([3, 4, 2], activation=Tanh, rng=np.random.default_rng(0), dtype=dtype)


def single(W):
    layer = Linear(*np.shape(W))
    layer.W.value[...] = W
    layer.b.value[...] = 100
    return layer


@pytest.mark.parametrize(
    ("penalty", "value", "gradient"),
    [
        (l1(0.1), 0.1 * 6, [[0.1, -0.1], [0, 0.1]]),
        (l2(0.1), 0.1 * 14 / 2, [[0.1, -0.2], [0, 0.3]]),
        (elastic(0.1, 0.2), 0.1 * 6 + 0.2 * 14 / 2, [[0.1 + 0.2, -0.1 - 0.4], [0, 0.1 + 0.6]]),
        (l2(0), 0, [[0, 0], [0, 0]]),
    ],
)
def test_by_hand(penalty, value, gradient):
    layer = single([[1, -2], [0, 3]])  # Σ |W| = 6, Σ W² = 14; the biases of 100 do not count
    computed, gradients = penalty(layer)
    assert type(computed) is float
    assert computed == pytest.approx(value, rel=1e-14)
    [(parameter, slope)] = gradients
    assert parameter is layer.W
    np.testing.assert_allclose(slope, gradient, rtol=1e-14)


@pytest.mark.parametrize("penalty", [l1(0.3), l2(0.3), elastic(0.2, 0.7)], ids=repr)
def test_gradients(penalty):
    net = network()
    for parameter, slope in penalty(net)[1]:
        value = parameter.value.copy()

        def total(W, parameter=parameter):
            parameter.value[...] = W
            return penalty(net)[0]

        np.testing.assert_allclose(slope, numerical_gradient(total, value), rtol=1e-6, atol=1e-9)
        parameter.value[...] = value


def test_elastic_is_the_sum_of_both():
    net = network()
    value, gradients = elastic(0.2, 0.7)(net)
    parts = [l1(0.2)(net), l2(0.7)(net)]
    assert value == pytest.approx(sum(part[0] for part in parts), rel=1e-14)
    for (_, both), (_, a), (_, b) in zip(gradients, parts[0][1], parts[1][1], strict=True):
        np.testing.assert_allclose(both, a + b, rtol=1e-14)


def test_biases_and_scales_are_left_out_and_nothing_else():
    class Scale(Layer):
        def __init__(self):
            self.gamma, self.K = Parameter(np.full(2, 9.0)), Parameter(np.ones((1, 2, 1, 1)))

    net = Sequential(network(), Scale())
    penalized = {id(parameter) for parameter, _ in l2(1)(net)[1]}
    names = [name for name, parameter in net.named_parameters() if id(parameter) in penalized]
    assert names == [name for name, _ in net.named_parameters() if name.rsplit(".")[-1] in ("W", "K")]
    assert len(names) == 3


def test_a_network_without_weights_costs_nothing():
    assert l2(1)(Sequential(ReLU())) == (0.0, [])


def test_weights_and_gradients_are_not_touched_and_float32_stays():
    net = network(np.float32)
    before = net.state_dict()
    value, gradients = elastic(0.1, 0.1)(net)
    assert type(value) is float
    assert {slope.dtype for _, slope in gradients} == {np.dtype(np.float32)}
    for name, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[name])
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(np.shares_memory(slope, parameter.value) for parameter, slope in gradients)


def test_in_sgd_l2_is_weight_decay_and_torchs():
    torch = pytest.importorskip("torch")
    strength, rng = 0.05, np.random.default_rng(1)
    ours, decayed = single(np.ones((2, 2))), single(np.ones((2, 2)))
    twin = torch.ones((2, 2), dtype=torch.float64, requires_grad=True)
    penalized, plain = (
        SGD([ours.W], 0.1, momentum=0.9),
        SGD([decayed.W], 0.1, momentum=0.9, weight_decay=strength),
    )
    theirs = torch.optim.SGD([twin], 0.1, momentum=0.9, weight_decay=strength)
    for _ in range(20):
        g = rng.standard_normal((2, 2))
        ours.W.grad = decayed.W.grad = g
        [(_, slope)] = l2(strength)(ours)[1]
        ours.W.grad = g + slope
        twin.grad = torch.tensor(g)
        for optimizer in (penalized, plain, theirs):
            optimizer.step()
    np.testing.assert_allclose(ours.W.value, decayed.W.value, rtol=1e-13)
    np.testing.assert_allclose(ours.W.value, twin.detach().numpy(), rtol=1e-13)


def test_the_readers_errstate_does_not_matter():
    layer = single([[1e-200, -1e-200]])
    with np.errstate(all="raise"):
        assert l2(1e-10)(layer)[0] == 0
        assert elastic(1, 1)(layer)[0] == pytest.approx(2e-200)


def test_a_penalty_of_strength_zero_is_zero_however_large_the_weights():
    assert l1(1)(single([[1e200]]))[0] == 1e200  # 0 times the square, which overflows, would be NaN


def test_penalties_print_their_strengths():
    assert repr(l2(0.1)) == "elastic(l1_strength=0.0, l2_strength=0.1)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: l1(-1), ValueError, "l1 expected strength >= 0, got -1"),
        (lambda: l2("0.1"), TypeError, "l2 expected strength as a number, got str '0.1'"),
        (lambda: l2(math.nan), ValueError, "l2 expected strength finite, got nan"),
        (lambda: elastic(0.1, -1), ValueError, "elastic expected l2_strength >= 0, got -1"),
        (lambda: l2(0.1)(np.ones(3)), TypeError, "elastic expected a network, got an array of float64"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match="^" + re.escape(message)):
        make()
