"""MNIST with a plain multi-layer network: a run lives in a folder, and may be interrupted at any time.

The folder holds `settings.json` from the start, `checkpoint.npz` after every epoch, and at the end
`model.npz`, two pictures and `results.json`. `python -m nnlab mnist` is the command around it.
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from threadpoolctl import threadpool_limits

from nnlab import plots
from nnlab._check import NonFiniteError, check_count, check_finite, check_labels, check_number
from nnlab._files import BROKEN, whole_file
from nnlab.datasets import Digits
from nnlab.layers import MLP, Layer, ReLU, Softmax
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import Adam
from nnlab.schedules import cosine
from nnlab.training import History, fit_whole, load, predict_scores, save

WHO = "mnist"
SIDE, CLASSES = 28, 10
VALIDATION_SHARE = 0.1  # of the training images, to choose the epoch by
SETTINGS, CHECKPOINT, MODEL, RESULTS = "settings.json", "checkpoint.npz", "model.npz", "results.json"
CONFUSION, MISTAKES, PREDICTIONS = "confusion_matrix.png", "mistakes.png", "predictions.csv"
FILES = RESULTS, SETTINGS, CHECKPOINT, MODEL, CONFUSION, MISTAKES  # of a run
IMAGE_NAMES, LABEL_NAMES = ("x_test", "images", "x", "X"), ("y_test", "labels", "y")


@dataclass(frozen=True)
class Settings:
    """All that decides what is learned: with equal ones, and equal threads, a machine learns the same bits.

    shift: pixels, of `shifted`; smoothing: ε of `soften`; threads: of the matrix products, None for as
    many as there are.
    Raises: ValueError, TypeError for values out of range.
    """

    hidden: tuple[int, ...] = (512, 256)
    epochs: int = 12
    batch_size: int = 128
    learning_rate: float = 0.002  # of Adam at the start; it falls to 0 along a cosine
    shift: int = 1
    smoothing: float = 0.1
    seed: int = 0
    threads: int | None = None

    def __post_init__(self):
        for size in self.hidden:
            check_count(WHO, "hidden sizes", size)
        check_count(WHO, "epochs", self.epochs)
        check_count(WHO, "batch size", self.batch_size)
        check_number(WHO, "learning rate", self.learning_rate, above=0)
        check_count(WHO, "shift", self.shift, at_least=0, at_most=SIDE)
        check_number(WHO, "smoothing", self.smoothing, at_least=0, below=1)
        check_count(WHO, "seed", self.seed, at_least=0)
        if self.threads is not None:
            check_count(WHO, "threads", self.threads)

    def network(self, rng: np.random.Generator) -> MLP:
        """Return the network before training, in float32."""
        return MLP([SIDE * SIDE, *self.hidden, CLASSES], activation=ReLU, rng=rng, dtype=np.float32)


@dataclass(frozen=True)
class Run:
    """A folder, and the settings of the network that is trained in it."""

    folder: Path
    settings: Settings


# ---------------------------------------------------------------------------------------- the folder of a run


def begin(folder: Path, given: Mapping[str, Any], digits: Digits, *, restart: bool = False) -> Run:
    """Make a folder ready for a new run with the given settings; with `restart`, in place of the run in it.

    Raises: ValueError for settings out of range, for a run in the folder without `restart`, and for files
    that no run left there; OSError where nothing can be written.
    """
    settings = Settings(**given)
    count = len(digits.y) - _count_held_out(len(digits.y))
    check_count(WHO, "batch size", settings.batch_size, at_most=count)
    settings.network(np.random.default_rng(0))  # does it fit into memory? Nothing is deleted before
    _check_free(folder, restart)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _delete_parts(folder)
        for name in FILES:
            (folder / name).unlink(missing_ok=True)
        record = {"settings": asdict(settings), "images": _fingerprint(digits)}
        _write(folder / SETTINGS, json.dumps(record, indent=2))
    except OSError as error:
        raise OSError(
            f"{WHO} cannot write into {folder} ({error}); name another folder with --out"
        ) from error
    return Run(folder, settings)


def _check_free(folder: Path, restart: bool) -> None:
    """Refuse a folder whose files a new run would replace without having been told to."""
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
            f"{folder} holds a run that {state}; add {going_on}--restart to begin anew in its place, "
            "or --out for another folder"
        )


def _delete_parts(folder: Path) -> None:
    """Delete what a process left half-written that was killed."""
    for name in FILES:
        for part in folder.glob(f"{name}.????????.part"):
            part.unlink()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Work in the folder of a run as the only process; the lock ends with the process, however that ends.

    Raises: ValueError while another process works in it. On Windows nobody looks.
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


def resume(folder: Path, given: Mapping[str, Any], digits: Digits) -> Run:
    """Return the run of a folder, to go on with it.

    Raises: FileNotFoundError if there is none; ValueError for other settings or images than its own.
    """
    run, images = _read_run(folder)
    for name, value in given.items():
        begun = getattr(run.settings, name)
        if value != begun:
            raise ValueError(
                f"{folder} holds a run with {name} {_words(begun)}, got {_words(value)}; leave it out to go "
                "on with the run, or begin another with --out"
            )
    if images != _fingerprint(digits):
        raise ValueError(
            f"{folder} holds a run on other images than these ({digits.source}); point NNLAB_DATA at those "
            "it began with, or begin another with --out"
        )
    _delete_parts(folder)
    return run


def finished(folder: Path) -> MLP:
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


def _read_run(folder: Path) -> tuple[Run, str]:
    try:
        record = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        values = record["settings"]
        return Run(folder, Settings(**values | {"hidden": tuple(values["hidden"])})), record["images"]
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(
            f"{folder} holds no run; train a network with: python -m nnlab mnist --out {folder}"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{folder / SETTINGS}: expected the settings of a run, got something else ({error}); "
            "begin anew with --restart"
        ) from error


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fingerprint(digits: Digits) -> str:
    """Return a checksum of the training images and labels, by which a run knows them again."""
    return f"{zlib.crc32(digits.y.data, zlib.crc32(digits.X.data)):08x}"


def _write(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    with whole_file(path) as file:
        file.write(text.encode())


def _write_picture(path: Path, figure: Figure) -> None:
    with whole_file(path) as file:
        figure.savefig(file, format="png", dpi=120)


# ---------------------------------------------------------------------------------------- training


def soften(y: np.ndarray, smoothing: float) -> np.ndarray:
    """Return labels as class probabilities: ε/n for every class, and 1 − ε more for the right one.

    A network that need not be certain learns less by heart. y: (m,) in 0 … 9 -> (m, 10).
    Source: Szegedy et al., 2016.
    """
    Y = np.full((len(y), CLASSES), smoothing / CLASSES, np.float32)
    Y[np.arange(len(y)), y] += 1 - smoothing
    return Y


def shifted(X: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return images moved by up to `most` pixels down or up, and right or left, each its own way.

    What leaves the image is lost, and black comes in. X: (m, 784) -> (m, 784). A digit stays the same digit:
    the network learns so from more images than there are (Simard et al., 2003).
    """
    m = len(X)
    wide = np.pad(X.reshape(m, SIDE, SIDE), ((0, 0), (most, most), (most, most)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE), axis=(1, 2))
    return windows[np.arange(m), *rng.integers(2 * most + 1, size=(2, m))].reshape(m, -1)


