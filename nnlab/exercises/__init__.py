"""Exercises that name the mistake: `check`, `hint`, `solution`, `working`, `progress`. README.md maps it."""

from nnlab.exercises.checking.checker import check
from nnlab.exercises.checking.help import hint, solution, working
from nnlab.exercises.checking.progress import progress
from nnlab.exercises.checking.report import Result

__all__ = ["Result", "check", "hint", "progress", "solution", "working"]
