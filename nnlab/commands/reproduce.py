"""`nnlab reproduce`: published results beside our own measurements, on real data where it is found.

Examples:
  python -m nnlab reproduce --quick
  NNLAB_DATA=../shared/data python -m nnlab reproduce --markdown
  python -m nnlab reproduce --only mnist last-mini-batch --json
"""

from __future__ import annotations

import argparse
import functools
import json
import platform
import textwrap
from dataclasses import dataclass

import numpy as np
from tqdm.auto import tqdm

import nnlab
from nnlab.studies.published import EXPERIMENTS, FULL, QUICK, Experiment, Outcome, Scale


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    names = [experiment.name for experiment in EXPERIMENTS]
    parser.add_argument("--quick", action="store_true", help="about a minute, with fewer epochs and rows")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the results as JSON")
    output.add_argument("--markdown", action="store_true", help="print the results as a Markdown table")


def run(arguments: argparse.Namespace) -> int:
    """Run the experiments under a progress bar, then print the table."""
    chosen = [e for e in EXPERIMENTS if not arguments.only or e.name in arguments.only]
    rows = reproduce(chosen, QUICK if arguments.quick else FULL)
    if arguments.json:
        print(json.dumps({"quick": arguments.quick, "results": [row.record() for row in rows]}, indent=2))
    elif arguments.markdown:
        print(markdown(rows))
    else:
        print("\n\n".join(map(str, rows)))
    return 0


@dataclass
class Row:
    """One row of the table: the experiment, what it measured, and on which data."""

    experiment: Experiment
    outcome: Outcome
    source: str

    def record(self) -> dict:
        """Return the row for JSON."""
        e = self.experiment
        return {
            "name": e.name,
            "title": e.title,
            "setup": e.setup,
            "published": e.published,
            "measured": self.outcome.measured,
            "shows": self.outcome.shows,
            "curves": self.outcome.curves,
            "data": self.source,
            "nnlab": nnlab.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        }

    def __str__(self) -> str:
        e = self.experiment
        lines = [f"{e.title}  [{self.source}]", f"  set-up     {e.setup}", f"  published  {e.published}"]
        width = max(map(len, self.outcome.measured))
        for number, (name, value) in enumerate(self.outcome.measured.items()):
            lines.append(f"  {'' if number else 'measured':<10} {name:<{width}}  {figure(value)}")
        lines.append(
            textwrap.fill(self.outcome.shows, 100, initial_indent="  => ", subsequent_indent="     ")
        )
        return "\n".join(lines)


def figure(value: float) -> str:
    """Return a number with a suitable number of digits."""
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.1e}"


def reproduce(experiments: list[Experiment], scale: Scale) -> list[Row]:
    """Run experiments, each on the data set it needs, under one progress bar."""
    rows, load = [], functools.cache(lambda data: data())  # each data set once, when it is first asked for
    with tqdm(total=len(experiments), unit="result", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        for number, experiment in enumerate(experiments):
            bar.set_description(experiment.title)
            arguments, source = load(experiment.data)

            def report(done: float, number=number) -> None:
                bar.update(number + done - bar.n)

            rows.append(Row(experiment, experiment.run(*arguments, scale, report), source))
            report(1)
    return rows


def markdown(rows: list[Row]) -> str:
    """Return the rows as a table for docs/results.md."""
    lines = ["| published | set-up | measured | what it shows |", "|---|---|---|---|"]
    for row in rows:
        e = row.experiment
        measured = "<br>".join(f"{name}: {figure(value)}" for name, value in row.outcome.measured.items())
        cells = (
            f"**{e.title}**<br>{e.published}",
            f"{e.setup}<br>({row.source})",
            measured,
            row.outcome.shows,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
