import numpy as np
from attempts import wrong
from sklearn.metrics import f1_score, precision_recall_curve


def search(score, y, p, candidates=None):
    thresholds = np.unique(p) if candidates is None else candidates
    values = []
    for t in thresholds:
        q = p >= t
        values.append(
            score(np.sum(~q & (y == 0)), np.sum(q & (y == 0)), np.sum(~q & (y == 1)), np.sum(q & (y == 1)))
        )
    return thresholds[int(np.argmax(values))]


def f1(tn, fp, fn, tp):
    return 2 * tp / (2 * tp + fp + fn)


def ratio(a, b):
    return a / b if b else 0.0


def right_sklearn(y_val, p_val):
    return max(p_val, key=lambda t: f1_score(y_val, p_val >= t))


def right_curve(y_val, p_val):
    precision, recall, thresholds = precision_recall_curve(y_val, p_val)
    values = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return thresholds[values[:-1].argmax()]


def right_running_best(y_val, p_val):
    best, best_t = -1.0, None
    for t in sorted(p_val.tolist(), reverse=True):
        hits = sum(1 for y, p in zip(y_val, p_val, strict=True) if p >= t and y == 1)
        value = 2 * hits / (sum(p_val >= t) + sum(y_val))
        if value >= best:
            best, best_t = value, t
    return np.array([best_t])


def right_unsorted(y_val, p_val):
    return float(search(f1, y_val, p_val, p_val))


@wrong("macro-f1-instead-of-f1")
def macro(y_val, p_val):
    return max(np.unique(p_val), key=lambda t: f1_score(y_val, p_val >= t, average="macro"))


@wrong("weighted-f1-instead-of-f1")
def weighted(y_val, p_val):
    return max(np.unique(p_val), key=lambda t: f1_score(y_val, p_val >= t, average="weighted"))


@wrong("accuracy-instead-of-f1")
def micro(y_val, p_val):
    return max(np.unique(p_val), key=lambda t: f1_score(y_val, p_val >= t, average="micro"))


@wrong("f-beta-instead-of-f1")
def f2(y_val, p_val):
    return search(lambda tn, fp, fn, tp: 5 * tp / (5 * tp + 4 * fn + fp), y_val, p_val)


@wrong("recall-instead-of-f1")
def recall(y_val, p_val):
    return search(lambda tn, fp, fn, tp: tp / (tp + fn), y_val, p_val)


@wrong("precision-instead-of-f1")
def precision(y_val, p_val):
    return search(lambda tn, fp, fn, tp: ratio(tp, tp + fp), y_val, p_val)


@wrong("youden-index-instead-of-f1")
def youden(y_val, p_val):
    return search(lambda tn, fp, fn, tp: tp / (tp + fn) + ratio(tn, tn + fp), y_val, p_val)


@wrong("rates-multiplied")
def g_mean(y_val, p_val):
    return search(lambda tn, fp, fn, tp: (tp / (tp + fn) * ratio(tn, tn + fp)) ** 0.5, y_val, p_val)


@wrong("f1-is-arithmetic-mean")
def mean(y_val, p_val):
    return search(lambda tn, fp, fn, tp: ratio(tp, tp + fp) + tp / (tp + fn), y_val, p_val)


@wrong("f1-is-geometric-mean")
def geometric(y_val, p_val):
    return search(lambda tn, fp, fn, tp: (ratio(tp, tp + fp) * tp / (tp + fn)) ** 0.5, y_val, p_val)


@wrong("smaller-of-the-two-instead-of-f1")
def break_even(y_val, p_val):
    return search(lambda tn, fp, fn, tp: -abs(ratio(tp, tp + fp) - tp / (tp + fn)), y_val, p_val)


@wrong("threshold-not-a-predicted-value")
def grid(y_val, p_val):
    return search(f1, y_val, p_val, np.linspace(0, 1, 101))


@wrong("threshold-not-a-predicted-value")
def ends_added(y_val, p_val):
    return search(f1, y_val, p_val, np.unique(np.concatenate([[0.0], p_val, [1.0]])))


@wrong("threshold-not-a-predicted-value")
def midpoints(y_val, p_val):
    v = np.unique(p_val)
    return search(f1, y_val, p_val, (v[1:] + v[:-1]) / 2)


@wrong("index-instead-of-threshold")
def index(y_val, p_val):
    v = np.unique(p_val)
    return int(np.argmax([f1_score(y_val, p_val >= t) for t in v]))


@wrong("f1-instead-of-threshold")
def value(y_val, p_val):
    return max(f1_score(y_val, p_val >= t) for t in p_val)


@wrong("threshold-not-inclusive")
def exclusive(y_val, p_val):
    return max(np.unique(p_val), key=lambda t: f1_score(y_val, p_val > t, zero_division=0))


@wrong("threshold-not-searched")
def a_half(y_val, p_val):
    return 0.5


@wrong("wrong-type")
def both(y_val, p_val):
    t = right_sklearn(y_val, p_val)
    return t, f1_score(y_val, p_val >= t)


@wrong("division-by-zero")
def unprotected(y_val, p_val):
    v = np.unique(p_val)
    values = []
    for t in v:
        tp = np.sum((p_val >= t) & (y_val == 1))
        p, r = tp / np.sum(p_val >= t), tp / np.sum(y_val == 1)
        values.append(2 * p * r / (p + r))
    return v[np.argmax(values)]
