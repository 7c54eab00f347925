"""Two studies of transfer over seeds: ImageNet's features for small photographs, MNIST's for smaller digits.

    python -m nnlab.studies.transfer probe     # 1,000 images of CIFAR-10, about five minutes
    python -m nnlab.studies.transfer digits    # MNIST, then scikit-learn's digits, about five minutes

Each prints a table in Markdown; docs/results.md has both. The course's lesson 13 explains them.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab import datasets
from nnlab.datasets import ColorImages, Digits
from nnlab.studies.efficientnet import efficientnet_lite0, image_features
from nnlab.studies.experiments import figure

Augment = Callable[[Tensor, torch.Generator], Tensor]
Results = dict[str, list[float]]  # what was tried → a test accuracy in percent for each seed


# ---------------------------------------------------------------------------------------- the tools


def block(c_in: int, c_out: int) -> nn.Sequential:
    """Return 3×3 convolution, batch norm, ReLU, pooling: (m, c_in, h, w) → (m, c_out, h/2, w/2)."""
    conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2))


def train(
    model: nn.Module,
    groups: Iterable[Any],
    X: Tensor,
    y: Tensor,
    *,
    epochs: int,
    seed: int,
    batch_size: int = 50,
    augment: Augment | None = None,
) -> nn.Module:
    """Train by Adam, whose rates fall to 0 along a cosine, and return the model in evaluation mode.

    groups: parameter groups, each with its "lr". augment: takes a batch and a generator.
    """
    rng = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(groups)
    steps = epochs * -(-len(X) // batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    model.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(X), generator=rng).split(batch_size):
            batch = augment(X[rows], rng) if augment else X[rows]
            optimizer.zero_grad()
            F.cross_entropy(model(batch), y[rows]).backward()
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def percent(model: nn.Module, X: Tensor, y: Tensor) -> float:
    """Return the share of right answers in percent, in evaluation mode."""
    return 100 * (model.eval()(X).argmax(dim=1) == y).double().mean().item()


def few_of_each(y: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return row numbers: k of each class, drawn at random."""
    return np.concatenate([rng.permutation(np.flatnonzero(y == label))[:k] for label in np.unique(y)])


def moved(images: Tensor, rng: torch.Generator, reach: int = 1) -> Tensor:
    """Return images moved by up to `reach` pixels in both directions; the edge is repeated."""
    size = images.shape[-1]
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    places = torch.randint(0, 2 * reach + 1, (len(images), 2), generator=rng).tolist()
    return torch.stack([x[:, i : i + size, j : j + size] for x, (i, j) in zip(padded, places, strict=True)])


def small(images: np.ndarray, size: int = 8, *, box: bool = True) -> Tensor:
    """Return gray images (m, h, w) at size × size pixels, (m, 1, size, size).

    box: cut each to the box around its digit first (more than 0.2), made square, as those who made
    scikit-learn's digits did.
    """
    out = []
    for image in torch.as_tensor(images, dtype=torch.float32):
        if box:
            rows, columns = (torch.nonzero((image > 0.2).any(dim=d)).ravel() for d in (1, 0))
            image = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            gap = max(image.shape) - torch.tensor(image.shape)
            (top, left), (bottom, right) = (gap // 2).tolist(), (gap - gap // 2).tolist()
            image = F.pad(image, (left, right, top, bottom))
        out.append(F.interpolate(image[None, None], size=(size, size), mode="bilinear", antialias=True)[0])
    return torch.stack(out)


# ---------------------------------------------------------------------------------------- the probe

SIZES, STRENGTHS = (64, 96, 128), tuple(10 ** (power / 2) for power in range(-9, 0))


def probed(F_train: np.ndarray, y: np.ndarray, F_test: np.ndarray, y_test: np.ndarray) -> float:
    """Return the test accuracy of a linear probe; a fifth of the training rows chooses its strength."""
    cut = len(y) * 4 // 5

    def fitted(strength: float, rows: slice) -> Any:
        probe = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=300))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of the weakest, which are not chosen
            return probe.fit(F_train[rows], y[rows])

    held_out = F_train[cut:], y[cut:]
    best = max(STRENGTHS, key=lambda strength: fitted(strength, slice(0, cut)).score(*held_out))
    return 100 * float(fitted(best, slice(None)).score(F_test, y_test))


