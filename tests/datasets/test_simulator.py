"""The simulated appointments look like the published ones, and teach the same lessons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from nnlab import datasets
from nnlab.datasets.appointments import simulator, table


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    return datasets.simulate_appointments(rng=np.random.default_rng(table.SEED))


@pytest.fixture(scope="module")
def real(real_appointments: Path) -> pd.DataFrame:
    return datasets.load_appointments(real_appointments).frame


def test_the_embedded_default_is_labelled_simulated(empty_machine: Path, simulated: pd.DataFrame) -> None:
    data = datasets.load_appointments()
    assert data.simulated
    assert not data.is_real
    assert str(data).endswith("simulated (embedded)")
    pd.testing.assert_frame_equal(data.frame, simulated)


def test_it_would_pass_for_the_published_file(simulated: pd.DataFrame, tmp_path: Path) -> None:
    """Written out and read back, every value passes the checks, and nothing changes on the way."""
    content = simulated.to_csv(index=False).encode()
    pd.testing.assert_frame_equal(table.read_appointments(content, tmp_path), simulated)


def test_its_size_and_quirks(simulated: pd.DataFrame) -> None:
    assert len(simulated) == 110_527
    assert simulated["PatientId"].nunique() == 62_299
    assert simulated["Neighbourhood"].nunique() == 81
    assert simulated["AppointmentID"].is_unique
    assert (simulated["Age"] == -1).sum() == 1
    assert set(simulated["Handcap"]) == {0, 1, 2, 3, 4}
    waiting = datasets.waiting_days(simulated)
    assert sorted(waiting[waiting < 0]) == [-6, -1, -1, -1, -1]
    assert 1 <= (simulated["PatientId"] % 1 != 0).sum() <= 20
    person = simulated.groupby("PatientId")[["Gender", "Neighbourhood", "Diabetes", "Alcoholism"]].nunique()
    assert (person == 1).all(axis=None)


def test_it_is_decided_by_the_generator(simulated: pd.DataFrame) -> None:
    again = datasets.simulate_appointments(rng=np.random.default_rng(table.SEED))
    pd.testing.assert_frame_equal(again, simulated)
    other = datasets.simulate_appointments(rng=np.random.default_rng(1))
    assert not other["No-show"].equals(simulated["No-show"])
    with pytest.raises(TypeError, match=r"rng as a np\.random\.Generator"):
        datasets.simulate_appointments(rng=3)


def test_draw_by_hand() -> None:
    """Row 0 of the table has nothing but 2, row 1 is even between 0 and 1, row 2 has no count at all."""
    counts = [[0, 0, 5], [3, 3, 0], [0, 0, 0]]
    given = np.repeat([0, 1, 2], 3000)
    drawn = simulator.draw(counts, given, np.random.default_rng(0)).reshape(3, 3000)
    assert set(drawn[0]) == {2}
    assert set(drawn[1]) == {0, 1}
    assert drawn[1].mean() == pytest.approx(0.5, abs=0.001)
    assert np.bincount(drawn[2]) / 3000 == pytest.approx([3 / 11, 3 / 11, 5 / 11], abs=0.001)


def test_only_figures_are_kept() -> None:
    """A small file of counts and weights: nothing in it is as long as the table, nothing names a patient."""
    text = simulator.FIGURES.read_text(encoding="utf-8")
    assert len(text.encode()) < 50_000
    assert set(json.loads(text)) == {"patients", "visits", "outcome"}


# --- against the published table ----------------------------------------------------------------------------


def rates(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Share missed and number of rows by every grouping of the issue, and by age in round tens."""
    frame, _ = datasets.clean(frame)
    table, y = datasets.features(frame), pd.Series(datasets.target(frame))
    weeks = pd.cut(datasets.waiting_days(frame), [-1, 0, 3, 7, 14, 30, 60, 90, 200])
    tens = pd.cut(frame["Age"], [-1, 9, 19, 29, 39, 49, 59, 69, 79, 130])
    keys = {
        **{name: table[name] for name in ("waiting", "age_group", "sms_received", "weekday")},
        "waiting in weeks": weeks,
        "age in tens": tens,
    }
    return {name: y.groupby(key, observed=True).agg(["mean", "size"]) for name, key in keys.items()}


def test_its_rates_are_the_real_ones(simulated: pd.DataFrame, real: pd.DataFrame) -> None:
    base = [(frame["No-show"] == "Yes").mean() for frame in (simulated, real)]
    assert base[0] == pytest.approx(base[1], abs=0.002)
    found = rates(simulated)
    for name, expected in rates(real).items():
        for group, (rate, size) in expected.iterrows():
            assert found[name]["mean"][group] == pytest.approx(rate, abs=0.015), (name, group)
            assert found[name]["size"][group] == pytest.approx(size, rel=0.15), (name, group)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_seed_strays_from_the_rates(seed: int, real: pd.DataFrame) -> None:
    """Not only the embedded table is close. Groups of few rows (39 on a Saturday) are left to chance here."""
    found = rates(datasets.simulate_appointments(rng=np.random.default_rng(seed)))
    for name, expected in rates(real).items():
        for group, (rate, size) in expected.iterrows():
            if size >= 1000:
                assert found[name]["mean"][group] == pytest.approx(rate, abs=0.015), (name, group)


def test_patients_come_back_as_often(simulated: pd.DataFrame, real: pd.DataFrame) -> None:
    counts = [frame["PatientId"].value_counts().value_counts() for frame in (simulated, real)]
    pd.testing.assert_series_equal(counts[0].sort_index(), counts[1].sort_index())


def plain_auc(frame: pd.DataFrame) -> float:
    """ROC-AUC of gradient boosting on plain columns, stratified 80/20, mean of two splits."""
    frame, _ = datasets.clean(frame)
    table, y = datasets.features(frame), datasets.target(frame)
    X = table.drop(columns=["waiting", "age_group", "booked_at"])
    X = X.assign(**{name: X[name].cat.codes for name in X.select_dtypes("category")}).to_numpy(float)
    scores = []
    for seed in (0, 1):
        A, B, a, b = train_test_split(X, y, test_size=0.2, stratify=y, random_state=seed)
        model = HistGradientBoostingClassifier(random_state=0).fit(A, a)
        scores.append(roc_auc_score(b, model.predict_proba(B)[:, 1]))
    return float(np.mean(scores))


def test_it_can_be_learned_as_well_as_the_real_table(simulated: pd.DataFrame, real: pd.DataFrame) -> None:
    published = plain_auc(real)
    assert published == pytest.approx(0.743, abs=0.01)
    assert plain_auc(simulated) == pytest.approx(published, abs=0.02)
