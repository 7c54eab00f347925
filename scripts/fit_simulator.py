"""Fit the figures of the appointments simulator to the real table, and write them into the package.

    python scripts/fit_simulator.py [KaggleV2-May-2016.csv]

Only counts over many rows and the coefficients of one model are kept, nothing about any single patient.
nnlab/datasets/appointments/simulator.py says what each figure is for.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from nnlab.datasets.appointments import clean, load_appointments, simulator, target, times, waiting_days

#: scikit-learn's C: chosen so that gradient boosting ranks the simulated rows as well as the published ones
INVERSE_PENALTY = 1.0


def main() -> None:
    """Fit and write; refuse any table but the published one."""
    data = load_appointments(sys.argv[1] if len(sys.argv) > 1 else None)
    if not data.is_real:
        sys.exit(f"expected the published table, found: {data.source}")
    frame, report = clean(data.frame)
    print(data, report, sep="\n")
    basics = visit_columns(frame)
    figures = {
        "patients": fit_patients(data.frame),
        "visits": fit_visits(frame, basics),
        "outcome": fit_outcome(frame, basics),
    }
    text = json.dumps(figures, ensure_ascii=False, separators=(",", ":"))
    simulator.FIGURES.write_text(text + "\n", encoding="utf-8")
    print(f"wrote {simulator.FIGURES.name}, {len(text) / 1000:.1f} kB")


def table(*codes: Any, levels: list[int]) -> list[Any]:
    """Count the rows by their codes 0 … levels − 1: a nested list of counts."""
    counts = np.zeros(levels, dtype=int)
    np.add.at(counts, tuple(np.asarray(code) for code in codes), 1)
    return counts.tolist()


def counted(values: pd.Series) -> dict[str, int]:
    """Count the values, smallest first."""
    return {str(value): int(n) for value, n in values.value_counts().sort_index().items()}


def visit_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns that the simulator works on: waiting, weekday, half hour, visit."""
    day, booked = times(frame["AppointmentDay"]), times(frame["ScheduledDay"])
    # What a patient books on one day for one day is one visit to the clinic.
    visit = (
        frame.assign(booked=booked.dt.normalize()).groupby(["PatientId", "AppointmentDay", "booked"]).ngroup()
    )
    half_hour = booked.dt.hour * 2 + booked.dt.minute // 30
    return frame.assign(
        waiting=waiting_days(frame), weekday=day.dt.day_of_week, half_hour=half_hour, visit=visit
    )


def fit_patients(frame: pd.DataFrame) -> dict[str, Any]:
    """Count the patients by what stays the same over their appointments."""
    person, sizes = frame.groupby("PatientId").first(), frame.groupby("PatientId").size()
    band = simulator.group(sizes.to_numpy(), simulator.SIZE_EDGES)
    male, age = (person["Gender"] == "M").astype(int), person["Age"].clip(lower=0)
    group = simulator.group(age.to_numpy(), simulator.AGE_EDGES)
    conditions = simulator.pack(*(person[name].to_numpy() for name in simulator.CONDITIONS))
    shares = [0, 5 / len(person), 0.001, 0.003, 0.01, 0.03, *np.linspace(0.05, 1, 20)]
    ages, groups = simulator.MAX_AGE + 1, simulator.AGE_GROUPS
    return {
        "appointments": counted(sizes),
        "band_sex_age": table(band, male, age, levels=[simulator.SIZE_BANDS, 2, ages]),
        "band_sex_age_conditions": table(
            band, male, group, conditions, levels=[simulator.SIZE_BANDS, 2, groups, 16]
        ),
        "age_handicaps": table(group, person["Handcap"], levels=[groups, 5]),
        "neighbourhoods": counted(person["Neighbourhood"]),
        "share_log10_id": [
            np.round(shares, 5).tolist(),
            np.quantile(np.log10(person.index), shares).round(2).tolist(),
        ],
    }


