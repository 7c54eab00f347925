"""The exercise `he_init`: weights to start from, for a layer before ReLU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Sizes, follows_seed, noise


def drawn(f: Function, fan_in: int, fan_out: int) -> Iterator[dict[str, Any]]:
    """Draw once and describe what was drawn."""
    yield {"weights": noise(f(fan_in, fan_out, np.random.default_rng(0)), (2 / fan_in) ** 0.5)}
    yield {"rng": follows_seed(lambda rng: f(4, 3, rng))}


LARGE = (Sizes(m=1, n_x=200, n_h=60, n_y=1), Sizes(m=1, n_x=50, n_h=150, n_y=1))


def flat(seen: list) -> bool:
    """Whether the weights spread as uniform ones do, whatever their scale: kurtosis 1.8 instead of 3."""
    return any(abs(one["weights"]["kurtosis / that of a normal distribution"] - 0.6) < 0.06 for one in seen)


def same_spread_for_all_sizes(seen: list) -> bool:
    """Whether the standard deviation does not follow the number of inputs."""
    a, b = (
        one["weights"]["standard deviation / expected"] * s.n_x**-0.5
        for one, s in zip(seen, LARGE, strict=True)
    )
    return a > 0 and abs(a - b) < 0.08 * a


def transposed(seen: list) -> bool:
    """Whether the matrix is (fan_out, fan_in)."""
    return any(one["weights"]["shape"] == str((s.n_h, s.n_x)) for one, s in zip(seen, LARGE, strict=True))


def another_generator(seen: list) -> bool:
    """Whether the draw does not follow the seed of the generator, though it is a draw."""
    return any(
        not all(one["rng"].values()) and one["weights"]["share of distinct entries"] > 0.9 for one in seen
    )


@exercise(
    notebook=5,
    order=2,
    returns="a matrix W",
    sizes=LARGE,
    inputs=lambda rng, s: (s.n_x, s.n_h),
    observe=drawn,
    rtol=0.12,
    hints=(
        "As in `init_params`, the spread has to make up for the number of terms that a unit adds up. But "
        "half of what comes out of a ReLU is 0.",
        "When half of the signal is lost, the variance of the weights must be twice as large: 2 / fan_in. "
        "The variance is the square of the standard deviation.",
        "`rng.normal(size=...)` draws with standard deviation 1. Multiply the draw by the standard "
        "deviation you want: here the square root of the variance above.",
    ),
    why="ReLU sets half of its inputs to 0 and so halves the mean square; the factor 2 makes up for it, and "
    "the signal keeps its size through many layers (He et al., 2015).",
)
def he_init(fan_in, fan_out, rng):
    """Return fresh weights for a layer before ReLU: N(0, 2/fan_in).

    Shape (fan_in, fan_out), drawn from rng.
    """
    std = np.sqrt(2 / fan_in)
    return rng.normal(size=(fan_in, fan_out)) * std


mistake(
    he_init,
    "uniform-instead-of-normal",
    "rng.normal( → np.sqrt(3) * rng.uniform(-1, 1, ",
    "rng.normal( → rng.uniform(-1, 1, ",
    "rng.normal( → rng.random(",
    "rng.normal( → rng.uniform(-0.5, 0.5, ",
    says="The weights are drawn from a uniform distribution; the exercise asks for a normal one. Both can "
    "work, but for the same limits they have different spreads, and `rng.random` is never negative, so that "
    "every unit starts out pulling the same way.",
    symptom=flat,
)
mistake(
    he_init,
    "init-scale-ignored",
    " * std → ",
    "np.sqrt(2 / fan_in) → 0.01",
    "np.sqrt(2 / fan_in) → 0.1",
    "np.sqrt(2 / fan_in) → np.sqrt(2)",
    says="The weights do not depend on the number of inputs as they should. Unscaled, a layer of 200 "
    "inputs multiplies its signal by ten or more, and so does the next one; with a small fixed factor it "
    "fades away, and with it the gradients.",
    symptom=same_spread_for_all_sizes,
)
mistake(
    he_init,
    "variance-used-as-std",
    "np.sqrt(2 / fan_in) → 2 / fan_in",
    says="The variance 2 / fan_in is used as the standard deviation; the square root is missing. The "
    "weights are far too small, and every layer shrinks its signal: after a few of them nothing is "
    "left to learn from.",
)
mistake(
    he_init,
    "root-of-a-part-only",
    "np.sqrt(2 / fan_in) → np.sqrt(2) / fan_in",
    "np.sqrt(2 / fan_in) → 2 / np.sqrt(fan_in)",
    says="The square root covers only part of the fraction. The standard deviation is the square root of "
    "the whole variance; look at your parentheses.",
)
mistake(
    he_init,
    "fan-out-instead-of-fan-in",
    "2 / fan_in → 2 / fan_out",
    says="The scale uses the number of units that the layer feeds (fan-out). The size of a sum depends on "
    "the number of its terms: the inputs of the layer (fan-in), the first axis of W.",
)
mistake(
    he_init,
    "xavier-instead-of-he",
    "2 / fan_in → 1 / fan_in",
    "2 / fan_in → 2 / (fan_in + fan_out)",
    says="This is the scale for tanh (Xavier, or Glorot). ReLU turns half of its inputs into 0, and each "
    "layer would halve the signal's mean square: after ten layers it is a thousandth.",
)
mistake(
    he_init,
    "scale-divided",
    " * std → / std",
    says="The draw is divided by the standard deviation instead of multiplied by it, so the weights are "
    "far too large: the first scores run into the hundreds, and the loss starts out enormous.",
)
mistake(
    he_init,
    "init-all-zero",
    "rng.normal(size=(fan_in, fan_out)) → np.zeros((fan_in, fan_out))",
    says="The weights start at zero. With ReLU all units then give 0, all gradients are 0, and nothing "
    "ever moves. Random weights make the units different.",
)
mistake(
    he_init,
    "only-positive-weights",
    "rng.normal(size=(fan_in, fan_out)) → np.abs(rng.normal(size=(fan_in, fan_out)))",
    says="The weights are not centered on 0. All units then pull the same way, and the sums grow with the "
    "number of inputs, not with its square root.",
)
mistake(
    he_init,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The weights are not drawn from the `rng` that is passed in. Without it nobody can repeat the run "
    "or try another seed: a global generator, or one made inside, ignores the seed the caller has "
    "chosen.",
    symptom=another_generator,
)
mistake(
    he_init,
    "wrong-shape",
    "size=(fan_in, fan_out) → size=(fan_out, fan_in)",
    says="The matrix is transposed. In this course rows are samples and `X @ W` is the layer, so W has "
    "shape (fan_in, fan_out). PyTorch stores its weights the other way around.",
    symptom=transposed,
)
mistake(
    he_init,
    "init-all-equal",
    "rng.normal(size=(fan_in, fan_out)) → np.ones((fan_in, fan_out))",
    says="All weights are the same number. Then all units compute the same, get the same gradient and stay "
    "the same forever. Random weights make them different.",
)
mistake(
    he_init,
    "scale-given-as-mean",
    "rng.normal(size=(fan_in, fan_out)) * std → rng.normal(std, size=(fan_in, fan_out))",
    "rng.normal(size=(fan_in, fan_out)) * std → rng.normal(std, std, size=(fan_in, fan_out))",
    says="The weights are not centered on 0: the first argument of `rng.normal` is the mean, the second the "
    "standard deviation (`scale`).",
)
mistake(
    he_init,
    "both-sizes-in-the-scale",
    "2 / fan_in → 2 / (fan_in * fan_out)",
    "2 / fan_in → 4 / (fan_in + fan_out)",
    says="The scale uses both sizes of the layer. A unit adds up fan_in terms, and the number of units "
    "beside it makes no difference to its sum.",
)
mistake(
    he_init,
    "wrong-factor",
    "2 / fan_in → 6 / fan_in",
    "2 / fan_in → 3 / fan_in",
    says="The spread follows the number of inputs, but the factor is wrong. ReLU halves the mean square, "
    "so the variance has to be doubled: 2 / fan_in (the 6 belongs to the limits of a uniform "
    "distribution).",
)
