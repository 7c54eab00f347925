"""The record of a run: its figures, its table, its picture."""

import re

import matplotlib as mpl
import numpy as np
import pytest
from fitting import VALIDATION, train

from nnlab import EarlyStopping, History, accuracy

mpl.use("Agg")


def test_a_history_shows_its_figures():
    _, history = train(epochs=4, metrics={"accuracy": accuracy}, validation=VALIDATION)
    assert len(history) == 4
    names = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert list(history.metrics) == names
    assert history["loss"] is history.metrics["loss"]
    assert all(type(value) is float for name in names for value in history[name])
    table = history.to_frame()
    assert list(table.columns) == names
    assert list(table.index) == [1, 2, 3, 4]
    assert table.index.name == "epoch"
    assert table.loc[2, "val_loss"] == history["val_loss"][1]
    pattern = (
        r"History\(4 epochs, finished; last: loss 0\.\d+, accuracy 0\.\d+, val_loss 0\.\d+, val_accuracy"
    )
    assert re.match(pattern, repr(history))
    assert repr(History()) == "History(0 epochs, running; last: nothing yet)"
    with pytest.raises(KeyError, match="History holds loss, accuracy, val_loss, val_accuracy; got 'auc'"):
        history["auc"]


def test_a_history_plots_on_the_axes_it_is_given():
    from matplotlib.figure import Figure

    _, history = train(epochs=4, metrics={"accuracy": accuracy}, validation=VALIDATION)
    ax = Figure().subplots()
    assert history.plot("accuracy", ax=ax) is ax
    training, validation, best = ax.get_lines()
    np.testing.assert_array_equal(training.get_ydata(), history["accuracy"])
    np.testing.assert_array_equal(validation.get_ydata(), history["val_accuracy"])
    np.testing.assert_array_equal(training.get_xdata(), [1, 2, 3, 4])
    assert training.get_linestyle() != validation.get_linestyle()  # never color alone
    assert list(best.get_xdata()) == [history.best_epoch] * 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["training", "validation", f"best epoch ({history.best_epoch})"]


def test_a_history_without_validation_plots_one_line_on_the_current_axes():
    import matplotlib.pyplot as plt

    _, history = train(epochs=4)
    _, ax = plt.subplots()
    assert history.plot() is ax
    assert len(ax.get_lines()) == 1
    plt.close("all")
    with pytest.raises(KeyError, match="History holds loss; got 'val_loss'"):
        history.plot("val_loss")
    with pytest.raises(KeyError, match="History holds nothing yet"):
        History().plot()
    assert not plt.get_fignums()  # a refusal leaves no empty figure behind


@pytest.mark.parametrize(
    ("monitor", "best_epoch", "learned"),
    [
        ("loss", 0, False),
        ("loss", 1, False),
        ("loss", 2, True),
        ("val_loss", 0, False),
        ("val_loss", 1, True),
    ],
)
def test_whether_anything_was_learned_depends_on_when_the_best_was_measured(monitor, best_epoch, learned):
    assert History(best_epoch=best_epoch, monitor=monitor).learned is learned


def test_a_history_knows_by_what_its_best_epoch_is_the_best():
    assert train(epochs=1)[1].monitor == "loss"
    assert train(epochs=1, validation=VALIDATION)[1].monitor == "val_loss"
    judge = EarlyStopping("val_accuracy", patience=3)
    _, history = train(epochs=1, validation=VALIDATION, metrics={"accuracy": accuracy}, callbacks=[judge])
    assert history.monitor == "val_accuracy"
