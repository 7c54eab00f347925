"""Reading files that may be damaged: bytes, archives of arrays, tables of comma-separated values.

Every error names the file and, in a table, the line as an editor counts it; it says what was expected there,
what came, and the remedy.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from nnlab._files import BROKEN

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(path: Path, remedy: str) -> bytes:
    """Return the content of a file, unpacked if it is gzip data, whatever its name.

    Raises: OSError if it cannot be opened, ValueError if it is packed and damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise type(error)(
            f"{path}: expected a file that can be read, got: {error.strerror}; "
            f"change its permissions, or {remedy}"
        ) from None
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole .gz file, but {brief(error)}; {remedy}") from None


def read_arrays(path: Path, names: Sequence[str], remedy: str) -> list[np.ndarray]:
    """Return the arrays of these names in an .npz archive; nothing in it is unpickled.

    Raises: OSError if it cannot be opened, ValueError if it is damaged or one of them is missing.
    """
    content = read_bytes(path, remedy)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            missing = [name for name in names if f"{name}.npy" not in archive.namelist()]
            if missing:
                raise ValueError(f"it lacks {', '.join(missing)}")
            # zipfile verifies a checksum when it comes to the end of a member, which np.load may not reach.
            return [np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy"))) for name in names]
    except BROKEN as error:
        raise ValueError(
            f"{path}: expected an archive of {', '.join(names)}, but {brief(error)}; {remedy}"
        ) from None


def check_images(
    path: Path,
    x_name: str,
    x: np.ndarray,
    y_name: str,
    y: np.ndarray,
    shape: tuple[int, ...],
    remedy: str,
) -> None:
    """Raise ValueError unless x holds images (m, *shape) of 0 … 255, and y a label from 0 to 9 for each."""
    if x.ndim != 1 + len(shape) or x.shape[1:] != shape or x.dtype.kind not in "iu" or len(x) == 0:
        sizes = ", ".join(map(str, shape))
        raise ValueError(
            f"{path}: expected {x_name} as (m, {sizes}) whole numbers, got {x.shape} {x.dtype}; {remedy}"
        )
    if y.shape != (len(x),) or y.dtype.kind not in "iu":
        raise ValueError(
            f"{path}: expected {y_name} as ({len(x)},) whole numbers, got {y.shape} {y.dtype}; {remedy}"
        )
    for name, values, high in ((y_name, y, 9), (x_name, x, 255)):
        if values.min() < 0 or values.max() > high:
            bad = np.argwhere((values < 0) | (values > high))[0]
            raise ValueError(
                f"{path}, image {bad[0]}: expected {name} in 0 … {high}, got {values[tuple(bad)]}; {remedy}"
            )


def records(content: bytes, path: Path, remedy: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record of a CSV table, the header first, with the number of the line on which it begins.

    Blank lines are passed over. All records have as many fields as the first, and there is at least one.
    Raises: ValueError for a file that is not such a table; path is for the message.
    """
    check_text(content, path, remedy)
    file = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
    reader = csv.reader(file, strict=True)
    line, header_line, width = 1, 0, 0
    while True:
        try:
            record = next(reader, None)
        except csv.Error as error:
            raise ValueError(
                f"{path}, line {line}: expected a CSV table, but {error}; correct it, or {remedy}"
            ) from None
        if record is None:
            break
        if record and not (len(record) == 1 and record[0].isspace()):
            if header_line == 0:
                _check_separator(record, line, path, remedy)
                header_line, width = line, len(record)
            if len(record) != width:
                cut = cut_short(len(record) < width and not any(map(str.strip, file)))
                raise ValueError(
                    f"{path}, line {line}: expected {width} fields, as in line {header_line}, "
                    f"got {len(record)}{cut}; correct it, or {remedy}"
                )
            yield line, record
        line = reader.line_num + 1
    if header_line == 0:
        raise ValueError(f"{path}: expected a table, got an empty file; correct it, or {remedy}")


def check_text(content: bytes, path: Path, remedy: str) -> None:
    """Raise ValueError unless the content is text in UTF-8."""
    if content.startswith(b"PK\x03\x04"):
        raise ValueError(f"{path}: expected a CSV table, got a ZIP archive; unpack it, or {remedy}")
    if content.startswith(UTF_16):
        raise ValueError(f"{path}: expected UTF-8 text, got UTF-16; save it as UTF-8, or {remedy}")
    zero = content.find(b"\0")
    if zero >= 0:
        line = _line_of(zero, content)
        raise ValueError(f"{path}, line {line}: expected UTF-8 text, got a NUL byte; correct it, or {remedy}")
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_of(error.start, content)
        raise ValueError(
            f"{path}, line {line}: expected UTF-8 text, got other bytes; save it as UTF-8, or {remedy}"
        ) from None


def _line_of(position: int, content: bytes) -> int:
    return len((content[:position] + b"x").splitlines())


def _check_separator(header: list[str], line: int, path: Path, remedy: str) -> None:
    for separator, words in SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise ValueError(
                f"{path}, line {line}: expected fields separated by commas, got {words}; "
                f"save it with commas, or {remedy}"
            )


def cut_short(suspected: bool) -> str:
    """Return a remark for an error in the last record of a file, or nothing."""
    return " (the file seems to be cut short here)" if suspected else ""


def shown(field: str, *, is_number: bool) -> str:
    """Return a field as an error message shows it: nothing, 12, or 'twelve'."""
    text = brief(field, 40)
    return "nothing" if not text else text if is_number else repr(text)


def brief(text: object, length: int = 160) -> str:
    """Return text on one line and not too long, for an error message."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"
