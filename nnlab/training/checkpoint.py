"""Saving the whole state of a training run in one file, and loading it."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nnlab._files import BROKEN, whole_file
from nnlab.layers import Layer
from nnlab.optimizers import Optimizer
from nnlab.training.history import History

FORMAT = 2  # of the files that `save` writes
Arrays = dict[str, np.ndarray]


def save(
    path: str | os.PathLike,
    network: Layer,
    optimizer: Optimizer | None = None,
    *,
    rng: np.random.Generator | None = None,
    history: History | None = None,
) -> None:
    """Write the network's state, and that of optimizer, rng and history where given, to one `.npz` file.

    The state of a network is its parameters, its buffers and the generators of layers such as dropout.
    The file appears whole or not at all, and holds no pickle. `load` reads it.
    Raises: OSError if the file cannot be written.
    """
    arrays: dict[str, Any] = _prefixed("network", network.state_dict())
    generators = {name: generator.bit_generator.state for name, generator in network.named_generators()}
    meta: dict[str, Any] = {"format": FORMAT, "generators": generators}
    if optimizer is not None:
        meta["optimizer"] = type(optimizer).__name__
        arrays |= _prefixed("optimizer", optimizer.state_dict())
    if rng is not None:
        meta["rng"] = rng.bit_generator.state
    if history is not None:
        meta["history"] = {name: value for name, value in vars(history).items() if name != "best_state"}
        arrays |= _prefixed("best", history.best_state or {})
    arrays["meta"] = np.array(json.dumps(meta, default=lambda array: array.tolist()))
    with whole_file(Path(path)) as file:
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
    was not saved. In these cases, nothing is changed.
    """
    saved = Saved.read("load", Path(path))
    saved.restore("load", network, optimizer, rng)
    return saved.history


@dataclass
class Saved:
    """What is in a file: the arrays by part and name, all other figures, and the history if there is one."""

    name: str
    arrays: dict[str, Arrays]
    meta: dict[str, Any]
    history: History | None

    @classmethod
    def read(cls, who: str, path: Path) -> Saved:
        """Read a file that `save` wrote.

        Raises: FileNotFoundError; ValueError if it is another file, or a damaged one.
        """
        arrays: dict[str, Arrays] = {"network": {}, "optimizer": {}, "best": {}}
        try:
            with np.load(path, allow_pickle=False) as file:
                meta = json.loads(str(file["meta"]))
                if meta["format"] != FORMAT:
                    raise ValueError(f"its format is {meta['format']}, not {FORMAT}")
                for name in set(file.files) - {"meta"}:
                    part, _, rest = name.partition(".")
                    arrays[part][rest] = file[name]
        except FileNotFoundError:
            raise FileNotFoundError(f"{who} found no file {path}; save writes one") from None
        except BROKEN as error:
            raise ValueError(
                f"{who} expected a file written by nnlab.training.save, got {path.name}, which is unreadable "
                f"or incomplete ({error}); train again, or use an older copy"
            ) from error
        return cls(path.name, arrays, meta, _history(who, path.name, meta, arrays))

    def restore(
        self, who: str, network: Layer, optimizer: Optimizer | None, rng: np.random.Generator | None
    ) -> None:
        """Copy the state into network, optimizer and rng where given, or raise and change nothing."""
        generators = dict(network.named_generators())
        states = self.meta["generators"]
        if set(states) != set(generators):
            raise ValueError(
                f"{who} expected the generators {', '.join(generators) or '(none)'} of this network, got "
                f"{', '.join(states) or '(none)'} in {self.name}; make the network as for that run"
            )
        for part, wanted in (("optimizer", optimizer), ("rng", rng)):
            if wanted is not None and part not in self.meta:
                raise ValueError(
                    f"{who} expected the state of the {part} in {self.name}, got none; save it too"
                )
        if optimizer is not None and self.meta["optimizer"] != type(optimizer).__name__:
            raise ValueError(
                f"{who} expected a state of {type(optimizer).__name__} in {self.name}, "
                f"got {self.meta['optimizer']}"
            )
        pairs = [(generators[name], state) for name, state in states.items()]
        pairs += [] if rng is None else [(rng, self.meta["rng"])]
        for generator, state in pairs:  # on copies, to raise before anything is changed
            _set_generator(who, self.name, copy.deepcopy(generator), state)
        before = network.state_dict()
        try:
            network.load_state_dict(self.arrays["network"])
            if optimizer is not None:
                optimizer.load_state_dict(self.arrays["optimizer"])
        except (TypeError, ValueError) as error:
            network.load_state_dict(before)
            raise ValueError(f"{who} found a state in {self.name} that does not fit: {error}") from None
        for generator, state in pairs:
            _set_generator(who, self.name, generator, state)


def _set_generator(who: str, name: str, generator: np.random.Generator, state: Any) -> None:
    """Put the generator into a state found in the file of that name."""
    kind = type(generator.bit_generator).__name__
    try:
        if state["bit_generator"] != kind:
            raise ValueError(f"it is one of {state['bit_generator']}")
        generator.bit_generator.state = state
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(
            f"{who} expected the state of a {kind} generator in {name}, got something else ({error})"
        ) from None


def _history(who: str, name: str, meta: dict[str, Any], arrays: dict[str, Arrays]) -> History | None:
    if "history" not in meta:
        return None
    best, end = (
        {key: (array.shape, array.dtype) for key, array in arrays[part].items()}
        for part in ("best", "network")
    )
    try:
        history = History(**meta["history"], best_state=arrays["best"] or None)
        lengths = {len(figures) for figures in history.metrics.values()}
        whole = len(lengths) <= 1 and 0 <= history.best_epoch <= len(history)
    except (AttributeError, TypeError):
        whole = False
    if not whole or (best and best != end):
        raise ValueError(f"{who} expected the history of a training run in {name}, got something else")
    return history


def _prefixed(part: str, arrays: Arrays) -> Arrays:
    return {f"{part}.{name}": array for name, array in arrays.items()}
