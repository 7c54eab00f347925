"""`nnlab reproduce`: published results beside our own measurements, on real data where it is found.

Examples:
  nnlab reproduce --quick
  NNLAB_DATA=../shared/data nnlab reproduce --markdown
  nnlab reproduce --only mnist last-mini-batch --json
  nnlab reproduce --guide --only velocity
"""

from __future__ import annotations

import argparse
import functools
import json
import platform
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm.auto import tqdm

import nnlab
from nnlab.studies import guide, published
from nnlab.studies.experiments import Experiment, Outcome, figure

NO_RESULT = "quick: not a result"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    names, of_guide = (", ".join(e.name for e in table.EXPERIMENTS) for table in (published, guide))
    parser.add_argument("--guide", action="store_true", help="the lines of a published guide (Part II)")
    parser.add_argument(
        "--quick", action="store_true", help="a first look in about a minute; what it prints is not a result"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help=f"some of: {names}; with --guide: {of_guide}"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the results as JSON")
    output.add_argument("--markdown", action="store_true", help="print the results as a Markdown table")


def run(arguments: argparse.Namespace) -> int:
    """Run the experiments under a progress bar, then print the table."""
    table = {e.name: e for e in (guide if arguments.guide else published).EXPERIMENTS}
    unknown = [name for name in arguments.only or () if name not in table]
    if unknown:
        asked = "reproduce --guide --only" if arguments.guide else "reproduce --only"
        remedy = f"{'leave out' if arguments.guide else 'add'} --guide for the other table"
        print(f"nnlab {asked} expected {', '.join(table)}; got {unknown[0]}; {remedy}", file=sys.stderr)
        return 2
    chosen = [e for e in table.values() if not arguments.only or e.name in arguments.only]
    rows = reproduce(chosen, quick=arguments.quick)
    if arguments.json:
        print(json.dumps({"quick": arguments.quick, "results": [row.record() for row in rows]}, indent=2))
    elif arguments.markdown:
        print(markdown(rows))
    else:
        print("\n\n".join(map(str, rows)))
    return 0


@dataclass
class Row:
    """One row of the table: the experiment, what it measured, at which scale and on which data."""

    experiment: Experiment
    outcome: Outcome
    source: str
    scale: Any

    @property
    def setup(self) -> str:
        """The set-up that was run."""
        return self.experiment.describe(self.scale, self.outcome.ran)

    @property
    def is_result(self) -> bool:
        """Whether it ran in full: only then do the numbers show anything."""
        return self.scale == self.experiment.full

    @property
    def shows(self) -> str:
        """What the numbers show."""
        return self.outcome.shows if self.is_result else NO_RESULT

    def record(self) -> dict:
        """Return the row for JSON."""
        e = self.experiment
        return {
            "name": e.name,
            "title": e.title,
            "lesson": e.lesson,
            "setup": self.setup,
            "published": e.published,
            "measured": self.outcome.measured,
            "is_result": self.is_result,
            "shows": self.shows,
            "curves": self.outcome.curves,
            "data": self.source,
            "nnlab": nnlab.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        }

    def __str__(self) -> str:
        e = self.experiment
        lines = [f"{_title(e)}  [{self.source}]"]
        for name, text in (("set-up", self.setup), ("published", e.published)):
            lines.append(_wrap(text, f"  {name:<10} "))
        width = max(map(len, self.outcome.measured))
        for number, (name, value) in enumerate(self.outcome.measured.items()):
            lines.append(f"  {'' if number else 'measured':<10} {name:<{width}}  {figure(value)}")
        return "\n".join([*lines, _wrap(self.shows, "  => ")])


def _title(experiment: Experiment) -> str:
    return f"{experiment.title} (lesson {experiment.lesson:02})" if experiment.lesson else experiment.title


def _wrap(text: str, indent: str) -> str:
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=" " * len(indent))


def reproduce(experiments: list[Experiment], *, quick: bool) -> list[Row]:
    """Run experiments, each on the data set it needs, under one progress bar."""
    rows, load = [], functools.cache(lambda data: data())  # each data set once, when it is first asked for
    with tqdm(total=len(experiments), unit="result", bar_format="{l_bar}{bar}| {elapsed}<{remaining}") as bar:
        for number, experiment in enumerate(experiments):
            bar.set_description(experiment.title)
            arguments, source = load(experiment.data)
            scale = experiment.quick if quick and experiment.quick else experiment.full

            def report(done: float, number=number) -> None:
                bar.update(number + done - bar.n)

            rows.append(Row(experiment, experiment.run(*arguments, scale, report), source, scale))
            report(1)
    return rows


def markdown(rows: list[Row]) -> str:
    """Return the rows as a table for docs/results.md."""
    lines = ["| published | set-up | measured | what it shows |", "|---|---|---|---|"]
    for row in rows:
        measured = "<br>".join(f"{name}: {figure(value)}" for name, value in row.outcome.measured.items())
        cells = (
            f"**{_title(row.experiment)}**<br>{row.experiment.published}",
            f"{row.setup}<br>({row.source})",
            measured,
            row.shows,
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)
