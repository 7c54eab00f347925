import numpy as np
from attempts import wrong


def soft(S):
    e = np.exp(S - S.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cache_of(*arrays):
    return dict(zip(("X", "H_tilde", "H", "Y_tilde", "Y_hat"), arrays, strict=True))


def right_unshifted(params, X):
    A = X.dot(params["Wh"]) + params["bh"]
    H = np.tanh(A)
    S = H.dot(params["Wy"]) + params["by"]
    P = np.exp(S) / np.exp(S).sum(1)[:, None]
    return P, cache_of(X, A, H, S, P)


def right_sample_by_sample(params, X):
    rows = []
    for x in X:
        a = x @ params["Wh"] + params["bh"]
        h = (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)
        s = h @ params["Wy"] + params["by"]
        rows.append((x, a, h, s, np.exp(s) / sum(np.exp(s))))
    cache = cache_of(*map(np.array, zip(*rows, strict=True)))
    return [cache["Y_hat"], {**cache, "m": len(X)}]


def right_float32(params, X):
    p = {k: v.astype(np.float32) for k, v in params.items()}
    A = X.astype(np.float32) @ p["Wh"] + p["bh"]
    S = np.tanh(A) @ p["Wy"] + p["by"]
    return soft(S), cache_of(X, A, np.tanh(A), S, soft(S))


def run(params, X, activation=np.tanh, output=soft):
    A = X @ params["Wh"] + params["bh"]
    H = activation(A)
    S = H @ params["Wy"] + params["by"]
    P = output(S)
    return P, cache_of(X, A, H, S, P)


@wrong("cache-changed-in-place")
def shifted_in_place(params, X):
    def softmax(S):
        S -= S.max(axis=1, keepdims=True)
        return np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)

    return run(params, X, output=softmax)


@wrong("cache-changed-in-place")
def exponential_in_place(params, X):
    def softmax(S):
        np.exp(S, out=S)
        return S / S.sum(axis=1, keepdims=True)

    return run(params, X, output=softmax)


@wrong("cache-holds-wrong-array", "cache-changed-in-place")
def tanh_in_place(params, X):
    return run(params, X, activation=lambda A: np.tanh(A, out=A))


@wrong("wrong-activation")
def relu(params, X):
    return run(params, X, activation=lambda A: A * (A > 0))


@wrong("wrong-activation")
def logistic(params, X):
    return run(params, X, activation=lambda A: np.exp(A) / (1 + np.exp(A)))


@wrong("softmax-over-whole-array")
def one_sum(params, X):
    return run(params, X, output=lambda S: np.exp(S) / np.sum(np.exp(S)))


@wrong("bias-omitted + activation-omitted")
def linear_without_biases(params, X):
    A = X @ params["Wh"]
    S = A @ params["Wy"]
    return soft(S), cache_of(X, A, A, S, soft(S))


@wrong("bias-after-activation")
def bias_outside(params, X):
    A = X @ params["Wh"]
    H = np.tanh(A) + params["bh"]
    S = H @ params["Wy"] + params["by"]
    return soft(S), cache_of(X, A, H, S, soft(S))


@wrong("wrong-type")
def cache_first(params, X):
    P, cache = run(params, X)
    return cache, P


@wrong("wrong-type")
def probabilities_alone(params, X):
    return run(params, X)[0]


@wrong("wrong-type")
def one_key_missing(params, X):
    P, cache = run(params, X)
    del cache["H_tilde"]
    return P, cache


@wrong("normalization-missing")
def exponentials(params, X):
    return run(params, X, output=np.exp)


@wrong("activation-on-output")
def tanh_twice(params, X):
    A = X @ params["Wh"] + params["bh"]
    H = np.tanh(A)
    S = np.tanh(H @ params["Wy"] + params["by"])
    return soft(S), cache_of(X, A, H, S, soft(S))


@wrong("raises")
def wrong_key(params, X):
    return run({**params, "W1": 0}, X @ params["W_h"])


@wrong("softmax-missing", "sigmoid-instead-of-softmax")
def no_softmax(params, X):
    return run(params, X, output=lambda S: S)
