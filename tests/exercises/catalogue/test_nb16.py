"""Answers to notebook 16's exercises as learners write them, and the references against others' code."""

from __future__ import annotations

import re
import string
from collections import Counter, defaultdict

import numpy as np
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# build_vocabulary


class Vocabulary(dict):
    """A dict of the learner's own."""

    def add(self, token):
        self.setdefault(token, len(self))


@right("build_vocabulary")
def class_of_its_own(texts, min_count):
    vocabulary = Vocabulary()
    vocabulary.add("<pad>")
    vocabulary.add("<unk>")
    counts = Counter()
    for text in texts:
        counts.update(text.lower().split())
    for count in sorted(set(counts.values()), reverse=True):
        if count >= min_count:
            for token in sorted(t for t in counts if counts[t] == count):
                vocabulary.add(token)
    return vocabulary


@right("build_vocabulary")
def by_scikit_learn(texts, min_count):
    vocabulary = {"<pad>": np.uint8(0), "<unk>": np.uint8(1)}
    if not any(text.split() for text in texts):
        return vocabulary
    counter = CountVectorizer(tokenizer=str.split, lowercase=True, token_pattern=None)
    counts = np.asarray(counter.fit_transform(texts).sum(axis=0))[0]
    names = counter.get_feature_names_out()
    order = np.lexsort((np.arange(len(names)), -counts))
    for number, i in enumerate(order[counts[order] >= min_count], 2):
        vocabulary[names[i]] = np.uint8(number)
    return vocabulary


@right("build_vocabulary")
def by_counting_in_lists(texts, min_count):
    words = [word for text in texts for word in text.lower().split()]
    words = [word for word in words if words.count(word) >= min_count]
    ranked = sorted(set(words), key=lambda word: (len(words) - words.count(word), word))
    return {"<pad>": 0, "<unk>": 1} | dict(zip(ranked, range(2, 2 + len(ranked)), strict=True))


@right("build_vocabulary")
def tensors(texts, min_count):
    counts = defaultdict(int)
    for token in " ".join(texts).lower().split():
        counts[token] += 1
    ranked = sorted(counts.items(), key=lambda item: item[0])
    ranked = sorted(ranked, key=lambda item: item[1], reverse=True)
    tokens = ["<pad>", "<unk>", *(token for token, count in ranked if count >= min_count)]
    return {token: torch.tensor(i) for i, token in enumerate(tokens)}


@right("build_vocabulary")
def changes_nothing(texts, min_count):
    texts = list(map(str.lower, texts))
    counts = Counter(re.findall(r"\S+", "\n".join(texts)))
    frequent = {token for token, count in counts.items() if count > min_count - 1}
    vocabulary = {token: i for i, token in enumerate(sorted(frequent, key=lambda t: (-counts[t], t)), 2)}
    vocabulary["<pad>"], vocabulary["<unk>"] = 0, 1
    return vocabulary


def ranked(counts, min_count):
    return sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t))


def numbered(tokens, *, special=("<pad>", "<unk>")):
    return {token: i for i, token in enumerate([*special, *tokens])}


def count(texts):
    return Counter(token for text in texts for token in text.lower().split())


@wrong("build_vocabulary", "punctuation-removed")
def regular_expression(texts, min_count):
    return numbered(ranked(Counter(re.findall(r"\w+", " ".join(texts).lower())), min_count))


@wrong("build_vocabulary", "punctuation-removed")
def translated(texts, min_count):
    table = str.maketrans("", "", string.punctuation)
    return numbered(ranked(count([text.translate(table) for text in texts]), min_count))


@wrong("build_vocabulary", "texts-counted")
def membership(texts, min_count):
    tokens = set(" ".join(texts).lower().split())
    counts = {token: sum(token in text.lower().split() for text in texts) for token in tokens}
    return numbered(ranked(counts, min_count))


@wrong("build_vocabulary", "ties-not-alphabetical")
def sorted_by_count(texts, min_count):
    counts = count(texts)
    pairs = sorted(counts.items(), key=lambda pair: pair[1], reverse=True)
    return numbered([token for token, n in pairs if n >= min_count])


