import numpy as np
from attempts import wrong


def right_try(tn, fp, fn, tp):
    def share(a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return 0.0

    return share(tp, tp + fp), share(tp, tp + fn), share(2 * tp, 2 * tp + fp + fn)


def right_guard(tn, fp, fn, tp):
    if tp == 0:
        return 0, 0, 0
    p, r = tp / (tp + fp), tp / (tp + fn)
    return [p, r, 2 / (1 / p + 1 / r)]


def right_array(tn, fp, fn, tp):
    return tp * np.array([1, 1, 2]) / np.maximum([tp + fp, tp + fn, 2 * tp + fp + fn], 1)


def right_offset(tn, fp, fn, tp):
    p, r = tp / (tp + fp + 1e-12), tp / (tp + fn + 1e-12)
    return p, r, 2 * p * r / (p + r + 1e-12)


def right_max(tn, fp, fn, tp):
    p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    return p, r, (2 * p * r / (p + r) if p and r else 0.0)


@wrong("division-by-zero")
def unprotected(tn, fp, fn, tp):
    p, r = tp / (tp + fp), tp / (tp + fn)
    return p, r, 2 * p * r / (p + r)


@wrong("division-by-zero")
def f1_unprotected(tn, fp, fn, tp):
    p, r = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
    return p, r, 2 * p * r / (p + r)


@wrong("precision-recall-swapped")
def swapped(tn, fp, fn, tp):
    p, r, f = right_guard(tn, fp, fn, tp)
    return r, p, f


@wrong("precision-recall-swapped + division-by-zero", "precision-recall-swapped")
def swapped_unprotected(tn, fp, fn, tp):
    p, r = tp / (tp + fn), tp / (tp + fp)
    return p, r, 2 * p * r / (p + r)


@wrong("f1-is-arithmetic-mean")
def mean(tn, fp, fn, tp):
    p, r, _ = right_guard(tn, fp, fn, tp)
    return p, r, np.mean([p, r])


@wrong("missing-factor-two")
def half(tn, fp, fn, tp):
    p, r, f = right_guard(tn, fp, fn, tp)
    return p, r, f / 2


@wrong("f-beta-instead-of-f1")
def f2(tn, fp, fn, tp):
    p, r, f = right_guard(tn, fp, fn, tp)
    return p, r, (5 * p * r / (4 * p + r) if f else 0.0)


@wrong("accuracy-instead-of-precision")
def accuracy(tn, fp, fn, tp):
    _, r, _ = right_guard(tn, fp, fn, tp)
    p = (tp + tn) / (tn + fp + fn + tp)
    return p, r, (2 * p * r / (p + r) if p + r else 0.0)


@wrong("accuracy-instead-of-f1")
def accuracy_third(tn, fp, fn, tp):
    p, r, _ = right_guard(tn, fp, fn, tp)
    return p, r, (tp + tn) / (tn + fp + fn + tp)


@wrong("specificity-instead-of-recall", "specificity-instead-of-recall + division-by-zero")
def specificity(tn, fp, fn, tp):
    p = tp / (tp + fp) if tp + fp else 0.0
    r = tn / (tn + fp)
    return p, r, (2 * p * r / (p + r) if p + r else 0.0)


@wrong("positive-class-swapped")
def of_class_zero(tn, fp, fn, tp):
    return right_try(tp, fn, fp, tn)


@wrong("percent-instead-of-fraction")
def percent(tn, fp, fn, tp):
    p, r, _ = right_guard(tn, fp, fn, tp)
    p, r = 100 * p, 100 * r
    return p, r, (2 * p * r / (p + r) if p + r else 0.0)


@wrong("result-rounded")
def rounded(tn, fp, fn, tp):
    return tuple(round(v, 2) for v in right_guard(tn, fp, fn, tp))


@wrong("results-in-other-order")
def f1_first(tn, fp, fn, tp):
    p, r, f = right_guard(tn, fp, fn, tp)
    return f, p, r


@wrong("wrong-type")
def f1_alone(tn, fp, fn, tp):
    return right_guard(tn, fp, fn, tp)[2]


@wrong("wrong-type", "division-by-zero")
def none_where_undefined(tn, fp, fn, tp):
    p = tp / (tp + fp) if tp + fp else None
    r = tp / (tp + fn) if tp + fn else None
    return p, r, (2 * p * r / (p + r) if p and r else None)


@wrong("undefined-counts-as-one")
def one_where_undefined(tn, fp, fn, tp):
    p = tp / (tp + fp) if tp + fp else 1.0
    r = tp / (tp + fn) if tp + fn else 1.0
    return p, r, (2 * p * r / (p + r) if p + r else 0.0)


@wrong("one-figure-twice")
def precision_twice(tn, fp, fn, tp):
    p = tp / (tp + fp) if tp + fp else 0.0
    return p, p, (2 * p * p / (p + p) if p else 0.0)
