"""From the table of appointments to numbers a network can take: clean, make features, split, scale.

frame, report = clean(load_appointments().frame)
parts = split(frame, rng=np.random.default_rng(0))
parts.train.X, parts.train.y, parts.feature_names
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from nnlab._check import check_choice, check_dtype, check_number, check_rng
from nnlab.datasets.appointments.table import times

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# The edges of the groups: a group reaches from one edge to just below the next. A curve that bends is easier
# to learn from groups: missed appointments rise steeply over the first days of waiting, then hardly at all.
WAITING_EDGES = [0, 1, 2, 3, 5, 8, 15, 22, 29, 43]
AGE_EDGES = [0, 1, 6, 13, 19, 26, 36, 46, 56, 66, 76]
HOUR_EDGES = [0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]


@dataclass(frozen=True)
class CleaningReport:
    """How many rows came in, and how many were removed for what; printing it gives a sentence."""

    rows: int
    negative_age: int
    scheduled_after_appointment: int
    kept: int

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows: {self.negative_age} removed for a negative age, "
            f"{self.scheduled_after_appointment} scheduled after their appointment; {self.kept:,} kept"
        )


def clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, CleaningReport]:
    """Return the table without its impossible rows, and a report that counts them.

    A row is impossible when the age is negative or the booking was made on a later day than the appointment.
    """
    negative = frame["Age"] < 0
    backwards = waiting_days(frame) < 0
    kept = frame[~negative & ~backwards].reset_index(drop=True)
    return kept, CleaningReport(len(frame), int(negative.sum()), int(backwards.sum()), len(kept))


def waiting_days(frame: pd.DataFrame) -> pd.Series:
    """Return the days from booking to appointment, counted in midnights of the clinic: 0 for the same day."""
    return _days_between(times(frame["ScheduledDay"]), times(frame["AppointmentDay"]))


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a clinic knows of each appointment when it is booked, in readable columns.

    IDs are dropped: they name a patient and say nothing about the next one. Text becomes pandas categories,
    among them age, waiting days and hour, each in groups as well (see WAITING_EDGES).
    Raises: ValueError if the table was not cleaned.
    """
    scheduled, appointment = times(frame["ScheduledDay"]), times(frame["AppointmentDay"])
    waiting = _days_between(scheduled, appointment)
    impossible = int(((waiting < 0) | (frame["Age"] < 0)).sum())
    if impossible:
        raise ValueError(
            f"features expected a clean table, got {impossible} impossible rows; call clean() first"
        )
    hour = scheduled.dt.hour + scheduled.dt.minute / 60
    place, places = pd.factorize(frame["Neighbourhood"], sort=True)
    return pd.DataFrame(
        {
            "age": frame["Age"],
            "log_waiting_days": np.log1p(waiting),
            "hour_booked": hour,
            "handicaps": frame["Handcap"],
            "male": (frame["Gender"] == "M").astype(int),
            "scholarship": frame["Scholarship"],
            "hypertension": frame["Hipertension"],
            "diabetes": frame["Diabetes"],
            "alcoholism": frame["Alcoholism"],
            "sms_received": frame["SMS_received"],
            "waiting": groups(waiting, WAITING_EDGES),
            "age_group": groups(frame["Age"], AGE_EDGES),
            "booked_at": groups(hour, HOUR_EDGES),
            "weekday": _weekday(appointment),
            "weekday_booked": _weekday(scheduled),
            "neighbourhood": _category(place, list(places), frame.index),
        }
    )


def target(frame: pd.DataFrame) -> np.ndarray:
    """Return y (m,): 1 where the patient did not come, 0 where they came."""
    return (frame["No-show"] == "Yes").to_numpy().astype(np.int64)


def groups(values: pd.Series, edges: list[int]) -> pd.Series:
    """Return values as ordered categories "0", "1", "3-4", …, "43+", from one edge to below the next."""
    names = [str(a) if b - a == 1 else f"{a}-{b - 1}" for a, b in itertools.pairwise(edges)]
    group = np.searchsorted(edges, values, side="right") - 1
    codes = np.where(values.isna(), -1, group)
    return _category(codes, [*names, f"{edges[-1]}+"], values.index, ordered=True)


def _days_between(scheduled: pd.Series, appointment: pd.Series) -> pd.Series:
    return (appointment.dt.normalize() - scheduled.dt.normalize()).dt.days


def _weekday(times: pd.Series) -> pd.Series:
    days = _category(times.dt.day_of_week.to_numpy(), WEEKDAYS, times.index)
    return days.cat.remove_unused_categories()


def _category(codes: np.ndarray, names: list[str], index: pd.Index, *, ordered: bool = False) -> pd.Series:
    """Return the names that the codes stand for, −1 for none, as a categorical column."""
    return pd.Series(pd.Categorical.from_codes(codes, pd.Index(names, dtype=object), ordered), index=index)


class Part(NamedTuple):
    """One part of a split: X (m, n_features) and y (m,) with 1 for a missed appointment."""

    X: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, eq=False)
