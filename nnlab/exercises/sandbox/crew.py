"""A crew of worker processes that survives the loss of any of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any


@dataclass(frozen=True)
class Lost:
    """In place of a result: the worker ran out of time ("time"), or ended ("died")."""

    how: str


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    task: Any = None
    deadline: float = float("inf")

    def give(self, task: Any, seconds: float) -> None:
        self.task, self.deadline = task, time.monotonic() + seconds
        with contextlib.suppress(OSError):  # its death shows when its answer is read
            self.pipe.send(task)

    def answer(self) -> Any:
        try:
            result = self.pipe.recv()
        except (EOFError, OSError):
            return Lost("died")
        self.task, self.deadline = None, float("inf")
        return result

    def dismiss(self) -> None:
        self.pipe.close()  # an idle worker takes this as the end of its work
        if self.task is not None:
            self.process.terminate()  # it may end a sandbox that it has open
            self.process.join(2)
            self.process.kill()
        self.process.join()


class Crew:
    """Workers that call `function` on the tasks that are submitted; more may be submitted meanwhile.

    Where fork is safe the workers are copies of this process, with everything it has computed. A worker that
    dies, or that takes longer than `seconds` for a task, is replaced.
    """

    def __init__(self, function: Callable[[Any], Any], workers: int, seconds: float, fork: bool):
        self._function, self._size, self._seconds = function, workers, seconds
        self._fork = fork
        self._context: Any = multiprocessing.get_context("fork" if fork else "spawn")
        self._todo: deque[Any] = deque()
        self._workers: list[_Worker] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            worker.dismiss()

    def submit(self, task: Any) -> None:
        """Add a task behind those that wait already."""
        self._todo.append(task)

    def results(self) -> Iterator[tuple[Any, Any]]:
        """Yield every task with its result, or Lost, as they are done, until none is left."""
        while self._todo or any(w.task is not None for w in self._workers):
            self._hand_out()
            busy = [w for w in self._workers if w.task is not None]
            patience = max(0.0, min(w.deadline for w in busy) - time.monotonic())
            ready = wait([w.pipe for w in busy], timeout=patience)
            for worker in busy:
                task = worker.task
                if worker.pipe in ready:
                    result: Any = worker.answer()
                elif time.monotonic() >= worker.deadline:
                    result = Lost("time")
                else:
                    continue
                if isinstance(result, Lost):
                    self._workers.remove(worker)
                    worker.dismiss()
                yield task, result

    def _hand_out(self) -> None:
        idle = [w for w in self._workers if w.task is None]
        while self._todo and (idle or len(self._workers) < self._size):
            worker = idle.pop() if idle else self._hire()
            worker.give(self._todo.popleft(), self._seconds)

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        copied = [ours, *(w.pipe for w in self._workers)] if self._fork else []
        process = self._context.Process(target=_work, args=(self._function, theirs, copied), daemon=True)
        process.start()
        theirs.close()
        self._workers.append(_Worker(process, ours))
        return self._workers[-1]


def _work(function: Callable[[Any], Any], pipe: Connection, copied: list[Connection]) -> None:
    """Answer tasks until the other end of the pipe is closed, here too: a fork copies it."""
    for other in copied:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(function(pipe.recv()))
