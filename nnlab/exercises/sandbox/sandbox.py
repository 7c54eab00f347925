"""Where learner code runs: it may hang, recurse, exit, print without end, patch NumPy; the kernel lives on.

On Linux the code runs in a forked child with a memory limit. Where fork is missing or unsafe (Windows,
macOS, a process that uses a GPU) it is sent to a Python process that stands by. What cannot be sent runs
in a daemon thread that is interrupted by an exception, and whatever global state it changed is put back.
All ways give the same report, as plain data.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import os
import select
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nnlab.exercises.sandbox import child, encoding, host
from nnlab.exercises.sandbox.channel import Channel, Job, Run
from nnlab.exercises.sandbox.child import Limits
from nnlab.exercises.sandbox.state import captured, kept_state, no_exit

FIRST_TRY = 1 / 3  # of the time; who has not finished then gets another try, with all of it
WAITING = 10  # times the processor time: what may pass on the clock on a busy machine
PATIENCE = 0.5  # seconds that an interrupted thread gets before it is left to itself

_inside = threading.local()  # whether this thread runs learner code; a forked child has the copy


class TimeUp(BaseException):
    """Raised inside learner code when its time is over."""


def run(jobs: Sequence[Job], seconds: float, how: str | None = None) -> Run:
    """Run the jobs one after another, each of which gives plain data; `seconds` of processor time for all.

    `how` is "fork", "process", "thread", or None for the best that there is here.
    Raises: RuntimeError when learner code calls it that runs in the sandbox itself.
    """
    if getattr(_inside, "yes", False):  # each call would start a process that makes the same call again
        raise RuntimeError(
            "check was called inside the function that it checks; call it below the function, in a cell of "
            "its own"
        )
    jobs = [functools.partial(_as_learners, job) for job in jobs]
    if how is None:
        how = "fork" if can_fork() else "process"
    if how != "thread":
        elsewhere = _in_child if how == "fork" else host.run
        done = twice(functools.partial(elsewhere, jobs), seconds, len(jobs))
        if done.ended != "refused":
            return done
    return _in_thread(jobs, Limits(seconds, WAITING * seconds, len(jobs)))


def _as_learners(job: Job) -> Any:
    with as_learners():
        return job()


@contextlib.contextmanager
def as_learners() -> Iterator[None]:
    """Mark what this thread runs as learner code, which may not start a sandbox of its own."""
    before = getattr(_inside, "yes", False)
    _inside.yes = True
    try:
        yield
    finally:
        _inside.yes = before


def twice(run: Callable[[Limits], Run], seconds: float, jobs: int, **more: Any) -> Run:
    """Run with part of the time, and with all of it if that was not enough: a machine may stutter."""
    done = Run()
    for share in (FIRST_TRY, 1):
        done = run(Limits(share * seconds, WAITING * seconds, jobs, **more))
        if done.ended != "time":
            break
    return done


def can_fork() -> bool:
    """Whether a forked child is safe here: on Linux, unless torch is loaded and has a GPU.

    With a GPU, the first backward pass starts threads that autograd cannot do without in the child.
    """
    torch = sys.modules.get("torch")
    return sys.platform == "linux" and not (torch is not None and torch.cuda.is_available())


# The child


def _in_child(jobs: Sequence[Job], limits: Limits) -> Run:
    """Fork an attendant, which forks the child: see child.py. Without this process, both end as well."""
    answers, theirs = os.pipe()
    life, ours = os.pipe()
    token = os.urandom(16)
    with warnings.catch_warnings():  # Python 3.12 warns of fork in a process with threads
        warnings.simplefilter("ignore")
        attendant = os.fork()
    if attendant == 0:
        try:
            os.setsid()
            os.close(answers)
            os.close(ours)
            gc.freeze()
            child.take_orphans()
            child.attend(lambda: jobs, limits, token, theirs, life)
        finally:
            os._exit(0)
    os.close(theirs)
    os.close(life)
    try:
        return _collect(answers, token, limits)
    finally:
        os.close(answers)
        os.close(ours)
        os.waitpid(attendant, 0)


def _collect(answers: int, token: bytes, limits: Limits) -> Run:
    run = Run()
    channel = Channel(functools.partial(_receive, answers))
    deadline = time.monotonic() + limits.waiting + 2 * child.PATIENCE
    with contextlib.suppress(ValueError):
        while True:
            frame = channel.next(deadline)
            if isinstance(frame, str) or not frame.startswith(token):
                break
            if not run.add(encoding.decode(frame[len(token) :])):
                return run
    run.ended = "died"
    return run


def _receive(descriptor: int, wait: float) -> bytes | None:
    return os.read(descriptor, 1 << 20) if select.select([descriptor], [], [], wait)[0] else None


# The thread


def _in_thread(jobs: Sequence[Job], limits: Limits) -> Run:
    outcome = Run()

    def work() -> None:
        try:
            for job in jobs:
                with kept_state():
                    result = job()
                outcome.results.append(encoding.decode(encoding.encode(result)))
            outcome.ended = "done"
        except TimeUp:
            outcome.ended = "time"

    with kept_state(), captured() as output, no_exit():
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            ended = _watched(thread, limits)
        finally:
            if thread.is_alive():
                _interrupt(thread)
        if ended:
            outcome = Run(list(outcome.results), ended)
        outcome.output = output.take()
    return outcome


def _watched(thread: threading.Thread, limits: Limits) -> str:
    """Wait for the thread; return "" if it ended, or which of its times is over."""
    clock = _clock_of(thread)
    end, used = time.monotonic() + limits.waiting, clock()
    for wait in _growing_waits():
        thread.join(wait)
        if not thread.is_alive():
            return ""
        if clock() - used > limits.seconds:
            return "time"
        if time.monotonic() > end:
            return "waits"
    return ""


def _growing_waits() -> Iterator[float]:
    wait = 0.001
    while True:
        yield wait
        wait = min(2 * wait, child.TICK)


def _clock_of(thread: threading.Thread) -> Callable[[], float]:
    """Return a clock of the thread's processor time or, where there is none, of this process's."""
    if hasattr(time, "pthread_getcpuclockid"):
        with contextlib.suppress(OSError):
            which = time.pthread_getcpuclockid(thread.ident or 0)
            return functools.partial(_read_clock, which)
    return time.process_time


def _read_clock(which: int) -> float:
    try:
        return time.clock_gettime(which)
    except OSError:  # the thread has ended
        return 0.0


def _interrupt(thread: threading.Thread) -> None:
    """Raise TimeUp in the thread until it ends; code that swallows it or sits in C is left behind."""
    end = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeUp)
        )
        thread.join(0.02)
