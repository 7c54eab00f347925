"""Recurrent layers: values worked by hand, gradients, torch as referee, invariants, refusals."""

import math
import re
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.gradcheck import check_gradients, relative_error
from nnlab.initializers import xavier_uniform
from nnlab.layers import GRU, LSTM, RNN, Bidirectional, LastStep, Layer, Linear, ReLU, Residual, Sequential

CELLS = [RNN, LSTM, GRU]
ln2, ln3 = math.log(2), math.log(3)
sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


def make(cell, n_in=3, n_hidden=4, seed=0, **settings):
    """A recurrent layer; its sequences are `sequences(…, n_in)`."""
    return cell(n_in, n_hidden, rng=np.random.default_rng(seed), **settings)


def both_ways(cell, n_in=3, n_hidden=4, n_backward=2, seed=0, **settings):
    return Bidirectional(
        make(cell, n_in, n_hidden, seed, **settings), make(cell, n_in, n_backward, seed + 1, **settings)
    )


def sequences(m=2, T=5, n=3, seed=1, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal((m, T, n)).astype(dtype)


def with_values(layer, **values):
    for name, value in values.items():
        getattr(layer, name).value[...] = value
    return layer


# ------------------------------------------------------------------------------------------- by hand


def test_rnn_by_hand():
    # tanh(ln 2) = 3/5 and tanh(ln 3) = 4/5; Wx = 1, Wh = 2, b = 1/2.
    # Step 1: x = ln 2 − 1/2, h = tanh(ln 2) = 3/5.
    # Step 2: x = ln 3 − 2 · 3/5 − 1/2, h = tanh(ln 3) = 4/5.
    layer = with_values(RNN(1, 1), Wx=1, Wh=2, b=0.5)
    x1, x2 = ln2 - 0.5, ln3 - 6 / 5 - 0.5
    H = layer.forward([[[x1], [x2]]])
    np.testing.assert_allclose(H, [[[3 / 5], [4 / 5]]], rtol=1e-14)
    # With dY = 1 at both steps. Step 2: the slope of tanh is 1 − 16/25, so da = 9/25.
    # Step 1: dh = 1 + 2 · 9/25 = 43/25, da = 43/25 · (1 − 9/25) = 688/625.
    dX = layer.backward([[[1.0], [1.0]]])
    np.testing.assert_allclose(dX, [[[688 / 625], [9 / 25]]], rtol=1e-14)
    np.testing.assert_allclose(layer.Wx.grad, [[x1 * 688 / 625 + x2 * 9 / 25]], rtol=1e-14)
    np.testing.assert_allclose(layer.Wh.grad, [[3 / 5 * 9 / 25]], rtol=1e-14)
    np.testing.assert_allclose(layer.b.grad, [688 / 625 + 9 / 25], rtol=1e-14)


def test_lstm_by_hand():
    # The biases alone open the gates: i = σ(ln 3) = 3/4, f = σ(0) = 1/2, o = σ(ln 2) = 2/3; g = tanh(x + h).
    # Step 1: x with tanh x = 4/3 ln 2, so c = 3/4 · 4/3 ln 2 = ln 2, h = 2/3 · 3/5 = 2/5.
    # Step 2: x = −2/5, g = tanh(−2/5 + 2/5) = 0, c = 1/2 ln 2, h = 2/3 tanh(ln 2 / 2) = 2/3 · 1/3 = 2/9.
    layer = with_values(LSTM(1, 1), W=[0, 0, 1, 0], U=[0, 0, 1, 0], b=[ln3, 0, 0, ln2])
    g1 = 4 / 3 * ln2
    H = layer.forward([[[math.atanh(g1)], [-2 / 5]]])
    np.testing.assert_allclose(H, [[[2 / 5], [2 / 9]]], rtol=1e-13)
    # dY = 1 at step 2. do = 1/3 · 2/3 · 1/3 = 2/27, dc = 2/3 (1 − 1/9) = 16/27,
    # di = dc · g · … = 0, df = 16/27 ln 2 · 1/4, dg = 16/27 · 3/4 = 4/9.
    # Step 1: dh = 4/9, do = 4/9 · 3/5 · 2/9 = 8/135, dc = 1/2 · 16/27 + 4/9 · 2/3 · 16/25 = 328/675,
    # di = dc · g · 3/16, df = 0 as c was 0, dg = dc · 3/4 (1 − g²).
    dX = layer.backward([[[0.0], [1.0]]])
    dc1 = 328 / 675
    dg1 = dc1 * 3 / 4 * (1 - g1**2)
    np.testing.assert_allclose(dX, [[[dg1], [4 / 9]]], rtol=1e-13)
    db = [dc1 * g1 * 3 / 16, 4 / 27 * ln2, dg1 + 4 / 9, 8 / 135 + 2 / 27]
    np.testing.assert_allclose(layer.b.grad, db, rtol=1e-13)
    dU = [[0, 2 / 5 * 4 / 27 * ln2, 2 / 5 * 4 / 9, 2 / 5 * 2 / 27]]  # h of step 1 times the gates of step 2
    np.testing.assert_allclose(layer.U.grad, dU, rtol=1e-13, atol=1e-16)


def test_gru_by_hand():
    # The biases alone set r = σ(0) = 1/2 and z = σ(ln 2) = 2/3; n = tanh(x + 1/2 (h + 1)).
    # Step 1: x = ln 2 − 1/2, n = tanh(ln 2) = 3/5, h = 1/3 · 3/5 = 1/5.
    # Step 2: x = −3/5, n = tanh(−3/5 + 1/2 · 6/5) = 0, h = 2/3 · 1/5 = 2/15.
    layer = with_values(GRU(1, 1), W=[0, 0, 1], U=[0, 0, 1], b=[0, ln2, 0], c=[0, 0, 1])
    H = layer.forward([[[ln2 - 0.5], [-3 / 5]]])
    np.testing.assert_allclose(H, [[[1 / 5], [2 / 15]]], rtol=1e-14)
    # dY = 1 at step 2. dn = 1/3, dr = 1/3 · 6/5 · 1/4 = 1/10, dz = (1/5 − 0) · 2/9 = 2/45, and h U + c of the
    # columns of n gets 1/3 · r = 1/6.
    # Step 1: dh = 2/3 + 1/6 = 5/6, dn = 5/6 · 1/3 · 16/25 = 8/45, dr = 8/45 · 1 · 1/4 = 2/45,
    # dz = 5/6 (0 − 3/5) · 2/9 = −1/9, and h U + c of the columns of n gets 8/45 · r = 4/45.
    dX = layer.backward([[[0.0], [1.0]]])
    np.testing.assert_allclose(dX, [[[8 / 45], [1 / 3]]], rtol=1e-13)
    np.testing.assert_allclose(layer.b.grad, [1 / 10 + 2 / 45, 2 / 45 - 1 / 9, 1 / 3 + 8 / 45], rtol=1e-13)
    np.testing.assert_allclose(layer.c.grad, [1 / 10 + 2 / 45, 2 / 45 - 1 / 9, 1 / 6 + 4 / 45], rtol=1e-13)
    np.testing.assert_allclose(layer.U.grad, [[1 / 50, 2 / 225, 1 / 30]], rtol=1e-13)


def test_bidirectional_by_hand():
    # Wx = Wh = 1, b = 0. Forward, from x = ln 2, 0: tanh(ln 2) = 3/5, then tanh(3/5).
    # Backward, from x = 0, ln 2 in reversed time: tanh 0 = 0, then tanh(ln 2) = 3/5; in order 3/5, 0.
    f, b = (with_values(RNN(1, 1), Wx=1, Wh=1, b=0) for _ in range(2))
    Y = Bidirectional(f, b).forward([[[ln2], [0.0]]])
    np.testing.assert_allclose(Y, [[[3 / 5, 3 / 5], [math.tanh(3 / 5), 0]]], rtol=1e-14)


def test_last_step_by_hand():
    layer = LastStep()
    X = np.arange(12.0).reshape(2, 3, 2)
    Y = layer.forward(X)
    np.testing.assert_array_equal(Y, [[4, 5], [10, 11]])
    dX = layer.backward([[1.0, 2], [3, 4]])
    np.testing.assert_array_equal(dX, [[[0, 0], [0, 0], [1, 2]], [[0, 0], [0, 0], [3, 4]]])
    Y[...] = 0
    assert X[0, 2, 0] == 4  # Y is not a view of X


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("make_layer", [make, both_ways])
@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_right(cell, make_layer, bias):
    errors = check_gradients(make_layer(cell, bias=bias), sequences())
    assert max(errors.values()) < 1e-7, errors


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_a_network_are_right(cell):
    network = Sequential(both_ways(cell), make(cell, 6, 2), LastStep(), Linear(2, 3))
    errors = check_gradients(network, sequences())
    assert max(errors.values()) < 1e-7, errors


@settings(max_examples=15, deadline=None)
@given(cell=st.sampled_from(CELLS), m=sizes, T=sizes, n_in=sizes, n_hidden=sizes, seed=seeds)
def test_gradients_are_right_for_every_shape(cell, m, T, n_in, n_hidden, seed):
    errors = check_gradients(make(cell, n_in, n_hidden, seed), sequences(m, T, n_in, seed))
    assert max(errors.values()) < 1e-6, errors  # now and then a gradient is small


# ------------------------------------------------------------------------------------------- torch


def torch_module(layer):
    """The torch module of a recurrent layer or of a `Bidirectional` of two, with its weights."""
    torch = pytest.importorskip("torch")
    parts = [layer] if not isinstance(layer, Bidirectional) else [layer.forward_layer, layer.backward_layer]
    first = parts[0]
    module = getattr(torch.nn, type(first).__name__)(
        first.n_in,
        first.n_hidden,
        bias=first.b is not None,
        batch_first=True,
        bidirectional=len(parts) == 2,
        dtype=torch.float64,
        device="cpu",
    )
    with torch.no_grad():
        for theirs, ours in zip(torch_tensors(module), layer.parameters(), strict=True):
            theirs.copy_(torch.from_numpy(ours.value.T))
        if not isinstance(first, GRU) and first.b is not None:  # our b stands for the sum of torch's two
            for name, tensor in module.named_parameters():
                if name.startswith("bias_hh"):
                    tensor.zero_()
    return torch, module


def torch_tensors(module):
    """The parameters of a torch module that have a counterpart: not bias_hh, but for GRU."""
    gru = type(module).__name__ == "GRU"
    return [p for name, p in module.named_parameters() if gru or not name.startswith("bias_hh")]


@settings(max_examples=25, deadline=None)
@given(
    cell=st.sampled_from(CELLS),
    bidirectional=st.booleans(),
    bias=st.booleans(),
    m=sizes,
    T=sizes,
    n_in=sizes,
    n_hidden=sizes,
    seed=seeds,
)
def test_torch_agrees(cell, bidirectional, bias, m, T, n_in, n_hidden, seed):
    if bidirectional:
        layer = both_ways(cell, n_in, n_hidden, n_hidden, seed % 1000, bias=bias)
    else:
        layer = make(cell, n_in, n_hidden, seed, bias=bias)
    torch, module = torch_module(layer)
    X = sequences(m, T, n_in, seed)
    Y = layer.forward(X)
    dY = sequences(*Y.shape, seed=seed + 1)
    dX = layer.backward(dY)

    with torch.inference_mode(False), torch.enable_grad():
        theirs = torch.from_numpy(X.copy()).requires_grad_()
        output, _ = module(theirs)
        output.backward(torch.from_numpy(dY))
    np.testing.assert_allclose(Y, output.detach().numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(dX, theirs.grad.numpy(), rtol=0, atol=1e-10)
    for p, tensor in zip(layer.parameters(), torch_tensors(module), strict=True):
        np.testing.assert_allclose(p.grad, tensor.grad.numpy().T, rtol=0, atol=1e-10)


@pytest.mark.parametrize("layer", [*map(make, CELLS), both_ways(GRU, n_backward=4)], ids=repr)
def test_1000_steps_stay_beside_torch(layer):
    torch, module = torch_module(layer)
    rng = np.random.default_rng(2)
    # bias_hh of RNN and LSTM stays: it has the gradient of bias_ih, and their sum would move twice as far
    tensors = torch_tensors(module)
    n = layer.forward(sequences()).shape[-1]
    for _ in range(1000):
        X, target = rng.standard_normal((2, 3, 3)), rng.uniform(-0.5, 0.5, (2, 3, n))
        Y = layer.forward(X)
        layer.backward_parameters((Y - target) / 2)
        for p in layer.parameters():
            p.value -= 0.1 * p.grad
        output, _ = module(torch.from_numpy(X))
        loss = ((output - torch.from_numpy(target)) ** 2).sum() / 4
        gradients = torch.autograd.grad(loss, tensors)
        with torch.no_grad():
            for tensor, gradient in zip(tensors, gradients, strict=True):
                tensor -= 0.1 * gradient
    for p, tensor in zip(layer.parameters(), tensors, strict=True):
        assert relative_error(p.value, tensor.detach().numpy().T) < 1e-9


# ------------------------------------------------------------------------------------------- a new layer


def test_names_and_shapes_of_parameters():
    def shapes(layer):
        return {name: p.value.shape for name, p in layer.named_parameters()}

    assert shapes(RNN(3, 4)) == {"Wx": (3, 4), "Wh": (4, 4), "b": (4,)}
    assert shapes(LSTM(3, 4)) == {"W": (3, 16), "U": (4, 16), "b": (16,)}
    assert shapes(GRU(3, 4)) == {"W": (3, 12), "U": (4, 12), "b": (12,), "c": (12,)}
    assert shapes(GRU(3, 4, bias=False)) == {"W": (3, 12), "U": (4, 12)}
    assert list(shapes(Bidirectional(RNN(3, 4, bias=False), RNN(3, 2, bias=False)))) == [
        "forward_layer.Wx",
        "forward_layer.Wh",
        "backward_layer.Wx",
        "backward_layer.Wh",
    ]


@pytest.mark.parametrize("cell", CELLS)
def test_weights_and_biases_start_uniform_as_in_torch(cell):
    layer = make(cell, n_in=30, n_hidden=100)
    for p in layer.parameters():
        assert 0.095 < np.abs(p.value).max() <= 0.1  # 1/√100
        assert abs(p.value.std() - 0.1 / math.sqrt(3)) < 0.006
    for p, q in zip(layer.parameters(), make(cell, n_in=30, n_hidden=100).parameters(), strict=True):
        np.testing.assert_array_equal(p.value, q.value)  # same seed, same weights


@pytest.mark.parametrize("cell", CELLS)
def test_an_initializer_sees_the_fans_of_one_gate(cell):
    fans = []

    def weight_init(shape, fan_in, fan_out, rng, dtype):
        fans.append((fan_in, fan_out))
        return xavier_uniform(shape, fan_in, fan_out, rng, dtype)

    layer = make(cell, 7, 5, weight_init=weight_init)
    assert fans == [(7, 5), (5, 5)]
    assert not layer.b.value.any()
    W, *_ = layer.parameters()
    assert np.abs(W.value).max() <= math.sqrt(6 / 12)


def test_repr():
    assert repr(LSTM(3, 4)) == "LSTM(3, 4)"
    assert repr(GRU(3, 4, bias=False)) == "GRU(3, 4, bias=False)"
    assert repr(Bidirectional(RNN(3, 4), RNN(3, 2))) == "Bidirectional(RNN(3, 4), RNN(3, 2))"
    assert repr(LastStep()) == "LastStep()"


# ------------------------------------------------------------------------------------------- invariants


@pytest.mark.parametrize("make_layer", [make, both_ways])
@pytest.mark.parametrize("cell", CELLS)
def test_float32_stays_float32(cell, make_layer):
    layer = make_layer(cell, dtype=np.float32)
    Y = layer.forward(sequences(dtype=np.float32))
    assert Y.dtype == layer.backward(Y).dtype == np.float32
    assert all(p.value.dtype == p.grad.dtype == np.float32 for p in layer.parameters())
    inside = [a for _, part in layer.named_layers() for a in vars(part).values() if isinstance(a, np.ndarray)]
    assert all(a.dtype == np.float32 for a in inside)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_last_step_keeps_the_dtype(dtype):
    layer = LastStep()
    Y = layer.forward(sequences(dtype=dtype))
    assert Y.dtype == layer.backward(Y).dtype == dtype


@pytest.mark.parametrize("make_layer", [make, both_ways])
@pytest.mark.parametrize("cell", CELLS)
def test_an_output_depends_on_no_later_step_and_no_other_sample(cell, make_layer):
    layer = make_layer(cell)
    X = sequences(m=3)
    Y = layer.forward(X)
    np.testing.assert_allclose(layer.forward(X[1:2]), Y[1:2], rtol=1e-13)
    forward_half, backward_half = Y[:, :3, :4], Y[:, 3:, 4:]
    np.testing.assert_allclose(layer.forward(X[:, :3])[..., :4], forward_half, rtol=1e-13)
    np.testing.assert_allclose(layer.forward(X[:, 3:])[..., 4:], backward_half, rtol=1e-13)


@pytest.mark.parametrize("make_layer", [make, both_ways])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("m", "T"), [(1, 1), (1, 4), (3, 1)])
def test_one_sample_or_one_step(cell, make_layer, m, T):
    layer = make_layer(cell)
    X = sequences(m, T)
    Y = layer.forward(X)
    assert Y.shape[:2] == (m, T)
    assert layer.backward(Y).shape == X.shape


@pytest.mark.parametrize("make_layer", [make, both_ways, lambda cell: LastStep()])
@pytest.mark.parametrize("cell", CELLS)
def test_arguments_stay_as_they_are_in_any_memory_order(cell, make_layer):
    layer = make_layer(cell)
    X = sequences(4, 6)
    Y = layer.forward(X)
    dY = sequences(*Y.shape) if Y.ndim == 3 else sequences(1, *Y.shape)[0]
    dX = layer.backward(dY)
    gradients = [p.grad for p in layer.parameters()]
    for other in (X.copy("F"), np.repeat(X, 2, axis=1)[:, ::2], X[::-1, :, ::-1].copy()[::-1, :, ::-1]):
        kept, dY_other = other.copy(), dY.copy("F")
        np.testing.assert_allclose(layer.forward(other), Y, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(layer.backward(dY_other), dX, rtol=1e-12, atol=1e-14)
        np.testing.assert_array_equal(other, kept)
        np.testing.assert_array_equal(dY_other, dY)
        for p, gradient in zip(layer.parameters(), gradients, strict=True):
            np.testing.assert_allclose(p.grad, gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("make_layer", [make, both_ways])
@pytest.mark.parametrize("cell", CELLS)
def test_backward_again_and_backward_parameters_give_the_same(cell, make_layer):
    layer = make_layer(cell)
    Y = layer.forward(sequences())
    dX = layer.backward(Y)
    gradients = [p.grad for p in layer.parameters()]
    np.testing.assert_array_equal(layer.backward(Y), dX)
    for p in layer.parameters():
        p.grad = None
    assert layer.backward_parameters(Y) is None
    for p, gradient in zip(layer.parameters(), gradients, strict=True):
        np.testing.assert_array_equal(p.grad, gradient)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
def test_saturation_gives_no_nan_and_no_warning(cell, dtype):
    layer = make(cell, dtype=dtype)
    X = 1000 * np.sign(sequences(dtype=dtype))
    for p in layer.parameters():
        p.value *= 1000
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        Y = layer.forward(X)
        dX = layer.backward(np.ones_like(Y))
    for array in (Y, dX, *(p.grad for p in layer.parameters())):
        assert np.isfinite(array).all()


# ------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("cell", CELLS)
def test_bad_input_is_refused(cell):
    layer, who = make(cell), cell.__name__
    for shape in [(2, 5, 4), (2, 3), (2, 5, 3, 1), (0, 5, 3), (2, 0, 3)]:
        with pytest.raises(ValueError, match=re.escape(f"{who} expected X of shape (m, T, 3), got {shape}")):
            layer.forward(np.zeros(shape))
    with pytest.raises(TypeError, match=f"{who} expected X of dtype float64, got float32"):
        layer.forward(sequences(dtype=np.float32))
    with pytest.raises(RuntimeError, match=f"{who}.backward was called before forward"):
        layer.backward(sequences())
    layer.forward(sequences())
    with pytest.raises(
        ValueError, match=re.escape(f"{who}.backward expected dY of shape (2, 5, 4), got (2, 5, 3)")
    ):
        layer.backward(sequences())


@pytest.mark.parametrize("cell", CELLS)
def test_bad_settings_are_refused(cell):
    who = cell.__name__
    with pytest.raises(ValueError, match=f"{who} expected n_in >= 1, got 0"):
        cell(0, 4)
    with pytest.raises(TypeError, match=f"{who} expected n_hidden as an integer"):
        cell(3, 4.0)
    with pytest.raises(TypeError, match=f"{who} expected bias as True or False"):
        cell(3, 4, bias="no")
    with pytest.raises(TypeError, match=f"{who} expected weight_init as a function"):
        cell(3, 4, weight_init="xavier")
    with pytest.raises(TypeError, match=f"{who} expected rng as a np.random.Generator"):
        cell(3, 4, rng=0)
    with pytest.raises(TypeError, match=f"{who} expected dtype float32 or float64"):
        cell(3, 4, dtype=int)


def test_bidirectional_refuses_layers_that_do_not_match():
    layer = RNN(3, 4)
    with pytest.raises(ValueError, match="Bidirectional expected every layer and parameter once"):
        Bidirectional(layer, layer)
    with pytest.raises(TypeError, match="Bidirectional expected layers, got"):
        Bidirectional(layer, RNN)
    with pytest.raises(ValueError, match="Bidirectional expected two layers of the same n_in, got 3 and 2"):
        Bidirectional(layer, RNN(2, 4))
    with pytest.raises(TypeError, match="two layers of the same dtype, got float64 and float32"):
        Bidirectional(layer, RNN(3, 4, dtype=np.float32))
    with pytest.raises(ValueError, match="expected every layer"):
        Sequential(Bidirectional(layer, RNN(3, 4)), Residual(layer))


class Broken(Layer):
    def _forward(self, X):
        return X

    def _backward(self, dY, X, Y):
        raise ValueError("no way back")


def test_errors_inside_bidirectional_say_where():
    where = "in layer backward_layer.1 (Linear(5, 2))"
    with pytest.raises(ValueError, match=re.escape(where)):
        Bidirectional(RNN(3, 4), Sequential(RNN(3, 4), Linear(5, 2))).forward(sequences())
    with pytest.raises(ValueError, match=re.escape("in layer 0.forward_layer (RNN(2, 4))")):
        Sequential(both_ways(RNN, n_in=2)).forward(sequences())
    layer = Bidirectional(RNN(3, 4), Broken())
    Y = layer.forward(sequences())
    with pytest.raises(ValueError, match=re.escape("no way back, in layer backward_layer (Broken())")):
        layer.backward(Y)
    with pytest.raises(
        ValueError, match=re.escape("the output of backward_layer of shape (2, 5, n), got (2, 3)")
    ):
        Bidirectional(RNN(3, 4), LastStep()).forward(sequences())
    with pytest.raises(
        ValueError, match=re.escape("Bidirectional expected X of shape (m, T, n), got (2, 3)")
    ):
        layer.forward(np.zeros((2, 3)))


def test_bidirectional_takes_layers_without_parameters_too():
    X = sequences()
    np.testing.assert_array_equal(
        Bidirectional(ReLU(), ReLU()).forward(X), np.concatenate([np.maximum(X, 0)] * 2, axis=-1)
    )
    assert Bidirectional(ReLU(), RNN(3, 4, dtype=np.float32)).dtype == np.float32


def test_last_step_refuses_anything_but_a_sequence():
    with pytest.raises(ValueError, match=re.escape("LastStep expected X of shape (m, T, n), got (2, 3)")):
        LastStep().forward(np.zeros((2, 3)))
