"""Training: mini-batches, the loop that fits a network, its history, and saving the whole state of a run."""

from nnlab.training.batches import batches
from nnlab.training.checkpoint import load, save
from nnlab.training.history import History
from nnlab.training.loop import TrainingWarning, fit, fit_whole, predict_scores

__all__ = ["History", "TrainingWarning", "batches", "fit", "fit_whole", "load", "predict_scores", "save"]
