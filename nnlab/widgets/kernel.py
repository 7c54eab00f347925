"""The kernel explorer: any 3 × 3 kernel over an image, and the sum that makes each pixel of the map."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from nnlab._check import check_array, check_count
from nnlab.layers import Conv2d
from nnlab.plots import VERMILION
from nnlab.widgets import controls
from nnlab.widgets.explorer import Explorer
from nnlab.widgets.live import Picture, Turn, panels

Matrix = list[list[float]]
#: a kernel's nine entries, and the number by which they are divided
KERNELS: dict[str, tuple[Matrix, int]] = {
    "identity": ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1),
    "shift right": ([[0, 0, 0], [1, 0, 0], [0, 0, 0]], 1),
    "blur": ([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    "Gaussian blur": ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "sharpen": ([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], 1),
    "emboss": ([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]], 1),
    "vertical edges": ([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
    "horizontal edges": ([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
    "diagonal edges": ([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]], 1),
    "Laplacian": ([[0, 1, 0], [1, -4, 1], [0, 1, 0]], 1),
    "outline": ([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 1),
}
OWN = "nine numbers of your own"
FIRST = "vertical edges"
IMAGES = ("digit", "temple", "flower")
PHOTOGRAPHS = {"temple": "china.jpg", "flower": "flower.jpg"}  # scikit-learn's, CC BY 2.0
BLOCK = 4  # a photograph is made smaller by so much, so that single pixels can be seen
MOST = 256  # pixels along a side of the reader's own image
TITLES = ("image in", "window · kernel, and the sum", "map out")


def kernel_explorer(
    image: Any = "digit",
    *,
    digit: int = 4,
    kernel: Any = FIRST,
    divisor: int | None = None,
    padding: int = 0,
    stride: int = 1,
    row: int = 2,
    column: int = 2,
) -> Explorer:
    """Return controls for a 3 × 3 kernel that moves over an image, with the sum at one place of the map.

    image: "digit", "temple" or "flower"; an array (height, width), large where a digit is dark; or a
    `drawing_pad`, which goes on being drawn on. digit: which of the ten. kernel: a name, or 3 × 3 numbers;
    all are divided by divisor. row, column: the place in the map.
    Raises: TypeError, ValueError for a setting that the controls do not have.
    """
    who = "kernel_explorer"
    is_pad = hasattr(image, "bitmap")
    own = {"own": "your drawing", "code": "pad"} if is_pad else {"own": "your image", "code": "image"}
    kernels = Kernel(who, kernel, divisor)
    settings = [
        controls.named_or_own(who, "image", image, list(IMAGES), **own),
        controls.count(who, "digit", "which digit", digit, 4, 0, 9),
        controls.count(who, "padding", "padding (zeros)", padding, 0, 0, 2),
        controls.count(who, "stride", "stride (step)", stride, 1, 1, 3),
        controls.count(who, "row", "row of the map", row, 2, 0, 999),
        controls.count(who, "column", "column of the map", column, 2, 0, 999),
        kernels,
    ]
    _within_the_map({control.name: control for control in settings})
    scene = KernelScene()
    explorer = Explorer(
        who,
        settings,
        scene.picture,
        functools.partial(_show, scene, kernels.name_of),
        title="Kernel explorer",
        advice="move row and column and check one sum by hand. Which strokes of the digit do vertical edges "
        "turn blue, which red, and which not at all? What does the temple look like to each kernel? What do "
        "padding and stride do to the size of the map? Then find nine numbers that see only one diagonal.",
    )
    if is_pad:
        image.observe(explorer.refresh)
    return explorer


class Kernel(controls.Numbers):
    """A list of names above nine sliders and a divisor; each follows the others. Its value: both of these."""

    def __init__(self, who: str, kernel: Any, divisor: int | None):
        if isinstance(kernel, str):
            if kernel not in KERNELS:
                listed = ", ".join(map(repr, KERNELS))
                raise ValueError(f"{who} expected kernel as 3 × 3 numbers or one of {listed}, got {kernel!r}")
            kernel, named = KERNELS[kernel]
            divisor = named if divisor is None else divisor
        divisor = check_count(who, "divisor", 1 if divisor is None else divisor, at_most=16)
        super().__init__(who, "kernel", "w", kernel, None, (3, 3), step=0.5, reach=9.0, width="17em")
        style = {"style": controls.STYLE, "layout": controls.LAYOUT}
        names = ipywidgets.Dropdown(options=[*KERNELS, OWN], description="kernel", **style)
        divide = ipywidgets.IntSlider(value=divisor, min=1, max=16, description="divide all by", **style)
        self._nine = self._sliders
        self._names, self._divide = map(controls.titled, (names, divide))
        self._sliders = [self._names, *self._nine, self._divide]
        self._names.value = self.name_of(*self._parts())
        self._starts = [widget.value for widget in self._sliders]
        first = ipywidgets.Box([self._names, self._divide], layout=controls.WRAP)
        self.widget = ipywidgets.VBox([first, self.widget])
        self._calls: list[Callable[[], None]] = []
        self._numbers = controls.Together(self._sliders[1:], self._moved)
        self._names.observe(lambda _: self._named(), names="value")

    def _parts(self) -> tuple[Matrix, int]:
        entries = np.reshape([round(slider.value, 3) for slider in self._nine], (3, 3))
        return entries.tolist(), self._divide.value

    @property
    def value(self) -> Any:
        return self._parts()

    @staticmethod
    def name_of(entries: Matrix, divisor: int) -> str:
        """Return what a kernel is called."""
        return next((name for name, known in KERNELS.items() if known == (entries, divisor)), OWN)

    def differs(self) -> bool:
        return self.name_of(*self._parts()) != FIRST

    def code(self) -> str:
        entries, divisor = self._parts()
        if (name := self.name_of(entries, divisor)) != OWN:
            return f'kernel="{name}"'
        return f"kernel={entries}" + (f", divisor={divisor}" if divisor > 1 else "")

    def observe(self, call: Callable[[], None]) -> None:
        self._calls.append(call)

    def reset(self) -> None:
        self._numbers.set(self._starts[1:])

    def _named(self) -> None:
        entries, divisor = KERNELS.get(self._names.value, self._parts())
        if (entries, divisor) != self._parts():
            self._numbers.set([*np.ravel(entries), divisor])

    def _moved(self) -> None:
        self._names.value = self.name_of(*self._parts())
        for call in self._calls:
            call()


def _within_the_map(named: dict[str, controls.Control]) -> None:
    """Let the sliders for row and column end where the map does, and follow it."""

    def follow() -> None:
        try:
            image = _image(named["image"].value, named["digit"].value)
        except (TypeError, ValueError):
            return  # it is told in place of the picture
        for name, n in zip(("row", "column"), image.shape, strict=True):
            named[name].widget.max = output_size(n, named["padding"].value, named["stride"].value) - 1

    follow()
    for name in ("image", "digit", "padding", "stride"):
        named[name].observe(follow)


def output_size(n: int, padding: int, stride: int) -> int:
    """Return how many places a kernel of 3 has along a side of n pixels."""
    return (n + 2 * padding - 3) // stride + 1


# ---------------------------------------------------------------------------------------- the images


def _image(image: Any, digit: int) -> np.ndarray:
    """Return the image as an array of floats, or raise for one that no kernel fits on."""
    if isinstance(image, str):
        return _digit(digit) if image == "digit" else photograph(PHOTOGRAPHS[image])
    if hasattr(image, "bitmap"):
        return image.bitmap
    who = "kernel_explorer"
    image = check_array(who, "image", image, shape=("height", "width")).astype(np.float64)
    check_count(who, "the image's smaller side", min(image.shape), at_least=3)
    check_count(who, "the image's larger side", max(image.shape), at_most=MOST)
    return image


@functools.lru_cache(maxsize=10)
def _digit(digit: int) -> np.ndarray:
    from nnlab.datasets import load_digits  # here: it needs scikit-learn, which takes a while to load

    data = load_digits()
    return data.X[np.flatnonzero(data.y == digit)[0]].reshape(data.image_shape)


@functools.lru_cache(maxsize=2)
def photograph(name: str) -> np.ndarray:
    """Return one of scikit-learn's two photographs in gray from 0 to 1, each pixel the mean of a block."""
    from sklearn.datasets import load_sample_image

    gray = load_sample_image(name).mean(axis=2) / 255
    height, width = (n // BLOCK for n in gray.shape)
    blocks = gray[: height * BLOCK, : width * BLOCK].reshape(height, BLOCK, width, BLOCK)
    return blocks.mean(axis=(1, 3))


# ---------------------------------------------------------------------------------------- what is seen


def _show(
    scene: KernelScene,
    name_of: Callable[..., str],
    turn: Turn,
    *,
    image: Any,
    digit: int,
    padding: int,
    stride: int,
    row: int,
    column: int,
    kernel: tuple[Matrix, int],
) -> str:
    X = _image(image, digit)
    W = np.array(kernel[0]) / kernel[1]
    conv = Conv2d(1, 1, 3, stride=stride, padding=padding, bias=False)
    conv.W.value[0, 0] = W
    Y = conv.forward(X[None, None])[0, 0]
    row, column = min(row, Y.shape[0] - 1), min(column, Y.shape[1] - 1)  # the map has become smaller
    padded = np.pad(X, padding)
    bright = isinstance(image, str) and image in PHOTOGRAPHS
    scene.draw(padded, padding, kernel, Y, (row, column), stride, bright=bright)
    return _told(X, Y, W, padding, stride, (row, column), name_of(*kernel))


def _told(
    X: np.ndarray, Y: np.ndarray, W: np.ndarray, padding: int, stride: int, at: tuple[int, int], name: str
) -> str:
    """Say what is seen: for those who do not see it, too."""
    sizes = f"From {X.shape[0]} × {X.shape[1]} to {Y.shape[0]} × {Y.shape[1]}: "
    formula = f"⌊({X.shape[0]} + 2 · {padding} − 3) / {stride}⌋ + 1 = {Y.shape[0]} rows. "
    low, high = (np.unravel_index(index, Y.shape) for index in (Y.argmin(), Y.argmax()))
    kept = ": an even area keeps its value" if _sums_to(W, 1) else ": an even area gives 0"
    meaning = kept if _sums_to(W, 1) or _sums_to(W, 0) else ""
    colors = "" if _sums_to(W, 1) else " Blue is above 0, red below."
    return _signed(
        f"{sizes}{formula}At row {at[0]}, column {at[1]} the nine products add up to {Y[at]:.2f}. "
        f"The map reaches from {Y[low]:.2f} (row {low[0]}, column {low[1]}) to {Y[high]:.2f} (row {high[0]}, "
        f"column {high[1]}). Kernel: {name}; its entries add up to {W.sum():.3g}{meaning}.{colors}"
    )


def _signed(text: str) -> str:
    """Write minus signs as in print."""
    return text.replace("-", "−")


def _sums_to(W: np.ndarray, total: float) -> bool:
    return abs(float(W.sum()) - total) < 0.01


class Sum:
    """Nine products in a square, and below it their sum."""

    def __init__(self, ax: Any):
        style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 10}
        self._products = ax.imshow(np.ones((3, 3, 3)))
        self._terms = [ax.text(j, i, "", **style) for i in range(3) for j in range(3)]
        self._result = ax.text(1, 2.85, "", weight="bold", **style)
        ax.set(xlim=(-0.5, 2.5), ylim=(3.1, -0.5))
        ax.axis("off")
        self.moving = [self._products, *self._terms, self._result]

    def draw(self, window: np.ndarray, kernel: tuple[Matrix, int], value: float) -> None:
        """Show the numbers, blue where a product raises the sum and red where it lowers it."""
        entries, divisor = kernel
        products = window * np.array(entries)
        limit = np.abs(products).max() or 1.0
        colors = colormaps["RdBu"](0.5 + products / (2 * limit))[..., :3]
        self._products.set_data((1 + colors) / 2)  # pale, so that black is read on it
        for text, x, w in zip(self._terms, window.ravel(), np.ravel(entries), strict=True):
            text.set_text(_signed(f"{x:.2f} · {w:g}"))
        divided = f" / {divisor}" if divisor > 1 else ""
        self._result.set_text(_signed(f"sum{divided} = {value:.2f}"))


