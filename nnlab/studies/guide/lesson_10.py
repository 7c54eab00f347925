"""Lines of a published guide that lesson 10 explains: evaluation and tuning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnlab.datasets import Digits
from nnlab.layers import MLP, ReLU
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, small_digits
from nnlab.training import fit, predict_scores

BATCH, TRIALS = 32, 8
LOW, HIGH = 1e-4, 1e-2  # the guide's range of learning rates
WIDE_LOW, WIDE_HIGH = 1e-5, 1.0
Draw = Callable[[np.random.Generator, float, float], float]


@dataclass(frozen=True)
class SearchScale(Scale):
    """How much work: searches are repeated `repeats` times on a table of `rates` trained rates."""

    repeats: int = 2000
    rates: int = 21
    folds: int = 5


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a rate as the guide does."""
    return float(rng.uniform(low, high))


def logarithmic(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw a rate so that every power of ten is equally probable."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


DRAWS: dict[str, Draw] = {"uniform": uniform, "logarithmic": logarithmic}


# ---------------------------------------------------------------------------------------- the stubs


def k_folds(m: int, k: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield k pairs of row numbers: those to train on, and those held out."""
    order = rng.permutation(m)
    for held_out in np.array_split(order, k):
        yield np.setdiff1d(order, held_out), held_out


def cross_validate(X, y, rate: float, epochs: int, k: int, rng: np.random.Generator) -> float:
    """Return the share of rows that a network gets right which was trained on the other folds."""
    right = np.empty(len(y))
    for train, held_out in k_folds(len(y), k, rng):
        network = _trained(Adam, rate, X[train], y[train], epochs, rng)
        right[held_out] = predict_scores(network, X[held_out]).argmax(axis=1) == y[held_out]
    return float(right.mean())


def finished_stubs(digits: Digits, scale: SearchScale, report: Report) -> Outcome:
    """Search a rate by cross-validation, as the guide's stubs say, and test the winner once."""
    X, y = digits.X[: scale.rows], digits.y[: scale.rows]
    promised, kept = [], []
    for seed in range(scale.seeds):
        rng = np.random.default_rng(seed)
        rates = [logarithmic(rng, WIDE_LOW, WIDE_HIGH) for _ in range(TRIALS)]
        found = [cross_validate(X, y, rate, scale.epochs, scale.folds, rng) for rate in rates]
        winner = rates[int(np.argmax(found))]
        network = _trained(Adam, winner, X, y, scale.epochs, rng)
        promised.append(max(found))
        kept.append(accuracy(predict_scores(network, digits.X_test), digits.y_test))
        report((seed + 1) / scale.seeds)
    base = float(np.bincount(digits.y_test).max() / len(digits.y_test))
    measured = {
        "cross-validated accuracy of the winner": promised,
        "test accuracy of the winner": kept,
        "always the most frequent digit": base,
    }
    shows = (
        f"Both functions take a dozen lines. {TRIALS} rates and {scale.folds} folds are "
        f"{TRIALS * scale.folds} training runs and one more; the winner is right on "
        f"{np.mean(kept):.1%} of the test images, where its folds had promised {np.mean(promised):.1%}."
    )
    return Outcome(measured, shows, ran={"rows": len(X)})


# ---------------------------------------------------------------------------------------- drawing a rate

# Three networks whose best rates lie in different powers of ten: their optimizers and hidden units.
NETWORKS: dict[str, tuple[Callable[..., Optimizer], tuple[int, ...]]] = {
    "SGD, 32 units": (SGD, (32,)),
    "Adam, 32 units": (Adam, (32,)),
    "Adam, 4 × 256 units": (Adam, (256, 256, 256, 256)),
}


def draws_of_rates(digits: Digits, scale: SearchScale, report: Report) -> Outcome:
    """Train a table of rates per network; let searches of few trials draw from it in two ways, many times."""
    m = scale.rows
    X, y, X_val, y_val = digits.X[:m], digits.y[:m], digits.X[m:], digits.y[m:]
    rates = np.geomspace(WIDE_LOW, WIDE_HIGH, scale.rates)
    measured: dict[str, float] = {}
    gains: dict[tuple[str, str], float] = {}
    for number, (name, (make, hidden)) in enumerate(NETWORKS.items()):
        table = np.empty((len(rates), scale.seeds, 2))
        for i, rate in enumerate(rates):
            for seed in range(scale.seeds):
                rng = np.random.default_rng(seed)
                network = _trained(make, rate, X, y, scale.epochs, rng, hidden)
                table[i, seed] = [
                    accuracy(predict_scores(network, A), b)
                    for A, b in ((X_val, y_val), (digits.X_test, digits.y_test))
                ]
            report((number + (i + 1) / len(rates)) / len(NETWORKS))
        measured[f"{name}: best rate"] = float(rates[table[..., 0].mean(axis=1).argmax()])
        for span, (low, high) in {"narrow": (LOW, HIGH), "wide": (WIDE_LOW, WIDE_HIGH)}.items():
            won = {
                how: _searched(table, rates, draw, low, high, scale.repeats) for how, draw in DRAWS.items()
            }
            for how, values in won.items():
                measured[f"{name}, {span} range, {how}: test accuracy of the winner"] = float(values.mean())
                measured[f"{name}, {span} range, {how}: worst tenth below"] = float(np.quantile(values, 0.1))
            gains[name, span] = float(won["logarithmic"].mean() - won["uniform"].mean())
    told = {span: [gains[name, span] for name in NETWORKS] for span in ("narrow", "wide")}
    words = {span: ", ".join(f"{100 * gain:+.1f}" for gain in values) for span, values in told.items()}
    shows = (
        f"Test accuracy of the winner, logarithmic minus uniform, in points, for {'; '.join(NETWORKS)}: "
        f"{words['narrow']} in the guide's range, {words['wide']} from {WIDE_LOW:g} to {WIDE_HIGH:g}. A "
        "uniform draw bets on the highest power of ten: it gains where the best rate lies there, and loses "
        "elsewhere."
    )
    return Outcome(measured, shows)


def _searched(table, rates, draw: Draw, low: float, high: float, repeats: int) -> np.ndarray:
    """Return the mean test accuracy of the rate that wins on validation, for many searches."""
    worth, rng, won = table[..., 1].mean(axis=1), np.random.default_rng(0), np.empty(repeats)
    for repeat in range(repeats):
        drawn = [draw(rng, low, high) for _ in range(TRIALS // 2)]
        at = [int(np.abs(np.log(rates / rate)).argmin()) for rate in drawn]
        seen = [table[i, rng.integers(table.shape[1]), 0] for i in at]
        won[repeat] = worth[at[int(np.argmax(seen))]]
    return won


def _trained(make, rate: float, X, y, epochs: int, rng, hidden: tuple[int, ...] = (32,)) -> MLP:
    network = MLP([X.shape[1], *hidden, 10], activation=ReLU, rng=rng)
    fit(
        network,
        X,
        y,
        loss=softmax_cross_entropy,
        optimizer=make(network.parameters(), lr=rate),
        epochs=epochs,
        batch_size=BATCH,
        rng=rng,
    )
    return network


EXPERIMENTS = [
    Experiment(
        "search-stubs",
        "Search and cross-validation, finished",
        f"32 units, Adam, batch 32, {{epochs}} epochs on {{rows}} digits; {TRIALS} rates drawn "
        f"logarithmically from {WIDE_LOW:g} to {WIDE_HIGH:g}, {{folds}} folds; {{seeds}} seeds",
        "both functions are stubs: “training code here”",
        small_digits,
        finished_stubs,
        full=SearchScale(seeds=5, epochs=10, rows=800),
        quick=SearchScale(seeds=2, epochs=2, rows=200),
    ),
    Experiment(
        "rate-drawn-uniformly",
        "A learning rate drawn uniformly or logarithmically",
        f"{TRIALS // 2} trials a search, {{repeats}} searches that draw from a table of {{rates}} rates "
        "times {seeds} seeds, trained on {rows} digits for {epochs} epochs; validation accuracy chooses",
        "a learning rate drawn uniformly from 0.0001 to 0.01",
        small_digits,
        draws_of_rates,
        full=SearchScale(seeds=3, epochs=8, rows=500),
        quick=SearchScale(seeds=2, epochs=2, rows=200, repeats=100, rates=6),
    ),
]
