"""The data sets of the course: each is registered once, and found, fetched and loaded in the same way."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnlab._check import check_choice, check_number
from nnlab.datasets.locate import Found, find


@dataclass(frozen=True, eq=False, kw_only=True)
class Loaded:
    """What a loader returns: the data, and where they came from; printing it says both in one line."""

    source: str
    #: made up by a generator that nnlab carries
    simulated: bool = False
    #: the published data, not an edited copy and not the embedded default
    is_real: bool = False

    @property
    def summary(self) -> str:
        """Return the data in a few words, for the printed line."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.summary} · {self.source}"


@dataclass(frozen=True)
class Dataset:
    """A data set: what it is, the names of its file, and how it is fetched and loaded.

    `load(path, download=…)` returns a `Loaded`. `fetch(url, progress, timeout)` downloads the file into the
    cache and returns its path; its url is the published one below, or the one that `get` was asked to use.
    """

    name: str
    title: str
    license: str
    #: the names, with folders, under which a file is looked for in each place; the first one found is used
    files: tuple[str, ...]
    #: what is used where no file is found, in the words of `.source`
    embedded: str
    load: Callable[..., Loaded]
    fetch: Callable[[str, bool, float], Path]
    #: empty where `fetch` goes through a library that knows the address itself
    url: str = ""

    def find(self, path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Found | None:
        """Return the file at `path`, or the first one found, or None; download=True fetches a missing one.

        Raises: FileNotFoundError for a path that leads nowhere, and what `get` raises.
        """
        found = find(path, *self.files)
        if found is None and download:
            get(self.name)
            found = find(path, *self.files)
        return found

    def facts(self) -> dict[str, Any]:
        """Return what a reader may want to know of the data set, for JSON."""
        names = ("name", "title", "license", "path", "source")
        return {name: getattr(self, name) for name in names}

    @property
    def path(self) -> Path | None:
        """The file that the loader would read now, None for the embedded default."""
        found = self.find()
        return found.path if found else None

    @property
    def source(self) -> str:
        """The same in a few words, without any folder of this machine."""
        found = self.find()
        return found.label if found else self.embedded


_REGISTRY: dict[str, Dataset] = {}


def register(dataset: Dataset) -> Dataset:
    """Make a data set known to `available`, `where`, `get`, `load` and the command line; return it.

    Raises: ValueError if another one has its name.
    """
    if dataset.name in _REGISTRY:
        raise ValueError(f"register expected a new name, got {dataset.name!r}, which is registered already")
    _REGISTRY[dataset.name] = dataset
    return dataset


def available() -> list[Dataset]:
    """Return every data set, with what its loader would use now in `.path` and `.source`."""
    return list(_REGISTRY.values())


def where(name: str) -> Path | None:
    """Return the file that the loader of this data set would read now, None for the embedded default."""
    return _named("where", name).path


def load(name: str, path: str | os.PathLike[str] | None = None, **settings: Any) -> Loaded:
    """Return a data set by its name: load("mnist", dtype=np.float32) is load_mnist(dtype=np.float32)."""
    return _named("load", name).load(path, **settings)


def get(name: str, *, url: str | None = None, progress: bool = True, timeout: float = 30.0) -> Path:
    """Download a data set into the download cache, unless it is there already, and return its path.

    url: another address of the same file; so is the environment variable NNLAB_<NAME>_URL.
    timeout: seconds without any data after which to give up.
    Raises: ConnectionError if nothing came, ValueError if what came is not the published data.
    """
    dataset = _named("get", name)
    timeout = check_number("get", "timeout", timeout, above=0)
    if url and not dataset.url:
        others = " or ".join(repr(d.name) for d in available() if d.url)
        raise ValueError(
            f"get expected url for {others} only, got one for {name!r}, which has no single address"
        )
    address = url or os.environ.get(f"NNLAB_{name.upper()}_URL") or dataset.url
    return dataset.fetch(address, progress, timeout)


def _named(who: str, name: str) -> Dataset:
    return _REGISTRY[check_choice(who, "name", name, _REGISTRY)]
