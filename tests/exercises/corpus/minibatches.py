import numpy as np
from attempts import wrong


def right_lists(X, y, batch_size, rng):
    order = list(range(len(X)))
    rng.shuffle(order)
    cuts = range(0, len(X), batch_size)
    return tuple((X[order[k : k + batch_size]], y[order[k : k + batch_size]]) for k in cuts)


def right_argsort(X, y, batch_size, rng):
    order = np.argsort(rng.random(len(y)))
    for rows in np.split(order, np.arange(batch_size, len(order), batch_size)):
        yield [X[rows], y[rows]]


def right_ceil(X, y, batch_size, rng):
    p = rng.permutation(len(y))
    n = int(np.ceil(len(y) / batch_size))
    return [
        (X[p][b * batch_size : (b + 1) * batch_size], y[p][b * batch_size : (b + 1) * batch_size])
        for b in range(n)
    ]


def right_joined(X, y, batch_size, rng):
    data = rng.permutation(np.column_stack([X, y]))
    while len(data):
        yield data[:batch_size, :-1], data[:batch_size, -1]
        data = data[batch_size:]


def right_choice(X, y, batch_size, rng):
    order = rng.choice(len(X), len(X), replace=False)
    return zip(
        *([a[order[k : k + batch_size]] for k in range(0, len(X), batch_size)] for a in (X, y)), strict=True
    )


@wrong("two-lists-instead-of-pairs")
def two_lists(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    X, y = X[p], y[p]
    X_batches, y_batches = [], []
    for k in range(0, len(X), batch_size):
        X_batches.append(X[k : k + batch_size])
        y_batches.append(y[k : k + batch_size])
    return X_batches, y_batches


@wrong("batches-overlap")
def growing(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    X, y = X[p], y[p]
    for k in range(-(-len(X) // batch_size)):
        yield X[k : batch_size * (k + 1)], y[k : batch_size * (k + 1)]


@wrong("last-batch-padded")
def filled_up(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    for k in range(0, len(X), batch_size):
        rows = p[np.arange(k, k + batch_size) % len(X)]
        yield X[rows], y[rows]


@wrong("sampled-with-replacement")
def drawn_each_time(X, y, batch_size, rng):
    for _ in range(0, len(X), batch_size):
        rows = rng.integers(0, len(X), batch_size)
        yield X[rows], y[rows]


@wrong("last-batch-dropped")
def floor(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    for k in range(len(X) // batch_size):
        rows = p[k * batch_size : (k + 1) * batch_size]
        yield X[rows], y[rows]


@wrong("empty-batch")
def one_more(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    return [(X[p[k : k + batch_size]], y[p[k : k + batch_size]]) for k in range(0, len(X) + 1, batch_size)]


@wrong("shuffle-breaks-pairs")
def each_shuffled(X, y, batch_size, rng):
    X, y = X[rng.permutation(len(X))], y[rng.permutation(len(y))]
    return [(X[k : k + batch_size], y[k : k + batch_size]) for k in range(0, len(X), batch_size)]


@wrong("changes-its-input + shuffle-breaks-pairs", "changes-its-input")
def shuffled_in_place(X, y, batch_size, rng):
    rng.shuffle(X)
    rng.shuffle(y)
    return [(X[k : k + batch_size], y[k : k + batch_size]) for k in range(0, len(X), batch_size)]


@wrong("not-shuffled")
def in_order(X, y, batch_size, rng):
    while len(X):
        yield X[:batch_size], y[:batch_size]
        X, y = X[batch_size:], y[batch_size:]


@wrong("not-shuffled + last-batch-dropped")
def in_order_full_only(X, y, batch_size, rng):
    for k in range(len(X) // batch_size):
        yield X[k * batch_size : (k + 1) * batch_size], y[k * batch_size : (k + 1) * batch_size]


@wrong("return-instead-of-yield")
def first_only(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    for k in range(0, len(X), batch_size):
        return [(X[p[k : k + batch_size]], y[p[k : k + batch_size]])]


@wrong("global-rng-instead-of-rng")
def global_state(X, y, batch_size, rng):
    p = np.random.permutation(len(X))  # noqa: NPY002
    return [(X[p[k : k + batch_size]], y[p[k : k + batch_size]]) for k in range(0, len(X), batch_size)]


@wrong("labels-missing")
def x_alone(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    return [X[p[k : k + batch_size]] for k in range(0, len(X), batch_size)]


@wrong("labels-as-a-column")
def columns(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    y = y.reshape(-1, 1)
    return [(X[p[k : k + batch_size]], y[p[k : k + batch_size]]) for k in range(0, len(X), batch_size)]


@wrong("samples-left-out")
def wrong_end(X, y, batch_size, rng):
    p = rng.permutation(len(X))
    return [(X[p[k:batch_size]], y[p[k:batch_size]]) for k in range(0, len(X), batch_size)]


@wrong("returns-none", "wrong-type")
def built_and_forgotten(X, y, batch_size, rng):
    batches = []
    p = rng.permutation(len(X))
    for k in range(0, len(X), batch_size):
        batches.append((X[p[k : k + batch_size]], y[p[k : k + batch_size]]))