class Split:
    """Training, validation and test data; printing it gives their sizes and base rates."""

    train: Part
    validation: Part
    test: Part
    feature_names: list[str]
    #: rows of the table in each part, by the part's name
    rows: dict[str, np.ndarray]
    #: fraction of test rows whose patient also has training rows
    shared_patients: float
    encoder: ColumnTransformer

    def __repr__(self) -> str:
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        sizes = ", ".join(
            f"{name} {len(y):,} ({100 * y.mean():.2f} % missed)" for name, (_, y) in parts.items()
        )
        shared = f"{100 * self.shared_patients:.1f} % of test rows are of patients also in training"
        return f"{len(self.feature_names)} features; {sizes}; {shared}"


def split(
    frame: pd.DataFrame,
    *,
    by: str = "patient",
    validation: float = 0.1,
    test: float = 0.2,
    history: bool = False,
    rng: np.random.Generator | None = None,
    dtype: Any = np.float64,
) -> Split:
    """Split a clean table at random into stratified parts, with an encoder fitted on the training part only.

    by="patient" deals out patients, so that all appointments of a patient are in one part, as they will be
    for a patient who is new; by="row" deals out rows: most test rows then share a patient with training rows.
    history=True adds what `patient_history` says about the patient's other appointments in training: by row,
    that raises the test score by remembering patients; by patient, it cannot.
    `validation` and `test` are fractions of the rows or patients.
    Raises: ValueError, TypeError.
    """
    check_choice("split", "by", by, ("row", "patient"))
    test = check_number("split", "test", test, above=0, below=1)
    validation = check_number("split", "validation", validation, above=0, below=1 - test)
    rng, dtype = check_rng("split", rng), check_dtype("split", dtype)
    table, y, patients = features(frame), target(frame), frame["PatientId"].to_numpy()

    rows = _deal(y, patients, by, validation, test, rng)
    if history:
        table = table.join(patient_history(y, patients, rows["train"]))
    encoder = _encoder(table).fit(table.iloc[rows["train"]])
    X = encoder.transform(table).astype(dtype, copy=False)
    parts = {name: Part(X[index], y[index]) for name, index in rows.items()}
    names = [str(name) for name in encoder.get_feature_names_out()]
    shared = float(np.isin(patients[rows["test"]], patients[rows["train"]]).mean())
    return Split(**parts, feature_names=names, rows=rows, shared_patients=shared, encoder=encoder)


def patient_history(y: np.ndarray, patients: np.ndarray, train: np.ndarray) -> pd.DataFrame:
    """Return for each row the patient's other training appointments and the share of them missed.

    The share is pulled towards the base rate p as if by 3 more appointments: (missed + 3p) / (count + 3).
    A training row's own outcome is left out, or the feature would simply hold the answer.
    """
    outcomes = pd.DataFrame({"patient": patients[train], "missed": y[train]})
    seen = outcomes.groupby("patient")["missed"].agg(["sum", "count"])
    own = np.zeros((len(y), 2))
    own[train] = np.column_stack([y[train], np.ones(len(train))])
    missed, count = (seen.reindex(patients).fillna(0).to_numpy() - own).T
    share = (missed + 3 * y[train].mean()) / (count + 3)
    return pd.DataFrame({"history_share_missed": share, "history_appointments": np.log1p(count)})


def _deal(
    y: np.ndarray, patients: np.ndarray, by: str, validation: float, test: float, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Deal out rows (stratified by outcome) or patients (by whether they ever missed) into three parts."""
    if by == "row":
        unit_of_row, strata = np.arange(len(y)), y
    else:
        names, unit_of_row = np.unique(patients, return_inverse=True)
        strata = np.zeros(len(names), dtype=int)
        np.maximum.at(strata, unit_of_row, y)
    part_of_unit = np.zeros(len(strata), dtype=int)
    rest = np.arange(len(strata))
    for part, size in ((2, test), (1, validation / (1 - test))):
        seed = int(rng.integers(2**32))
        try:
            rest, taken = train_test_split(rest, test_size=size, stratify=strata[rest], random_state=seed)
        except ValueError:
            kept, missed = np.bincount(strata, minlength=2)
            raise ValueError(
                f"split expected {by}s enough to deal out both outcomes into three parts, got {kept} without "
                f"a missed appointment and {missed} with one; give it more rows, or larger parts"
            ) from None
        part_of_unit[taken] = part
    part_of_row = part_of_unit[unit_of_row]
    return {name: np.flatnonzero(part_of_row == i) for i, name in enumerate(("train", "validation", "test"))}


def _encoder(table: pd.DataFrame) -> ColumnTransformer:
    """Return the encoder: numbers to mean 0 and deviation 1, each category to a column of zeros and ones."""
    categorical = [name for name in table if isinstance(table[name].dtype, pd.CategoricalDtype)]
    numeric = [name for name in table if name not in categorical]
    # All categories of the table: one that is missing from the training part must not change the width.
    levels = [list(table[name].cat.categories) for name in categorical]
    encoder = ColumnTransformer(
        [
            ("numbers", StandardScaler(), numeric),
            ("categories", OneHotEncoder(categories=levels, sparse_output=False), categorical),
        ],
        verbose_feature_names_out=False,
    )
    return encoder.set_output(transform="default")  # arrays, whatever sklearn.set_config says
