"""Handwritten digits: scikit-learn's small ones, and MNIST in every layout it is handed around in."""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn.datasets
from sklearn.model_selection import train_test_split

from nnlab._check import check_dtype
from nnlab.datasets.locate import find

NPZ, CSV, OPENML_CSV, IDX = "mnist.npz", "train.csv", "mnist_784.csv", "train-images-idx3-ubyte"
# The folders are Kaggle's (<input>/[competitions/]digit-recognizer) and torchvision's (MNIST/raw).
FILENAMES = (
    *(NPZ, CSV, f"digit-recognizer/{CSV}", f"competitions/digit-recognizer/{CSV}", OPENML_CSV),
    *(f"{folder}{IDX}{gz}" for folder in ("", "MNIST/raw/") for gz in ("", ".gz")),
)
REMEDY = "replace the file, or get MNIST anew with `python -m nnlab data get mnist`"
#: The part kept for testing where a layout has no test images of its own.
TEST_SHARE = 0.2

# Grey images (m, height, width) of 0 … 255 and labels (m,): for training, then for testing or None.
Images = tuple[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray | None]


@dataclass(frozen=True, eq=False)
class Digits:
    """Images as rows of pixels in [0, 1], and the digit that each shows; printing it says whence they came.

    X: (m, height * width), y: (m,) integers 0 … 9; X_test and y_test likewise.
    """

    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    image_shape: tuple[int, int]
    source: str
    #: read from files of MNIST, not the small digits that scikit-learn carries
    is_real: bool
    #: nothing here is ever made up: the small digits are handwritten too
    simulated: bool = False

    def __str__(self) -> str:
        height, width = self.image_shape
        return (
            f"{len(self.y):,} + {len(self.y_test):,} test digits of {height}×{width} pixels · {self.source}"
        )


def load_digits(*, dtype: Any = np.float64) -> Digits:
    """Return scikit-learn's 1,797 digits of 8×8 pixels, a fifth for testing (Alpaydin and Kaynak 1998)."""
    dtype = check_dtype("load_digits", dtype)
    bunch = sklearn.datasets.load_digits()
    source = "embedded: scikit-learn's small digits, not MNIST"
    return _digits((bunch.images, bunch.target, None, None), 16, dtype, source, is_real=False)


def load_mnist(
    path: str | os.PathLike[str] | None = None, *, download: bool = False, dtype: Any = np.float64
) -> Digits:
    """Return MNIST (LeCun et al. 1998) from `path` or the places searched, or scikit-learn's small digits.

    Read are Keras' mnist.npz, Kaggle's train.csv, OpenML's mnist_784.csv and the IDX files, plain or .gz.
    With download=True, and only then, MNIST that is not found is fetched from OpenML into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults.
    """
    dtype = check_dtype("load_mnist", dtype)
    found = find(path, *FILENAMES)
    if found is None and download:
        from nnlab.datasets.download import get  # only a download needs the network code

        get("mnist")
        found = find(path, *FILENAMES)
    if found is None:
        return load_digits(dtype=dtype)
    images = _reader(found.path)(found.path)
    return _digits(images, 255, dtype, f"real: {found.label}", is_real=True)


def _digits(images: Images, white: int, dtype: np.dtype, source: str, *, is_real: bool) -> Digits:
    train, y, test, y_test = images
    if test is None or y_test is None:
        # Drawn with a fixed seed, evenly over the digits, so that the test images are the same for everybody.
        train, test, y, y_test = train_test_split(train, y, test_size=TEST_SHARE, stratify=y, random_state=0)
    rows = []
    for part in (train, test):
        X = part.reshape(len(part), -1).astype(dtype)
        X /= white
        rows.append(X)
    height, width = train.shape[1:]
    return Digits(
        rows[0], y.astype(np.int64), rows[1], y_test.astype(np.int64), (height, width), source, is_real
    )


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
    wanted = ("x_train", "y_train", "x_test", "y_test")
    try:
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise ValueError("it holds a single array")
        with archive:
            missing = [name for name in wanted if name not in archive]
            if missing:
                raise ValueError(f"it lacks {', '.join(missing)}")
            x_train, y_train, x_test, y_test = (archive[name] for name in wanted)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        # What is neither an archive nor an array, np.load takes for a pickle, and refuses.
        raise ValueError(
            f"{path}: expected an archive of {', '.join(wanted)}, but {error}; {REMEDY}"
        ) from None
    _check_images(path, "x_train", x_train, "y_train", y_train)
    _check_images(path, "x_test", x_test, "y_test", y_test)
    return x_train, y_train, x_test, y_test


