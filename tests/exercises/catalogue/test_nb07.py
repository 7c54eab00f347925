"""Answers to notebook 07's exercises as learners write them: right ones in odd styles, wrong ones by hand."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
from answers import collect
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    confusion_matrix,
    f1_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)
from sklearn.utils.class_weight import compute_class_weight

from nnlab.exercises import check, references

RIGHT, WRONG, right, wrong = collect()


# confusion_counts


@right("confusion_counts")
def by_scikit_learn(y_true, y_pred):
    return confusion_matrix(y_true, y_pred).ravel()


@right("confusion_counts")
def by_a_loop(y_true, y_pred):
    tn = fp = fn = tp = 0
    for actual, predicted in zip(y_true, y_pred, strict=True):
        if predicted:
            tp, fp = (tp + 1, fp) if actual else (tp, fp + 1)
        else:
            tn, fn = (tn, fn + 1) if actual else (tn + 1, fn)
    return [tn, fp, fn, tp]


@right("confusion_counts")
def by_bincount(y_true, y_pred):
    return np.bincount(2 * y_true + y_pred, minlength=4)


@right("confusion_counts")
def with_booleans(y_true, y_pred):
    t, p = y_true.astype(bool), y_pred.astype(bool)
    return (~(t | p)).sum(), (p > t).sum(), (p < t).sum(), (t & p).sum()


@right("confusion_counts")
def by_products(y_true, y_pred):
    tp = float(y_true @ y_pred)
    return len(y_true) - y_true.sum() - y_pred.sum() + tp, y_pred.sum() - tp, y_true.sum() - tp, tp


@right("confusion_counts")
def by_counter(y_true, y_pred):
    count = Counter(zip(y_true.tolist(), y_pred.tolist(), strict=True))
    return tuple(count[cell] for cell in ((0, 0), (0, 1), (1, 0), (1, 1)))


@right("confusion_counts")
def by_torch(y_true, y_pred):
    t, p = torch.tensor(y_true), torch.tensor(y_pred)
    return tuple(((t == a) & (p == b)).sum() for a in (0, 1) for b in (0, 1))


@wrong("confusion_counts", "positive-class-swapped")
def zero_is_positive(y_true, y_pred):
    tp = sum((y_true == 0) & (y_pred == 0))
    fp = sum((y_true == 1) & (y_pred == 0))
    fn = sum((y_true == 0) & (y_pred == 1))
    return sum((y_true == 1) & (y_pred == 1)), fp, fn, tp


@wrong("confusion_counts", "false-positives-and-negatives-swapped")
def predictions_first(y_true, y_pred):
    return confusion_matrix(y_pred, y_true).ravel()


@wrong("confusion_counts", "counts-in-another-order")
def positives_first(y_true, y_pred):
    tn, fp, fn, tp = by_bincount(y_true, y_pred)
    return tp, fp, fn, tn


@wrong("confusion_counts", "counts-in-another-order")
def truths_first(y_true, y_pred):
    tn, fp, fn, tp = by_bincount(y_true, y_pred)
    return tp, tn, fp, fn


@wrong("confusion_counts", "one-condition-missing")
def all_alarms(y_true, y_pred):
    tn, _, fn, tp = by_bincount(y_true, y_pred)
    return tn, y_pred.sum(), fn, tp


@wrong("confusion_counts", "hits-not-told-apart")
def all_hits(y_true, y_pred):
    tn, fp, fn, _ = by_bincount(y_true, y_pred)
    return tn, fp, fn, np.equal(y_true, y_pred).sum()


@wrong("confusion_counts", "errors-not-told-apart")
def all_errors(y_true, y_pred):
    tn, fp, fn, tp = by_bincount(y_true, y_pred)
    return tn, fp + fn, fp + fn, tp


@wrong("confusion_counts", "fractions-instead-of-counts")
def shares(y_true, y_pred):
    return by_bincount(y_true, y_pred) / len(y_true)


@wrong("confusion_counts", "empty-cell-dropped")
def without_minlength(y_true, y_pred):
    return tuple(np.bincount(y_pred + 2 * y_true))


@wrong("confusion_counts", "wrong-type")
def as_a_matrix(y_true, y_pred):
    return confusion_matrix(y_true, y_pred)


@wrong("confusion_counts", "wrong-type")
def only_three(y_true, y_pred):
    return by_counter(y_true, y_pred)[:3]


@wrong("confusion_counts", "raises")
def with_and(y_true, y_pred):
    return np.sum(y_true == 1 and y_pred == 1)


@wrong("confusion_counts", "hard-coded-size")
def of_23(y_true, y_pred):
    tp = y_true @ y_pred
    return 23 - y_true.sum() - y_pred.sum() + tp, y_pred.sum() - tp, y_true.sum() - tp, tp


# precision_recall_f1


@right("precision_recall_f1")
def by_counts(tn, fp, fn, tp):
    return tp / max(tp + fp, 1), tp / max(tp + fn, 1), 2 * tp / max(2 * tp + fp + fn, 1)


@right("precision_recall_f1")
def with_small_offset(tn, fp, fn, tp):
    p, r = tp / (tp + fp + 1e-10), tp / (tp + fn + 1e-10)
    return np.array([p, r, 2 * p * r / (p + r + 1e-10)])


@right("precision_recall_f1")
def caught(tn, fp, fn, tp):
    def share(a, b):
        try:
            return a / b
        except ZeroDivisionError:
            return 0.0

    p, r = share(tp, tp + fp), share(tp, fn + tp)
    return [p, r, share(2, share(1, p) + share(1, r))]


@right("precision_recall_f1")
def nan_to_num(tn, fp, fn, tp):
    p, r = np.nan_to_num(np.divide([tp, tp], [tp + fp, tp + fn]))
    return p, r, np.nan_to_num(np.float64(2 * p * r) / (p + r))


@right("precision_recall_f1")
def exact(tn, fp, fn, tp):
    p = Fraction(tp, tp + fp) if tp else Fraction(0)
    r = Fraction(tp, tp + fn) if tp else Fraction(0)
    return p, r, (2 * p * r / (p + r) if tp else 0)


@right("precision_recall_f1")
def rebuilt_for_scikit_learn(tn, fp, fn, tp):
    y_true, y_pred = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp]), np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    return precision_recall_fscore_support(y_true, y_pred, average="binary", zero_division=0)[:3]


@wrong("precision_recall_f1", "precision-recall-swapped")
def exchanged(tn, fp, fn, tp):
    p, r, f1 = by_counts(tn, fp, fn, tp)
    return r, p, f1


@wrong("precision_recall_f1", "f1-is-arithmetic-mean")
def ordinary_mean(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, np.mean([p, r])


@wrong("precision_recall_f1", "f1-is-geometric-mean")
def root_of_the_product(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, math.sqrt(p * r)


@wrong("precision_recall_f1", "precision-recall-swapped", "f1-is-arithmetic-mean")
def exchanged_and_averaged(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return r, p, (r + p) / 2


@wrong("precision_recall_f1", "missing-factor-two")
def half(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, p * r / (p + r) if p + r > 0 else 0


@wrong("precision_recall_f1", "f1-is-jaccard-index")
def jaccard(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, tp / max(tp + fp + fn, 1)


@wrong("precision_recall_f1", "f1-upside-down")
def turned_over(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, (p + r) / (2 * p * r) if p * r > 0 else 0


@wrong("precision_recall_f1", "division-by-zero")
def unguarded(tn, fp, fn, tp):
    p = tp / (tp + fp)
    r = tp / (tp + fn)
    return p, r, 2 * p * r / (p + r)


@wrong("precision_recall_f1", "division-by-zero")
def harmonic_without_guard(tn, fp, fn, tp):
    p, r, _ = by_counts(tn, fp, fn, tp)
    return p, r, 2 / (1 / p + 1 / r)


@wrong("precision_recall_f1", "division-by-zero")
def nan_instead(tn, fp, fn, tp):
    p, r = np.float64(tp) / (tp + fp), np.float64(tp) / (tp + fn)
    return p, r, 2 * p * r / (p + r)


@wrong("precision_recall_f1", "f1-is-arithmetic-mean", "division-by-zero")
def unguarded_mean(tn, fp, fn, tp):
    p, r = tp / (tp + fp), tp / (tp + fn)
    return p, r, (p + r) / 2


@wrong("precision_recall_f1", "precision-recall-swapped", "division-by-zero")
def unguarded_and_exchanged(tn, fp, fn, tp):
    p, r = tp / (tp + fn), tp / (tp + fp)
    return p, r, 2 * p * r / (p + r)


@wrong("precision_recall_f1", "undefined-counts-as-one")
def benefit_of_the_doubt(tn, fp, fn, tp):
    y_true, y_pred = np.repeat([0, 0, 1, 1], [tn, fp, fn, tp]), np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])
    p, r = precision_recall_fscore_support(y_true, y_pred, average="binary", zero_division=1)[:2]
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision_recall_f1", "positive-class-swapped")
def of_class_zero(tn, fp, fn, tp):
    return by_counts(tp, fn, fp, tn)


@wrong("precision_recall_f1", "accuracy-instead-of-precision")
def share_of_hits(tn, fp, fn, tp):
    p, r = (tp + tn) / (tp + tn + fp + fn), by_counts(tn, fp, fn, tp)[1]
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision_recall_f1", "specificity-instead-of-recall")
def specificity(tn, fp, fn, tp):
    p, r = by_counts(tn, fp, fn, tp)[0], tn / (fp + tn)
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision_recall_f1", "percent-instead-of-fraction")
def percentages(tn, fp, fn, tp):
    return [100 * figure for figure in by_counts(tn, fp, fn, tp)]


@wrong("precision_recall_f1", "integer-division")
def whole_numbers(tn, fp, fn, tp):
    p, r = tp // max(tp + fp, 1), tp // max(tp + fn, 1)
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision_recall_f1", "true-positives-not-in-the-whole")
def against_the_errors(tn, fp, fn, tp):
    p, r = (tp / fp if fp else 0), (tp / fn if fn else 0)
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


@wrong("precision_recall_f1", "divided-by-all-samples")
def of_all(tn, fp, fn, tp):
    p = r = tp / (tn + fp + fn + tp)
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


# class_weights


@right("class_weights")
def balanced(y):
    return compute_class_weight("balanced", classes=np.unique(y), y=y)


@right("class_weights")
def one_by_one(y):
    classes = sorted(set(y.tolist()))
    return [len(y) / len(classes) / list(y).count(c) for c in classes]


@right("class_weights")
def from_shares(y):
    return 1 / (np.unique(y, return_counts=True)[1] / y.size * (y.max() + 1))


@right("class_weights")
def mean_count_over_count(y):
    count = np.eye(y.max() + 1, dtype=np.float32)[y].sum(axis=0)
    return count.mean() / count


@right("class_weights")
def by_torch_bincount(y):
    count = torch.bincount(torch.tensor(y))
    return y.shape[0] / (count.shape[0] * count)


@right("class_weights")
def by_value_counts(y):
    count = pd.Series(y).value_counts().sort_index()
    return (len(y) / (len(count) * count)).to_numpy()


@wrong("class_weights", "class-weights-inverted")
def frequencies(y):
    return np.bincount(y) / len(y)


@wrong("class_weights", "class-weights-inverted")
def inverse_of_the_right_one(y):
    return 1 / balanced(y)


@wrong("class_weights", "class-weights-not-normalized")
def m_over_count(y):
    return len(y) / np.unique(y, return_counts=True)[1]


@wrong("class_weights", "class-weights-not-normalized")
def that_add_up_to_one(y):
    weights = 1 / np.bincount(y)
    return weights / weights.sum()


@wrong("class_weights", "class-weights-not-normalized")
def rarest_is_one(y):
    count = np.bincount(y)
    return min(count) / count


@wrong("class_weights", "weights-per-sample")
def looked_up(y):
    return balanced(y)[y]


@wrong("class_weights", "classes-in-wrong-order")
def most_common_first(y):
    count = np.array([n for _, n in Counter(y.tolist()).most_common()])
    return len(y) / (len(count) * count)


@wrong("class_weights", "hard-coded-size")
def two_classes(y):
    return 0.5 * len(y) / np.bincount(y)


@wrong("class_weights", "number-of-classes-off-by-one")
def largest_label(y):
    return len(y) / (y.max() * np.bincount(y))


@wrong("class_weights", "square-root-of-weights")
def softened(y):
    return balanced(y) ** 0.5


@wrong("class_weights", "integer-division")
def rounded_down(y):
    return len(y) // (len(set(y)) * np.bincount(y))


@wrong("class_weights", "classes-in-wrong-order", "class-weights-not-normalized")
def in_order_of_frequency_and_unscaled(y):
    return [len(y) / n for _, n in Counter(y.tolist()).most_common()]


@wrong("class_weights", "wrong-type")
def as_a_dict(y):
    return dict(enumerate(balanced(y)))


# best_threshold


def f1_of(y, p):
    return 2 * int(np.sum(p * y)) / (int(np.sum(p)) + int(np.sum(y)) or 1)


@right("best_threshold")
def by_scikit_learns_f1(y_val, p_val):
    return max(p_val, key=lambda t: f1_score(y_val, p_val >= t))


@right("best_threshold")
def last_of_the_best(y_val, p_val):
    best, best_f1 = None, -1
    for t in sorted(p_val):
        f1 = f1_of(y_val, (p_val >= t).astype(int))
        if f1 >= best_f1:
            best, best_f1 = t, f1
    return float(best)


@right("best_threshold")
def first_of_the_best_in_given_order(y_val, p_val):
    return max(p_val.tolist(), key=lambda t: f1_of(y_val, p_val >= t))


@right("best_threshold")
def from_the_curve(y_val, p_val):
    precision, recall, thresholds = precision_recall_curve(y_val, p_val)
    f1 = 2 * precision * recall / (precision + recall + 1e-12)
    return thresholds[np.argmax(f1[:-1])]


@right("best_threshold")
def nan_is_skipped(y_val, p_val):
    best, best_f1 = 0, 0
    for t in p_val:
        tp = np.sum((p_val >= t) & (y_val == 1))
        p, r = tp / np.sum(p_val >= t), tp / np.sum(y_val)
        f1 = 2 * p * r / (p + r)
        if f1 > best_f1:
            best, best_f1 = t, f1
    return best


@right("best_threshold")
def one_big_comparison(y_val, p_val):
    positive = p_val[None, :] >= p_val[:, None]
    f1 = 2 * (positive @ y_val) / (positive.sum(axis=1) + y_val.sum())
    return np.array(p_val[f1.argmax()])


@right("best_threshold")
def in_single_precision(y_val, p_val):
    return np.float32(one_big_comparison(y_val, p_val))


@wrong("best_threshold", "threshold-not-inclusive")
def above(y_val, p_val):
    return max(sorted(p_val), key=lambda t: f1_of(y_val, p_val > t))


@wrong("best_threshold", "accuracy-instead-of-f1")
def most_hits(y_val, p_val):
    return max(sorted(p_val), key=lambda t: np.mean((p_val >= t) == y_val))


@wrong("best_threshold", "threshold-not-inclusive", "accuracy-instead-of-f1")
def most_hits_above(y_val, p_val):
    return max(sorted(p_val), key=lambda t: np.mean((p_val > t) == y_val))


@wrong("best_threshold", "f1-is-arithmetic-mean")
def best_ordinary_mean(y_val, p_val):
    def score(t):
        tp = np.sum((p_val >= t) & (y_val == 1))
        return tp / np.sum(p_val >= t) + tp / np.sum(y_val)

    return max(sorted(p_val), key=score)


@wrong("best_threshold", "recall-instead-of-f1")
def best_recall(y_val, p_val):
    return max(sorted(p_val), key=lambda t: np.sum(y_val[p_val >= t]))


@wrong("best_threshold", "precision-instead-of-f1")
def best_precision(y_val, p_val):
    return max(sorted(p_val), key=lambda t: np.mean(y_val[p_val >= t]))


@wrong("best_threshold", "youden-index-instead-of-f1")
def best_corner_of_the_roc_curve(y_val, p_val):
    return max(sorted(p_val), key=lambda t: np.mean(p_val[y_val == 1] >= t) - np.mean(p_val[y_val == 0] >= t))


@wrong("best_threshold", "minimum-instead-of-maximum")
def worst(y_val, p_val):
    return min(sorted(p_val), key=lambda t: f1_of(y_val, p_val >= t))


@wrong("best_threshold", "positive-class-swapped")
def best_for_class_zero(y_val, p_val):
    return max(sorted(p_val), key=lambda t: f1_of(1 - y_val, p_val < t))


@wrong("best_threshold", "low-probabilities-called-positive")
def turned_around(y_val, p_val):
    return max(sorted(p_val), key=lambda t: f1_of(y_val, p_val <= t))


@wrong("best_threshold", "index-instead-of-threshold")
def position(y_val, p_val):
    return int(np.argmax([f1_of(y_val, p_val >= t) for t in np.unique(p_val)]))


@wrong("best_threshold", "f1-instead-of-threshold")
def the_score(y_val, p_val):
    return max(f1_of(y_val, p_val >= t) for t in p_val)


@wrong("best_threshold", "threshold-not-a-predicted-value")
def grid(y_val, p_val):
    return max(np.arange(0, 1, 0.01), key=lambda t: f1_of(y_val, p_val >= t))


@wrong("best_threshold", "threshold-not-a-predicted-value")
def rounded(y_val, p_val):
    return round(last_of_the_best(y_val, p_val), 2)


@wrong("best_threshold", "threshold-not-searched")
def one_half(y_val, p_val):
    return 0.5


@wrong("best_threshold", "ends-not-tried")
def without_the_smallest(y_val, p_val):
    return max(sorted(set(p_val))[1:], key=lambda t: f1_of(y_val, p_val >= t))


@wrong("best_threshold", "division-by-zero")
def nan_wins(y_val, p_val):
    t = np.unique(p_val)
    positive = p_val >= t[:, None]
    precision, recall = (positive @ y_val) / positive.sum(axis=1), (positive @ y_val) / y_val.sum()
    return t[np.argmax(2 * precision * recall / (precision + recall))]


@wrong("best_threshold", "equal-probabilities-split")
def cumulative(y_val, p_val):
    order = sorted(range(len(p_val)), key=lambda i: -p_val[i])
    tp, best, best_f1 = 0, None, -1
    for rank, i in enumerate(order, 1):
        tp += y_val[i]
        f1 = 2 * tp / (rank + sum(y_val))
        if f1 > best_f1:
            best, best_f1 = p_val[i], f1
    return best


@wrong("best_threshold", "wrong-type")
def with_its_score(y_val, p_val):
    t = last_of_the_best(y_val, p_val)
    return t, f1_of(y_val, p_val >= t)


@wrong("best_threshold", "returns-none")
def printed(y_val, p_val):
    print(last_of_the_best(y_val, p_val))


@wrong("best_threshold", "changes-its-input")
def sorted_in_place(y_val, p_val):
    t = last_of_the_best(y_val, p_val)
    p_val.sort()
    return t


# adam_step


torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))]).step()  # the first step loads half of torch


@right("adam_step")
def by_torch_adam(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    parameter = torch.nn.Parameter(torch.tensor(value))
    parameter.grad = torch.tensor(grad)
    adam = torch.optim.Adam([parameter], lr=lr, betas=(beta1, beta2), eps=eps)
    m, v = torch.tensor(state["m"]), torch.tensor(state["v"])
    adam.state[parameter] = {"step": torch.tensor(float(state["t"])), "exp_avg": m, "exp_avg_sq": v}
    adam.step()
    value[...] = parameter.detach().numpy()
    state.update(t=state["t"] + 1, m=m.numpy(), v=v.numpy())


@right("adam_step")
def all_in_place(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v = state["m"], state["v"]
    state["t"] = t = state["t"] + 1
    m *= beta1
    m += (1 - beta1) * grad
    v *= beta2
    v += (1 - beta2) * np.square(grad)
    step = lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    np.subtract(value, step, out=value)
    return value, state


@right("adam_step")
def as_keras_does(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] += (grad - state["m"]) * (1 - beta1)
    state["v"] += (grad**2 - state["v"]) * (1 - beta2)
    alpha = lr * np.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
    value[:] = value - alpha * state["m"] / (np.sqrt(state["v"]) + eps)


@right("adam_step")
def number_by_number(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    t = state["t"] + 1
    m, v = np.empty_like(value), np.empty_like(value)
    for i in np.ndindex(value.shape):
        m[i] = beta1 * state["m"][i] + (1 - beta1) * grad[i]
        v[i] = beta2 * state["v"][i] + (1 - beta2) * grad[i] * grad[i]
        value[i] -= lr * (m[i] / (1 - beta1**t)) / (math.sqrt(v[i] / (1 - beta2**t)) + eps)
    state["t"], state["m"], state["v"] = t, m.tolist(), v.tolist()
    state["m"], state["v"] = np.array(state["m"]), np.array(state["v"])


def adam(edit):
    """Return an Adam step written as learners do, with one part replaced."""

    def step(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        parts = {
            "t": lambda: state["t"] + 1,
            "m": lambda: beta1 * state["m"] + (1 - beta1) * grad,
            "v": lambda: beta2 * state["v"] + (1 - beta2) * grad * grad,
            "m_hat": lambda m, t: m / (1 - beta1**t),
            "v_hat": lambda v, t: v / (1 - beta2**t),
            "below": lambda v_hat: v_hat**0.5 + eps,
            "step": lambda m_hat, below: lr * m_hat / below,
        }
        parts.update(edit(grad, state, lr, beta1, beta2, eps))
        t = state["t"] = parts["t"]()
        m = state["m"] = parts["m"]()
        v = state["v"] = parts["v"]()
        value -= parts["step"](parts["m_hat"](m, t), parts["below"](parts["v_hat"](v, t)))

    return step


EDITS = {
    "bias-correction-missing": {"m_hat": lambda m, t: m, "v_hat": lambda v, t: v},
    "root-missing": lambda grad, state, lr, b1, b2, eps: {"below": lambda v_hat: v_hat + eps},
    "epsilon-inside-root": lambda grad, state, lr, b1, b2, eps: {"below": lambda v_hat: (v_hat + eps) ** 0.5},
    "epsilon-missing": {"below": np.sqrt},
    "ascent-instead-of-descent": lambda grad, state, lr, b1, b2, eps: {"step": lambda m, b: -lr * m / b},
    "learning-rate-ignored": {"step": lambda m_hat, below: m_hat / below},
    "second-average-not-used": lambda grad, state, lr, b1, b2, eps: {"step": lambda m, b: lr * m},
    "first-average-not-used": lambda grad, state, lr, b1, b2, eps: {"step": lambda m, b: lr * grad / b},
    "step-count-not-advanced": lambda grad, state, lr, b1, b2, eps: {
        "t": lambda: state["t"],
        "m_hat": lambda m, t: m / (1 - b1 ** (t + 1)),
        "v_hat": lambda v, t: v / (1 - b2 ** (t + 1)),
    },
    "step-count-advanced-too-late": lambda grad, state, lr, b1, b2, eps: {
        "m_hat": lambda m, t: m / (1 - b1 ** (t - 1)),
        "v_hat": lambda v, t: v / (1 - b2 ** (t - 1)),
    },
    "bias-correction-without-step-count": lambda grad, state, lr, b1, b2, eps: {
        "m_hat": lambda m, t: m / (1 - b1),
        "v_hat": lambda v, t: v / (1 - b2),
    },
    "bias-correction-multiplied": lambda grad, state, lr, b1, b2, eps: {
        "m_hat": lambda m, t: m * (1 - b1**t),
        "v_hat": lambda v, t: v * (1 - b2**t),
    },
    "moments-swapped": lambda grad, state, lr, b1, b2, eps: {
        "m": lambda: b2 * state["m"] + (1 - b2) * grad,
        "v": lambda: b1 * state["v"] + (1 - b1) * grad**2,
        "m_hat": lambda m, t: m / (1 - b2**t),
        "v_hat": lambda v, t: v / (1 - b1**t),
    },
    "decay-and-share-swapped": lambda grad, state, lr, b1, b2, eps: {
        "m": lambda: state["m"] + b1 * (grad - state["m"]),
        "v": lambda: state["v"] + b2 * (grad**2 - state["v"]),
    },
    "share-of-new-gradient-missing": lambda grad, state, lr, b1, b2, eps: {
        "m": lambda: b1 * state["m"] + grad
    },
    "gradient-not-squared": lambda grad, state, lr, b1, b2, eps: {
        "v": lambda: b2 * state["v"] + (1 - b2) * grad
    },
    "argument-replaced-by-its-default": lambda grad, state, lr, b1, b2, eps: {
        "v": lambda: 0.999 * state["v"] + 0.001 * grad**2,
        "v_hat": lambda v, t: v / (1 - 0.999**t),
    },
}

for slug, edit in EDITS.items():
    answer = adam((lambda fixed: lambda *a: fixed)(edit) if isinstance(edit, dict) else edit)
    WRONG.append(pytest.param("adam_step", (slug,), answer, id=f"adam_step-{slug}"))

WRONG.append(
    pytest.param(
        "adam_step",
        ("bias-correction-missing", "epsilon-inside-root"),
        adam(
            lambda grad, state, lr, b1, b2, eps: {
                "m_hat": lambda m, t: m,
                "v_hat": lambda v, t: v,
                "below": lambda v_hat: np.sqrt(v_hat + eps),
            }
        ),
        id="adam_step-uncorrected-and-inside",
    )
)


@wrong("adam_step", "update-not-in-place")
def local_name(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    copy = value.copy()
    all_in_place(copy, grad, state, lr, beta1, beta2, eps)
    return copy


@wrong("adam_step", "state-not-kept")
def without_memory(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    t, m, v = state["t"], state["m"], state["v"]
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad**2
    value -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)


@wrong("adam_step", "corrected-averages-stored")
def corrected_twice(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] = (beta1 * state["m"] + (1 - beta1) * grad) / (1 - beta1 ** state["t"])
    state["v"] = (beta2 * state["v"] + (1 - beta2) * grad**2) / (1 - beta2 ** state["t"])
    value -= lr * state["m"] / (np.sqrt(state["v"]) + eps)


@wrong("adam_step", "changes-its-input")
def scaled_gradient(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    all_in_place(value, grad, state, lr, beta1, beta2, eps)
    grad *= 0


@wrong("adam_step", "raises")
def attribute_instead_of_key(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state.t += 1


@pytest.mark.parametrize(("name", "function"), RIGHT)
def test_right_answers_pass(name, function):
    result = check(name, function)
    assert result.status == "passed", str(result)


@pytest.mark.parametrize(("name", "slugs", "function"), WRONG)
def test_wrong_answers_are_named(name, slugs, function):
    result = check(name, function)
    assert result.status in ("failed", "error")
    assert set(result.mistakes) == set(slugs), str(result)


def test_a_pair_instead_of_a_threshold_is_described():
    assert (
        "should return a threshold, but it gives a tuple of 2 values"
        in check("best_threshold", with_its_score).message
    )


# The references against others' code


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=30))
def test_counts_and_figures_agree_with_scikit_learn(samples):
    y_true, y_pred = np.array(samples).T
    counts = references.confusion_counts(y_true, y_pred)
    assert counts == tuple(confusion_matrix(y_true, y_pred, labels=[0, 1]).ravel())
    expected = precision_recall_fscore_support(y_true, y_pred, average="binary", zero_division=0)[:3]
    np.testing.assert_allclose(references.precision_recall_f1(*counts), expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 3), max_size=30))
def test_weights_are_scikit_learns_balanced_ones(labels):
    y = np.array([0, 1, 2, 3, *labels])
    np.testing.assert_allclose(references.class_weights(y), balanced(y))
    assert references.class_weights(y)[y].sum() == pytest.approx(len(y))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 99)), min_size=1, max_size=20))
def test_no_threshold_beats_the_best(samples):
    y, p = np.array([1, *(y for y, _ in samples)]), np.array([0.5, *(p / 100 for _, p in samples)])
    best = references.best_threshold(y, p)
    assert best in p
    assert f1_of(y, p >= best) == max(f1_of(y, p >= t) for t in np.linspace(0, 1, 201))


@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_twenty_steps_agree_with_torch(shape):
    rng = np.random.default_rng(0)
    ours = rng.normal(size=shape)
    theirs, states = ours.copy(), [{"t": 0, "m": np.zeros(shape), "v": np.zeros(shape)} for _ in range(2)]
    for _ in range(20):
        grad = rng.normal(size=shape)
        references.adam_step(ours, grad, states[0], 0.02, 0.8, 0.99, 1e-6)
        by_torch_adam(theirs, grad, states[1], 0.02, 0.8, 0.99, 1e-6)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    assert states[0]["t"] == 20
