"""Notebook 00 shows a wrong answer being checked: that must not count as the reader's attempt."""

import numpy as np
import pytest

from nnlab.exercises import check
from nnlab.exercises.checking import progress


def accuracy(Y_hat, Y):
    return np.mean(Y_hat == Y)


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(progress, "_memory", {})
    return tmp_path / "progress.json"


def test_a_demonstration_is_judged_as_any_attempt_and_leaves_no_trace(progress_file):
    shown = check(accuracy, record=False)
    assert shown.status == "failed"
    assert shown.attempts == 0
    assert not progress_file.exists()
    assert progress.load() == {}


def test_an_attempt_leaves_one(progress_file):
    assert check(accuracy).attempts == 1
    assert progress.load() == {"accuracy": {"passed": False, "attempts": 1}}
