import torch
from attempts import wrong
from torch import nn
from torch.nn import functional as F


def right_named(c_in, c_out):
    block = nn.Sequential()
    block.add_module("conv", nn.Conv2d(c_in, c_out, kernel_size=(3, 3), padding="same", bias=False))
    block.add_module("bn", nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.01))
    block.add_module("pool", nn.MaxPool2d(kernel_size=2, stride=2))
    block.add_module("relu", nn.ReLU(inplace=True))
    return block


def right_class(c_in, c_out):
    class ConvBlock(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm = nn.BatchNorm2d(c_out)
            self.conv = nn.Conv2d(c_in, c_out, 3, 1, 1, bias=False)
            nn.init.zeros_(self.norm.bias)
            nn.init.kaiming_normal_(self.conv.weight)

        def forward(self, x):
            return F.max_pool2d(torch.relu(self.norm(self.conv(x))), 2)

    return ConvBlock().eval()


def right_by_hand(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.Parameter(torch.randn(c_out, c_in, 3, 3) / 10)
            self.gamma = nn.Parameter(torch.ones(1, c_out, 1, 1))
            self.beta = nn.Parameter(torch.zeros(1, c_out, 1, 1))
            self.register_buffer("mean", torch.zeros(1, c_out, 1, 1))
            self.register_buffer("var", torch.ones(1, c_out, 1, 1))

        def forward(self, x):
            z = F.conv2d(x, self.W, padding=1)
            if self.training:
                mean = z.mean(dim=(0, 2, 3), keepdim=True)
                var = z.var(dim=(0, 2, 3), keepdim=True, unbiased=False)
                with torch.no_grad():
                    self.mean.lerp_(mean, 0.1)
                    self.var.lerp_(var, 0.1)
            else:
                mean, var = self.mean, self.var
            y = (self.gamma * (z - mean) / torch.sqrt(var + 1e-5) + self.beta).clamp(min=0)
            m, c, h, w = y.shape
            return y.reshape(m, c, h // 2, 2, w // 2, 2).amax(dim=(3, 5))

    return Block()


def right_lazy(c_in, c_out):
    return nn.Sequential(
        nn.LazyConv2d(c_out, 3, padding=1, bias=False), nn.LazyBatchNorm2d(), nn.ReLU(), nn.MaxPool2d(2)
    )


def right_double(c_in, c_out):
    pad = nn.ZeroPad2d(1)
    return nn.Sequential(
        pad, nn.Conv2d(c_in, c_out, 3, bias=False), nn.BatchNorm2d(c_out), nn.MaxPool2d(2, 2), nn.ReLU()
    ).double()


@wrong("bias-before-batch-norm")
def with_bias(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel_size=3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("bias-before-batch-norm + pooling-missing")
def biased_and_not_pooled(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.BatchNorm2d(c_out), nn.ReLU())


@wrong("batch-norm-missing")
def without_norm(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))


@wrong("activation-missing")
def forgot_relu(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(c_out)
            self.pool = nn.MaxPool2d(2)

        def forward(self, x):
            return self.pool(self.bn(self.conv(x)))

    return Block()


@wrong("activation-before-batch-norm")
def relu_first(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.ReLU(), nn.BatchNorm2d(c_out), nn.MaxPool2d(2)
    )


@wrong("padding-missing")
def unpadded(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("padding-missing + bias-before-batch-norm")
def the_shortest(c_in, c_out):
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2))


@wrong("mean-instead-of-max")
def averaged(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(), nn.AvgPool2d(2)
    )


@wrong("channels-swapped")
def out_before_in(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_out, c_in, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("batch-norm-of-wrong-channels")
def norm_of_c_in(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_in), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("batch-norm-for-vectors")
def norm_1d(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm1d(c_out), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("stride-instead-of-pooling")
def strided(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()
    )


@wrong("layers-not-registered")
def in_a_dict(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = {
                "conv": nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
                "bn": nn.BatchNorm2d(c_out),
            }

        def forward(self, x):
            return F.max_pool2d(F.relu(self.layers["bn"](self.layers["conv"](x))), 2)

    return Block()


@wrong("layer-not-used")
def norm_forgotten_in_forward(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(c_out)

        def forward(self, x):
            return F.max_pool2d(F.relu(self.conv(x)), 2)

    return Block()


@wrong("layer-added")
def with_dropout(c_in, c_out):
    return nn.Sequential(*right_named(c_in, c_out), nn.Dropout(0.3))


@wrong("wrong-type")
def list_of_layers(c_in, c_out):
    return [
        nn.Conv2d(c_in, c_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(c_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


@wrong("wrong-type")
def the_class_itself(c_in, c_out):
    class Block(nn.Module):
        pass

    return Block


@wrong("returns-none")
def nothing(c_in, c_out):
    nn.Sequential(nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out))


@wrong("raises")
def no_super(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)

    return Block()


@wrong("hard-coded-size")
def sixteen(c_in, c_out):
    return nn.Sequential(
        nn.Conv2d(c_in, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)
    )


@wrong("batch-statistics-in-evaluation", "running-updated-in-evaluation")
def functional_norm(c_in, c_out):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(c_in, c_out, 3, padding=1, bias=False)
            self.gamma = nn.Parameter(torch.ones(c_out))
            self.beta = nn.Parameter(torch.zeros(c_out))

        def forward(self, x):
            z = F.batch_norm(self.conv(x), None, None, self.gamma, self.beta, training=True)
            return F.max_pool2d(F.relu(z), 2)

    return Block()
