"""Medical appointments: who came, and who did not (Hoppen 2016, Kaggle joniarroba/noshowappointments)."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from nnlab.datasets.locate import find
from nnlab.datasets.simulator import simulate_appointments

FILE = "KaggleV2-May-2016.csv"
SHA256 = "9132d3e7d0246617df9041d3764f20ad6f08e7b0d9f0997fa254fc5e52eda27d"
#: The seed of the embedded table, so that every reader sees the same simulated appointments.
SEED = 2016

# Beside a plain folder, a file may lie where Kaggle mounts it: <input>/[datasets/<owner>/]<data set>/<file>.
FILENAMES = (FILE, f"noshowappointments/{FILE}", f"datasets/joniarroba/noshowappointments/{FILE}")
REMEDY = "correct it, or get the published file anew with `python -m nnlab data get appointments`"


@dataclass(frozen=True, eq=False)
class Appointments:
    """A table of appointments, one row each, and where it came from; printing it says both in a line."""

    frame: pd.DataFrame = field(repr=False)
    source: str
    #: made up by the simulator that nnlab carries
    simulated: bool
    #: the published file, byte for byte; an edited copy is neither simulated nor real
    is_real: bool

    def __str__(self) -> str:
        missed = 100 * (self.frame["No-show"] == "Yes").mean()
        return f"{len(self.frame):,} appointments, {missed:.2f} % missed · {self.source}"


def load_appointments(path: str | os.PathLike[str] | None = None, *, download: bool = False) -> Appointments:
    """Return the appointments in the file at `path`, or in the first file found, or simulated ones.

    With download=True, and only then, a file that is not found is fetched into the download cache.
    Raises: FileNotFoundError for a path that leads nowhere, ValueError for a file with faults.
    """
    found = find(path, *FILENAMES)
    if found is None and download:
        from nnlab.datasets.download import get  # only a download needs the network code

        get("appointments")
        found = find(path, *FILENAMES)
    if found is None:
        frame = simulate_appointments(rng=np.random.default_rng(SEED))
        return Appointments(frame, "simulated (embedded)", simulated=True, is_real=False)
    content = found.path.read_bytes()
    frame = read_appointments(content, found.path)
    if hashlib.sha256(content).hexdigest() == SHA256:
        return Appointments(frame, f"real: {found.label}", simulated=False, is_real=True)
    source = f"unverified: {found.label} (its checksum is not the published file's)"
    return Appointments(frame, source, simulated=False, is_real=False)


def read_appointments(content: bytes, path: Path) -> pd.DataFrame:
    """Return the CSV content as a DataFrame, after every value in it was checked; path is for the errors.

    Raises: ValueError naming the file, the line or column, what was expected there and the remedy.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}: expected UTF-8 text, got other bytes; {REMEDY}") from None
    try:
        frame = pd.read_csv(io.StringIO(text), low_memory=False)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: expected a table, got an empty file; {REMEDY}") from None
    except pd.errors.ParserError as error:
        raise ValueError(f"{path}: expected a CSV table, but {str(error).strip()}; {REMEDY}") from None
    _check_columns(frame, path)
    for column, rule in RULES.items():
        _check_values(frame[column], rule, path)
    return frame[list(RULES)].astype({column: rule.dtype for column, rule in RULES.items() if rule.dtype})


@dataclass(frozen=True)
class Rule:
    """What every value of a column must be, in words and as a test; the dtype if it is a number."""

    expected: str
    holds: Callable[[pd.Series], pd.Series]
    dtype: str = ""


def _numbers(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column, errors="coerce")


def times(column: pd.Series) -> pd.Series:
    """Return a column of text such as 2016-04-29T18:38:08Z as times; what is none becomes NaT."""
    return pd.to_datetime(column, format="ISO8601", utc=True, errors="coerce")


def _whole(low: int, high: int) -> Rule:
    def holds(column: pd.Series) -> pd.Series:
        values = _numbers(column)
        return values.between(low, high) & (values % 1 == 0)

    return Rule(f"a whole number from {low} to {high}", holds, "int64")


def _one_of(*words: str) -> Rule:
    return Rule(" or ".join(words), lambda column: column.isin(words))


_TIME = Rule(
    "a time such as 2016-04-29T18:38:08Z",
    lambda column: times(column).notna(),
)

#: The columns of the file, in order and as they are spelt there.
RULES = {
    # Patients' numbers are floats in the published file, and five of them are not even whole.
    "PatientId": Rule("a positive number", lambda column: _numbers(column) > 0, "float64"),
    "AppointmentID": _whole(1, 10**9),
    "Gender": _one_of("F", "M"),
    "ScheduledDay": _TIME,
    "AppointmentDay": _TIME,
    # One patient in the published file is −1 years old; cleaning is a lesson, not the reader's job.
    "Age": _whole(-1, 130),
    "Neighbourhood": Rule(
        "a name", lambda column: column.astype(str).str.contains(r"[^\W\d]") & column.notna()
    ),
    "Scholarship": _whole(0, 1),
    "Hipertension": _whole(0, 1),
    "Diabetes": _whole(0, 1),
    "Alcoholism": _whole(0, 1),
    "Handcap": _whole(0, 4),
    "SMS_received": _whole(0, 1),
    "No-show": _one_of("No", "Yes"),
}


def _check_columns(frame: pd.DataFrame, path: Path) -> None:
    missing = [column for column in RULES if column not in frame]
    unknown = [str(column) for column in frame if column not in RULES]
    if missing or unknown:
        problems = [f"{what} {', '.join(map(repr, names))}" for what, names in
                    (("lacks", missing), ("has the unknown", unknown)) if names]  # fmt: skip
        raise ValueError(
            f"{path}: expected the {len(RULES)} published columns, but it {' and '.join(problems)}; {REMEDY}"
        )
    if frame.empty:
        raise ValueError(f"{path}: expected rows below the header, got none; {REMEDY}")


def _check_values(column: pd.Series, rule: Rule, path: Path) -> None:
    right = rule.holds(column).to_numpy(dtype=bool)
    if right.all():
        return
    row = int(np.argmin(right))
    value = column.iloc[row]
    got = "nothing" if pd.isna(value) else repr(value if isinstance(value, str) else value.item())
    cut = " (the file seems to be cut short here)" if row == len(column) - 1 else ""
    raise ValueError(
        f"{path}, line {row + 2}, column {column.name}: expected {rule.expected}, got {got}{cut}; {REMEDY}"
    )
