"""Lines of a published guide that lesson 08 explains: optimization."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnlab.datasets import Digits
from nnlab.layers import MLP, ReLU
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD
from nnlab.schedules import Schedule, constant, multi_step
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, small_digits
from nnlab.training import batches, predict_scores

# ---------------------------------------------------------------------------------------- momentum

LR, BETA, BATCH = 0.1, 0.9, 32


class RateInVelocity(SGD):
    """The guide's momentum: v ← βv + ηg, θ ← θ − v, where torch has v ← βv + g, θ ← θ − ηv."""

    def _update(self, value, grad, lr, state, scratch):
        velocity = state["velocity"]
        velocity *= self.momentum
        velocity += lr * grad
        value -= velocity


def velocity_conventions(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train side by side with both velocities, at a constant rate and with a rate that drops to a tenth.

    The drop comes half-way. Both start from the same weights and see the same batches.
    """
    X, y = digits.X[: scale.rows], digits.y[: scale.rows]
    steps = scale.epochs * (len(X) // BATCH)
    schedules = {"constant": constant(LR), "drop": multi_step(LR, (steps // 2,), 0.1)}
    apart: dict[str, list[float]] = {name: [] for name in schedules}
    first_step, gains = [], []
    for seed in range(scale.seeds):
        for number, (name, schedule) in enumerate(schedules.items()):
            ours = _trajectory(SGD, schedule, X, y, scale.epochs, seed)
            guides = _trajectory(RateInVelocity, schedule, X, y, scale.epochs, seed)
            apart[name].append(float(np.abs(guides[-1] - ours[-1]).max()))
            report((seed + (number + 1) / 2) / scale.seeds)
        lengths = [np.linalg.norm(path[steps // 2 + 1] - path[steps // 2]) for path in (guides, ours)]
        first_step.append(float(lengths[0] / lengths[1]))
        right = [_accuracy(path[-1], digits) for path in (guides, ours)]
        gains.append(right[0] - right[1])
    measured = {
        "largest difference of weights, constant rate": max(apart["constant"]),
        "the same, rate dropped to a tenth": apart["drop"],
        "length of the first step after the drop, guide's / torch's": first_step,
        "test accuracy, guide's − torch's": gains,
    }
    shows = (
        f"At a constant rate the two are one method: their weights differ by at most "
        f"{max(apart['constant']):.0e}. When the rate drops to a tenth, the guide's velocity still carries "
        f"the old rate: its first step is {np.mean(first_step):.1f} times as long as torch's, and the "
        f"weights part by {np.mean(apart['drop']):.2g}. The test accuracy differs by "
        f"{100 * np.mean(gains):+.2f} ± {100 * np.std(gains, ddof=1):.2f} points."
    )
    return Outcome(measured, shows, ran={"rows": len(X)})


def _network(n_in: int, seed: int) -> MLP:
    return MLP([n_in, 32, 10], activation=ReLU, rng=np.random.default_rng(seed))


def _flat(network: MLP) -> np.ndarray:
    return np.concatenate([p.value.ravel() for p in network.parameters()])


def _trajectory(
    make: Callable[..., SGD], lr: Schedule, X: np.ndarray, y: np.ndarray, epochs: int, seed: int
) -> list[np.ndarray]:
    """Return all weights as one vector, before the first step and after each."""
    network, rng = _network(X.shape[1], seed), np.random.default_rng(seed)
    optimizer = make(network.parameters(), lr=lr, momentum=BETA)
    path = [_flat(network)]
    for _ in range(epochs):
        for X_batch, y_batch in batches(X, y, BATCH, rng=rng, drop_last=True):
            network.backward(softmax_cross_entropy(network.forward(X_batch), y_batch)[1])
            optimizer.step()
            path.append(_flat(network))
    return path


def _accuracy(weights: np.ndarray, digits: Digits) -> float:
    network, done = _network(digits.X.shape[1], 0), 0
    for p in network.parameters():
        p.value[...] = weights[done : done + p.value.size].reshape(p.value.shape)
        done += p.value.size
    return accuracy(predict_scores(network, digits.X_test), digits.y_test)


# ---------------------------------------------------------------------------------------- the rows

EXPERIMENTS = [
    Experiment(
        "velocity",
        "Two ways to write momentum",
        "64-32-10 on {rows} digits, batch 32, rate 0.1, momentum 0.9, {epochs} epochs; the rate constant, or "
        "a tenth from half-way on; {seeds} seeds",
        "v ← βv + η∇, θ ← θ − v, given as the formula of momentum",
        small_digits,
        velocity_conventions,
        full=Scale(seeds=5, epochs=10, rows=1024),
        quick=Scale(seeds=3, epochs=2, rows=320),
    ),
]
