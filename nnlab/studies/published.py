"""Published results, run again: each experiment returns what was measured, in the terms of what was claimed.

`EXPERIMENTS` lists them in the order of the table that `nnlab reproduce` prints and
notebook 07 explains. Each is a function of the data and the scale, and says what its own figures show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score, recall_score, roc_auc_score

from nnlab.datasets import Digits, Split, make_circles
from nnlab.initializers import Initializer, he_normal, normal, torch_uniform, uniform
from nnlab.layers import MLP, Linear, ReLU, Sequential, Softmax, Tanh
from nnlab.losses import softmax_cross_entropy
from nnlab.metrics import accuracy
from nnlab.optimizers import SGD, Adam, AdamW, Optimizer
from nnlab.schedules import cosine
from nnlab.studies.experiments import (
    Experiment,
    Outcome,
    Report,
    appointments_by_patient,
    appointments_by_row,
    mnist,
    no_data,
    reporting,
)
from nnlab.training import LambdaCallback, batches, fit_whole, predict_scores
from nnlab.twins.pytorch import loss_to_torch, optimizer_to_torch, to_torch


@dataclass(frozen=True)
class Scale:
    """How much work goes into the experiments: `QUICK` for a look, `FULL` to repeat what was published."""

    no_show_epochs: int = 1000
    mnist_rows: int = 48_000  # a multiple of 32, so that the last mini-batch is whole
    mnist_epochs: int = 100
    softmax_epochs: int = 10
    learner_epochs: int = 12
    pixels: int = 784  # of MNIST's images; where it is not found, an experiment says how many there were


FULL = Scale()
QUICK = Scale(no_show_epochs=50, mnist_rows=6_400, mnist_epochs=5, softmax_epochs=3, learner_epochs=4)


# ---------------------------------------------------------------------------------------- no-show


def own_columns(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test features without the one-hot categories: the columns of the table itself."""
    numbers = len(split.encoder.named_transformers_["numbers"].feature_names_in_)
    return split.train.X[:, :numbers], split.test.X[:, :numbers]


def no_show(split: Split, scale: Scale, report: Report, *, torch_start: bool) -> Outcome:
    """Train 64 ReLU units by full-batch gradient descent, lr 0.01, and look behind the accuracy."""
    X, X_test = own_columns(split)
    y, y_test = split.train.y, split.test.y
    rng = np.random.default_rng(0)
    network = _start([X.shape[1], 64, 2], torch_uniform if torch_start else normal(0.01), rng, X.dtype)
    history = fit_whole(
        network,
        X,
        y,
        loss=softmax_cross_entropy,
        optimizer=SGD(network.parameters(), lr=0.01),
        epochs=scale.no_show_epochs,
        callbacks=reporting(report, 0, scale.no_show_epochs),
    )
    scores = predict_scores(network, X_test)
    base_accuracy = float(np.mean(y_test == 0))
    measured = {
        "first loss": history["loss"][0],
        "last loss": history["loss"][-1],
        "accuracy": accuracy(scores, y_test),
        "accuracy of always 'show'": base_accuracy,
        "entropy of the base rate": _entropy(float(y.mean())),
        **ranking(y_test, scores),
    }
    found = int(scores.argmax(axis=1).sum())
    starts = "from {:.3f} to {:.3f} over 20 seeds".format(*_first_losses(X, y))
    shows = (
        f"The network predicts {found:,} missed appointment{'s' * (found != 1)} where there are "
        f"{int(y_test.sum()):,}. A rule that always says 'show' is right as often ({base_accuracy:.2%}), and "
        f"a loss of {measured['entropy of the base rate']:.3f} needs no feature at all. "
    )
    shows += (
        f"torch's weights are larger, so the first scores differ from 0, and the first loss "
        f"({measured['first loss']:.3f}) depends on the draw: {starts}."
        if torch_start
        else "Tiny weights give scores near 0, hence a first loss of log 2 = 0.693."
    )
    return Outcome(measured, shows, {"loss": history["loss"]})


