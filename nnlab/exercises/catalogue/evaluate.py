"""The exercise `evaluate`: a model's accuracy in evaluation mode."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: F401 (the mistakes use it)

from nnlab.exercises.catalogue.shared.models import batch, mlp
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Sizes, example, extreme


class Witness(nn.BatchNorm1d):
    """Batch normalization that notes in which state it was called; one record for all copies."""

    notes: ClassVar[list[tuple[bool, bool]]] = []  # in training mode, gradients recorded

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        """Normalize as ever."""
        Y = super().forward(X)
        Witness.notes.append((self.training, Y.requires_grad))
        return Y


def watched_model(s: Sizes, *, train: bool = True, dropout: float = 0.0) -> nn.Sequential:
    """Return a network that gives other scores in training mode, and notes how it is called."""
    plain = mlp(s, seed=s.m)
    norm = Witness(s.n_h)
    with torch.no_grad():
        norm.running_mean += torch.linspace(-1.5, 1.5, s.n_h)  # type: ignore[operator]
        norm.running_var *= torch.linspace(0.2, 3.0, s.n_h)  # type: ignore[operator]
    model = nn.Sequential(plain[0], norm, plain[1], nn.Dropout(dropout), plain[2])
    return model.train(train)


def evaluated(f: Function, model: nn.Module, X: torch.Tensor, y: torch.Tensor) -> dict[str, Any]:
    """Return the accuracy and the state in which it was computed."""
    Witness.notes.clear()
    mode = model.training
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.default_generator.manual_seed(0)  # the other devices' take their time
        accuracy = f(model, X, y)
    float(accuracy)  # what is no number is reported as such
    return {
        "accuracy": accuracy,
        "accuracy is a float": isinstance(accuracy, (float, np.floating)),
        "computed in eval mode": not any(training for training, _ in Witness.notes),
        "gradients recorded": any(recorded for _, recorded in Witness.notes),
        "training mode as it was before": model.training == mode,
    }


def questions(rng: np.random.Generator, s: Sizes, **settings: Any) -> tuple:
    """Return a model and samples with labels, about half of which it gets right; the first one stands out."""
    model = watched_model(s, **settings)
    X, y = batch(rng, s)
    X[0] *= 5
    with torch.no_grad():
        y[::2] = model.eval()(X).argmax(dim=1)[::2]
    return model.train(settings.get("train", True)), X, y


def all_right(rng: np.random.Generator, s: Sizes) -> tuple:
    """Return a model and samples that it classifies without an error."""
    model, X, y = questions(rng, s)
    with torch.no_grad():
        y[:] = model.eval()(X).argmax(dim=1)
    return model.train(), X, y


def with_a_frozen_layer(rng: np.random.Generator, s: Sizes) -> tuple:
    """Return a model in training mode whose normalization is in eval mode, and samples."""
    model, X, y = questions(rng, s)
    model[1].eval()
    return model, X, y


def with_the_same_scores(rng: np.random.Generator) -> tuple:
    """Return a model whose scores are 0, 1 and 2 for every sample, and samples with labels."""
    model = watched_model(Sizes(m=4, n_x=2, n_h=2, n_y=3))
    with torch.no_grad():
        for parameter, numbers in zip(
            model[-1].parameters(), (torch.zeros(3, 2), torch.arange(3.0)), strict=True
        ):
            parameter.copy_(numbers)
    return model, torch.tensor(rng.normal(size=(4, 2)), dtype=torch.float32), torch.tensor([2, 2, 0, 1])


def pick(key: str, value: bool) -> Any:
    """Return the symptom that a figure has this value on some probe."""
    return lambda seen: any(one[key] is value for one in seen)


MANY = Sizes(m=23, n_x=3, n_h=5, n_y=4)
SOME = Sizes(m=16, n_x=4, n_h=6, n_y=3)


@exercise(
    notebook=6,
    order=4,
    returns="a float",
    words={
        "accuracy": "the accuracy",
        "accuracy is a float": "The accuracy should be a float, but it is something else.",
        "computed in eval mode": "The model should compute in eval mode, but it is in training mode.",
        "gradients recorded": "No gradients should be recorded, but they are.",
        "training mode as it was before": "The model's mode should be the same afterward as before.",
    },
    rtol=1e-4,  # computed in float32, though it comes as a Python float
    seconds=4,
    sizes=(MANY, SOME),
    inputs=lambda rng, s: questions(rng, s, train=s is MANY),
    observe=evaluated,
    probes=(
        example(
            *questions(np.random.default_rng(2), Sizes(m=4, n_x=2, n_h=2, n_y=2)),
            label="four samples of two classes",
            observe=evaluated,
        ),
        extreme(
            "a model with dropout", *questions(np.random.default_rng(3), MANY, dropout=0.5), observe=evaluated
        ),
        extreme(
            "a model that is always right", *all_right(np.random.default_rng(5), MANY), observe=evaluated
        ),
        extreme(
            "a model with a frozen layer",
            *with_a_frozen_layer(np.random.default_rng(4), SOME),
            observe=evaluated,
        ),
        extreme(
            "a model with the same scores for all samples",
            *with_the_same_scores(np.random.default_rng(5)),
            observe=evaluated,
        ),
    ),
    hints=(
        "Accuracy is the share of samples whose largest score is at the correct class. The rest is about "
        "the state in which the model computes.",
        "`model.eval()` puts dropout and batch normalization into evaluation mode, `torch.no_grad()` "
        "records nothing for `backward`, and `model.training` tells you which mode to restore.",
        "Note `model.training` first, and give it to `model.train` at the end. In between: eval mode, "
        "scores under `no_grad`, `argmax` along the classes, and the mean of the comparison with y as a "
        "number, by `.item()`.",
    ),
    why="Measuring in the middle of training must not change the training: the model keeps its mode, and "
    "no graph is built for a backward pass that never comes.",
)
def evaluate(model, X, y):
    """Return the fraction of samples that the model classifies correctly.

    In eval mode and without recording gradients; the model's training mode is as it was afterwards.
    X: (m, n_in) float tensor, y: (m,) integer labels -> float in [0, 1].
    """
    was_training = model.training
    model.eval()
    with torch.no_grad():
        scores = model(X)
    model.train(was_training)
    hits = scores.argmax(dim=1) == y
    return hits.float().mean().item()


mistake(
    evaluate,
    "eval-mode-missing",
    "model.eval() → pass",
    "model.eval() → model.train()",
    says="The accuracy is computed in training mode. Dropout then still silences units at random, and "
    "batch normalization uses the statistics of this very batch (and updates its running ones), so "
    "the result depends on chance and on which samples share a batch.",
    symptom=pick("computed in eval mode", False),
)
mistake(
    evaluate,
    "training-mode-not-restored",
    "model.train(was_training) → pass",
    "model.train(was_training) → model.train()",
    says="The model's mode is not restored. If it stays in eval mode, the rest of the training runs "
    "without dropout, batch normalization stops updating, and nothing tells you; if it is always put "
    "into training mode, a finished model starts to change again.",
    symptom=pick("training mode as it was before", False),
)
mistake(
    evaluate,
    "gradients-recorded",
    "with torch.no_grad(): → if True:",
    says="Gradients are recorded along the way, though no backward pass will use them. On a whole "
    "validation set that keeps every activation in memory and takes time.",
    symptom=pick("gradients recorded", True),
)
mistake(
    evaluate,
    "accuracy-not-a-float",
    ".mean().item() → .mean()",
    says="The number is right, but you return it as a tensor. Lists of tensors plot and print badly, and "
    "comparing one with another number gives a tensor again; the exercise asks for a Python float.",
    symptom=pick("accuracy is a float", False),
)
mistake(
    evaluate,
    "percent-instead-of-fraction",
    "return hits.float().mean() → return 100 * hits.float().mean()",
    ("return hits.float().mean() → return 100 * hits.float().mean()", ".item() → .item() * 1"),
    says="This is a percentage; the exercise asks for a fraction between 0 and 1.",
)
mistake(
    evaluate,
    "count-instead-of-fraction",
    "hits.float().mean() → hits.float().sum()",
    says="This is the number of hits; divide by the number of samples to get the fraction.",
)
mistake(
    evaluate,
    "error-rate-instead-of-accuracy",
    "== y → != y",
    says="This is the fraction of wrong answers; accuracy is the fraction of right ones.",
)
mistake(
    evaluate,
    "labels-broadcast",
    "argmax(dim=1) → argmax(dim=1, keepdim=True)",
    "== y → == y[:, None]",
    says="One side of the comparison has shape (m,), the other (m, 1): both are stretched to (m, m), and "
    "every sample is compared with every other. Nothing complains, and the result is close to chance.",
)
mistake(
    evaluate,
    "argmax-over-batch-axis",
    "argmax(dim=1) → argmax(dim=0)",
    says="`argmax` runs over axis 0, the samples. The class of each sample is the position of the largest "
    "entry in its row.",
)
mistake(
    evaluate,
    "argmax-over-whole-array",
    "argmax(dim=1) → argmax()",
    says="`argmax` without an axis treats the whole table as one long list and gives a single position. "
    "The class of each sample is the position of the largest entry in its row.",
)
mistake(
    evaluate,
    "score-instead-of-class",
    "scores.argmax(dim=1) → scores.max(dim=1).values",
    "scores.argmax(dim=1) → scores.max(dim=1).values.round()",
    "scores.argmax(dim=1) → scores.max(dim=1).values.int()",
    says="The largest score itself is compared with the label, and hardly ever equals it. What counts is "
    "which class the largest score belongs to.",
)
mistake(
    evaluate,
    "loss-instead-of-accuracy",
    "return hits.float().mean().item() → return F.cross_entropy(scores, y).item()",
    says="This is the cross-entropy, the loss. Accuracy counts the samples whose largest score is at the "
    "correct class.",
)
mistake(
    evaluate,
    "integer-division",
    "return hits.float().mean().item() → return float(hits.sum().item() // len(y))",
    says="`//` discards the fraction, so any accuracy below 1 becomes 0; use `/`.",
)
mistake(
    evaluate,
    "argmin-instead-of-argmax",
    "scores.argmax → scores.argmin",
    says="The class with the smallest score is taken for the prediction.",
)
mistake(
    evaluate,
    "divided-by-something-else",
    "hits.float().mean() → (hits.sum() / X.numel())",
    "hits.float().mean() → (hits.sum() / X.shape[1])",
    "hits.float().mean() → (hits.sum() / scores.numel())",
    "hits.float().mean() → (hits.sum() / scores.shape[1])",
    says="The hits are divided by a number other than that of the samples, which is `len(y)`, the first "
    "axis of X.",
)
mistake(
    evaluate,
    "result-rounded",
    "mean().item() → mean().item().__round__(2)",
    "mean().item() → mean().item().__round__(1)",
    "mean().item() → mean().item().__round__(3)",
    says="The fraction is right but rounded. Round only when you print: further computation needs all the "
    "digits.",
)
