"""The exercise `max_pool`: the largest value of each window."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def maps(kind: str, shape: tuple[int, int, int, int], *size: int, seed: int) -> Probe:
    """Return a probe with images of that shape; without `size` the default is used."""
    m, c, h, w = shape
    label = (
        f"{m} image{'s' * (m > 1)} of {c} channel{'s' * (c > 1)}, {h} × {w}, size {size[0] if size else 2}"
    )
    return Probe(label, (np.random.default_rng(seed).normal(size=shape), *size), kind)


@exercise(
    notebook=11,
    order=4,
    returns="Y",
    probes=(
        example(np.array([[[[1.0, 3.0, -1.0, 0.0], [2.0, -4.0, -2.0, -3.0]]]])),
        example(-np.array([[[[5.0, 1.0], [2.0, 7.0]], [[3.0, 8.0], [6.0, 4.0]]]]), label="negative values"),
        maps("main", (3, 2, 4, 10), seed=0),
        maps("other", (2, 4, 6, 9), 3, seed=1),
        maps("other", (4, 3, 8, 4), 4, seed=2),
        maps("other", (1, 1, 10, 5), 5, seed=3),
        maps("other", (2, 2, 4, 4), seed=4),
        extreme("negative values only", -np.arange(1.0, 49.0).reshape(2, 2, 2, 6)[..., ::-1]),
        extreme("windows of one entry", np.random.default_rng(5).normal(size=(2, 3, 2, 3)), 1),
        extreme("one window", np.random.default_rng(6).normal(size=(2, 3, 3, 3)) - 3, 3),
        extreme("values near zero", np.array([[[[-1e-9, -3e-9, 0.0, -1e-9], [-2e-9, -4e-9, -2e-9, 0.0]]]])),
        extreme("equal values in a window", np.array([[[[2.0, 2.0, -1.0, -1.0], [2.0, 1.0, -1.0, -1.0]]]])),
    ),
    hints=(
        "The windows do not overlap: window (y, x) holds the rows from y · size on and the columns from "
        "x · size on, size of each.",
        "Either loop over the windows, and take the maximum of a slice over its last two axes, so that "
        "images and channels stay. Or split both sides with one reshape: h into (h / size, size), and w "
        "likewise.",
        "After that reshape an entry has six indices: image, channel, window's row, row inside it, window's "
        "column, column inside it. Take the maximum over those that lie inside a window; `axis` may be a "
        "pair.",
    ),
    why="A reshape splits each side into which window and where inside it, without moving a number; the "
    "maximum then runs over the two axes that say where inside.",
)
def max_pool(X, size=2):
    """Return the largest value of each window of size x size.

    The windows do not overlap; h and w are multiples of size.
    X: (m, c, h, w) -> Y: (m, c, h / size, w / size).
    """
    m, c, h, w = X.shape
    windows = X.reshape(m, c, h // size, size, w // size, size)
    return windows.max(axis=(3, 5))


SPLIT = "X.reshape(m, c, h // size, size, w // size, size)"
INSIDE = "windows.max(axis=(3, 5))"

mistake(
    max_pool,
    "mean-instead-of-max",
    ".max( → .mean(",
    says="The windows are averaged. That is average pooling; max pooling keeps the largest value, the "
    "strongest answer of the kernel anywhere in the window.",
)
mistake(
    max_pool,
    "sum-instead-of-max",
    ".max( → .sum(",
    says="The entries of each window are added up. Max pooling keeps the largest of them.",
)
mistake(
    max_pool,
    "median-instead-of-max",
    "windows.max(axis=(3, 5)) → np.median(windows, axis=(3, 5))",
    says="The result is the median of each window. Max pooling keeps the largest entry.",
)
mistake(
    max_pool,
    "min-instead-of-max",
    ".max( → .min(",
    says="The smallest value of each window comes back, where the largest is asked for.",
)
mistake(
    max_pool,
    "first-instead-of-max",
    f"{INSIDE} → windows[:, :, :, 0, :, 0]",
    f"{INSIDE} → windows[:, :, :, size - 1, :, size - 1]",
    f"{INSIDE} → windows[:, :, :, 0].max(axis=4)",
    f"{INSIDE} → windows[..., 0].max(axis=3)",
    f"{INSIDE} → np.maximum(windows[:, :, :, 0, :, 0], windows[:, :, :, size - 1, :, size - 1])",
    says="Not all entries of a window are looked at: one of them, one row or column, or one diagonal stands "
    "for the rest. A window has size × size entries, and the largest may be any of them.",
)
mistake(
    max_pool,
    "edge-of-window-left-out",
    f"{INSIDE} → windows[:, :, :, : max(size - 1, 1), :, : max(size - 1, 1)].max(axis=(3, 5))",
    alone=(
        f"{INSIDE} → windows[:, :, :, : max(size - 1, 1)].max(axis=(3, 5))",
        f"{INSIDE} → windows[..., : max(size - 1, 1)].max(axis=(3, 5))",
    ),
    says="The last row or the last column of each window is left out. A slice ends before its second number, "
    "so `a : a + size` already has size entries.",
)
mistake(
    max_pool,
    "negative-values-lost",
    f"{INSIDE} → np.maximum({INSIDE}, 0)",
    says="Negative maxima come out as 0: the search starts from 0, or a ReLU has been added. Where all of a "
    "window is negative, the largest value is negative too; start from the window's first entry, or from "
    "-inf.",
)
mistake(
    max_pool,
    "largest-magnitude",
    f"{SPLIT} → abs(X).reshape(m, c, h // size, size, w // size, size)",
    "return windows.max(axis=(3, 5)) → low, high = windows.min(axis=(3, 5)), windows.max(axis=(3, 5))\n"
    "    return np.where(-low > high, low, high)",
    says="The entry that is largest in magnitude is taken, so -5 beats 3. The maximum is the largest number.",
)
mistake(
    max_pool,
    "windows-overlap",
    f"{SPLIT} → np.lib.stride_tricks.sliding_window_view(X, (size, size), axis=(2, 3)).swapaxes(3, 4)",
    says="The window moves on by one entry, so that windows overlap and the result is nearly as large as the "
    "input. Here each window begins where the one before ends: the stride is size.",
)
mistake(
    max_pool,
    "stride-typed-in",
    f"{SPLIT} → np.lib.stride_tricks.sliding_window_view(X, (size, size), axis=(2, 3))[:, :, ::2, ::2]"
    ".swapaxes(3, 4)",
    says="The windows have the right size, but begin at every second row and column, whatever `size` is. "
    "They do not overlap if each begins where the one before ends: the stride is size.",
)
mistake(
    max_pool,
    "windows-overlap-cut-off",
    f"{SPLIT} → np.lib.stride_tricks.sliding_window_view(X, (size, size), axis=(2, 3)).swapaxes(3, 4)"
    "[:, :, : h // size, :, : w // size]",
    says="The window moves on by one entry only, so the result is about a corner of "
    "the image. Window (y, x) begins at row y · size and column x · size.",
)
mistake(
    max_pool,
    "windows-torn",
    (f"{SPLIT} → X.reshape(m, c, size, h // size, size, w // size)", "axis=(3, 5) → axis=(2, 4)"),
    f"{SPLIT} → X.reshape(m, c, h // size, w // size, size, size).swapaxes(3, 4)",
    f"{SPLIT} → X.reshape(m, c, size, size, h // size, w // size).transpose(0, 1, 4, 2, 5, 3)",
    (f"{SPLIT} → X.reshape(m, c, h // size, w // size, size * size)", "axis=(3, 5) → axis=4"),
    alone=(
        f"{SPLIT} → X.reshape(m, c, h // size, size, size, w // size).swapaxes(4, 5)",
        f"{SPLIT} → X.reshape(m, c, size, h // size, w // size, size).swapaxes(2, 3)",
    ),
    says="The windows hold entries that are not neighbors in the image. A reshape only cuts the row of "
    "numbers in memory into pieces, the last axis first: h splits into (h / size, size) and w into (w / "
    "size, size), each in its own place, and what is inside a window comes second.",
)
mistake(
    max_pool,
    "maximum-over-wrong-axes",
    "axis=(3, 5) → axis=(2, 4)",
    "axis=(3, 5) → axis=(2, 3)",
    "axis=(3, 5) → axis=(4, 5)",
    "axis=(3, 5) → axis=(3, 4)",
    says="The maximum runs over the wrong axes. After the reshape there are six: image, channel, window's "
    "row, row inside it, window's column, column inside it. Those inside have to go, and the others to stay.",
)
mistake(
    max_pool,
    "one-direction-only",
    "axis=(3, 5) → axis=3",
    "axis=(3, 5) → axis=5",
    f"{INSIDE} → windows.max(axis=3).reshape(m, c, h // size, w)",
    f"{INSIDE} → windows.max(axis=5).reshape(m, c, h, w // size)",
    says="The maximum is taken along one direction only, over the rows or over the columns. A window extends "
    "in both.",
)
mistake(
    max_pool,
    "channels-mixed",
    "axis=(3, 5) → axis=(1, 3, 5)",
    f"{INSIDE} → windows.max(axis=(1, 3, 5), keepdims=True)[..., 0][:, :, :, 0] + np.zeros((1, c, 1, 1))",
    says="The maximum runs over the channels too. Each channel is pooled by itself: it answers another "
    "question.",
)
mistake(
    max_pool,
    "samples-mixed",
    "axis=(3, 5) → axis=(0, 3, 5)",
    "axis=(3, 5) → axis=(0, 1, 3, 5)",
    f"{INSIDE} → np.maximum(windows.max(axis=(0, 1, 3, 5)), np.full((m, c, 1, 1), -np.inf))",
    alone=(f"{INSIDE} → np.maximum(windows.max(axis=(0, 3, 5)), np.full((m, 1, 1, 1), -np.inf))",),
    says="The maximum runs over all images of the batch. What comes out for one of them must not depend on "
    "the others.",
)
mistake(
    max_pool,
    "last-windows-left-out",
    "return windows.max(axis=(3, 5)) → Y = windows.max(axis=(3, 5))\n"
    "    Y[:, :, -1] = Y[:, :, :, -1] = 0\n    return Y",
    alone=(
        "return windows.max(axis=(3, 5)) → Y = windows.max(axis=(3, 5))\n    Y[:, :, -1] = 0\n    return Y",
        "return windows.max(axis=(3, 5)) → Y = windows.max(axis=(3, 5))\n    Y[..., -1] = 0\n    return Y",
        f"{INSIDE} → windows.max(axis=(3, 5))[:, :, :-1, :-1]",
    ),
    says="The last row or the last column of windows is left out. Look at where your loops end: `range(n)` "
    "already stops at n - 1.",
)
mistake(
    max_pool,
    "whole-image-pooled",
    "axis=(3, 5) → axis=(2, 3, 4, 5)",
    f"{INSIDE} → X.max(axis=(2, 3), keepdims=True) + np.zeros((m, c, h // size, w // size))",
    alone=(f"{INSIDE} → X.max(axis=(2, 3), keepdims=True)",),
    says="There is one maximum for the whole image: that is global pooling. Each window has its own.",
)
mistake(
    max_pool,
    "place-instead-of-value",
    f"{INSIDE} → windows.swapaxes(3, 4).reshape(m, c, h // size, w // size, size * size).argmax(axis=-1)",
    says="The result holds the places of the maxima (`argmax`). Asked for are the values themselves; the "
    "places come back in the backward pass.",
)
mistake(
    max_pool,
    "pooled-map-repeated",
    f"{INSIDE} → {INSIDE}.repeat(size, axis=2).repeat(size, axis=3)",
    f"{INSIDE} → np.broadcast_to(windows.max(axis=(3, 5), keepdims=True), windows.shape).reshape(X.shape)",
    says="Each value stands size × size times, so the image has kept its size. "
    "One entry for each window is enough.",
)
mistake(
    max_pool,
    "result-keeps-dims",
    "axis=(3, 5) → axis=(3, 5), keepdims=True",
    says="Axes of length 1 are left (`keepdims=True`). The next layer expects four axes.",
)
mistake(
    max_pool,
    "axes-swapped",
    f"{INSIDE} → {INSIDE}.swapaxes(2, 3)",
    says="Rows and columns of the result have changed places. Height comes before width, in and out.",
)
mistake(
    max_pool,
    "channels-last",
    f"{INSIDE} → {INSIDE}.transpose(0, 2, 3, 1)",
    (
        "m, c, h, w = X.shape → m, h, w, c = X.shape",
        f"{SPLIT} → X.reshape(m, h // size, size, w // size, size, c)",
        "axis=(3, 5) → axis=(2, 4)",
    ),
    says="The channels are taken to be the last axis. In this course, as in PyTorch, images are (m, "
    "channels, height, width).",
)
mistake(
    max_pool,
    "argument-replaced-by-its-default",
    "m, c, h, w = X.shape → size = 2\n    m, c, h, w = X.shape",
    "m, c, h, w = X.shape → size, X = 2, X[:, :, : X.shape[2] // 2 * 2, : X.shape[3] // 2 * 2]\n"
    "    m, c, h, w = X.shape",
    says="The window is always 2 × 2. That is the default of `size`; the caller may ask for another.",
)
mistake(
    max_pool,
    "size-taken-for-number-of-windows",
    f"{SPLIT} → X.reshape(m, c, size, h // size, size, w // size)",
    says="The image is cut into size × size windows. `size` is the side of a window, and the number of "
    "windows is h / size by w / size.",
)
mistake(
    max_pool,
    "only-first-image",
    "return windows → return windows[:1]",
    "return windows → return windows[0:1, 0:1]",
    says="Only the first image, or the first channel, comes back. Every image has its result, and in it "
    "every channel.",
)
