"""The clock of learner code: processor time, without what it imports and defines.

Where the system has such timers, the process that runs out of time is ended by a signal, wherever it is: in a
loop of Python or deep inside C. The signal tells which of the two times was over. Timers count the time that
this process computes, so that neither a busy machine nor other processes matter.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

LOADING = 30.0  # seconds of processor time for imports and definitions
TIME_UP, LOADING_UP = 86, 87  # exit statuses, where there are no such signals
TICK = 0.02  # seconds between two looks at the clock there

# what can be over: its timer, and the signal that ends the process
TIMERS = {"time": ("ITIMER_PROF", "SIGPROF"), "loading": ("ITIMER_VIRTUAL", "SIGVTALRM")}
HAS_TIMERS = hasattr(signal, "setitimer")


def ended_by(status: int) -> str:
    """Return "time", "loading" or "died" for a process's exit code, as `subprocess` has it."""
    if HAS_TIMERS:
        signals = {-getattr(signal, name): what for what, (_, name) in TIMERS.items()}
        if status in signals:
            return signals[status]
    return {TIME_UP: "time", LOADING_UP: "loading"}.get(status, "died")


class Meter:
    """Ends this process when the learner's code has computed for `seconds`, or loaded for `loading`."""

    def __init__(self, seconds: float, loading: float = LOADING):
        self._left = {"time": seconds, "loading": loading}
        self._running = ""
        self._since = 0.0
        self._process = os.getpid()

    def start(self) -> None:
        """Start the clock, and from now on leave out what is imported."""
        global _current
        _current = self
        if HAS_TIMERS:
            for _, name in TIMERS.values():
                signal.signal(getattr(signal, name), signal.SIG_DFL)
        else:
            threading.Thread(target=self._watch, daemon=True).start()
        _time_imports()
        self._switch("time")

    def stop(self) -> None:
        """Stop the clock."""
        global _current
        self._switch("")
        _current = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let what runs inside count as loading."""
        if self._running != "time" or os.getpid() != self._process:  # in an import within an import, say
            yield
            return
        self._switch("loading")
        try:
            yield
        finally:
            self._switch("time")

    def _switch(self, to: str) -> None:
        if HAS_TIMERS:
            if self._running:
                timer = getattr(signal, TIMERS[self._running][0])
                self._left[self._running] = signal.setitimer(timer, 0)[0] or 1e-6
            if to:
                signal.setitimer(getattr(signal, TIMERS[to][0]), self._left[to])
        elif self._running:
            self._left[self._running] -= time.process_time() - self._since
        self._running, self._since = to, time.process_time()

    def _watch(self) -> None:
        while _current is self:
            time.sleep(TICK)
            what = self._running
            if what and time.process_time() - self._since > self._left[what]:
                os._exit(TIME_UP if what == "time" else LOADING_UP)


_current: Meter | None = None


@contextlib.contextmanager
def not_counted() -> Iterator[None]:
    """Let what runs inside count as loading, not as the learner's time."""
    with _current.paused() if _current is not None else contextlib.nullcontext():
        yield


def _time_imports() -> None:
    """Let every import of a module that is not loaded yet pass through `not_counted`."""
    machinery: Any = sys.modules.get("_frozen_importlib")
    find = getattr(machinery, "_find_and_load", None)
    if find is None or getattr(find, "not_counted", False):
        return

    def find_and_load(*args: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            return find(*args)
        with not_counted():
            return find(*args)

    find_and_load.not_counted = True  # type: ignore[attr-defined]
    machinery._find_and_load = find_and_load