@wrong("build_vocabulary", "special-tokens-missing")
def only_unknown(texts, min_count):
    return numbered(ranked(count(texts), min_count), special=("<unk>",))


@wrong("build_vocabulary", "special-tokens-misspelled")
def capitals(texts, min_count):
    return numbered(ranked(count(texts), min_count), special=("<PAD>", "<UNK>"))


@wrong("build_vocabulary", "further-tokens-added")
def for_translation(texts, min_count):
    return numbered(ranked(count(texts), min_count), special=("<pad>", "<unk>", "<bos>", "<eos>"))


@wrong("build_vocabulary", "numbers-off-by-one")
def from_three(texts, min_count):
    vocabulary = {"<pad>": 0, "<unk>": 1}
    for i, token in enumerate(ranked(count(texts), min_count), start=3):
        vocabulary[token] = i
    return vocabulary


@wrong("build_vocabulary", "numbers-collide")
def from_zero(texts, min_count):
    vocabulary = {"<pad>": 0, "<unk>": 1}
    for i, token in enumerate(ranked(count(texts), min_count)):
        vocabulary[token] = i
    return vocabulary


@wrong("build_vocabulary", "gaps-in-numbers")
def numbered_first(texts, min_count):
    counts, numbers = Counter(), {"<pad>": 0, "<unk>": 1}
    for text in texts:
        for token in text.lower().split():
            counts[token] += 1
            numbers.setdefault(token, len(numbers))
    return {t: i for t, i in numbers.items() if i < 2 or counts[t] >= min_count}


@wrong("build_vocabulary", "min-count-taken-for-size")
def so_many(texts, min_count):
    return numbered([token for token, _ in count(texts).most_common(min_count)])


@wrong("build_vocabulary", "case-kept", "special-tokens-missing")
def plain_counter(texts, min_count):
    counts = Counter(" ".join(texts).split())
    return {token: i for i, token in enumerate(ranked(counts, min_count))}


@wrong("build_vocabulary", "ties-not-alphabetical", "min-count-off-by-one")
def greater_and_most_common(texts, min_count):
    return numbered([token for token, n in count(texts).most_common() if n > min_count])


@wrong("build_vocabulary", "split-at-single-spaces", "ties-not-alphabetical")
def one_long_text(texts, min_count):
    counts = Counter(token for text in texts for token in text.lower().split(" "))
    return numbered([token for token, n in counts.most_common() if n >= min_count])


@wrong("build_vocabulary", "special-tokens-swapped", "min-count-ignored")
def unknown_before_padding(texts, min_count):
    return numbered(ranked(count(texts), 0), special=("<unk>", "<pad>"))


@wrong("build_vocabulary", "returns-none")
def printed(texts, min_count):
    print(numbered(ranked(count(texts), min_count)))


@wrong("build_vocabulary", "wrong-type")
def with_counts(texts, min_count):
    return numbered(ranked(count(texts), min_count)), count(texts)


@wrong("build_vocabulary", "counts-instead-of-numbers")
def how_often(texts, min_count):
    counts = count(texts)
    return {token: counts[token] for token in ranked(counts, min_count)}


@wrong("build_vocabulary", "special-tokens-last")
def appended(texts, min_count):
    tokens = [*ranked(count(texts), min_count), "<pad>", "<unk>"]
    return {token: i for i, token in enumerate(tokens)}


@wrong("build_vocabulary", "characters-instead-of-tokens")
def forgot_to_split(texts, min_count):
    counts = {}
    for text in texts:
        for token in text.lower():
            counts[token] = counts.get(token, 0) + 1
    return numbered(ranked(counts, min_count))


@wrong("build_vocabulary", "counted-within-each-text")
def dict_update(texts, min_count):
    counts = {}
    for text in texts:
        tokens = text.lower().split()
        counts.update({token: tokens.count(token) for token in tokens})
    return numbered(ranked(counts, min_count))


