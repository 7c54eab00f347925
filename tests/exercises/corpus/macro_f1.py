import numpy as np
from attempts import wrong
from sklearn.metrics import f1_score


def right_loop(confusion):
    total, n = 0.0, len(confusion)
    for j in range(n):
        tp = confusion[j, j]
        fp, fn = sum(confusion[:, j]) - tp, sum(confusion[j]) - tp
        total += 2 * tp / (2 * tp + fp + fn) if tp else 0
    return total / n


def right_scikit_learn(confusion):
    n = len(confusion)
    rows, columns = np.indices((n, n))
    truth, predicted = (np.repeat(a.ravel(), confusion.ravel()) for a in (rows, columns))
    return f1_score(truth, predicted, average="macro", labels=range(n), zero_division=0)


def right_nan_to_num(confusion):
    with np.errstate(all="ignore"):
        p = np.diag(confusion) / confusion.sum(axis=0)
        r = np.diag(confusion) / confusion.sum(axis=1)
        return np.nan_to_num(2 * p * r / (p + r)).mean()


def right_transposed(confusion):
    C = np.asarray(confusion, dtype=float).T
    d = C.diagonal()
    return np.divide(2 * d, C.sum(0) + C.sum(1), out=np.zeros(len(C)), where=d > 0).mean()


def right_float_list(confusion):
    C = confusion.tolist()
    scores = []
    for j, row in enumerate(C):
        column = [r[j] for r in C]
        p = row[j] / sum(column) if sum(column) else 0.0
        r = row[j] / sum(row) if sum(row) else 0.0
        scores.append(2 * p * r / (p + r) if p + r > 0 else 0.0)
    return np.array(sum(scores) / len(scores))


def right_offset(confusion):
    tp = np.diag(confusion)
    p, r = tp / (confusion.sum(0) + 1e-12), tp / (confusion.sum(1) + 1e-12)
    return float(np.mean(2 * p * r / (p + r + 1e-12)))


def rates(confusion):
    tp = np.diag(confusion)
    return tp / np.maximum(confusion.sum(axis=0), 1), tp / np.maximum(confusion.sum(axis=1), 1)


@wrong("micro-instead-of-macro")
def accuracy(confusion):
    return np.trace(confusion) / np.sum(confusion)


@wrong("micro-instead-of-macro")
def micro(confusion):
    tp = np.diag(confusion).sum()
    fp = (confusion.sum(axis=0) - np.diag(confusion)).sum()
    fn = (confusion.sum(axis=1) - np.diag(confusion)).sum()
    return 2 * tp / (2 * tp + fp + fn)


@wrong("weighted-instead-of-macro")
def weighted(confusion):
    p, r = rates(confusion)
    f = np.where(p + r > 0, 2 * p * r / np.maximum(p + r, 1e-12), 0)
    return np.average(f, weights=confusion.sum(axis=1))


@wrong("f1-is-arithmetic-mean")
def mean_of_rates(confusion):
    p, r = rates(confusion)
    return ((p + r) / 2).mean()


@wrong("f1-of-mean-precision-and-recall")
def f1_of_means(confusion):
    p, r = (x.mean() for x in rates(confusion))
    return 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision-or-recall-instead-of-f1")
def balanced_accuracy(confusion):
    return rates(confusion)[1].mean()


@wrong("division-by-zero")
def unguarded(confusion):
    p = np.diag(confusion) / confusion.sum(axis=0)
    r = np.diag(confusion) / confusion.sum(axis=1)
    return (2 * p * r / (p + r)).mean()


@wrong("division-by-zero")
def guarded_too_early(confusion):
    p, r = rates(confusion)
    return np.mean(2 * p * r / (p + r))


@wrong("undefined-left-out")
def nanmean(confusion):
    with np.errstate(all="ignore"):
        p = np.diag(confusion) / confusion.sum(axis=0)
        r = np.diag(confusion) / confusion.sum(axis=1)
        f = 2 * p * r / (p + r)
    return np.nanmean(f) if np.isfinite(f).any() else 0.0


@wrong("missing-factor-two")
def half(confusion):
    return right_loop(confusion) / 2


@wrong("not-averaged")
def per_class(confusion):
    p, r = rates(confusion)
    return 2 * p * r / np.maximum(p + r, 1e-12)


@wrong("one-class-only")
def binary(confusion):
    tp, fp, fn = confusion[1, 1], confusion[0, 1], confusion[1, 0]
    return 2 * tp / max(2 * tp + fp + fn, 1)


@wrong("one-class-only")
def last_of_the_loop(confusion):
    for j in range(len(confusion)):
        f = 2 * confusion[j, j] / max(confusion[j].sum() + confusion[:, j].sum(), 1)
    return f


@wrong("summed-over-classes")
def added_up(confusion):
    return len(confusion) * right_loop(confusion)


@wrong("hits-counted-as-errors")
def rows_as_errors(confusion):
    total = 0
    for j in range(len(confusion)):
        tp, fp, fn = confusion[j, j], confusion[:, j].sum(), confusion[j].sum()
        total += 2 * tp / max(2 * tp + fp + fn, 1)
    return total / len(confusion)


@wrong("f1-is-jaccard-index")
def jaccard(confusion):
    d = np.diag(confusion)
    return (d / np.maximum(confusion.sum(0) + confusion.sum(1) - d, 1)).mean()


@wrong("undefined-left-out")
def only_occurring(confusion):
    kept = [j for j in range(len(confusion)) if confusion[j].sum() > 0]
    p, r = rates(confusion)
    return sum(2 * p[j] * r[j] / max(p[j] + r[j], 1e-12) for j in kept) / len(kept)


@wrong("percent-instead-of-fraction")
def percent(confusion):
    return 100 * right_loop(confusion)


@wrong("result-rounded")
def rounded(confusion):
    return round(right_loop(confusion), 3)


@wrong("hard-coded-size")
def divided_by_four(confusion):
    return len(confusion) * right_loop(confusion) / 4


@wrong("undefined-counts-as-one")
def one_where_undefined(confusion):
    total = confusion.sum(0) + confusion.sum(1)
    return np.mean([2 * confusion[j, j] / t if t else 1.0 for j, t in enumerate(total)])
