"""The contestants: nnlab, PyTorch and scikit-learn doing the same work, and the floor that none can beat.

All start from the same weights and see the same batches, cut and converted beforehand. A contestant's
`work(steps)` is what is timed; its `outcome()` is what `checks.agree` compares afterwards.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnlab.activations import ReLU
from nnlab.bench.rounds import Clock, Turn, timed
from nnlab.layers import MLP
from nnlab.losses import binary_cross_entropy_with_logits, softmax_cross_entropy
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.training import fit, predict_scores

OPTIMIZERS: dict[str, type[Optimizer]] = {"SGD": SGD, "Adam": Adam}
# scikit-learn's Adam adds ε before the correction for the start at zero, the others after it: with an ε
# too small to matter all do the same.
EPSILON = 1e-12


class Unsuitable(Exception):
    """A contestant cannot do this work, or is not installed; the message says why."""


class Contestant:
    """Does `work(steps)`, and reports in `outcome()` what came of it, as named arrays to compare."""

    def work(self, steps: int) -> None:
        """Do so many steps: this is timed."""
        raise NotImplementedError

    def turn(self, clock: Clock) -> Turn:
        """Return the turn to be timed: `work`, between two looks at the clock."""
        return timed(self.work, clock)

    def outcome(self) -> dict[str, np.ndarray]:
        """Return what all contestants must agree on; nothing by default."""
        return {}


@dataclass(frozen=True)
class Task:
    """What is to be trained: the network's sizes, data X (m, n_in) and labels y (m,), and how.

    One output is a sigmoid with binary cross-entropy, more are a softmax with cross-entropy.
    """

    sizes: tuple[int, ...]
    X: np.ndarray
    y: np.ndarray
    batch: int
    optimizer: str
    lr: float

    def network(self) -> MLP:
        """Return the network with the starting weights, the same at every call."""
        return MLP(self.sizes, activation=ReLU, rng=np.random.default_rng(1), dtype=self.X.dtype)

    @property
    def settings(self) -> dict[str, float]:
        """What the optimizer is made with; nnlab and torch have the same names."""
        return {"lr": self.lr} | ({"eps": EPSILON} if self.optimizer == "Adam" else {})

    @property
    def binary(self) -> bool:
        """Whether there is one output."""
        return self.sizes[-1] == 1

    @property
    def targets(self) -> np.ndarray:
        """The labels as the loss takes them: (m,) integers, or (m, 1) zeros and ones."""
        return self.y.astype(self.X.dtype)[:, None] if self.binary else self.y

    def batches(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (X, targets) of each batch, as views of contiguous rows."""
        starts = range(0, len(self.X), self.batch)
        return [(self.X[i : i + self.batch], self.targets[i : i + self.batch]) for i in starts]

    def loss(self) -> Callable[..., tuple[float, np.ndarray]]:
        """Return nnlab's loss for the outputs."""
        return binary_cross_entropy_with_logits if self.binary else softmax_cross_entropy


def _first(batches: list, steps: int) -> Iterator:
    """Yield `steps` batches, from the first on, and over again when they run out."""
    return itertools.islice(itertools.cycle(batches), steps)


def _changes(before: list[np.ndarray], after: list[np.ndarray], loss: float) -> dict[str, np.ndarray]:
    """Return the mean loss and how far each parameter moved: where it is would hide how little it learned."""
    moved = {f"parameter {i}": b - a for i, (a, b) in enumerate(zip(before, after, strict=True))}
    return {"loss": np.array(loss), **moved}


def _weights(task: Task) -> list[np.ndarray]:
    """Return the starting weights W of all layers, without the biases."""
    return [p.value for p in task.network().parameters()[::2]]


# ---------------------------------------------------------------------------------------- training


