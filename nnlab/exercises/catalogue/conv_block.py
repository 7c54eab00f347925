"""The exercise `conv_block`: convolution, batch norm, ReLU and pooling as one module."""

from __future__ import annotations

import functools

import torch
from torch import nn
from torch.nn import functional as F

from nnlab.exercises.catalogue.shared.blocks import WORDS, chance_enters, observed, some_are_idle
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import MAIN, OTHER, Probe, example, extreme

looked_at = functools.partial(observed, height=6, width=4)


@exercise(
    notebook=12,
    order=1,
    returns="an nn.Module",
    words=WORDS,
    rtol=5e-4,
    seconds=4,
    probes=(
        example(2, 3, label="2 channels in, 3 out", observe=looked_at),
        Probe("3 channels in, 5 out", (3, 5), "main", looked_at, sizes=MAIN),
        Probe("4 channels in, 2 out", (4, 2), "other", looked_at, sizes=OTHER),
        extreme("as many channels out as in", 4, 4, observe=looked_at),
    ),
    hints=(
        "Four layers in a row. Write down the shape after each of them, for images of shape "
        "(m, c_in, h, w), before you write the code.",
        "A 3×3 kernel keeps height and width if one row or column of zeros is added on each side. Batch norm "
        "subtracts the mean of every channel, and with it any constant that was added before.",
        "In an `nn.Sequential`: an `nn.Conv2d` with its `padding` set and its `bias` switched off, batch "
        "norm over the channels that come out, the activation, and max pooling with windows of 2.",
    ),
    why="Each layer has one job: the kernels look, batch norm sets mean and spread, ReLU bends, pooling "
    "halves the picture. A bias before batch norm would be subtracted again with the mean.",
)
def conv_block(c_in, c_out):
    """Return a block: 3×3 convolution that keeps the size, batch norm, ReLU, 2×2 max pooling.

    X: (m, c_in, h, w) -> (m, c_out, h/2, w/2), h and w even.
    """
    conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    norm = nn.BatchNorm2d(c_out)
    return nn.Sequential(conv, norm, nn.ReLU(), nn.MaxPool2d(2))


WITH_BIAS = ", bias=False → "
NO_POOLING = ", nn.MaxPool2d(2) → "

