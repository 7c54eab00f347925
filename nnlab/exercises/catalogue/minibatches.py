"""The exercise `minibatches`: an epoch in shuffled batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import example, extreme


def numbered(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Return m samples that can be recognized: both the first column of X and y are the sample's number."""
    y = np.arange(m)
    return np.stack([y, -y], axis=1).astype(float), y


def form(batch: Any) -> str:
    """Describe one batch by its shapes."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return "X_batch {}, y_batch {}".format(*(np.shape(part) for part in batch))
    if isinstance(batch, (tuple, list)):
        return f"no pair, but {len(batch)} things"
    kind = f"shape {batch.shape}" if isinstance(batch, np.ndarray) else f"type {type(batch).__name__}"
    return f"no pair, but something of {kind}"


def one_epoch(f: Function, m: int, batch_size: int, seed: int) -> dict[str, Any]:
    """Go through one epoch and return what happened in it."""
    X, y = numbered(m)
    forms, sizes, order, labels, intact = [], [], [], [], True
    for batch in itertools.islice(f(X, y, batch_size, np.random.default_rng(seed)), 4 * m + 1):
        forms.append(form(batch))
        if not forms[-1].startswith("X_batch") or [np.ndim(part) for part in batch] != [2, 1]:
            continue
        X_batch, y_batch = (np.array(part, dtype=float) for part in batch)
        sizes.append(len(X_batch))
        order += X_batch[:, 0].tolist()
        labels += y_batch.tolist()
        intact = intact and bool((X_batch[:, 1] == -X_batch[:, 0]).all())
    blocks = [[i // batch_size for i in order[k : k + batch_size]] for k in range(0, len(order), batch_size)]
    return {
        "ends": len(forms) <= 4 * m,
        "forms": forms,
        "sizes": sizes,
        "order": order,
        "once": intact and sorted(order) == list(range(m)),
        "all": set(order) == set(range(m)),
        "paired": order == labels,
        "mixed": any(len(set(block)) > 1 for block in blocks),
        "untouched": all(map(np.array_equal, (X, y), numbered(m))),
    }


def epochs(f: Function, X: np.ndarray, y: np.ndarray, batch_size: int) -> Iterator[dict[str, Any]]:
    """Go through several epochs, seeded alike and otherwise, and return what holds for them."""
    m = len(X)
    first = [one_epoch(f, m, batch_size, 0)]
    yield {
        "comes to an end": first[0]["ends"],
        "shapes in the first batch": next(iter(first[0]["forms"]), "no batch at all"),
        "number of batches": len(first[0]["forms"]),
        "batch sizes": ", ".join(map(str, sorted(first[0]["sizes"], reverse=True)[:12])),
    }
    first += [one_epoch(f, m, batch_size, seed) for seed in range(1, 5)]
    again = [one_epoch(f, m, batch_size, seed) for seed in range(2)]
    orders = [one["order"] for one in first]
    yield {
        "every sample once": all(one["once"] for one in first),
        "every sample at least once": all(one["all"] for one in first),
        "X and y belong together": all(one["paired"] for one in first),
        "shuffled": any(order != sorted(order) for order in orders),
        "batches mix samples from all over the data": any(one["mixed"] for one in first),
        "same seed, same order": orders[:2] == [one["order"] for one in again],
        "other seed, other order": any(order != orders[0] for order in orders),
        "X and y are left as they were": all(one["untouched"] for one in first),
    }


@exercise(
    notebook=5,
    order=3,
    returns="pairs of X_batch and y_batch",
    words={
        "comes to an end": "The batches should come to an end, but they do not.",
        "shapes in the first batch": "In the first batch there should be {expected}; yours holds {got}.",
        "number of batches": "There should be {expected} batches; your function gives {got}.",
        "batch sizes": "The batches should have the sizes {expected}; yours: {got}.",
        "every sample once": "Every sample should come exactly once, but some come twice or never.",
        "every sample at least once": "Every sample should come in an epoch, but some never do.",
        "X and y belong together": "X and y should belong together in every batch, but they do not.",
        "shuffled": "The order should be shuffled, but it is the order of the data.",
        "batches mix samples from all over the data": "A batch should mix samples from all over.",
        "same seed, same order": "The same seed should give the same order, but it does not.",
        "other seed, other order": "Different seeds should give different orders, but they do not.",
        "X and y are left as they were": "The caller's X and y should be left as they were.",
    },
    in_place=("X", "y"),
    inputs=lambda rng, s: (*numbered(s.m), 3 if s.m == 7 else 4),
    observe=epochs,
    probes=(
        example(*numbered(5), 2, observe=epochs),
        extreme("six samples in batches of three: no rest", *numbered(6), 3, observe=epochs),
        extreme("a batch size larger than the data", *numbered(6), 8, observe=epochs),
    ),
    hints=(
        "Shuffle indices, not the samples: then X and y can be indexed in the same way.",
        "`rng.permutation(m)` gives every index from 0 to m - 1 once. Cut it into pieces of batch_size; "
        "slicing past the end is not an error, it returns what is left.",
        "`range(0, len(X), batch_size)` gives the position where each batch starts. Slice that batch's "
        "indices out of the permutation, and `yield` the rows of X and y at these indices.",
    ),
    why="One order for X and y keeps the pairs together and leaves both arrays alone; `yield` produces "
    "one batch at a time, so only one is copied at a time.",
)
def minibatches(X, y, batch_size, rng):
    """Yield the samples in batches (X_batch, y_batch), in an order drawn from rng, every sample once.

    X: (m, n), y: (m,) -> (batch_size, n) and (batch_size,); the last batch may be smaller.
    """
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        batch = order[start : start + batch_size]
        yield X[batch], y[batch]


mistake(
    minibatches,
    "shuffle-breaks-pairs",
    "y[batch] → y[rng.permutation(len(y))[start : start + batch_size]]",
    "y[batch] → y[start : start + batch_size]",
    "X[batch] → X[start : start + batch_size]",
    says="X and y are not shuffled alike, so the samples get other samples' labels. Nothing complains. The "
    "loss even goes down a little (the network learns how frequent each label is), but accuracy stays "
    "at chance.",
)
mistake(
    minibatches,
    "not-shuffled",
    "rng.permutation(len(X)) → np.arange(len(X))",
    says="The samples come in the order of the data. If they are sorted (by date, or by class), each batch "
    "shows the network only one kind, and it forgets the others; and every epoch repeats the same "
    "batches.",
)
mistake(
    minibatches,
    "last-batch-dropped",
    "range(0, len(X), batch_size) → range(0, len(X) - batch_size + 1, batch_size)",
    says="The last batch is dropped when it is not full. Every sample should be seen once per epoch; with "
    "little data, or a batch size above the number of samples, much or all of it is lost.",
)
mistake(
    minibatches,
    "sampled-with-replacement",
    "rng.permutation(len(X)) → rng.integers(len(X), size=len(X))",
    "order[start : start + batch_size] → rng.integers(len(X), size=batch_size)",
    "order[start : start + batch_size] → rng.choice(len(X), size=batch_size, replace=False)",
    "order[start : start + batch_size] → rng.permutation(len(X))[:batch_size]",
    "order[start : start + batch_size] → rng.permutation(len(X))[start : start + batch_size]",
    says="Some samples come twice or more in an epoch, and others not at all: each sample, or each batch, "
    "is drawn independently of those that came before. More than a third of the data would be missing "
    "from every epoch.",
)
mistake(
    minibatches,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The order does not come from the `rng` that is passed in. With a global generator no run can be "
    "repeated; with one made inside, and seeded there, every epoch has the same order.",
)
mistake(
    minibatches,
    "changes-its-input",
    "order = rng.permutation(len(X)) → order = rng.permutation(len(X))\n"
    "    X[...], y[...] = X[order], y[order]\n"
    "    order = np.arange(len(X))",
    says="The caller's X and y are shuffled in place (`rng.shuffle` does that, and so does assigning to "
    "X[...]). The caller expects them unchanged: other columns, names or a plot may rely on their "
    "order.",
)
mistake(
    minibatches,
    "shuffled-in-blocks-only",
    (
        "rng.permutation(len(X)) → np.arange(len(X))",
        "range(0, len(X), batch_size) → rng.permutation(range(0, len(X), batch_size))",
    ),
    "order[start : start + batch_size] → rng.permutation(range(len(X))[start : start + batch_size])",
    says="Neighbors in the data always land in the same batch: either whole batches are shuffled, or the "
    "samples within each. If the data are sorted, a batch still shows only one kind. Shuffle the "
    "samples first, then cut them into batches.",
)
mistake(
    minibatches,
    "samples-left-out",
    "start + batch_size] → start + batch_size - 1]",
    "range(0, len(X) → range(1, len(X)",
    "range(0, len(X) → range(batch_size, len(X)",
    "start + batch_size] → batch_size]",
    says="Some samples are never seen in an epoch: the slices leave gaps, or do not begin at the first. "
    "Write down start and end of each for 5 samples in batches of 2; Python's slices end before their "
    "end.",
)
mistake(
    minibatches,
    "batches-overlap",
    "len(X), batch_size) → len(X))",
    "order[start : start + batch_size] → order[start // batch_size : start + batch_size]",
    "start + batch_size] → start + batch_size + 1]",
    "order[start : start + batch_size] → order[: start + batch_size]",
    says="The batches overlap: each repeats samples of the one before, so some samples come several times "
    "per epoch. Write down start and end of each batch for 5 samples in batches of 2.",
)
mistake(
    minibatches,
    "batch-size-ignored",
    ("len(X), batch_size) → len(X), len(X))", "start + batch_size → start + len(X)"),
    ("len(X), batch_size) → len(X))", "start + batch_size → start + 1"),
    "order[start : start + batch_size] → order",
    says="The batches do not have the size the caller asked for. The batch size decides how noisy a step "
    "is and how many there are in an epoch, so the caller must be able to choose it.",
)
mistake(
    minibatches,
    "size-taken-for-number",
    (
        "range(0, len(X), batch_size) → np.array_split(order, batch_size)",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    (
        "len(X), batch_size) → len(X), max(1, len(X) // batch_size))",
        "start + batch_size → start + max(1, len(X) // batch_size)",
    ),
    says="The batch size is used as the number of batches. It says how many samples are in each.",
)
mistake(
    minibatches,
    "uneven-batches",
    (
        "range(0, len(X), batch_size) → np.array_split(order, max(1, len(X) // batch_size))",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    (
        "range(0, len(X), batch_size) → np.array_split(order, -(-len(X) // batch_size))",
        "batch = order[start : start + batch_size] → batch = start",
    ),
    says="The samples are dealt out evenly, so several batches do not have the size asked for. All should "
    "be full, and only the last may be smaller.",
)
mistake(
    minibatches,
    "empty-batch",
    "range(0, len(X), → range(0, len(X) + 1,",
    says="When the batch size divides the number of samples, an empty batch comes at the end. The mean of "
    "nothing is NaN, and one step with it turns every weight into NaN.",
)
mistake(
    minibatches,
    "return-instead-of-yield",
    "yield X[batch], y[batch] → return X[batch], y[batch]",
    "yield X[batch], y[batch] → return [(X[batch], y[batch])]",
    says="Only one batch is returned: a `return` inside the loop ends the function on the first pass. "
    "Either `yield` each batch, or collect them in a list and return that after the loop.",
)
mistake(
    minibatches,
    "labels-missing",
    "yield X[batch], y[batch] → yield X[batch]",
    says="The batches hold X alone. Training needs the labels of the same samples beside them.",
)
mistake(
    minibatches,
    "pair-in-other-order",
    "yield X[batch], y[batch] → yield y[batch], X[batch]",
    says="Each batch holds the labels first. The caller unpacks it as `X_batch, y_batch`.",
)
mistake(
    minibatches,
    "row-numbers-instead-of-rows",
    "yield X[batch], y[batch] → yield batch",
    says="The batches hold indices, not samples. Return the rows of X and y at these indices.",
)


@mistake(
    minibatches,
    "two-lists-instead-of-pairs",
    says="You return two lists, one of all X batches and one of all y batches. The caller loops over the "
    "batches with `for X_batch, y_batch in …` and expects one pair at a time.",
)
def two_lists(X, y, batch_size, rng):
    """Collect X and y apart."""
    pairs = list(minibatches(X, y, batch_size, rng))
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


@mistake(
    minibatches,
    "never-ends",
    says="The batches never end. One call stands for one epoch, in which every sample comes once; the loop "
    "over the batches would run forever.",
)
def for_ever(X, y, batch_size, rng):
    """Begin again after each epoch."""
    while True:
        yield from minibatches(X, y, batch_size, rng)


mistake(
    minibatches,
    "last-batch-padded",
    "batch = order[ "
    "→ order = np.resize(order, -(-len(X) // batch_size) * batch_size)\n        batch = order[",
    "order[start : start + batch_size] → order[max(0, min(start, len(X) - batch_size)) :][:batch_size]",
    says="The last batch is filled up with samples that were used before. They count twice in that epoch; "
    "the last batch may be smaller.",
)
mistake(
    minibatches,
    "labels-as-a-column",
    "yield X[batch], y[batch] → yield (X[batch], y[batch].reshape(-1, 1))",
    says="The labels come as a column, (batch_size, 1). Compared with predictions of shape (batch_size,), "
    "NumPy stretches both to a square, and nothing complains. y is a plain vector, and so are its batches.",
)
