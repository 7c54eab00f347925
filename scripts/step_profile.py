"""Print where a training step of 784-64-10 goes: the matrix products, bare NumPy, the parts of nnlab's step.

python scripts/step_profile.py       batch 32
python scripts/step_profile.py 256   another batch size

Processor time, medians over rounds in which all take turns, each with a batch that is not in the cache.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from nnlab import MLP, SGD, ReLU, softmax_cross_entropy

LR = 0.01


class Bare:
    """The same step as twelve lines of NumPy, without a check: what a NumPy network can reach at best."""

    def __init__(self, network: MLP, m: int):
        self.values = [p.value.copy() for p in network.parameters()]
        self.ones, self.rows = np.ones(m, np.float32), np.arange(m)

    def step(self, X: np.ndarray, y: np.ndarray) -> float:
        """Make one step of gradient descent and return the loss before it."""
        W1, b1, W2, b2 = self.values
        H = np.maximum(X @ W1 + b1, 0)
        scores = (H @ W2 + b2).T.copy()
        scores -= scores.max(axis=0)
        P = np.exp(scores)
        total = P.sum(axis=0)
        P /= total
        loss = np.mean(np.log(total) - scores[y, self.rows])
        P[y, self.rows] -= 1
        dscores = (P / len(X)).T
        dH = (dscores @ W2.T) * (H > 0)
        grads = (X.T @ dH, self.ones @ dH, H.T @ dscores, self.ones @ dscores)
        for value, grad in zip(self.values, grads, strict=True):
            value -= LR * grad
        return float(loss)


class Products:
    """The five matrix products of a step and nothing else, into arrays made beforehand."""

    def __init__(self, network: MLP, m: int):
        self.W1, self.W2 = (p.value.copy() for p in network.parameters() if p.value.ndim == 2)
        self.dW1, self.dW2 = np.empty_like(self.W1), np.empty_like(self.W2)
        self.H, self.dH, self.scores = (np.ones((m, n), np.float32) for n in (64, 64, 10))

    def step(self, X: np.ndarray) -> None:
        """Multiply."""
        np.matmul(X, self.W1, out=self.H)
        np.matmul(self.H, self.W2, out=self.scores)
        np.matmul(self.H.T, self.scores, out=self.dW2)
        np.matmul(self.scores, self.W2.T, out=self.dH)
        np.matmul(X.T, self.dH, out=self.dW1)


def measure(m: int, rounds: int = 2000) -> dict[str, float]:
    """Return the median of each part, in microseconds."""
    rng = np.random.default_rng(0)
    network = MLP([784, 64, 10], activation=ReLU, rng=rng, dtype=np.float32)
    optimizer = SGD(network.parameters(), lr=LR)
    products, bare = Products(network, m), Bare(network, m)
    batches = itertools.cycle(
        [(rng.normal(size=(m, 784)).astype(np.float32), rng.integers(0, 10, m)) for _ in range(100)]
    )
    times: dict[str, list[float]] = {}

    def timed(name: str, part: Callable, *arguments):
        start = time.process_time_ns()
        result = part(*arguments)
        times.setdefault(name, []).append((time.process_time_ns() - start) / 1000)
        return result

    for _ in range(rounds):
        timed("products alone", products.step, next(batches)[0])
        timed("bare NumPy", bare.step, *next(batches))
        X, y = next(batches)
        scores = timed("nnlab: forward", network.forward, X)
        _, dscores = timed("nnlab: loss", softmax_cross_entropy, scores, y)
        timed("nnlab: backward", network.backward_parameters, dscores)
        timed("nnlab: update", optimizer.step)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    """Print the table, with the share of the products."""
    m = int(sys.argv[1]) if len(sys.argv) > 1 else 32
    with threadpool_limits(1):
        parts = measure(m)
    parts["nnlab: the whole step"] = sum(value for name, value in parts.items() if name.startswith("nnlab"))
    print(f"784-64-10, SGD, batch {m}, float32, one thread\n")
    print(f"{'':<24}{'µs':>7}{'/ products':>12}")
    for name, value in parts.items():
        print(f"{name:<24}{value:>7.1f}{value / parts['products alone']:>12.2f}")


if __name__ == "__main__":
    main()