mistake(
    conv_block,
    "bias-before-batch-norm",
    WITH_BIAS,
    says="The convolution has a bias. Batch norm subtracts the mean of every channel right after it, and "
    "the bias with it: in training these numbers change nothing and get no gradient but rounding. Batch "
    "norm's own shift does their work.",
)
mistake(
    conv_block,
    "batch-norm-missing",
    ", norm → ",
    (", norm → ", WITH_BIAS),
    says="Batch norm is missing: the block computes the same in both modes and has no scale and shift to "
    "train. Deep stacks of such blocks are hard to train, since nothing keeps the spread of their values.",
)
mistake(
    conv_block,
    "activation-missing",
    ", nn.ReLU() → ",
    says="There is no activation. Convolution and batch norm are linear, so without ReLU only the "
    "pooling keeps a stack of blocks from being one linear map.",
)
mistake(
    conv_block,
    "wrong-activation",
    "nn.ReLU() → nn.LeakyReLU()",
    "nn.ReLU() → nn.Tanh()",
    alone=(
        "nn.ReLU() → nn.GELU()",
        "nn.ReLU() → nn.Sigmoid()",
        "nn.ReLU() → nn.ELU()",
        "nn.ReLU() → nn.SiLU()",
        "nn.ReLU() → nn.LeakyReLU(0.1)",
        "nn.ReLU() → nn.LeakyReLU(0.2)",
        "nn.ReLU() → nn.ReLU6()",
        "nn.ReLU() → nn.PReLU()",
        "nn.ReLU() → nn.Softmax(dim=1)",
    ),
    says="The activation is not ReLU. Such a block may train as well, but it is not the one that is asked "
    "for.",
)
mistake(
    conv_block,
    "pooling-missing",
    NO_POOLING,
    says="The pooling is missing, so height and width stay as they are. The next block would look at the "
    "same small part of the picture, at four times the cost.",
)
mistake(
    conv_block,
    "mean-instead-of-max",
    "nn.MaxPool2d(2) → nn.AvgPool2d(2)",
    says="The pooling takes the mean of each window. The exercise asks for its maximum: what was found "
    "somewhere in the window counts in full, however small it is.",
)
mistake(
    conv_block,
    "wrong-pooling-size",
    "nn.MaxPool2d(2) → nn.MaxPool2d(3)",
    alone=(
        "nn.MaxPool2d(2) → nn.MaxPool2d(3, stride=2, padding=1)",
        "nn.MaxPool2d(2) → nn.MaxPool2d(2, padding=1)",
        "nn.MaxPool2d(2) → nn.MaxPool2d(3, stride=2)",
        "nn.MaxPool2d(2) → nn.MaxPool2d(3, stride=1, padding=1)",
        "nn.MaxPool2d(2) → nn.MaxPool2d(4)",
        "nn.MaxPool2d(2) → nn.MaxPool2d((2, 1))",
        "nn.MaxPool2d(2) → nn.MaxPool2d((1, 2))",
    ),
    says="The windows of the pooling are not the ones asked for: they are 2×2 and lie side by side, without "
    "padding, so that each side of the picture is halved.",
)
mistake(
    conv_block,
    "windows-overlap",
    "nn.MaxPool2d(2) → nn.MaxPool2d(2, stride=1)",
    says="The windows of the pooling move by one pixel, so they overlap, and the picture loses one row and "
    "one column instead of half. The stride should be the window's size, which is also PyTorch's default.",
)
mistake(
    conv_block,
    "pooled-globally",
    alone=(
        "nn.MaxPool2d(2) → nn.AdaptiveMaxPool2d(1)",
        "nn.MaxPool2d(2) → nn.AdaptiveAvgPool2d(1)",
    ),
    says="The pooling reduces every channel to one number. That comes at the end of a network; a block only "
    "halves the picture, so that another block can follow.",
)
mistake(
    conv_block,
    "stride-instead-of-pooling",
    ("padding=1 → padding=1, stride=2", NO_POOLING),
    says="The picture is halved by the convolution's stride, and there is no pooling. The size that comes "
    "out is the right one, but three of four places are not looked at, where pooling takes the largest of "
    "four.",
)
mistake(
    conv_block,
    "stride-besides-pooling",
    "padding=1 → padding=1, stride=2",
    says="The convolution has a stride of 2, and the pooling halves the picture once more. Only the pooling "
    "should: the convolution keeps height and width.",
)
mistake(
    conv_block,
    "padding-missing",
    ", padding=1 → ",
    says="The convolution has no padding, so a 3×3 kernel takes a row and a column from each side. The "
    "picture should keep its size up to the pooling.",
)
mistake(
    conv_block,
    "padding-too-wide",
    alone=(
        "padding=1 → padding=2",
        "padding=1 → padding=3",
    ),
    says="There is more padding than a 3×3 kernel needs, so the picture grows before it is pooled. Count how "
    "far the kernel reaches beyond its middle.",
)
mistake(
    conv_block,
    "padding-not-zero",
    alone=(
        'padding=1 → padding=1, padding_mode="reflect"',
        'padding=1 → padding=1, padding_mode="replicate"',
        'padding=1 → padding=1, padding_mode="circular"',
    ),
    says="The picture is padded with its own values instead of zeros. That is a choice one can make, but the "
    "exercise asks for `nn.Conv2d`'s usual padding.",
)
mistake(
    conv_block,
    "wrong-kernel-size",
    "3, padding=1 → 1",
    "3, padding=1 → 5, padding=2",
    alone=(
        "3, padding=1 → 1, padding=1",
        "3, padding=1 → 2",
        "3, padding=1 → 2, padding=1",
        "3, padding=1 → 5, padding=1",
        "3, padding=1 → 5",
        "3, padding=1 → 7, padding=3",
    ),
    says="The kernels are not 3×3. A 1×1 kernel sees no neighbors at all; larger ones cost more than two "
    "layers of 3×3, which see as much.",
)
mistake(
    conv_block,
    "activation-before-batch-norm",
    "norm, nn.ReLU() → nn.ReLU(), norm",
    alone=("norm, nn.ReLU(), nn.MaxPool2d(2) → nn.ReLU(), nn.MaxPool2d(2), norm",),
    says="ReLU comes before batch norm. Then the block's results have negative values again, and how much "
    "ReLU cuts off depends on the raw scale of the convolution. The order asked for: convolution, batch "
    "norm, ReLU.",
)
mistake(
    conv_block,
    "pooling-before-batch-norm",
    "norm, nn.ReLU(), nn.MaxPool2d(2) → nn.MaxPool2d(2), norm, nn.ReLU()",
    says="The pooling comes before batch norm, which then sees the largest values only. ReLU and max pooling "
    "may change places, but batch norm comes right after the convolution.",
)
mistake(
    conv_block,
    "pooling-first",
    alone=("(conv, norm, nn.ReLU(), nn.MaxPool2d(2)) → (nn.MaxPool2d(2), conv, norm, nn.ReLU())",),
    says="The pooling comes before the convolution: the picture is made coarse before anyone has looked for "
    "edges in it.",
)
mistake(
    conv_block,
    "batch-norm-before-convolution",
    alone=(
        ("(conv, norm, → (norm, conv,", "BatchNorm2d(c_out) → BatchNorm2d(c_in)"),
        (
            "(conv, norm, → (norm, nn.ReLU(), conv,",
            "nn.ReLU(), nn.Max → nn.Max",
            "norm = nn.BatchNorm2d(c_out) → norm = nn.BatchNorm2d(c_in)",
        ),
    ),
    says="Batch norm comes before the convolution and normalizes the channels that come in. It should take "
    "those that the convolution gives, just before ReLU.",
)
mistake(
    conv_block,
    "channels-swapped",
    "nn.Conv2d(c_in, c_out → nn.Conv2d(c_out, c_in",
    alone=(("nn.Conv2d(c_in, c_out → nn.Conv2d(c_out, c_in", "BatchNorm2d(c_out) → BatchNorm2d(c_in)"),),
    says="The two numbers of channels have changed places: `nn.Conv2d` is told the channels that come in "
    "first, and those that go out second. Only its weight is stored the other way round.",
)
mistake(
    conv_block,
    "batch-norm-of-wrong-channels",
    "BatchNorm2d(c_out) → BatchNorm2d(c_in)",
    says="Batch norm is made for the channels that come into the block. It stands behind the convolution, so "
    "it gets those that come out of it.",
)
mistake(
    conv_block,
    "channels-not-changed",
    alone=(
        "nn.Conv2d(c_in, c_out → nn.Conv2d(c_in, c_in",
        ("nn.Conv2d(c_in, c_out → nn.Conv2d(c_in, c_in", "BatchNorm2d(c_out) → BatchNorm2d(c_in)"),
        "nn.Conv2d(c_in, c_out → nn.Conv2d(c_out, c_out",
    ),
    says="The convolution gives as many channels as it takes. It should take c_in and give c_out.",
)
mistake(
    conv_block,
    "hard-coded-size",
    alone=(
        "nn.Conv2d(c_in → nn.Conv2d(3",
        "nn.Conv2d(c_in → nn.Conv2d(1",
        "c_out → 32",
        "c_out → 16",
        "c_out → 64",
        "c_out → 8",
        "BatchNorm2d(c_out) → BatchNorm2d(32)",
    ),
    says="A number of channels is typed in, so the block fits one place only. Both are arguments.",
)
mistake(
    conv_block,
    "batch-norm-for-vectors",
    alone=("BatchNorm2d → BatchNorm1d",),
    says="`nn.BatchNorm1d` is for batches of vectors, (m, n). Images have four axes; their batch norm takes "
    "the mean of a channel over all samples and all pixels, and its name ends in 2d.",
)
mistake(
    conv_block,
    "wrong-normalization",
    alone=(
        "BatchNorm2d(c_out) → GroupNorm(1, c_out)",
        "BatchNorm2d(c_out) → InstanceNorm2d(c_out, affine=True)",
        "BatchNorm2d(c_out) → InstanceNorm2d(c_out)",
        "BatchNorm2d(c_out) → GroupNorm(c_out, c_out)",
    ),
    says="The normalization is another one than batch norm: it takes every image by itself and keeps no "
    "running averages.",
)
mistake(
    conv_block,
    "scale-and-shift-missing",
    "BatchNorm2d(c_out) → BatchNorm2d(c_out, affine=False)",
    says="Batch norm has no scale and shift to train (`affine=False`). Every channel then has mean 0 and "
    "deviation 1 for good, and ReLU always cuts off about half of it.",
)
mistake(
    conv_block,
    "batch-statistics-in-evaluation",
    "BatchNorm2d(c_out) → BatchNorm2d(c_out, track_running_stats=False)",
    says="In evaluation mode the block still normalizes by the batch it is given, so what it says of an "
    "image depends on the others in the batch. Then the averages collected in training should count.",
)
mistake(
    conv_block,
    "layer-added",
    alone=(
        "norm, nn.ReLU(), → norm, nn.ReLU(), nn.Dropout(0.5),",
        "nn.MaxPool2d(2)) → nn.MaxPool2d(2), nn.Dropout(0.25))",
        "nn.MaxPool2d(2)) → nn.MaxPool2d(2), nn.Dropout2d(0.25))",
        "nn.MaxPool2d(2)) → nn.MaxPool2d(2), nn.Flatten())",
        "nn.MaxPool2d(2)) → nn.MaxPool2d(2), nn.BatchNorm2d(c_out))",
    ),
    says="There is a layer that the exercise does not ask for, such as dropout, flattening, or a second "
    "normalization. The block should have its four layers, so that it can be stacked.",
    symptom=chance_enters,
)
mistake(
    conv_block,
    "two-convolutions",
    alone=(
        (
            "(conv, norm, nn.ReLU(), → (conv, norm, nn.ReLU(), nn.Conv2d(c_out, c_out, 3, padding=1, "
            "bias=False), nn.BatchNorm2d(c_out), nn.ReLU(),"
        ),
        "(conv, norm, → (conv, nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), norm,",
        "(conv, norm, → (conv, nn.ReLU(), nn.Conv2d(c_out, c_out, 3, padding=1, bias=False), norm,",
    ),
    says="The block has more than one convolution. It should have one, followed by batch norm, ReLU and "
    "pooling.",
)


