"""The commands of `nnlab`: a module each, with `add_arguments(parser)`, `run(arguments) -> int`."""

from __future__ import annotations

import argparse
import os


def threads(text: str) -> int:
    """Read a command's number of threads; more threads than cores would only wait for one another."""
    cores = os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= cores:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {cores}, the cores here, got {text!r}")
    return int(text)
