"""The exercise `split_heads`: the features of every step are shared out among the heads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example


@dataclass(frozen=True)
class HeadSizes:
    """The sizes of one probe of heads: m sequences of T steps, n_heads heads of width d."""

    m: int
    T: int
    n_heads: int
    d: int


def heads(kind: str, s: HeadSizes, seed: int) -> Probe:
    """Return a probe of these sizes."""
    X = np.random.default_rng(seed).normal(size=(s.m, s.T, s.n_heads * s.d))
    label = f"X of shape {X.shape}, n_heads = {s.n_heads}"
    return Probe(label, (X, s.n_heads), kind, sizes=s)


@exercise(
    notebook=18,
    order=3,
    returns="heads",
    probes=(
        example(np.arange(12.0).reshape(1, 3, 4), 2),
        heads("main", HeadSizes(m=2, T=5, n_heads=3, d=4), seed=0),
        heads("main", HeadSizes(m=3, T=2, n_heads=2, d=3), seed=1),
        heads("other", HeadSizes(m=3, T=4, n_heads=2, d=5), seed=2),
        heads("other", HeadSizes(m=3, T=3, n_heads=3, d=3), seed=3),
        heads("other", HeadSizes(m=2, T=4, n_heads=4, d=2), seed=4),
        heads("extreme", HeadSizes(m=2, T=3, n_heads=1, d=4), seed=5),
        heads("extreme", HeadSizes(m=2, T=3, n_heads=4, d=1), seed=6),
        heads("extreme", HeadSizes(m=1, T=1, n_heads=2, d=7), seed=7),
    ),
    hints=(
        "With n = 4 and two heads, the first head gets features 0 and 1 of every step, the second gets "
        "features 2 and 3. Write down both for a sequence of three steps.",
        "`reshape` never moves a number, it only sets new borders: which axis is to be cut in two, and "
        "into which two sizes? After that the axes are all there, but not yet in the right order.",
        "Cut only the last axis, so that m and T stay in front: `reshape` to four axes, the head before "
        "the feature within it. Then exchange the two axes in the middle with `swapaxes`.",
    ),
    why="The last axis is cut into heads where they already lie side by side, and only then do the axes "
    "change places. `swapaxes` gives a view: nothing is copied.",
)
def split_heads(X, n_heads):
    """Return the features of X shared out among the heads, each with a sequence of its own.

    X: (m, T, n) -> heads: (m, n_heads, T, d) with d = n / n_heads; head j has features j·d … (j + 1)·d - 1.
    """
    m, T, n = X.shape
    return X.reshape(m, T, n_heads, n // n_heads).swapaxes(1, 2)


CUT = "X.reshape(m, T, n_heads, n // n_heads)"
RESULT = f"{CUT}.swapaxes(1, 2)"

mistake(
    split_heads,
    "heads-interleaved",
    f"{RESULT} → X.reshape(m, T, n // n_heads, n_heads).transpose(0, 3, 1, 2)",
    says="The features are dealt out like cards: head 0 gets features 0, n_heads, 2·n_heads and so on. Each "
    "head should get neighbors, features j·d to (j + 1)·d - 1. In the reshape, the head comes before the "
    "place within it.",
)
mistake(
    split_heads,
    "time-and-heads-mixed",
    f"{RESULT} → X.reshape(m, n_heads, T, n // n_heads)",
    alone=(
        f"{RESULT} → X.reshape(m, n_heads, n // n_heads, T).swapaxes(2, 3)",
        f"{RESULT} → X.swapaxes(1, 2).reshape(m, n_heads, T, n // n_heads)",
        f"{RESULT} → X.reshape(m, n // n_heads, T, n_heads).transpose(0, 3, 2, 1)",
    ),
    says="The shape is right, but steps and heads are mixed up: a `reshape` that does not keep m and T in "
    "front shares out the numbers in the order in which they lie in memory, so a head gets whole steps, cut "
    "up, instead of a part of every step. Nothing complains, and attention then mixes what does not belong "
    "together. First cut the last axis only, then exchange the axes.",
)
mistake(
    split_heads,
    "samples-mixed",
    f"{RESULT} → X.reshape(n_heads, m, T, n // n_heads).swapaxes(0, 1)",
    f"{RESULT} → X.reshape(n_heads, T, m, n // n_heads).transpose(2, 0, 1, 3)",
    f"{RESULT} → X.reshape(T, n_heads, m, n // n_heads).transpose(2, 1, 0, 3)",
    says="The samples are mixed up: `reshape` puts another axis in front of them, so numbers of one sequence "
    "land in another. Keep m and T in front in the reshape, and cut only the last axis.",
)
mistake(
    split_heads,
    "heads-not-moved",
    ".swapaxes(1, 2) → ",
    says="The features are cut into heads, but the heads still come after the steps: (m, T, n_heads, d). "
    "Attention works on the last two axes, which are to be the steps and the features of one head.",
)
mistake(
    split_heads,
    "heads-first",
    f"{RESULT} → {CUT}.transpose(2, 0, 1, 3)",
    alone=(f"{RESULT} → np.array([X[:, :, i::n_heads] for i in range(n_heads)])",),
    says="The heads come first, before the samples. The batch stays the first axis: (m, n_heads, T, d). "
    "`np.stack` takes an `axis`, and axes can be exchanged.",
)
mistake(
    split_heads,
    "features-before-time",
    f"{RESULT} → {CUT}.transpose(0, 2, 3, 1)",
    says="The last two axes are exchanged: each head has features in its rows and steps in its columns. "
    "That is how the keys enter the product, later; here the steps come first.",
)
mistake(
    split_heads,
    "heads-and-features-swapped",
    ".swapaxes(1, 2) → .transpose(0, 3, 1, 2)",
    alone=(".swapaxes(1, 2) → .swapaxes(1, 3)", ".swapaxes(1, 2) → .transpose(0, 3, 2, 1)"),
    says="The axis of the features within a head has come to the place of the heads. After the reshape the "
    "axes are samples, steps, heads, features: only the second and the third change places.",
)
mistake(
    split_heads,
    "number-taken-for-width",
    f"{RESULT} → X.reshape(m, T, n // n_heads, n_heads).swapaxes(1, 2)",
    says="There are n / n_heads heads of n_heads features: the number of the heads is taken for their width. "
    "It is the other way round, n_heads heads of n / n_heads features.",
)
mistake(
    split_heads,
    "heads-merged-with-samples",
    f"{RESULT} → {RESULT}.reshape(m * n_heads, T, n // n_heads)",
    alone=(f"{RESULT} → {CUT}.transpose(2, 0, 1, 3).reshape(m * n_heads, T, n // n_heads)",),
    says="Samples and heads are merged into one axis. Some libraries compute so; here the result has four "
    "axes, (m, n_heads, T, d).",
)
mistake(
    split_heads,
    "heads-reversed",
    f"{RESULT} → {RESULT}[:, ::-1]",
    says="The heads come in reverse order: the first one has the last features.",
)
mistake(
    split_heads,
    "features-not-split",
    f"{RESULT} → X[:, None].repeat(n_heads, axis=1)",
    alone=(f"{RESULT} → X[:, None]",),
    says="Every head gets all the features. They are shared out: each of the n_heads heads gets d = n / "
    "n_heads of them, so that all heads together cost no more than one.",
)
mistake(
    split_heads,
    "same-head-repeated",
    f"{RESULT} → X[:, None, :, : n // n_heads].repeat(n_heads, axis=1)",
    alone=(
        f"{RESULT} → X[:, None, :, n - n // n_heads :].repeat(n_heads, axis=1)",
        f"{RESULT} → X[:, None, :, : n // n_heads]",
    ),
    says="All heads have the same features, or there is only one. Head j starts at feature j·d, so the place "
    "where it is cut out has to move on with j.",
)
mistake(
    split_heads,
    "heads-overlap",
    f"{RESULT} → np.stack([X[:, :, j : j + n // n_heads] for j in range(n_heads)], axis=1)",
    says="The heads overlap: each begins one feature behind the one before it. Head j begins at feature j·d, "
    "where the last one has ended.",
)
mistake(
    split_heads,
    "time-split-instead",
    f"{RESULT} → X[:, : T // n_heads * n_heads].reshape(m, n_heads, T // n_heads, n)",
    alone=(f"{RESULT} → X.reshape(m, n_heads, T // n_heads, n)",),
    says="The steps are shared out among the heads, not the features. Every head sees the whole sequence, "
    "but only its own part of each step.",
)
