"""Answers to notebook 18's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from torch.nn import functional as F

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


def softmax(S, axis=-1):
    E = np.exp(S - S.max(axis=axis, keepdims=True))
    return E / E.sum(axis=axis, keepdims=True)


def scores_of(Q, K):
    return Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])


# attention


@right("attention")
def log_sum_exp(Q, K, V, mask=None):
    S = np.einsum("...id,...jd->...ij", Q, K) * Q.shape[-1] ** -0.5
    if mask is not None:
        S = np.where(mask, S, np.finfo(S.dtype).min)
    S = S - S.max(-1, keepdims=True)
    A = np.exp(S - np.logaddexp.reduce(S, axis=-1, keepdims=True))
    return A @ V, A


@right("attention")
def torch_weights_from_identity(Q, K, V, mask=None):
    Q, K, V = (torch.from_numpy(np.array(a)) for a in (Q, K, V))
    if mask is not None:
        mask = torch.from_numpy(np.array(mask))
    eye = torch.eye(K.shape[-2], dtype=K.dtype).expand(*K.shape[:-2], -1, -1)
    A = F.scaled_dot_product_attention(Q, K, eye, attn_mask=mask)
    Y = F.scaled_dot_product_attention(Q, K, V, attn_mask=mask)
    return Y.numpy(), A.numpy()


@right("attention")
def recursive_over_the_batch(Q, K, V, mask=None):
    if Q.ndim > 2:
        if mask is not None:
            mask = np.broadcast_to(mask, (*Q.shape[:-1], K.shape[-2]))
        masks = [None] * len(Q) if mask is None else mask
        pairs = [recursive_over_the_batch(*arrays) for arrays in zip(Q, K, V, masks, strict=True)]
        return np.array([y for y, _ in pairs]), np.array([a for _, a in pairs])
    S = Q.dot(K.T) / math.sqrt(K.shape[1])
    if mask is not None:
        S = S + (1.0 - np.asarray(mask, dtype=float)) * -1e9
    A = softmax(S, axis=1)
    return A.dot(V), A


@right("attention")
def default_mask(Q, K, V, mask=None):
    S = scores_of(Q, K)
    mask = np.ones(S.shape, dtype=bool) if mask is None else np.broadcast_to(mask, S.shape)
    S = np.where(mask, S, -np.inf)
    E = np.exp(S - np.max(S, axis=-1)[..., np.newaxis])
    A = E / np.sum(E, axis=-1)[..., np.newaxis]
    return np.matmul(A, V), A


@right("attention")
def single_precision(Q, K, V, mask=None):
    Q, K, V = (torch.tensor(a, dtype=torch.float32) for a in (Q, K, V))
    S = Q @ K.mT / math.sqrt(Q.shape[-1])
    if mask is not None:
        S = S.masked_fill(~torch.tensor(mask), -1e30)
    A = torch.softmax(S, dim=-1)
    return A @ V, A


def masked(S, mask):
    return S if mask is None else np.where(mask, S, -np.inf)


@wrong("attention", "scale-missing")
def dot_products(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.swapaxes(-1, -2), mask))
    return A @ V, A


@wrong("attention", "scaled-by-another-size")
def by_the_second_axis(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[1]), mask))
    return A @ V, A


@wrong("attention", "scaled-by-n", "softmax-over-queries")
def by_d_over_rows(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.swapaxes(-1, -2) / Q.shape[-1], mask), axis=-2)
    return A @ V, A


@wrong("attention", "mask-after-softmax")
def weights_masked(Q, K, V, mask=None):
    A = softmax(scores_of(Q, K))
    if mask is not None:
        A = np.where(mask, A, 0)
    return A @ V, A


@wrong("attention", "mask-after-softmax", "scale-missing")
def weights_masked_unscaled(Q, K, V, mask=None):
    A = softmax(Q @ K.swapaxes(-1, -2))
    if mask is not None:
        A = A * mask
    return A @ V, A


@wrong("attention", "masked-score-too-large")
def small_number(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask is not None:
        S = np.where(mask, S, -1e2)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "masked-score-zero", "scale-missing")
def times_mask_unscaled(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = S * mask
    A = softmax(S)
    return A @ V, A


@wrong("attention", "masked-score-zero")
def epsilon(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask is not None:
        S = np.where(mask, S, 1e-9)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "softmax-over-whole-array", "softmax-shifted-globally")
def one_sum(Q, K, V, mask=None):
    S = masked(scores_of(Q, K), mask)
    E = np.exp(S - S.max())
    A = E / E.sum()
    return A @ V, A


@wrong("attention", "softmax-without-shift", "scale-missing")
def formula(Q, K, V, mask=None):
    E = np.exp(masked(Q @ K.swapaxes(-1, -2), mask))
    A = E / E.sum(-1, keepdims=True)
    return A @ V, A


@wrong("attention", "keepdims-missing")
def row_sums(Q, K, V, mask=None):
    S = masked(scores_of(Q, K), mask)
    E = np.exp(S - S.max(axis=-1, keepdims=True))
    A = E / E.sum(axis=-1)
    return A @ V, A


@wrong("attention", "no-mask-not-handled")
def truth_of_none(Q, K, V, mask=None):
    S = np.where(mask == 0, -np.inf, scores_of(Q, K)) if mask.any() else scores_of(Q, K)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "raises")
def truth_of_array(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask:
        S = np.where(mask, S, -np.inf)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "wrong-type")
def only_the_output(Q, K, V, mask=None):
    return softmax(masked(scores_of(Q, K), mask)) @ V


@wrong("attention", "mask-inverted", "scaled-by-n")
def inverted_by_d(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2) / Q.shape[-1]
    if mask is not None:
        S = np.where(mask, -1e9, S)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "infinity-times-zero")
def product_with_infinity(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask is not None:
        S = S + (1 - mask) * -np.inf
    A = softmax(S)
    return A @ V, A


@wrong("attention", "mask-not-broadcast")
def entry_by_entry(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask is not None:
        for place in np.ndindex(S.shape):
            if not mask[place]:
                S[place] = -np.inf
    A = softmax(S)
    return A @ V, A


@wrong("attention", "scaled-by-another-size")
def by_the_number_of_keys(Q, K, V, mask=None):
    S = masked(Q @ K.swapaxes(-1, -2) / math.sqrt(K.shape[-2]), mask)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "mask-ignored")
def wrong_condition(Q, K, V, mask=None):
    S = scores_of(Q, K)
    if mask is None:
        S = np.where(np.ones(S.shape, dtype=bool), S, -np.inf)
    A = softmax(S)
    return A @ V, A


@wrong("attention", "all-axes-transposed", "scale-missing")
def numpy_t(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.T, mask))
    return A @ V, A


@wrong("attention", "mask-added", "scale-missing")
def plus_mask(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = S + mask
    A = softmax(S)
    return A @ V, A


@wrong("attention", "softmax-over-queries")
def default_axis(Q, K, V, mask=None):
    S = torch.tensor(masked(scores_of(Q, K), mask))
    A = torch.softmax(S, dim=-2)
    return A @ torch.tensor(V), A


@wrong("attention", "scale-hard-coded")
def root_of_five(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.swapaxes(-1, -2) / np.sqrt(5), mask))
    return A @ V, A


@wrong("attention", "queries-and-keys-swapped")
def keys_first(Q, K, V, mask=None):
    A = softmax(masked(K @ Q.swapaxes(-1, -2) / np.sqrt(Q.shape[-1]), mask))
    return A @ V, A


@wrong("attention", "softmax-missing", "mask-after-softmax", "masked-score-zero")
def plain_scores(Q, K, V, mask=None):
    A = scores_of(Q, K)
    if mask is not None:
        A = np.where(mask, A, 0)
    return A @ V, A


@wrong("attention", "all-axes-transposed")
def three_axes_only(Q, K, V, mask=None):
    A = softmax(masked(Q @ K.transpose(0, 2, 1) / np.sqrt(Q.shape[-1]), mask))
    return A @ V, A


@wrong("attention", "hard-maximum")
def winner_takes_all(Q, K, V, mask=None):
    S = masked(scores_of(Q, K), mask)
    A = (S.max(axis=-1, keepdims=True) == S).astype(float)
    return A @ V, A


@wrong("attention", "mask-after-softmax")
def masked_for_y_only(Q, K, V, mask=None):
    A = softmax(scores_of(Q, K))
    return (A if mask is None else A * mask) @ V, A


@wrong("attention", "masked-score-too-large")
def scaled_after_the_mask(Q, K, V, mask=None):
    S = Q @ K.swapaxes(-1, -2)
    if mask is not None:
        S = np.where(mask, S, -10)
    A = softmax(S / np.sqrt(Q.shape[-1]))
    return A @ V, A


# causal_mask


@right("causal_mask")
def windows_of_zeros_and_ones(T):
    line = np.r_[np.zeros(T - 1, dtype=bool), np.ones(T, dtype=bool)]
    return sliding_window_view(line, T)[:, ::-1]


@right("causal_mask")
def indices(T):
    rows, columns = np.indices((T, T))
    return ~(columns > rows)


@right("causal_mask")
def from_function(T):
    return np.fromfunction(lambda t, s: s <= t, (T, T))


@right("causal_mask")
def torch_comparison(T):
    steps = torch.arange(T)
    return steps.unsqueeze(1).ge(steps)


@right("causal_mask")
def filled_triangle(T):
    mask = np.full((T, T), False)
    mask[np.tril_indices(T)] = True
    return [list(row) for row in mask]


@wrong("causal_mask", "looks-ahead")
def wrong_side(T):
    mask = np.zeros((T, T), dtype=bool)
    mask[np.triu_indices(T)] = True
    return mask


@wrong("causal_mask", "looks-ahead")
def loop_too_far(T):
    return np.array([[s <= t + 1 for s in range(T)] for t in range(T)])


@wrong("causal_mask", "diagonal-masked")
def range_ends(T):
    mask = np.zeros((T, T), dtype=bool)
    for t in range(T):
        for s in range(t):
            mask[t, s] = True
    return mask


@wrong("causal_mask", "mask-inverted")
def hidden(T):
    return np.triu(np.ones((T, T), dtype=bool), k=1)


@wrong("causal_mask", "mask-inverted", "wrong-type")
def hidden_numbers(T):
    return np.triu(np.ones((T, T)), k=1)


@wrong("causal_mask", "wrong-type")
def zeros_and_ones(T):
    return torch.tril(torch.ones(T, T))


@wrong("causal_mask", "wrong-type")
def nested_numbers(T):
    return [[1] * (t + 1) + [0] * (T - t - 1) for t in range(T)]


@wrong("causal_mask", "added-instead-of-bool")
def torch_square_subsequent(T):
    return torch.nn.Transformer.generate_square_subsequent_mask(T)


@wrong("causal_mask", "diagonal-masked", "wrong-type")
def strictly_lower(T):
    return np.tril(np.ones((T, T)), k=-1)


@wrong("causal_mask", "only-itself")
def equality(T):
    return np.arange(T)[:, None] == np.arange(T)


@wrong("causal_mask", "mask-mirrored")
def flipped(T):
    return np.fliplr(np.tri(T, dtype=bool))


@wrong("causal_mask", "wrong-shape")
def one_axis(T):
    return np.arange(T) >= 0


@wrong("causal_mask", "wrong-shape")
def with_batch_axis(T):
    return np.tri(T, dtype=bool)[None]


@wrong("causal_mask", "returns-none")
def printed(T):
    print(np.tri(T, dtype=bool))


@wrong("causal_mask", "raises")
def tuple_forgotten(T):
    return np.tril(np.ones(T, T)).astype(bool)


@wrong("causal_mask", "wrong-type")
def words(T):
    return [["True" if s <= t else "False" for s in range(T)] for t in range(T)]


@wrong("causal_mask", "hard-coded-size")
def always_five(T):
    return np.tri(5, dtype=bool)


@wrong("causal_mask", "infinity-times-zero")
def product_of_infinity(T):
    return np.triu(np.ones((T, T)), k=1) * -np.inf


# split_heads


@right("split_heads")
def rolled(X, n_heads):
    m, T, n = X.shape
    return np.rollaxis(X.reshape(m, T, n_heads, n // n_heads), 2, 1)


@right("split_heads")
def columns_of_a_table(X, n_heads):
    m, T, n = X.shape
    table = X.reshape(m * T, n)
    parts = np.hsplit(table, n_heads)
    return np.stack([part.reshape(m, T, -1) for part in parts], axis=1)


@right("split_heads")
def nested_lists(X, n_heads):
    d = len(X[0, 0]) // n_heads
    return [[[list(x[j * d : j * d + d]) for x in sample] for j in range(n_heads)] for sample in X]


@right("split_heads")
def tensor_split(X, n_heads):
    return torch.stack(torch.tensor(X).tensor_split(n_heads, dim=2)).transpose(0, 1)


@right("split_heads")
def unflattened(X, n_heads):
    return torch.tensor(X, dtype=torch.float32).unflatten(-1, (n_heads, -1)).transpose(-2, -3).contiguous()


@wrong("split_heads", "time-and-heads-mixed")
def minus_one(X, n_heads):
    return X.reshape(len(X), n_heads, X.shape[1], -1)


@wrong("split_heads", "heads-not-moved")
def unflattened_only(X, n_heads):
    return torch.tensor(X).unflatten(-1, (n_heads, -1))


@wrong("split_heads", "heads-interleaved")
def dealt_out(X, n_heads):
    m, T, n = X.shape
    heads = np.zeros((m, n_heads, T, n // n_heads))
    for k in range(n):
        heads[:, k % n_heads, :, k // n_heads] = X[:, :, k]
    return heads


@wrong("split_heads", "heads-first")
def transposed_too_far(X, n_heads):
    m, T, n = X.shape
    return X.reshape(m, T, n_heads, n // n_heads).transpose(2, 0, 1, 3)


@wrong("split_heads", "heads-first")
def a_list(X, n_heads):
    d = X.shape[-1] // n_heads
    return [X[..., j * d : (j + 1) * d] for j in range(n_heads)]


@wrong("split_heads", "features-before-time")
def keys_ready(X, n_heads):
    return X.reshape(*X.shape[:2], n_heads, -1).transpose(0, 2, 3, 1)


@wrong("split_heads", "heads-and-features-swapped")
def permuted(X, n_heads):
    return torch.tensor(X).unflatten(-1, (n_heads, -1)).permute(0, 3, 1, 2)


@wrong("split_heads", "number-taken-for-width")
def width(X, n_heads):
    m, T, _n = X.shape
    return X.reshape(m, T, -1, n_heads).transpose(0, 2, 1, 3)


@wrong("split_heads", "wrong-shape")
def cut_in_time(X, n_heads):
    return np.stack([X[:, j::n_heads][:, : X.shape[1] // n_heads] for j in range(n_heads)], axis=1)


@wrong("split_heads", "same-head-repeated")
def first_head_only(X, n_heads):
    d = X.shape[-1] // n_heads
    return X[:, None, :, :d]


@wrong("split_heads", "heads-overlap")
def moves_by_one(X, n_heads):
    d = X.shape[-1] // n_heads
    return np.stack([X[:, :, j : j + d] for j in range(n_heads)], axis=1)


@wrong("split_heads", "raises")
def true_division(X, n_heads):
    d = X.shape[-1] / n_heads
    return np.stack([X[:, :, j * d : (j + 1) * d] for j in range(n_heads)], axis=1)


@wrong("split_heads", "samples-mixed")
def flattened(X, n_heads):
    m, T, _n = X.shape
    return X.reshape(n_heads, m, T, -1).swapaxes(0, 1)


@wrong("split_heads", "raises")
def width_of_four(X, n_heads):
    return np.stack([X[:, :, 4 * j : 4 * j + 4] for j in range(n_heads)], axis=1)


@wrong("split_heads", "heads-merged-with-samples")
def for_bmm(X, n_heads):
    m, T, n = X.shape
    X = torch.tensor(X).view(m, T, n_heads, n // n_heads).transpose(1, 2)
    return X.reshape(m * n_heads, T, n // n_heads)


@wrong("split_heads", "returns-none")
def forgotten(X, n_heads):
    X.reshape(*X.shape[:2], n_heads, -1).swapaxes(1, 2)


@wrong("split_heads", "heads-reversed")
def from_behind(X, n_heads):
    return np.stack(np.split(X, n_heads, axis=-1)[::-1], axis=1)


@wrong("split_heads", "time-split-instead")
def numpy_default_axis(X, n_heads):
    return np.stack(np.array_split(X, n_heads, axis=1), axis=1)


@wrong("split_heads", "time-and-heads-mixed")
def transposed_first(X, n_heads):
    m, T, n = X.shape
    return X.transpose(0, 2, 1).reshape(m, n_heads, T, n // n_heads)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


# The references against torch

SIZES = st.tuples(*[st.integers(1, 4)] * 6)


@settings(max_examples=50, deadline=None)
@given(SIZES, st.booleans(), st.integers(0, 10_000))
def test_attention_is_that_of_torch(sizes, with_mask, seed):
    m, n_heads, T, S, d, d_v = sizes
    rng = np.random.default_rng(seed)
    Q, K, V = (rng.normal(size=(m, n_heads, *ends)) for ends in ((T, d), (S, d), (S, d_v)))
    mask = (rng.uniform(size=(m, 1, T, S)) < 0.5) | (np.arange(S) == 0) if with_mask else None
    Y, A = references.attention(Q, K, V, mask)
    tensors = map(torch.tensor, (Q, K, V))
    given = None if mask is None else torch.tensor(mask)
    expected = F.scaled_dot_product_attention(*tensors, attn_mask=given)
    np.testing.assert_allclose(Y, expected, atol=1e-12)
    np.testing.assert_allclose(A.sum(axis=-1), 1, atol=1e-12)
    if mask is not None:
        assert not A[~np.broadcast_to(mask, A.shape)].any()


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(1, 4)] * 4), st.integers(0, 10_000))
def test_causal_attention_by_heads_is_that_of_torch(sizes, seed):
    m, T, n_heads, d = sizes
    X = np.random.default_rng(seed).normal(size=(m, T, n_heads * d))
    heads = references.split_heads(X, n_heads)
    assert heads.shape == (m, n_heads, T, d)
    np.testing.assert_array_equal(heads.swapaxes(1, 2).reshape(X.shape), X)
    Y, _ = references.attention(heads, heads, heads, references.causal_mask(T))
    tensor = torch.tensor(heads)
    expected = F.scaled_dot_product_attention(tensor, tensor, tensor, is_causal=True)
    np.testing.assert_allclose(Y, expected, atol=1e-12)
