"""The way back from another process: one frame per job with what came of it, and a mark after the last."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nnlab.exercises.sandbox.state import KEPT_OUTPUT, captured, kept_state

Job = Callable[[], Any]


@dataclass
class Run:
    """What came of the jobs: one result for each that finished, and how it ended."""

    results: list = field(default_factory=list)
    ended: str = "done"  # "done", "time" or "died"
    output: str = ""


def send_results(jobs: Sequence[Job], descriptor: int) -> None:
    """Run the jobs and send what comes of each, with what it printed."""
    with captured() as output:
        for job in jobs:
            with kept_state():
                result = job()
            send(descriptor, (result, output.take()))
    send_end(descriptor)


def send(descriptor: int, value: Any) -> None:
    """Send a value as one frame; nobody may be listening any more."""
    frame = pickle.dumps(value)
    with contextlib.suppress(BrokenPipeError):
        _write(descriptor, struct.pack("<q", len(frame)) + frame)


def send_end(descriptor: int) -> None:
    """Send the mark that the jobs are done."""
    with contextlib.suppress(BrokenPipeError):
        _write(descriptor, struct.pack("<q", -1))


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


class Channel:
    """The receiving end. `receive(seconds)` gives bytes: b"" at the end, None when the time is over."""

    def __init__(self, receive: Callable[[float], bytes | None]):
        self._receive = receive
        self._data = bytearray()

    def next(self, deadline: float) -> Any:
        """Return the next value, or "done", "time" or "died"."""
        while True:
            if len(self._data) >= 8:
                (size,) = struct.unpack_from("<q", self._data)
                if size < 0:
                    del self._data[:8]
                    return "done"
                if len(self._data) >= 8 + size:
                    frame = bytes(self._data[8 : 8 + size])
                    del self._data[: 8 + size]
                    return pickle.loads(frame)
            wait = deadline - time.monotonic()
            piece = self._receive(wait) if wait > 0 else None
            if not piece:
                return "time" if piece is None else "died"
            self._data += piece


def collect(channel: Channel, deadline: float) -> Run:
    """Return the results that come until the end mark, the deadline, or the other side's death."""
    outcome = Run()
    while True:
        frame = channel.next(deadline)
        if isinstance(frame, str):
            outcome.ended = frame
            return outcome
        outcome.results.append(frame[0])
        outcome.output = (outcome.output + frame[1])[:KEPT_OUTPUT]
