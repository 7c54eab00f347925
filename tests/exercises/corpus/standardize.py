import numpy as np
import pandas as pd
from attempts import wrong


def right_textbook(X_train, X_test):
    mu, sd = X_train.mean(axis=0), X_train.std(axis=0)
    sd[sd == 0] = 1
    return (X_train - mu) / sd, (X_test - mu) / sd


def right_divide_where(X_train, X_test):
    mu, sd = X_train.mean(axis=0), X_train.std(axis=0)
    return tuple(np.divide(X - mu, sd, out=np.zeros_like(X), where=sd > 0) for X in (X_train, X_test))


def right_scipy_like_loop(X_train, X_test):
    A, B = X_train.astype(float).copy(), X_test.astype(float).copy()
    for j in range(A.shape[1]):
        m = sum(X_train[:, j]) / len(X_train)
        s = (sum((v - m) ** 2 for v in X_train[:, j]) / len(X_train)) ** 0.5 or 1.0
        A[:, j] = (A[:, j] - m) / s
        B[:, j] = (B[:, j] - m) / s
    return A, B


def right_small_offset(X_train, X_test):
    mu = np.average(X_train, axis=0)
    sd = np.sqrt(np.var(X_train, axis=0)) + 1e-9
    return [(X_train - mu) / sd, (X_test - mu) / sd]


def right_maximum(X_train, X_test):
    sd = np.maximum(X_train.std(0), 1e-8)
    return (X_train - X_train.mean(0)) / sd, (X_test - X_train.mean(0)) / sd


def right_pandas(X_train, X_test):
    train, test = pd.DataFrame(X_train), pd.DataFrame(X_test)
    sd = train.std(ddof=0).replace(0, 1)
    return ((train - train.mean()) / sd).to_numpy(), ((test - train.mean()) / sd).to_numpy()


@wrong("division-by-zero")
def unprotected(X_train, X_test):
    mu, sd = np.mean(X_train, axis=0), np.std(X_train, axis=0)
    return (X_train - mu) / sd, (X_test - mu) / sd


@wrong("test-standardized-separately + division-by-zero", "test-standardized-separately")
def each_by_itself(X_train, X_test):
    def z(X):
        return (X - X.mean(0)) / X.std(0)

    return z(X_train), z(X_test)


@wrong("test-standardized-separately")
def each_by_itself_guarded(X_train, X_test):
    def z(X):
        sd = X.std(0)
        return (X - X.mean(0)) / np.where(sd == 0, 1, sd)

    return z(X_train), z(X_test)


@wrong("test-not-standardized", "test-not-standardized + division-by-zero")
def overwritten_first(X_train, X_test):
    X_train = (X_train - X_train.mean(0)) / X_train.std(0)
    X_test = (X_test - X_train.mean(0)) / X_train.std(0)
    return X_train, X_test


@wrong("sample-standard-deviation")
def pandas_default(X_train, X_test):
    train, test = pd.DataFrame(X_train), pd.DataFrame(X_test)
    sd = train.std().replace(0, 1)
    return ((train - train.mean()) / sd).to_numpy(), ((test - train.mean()) / sd).to_numpy()


@wrong("sample-standard-deviation + division-by-zero", "sample-standard-deviation")
def ddof_one(X_train, X_test):
    mu, sd = X_train.mean(0), X_train.std(0, ddof=1)
    return (X_train - mu) / sd, (X_test - mu) / sd


@wrong("infinity-hidden")
def repaired(X_train, X_test):
    mu, sd = X_train.mean(0), X_train.std(0)
    with np.errstate(all="ignore"):
        return np.nan_to_num((X_train - mu) / sd), np.nan_to_num((X_test - mu) / sd)


@wrong("epsilon-too-large")
def plus_a_thousandth(X_train, X_test):
    mu, sd = X_train.mean(0), X_train.std(0) + 1e-3
    return (X_train - mu) / sd, (X_test - mu) / sd


@wrong("variance-used-as-std", "variance-used-as-std + division-by-zero")
def variance(X_train, X_test):
    mu, v = X_train.mean(0), X_train.var(0)
    return (X_train - mu) / v, (X_test - mu) / v


@wrong("statistics-over-everything", "statistics-over-everything + division-by-zero")
def one_number(X_train, X_test):
    mu, sd = X_train.mean(), X_train.std()
    return (X_train - mu) / sd, (X_test - mu) / sd


@wrong("test-statistics-leaked + division-by-zero", "test-statistics-leaked")
def all_data(X_train, X_test):
    X = np.vstack([X_train, X_test])
    mu, sd = X.mean(axis=0), X.std(axis=0)
    return (X_train - mu) / sd, (X_test - mu) / sd


@wrong("range-instead-of-deviation", "range-instead-of-deviation + division-by-zero")
def min_max(X_train, X_test):
    low, width = X_train.min(0), X_train.max(0) - X_train.min(0)
    return (X_train - low) / width, (X_test - low) / width


@wrong("wrong-type")
def train_only(X_train, X_test):
    sd = X_train.std(0)
    return (X_train - X_train.mean(0)) / np.where(sd == 0, 1, sd)


@wrong("statistics-per-sample")
def rows(X_train, X_test):
    return tuple((X - X.mean(1)[:, None]) / X.std(1)[:, None] for X in (X_train, X_test))


@wrong("not-scaled")
def centered(X_train, X_test):
    return X_train - X_train.mean(0), X_test - X_train.mean(0)


@wrong("test-standardized-separately + sample-standard-deviation")
def each_as_pandas_does(X_train, X_test):
    both = []
    for A in (X_train, X_test):
        std = A.std(axis=0, ddof=1)
        both.append((A - A.mean(axis=0)) / np.where(std == 0, 1, std))
    return both
