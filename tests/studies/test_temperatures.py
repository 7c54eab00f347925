"""The study of temperatures: its tools by hand, and the whole of it at a small scale."""

import numpy as np
import pytest

from nnlab.studies import temperatures
from nnlab.studies.temperatures import NETWORKS, Task, baselines, block_bootstrap, interval, rmse, season

MONTHS = np.arange("1990-01", "2010-01", dtype="datetime64[M]").astype("datetime64[D]")


def of_months(rng, noise=0.1):
    """Return a series with a season and some noise: (240,)."""
    return 10 + 3 * season(MONTHS, 1)[:, 0] + noise * rng.normal(size=len(MONTHS))


def test_the_season_comes_back_after_a_year_and_its_second_wave_after_half():
    dates = np.datetime64("2000-01-01") + np.array([0, 1461, 730])  # days; 1461 are four years
    waves = season(dates, 2)
    np.testing.assert_allclose(waves[0], [1, 1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(waves[1], waves[0], atol=1e-12)
    assert waves[2, 0] == pytest.approx(np.cos(2 * np.pi * 730 / 365.25))


def test_a_task_has_its_parts_in_time_and_its_scale_from_the_past():
    values = np.arange(240.0)
    task = Task(values, MONTHS, length=3, start=200, size=20)
    for part, first, stop in ((task.train, 3, 200), (task.validation, 200, 220), (task.test, 220, 240)):
        np.testing.assert_allclose(task.degrees(task.y[part]), values[first:stop])
    assert task.mean == pytest.approx(values[:200].mean())
    np.testing.assert_allclose(task.degrees(task.X[task.test][0]), [217, 218, 219])


@pytest.mark.parametrize("name", NETWORKS)
def test_no_input_changes_with_its_target_or_what_comes_after(name):
    values = of_months(np.random.default_rng(0))
    other = values.copy()
    other[215:] += 5
    before, after = (
        NETWORKS[name].inputs(Task(v, MONTHS, length=4, start=200, size=20)) for v in (values, other)
    )
    np.testing.assert_array_equal(before[: 215 - 4 + 1], after[: 215 - 4 + 1])  # the last: the target of 215
    assert not np.allclose(before[215 - 4 + 1], after[215 - 4 + 1])


def test_each_place_of_a_sequence_knows_the_season_of_the_step_after_it():
    task = Task(of_months(np.random.default_rng(0)), MONTHS, length=4, start=200, size=20)
    np.testing.assert_array_equal(task.sequences_with_season[:, -1, 1:], task.season)
    np.testing.assert_array_equal(task.sequences_with_season[0, 0, 1:], season(MONTHS)[1])


def test_persistence_and_season_by_hand():
    values = of_months(np.random.default_rng(0), noise=0.0)
    errors = baselines(values, MONTHS, start=200, size=20)
    np.testing.assert_allclose(errors["persistence"][1], values[219:-1] - values[220:])
    assert rmse(errors["season"]) < 1e-9
    assert rmse(np.array([3.0, -4.0])) == pytest.approx(np.sqrt(12.5))


def test_blocks_keep_neighbors_together():
    values = np.repeat([0.0, 1.0] * 20, 10)  # spells of ten
    widths = [np.ptp(interval(values, block)) for block in (1, 20)]
    rng = np.random.default_rng(0)
    assert block_bootstrap(values, 20, 50, rng) == pytest.approx(
        np.full(50, 0.5)
    )  # a spell of each in every block
    assert widths[0] > 0.05 > widths[1]
    wide = np.ptp(interval(np.repeat(rng.normal(size=40), 10), 10))
    assert wide > 2 * np.ptp(interval(np.repeat(rng.normal(size=40), 10), 1))


def test_the_whole_study_at_a_small_scale(monkeypatch):
    monkeypatch.setattr(temperatures, "LENGTHS", (3,))
    monkeypatch.setattr(temperatures, "SIZES", (4,))
    monkeypatch.setattr(temperatures, "RATES", (0.01,))
    monkeypatch.setattr(temperatures, "FEWEST", 20)
    text = temperatures.study(of_months(np.random.default_rng(0)), MONTHS, seeds=2, epochs=2)
    for name in ("persistence", "season", "AR(3)", "AR(7), season", *NETWORKS):
        assert text.count(f"| {name} |") == 2, name
    assert "| MLP | 3, 4, 0.01 |" in text
    assert "+0.0 (+0.0 to +0.0)" in text  # the reference beside itself
