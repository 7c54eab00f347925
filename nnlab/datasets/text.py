"""Sentences from film reviews, praise or blame: the published ones where found, else simulated ones."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nnlab._terminal import as_typed
from nnlab.datasets.fetch import fetch_file
from nnlab.datasets.film_reviews import make_reviews
from nnlab.datasets.reading import brief, read_bytes
from nnlab.datasets.registry import Dataset, Loaded, register

CLASSES = ("negative", "positive")
NAMES = ("rt-polarity.neg", "rt-polarity.pos")  # in the order of CLASSES
ARCHIVE = "rt-polaritydata.tar.gz"
FOLDER = "rt-polaritydata"
#: Of the two files in UTF-8, lines that end in \n; the author's archive holds the same text in Windows-1252.
SHA256 = (
    "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
    "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
)
URL = f"https://www.cs.cornell.edu/people/pabo/movie-review-data/{ARCHIVE}"
#: The seed of the embedded sentences, so that every reader sees the same ones.
SEED = 2005
EMBEDDED = "simulated: film reviews from a small grammar, written by no critic"
REMEDY = f"remove it and get the published files with `{as_typed('data get reviews')}`"
LARGEST = 50_000_000  # bytes of a file; the published ones have 0.6 million each

Contents = tuple[tuple[Path, bytes], tuple[Path, bytes]]  # of the two files, in the order of NAMES


@dataclass(frozen=True, eq=False)
class Reviews(Loaded):
    """Sentences from film reviews, what each thinks of the film, and where they came from.

    texts: m sentences in small letters, their tokens apart; y: (m,) integers, an index of `classes`. As the
    files have it, the sentences of one class come first: shuffle before you split.
    """

    texts: list[str] = field(repr=False)
    y: np.ndarray = field(repr=False)
    classes: tuple[str, ...] = CLASSES

    @property
    def summary(self) -> str:
        return f"{len(self.y):,} sentences from film reviews, {100 * self.y.mean():.0f} % positive"


def load_reviews(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Reviews:
    """Return the film reviews of Pang and Lee (2005) from `path` or the places searched, or simulated ones.

    It reads `rt-polarity.neg` and `rt-polarity.pos`, side by side, in UTF-8 or as the authors wrote them in
    Windows-1252, and the authors' archive. With download=True, and only then, what is not found is fetched
    into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere or a missing file, ValueError for faults.
    """
    found = REVIEWS.find(path, download=download)
    if found is None:
        texts, y = make_reviews(4000, rng=np.random.default_rng(SEED))
        order = np.argsort(y, kind="stable")
        return Reviews([texts[i] for i in order], y[order], source=EMBEDDED, simulated=True)
    halves, is_real = _read(_contents(found.path))
    y = np.repeat([0, 1], [len(half) for half in halves])
    source = (
        f"real: {found.label}" if is_real else f"unverified: {found.label} (its text is not the published)"
    )
    return Reviews(halves[0] + halves[1], y, source=source, is_real=is_real)


def _contents(path: Path) -> Contents:
    """Return the paths and contents of the two files; `path` is that of either, or of the archive."""
    if path.name.lower().endswith((".tar.gz", ".tgz", ".tar")):
        return _unpacked(path)
    ending = path.suffix.lower()
    if ending not in (".neg", ".pos"):
        raise ValueError(f"{path}: expected {NAMES[1]}, {NAMES[0]} or {ARCHIVE}; {REMEDY}")
    other = path.with_suffix({".neg": ".pos", ".pos": ".neg"}[ending])
    if not other.is_file():
        raise FileNotFoundError(
            f"expected {other.name} beside {path}, but it is not there; add it, or {REMEDY}"
        )
    neg, pos = (path, other) if ending == ".neg" else (other, path)
    return (neg, read_bytes(neg, REMEDY)), (pos, read_bytes(pos, REMEDY))


def _unpacked(path: Path) -> Contents:
    """Return the two files of the authors' archive, read in memory."""
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in NAMES and member.isfile() and member.size <= LARGEST:
                    file = archive.extractfile(member)
                    contents[name] = file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole archive, but {brief(error)}; {REMEDY}") from None
    if missing := [name for name in NAMES if name not in contents]:
        raise ValueError(
            f"{path}: expected an archive of {' and '.join(NAMES)}, {missing[0]} is missing; {REMEDY}"
        )
    neg, pos = ((path / name, contents[name]) for name in NAMES)
    return neg, pos


def _read(contents: Contents) -> tuple[list[list[str]], bool]:
    """Return the sentences of both files, and whether they are the published ones."""
    texts = [decode(content, path) for path, content in contents]
    digests = tuple(hashlib.sha256(text.encode()).hexdigest() for text in texts)
    halves = [[line.strip() for line in text.split("\n") if line.strip()] for text in texts]
    for (path, _), half in zip(contents, halves, strict=True):
        if not half:
            raise ValueError(f"{path}: expected a sentence on each line, got an empty file; {REMEDY}")
    few = int(len(halves[1]) < len(halves[0]))
    if 10 * len(halves[few]) < len(halves[1 - few]):
        raise ValueError(
            f"{contents[few][0]}: expected about as many sentences as in {contents[1 - few][0].name}, "
            f"{len(halves[1 - few]):,}, got {len(halves[few]):,}; is it cut short? {REMEDY}"
        )
    return halves, digests == SHA256


def decode(content: bytes, path: Path) -> str:
    r"""Return the text of a file in UTF-8 or Windows-1252, its lines ending in \n; path is for the errors.

    Latin-1 is read rightly, too: where it has letters, Windows-1252 has the same ones.
    Raises: ValueError naming the file and the line for bytes that are neither, or a mixture.
    """
    if content.lstrip(b"\xef\xbb\xbf \r\n\t")[:9].lower().startswith((b"<!doctype", b"<html")):
        raise ValueError(f"{path}: expected sentences, got a web page; {REMEDY}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ValueError(f"{path}: expected UTF-8 text, got UTF-16; save it as UTF-8, or {REMEDY}")
    lines = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    used: dict[str, int] = {}  # each encoding that some line needs, and the first such line
    for number, line in enumerate(lines, 1):
        if any(byte < 32 and byte != 9 for byte in line):
            raise _neither(path, number, "a control character")
        if not line.isascii():
            used.setdefault(_encoding(line, path, number), number)
    if len(used) == 2:
        number = max(used.values())
        raise _neither(path, number, f"another encoding than in line {min(used.values())}")
    return b"\n".join(lines).decode(*used)


def _encoding(line: bytes, path: Path, number: int) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise _neither(path, number, "other bytes")


def _neither(path: Path, number: int, got: str) -> ValueError:
    return ValueError(
        f"{path}, line {number}: expected text, all of it in UTF-8 or in Windows-1252, got {got}; "
        f"save it as UTF-8, or {REMEDY}"
    )


def _check_published(path: Path) -> None:
    try:
        is_published = _read(_unpacked(path))[1]
    except ValueError:  # not such an archive at all
        is_published = False
    if not is_published:
        raise ValueError("it does not hold the published sentences")


def _fetch(url: str, progress: bool, timeout: float) -> Path:
    return fetch_file(url, ARCHIVE, _check_published, progress, timeout)


REVIEWS = register(
    Dataset(
        name="reviews",
        title="sentences from film reviews, positive or negative",
        license="none stated by its authors; published for research",
        files=(
            *(f"{folder}{name}" for folder in ("", f"{FOLDER}/") for name in reversed(NAMES)),
            ARCHIVE,
        ),
        embedded=EMBEDDED,
        load=load_reviews,
        fetch=_fetch,
        url=URL,
    )
)
