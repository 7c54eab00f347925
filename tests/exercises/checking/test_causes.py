"""A cause is named only where it is proven: answers that look like a known mistake and are another one."""

import numpy as np
import pytest

from nnlab.exercises.checking import checker, registry

ANSWERS = []


def answer(name, *slugs, says=(), never=()):
    """Add a wrong answer with the mistakes it is told, what the message says, and what it must not say."""

    def add(function):
        label = f"{name}-{function.__name__}"
        ANSWERS.append(pytest.param(name, function, slugs, says, never, id=label))
        return function

    return add


SIZE = ("relies on the size", "fixed number")


# A size that is typed in


@answer("minibatches", "batches-overlap", never=SIZE)
def batches_grow(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    for k in range(-(-len(X) // batch_size)):
        rows = order[k : batch_size * (k + 1)]
        yield X[rows], y[rows]


@answer("adam_step", "argument-replaced-by-its-default", never=SIZE)
def eps_of_its_own(value, grad, state, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    state["t"] += 1
    state["m"] += (1 - beta1) * (grad - state["m"])
    state["v"] += (1 - beta2) * (grad * grad - state["v"])
    m_hat, v_hat = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
    value -= lr * m_hat / (np.sqrt(v_hat) + 1e-7)


@answer("accuracy", "argmin-instead-of-argmax", never=SIZE)
def least_probable_class(Y_hat, Y):
    return float((Y_hat.argmin(axis=1) == Y.argmax(axis=1)).mean())


@answer("accuracy", says=["right on some inputs"], never=SIZE)
def returns_after_the_first_sample(Y_hat, Y):
    hits = 0
    for p, y in zip(Y_hat, Y, strict=True):
        hits += p.argmax() == y.argmax()
        return hits / len(Y)


@answer("accuracy", "hard-coded-size", says=["relies on the size 7"])
def divided_by_seven(Y_hat, Y):
    return (Y_hat.argmax(axis=1) == Y.argmax(axis=1)).sum() / 7


@answer("accuracy", "hard-coded-size", says=["index 6 is out of bounds", "relies on the size 7"])
def seven_rows(Y_hat, Y):
    return sum(Y_hat[i].argmax() == Y[i].argmax() for i in range(7)) / len(Y)


@answer("linear", "hard-coded-size", says=["relies on the size 4"])
def four_columns(X, W, b):
    Z = np.zeros((len(X), 4))
    Z[:] = X @ W + b
    return Z


@answer("class_weights", "hard-coded-size", says=["the fixed number 40 where a size is meant"])
def forty_samples(y):
    counts = np.bincount(y)
    return 40 / (len(counts) * counts)


@answer("linear", "bias-omitted", "hard-coded-size", says=["Also, a size is hard-coded"])
def no_bias_and_seven_rows(X, W, b):
    return (X @ W) * len(X) / 7


# Digits


@answer("accuracy", "result-rounded", says=["right but rounded"], never=SIZE)
def two_places(Y_hat, Y):
    return round(float((Y_hat.argmax(axis=1) == Y.argmax(axis=1)).mean()), 2)


@answer("precision_recall_f1", "result-rounded", says=["right but rounded"])
def four_places(tn, fp, fn, tp):
    shares = (
        tp / (tp + fp) if tp else 0,
        tp / (tp + fn) if tp else 0,
        2 * tp / (2 * tp + fp + fn) if tp else 0,
    )
    return tuple(round(share, 4) for share in shares)


@answer("linear", "half-precision", says=["the precision of its type, float16"])
def half(X, W, b):
    return (X @ W + b).astype(np.float16)


# Factors


@answer("init_params", "he-instead-of-xavier", never=[*SIZE, "m /", "kurtosis"])
def for_rectifiers(n_x, n_h, n_y, rng):
    draw = lambda n, k: rng.normal(size=(n, k)) * np.sqrt(2 / n)  # noqa: E731
    return {"Wh": draw(n_x, n_h), "bh": np.zeros(n_h), "Wy": draw(n_h, n_y), "by": np.zeros(n_y)}


@answer("backward", "bias-gradient-not-averaged")
def biases_summed(params, cache, Y):
    m, dY = len(Y), cache["Y_hat"] - Y
    dH = dY @ params["Wy"].T * (1 - cache["H"] ** 2)
    return {"Wh": cache["X"].T @ dH / m, "bh": dH.sum(0), "Wy": cache["H"].T @ dY / m, "by": dY.sum(0)}


@answer("linear", "bias-added-twice", never=["do not count"])
def bias_twice(X, W, b):
    Z = X @ W + b
    return Z + b


# One value for all


@answer("accuracy", says=["gives 0.25 for every input"], never=["equality"])
def a_quarter(Y_hat, Y):
    return 0.25


@answer("accuracy", "all-or-nothing", never=["equality"])
def whole_division(Y_hat, Y):
    return int((Y_hat.argmax(axis=1) == Y.argmax(axis=1)).sum()) // len(Y)


@answer("accuracy", "all-or-nothing", never=["equality"])
def all_or_nothing(Y_hat, Y):
    return np.all(Y_hat.argmax(axis=1) == Y.argmax(axis=1))


@answer("accuracy", "argmax-over-whole-array", never=["equality"])
def one_position_for_all(Y_hat, Y):
    return np.mean(Y_hat.argmax() == Y.argmax())


@answer("accuracy", says=["gives 1 for every input"])
def always_right(Y_hat, Y):
    return 1.0


@answer("accuracy", "probabilities-compared-for-equality")
def equal_probabilities(Y_hat, Y):
    return (Y_hat == Y).mean()


@answer("softmax", "shifted-by-a-fixed-number", never=["exponential is missing", "logarithm of the softmax"])
def shifted_by_a_number(scores):
    with np.errstate(all="ignore"):
        powers = np.exp(scores - 995)
        return powers / powers.sum(axis=1, keepdims=True)


@answer("cross_entropy", "zero-probability-skipped", never=["infinite or NaN"])
def zeros_skipped(Y_hat, Y):
    logs = np.log(np.where(Y_hat > 0, Y_hat, 1))
    return -(Y * logs).sum() / len(Y)


# Structure before content


@answer("confusion_counts", "counts-in-another-order", never=["changed places"])
def positives_first(y_true, y_pred):
    cells = [np.count_nonzero((y_true == a) & (y_pred == b)) for a, b in ((1, 1), (0, 1), (1, 0), (0, 0))]
    return tuple(cells)


@answer("softmax", "wrong-type", says=["should be one value", "a tuple of 2 values"])
def with_the_scores(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), scores


@answer(
    "confusion_counts", "wrong-type", says=["4 values, as in `return tn, fp, fn, tp`", "a tuple of 2 values"]
)
def two_of_four(y_true, y_pred):
    return 1, 2


@answer("standardize", "wrong-type", says=["2 values, as in `return train, test`"])
def only_train(X_train, X_test):
    return X_train - X_train.mean(axis=0)


@answer("minibatches", "two-lists-instead-of-pairs")
def lists_apart(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    parts = [order[k : k + batch_size] for k in range(0, len(X), batch_size)]
    return [X[p] for p in parts], [y[p] for p in parts]


@answer("minibatches", "last-batch-padded", never=["drawn anew"])
def last_batch_filled_up(X, y, batch_size, rng):
    order = rng.permutation(len(X))
    order = np.r_[order, order[: -len(order) % batch_size]]
    for k in range(0, len(order), batch_size):
        yield X[order[k : k + batch_size]], y[order[k : k + batch_size]]


KEYS = "params should be a dict with the keys 'Wh', 'bh', 'Wy', 'by', but your function gives"


@answer("init_params", "wrong-type", says=[f"{KEYS} a dict with the keys 'W1', 'b1'"], never=["seed"])
def numbered_keys(n_x, n_h, n_y, rng):
    return {"W1": np.ones((n_x, n_h)), "b1": np.zeros(n_h), "W2": np.ones((n_h, n_y)), "b2": np.zeros(n_y)}


@answer("init_params", "wrong-type", says=[f"{KEYS} a list of 4 values"])
def a_list(n_x, n_h, n_y, rng):
    return [np.ones((n_x, n_h)), np.zeros(n_h), np.ones((n_h, n_y)), np.zeros(n_y)]


@answer("linear", "wrong-type", says=["Z is an np.matrix", "`*` is the matrix product"])
def matrices(X, W, b):
    return np.matrix(X) * np.matrix(W) + b


@answer("linear", "wrong-type", says=["Z is an np.ma.MaskedArray"])
def masked(X, W, b):
    return np.ma.masked_less(X @ W + b, 0)


@answer("sgd_step", "wrong-type", says=["params['Wh'] is missing after the call"])
def takes_all_away(params, grads, lr):
    params.clear()


@answer("best_threshold", "f-beta-instead-of-f1", never=["recall alone"])
def recall_counts_double(y_val, p_val):
    return best_by(y_val, p_val, lambda tp, fp, fn: 5 * tp / (5 * tp + 4 * fn + fp))


@answer("best_threshold", "macro-f1-instead-of-f1", never=["Youden"])
def mean_of_both_classes(y_val, p_val):
    n = len(y_val)

    def macro(tp, fp, fn):
        tn = n - tp - fp - fn
        return tp / (2 * tp + fp + fn) + tn / max(2 * tn + fp + fn, 1)

    return best_by(y_val, p_val, macro)


def best_by(y, p, worth):
    thresholds = np.unique(p)
    counts = [(np.sum(y & (p >= t)), np.sum((1 - y) & (p >= t)), np.sum(y & (p < t))) for t in thresholds]
    return thresholds[np.argmax([worth(*c) for c in counts])]


INTERNAL = ("kurtosis", "and rng", "large and finite", "of the order", "every sample once")


@pytest.mark.parametrize(("name", "function", "slugs", "says", "never"), ANSWERS)
def test_a_cause_is_told_only_where_it_is_proven(name, function, slugs, says, never):
    result = checker.judge(registry.find(name), function)
    assert result.status in ("failed", "error")
    assert result.mistakes == slugs
    for words in says:
        assert words in str(result)
    for words in (*never, *INTERNAL):
        assert words not in str(result)
    assert len(result.message.splitlines()) <= checker.MOST_LINES


def test_scores_under_a_squared_error_are_not_sent_to_transpose_a_layer():
    torch = pytest.importorskip("torch")

    def torch_step(model, optimizer, X, y):
        loss = torch.nn.functional.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    result = checker.judge(registry.find("torch_step"), torch_step)
    assert result.status == "error"
    assert "as a squared error would" in result.message
    assert "transpose" not in result.message


# Right in any style


def einsum(scores):
    powers = np.exp(scores - scores.max(axis=1)[:, None])
    return np.einsum("ij,i->ij", powers, 1 / np.einsum("ij->i", powers))


def a_list_of_lists(scores):
    return [[float(p) for p in row] for row in einsum(scores)]


def a_tuple_of_rows(scores):
    return tuple(einsum(scores))


def single_precision(scores):
    return einsum(scores.astype(np.float32))


@pytest.mark.parametrize("function", [einsum, a_list_of_lists, a_tuple_of_rows, single_precision])
def test_a_right_softmax_passes_in_any_style(function):
    assert checker.judge(registry.find("softmax"), function).status == "passed"


# What is said, and how much of it


def test_as_many_digits_are_shown_as_it_takes_to_see_the_difference():
    rounds = lambda Y_hat, Y: round(float((Y_hat.argmax(1) == Y.argmax(1)).mean()), 6)  # noqa: E731
    rows = dict(checker.judge(registry.find("accuracy"), rounds).example.rows)
    assert (rows["expected accuracy"], rows["got accuracy"]) == ("0.6666667", "0.666667")


def huge_key(X, W, b):
    return {"k" * 1_000_000: 1}


def huge_class(X, W, b):
    return type("K" * 1_000_000, (), {})()


def huge_error(X, W, b):
    raise type("E" * 1_000_000, (ValueError,), {})("x" * 1_000_000)


def misleading_class(X, W, b):
    class Meta(type):
        __name__ = property(lambda cls: "n" * 1_000_000)

    return Meta("Nice", (), {})()


@pytest.mark.parametrize("function", [huge_key, huge_class, huge_error, misleading_class])
def test_a_card_is_bounded_whatever_the_learner_names(function):
    result = checker.judge(registry.find("linear"), function)
    assert result.status in ("failed", "error")
    assert len(result._repr_html_()) < 6_000


def test_a_function_that_wraps_itself_is_judged_as_it_is():
    def linear(X, W, b):
        return X @ W + b

    linear.__wrapped__ = linear
    assert checker.judge(registry.find("linear"), linear).status == "passed"


@pytest.mark.parametrize("how", ["fork", "thread"])
def test_check_inside_the_function_that_it_checks_is_refused(how):
    def linear(X, W, b):
        checker.check("linear", linear, record=False)
        return X @ W + b

    result = checker.judge(registry.find("linear"), linear, how)
    assert result.mistakes == ("raises",)
    assert "check was called inside the function that it checks" in result.message
    assert checker.judge(registry.find("linear"), lambda X, W, b: X @ W + b, how).status == "passed"


def test_a_tie_is_told_as_a_tie_in_few_lines():
    exercise = registry.find("linear")
    slugs = [known.slug for known in exercise.mistakes]
    readings = [(slugs[0], other) for other in slugs[1:]]
    told, lines = checker._tell(exercise, readings)
    assert lines[0].endswith("either 1 and 2, or 1 and 3, or 1 and 4.")
    assert told == tuple(slugs[: checker.MOST_TOLD])
    assert len(lines) == checker.MOST_LINES
