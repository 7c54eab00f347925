import numpy as np
import torch
from attempts import wrong


def right_by_paths(dY, X, gamma, eps=1e-5):
    m, _ = X.shape
    mu, var = X.mean(axis=0), X.var(axis=0)
    inv = 1 / np.sqrt(var + eps)
    dX_hat = dY * gamma
    dvar = np.sum(dX_hat * (X - mu) * -0.5 * inv**3, axis=0)
    dmu = np.sum(-dX_hat * inv, axis=0) + dvar * np.mean(-2 * (X - mu), axis=0)
    dX = dX_hat * inv + dvar * 2 * (X - mu) / m + dmu / m
    return dX, np.sum(dY * (X - mu) * inv, axis=0), np.sum(dY, axis=0)


def right_autograd(dY, X, gamma, eps=1e-5):
    x, g, b = (torch.tensor(a, requires_grad=True) for a in (X, gamma, np.zeros_like(gamma)))
    y = g * (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + eps) + b
    y.backward(torch.tensor(dY))
    return x.grad, g.grad, b.grad


def right_with_sums(dY, X, gamma, eps=1e-5):
    m = len(X)
    s = (X.var(0) + eps) ** 0.5
    Z = (X - X.mean(0)) / s
    G = gamma * dY
    return [
        (m * G - G.sum(0) - Z * (G * Z).sum(0)) / (m * s),
        np.einsum("ij,ij->j", dY, Z),
        dY.T @ np.ones(m),
    ]


def right_column_by_column(dY, X, gamma, eps=1e-5):
    m, n = X.shape
    dX, dgamma, dbeta = np.zeros((m, n)), [], []
    for j in range(n):
        x, d = X[:, j], dY[:, j]
        s = np.sqrt(np.var(x) + eps)
        z = (x - np.mean(x)) / s
        jacobian = (np.eye(m) - 1 / m - np.outer(z, z) / m) / s * gamma[j]
        dX[:, j] = jacobian @ d
        dgamma.append(d @ z)
        dbeta.append(sum(d))
    return dX, dgamma, dbeta


def right_means(dY, X, gamma, eps=1e-5):
    s = np.sqrt(np.mean(X**2, axis=0) - np.mean(X, axis=0) ** 2 + eps)
    z = (X - np.mean(X, axis=0)) / s
    dX = (dY - dY.mean(0) - z * (dY * z).mean(0)) * gamma / s
    return np.array(dX), (dY * z).sum(0), dY.sum(0)


def parts(dY, X, gamma, eps, ddof=0):
    s = np.sqrt(X.var(axis=0, ddof=ddof) + eps)
    z = (X - X.mean(axis=0)) / s
    return s, z, (dY * z).sum(axis=0), dY.sum(axis=0)


@wrong("mean-path-omitted + variance-path-omitted")
def statistics_as_constants(dY, X, gamma, eps=1e-5):
    s, _, dgamma, dbeta = parts(dY, X, gamma, eps)
    return dY * gamma / s, dgamma, dbeta


