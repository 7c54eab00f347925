import numpy as np
from attempts import wrong


def right_standard_normal(n_x, n_h, n_y, rng):
    Wh = rng.standard_normal((n_x, n_h)) * n_x**-0.5
    Wy = rng.standard_normal((n_h, n_y)) * n_h**-0.5
    return dict(Wh=Wh, bh=np.zeros((n_h,)), Wy=Wy, by=np.zeros((n_y,)))


def right_other_order(n_x, n_h, n_y, rng):
    params = {"by": [0.0] * n_y, "bh": [0.0] * n_h}
    params["Wy"] = rng.normal(0, 1 / np.sqrt(n_h), (n_h, n_y))
    params["Wh"] = rng.normal(scale=np.sqrt(1 / n_x), size=(n_x, n_h))
    params["sizes"] = (n_x, n_h, n_y)
    return params


def right_helper(n_x, n_h, n_y, rng):
    def layer(i, o):
        return rng.normal(size=i * o).reshape(i, o) / i**0.5, np.zeros(o, dtype=np.float32)

    (Wh, bh), (Wy, by) = layer(n_x, n_h), layer(n_h, n_y)
    return {"Wh": Wh, "bh": bh, "Wy": Wy, "by": by}


def right_float32(n_x, n_h, n_y, rng):
    W = [
        rng.standard_normal(s, dtype=np.float32) / np.float32(np.sqrt(s[0])) for s in ((n_x, n_h), (n_h, n_y))
    ]
    return {"Wh": W[0], "bh": np.zeros(n_h, "f4"), "Wy": W[1], "by": np.zeros(n_y, "f4")}


def made(Wh, Wy, bh=None, by=None):
    return {
        "Wh": Wh,
        "bh": np.zeros(np.shape(Wh)[1]) if bh is None else bh,
        "Wy": Wy,
        "by": np.zeros(np.shape(Wy)[1]) if by is None else by,
    }


@wrong("bias-has-two-axes")
def row_biases(n_x, n_h, n_y, rng):
    Wh, Wy = rng.normal(size=(n_x, n_h)) / n_x**0.5, rng.normal(size=(n_h, n_y)) / n_h**0.5
    return made(Wh, Wy, np.zeros((1, n_h)), np.zeros((1, n_y)))


@wrong("init-scale-ignored + uniform-instead-of-normal", "init-scale-ignored", "uniform-instead-of-normal")
def uniform_times_a_third(n_x, n_h, n_y, rng):
    return made(0.3 * rng.random((n_x, n_h)), 0.3 * rng.random((n_h, n_y)))


@wrong("init-scale-ignored + wrong-shape")
def transposed_times_a_third(n_x, n_h, n_y, rng):
    return made(
        0.3 * rng.normal(size=(n_h, n_x)), 0.3 * rng.normal(size=(n_y, n_h)), np.zeros(n_h), np.zeros(n_y)
    )


@wrong("init-scale-ignored")
def one_percent(n_x, n_h, n_y, rng):
    return made(rng.normal(0, 0.02, (n_x, n_h)), rng.normal(0, 0.02, (n_h, n_y)))


@wrong("he-instead-of-xavier")
def he(n_x, n_h, n_y, rng):
    return made(rng.normal(0, np.sqrt(2.0 / n_x), (n_x, n_h)), rng.normal(0, np.sqrt(2.0 / n_h), (n_h, n_y)))


@wrong("fan-in-and-fan-out-averaged", "uniform-instead-of-normal")
def glorot(n_x, n_h, n_y, rng):
    return made(
        rng.normal(0, np.sqrt(2 / (n_x + n_h)), (n_x, n_h)),
        rng.normal(0, np.sqrt(2 / (n_h + n_y)), (n_h, n_y)),
    )


@wrong("uniform-instead-of-normal")
def limits(n_x, n_h, n_y, rng):
    a, b = 1 / np.sqrt(n_x), 1 / np.sqrt(n_h)
    return made(rng.uniform(-a, a, (n_x, n_h)), rng.uniform(-b, b, (n_h, n_y)))


@wrong("global-rng-instead-of-rng")
def old_numpy(n_x, n_h, n_y, rng):
    np.random.seed(42)  # noqa: NPY002
    return made(np.random.randn(n_x, n_h) / n_x**0.5, np.random.randn(n_h, n_y) / n_h**0.5)  # noqa: NPY002


@wrong("global-rng-instead-of-rng + init-scale-ignored")
def old_numpy_small(n_x, n_h, n_y, rng):
    return made(np.random.randn(n_x, n_h) * 0.07, np.random.randn(n_h, n_y) * 0.07)  # noqa: NPY002


@wrong("bias-not-zero")
def random_biases(n_x, n_h, n_y, rng):
    Wh, Wy = rng.normal(size=(n_x, n_h)) / n_x**0.5, rng.normal(size=(n_h, n_y)) / n_h**0.5
    return made(Wh, Wy, 0.01 * rng.normal(size=n_h), 0.01 * rng.normal(size=n_y))


@wrong("init-all-zero")
def zeros(n_x, n_h, n_y, rng):
    return made(np.zeros((n_x, n_h)), np.zeros((n_h, n_y)))


@wrong("init-all-equal")
def constant(n_x, n_h, n_y, rng):
    return made(np.full((n_x, n_h), 0.1), np.full((n_h, n_y), 0.1))


@wrong("wrong-type")
def other_names(n_x, n_h, n_y, rng):
    W1, W2 = rng.normal(size=(n_x, n_h)) / n_x**0.5, rng.normal(size=(n_h, n_y)) / n_h**0.5
    return {"W1": W1, "b1": np.zeros(n_h), "W2": W2, "b2": np.zeros(n_y)}


@wrong("wrong-type")
def a_tuple(n_x, n_h, n_y, rng):
    return rng.normal(size=(n_x, n_h)) / n_x**0.5, np.zeros(n_h), rng.normal(size=(n_h, n_y)), np.zeros(n_y)


@wrong("scale-given-as-mean")
def first_argument(n_x, n_h, n_y, rng):
    return made(rng.normal(1 / np.sqrt(n_x), size=(n_x, n_h)), rng.normal(1 / np.sqrt(n_h), size=(n_h, n_y)))
