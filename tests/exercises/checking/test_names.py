"""A variable of the notebook that is read where an argument was meant."""

import numpy as np
import pytest

from nnlab.exercises import check
from nnlab.exercises.checking.names import instead_of_arguments, read_names

x = np.ones((3, 2))
scores_of_the_lesson = np.ones((2, 3))
w = np.ones((2, 4))
TINY = 1e-12
LR = 0.1
helper = np.exp


def other_case(X, W, b):
    return x @ W + b


def other_case_in_a_comprehension(X, W, b):
    return np.array([row @ W + b for row in x])


def both_cases(X, W, b):
    return x @ W + b + 0 * X.sum()


def other_name(scores):
    e = np.exp(scores_of_the_lesson)
    return e / e.sum(axis=1, keepdims=True)


def a_constant_only(scores):
    return TINY


def a_function_only(scores):
    return helper(2.0)


def reads_by_locals(X, W, b):
    return x @ locals()["W"] + b


def used_inside(X, W, b):
    def row(i):
        return X[i] @ W + b

    return x[0, 0] * np.array([row(i) for i in range(len(x))])


def two_of_them(X, W, b):
    return x @ w + b


def numbers_by_case(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    value -= LR * velocity


ARGS = (np.ones((3, 2)), np.ones((2, 4)), np.ones(4))


@pytest.mark.parametrize(
    ("function", "args", "pairs"),
    [
        (other_case, ARGS, (("X", "x"),)),
        (other_case_in_a_comprehension, ARGS, (("X", "x"),)),
        (two_of_them, ARGS, (("X", "x"), ("W", "w"))),
        (other_name, ARGS[:1], (("scores", "scores_of_the_lesson"),)),
        (numbers_by_case, (*ARGS, 0.1), (("lr", "LR"),)),
        (both_cases, ARGS, ()),
        (a_constant_only, ARGS[:1], ()),
        (a_function_only, ARGS[:1], ()),
        (reads_by_locals, ARGS, ()),
        (used_inside, ARGS, ()),
        (np.exp, ARGS, ()),
    ],
)
def test_an_argument_never_read_beside_a_variable_that_is(function, args, pairs):
    assert instead_of_arguments(function, args) == pairs


def test_what_is_read_twice_at_once_is_read():
    assert read_names((lambda a, b, c: (a * b, b)).__code__) == (("c",), ())


def test_the_verdict_tells_what_was_read_and_not_a_shape():
    result = check("linear", other_case)
    assert result.mistakes == ("notebook-variable-read",)
    assert "never reads its argument `X`: it reads `x`" in result.message
    assert "matmul" in result.message or "shape" not in result.message


def test_a_variable_that_does_not_exist_is_told_too():
    def linear(X, W, b):
        return X @ W + B  # noqa: F821

    result = check(linear)
    assert result.mistakes == ("notebook-variable-read",)
    assert "it reads `B`" in result.message
    assert "NameError" in result.message


def test_another_name_is_told_with_the_mistake_that_is_named():
    assert "notebook-variable-read" in check("softmax", other_name).mistakes


def test_a_right_answer_may_read_what_it_likes():
    def cross_entropy(Y_hat, Y):
        return -np.mean(np.log(np.maximum(Y_hat, TINY))[np.arange(len(Y)), Y.argmax(axis=1)])

    assert check(cross_entropy).status == "passed"
