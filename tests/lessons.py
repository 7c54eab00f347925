"""The lessons, for the tests that go through all of them."""

from __future__ import annotations

import ast
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
NAMES = [
    "00_start_here",
    "01_theory",
    "02_forward_pass",
    "03_derivations",
    "04_backpropagation",
    "05_training_from_scratch",
    "06_pytorch_port",
    "07_comparison",
    "08_optimization",
    "09_regularization",
    "10_evaluation_and_tuning",
    "11_convolution",
    "12_deep_convolutional_networks",
    "13_transfer_learning",
    "14_recurrent_networks",
    "15_gated_networks",
    "16_text",
    "17_time_series",
    "18_attention",
]


def definitions(cell):
    """Return the names of the functions that a code cell defines with an empty body."""
    found = []
    for node in ast.parse(cell.source.replace("%", "#")).body:
        if isinstance(node, ast.FunctionDef):
            last = node.body[-1]
            if (
                isinstance(last, ast.Expr)
                and isinstance(last.value, ast.Constant)
                and last.value.value is ...
            ):
                found.append(node.name)
    return found
