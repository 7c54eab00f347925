"""Schedules: the learning rate as a function of the step t, which counts updates from 0.

`cosine(0.1, 500)` makes such a function; called with t, it returns the rate of that update, and after its
last step it keeps the final rate. The formulas and defaults are those of torch.optim.lr_scheduler.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from nnlab._check import check_choice, check_count, check_function, check_number, describe

#: any function of the step can serve as a schedule, including the reader's own
Schedule = Callable[[int], float]

_MODES = ("triangular", "triangular2", "exp_range")
_positive, _factor = partial(check_number, above=0), partial(check_number, at_least=0)
# A setting of the same name means the same everywhere, and is checked in the same way.
_CHECKS: dict[str, Callable[[str, str, Any], Any]] = {
    "lr": _positive,
    "lr_min": _factor,
    "gamma": _positive,
    "start_factor": _factor,
    "end_factor": _factor,
    "power": _positive,
    "steps": check_count,
    "step_size": check_count,
    "step_size_up": check_count,
    "step_size_down": check_count,
    "pct_start": partial(check_number, at_least=0, below=1),
    "div_factor": _positive,
    "final_div_factor": _positive,
    "mode": partial(check_choice, choices=_MODES),
}


@dataclass(frozen=True)
class _Schedule:
    """Checks the settings and the step; `_rate` is the formula."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in _CHECKS and not (value is None and field.default is None):
                self._set(field.name, _CHECKS[field.name](self._who, field.name, value))

    def __call__(self, t: int) -> float:
        """Return the learning rate of update t = 0, 1, … Raises: TypeError, ValueError for an invalid t."""
        return self._rate(check_count(self._who, "the step", t, at_least=0))

    def _rate(self, t: int) -> float:
        raise NotImplementedError

    @property
    def _who(self) -> str:
        return type(self).__name__

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)  # a schedule is frozen once it is made


# The names are those of functions, as with `range`: each is called with settings, then with the step.


@dataclass(frozen=True)
class constant(_Schedule):
    """Always lr. Raises: ValueError, TypeError unless lr > 0."""

    lr: float

    def _rate(self, t):
        return self.lr


