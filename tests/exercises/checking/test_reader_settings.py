"""Nothing that the notebook has set for all of torch or NumPy changes a verdict."""

import subprocess
import sys

import pytest

from nnlab.exercises.checking import registry

PROGRAM = """
import contextlib
import numpy as np
import torch
from nnlab.exercises import check, references
from nnlab.exercises.checking import registry

SETTINGS = {
    "dtype": lambda: torch.set_default_dtype(torch.float64),
    "device": lambda: torch.set_default_device("meta"),
    "inference": lambda: torch.inference_mode().__enter__(),
    "no_grad": lambda: torch.no_grad().__enter__(),
    "errstate": lambda: np.seterr(all="raise"),
}
kept = SETTINGS[%r]()
for name in %r:
    print(name, check(name, getattr(references, name), record=False).status)
"""


@pytest.mark.parametrize("setting", ["dtype", "device", "inference", "no_grad", "errstate"])
def test_right_answers_pass_whatever_the_notebook_has_set(setting, tmp_path):
    pytest.importorskip("torch")
    names = [name for name, page in registry.contents().items() if page.notebook == 6]
    names += ["softmax", "cross_entropy"] if setting == "errstate" else []
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (setting, names)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split("\n")[:-1] == [f"{name} passed" for name in names], done.stderr
