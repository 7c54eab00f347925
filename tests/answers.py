"""How the tests of the exercises collect learners' answers, for one parametrized test of each kind."""

import pytest


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
