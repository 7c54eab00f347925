"""The exercise `encode`: texts as rows of numbers, all of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.exercises.catalogue.shared.texts import OTHERS, REVIEWS, rows_as_text
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import INTEGERS, WORDS, Probe, kind_of

FILM = {"<pad>": 0, "<unk>": 1, "film": 2, "good": 3, "not": 4}
SEEN = ("good", "a", "is", "film", ",", "very", "the", "thin", "plot", "?", "gOOD", "o", " ", "")
NUMBERS = {"<pad>": 0, "<unk>": 1} | {token: 2 + i for i, token in enumerate(SEEN)}
ANIMALS = {"bee": 7, "<unk>": 1, "zoo": 3, "ant": 2, "éclair": 5, "<pad>": 0, "Bee": 4, "(ant)": 6, "t": 8}


@dataclass(frozen=True)
class TextSizes:
    """The sizes of one probe: texts, and tokens in each row."""

    m: int
    length: int


def encoded(f: Function, texts: list[str], vocabulary: dict[str, int], length: int) -> dict[str, Any]:
    """Return the rows, what kind of numbers they are, and their text where they make no array."""
    X = f(texts, vocabulary, length)
    try:
        kind = kind_of(X) if np.asarray(X).size else INTEGERS
    except ValueError:
        return {"X": X, "kind": INTEGERS, "words": "", "ragged": rows_as_text(X)}
    return {"X": X, "kind": kind, "words": rows_as_text(X) if kind == WORDS else "", "ragged": ""}


def texts(kind: str, label: str, some: tuple[str, ...], vocabulary: dict[str, int], length: int) -> Probe:
    """Return a probe with these texts."""
    sizes = TextSizes(m=len(some), length=length)
    return Probe(f"{label}, length = {length}", (list(some), vocabulary, length), kind, encoded, sizes=sizes)


@exercise(
    notebook=16,
    order=2,
    returns="X",
    words={
        "words": "X should hold numbers, but yours holds text.",
        "ragged": "The rows should all have `length` numbers; yours: {got}.",
    },
    probes=(
        texts("example", "two texts", ("A good film", "Not good not bad film"), FILM, 4),
        texts("main", "four reviews", REVIEWS, NUMBERS, 7),
        texts("main", "four reviews", REVIEWS, NUMBERS, 5),
        texts("main", "four reviews", REVIEWS, NUMBERS, 12),
        texts("other", "five texts, one of them empty", OTHERS, ANIMALS, 4),
        texts("other", "five texts, one of them empty", OTHERS, ANIMALS, 8),
        texts("other", "five texts, one of them empty", OTHERS, ANIMALS, 1),
        texts("extreme", "a single text, known throughout", ("film good",), FILM, 2),
        texts("extreme", "a single text that is empty", ("",), FILM, 3),
        texts("extreme", "a text of unknown tokens", ("alpha beta gamma", "film"), FILM, 3),
    ),
    hints=(
        "Encode the first text of the example by hand: split it as `build_vocabulary` does, look up each "
        "token, and see what is missing to a row of four numbers. What happens to the second one?",
        "A dict's `get` takes a second argument for keys that are not there. Start from an array of "
        "zeros, shape (m, length), dtype int: then the padding is there already.",
        "One row after the other: split the text, keep the first `length` tokens, look all of them up at "
        "once in a list, and write this list over the beginning of the row, as far as it reaches. An empty "
        "text leaves its row as it is.",
    ),
    why="The zeros stand for <pad>, so only the tokens have to be written; the slice cuts long texts, and "
    "`get` gives every unknown token the number of <unk>.",
)
def encode(texts, vocabulary, length):
    """Return the texts as rows of numbers.

    texts: m strings, vocabulary: dict from token to number with "<pad>": 0 and "<unk>": 1, length: integer
    -> X: (m, length) of integers: the first `length` tokens of text.lower().split(), unknown ones as 1,
    padded behind with 0.
    """
    X = np.full((len(texts), length), 0)
    for i, text in enumerate(texts):
        tokens = text.lower().split()[:length]
        X[i, : len(tokens)] = [vocabulary.get(token, 1) for token in tokens]
    return X


TOKENS = "text.lower().split()[:length]"
PLACE = "X[i, : len(tokens)]"
NUMBERED = "[vocabulary.get(token, 1) for token in tokens]"
FILLED = "np.full((len(texts), length), 0)"
KNOWN = "[vocabulary[token] for token in tokens if token in vocabulary]"

mistake(
    encode,
    "case-kept",
    "text.lower() → text",
    says="Capitals are kept. The vocabulary holds small letters only, so the first word of nearly every "
    "sentence is unknown. Lower the text as it was done when the vocabulary was built.",
)
mistake(
    encode,
    "unknown-dropped",
    f"tokens = {TOKENS} → tokens = [t for t in text.lower().split() if t in vocabulary][:length]",
    f"tokens = {TOKENS} → tokens = [t for t in {TOKENS} if t in vocabulary]",
    says="Unknown tokens are left out. Then what came before and after them seems to be neighbors, and "
    "nobody sees that something was there; they are written as 1.",
)
mistake(
    encode,
    "unknown-as-padding",
    "get(token, 1) → get(token, 0)",
    says="Unknown tokens become 0, which is padding. Whatever masks the padding would then hide words in the "
    "middle of a text; unknown ones are 1.",
)
mistake(
    encode,
    "unknown-given-another-number",
    "get(token, 1) → get(token, len(vocabulary))",
    "get(token, 1) → get(token, -1)",
    "get(token, 1) → get(token, 2)",
    says="Unknown tokens get a number that is not theirs. All of them are 1, <unk>; a number outside the "
    "vocabulary has no row in the embedding.",
)
mistake(
    encode,
    "unknown-is-none",
    alone=(
        "vocabulary.get(token, 1) → vocabulary.get(token)",
        (
            f"{FILLED} → [[]] * len(texts)",
            f"{PLACE} = {NUMBERED} → X[i] = [vocabulary.get(token) for token in tokens] "
            "+ [0] * (length - len(tokens))",
        ),
    ),
    says="Unknown tokens become None: that is what `get` gives for a key that is not there, unless its "
    "second argument says otherwise. They should be 1.",
)
mistake(
    encode,
    "unknown-raises",
    "vocabulary.get(token, 1) → vocabulary[token]",
    says="A token that is not in the vocabulary raises a KeyError. New texts always hold new words: "
    "look them up so that they become 1.",
)
mistake(
    encode,
    "padded-in-front",
    f"{PLACE} → X[i, length - len(tokens) :]",
    says="The padding stands in front, and the text at the end of the row. Here it stands behind: the first "
    "steps are the text, as `masked_mean` and PyTorch's packing expect it.",
)
mistake(
    encode,
    "padded-with-unknown",
    f"{FILLED} → np.full((len(texts), length), 1)",
    f"{FILLED} → np.ones((len(texts), length), dtype=int)",
    says="Short texts are filled up with 1, which means an unknown word. Padding is 0: nothing is there.",
)
mistake(
    encode,
    "padded-with-another-number",
    f"{FILLED} → np.full((len(texts), length), -1)",
    f"{FILLED} → np.full((len(texts), length), len(vocabulary))",
    alone=(f"{FILLED} → np.full((len(texts), length), 2)",),
    says="Short texts are filled up with a number that is not that of <pad>. Padding is 0.",
)
mistake(
    encode,
    "cut-at-front",
    "[:length] → [-length:]",
    says="Long texts lose their beginning. They should keep the first `length` tokens.",
)
mistake(
    encode,
    "cut-off-by-one",
    "[:length] → [: length - 1]",
    says="A long text is cut one token too early: the last place of its row stays empty. A slice leaves out "
    "its end already, so `[:length]` has `length` tokens.",
)
mistake(
    encode,
    "not-cut",
    "[:length] → ",
    (
        f"{TOKENS} → text.lower().split()",
        f"{FILLED} → [[0] * length for _ in texts]",
        f"{PLACE} → X[i][: len(tokens)]",
    ),
    alone=(
        (
            f"{TOKENS} → text.lower().split()",
            f"{PLACE} = {NUMBERED} → for j, token in enumerate(tokens): X[i, j] = vocabulary.get(token, 1)",
        ),
        (
            f"{TOKENS} → text.lower().split()",
            f"{FILLED} → np.full((len(texts), max([length, *(len(t.split()) for t in texts)])), 0)",
        ),
    ),
    says="Long texts are not cut: a text of more than `length` tokens does not fit into its row. Only its "
    "first `length` tokens count.",
)
mistake(
    encode,
    "not-padded",
    (f"{FILLED} → [0] * len(texts)", f"{PLACE} → X[i]"),
    alone=((f"{TOKENS} → text.lower().split()", f"{FILLED} → [0] * len(texts)", f"{PLACE} → X[i]"),),
    says="The rows have different lengths: short texts are not filled up. Every row has `length` numbers, "
    "with 0 behind a short text, so that all together make one array.",
)
mistake(
    encode,
    "padded-to-longest",
    f"{FILLED} → np.full((len(texts), max([0, *(len(t.split()[:length]) for t in texts)])), 0)",
    alone=(
        (
            f"{TOKENS} → text.lower().split()",
            f"{FILLED} → np.full((len(texts), max([0, *(len(t.split()) for t in texts)])), 0)",
        ),
    ),
    says="The rows are as long as the longest of the texts. They should have `length` numbers, so that every "
    "batch has the same shape whatever texts are in it.",
)
mistake(
    encode,
    "characters-instead-of-tokens",
    "text.lower().split() → text.lower()",
    alone=("text.lower().split() → list(text.lower().replace(' ', ''))",),
    says="The characters are looked up: a loop over a string, or a slice of it, gives characters. `split` "
    "makes tokens of it first.",
)
mistake(
    encode,
    "cut-before-split",
    "text.lower().split()[:length] → text[:length].lower().split()",
    says="The first `length` characters are kept, and only they are split. Split first, then cut the list of "
    "tokens.",
)
mistake(
    encode,
    "split-at-single-spaces",
    ".split() → .split(' ')",
    says="The text is split at single spaces: two of them in a row enclose an empty token, an empty text has "
    "one, and tabs and line breaks stay within tokens. `split()` without an argument splits at any white "
    "space.",
)
mistake(
    encode,
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
        "text.lower().split() → __import__('re').sub(r'[^\\w\\s]', ' ', text.lower()).split()",
        "text.lower().split() → __import__('re').sub(r'[^a-z\\s]', '', text.lower()).split()",
    ),
    says="Punctuation, or other characters, are taken out before the tokens are looked up. The vocabulary "
    "was built from `text.lower().split()`; split in another way, tokens that it knows are not found, and "
    "others move to other places.",
)
mistake(
    encode,
    "repeated-tokens-dropped",
    "text.lower().split() → list(dict.fromkeys(text.lower().split()))",
    alone=(
        "text.lower().split()[:length] → list(dict.fromkeys(text.lower().split()[:length]))",
        (
            f"{TOKENS} → text.lower().split()",
            f"{PLACE} = {NUMBERED} → numbers = list(dict.fromkeys({NUMBERED}))[:length]\n"
            "        X[i, : len(numbers)] = numbers",
        ),
        f"{PLACE} = {NUMBERED} → numbers = list(dict.fromkeys({NUMBERED}))\n"
        "        X[i, : len(numbers)] = numbers",
    ),
    says="A token that comes again in a text is dropped. The rows are the texts, word for word: repetitions "
    "and order stay.",
)
mistake(
    encode,
    "order-lost",
    f"{NUMBERED} → sorted({NUMBERED})",
    alone=(
        "text.lower().split() → sorted(text.lower().split())",
        f"{NUMBERED} → sorted({NUMBERED}, reverse=True)",
        f"{NUMBERED} → {NUMBERED}[::-1]",
    ),
    says="The numbers of a row are not in the order of the words. `not good` and `good not` would be the "
    "same text.",
)
mistake(
    encode,
    "rows-and-columns-swapped",
    "return X → return X.T",
    says="Rows and columns are exchanged: X is (m, length), a row for each text.",
)
mistake(
    encode,
    "wrong-type",
    f"{FILLED} → np.zeros((len(texts), length))",
    says="The entries of X are floats: `np.zeros` makes these unless it is given `dtype=int`. As indices of "
    "rows of an embedding, floats are refused.",
)


@mistake(
    encode,
    "numbers-carried-over",
    says="The list of numbers is not emptied: the second text begins with the first one's numbers. Begin "
    "each text with an empty list.",
)
def one_list_for_all(texts, vocabulary, length):
    """Append to one list."""
    X, numbers = np.full((len(texts), length), 0), []
    for i, text in enumerate(texts):
        for token in text.lower().split():
            numbers.append(vocabulary.get(token, 1))
        X[i, : len(numbers)] = numbers[:length]
    return X


mistake(
    encode,
    "nothing-written",
    f"{PLACE} = → _ =",
    says="The rows hold padding only: the numbers of the tokens never reach X. Print what is looked up for a "
    "text, and where it is written to.",
)
mistake(
    encode,
    "only-one-text",
    f"{NUMBERED} → {NUMBERED}\n        break",
    alone=(f"{NUMBERED} → {NUMBERED}\n        return X",),
    says="Only the first text is encoded; all other rows are empty. A `return` or `break` stands inside the "
    "loop.",
)
mistake(
    encode,
    "number-off-by-one",
    "vocabulary.get(token, 1) → vocabulary.get(token, 1) + 1",
    alone=("vocabulary.get(token, 1) → vocabulary.get(token, 1) - 1",),
    says="All numbers are off by one. The vocabulary's numbers are those to be written: 0 and 1 are in it "
    "already.",
)
mistake(
    encode,
    "places-instead-of-numbers",
    "vocabulary.get(token, 1) → (list(vocabulary).index(token) if token in vocabulary else 1)",
    says="A token gets its place among the keys, not its number. The two may agree, but it is the value in "
    "the dict that says which number stands for a token.",
)
mistake(
    encode,
    "bag-of-words",
    alone=(
        (
            f"{TOKENS} → text.lower().split()",
            f"{PLACE} = {NUMBERED} → for number in {NUMBERED}: X[i, number] += 1",
        ),
        (
            f"{TOKENS} → text.lower().split()",
            f"{PLACE} = {NUMBERED} → for number in {NUMBERED}:\n"
            "            if number < length: X[i, number] += 1",
        ),
    ),
    says="The rows count how often each number occurs: a bag of words, as TF-IDF has it. Asked for are the "
    "numbers themselves, in the order of the text.",
)
mistake(
    encode,
    "tokens-not-looked-up",
    alone=(
        (f"{FILLED} → [[]] * len(texts)", f"{PLACE} = {NUMBERED} → X[i] = tokens"),
        (
            f"{FILLED} → [[]] * len(texts)",
            f"{PLACE} = {NUMBERED} → X[i] = tokens + ['<pad>'] * (length - len(tokens))",
        ),
        (
            f"{FILLED} → [[]] * len(texts)",
            f"{PLACE} = {NUMBERED} → X[i] = [t if t in vocabulary else '<unk>' for t in tokens]\n"
            "        X[i] += ['<pad>'] * (length - len(tokens))",
        ),
    ),
    says="The rows hold the tokens themselves. A network computes with numbers: look each token up in the "
    "vocabulary.",
)
mistake(
    encode,
    "long-texts-left-out",
    f"        {PLACE} →         if len(text.split()) <= length: {PLACE}",
    says="Texts of more than `length` tokens stay empty. They should keep their first tokens.",
)
