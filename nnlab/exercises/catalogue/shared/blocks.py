"""What a block for images computes in both modes, however it is written."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.parameter import is_lazy

from nnlab.exercises.checking.definitions import Function


@cache
def numbers_of(shape: tuple[int, ...], kind: str) -> torch.Tensor:
    """Return fixed numbers that depend on the shape alone; axes of length 1 do not count.

    Kernels and images are so large that no usual eps matters beside the variance.
    """
    longer = tuple(n for n in shape if n > 1)
    rng = np.random.default_rng([len(kind), *longer])
    if kind == "buffer":
        numbers = rng.uniform(20, 60, size=longer)
    elif len(longer) < 2:  # gamma and beta
        numbers = rng.uniform(0.5, 1.5, size=longer) * np.resize([1, -1], longer)
    else:
        numbers = rng.normal(size=longer) * (3 if kind == "images" else 6)
    return torch.tensor(numbers).reshape(shape)


def set_by_shape(block: nn.Module) -> None:
    """Give every parameter and every running average numbers that its shape decides."""
    with torch.no_grad():
        for parameter in block.parameters():
            if not is_lazy(parameter):
                parameter.copy_(numbers_of(tuple(parameter.shape), "parameter"))
        for average in averages_of(block):
            average.copy_(numbers_of(tuple(average.shape), "buffer"))


def averages_of(block: nn.Module) -> list[torch.Tensor]:
    """Return the running averages: the buffers that are no counters."""
    return [buffer for buffer in block.buffers() if not is_lazy(buffer) and buffer.is_floating_point()]


def known_start() -> contextlib.ExitStack:
    """Let new layers start with those numbers, so that one which is never found does not hold random ones.

    Meanwhile torch computes with one thread: several would mostly wait for each other on images so small.
    """
    stack = contextlib.ExitStack()
    if (threads := torch.get_num_threads()) > 1:
        torch.set_num_threads(1)
        stack.callback(torch.set_num_threads, threads)
    for kind in (_ConvNd, _NormBase, nn.Linear):
        stack.enter_context(patch.object(kind, "reset_parameters", set_by_shape))
    return stack


def observed(f: Function, *sizes: int, height: int, width: int) -> Iterator[dict[str, Any]]:
    """Build a block, set its numbers, and return what there is to train and what it computes."""
    with known_start():
        block = f(*sizes)
        if not isinstance(block, nn.Module):
            raise TypeError("the observation is about an nn.Module")
        parameters = list(block.parameters())
        dtype = parameters[0].dtype if parameters else torch.float32
        X = numbers_of((3, sizes[0], height, width), "images").to(dtype)
        if any(map(is_lazy, parameters)):
            called(block.eval(), X.clone())  # lets them find their sizes
    yield {"parameters": shapes_of(block)}
    set_by_shape(block)
    given = X.clone()
    with torch.no_grad():
        Y, error = called(block.eval(), given)
    before = [average.clone() for average in averages_of(block)]
    stays = all(
        torch.equal(average, numbers_of(tuple(average.shape), "buffer").to(average)) for average in before
    )
    yield {"raises": error, "evaluation": Y, "input as it was": torch.equal(given, X)}
    given = X.clone().requires_grad_()
    Y, error = called(block.train(), given * 1)
    moved = [not torch.equal(a, b) for a, b in zip(averages_of(block), before, strict=True)]
    again, _ = called(block, given * 1, seed=1)
    yield {
        "raises in training": error,
        "training": Y.detach() if isinstance(Y, torch.Tensor) else Y,
        "left to chance": isinstance(Y, torch.Tensor) and not torch.equal(Y, again),
        "averages": f"{sum(moved)} in training, {'none' if stays else 'some'} in evaluation",
    }
    with known_start():
        gradient, idle = gradients(block, Y, given)
    yield {"gradient": gradient, "idle parameters": idle}


def called(block: nn.Module, X: torch.Tensor, seed: int = 0) -> tuple[Any, str]:
    """Return the block's result, or the error as text in its place; and what the error says."""
    try:
        with known_start(), torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            return block(X), ""
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return text, text


def shapes_of(block: nn.Module) -> str:
    """Return the shapes of what an optimizer would train, largest first."""
    found = [tuple(p.shape) for p in block.parameters() if p.requires_grad]
    vectors = [tuple(n for n in shape if n > 1) for shape in found]  # (1, n, 1, 1) is a vector too
    shown = [short if len(short) < 2 else whole for short, whole in zip(vectors, found, strict=True)]
    return ", ".join(map(str, sorted(shown, key=lambda shape: (-len(shape), *(-n for n in shape)))))


def gradients(block: nn.Module, Y: Any, X: torch.Tensor) -> tuple[Any, int]:
    """Return the gradient of a sum of the result for X, and how many parameters get none."""
    try:
        weights = numbers_of(tuple(Y.shape), "images").to(Y.dtype)
        (Y * weights).sum().backward()
    except Exception as error:
        return f"{type(error).__name__}: {error}", 0
    return X.grad, sum(p.grad is None for p in block.parameters())


WORDS = {
    "parameters": "An optimizer should find parameters of the shapes {expected} in the block; in yours it "
    "finds {got}.",
    "raises": "The block can be built, but calling it raises an error ({got}).",
    "raises in training": "Calling the block in training mode raises an error ({got}).",
    "evaluation": "In evaluation mode the block computes something else.",
    "training": "In training mode the block computes something else.",
    "input as it was": "The block changes the images that it is given; the caller still needs them.",
    "left to chance": "Two calls in training mode with the same images give different results.",
    "averages": "Of the running averages {expected} should move; in your block it is {got}.",
    "gradient": "The gradient that comes back through the block is another one.",
    "idle parameters": "Every parameter should get a gradient, but {got} of them get none.",
}


def some_are_idle(seen: list) -> bool:
    """Whether the block can be called, but has parameters that get no gradient."""
    return not any(one["raises"] for one in seen) and any(float(one["idle parameters"]) > 0 for one in seen)


def chance_enters(seen: list) -> bool:
    """Whether the block computes something else in every call in training mode."""
    return all(one["left to chance"] is True for one in seen)
