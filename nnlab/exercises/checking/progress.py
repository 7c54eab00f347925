"""The learner's progress: one small JSON file in the user's data folder. Losing it is never an error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from pathlib import Path

from nnlab._cards import Table
from nnlab._files import whole_file
from nnlab.exercises.checking import registry

_memory: dict[str, dict] = {}  # what this session knows, for when the file cannot be read or written


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
    try:
        stored = json.loads(path().read_text(encoding="utf-8"))["exercises"].items()
    except Exception:
        return {name: dict(entry) for name, entry in _memory.items()}
    entries = {}
    for name, entry in stored:
        with contextlib.suppress(
            KeyError, TypeError, ValueError
        ):  # one bad entry is no reason to lose the rest
            entries[name] = {"passed": bool(entry["passed"]), "attempts": int(entry["attempts"])}
    return entries


def record(name: str, passed: bool) -> int:
    """Count an attempt and return how many there were without success, this one included."""
    entries = load()
    entry = entries.setdefault(name, {"passed": False, "attempts": 0})
    entry["attempts"] += 1
    entry["passed"] = entry["passed"] or passed
    _memory.clear()
    _memory.update(entries)
    with contextlib.suppress(Exception):
        save(entries)
    return entry["attempts"]


def save(entries: dict[str, dict]) -> None:
    """Write the file whole, or not at all."""
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as file:
        file.write(json.dumps({"version": 1, "exercises": entries}, indent=1, sort_keys=True).encode())


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
    """Return the learner's progress, per notebook: exercises passed, tried, and still open."""
    by_notebook = counts()
    rows = [
        [f"{notebook:02d}", *(str(count[state]) for state in ("passed", "tried", "open"))]
        for notebook, count in by_notebook.items()
    ]
    total = sum(by_notebook.values(), Counter())
    rows.append(["all", *(str(total[state]) for state in ("passed", "tried", "open"))])
    return Table("Your progress", ("notebook", "passed", "tried", "open"), tuple(map(tuple, rows)))
