"""Simulated appointments: the published table's columns, size, quirks and lessons, none of its patients.

Everything is drawn from figures.json, which scripts/fit_simulator.py fitted to the published table: counts
over many rows, and the weights of one logistic regression. There are three steps:

1. patients: how many appointments each has, then sex and age, conditions, neighbourhood;
2. visits: day of the appointment, waiting time given who it is, hour of booking, SMS;
3. outcomes: whether each appointment was missed, alike among those of one patient.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from nnlab._check import check_rng

FIGURES = Path(__file__).with_name("figures.json")

TEXTS = ("Gender", "ScheduledDay", "AppointmentDay", "Neighbourhood", "No-show")
CONDITIONS = ("Scholarship", "Hipertension", "Diabetes", "Alcoholism")
MAX_AGE, MAX_WAITING, MAX_SMS_DAY = 115, 179, 60
#: The groups in which things are counted: each reaches from its edge to below the next.
SIZE_EDGES = np.array([1, 2, 3, 6, 12])  # appointments of a patient
AGE_EDGES = np.array([0, 1, 3, 6, 10, 13, 16, 19, 22, 26, 31, 36, 41, 46, 51, 56, 61, 66, 71, 76, 81, 91])
WAITING_EDGES = np.array([0, 1, 2, 3, 4, 5, 7, 8, 11, 15, 18, 22, 29, 36, 43, 61, 76, 91])
HOUR_EDGES = np.array([0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])
SIZE_BANDS, AGE_GROUPS = len(SIZE_EDGES), len(AGE_EDGES)
WAITING_GROUPS, HOUR_GROUPS = len(WAITING_EDGES), len(HOUR_EDGES)


def simulate_appointments(*, rng: np.random.Generator | None = None) -> pd.DataFrame:
    """Return 110,527 simulated appointments of 62,299 patients, as the published CSV would be read.

    The same state of rng gives the same table.
    """
    rng = check_rng("simulate_appointments", rng)
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))
    patients = _patients(figures["patients"], rng)
    table = _visits(patients, figures["visits"], rng)
    table["No-show"] = np.where(_missed(table, figures, rng), "Yes", "No")
    return _as_published(table, figures["visits"], rng)


def group(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the number of the group, 0 … len(edges) − 1, that each value falls into."""
    return np.searchsorted(edges, values, side="right") - 1


