"""Downloads, only ever on request: checked, shown by a progress bar, and either whole or not there at all."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pooch
import sklearn.datasets
from tqdm.auto import tqdm

from nnlab._check import check_choice, check_number
from nnlab.datasets import appointments, digits
from nnlab.datasets.locate import cache_folder, find

#: Kaggle's public address of the published file, which asks for no account; the environment variable
#: NNLAB_APPOINTMENTS_URL overrides it.
APPOINTMENTS_URL = (
    f"https://www.kaggle.com/api/v1/datasets/download/joniarroba/noshowappointments/{appointments.FILE}"
)
BY_HAND = "data/README.md says how to get the file by hand and where to put it"


@dataclass(frozen=True)
class Record:
    """What a reader may want to know of a data set: what it is, and what its loader would use now."""

    name: str
    title: str
    license: str
    #: the file that the loader would read; None for the embedded default
    path: Path | None
    #: the same in a few words, without folders of this machine
    source: str


def available() -> list[Record]:
    """Return a record of each data set that can be found, downloaded or replaced by the embedded default."""
    return [_record(name) for name in _SETS]


def where(name: str) -> Path | None:
    """Return the file that the loader of this data set would read now, None for the embedded default."""
    return _record(name).path


def get(name: str, *, url: str | None = None, progress: bool = True, timeout: float = 30.0) -> Path:
    """Download "appointments" or "mnist" into the download cache, unless it is there, and return its path.

    url overrides the address of the appointments; `timeout` is in seconds without any data.
    Raises: ConnectionError if nothing came, ValueError if what came is not the published data.
    """
    check_choice("get", "name", name, _SETS)
    timeout = check_number("get", "timeout", timeout, above=0)
    if name == "mnist":
        if url is not None:
            raise ValueError(
                "get expected url for 'appointments' only, got one for 'mnist', which OpenML serves"
            )
        return _get_mnist(progress, timeout)
    url = url or os.environ.get("NNLAB_APPOINTMENTS_URL") or APPOINTMENTS_URL
    return _get_appointments(url, progress, timeout)


_SETS: dict[str, dict[str, Any]] = {
    "appointments": {
        "title": "medical appointments kept and missed, Vitória 2016",
        "license": "CC BY-NC-SA 4.0",
        "filenames": appointments.FILENAMES,
        "embedded": "simulated (embedded)",
    },
    "mnist": {
        "title": "handwritten digits, MNIST",
        "license": "CC BY-SA 3.0",
        "filenames": digits.FILENAMES,
        "embedded": "embedded: scikit-learn's small digits, not MNIST",
    },
}


def _record(name: str) -> Record:
    facts = _SETS[check_choice("where", "name", name, _SETS)]
    found = find(None, *facts["filenames"])
    path, source = (found.path, found.label) if found else (None, facts["embedded"])
    return Record(name, facts["title"], facts["license"], path, source)


def _get_appointments(url: str, progress: bool, timeout: float) -> Path:
    """Let pooch fetch the file into a temporary one, compare checksums and only then move it to its place."""
    import requests  # pooch imports it as late; it is slow to import

    fetch = pooch.HTTPDownloader(progressbar=progress, timeout=timeout)

    def fetch_and_unpack(url: str, output_file: str, mirror: Any) -> None:
        fetch(url, output_file, mirror)
        # Kaggle sends some files zipped.
        if zipfile.is_zipfile(output_file):
            with zipfile.ZipFile(output_file) as archive:
                names = [name for name in archive.namelist() if Path(name).name == appointments.FILE]
                content = archive.read(names[0]) if names else b""
            Path(output_file).write_bytes(content)

    pooch.get_logger().setLevel(logging.WARNING)  # the progress bar says enough
    try:
        path = pooch.retrieve(
            url,
            appointments.SHA256,
            fname=appointments.FILE,
            path=cache_folder(),
            downloader=fetch_and_unpack,
        )
    except requests.RequestException as error:
        raise ConnectionError(f"could not download {url}: {error}; try again later, or {BY_HAND}") from error
    except (ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{url} did not send the published {appointments.FILE} whole: {error}; try again, or {BY_HAND}"
        ) from error
    return Path(path)


def _get_mnist(progress: bool, timeout: float) -> Path:
    """Let scikit-learn fetch MNIST from OpenML, and keep it as an .npz in Keras' layout."""
    folder = cache_folder()
    target = folder / digits.NPZ
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        try:
            with _bar_of_growth(Path(scratch), progress), _socket_timeout(timeout):
                bunch = sklearn.datasets.fetch_openml(
                    "mnist_784", version=1, as_frame=False, data_home=scratch
                )
        except OSError as error:
            raise ConnectionError(
                f"could not download MNIST from OpenML: {error}; try again later, or {BY_HAND}"
            ) from error
        except ValueError as error:  # what came has the wrong checksum or is no data
            raise ValueError(f"OpenML did not send MNIST whole: {error}; try again, or {BY_HAND}") from error
        finished = Path(scratch) / digits.NPZ
        np.savez_compressed(finished, allow_pickle=False, **_keras_layout(bunch.data, bunch.target))
        digits.read_npz(finished)  # nothing takes the final name unless it can be read
        os.replace(finished, target)
    return target


def _keras_layout(pixels: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return OpenML's 70,000 rows as images and labels; the last 10,000 are the official test set."""
    if pixels.shape != (70_000, 784):
        raise ValueError(
            f"OpenML sent MNIST of shape {pixels.shape}, expected (70000, 784); try again, or {BY_HAND}"
        )
    images, y = pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.uint8)
    return {
        "x_train": images[:60_000],
        "y_train": y[:60_000],
        "x_test": images[60_000:],
        "y_test": y[60_000:],
    }


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Let a silent server end in an error; fetch_openml has no argument for it."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _bar_of_growth(folder: Path, progress: bool) -> Iterator[None]:
    """Show the bytes that arrive in a folder; fetch_openml has no progress bar of its own."""
    done = threading.Event()

    def watch() -> None:
        with tqdm(desc="MNIST from OpenML", unit="B", unit_scale=True, disable=not progress) as bar:
            while not done.wait(0.2):
                with contextlib.suppress(FileNotFoundError):  # files are renamed while they are counted
                    bar.update(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) - bar.n)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
