import torch
from attempts import wrong
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, c_in, c_out, stride, bias=False, last=True):
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=bias)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=bias)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(c_in, c_out, 1, stride, bias=bias), nn.BatchNorm2d(c_out)
            )
        self.relu = nn.ReLU(inplace=True)
        self.last = last

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out) if self.last else out


def right_as_in_torchvision(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    nn.init.zeros_(block.bn2.weight)
    return block


def right_shortcut_first(c_in, c_out, stride=1):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.shortcut = nn.Sequential()
            if (c_in, 1) != (c_out, stride):
                self.shortcut = nn.Sequential(
                    nn.Conv2d(c_in, c_out, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(c_out)
                )
            self.body = nn.Sequential(
                nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False),
                nn.BatchNorm2d(c_out),
                nn.ReLU(),
                nn.Conv2d(c_out, c_out, 3, padding="same", bias=False),
                nn.BatchNorm2d(c_out),
            )

        def forward(self, x):
            return torch.relu(torch.add(self.shortcut(x), self.body(x)))

    return Net().double()


def right_sliced(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    if block.downsample is not None:
        conv = nn.Conv2d(c_in, c_out, 1, bias=False)
        norm = block.downsample[1]
        block.downsample = nn.ModuleList([conv, norm])
        block.downsample.forward = lambda x: norm(conv(x[:, :, ::stride, ::stride]))
    return block


def right_lazy(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.conv1 = nn.LazyConv2d(c_out, 3, stride=stride, padding=1, bias=False)
    return block


@wrong("bias-before-batch-norm")
def with_biases(c_in, c_out, stride=1):
    return Block(c_in, c_out, stride, bias=True)


@wrong("activation-missing")
def no_last_relu(c_in, c_out, stride=1):
    return Block(c_in, c_out, stride, last=False)


@wrong("activation-missing + bias-before-batch-norm")
def no_last_relu_and_biases(c_in, c_out, stride=1):
    return Block(c_in, c_out, stride, bias=True, last=False)


@wrong("skip-missing")
def plain_stack(c_in, c_out, stride=1):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
    )


@wrong("projection-missing")
def identity_everywhere(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.downsample = None
    return block


@wrong("projection-always")
def projected_everywhere(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
    return block


@wrong("projection-without-batch-norm")
def bare_projection(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    if block.downsample is not None:
        block.downsample = block.downsample[0]
    return block


@wrong("projection-without-stride")
def projection_keeps_size(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    if block.downsample is not None:
        block.downsample[0] = nn.Conv2d(c_in, c_out, 1, bias=False)
    return block


@wrong("stride-on-second")
def second_strides(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.conv1 = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
    block.conv2 = nn.Conv2d(c_out, c_out, 3, stride=stride, padding=1, bias=False)
    return block


@wrong("skip-after-activation")
def added_after_relu(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)

    def forward(x):
        out = F.relu(block.bn1(block.conv1(x)))
        out = F.relu(block.bn2(block.conv2(out)))
        return out + (x if block.downsample is None else block.downsample(x))

    block.forward = forward
    return block


@wrong("stride-does-not-count-for-the-skip")
def channels_only(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    if c_in == c_out:
        block.downsample = None
    return block


@wrong("layer-shared")
def one_norm_for_both(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.bn2 = block.bn1
    return block


@wrong("layer-not-used")
def idle_projection(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.spare = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
    return block


@wrong("wrong-kernel-size", "projection-missing + wrong-kernel-size")
def ones(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)
    block.conv1 = nn.Conv2d(c_in, c_out, 1, stride, bias=False)
    block.conv2 = nn.Conv2d(c_out, c_out, 1, bias=False)
    return block


@wrong("skip-concatenated")
def concatenated(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)

    def forward(x):
        out = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(x)))))
        return F.relu(torch.cat((out, x if block.downsample is None else block.downsample(x)), 1))

    block.forward = forward
    return block


@wrong("activation-missing")
def no_relu_between(c_in, c_out, stride=1):
    block = Block(c_in, c_out, stride)

    def forward(x):
        out = block.bn2(block.conv2(block.bn1(block.conv1(x))))
        return F.relu(out + (x if block.downsample is None else block.downsample(x)))

    block.forward = forward
    return block


@wrong("wrong-type")
def a_function(c_in, c_out, stride=1):
    return lambda x: Block(c_in, c_out, stride)(x)


@wrong("raises", "wrong-type")
def forward_missing(c_in, c_out, stride=1):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)

    return Half()


@wrong("raises")
def stride_not_taken(c_in, c_out):
    return Block(c_in, c_out, 1)
