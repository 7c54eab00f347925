"""Digits in every layout: read alike, and refused when damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets

from nnlab import datasets
from nnlab.datasets import images as images_module

M, M_TEST = 50, 20


@pytest.fixture
def images() -> dict[str, np.ndarray]:
    """A tiny MNIST: random pixels, every digit as often as every other."""
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (M, 28, 28), dtype=np.uint8),
        "y_train": np.arange(M, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (M_TEST, 28, 28), dtype=np.uint8),
        "y_test": np.arange(M_TEST, dtype=np.uint8) % 10,
    }


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


def write_idx(folder: Path, images: dict[str, np.ndarray], ending: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, key in (
        ("train-images-idx3-ubyte", "x_train"),
        ("train-labels-idx1-ubyte", "y_train"),
        ("t10k-images-idx3-ubyte", "x_test"),
        ("t10k-labels-idx1-ubyte", "y_test"),
    ):
        content = idx(images[key])
        (folder / (name + ending)).write_bytes(gzip.compress(content) if ending else content)
    return folder / f"train-images-idx3-ubyte{ending}"


def write_csv(path: Path, x: np.ndarray, y: np.ndarray, *, openml: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    flat = x.reshape(len(x), -1)
    if openml:  # pixels first, counted from 1, and the label called class
        header = ",".join(f"pixel{i}" for i in range(1, 785)) + ",class"
        rows = np.column_stack([flat, y])
    else:
        header = "label," + ",".join(f"pixel{i}" for i in range(784))
        rows = np.column_stack([y, flat])
    np.savetxt(path, rows, fmt="%d", delimiter=",", header=header, comments="")
    return path


def check(data: datasets.Digits, images: dict[str, np.ndarray]) -> None:
    np.testing.assert_allclose(data.X, images["x_train"].reshape(M, 784) / 255, rtol=1e-12)
    np.testing.assert_allclose(data.X_test, images["x_test"].reshape(M_TEST, 784) / 255, rtol=1e-12)
    np.testing.assert_array_equal(data.y, images["y_train"])
    np.testing.assert_array_equal(data.y_test, images["y_test"])
    assert data.y.dtype == np.int64
    assert data.image_shape == (28, 28)
    assert data.is_real


# --- layouts


def test_keras_layout(tmp_path: Path, images) -> None:
    np.savez_compressed(tmp_path / "mnist.npz", **images)
    check(datasets.load_mnist(tmp_path / "mnist.npz"), images)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_layout(tmp_path: Path, images, ending: str) -> None:
    path = write_idx(tmp_path, images, ending)
    check(datasets.load_mnist(path), images)
    check(datasets.load_mnist(tmp_path), images)
    check(datasets.load_mnist(tmp_path / f"t10k-images-idx3-ubyte{ending}"), images)


@pytest.mark.parametrize(("name", "openml"), [("train.csv", False), ("mnist_784.csv", True)])
def test_csv_layouts_keep_a_fifth_for_testing(tmp_path: Path, images, name: str, openml: bool) -> None:
    x, y = images["x_train"], images["y_train"]
    data = datasets.load_mnist(write_csv(tmp_path / name, x, y, openml=openml))
    assert (len(data.y), len(data.y_test)) == (40, 10)
    assert list(np.bincount(data.y_test)) == [1] * 10
    # Each image is still itself and beside its own label, wherever it went.
    expected = {(x[i].astype(np.int64).sum(), int(y[i])) for i in range(M)}
    X, labels = np.concatenate([data.X, data.X_test]), np.concatenate([data.y, data.y_test])
    assert {(round(255 * row.sum()), int(k)) for row, k in zip(X, labels, strict=True)} == expected


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_idx_files_with_a_dot_are_found_and_known_by_their_content(tmp_path: Path, images, ending) -> None:
    write_idx(tmp_path, images, ending)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    check(datasets.load_mnist(tmp_path), images)
    for i, path in enumerate(list(tmp_path.iterdir())):  # some browsers unpack them, some rename them
        if i % 2:
            path.rename(path.with_suffix("") if ending else path.with_name(f"{path.name}.gz"))
    check(datasets.load_mnist(tmp_path), images)


SQUARES = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]


@pytest.mark.parametrize(
    "header",
    [
        ["label", *(f"pixel{i}" for i in range(784))],
        ["class", *(f"pixel{i}" for i in range(1, 785))],
        ["label", *SQUARES],
        None,
    ],
    ids=["competition", "openml", "squares", "none"],
)
def test_columns_go_by_their_names(tmp_path: Path, images, header: list[str] | None) -> None:
    """Image for image what was written, in whatever order the columns stand."""
    x, y = images["x_train"], images["y_train"]
    rows = np.column_stack([y, x.reshape(M, 784)])
    order = np.random.default_rng(0).permutation(785) if header else np.arange(785)
    names = ",".join(header[i] for i in order) if header else ""
    text = "\n".join([names, *(",".join(map(str, row)) for row in rows[:, order])])
    (tmp_path / "m.csv").write_text(text.lstrip())
    found, labels, _, _ = images_module.read_csv(tmp_path / "m.csv")
    np.testing.assert_array_equal(found, x)
    np.testing.assert_array_equal(labels, y)
    assert datasets.load_mnist(tmp_path / "m.csv").is_real


def test_labels_that_come_last_need_a_header(tmp_path: Path, images) -> None:
    rows = np.column_stack([images["x_train"].reshape(M, 784), images["y_train"]])
    rows[:, 0] = 0  # as the corners of MNIST's images are
    np.savetxt(tmp_path / "m.csv", rows, fmt="%d", delimiter=",")
    with pytest.raises(ValueError, match=r"m\.csv: expected a header, or the label first in each row"):
        datasets.load_mnist(tmp_path / "m.csv")


@pytest.mark.parametrize("m", [2, 3, 9, 20, 49])
def test_a_few_rows_are_enough(tmp_path: Path, images, m: int) -> None:
    """The parts are even over the digits where they can be: of 20 rows, 4 cannot show all ten digits."""
    data = datasets.load_mnist(write_csv(tmp_path / "m.csv", images["x_train"][:m], images["y_train"][:m]))
    assert len(data.y) + len(data.y_test) == m
    assert len(data.y_test) == -(-m // 5)


def test_newer_kaggle_mounts_are_found(empty_machine: Path, images) -> None:
    folder = empty_machine / "kaggle/competitions/digit-recognizer"
    write_csv(folder / "train.csv", images["x_train"], images["y_train"])
    assert datasets.load_mnist().source == "real: Kaggle input/competitions/digit-recognizer/train.csv"


def test_the_places_are_searched_in_order(empty_machine: Path, images, monkeypatch) -> None:
    assert datasets.load_mnist().source == "embedded: scikit-learn's small digits, not MNIST"
    x, y = images["x_train"], images["y_train"]
    (empty_machine / "cache").mkdir()
    np.savez(empty_machine / "cache" / "mnist.npz", **images)
    assert datasets.load_mnist().source == "real: download cache/mnist.npz"
    write_csv(empty_machine / "kaggle/digit-recognizer/train.csv", x, y)
    assert datasets.load_mnist().source == "real: Kaggle input/digit-recognizer/train.csv"
    write_idx(empty_machine / "data/MNIST/raw", images)
    assert datasets.load_mnist().source == "real: data/MNIST/raw/train-images-idx3-ubyte"
    write_csv(empty_machine / "chosen/train.csv", x, y)
    monkeypatch.setenv("NNLAB_DATA", str(empty_machine / "chosen"))
    assert datasets.load_mnist().source == "real: NNLAB_DATA/train.csv"


def test_real_mnist(real_mnist: Path) -> None:
    data = datasets.load_mnist(real_mnist, dtype=np.float32)
    assert data.X.shape == (50_000, 784)
    assert data.X.dtype == data.X_test.dtype == np.float32
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert str(data) == "50,000 + 10,000 test digits of 28×28 pixels · real: mnist.npz"


def test_kaggle_layout_of_the_real_images(real_mnist: Path, tmp_path: Path) -> None:
    images, labels, _, _ = images_module.read_npz(real_mnist)
    data = datasets.load_mnist(write_csv(tmp_path / "train.csv", images[:2000], labels[:2000]))
    total = np.concatenate([data.X, data.X_test]).sum()
    assert total == pytest.approx(images[:2000].astype(np.int64).sum() / 255)
    assert (len(data.y), len(data.y_test)) == (1600, 400)


# --- the embedded digits


def test_small_digits() -> None:
    data = datasets.load_digits()
    assert data.X.shape == (1437, 64)
    assert data.X_test.shape == (360, 64)
    assert (data.X.min(), data.X.max()) == (0, 1)
    assert not data.is_real
    assert not data.simulated
    assert "not MNIST" in str(data)
    bunch = sklearn.datasets.load_digits()
    every = np.concatenate([data.X, data.X_test])
    assert sorted(map(bytes, every * 16)) == sorted(map(bytes, bunch.data))
    np.testing.assert_array_equal(data.X, datasets.load_digits().X)


def test_small_digits_in_float32() -> None:
    data = datasets.load_digits(dtype=np.float32)
    assert data.X.dtype == data.X_test.dtype == np.float32
    with pytest.raises(TypeError, match="load_digits expected dtype float32 or float64"):
        datasets.load_digits(dtype=np.float16)
    with pytest.raises(TypeError, match="load_mnist expected dtype float32 or float64"):
        datasets.load_mnist(dtype=int)


# --- damaged files


def test_missing_files_are_errors(tmp_path: Path, images) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz to be a data file"):
        datasets.load_mnist(tmp_path / "nowhere.npz")
    path = write_idx(tmp_path, images)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"four IDX files side by side, but .*t10k-labels-idx1-ubyte"):
        datasets.load_mnist(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mnist.pkl").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"mnist\.pkl: expected an \.npz, a \.csv or the IDX file"):
        datasets.load_mnist(tmp_path / "mnist.pkl")


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_truncated_npz_is_refused(tmp_path: Path, images, kept: float) -> None:
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **images)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError, match=r"mnist\.npz: expected an archive of x_train.*data get mnist"):
        datasets.load_mnist(path)


def test_a_damaged_npz_is_refused(tmp_path: Path, images) -> None:
    path = tmp_path / "mnist.npz"
    np.savez_compressed(path, **images)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist\.npz: expected an archive"):
        datasets.load_mnist(path)


def test_an_npz_with_pickled_objects_is_never_unpickled(tmp_path: Path, images) -> None:
    np.savez(tmp_path / "mnist.npz", **{**images, "x_train": np.array([{"a": 1}], dtype=object)})
    with pytest.raises(ValueError, match=r"mnist\.npz: expected an archive"):
        datasets.load_mnist(tmp_path / "mnist.npz")
    np.save(tmp_path / "plain.npy", images["x_train"])
    (tmp_path / "plain.npy").rename(tmp_path / "plain.npz")
    with pytest.raises(ValueError, match=r"plain\.npz: expected an archive"):
        datasets.load_mnist(tmp_path / "plain.npz")


@pytest.mark.parametrize(
    ("key", "change", "message"),
    [
        ("y_test", None, r"it lacks y_test"),
        (
            "x_train",
            lambda x: x[:, :14],
            r"expected x_train as \(m, 28, 28\) whole numbers, got \(50, 14, 28\)",
        ),
        ("x_train", lambda x: x / 255, r"expected x_train as .* got \(50, 28, 28\) float64"),
        ("x_test", lambda x: x[:0], r"expected x_test as .* got \(0, 28, 28\)"),
        ("y_train", lambda y: y[:-1], r"expected y_train as \(50,\) whole numbers, got \(49,\)"),
        (
            "y_train",
            lambda y: y.astype(float),
            r"expected y_train as \(50,\) whole numbers, got \(50,\) float64",
        ),
        ("y_train", lambda y: y + 1, r"image 9: expected y_train in 0 … 9, got 10"),
        ("x_train", lambda x: x.astype(int) - 300, r"image 0: expected x_train in 0 … 255, got -"),
    ],
)
def test_a_wrong_array_is_named(tmp_path: Path, images, key: str, change, message: str) -> None:
    if change is None:
        del images[key]
    else:
        images[key] = change(images[key])
    np.savez(tmp_path / "mnist.npz", **images)
    with pytest.raises(ValueError, match=rf"mnist\.npz.*{message}"):
        datasets.load_mnist(tmp_path / "mnist.npz")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda text: "", r"expected a table, got an empty file"),
        (lambda text: text.splitlines()[0], r"expected two rows or more, to train and to test, got 0"),
        (
            lambda text: text.replace("label", "digit", 1),
            r"got digit, pixel0, pixel1 … \(785 in all\)",
        ),
        (lambda text: text.replace("pixel783", "other", 1), r"expected the columns label"),
        (
            lambda text: text[: len(text) // 2].rsplit(",", 5)[0],
            r"line 2\d: expected 785 fields, as in line 1, got \d+ \(the file seems to be cut short here\)",
        ),
        (
            lambda text: text.replace("\n3,", "\nthree,", 1),
            r"line 5, column label: expected a whole number from 0 to 9, got 'three'",
        ),
        (lambda text: text.replace("\n3,", "\n12,", 1), r"line 5, column label: .* 0 to 9, got 12"),
        (
            lambda text: text + "1,2\n" + ",".join("7" * 900) + "\n",
            r"line 52: expected 785 fields, as in line 1, got 2",
        ),
    ],
    ids=["empty", "header-only", "no-label", "no-pixel", "truncated", "word", "label-12", "too-many"],
)
def test_a_damaged_csv_is_refused(tmp_path: Path, images, edit, message: str) -> None:
    path = write_csv(tmp_path / "train.csv", images["x_train"], images["y_train"])
    path.write_text(edit(path.read_text()))
    with pytest.raises(ValueError, match=rf"(?s)train\.csv.*{message}.*data get mnist"):
        datasets.load_mnist(path)


def test_a_csv_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(b"label,pix\xe9l0\n1,2\n")
    with pytest.raises(ValueError, match=r"train\.csv, line 1: expected UTF-8 text, got other"):
        datasets.load_mnist(tmp_path / "train.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with 0 0 8 3, got an empty file"),
        (b"\x89PNG1234", "begins with 0 0 8 3, got 137 80 78 71"),
        (bytes([0, 0, 8, 3, 0, 0]), r"got 0"),
        (idx(np.zeros((2, 28, 28), dtype=np.uint8))[:-1], r"expected 1,568 bytes of data, got 1,567"),
        (idx(np.zeros((2, 28, 28), dtype=np.uint8)) + b"1", r"expected 1,568 bytes of data, got 1,569"),
        (bytes([0, 0, 8, 3]) + b"\x80\0\0\0" * 2 + b"\0\0\0\4", r"expected 18,446,744,073,709,551,616 bytes"),
        (idx(np.zeros((50, 14, 14), dtype=np.uint8)), r"expected train images as \(m, 28, 28\)"),
    ],
    ids=["empty", "not-idx", "header-cut", "truncated", "too-long", "sizes-overflow", "wrong-size"],
)
def test_a_damaged_idx_file_is_refused(tmp_path: Path, images, content: bytes, message: str) -> None:
    path = write_idx(tmp_path, images)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"train-images-idx3-ubyte.*{message}"):
        datasets.load_mnist(path)


def test_a_truncated_gz_is_refused(tmp_path: Path, images) -> None:
    path = write_idx(tmp_path, images, ".gz")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz: expected a whole \.gz file, but"):
        datasets.load_mnist(path)
    path.write_bytes(b"plain")
    with pytest.raises(ValueError, match=r"\.gz: .* begins with 0 0 8 3, got 112 108 97 105"):
        datasets.load_mnist(path)
