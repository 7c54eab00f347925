"""The studies of transfer: their tools by hand, and each study at a small scale."""

import numpy as np
import pytest
import torch
from torch import nn

from nnlab import datasets
from nnlab.datasets import ColorImages, Digits
from nnlab.studies import transfer
from nnlab.studies.guide import lesson_13


def test_a_digit_is_cut_to_its_box_and_made_square():
    image = np.zeros((1, 28, 28), dtype=np.float32)
    image[0, 4:20, 10:18] = 1  # 16 rows, 8 columns
    boxed = transfer.small(image, 8)[0, 0]
    assert boxed.shape == (8, 8)
    assert boxed[:, 2:6].min() > 0.85  # as high as the image, half as wide, in the middle
    assert boxed[:, [0, 7]].max() < 0.15
    assert transfer.small(image, 8, box=False)[0, 0, :, 0].max() == 0


def test_few_of_each_takes_as_many_of_every_class():
    y = np.repeat([0, 1, 2], 10)
    rows = transfer.few_of_each(y, 3, np.random.default_rng(0))
    assert sorted(y[rows]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert len(set(rows)) == 9


def test_moved_images_are_cut_from_the_padded_ones():
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    seen = {
        tuple(transfer.moved(image, torch.Generator().manual_seed(s))[0, 0, 1].tolist()) for s in range(50)
    }
    assert (3, 4, 5) in seen
    assert len(seen) == 9


def test_train_moves_only_what_its_groups_hold():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    before = [p.detach().clone() for p in model.parameters()]
    X, y = torch.randn(20, 2), torch.arange(20) % 2
    transfer.train(model, [{"params": model[2].parameters(), "lr": 0.1}], X, y, epochs=2, seed=0)
    same = [torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)]
    assert same == [True, True, False, False]
    assert not model.training


def test_the_probe_finds_what_is_there():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    F = rng.normal(size=(200, 3)) + 4 * y[:, None]
    assert transfer.probed(F[:100], y[:100], F[100:], y[100:]) > 95


def test_both_studies_at_a_small_scale(monkeypatch):
    X, y = datasets.make_shapes(60, rng=np.random.default_rng(0))
    colors = ColorImages(X[:40], y[:40], X[40:], y[40:], datasets.shapes.SHAPES, source="test")
    monkeypatch.setattr(transfer, "efficientnet_lite0", lambda: None)
    monkeypatch.setattr(
        transfer, "image_features", lambda model, X, size: X[:, :, ::8, ::8].reshape(len(X), -1)
    )
    found = transfer.probe(colors, seeds=2, m=20, sizes=(64,))
    assert {name: len(values) for name, values in found.items()} == {
        "raw pixels": 2,
        "features at 64 pixels": 2,
    }
    monkeypatch.setattr(transfer, "RATES", (0.01,))
    monkeypatch.setattr(transfer, "EPOCHS", 1)
    rng = np.random.default_rng(1)
    mnist = Digits(rng.random((40, 784)), np.arange(40) % 10, None, None, (28, 28), source="test")
    found = transfer.digits(mnist, seeds=2, shots=(1,), m=40, epochs=1)
    assert list(found)[:3] == ["none: MNIST in its box", "none: MNIST as it is", "1 of each: from scratch"]
    assert all(len(values) == 2 for values in found.values())
    assert transfer.table(found).count("2 seeds") == len(found) == 8


@pytest.mark.parametrize("study", ["probe", "digits"])
def test_without_real_data_it_says_so(empty_machine, capsys, study):
    assert transfer.main([study]) == 1
    assert f"{study} needs real data, but found:" in capsys.readouterr().out


def test_what_never_entered_the_optimizer_did_not_move():
    source = lesson_13.network(0)
    few = lesson_13.shapes(20, 0, source=False)
    guides = lesson_13.unfrozen(source, few, 0.01, 2, 0, mended=False)
    assert lesson_13.weights_moved(guides, source) == 0
    assert lesson_13.weights_moved(lesson_13.unfrozen(source, few, 0.01, 2, 0, mended=True), source) > 0.5
