from collections import OrderedDict
from itertools import pairwise

import torch
from attempts import wrong
from torch import nn
from torch.nn import functional as F


def right_own_class(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc2 = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)

        def forward(self, x):
            return self.fc2(F.relu(self.fc1(x)))

    return Net()


def right_named(n_in, n_hidden, n_out):
    parts = [
        ("in", nn.Linear(n_in, n_hidden)),
        ("act", nn.ReLU(inplace=True)),
        ("out", nn.Linear(n_hidden, n_out)),
    ]
    return nn.Sequential(OrderedDict(parts))


def right_appended(n_in, n_hidden, n_out):
    model = nn.Sequential()
    model.append(nn.Linear(n_in, n_hidden))
    model.append(nn.ReLU())
    model.append(nn.Linear(n_hidden, n_out))
    return model.double()


def right_by_hand(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.W1 = nn.Parameter(torch.randn(n_in, n_hidden))
            self.b1 = nn.Parameter(torch.zeros(n_hidden))
            self.W2 = nn.Parameter(torch.randn(n_hidden, n_out))
            self.b2 = nn.Parameter(torch.zeros(n_out))

        def forward(self, x):
            return (x @ self.W1 + self.b1).clamp(min=0) @ self.W2 + self.b2

    return Net()


def stack(*sizes, between=nn.ReLU):
    parts = []
    for a, b in pairwise(sizes):
        parts += [nn.Linear(a, b), between()]
    return nn.Sequential(*parts[:-1])


@wrong("wrong-number-of-layers")
def three_hidden(n_in, n_hidden, n_out):
    return stack(n_in, n_hidden, n_hidden, n_hidden, n_out)


@wrong("wrong-number-of-layers")
def two_hidden(n_in, n_hidden, n_out):
    return stack(n_in, n_hidden, n_hidden, n_out)


@wrong("layer-not-used")
def idle(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(n_in, n_hidden)
            self.bn = nn.BatchNorm1d(n_hidden)
            self.fc2 = nn.Linear(n_hidden, n_out)
            self.softmax = nn.Softmax(dim=1)

        def forward(self, x):
            return self.fc2(torch.relu(self.fc1(x)))

    return Net()


@wrong("dropout-or-normalization-added")
def norm_and_dropout(n_in, n_hidden, n_out):
    return nn.Sequential(
        nn.Linear(n_in, n_hidden),
        nn.BatchNorm1d(n_hidden),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(n_hidden, n_out),
    )


@wrong("softmax-before-cross-entropy")
def probabilities(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)

        def forward(self, x):
            return F.softmax(self.b(F.relu(self.a(x))), dim=1)

    return Net()


@wrong("activation-missing")
def relu_not_called(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.relu = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out), nn.ReLU()

        def forward(self, x):
            x = self.a(x)
            self.relu(x)
            return self.b(x)

    return Net()


@wrong("wrong-activation")
def tanh(n_in, n_hidden, n_out):
    return stack(n_in, n_hidden, n_out, between=nn.Tanh)


@wrong("wrong-activation + softmax-before-cross-entropy")
def sigmoid_and_softmax(n_in, n_hidden, n_out):
    return nn.Sequential(*stack(n_in, n_hidden, n_out, between=nn.Sigmoid), nn.Softmax(dim=1))


@wrong("bias-omitted")
def no_biases(n_in, n_hidden, n_out):
    return nn.Sequential(nn.Linear(n_in, n_hidden, False), nn.ReLU(), nn.Linear(n_hidden, n_out, bias=False))


@wrong("layers-not-registered")
def plain_list(n_in, n_hidden, n_out):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out)]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    return Net()


@wrong("arguments-swapped")
def swapped(n_in, n_hidden, n_out):
    return stack(n_in, n_out, n_hidden)


@wrong("wrong-type")
def the_list(n_in, n_hidden, n_out):
    return [nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out)]


@wrong("hard-coded-size")
def ten_classes(n_in, n_hidden, n_out):
    return stack(n_in, n_hidden, 10)


@wrong("raises")
def parts_as_list(n_in, n_hidden, n_out):
    return nn.Sequential([nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out)])


@wrong("activation-on-output")
def relu_behind(n_in, n_hidden, n_out):
    return nn.Sequential(*stack(n_in, n_hidden, n_out), nn.ReLU())