@wrong("build_vocabulary", "lowered-after-counting")
def lowered_too_late(texts, min_count):
    counts = Counter(token for text in texts for token in text.split())
    return numbered([token.lower() for token in ranked(counts, min_count)])


@wrong("build_vocabulary", "raises")
def texts_as_one(texts, min_count):
    return numbered(ranked(Counter(texts.lower().split()), min_count))


@wrong("build_vocabulary", "raises")
def first_of_nothing(texts, min_count):
    largest = max(count(texts).values())
    tokens = [
        t for n in range(largest, min_count - 1, -1) for t in sorted(count(texts)) if count(texts)[t] == n
    ]
    return numbered(tokens)


@wrong("build_vocabulary", "substrings-counted")
def counted_in_the_text(texts, min_count):
    text = " ".join(texts).lower()
    return numbered(ranked({token: text.count(token) for token in text.split()}, min_count))


@wrong("build_vocabulary", "rare-tokens-as-unknown")
def rare_ones_kept(texts, min_count):
    return {**dict.fromkeys(count(texts), 1), **numbered(ranked(count(texts), min_count))}


@wrong("build_vocabulary", "only-last-text")
def return_in_the_loop(texts, min_count):
    for text in texts:
        return numbered(ranked(Counter(text.lower().split()), min_count))


@wrong("build_vocabulary", "special-tokens-missing", "no-tokens-kept")
def filled_with_nothing(texts, min_count):
    vocabulary = {"<pad>": 0}
    for token in ranked({}, min_count):
        vocabulary[token] = len(vocabulary)
    return vocabulary


# encode


@right("encode")
def int_zeros(texts, vocabulary, length):
    X = np.zeros(shape=(len(texts), length)).astype(np.int16)
    for i, text in enumerate(texts):
        for j, token in enumerate(text.lower().split()[:length]):
            X[i][j] = vocabulary[token] if token in list(vocabulary) else vocabulary["<unk>"]
    return X


@right("encode")
def iterators(texts, vocabulary, length):
    def row(text):
        numbers = iter(text.lower().split())
        return [vocabulary.get(t, 1) if (t := next(numbers, None)) is not None else 0 for _ in range(length)]

    return list(map(row, texts))


@right("encode")
def one_of_tensors(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in text.lower().split()] + [0] * length for text in texts]
    return torch.stack([torch.tensor(row[:length]) for row in rows])


@right("encode")
def a_class_with_missing(texts, vocabulary, length):
    class Known(dict):
        def __missing__(self, key):
            return 1

    known = Known(vocabulary)
    X = np.full((len(texts), length), fill_value=known["<pad>"], dtype=np.int64)
    for i in range(len(X)):
        tokens = texts[i].lower().split()
        n = min(len(tokens), length)
        X[i, :n] = [known[t] for t in tokens[:n]]
    return X.view()


@right("encode")
def transposed_twice(texts, vocabulary, length):
    columns = []
    for j in range(length):
        tokens = [text.lower().split() for text in texts]
        columns.append([vocabulary.get(row[j], 1) if j < len(row) else 0 for row in tokens])
    return np.array(columns).T


def looked_up(texts, vocabulary, unknown=1):
    return [[vocabulary.get(token, unknown) for token in text.lower().split()] for text in texts]


def filled(rows, length, value=0):
    return np.array([row[:length] + [value] * (length - len(row)) for row in rows])


