"""Lines of a published guide that lesson 13 explains: transfer learning."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab.datasets import make_shapes
from nnlab.studies.experiments import Experiment, Outcome, Report, Scale, no_data
from nnlab.studies.transfer import block, percent, train

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
Part = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class TransferScale(Scale):
    """rows: pictures of the source task; shots: of each class of the target task."""

    shots: int = 10


def shapes(m: int, seed: int, *, source: bool) -> Part:
    """Return m pictures of five shapes, 16×16: the first five, or the other five."""
    X, y = make_shapes(2 * m, size=16, rng=np.random.default_rng(seed))
    rows = (y < 5) == source
    return torch.tensor(X[rows]), torch.tensor(y[rows] % 5)


def network(seed: int) -> nn.Sequential:
    """Return three blocks, a hidden layer, and a head for five classes."""
    torch.manual_seed(seed)
    hidden = nn.Sequential(nn.Flatten(), nn.Linear(32 * 4, 64), nn.ReLU())
    return nn.Sequential(block(3, 8), block(8, 16), block(16, 32), hidden, nn.Linear(64, 5))


def source_network(rows: int, seed: int) -> nn.Sequential:
    """Return a network trained on the source task."""
    model = network(seed)
    groups = [{"params": model.parameters(), "lr": 0.01}]
    train(model, groups, *shapes(rows, seed, source=True), epochs=8, seed=seed)
    return model


def unfrozen(
    source: nn.Sequential, few: Part, lr: float, epochs: int, seed: int, *, mended: bool
) -> nn.Module:
    """Train a new head; half-way everything is unfrozen, and the optimizer is told of it or not."""
    model = copy.deepcopy(source)
    torch.manual_seed(50 + seed)
    model[-1] = nn.Linear(64, 5)
    for p in model[:-1].parameters():
        p.requires_grad = False
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=lr)
    rng = torch.Generator().manual_seed(seed)
    for epoch in range(2 * epochs):
        if epoch == epochs:
            for p in model.parameters():
                p.requires_grad = True
            if mended:
                optimizer.add_param_group({"params": model[:-1].parameters()})
        model.train()
        for rows in torch.randperm(len(few[1]), generator=rng).split(50):
            optimizer.zero_grad()
            F.cross_entropy(model(few[0][rows]), few[1][rows]).backward()
            optimizer.step()
    return model.eval()


def weights_moved(model: nn.Module, source: nn.Module) -> float:
    """Return the share of the numbers below the head that training has changed."""
    pairs = [(a, b) for a, b in zip(model.parameters(), source.parameters(), strict=True)][:-2]
    return sum(int((a != b).sum()) for a, b in pairs) / sum(a.numel() for a, _ in pairs)


def unfreezing(scale: TransferScale, report: Report) -> Outcome:
    """Follow the guide's steps with and without telling the optimizer, each at its best rate."""
    val, test = shapes(500, 900, source=False), shapes(1000, 901, source=False)
    found = np.empty((2, len(RATES), scale.seeds, 3))  # share that moved, accuracies in validation and test
    for seed in range(scale.seeds):
        source = source_network(scale.rows, seed)
        X, y = shapes(40 * scale.shots, 100 + seed, source=False)
        rows = torch.cat([torch.where(y == label)[0][: scale.shots] for label in range(5)])
        for i, mended in enumerate((False, True)):
            for j, lr in enumerate(RATES):
                model = unfrozen(source, (X[rows], y[rows]), lr, scale.epochs, seed, mended=mended)
                found[i, j, seed] = weights_moved(model, source), percent(model, *val), percent(model, *test)
        report((seed + 1) / scale.seeds)
    best = [int(table[:, :, 1].mean(axis=1).argmax()) for table in found]
    (moved, test_guide), (moved_mended, test_mended) = (found[i, best[i]][:, [0, 2]].T for i in (0, 1))
    gain = test_mended - test_guide
    measured = {
        "share of the weights below the head that moved, guide's": moved.tolist(),
        "the same, told to the optimizer": moved_mended.tolist(),
        "target accuracy, guide's (%)": test_guide.tolist(),
        "target accuracy, told to the optimizer (%)": test_mended.tolist(),
        "rate chosen, guide's": RATES[best[0]],
        "rate chosen, told to the optimizer": RATES[best[1]],
    }
    shows = (
        f"After “unfreezing”, {moved.mean():.0%} of the weights below the head have moved: the optimizer was "
        f"made when only the head required gradients, and nothing else ever enters it. With one line, "
        f"add_param_group, {moved_mended.mean():.0%} move, and the accuracy changes by {gain.mean():+.1f} ± "
        f"{gain.std(ddof=1):.1f} points, each at its best rate."
    )
    return Outcome(measured, shows)


