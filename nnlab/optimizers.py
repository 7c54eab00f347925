"""Optimizers: they turn gradients into updates, in place. The formulas follow torch.optim's.

θ is a parameter, g its gradient. Scratch arrays keep the updates free of new memory: the arrays of a
large layer are the largest things a training step touches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from nnlab._check import check_finite, check_number, describe
from nnlab.layers import Parameter


class Optimizer:
    """Holds the parameters and, for each, named state arrays; `_update` is what a subclass defines.

    Raises: TypeError unless given Parameters, ValueError for none or for lr <= 0.
    """

    _state_names: tuple[str, ...] = ()

    def __init__(self, parameters: Iterable[Parameter], lr: float):
        who = type(self).__name__
        self.parameters = _check_parameters(who, parameters)
        self.lr = check_number(who, "lr", lr, above=0)
        self.t = 0  # steps taken
        self._state = [{n: np.zeros_like(p.value) for n in self._state_names} for p in self.parameters]
        self._scratch = [np.empty_like(p.value) for p in self.parameters]

    def step(self) -> None:
        """Update every parameter in place from its gradient.

        Raises: RuntimeError before `backward`, ValueError for a gradient of another shape, NonFiniteError
        for NaN or infinity; nothing is updated then.
        """
        who = f"{type(self).__name__}.step"
        for p in self.parameters:
            _check_gradient(who, p)
        self.t += 1
        for p, state, scratch in zip(self.parameters, self._state, self._scratch, strict=True):
            self._update(p.value, p.grad, state, scratch)

    def _update(
        self, value: np.ndarray, grad: Any, state: dict[str, np.ndarray], scratch: np.ndarray
    ) -> None:
        raise NotImplementedError

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of all that `step` remembers, for `load_state_dict`: t, lr and the state arrays."""
        arrays = {f"{i}.{name}": s.copy() for i, state in enumerate(self._state) for name, s in state.items()}
        return {"t": np.array(self.t), "lr": np.array(self.lr), **arrays}

    def load_state_dict(self, saved: dict[str, np.ndarray]) -> None:
        """Take over what `state_dict` returned.

        Raises: ValueError if it comes from another optimizer or other parameters; nothing is changed then.
        """
        expected = {name: array.shape for name, array in self.state_dict().items()}
        got = {name: np.shape(array) for name, array in saved.items()}
        if got != expected:
            raise ValueError(
                f"{type(self).__name__}.load_state_dict expected {expected}, got {got}; "
                "make the optimizer as it was made when the state was saved"
            )
        self.t, self.lr = int(saved["t"]), float(saved["lr"])
        for i, state in enumerate(self._state):
            for name, array in state.items():
                array[...] = saved[f"{i}.{name}"]

    def __repr__(self) -> str:
        hidden = ("parameters", "lr", "t")
        settings = "".join(f", {k}={v!r}" for k, v in vars(self).items() if k not in hidden and k[0] != "_")
        return f"{type(self).__name__}(lr={self.lr}{settings})"


