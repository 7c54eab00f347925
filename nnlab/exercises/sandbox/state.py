"""What learner code may touch beside its arguments: the streams, the screen, the libraries' state."""

from __future__ import annotations

import builtins
import contextlib
import importlib
import io
import math
import os
import random
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

KEPT_OUTPUT = 4000  # characters of what the learner's code printed


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
        with _no_display():
            yield output
    finally:
        sys.stdout, sys.stderr, sys.stdin, builtins.input = before


@contextlib.contextmanager
def _no_display() -> Iterator[None]:
    """Let `display(…)` and `plt.show()` do nothing: in a forked child the notebook cannot be reached."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    places = [
        (getattr(shell, "display_pub", None), "publish"),
        (sys.modules.get("matplotlib.pyplot"), "show"),
    ]
    with contextlib.ExitStack() as stack:
        for owner, name in places:
            if owner is not None:
                stack.enter_context(_replaced(vars(owner), name, lambda *args, **kwargs: None))
        yield


@contextlib.contextmanager
def _replaced(namespace: dict[str, Any], name: str, value: Any) -> Iterator[None]:
    before = namespace.get(name, namespace)  # the namespace itself stands for "not there"
    namespace[name] = value
    try:
        yield
    finally:
        if before is namespace:
            namespace.pop(name, None)
        else:
            namespace[name] = before


@contextlib.contextmanager
def no_exit() -> Iterator[None]:
    """Let learner code that shares this process neither end it nor raise the limit on recursion."""

    def refuse(*args: Any) -> None:
        raise SystemExit("learner code may not end the process")

    limit = sys.getrecursionlimit()
    set_limit = sys.setrecursionlimit
    with contextlib.ExitStack() as stack:
        for name in ("_exit", "abort", "fork", "execv", "execve", "kill", "killpg"):
            if hasattr(os, name):
                stack.enter_context(_replaced(vars(os), name, refuse))
        lowered = _replaced(vars(sys), "setrecursionlimit", lambda n: set_limit(min(n, limit)))
        stack.enter_context(lowered)
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings and NumPy's complaints about numbers."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


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
        with quiet(), kept_torch():
            yield
    finally:
        for module, names in namespaces:
            _restore(vars(module), names)
        seterr(**errors)
        set_printoptions(**print_options)
        set_recursion(recursion)
        restore_random(random_state)
        restore_np_random(np_random_state)


@contextlib.contextmanager
def kept_torch() -> Iterator[None]:
    """Put back torch's switches, random state and patched names, where torch is loaded.

    Meanwhile the switches are as torch sets them itself, whatever the notebook has set, and it computes with
    one thread: a forked child has no others, and small tensors gain nothing by them.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    namespaces = [(module, dict(vars(module))) for module in (torch, torch.nn, torch.nn.functional)]
    gradients, dtype, random_state = torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_rng_state()
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        torch.set_default_dtype(torch.float32)
        with contextlib.ExitStack() as stack:
            stack.enter_context(_no_compiler(torch))
            stack.enter_context(torch.inference_mode(False))
            stack.enter_context(torch.enable_grad())
            stack.enter_context(torch.autocast("cpu", enabled=False))
            if torch.get_default_device().type != "cpu":  # this one slows every operation
                stack.enter_context(torch.device("cpu"))
            yield
    finally:
        for module, names in namespaces:
            _restore(vars(module), names)
        torch.set_grad_enabled(gradients)
        torch.set_default_dtype(dtype)
        torch.set_rng_state(random_state)
        torch.set_num_threads(threads)


COMPILER = "torch._dynamo"
KEPT = "__dynamo_disable"  # where torch keeps a function of its own as the compiler has made it


class _Unloaded(types.ModuleType):
    """Stands for torch's compiler, which an optimizer loads at its first step and which takes a second.

    Nothing is compiled here. Whoever asks for more than an optimizer does gets the compiler itself.
    """

    @staticmethod
    def disable(function: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the function as it is."""
        return function

    @staticmethod
    def graph_break(*args: Any, **kwargs: Any) -> None:
        """Do nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        self.put_away()
        return getattr(importlib.import_module(COMPILER), name)

    def put_away(self) -> None:
        """Leave no trace."""
        torch = sys.modules["torch"]
        for namespace, name in ((sys.modules, COMPILER), (vars(torch), "_dynamo")):
            if namespace.get(name) is self:
                del namespace[name]
        for method in vars(torch.optim.Optimizer).values():
            function = getattr(method, "__wrapped__", None)
            if getattr(function, KEPT, None) is function is not None:
                delattr(function, KEPT)


@contextlib.contextmanager
def _no_compiler(torch: Any) -> Iterator[None]:
    if COMPILER in sys.modules:
        yield
        return
    stand_in = _Unloaded(COMPILER)
    sys.modules[COMPILER] = torch._dynamo = stand_in
    try:
        yield
    finally:
        stand_in.put_away()


def _restore(namespace: dict[str, Any], names: dict[str, Any]) -> None:
    """Put back what was replaced or deleted; a name that is new (a submodule, say) does no harm."""
    for name, value in names.items():
        if namespace.get(name, namespace) is not value:
            namespace[name] = value
