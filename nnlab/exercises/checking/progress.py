"""The learner's progress: one small JSON file in the user's data folder. Losing it is never an error."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from nnlab._cards import Table
from nnlab._files import whole_file
from nnlab.exercises.checking import registry

STATES = ("passed", "tried", "open")
COLUMNS = ("notebook", *STATES, "")

_memory: dict[str, dict] = {}  # what this session knows, for when the file cannot be read or written
_said: set[str] = set()  # complaints that were made already


def path() -> Path:
    """Return where progress is stored: NNLAB_PROGRESS, or the user's data folder of this system."""
    if given := os.environ.get("NNLAB_PROGRESS"):
        return Path(given)
    home = Path.home()
    folder = {
        "win32": Path(os.environ.get("APPDATA", home / "AppData" / "Roaming")),
        "darwin": home / "Library" / "Application Support",
    }.get(sys.platform, Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share"))
    return folder / "nnlab" / "progress.json"


def load() -> dict[str, dict]:
    """Return exercise name -> {"passed": bool, "attempts": int}; what cannot be read counts as nothing."""
    return _entries(
        _read(), "exercises", lambda e: {"passed": bool(e["passed"]), "attempts": int(e["attempts"])}
    )


def quizzes() -> dict[str, dict]:
    """Return quiz name -> {"right": the best mark so far, "of": the number of statements}."""
    return _entries(_read(), "quizzes", lambda e: {"right": int(e["right"]), "of": int(e["of"])})


def record(name: str, passed: bool) -> int:
    """Count an attempt and return how many there were without success, this one included."""
    exercises = load()
    entry = exercises.setdefault(name, {"passed": False, "attempts": 0})
    entry["attempts"] += 1
    entry["passed"] = entry["passed"] or passed
    _keep(exercises, quizzes())
    return entry["attempts"]


def record_quiz(name: str, right: int, of: int) -> None:
    """Keep the mark for a quiz if it is the best so far."""
    marks = quizzes()
    marks[name] = max(
        marks.get(name, {"right": 0, "of": of}), {"right": right, "of": of}, key=lambda m: m["right"]
    )
    _keep(load(), marks)


def _read() -> dict:
    """Return what is stored, or what this session knows where nothing can be read."""
    try:
        stored = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return _memory
    return stored if isinstance(stored, dict) else _memory


def _entries(stored: dict, kind: str, convert: Callable[[dict], dict]) -> dict[str, dict]:
    found = stored.get(kind)
    entries = {}
    for name, entry in (found if isinstance(found, dict) else {}).items():
        with contextlib.suppress(KeyError, TypeError, ValueError):  # a bad entry, no reason to lose the rest
            entries[name] = convert(entry)
    return entries


def _keep(exercises: dict[str, dict], marks: dict[str, dict]) -> None:
    """Store all of it; where that is impossible, say so once and remember it for this session."""
    _memory.clear()
    _memory.update(exercises=exercises, quizzes=marks)
    try:
        _set_damaged_aside()
        save(exercises, marks)
    except OSError as error:
        _say(f"Your progress cannot be stored in {path()} ({error}); it lasts until you close this session.")


def _set_damaged_aside() -> None:
    """Rename a file that is no JSON object, so that nothing of it is overwritten."""
    target = path()
    try:
        damaged = not isinstance(json.loads(target.read_bytes()), dict)
    except FileNotFoundError:
        return
    except ValueError:
        damaged = True
    if damaged:
        aside = next(
            a for n in itertools.count(1) if not (a := target.with_suffix(f".damaged-{n}.json")).exists()
        )
        target.rename(aside)
        _say(f"Your progress could not be read and starts again; the damaged file is kept as {aside}.")


def _say(text: str) -> None:
    if text not in _said:
        _said.add(text)
        print(text, file=sys.stderr)


def save(exercises: dict[str, dict], marks: dict[str, dict]) -> None:
    """Write the file whole, or not at all."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    content = {"version": 1, "exercises": exercises, "quizzes": marks}
    with whole_file(target) as file:
        file.write(json.dumps(content, indent=1, sort_keys=True).encode())


def states() -> dict[str, dict]:
    """Return every exercise of the course with its notebook, state (passed, tried, open) and attempts."""
    entries = load()
    table = {}
    for name, page in registry.contents().items():
        entry = entries.get(name)
        state = "open" if entry is None else "passed" if entry["passed"] else "tried"
        attempts = entry["attempts"] if entry else 0
        table[name] = {"notebook": page.notebook, "state": state, "attempts": attempts}
    return table


def counts() -> dict[int, Counter]:
    """Return notebook -> how many of its exercises are passed, tried and open."""
    table: dict[int, Counter] = {}
    for entry in states().values():
        table.setdefault(entry["notebook"], Counter())[entry["state"]] += 1
    return table


def progress() -> Table:
    """Return the learner's progress, per notebook and in quizzes, and the next exercise that is open."""
    by_notebook = counts()
    total = sum(by_notebook.values(), Counter())
    rows = [_row(f"{notebook:02d}", count) for notebook, count in by_notebook.items()]
    marks = quizzes().values()
    full = sum(mark["right"] == mark["of"] for mark in marks)
    note = f"Quizzes: {len(marks)} done, {full} of them with every statement right."
    step = next((name for name, entry in states().items() if entry["state"] != "passed"), None)
    if step is None:
        return Table(
            "Your progress", COLUMNS, (*rows, _row("all", total)), note + " All exercises are passed."
        )
    number = registry.contents()[step].notebook
    lesson = _lesson(number)
    note += f" Next: `{step}` in {lesson or f'lesson {number:02d}'}."
    return Table("Your progress", COLUMNS, (*rows, _row("all", total)), note, lesson)


def _row(name: str, count: Counter) -> tuple[str, ...]:
    done = round(10 * count["passed"] / count.total())
    return (name, *(str(count[state]) for state in STATES), "█" * done + "░" * (10 - done))


def _lesson(number: int) -> str:
    """Return the path of a lesson from here: beside this notebook, or in the course's folder; "" for none."""
    for folder in ("", "work", "notebooks"):
        for found in sorted(Path(folder).glob(f"{number:02d}_*.ipynb")):
            return found.as_posix()
    return ""
