import numpy as np
import torch
from attempts import wrong


def right_factored(dH, H):
    return dH * (1 + H) * (1 - H)


def right_from_the_sums(dH, H):
    with np.errstate(divide="ignore"):
        return dH / np.cosh(np.arctanh(H)) ** 2


def right_loops(dH, H):
    return [[d * (1 - h * h) for d, h in zip(dr, hr, strict=True)] for dr, hr in zip(dH, H, strict=True)]


def right_torch(dH, H):
    return torch.tensor(dH).mul(1 - torch.tensor(H).square())


def right_difference(dH, H):
    return dH - dH * np.power(H, 2)


@wrong("parentheses-missing")
def no_parentheses(dH, H):
    return dH * 1 - H**2


@wrong("parentheses-missing")
def no_parentheses_numpy(dH, H):
    return np.multiply(dH, 1) - np.square(H)


@wrong("derivative-of-wrong-variable")
def sech_of_h(dH, H):
    return dH / np.cosh(H) ** 2


@wrong("sigmoid-derivative-for-tanh")
def logistic(dH, H):
    return dH * (H - H**2)


@wrong("relu-derivative-for-tanh")
def relu(dH, H):
    return np.where(H > 0, dH, 0)


@wrong("divided-by-the-slope")
def divided(dH, H):
    return dH / (1 - H**2)


@wrong("upstream-gradient-dropped")
def slope_alone(dH, H):
    return np.ones_like(H) - H * H


@wrong("square-missing")
def no_square(dH, H):
    return dH * (1 - H)


@wrong("double-batch-average")
def averaged(dH, H):
    return np.mean([dH * (1 - H**2)], axis=0) / H.shape[0]


@wrong("matmul-instead-of-elementwise")
def product(dH, H):
    return dH.T @ (1 - H**2)


@wrong("forward-instead-of-backward")
def tanh_of_gradient(dH, H):
    return np.tanh(dH)


@wrong("gradient-sign-flipped")
def negative(dH, H):
    return dH * (H**2 - 1)


@wrong("changes-its-input")
def in_place(dH, H):
    dH *= 1 - H**2
    return dH


@wrong("rows-merged", "wrong-shape")
def summed(dH, H):
    return (dH * (1 - H**2)).sum(axis=0)


h = np.tanh(np.ones((2, 2)))


@wrong("notebook-variable-read")
def small_h_of_the_lesson(dH, H):
    return dH * (1 - h**2)