@wrong("encode", "unknown-dropped")
def skipped(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        j = 0
        for token in text.lower().split():
            if token in vocabulary and j < length:
                X[i, j] = vocabulary[token]
                j += 1
    return X


@wrong("encode", "unknown-as-padding")
def left_zero(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        for j, token in enumerate(text.lower().split()[:length]):
            if token in vocabulary:
                X[i, j] = vocabulary[token]
    return X


@wrong("encode", "padded-in-front")
def keras_default(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for row, numbers in zip(X, looked_up(texts, vocabulary), strict=True):
        numbers = numbers[:length]
        if numbers:
            row[-len(numbers) :] = numbers
    return X


@wrong("encode", "cut-at-front", "padded-in-front")
def keras_pad_sequences(texts, vocabulary, length):
    rows = [row[-length:] for row in looked_up(texts, vocabulary)]
    return np.array([[0] * (length - len(row)) + row for row in rows])


@wrong("encode", "not-cut")
def index_runs_on(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        for j, token in enumerate(text.lower().split()):
            X[i, j] = vocabulary.get(token, 1)
    return X


@wrong("encode", "unknown-given-another-number")
def new_number(texts, vocabulary, length):
    return filled(looked_up(texts, vocabulary, len(vocabulary)), length)


@wrong("encode", "punctuation-removed")
def words_only(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in re.findall(r"\w+", text.lower())] for text in texts]
    return filled(rows, length)


@wrong("encode", "case-kept", "unknown-as-padding")
def split_only(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 0) for t in text.split()] for text in texts], length)


@wrong("encode", "padded-with-unknown", "unknown-dropped")
def filled_with_unknown(texts, vocabulary, length):
    rows = [[vocabulary[t] for t in text.lower().split() if t in vocabulary] for text in texts]
    return filled(rows, length, vocabulary["<unk>"])


@wrong("encode", "wrong-type", "padded-in-front")
def floats_in_front(texts, vocabulary, length):
    X = np.zeros((len(texts), length))
    for i, numbers in enumerate(looked_up(texts, vocabulary)):
        numbers = numbers[:length]
        X[i, length - len(numbers) :] = numbers
    return X


@wrong("encode", "tokens-not-looked-up")
def strings(texts, vocabulary, length):
    return [(text.lower().split() + ["<pad>"] * length)[:length] for text in texts]


@wrong("encode", "returns-none")
def nothing(texts, vocabulary, length):
    filled(looked_up(texts, vocabulary), length)


