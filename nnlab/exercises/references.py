"""The reference functions, for lessons to go on with: `from nnlab.exercises.references import softmax`.

Every name of an exercise can be imported; its page of the catalogue is loaded only then.
"""

from __future__ import annotations

from typing import Any

from nnlab.exercises.checking import registry


def __getattr__(name: str) -> Any:
    if name not in registry.contents():
        raise AttributeError(f"nnlab.exercises.references has no function {name!r}")
    return registry.find(name).reference


def __dir__() -> list[str]:
    return list(registry.contents())
