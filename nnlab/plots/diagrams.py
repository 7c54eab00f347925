"""Diagrams: a network as a graph, a loop unrolled, and an equation of matrices as rectangles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Rectangle

from nnlab._check import check_array, check_count, describe
from nnlab.plots.style import BLUE, GREEN, ORANGE, SKY, VERMILION, axes_of, class_names

MOST_NEURONS = 12  # of a layer are drawn; the rest are dots
RADIUS = 0.4  # of a neuron; two neurons of a layer are DOWN apart
DOWN = 1.4


def network_graph(
    sizes: Sequence[int],
    *,
    values=None,
    gradients=None,
    weights=None,
    weight_gradients=None,
    names: Sequence[str] | None = None,
    ax=None,
) -> Axes:
    """Draw a network as a graph: neurons as circles, weights as lines (dashed where negative).

    values, gradients: an array (sizes[i],) per layer, written into and under the neurons. weights,
    weight_gradients: a matrix (sizes[i], sizes[i + 1]) per gap; written out where there are few.
    """
    who = "network_graph"
    if not isinstance(sizes, (list, tuple)) or len(sizes) < 2:
        raise ValueError(f"{who} expected sizes [n_in, …, n_out], got {describe(sizes)}")
    sizes = [check_count(who, "sizes", n) for n in sizes]
    gaps = list(itertools.pairwise(sizes))
    values, gradients = (
        _per_layer(who, *pair, [(n,) for n in sizes])
        for pair in (("values", values), ("gradients", gradients))
    )
    weights = _per_layer(who, "weights", weights, gaps)
    weight_gradients = _per_layer(who, "weight_gradients", weight_gradients, gaps)
    names = class_names(who, names, len(sizes)) if names is not None else [f"{n}" for n in sizes]

    ax = axes_of(ax)
    drawn = [min(n, MOST_NEURONS) for n in sizes]
    height = DOWN * max(drawn) / 2
    across = max(3.2, height)
    few = all(a * b <= 9 for a, b in gaps)
    where = [[(across * i, DOWN * ((n - 1) / 2 - j)) for j in range(n)] for i, n in enumerate(drawn)]
    for i in range(len(gaps)):
        dW = weight_gradients and weight_gradients[i]
        _draw_weights(ax, where[i], where[i + 1], weights and weights[i], dW, written=few)
    for i, layer in enumerate(where):
        for j, center in enumerate(layer):
            _draw_neuron(ax, center, values and values[i][j], gradients and gradients[i][j])
        dots = "⋮\n" if sizes[i] > MOST_NEURONS else ""
        ax.text(across * i, layer[-1][1] - RADIUS - 0.4, dots + names[i], ha="center", va="top")
    ax.set(xlim=(-0.7, across * len(gaps) + 0.7), ylim=(-height - 1, height), aspect="equal")
    ax.axis("off")
    return ax


def _per_layer(who: str, name: str, arrays, shapes) -> list[np.ndarray] | None:
    if arrays is None:
        return None
    if len(arrays) != len(shapes):
        raise ValueError(f"{who} expected {len(shapes)} arrays of {name}, got {len(arrays)}")
    return [
        check_array(who, f"{name}[{i}]", a, shape=s)
        for i, (a, s) in enumerate(zip(arrays, shapes, strict=True))
    ]


def _draw_neuron(ax: Axes, center: tuple[float, float], value, gradient) -> None:
    ax.add_patch(Circle(center, RADIUS, fc="white", ec="black", lw=1.2, zorder=3))
    if value is not None:
        ax.text(*center, f"{value:.2f}", ha="center", va="center", fontsize=8, zorder=4)
    if gradient is not None:
        x, y = center
        ax.text(
            x,
            y - RADIUS - 0.03,
            f"∂ {gradient:.3f}",
            ha="center",
            va="top",
            fontsize=8,
            color=VERMILION,
            zorder=4,
        )


def _draw_weights(ax: Axes, left: list, right: list, W, dW, *, written: bool) -> None:
    """Draw the lines of one gap: thicker for larger weights, dashed for negative ones."""
    most = 1.0 if W is None else np.abs(W).max() or 1.0
    places = np.linspace(0.3, 0.66, len(left))  # of the texts: lines that cross get different ones
    for j, (x0, y0) in enumerate(left):
        for k, (x1, y1) in enumerate(right):
            w = None if W is None else W[j, k]
            width = 0.8 if w is None else 0.3 + 2.2 * abs(w) / most
            negative = w is not None and w < 0
            ax.plot(
                [x0, x1],
                [y0, y1],
                color=ORANGE if negative else BLUE,
                ls="--" if negative else "-",
                lw=width,
                zorder=1,
            )
            text = ([] if w is None else [f"{w:.2f}"]) + ([] if dW is None else [f"∂ {dW[j, k]:.3f}"])
            if written and text:
                box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.85}
                xy = (x0 + places[j] * (x1 - x0), y0 + places[j] * (y1 - y0))
                ax.text(*xy, "\n".join(text), ha="center", va="center", fontsize=7, bbox=box, zorder=2)


def unrolled_loop(T: int = 4, *, backward: bool = False, cut: int | None = None, ax=None) -> Axes:
    """Draw a recurrent layer as a loop, and the same loop unrolled over T steps.

    backward: also the gradients, as dashed arrows against the others. cut: between this step and the next
    no gradient passes, as in truncated backpropagation.
    Raises: ValueError for T < 1 or a cut outside 1 … T − 1.
    """
    who = "unrolled_loop"
    T = check_count(who, "T", T)
    if cut is not None and not 1 <= check_count(who, "cut", cut) < T:
        raise ValueError(f"{who} expected a cut after step 1 … {T - 1} of {T}, got {cut}")
    ax = axes_of(ax)
    _draw_cell(ax, 0, "", backward=False)
    _draw_arrow(ax, (0.35, 0.35), (0.35, -0.35), BLUE, bend=-1.6)
    ax.text(1.1, 0, "$W_h$", color=BLUE, ha="left", va="center")
    ax.text(2.0, 0, "=", fontsize=16, ha="center", va="center")
    first = 4.2
    ax.text(first - 1.5, 0, "$h_0$", ha="right", va="center")
    for t in range(1, T + 1):
        x = first + 2 * (t - 1)
        _draw_cell(ax, x, str(t), backward=backward)
        passes = backward and t > 1 and cut != t - 1
        up = 0.14 if backward else 0.0
        _draw_arrow(ax, (x - (1.5 if t == 1 else 1.6), up), (x - 0.4, up), BLUE)
        ax.text(x - 1, up + 0.08, "$W_h$", color=BLUE, ha="center", va="bottom")
        if passes:
            _draw_arrow(ax, (x - 0.4, -0.14), (x - 1.6, -0.14), VERMILION, ls="--")
        if cut is not None and t == cut + 1:
            ax.plot([x - 0.7, x - 0.7], [-0.9, 0.9], color="black", ls=":")
            ax.text(x - 0.7, -0.95, "cut", ha="center", va="top")
    ax.set(xlim=(-0.7, first + 2 * T - 1.2), ylim=(-1.75, 1.75), aspect="equal")
    ax.axis("off")
    return ax


def _draw_cell(ax: Axes, x: float, step: str, *, backward: bool) -> None:
    """Draw one step: its state h as a circle, its input below, its gradient dh above if asked for."""
    below = f"_{step}" if step else "_t"
    ax.add_patch(Circle((x, 0), RADIUS, fc="white", ec="black", lw=1.2, zorder=3))
    ax.text(x, 0, f"$h{below}$", ha="center", va="center", zorder=4)
    _draw_arrow(ax, (x, -1.25), (x, -RADIUS), GREEN)
    ax.text(x, -1.3, f"$x{below}$", ha="center", va="top")
    ax.text(x - 0.08, -0.85, "$W_x$", color=GREEN, ha="right", va="center")
    side = 0.14 if backward else 0.0
    _draw_arrow(ax, (x - side, 0.38), (x - side, 1.25), "black")
    if backward:
        _draw_arrow(ax, (x + side, 1.25), (x + side, 0.38), VERMILION, ls="--")
        ax.text(x + side + 0.08, 0.85, f"$dH{below}$", color=VERMILION, ha="left", va="center", fontsize=8)


def _draw_arrow(ax: Axes, start: tuple, end: tuple, color: str, *, ls: str = "-", bend: float = 0.0) -> None:
    style: dict[str, Any] = {
        "arrowstyle": "-|>",
        "mutation_scale": 11,
        "lw": 1.4,
        "shrinkA": 0,
        "shrinkB": 0,
        "zorder": 2,
    }
    curve = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, color=color, linestyle=ls, connectionstyle=curve, **style))


def shapes_diagram(*parts: str | tuple[str, tuple[int, ...]], ax=None) -> Axes:
    """Draw an equation of matrices as rectangles in proportion to their shapes.

    `shapes_diagram(("X", (5, 3)), "@", ("W", (3, 4)), "+", ("b", (4,)), "=", ("Y", (5, 4)))`; a vector
    (n,) is drawn as one row. Raises: ValueError where two factors of "@" do not fit.
    """
    who = "shapes_diagram"
    boxes = [part if isinstance(part, str) else _name_and_shape(who, part) for part in parts]
    if not any(isinstance(box, tuple) for box in boxes):
        raise ValueError(f"{who} expected at least one (name, shape), got {parts!r}")
    for a, sign, b in zip(boxes, boxes[1:], boxes[2:], strict=False):
        if sign == "@" and a[1][-1] != b[1][0]:
            raise ValueError(
                f"{who} expected equal inner sizes in {a[0]} @ {b[0]}, got {a[1]} @ {b[1]}: "
                f"{a[1][-1]} columns against {b[1][0]} rows"
            )
    unit = max(max(box[1]) for box in boxes if isinstance(box, tuple))
    ax, x = axes_of(ax), 0.0
    for box in boxes:
        if isinstance(box, str):
            ax.text(x + 0.15, 0, box, ha="center", va="center", fontsize=14)
            x += 0.3
            continue
        name, shape = box
        rows, columns = shape if len(shape) == 2 else (1, shape[0])
        w, h = max(columns / unit, 0.03), max(rows / unit, 0.03)
        width = max(w, 0.35)  # room for the text below
        corner = (x + (width - w) / 2, -h / 2)
        ax.add_patch(
            Rectangle(corner, w, h, fc=SKY, alpha=0.4, ec="black", hatch="" if len(shape) == 2 else "//")
        )
        ax.text(x + width / 2, h / 2 + 0.04, f"${name}$", ha="center", va="bottom", fontsize=13)
        ax.text(
            x + width / 2, -h / 2 - 0.04, str(shape).replace(" ", "\u2009"), ha="center", va="top", fontsize=9
        )
        x += width
    ax.set(xlim=(-0.05, x + 0.05), ylim=(-0.75, 0.75), aspect="equal")
    ax.axis("off")
    return ax


def _name_and_shape(who: str, part) -> tuple[str, tuple[int, ...]]:
    if not (
        isinstance(part, tuple) and len(part) == 2 and isinstance(part[1], tuple) and len(part[1]) in (1, 2)
    ):
        raise TypeError(f'{who} expected parts like "@" or ("W", (3, 4)), got {describe(part)}')
    return str(part[0]), tuple(check_count(who, f"a size of {part[0]}", n) for n in part[1])
