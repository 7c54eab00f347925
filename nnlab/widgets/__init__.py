"""What a reader moves and answers in a notebook, on ipywidgets 7.7 and 8: explorers and quizzes."""

from nnlab.widgets.activation import activation_explorer
from nnlab.widgets.drawing import drawing_pad
from nnlab.widgets.forecast import forecast_explorer
from nnlab.widgets.forward import forward_explorer
from nnlab.widgets.gates import gates_explorer
from nnlab.widgets.gradient_flow import gradient_flow_explorer
from nnlab.widgets.heads import heads_explorer
from nnlab.widgets.kernel import kernel_explorer
from nnlab.widgets.quiz import Quiz, quiz
from nnlab.widgets.regularization import regularization_explorer
from nnlab.widgets.reliability import reliability_explorer
from nnlab.widgets.schedule import schedule_explorer
from nnlab.widgets.sentence import sentence_explorer
from nnlab.widgets.steps import steps_explorer
from nnlab.widgets.surface import surface_explorer
from nnlab.widgets.threshold import threshold_explorer
from nnlab.widgets.train_data import appointments_explorer, digits_explorer
from nnlab.widgets.train_points import training_explorer

__all__ = [
    "Quiz",
    "activation_explorer",
    "appointments_explorer",
    "digits_explorer",
    "drawing_pad",
    "forecast_explorer",
    "forward_explorer",
    "gates_explorer",
    "gradient_flow_explorer",
    "heads_explorer",
    "kernel_explorer",
    "quiz",
    "regularization_explorer",
    "reliability_explorer",
    "schedule_explorer",
    "sentence_explorer",
    "steps_explorer",
    "surface_explorer",
    "threshold_explorer",
    "training_explorer",
]
