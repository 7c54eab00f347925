"""Conv2d, pooling and Flatten: values worked by hand, gradients, torch as referee, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import Linear, ReLU, Sequential, check_gradients
from nnlab.initializers import zeros
from nnlab.layers import AvgPool2d, Conv2d, Flatten, MaxPool2d
from nnlab.layers.convolution import blocks, channels_last, columns

POOLS = [MaxPool2d, AvgPool2d]
LAYERS = [lambda: Conv2d(2, 3, 2), lambda: MaxPool2d(2), lambda: AvgPool2d(2), Flatten]
kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))
extras = st.tuples(st.integers(0, 5), st.integers(0, 5))
paddings = st.tuples(st.integers(0, 2), st.integers(0, 2))


def images(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def conv(*sizes, seed=0, **settings):
    layer = Conv2d(*sizes, rng=np.random.default_rng(seed), **settings)
    if layer.b is not None:
        layer.b.value[...] = np.random.default_rng(seed + 1).standard_normal(layer.c_out)
    return layer


def step(layer, X, seed=5):
    """Y, dX and the gradients of the parameters for a random dY."""
    Y = layer.forward(X)
    dX = layer.backward(images(*Y.shape, seed=seed, dtype=Y.dtype))
    return [Y, dX, *(p.grad for p in layer.parameters())]


def by_definition(layer, X):
    """The convolution as its formula has it, one entry of Y at a time."""
    (kh, kw), (sh, sw), (ph, pw) = layer.kernel_size, layer.stride, layer.padding
    X = np.pad(X, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    height, width = (X.shape[2] - kh) // sh + 1, (X.shape[3] - kw) // sw + 1
    Y = np.empty((len(X), layer.c_out, height, width))
    for n, o, y, x in np.ndindex(Y.shape):
        window = X[n, :, y * sh : y * sh + kh, x * sw : x * sw + kw]
        Y[n, o, y, x] = (window * layer.W.value[o]).sum() + layer.b.value[o]
    return Y


# ------------------------------------------------------------------------------------------- by hand


def test_convolution_by_hand():
    # The kernel picks the upper left entry minus the lower right one, plus 10; it is not flipped.
    layer = Conv2d(1, 1, 2)
    layer.W.value[...] = [[[[1, 0], [0, -1]]]]
    layer.b.value[...] = 10
    X = np.array([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 0]]]])
    np.testing.assert_array_equal(layer.forward(X), [[[[6, 6], [6, 15]]]])
    # dY = [[1, 2], [0, 3]]: dX is dY at each upper left entry, minus dY at each lower right one;
    # dW[i, j] = Σ dY[y, x] X[y + i, x + j], so dW[0, 0] = 1·1 + 2·2 + 3·5 = 20; db = 1 + 2 + 3 = 6
    dX = layer.backward(np.array([[[[1.0, 2], [0, 3]]]]))
    np.testing.assert_array_equal(dX, [[[[1, 2, 0], [0, 3 - 1, -2], [0, 0, -3]]]])
    np.testing.assert_array_equal(layer.W.grad, [[[[20, 26], [38, 17]]]])
    np.testing.assert_array_equal(layer.b.grad, [6])


def test_convolution_with_padding_and_stride_by_hand():
    # A kernel of ones sums the window; of the padded 4×4 picture, stride 2 takes the four corners.
    layer = Conv2d(1, 1, 2, stride=2, padding=1, bias=False)
    layer.W.value[...] = 1
    np.testing.assert_array_equal(layer.forward([[[[1, 2], [3, 4]]]]), [[[[1, 2], [3, 4]]]])
    np.testing.assert_array_equal(layer.backward([[[[5, 6], [7, 8]]]]), [[[[5, 6], [7, 8]]]])
    np.testing.assert_array_equal(layer.W.grad, [[[[4 * 8, 3 * 7], [2 * 6, 1 * 5]]]])


def test_a_convolution_adds_up_its_channels():
    layer = Conv2d(2, 2, 1)
    layer.W.value[...] = np.reshape([[1, 10], [100, 1000]], (2, 2, 1, 1))
    Y = layer.forward(np.reshape([[1.0, 2], [3, 4]], (1, 2, 1, 2)))
    np.testing.assert_array_equal(Y.reshape(2, 2), [[31, 42], [3100, 4200]])


PICTURE = np.array([[[[1.0, 2, 5, 0], [3, 4, 1, 1], [-1, -2, 9, 9], [-3, -1, 9, 9]]]])


def test_max_pooling_by_hand():
    layer = MaxPool2d(2)
    np.testing.assert_array_equal(layer.forward(PICTURE), [[[[4, 5], [-1, 9]]]])
    # Of equal entries the first in reading order is the maximum: −1 at the upper left, 9 as well.
    dX = layer.backward(np.array([[[[10.0, 20], [30, 40]]]]))
    np.testing.assert_array_equal(dX, [[[[0, 0, 20, 0], [0, 10, 0, 0], [30, 0, 40, 0], [0, 0, 0, 0]]]])


def test_average_pooling_by_hand():
    layer = AvgPool2d(2)
    np.testing.assert_array_equal(layer.forward(PICTURE), [[[[2.5, 1.75], [-1.75, 9]]]])
    dX = layer.backward(np.array([[[[4.0, 8], [12, 16]]]]))
    np.testing.assert_array_equal(dX, [[[[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]]])


def test_overlapping_windows_add_up_their_gradients_by_hand():
    X = np.array([[[[1.0, 7, 2]]]])
    largest, mean = MaxPool2d((1, 2), stride=1), AvgPool2d((1, 2), stride=1)
    np.testing.assert_array_equal(largest.forward(X), [[[[7, 7]]]])
    np.testing.assert_array_equal(largest.backward([[[[10, 20]]]]), [[[[0, 30, 0]]]])
    np.testing.assert_array_equal(mean.forward(X), [[[[4, 4.5]]]])
    np.testing.assert_array_equal(mean.backward([[[[10, 20]]]]), [[[[5, 15, 10]]]])


@pytest.mark.parametrize("pool", POOLS)
def test_what_does_not_fill_a_window_is_dropped(pool):
    X = images(2, 3, 5, 7)
    layer = pool(2)
    np.testing.assert_array_equal(layer.forward(X), pool(2).forward(X[:, :, :4, :6]))
    dX = layer.backward(np.ones((2, 3, 2, 3)))
    assert dX.shape == X.shape
    assert not dX[:, :, 4:].any()
    assert not dX[..., 6:].any()


def test_a_window_of_minus_infinity_and_windows_of_negative_numbers():
    X = np.full((1, 1, 2, 4), -np.inf)
    X[..., 2:] = [[-3, -2], [-5, -4]]
    layer = MaxPool2d(2)
    np.testing.assert_array_equal(layer.forward(X), [[[[-np.inf, -2]]]])
    np.testing.assert_array_equal(layer.backward([[[[1, 2]]]]), [[[[1, 0, 0, 2], [0, 0, 0, 0]]]])


def test_flatten_keeps_the_samples():
    X = images(2, 3, 4, 5)
    layer = Flatten()
    np.testing.assert_array_equal(layer.forward(X), X.reshape(2, 60))
    np.testing.assert_array_equal(layer.backward(X.reshape(2, 60)), X)
    assert layer.forward(np.ones(3)).shape == (3, 1)


# ------------------------------------------------------------------------------------------- gradients


@pytest.mark.parametrize(
    ("kernel_size", "stride", "padding"),
    [(1, 1, 0), (3, 1, 1), ((2, 3), (2, 1), (0, 1)), (2, 3, 2), ((4, 1), 1, 0)],
)
@pytest.mark.parametrize(("c_in", "c_out", "bias"), [(1, 2, True), (3, 1, False), (4, 3, True)])
def test_convolution_gradients(c_in, c_out, bias, kernel_size, stride, padding):
    layer = conv(c_in, c_out, kernel_size, stride=stride, padding=padding, bias=bias)
    errors = check_gradients(layer, images(2, c_in, 5, 4))
    assert len(errors) == 2 + bias
    assert max(errors.values()) < 1e-7


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    ("kernel_size", "stride"), [(2, None), (3, 1), ((2, 3), (1, 2)), (1, 2), ((1, 3), 1)]
)
def test_pooling_gradients(pool, kernel_size, stride):
    assert check_gradients(pool(kernel_size, stride), images(2, 3, 6, 5))["X"] < 1e-7


def test_gradients_of_a_whole_network():
    network = Sequential(
        conv(2, 4, 3, padding=1),
        ReLU(),
        MaxPool2d(2),
        conv(4, 3, 2),
        AvgPool2d(2, 1),
        Flatten(),
        Linear(3, 2),
    )
    errors = check_gradients(network, images(3, 2, 6, 6))
    assert len(errors) == 7
    assert max(errors.values()) < 1e-7


# ------------------------------------------------------------------------------------------- referees


@given(
    m=st.integers(1, 3), c_in=st.integers(1, 5), c_out=st.integers(1, 4), extra=extras,
    kernel=kernels, stride=strides, padding=paddings, bias=st.booleans(), seed=st.integers(0, 1000),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_convolution_is_torchs(m, c_in, c_out, extra, kernel, stride, padding, bias, seed):
    torch = pytest.importorskip("torch")
    size = [max(1, k - 2 * p) + more for k, p, more in zip(kernel, padding, extra, strict=True)]
    X = images(m, c_in, *size, seed=seed)
    layer = conv(c_in, c_out, kernel, stride=stride, padding=padding, bias=bias, seed=seed)
    with torch.inference_mode(False), torch.enable_grad():
        tensors = [torch.tensor(a, requires_grad=True) for a in (X, *(p.value for p in layer.parameters()))]
        Y = torch.nn.functional.conv2d(*tensors, stride=stride, padding=padding)
        Y.backward(torch.tensor(images(*Y.shape, seed=5)))
    for ours, theirs in zip(step(layer, X), [Y, *(t.grad for t in tensors)], strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-10)
    if bias:
        np.testing.assert_allclose(layer.forward(X), by_definition(layer, X), rtol=1e-10, atol=1e-10)


@given(
    m=st.integers(1, 3), c=st.integers(1, 5), extra=extras, kernel=kernels,
    stride=st.none() | strides, seed=st.integers(0, 1000), ties=st.booleans(), nan=st.booleans(),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("pool", POOLS)
def test_pooling_is_torchs(pool, m, c, extra, kernel, stride, seed, ties, nan):
    torch = pytest.importorskip("torch")
    X = images(m, c, *(k + more for k, more in zip(kernel, extra, strict=True)), seed=seed)
    X = np.round(X) if ties else X
    if nan:
        X[images(*X.shape, seed=seed + 1) > 1] = np.nan
    with torch.inference_mode(False), torch.enable_grad():
        T = torch.tensor(X, requires_grad=True)
        Y = getattr(torch.nn, pool.__name__)(kernel, stride)(T)
        Y.backward(torch.tensor(images(*Y.shape, seed=5)))
    for ours, theirs in zip(step(pool(kernel, stride), X), [Y, T.grad], strict=True):
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-10, atol=1e-10)


def test_nan_reaches_only_what_the_kernel_covers():
    X = images(1, 1, 4, 4)
    X[0, 0, 0, 0] = np.nan
    Y = conv(1, 1, 2).forward(X)
    assert np.isnan(Y).sum() == 1
    assert np.isnan(MaxPool2d(2).forward(X)).sum() == np.isnan(AvgPool2d(2).forward(X)).sum() == 1


# ------------------------------------------------------------------------------------------- invariants


@pytest.mark.parametrize("c_in", [1, 3, 4])
def test_a_batch_is_its_samples_one_by_one_also_across_blocks(c_in):
    layer = conv(c_in, 3, 3, padding=1)
    X = images(21, c_in, 20, 20)
    assert 1 < len(list(blocks(layer._windows(X)))) < 21
    Y, dX, dW, db = step(layer, X)
    dY, alone = images(*Y.shape, seed=5), []
    for i in range(21):
        np.testing.assert_allclose(layer.forward(X[i : i + 1])[0], Y[i], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(layer.backward(dY[i : i + 1])[0], dX[i], rtol=1e-10, atol=1e-12)
        alone.append((layer.W.grad, layer.b.grad))
    np.testing.assert_allclose(sum(W for W, _ in alone), dW, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(sum(b for _, b in alone), db, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("pool", POOLS)
def test_pooling_of_a_batch_is_that_of_its_samples_also_across_blocks(pool):
    X = images(11, 3, 100, 100)
    assert 1 < len(list(blocks(X))) < 11
    for stride in (None, 1):
        Y, dX = step(pool(2, stride), X)
        for i in range(11):
            layer = pool(2, stride)
            np.testing.assert_array_equal(layer.forward(X[i : i + 1])[0], Y[i])
            np.testing.assert_array_equal(layer.backward(images(*Y.shape, seed=5)[i : i + 1])[0], dX[i])


@pytest.mark.parametrize(("n_bytes", "n_blocks"), [(1, 1), (10, 2), (64, 10), (1000, 10)])
def test_blocks_cover_the_batch(n_bytes, n_blocks):
    batch = np.zeros((10, n_bytes), np.uint8)
    slices = list(blocks(batch, size=64))
    assert len(slices) == n_blocks
    assert [i for s in slices for i in range(10)[s]] == list(range(10))


@pytest.mark.parametrize("c", [1, 3, 4])
def test_columns_hold_one_window_a_row_whatever_the_layout(c):
    windows = images(2, 4, 5, 3, 2, c)
    np.testing.assert_array_equal(columns(windows), windows.reshape(40, 6 * c))


@pytest.mark.parametrize("make", LAYERS)
def test_the_memory_order_of_the_input_does_not_matter(make):
    X = images(4, 2, 6, 6)
    layer = make()
    expected = step(layer, X)
    others = [
        channels_last(X).transpose(0, 3, 1, 2),
        np.asfortranarray(X),
        np.repeat(X, 2, axis=3)[..., ::2],
        X[:, :, ::-1, ::-1].copy()[:, :, ::-1, ::-1],
    ]
    for other in others:
        for got, wanted in zip(step(layer, other), expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("make", LAYERS)
def test_a_batch_that_is_one_image_over_and_over(make):
    X = np.broadcast_to(images(2, 6, 6), (4, 2, 6, 6))  # all samples in the same memory
    for got, wanted in zip(step(layer := make(), X), step(layer, X.copy()), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("make", LAYERS)
def test_arguments_are_never_changed(make):
    X = images(3, 2, 6, 6)
    layer = make()
    Y = layer.forward(X)
    dY = images(*Y.shape, seed=1)
    before = [a.copy() for a in (X, Y, dY)]
    for array in (X, dY):
        array.flags.writeable = False
    layer.backward(dY)
    first = [dX := layer.backward(dY), *(p.grad for p in layer.parameters())]
    dX += 1  # the results are the caller's own
    for got, wanted in zip(
        [layer.backward(dY) + 1, *(p.grad for p in layer.parameters())], first, strict=True
    ):
        np.testing.assert_array_equal(got, wanted)
    for array, copy in zip((X, Y, dY), before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("c_in", [1, 5])
def test_float32_is_kept(c_in):
    network = Sequential(
        conv(c_in, 4, 3, padding=1, dtype=np.float32),
        MaxPool2d(2),
        AvgPool2d(2, 1),
        MaxPool2d(2, 1),
        Flatten(),
    )
    X = images(3, c_in, 6, 6, dtype=np.float32)
    assert {array.dtype for array in step(network, X)} == {np.dtype(np.float32)}
    for layer in network.layers[1:]:
        assert layer._kept[1].dtype == np.float32
        assert layer.dtype is None
    double = conv(c_in, 4, 3, padding=1)
    np.testing.assert_allclose(network.layers[0].forward(X), double.forward(X.astype(float)), atol=1e-5)


def test_backward_parameters_assigns_what_backward_assigns():
    layer = conv(2, 3, 3, stride=2, padding=1)
    _, _, dW, db = step(layer, images(4, 2, 6, 5))
    assert layer.backward_parameters(images(*layer._kept[1].shape, seed=5)) is None
    assert layer.W.grad is not dW
    np.testing.assert_array_equal(layer.W.grad, dW)
    np.testing.assert_array_equal(layer.b.grad, db)


def test_the_readers_errstate_does_not_matter():
    X = images(2, 2, 4, 4)
    X[0, 0, :2, :2] = np.nan, np.inf
    with np.errstate(all="raise"):
        for make in LAYERS:
            step(make(), X)


# ------------------------------------------------------------------------------------------- a new layer


def test_a_new_convolution():
    layer = Conv2d(3, 8, (5, 3), stride=2, padding=(0, 1), rng=np.random.default_rng(0))
    assert [name for name, _ in layer.named_parameters()] == ["W", "b"]
    assert layer.W.value.shape == (8, 3, 5, 3)
    assert not layer.b.value.any()
    assert (layer.kernel_size, layer.stride, layer.padding) == ((5, 3), (2, 2), (0, 1))
    assert repr(layer) == "Conv2d(3, 8, kernel_size=(5, 3), stride=2, padding=(0, 1))"
    assert repr(Conv2d(1, 2, 3, bias=False)) == "Conv2d(1, 2, kernel_size=3, stride=1, padding=0, bias=False)"
    assert [name for name, _ in Conv2d(1, 2, 3, bias=False).named_parameters()] == ["W"]
    again = Conv2d(3, 8, (5, 3), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(layer.W.value, again.W.value)
    assert not Conv2d(1, 2, 3, weight_init=zeros).W.value.any()


def test_the_fans_of_a_convolution_count_the_kernels_entries():
    seen = {}

    def initializer(shape, fan_in, fan_out, rng, dtype):
        seen.update(shape=shape, fans=(fan_in, fan_out))
        return np.zeros(shape, dtype)

    Conv2d(3, 8, (5, 2), weight_init=initializer)
    assert seen == {"shape": (8, 3, 5, 2), "fans": (30, 80)}


def test_how_pooling_is_shown():
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=2, stride=2)"
    assert repr(AvgPool2d((2, 3), stride=1)) == "AvgPool2d(kernel_size=(2, 3), stride=1)"
    assert repr(Flatten()) == "Flatten()"


# ------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: Conv2d(3, 2, 2), (4, 2, 5, 5), r"Conv2d .* \(m, 3, height, width\), got \(4, 2, 5, 5\)"),
        (lambda: Conv2d(3, 2, 2), (3, 5, 5), r"Conv2d .* \(m, 3, height, width\), got \(3, 5, 5\)"),
        (lambda: Conv2d(1, 2, 2), (0, 1, 5, 5), "it is empty"),
        (lambda: MaxPool2d(2), (4, 25), r"MaxPool2d .* \(m, c, height, width\), got \(4, 25\)"),
        (lambda: AvgPool2d(2), (2, 0, 4, 4), "it is empty"),
        (lambda: Flatten(), (0, 3), "it is empty"),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused(make, shape, message):
    with pytest.raises(ValueError, match=message):
        make().forward(np.zeros(shape))


@pytest.mark.parametrize(
    ("make", "size", "message"),
    [
        (
            lambda: Conv2d(1, 1, 5),
            (4, 9),
            r"Conv2d expected images of at least 5 × 5, .* got 4 × 9; .* padding",
        ),
        (
            lambda: Conv2d(1, 1, (2, 5), padding=1),
            (4, 2),
            r"at least 2 × 5, .* got 4 × 2, with padding 6 × 4",
        ),
        (lambda: MaxPool2d(2), (1, 2), r"MaxPool2d expected images of at least 2 × 2, .* got 1 × 2"),
        (lambda: AvgPool2d((1, 3)), (4, 2), r"AvgPool2d expected images of at least 1 × 3, .* got 4 × 2"),
    ],
)
def test_a_kernel_that_does_not_fit_is_refused(make, size, message):
    with pytest.raises(ValueError, match=message):
        make().forward(np.zeros((2, 1, *size)))


def test_an_error_says_where_in_the_network():
    network = Sequential(conv(1, 2, 3), MaxPool2d(2), conv(2, 2, 3))
    with pytest.raises(ValueError, match=r"in layer 2 \(Conv2d\(2, 2, kernel_size=3, "):
        network.forward(np.zeros((1, 1, 5, 5)))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2d(0, 1, 1), ValueError, "Conv2d expected c_in >= 1, got 0"),
        (lambda: Conv2d(1, 1.5, 1), TypeError, "Conv2d expected c_out as an integer, got float 1.5"),
        (lambda: Conv2d(1, 1, 0), ValueError, "Conv2d expected kernel_size >= 1, got 0"),
        (lambda: Conv2d(1, 1, (3, 3, 3)), ValueError, r"or a pair .*, got tuple \(3, 3, 3\)"),
        (lambda: Conv2d(1, 1, "33"), TypeError, "Conv2d expected kernel_size as an integer or a pair"),
        (lambda: Conv2d(1, 1, 2.0), TypeError, "Conv2d expected kernel_size as an integer"),
        (lambda: Conv2d(1, 1, 3, stride=(1, 0)), ValueError, "Conv2d expected stride >= 1, got 0"),
        (lambda: Conv2d(1, 1, 3, padding=-1), ValueError, "Conv2d expected padding >= 0, got -1"),
        (lambda: Conv2d(1, 1, 3, padding="same"), TypeError, "Conv2d expected padding as an integer"),
        (lambda: Conv2d(1, 1, 3, bias="no"), TypeError, "Conv2d expected bias as True or False"),
        (lambda: Conv2d(1, 1, 3, dtype=int), TypeError, "Conv2d expected dtype float32 or float64"),
        (lambda: Conv2d(1, 1, 3, weight_init=3), TypeError, "Conv2d expected weight_init as a function"),
        (lambda: MaxPool2d(True), TypeError, "MaxPool2d expected kernel_size as an integer"),
        (lambda: AvgPool2d(2, stride=0), ValueError, "AvgPool2d expected stride >= 1, got 0"),
    ],
)  # fmt: skip
def test_bad_settings_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_wrong_dtypes_and_gradients_are_refused():
    layer = conv(1, 2, 3)
    with pytest.raises(TypeError, match="Conv2d expected X of dtype float64, got float32"):
        layer.forward(np.zeros((1, 1, 4, 4), np.float32))
    with pytest.raises(RuntimeError, match=r"Conv2d\.backward was called before forward"):
        layer.backward(np.zeros((1, 2, 2, 2)))
    layer.forward(np.zeros((1, 1, 4, 4)))
    with pytest.raises(
        ValueError, match=r"Conv2d.backward expected dY of shape \(1, 2, 2, 2\), got \(1, 2, 3, 3\)"
    ):
        layer.backward(np.zeros((1, 2, 3, 3)))
