"""The exercise `init_params`: weights to start from, scaled by the number of inputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Sizes, follows_seed, noise, zeros


def start(f: Function, n_x: int, n_h: int, n_y: int) -> Iterator[dict[str, Any]]:
    """Draw once and describe what was drawn."""
    params = f(n_x, n_h, n_y, np.random.default_rng(0))
    yield {"Wh": noise(params["Wh"], n_x**-0.5), "bh": zeros(params["bh"])}
    yield {"Wy": noise(params["Wy"], n_h**-0.5), "by": zeros(params["by"])}
    yield {
        "Wh and rng": follows_seed(lambda rng: f(4, 3, 2, rng)["Wh"]),
        "Wy and rng": follows_seed(lambda rng: f(4, 3, 2, rng)["Wy"]),
    }


LARGE = (Sizes(m=1, n_x=200, n_h=60, n_y=120), Sizes(m=1, n_x=50, n_h=150, n_y=130))


def flat(seen: list) -> bool:
    """Whether some weights spread as uniform ones do, whatever their scale: kurtosis 1.8 instead of 3."""
    kurtosis = [one[key]["kurtosis / that of a normal distribution"] for one in seen for key in ("Wh", "Wy")]
    return any(abs(k - 0.6) < 0.06 for k in kurtosis)


def same_spread_for_all_sizes(seen: list) -> bool:
    """Whether the standard deviation does not follow the number of inputs."""
    for key, fans in (("Wh", [s.n_x for s in LARGE]), ("Wy", [s.n_h for s in LARGE])):
        a, b = (
            one[key]["standard deviation / expected"] * fan**-0.5 for one, fan in zip(seen, fans, strict=True)
        )
        if a > 0 and abs(a - b) < 0.08 * a:
            return True
    return False


def transposed(seen: list) -> bool:
    """Whether a weight matrix is (units out, units in)."""
    return any(
        one[key]["shape"] == str(shape)
        for one, s in zip(seen, LARGE, strict=True)
        for key, shape in (("Wh", (s.n_h, s.n_x)), ("Wy", (s.n_y, s.n_h)))
    )


def two_axes(seen: list) -> bool:
    """Whether a bias is a matrix of one row or one column."""
    return any(
        one[key]["shape"].count(", ") == 1 and not one[key]["shape"].endswith(",)")
        for one in seen
        for key in ("bh", "by")
    )


def biases_drawn(seen: list) -> bool:
    """Whether a bias is not zero."""
    return not all(one[key]["all zero"] for one in seen for key in ("bh", "by"))


def another_generator(seen: list) -> bool:
    """Whether the draw does not follow the seed of the generator, though it is a draw."""
    return any(
        not all(one[f"{key} and rng"].values()) and one[key]["share of distinct entries"] > 0.9
        for one in seen
        for key in ("Wh", "Wy")
    )


def all_alike(seen: list) -> bool:
    """Whether the weights of a matrix are all the same number, and not zero."""
    return any(
        one[key]["standard deviation / expected"] < 1e-9 and not one[key]["centered on 0"]
        for one in seen
        for key in ("Wh", "Wy")
    )


@exercise(
    notebook=2,
    order=1,
    returns="params",
    sizes=LARGE,
    inputs=lambda rng, s: (s.n_x, s.n_h, s.n_y),
    observe=start,
    rtol=0.12,
    hints=(
        "Four arrays: two weight matrices of shape (units in, units out), and two bias vectors.",
        "`rng.normal(size=...)` draws with standard deviation 1. Each unit adds up n_in terms, so its sum "
        "has a standard deviation of sqrt(n_in), and the weights must compensate for that.",
        "Divide the draw for Wh by sqrt(n_x) and the draw for Wy by sqrt(n_h); np.zeros makes the biases.",
    ),
    why="With standard deviation 1/sqrt(fan_in) a sum of fan_in terms keeps the size of its inputs, so tanh "
    "starts in its steep middle part.",
)
def init_params(n_x, n_h, n_y, rng):
    """Return fresh parameters: weights N(0, 1/fan_in), biases zero.

    Wh: (n_x, n_h), bh: (n_h,), Wy: (n_h, n_y), by: (n_y,).
    """
    return {
        "Wh": rng.normal(size=(n_x, n_h)) / np.sqrt(n_x),
        "bh": np.zeros(n_h),
        "Wy": rng.normal(size=(n_h, n_y)) / np.sqrt(n_h),
        "by": np.zeros(n_y),
    }


mistake(
    init_params,
    "uniform-instead-of-normal",
    "rng.normal( → rng.random(",
    "rng.normal( → rng.uniform(-1, 1, ",
    "rng.normal( → np.sqrt(3) * rng.uniform(-1, 1, ",
    "rng.normal( → 2 * rng.uniform(-0.5, 0.5, ",
    "rng.normal( → rng.uniform(-0.5, 0.5, ",
    says="The weights are drawn from a uniform distribution; the exercise asks for a normal one "
    "(`rng.normal`). The two have different spreads for the same limits, and `rng.random` is never negative, "
    "so that every unit starts out pulling the same way.",
    symptom=flat,
)
mistake(
    init_params,
    "init-scale-ignored",
    (" / np.sqrt(n_x) → ", " / np.sqrt(n_h) → "),
    " / np.sqrt(n_x) → ",
    " / np.sqrt(n_h) → ",
    ("/ np.sqrt(n_x) → * 0.01", "/ np.sqrt(n_h) → * 0.01"),
    says="The weights do not depend on the number of inputs as they should. A unit adds up fan_in terms: "
    "unscaled, its sum grows with the layer, tanh saturates, and the gradients that pass through it are "
    "almost zero from the first step; with a small fixed factor the signal fades instead.",
    symptom=same_spread_for_all_sizes,
)
mistake(
    init_params,
    "variance-used-as-std",
    ("np.sqrt(n_x) → n_x", "np.sqrt(n_h) → n_h"),
    "np.sqrt(n_x) → n_x",
    "np.sqrt(n_h) → n_h",
    says="The variance 1/fan_in is used as the standard deviation; the square root is missing. The weights "
    "are far too small, every layer shrinks its signal, and learning takes long to get going.",
)
mistake(
    init_params,
    "fan-out-instead-of-fan-in",
    ("np.sqrt(n_x) → np.sqrt(n_h )", "np.sqrt(n_h) → np.sqrt(n_y)"),
    "np.sqrt(n_x) → np.sqrt(n_h )",
    "np.sqrt(n_h) → np.sqrt(n_y)",
    ("np.sqrt(n_x) → np.sqrt(n_y)", "np.sqrt(n_h) → np.sqrt(n_y)"),
    says="The scale uses the number of units that a layer feeds (fan-out). The size of a sum depends on "
    "the number of its terms: the inputs of the layer (fan-in), the first axis of W.",
)
mistake(
    init_params,
    "init-all-zero",
    (
        "rng.normal(size=(n_x, n_h)) → np.zeros((n_x, n_h))",
        "rng.normal(size=(n_h, n_y)) → np.zeros((n_h, n_y))",
    ),
    "rng.normal(size=(n_x, n_h)) → np.zeros((n_x, n_h))",
    "rng.normal(size=(n_h, n_y)) → np.zeros((n_h, n_y))",
    says="Weights start at zero. Then all hidden units compute the same, get the same gradient and stay "
    "the same forever: a layer of a hundred is worth one. Random weights make them different.",
)
mistake(
    init_params,
    "bias-not-zero",
    (
        "np.zeros(n_h) → rng.normal(size=n_h) / np.sqrt(n_x)",
        "np.zeros(n_y) → rng.normal(size=n_y) / np.sqrt(n_h)",
    ),
    ("np.zeros(n_h) → np.ones(n_h)", "np.zeros(n_y) → np.ones(n_y)"),
    says="The biases are not zero. Nothing breaks, but the exercise asks for zeros: the random weights "
    "already make the units different, and a bias of zero favors no side before any data have been "
    "seen.",
    symptom=biases_drawn,
)
mistake(
    init_params,
    "global-rng-instead-of-rng",
    "rng. → np.random.",
    "rng. → np.random.default_rng(0).",
    says="The weights are not drawn from the `rng` that is passed in. Without it nobody can repeat the run "
    "or try another seed: a global generator, or one made inside, ignores the seed the caller has "
    "chosen.",
    symptom=another_generator,
)
mistake(
    init_params,
    "wrong-shape",
    ("size=(n_x, n_h) → size=(n_h, n_x)", "size=(n_h, n_y) → size=(n_y, n_h)"),
    says="The weight matrices are transposed. In this course rows are samples and `X @ W` is the layer, so W "
    "has shape (units in, units out). The other convention, `W @ x`, stores (units out, units in).",
    symptom=transposed,
)
mistake(
    init_params,
    "bias-has-two-axes",
    ("np.zeros(n_h) → np.zeros((1, n_h))", "np.zeros(n_y) → np.zeros((1, n_y))"),
    ("np.zeros(n_h) → np.zeros((n_h, 1))", "np.zeros(n_y) → np.zeros((n_y, 1))"),
    says="The biases are zeros, but matrices of one row or one column. In this course a bias is a plain "
    "vector, (n_h,) or (n_y,), and its gradient, a sum over the samples, has that shape too.",
    symptom=two_axes,
)
mistake(
    init_params,
    "init-all-equal",
    (
        "rng.normal(size=(n_x, n_h)) → np.ones((n_x, n_h))",
        "rng.normal(size=(n_h, n_y)) → np.ones((n_h, n_y))",
    ),
    says="All weights of a layer are the same number. Then all its units compute the same, get the same "
    "gradient and stay the same forever: a layer of a hundred is worth one. Random weights make them "
    "different.",
    symptom=all_alike,
)
mistake(
    init_params,
    "he-instead-of-xavier",
    ("/ np.sqrt(n_x) → * np.sqrt(2 / n_x)", "/ np.sqrt(n_h) → * np.sqrt(2 / n_h)"),
    "/ np.sqrt(n_x) → * np.sqrt(2 / n_x)",
    "/ np.sqrt(n_h) → * np.sqrt(2 / n_h)",
    says="This is the scale for ReLU (He), with variance 2/fan_in. The factor 2 makes up for the half that "
    "ReLU sets to 0; tanh sets nothing to 0, so its units would start closer to saturation.",
)
mistake(
    init_params,
    "fan-in-and-fan-out-averaged",
    ("/ np.sqrt(n_x) → * np.sqrt(2 / (n_x + n_h))", "/ np.sqrt(n_h) → * np.sqrt(2 / (n_h + n_y))"),
    ("/ np.sqrt(n_x) → * np.sqrt(1 / (n_x + n_h))", "/ np.sqrt(n_h) → * np.sqrt(1 / (n_h + n_y))"),
    says="The scale takes both the inputs and the outputs of a layer into account (Glorot and Bengio's "
    "version). It is a good start as well, but the exercise asks for 1/sqrt(fan_in).",
)
mistake(
    init_params,
    "scale-multiplied",
    ("/ np.sqrt(n_x) → * np.sqrt(n_x)", "/ np.sqrt(n_h) → * np.sqrt(n_h)"),
    "/ np.sqrt(n_x) → * np.sqrt(n_x)",
    "/ np.sqrt(n_h) → * np.sqrt(n_h)",
    says="The weights grow with the number of inputs. A unit adds up fan_in terms, so the more there are, "
    "the smaller each has to be: divide by the square root.",
)
mistake(
    init_params,
    "scale-given-as-mean",
    (
        "rng.normal(size=(n_x, n_h)) / np.sqrt(n_x) → rng.normal(1 / np.sqrt(n_x), size=(n_x, n_h))",
        "rng.normal(size=(n_h, n_y)) / np.sqrt(n_h) → rng.normal(1 / np.sqrt(n_h), size=(n_h, n_y))",
    ),
    (
        "rng.normal(size=(n_x, n_h)) / np.sqrt(n_x) → rng.normal(1 / np.sqrt(n_x), 1 / np.sqrt(n_x), (n_x, "
        "n_h))",
        "rng.normal(size=(n_h, n_y)) / np.sqrt(n_h) → rng.normal(1 / np.sqrt(n_h), 1 / np.sqrt(n_h), (n_h, "
        "n_y))",
    ),
    says="The weights are not centered on 0: the first argument of `rng.normal` is the mean, the second "
    "the standard deviation (`scale`). All units then start out pulling in the same direction.",
)
