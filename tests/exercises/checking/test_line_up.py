"""The search through known mistakes, which does no more work than tells something."""

import subprocess
import sys

import pytest

from nnlab.exercises.checking import registry
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.matching import LineUp, Shown, matching, pair_outcomes, single_outcomes
from nnlab.exercises.checking.probes import Probe
from nnlab.exercises.checking.trials import outcomes_of, reference_outcomes, trials_of

ASKED = []


def in_parts(f, x):
    ASKED.append("first")
    yield {"of 1": f(1.0)}
    ASKED.append("second")
    yield {"of x": f(x)}


@exercise(
    notebook=2,
    order=99,
    hints=("", "", ""),
    why="",
    returns="y",
    probes=(Probe("x", (3.0,), "main", in_parts),),
)
def twice_in_parts(x):
    return 2 * x


mistake(twice_in_parts, "factor-missing", "2 * x → x", says="", alone=("2 * x → 3 * x",))
mistake(twice_in_parts, "one-added", "return → return 1 +", says="")
PAGE = twice_in_parts.__exercise__


def trials(function):
    return trials_of(PAGE, outcomes_of(PAGE, function, reference_outcomes(PAGE)))


def test_a_variant_is_run_only_as_far_as_it_agrees():
    half_right = trials(lambda x: 2.0 if x == 1 else 7.0)
    variant = Shown(PAGE, lambda x: 5 * x)
    ASKED.clear()
    assert not variant.alike(0, half_right[0])
    assert ASKED == ["first"]
    assert not variant.alike(0, half_right[0])  # what is known need not be run again
    assert ASKED == ["first"]
    five = trials(lambda x: 5 * x)
    ASKED.clear()
    assert variant.alike(0, five[0])
    assert ASKED == ["first", "second"]
    assert float(variant[0].seen["of x"]) == 15


@pytest.mark.parametrize("function", [lambda x: [][0], lambda x: float("nan")])
def test_errors_and_nan_prove_no_two_mistakes_so_that_no_pair_is_run(function, monkeypatch):
    monkeypatch.setattr("nnlab.exercises.checking.matching.pair_outcomes", None)
    assert matching(LineUp(PAGE, trials(function))) == []


def test_rare_variants_are_named_alone_and_not_combined():
    sources = [suspect.source.strip() for suspect, _ in single_outcomes(PAGE)]
    assert sources == ["return x", "return 3 * x", "return 1 + 2 * x"]
    assert [suspect.slugs for suspect, _ in pair_outcomes(PAGE)] == [("factor-missing", "one-added")]
    assert matching(LineUp(PAGE, trials(lambda x: 3 * x))) == [("factor-missing",)]
    assert matching(LineUp(PAGE, trials(lambda x: 1 + x))) == [("factor-missing", "one-added")]


OPTIMIZERS_DO_NOT_LOAD_THE_COMPILER = """
import sys, torch
from nnlab.exercises import check
from nnlab.exercises.checking import registry
step = registry.find("torch_step").reference
assert check("torch_step", step, record=False).status == "passed"
assert check("torch_step", step, record=False, how="thread").status == "passed"
assert "torch._dynamo" not in sys.modules and "_dynamo" not in vars(torch)

def compiled(model, optimizer, X, y):
    return step(torch.compile(model, backend="eager"), optimizer, X, y)

assert check("torch_step", compiled, record=False, how="thread").status == "passed"
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
optimizer = torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=0.1)
optimizer.step()
assert type(sys.modules["torch._dynamo"]).__name__ == "module"
assert sys.modules["torch._dynamo"] is torch._dynamo
"""


@pytest.mark.skipif(not registry.loadable("torch_step"), reason="needs PyTorch")
def test_the_first_optimizer_does_not_load_torchs_compiler():
    subprocess.run([sys.executable, "-c", OPTIMIZERS_DO_NOT_LOAD_THE_COMPILER], check=True)
