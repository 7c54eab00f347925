"""Lines of a published guide that lesson 16 explains: padding, both directions, and three tokenizers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nnlab import datasets
from nnlab.studies.experiments import Data, Experiment, Outcome, Report, Scale
from nnlab.studies.reviews import (
    BASELINES,
    Part,
    Recurrent,
    TextClassifier,
    baseline,
    encode,
    encoded,
    measure,
    parts_of,
    split,
    train,
    vocabulary,
)

FOUR = ("i loved this film", "a dull and lifeless story", "great acting", "what a waste of time")
RATES = (0.001, 0.003, 0.01)


@dataclass(frozen=True)
class TextScale(Scale):
    """How much work: texts to learn from, epochs, and the common length that texts are padded to."""

    length: int = 100


def film_reviews() -> Data:
    """Return the film reviews, or simulated ones where they are not found."""
    reviews = datasets.load_reviews()
    return (reviews,), reviews.source


def dealt(reviews: Any, seed: int, rows: int) -> tuple[list[list[str]], list[np.ndarray]]:
    """Return texts and labels of three parts, with `rows` texts to learn from."""
    texts, labels = parts_of(reviews, seed)
    return [texts[0][:rows], *texts[1:]], [labels[0][:rows], *labels[1:]]


def at_best(
    make: Callable[[], nn.Module], parts: list[Part], scale: TextScale, seed: int, rates: tuple[float, ...]
) -> tuple[nn.Module, float]:
    """Return the network of the rate with the lowest validation loss, and that rate."""
    tried = []
    for lr in rates:
        torch.manual_seed(seed)
        model = make()
        loss = train(model, parts[0], parts[1], lr=lr, epochs=scale.epochs, seed=seed)
        tried.append((loss, lr, model))
    _, lr, model = min(tried, key=lambda one: one[0])
    return model, lr


def read_in_ways(
    ways: Mapping[str, Callable[[int], nn.Module]],
    reviews: Any,
    scale: TextScale,
    report: Report,
    *,
    trim: bool,
) -> dict[str, list[float]]:
    """Return the test accuracy (%) of each way to read an LSTM, one for each seed.

    The first seed chooses each way's rate. trim: whether a batch is only as long as its longest text.
    """
    found: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, tuple[float, ...]] = dict.fromkeys(ways, RATES)
    for seed in range(scale.seeds):
        texts, labels = dealt(reviews, seed, scale.rows)
        words = vocabulary(texts[0])
        parts = encoded(texts, labels, words, length=scale.length)
        parts = [Part(part.X, part.lengths, part.y, trim) for part in parts]
        for place, (name, reader) in enumerate(ways.items()):

            def make(reader: Callable[[int], nn.Module] = reader, n_tokens: int = len(words)) -> nn.Module:
                return TextClassifier(n_tokens, reader, n=32)

            model, lr = at_best(make, parts, scale, seed, rates[name])
            rates[name] = (lr,)
            found[name].append(measure(model, parts[2])[1])
            report((seed + (place + 1) / len(ways)) / scale.seeds)
    return found


# ---------------------------------------------------------------------------------------- padding


def loss_on_four(seed: int, *, packed: bool, length: int = 100, steps: int = 60) -> float:
    """Return the loss on four short sentences, padded to `length`, after some steps of Adam at 0.01."""
    torch.manual_seed(seed)
    words = vocabulary(FOUR, 1)
    part = Part(*encode(FOUR, words, length), torch.tensor([1, 0, 1, 0]), trim=False)
    read = "last word" if packed else "last position"
    model = TextClassifier(
        len(words), lambda n: Recurrent(n, 16, read, bidirectional=False), n=16, dropout=0, scale=1
    )
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    X, lengths, y = part.batch(torch.arange(len(FOUR)))
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(X, lengths), y).backward()
        optimizer.step()
    return F.cross_entropy(model(X, lengths), y).item()


def last_position(reviews: Any, scale: TextScale, report: Report) -> Outcome:
    """Read an LSTM at the last position, at the last word and as a mean; and a bag of words beside it."""
    four = {
        packed: [loss_on_four(seed, packed=packed) for seed in range(scale.seeds)] for packed in (False, True)
    }
    ways = {
        f"test accuracy, {read} (%)": partial(Recurrent, n_hidden=32, read=read, bidirectional=False)
        for read in ("last position", "last word", "mean")
    }
    found = read_in_ways(ways, reviews, scale, report, trim=False)
    bag = [baseline(BASELINES["TF-IDF, words"], *dealt(reviews, s, scale.rows)) for s in range(scale.seeds)]
    at_end, at_word, mean = found.values()
    shows = (
        f"On four short sentences padded to 100, the loss ends at {np.mean(four[False]):.3f} (log 2 is "
        f"0.693); packed, at {np.mean(four[True]):.3f}. On reviews padded to {scale.length}, the last "
        f"position reaches {np.mean(at_end):.1f} %, the last word {np.mean(at_word):.1f} %, the mean over "
        f"the text's own words {np.mean(mean):.1f} %, and TF-IDF with logistic regression "
        f"{np.mean(bag):.1f} %. Guessing: 50 %."
    )
    measured = {
        "loss on four sentences, last position": four[False],
        "loss on four sentences, packed": four[True],
        **found,
        "test accuracy, TF-IDF and logistic regression (%)": bag,
    }
    return Outcome(measured, shows)


# ---------------------------------------------------------------------------------------- both directions


def one_word_seen(reviews: Any, scale: TextScale, report: Report) -> Outcome:
    """Read a bidirectional LSTM, packed, at each text's last word, and at both ends."""
    ways = {
        f"test accuracy, {read} (%)": partial(Recurrent, n_hidden=32, read=read)
        for read in ("last word", "both ends")
    }
    found = read_in_ways(ways, reviews, scale, report, trim=True)
    last, ends = (np.array(values) for values in found.values())
    gap = ends - last
    lstm = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
    E = torch.randn(1, 6, 4, requires_grad=True)
    seen = torch.autograd.grad(lstm(E)[0][0, -1, 3:].sum(), E)[0].abs().sum(dim=2)[0] > 0
    shows = (
        f"At the last word the backward half has seen {int(seen.sum())} of 6 words. Read there, the network "
        f"reaches {last.mean():.1f} %, read at both ends {ends.mean():.1f} %: "
        f"{gap.mean():+.1f} ± {gap.std(ddof=1):.1f} points on the same texts."
    )
    return Outcome({**found, "both ends − last word, in points": gap.tolist()}, shows)


