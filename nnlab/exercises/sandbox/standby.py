"""A Python process that stands by and runs learner code, for systems where a fork is missing or unsafe.

It is started at the first check, stays, and is killed and replaced when it has hung or died. The learner's
function goes to it by value (cloudpickle, which comes with scikit-learn). What cannot be sent, an open file
among the function's globals say, makes `run` return None.
"""

from __future__ import annotations

import builtins
import contextlib
import linecache
import math
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nnlab.exercises.sandbox.channel import Channel, Job, Run, collect, send, send_results

LOADING = 60.0  # seconds that it may take to start and to import PyTorch; they do not count for the learner
START = "from nnlab.exercises.sandbox.standby import serve; serve()"

_lock = threading.Lock()
_current: Standby | None = None


def run(jobs: Sequence[Job], seconds: float) -> Run | None:
    """Run the jobs in the process that stands by, or return None where they cannot be sent to it."""
    global _current
    try:
        packed = _pack(jobs)
    except Exception:  # pickling can raise anything
        return None
    with _lock:
        fit = False  # for the next jobs
        try:
            _current = _current or Standby()
            _current.send(packed)
            if _current.channel.next(time.monotonic() + LOADING) is not True:
                return None
            done = collect(_current.channel, time.monotonic() + seconds)
            fit = done.ended == "done"
            return done
        except (OSError, ValueError):  # no process can be started here, or it died before it had the jobs
            return None
        finally:
            if not fit:
                _replace()


def _replace() -> None:
    """Kill the process, if there is one, and start the next: it is ready then when it is needed."""
    global _current
    if _current is not None:
        _current.kill()
        _current = None
        with contextlib.suppress(OSError):
            _current = Standby()


def _pack(jobs: Sequence[Job]) -> bytes:
    """Return the jobs, with the source lines of the cells that they come from, as bytes."""
    try:
        import cloudpickle
    except ImportError:  # joblib before 1.6 brings its own
        from joblib.externals import cloudpickle
    lines = {name: entry for name, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None}
    return pickle.dumps((lines, cloudpickle.dumps(list(jobs))))


class Standby:
    """The process, with a thread that listens to it: a pipe cannot be waited for on Windows."""

    def __init__(self) -> None:
        places = [str(Path(__file__).parents[3]), *(place or os.getcwd() for place in sys.path)]
        more = {"PYTHONPATH": os.pathsep.join(places), "MPLBACKEND": "Agg"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=os.environ | more,
            start_new_session=True,  # Ctrl-C is for the parent
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
        )
        self._pieces: queue.Queue[bytes] = queue.Queue()
        self.channel = Channel(self._receive)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self._process.stdout.fileno(), 1 << 16):  # type: ignore[union-attr]
                self._pieces.put(piece)
        self._pieces.put(b"")

    def _receive(self, wait: float) -> bytes | None:
        with contextlib.suppress(queue.Empty):
            return self._pieces.get(timeout=wait)
        return None

    def send(self, packed: bytes) -> None:
        """Hand over jobs; OSError when the process has died."""
        stdin: Any = self._process.stdin
        view = memoryview(len(packed).to_bytes(8, "little") + packed)
        while view:
            view = view[stdin.write(view) :]

    def kill(self) -> None:
        """End the process, and free what it held."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()  # type: ignore[union-attr]


# What the process itself does


def serve() -> None:
    """Answer jobs until the parent closes the pipe. The two pipes get descriptors of their own first."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.dup(1)
    with open(os.devnull, "r+b") as nothing:
        for descriptor in (0, 1, 2):
            os.dup2(nothing.fileno(), descriptor)
    vars(builtins).setdefault("display", print)  # which a notebook has
    for packed in _requests(requests):
        jobs = None
        with contextlib.suppress(Exception):
            lines, inner = pickle.loads(packed)
            jobs = pickle.loads(inner)
            linecache.cache.update(lines)
        send(answers, jobs is not None)
        if jobs is not None:
            _limit_processor_time()
            send_results(jobs, answers)


def _limit_processor_time() -> None:
    """Let the system end code that loops on after its parent has been killed; Windows has no such limit."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        whole = math.ceil(used.ru_utime + used.ru_stime + LOADING)
        resource.setrlimit(resource.RLIMIT_CPU, (whole, hard))


def _requests(file: Any) -> Iterator[bytes]:
    while len(size := file.read(8)) == 8:
        yield file.read(int.from_bytes(size, "little"))