def train(
    run: Run, digits: Digits, *, progress: bool = False, log_every: int | None = None
) -> tuple[MLP, History]:
    """Train from the run's last checkpoint, or from the start; save and return the network of its best epoch.

    The best epoch is the most accurate one on validation images, a part of the training images.
    Raises: KeyboardInterrupt for Ctrl-C, NonFiniteError for a divergence.
    """
    settings, checkpoint = run.settings, run.folder / CHECKPOINT
    rng = np.random.default_rng(settings.seed)
    held_out, kept = np.split(rng.permutation(len(digits.y)), [_count_held_out(len(digits.y))])
    Y = soften(digits.y, settings.smoothing)
    network = settings.network(rng)
    optimizer = Adam(network.parameters(), lr=settings.learning_rate)
    with threadpool_limits(settings.threads, user_api="blas"):
        history = fit_whole(
            network,
            digits.X[kept],
            Y[kept],
            loss=softmax_cross_entropy,
            optimizer=optimizer,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            augment=lambda X, rng: shifted(X, settings.shift, rng),
            validation=(digits.X[held_out], Y[held_out]),
            metrics={"accuracy": accuracy},
            monitor="val_accuracy",
            schedule=cosine,
            history=load(checkpoint, network, optimizer, rng=rng) if checkpoint.exists() else None,
            checkpoint=checkpoint,
            log_every=log_every,
            progress=progress,
        )
    if history.stop_reason == "diverged":
        raise NonFiniteError(
            f"training diverged at step {history.diverged_at}; begin anew with --restart and a "
            f"--learning-rate below {settings.learning_rate}"
        )
    save(run.folder / MODEL, network)
    return network, history


