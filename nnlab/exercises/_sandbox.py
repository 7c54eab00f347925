"""Where learner code runs: it may hang, recurse, exit, print without end, patch NumPy; the kernel lives on.

On Linux the code runs in a forked child with a memory limit, killed at the time limit. Where fork is missing
or unsafe (Windows, macOS, a process that uses a GPU) it runs in a daemon thread that is interrupted by an
exception, and whatever global state it changed is put back. Both ways give the same report.
"""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import gc
import io
import math
import os
import pickle
import random
import select
import signal
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Job = Callable[[], Any]
MEMORY = 4 << 30  # bytes that learner code may take beyond what the process has already
KEPT_OUTPUT = 4000  # characters of what the learner's code printed
PATIENCE = 0.5  # seconds that an interrupted thread gets before it is left to itself


@dataclass
class Run:
    """What came of the jobs: one result for each that finished, and how it ended."""

    results: list = field(default_factory=list)
    ended: str = "done"  # "done", "time" or "died"
    output: str = ""


class TimeUp(BaseException):
    """Raised inside learner code when its time is over."""


def run(jobs: Sequence[Job], seconds: float, how: str | None = None) -> Run:
    """Run the jobs one after another within the time; `how` is "fork", "thread", or None for the best."""
    if how is None:
        how = "fork" if can_fork() else "thread"
    return (_in_child if how == "fork" else _in_thread)(jobs, seconds)


def can_fork() -> bool:
    """Whether a forked child is safe here: on Linux, unless torch has started its GPU machinery."""
    torch = sys.modules.get("torch")
    return sys.platform == "linux" and not (torch is not None and torch.cuda.is_initialized())


# The child


def _in_child(jobs: Sequence[Job], seconds: float) -> Run:
    readable, writable = os.pipe()
    deadline = time.monotonic() + seconds
    with warnings.catch_warnings():  # Python 3.12 warns of fork in a process with threads; see _be_the_child
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        _be_the_child(jobs, readable, writable)
    os.close(writable)
    try:
        return _read(readable, deadline)
    finally:
        os.close(readable)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _be_the_child(jobs: Sequence[Job], readable: int, writable: int) -> None:
    """Send one pickled frame per job, then leave without the parent's exit handlers and open sockets."""
    status = 1
    try:
        os.setsid()  # its own group, so that what it starts is killed with it
        os.close(readable)
        gc.freeze()  # the parent's objects are not the child's to collect
        _limit_memory()
        _one_thread()
        with open(os.devnull, "r+b") as nothing:
            for descriptor in (0, 1, 2):
                os.dup2(nothing.fileno(), descriptor)
        with captured() as output:
            for job in jobs:
                with kept_state():
                    result = job()
                frame = pickle.dumps((result, output.take()))
                with contextlib.suppress(BrokenPipeError):
                    _write(writable, struct.pack("<q", len(frame)) + frame)
        _write(writable, struct.pack("<q", -1))
        status = 0
    finally:
        os._exit(status)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _read(descriptor: int, deadline: float) -> Run:
    """Collect frames until the end mark, the deadline, or the child's death."""
    outcome, data = Run(), bytearray()
    while True:
        while len(data) >= 8:
            (size,) = struct.unpack_from("<q", data)
            if size < 0:
                return outcome
            if len(data) < 8 + size:
                break
            result, text = pickle.loads(bytes(data[8 : 8 + size]))
            del data[: 8 + size]
            outcome.results.append(result)
            outcome.output = (outcome.output + text)[:KEPT_OUTPUT]
        wait = deadline - time.monotonic()
        if wait <= 0 or not select.select([descriptor], [], [], wait)[0]:
            outcome.ended = "time"
            return outcome
        piece = os.read(descriptor, 1 << 20)
        if not piece:
            outcome.ended = "died"
            return outcome
        data += piece


def _limit_memory() -> None:
    import resource

    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = taken + MEMORY if hard == resource.RLIM_INFINITY else min(taken + MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _one_thread() -> None:
    """Keep torch off its thread pool, whose threads do not exist in a forked child."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)


# The thread


def _in_thread(jobs: Sequence[Job], seconds: float) -> Run:
    outcome = Run()

    def work() -> None:
        try:
            for job in jobs:
                with kept_state():
                    result = job()
                outcome.results.append(result)
            outcome.ended = "done"
        except TimeUp:
            outcome.ended = "time"

    outcome.ended = "died"
    with kept_state(), captured() as output:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            thread.join(seconds)
        finally:
            if thread.is_alive():
                _interrupt(thread)
                outcome = Run(list(outcome.results), "time")
        outcome.output = output.take()
    return outcome


def _interrupt(thread: threading.Thread) -> None:
    """Raise TimeUp in the thread until it ends; code that swallows it or sits in C is left behind."""
    end = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeUp)
        )
        thread.join(0.02)


# What both share


class Output(io.TextIOBase):
    """A text stream that keeps the beginning and forgets the rest."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._room = KEPT_OUTPUT

    def writable(self) -> bool:
        """Whether print may write here: yes."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if self._room > 0:
            self._kept.append(text[: self._room])
            self._room -= len(text)
        return len(text)

    def take(self) -> str:
        """Return what was kept since the last call."""
        text = "".join(self._kept)
        self._kept.clear()
        return text


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() cannot be answered while an exercise is checked")


@contextlib.contextmanager
def captured() -> Iterator[Output]:
    """Send what is printed into the given stream, and let nothing wait for the keyboard."""
    output, before = Output(), (sys.stdout, sys.stderr, sys.stdin, builtins.input)
    sys.stdout = sys.stderr = output
    sys.stdin, builtins.input = io.StringIO(), _no_input
    try:
        yield output
    finally:
        sys.stdout, sys.stderr, sys.stdin, builtins.input = before


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Put back NumPy's global state, and names patched in the common modules, after learner code has run."""
    modules = [builtins, math, random, np, np.random, np.linalg]
    namespaces = [(module, dict(vars(module))) for module in modules]
    random_state, np_random_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    errors, print_options, recursion = np.geterr(), np.get_printoptions(), sys.getrecursionlimit()
    restore_random, restore_np_random = random.setstate, np.random.set_state
    seterr, set_printoptions, set_recursion = np.seterr, np.set_printoptions, sys.setrecursionlimit
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        for module, names in namespaces:
            _restore(vars(module), names)
        seterr(**errors)
        set_printoptions(**print_options)
        set_recursion(recursion)
        restore_random(random_state)
        restore_np_random(np_random_state)


def _restore(namespace: dict[str, Any], names: dict[str, Any]) -> None:
    """Put back what was replaced or deleted; a name that is new (a submodule, say) does no harm."""
    for name, value in names.items():
        if namespace.get(name, namespace) is not value:
            namespace[name] = value
