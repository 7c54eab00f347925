"""The exercise `augment`: images flipped and shifted by chance."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nnlab.exercises.checking.compare import Odd, as_array
from nnlab.exercises.checking.definitions import Function, exercise, mistake
from nnlab.exercises.checking.probes import Probe

TURNED = {
    "as they are": lambda X: X,
    "flipped left to right": lambda X: X[..., ::-1],
    "flipped upside down": lambda X: X[..., ::-1, :],
    "turned by 180 degrees": lambda X: X[..., ::-1, ::-1],
    "with their channels reversed": lambda X: X[:, ::-1],
}
RIGHT_WAYS = ("as they are", "flipped left to right")
MANY = 500  # draws, from which on every row and column has to occur
CHANCES = ("rows", "columns", "combinations", "equally likely", "flip and place")


def different(m: int, c: int, h: int, w: int) -> np.ndarray:
    """Return images in which no pixel is like another, and none is 0."""
    return np.random.default_rng(m).permutation(m * c * h * w).reshape(m, c, h, w) + 1.0


@cache
def windows_of(shape: tuple[int, ...], padding: int, way: str, border: float) -> np.ndarray:
    """Return all that may be cut out of those images, turned and padded: (m, c, places, places, h, w)."""
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    padded = np.pad(TURNED[way](different(*shape)), sides, constant_values=border)
    return np.ascontiguousarray(sliding_window_view(padded, shape[2:], axis=(2, 3)))


def drawn(
    f: Function, said: str, padding: int, shape: tuple[int, ...], calls: int
) -> Iterator[dict[str, Any]]:
    """Return what holds for every draw, and, of many, what holds but for the play of chance."""
    images = different(*shape)
    results: list[Any] = [
        as_array(f(images.copy(), padding, np.random.default_rng(seed))) for seed in range(calls)
    ]
    shapes = {r.text if isinstance(r, Odd) else str(r.shape) for r in results}
    yield {"form": " or ".join(sorted(shapes)[:3])}
    fits = shapes == {str(images.shape)}
    found = Found(np.stack(results), padding) if fits else None
    many = len(images) * calls > 60
    yield {
        "content": found.content if found else "not looked at",
        "ways": found.ways if found and many else "not looked at",
        "one flip for all channels": not found or not found.clear or found.one_way,
        "one place for all channels": not found or not found.clear or found.one_place,
    }
    if (
        not found
        or not found.clear
        or not (found.one_way and found.one_place)
        or len(images) < 4
        or not padding
    ):
        yield {"flips differ": True, "places differ": True}
    else:
        yield {"flips differ": found.flips_differ, "places differ": found.places_differ}
    few = not fits or len(images) < 4  # so few may be alike by chance
    again: Any = as_array(f(images.copy(), padding, np.random.default_rng(0)))
    yield {
        "same seed, same draw": few or np.array_equal(again, results[0]),
        "other seed, other draw": few or not all(np.array_equal(r, results[0]) for r in results[1:]),
        **follow_the_seed(found if found and len(images) > 3 and padding else None),
    }
    enough = len(images) * calls >= MANY and found and found.clear and found.one_way and found.one_place
    flips = found.flipped if found and enough and found.flips_differ else None
    yield {
        "share of flips": share(flips) if flips is not None else "not looked at",
        "number of flips varies": flips is None or bool((flips.sum(axis=1) != flips.shape[1] // 2).any()),
    }
    if found and enough and found.places_differ:
        yield chances(found, padding)
    else:
        yield dict.fromkeys(CHANCES, "not looked at")


class Found:
    """For every image and channel of some results, from which place and which way round it was cut out."""

    def __init__(self, results: np.ndarray, padding: int):
        self.way = np.full(results.shape[:3], -1)
        self.places = np.full((*results.shape[:3], 2), -1)
        borders = {0.0: "padded with zeros", np.nan: "padded with something else than zeros"}
        found = [said for border, said in borders.items() if self._look(results, padding, border)]
        if (self.way < 0).any():
            both = [windows_of(results.shape[1:], padding, way, 0.0)[:1] for way in RIGHT_WAYS]
            cuts = np.concatenate(both, axis=2)
            first = (cuts == results[:, :, :, None, None]).all(axis=(-1, -2)).any(axis=(-1, -2))
            found.append("cut out of the first image" if first[self.way < 0].all() else "something else")
        self.content = " or ".join(found)

    def _look(self, results: np.ndarray, padding: int, border: float) -> bool:
        """Look for cuts from images with this border, and return whether there are any."""
        before = (self.way < 0).sum()
        for number, way in enumerate(TURNED):
            if (self.way < 0).any():
                windows = windows_of(results.shape[1:], padding, way, border)
                same = windows == results[:, :, :, None, None]
                if np.isnan(border):
                    same |= np.isnan(windows)
                hit = same.all(axis=(-1, -2)) & (self.way < 0)[..., None, None]
                *where, row, column = np.nonzero(hit)
                self.way[tuple(where)] = number
                self.places[tuple(where)] = np.stack([row, column], axis=-1)
        return (self.way < 0).sum() < before

    @property
    def clear(self) -> bool:
        """Whether every image was found, flipped or not."""
        return bool(((self.way >= 0) & (self.way < len(RIGHT_WAYS))).all())

    @property
    def ways(self) -> str:
        """Which way round the images are."""
        return ", ".join(way for number, way in enumerate(TURNED) if (self.way == number).any())

    @property
    def one_way(self) -> bool:
        """Whether all channels of each image are flipped, or none."""
        return bool((self.way == self.way[..., :1]).all())

    @property
    def one_place(self) -> bool:
        """Whether all channels of each image come from one place."""
        return bool((self.places == self.places[..., :1, :]).all())

    @property
    def flipped(self) -> np.ndarray:
        """Which images are flipped, (calls, m)."""
        return self.way[..., 0] == 1

    @property
    def place(self) -> np.ndarray:
        """Where the images were cut out, (calls, m, 2)."""
        return self.places[..., 0, :]

    @property
    def flips_differ(self) -> bool:
        """Whether flips differ within a call, where they differ at all."""
        some = self.flipped
        return bool((some == some[0, 0]).all() or (some != some[:, :1]).any())

    @property
    def places_differ(self) -> bool:
        """Whether places differ within a call, if at all; those of flipped images by themselves.

        Which way round a place is counted depends on whether the flip came first.
        """
        if (self.place == self.place[0, 0]).all():
            return True
        return any(
            len(np.unique(place[flipped == way], axis=0)) > 1
            for place, flipped in zip(self.place, self.flipped, strict=True)
            for way in (False, True)
        )


def follow_the_seed(found: Found | None) -> dict[str, bool]:
    """Return whether flips and places change from call to call, if they change within one."""

    def changes(drawn: np.ndarray) -> bool:
        return bool((drawn == drawn[:, :1]).all() or (drawn != drawn[:1]).any())

    clear = found and found.clear and found.one_way and found.one_place
    return {
        "flips follow the seed": not found or not clear or changes(found.flipped),
        "places follow the seed": not found or not clear or changes(found.place),
    }


def share(flipped: np.ndarray) -> str:
    """Return the share of flipped images: one half where it is as near as so many draws allow."""
    came = float(flipped.mean())
    return "half" if abs(came - 0.5) <= 2.6 / np.sqrt(flipped.size) else f"{round(20 * came) / 20:.0%}"


def chances(found: Found, padding: int) -> dict[str, str]:
    """Return which places occur, whether equally often, and whether alike for flipped images."""
    n = 2 * padding + 1
    upright, mirrored = (
        np.histogramdd(found.place[found.flipped == way], bins=(range(n + 1),) * 2)[0]
        for way in (False, True)
    )
    rows = np.nonzero((upright + mirrored).sum(axis=1))[0]
    straight, turned = (tuple(np.nonzero(counts.sum(axis=0))[0]) for counts in (upright, mirrored))
    backwards = tuple(2 * padding - column for column in reversed(turned))
    counts = [c for c in (upright, mirrored) if c.sum() > MANY / 10]
    grids = [c[np.ix_(c.any(axis=1), c.any(axis=0))] for c in counts]
    full = all((grid > 0).mean() > 0.6 for grid in grids)
    alike = not (straight and turned) or straight in (turned, backwards)
    return {
        "rows": ", ".join(map(str, rows)),
        "columns": ", ".join(map(str, straight or min(turned, backwards))),
        "combinations": "all" if full else "some",
        "equally likely": "yes" if not full or even(upright + mirrored) else "no",
        "flip and place": "independent" if alike else "tied",
    }


def even(counts: np.ndarray) -> bool:
    """Whether counts are what equal chances give, by a bound that chance passes once in a billion times."""
    expected, freedom = counts.mean(), counts.size - 1
    return bool(((counts - expected) ** 2 / expected).sum() <= freedom + 6 * np.sqrt(2 * freedom) + 25)


def probe(kind: str, padding: int, calls: int, *shape: int) -> Probe:
    """Return a probe with images of this shape, (m, c, h, w)."""
    said = f"{shape[0]} image{'s' if shape[0] > 1 else ''} of shape {shape[1:]}, no two pixels alike"
    observe = functools.partial(drawn, shape=shape, calls=calls)
    return Probe(f"{said}; padding = {padding}", (said, padding), kind, observe)


@exercise(
    notebook=12,
    order=4,
    returns="the images",
    words={
        "form": "The result should have the shape {expected}; yours: {got}.",
        "content": "Each image should be cut out of itself, {expected}; yours is {got}.",
        "ways": "The images should come {expected}; yours come {got}.",
        "one flip for all channels": "All channels of an image should be flipped, or none.",
        "one place for all channels": "All channels of an image should be cut out at the same place.",
        "flips differ": "Each image should have a flip of its own, but in each call all or none are flipped.",
        "places differ": "Each image should have a place of its own, but in each call all have the same.",
        "flips follow the seed": "Which images are flipped should be left to chance; it is always the same "
        "ones.",
        "places follow the seed": "The places should be left to chance, but they are the same in every call.",
        "share of flips": "About {expected} of the images should be flipped; yours: {got}.",
        "number of flips varies": "The number of flipped images is the same in every call.",
        "rows": "Counted from the top of the padded image, the cuts should begin at the rows {expected}; "
        "yours begin at {got}.",
        "columns": "Counted from the left, the cuts should begin at the columns {expected}; yours begin at "
        "{got}.",
        "combinations": "Of the combinations of rows and columns {expected} should occur; in yours only "
        "{got} do.",
        "equally likely": "All places should be equally likely, but some come more often.",
        "flip and place": "Flip and place should be independent, but they are {got}.",
    },
    probes=(
        probe("example", 1, 40, 2, 1, 2, 3),
        probe("main", 1, 6, 12, 2, 4, 3),
        probe("other", 2, 20, 40, 1, 3, 4),
        probe("other", 1, 20, 30, 2, 2, 2),
        probe("extreme", 0, 3, 24, 2, 3, 4),
        probe("extreme", 1, 3, 1, 1, 3, 3),
    ),
    hints=(
        "Do it for one image first: pad it with zeros, cut a piece of the old size out, flip it or not. "
        "How many places are there for the piece, and what are the first and the last?",
        "`np.pad` takes a pair (before, after) for each axis. `rng.integers(low, high)` never gives high. "
        "The last axis is the width: reversing it swaps left and right.",
        "Pad the last two axes of the whole batch. For each image draw top and left from 0 to 2·padding "
        "inclusive, take `padded[i, :, top:top+h, left:left+w]`, and reverse its last axis if a draw says "
        "so.",
    ),
    why="A slice takes all channels at once, so they stay together, and what is drawn inside the loop is "
    "drawn for each image.",
)
def augment(images, padding, rng):
    """Return the images, each flipped left to right with probability 1/2 and shifted by padding and cutting.

    Each is padded with zeros and cut out to its old size at one of (2 * padding + 1)**2 places, all equally
    likely; flip and place are the same for all channels. images: (m, c, h, w) -> (m, c, h, w).
    """
    m, _, h, w = images.shape
    result = np.empty_like(images)
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    for i in range(m):
        top, left = rng.integers(0, 2 * padding + 1, size=2)
        cut = padded[i, :, top : top + h, left : left + w]
        flip = rng.random() < 0.5
        result[i] = cut[:, :, ::-1] if flip else cut
    return result


PLACE = "top, left = rng.integers(0, 2 * padding + 1, size=2)"
FLIP = "flip = rng.random() < 0.5"
LOOP = "for i in range(m):"
SIDES = "((0, 0), (0, 0), (padding, padding), (padding, padding))"

mistake(
    augment,
    "flip-missing",
    f"{FLIP} → flip = False",
    alone=(f"{FLIP} → flip = rng.integers(0, 1)",),
    says="No image is flipped. Half of them should be, left to right: `rng.random() < 0.5` is True half of "
    "the time (`rng.integers(0, 1)` is always 0).",
)
mistake(
    augment,
    "always-flipped",
    f"{FLIP} → flip = True",
    alone=(f"{FLIP} → flip = rng.random() < 1",),
    says="Every image is flipped. Then the network sees the mirror images only; each should be flipped with "
    "probability one half.",
)
mistake(
    augment,
    "same-flip-for-all",
    (f"{FLIP} → pass", f"{LOOP} → {FLIP}\n    {LOOP}"),
    says="One draw decides for the whole batch: all images of a call are flipped, or none. Each image "
    "should have a draw of its own.",
)
mistake(
    augment,
    "same-crop-for-all",
    (f"{PLACE} → pass", f"{LOOP} → {PLACE}\n    {LOOP}"),
    says="All images of a call are cut out at the same place. Each image should have a place of its own; "
    "otherwise the noise does not average out over a batch.",
)
mistake(
    augment,
    "flip-up-down",
    "cut[:, :, ::-1] → cut[:, ::-1]",
    says="The images are turned upside down. Left and right are the last axis, (channels, height, width); "
    "a world upside down is not what the network will meet.",
)
mistake(
    augment,
    "flipped-both-ways",
    alone=("cut[:, :, ::-1] → cut[:, ::-1, ::-1]",),
    says="Both height and width are reversed, so the images are turned by 180 degrees. Only the last axis "
    "should be.",
)
mistake(
    augment,
    "channels-reversed",
    alone=("cut[:, :, ::-1] → cut[::-1]",),
    says="The channels are reversed instead of the width: red and blue change places, and no pixel moves.",
)
mistake(
    augment,
    "wrong-flip-probability",
    alone=(
        "< 0.5 → < 0.25",
        "< 0.5 → > 0.25",
        "< 0.5 → < 0.1",
        "< 0.5 → < 0.9",
        "< 0.5 → < 1 / 3",
    ),
    says="The share of images that are flipped is not one half. `rng.random()` lies below p with "
    "probability p.",
)
mistake(
    augment,
    "crop-range-off-by-one",
    "rng.integers(0, 2 * padding + 1, → rng.integers(0, 2 * padding, ",
    "rng.integers(0, 2 * padding + 1, → rng.integers(0, max(2 * padding, 1), ",
    says="The last row and the last column of places never occur: `rng.integers(low, high)` leaves high "
    "out. The images are then shifted more often one way than the other.",
)
mistake(
    augment,
    "crop-range-begins-at-one",
    alone=("rng.integers(0, 2 * padding + 1, → rng.integers(1, 2 * padding + 1, ",),
    says="The first row and the first column of places never occur. Places are counted from 0, which "
    "leaves all the padding of the first side in the picture.",
)
mistake(
    augment,
    "padding-once",
    alone=(
        "rng.integers(0, 2 * padding + 1, → rng.integers(0, padding + 1, ",
        "rng.integers(0, 2 * padding + 1, → padding + rng.integers(0, padding + 1, ",
        f"{SIDES} → ((0, 0), (0, 0), (padding, padding), (0, 0))",
        f"{SIDES} → ((0, 0), (0, 0), (0, 0), (padding, padding))",
        f"{SIDES} → ((0, 0), (0, 0), (0, padding), (0, padding))",
        f"{SIDES} → ((0, 0), (0, 0), (padding, 0), (padding, 0))",
    ),
    says="The images are shifted to one side only, or the padding is too small for the cuts. Zeros stand "
    "on all four sides, `padding` of them on each, so that a cut can begin at 2·padding + 1 rows and as "
    "many columns.",
)
mistake(
    augment,
    "crop-on-diagonal",
    f"{PLACE} → top = left = rng.integers(0, 2 * padding + 1)",
    says="Row and column of a place are always equal: one draw is used for both, so only the places on the "
    "diagonal occur. Draw two numbers.",
)
mistake(
    augment,
    "shift-in-one-direction",
    alone=(
        f"{PLACE} → {PLACE}; top = padding",
        f"{PLACE} → {PLACE}; left = padding",
    ),
    says="The images are shifted in one direction only, up and down or left and right. Both row and column "
    "of the place are drawn.",
)
mistake(
    augment,
    "shift-missing",
    f"{PLACE} → top, left = padding, padding",
    says="The images are not shifted: every cut is taken from the middle. The place should be drawn for "
    "each image.",
)
mistake(
    augment,
    "places-not-equally-likely",
    f"{PLACE} → top, left = np.rint(rng.uniform(0, 2 * padding, size=2)).astype(int)",
    alone=(
        f"{PLACE} → top, left = rng.integers(0, padding + 1, size=2) + rng.integers(0, padding + 1, size=2)",
        f"{PLACE} → top, left = (padding + np.clip(np.rint(rng.normal(size=2)), -padding, "
        "padding)).astype(int)",
        f"{PLACE} → top, left = rng.binomial(2 * padding, 0.5, size=2)",
        (
            f"{PLACE} → top, left = (rng.integers(0, 2 * padding + 1, size=2) if rng.random() < 0.5 else "
            "(padding, padding))"
        ),
    ),
    says="All places occur, but some more often than others. Rounding does that (the first and the last "
    "get half of the others' share), and so do a normal distribution and a sum of two draws. "
    "`rng.integers` gives every integer with the same chance.",
)
mistake(
    augment,
    "only-extreme-places",
    alone=(
        f"{PLACE} → top, left = rng.choice([0, 2 * padding], size=2)",
        f"{PLACE} → top, left = rng.choice([0, padding, 2 * padding], size=2)",
    ),
    says="Only some of the places occur, such as the corners. Every row from 0 to 2·padding may be the "
    "first one of a cut, and every column likewise.",
)
mistake(
    augment,
    "crop-per-channel",
    "cut = padded[i, :, top : top + h, left : left + w] → cut = np.stack([layer[a : a + h, b : b + w] for "
    "layer in padded[i] for a, b in [rng.integers(0, 2 * padding + 1, size=2)]])",
    says="Each channel is cut out at a place of its own, so red, green and blue do not lie on top of each "
    "other any more. The place is drawn once for an image.",
)
mistake(
    augment,
    "flip-per-channel",
    "result[i] = cut[:, :, ::-1] if flip else cut → result[i] = np.stack([layer[:, ::-1] if rng.random() < "
    "0.5 else layer for layer in cut])",
    says="Each channel is flipped or not by a draw of its own, so the colors of an image do not belong "
    "together any more. The flip is drawn once for an image.",
)
mistake(
    augment,
    "padding-not-zero",
    f'{SIDES} → {SIDES}, mode="reflect"',
    alone=(
        f'{SIDES} → {SIDES}, mode="edge"',
        f'{SIDES} → {SIDES}, mode="wrap"',
        f'{SIDES} → {SIDES}, mode="symmetric"',
        f'{SIDES} → {SIDES}, mode="mean"',
        f"{SIDES} → {SIDES}, constant_values=1",
        f"{SIDES} → {SIDES}, constant_values=-1",
    ),
    says="What comes in at the border is not zero but pixels of the image (`np.roll` brings in those of "
    "the other side), or another number. The exercise asks for zeros.",
)
mistake(
    augment,
    "padded-on-all-axes",
    alone=(f"{SIDES} → padding",),
    says="A single number in `np.pad` pads all four axes, so there are additional images and channels of "
    "zeros. Give a pair for each axis, (0, 0) for the first two.",
)
mistake(
    augment,
    "padding-missing",
    alone=(f"padded = np.pad(images, {SIDES}) → padded = images",),
    says="The cut is taken from the image without padding, so it is too small as soon as it does not begin "
    "at 0. Zeros around the image make room for the shift.",
)
mistake(
    augment,
    "crop-missing",
    (
        "result = np.empty_like(images) → result = np.empty((*images.shape[:2], h + 2 * padding, w + 2 * "
        "padding))",
        "padded[i, :, top : top + h, left : left + w] → padded[i]",
    ),
    says="The images come back with their padding. They should be cut to their old height and width.",
)
mistake(
    augment,
    "flip-and-shift-tied",
    alone=(
        "cut[:, :, ::-1] if flip else cut → cut[:, :, ::-1] if flip else images[i]",
        "cut[:, :, ::-1] if flip else cut → images[i, :, :, ::-1] if flip else cut",
        f"{FLIP} → flip = left > padding if padding else rng.random() < 0.5",
    ),
    says="Flip and shift are tied to each other: which images are flipped depends on their place, or only "
    "some of the images are shifted. The two are drawn independently.",
)
mistake(
    augment,
    "global-rng-instead-of-rng",
    "rng. → np.random.default_rng().",
    alone=(
        f"{FLIP} → flip = np.random.default_rng().random() < 0.5",
        f"{PLACE} → top, left = np.random.default_rng().integers(0, 2 * padding + 1, size=2)",
    ),
    says="The draws do not come from the `rng` that is passed in, so no run can be repeated.",
)
mistake(
    augment,
    "same-draws-in-every-call",
    alone=(("m, _, h, w = images.shape → m, _, h, w = images.shape\n    rng = np.random.default_rng(0)",),),
    says="A generator is made inside and seeded there, so every call draws the same: the same images are "
    "flipped and shifted alike in each epoch. Use the `rng` that is passed in.",
)
mistake(
    augment,
    "flips-not-left-to-chance",
    alone=(
        f"{FLIP} → flip = i % 2 == 0",
        f"{FLIP} → flip = i < m // 2",
        f"{FLIP} → flip = i % 2 == 1",
    ),
    says="Which images are flipped is fixed, every other one or the first half. It should be drawn for "
    "each image.",
)
mistake(
    augment,
    "number-of-flips-fixed",
    alone=((f"{FLIP} → flip = flipped[i]", f"{LOOP} → flipped = rng.permutation(m) < m // 2\n    {LOOP}"),),
    says="In every call the same number of images is flipped. Each should be drawn by itself, whatever "
    "happens to the others.",
)
mistake(
    augment,
    "first-image-for-all",
    alone=("padded[i, :, top → padded[0, :, top",),
    says="All results are cut out of the first image. Each image is cut out of itself.",
)
