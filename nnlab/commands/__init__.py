"""The commands of `nnlab`: a module each, with `add_arguments(parser)`, `run(arguments) -> int`."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path
from typing import BinaryIO

from nnlab._files import whole_file


def threads(text: str) -> int:
    """Read a command's number of threads; more threads than cores would only wait for one another."""
    cores = os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= cores:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {cores}, the cores here, got {text!r}")
    return int(text)


def open_output(files: contextlib.ExitStack, path: str) -> BinaryIO:
    """Open a file for what a command will find out, to be closed with `files`: whole, or not there at all.

    Raises: OSError at once, before any work is done, if it cannot be written.
    """
    try:
        return files.enter_context(whole_file(Path(path)))
    except OSError as error:
        raise OSError(f"cannot write {path}: {error.strerror}; name another file") from None
