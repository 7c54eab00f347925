"""The folder of a study, which can be interrupted at any time and resumed.

It holds `settings.json` from the start, `checkpoint.npz` after every epoch, and at the end `model.npz`, two
pictures and `results.json`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._check import check_choice, check_count, check_number
from nnlab._files import whole_file
from nnlab._terminal import as_typed
from nnlab.datasets import Digits
from nnlab.layers import Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d, ReLU, Sequential
from nnlab.training import load

WHO = "mnist"
SIDE, CLASSES = 28, 10
KERNEL = 5  # height and width
#: What a model's settings are unless others are given; what is not named is as in `Settings`.
MODELS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "cnn": {"channels": (12, 24), "hidden": (128,), "dropout": 0.25, "epochs": 10, "batch_size": 64},
}
VALIDATION_SHARE = 0.1  # of the training images, to choose the epoch by
SETTINGS, CHECKPOINT, MODEL, RESULTS = "settings.json", "checkpoint.npz", "model.npz", "results.json"
CONFUSION, MISTAKES, PREDICTIONS = "confusion_matrix.png", "mistakes.png", "predictions.csv"
FILES = RESULTS, SETTINGS, CHECKPOINT, MODEL, CONFUSION, MISTAKES  # of a run


@dataclass(frozen=True)
class Settings:
    """All that decides what is learned: with the same settings, a machine learns the same bits.

    model: one of `MODELS`. channels: of the convolutions of a "cnn", each with max pooling. hidden: the sizes
    of the hidden layers. dropout: p before each fully connected layer. learning_rate: Adam's at the start; it
    falls to 0 along a cosine. shift: the most pixels in `shifted`. smoothing: ε of the labels (Szegedy et
    al., 2016). threads: for the matrix products, None for as many as there are.
    Raises: ValueError, TypeError for values out of range.
    """

    model: str = "mlp"
    channels: tuple[int, ...] = ()
    hidden: tuple[int, ...] = (512, 256)
    dropout: float = 0.0
    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 0.002
    shift: int = 1
    smoothing: float = 0.1
    seed: int = 0
    threads: int | None = None

    def __post_init__(self):
        check_choice(WHO, "model", self.model, MODELS)
        for size in self.hidden:
            check_count(WHO, "hidden sizes", size)
        for channels in self.channels:
            check_count(WHO, "channels", channels)
        few, many = (1, 4) if self.model == "cnn" else (0, 0)  # after four times pooling, a pixel is left
        if not few <= len(self.channels) <= many:
            raise ValueError(
                f"{WHO} expected the channels of {few} to {many} convolutions for model {self.model}, got "
                f"{words(self.channels)}"
            )
        check_number(WHO, "dropout", self.dropout, at_least=0, below=1)
        check_count(WHO, "epochs", self.epochs)
        check_count(WHO, "batch size", self.batch_size)
        check_number(WHO, "learning rate", self.learning_rate, above=0)
        check_count(WHO, "shift", self.shift, at_least=0, at_most=SIDE)
        check_number(WHO, "smoothing", self.smoothing, at_least=0, below=1)
        check_count(WHO, "seed", self.seed, at_least=0)
        if self.threads is not None:
            check_count(WHO, "threads", self.threads)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Settings:
        """Return the given settings, and for all others the model's own.

        Raises: as the constructor.
        """
        model = check_choice(WHO, "model", given.get("model", "mlp"), MODELS)
        return cls(**{**MODELS[model], **given})

    def network(self, rng: np.random.Generator) -> Sequential:
        """Return the network before training, in float32; X: rows of pixels (m, 784)."""
        more: dict[str, Any] = {"rng": rng, "dtype": np.float32}
        layers: list[Layer] = [Images()] if self.channels else []
        for c_in, c_out in itertools.pairwise((1, *self.channels)):
            # Pooling first: the larger of two numbers is the same before ReLU and after, and fewer remain.
            layers += [Conv2d(c_in, c_out, KERNEL, padding=KERNEL // 2, **more), MaxPool2d(2), ReLU()]
        layers += [Flatten()] if self.channels else []
        for n_in, n_out in itertools.pairwise(self.sizes):
            layers += [Dropout(self.dropout, rng=rng)] if self.dropout else []
            layers += [Linear(n_in, n_out, **more), ReLU()]
        return Sequential(*layers[:-1])  # the last layer gives scores: no activation after it

    @property
    def sizes(self) -> tuple[int, ...]:
        """The widths of the fully connected layers, from the inputs to the classes."""
        pixels = (SIDE >> len(self.channels)) ** 2  # each pooling halves height and width
        return (self.channels[-1] * pixels if self.channels else pixels, *self.hidden, CLASSES)


class Images(Layer):
    """Y = rows of pixels X (m, 784) as images (m, 1, 28, 28)."""

    axes = ("m", SIDE * SIDE)

    def _forward(self, X):
        return X.reshape(-1, 1, SIDE, SIDE)

    def _backward(self, dY, X, Y):
        return dY.reshape(X.shape)


@dataclass(frozen=True)
class Study:
    """A folder, and the settings of the network that is trained in it."""

    folder: Path
    settings: Settings


def begin(folder: Path, given: Mapping[str, Any], digits: Digits, *, restart: bool = False) -> Study:
    """Make a folder ready for a new run with the given settings; with `restart`, in place of the run in it.

    Raises: ValueError for settings out of range, for a run in the folder without `restart`, and for files
    that no run left there; OSError where nothing can be written.
    """
    settings = Settings.of(given)
    count = len(digits.y) - count_held_out(len(digits.y))
    check_count(WHO, "batch size", settings.batch_size, at_most=count)
    settings.network(np.random.default_rng(0))  # raises MemoryError before anything is deleted
    _check_free(folder, restart)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _delete_parts(folder)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        record = {"settings": asdict(settings), "images": _fingerprint(digits)}
        write(folder / SETTINGS, json.dumps(record, indent=2))
    except OSError as error:
        raise OSError(
            f"{WHO} cannot write into {folder} ({error}); name another folder with --out"
        ) from error
    return Study(folder, settings)


def _check_free(folder: Path, restart: bool) -> None:
    """Refuse a folder in which a new run would replace files without having been told to."""
    if not is_run(folder):
        found = [name for name in FILES if (folder / name).exists()]
        if found:
            raise ValueError(
                f"{folder} holds {', '.join(found)}, but no {SETTINGS} of a run; move them away, or name "
                "another folder with --out"
            )
    elif not restart:
        state = "finished" if (folder / RESULTS).exists() else "was interrupted"
        going_on = "" if state == "finished" else "--resume to go on with it, "
        raise ValueError(
            f"{folder} holds a run that {state}; add {going_on}--restart to start again in its place, "
            "or --out for another folder"
        )


def _delete_parts(folder: Path) -> None:
    """Delete what a killed process left half-written."""
    for name in FILES:
        for part in folder.glob(f"{name}.????????.part"):
            part.unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Work in the folder of a run as the only process; the lock ends with the process, however it ends.

    Raises: ValueError while another process works in it. On Windows this is not checked.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    name = f"nnlab-mnist-{os.getuid()}-{zlib.crc32(bytes(folder.resolve())):08x}.lock"
    with Path(tempfile.gettempdir(), name).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another process is training in {folder}; wait for it, or name another folder with --out"
            ) from None
        yield


def is_run(folder: Path) -> bool:
    """Whether a run was begun in the folder."""
    return (folder / SETTINGS).exists()


def resume(folder: Path, given: Mapping[str, Any], digits: Digits) -> Study:
    """Return the run in a folder, to continue it.

    Raises: FileNotFoundError if there is none; ValueError for settings or images other than its own.
    """
    run, images = _read_run(folder)
    for name, value in given.items():
        begun = getattr(run.settings, name)
        if value != begun:
            raise ValueError(
                f"{folder} holds a run with {name} {words(begun)}, got {words(value)}; leave it out to go "
                "on with the run, or begin another with --out"
            )
    if images != _fingerprint(digits):
        raise ValueError(
            f"{folder} holds a run on other images than these ({digits.source}); point NNLAB_DATA at those "
            "it began with, or begin another with --out"
        )
    _delete_parts(folder)
    return run


def finished(folder: Path) -> Sequential:
    """Return the trained network of a folder.

    Raises: FileNotFoundError if there is none yet; ValueError for a broken file.
    """
    run, _ = _read_run(folder)
    if not (folder / MODEL).exists():
        raise FileNotFoundError(
            f"{folder} holds a run that was interrupted, and no model yet; finish it with --resume"
        )
    network = run.settings.network(np.random.default_rng(0))
    load(folder / MODEL, network)
    return network


def _read_run(folder: Path) -> tuple[Study, str]:
    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        values: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) else v for n, v in record["settings"].items()
        }
        return Study(folder, Settings(**values)), record["images"]
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"{folder} holds no run; train a network with: {as_typed(f'mnist --out {folder}')}"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / SETTINGS}: expected the settings of a run, got something else ({error}); "
            "start again with --restart"
        ) from error


def words(value: Any) -> str:
    """Return a setting as text: (8, 16) as "8 16"."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fingerprint(digits: Digits) -> str:
    """Return a checksum of the training images and labels, by which a run recognizes them."""
    return f"{zlib.crc32(digits.y.data, zlib.crc32(digits.X.data)):08x}"


def count_held_out(m: int) -> int:
    """Return how many of m training images are held out to choose the epoch by."""
    return max(1, round(m * VALIDATION_SHARE))


def write(path: Path, text: str) -> None:
    """Write a text file that appears whole or not at all."""
    with whole_file(path) as file:
        file.write(text.encode())
