"""Where learner code runs: it may hang, recurse, exit, print without end, patch NumPy; the kernel lives on.

On Linux the code runs in a forked child with a memory limit, killed at the time limit. Where fork is missing
or unsafe (Windows, macOS, a process that uses a GPU) it is sent to a Python process that stands by, and is
killed likewise. What cannot be sent runs in a daemon thread that is interrupted by an exception, and whatever
global state it changed is put back. All ways give the same report.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import math
import os
import select
import signal
import sys
import threading
import time
import warnings
from collections.abc import Sequence

from nnlab.exercises.sandbox import standby
from nnlab.exercises.sandbox.channel import Channel, Job, Run, collect, send_results
from nnlab.exercises.sandbox.state import captured, kept_state

MEMORY = 4 << 30  # bytes that learner code may take beyond what the process has already
PATIENCE = 0.5  # seconds that an interrupted thread gets before it is left to itself


class TimeUp(BaseException):
    """Raised inside learner code when its time is over."""


def run(jobs: Sequence[Job], seconds: float, how: str | None = None) -> Run:
    """Run the jobs one after another within the time.

    `how` is "fork", "process", "thread", or None for the best that there is here.
    """
    if how is None:
        how = "fork" if can_fork() else "process"
    if how == "fork":
        return _in_child(jobs, seconds)
    if how == "process":
        done = standby.run(jobs, seconds)
        if done is not None:
            return done
    return _in_thread(jobs, seconds)


def can_fork() -> bool:
    """Whether a forked child is safe here: on Linux, unless torch is loaded and has a GPU.

    With a GPU, the first backward pass starts threads that autograd cannot do without in the child.
    """
    torch = sys.modules.get("torch")
    return sys.platform == "linux" and not (torch is not None and torch.cuda.is_available())


# The child


def _in_child(jobs: Sequence[Job], seconds: float) -> Run:
    readable, writable = os.pipe()
    deadline = time.monotonic() + seconds
    with warnings.catch_warnings():  # Python 3.12 warns of fork in a process with threads; see _be_the_child
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        _be_the_child(jobs, readable, writable, seconds)
    os.close(writable)
    try:
        return collect(Channel(functools.partial(_receive, readable)), deadline)
    finally:
        os.close(readable)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _be_the_child(jobs: Sequence[Job], readable: int, writable: int, seconds: float) -> None:
    """Send the results, then leave without the parent's exit handlers and open sockets."""
    status = 1
    try:
        os.setsid()  # its own group, so that what it starts is killed with it
        os.close(readable)
        gc.freeze()  # the parent's objects are not the child's to collect
        _set_limits(seconds)
        with open(os.devnull, "r+b") as nothing:
            for descriptor in (0, 1, 2):
                os.dup2(nothing.fileno(), descriptor)
        send_results(jobs, writable)
        status = 0
    finally:
        os._exit(status)


def _set_limits(seconds: float) -> None:
    """Limit memory, and processor time as well, for the case that the parent is killed while it waits."""
    import resource

    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = taken + MEMORY if hard == resource.RLIM_INFINITY else min(taken + MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        whole = math.ceil(seconds + 1) * (os.cpu_count() or 1)
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))


def _receive(descriptor: int, wait: float) -> bytes | None:
    return os.read(descriptor, 1 << 20) if select.select([descriptor], [], [], wait)[0] else None


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
