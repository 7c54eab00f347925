"""From pen strokes to an image such as a network was trained on: thick enough, in its box, anti-aliased.

A stroke is a list of points (x, y), in 0 … 1 from the top left corner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from nnlab._check import check_array, describe

Strokes = list[list[tuple[float, float]]]
FINE = 8  # each pixel is drawn as so many by so many, then averaged
INK = 0.305  # the mean of every digit of scikit-learn's, whose makers thinned or thickened all to that
TALL, WIDE = 32, 20  # the box of those digits, in a bitmap of 32 × 32
PEN = 2.6  # pixels, in MNIST
MOST = 20_000  # points


def check_strokes(who: str, strokes: Any) -> Strokes:
    """Return strokes as lists of pairs of floats in 0 … 1.

    Raises: TypeError, ValueError for anything else, or more than 20,000 points.
    """
    if not isinstance(strokes, (list, tuple)):
        raise TypeError(f"{who} expected strokes as a list of lists of points, got {describe(strokes)}")
    checked: Strokes = []
    for stroke in strokes:
        points = check_array(who, "a stroke", stroke, shape=("n", 2))
        if points.min() < 0 or points.max() > 1:
            raise ValueError(
                f"{who} expected points in 0 … 1, got {points.min():g} … {points.max():g}; divide by the side"
            )
        checked.append([(float(x), float(y)) for x, y in points])
    if (n := sum(map(len, checked))) > MOST:
        raise ValueError(f"{who} expected at most {MOST:,} points, got {n:,}; clear the pad")
    return checked


def raster(strokes: Strokes, side: int, pen: float) -> np.ndarray:
    """Return strokes, scaled by `side`, as an image (side, side) of 0 … 1; pen: its width in pixels."""
    paper = Image.new("L", (FINE * side, FINE * side))
    draw, radius = ImageDraw.Draw(paper), max(0, FINE * pen / 2 - 0.5)
    for stroke in strokes:  # the middle of Pillow's first pixel is at 0, hence the halves
        points = [(FINE * side * x - 0.5, FINE * side * y - 0.5) for x, y in stroke]
        draw.line(points, fill=255, width=max(1, round(FINE * pen)))
        for x, y in points:  # round ends and bends
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mean_of_blocks(np.asarray(paper, np.float64) / 255, FINE)


def mean_of_blocks(image: np.ndarray, size: int) -> np.ndarray:
    """Return the mean of each block of size × size pixels."""
    height, width = (n // size for n in image.shape)
    return image.reshape(height, size, width, size).mean(axis=(1, 3))


def as_small_digits(strokes: Strokes) -> np.ndarray:
    """Return an image (8, 8) like those of `load_digits`: counted in 4 × 4 blocks of a bitmap of 32 × 32.

    As they were made, the digit fills a box of 20 × 32 unless it is narrow, and the pen is as thick as gives
    every image the same ink.
    """
    thin, thick = 1.0, 16.0
    for _ in range(6):
        pen = (thin + thick) / 2
        bitmap = raster(_into_box(strokes, _small_box(strokes), pen, TALL), TALL, pen)
        thin, thick = (thin, pen) if bitmap.mean() > INK else (pen, thick)
    return np.round(16 * mean_of_blocks(bitmap, 4)) / 16


def _small_box(strokes: Strokes) -> tuple[float, float]:
    width, height = _size(strokes)
    return min(WIDE, 1.5 * TALL * width / max(height, 1e-6)), TALL


def as_mnist(strokes: Strokes) -> np.ndarray:
    """Return an image (28, 28) like those of MNIST: in a box of 20 × 20, its center of mass in the middle."""
    width, height = _size(strokes)
    scale = (20 - PEN) / max(width, height, 1e-6)
    box = PEN + scale * width, PEN + scale * height
    placed = _into_box(strokes, box, PEN, 28)
    X = raster(placed, 28, PEN)
    dx, dy = (0.5 - ((np.arange(28) + 0.5) @ X.sum(axis=axis)) / (28 * X.sum()) for axis in (0, 1))
    return raster([[(x + dx, y + dy) for x, y in stroke] for stroke in placed], 28, PEN)


def _size(strokes: Strokes) -> tuple[float, float]:
    width, height = np.ptp([point for stroke in strokes for point in stroke], axis=0)
    return float(width), float(height)


def _into_box(strokes: Strokes, box: tuple[float, float], pen: float, side: int) -> Strokes:
    """Move and stretch the strokes so that with their pen they fill a box (width, height) in the middle."""
    points = np.array([point for stroke in strokes for point in stroke])
    low, size = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
    room = np.maximum(np.array(box) - pen, 0)
    middle = low + size / 2
    scale = np.where(size > 1e-5, room / size, 0) / side
    return [[tuple(0.5 + (np.array(p) - middle) * scale) for p in stroke] for stroke in strokes]


#: how an image of each shape is prepared
PREPARE: dict[tuple[int, int], Callable[[Strokes], np.ndarray]] = {
    (8, 8): as_small_digits,
    (28, 28): as_mnist,
}