def frozen_batch_norm(scale: TransferScale, report: Report) -> Outcome:
    """Train a head on frozen weights in either mode; then put the old head back, and test its task."""
    test = shapes(1000, 902, source=True)
    right = np.empty((3, scale.seeds))
    for seed in range(scale.seeds):
        source = source_network(scale.rows, seed)
        X, y = shapes(40 * scale.shots, 100 + seed, source=False)
        rows = torch.cat([torch.where(y == label)[0][: scale.shots] for label in range(5)])
        right[0, seed] = percent(source, *test)
        for i, still in ((1, False), (2, True)):
            model = copy.deepcopy(source)
            model[-1] = nn.Linear(64, 5)
            for p in model[:-1].parameters():
                p.requires_grad = False
            _train_head(model, (X[rows], y[rows]), scale.epochs, still=still)
            model[-1] = source[-1]
            right[i, seed] = percent(model, *test)
        report((seed + 1) / scale.seeds)
    lost = right[0] - right[1]
    measured = {
        "source accuracy before (%)": right[0].tolist(),
        "after training a head on frozen weights, training mode (%)": right[1].tolist(),
        "the same, frozen parts in evaluation mode (%)": right[2].tolist(),
    }
    shows = (
        f"No weight below the head has moved, and still the source task has lost {lost.mean():.1f} ± "
        f"{lost.std(ddof=1):.1f} points: in training mode batch norm's running averages follow the new "
        f"pictures. In evaluation mode it loses {(right[0] - right[2]).mean():.1f}."
    )
    return Outcome(measured, shows)


def _train_head(model: nn.Sequential, few: Part, epochs: int, *, still: bool) -> None:
    optimizer = torch.optim.Adam(model[-1].parameters(), lr=0.01)
    for _ in range(epochs):
        model.train()
        if still:
            model[:-1].eval()
        optimizer.zero_grad()
        F.cross_entropy(model(few[0]), few[1]).backward()
        optimizer.step()


SETUP = (
    "three blocks with batch norm and a hidden layer, trained on {rows} pictures of five shapes, then on "
    "{shots} pictures of each of five others; "
)

EXPERIMENTS = [
    Experiment(
        "unfreeze-everything",
        "Unfreeze the entire network",
        SETUP + "{epochs} epochs frozen and {epochs} unfrozen, at the best of five rates; {seeds} seeds",
        "freeze, make the optimizer, train the head, “unfreeze the entire network”, train on",
        no_data,
        unfreezing,
        full=TransferScale(seeds=5, epochs=20, rows=1500),
        quick=TransferScale(seeds=2, epochs=3, rows=200, shots=3),
    ),
    Experiment(
        "frozen-batch-norm",
        "A frozen batch norm still moves",
        SETUP + "the head alone for {epochs} epochs; {seeds} seeds",
        "freeze all layers by requires_grad = False, then model.train()",
        no_data,
        frozen_batch_norm,
        full=TransferScale(seeds=5, epochs=40, rows=1500),
        quick=TransferScale(seeds=2, epochs=10, rows=200, shots=3),
    ),
]
