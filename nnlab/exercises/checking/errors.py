"""What an exception usually means here, in words for the learner."""

from __future__ import annotations

import re

from nnlab.exercises.checking.outcomes import Raised

# (error type, pattern in its text, pattern in the learner's line, what it usually means)
MEANINGS: tuple[tuple[str, str, str, str], ...] = (
    (
        "ValueError",
        r"could not be broadcast together",
        r"\*(?!\*)",
        "`*` multiplies entry by entry, and these shapes do not fit for that. If a matrix product is meant, "
        "it is written `@`. If not, print both shapes: NumPy lines them up from the right.",
    ),
    (
        "ValueError",
        r"could not be broadcast together|non-broadcastable",
        "",
        "NumPy lines shapes up from the right: (7, 4) goes with (4,) or (7, 1), but not with (7,). A sum or "
        "a maximum over an axis drops that axis unless `keepdims=True` keeps it.",
    ),
    (
        "ValueError",
        r"matmul.*mismatch|shapes .* not aligned|mat1 and mat2",
        "",
        "In `A @ B` the number of columns of A must be the number of rows of B. Write the shapes beside each "
        "factor; a `.T` or a swap of the two is often all that is missing.",
    ),
    (
        "ValueError",
        r"cannot reshape|total size of new array",
        "",
        "The new shape must hold as many entries as the array has; print `.shape` of both.",
    ),
    (
        "ValueError",
        r"not enough values to unpack|too many values to unpack",
        "",
        "The number of names on the left differs from the number of values on the right. `x = f(),` "
        "with a comma at the end makes a one-element tuple; a function with one result needs no "
        "comma.",
    ),
    (
        "ValueError",
        r"setting an array element with a sequence|inhomogeneous",
        "",
        "A single entry was assigned a whole array, or rows of different lengths were combined into "
        "one array.",
    ),
    (
        "ValueError",
        r"truth value of an array",
        "",
        "`if`, `and` and `max(a, b)` need a single truth value, but got an array. To choose entry by "
        "entry, use `np.where` or `np.maximum`, or multiply by the comparison.",
    ),
    (
        "TypeError",
        r"takes \d+ positional arguments? but|missing \d+ required|takes no arguments|unexpected keyword",
        "",
        "The function does not take the arguments that the exercise passes; compare its first line "
        "with the signature above.",
    ),
    (
        "TypeError",
        r"tuple|list indices",
        "",
        "A tuple or a list is used where an array is needed. A comma at the end of a line, as in `a "
        "= b,`, makes a one-element tuple.",
    ),
    (
        "TypeError",
        r"as parameter",
        "",
        "A layer's parameter cannot be replaced by a plain tensor. Copy the numbers into the "
        "existing one, or wrap them in an `nn.Parameter`.",
    ),
    (
        "TypeError",
        r"NoneType",
        "",
        "Something here is None. A function without `return` gives None, and so do methods that work in "
        "place, such as `list.sort()` or `rng.shuffle()`.",
    ),
    (
        "TypeError",
        r"only .*(scalar|length-1|0-dimensional).* arrays? can be converted",
        "",
        "A function for single numbers (those of `math`, or `float`) got a whole array; NumPy's functions "
        "work on arrays.",
    ),
    (
        "UFuncTypeError|_UFuncOutputCastingError",
        r"Cannot cast",
        "",
        "An integer array cannot be updated in place with fractions. Make it a float array first, or "
        "write `a = a - …` instead of `a -= …`.",
    ),
    (
        "UFuncTypeError|_UFuncNoLoopError",
        "",
        "",
        "NumPy cannot compute with this kind of value; print the dtypes of both sides.",
    ),
    (
        "AttributeError",
        r"NoneType",
        "",
        "Something here is None. A function without `return` gives None.",
    ),
    (
        "AttributeError",
        r"before Module.__init__",
        "",
        "A class made from `nn.Module` has to run the `__init__` of `nn.Module` before it can hold layers; "
        "`super()` reaches it.",
    ),
    (
        "AttributeError",
        r"has no attribute",
        "",
        "This object has no such attribute. Check its type first: a list is not an array, and "
        "`np.asarray` turns it into one.",
    ),
    (
        "UnboundLocalError",
        "",
        "",
        "The name is assigned further down in this function, so Python treats it as local everywhere in it.",
    ),
    (
        "NameError",
        "",
        "",
        "No such name is defined here: a typo, or a cell above that has not been run.",
    ),
    (
        "IndexError",
        r"out of bounds|out of range",
        "",
        "An index runs past the end: indices go from 0 to the size minus 1. The first one counts "
        "samples, the second features or classes.",
    ),
    (
        "IndexError",
        r"too many indices",
        "",
        "The array has fewer axes than the index. A sum over an axis, or an index such as `a[0]`, drops one.",
    ),
    ("AxisError", "", "", "The array has fewer axes than that: axis 0 is the first, axis 1 the second."),
    ("KeyError", "", "", "The dict has no such key; the docstring of the exercise lists the keys."),
    (
        "ZeroDivisionError",
        "",
        "",
        "The divisor is 0 here; decide what the result should be in that case.",
    ),
    (
        "RecursionError",
        "",
        "",
        "The function calls itself (or another function that calls it) and never stops.",
    ),
    (
        "MemoryError|_ArrayMemoryError",
        "",
        "",
        "This asks for far more memory than the task needs. Shapes such as (m, 1) against (m,) make "
        "(m, m) arrays.",
    ),
    (
        "SystemExit|KeyboardInterrupt",
        "",
        "",
        "`exit` and `quit` end the whole program; a function ends with `return`.",
    ),
    ("EOFError", "", "", "The values come in as arguments; there is nobody to type them in."),
    ("AssertionError", "", "", "An `assert` in your own code does not hold."),
    (
        "RuntimeError",
        r"does not require grad",
        "",
        "`backward` was called on something that depends on no parameter, or that was computed "
        "without recording gradients (under `no_grad`, or after `.item()` or `.detach()`).",
    ),
    (
        "RuntimeError",
        r"leaf Variable that requires grad",
        "",
        "A parameter is changed in place while gradients are recorded; do it under `torch.no_grad()`.",
    ),
    (
        "RuntimeError",
        r"Can't call numpy\(\)",
        "",
        "A tensor that records gradients has no `.numpy()`; take `.detach()` first.",
    ),
    (
        "RuntimeError",
        r"shapes cannot be multiplied",
        "",
        "In `A @ B` the number of columns of A must be the number of rows of B. `nn.Linear` keeps "
        "its weight as (n_out, n_in), the transpose of ours.",
    ),
    (
        "RuntimeError",
        r"size of tensor|must match",
        "",
        "These shapes do not fit entry by entry. Scores have shape (m, n_classes) and integer labels "
        "(m,), so the two cannot be subtracted, as a squared error would; a cross-entropy takes "
        "them as they are.",
    ),
    ("RuntimeError", r"expected scalar type|same dtype|dtype", "", "The dtypes do not fit; print both."),
)


def meaning(raised: Raised) -> str:
    """Return what the error usually means, or "" where nothing is known about it."""
    for kind, text, line, says in MEANINGS:
        if (
            re.fullmatch(kind, raised.type_name)
            and re.search(text, raised.text)
            and re.search(line, raised.line)
        ):
            return says
    return ""


def told(raised: Raised) -> str:
    """Say where it was raised, and what."""
    where = (
        f"line {raised.line_number} of your code, `{raised.line}`, raises " if raised.line else "it raises "
    )
    text = f"{where}{raised.type_name}" + (f": {raised.text}" if raised.text else "")
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def describe(raised: Raised) -> str:
    """Say where it was raised, what, and what that usually means."""
    return " ".join(filter(None, (told(raised), meaning(raised))))
