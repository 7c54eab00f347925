"""The heads explorer: where each head of a trained network looks, with positions and without them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from nnlab._check import check_count
from nnlab.layers import Embedding, MultiHeadAttention, PositionalEncoding, Sequential
from nnlab.layers.state import evaluation_mode
from nnlab.plots import PALETTE, VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

WHO = "heads_explorer"
MOST_HEADS, MOST_STEPS = 4, 20
HATCHES = ("", "////", "....", "xxxx")


def heads_explorer(
    network: Any, *, tokens: Sequence[int], query: int = 0, layer: int = 0, positions: bool = True
) -> Explorer:
    """Return controls for a sequence and a position that looks, with the attention map of each head.

    network: a trained `Sequential` from integer tokens (1, T) to scores (1, T, n_tokens), with an
    `Embedding`, a `PositionalEncoding` where positions can be switched off, and attention of at most 4 heads.
    tokens: the sequence to start with. query: the position that looks, from 0; layer: which of the attention
    layers, from 0; positions: whether the network is told them.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    vocabulary, layers = _parts(network)
    settings = [
        _sequence(tokens, vocabulary),
        controls.count(WHO, "query", "position that looks", query, 0, 0, MOST_STEPS - 1),
        controls.choice(WHO, "positions", "positions", positions, True, {"on": True, "off": False}),
    ]
    settings += [controls.count(WHO, "layer", "attention layer", layer, 0, 0, layers - 1)] * (layers > 1)
    scene = HeadsScene()
    explorer = Explorer(
        WHO,
        settings,
        scene.picture,
        functools.partial(_show, scene, network, vocabulary),
        title="Heads explorer",
        advice="move the position that looks from left to right: which rule do its weights follow, and is it "
        "the same rule in every head? Change one number of the sequence, then make two equal. Then switch "
        "the positions off: what can the network still do?",
        given=["network"],
    )
    _within(settings[0], settings[1])
    return explorer


def _sequence(tokens: Sequence[int], vocabulary: int) -> controls.Control:
    """Return a field for numbers, spaces between them; its value is a list, or the text if it is none."""
    numbers = [check_count(WHO, "tokens", token, at_least=0, at_most=vocabulary - 1) for token in tokens]
    field = controls.text(WHO, "tokens", "sequence", " ".join(map(str, numbers)), "").widget
    return controls.Control("tokens", field, None, read=_read)


def _read(text: str) -> list[int] | str:
    try:
        return [int(part) for part in text.replace(",", " ").split()]
    except ValueError:
        return text


def _within(sequence: controls.Control, query: controls.Control) -> None:
    """Let the slider end at the last position, and follow the sequence."""

    def follow() -> None:
        if isinstance(sequence.value, list):
            query.widget.max = min(max(len(sequence.value), 1), MOST_STEPS) - 1

    follow()
    sequence.observe(follow)


def _parts(network: Any) -> tuple[int, int]:
    """Return how many tokens the network knows, and how many attention layers it has.

    Raises: TypeError for what is no such network.
    """
    layers = [layer for _, layer in network.named_layers()] if isinstance(network, Sequential) else []
    heads = [layer.n_heads for layer in layers if isinstance(layer, MultiHeadAttention)]
    embeddings = [layer for layer in layers if isinstance(layer, Embedding)]
    if not heads or not embeddings:
        raise TypeError(
            f"{WHO} expected a Sequential with an Embedding and MultiHeadAttention in it, "
            f"got {type(network).__name__}"
        )
    if max(heads) > MOST_HEADS:
        raise ValueError(f"{WHO} expected at most {MOST_HEADS} heads, got {max(heads)}")
    return embeddings[0].n_tokens, len(heads)


