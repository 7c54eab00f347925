"""One step's gradients: as a whole and by blocks; the penalty; where NaN arose."""

import tracemalloc

import numpy as np
import pytest
from fitting import Noisy, make_network, rectified

from nnlab import (
    MLP,
    SGD,
    Adam,
    Linear,
    ReLU,
    Sequential,
    accuracy,
    fit,
    mean_squared_error,
    softmax_cross_entropy,
)
from nnlab._check import NonFiniteError
from nnlab.layers import Residual
from nnlab.training import steps


def large_batch(*, weighted):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(23, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int), rng.uniform(0.5, 2, 23) if weighted else None


@pytest.mark.parametrize("weighted", [False, True])
def test_a_large_batch_taken_by_blocks_gives_the_gradients_of_the_whole(weighted, monkeypatch):
    X, y, weight = large_batch(weighted=weighted)
    results = []
    for block in (1000, 5):
        monkeypatch.setattr(steps, "BLOCK", block)
        network = make_network()
        history = fit(
            network,
            X,
            y,
            loss=softmax_cross_entropy,
            optimizer=Adam(network.parameters(), lr=0.1),
            epochs=20,
            sample_weight=weight,
            metrics={"accuracy": accuracy},
        )
        results.append([*history["loss"], *history["accuracy"], *network.layers[0].W.value.ravel()])
    np.testing.assert_allclose(results[0], results[1], rtol=1e-9)


def summed(scores, targets, sample_weight=None):
    loss, gradient = softmax_cross_entropy(scores, targets, sample_weight)
    return loss * len(targets), gradient * len(targets)


def of_some(scores, targets):
    """Cross-entropy that ignores label 0, as `ignore_index` does; refuses rows that are all ignored."""
    kept = targets != 0
    if not kept.any():
        raise ValueError("all targets are ignored")
    gradient = np.zeros_like(scores)
    loss, gradient[kept] = softmax_cross_entropy(scores[kept], targets[kept])
    return loss, gradient


@pytest.mark.parametrize("loss", [summed, of_some])
@pytest.mark.parametrize("order", ["sorted", "mixed"])
def test_a_loss_that_is_not_a_mean_over_rows_is_taken_of_the_whole_batch(loss, order, monkeypatch):
    monkeypatch.setattr(steps, "BLOCK", 5)
    X, y, _ = large_batch(weighted=False)
    if order == "sorted":  # whole blocks are ignored
        X, y = X[np.argsort(y)], np.sort(y)
    network, by_hand = make_network(), make_network()
    fit(network, X, y, loss=loss, optimizer=SGD(network.parameters(), lr=0.01), epochs=1)
    by_hand.backward(loss(by_hand.forward(X), y)[1])
    SGD(by_hand.parameters(), lr=0.01).step()
    np.testing.assert_allclose(network.layers[0].W.value, by_hand.layers[0].W.value, rtol=1e-12)


def test_which_batches_go_by_blocks(monkeypatch):
    monkeypatch.setattr(steps, "BLOCK", 5)
    X, y, _ = large_batch(weighted=False)
    data, scores = steps.Data(X, y), np.zeros((1, 2))
    mixing = Sequential(Linear(2, 8), Residual(Noisy(rng=np.random.default_rng(0))), Linear(8, 2))

    def way(network=None, loss=softmax_cross_entropy, rows=23):
        return steps.backpropagation(network or make_network(), data, loss, scores, rows)

    assert way() is steps.by_blocks
    assert way(rows=5) is steps.as_a_whole
    assert way(mixing) is steps.as_a_whole  # nested, a layer that mixes the samples of a batch
    assert way(loss=summed) is steps.as_a_whole


