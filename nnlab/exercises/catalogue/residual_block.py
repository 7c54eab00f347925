"""The exercise `residual_block`: two convolutions and a way past them."""

from __future__ import annotations

import functools

import torch  # noqa: F401 (the mistakes use it)
from torch import nn
from torch.nn import functional as F

from nnlab.exercises.catalogue.shared.blocks import WORDS, chance_enters, observed, some_are_idle
from nnlab.exercises.checking.definitions import exercise, mistake
from nnlab.exercises.checking.probes import Probe, example

looked_at = functools.partial(observed, height=7, width=5)


def block_of(kind: str, *sizes: int) -> Probe:
    """Return a probe of a block with these channels and this stride."""
    c_in, c_out, *stride = sizes
    said = f", stride {stride[0]}" if stride else ", the stride left at its default"
    return Probe(f"{c_in} channels in, {c_out} out{said}", sizes, kind, looked_at)


@exercise(
    notebook=12,
    order=3,
    returns="an nn.Module",
    words=WORDS,
    rtol=5e-4,
    seconds=4,
    probes=(
        example(2, 2, 1, label="2 channels in, 2 out, stride 1", observe=looked_at),
        block_of("main", 3, 5, 2),
        block_of("main", 4, 4, 1),
        block_of("main", 3, 3, 2),
        block_of("main", 3, 5, 1),
        block_of("other", 4, 2),
        block_of("other", 2, 4, 3),
        block_of("other", 3, 3),
    ),
    hints=(
        "Two ways lead from x to the sum: through convolution, batch norm, ReLU, convolution, batch norm; "
        "and past all that. Write `forward` first, with the layers that you wish you had.",
        "The sum needs equal shapes. When does x already have the shape of the other way's result? "
        "Otherwise a 1×1 convolution has to bring its channels, and its stride the size, into line.",
        "In the constructor: two 3×3 convolutions with padding and no bias, the first with the stride, "
        "each with a batch norm; for the skip an empty `nn.Sequential()`, or 1×1 convolution and batch "
        "norm where stride or channels change. The last ReLU comes after the sum.",
    ),
    why="With the skip as a module of its own, `forward` is the formula. Whatever the two convolutions do, "
    "the gradient also goes past them, so that even deep stacks learn.",
)
def residual_block(c_in, c_out, stride=1):
    """Return a block: ReLU(BN(conv(ReLU(BN(conv x)))) + skip x), with 3×3 convolutions (He et al., 2015).

    The first convolution has the stride; the skip is the identity, or 1×1 convolution (with the stride) and
    batch norm where shapes differ. X: (m, c_in, h, w) -> (m, c_out, h', w').
    """

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)
            self.norm1 = nn.BatchNorm2d(c_out)
            self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
            self.norm2 = nn.BatchNorm2d(c_out)
            self.skip = nn.Sequential()  # passes on what it gets
            if stride != 1 or c_in != c_out:
                conv = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)
                self.skip = nn.Sequential(conv, nn.BatchNorm2d(c_out))

        def forward(self, X):
            H = F.relu(self.norm1(self.conv1(X)))
            H = self.norm2(self.conv2(H))
            return F.relu(H + self.skip(X))

    return Residual()


FIRST = "self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)"
SECOND = "self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)"
ON_SKIP = "conv = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)"
FIRST_BIASED, SECOND_BIASED, SKIP_BIASED = (
    f"{conv} → {conv.replace(', bias=False', '')}" for conv in (FIRST, SECOND, ON_SKIP)
)
NEEDED = "if stride != 1 or c_in != c_out"
NO_PROJECTION = f"{NEEDED} → if False"
LAST = "F.relu(H + self.skip(X))"

