"""Saving the whole state of a training run in one file, and loading it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._files import BROKEN, whole_file
from nnlab.layers import Layer
from nnlab.optimizers import Optimizer
from nnlab.training.history import History

FORMAT = 1  # of the files that `save` writes


def save(
    path: str | os.PathLike,
    network: Layer,
    optimizer: Optimizer | None = None,
    *,
    rng: np.random.Generator | None = None,
    history: History | None = None,
) -> None:
    """Write weights, and where given the state of optimizer, rng and history, to one `.npz` without pickle.

    The file appears whole or not at all. `load` reads it; `fit(history=…)` then goes on bit for bit.
    Raises: OSError where the file cannot be written.
    """
    path = Path(path)
    arrays: dict[str, Any] = {f"parameter.{i}": p.value for i, p in enumerate(network.parameters())}
    meta: dict[str, Any] = {"format": FORMAT}
    if optimizer is not None:
        meta["optimizer"] = type(optimizer).__name__
        arrays |= {f"optimizer.{name}": array for name, array in optimizer.state_dict().items()}
    if rng is not None:
        meta["rng"] = rng.bit_generator.state
    if history is not None:
        kept = ("metrics", "stop_reason", "diverged_at", "best_epoch")
        meta["history"] = {name: getattr(history, name) for name in kept}
        arrays |= {f"best.{i}": array for i, array in enumerate(history.best_parameters or ())}
    arrays["meta"] = np.array(json.dumps(meta, default=lambda array: array.tolist()))
    with whole_file(path) as file:
        np.savez(file, **arrays)


def load(
    path: str | os.PathLike,
    network: Layer,
    optimizer: Optimizer | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> History | None:
    """Read what `save` wrote into the network and, where given, the optimizer and rng; return the History.

    Raises: FileNotFoundError; ValueError for a broken file, another network or optimizer, or a part that
    was not saved. Nothing is changed then.
    """
    arrays, meta = _read(Path(path))
    name = Path(path).name
    values = _numbered(arrays, "parameter")
    expected = [p.value for p in network.parameters()]
    if [(v.shape, v.dtype) for v in values] != [(v.shape, v.dtype) for v in expected]:
        raise ValueError(
            f"load expected parameters {_shapes(expected)} for this network, got {_shapes(values)} "
            f"in {name}; make the network as it was made when it was saved"
        )
    for part, wanted in (("optimizer", optimizer), ("rng", rng)):
        if wanted is not None and part not in meta:
            raise ValueError(f"load expected the state of the {part} in {name}, got none; save it too")
    if optimizer is not None and meta["optimizer"] != type(optimizer).__name__:
        raise ValueError(
            f"load expected a state of {type(optimizer).__name__} in {name}, got {meta['optimizer']}"
        )
    if rng is not None and meta["rng"]["bit_generator"] != type(rng.bit_generator).__name__:
        raise ValueError(
            f"load expected a state of {type(rng.bit_generator).__name__} in {name}, "
            f"got {meta['rng']['bit_generator']}"
        )
    history = _saved_history(name, meta, _numbered(arrays, "best"), values)
    if rng is not None:
        _set_state(name, copy.deepcopy(rng), meta["rng"])  # may it be set? Nothing else is changed before
    if optimizer is not None:
        prefix = "optimizer."
        optimizer.load_state_dict({k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)})
    if rng is not None:
        _set_state(name, rng, meta["rng"])
    for value, saved in zip(expected, values, strict=True):
        value[...] = saved
    return history


def _set_state(name: str, rng: np.random.Generator, state: Any) -> None:
    try:
        rng.bit_generator.state = state
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f"load expected the state of the rng in {name}, got something else ({error!r})"
        ) from None


def _saved_history(
    name: str, meta: dict[str, Any], best: list[np.ndarray], values: list[np.ndarray]
) -> History | None:
    if "history" not in meta:
        return None
    try:
        history = History(**meta["history"], best_parameters=best or None)
        lengths = {len(figures) for figures in history.metrics.values()}
        whole = len(lengths) <= 1 and 0 <= history.best_epoch <= len(history)
    except (AttributeError, TypeError):
        whole = False
    if not whole or (best and [b.shape for b in best] != [v.shape for v in values]):
        raise ValueError(f"load expected the history of a training in {name}, got something else")
    return history


def _read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(str(arrays.pop("meta")))
        if meta["format"] != FORMAT:
            raise ValueError(f"its format is {meta['format']}, not {FORMAT}")
        return arrays, meta
    except FileNotFoundError:
        raise FileNotFoundError(f"load found no file {path}; save writes one") from None
    except BROKEN as error:
        raise ValueError(
            f"load expected a file written by nnlab.training.save, got {path.name}, which is unreadable or "
            f"incomplete ({error}); train again, or take an older copy"
        ) from error


def _shapes(arrays: list[np.ndarray]) -> str:
    return ", ".join(f"{array.dtype} {array.shape}" for array in arrays) or "none"


def _numbered(arrays: Mapping[str, np.ndarray], prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(f"{prefix}.") for name in arrays)
    return [arrays[f"{prefix}.{i}"] for i in range(count)]
