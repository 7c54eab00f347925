"""A forked child that runs the jobs, and the process that attends it (Linux).

The attendant is trusted and runs nothing of the learner's: it passes on the frames, ends the child when
its time is over, and ends whatever the child has started, also what has detached itself: orphans come to
the attendant.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import math
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from nnlab.exercises.sandbox import encoding
from nnlab.exercises.sandbox.channel import Channel, Run, Work, relay, send_results
from nnlab.exercises.sandbox.meter import LOADING, Meter, ended_by

MEMORY = 4 << 30  # bytes that learner code may take beyond what the process has already
LARGEST_FILE = 1 << 26  # bytes of a file that it may write under `alone`
PROCESSES = 256  # that it may have at once under `alone`
PATIENCE = 5.0  # seconds for everything that was started to end
TICK = 0.05  # seconds between two looks at whether the child still lives
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Limits:
    """What jobs may take: processor time and time on the clock in seconds, and how many results they give.

    `alone`: the child keeps no descriptor but its channel, as it must where other people's answers are near.
    """

    seconds: float
    waiting: float
    jobs: int
    alone: bool = False
    loading: float = LOADING  # seconds of processor time for imports and definitions, beside the others


def attend(work: Work, limits: Limits, token: bytes, answers: int, life: int) -> None:
    """Run the jobs in a child, and send every result, and how it ended, to `answers`, marked with the token.

    When something comes on `life`, or its other end is closed, the run is over.
    """
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        for descriptor in {readable, answers, life}:
            os.close(descriptor)
        _be_the_child(work, limits, writable)
    os.close(writable)
    ended = "died"
    try:
        ended = _pass_on(readable, limits, token, answers, life, child)
    finally:
        os.close(readable)
        status = _end_all(child)
    relay(answers, token + encoding.encode([ended_by(status) if ended == "died" else ended]))


def _pass_on(readable: int, limits: Limits, token: bytes, answers: int, life: int, child: int) -> str:
    """Relay frames until the child is done, has died or takes too long; return which."""
    channel = Channel(functools.partial(_receive, readable, life, child))
    deadline = time.monotonic() + limits.waiting
    run = Run()
    with contextlib.suppress(ValueError):
        while True:
            frame = channel.next(deadline)
            if isinstance(frame, str):
                return "waits" if frame == "time" else frame
            if not run.add(encoding.decode(frame)):
                whole = run.ended == "refused" or (run.ended == "done" and len(run.results) == limits.jobs)
                return run.ended if whole else "died"
            if len(run.results) > limits.jobs:
                return "died"
            relay(answers, token + frame)
    return "died"


def _receive(readable: int, life: int, child: int, wait: float) -> bytes | None:
    end = time.monotonic() + wait
    while True:
        ready, _, _ = select.select([readable, life], [], [], max(0.0, min(TICK, end - time.monotonic())))
        if life in ready:
            return b""
        if readable in ready:
            return os.read(readable, 1 << 20)
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return os.read(readable, 1 << 20) if select.select([readable], [], [], 0)[0] else b""
        if time.monotonic() >= end:
            return None


# The end


def _end_all(child: int) -> int:
    """End the child and all that it started; return the child's exit code, as `subprocess` has it."""
    status = -signal.SIGKILL
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)  # it changes nothing where the child has ended already
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            process, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if process == child:
            status = os.waitstatus_to_exitcode(ended)
        elif process == 0:
            for other in _everyone():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(other, signal.SIGKILL)
            time.sleep(0.0005)
    return status


def _everyone() -> Iterator[int]:
    """Yield what to kill: this process's children or, in a namespace of its own, all others at once."""
    me = os.getpid()
    if me == 1:
        yield -1
        return
    try:
        with open(f"/proc/{me}/task/{me}/children") as file:
            yield from map(int, file.read().split())
    except OSError:  # the kernel was built without that file
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
                if int(file.read().rpartition(")")[2].split()[1]) == me:
                    yield int(name)


def standing() -> tuple:
    """Return what other processes of this user may change about this one: limits, place in the queue."""
    if sys.platform != "linux":
        return ()
    import resource

    limits = [
        resource.getrlimit(getattr(resource, name)) for name in dir(resource) if name.startswith("RLIMIT_")
    ]
    return limits, os.nice(0), os.sched_getaffinity(0), os.sched_getscheduler(0)


def tidy() -> bool:
    """Empty /tmp where it is this namespace's own; return whether nothing is left."""
    if os.getpid() != 1:
        return True
    for entry in os.scandir("/tmp"):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
    return not os.listdir("/tmp")


def take_orphans() -> None:
    """Let orphaned descendants become children of this process, and close its memory to others."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


# The child


def _be_the_child(work: Work, limits: Limits, channel: int) -> None:
    """Send the results, then leave without the parent's exit handlers and open sockets."""
    status = 1
    try:
        os.setsid()
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        gc.freeze()  # the parent's objects are not the child's to collect
        _set_limits(limits)
        no_streams()
        if limits.alone:
            channel = _only(channel)
        meter = Meter(limits.seconds, limits.loading)
        meter.start()
        send_results(work, channel)
        status = 0
    finally:
        os._exit(status)


def no_streams() -> None:
    """Let the standard streams lead nowhere."""
    with open(os.devnull, "r+b") as nothing:
        for descriptor in (0, 1, 2):
            os.dup2(nothing.fileno(), descriptor)


def _only(channel: int) -> int:
    """Close every descriptor but the streams and this one, and return its new number."""
    if channel != 3:
        os.dup2(channel, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") > 0 else 1 << 16)
    return 3


def _set_limits(limits: Limits) -> None:
    """Limit memory; and processor time once more, for code that has turned the meter off."""
    import resource

    def limit(which: int, amount: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(which)
            amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
            resource.setrlimit(which, (amount, hard))

    with contextlib.suppress(OSError, ValueError), open("/proc/self/statm") as file:
        limit(resource.RLIMIT_AS, int(file.read().split()[0]) * resource.getpagesize() + MEMORY)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, math.ceil(limits.seconds + limits.loading) + 1)
    if limits.alone:
        limit(resource.RLIMIT_FSIZE, LARGEST_FILE)
        limit(resource.RLIMIT_NPROC, PROCESSES)
