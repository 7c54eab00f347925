"""The exercise `output_size`: how many places a kernel has along one side of an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe


def counted(f: Function, *args: int) -> dict[str, Any]:
    """Return the size, and whether it is of an integer type."""
    size = f(*args)
    return {"size": size, "an integer": np.asarray(size).dtype.kind in "iu"}


def side(kind: str, n: int, kernel: int, *more: int) -> Probe:
    """Return a probe of one side; `more` is the stride and the padding, where they are given."""
    names = zip(("stride", "padding"), more, strict=False)
    label = ", ".join([f"n = {n}", f"kernel = {kernel}", *(f"{name} = {value}" for name, value in names)])
    return Probe(label, (n, kernel, *more), kind, counted)


@exercise(
    notebook=11,
    order=1,
    returns="size",
    words={"an integer": "The result should be an integer, but it is a float."},
    probes=(
        side("example", 5, 3),
        side("example", 6, 2, 2),
        side("main", 28, 5, 3, 2),
        side("main", 12, 4, 3, 1),
        side("main", 23, 7, 5, 1),
        side("other", 10, 2, 3, 0),
        side("other", 11, 3, 4, 2),
        side("other", 224, 7, 2, 3),
        side("other", 32, 3, 1, 1),
        side("other", 9, 4, 1, 5),
        side("extreme", 9, 9),
        side("extreme", 1, 1),
        side("extreme", 6, 4, 5, 0),
        side("extreme", 5, 5, 2, 1),
    ),
    hints=(
        "Start with a stride of 1 and no padding, and count on paper in how many places a kernel of 3 fits "
        "into a row of 5. Compare with 5 - 3.",
        "Padding only makes the row longer, on both ends. With a stride, the kernel can be moved on from its "
        "first place as often as a whole stride still fits.",
        "Three steps: the length of the padded row; what is left of it when the kernel stands at its first "
        "place; how many whole strides go into what is left. Do not forget the first place itself.",
    ),
    why="What the padded row is longer than the kernel, in whole strides, counts the moves; the 1 is the "
    "place to start from. `//` drops what is too short for another stride, and keeps the result an integer.",
)
def output_size(n, kernel, stride=1, padding=0):
    """Return how many places a kernel has along one side of an image.

    n: the side's length; kernel: the kernel's; stride: the step from one place to the next; padding: zeros
    added at each of the two ends. All are integers, and the kernel fits -> an integer.
    """
    return (n + 2 * padding - kernel) // stride + 1


WHOLE = "(n + 2 * padding - kernel) // stride"

mistake(
    output_size,
    "plus-one-missing",
    "// stride + 1 → // stride",
    says="One place is missing everywhere. The division counts how often the kernel moves on; it also stands "
    "in the place it starts from. A kernel as long as the row has one place.",
)
mistake(
    output_size,
    "plus-one-before-stride",
    f"{WHOLE} + 1 → (n + 2 * padding - kernel + 1) // stride",
    says="The 1 is added before the division. With a stride of 1 that is the same; with a larger one the "
    "place to start from is then counted as part of a move, and gets lost when the rest is dropped.",
)
mistake(
    output_size,
    "plus-one-twice",
    "+ 1 → + 2",
    f"{WHOLE} + 1 → (n + 2 * padding - kernel + 1) // stride + 1",
    says="One place too many is counted. The place to start from is 1; what the division gives is the number "
    "of moves from there, so nothing is to be added to the difference before it.",
)
mistake(
    output_size,
    "padding-once",
    "2 * padding → padding",
    says="The padding is counted once. It is added at both ends of the side, left and right or top and "
    "bottom.",
)
mistake(
    output_size,
    "padding-doubled",
    "2 * padding → 4 * padding",
    "2 * padding → 2 * (2 * padding)",
    "2 * padding → padding**2",
    says="The padding is counted with a wrong factor. Along one side there are two ends, and each of them "
    "gets `padding` zeros.",
)
mistake(
    output_size,
    "padding-ignored",
    " + 2 * padding → ",
    says="The padding does not come in. The kernel slides over the padded image, which is longer at both "
    "ends.",
)
mistake(
    output_size,
    "padding-subtracted",
    "+ 2 * padding → - 2 * padding",
    says="The padding is subtracted. It adds zeros around the image, so there are more places for the "
    "kernel.",
)
mistake(
    output_size,
    "padding-after-stride",
    f"{WHOLE} + 1 → (n - kernel) // stride + 1 + 2 * padding",
    alone=(f"{WHOLE} + 1 → (n - kernel) // stride + 1 + padding",),
    says="The padding is added after the division, as if every zero were one more place. It belongs to the "
    "image: the kernel takes its strides over the zeros too.",
)
mistake(
    output_size,
    "stride-ignored",
    " // stride → ",
    says="The stride does not come in. With a stride of 2 the kernel skips every second place, so about half "
    "of them are left.",
)
mistake(
    output_size,
    "stride-multiplied",
    "// stride → * stride",
    says="The stride multiplies. Longer steps mean fewer places, so it has to divide.",
)
mistake(
    output_size,
    "stride-before-kernel",
    f"{WHOLE} → (n + 2 * padding) // stride - kernel",
    f"{WHOLE} → n // stride + 2 * padding - kernel",
    says="The image is divided by the stride before the kernel is subtracted. The kernel has its full length "
    "whatever the stride is: subtract it first, then divide what is left.",
)
mistake(
    output_size,
    "brackets-missing",
    f"{WHOLE} → n + 2 * padding - kernel // stride",
    f"{WHOLE} → n + (2 * padding - kernel) // stride",
    f"{WHOLE} + 1 → (n + 2 * padding - kernel) // (stride + 1)",
    says="The division takes in too little or too much: it binds more closely than + and -. What is to be "
    "divided is all that is left of the padded side, and by the stride alone.",
)
mistake(
    output_size,
    "floor-missing",
    "// → /",
    says="`/` divides exactly, and gives a float: where the strides do not come out even, a fraction of a "
    "place. What is too short for another stride is dropped, which is what `//` does.",
)
mistake(
    output_size,
    "wrong-type",
    "return → return 1.0 *",
    says="The result is a float, and `np.zeros` or `range` would refuse it as a size. "
    "`np.floor` and `/` give floats; `//` between integers gives an integer.",
)
mistake(
    output_size,
    "rounded-up",
    f"{WHOLE} → -(-(n + 2 * padding - kernel) // stride)",
    f"{WHOLE} → np.ceil((n + 2 * padding - kernel) / stride)",
    says="The division is rounded up. The last place would then reach beyond the end of the padded image; "
    "what is too short for a whole stride is dropped.",
)
mistake(
    output_size,
    "rounded-to-nearest",
    f"{WHOLE} → round((n + 2 * padding - kernel) / stride)",
    f"{WHOLE} + 1 → round((n + 2 * padding - kernel) / stride + 1)",
    f"{WHOLE} → int((n + 2 * padding - kernel) / stride + 0.5)",
    says="The division is rounded to the nearest integer. Half a stride is no place: it is always "
    "rounded down.",
)
mistake(
    output_size,
    "kernel-ignored",
    " - kernel → ",
    alone=(" - kernel → - 1",),
    says="The kernel's length does not come in. A kernel has to lie within the padded image as a whole, so "
    "a longer one has fewer places.",
)
mistake(
    output_size,
    "kernel-added",
    "- kernel → + kernel",
    says="The kernel's length is added. A longer kernel has fewer places, so it has to be subtracted.",
)
mistake(
    output_size,
    "kernel-halved",
    "- kernel → - kernel // 2",
    "- kernel → - 2 * (kernel // 2)",
    "- kernel → - 2 * (kernel // 2) - 1",
    says="The kernel comes in by its half. That is its reach around a middle, and counts the places right "
    "for odd kernels at best; its whole length has to lie within the padded side.",
)
mistake(
    output_size,
    "same-padding-instead",
    f"{WHOLE} + 1 → -(-n // stride)",
    f"{WHOLE} + 1 → n // stride",
    "2 * padding → 2 * (kernel // 2)",
    "2 * padding → kernel - 1",
    says="This is the size under 'same' padding, which is chosen so that a stride of 1 leaves the size as it "
    "is. Here the argument `padding` says how many zeros are added at each end.",
)
mistake(
    output_size,
    "full-padding-instead",
    "2 * padding → 2 * (kernel - 1)",
    says="This is the size under 'full' padding, with kernel - 1 zeros at each end. Here the argument "
    "`padding` says how many there are.",
)
mistake(
    output_size,
    "size-of-the-transposed",
    f"{WHOLE} + 1 → (n - 1) * stride - 2 * padding + kernel",
    says="This is the way back: the size of the image from which a convolution would make n. Forward the "
    "image becomes smaller with every stride, not larger.",
)
mistake(
    output_size,
    "pixels-counted",
    f"{WHOLE} + 1 → ({WHOLE} + 1) ** 2",
    says="The result is squared: that is the number of places in a square image. Asked for is one side.",
)


@mistake(
    output_size,
    "arguments-in-other-order",
    says="Stride and padding have changed places: the function should take `n, kernel, stride, padding`, in "
    "this order. With keywords nothing would show; here they come by position.",
)
def padding_first(n, kernel, padding=0, stride=1):
    """Take the padding where the stride comes."""
    return (n + 2 * padding - kernel) // stride + 1
