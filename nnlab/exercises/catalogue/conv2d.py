"""The exercise `conv2d`: a convolution of images with several kernels."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.catalogue.shared.images import (
    GRAY,
    PADDED,
    SMALL,
    THREE_OF_ALL,
    UNPADDED,
    WIDELY_PADDED,
    described,
    images_and_kernels,
)
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import ImageSizes, Probe, example, extreme


def images(kind: str, s: ImageSizes, padding: int, seed: int) -> Probe:
    """Return a probe of these sizes; those for "bias" have biases of 0."""
    rng = np.random.default_rng(seed)
    X, W = images_and_kernels(rng, s)
    b = rng.normal(size=s.c_out) + 0.5 * (-1) ** np.arange(s.c_out)
    return Probe(described(s, padding), (X, W, 0 * b if kind == "bias" else b, padding), kind, sizes=s)


@exercise(
    notebook=11,
    order=2,
    returns="Y",
    probes=(
        example(
            np.array([[[[1.0, 2.0, 0.0], [0.0, -1.0, 3.0]]]]),
            np.array([[[[1.0, -2.0]]]]),
            np.array([10.0]),
        ),
        example(
            np.array([[[[1.0], [2.0]], [[0.0], [4.0]]]]),
            np.array([[[[1.0], [-1.0]], [[3.0], [0.5]]]]),
            np.array([10.0]),
            label="two channels",
        ),
        example(
            np.array([[[[1.0, 2.0], [3.0, 5.0]]]]),
            np.array([[[[1.0], [-2.0]]]]),
            np.array([0.5]),
            1,
            label="with padding",
        ),
        images("main", PADDED, 1, seed=0),
        images("main", SMALL, 1, seed=11),
        images("bias", PADDED, 1, seed=0),
        images("other", WIDELY_PADDED, 2, seed=1),
        images("other", THREE_OF_ALL, 0, seed=2),
        images("other", UNPADDED, 0, seed=3),
        images("other", GRAY, 1, seed=4),
        extreme(
            "a kernel as large as the image",
            np.random.default_rng(5).normal(size=(2, 2, 3, 2)),
            np.random.default_rng(6).normal(size=(3, 2, 3, 2)),
            np.array([1.0, -1.0, 3.0]),
        ),
        extreme(
            "kernels of a single entry",
            np.random.default_rng(7).normal(size=(2, 3, 3, 2)),
            np.random.default_rng(8).normal(size=(2, 3, 1, 1)),
            np.array([1.0, -2.0]),
        ),
        extreme(
            "a 3 × 3 kernel, padding 1",
            np.random.default_rng(9).normal(size=(1, 2, 4, 5)),
            np.random.default_rng(10).normal(size=(1, 2, 3, 3)),
            np.array([2.0]),
            1,
        ),
    ),
    hints=(
        "Begin with one image, one channel, one kernel and no padding: at each place, multiply the window by "
        "the kernel entry by entry and add up. How many places are there in each direction?",
        "Each output channel has a kernel for every input channel; all their products are added up, and the "
        "bias once. Padding first makes the images larger, with zeros on all four sides.",
        "Rather than going through the places, go through the entries (i, j) of the kernel: X moved by i "
        "rows and j columns, cut to the size of the output, meets W[:, :, i, j], a plain matrix from "
        "channels to channels. `np.pad` takes a pair (before, after) for each axis.",
    ),
    why="The loops run over the few entries of the kernel instead of the many pixels. Entry (i, j) meets "
    "the whole image, moved by i and j, at once, and all channels in one product.",
)
def conv2d(X, W, b, padding=0):
    """Return the convolution of the images X with the kernels W (a cross-correlation), plus b.

    Y[n, o, y, x] = b[o] + sum of W[o, c, i, j] * X[n, c, y + i, x + j] over c, i and j, with zeros around X.
    X: (m, c_in, h, w), W: (c_out, c_in, kh, kw), b: (c_out,) -> Y: (m, c_out, h', w'),
    h' = h + 2 * padding - kh + 1 and w' = w + 2 * padding - kw + 1.
    """
    c_out, _, kh, kw = W.shape
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    h, w = X.shape[2] - kh + 1, X.shape[3] - kw + 1
    Y = np.zeros((len(X), c_out, h, w)) + b[:, None, None]
    for i in range(kh):
        for j in range(kw):
            Y += np.einsum("oc,ncyx->noyx", W[:, :, i, j], X[:, :, i : i + h, j : j + w])
    return Y


SIDES = "(padding, padding), (padding, padding)"
PAD = f"np.pad(X, ((0, 0), (0, 0), {SIDES}))"
B = "b[:, None, None]"
KERNEL = "W[:, :, i, j]"
WINDOW = "X[:, :, i : i + h, j : j + w]"
PRODUCT = f'np.einsum("oc,ncyx->noyx", {KERNEL}, {WINDOW})'

mistake(
    conv2d,
    "kernel-flipped",
    f"{KERNEL} → W[:, :, kh - 1 - i, kw - 1 - j]",
    alone=(f"{KERNEL} → W[:, :, kh - 1 - i, j]", f"{KERNEL} → W[:, :, i, kw - 1 - j]"),
    says="The kernel is flipped. That is the convolution of mathematics; networks, here as in PyTorch, lay "
    "the kernel on the image as it is (a cross-correlation). `scipy.signal.convolve2d` flips it, "
    "`correlate2d` does not.",
)
mistake(
    conv2d,
    "kernel-transposed",
    f"{KERNEL} → W.swapaxes(2, 3)[:, :, i, j]",
    says="The kernel is transposed: its rows meet the columns of the image. With a kernel that is not square "
    "this fails; with a square one, horizontal and vertical edges change places.",
)
mistake(
    conv2d,
    "channels-mixed",
    f"{WINDOW} → {WINDOW}.sum(axis=1, keepdims=True)",
    f"{KERNEL} → W[:, :, i, j].sum(axis=1, keepdims=True)",
    alone=(f"{WINDOW} → {WINDOW}.mean(axis=1, keepdims=True)",),
    says="The input channels, or their kernels, are added up before they meet. Each channel has a kernel of "
    "its own: first the products, channel by channel, then the sum.",
)
mistake(
    conv2d,
    "only-first-channel",
    '"oc,ncyx->noyx", W[:, :, i, j], X[:, : → "oc,ncyx->noyx", W[:, :1, i, j], X[:, :1',
    alone=(
        f"{KERNEL} → W[:, :1, i, j]",
        f"{WINDOW} → {WINDOW}[:, :1]",
        '"oc,ncyx->noyx", W[:, :, i, j], X[:, : → "oc,ncyx->noyx", W[:, -1:, i, j], X[:, -1:',
    ),
    says="A single input channel, or its kernel, stands for all of them. Each output adds up all input "
    "channels, each with its own kernel. In a loop, `=` keeps only the last one, and `return` only the "
    "first.",
)
mistake(
    conv2d,
    "channels-not-summed",
    (
        "np.zeros((len(X), c_out, h, w)) + b[:, None, None] → "
        "np.zeros((len(X), c_out, X.shape[1], h, w)) + b[:, None, None, None]",
        '"oc,ncyx->noyx" → "oc,ncyx->nocyx"',
    ),
    says="The input channels are still apart in the result: it has an axis too many. An output channel adds "
    "up what all input channels give.",
)
mistake(
    conv2d,
    "only-first-kernel",
    f"{KERNEL} → W[:1, :, i, j].repeat(c_out, axis=0)",
    alone=(f"{KERNEL} → W[-1:, :, i, j].repeat(c_out, axis=0)",),
    says="All output channels use the same kernel. W[o] is the kernel of output channel o, with a layer for "
    "each input channel.",
)
mistake(
    conv2d,
    "kernel-axes-swapped",
    f"{KERNEL} → W.swapaxes(0, 1)[:, :, i, j]",
    says="The first two axes of W are taken for each other. W is (c_out, c_in, kh, kw): the outputs come "
    "first.",
)
mistake(
    conv2d,
    "bias-omitted",
    f" + {B} → ",
    says="The bias is missing. Each output channel adds its own b to every pixel.",
)
mistake(
    conv2d,
    "bias-per-pixel",
    f"{B} → {B} * kh * kw * W.shape[1]",
    f"{B} → {B} * kh * kw",
    f"{B} → {B} * W.shape[1]",
    alone=(
        f"Y += {PRODUCT} → Y += {PRODUCT} + {B}",
        f"{B} → {B} * kh",
    ),
    says="The bias is added too often: once for each entry of the kernel, or for each input channel. It "
    "belongs outside these loops, once for each pixel of the output.",
)
mistake(
    conv2d,
    "bias-added-twice",
    f"{B} → 2 * {B}",
    says="The bias is counted twice. A layer would learn half of it and hide the slip, but its gradient is "
    "then off by a factor of 2.",
)
mistake(
    conv2d,
    "bias-wrong-axis",
    f"{B} → b",
    alone=(
        f"{B} → b[:, None]",
        f"{B} → b[:, None, None, None]",
    ),
    says="The bias runs along the wrong axis. NumPy lines shapes up from the right, so a plain b of shape "
    "(c_out,) goes along the width. It belongs to the output channels, axis 1 of four.",
)
mistake(
    conv2d,
    "one-bias-for-all",
    f"{B} → b[0]",
    alone=(
        f"{B} → b.sum()",
        f"{B} → b.mean()",
    ),
    says="All output channels get the same bias. b has one entry for each.",
)
mistake(
    conv2d,
    "bias-sign-flipped",
    f"+ {B} → - {B}",
    says="The bias is subtracted. Training would learn the opposite bias and hide the slip, but weights "
    "taken from elsewhere would give other outputs.",
)
mistake(
    conv2d,
    "bias-multiplied",
    (f" + {B} → ", f"return Y → return Y * {B}"),
    says="The result is multiplied by the bias. It is added, once to each pixel of its output channel.",
)
mistake(
    conv2d,
    "output-padded",
    (f"{PAD} → X", "return Y → return np.pad(Y, ((0, 0), (0, 0), (padding, padding), (padding, padding)))"),
    says="The result is padded, not the images. The zeros have to be there before the kernel comes, so that "
    "it can reach over the edge; around the result they are only a frame.",
)
mistake(
    conv2d,
    "padding-ignored",
    f"{PAD} → X",
    says="The padding does not come in. It lays zeros around each image, so that the kernel can also stand "
    "over the edge, and the result is larger.",
)
mistake(
    conv2d,
    "padding-once",
    f"{SIDES} → (padding, 0), (padding, 0)",
    f"{SIDES} → (padding, padding), (0, 0)",
    f"{SIDES} → (0, padding), (0, padding)",
    alone=(
        f"{SIDES} → (0, 0), (padding, padding)",
        f"{SIDES} → (0, 2 * padding), (0, 2 * padding)",
        f"{SIDES} → (2 * padding, 0), (2 * padding, 0)",
        f"{SIDES} → (padding, 0), (0, 0)",
        f"{SIDES} → (0, 0), (padding, 0)",
        f"{SIDES} → (0, padding), (0, 0)",
        f"{SIDES} → (0, 0), (0, padding)",
        f"{SIDES} → (padding, 0), (0, padding)",
        f"{SIDES} → (0, padding), (padding, 0)",
        "h, w = X.shape[2] - kh + 1, X.shape[3] - kw + 1 → "
        "h, w = X.shape[2] - kh + 1 - padding, X.shape[3] - kw + 1 - padding",
    ),
    says="The padding is not on all four sides: on one side of each axis only, on one axis only, or the "
    "sizes count it once. Every image gets `padding` zeros above, below, left and right.",
)
mistake(
    conv2d,
    "padding-doubled",
    f"{SIDES} → (2 * padding, 2 * padding), (2 * padding, 2 * padding)",
    says="The padding is twice as wide as it should be: `padding` counts the zeros on each side.",
)
mistake(
    conv2d,
    "padding-off-by-one",
    f"{SIDES} → (1, 1), (1, 1)",
    alone=(
        f"{SIDES} → (padding + 1, padding + 1), (padding + 1, padding + 1)",
        f"{SIDES} → (max(padding - 1, 0),) * 2, (max(padding - 1, 0),) * 2",
        f"{SIDES} → (min(padding, 1),) * 2, (min(padding, 1),) * 2",
    ),
    says="The width of the padding is not the one asked for: it is off by one, or the same whatever the "
    "argument says. There are `padding` zeros on every side, and none where it is 0.",
)
mistake(
    conv2d,
    "padding-on-all-axes",
    f"{PAD} → np.pad(X, padding)[:, : X.shape[1]]",
    alone=(
        f"{PAD} → np.pad(X, padding)",
        f"{PAD} → np.pad(X, ((padding, padding), (0, 0), (padding, padding), (padding, padding)))",
        f"{PAD} → np.pad(X, ((0, 0), (padding, padding), (padding, padding), (padding, padding)))",
    ),
    says="The padding is laid around all four axes: a single number tells `np.pad` to add empty images and "
    "empty channels as well. Only height and width are padded; give a pair for each axis.",
)
mistake(
    conv2d,
    "padded-with-edge",
    f"{SIDES})) → {SIDES}), mode='edge')",
    alone=(
        f"{SIDES})) → {SIDES}), mode='wrap')",
        f"{SIDES})) → {SIDES}), constant_values=1)",
        f"{SIDES})) → {SIDES}), mode='reflect')",
        f"{SIDES})) → {SIDES}), mode='symmetric')",
    ),
    says="The padding is not zero: it repeats, mirrors or wraps around the image's own values, or holds "
    "another number.",
)
mistake(
    conv2d,
    "same-padding-instead",
    f"{SIDES} → (kh // 2, kh // 2), (kw // 2, kw // 2)",
    alone=(
        f"{SIDES} → ((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2)",
        f"{SIDES} → (kh // 2, (kh - 1) // 2), (kw // 2, (kw - 1) // 2)",
    ),
    says="The padding follows from the kernel, so that the result is about as large as the image ('same'). "
    "Here the argument `padding` says how many zeros there are.",
)
mistake(
    conv2d,
    "full-padding-instead",
    f"{SIDES} → (kh - 1, kh - 1), (kw - 1, kw - 1)",
    says="The kernel stands wherever it overlaps the image by a single entry ('full'). Here the argument "
    "`padding` says how far it may reach over the edge.",
)
mistake(
    conv2d,
    "output-size-without-padding",
    "return Y → return Y[:, :, : h - 2 * padding, : w - 2 * padding]",
    says="The result has the size that it would have without padding. Compute h' and w' from the padded "
    "images: two times padding larger.",
)
mistake(
    conv2d,
    "plus-one-missing",
    "X.shape[2] - kh + 1, X.shape[3] - kw + 1 → X.shape[2] - kh, X.shape[3] - kw",
    alone=("X.shape[2] - kh + 1 → X.shape[2] - kh", "X.shape[3] - kw + 1 → X.shape[3] - kw"),
    says="The result is one row or column too small: the last place of the kernel is missing. A kernel as "
    "large as the image has one place, so there are height - kh + 1 of them.",
)
mistake(
    conv2d,
    "window-averaged",
    f"Y += {PRODUCT} → Y += {PRODUCT} / (kh * kw)",
    alone=(
        "return Y → return (Y / (kh * kw))",
        f"Y += {PRODUCT} → Y += {PRODUCT} / (kh * kw * W.shape[1])",
        f"Y += {PRODUCT} → Y += {PRODUCT} / W.shape[1]",
        "return Y → return (Y / (kh * kw * W.shape[1]))",
        "return Y → return (Y / W.shape[1])",
    ),
    says="The products are averaged over the kernel or over the channels. A convolution adds them up; how "
    "large the sum gets is a matter of the weights.",
)
mistake(
    conv2d,
    "max-instead-of-sum",
    (
        "np.zeros((len(X), c_out, h, w)) + b[:, None, None] → np.full((len(X), c_out, h, w), -np.inf)",
        f"Y += {PRODUCT} → Y = np.maximum(Y, {PRODUCT})",
        "return Y → return Y + b[:, None, None]",
    ),
    alone=(
        (
            "np.zeros((len(X), c_out, h, w)) + b[:, None, None] → np.full((len(X), c_out, h, w), -np.inf)",
            f"Y += {PRODUCT} → products = {KERNEL}[:, :, None, None] * {WINDOW}[:, None]\n"
            "            Y = np.maximum(Y, products.max(axis=2))",
            "return Y → return Y + b[:, None, None]",
        ),
    ),
    says="The largest product of each window is taken. A convolution adds all of them up; the maximum comes "
    "with pooling.",
)
mistake(
    conv2d,
    "sum-overwritten",
    f"Y += → Y = {B} +",
    alone=(
        (f"Y += → Y = {B} +", "W[:, :, i, j], X[:, : → W[:, -1:, i, j], X[:, -1:"),
        f"Y += {PRODUCT} → Y = {PRODUCT}",
        "for i in range(kh): → for i in range(kh - 1, kh):",
        "for j in range(kw): → for j in range(kw - 1, kw):",
    ),
    says="Only the last entries of the kernel count: inside the loop each product replaces those before "
    "(`=`), where all of them have to be added up (`+=`).",
)
mistake(
    conv2d,
    "kernel-entry-left-out",
    "for i in range(kh): → for i in range(kh - 1):",
    alone=(
        ("for i in range(kh): → for i in range(kh - 1):", "for j in range(kw): → for j in range(kw - 1):"),
        "for j in range(kw): → for j in range(kw - 1):",
        "for i in range(kh): → for i in range(1, kh):",
        "for j in range(kw): → for j in range(1, kw):",
        "for i in range(kh): → for i in range(1):",
        "for j in range(kw): → for j in range(1):",
    ),
    says="Some entries of the kernel never count: look at where your loops or slices begin and end. "
    "`range(n)` already stops at n - 1, and so does a slice.",
)
mistake(
    conv2d,
    "windows-not-overlapping",
    "return Y → return Y[:, :, ::kh, ::kw]",
    alone=("return Y → return Y[:, :, ::2, ::2]",),
    says="The kernel takes larger steps than one. Here the stride is 1: it stands at every place, and "
    "neighboring windows overlap.",
)
mistake(
    conv2d,
    "axes-swapped",
    "return Y → return Y.swapaxes(2, 3)",
    says="Rows and columns of the result have changed places. Height comes before width, in and out.",
)
mistake(
    conv2d,
    "channels-last",
    "return Y → return Y.transpose(0, 2, 3, 1)",
    alone=(
        "return Y → return Y.swapaxes(0, 1)",
        "return Y → return Y.transpose(1, 2, 3, 0)",
    ),
    says="The axes of the result are in another order. In this course, as in PyTorch, images are (m, "
    "channels, height, width).",
)
mistake(
    conv2d,
    "only-first-image",
    "return Y → return Y[:1]",
    alone=(
        "return Y → return Y[0]",
        "return Y → Y[1:] = 0\n    return Y",
        "return Y → return Y[-1:]",
    ),
    says="Only one image comes back. X is a batch, and each of its images has a result: (m, c_out, h', w').",
)
mistake(
    conv2d,
    "samples-mixed",
    "return Y → return np.zeros_like(Y) + Y.sum(axis=0) - (len(Y) - 1) * b[:, None, None]",
    alone=("return Y → return Y.sum(axis=0) - (len(Y) - 1) * b[:, None, None]",),
    says="The images of the batch are added up. What comes out for one image must not depend on the others: "
    "the sum runs over channels and kernel entries only.",
)
mistake(
    conv2d,
    "activation-added",
    "return Y → return np.maximum(Y, 0)",
    says="An activation is applied to the result. A convolution is the linear part alone; the activation "
    "comes after it, as a layer of its own.",
)
mistake(
    conv2d,
    "last-places-left-out",
    "return Y → Y[:, :, -1] = 0\n    Y[:, :, :, -1] = 0\n    return Y",
    alone=("return Y → Y[:, :, -1] = 0\n    return Y", "return Y → Y[:, :, :, -1] = 0\n    return Y"),
    says="The last row or column of the result stays 0. Look at where your loops over the places end: "
    "`range(n)` already stops at n - 1.",
)
