"""Color images: CIFAR-10 in every layout it is handed around in, and colored shapes where it is not found."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
import types
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._check import check_dtype
from nnlab._terminal import as_typed
from nnlab.datasets.fetch import fetch_file
from nnlab.datasets.locate import Found
from nnlab.datasets.reading import brief, check_images, read_arrays, read_bytes
from nnlab.datasets.registry import Dataset, Loaded, register
from nnlab.datasets.shapes import SHAPES, make_shapes

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVE = "cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
NPZ_NAMES = ("x_train", "y_train", "x_test", "y_test")
BATCHES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
EMBEDDED = "simulated: colored shapes, drawn by nnlab, not CIFAR-10"
REMEDY = f"remove it and get CIFAR-10 with `{as_typed('data get cifar10')}`"
ROW = 1 + 3 * 32 * 32  # bytes of an image in a binary file: its label, then red, green and blue, row by row
#: An honest batch has 31 MB; a damaged or hostile one must not fill the memory.
LARGEST = 200_000_000

Part = tuple[np.ndarray, np.ndarray]  # images (m, 3, 32, 32) of 0 … 255, labels (m,)


@dataclass(frozen=True, eq=False)
class ColorImages(Loaded):
    """Color images in [0, 1], the class that each shows, and where they came from.

    X: (m, 3, height, width), the channels red, green, blue; y: (m,) integers, an index of `classes`; X_test
    and y_test likewise.
    """

    X: np.ndarray = field(repr=False)
    y: np.ndarray = field(repr=False)
    X_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    classes: tuple[str, ...]

    @property
    def summary(self) -> str:
        height, width = self.X.shape[2:]
        sizes = f"{len(self.y):,} + {len(self.y_test):,} test images"
        return f"{sizes} of {height}×{width} pixels in color, {len(self.classes)} classes"


def load_cifar10(
    path: str | os.PathLike[str] | None = None, *, download: bool = False, dtype: Any = np.float32
) -> ColorImages:
    """Return CIFAR-10 (Krizhevsky 2009) from `path` or the places searched, or else colored shapes.

    It reads the published archives, packed or unpacked, in Python's and in the binary version, and an .npz in
    Keras' layout. Python's version consists of pickles, which are programs: only arrays, lists, text and
    numbers are taken from them, and anything else is refused before it runs. dtype is float32 unless you ask
    for float64: all of CIFAR-10 takes 0.7 GB in float32.
    With download=True, and only then, what is not found is fetched into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults.
    """
    dtype = check_dtype("load_cifar10", dtype)
    found = CIFAR10.find(path, download=download)
    if found is None:
        X, y = make_shapes(4000, rng=np.random.default_rng(10), dtype=dtype)
        return ColorImages(X[:3000], y[:3000], X[3000:], y[3000:], SHAPES, source=EMBEDDED, simulated=True)
    (images, y), (images_test, y_test) = _read(found)
    X, X_test = (np.divide(part, 255, dtype=dtype) for part in (images, images_test))
    y, y_test = y.astype(np.int64), y_test.astype(np.int64)
    return ColorImages(X, y, X_test, y_test, CLASSES, source=f"real: {found.label}", is_real=True)


def _read(found: Found) -> tuple[Part, Part]:
    """Return the images for training and for testing from a file of any layout."""
    path, name = found.path, found.path.name.lower()
    if name.endswith(".npz"):
        return read_npz(path)
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        return read_archive(path)
    if name.removesuffix(".bin") in BATCHES:
        return read_folder(path)
    raise ValueError(
        f"{path}: expected an .npz, {ARCHIVE}, or a batch of CIFAR-10 such as data_batch_1; {REMEDY}"
    )


def read_npz(path: Path) -> tuple[Part, Part]:
    """Return the images of an .npz in Keras' layout, in which the channels come last."""
    x_train, y_train, x_test, y_test = read_arrays(path, NPZ_NAMES, REMEDY)

    def part(name: str, x: np.ndarray, y: np.ndarray) -> Part:
        y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y  # Keras has a column of labels
        check_images(path, f"x_{name}", x, f"y_{name}", y, (32, 32, 3), REMEDY)
        return x.transpose(0, 3, 1, 2), y

    return part("train", x_train, y_train), part("test", x_test, y_test)


