import math

import numpy as np
from attempts import wrong


def right_squared_cosine(step, warmup, total, peak):
    if warmup > step:
        return (1 + step) * (peak / warmup)
    return peak * math.cos(math.pi / 2 * (step - warmup) / (total - warmup)) ** 2


def right_shifted(step, warmup, total, peak):
    t = step - warmup
    if t < 0:
        return peak + peak * (t + 1) / warmup
    return 0.5 * peak + 0.5 * peak * np.cos(t * np.pi / (total - warmup))


def right_list(step, warmup, total, peak):
    up = np.linspace(0, peak, warmup + 1)[1:]
    down = peak / 2 * (1 + np.cos(np.linspace(0, np.pi, total - warmup + 1)))
    return np.concatenate([up, down])[step]


def right_degrees(step, warmup, total, peak):
    if step + 1 <= warmup:
        lr = peak / warmup * (step + 1)
    else:
        lr = peak * (1 + np.cos(np.deg2rad(180 * (step - warmup) / (total - warmup)))) / 2
    return np.array(lr)


def right_expression(step, warmup, total, peak):
    angle = math.pi * (step - warmup) / (total - warmup)
    return peak * (step + 1) / warmup if step < warmup else peak * (1 + math.cos(angle)) * 0.5


def right_guarded_minimum(step, warmup, total, peak):
    up = min(1.0, (step + 1) / max(warmup, 1))
    down = 0.5 * (1 + np.cos(np.pi * max(0, step - warmup) / (total - warmup)))
    return peak * up * down


@wrong("warmup-starts-at-zero")
def from_zero(step, warmup, total, peak):
    if step < warmup:
        return peak * step / warmup
    return peak * 0.5 * (1 + np.cos(np.pi * (step - warmup) / (total - warmup)))


@wrong("cosine-not-reaching-zero")
def over_total(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / total))


@wrong("schedule-ignores-warmup")
def step_over_total(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return 0.5 * peak * (1 + math.cos(math.pi * step / total))


@wrong("schedule-ignores-warmup")
def no_warmup_at_all(step, warmup, total, peak):
    return peak * (1 + np.cos(np.pi * step / total)) / 2


@wrong("angle-in-degrees")
def degrees(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(180 * (step - warmup) / (total - warmup))) / 2


@wrong("half-missing")
def twice_the_peak(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


@wrong("cosine-not-lifted")
def below_zero(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * math.cos(math.pi * (step - warmup) / (total - warmup))


@wrong("cosine-not-lifted")
def half_amplitude(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak / 2 * np.cos(np.pi * (step - warmup) / (total - warmup))


@wrong("quarter-cosine")
def quarter(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * math.cos(0.5 * math.pi * (step - warmup) / (total - warmup))


@wrong("linear-instead-of-cosine")
def straight_down(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (total - step) / (total - warmup)


@wrong("warmup-one-step-too-long")
def at_most(step, warmup, total, peak):
    if step <= warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2


@wrong("warmup-starts-at-zero + warmup-one-step-too-long")
def at_most_from_zero(step, warmup, total, peak):
    if step <= warmup:
        return peak * step / warmup
    return peak * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2


@wrong("warmup-starts-at-zero + cosine-not-reaching-zero")
def two_slips(step, warmup, total, peak):
    if step < warmup:
        return peak * (step / warmup)
    return 0.5 * peak * (1 + np.cos(np.pi * (step - warmup) / total))


@wrong("division-by-zero")
def where(step, warmup, total, peak):
    line = peak * (step + 1) / warmup
    cosine = peak * (1 + np.cos(np.pi * (step - warmup) / (total - warmup))) / 2
    return np.where(step < warmup, line, cosine)


@wrong("division-by-zero")
def smaller_of_both(step, warmup, total, peak):
    line = peak * min((step + 1) / warmup, 1)
    return line * (1 + np.cos(np.pi * max(step - warmup, 0) / (total - warmup))) / 2


@wrong("peak-ignored")
def factor_only(step, warmup, total, peak):
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


@wrong("cosine-reversed")
def upwards(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 - math.cos(math.pi * (step - warmup) / (total - warmup)))


@wrong("whole-cosine")
def full_period(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(2 * math.pi * (step - warmup) / (total - warmup)))


@wrong("pi-missing")
def without_pi(step, warmup, total, peak):
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos((step - warmup) / (total - warmup)))


@wrong("returns-none")
def forgot_return(step, warmup, total, peak):
    if step < warmup:
        lr = peak * (step + 1) / warmup
    else:
        lr = peak * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2
    print(lr)