class NnlabTraining(Contestant):
    """The loop that a reader writes: forward, loss, backward, update. With `by_fit`, `fit` runs it."""

    def __init__(self, task: Task, by_fit: bool = False):
        self.task, self.by_fit = task, by_fit
        self.network, self.loss, self.batches = task.network(), task.loss(), task.batches()
        self.optimizer = OPTIMIZERS[task.optimizer](self.network.parameters(), **task.settings)
        self.losses: list[float] = []

    def work(self, steps: int) -> None:
        network, loss, optimizer = self.network, self.loss, self.optimizer
        if self.by_fit:
            ((X, y),) = self.batches
            self.losses = fit(network, X, y, loss=loss, optimizer=optimizer, epochs=steps)["loss"]
            return
        self.losses = []
        for X, y in _first(self.batches, steps):
            value, dscores = loss(network.forward(X), y)
            network.backward_parameters(dscores)
            optimizer.step()
            self.losses.append(value)

    def outcome(self) -> dict[str, np.ndarray]:
        before, after = ([p.value for p in n.parameters()] for n in (self.task.network(), self.network))
        return _changes(before, after, float(np.mean(self.losses)))


class TorchTraining(Contestant):
    """PyTorch's usual loop, eager, on tensors made beforehand; `.item()` gives the loss as a float."""

    def __init__(self, task: Task):
        torch = _torch()
        from nnlab.torch_twin import to_torch

        F = torch.nn.functional
        self.task, self.module = task, to_torch(task.network())
        self.loss = F.binary_cross_entropy_with_logits if task.binary else F.cross_entropy
        self.optimizer = getattr(torch.optim, task.optimizer)(self.module.parameters(), **task.settings)
        self.batches = [tuple(map(torch.from_numpy, batch)) for batch in task.batches()]
        self.losses: list[float] = []

    def work(self, steps: int) -> None:
        module, loss, optimizer = self.module, self.loss, self.optimizer
        self.losses = []
        for X, y in _first(self.batches, steps):
            value = loss(module(X), y)
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            self.losses.append(value.item())

    def outcome(self) -> dict[str, np.ndarray]:
        before = [p.value for p in self.task.network().parameters()]
        after = [p.detach().numpy().T for p in self.module.parameters()]
        return _changes(before, after, float(np.mean(self.losses)))


class SklearnTraining(Contestant):
    """scikit-learn's MLPClassifier, by its public methods, which cut the batches and run the loop themselves.

    `partial_fit` is one pass over the rows of all the steps, so what it does once a call (checking the
    data, encoding the labels) is shared by many batches. `by_fit` makes each step an epoch over all rows.
    """

    def __init__(self, task: Task, by_fit: bool = False):
        if task.sizes[-1] == 2:
            raise Unsuitable("scikit-learn gives two classes one sigmoid output, not two softmax outputs")
        self.task, self.by_fit = task, by_fit
        self.batches = len(task.X) // task.batch
        self.model = _sklearn_model(
            task, solver=task.optimizer.lower(), learning_rate_init=task.lr, batch_size=task.batch
        )

    def work(self, steps: int) -> None:
        task, model = self.task, self.model
        if self.by_fit:
            model.max_iter = steps
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has not converged is known
                model.fit(task.X, task.y)
            return
        for whole in _passes(steps, self.batches):
            model.partial_fit(task.X[: whole * task.batch], task.y[: whole * task.batch])

    def outcome(self) -> dict[str, np.ndarray]:
        before = [p.value for p in self.task.network().parameters()]
        after = itertools.chain.from_iterable(zip(self.model.coefs_, self.model.intercepts_, strict=True))
        loss = np.mean(self.model.loss_curve_[-self.model.max_iter :]) if self.by_fit else self.model.loss_
        return _changes(before, list(after), float(loss))


def _passes(steps: int, batches: int) -> list[int]:
    """Split the steps into passes over at most so many batches."""
    whole, rest = divmod(steps, batches)
    return [batches] * whole + ([rest] if rest else [])