def read_csv(path: Path) -> Images:
    """Return the images of a CSV with a column label (or class) and 784 of pixels, as Kaggle's train.csv."""
    try:
        frame = pd.read_csv(path)
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        UnicodeDecodeError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        raise ValueError(f"{path}: expected a CSV table, but {str(error).strip()}; {REMEDY}") from None
    label = "class" if "class" in frame else "label"
    pixels = [name for name in frame if str(name).startswith("pixel")]
    if label not in frame or len(pixels) != 784 or frame.shape[1] != 785:
        raise ValueError(
            f"{path}: expected the columns label, pixel0 … pixel783, got {frame.shape[1]} columns "
            f"that begin with {', '.join(map(str, frame.columns[:3]))}; {REMEDY}"
        )
    if frame.empty:
        raise ValueError(f"{path}: expected rows below the header, got none; {REMEDY}")
    numbers = frame.apply(pd.to_numeric, errors="coerce")
    good = numbers.notna() & (numbers % 1 == 0)
    if not good.to_numpy().all():
        row, column = np.argwhere(~good.to_numpy())[0]
        raise ValueError(
            f"{path}, line {row + 2}, column {frame.columns[column]}: expected a whole number, "
            f"got {frame.iat[row, column]!r}{' (cut short here?)' if row == len(frame) - 1 else ''}; {REMEDY}"
        )
    images = numbers[pixels].to_numpy(dtype=np.int64).reshape(-1, 28, 28)
    labels = numbers[label].to_numpy(dtype=np.int64)
    _check_images(path, "pixels", images, label, labels)
    return images.astype(np.uint8), labels, None, None


def read_idx_folder(path: Path) -> Images:
    """Return the images of the four IDX files that lie together; `path` is that of the training images."""
    if "t10k" in path.name:
        path = path.with_name(path.name.replace("t10k", "train"))
    files = {}
    for part in ("train", "t10k"):
        for what, dimensions in (("images", 3), ("labels", 1)):
            name = (
                path.name.replace("train", part).replace("images", what).replace("idx3", f"idx{dimensions}")
            )
            files[part, what] = read_idx(path.with_name(name), dimensions)
        _check_images(path, f"{part} images", files[part, "images"], f"{part} labels", files[part, "labels"])
    return (
        files["train", "images"],
        files["train", "labels"],
        files["t10k", "images"],
        files["t10k", "labels"],
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Return the bytes of an IDX file as an array.

    The format: two zero bytes, 8 for unsigned bytes, the number of dimensions; each size as 4 bytes, the
    highest first; then the numbers themselves.
    """
    if not path.is_file():
        raise FileNotFoundError(
            f"expected the four IDX files side by side, but {path} is not there; {REMEDY}"
        )
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole .gz file, but {error}; {REMEDY}") from None
    if content[:4] != bytes([0, 0, 8, dimensions]):
        raise ValueError(
            f"{path}: expected an IDX file of {dimensions} dimensions, which begins with 0 0 8 {dimensions}, "
            f"got {' '.join(map(str, content[:4])) or 'an empty file'}; {REMEDY}"
        )
    start = 4 + 4 * dimensions
    shape = np.frombuffer(content[4:start].ljust(4 * dimensions, b"\0"), dtype=">u4").astype(int)
    expected = int(np.prod(shape))
    if len(content) - start != expected:
        raise ValueError(
            f"{path}: expected {expected:,} bytes of data, got {max(len(content) - start, 0):,}; {REMEDY}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _check_images(path: Path, x_name: str, x: np.ndarray, y_name: str, y: np.ndarray) -> None:
    """Raise ValueError unless x holds grey 28×28 images of 0 … 255 and y a digit for each."""
    if x.ndim != 3 or x.shape[1:] != (28, 28) or x.dtype.kind not in "iu" or len(x) == 0:
        raise ValueError(
            f"{path}: expected {x_name} as (m, 28, 28) whole numbers, got {x.shape} {x.dtype}; {REMEDY}"
        )
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: expected {y_name} as ({len(x)},) whole numbers, got {y.shape} {y.dtype}; {REMEDY}"
        )
    for name, values, high in ((y_name, y, 9), (x_name, x, 255)):
        if values.min() < 0 or values.max() > high:
            bad = np.argwhere((values < 0) | (values > high))[0]
            raise ValueError(
                f"{path}, image {bad[0]}: expected {name} in 0 … {high}, got {values[tuple(bad)]}; {REMEDY}"
            )