def probe(images: ColorImages, *, seeds: int = 5, m: int = 1000, sizes: Sequence[int] = SIZES) -> Results:
    """Compare a probe of raw pixels with one of EfficientNet-Lite0's features, on m images a seed.

    The seeds take different training images as long as there are enough, and the same test images.
    """
    model = efficientnet_lite0()
    order = np.random.default_rng(0).permutation(len(images.y))
    deals = [order[np.arange(seed * m, (seed + 1) * m) % len(order)] for seed in range(seeds)]
    used = np.unique(np.concatenate(deals))
    X, X_test = images.X[used], images.X_test[:m]
    seen = {"raw pixels": (X.reshape(len(X), -1), X_test.reshape(len(X_test), -1))}
    seen |= {
        f"features at {size} pixels": (image_features(model, X, size), image_features(model, X_test, size))
        for size in sizes
    }
    y, y_test = images.y[used], images.y_test[:m]
    places = [np.searchsorted(used, deal) for deal in deals]
    return {
        name: [probed(A[rows], y[rows], A_test, y_test) for rows in places]
        for name, (A, A_test) in seen.items()
    }


# ---------------------------------------------------------------------------------------- digits


RATES, EPOCHS = (0.001, 0.003, 0.01, 0.03), 40


def digit_network(seed: int) -> nn.Sequential:
    """Return a network for 8×8 digits: two blocks, a hidden layer, ten scores."""
    torch.manual_seed(seed)
    hidden = nn.Sequential(nn.Flatten(), nn.Linear(32 * 4, 64), nn.ReLU())
    return nn.Sequential(block(1, 16), block(16, 32), hidden, nn.Linear(64, 10))


def digits(
    mnist: Digits, *, seeds: int = 5, shots: Sequence[int] = (1, 3, 10), m: int = 5000, epochs: int = 6
) -> Results:
    """Train on MNIST at 8×8 pixels; go on with k of each of scikit-learn's digits, or start with these.

    Every way takes the best of four rates by 500 validation images, and is tested on what is left.
    """
    target = datasets.load_digits(dtype=np.float32)
    X = torch.tensor(np.concatenate([target.X, target.X_test])).reshape(-1, 1, 8, 8)
    y = np.concatenate([target.y, target.y_test])
    labels = torch.tensor(y)
    results: Results = {}
    tables: dict[str, list[list[list[float]]]] = {}  # name → for each seed and rate, in validation and test
    for seed in range(seeds):
        starts = {"from scratch": digit_network(seed)} | {
            name: on_mnist(mnist, m, seed, epochs, box=box)
            for name, box in (("MNIST in its box", True), ("MNIST as it is", False))
        }
        for name in list(starts)[1:]:
            results.setdefault(f"none: {name}", []).append(percent(starts[name], X, labels))
        for k in shots:
            rng = np.random.default_rng(100 + seed)
            few = few_of_each(y, k, rng)
            rest = rng.permutation(np.setdiff1d(np.arange(len(y)), few))
            for (name, start), extra in itertools.product(starts.items(), (None, moved)):
                rows = []
                for lr in RATES:
                    model = copy.deepcopy(start)
                    groups = [{"params": model.parameters(), "lr": lr}]
                    train(model, groups, X[few], labels[few], epochs=EPOCHS, seed=seed, augment=extra)
                    rows.append([percent(model, X[part], labels[part]) for part in (rest[:500], rest[500:])])
                way = f"{k} of each: {name}" + (", moved by a pixel" if extra else "")
                tables.setdefault(way, []).append(rows)
    for way, found in tables.items():
        accuracies = np.array(found)  # (seeds, rates, 2)
        best = int(accuracies[:, :, 0].mean(axis=0).argmax())
        results[way] = accuracies[:, best, 1].tolist()
    return results


def on_mnist(mnist: Digits, m: int, seed: int, epochs: int, *, box: bool) -> nn.Module:
    """Return a network trained on m of MNIST's digits at 8×8 pixels."""
    rows = np.random.default_rng(seed).permutation(len(mnist.y))[:m]
    X = small(mnist.X[rows].reshape(-1, *mnist.image_shape), box=box)
    model = digit_network(seed)
    groups = [{"params": model.parameters(), "lr": 0.01}]
    return train(model, groups, X, torch.tensor(mnist.y[rows]), epochs=epochs, seed=seed)


def table(results: Mapping[str, list[float]]) -> str:
    """Return results as a table in Markdown: mean and standard deviation over the seeds."""
    rows = [f"| {name} | {figure(values)} |" for name, values in results.items()]
    return "\n".join(["| | test accuracy (%) |", "|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a study on the real data, and print its table; 1 where something that it needs is missing."""
    parser = argparse.ArgumentParser(prog="python -m nnlab.studies.transfer", description=__doc__)
    parser.add_argument("study", choices=("probe", "digits"))
    parser.add_argument("--seeds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    data = datasets.load_cifar10() if chosen.study == "probe" else datasets.load_mnist(dtype=np.float32)
    if not data.is_real:
        print(f"{chosen.study} needs real data, but found: {data.source}")
        return 1
    print(f"{data.source}\n")
    run: Callable[..., Results] = probe if chosen.study == "probe" else digits
    print(table(run(data, seeds=chosen.seeds)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
