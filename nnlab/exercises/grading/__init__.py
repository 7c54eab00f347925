"""Grading: the answers in many notebooks, checked and counted for a class."""
