"""Controls of an explorer: each knows the argument that it stands for, and how to write it in Python.

Only what ipywidgets 7.7 and 8 share. In both, all of these can be moved with the keyboard.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from nnlab._check import check_array, check_count, check_number

LAYOUT = {"width": "27em"}
ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)  # numbers in each power of ten, about equally far apart
STEPS: Callable[..., Any] = ipywidgets.SelectionSlider
WRAP = {"display": "flex", "flex_flow": "row wrap"}
STYLE = {"description_width": "10.5em"}


def titled(widget: Any) -> Any:
    """Show a label's full text when the mouse rests on it, and return its widget.

    ipywidgets 7 does so by itself; 8 shows "null" unless it is told.
    """
    widget.tooltip = widget.description
    return widget


class Control:
    """A widget for one argument: its value in Python, its first value, and its code.

    read: from the widget's value to Python's; positional: whether the code leaves out the name.
    """

    def __init__(
        self,
        name: str,
        widget: Any,
        default: Any,
        *,
        read: Callable[[Any], Any] = lambda value: value,
        write: Callable[[Any], str] = repr,
        positional: bool = False,
    ):
        self.name, self.widget, self.default = name, titled(widget), default
        self._first = widget.value
        self.positional = positional
        self._read, self._write = read, write

    @property
    def value(self) -> Any:
        """The value as the argument of a call."""
        return self._read(self.widget.value)

    def differs(self) -> bool:
        """Whether a call must state the value to get it again."""
        return self.positional or self.value != self.default

    def code(self) -> str:
        """The argument as it is written in a call."""
        written = self._write(self.value)
        return written if self.positional else f"{self.name}={written}"

    def reset(self) -> None:
        """Go back to the first value."""
        self.widget.value = self._first

    def observe(self, call: Callable[[], None]) -> None:
        """Call when the value changes."""
        self.widget.observe(lambda _: call(), names="value")


class Numbers(Control):
    """Sliders for the entries of a vector or a matrix, row by row; its value is a nested list.

    step: of the sliders, finer where the values need it; reach: they go at least from -reach to reach.
    Raises: as `check_array` for other values or shapes.
    """

    def __init__(
        self,
        who: str,
        name: str,
        label: str,
        values: Any,
        default: Any,
        shape: tuple,
        *,
        step: float = 0.1,
        reach: float = 5.0,
        width: str = "20em",
    ):
        array = check_array(who, name, values, shape=shape).astype(np.float64).round(3)
        step = _step(step, array)
        reach = max(reach, float(np.ceil(np.abs(array).max())))
        self._shape, self._sliders = array.shape, []
        for index, value in np.ndenumerate(array):
            place = ", ".join(map(str, index))
            slider = ipywidgets.FloatSlider(
                value=float(value),
                min=-reach,
                max=reach,
                step=step,
                readout_format=_digits(step),
                description=f"{label}[{place}]",
                style={"description_width": "4.5em"},
                layout={"width": width},
            )
            self._sliders.append(titled(slider))
        self._starts = [slider.value for slider in self._sliders]
        starts = range(0, array.size, array.shape[-1])
        rows = [self._sliders[start : start + array.shape[-1]] for start in starts]
        box = ipywidgets.VBox([ipywidgets.Box(row, layout=WRAP) for row in rows])
        self.name, self.widget, self.default, self.positional = name, box, default, False

    @property
    def value(self) -> Any:
        return np.reshape([round(slider.value, 3) for slider in self._sliders], self._shape).tolist()

    def code(self) -> str:
        return f"{self.name}={self.value}"

    def reset(self) -> None:
        for slider, start in zip(self._sliders, self._starts, strict=True):
            slider.value = start

    def observe(self, call: Callable[[], None]) -> None:
        for slider in self._sliders:
            slider.observe(lambda _: call(), names="value")


class Together:
    """Widgets that can be moved all at once, and then tell it once."""

    def __init__(self, widgets: Sequence[Any], call: Callable[[], None]):
        self._widgets, self._call, self._busy = widgets, call, False
        for widget in widgets:
            widget.observe(lambda _: self._tell(), names="value")

    def set(self, values: Sequence[Any]) -> None:
        """Move every widget to its value."""
        self._busy = True
        for widget, value in zip(self._widgets, values, strict=True):
            widget.value = value
        self._busy = False
        self._call()

    def _tell(self) -> None:
        if not self._busy:
            self._call()


def count(
    who: str, name: str, label: str, value: Any, default: int, low: int, high: int, step: int = 1
) -> Control:
    """Return a slider for a whole number from low to high.

    Raises: TypeError, ValueError for a value that is not a whole number, or out of range.
    """
    value = check_count(who, name, value, at_least=low, at_most=high)
    slider = ipywidgets.IntSlider(
        value=value, min=low, max=high, step=step, description=label, style=STYLE, layout=LAYOUT
    )
    return Control(name, slider, default)


def number(
    who: str, name: str, label: str, value: Any, default: float, low: float, high: float, step: float
) -> Control:
    """Return a slider for a number from low to high.

    Raises: TypeError, ValueError for a value that is not a number, or out of range.
    """
    value = round(check_number(who, name, value, at_least=low, at_most=high), 3)
    step = _step(step, np.array([value]))
    slider = ipywidgets.FloatSlider(
        value=value,
        min=low,
        max=high,
        step=step,
        readout_format=_digits(step),
        description=label,
        style=STYLE,
        layout=LAYOUT,
    )
    return Control(name, slider, default, read=lambda v: round(v, 3))


def _step(step: float, values: np.ndarray) -> float:
    """Return the step, or a finer one that meets the values: a slider rounds a value to its steps."""
    while step > 0.001 and not np.allclose(values / step, np.round(values / step), atol=1e-6):
        step /= 10
    return step


def _digits(step: float) -> str:
    """Return the format that shows every step."""
    return f".{max(1, int(np.ceil(-np.log10(step) - 1e-9)))}f"


def logarithmic(
    who: str, name: str, label: str, value: Any, default: float, powers: tuple[int, int]
) -> Control:
    """Return a slider over round numbers between two powers of ten, and the given value.

    Raises: TypeError, ValueError for a value that is not a number, or out of range.
    """
    low, high = powers
    value = check_number(who, name, value, at_least=10.0**low, at_most=10.0**high)
    # Not a FloatLogSlider: it changes a value between its steps, such as 0.03, as soon as it is shown.
    numbers = {float(f"{digits}e{power}") for power in range(low, high) for digits in ROUND}
    options = {f"{number:g}": number for number in sorted(numbers | {10.0**high, value})}
    return choice(who, name, label, value, default, options, kind=STEPS)


def choice(
    who: str,
    name: str,
    label: str,
    value: Any,
    default: Any,
    options: Sequence[str] | Mapping[str, Any],
    kind: Callable[..., Any] = ipywidgets.Dropdown,
    **settings: Any,
) -> Control:
    """Return a list to choose from: names, or a dict from what is shown to the argument's value.

    kind: ipywidgets.Dropdown, or STEPS for a slider over the options.

    Raises: ValueError for a value that is not among them.
    """
    named = dict(options) if isinstance(options, Mapping) else {option: option for option in options}
    shown = next((key for key, option in named.items() if option is value or option == value), None)
    if shown is None:
        listed = ", ".join(map(repr, named.values()))
        raise ValueError(f"{who} expected {name} as one of {listed}, got {value!r}")
    widget = kind(options=list(named), value=shown, description=label, style=STYLE, layout=LAYOUT)
    return Control(name, widget, default, read=named.__getitem__, **({"write": quoted} | settings))


def text(who: str, name: str, label: str, value: Any, default: str) -> Control:
    """Return a field to type into.

    Raises: TypeError for a value that is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"{who} expected {name} as a string, got {type(value).__name__}")
    field = ipywidgets.Text(
        value=value, description=label, style=STYLE, layout={"width": "54em", "max_width": "99%"}
    )
    return Control(name, field, default, write=quoted)


def named_or_own(
    who: str, name: str, value: Any, names: Sequence[str], *, own: str = "your own", code: str = ""
) -> Control:
    """Return a list of names for the first argument, headed by the reader's own value if it is not a name.

    own: what the list calls that value; code: how a call writes it, by default its repr.
    Raises: ValueError for a name that is not among them.
    """
    named = {known: known for known in names}
    options = named if isinstance(value, str) else {own: value} | named
    write = (lambda v: quoted(v) if isinstance(v, str) else code) if code else quoted
    return choice(who, name, name, value, "", options, positional=True, write=write)


def quoted(value: Any) -> str:
    """Write a value as this course does, text in double quotes."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
