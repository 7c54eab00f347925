"""The exercise `build_vocabulary`: a number for every token that is frequent enough."""

from __future__ import annotations

from collections import Counter
from typing import Any

from nnlab.exercises.catalogue.shared.texts import OTHERS, REVIEWS, as_written
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe


def numbered(f: Function, texts: list[str], min_count: int) -> Any:
    """Return the vocabulary as text, in the order of its numbers."""
    vocabulary = f(texts, min_count)
    seen = as_written(vocabulary)
    return {"vocabulary": seen} if isinstance(seen, str) else vocabulary


def texts(kind: str, label: str, some: tuple[str, ...], min_count: int) -> Probe:
    """Return a probe with these texts."""
    return Probe(f"{label}, min_count = {min_count}", (list(some), min_count), kind, numbered)


@exercise(
    notebook=16,
    order=1,
    returns="vocabulary",
    probes=(
        texts("example", "two short texts", ("Not good , not bad", "a good film"), 1),
        texts("example", "two short texts", ("Not good , not bad", "a good film"), 2),
        texts("main", "four reviews", REVIEWS, 2),
        texts("main", "four reviews", REVIEWS, 1),
        texts("main", "four reviews", REVIEWS, 3),
        texts("other", "five texts, one of them empty", OTHERS, 2),
        texts("other", "five texts, one of them empty", OTHERS, 1),
        texts("extreme", "no text at all", (), 1),
        texts("extreme", "a single text that is empty", ("",), 1),
        texts("extreme", "no token is frequent enough", ("a b", "b c"), 3),
    ),
    hints=(
        "Count first, number afterwards. Which tokens does `text.lower().split()` give for the first text of "
        "the example, and how often does each occur in both texts together?",
        "`collections.Counter` counts; a token that occurs exactly min_count times stays. For the order, "
        "`sorted` takes a `key`, which may be a tuple: the first entry decides, the second among equals.",
        "One Counter over all tokens of all texts; a list of those that stay, sorted by the tuple of minus "
        "the count and the token itself; the two special tokens in front of it. `enumerate` then gives "
        "every token its number.",
    ),
    why="Sorting by (-count, token) puts the most frequent first and leaves nothing to chance: the same "
    "texts give the same numbers on every machine, so a saved model still fits its vocabulary.",
)
def build_vocabulary(texts, min_count):
    """Return a dict that gives every frequent token its number.

    The tokens are those of text.lower().split(). "<pad>" is 0, "<unk>" is 1; from 2 on, without gaps, follow
    the tokens that occur at least min_count times in all texts together: the most frequent first, equally
    frequent ones in the order in which Python sorts strings. texts: a list of strings, which may be empty.
    """
    counts = Counter(token for text in texts for token in text.lower().split())
    kept = [token for token in counts if counts[token] >= min_count]
    kept.sort(key=lambda token: (-counts[token], token))
    return {token: number for number, token in enumerate(["<pad>", "<unk>", *kept])}


COUNTS = "counts = Counter(token for text in texts for token in text.lower().split())"
TOKENS = "text.lower().split()"
KEPT = "kept = [token for token in counts if counts[token] >= min_count]"
SORT = "kept.sort(key=lambda token: (-counts[token], token))"
KEY = "(-counts[token], token)"
SPECIAL = '["<pad>", "<unk>", *kept]'
NUMBERED = f"{{token: number for number, token in enumerate({SPECIAL})}}"

