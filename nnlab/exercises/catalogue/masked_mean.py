"""The exercise `masked_mean`: the mean over the steps of each sequence, without its padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


@dataclass(frozen=True)
class StepSizes:
    """The sizes of one probe with sequences: m of T steps, n numbers in each step."""

    m: int
    T: int
    n: int


def padded(kind: str, s: StepSizes, lengths: list[int], seed: int) -> Probe:
    """Return a probe of these sizes; what stands behind a sequence's end is larger than what counts."""
    rng = np.random.default_rng(seed)
    H = rng.normal(size=(s.m, s.T, s.n)) + 0.5
    behind = np.arange(s.T) >= np.array(lengths)[:, None]
    H[behind] += 3 + rng.uniform(size=(int(behind.sum()), s.n))
    return Probe(f"H of shape {H.shape}, lengths {lengths}", (H, np.array(lengths)), kind, sizes=s)


@exercise(
    notebook=16,
    order=3,
    returns="means",
    probes=(
        example(np.array([[[1.0], [3.0], [8.0]], [[2.0], [4.0], [9.0]]]), np.array([2, 3])),
        padded("main", StepSizes(m=3, T=5, n=4), [2, 5, 1], seed=0),
        padded("main", StepSizes(m=5, T=7, n=3), [4, 1, 7, 3, 6], seed=1),
        padded("other", StepSizes(m=4, T=6, n=2), [5, 3, 6, 2], seed=2),
        padded("other", StepSizes(m=4, T=4, n=4), [2, 4, 1, 3], seed=3),
        padded("extreme", StepSizes(m=1, T=4, n=3), [2], seed=4),
        padded("extreme", StepSizes(m=3, T=2, n=2), [1, 1, 1], seed=5),
        extreme(
            "zeros for padding, and a real step of zeros",
            np.array([[[1.0, 2.0], [0.0, 0.0], [5.0, 4.0], [0.0, 0.0]], [[3.0, -1.0], *[[0.0, 0.0]] * 3]]),
            np.array([3, 1]),
        ),
        extreme(
            "steps of 1000 and -1000 behind the end",
            np.array([[[0.5, -2.0], [1000.0, -1000.0]], [[0.25, 1.0], [0.5, 4.0]]]),
            np.array([1, 2]),
        ),
    ),
    hints=(
        "Do it with a loop first: which steps of H[i] are real, and how many are they?",
        "Without a loop, a mask of shape (m, T) says which steps are real: compare the numbers of the "
        "steps with each sequence's length, which needs `[:, None]` to become a column.",
        "Give the mask a third axis, so that it multiplies H and leaves zeros where the padding was. Sum "
        "over the steps, and divide each row by its own length, not by T.",
    ),
    why="The mask turns padding into zeros, which add nothing to the sum; dividing by the lengths counts "
    "only the steps that are there.",
)
def masked_mean(H, lengths):
    """Return the mean over each sequence's own steps; what stands behind its end does not count.

    H: (m, T, n), lengths: (m,) integers with 1 <= lengths[i] <= T -> means: (m, n).
    """
    steps = np.arange(H.shape[1])
    mask = steps < lengths[:, None]
    return (H * mask[:, :, None]).sum(axis=1) / lengths[:, None]


TOTAL = "(H * mask[:, :, None]).sum(axis=1)"
MEAN = f"{TOTAL} / lengths[:, None]"