def draw(counts: Any, given: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one draw per entry of `given`, from the row of the table of counts that it names.

    Draws from one row are spread evenly over its cumulative shares, in random order, so that they come out in
    the expected numbers (systematic sampling: Madow 1949). All rows, laid end to end, are looked up at once.
    """
    table = np.asarray(counts, dtype=float)
    # A row without any count would have no shares; it takes those of the whole table.
    table = np.where(table.sum(axis=1, keepdims=True) > 0, table, table.sum(axis=0))
    shares = np.cumsum(table, axis=1) / table.sum(axis=1, keepdims=True)
    ladder = (shares + np.arange(len(table))[:, None]).ravel()

    order = rng.permutation(len(given))
    place = np.empty(len(given))
    place[order] = pd.Series(given[order]).groupby(given[order]).cumcount()
    step = (place + rng.random(len(table))[given]) / np.bincount(given, minlength=len(table))[given]
    found = np.searchsorted(ladder, given + np.minimum(step, 1 - 1e-9), side="right")
    return found - given * table.shape[1]


def _patients(figures: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Draw the patients, one row each."""
    sizes = {int(size): count for size, count in figures["appointments"].items()}
    appointments = rng.permutation(np.repeat(list(sizes), list(sizes.values())))
    n, ages = len(appointments), MAX_AGE + 1
    band = group(appointments, SIZE_EDGES)
    sex_age = draw(np.reshape(figures["band_sex_age"], (SIZE_BANDS, 2 * ages)), band, rng)
    male, age = np.divmod(sex_age, ages)
    age_group = group(age, AGE_EDGES)
    conditions = draw(
        np.reshape(figures["band_sex_age_conditions"], (-1, 16)),
        (band * 2 + male) * AGE_GROUPS + age_group,
        rng,
    )
    places = figures["neighbourhoods"]
    # The few numbers below a million are the ones that are not whole.
    identity = 10 ** np.interp(rng.random(n), *figures["share_log10_id"])
    return pd.DataFrame(
        {
            "PatientId": np.where(identity < 10**6, identity.round(5), identity.round()),
            "appointments": appointments,
            "Gender": np.where(male, "M", "F"),
            "Age": age,
            "Neighbourhood": rng.permutation(np.repeat(list(places), list(places.values()))),
            **dict(zip(CONDITIONS, unpack(conditions), strict=True)),
            "Handcap": draw(figures["age_handicaps"], age_group, rng),
        }
    )


def pack(*flags: np.ndarray) -> np.ndarray:
    """Return four columns of 0 and 1 as one number 0 … 15, so that they can be counted together."""
    return np.sum([np.asarray(flag) << i for i, flag in enumerate(flags)], axis=0)


def unpack(numbers: np.ndarray) -> list[np.ndarray]:
    """Return the four columns of 0 and 1 that `pack` made into one."""
    return [(numbers >> i) & 1 for i in range(len(CONDITIONS))]


def _visits(patients: pd.DataFrame, figures: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Repeat each patient's row for each appointment, and draw when it was booked and for when."""
    table = patients.loc[patients.index.repeat(patients["appointments"])].reset_index()
    # Some patients book several appointments in one go, for the same day.
    first = ~table["index"].duplicated().to_numpy()
    visit = np.cumsum(first | (rng.random(len(table)) >= figures["same_visit"])) - 1
    starts = np.flatnonzero(np.diff(visit, prepend=-1))
    patient = table.iloc[starts]
    who = group(patient["appointments"].to_numpy(), SIZE_EDGES) * AGE_GROUPS + group(
        patient["Age"].to_numpy(), AGE_EDGES
    )

    days = pd.to_datetime(list(figures["days"]))
    day = draw([list(figures["days"].values())], np.zeros(len(starts), dtype=int), rng)
    weekday = days.day_of_week.to_numpy()[day]

    # Waiting time depends on who it is and on the weekday (nobody books on a Sunday for Monday). First its
    # group is drawn: P(group | who, weekday) is taken as P(group | who) P(group | weekday) / P(group) ...
    waiting_group_of_day = group(np.arange(MAX_WAITING + 1), WAITING_EDGES)
    in_group = waiting_group_of_day == np.arange(WAITING_GROUPS)[:, None]
    by_weekday = np.asarray(figures["weekday_waiting"])
    by_who = np.reshape(figures["band_age_waiting"], (-1, WAITING_GROUPS))
    both = by_who[:, None, :] * (by_weekday @ in_group.T) / by_who.sum(axis=0)
    waiting_group = draw(both.reshape(-1, WAITING_GROUPS), who * 6 + weekday, rng)
    # ... and then the very day within it.
    days_in_group = (by_weekday[:, None, :] * in_group).reshape(-1, MAX_WAITING + 1)
    waiting = draw(days_in_group, weekday * WAITING_GROUPS + waiting_group, rng)

    half_hour = draw(figures["waiting_half_hour"], waiting_group, rng)
    sms = draw(figures["waiting_sms"], np.minimum(waiting, MAX_SMS_DAY), rng)
    columns = {"day": days.to_numpy()[day], "weekday": weekday, "waiting": waiting, "half_hour": half_hour,
               "SMS_received": sms}  # fmt: skip
    return table.assign(visit=visit, **{name: values[visit] for name, values in columns.items()})


def outcome_codes(table: pd.DataFrame, neighbourhoods: list[str]) -> dict[str, tuple[np.ndarray, int]]:
    """Return the groups that the outcome depends on: for each, every row's code and the number of codes.

    Waiting time decides most, and differently by age, hour of booking and SMS: hence the products.
    """
    waiting = group(table["waiting"].to_numpy(), WAITING_EDGES)
    age = group(table["Age"].to_numpy(), AGE_EDGES)
    hour = group(table["half_hour"].to_numpy() // 2, HOUR_EDGES)
    male, sms = (table["Gender"] == "M").to_numpy().astype(int), table["SMS_received"].to_numpy()
    weekday = table["weekday"].to_numpy()
    flags = {name: (table[name].to_numpy(), 2) for name in CONDITIONS}
    return {
        "waiting": (waiting, WAITING_GROUPS),
        "age": (age, AGE_GROUPS),
        "hour": (hour, HOUR_GROUPS),
        "weekday": (weekday, 6),
        "weekday_booked": ((weekday - table["waiting"].to_numpy()) % 7, 7),
        "neighbourhood": (pd.Categorical(table["Neighbourhood"], neighbourhoods).codes, len(neighbourhoods)),
        **flags,
        "Handcap": (table["Handcap"].to_numpy(), 5),
        "waiting_age": (waiting * AGE_GROUPS + age, WAITING_GROUPS * AGE_GROUPS),
        "waiting_hour": (waiting * HOUR_GROUPS + hour, WAITING_GROUPS * HOUR_GROUPS),
        "waiting_sms": (waiting * 2 + sms, WAITING_GROUPS * 2),
        "age_male": (age * 2 + male, AGE_GROUPS * 2),
    }


def _missed(table: pd.DataFrame, figures: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Draw which appointments were missed, with the probabilities of the logistic regression.

    A normal number per visit, correlated over the visits of a patient, is compared with the quantile of the
    probability (a Gaussian copula: Sklar 1959). In each group of waiting time and age exactly the expected
    number is taken, those furthest below their quantile, so that chance does not blur the rates.
    """
    outcome = figures["outcome"]
    score = np.full(len(table), outcome["intercept"])
    codes = outcome_codes(table, list(figures["patients"]["neighbourhoods"]))
    for name, (code, _) in codes.items():
        score += np.asarray(outcome["weights"][name])[code]
    # The clinics open on one Saturday only: its few rows take its own share of missed appointments.
    saturday = (table["weekday"] == 5).to_numpy()
    p = np.where(saturday, outcome["saturday"], expit(score))
    patient, visit, r = table["index"].to_numpy(), table["visit"].to_numpy(), outcome["alike"]
    normal = np.sqrt(r) * rng.standard_normal(patient[-1] + 1)[patient]
    normal += np.sqrt(1 - r) * rng.standard_normal(visit[-1] + 1)[visit]
    stratum = pd.Series(np.where(saturday, -1, codes["waiting_age"][0]))
    order = pd.Series(normal - ndtri(p)).groupby(stratum).rank(method="first")
    # Rounded on the running total, so that the roundings of neighboring groups do not add up.
    total = pd.Series(p).groupby(stratum).sum().cumsum().round()
    return (order <= stratum.map(total - total.shift(fill_value=0))).to_numpy()


def _as_published(table: pd.DataFrame, figures: dict[str, Any], rng: np.random.Generator) -> pd.DataFrame:
    """Give the table the published one's columns, order, timestamps, IDs and impossible rows."""
    m = len(table)
    second = table["half_hour"].to_numpy() * 1800 + rng.integers(1800, size=m)
    waiting, age = table["waiting"].to_numpy().copy(), table["Age"].to_numpy().copy()
    # One patient is −1 years old; four missed appointments were booked a day too late, one six days.
    age[rng.choice(np.flatnonzero((age == 0) & (table["appointments"] == 1)))] = -1
    same_day = (waiting == 0) & (table["No-show"] == "Yes") & table["weekday"].between(1, 3)
    waiting[rng.choice(np.flatnonzero(same_day), 5, replace=False)] = [-1, -1, -1, -1, -6]

    day = table["day"].to_numpy().astype("datetime64[s]")
    booked = day - waiting * np.timedelta64(86_400, "s") + second
    quantiles = figures["id_quantiles"]
    number = np.sort(np.interp(rng.random(m), np.linspace(0, 1, len(quantiles)), quantiles)).astype(int)
    number = np.maximum.accumulate(number - np.arange(m)) + np.arange(m)  # no number twice
    appointment = np.empty(m, dtype=np.int64)
    appointment[np.argsort(booked, kind="stable")] = number
    published = pd.DataFrame(
        {
            "PatientId": table["PatientId"],
            "AppointmentID": appointment,
            "Gender": table["Gender"],
            "ScheduledDay": _text(booked),
            "AppointmentDay": _text(day),
            "Age": age,
            **{
                name: table[name]
                for name in ("Neighbourhood", *CONDITIONS, "Handcap", "SMS_received", "No-show")
            },
        }
    )
    published = published.astype(
        dict.fromkeys(TEXTS, object)
    )  # whatever this pandas makes of text by default
    order = np.lexsort((rng.random(m), day))
    return published.iloc[order].reset_index(drop=True)


def _text(times: np.ndarray) -> list[str]:
    """Return times as the published file writes them, each distinct one written once."""
    distinct, back = np.unique(times, return_inverse=True)
    return np.array([f"{t}Z" for t in np.datetime_as_string(distinct)], dtype=object)[back].tolist()
