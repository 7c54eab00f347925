"""The exercise `windows`: a series cut into inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example


@dataclass(frozen=True)
class SeriesSizes:
    """The sizes of one probe with a series."""

    n: int
    length: int
    horizon: int


def series(kind: str, n: int, length: int, *horizon: int, seed: int) -> Probe:
    """Return a probe of n values, no two of them alike."""
    values = np.random.default_rng(seed).normal(size=n) + 3 * np.arange(n)
    label = f"{n} values, length = {length}" + "".join(f", horizon = {h}" for h in horizon)
    sizes = SeriesSizes(n, length, *(horizon or (1,)))
    return Probe(label, (values, length, *horizon), kind, sizes=sizes)


@exercise(
    notebook=17,
    order=1,
    returns="X, y",
    probes=(
        example(np.array([10.0, 20.0, 40.0, 70.0, 110.0]), 2),
        example(np.array([10.0, 20.0, 40.0, 70.0, 110.0, 160.0, 220.0]), 2, 3, label="a horizon of 3"),
        series("main", 17, 4, 3, seed=0),
        series("main", 12, 5, seed=1),
        series("other", 14, 3, 5, seed=2),
        series("other", 11, 2, 2, seed=3),
        series("other", 9, 3, 1, seed=4),
        series("extreme", 8, 1, 2, seed=5),
        series("extreme", 9, 6, 2, seed=6),
        series("extreme", 7, 1, seed=7),
    ),
    hints=(
        "Write the first window of a short series on paper, with its target; then the last one that still "
        "has a target. How many windows are there?",
        "Window i begins at series[i]. Its last value stands at i + length - 1, and the target `horizon` "
        "steps after that. The last target has to exist.",
        "Compute k, the number of windows, from the place of the last target. Then two lists over i in "
        "range(k): a slice of `length` values from i on, and one single value; both become arrays.",
    ),
    why="Both lists count from the same i, so that a window and its target cannot drift apart; k is what is "
    "left when the last target still lies in the series.",
)
def windows(series, length, horizon=1):
    """Return the windows of a series and their targets, in the order of time.

    Row i of X holds series[i] … series[i + length - 1], y[i] the value `horizon` steps after the last.
    series: (n,) -> X: (k, length), y: (k,), k = n - length - horizon + 1.
    """
    k = len(series) - length - horizon + 1
    X = np.array([series[i : i + length] for i in range(k)])
    y = np.array([series[i + length + horizon - 1] for i in range(k)])
    return X, y


K = "k = len(series) - length - horizon + 1"
WINDOW = "series[i : i + length]"
TARGET = "series[i + length + horizon - 1]"
EACH = "for i in range(k)"
RETURN = "return X, y"

mistake(
    windows,
    "window-leaks-target",
    f"{TARGET} → series[i + length - 1]",
    f"{WINDOW} → series[i + horizon : i + length + horizon]",
    f"{WINDOW} → series[i : i + length + horizon]",
    alone=(
        f"{TARGET} → series[i]",
        (f"{TARGET} → series[i + length - 1]", f"{K} → k = len(series) - length + 1"),
        (f"{TARGET} → series[i + length - 1]", f"{K} → k = len(series) - length"),
    ),
    says="The window contains its own target. A model only has to copy it, looks perfect in every test, and "
    "cannot forecast: the future value will not be in its window. The target comes after the window's last "
    "value.",
)
mistake(
    windows,
    "horizon-off-by-one",
    (f"{TARGET} → series[i + length + horizon]", f"{K} → k = len(series) - length - horizon"),
    f"{TARGET} → series[i + length + horizon - 2]",
    alone=(
        (f"{TARGET} → series[i + length + horizon - 2]", f"{K} → k = len(series) - length - horizon + 2"),
    ),
    says="The target is one step too early or too late. The window's last value stands at i + length - 1, "
    "and with horizon = 1 the target is the very next one. One too early, it is that last value itself.",
)
mistake(
    windows,
    "horizon-ignored",
    f"{TARGET} → series[i + length]",
    (f"{TARGET} → series[i + length]", f"{K} → k = len(series) - length"),
    alone=((f"{TARGET} → series[i + length]", f"{K} → k = len(series) - length - 1"),),
    says="The horizon does not come in: the target is always the next value. A model trained so is judged, "
    "and used, one step ahead, where `horizon` steps were asked for.",
)
mistake(
    windows,
    "horizon-from-first-value",
    f"{TARGET} → series[i + horizon]",
    alone=(
        (f"{TARGET} → series[i + horizon]", f"{K} → k = len(series) - max(length, horizon)"),
        f"{TARGET} → series[i + horizon - 1]",
    ),
    says="The horizon is counted from the window's first value. It counts from the last one; otherwise the "
    "target may lie in the window itself.",
)
mistake(
    windows,
    "target-before-the-window",
    f"{TARGET} → series[i - 1]",
    f"{TARGET} → series[i - horizon]",
    says="The target stands before its window (an index below 0 even counts from the end). Forecasts go "
    "forward: the target is later than all values of the window.",
)
mistake(
    windows,
    "last-window-left-out",
    f"{K} → k = len(series) - length - horizon",
    alone=(
        f"{K} → k = len(series) - length - horizon - 1",
        f"{K} → k = len(series) - length - 2 * horizon + 1",
    ),
    says="The last window is left out, though its target lies in the series. As with fence posts, count "
    "both ends: there are n - length - horizon + 1 windows.",
)
mistake(
    windows,
    "first-window-left-out",
    f"{EACH} → for i in range(1, k)",
    says="The first window is left out. Python counts from 0: the first window begins at series[0].",
)
mistake(
    windows,
    "targets-beyond-the-end",
    f"{K} → k = len(series)",
    f"{K} → k = len(series) - length + 1",
    f"{K} → k = len(series) - length",
    f"{K} → k = len(series) - length - horizon + 2",
    f"{TARGET} → series[i + length + horizon]",
    says="The last targets would lie beyond the end of the series: either there are too many windows, or "
    "the index of the target is too large. The last target is series[n - 1].",
)
mistake(
    windows,
    "targets-without-windows",
    f"y = np.array([{TARGET} {EACH}]) → y = np.array(series[length:])",
    f"y = np.array([{TARGET} {EACH}]) → y = np.array(series[horizon:])",
    f"y = np.array([{TARGET} {EACH}]) → y = np.array(series[length - 1 :])",
    f"y = np.array([{TARGET} {EACH}]) → y = np.array(series[length + horizon :])",
    says="X and y differ in length. Every window has exactly one target: row i of X and entry i of y belong "
    "together.",
)
mistake(
    windows,
    "time-reversed",
    f"{WINDOW} → {WINDOW}[::-1]",
    says="Within a window the newest value comes first. The order is that of time, oldest first; a network "
    "that reads it step by step would read it backward.",
)
mistake(
    windows,
    "rows-reversed",
    f"{EACH} → for i in reversed(range(k))",
    f"X = np.array([{WINDOW} {EACH}]) → X = np.array([{WINDOW} for i in reversed(range(k))])",
    f"y = np.array([{TARGET} {EACH}]) → y = np.array([{TARGET} for i in reversed(range(k))])",
    says="The windows, their targets, or both come in reverse order. Row i belongs to the window that "
    "begins at series[i], so that a split by rows is a split in time.",
)
mistake(
    windows,
    "windows-do-not-overlap",
    f"{EACH} → for i in range(0, k, length)",
    alone=(f"{EACH} → for i in range(0, k, length + horizon)",),
    says="The windows do not overlap: each begins where the one before ends. Here one begins at every "
    "value, which gives far more samples to learn from.",
)
mistake(
    windows,
    "horizon-taken-for-stride",
    f"{EACH} → for i in range(0, k, horizon)",
    (
        f"{TARGET} → series[i + length]",
        f"{K} → k = len(series) - length",
        f"{EACH} → for i in range(0, k, horizon)",
    ),
    says="The horizon is used as the step from one window to the next. It says how far ahead the target "
    "lies; windows begin at every value.",
)
mistake(
    windows,
    "window-off-by-one",
    f"{WINDOW} → series[i + 1 : i + length + 1]",
    says="Each window begins one value late, at series[i + 1]. It ends one value late as well: with horizon "
    "= 1 that is the target itself, which a model then only has to copy.",
)
mistake(
    windows,
    "length-off-by-one",
    f"{WINDOW} → series[i : i + length - 1]",
    f"{WINDOW} → series[i : i + length + 1]",
    f"{WINDOW} → series[i + 1 : i + length]",
    says="The windows have one value too few or too many. A slice ends before its second index: `a : a + n` "
    "has n values.",
)
mistake(
    windows,
    "axes-swapped",
    "return X, y → return X.T, y",
    says="Rows and columns of X are swapped: there is a column for each window. Rows are samples, (k, "
    "length).",
)
mistake(
    windows,
    "target-keeps-dims",
    "return X, y → return X, y[:, None]",
    alone=("return X, y → return X, y[None]",),
    says="The values are right, but y has an axis too many. It is (k,): one number for each window.",
)
mistake(
    windows,
    "all-steps-to-the-horizon",
    f"{TARGET} → series[i + length : i + length + horizon]",
    says="y has all values up to the horizon. Here each window has a single target, the value exactly "
    "`horizon` steps after its last.",
)
mistake(
    windows,
    "window-with-gaps",
    (
        f"{WINDOW} → series[i : i + length * horizon : horizon]",
        f"{TARGET} → series[i + length * horizon]",
        f"{K} → k = len(series) - length * horizon",
    ),
    says="The values of a window lie `horizon` steps apart. Only the target does: the window itself holds "
    "neighboring values.",
)
mistake(
    windows,
    "change-instead-of-value",
    alone=(f"{TARGET} → {TARGET} - series[i + length - 1]",),  # with a leak it would be 0, as much else is
    says="The target is the change since the window's last value. That is a sensible thing to forecast, but "
    "here the value itself is asked for.",
)
mistake(
    windows,
    "never-filled",
    alone=(f"{RETURN} → return X, 0 * y", f"{RETURN} → return 0 * X, y", f"{RETURN} → return 0 * X, 0 * y"),
    says="X or y holds nothing but zeros: the array is made, but nothing of the series is ever written into "
    "it.",
)
mistake(
    windows,
    "differences-instead-of-values",
    f"{K} → series = np.diff(series); {K}",
    says="The windows hold the changes from one value to the next. That is often a good preparation, but a "
    "step of its own, before this one; here the values themselves are cut into windows.",
)
mistake(
    windows,
    "window-rescaled",
    f"{RETURN} → return X - X.mean(axis=1, keepdims=True), y - X.mean(axis=1)",
    f"{K} → series = (series - np.mean(series)) / np.std(series); {K}",
    alone=(
        f"{RETURN} → return X - X.mean(axis=1, keepdims=True), y",
        f"{RETURN} → return X / X[:, :1], y / X[:, 0]",
        f"{RETURN} → return X - X[:, -1:], y - X[:, -1]",
        f"{K} → series = series - np.mean(series); {K}",
        f"{K} → series = (series - np.min(series)) / (np.max(series) - np.min(series)); {K}",
    ),
    says="The values are shifted or scaled. Here they are cut as they are: scaling is a step of its own, "
    "with a mean and a deviation from the training part alone, since those of the whole series know the "
    "future.",
)
mistake(
    windows,
    "wrapped-around",
    (
        f"{K} → k = len(series)",
        f"{WINDOW} → np.roll(series, -i)[:length]",
        f"{TARGET} → np.roll(series, -i)[length + horizon - 1]",
    ),
    says="The series is taken for a ring: the last windows go on at its beginning (`np.roll` and indices "
    "below 0 do that). Those windows mix the end with the start and have no future; leave them out.",
)
mistake(
    windows,
    "outputs-swapped",
    "return X, y → return y, X",
    says="X and y come in the wrong order. The caller takes them apart as `X, y`.",
)
mistake(
    windows,
    "pairs-instead-of-arrays",
    f"{RETURN} → return list(zip(X, y))",
    says="You return a list of pairs, a window with its target in each. The caller takes the result apart "
    "as `X, y`, all windows and all targets.",
)
