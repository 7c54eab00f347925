"""What the live pages need beside their scripts: a network that reads digits, and points to tell apart."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from nnlab import MLP, Adam, Linear, ReLU, fit, softmax_cross_entropy
from nnlab.datasets import load_digits, make_circles, make_moons, make_spirals, make_xor
from nnlab.widgets import drawing

WIDGETS = Path(drawing.__file__).parent
POINTS = 200  # to learn from, and as many to test


def write_live(static: Path) -> None:
    """Write the data, and the drawing pad's own code, into a folder of scripts that a page can load."""
    code = (WIDGETS / "drawing.js").read_text("utf-8")
    # A page opened from a file may load scripts, but no modules.
    script = code.replace("export default { render };", "window.nnlabPad = { render };")
    (static / "pad.js").write_text(f"(() => {{\n{script}\n}})();\n", "utf-8")
    shutil.copy(WIDGETS / "drawing.css", static / "pad.css")
    digits = {"layers": layers_of(digits_network()), "strokes": drawing.EXAMPLE}
    for name, data in (("nnlabDigits", digits), ("nnlabPoints", points())):
        (static / f"{name}.js").write_text(f"window.{name} = {json.dumps(data)};\n", "utf-8")


def layers_of(network: MLP) -> list[dict[str, Any]]:
    """Return the weights of an MLP as scripts/site/network.js takes them."""
    linear = [layer for layer in network.layers if isinstance(layer, Linear)]
    return [{name: p.value.round(5).tolist() for name, p in (("W", x.W), ("b", x.b))} for x in linear]


@functools.cache
def digits_network() -> MLP:
    """Return a small network that has learned scikit-learn's digits, as in lesson 05."""
    digits, rng = load_digits(), np.random.default_rng(0)
    network = MLP([64, 48, 10], activation=ReLU, rng=rng)
    adam = Adam(network.parameters(), lr=0.003)
    loss, X, y = softmax_cross_entropy, digits.X, digits.y
    fit(network, X, y, loss=loss, optimizer=adam, epochs=30, batch_size=32, rng=rng)
    return network


def points() -> dict[str, Any]:
    """Return the lessons' sets of points, centered and within −1 … 1, to learn from and to test."""
    rng, found = np.random.default_rng(0), {}
    for name, make in (
        ("circles", make_circles),
        ("moons", make_moons),
        ("xor", make_xor),
        ("spirals", functools.partial(make_spirals, n_classes=2)),
    ):
        X, y = make(2 * POINTS, rng=rng)
        X = (X - X.mean(axis=0)) / np.abs(X - X.mean(axis=0)).max()
        parts = {"train": slice(POINTS), "test": slice(POINTS, None)}
        order = rng.permutation(len(y))
        found[name] = {
            part: {"X": X[order][rows].round(3).tolist(), "y": y[order][rows].tolist()}
            for part, rows in parts.items()
        }
    return found
