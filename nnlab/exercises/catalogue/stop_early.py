"""The exercise `stop_early`: when to end training, and which epoch to go back to."""

from __future__ import annotations

import numpy as np  # noqa: F401 (the mistakes use it)

from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe


def losses(kind: str, label: str, values: str, patience: int) -> Probe:
    """Return a probe from losses written as words."""
    numbers = [float(word) for word in values.split()]
    return Probe(f"{label}, patience {patience}", (numbers, patience), kind)


@exercise(
    notebook=9,
    order=5,
    returns="best_epoch, last_epoch",
    probes=(
        losses("example", "a small example", "0.9 0.6 0.5 0.7 0.55 0.8 0.3", 3),
        losses("main", "a dip on the way", "2.0 1.5 1.6 1.2 1.3 1.25 1.1 1.4 1.3 1.15 1.2 0.9 1.0", 3),
        losses("other", "several dips", "0.8 0.9 0.7 0.75 0.6 0.9 0.8 0.65 0.5 0.4", 2),
        losses("main", "falling to the end", "1.0 0.8 0.7 0.6 0.55", 2),
        losses("main", "the best epoch is the first", "0.4 0.5 0.7 0.6 0.3 0.2", 3),
        losses("main", "rising to the end", "1.0 0.5 0.6 0.7 0.8 0.9 0.95", 2),
        losses("main", "better just in time", "1.0 0.9 0.95 0.93 0.8 0.9 0.85 0.7 0.75 0.9", 3),
        losses("main", "better one epoch too late", "1.0 0.9 0.95 0.93 0.99 0.8 0.7 0.6", 3),
        losses("other", "tiny improvements", "0.5 0.49999 0.49998 0.49997 0.49996 0.49995 0.49994", 2),
        losses("main", "the list ends before patience does", "1.0 0.5 0.6 0.7", 5),
        losses("main", "the list ends just when patience does", "1.0 0.5 0.6 0.7 0.8", 3),
        losses("other", "going down again, above the best", "1.0 0.5 0.9 0.8 0.7 0.6 0.55 0.52 0.4", 4),
        losses("extreme", "equal losses", "0.7 0.5 0.5 0.5 0.5 0.4", 3),
        losses("extreme", "the best loss once more, just in time", "0.7 0.5 0.6 0.5 0.45 0.6 0.6", 2),
        losses("extreme", "a patience of 1", "0.7 0.5 0.4 0.45 0.3 0.2", 1),
        losses("extreme", "a patience of 1, falling", "0.7 0.5 0.4", 1),
        losses("extreme", "large losses", "5e6 4e6 4.5e6 3.9e6 4.2e6 4.1e6 1e6", 2),
        losses("extreme", "negative losses", "-0.2 -0.5 -0.4 -0.9 -0.8 -0.7 -1.5", 2),
    ),
    hints=(
        "Go through the losses in order, as training does, and remember the best loss so far and its epoch.",
        "At each epoch, first see whether it is better than the best so far; then ask how many epochs ago "
        "the best one was. `enumerate(val_losses, 1)` counts from 1.",
        "In the loop: an `if` that stores the new best loss and its epoch when the loss is smaller; then "
        "an `if` on the distance between this epoch and the best one, with a `break`. After the loop both "
        "numbers are known, whether it ended early or not.",
    ),
    why="The distance to the best epoch needs no counter that has to be reset; and whoever stops at "
    "last_epoch has seen no later loss, so none can decide what is best.",
)
def stop_early(val_losses, patience):
    """Return the epoch to go back to and the one after which training ends; both count from 1.

    Training ends after the first epoch that lies `patience` epochs behind the best one so far, or with the
    list. An equal loss is not better. val_losses: a list of floats, patience >= 1
    -> (best_epoch, last_epoch), the best among epochs 1 … last_epoch.
    """
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return best_epoch, epoch


