"""The table of appointments: who came, and who did not.

J. Hoppen, Medical Appointment No Shows, 2016: Kaggle, joniarroba/noshowappointments.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from nnlab._terminal import as_typed
from nnlab.datasets.appointments.simulator import simulate_appointments
from nnlab.datasets.fetch import fetch_file
from nnlab.datasets.reading import brief, cut_short, read_bytes, records, shown
from nnlab.datasets.registry import Dataset, Loaded, register

FILE = "KaggleV2-May-2016.csv"
SHA256 = "9132d3e7d0246617df9041d3764f20ad6f08e7b0d9f0997fa254fc5e52eda27d"
#: Kaggle's public address of the published file, which asks for no account.
URL = f"https://www.kaggle.com/api/v1/datasets/download/joniarroba/noshowappointments/{FILE}"
#: The seed of the embedded table, so that every reader sees the same simulated appointments.
SEED = 2016
SIMULATED = "simulated (embedded)"
REMEDY = f"remove it and get the published file with `{as_typed('data get appointments')}`"


@dataclass(frozen=True, eq=False)
class Appointments(Loaded):
    """A table of appointments, one row each, and where it came from.

    `is_real` is True for the published file, byte for byte; an edited copy is neither real nor simulated.
    """

    frame: pd.DataFrame = field(repr=False)

    @property
    def summary(self) -> str:
        missed = 100 * (self.frame["No-show"] == "Yes").mean()
        return f"{len(self.frame):,} appointments, {missed:.2f} % missed"


def load_appointments(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Appointments:
    """Return the appointments in the file at `path`, or in the first file found, or simulated ones.

    With download=True, and only then, a file that is not found is fetched into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults.
    """
    found = APPOINTMENTS.find(path, download=download)
    if found is None:
        return Appointments(
            simulate_appointments(rng=np.random.default_rng(SEED)), source=SIMULATED, simulated=True
        )
    content = read_bytes(found.path, REMEDY)
    frame = read_appointments(content, found.path)
    if hashlib.sha256(content).hexdigest() == SHA256:
        return Appointments(frame, source=f"real: {found.label}", is_real=True)
    return Appointments(frame, source=f"unverified: {found.label} (its checksum is not the published file's)")


def read_appointments(content: bytes, path: Path) -> pd.DataFrame:
    """Return CSV content as a DataFrame, with every value in it checked; path is for the errors.

    Text is kept in columns of dtype object, whatever this pandas makes of text by default.
    Raises: ValueError naming the file, the line and column, what was expected there and the remedy.
    """
    rows = records(content, path, REMEDY)  # also checks the width of every row, which pandas does not
    names = _check_columns([name.strip() for name in next(rows)[1]], path)
    lines = [line for line, _ in rows]
    if not lines:
        raise ValueError(f"{path}: expected rows below the header, got none; correct it, or {REMEDY}")
    texts = pd.read_csv(
        io.BytesIO(content), header=0, names=names, index_col=False, dtype=object, na_filter=False,
        encoding="utf-8-sig",
    )  # fmt: skip
    values = {}
    for column, rule in RULES.items():
        # Most columns hold few values, many times: each is read once.
        code, distinct = pd.factorize(texts[column])
        read = rule.read(pd.Series(distinct, dtype=object, name=column))
        values[column] = read.iloc[code].reset_index(drop=True)
        _check_values(values[column], texts[column], rule, lines, path)
    return pd.DataFrame(values).astype({column: rule.dtype for column, rule in RULES.items()})


@dataclass(frozen=True)
class Rule:
    """What every value of a column must be, and how it is read from text: NaN where it is something else."""

    expected: str
    read: Callable[[pd.Series], pd.Series]
    dtype: str = "object"


# A day and the time, with or without an offset; or the day alone.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:Z|[+-][012]\d(?::?[0-5]\d)?)?|(\d{4}-\d\d-\d\d)",
    re.ASCII,
)


def times(column: pd.Series) -> pd.Series:
    """Return times such as 2016-04-29T18:38:08Z as the clock showed them; what is not a time becomes NaT.

    The offset from UTC (Z or -03:00) is left out: days, weekdays and hours are those of the clinic.
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.tz_localize(None)
    written = [_as_written(str(text)) for text in column.tolist()]
    texts = pd.Series(written, index=column.index, dtype=object)
    return pd.to_datetime(texts, format="ISO8601", errors="coerce")


