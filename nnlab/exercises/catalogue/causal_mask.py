"""The exercise `causal_mask`: which positions each position of a sequence may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe, kind_of


@dataclass(frozen=True)
class Length:
    """The size of one probe: the length of the sequence."""

    T: int


def masked(f: Function, T: int) -> dict[str, Any]:
    """Return the mask, and whether it consists of True and False."""
    mask = f(T)
    return {"mask": mask, "kind": kind_of(mask)}


@exercise(
    notebook=18,
    order=2,
    returns="mask",
    probes=(
        Probe("T = 3", (3,), "example", masked),
        Probe("T = 5", (5,), "main", masked, sizes=Length(T=5)),
        Probe("T = 8", (8,), "other", masked, sizes=Length(T=8)),
        Probe("T = 2", (2,), "other", masked),
        Probe("a single position", (1,), "extreme", masked),
    ),
    hints=(
        "Write the mask for T = 3 on paper. Row t belongs to the position that looks: the first sees "
        "only itself, the last one everything.",
        "Position t may look at column s if s is not later than t. NumPy has functions for such "
        "triangles; or compare a column of the numbers 0 … T - 1 with a row of them.",
        "`np.tri`, `np.tril` and a comparison with `[:, None]` all do. Then look at the two corners "
        "off the diagonal, at the diagonal itself, and at the dtype.",
    ),
    why="The comparison says what is meant, position t may look at s where t >= s, and gives True and False "
    "by itself. `np.tri(T, dtype=bool)` is the same.",
)
def causal_mask(T):
    """Return which positions each position may look at: itself and those before it.

    T: the length of the sequence -> mask: (T, T) of bool, True in row t for columns 0 … t.
    """
    steps = np.arange(T)
    mask = steps[:, None] >= steps
    return mask


ALLOWED = "steps[:, None] >= steps"

mistake(
    causal_mask,
    "looks-ahead",
    f"{ALLOWED} → steps[:, None] <= steps",
    f"{ALLOWED} → steps[:, None] >= steps - 1",
    f"{ALLOWED} → np.ones((T, T), dtype=bool)",
    f"{ALLOWED} → ~np.eye(T, k=1, dtype=bool)",
    says="Positions may look ahead: some entry above the diagonal is True. A model that is trained to give "
    "the next token would read it there, have almost no loss, and have nothing to read when it writes.",
)
mistake(
    causal_mask,
    "diagonal-masked",
    f"{ALLOWED} → steps[:, None] > steps",
    says="The diagonal is False: no position may look at itself, and the first one at nothing at all. Its "
    "softmax is then 0/0, NaN. Row t is True for columns 0 … t, t included.",
)
mistake(
    causal_mask,
    "mask-inverted",
    f"{ALLOWED} → steps[:, None] < steps",
    says="The mask is inverted: it is True for what lies ahead. That is PyTorch's `nn.MultiheadAttention`, "
    "where True means hidden; here, and in `scaled_dot_product_attention`, True means that looking is "
    "allowed.",
)
mistake(
    causal_mask,
    "diagonal-masked-and-ahead",
    f"{ALLOWED} → steps[:, None] != steps",
    says="Only the diagonal is False: each position sees everything but itself, what lies ahead included. "
    "It should be the other way round for both.",
)
mistake(
    causal_mask,
    "only-itself",
    f"{ALLOWED} → steps[:, None] == steps",
    says="Each position sees only itself, so attention mixes nothing. Those before it are allowed, too.",
)
mistake(
    causal_mask,
    "only-the-previous",
    f"{ALLOWED} → np.eye(T, dtype=bool) | np.eye(T, k=-1, dtype=bool)",
    f"{ALLOWED} → np.eye(T, k=-1, dtype=bool)",
    says="Only the position just before is allowed, not those further back. That is a window of one step, as "
    "a recurrent network has it; attention reaches back to the beginning.",
)
mistake(
    causal_mask,
    "nothing-allowed",
    alone=(f"{ALLOWED} → np.zeros((T, T), dtype=bool)",),
    says="No position may look anywhere: all entries are False. Row t is True for columns 0 … t.",
)
mistake(
    causal_mask,
    "infinity-times-zero",
    alone=("return mask → return (1 - mask) * -np.inf",),
    says="All entries are infinite or NaN: where looking is allowed, -inf is multiplied by 0, and 0 · inf is "
    "NaN. Asked for are True and False, without any infinity.",
)
mistake(
    causal_mask,
    "mask-mirrored",
    f"{ALLOWED} → np.tri(T, dtype=bool)[:, ::-1]",
    f"{ALLOWED} → np.tri(T, dtype=bool)[::-1]",
    says="The triangle is mirrored: it hangs on the wrong diagonal. The one that counts runs from the upper "
    "left to the lower right, where a position meets itself.",
)
mistake(
    causal_mask,
    "wrong-type",
    "return mask → return mask.astype(int)",
    "return mask → return mask.astype(float)",
    says="The mask consists of numbers, which is risky: `~` of the number 1 is -2, and as an index 0 and 1 "
    "are rows. It should be True and False, `dtype=bool`.",
)
mistake(
    causal_mask,
    "added-instead-of-bool",
    "return mask → return np.where(mask, 0.0, -np.inf)",
    "return mask → return np.where(mask, 0.0, -1e9)",
    says="This is the kind of mask that is added to the scores: 0 where looking is allowed and a hugely "
    "negative number elsewhere. Asked for is the one of True and False that the sum is made from.",
)
