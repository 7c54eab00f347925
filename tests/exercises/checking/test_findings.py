"""The ladder of general findings, rung by rung, and what every known error is said to mean."""

import math
import re
from functools import partial

import numpy as np
import pytest

from nnlab.exercises import check
from nnlab.exercises.checking import checker, errors
from nnlab.exercises.checking.definitions import exercise
from nnlab.exercises.checking.probes import MAIN, example, extreme

HINTS = ("one", "two", "three")
EXAMPLE = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 0.0], [2.0, 1.0]]), np.array([1.0, -1.0])


def draw(rng, s):
    return rng.normal(size=(s.m, s.n_x)), rng.normal(size=(s.n_x, s.n_y)), rng.normal(size=s.n_y)


@exercise(
    notebook=0,
    order=1,
    returns="Z",
    inputs=draw,
    probes=(example(*EXAMPLE), extreme("entries of 1e200", *(1e200 * a for a in EXAMPLE[:2]), EXAMPLE[2])),
    hints=HINTS,
    why="For this test.",
)
def one(X, W, b):
    """Return the hyperbolic tangent of a layer; no mistake is known of it, so that the ladder is asked."""
    return np.tanh(np.clip(X, -1e100, 1e100) @ np.clip(W, -1e100, 1e100) + b)


@exercise(notebook=0, order=1, returns="norm, parts", inputs=draw, hints=HINTS, why="For this test.")
def two(X, W, b):
    """Return a number and a dict."""
    Z = X @ W + b
    return np.sqrt((Z**2).sum()), {"Z": Z, "b": b}


@exercise(
    notebook=0,
    order=1,
    returns="words",
    words={"is it so": "It should be {expected}; yours is {got}."},
    observe=lambda f, *args: {"is it so": f(*args)},
    inputs=draw,
    hints=HINTS,
    why="",
)
def words(X, W, b):
    """Return True."""
    return True


@exercise(
    notebook=0,
    order=1,
    returns="size",
    observe=lambda f, *args: f(*args),
    inputs=draw,
    hints=HINTS,
    why="",
)
def size(X, W, b):
    """Return a number, which is the whole observation."""
    return X.size


def finding(function, reference=one):
    result = checker.judge(reference.__exercise__, function)
    assert result.status in ("failed", "error")
    return " ".join(result.mistakes), result.message


