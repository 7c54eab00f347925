"""A Python process of its own that runs learner code, for systems where forking this one is missing or
unsafe.

It knows nothing but what it is sent. On Linux it forks a child for every run; elsewhere it serves one run
and is gone, so that nothing that learner code does to it reaches the next. Under `nnlab grade` it runs in
namespaces of its own.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import io
import linecache
import marshal
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nnlab.exercises.sandbox import child, encoding
from nnlab.exercises.sandbox.channel import Channel, Job, Run, relay, send_results
from nnlab.exercises.sandbox.child import Limits
from nnlab.exercises.sandbox.meter import Meter, ended_by, not_counted

STARTING = 120.0  # seconds that it may take to start and to import PyTorch; they do not count for the learner
START = "from nnlab.exercises.sandbox.host import serve; serve()"
FORKS = sys.platform == "linux"
READY = b"ready"


class _Process:
    """Another Python process, with a thread that listens to it: a pipe cannot be waited for on Windows."""

    def __init__(
        self, modules: Sequence[str] = (), within: Sequence[str] = (), env: Mapping[str, str] | None = None
    ):
        self._process = subprocess.Popen(
            [*within, sys.executable, "-c", START, "many" if FORKS else "one", *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=dict(environment() if env is None else env),
            start_new_session=True,  # Ctrl-C is for the parent
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
        )
        self._pieces: queue.Queue[bytes] = queue.Queue()
        self._channel = Channel(self._receive)
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

    def _send(self, data: bytes) -> None:
        stdin: Any = self._process.stdin
        view = memoryview(len(data).to_bytes(8, "little") + data)
        while view:
            view = view[stdin.write(view) :]

    def kill(self) -> None:
        """End the process and its group, and free what it held."""
        with contextlib.suppress(OSError, AttributeError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]

    def close(self) -> None:
        """Let the process end what it does, with all that it has started, and leave."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2 * child.PATIENCE)
        self.kill()


class Host(_Process):
    """The process that runs learner code.

    `within` is a command that runs its arguments, such as bubblewrap; `modules` are imported before the
    first run.
    """

    _ready = False

    def wait(self) -> bool:
        """Wait until it is ready; return whether it is."""
        if not self._ready:
            with contextlib.suppress(ValueError):
                self._ready = self._channel.next(time.monotonic() + STARTING) == READY
        return self._ready

    def run(self, packed: bytes, limits: Limits) -> tuple[Run, bool]:
        """Run packed work (a pickle of `Work`); return what came, and whether it is fit for another run."""
        run, token = Run(), os.urandom(16)
        if not self.wait():
            return run, False
        deadline = time.monotonic() + limits.waiting + child.PATIENCE + 1
        self._ready = False
        try:
            self._send(pickle.dumps((token, limits, packed)))
            while True:
                frame = self._channel.next(deadline)
                if isinstance(frame, str):
                    run.ended = "waits" if frame == "time" else self._how_it_ended()
                    return run, False
                if not frame.startswith(token) or len(run.results) > limits.jobs:
                    return Run(), False
                if not run.add(encoding.decode(frame[len(token) :])):
                    return run, FORKS
        except (OSError, ValueError):  # it died before it had the jobs, or sent what is no frame
            run.ended = "died"
            return run, False

    def _how_it_ended(self) -> str:
        try:
            return ended_by(self._process.wait(1))
        except subprocess.TimeoutExpired:
            return "died"


def environment() -> dict[str, str]:
    """Return this process's environment, changed so that a host imports what this process imports."""
    places = [str(Path(__file__).parents[3]), *(place or os.getcwd() for place in sys.path)]
    return os.environ | {"PYTHONPATH": os.pathsep.join(places), "MPLBACKEND": "Agg"}


# One host stands by

_lock = threading.Lock()
_standby: Host | None = None


def run(jobs: Sequence[Job], limits: Limits) -> Run:
    """Run the jobs in the host that stands by; it ends as "refused" where they cannot be sent to it."""
    global _standby
    refused = Run(ended="refused")
    try:
        packed = pack(jobs)
    except Exception:  # pickling can raise anything
        return refused
    with _lock:
        fit = False  # for the next jobs
        try:
            if _standby is None or not _standby.wait():
                _replace()
            _standby = _standby or _start()
            if not _standby.wait():
                return refused
            done, fit = _standby.run(packed, limits)
            return done
        except OSError:  # no process can be started here
            return refused
        finally:
            if not fit:
                _replace()


def _start() -> Host:
    return Host(["torch"] if "torch" in sys.modules else [])


def _replace() -> None:
    """Kill the host, if there is one, and start the next: it is ready then when it is needed."""
    global _standby
    if _standby is not None:
        _standby.kill()
        _standby = None
        with contextlib.suppress(OSError):
            _standby = _start()


def pack(jobs: Sequence[Job]) -> bytes:
    """Return the jobs, with the source lines of the cells that they come from, as bytes."""
    lines = {name: entry for name, entry in linecache.cache.items() if len(entry) == 4 and entry[1] is None}
    return pickle.dumps(functools.partial(_unpack, os.getcwd(), lines, _by_value(list(jobs))))


def _by_value(jobs: list[Job]) -> bytes:
    """Pickle functions with their code, which keeps the names of the cells that it was written in."""
    try:
        import cloudpickle
    except ImportError:  # joblib before 1.6 brings its own
        from joblib.externals import cloudpickle

    class Pickler(cloudpickle.CloudPickler):
        # cloudpickle 3.1.3 drops a code object's file name, without which an error cannot show its line.
        dispatch_table = cloudpickle.CloudPickler.dispatch_table.new_child({types.CodeType: _code})

    packed = io.BytesIO()
    Pickler(packed).dump(jobs)
    return packed.getvalue()


def _code(code: types.CodeType) -> tuple:
    return marshal.loads, (marshal.dumps(code),)


def _unpack(folder: str, lines: dict, packed: bytes) -> Sequence[Job]:
    """Return the jobs that `pack` has packed, in the folder where they came from."""
    with contextlib.suppress(OSError):
        os.chdir(folder)
    linecache.cache.update(lines)
    return pickle.loads(packed)


def _make(packed: bytes) -> Iterable[Job]:
    with not_counted():
        return pickle.loads(packed)()


# What the process itself does


def serve() -> None:
    """Answer requests until the parent closes the pipe. The two pipes get descriptors of their own first."""
    requests, answers = os.dup(0), os.dup(1)
    child.no_streams()
    child.take_orphans()
    vars(builtins).setdefault("display", print)  # which a notebook has
    how_many, *modules = sys.argv[1:]
    for name in modules:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)  # a thread pool would not survive the fork
    before = child.standing()
    relay(answers, READY)
    for request in _requests(requests):
        token, limits, packed = pickle.loads(request)
        work = functools.partial(_make, packed)
        if how_many == "many":
            child.attend(work, limits, token, answers, requests)
            if not child.tidy() or child.standing() != before:
                return  # something is left of the last run; another host takes over
            relay(answers, READY)
        else:
            _serve_once(work, limits, token, answers)


def _serve_once(work: Any, limits: Limits, token: bytes, answers: int) -> None:
    meter = Meter(limits.seconds, limits.loading)
    meter.start()
    send_results(work, answers, token)
    os._exit(0)


def _requests(descriptor: int) -> Iterator[bytes]:
    def read(size: int) -> bytes:
        data = b""
        while len(data) < size and (piece := os.read(descriptor, size - len(data))):
            data += piece
        return data

    while len(size := read(8)) == 8:
        yield read(int.from_bytes(size, "little"))
