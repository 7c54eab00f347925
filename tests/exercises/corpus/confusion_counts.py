import numpy as np
import pandas as pd
from attempts import wrong
from sklearn.metrics import confusion_matrix


def right_loop(y_true, y_pred):
    tn = fp = fn = tp = 0
    for t, p in zip(y_true, y_pred, strict=True):
        if t and p:
            tp += 1
        elif t:
            fn += 1
        elif p:
            fp += 1
        else:
            tn += 1
    return tn, fp, fn, tp


def right_bincount(y_true, y_pred):
    return np.bincount(2 * y_true + y_pred, minlength=4)


def right_sklearn(y_true, y_pred):
    return tuple(confusion_matrix(y_true, y_pred, labels=[0, 1]).ravel())


def right_products(y_true, y_pred):
    tp = y_true @ y_pred
    return [len(y_true) - y_true.sum() - y_pred.sum() + tp, y_pred.sum() - tp, y_true.sum() - tp, tp]


def right_pandas(y_true, y_pred):
    table = pd.crosstab(y_true, y_pred).reindex(index=[0, 1], columns=[0, 1], fill_value=0)
    return table.loc[0, 0], table.loc[0, 1], table.loc[1, 0], table.loc[1, 1]


def counts(y_true, y_pred):
    return right_loop(y_true, y_pred)


@wrong("counts-in-another-order")
def positives_first(y_true, y_pred):
    tn, fp, fn, tp = counts(y_true, y_pred)
    return tp, fp, fn, tn


@wrong("counts-in-another-order")
def tp_tn(y_true, y_pred):
    tn, fp, fn, tp = counts(y_true, y_pred)
    return tp, tn, fp, fn


@wrong("false-positives-and-negatives-swapped")
def swapped(y_true, y_pred):
    return tuple(np.sum((y_true == a) & (y_pred == b)) for a, b in ((0, 0), (1, 0), (0, 1), (1, 1)))


@wrong("positive-class-swapped")
def reversed_order(y_true, y_pred):
    return counts(y_true, y_pred)[::-1]


@wrong("wrong-type")
def the_matrix(y_true, y_pred):
    return confusion_matrix(y_true, y_pred, labels=[0, 1])


@wrong("wrong-type")
def a_dict(y_true, y_pred):
    return dict(zip(("tn", "fp", "fn", "tp"), counts(y_true, y_pred), strict=True))


def right_sklearn_as_usual(y_true, y_pred):
    return confusion_matrix(y_true, y_pred).ravel()


@wrong("empty-cell-dropped")
def only_what_occurs(y_true, y_pred):
    return list(pd.Series(2 * y_true + y_pred).value_counts().sort_index())


@wrong("hits-not-told-apart")
def else_if(y_true, y_pred):
    tn = fp = fn = tp = 0
    for t, p in zip(y_true, y_pred, strict=True):
        if t == p:
            tp += 1
        elif p == 1:
            fp += 1
        elif p == 0:
            fn += 1
        else:
            tn += 1
    return tn, fp, fn, tp


@wrong("errors-not-told-apart")
def all_errors(y_true, y_pred):
    tn, fp, fn, tp = counts(y_true, y_pred)
    return tn, fp + fn, fp + fn, tp


@wrong("fractions-instead-of-counts")
def shares(y_true, y_pred):
    return tuple(np.mean((y_true == a) & (y_pred == b)) for a in (0, 1) for b in (0, 1))


@wrong("rates-instead-of-counts")
def rates(y_true, y_pred):
    tn, fp, fn, tp = counts(y_true, y_pred)
    negatives, positives = max(tn + fp, 1), max(fn + tp, 1)
    return tn / negatives, fp / negatives, fn / positives, tp / positives


@wrong("one-condition-missing")
def predictions_alone(y_true, y_pred):
    tn, _, fn, tp = counts(y_true, y_pred)
    return tn, np.sum(y_pred == 1), fn, tp


@wrong("raises")
def python_and(y_true, y_pred):
    return tuple(sum(y_true == a and y_pred == b) for a in (0, 1) for b in (0, 1))


@wrong("raises")
def precedence(y_true, y_pred):
    return np.sum(y_true == 0 & y_pred == 0), 0, 0, np.sum(y_true == 1 & y_pred == 1)


@wrong("counted-from-one-sample-on")
def first_skipped(y_true, y_pred):
    return counts(y_true[1:], y_pred[1:])


@wrong("wrong-type", "wrong-shape")
def masks(y_true, y_pred):
    return tuple((y_true == a) & (y_pred == b) for a in (0, 1) for b in (0, 1))


y_test = np.array([0, 1, 1, 0, 1])


@wrong("notebook-variable-read")
def labels_of_the_test_set(y_true, y_pred):
    tp = np.sum((y_test == 1) & (y_pred == 1))
    tn = np.sum((y_test == 0) & (y_pred == 0))
    fp = np.sum((y_test == 0) & (y_pred == 1))
    fn = np.sum((y_test == 1) & (y_pred == 0))
    return tn, fp, fn, tp
