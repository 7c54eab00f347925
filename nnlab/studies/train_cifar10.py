"""Train a residual network on CIFAR-10: a whole training program in one file, which lesson 12 explains.

It takes about three minutes on two cores, or ten with `--width 32`. A run can be stopped at any time and
resumed. Without CIFAR-10, it learns the colored shapes that come with nnlab.

Examples:
  python -m nnlab.studies.train_cifar10 --out run
  python -m nnlab.studies.train_cifar10 --out run --resume
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from nnlab._files import BROKEN, whole_file
from nnlab.datasets import load_cifar10

BEST, LAST, RESULTS = "best.pt", "last.pt", "results.json"
VALIDATION_SHARE = 0.1  # of the training images, to choose the epoch by


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Return the settings of the command line."""
    description, examples = (__doc__ or "").split("Examples:")
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, epilog=examples, formatter_class=shape)
    parser.prog = "python -m nnlab.studies.train_cifar10"
    device = "cuda" if torch.cuda.is_available() else "cpu"
    default, add = "(default: %(default)s)", parser.add_argument
    add("--out", type=Path, default=Path("cifar10_run"), help=f"folder of the run {default}")
    add("--resume", action="store_true", help="go on with the run in the folder, with the same settings")
    add("--width", type=positive(int), default=16, help=f"channels of the first layer {default}")
    add("--epochs", type=positive(int), default=36, help=f"passes over the images {default}")
    add("--batch-size", type=positive(int), default=64, help=f"images per step {default}")
    add("--lr", type=positive(float), default=0.1, help=f"the highest learning rate {default}")
    add("--weight-decay", type=float, default=5e-4, help=f"strength λ of the L2 penalty {default}")
    add("--smoothing", type=float, default=0.1, help=f"ε of the smoothed labels {default}")
    add("--seed", type=int, default=0, help=f"decides weights, order and augmentation {default}")
    add("--device", default=device, help=f"cpu, cuda or mps {default}")
    add("--threads", type=positive(int), help="processor threads (default: PyTorch's choice)")
    add("--float32", action="store_true", help="no bfloat16, which only some processors make faster")
    return parser.parse_args(argv)


def positive(kind: type) -> Any:
    """Return a function that reads a number above 0 from the command line."""

    def read(text: str) -> Any:
        if not 0 < kind(text) < math.inf:
            raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
        return kind(text)

    return read


# ------------------------------------------------------------------------------------------ data


def load() -> tuple[TensorDataset, TensorDataset, TensorDataset, str]:
    """Return images (m, 3, 32, 32) in [0, 1] with labels to train, validate and test, and their source."""
    images = load_cifar10()
    X, y, X_test, y_test = map(torch.from_numpy, (images.X, images.y, images.X_test, images.y_test))
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))  # one split for all runs
    held_out, kept = order.tensor_split([max(1, round(VALIDATION_SHARE * len(y)))])
    train, validation = TensorDataset(X[kept], y[kept]), TensorDataset(X[held_out], y[held_out])
    return train, validation, TensorDataset(X_test, y_test), images.source


def augment(X: Tensor, generator: torch.Generator) -> Tensor:
    """Return images moved by up to 4 pixels, half of them mirrored, each with a gray square of 8 × 8."""
    m, _, size, _ = X.shape
    pixel = torch.arange(size)

    def draw(count: int) -> Tensor:
        return torch.randint(count, (m, 1), generator=generator)

    wide = F.pad(X, (4, 4, 4, 4), mode="reflect")
    rows = draw(9) + pixel  # (m, size): the row of `wide` that each row is taken from
    columns = draw(9) + torch.where(draw(2) == 1, pixel.flip(0), pixel)
    # Indices on both sides of the channels bring the channels to the end: back to the second place.
    X = wide[torch.arange(m)[:, None, None], :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)
    in_rows, in_columns = ((pixel - draw(size) + 0.5).abs() < 4 for _ in range(2))  # (m, size) each
    return X.masked_fill((in_rows[:, :, None] & in_columns[:, None])[:, None], 0.5)


# ------------------------------------------------------------------------------------------ network


