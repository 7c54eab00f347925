"""`nnlab bench`: speed and memory beside PyTorch and scikit-learn, doing the same work in one process.

Examples:
  python -m nnlab bench
  python -m nnlab bench --only "784-64-10 SGD" --quick
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from tqdm.auto import tqdm

from nnlab import bench


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the command."""
    parser.add_argument("--only", metavar="SUBSTRING", help="the cases with this in their names")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="for everyone (default 1)")
    parser.add_argument("--clock", choices=bench.CLOCKS, default="wall", help="cpu: less disturbed by others")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--markdown", action="store_true", help="print the table as the README shows it")


def run(arguments: argparse.Namespace) -> int:
    """Measure the cases under a progress bar, then print the table."""
    cases = bench.select(arguments.only)
    load = os.getloadavg()[0]
    settings: dict[str, Any] = {"rounds": 5, "round_seconds": 0.02} if arguments.quick else {"rounds": 40}
    with bench.limit_threads(arguments.threads):
        results = []
        with tqdm(total=len(cases) * settings["rounds"], unit="round") as bar:
            for case in cases:
                bar.set_description(case.name)
                results.append(
                    bench.measure(case, clock=bench.CLOCKS[arguments.clock], after=bar.update, **settings)
                )
        print(bench.machine(), f"load before {load:.2f}", f"threads {arguments.threads}")
    print(bench.markdown(results) if arguments.markdown else bench.table(results).to_string())
    return 0
