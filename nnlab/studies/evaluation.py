"""What a trained network says about images: figures, pictures, and a table of predictions."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from nnlab import plots
from nnlab._check import check_finite, check_labels
from nnlab._files import BROKEN, whole_file
from nnlab.datasets import Digits
from nnlab.layers import Layer, Softmax
from nnlab.studies.runs import (
    CLASSES,
    CONFUSION,
    MISTAKES,
    PREDICTIONS,
    RESULTS,
    SIDE,
    Study,
    finished,
    write,
)
from nnlab.training import History, predict_scores

IMAGE_NAMES, LABEL_NAMES = ("x_test", "images", "x", "X"), ("y_test", "labels", "y")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network says about images X (m, 784): probabilities (m, 10), with labels y (m,) if known."""

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


def test(run: Study, digits: Digits, network: Layer, history: History) -> dict[str, Any]:
    """Measure the finished network on the test images; write two pictures and, last, the figures.

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
    write(run.folder / RESULTS, json.dumps(results, indent=2))
    return results


def evaluate(folder: Path, path: Path) -> tuple[Evaluation, Path]:
    """Let the network in a folder look at the images of an `.npz` file; write what it says to a subfolder.

    That is a table of predictions and, with labels, the two pictures. Returns the evaluation and the folder.
    Raises: as `finished` and `read_images`.
    """
    network = finished(folder)
    evaluation = Evaluation.of(network, *read_images(path))
    target = folder / path.stem
    if target.exists() and not target.is_dir():
        raise ValueError(f"{target} should be a folder for the predictions, but is a file; rename {path}")
    target.mkdir(exist_ok=True)
    for name in (CONFUSION, MISTAKES):  # from other images of this name, which may have had labels
        (target / name).unlink(missing_ok=True)
    write(target / PREDICTIONS, evaluation.table())
    if evaluation.y is not None:
        evaluation.draw(target)
    return evaluation, target


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
            raise ValueError("it is not such an archive")
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
    """Return images as rows of float32 in [0, 1]; refuse those that fit neither 0 … 255 nor 0 … 1."""
    if images.shape[1:] not in ((SIDE, SIDE), (SIDE, SIDE, 1), (SIDE * SIDE,)) or len(images) == 0:
        raise ValueError(
            f"{who}: expected images of shape (m, {SIDE}, {SIDE}) or (m, {SIDE * SIDE}), got {images.shape}; "
            "scale and crop them as MNIST's are, and give a single image a leading axis"
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


def _write_picture(path: Path, figure: Figure) -> None:
    with whole_file(path) as file:
        figure.savefig(file, format="png", dpi=120)
