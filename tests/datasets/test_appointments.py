"""The appointments: found in the right place, refused when damaged, cleaned, encoded and split."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from nnlab import datasets
from nnlab.datasets import locate
from nnlab.datasets.appointments import table as table_module

HEADER = (
    "PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,Scholarship,"
    "Hipertension,Diabetes,Alcoholism,Handcap,SMS_received,No-show"
)
ROWS = [
    # A Friday's same-day booking at 18:38; a wait of 3 days; an age of -1; one booked after its appointment.
    "29872499824296.0,1,F,2016-04-29T18:38:08Z,2016-04-29T00:00:00Z,62,JARDIM DA PENHA,0,1,0,0,0,0,No",
    "29872499824296.0,2,F,2016-04-29T08:00:00Z,2016-05-02T00:00:00Z,62,JARDIM DA PENHA,0,1,0,0,0,1,Yes",
    "93779.52927,3,M,2016-05-10T10:30:00Z,2016-05-11T00:00:00Z,-1,ROMÃO,0,0,0,0,0,0,No",
    "5.0,4,M,2016-05-10T10:51:53Z,2016-05-09T00:00:00Z,38,ROMÃO,1,0,0,0,4,0,Yes",
]


def write(path: Path, *, header: str = HEADER, rows: list[str] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *(ROWS if rows is None else rows)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> pd.DataFrame:
    return datasets.load_appointments(write(tmp_path / "a.csv")).frame


# --- where it is found --------------------------------------------------------------------------------------


def test_the_places_are_searched_in_order(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = table_module.FILE
    places = [
        ("cache/" + name, f"download cache/{name}"),
        ("kaggle/noshowappointments/" + name, f"Kaggle input/noshowappointments/{name}"),
        ("data/" + name, f"data/{name}"),
        ("chosen/" + name, f"NNLAB_DATA/{name}"),
    ]
    monkeypatch.setenv("NNLAB_DATA", str(empty_machine / "chosen"))
    (empty_machine / "chosen").mkdir()
    assert datasets.load_appointments().source == "simulated (embedded)"
    for file, label in places:  # from the last place to the first: each new file wins over those before
        path = write(empty_machine / file)
        assert label in datasets.load_appointments().source
        assert datasets.where("appointments") == path
    given = write(empty_machine / "mine.csv")
    assert "mine.csv" in datasets.load_appointments(given).source
    assert f"cache/{name}" in datasets.load_appointments(empty_machine / "cache").source


def test_newer_kaggle_mounts_are_found(empty_machine: Path) -> None:
    write(empty_machine / "kaggle/datasets/joniarroba/noshowappointments" / table_module.FILE)
    assert "Kaggle input" in datasets.load_appointments().source


def test_the_data_folder_of_the_course_is_found_from_its_notebooks(tmp_path, monkeypatch) -> None:
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert tmp_path / "data" in locate.data_folders()
    monkeypatch.chdir(tmp_path)
    assert locate.data_folders()[0] == tmp_path / "data"


def test_a_wrong_folder_in_the_environment_is_mentioned(empty_machine: Path, monkeypatch) -> None:
    monkeypatch.setenv("NNLAB_DATA", str(empty_machine / "no such folder"))
    with pytest.warns(UserWarning, match=r"NNLAB_DATA names .*no such folder, which is not a folder"):
        assert datasets.where("appointments") is None


def test_a_path_that_leads_nowhere_is_an_error(empty_machine: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv to be a data file, or a folder with one of"):
        datasets.load_appointments(empty_machine / "nowhere.csv")


def test_the_real_file_is_known_by_its_checksum(real_appointments: Path) -> None:
    data = datasets.load_appointments(real_appointments)
    assert data.is_real
    assert not data.simulated
    assert str(data) == "110,527 appointments, 20.19 % missed · real: KaggleV2-May-2016.csv"


def test_an_edited_copy_is_neither_real_nor_simulated(tmp_path: Path) -> None:
    data = datasets.load_appointments(write(tmp_path / table_module.FILE))
    assert not data.is_real
    assert not data.simulated
    assert data.source.startswith("unverified: ")
    assert str(tmp_path) not in str(data)


def test_the_published_file_is_known_when_packed(real_appointments: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{table_module.FILE}.gz"
    path.write_bytes(gzip.compress(real_appointments.read_bytes(), compresslevel=1))
    assert datasets.load_appointments(path).is_real


def test_a_folder_named_as_the_file_is_not_passed_over(empty_machine: Path) -> None:
    folder = empty_machine / "data" / table_module.FILE
    folder.mkdir(parents=True)
    with pytest.raises(
        ValueError, match=r"KaggleV2-May-2016\.csv: expected a file, got a folder of that name"
    ):
        datasets.load_appointments()
    write(folder / table_module.FILE)
    assert len(datasets.load_appointments(folder).frame) == 4


# --- damaged files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"expected a table, got an empty file"),
        (HEADER.encode(), r"expected rows below the header, got none"),
        (HEADER.replace("Age,", "").encode() + b"\n", r"lacks 'Age'"),
        ((HEADER + ",Income\n").encode(), r"has the unknown 'Income'"),
        ("\n".join([HEADER, ROWS[0], ROWS[2]]).encode("latin-1"), r"line 3: expected UTF-8 text"),
        (HEADER.replace("Age", "Gender").encode(), r"lacks 'Age' and repeats 'Gender'"),
        (
            "\n".join([HEADER, ROWS[0], ROWS[1] + ",7"]).encode(),
            r"line 3: expected 14 fields, as in line 1, got 15",
        ),
        (
            "\n".join([HEADER, ROWS[0], ROWS[1][:70]]).encode(),
            r"line 3: expected 14 fields, as in line 1, got 7 \(the file seems to be cut",
        ),
    ],
    ids=[
        "empty",
        "header-only",
        "missing-column",
        "unknown-column",
        "column-twice",
        "not-utf-8",
        "too-many-fields",
        "truncated",
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        datasets.load_appointments(tmp_path / "a.csv")
    assert "a.csv" in str(error.value)
    assert "nnlab data get appointments" in str(error.value)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("PatientId", "someone", "a positive number, got 'someone'"),
        ("PatientId", "inf", "a positive number, got inf"),
        ("PatientId", "1e400", "a positive number, got '?1e400'?"),
        ("PatientId", "nan", "a positive number, got 'nan'"),
        ("PatientId", "0", "a positive number, got 0"),
        ("AppointmentID", "inf", "a whole number from 1 to 1000000000, got inf"),
        ("Age", "1e400", "a whole number from -1 to 130, got '?1e400'?"),
        ("Age", "", "a whole number from -1 to 130, got nothing"),
        ("Handcap", "nan", "a whole number from 0 to 4, got 'nan'"),
        ("AppointmentID", "1.5", "a whole number from 1 to 1000000000, got 1.5"),
        ("Gender", "X", "F or M, got 'X'"),
        ("ScheduledDay", "yesterday", "a time such as 2016-04-29T18:38:08Z, got 'yesterday'"),
        ("AppointmentDay", "2016-02-30T00:00:00Z", "a time such as .*, got '2016-02-30T00:00:00Z'"),
        ("AppointmentDay", "2016-05-02T08:00:00+99:99", "a time such as .*, got '2016-05-02T08:00:00.99:99'"),
        ("AppointmentDay", "2016", "a time such as .*, got '2016'"),
        ("AppointmentDay", "2016-05-02T08:00:00+2:00", "a time such as .*, got '2016-05-02T08:00:00.2:00'"),
        ("Age", "-2", "a whole number from -1 to 130, got -2"),
        ("Age", "old", "a whole number from -1 to 130, got 'old'"),
        ("Neighbourhood", "", "a name, got nothing"),
        ("Neighbourhood", "12", "a name, got '12'"),
        ("Neighbourhood", "NULL", "a name, got 'NULL'"),
        ("Hipertension", "2", "a whole number from 0 to 1, got 2"),
        ("Handcap", "5", "a whole number from 0 to 4, got 5"),
        ("No-show", "Maybe", "No or Yes, got 'Maybe'"),
        ("No-show", "1", "No or Yes, got '1'"),
    ],
)
def test_a_wrong_value_is_named_by_line_and_column(
    tmp_path: Path, column: str, value: str, expected: str
) -> None:
    fields = ROWS[1].split(",")
    fields[HEADER.split(",").index(column)] = value
    path = write(tmp_path / "a.csv", rows=[ROWS[0], ",".join(fields), ROWS[0]])
    with pytest.raises(ValueError, match=rf"a\.csv, line 3, column {column}: expected {expected}; "):
        datasets.load_appointments(path)


def test_columns_may_come_in_any_order_and_with_a_byte_order_mark(
    tmp_path: Path, table: pd.DataFrame
) -> None:
    path = tmp_path / "b.csv"
    table[table.columns[::-1]].to_csv(path, index=False, encoding="utf-8-sig")
    pd.testing.assert_frame_equal(datasets.load_appointments(path).frame, table)


# --- from the table to numbers ------------------------------------------------------------------------------


def test_impossible_rows_are_removed_and_counted(table: pd.DataFrame) -> None:
    frame, report = datasets.clean(table)
    assert (report.rows, report.negative_age, report.scheduled_after_appointment, report.kept) == (4, 1, 1, 2)
    assert str(report) == (
        "4 rows: 1 removed for a negative age, 1 scheduled after their appointment; 2 kept"
    )
    assert list(frame["AppointmentID"]) == [1, 2]
    assert len(table) == 4


def test_the_real_table_has_six_impossible_rows(real_appointments: Path) -> None:
    _, report = datasets.clean(datasets.load_appointments(real_appointments).frame)
    assert (report.negative_age, report.scheduled_after_appointment, report.kept) == (1, 5, 110_521)


def test_features_by_hand(table: pd.DataFrame) -> None:
    frame, _ = datasets.clean(table)
    assert list(datasets.waiting_days(frame)) == [0, 3]
    found = datasets.features(frame)
    assert list(found["log_waiting_days"]) == pytest.approx([0.0, np.log(4.0)])
    assert list(found["hour_booked"]) == pytest.approx([18 + 38 / 60, 8.0])
    assert list(found["waiting"]) == ["0", "3-4"]
    assert list(found["age_group"]) == ["56-65", "56-65"]
    assert list(found["booked_at"]) == ["17+", "8"]
    assert list(found["weekday"]) == ["Friday", "Monday"]
    assert list(found["weekday_booked"]) == ["Friday", "Friday"]
    assert not {"PatientId", "AppointmentID"} & set(found)
    assert list(datasets.target(frame)) == [0, 1]


@pytest.mark.parametrize("offset", ["Z", "-03:00", "+02:00", "-0300", "+14", ""])
def test_days_and_hours_are_those_of_the_clock_on_the_wall(tmp_path: Path, offset: str) -> None:
    """A booking at 22:30 for the next day waits one day, wherever on Earth the clinic is."""
    row = f"5.0,1,F,2016-04-29T22:30:00{offset},2016-04-30T00:00:00{offset},62,CENTRO,0,1,0,0,0,0,No"
    early = f"6.0,2,F,2016-04-29T00:30:00{offset},2016-04-29T00:00:00{offset},62,CENTRO,0,1,0,0,0,0,No"
    frame, report = datasets.clean(
        datasets.load_appointments(write(tmp_path / "a.csv", rows=[row, early])).frame
    )
    assert report.kept == 2
    assert list(datasets.waiting_days(frame)) == [1, 0]
    assert list(datasets.features(frame)["hour_booked"]) == [22.5, 0.5]
    assert list(datasets.features(frame)["weekday_booked"]) == ["Friday", "Friday"]


def test_offsets_may_differ_from_row_to_row(tmp_path: Path) -> None:
    """Clocks are put back within the three months of some tables."""
    times = ["2016-04-29T23:30:00-02:00", "2016-04-29T23:30:00-03:00", "2016-04-29 23:30", "2016-04-29"]
    rows = [f"5.0,1,F,{time},2016-05-02T00:00:00Z,62,CENTRO,0,1,0,0,0,0,No" for time in times]
    frame = datasets.load_appointments(write(tmp_path / "a.csv", rows=rows)).frame
    assert list(datasets.waiting_days(frame)) == [3, 3, 3, 3]


def test_columns_of_times_do_as_well_as_text(table: pd.DataFrame) -> None:
    frame, _ = datasets.clean(table)
    expected = datasets.features(frame)
    for zone in (None, "America/Sao_Paulo"):
        days = ["ScheduledDay", "AppointmentDay"]
        read = frame.assign(**{day: pd.to_datetime(frame[day].str[:-1]).dt.tz_localize(zone) for day in days})
        pd.testing.assert_frame_equal(datasets.features(read), expected)


def test_features_of_a_table_that_was_not_cleaned_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"got 2 impossible rows; call clean\(\) first"):
        datasets.features(table)


@pytest.fixture(scope="module")
def simulated() -> pd.DataFrame:
    """The simulated appointments of a third of the patients, with all of theirs."""
    frame, _ = datasets.clean(datasets.simulate_appointments(rng=np.random.default_rng(1)))
    third = frame["PatientId"].rank(method="dense") % 3 == 0
    return frame[third].reset_index(drop=True)


# Patients differ in their number of appointments, so a share of them is not quite that share of rows.
@pytest.mark.parametrize(
    ("by", "size_within", "rate_within"), [("row", 0.001, 0.001), ("patient", 0.06, 0.01)]
)
def test_a_split_takes_every_row_once_and_keeps_the_base_rate(
    simulated: pd.DataFrame, by: str, size_within: float, rate_within: float
) -> None:
    parts = datasets.split(simulated, by=by, rng=np.random.default_rng(0))
    rows = np.concatenate(list(parts.rows.values()))
    assert sorted(rows) == list(range(len(simulated)))
    for name, share in (("train", 0.7), ("validation", 0.1), ("test", 0.2)):
        X, y = getattr(parts, name)
        assert X.shape == (len(y), len(parts.feature_names))
        assert len(y) == pytest.approx(share * len(simulated), rel=size_within)
        assert y.mean() == pytest.approx(datasets.target(simulated).mean(), abs=rate_within)
        np.testing.assert_array_equal(y, datasets.target(simulated)[parts.rows[name]])


def test_only_a_split_by_patient_keeps_patients_apart(simulated: pd.DataFrame) -> None:
    patients = simulated["PatientId"].to_numpy()
    for by in ("row", "patient"):
        parts = datasets.split(simulated, by=by, rng=np.random.default_rng(0))
        shared = np.isin(patients[parts.rows["test"]], patients[parts.rows["train"]]).mean()
        assert parts.shared_patients == shared
        assert (shared == 0) == (by == "patient")
    assert "0.0 % of test rows are of patients also in training" in repr(parts)


def test_patients_are_kept_apart_unless_rows_are_asked_for(simulated: pd.DataFrame) -> None:
    parts = datasets.split(simulated, rng=np.random.default_rng(0))
    assert parts.shared_patients == 0


def test_scaling_is_fitted_on_the_training_part_only(simulated: pd.DataFrame) -> None:
    parts = datasets.split(simulated, rng=np.random.default_rng(0))
    age = parts.feature_names.index("age")
    train = simulated["Age"].to_numpy()[parts.rows["train"]]
    expected = (simulated["Age"].to_numpy()[parts.rows["test"]] - train.mean()) / train.std()
    np.testing.assert_allclose(parts.test.X[:, age], expected, rtol=1e-10)
    assert parts.train.X[:, age].mean() == pytest.approx(0, abs=1e-10)
    assert abs(parts.test.X[:, age].mean()) > 1e-6


def test_categories_are_one_hot(simulated: pd.DataFrame) -> None:
    parts = datasets.split(simulated, rng=np.random.default_rng(0), dtype=np.float32)
    columns = [i for i, name in enumerate(parts.feature_names) if name.startswith("neighbourhood_")]
    assert len(columns) == simulated["Neighbourhood"].nunique()
    block = parts.test.X[:, columns]
    assert block.dtype == np.float32
    assert set(np.unique(block)) == {0.0, 1.0}
    assert (block.sum(axis=1) == 1).all()


def test_the_same_generator_gives_the_same_split(simulated: pd.DataFrame) -> None:
    first, again, other = (datasets.split(simulated, rng=np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.rows["test"], again.rows["test"])
    np.testing.assert_array_equal(first.train.X, again.train.X)
    assert not np.array_equal(first.rows["test"], other.rows["test"])


def test_patient_history_by_hand() -> None:
    y = np.array([1, 0, 1, 0, 1])
    patients = np.array([7, 7, 7, 8, 8])
    found = datasets.patient_history(y, patients, train=np.array([0, 1, 3]))
    # Base rate of training 1/3. Row 0 sees row 1 only, row 2 sees rows 0 and 1, row 3 nothing, row 4 row 3.
    expected = [(0 + 1) / 4, (1 + 1) / 4, (1 + 1) / 5, 1 / 3, (0 + 1) / 4]
    assert list(found["history_share_missed"]) == pytest.approx(expected)
    assert list(np.expm1(found["history_appointments"])) == pytest.approx([1, 1, 2, 0, 1])


def test_what_is_remembered_of_a_patient_helps_by_row_only(simulated: pd.DataFrame) -> None:
    """The leak, measured: a feature made from the patient's other rows gains by row and not by patient."""
    gain = {}
    for by in ("row", "patient"):
        scores = []
        for history in (False, True):
            parts = datasets.split(simulated, by=by, history=history, rng=np.random.default_rng(0))
            names = ["age", "log_waiting_days", "hour_booked", "sms_received"]
            names += ["history_share_missed", "history_appointments"] if history else []
            columns = [parts.feature_names.index(name) for name in names]
            model = HistGradientBoostingClassifier(max_iter=50, random_state=0)
            model.fit(parts.train.X[:, columns], parts.train.y)
            scores.append(roc_auc_score(parts.test.y, model.predict_proba(parts.test.X[:, columns])[:, 1]))
        gain[by] = scores[1] - scores[0]
    assert gain["row"] > 0.01
    assert gain["patient"] < 0.005