RUNGS = {
    "returned nothing": (
        lambda X, W, b: None if len(X) else 0,
        "returns-none",
        "should return Z, but it returns None",
    ),
    "size typed in as a divisor": (
        lambda X, W, b: one(X, W, b) * (len(X) / 7),
        "hard-coded-size",
        "right on one input (m = 7, n_x = 3, n_h = 5, n_y = 4), but not on another (m = 6, n_x = 4, n_h = 2, "
        "n_y = 3). It relies on the size 7 of the first",
    ),
    "size typed in as an end": (
        lambda X, W, b: np.array([one(X, W, b)[i] for i in range(7)]),
        "hard-coded-size",
        "raises IndexError: index 6 is out of bounds for axis 0 with size 6. It relies on the size 7",
    ),
    "size typed in as a shape": (
        lambda X, W, b: one(X, W, b) + np.zeros((7, 1)),
        "hard-coded-size",
        "It relies on the size 7",
    ),
    "rows left out, which is no proof of a number": (
        lambda X, W, b: np.r_[one(X, W, b)[:1], one(X, W, b)[1:] + (len(X) != 7)],
        "",
        "right on some inputs (m = 7, n_x = 3, n_h = 5, n_y = 4), but not on others (a small example)",
    ),
    "an error on some inputs, which is no proof either": (
        lambda X, W, b: one(X, W, b) if len(X) in (2, 7) else b["x"],
        "raises",
        "right on some inputs (a small example). On this input (m = 6, n_x = 4, n_h = 2, n_y = 3), line",
    ),
    "raised": (lambda X, W, b: b.nothing, "raises", "AttributeError"),
    "word for an array": (lambda X, W, b: "Z", "wrong-type", "Z should be an array of shape (2, 2)"),
    "shape transposed": (
        lambda X, W, b: one(X, W, b).T,
        "wrong-shape",
        "The values are right, but transposed",
    ),
    "shape transposed, values wrong": (
        lambda X, W, b: one(X, W, b).T + 1,
        "wrong-shape",
        "Rows and columns are swapped",
    ),
    "axis too many": (
        lambda X, W, b: one(X, W, b)[None],
        "wrong-shape",
        "should be (7, 4), but yours is (1, 7, 4) (here m = 7, n_x = 3, n_h = 5, n_y = 4). The values are "
        "right, but there is an extra axis of length 1",
    ),
    "axis missing": (
        lambda X, W, b: one(X, W, b).ravel(),
        "wrong-shape",
        "The values are right, but an axis is missing",
    ),
    "axis summed": (
        lambda X, W, b: one(X, W, b).sum(0),
        "wrong-shape",
        "a sum, a mean or a maximum over an axis drops it",
    ),
    "axis not summed": (
        lambda X, W, b: one(X, W, b)[..., None] * np.ones(3),
        "wrong-shape",
        "There is one axis too many",
    ),
    "NaN on extreme input": (
        lambda X, W, b: np.tanh(X @ W - X @ W + X @ W + b),
        "not-a-number",
        "entries of 1e200. There it",
    ),
    "wrong on extreme input": (
        lambda X, W, b: one(X, W, b) * (1 if X.max() < 1e100 else 0.5),
        "",
        "right on ordinary inputs, but not on this one: entries of 1e200.",
    ),
    "NaN": (lambda X, W, b: np.log(one(X, W, b)), "not-a-number", "contains NaN even for ordinary inputs"),
    "infinity": (lambda X, W, b: one(X, W, b) / (0 * b), "not-a-number", "even for ordinary inputs"),
    "minus": (lambda X, W, b: -one(X, W, b), "right-up-to-a-factor", "the negative of what it should be"),
    "twice": (lambda X, W, b: 2 * one(X, W, b), "right-up-to-a-factor", "twice what it should be"),
    "half": (lambda X, W, b: one(X, W, b) / 2, "right-up-to-a-factor", "half of what it should be"),
    "base 2": (lambda X, W, b: one(X, W, b) / math.log(2), "right-up-to-a-factor", "base 2"),
    "percent": (lambda X, W, b: 100 * one(X, W, b), "right-up-to-a-factor", "a percentage"),
    "m": (
        lambda X, W, b: len(X) * one(X, W, b),
        "right-up-to-a-factor",
        "too large by the factor m, the number of samples",
    ),
    "1/m": (lambda X, W, b: one(X, W, b) / len(X), "right-up-to-a-factor", "divided again by m"),
    "-1/m": (lambda X, W, b: -one(X, W, b) / len(X), "right-up-to-a-factor", "minus the right one divided"),
    "number of classes": (
        lambda X, W, b: len(b) * one(X, W, b),
        "right-up-to-a-factor",
        "the number of classes",
    ),
    "number of inputs": (
        lambda X, W, b: one(X, W, b) / len(W),
        "right-up-to-a-factor",
        "the number of inputs",
    ),
    "3/7": (lambda X, W, b: one(X, W, b) * 3 / 7, "right-up-to-a-factor", "3/7 times what it should be"),
    "pi": (lambda X, W, b: one(X, W, b) * math.pi, "right-up-to-a-factor", "3.14159 times what it should be"),
    "fixed number": (
        lambda X, W, b: one(X, W, b) * len(X) / 100,
        "hard-coded-size",
        "the fixed number 100 where a size is meant",
    ),
    "without bias": (
        lambda X, W, b: one(X, W, 0.9 * b),
        "right-without-bias-only",
        "right as long as every bias is 0",
    ),
    "right elsewhere": (
        lambda X, W, b: one(X, W, b) + (len(X) > 2) * 0.1,
        "",
        "right on some inputs (a small example), but not on others (m = 7",
    ),
    "no idea": (lambda X, W, b: one(X, W, b) + 0.1, "", "matches none of the mistakes known"),
}


@pytest.mark.parametrize(("function", "slug", "text"), RUNGS.values(), ids=RUNGS)
def test_a_rung(function, slug, text):
    found, message = finding(function)
    assert found == slug
    assert text in message


def right_parts(X, W, b, norm=None, **parts):
    Z = X @ W + b
    return np.sqrt((Z**2).sum()) if norm is None else norm, {"Z": Z, "b": b} | parts


