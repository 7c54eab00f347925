"""`nnlab bench`: speed and memory beside PyTorch and scikit-learn, doing the same work on the same threads.

Examples:
  nnlab bench
  nnlab bench --only "784-64-10 SGD" --quick
  nnlab bench --only pass --clock cpu
  nnlab bench --json results.json --plot ratios.png
  nnlab bench --scaling --plot growth.png
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tqdm.auto import tqdm

import nnlab
from nnlab import bench
from nnlab.bench import report
from nnlab.commands import open_output, threads

QUICK = {"seconds": 0.1, "round_seconds": 0.03, "least_rounds": 3}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--only", metavar="SUBSTRING", help="only cases with this in their names")
    parser.add_argument(
        "--scaling", action="store_true", help="instead: growth with batch, width, depth, rows"
    )
    parser.add_argument("--quick", action="store_true", help="fewer, shorter rounds: a look, not a result")
    parser.add_argument(
        "--threads", type=threads, default=1, metavar="N", help="of all libraries (default 1)"
    )
    parser.add_argument(
        "--clock",
        choices=bench.CLOCKS,
        default="wall",
        help="cpu: processor time, less disturbed by other programs, for one thread (default wall)",
    )
    parser.add_argument(
        "--json", nargs="?", const="-", metavar="FILE", help="write JSON to FILE, or print it"
    )
    parser.add_argument("--plot", type=_picture, metavar="FILE", help="draw the ratios, or the growth")
    parser.add_argument("--markdown", action="store_true", help="print the tables as docs/speed.md has them")
    parser.set_defaults(usage_error=parser.error)


def _picture(text: str) -> str:
    if Path(text).suffix.lower() not in (".png", ".svg", ".pdf", ".jpg"):
        raise argparse.ArgumentTypeError(f"expected a file .png, .svg, .pdf or .jpg, got {text!r}")
    return text


def run(arguments: argparse.Namespace) -> int:
    """Measure the chosen cases under a progress bar, then print tables and write files."""
    chosen = _choose(arguments)
    for case in chosen.get("cases", ()):
        case.prepare()  # data that cannot be read are found before measuring
    with contextlib.ExitStack() as files:  # opened now: a bad path is found before measuring
        to_file = arguments.json not in (None, "-")
        json_file = open_output(files, arguments.json) if to_file else None
        picture = open_output(files, arguments.plot) if arguments.plot else None
        with bench.limit_threads(arguments.threads):
            around = report.surroundings(arguments.threads, arguments.clock)
            results = _measure_all(chosen, arguments)
        text = json.dumps(_document(results, around, arguments.quick), indent=2, ensure_ascii=False)
        if json_file:
            json_file.write(f"{text}\n".encode())
        if picture:
            _draw(results, picture, Path(arguments.plot).suffix[1:].lower())
    # Printed last: the files are written even if printing fails.
    print(text if arguments.json == "-" else _page(results, around, arguments.markdown))
    return 0


def _choose(arguments: argparse.Namespace) -> dict[str, list]:
    """Return the cases to measure, by group; wrong usage ends here, before anything is measured."""
    if arguments.clock == "cpu" and arguments.threads > 1:
        arguments.usage_error("--clock cpu adds up the threads: use it with --threads 1")
    groups: dict[str, Sequence[Any]] = (
        {"scaling": bench.AXES}
        if arguments.scaling
        else {"cases": bench.all_cases(), "memory": bench.memory.all_cases()}
    )
    only = arguments.only or ""
    chosen = {group: [case for case in cases if only in case.name] for group, cases in groups.items()}
    if not any(chosen.values()):
        names = "\n  ".join(case.name for cases in groups.values() for case in cases)
        arguments.usage_error(f"no case has {arguments.only!r} in its name; the cases are\n  {names}")
    if arguments.plot and arguments.json and Path(arguments.plot) == Path(arguments.json):
        arguments.usage_error(f"--json and --plot both name {arguments.plot}; name two files")
    if arguments.plot and not (chosen.get("cases") or chosen.get("scaling")):
        arguments.usage_error("--plot draws ratios of times, or growth: --only leaves neither")
    return chosen


def _measure_all(chosen: dict[str, list], arguments: argparse.Namespace) -> dict[str, list]:
    """Measure every group of cases, all under one progress bar."""
    clock, threads = arguments.clock, arguments.threads
    quick: dict[str, Any] = QUICK if arguments.quick else {}

    def time_it(case: bench.Case, done: Callable[[float], object]) -> bench.Result:
        return bench.measure(case, clock=clock, rest=bench.rest(threads), report=done, **quick)

    def grow(axis, done: Callable[[float], object]) -> bench.Growth:
        some = {"values": axis.values[:3], "seconds": QUICK["seconds"]} if arguments.quick else {}
        return bench.grow(axis, clock=clock, threads=threads, report=done, **some)

    def weigh(case, done: Callable[[float], object]) -> bench.memory.MemoryResult:
        return bench.memory.measure(case, threads)

    measures: dict[str, Callable] = {"cases": time_it, "scaling": grow, "memory": weigh}
    if chosen.get("memory") and not bench.memory.available():
        tqdm.write("memory is left out: it is measured on Linux only", file=sys.stderr)
        chosen = {**chosen, "memory": []}
    work = [(group, case) for group, cases in chosen.items() for case in cases]
    results: dict[str, list] = {group: [] for group in chosen}
    with tqdm(total=len(work), unit="case", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        for number, (group, case) in enumerate(work):
            bar.set_description(case.name)

            def done(part: float, number=number) -> None:
                bar.update(number + part - bar.n)

            results[group].append(measures[group](case, done))
            done(1)
    return results


def _page(results: dict[str, list], around: dict[str, Any], as_markdown: bool) -> str:
    """Return the machine, the tables and the notes as text, or as Markdown."""
    frames = [bench.growth_table(growth) for growth in results.get("scaling", [])]
    titles = [f"{growth.axis}: {growth.what}" for growth in results.get("scaling", [])]
    if results.get("cases"):
        frames.append(bench.table(results["cases"]))
        titles.append("")
    if results.get("memory"):
        frames.append(bench.memory_table(results["memory"]))
        titles.append("Peak memory of training beyond the data, in a fresh process each:")
    tables = [bench.markdown(frame) if as_markdown else _text(frame) for frame in frames]
    parts = [report.describe(around)]
    for title, shown in zip(titles, tables, strict=True):
        parts.append(f"{title}\n\n{shown}".strip() if as_markdown else f"{title}\n{shown}".strip("\n"))
    parts += [report.LEGEND] if results.get("cases") else []
    notes = report.notes([result for group in results.values() for result in group])
    parts += ["\n".join(notes)] if notes else []
    return "\n\n".join(parts)


def _text(frame) -> str:
    return frame.reset_index().to_string(index=False)


def _document(results: dict[str, list], around: dict[str, Any], quick: bool) -> dict[str, Any]:
    """Return all that was measured, for JSON."""
    groups = {group: [bench.record(result) for result in items] for group, items in results.items()}
    return {"nnlab": nnlab.__version__, "machine": around, "quick": quick, **groups}


def _draw(results: dict[str, list], file: BinaryIO, kind: str) -> None:
    from nnlab.bench import figures  # matplotlib only where there is something to draw

    drawn = results.get("cases") or results["scaling"]
    draw = figures.draw_ratios if results.get("cases") else figures.draw_growth
    draw(drawn).savefig(file, format=kind, dpi=150)