def fit_visits(frame: pd.DataFrame, basics: pd.DataFrame) -> dict[str, Any]:
    """Count the appointments by day, waiting time, time of booking and SMS."""
    waiting, weekday, half_hour = (basics[name].to_numpy() for name in ("waiting", "weekday", "half_hour"))
    age_group = simulator.group(frame["Age"].to_numpy(), simulator.AGE_EDGES)
    waiting_group = simulator.group(waiting, simulator.WAITING_EDGES)
    groups, longest, sms_days = simulator.WAITING_GROUPS, simulator.MAX_WAITING, simulator.MAX_SMS_DAY
    sizes = frame.groupby("PatientId")["Age"].transform("size")
    band = simulator.group(sizes.to_numpy(), simulator.SIZE_EDGES)
    repeats = len(frame) - frame["PatientId"].nunique()
    return {
        "days": counted(frame["AppointmentDay"].str[:10]),
        "band_age_waiting": table(
            band, age_group, waiting_group, levels=[simulator.SIZE_BANDS, simulator.AGE_GROUPS, groups]
        ),
        "weekday_waiting": table(weekday, waiting, levels=[6, longest + 1]),
        "waiting_half_hour": table(waiting_group, half_hour, levels=[groups, 48]),
        "waiting_sms": table(np.minimum(waiting, sms_days), frame["SMS_received"], levels=[sms_days + 1, 2]),
        "same_visit": round((len(frame) - basics["visit"].nunique()) / repeats, 4),
        "id_quantiles": np.quantile(frame["AppointmentID"], np.linspace(0, 1, 21)).astype(int).tolist(),
    }


def fit_outcome(frame: pd.DataFrame, basics: pd.DataFrame) -> dict[str, Any]:
    """Fit a logistic regression to the groups and their products, and how alike a patient's outcomes are."""
    y = target(frame)
    codes = simulator.outcome_codes(basics, sorted(frame["Neighbourhood"].unique()))
    levels = [n for _, n in codes.values()]
    encoder = OneHotEncoder(categories=[np.arange(n) for n in levels])
    X = encoder.fit_transform(np.column_stack([code for code, _ in codes.values()]))
    model = LogisticRegression(C=INVERSE_PENALTY, solver="newton-cholesky").fit(X, y)
    weights = np.split(model.coef_[0].round(3), np.cumsum(levels)[:-1])
    return {
        "intercept": round(float(model.intercept_[0]), 4),
        "weights": {name: w.tolist() for name, w in zip(codes, weights, strict=True)},
        "saturday": round(float(y[basics["weekday"] == 5].mean()), 4),
        "alike": round(alikeness(y, model.predict_proba(X)[:, 1], frame["PatientId"], basics["visit"]), 3),
    }


def alikeness(y: np.ndarray, p: np.ndarray, patient: pd.Series, visit: pd.Series) -> float:
    """Return the correlation r of the copula between visits of a patient.

    It makes the expected number of pairs that were both missed the number counted. Given the common part u
    of two latent normals, outcomes are independent: P(both | u) = q q', q = Φ((Φ⁻¹(p) − √r u) / √(1 − r)).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights /= weights.sum()
    z, patient_code, visit_code = norm.ppf(p), pd.factorize(patient)[0], pd.factorize(visit)[0]

    def pairs(values: np.ndarray) -> float:
        """Sum values[i] * values[j] over all pairs of rows of one patient in different visits."""
        by_patient, by_visit = np.bincount(patient_code, values), np.bincount(visit_code, values)
        return float((by_patient**2).sum() - (by_visit**2).sum()) / 2

    def surplus(r: float) -> float:
        expected = [pairs(norm.cdf((z - np.sqrt(r) * u) / np.sqrt(1 - r))) for u in nodes]
        return float(weights @ expected) - pairs(y)

    return float(brentq(surplus, 0.0, 0.99, xtol=1e-3))


if __name__ == "__main__":
    main()
