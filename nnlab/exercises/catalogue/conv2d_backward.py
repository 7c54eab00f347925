"""The exercise `conv2d_backward`: the gradients of a convolution."""

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
from nnlab.exercises.checking.probes import ImageSizes, Probe, example


def images(kind: str, s: ImageSizes, padding: int, seed: int) -> Probe:
    """Return a probe of these sizes."""
    rng = np.random.default_rng(seed)
    X, W = images_and_kernels(rng, s)
    h, w = s.h + 2 * padding - s.kh + 1, s.w + 2 * padding - s.kw + 1
    return Probe(described(s, padding), (rng.normal(size=(s.m, s.c_out, h, w)), X, W, padding), kind, sizes=s)


@exercise(
    notebook=11,
    order=3,
    returns="dX, dW, db",
    probes=(
        example(
            np.array([[[[1.0, 10.0]]]]),
            np.array([[[[1.0, 2.0, 4.0]]]]),
            np.array([[[[3.0, -2.0]]]]),
        ),
        example(
            np.array([[[[1.0, 10.0]]]]),
            np.array([[[[2.0, 7.0]], [[5.0, -1.0]]]]),
            np.array([[[[3.0]], [[0.5]]]]),
            label="two channels",
        ),
        example(
            np.array([[[[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]]]]),
            np.array([[[[3.0, 5.0]]]]),
            np.array([[[[1.0, -1.0, 2.0]]]]),
            1,
            label="with padding",
        ),
        images("main", PADDED, 1, seed=0),
        images("main", SMALL, 1, seed=8),
        images("other", WIDELY_PADDED, 2, seed=1),
        images("other", THREE_OF_ALL, 0, seed=2),
        images("other", UNPADDED, 0, seed=3),
        images("other", GRAY, 1, seed=4),
        images("extreme", ImageSizes(m=2, c_in=2, c_out=3, h=3, w=2, kh=3, kw=2), 0, seed=5),
        images("extreme", ImageSizes(m=2, c_in=3, c_out=2, h=3, w=2, kh=1, kw=1), 0, seed=6),
        images("extreme", ImageSizes(m=1, c_in=2, c_out=1, h=4, w=5, kh=3, kw=3), 1, seed=7),
    ),
    hints=(
        "Write the forward pass as a loop over the entries (i, j) of the kernel: each step is a product of "
        "W[:, :, i, j] with a shifted piece of X. Its two gradients are those of a product.",
        "The step for (i, j) gives dW[:, :, i, j] outright, from dY and that piece of X, summed over images "
        "and pixels. For dX it gives a share for just that piece; pieces overlap, so their shares add up.",
        "Make dX as large as the padded X and cut the frame off at the end. The channels meet in W[:, :, i, "
        "j]: for dX the sum runs over the output channels. b has entered every pixel of every image.",
    ),
    why="Each line is the backward pass of one product of the forward pass, for the same piece of the image: "
    "where forward reads, backward adds. Cutting with shape - padding also works where padding is 0.",
)
def conv2d_backward(dY, X, W, padding=0):
    """Return the gradients of a convolution Y = conv2d(X, W, b, padding), given the gradient of Y.

    dY: (m, c_out, h', w'), X: (m, c_in, h, w), W: (c_out, c_in, kh, kw)
    -> dX: (m, c_in, h, w), dW: (c_out, c_in, kh, kw), db: (c_out,).
    """
    X = np.pad(X, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    (h, w), (kh, kw) = dY.shape[2:], W.shape[2:]
    dX, dW = np.zeros_like(X), np.zeros_like(W)
    for i in range(kh):
        for j in range(kw):
            dW[:, :, i, j] = np.einsum("noyx,ncyx->oc", dY, X[:, :, i : i + h, j : j + w])
            dX[:, :, i : i + h, j : j + w] += np.einsum("noyx,oc->ncyx", dY, W[:, :, i, j])
    dX = dX[:, :, padding : X.shape[2] - padding, padding : X.shape[3] - padding]
    return dX, dW, dY.sum(axis=(0, 2, 3))


RETURN = "return dX, dW, dY.sum(axis=(0, 2, 3))"
DB = ", dY.sum(axis=(0, 2, 3))"
DW = "dW[:, :, i, j] = "
PIECE = "X[:, :, i : i + h, j : j + w])"
KERNEL = "dY, W[:, :, i, j]"
FRAME = "dX[:, :, padding : X.shape[2] - padding, padding : X.shape[3] - padding]"
SIDES = "(padding, padding), (padding, padding)"
PAD = f"np.pad(X, ((0, 0), (0, 0), {SIDES}))"

mistake(
    conv2d_backward,
    "kernel-not-flipped-in-backward",
    f"{KERNEL} → dY, W[:, :, kh - 1 - i, kw - 1 - j]",
    alone=(f"{KERNEL} → dY, W[:, :, kh - 1 - i, j]", f"{KERNEL} → dY, W[:, :, i, kw - 1 - j]"),
    says="dX is computed with the kernel the wrong way round. Entry (i, j) of the kernel has carried pixel "
    "(y + i, x + j) to place (y, x); going back it leads from (y, x) to (y + i, x + j). Written as a "
    "convolution of the padded dY, this means a kernel turned by 180 degrees.",
)
mistake(
    conv2d_backward,
    "weight-gradient-flipped",
    f"{DW} → dW[:, :, kh - 1 - i, kw - 1 - j] = ",
    says="dW is the right one, turned by 180 degrees. Only dX needs the flipped kernel: dW[i, j] adds up dY "
    "times the X that stood i rows down and j columns to the right of it.",
)
mistake(
    conv2d_backward,
    "kernel-flipped",
    (
        f"{DW} → dW[:, :, kh - 1 - i, kw - 1 - j] = ",
        f"{KERNEL} → dY, W[:, :, kh - 1 - i, kw - 1 - j]",
    ),
    says="These are the gradients of a convolution with a flipped kernel. Here the forward pass, as in "
    "PyTorch, lays the kernel on the image as it is.",
)
mistake(
    conv2d_backward,
    "overlaps-overwritten",
    "] += np → ] = np",
    ("] += np → ] = np", "range(kh) → reversed(range(kh))", "range(kw) → reversed(range(kw))"),
    alone=(
        (
            "] += np → ] = np",
            "range(kh) → reversed(range(kh))",
            "range(kw) → reversed(range(kw))",
            f"{KERNEL} → dY[:, -1:], W[-1:, :, i, j]",
        ),
    ),
    says="In dX only the last window counts, where windows overlap: each share replaces those before (`=`). "
    "A pixel has entered several outputs, and their gradients add up (`+=`).",
)
mistake(
    conv2d_backward,
    "overlaps-averaged",
    f"{FRAME} → {FRAME} / (kh * kw)",
    alone=(f"{FRAME} → {FRAME} / dY[0, 0].size",),
    says="dX is divided by the number of entries of the kernel, or of places. The shares of all outputs "
    "that a pixel has entered are added up; nothing is averaged.",
)
mistake(
    conv2d_backward,
    "padding-not-removed",
    f"{FRAME} → dX",
    says="dX still has the frame of padding: it is larger than X. The zeros of the frame are no inputs, and "
    "what arrives there is dropped.",
)
mistake(
    conv2d_backward,
    "wrong-part-of-frame-removed",
    f"{FRAME} → dX[:, :, : X.shape[2] - 2 * padding, : X.shape[3] - 2 * padding]",
    alone=(
        f"{FRAME} → dX[:, :, padding:, padding:]",
        f"{FRAME} → dX[:, :, : X.shape[2] - padding, : X.shape[3] - padding]",
        f"{FRAME} → dX[:, :, 2 * padding :, 2 * padding :]",
        f"{FRAME} → dX[:, :, padding : X.shape[2] - padding]",
        f"{FRAME} → dX[:, :, :, padding : X.shape[3] - padding]",
    ),
    says="The frame of padding is cut off in the wrong place, or on some sides only. There are `padding` "
    "rows above and below, and `padding` columns left and right.",
)
mistake(
    conv2d_backward,
    "nothing-left-without-padding",
    f"{FRAME} → dX[:, :, padding:-padding, padding:-padding]",
    says="With padding 0 nothing is left of dX: `padding:-padding` is then `0:0`, an empty slice. Count the "
    "end from the front, or cut only if there is padding.",
)
mistake(
    conv2d_backward,
    "padding-ignored",
    (
        f"{PAD} → X",
        "(h, w), (kh, kw) = dY.shape[2:], W.shape[2:] → kh, kw = W.shape[2:]\n"
        "    h, w = X.shape[2] - kh + 1, X.shape[3] - kw + 1\n    inside = dY[:, :, :h, :w]",
        '->oc", dY, → ->oc", inside,',
        f"{KERNEL} → inside, W[:, :, i, j]",
        f"{FRAME} → dX",
    ),
    alone=(
        (
            f"{PAD} → X",
            "(h, w), (kh, kw) = dY.shape[2:], W.shape[2:] → kh, kw = W.shape[2:]\n"
            "    h, w = X.shape[2] - kh + 1, X.shape[3] - kw + 1\n    dY_all, dY = dY, dY[:, :, :h, :w]",
            f"{FRAME} → dX",
            f"{DB} → , dY_all.sum(axis=(0, 2, 3))",
        ),
        f"{PAD} → X",
        (f"{PAD} → X", f"{FRAME} → dX"),
    ),
    says="The padding does not come in as it should. Forward the kernel has moved over the padded image, "
    "from its upper left corner on, so both dW and dX have to be computed there.",
)
mistake(
    conv2d_backward,
    "padding-once",
    f"{SIDES} → (0, 2 * padding), (0, 2 * padding)",
    alone=(f"{SIDES} → (2 * padding, 0), (2 * padding, 0)",),
    says="The padding is not on all four sides of the image. Forward there were `padding` zeros above, "
    "below, left and right; the gradient belongs to that picture.",
)
mistake(
    conv2d_backward,
    "padded-with-edge",
    f"{SIDES})) → {SIDES}), mode='edge')",
    alone=(
        f"{SIDES})) → {SIDES}), mode='wrap')",
        f"{SIDES})) → {SIDES}), constant_values=1)",
    ),
    says="The padding is not zero: it repeats or wraps around the image's own values, or holds another "
    "number.",
)
mistake(
    conv2d_backward,
    "channels-mixed",
    f"{PIECE} → X.sum(axis=1, keepdims=True)[:, :, i : i + h, j : j + w])",
    f"{KERNEL} → dY, W.sum(axis=1, keepdims=True)[:, :, i, j]",
    alone=(
        f"{KERNEL} → dY.sum(axis=1, keepdims=True), W[:, :, i, j]",
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY.sum(axis=1, keepdims=True), {PIECE}',
    ),
    says="Channels are added up before they meet their own kernels. dW[o, c] comes from output channel o "
    "and input channel c alone; dX[c] adds up over o the products of dY[o] with W[o, c].",
)
mistake(
    conv2d_backward,
    "only-first-channel",
    f"{KERNEL} → dY[:, :1], W[:1, :, i, j]",
    alone=(f"{KERNEL} → dY[:, -1:], W[-1:, :, i, j]",),
    says="A single output channel counts in dX. An input has entered all of them, so their shares add up; "
    "in a loop that takes `+=`.",
)
mistake(
    conv2d_backward,
    "kernel-axes-swapped",
    f"{KERNEL} → dY, W.swapaxes(0, 1)[:, :, i, j]",
    alone=(f"{KERNEL} → dY, W.swapaxes(2, 3)[:, :, i, j]",),
    says="In dX two axes of W are taken for each other. W is (c_out, c_in, kh, kw): dY meets the output "
    "channels, and the sum over them leaves the input channels; rows of the kernel stay rows.",
)
mistake(
    conv2d_backward,
    "weight-gradient-transposed",
    f"dW{DB} → dW.swapaxes(0, 1){DB}",
    alone=(
        f"dW{DB} → dW.swapaxes(2, 3){DB}",
        f"dW{DB} → dW.transpose(1, 0, 3, 2){DB}",
    ),
    says="Axes of dW have changed places. A gradient has the shape of what it belongs to, here W: (c_out, "
    "c_in, kh, kw).",
)
mistake(
    conv2d_backward,
    "double-batch-average",
    f"{RETURN} → return dX, dW / len(X), dY.sum(axis=(0, 2, 3)) / len(X)",
    f"{RETURN} → return dX / len(X), dW / len(X), dY.sum(axis=(0, 2, 3)) / len(X)",
    alone=(
        f"{RETURN} → return dX, dW / len(X), dY.sum(axis=(0, 2, 3))",
        f"{FRAME} → {FRAME} / len(X)",
    ),
    says="The mean over the batch is taken once more. dY carries the 1/m already, so the images only have "
    "to be added up.",
)
mistake(
    conv2d_backward,
    "gradient-averaged-over-pixels",
    f"dW{DB} → dW / (h * w){DB}",
    alone=(
        f"dW{DB} → dW / (h * w * len(X)){DB}",
        f"dW{DB} → dW / (h * w), dY.sum(axis=(0, 2, 3)) / (h * w)",
        f"dW{DB} → dW / (h * w * len(X)), dY.mean(axis=(0, 2, 3))",
        f"dW{DB} → dW / (kh * kw){DB}",
    ),
    says="dW, and perhaps db, is divided by a number of pixels, or of entries of the kernel. A weight has "
    "met every place of every image, and all of these add up: that is what sharing a weight means.",
)
mistake(
    conv2d_backward,
    "weight-gradient-not-summed",
    (
        "dW = np.zeros_like(X), np.zeros_like(W) → dW = np.zeros_like(X), np.zeros((len(X), *W.shape))",
        "dW[:, :, i, j] = → dW[:, :, :, i, j] =",
        "->oc → ->noc",
    ),
    says="dW still has an axis for the images. A kernel is shared by all of them, so their shares add up.",
)
mistake(
    conv2d_backward,
    "gradient-overwritten",
    (
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[-1:], X[-1:, :, i : i + h, j : j + w])',
        "dY.sum(axis=(0, 2, 3)) → dY[-1].sum(axis=(1, 2))",
    ),
    alone=(
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[-1:, :, -1:, -1:], '
        f"{PIECE[:-1]}[-1:, :, -1:, -1:])",
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[-1:], X[-1:, :, i : i + h, j : j + w])',
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[:, :, -1:, -1:], {PIECE[:-1]}[:, :, -1:, -1:])',
        "dY.sum(axis=(0, 2, 3)) → dY[-1].sum(axis=(1, 2))",
        "dY.sum(axis=(0, 2, 3)) → dY[-1, :, -1, -1]",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=0)[:, -1, -1]",
    ),
    says="Only the last image, or the last pixel, counts in dW or db: inside the loop its share replaces "
    "those before (`=`). All of them have to be added up (`+=`).",
)
mistake(
    conv2d_backward,
    "only-first-sample",
    (
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[:1], X[:1, :, i : i + h, j : j + w])',
        "dY.sum(axis=(0, 2, 3)) → dY[0].sum(axis=(1, 2))",
    ),
    alone=(
        f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", dY[:1], X[:1, :, i : i + h, j : j + w])',
        "dY.sum(axis=(0, 2, 3)) → dY[0].sum(axis=(1, 2))",
        f"{FRAME} → {FRAME} * (np.arange(len(X)) == 0)[:, None, None, None]",
    ),
    says="Only the first image counts, by an index `[0]` or by a loop that ends too early. The shares of "
    "all images have to be added up.",
)
mistake(
    conv2d_backward,
    "samples-mixed",
    f"{FRAME} → np.broadcast_to({FRAME}.sum(axis=0), (len(X), *{FRAME}.shape[1:]))",
    alone=(f"{FRAME} → {FRAME}.sum(axis=0)", f"{FRAME} → {FRAME}.sum(axis=0, keepdims=True)"),
    says="dX is added up over the images. Kernels are shared by all images, and their gradients add up; but "
    "each image has a gradient of its own.",
)
mistake(
    conv2d_backward,
    "bias-per-pixel",
    "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=0)",
    alone=(
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 2))",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 3))",
    ),
    says="db still has an entry for each pixel, row or column. The bias of a channel has been added to all "
    "its pixels, so the sum runs over height and width too, and one number for each channel is left.",
)
mistake(
    conv2d_backward,
    "bias-gradient-not-summed",
    "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(2, 3))",
    alone=("dY.sum(axis=(0, 2, 3)) → dY",),
    says="db still has an axis for the images. The bias has entered every image, so the shares of all of "
    "them add up to one number for each output channel.",
)
mistake(
    conv2d_backward,
    "bias-gradient-wrong-axis",
    "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(1, 2, 3))",
    alone=(
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 1, 2))",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 1, 3))",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 1))",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=1)",
    ),
    says="db is summed over the wrong axes. It has one entry for each output channel, axis 1 of dY, so the "
    "sum runs over all the other axes.",
)
mistake(
    conv2d_backward,
    "bias-gradient-summed-over-all",
    "dY.sum(axis=(0, 2, 3)) → dY.sum()",
    says="db is one single number. Each output channel has its own bias and needs its own gradient.",
)
mistake(
    conv2d_backward,
    "bias-gradient-keeps-dims",
    "axis=(0, 2, 3) → axis=(0, 2, 3), keepdims=True",
    alone=(
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 2, 3))[:, None]",
        "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(0, 2, 3))[:, None, None]",
    ),
    says="db has axes of length 1 too many (`keepdims=True`, `[:, None]`): the bias is (c_out,), and so is "
    "its gradient.",
)
mistake(
    conv2d_backward,
    "bias-gradient-averaged",
    "dY.sum( → dY.mean(",
    "dY.sum(axis=(0, 2, 3)) → dY.sum(axis=(2, 3)).mean(axis=0)",
    alone=("dY.sum(axis=(0, 2, 3)) → dY.mean(axis=(2, 3)).sum(axis=0)",),
    says="db is a mean over the images, the pixels, or both. dY carries any 1/m already, and the bias has "
    "entered every pixel: all of them add up.",
)
mistake(
    conv2d_backward,
    "upstream-gradient-dropped",
    f'"noyx,ncyx->oc", dY, {PIECE} → "noyx,ncyx->oc", np.ones_like(dY), {PIECE}',
    "dY.sum(axis=(0, 2, 3)) → np.ones(len(W))",
    alone=(
        f"{KERNEL} → np.ones_like(dY), W[:, :, i, j]",
        "dY.sum(axis=(0, 2, 3)) → np.ones_like(dY).sum(axis=(0, 2, 3))",
    ),
    says="A gradient does not contain dY. It is the layer's own derivative alone; the chain rule multiplies "
    "it by dY, the gradient that comes from above.",
)
mistake(
    conv2d_backward,
    "gradient-sign-flipped",
    f"{RETURN} → return -dX, -dW, -dY.sum(axis=(0, 2, 3))",
    alone=(
        f"{FRAME} → -{FRAME}",
        f"dW{DB} → -dW{DB}",
        "dY.sum( → -dY.sum(",
    ),
    says="A sign is reversed. The minus of gradient descent belongs in the update, and only there.",
)
mistake(
    conv2d_backward,
    "kernel-entry-left-out",
    "for i in range(kh): → for i in range(kh - 1):",
    alone=(
        "for j in range(kw): → for j in range(kw - 1):",
        ("for i in range(kh): → for i in range(kh - 1):", "for j in range(kw): → for j in range(kw - 1):"),
        "for i in range(kh): → for i in range(1, kh):",
        "for j in range(kw): → for j in range(1, kw):",
    ),
    says="Some entries of the kernel never count: look at where your loops or slices begin and end. "
    "`range(n)` already stops at n - 1, and so does a slice.",
)
mistake(
    conv2d_backward,
    "last-places-left-out",
    "for i in → dY = dY * ((np.arange(h) < h - 1)[:, None] & (np.arange(w) < w - 1))\n    for i in",
    alone=(
        (
            "for i in → inside = dY * ((np.arange(h) < h - 1)[:, None] & (np.arange(w) < w - 1))\n"
            "    for i in",
            '"noyx,ncyx->oc", dY → "noyx,ncyx->oc", inside',
            f"{KERNEL} → inside, W[:, :, i, j]",
        ),
    ),
    says="The last row and column of dY never count. Look at where your loops over the places end: "
    "`range(n)` already stops at n - 1.",
)
mistake(
    conv2d_backward,
    "results-in-other-order",
    f"{RETURN} → return dW, dX, dY.sum(axis=(0, 2, 3))",
    alone=(
        f"{RETURN} → return dW, dY.sum(axis=(0, 2, 3)), dX",
        f"{RETURN} → return dX, dY.sum(axis=(0, 2, 3)), dW",
        f"{RETURN} → return dY.sum(axis=(0, 2, 3)), dW, dX",
    ),
    says="The three gradients are all there, but in another order. The caller takes them apart as `dX, dW, "
    "db`.",
)
mistake(
    conv2d_backward,
    "activation-added",
    f"{FRAME} → {FRAME} * (X[:, :, padding : X.shape[2] - padding, padding : X.shape[3] - padding] > 0)",
    says="dX is masked by the sign of X, which is the backward pass of ReLU. Here the layer is the "
    "convolution alone; the activation has its own backward pass.",
)
