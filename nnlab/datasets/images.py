"""Images: scikit-learn's small handwritten digits, and MNIST in every layout it is handed around in."""

from __future__ import annotations

import io
import itertools
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn.datasets
from sklearn.model_selection import train_test_split

from nnlab._check import check_dtype
from nnlab._files import whole_file
from nnlab._terminal import as_typed
from nnlab.datasets.fetch import BY_HAND, fetch_openml
from nnlab.datasets.locate import cache_folder
from nnlab.datasets.reading import brief, check_images, cut_short, read_arrays, read_bytes, records, shown
from nnlab.datasets.registry import Dataset, Loaded, register

NPZ, CSV, IDX = "mnist.npz", "train.csv", "train-images-idx3-ubyte"
NPZ_NAMES = ("x_train", "y_train", "x_test", "y_test")
LABEL_NAMES = ("label", "class")
#: What the columns of pixels are called, in the order of the image, by Kaggle's competition, by OpenML, and
#: in the mnist_train.csv on Kaggle.
PIXEL_NAMES = (
    [f"pixel{i}" for i in range(784)],
    [f"pixel{i}" for i in range(1, 785)],
    [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)],
)
SMALL_DIGITS = "embedded: scikit-learn's small digits, not MNIST"
GET = f"get MNIST with `{as_typed('data get mnist')}`"
REMEDY = f"remove it and {GET}"
#: The part kept for testing where a layout has no test images of its own.
TEST_SHARE = 0.2

# Grey images (m, height, width) of 0 … 255 and labels (m,): for training, then for testing or None.
Images = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Digits(Loaded):
    """Images as rows of pixels in [0, 1], the digit that each shows, and where they came from.

    X: (m, height * width), y: (m,) integers 0 … 9; X_test and y_test likewise.
    `is_real` is True for MNIST. Nothing is ever `simulated`: the small digits are handwritten, too.
    """

    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    image_shape: tuple[int, int]

    @property
    def summary(self) -> str:
        height, width = self.image_shape
        return f"{len(self.y):,} + {len(self.y_test):,} test digits of {height}×{width} pixels"


def load_digits(*, dtype: Any = np.float64) -> Digits:
    """Return scikit-learn's 1,797 digits of 8×8 pixels, a fifth for testing (Alpaydin and Kaynak 1998)."""
    dtype = check_dtype("load_digits", dtype)
    bunch = sklearn.datasets.load_digits()
    return _digits((bunch.images, bunch.target, None, None), 16, dtype, SMALL_DIGITS, is_real=False)


def load_mnist(
    path: str | os.PathLike[str] | None = None, *, download: bool = False, dtype: Any = np.float64
) -> Digits:
    """Return MNIST (LeCun et al. 1998) from `path` or the places searched, or scikit-learn's small digits.

    It reads Keras' mnist.npz, CSV files with a label and 784 pixels in each row, and the four IDX files.
    With download=True, and only then, MNIST that is not found is fetched from OpenML into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults.
    """
    dtype = check_dtype("load_mnist", dtype)
    found = MNIST.find(path, download=download)
    if found is None:
        return load_digits(dtype=dtype)
    images = _reader(found.path)(found.path)
    return _digits(images, 255, dtype, f"real: {found.label}", is_real=True)


def _digits(images: Images, white: int, dtype: np.dtype, source: str, *, is_real: bool) -> Digits:
    train, y, test, y_test = images
    if test is None or y_test is None:
        train, test, y, y_test = _hold_out(train, y)
    X, X_test = (part.reshape(len(part), -1).astype(dtype) for part in (train, test))
    X /= white
    X_test /= white
    y, y_test = y.astype(np.int64), y_test.astype(np.int64)
    return Digits(X, y, X_test, y_test, train.shape[1:], source=source, is_real=is_real)


