"""The results as a table, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nnlab.bench.cases import Result

NAMES = ("nnlab", "torch", "sklearn", "floor")
ABSENT = "–"


def table(results: Sequence[Result]) -> pd.DataFrame:
    """Return a row for each case: median µs per step, ratios of nnlab to the others, and their quartiles.

    A ratio is the median over the rounds of the ratios within a round; half of these lie in the spread.
    """
    return pd.DataFrame([_row(result) for result in results]).set_index("case")


def _row(result: Result) -> dict[str, str]:
    timing, names = result.timing, result.names
    row = {"case": result.case}
    for name in NAMES:
        row[f"{name} µs"] = microseconds(timing.median(name)) if name in names else ABSENT
    for other in NAMES[1:]:
        there = other in names
        row[f"nnlab/{other}"] = f"{timing.ratio('nnlab', other):.2f}" if there else ABSENT
    spreads = [
        "{}: {:.2f}–{:.2f}".format(other, *timing.ratio_quartiles("nnlab", other))
        for other in NAMES[1:]
        if other in names
    ]
    return row | {"spread of the ratios": "  ".join(spreads)}


def microseconds(seconds: float) -> str:
    """Return a time in µs with three digits at least."""
    micro = seconds * 1e6
    return f"{micro:,.0f}" if micro >= 100 else f"{micro:.3g}"


def markdown(results: Sequence[Result]) -> str:
    """Return the table for the README."""
    frame = table(results).reset_index()
    lines = ["| " + " | ".join(frame.columns) + " |", "|---" + "|---:" * (len(frame.columns) - 2) + "|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in frame.itertuples(index=False)]
    return "\n".join(lines)


def record(result: Result) -> dict[str, Any]:
    """Return a result for JSON: seconds, not µs, and every quartile."""
    timing = result.timing
    others = [name for name in result.names if name != "nnlab"]
    return {
        "case": result.case,
        "steps in a turn": timing.steps,
        "rounds": len(next(iter(timing.seconds.values()))),
        "largest difference": result.difference,
        "left out": dict(result.left_out),
        "seconds": {
            name: {"median": timing.median(name), "quartiles": timing.quartiles(name)}
            for name in result.names
        },
        "ratios": {
            f"nnlab/{name}": {
                "median": timing.ratio("nnlab", name),
                "quartiles": timing.ratio_quartiles("nnlab", name),
            }
            for name in others
        },
    }
