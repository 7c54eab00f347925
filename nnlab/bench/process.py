"""Fresh Python processes, for what can be measured only once in each: an import, a peak of memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def fresh_python(*arguments: str, input: str = "") -> str:
    """Run a fresh Python process that finds this nnlab, with `input` to read; return what it printed.

    Raises: RuntimeError with the end of its complaint if it fails.
    """
    here = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, *arguments],
        input=input,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
