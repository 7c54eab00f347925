"""The way back from learner code: frames of plain data, each with its length before it.

What comes is read by nobody who trusts it: a frame that is too long, too many frames, or bytes that stand for
nothing end the run as if the other side had died.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from nnlab.exercises.sandbox import encoding
from nnlab.exercises.sandbox.state import KEPT_OUTPUT, captured, kept_state

Job = Callable[[], Any]  # gives plain data
Work = Callable[[], Iterable[Job]]  # makes the jobs where they are to run
HEADER = struct.Struct("<I")
LONGEST = encoding.LARGEST + 16  # bytes of a frame: a value, and the token before it


@dataclass
class Run:
    """What came of the jobs: one result for each that finished, and how it ended.

    `ended` is "done"; "time": it computed for too long; "loading": its imports and definitions did;
    "waits": it did not end, though it hardly computed; "died": its process ended; "refused": the jobs could
    not be made.
    """

    results: list = field(default_factory=list)
    ended: str = "died"
    output: str = ""

    def add(self, frame: Any) -> bool:
        """Take in a frame with a result, or the one with how it ended; return whether more will come."""
        match frame:
            case [str(ended)]:
                self.ended = ended
                return False
            case [result, str(output)]:
                self.results.append(result)
                self.output = (self.output + output)[:KEPT_OUTPUT]
                return True
        raise ValueError("a frame expected a result with its output")


def send_results(work: Work, descriptor: int, token: bytes = b"") -> None:
    """Run the jobs and send what comes of each, with what it printed; then, that they are done."""
    process = os.getpid()
    with captured() as output:
        try:
            jobs = work()
        except Exception:  # unpickling can raise anything
            return send(descriptor, ["refused"], token)
        for job in jobs:
            with kept_state():
                result = job()
            if os.getpid() != process:  # the job forked, and this is the copy
                os._exit(0)
            send(descriptor, [result, output.take()], token)
    send(descriptor, ["done"], token)


def send(descriptor: int, value: Any, token: bytes = b"") -> None:
    """Send a value as one frame, behind the token."""
    relay(descriptor, token + encoding.encode(value))


def relay(descriptor: int, data: bytes) -> None:
    """Send bytes as one frame; nobody may be listening any more."""
    view = memoryview(HEADER.pack(len(data)) + data)
    with contextlib.suppress(BrokenPipeError):
        while view:
            view = view[os.write(descriptor, view) :]


class Channel:
    """The receiving end. `receive(seconds)` gives bytes: b"" at the end, None when the time is over."""

    def __init__(self, receive: Callable[[float], bytes | None]):
        self._receive = receive
        self._data = bytearray()

    def next(self, deadline: float) -> bytes | str:
        """Return the next frame as it came, or "time" or "died". Raises: ValueError if it is too long."""
        while True:
            if len(self._data) >= HEADER.size:
                (size,) = HEADER.unpack_from(self._data)
                if size > LONGEST:
                    raise ValueError(f"a frame expected at most {LONGEST:,} bytes, got {size:,}")
                end = HEADER.size + size
                if len(self._data) >= end:
                    frame = bytes(self._data[HEADER.size : end])
                    del self._data[:end]
                    return frame
            wait = deadline - time.monotonic()
            piece = self._receive(wait) if wait > 0 else None
            if not piece:
                return "time" if piece is None else "died"
            self._data += piece
