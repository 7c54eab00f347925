"""What a reader moves and answers in a notebook, on ipywidgets 7.7 and 8: explorers and quizzes."""

from nnlab.widgets.quiz import Quiz, quiz
from nnlab.widgets.train_points import training_explorer

__all__ = ["Quiz", "quiz", "training_explorer"]