class Bare(nn.Module):
    """The four layers by name, for the mistakes that no edit makes."""

    def __init__(self, c_in: int, c_out: int):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(c_out)

    def normalized(self, Z: torch.Tensor, batch: bool) -> torch.Tensor:
        """Return batch norm by the batch or by the running averages, whatever the mode is."""
        norm = self.norm
        return F.batch_norm(Z, norm.running_mean, norm.running_var, norm.weight, norm.bias, batch)


@mistake(
    conv_block,
    "running-statistics-in-training",
    says="In training mode the block normalizes by its running averages, which never move. In training a "
    "batch is normalized by its own mean and variance, and the averages are collected on the way.",
)
def always_by_the_averages(c_in, c_out):
    """Normalize by the running averages in both modes."""

    class Block(Bare):
        def forward(self, X):
            return F.max_pool2d(F.relu(self.normalized(self.conv(X), batch=False)), 2)

    return Block(c_in, c_out)


@mistake(
    conv_block,
    "running-updated-in-evaluation",
    says="In evaluation mode the block normalizes by the batch it is given, and its running averages go on "
    "moving. `F.batch_norm` has to be told the mode: it is in `self.training`.",
)
def always_by_the_batch(c_in, c_out):
    """Normalize by the batch in both modes."""

    class Block(Bare):
        def forward(self, X):
            return F.max_pool2d(F.relu(self.normalized(self.conv(X), batch=True)), 2)

    return Block(c_in, c_out)


