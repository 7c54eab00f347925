"""BatchNorm and LayerNorm: values by hand, torch as referee, running statistics, refusals."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import Linear, Sequential, Tanh, check_gradients
from nnlab.layers import BatchNorm, LayerNorm

SHAPES = [(5, 3), (2, 3), (4, 3, 2, 5), (1, 3, 2, 2), (2, 3, 1, 1)]


def randomized(layer, seed=0):
    """The layer with other scales, shifts and running statistics than it started with."""
    rng = np.random.default_rng(seed)
    for p in layer.parameters():
        p.value[...] = rng.standard_normal(p.value.shape)
    for name, buffer in layer.named_buffers():
        buffer[...] = rng.standard_normal(buffer.shape) ** (2 if name == "running_var" else 1)
    return layer


def channels_last(X):
    """The same array, with a pixel's channels next to each other in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(X, 1, -1)), -1, 1)


# ------------------------------------------------------------------------------------------- by hand


def test_batch_norm_by_hand():
    # the column 1, 3 has mean 2, variance 1; with ε = 3, √(1 + 3) = 2 and X̂ = −0.5, 0.5; γ = 4, β = 10
    layer = BatchNorm(1, eps=3, momentum=0.1)
    layer.gamma.value[...], layer.beta.value[...] = 4, 10
    np.testing.assert_allclose(layer.forward(np.array([[1.0], [3]])), [[8], [12]], rtol=1e-15)
    # running mean 0.9 · 0 + 0.1 · 2; running variance 0.9 · 1 + 0.1 · 2, the variance with N − 1 = 1
    assert layer.running_mean[0] == pytest.approx(0.2)
    assert layer.running_var[0] == pytest.approx(1.1)
    # dY = 1, 0: dβ = 1, dγ = −0.5, dX = 4 / 2 · (dY − 1/2 − X̂ · (−0.5) / 2) = 2 · (0.5 − 0.125, −0.5 + 0.125)
    dX = layer.backward(np.array([[1.0], [0]]))
    np.testing.assert_allclose(dX, [[0.75], [-0.75]], rtol=1e-15)
    np.testing.assert_allclose(layer.beta.grad, [1])
    np.testing.assert_allclose(layer.gamma.grad, [-0.5])


def test_batch_norm_over_images_by_hand():
    # one image of two channels of two pixels: the first channel 1, 3, the second constant
    layer = BatchNorm(2, eps=3)
    Y = layer.forward(np.array([[[[1.0, 3]], [[7, 7]]]]))
    np.testing.assert_allclose(Y, [[[[-0.5, 0.5]], [[0, 0]]]])
    np.testing.assert_allclose(layer.running_mean, [0.2, 0.7])
    np.testing.assert_allclose(layer.running_var, [1.1, 0.9])


def test_batch_norm_in_evaluation_mode_by_hand():
    # (X − 2) / √(1 + 3) · 4 + 10; dX = dY · 4 / 2
    layer = BatchNorm(1, eps=3).eval()
    layer.gamma.value[...], layer.beta.value[...], layer.running_mean[...] = 4, 10, 2
    np.testing.assert_allclose(layer.forward(np.array([[4.0]])), [[14]])
    np.testing.assert_allclose(layer.backward(np.array([[3.0]])), [[6]])
    np.testing.assert_allclose(layer.gamma.grad, [3])  # dY · X̂ = 3 · 1
    np.testing.assert_allclose(layer.beta.grad, [3])
    assert (layer.running_mean[0], layer.running_var[0]) == (2, 1)


