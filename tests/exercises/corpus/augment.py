import random

import numpy as np
from attempts import wrong


def right_flip_first(images, padding, rng):
    m, c, h, w = images.shape
    flips = rng.random(m) < 0.5
    out = images.copy()
    out[flips] = out[flips][..., ::-1]
    wide = np.zeros((m, c, h + 2 * padding, w + 2 * padding))
    wide[:, :, padding : padding + h, padding : padding + w] = out
    ys = rng.integers(2 * padding + 1, size=m)
    xs = rng.integers(2 * padding + 1, size=m)
    return np.stack([wide[i, :, ys[i] : ys[i] + h, xs[i] : xs[i] + w] for i in range(m)])


def right_without_loop(images, padding, rng):
    m, c, h, w = images.shape
    wide = np.pad(images, [(0, 0), (0, 0), (padding,) * 2, (padding,) * 2])
    y = rng.integers(0, 2 * padding, size=(m, 1), endpoint=True) + np.arange(h)
    x = rng.integers(0, 2 * padding, size=(m, 1), endpoint=True) + np.arange(w)
    x = np.where(rng.integers(0, 2, size=(m, 1)) == 1, x[:, ::-1], x)
    return wide[
        np.arange(m)[:, None, None, None], np.arange(c)[:, None, None], y[:, None, :, None], x[:, None, None]
    ]


def right_list_of_float32(images, padding, rng):
    result = []
    for image in images.astype(np.float32):
        _, h, w = image.shape
        dy, dx = rng.integers(-padding, padding + 1, 2)
        shifted = np.zeros_like(image)
        for y in range(h):
            for x in range(w):
                if 0 <= y + dy < h and 0 <= x + dx < w:
                    shifted[:, y, x] = image[:, y + dy, x + dx]
        if rng.choice([True, False]):
            shifted = np.flip(shifted, axis=2)
        result.append(shifted)
    return result


def right_one_place_number(images, padding, rng):
    k = 2 * padding + 1
    m, _, h, w = images.shape
    place = rng.integers(k * k, size=m)
    out = np.zeros_like(images)
    for i, (y, x) in enumerate(zip(*divmod(place, k), strict=True)):
        padded = np.pad(images[i], ((0, 0), (padding, padding), (padding, padding)))
        out[i] = padded[:, y : y + h, x : x + w]
        if rng.uniform() > 0.5:
            out[i] = np.fliplr(out[i].T.swapaxes(0, 1)).transpose(2, 0, 1)
    return out


def shifted(images, padding, rng, top, flip, mode="constant"):
    m, _, h, w = images.shape
    wide = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)), mode=mode)
    out = []
    for i in range(m):
        y, x = top(i)
        piece = wide[i, :, y : y + h, x : x + w]
        out.append(piece[..., ::-1] if flip(i) else piece)
    return np.array(out)


def anywhere(padding, rng):
    return lambda i: (rng.integers(0, 2 * padding + 1), rng.integers(0, 2 * padding + 1))


def at_times(rng):
    return lambda i: rng.random() < 0.5


@wrong("same-flip-for-all")
def one_flip(images, padding, rng):
    flip = rng.random() < 0.5
    return shifted(images, padding, rng, anywhere(padding, rng), lambda i: flip)


@wrong("same-crop-for-all")
def one_crop(images, padding, rng):
    place = rng.integers(0, 2 * padding + 1, size=2)
    return shifted(images, padding, rng, lambda i: place, at_times(rng))


@wrong("same-crop-for-all + same-flip-for-all")
def one_of_each(images, padding, rng):
    _, _, h, w = images.shape
    if rng.random() < 0.5:
        images = images[..., ::-1]
    wide = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    y, x = rng.integers(0, 2 * padding + 1, size=2)
    return wide[:, :, y : y + h, x : x + w]


@wrong("crop-range-off-by-one")
def last_place_missing(images, padding, rng):
    def top(i):
        return int(rng.random() * 2 * padding), int(rng.random() * 2 * padding)

    return shifted(images, padding, rng, top, at_times(rng))


