"""The exercise `class_weights`: weights that make rare classes count."""

from __future__ import annotations

import numpy as np

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Sizes, example


def every_class(rng: np.random.Generator, s: Sizes) -> tuple[np.ndarray]:
    """Return labels of s.n_y classes, three or more, all of them there, with counts that go up and down."""
    counts = [3, 1, 6, 2] if s.n_y == 4 else [2, 5, 1, 4, 3, 6, 2, 7, 5][: s.n_y]
    y = np.repeat(np.arange(s.n_y), counts)
    rng.shuffle(y)
    return (np.r_[2, y[:-1], 1, y[-1]],)  # class 0 is not the first to appear


@exercise(
    notebook=7,
    order=3,
    returns="weights",
    inputs=every_class,
    sizes=(Sizes(m=14, n_x=1, n_h=1, n_y=4), Sizes(m=10, n_x=1, n_h=1, n_y=3)),
    probes=(example(np.array([1, 0, 0, 0, 1, 0, 0, 0])),),
    hints=(
        "The rarer a class, the more each of its samples should weigh.",
        "m / count has the right proportions. Divide by the number of classes as well: the weights of all "
        "samples then add up to m again, so the learning rate keeps its meaning.",
        "`np.bincount(y)` counts every label at once, and its length is the number of classes; NumPy "
        "divides a number by an array entry by entry.",
    ),
    why="`np.bincount` counts labels 0, 1, 2, … in one pass, and its length is the number of classes.",
)
def class_weights(y):
    """Return one weight per class, so that all classes count the same in a weighted loss.

    m / (n_classes * count_c); y: (m,) labels 0 … n_classes-1, all of which occur -> (n_classes,).
    """
    counts = np.bincount(y)
    n_classes = len(counts)
    return len(y) / (n_classes * counts)


mistake(
    class_weights,
    "class-weights-inverted",
    "len(y) / (n_classes * counts) → n_classes * counts / len(y)",
    "len(y) / (n_classes * counts) → counts / len(y)",
    "len(y) / (n_classes * counts) → counts",
    "len(y) / (n_classes * counts) → counts / (n_classes * len(y))",
    "len(y) / (n_classes * counts) → counts / counts.max()",
    "len(y) / (n_classes * counts) → 1 - counts / len(y)",
    says="The weights should be inversely proportional to the counts. As it stands the common class counts "
    "too much, and ignoring the rare one altogether is the fastest way to lower the loss.",
)
mistake(
    class_weights,
    "class-weights-not-normalized",
    "(n_classes * counts) → counts",
    "len(y) / (n_classes * counts) → 1 / counts",
    "len(y) / (n_classes * counts) → 1 / counts / np.sum(1 / counts)",
    "len(y) / (n_classes * counts) → n_classes / counts / np.sum(1 / counts)",
    "len(y) / (n_classes * counts) → counts.max() / counts",
    "len(y) / (n_classes * counts) → np.median(counts) / counts",
    "len(y) / (n_classes * counts) → 1 / counts / np.mean(1 / counts) / n_classes",
    "len(y) / (n_classes * counts) → (len(y) - 1) / (n_classes * counts)",
    "len(y) / (n_classes * counts) → counts.min() / counts",
    "len(y) / (n_classes * counts) → 1 / (n_classes * counts)",
    "len(y) / (n_classes * counts) → n_classes / counts",
    "len(y) / (n_classes * counts) → n_classes * len(y) / counts",
    "len(y) / (n_classes * counts) → counts.mean() * n_classes**2 / counts",
    says="The proportions between the classes are right, the scale is not. The weights of all m samples "
    "should add up to m; otherwise the loss, and with it every gradient, changes its scale, and a "
    "learning rate that worked for the unweighted loss no longer does.",
)
mistake(
    class_weights,
    "weights-per-sample",
    "(n_classes * counts) → (n_classes * counts)[y]",
    says="You return one weight per sample, (m,). The exercise asks for one per class, (n_classes,); the "
    "loss looks up each sample's class by itself.",
)
mistake(
    class_weights,
    "classes-in-wrong-order",
    "np.bincount(y) → np.sort(np.bincount(y))[::-1]",
    "np.bincount(y) → np.sort(np.bincount(y))",
    "np.bincount(y) → np.array([np.sum(y == c) for c in dict.fromkeys(y.tolist())])",
    says="The weights are right, but not in the order of the classes: they come by frequency, as "
    "`value_counts` and `most_common` give them, or by first appearance. weights[0] must belong to "
    "class 0, or the wrong class gets the weight.",
)
mistake(
    class_weights,
    "hard-coded-size",
    "n_classes = len(counts) → n_classes = 2",
    "n_classes = len(counts) → n_classes = 10",
    says="The number of classes is hard-coded, so it is right for one data set only. Take it from the "
    "labels.",
)
mistake(
    class_weights,
    "number-of-classes-off-by-one",
    "n_classes = len(counts) → n_classes = y.max()",
    "n_classes = len(counts) → n_classes = len(counts) + 1",
    says="The number of classes is off by one. The labels start at 0, so the largest label is one less than "
    "there are classes.",
)
mistake(
    class_weights,
    "square-root-of-weights",
    "return len(y) / (n_classes * counts) → return np.sqrt(len(y) / (n_classes * counts))",
    "(n_classes * counts) → (n_classes * np.sqrt(counts))",
    says="A square root softens the weights. That is a known variant for very rare classes, but here the "
    "classes would not count the same, and the exercise asks for that.",
)
mistake(
    class_weights,
    "integer-division",
    "len(y) / → len(y) // ",
    says="`//` discards the fraction: the weight of a common class, which is below 1, becomes 0, and the "
    "class is never learned. `/` keeps it.",
)
mistake(
    class_weights,
    "logarithm-of-weights",
    "len(y) / (n_classes * counts) → np.log(len(y) / counts)",
    "len(y) / (n_classes * counts) → np.log(len(y) / (n_classes * counts))",
    "len(y) / (n_classes * counts) → np.log(1 + len(y) / counts)",
    says="A logarithm flattens the weights. Then the classes do not count the same, and a weight may even "
    "be 0 or negative.",
)
mistake(
    class_weights,
    "rest-instead-of-count",
    "len(y) / (n_classes * counts) → (len(y) - counts) / counts",
    "len(y) / (n_classes * counts) → len(y) / (n_classes * (len(y) - counts))",
    says="The samples of all other classes enter the weight. That is how two classes are sometimes "
    "balanced (negatives by positives); here each weight depends on the count of its own class and on "
    "m.",
)
mistake(
    class_weights,
    "class-left-out",
    "return len(y) → counts = counts[1:]\n    return len(y)",
    "return len(y) → counts = counts[:-1]\n    return len(y)",
    says="One class, the first or the last, has no weight. There are `y.max() + 1` classes, counted from 0.",
)
mistake(
    class_weights,
    "count-off-by-one",
    "(n_classes * counts) → (n_classes * (counts + 1))",
    says="A count is raised by 1 (smoothing, to avoid a division by 0). All classes occur here, so it only "
    "shifts the weights.",
)
