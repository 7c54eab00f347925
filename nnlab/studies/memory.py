"""Which recurrent layer remembers how long: a study of the recall task over lengths and seeds.

    python -m nnlab.studies.memory     # about five minutes of processor time

prints a table in Markdown; docs/results.md has it. The course's lesson 15 explains it.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnlab.layers import GRU, LSTM, RNN, LastStep, Linear, Sequential
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import Adam
from nnlab.studies.experiments import figure

N_SYMBOLS, N_HIDDEN, BATCH = 4, 16, 32
CHOOSE, TELL = 500, 1000  # sequences that choose a rate, and others that say how good it is
LEARNED, WINDOW = 0.01, 20  # a run ends early when the mean loss of so many batches falls below this
LENGTHS, RATES = (10, 30, 100, 200), (0.001, 0.003, 0.01, 0.03, 0.1)
CELLS: dict[str, Callable[..., Any]] = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}


@dataclass(frozen=True)
class Cell:
    """A recurrent layer by name, and the value that the biases of its keeping gate start from.

    That gate is f of the LSTM and z of the GRU; keep=None leaves it as torch draws it, around 0.
    """

    name: str
    keep: float | None = None

    def __str__(self) -> str:
        start = {"LSTM": "f", "GRU": "z"}.get(self.name)
        return self.name if self.keep is None else f"{self.name}, bias of {start} {self.keep:g}"

    def layer(self, n_in: int, n_hidden: int, rng: np.random.Generator) -> Any:
        """Make the layer, with the gate's biases set."""
        layer = CELLS[self.name](n_in, n_hidden, rng=rng)
        if self.keep is not None:
            keeps = slice(n_hidden, 2 * n_hidden)  # the second gate in both
            layer.b.value[keeps] = self.keep
            if self.name == "GRU":
                layer.c.value[keeps] = 0
        return layer


CHOICES = (Cell("RNN"), Cell("GRU"), Cell("GRU", 3), Cell("LSTM"), Cell("LSTM", 1), Cell("LSTM", 5))


@dataclass(frozen=True)
class Run:
    """The accuracy on sequences that choose a rate, that on others, and the batches it took."""

    chooses: float
    tells: float
    steps: int


def recall(m: int, T: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return sequences X (m, T, 5) of four symbols, one-hot, with a mark at the first, and the first, y (m,).

    Everything after it is noise.
    """
    symbols = rng.integers(N_SYMBOLS, size=(m, T))
    X = np.zeros((m, T, N_SYMBOLS + 1))
    X[..., :N_SYMBOLS] = np.eye(N_SYMBOLS)[symbols]
    X[:, 0, N_SYMBOLS] = 1
    return X, symbols[:, 0]


def learn(cell: Cell, T: int, rate: float, seed: int, steps: int) -> tuple[Sequential, int]:
    """Train on new sequences in every batch; return the network and how many batches it took."""
    rng = np.random.default_rng(seed)
    layer = cell.layer(N_SYMBOLS + 1, N_HIDDEN, rng)
    network = Sequential(layer, LastStep(), Linear(N_HIDDEN, N_SYMBOLS, rng=rng))
    optimizer = Adam(network.parameters(), rate, clip_norm=1.0)
    losses: list[float] = []
    while len(losses) < steps:
        X, y = recall(BATCH, T, rng)
        loss, dscores = softmax_cross_entropy(network.forward(X), y)
        network.backward_parameters(dscores)
        optimizer.step()
        losses.append(loss)
        if len(losses) >= WINDOW and statistics.fmean(losses[-WINDOW:]) < LEARNED:
            break
    return network, len(losses)


def run(cell: Cell, T: int, rate: float, seed: int, steps: int) -> Run:
    """Train, and measure on sequences that are the same for all."""
    network, taken = learn(cell, T, rate, seed, steps)
    rng = np.random.default_rng(10_000)
    chooses, tells = (
        accuracy(network.forward(X), y) for X, y in (recall(CHOOSE, T, rng), recall(TELL, T, rng))
    )
    return Run(chooses, tells, taken)


def at_its_best(
    cell: Cell, T: int, *, rates: Sequence[float] = RATES, seeds: Sequence[int], steps: int
) -> tuple[float, list[Run]]:
    """Return the rate with the highest mean accuracy on the sequences that choose, and its runs.

    Of equal ones, that which took the fewest batches.
    """
    runs = {rate: [run(cell, T, rate, seed, steps) for seed in seeds] for rate in rates}

    def merit(rate: float) -> tuple[float, float]:
        chosen = runs[rate]
        return statistics.fmean(r.chooses for r in chosen), -statistics.fmean(r.steps for r in chosen)

    best = max(rates, key=merit)
    return best, runs[best]


def table(found: Mapping[tuple[Cell, int], tuple[float, list[Run]]]) -> str:
    """Return accuracies, rates and batches as a table in Markdown."""
    lines = ["| layer | length | rate | accuracy (%) | batches |", "|---|---:|---:|---|---|"]
    for (cell, T), (rate, runs) in found.items():
        right, taken = figure([100 * r.tells for r in runs]), statistics.fmean(r.steps for r in runs)
        lines.append(f"| {cell} | {T} | {rate:g} | {right} | {taken:.0f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study, and print its table."""
    parser = argparse.ArgumentParser(prog="python -m nnlab.studies.memory", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    chosen = parser.parse_args(arguments)
    found = {
        (cell, T): at_its_best(cell, T, seeds=range(chosen.seeds), steps=chosen.steps)
        for cell in CHOICES
        for T in chosen.lengths
    }
    print(table(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
