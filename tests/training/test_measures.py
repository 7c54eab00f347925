"""What is measured of a network: scores in evaluation mode, the loss, metrics."""

import re

import numpy as np
import pytest
from fitting import Probe, X, make_network

from nnlab import Sequential, predict_scores


@pytest.mark.parametrize("batch_size", [1, 7, 60, 4096])
def test_scores_do_not_depend_on_the_batch_size(batch_size):
    network = make_network()
    scores = predict_scores(network, X, batch_size=batch_size)
    np.testing.assert_allclose(scores, network.eval().forward(X), rtol=1e-12, atol=1e-15)


def test_scores_of_lists_keep_the_networks_dtype():
    assert predict_scores(make_network(dtype=np.float32), [[1, 2], [3, 4]], batch_size=1).dtype == np.float32


@pytest.mark.parametrize(
    ("X", "batch_size", "error", "message"),
    [
        (X, 0, ValueError, "predict_scores expected batch_size >= 1, got 0"),
        (X, 2.5, TypeError, "predict_scores expected batch_size as an integer, got float 2.5"),
        (X[:, :1], 8, ValueError, "Linear expected X of shape (m, 2), got (8, 1)"),
        (X[:0], 8, ValueError, "Linear expected X of shape (m, 2), got (0, 2); it is empty"),
        (X.astype(np.float32), 8, TypeError, "predict_scores expected X of dtype float64, got float32"),
    ],
)
def test_predict_scores_refuses(X, batch_size, error, message):
    with pytest.raises(error, match=re.escape(message)):
        predict_scores(make_network(), X, batch_size=batch_size)


def test_predict_scores_passes_nan_on():
    assert np.isnan(predict_scores(make_network(), np.full((3, 2), np.nan))).all()


@pytest.mark.parametrize("mode", [True, False])
def test_predictions_are_made_in_evaluation_mode_and_the_mode_is_put_back(mode):
    probe = Probe()
    network = Sequential(probe, make_network()).train(mode)
    predict_scores(network, X, batch_size=40)
    assert probe.calls == [(40, False), (20, False)]
    assert network.training is probe.training is mode
    with pytest.raises(ValueError, match="Linear expected X of shape"):
        predict_scores(network, X[:, :1])
    assert probe.training is mode
