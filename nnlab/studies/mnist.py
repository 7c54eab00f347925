"""MNIST with a fully connected or a convolutional network; `nnlab mnist` is the command around it."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import entr
from threadpoolctl import threadpool_limits

from nnlab._check import NonFiniteError
from nnlab.datasets import Digits
from nnlab.layers import Sequential
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import Adam
from nnlab.schedules import cosine
from nnlab.studies.runs import CHECKPOINT, CLASSES, KERNEL, MODEL, SIDE, Study, count_held_out
from nnlab.training import Callback, Checkpoint, EarlyStopping, History, Log, ProgressBar, fit_whole, save


def shifted(X: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return images moved by up to `most` pixels up or down and left or right, each in its own way.

    What leaves the image is lost, and black comes in. X: (m, 784) -> (m, 784). A digit that is moved stays
    the same digit, so the network learns from more images than there are (Simard et al., 2003).
    """
    m = len(X)
    wide = np.pad(X.reshape(m, SIDE, SIDE), ((0, 0), (most, most), (most, most)))
    windows = np.lib.stride_tricks.sliding_window_view(wide, (SIDE, SIDE), axis=(1, 2))
    return windows[np.arange(m), *rng.integers(2 * most + 1, size=(2, m))].reshape(m, -1)


def train(
    run: Study, digits: Digits, *, progress: bool = False, log_every: int | None = None
) -> tuple[Sequential, History]:
    """Train from the run's last checkpoint, or from the start; save and return the network of its best epoch.

    The best epoch is the most accurate one on the validation images, a part of the training images.
    Raises: KeyboardInterrupt for Ctrl-C, NonFiniteError for a divergence.
    """
    settings, checkpoint = run.settings, run.folder / CHECKPOINT
    rng = np.random.default_rng(settings.seed)
    held_out, kept = np.split(rng.permutation(len(digits.y)), [count_held_out(len(digits.y))])
    network = settings.network(rng)
    steps = settings.epochs * math.ceil(len(kept) / settings.batch_size)
    optimizer = Adam(network.parameters(), cosine(settings.learning_rate, steps))
    # Patience covers all epochs: this chooses the most accurate one, and stops nothing early.
    callbacks: list[Callback] = [EarlyStopping("val_accuracy", patience=settings.epochs)]
    callbacks.append(Checkpoint(checkpoint, resume=True))
    if progress:
        callbacks.append(ProgressBar())
    if log_every is not None:
        callbacks.append(Log(log_every))
    with threadpool_limits(settings.threads, user_api="blas"):
        history = fit_whole(
            network,
            digits.X[kept],
            digits.y[kept],
            loss=partial(softmax_cross_entropy, label_smoothing=settings.smoothing),
            optimizer=optimizer,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=rng,
            augment=lambda X, rng: shifted(X, settings.shift, rng),
            validation=(digits.X[held_out], digits.y[held_out]),
            metrics={"accuracy": accuracy},
            callbacks=callbacks,
        )
    if history.stop_reason == "diverged":
        raise NonFiniteError(
            f"training diverged at step {history.diverged_at}; start again with --restart and a "
            f"--learning-rate below {settings.learning_rate}"
        )
    save(run.folder / MODEL, network)
    return network, history


def summary(run: Study, digits: Digits) -> str:
    """Say in two lines which network is trained, on how many images, and how low its loss can get."""
    settings, held_out = run.settings, count_held_out(len(digits.y))
    count = sum(p.value.size for p in settings.network(np.random.default_rng(0)).parameters())
    channels = ", ".join(map(str, settings.channels))
    first = f"{KERNEL}×{KERNEL} convolutions with {channels} channels, then " if channels else ""
    share = settings.smoothing / CLASSES  # of each class in a smoothed label; the right one has the rest too
    shares = np.array([share] * (CLASSES - 1) + [1 - settings.smoothing + share])
    floor = float(entr(shares).sum())  # the least possible cross-entropy is the entropy of the labels
    return (
        f"{first}{'-'.join(map(str, settings.sizes))}: {count:,} weights and biases; "
        f"{len(digits.y) - held_out:,} images to learn from, {held_out:,} to choose the epoch by\n"
        f"images to learn from are shifted by up to {settings.shift} pixels; labels are smoothed by "
        f"{settings.smoothing}, so that no loss is below {floor:.3f}"
    )
