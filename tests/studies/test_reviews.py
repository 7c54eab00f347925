"""The studies of film reviews: their tools by hand, and each study at a small scale."""

import numpy as np
import pytest
import torch

from nnlab import datasets
from nnlab.studies import reviews
from nnlab.studies.reviews import PAD, UNKNOWN, Convolution, Mean, Recurrent, TextClassifier

READERS = {
    "mean": Mean,
    "both ends": lambda n: Recurrent(n, 5),
    "last word": lambda n: Recurrent(n, 5, "last word"),
    "mean of states": lambda n: Recurrent(n, 5, "mean"),
    "convolution": lambda n: Convolution(n, 5),
}


def test_the_vocabulary_by_hand():
    words = reviews.vocabulary(["B b a", "a c"], 2)
    assert words == {"<pad>": 0, "<unk>": 1, "a": 2, "b": 3}


def test_encoding_by_hand():
    X, lengths = reviews.encode(["a zz b a", "", "b"], {"a": 2, "b": 3}, 3)
    assert X.tolist() == [[2, UNKNOWN, 3], [UNKNOWN, PAD, PAD], [3, PAD, PAD]]
    assert lengths.tolist() == [3, 1, 1]


def test_parts_are_disjoint_and_whole():
    parts = reviews.deal(101, 0)
    assert sorted(np.concatenate(parts)) == list(range(101))
    assert [len(part) for part in parts] == [80, 10, 11]


def test_bayes_weights_by_hand():
    features = reviews.WeightedByBayes()
    X = features.fit_transform(["good", "good", "bad"], np.array([1, 1, 0])).toarray()
    bad, good = np.log((1 / 4) / (2 / 3)), np.log((3 / 4) / (1 / 3))
    np.testing.assert_allclose(X, [[0, good], [0, good], [bad, 0]])


@pytest.mark.parametrize("make", READERS.values(), ids=READERS)
def test_padding_changes_nothing(make):
    torch.manual_seed(0)
    model = TextClassifier(9, make, n=4).eval()
    X, lengths = torch.tensor([[2, 3, 8, 0], [4, 5, 6, 7], [1, 0, 0, 0]]), torch.tensor([3, 4, 1])
    wider = torch.nn.functional.pad(X, (0, 10))
    torch.testing.assert_close(model(wider, lengths), model(X, lengths))


def test_the_last_position_is_padding():
    torch.manual_seed(0)
    model = TextClassifier(9, lambda n: Recurrent(n, 5, "last position"), n=4).eval()
    X, lengths = torch.tensor([[2, 3, 0, 0]]), torch.tensor([2])
    wider = torch.nn.functional.pad(X, (0, 10))
    assert not torch.allclose(model(wider, lengths), model(X, lengths))


def test_every_text_is_in_one_batch():
    lengths = torch.randint(1, 30, (97,), generator=torch.Generator().manual_seed(0))
    found = reviews.batches(lengths, 10, torch.Generator().manual_seed(1))
    assert sorted(torch.cat(found).tolist()) == list(range(97))
    assert max(len(rows) for rows in found) == 10


def test_training_keeps_the_best_epoch_and_learns():
    texts = ["a good film", "a bad film"] * 30
    labels = np.array([1, 0] * 30)
    words = reviews.vocabulary(texts)
    (part,) = reviews.encoded([texts], [labels], words)
    torch.manual_seed(0)
    model = TextClassifier(len(words), Mean, n=4)
    loss = reviews.train(model, part, part, lr=0.03, epochs=20, seed=0, batch_size=10)
    assert reviews.measure(model, part) == (pytest.approx(loss), 100)


def test_words_in_the_same_company_are_neighbors():
    texts = [f"the {noun} is {word} ." for noun in ("plot", "cast", "score") for word in ("dull", "flat")] * 5
    words = reviews.vocabulary(texts)
    vectors = reviews.co_occurrence(texts, words, n=4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    near, far = (unit[words["plot"]] @ unit[words[word]] for word in ("cast", "dull"))
    assert near > 0.9 > far


def test_both_studies_at_a_small_scale(empty_machine, monkeypatch):
    monkeypatch.setattr(reviews, "STRENGTHS", (1,))
    monkeypatch.setattr(reviews, "WEAK", (1,))
    monkeypatch.setattr(
        reviews, "READERS", {name: (reader, 1) for name, (reader, _) in reviews.READERS.items()}
    )
    texts, y = datasets.make_reviews(200, rng=np.random.default_rng(0))
    some = datasets.Reviews(texts, y, source="test")
    found = reviews.baselines(some, splits=2) | reviews.networks(some, splits=2, rates=(0.01,))
    assert list(found) == [*reviews.BASELINES, *reviews.READERS]
    few = reviews.labels(some, splits=2, counts=(20, 1000), glove=False)
    assert list(few)[-1] == "160 labels: mean vector, near words"
    for values in (found | few).values():
        assert len(values) == 2
        assert all(0 <= value <= 100 for value in values)
    assert reviews.table(found).count("±") == len(found)


@pytest.mark.parametrize("study", ["networks", "labels"])
def test_without_real_data_it_says_so(empty_machine, capsys, study):
    assert reviews.main([study]) == 1
    assert f"{study} needs real data, but found:" in capsys.readouterr().out