def summary(run: Run, digits: Digits) -> str:
    """Say in two lines which network is trained, on how many images, and how low its loss can get."""
    settings, held_out = run.settings, _count_held_out(len(digits.y))
    sizes = (SIDE * SIDE, *settings.hidden, CLASSES)
    count = sum((n_in + 1) * n_out for n_in, n_out in itertools.pairwise(sizes))
    target = soften(np.array([0]), settings.smoothing)
    floor = -float(np.sum(target * np.log(target, where=target > 0, out=np.zeros_like(target))))
    return (
        f"{'-'.join(map(str, sizes))}: {count:,} weights and biases; {len(digits.y) - held_out:,} images to "
        f"learn from, {held_out:,} to choose the epoch by\n"
        f"images to learn from are shifted by up to {settings.shift} pixels; labels are softened by "
        f"{settings.smoothing}, so that no loss is below {floor:.3f}"
    )


def _count_held_out(m: int) -> int:
    return max(1, round(m * VALIDATION_SHARE))


# ---------------------------------------------------------------------------------------- evaluation


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network says of images X (m, 784): probabilities (m, 10), beside labels y (m,) where known."""

    X: np.ndarray = field(repr=False)
    y: np.ndarray | None = field(repr=False)
    probabilities: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, network: Layer, X: np.ndarray, y: np.ndarray | None) -> Evaluation:
        """Let the network look at the images."""
        return cls(X, y, Softmax().forward(predict_scores(network, X)))

    @property
    def predicted(self) -> np.ndarray:
        """The digit that each image is taken for: (m,)."""
        return self.probabilities.argmax(axis=1)

    def record(self) -> dict[str, int | float]:
        """Return the figures: how many images, and with labels how many mistakes and what accuracy."""
        m = len(self.X)
        if self.y is None:
            return {"images": m}
        mistakes = int(np.count_nonzero(self.predicted != self.y))
        return {"images": m, "mistakes": mistakes, "accuracy": 1 - mistakes / m}

    def draw(self, folder: Path) -> None:
        """Write pictures of the confusion matrix and of the worst mistakes; both need labels."""
        names = [str(digit) for digit in range(CLASSES)]
        figure = Figure(figsize=(6, 6), layout="constrained")
        ax = plots.confusion_matrix(self.y, self.predicted, labels=names, ax=figure.add_subplot())
        ax.set_title(
            "{mistakes:,} mistakes in {images:,} images: {accuracy:.2%} right".format(**self.record())
        )
        _write_picture(folder / CONFUSION, figure)
        figure = Figure(figsize=(9, 4.2), layout="constrained")
        plots.mistakes(self.X, self.y, self.probabilities, ax=figure.add_subplot())
        _write_picture(folder / MISTAKES, figure)

    def table(self) -> str:
        """Return the predictions as CSV, a row for each image, counted from 0."""
        names = ["image", "predicted", "probability"]
        columns = [range(len(self.X)), self.predicted, (f"{p:.4f}" for p in self.probabilities.max(axis=1))]
        if self.y is not None:
            names.append("label")
            columns.append(self.y)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([names, *zip(*columns, strict=True)])
        return text.getvalue()


def test(run: Run, digits: Digits, network: MLP, history: History) -> dict[str, Any]:
    """Measure the finished network on the test images; write two pictures, and the figures last.

    Returns the figures as they are in `results.json`.
    """
    evaluation = Evaluation.of(network, digits.X_test, digits.y_test)
    evaluation.draw(run.folder)
    results = {
        "test": evaluation.record(),
        "best epoch": history.best_epoch,
        "validation accuracy": history["val_accuracy"][history.best_epoch - 1],
        "history": history.metrics,
        "settings": asdict(run.settings),
        "data": digits.source,
        "numpy": np.__version__,
    }
    _write(run.folder / RESULTS, json.dumps(results, indent=2))
    return results


def evaluate(folder: Path, path: Path) -> tuple[Evaluation, Path]:
    """Let the network of a folder look at the images of an `.npz`; write what it says below the folder.

    That is a table of predictions and, with labels, the two pictures; returned with their folder.
    Raises: as `finished` and `read_images`.
    """
    network = finished(folder)
    evaluation = Evaluation.of(network, *read_images(path))
    target = folder / path.stem
    if target.exists() and not target.is_dir():
        raise ValueError(
            f"{target} is to be a folder for what the network says, but is a file; rename {path}"
        )
    target.mkdir(exist_ok=True)
    for name in (CONFUSION, MISTAKES):  # of other images by this name, which may have had labels
        (target / name).unlink(missing_ok=True)
    _write(target / PREDICTIONS, evaluation.table())
    if evaluation.y is not None:
        evaluation.draw(target)
    return evaluation, target


# ---------------------------------------------------------------------------------------- other images


def read_images(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images X (m, 784) in [0, 1], and the labels y (m,) or None, of an `.npz` file.

    Images are called x_test, images, x or X: (m, 28, 28), (m, 28, 28, 1) or (m, 784), white on black, in
    whole numbers 0 … 255 or floats 0 … 1. Labels, if any, are called y_test, labels or y.
    Raises: FileNotFoundError; ValueError for anything else.
    """
    if not path.is_file():
        raise FileNotFoundError(f"--images found no file {path}; name an .npz file of images")
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no such archive")
        with np.load(path, allow_pickle=False) as archive:
            named = [next((n for n in names if n in archive), None) for names in (IMAGE_NAMES, LABEL_NAMES)]
            images, labels = (None if name is None else archive[name] for name in named)
            found = ", ".join(archive.files) or "nothing"
    except BROKEN as error:
        raise ValueError(
            f"{path}: expected an .npz file, but {error}; "
            "write one with np.savez('digits.npz', x_test=images)"
        ) from error
    if images is None:
        raise ValueError(
            f"{path}: expected images under one of the names {', '.join(IMAGE_NAMES)}, got {found}; "
            "write them with np.savez('digits.npz', x_test=images)"
        )
    X = _pixels(f"{path}, {named[0]}", images)
    if labels is None:
        return X, None
    if labels.dtype.kind not in "iu":
        raise ValueError(
            f"{path}, {named[1]}: expected whole numbers 0 … 9, got {labels.dtype}; convert them"
        )
    return X, check_labels(str(path), str(named[1]), labels, len(X), CLASSES)


