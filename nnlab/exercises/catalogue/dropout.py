"""The exercise `dropout`: entries set to 0 by chance, and the others made larger."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.compare import Odd, as_array
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, example, extreme


def form(name: str, array: np.ndarray | Odd, like: np.ndarray) -> str:
    """Describe an array by its shape, which chance may decide where the axes are not those of `like`."""
    if isinstance(array, Odd):
        return f"{name} as {array.text}"
    if array.ndim == like.ndim:
        return f"{name} of shape {array.shape}"
    entries = "as many" if array.size == like.size else "fewer" if array.size < like.size else "more"
    return f"{name} with {array.ndim} {'axis' if array.ndim == 1 else 'axes'} and {entries} entries"


def ratio(a: np.ndarray, b: np.ndarray) -> str:
    """Return the one quotient of two arrays where both are not 0, or say that there are several."""
    both = (a != 0) & (b != 0)
    if not both.any():
        return "all 0"
    quotients = a[both] / b[both]
    return f"{quotients[0]:.4g}" if near(quotients, quotients[0]) else "different numbers"


def near(a: np.ndarray, b: np.ndarray | float) -> bool:
    """Whether two arrays agree, to what float32 carries."""
    return bool((np.abs(a - b) <= 1e-4 * np.abs(b)).all())


def drawn(f: Function, X: np.ndarray, p: float, draws: int) -> list[tuple[Any, Any]]:
    """Return Y and the mask of several draws, as arrays where they are."""
    pairs = []
    for seed in range(draws):
        Y, mask = f(X.copy(), p, np.random.default_rng(seed))
        pairs.append((as_array(Y), as_array(mask)))
    return pairs


def exact(f: Function, X: np.ndarray, p: float) -> dict[str, Any]:
    """Return what holds for every draw, whatever chance decides."""
    return described(X, p, drawn(f, X, p, 5 if p < 0.5 else 24))


def described(X: np.ndarray, p: float, pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    """Return what holds for all of these draws; where the shapes are wrong, nothing is said of the rest."""
    wide = fitting(X, pairs)
    Y, mask = min(pairs, key=lambda pair: np.size(pair[0]))
    kept = kept_entries([mask for _, mask in wide]) if wide else f"{1 / (1 - p):.4g}"
    product = all(near(Y, X * mask) for Y, mask in wide)
    others = [] if product else wide
    return {
        "form": f"{form('Y', Y, X)} and {form('mask', mask, X)}",
        "kept entries": kept,
        "factor": kept if product else one_of({ratio(Y, X) for Y, _ in wide}),
        "0 where dropped": all((Y[mask == 0] == 0).all() for Y, mask in others),
        "0 where kept": bool(others) and all((Y[mask != 0] == 0).all() and Y.any() for Y, mask in others),
        "Y is X + mask": bool(others) and all(near(Y, X + mask) for Y, mask in others),
        "Y is X * mask": product,
    }


def fitting(X: np.ndarray, pairs: list[tuple[Any, Any]]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return all Y and masks in X's shape, or nothing where one cannot be brought into it."""
    if any(isinstance(a, Odd) for pair in pairs for a in pair):
        return []
    if not all(Y.shape == X.shape and spreads(mask, X) for Y, mask in pairs):
        return []
    return [(Y, np.broadcast_to(mask, X.shape).astype(float)) for Y, mask in pairs]


def kept_entries(masks: list[np.ndarray]) -> str:
    """Return what the entries of the masks are that are not 0."""
    found = one_of({ratio(mask, np.ones_like(mask)) for mask in masks})
    if found == "another number in every draw" and all(abs(mask.mean() - 1) < 1e-4 for mask in masks):
        return "1 divided by the share that was kept"
    return found


def spreads(mask: np.ndarray, X: np.ndarray) -> bool:
    """Whether broadcasting brings the mask into X's shape."""
    try:
        return np.broadcast_shapes(mask.shape, X.shape) == X.shape
    except ValueError:
        return False