def attend(
    network: Sequential, tokens: list[int], layer: int, positions: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weights (n_heads, T, T) of one attention layer, and the scores (T, n) of the network.

    Without positions, the layer that adds them is passed over.
    """
    with evaluation_mode(network):
        H = np.array([tokens])
        for part in network.layers:
            if positions or not isinstance(part, PositionalEncoding):
                H = part.forward(H)
    found = [part for _, part in network.named_layers() if isinstance(part, MultiHeadAttention)]
    return found[layer].attention_weights[0], H[0]


def _show(
    scene: HeadsScene,
    network: Sequential,
    vocabulary: int,
    turn: Turn,
    *,
    tokens: list[int] | str,
    query: int,
    positions: bool,
    layer: int = 0,
) -> str:
    if isinstance(tokens, str) or not all(0 <= token < vocabulary for token in tokens):
        got = repr(tokens) if isinstance(tokens, str) else " ".join(map(str, tokens))
        raise ValueError(f"{WHO} expected whole numbers from 0 to {vocabulary - 1}, got {got}")
    if not 1 <= len(tokens) <= MOST_STEPS:
        raise ValueError(f"{WHO} expected a sequence of 1 to {MOST_STEPS} numbers, got {len(tokens)}")
    query = min(query, len(tokens) - 1)
    A, scores = attend(network, tokens, layer, positions)
    scene.draw(A, tokens, query)
    answer = " ".join(map(str, scores.argmax(axis=-1)))
    looks = [
        f"head {head + 1} at position {k} ({tokens[k]}, weight {row[query, k]:.2f})"
        for head, row in enumerate(A)
        for k in [int(row[query].argmax())]
    ]
    told = f"Position {query} ({tokens[query]}) looks most: {', '.join(looks)}."
    return f"{told} The network reads {' '.join(map(str, tokens))} and answers {answer}."


class HeadsScene:
    """A map for each head, the row that looks in a frame, and its weights as bars."""

    def __init__(self):
        self.picture = Picture(9.6, 3.5)
        self._made_of: tuple | None = None

    def draw(self, A: np.ndarray, tokens: list[int], query: int) -> None:
        """Show weights A (n_heads, T, T); the scene is set again only for another sequence."""
        if self._made_of != (len(A), tokens):
            self._made_of = None
            self._set(len(A), [str(token) for token in tokens])
            self._made_of = len(A), list(tokens)
        for weights, image, frame, bars in zip(A, self._images, self._frames, self._bars, strict=True):
            image.set_data(weights)
            frame.set_y(query - 0.5)
            for bar, weight in zip(bars, weights[query], strict=True):
                bar.set_height(weight)
        self._title.set_text(f"weights of position {query}")

    def _set(self, n_heads: int, names: list[str]) -> None:
        T, size = len(names), 9 if len(names) <= 10 else 6
        titles = [f"head {head + 1}" for head in range(n_heads)] + ["weights"]
        margins: dict[str, Any] = {"left": 0.055, "bottom": 0.16, "wspace": 0.28}
        ratios = [1] * n_heads + [max(1.2, 0.35 * n_heads)]
        *maps, beside = panels(self.picture.clear(), titles, ratios=ratios, **margins)
        self._images, self._frames, self._bars = [], [], []
        for head, ax in enumerate(maps):
            look: dict[str, Any] = {"vmin": 0, "vmax": 1, "cmap": "Blues", "interpolation": "nearest"}
            self._images.append(ax.imshow(np.zeros((T, T)), **look))
            frame = Rectangle((-0.5, -0.5), T, 1, fc="none", ec=VERMILION, lw=2, clip_on=False)
            self._frames.append(ax.add_patch(frame))
            ax.set_xticks(range(T), names, fontsize=size)
            ax.set_yticks(range(T), names, fontsize=size)
            ax.set(xlabel="looked at", ylabel="looks" if head == 0 else "")
            ax.grid(False)  # whatever the notebook's style has: lines would cut the squares
            places = np.arange(T) + (head + 0.5) * 0.8 / n_heads - 0.4
            style: dict[str, Any] = {"color": PALETTE[head], "hatch": HATCHES[head], "edgecolor": "white"}
            self._bars.append(
                beside.bar(places, np.zeros(T), 0.8 / n_heads, label=f"head {head + 1}", **style)
            )
        beside.set_xticks(range(T), names, fontsize=size)
        beside.set(ylim=(0, 1.02), xlabel="looked at")
        beside.legend(fontsize=8, frameon=False, ncols=2, loc="upper right")
        self._title = beside.title
        each = [bar for bars in self._bars for bar in bars]
        self.picture.move(*self._images, *self._frames, *each, self._title)
