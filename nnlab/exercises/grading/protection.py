"""What stands between learners' code and the teacher's machine: bubblewrap, where the system has it (Linux).

Inside, there is no network, no process of anybody else, and of the files only Python, its packages and
nnlab, none of which can be changed; /tmp is empty and its own. Whether that works here is found out by
trying.
"""

from __future__ import annotations

import functools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nnlab

SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
KEPT = ("LANG", "LC_ALL", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # of the environment
PATIENCE = 60  # seconds that the trial may take
REMEDY = """\
grade runs what learners wrote, and found no protection for that on this machine: {why}.
On Linux, install bubblewrap (the package `bubblewrap` of Debian, Ubuntu, Fedora, Arch, Alpine), or grade in a
container. To run learners' code with your own rights all the same, add --unsafe: it can then read and change
your files, and use the network."""


@dataclass(frozen=True)
class Protection:
    """The command that learners' code runs under, and what to say of it."""

    within: tuple[str, ...]
    says: str


UNSAFE = Protection((), "none (--unsafe): learners' code ran with your rights, your files and your network")


def bubblewrap() -> Protection:
    """Return the protection by bubblewrap. Raises: RuntimeError, with the remedy, where it does not work."""
    why = _missing()
    if why:
        raise RuntimeError(REMEDY.format(why=why))
    says = "bubblewrap: no network, no files but Python's, read-only, no other processes"
    return Protection(command(), says)


@functools.cache
def _missing() -> str:
    """Return why bubblewrap cannot be used here, or ""; it is tried with Python and NumPy inside."""
    if sys.platform != "linux":
        return f"there is none for {sys.platform}"
    if shutil.which("bwrap") is None:
        return "bubblewrap is not installed"
    trial = "import os, numpy, nnlab; assert os.getpid() == 1"
    try:
        done = subprocess.run(
            [*command(), sys.executable, "-c", trial],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment(),
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not run ({error})"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"bubblewrap does not run ({last})"
    return ""


def command() -> tuple[str, ...]:
    """Return the command that runs its arguments in namespaces of their own."""
    visible = [part for place in _places() for part in ("--ro-bind-try", place, place)]
    return (
        *(
            shutil.which("bwrap") or "bwrap",
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--as-pid-1",
        ),
        *("--cap-drop", "ALL", "--hostname", "nnlab"),
        *visible,
        *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--chdir", "/tmp"),
        *(part for place in ("/proc", "/dev", "/") for part in ("--remount-ro", place)),
        "--",
    )


def environment() -> dict[str, str]:
    """Return the environment inside: nothing of the teacher's but the language and the number of threads."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp",
        "CUDA_VISIBLE_DEVICES": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join([str(_package().parent), *_packages()]),
    }


def _package() -> Path:
    return Path(nnlab.__file__).resolve().parent


def _packages() -> list[str]:
    """Return the folders of installed packages that this process imports from."""
    known = {*site.getsitepackages(), site.getusersitepackages(), sysconfig.get_paths()["purelib"]}
    return [
        place for place in sys.path if place in known or "site-packages" in place or "dist-packages" in place
    ]


def _places() -> Sequence[str]:
    """Return what is visible inside."""
    real = str(Path(sys.executable).resolve().parents[1])  # the Python behind a virtual environment
    places = (*SYSTEM, sys.prefix, sys.base_prefix, sys.exec_prefix, real, *_packages(), str(_package()))
    return list(dict.fromkeys(places))