mistake(
    residual_block,
    "bias-before-batch-norm",
    (FIRST_BIASED, SECOND_BIASED),
    (FIRST_BIASED, SECOND_BIASED, SKIP_BIASED),
    alone=(
        SKIP_BIASED,
        FIRST_BIASED,
        SECOND_BIASED,
    ),
    says="A convolution has a bias. Batch norm subtracts the mean of every channel right after it, and the "
    "bias with it, so these numbers change nothing in training. That goes for the 1×1 convolution as well.",
)
mistake(
    residual_block,
    "batch-norm-missing",
    (
        "self.norm1(self.conv1(X)) → self.conv1(X)",
        "self.norm1 = nn.BatchNorm2d(c_out) → pass",
        "self.norm2(self.conv2(H)) → self.conv2(H)",
        "self.norm2 = nn.BatchNorm2d(c_out) → pass",
    ),
    ("self.norm1(self.conv1(X)) → self.conv1(X)", "self.norm1 = nn.BatchNorm2d(c_out) → pass"),
    alone=(
        ("self.norm2(self.conv2(H)) → self.conv2(H)", "self.norm2 = nn.BatchNorm2d(c_out) → pass"),
        (
            "self.norm1(self.conv1(X)) → self.conv1(X)",
            "self.norm1 = nn.BatchNorm2d(c_out) → pass",
            "self.norm2(self.conv2(H)) → self.conv2(H)",
            "self.norm2 = nn.BatchNorm2d(c_out) → pass",
            "nn.Sequential(conv, nn.BatchNorm2d(c_out)) → conv",
        ),
        (
            "self.norm1(self.conv1(X)) → self.conv1(X)",
            "self.norm1 = nn.BatchNorm2d(c_out) → pass",
            "self.norm2(self.conv2(H)) → self.conv2(H)",
            "self.norm2 = nn.BatchNorm2d(c_out) → pass",
            "nn.Sequential(conv, nn.BatchNorm2d(c_out)) → conv",
            ", bias=False → ",
        ),
    ),
    says="A batch norm is missing on the way through the convolutions: there is one after each of the two.",
)
mistake(
    residual_block,
    "projection-without-batch-norm",
    "nn.Sequential(conv, nn.BatchNorm2d(c_out)) → conv",
    ("nn.Sequential(conv, nn.BatchNorm2d(c_out)) → conv", SKIP_BIASED),
    says="Batch norm is missing after the 1×1 convolution of the skip. What is added should have the same "
    "kind of spread on both ways, or one of them drowns the other.",
)
mistake(
    residual_block,
    "skip-missing",
    (f"{LAST} → F.relu(H)", f"{NEEDED} → if False"),
    says="Nothing goes past the two convolutions: x is not added. Without the skip this is a plain stack, "
    "whose gradients have to come through every layer.",
)
mistake(
    residual_block,
    "skip-when-possible-only",
    alone=((f"{LAST} → F.relu(H + X if H.shape == X.shape else H)", f"{NEEDED} → if False"),),
    says="Where the shapes differ, the skip is left out. Just there, at the change of size, the gradient "
    "needs its way past as well: a 1×1 convolution makes the shapes equal.",
)
mistake(
    residual_block,
    "projection-missing",
    NO_PROJECTION,
    alone=(f"{NEEDED} → if stride != 1 and c_in != c_out",),
    says="The skip adds x as it is where its shape is not that of the other way's result: the number of "
    "channels, or the size of the picture, has changed. Then a 1×1 convolution with the stride has to make "
    "the shapes equal; either of the two changes is reason enough.",
)
mistake(
    residual_block,
    "stride-does-not-count-for-the-skip",
    f"{NEEDED} → if c_in != c_out",
    says="Whether the skip needs a 1×1 convolution depends on the channels alone in your block. With a "
    "stride the picture becomes smaller, so the shapes differ even where the channels stay.",
)
mistake(
    residual_block,
    "channels-do-not-count-for-the-skip",
    alone=(f"{NEEDED} → if stride != 1",),
    says="Whether the skip needs a 1×1 convolution depends on the stride alone in your block. The number of "
    "channels may change at stride 1, and then x cannot be added either.",
)
mistake(
    residual_block,
    "projection-always",
    f"{NEEDED} → if True",
    says="The skip is a 1×1 convolution everywhere. Where the shapes are equal, x should be added as it is: "
    "that costs nothing, and a block whose convolutions give 0 then passes x on unchanged.",
)
mistake(
    residual_block,
    "projection-without-stride",
    "nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False) → nn.Conv2d(c_in, c_out, 1, bias=False)",
    says="The 1×1 convolution of the skip does not have the stride, so the picture keeps its size there "
    "while the other way makes it smaller.",
)
mistake(
    residual_block,
    "wrong-kernel-of-projection",
    alone=(
        (
            "nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False) → nn.Conv2d(c_in, c_out, 3, stride=stride, "
            "padding=1, bias=False)"
        ),
        (
            "nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False) → nn.Conv2d(c_in, c_out, 1, stride=stride, "
            "padding=1, bias=False)"
        ),
        (
            "nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False) → nn.Conv2d(c_in, c_out, 3, stride=stride, "
            "bias=False)"
        ),
        (
            "nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False) → nn.Conv2d(c_in, c_out, stride, "
            "stride=stride, bias=False)"
        ),
    ),
    says="The convolution of the skip is not 1×1 without padding. It should only mix channels and skip "
    "places, so that the skip stays close to x.",
)
mistake(
    residual_block,
    "stride-missing",
    ("3, stride=stride, padding → 3, padding", "1, stride=stride, bias → 1, bias"),
    "3, stride=stride, padding → 3, padding",
    says="The stride does not reach the first convolution, so the picture does not become smaller on that "
    "way.",
)
mistake(
    residual_block,
    "stride-on-second",
    (
        "3, stride=stride, padding=1 → 3, padding=1",
        "nn.Conv2d(c_out, c_out, 3, padding → nn.Conv2d(c_out, c_out, 3, stride=stride, padding",
    ),
    says="The second convolution has the stride. The shapes come out right, but the first one then works on "
    "the large picture, at several times the cost; the exercise gives the stride to the first.",
)
mistake(
    residual_block,
    "stride-on-both",
    alone=("nn.Conv2d(c_out, c_out, 3, padding → nn.Conv2d(c_out, c_out, 3, stride=stride, padding",),
    says="Both 3×3 convolutions have the stride, so the picture shrinks twice. Only the first has it.",
)
mistake(
    residual_block,
    "skip-after-activation",
    f"{LAST} → F.relu(H) + self.skip(X)",
    says="ReLU comes before the sum, and nothing after it. The way through the convolutions can then only "
    "add, never take away, and the values grow from block to block. Add first, then apply ReLU.",
)
mistake(
    residual_block,
    "activation-missing",
    f"{LAST} → H + self.skip(X)",
    "F.relu(self.norm1(self.conv1(X))) → self.norm1(self.conv1(X))",
    says="A ReLU is missing. There are two: between the two convolutions, which would be one linear map "
    "without it, and after the sum.",
)
mistake(
    residual_block,
    "activation-added",
    f"{LAST} → F.relu(F.relu(H) + self.skip(X))",
    alone=(
        f"{LAST} → F.relu(H + F.relu(self.skip(X)))",
        f"{LAST} → F.relu(F.relu(H) + F.relu(self.skip(X)))",
    ),
    says="There is a ReLU too many, on one of the ways before the sum. It takes away the negative part, "
    "which the sum should see: only between the convolutions and after the sum is there a ReLU.",
)
mistake(
    residual_block,
    "pre-activation",
    (
        "self.norm1 = nn.BatchNorm2d(c_out) → self.norm1 = nn.BatchNorm2d(c_in)",
        "F.relu(self.norm1(self.conv1(X))) → self.conv1(F.relu(self.norm1(X)))",
        "self.norm2(self.conv2(H)) → self.conv2(F.relu(self.norm2(H)))",
        f"{LAST} → H + self.skip(X)",
    ),
    alone=(
        (
            "self.norm1 = nn.BatchNorm2d(c_out) → self.norm1 = nn.BatchNorm2d(c_in)",
            "F.relu(self.norm1(self.conv1(X))) → self.conv1(F.relu(self.norm1(X)))",
            "self.norm2(self.conv2(H)) → self.conv2(F.relu(self.norm2(H)))",
            f"{LAST} → H + self.skip(X)",
            "nn.Sequential(conv, nn.BatchNorm2d(c_out)) → conv",
        ),
    ),
    says="Batch norm and ReLU come before each convolution, and nothing after the sum. That is the later "
    "variant of the block, with pre-activation; asked for is the first one, with ReLU after the sum.",
)
mistake(
    residual_block,
    "activation-before-batch-norm",
    alone=("F.relu(self.norm1(self.conv1(X))) → self.norm1(F.relu(self.conv1(X)))",),
    says="ReLU comes before batch norm. The order is convolution, batch norm, ReLU: what batch norm "
    "centers is then cut off at 0.",
)
mistake(
    residual_block,
    "batch-norm-after-the-sum",
    alone=(("self.norm2(self.conv2(H)) → self.conv2(H)", f"{LAST} → F.relu(self.norm2(H + self.skip(X)))"),),
    says="The second batch norm comes after the sum, so it acts on the skip as well. It belongs on the way "
    "through the convolutions; x goes past it.",
)
mistake(
    residual_block,
    "wrong-activation",
    "F.relu( → torch.tanh(",
    "F.relu( → F.leaky_relu(",
    alone=(
        "F.relu( → F.gelu(",
        "F.relu( → torch.sigmoid(",
        "F.relu( → F.silu(",
        "F.relu( → F.elu(",
    ),
    says="The activation is not ReLU. Such a block may train as well, but it is not the one that is asked "
    "for.",
)
mistake(
    residual_block,
    "skip-concatenated",
    alone=(f"{LAST} → F.relu(torch.cat([H, self.skip(X)], dim=1))",),
    says="The two ways are concatenated, which doubles the channels. In a residual block they are added.",
)
mistake(
    residual_block,
    "skip-multiplied",
    alone=(f"{LAST} → F.relu(H * self.skip(X))",),
    says="The two ways are multiplied. In a residual block they are added; the gradient then passes the "
    "sum unchanged on both ways.",
)
mistake(
    residual_block,
    "skip-subtracted",
    alone=(
        f"{LAST} → F.relu(H - self.skip(X))",
        f"{LAST} → F.relu(self.skip(X) - H)",
    ),
    says="One way is subtracted from the other. In a residual block they are added.",
)
mistake(
    residual_block,
    "skip-from-the-middle",
    alone=(
        (
            f"H = self.norm2(self.conv2(H))\n            return {LAST} → return "
            "F.relu(self.norm2(self.conv2(H)) + self.skip(X) + H)"
        ),
        (
            f"H = self.norm2(self.conv2(H))\n            return {LAST} → return "
            "F.relu(self.norm2(self.conv2(H)) + H)",
            NO_PROJECTION,
        ),
    ),
    says="What comes out of the first convolution is added at the end. The skip starts at x, before both "
    "convolutions.",
)
mistake(
    residual_block,
    "padding-missing",
    ", padding=1 → ",
    alone=(
        "stride=stride, padding=1 → stride=stride",
        "c_out, c_out, 3, padding=1 → c_out, c_out, 3",
    ),
    says="A 3×3 convolution has no padding, so it takes a row and a column from each side, and the result "
    "does not fit x any more.",
)
mistake(
    residual_block,
    "wrong-kernel-size",
    (
        "c_in, c_out, 3, stride=stride, padding=1 → c_in, c_out, 1, stride=stride",
        "c_out, c_out, 3, padding=1 → c_out, c_out, 1",
    ),
    "c_out, c_out, 3, padding=1 → c_out, c_out, 1",
    alone=(
        "c_in, c_out, 3, stride=stride, padding=1 → c_in, c_out, 1, stride=stride",
        (
            "c_in, c_out, 3, stride=stride, padding=1 → c_in, c_out, 5, stride=stride, padding=2",
            "c_out, c_out, 3, padding=1 → c_out, c_out, 5, padding=2",
        ),
    ),
    says="A convolution on the way through does not have 3×3 kernels. A 1×1 kernel sees no neighbors at all, "
    "so the block would look at single pixels.",
)
mistake(
    residual_block,
    "layer-shared",
    alone=(
        (
            "self.conv2(H) → self.conv1(H)",
            "self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False) → pass",
        ),
        ("self.norm2(self → self.norm1(self", "self.norm2 = nn.BatchNorm2d(c_out) → pass"),
        (
            "self.conv2(H) → self.conv1(H)",
            "self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False) → pass",
            "self.norm2(self → self.norm1(self",
            "self.norm2 = nn.BatchNorm2d(c_out) → pass",
        ),
    ),
    says="One layer is used in two places. The two convolutions learn different kernels, and each batch norm "
    "keeps averages of its own; only ReLU, which has no numbers, may be used twice.",
)
mistake(
    residual_block,
    "convolution-missing",
    alone=(
        (
            "H = self.norm2(self.conv2(H)) → pass",
            "self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False) → pass",
            "self.norm2 = nn.BatchNorm2d(c_out) → pass",
            "H = F.relu(self.norm1(self.conv1(X))) → H = self.norm1(self.conv1(X))",
        ),
        (
            "H = self.norm2(self.conv2(H)) → pass",
            "self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False) → pass",
            "self.norm2 = nn.BatchNorm2d(c_out) → pass",
        ),
    ),
    says="There is one convolution on the way through the block, where two are asked for.",
)
mistake(
    residual_block,
    "channels-swapped",
    alone=(
        "self.conv1 = nn.Conv2d(c_in, c_out → self.conv1 = nn.Conv2d(c_out, c_in",
        (
            "self.conv1 = nn.Conv2d(c_in, c_out → self.conv1 = nn.Conv2d(c_out, c_in",
            "conv = nn.Conv2d(c_in, c_out → conv = nn.Conv2d(c_out, c_in",
        ),
        "conv = nn.Conv2d(c_in, c_out, 1 → conv = nn.Conv2d(c_out, c_in, 1",
    ),
    says="The two numbers of channels have changed places: `nn.Conv2d` is told the channels that come in "
    "first, and those that go out second.",
)
mistake(
    residual_block,
    "channels-of-second",
    alone=("self.conv2 = nn.Conv2d(c_out, c_out → self.conv2 = nn.Conv2d(c_in, c_out",),
    says="The second convolution is made for the channels of x. It gets what the first one gives.",
)
mistake(
    residual_block,
    "wrong-normalization",
    alone=(
        "nn.BatchNorm2d(c_out) → nn.GroupNorm(1, c_out)",
        "nn.BatchNorm2d(c_out) → nn.InstanceNorm2d(c_out)",
        "nn.BatchNorm2d(c_out) → nn.InstanceNorm2d(c_out, affine=True)",
    ),
    says="The normalization is another one than batch norm: it takes every image by itself and keeps no "
    "running averages.",
)
mistake(
    residual_block,
    "layer-added",
    alone=(
        "self.conv2(H) → self.conv2(F.dropout(H, 0.5, self.training))",
        f"{LAST} → F.max_pool2d({LAST}, 2)",
    ),
    says="There is a layer that the exercise does not ask for, such as dropout or pooling. The size is "
    "changed by the stride alone.",
    symptom=chance_enters,
)
mistake(
    residual_block,
    "skip-cut-out",
    alone=(
        (
            f"{LAST} → F.relu(H + self.skip(X)[:, :, :H.shape[2], :H.shape[3]])",
            "1, stride=stride, bias → 1, bias",
        ),
        (
            f"{LAST} → F.relu(H + F.interpolate(self.skip(X), H.shape[2:]))",
            "1, stride=stride, bias → 1, bias",
        ),
    ),
    says="The picture on the skip is cut or scaled to fit. The stride of the 1×1 convolution does that: it "
    "looks at the places that the first convolution looks at.",
)
mistake(
    residual_block,
    "gradient-cut-on-the-skip",
    alone=(
        "self.skip(X)) → self.skip(X).detach())",
        "self.skip(X)) → self.skip(X.detach()))",
    ),
    says="The result is right, but no gradient comes back through the skip. To let it pass is what the "
    "skip is for.",
)
mistake(
    residual_block,
    "input-changed-in-place",
    alone=(
        "H = F.relu(self.norm1(self.conv1(X))) → H = F.relu(self.norm1(self.conv1(X))); X.relu_()",
        "return F.relu(H + self.skip(X)) → X += 1.0\n            return F.relu(H + self.skip(X) - 1.0)",
    ),
    says="The block changes the tensor that it is given. The layer before keeps that very tensor for its "
    "gradient, so `backward` will complain; and the skip should pass on x as it came.",
)


