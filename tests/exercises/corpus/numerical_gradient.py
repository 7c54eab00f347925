import numpy as np
from attempts import wrong


def right_on_copies(f, x, eps=1e-6):
    grad = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


def right_nditer(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        i = it.multi_index
        old = x[i]
        x[i] = old + eps
        up = f(x)
        x[i] = old - eps
        down = f(x)
        x[i] = old
        grad[i] = (up - down) / eps / 2
        it.iternext()
    return grad


def right_flat(f, x, eps=1e-6):
    flat = x.ravel()
    out = []
    for k in range(flat.size):
        values = []
        for sign in (1, -1):
            y = flat.copy()
            y[k] += sign * eps
            values.append(f(y.reshape(x.shape)))
        out.append((values[0] - values[1]) / (2 * eps))
    return np.array(out).reshape(x.shape)


def right_four_points(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = eps
        grad[i] = (8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * eps)
    return grad if eps < 1e-3 else right_on_copies(f, x, eps)


@wrong("forward-difference + input-not-restored", "forward-difference")
def one_sided_by_steps(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += eps
        up = f(x)
        x[i] -= eps
        grad[i] = (up - f(x)) / eps
    return grad


@wrong("forward-difference")
def one_sided(f, x, eps=1e-6):
    base, grad = f(x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        z = x.copy()
        z[i] += eps
        grad[i] = (f(z) - base) / eps
    return grad


@wrong("step-relative-to-x")
def relative(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        h = eps * abs(x[i])
        z = np.zeros_like(x)
        z[i] = h
        grad[i] = (f(x + z) - f(x - z)) / (2 * h)
    return grad


@wrong("entries-not-one-by-one")
def row_by_row(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in range(x.shape[0]):
        step = np.zeros_like(x)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / (2 * eps)
    return grad


@wrong("missing-factor-two")
def one_step(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / eps
    return grad


@wrong("not-divided-by-the-step")
def precedence(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / 2 * eps
    return grad


@wrong("input-not-restored")
def added_back(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        x[i] += eps
        up = f(x)
        x[i] -= 2 * eps
        down = f(x)
        x[i] += eps
        grad[i] = (up - down) / (2 * eps)
    return grad


@wrong("all-entries-moved-at-once")
def all_at_once(f, x, eps=1e-6):
    return np.ones_like(x) * (f(x + eps) - f(x - eps)) / (2 * eps)


@wrong("only-one-entry")
def returned_early(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = eps
        grad[i] = (f(x + step) - f(x - step)) / (2 * eps)
        return grad


@wrong("eps-ignored")
def own_step(f, x, eps=1e-6):
    eps = 1e-5
    return right_on_copies(f, x, eps)


@wrong("missing-factor-two + eps-ignored", "missing-factor-two")
def own_step_twice(f, x, eps=1e-6):
    return 2 * right_on_copies(f, x, 1e-6)


@wrong("gradient-sign-flipped")
def turned(f, x, eps=1e-6):
    return -right_on_copies(f, x, eps)


@wrong("second-difference")
def second(f, x, eps=1e-6):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e = np.zeros_like(x)
        e[i] = eps
        grad[i] = (f(x + e) - 2 * f(x) + f(x - e)) / eps**2
    return grad


@wrong("raises")
def scalar_given(f, x, eps=1e-6):
    return np.array([(f(v + eps) - f(v - eps)) / (2 * eps) for v in x.ravel()]).reshape(x.shape)


@wrong("steps-accumulate")
def one_copy(f, x, eps=1e-6):
    grad, up, down = np.zeros_like(x), x.copy(), x.copy()
    for i in np.ndindex(x.shape):
        up[i] = up[i] + eps
        down[i] = down[i] - eps
        grad[i] = (f(up) - f(down)) / (2 * eps)
    return grad


@wrong("flat-array-given-to-f")
def raveled(f, x, eps=1e-6):
    flat, grad = x.ravel().copy(), np.zeros(x.size)
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = eps
        grad[k] = (f(flat + e) - f(flat - e)) / (2 * eps)
    return grad.reshape(x.shape)
