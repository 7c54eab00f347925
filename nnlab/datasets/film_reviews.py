"""Film reviews drawn from a small grammar: sentences with an opinion, and none written by a critic.

They have what makes real ones hard for a machine: negation, contrast, rare words, sentences that say nothing
of the opinion, and labels that are wrong.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import numpy as np

from nnlab._check import check_count, check_number, check_rng

SLOT = re.compile(r"\{(-?)(\w+)\}")
#: How fast words get rarer from the head of a list to its end: the share of word r goes as (r + SHIFT)^-1.
SHIFT = 3.0


def make_reviews(
    m: int = 4000, *, noise: float = 0.06, rng: np.random.Generator | None = None
) -> tuple[list[str], np.ndarray]:
    """Return sentences (m,) in small letters, tokens apart, and their labels y (m,): 1 positive, 0 negative.

    Half of them are positive. An opinion is a word of that side, or one of the other side that is denied:
    "not dull at all", "far from funny"; in "it is slow , but it moves us" the second half counts. Some
    sentences have none. A share `noise` of the labels is turned round afterwards, half of it on either side.
    Raises: ValueError for m < 1, or noise outside 0 … 0.5.
    """
    m = check_count("make_reviews", "m", m)
    noise = check_number("make_reviews", "noise", noise, at_least=0, at_most=0.5)
    rng = check_rng("make_reviews", rng)
    opinions = np.arange(m) % 2
    wrong = round(noise * m / 2)
    y = opinions.copy()
    for label in (0, 1):
        y[np.flatnonzero(opinions == label)[:wrong]] = 1 - label
    grammar = _grammar()
    texts = [_finish(grammar.expand("sentence", bool(opinion), rng)) for opinion in opinions]
    order = np.argsort(rng.random(m), kind="stable")
    return [texts[i] for i in order], y[order]


class Grammar:
    """The rules and words of film_reviews.toml; an expansion is drawn by its weight, a word by its rank."""

    def __init__(self, content: dict) -> None:
        self.choices: dict[tuple[str, bool], tuple[list[str], np.ndarray]] = {}
        for positive, side in ((True, "positive"), (False, "negative")):
            for name, expansions in content["rules"].items():
                weights = np.array([int(line.split()[0]) for line in expansions])
                self._add(name, positive, [line.split(" ", 1)[1] for line in expansions], weights)
            for name, words in (content["words"] | content[side]).items():
                texts = [word.replace("_", " ") for word in words.split()]
                self._add(name, positive, texts, 1 / (np.arange(len(texts)) + SHIFT))

    def _add(self, name: str, positive: bool, texts: list[str], weights: np.ndarray) -> None:
        self.choices[name, positive] = texts, np.cumsum(weights) / weights.sum()

    def expand(self, name: str, positive: bool, rng: np.random.Generator) -> str:
        """Return what `name` stands for in a sentence with this opinion."""
        texts, shares = self.choices[name, positive]
        text = texts[min(int(np.searchsorted(shares, rng.random(), side="right")), len(texts) - 1)]
        return SLOT.sub(lambda slot: self.expand(slot[2], positive != bool(slot[1]), rng), text)


@cache
def _grammar() -> Grammar:
    text = files("nnlab.datasets").joinpath("film_reviews.toml").read_text(encoding="utf-8")
    return Grammar(tomllib.loads(text))


def _finish(text: str) -> str:
    """Return the sentence with its full stop, and "an" before a vowel."""
    return re.sub(r"\ba(?= [aeiou])", "an", text) + " ."