def one_of(found: set[str]) -> str:
    """Return the one thing that was found in all draws but those that dropped everything."""
    found = found - {"all 0"}
    if len(found) < 2:
        return next(iter(found), "all 0")
    return "different numbers" if "different numbers" in found else "another number in every draw"


def by_chance(f: Function, X: np.ndarray, p: float) -> dict[str, Any]:
    """Return what holds for every draw, and what holds for many entries but for the play of chance."""
    pairs = drawn(f, X, p, 16)
    masks = np.stack([mask for _, mask in fitting(X, pairs)] or [np.zeros((1, 1))])
    zeros = masks == 0
    rows, columns = bool((zeros == zeros[:, :1]).all()), bool((zeros == zeros[:, :, :1]).all())
    counts = [zeros.sum(axis=axis) for axis in (1, 2, (1, 2))]
    draws = len(zeros) * (1 if rows else X.shape[0]) * (1 if columns else X.shape[1])
    fits = len(masks) > 1
    return {
        **described(X, p, pairs),
        "share": share(float(zeros.mean()) if fits else p, p, draws),
        "rows differ": not fits or not rows,
        "columns differ": not fits or not columns,
        "left to chance": rows or columns or all(np.ptp(count) > 0 for count in counts),
        "same seed, same draw": not fits or np.array_equal(masks[:1], masks_of(f, X, p)),
        "other seed, other draw": not fits or bool((masks != masks[:1]).any()),
    }


def masks_of(f: Function, X: np.ndarray, p: float) -> np.ndarray:
    """Return the mask of the first draw, drawn again."""
    return np.stack([mask for _, mask in fitting(X, drawn(f, X, p, 1))] or [np.zeros((1, 1))])


def share(came: float, p: float, draws: int) -> str:
    """Return a share in percent, that of p or 1 - p where it is as near as so many draws allow."""
    bound = 5 * np.sqrt(p * (1 - p) / draws)
    nearest = next((q for q in (p, 1 - p) if abs(came - q) <= bound), round(came, 1))
    return f"{100 * nearest:.0f} %"


def many(m: int, n: int, p: float) -> Probe:
    """Return a probe with so many entries that chance evens out; every tenth is 0, as after a ReLU."""
    rng = np.random.default_rng(m)
    X = rng.normal(size=(m, n)) * (rng.random((m, n)) > 0.1)
    return Probe(f"{m} samples of {n} units, p = {p}", (X, p), "other", by_chance)


@exercise(
    notebook=9,
    order=2,
    returns="Y, mask",
    words={
        "form": "Your function should return {expected}, but it gives {got}.",
        "kept entries": "The entries of mask that are not 0 should be {expected}; yours: {got}.",
        "factor": "Y divided by X should be {expected} wherever it is not 0; yours: {got}.",
        "0 where dropped": "Y should be 0 wherever mask is 0, but it is not.",
        "0 where kept": "Y is 0 just where mask is not: one of the two is the wrong way around.",
        "Y is X + mask": "Y is X + mask.",
        "Y is X * mask": "Y should be X * mask, but it is not.",
        "share": "About {expected} of the mask should be 0; in yours it is {got}.",
        "rows differ": "Each row should have draws of its own, but all rows of the mask are alike.",
        "columns differ": "Each column should have draws of its own, but all columns of the mask are alike.",
        "left to chance": "How many entries are dropped should be left to chance, but it is always the same.",
    },
    probes=(
        example(
            np.array([[1.0, 2.0, -3.0, 0.5], [4.0, -1.0, 2.0, 1.5], [0.5, 3.0, -2.0, 1.0]]),
            0.2,
            observe=exact,
        ),
        extreme("p = 0", np.linspace(-3.0, 4.0, 16).reshape(4, 4), 0.0, observe=exact),
        extreme("p = 0.8", np.linspace(-2.0, 2.0, 80).reshape(8, 10), 0.8, observe=exact),
        many(60, 40, 0.3),
        many(50, 30, 0.6),
    ),
    hints=(
        "Draw one number for every entry of X and compare it with p; the result of the comparison is "
        "already most of the mask.",
        "`rng.random(shape)` is uniform between 0 and 1, so it lies below p with probability p. On "
        "average only a fraction 1 - p of the sum is left: what makes up for that?",
        "Three steps: a boolean array in X's shape that is True where an entry is kept; the mask, which is "
        "that array divided by the probability of keeping one; and X times the mask, returned with it.",
    ),
    why="The scale is in the mask, so the mean of Y stays that of X, evaluation needs no factor, and "
    "backward multiplies by the same mask.",
)
def dropout(X, p, rng):
    """Return X with each entry dropped with probability p, and the mask (Srivastava et al., 2014).

    mask: 0 with probability p, otherwise 1 / (1 - p), drawn from rng for each entry; Y = X * mask.
    X: (m, n), 0 <= p < 1 -> (Y, mask), both (m, n).
    """
    kept = rng.random(X.shape) >= p
    mask = kept / (1 - p)
    return X * mask, mask


