"""Schedules: the learning rate as a function of the step."""

from __future__ import annotations

import math


def cosine(progress: float) -> float:
    """Factor ½ (1 + cos π·progress) of the learning rate: 1 at the start, 0 at the end of training.

    Source: Loshchilov and Hutter, 2017.
    """
    return (1 + math.cos(math.pi * progress)) / 2
