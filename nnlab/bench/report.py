"""The results as tables, as Markdown and as records for JSON."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nnlab.bench.cases import Result
from nnlab.bench.memory import MemoryResult
from nnlab.bench.scaling import Growth
from nnlab.bench.threads import machine

if TYPE_CHECKING:  # loaded where a table is made, not in the processes whose memory is measured
    import pandas as pd

NAMES = ("nnlab", "torch", "sklearn", "floor")
ABSENT = "–"
LEGEND = """\
Times are medians in µs: of one step, epoch, prediction, pass or import. A ratio is the median of the ratios
within a round, in brackets its quartiles: half of the rounds lie between them. Below 1, nnlab is faster. The
floor of training and predicting is the matrix products alone, that of importing is NumPy. nnlab runs a
reader's own loop, fit, forward (one row) and predict_scores; PyTorch its usual eager loop; scikit-learn
partial_fit (one call for all steps of a turn), fit and predict_proba. A full batch is taken in blocks by
nnlab and the floor, whole by the others. A pass is forward and backward through one layer, to its input and
its parameters; the numbers are the shape of the input. All in float32; each case but importing, and dropout,
where everyone draws masks of their own, checked first that the results agree."""


def table(results: Sequence[Result]) -> pd.DataFrame:
    """Return a row for each case: median µs of each contestant, and the ratios of nnlab to the others."""
    import pandas as pd

    return pd.DataFrame([_row(result) for result in results]).set_index("case")


def _row(result: Result) -> dict[str, str]:
    row, timing = {"case": result.case}, result.timing
    for name in NAMES:
        row[f"{name} µs"] = _microseconds(timing.median(name)) if name in result.names else ABSENT
    for name in NAMES[1:]:
        text = ABSENT
        if name in result.names:
            low, high = timing.ratio_quartiles("nnlab", name)
            text = f"{timing.ratio('nnlab', name):.2f} ({low:.2f}–{high:.2f})"
        row[f"nnlab/{name}"] = text
    return row


def _microseconds(seconds: float) -> str:
    """Return a time in µs with three digits at least."""
    micro = seconds * 1e6
    return f"{micro:,.0f}" if micro >= 100 else f"{micro:.3g}"


def memory_table(results: Sequence[MemoryResult]) -> pd.DataFrame:
    """Return a row for each case: peak MB of training beyond the data, of which the size is beside it."""
    import pandas as pd

    rows = []
    for result in results:
        row = {"case": result.case, "data MB": f"{result.data / 1e6:.1f}"}
        for name in NAMES[:3]:
            row[f"{name} MB"] = f"{result.peaks[name] / 1e6:.1f}" if name in result.peaks else ABSENT
        for name in NAMES[1:3]:
            row[f"nnlab/{name}"] = f"{result.ratio('nnlab', name):.2f}" if name in result.peaks else ABSENT
        rows.append(row)
    return pd.DataFrame(rows).set_index("case")


def growth_table(growth: Growth) -> pd.DataFrame:
    """Return a row for each value of the axis, with ms and MB of each contestant; the exponents below."""
    import pandas as pd

    columns = {}
    for name, seconds in growth.seconds.items():
        exponent = f"{growth.time_exponent(name):.2f}"
        columns[f"{name} ms"] = [f"{1e3 * s:.3g}" for s in seconds] + [exponent]
    for name, peaks in growth.peaks.items():
        exponent = f"{growth.memory_exponent(name):.2f}"
        columns[f"{name} MB"] = [f"{peak / 1e6:.3g}" for peak in peaks] + [exponent]
    index = [f"{value:,}" for value in growth.values] + ["exponent"]
    return pd.DataFrame(columns, index=pd.Index(index, name=growth.axis))


def markdown(frame: pd.DataFrame) -> str:
    """Return one of the tables as docs/speed.md has it."""
    frame = frame.reset_index()
    lines = ["| " + " | ".join(frame.columns) + " |", "|---" + "|---:" * (len(frame.columns) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in frame.itertuples(index=False)])


def surroundings(threads: int, clock: str) -> dict[str, Any]:
    """Describe where it is measured: the machine, threads, clock, and how busy the machine is."""
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None  # as on Windows
    return {**machine(), "threads": threads, "clock": clock, "load": load}


def describe(around: dict[str, Any]) -> str:
    """Return the surroundings in two lines, with a warning where the machine is too busy."""
    text = (
        "{processor}, {cores} cores, {system}; {threads} thread(s) each, {clock} clock, load {load}\n"
        "{matrix library}; Python {python}, NumPy {numpy}, PyTorch {torch}, scikit-learn {scikit-learn}"
    ).format_map(around)
    if around["load"] is None:
        return text
    if around["clock"] == "wall" and around["load"] > around["cores"] - around["threads"] + 0.5:
        remedy = "wait, or measure with --clock cpu" if around["threads"] == 1 else "wait"
        text += f"\nThe machine is busy with other work: {remedy}."
    return text


def notes(results: Sequence[Result | MemoryResult | Growth]) -> list[str]:
    """Return a line for each reason to leave a contestant out, with the cases, and for each data set used."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        case = result.axis if isinstance(result, Growth) else result.case
        for name, reason in result.left_out.items():
            reasons.setdefault(f"{name} left out, {reason}", []).append(case)
        if isinstance(result, Result) and "," in result.data:
            reasons.setdefault(f"data: {result.data}", []).append(case)
    every = len(results)
    return [
        f"{reason}  [{'all cases' if len(cases) == every > 1 else '; '.join(cases)}]"
        for reason, cases in reasons.items()
    ]


def record(result: Result | MemoryResult | Growth) -> dict[str, Any]:
    """Return a result for JSON: in seconds and bytes, with all quartiles or values."""
    if isinstance(result, Result):
        return _timing_record(result)
    if isinstance(result, MemoryResult):
        peaks = dict(result.peaks)
        return {"case": result.case, "data": result.data, "peaks": peaks, "left_out": result.left_out}
    return {
        "axis": result.axis,
        "what": result.what,
        "values": list(result.values),
        "seconds": dict(result.seconds),
        "time_exponents": {name: result.time_exponent(name) for name in result.seconds},
        "peaks": dict(result.peaks),
        "memory_exponents": {name: result.memory_exponent(name) for name in result.peaks},
        "left_out": dict(result.left_out),
    }


def _timing_record(result: Result) -> dict[str, Any]:
    timing = result.timing
    others = [name for name in result.names if name != "nnlab"]
    return {
        "case": result.case,
        "data": result.data,
        "steps": timing.steps,
        "rounds": len(timing.seconds[result.names[0]]),
        "difference": result.difference,
        "left_out": dict(result.left_out),
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