@wrong("encode", "cut-off-by-one")
def one_short(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, numbers in enumerate(looked_up(texts, vocabulary)):
        for j in range(min(len(numbers), length - 1)):
            X[i, j] = numbers[j]
    return X


@wrong("encode", "padded-to-longest")
def of_the_batch(texts, vocabulary, length):
    rows = [row[:length] for row in looked_up(texts, vocabulary)]
    return filled(rows, max(len(row) for row in rows))


@wrong("encode", "repeated-tokens-dropped")
def unique_tokens(texts, vocabulary, length):
    return filled([list(dict.fromkeys(row)) for row in looked_up(texts, vocabulary)], length)


@wrong("encode", "hard-coded-size")
def always_seven(texts, vocabulary, length):
    return filled(looked_up(texts, vocabulary), 7)


@wrong("encode", "raises")
def carefree(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        numbers = [vocabulary[t] for t in text.lower().split()]
        X[i, : len(numbers)] = numbers
    return X


@wrong("encode", "places-instead-of-numbers")
def counted_again(texts, vocabulary, length):
    order = {token: i for i, token in enumerate(vocabulary)}
    return filled([[order.get(t, 1) for t in text.lower().split()] for text in texts], length)


@wrong("encode", "bag-of-words")
def counts(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, numbers in enumerate(looked_up(texts, vocabulary)):
        for number in numbers:
            if number < length:
                X[i, number] += 1
    return X


@wrong("encode", "characters-instead-of-tokens")
def slice_of_text(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        for j, token in enumerate(text.lower()[:length]):
            X[i, j] = vocabulary.get(token, 1)
    return X


@wrong("encode", "unknown-is-none")
def no_default(texts, vocabulary, length):
    rows = [[vocabulary.get(token) for token in text.lower().split()[:length]] for text in texts]
    return [row + [0] * (length - len(row)) for row in rows]


@wrong("encode", "nothing-written")
def a_copy_is_filled(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    rows = list(X.copy())
    for row, numbers in zip(rows, looked_up(texts, vocabulary), strict=True):
        row[:] = filled([numbers], length)[0]
    return X


# masked_mean


@right("masked_mean")
def weights(H, lengths):
    W = np.tril(np.ones((H.shape[1], H.shape[1])))[lengths - 1]
    W /= W.sum(axis=1, keepdims=True)
    return (W[:, None, :] @ H)[:, 0]


@right("masked_mean")
def masked_arrays(H, lengths):
    hidden = np.arange(H.shape[1])[None, :, None] >= lengths[:, None, None]
    return np.ma.array(H, mask=np.broadcast_to(hidden, H.shape)).mean(axis=1).filled(np.nan)


@right("masked_mean")
def bags(H, lengths):
    rows = torch.tensor(np.concatenate([h[:n] for h, n in zip(H, lengths, strict=True)]))
    offsets = torch.tensor([0, *np.cumsum(lengths)[:-1]])
    numbers = torch.arange(len(rows))
    return torch.nn.functional.embedding_bag(numbers, rows, offsets, mode="mean")


@right("masked_mean")
def reduceat(H, lengths):
    edges = np.stack([np.zeros_like(lengths), lengths], axis=1)
    padded = np.concatenate([H, np.zeros_like(H[:, :1])], axis=1)
    return [np.add.reduceat(h, e, axis=0)[0] / e[1] for h, e in zip(padded, edges, strict=True)]


@right("masked_mean")
def running_mean(H, lengths):
    means = H[:, 0].copy()
    for t in range(1, H.shape[1]):
        real = (t < lengths)[:, None]
        means = np.where(real, means + (H[:, t] - means) / (t + 1), means)
    return means.tolist()


def of(H, lengths):
    return (np.arange(H.shape[1]) < lengths[:, None])[:, :, None]


@wrong("masked_mean", "padding-counted")
def torch_mean(H, lengths):
    return torch.tensor(H).mean(dim=1)


@wrong("masked_mean", "divided-by-all-steps")
def zeros_then_mean(H, lengths):
    H = H.copy()
    for i, n in enumerate(lengths):
        H[i, n:] = 0
    return H.mean(axis=1)


@wrong("masked_mean", "sum-instead-of-mean")
def einsum_without_division(H, lengths):
    return np.einsum("mtn,mt->mn", H, of(H, lengths)[..., 0])


@wrong("masked_mean", "length-off-by-one")
def last_left_out(H, lengths):
    return np.array([h[: max(n - 1, 1)].mean(axis=0) for h, n in zip(H, lengths, strict=True)])


@wrong("masked_mean", "mask-inverted", "sum-instead-of-mean")
def torch_habit(H, lengths):
    padding = np.arange(H.shape[1]) >= lengths[:, None]
    return (H * padding[..., None]).sum(axis=1)


@wrong("masked_mean", "mask-inverted", "divided-by-all-steps")
def inverted_mean(H, lengths):
    return np.where(of(H, lengths), 0, H).mean(axis=1)


@wrong("masked_mean", "length-off-by-one", "divided-by-all-steps")
def inclusive_mean(H, lengths):
    mask = np.arange(H.shape[1]) <= lengths[:, None]
    return (H * mask[..., None]).mean(axis=1)


@wrong("masked_mean", "keepdims-missing")
def mask_without_axis(H, lengths):
    mask = np.arange(H.shape[1]) < lengths[:, None]
    return (H * mask).sum(axis=1) / lengths[:, None]


@wrong("masked_mean", "sequences-merged")
def selected(H, lengths):
    return H[of(H, lengths)[..., 0]].mean(axis=0)


@wrong("masked_mean", "mean-over-wrong-axis")
def over_the_batch(H, lengths):
    return (H * of(H, lengths)).mean(axis=0)


@wrong("masked_mean", "mask-inverted")
def of_the_rest(H, lengths):
    return np.array([h[n:].mean(axis=0) for h, n in zip(H, lengths, strict=True)])


@wrong("masked_mean", "returns-none")
def collected(H, lengths):
    means = []
    for h, n in zip(H, lengths, strict=True):
        means.append(h[:n].mean(axis=0))


@wrong("masked_mean", "changes-its-input")
def padding_removed(H, lengths):
    for i, n in enumerate(lengths):
        H[i, n:] = 0
    return H.sum(axis=1) / lengths[:, None]


@wrong("masked_mean", "mean-over-wrong-axis")
def mean_of_all_entries(H, lengths):
    return np.array([h[:n].mean() for h, n in zip(H, lengths, strict=True)])


@wrong("masked_mean")
def medians(H, lengths):
    return np.array([np.median(h[:n], axis=0) for h, n in zip(H, lengths, strict=True)])


@wrong("masked_mean", "one-length-for-all")
def longest(H, lengths):
    return H[:, : max(lengths)].mean(axis=1)


@wrong("masked_mean", "divided-by-all-steps", "padding-expected-in-front")
def front_and_all(H, lengths):
    mask = np.arange(H.shape[1])[::-1] < lengths[:, None]
    return (H * mask[..., None]).sum(axis=1) / H.shape[1]


@wrong("masked_mean", "floor-division")
def whole_numbers(H, lengths):
    return (H * of(H, lengths)).sum(axis=1) // lengths[:, None]


@wrong("masked_mean", "zeros-taken-for-padding")
def zeros_to_nan(H, lengths):
    H = H * of(H, lengths)
    return np.nanmean(np.where(H == 0, np.nan, H), axis=1)


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_rows_of_different_lengths_are_spoken_of():
    result = check(
        "encode", lambda texts, vocabulary, length: [[*row, 0] for row in looked_up(texts, vocabulary)]
    )
    assert result.mistakes == ("wrong-type",)
    assert (
        "The rows should all have `length` numbers; yours: [1, 3, 2, 0]; [4, 3, 4, 1, 2, 0]."
        in result.message
    )


# The references against others' code

TEXTS = st.lists(st.text(alphabet="ab ÄßB.\t1", max_size=12), max_size=5)


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(1, 3))
def test_the_vocabulary_counts_as_scikit_learn_does(texts, min_count):
    vocabulary = references.build_vocabulary(texts, min_count)
    assert list(vocabulary.values()) == list(range(len(vocabulary)))
    assert list(vocabulary)[:2] == ["<pad>", "<unk>"]
    counter = CountVectorizer(tokenizer=str.split, token_pattern=None)
    try:
        counts = np.asarray(counter.fit_transform(texts).sum(axis=0))[0]
    except ValueError:  # no token at all
        assert len(vocabulary) == 2
        return
    found = dict(zip(counter.get_feature_names_out(), counts, strict=True))
    tokens = list(vocabulary)[2:]
    assert set(tokens) == {token for token, n in found.items() if n >= min_count}
    assert tokens == sorted(tokens, key=lambda token: (-found[token], token))


@settings(max_examples=100, deadline=None)
@given(TEXTS, st.integers(1, 6))
def test_encoded_texts_are_padded_as_torch_does(texts, length):
    vocabulary = references.build_vocabulary(texts, 2)
    X = references.encode(texts, vocabulary, length)
    assert X.shape == (len(texts), length)
    assert np.issubdtype(X.dtype, np.integer)
    rows = [[vocabulary.get(t, 1) for t in text.lower().split()] for text in texts]
    full = [torch.zeros(length, dtype=torch.long), *(torch.tensor(r, dtype=torch.long) for r in rows)]
    padded = torch.nn.utils.rnn.pad_sequence(full, batch_first=True)[1:, :length]
    np.testing.assert_array_equal(X, padded)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.integers(0, 10_000))
def test_the_masked_mean_is_that_of_an_embedding_bag(m, T, n, seed):
    rng = np.random.default_rng(seed)
    H, lengths = rng.normal(size=(m, T, n)), rng.integers(1, T + 1, size=m)
    np.testing.assert_allclose(references.masked_mean(H, lengths), bags(H, lengths), atol=1e-12)
    elsewhere = np.where((np.arange(T) < lengths[:, None])[:, :, None], H, 1e6)
    np.testing.assert_array_equal(
        references.masked_mean(elsewhere, lengths), references.masked_mean(H, lengths)
    )
