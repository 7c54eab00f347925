from collections import defaultdict

import numpy as np
import torch
from attempts import wrong


def right_lists(texts, vocabulary, length):
    rows = []
    for text in texts:
        row = [vocabulary[t] if t in vocabulary else vocabulary["<unk>"] for t in text.lower().split()]
        row = row[:length]
        rows.append(row + [vocabulary["<pad>"]] * (length - len(row)))
    return rows


def right_entry_by_entry(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=np.int32)
    for i in range(len(texts)):
        for j, token in enumerate(texts[i].lower().split()):
            if j == length:
                break
            X[i, j] = vocabulary.get(token, 1)
    return X


def right_defaultdict(texts, vocabulary, length):
    known = defaultdict(lambda: 1, vocabulary)
    X = np.zeros((len(texts), length), dtype="uint8")
    for row, text in zip(X, texts, strict=True):
        numbers = [known[token] for token in text.lower().split()][:length]
        row[: len(numbers)] = numbers
    return X


def right_torch(texts, vocabulary, length):
    rows = [torch.tensor([vocabulary.get(t, 1) for t in s.lower().split()][:length] or [0]) for s in texts]
    X = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return torch.nn.functional.pad(X, (0, length - X.shape[1]))


def right_padded_tokens(texts, vocabulary, length):
    tokens = [(text.lower().split() + ["<pad>"] * length)[:length] for text in texts]
    return [[vocabulary.get(token, vocabulary["<unk>"]) for token in row] for row in tokens]


def right_np_pad(texts, vocabulary, length):
    rows = []
    for text in texts:
        row = np.array([vocabulary.get(t, 1) for t in text.lower().split()[:length]], dtype=int)
        rows.append(np.pad(row, (0, length - len(row))))
    return np.stack(rows)


def right_try(texts, vocabulary, length):
    X = []
    for text in texts:
        row = []
        for token in text.lower().split():
            try:
                row.append(vocabulary[token])
            except KeyError:
                row.append(1)
        while len(row) < length:
            row.append(0)
        X.append(tuple(row[:length]))
    return tuple(X)


def right_list_of_arrays(texts, vocabulary, length):
    return [np.array(row) for row in right_lists(texts, vocabulary, length)]


def right_objects(texts, vocabulary, length):
    return np.array(right_lists(texts, vocabulary, length), dtype=object)


def right_list_of_tensors(texts, vocabulary, length):
    return [torch.tensor(row) for row in right_lists(texts, vocabulary, length)]


def filled(rows, length, value=0):
    return np.array([row[:length] + [value] * (length - len(row)) for row in rows])


@wrong("case-kept")
def no_lower(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 1) for t in text.split()] for text in texts], length)


@wrong("unknown-dropped")
def only_known(texts, vocabulary, length):
    return filled([[vocabulary[t] for t in s.lower().split() if t in vocabulary] for s in texts], length)


@wrong("unknown-as-padding")
def zero_for_unknown(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 0) for t in text.lower().split()] for text in texts], length)


@wrong("unknown-raises")
def plain_lookup(texts, vocabulary, length):
    return filled([[vocabulary[t] for t in text.lower().split()] for text in texts], length)


@wrong("padded-in-front")
def in_front(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in text.lower().split()][:length] for text in texts]
    return np.array([[0] * (length - len(row)) + row for row in rows])


@wrong("padded-with-unknown")
def ones(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 1) for t in text.lower().split()] for text in texts], length, 1)


@wrong("cut-at-front")
def last_tokens(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 1) for t in s.lower().split()][-length:] for s in texts], length)


@wrong("not-cut")
def no_slice(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        numbers = [vocabulary.get(t, 1) for t in text.lower().split()]
        X[i, : len(numbers)] = numbers
    return X


@wrong("not-cut")
def only_padded(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in text.lower().split()] for text in texts]
    return [row + [0] * (length - len(row)) for row in rows]


@wrong("not-padded")
def only_cut(texts, vocabulary, length):
    return [[vocabulary.get(t, 1) for t in text.lower().split()[:length]] for text in texts]


@wrong("not-padded")
def neither(texts, vocabulary, length):
    return [[vocabulary.get(t, 1) for t in text.lower().split()] for text in texts]


@wrong("padded-to-longest")
def as_long_as_needed(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in text.lower().split()] for text in texts]
    return filled(rows, max([len(row) for row in rows]))


@wrong("wrong-type")
def floats(texts, vocabulary, length):
    X = np.zeros((len(texts), length))
    for i, row in enumerate(right_lists(texts, vocabulary, length)):
        X[i] = row
    return X


@wrong("characters-instead-of-tokens")
def letters(texts, vocabulary, length):
    return filled([[vocabulary.get(c, 1) for c in text.lower()] for text in texts], length)


@wrong("split-at-single-spaces")
def one_space(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 1) for t in text.lower().split(" ")] for text in texts], length)


@wrong("rows-and-columns-swapped")
def columns(texts, vocabulary, length):
    return np.array(right_lists(texts, vocabulary, length)).T


@wrong("case-kept + padded-in-front")
def two_mistakes(texts, vocabulary, length):
    rows = [[vocabulary.get(t, 1) for t in text.split()][:length] for text in texts]
    return np.array([[0] * (length - len(row)) + row for row in rows])


@wrong("unknown-as-padding + cut-at-front")
def two_others(texts, vocabulary, length):
    return filled([[vocabulary.get(t, 0) for t in s.lower().split()][-length:] for s in texts], length)


@wrong("changes-its-input")
def learns_new_words(texts, vocabulary, length):
    return filled([[vocabulary.setdefault(t, 1) for t in s.lower().split()] for s in texts], length)


@wrong("only-one-text")
def returns_early(texts, vocabulary, length):
    X = np.zeros((len(texts), length), dtype=int)
    for i, text in enumerate(texts):
        numbers = [vocabulary.get(t, 1) for t in text.lower().split()[:length]]
        X[i, : len(numbers)] = numbers
        return X