mistake(
    stop_early,
    "patience-off-by-one",
    "epoch - best_epoch >= patience → epoch - best_epoch > patience",
    "epoch - best_epoch >= patience → epoch - best_epoch >= patience - 1",
    says="Training ends one epoch too late or too soon: patience is counted off by one. If the best epoch is "
    "3 and patience 2, epoch 5 is the last one.",
)
mistake(
    stop_early,
    "equal-counts-as-better",
    "loss < best → loss <= best",
    says="An equal loss counts as better. Where the loss is flat, as when units have died, training would "
    "then go on to the end of the list.",
)
mistake(
    stop_early,
    "counted-from-zero",
    "enumerate(val_losses, 1) → enumerate(val_losses)",
    "return best_epoch, epoch → return best_epoch - 1, epoch",
    "return best_epoch, epoch → return best_epoch, epoch - 1",
    says="An epoch is counted from 0. The first loss belongs to epoch 1, and both numbers count from 1; a "
    "list index is one less.",
)
mistake(
    stop_early,
    "stopping-epoch-left-out",
    "break → epoch -= 1\n            break",
    says="When patience runs out, last_epoch is the one before. The epoch in which patience runs out has "
    "been trained, so it is the last one.",
)
mistake(
    stop_early,
    "best-after-the-end",
    "return best_epoch, → return int(np.argmin(val_losses)) + 1,",
    (
        "return best_epoch, epoch → best_epoch = int(np.argmin(val_losses)) + 1\n"
        "    return best_epoch, min(best_epoch + patience, len(val_losses))",
    ),
    says="The best epoch is looked for in the whole list, beyond the epoch at which training ends. In a real "
    "run those losses would not exist: only what came before the end can be best.",
)
mistake(
    stop_early,
    "compared-with-previous",
    ("best, best_epoch = loss, epoch → best_epoch = epoch", "if epoch - → best = loss\n        if epoch -"),
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, fell = float("inf"), 0, 0',
        "if epoch - best_epoch >= patience: → "
        "fell = epoch if epoch == 1 or loss < val_losses[epoch - 2] else fell\n"
        "        if epoch - fell >= patience:",
    ),
    says="Each loss is compared with the one before it. A loss that jumps up and then comes down a little "
    "then looks like progress, though it is far above the best. Compare with the best so far.",
)
mistake(
    stop_early,
    "counter-not-reset",
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, bad = float("inf"), 0, 0',
        "if epoch - best_epoch >= patience: → bad += best_epoch != epoch\n        if bad >= patience:",
    ),
    says="The epochs without progress are counted over the whole run, not since the last progress. With "
    "every new best loss the patience begins again.",
)
mistake(
    stop_early,
    "patience-ignored",
    "epoch - best_epoch >= patience → epoch > best_epoch",
    says="Training ends at the first epoch that is no better than the best so far, whatever the patience is. "
    "Validation losses are noisy; patience is there to sit out a bad epoch or two.",
)
mistake(
    stop_early,
    "never-stopped",
    "if epoch - best_epoch >= patience:\n            break → continue",
    says="Training never ends before the list does. See where your function leaves the loop, and what "
    "it compares with patience.",
)
mistake(
    stop_early,
    "patience-counted-from-start",
    "epoch - best_epoch >= patience → epoch >= patience",
    "epoch - best_epoch >= patience → epoch > patience",
    says="Training ends after a fixed number of epochs: patience is counted from the start. It counts the "
    "epochs since the best one.",
)
mistake(
    stop_early,
    "outputs-swapped",
    "return best_epoch, epoch → return epoch, best_epoch",
    says="The two epochs are swapped: the best one comes first, then the last.",
)
mistake(
    stop_early,
    "loss-instead-of-epoch",
    "return best_epoch, → return best,",
    "return best_epoch, epoch → return best, loss",
    says="You return a loss where an epoch is expected. The caller wants to know which weights to restore: "
    "the number of the epoch.",
)
mistake(
    stop_early,
    "checked-before-updating",
    (
        "        if epoch - best_epoch >= patience:\n            break\n → ",
        "if loss < best: → if best_epoch and epoch - best_epoch >= patience:\n            break\n"
        "        if loss < best:",
    ),
    says="You check whether patience has run out before looking at the new loss. If that very epoch brings "
    "a new best loss, it is in time: the best is then 0 epochs ago, and training goes on.",
)
mistake(
    stop_early,
    "larger-counts-as-better",
    ('float("inf") → -float("inf")', "loss < best → loss > best"),
    says="A larger loss counts as better. That would be right for an accuracy; a loss should fall.",
)
mistake(
    stop_early,
    "start-value-typed-in",
    'float("inf") → 0',
    'float("inf") → 1',
    'float("inf") → 10',
    'float("inf") → 100',
    'float("inf") → 1000',
    'float("inf") → 10000',
    says="Some losses never count as the best, since the search starts from a number that they are not "
    "below. The first loss should be the best so far, however large it is.",
)
mistake(
    stop_early,
    "small-improvements-ignored",
    "loss < best → loss < best - 1e-3",
    "loss < best → loss < best - 1e-4",
    "loss < best → round(loss, 4) < round(best, 4)",
    says="A loss that is only a little better does not count. Some libraries have such a margin (min_delta); "
    "here every loss below the best counts.",
)
mistake(
    stop_early,
    "best-guessed-from-patience",
    "return best_epoch, → return epoch - patience,",
    "return best_epoch, → return max(epoch - patience, 1),",
    says="The best epoch is taken as patience epochs before the last one. That holds when patience has run "
    "out; where the list ends first, the best may lie anywhere.",
)
mistake(
    stop_early,
    "goes-on-after-the-end",
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, last = float("inf"), 0, len(val_losses)',
        "break → last = epoch",
        "return best_epoch, epoch → return best_epoch, last",
    ),
    says="The loop goes on after patience has run out: a later epoch overwrites the end that you found. "
    "Training ends at the first such epoch.",
)
mistake(
    stop_early,
    "end-of-list-forgotten",
    ("return best_epoch, epoch → return None", "break → return best_epoch, epoch"),
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, last = float("inf"), 0, 0',
        "break → last = epoch\n            break",
        "return best_epoch, epoch → return best_epoch, last",
    ),
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, last = float("inf"), 0, None',
        "break → last = epoch\n            break",
        "return best_epoch, epoch → return best_epoch, last",
    ),
    (
        'best, best_epoch = float("inf"), 0 → best, best_epoch, last = float("inf"), 0, -1',
        "break → last = epoch\n            break",
        "return best_epoch, epoch → return best_epoch, last",
    ),
    says="Where the list ends before patience has run out, no last epoch is returned. Training ends then "
    "too, after the last loss of the list.",
)
mistake(
    stop_early,
    "compared-with-patience-epochs-ago",
    "epoch - best_epoch >= patience → epoch > patience and loss >= val_losses[epoch - 1 - patience]",
    "epoch - best_epoch >= patience → epoch > patience and loss > val_losses[epoch - 1 - patience]",
    says="Each loss is compared with the one patience epochs before it. What counts is how long ago the best "
    "loss was: a single bad epoch does not end training if there was a new best one in between.",
)
mistake(
    stop_early,
    "last-epoch-beyond-the-list",
    "return best_epoch, epoch → return best_epoch, best_epoch + patience",
    (
        "return best_epoch, epoch → best_epoch = int(np.argmin(val_losses)) + 1\n"
        "    return best_epoch, best_epoch + patience",
    ),
    says="The last epoch is taken as the best one plus patience. Where the list ends first, that lies beyond "
    "it; training ends with the last loss at the latest.",
)
mistake(
    stop_early,
    "first-epoch-never-best",
    'best, best_epoch = float("inf"), 0 → best, best_epoch = val_losses[0], 0',
    'best, best_epoch = float("inf"), 0 → best, best_epoch = val_losses[0], -1',
    says="If no epoch beats the first one, the best epoch should be 1. As long as nothing else has been "
    "seen, the first is the best, and its number has to be kept along with its loss.",
)
