import numpy as np
from attempts import wrong


def right_slices(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + grad
    value[:] = value - lr * velocity
    return value, velocity


def right_out(value, grad, velocity, lr, momentum=0.9):
    np.multiply(velocity, momentum, out=velocity)
    np.add(velocity, grad, out=velocity)
    np.subtract(value, lr * velocity, out=value)


def right_loop(value, grad, velocity, lr, momentum=0.9):
    for i in np.ndindex(value.shape):
        velocity[i] = momentum * velocity[i] + grad[i]
        value[i] = value[i] - lr * velocity[i]


def right_copyto(value, grad, velocity, lr, momentum=0.9):
    v = grad + velocity * momentum
    np.copyto(velocity, v)
    value += -lr * v


def right_difference(value, grad, velocity, lr, momentum=0.9):
    velocity += grad - (1 - momentum) * velocity
    step = lr * velocity
    value -= step
    return None


def right_old_and_new(value, grad, velocity, lr, momentum=0.9):
    value -= lr * momentum * velocity + lr * grad
    velocity *= momentum
    velocity += grad


@wrong("velocity-includes-lr")
def keras(value, grad, velocity, lr, momentum=0.9):
    velocity[...] = momentum * velocity - lr * grad
    value += velocity


@wrong("velocity-includes-lr")
def the_guides(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += lr * grad
    value -= velocity


@wrong("gradient-dampened")
def moving_average(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + (1 - momentum) * grad
    value -= lr * velocity


@wrong("nesterov-instead")
def look_ahead(value, grad, velocity, lr, momentum=0.9):
    velocity[...] = momentum * velocity + grad
    nesterov = grad + momentum * velocity
    value -= lr * nesterov


@wrong("momentum-ignored")
def just_sgd(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = grad
    value -= lr * velocity


@wrong("velocity-not-kept")
def sgd_only(value, grad, velocity, lr, momentum=0.9):
    velocity = momentum * velocity + grad
    value -= lr * velocity


@wrong("update-not-in-place")
def new_value(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    value = value - lr * velocity
    return value


@wrong("update-not-in-place + velocity-not-kept")
def both_returned(value, grad, velocity, lr, momentum=0.9):
    velocity = momentum * velocity + grad
    value = value - lr * velocity
    return value, velocity


@wrong("ascent-instead-of-descent")
def uphill(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    value += lr * velocity


@wrong("momentum-of-old-value")
def value_first(value, grad, velocity, lr, momentum=0.9):
    value -= lr * velocity
    velocity[:] = momentum * velocity + grad


@wrong("momentum-of-old-value")
def kept_the_old(value, grad, velocity, lr, momentum=0.9):
    old = velocity.copy()
    velocity *= momentum
    velocity += grad
    value -= lr * old


@wrong("argument-replaced-by-its-default")
def nine_tenths(value, grad, velocity, lr, momentum=0.9):
    velocity *= 0.9
    velocity += grad
    value -= lr * velocity


@wrong("old-velocity-not-decayed")
def sum_of_all(value, grad, velocity, lr, momentum=0.9):
    velocity += grad
    value -= lr * velocity


@wrong("momentum-reversed")
def shares_swapped(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = (1 - momentum) * velocity + momentum * grad
    value -= lr * velocity


@wrong("learning-rate-ignored")
def no_rate(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + grad
    value -= velocity


@wrong("learning-rate-twice")
def rate_twice(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + lr * grad
    value -= lr * velocity


@wrong("gradient-dampened + ascent-instead-of-descent")
def average_uphill(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + (1 - momentum) * grad
    value += lr * velocity


@wrong("velocity-includes-lr + velocity-not-kept")
def keras_rebound(value, grad, velocity, lr, momentum=0.9):
    velocity = momentum * velocity - lr * grad
    value += velocity


@wrong("gradient-decayed-too")
def parenthesis(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * (velocity + grad)
    value -= lr * velocity


@wrong("changes-its-input")
def into_the_gradient(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    grad[:] = velocity
    value -= lr * grad


@wrong("rmsprop-instead", "gradient-squared")
def other_method(value, grad, velocity, lr, momentum=0.9):
    velocity[:] = momentum * velocity + (1 - momentum) * grad**2
    value -= lr * grad / (np.sqrt(velocity) + 1e-8)


@wrong("raises")
def like_a_parameter(value, grad, velocity, lr, momentum=0.9):
    velocity = momentum * velocity + value.grad
    value -= lr * velocity


LR = 0.1


@wrong("notebook-variable-read", "notebook-variable-read + learning-rate-ignored")
def capital_constant_for_lr(value, grad, velocity, lr, momentum=0.9):
    velocity *= momentum
    velocity += grad
    value -= LR * velocity
