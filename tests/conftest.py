"""Settings for all tests, and what several test files share: the real data files, if they are present."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

# One test process a core (pytest -n) leaves one thread each: OpenMP's threads wait by spinning, and two
# processes of two threads on two cores were ten times slower. Set before NumPy and torch are imported.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# Checking an exercise records progress; tests must not write into the user's own file. Kernels that nbval
# starts inherit the variable.
os.environ["NNLAB_PROGRESS"] = os.path.join(tempfile.mkdtemp(prefix="nnlab-tests-"), "progress.json")

ROOT = Path(__file__).parents[1]


def _real(name: str) -> Path:
    folder = Path(os.environ.get("NNLAB_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / name).is_file():
        pytest.skip(f"needs the real {name}: set NNLAB_DATA to the folder that holds it")
    return folder / name


@pytest.fixture(scope="session")
def real_appointments() -> Path:
    """The published table of appointments."""
    return _real("KaggleV2-May-2016.csv")


@pytest.fixture(scope="session")
def real_mnist() -> Path:
    """MNIST in Keras' layout."""
    return _real("mnist.npz")


@pytest.fixture(scope="session")
def real_temperatures() -> Path:
    """Ten years of daily minimum temperatures in Melbourne."""
    return _real("daily-min-temperatures.csv")


@pytest.fixture(scope="session")
def real_reviews() -> Path:
    """The positive sentences from film reviews; the negative ones lie beside them."""
    return _real("rt-polarity.pos")


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any data file; the folder that holds its data/, kaggle/ and cache/."""
    from nnlab.datasets import locate

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NNLAB_DATA", raising=False)
    for name in ("APPOINTMENTS", "REVIEWS", "TEMPERATURES"):
        monkeypatch.delenv(f"NNLAB_{name}_URL", raising=False)
    monkeypatch.setenv("NNLAB_KAGGLE_INPUT", str(tmp_path / "kaggle"))
    monkeypatch.setenv("NNLAB_CACHE", str(tmp_path / "cache"))
    # Not the checkout's own data/, in which a developer may keep the real files.
    monkeypatch.setattr(locate, "data_folders", lambda: [tmp_path / "data"])
    return tmp_path
