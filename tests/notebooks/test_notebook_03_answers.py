"""Notebook 03: its referee `judge` accepts right answers in any form and names what is wrong with others."""

import contextlib
import io
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("torch")
sp = pytest.importorskip("sympy")

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_derivations.ipynb"


def code_cells() -> list[str]:
    """Return the lesson's code without the set-up and the figures."""
    cells = nbformat.read(NOTEBOOK, as_version=4).cells[2:]
    return [cell.source for cell in cells if cell.cell_type == "code" and "plt.show" not in cell.source]


def printed(source: str, names: dict) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(source, names)
    return out.getvalue()


def judging(question: str) -> str:
    """Return the cell that asks a question, without its empty answer."""
    source = next(source for source in code_cells() if question in source)
    return "\n".join(line for line in source.splitlines() if not line.startswith("answer = "))


@pytest.fixture(scope="module")
def names():
    """Run the lesson down to its derivation of tanh: all that the answers are made from."""
    cells = code_cells()
    last = next(i for i, source in enumerate(cells) if "sp.diff(sp.tanh(a), a)" in source)
    names: dict = {}
    for source in cells[: last + 1]:
        printed(source, names)
    return names


def test_the_lesson_asks_for_answers_and_gives_none():
    asked = [line for source in code_cells() for line in source.splitlines() if line.startswith("answer =")]
    assert len(asked) == 7
    assert all(line.startswith("answer = ...") for line in asked)


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        (
            "judge(answer, sp.diff(sp.log(total), y_tilde[0]))",
            ["y_hat[0]", "1 / (1 + sp.exp(y_tilde[1] - y_tilde[0]) + sp.exp(y_tilde[2] - y_tilde[0]))"],
        ),
        ("judge(answer, sp.diff(y_hat[0], y_tilde[1]),", ["-y_hat[0] * y_hat[1]"]),
        ("judge(answer, sp.diff(loss_of_h, Wy[1, 0]),", ["h[1] * (y_hat_of_h[0] - y[0])"]),
        (
            "judge(answer, sp.diff(loss_of_h, h[0]),",
            ["sum((y_hat_of_h[k] - y[k]) * Wy[0, k] for k in range(3))", "((y_hat_of_h - y) * Wy.T)[0]"],
        ),
        (
            "judge(answer, sp.diff(sp.tanh(a), a))",
            ["1 - sp.tanh(a) ** 2", "1 / sp.cosh(a) ** 2", "4 / (sp.exp(a) + sp.exp(-a)) ** 2"],
        ),
    ],
)
def test_right_answers_are_accepted_in_any_form(names, question, answers):
    for answer in answers:
        assert printed(judging(question), {**names, "answer": eval(answer, names)}) == "right\n"


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("...", "not attempted"),
        ("y_hat[0] * y_hat[1]", "right but for the sign"),
        ("-2 * y_hat[0] * y_hat[1]", "off by the factor 2"),
        ("y_hat", r"expected one expression, got a matrix of shape (1, 3); pick an entry with [i]"),
        ("y_hat[0] * (1 - y_hat[1])", "not the same: at a test point yours is"),
        ("0", "not the same: at a test point yours is 0.0000"),
    ],
)
def test_wrong_answers_are_told_what_is_wrong(names, answer, verdict):
    judged = printed("judge(answer, sp.diff(y_hat[0], y_tilde[1]))", {**names, "answer": eval(answer, names)})
    assert judged.startswith(verdict)


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        ("judge(answer, sp.diff(y_hat[0], y_tilde[1]),", "-y_hat[0] * y_hat[2]", "for another entry"),
        ("judge(answer, sp.diff(loss_of_h, Wy[1, 0]),", "h[0] * (y_hat_of_h[0] - y[0])", "for another entry"),
        ("judge(answer, sp.diff(loss_of_h, Wy[1, 0]),", "h[1] * (y_hat_of_h[1] - y[1])", "for another entry"),
        (
            "judge(answer, sp.diff(loss_of_h, h[0]),",
            "(y_hat_of_h[1] - y[1]) * Wy[0, 1]",
            "one path of several",
        ),
    ],
)
def test_a_wrong_index_and_a_single_path_are_named(names, question, answer, verdict):
    assert verdict in printed(judging(question), {**names, "answer": eval(answer, names)})


def test_a_wrong_answer_may_share_a_term_with_the_right_one(names):
    judged = printed("judge(h[1] * (2 * y_hat_of_h[0] - y[0]), sp.diff(loss_of_h, Wy[1, 0]))", dict(names))
    assert judged.startswith("not the same: at a test point yours is")


def test_the_last_two_answers(names):
    source = next(source for source in code_cells() if "# softplus" in source)
    filled = source.replace("...  # softplus", "1 / (1 + sp.exp(-z))").replace(
        "...  # SiLU", "1 / (1 + sp.exp(-z)) * (1 + z * (1 - 1 / (1 + sp.exp(-z))))"
    )
    assert printed(filled, dict(names)) == "right\nright\n"


def test_the_referee_of_algebra_rejects_a_wrong_line(names):
    same, y_tilde = names["same"], names["y_tilde"]
    assert same(sp.exp(y_tilde[0] + y_tilde[1]), sp.exp(y_tilde[0]) * sp.exp(y_tilde[1]))
    assert not same(sp.exp(y_tilde[0] + y_tilde[1]), sp.exp(y_tilde[0]) + sp.exp(y_tilde[1]))
    with pytest.raises(sp.matrices.exceptions.ShapeError):
        same(y_tilde, y_tilde.T)