def _sklearn_model(task: Task, **settings):
    """Return an MLPClassifier with the task's starting weights and nothing that the others do not do."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        raise Unsuitable("scikit-learn is not installed (pip install scikit-learn)") from None
    model = MLPClassifier(
        task.sizes[1:-1],
        alpha=0.0,
        epsilon=EPSILON,
        momentum=0.0,
        nesterovs_momentum=False,
        shuffle=False,
        warm_start=True,
        tol=0.0,
        n_iter_no_change=10**9,
        **settings,
    )
    # The first call makes its arrays. Then its weights become ours, and its optimizer starts afresh.
    classes = np.arange(max(task.sizes[-1], 2))
    model.partial_fit(task.X[: task.batch], task.y[: task.batch], classes=classes)
    if hasattr(model, "_optimizer"):
        del model._optimizer
    theirs = itertools.chain.from_iterable(zip(model.coefs_, model.intercepts_, strict=True))
    for parameter, array in zip(task.network().parameters(), theirs, strict=True):
        array[...] = parameter.value
    return model


class FloorTraining(Contestant):
    """The matrix products of a training step and nothing else, into arrays made beforehand.

    Forward: X W for each layer; backward: Xᵀ dY for each, and dY Wᵀ for all but the first.
    """

    def __init__(self, task: Task):
        rng = np.random.default_rng(2)
        self.batches = [X for X, _ in task.batches()]
        self.weights = _weights(task)
        m, dtype = min(task.batch, len(task.X)), task.X.dtype
        self.outputs = [rng.random((m, n), dtype) for n in task.sizes[1:]]
        self.d_outputs = [rng.random((m, n), dtype) for n in task.sizes[1:]]
        self.d_inputs = [np.empty((m, n), dtype) for n in task.sizes[:-1]]
        self.d_weights = [np.empty_like(W) for W in self.weights]

    def work(self, steps: int) -> None:
        for X in _first(self.batches, steps):
            inputs = [X, *self.outputs[:-1]]
            for A, W, Y in zip(inputs, self.weights, self.outputs, strict=True):
                np.matmul(A, W, out=Y)
            for i in reversed(range(len(self.weights))):
                np.matmul(inputs[i].T, self.d_outputs[i], out=self.d_weights[i])
                if i:
                    np.matmul(self.d_outputs[i], self.weights[i].T, out=self.d_inputs[i])


# ---------------------------------------------------------------------------------------- inference


class NnlabInference(Contestant):
    """`predict_scores`, and a softmax of the result only where it is compared."""

    def __init__(self, task: Task):
        self.network, self.X = task.network(), task.X
        self.scores = np.empty(0)

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.scores = predict_scores(self.network, self.X)

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": _softmax(self.scores)}


class TorchInference(Contestant):
    """The module called in inference mode, which records nothing for a backward pass."""

    def __init__(self, task: Task):
        self.torch = _torch()
        from nnlab.torch_twin import to_torch

        self.module, self.X = to_torch(task.network()).eval(), self.torch.from_numpy(task.X)
        self.scores = np.empty(0)

    def work(self, steps: int) -> None:
        with self.torch.inference_mode():
            for _ in range(steps):
                scores = self.module(self.X)
        self.scores = scores.numpy()

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": _softmax(self.scores)}


class SklearnInference(Contestant):
    """`predict_proba`, its only way to scores: it checks the data and takes the softmax as well."""

    def __init__(self, task: Task):
        self.model, self.X = _sklearn_model(task, batch_size=len(task.X)), task.X
        self.probabilities = np.empty(0)

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.probabilities = self.model.predict_proba(self.X)

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": self.probabilities}


class FloorInference(Contestant):
    """The products X W of all layers, into arrays made beforehand."""

    def __init__(self, task: Task):
        self.X, self.weights = task.X, _weights(task)
        self.outputs = [np.ones((len(task.X), n), task.X.dtype) for n in task.sizes[1:]]

    def work(self, steps: int) -> None:
        for _ in range(steps):
            for A, W, Y in zip([self.X, *self.outputs[:-1]], self.weights, self.outputs, strict=True):
                np.matmul(A, W, out=Y)


def _softmax(scores: np.ndarray) -> np.ndarray:
    E = np.exp(scores - scores.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def _torch():
    try:
        import torch
    except ImportError:
        raise Unsuitable("PyTorch is not installed (pip install torch)") from None
    return torch
