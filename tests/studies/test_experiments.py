"""What every row of `nnlab reproduce` shares."""

import pytest

from nnlab.studies.experiments import Experiment, Outcome, Scale, appointments_by_patient, figure, no_data


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.50301, "0.5030"),
        (4e-11, "4.0e-11"),
        ([1.0, 2.0, 3.0], "2.0000 ± 1.0000 (3 seeds)"),
        ([-0.01, 0.0102], "0.0001 ± 0.0143 (2 seeds)"),  # both with the digits of the larger
        ([-1.00002, 1.0], "0.0000 ± 1.4142 (2 seeds)"),  # not -0.0000
        ([1e-9, 3e-9], "2.0e-09 ± 1.4e-09 (2 seeds)"),
    ],
)
def test_figure(value, text):
    assert figure(value) == text


def test_a_set_up_is_filled_in_from_the_scale_and_then_from_the_data():
    row = Experiment(
        "a", "A", "{rows} rows, {epochs} epochs", "", no_data, Outcome, full=Scale(epochs=7, rows=900)
    )
    assert row.setup == "900 rows, 7 epochs"
    assert row.describe(Scale(epochs=2, rows=900), {"rows": 320}) == "320 rows, 2 epochs"


def test_data_say_where_they_came_from(empty_machine):
    (split,), source = appointments_by_patient()
    assert "simulated" in source
    assert len(split.train.X) > len(split.test.X)
