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
        "`*` multiplies entry by entry, and these shapes do not allow that. A matrix product is written `@`. "
        "If you do mean `*`, print both shapes: NumPy lines them up from the right.",
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
        "In `A @ B` the number of columns of A must equal the number of rows of B. Write down both shapes; "
        "often a `.T` is missing, or the factors are in the wrong order.",
    ),
    (
        "ValueError",
        r"cannot reshape|total size of new array",
        "",
        "The new shape must hold exactly as many entries as the array has; print its `.shape`.",
    ),
    (
        "ValueError",
        r"does not result in an equal division",
        "",
        "`np.split` cuts into parts of equal length, along axis 0 unless `axis=` says otherwise. Print the "
        "shape: the length of that axis must be a multiple of the number of parts.",
    ),
    (
        "ValueError",
        r"not enough values to unpack|too many values to unpack",
        "",
        "The number of names on the left differs from the number of values on the right. Print what is "
        "unpacked, or its `len`.",
    ),
    (
        "ValueError",
        r"setting an array element with a sequence|inhomogeneous",
        "",
        "Either a single entry is assigned a whole array, or rows of different lengths are combined into "
        "one array.",
    ),
    (
        "ValueError",
        r"truth value of an array",
        "",
        "`if`, `and`, `or` and Python's `max` need a single True or False, but got an array. To choose entry "
        "by entry, use `np.where` or `np.maximum`, or multiply by the comparison.",
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
        r"slice indices must be integers|'float' object cannot be interpreted as an integer",
        "",
        "A whole number is needed, but a float came. `/` gives a float even where nothing is left over; `//` "
        "gives an integer.",
    ),
    (
        "TypeError",
        r"Cannot interpret .* as a data type",
        "",
        "A shape is a single argument, a tuple: `np.zeros((3, 4))`, with two pairs of parentheses.",
    ),
    (
        "TypeError",
        r"tuple|list indices",
        "",
        "A tuple or a list is used where an array or a number is needed. Note that a comma at the end of a "
        "line, as in `a = b,`, makes a tuple.",
    ),
    (
        "TypeError",
        r"as parameter",
        "",
        "A layer's parameter cannot be replaced by a plain tensor. Copy the numbers into the existing "
        "parameter, or wrap the tensor in `nn.Parameter`.",
    ),
    (
        "TypeError",
        r"NoneType",
        "",
        "Something on this line is None. A function without `return` gives None, and so do methods that work "
        "in place, such as `list.sort()` and `rng.shuffle()`.",
    ),
    (
        "TypeError",
        r"only .*(scalar|length-1|0-dimensional).* arrays? can be converted",
        "",
        "A function for single numbers (`float`, or one from `math`) got a whole array; NumPy's functions, "
        "such as `np.exp`, take arrays.",
    ),
    (
        "UFuncTypeError|_UFuncOutputCastingError",
        r"Cannot cast",
        "",
        "An integer array cannot be updated in place with floats. Make it a float array first, or "
        "write `a = a - …` instead of `a -= …`.",
    ),
    (
        "UFuncTypeError|_UFuncNoLoopError",
        "",
        "",
        "NumPy cannot compute this with values of these types; print the dtype of both operands.",
    ),
    (
        "AttributeError",
        r"NoneType",
        "",
        "Something on this line is None. A function without `return` gives None.",
    ),
    (
        "AttributeError",
        r"before Module.__init__",
        "",
        "A subclass of `nn.Module` has to call `super().__init__()` before it can hold layers.",
    ),
    (
        "AttributeError",
        r"'(list|tuple)' object has no attribute '(lower|upper|split|strip|replace)'",
        "",
        "A list has no such method, the texts in it have: go through the list and use it on each text.",
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
        "The name is assigned somewhere in this function, so Python treats it as local throughout, and here "
        "it has no value yet. Assign it before this line, or use another name.",
    ),
    (
        "NameError",
        "",
        "",
        "No such name is defined: it may be misspelled, or the cell that defines it has not been run.",
    ),
    (
        "IndexError",
        r"out of bounds|out of range",
        "",
        "An index runs past the end: valid indices go from 0 to the length minus 1. Print the array's "
        "`.shape` and the index.",
    ),
    (
        "IndexError",
        r"too many indices",
        "",
        "The array has fewer axes than you index; print its `.shape`. A sum over an axis, or an index such "
        "as `a[0]`, drops one.",
    ),
    (
        "IndexError",
        r"boolean index did not match",
        "",
        "A mask that is used as an index needs the very shape of what it picks from. `np.where` also takes "
        "one that broadcasts.",
    ),
    (
        "AxisError",
        "",
        "",
        "The array has no such axis; print its `.shape`. Axis 0 is the first, axis 1 the second.",
    ),
    ("KeyError", "", "", "The dict has no such key; print `list(…)` of the dict to see which it has."),
    (
        "ZeroDivisionError",
        "",
        "",
        "The divisor is 0 for this input; decide what the result should be in that case.",
    ),
    (
        "RecursionError",
        "",
        "",
        "The function calls itself, directly or through another function, and never stops.",
    ),
    (
        "MemoryError|_ArrayMemoryError",
        "",
        "",
        "Your code asks for far more memory than the task needs. Operations on shapes such as (m, 1) and "
        "(m,) give (m, m) arrays.",
    ),
    (
        "SystemExit|KeyboardInterrupt",
        "",
        "",
        "`exit` and `quit` end the whole program; use `return` to leave a function.",
    ),
    ("EOFError", "", "", "The checker cannot answer `input()`; use the values passed as arguments."),
    ("AssertionError", "", "", "An `assert` in your own code fails."),
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
        "A parameter is changed in place while gradients are recorded; do that under `torch.no_grad()`.",
    ),
    (
        "RuntimeError",
        r"Can't call numpy\(\)",
        "",
        "A tensor that requires gradients has no `.numpy()`; call `.detach()` first.",
    ),
    (
        "RuntimeError",
        r"shapes cannot be multiplied",
        "",
        "In `A @ B` the number of columns of A must equal the number of rows of B. `nn.Linear` stores "
        "its weight as (n_out, n_in), the transpose of ours.",
    ),
    (
        "RuntimeError",
        r"size of tensor|must match",
        "",
        "These shapes do not match entry by entry. Scores have shape (m, n_classes) and integer labels "
        "(m,), so the two cannot be subtracted, as a squared error would do; `F.cross_entropy` takes "
        "them as they are.",
    ),
    ("RuntimeError", r"expected scalar type|same dtype|dtype", "", "The dtypes do not match; print both."),
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
