"""Figures of the course. Every function draws on `ax` (the current Axes by default) and returns it.

The colors are Okabe and Ito's (2008), which can be distinguished with any color vision;
markers, dashes or text repeat what color says.
"""

from nnlab.plots.classification import (
    calibration,
    confusion_matrix,
    precision_recall_curve,
    roc_curve,
    thresholds,
)
from nnlab.plots.curves import activation, gradient_norms, loss_curves
from nnlab.plots.diagrams import network_graph, shapes_diagram, unrolled_loop
from nnlab.plots.images import (
    images,
    mistakes,
    show_feature_maps,
    show_filters,
    show_receptive_field,
    weights_as_images,
)
from nnlab.plots.plane import contour_path, decision_boundary, points
from nnlab.plots.style import (
    BLACK,
    BLUE,
    DASHES,
    GRAY,
    GREEN,
    MARKERS,
    ORANGE,
    PALETTE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    use_style,
)

__all__ = [
    "BLACK",
    "BLUE",
    "DASHES",
    "GRAY",
    "GREEN",
    "MARKERS",
    "ORANGE",
    "PALETTE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "YELLOW",
    "activation",
    "calibration",
    "confusion_matrix",
    "contour_path",
    "decision_boundary",
    "gradient_norms",
    "images",
    "loss_curves",
    "mistakes",
    "network_graph",
    "points",
    "precision_recall_curve",
    "roc_curve",
    "shapes_diagram",
    "show_feature_maps",
    "show_filters",
    "show_receptive_field",
    "thresholds",
    "unrolled_loop",
    "use_style",
    "weights_as_images",
]
