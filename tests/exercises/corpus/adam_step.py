import numpy as np
from attempts import wrong


def right_in_place_averages(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] *= beta1
    state["m"] += (1 - beta1) * grad
    state["v"] += (1 - beta2) * (grad * grad - state["v"])
    rate = lr / (1 - beta1 ** state["t"])
    value -= rate * state["m"] / (np.sqrt(state["v"] / (1 - beta2 ** state["t"])) + eps)


def right_update(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    m = beta1 * state["m"] + (1 - beta1) * grad
    v = beta2 * state["v"] + (1 - beta2) * np.square(grad)
    state.update(t=t, m=m, v=v)
    value[...] = value - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return value, state


def right_entry_by_entry(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] = t = state["t"] + 1
    for i in np.ndindex(value.shape):
        state["m"][i] = beta1 * state["m"][i] + (1 - beta1) * grad[i]
        state["v"][i] = beta2 * state["v"][i] + (1 - beta2) * grad[i] ** 2
        m_hat, v_hat = state["m"][i] / (1 - beta1**t), state["v"][i] / (1 - beta2**t)
        value[i] -= lr * m_hat / (v_hat**0.5 + eps)


def right_lists(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    right_update(value, grad, state, lr, beta1, beta2, eps)
    state["m"], state["history"] = state["m"].copy(), [state["t"]]


def adam(value, grad, state, lr, beta1, beta2, eps, power=lambda t: t, square=np.square, outside=True):
    state["t"] += 1
    t = power(state["t"])
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = beta2 * state["v"] + (1 - beta2) * square(grad)
    m_hat, v_hat = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
    return m_hat / (np.sqrt(v_hat) + eps if outside else np.sqrt(v_hat + eps))


@wrong("step-count-off-by-one")
def t_plus_one(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value -= lr * adam(value, grad, state, lr, beta1, beta2, eps, power=lambda t: t + 1)


@wrong("bias-correction-missing")
def uncorrected(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = beta2 * state["v"] + (1 - beta2) * grad**2
    value -= lr * state["m"] / (np.sqrt(state["v"]) + eps)


@wrong("bias-correction-missing + step-count-not-advanced")
def uncorrected_uncounted(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = beta2 * state["v"] + (1 - beta2) * grad**2
    value -= lr * state["m"] / (np.sqrt(state["v"]) + eps)


@wrong("argument-replaced-by-its-default")
def own_eps(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value -= lr * adam(value, grad, state, lr, beta1, beta2, 1e-7)


@wrong("epsilon-inside-root")
def inside(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value -= lr * adam(value, grad, state, lr, beta1, beta2, eps, outside=False)


@wrong("update-not-in-place")
def rebound(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value = value - lr * adam(value, grad, state, lr, beta1, beta2, eps)
    return value


@wrong("moments-swapped")
def betas_swapped(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value -= lr * adam(value, grad, state, lr, beta2, beta1, eps)


@wrong("gradient-not-squared")
def absolute(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value -= lr * adam(value, grad, state, lr, beta1, beta2, eps, square=np.abs)


@wrong("ascent-instead-of-descent")
def added(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    value += lr * adam(value, grad, state, lr, beta1, beta2, eps)


@wrong("corrected-averages-stored")
def stored(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] = (beta1 * state["m"] + (1 - beta1) * grad) / (1 - beta1 ** state["t"])
    state["v"] = (beta2 * state["v"] + (1 - beta2) * grad**2) / (1 - beta2 ** state["t"])
    value -= lr * state["m"] / (np.sqrt(state["v"]) + eps)


@wrong("step-count-advanced-too-late")
def counted_last(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] -= 1
    step = adam(value, grad, state, lr, beta1, beta2, eps)
    state["t"] += 1
    value -= lr * step


@wrong("state-not-kept")
def forgotten(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    m = beta1 * state["m"] + (1 - beta1) * grad
    v = beta2 * state["v"] + (1 - beta2) * grad**2
    value -= lr * (m / (1 - beta1 ** state["t"])) / (np.sqrt(v / (1 - beta2 ** state["t"])) + eps)


@wrong("square-of-the-average")
def squared_average(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] = m = beta1 * state["m"] + (1 - beta1) * grad
    state["v"] = v = beta2 * state["v"] + (1 - beta2) * m**2
    t = state["t"]
    value -= lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps)


@wrong("weight-decay-added")
def decoupled_decay(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    step = adam(value, grad, state, lr, beta1, beta2, eps)
    value -= lr * (step + 0.01 * value)


@wrong("changes-its-input")
def gradient_squared_in_place(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] = beta1 * state["m"] + (1 - beta1) * grad
    grad **= 2
    state["v"] = beta2 * state["v"] + (1 - beta2) * grad
    m_hat, v_hat = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
    value -= lr * m_hat / (np.sqrt(v_hat) + eps)
