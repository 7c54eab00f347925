"""Print how far nnlab and PyTorch differ after 1,000 training steps, for every layer of the course.

python scripts/lockstep_table.py            all layers
python scripts/lockstep_table.py LSTM GRU   some of them

Each layer is trained in a small network in float64, and compared after every step: losses, weights, buffers.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import numpy as np
from layer_samples import SAMPLES, Sample, layer_types

from nnlab import SGD, softmax_cross_entropy

if TYPE_CHECKING:
    from nnlab.twins.pytorch import Lockstep


def train_in_lockstep(sample: Sample, steps: int, dtype=np.float64) -> Lockstep:
    """Train the sample's network and its twin and return the report."""
    from nnlab.twins.pytorch import lockstep

    rng = np.random.default_rng(0)
    network, X = sample.network(rng, dtype), sample.inputs(24, rng, dtype)
    # Gentle: an unstable training run would amplify the rounding that is there from the first step on.
    optimizer = SGD(network.parameters(), lr=0.02)
    y = sample.labels(X)
    return lockstep(
        network, X, y, loss=softmax_cross_entropy, optimizer=optimizer, steps=steps, batch_size=8, rng=rng
    )


def main() -> int:
    """Run the command line."""
    kinds = {kind.__name__: kind for kind in layer_types()}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="LAYER", help="of nnlab.layers; default: all")
    parser.add_argument("--steps", type=int, default=1000, help="default: 1000")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(kinds):
        parser.error(f"expected layers of {', '.join(kinds)}, got {', '.join(sorted(unknown))}")
    print("| layer | losses | weights | buffers |\n|---|---|---|---|")
    for name in arguments.names or kinds:
        reports = [train_in_lockstep(sample, arguments.steps) for sample in SAMPLES[kinds[name]]]
        cells = []
        for kind in ("loss", "weight", "buffer"):
            differences = [d for report in reports for d in getattr(report, f"{kind}_differences")]
            cells.append(f"{max(differences):.0e}" if differences else "–")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
