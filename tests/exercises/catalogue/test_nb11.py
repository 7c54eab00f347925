"""Answers to notebook 11's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage, signal

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# output_size


@right("output_size")
def last_start(n, kernel, stride=1, padding=0):
    starts = np.arange(-padding, n + padding - kernel + 1, stride)
    return starts.size


@right("output_size")
def divmod_of_the_rest(n, kernel, stride=1, padding=0):
    moves, _ = divmod(n + padding + padding - kernel, stride)
    return np.int64(1) + moves


@wrong("output_size", "plus-one-missing")
def counts_moves(n, kernel, stride=1, padding=0):
    count, position = 0, kernel
    while position + stride <= n + 2 * padding:
        position += stride
        count += 1
    return count


@wrong("output_size", "plus-one-missing")
def range_too_short(n, kernel, stride=1, padding=0):
    return int((n + 2 * padding) / stride - kernel / stride)


@wrong("output_size", "padding-ignored", "stride-ignored")
def the_simple_case(n, kernel, stride=1, padding=0):
    return n - kernel + 1


@wrong("output_size", "stride-ignored", "plus-one-missing")
def no_stride_no_one(n, kernel, stride=1, padding=0):
    return n + 2 * padding - kernel


@wrong("output_size", "padding-ignored", "floor-missing")
def exact_without_padding(n, kernel, stride=1, padding=0):
    return (n - kernel) / stride + 1


@wrong("output_size", "padding-once", "wrong-type")
def rounded_down_float(n, kernel, stride=1, padding=0):
    return np.floor((n + padding - kernel) / stride + 1)


@wrong("output_size", "rounded-up", "plus-one-missing")
def ceiling(n, kernel, stride=1, padding=0):
    return int(np.ceil((n + 2 * padding - kernel) / stride))


@wrong("output_size", "kernel-halved")
def by_the_radius(n, kernel, stride=1, padding=0):
    radius = kernel // 2
    return (n + 2 * padding - 2 * radius - 1) // stride + 1


# conv2d


@right("conv2d")
def one_place_at_a_time(X, W, b, padding=0):
    m, c_in, h, w = X.shape
    c_out, _, kh, kw = W.shape
    big = np.zeros((m, c_in, h + 2 * padding, w + 2 * padding))
    big[:, :, padding : h + padding, padding : w + padding] = X
    Y = []
    for image in big:
        for kernel, bias in zip(W, b, strict=True):
            for y, x in itertools.product(range(h + 2 * padding - kh + 1), range(w + 2 * padding - kw + 1)):
                Y.append(np.vdot(image[:, y : y + kh, x : x + kw], kernel) + bias)
    return np.reshape(Y, (m, c_out, h + 2 * padding - kh + 1, w + 2 * padding - kw + 1))


@right("conv2d")
def one_large_matrix(X, W, b, padding=0):
    """A convolution is a linear layer whose weights repeat: here is its whole matrix."""
    eye = np.eye(X[0].size).reshape(-1, *X.shape[1:])
    columns = one_place_at_a_time(eye, W, 0 * b, padding)
    Y = X.reshape(len(X), -1) @ columns.reshape(len(eye), -1)
    return Y.reshape(len(X), *columns.shape[1:]) + np.repeat(b, columns[0, 0].size).reshape(columns.shape[1:])


@right("conv2d")
def unfold(X, W, b, padding=0):
    X, K = torch.tensor(X), torch.tensor(W)
    columns = torch.nn.functional.unfold(X, K.shape[2:], padding=padding)
    Y = K.reshape(len(K), -1) @ columns
    h = X.shape[2] + 2 * padding - K.shape[2] + 1
    return (Y + torch.tensor(b)[:, None]).reshape(len(X), len(K), h, -1).numpy()


@wrong("conv2d", "kernel-flipped", "channels-mixed")
def scipy_on_the_sum(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding))).sum(axis=1)
    return np.array(
        [[signal.convolve2d(x, k.sum(0), "valid") + c for k, c in zip(W, b, strict=True)] for x in X]
    )


@wrong("conv2d", "same-padding-instead")
def nd_image(X, W, b, padding=0):
    def one(image, kernel):
        maps = [ndimage.correlate(x, k, mode="constant") for x, k in zip(image, kernel, strict=True)]
        return np.sum(maps, axis=0)

    return np.array([[one(x, k) + c for k, c in zip(W, b, strict=True)] for x in X])


@wrong("conv2d", "full-padding-instead")
def scipy_full(X, W, b, padding=0):
    Y = [[sum(map(signal.correlate2d, x, k)) + c for k, c in zip(W, b, strict=True)] for x in X]
    return np.array(Y)


@wrong("conv2d", "padding-once", "bias-omitted")
def padded_behind(X, W, b, padding=0):
    h, w = X.shape[2:]
    big = np.zeros((*X.shape[:2], h + padding, w + padding))
    big[:, :, :h, :w] = X
    return np.einsum("mcyxij,ocij->moyx", sliding_window_view(big, W.shape[2:], axis=(2, 3)), W)


@wrong("conv2d", "bias-per-pixel")
def bias_inside_the_sum(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    V = sliding_window_view(X, W.shape[2:], axis=(2, 3))[:, None]
    products = V * W[None, :, :, None, None] + b[:, None, None, None, None, None]
    return products.sum(axis=(2, 5, 6))


@wrong("conv2d", "bias-per-pixel")
def accumulates_with_the_bias(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    c_in, (kh, kw) = X.shape[1], W.shape[2:]
    Y = np.zeros((len(X), len(W), X.shape[2] - kh + 1, X.shape[3] - kw + 1))
    for n, o, y, x in np.ndindex(Y.shape):
        for c in range(c_in):
            Y[n, o, y, x] += (X[n, c, y : y + kh, x : x + kw] * W[o, c]).sum() + b[o]
    return Y


@wrong("conv2d", "sum-overwritten")
def equals_for_plus(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    (kh, kw), c_in = W.shape[2:], X.shape[1]
    Y = np.zeros((len(X), len(W), X.shape[2] - kh + 1, X.shape[3] - kw + 1))
    for n, o, y, x in np.ndindex(Y.shape):
        total = 0
        for c, i, j in itertools.product(range(c_in), range(kh), range(kw)):
            total = X[n, c, y + i, x + j] * W[o, c, i, j]
        Y[n, o, y, x] = total + b[o]
    return Y


@wrong("conv2d", "only-first-channel")
def return_in_the_loop(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for c in range(X.shape[1]):
        V = sliding_window_view(X[:, c], W.shape[2:], axis=(1, 2))
        return np.einsum("myxij,oij->moyx", V, W[:, c]) + b[:, None, None]


@wrong("conv2d", "plus-one-missing", "bias-omitted")
def short_and_bare(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    h, w = X.shape[2] - W.shape[2], X.shape[3] - W.shape[3]
    Y = np.zeros((len(X), len(W), h, w))
    for y in range(h):
        for x in range(w):
            Y[:, :, y, x] = np.tensordot(X[:, :, y : y + W.shape[2], x : x + W.shape[3]], W, ([1, 2, 3],) * 2)
    return Y


@wrong("conv2d", "last-places-left-out")
def stops_early(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    (kh, kw), h, w = W.shape[2:], X.shape[2] - W.shape[2] + 1, X.shape[3] - W.shape[3] + 1
    Y = np.zeros((len(X), len(W), h, w))
    for y in range(X.shape[2] - kh):
        for x in range(X.shape[3] - kw):
            Y[:, :, y, x] = np.tensordot(X[:, :, y : y + kh, x : x + kw], W, ([1, 2, 3],) * 2) + b
    return Y


@wrong("conv2d", "channels-last", "kernel-flipped")
def flipped_and_last(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    V = sliding_window_view(X, W.shape[2:], axis=(2, 3))
    return np.einsum("mcyxij,ocij->myxo", V, W[..., ::-1, ::-1]) + b


@wrong("conv2d", "axes-swapped")
def x_before_y(X, W, b, padding=0):
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    V = sliding_window_view(X, W.shape[2:], axis=(2, 3))
    return np.einsum("mcyxij,ocij->moxy", V, W) + b[:, None, None]


# conv2d_backward


def forward_by_torch(X, W, padding):
    x, w = torch.tensor(X, requires_grad=True), torch.tensor(W, requires_grad=True)
    return x, w, torch.nn.functional.conv2d(x, w, padding=padding)


@right("conv2d_backward")
def torch_gradients(dY, X, W, padding=0):
    gradient, X, W = map(torch.tensor, (dY, X, W))
    dX = torch.nn.grad.conv2d_input(X.shape, W, gradient, padding=padding)
    dW = torch.nn.grad.conv2d_weight(X, W.shape, gradient, padding=padding)
    return {0: dX, 1: dW}[0], dW, gradient.sum((0, 2, 3))


@right("conv2d_backward")
def every_product_by_itself(dY, X, W, padding=0):
    p, (h, w) = padding, X.shape[2:]
    dX, dW, db = np.zeros(X.shape), np.zeros(W.shape), np.zeros(len(W))
    for n, o, y, x in np.ndindex(dY.shape):
        db[o] += dY[n, o, y, x]
        for c, i, j in np.ndindex(W.shape[1:]):
            row, column = y + i - p, x + j - p
            if 0 <= row < h and 0 <= column < w:
                dX[n, c, row, column] += dY[n, o, y, x] * W[o, c, i, j]
                dW[o, c, i, j] += dY[n, o, y, x] * X[n, c, row, column]
    return dX, dW, db


@wrong("conv2d_backward", "padding-ignored", "bias-gradient-averaged")
def inner_places_only(dY, X, W, padding=0):
    (kh, kw), dX, dW = W.shape[2:], np.zeros_like(X), np.zeros_like(W)
    for y in range(X.shape[2] - kh + 1):
        for x in range(X.shape[3] - kw + 1):
            g = dY[:, :, y, x]
            dW += np.einsum("no,ncij->ocij", g, X[:, :, y : y + kh, x : x + kw])
            dX[:, :, y : y + kh, x : x + kw] += np.einsum("no,ocij->ncij", g, W)
    return dX, dW, dY.mean(axis=(0, 2, 3))


@wrong("conv2d_backward", "kernel-not-flipped-in-backward")
def convolve_for_correlate(dY, X, W, padding=0):
    _, dW, db = every_product_by_itself(dY, X, W, padding)
    p, dX = padding, np.zeros(X.shape)
    for n, c in np.ndindex(X.shape[:2]):
        whole = sum(signal.correlate2d(dY[n, o], W[o, c], "full") for o in range(len(W)))
        dX[n, c] = whole[p : whole.shape[0] - p, p : whole.shape[1] - p]
    return dX, dW, db


@wrong("conv2d_backward", "weight-gradient-flipped", "bias-gradient-not-summed")
def convolved_with_dy(dY, X, W, padding=0):
    dX, _, _ = every_product_by_itself(dY, X, W, padding)
    big = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dW = np.zeros_like(W)
    for o, c in np.ndindex(W.shape[:2]):
        dW[o, c] = sum(signal.correlate2d(dY[n, o], big[n, c], "valid") for n in range(len(X)))
    return dX, dW, dY.sum((2, 3))


@wrong("conv2d_backward", "double-batch-average")
def divides_all_by_m(dY, X, W, padding=0):
    return tuple(g / len(dY) for g in every_product_by_itself(dY, X, W, padding))


@wrong("conv2d_backward", "bias-gradient-wrong-axis")
def bias_by_the_second_axis(dY, X, W, padding=0):
    dX, dW, _ = every_product_by_itself(dY, X, W, padding)
    return dX, dW, dY.sum(axis=(1, 2, 3))


@wrong("conv2d_backward", "bias-gradient-keeps-dims")
def bias_with_axes(dY, X, W, padding=0):
    dX, dW, _ = every_product_by_itself(dY, X, W, padding)
    return dX, dW, dY.sum(axis=(0, 2, 3), keepdims=True)


@wrong("conv2d_backward", "overlaps-overwritten", "weight-gradient-transposed")
def two_slips(dY, X, W, padding=0):
    _, dW, db = every_product_by_itself(dY, X, W, padding)
    big = np.zeros(np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding))).shape)
    for i, j in np.ndindex(W.shape[2:]):
        piece = np.s_[:, :, i : i + dY.shape[2], j : j + dY.shape[3]]
        big[piece] = np.tensordot(dY, W[:, :, i, j], ([1], [0])).transpose(0, 3, 1, 2)
    p = padding
    return big[:, :, p : big.shape[2] - p, p : big.shape[3] - p], dW.swapaxes(0, 1), db


@wrong("conv2d_backward", "gradient-overwritten")
def only_the_last_image(dY, X, W, padding=0):
    dX, dW, db = every_product_by_itself(dY, X, W, padding)
    for n in range(len(X)):
        _, dW, db = every_product_by_itself(dY[n][None], X[n][None], W, padding)
    return dX, dW, db


@wrong("conv2d_backward", "wrong-part-of-frame-removed")
def cut_at_the_end(dY, X, W, padding=0):
    _, dW, db = every_product_by_itself(dY, X, W, padding)
    big = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    dX, _, _ = every_product_by_itself(dY, big, W)
    return dX[:, :, : X.shape[2], : X.shape[3]], dW, db


# max_pool


@right("max_pool")
def blocks_of_two_axes(X, size=2):
    rows = np.split(X, X.shape[2] // size, axis=2)
    cells = [np.stack([c.max((2, 3)) for c in np.split(r, X.shape[3] // size, axis=3)], -1) for r in rows]
    return np.stack(cells, axis=2)


@right("max_pool")
def by_a_filter(X, size=2):
    whole = ndimage.maximum_filter(X, (1, 1, size, size), origin=(0, 0, -(size // 2), -(size // 2)))
    if size % 2 == 0:
        whole = ndimage.maximum_filter(X, (1, 1, size, size))[:, :, size // 2 :, size // 2 :]
        return whole[:, :, ::size, ::size]
    return ndimage.maximum_filter(X, (1, 1, size, size))[:, :, size // 2 :: size, size // 2 :: size]


@wrong("max_pool", "mean-instead-of-max", "windows-overlap")
def uniform(X, size=2):
    return sliding_window_view(X, (size, size), axis=(2, 3)).mean(axis=(4, 5))


@wrong("max_pool", "negative-values-lost", "axes-swapped")
def swapped_from_zero(X, size=2):
    Y = np.zeros((*X.shape[:2], X.shape[3] // size, X.shape[2] // size))
    for i, j in np.ndindex(size, size):
        Y = np.maximum(Y, X[:, :, i::size, j::size].swapaxes(2, 3))
    return Y


@wrong("max_pool", "edge-of-window-left-out")
def slice_to_size_minus_one(X, size=2):
    m, c, h, w = X.shape
    Y = np.zeros((m, c, h // size, w // size))
    for n, k, y, x in np.ndindex(Y.shape):
        top, left = y * size, x * size
        Y[n, k, y, x] = X[n, k, top : top + max(size - 1, 1), left : left + max(size - 1, 1)].max()
    return Y


@wrong("max_pool", "windows-torn")
def rows_of_the_flat_image(X, size=2):
    m, c, h, w = X.shape
    return X.reshape(m, c, -1, size * size).max(axis=-1).reshape(m, c, h // size, w // size)


@wrong("max_pool", "one-direction-only")
def only_the_rows(X, size=2):
    m, c, h, w = X.shape
    return X.reshape(m, c, h // size, size, w).max(axis=3)


# max_pool_backward


@right("max_pool_backward")
def places_by_torch(dY, X, size=2):
    _, places = torch.nn.functional.max_pool2d(torch.tensor(X), size, return_indices=True)
    return torch.nn.functional.max_unpool2d(torch.tensor(dY), places, size, output_size=X.shape[2:])


@right("max_pool_backward")
def adds_at_the_places(dY, X, size=2):
    m, c, h, w = dY.shape
    V = sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::size, ::size].reshape(m, c, h, w, -1)
    i, j = np.divmod(V.argmax(-1), size)
    n, k, y, x = np.indices(dY.shape)
    dX = np.zeros(X.shape)
    np.add.at(dX, (n, k, y * size + i, x * size + j), dY)
    return dX


@wrong("max_pool_backward", "gradient-to-all-maxima")
def compared_with_the_repeated(dY, X, size=2):
    Y = blocks_of_two_axes(X, size)
    dX = np.zeros_like(X)
    for n, k, y, x in np.ndindex(Y.shape):
        window = np.s_[n, k, y * size : (y + 1) * size, x * size : (x + 1) * size]
        dX[window] = np.where(X[window] == Y[n, k, y, x], dY[n, k, y, x], 0)
    return dX


@wrong("max_pool_backward", "last-maximum")
def greater_or_equal(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, k, y, x in np.ndindex(dY.shape):
        best = -np.inf
        for i, j in np.ndindex(size, size):
            if X[n, k, y * size + i, x * size + j] >= best:
                best, place = X[n, k, y * size + i, x * size + j], (y * size + i, x * size + j)
        dX[n, k, place[0], place[1]] = dY[n, k, y, x]
    return dX


@wrong("max_pool_backward", "maximum-of-the-whole-map")
def place_in_the_map(dY, X, size=2):
    dX = np.zeros_like(X)
    for n, k in np.ndindex(X.shape[:2]):
        big = dY[n, k].repeat(size, 0).repeat(size, 1)
        dX[n, k] = np.where(X[n, k] == np.max(X[n, k]), big, 0)
    return dX


@wrong("max_pool_backward", "gradient-to-all-maxima", "gradient-divided")
def all_and_divided(dY, X, size=2):
    big = blocks_of_two_axes(X, size).repeat(size, 2).repeat(size, 3)
    return np.where(big == X, dY.repeat(size, 2).repeat(size, 3) / size**2, 0)


@wrong("max_pool_backward", "min-instead-of-max")
def argmin(dY, X, size=2):
    return adds_at_the_places(dY, -X, size)


@wrong("max_pool_backward", "values-instead-of-gradient", "gradient-to-all-maxima")
def unpooled_values(dY, X, size=2):
    big = blocks_of_two_axes(X, size).repeat(size, 2).repeat(size, 3)
    return np.where(big == X, X, 0)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


# The references against others' code


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.integers(1, 5), st.integers(0, 4))
def test_the_output_size_is_that_of_torch(n, kernel, stride, padding):
    if kernel > n + 2 * padding:
        return
    expected = torch.nn.functional.conv1d(
        torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), stride=stride, padding=padding
    )
    assert references.output_size(n, kernel, stride, padding) == expected.shape[-1]


SIZES = st.tuples(*[st.integers(1, 3)] * 3, *[st.integers(3, 6)] * 2, *[st.integers(1, 3)] * 2)


@settings(max_examples=50, deadline=None)
@given(SIZES, st.integers(0, 3), st.integers(0, 10_000))
def test_convolution_and_its_gradients_agree_with_torch(sizes, padding, seed):
    m, c_in, c_out, h, w, kh, kw = sizes
    rng = np.random.default_rng(seed)
    arrays = rng.normal(size=(m, c_in, h, w)), rng.normal(size=(c_out, c_in, kh, kw)), rng.normal(size=c_out)
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = torch.nn.functional.conv2d(*tensors, padding=padding)
    np.testing.assert_allclose(references.conv2d(*arrays, padding), expected.detach(), atol=1e-12)
    dY = rng.normal(size=expected.shape)
    expected.backward(torch.tensor(dY))
    for ours, tensor in zip(references.conv2d_backward(dY, *arrays[:2], padding), tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(1, 3)] * 4), st.integers(1, 4), st.integers(1, 5), st.integers(0, 10_000))
def test_pooling_agrees_with_torch_where_values_tie(shape, size, levels, seed):
    m, c, h, w = shape
    rng = np.random.default_rng(seed)
    X = rng.integers(-levels, levels, size=(m, c, h * size, w * size)).astype(float)
    tensor = torch.tensor(X, requires_grad=True)
    expected = torch.nn.functional.max_pool2d(tensor, size)
    np.testing.assert_array_equal(references.max_pool(X, size), expected.detach())
    dY = rng.normal(size=shape)
    expected.backward(torch.tensor(dY))
    np.testing.assert_array_equal(references.max_pool_backward(dY, X, size), tensor.grad)
