"""Damaged files: after one damage, the same data come out, or an error says where it is."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nnlab import datasets
from nnlab.datasets import images, reading
from nnlab.datasets.appointments import table

often = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# --- records


def read(content: bytes) -> list[tuple[int, list[str]]]:
    return list(reading.records(content, Path("t.csv"), "replace it"))


def test_records_carry_the_line_on_which_they_begin() -> None:
    assert read(b'a,b\n\n  \n1,"2\n3"\n4,5') == [(1, ["a", "b"]), (4, ["1", "2\n3"]), (6, ["4", "5"])]
    assert read(b"\xef\xbb\xbfa,b\r\n1,2\r\n") == [(1, ["a", "b"]), (2, ["1", "2"])]
    assert read(b"a,b\r1,2") == [(1, ["a", "b"]), (2, ["1", "2"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"t\.csv: expected a table, got an empty file; correct it, or replace it"),
        (b"\xef\xbb\xbf\n \n", r"t\.csv: expected a table, got an empty file"),
        (b"a,b\n\n1,2,3\n", r"line 3: expected 2 fields, as in line 1, got 3; correct it, or replace it"),
        (b"\na,b\n1\n2,3\n", r"line 3: expected 2 fields, as in line 2, got 1; correct it, or replace it"),
        (b"a,b\n1,2\n3\n\n", r"line 3: .* got 1 \(the file seems to be cut short here\)"),
        (b'a,b\n"1,2\n3,4\n', r"line 2: expected a CSV table, but unexpected end of data"),
        (b'a,b\n""\n1,2\n', r"line 2: expected 2 fields, as in line 1, got 1; correct it"),
        (b'a,b\n"1"x,2\n', r"line 2: expected a CSV table, but"),
        (b"a;b\n1;2\n", r"line 1: expected fields separated by commas, got semicolons; save it with commas"),
        (b"a\tb\n1\t2\n", r"line 1: expected fields separated by commas, got tabs"),
        (b"a,b\r\n1,\0\r\n", r"line 2: expected UTF-8 text, got a NUL byte"),
        (b"a,b\r1,2\r3,\xe9\r", r"line 3: expected UTF-8 text, got other bytes"),
        ("a,b\n".encode("utf-16"), r"expected UTF-8 text, got UTF-16; save it as UTF-8"),
        (b"PK\x03\x04\x14\0", r"expected a CSV table, got a ZIP archive; unpack it, or replace it"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "packed.csv").write_bytes(gzip.compress(b"a,b\n"))
    (tmp_path / "plain.csv.gz").write_bytes(b"a,b\n")
    assert reading.read_bytes(tmp_path / "packed.csv", "") == b"a,b\n"
    assert reading.read_bytes(tmp_path / "plain.csv.gz", "") == b"a,b\n"


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch) -> None:
    def denied(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(IsADirectoryError, match="expected a file that can be read, got: Is a directory"):
        reading.read_bytes(tmp_path, "replace it")
    (tmp_path / "mnist.npz").touch()
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(PermissionError, match=r"mnist\.npz: .*Permission denied; change its permissions"):
        datasets.load_mnist(tmp_path / "mnist.npz")


def test_no_message_is_long(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text(
        ",".join(f"column{i}" for i in range(5000)) + "\n" + "1," * 4999 + "1\n"
    )
    (tmp_path / "long.csv").write_text(f"{'x' * 100_000},label\n1,2\n")
    for load in (datasets.load_mnist, datasets.load_appointments):
        for name in ("wide.csv", "long.csv"):
            with pytest.raises(ValueError, match=name) as error:
                load(tmp_path / name)
            assert len(str(error.value)) < 700 + len(str(tmp_path))


# --- one damage to a good file

HEADER = ",".join(table.RULES)
APPOINTMENTS = [HEADER] + [
    f"{10**9 + 7 * i}.0,{500 + i},{'FM'[i % 2]},2016-04-{10 + i}T08:{30 + i}:00Z,2016-05-{10 + i}T00:00:00Z,"
    f"{20 + i},{'CENTRO' if i % 3 else 'ROMÃO'},0,1,{i % 2},0,{i % 5},1,{'No' if i % 4 else 'Yes'}"
    for i in range(12)
]
RNG = np.random.default_rng(0)
LABELS = np.arange(12) % 10
PIXELS = RNG.integers(0, 256, (12, 784))
DIGITS = ["label," + ",".join(f"pixel{i}" for i in range(784))] + [
    ",".join(map(str, [y, *x])) for y, x in zip(LABELS, PIXELS, strict=True)
]


def appointments(path: Path) -> pd.DataFrame:
    return datasets.load_appointments(path).frame


def digits(path: Path) -> pd.DataFrame:
    x, y, _, _ = images.read_csv(path)
    return pd.DataFrame({"label": y}).join(pd.DataFrame(x.reshape(len(x), -1)))


TABLES = pytest.mark.parametrize(
    ("lines", "load"), [(APPOINTMENTS, appointments), (DIGITS, digits)], ids=["appointments", "digits"]
)


def loaded(load: Callable, content: bytes, folder: Path) -> pd.DataFrame | None:
    """Return what comes out of a table, or None for a proper error."""
    path = folder / "table.csv"
    path.write_bytes(content)
    return data_or_error(load, path)


def data_or_error(load: Callable, path: Path, *arguments: int) -> Any:
    """Return what comes out of a file, or None for a ValueError that names it and is not too long."""
    message = ""
    try:
        return load(path, *arguments)
    except ValueError as error:
        message = str(error)
    assert str(path) in message
    assert len(message) < 600 + len(str(path))
    return None


@TABLES
@often
@given(position=st.integers(0, 10**12), byte=st.integers(0, 255) | st.sampled_from(b',";\n\r\0 0-.'))
def test_one_byte(tmp_path: Path, lines, load, position: int, byte: int) -> None:
    """A byte may make one number another one. It never moves a value, and never changes two."""
    content = bytearray("\n".join(lines), "utf-8")
    expected = loaded(load, bytes(content), tmp_path)
    content[position % len(content)] = byte
    found = loaded(load, bytes(content), tmp_path)
    if found is not None:
        assert found.shape == expected.shape
        assert (found != expected).to_numpy().sum() <= 1


@TABLES
@often
@given(end=st.integers(0, 10**12))
def test_cut_anywhere(tmp_path: Path, lines, load, end: int) -> None:
    """Rows may be missing, which no one could know; those that come out are right, except the last field."""
    content = "\n".join(lines).encode()
    expected = loaded(load, content, tmp_path)
    found = loaded(load, content[: end % len(content)], tmp_path)
    if found is not None:
        different = (found != expected.iloc[: len(found)]).to_numpy()
        assert not different[:-1].any()
        assert not different[:, :-1].any()


def edits(lines: list[str], chance: random.Random) -> dict[str, tuple[list[str], bool]]:
    """Return damaged copies of a table, and whether what they hold is still the same."""
    rows = [line.split(",") for line in lines]
    width = len(rows[0])
    order = chance.sample(range(width), width)
    row, column = chance.randrange(1, len(rows)), chance.randrange(width)

    def with_row(change: Callable[[list[str]], list[str]]) -> list[str]:
        return [",".join(change(r) if i == row else r) for i, r in enumerate(rows)]

    return {
        "columns in another order": ([",".join(r[i] for i in order) for r in rows], True),
        "a blank line": ([*lines[:row], chance.choice(["", "  "]), *lines[row:]], True),
        "quoted": ([",".join(f'"{field}"' for field in r) for r in rows], True),
        "a field added": (with_row(lambda r: [*r[:column], "0", *r[column:]]), False),
        "a field lost": (with_row(lambda r: [*r[:column], *r[column + 1 :]]), False),
        "a field emptied": (with_row(lambda r: [*r[:column], "", *r[column + 1 :]]), False),
        "every row longer": ([lines[0], *(f"{line},0" for line in lines[1:])], False),
        "the header longer": ([f"{lines[0]},x", *lines[1:]], False),
        "a column lost": ([",".join(r[:column] + r[column + 1 :]) for r in rows], False),
        "a column twice": ([",".join([*r[:column], r[column], *r[column:]]) for r in rows], False),
        "a column named as another": (
            [",".join(rows[0][i - (i == column)] for i in range(width)), *lines[1:]],
            False,
        ),
        "two rows in one line": ([*lines[:row], ",".join(lines[row - 1 : row + 1]), *lines[row:]], False),
    }


@TABLES
@pytest.mark.parametrize("damage", edits(["a,b", "1,2"], random.Random(0)))
@pytest.mark.parametrize("seed", range(4))
def test_one_row_or_column(tmp_path: Path, lines, load, damage: str, seed: int) -> None:
    expected = loaded(load, "\n".join(lines).encode(), tmp_path)
    damaged, is_same = edits(lines, random.Random(seed))[damage]
    found = loaded(load, "\n".join(damaged).encode(), tmp_path)
    assert (found is not None) == is_same
    if found is not None:
        pd.testing.assert_frame_equal(found, expected)


# --- archives, which carry checksums


def small_mnist() -> dict[str, np.ndarray]:
    x = RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    y = (np.arange(20) % 10).astype(np.uint8)
    return {"x_train": x, "y_train": y, "x_test": x[::-1], "y_test": y[::-1]}


@pytest.fixture(scope="module")
def archives(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("archives")
    np.savez(folder / "stored.npz", **small_mnist())
    np.savez_compressed(folder / "packed.npz", **small_mnist())
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("kind", ["stored", "packed"])
@often
@given(position=st.integers(0, 10**12), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_npz(tmp_path: Path, archives, kind: str, position: int, flip: int, cut: bool) -> None:
    content = bytearray(archives[kind])
    path = tmp_path / "mnist.npz"
    path.write_bytes(content)
    expected = images.read_npz(path)
    position %= len(content)
    if cut:
        del content[position:]
    else:
        content[position] ^= flip
    path.write_bytes(content)
    found = data_or_error(images.read_npz, path)
    for a, b in zip(found or (), expected if found else (), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("packed", [False, True])
@often
@given(position=st.integers(0, 10**12), flip=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_idx_file(tmp_path: Path, packed: bool, position: int, flip: int, cut: bool) -> None:
    """A plain file has no checksum, only sizes: damage to its pixels is for the eye to see."""
    x = small_mnist()["x_train"]
    content = bytes([0, 0, 8, 3]) + np.array(x.shape, dtype=">u4").tobytes() + x.tobytes()
    damaged = bytearray(gzip.compress(content, mtime=0) if packed else content)
    position %= len(damaged) if packed or cut else 16
    if cut:
        del damaged[position:]
    else:
        damaged[position] ^= flip
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damaged)
    found = data_or_error(images.read_idx, path, 3)
    if found is not None:
        np.testing.assert_array_equal(found, x)