DRAW = "rng.random(X.shape)"
mistake(
    dropout,
    "dropout-not-rescaled",
    "kept / (1 - p) → kept * 1.0",
    says="The kept entries are not scaled up. In training the next layer then gets sums that are smaller, "
    "by the factor 1 - p, than in evaluation, where nothing is dropped: numbers it has never seen.",
)
mistake(
    dropout,
    "mask-without-scale",
    "return X * mask, mask → return X * mask, kept * 1.0",
    says="Y is scaled, but the mask holds only 0 and 1. The backward pass multiplies by the mask it is "
    "given, so its gradients would lack the factor.",
)
mistake(
    dropout,
    "result-without-scale",
    "return X * mask, mask → return X * kept, mask",
    says="The mask is scaled, but Y is not: it was made with a mask of 0 and 1. Y should be X times the "
    "mask you return.",
)
mistake(
    dropout,
    "keep-and-drop-swapped",
    ">= p → < p",
    (">= p → < p", "(1 - p) → p"),
    (">= p → < p", "(1 - p) → max(p, 1e-12)"),
    ">= p → >= 1 - p",
    (">= p → < p", "kept / (1 - p) → kept * 1.0"),
    says="Keeping and dropping are swapped: entries are kept with probability p and dropped with "
    "probability 1 - p. With p = 0.1 almost nothing would get through; and with p = 0, nothing at all.",
)
mistake(
    dropout,
    "divided-by-p",
    "/ (1 - p) → / p",
    says="The kept entries are divided by p, the probability of dropping. What is left on average is 1 - "
    "p; and with p = 0, where nothing is dropped, you would divide by 0.",
)
mistake(
    dropout,
    "multiplied-instead-of-divided",
    "/ (1 - p) → * (1 - p)",
    "/ (1 - p) → * p",
    says="The kept entries are scaled down. Dropping has already removed part of the sum, so the rest must "
    "become larger for the mean to stay the same.",
)
mistake(
    dropout,
    "same-mask-per-row",
    f"{DRAW} → rng.random(X.shape[1])",
    f"{DRAW} → rng.random((1, X.shape[1]))",
    f"{DRAW} → np.tile(rng.random(X.shape[1]), (len(X), 1))",
    says="All rows share one mask. The same units are then dropped for every sample of the batch, and the "
    "noise does not average out; each sample should get a mask of its own.",
)
mistake(
    dropout,
    "one-draw-per-row",
    f"{DRAW} → rng.random((len(X), 1))",
    f"{DRAW} → np.repeat(rng.random((len(X), 1)), X.shape[1], axis=1)",
    says="There is one draw for each row, so a sample is dropped or kept as a whole. Single entries should "
    "be dropped, so that no unit can rely on another.",
)
mistake(
    dropout,
    "one-draw-for-all",
    f"{DRAW} → rng.random()",
    f"{DRAW} → np.full(X.shape, rng.random())",
    says="One number is drawn for the whole array, so either everything is dropped or nothing. Each entry "
    "needs a draw of its own: the generator accepts a shape.",
)
mistake(
    dropout,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    "rng. → np.random.default_rng().",
    says="The draws do not come from the `rng` that is passed in. With a global generator no run can be "
    "repeated; with one made inside and seeded there, the same entries are dropped at every step.",
)
mistake(
    dropout,
    "mask-not-zero-or-one",
    f"kept = {DRAW} >= p → kept = {DRAW}",
    f"kept = {DRAW} >= p → kept = rng.normal(1, p, X.shape)",
    f"kept = {DRAW} >= p → kept = np.where({DRAW} >= p, {DRAW}, 0)",
    says="The mask holds many different numbers. An entry is either dropped or kept, and all kept entries "
    "have the same scale; compare the draws with p.",
)
mistake(
    dropout,
    "number-dropped-fixed",
    f"{DRAW} >= p → rng.permutation(X.size).reshape(X.shape) >= round(p * X.size)",
    f"{DRAW} >= p → np.argsort({DRAW}, axis=1) >= round(p * X.shape[1])",
    f"{DRAW} >= p → np.argsort({DRAW}, axis=0) >= round(p * X.shape[0])",
    says="The number of entries that are dropped is fixed. Each entry should be drawn on its own, whatever "
    "happens to the others; then the number varies around p times all of them.",
)
mistake(
    dropout,
    "outputs-swapped",
    "return X * mask, mask → return mask, X * mask",
    says="Y and the mask are swapped. The caller unpacks them as `Y, mask = …`.",
)
mistake(
    dropout,
    "scaled-by-what-was-kept",
    "(1 - p) → kept.mean()",
    says="The kept entries are divided by the fraction that happened to be kept. It should be the "
    "probability 1 - p: then each entry is right on average by itself, and with few entries nothing "
    "is divided by 0.",
)


