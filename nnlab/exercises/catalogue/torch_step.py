"""The exercise `torch_step`: one training step in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from nnlab.exercises.catalogue.shared.models import batch, mlp
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, OTHER, TINY, Probe, Sizes, example


def two_calls(
    f: Function,
    model: nn.Module,
    make_optimizer: Callable[..., torch.optim.Optimizer],
    X: torch.Tensor,
    y: torch.Tensor,
) -> Iterator[dict[str, Any]]:
    """Take two steps, the first with gradients left over from something before, and look after each."""
    optimizer = make_optimizer(model.parameters())
    happened: list[str] = []
    first = next(model.parameters())
    first.register_hook(lambda gradient: happened.append("gradients"))
    optimizer.register_step_post_hook(lambda *ignored: happened.append("optimizer's step"))
    for number, parameter in enumerate(model.parameters()):
        parameter.grad = torch.full_like(parameter, 0.3 - 0.2 * number)
    for nth, m in (("first", len(y)), ("second", len(y) // 2)):
        before = first.detach().clone()
        happened.clear()
        loss = f(model, optimizer, X[:m], y[:m])
        float(loss)  # what is no number is reported as such
        yield {
            f"loss of the {nth} step": loss,
            f"what happened in the {nth} step": ", ".join(happened) or "nothing",
            f"weights changed in the {nth} step": not torch.equal(first, before),
            f"weights after the {nth} step": {
                name: parameter.detach().clone() for name, parameter in model.named_parameters()
            },
        }
    yield {"loss is a Python float": isinstance(loss, float)}


def training(rng: np.random.Generator, s: Sizes, kind: str = "SGD", **settings: float) -> tuple:
    """Return a model, what makes its optimizer, and a batch."""
    return mlp(s, seed=s.m), partial(getattr(torch.optim, kind), **settings), *batch(rng, s)


def without_the_optimizer(seen: list) -> bool:
    """Whether weights move though the optimizer makes no step."""
    return all(
        one["weights changed in the second step"]
        and "optimizer's step" not in one["what happened in the second step"]
        for one in seen
    )


def never_a_float(seen: list) -> bool:
    """Whether what comes back is a number, but no float."""
    return not any(one["loss is a Python float"] for one in seen)


@exercise(
    notebook=6,
    order=3,
    returns="a float",
    words={
        "loss of the first step": "the loss of the first step",
        "loss of the second step": "the loss of the second step",
        "what happened in the first step": "First step: there should be {expected}; there is {got}.",
        "what happened in the second step": "Second step: there should be {expected}; there is {got}.",
        "weights changed in the first step": "The first step should change the weights, but they stay.",
        "weights changed in the second step": "The second step should change the weights, but they stay.",
        "weights after the first step": "the weights{} after the first step",
        "weights after the second step": "the weights{} after the second step",
        "loss is a Python float": "The loss should be a Python float, but it is something else.",
    },
    rtol=1e-4,  # computed in float32, though it comes as a Python float
    seconds=4,
    observe=two_calls,
    inputs=lambda rng, s: (
        training(rng, s, lr=0.2) if s is MAIN else training(rng, s, lr=0.1, momentum=0.9, weight_decay=0.1)
    ),
    probes=(
        example(
            *training(np.random.default_rng(1), TINY, lr=0.5),
            label="two samples, plain SGD",
            observe=two_calls,
        ),
        Probe("Adam", training(np.random.default_rng(0), OTHER, "Adam", lr=0.05), "main", two_calls),
    ),
    hints=(
        "Five things: scores, loss, gradients cleared, gradients computed, parameters moved.",
        "PyTorch *adds* to existing gradients, so they must be cleared before each backward pass. Its "
        "cross-entropy takes scores and integer labels.",
        "`F.cross_entropy` takes scores and integer labels. After it come `zero_grad`, `backward` and "
        "`step`, in this order; which of them belong to the optimizer, and which to the loss? `.item()` "
        "turns the loss into a Python float.",
    ),
    why="Scores and loss are computed before the update, gradients are cleared just before the new ones "
    "are computed, and `item` gives a plain number, detached from the graph.",
)
def torch_step(model, optimizer, X, y):
    """Take one training step on a batch and return the loss before it, as a Python float.

    X: (m, n_in) float tensor, y: (m,) integer labels -> mean cross-entropy of the batch.
    """
    scores = model(X)
    loss = F.cross_entropy(scores, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


mistake(
    torch_step,
    "zero-grad-missing",
    "optimizer.zero_grad() → pass",
    says="The gradients are never cleared. PyTorch adds each new gradient to the old ones, so every step "
    "follows the sum of all gradients so far: the steps grow, the direction is stale, and the loss "
    "soon jumps around or explodes.",
)
mistake(
    torch_step,
    "zero-grad-after-step",
    ("optimizer.zero_grad() → pass", "optimizer.step() → optimizer.step(); optimizer.zero_grad()"),
    says="The gradients are cleared at the end, after the step. From the second call on that works, but "
    "whatever gradient the model holds before the first call (from a trial run, or another loss) is "
    "added to the first one. Clear them before they are computed.",
)
mistake(
    torch_step,
    "zero-grad-after-backward",
    ("optimizer.zero_grad() → pass", "loss.backward() → loss.backward(); optimizer.zero_grad()"),
    (
        "optimizer.zero_grad() → pass",
        "loss.backward() → loss.backward(); optimizer.zero_grad(set_to_none=False)",
    ),
    says="The gradients are cleared after they were computed and before they are used. The optimizer then "
    "finds none, and the weights stay where they are.",
)
mistake(
    torch_step,
    "backward-missing",
    "loss.backward() → pass",
    ("loss.backward() → pass", "optimizer.zero_grad() → pass"),
    says="No gradient of this loss reaches the parameters: `backward` is not called, or it is called on a "
    "number that was cut off from the model. The optimizer has no gradients to use (or uses old "
    "ones), and the loss does not fall.",
)
mistake(
    torch_step,
    "step-missing",
    "optimizer.step() → pass",
    says="The gradients are computed but never used: the weights stay where they are, and the loss is the "
    "same in every epoch.",
)
mistake(
    torch_step,
    "updated-before-backward",
    ("loss.backward() → rest", "optimizer.step() → loss.backward()", "rest → optimizer.step()"),
    says="The optimizer takes its step before the gradients are computed, so it uses none, or those of the "
    "previous batch.",
)
mistake(
    torch_step,
    "step-made-twice",
    "optimizer.step() → optimizer.step(); optimizer.step()",
    says="The optimizer makes more than one step with the same gradient. That silently doubles the "
    "learning rate, and with momentum or Adam the averages count the batch twice.",
)
mistake(
    torch_step,
    "optimizer-not-used",
    "optimizer.step() → torch.optim.SGD(model.parameters(), lr=0.1).step()",
    "optimizer.step() → torch.optim.SGD(model.parameters(), lr=0.01).step()",
    "optimizer.step() → torch.optim.Adam(model.parameters()).step()",
    says="The weights move, but the optimizer that was passed in is not used: its settings have no effect, "
    "and a new optimizer in each step forgets the averages that momentum and Adam rely on.",
    symptom=without_the_optimizer,
)
mistake(
    torch_step,
    "loss-not-a-float",
    "loss.item() → loss",
    "loss.item() → loss.detach()",
    says="The number is right, but it is not a Python float. A tensor that still belongs to the graph "
    "keeps all activations of its batch in memory; a list of a thousand such losses keeps a thousand "
    "graphs.",
    symptom=never_a_float,
)
mistake(
    torch_step,
    "softmax-before-cross-entropy",
    "scores = model(X) → scores = model(X).softmax(dim=1)",
    "scores = model(X) → scores = model(X).softmax(dim=0)",
    says="The scores go through a softmax before the cross-entropy, which applies softmax itself. The loss "
    "then cannot fall below log(1 + (C-1)/e), and the gradients are small even where the network is "
    "wrong.",
)
mistake(
    torch_step,
    "sigmoid-before-cross-entropy",
    "scores = model(X) → scores = model(X).sigmoid()",
    says="The scores go through a sigmoid before the cross-entropy. That keeps them between 0 and 1, so "
    "that the softmax inside the loss can never be confident.",
)
mistake(
    torch_step,
    "log-softmax-missing",
    "F.cross_entropy(scores, y) → F.nll_loss(scores, y)",
    "F.cross_entropy(scores, y) → F.nll_loss(scores.softmax(dim=1), y)",
    "F.cross_entropy(scores, y) → 1 + F.nll_loss(scores.softmax(dim=1), y)",
    says="`nll_loss` expects logarithms of probabilities and only picks one for each sample. Given scores "
    "or probabilities, it is not a cross-entropy: it becomes negative, and falls without bound or "
    "hardly at all.",
)
mistake(
    torch_step,
    "wrong-loss",
    "F.cross_entropy(scores, y) → F.mse_loss(scores, F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) → F.mse_loss(scores.softmax(1), F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) "
    "→ F.binary_cross_entropy_with_logits(scores, F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) → F.multi_margin_loss(scores, y)",
    "F.cross_entropy(scores, y) → ((scores - y) ** 2).mean()",
    "F.cross_entropy(scores, y) → ((scores - y[:, None]) ** 2).mean()",
    "F.cross_entropy(scores, y) → F.l1_loss(scores, F.one_hot(y, scores.shape[1]).float())",
    "F.cross_entropy(scores, y) → F.cross_entropy(scores, y, label_smoothing=0.1)",
    says="The loss is not the cross-entropy that the exercise asks for. The network learns something, but "
    "its losses cannot be compared with those of its NumPy twin.",
)
mistake(
    torch_step,
    "loss-summed",
    "F.cross_entropy(scores, y) → F.cross_entropy(scores, y, reduction='sum')",
    says="The loss is summed over the batch, not averaged. Its gradient grows with the batch, so a learning "
    "rate that suits 10 samples blows up with 1000.",
)
mistake(
    torch_step,
    "loss-after-update",
    "return loss.item() → return F.cross_entropy(model(X), y).item()",
    says="The loss comes from a second pass through the model, after the step. That takes half as long "
    "again, and the number flatters the network, which has just been fitted to this very batch.",
)
mistake(
    torch_step,
    "ascent-instead-of-descent",
    "loss.backward() → (-loss).backward()",
    says="The step climbs the loss: the gradient has the wrong sign. Look for a minus sign between the "
    "loss and `backward`.",
)
mistake(
    torch_step,
    "forward-without-gradients",
    "scores = model(X) → scores = model(X).detach()",
    says="The scores are not connected to the parameters (they were computed under `no_grad`, or "
    "detached), so `backward` has nothing to differentiate.",
)
mistake(
    torch_step,
    "loss-per-sample",
    "F.cross_entropy(scores, y) → F.cross_entropy(scores, y, reduction='none')",
    says="`reduction='none'` gives one loss per sample, and `backward` needs a single number to descend on. "
    "Leave the mean to the loss.",
)
mistake(
    torch_step,
    "accuracy-instead-of-loss",
    "return loss.item() → return (scores.argmax(dim=1) == y).float().mean().item()",
    says="The step is right, but you return the accuracy. The exercise asks for the loss.",
)
mistake(
    torch_step,
    "loss-scaled",
    "return loss.item() → return loss.item() * len(y)",
    "return loss.item() → return loss.item() / len(y)",
    says="The step is right, but the loss you return is multiplied or divided by the number of samples. "
    "The cross-entropy is already a mean over the batch.",
)