@dataclass(frozen=True)
class step(_Schedule):
    """lr·γ^⌊t / step_size⌋: down by the factor gamma every step_size steps. torch: StepLR.

    Raises: ValueError, TypeError unless lr, gamma > 0 and step_size >= 1.
    """

    lr: float
    step_size: int
    gamma: float = 0.1

    def _rate(self, t):
        return self.lr * self.gamma ** (t // self.step_size)


@dataclass(frozen=True)
class multi_step(_Schedule):
    """lr·γⁿ after n of the milestones, which are steps: down by the factor gamma at each. torch: MultiStepLR.

    Raises: ValueError, TypeError unless lr, gamma > 0 and the milestones are increasing integers >= 0.
    """

    lr: float
    milestones: tuple[int, ...]
    gamma: float = 0.1

    def __post_init__(self):
        super().__post_init__()
        if not isinstance(self.milestones, (tuple, list)):
            raise TypeError(
                f"multi_step expected milestones as a list of steps, got {describe(self.milestones)}"
            )
        steps = tuple(check_count("multi_step", "milestones", n, at_least=0) for n in self.milestones)
        if any(a >= b for a, b in itertools.pairwise(steps)):
            raise ValueError(f"multi_step expected milestones in increasing order, got {list(steps)}")
        self._set("milestones", steps)

    def _rate(self, t):
        return self.lr * self.gamma ** bisect.bisect_right(self.milestones, t)


@dataclass(frozen=True)
class exponential(_Schedule):
    """lr·γᵗ. torch: ExponentialLR. Raises: ValueError, TypeError unless lr, gamma > 0."""

    lr: float
    gamma: float

    def _rate(self, t):
        return self.lr * self.gamma**t


@dataclass(frozen=True)
class linear(_Schedule):
    """Straight from lr·start_factor at t = 0 to lr·end_factor at t = steps. torch: LinearLR.

    The defaults are torch's and make a warm-up; a decay is linear(lr, steps, start_factor=1, end_factor=0).
    Raises: ValueError, TypeError unless lr > 0, steps >= 1 and the factors are >= 0.
    """

    lr: float
    steps: int
    start_factor: float = 1 / 3
    end_factor: float = 1.0

    def _rate(self, t):
        progress = min(t / self.steps, 1)
        return self.lr * (self.start_factor + (self.end_factor - self.start_factor) * progress)


@dataclass(frozen=True)
class polynomial(_Schedule):
    """lr·(1 − t / steps)^power, 0 from t = steps on. torch: PolynomialLR.

    Raises: ValueError, TypeError unless lr, power > 0 and steps >= 1.
    """

    lr: float
    steps: int
    power: float = 1.0

    def _rate(self, t):
        return self.lr * (1 - min(t / self.steps, 1)) ** self.power


@dataclass(frozen=True)
class cosine(_Schedule):
    """lr_min + (lr − lr_min)·½ (1 + cos π t / steps): half a cosine from lr down to lr_min.

    It stays at lr_min from t = steps on, where torch's CosineAnnealingLR rises again.
    Source: Loshchilov and Hutter, 2017.
    Raises: ValueError, TypeError unless lr > 0, steps >= 1 and 0 <= lr_min <= lr.
    """

    lr: float
    steps: int
    lr_min: float = 0.0

    def __post_init__(self):
        super().__post_init__()
        check_number("cosine", "lr_min", self.lr_min, at_most=self.lr)

    def _rate(self, t):
        return _half_cosine(self.lr, self.lr_min, min(t / self.steps, 1))


@dataclass(frozen=True)
class warmup(_Schedule):
    """schedule(0)·(t + 1) / steps while t < steps, then the schedule from its own step 0 on.

    The schedule is a number, one of this module, or the reader's own function. The first update already has
    a rate above 0. torch: SequentialLR with LinearLR(start_factor=1 / steps, total_iters=steps − 1) first.
    Source: Goyal et al., 2017. Raises: ValueError, TypeError for another schedule or steps < 1.
    """

    schedule: Schedule
    steps: int

    def __post_init__(self):
        super().__post_init__()
        if not callable(self.schedule):
            self._set("schedule", constant(self.schedule))
        check_schedule("warmup", "schedule", self.schedule)

    def _rate(self, t):
        if t < self.steps:
            return self.schedule(0) * (t + 1) / self.steps
        return self.schedule(t - self.steps)


@dataclass(frozen=True)
class one_cycle(_Schedule):
    """Half a cosine up from lr / div_factor to lr, and another down to lr / (div_factor·final_div_factor).

    The first takes the fraction pct_start of all steps; the rate is lowest at the last, t = steps − 1, and
    stays there. lr is the highest rate, torch's max_lr. torch: OneCycleLR, which also cycles the momentum
    unless told not to (cycle_momentum=False). Source: Smith and Topin, 2018.
    Raises: ValueError, TypeError unless lr > 0, steps >= 1, 0 <= pct_start < 1 and the divisors are > 0.
    """

    lr: float
    steps: int
    pct_start: float = 0.3
    div_factor: float = 25.0
    final_div_factor: float = 1e4

    def _rate(self, t):
        start, last = self.lr / self.div_factor, self.steps - 1
        top = self.pct_start * self.steps - 1
        if t < top:
            return _half_cosine(start, self.lr, t / top)
        return _half_cosine(self.lr, start / self.final_div_factor, (min(t, last) - top) / (last - top))


@dataclass(frozen=True)
class cyclic(_Schedule):
    """Up from lr_min to lr in step_size_up steps, down in step_size_down (by default as many), repeatedly.

    mode: "triangular", every cycle the same; "triangular2", each half as high as the last; "exp_range",
    scaled by γᵗ. lr and lr_min are torch's max_lr and base_lr. torch: CyclicLR, which also cycles the
    momentum unless told not to (cycle_momentum=False). Source: Smith, 2017.
    Raises: ValueError, TypeError unless lr > 0, 0 <= lr_min <= lr, the sizes are >= 1 and the mode is known.
    """

    lr: float
    lr_min: float
    step_size_up: int = 2000
    step_size_down: int | None = None
    mode: str = "triangular"
    gamma: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        check_number("cyclic", "lr_min", self.lr_min, at_most=self.lr)

    def _rate(self, t):
        up, down = self.step_size_up, self.step_size_down or self.step_size_up
        cycle, within = divmod(t, up + down)
        height = within / up if within <= up else 1 - (within - up) / down
        scale = {"triangular": 1, "triangular2": 0.5**cycle, "exp_range": self.gamma**t}[self.mode]
        return self.lr_min + (self.lr - self.lr_min) * height * scale


def _half_cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def check_schedule(who: str, name: str, schedule: Any, t: int = 0) -> float:
    """Return schedule(t), or raise unless it is a function of the step that gives a finite rate >= 0."""
    check_function(who, name, schedule, "cosine(0.1, 500)")
    if isinstance(schedule, type):
        kind = schedule.__name__
        raise TypeError(
            f"{who} expected {name} as a function of the step, got {kind} itself; call it: {kind}(0.1, …)"
        )
    return check_number(who, f"the rate of step {t} from {name}", schedule(t), at_least=0)
