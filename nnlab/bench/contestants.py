"""The contestants: nnlab, PyTorch and scikit-learn doing the same work, and the floor: the products alone.

All start from the same weights and see the same data. A contestant's `work(steps)` is what is timed; its
`outcome()` is what is compared, to show that all did the same.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from nnlab.bench.rounds import Clock, Turn, timed
from nnlab.layers import MLP, ReLU, Sequential, Softmax
from nnlab.losses import binary_cross_entropy_with_logits, softmax_cross_entropy
from nnlab.optimizers import SGD, Adam, Optimizer
from nnlab.training import fit_whole, predict_scores
from nnlab.training.measures import PREDICTED
from nnlab.training.steps import BLOCK

TIMED: dict[str, type[Optimizer]] = {"SGD": SGD, "Adam": Adam}
# scikit-learn's Adam adds ε before the correction for the start at zero, the others after it: with an ε
# too small to matter all do the same.
EPSILON = 1e-12
SEED = 3  # of the order of the samples


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
    Raises: ValueError unless X holds whole batches.
    """

    sizes: tuple[int, ...]
    X: np.ndarray
    y: np.ndarray
    batch: int
    optimizer: str
    lr: float

    def __post_init__(self):
        if len(self.X) % self.batch:
            raise ValueError(f"Task expected whole batches of {self.batch}, got {len(self.X)} rows")

    def network(self) -> Sequential:
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

    @property
    def loss(self) -> Callable[..., tuple[float, np.ndarray]]:
        """nnlab's loss for the outputs."""
        return binary_cross_entropy_with_logits if self.binary else softmax_cross_entropy

    def batches(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (X, targets) of each batch, as views of contiguous rows."""
        targets, starts = self.targets, range(0, len(self.X), self.batch)
        return [(self.X[i : i + self.batch], targets[i : i + self.batch]) for i in starts]


def _first(batches: list, steps: int) -> Iterator:
    """Yield `steps` batches, from the first on, and over again when they run out."""
    return itertools.islice(itertools.cycle(batches), steps)


def _weights(task: Task) -> list[np.ndarray]:
    """Return the starting weights W of all layers, without the biases."""
    return [p.value for p in task.network().parameters()[::2]]


def _trained(task: Task, after: list[np.ndarray], loss: float) -> dict[str, np.ndarray]:
    """Return the mean loss and how far each parameter moved: where it is would hide how little it learned."""
    before = [p.value for p in task.network().parameters()]
    moved = {f"parameter {i}": b - a for i, (a, b) in enumerate(zip(before, after, strict=True))}
    return {"loss": np.array(loss), **moved}


# ---------------------------------------------------------------------------------------- nnlab


class NnlabLoop(Contestant):
    """Training steps in the loop that a reader writes: forward, loss, backward, update."""

    def __init__(self, task: Task):
        self.task, self.network, self.batches = task, task.network(), task.batches()
        self.optimizer = TIMED[task.optimizer](self.network.parameters(), **task.settings)
        self.losses: list[float] = []

    def work(self, steps: int) -> None:
        network, loss, optimizer = self.network, self.task.loss, self.optimizer
        self.losses = []
        for X, y in _first(self.batches, steps):
            value, dscores = loss(network.forward(X), y)
            network.backward_parameters(dscores)
            optimizer.step()
            self.losses.append(value)

    def outcome(self) -> dict[str, np.ndarray]:
        after = [p.value for p in self.network.parameters()]
        return _trained(self.task, after, float(np.mean(self.losses)))


class NnlabFit(NnlabLoop):
    """Epochs by `fit`, which checks the data and cuts the batches: shuffled, or all rows, in blocks."""

    def __init__(self, task: Task):
        super().__init__(task)
        self.targets, self.rng = task.targets, np.random.default_rng(SEED)

    def work(self, steps: int) -> None:
        task = self.task
        history = fit_whole(
            self.network,
            task.X,
            self.targets,
            loss=task.loss,
            optimizer=self.optimizer,
            epochs=steps,
            batch_size=task.batch if task.batch < len(task.X) else None,
            rng=self.rng,
        )
        self.losses = history["loss"]


class NnlabInference(Contestant):
    """`predict_scores`, block by block; a softmax only where the result is compared."""

    def __init__(self, task: Task):
        self.network, self.X = task.network().eval(), task.X
        self.scores = np.empty((0, 1))

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.scores = predict_scores(self.network, self.X)

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": Softmax().forward(self.scores)}


class NnlabForward(NnlabInference):
    """`forward` in evaluation mode, which takes the rows as they are and whole: for a few of them."""

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.scores = self.network.forward(self.X)


# ---------------------------------------------------------------------------------------- PyTorch


class TorchLoop(Contestant):
    """PyTorch's usual loop, eager, on tensors made beforehand; `.item()` gives the loss as a float."""

    def __init__(self, task: Task):
        self.torch = torch = import_torch()
        from nnlab.twins.pytorch import to_torch

        F = torch.nn.functional
        self.task, self.module = task, to_torch(task.network())
        self.loss = F.binary_cross_entropy_with_logits if task.binary else F.cross_entropy
        self.optimizer = getattr(torch.optim, task.optimizer)(self.module.parameters(), **task.settings)
        self.batches = [(torch.from_numpy(X), torch.from_numpy(y)) for X, y in task.batches()]
        self.losses: list[float] = []

    def work(self, steps: int) -> None:
        self.losses = [self.step(X, y) for X, y in _first(self.batches, steps)]

    def step(self, X, y) -> float:
        """Do one training step and return the loss before it."""
        value = self.loss(self.module(X), y)
        self.optimizer.zero_grad()
        value.backward()
        self.optimizer.step()
        return value.item()

    def outcome(self) -> dict[str, np.ndarray]:
        from nnlab.twins.pytorch import copy_from_torch

        copy_from_torch(self.module, twin := self.task.network())
        return _trained(self.task, [p.value for p in twin.parameters()], float(np.mean(self.losses)))


class TorchEpochs(TorchLoop):
    """Epochs over all rows at once, or over batches of a shuffled order, taken by index as `fit` does."""

    def __init__(self, task: Task):
        super().__init__(task)
        self.X, self.y = self.torch.from_numpy(task.X), self.torch.from_numpy(task.targets)
        self.rng = np.random.default_rng(SEED)

    def work(self, steps: int) -> None:
        m, batch = len(self.X), self.task.batch
        if batch == m:
            self.losses = [self.step(self.X, self.y) for _ in range(steps)]
            return
        self.losses = []
        for _ in range(steps):
            order = self.torch.from_numpy(self.rng.permutation(m))
            self.losses += [self.step(self.X[rows], self.y[rows]) for rows in order.split(batch)]


class TorchInference(Contestant):
    """The module called in inference mode, which records nothing for a backward pass."""

    def __init__(self, task: Task):
        self.torch = import_torch()
        from nnlab.twins.pytorch import to_torch

        self.module, self.X = to_torch(task.network()).eval(), self.torch.from_numpy(task.X)
        self.scores = np.empty((0, 1))

    def work(self, steps: int) -> None:
        with self.torch.inference_mode():
            for _ in range(steps):
                scores = self.module(self.X)
        self.scores = scores.numpy()

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": Softmax().forward(self.scores)}


def import_torch():
    """Return the module torch; raise Unsuitable where it is missing."""
    try:
        import torch
    except ImportError:
        raise Unsuitable("PyTorch is not installed (pip install torch)") from None
    return torch


# ---------------------------------------------------------------------------------------- scikit-learn


class SklearnLoop(Contestant):
    """Training steps by `MLPClassifier.partial_fit`: one pass over the rows of all the steps of a turn.

    It cuts the batches and runs the loop itself. So what it does once a call (checking the data, encoding
    the labels) is shared by all of these steps; one call a batch would make it look slower.
    """

    def __init__(self, task: Task, **settings):
        self.task, self.batches = task, len(task.X) // task.batch
        solver, lr = task.optimizer.lower(), task.lr
        settings = {"solver": solver, "learning_rate_init": lr, "batch_size": task.batch} | settings
        self.model = _sklearn_model(task, **settings)
        self.losses: list[float] = []

    def work(self, steps: int) -> None:
        whole, rest = divmod(steps, self.batches)
        self.losses = []
        for batches in [self.batches] * whole + [rest] * (rest > 0):
            rows = batches * self.task.batch
            self.model.partial_fit(self.task.X[:rows], self.task.y[:rows])
            self.losses += [self.model.loss_] * batches  # it keeps the mean

    def outcome(self) -> dict[str, np.ndarray]:
        after = itertools.chain.from_iterable(zip(self.model.coefs_, self.model.intercepts_, strict=True))
        return _trained(self.task, list(after), float(np.mean(self.losses)))


class SklearnFit(SklearnLoop):
    """Epochs by `MLPClassifier.fit`: all rows at once, or shuffled."""

    def __init__(self, task: Task):
        super().__init__(task, shuffle=task.batch < len(task.X))
        self.model.set_params(warm_start=True)  # from the weights that it has

    def work(self, steps: int) -> None:
        self.model.max_iter = steps
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged is known
            self.model.fit(self.task.X, self.task.y)
        self.losses = self.model.loss_curve_[-steps:]


class SklearnInference(Contestant):
    """`predict_proba`, its only public way to scores: it checks the data and takes the softmax as well."""

    def __init__(self, task: Task):
        self.model, self.X = _sklearn_model(task, batch_size=task.batch), task.X
        self.probabilities = np.empty((0, 1))

    def work(self, steps: int) -> None:
        for _ in range(steps):
            self.probabilities = self.model.predict_proba(self.X)

    def outcome(self) -> dict[str, np.ndarray]:
        return {"probabilities": self.probabilities}


def _sklearn_model(task: Task, **settings):
    """Return an MLPClassifier with the task's starting weights and nothing that the others do not do."""
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        raise Unsuitable("scikit-learn is not installed (pip install scikit-learn)") from None
    if task.sizes[-1] == 2:
        raise Unsuitable("scikit-learn gives two classes one sigmoid output, not two softmax outputs")
    plain = {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "epsilon": EPSILON, "shuffle": False}
    to_the_end = {"tol": 0.0, "n_iter_no_change": 10**9}
    model = MLPClassifier(task.sizes[1:-1], random_state=SEED, **(plain | to_the_end | settings))
    # The first call makes its arrays. Then its weights become ours, and its optimizer starts afresh.
    classes = np.arange(max(task.sizes[-1], 2))
    model.partial_fit(task.X[: task.batch], task.y[: task.batch], classes=classes)
    del model._optimizer
    theirs = itertools.chain.from_iterable(zip(model.coefs_, model.intercepts_, strict=True))
    for parameter, array in zip(task.network().parameters(), theirs, strict=True):
        array[...] = parameter.value
    return model


# ---------------------------------------------------------------------------------------- the floor


class FloorLoop(Contestant):
    """The matrix products of a training step and nothing else, into arrays made beforehand.

    Forward: X W for each layer; backward: Xᵀ dY for each, and dY Wᵀ for all but the first. Large batches
    are taken in the blocks of `fit`, in which the products are faster than for all rows at once.
    """

    def __init__(self, task: Task):
        rng, dtype = np.random.default_rng(2), task.X.dtype
        self.batches, self.weights = [_blocks(X, BLOCK) for X, _ in task.batches()], _weights(task)
        self.d_weights = [np.empty_like(W) for W in self.weights]
        shapes = task.sizes[1:], task.sizes[1:], task.sizes[:-1]
        self.arrays = {  # rows of a block: outputs, and the gradients of outputs and inputs
            m: tuple([rng.random((m, n), dtype) for n in sizes] for sizes in shapes)
            for m in {len(X) for X in self.batches[0]}
        }

    def work(self, steps: int) -> None:
        for blocks in _first(self.batches, steps):
            for X in blocks:
                self._multiply(X)

    def _multiply(self, X: np.ndarray) -> None:
        outputs, d_outputs, d_inputs = self.arrays[len(X)]
        inputs = [X, *outputs[:-1]]
        for A, W, Y in zip(inputs, self.weights, outputs, strict=True):
            np.matmul(A, W, out=Y)
        for i in reversed(range(len(self.weights))):
            np.matmul(inputs[i].T, d_outputs[i], out=self.d_weights[i])
            if i:
                np.matmul(d_outputs[i], self.weights[i].T, out=d_inputs[i])


class FloorEpochs(FloorLoop):
    """The products of whole epochs, over rows that lie ready in order."""

    def work(self, steps: int) -> None:
        super().work(steps * len(self.batches))


class FloorInference(Contestant):
    """The products X W of all layers, into arrays made beforehand, in the blocks of `predict_scores`."""

    def __init__(self, task: Task):
        self.blocks, self.weights = _blocks(task.X, PREDICTED), _weights(task)
        self.outputs = {
            m: [np.empty((m, n), task.X.dtype) for n in task.sizes[1:]] for m in {len(X) for X in self.blocks}
        }

    def work(self, steps: int) -> None:
        for _ in range(steps):
            for X in self.blocks:
                outputs = self.outputs[len(X)]
                for A, W, Y in zip([X, *outputs[:-1]], self.weights, outputs, strict=True):
                    np.matmul(A, W, out=Y)


def _blocks(X: np.ndarray, rows: int) -> list[np.ndarray]:
    return [X[start : start + rows] for start in range(0, len(X), rows)]


LOOPS = {"nnlab": NnlabLoop, "torch": TorchLoop, "sklearn": SklearnLoop, "floor": FloorLoop}
EPOCHS = {"nnlab": NnlabFit, "torch": TorchEpochs, "sklearn": SklearnFit, "floor": FloorEpochs}
INFERENCE = {
    "nnlab": NnlabInference,
    "torch": TorchInference,
    "sklearn": SklearnInference,
    "floor": FloorInference,
}