unregistered = mistake(
    conv_block,
    "layers-not-registered",
    says="A layer is kept where `nn.Module` does not see it: in a plain list or dict, or made again in "
    "every call of `forward`. An optimizer would not get its numbers to train, and `state_dict` would not "
    "save them.",
)


@unregistered
def in_a_plain_list(c_in, c_out):
    """Hide all layers."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [*conv_block(c_in, c_out)]

        def forward(self, X):
            for layer in self.layers:
                X = layer(X)
            return X

    return Block()


@unregistered
def convolution_made_in_forward(c_in, c_out):
    """Make the convolution in every call."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(c_out)

        def forward(self, X):
            conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
            return F.max_pool2d(F.relu(self.norm(conv(X))), 2)

    return Block()


@unregistered
def norm_made_in_forward(c_in, c_out):
    """Make batch norm in every call."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)

        def forward(self, X):
            return F.max_pool2d(F.relu(nn.BatchNorm2d(c_out)(self.conv(X))), 2)

    return Block()


unused = mistake(
    conv_block,
    "layer-not-used",
    says="The block owns a layer that its result does not pass through. Its numbers are saved, counted and "
    "handed to the optimizer, and never get a gradient. Look at what `forward` leaves out.",
    symptom=some_are_idle,
)


@unused
def with_idle_batch_norm(c_in, c_out):
    """Make batch norm, but do not call it."""

    class Block(Bare):
        def forward(self, X):
            return F.max_pool2d(F.relu(self.conv(X)), 2)

    return Block(c_in, c_out)