@wrong("mean-path-omitted")
def without_mean(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma / s * (dY - z * dgamma / len(X)), dgamma, dbeta


@wrong("variance-path-omitted")
def without_variance(dY, X, gamma, eps=1e-5):
    s, _, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma / s * (dY - dY.mean(axis=0)), dgamma, dbeta


@wrong("double-batch-average")
def averages(dY, X, gamma, eps=1e-5):
    s, z, _, _ = parts(dY, X, gamma, eps)
    dX = gamma / s * (dY - dY.mean(axis=0) - z * (dY * z).mean(axis=0))
    return dX, (dY * z).mean(axis=0), dY.mean(axis=0)


@wrong("missing-batch-average")
def sums_in_dx(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma / s * (dY - dbeta - z * dgamma), dgamma, dbeta


@wrong("gamma-omitted")
def no_gamma(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    m = len(X)
    return (m * dY - dbeta - z * dgamma) / (m * s), dgamma, dbeta


@wrong("gamma-in-its-own-gradient")
def after_gamma(dY, X, gamma, eps=1e-5):
    dX, _, dbeta = right_by_paths(dY, X, gamma, eps)
    _, z, _, _ = parts(dY, X, gamma, eps)
    dX_hat = dY * gamma
    return dX, (dX_hat * z).sum(axis=0), dbeta


@wrong("epsilon-ignored")
def std_only(dY, X, gamma, eps=1e-5):
    return right_with_sums(dY, X, gamma, 0.0)


@wrong("epsilon-outside-root")
def eps_outside(dY, X, gamma, eps=1e-5):
    m, s = len(X), X.std(axis=0) + eps
    z = (X - X.mean(axis=0)) / s
    dgamma, dbeta = (dY * z).sum(axis=0), dY.sum(axis=0)
    return gamma / s * (dY - dbeta / m - z * dgamma / m), dgamma, dbeta


@wrong("unbiased-variance-in-batch")
def unbiased(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps, ddof=1)
    return gamma / s * (dY - dbeta / len(X) - z * dgamma / len(X)), dgamma, dbeta


@wrong("summed-over-wrong-axis")
def over_features(dY, X, gamma, eps=1e-5):
    dX, _, _ = right_means(dY, X, gamma, eps)
    _, z, _, _ = parts(dY, X, gamma, eps)
    return dX, (dY * z).sum(axis=1), dY.sum(axis=1)


@wrong("gradient-not-summed")
def not_summed(dY, X, gamma, eps=1e-5):
    dX, _, dbeta = right_means(dY, X, gamma, eps)
    _, z, _, _ = parts(dY, X, gamma, eps)
    return dX, dY * z, dbeta


@wrong("raw-input-in-gamma-gradient")
def with_raw_x(dY, X, gamma, eps=1e-5):
    dX, _, dbeta = right_means(dY, X, gamma, eps)
    return dX, (dY * X).sum(axis=0), dbeta


@wrong("results-in-other-order")
def beta_before_gamma(dY, X, gamma, eps=1e-5):
    dX, dgamma, dbeta = right_means(dY, X, gamma, eps)
    return dX, dbeta, dgamma


@wrong("variance-path-off-by-two")
def two_forgotten(dY, X, gamma, eps=1e-5):
    m = len(X)
    mu, inv = X.mean(axis=0), (X.var(axis=0) + eps) ** -0.5
    dX_hat = dY * gamma
    dvar = (dX_hat * (X - mu) * -0.5 * inv**3).sum(axis=0)
    dmu = (-dX_hat * inv).sum(axis=0)
    dX = dX_hat * inv + dvar * (X - mu) / m + dmu / m
    return dX, (dY * (X - mu) * inv).sum(axis=0), dY.sum(axis=0)


@wrong("variance-path-off-by-two")
def half_forgotten(dY, X, gamma, eps=1e-5):
    m = len(X)
    mu, inv = X.mean(axis=0), (X.var(axis=0) + eps) ** -0.5
    dX_hat = dY * gamma
    dvar = -(dX_hat * (X - mu) * inv**3).sum(axis=0)
    dX = dX_hat * inv + dvar * 2 * (X - mu) / m - (dX_hat * inv).sum(axis=0) / m
    return dX, (dY * (X - mu) * inv).sum(axis=0), dY.sum(axis=0)


@wrong("variance-path-not-normalized")
def power_wrong(dY, X, gamma, eps=1e-5):
    m = len(X)
    mu, inv = X.mean(axis=0), (X.var(axis=0) + eps) ** -0.5
    dX_hat = dY * gamma
    dvar = (dX_hat * (X - mu) * -0.5 * inv**2).sum(axis=0)
    dX = dX_hat * inv + dvar * 2 * (X - mu) / m - (dX_hat * inv).sum(axis=0) / m
    return dX, (dY * (X - mu) * inv).sum(axis=0), dY.sum(axis=0)


@wrong("path-sign-flipped")
def sign(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma / s * (dY - dbeta / len(X) + z * dgamma / len(X)), dgamma, dbeta


@wrong("deviation-missing")
def not_divided(dY, X, gamma, eps=1e-5):
    _, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma * (dY - dbeta / len(X) - z * dgamma / len(X)), dgamma, dbeta


@wrong("wrong-type")
def only_dx(dY, X, gamma, eps=1e-5):
    return right_means(dY, X, gamma, eps)[0]


@wrong("hard-coded-size")
def seven(dY, X, gamma, eps=1e-5):
    s, z, dgamma, dbeta = parts(dY, X, gamma, eps)
    return gamma / s * (dY - dbeta / 7 - z * dgamma / 7), dgamma, dbeta
