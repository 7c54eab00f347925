"""Three networks that do not learn: only the true cause, repaired alone, makes them learn."""

import numpy as np
import pytest

from nnlab import datasets
from nnlab.studies import broken

DIGITS = datasets.load_digits()
TRUE = {"A": "scale of the inputs", "B": "labels", "C": "starting weights"}


@pytest.mark.parametrize("name", TRUE)
def test_the_true_cause_repaired_alone_heals_and_no_other_does(name):
    statuses = {cause: broken.judge(name, cause, DIGITS).status for cause in broken.CAUSES}
    assert statuses == {cause: "passed" if cause == TRUE[name] else "failed" for cause in broken.CAUSES}


def test_the_verdict_tells_what_was_measured():
    verdict = broken.judge("C", "  Starting Weights ", DIGITS)
    assert str(verdict).startswith("✓ Passed: patient C\nAs it was, it got 0.")
    assert "With the starting weights as in a network that learns, and nothing else changed: 0.9" in str(
        verdict
    )
    assert "It learns, so that was the cause." in verdict._repr_html_()
    assert "Nothing is mended" in str(broken.judge("C", "labels", DIGITS))


@pytest.mark.parametrize("nothing", [..., None])
def test_no_diagnosis_is_told_so_with_the_words_to_choose_from(nothing):
    verdict = broken.judge("A", nothing, DIGITS)
    assert verdict.status == "not attempted"
    assert all(f'"{cause}"' in verdict.message for cause in broken.CAUSES)


@pytest.mark.parametrize("odd", ["dead units", 3, ["labels"], ""])
def test_what_is_no_cause_is_told_in_words(odd):
    verdict = broken.judge("A", odd, DIGITS)
    assert verdict.status == "failed"
    assert verdict.message.startswith('A diagnosis is one of "scale of the inputs", "labels"')


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="judge expected name as one of"):
        broken.judge("healthy", "labels", DIGITS)
    with pytest.raises(ValueError, match="patient expected name as one of"):
        broken.patient("D", DIGITS)


def test_a_patient_is_as_it_was_before_the_first_step_and_healthy_ones_learn():
    first, second = broken.patient("C", DIGITS), broken.patient("C", DIGITS)
    assert all(
        np.array_equal(p.value, q.value)
        for p, q in zip(first.network.parameters(), second.network.parameters(), strict=True)
    )
    assert first.X.shape == (broken.MOST, 64)
    assert first.X_new.shape == (broken.HELD_OUT, 64)
    assert broken.patient("healthy", DIGITS).train() > 0.85


def test_the_optimizer_of_part_of_the_layers_leaves_the_others():
    part = broken.Patient(broken.Setup(trained=8), DIGITS)
    before = [p.value.copy() for p in part.network.parameters()]
    part.train(1)
    moved = [bool((p.value != old).any()) for p, old in zip(part.network.parameters(), before, strict=True)]
    assert moved == [False] * 8 + [True] * 2