def plain(c_in, c_out, stride):
    """Return the two convolutions with batch norm, without a skip."""
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.Conv2d(c_out, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
    )


unregistered = mistake(
    residual_block,
    "layers-not-registered",
    says="A layer is kept where `nn.Module` does not see it: in a plain list or dict, or made again in "
    "every call of `forward`. An optimizer would not get its numbers to train, and `state_dict` would not "
    "save them.",
)


@unregistered
def skip_in_a_list(c_in, c_out, stride=1):
    """Hide the skip."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.way = plain(c_in, c_out, stride)
            self.skip = []
            if stride != 1 or c_in != c_out:
                conv = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)
                self.skip = [conv, nn.BatchNorm2d(c_out)]

        def forward(self, X):
            S = X
            for layer in self.skip:
                S = layer(S)
            return F.relu(self.way(X) + S)

    return Block()


@unregistered
def skip_convolution_made_in_forward(c_in, c_out, stride=1):
    """Make the 1×1 convolution in every call, without batch norm."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.way = plain(c_in, c_out, stride)

        def forward(self, X):
            S = X
            if stride != 1 or c_in != c_out:
                S = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)(X)
            return F.relu(self.way(X) + S)

    return Block()


@unregistered
def all_in_a_list(c_in, c_out, stride=1):
    """Hide everything."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = [residual_block(c_in, c_out, stride)]

        def forward(self, X):
            return self.parts[0](X)

    return Block()


unused = mistake(
    residual_block,
    "layer-not-used",
    says="The block owns a layer that its result does not pass through. Its numbers are saved, counted and "
    "handed to the optimizer, and never get a gradient: make a layer only where `forward` uses it.",
    symptom=some_are_idle,
)


@unused
def with_an_idle_projection(c_in, c_out, stride=1):
    """Make the skip's layers always, but use them only where they are needed."""

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.way = plain(c_in, c_out, stride)
            conv = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)
            self.skip = nn.Sequential(conv, nn.BatchNorm2d(c_out))

        def forward(self, X):
            needed = stride != 1 or c_in != c_out
            return F.relu(self.way(X) + (self.skip(X) if needed else X))

    return Block()


@unused
def with_an_unused_skip(c_in, c_out, stride=1):
    """Make the skip, but leave it out."""
    block = residual_block(c_in, c_out, stride)
    block.forward = lambda X: F.relu(block.norm2(block.conv2(F.relu(block.norm1(block.conv1(X))))))
    return block
