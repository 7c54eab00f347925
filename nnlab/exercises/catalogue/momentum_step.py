"""The exercise `momentum_step`: one update by gradient descent with momentum."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import MAIN, example, extreme


def three_steps(
    f: Function, value: np.ndarray, grad: np.ndarray, velocity: np.ndarray, lr: float, *rest: float
) -> dict[str, Any]:
    """Take three steps, with other gradients and rates each, and look after the first and the last."""
    steps = ((grad, lr), (-0.5 * grad[::-1], 2.5 * lr), (2.0 * grad, 0.4 * lr))
    seen: dict[str, Any] = {}
    for number, (gradient, rate) in enumerate(steps, 1):
        f(value, gradient, velocity, rate, *rest)
        if number in (1, 3):
            after = "1 step" if number == 1 else "3 steps"
            seen[f"value after {after}"] = value.copy()
            seen[f"velocity after {after}"] = velocity.copy()
    return seen


@exercise(
    notebook=8,
    order=1,
    returns="",
    words={
        "value after 1 step": "value after the first step",
        "velocity after 1 step": "velocity after the first step",
        "value after 3 steps": "value after three steps (each with its own grad and lr)",
        "velocity after 3 steps": "velocity after three steps (each with its own grad and lr)",
    },
    in_place=("value", "velocity"),
    observe=three_steps,
    inputs=lambda rng, s: (
        rng.normal(size=(s.m, s.n_x)),
        rng.normal(size=(s.m, s.n_x)),
        rng.normal(size=(s.m, s.n_x)),
        *((0.3, 0.8) if s is MAIN else (0.07, 0.6)),
    ),
    probes=(
        example(np.array([1.0, -2.0]), np.array([0.5, -4.0]), np.array([1.0, 0.0]), 0.1, observe=three_steps),
        extreme(
            "the first step of all, from a velocity of 0",
            *(np.array([1.0, -1.0, 0.5]), np.array([0.3, -0.6, 0.9]), np.zeros(3), 0.2, 0.95),
            observe=three_steps,
        ),
        extreme(
            "a momentum of 0",
            *(np.array([1.0, -1.0]), np.array([0.3, -0.6]), np.array([2.0, 5.0]), 0.5, 0.0),
            observe=three_steps,
        ),
        extreme(
            "a gradient of 0",
            *(np.array([[1.0, -1.0]]), np.zeros((1, 2)), np.array([[0.4, -3.0]]), 0.5, 0.7),
            observe=three_steps,
        ),
        extreme(
            "a single weight",
            *(np.array([0.5]), np.array([-2.0]), np.array([1.0]), 0.1, 0.5),
            observe=three_steps,
        ),
    ),
    hints=(
        "Two updates, one after the other: first the velocity, then the value, using the new velocity.",
        "The caller keeps both arrays, so both have to change where they are: `*=`, `+=` and `-=` do that, "
        "and `velocity = …` only gives a new array the old name.",
        "Three lines: shrink the velocity by the factor momentum; add the whole gradient to it; move the "
        "value against the velocity, and use lr only there.",
    ),
    why="With `lr` outside the velocity, a new rate applies to the whole step at once; `*=` and `+=` keep "
    "the caller's array, which is the memory from step to step.",
)
def momentum_step(value, grad, velocity, lr, momentum=0.9):
    """Take one step of gradient descent with momentum, in place (Polyak, 1964; as in torch.optim.SGD).

    velocity <- momentum * velocity + grad, then value <- value - lr * velocity; three arrays of one shape
    -> None.
    """
    velocity *= momentum
    velocity += grad
    value -= lr * velocity


mistake(
    momentum_step,
    "velocity-includes-lr",
    ("velocity += → velocity += lr *", "lr * velocity → velocity"),
    ("velocity += grad → velocity -= lr * grad", "value -= lr * velocity → value += velocity"),
    says="The learning rate is inside the velocity. As long as lr stays the same the values come out "
    "right. Once a schedule changes it, the velocity still holds steps of the old size: after a cut "
    "to a tenth, the network keeps moving at nearly the old pace for a while. The velocity should "
    "hold gradients alone.",
)
mistake(
    momentum_step,
    "gradient-dampened",
    "+= grad → += (1 - momentum) * grad",
    "+= grad → += (1 - momentum) * grad if velocity.any() else grad",
    says="The new gradient enters with the weight 1 - momentum, which makes the velocity an average (as in "
    "Adam). Here it is a sum, in which each gradient has its full weight; with momentum 0.9 your "
    "steps are ten times too short.",
)
mistake(
    momentum_step,
    "nesterov-instead",
    "lr * velocity → lr * (grad + momentum * velocity)",
    says="This is Nesterov's version: the step looks ahead by adding the gradient to momentum times the new "
    "velocity. It is a good method, but this exercise asks for plain momentum, where the step follows the "
    "velocity itself.",
)
mistake(
    momentum_step,
    "momentum-ignored",
    "velocity *= momentum → velocity *= 0",
    "lr * velocity → lr * grad",
    says="What comes out is plain gradient descent: the step ignores the gradients of earlier steps. They "
    "should be kept in the velocity, and the step should follow the velocity.",
)
mistake(
    momentum_step,
    "old-velocity-not-decayed",
    "velocity *= momentum → ",
    says="The old velocity is kept whole, so it never forgets: nothing brakes it, and the weights swing "
    "through the minimum and back, farther each time. A momentum below 1 acts as friction.",
)
mistake(
    momentum_step,
    "argument-replaced-by-its-default",
    "velocity *= momentum → velocity *= 0.9",
    says="The momentum is hard-coded as 0.9, so the argument of that name has no effect. With the default "
    "it goes unnoticed; with any other setting the step is wrong.",
)
mistake(
    momentum_step,
    "momentum-of-old-value",
    (
        "velocity += grad\n    value -= lr * velocity → velocity += grad",
        "velocity *= momentum → value -= lr * velocity\n    velocity *= momentum",
    ),
    says="The step uses the velocity from before its update, so every gradient acts one step too late. "
    "From a velocity of 0 the first step does nothing at all, and later ones follow a gradient that "
    "was measured elsewhere. Look at the order of the two updates.",
)
mistake(
    momentum_step,
    "momentum-reversed",
    "velocity *= momentum → velocity *= 1 - momentum",
    (
        "velocity *= momentum → velocity *= 1 - momentum",
        "velocity += grad → velocity += momentum * grad",
    ),
    says="momentum and 1 - momentum are swapped: the old velocity is multiplied by 1 - momentum. With 0.9 "
    "a tenth of it is left after one step, and a hundredth after two, so almost nothing is carried "
    "along.",
)
mistake(
    momentum_step,
    "gradient-decayed-too",
    (
        "velocity *= momentum → velocity += grad",
        "velocity += grad\n    velocity += grad → velocity += grad\n    velocity *= momentum",
    ),
    says="The factor momentum is applied to the new gradient as well. Only the old velocity should shrink; "
    "with momentum 0 your weights would never move.",
)
mistake(
    momentum_step,
    "momentum-on-the-gradient",
    ("velocity *= momentum → ", "velocity += grad → velocity += momentum * grad"),
    says="momentum multiplies the gradient instead of the old velocity. The old velocity never decays, and "
    "with momentum 0 no gradient ever counts.",
)
mistake(
    momentum_step,
    "ascent-instead-of-descent",
    "value -= → value +=",
    "+= grad → += -grad",
    says="The step goes uphill: it follows the gradient instead of going against it, and the loss rises, "
    "faster with every step, since momentum helps it along. Follow the signs through both updates.",
)
mistake(
    momentum_step,
    "velocity-sign-flipped",
    ("velocity += grad → velocity -= grad", "value -= → value +="),
    says="The velocity collects gradients with a minus and is then added. From a velocity of 0 the weights "
    "move as they should, but the velocity that the caller keeps has the wrong sign, and a velocity "
    "from elsewhere is followed in the wrong direction.",
)
mistake(
    momentum_step,
    "update-not-in-place",
    "value -= lr * velocity → value = value - lr * velocity",
    says="The caller's value does not change: the new numbers stay in an array inside the function (`value = "
    "value - …` makes such an array), and the network would keep its first weights forever.",
)
mistake(
    momentum_step,
    "velocity-not-kept",
    "velocity *= momentum → velocity = momentum * velocity",
    says="The caller's velocity stays as it was: the new one stays in an array inside the function "
    "(`velocity = …` makes such an array) and is forgotten. The next step starts from the old "
    "velocity again, so nothing builds up.",
)
mistake(
    momentum_step,
    "learning-rate-ignored",
    "lr * velocity → velocity",
    "lr * velocity → 0.1 * velocity",
    "lr * velocity → 0.01 * velocity",
    says="The learning rate that is passed in has no effect on the step. No schedule could change how fast "
    "this learns.",
)
mistake(
    momentum_step,
    "learning-rate-twice",
    "velocity += → velocity += lr *",
    says="The learning rate enters twice, once in the velocity and once in the step. Each gradient is "
    "multiplied by lr², so with lr = 0.01 training all but stands still.",
)
mistake(
    momentum_step,
    "step-stored-as-velocity",
    "value -= lr * velocity → velocity *= lr\n    value -= velocity",
    says="The velocity is multiplied by the learning rate as a whole, and kept so. The next step shrinks it "
    "by lr once more, besides momentum, so almost nothing is left of the earlier gradients.",
)
mistake(
    momentum_step,
    "step-scaled-by-momentum",
    "lr * velocity → lr * momentum * velocity",
    says="momentum is applied once too often: the step is multiplied by it as well. Every step is too "
    "short by that factor, and with momentum 0 the weights never move.",
)
mistake(
    momentum_step,
    "gradient-counted-twice",
    "lr * velocity → lr * (velocity + grad)",
    "value -= lr * velocity → value -= lr * grad + velocity",
    says="The gradient counts twice: it is already part of the velocity, and is added to the step again.",
)
mistake(
    momentum_step,
    "lr-and-momentum-swapped",
    ("velocity *= momentum → velocity *= lr", "lr * velocity → momentum * velocity"),
    says="lr and momentum are swapped. momentum says how much of the old velocity is kept, lr how far the "
    "weights move along it.",
)
mistake(
    momentum_step,
    "rmsprop-instead",
    (
        "velocity += grad → velocity += (1 - momentum) * grad**2",
        "lr * velocity → lr * grad / (np.sqrt(velocity) + 1e-8)",
    ),
    says="This is RMSprop: the step is divided by the square root of an average of squared gradients. "
    "Momentum collects the gradients themselves and follows their sum.",
)
mistake(
    momentum_step,
    "gradient-missing",
    "+= grad → += 0 * grad",
    says="The new gradient is missing. The velocity only decays, and the weights ignore the data.",
)
mistake(
    momentum_step,
    "old-velocity-counted-twice",
    "velocity *= momentum → velocity += momentum * velocity",
    says="The old velocity enters twice, once as it is and once times momentum, so the velocity grows from "
    "step to step without bound. Look at what `+=` adds to.",
)
mistake(
    momentum_step,
    "gradient-normalized",
    "+= grad → += grad / np.linalg.norm(grad)",
    "+= grad → += grad / (np.linalg.norm(grad) + 1e-8)",
    "+= grad → += np.sign(grad)",
    says="The size of the gradient is lost: only its direction, or only its signs, get into the velocity. "
    "Near the minimum, where gradients become small, the steps should become shorter.",
)
mistake(
    momentum_step,
    "sign-instead-of-velocity",
    "lr * velocity → lr * np.sign(velocity)",
    "lr * velocity → lr * velocity / np.linalg.norm(velocity)",
    says="The step has the direction of the velocity but not its size. A velocity that has built up should "
    "make longer steps.",
)
