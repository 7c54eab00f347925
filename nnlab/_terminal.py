"""How to type one of the course's commands on this machine."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path


def as_typed(words: str) -> str:
    """Return `nnlab WORDS` as it works in the reader's shell.

    That is by name where the shell would find this installation's script, and else by the script's path:
    `make lab` installs into .venv, which nobody has activated.
    """
    script = Path(sys.executable).with_name("nnlab.exe" if os.name == "nt" else "nnlab")
    found = shutil.which("nnlab")
    if found and os.path.realpath(found) == os.path.realpath(script):
        return f"nnlab {words}"
    if not script.exists():  # a checkout on the path of imports, without installation
        return f"{_quoted(sys.executable)} -m nnlab {words}"
    here = Path.cwd()
    inside = script.is_relative_to(here)
    return f"{_quoted(str(script.relative_to(here) if inside else script))} {words}"


def _quoted(path: str) -> str:
    """Return a path with quotation marks where its spaces need them."""
    if os.name == "nt":
        return f'"{path}"' if " " in path else path
    return shlex.quote(path)
