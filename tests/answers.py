"""How the tests of the exercises collect learners' answers, for one parametrized test of each kind."""

import re

import pytest

from nnlab.exercises.checking import registry


def collect():
    """Return two lists of parameters, and the decorators that add an answer to the right or the wrong."""
    right_answers, wrong_answers = [], []

    def right(name):
        def add(function):
            right_answers.append(pytest.param(name, function, id=f"{name}-{function.__name__}"))
            return function

        return add

    def wrong(name, *slugs):
        def add(function):
            wrong_answers.append(pytest.param(name, slugs, function, id=f"{name}-{function.__name__}"))
            return function

        return add

    return right_answers, wrong_answers, right, wrong


def numpy_exercises():
    """Return the exercises that load without PyTorch, in the order of the course."""

    def needs_torch(name):
        page = (registry.CATALOGUE / f"{name}.py").read_text(encoding="utf-8")
        return re.search(r"^(import|from) torch\b", page, re.MULTILINE)

    return [name for name in registry.contents() if not needs_torch(name)]
