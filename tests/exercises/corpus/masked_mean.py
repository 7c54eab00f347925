import numpy as np
import pandas as pd
import torch
from attempts import wrong


def right_loop(H, lengths):
    return np.array([H[i, : lengths[i]].mean(axis=0) for i in range(len(H))])


def right_list(H, lengths):
    means = []
    for h, n in zip(H.tolist(), lengths.tolist(), strict=True):
        means.append([sum(column) / n for column in zip(*h[:n], strict=True)])
    return means


def right_einsum(H, lengths):
    mask = np.arange(H.shape[1])[None, :] < lengths[:, None]
    return np.einsum("mtn,mt->mn", H, mask / lengths[:, None])


def right_where_argument(H, lengths):
    mask = (np.arange(H.shape[1]) < lengths[:, None])[:, :, None]
    return np.mean(H, axis=1, where=np.broadcast_to(mask, H.shape))


def right_nan(H, lengths):
    H = np.where((np.arange(H.shape[1]) < lengths[:, None])[..., None], H, np.nan)
    return np.nanmean(H, axis=1)


def right_cumulative(H, lengths):
    return H.cumsum(axis=1)[np.arange(len(H)), lengths - 1] / lengths.reshape(-1, 1)


def right_torch(H, lengths):
    H, lengths = torch.tensor(H, dtype=torch.float32), torch.as_tensor(lengths)
    mask = torch.arange(H.shape[1])[None] < lengths[:, None]
    return H.masked_fill(~mask[..., None], 0).sum(1) / lengths[:, None]


def right_pandas(H, lengths):
    rows = [(i, *H[i, t]) for i in range(len(H)) for t in range(lengths[i])]
    return pd.DataFrame(rows).groupby(0).mean().to_numpy()


def right_running(H, lengths):
    total = np.zeros((H.shape[0], H.shape[2]))
    for t in range(H.shape[1]):
        total += np.where(t < lengths, 1.0, 0.0)[:, None] * H[:, t]
    return total / np.expand_dims(lengths, 1)


def mask_of(H, lengths):
    return np.arange(H.shape[1]) < lengths[:, None]


@wrong("padding-counted")
def plain_mean(H, lengths):
    return H.mean(axis=1)


@wrong("padding-counted")
def sum_of_all(H, lengths):
    return H.sum(axis=1) / lengths[:, None]


@wrong("divided-by-all-steps")
def mask_then_mean(H, lengths):
    return (H * mask_of(H, lengths)[:, :, None]).mean(axis=1)


@wrong("sum-instead-of-mean")
def only_sum(H, lengths):
    return np.array([H[i, :n].sum(axis=0) for i, n in enumerate(lengths)])


@wrong("length-off-by-one")
def one_too_many(H, lengths):
    return np.array([H[i, : n + 1].mean(axis=0) for i, n in enumerate(lengths)])


@wrong("length-off-by-one")
def inclusive(H, lengths):
    mask = np.arange(H.shape[1]) <= lengths[:, None]
    return (H * mask[..., None]).sum(axis=1) / lengths[:, None]


@wrong("length-off-by-one")
def counted_from_one(H, lengths):
    return np.array([H[i, 1:n].sum(axis=0) / n for i, n in enumerate(lengths)])


@wrong("mask-inverted")
def hidden_is_real(H, lengths):
    mask = np.arange(H.shape[1]) >= lengths[:, None]
    return (H * mask[..., None]).sum(axis=1) / lengths[:, None]


@wrong("last-step-instead-of-mean")
def last(H, lengths):
    return np.array([H[i, n - 1] for i, n in enumerate(lengths)])


@wrong("max-instead-of-mean")
def pooled(H, lengths):
    return np.array([H[i, :n].max(axis=0) for i, n in enumerate(lengths)])


@wrong("mean-over-wrong-axis")
def of_features(H, lengths):
    return (H * mask_of(H, lengths)[:, :, None]).mean(axis=2)


@wrong("keepdims-missing")
def no_column(H, lengths):
    return (H * mask_of(H, lengths)[:, :, None]).sum(axis=1) / lengths


@wrong("mean-over-everything")
def by_the_total(H, lengths):
    return (H * mask_of(H, lengths)[:, :, None]).sum(axis=1) / sum(lengths)


@wrong("padding-expected-in-front")
def from_the_end(H, lengths):
    return np.array([H[i, -n:].mean(axis=0) for i, n in enumerate(lengths)])


@wrong("zeros-taken-for-padding")
def by_content(H, lengths):
    real = (H != 0).any(axis=2)
    return (H * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True)


@wrong("one-length-for-all")
def first_length(H, lengths):
    return H[:, : lengths[0]].mean(axis=1)


@wrong("changes-its-input")
def padding_zeroed(H, lengths):
    H[~mask_of(H, lengths)] = 0
    return H.sum(axis=1) / lengths[:, None]


@wrong("sum-instead-of-mean + mask-inverted")
def sum_of_padding(H, lengths):
    return (H * ~mask_of(H, lengths)[:, :, None]).sum(axis=1)