# ------------------------------------------------------------------------------------------- batch norm


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("order", [np.array, channels_last], ids=["rows", "channels last"])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0, 1])
def test_batch_norm_as_torch(shape, order, training, momentum):
    torch = pytest.importorskip("torch")
    layer = randomized(BatchNorm(3, eps=1e-3, momentum=momentum).train(training))
    make = torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d
    twin = make(3, eps=1e-3, momentum=float(momentum), dtype=torch.float64).train(training)
    names = {"gamma": "weight", "beta": "bias"}
    twin.load_state_dict(
        {names.get(k, k): torch.from_numpy(v) for k, v in layer.state_dict().items()}, strict=False
    )
    rng = np.random.default_rng(1)
    for _ in range(3):
        X, dY = 3 + 2 * rng.standard_normal((2, *shape))
        T = torch.tensor(X, requires_grad=True)
        expected = twin(T)
        twin.zero_grad()
        expected.backward(torch.tensor(dY))
        np.testing.assert_allclose(layer.forward(order(X)), expected.detach().numpy(), atol=1e-10)
        np.testing.assert_allclose(layer.backward(order(dY)), T.grad.numpy(), atol=1e-10)
        np.testing.assert_allclose(layer.gamma.grad, twin.weight.grad.numpy(), atol=1e-10)
        np.testing.assert_allclose(layer.beta.grad, twin.bias.grad.numpy(), atol=1e-10)
        np.testing.assert_allclose(layer.running_mean, twin.running_mean.numpy(), atol=1e-10)
        np.testing.assert_allclose(layer.running_var, twin.running_var.numpy(), atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm_gradients(shape, training):
    layer = randomized(BatchNorm(3, eps=0.1).train(training))
    before = layer.state_dict()
    errors = check_gradients(layer, np.random.default_rng(1).standard_normal(shape))
    assert list(errors) == ["X", "gamma", "beta"]
    if shape == (2, 3, 1, 1) or shape == (2, 3):
        errors.pop("X")  # of two values, X̂ is ±c whatever they are: checked by torch
    assert max(errors.values()) < 1e-7
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@given(st.integers(2, 6), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_batch_norm_makes_mean_0_and_variance_1(m, n, h, w, seed):
    X = np.random.default_rng(seed).normal(5, 3, (m, n, h, w))
    layer = BatchNorm(n, eps=1e-12)
    Y = layer.forward(X)
    assert Y.shape == X.shape
    np.testing.assert_allclose(Y.mean((0, 2, 3)), 0, atol=1e-7)
    np.testing.assert_allclose(Y.var((0, 2, 3)), 1, atol=1e-3)
    # an image is nothing but more samples
    rows = np.moveaxis(X, 1, -1).reshape(-1, n)
    np.testing.assert_allclose(
        np.moveaxis(Y, 1, -1).reshape(-1, n), BatchNorm(n, eps=1e-12).forward(rows), atol=1e-9
    )
    # a constant added to a channel, or a factor, changes nothing
    np.testing.assert_allclose(BatchNorm(n, eps=1e-12).forward(X * 2 + 7), Y, atol=1e-6)
    # and so the gradient has no part along a constant
    np.testing.assert_allclose(layer.backward(X).sum((0, 2, 3)), 0, atol=1e-6)


def test_running_statistics_approach_those_of_the_data():
    rng = np.random.default_rng(0)
    layer = BatchNorm(2)
    for _ in range(200):
        layer.forward(rng.normal([1, -4], [2, 0.5], (100, 2)))
    np.testing.assert_allclose(layer.running_mean, [1, -4], atol=0.2)
    np.testing.assert_allclose(np.sqrt(layer.running_var), [2, 0.5], rtol=0.05)
    Y = layer.eval().forward(rng.normal([1, -4], [2, 0.5], (10_000, 2)))
    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=0.1)


def test_a_row_depends_on_the_others_in_training_mode_only():
    layer = BatchNorm(2)
    X = np.random.default_rng(0).standard_normal((4, 2))
    assert not BatchNorm.samplewise
    assert not np.allclose(layer.forward(X)[:2], layer.forward(X[:2]))
    layer.eval()
    np.testing.assert_array_equal(layer.forward(X)[:2], layer.forward(X[:2]))


def test_backward_goes_by_the_mode_of_the_forward_pass():
    X, dY = np.random.default_rng(0).standard_normal((2, 6, 3))
    layer = BatchNorm(3)
    layer.forward(X)
    expected = layer.backward(dY)
    layer.forward(X)
    np.testing.assert_array_equal(layer.eval().backward(dY), expected)


def test_batch_norm_state_is_named_and_buffers_are_not_parameters():
    network = Sequential(Linear(2, 3), BatchNorm(3))
    assert [name for name, _ in network.named_parameters()] == ["0.W", "0.b", "1.gamma", "1.beta"]
    assert [name for name, _ in network.named_buffers()] == ["1.running_mean", "1.running_var"]
    other = Sequential(Linear(2, 3), BatchNorm(3))
    network.forward(np.random.default_rng(0).standard_normal((9, 2)))
    other.load_state_dict(network.state_dict())
    X = np.random.default_rng(1).standard_normal((2, 2))
    np.testing.assert_array_equal(other.eval().forward(X), network.eval().forward(X))


def test_a_large_mean_does_not_drown_the_variance_in_float32():
    X = (1000 + np.random.default_rng(0).standard_normal((32, 2, 32, 32))).astype(np.float32)
    exact = BatchNorm(2).forward(X.astype(np.float64))
    for order in (np.array, channels_last):
        Y = BatchNorm(2, dtype=np.float32).forward(order(X))
        np.testing.assert_allclose(Y, exact, atol=2e-3)


# ------------------------------------------------------------------------------------------- layer norm


def test_layer_norm_by_hand():
    # each row has mean 2, variance 1; ε = 3: X̂ = ∓0.5; γ = (4, 2), β = (10, 20)
    layer = LayerNorm(2, eps=3)
    layer.gamma.value[...], layer.beta.value[...] = [4, 2], [10, 20]
    np.testing.assert_allclose(layer.forward(np.array([[1.0, 3], [3, 1]])), [[8, 21], [12, 19]])
    # dY = (1, 0) in the first row: G = (4, 0), mean 2, mean(G X̂) = −1;
    # dX = (4 − 2 − (−0.5)(−1), 0 − 2 − 0.5 (−1)) / 2 = (1.5, −1.5) / 2
    dX = layer.backward(np.array([[1.0, 0], [0, 0]]))
    np.testing.assert_allclose(dX, [[0.75, -0.75], [0, 0]])
    np.testing.assert_allclose(layer.gamma.grad, [-0.5, 0])
    np.testing.assert_allclose(layer.beta.grad, [1, 0])


@pytest.mark.parametrize("shape", [(1, 4), (5, 4), (2, 3, 4), (2, 1, 3, 4)])
@pytest.mark.parametrize("training", [True, False])
def test_layer_norm_as_torch_and_gradients(shape, training):
    torch = pytest.importorskip("torch")
    layer = randomized(LayerNorm(4, eps=1e-3).train(training))
    twin = torch.nn.LayerNorm(4, eps=1e-3, dtype=torch.float64)
    with torch.no_grad():
        twin.weight.copy_(torch.from_numpy(layer.gamma.value))
        twin.bias.copy_(torch.from_numpy(layer.beta.value))
    X, dY = np.random.default_rng(1).standard_normal((2, *shape))
    T = torch.tensor(X, requires_grad=True)
    expected = twin(T)
    expected.backward(torch.tensor(dY))
    np.testing.assert_allclose(layer.forward(X), expected.detach().numpy(), atol=1e-10)
    np.testing.assert_allclose(layer.backward(dY), T.grad.numpy(), atol=1e-10)
    np.testing.assert_allclose(layer.gamma.grad, twin.weight.grad.numpy(), atol=1e-10)
    np.testing.assert_allclose(layer.beta.grad, twin.bias.grad.numpy(), atol=1e-10)
    assert max(check_gradients(layer, X).values()) < 1e-7


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_layer_norm_makes_each_row_mean_0_and_variance_1(shape, n, seed):
    X = np.random.default_rng(seed).normal(5, 3, (*shape, n))
    layer = LayerNorm(n, eps=1e-12)
    Y = layer.forward(X)
    assert Y.shape == X.shape
    np.testing.assert_allclose(Y.mean(-1), 0, atol=1e-7)
    np.testing.assert_allclose(Y.var(-1), 1, atol=1e-3)
    np.testing.assert_allclose(layer.forward(X[:1]), Y[:1], atol=1e-12)  # each sample alone
    assert layer.samplewise


def test_layer_norm_of_one_feature_is_its_shift():
    layer = randomized(LayerNorm(1))
    np.testing.assert_allclose(layer.forward(np.array([[3.0], [5]])), np.full((2, 1), layer.beta.value[0]))


# ------------------------------------------------------------------------------------------- both


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("training", [True, False])
def test_dtype_is_kept_and_arguments_are_not_touched(make, dtype, training):
    layer = make(3, dtype=dtype).train(training)
    X, dY = np.random.default_rng(0).standard_normal((2, 6, 3)).astype(dtype)
    before = X.copy(), dY.copy()
    results = [layer.forward(X), layer.backward(dY), layer.gamma.grad, layer.beta.grad]
    results += layer.state_dict().values()
    results += [value for value in vars(layer).values() if isinstance(value, np.ndarray)]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(dY, before[1])


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
def test_a_new_layer_scales_by_1_and_shifts_by_0(make):
    layer = make(3)
    np.testing.assert_array_equal(layer.gamma.value, np.ones(3))
    np.testing.assert_array_equal(layer.beta.value, np.zeros(3))
    assert layer.eps == 1e-5
    assert repr(layer).startswith(f"{make.__name__}(n=3, eps=1e-05")


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
def test_the_readers_errstate_does_not_matter(make):
    with np.errstate(all="raise"):
        layer = make(2)
        Y = layer.forward(np.array([[1e200, 1e-200], [-1e200, 3e-200]]))
        layer.backward(Y)


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
@pytest.mark.parametrize("training", [True, False])
def test_in_a_network(make, training):
    rng = np.random.default_rng(0)
    network = Sequential(Linear(4, 5, rng=rng), make(5), Tanh(), Linear(5, 2, rng=rng))
    for _ in range(3):
        network.forward(rng.standard_normal((8, 4)))
    errors = check_gradients(network.train(training), rng.standard_normal((6, 4)))
    if make is BatchNorm and training:
        # A bias before batch norm has no effect: its gradient is 0 but for rounding.
        assert np.abs(network.layers[0].b.grad).max() < 1e-14
        errors.pop("0.b")
    assert max(errors.values()) < 1e-7


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((4, 2)), "BatchNorm expected X of shape (m, 3), got (4, 2)"),
        (np.ones((4, 2, 3, 3)), "BatchNorm expected X of shape (m, 3, …), got (4, 2, 3, 3)"),
        (
            np.ones((4, 3, 3)),
            "BatchNorm expected X of shape (m, 3) or (m, 3, h, w), got (4, 3, 3); for sequences",
        ),
        (np.ones((0, 3)), "BatchNorm expected X of shape (m, 3), got (0, 3); it is empty"),
        (
            np.ones((1, 3)),
            "BatchNorm expected more than one value per channel in training mode, got X of shape (1,",
        ),
        (np.ones((1, 3, 1, 1)), "(1, 3, 1, 1); give it a larger batch, or call eval() first"),
    ],
)
def test_what_batch_norm_refuses(X, message):
    layer = BatchNorm(3)
    with pytest.raises(ValueError, match=re.escape(message)):
        layer.forward(X)
    assert not layer.running_mean.any()