# ---------------------------------------------------------------------------------------- tokenizers


def as_typed(text: str) -> str:
    """Return a text as a person types it: a capital first, and marks behind their words."""
    text = re.sub(r" ([.,;:!?)]|'\w)", r"\1", text)
    return text[:1].upper() + text[1:]


def marks_apart(text: str) -> list[str]:
    """Return small words, and every mark, as a tokenizer for English does, more or less."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


def at_spaces(text: str) -> list[str]:
    """Return what stands between spaces."""
    return text.split()


def three_tokenizers(reviews: Any, scale: TextScale, report: Report) -> Outcome:
    """Take one tokenizer for the vocabulary, another to train, a third to forecast; and one for all.

    The texts are as a person types them, for all three.
    """
    ways = {
        "three tokenizers": (marks_apart, split, at_spaces),
        "one tokenizer": (marks_apart, marks_apart, marks_apart),
    }
    measured: dict[str, list[float]] = {}
    for seed in range(scale.seeds):
        texts, labels = dealt(reviews, seed, scale.rows)
        typed = [[as_typed(text) for text in part] for part in texts]
        for name, (first, second, third) in ways.items():
            words = vocabulary(typed[0], tokenize=first)
            parts = encoded(typed[:2], labels[:2], words, tokenize=second)
            parts += encoded(typed[2:], labels[2:], words, tokenize=third)

            def make(n_tokens: int = len(words)) -> nn.Module:
                return TextClassifier(n_tokens, lambda n: Recurrent(n, 32), n=32)

            model, _ = at_best(make, parts, scale, seed, (0.003,))
            for when, part in (("training", parts[0]), ("forecasts", parts[2])):
                own = part.X[part.X > 0]
                share = 100 * (own == 1).double().mean().item()
                measured.setdefault(f"{name}: unknown in {when} (%)", []).append(share)
            measured.setdefault(f"{name}: test accuracy (%)", []).append(measure(model, parts[2])[1])
        report((seed + 1) / scale.seeds)
    told = {name: f"{np.mean(values):.0f} %" for name, values in measured.items()}
    accuracies = [
        np.array(measured[f"{name}: test accuracy (%)"]) for name in ("one tokenizer", "three tokenizers")
    ]
    cost = accuracies[0] - accuracies[1]
    unknown = {
        name: f"{told[f'{name}: unknown in training (%)']} and {told[f'{name}: unknown in forecasts (%)']}"
        for name in ways
    }
    shows = (
        f"In training and in forecasts, {unknown['three tokenizers']} of the tokens are unknown; with one "
        f"tokenizer for all, {unknown['one tokenizer']}. It costs {cost.mean():.1f} ± {cost.std(ddof=1):.1f} "
        "points of accuracy, and raises no error."
    )
    return Outcome(dict(measured), shows)


EXPERIMENTS = [
    Experiment(
        "text-last-position",
        "Padding read as the last word",
        "an LSTM of 32 units on {rows} film reviews padded to {length}, read in three ways, each at the best "
        "of three rates, {epochs} epochs at most, {seeds} splits; and four sentences, 60 steps",
        "output[:, -1] of an LSTM on padded texts",
        film_reviews,
        last_position,
        full=TextScale(seeds=3, epochs=8, rows=2000, length=60),
        quick=TextScale(seeds=2, epochs=1, rows=100, length=40),
    ),
    Experiment(
        "text-both-directions",
        "A bidirectional LSTM read at the last word of a text",
        "32 units in each direction on {rows} film reviews, packed, each way at the best of three rates, "
        "{epochs} epochs at most, {seeds} splits",
        "bidirectional=True, and output[:, -1]",
        film_reviews,
        one_word_seen,
        full=TextScale(seeds=5, epochs=8, rows=2000),
        quick=TextScale(seeds=2, epochs=1, rows=100),
    ),
    Experiment(
        "three-tokenizers",
        "Three tokenizers for one model",
        "texts as typed; vocabulary: words and marks, training: small letters, cut at spaces, forecasts: cut "
        "at spaces; a bidirectional LSTM at 0.003, {epochs} epochs at most, {rows} reviews, {seeds} splits",
        "word_tokenize for the vocabulary, lower().split() in the data set, split() in the forecast",
        film_reviews,
        three_tokenizers,
        full=TextScale(seeds=5, epochs=8, rows=2000),
        quick=TextScale(seeds=2, epochs=1, rows=100),
    ),
]
