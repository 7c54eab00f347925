"""Draw the picture in the README: a small network from scratch learns to separate two rings.

python scripts/readme_picture.py
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from nnlab import MLP, Adam, Tanh, fit, plots, softmax_cross_entropy
from nnlab.datasets import make_circles

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "boundary.png"


def main() -> None:
    """Draw the boundary before training and after 10, 40 and 200 epochs."""
    plots.use_style()
    rng = np.random.default_rng(3)
    X, y = make_circles(200, noise=0.1, rng=rng)
    network = MLP([2, 16, 2], activation=Tanh, rng=rng)
    optimizer = Adam(network.parameters(), lr=0.02)
    figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), sharex=True, sharey=True, layout="constrained")
    done = 0
    for ax, epochs in zip(axes, (0, 10, 40, 200), strict=True):
        if epochs:
            fit(network, X, y, loss=softmax_cross_entropy, optimizer=optimizer, epochs=epochs - done)
            done = epochs
        plots.decision_boundary(network, X, y, ax=ax)
        loss, _ = softmax_cross_entropy(network.forward(X), y)
        ax.set(title=f"{epochs} epochs, loss {loss:.2f}" if epochs else f"before training, loss {loss:.2f}")
        if ax is not axes[0]:
            ax.get_legend().remove()
            ax.set(ylabel="")
    PICTURE.parent.mkdir(exist_ok=True)
    figure.savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
