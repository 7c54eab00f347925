"""Medical appointments that were kept or missed: the table, its simulator, and the way to numbers."""

from nnlab.datasets.appointments.features import (
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
from nnlab.datasets.appointments.simulator import simulate_appointments
from nnlab.datasets.appointments.table import Appointments, load_appointments, times

__all__ = [
    "Appointments",
    "CleaningReport",
    "Part",
    "Split",
    "clean",
    "features",
    "load_appointments",
    "patient_history",
    "simulate_appointments",
    "split",
    "target",
    "times",
    "waiting_days",
]