@wrong("crop-on-diagonal")
def diagonal(images, padding, rng):
    def top(i):
        offset = rng.integers(0, 2 * padding + 1)
        return offset, offset

    return shifted(images, padding, rng, top, at_times(rng))


@wrong("flip-missing")
def never_flipped(images, padding, rng):
    return shifted(images, padding, rng, anywhere(padding, rng), lambda i: False)


@wrong("flip-up-down")
def upside_down(images, padding, rng):
    m, _, h, w = images.shape
    wide = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    out = np.zeros_like(images)
    for i in range(m):
        y, x = rng.integers(0, 2 * padding + 1, size=2)
        out[i] = wide[i, :, y : y + h, x : x + w]
        if rng.random() < 0.5:
            out[i] = out[i][:, ::-1].copy()
    return out


@wrong("padding-not-zero")
def reflected(images, padding, rng):
    return shifted(images, padding, rng, anywhere(padding, rng), at_times(rng), mode="edge")


@wrong("padding-not-zero")
def rolled(images, padding, rng):
    out = np.empty_like(images)
    for i, image in enumerate(images):
        y, x = rng.integers(-padding, padding + 1, size=2)
        out[i] = np.roll(image, (y, x), axis=(1, 2))
        if rng.random() < 0.5:
            out[i] = out[i][:, :, ::-1].copy()
    return out


@wrong("crop-per-channel")
def channels_apart(images, padding, rng):
    m, c, h, w = images.shape
    wide = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    out = np.empty_like(images)
    for i in range(m):
        for k in range(c):
            y, x = rng.integers(0, 2 * padding + 1, size=2)
            out[i, k] = wide[i, k, y : y + h, x : x + w]
        if rng.random() < 0.5:
            out[i] = out[i, :, :, ::-1].copy()
    return out


@wrong("changes-its-input")
def in_place(images, padding, rng):
    out = right_flip_first(images, padding, rng)
    images[:] = out
    return images


@wrong("global-rng-instead-of-rng")
def global_generator(images, padding, rng):
    return shifted(
        images,
        padding,
        rng,
        lambda i: (random.randint(0, 2 * padding), random.randint(0, 2 * padding)),
        lambda i: random.random() < 0.5,
    )


@wrong("global-rng-instead-of-rng")
def numpy_global(images, padding, rng):
    return right_flip_first(images, padding, np.random.default_rng())


@wrong("crop-missing + flip-missing")
def still_padded(images, padding, rng):
    return np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))


@wrong("shift-missing")
def flip_only(images, padding, rng):
    flips = rng.random(len(images)) < 0.5
    return np.where(flips[:, None, None, None], images[..., ::-1], images)


@wrong("places-not-equally-likely")
def rounded(images, padding, rng):
    def top(i):
        return round(rng.uniform(0, 2 * padding)), round(rng.uniform(0, 2 * padding))

    return shifted(images, padding, rng, top, at_times(rng))


@wrong("crop-range-off-by-one + flip-missing")
def two_at_once(images, padding, rng):
    def top(i):
        return int(rng.random() * 2 * padding), int(rng.random() * 2 * padding)

    return shifted(images, padding, rng, top, lambda i: False)


@wrong("returns-none + changes-its-input")
def nothing(images, padding, rng):
    images[:] = shifted(images, padding, rng, anywhere(padding, rng), at_times(rng))


@wrong("raises")
def old_name(images, padding, rng):
    return shifted(images, padding, rng, lambda i: rng.randint(0, 2 * padding + 1, 2), at_times(rng))


@wrong()
def shuffled_as_well(images, padding, rng):
    return rng.permutation(right_flip_first(images, padding, rng))


@wrong("same-flip-for-all + crop-range-off-by-one", "crop-range-off-by-one + same-flip-for-all")
def one_flip_and_last_place_missing(images, padding, rng):
    flip = rng.random() < 0.5

    def top(i):
        return int(rng.random() * 2 * padding), int(rng.random() * 2 * padding)

    return shifted(images, padding, rng, top, lambda i: flip)
