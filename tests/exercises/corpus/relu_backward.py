import numpy as np
import torch
from attempts import wrong


def right_where(dA, Z):
    return np.where(Z <= 0, 0, dA)


def right_copied(dA, Z):
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ


def right_autograd(dA, Z):
    z = torch.tensor(Z, requires_grad=True)
    torch.relu(z).backward(torch.tensor(dA))
    return z.grad


def right_heaviside(dA, Z):
    return dA * np.heaviside(Z, 0.0)


def right_loops(dA, Z):
    dZ = np.zeros(Z.shape)
    for i in np.ndindex(*Z.shape):
        if Z[i] > 0:
            dZ[i] = dA[i]
    return dZ


@wrong("relu-gradient-at-zero")
def inclusive(dA, Z):
    dZ = dA.copy()
    dZ[Z < 0] = 0
    return dZ


@wrong("changes-its-input")
def in_place(dA, Z):
    dA[Z <= 0] = 0
    return dA


@wrong("relu-gradient-at-zero + changes-its-input")
def in_place_inclusive(dA, Z):
    dA[Z < 0] = 0
    return dA


@wrong("relu-mask-of-upstream")
def upstream_clipped(dA, Z):
    return np.maximum(0, dA)


@wrong("activation-instead-of-derivative")
def times_z(dA, Z):
    return dA * np.maximum(Z, 0)


@wrong("upstream-gradient-dropped")
def mask(dA, Z):
    return (Z > 0).astype(float)


@wrong("leaky-slope")
def leaky(dA, Z):
    return np.where(Z > 0, dA, 0.01 * dA)


@wrong("other-value-where-off", "leaky-slope")
def constant_where_off(dA, Z):
    return np.where(Z > 0, dA, 0.01)


@wrong("sign-instead-of-mask")
def sign(dA, Z):
    return dA * np.sign(Z)


@wrong("threshold-not-zero")
def above_one(dA, Z):
    return np.where(Z >= 1, dA, 0)


@wrong("mask-inverted")
def inverted(dA, Z):
    return dA * (Z <= 0)


@wrong("sigmoid-derivative-for-relu")
def sigmoid(dA, Z):
    s = 1 / (1 + np.exp(-Z))
    return dA * s * (1 - s)


@wrong("matmul-instead-of-elementwise", "raises")
def product(dA, Z):
    return np.dot(dA, Z > 0)


@wrong("elu-slope")
def elu(dA, Z):
    return dA * np.where(Z > 0, 1, np.exp(Z))


@wrong("forward-instead-of-backward", "upstream-gradient-dropped")
def forward_again(dA, Z):
    return np.maximum(Z, 0)
