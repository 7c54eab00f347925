"""Data sets: appointments that were kept or missed, digits, color images, film reviews,
temperatures, points and curves.

Nothing is downloaded unless asked for, and every data set says in `.source` where it came from.
A new data set is one module that registers it, and its names here.
"""

from nnlab.datasets.appointments import (
    Appointments,
    CleaningReport,
    Part,
    Split,
    clean,
    features,
    load_appointments,
    patient_history,
    simulate_appointments,
    split,
    target,
    waiting_days,
)
from nnlab.datasets.color_images import ColorImages, load_cifar10
from nnlab.datasets.film_reviews import make_reviews
from nnlab.datasets.images import Digits, load_digits, load_mnist
from nnlab.datasets.points import make_blobs, make_circles, make_moons, make_spirals, make_xor
from nnlab.datasets.registry import Dataset, Loaded, available, get, load, where
from nnlab.datasets.series import Temperatures, load_temperatures
from nnlab.datasets.shapes import make_shapes
from nnlab.datasets.signals import make_mnist1d
from nnlab.datasets.text import Reviews, load_reviews
from nnlab.datasets.vectors import has_word_vectors, load_word_vectors

__all__ = [
    "Appointments",
    "CleaningReport",
    "ColorImages",
    "Dataset",
    "Digits",
    "Loaded",
    "Part",
    "Reviews",
    "Split",
    "Temperatures",
    "available",
    "clean",
    "features",
    "get",
    "has_word_vectors",
    "load",
    "load_appointments",
    "load_cifar10",
    "load_digits",
    "load_mnist",
    "load_reviews",
    "load_temperatures",
    "load_word_vectors",
    "make_blobs",
    "make_circles",
    "make_mnist1d",
    "make_moons",
    "make_reviews",
    "make_shapes",
    "make_spirals",
    "make_xor",
    "patient_history",
    "simulate_appointments",
    "split",
    "target",
    "waiting_days",
    "where",
]