@pytest.mark.parametrize("batch_size", [None, 64])
def test_the_memory_of_training_hardly_grows_with_the_rows(batch_size):
    peaks = []
    for m in (20_000, 80_000):
        X, y = np.ones((m, 2), np.float32), np.zeros(m, int)
        network = MLP([2, 64, 10], activation=ReLU, rng=np.random.default_rng(0), dtype=np.float32)
        optimizer = SGD(network.parameters(), lr=0.1)
        tracemalloc.start()
        fit(network, X, y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=1, batch_size=batch_size)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Per row no more than scores (twice: also zeros to try the loss with) and its place in the order.
    assert peaks[1] - peaks[0] < 60_000 * (2 * 10 * 4 + 8) * 1.1


def test_a_bad_target_beyond_the_first_block_is_named_by_its_row(monkeypatch):
    monkeypatch.setattr(steps, "BLOCK", 5)
    X, y, _ = large_batch(weighted=False)
    y = y.astype(float)[:, None]
    y[17] = np.nan
    network = MLP([2, 1], activation=ReLU, rng=np.random.default_rng(0))
    with pytest.raises(NonFiniteError, match=r"finite targets, got nan at \[17, 0\]"):
        fit(network, X, y, loss=mean_squared_error, optimizer=SGD(network.parameters(), lr=0.1), epochs=1)


# ------------------------------------------------------------------------------------------- penalty


def halved_squares(network):
    """½ Σ W², whose gradient is W."""
    W = [p for _, p in network.named_parameters() if p.value.ndim == 2]
    return 0.5 * sum(float((p.value**2).sum()) for p in W), [(p, p.value.copy()) for p in W]


@pytest.mark.parametrize("block", [1000, 5])
def test_a_penalty_joins_loss_and_gradients_once_a_step_and_not_the_validation(block, monkeypatch):
    monkeypatch.setattr(steps, "BLOCK", block)
    X, y, _ = large_batch(weighted=False)
    network, by_hand = make_network(), make_network()
    optimizer, by_hand_optimizer = (SGD(n.parameters(), lr=0.1) for n in (network, by_hand))
    settings = {"loss": softmax_cross_entropy, "optimizer": optimizer, "epochs": 2, "penalty": halved_squares}
    history = fit(network, X, y, validation=(X, y), **settings)
    expected = {"loss": [], "val_loss": []}
    for _ in range(2):
        loss, gradient = softmax_cross_entropy(by_hand.forward(X), y)
        by_hand.backward(gradient)
        expected["loss"].append(loss + halved_squares(by_hand)[0])
        for layer in (by_hand.layers[0], by_hand.layers[2]):
            layer.W.grad = layer.W.grad + layer.W.value
        by_hand_optimizer.step()
        expected["val_loss"].append(softmax_cross_entropy(by_hand.forward(X), y)[0])
    assert history["loss"] == pytest.approx(expected["loss"], rel=1e-12)
    assert history["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-12)


def test_a_penalty_that_is_not_finite_is_a_divergence():
    with pytest.raises(NonFiniteError, match="the penalty is inf; lower the learning rate"):
        steps.add_penalty(make_network(), lambda network: (np.inf, []))


# ------------------------------------------------------------------------------------------- NaN


def spoil(layer):
    layer.W.value[0, 0] = np.nan


def test_the_first_layer_whose_output_is_not_finite_is_named_nested_too():
    inner = Sequential(Linear(8, 8), ReLU(), Linear(8, 8))
    network = Sequential(Linear(2, 8), Residual(inner, ReLU()), Linear(8, 2))
    network.forward(np.ones((4, 2)))
    assert steps.first_not_finite(network) == ""
    spoil(inner.layers[2])
    spoil(network.layers[2])
    network.forward(np.ones((4, 2)))
    assert steps.first_not_finite(network) == ", first in layer 1.branch.0.2 (Linear(8, 8))"


def test_a_network_of_one_layer_is_named_without_a_number():
    layer = Linear(2, 3)
    spoil(layer)
    layer.forward(np.ones((4, 2)))
    assert steps.first_not_finite(layer) == ", first in Linear(2, 3)"


def test_a_layer_that_keeps_nothing_is_passed_over():
    assert steps.first_not_finite(rectified()) == ""