def _as_written(text: str) -> str | None:
    """Return a time without its offset, None for what is not a time."""
    # First the published form, in which the pattern would take four times as long.
    if text[19:] == "Z" and text[13] == text[16] == ":":
        return text[:19]
    match = _TIME.fullmatch(text)
    return match and (match[1] or match[2])


def _numbers(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column, errors="coerce")


def _positive(column: pd.Series) -> pd.Series:
    values = _numbers(column)
    return values.where((values > 0) & np.isfinite(values))


def _whole(low: int, high: int) -> Rule:
    def read(column: pd.Series) -> pd.Series:
        values = _numbers(column)
        return values.where(values.between(low, high) & (values % 1 == 0))

    return Rule(f"a whole number from {low} to {high}", read, "int64")


def _name(column: pd.Series) -> pd.Series:
    missing = column.str.strip().str.lower().isin(["na", "n/a", "nan", "none", "null"])
    return column.where(column.str.contains(r"[^\W\d]") & ~missing)


def _one_of(*words: str) -> Rule:
    return Rule(" or ".join(words), lambda column: column.where(column.isin(words)))


_MOMENT = Rule("a time such as 2016-04-29T18:38:08Z", lambda column: column.where(times(column).notna()))

#: The columns of the file, in order and as they are spelt there.
RULES = {
    # Patients' numbers are floats in the published file, and five of them are not even whole.
    "PatientId": Rule("a positive number", _positive, "float64"),
    "AppointmentID": _whole(1, 10**9),
    "Gender": _one_of("F", "M"),
    "ScheduledDay": _MOMENT,
    "AppointmentDay": _MOMENT,
    # One patient in the published file is −1 years old; cleaning is a lesson, not the reader's job.
    "Age": _whole(-1, 130),
    "Neighbourhood": Rule("a name", _name),
    "Scholarship": _whole(0, 1),
    "Hipertension": _whole(0, 1),
    "Diabetes": _whole(0, 1),
    "Alcoholism": _whole(0, 1),
    "Handcap": _whole(0, 4),
    "SMS_received": _whole(0, 1),
    "No-show": _one_of("No", "Yes"),
}


def _check_columns(names: list[str], path: Path) -> list[str]:
    problems = {
        "lacks": [name for name in RULES if name not in names],
        "has the unknown": [name for name in names if name not in RULES],
        "repeats": [name for name in RULES if names.count(name) > 1],
    }
    found = [f"{what} {brief(', '.join(map(repr, some)))}" for what, some in problems.items() if some]
    if found:
        raise ValueError(
            f"{path}: expected the {len(RULES)} published columns, but it {' and '.join(found)}; "
            f"correct it, or {REMEDY}"
        )
    return names


def _check_values(values: pd.Series, texts: pd.Series, rule: Rule, lines: list[int], path: Path) -> None:
    wrong = values.isna().to_numpy()
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    is_number = rule.dtype != "object" and bool(_numbers(texts.iloc[[row]]).notna().all())
    raise ValueError(
        f"{path}, line {lines[row]}, column {values.name}: expected {rule.expected}, "
        f"got {shown(texts.iloc[row], is_number=is_number)}{cut_short(row == len(lines) - 1)}; "
        f"correct it, or {REMEDY}"
    )


def _fetch(url: str, progress: bool, timeout: float) -> Path:
    return fetch_file(url, FILE, SHA256, progress, timeout)


APPOINTMENTS = register(
    Dataset(
        name="appointments",
        title="medical appointments kept and missed, Vitória 2016",
        license="CC BY-NC-SA 4.0",
        # Kaggle mounts it as <input>/[datasets/<owner>/]<data set>/<file>.
        files=(FILE, f"noshowappointments/{FILE}", f"datasets/joniarroba/noshowappointments/{FILE}"),
        embedded=SIMULATED,
        load=load_appointments,
        fetch=_fetch,
        url=URL,
    )
)
