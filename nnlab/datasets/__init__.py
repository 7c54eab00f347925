"""Data sets: appointments that were kept or missed, handwritten digits, and points in the plane.

Nothing is downloaded unless asked for, and every data set says in `.source` where it came from.
"""

from nnlab.datasets.appointments import Appointments, load_appointments
from nnlab.datasets.digits import Digits, load_digits, load_mnist
from nnlab.datasets.download import Record, available, get, where
from nnlab.datasets.features import (
    CleaningReport,
    Part,
    Split,
    clean,
    features,
    patient_history,
    split,
    target,
    waiting_days,
)
from nnlab.datasets.simulator import simulate_appointments
from nnlab.datasets.toy import make_blobs, make_circles, make_moons, make_spirals, make_xor

__all__ = [
    "Appointments",
    "CleaningReport",
    "Digits",
    "Part",
    "Record",
    "Split",
    "available",
    "clean",
    "features",
    "get",
    "load_appointments",
    "load_digits",
    "load_mnist",
    "make_blobs",
    "make_circles",
    "make_moons",
    "make_spirals",
    "make_xor",
    "patient_history",
    "simulate_appointments",
    "split",
    "target",
    "waiting_days",
    "where",
]
