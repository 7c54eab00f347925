"""The exercise `k_fold`: training and validation rows for cross-validation."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, Sizes, example, extreme


def form(pair: Any) -> str:
    """Describe one of the things that come, by its shape."""
    if isinstance(pair, (tuple, list, np.ndarray)) and len(pair) == 2:
        return "a pair" if all(hasattr(part, "__iter__") for part in pair) else "one array"
    if isinstance(pair, (tuple, list)):
        return f"a {type(pair).__name__} of {len(pair)}"
    return "one array" if isinstance(pair, np.ndarray) else f"of type {type(pair).__name__}"


KINDS = {"i": "integers", "u": "integers", "b": "a mask of True and False", "f": "floats"}


def rows(part: Any) -> tuple[str, list[int]]:
    """Return how the rows of a part are given, and their numbers if these can serve as an index."""
    try:
        numbers = np.array(list(part))
    except ValueError:  # a list of arrays of different lengths
        return "several arrays", []
    if numbers.ndim != 1:
        return "several arrays", []
    kind = KINDS.get(numbers.dtype.kind, "something else") if numbers.size else "integers"
    return kind, [int(number) for number in numbers] if kind == "integers" else []


def one_split(f: Function, m: int, k: int, seed: int) -> dict[str, Any]:
    """Split once and return what came."""
    forms, folds = [], []
    for pair in itertools.islice(f(m, k, np.random.default_rng(seed)), 3 * m + 3):
        forms.append(form(pair))
        if forms[-1] == "a pair":
            folds.append([rows(part) for part in pair])
    kinds = {kind for fold in folds for kind, _ in fold} - {"integers"}
    numbers = [[part for _, part in fold] for fold in folds] if not kinds else []
    return {"forms": forms, "kind": min(kinds, default="integers"), "folds": numbers}


def sizes(splits: list, which: int) -> str:
    """Return the sizes of the folds, largest first, if they are the same for all seeds."""
    found = {tuple(sorted((len(fold[which]) for fold in one["folds"]), reverse=True)[:12]) for one in splits}
    return ", ".join(map(str, found.pop())) if len(found) == 1 else "other ones for every seed"


def splits(f: Function, m: int, k: int) -> dict[str, Any]:
    """Split several times, seeded alike and otherwise, and return what holds for all of them."""
    first = [one_split(f, m, k, seed) for seed in range(3)]
    again = one_split(f, m, k, 0)
    folds = [fold for one in first for fold in one["folds"]]
    validated = [sorted(row for _, validation in one["folds"] for row in validation) for one in first]
    everything = set(range(m))
    counts = [len(validation) for _, validation in first[0]["folds"]]
    return {
        "number of pairs": len(first[0]["forms"]),
        "form of a pair": first[0]["forms"][0] if first[0]["forms"] else "nothing at all",
        "kind": first[0]["kind"],
        "validation sizes": sizes(first, 1),
        "training sizes": sizes(first, 0),
        "sizes differ by one at most": bool(counts) and max(counts) - min(counts) <= 1,
        "between 0 and m - 1": all(set(part) <= everything for fold in folds for part in fold),
        "no row is validated twice": all(len(set(numbers)) == len(numbers) for numbers in validated),
        "every row is validated": all(set(numbers) >= everything for numbers in validated),
        "no row in both": all(not set(training) & set(validation) for training, validation in folds),
        "all others in training": all(
            set(training) >= everything - set(validation) for training, validation in folds
        ),
        "no row twice in training": all(len(set(training)) == len(training) for training, _ in folds),
        **order(first, again, k, m),
    }


def order(first: list, again: dict[str, Any], k: int, m: int) -> dict[str, bool]:
    """Return what the order tells, unless the folds are so small that neighbors meet by chance."""
    if m < 3 * k:
        return {}
    drawn = [[sorted(validation) for _, validation in one["folds"]] for one in first]
    as_they_came = [[validation for _, validation in one["folds"]] for one in first]
    runs = [fold == list(range(fold[0], fold[-1] + 1)) for folds in drawn for fold in folds if len(fold) > 1]
    return {
        "shuffled": not runs or not all(runs),
        "same seed, same folds": drawn[0] == [sorted(validation) for _, validation in again["folds"]],
        "other seed, other folds": any(folds != as_they_came[0] for folds in as_they_came),
    }


def of_pairs(seen: list) -> bool:
    """Whether pairs of row numbers came everywhere, as many as asked for."""
    return all(
        (one["form of a pair"], one["kind"]) == ("a pair", "integers")
        and one["validation sizes"].count(",") == one["training sizes"].count(",") > 0
        for one in seen
    )


def some_twice(seen: list) -> bool:
    """Whether rows are validated twice."""
    return of_pairs(seen) and not any(one["no row is validated twice"] for one in seen)


def some_never(seen: list) -> bool:
    """Whether rows are never validated, and none is twice."""
    return (
        of_pairs(seen)
        and all(one["no row is validated twice"] for one in seen)
        and not any(one["every row is validated"] for one in seen)
    )


def seen_in_training(seen: list) -> bool:
    """Whether validation rows are in training as well, with all others."""
    return of_pairs(seen) and all(one["all others in training"] and not one["no row in both"] for one in seen)


def in_order(seen: list) -> bool:
    """Whether the folds are made of neighbors."""
    return of_pairs(seen) and not any(one.get("shuffled", False) for one in seen)


@exercise(
    notebook=10,
    order=1,
    returns="a list of k pairs",
    words={
        "number of pairs": "There should be {expected} pairs; your function gives {got}.",
        "form of a pair": "Each fold should be {expected}, training rows and validation rows; yours is "
        "{got}.",
        "kind": "The rows should be given as {expected}, their numbers; yours come as {got}.",
        "validation sizes": "The validation parts should have the sizes {expected}; yours: {got}.",
        "training sizes": "The training parts should have the sizes {expected}; yours: {got}.",
        "sizes differ by one at most": "The sizes of the validation parts should differ by at most one.",
        "between 0 and m - 1": "The row numbers should go from 0 to m - 1, but yours leave that range.",
        "no row is validated twice": "No row should be in two validation parts, but some are.",
        "every row is validated": "Every row should be in a validation part, but some are in none.",
        "no row in both": "Training and validation rows of a pair should have no row in common, but they do.",
        "all others in training": "All rows that are not validated should be in training, but some are not.",
        "no row twice in training": "A row should come once in a training part, but some come more often.",
        "shuffled": "The rows should be shuffled, but the folds are made of neighbors.",
        "same seed, same folds": "The same seed should give the same folds, but it does not.",
        "other seed, other folds": "Different seeds should give different folds, but they do not.",
    },
    probes=(
        example(5, 2, observe=splits),
        Probe("23 rows, 5 folds", (23, 5), "main", splits, sizes=Sizes(m=23, n_x=1, n_h=1, n_y=5)),
        Probe("18 rows, 4 folds", (18, 4), "other", splits, sizes=Sizes(m=18, n_x=1, n_h=1, n_y=4)),
        extreme("m is a multiple of k", 12, 3, observe=splits),
        extreme("two folds", 9, 2, observe=splits),
        extreme("as many folds as rows", 6, 6, observe=splits),
        extreme("more than half as many folds as rows", 9, 6, observe=splits),
    ),
    hints=(
        "Shuffle the row indices once, and cut them into k pieces. Each piece is the validation part of "
        "one pair.",
        "`np.array_split` cuts an array into k pieces whose sizes differ by one at most. The training rows "
        "of a pair are all pieces but one.",
        "Loop over i: piece i is for validation. `np.concatenate` joins the list of the pieces before it "
        "and those after it to the training rows. Collect the pairs, training rows first, and return them "
        "after the loop.",
    ),
    why="One permutation is cut up once, so every row is validated exactly once; `array_split` spreads "
    "what is left over.",
)
def k_fold(m, k, rng):
    """Return k pairs (training rows, validation rows) of the row numbers 0 … m - 1, shuffled by rng.

    Every row is in one validation part, their sizes differ by one at most, and all others are training rows.
    """
    folds = np.array_split(rng.permutation(m), k)
    pairs = []
    for i in range(k):
        validation = folds[i]
        training = np.concatenate(folds[:i] + folds[i + 1 :])
        pairs.append((training, validation))
    return pairs


FOLDS = "folds = np.array_split(rng.permutation(m), k)"
ALL_OTHERS = "training = np.concatenate(folds[:i] + folds[i + 1 :])"
APPEND = "pairs.append((training, validation))"

mistake(
    k_fold,
    "not-shuffled",
    "rng.permutation(m) → np.arange(m)",
    says="The folds are made of neighbors, in the order of the data. If these are sorted (by date, by "
    "class, by hospital), the model is validated on a kind of data it has not seen in training, and "
    "every fold says something different.",
    symptom=in_order,
)
mistake(
    k_fold,
    "shuffled-in-blocks-only",
    f"{FOLDS} → folds = np.array_split(np.arange(m), k); folds = [folds[j] for j in rng.permutation(k)]",
    f"{FOLDS} → folds = [rng.permutation(part) for part in np.array_split(np.arange(m), k)]",
    says="Neighbors in the data always land in the same fold: either whole folds are shuffled, or the rows "
    "within each. Shuffle the rows first, then cut them into folds.",
)
mistake(
    k_fold,
    "folds-overlap",
    "validation = folds[i] → folds = np.array_split(rng.permutation(m), k); validation = folds[i]",
    (
        "validation = folds[i] → order = rng.permutation(m); validation = order[: m // k]",
        f"{ALL_OTHERS} → training = order[m // k :]",
    ),
    (
        "validation = folds[i] → order = rng.permutation(m); validation = order[: -(-m // k)]",
        f"{ALL_OTHERS} → training = order[-(-m // k) :]",
    ),
    "rng.permutation(m) → rng.integers(m, size=m)",
    (
        "validation = folds[i] → validation = rng.choice(m, size=m // k, replace=False)",
        f"{ALL_OTHERS} → training = np.setdiff1d(np.arange(m), validation)",
    ),
    says="The validation parts overlap: some rows are validated twice or more, and others perhaps never. "
    "That happens when each fold (or each row) is drawn independently of the others, or when slices "
    "overlap. Shuffle once and cut: then every row is in exactly one fold.",
    symptom=some_twice,
)
mistake(
    k_fold,
    "rows-left-out",
    f"{FOLDS} → folds = np.split(rng.permutation(m)[: m // k * k], k)",
    (
        f"{FOLDS} → order = rng.permutation(m); folds = np.split(order[: m // k * k], k)",
        f"{ALL_OTHERS} → training = np.setdiff1d(order, validation)",
    ),
    says="Some rows are never validated, so the mean over the folds says nothing about them. Usually they "
    "are the remainder when m is not a multiple of k and each fold takes m // k rows.",
    symptom=some_never,
)
mistake(
    k_fold,
    "uneven-folds",
    f"{FOLDS} → order = rng.permutation(m); folds = np.split(order, [m // k * j for j in range(1, k)])",
    f"{FOLDS} → order, n = rng.permutation(m), -(-m // k)\n"
    "    folds = [order[j * n : (j + 1) * n] for j in range(k)]",
    f"{FOLDS} → order = rng.permutation(m); n = round(m / k); "
    "folds = np.split(order, [n * j for j in range(1, k)])",
    says="The whole remainder goes to one fold: the last has many more rows than the others, or many "
    "fewer, even none. Spread it over the folds, so that their sizes differ by at most one.",
)
mistake(
    k_fold,
    "fold-drawn-per-row",
    f"{FOLDS} → number = rng.integers(k, size=m); folds = [np.flatnonzero(number == j) for j in range(k)]",
    says="Each row draws the number of its fold, so the sizes are left to chance: some folds have twice as "
    "many rows as others, and a small one may be empty. Shuffle the rows, and cut them into pieces of "
    "equal size.",
)
mistake(
    k_fold,
    "validation-rows-in-training",
    f"{ALL_OTHERS} → training = np.concatenate(folds)",
    f"{ALL_OTHERS} → training = np.arange(m)",
    says="Validation rows are among the training rows. The model has seen them, so the score says how well "
    "it remembers, not how well it does on new data.",
    symptom=seen_in_training,
)
mistake(
    k_fold,
    "rows-and-places-confused",
    (
        f"{FOLDS} → order = rng.permutation(m); folds = np.array_split(order, k)",
        f"{ALL_OTHERS} → training = np.delete(order, validation)",
    ),
    f"{ALL_OTHERS} → start = sum(map(len, folds[:i])); "
    "training = np.delete(np.arange(m), np.arange(start, start + len(validation)))",
    f"{ALL_OTHERS} → training = rng.permutation(m)[len(validation) :]",
    says="There are as many training rows as there should be, but not the right ones: some are validated "
    "in the same pair, and other rows are in neither part. Look for row indices confused with "
    "positions (`np.delete` and indexing go by position, and in a shuffled array position 3 does not "
    "hold row 3), or for two different shuffles.",
)
mistake(
    k_fold,
    "training-and-validation-swapped",
    "(training, validation) → (validation, training)",
    says="The two parts of each pair are swapped. The large one is for training, and comes first.",
)
mistake(
    k_fold,
    "one-pair-only",
    f"{APPEND} → return [(training, validation)]",
    f"{APPEND} → return (training, validation)",
    says="Only one split is returned: a `return` inside the loop ends the function on the first pass. Each "
    "of the k folds has its turn; collect the pairs and return them after the loop, or `yield` them.",
)
mistake(
    k_fold,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The order does not come from the `rng` that is passed in. With a global generator nobody can "
    "repeat the split, and two models cannot be compared on the same folds; with one that is seeded inside "
    "there is one split only, forever.",
)
mistake(
    k_fold,
    "size-taken-for-number",
    (f"{FOLDS} → folds = np.array_split(rng.permutation(m), max(2, m // k))", "range(k) → range(len(folds))"),
    (
        f"{FOLDS} → order = rng.permutation(m); folds = [order[j : j + k] for j in range(0, m, k)]",
        "range(k) → range(len(folds))",
        f"{ALL_OTHERS} → training = np.setdiff1d(order, validation)",
    ),
    says="k is used as the number of rows in a fold. It says how many folds there are.",
)
mistake(
    k_fold,
    "number-of-folds-off-by-one",
    "range(k) → range(k - 1)",
    "range(k) → range(1, k)",
    (f"{FOLDS} → folds = np.array_split(rng.permutation(m), k + 1)", "range(k) → range(k + 1)"),
    says="The number of folds is off by one, so one part of the data is never validated, or the parts are "
    "smaller than k asks for.",
)
mistake(
    k_fold,
    "folds-instead-of-pairs",
    "return pairs → return folds",
    f"{APPEND} → pairs.append(validation)",
    says="You return the folds without the training rows that belong to each. The caller loops over them "
    "with `for training, validation in …`.",
)
mistake(
    k_fold,
    "two-lists-instead-of-pairs",
    "return pairs → return [pair[0] for pair in pairs], [pair[1] for pair in pairs]",
    says="You return two lists, one of all training parts and one of all validation parts. The caller "
    "loops over them with `for training, validation in …` and expects one pair at a time.",
)
mistake(
    k_fold,
    "mask-instead-of-row-numbers",
    "(training, validation) → (np.isin(np.arange(m), training), np.isin(np.arange(m), validation))",
    says="The rows are marked by a mask of True and False. The exercise asks for row indices.",
)
mistake(
    k_fold,
    "training-folds-left-out",
    f"{ALL_OTHERS} → training = folds[i - 1]",
    f"{ALL_OTHERS} → training = folds[(i + 1) % k]",
    f"{ALL_OTHERS} → training = np.concatenate([validation[:0], *folds[:i]])",
    f"{ALL_OTHERS} → training = np.concatenate([validation[:0], *folds[i + 1 :]])",
    "folds[i + 1 :] → folds[i + 2 :]",
    says="Some rows are neither validated nor trained on: the training part contains only some of the "
    "other folds. All k - 1 of them belong to it; otherwise the model learns from less data than it "
    "could.",
)
mistake(
    k_fold,
    "rows-counted-from-one",
    "rng.permutation(m) → (1 + rng.permutation(m))",
    says="The rows are counted from 1 to m. Python counts from 0: row 0 is never used, and row m does not "
    "exist.",
)
mistake(
    k_fold,
    "float-row-numbers",
    "np.concatenate(folds[:i] + folds[i + 1 :]) → np.concatenate([[], *folds[:i], *folds[i + 1 :]])",
    "(training, validation) → (training.astype(float), validation.astype(float))",
    says="The row indices are floats, which NumPy refuses as an index. Concatenating with an empty list "
    "does that, and so do `np.zeros` and `np.empty`.",
)
mistake(
    k_fold,
    "training-not-joined",
    f"{ALL_OTHERS} → training = folds[:i] + folds[i + 1 :]",
    says="The training rows come as a list of folds. Concatenate them into one array, which the caller can "
    "index the data with.",
)
