import numpy as np
from attempts import wrong


def right_like_torch(grads, max_norm):
    total = np.linalg.norm([np.linalg.norm(g) for g in grads])
    scale = min(1.0, max_norm / (total + 1e-6))
    for i in range(len(grads)):
        grads[i] = grads[i] * scale
    return total


def right_concatenated(grads, max_norm):
    norm = float(np.linalg.norm(np.concatenate([g.ravel() for g in grads])))
    if norm > max_norm:
        grads[:] = [max_norm * (g / norm) for g in grads]
    return norm


def right_loops(grads, max_norm):
    total = 0.0
    for g in grads:
        for x in g.flat:
            total += x * x
    norm = total**0.5
    for g in grads:
        g[...] = g / max(norm / max_norm, 1)
    return norm


def right_vdot(grads, max_norm):
    norm = np.sqrt(sum(np.vdot(g, g) for g in grads))
    if norm >= max_norm:
        for k, g in enumerate(grads):
            np.divide(g, norm / max_norm, out=g)
            grads[k] = g
    return np.array(norm)


def right_early_return(grads, max_norm):
    squares = [np.square(g).sum() for g in grads]
    norm = np.sqrt(np.sum(squares))
    if norm <= max_norm:
        return norm
    ratio = max_norm / norm
    for g in grads:
        g *= ratio
    return norm


@wrong("clipped-per-array")
def one_by_one(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        n = np.linalg.norm(g)
        if n > max_norm:
            g *= max_norm / n
    return norm


@wrong("clipped-per-array", "clipped-per-array + norms-added", "clipped-per-array + only-one-array-counted")
def one_by_one_last_norm(grads, max_norm):
    for g in grads:
        norm = np.linalg.norm(g)
        if norm > max_norm:
            g *= max_norm / norm
    return norm


@wrong("clipped-by-value")
def by_value(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    for i, g in enumerate(grads):
        grads[i] = np.clip(g, -max_norm, max_norm)
    return norm


@wrong("always-rescaled")
def always(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g *= max_norm / norm
    return norm


@wrong("always-rescaled")
def always_with_epsilon(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    for g in grads:
        g *= max_norm / (norm + 1e-8)
    return norm


@wrong("root-missing")
def squares_only(grads, max_norm):
    norm = sum((g**2).sum() for g in grads)
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


@wrong("norm-after-clipping")
def measured_afterwards(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return np.sqrt(sum((g**2).sum() for g in grads))


@wrong("norm-after-clipping")
def overwritten(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
        norm = max_norm
    return norm


@wrong("update-not-in-place")
def loop_variable(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g = g * (max_norm / norm)
    return norm


@wrong("update-not-in-place")
def new_list(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        grads = [g * max_norm / norm for g in grads]
    return norm


@wrong("list-instead-of-norm", "list-instead-of-norm + update-not-in-place", "wrong-type")
def list_returned(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        return [g * max_norm / norm for g in grads]
    return grads


@wrong("wrong-type")
def both_returned(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return grads, norm


@wrong("norms-added")
def sum_of_norms(grads, max_norm):
    norm = sum(np.linalg.norm(g) for g in grads)
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


@wrong("condition-reversed")
def less_than(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm < max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


@wrong("scale-inverted")
def upside_down(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= norm / max_norm
    return norm


@wrong("scaled-to-one")
def unit(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g /= norm
    return norm


@wrong("largest-instead-of-common-norm")
def largest_array(grads, max_norm):
    norm = max(np.linalg.norm(g) for g in grads)
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


@wrong("root-missing + always-rescaled")
def two_slips(grads, max_norm):
    norm = sum(np.sum(g * g) for g in grads)
    for g in grads:
        g *= max_norm / norm
    return norm


@wrong("returns-none")
def nothing_back(grads, max_norm):
    norm = np.sqrt(sum((g**2).sum() for g in grads))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm


@wrong("raises")
def as_one_array(grads, max_norm):
    norm = np.sqrt(np.sum(np.array(grads) ** 2))
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm


@wrong("one-norm-instead")
def taxi(grads, max_norm):
    norm = sum(abs(g).sum() for g in grads)
    if norm > max_norm:
        for g in grads:
            g *= max_norm / norm
    return norm
