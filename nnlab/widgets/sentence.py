"""The sentence explorer: what each word adds to a forecast, and what a "not" or a missing word changes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Sequence
from typing import Any

import numpy as np

from nnlab._check import check_array, check_number
from nnlab.plots import BLUE, GRAY, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

WHO = "sentence_explorer"
SENTENCE = "the plot is dull , but the acting is wonderful ."
INSERT, LEAVE_OUT = "insert not", "leave out"
CHANGES = {'insert "not" before': INSERT, "leave out": LEAVE_OUT}
MOST = 24  # words that have room one below the other
#: From tokens to what each adds to the score (T,), and the probability of the positive class.
Explain = Callable[[list[str]], tuple[Any, Any]]


def sentence_explorer(
    explain: Explain,
    *,
    sentence: str = SENTENCE,
    change: str = INSERT,
    word: int = 4,
    known: Container[str] | None = None,
    prepare: Callable[[str], Sequence[str]] | None = None,
) -> Explorer:
    """Return a field for a sentence, with what each word adds to a forecast, also when it is changed.

    explain: a function from a list of T tokens to their contributions (T,), positive ones for the positive
    class, and that class's probability. change: "insert not" before a word, or "leave out" a word; word:
    which one, from 1. known: what contains the tokens of the training texts; others are marked. prepare: from
    the sentence to its tokens, by default what stands between spaces, in small letters.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    settings = [
        controls.text(WHO, "sentence", "sentence", sentence, SENTENCE),
        controls.choice(WHO, "change", "beside it", change, INSERT, CHANGES),
        controls.count(WHO, "word", "which word", word, 4, 1, MOST),
    ]
    _, _, place = settings
    picture = Picture(9.6, 4.6)
    split = prepare or (lambda text: text.lower().split())
    given = ["explain"] + ["known=known"] * (known is not None) + ["prepare=prepare"] * (prepare is not None)
    explorer = Explorer(
        WHO,
        settings,
        picture,
        functools.partial(_show, picture, explain, split, known),
        title="Sentence explorer",
        advice='type "the film is good", and put "not" before "good": does its own bar change, and which way '
        'does the forecast move? Then do the same with "dull". Which single word of your sentence matters '
        "most when it is left out? Is it the one with the longest bar?",
        given=given,
    )
    _within(settings[0], place, split)
    return explorer


def _within(sentence: controls.Control, place: controls.Control, split: Callable) -> None:
    """Let the slider end at the last word, and follow the sentence."""

    def follow() -> None:
        try:
            words = len(split(sentence.value))
            place.widget.max = min(max(words, place.widget.value), MOST)  # whoever types keeps the place
        except Exception:  # it is told in place of the picture
            return

    follow()
    sentence.observe(follow)


def changed(tokens: Sequence[str], change: str, word: int) -> list[str]:
    """Return the tokens with "not" before the word, counted from 1, or without it."""
    before, behind = list(tokens[: word - 1]), list(tokens[word - 1 :])
    return [*before, "not", *behind] if change == INSERT else before + behind[1:]


def _explained(explain: Explain, tokens: list[str]) -> tuple[np.ndarray, float]:
    try:
        contributions, p = explain(list(tokens))
    except (TypeError, ValueError) as error:
        raise ValueError(f"explain failed on {' '.join(tokens)!r}: {error}") from None
    return (
        check_array(WHO, "contributions of explain", contributions, shape=(len(tokens),)).astype(np.float64),
        check_number(WHO, "probability of explain", p, at_least=0, at_most=1),
    )


def _show(
    picture: Picture,
    explain: Explain,
    split: Callable[[str], Sequence[str]],
    known: Container[str] | None,
    turn: Turn,
    *,
    sentence: str,
    change: str,
    word: int,
) -> str:
    tokens = list(split(sentence))
    if not 1 <= len(tokens) <= MOST - 1:
        raise ValueError(f"{WHO} expected a sentence of 1 to {MOST - 1} words, got {len(tokens)}")
    word = min(word, len(tokens))
    other = changed(tokens, change, word)
    if not other:
        raise ValueError(f"{WHO} expected a second word where one is left out, got only {tokens[0]!r}")
    first, second = _explained(explain, tokens), _explained(explain, other)
    what = f'with "not" before "{tokens[word - 1]}"' if change == INSERT else f'without "{tokens[word - 1]}"'
    titles = [f"{name}: {p:.0%} positive" for name, (_, p) in (("as typed", first), (what, second))]
    axes = panels(picture.clear(), titles, left=0.135, right=0.985, bottom=0.11, top=0.93, wspace=0.38)
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title, fontsize=10, parse_math=False)  # a reader may type a dollar sign
    reach = 1.45 * max(np.abs(first[0]).max(), np.abs(second[0]).max(), 1e-9)
    rows = max(len(tokens), len(other))
    new = word - 1 if change == INSERT else None
    for ax, words, values, mark in ((axes[0], tokens, first[0], None), (axes[1], other, second[0], new)):
        _bars(ax, words, values, reach, rows, known, mark)
    unknown = None if known is None else [token for token in dict.fromkeys(tokens) if token not in known]
    return _readout(tokens, first, what, second[1], unknown)


def _bars(
    ax: Any,
    tokens: list[str],
    values: np.ndarray,
    reach: float,
    rows: int,
    known: Container[str] | None,
    new: int | None,
) -> None:
    """Draw a bar for each word, to the right where it speaks for the positive class."""
    is_known = [known is None or token in known for token in tokens]
    places = np.arange(len(tokens))
    bars = ax.barh(
        places, values, height=0.7, color=np.where(values >= 0, BLUE, VERMILION), edgecolor="white"
    )
    for bar, sure in zip(bars, is_known, strict=True):
        bar.set_hatch(None if sure else "////")
    size = 9 if rows <= 16 else 7
    for place, value in zip(places, values, strict=True):
        written = f" {value:+.2f} ".replace("-", "−")
        ax.text(value, place, written, va="center", ha="left" if value >= 0 else "right", fontsize=size - 1)
    ax.axvline(0, color=GRAY, lw=1)
    names = [_short(token) + ("" if sure else " ?") for token, sure in zip(tokens, is_known, strict=True)]
    ax.set_yticks(places, names, fontsize=size, parse_math=False)
    if new is not None:
        ax.get_yticklabels()[new].set_fontweight("bold")
    ax.set(xlim=(-reach, reach), ylim=(rows - 0.4, -0.6), xlabel="negative  ←  contribution  →  positive")


def _short(token: str, most: int = 14) -> str:
    return token if len(token) <= most else token[: most - 1] + "…"


def _readout(
    tokens: list[str], first: tuple[np.ndarray, float], what: str, p_other: float, unknown: list[str] | None
) -> str:
    values, p = first
    order = np.argsort(-np.abs(values), kind="stable")[:3]
    strongest = ", ".join(f'"{tokens[i]}" {values[i]:+.2f}'.replace("-", "−") for i in order)
    told = f"As typed {p:.0%} positive, {what} {p_other:.0%}. Strongest words: {strongest}."
    if unknown is None:
        return told
    return told + (f" Unknown (marked ?): {', '.join(unknown)}." if unknown else " All words are known.")
