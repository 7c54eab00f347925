"""What a reader moves and answers in a notebook, on ipywidgets 7.7 and 8: the quizzes of notebook 01."""

from nnlab.widgets.quiz import Quiz, quiz

__all__ = ["Quiz", "quiz"]
