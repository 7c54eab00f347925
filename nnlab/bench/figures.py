"""Figures of the results: nnlab's ratios to the others, and how time and memory grow."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from nnlab.bench.cases import Result
from nnlab.bench.report import NAMES
from nnlab.bench.scaling import Growth
from nnlab.plots import DASHES, GRAY, MARKERS, PALETTE

TICKS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10)
LABELS = {"nnlab": "nnlab", "torch": "PyTorch", "sklearn": "scikit-learn", "floor": "the floor"}


def ratios(results: Sequence[Result], ax: Axes | None = None) -> Axes:
    """Draw for each case the ratios of nnlab's time to the others', with their quartiles, on a log axis."""
    ax = plt.gca() if ax is None else ax
    for i, name in enumerate(NAMES[1:]):
        there = [(y, result.timing) for y, result in enumerate(results) if name in result.names]
        if not there:
            continue
        middle = [timing.ratio("nnlab", name) for _, timing in there]
        quartiles = [timing.ratio_quartiles("nnlab", name) for _, timing in there]
        errors = [
            [m - low for m, (low, _) in zip(middle, quartiles, strict=True)],
            [high - m for m, (_, high) in zip(middle, quartiles, strict=True)],
        ]
        ax.errorbar(
            middle,
            [y + 0.15 * (i - 1) for y, _ in there],  # beside one another where they meet
            xerr=errors,
            fmt=MARKERS[i],
            color=PALETTE[i],
            capsize=3,
            label=f"against {LABELS[name]}",
        )
    ax.axvline(1, color=GRAY, lw=1, ls="--")
    ax.set_xscale("log")
    ticks = [t for t in TICKS if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_yticks(range(len(results)), [result.case for result in results])
    ax.set_ylim(len(results) - 0.5, -0.5)
    ax.set_xlabel("nnlab's time / the other's (left of 1: nnlab is faster)")
    return ax


def draw_ratios(results: Sequence[Result]) -> Figure:
    """Return a figure of `ratios`, as high as it has cases."""
    figure, ax = plt.subplots(figsize=(9, 1.8 + 0.32 * len(results)), layout="constrained")
    ratios(results, ax)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def draw_growth(growths: Sequence[Growth]) -> Figure:
    """Return a figure with a column for each axis: time above, memory below, both on log axes."""
    figure, axes = plt.subplots(
        2, len(growths), figsize=(3.4 * len(growths) + 0.6, 6), layout="constrained", squeeze=False
    )
    for growth, (top, bottom) in zip(growths, axes.T, strict=True):
        seconds = {name: [1e3 * s for s in values] for name, values in growth.seconds.items()}
        peaks = {name: [peak / 1e6 for peak in values] for name, values in growth.peaks.items()}
        _lines(top, growth, seconds, {name: growth.time_exponent(name) for name in seconds})
        _lines(bottom, growth, peaks, {name: growth.memory_exponent(name) for name in peaks})
        top.set_title(growth.what, fontsize=9)
    axes[0, 0].set_ylabel("time, ms")
    axes[1, 0].set_ylabel("peak memory, MB")
    return figure


def _lines(ax: Axes, growth: Growth, columns: dict[str, list[float]], exponents: dict[str, float]) -> None:
    for i, (name, values) in enumerate(columns.items()):
        ax.loglog(
            growth.values,
            values,
            color=PALETTE[i],
            marker=MARKERS[i],
            ls=DASHES[i],
            label=f"{LABELS[name]}: ~{growth.axis}^{exponents[name]:.2f}",
        )
    ax.set_xticks(list(growth.values), [f"{v:,}" for v in growth.values], rotation=45)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.minorticks_off()
    ax.set_xlabel(growth.axis)
    if columns:
        ax.legend(fontsize=8)