mistake(
    masked_mean,
    "padding-counted",
    f"{MEAN} → H.mean(axis=1)",
    "H * mask[:, :, None] → H",
    says="What stands behind a sequence's end comes into the mean. Then a text's vector depends on how "
    "much padding its batch happens to need: the same text gets another forecast in other company.",
)
mistake(
    masked_mean,
    "divided-by-all-steps",
    "/ lengths[:, None] → / H.shape[1]",
    says="The padding is left out of the sum, but it is counted in the divisor: T instead of the sequence's "
    "own length. Short texts then get small vectors, for no other reason than that they are short. "
    "`.mean(axis=1)` after the mask does just that.",
)
mistake(
    masked_mean,
    "sum-instead-of-mean",
    f"{MEAN} → {TOTAL}",
    says="This is the sum over the steps, not their mean: long texts get large vectors. Divide each row by "
    "its length.",
)
mistake(
    masked_mean,
    "mask-inverted",
    "steps < lengths → steps >= lengths",
    alone=(
        (
            "steps < lengths → steps >= lengths",
            "/ lengths[:, None] → / mask.sum(axis=1)[:, None]",
        ),
        (
            "steps < lengths → steps >= lengths",
            "/ lengths[:, None] → / np.maximum(mask.sum(axis=1), 1)[:, None]",
        ),
    ),
    says="The mask is inverted: the padding is summed, and the text is left out.",
)
mistake(
    masked_mean,
    "length-off-by-one",
    "steps < lengths → steps <= lengths",
    "steps < lengths[:, None] → steps < lengths[:, None] - 1",
    (
        "steps < lengths → steps <= lengths",
        "/ lengths[:, None] → / mask.sum(axis=1)[:, None]",
    ),
    (
        "steps < lengths[:, None] → steps < lengths[:, None] - 1",
        "/ lengths[:, None] → / mask.sum(axis=1)[:, None]",
    ),
    (
        "steps < lengths[:, None] → steps < np.maximum(lengths[:, None] - 1, 1)",
        "/ lengths[:, None] → / mask.sum(axis=1)[:, None]",
    ),
    alone=("mask = steps < lengths[:, None] → mask = (0 < steps) & (steps < lengths[:, None])",),
    says="One step too many, or one too few, is summed. A sequence of length 3 has the steps 0, 1 and 2.",
)
mistake(
    masked_mean,
    "divisor-off-by-one",
    "/ lengths[:, None] → / (lengths[:, None] + 1)",
    "/ lengths[:, None] → / (lengths[:, None] - 1)",
    "/ lengths[:, None] → / np.maximum(lengths[:, None] - 1, 1)",
    says="The divisor is off by one: lengths[i] is the number of real steps already.",
)
mistake(
    masked_mean,
    "last-step-instead-of-mean",
    f"{MEAN} → H[np.arange(len(H)), lengths - 1]",
    alone=(f"{MEAN} → H[:, -1]",),
    says="A single step is returned, the last one. That is how a recurrent network is read, whose last "
    "state knows of all steps; here each step knows of itself only, and all count alike.",
)
mistake(
    masked_mean,
    "max-instead-of-mean",
    f"{MEAN} → np.where(mask[:, :, None], H, -np.inf).max(axis=1)",
    alone=(f"{MEAN} → H.max(axis=1)",),
    says="This is the largest value of each feature over the steps, max pooling, not their mean.",
)
mistake(
    masked_mean,
    "mean-over-wrong-axis",
    f"{MEAN} → (H * mask[:, :, None]).sum(axis=2) / lengths[:, None]",
    f"{MEAN} → (H * mask[:, :, None]).mean(axis=2)",
    alone=(
        f"{MEAN} → H.mean(axis=2)",
        f"{MEAN} → H.mean(axis=0)",
        f"{MEAN} → (H * mask[:, :, None]).sum(axis=(1, 2)) / lengths / H.shape[2]",
        f"{MEAN} → H.mean(axis=(1, 2))",
        f"{MEAN} → (H * mask[:, :, None]).mean(axis=0)",
        f"{MEAN} → (H * mask[:, :, None]).sum(axis=-1) / lengths[:, None]",
    ),
    says="The sum runs over the wrong axis. H is (samples, steps, features); the steps, axis 1, are to "
    "disappear, and each sample keeps one number for each feature.",
)
mistake(
    masked_mean,
    "mean-over-everything",
    f"{MEAN} → {TOTAL} / lengths.sum()",
    f"{MEAN} → {TOTAL} / lengths.mean()",
    f"{MEAN} → {TOTAL} / lengths.max()",
    alone=(
        f"{MEAN} → {TOTAL} / len(lengths)",
        f"{MEAN} → {TOTAL} / H.shape[2]",
        f"{MEAN} → {TOTAL} / mask.sum()",
    ),
    says="All sequences are divided by the same number. Each one has a length of its own, which has to stand "
    "in its own row: `lengths[:, None]`.",
)
mistake(
    masked_mean,
    "sequences-merged",
    alone=(
        f"{MEAN} → H[mask].mean(axis=0)",
        f"{MEAN} → H[mask].mean(axis=0) + 0 * H[:, 0]",
        f"{MEAN} → H.mean(axis=(0, 1))",
    ),
    says="All sequences are averaged together. `H[mask]` is one long list of steps, which no longer says "
    "which of them belong to which sequence; each one needs a mean of its own.",
)
mistake(
    masked_mean,
    "one-length-for-all",
    "lengths[:, None] → np.full((len(H), 1), lengths[0])",
    alone=(
        "lengths[:, None] → np.full((len(H), 1), lengths.max())",
        "lengths[:, None] → np.full((len(H), 1), lengths.min())",
        "lengths[:, None] → np.full((len(H), 1), lengths[-1])",
    ),
    says="One length serves for all sequences, in the mask and in the divisor. Each row has a length of its "
    "own.",
)
mistake(
    masked_mean,
    "keepdims-missing",
    "/ lengths[:, None] → / lengths",
    alone=("mask[:, :, None] → mask", "steps < lengths[:, None] → steps < lengths"),
    says="An axis is missing where arrays of different shapes meet. NumPy lines shapes up from the right: a "
    "length for each row needs the shape (m, 1), and a mask for each step (m, T, 1). Where m = n or m = T "
    "nothing complains, and the numbers are wrong.",
)
mistake(
    masked_mean,
    "padding-expected-in-front",
    "steps < lengths[:, None] → steps >= H.shape[1] - lengths[:, None]",
    says="The last steps of each row count, as if the padding came first. Here it stands behind the text: "
    "the first lengths[i] steps are real.",
)
mistake(
    masked_mean,
    "zeros-taken-for-padding",
    (
        "steps < lengths[:, None] → (H != 0).any(axis=2)",
        "/ lengths[:, None] → / mask.sum(axis=1)[:, None]",
    ),
    alone=(
        f"{MEAN} → {TOTAL} / np.maximum((H * mask[:, :, None] != 0).sum(axis=1), 1)",
        f"{MEAN} → H.sum(axis=1) / np.maximum((H != 0).sum(axis=1), 1)",
    ),
    says="Steps are told from padding by their content: zeros are taken for padding. What stands behind the "
    "end may be anything, and a real step may be zero. Only `lengths` says what is real.",
)
mistake(
    masked_mean,
    "divided-twice",
    "/ lengths[:, None] → / lengths[:, None] / H.shape[1]",
    "/ lengths[:, None] → / lengths[:, None] ** 2",
    says="The sum is divided twice: by the length, and by a number of steps once more. `.mean` divides "
    "already; with a division of your own it has to be `.sum`.",
)
mistake(
    masked_mean,
    "steps-not-summed",
    f"{MEAN} → H * mask[:, :, None]",
    alone=(f"{MEAN} → H * mask[:, :, None] / lengths[:, None, None]",),
    says="The steps are still there: the padding is zero, but nothing is summed. The mean over axis 1 leaves "
    "one vector for each sequence.",
)
mistake(
    masked_mean,
    "floor-division",
    "/ lengths[:, None] → // lengths[:, None]",
    says="The mean is rounded down to a whole number: `//` divides so. Write `/`.",
)
mistake(
    masked_mean,
    "divided-by-the-root",
    "/ lengths[:, None] → / np.sqrt(lengths[:, None])",
    says="The sum is divided by the square root of the length. Some models do that; a mean divides by the "
    "length itself.",
)
