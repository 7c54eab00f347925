"""The guide's lines of lesson 16: padding, both directions, and tokenizers."""

import math

import pytest

from nnlab.studies.guide.lesson_16 import as_typed, at_spaces, loss_on_four, marks_apart
from nnlab.studies.reviews import split


@pytest.mark.parametrize("seed", range(3))
def test_four_sentences_are_learned_only_where_padding_is_not_read(seed):
    assert loss_on_four(seed, packed=False) == pytest.approx(math.log(2), abs=0.01)
    assert loss_on_four(seed, packed=True) < 0.01


def test_a_text_as_it_is_typed_and_three_ways_to_cut_it():
    typed = as_typed("it 's dull , but short .")
    assert typed == "It's dull, but short."
    assert marks_apart(typed) == ["it", "'", "s", "dull", ",", "but", "short", "."]
    assert split(typed) == ["it's", "dull,", "but", "short."]
    assert at_spaces(typed) == ["It's", "dull,", "but", "short."]
