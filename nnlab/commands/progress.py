"""`nnlab progress`: which exercises are passed, tried and still open, the quizzes, and what comes next.

Examples:
  nnlab progress
  nnlab progress --json
"""

from __future__ import annotations

import argparse
import json

from nnlab.exercises.checking.progress import path, progress, quizzes, states


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the option of the command."""
    parser.add_argument("--json", action="store_true", help="print every exercise as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Print the learner's progress, and where it is stored."""
    if arguments.json:
        print(json.dumps({"file": str(path()), "exercises": states(), "quizzes": quizzes()}, indent=2))
    else:
        print(f"{progress()}\nstored in {path()}")
    return 0