PARTS = {
    "one value for two": (
        lambda X, W, b: 3.0,
        "wrong-type",
        "should be 2 values, as in `return norm, parts`, but your",
    ),
    "three for two": (lambda X, W, b: (1, 2, 3), "wrong-type", "your function gives a tuple of 3 values"),
    "no dict": (
        lambda X, W, b: (right_parts(X, W, b)[0], 1.0),
        "wrong-type",
        "a dict with the keys 'Z', 'b'",
    ),
    "a key missing": (
        lambda X, W, b: (right_parts(X, W, b)[0], {"Z": X @ W + b}),
        "wrong-type",
        "parts['b'] is missing from what you return",
    ),
    "array for a number": (partial(right_parts, norm=np.ones(3)), "wrong-shape", "() (a single number)"),
    "list of words": (
        partial(right_parts, Z=["a"]),
        "wrong-type",
        "parts['Z'] should be one value, an array of shape (7, 4)",
    ),
    "one part wrong": (
        lambda X, W, b: right_parts(X, W, b, Z=X @ W + b + 1),
        "",
        "norm and parts['b'] are right; parts['Z'] is not.",
    ),
}


@pytest.mark.parametrize(("function", "slug", "text"), PARTS.values(), ids=PARTS)
def test_a_finding_names_the_part(function, slug, text):
    assert checker.judge(two.__exercise__, right_parts).status == "passed"
    found, message = finding(function, two)
    assert found == slug
    assert text in message


def test_an_observation_is_told_in_the_words_of_the_page():
    result = checker.judge(words.__exercise__, lambda X, W, b: False)
    assert result.status == "failed"
    assert ("differs", "It should be True; yours is False.") in result.example.rows
    assert "is it so" not in str(result)


@pytest.mark.parametrize("got", ["seven", None, (1, 2), {"size": 6}])
def test_an_observation_may_be_a_bare_number(got):
    slug, message = finding(lambda X, W, b: got, size)
    assert slug in ("wrong-type", "returns-none")
    assert "size" in message


def test_the_smallest_failing_example_is_shown_with_the_first_difference():
    def nearly(X, W, b):
        Z = one(X, W, b).copy()
        Z[-1, 0] += 0.5
        return Z

    rows = dict(checker.judge(one.__exercise__, nearly).example.rows)
    assert rows["X"] == "[[1., 2.],\n [3., 5.]]"
    assert rows["differs first"] == "at [1, 0]: expected 1, got 1.5"


def test_right_up_to_rounding_of_single_precision_passes():
    single = lambda X, W, b: one(X, W, b).astype(np.float32)  # noqa: E731
    assert checker.judge(one.__exercise__, single).status == "passed"
    rough = lambda X, W, b: one(X, W, b) * (1 + 1e-6)  # noqa: E731
    result = checker.judge(one.__exercise__, rough)
    assert result.mistakes == ()
    assert "agrees with the right one in the first digits" in result.message


# Errors. Each function makes the error on the probes of `one`; the words are those of its entry.


def updates_integers(X, W, b):
    total = np.zeros(3, dtype=int)
    total += 0.5


def uses_before_assignment(X, W, b):
    print(later)  # noqa: F821
    later = 1  # noqa: F841


def recurses(X, W, b):
    return recurses(X, W, b)


def assigns_rows_of_different_length(X, W, b):
    return np.array([X[0], X[0, :1]])


def asserts(X, W, b):
    assert X is None


