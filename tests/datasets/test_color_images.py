"""CIFAR-10 in every layout: read alike, and refused when damaged or hostile; and the shapes in its place."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab import datasets
from nnlab.datasets import color_images
from nnlab.datasets.color_images import BATCHES, ROW
from nnlab.datasets.shapes import SHAPES

M = 4  # images in each of the six batches


@pytest.fixture
def batches() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Tiny batches: random images (m, 3, 32, 32) and labels."""
    rng = np.random.default_rng(0)
    return {
        name: (rng.integers(0, 256, (M, 3, 32, 32), dtype=np.uint8), rng.integers(0, 10, M, dtype=np.uint8))
        for name in BATCHES
    }


def binary(images: np.ndarray, labels: np.ndarray) -> bytes:
    return np.column_stack([labels, images.reshape(len(images), -1)]).tobytes()


class Python2Pickler(pickle._Pickler):
    """Writes bytes as the strings of Python 2, in which the published batches are written."""

    def save_bytes(self, obj):
        short = len(obj) < 256
        size = bytes([len(obj)]) if short else len(obj).to_bytes(4, "little")
        self.write((pickle.SHORT_BINSTRING if short else pickle.BINSTRING) + size + obj)
        self.memoize(obj)

    dispatch = pickle._Pickler.dispatch | {bytes: save_bytes}


def pickled(images: np.ndarray, labels: np.ndarray) -> bytes:
    file = io.BytesIO()
    batch = {b"data": images.reshape(len(images), -1), b"labels": labels.tolist()}
    Python2Pickler(file, protocol=2).dump(batch)
    return file.getvalue()


