"""The exercise `max_pool_backward`: the gradient of max pooling."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def maps(kind: str, shape: tuple[int, int, int, int], *size: int, seed: int, levels: int = 0) -> Probe:
    """Return a probe with images of that shape, rounded to a few levels if asked, so that maxima tie."""
    rng, (m, c, h, w), step = np.random.default_rng(seed), shape, size[0] if size else 2
    X = rng.normal(size=shape) - 0.5
    if levels:
        X = np.round(levels * X) / levels
    label = f"{m} image{'s' * (m > 1)} of {c} channel{'s' * (c > 1)}, {h} × {w}, size {step}"
    label += ", with equal values" * bool(levels)
    return Probe(label, (rng.normal(size=(m, c, h // step, w // step)), X, *size), kind)


@exercise(
    notebook=11,
    order=5,
    returns="dX",
    probes=(
        example(
            np.array([[[[10.0, 20.0]]]]), np.array([[[[1.0, 3.0, -1.0, -5.0], [2.0, -4.0, -2.0, -3.0]]]])
        ),
        example(
            np.array([[[[10.0]]]]),
            np.array([[[[1.0, 3.0], [3.0, 2.0]]]]),
            label="the largest value stands in two places",
        ),
        maps("main", (3, 2, 4, 10), seed=0),
        maps("other", (2, 4, 6, 9), 3, seed=1),
        maps("other", (1, 1, 8, 4), 4, seed=2),
        maps("other", (2, 2, 4, 4), seed=4),
        maps("other", (2, 3, 6, 3), 3, seed=3, levels=1),
        extreme(
            "a window of equal values",
            np.array([[[[3.0, -4.0]], [[5.0, 2.0]]]]),
            np.array([[[[0.0, 0.0, 1.0, -1.0], [0.0, 0.0, 1.0, 1.0]], [[-2.0, -2.0, -3.0, -1.0]] * 2]]),
        ),
        extreme(
            "the maximum of a window also stands in another one",
            np.array([[[[3.0, -4.0]], [[5.0, 2.0]]]]),
            np.array([[[[4.0, 1.0, 3.0, 4.0], [3.0, 2.0, 5.0, 0.0]], [[1.0, 5.0, 2.0, 1.0]] * 2]]),
        ),
        extreme("windows of one entry", np.array([[[[2.0, -1.0]]]]), np.array([[[[-3.0, 4.0]]]]), 1),
        extreme(
            "values near zero",
            np.array([[[[2.0, -1.0]]]]),
            np.array([[[[-1e-9, -3e-9, 0.0, -1e-9], [-2e-9, -4e-9, 1e-9, -1e-9]]]]),
        ),
        extreme("a gradient of 0", np.array([[[[0.0, -1.0]]]]), np.array([[[[1.0, 2.0, 4.0, 3.0]] * 2]])),
    ),
    hints=(
        "Only the entry that won its window has reached Y; the others could change a little without any "
        "effect. So dX is 0 almost everywhere.",
        "X[:, :, i::size, j::size] holds entry (i, j) of every window at once, in the shape of dY. Compare "
        "it with the maxima.",
        "Go through the entries (i, j) of a window in reading order. Keep a mask of the windows that have "
        "not found their maximum yet, so that an equal value that comes later gets nothing.",
    ),
    why="Every slice X[:, :, i::size, j::size] has the shape of dY, so one comparison serves all windows, "
    "images and channels; `waiting` sees to it that of equal values only the first counts.",
)
def max_pool_backward(dY, X, size=2):
    """Return the gradient of max pooling's input, given the gradient of its output.

    dY goes to the place of each window's maximum; where several are equal, all of it goes to the first in
    reading order. dY: (m, c, h / size, w / size), X: (m, c, h, w) -> dX: (m, c, h, w).
    """
    m, c, h, w = dY.shape
    largest = X.reshape(m, c, h, size, w, size).max(axis=(3, 5))
    dX, waiting = np.zeros_like(X), np.full(dY.shape, True)
    for i in range(size):
        for j in range(size):
            won = waiting & (X[:, :, i::size, j::size] == largest)
            dX[:, :, i::size, j::size] = dY * won
            waiting = waiting & ~won
    return dX


WON = "waiting & (X[:, :, i::size, j::size] == largest)"
LARGEST = "X.reshape(m, c, h, size, w, size).max(axis=(3, 5))"
REPEATED = "dY.repeat(size, axis=2).repeat(size, axis=3)"
TIES = "sum(X[:, :, a::size, b::size] == largest for a in range(size) for b in range(size))"

mistake(
    max_pool_backward,
    "gradient-to-all-maxima",
    "won = waiting & → won =",
    says="Where the largest value of a window stands in several places, each of them gets dY. That is more "
    "than came in: only one of them is passed on, and as in PyTorch it is the first in reading order. After "
    "a ReLU, with its many zeros, this happens often.",
)
mistake(
    max_pool_backward,
    "gradient-shared-by-maxima",
    (f"{WON} → X[:, :, i::size, j::size] == largest", f"dY * won → dY * won / {TIES}"),
    says="Where the largest value of a window stands in several places, dY is shared out between them. That "
    "would be a subgradient too, but here, as in PyTorch, the first in reading order gets it all.",
)
mistake(
    max_pool_backward,
    "last-maximum",
    ("in range(size): → in reversed(range(size)):",),
    says="Of several equally large values the last one gets dY. The first in reading order should: left to "
    "right, then top to bottom, as `argmax` has it.",
)
mistake(
    max_pool_backward,
    "first-in-another-order",
    ("for i in → for J in", "for j in → for i in", "for J in → for j in"),
    "for i in range(size): → for i in reversed(range(size)):",
    "for j in range(size): → for j in reversed(range(size)):",
    says="Of several equally large values the wrong one gets dY: the window is not gone through in reading "
    "order. The first row comes first, from left to right, then the next one.",
)
mistake(
    max_pool_backward,
    "ties-get-nothing",
    (f"{WON} → (X[:, :, i::size, j::size] == largest) & ({TIES} == 1)",),
    says="Where the largest value of a window stands in several places, none of them gets anything. The "
    "first in reading order should get all of dY.",
)
mistake(
    max_pool_backward,
    "gradient-spread",
    "dY * won → dY / size**2",
    says="Each entry of a window gets an equal share of dY. That is the gradient of average pooling; of a "
    "maximum only the largest entry gets something, and it gets all.",
)
mistake(
    max_pool_backward,
    "mask-missing",
    "dY * won → dY",
    says="Every entry of a window gets all of dY. Only the largest has reached the output, so all the others "
    "should get 0.",
)
mistake(
    max_pool_backward,
    "mask-inverted",
    "dY * won → dY * ~won",
    "dY * won → dY * (X[:, :, i::size, j::size] != largest)",
    says="The mask is the wrong way round: the largest entry gets 0, and the others get dY.",
)
mistake(
    max_pool_backward,
    "gradient-to-first-entry",
    f"{WON} → (i == j == 0) & (X[:, :, i::size, j::size] < np.inf)",
    says="dY always goes to the upper left entry of the window, wherever the largest one is.",
)
mistake(
    max_pool_backward,
    "gradient-divided",
    "return dX → return (dX / size**2)",
    "return dX → return (dX / size)",
    "return dX → return (dX / len(X))",
    says="dY arrives at the right entries, but divided. Nothing is averaged here: the largest entry gets all "
    "of dY, which carries any 1/m already.",
)
mistake(
    max_pool_backward,
    "upstream-gradient-dropped",
    "dY * won → won",
    says="The result is the mask of the largest entries alone. The chain rule multiplies it by dY, the "
    "gradient that comes from above.",
)
mistake(
    max_pool_backward,
    "values-instead-of-gradient",
    "dY * won → X[:, :, i::size, j::size] * won",
    "dY * won → dY * X[:, :, i::size, j::size] * won",
    says="The values of X come into the gradient. The largest entry is passed on as it is, with slope 1: it "
    "decides only where dY goes.",
)
mistake(
    max_pool_backward,
    "maximum-of-the-whole-map",
    f"{LARGEST} → X.max(axis=(2, 3), keepdims=True)",
    f"{LARGEST} → X.max()",
    f"{LARGEST} → X.max(axis=(1, 2, 3), keepdims=True)",
    (f"{LARGEST} → X.max(axis=(2, 3), keepdims=True)", "won = waiting & → won ="),
    alone=((f"{LARGEST} → X.max()", "won = waiting & → won ="),),
    says="The entries are compared with the largest of the whole map, or of the whole batch, so most windows "
    "get nothing. Each window has a maximum of its own.",
)
mistake(
    max_pool_backward,
    "mask-by-sign",
    f"{WON} → X[:, :, i::size, j::size] > 0",
    f"{WON} → X[:, :, i::size, j::size] >= 0",
    says="The mask asks which entries are positive, which is the backward pass of ReLU. Here it has to ask "
    "which entry is the largest of its window.",
)
mistake(
    max_pool_backward,
    "negative-values-lost",
    f"{LARGEST} → np.maximum({LARGEST}, 0)",
    f"{WON} → waiting & (X[:, :, i::size, j::size] == largest) & (largest > 0)",
    says="Windows without a positive entry get no gradient: the search for the maximum starts from 0. A "
    "negative number can be the largest; start from the window's first entry, or from -inf.",
)
mistake(
    max_pool_backward,
    "min-instead-of-max",
    ".max( → .min(",
    says="dY goes to the smallest entry of each window. The largest has reached the output.",
)
mistake(
    max_pool_backward,
    "largest-magnitude",
    ("X.reshape → abs(X).reshape", "(X[ → (abs(X)["),
    says="dY goes to the entry that is largest in magnitude, so -5 beats 3. The maximum is the largest "
    "number.",
)
mistake(
    max_pool_backward,
    "windows-torn",
    (
        f"{LARGEST} → X.reshape(m, c, size, h, size, w).max(axis=(2, 4))",
        "i::size, j::size → i * h : (i + 1) * h, j * w : (j + 1) * w",
    ),
    "return dX → return dX.reshape(m, c, h, size, w, size).swapaxes(3, 4).reshape(X.shape)",
    (
        f"{LARGEST} → X.reshape(m, c, h, w, size * size).max(axis=4)",
        "dX[:, :, i::size, j::size] → dX.reshape(m, c, h, w, size * size)[..., size * i + j]",
        "X[:, :, i::size, j::size] → X.reshape(m, c, h, w, size * size)[..., size * i + j]",
    ),
    says="The windows hold entries that are not neighbors in the image, or come back in another order than "
    "they were cut. A reshape only cuts the row of numbers in memory into pieces, the last axis first; undo "
    "the steps in reverse, with the axes back in their old order.",
)
mistake(
    max_pool_backward,
    "place-transposed",
    "dX[:, :, i::size, j::size] → dX[:, :, j::size, i::size]",
    says="Row and column inside the window have changed places, so dY goes to the mirror image of the "
    "largest entry's place. `unravel_index` and `divmod(place, size)` give the row first.",
)
mistake(
    max_pool_backward,
    "window-offset-missing",
    "dX[:, :, i::size, j::size] = dY * won → dX[:, :, i, j] += (dY * won).sum(axis=(2, 3))",
    alone=("dX[:, :, i::size, j::size] = dY * won → dX[:, :, i : i + h, j : j + w] += dY * won",),
    says="The place inside the window is taken for the place in the image, so all gradients arrive in its "
    "upper left corner. Window (y, x) begins at row y · size and column x · size: add that.",
)


@mistake(
    max_pool_backward,
    "windows-overlap",
    says="The window moves on by one entry only, so dY arrives in another window than it came from. Window "
    "(y, x) begins at row y · size and column x · size.",
)
def moved_by_one(dY, X, size=2):
    """Look for the maximum of window (y, x) from row y and column x on."""
    dX = np.zeros_like(X)
    for n, c, y, x in np.ndindex(dY.shape):
        window = X[n, c, y : y + size, x : x + size]
        i, j = np.unravel_index(window.argmax(), window.shape)
        dX[n, c, y + i, x + j] += dY[n, c, y, x]
    return dX


mistake(
    max_pool_backward,
    "gradient-sign-flipped",
    "= dY * won → = -dY * won",
    says="The sign is reversed. The minus of gradient descent belongs in the update, and only there.",
)
mistake(
    max_pool_backward,
    "gradient-keeps-pooled-shape",
    "return dX → return dX[:, :, :h, :w]",
    "return dX → return dX.reshape(m, c, h, size, w, size).sum(axis=(3, 5))",
    says="The result has the shape of dY. A gradient has the shape of what it belongs to, here X.",
)
mistake(
    max_pool_backward,
    "argument-replaced-by-its-default",
    "m, c, h, w = dY.shape → size = 2\n    m, c, h, w = dY.shape",
    alone=(
        (
            f"{LARGEST} → X[:, :, : 2 * h, : 2 * w].reshape(m, c, h, 2, w, 2).max(axis=(3, 5))",
            "range(size) → range(2)",
            "i::size, j::size → i : 2 * h : 2, j : 2 * w : 2",
        ),
    ),
    says="The window is always 2 × 2. That is the default of `size`; the caller may ask for another.",
)
mistake(
    max_pool_backward,
    "windows-skipped",
    "return dX → dX[:, :, -size:] = 0\n    return dX",
    "return dX → dX[:, :, :, -size:] = 0\n    return dX",
    alone=("return dX → dX[:, :, -size:] = 0\n    dX[:, :, :, -size:] = 0\n    return dX",),
    says="The last row or the last column of windows gets no gradient. Look at where your loop ends: "
    "`range(n)` already stops at n - 1.",
)
mistake(
    max_pool_backward,
    "channels-mixed",
    f"{LARGEST} → X.reshape(m, c, h, size, w, size).max(axis=(1, 3, 5))[:, None]",
    says="The entries are compared with the largest of all channels. Each channel is pooled by itself, and "
    "gets its own gradient.",
)
mistake(
    max_pool_backward,
    "samples-mixed",
    f"{LARGEST} → X.reshape(m, c, h, size, w, size).max(axis=(0, 3, 5))[None]",
    says="The entries are compared with the largest over all images of the batch. Each image has its own.",
)
mistake(
    max_pool_backward,
    "only-first-image",
    "return dX → dX[1:] = 0\n    return dX",
    "return dX → dX[:, 1:] = 0\n    return dX",
    says="Only the first image, or the first channel, gets a gradient. All of them have been pooled.",
)