ERRORS = {
    "`*` for `@`": (lambda X, W, b: X[:, :1].T * np.ones(9), "A matrix product is written `@`"),
    "broadcast": (lambda X, W, b: np.add(np.ones(3), np.ones(4)), "lines shapes up from the right"),
    "matmul": (lambda X, W, b: np.ones((2, 3)) @ np.ones((2, 3)), "the number of columns of A"),
    "dot": (lambda X, W, b: np.dot(np.ones((2, 3)), np.ones((2, 3))), "the number of columns of A"),
    "reshape": (lambda X, W, b: X.reshape(17, 19), "exactly as many entries"),
    "split": (lambda X, W, b: np.split(np.ones((3, 8)), 4), "along axis 0 unless"),
    "unpacking": (lambda X, W, b: [p for p, q in [(1, 2, 3)]], "number of names on the left"),
    "ragged": (assigns_rows_of_different_length, "rows of different lengths"),
    "truth value": (lambda X, W, b: max(X, W), "need a single True or False"),
    "arguments": (lambda X, W: X, "compare its first line with the signature"),
    "tuple": (lambda X, W, b: (X,) + 1, "makes a tuple"),
    "None": (lambda X, W, b: None + b, "`list.sort()` and `rng.shuffle()`"),
    "scalar function": (lambda X, W, b: math.exp(X), "take arrays"),
    "integers in place": (updates_integers, "Make it a float array first"),
    "no loop": (lambda X, W, b: np.add("a", 1), "print the dtype of both operands"),
    "None's attribute": (lambda X, W, b: None.shape, "A function without `return` gives None."),
    "list of texts": (lambda X, W, b: ["a text"].lower(), "go through the list"),
    "slice": (lambda X, W, b: b[: 4 / 2], "`//` gives an integer"),
    "shape": (lambda X, W, b: np.zeros(3, 4), "with two pairs of parentheses"),
    "mask as an index": (lambda X, W, b: X[np.ones(3, dtype=bool)], "needs the very shape"),
    "list's attribute": (lambda X, W, b: [1].shape, "`np.asarray` turns it into one"),
    "unbound": (uses_before_assignment, "treats it as local"),
    "name": (lambda X, W, b: Y_hat, "it may be misspelled"),  # noqa: F821
    "index": (lambda X, W, b: X[99], "An index runs past the end"),
    "indices": (lambda X, W, b: b[0, 0], "The array has fewer axes than you index"),
    "axis": (lambda X, W, b: X.sum(axis=2), "Axis 0 is the first"),
    "key": (lambda X, W, b: {}["Wh"], "The dict has no such key"),
    "zero": (lambda X, W, b: 1 / 0, "decide what the result should be"),
    "recursion": (recurses, "and never stops"),
    "memory": (lambda X, W, b: np.ones((10**6, 10**6)), "far more memory"),
    "exit": (lambda X, W, b: exit(), "use `return` to leave a function"),
    "input": (lambda X, W, b: input(), "cannot answer `input()`"),
    "assert": (asserts, "An `assert` in your own code"),
}


@pytest.mark.parametrize(("function", "means"), ERRORS.values(), ids=ERRORS)
def test_what_an_error_means_is_said(function, means):
    slug, message = finding(function)
    assert slug == "raises"
    assert means in message


def torch_errors():
    torch = pytest.importorskip("torch")
    nn = torch.nn

    class NoInit(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(2, 3)

    def set_plain():
        nn.Linear(2, 3).weight = torch.ones(3, 2)

    def in_place():
        nn.Linear(2, 3).weight += 1

    return [
        (lambda: torch.ones(1).backward(), "depends on no parameter"),
        (in_place, "do that under `torch.no_grad()`"),
        (lambda: nn.Linear(2, 3).weight.numpy(), "call `.detach()` first"),
        (lambda: torch.ones(2, 3) @ torch.ones(2, 3), "(n_out, n_in)"),
        (lambda: torch.ones(2, 3) + torch.ones(2, 4), "as a squared error would"),
        (lambda: nn.Linear(2, 3)(torch.ones(2, 2).double()), "The dtypes do not match"),
        (set_plain, "wrap the tensor in `nn.Parameter`"),
        (NoInit, "call `super().__init__()`"),
    ]


def test_what_an_error_of_torch_means_is_said():
    for make, means in torch_errors():
        with pytest.raises(Exception) as caught:  # noqa: PT011
            make()
        raised = errors.Raised(type(caught.value).__name__, " ".join(str(caught.value).split())[:300])
        assert means in errors.meaning(raised), raised


def test_every_entry_of_the_table_is_shown_by_an_error():
    told = [means for _, means in (*ERRORS.values(), *torch_errors())]
    for *_, says in errors.MEANINGS:
        assert any(means in says for means in told), says


def test_an_unknown_error_is_told_without_a_guess():
    def raises(X, W, b):
        raise OSError("disk on fire")

    _, message = finding(raises)
    assert message.endswith('`raise OSError("disk on fire")`, raises OSError: disk on fire.')


def test_sizes_of_the_probes_all_differ():
    assert len(set(vars(MAIN).values())) == 4


def test_the_text_speaks_of_the_example_below_it():
    result = check("confusion_counts", lambda y_true, y_pred: np.asarray(y_true) == np.asarray(y_pred))
    shape = re.search(r"an array of bool, shape \(\d+,\)", result.message).group()
    assert dict(result.example.rows)["got"] == shape