class KernelScene:
    """The image with the window on it; window, kernel and sum in numbers; the map with its place."""

    def __init__(self):
        self.picture = Picture(9.6, 3.4)
        settings: dict[str, Any] = {"ratios": [1.25, 1, 1.25], "left": 0.07, "bottom": 0.14, "wspace": 0.26}
        self._in, middle, self._out = panels(self.picture.figure, TITLES, **settings)
        blank: dict[str, Any] = {"extent": (0, 0.1, 0, 0.1), "interpolation": "nearest"}  # no image's extent
        self._image, self._map = (ax.imshow(np.zeros((1, 1)), **blank) for ax in (self._in, self._out))
        self._sum = Sum(middle)
        outline: dict[str, Any] = {"fc": "none", "ec": VERMILION, "lw": 2.2}
        border = Rectangle((0, 0), 1, 1, fc="none", ec="0.4", lw=1, ls="--")
        self._border = self._in.add_patch(border)  # where the image ends and the padding begins
        self._window = self._in.add_patch(Rectangle((0, 0), 3, 3, **outline))
        self._place = self._out.add_patch(Rectangle((0, 0), 1, 1, **outline))
        for ax in (self._in, self._out):
            ax.set(xlabel="column", ylabel="row")
        inside = [self._image, self._border, self._window]
        self.picture.move(*inside, *self._sum.moving, self._map, self._place)

    def draw(
        self,
        padded: np.ndarray,
        padding: int,
        kernel: tuple[Matrix, int],
        Y: np.ndarray,
        at: tuple[int, int],
        stride: int,
        *,
        bright: bool,
    ) -> None:
        """Set the moving parts; bright: a photograph, whose large values are bright."""
        gray = "gray" if bright else "gray_r"
        _put(self._in, self._image, padded, padding, gray, (min(0.0, padded.min()), max(1.0, padded.max())))
        height, width = (n - 2 * padding for n in padded.shape)
        self._border.set_bounds(-0.5, -0.5, width, height)
        self._border.set_visible(padding > 0)
        row, column = (stride * place for place in at)
        self._window.set_bounds(column - padding - 0.5, row - padding - 0.5, 3, 3)
        self._sum.draw(padded[row : row + 3, column : column + 3], kernel, Y[at])
        if _sums_to(np.array(kernel[0]) / kernel[1], 1):  # an image again, and shown as one
            _put(self._out, self._map, Y, 0, gray, (0.0, 1.0))
        else:  # a few strong pixels must not make all the others pale
            size = np.quantile(np.abs(Y), 0.995) or 1.0
            _put(self._out, self._map, Y, 0, "RdBu", (-size, size))
        self._place.set_bounds(at[1] - 0.5, at[0] - 0.5, 1, 1)


def _put(ax: Any, artist: Any, image: np.ndarray, padding: int, cmap: str, limits: tuple) -> None:
    """Show an image whose first pixel inside the padding is (0, 0); redraw the frame if its size changes."""
    height, width = image.shape
    edges = (-padding - 0.5, width - padding - 0.5, height - padding - 0.5, -padding - 0.5)
    artist.set_data(image)
    artist.set_cmap(cmap)
    artist.set_clim(*limits)
    if tuple(artist.get_extent()) != edges:
        artist.set_extent(edges)
        ax.set(xlim=edges[:2], ylim=edges[2:])
        for axis, n in ((ax.xaxis, width), (ax.yaxis, height)):
            axis.set_ticks(_ticks(n - 2 * padding))


def _ticks(n: int) -> list[int]:
    """Return about five round numbers below n."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if n / step <= 8)
    return list(range(0, n, step))
