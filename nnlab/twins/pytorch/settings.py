"""Whatever the reader has set for the whole of torch must not change what the twins compute."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
T = TypeVar("T")


def default_settings(function: Callable[P, T]) -> Callable[P, T]:
    """Let the function run on the CPU, in full precision and recording gradients.

    Without this, `torch.set_default_device`, `torch.autocast`, `torch.no_grad` and `torch.inference_mode`
    around a call would reach in. A default dtype cannot be undone for a while: we name the dtype everywhere.
    """

    @functools.wraps(function)
    def protected(*args: P.args, **kwargs: P.kwargs) -> T:
        elsewhere = torch.get_default_device().type != "cpu"
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.autocast("cpu", enabled=False),
            torch.device("cpu") if elsewhere else contextlib.nullcontext(),  # it slows every operation
        ):
            return function(*args, **kwargs)

    return protected
