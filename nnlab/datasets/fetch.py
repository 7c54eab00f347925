"""Downloads, only ever on request: checked, shown by a progress bar, and either whole or not there at all."""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pooch
import sklearn.datasets
from tqdm.auto import tqdm

from nnlab.datasets.locate import cache_folder

BY_HAND = "data/README.md says how to get the file by hand and where to put it"


def fetch_file(
    url: str,
    name: str,
    published: str | Callable[[Path], None],
    progress: bool,
    timeout: float,
    by_hand: str = BY_HAND,
) -> Path:
    """Download one file into the cache, unless it is there already, and return its path.

    pooch writes into a temporary file, which moves to its place only if it is the published one.
    published: its SHA-256; or a function of the path that raises ValueError for any other content, where the
    same data are handed around in files that differ.
    by_hand: what a reader can do where that fails.
    Raises: ConnectionError if nothing came, ValueError if what came has another checksum.
    """
    import requests  # slow to import; pooch, too, imports it only for a download

    fetch = pooch.HTTPDownloader(progressbar=progress, timeout=timeout)

    def fetch_and_unpack(url: str, output_file: str, mirror: Any) -> None:
        fetch(url, output_file, mirror)
        # Kaggle sends some files zipped. (A file of weights is a zip archive by itself, and stays one.)
        if zipfile.is_zipfile(output_file):
            with zipfile.ZipFile(output_file) as archive:
                names = [member for member in archive.namelist() if Path(member).name == name]
                content = archive.read(names[0]) if names else None
            if content is not None:
                Path(output_file).write_bytes(content)
        if callable(published):
            published(Path(output_file))

    pooch.get_logger().setLevel(logging.WARNING)  # the progress bar says enough
    known = None if callable(published) else published
    if callable(published) and _differs(cache_folder() / name, published):
        (cache_folder() / name).unlink()  # pooch keeps a file of which it knows no checksum
    try:
        path = pooch.retrieve(url, known, fname=name, path=cache_folder(), downloader=fetch_and_unpack)
    except requests.RequestException as error:
        raise ConnectionError(f"could not download {url}: {error}; try again later, or {by_hand}") from error
    except (ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{url} did not send the published {name} whole: {error}; try again, or {by_hand}"
        ) from error
    return Path(path)


def _differs(path: Path, check: Callable[[Path], None]) -> bool:
    """Whether there is a file, and it is not the published one."""
    if not path.is_file():
        return False
    try:
        check(path)
    except ValueError:
        return True
    return False


def fetch_openml(name: str, title: str, progress: bool, timeout: float) -> tuple[Any, Any]:
    """Return the rows and labels of a data set on OpenML, and leave nothing on the disk.

    Raises: ConnectionError if nothing came, ValueError if what came is damaged.
    """
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with _bar_of_growth(Path(scratch), title, progress), _socket_timeout(timeout):
                bunch = sklearn.datasets.fetch_openml(name, version=1, as_frame=False, data_home=scratch)
        except OSError as error:
            raise ConnectionError(
                f"could not download {title} from OpenML: {error}; try again later, or {BY_HAND}"
            ) from error
        except ValueError as error:  # a wrong checksum, or no data at all
            raise ValueError(
                f"OpenML did not send {title} whole: {error}; try again, or {BY_HAND}"
            ) from error
    return bunch.data, bunch.target


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
def _bar_of_growth(folder: Path, title: str, progress: bool) -> Iterator[None]:
    """Show how many bytes have arrived in a folder; fetch_openml has no progress bar of its own."""
    done = threading.Event()

    def watch() -> None:
        with tqdm(desc=f"{title} from OpenML", unit="B", unit_scale=True, disable=not progress) as bar:
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