def read_archive(path: Path) -> tuple[Part, Part]:
    """Return the images of a published archive, read in memory: nothing is unpacked onto the disk."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = Path(member.name).name
                if name.removesuffix(".bin") in BATCHES and member.isfile() and member.size <= LARGEST:
                    file = archive.extractfile(member)
                    contents[name] = file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole archive, but {brief(error)}; {REMEDY}") from None
    ending = ".bin" if f"{BATCHES[0]}.bin" in contents else ""
    if missing := [name for name in BATCHES if name + ending not in contents]:
        raise ValueError(
            f"{path}: expected the files {', '.join(BATCHES)}, {missing[0]} is missing; {REMEDY}"
        )
    return _parts(lambda name: (path / name, contents[name]), ending)


def read_folder(path: Path) -> tuple[Part, Part]:
    """Return the images of an unpacked archive; `path` is that of any of its batches."""

    def content(name: str) -> tuple[Path, bytes]:
        file = path.with_name(name)
        if not file.is_file():
            raise FileNotFoundError(
                f"expected {name} beside {path}, but it is not there; add it, or {REMEDY}"
            )
        if file.stat().st_size > LARGEST:
            raise ValueError(f"{file}: expected at most {LARGEST:,} bytes, got more; {REMEDY}")
        return file, read_bytes(file, REMEDY)

    return _parts(content, path.suffix)


def _parts(content: Callable[[str], tuple[Path, bytes]], ending: str) -> tuple[Part, Part]:
    """Return the five training batches as one, and the test batch."""
    read = read_binary if ending == ".bin" else read_pickle
    *train, test = (read(*content(name + ending)) for name in BATCHES)
    images, labels = zip(*train, strict=True)
    return (np.concatenate(images), np.concatenate(labels)), test


def read_binary(path: Path, content: bytes) -> Part:
    """Return the images of a batch in the binary version: rows of a label and 3,072 pixels."""
    if not content or len(content) % ROW:
        raise ValueError(
            f"{path}: expected a multiple of {ROW:,} bytes, one row an image, got {len(content):,}; {REMEDY}"
        )
    rows = np.frombuffer(content, np.uint8).reshape(-1, ROW)
    return _checked(path, rows[:, 1:], rows[:, 0])


def read_pickle(path: Path, content: bytes) -> Part:
    """Return the images of a batch in Python's version, a pickle of {b"data": …, b"labels": …}."""
    try:
        batch = ArraysOnly(io.BytesIO(content), encoding="bytes").load()
        data, labels = np.asarray(batch[b"data"]), np.asarray(batch[b"labels"])
    except Exception as error:  # a damaged pickle can raise anything
        raise ValueError(
            f"{path}: expected a pickle of data and labels, but it fails with {type(error).__name__}: "
            f"{brief(error)}; {REMEDY}"
        ) from None
    return _checked(path, data, labels)


def _encode(text: str, encoding: str = "latin1") -> bytes:
    return text.encode("latin1")


class ArraysOnly(pickle.Unpickler):
    """Unpickles arrays, lists, dicts, text and numbers, and nothing else.

    A pickle may name any function to be called. These four are all that arrays need; everything else is
    refused before it is even imported. Source: Python's documentation of pickle, "Restricting Globals".
    """

    ALLOWED = types.MappingProxyType(
        {
            ("numpy", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
            ("_codecs", "encode"): _encode,  # how Python 3 writes bytes for Python 2
        }
    )

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the four; raises UnpicklingError for anything else."""
        try:
            return self.ALLOWED[module.partition(".")[0], name]
        except KeyError:
            raise pickle.UnpicklingError(f"it wants to call {module}.{name}") from None


def _checked(path: Path, rows: np.ndarray, labels: np.ndarray) -> Part:
    if rows.ndim == 2 and rows.shape[1] == ROW - 1:
        rows = rows.reshape(-1, 3, 32, 32)
    check_images(path, "data", rows, "labels", labels, (3, 32, 32), REMEDY)
    return rows, labels


def _fetch(url: str, progress: bool, timeout: float) -> Path:
    return fetch_file(url, ARCHIVE, SHA256, progress, timeout)


CIFAR10 = register(
    Dataset(
        name="cifar10",
        title="small color photographs, CIFAR-10",
        license="none stated by its author; free for research and teaching",
        files=(
            *(f"{folder}{BATCHES[0]}" for folder in ("cifar-10-batches-py/", "")),
            *(f"{folder}{BATCHES[0]}.bin" for folder in ("cifar-10-batches-bin/", "")),
            *(ARCHIVE, "cifar-10-binary.tar.gz", "cifar10.npz", "cifar10_subset.npz"),
        ),
        embedded=EMBEDDED,
        load=load_cifar10,
        fetch=_fetch,
        url=f"https://www.cs.toronto.edu/~kriz/{ARCHIVE}",
    )
)
