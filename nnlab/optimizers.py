"""Optimizers: they turn gradients into updates, in place. The formulas follow torch.optim's.

θ is a parameter, g its gradient. Scratch arrays save most of the memory that updates would allocate: the
arrays of a large layer are the largest things a training step touches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nnlab._check import check_flag, check_number, describe
from nnlab.layers import Parameter
from nnlab.schedules import Schedule, check_schedule


class Remembered:
    """What an optimizer remembers from step to step: their number, the rate, arrays for each parameter."""

    t: int
    schedule: Schedule | None
    _lr: float
    _state: list[dict[str, np.ndarray]]

    @property
    def lr(self) -> float:
        """The learning rate of the next step. Assign a number (0 is allowed) or another schedule.

        Raises: TypeError, ValueError unless a rate is a finite number >= 0.
        """
        if self.schedule is None:
            return self._lr
        return check_schedule(type(self).__name__, "lr", self.schedule, self.t)

    @lr.setter
    def lr(self, lr: float | Schedule) -> None:
        who = type(self).__name__
        if callable(lr):
            check_schedule(who, "lr", lr, self.t)
            self.schedule = lr
        else:
            self._lr = check_number(who, "lr", lr, at_least=0)
            self.schedule = None

    def state_dict(self) -> dict[str, np.ndarray]:
        """Return copies of what `step` remembers, for `load_state_dict`: t, lr and the state arrays.

        A schedule is not part of it: it is a function of t, given when the optimizer is made.
        """
        rate = {"lr": np.array(self._lr)} if self.schedule is None else {}
        arrays = {f"{i}.{name}": s.copy() for i, state in enumerate(self._state) for name, s in state.items()}
        return {"t": np.array(self.t), **rate, **arrays}

    def load_state_dict(self, saved: Mapping[str, np.ndarray]) -> None:
        """Restore what `state_dict` returned; a schedule then continues from the step that was reached.

        Raises: ValueError if it comes from another optimizer or other parameters, or if one of the two has a
        schedule and the other a number; in that case, nothing is changed.
        """
        who = f"{type(self).__name__}.load_state_dict"
        if ("lr" in saved) != (self.schedule is None):
            kinds = ("a number as lr", "a schedule as lr")
            expected, got = kinds if self.schedule is None else kinds[::-1]
            raise ValueError(
                f"{who} expected the state of an optimizer with {expected}, got one with {got}; make the "
                "optimizer as it was when the state was saved, load, and then assign another lr"
            )
        shapes = {name: array.shape for name, array in self.state_dict().items()}
        got_shapes = {name: np.shape(array) for name, array in saved.items()}
        if got_shapes != shapes:
            raise ValueError(
                f"{who} expected {shapes}, got {got_shapes}; "
                "make the optimizer with the settings it had when the state was saved"
            )
        self.t = int(saved["t"])
        if self.schedule is None:
            self.lr = float(saved["lr"])
        for i, state in enumerate(self._state):
            for name, array in state.items():
                array[...] = saved[f"{i}.{name}"]


class Optimizer(Remembered):
    """Holds the parameters and, for each, named state arrays; a subclass defines `_update`.

    lr: a number, or a schedule: a function of the step t, the number of updates so far, such as
    `schedules.cosine(0.1, 500)`. clip_norm: if all gradients together, as one vector, have a larger norm than
    this, they are scaled down to it (torch's clip_grad_norm_); `last_norm` is the norm before clipping.
    clip_value: every entry of a gradient is limited to [−clip_value, clip_value] (clip_grad_value_).
    Raises: TypeError unless given Parameters; ValueError for none, for one given twice, for lr <= 0, or for
    both ways of clipping at once.
    """

    _state_names: tuple[str, ...] = ()

    def __init__(
        self,
        parameters: Iterable[Parameter],
        lr: float | Schedule,
        *,
        clip_norm: float | None = None,
        clip_value: float | None = None,
    ):
        who = type(self).__name__
        self.parameters = _check_parameters(who, parameters)
        self.t = 0  # steps taken
        self.lr = lr if callable(lr) else check_number(who, "lr", lr, above=0)
        self.clip_norm = _check_limit(who, "clip_norm", clip_norm)
        self.clip_value = _check_limit(who, "clip_value", clip_value)
        if clip_norm is not None and clip_value is not None:
            raise ValueError(f"{who} expected clip_norm or clip_value, got both; leave one out")
        self.last_norm: float | None = None
        self._state = [{n: np.zeros_like(p.value) for n in self._state_names} for p in self.parameters]
        self._scratch = [np.empty_like(p.value) for p in self.parameters]

    def step(self) -> None:
        """Update every parameter in place from its gradient.

        With clipping, `p.grad` is the clipped gradient afterwards. There is no check for NaN, which shows in
        the next step's loss.
        Raises: RuntimeError before `backward`, ValueError for a gradient of another shape; in either case,
        nothing is updated.
        """
        grads = [_checked_gradient(self, p) for p in self.parameters]
        lr = self.lr
        self.t += 1
        with np.errstate(all="ignore"):  # whatever the reader has set: tiny gradients underflow
            if self.clip_norm is not None or self.clip_value is not None:
                grads = _clipped(self, grads)
            for p, grad, state, scratch in zip(
                self.parameters, grads, self._state, self._scratch, strict=True
            ):
                self._update(p.value, grad, lr, state, scratch)

    def _update(
        self,
        value: np.ndarray,
        grad: np.ndarray,
        lr: float,
        state: dict[str, np.ndarray],
        scratch: np.ndarray,
    ) -> None:
        raise NotImplementedError(f"{type(self).__name__} must define _update")

    def __repr__(self) -> str:
        hidden = ("parameters", "schedule", "t", "last_norm")
        settings = "".join(
            f", {name}={value!r}"
            for name, value in vars(self).items()
            if name not in hidden and name[0] != "_" and value is not None
        )
        lr = self._lr if self.schedule is None else getattr(self.schedule, "__name__", self.schedule)
        return f"{type(self).__name__}(lr={lr}{settings})"


class SGD(Optimizer):
    """Stochastic gradient descent: g ← g + λθ, v ← μv + g, θ ← θ − lr·v.

    With nesterov, θ ← θ − lr·(g + μv). As in torch, lr multiplies the velocity rather than entering it,
    and the weight decay λ is added to the gradient. Source: Robbins and Monro, 1951; Polyak, 1964;
    Sutskever et al., 2013. Raises: ValueError for lr <= 0, momentum outside [0, 1) or nesterov without it.
    """

    def __init__(
        self,
        parameters,
        lr,
        *,
        momentum=0.0,
        nesterov=False,
        weight_decay=0.0,
        clip_norm=None,
        clip_value=None,
    ):
        self.momentum = check_number("SGD", "momentum", momentum, at_least=0, below=1)
        self.nesterov = check_flag("SGD", "nesterov", nesterov)
        self.weight_decay = check_number("SGD", "weight_decay", weight_decay, at_least=0)
        if nesterov and momentum == 0:
            raise ValueError("SGD expected momentum > 0 with nesterov=True, got 0; set momentum=0.9, say")
        self._state_names = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, clip_norm=clip_norm, clip_value=clip_value)

    def _update(self, value, grad, lr, state, scratch):
        step = grad
        if self.weight_decay:
            step = grad + self.weight_decay * value
        if self.momentum:
            velocity = state["velocity"]
            velocity *= self.momentum
            velocity += step
            step = step + self.momentum * velocity if self.nesterov else velocity
        value -= np.multiply(step, lr, out=scratch)


class RMSprop(Optimizer):
    """s ← αs + (1 − α)g², θ ← θ − lr·g / (√s + ε); weight decay and momentum as in `SGD`.

    As in torch, ε is added outside the root. Source: Tieleman and Hinton, 2012.
    Raises: ValueError for lr <= 0, alpha or momentum outside [0, 1), eps <= 0.
    """

    def __init__(
        self,
        parameters,
        lr=0.01,
        *,
        alpha=0.99,
        eps=1e-8,
        momentum=0.0,
        weight_decay=0.0,
        clip_norm=None,
        clip_value=None,
    ):
        self.alpha = check_number("RMSprop", "alpha", alpha, at_least=0, below=1)
        self.eps = check_number("RMSprop", "eps", eps, above=0)
        self.momentum = check_number("RMSprop", "momentum", momentum, at_least=0, below=1)
        self.weight_decay = check_number("RMSprop", "weight_decay", weight_decay, at_least=0)
        self._state_names = ("square", "velocity") if momentum else ("square",)
        super().__init__(parameters, lr, clip_norm=clip_norm, clip_value=clip_value)

    def _update(self, value, grad, lr, state, scratch):
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
        scratch *= lr
        value -= scratch


class Adam(Optimizer):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − lr·m̂ / (√v̂ + ε).

    m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ) correct for the start at zero. Weight decay is added to the
    gradient, as in torch; `AdamW` decouples it. Source: Kingma and Ba, 2015.
    Raises: ValueError for lr <= 0, a beta outside [0, 1), eps <= 0.
    """

    _state_names = ("mean", "square")

    def __init__(
        self,
        parameters,
        lr=0.001,
        *,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.0,
        clip_norm=None,
        clip_value=None,
    ):
        who = type(self).__name__
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{who} expected betas as two numbers (beta1, beta2), got {describe(betas)}")
        self.betas = tuple(check_number(who, "betas", beta, at_least=0, below=1) for beta in betas)
        self.eps = check_number(who, "eps", eps, above=0)
        self.weight_decay = check_number(who, "weight_decay", weight_decay, at_least=0)
        super().__init__(parameters, lr, clip_norm=clip_norm, clip_value=clip_value)

    def _update(self, value, grad, lr, state, scratch):
        if self.weight_decay:
            grad = self._decay(value, grad, lr)
        beta1, beta2 = self.betas
        _move_average(state["mean"], grad, beta1, scratch)
        _move_average(state["square"], np.multiply(grad, grad, out=scratch), beta2, scratch)
        # lr·m̂ / (√v̂ + ε), expanded by √(1 − β₂ᵗ): both corrections become numbers, not arrays.
        root = math.sqrt(1 - beta2**self.t)
        np.sqrt(state["square"], out=scratch)
        scratch += self.eps * root
        np.divide(state["mean"], scratch, out=scratch)
        scratch *= lr * root / (1 - beta1**self.t)
        value -= scratch

    def _decay(self, value, grad, lr):
        return grad + self.weight_decay * value


class AdamW(Adam):
    """`Adam` with decoupled weight decay: θ ← θ − lr·λθ first, then Adam's step without λ.

    Source: Loshchilov and Hutter, 2019. Raises: as `Adam`.
    """

    def __init__(
        self,
        parameters,
        lr=0.001,
        *,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.01,
        clip_norm=None,
        clip_value=None,
    ):
        super().__init__(
            parameters,
            lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            clip_norm=clip_norm,
            clip_value=clip_value,
        )

    def _decay(self, value, grad, lr):
        value *= 1 - lr * self.weight_decay
        return grad


def _clipped(optimizer: Optimizer, grads: list[np.ndarray]) -> list[np.ndarray]:
    """Return the gradients clipped as the optimizer was told, and let the parameters have them."""
    if optimizer.clip_value is not None:
        grads = [np.clip(grad, -optimizer.clip_value, optimizer.clip_value) for grad in grads]
    if optimizer.clip_norm is not None:
        optimizer.last_norm = _norm(grads)
        scale = optimizer.clip_norm / (optimizer.last_norm + 1e-6)
        if scale < 1:
            grads = [grad * scale for grad in grads]
    for p, grad in zip(optimizer.parameters, grads, strict=True):
        p.grad = grad
    return grads


def _check_parameters(who: str, parameters: Iterable[Parameter]) -> list[Parameter]:
    found = list(parameters) if isinstance(parameters, Iterable) else [parameters]
    for p in found:
        if not isinstance(p, Parameter):
            raise TypeError(f"{who} expected parameters, got {describe(p)}; pass network.parameters()")
    if not found:
        raise ValueError(f"{who} expected at least one parameter, got none; pass network.parameters()")
    # Two parameters that hold one array are tied; either way, one step would update it twice.
    seen: set[int] = set()
    for i, p in enumerate(found):
        if id(p.value) in seen:
            raise ValueError(
                f"{who} expected every parameter once, got parameter {i} of shape {p.value.shape} again; "
                "pass network.parameters() as it is"
            )
        seen.add(id(p.value))
    return found


def _check_limit(who: str, name: str, limit: Any) -> float | None:
    return None if limit is None else check_number(who, name, limit, above=0)


def _checked_gradient(optimizer: Optimizer, p: Parameter) -> np.ndarray:
    if p.grad is None or p.grad.shape != p.value.shape:
        who = f"{type(optimizer).__name__}.step"
        if p.grad is None:
            raise RuntimeError(f"{who} found no gradient; call backward before step")
        raise ValueError(f"{who} expected a gradient of shape {p.value.shape}, got {p.grad.shape}")
    return p.grad


def _norm(arrays: list[np.ndarray]) -> float:
    """Return the Euclidean norm of all arrays together."""
    total = math.sqrt(sum(float(np.vdot(a, a)) for a in arrays))
    if math.isfinite(total):
        return total
    largest = max(float(np.abs(a).max()) for a in arrays)  # squares overflow long before the norm does
    if math.isinf(largest):
        return largest
    return largest * math.sqrt(sum(float(np.vdot(a / largest, a / largest)) for a in arrays))


def _move_average(average: np.ndarray, new: np.ndarray, keep: float, scratch: np.ndarray) -> None:
    """average ← keep·average + (1 − keep)·new, in place."""
    average *= keep
    average += np.multiply(new, 1 - keep, out=scratch)