mistake(
    build_vocabulary,
    "case-kept",
    "text.lower() → text",
    says="Capitals are kept, so `The` and `the` are two tokens. At the beginning of a sentence every word "
    "would be a rare word of its own. Lower the text before it is split.",
)
mistake(
    build_vocabulary,
    "lowered-after-counting",
    alone=(
        (
            "text.lower() → text",
            f"return {NUMBERED} → return {{token.lower(): number for number, token in enumerate({SPECIAL})}}",
        ),
        (
            "text.lower() → text",
            f"{KEPT} → counts = {{token.lower(): count for token, count in counts.items()}}\n    {KEPT}",
        ),
    ),
    says="The tokens are lowered only after they have been counted: `The` and `the` are counted as two, and "
    "then one overwrites the other. Lower the text first, so that their counts add up.",
)
mistake(
    build_vocabulary,
    "ties-not-alphabetical",
    f"{KEY} → -counts[token]",
    "kept.sort(key=lambda token: (-counts[token], token)) → "
    "kept.sort(key=lambda token: (counts[token], token), reverse=True)",
    alone=(
        f"{KEY} → (-counts[token], len(token), token)",
        f"{KEY} → (-counts[token], len(token))",
        f"{KEY} → (-counts[token], token.strip('().,'))",
    ),
    says="Tokens that occur equally often are not in alphabetical order. `sorted` with the count alone, and "
    "`most_common`, leave them as they first came; `reverse=True` reverses the alphabet, too. Otherwise "
    "the numbers depend on the order of the texts.",
)
mistake(
    build_vocabulary,
    "special-tokens-missing",
    f"{SPECIAL} → kept",
    f"enumerate({SPECIAL}) → enumerate(kept, start=2)",
    f"{SPECIAL} → ['<pad>', *kept]",
    f"{SPECIAL} → ['<unk>', *kept]",
    f"enumerate({SPECIAL}) → enumerate(kept, start=1)",
    alone=(
        f"enumerate({SPECIAL}) → enumerate(['<pad>', *kept], start=1)",
        f"enumerate({SPECIAL}) → enumerate(['<unk>', *kept], start=1)",
        f"return {NUMBERED} → return {{'<pad>': 0, **{{t: i for i, t in enumerate(kept, start=2)}}}}",
    ),
    says='The special tokens are not both there. "<pad>" (number 0) fills up short texts, and "<unk>" '
    "(number 1) stands for every word that is not in the vocabulary; without it, the first new word of a "
    "new text has no number.",
)
mistake(
    build_vocabulary,
    "special-tokens-swapped",
    '"<pad>", "<unk>" → "<unk>", "<pad>"',
    says='The special tokens have each other\'s numbers: "<pad>" is 0 and "<unk>" is 1.',
)
mistake(
    build_vocabulary,
    "special-tokens-last",
    f'{SPECIAL} → [*kept, "<pad>", "<unk>"]',
    says='The special tokens come behind all others. "<pad>" is 0 and "<unk>" is 1, so that these numbers '
    "are the same for every vocabulary.",
)
mistake(
    build_vocabulary,
    "special-tokens-misspelled",
    '"<pad>", "<unk>" → "<PAD>", "<UNK>"',
    '"<pad>", "<unk>" → "pad", "unk"',
    alone=(
        '"<pad>", "<unk>" → "[PAD]", "[UNK]"',
        '"<pad>", "<unk>" → "PAD", "UNK"',
        '"<pad>", "<unk>" → "<padding>", "<unknown>"',
        '"<pad>", "<unk>" → "<pad>", "<oov>"',
        '"<pad>", "<unk>" → "<pad>", "<unknown>"',
    ),
    says='The special tokens are there, but are not spelled "<pad>" and "<unk>". Whoever looks them up by '
    "these names does not find them.",
)
mistake(
    build_vocabulary,
    "further-tokens-added",
    '"<pad>", "<unk>" → "<pad>", "<unk>", "<bos>", "<eos>"',
    alone=(
        '"<pad>", "<unk>" → "<pad>", "<unk>", ""',
        '"<pad>", "<unk>" → "<pad>", "<unk>", "<eos>"',
        '"<pad>", "<unk>" → "<pad>", "<unk>", "<s>", "</s>"',
        '"<pad>", "<unk>" → "<pad>", "<unk>", "<sos>", "<eos>"',
    ),
    says='There are tokens that no text holds, beside "<pad>" and "<unk>". These two are the only special '
    "ones here.",
)
mistake(
    build_vocabulary,
    "min-count-ignored",
    " if counts[token] >= min_count → ",
    says="Rare tokens are kept: min_count makes no difference. A word that was seen once has a vector that "
    "was hardly trained; it is better served by <unk>.",
)
mistake(
    build_vocabulary,
    "no-tokens-kept",
    f"{KEPT} → kept = []",
    says="The vocabulary never has any token but the special ones. Print the counts, and what is left after "
    "the rare tokens are dropped, for the example below.",
)
mistake(
    build_vocabulary,
    "always-empty",
    alone=(f"return {NUMBERED} → return {{}}",),
    says="The dict is always empty: nothing is ever put into it, or another dict is filled than the one that "
    "is returned.",
)
mistake(
    build_vocabulary,
    "min-count-off-by-one",
    "counts[token] >= min_count → counts[token] > min_count",
    "counts[token] >= min_count → counts[token] >= min_count - 1",
    says="The limit is off by one: a token that occurs exactly min_count times stays, and one that occurs "
    "less often does not.",
)
mistake(
    build_vocabulary,
    "min-count-hard-coded",
    ">= min_count → >= 2",
    ">= min_count → > 2",
    says="How often a token has to occur is written as a number. The argument min_count says it.",
)
mistake(
    build_vocabulary,
    "frequent-and-rare-swapped",
    "counts[token] >= min_count → counts[token] < min_count",
    "counts[token] >= min_count → counts[token] <= min_count",
    "counts[token] >= min_count → counts[token] == min_count",
    says="Frequent tokens are dropped: those that occur more often than min_count should stay as well.",
)
mistake(
    build_vocabulary,
    "texts-counted",
    f"{TOKENS} → set({TOKENS})",
    says="Each text counts a token once, however often it occurs there. Asked for is how often it occurs in "
    "all texts together. (The number of texts is what TF-IDF needs.)",
)
mistake(
    build_vocabulary,
    "counted-within-each-text",
    f"{COUNTS} → counts = {{}}\n    for text in texts:\n"
    f"        for token, count in Counter({TOKENS}).items():\n"
    "            counts[token] = max(count, counts.get(token, 0))",
    alone=(
        f"{COUNTS} → counts = {{}}\n    for text in texts:\n        counts.update(Counter({TOKENS}))",
        (
            f"{KEPT} → kept = "
            "[t for t in counts if any(x.lower().split().count(t) >= min_count for x in texts)]",
        ),
    ),
    says="Tokens are counted within each text, and the counts are not added up. A `dict.update` overwrites "
    "them; a single `Counter` for all texts adds.",
)
mistake(
    build_vocabulary,
    "only-last-text",
    f"{COUNTS} → counts = {{}}\n    for text in texts:\n        counts = Counter({TOKENS})",
    alone=(
        f"{COUNTS} → if not texts: return None\n"
        f"    counts = Counter(token for text in texts[:1] for token in {TOKENS})",
        f"{COUNTS} → counts = Counter(token for text in texts[:1] for token in {TOKENS})",
    ),
    says="Only one text is counted: the counter is made again for every text, or the function returns too "
    "early. Make it once, before the loop.",
)
mistake(
    build_vocabulary,
    "substrings-counted",
    f"{KEPT} → counts = {{token: ' '.join(texts).lower().count(token) for token in counts}}\n    {KEPT}",
    says="A token is counted wherever its letters occur, inside other tokens too: `text.count('a')` looks "
    "for letters, not for tokens. Count in the list that `split` gives.",
)
mistake(
    build_vocabulary,
    "rare-tokens-as-unknown",
    f"return {NUMBERED} → return {{**dict.fromkeys(counts, 1), **{NUMBERED}}}",
    says="Rare tokens are in the dict, with the number of <unk>. They should not be there at all: whoever "
    "looks them up then finds them unknown, and the length of the dict is the number of rows that an "
    "embedding needs.",
)
mistake(
    build_vocabulary,
    "rarest-first",
    f"{KEY} → (counts[token], token)",
    says="The rarest tokens come first. The most frequent ones should have the smallest numbers: sort by "
    "minus the count.",
)
mistake(
    build_vocabulary,
    "alphabetical-order",
    f"{KEY} → token",
    says="The tokens are in alphabetical order only. The count comes first; the alphabet decides only among "
    "tokens that occur equally often.",
)
mistake(
    build_vocabulary,
    "not-sorted",
    f"{SORT} → pass",
    says="The tokens come in the order of their first occurrence. Sort them: the most frequent first.",
)
mistake(
    build_vocabulary,
    "numbers-off-by-one",
    f"enumerate({SPECIAL}) → enumerate({SPECIAL}, start=1)",
    f"return {NUMBERED} → return {{'<pad>': 0, '<unk>': 1, **{{t: i for i, t in enumerate(kept, start=3)}}}}",
    says="The numbers are shifted: the first frequent token should have number 2, right behind <pad> (0) and "
    "<unk> (1). `enumerate` begins with 0 unless `start` says otherwise.",
)
mistake(
    build_vocabulary,
    "numbers-collide",
    f"return {NUMBERED} → return {{'<pad>': 0, '<unk>': 1, **{{t: i for i, t in enumerate(kept)}}}}",
    f"return {NUMBERED} → return {{'<pad>': 0, '<unk>': 1, **{{t: i for i, t in enumerate(kept, start=1)}}}}",
    f"return {NUMBERED} → return {{'<pad>': 0, '<unk>': 1, **{{t: counts[t] for t in kept}}}}",
    says="Two tokens have the same number, so a network cannot keep them apart. The numbers 0 and 1 belong "
    "to the special tokens; the others begin with 2, each with its own.",
)
mistake(
    build_vocabulary,
    "gaps-in-numbers",
    (
        f"{KEPT} → kept = list(counts)",
        f"{SORT} → pass",
        f"{SPECIAL})}} → {SPECIAL}) if number < 2 or counts[token] >= min_count}}",
    ),
    alone=(
        (
            f"{KEPT} → kept = list(counts)",
            f"{SORT} → kept.sort()",
            f"{SPECIAL})}} → {SPECIAL}) if number < 2 or counts[token] >= min_count}}",
        ),
    ),
    says="The tokens get their numbers too early: before the rare ones are dropped, which leaves gaps (rows "
    "of the embedding that no token uses), and before they are sorted by count. Count, drop, sort, and only "
    "then number.",
)
mistake(
    build_vocabulary,
    "counts-instead-of-numbers",
    f"return {NUMBERED} → return {{token: counts[token] for token in kept}}",
    alone=(f"return {NUMBERED} → return counts",),
    says="The dict says how often each token occurs. It should say which number stands for it.",
)
mistake(
    build_vocabulary,
    "numbers-as-keys",
    "{token: number for → {number: token for",
    says="Keys and values are exchanged: the dict leads from numbers to tokens. A text is to become numbers, "
    "so the tokens are the keys.",
)
mistake(
    build_vocabulary,
    "characters-instead-of-tokens",
    "text.lower().split() → text.lower()",
    alone=("text.lower().split() → text.lower().replace(' ', '')",),
    says="The characters are counted: a loop over a string gives one character after the other. `split` "
    "makes tokens of it.",
)
mistake(
    build_vocabulary,
    "split-at-single-spaces",
    ".split() → .split(' ')",
    says="The text is split at single spaces: two of them in a row then enclose an empty token, and tabs and "
    "line breaks stay within tokens. `split()` without an argument splits at any white space.",
)
mistake(
    build_vocabulary,
    "punctuation-removed",
    "text.lower().split() → ''.join(c for c in text.lower() if c.isalnum() or c.isspace()).split()",
    alone=(
        "text.lower().split() → [t for t in text.lower().split() if t.isalpha()]",
        "text.lower().split() → [t for t in text.lower().split() if t.isalnum()]",
        "text.lower().split() → [t.strip('.,!?;:') for t in text.lower().split()]",
        "text.lower().split() → list(filter(None, (t.strip('.,!?;:()') for t in text.lower().split())))",
        "text.lower().split() → __import__('re').findall(r'\\w+', text.lower())",
        "text.lower().split() → __import__('re').findall(r'[a-z]+', text.lower())",
        "text.lower().split() → __import__('re').findall(r\"[a-z']+\", text.lower())",
        "text.lower().split() → __import__('re').findall(r\"[\\w']+\", text.lower())",
        "text.lower().split() → __import__('re').findall(r'\\b\\w\\w+\\b', text.lower())",
        "text.lower().split() → __import__('re').sub(r'[^\\w\\s]', '', text.lower()).split()",
        "text.lower().split() → __import__('re').sub(r'[^\\w\\s]', ' ', text.lower()).split()",
        "text.lower().split() → __import__('re').sub(r'[^a-z\\s]', '', text.lower()).split()",
        "text.lower().split() → __import__('re').sub(r'[^a-z0-9\\s]', '', text.lower()).split()",
        "text.lower().split() → __import__('re').sub(r\"[^a-z0-9' ]\", ' ', text.lower()).split()",
    ),
    says="Punctuation, or other characters, are taken out of the tokens. That may be wise elsewhere, but "
    "whoever encodes a text has to split it in exactly the same way, and asked for is "
    "`text.lower().split()`: there a comma or `(ant)` is a token.",
)
mistake(
    build_vocabulary,
    "some-tokens-dropped",
    f"{TOKENS} → [t for t in {TOKENS} if len(t) > 1]",
    alone=(
        f"{TOKENS} → [t for t in {TOKENS} if len(t) > 2]",
        f"{TOKENS} → [t for t in {TOKENS} if t not in ('a', 'the', 'is', 'and', 'it')]",
        f"{TOKENS} → [t for t in {TOKENS} if t not in ('a', 'an', 'the')]",
    ),
    says="Short or common tokens are left out. Every token counts here, however short: `not` and `a` may "
    "matter, and what does not is for the network to find out.",
)
mistake(
    build_vocabulary,
    "min-count-taken-for-size",
    f"{KEPT}\n    {SORT} → kept = [token for token, _ in counts.most_common(min_count)]",
    alone=(f"{KEPT}\n    {SORT} → kept = sorted(counts, key=lambda token: {KEY})[:min_count]",),
    says="min_count is taken for the number of tokens that stay. It says how often a token has to occur.",
)
mistake(
    build_vocabulary,
    "wrong-type",
    "{token: number for → {token: float(number) for",
    alone=("{token: number for → {token: str(number) for",),
    says="The numbers are floats, or text. They become indices of rows of an embedding, so they have to be "
    "integers.",
)