def _pixels(who: str, images: np.ndarray) -> np.ndarray:
    """Return images as rows of float32 in [0, 1]; what may be neither 0 … 255 nor 0 … 1 is refused."""
    if images.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,)) or len(images) == 0:
        raise ValueError(
            f"{who}: expected images of shape (m, {SIDE}, {SIDE}) or (m, {SIDE * SIDE}), got {images.shape}; "
            "scale and crop them as MNIST's are, and give a single image an axis in front"
        )
    if images.dtype.kind not in "buif":
        raise ValueError(f"{who}: expected numbers, got {images.dtype}; convert the images to uint8")
    X = images.reshape(len(images), -1)
    if X.dtype.kind == "f":
        check_finite(who, "pixels", X)
    low, high = X.min(), X.max()
    white = 255 if X.dtype.kind in "ui" else 1
    if low < 0 or high > white:
        kind, remedy = (
            ("whole numbers", "bring them into this range")
            if white == 255
            else ("floats", "divide floats of 0 … 255 by 255, or convert them to uint8")
        )
        raise ValueError(f"{who}: expected {kind} in 0 … {white}, got {low} … {high}; {remedy}")
    if white == 255 and high == 1:
        raise ValueError(
            f"{who}: expected whole numbers up to 255, got 0 and 1 only; where 1 is white, convert to float"
        )
    X = X.astype(np.float32)
    X /= white
    return X