def write_folder(folder: Path, batches: dict, ending: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in batches.items():
        (folder / (name + ending)).write_bytes(binary(*part) if ending else pickled(*part))
    return folder


def write_archive(path: Path, batches: dict, ending: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, part in {**batches, "batches.meta": None}.items():
            content = b"" if part is None else binary(*part) if ending else pickled(*part)
            member = tarfile.TarInfo(f"cifar-10-batches/{name}{ending}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def write_npz(path: Path, batches: dict, *, column: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    *train, (x_test, y_test) = batches.values()
    x, y = (np.concatenate(parts) for parts in zip(*train, strict=True))
    arrays = {
        "x_train": x.transpose(0, 2, 3, 1),
        "y_train": y,
        "x_test": x_test.transpose(0, 2, 3, 1),
        "y_test": y_test,
    }
    if column:
        arrays |= {"y_train": y[:, None], "y_test": y_test[:, None]}
    np.savez_compressed(path, **arrays)
    return path


LAYOUTS = {
    "cifar-10-batches-py": lambda folder, b: write_folder(folder / "cifar-10-batches-py", b, ""),
    "cifar-10-batches-bin": lambda folder, b: write_folder(folder / "cifar-10-batches-bin", b, ".bin"),
    "batches without a folder": lambda folder, b: write_folder(folder, b, ".bin"),
    "cifar-10-python.tar.gz": lambda folder, b: write_archive(folder / "cifar-10-python.tar.gz", b, ""),
    "cifar-10-binary.tar.gz": lambda folder, b: write_archive(folder / "cifar-10-binary.tar.gz", b, ".bin"),
    "cifar10.npz": lambda folder, b: write_npz(folder / "cifar10.npz", b),
    "cifar10_subset.npz": lambda folder, b: write_npz(folder / "cifar10_subset.npz", b, column=True),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("how", ["found", "path of the file or folder", "path of the folder around it"])
def test_every_layout_gives_the_same(tmp_path, monkeypatch, batches, layout, how):
    written = LAYOUTS[layout](tmp_path / "my data", batches)
    if how == "found":
        monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "my data"))
    path = {"found": None, "path of the file or folder": written}.get(how, tmp_path / "my data")
    data = datasets.load_cifar10(path)
    *train, test = batches.values()
    np.testing.assert_allclose(data.X * 255, np.concatenate([x for x, _ in train]), atol=1e-4)
    np.testing.assert_array_equal(data.y, np.concatenate([y for _, y in train]))
    np.testing.assert_allclose(data.X_test * 255, test[0], atol=1e-4)
    np.testing.assert_array_equal(data.y_test, test[1])
    assert data.X.dtype == np.float32
    assert data.y.dtype == np.int64
    assert data.is_real
    assert not data.simulated
    assert data.source.startswith("real: ")
    assert str(tmp_path) not in data.source
    assert data.classes[0] == "airplane"


def test_without_a_file_there_are_shapes_and_they_say_so(monkeypatch):
    monkeypatch.setattr(color_images.CIFAR10.__class__, "find", lambda *_, **__: None)
    data = datasets.load_cifar10(dtype=np.float64)
    assert str(data) == (
        "3,000 + 1,000 test images of 32×32 pixels in color, 10 classes · "
        "simulated: colored shapes, drawn by nnlab, not CIFAR-10"
    )
    assert data.simulated
    assert not data.is_real
    assert data.classes == SHAPES
    assert data.X.dtype == np.float64
    assert np.bincount(data.y, minlength=10).min() > 250


def test_the_real_subset_is_found():
    real = Path(os.environ.get("NNLAB_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not (real / "cifar10_subset.npz").is_file():
        pytest.skip("cifar10_subset.npz is not here; NNLAB_DATA names the folder with the real data")
    data = datasets.load_cifar10(real / "cifar10_subset.npz")
    assert data.X.shape == (9000, 3, 32, 32)
    assert data.X_test.shape == (1000, 3, 32, 32)
    assert len(np.unique(data.y)) == 10
    assert 0.4 < data.X.mean() < 0.55


class Hostile:
    """A pickle of this calls a function as soon as it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (os.mkdir, ("hostile",), "mkdir"),
        (eval, ("open('hostile', 'w')",), "eval"),
        (np.save, ("hostile", 0), "save"),
    ],
)
def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch, batches, function, arguments, named):
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path, batches, "")
    (tmp_path / "test_batch").write_bytes(pickle.dumps({b"data": Hostile(function, *arguments)}, protocol=2))
    with pytest.raises(ValueError, match=f"test_batch: .*wants to call .*{named}.*data get cifar10"):
        datasets.load_cifar10(tmp_path)
    assert not list(tmp_path.glob("hostile*"))


def test_a_huge_array_in_a_small_pickle_ends_in_an_error(tmp_path, batches):
    reconstruct = np.empty(0).__reduce__()[0]
    write_folder(tmp_path, batches, "")
    content = pickle.dumps(
        {b"data": Hostile(reconstruct, np.ndarray, (10**15,), b"b"), b"labels": []}, protocol=2
    )
    (tmp_path / "data_batch_3").write_bytes(content)
    with pytest.raises(ValueError, match="data_batch_3: expected"):
        datasets.load_cifar10(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_pickle_damaged_anywhere_is_read_or_refused(place, byte):
    rng = np.random.default_rng(0)
    content = bytearray(pickled(rng.integers(0, 256, (2, 3, 32, 32), dtype=np.uint8), np.array([1, 2])))
    # Most of it is pixels, any of which is as good as another; look at the rest more often.
    place = place % len(content) if place % 2 else place % 160
    content[place] = byte
    with contextlib.suppress(ValueError):  # and no other error
        images, labels = color_images.read_pickle(Path("batch"), bytes(content))
        assert images.shape[1:] == (3, 32, 32)
        assert labels.max() <= 9


@pytest.mark.parametrize("protocol", range(5))
def test_pickles_of_python_3_are_read_too(batches, protocol):
    images, labels = batches["test_batch"]
    content = pickle.dumps({b"data": images.reshape(M, -1), b"labels": labels.tolist()}, protocol=protocol)
    found = color_images.read_pickle(Path("batch"), content)
    np.testing.assert_array_equal(found[0], images)
    np.testing.assert_array_equal(found[1], labels)


BAD_LABELS = (np.zeros((M, 3, 32, 32), np.uint8), np.array([1, 2, 11, 3], np.uint8))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"test_batch.bin: expected a multiple of 3,073 bytes, one row an image, got 0"),
        (b"\0" * (ROW * 2 - 1), r"got 6,145"),
        (binary(*BAD_LABELS), r"test_batch.bin, image 2: expected labels in 0 … 9, got 11"),
    ],
)
def test_a_bad_binary_batch_is_refused(tmp_path, batches, content, message):
    write_folder(tmp_path, batches, ".bin")
    (tmp_path / "test_batch.bin").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        datasets.load_cifar10(tmp_path)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            {b"data": BAD_LABELS[0].reshape(M, -1), b"labels": [1, 2, 11, 3]},
            "image 2: expected labels in 0 … 9, got 11",
        ),
        (
            {b"data": BAD_LABELS[0].reshape(M, -1), b"labels": [1, 2]},
            r"expected labels as \(4,\) whole numbers",
        ),
        ({b"data": np.zeros((M, 3072)), b"labels": [1] * M}, "whole numbers, got .* float64"),
        ({b"data": np.zeros((M, 100), np.uint8), b"labels": [1] * M}, r"expected data as \(m, 3, 32, 32\)"),
        ({b"fine_labels": [1]}, "it fails with KeyError"),
        ([1, 2], "it fails with TypeError"),
    ],
)
def test_a_bad_pickle_is_refused(tmp_path, batches, batch, message):
    write_folder(tmp_path, batches, "")
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(batch, protocol=2))
    with pytest.raises(ValueError, match=f"(?s)data_batch_1.*{message}"):
        datasets.load_cifar10(tmp_path)


def test_a_missing_batch_is_named(tmp_path, batches):
    write_folder(tmp_path, batches, "")
    (tmp_path / "data_batch_4").unlink()
    with pytest.raises(FileNotFoundError, match="expected data_batch_4 beside"):
        datasets.load_cifar10(tmp_path)
    del batches["data_batch_4"]
    archive = write_archive(tmp_path / "cifar-10-binary.tar.gz", batches, ".bin")
    with pytest.raises(ValueError, match="data_batch_4 is missing"):
        datasets.load_cifar10(archive)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("layout", ["cifar-10-python.tar.gz", "cifar10.npz"])
def test_a_file_cut_short_is_refused(tmp_path, batches, layout, share):
    path = LAYOUTS[layout](tmp_path, batches)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=f"{layout}: expected .*data get cifar10"):
        datasets.load_cifar10(path)


def test_images_of_another_size_are_refused(tmp_path):
    np.savez(
        tmp_path / "cifar10.npz",
        x_train=np.zeros((2, 28, 28), np.uint8),
        y_train=np.zeros(2, np.uint8),
        x_test=np.zeros((2, 28, 28), np.uint8),
        y_test=np.zeros(2, np.uint8),
    )
    with pytest.raises(
        ValueError, match=r"expected x_train as \(m, 32, 32, 3\) whole numbers, got \(2, 28, 28\)"
    ):
        datasets.load_cifar10(tmp_path)


def test_an_unknown_file_is_refused(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"images.zip: expected an .npz, cifar-10-python.tar.gz"):
        datasets.load_cifar10(tmp_path / "images.zip")


# Shapes


def test_shapes_are_drawn_as_asked():
    X, y = datasets.make_shapes(70, size=20, rng=np.random.default_rng(1), dtype=np.float64)
    assert X.shape == (70, 3, 20, 20)
    assert X.min() >= 0
    assert X.max() <= 1
    np.testing.assert_array_equal(np.bincount(y), np.full(10, 7))
    again, labels = datasets.make_shapes(70, size=20, rng=np.random.default_rng(1), dtype=np.float64)
    np.testing.assert_array_equal(again, X)
    np.testing.assert_array_equal(labels, y)


def test_colors_do_not_tell_the_shape():
    from sklearn.linear_model import LogisticRegression

    X, y = datasets.make_shapes(2000, rng=np.random.default_rng(2))
    colors = np.concatenate([X.mean(axis=(2, 3)), X[:, :, 0, 0]], axis=1)
    found = LogisticRegression(max_iter=500).fit(colors[:1000], y[:1000]).score(colors[1000:], y[1000:])
    assert found < 0.17  # 0.1 is chance, and a mean color says a little about the shape's area


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"m": 0}, "make_shapes expected m >= 1"), ({"size": 4}, "size >= 8"), ({"noise": -1}, "noise")],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        datasets.make_shapes(**settings)
