"""The forward-pass explorer: the numbers that travel through a small network, all of which can be moved."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from nnlab._check import check_array
from nnlab.layers import MLP, Sequential, Sigmoid, Softmax
from nnlab.plots import BLUE, VERMILION, network_graph
from nnlab.widgets import controls
from nnlab.widgets.activation import ACTIVATIONS
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels
from nnlab.widgets.plane import borders, grid, shade

X = (1.0, -0.5)
WH = ((2.0, -1.0), (1.0, 2.0))
BH = (0.5, -0.5)
WY = ((1.5,), (-2.0,))
BY = (0.2,)
MOST = 40  # sliders
REACH = 3.0  # the plane of the inputs is shown from -REACH to REACH, or as far as x lies


def forward_explorer(
    x: Any = X,
    Wh: Any = WH,
    bh: Any = BH,
    Wy: Any = WY,
    by: Any = BY,
    *,
    activation: str = "Tanh",
) -> Explorer:
    """Return a slider for every number of a small network: x -> h = activation(x Wh + bh) -> ŷ.

    x: (n_x,), Wh: (n_x, n_h), bh: (n_h,), Wy: (n_h, n_y), by: (n_y,); `forward_explorer(X[0], **params)`
    shows your own. One output goes through a sigmoid, several through a softmax. An error in the numbers is
    shown in place of the picture, above the sliders of the default network.
    Raises: ValueError for an unknown activation.
    """
    who, problem = "forward_explorer", None
    try:
        sliders = _sliders(who, x, Wh, bh, Wy, by)
    except (TypeError, ValueError) as error:
        problem, sliders = error, _sliders(who, X, WH, BH, WY, BY)
    scene = ForwardScene(len(sliders[0].value), len(sliders[-1].value))
    explorer = Explorer(
        who,
        [*sliders, controls.choice(who, "activation", "activation", activation, "Tanh", list(ACTIVATIONS))],
        scene.picture,
        functools.partial(_show, scene),
        title="Forward-pass explorer",
        advice="move one number at a time, and predict which of the circles will change. Which biases "
        "move the border, and which weights turn it? What must be 0 for the first input to have no effect?",
    )
    if problem is not None:
        explorer.page.fail(problem)  # until a slider moves
    return explorer


def _sliders(who: str, x: Any, Wh: Any, bh: Any, Wy: Any, by: Any) -> list[controls.Control]:
    """Return sliders for the numbers of a network.

    Raises: TypeError, ValueError for shapes that do not fit, or more than 40 numbers.
    """
    n_h = len(check_array(who, "bh", bh, shape=("n_h",)))
    n_y = len(check_array(who, "by", by, shape=("n_y",)))
    n_x = len(check_array(who, "x", x, shape=("n_x",)))
    total = n_x + n_h * (n_x + 1) + n_y * (n_h + 1)
    if total > MOST:
        raise ValueError(
            f"{who} expected at most {MOST} numbers to move, got {total}; take a smaller network"
        )
    return [
        controls.Numbers(who, "x", "x", x, np.array(X).tolist(), (n_x,)),
        controls.Numbers(who, "Wh", "Wh", Wh, np.array(WH).tolist(), (n_x, n_h)),
        controls.Numbers(who, "bh", "bh", bh, np.array(BH).tolist(), (n_h,)),
        controls.Numbers(who, "Wy", "Wy", Wy, np.array(WY).tolist(), (n_h, n_y)),
        controls.Numbers(who, "by", "by", by, np.array(BY).tolist(), (n_y,)),
    ]


def _show(scene: ForwardScene, turn: Turn, *, activation: str, **arrays: Any) -> str:
    x, Wh, bh, Wy, by = (np.array(arrays[name]) for name in ("x", "Wh", "bh", "Wy", "by"))
    network = MLP([len(x), len(bh), len(by)], activation=ACTIVATIONS[activation])
    for parameter, value in zip(network.parameters(), (Wh, bh, Wy, by), strict=True):
        parameter.value = value
    last = Sigmoid() if len(by) == 1 else Softmax()
    H = network.layers[1].forward(network.layers[0].forward(x[None]))
    Y = last.forward(network.layers[2].forward(H))
    names = ["x", f"h = {activation}(x Wh + bh)", f"ŷ = {type(last).__name__}(h Wy + by)"]
    scene.draw([x, H[0], Y[0]], [Wh, Wy], names, Sequential(network, last))
    return f"h = {_written(H[0])}, ŷ = {_written(Y[0])}"


class ForwardScene:
    """The network as a graph, and beside it what it says about all inputs, or else its output as bars."""

    def __init__(self, n_x: int, n_y: int):
        self.picture = Picture(9.6, 3.8)
        titles = ("", "what it says about all inputs" if n_x == 2 else "the output ŷ")
        settings: dict[str, Any] = {"ratios": [1.6, 1], "left": 0.01, "bottom": 0.14, "wspace": 0.24}
        self._graph, self._beside = panels(self.picture.figure, titles, **settings)
        self._graph.axis("off")
        self._is_plane = n_x == 2
        if self._is_plane:
            self._beside.set(xlabel="x[0]", ylabel="x[1]")
            self._beside.locator_params(nbins=4)
        else:
            self._beside.set(xlabel="output", ylim=(0, 1), xlim=(-0.6, n_y - 0.4), xticks=range(n_y))

    def draw(self, values: list, weights: list, names: list[str], network: Sequential) -> None:
        """Redraw both panels within their frames."""
        for ax in (self._graph, self._beside):
            for artist in _artists(ax):
                artist.remove()
        sizes = [len(value) for value in values]
        network_graph(sizes, values=values, weights=weights, names=names, ax=self._graph)
        if self._is_plane:
            _draw_plane(self._beside, values[0], network)
        else:
            self._beside.bar(range(sizes[-1]), values[-1], color=BLUE)
        artists = [
            a for ax in (self._graph, self._beside) for a in (*ax.images, *ax.lines, *ax.patches, *ax.texts)
        ]
        self.picture.move(*sorted(artists, key=lambda artist: artist.get_zorder()))


def _artists(ax: Any) -> list[Any]:
    """Return what is drawn within the frame, the lowest first."""
    inside = [*ax.images, *ax.lines, *ax.patches, *ax.texts]
    return sorted(inside, key=lambda artist: artist.get_zorder())


def _draw_plane(ax: Any, x: np.ndarray, network: Sequential) -> None:
    reach = max(REACH, float(np.ceil(np.abs(x).max())))
    x1, x2, points = grid([-reach, -reach], [reach, reach])
    P = network.forward(points)
    P = np.hstack([1 - P, P]) if P.shape[1] == 1 else P
    extent = (-reach, reach, -reach, reach)
    ax.imshow(shade(P), extent=extent, origin="lower", aspect="auto", interpolation="bilinear")
    for line in borders(x1, x2, P):
        ax.plot(*line.T, color="black", ls="-", lw=1.5)
    ax.plot(*x, "o", ms=9, color=VERMILION, mec="black")
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    for k in range(P.shape[1]):  # the class is written where it is most certain: not by color alone
        best = int(P[:, k].argmax())
        if P[best].argmax() == k:
            at = np.clip(points[best], -0.8 * reach, 0.8 * reach)
            ax.text(*at, f"class {k}", ha="center", va="center", weight="bold")


def _written(values: np.ndarray) -> str:
    return "[" + ", ".join(f"{value:.3f}" for value in values) + "]"
