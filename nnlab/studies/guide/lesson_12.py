"""Lines of a published guide that lesson 12 explains: deep convolutional networks."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nnlab import datasets
from nnlab.datasets.color_images import ColorImages
from nnlab.studies.experiments import Data, Experiment, Outcome, Report, Scale, no_data

BATCH, GUESSES = 25, 10_000


@dataclass(frozen=True)
class ImageScale(Scale):
    """How much work: `tested` images choose the epoch, and as many others are held beside them."""

    tested: int = 200


def color_images() -> Data:
    """Return CIFAR-10, or colored shapes where it is not found."""
    images = datasets.load_cifar10()
    return (images,), images.source


def network(seed: int) -> nn.Sequential:
    """Return three blocks of convolution, batch norm, ReLU and pooling, and a linear layer."""
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for c_in, c_out in ((3, 16), (16, 32), (32, 64)):
        convolution = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


def as_images(X: np.ndarray) -> torch.Tensor:
    """Return images as the network takes them."""
    return torch.from_numpy(np.ascontiguousarray(X, np.float32))


@torch.inference_mode()
def hits(model: nn.Module, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return which images the network gets right."""
    return model.eval()(as_images(X)).argmax(dim=1).numpy() == y


def trained(X, y, scale: Scale, seed: int, after_epoch: Callable[[nn.Module], None]) -> nn.Module:
    """Train with Adam at the guide's rate, and call `after_epoch` with the network after each epoch."""
    model, rng, labels = network(seed), np.random.default_rng(seed), torch.from_numpy(y)
    adam = torch.optim.Adam(model.parameters(), lr=0.001)
    for _ in range(scale.epochs):
        model.train()
        for rows in torch.from_numpy(rng.permutation(len(y))).split(BATCH):
            loss = F.cross_entropy(model(as_images(X[rows])), labels[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        after_epoch(model)
    return model


# ---------------------------------------------------------------------------------------- random images


def random_images(scale: Scale, report: Report) -> Outcome:
    """Learn random images with random labels, and test on others of the kind."""
    known, new = [], []
    for seed in range(scale.seeds):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((scale.rows + 1000, 3, 16, 16)), rng.integers(10, size=scale.rows + 1000)
        model = trained(X[: scale.rows], y[: scale.rows], scale, seed, lambda model: None)
        known.append(float(hits(model, X[: scale.rows], y[: scale.rows]).mean()))
        new.append(float(hits(model, X[scale.rows :], y[scale.rows :]).mean()))
        report((seed + 1) / scale.seeds)
    shows = (
        f"The program runs, its loss falls, and {np.mean(known):.0%} of the training images are "
        f"right. Of other random images {np.mean(new):.1%} are, where guessing is right for 10 %."
    )
    return Outcome({"training accuracy": known, "test accuracy": new}, shows)


# ---------------------------------------------------------------------------------------- the best epoch


def optimism(right: np.ndarray, tested: int, repeats: int, rng: np.random.Generator) -> np.ndarray:
    """Return by how much an epoch looks too good: on the images that chose it, and on as many others.

    right: (epochs, images), which images each epoch got right. Each time they are shuffled, `tested` of them
    choose the epoch, and those left over say how good it is.
    """
    gaps = []
    for _ in range(repeats):
        mixed = right[:, rng.permutation(right.shape[1])]
        chosen, others, rest = (part.mean(axis=1) for part in np.split(mixed, [tested, 2 * tested], axis=1))
        best = chosen.argmax()
        gaps.append([chosen[best] - rest[best], others[best] - rest[best]])
    return np.mean(gaps, axis=0)


def best_epoch(images: ColorImages, scale: ImageScale, report: Report) -> Outcome:
    """Choose an epoch by its test accuracy, and see what it is worth on images that did not choose."""
    rng = np.random.default_rng(0)
    guessed = rng.binomial(scale.tested, 0.1, (GUESSES, scale.epochs)).max(axis=1).mean() / scale.tested
    X_all, X_test = (
        part.reshape(len(part), 3, 16, 2, 16, 2).mean((3, 5)) for part in (images.X, images.X_test)
    )
    gaps = []
    for seed in range(scale.seeds):
        rows = np.random.default_rng(seed).permutation(len(images.y))[: scale.rows]
        mean, std = X_all[rows].mean((0, 2, 3), keepdims=True), X_all[rows].std((0, 2, 3), keepdims=True)
        X_new, right = (X_test - mean) / std, list[np.ndarray]()

        def note(model: nn.Module, X: np.ndarray = X_new, seen: list[np.ndarray] = right) -> None:
            seen.append(hits(model, X, images.y_test))

        trained((X_all[rows] - mean) / std, images.y[rows], scale, seed, note)
        gaps.append(optimism(np.array(right), scale.tested, 500, np.random.default_rng(seed)))
        report((seed + 1) / scale.seeds)
    same, others = (list(map(float, column)) for column in np.transpose(gaps))
    measured = {
        "best of the epochs if all of them guess": float(guessed),
        "too good by, on the images that chose": same,
        "too good by, on as many others": others,
    }
    shows = (
        f"Guessing is right for 10 %, and the best of {scale.epochs} guesses on {scale.tested} images for "
        f"{guessed:.1%}. A network's best epoch looks too good by {100 * np.mean(same):.1f} points on the "
        f"images that chose it, and by {abs(100 * np.mean(others)):.1f} on as many others."
    )
    return Outcome(measured, shows)


# ---------------------------------------------------------------------------------------- old calls


def _whole_model() -> object:
    file = io.BytesIO()
    torch.save(nn.Linear(2, 2), file)
    file.seek(0)
    return torch.load(file)


def _verbose() -> object:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    how: dict[str, Any] = {"verbose": True}
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **how)


def _pretrained() -> object:
    from torchvision import models  # not among the course's packages

    return models.resnet18(pretrained=False)  # True would download; the argument is what is old


OLD_CALLS: dict[str, tuple[Callable[[], object], str]] = {
    "torch.load of a whole model": (_whole_model, "load_state_dict with torch.load(…, weights_only=True)"),
    "ReduceLROnPlateau(verbose=True)": (_verbose, "print schedule.get_last_lr()"),
    "torch.cuda.amp.autocast()": (lambda: torch.cuda.amp.autocast(), 'torch.autocast("cuda")'),
    "torch.cuda.amp.GradScaler()": (lambda: torch.cuda.amp.GradScaler(), 'torch.amp.GradScaler("cuda")'),
    "torch.jit.script": (lambda: torch.jit.script(nn.Linear(2, 2)), "torch.compile or torch.export"),
    "resnet18(pretrained=…)": (_pretrained, "resnet18(weights=…)"),
}


def outcome_of(call: Callable[[], object]) -> str:
    """Return what a call does today: runs, warns, fails, or needs a package that is missing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except ImportError:
            return "needs a package that is not installed"
        except Exception as error:
            return f"fails ({type(error).__name__})"
    old = [w.category.__name__ for w in caught if issubclass(w.category, (FutureWarning, DeprecationWarning))]
    old += [w.category.__name__ for w in caught if "deprecated" in str(w.message) and not old]
    return f"warns ({old[0]})" if old else "runs"


def old_calls(scale: Scale, report: Report) -> Outcome:
    """Run each of the guide's old calls, and say what it does in the PyTorch that is installed."""
    found = {}
    for number, (name, (call, _)) in enumerate(OLD_CALLS.items()):
        found[name] = outcome_of(call)
        report((number + 1) / len(OLD_CALLS))
    told = [f"{name}: {found[name]}, today {today}" for name, (_, today) in OLD_CALLS.items()]
    kinds = ("runs", "warns", "fails", "needs")
    measured = {
        f"calls of {len(found)}: {kind}": float(sum(f.startswith(kind) for f in found.values()))
        for kind in kinds
    }
    return Outcome(measured, f"With PyTorch {torch.__version__.split('+')[0]}: {'; '.join(told)}.")


EXPERIMENTS = [
    Experiment(
        "random-images",
        "Random images with random labels",
        "three blocks of 16, 32 and 64 channels, Adam at 0.001, {epochs} epochs on {rows} random images of "
        "16×16 pixels with random labels; tested on 1000 others; {seeds} seeds",
        "complete programs on random data: “replace with real data”",
        no_data,
        random_images,
        full=Scale(seeds=5, epochs=40, rows=500),
        quick=Scale(seeds=2, epochs=4, rows=100),
    ),
    Experiment(
        "best-epoch-by-test",
        "The best epoch, chosen by test accuracy",
        "three blocks of 16, 32 and 64 channels on {rows} images of 16×16 pixels, Adam at 0.001, {epochs} "
        "epochs, {seeds} seeds; {tested} of the 1000 test images choose the epoch, 500 times",
        "test accuracy after each epoch; the best is kept and reported",
        color_images,
        best_epoch,
        full=ImageScale(seeds=5, epochs=50, rows=500),
        quick=ImageScale(seeds=2, epochs=4, rows=100),
    ),
    Experiment(
        "old-calls-of-torch",
        "Old calls, run today",
        "each call as the guide has it, in the PyTorch that is installed",
        "torch.load of a whole model, verbose=True, torch.cuda.amp, pretrained=True, torch.jit.script",
        no_data,
        old_calls,
    ),
]
