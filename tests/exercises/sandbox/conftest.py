"""Where the tests of the sandbox run."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch):
    """Run in the checkout: a fresh process takes learner code from this test module by importing it."""
    monkeypatch.chdir(Path(__file__).resolve().parents[3])
