"""Images and kernels for the probes of convolution."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.probes import ImageSizes


def described(s: ImageSizes, padding: int) -> str:
    """Return the sizes of a probe in words."""
    images = f"{s.m} image{'s' * (s.m > 1)} of {s.c_in} channel{'s' * (s.c_in > 1)}, {s.h} × {s.w}"
    return f"{images}, {s.c_out} kernel{'s' * (s.c_out > 1)} of {s.kh} × {s.kw}, padding {padding}"


def images_and_kernels(rng: np.random.Generator, s: ImageSizes) -> tuple[np.ndarray, np.ndarray]:
    """Return X (m, c_in, h, w) and W (c_out, c_in, kh, kw)."""
    return rng.normal(size=(s.m, s.c_in, s.h, s.w)), rng.normal(size=(s.c_out, s.c_in, s.kh, s.kw))


# No two sizes of a probe stand for each other, but where all are 3 and no shape gives a mistake away.
# The small one is cheap: on it, most of the known mistakes are ruled out.
PADDED = ImageSizes(m=2, c_in=3, c_out=4, h=4, w=7, kh=2, kw=4)
SMALL = ImageSizes(m=3, c_in=2, c_out=4, h=2, w=5, kh=2, kw=1)
WIDELY_PADDED = ImageSizes(m=3, c_in=2, c_out=5, h=6, w=4, kh=3, kw=2)
THREE_OF_ALL = ImageSizes(m=3, c_in=3, c_out=3, h=4, w=4, kh=2, kw=2)
UNPADDED = ImageSizes(m=2, c_in=2, c_out=3, h=7, w=5, kh=3, kw=1)
GRAY = ImageSizes(m=1, c_in=1, c_out=2, h=5, w=4, kh=2, kw=3)
