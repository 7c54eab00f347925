"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import secrets
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What NumPy and zipfile raise for a damaged archive, depending on where the damage is.
BROKEN = (
    *(OSError, EOFError, KeyError, TypeError, ValueError, RuntimeError, MemoryError),
    *(zlib.error, zipfile.BadZipFile, tokenize.TokenError),
)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only once it is whole, and not at all after an error.

    A symbolic link stays, and the file that it points to is replaced. Anything but a regular file, such as
    /dev/null, is written to directly.
    Raises: OSError if the file cannot be written.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path = path.resolve()
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
