"""Temperatures over time: ten years of days in Melbourne, or six decades of months in the Pacific."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._terminal import as_typed
from nnlab.datasets.fetch import fetch_file
from nnlab.datasets.reading import brief, check_text, read_bytes, records, shown
from nnlab.datasets.registry import Dataset, Loaded, register

FILE = "daily-min-temperatures.csv"
#: Of the table as it was published: `Date,Temp`, without quotation marks, lines that end in \n.
SHA256 = "a29a71f38cf548a0b12bee44ceb510919a8cef450e19019261d534208c884fa2"
URL = f"https://raw.githubusercontent.com/jbrownlee/Datasets/master/{FILE}"
EMBEDDED = "real, but another series: El Niño sea temperatures (NOAA), which come with statsmodels"
REMEDY = f"remove it and get the published file with `{as_typed('data get temperatures')}`"
COLUMNS = "Date,Temp"
LEAST = 2 * 365  # days: a season is seen in what comes back
COLDEST, WARMEST = -90.0, 60.0  # °C, anywhere on Earth


@dataclass(frozen=True, eq=False)
class Temperatures(Loaded):
    """Temperatures in the order of time, and where they came from.

    values: (m,) float64 in `unit`; dates: (m,) datetime64[D], of a month its first day; period: values in a
    year, 365.25 or 12; step: "day" or "month". Melbourne's record leaves out the last day of leap years.
    """

    values: np.ndarray = field(repr=False)
    dates: np.ndarray = field(repr=False)
    name: str
    period: float
    step: str
    unit: str = "°C"

    @property
    def summary(self) -> str:
        first, last = self.dates[[0, -1]].astype("datetime64[Y]")
        return f"{self.name}: {len(self.values):,} {self.step}s, {first} to {last}, in {self.unit}"


def load_temperatures(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Temperatures:
    """Return the daily minimum temperatures in Melbourne, 1981 to 1990, from `path` or the places searched.

    Where they are not found, it is another real series: the temperature of the sea off Peru, month by month
    from 1950 to 2010 (NOAA's ERSST v3b, region Niño 1+2), which statsmodels brings along. With download=True,
    and only then, a file that is not found is fetched into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults,
    ModuleNotFoundError where there is neither a file nor statsmodels.
    """
    found = TEMPERATURES.find(path, download=download)
    if found is None:
        return _sea_temperatures()
    values, dates = read_days(read_bytes(found.path, REMEDY), found.path)
    is_real = _digest(values, dates) == SHA256
    source = "real: {}" if is_real else "unverified: {} (its values are not the published ones)"
    name = "daily minimum temperature, Melbourne" if is_real else "daily minimum temperature"
    return Temperatures(
        values, dates, name, 365.25, "day", source=source.format(found.label), is_real=is_real
    )


def _sea_temperatures() -> Temperatures:
    try:
        from statsmodels.datasets import elnino
    except ImportError as error:
        raise ModuleNotFoundError(
            f"load_temperatures expected statsmodels, which brings the embedded series, but {error}; "
            f"pip install statsmodels, or get the daily one with `{as_typed('data get temperatures')}`"
        ) from None
    years = elnino.load_pandas().data.to_numpy()  # (61, 13): the year, and its months from January on
    first = np.datetime64(f"{int(years[0, 0])}-01", "M")
    values = years[:, 1:].astype(np.float64).ravel()
    dates = (first + np.arange(len(values))).astype("datetime64[D]")
    return Temperatures(values, dates, "sea temperature off Peru", 12.0, "month", source=EMBEDDED)


def read_days(content: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the values and the dates of a table Date,Temp of days; path is for the errors.

    The days must follow one another. One of a leap year may be missing, 29 February or 31 December: published
    tables of years of 365 days leave out one or the other.
    Raises: ValueError naming the file, the line, what was expected there and the remedy.
    """
    _refuse_pages(content, path)
    rows = list(records(content, path, REMEDY))
    header = [name.strip().lower() for name in rows[0][1]]
    if len(header) != 2 or header[0] != "date" or "temp" not in header[1]:
        raise _wrong(path, rows[0][0], f"the columns {COLUMNS}", brief(",".join(rows[0][1]), 60))
    lines = [line for line, _ in rows[1:]]
    texts = [text.strip() for _, (_, text) in rows[1:]]
    dates = _read(path, lines, [day.strip() for _, (day, _) in rows[1:]], _day, "Date as 1981-01-31")
    values = _read(path, lines, texts, _number, f"Temp as a number from {COLDEST:.0f} to {WARMEST:.0f}")
    days = np.array(dates, dtype="datetime64[D]")
    _check_order(path, lines, days)
    if len(days) < LEAST:
        raise ValueError(
            f"{path}: expected two years of days or more, got {len(days)} rows; is it cut short? {REMEDY}"
        )
    return np.array(values, dtype=np.float64), days


def _day(text: str) -> np.datetime64 | None:
    try:
        return np.datetime64(text, "D") if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:  # such as 30 February
        return None


def _number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return None
    return value if COLDEST <= (value := float(text)) <= WARMEST else None


def _read(path: Path, lines: list[int], texts: list[str], read: Callable[[str], Any], what: str) -> list[Any]:
    """Return every text as it is read; raise ValueError for the lines of those that cannot be."""
    values = [read(text) for text in texts]
    bad = [i for i, value in enumerate(values) if value is None]
    if bad:
        got = shown(texts[bad[0]], is_number=False)
        others = ", ".join(str(lines[i]) for i in bad[1:4]) + (", …" if len(bad) > 4 else "")
        more = f", and {len(bad) - 1} more in line {others}" if others else ""
        if all("?" in texts[i] for i in bad):
            more += ": copies are handed around with question marks in some numbers, which can be deleted"
        raise _wrong(path, lines[bad[0]], what, got + more)
    return [value for value in values if value is not None]


def _check_order(path: Path, lines: list[int], days: np.ndarray) -> None:
    """Raise ValueError unless each day follows the one before."""
    one = np.timedelta64(1, "D")
    for i in range(1, len(days)):
        before, after = days[i - 1], days[i]
        if after == before + one:
            continue
        expected = before + one
        if after == before:
            raise _wrong(path, lines[i], f"{expected}", f"{after} a second time")
        if after < before:
            raise _wrong(path, lines[i], f"{expected}", f"{after}; sort the rows by date")
        missing = int((after - before) / one) - 1
        if missing > 1 or not _left_out(expected):
            raise _wrong(
                path,
                lines[i],
                f"{expected}",
                f"{after}: {missing} {'day is' if missing == 1 else 'days are'} missing",
            )


def _left_out(day: np.datetime64) -> bool:
    year, month_and_day = str(day).split("-", 1)
    leap = int(year) % 4 == 0 and (int(year) % 100 != 0 or int(year) % 400 == 0)
    return leap and month_and_day in ("02-29", "12-31")


def _refuse_pages(content: bytes, path: Path) -> None:
    check_text(content, path, REMEDY)
    if content.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith((b"<!doctype", b"<html")):
        raise ValueError(f"{path}: expected a CSV table, got a web page; {REMEDY}")


def _wrong(path: Path, line: int, expected: str, got: str) -> ValueError:
    return ValueError(f"{path}, line {line}: expected {expected}, got {got}; correct it, or {REMEDY}")


def _digest(values: np.ndarray, dates: np.ndarray) -> str:
    """Return the SHA-256 that the table would have as it was published, however this copy is written."""
    rows = (f"{day},{value:.1f}" for day, value in zip(dates, values, strict=True))
    return hashlib.sha256("\n".join([COLUMNS, *rows, ""]).encode()).hexdigest()


def _check_published(path: Path) -> None:
    try:
        is_published = _digest(*read_days(path.read_bytes(), path)) == SHA256
    except ValueError:  # not such a table at all
        is_published = False
    if not is_published:
        raise ValueError("its values are not the published ones")


def _fetch(url: str, progress: bool, timeout: float) -> Path:
    return fetch_file(url, FILE, _check_published, progress, timeout)


TEMPERATURES = register(
    Dataset(
        name="temperatures",
        title="daily minimum temperatures in Melbourne",
        license="none stated with the file; measured by the Australian Bureau of Meteorology",
        files=(FILE,),
        embedded=EMBEDDED,
        load=load_temperatures,
        fetch=_fetch,
        url=URL,
    )
)