def outside_settings() -> dict[str, contextlib.AbstractContextManager]:
    """Settings that a reader may have made for a whole session."""
    return {
        "scikit-learn gives tables": sklearn.config_context(transform_output="pandas"),
        "pandas keeps text as objects": pd.option_context("future.infer_string", False),
        **(
            {"pandas keeps text as str": pd.option_context("future.infer_string", True)}
            if int(pd.__version__.split(".")[0]) >= 3  # before, this needs pyarrow
            else {}
        ),
        "text in Python": pd.option_context("mode.string_storage", "python"),
        "copy on write": pd.option_context("mode.copy_on_write", True),
        "NumPy raises": np.errstate(all="raise"),
    }


@pytest.mark.filterwarnings("ignore:.*option is deprecated")
@pytest.mark.parametrize("name", outside_settings())
def test_no_setting_from_outside_changes_a_result(tmp_path: Path, simulated: pd.DataFrame, name: str) -> None:
    def results() -> list:
        frame = datasets.simulate_appointments(rng=np.random.default_rng(3)).head(3000)
        path = tmp_path / "a.csv"
        path.write_text(frame.to_csv(index=False), encoding="utf-8")
        frame, _ = datasets.clean(datasets.load_appointments(path).frame)
        parts = datasets.split(frame, by="patient", history=True, rng=np.random.default_rng(0))
        again = parts.encoder.transform(
            datasets.features(frame).assign(history_share_missed=0.2, history_appointments=0.0)
        )
        return [frame, datasets.features(frame), parts.train, parts.test, parts.feature_names, again]

    expected = results()
    with outside_settings()[name]:
        found = results()
    for a, b in zip(found[:2], expected[:2], strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True, check_column_type=False)
    for a, b in zip((*found[2], *found[3], found[5]), (*expected[2], *expected[3], expected[5]), strict=True):
        assert type(a) is np.ndarray
        np.testing.assert_array_equal(a, b)
    assert found[4] == expected[4]


def test_too_few_rows_to_split_are_counted(table: pd.DataFrame) -> None:
    frame, _ = datasets.clean(table)
    with pytest.raises(ValueError, match="got 1 without a missed appointment and 1 with one; give it more"):
        datasets.split(frame, by="row")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"by": "week"}, ValueError, "by as one of 'row', 'patient', got 'week'"),
        ({"test": 0}, ValueError, "test > 0, got 0"),
        ({"test": 0.5, "validation": 0.5}, ValueError, "validation < 0.5, got 0.5"),
        ({"rng": 7}, TypeError, "rng as a np.random.Generator"),
        ({"dtype": int}, TypeError, "dtype float32 or float64"),
    ],
)
def test_a_split_refuses_wrong_arguments(
    simulated: pd.DataFrame, arguments: dict, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        datasets.split(simulated, **arguments)
