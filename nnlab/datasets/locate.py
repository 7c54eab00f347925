"""Where data files are looked for, and the words that say where one was found."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pooch

#: Where Kaggle mounts the data sets of a notebook; the environment variable NNLAB_KAGGLE_INPUT overrides it.
KAGGLE_INPUT = "/kaggle/input"


@dataclass(frozen=True)
class Found:
    """A file that was found: its path, and a short label that is the same on every machine."""

    path: Path
    label: str


def find(path: str | os.PathLike[str] | None, *filenames: str) -> Found | None:
    """Return the first file found: at `path` (a file, or a folder that holds one), or else in `places()`.

    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a folder with a file's name.
    """
    if path is None:
        found = (_first_in(folder, label, filenames) for label, folder in places())
        return next((f for f in found if f is not None), None)
    given = Path(path).expanduser()
    if given.is_file():
        return Found(given, given.name)
    inside = _first_in(given, given.name, filenames)
    if inside is None:
        names = ", ".join(filenames[:4]) + (", …" if len(filenames) > 4 else "")
        raise FileNotFoundError(
            f"expected {given} to be a data file, or a folder with one of {names}; "
            "correct path=, or leave it out to search the usual places"
        )
    return inside


def places() -> Iterator[tuple[str, Path]]:
    """Yield (label, folder) for every folder that is searched, in the order of the search."""
    if chosen := os.environ.get("NNLAB_DATA"):
        folder = Path(chosen).expanduser()
        if not folder.is_dir():
            warnings.warn(f"NNLAB_DATA names {folder}, which is not a folder", stacklevel=6)
        yield "NNLAB_DATA", folder
    for folder in data_folders():
        yield "data", folder
    yield "Kaggle input", Path(os.environ.get("NNLAB_KAGGLE_INPUT", KAGGLE_INPUT))
    yield "download cache", cache_folder()


def data_folders() -> list[Path]:
    """Return the `data/` folders of the working directory, of the course around it, and of the checkout."""
    here, checkout = Path.cwd(), Path(__file__).parents[2]
    folders = [here / "data"]
    if here.name == "notebooks":
        folders.append(here.parent / "data")
    if (checkout / "pyproject.toml").is_file():
        folders.append(checkout / "data")
    return list(dict.fromkeys(folders))


def cache_folder() -> Path:
    """Return the folder for downloads: NNLAB_CACHE if set, else the user's cache as pooch finds it."""
    return Path(os.environ.get("NNLAB_CACHE") or pooch.os_cache("nnlab")).expanduser()


def _first_in(folder: Path, label: str, filenames: Sequence[str]) -> Found | None:
    for name in filenames:
        if (folder / name).is_file():
            return Found(folder / name, f"{label}/{name}")
    # Some tools unpack an archive into a folder named after the file. Passing over it in silence would
    # leave the reader with the embedded default, and wondering why.
    for name in filenames:
        if (folder / name).is_dir():
            raise ValueError(
                f"{folder / name}: expected a file, got a folder of that name; "
                "move the file that is in it up, and remove the folder"
            )
    return None
