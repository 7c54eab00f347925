"""Training: mini-batches, the loop that fits a network, its history, callbacks, and saving a whole run."""

from nnlab.training.batches import batches
from nnlab.training.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    LambdaCallback,
    Log,
    ProgressBar,
    ReduceOnPlateau,
)
from nnlab.training.checkpoint import load, save
from nnlab.training.history import History
from nnlab.training.loop import TrainingWarning, fit, fit_whole
from nnlab.training.measures import predict_scores
from nnlab.training.run import Run

__all__ = [
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "Log",
    "ProgressBar",
    "ReduceOnPlateau",
    "Run",
    "TrainingWarning",
    "batches",
    "fit",
    "fit_whole",
    "load",
    "predict_scores",
    "save",
]
