"""Data as bytes, for the way back from learner code: bounded, and nothing in it can run.

The types are None, bool, int, float, str, tuple, list, dict and arrays of plain numbers; every value is one
letter for its type and what belongs to it. A pickle can run code in the process that reads it; these bytes
can only be refused.
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

LARGEST = 1 << 25  # bytes of one value
DEEPEST = 16  # containers within each other
DTYPES = ("<f8", "<f4", "<f2", "|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8")
SIZE = struct.Struct("<I")
FLOAT = struct.Struct("<d")
ARRAY = struct.Struct("<BB")  # place among DTYPES, number of axes


def encode(value: Any) -> bytes:
    """Return a value as bytes.

    Raises: TypeError for any other type, subclasses of these included; ValueError beyond the bounds.
    """
    pieces: list[bytes] = []
    _encode(value, pieces, 0)
    data = b"".join(pieces)
    if len(data) > LARGEST:
        raise ValueError(f"encode expected at most {LARGEST:,} bytes, got {len(data):,}")
    return data


def _encode(value: Any, pieces: list[bytes], depth: int) -> None:
    kind = type(value)
    if depth > DEEPEST:
        raise ValueError(f"encode expected at most {DEEPEST} containers within each other")
    if value is None or kind is bool:
        pieces.append({None: b"N", True: b"T", False: b"F"}[value])
    elif kind is int:
        _sized(b"i", str(value).encode(), pieces)
    elif kind is float:
        pieces += [b"f", FLOAT.pack(value)]
    elif kind is str:
        _sized(b"s", value.encode("utf-8", "replace"), pieces)
    elif kind in (tuple, list):
        pieces += [b"t" if kind is tuple else b"l", SIZE.pack(len(value))]
        for item in value:
            _encode(item, pieces, depth + 1)
    elif kind is dict:
        pieces += [b"d", SIZE.pack(len(value))]
        for key, item in value.items():
            _encode(key, pieces, depth + 1)
            _encode(item, pieces, depth + 1)
    elif kind is np.ndarray:
        dtype = value.dtype.newbyteorder("<").str
        if dtype not in DTYPES:
            raise TypeError(f"encode expected an array of plain numbers, got {value.dtype}")
        axes = [SIZE.pack(n) for n in value.shape]
        pieces += [b"a", ARRAY.pack(DTYPES.index(dtype), value.ndim), *axes, value.astype(dtype).tobytes()]
    else:
        raise TypeError("encode expected None, a number, text, a tuple, list or dict of such, or an array")


def _sized(letter: bytes, data: bytes, pieces: list[bytes]) -> None:
    pieces += [letter, SIZE.pack(len(data)), data]


def decode(data: bytes) -> Any:
    """Return the value that these bytes stand for. Raises: ValueError unless `encode` can have made them."""
    if len(data) > LARGEST:
        raise ValueError(f"decode expected at most {LARGEST:,} bytes, got {len(data):,}")
    reader = _Reader(data)
    try:
        value = reader.value(0)
    except (struct.error, IndexError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"decode expected what encode gives: {error}") from None
    if reader.place != len(data):
        raise ValueError("decode expected one value, got more behind it")
    return value


class _Reader:
    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def take(self, size: int) -> bytes:
        if size > len(self.data) - self.place:
            raise ValueError("decode expected more bytes than came")
        self.place += size
        return self.data[self.place - size : self.place]

    def size(self) -> int:
        (size,) = SIZE.unpack(self.take(SIZE.size))
        if size > len(self.data) - self.place:  # every item takes a byte at least
            raise ValueError("decode expected more bytes than came")
        return size

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise ValueError(f"decode expected at most {DEEPEST} containers within each other")
        match self.take(1):
            case b"N":
                return None
            case b"T":
                return True
            case b"F":
                return False
            case b"i":
                return int(self.take(self.size()))  # Python refuses more than some thousand digits
            case b"f":
                return FLOAT.unpack(self.take(FLOAT.size))[0]
            case b"s":
                return self.take(self.size()).decode("utf-8")
            case b"t":
                return tuple([self.value(depth + 1) for _ in range(self.size())])
            case b"l":
                return [self.value(depth + 1) for _ in range(self.size())]
            case b"d":
                return {self.value(depth + 1): self.value(depth + 1) for _ in range(self.size())}
            case b"a":
                number, axes = ARRAY.unpack(self.take(ARRAY.size))
                dtype = np.dtype(DTYPES[number])
                shape = [SIZE.unpack(self.take(SIZE.size))[0] for _ in range(axes)]
                raw = self.take(math.prod(shape) * dtype.itemsize)
                return np.frombuffer(raw, dtype).reshape(shape).copy()
        raise ValueError("decode expected a letter for a type")
