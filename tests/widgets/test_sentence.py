"""The sentence explorer: each word's bar, the changed sentence beside it, and functions with faults."""

import numpy as np
import pytest

from nnlab.widgets import sentence_explorer
from nnlab.widgets.sentence import MOST, changed

WAIT = 60
WORDS = {"the": 0.0, "film": 0.1, "is": 0.0, "good": 1.0, "dull": -2.0, "not": -0.5}


def explain(tokens):
    contributions = np.array([WORDS.get(token, 0.0) for token in tokens])
    return contributions, 1 / (1 + np.exp(-contributions.sum()))


def bars(ax):
    """Return what is drawn: each word's label and the length of its bar."""
    labels = [label.get_text() for label in ax.get_yticklabels()]
    return dict(zip(labels, [round(bar.get_width(), 3) for bar in ax.patches], strict=True))


def test_a_bar_for_each_word_and_the_sentence_with_a_not():
    explorer = sentence_explorer(explain, sentence="The film is good", word=4)
    typed, other = explorer.picture.figure.axes
    assert bars(typed) == {"the": 0.0, "film": 0.1, "is": 0.0, "good": 1.0}
    assert bars(other) == {"the": 0.0, "film": 0.1, "is": 0.0, "not": -0.5, "good": 1.0}
    assert typed.get_title() == "as typed: 75% positive"
    assert other.get_title() == 'with "not" before "good": 65% positive'
    assert explorer.page.readout == (
        'As typed 75% positive, with "not" before "good" 65%. '
        'Strongest words: "good" +1.00, "film" +0.10, "the" +0.00.'
    )


def test_the_same_without_a_word():
    explorer = sentence_explorer(explain, sentence="dull film", change="leave out", word=1)
    _, other = explorer.picture.figure.axes
    assert bars(other) == {"film": 0.1}
    assert 'without "dull" 52%' in explorer.page.readout
    assert changed(["a", "b", "c"], "leave out", 2) == ["a", "c"]
    assert changed(["a", "b"], "insert not", 2) == ["a", "not", "b"]


def test_unknown_words_are_marked_and_hatched():
    explorer = sentence_explorer(explain, known=WORDS, sentence="the zeugma is good", word=1)
    typed, other = explorer.picture.figure.axes
    assert list(bars(typed)) == ["the", "zeugma ?", "is", "good"]
    assert [bool(bar.get_hatch()) for bar in typed.patches] == [False, True, False, False]
    assert list(bars(other)) == ["not", "the", "zeugma ?", "is", "good"]
    assert "Unknown (marked ?): zeugma." in explorer.page.readout


def test_words_are_cut_as_the_lesson_cuts_them():
    explorer = sentence_explorer(
        explain, prepare=lambda text: text.replace(".", " .").lower().split(), sentence="Good film.", word=3
    )
    assert list(bars(explorer.picture.figure.axes[0])) == ["good", "film", "."]
    assert explorer.share() == ('sentence_explorer(explain, prepare=prepare, sentence="Good film.", word=3)')


def test_the_slider_ends_at_the_last_word_and_follows_the_sentence():
    explorer = sentence_explorer(explain, sentence="the film is dull", word=4)
    sentence, _, word = (control.widget for control in explorer.controls)
    assert word.max == 4
    sentence.value = "dull film"
    assert explorer.latest.settle(WAIT)
    assert (word.max, word.value) == (4, 4)  # kept, for a sentence that is still being typed
    assert 'with "not" before "film"' in explorer.page.readout
    word.value = 1
    sentence.value = "film"
    assert explorer.latest.settle(WAIT)
    assert word.max == 1


def test_what_a_reader_may_type_is_written_as_it_is():
    explorer = sentence_explorer(explain, sentence='a $ or "two" \\ <b> of_it$', word=2)
    assert explorer.page.error == ""
    assert 'before "$"' in explorer.picture.figure.axes[1].get_title()
    assert eval(explorer.share()).state == explorer.state


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sentence": "  "}, f"sentence_explorer expected a sentence of 1 to {MOST - 1} words, got 0"),
        ({"sentence": "good " * 40}, f"expected a sentence of 1 to {MOST - 1} words, got 40"),
        (
            {"sentence": "good", "change": "leave out"},
            "expected a second word where one is left out, got only",
        ),
    ],
)
def test_sentences_that_do_not_fit_are_named_in_place_of_the_picture(settings, message):
    explorer = sentence_explorer(explain, **settings)
    assert message in explorer.page.error
    explorer.controls[0].widget.value = "a good film"
    assert explorer.latest.settle(WAIT)
    assert explorer.page.error == ""


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda tokens: (np.zeros(3), 0.5),
            r"expected contributions of explain of shape \(11,\), got \(3,\)",
        ),
        (lambda tokens: (np.full(len(tokens), np.nan), 0.5), "expected finite contributions of explain"),
        (lambda tokens: (np.zeros(len(tokens)), 1.5), "expected probability of explain .*1.5"),
        (lambda tokens: np.zeros(len(tokens)), "explain failed on .*the plot is dull"),
        (lambda tokens: {}["word"], "KeyError: 'word'"),
    ],
)
def test_a_function_with_faults_is_named(wrong, message):
    import re

    assert re.search(message, sentence_explorer(wrong).page.error)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sentence": 3}, TypeError, "sentence_explorer expected sentence as a string, got int"),
        (
            {"change": "double"},
            ValueError,
            "sentence_explorer expected change as one of 'insert not', 'leave out'",
        ),
        ({"word": 0}, ValueError, "sentence_explorer expected word"),
    ],
)
def test_bad_settings_are_refused(settings, error, message):
    with pytest.raises(error, match=message):
        sentence_explorer(explain, **settings)
