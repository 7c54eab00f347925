"""The exercise `clip_by_norm`: gradients, all together, limited in length."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import MAIN, Sizes, example, extreme


def gradients(rng: np.random.Generator, s: Sizes) -> list[np.ndarray]:
    """Return the gradients of a network of two layers, as a list."""
    shapes = ((s.n_x, s.n_h), (s.n_h,), (s.n_h, s.n_y), (s.n_y,))
    return [rng.normal(size=shape) for shape in shapes]


# Any constant up to 1e-6 beside the norm is right; so no norm that is divided by is small here.
@exercise(
    notebook=8,
    order=3,
    returns="norm",
    in_place=("grads",),
    inputs=lambda rng, s: (gradients(rng, s), 1.5 if s is MAIN else 0.7),
    rtol=1e-5,
    atol=2e-6,
    probes=(
        example([np.array([3.0]), np.array([[4.0]])], 2.5),
        example([np.array([0.9, 0.0]), np.array([[-1.2]])], 2.5, label="a norm below the limit"),
        extreme("a norm just above the limit", [np.array([[4.0, -2.0]]), np.array([4.0, 0.5, 0.2])], 5.95),
        extreme("a norm just below the limit", [np.array([[4.0, -2.0]]), np.array([4.0, 0.5, 0.2])], 6.1),
        extreme(
            "every array below the limit, all together above",
            [np.array([[2.0, -1.0], [0.5, 1.5]]), np.array([1.0, 2.0]), np.array([-2.5])],
            3.0,
        ),
        extreme("a limit below 1", [np.array([0.48]), np.array([[-0.64]])], 0.7),
        extreme("all gradients 0", [np.zeros((2, 2)), np.zeros(2)], 1.0),
        extreme("one array of zeros", [np.zeros((2, 3)), np.array([6.0, -8.0])], 4.0),
        extreme("very large gradients", [np.array([[3e8]]), np.array([-4e8])], 5.0),
        extreme("a list of one array", [np.array([[1.0, -2.0], [2.0, 4.0]])], 2.0),
        extreme("kernels of four axes", [np.arange(-8.0, 8.0).reshape(2, 2, 2, 2), np.array([3.0])], 8.0),
    ),
    hints=(
        "One norm for all: think of the entries of all arrays as one long vector, and of its length.",
        "The squares of all entries add up across the arrays; take the square root once, at the end. If "
        "the norm is above the limit, every array is multiplied by one and the same factor: which one?",
        "Keep the norm in a variable; only inside an `if` on it, loop over the arrays and scale each in "
        "place (`*=`) by the limit divided by the norm; return that variable, whether clipped or not.",
    ),
    why="One factor for all arrays makes the step shorter and keeps its direction; the norm before clipping "
    "is worth returning, since its plot shows how often the limit is hit.",
)
def clip_by_norm(grads, max_norm):
    """Scale all gradients down, together, to the norm max_norm if theirs is larger (Pascanu et al., 2013).

    grads: a list of arrays of any shapes, changed in place -> their common 2-norm before clipping.
    """
    norm = np.sqrt(sum(np.sum(g**2) for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


NORM = "np.sqrt(sum(np.sum(g**2) for g in grads))"
OWN = "np.sqrt(np.sum(g**2))"
mistake(
    clip_by_norm,
    "clipped-per-array",
    (
        f"if norm > max_norm:\n        for g in grads: → for g in grads:\n        if {OWN} > max_norm:",
        f"g *= max_norm / norm → g *= max_norm / {OWN}",
    ),
    (
        f"if norm > max_norm:\n        for g in grads: → for g in grads:\n        if {OWN} > max_norm:",
        f"g *= max_norm / norm → g *= max_norm / {OWN}",
        f"return norm → return [{OWN} for g in grads]",
    ),
    (f"g *= max_norm / norm → g *= min(1, max_norm / max({OWN}, 1e-12))",),
    (f"g *= max_norm / norm → g *= max_norm / {OWN}",),
    says="Each array is clipped by its own norm. Then some shrink and others do not, and the step no "
    "longer points along the gradient. The norm that counts is that of all arrays together, and all "
    "are scaled by the same factor.",
)
mistake(
    clip_by_norm,
    "clipped-by-value",
    (
        "if norm > max_norm:\n        for → if True:\n        for",
        "g *= max_norm / norm → g[...] = np.clip(g, -max_norm, max_norm)",
    ),
    "g *= max_norm / norm → g[...] = np.clip(g, -max_norm, max_norm)",
    "g *= max_norm / norm → g[...] = np.minimum(g, max_norm)",
    says="Every entry is limited by itself to max_norm. That is clipping by value: it cuts the large "
    "entries and leaves the small ones, so the direction of the step changes, and the norm may still be far "
    "above the limit.",
)
mistake(
    clip_by_norm,
    "always-rescaled",
    "if norm > max_norm: → if True:",
    "if norm > max_norm: → if norm > 0:",
    (
        "if norm > max_norm: → if True:",
        "max_norm / norm → max_norm / (norm + 1e-6)",
    ),
    says="The gradients are always scaled to norm max_norm, even small ones. Clipping should only shorten "
    "long ones; near the minimum, where gradients fade, your steps would stay long and jump around it.",
)
mistake(
    clip_by_norm,
    "norm-after-clipping",
    f"return norm → return {NORM}",
    "return norm → return min(norm, max_norm)",
    "return norm → return max_norm",
    says="The returned norm never exceeds the limit: it is the norm after clipping, or the limit itself. "
    "It should say how large the gradients were before.",
)
mistake(
    clip_by_norm,
    "root-missing",
    f"{NORM} → sum(np.sum(g**2) for g in grads)",
    "return norm → return norm**2",
    ("norm > max_norm → norm**2 > max_norm", "max_norm / norm → max_norm / norm**2"),
    "max_norm / norm → max_norm / norm**2",
    "norm > max_norm → norm**2 > max_norm",
    says="A sum of squares is used where its square root is meant. The norm is a length: that of the "
    "entries 3 and 4 is 5, not 25.",
)
mistake(
    clip_by_norm,
    "update-not-in-place",
    "g *= max_norm / norm → g = g * max_norm / norm",
    says="The list still holds the gradients as they were; clipped ones, if there are any, stay inside the "
    "function. `g = g * factor` makes a new array, and `grads = […]` a new list, which the caller never "
    "sees. The optimizer would take its step with the large ones.",
)
mistake(
    clip_by_norm,
    "list-instead-of-norm",
    "return norm → return grads",
    ("g *= max_norm / norm → g = g", "return norm → return [g * min(1, max_norm / norm) for g in grads]"),
    says="You return a list, where a single number is expected: the norm of all gradients before clipping. "
    "The clipped gradients belong in the list that was passed in.",
)
mistake(
    clip_by_norm,
    "scale-instead-of-norm",
    "return norm → return max_norm / norm",
    "return norm → return min(1.0, max_norm / norm)",
    "return norm → return max_norm / max(norm, max_norm)",
    says="You return the factor, the limit divided by the norm. The exercise asks for the norm itself, as "
    "it was before clipping.",
)
mistake(
    clip_by_norm,
    "norms-added",
    f"{NORM} → sum(np.linalg.norm(g) for g in grads)",
    f"return norm → return sum({OWN} for g in grads)",
    says="The norms of the arrays are added up. Lengths of parts do not add up to the length of the whole: "
    "the vector (3, 4) has length 5, not 7. It is the squares that add up.",
)
mistake(
    clip_by_norm,
    "largest-instead-of-common-norm",
    f"{NORM} → max({OWN} for g in grads)",
    f"{NORM} → max(np.abs(g).max() for g in grads)",
    says="Only the largest counts: the array with the largest norm, or the largest entry of all. The "
    "common norm involves every entry of every array.",
)
mistake(
    clip_by_norm,
    "one-norm-instead",
    f"{NORM} → sum(np.sum(np.abs(g)) for g in grads)",
    says="The magnitudes of all entries are added up. That is the 1-norm; the 2-norm, the length of the "
    "vector, is made from squares.",
)
mistake(
    clip_by_norm,
    "only-one-array-counted",
    f"{NORM} → np.linalg.norm(grads[0])",
    f"{NORM} → np.linalg.norm(grads[-1])",
    says="The norm is that of one array of the list. In a loop, a line that assigns with `=` where it should "
    "add with `+=` leaves the last one.",
)
mistake(
    clip_by_norm,
    "norm-averaged",
    f"{NORM} → np.sqrt(np.mean(np.concatenate([g.ravel() for g in grads]) ** 2))",
    f"{NORM} → np.sqrt(sum(np.mean(g**2) for g in grads))",
    f"{NORM} → np.mean([np.linalg.norm(g) for g in grads])",
    f"{NORM} → sum(np.sum(g**2) for g in grads) ** 0.5 / len(grads)",
    says="The norm is averaged, over entries or over arrays. It is a length: the squares of all entries "
    "are added up, not averaged.",
)
mistake(
    clip_by_norm,
    "square-missing",
    f"{NORM} → np.sqrt(np.abs(sum(np.sum(g) for g in grads)))",
    f"{NORM} → abs(sum(np.sum(g) for g in grads))",
    f"{NORM} → sum(np.sum(g) for g in grads)",
    says="The entries are added up without being squared, so positive and negative ones cancel: a huge "
    "gradient can have a sum of 0, and would never be clipped.",
)
mistake(
    clip_by_norm,
    "condition-reversed",
    "norm > max_norm → 0 < norm < max_norm",
    "norm > max_norm → norm < max_norm",
    says="The condition is the wrong way around: gradients below the limit are scaled up to it, and those "
    "above it, which are to be clipped, stay as they are.",
)
mistake(
    clip_by_norm,
    "scale-inverted",
    "max_norm / norm → norm / max_norm",
    says="The factor is upside down: the norm divided by the limit is above 1 where clipping is needed, so "
    "large gradients become even larger.",
)
mistake(
    clip_by_norm,
    "scaled-to-one",
    "max_norm / norm → 1 / norm",
    says="Clipped gradients end with a norm of 1, whatever the limit is. Their norm should be max_norm, "
    "exactly what is allowed.",
)
mistake(
    clip_by_norm,
    "norm-not-divided",
    "g *= max_norm / norm → g *= max_norm",
    says="The gradients are multiplied by max_norm alone. Its new norm then depends on how large it was; a "
    "vector is brought to a length by dividing by its own and multiplying by the new one.",
)
mistake(
    clip_by_norm,
    "loop-left-early",
    "for g in grads: → for g in grads[:1]:",
    says="Only the first array is scaled: a `return` or `break` inside the loop ends it on the first pass, "
    "or only one entry of the list is changed. The step would point another way.",
)
mistake(
    clip_by_norm,
    "scaled-twice",
    "for g in grads: → for g in [*grads, *grads]:",
    says="The gradients are scaled twice, so they end far below the limit. Once brings them exactly to it.",
)
mistake(
    clip_by_norm,
    "gradient-dropped",
    "g *= max_norm / norm → g *= 0",
    says="Gradients above the limit are set to 0. The step is then lost; clipping keeps its direction and "
    "makes it shorter.",
)
mistake(
    clip_by_norm,
    "norm-measured-while-clipping",
    f"g *= max_norm / norm → g *= max_norm / {NORM}",
    says="The norm is measured again for each array, after the ones before it have been scaled. It becomes "
    "smaller along the way, so later arrays shrink less, and the step changes direction. Measure "
    "once, before the loop.",
)
mistake(
    clip_by_norm,
    "limit-not-compared",
    "norm > max_norm → norm > 1",
    says="Whether to clip is not decided by max_norm: gradients with a norm above 1 are scaled, whatever the "
    "limit is. Those between 1 and the limit should stay, and those between the limit and 1 should not.",
)
mistake(
    clip_by_norm,
    "spectral-norm",
    f"{NORM} → np.sqrt(sum(np.linalg.norm(g, 2) ** 2 for g in grads))",
    says="np.linalg.norm with the order 2 is the spectral norm of a matrix: the most it can stretch a "
    "vector, which is never more than the length of its entries. Without an order, it gives that "
    "length.",
)
