from collections import Counter, OrderedDict, defaultdict
from itertools import chain

import numpy as np
import pandas as pd
from attempts import wrong


def right_plain_dict(texts, min_count):
    counts = {}
    for text in texts:
        for token in text.lower().split():
            counts[token] = counts.get(token, 0) + 1
    vocabulary = {"<pad>": 0, "<unk>": 1}
    for token, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        if count >= min_count:
            vocabulary[token] = len(vocabulary)
    return vocabulary


def right_sorted_twice(texts, min_count):
    counts = Counter(" ".join(texts).lower().split())
    tokens = sorted(counts)
    tokens.sort(key=counts.get, reverse=True)
    tokens = ["<pad>", "<unk>"] + [t for t in tokens if counts[t] >= min_count]
    return dict(zip(tokens, range(len(tokens)), strict=True))


def right_defaultdict(texts, min_count):
    counts = defaultdict(int)
    for text in texts:
        for token in str.split(str.lower(text)):
            counts[token] += 1
    vocabulary = defaultdict(lambda: 1)
    vocabulary["<pad>"], vocabulary["<unk>"] = 0, 1
    kept = [t for t, c in counts.items() if not c < min_count]
    for i, token in enumerate(sorted(kept, key=lambda t: (-counts[t], t)), start=2):
        vocabulary[token] = np.int64(i)
    return vocabulary


def right_numpy(texts, min_count):
    tokens = [token for text in texts for token in text.lower().split()]
    vocabulary = OrderedDict({"<unk>": 1, "<pad>": 0})
    if tokens:
        unique, counts = np.unique(tokens, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        kept = unique[order][counts[order] >= min_count]
        vocabulary.update({token: np.int32(i) for i, token in enumerate(kept, 2)})
    return vocabulary


def right_counter_of_numbers(texts, min_count):
    counts = Counter(chain.from_iterable(text.lower().split() for text in texts))
    ranked = sorted(((-n, token) for token, n in counts.items() if n >= min_count))
    return Counter({"<pad>": 0, "<unk>": 1} | {token: i + 2 for i, (_, token) in enumerate(ranked)})


def right_pandas(texts, min_count):
    tokens = pd.Series([t for text in texts for t in text.lower().split()], dtype=str)
    counts = tokens.groupby(tokens).size().sort_index().sort_values(ascending=False, kind="stable")
    kept = counts[counts >= min_count].index
    return {"<pad>": 0, "<unk>": 1, **{token: 2 + i for i, token in enumerate(kept)}}


def right_keys_backwards(texts, min_count):
    vocabulary = right_plain_dict(texts, min_count)
    return {token: vocabulary[token] for token in sorted(vocabulary, reverse=True)}


def finished(tokens):
    return {token: i for i, token in enumerate(["<pad>", "<unk>", *tokens])}


@wrong("case-kept")
def no_lower(texts, min_count):
    counts = Counter(t for text in texts for t in text.split())
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t)))


@wrong("ties-not-alphabetical")
def most_common(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    return finished([t for t, c in counts.most_common() if c >= min_count])


@wrong("ties-not-alphabetical")
def reversed_pairs(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    pairs = sorted(((c, t) for t, c in counts.items() if c >= min_count), reverse=True)
    return finished([t for _, t in pairs])


@wrong("special-tokens-missing")
def no_special(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    kept = sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t))
    return {t: i for i, t in enumerate(kept)}


@wrong("special-tokens-missing")
def only_room_for_them(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    kept = sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t))
    return {t: i + 2 for i, t in enumerate(kept)}


@wrong("special-tokens-swapped")
def unknown_first(texts, min_count):
    vocabulary = right_plain_dict(texts, min_count)
    return {**vocabulary, "<unk>": 0, "<pad>": 1}


@wrong("min-count-ignored")
def everything(texts, min_count):
    return right_plain_dict(texts, 1)


@wrong("min-count-off-by-one")
def more_than(texts, min_count):
    return right_plain_dict(texts, min_count + 1)


@wrong("texts-counted")
def by_text(texts, min_count):
    counts = Counter()
    for text in texts:
        counts.update(set(text.lower().split()))
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t)))


@wrong("rarest-first")
def rising(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (counts[t], t)))


@wrong("alphabetical-order")
def only_sorted(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    return finished(sorted(t for t in counts if counts[t] >= min_count))


@wrong("not-sorted")
def as_they_come(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    return finished([t for t in counts if counts[t] >= min_count])


@wrong("numbers-collide")
def starts_at_one(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    vocabulary = {"<pad>": 0, "<unk>": 1}
    kept = sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t))
    for i, token in enumerate(kept, start=1):
        vocabulary[token] = i
    return vocabulary


@wrong("characters-instead-of-tokens")
def letters(texts, min_count):
    counts = Counter()
    for text in texts:
        counts.update(text.lower())
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t)))


@wrong("split-at-single-spaces")
def one_space(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split(" "))
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t)))


@wrong("numbers-as-keys")
def turned_round(texts, min_count):
    return {number: token for token, number in right_plain_dict(texts, min_count).items()}


@wrong("only-last-text")
def made_again(texts, min_count):
    counts = Counter()
    for text in texts:
        counts = Counter(text.lower().split())
    return finished(sorted((t for t in counts if counts[t] >= min_count), key=lambda t: (-counts[t], t)))


@wrong("wrong-type")
def a_list(texts, min_count):
    return list(right_plain_dict(texts, min_count))


@wrong("case-kept + ties-not-alphabetical")
def two_mistakes(texts, min_count):
    counts = Counter(t for text in texts for t in text.split())
    return finished([t for t, c in counts.most_common() if c >= min_count])


@wrong("special-tokens-missing + min-count-off-by-one")
def two_others(texts, min_count):
    counts = Counter(t for text in texts for t in text.lower().split())
    kept = sorted((t for t in counts if counts[t] > min_count), key=lambda t: (-counts[t], t))
    return {t: i for i, t in enumerate(kept)}