def _first_losses(X: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Return the lowest and highest loss before training over 20 draws of torch's initial weights."""
    losses = [
        softmax_cross_entropy(
            _start([X.shape[1], 64, 2], torch_uniform, np.random.default_rng(seed), X.dtype).forward(X), y
        )[0]
        for seed in range(20)
    ]
    return min(losses), max(losses)


def ranking(y: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return what accuracy hides: recall, and how well the scores (m, 2) put class 1 before class 0."""
    margin = scores[:, 1] - scores[:, 0]
    return {
        "recall": float(recall_score(y, margin > 0)),
        "ROC-AUC": float(roc_auc_score(y, margin)),
        "PR-AUC": float(average_precision_score(y, margin)),
    }


LEARNER_BATCH = 512


def learner(n_in: int, steps: int, rng: np.random.Generator, dtype=np.float32) -> tuple[MLP, AdamW]:
    """Return a network that does learn the appointments, and its optimizer for so many steps.

    Strong weight decay is what counts: the table is noisy, and without decay a network learns its noise.
    """
    network = MLP([n_in, 128, 2], activation=ReLU, rng=rng, dtype=dtype)
    return network, AdamW(network.parameters(), cosine(0.003, steps), weight_decay=1.0)


def no_show_learned(split: Split, scale: Scale, report: Report) -> Outcome:
    """Train the `learner` and scikit-learn's gradient boosting on the same features and split.

    The split is by patient: in a split by row, most test rows belong to patients who are in the training
    part too, and trees are quick to recognize them.
    """
    rng = np.random.default_rng(0)
    steps = scale.learner_epochs * math.ceil(len(split.train.X) / LEARNER_BATCH)
    network, optimizer = learner(split.train.X.shape[1], steps, rng, split.train.X.dtype)
    history = fit_whole(
        network,
        *split.train,
        loss=softmax_cross_entropy,
        optimizer=optimizer,
        epochs=scale.learner_epochs,
        batch_size=LEARNER_BATCH,
        rng=rng,
        validation=split.validation,
        callbacks=reporting(report, 0, scale.learner_epochs * 2),
    )
    ours = ranking(split.test.y, predict_scores(network, split.test.X))
    trees = HistGradientBoostingClassifier(random_state=0).fit(*split.train)
    p = trees.predict_proba(split.test.X)
    theirs = ranking(split.test.y, np.log(np.clip(p, 1e-12, None)))
    measured = {
        "ROC-AUC of the network": ours["ROC-AUC"],
        "ROC-AUC of gradient boosting": theirs["ROC-AUC"],
        "PR-AUC of the network": ours["PR-AUC"],
        "PR-AUC of gradient boosting": theirs["PR-AUC"],
        "base rate (PR-AUC of chance)": float(split.test.y.mean()),
    }
    difference = measured["ROC-AUC of the network"] - measured["ROC-AUC of gradient boosting"]
    shows = (
        f"With mini-batches, an adaptive optimizer and weight decay a small network does learn: its "
        f"ROC-AUC differs from gradient boosting's by {difference:+.4f}, on the same split and features."
    )
    return Outcome(measured, shows, history.metrics)


def _entropy(p: float) -> float:
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


def _start(sizes: list[int], weight_init: Initializer, rng: np.random.Generator, dtype) -> MLP:
    """Return a ReLU network; with torch's weights it gets torch's biases too, from ±1/√n_in."""
    network = MLP(sizes, activation=ReLU, weight_init=weight_init, rng=rng, dtype=dtype)
    for layer in network.layers if weight_init is torch_uniform else ():
        if isinstance(layer, Linear) and layer.b is not None:
            layer.b.value[:] = torch_uniform((layer.n_out,), layer.n_in, layer.n_out, rng, dtype)
    return network


# ---------------------------------------------------------------------------------------- digits

STARTS = {"uniform(−0.5, 0.5)": uniform(0.5), "torch's weights": torch_uniform}
COMPARED: dict[str, Callable[..., Optimizer]] = {"SGD": SGD, "Adam": Adam}
BATCH, LR = 32, 0.001


def mnist_four(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train 784-64-10 from both starts with both optimizers, each in NumPy and in torch."""
    X, y = _whole_batches(digits, scale)
    measured = {}
    cases = [(start, name) for start in STARTS for name in COMPARED]
    for number, (start, name) in enumerate(cases):

        def part(done: float, number=number) -> None:
            report((number + done) / len(cases))

        rng = np.random.default_rng(0)
        network = _start([X.shape[1], 64, 10], STARTS[start], rng, X.dtype)
        optimizer = COMPARED[name](network.parameters(), lr=LR)
        module = to_torch(network)
        twin_optimizer = optimizer_to_torch(optimizer, network, module)
        fit_whole(
            network,
            X,
            y,
            loss=softmax_cross_entropy,
            optimizer=optimizer,
            epochs=scale.mnist_epochs,
            batch_size=BATCH,
            rng=np.random.default_rng(1),
            callbacks=reporting(part, 0, 3 * scale.mnist_epochs),
        )
        for epoch in _train_torch(module, twin_optimizer, X, y, scale.mnist_epochs):
            part((1 + 2 * epoch / scale.mnist_epochs) / 3)
        measured[f"NumPy, {start}, {name}"] = accuracy(predict_scores(network, digits.X_test), digits.y_test)
        measured[f"torch, {start}, {name}"] = _torch_accuracy(module, digits.X_test, digits.y_test)
    pairs = list(zip(list(measured.values())[::2], list(measured.values())[1::2], strict=True))
    frameworks = max(abs(ours - theirs) for ours, theirs in pairs)
    best_and_worst = max(measured.values()) - min(measured.values())
    shows = (
        f"Not NumPy against PyTorch but SGD against Adam, and one start against another: between the "
        f"settings lie {100 * best_and_worst:.1f} points, between the frameworks in equal settings at most "
        f"{100 * frameworks:.1f}."
    )
    return Outcome(measured, shows, ran=_digits_ran(X))


def last_mini_batch(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Record the accuracy of the last mini-batch of each epoch beside that of the whole training set."""
    X, y = _whole_batches(digits, scale)
    epochs = max(scale.mnist_epochs // 10, 5)
    rng = np.random.default_rng(0)
    network = _start([X.shape[1], 64, 10], uniform(0.5), rng, X.dtype)
    whole: list[float] = []

    def of_last_batch(scores: np.ndarray, targets: np.ndarray) -> float:
        return accuracy(scores[-BATCH:], targets[-BATCH:])  # an epoch's scores come in the order seen

    def note(epoch: int, logs: Any) -> None:
        whole.append(accuracy(predict_scores(network, X), y))
        report((epoch + 1) / epochs)

    history = fit_whole(
        network,
        X,
        y,
        loss=softmax_cross_entropy,
        optimizer=SGD(network.parameters(), lr=LR),
        epochs=epochs,
        batch_size=BATCH,
        rng=np.random.default_rng(1),
        metrics={"last mini-batch": of_last_batch},
        callbacks=[LambdaCallback(on_epoch_end=note)],
    )
    last = history["last mini-batch"]
    jumps = float(np.abs(np.diff(last)).max())
    steps = float(np.abs(np.diff(whole)).max())
    noise = math.sqrt(whole[-1] * (1 - whole[-1]) / BATCH)
    measured = {
        "smallest possible step": 1 / BATCH,
        "largest jump, last mini-batch": jumps,
        "largest change, whole training set": steps,
        "standard deviation from 32 samples": noise,
    }
    first = ", ".join(f"{100 * a:g}" for a in last[:3])
    shows = (
        f"Here the values begin {first}: all multiples of 100/32. With {BATCH} samples chance alone moves "
        f"them by {100 * noise:.1f} points, while the accuracy on the whole training set moves smoothly."
    )
    return Outcome(measured, shows, {"last mini-batch": last, "whole training set": whole}, _digits_ran(X))


def softmax_twice(digits: Digits, scale: Scale, report: Report) -> Outcome:
    """Train with scores, and with softmax inside the model before a loss that takes scores."""
    X, y = digits.X[: scale.mnist_rows], digits.y[: scale.mnist_rows]
    measured, curves = {}, {}
    for number, (label, extra) in enumerate({"scores": (), "softmax in the model": (Softmax(),)}.items()):
        rng = np.random.default_rng(0)
        layers = MLP([X.shape[1], 64, 10], activation=ReLU, rng=rng, dtype=X.dtype).layers
        network = Sequential(*layers, *extra)
        history = fit_whole(
            network,
            X,
            y,
            loss=softmax_cross_entropy,
            optimizer=Adam(network.parameters(), lr=LR),
            epochs=scale.softmax_epochs,
            batch_size=BATCH,
            rng=rng,
            callbacks=reporting(report, number / 2, scale.softmax_epochs * 2),
        )
        measured[f"last loss, {label}"] = history["loss"][-1]
        measured[f"accuracy, {label}"] = accuracy(predict_scores(network, digits.X_test), digits.y_test)
        curves[label] = history["loss"]
    floor = math.log(1 + 9 / math.e)
    measured["lowest possible loss with softmax in the model"] = floor
    cost = measured["accuracy, scores"] - measured["accuracy, softmax in the model"]
    shows = (
        f"Probabilities lie in [0, 1], so a second softmax can never be sure: the loss cannot fall below "
        f"log(1 + 9/e) = {floor:.3f}, and the accuracy changes by {round(-100 * cost, 1) + 0.0:+.1f} points."
    )
    return Outcome(measured, shows, curves, _digits_ran(X))


def _digits_ran(X: np.ndarray) -> dict[str, int]:
    """Return what the data decided of a set-up: fewer images, of fewer pixels, where MNIST is not found."""
    return {"mnist_rows": len(X), "pixels": X.shape[1]}


def _whole_batches(digits: Digits, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    m = min(scale.mnist_rows, len(digits.X) - len(digits.X) % BATCH)
    return digits.X[:m], digits.y[:m]


def _train_torch(
    module: torch.nn.Module, optimizer: torch.optim.Optimizer, X: np.ndarray, y: np.ndarray, epochs: int
) -> Iterator[int]:
    """Train on the batches that `fit` draws; yield the number of epochs done."""
    loss, rng = loss_to_torch(softmax_cross_entropy), np.random.default_rng(1)
    for epoch in range(epochs):
        for X_batch, y_batch in batches(X, y, BATCH, rng=rng):
            optimizer.zero_grad()
            loss(module(torch.from_numpy(X_batch)), torch.from_numpy(y_batch)).backward()
            optimizer.step()
        yield epoch + 1


def _torch_accuracy(module: torch.nn.Module, X: np.ndarray, y: np.ndarray) -> float:
    with torch.no_grad():
        return accuracy(module(torch.from_numpy(X)).numpy(), y)


# ---------------------------------------------------------------------------------------- mechanisms


def he_without_root(scale: Scale, report: Report, *, depth: int = 10, width: int = 256) -> Outcome:
    """Send a batch through a deep ReLU network drawn with deviation √(2/n), and with 2/n."""
    curves: dict[str, list[float]] = {}
    for label, weight_init in {"√(2/n)": he_normal, "2/n": normal(2 / width)}.items():
        rng = np.random.default_rng(0)
        signal, sizes = rng.standard_normal((256, width)), []
        for _ in range(depth):
            signal = ReLU().forward(Linear(width, width, weight_init=weight_init, rng=rng).forward(signal))
            sizes.append(float(np.sqrt(np.mean(signal**2))))
        curves[label] = sizes
    report(1)
    kept, lost = curves["√(2/n)"], curves["2/n"]
    factor = (lost[-1] / lost[0]) ** (1 / (depth - 1))
    measured = {
        f"signal after {depth} layers, √(2/n)": kept[-1],
        f"signal after {depth} layers, 2/n": lost[-1],
        "factor per layer, 2/n": factor,
        "√(2/n), the factor expected": math.sqrt(2 / width),
    }
    shows = (
        f"With 2/n for the deviation each layer of {width} units multiplies the signal by {factor:.3f}, "
        f"which is √(2/n) once more: after {depth} layers {lost[-1]:.0e} is left, and the loss hears nothing."
    )
    return Outcome(measured, shows, curves)


def summed_gradients(scale: Scale, report: Report, *, epochs: int = 60) -> Outcome:
    """Train one hidden tanh layer on circles: gradients averaged, summed, and averaged at ten times eta."""
    X, y = make_circles(200, noise=0.1, rng=np.random.default_rng(0))
    curves, weights = {}, {}

    def summed(scores, targets):
        loss, gradient = softmax_cross_entropy(scores, targets)
        return loss, gradient * len(scores)

    cases = {"averaged, 0.03": (softmax_cross_entropy, 0.03), "summed, 0.03": (summed, 0.03)}
    cases |= {"averaged, 0.3": (softmax_cross_entropy, 0.3)}
    for label, (loss, lr) in cases.items():
        rng = np.random.default_rng(1)
        network = MLP([2, 10, 2], activation=Tanh, weight_init=normal(0.3), rng=rng)
        optimizer = SGD(network.parameters(), lr=lr)
        settings = {"loss": loss, "optimizer": optimizer, "epochs": epochs, "batch_size": 10, "rng": rng}
        history = fit_whole(network, X, y, **settings)
        curves[label] = history["loss"]
        weights[label] = np.concatenate([p.value.ravel() for p in network.parameters()])
    report(1)
    difference = float(np.abs(weights["summed, 0.03"] - weights["averaged, 0.3"]).max())
    measured = {f"last loss, {label}": losses[-1] for label, losses in curves.items()}
    measured["largest difference of weights, summed 0.03 and averaged 0.3"] = difference
    shows = (
        "Summing over a batch of 10 is averaging with ten times the learning rate: the weights of the two "
        "runs are the same but for rounding. Stages that sum and stages that average cannot be compared at "
        "one eta."
    )
    return Outcome(measured, shows, curves)


# ---------------------------------------------------------------------------------------- the table


EXPERIMENTS = [
    Experiment(
        "no-show-numpy",
        "No-shows, NumPy",
        "64 ReLU, softmax, weights 0.01·N(0,1), full batch, lr 0.01, {no_show_epochs} epochs",
        "loss 0.693 → 0.502, accuracy 79.78 %",
        appointments_by_row,
        lambda split, scale, report: no_show(split, scale, report, torch_start=False),
        FULL,
        QUICK,
    ),
    Experiment(
        "no-show-torch",
        "No-shows, PyTorch",
        "the same with torch's initial weights, {no_show_epochs} epochs",
        "loss 0.792 → 0.464, accuracy 80.29 %",
        appointments_by_row,
        lambda split, scale, report: no_show(split, scale, report, torch_start=True),
        FULL,
        QUICK,
    ),
    Experiment(
        "no-show-learned",
        "No-shows, learned",
        "128 ReLU, batch 512, {learner_epochs} epochs of AdamW with weight decay 1, cosine schedule; "
        "split by patient",
        "none: the network that the two before could have been",
        appointments_by_patient,
        no_show_learned,
        FULL,
        QUICK,
    ),
    Experiment(
        "mnist",
        "MNIST, NumPy against PyTorch",
        "{pixels}-64-10, batch 32, lr 0.001, {mnist_epochs} epochs; uniform(−0.5, 0.5) and SGD against "
        "torch's weights and Adam",
        "NumPy 91.0 %, PyTorch 97.2 %",
        mnist,
        mnist_four,
        FULL,
        QUICK,
    ),
    Experiment(
        "last-mini-batch",
        "The same, training accuracy",
        "accuracy of the last mini-batch of 32",
        "25.0, 68.75, 90.625 …",
        mnist,
        last_mini_batch,
        FULL,
        QUICK,
    ),
    Experiment(
        "softmax-twice",
        "Softmax before the loss",
        "{pixels}-64-10, Adam, {softmax_epochs} epochs, softmax inside the model before a loss that takes "
        "scores",
        "as above",
        mnist,
        softmax_twice,
        FULL,
        QUICK,
    ),
    Experiment(
        "he-without-root",
        "He without the root",
        "multi-layer ReLU network, deviation 2/n instead of √(2/n)",
        "called He initialization",
        no_data,
        he_without_root,
        FULL,
    ),
    Experiment(
        "summed-gradients",
        "Gradients summed",
        "one hidden tanh layer on circles, batch 10, eta 0.03, gradients summed where the loss is averaged",
        "stages compared at one eta",
        no_data,
        summed_gradients,
        FULL,
    ),
]