class SGD(Optimizer):
    """Stochastic gradient descent: g ← g + λθ, v ← μv + g, θ ← θ − lr·v.

    With nesterov, θ ← θ − lr·(g + μv). As in torch, lr multiplies the velocity rather than entering it,
    and the weight decay λ is added to the gradient. Source: Robbins and Monro, 1951; Polyak, 1964;
    Sutskever et al., 2013. Raises: ValueError for lr <= 0, momentum outside [0, 1) or nesterov without it.
    """

    def __init__(self, parameters, lr, *, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.momentum = check_number("SGD", "momentum", momentum, at_least=0, below=1)
        self.nesterov = bool(nesterov)
        self.weight_decay = check_number("SGD", "weight_decay", weight_decay, at_least=0)
        if nesterov and momentum == 0:
            raise ValueError("SGD expected momentum > 0 with nesterov=True, got 0; set momentum=0.9, say")
        self._state_names = ("velocity",) if momentum else ()
        super().__init__(parameters, lr)

    def _update(self, value, grad, state, scratch):
        step = grad
        if self.weight_decay:
            step = grad + self.weight_decay * value
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += step
            step = step + self.momentum * velocity if self.nesterov else velocity
        value -= np.multiply(step, self.lr, out=scratch)


class RMSprop(Optimizer):
    """s ← αs + (1 − α)g², θ ← θ − lr·g / (√s + ε); weight decay and momentum as in `SGD`.

    As in torch, ε is added outside the root. Source: Tieleman and Hinton, 2012.
    Raises: ValueError for lr <= 0, alpha or momentum outside [0, 1), eps <= 0.
    """

    def __init__(self, parameters, lr=0.01, *, alpha=0.99, eps=1e-8, momentum=0.0, weight_decay=0.0):
        self.alpha = check_number("RMSprop", "alpha", alpha, at_least=0, below=1)
        self.eps = check_number("RMSprop", "eps", eps, above=0)
        self.momentum = check_number("RMSprop", "momentum", momentum, at_least=0, below=1)
        self.weight_decay = check_number("RMSprop", "weight_decay", weight_decay, at_least=0)
        self._state_names = ("square", "velocity") if momentum else ("square",)
        super().__init__(parameters, lr)

    def _update(self, value, grad, state, scratch):
        if self.weight_decay:
            grad = grad + self.weight_decay * value
        _move_average(state["square"], grad * grad, self.alpha, scratch)
        np.sqrt(state["square"], out=scratch)
        scratch += self.eps
        np.divide(grad, scratch, out=scratch)
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += scratch
            np.copyto(scratch, velocity)
        scratch *= self.lr
        value -= scratch


class Adam(Optimizer):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − lr·m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) correct the start at zero. Weight decay is added to the
    gradient, as in torch; `AdamW` decouples it. Source: Kingma and Ba, 2015.
    Raises: ValueError for lr <= 0, a beta outside [0, 1), eps <= 0.
    """

    _state_names = ("mean", "square")

    def __init__(self, parameters, lr=0.001, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        who = type(self).__name__
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{who} expected betas as two numbers (beta1, beta2), got {describe(betas)}")
        self.betas = tuple(check_number(who, "betas", beta, at_least=0, below=1) for beta in betas)
        self.eps = check_number(who, "eps", eps, above=0)
        self.weight_decay = check_number(who, "weight_decay", weight_decay, at_least=0)
        super().__init__(parameters, lr)

    def _update(self, value, grad, state, scratch):
        if self.weight_decay:
            grad = self._decay(value, grad)
        beta1, beta2 = self.betas
        _move_average(state["mean"], grad, beta1, scratch)
        _move_average(state["square"], np.multiply(grad, grad, out=scratch), beta2, scratch)
        # lr·m̂ / (√v̂ + ε), times √(1 − β₂ᵗ) above and below: both corrections become numbers, not arrays.
        root = math.sqrt(1 - beta2**self.t)
        np.sqrt(state["square"], out=scratch)
        scratch += self.eps * root
        np.divide(state["mean"], scratch, out=scratch)
        scratch *= self.lr * root / (1 - beta1**self.t)
        value -= scratch

    def _decay(self, value, grad):
        return grad + self.weight_decay * value


class AdamW(Adam):
    """`Adam` with decoupled weight decay: θ ← θ − lr·λθ first, then Adam's step without λ.

    Source: Loshchilov and Hutter, 2019. Raises: as `Adam`.
    """

    def __init__(self, parameters, lr=0.001, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay)

    def _decay(self, value, grad):
        value *= 1 - self.lr * self.weight_decay
        return grad


def _check_parameters(who: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    found = list(parameters) if isinstance(parameters, Iterable) else [parameters]
    for p in found:
        if not isinstance(p, Parameter):
            raise TypeError(f"{who} expected parameters, got {describe(p)}; pass network.parameters()")
    if not found:
        raise ValueError(f"{who} expected at least one parameter, got none; pass network.parameters()")
    return found


def _check_gradient(who: str, p: Parameter) -> None:
    if p.grad is None:
        raise RuntimeError(f"{who} found no gradient; call backward before step")
    if p.grad.shape != p.value.shape:
        raise ValueError(f"{who} expected a gradient of shape {p.value.shape}, got {p.grad.shape}")
    check_finite(who, "gradients", p.grad, "the training has diverged: lower the learning rate")


def _move_average(average: np.ndarray, new: np.ndarray, keep: float, scratch: np.ndarray) -> None:
    """average ← keep·average + (1 − keep)·new, in place."""
    average *= keep
    average += np.multiply(new, 1 - keep, out=scratch)