def _hold_out(images: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Split off test images, as many of each digit as its share, where there are enough for that."""
    counts = np.unique(y, return_counts=True)[1]
    enough = counts.min() >= 2 and math.ceil(TEST_SHARE * len(y)) >= len(counts)
    # With a fixed seed, so that the test images are the same for everybody.
    return train_test_split(images, y, test_size=TEST_SHARE, stratify=y if enough else None, random_state=0)


def _reader(path: Path) -> Callable[[Path], Images]:
    name = path.name.lower()
    if name.endswith(".npz"):
        return read_npz
    if name.endswith((".csv", ".csv.gz")):
        return read_csv
    if "images" in name and "ubyte" in name:
        return read_idx_folder
    raise ValueError(f"{path}: expected an .npz, a .csv or the IDX file {IDX}, plain or .gz; {REMEDY}")


def read_npz(path: Path) -> Images:
    """Return the images of an .npz in Keras' layout: x_train, y_train, x_test, y_test."""
    x_train, y_train, x_test, y_test = read_arrays(path, NPZ_NAMES, REMEDY)
    _check_images(path, "x_train", x_train, "y_train", y_train)
    _check_images(path, "x_test", x_test, "y_test", y_test)
    return x_train, y_train, x_test, y_test


def read_csv(path: Path) -> Images:
    """Return the images of a CSV with a label and 784 pixels in each row, the columns in any order.

    Without a header, the label comes first, and the pixels follow row by row.
    """
    content = read_bytes(path, REMEDY)
    rows = records(content, path, REMEDY)  # also checks the width of every row, which pandas does not
    line, names = next(rows)
    headless = len(names) == 785 and all(map(_is_number, names))
    label, pixels = (0, list(range(1, 785))) if headless else _columns(names, line, path)
    if (m := sum(1 for _ in rows) + headless) < 2:
        raise ValueError(f"{path}: expected two rows or more, to train and to test, got {m}; {REMEDY}")
    try:
        numbers = pd.read_csv(
            io.BytesIO(content), header=None if headless else 0, names=range(785), index_col=False,
            dtype=np.float64, na_filter=False, encoding="utf-8-sig",
        ).to_numpy()  # fmt: skip
    except ValueError:  # something is not a number
        numbers = np.full((1, 785), np.nan)
    high = np.full(785, 255)
    high[label] = 9
    if not ((numbers >= 0) & (numbers <= high) & (numbers == np.floor(numbers))).all():
        raise _wrong_number(content, headless, high, path)
    labels, images = numbers[:, label].astype(np.int64), numbers.astype(np.uint8)[:, pixels]
    # The last pixel of MNIST is always 0, so this is not it, but a label.
    if headless and not labels.any() and images[:, -1].any():
        raise ValueError(f"{path}: expected a header, or the label first in each row; {REMEDY}")
    return images.reshape(-1, 28, 28), labels, None, None


def _is_number(text: str) -> bool:
    """Whether pandas reads text as a number: unlike Python, not 1_000, nor the digits of other scripts."""
    try:
        return text.isascii() and "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def _columns(names: list[str], line: int, path: Path) -> tuple[int, list[int]]:
    """Return the position of the label's column, and those of the pixels' in the order of the image."""
    position = {name.strip().lower(): i for i, name in enumerate(names)}
    for label, pixels in itertools.product(LABEL_NAMES, PIXEL_NAMES):
        if len(names) == 785 and position.keys() == {label, *pixels}:
            return position[label], [position[name] for name in pixels]
    raise ValueError(
        f"{path}, line {line}: expected the columns label, pixel0 … pixel783, "
        f"got {brief(', '.join(names[:3]), 60)} … ({len(names)} in all); {REMEDY}"
    )


def _wrong_number(content: bytes, headless: bool, high: np.ndarray, path: Path) -> ValueError:
    """Return the error for the first field that is not a whole number from 0 to that column's highest."""
    rows = records(content, path, REMEDY)
    names = [f"{i + 1}" for i in range(785)] if headless else next(rows)[1]
    for line, record in rows:
        for name, text, highest in zip(names, record, high, strict=True):
            if not (_is_number(text) and float(text) % 1 == 0 and 0 <= float(text) <= highest):
                cut = cut_short(next(rows, None) is None)
                return ValueError(
                    f"{path}, line {line}, column {name}: expected a whole number from 0 to {highest}, "
                    f"got {shown(text, is_number=_is_number(text))}{cut}; {REMEDY}"
                )
    return ValueError(f"{path}: expected digits alone in every field; {REMEDY}")


def read_idx_folder(path: Path) -> Images:
    """Return the images of the four IDX files that lie together; `path` is that of one with images."""
    files = {}
    for part in ("train", "t10k"):
        for what, dimensions in (("images", 3), ("labels", 1)):
            name = path.name.replace("train", part).replace("t10k", part)
            name = name.replace("images", what).replace("idx3", f"idx{dimensions}")
            files[part, what] = read_idx(path.with_name(name), dimensions)
        _check_images(path, f"{part} images", files[part, "images"], f"{part} labels", files[part, "labels"])
    return (
        files["train", "images"],
        files["train", "labels"],
        files["t10k", "images"],
        files["t10k", "labels"],
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the bytes of an IDX file as an array; it may be packed with gzip, whatever its name.

    The format: two zero bytes, 8 for unsigned bytes, the number of dimensions; each size as 4 bytes, the
    highest first; then the numbers themselves.
    """
    if not path.is_file():  # some browsers unpack a .gz on the way, and some do not
        path = path.with_suffix("") if path.suffix == ".gz" else path.with_name(f"{path.name}.gz")
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the four IDX files side by side, but {path} is not there; add it, or {GET}"
        )
    content = read_bytes(path, REMEDY)
    if content[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(
            f"{path}: expected an IDX file of {dimensions} dimensions, which begins with 0 0 8 {dimensions}, "
            f"got {' '.join(map(str, content[:4])) or 'an empty file'}; {REMEDY}"
        )
    start = 4 + 4 * dimensions
    sizes = content[4:start].ljust(4 * dimensions, b"\0")
    # Python's integers: the product of damaged sizes may be larger than an int64.
    shape = [int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4)]
    expected = math.prod(shape)
    if len(content) - start != expected:
        raise ValueError(
            f"{path}: expected {expected:,} bytes of data, got {max(len(content) - start, 0):,}; {REMEDY}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _check_images(path: Path, x_name: str, x: np.ndarray, y_name: str, y: np.ndarray) -> None:
    """Raise ValueError unless x holds grey 28×28 images of 0 … 255 and y a digit for each."""
    check_images(path, x_name, x, y_name, y, (28, 28), REMEDY)


def _fetch(url: str, progress: bool, timeout: float) -> Path:
    """Fetch MNIST from OpenML and keep it in Keras' layout; the last 10,000 images are the test set."""
    target = cache_folder() / NPZ
    if target.is_file():
        return target
    pixels, labels = fetch_openml("mnist_784", "MNIST", progress, timeout)
    if pixels.shape != (70_000, 784):
        raise ValueError(
            f"OpenML sent MNIST of shape {pixels.shape}, expected (70000, 784); try again, or {BY_HAND}"
        )
    images, y = pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)
    _check_images(target, "images", images, "labels", y)
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as file:
        arrays = (images[:60_000], y[:60_000], images[60_000:], y[60_000:])
        np.savez_compressed(file, allow_pickle=False, **dict(zip(NPZ_NAMES, arrays, strict=True)))
    return target


MNIST = register(
    Dataset(
        name="mnist",
        title="handwritten digits, MNIST",
        license="CC BY-SA 3.0",
        # The folders are Kaggle's, <input>/[competitions/]digit-recognizer, and torchvision's, MNIST/raw.
        files=(
            *(NPZ, CSV, f"digit-recognizer/{CSV}", f"competitions/digit-recognizer/{CSV}"),
            *("mnist_784.csv", "mnist_train.csv"),
            *(
                f"{folder}{name}{packed}"
                for folder in ("", "MNIST/raw/")
                for name in (IDX, IDX.replace("-idx3", ".idx3"))
                for packed in ("", ".gz")
            ),
        ),
        embedded=SMALL_DIGITS,
        load=load_mnist,
        fetch=_fetch,
    )
)