def test_one_value_per_channel_is_enough_in_evaluation_mode():
    layer = BatchNorm(3).eval()
    assert layer.forward(np.ones((1, 3))).shape == (1, 3)
    assert layer.forward(np.ones((1, 3, 1, 1))).shape == (1, 3, 1, 1)
    assert BatchNorm(3).forward(np.ones((1, 3, 1, 2))).shape == (1, 3, 1, 2)


def test_what_layer_norm_refuses():
    with pytest.raises(ValueError, match=re.escape("LayerNorm expected X of shape (m, …, 3), got (2, 3, 4)")):
        LayerNorm(3).forward(np.ones((2, 3, 4)))
    with pytest.raises(TypeError, match="LayerNorm expected X of dtype float64, got float32"):
        LayerNorm(3).forward(np.ones((2, 3), np.float32))


@pytest.mark.parametrize("make", [BatchNorm, LayerNorm])
@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"n": 0}, ValueError, "expected n >= 1, got 0"),
        ({"n": 2.0}, TypeError, "expected n as an integer"),
        ({"n": 2, "eps": 0}, ValueError, "expected eps > 0, got 0"),
        ({"n": 2, "dtype": int}, TypeError, "expected dtype float32 or float64"),
    ],
)
def test_bad_settings(make, settings, error, message):
    with pytest.raises(error, match=f"^{make.__name__} {re.escape(message)}"):
        make(**settings)


@pytest.mark.parametrize("momentum", [-0.1, 1.1])
def test_bad_momentum(momentum):
    with pytest.raises(ValueError, match="BatchNorm expected momentum"):
        BatchNorm(2, momentum=momentum)
