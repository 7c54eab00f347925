"""How long an explorer takes from a moved slider to the new picture: `python -m nnlab.widgets.latency`.

Measured in one process, without a browser: with one, two small messages travel as well.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnlab import widgets
from nnlab.layers import Embedding, Linear, PositionalEncoding, Sequential, TransformerBlock
from nnlab.widgets.explorer import Explorer


class Case(NamedTuple):
    """An explorer, and the control that is moved through some values, by the name of its argument."""

    name: str
    make: Callable[[], Explorer]
    control: str
    values: Sequence[Any]


def cases() -> list[Case]:
    """Return what is measured."""
    rates = [float(f"{digits}e{power}") for power in (-3, -2, -1) for digits in (1, 1.5, 2, 3, 4, 5, 6, 8)]
    factors = np.linspace(0.1, 0.9, 21).tolist()
    rng = np.random.default_rng(0)
    p = rng.beta(2, 5, 20_000)
    y = (rng.random(20_000) < p).astype(int)
    found = []
    for data, hidden_size, optimizer in [
        ("circles", 16, "Adam"),
        ("circles", 64, "SGD"),
        ("circles", 64, "Adam"),
        ("spirals", 64, "Adam"),
    ]:
        name = f"training: 200 {data}, {hidden_size} hidden, 200 epochs, {optimizer}"
        make = functools.partial(
            widgets.training_explorer, data, hidden_size=hidden_size, optimizer=optimizer
        )
        found.append(Case(name, make, "learning_rate", rates))
    series = np.sin(2 * np.pi * np.arange(2000) / 365.25) + 0.1 * rng.normal(size=2000)
    forecast = functools.partial(widgets.forecast_explorer, series, 365.25)
    block = TransformerBlock(32, 2, 64, rng=rng)
    network = Sequential(
        Embedding(10, 32, rng=rng), PositionalEncoding(32, 8), block, Linear(32, 10, rng=rng)
    )
    heads = functools.partial(widgets.heads_explorer, network, tokens=[3, 1, 4, 1, 5, 9, 2, 6])
    threshold = functools.partial(widgets.threshold_explorer, y, p)
    return [
        *found,
        Case("digits: 32 hidden, 30 epochs", widgets.digits_explorer, "learning_rate", rates),
        Case("appointments: 32 hidden, 10 epochs", widgets.appointments_explorer, "learning_rate", rates),
        Case("forward pass", widgets.forward_explorer, "activation", ["ReLU", "Tanh"] * 10),
        Case("activation", widgets.activation_explorer, "z", factors),
        Case("gradient flow: 20 layers of 50", widgets.gradient_flow_explorer, "gain", factors[5:]),
        Case("kernel: a photograph", functools.partial(widgets.kernel_explorer, "temple"), "row", range(40)),
        Case("regularization: 60 points", widgets.regularization_explorer, "noise", factors[:10]),
        Case("schedule: 270 steps, twice", widgets.schedule_explorer, "peak", rates),
        Case("forecast: linear, 2,000 steps", forecast, "horizon", range(2, 22)),
        Case(
            "forecast: 16 hidden, 2,000 steps",
            functools.partial(forecast, hidden=16),
            "horizon",
            range(2, 12),
        ),
        Case("heads: 2 of them, 8 steps", heads, "query", [1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2]),
        Case(
            "sentence: 11 words", functools.partial(widgets.sentence_explorer, _explain), "word", range(5, 12)
        ),
        Case("steps", widgets.steps_explorer, "steepness", factors),
        Case("surface: 40 steps", widgets.surface_explorer, "learning_rate", rates),
        Case("threshold: 20,000 cases", threshold, "threshold", factors),
    ]


def _explain(tokens: list[str]) -> tuple[list[float], float]:
    """Stand in for a classifier: long words are good."""
    return [len(token) - 4.0 for token in tokens], 0.5


def measure(case: Case) -> Iterator[tuple[float, float]]:
    """Yield wall time and processor time, in seconds, of each move of the slider."""
    explorer = case.make()
    (widget,) = (control.widget for control in explorer.controls if control.name == case.control)
    for value in case.values:
        wall, processor = time.perf_counter(), time.process_time()
        widget.value = f"{value:g}" if hasattr(widget, "options") and not isinstance(value, str) else value
        explorer.latest.settle()
        yield time.perf_counter() - wall, time.process_time() - processor


def main() -> None:
    """Print a table of medians."""
    argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0]).parse_args()
    print(f"{'milliseconds, from a moved slider to the new picture':56}  median  slowest  processor")
    for case in cases():
        walls, processors = zip(*list(measure(case))[1:], strict=True)  # the first warms up
        times = (statistics.median(walls), max(walls), statistics.median(processors))
        print(
            f"{case.name:56}" + "".join(f"{1e3 * t:{w}.0f}" for t, w in zip(times, (8, 9, 11), strict=True))
        )


if __name__ == "__main__":
    main()
