"""Two studies of film reviews over splits: networks beside a bag of words, and word vectors for few labels.

    python -m nnlab.studies.reviews networks   # each at its own best rate, ten minutes or more
    python -m nnlab.studies.reviews labels     # from 100 labeled texts to all of them, two minutes

Each prints a table in Markdown; docs/results.md has both. The course's lesson 16 explains them.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import randomized_svd
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nnlab import datasets

PAD, UNKNOWN = 0, 1
Results = dict[str, list[float]]  # what was tried → a test accuracy in percent for each split
Tokenize = Callable[[str], list[str]]
Texts = Sequence[str]
Note = Callable[[str], object]  # takes a line on what was just measured


# ---------------------------------------------------------------------------------------- words to numbers


def split(text: str) -> list[str]:
    """Return the tokens of a text: what stands between spaces, in small letters."""
    return text.lower().split()


def vocabulary(texts: Iterable[str], min_count: int = 2, tokenize: Tokenize = split) -> dict[str, int]:
    """Return a number for every token that occurs at least min_count times, the most frequent first."""
    counts = Counter(token for text in texts for token in tokenize(text))
    kept = sorted((token for token in counts if counts[token] >= min_count), key=lambda t: (-counts[t], t))
    return {"<pad>": PAD, "<unk>": UNKNOWN} | {token: number for number, token in enumerate(kept, 2)}


def encode(
    texts: Sequence[str], words: Mapping[str, int], length: int = 60, tokenize: Tokenize = split
) -> tuple[Tensor, Tensor]:
    """Return the texts as numbers (m, length), padded behind, and how many tokens each has (at least 1)."""
    X = torch.full((len(texts), length), PAD)
    lengths = torch.ones(len(texts), dtype=torch.int64)
    for row, text in enumerate(texts):
        numbers = [words.get(token, UNKNOWN) for token in tokenize(text)[:length]] or [UNKNOWN]
        X[row, : len(numbers)] = torch.tensor(numbers)
        lengths[row] = len(numbers)
    return X, lengths


def deal(m: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rows of training, validation and test: 80, 10 and 10 % of m, shuffled."""
    train, validation, test = np.split(np.random.default_rng(seed).permutation(m), [m * 8 // 10, m * 9 // 10])
    return train, validation, test


# ---------------------------------------------------------------------------------------- baselines

STRENGTHS = (0.1, 0.3, 1, 3, 10, 30)
WEAK = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)  # for features whose numbers are of size 1


class WeightedByBayes:
    """Which tokens and pairs occur, times the log of their odds (Wang and Manning, 2012)."""

    def __init__(self):
        self.counts = CountVectorizer(
            tokenizer=split, lowercase=False, token_pattern=None, ngram_range=(1, 2), binary=True
        )

    def fit_transform(self, texts: Texts, y: np.ndarray) -> sparse.csr_matrix:
        """Learn the odds from training texts, and return the texts' features."""
        X = self.counts.fit_transform(texts)
        positive, negative = (1 + np.asarray(X[y == label].sum(axis=0)).ravel() for label in (1, 0))
        self.odds = np.log(positive / positive.sum()) - np.log(negative / negative.sum())
        return X.multiply(self.odds).tocsr()

    def transform(self, texts: Texts) -> sparse.csr_matrix:
        """Return the features of new texts."""
        return self.counts.transform(texts).multiply(self.odds).tocsr()


def tf_idf(longest: int) -> TfidfVectorizer:
    """Return TF-IDF of tokens, and of up to `longest` in a row."""
    return TfidfVectorizer(
        tokenizer=split, lowercase=False, token_pattern=None, ngram_range=(1, longest), sublinear_tf=True
    )


BASELINES: dict[str, Callable[[], Any]] = {
    "TF-IDF, words": lambda: tf_idf(1),
    "TF-IDF, words and pairs": lambda: tf_idf(2),
    "weighted by naive Bayes": WeightedByBayes,
}


def logistic(
    parts: Sequence[Any], labels: Sequence[np.ndarray], strengths: Sequence[float] = STRENGTHS
) -> float:
    """Return the test accuracy (%) of logistic regression, whose strength is chosen by the validation part.

    parts, labels: of training, validation and test.
    """
    fits = [LogisticRegression(C=C, max_iter=1000).fit(parts[0], labels[0]) for C in strengths]
    best = max(fits, key=lambda fit: fit.score(parts[1], labels[1]))
    return 100 * float(best.score(parts[2], labels[2]))


def baseline(make: Callable[[], Any], texts: Sequence[Texts], labels: Sequence[np.ndarray]) -> float:
    """Return the test accuracy (%) of logistic regression on features that are learned in training."""
    features = make()
    first = features.fit_transform(texts[0], labels[0])
    return logistic([first, *(features.transform(part) for part in texts[1:])], labels)


# ---------------------------------------------------------------------------------------- networks


def masked_mean(H: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean over each text's own steps: H (m, T, n), lengths (m,) → (m, n)."""
    mask = torch.arange(H.shape[1]) < lengths[:, None]
    return (H * mask[:, :, None]).sum(dim=1) / lengths[:, None]


class Mean(nn.Module):
    """The mean of the word vectors."""

    def __init__(self, n: int):
        super().__init__()
        self.n_out = n

    def forward(self, E: Tensor, lengths: Tensor) -> Tensor:
        """Return (m, n) for E (m, T, n)."""
        return masked_mean(E, lengths)


class Recurrent(nn.Module):
    """An LSTM, and which of its states are read.

    read: "both ends" (each direction's last state), "last word", "last position" (padding, in a short text),
    "mean" (over the text's own words) or "mean of all" (over padding as well).
    """

    def __init__(self, n: int, n_hidden: int = 64, read: str = "both ends", *, bidirectional: bool = True):
        super().__init__()
        self.read = read
        self.packed = read in ("both ends", "last word", "mean")
        self.lstm = nn.LSTM(n, n_hidden, batch_first=True, bidirectional=bidirectional)
        self.n_out = n_hidden * (1 + bidirectional)

    def forward(self, E: Tensor, lengths: Tensor) -> Tensor:
        """Return (m, n_out) for E (m, T, n)."""
        if not self.packed:
            H, _ = self.lstm(E)
            return H[:, -1] if self.read == "last position" else H.mean(dim=1)
        packed, (h, _) = self.lstm(pack_padded_sequence(E, lengths, batch_first=True, enforce_sorted=False))
        if self.read == "both ends":
            return torch.cat(list(h), dim=1)
        H, _ = pad_packed_sequence(packed, batch_first=True)
        if self.read == "mean":
            return masked_mean(H, lengths)
        return H[torch.arange(len(H)), lengths - 1]


class Convolution(nn.Module):
    """Kernels over 3, 4 and 5 words, and the largest answer of each anywhere in the text (Kim, 2014)."""

    def __init__(self, n: int, kernels: int = 50):
        super().__init__()
        self.over = nn.ModuleList(nn.Conv1d(n, kernels, width, padding=width - 1) for width in (3, 4, 5))
        self.n_out = 3 * kernels

    def forward(self, E: Tensor, lengths: Tensor) -> Tensor:
        """Return (m, n_out) for E (m, T, n); padding is zeros, as the convolution's own is."""
        E = E.transpose(1, 2)
        return torch.cat([torch.relu(over(E)).amax(dim=2) for over in self.over], dim=1)


class TextClassifier(nn.Module):
    """Word vectors, a reader that makes one vector of them, and a linear layer with dropout before it.

    vectors: (n_tokens, n) to start from, else they are drawn from N(0, scale²).
    """

    def __init__(
        self,
        n_tokens: int,
        make_reader: Callable[[int], Any],
        *,
        n: int = 50,
        dropout: float = 0.5,
        vectors: Tensor | None = None,
        scale: float = 0.1,
    ):
        super().__init__()
        start = scale * torch.randn(n_tokens, n) if vectors is None else vectors.clone()
        start[PAD] = 0
        self.embedding = nn.Embedding.from_pretrained(start, freeze=False, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.reader = make_reader(start.shape[1])
        self.head = nn.Linear(self.reader.n_out, 2)

    def forward(self, X: Tensor, lengths: Tensor) -> Tensor:
        """Return the scores (m, 2) of tokens X (m, T)."""
        E = self.dropout(self.embedding(X))
        return self.head(self.dropout(self.reader(E, lengths)))


@dataclass(frozen=True)
class Part:
    """Encoded texts, their lengths and labels. trim: batches are cut to their longest text."""

    X: Tensor
    lengths: Tensor
    y: Tensor
    trim: bool = True

    def batch(self, rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return tokens, lengths and labels of some rows."""
        lengths = self.lengths[rows]
        end = int(lengths.max()) if self.trim else self.X.shape[1]
        return self.X[rows, :end], lengths, self.y[rows]


@torch.no_grad()
def measure(model: nn.Module, part: Part) -> tuple[float, float]:
    """Return mean loss and accuracy (%) in evaluation mode."""
    model.eval()
    scores, y = [], []
    for rows in torch.argsort(part.lengths, stable=True).split(250):
        X, lengths, labels = part.batch(rows)
        scores.append(model(X, lengths))
        y.append(labels)
    all_scores, labels = torch.cat(scores), torch.cat(y)
    right = (all_scores.argmax(dim=1) == labels).double().mean()
    return F.cross_entropy(all_scores, labels).item(), 100 * right.item()


def batches(lengths: Tensor, batch_size: int, rng: torch.Generator) -> list[Tensor]:
    """Return the rows of each batch, shuffled; texts of about one length share one, to save padding."""
    found: list[Tensor] = []
    for rows in torch.randperm(len(lengths), generator=rng).split(20 * batch_size):
        found += rows[torch.argsort(lengths[rows], stable=True)].split(batch_size)
    return [found[i] for i in torch.randperm(len(found), generator=rng).tolist()]


def train(
    model: nn.Module,
    part: Part,
    validation: Part,
    *,
    lr: float,
    epochs: int,
    seed: int,
    batch_size: int = 100,
) -> float:
    """Train by Adam, keep the epoch with the lowest validation loss, and return that loss.

    It ends `PATIENCE` epochs behind the best one, or after `epochs`.
    """
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), lr)
    best, behind, kept = np.inf, 0, copy.deepcopy(model.state_dict())
    for _ in range(epochs):
        if behind == PATIENCE:
            break
        model.train()
        for rows in batches(part.lengths, batch_size, rng):
            X, lengths, y = part.batch(rows)
            optimizer.zero_grad()
            F.cross_entropy(model(X, lengths), y).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
        loss, _ = measure(model, validation)
        behind += 1
        if loss < best:
            best, behind, kept = loss, 0, copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    return best


READERS: dict[str, tuple[Callable[[int], nn.Module], int]] = {  # name → reader, epochs at most
    "averaged embeddings": (Mean, 20),
    "LSTM, both directions": (lambda n: Recurrent(n, 32), 10),
    "convolution over words": (lambda n: Convolution(n, 32), 10),
}
RATES = (0.001, 0.003, 0.01, 0.03)
PATIENCE = 2


def encoded(
    texts: Sequence[Texts], labels: Sequence[np.ndarray], words: Mapping[str, int], **settings: Any
) -> list[Part]:
    """Return the parts of a split as numbers."""
    return [
        Part(*encode(part, words, **settings), torch.tensor(y)) for part, y in zip(texts, labels, strict=True)
    ]


# ---------------------------------------------------------------------------------------- the two studies


def parts_of(reviews: Any, seed: int) -> tuple[list[list[str]], list[np.ndarray]]:
    """Return texts and labels of training, validation and test."""
    texts, y = list(reviews.texts), np.asarray(reviews.y)
    rows = deal(len(y), seed)
    return [[texts[i] for i in part] for part in rows], [y[part] for part in rows]


def baselines(reviews: Any, *, splits: int = 3, note: Note = print) -> Results:
    """Measure the baselines over splits."""
    results: Results = {name: [] for name in BASELINES}
    for seed, (name, make) in itertools.product(range(splits), BASELINES.items()):
        results[name].append(baseline(make, *parts_of(reviews, seed)))
        note(f"{name}, split {seed}: {results[name][-1]:.1f} %")
    return results


def networks(
    reviews: Any,
    *,
    splits: int = 3,
    pretrained: bool = False,
    rates: Sequence[float] = RATES,
    note: Note = print,
) -> Results:
    """Measure the networks over splits, at the rate with which each does best on the first one's validation.

    pretrained: whether the word vectors start from GloVe's instead of from chance.
    """
    results: Results = {}
    for name, (reader, epochs) in READERS.items():
        chosen = tuple(rates)
        name += ", from word vectors" if pretrained else ""
        for seed in range(splits):
            texts, labels = parts_of(reviews, seed)
            words = vocabulary(texts[0])
            parts = encoded(texts, labels, words)
            start = start_from_glove(words, seed) if pretrained else None
            tried = {}
            for lr in chosen:
                torch.manual_seed(seed)
                model = TextClassifier(len(words), reader, vectors=start)
                loss = train(model, parts[0], parts[1], lr=lr, epochs=epochs, seed=seed)
                tried[lr] = loss, measure(model, parts[2])[1]
            lr = min(tried, key=lambda rate: tried[rate][0])
            chosen = (lr,)
            results.setdefault(name, []).append(tried[lr][1])
            note(f"{name}, split {seed}: {tried[lr][1]:.1f} % (rate {lr} of {', '.join(map(str, tried))})")
    return results


def start_from_glove(words: Mapping[str, int], seed: int) -> Tensor:
    """Return GloVe's vectors of a vocabulary; a token without one gets numbers drawn at the same scale."""
    vectors, found = datasets.load_word_vectors(list(words))
    chance = np.random.default_rng(seed).normal(scale=vectors[found].std(), size=vectors.shape)
    return torch.tensor(np.where(found[:, None], vectors, chance), dtype=torch.float32)


COUNTS = (100, 300, 1000, 3000, 10_000)


def co_occurrence(texts: Texts, words: Mapping[str, int], n: int = 50, window: int = 3) -> np.ndarray:
    """Return word vectors (tokens, n) from unlabeled texts, by the words that stand near each word.

    The positive part of log(p(v, w) / p(v) p(w)) for words within the window, cut to its n largest singular
    values. Source: Levy and Goldberg, 2014.
    """
    pairs = [
        (a[i], a[i + d])
        for a in ([words.get(token, UNKNOWN) for token in split(text)] for text in texts)
        for d in range(1, window + 1)
        for i in range(len(a) - d)
    ]
    v, w = np.array(pairs + [pair[::-1] for pair in pairs]).T
    counts = sparse.coo_matrix((np.ones(len(v)), (v, w)), (len(words), len(words))).tocsr()
    total = np.asarray(counts.sum(axis=1)).ravel()
    near = counts.tocoo()
    near.data = np.log(near.data * total.sum() / (total[near.row] * total[near.col])).clip(0)
    U, S, _ = randomized_svd(near.tocsr(), n, random_state=0)
    return U * np.sqrt(S)


def mean_vectors(texts: Texts, words: Mapping[str, int], vectors: np.ndarray) -> np.ndarray:
    """Return the mean vector of each text (m, n), padding and unknown tokens left out."""
    vectors = vectors / vectors[2:].std()
    rows = [[words[token] for token in split(text) if token in words] for text in texts]
    return np.array([vectors[row].mean(axis=0) if row else np.zeros(vectors.shape[1]) for row in rows])


def labels(
    reviews: Any, *, splits: int = 5, counts: Sequence[int] = COUNTS, glove: bool = True, note: Note = print
) -> Results:
    """Learn from the first texts of each training part only; all of the validation part chooses settings.

    Word vectors come from GloVe, and from all training texts without their labels.
    """
    results: Results = {}
    for seed in range(splits):
        texts, known = parts_of(reviews, seed)
        words = vocabulary(texts[0])
        sources = {"near words": co_occurrence(texts[0], words)}
        if glove:
            sources["GloVe"] = datasets.load_word_vectors(list(words))[0]
        means = {
            name: [mean_vectors(part, words, vectors) for part in texts] for name, vectors in sources.items()
        }
        for count in counts:
            first = [known[0][:count], *known[1:]]
            bag = [texts[0][:count], *texts[1:]]
            found = {"bag of words": baseline(BASELINES["TF-IDF, words"], bag, first)}
            for name, parts in means.items():
                found[f"mean vector, {name}"] = logistic([parts[0][:count], *parts[1:]], first, WEAK)
            for name, value in found.items():
                results.setdefault(f"{len(first[0]):,} labels: {name}", []).append(value)
                note(f"{len(first[0]):,} labels: {name}, split {seed}: {value:.1f} %")
    return results


def table(results: Mapping[str, list[float]]) -> str:
    """Return results as a table in Markdown: mean and standard deviation over the splits."""
    rows = [
        f"| {name} | {np.mean(found):.1f} ± {np.std(found, ddof=1):.1f} |" for name, found in results.items()
    ]
    return "\n".join(["| | test accuracy (%) |", "|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study on the real data, and print its table; 1 where something that it needs is missing."""
    parser = argparse.ArgumentParser(prog="python -m nnlab.studies.reviews", description=__doc__)
    parser.add_argument("study", choices=("networks", "labels"))
    parser.add_argument("--splits", type=int)
    chosen = parser.parse_args(arguments)
    reviews = datasets.load_reviews()
    if not reviews.is_real:
        print(f"{chosen.study} needs real data, but found: {reviews.source}")
        return 1
    glove = datasets.has_word_vectors()
    print(f"{reviews.source}; {'with' if glove else 'without'} GloVe's word vectors\n")
    if chosen.study == "labels":
        results = labels(reviews, splits=chosen.splits or 5, glove=glove, note=progress)
    else:
        splits = chosen.splits or 3
        results = baselines(reviews, splits=splits, note=progress) | networks(
            reviews, splits=splits, note=progress
        )
        if glove:
            results |= networks(reviews, splits=splits, pretrained=True, note=progress)
    print(table(results))
    return 0


def progress(line: str) -> None:
    """Tell on the error stream what was just measured."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
