"""scikit-learn estimators: this package's network and training for `Pipeline`, `GridSearchCV` and their kin.

Data are taken as they come: put a `StandardScaler` before the estimator, and a regressor whose targets are
large or small into a `TransformedTargetRegressor`. A float32 X trains a float32 network; a sparse one is made
dense. `Settings??` says what both can be told. Without early stopping, `random_state=0` gives what `MLP` and
`fit` give with `rng=np.random.default_rng(0)` and the starting weights of `ACTIVATIONS`.
"""

from nnlab.estimators.classifier import MLPClassifier
from nnlab.estimators.regressor import LOSSES, MLPRegressor
from nnlab.estimators.settings import ACTIVATIONS, OPTIMIZERS, Settings

__all__ = ["ACTIVATIONS", "LOSSES", "OPTIMIZERS", "MLPClassifier", "MLPRegressor", "Settings"]
