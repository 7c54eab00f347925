"""The rows of the guide are found by listing their folder, and do what they say."""

import pkgutil

import numpy as np
import pytest

from nnlab import datasets
from nnlab.studies import guide
from nnlab.studies.experiments import Experiment, Scale
from nnlab.studies.guide import lesson_08


def silent(done):
    """Take a report of the part done, which must lie in 0 … 1."""
    assert 0 <= done <= 1


def test_every_lesson_is_found_in_order_and_its_rows_know_it():
    modules = sorted(module.name for module in pkgutil.iter_modules(guide.__path__))
    lessons = [row.lesson for row in guide.EXPERIMENTS]
    assert lessons == sorted(lessons)
    assert [f"lesson_{number:02}" for number in sorted(set(lessons))] == modules


def test_rows_have_names_of_their_own_and_say_all_that_the_table_shows():
    names = [row.name for row in guide.EXPERIMENTS]
    assert len(set(names)) == len(names)
    for row in guide.EXPERIMENTS:
        assert isinstance(row, Experiment)
        assert row.title
        assert row.published
        assert row.setup
        assert row.quick is None or row.describe(row.quick)


@pytest.mark.parametrize("row", guide.EXPERIMENTS, ids=lambda row: row.name)
def test_a_row_runs_at_its_quick_scale_and_takes_three_seeds_or_more_in_full(row, empty_machine):
    arguments, _ = row.data()
    outcome = row.run(*arguments, row.quick or row.full, silent)
    assert outcome.measured
    for values in outcome.measured.values():
        assert np.isfinite(values).all()
        assert np.ndim(values) == 0 or len(values) > 1  # a number, or one for each seed
    assert outcome.shows.rstrip().endswith(".")
    assert "{" not in row.describe(row.quick or row.full, outcome.ran)
    assert row.full.seeds >= 3


def test_the_two_velocities_part_when_the_rate_changes():
    scale = Scale(seeds=3, epochs=2, rows=320)
    measured = lesson_08.velocity_conventions(datasets.load_digits(), scale, silent).measured
    assert measured["largest difference of weights, constant rate"] < 1e-12
    assert min(measured["the same, rate dropped to a tenth"]) > 1e-3
    assert min(measured["length of the first step after the drop, guide's / torch's"]) > 2