@mistake(
    dropout,
    "mask-drawn-twice",
    says="The mask you return is not the one that made Y, as if it had been drawn a second time. The "
    "backward pass would send gradients through entries that were dropped.",
)
def drawn_again(X, p, rng):
    """Draw once for Y and once more for the mask."""
    return dropout(X, p, rng)[0], dropout(X, p, rng)[1]


mistake(
    dropout,
    "mask-inverted",
    "return X * mask, mask → return X * mask, ~kept * 1.0",
    "return X * mask, mask → return X * mask, ~kept / (1 - p)",
    says="The mask you return marks what was dropped. It should be what X was multiplied by: 0 where an "
    "entry is dropped.",
)
mistake(
    dropout,
    "mask-not-applied",
    "return X * mask, mask → return X, mask",
    says="Y is X as it was: the mask is drawn but not used, so nothing is dropped and nothing scaled.",
)
mistake(
    dropout,
    "mask-from-the-result",
    "return X * mask, mask → return X * mask, (X * mask != 0) / (1 - p)",
    says="The mask is derived from Y, so entries where X is 0 count as dropped. After a ReLU many are 0; "
    "their mask has to be drawn like any other.",
)
mistake(
    dropout,
    "normal-instead-of-uniform",
    f"{DRAW} → rng.normal(size=X.shape)",
    says="The draws come from a normal distribution, half of which lies below 0. A number that is uniform "
    "between 0 and 1 is below p with probability p.",
)
mistake(
    dropout,
    "entries-removed",
    "return X * mask, mask → return X[kept] / (1 - p), mask",
    says="The dropped entries are removed, so Y has lost its shape. They should stay where they are, as "
    "zeros.",
)
mistake(
    dropout,
    "probability-ignored",
    ">= p → >= 0.5",
    (">= p → >= 0.5", "(1 - p) → 0.5"),
    says="Half of the entries are dropped, whatever p is. The caller has to be able to drop few in one layer "
    "and many in another, and none at all with p = 0.",
)
mistake(
    dropout,
    "scaled-twice",
    "return X * mask, mask → return X * mask / (1 - p), mask",
    "kept / (1 - p) → kept / (1 - p) ** 2",
    says="The kept entries are scaled twice, so the mean becomes larger than that of X. Scale once, in the "
    "mask.",
)
mistake(
    dropout,
    "mask-added",
    "return X * mask, mask → return X + mask, mask",
    says="The mask is added to X. It should multiply: an entry times 0 is dropped, an entry plus 0 stays as "
    "it was.",
)