class Normalize(nn.Module):
    """Subtract the training images' mean and divide by their deviation, channel by channel.

    The two are buffers: they are saved with the weights and cannot be forgotten where the network is used.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, X: Tensor):
        super().__init__()
        self.register_buffer("mean", X.mean((0, 2, 3))[:, None, None])
        self.register_buffer("std", X.std((0, 2, 3))[:, None, None])

    def forward(self, X: Tensor) -> Tensor:
        return (X - self.mean) / self.std


class Residual(nn.Sequential):
    """Y = X + f(X), where f is the layers one after the other."""

    def forward(self, X: Tensor) -> Tensor:
        return X + super().forward(X)


def block(c_in: int, c_out: int, *more: nn.Module) -> nn.Sequential:
    """Return convolution, batch norm, ReLU and more; batch norm's bias makes the convolution's needless."""
    convolution = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out), nn.ReLU(), *more)


def resnet9(w: int, X: Tensor) -> nn.Sequential:
    """Return the network, w channels wide at the start, for images like X (after Page, 2018)."""
    return nn.Sequential(
        Normalize(X),
        block(3, w),
        block(w, 2 * w, nn.MaxPool2d(2)),
        Residual(block(2 * w, 2 * w), block(2 * w, 2 * w)),
        block(2 * w, 4 * w, nn.MaxPool2d(2)),
        block(4 * w, 8 * w, nn.MaxPool2d(2)),
        Residual(block(8 * w, 8 * w), block(8 * w, 8 * w)),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(8 * w, 10),
    )


# ------------------------------------------------------------------------------------------ training


class Run:
    """What training changes: weights, optimizer, schedule and history; and how they are kept in a folder."""

    def __init__(self, settings: argparse.Namespace, X: Tensor, steps: int):
        torch.manual_seed(settings.seed)
        self.settings, self.device = settings, torch.device(settings.device)
        self.model = resnet9(settings.width, X).to(self.device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs
        how = {"momentum": 0.9, "nesterov": True, "weight_decay": settings.weight_decay}
        self.optimizer = torch.optim.SGD(self.model.parameters(), settings.lr, **how)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(self.optimizer, settings.lr, total_steps=steps)
        self.parts: dict[str, Any] = {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
        }
        self.history: list[dict[str, float]] = []
        # All that decides what is learned; the rest may differ when a run is resumed.
        free = ("out", "resume", "device", "threads")
        self.lasting = {name: value for name, value in vars(settings).items() if name not in free}

    def save(self, name: str) -> None:
        """Write a checkpoint, whole or not at all."""
        state: dict[str, Any] = {part: value.state_dict() for part, value in self.parts.items()}
        with whole_file(self.settings.out / name) as file:
            torch.save(state | {"history": self.history, "settings": self.lasting}, file)

    def load(self, name: str) -> None:
        """Read a checkpoint; weights_only=True takes numbers from it and refuses programs."""
        path = self.settings.out / name
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            begun = dict(state["settings"])
        except FileNotFoundError:
            raise FileNotFoundError(f"expected a checkpoint {path}, found none; leave out --resume") from None
        except (*BROKEN, pickle.UnpicklingError):
            raise ValueError(
                f"{path}: expected a checkpoint, got a damaged file; remove the folder"
            ) from None
        other = [name for name, value in self.lasting.items() if begun.get(name) != value]
        if other:
            was, now = (", ".join(f"{n} {of.get(n)}" for n in other) for of in (begun, self.lasting))
            raise ValueError(f"{path}: expected the settings of its run, {was}, got {now}")
        for part, value in self.parts.items():
            value.load_state_dict(state[part])
        self.history = state["history"]

    def scores(self, X: Tensor) -> Tensor:
        """Return the network's scores; convolutions and products are computed in bfloat16."""
        X = X.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=not self.settings.float32):
            return self.model(X).float()


def train_epoch(run: Run, loader: DataLoader, generator: torch.Generator) -> dict[str, float]:
    """Learn from every image once; return the mean loss and the last learning rate."""
    run.model.train()
    losses = []
    for X, y in loader:
        scores = run.scores(augment(X, generator))
        loss = F.cross_entropy(scores, y.to(run.device), label_smoothing=run.settings.smoothing)
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.schedule.step()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise ValueError(f"training diverged: loss {losses[-1]}; begin again with a smaller --lr")
    return {"loss": sum(losses) / len(losses), "lr": float(run.schedule.get_last_lr()[0])}


