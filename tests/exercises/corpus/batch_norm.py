import numpy as np
import torch
from attempts import wrong


def right_in_place(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if not training:
        return (X - running["mean"]) * (running["var"] + eps) ** -0.5 * gamma + beta
    m = X.shape[0]
    mu = X.sum(0) / m
    centered = X - mu
    var = (centered**2).sum(0) / m
    running["mean"] *= 1 - momentum
    running["mean"] += momentum * mu
    running["var"] += momentum * (var * m / (m - 1) - running["var"])
    return centered / np.sqrt(var + eps) * gamma + beta


def right_torch(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    args = [torch.tensor(a) for a in (X, running["mean"], running["var"], gamma, beta)]
    Y = torch.nn.functional.batch_norm(*args, training=bool(training), momentum=momentum, eps=eps)
    running["mean"], running["var"] = args[1].numpy(), args[2].numpy()
    return Y.numpy()


def right_columns(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    Y = np.empty(X.shape)
    for j, column in enumerate(X.T):
        if training:
            mean, var = np.mean(column), np.var(column)
            running["mean"][j] = (1 - momentum) * running["mean"][j] + momentum * mean
            running["var"][j] = (1 - momentum) * running["var"][j] + momentum * np.var(column, ddof=1)
        else:
            mean, var = running["mean"][j], running["var"][j]
        Y[:, j] = gamma[j] * (column - mean) / np.sqrt(var + eps) + beta[j]
    return Y


def right_folded(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    stats = dict(running)
    if training:
        stats = {"mean": np.mean(X, axis=0), "var": np.var(X, axis=0)}
        new = {"mean": stats["mean"], "var": np.cov(X, rowvar=False).diagonal()}
        running.update({k: running[k] + momentum * (new[k] - running[k]) for k in new})
    scale = gamma / np.sqrt(stats["var"] + eps)
    return X * scale + (beta - stats["mean"] * scale)


def right_lists(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    Y = right_in_place(X, gamma, beta, running, training, momentum, eps)
    running["mean"], running["calls"] = list(running["mean"]), 1 + running.get("calls", 0)
    running["mean"] = np.array(running["mean"])
    return [list(row) for row in Y]


def general(X, gamma, beta, running, training, momentum, eps, ddof=0, kept=1, weight=None, root=None):
    weight = momentum if weight is None else weight
    if training:
        mean, var = X.mean(0), X.var(0, ddof=ddof)
        running["mean"] = (1 - weight) * running["mean"] + weight * mean
        running["var"] = (1 - weight) * running["var"] + weight * X.var(0, ddof=kept)
    else:
        mean, var = running["mean"], running["var"]
    root = root or (lambda v: np.sqrt(v + eps))
    return gamma * (X - mean) / root(var) + beta


@wrong("unbiased-variance-in-batch")
def ddof_everywhere(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, ddof=1)


@wrong("biased-variance-in-running")
def ddof_nowhere(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, kept=0)


@wrong("unbiased-variance-in-batch + biased-variance-in-running")
def ddof_exchanged(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, ddof=1, kept=0)


@wrong("momentum-reversed")
def as_in_keras(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, weight=1 - momentum)


@wrong("epsilon-outside-root")
def std_plus_eps(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, root=lambda v: np.sqrt(v) + eps)


@wrong("epsilon-ignored")
def without_eps(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, root=np.sqrt)


@wrong("variance-used-as-std", "variance-used-as-std + epsilon-ignored")
def by_variance(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, root=lambda v: v + eps)


@wrong("running-statistics-in-training")
def always_by_running(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        running["mean"] = (1 - momentum) * running["mean"] + momentum * X.mean(axis=0)
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=1)
    return gamma * (X - running["mean"]) / np.sqrt(running["var"] + eps) + beta


@wrong("batch-statistics-in-evaluation")
def always_by_the_batch(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = X.mean(axis=0), X.var(axis=0)
    if training:
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=1)
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("batch-statistics-in-evaluation + running-updated-in-evaluation")
def mode_forgotten(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    m = len(X)
    mean, var = X.mean(axis=0), X.var(axis=0)
    running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
    running["var"] = (1 - momentum) * running["var"] + momentum * var * (m / (m - 1) if m > 1 else 1)
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("running-updated-in-evaluation")
def updated_in_both(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = X.mean(axis=0), X.var(axis=0)
    if not training:
        mean, var = running["mean"].copy(), running["var"].copy()
    running["mean"] = (1 - momentum) * running["mean"] + momentum * X.mean(axis=0)
    running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=int(len(X) > 1))
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("running-not-updated")
def local_averages(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    running_mean, running_var = running["mean"], running["var"]
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * X.var(axis=0, ddof=1)
        return gamma * (X - mean) / np.sqrt(var + eps) + beta
    return gamma * (X - running_mean) / np.sqrt(running_var + eps) + beta


@wrong("running-not-updated")
def only_the_mean(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
    else:
        mean, var = running["mean"], running["var"]
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("gamma-omitted + beta-omitted")
def standardized_only(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, 1.0, 0.0, running, training, momentum, eps)


@wrong("gamma-omitted")
def no_gamma(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, 1.0, beta, running, training, momentum, eps)


@wrong("mean-not-subtracted")
def only_scaled(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=1)
    else:
        var = running["var"]
    return gamma * X / np.sqrt(var + eps) + beta


@wrong("statistics-per-sample", "raises")
def layer_norm(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        mean, var = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=1, ddof=1, keepdims=True)
    else:
        mean, var = running["mean"], running["var"]
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("running-overwritten")
def last_batch(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, weight=1.0)


@wrong("argument-replaced-by-its-default")
def tenth(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    return general(X, gamma, beta, running, training, momentum, eps, weight=0.1)


@wrong("changes-its-input")
def normalized_in_place(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    mean, var = running["mean"], running["var"]
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * X.var(axis=0, ddof=1)
    X -= mean
    X /= np.sqrt(var + eps)
    return gamma * X + beta


@wrong("unbiased-factor-upside-down")
def factor_upside_down(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    m = len(X)
    if training:
        mean, var = X.mean(axis=0), X.var(axis=0)
        running["mean"] = (1 - momentum) * running["mean"] + momentum * mean
        running["var"] = (1 - momentum) * running["var"] + momentum * var * (m - 1) / m
    else:
        mean, var = running["mean"], running["var"]
    return gamma * (X - mean) / np.sqrt(var + eps) + beta


@wrong("wrong-type")
def with_cache(X, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    Y = general(X, gamma, beta, running, training, momentum, eps)
    return Y, {"X": X, "Y": Y}
