import math

import numpy as np
import torch
from attempts import wrong


def right_formula(n, kernel, stride=1, padding=0):
    return (n - kernel + 2 * padding) // stride + 1


def right_by_counting(n, kernel, stride=1, padding=0):
    count, start = 0, -padding
    while start + kernel <= n + padding:
        count += 1
        start += stride
    return count


def right_range(n, kernel, stride=1, padding=0):
    return len(range(0, n + 2 * padding - kernel + 1, stride))


def right_floor(n, kernel, stride=1, padding=0):
    return int(np.floor((n + 2 * padding - kernel) / stride) + 1)


def right_numpy_integer(n, kernel, stride=1, padding=0):
    return np.array((n + 2 * padding - kernel + stride) // stride, dtype=np.int32)


def right_ceil(n, kernel, stride=1, padding=0):
    return math.ceil((n + 2 * padding - kernel + 1) / stride)


def right_by_torch(n, kernel, stride=1, padding=0):
    return torch.nn.Conv1d(1, 1, kernel, stride, padding)(torch.zeros(1, 1, n)).shape[-1]


def right_as_a_tensor(n, kernel, stride=1, padding=0):
    return torch.tensor((n + 2 * padding - kernel) // stride + 1)


@wrong("plus-one-missing")
def no_one(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) // stride


@wrong("padding-once")
def one_side(n, kernel, stride=1, padding=0):
    return (n + padding - kernel) // stride + 1


@wrong("padding-ignored")
def no_padding(n, kernel, stride=1, padding=0):
    return int((n - kernel) / stride) + 1


@wrong("stride-ignored")
def no_stride(n, kernel, stride=1, padding=0):
    return n + 2 * padding - kernel + 1


@wrong("floor-missing")
def exact(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel) / stride + 1


@wrong("wrong-type")
def floor_of_numpy(n, kernel, stride=1, padding=0):
    return np.floor((n + 2 * padding - kernel) / stride) + 1


@wrong("wrong-type")
def floored_float(n, kernel, stride=1, padding=0):
    return ((n + 2 * padding - kernel) / stride + 1) // 1


@wrong("rounded-up")
def up(n, kernel, stride=1, padding=0):
    return math.ceil((n + 2 * padding - kernel) / stride) + 1


@wrong("rounded-up + wrong-type", "rounded-up")
def up_as_float(n, kernel, stride=1, padding=0):
    return np.ceil((n + 2 * padding - kernel) / stride) + 1


@wrong("rounded-to-nearest")
def nearest(n, kernel, stride=1, padding=0):
    return round((n + 2 * padding - kernel) / stride + 1)


@wrong("plus-one-before-stride")
def one_inside(n, kernel, stride=1, padding=0):
    return (n + 2 * padding - kernel + 1) // stride


@wrong("brackets-missing")
def no_brackets(n, kernel, stride=1, padding=0):
    return n + 2 * padding - kernel // stride + 1


@wrong("stride-before-kernel")
def strided_first(n, kernel, stride=1, padding=0):
    return (n + 2 * padding) // stride - kernel + 1


@wrong("kernel-ignored")
def without_kernel(n, kernel, stride=1, padding=0):
    return (n + 2 * padding) // stride + 1


@wrong("same-padding-instead")
def same(n, kernel, stride=1, padding=0):
    return math.ceil(n / stride)


@wrong("arguments-in-other-order", "raises")
def other_order(n, kernel, padding=0, stride=1):
    return (n + 2 * padding - kernel) // stride + 1


@wrong("padding-once + plus-one-missing")
def two_slips(n, kernel, stride=1, padding=0):
    return (n - kernel + padding) // stride


@wrong("padding-once + floor-missing")
def exact_and_once(n, kernel, stride=1, padding=0):
    return (n - kernel + padding) / stride + 1


@wrong("padding-after-stride")
def outside(n, kernel, stride=1, padding=0):
    return (n - kernel) // stride + 1 + 2 * padding


@wrong("wrong-type")
def both_sides(n, kernel, stride=1, padding=0):
    size = (n + 2 * padding - kernel) // stride + 1
    return size, size


@wrong("wrong-type")
def as_text(n, kernel, stride=1, padding=0):
    return f"{(n + 2 * padding - kernel) // stride + 1} places"


@wrong("returns-none")
def printed(n, kernel, stride=1, padding=0):
    print((n + 2 * padding - kernel) // stride + 1)


@wrong("raises")
def undefined(n, kernel, stride=1, padding=0):
    return (n + 2 * pad - kernel) // stride + 1  # noqa: F821


@wrong()
def constant(n, kernel, stride=1, padding=0):
    return 28
