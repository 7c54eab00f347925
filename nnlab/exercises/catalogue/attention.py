"""The exercise `attention`: each query takes a weighted mean of the values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


@dataclass(frozen=True)
class AttentionSizes:
    """The sizes of one probe of attention: T queries, S keys of width d, values of width d_v."""

    m: int
    T: int
    S: int
    d: int
    d_v: int


def queries_keys_values(
    kind: str, s: AttentionSizes, leading: tuple[int, ...], mask: str = "", seed: int = 0
) -> Probe:
    """Return a probe; the mask is "full", "keys" (the same for all queries), "causal", or "" for none."""
    rng = np.random.default_rng(seed)
    Q, K, V = (rng.normal(size=(*leading, *ends)) for ends in ((s.T, s.d), (s.S, s.d), (s.S, s.d_v)))
    masks = {
        "full": rng.uniform(size=(*leading, s.T, s.S)) < 0.5,
        "keys": np.arange(s.S) < rng.integers(1, s.S, size=(*leading, 1, 1)),
        "causal": np.tri(s.T, s.S, dtype=bool),
    }
    label = f"Q {Q.shape}, K {K.shape}, V {V.shape}"
    if not mask:
        return Probe(f"{label}, no mask", (Q, K, V), kind, sizes=s)
    masks["full"][..., 0] |= ~masks["full"].any(axis=-1)
    allowed = masks[mask]
    return Probe(f"{label}, mask {allowed.shape}", (Q, K, V, allowed), kind, sizes=s)


SMALL = AttentionSizes(m=2, T=2, S=3, d=5, d_v=4)
MAIN = AttentionSizes(m=2, T=3, S=5, d=6, d_v=4)
OTHER = AttentionSizes(m=3, T=4, S=6, d=2, d_v=5)
EQUAL = AttentionSizes(m=3, T=3, S=3, d=3, d_v=3)


@exercise(
    notebook=18,
    order=1,
    returns="Y, A",
    probes=(
        example(
            np.array([[4.0, 0.0, 0.0, 2.0]]),
            np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]),
            np.array([[10.0], [20.0], [40.0]]),
        ),
        example(
            np.array([[4.0, 0.0, 0.0, 2.0]]),
            np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]]),
            np.array([[10.0], [20.0], [40.0]]),
            np.array([[True, True, False]]),
            label="with a mask",
        ),
        queries_keys_values("main", SMALL, (2,), "full", seed=1),
        queries_keys_values("main", MAIN, (2,), seed=2),
        queries_keys_values("main", MAIN, (2,), "keys", seed=3),
        queries_keys_values("main", SMALL, (), "full", seed=4),
        queries_keys_values("other", OTHER, (3, 2), "causal", seed=5),
        queries_keys_values("other", OTHER, (), seed=6),
        queries_keys_values("other", EQUAL, (), "causal", seed=7),
        queries_keys_values("other", EQUAL, (3,), "causal", seed=8),
        queries_keys_values("other", EQUAL, (3, 2), "keys", seed=9),
        extreme(
            "scores of 1000 and -1000",
            np.array([[2000.0, 0.0, 0.0, 0.0], [0.0, -2000.0, 0.0, 0.0], [0.0, 0.0, -2000.0, 0.0]]),
            np.array([[1.0, 1.0, 1.0, 0.0], [-1.0, 0.999, 0.999, 0.0], [0.999, -1.0, 0.998, 0.0]]),
            np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0]]),
        ),
        extreme(
            "the largest scores are masked",
            np.array([[2000.0, 0.0, 0.0, 0.0], [0.0, 2000.0, 0.0, 0.0]]),
            np.array([[1.0, -1.0, 0.0, 0.0], [-1.0, -0.999, 0.0, 0.0], [-0.999, 1.0, 0.0, 0.0]]),
            np.array([[1.0, 0.0], [0.0, 3.0], [2.0, 2.0]]),
            np.array([[False, True, True], [True, True, False]]),
        ),
        extreme(
            "a single key",
            np.array([[[0.5, -1.0], [0.0, 3.0], [1.0, 2.0]], [[2.0, 1.0], [1.0, -1.0], [-2.0, 0.5]]]),
            np.array([[[1.0, 3.0]], [[-1.0, 0.5]]]),
            np.array([[[4.0, 1.0, -1.0]], [[0.0, 2.0, 5.0]]]),
        ),
    ),
    hints=(
        "Three steps: a score for every pair of a query and a key, weights from each query's scores, and "
        "the values' mean with these weights. What are the shapes of scores, A and Y?",
        "The keys' last two axes change places in the product with the queries, whatever comes before "
        "them. Softmax gives each row of A the sum 1. A masked score has to become so small that its "
        "exponential is 0, before the softmax.",
        "In order: `Q @` the keys with `swapaxes(-1, -2)`, divided by the square root of d; where there is "
        "a mask, `np.where` with -inf for what may not be seen; the softmax of notebook 02 over the last "
        "axis, its maximum subtracted first; `A @ V`. Return both.",
    ),
    why="All axes before the last two are left alone by `@`, so the same lines serve for one sequence, a "
    "batch, and all heads of a batch. -inf becomes a weight of exactly 0.",
)
def attention(Q, K, V, mask=None):
    """Return what each query takes from the values, and the weights A = softmax(Q Kᵀ / √d, with the mask).

    Q: (…, T, d), K: (…, S, d), V: (…, S, d_v), mask: None, or bool that broadcasts to A, True where looking
    is allowed, at least once in every row -> Y: (…, T, d_v), A: (…, T, S), rows sum to 1.
    """
    scores = Q @ K.swapaxes(-1, -2) / np.sqrt(Q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    A = powers / powers.sum(axis=-1, keepdims=True)
    return A @ V, A


SCALE = " / np.sqrt(Q.shape[-1])"
MASKED = "np.where(mask, scores, -np.inf)"
SHIFT = "scores - scores.max(axis=-1, keepdims=True)"
WEIGHTS = "A = powers / powers.sum(axis=-1, keepdims=True)"
RESULT = "A @ V, A"
IF = "if mask is not None:"
MASK_LATER = f"scores = {MASKED} → pass"

mistake(
    attention,
    "scale-missing",
    f"{SCALE} → ",
    says="The scores are not divided by √d. A dot product of d terms grows with √d, so without it the "
    "softmax soon gives one key everything, and its gradient vanishes.",
)
mistake(
    attention,
    "scaled-by-n",
    f"{SCALE} →  / Q.shape[-1]",
    says="The scores are divided by d, not by its square root. A sum of d independent terms spreads like √d; "
    "divided by d, the scores are all near 0 and the weights nearly equal.",
)
mistake(
    attention,
    "scaled-by-another-size",
    "np.sqrt(Q.shape[-1]) → np.sqrt(K.shape[-2])",
    alone=(
        "np.sqrt(Q.shape[-1]) → np.sqrt(V.shape[-1])",
        "np.sqrt(Q.shape[-1]) → np.sqrt(Q.shape[-2])",
        "np.sqrt(Q.shape[-1]) → np.sqrt(Q.shape[1])",
        "np.sqrt(Q.shape[-1]) → np.sqrt(Q.shape[0])",
        "np.sqrt(Q.shape[-1]) → np.sqrt(K.shape[1])",
        "np.sqrt(Q.shape[-1]) → np.sqrt(Q.size)",
    ),
    says="The scores are divided by the square root of another size than d: of a number of queries or keys, "
    "or of the width of the values. d is the last axis of Q and K, `shape[-1]`; counted from the front, the "
    "axes change with what comes before them.",
)
mistake(
    attention,
    "scale-multiplied",
    f"{SCALE} →  * np.sqrt(Q.shape[-1])",
    says="The scores are multiplied by √d; they should be divided by it, since they are too large already.",
)
mistake(
    attention,
    "scaled-after-softmax",
    (f"{SCALE} → ", f"{WEIGHTS} → {WEIGHTS}{SCALE}"),
    alone=((f"{SCALE} → ", f"return {RESULT} → return A @ V{SCALE}, A"),),
    says="The division by √d comes after the softmax. There it only makes the weights smaller, so that they "
    "no longer add up to 1; it belongs to the scores.",
)
mistake(
    attention,
    "scaled-twice",
    alone=(
        f"return {RESULT} → return A @ V{SCALE}, A",
        f"return {RESULT} → return A @ V / K.shape[-2], A",
    ),
    says="Y is divided once more. The weights of a row add up to 1 already, so A V is a mean of the values "
    "as it stands.",
)
mistake(
    attention,
    "mask-after-softmax",
    (MASK_LATER, f"{WEIGHTS} → {WEIGHTS}\n    A = A if mask is None else A * mask"),
    (MASK_LATER, f"{WEIGHTS} → {WEIGHTS}\n    A = A if mask is None else np.where(mask, A, -np.inf)"),
    alone=((MASK_LATER, f"return {RESULT} → return (A if mask is None else A * mask) @ V, A"),),
    says="The mask comes after the softmax. What is hidden has taken its share of the 1 by then, so the "
    "weights of a row no longer add up to 1. Mask the scores, before the softmax.",
)
mistake(
    attention,
    "renormalized-after-mask",
    (
        MASK_LATER,
        f"{WEIGHTS} → powers = powers if mask is None else powers * mask\n    {WEIGHTS}",
    ),
    alone=(
        (
            MASK_LATER,
            f"{WEIGHTS} → {WEIGHTS}\n    A = A if mask is None else A * mask\n"
            "    A = A / A.sum(axis=-1, keepdims=True)",
        ),
        (
            MASK_LATER,
            f"{WEIGHTS} → powers = powers if mask is None else powers * mask\n"
            "    A = powers / (powers.sum(axis=-1, keepdims=True) + 1e-9)",
        ),
        (
            MASK_LATER,
            f"{WEIGHTS} → {WEIGHTS}\n    A = A if mask is None else A * mask\n"
            "    A = A / (A.sum(axis=-1, keepdims=True) + 1e-9)",
        ),
    ),
    says="The mask comes after the exponentials, and the weights are divided by what is left. On paper that "
    "is the same; but where a hidden score is by far the largest, all that is left has become 0, and 0/0 is "
    "NaN. Mask the scores before their maximum is taken.",
)
mistake(
    attention,
    "mask-inverted",
    f"{MASKED} → np.where(mask, -np.inf, scores)",
    f"{MASKED} → np.where(mask, -1e9, scores)",
    alone=(
        f"{MASKED} → scores - 1e9 * mask",
        f"{MASKED} → scores * ~mask",
    ),
    says="The mask is used the wrong way round: where it is True, looking is allowed. (PyTorch has both: "
    "`scaled_dot_product_attention` as here, `nn.MultiheadAttention` the other way.)",
)
mistake(
    attention,
    "mask-ignored",
    f"scores = {MASKED} → pass",
    alone=(f"{IF} → if mask is not None and mask.shape == scores.shape:",),
    says="The mask does not come in, or not always: queries look where they may not. It may have fewer axes "
    "than A, or axes of length 1, and is then broadcast.",
)
mistake(
    attention,
    "masked-score-zero",
    f"{MASKED} → np.where(mask, scores, 0)",
    f"{MASKED} → scores * mask",
    says="Masked scores become 0, or nearly so, and exp(0) is 1: a hidden key still gets weight, more than "
    "one with a negative score. It is the weight that is to be 0, so the score has to be -inf.",
)
mistake(
    attention,
    "masked-score-too-large",
    f"{MASKED} → np.where(mask, scores, -1)",
    f"{MASKED} → np.where(mask, scores, -10)",
    f"{MASKED} → np.where(mask, scores, -100)",
    f"{MASKED} → np.where(mask, scores, -1000)",
    alone=(
        f"{MASKED} → scores - 1000 * ~mask",
        f"{MASKED} → scores - 100 * ~mask",
        f"{MASKED} → scores - 10 * ~mask",
        *(f"{MASKED} → np.where(mask, scores, {low}{SCALE})" for low in (-1, -10, -100, -1000)),
        f"{MASKED} → np.where(mask, scores, scores.min())",
        f"{MASKED} → np.where(mask, scores, scores.min(axis=-1, keepdims=True))",
    ),
    says="Masked scores are not small enough: what is hidden keeps some weight, or gets all of it where the "
    "other scores are small too. -inf is smaller than any score; -1e9 would do.",
)
mistake(
    attention,
    "masked-score-infinite",
    f"{MASKED} → np.where(mask, scores, np.inf)",
    f"{MASKED} → np.where(mask, scores, 1e9)",
    says="Masked scores become hugely positive instead of negative: what is hidden gets all the weight, or "
    "NaN.",
)
mistake(
    attention,
    "mask-multiplied",
    alone=(
        f"{MASKED} → scores * np.where(mask, 1, -1e9)",
        f"{MASKED} → scores * np.where(mask, 1, -np.inf)",
    ),
    says="Masked scores are multiplied by a hugely negative number, so a negative score becomes hugely "
    "positive and gets all the weight. Replace the score, or add the number.",
)
mistake(
    attention,
    "mask-added",
    f"{MASKED} → scores + mask",
    says="The mask is added as it is. True counts as 1 there, so allowed scores grow by 1 and nothing is "
    "hidden. A mask that is added has to be 0 where looking is allowed and -inf elsewhere.",
)
mistake(
    attention,
    "infinity-times-zero",
    alone=(f"{MASKED} → scores + (1 - mask) * -np.inf",),
    says="With a mask everything is NaN: an infinity meets 0, or another infinity, where looking is allowed. "
    "0 · inf is NaN, so a product with (1 - mask) does not switch it off. Choose with `np.where`, which "
    "leaves allowed scores alone, or use -1e9.",
)
mistake(
    attention,
    "no-mask-not-handled",
    f"{IF}\n        scores → if True:\n        scores",
    alone=(
        f"{IF}\n        scores = {MASKED} → scores = np.where(~mask, -np.inf, scores)",
        f"{IF} → if mask.any():",
        f"{IF}\n        scores = {MASKED} → scores[~mask] = -np.inf",
        f"{IF}\n        scores = {MASKED} → scores = scores + (1 - mask) * -1e9",
    ),
    says="Without a mask it does not work: `mask` is None then. Everything may be seen in that case, so use "
    "the mask only `if mask is not None`.",
)
mistake(
    attention,
    "mask-not-broadcast",
    alone=(
        f"scores = {MASKED} → scores[~mask] = -np.inf",
        f"scores = {MASKED} → scores[mask == 0] = -1e9",
        f"scores = {MASKED} → for place in np.ndindex(scores.shape):\n"
        "            if not mask[place]: scores[place] = -np.inf",
    ),
    says="A mask with fewer axes than the scores, or with axes of length 1, cannot be an index into them. It "
    "is to broadcast: `np.where` does that, and so does a sum.",
)
mistake(
    attention,
    "mask-always-causal",
    f"{IF} → mask = np.tri(*scores.shape[-2:], dtype=bool)\n    {IF}",
    f"{IF} → if mask is None:\n        mask = np.tri(*scores.shape[-2:], dtype=bool)\n    {IF}",
    says="Looking ahead is forbidden, though nobody asked for that: a triangle is used whatever the argument "
    "`mask` says. Without a mask every key may be seen.",
)
mistake(
    attention,
    "softmax-over-queries",
    "axis=-1 → axis=-2",
    "powers.sum(axis=-1 → powers.sum(axis=-2",
    alone=("axis=-1 → axis=0", "axis=-1 → axis=1"),
    says="The softmax runs over the wrong axis: columns of A add up to 1, not its rows. Each query shares "
    "out its attention among the keys, which are the last axis, `axis=-1`.",
)
mistake(
    attention,
    "softmax-over-whole-array",
    "powers.sum(axis=-1, keepdims=True) → powers.sum()",
    alone=("powers.sum(axis=-1, keepdims=True) → powers.sum(axis=(-2, -1), keepdims=True)",),
    says="All weights of an array together add up to 1. Each row of A, one query, should add up to 1 by "
    "itself.",
)
mistake(
    attention,
    "softmax-without-shift",
    f"{SHIFT} → scores",
    says="exp overflows for large scores: exp(1000) is infinite, and inf/inf is NaN. Subtract each row's "
    "largest score first.",
)
mistake(
    attention,
    "overflow-hidden",
    alone=(
        (
            f"{SHIFT} → scores",
            f"{WEIGHTS} → A = np.nan_to_num(powers / powers.sum(axis=-1, keepdims=True))",
        ),
    ),
    says="exp overflows for large scores, and the NaNs that it leaves are replaced by 0: the key with the "
    "largest score gets no weight. Avoid the overflow instead of hiding it.",
)
mistake(
    attention,
    "softmax-shifted-globally",
    "scores.max(axis=-1, keepdims=True) → scores.max()",
    alone=("scores.max(axis=-1, keepdims=True) → scores.max(axis=(-2, -1), keepdims=True)",),
    says="The maximum of the whole array is subtracted. A row whose scores lie far below it becomes 0 "
    "throughout, and 0/0 is NaN. Subtract each row's own maximum.",
)
mistake(
    attention,
    "softmax-shifted-per-column",
    "scores.max(axis=-1 → scores.max(axis=-2",
    says="The maximum over the queries is subtracted. Only a number that is the same for all scores of a row "
    "cancels in the softmax: its own maximum, `axis=-1`.",
)
mistake(
    attention,
    "keepdims-missing",
    alone=(
        "powers.sum(axis=-1, keepdims=True) → powers.sum(axis=-1)",
        "scores.max(axis=-1, keepdims=True) → scores.max(axis=-1)",
        "axis=-1, keepdims=True → axis=-1",
    ),
    says="Without `keepdims=True` the sum (or the maximum) over the keys has an axis less, and NumPy lines "
    "it up with the columns, not with the rows. Where T = S nothing complains, and the numbers are wrong.",
)
mistake(
    attention,
    "scale-hard-coded",
    alone=tuple(f"np.sqrt(Q.shape[-1]) → np.sqrt({d})" for d in (2, 3, 4, 5, 6, 8, 16, 64, 512)),
    says="The scores are divided by a fixed number, whatever the width of the queries. Take d from "
    "`Q.shape[-1]`.",
)
mistake(
    attention,
    "softmax-missing",
    f"{WEIGHTS} → A = scores",
    says="There is no softmax: the scores themselves are the weights. They may be negative, and do not add "
    "up to 1.",
)
mistake(
    attention,
    "exponential-missing",
    (f"np.exp({SHIFT}) → scores",),
    says="The exponential is missing: the scores are divided by their sum. They can be negative, and a sum "
    "near 0 makes them huge.",
)
mistake(
    attention,
    "normalization-missing",
    f"{WEIGHTS} → A = powers",
    says="The weights do not add up to 1: divide the exponentials by their sum over the keys.",
)
mistake(
    attention,
    "softmax-twice",
    f"{WEIGHTS} → {WEIGHTS}\n    A = np.exp(A) / np.exp(A).sum(axis=-1, keepdims=True)",
    says="Softmax is applied twice. The first leaves numbers between 0 and 1, so the second makes all "
    "weights nearly equal, and hidden keys come back.",
)
mistake(
    attention,
    "sigmoid-instead-of-softmax",
    f"{WEIGHTS} → A = 1 / (1 + np.exp(-scores))",
    says="This is the sigmoid, which looks at each key by itself: the weights of a query do not add up to 1.",
)
mistake(
    attention,
    "wrong-base",
    "powers = np.exp( → powers = np.exp2(",
    alone=(f"np.exp({SHIFT}) → 10.0 ** ({SHIFT})",),
    says="The powers are those of a base other than e. The weights still add up to 1, but the scale of the "
    "scores is another.",
)
mistake(
    attention,
    "hard-maximum",
    f"{WEIGHTS} → A = (scores == scores.max(axis=-1, keepdims=True)) * 1.0",
    says="The key with the largest score gets everything. Softmax is the soft version: every key that may be "
    "seen keeps some weight, and without that there is no gradient to learn from.",
)
mistake(
    attention,
    "scores-clipped",
    alone=tuple(f"{IF} → scores = np.clip(scores, -{n}, {n})\n    {IF}" for n in (10, 20, 50, 100, 500)),
    says="The scores are clipped to a range in which exp does not overflow. Scores beyond it all become "
    "equal, so that their keys get the same weight. Subtracting the row's maximum keeps their differences.",
)
mistake(
    attention,
    "exponent-sign-flipped",
    (f"np.exp({SHIFT}) → np.exp(scores.min(axis=-1, keepdims=True) - scores)",),
    alone=("Q @ K → -Q @ K",),
    says="The sign of the scores is flipped: the key that fits least gets the most.",
)
mistake(
    attention,
    "keys-instead-of-values",
    "A @ V, A → A @ K, A",
    says="The weights meet the keys, not the values. Keys say where to look, values what is there: Y = A V.",
)
mistake(
    attention,
    "queries-and-keys-swapped",
    "Q @ K.swapaxes → K @ Q.swapaxes",
    says="Queries and keys are swapped: rows of A belong to keys. A row is one query's view, so Q comes "
    "first in the product.",
)
mistake(
    attention,
    "values-compared",
    "Q @ K.swapaxes → Q @ V.swapaxes",
    says="The queries are compared with the values. Scores come from the keys; the values come in when the "
    "weights are known.",
)
mistake(
    attention,
    "weights-transposed",
    "A @ V, A → A.swapaxes(-1, -2) @ V, A",
    alone=("A @ V, A → A @ V, A.swapaxes(-1, -2)",),
    says="The weights are transposed: their rows are the keys. A is (…, T, S), a row for each query.",
)
mistake(
    attention,
    "all-axes-transposed",
    "K.swapaxes(-1, -2) → K.T",
    alone=(
        "K.swapaxes(-1, -2) → K.swapaxes(0, 1)",
        "K.swapaxes(-1, -2) → K.swapaxes(1, 2)",
        "K.swapaxes(-1, -2) → K.transpose(0, 2, 1)",
        "K.swapaxes(-1, -2) → K.transpose(0, 1, 3, 2)",
    ),
    says="The axes that change places are the wrong ones. `.T` turns round all axes, the samples included, "
    "and axes counted from the front differ with what comes before. Only the last two change places, "
    "`swapaxes(-1, -2)`.",
)
mistake(
    attention,
    "outputs-swapped",
    "return A @ V, A → return A, A @ V",
    says="The two results come in the wrong order: first Y, then the weights A.",
)
mistake(
    attention,
    "scores-returned",
    "A @ V, A → A @ V, scores",
    alone=("A @ V, A → A @ V, powers",),
    says="What comes back beside Y is not A. Return the weights that Y was made with, after the softmax.",
)
mistake(
    attention,
    "values-not-weighted",
    "return A @ V, A → return V.mean(axis=-2, keepdims=True) + 0 * (A @ V), A",
    says="The values are not combined with the weights as a matrix product does it: row t of Y is the sum of "
    "the values, each times its weight in row t of A.",
)
mistake(
    attention,
    "cosine-instead-of-dot-product",
    f"{SCALE} →  / np.linalg.norm(Q, axis=-1)[..., None] / np.linalg.norm(K, axis=-1)[..., None, :]",
    says="The scores are divided by the lengths of query and key, which makes them cosines between -1 and 1: "
    "no key can win clearly. It is the plain dot product, divided by √d.",
)
