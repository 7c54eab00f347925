"""Three networks that do not learn, and a judge of diagnoses: what lesson 10 practices on.

The judge believes nothing. It repairs exactly the part that was named, leaves the rest as it is, and trains:
if the network learns then, that part was the cause. (What is wrong with A, B and C stands at the end of this
file; the lesson is more fun without it.)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nnlab._cards import LOOK, card, paragraph
from nnlab._check import check_choice, describe
from nnlab.datasets import Digits
from nnlab.initializers import Initializer, he_normal, normal
from nnlab.layers import MLP, ReLU
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD
from nnlab.training import TrainingWarning, fit, predict_scores

SIZES = (32, 32, 32, 32)
BATCH, EPOCHS, SEEDS = 32, 8, 3
MOST, HELD_OUT = 800, 400  # rows to train on, and rows to judge by


@dataclass(frozen=True)
class Setup:
    """What a training run is made of; the defaults are those of a network that learns.

    pixels: the factor on the images; rows: how images and labels are put together; weights: how they start;
    rate: of SGD; trained: the layers whose parameters the optimizer is given, from this one on.
    """

    pixels: float = 1.0
    rows: str = "together"
    weights: Initializer = he_normal
    rate: float = 0.1
    trained: int = 0


# What a diagnosis may name, and the part of the set-up that it means.
CAUSES = {
    "scale of the inputs": "pixels",
    "labels": "rows",
    "starting weights": "weights",
    "learning rate": "rate",
    "optimizer": "trained",
}


class Patient:
    """A network that may not learn, with its data and its optimizer, as they are before the first step.

    X (m, n_in), y (m,): the rows to train on; X_new, y_new: those held out to judge by.
    """

    def __init__(self, setup: Setup, digits: Digits, *, seed: int = 0):
        rng = np.random.default_rng(seed)
        X, y = digits.X[: MOST + HELD_OUT] * setup.pixels, digits.y[: MOST + HELD_OUT]
        self.X, self.X_new = X[:MOST], X[MOST:]
        self.y, self.y_new = y[:MOST], y[MOST:]
        if setup.rows == "torn apart":
            self.y = rng.permutation(self.y)
        self.network = MLP(
            [X.shape[1], *SIZES, 10], activation=ReLU, weight_init=setup.weights, rng=rng, dtype=X.dtype
        )
        self.optimizer = SGD(self.network.parameters()[setup.trained :], lr=setup.rate)
        self._rng = rng

    def train(self, epochs: int = EPOCHS) -> float:
        """Train for some epochs and return the accuracy on the rows that were held out."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)  # that it goes wrong is what it is for
            fit(
                self.network,
                self.X,
                self.y,
                loss=softmax_cross_entropy,
                optimizer=self.optimizer,
                epochs=epochs,
                batch_size=BATCH,
                rng=self._rng,
            )
        return accuracy(predict_scores(self.network, self.X_new), self.y_new)


@dataclass(frozen=True, repr=False)
class Verdict:
    """What came of a diagnosis: status "passed", "failed" or "not attempted", and the evidence."""

    heading: str
    status: str
    message: str

    def __str__(self) -> str:
        symbol, word, _ = LOOK[self.status]
        return f"{symbol} {word}: {self.heading}\n{self.message}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        symbol, word, color = LOOK[self.status]
        parts = [paragraph(line) for line in self.message.splitlines()]
        return card(f"{symbol} {word}: {self.heading}", color, parts)


def patient(name: str, digits: Digits) -> Patient:
    """Return patient "A", "B" or "C", or one that is "healthy", with these images to learn.

    Raises: ValueError for another name.
    """
    return Patient(_SETUPS[check_choice("patient", "name", name, _SETUPS)], digits)


def judge(name: str, cause: Any, digits: Digits) -> Verdict:
    """Repair what the diagnosis names in patient A, B or C, and nothing else; train, and tell what happened.

    cause: one of CAUSES, or ... for no diagnosis yet. Each way three runs, from other weights.
    Raises: ValueError for another name.
    """
    ill = _SETUPS[check_choice("judge", "name", name, [n for n in _SETUPS if n != "healthy"])]
    heading, causes = f"patient {name}", ", ".join(f'"{c}"' for c in CAUSES)
    if cause is ... or cause is None:
        return Verdict(heading, "not attempted", f"Put one of these in place of the ...: {causes}.")
    part = CAUSES.get(cause.strip().lower()) if isinstance(cause, str) else None
    if part is None:
        return Verdict(heading, "failed", f"A diagnosis is one of {causes}; got {describe(cause)}.")
    before, after = _results(ill, digits), _results(replace(ill, **{part: getattr(Setup(), part)}), digits)
    y_new = Patient(ill, digits).y_new
    base = np.bincount(y_new).max() / len(y_new)
    learns = min(after) > (1 + base) / 2
    told = (
        f"As it was, it got {_written(before)} of the new images right; always the most frequent digit gets "
        f"{base:.2f}.\nWith the {cause.strip().lower()} as in a network that learns, and nothing else "
        f"changed: {_written(after)}."
    )
    end = "It learns, so that was the cause." if learns else "Nothing is mended, so that was not the cause."
    return Verdict(heading, "passed" if learns else "failed", f"{told} {end}")


def _results(setup: Setup, digits: Digits) -> list[float]:
    """Return the accuracy on new images after training, from three starts."""
    return [Patient(setup, digits, seed=seed).train() for seed in range(SEEDS)]


def _written(results: list[float]) -> str:
    return f"{min(results):.2f} to {max(results):.2f} (from {len(results)} starts)"


_SETUPS = {
    "healthy": Setup(),
    "A": Setup(pixels=255.0),
    "B": Setup(rows="torn apart"),
    "C": Setup(weights=normal(0.02)),
}
