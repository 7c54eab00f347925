"""`nnlab mnist`: train a network on MNIST and test it; resume an interrupted run; look at other images.

Examples:
  NNLAB_DATA=../shared/data nnlab mnist
  nnlab mnist --model cnn --out cnn_run
  nnlab mnist --resume
  nnlab mnist --hidden 128 --epochs 5 --out small_run
  nnlab mnist --images my_digits.npz
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._terminal import as_typed
from nnlab.commands import threads
from nnlab.datasets import Digits, load_mnist
from nnlab.studies import evaluation, mnist, runs

SHOWN = 20  # predictions that are printed; the table holds all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the settings of a run, its folder, and what else to do with it."""
    default = runs.Settings()

    def setting(name: str, metavar: str, words: str, **more) -> None:
        value = getattr(default, name)
        note = "" if value in (None, ()) else f" (default: {runs.words(value)})"
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, metavar=metavar, help=f"{words}{note}", **more)

    own = "; ".join(f"{n.replace('_', ' ')} {runs.words(value)}" for n, value in runs.MODELS["cnn"].items())
    setting("model", "NAME", f"mlp, or cnn, which has defaults of its own: {own}", choices=list(runs.MODELS))
    setting("channels", "N", "channels of the convolutions of a cnn", type=int, nargs="+")
    setting("hidden", "N", "sizes of the hidden layers", type=int, nargs="+")
    setting("dropout", "P", "probability of dropping an entry before a fully connected layer", type=float)
    setting("epochs", "N", "passes over the training images", type=int)
    setting("batch_size", "N", "images per step", type=int)
    setting("learning_rate", "LR", "Adam's at the start; it falls to 0 along a cosine", type=float)
    setting("shift", "N", "move training images by up to N pixels, to learn from more", type=int)
    setting("smoothing", "E", "label smoothing, at least 0 and below 1", type=float)
    setting("seed", "N", "decides the first weights, the order and the validation images", type=int)
    setting("threads", "N", "threads for the matrix products (default: all)", type=threads)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        default=Path("mnist_run"),
        help="the run's folder (default: %(default)s)",
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--resume", action="store_true", help="continue the run in the folder, with its settings"
    )
    mode.add_argument("--restart", action="store_true", help="start again in place of the run in the folder")
    mode.add_argument(
        "--images",
        metavar="FILE.npz",
        type=Path,
        help="only look at these images with the network in the folder",
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.set_defaults(usage_error=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Train and test, or evaluate other images; 1 after an interruption."""
    given = {f.name: getattr(arguments, f.name) for f in fields(runs.Settings)}
    given = {name: value for name, value in given.items() if value is not None}
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    try:
        runs.Settings.of(given)
    except ValueError as error:
        arguments.usage_error(str(error))
    if arguments.images is not None:
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            arguments.usage_error(f"--images uses a network that is already trained; leave out {names}")
        return evaluate(arguments)
    with runs.alone(arguments.out):
        return train(arguments, given)


def train(arguments: argparse.Namespace, given: dict[str, Any]) -> int:
    """Begin or resume a run, and finish it: train, choose the epoch, test once."""
    start, folder, say = time.perf_counter(), arguments.out, not arguments.json
    digits = load()
    if arguments.resume and runs.is_run(folder):
        current = runs.resume(folder, given, digits)
    else:
        if arguments.resume:
            print(f"no run in {folder} to resume: beginning one", file=sys.stderr)
        current = runs.begin(folder, given, digits, restart=arguments.restart)
    if say:
        print(digits, mnist.summary(current, digits), sep="\n")
    try:
        network, history = mnist.train(current, digits, progress=True, log_every=1 if say else None)
        results = evaluation.test(current, digits, network, history)
    except KeyboardInterrupt:
        again = as_typed(shlex.join(["mnist", "--resume", "--out", str(folder)]))
        print(f"\ninterrupted; to continue from the unfinished epoch: {again}", file=sys.stderr)
        return 1
    if say:
        print(f"best epoch on the validation images: {history.best_epoch} of {len(history)}")
        print(f"test, once: {figures(results['test'])}")
        files = f"{runs.MODEL}, {runs.CONFUSION}, {runs.MISTAKES}, {runs.RESULTS}"
        print(f"{time.perf_counter() - start:.1f} s in all; in {folder}: {files}")
    else:
        print(json.dumps(results, indent=2))
    return 0


def load() -> Digits:
    """Return MNIST.

    Raises: FileNotFoundError if it is not found: the embedded digits are different, and smaller.
    """
    digits = load_mnist(dtype=np.float32)
    if not digits.is_real:
        raise FileNotFoundError(
            "expected MNIST, found only scikit-learn's small digits; get it with "
            f"`{as_typed('data get mnist')}`, or name the folder that holds it in NNLAB_DATA "
            "(data/README.md says which files work)"
        )
    return digits


def evaluate(arguments: argparse.Namespace) -> int:
    """Print what the network of a run says about other images, and where the rest is written."""
    seen, folder = evaluation.evaluate(arguments.out, arguments.images)
    record = seen.record()
    if seen.X.mean() > 0.5:
        print(
            "these images are black on white; MNIST's, and so the network's, are white on black",
            file=sys.stderr,
        )
    if arguments.json:
        print(json.dumps(record | {"predicted": seen.predicted.tolist()}, indent=2))
        return 0
    shown = " ".join(map(str, seen.predicted[:SHOWN]))
    print(f"{arguments.images}: {figures(record)}")
    print(f"predicted: {shown}{' …' if len(seen.predicted) > SHOWN else ''}")
    pictures = "" if seen.y is None else f", {runs.CONFUSION}, {runs.MISTAKES}"
    print(f"in {folder}: {runs.PREDICTIONS}{pictures}")
    return 0


def figures(record: dict[str, Any]) -> str:
    """Say in a line what `Evaluation.record` holds."""
    if "accuracy" not in record:
        return f"{record['images']:,} images without labels"
    return f"{record['accuracy']:.2%} right, {record['mistakes']:,} mistakes in {record['images']:,} images"
