"""scikit-learn estimators: this package's network and training for `Pipeline`, `GridSearchCV` and the like.

Data are not scaled: put a `StandardScaler` before the estimator, and wrap a regressor with large or small
targets in a `TransformedTargetRegressor`. A float32 X trains a float32 network; a sparse X is made dense.
`Settings??` lists the settings of both. Without early stopping, `random_state=0` gives what `MLP` and `fit`
give with `rng=np.random.default_rng(0)` and the starting weights of `ACTIVATIONS`.
"""

from nnlab.estimators.classifier import MLPClassifier
from nnlab.estimators.regressor import LOSSES, MLPRegressor
from nnlab.estimators.settings import ACTIVATIONS, OPTIMIZERS, SCHEDULES, Settings

__all__ = ["ACTIVATIONS", "LOSSES", "OPTIMIZERS", "SCHEDULES", "MLPClassifier", "MLPRegressor", "Settings"]
