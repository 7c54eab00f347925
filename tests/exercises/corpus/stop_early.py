import numpy as np
from attempts import wrong


def right_counter(val_losses, patience):
    best, best_epoch, bad = None, None, 0
    for i in range(len(val_losses)):
        if best is None or val_losses[i] < best:
            best, best_epoch, bad = val_losses[i], i + 1, 0
        else:
            bad += 1
            if bad == patience:
                return best_epoch, i + 1
    return best_epoch, len(val_losses)


def right_argmin(val_losses, patience):
    for n in range(1, len(val_losses) + 1):
        best = int(np.argmin(val_losses[:n])) + 1
        if n - best == patience:
            break
    return np.array([best, n])


def right_while(val_losses, patience):
    epoch = best_epoch = 1
    while epoch < len(val_losses) and epoch - best_epoch < patience:
        epoch += 1
        if val_losses[epoch - 1] < val_losses[best_epoch - 1]:
            best_epoch = epoch
    return [best_epoch, epoch]


def right_vectors(val_losses, patience):
    x = np.array(val_losses)
    lowest = np.minimum.accumulate(x)
    is_new = np.r_[True, lowest[1:] < lowest[:-1]]
    best = np.maximum.accumulate(np.where(is_new, np.arange(1, len(x) + 1), 0))
    stop = np.flatnonzero(np.arange(1, len(x) + 1) - best >= patience)
    last = stop[0] + 1 if len(stop) else len(x)
    return best[last - 1], last


def right_recursive(val_losses, patience):
    def go(epoch, best):
        if epoch - best >= patience or epoch == len(val_losses):
            return best, epoch
        return go(epoch + 1, epoch + 1 if val_losses[epoch] < val_losses[best - 1] else best)

    return go(1, 1)


@wrong("patience-off-by-one")
def more_than(val_losses, patience):
    best, best_epoch, bad = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch, bad = loss, epoch, 0
        else:
            bad += 1
        if bad > patience:
            break
    return best_epoch, epoch


@wrong("equal-counts-as-better")
def at_most(val_losses, patience):
    best, best_epoch, bad = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss <= best:
            best, best_epoch, bad = loss, epoch, 0
        else:
            bad += 1
            if bad >= patience:
                break
    return best_epoch, epoch


@wrong("counted-from-zero")
def indices(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return best_epoch, epoch


@wrong("loss-instead-of-epoch")
def best_value(val_losses, patience):
    best, wait, epoch = float("inf"), 0, 0
    for loss in val_losses:
        epoch += 1
        if loss < best:
            best, wait = loss, 0
        else:
            wait += 1
        if wait == patience:
            break
    return best, epoch


@wrong("best-after-the-end")
def best_of_all(val_losses, patience):
    best, wait, last = float("inf"), 0, len(val_losses)
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, wait = loss, 0
        else:
            wait += 1
        if wait == patience:
            last = epoch
            break
    return val_losses.index(min(val_losses)) + 1, last


@wrong("compared-with-previous")
def previous(val_losses, patience):
    best_epoch, wait, last_loss = 1, 0, float("inf")
    for epoch, loss in enumerate(val_losses, 1):
        if loss < last_loss:
            best_epoch, wait = epoch, 0
        else:
            wait += 1
            if wait >= patience:
                break
        last_loss = loss
    return best_epoch, epoch


@wrong("compared-with-previous")
def rises_in_a_row(val_losses, patience):
    rises = 0
    for epoch in range(2, len(val_losses) + 1):
        rises = rises + 1 if val_losses[epoch - 1] >= val_losses[epoch - 2] else 0
        if rises >= patience:
            return int(np.argmin(val_losses[:epoch])) + 1, epoch
    return int(np.argmin(val_losses)) + 1, len(val_losses)


@wrong("counter-not-reset")
def never_reset(val_losses, patience):
    best, best_epoch, bad = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, epoch
        else:
            bad += 1
            if bad >= patience:
                break
    return best_epoch, epoch


@wrong("patience-ignored")
def first_rise(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, epoch
        else:
            break
    return best_epoch, epoch


@wrong("never-stopped")
def argmin_of_all(val_losses, patience):
    return int(np.argmin(val_losses)) + 1, len(val_losses)


@wrong("outputs-swapped")
def last_first(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch == patience:
            break
    return epoch, best_epoch


@wrong("end-of-list-forgotten", "returns-none")
def return_inside(val_losses, patience):
    best, best_epoch, bad = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch, bad = loss, epoch, 0
        else:
            bad += 1
            if bad == patience:
                return best_epoch, epoch


@wrong("end-of-list-forgotten")
def last_stays_zero(val_losses, patience):
    best, best_epoch, last_epoch = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch >= patience:
            last_epoch = epoch
            break
    return best_epoch, last_epoch


@wrong("checked-before-updating")
def check_first(val_losses, patience):
    best, best_epoch = val_losses[0], 1
    for epoch, loss in enumerate(val_losses[1:], 2):
        if epoch - best_epoch >= patience:
            return best_epoch, epoch
        if loss < best:
            best, best_epoch = loss, epoch
    return best_epoch, len(val_losses)


@wrong("larger-counts-as-better")
def accuracy(val_losses, patience):
    best, best_epoch = -float("inf"), 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss > best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return best_epoch, epoch


@wrong("start-value-typed-in")
def a_hundred(val_losses, patience):
    best, best_epoch, wait = 100, 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best:
            best, best_epoch, wait = loss, epoch, 0
        else:
            wait += 1
            if wait == patience:
                break
    return best_epoch, epoch


@wrong("small-improvements-ignored")
def min_delta(val_losses, patience):
    best, best_epoch, wait = float("inf"), 0, 0
    for epoch, loss in enumerate(val_losses, 1):
        if loss < best - 1e-4:
            best, best_epoch, wait = loss, epoch, 0
        else:
            wait += 1
            if wait == patience:
                break
    return best_epoch, epoch


@wrong("patience-off-by-one + counted-from-zero")
def both_off(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses):
        if loss < best:
            best, best_epoch = loss, epoch
        elif epoch - best_epoch > patience:
            break
    return best_epoch, epoch


@wrong("equal-counts-as-better + counted-from-zero")
def indices_and_equal(val_losses, patience):
    best, best_epoch = float("inf"), 0
    for epoch, loss in enumerate(val_losses):
        if loss <= best:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return best_epoch, epoch


@wrong("compared-with-patience-epochs-ago")
def window(val_losses, patience):
    for epoch in range(1, len(val_losses) + 1):
        if epoch > patience and val_losses[epoch - 1] >= val_losses[epoch - 1 - patience]:
            break
    return int(np.argmin(val_losses[:epoch])) + 1, epoch