@torch.inference_mode()
def evaluate(run: Run, data: TensorDataset, *, mirror: bool = False) -> dict[str, float]:
    """Return loss and accuracy; with mirror=True, of the mean scores of each image and its mirror image."""
    run.model.eval()
    batches = []
    for X, _ in DataLoader(data, 500):
        views = (X, X.flip(3)) if mirror else (X,)
        batches.append(torch.stack([run.scores(view) for view in views]).mean(0))
    scores, y = torch.cat(batches).cpu(), data.tensors[1]
    accuracy = (scores.argmax(1) == y).float().mean()
    return {"loss": F.cross_entropy(scores, y).item(), "accuracy": accuracy.item()}


def tensorboard(folder: Path, epoch: int) -> Any:
    """Return a writer for TensorBoard that goes on after this epoch, or None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        print("no curves for TensorBoard, which is not installed: pip install tensorboard")
        return None
    return SummaryWriter(folder / "tensorboard", purge_step=epoch + 1)


def train(settings: argparse.Namespace) -> dict[str, float]:
    """Train from the start or the last checkpoint; test the best network, once, and return its figures."""
    images, validation, test_images, source = load()
    generator = torch.Generator()
    loader = DataLoader(images, settings.batch_size, shuffle=True, drop_last=True, generator=generator)
    if len(loader) == 0:
        raise ValueError(f"expected --batch-size of at most {len(images)}, got {settings.batch_size}")
    run = Run(settings, images.tensors[0], settings.epochs * len(loader))
    if settings.resume:
        run.load(LAST)
    count = sum(p.numel() for p in run.model.parameters())
    print(f"{count:,} parameters; {len(images):,} images to learn from; {source}", flush=True)
    writer = tensorboard(settings.out, len(run.history))
    for epoch in range(len(run.history) + 1, settings.epochs + 1):
        start = time.process_time()
        generator.manual_seed(1_000_000 * settings.seed + epoch)  # so that a resumed run draws the same
        report = train_epoch(run, loader, generator)
        report |= {f"val_{name}": value for name, value in evaluate(run, validation).items()}
        report["cpu_seconds"] = time.process_time() - start
        improved = all(report["val_accuracy"] > past["val_accuracy"] for past in run.history)
        run.history.append(report)
        for name in (BEST, LAST) if improved else (LAST,):
            run.save(name)
        figures = ", ".join(f"{name} {value:.4g}" for name, value in report.items())
        print(f"epoch {epoch} of {settings.epochs}: {figures}", flush=True)
        for name, value in report.items() if writer else ():
            writer.add_scalar(name, value, epoch)
    history = run.history
    run.load(BEST)
    test = evaluate(run, test_images, mirror=True)
    results = {"test": test, "best epoch": len(run.history), "history": history, "data": source}
    with whole_file(settings.out / RESULTS) as file:
        file.write(json.dumps(results | {"settings": run.lasting}, indent=2).encode())
    return test


def main(argv: list[str] | None = None) -> int:
    """Train as the command line says. Exit status: 0 for success, 1 for a problem, 2 for wrong usage."""
    settings = parse(argv)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        if (settings.out / LAST).exists() and not settings.resume:
            raise FileExistsError(
                f"{settings.out} holds a run: add --resume, or name another folder by --out"
            )
        settings.out.mkdir(parents=True, exist_ok=True)
        test = train(settings)
    except KeyboardInterrupt:
        kept = "goes on after the last whole epoch" if (settings.out / LAST).exists() else "has nothing yet"
        print(f"\nstopped: --resume {kept}", file=sys.stderr)
        return 1
    except (OSError, ValueError, RuntimeError) as error:
        print(f"train_cifar10: {error}", file=sys.stderr)
        return 1
    print(f"test images, once: {test['accuracy']:.2%} right, loss {test['loss']:.4f}; in {settings.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
