"""Settings for all tests."""

import os
import tempfile

# Checking an exercise records progress; tests must not write into the user's own file. Kernels that nbval
# starts inherit the variable.
os.environ["NNLAB_PROGRESS"] = os.path.join(tempfile.mkdtemp(prefix="nnlab-tests-"), "progress.json")
