import numpy as np
from attempts import wrong


def right_binomial(X, p, rng):
    mask = rng.binomial(1, 1 - p, size=X.shape) / (1 - p)
    return mask * X, mask


def right_choice(X, p, rng):
    mask = rng.choice([0.0, 1 / (1 - p)], size=X.shape, p=[p, 1 - p])
    return X * mask, mask


def right_loops(X, p, rng):
    mask = np.zeros(X.shape)
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if rng.uniform() > p:
                mask[i, j] = 1 / (1 - p)
    Y = np.zeros_like(X)
    Y[mask > 0] = X[mask > 0] / (1 - p)
    return Y, mask


def right_keep(X, p, rng):
    keep = 1 - p
    mask = (rng.random((len(X), X.shape[1])) < keep).astype(float)
    mask /= keep
    return [X * mask, mask]


def right_ones_first(X, p, rng):
    mask = np.ones_like(X)
    mask[rng.uniform(0, 1, X.shape) < p] = 0
    return X * mask / (1 - p), mask / (1 - p)


def right_float32(X, p, rng):
    mask = (rng.random(X.shape, dtype=np.float32) >= p) * np.float32(1 / (1 - p))
    return X * mask, mask


def right_rows(X, p, rng):
    mask = np.array([np.where(rng.random(X.shape[1]) < p, 0, 1) for _ in X]) / (1 - p)
    return np.multiply(X, mask), mask


@wrong("dropout-not-rescaled")
def plain(X, p, rng):
    mask = rng.random(X.shape) > p
    return X * mask, mask


@wrong("dropout-not-rescaled")
def plain_floats(X, p, rng):
    mask = (rng.random(X.shape) >= p).astype(float)
    return X * mask, mask


@wrong("mask-without-scale")
def scaled_result_only(X, p, rng):
    mask = rng.random(X.shape) >= p
    return X * mask / (1 - p), mask


@wrong("keep-and-drop-swapped")
def smaller_kept(X, p, rng):
    mask = (rng.random(X.shape) < p) / (1 - p)
    return X * mask, mask


@wrong("keep-and-drop-swapped")
def p_is_keep(X, p, rng):
    mask = (rng.random(X.shape) < p) / p
    return X * mask, mask


@wrong("keep-and-drop-swapped")
def binomial_p(X, p, rng):
    mask = rng.binomial(1, p, X.shape) / (1 - p)
    return X * mask, mask


@wrong("divided-by-p")
def over_p(X, p, rng):
    mask = (rng.random(X.shape) >= p) / p
    return X * mask, mask


@wrong("multiplied-instead-of-divided")
def times_keep(X, p, rng):
    mask = (rng.random(X.shape) >= p) * (1 - p)
    return X * mask, mask


@wrong("same-mask-per-row")
def per_unit(X, p, rng):
    mask = (rng.random(X.shape[1]) >= p) / (1 - p)
    return X * mask, mask


@wrong("same-mask-per-row")
def per_unit_full(X, p, rng):
    mask = (rng.random((1, X.shape[1])) >= p) / (1 - p)
    mask = np.repeat(mask, len(X), axis=0)
    return X * mask, mask


@wrong("one-draw-per-row")
def per_sample(X, p, rng):
    mask = (rng.random((len(X), 1)) >= p) / (1 - p) * np.ones_like(X)
    return X * mask, mask


@wrong("one-draw-for-all")
def one_coin(X, p, rng):
    mask = (rng.random() >= p) / (1 - p)
    return X * mask, mask


@wrong("global-rng-instead-of-rng")
def global_generator(X, p, rng):
    mask = (np.random.rand(*X.shape) >= p) / (1 - p)  # noqa: NPY002
    return X * mask, mask


@wrong("global-rng-instead-of-rng")
def seeded_inside(X, p, rng):
    rng = np.random.default_rng(42)
    mask = (rng.random(X.shape) >= p) / (1 - p)
    return X * mask, mask


@wrong("changes-its-input")
def in_place(X, p, rng):
    mask = (rng.random(X.shape) >= p) / (1 - p)
    X *= mask
    return X, mask


@wrong("outputs-swapped")
def mask_first(X, p, rng):
    mask = (rng.random(X.shape) >= p) / (1 - p)
    return mask, X * mask


@wrong("wrong-type")
def result_only(X, p, rng):
    mask = (rng.random(X.shape) >= p) / (1 - p)
    return X * mask


@wrong("number-dropped-fixed")
def exactly_p(X, p, rng):
    mask = np.ones(X.size)
    mask[rng.choice(X.size, int(p * X.size), replace=False)] = 0
    mask = mask.reshape(X.shape) / (1 - p)
    return X * mask, mask


@wrong("mask-inverted")
def dropped_ones(X, p, rng):
    dropped = rng.random(X.shape) < p
    return np.where(dropped, 0, X / (1 - p)), dropped


@wrong("keep-and-drop-swapped + dropout-not-rescaled", "keep-and-drop-swapped")
def swapped_and_plain(X, p, rng):
    mask = rng.random(X.shape) < p
    return X * mask, mask


@wrong("dropout-not-rescaled + global-rng-instead-of-rng")
def old_style(X, p, rng):
    mask = np.random.binomial(1, 1 - p, X.shape)  # noqa: NPY002
    return X * mask, mask


@wrong("same-mask-per-row + dropout-not-rescaled")
def unit_without_scale(X, p, rng):
    mask = rng.random(X.shape[1]) > p
    return X * mask, mask


@wrong("scaled-by-what-was-kept")
def by_the_mean(X, p, rng):
    mask = rng.random(X.shape) >= p
    mask = mask / mask.mean()
    return X * mask, mask


@wrong("raises")
def shape_unpacked(X, p, rng):
    mask = (rng.random(*X.shape) >= p) / (1 - p)
    return X * mask, mask
