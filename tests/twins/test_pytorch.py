"""The core promise of the course: nnlab and PyTorch compute the same, part by part and in training."""

import contextlib
import functools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_samples import SAMPLES, layer_types
from lockstep_table import train_in_lockstep

import nnlab
from nnlab import (
    ELU,
    GELU,
    MLP,
    LeakyReLU,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
    layers,
    schedules,
)
from nnlab._check import NonFiniteError
from nnlab.initializers import torch_uniform
from nnlab.layers import Activation
from nnlab.optimizers import SGD, Adam, AdamW, RMSprop

torch = pytest.importorskip("torch")

from nnlab.twins import pytorch as torch_twin  # noqa: E402
from nnlab.twins.pytorch import (  # noqa: E402
    TWINS,
    comparison,
    copy_from_torch,
    copy_to_torch,
    lockstep,
    loss_to_torch,
    optimizer_to_torch,
    to_torch,
)
from nnlab.twins.pytorch.comparison import same_dropout  # noqa: E402
from nnlab.twins.pytorch.weights import pairs_of  # noqa: E402

M, N = 7, 4
CE, BCE = nnlab.softmax_cross_entropy, nnlab.binary_cross_entropy_with_logits
MSE, MAE, HUBER = nnlab.mean_squared_error, nnlab.mean_absolute_error, nnlab.huber


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tiny matrices: several threads would only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def agree(ours, theirs, tolerance=1e-10):
    """Entry by entry, relative to the largest entry: where entries cancel, only that scale has meaning."""
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    ours = np.asarray(ours)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * max(np.abs(theirs).max(), 1e-300))


EVERY_SAMPLE = [
    pytest.param(sample, id=f"{kind.__name__} {i}")
    for kind, samples in SAMPLES.items()
    for i, sample in enumerate(samples)
]


# Each loss with targets it takes for scores of shape (m, N).
LOSSES = {
    "cross-entropy, labels": (CE, lambda rng, m: rng.integers(0, N, m)),
    "cross-entropy, ignored and smoothed labels": (
        functools.partial(CE, ignore_index=0, label_smoothing=0.1),
        lambda rng, m: np.append(rng.integers(0, N, m - 1), 1),
    ),
    "cross-entropy, smoothed probabilities": (
        functools.partial(CE, label_smoothing=0.2, ignore_index=None),
        lambda rng, m: rng.dirichlet(np.ones(N), m),
    ),
    "cross-entropy, one-hot": (CE, lambda rng, m: np.eye(N)[rng.integers(0, N, m)]),
    "cross-entropy, probabilities": (CE, lambda rng, m: rng.dirichlet(np.ones(N), m)),
    "binary cross-entropy": (BCE, lambda rng, m: rng.integers(0, 2, (m, N))),
    "squared": (MSE, lambda rng, m: rng.standard_normal((m, N))),
    "absolute": (MAE, lambda rng, m: rng.standard_normal((m, N))),
    "huber": (HUBER, lambda rng, m: rng.standard_normal((m, N))),
    "huber, delta 0.3": (functools.partial(HUBER, delta=0.3), lambda rng, m: rng.standard_normal((m, N))),
}

OPTIMIZERS = {
    "SGD": lambda p: SGD(p, lr=0.1),
    "SGD decay": lambda p: SGD(p, lr=0.1, weight_decay=0.02),
    "SGD momentum": lambda p: SGD(p, lr=0.05, momentum=0.9),
    "SGD momentum decay": lambda p: SGD(p, lr=0.05, momentum=0.8, weight_decay=0.02),
    "SGD nesterov": lambda p: SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "SGD nesterov decay": lambda p: SGD(p, lr=0.05, momentum=0.7, nesterov=True, weight_decay=0.02),
    "RMSprop": lambda p: RMSprop(p, lr=0.003),
    "RMSprop settings": lambda p: RMSprop(p, lr=0.003, alpha=0.9, eps=1e-4),
    "RMSprop momentum": lambda p: RMSprop(p, lr=0.001, momentum=0.9),
    "RMSprop momentum decay": lambda p: RMSprop(p, lr=0.001, momentum=0.5, weight_decay=0.02),
    "Adam": lambda p: Adam(p, lr=0.003),
    "Adam settings": lambda p: Adam(p, lr=0.003, betas=(0.8, 0.95), eps=1e-4),
    "Adam decay": lambda p: Adam(p, lr=0.003, weight_decay=0.02),
    "AdamW": lambda p: AdamW(p, lr=0.003),
    "AdamW settings": lambda p: AdamW(p, lr=0.003, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.2),
}


def problem(rng, m=60):
    """A network, inputs and labels that no linear map explains."""
    X = rng.standard_normal((m, N))
    network = MLP([N, 8, N], activation=Tanh, rng=rng)
    return network, X, np.abs(X).argmax(axis=1)


# ---------------------------------------------------------------------------------------- one part at a time


def test_every_layer_of_the_package_has_a_twin_and_a_sample():
    """So that a new layer without them is noticed; an inner layer of another kind is refused by name."""
    kinds = {kind.__name__ for kind in layer_types()}
    assert {kind.__name__ for kind in TWINS} == kinds
    assert {kind.__name__ for kind in SAMPLES} == kinds


class TestLayers:
    @pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
    @pytest.mark.parametrize("sample", EVERY_SAMPLE)
    def test_forward_and_gradients_agree(self, sample, training, rng):
        layer = sample.layer(rng).train(training)
        module = to_torch(layer)
        X = sample.inputs(M, rng)
        tensor = torch.tensor(X, requires_grad=not sample.n_tokens)
        with same_dropout(layer, module):
            Y, output = layer.forward(X), module(tensor)
        dY = rng.standard_normal(Y.shape)
        output.backward(torch.tensor(dY))
        dX = layer.backward(dY)
        agree(Y, output)
        if sample.n_tokens:
            assert dX is None
        else:
            agree(dX, tensor.grad)
        pairs = pairs_of("test", layer, module)
        assert [pair.name for pair in pairs] == list(layer.state_dict())
        for pair in pairs:
            agree(pair.array, pair.twin_array())  # running means have moved
            if pair.parameter is not None:
                agree(pair.parameter.grad, pair.from_torch(pair.tensor.grad))

    @pytest.mark.parametrize("kind", SAMPLES, ids=lambda kind: kind.__name__)
    def test_1000_updates_agree(self, kind):
        report = train_in_lockstep(SAMPLES[kind][0], steps=1000)
        assert len(report) == 1000
        assert report.largest_difference < 1e-9
        assert np.mean(report.losses[-20:]) < 0.95 * np.mean(report.losses[:20])

    @pytest.mark.parametrize("sample", EVERY_SAMPLE)
    def test_30_updates_agree_for_every_setting(self, sample):
        report = train_in_lockstep(sample, steps=30)
        assert report.largest_difference < 1e-10

    @pytest.mark.parametrize("sample", EVERY_SAMPLE)
    def test_there_and_back(self, sample, rng):
        """Weights and buffers are what they were, the module's mode is the layer's, and float32 stays."""
        layer = sample.layer(rng, np.float32).eval()
        other = sample.layer(rng, np.float32)
        module = to_torch(layer)
        assert not any(inner.training for inner in module.modules())
        assert all(tensor.dtype == torch.float32 for tensor in module.parameters())
        copy_from_torch(module, other)
        saved = layer.state_dict()
        assert saved.keys() == other.state_dict().keys()
        for name, array in other.state_dict().items():
            assert array.dtype == np.float32
            np.testing.assert_array_equal(array, saved[name])
        X = sample.inputs(M, rng, np.float32)
        agree(layer.forward(X), module(torch.tensor(X)), 1e-5)

    @pytest.mark.parametrize(
        "sample",
        [sample for kind, samples in SAMPLES.items() for sample in samples if issubclass(kind, Activation)],
    )
    def test_kinks_and_extreme_inputs_agree(self, sample, rng):
        layer = sample.layer(rng)
        X = np.array([[0.0, -0.0, 1e-300, -1e-300], [700.0, -700.0, 40.0, -40.0], [1e3, -1e3, 1e3, -1e3]])
        tensor = torch.tensor(X, requires_grad=True)
        output = to_torch(layer)(tensor)
        output.sum().backward()
        agree(layer.forward(X), output)
        ours, theirs = layer.backward(np.ones_like(X)), tensor.grad.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)

    def test_the_twin_is_made_of_the_modules_of_the_same_name(self):
        network = Sequential(Linear(3, 4, bias=False), LeakyReLU(0.2), MLP([4, 5, 2], activation=GELU))
        module = to_torch(network)
        assert [type(part).__name__ for part in module] == ["Linear", "LeakyReLU", "Sequential"]
        assert [type(part).__name__ for part in module[2]] == ["Linear", "GELU", "Linear"]
        assert module[0].bias is None
        assert tuple(module[0].weight.shape) == (4, 3)
        assert module[1].negative_slope == 0.2
        assert module[2][1].approximate == "none"

    def test_torchs_global_generator_is_left_alone(self):
        before = torch.random.get_rng_state()
        to_torch(MLP([3, 4, 2], activation=ReLU))
        assert torch.equal(before, torch.random.get_rng_state())

    def test_our_copy_of_torchs_initialization_has_its_distribution(self):
        ours = torch_uniform((50, 400), 50, 400, np.random.default_rng(0))
        theirs = torch.nn.Linear(50, 400).weight.detach().numpy()
        limit = 1 / np.sqrt(50)
        assert np.abs(ours).max() <= limit
        assert np.abs(theirs).max() <= limit * (1 + 1e-6)
        assert ours.std() == pytest.approx(theirs.std(), rel=0.03)  # 20,000 draws: about 0.5 %

    @settings(max_examples=60, deadline=None)
    @given(
        m=st.integers(1, 9),
        sizes=st.lists(st.integers(1, 8), min_size=2, max_size=5),
        activation=st.sampled_from([ReLU, LeakyReLU, ELU, Sigmoid, Tanh, SiLU, GELU, Softmax]),
        dtype=st.sampled_from([np.float32, np.float64]),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_any_network_agrees(self, m, sizes, activation, dtype, seed):
        rng = np.random.default_rng(seed)
        network = MLP(sizes, activation=activation, rng=rng, dtype=dtype)
        X = rng.standard_normal((m, sizes[0])).astype(dtype)
        module = to_torch(network)
        Y = network.forward(X)
        tolerance = 1e-10 if dtype == np.float64 else 1e-4
        agree(Y, module(torch.tensor(X)), tolerance)
        module(torch.tensor(X)).sum().backward()
        network.backward(np.ones_like(Y))
        # A bias in front of a softmax row sum has gradient 0 up to rounding: compare with the scale of all.
        gradients = [twin.grad.numpy().T for twin in module.parameters()]
        scale = max(np.abs(g).max() for g in gradients)
        for p, theirs in zip(network.parameters(), gradients, strict=True):
            assert p.grad.dtype == dtype
            np.testing.assert_allclose(p.grad, theirs, rtol=0, atol=tolerance * scale)


class TestLosses:
    @pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
    @pytest.mark.parametrize("name", LOSSES)
    def test_value_and_gradient_agree(self, name, weighted, rng):
        loss, make_targets = LOSSES[name]
        scores, targets = 2 * rng.standard_normal((M, N)), make_targets(rng, M)
        w = (rng.uniform(0.1, 5, M),) if weighted else ()
        tensor = torch.tensor(scores, requires_grad=True)
        theirs = loss_to_torch(loss)(tensor, torch.tensor(targets), *map(torch.tensor, w))
        theirs.backward()
        ours, gradient = loss(scores, targets, *w)
        assert ours == pytest.approx(theirs.item(), rel=1e-12)
        agree(gradient, tensor.grad)

    @pytest.mark.parametrize("name", LOSSES)
    def test_sequences_agree(self, name, rng):
        """Scores (m, T, N), classes last, where torch has them second."""
        loss, make_targets = LOSSES[name]
        scores, w = rng.standard_normal((M, 3, N)), rng.uniform(0.1, 5, M)
        targets = make_targets(rng, M * 3)
        targets = targets.reshape(M, 3, *targets.shape[1:])
        for weight in ((), (w,)):
            tensor = torch.tensor(scores, requires_grad=True)
            theirs = loss_to_torch(loss)(tensor, torch.tensor(targets), *map(torch.tensor, weight))
            theirs.backward()
            ours, gradient = loss(scores, targets, *weight)
            assert ours == pytest.approx(theirs.item(), rel=1e-12)
            agree(gradient, tensor.grad)

    @pytest.mark.parametrize("name", LOSSES)
    def test_200_updates_agree(self, name, rng):
        loss, make_targets = LOSSES[name]
        network, X, _ = problem(rng)
        optimizer = SGD(network.parameters(), lr=0.05, momentum=0.9)
        targets, w = make_targets(rng, len(X)), rng.uniform(0.1, 5, len(X))
        report = lockstep(
            network,
            X,
            targets,
            loss=loss,
            optimizer=optimizer,
            steps=200,
            batch_size=20,
            rng=rng,
            sample_weight=w,
        )
        assert report.largest_difference < 1e-10

    @pytest.mark.parametrize(
        ("loss", "theirs"),
        [
            (CE, torch.nn.CrossEntropyLoss()),
            (BCE, torch.nn.BCEWithLogitsLoss()),
            (MSE, torch.nn.MSELoss()),
            (MAE, torch.nn.L1Loss()),
            (HUBER, torch.nn.HuberLoss()),
        ],
        ids=lambda loss: getattr(loss, "__name__", ""),
    )
    def test_each_is_what_torchs_module_computes(self, loss, theirs, rng):
        scores, targets = rng.standard_normal((M, N)), rng.integers(0, 2, (M, N)).astype(float)
        targets = targets.argmax(axis=1) if loss is CE else targets
        expected = theirs(torch.tensor(scores), torch.tensor(targets)).item()
        assert loss(scores, targets)[0] == pytest.approx(expected, rel=1e-12)

    def test_class_weights_are_sample_weights_looked_up(self, rng):
        scores, y, class_weights = rng.standard_normal((M, N)), rng.integers(0, N, M), rng.uniform(0.1, 5, N)
        module = torch.nn.CrossEntropyLoss(weight=torch.tensor(class_weights))
        expected = module(torch.tensor(scores), torch.tensor(y)).item()
        assert CE(scores, y, class_weights[y])[0] == pytest.approx(expected, rel=1e-12)
        twin = loss_to_torch(CE)(*map(torch.tensor, (scores, y, class_weights[y])))
        assert twin.item() == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("loss", [BCE, MSE, MAE, HUBER])
    def test_scores_without_columns(self, loss, rng):
        scores, targets, w = rng.standard_normal(M), rng.integers(0, 2, M), rng.uniform(0.1, 5, M)
        twin = loss_to_torch(loss)(*map(torch.tensor, (scores, targets, w)))
        assert loss(scores, targets, w)[0] == pytest.approx(twin.item(), rel=1e-12)

    @pytest.mark.parametrize("loss", [CE, BCE])
    def test_extreme_scores(self, loss):
        scores = np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, 0.0]])
        targets = np.array([[1, 0], [1, 0], [0, 1]])
        tensor = torch.tensor(scores, requires_grad=True)
        theirs = loss_to_torch(loss)(tensor, torch.tensor(targets))
        theirs.backward()
        ours, gradient = loss(scores, targets)
        assert ours == pytest.approx(theirs.item(), rel=1e-12)
        agree(gradient, tensor.grad)

    def test_kinks(self):
        scores, targets = np.array([[0.0, 1.0, -1.0, 2.0]]), np.zeros((1, 4))
        for loss in (MAE, HUBER):
            tensor = torch.tensor(scores, requires_grad=True)
            loss_to_torch(loss)(tensor, torch.tensor(targets)).backward()
            agree(loss(scores, targets)[1], tensor.grad)

    @pytest.mark.parametrize(
        "loss",
        [
            np.mean,
            "mse",
            None,
            [],
            lambda s, y: 0,
            functools.partial(MSE, sample_weight=np.ones(3)),
            functools.partial(HUBER, np.ones(3)),
        ],
    )
    def test_a_loss_without_a_twin(self, loss):
        with pytest.raises(ValueError, match=r"loss_to_torch expected one of softmax_cross_entropy, .*, got"):
            loss_to_torch(loss)

    @pytest.mark.parametrize("loss", [BCE, MSE, MAE, HUBER])
    def test_nothing_is_broadcast(self, loss):
        with pytest.raises(ValueError, match=r"expected targets of shape \(3, 1\), got \(3,\)"):
            loss_to_torch(loss)(torch.zeros(3, 1), torch.zeros(3))


class TestOptimizers:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_200_updates_of_given_gradients_agree(self, name, rng):
        """Without a network between: the same gradients go in, the same parameters come out."""
        network = Linear(N, 3, rng=rng)
        optimizer = OPTIMIZERS[name](network.parameters())
        module = to_torch(network)
        theirs = optimizer_to_torch(optimizer, network, module)
        for step in range(200):
            for p, twin in zip(network.parameters(), module.parameters(), strict=True):
                p.grad = rng.standard_normal(p.value.shape) * 10.0 ** rng.integers(-4, 2)
                p.grad[0] = 0 if step < 5 else p.grad[0]
                twin.grad = torch.tensor(p.grad.T.copy())
            optimizer.step()
            theirs.step()
            for p, twin in zip(network.parameters(), module.parameters(), strict=True):
                agree(p.value, twin.detach().numpy().T)

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_run_of_1000_steps_stays_together(self, name, rng):
        network, X, y = problem(rng)
        optimizer = OPTIMIZERS[name](network.parameters())
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=1000, batch_size=16, rng=rng)
        assert len(report.losses) == len(report.torch_losses) == 1000
        assert max(report.loss_differences[:200] + report.weight_differences[:200]) < 1e-10
        assert report.largest_difference < 1e-9
        assert np.mean(report.losses[-20:]) < 0.9 * np.mean(report.losses[:20])

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_the_state_goes_along(self, name, rng):
        """A twin made in the middle of a training goes on as the original does."""
        network, X, y = problem(rng)
        optimizer = OPTIMIZERS[name](network.parameters())
        for steps in (5, 50):
            report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=steps)
            assert report.largest_difference < 1e-12
        assert optimizer.t == 55

    def test_the_learning_rate_of_now_is_taken(self, rng):
        network, _, _ = problem(rng)
        optimizer = SGD(network.parameters(), lr=0.1)
        optimizer.lr = 0.025
        twin = optimizer_to_torch(optimizer, network, to_torch(network))
        assert twin.param_groups[0]["lr"] == 0.025

    def test_an_optimizer_of_some_parameters(self, rng):
        network, X, y = problem(rng)
        first = network.parameters()[0].value.copy()
        optimizer = Adam(network.parameters()[:1:-1], lr=0.01)  # the last layer, bias first
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=50)
        assert report.largest_difference < 1e-10
        np.testing.assert_array_equal(network.parameters()[0].value, first)

    def test_bad_input(self, rng):
        class Mine(SGD):
            pass

        network, other = MLP([2, 3, 2], activation=ReLU), MLP([2, 3, 2], activation=ReLU)
        with pytest.raises(TypeError, match="optimizer_to_torch expected an optimizer of SGD, RMSprop, Adam"):
            optimizer_to_torch(Mine(network.parameters(), lr=0.1), network, to_torch(network))
        with pytest.raises(
            ValueError, match=r"of this network's parameters; make it with SGD\(network\.param"
        ):
            optimizer_to_torch(SGD(other.parameters(), lr=0.1), network, to_torch(network))


# ---------------------------------------------------------------------------------------- weights both ways


class TestWeights:
    @settings(max_examples=40, deadline=None)
    @given(
        sizes=st.lists(st.integers(1, 7), min_size=2, max_size=5),
        dtype=st.sampled_from([np.float32, np.float64]),
        seed=st.integers(0, 2**32 - 1),
    )
    def test_there_and_back_is_exact(self, sizes, dtype, seed):
        rng = np.random.default_rng(seed)
        network = MLP(sizes, activation=ReLU, rng=rng, dtype=dtype)
        for p in network.parameters():
            p.value += rng.standard_normal(p.value.shape).astype(dtype)
        other = MLP(sizes, activation=ReLU, rng=rng, dtype=dtype)
        copy_from_torch(to_torch(network), other)
        for p, q in zip(network.parameters(), other.parameters(), strict=True):
            assert q.value.dtype == dtype
            np.testing.assert_array_equal(p.value, q.value)

    def test_a_weight_is_transposed(self):
        network = Linear(2, 3)
        network.W.value[...] = [[1, 2, 3], [4, 5, 6]]
        network.b.value[...] = [7, 8, 9]
        module = to_torch(network)
        assert module.weight.tolist() == [[1, 4], [2, 5], [3, 6]]
        assert module.bias.tolist() == [7, 8, 9]

    def test_later_changes_stay_on_their_side(self, rng):
        network = MLP([2, 3, 2], activation=ReLU, rng=rng)
        module = to_torch(network)
        kept = [twin.detach().clone() for twin in module.parameters()]
        for p in network.parameters():
            p.value += 1
        assert all(torch.equal(a, b) for a, b in zip(kept, module.parameters(), strict=True))
        copy_from_torch(module, network)
        values = [p.value.copy() for p in network.parameters()]
        with torch.no_grad():
            for twin in module.parameters():
                twin.mul_(3)
        for value, p in zip(values, network.parameters(), strict=True):
            np.testing.assert_array_equal(value, p.value)

    def test_the_parameters_stay_the_same_objects(self, rng):
        """So that an optimizer made before goes on training them, on both sides."""
        network = MLP([2, 3, 2], activation=ReLU, rng=rng)
        module = to_torch(network)
        arrays, tensors = [p.value for p in network.parameters()], list(module.parameters())
        copy_from_torch(module, network)
        copy_to_torch(network, module)
        assert all(a is p.value for a, p in zip(arrays, network.parameters(), strict=True))
        assert all(a is b for a, b in zip(tensors, module.parameters(), strict=True))
        assert all(twin.requires_grad and twin.is_leaf for twin in tensors)

    def test_a_module_of_your_own(self, rng):
        """An nn.Sequential of the same layers, made by hand, has the same names."""
        nn, dtype = torch.nn, torch.float64
        network = Sequential(
            layers.Conv2d(2, 3, 3, padding=1, rng=rng),
            layers.BatchNorm(3),
            ReLU(),
            layers.MaxPool2d(2),
            layers.Flatten(),
            Linear(12, 2, rng=rng),
        )
        module = nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1, dtype=dtype),
            nn.BatchNorm2d(3, dtype=dtype),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(12, 2, dtype=dtype),
        )
        X = rng.standard_normal((M, 2, 4, 4))
        module(torch.tensor(X))  # moves the running means
        copy_from_torch(module, network)
        agree(network.eval().forward(X), module.eval()(torch.tensor(X)))
        assert network.layers[1].running_mean.any()
        for _, array in network.train()._state():
            array *= 1.5
        network.forward(X)
        copy_to_torch(network, module)
        agree(network.eval().forward(X), module(torch.tensor(X)))

    @pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
    def test_torchs_recurrent_layer_with_two_biases_that_learn(self, name, rng):
        layer, module = (
            getattr(layers, name)(3, 4),
            getattr(torch.nn, name)(3, 4, batch_first=True, dtype=torch.float64),
        )
        X = rng.standard_normal((M, 5, 3))
        copy_from_torch(module, layer)
        agree(layer.forward(X), module(torch.tensor(X))[0])
        layer.b.value += 1
        copy_to_torch(layer, module)
        agree(layer.forward(X), module(torch.tensor(X))[0])

    @pytest.mark.parametrize("name", ["RNN", "LSTM"])
    def test_of_two_biases_one_learns(self, name, rng):
        """Else their sum would move twice as fast as our one bias."""
        module = to_torch(getattr(layers, name)(3, 4))
        assert not module.bias_hh_l0.any()
        assert not module.bias_hh_l0.requires_grad
        assert module.bias_ih_l0.requires_grad
        assert to_torch(layers.GRU(3, 4)).bias_hh_l0.requires_grad  # our c

    def test_torchs_bidirectional_lstm(self, rng):
        theirs = torch.nn.LSTM(3, 4, batch_first=True, bidirectional=True, dtype=torch.float64)
        ours = layers.Bidirectional(layers.LSTM(3, 4), layers.LSTM(3, 4))
        for suffix, layer in (("", ours.forward_layer), ("_reverse", ours.backward_layer)):
            one = torch.nn.LSTM(3, 4, batch_first=True, dtype=torch.float64)
            one.load_state_dict({name: getattr(theirs, name + suffix).detach() for name in one.state_dict()})
            copy_from_torch(one, layer)
        X = rng.standard_normal((M, 5, 3))
        agree(ours.forward(X), theirs(torch.tensor(X))[0])

    @pytest.mark.parametrize("causal", [False, True])
    def test_torchs_attention_and_encoder_layer(self, causal, rng):
        X = rng.standard_normal((M, 5, 4))
        mask = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
        mask = mask if causal else None
        ours = layers.MultiHeadAttention(4, 2, causal=causal)
        theirs = torch.nn.MultiheadAttention(4, 2, batch_first=True, dtype=torch.float64)
        copy_from_torch(theirs, ours)
        agree(ours.forward(X), theirs(*[torch.tensor(X)] * 3, attn_mask=mask)[0])
        block = layers.TransformerBlock(4, 2, 6, causal=causal)
        encoder = torch.nn.TransformerEncoderLayer(
            4, 2, 6, dropout=0, norm_first=True, batch_first=True, dtype=torch.float64
        )
        copy_from_torch(encoder, block)
        agree(block.forward(X), encoder(torch.tensor(X), mask))

    def test_other_names_are_refused(self, rng):
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.hidden = torch.nn.Linear(2, 5, dtype=torch.float64)

        with pytest.raises(
            ValueError, match=r"lacks weight, bias and has the unknown hidden\.weight, hidden"
        ):
            copy_to_torch(Linear(2, 5), Net())

    def test_a_kernel_is_not_transposed(self, rng):
        layer = layers.Conv2d(2, 3, (3, 5), rng=rng)
        np.testing.assert_array_equal(to_torch(layer).weight.detach().numpy(), layer.W.value)

    def test_each_layer_has_its_own_mode(self, rng):
        network = Sequential(Linear(2, 3), layers.Dropout(rng=rng), layers.BatchNorm(3))
        network.layers[1].eval()
        assert [inner.training for inner in to_torch(network)] == [True, False, True]
        block = layers.TransformerBlock(4, 2, 6, dropout=0.5, rng=rng)
        block.attention.layers[1].eval()
        module = to_torch(block)
        assert module.training
        assert not module.self_attn.training
        assert not module.self_attn.weights_dropout.training

    @pytest.mark.parametrize("copy", ["copy_to_torch", "copy_from_torch"])
    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ("shape", ValueError, r"expected the twin of 2\.W of shape \(2, 3\), got \(4, 3\)"),
            (
                "count",
                ValueError,
                r"parameters and buffers of to_torch\(network\), got one that lacks 2\.weight, 2\.bias",
            ),
            (
                "dtype",
                TypeError,
                r"the twin of 0\.W of dtype torch\.float64, got torch\.float32; .*\.to\(torch",
            ),
            ("type", TypeError, r"expected an nnlab network and a torch module, got \w+ and \w+"),
            ("value", NonFiniteError, r"expected finite 2\.b, got nan at \[0\]"),
        ],
    )
    def test_what_does_not_fit_changes_nothing(self, copy, change, error, message, rng):
        network = MLP([2, 3, 2], activation=ReLU, rng=rng)
        module = to_torch(network)
        if change == "shape":
            module = to_torch(MLP([2, 3, 4], activation=ReLU))
        elif change == "count":
            module = to_torch(MLP([2, 2], activation=ReLU))
        elif change == "dtype":
            module = module.float()
        elif change == "value":
            network.parameters()[-1].value[0] = np.nan
            with torch.no_grad():
                module[2].bias[0] = torch.nan
        for p in network.parameters()[:3]:
            p.value += 1
        before = [p.value.copy() for p in network.parameters()]
        twins_before = [twin.detach().clone() for twin in module.parameters()]
        pair = (network, module) if copy == "copy_to_torch" else (module, network)
        with pytest.raises(error, match=f"{copy} .*{message}" if change != "value" else message):
            getattr(torch_twin, copy)(*(pair[::-1] if change == "type" else pair))
        for value, p in zip(before, network.parameters(), strict=True):
            np.testing.assert_array_equal(value, p.value)
        for value, twin in zip(twins_before, module.parameters(), strict=True):
            np.testing.assert_array_equal(value.numpy(), twin.detach().numpy())

    def test_a_layer_without_a_twin(self):
        class Square(nnlab.Layer):
            pass

        class Renamed(ReLU):
            pass

        for layer in (Square(), Sequential(Linear(2, 2), Renamed()), "ReLU", None):
            with pytest.raises(TypeError, match=r"to_torch expected layers of Linear, ReLU, .*, got"):
                to_torch(layer)
        with pytest.raises(TypeError, match=r"copy_to_torch expected layers that have a twin, got Renamed"):
            copy_to_torch(Sequential(Linear(2, 2), Renamed()), to_torch(Sequential(Linear(2, 2), ReLU())))


# ---------------------------------------------------------------------------------------- lockstep


class TestLockstep:
    def test_the_batches_are_those_of_fit(self, rng):
        network, X, y = problem(rng)
        start = [p.value.copy() for p in network.parameters()]
        optimizer = Adam(network.parameters(), lr=0.01)
        # 60 samples in batches of 25 are 3 steps per epoch, the last of 10.
        lockstep(
            network, X, y, loss=CE, optimizer=optimizer, steps=12, batch_size=25, rng=np.random.default_rng(3)
        )
        trained = [p.value.copy() for p in network.parameters()]
        for p, value in zip(network.parameters(), start, strict=True):
            p.value[...] = value
        optimizer = Adam(network.parameters(), lr=0.01)
        nnlab.fit(
            network, X, y, loss=CE, optimizer=optimizer, epochs=4, batch_size=25, rng=np.random.default_rng(3)
        )
        for value, p in zip(trained, network.parameters(), strict=True):
            np.testing.assert_array_equal(value, p.value)

    def test_the_report(self, rng):
        network, X, y = problem(rng)
        optimizer = SGD(network.parameters(), lr=0.1)
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=30)
        assert report.losses[0] == pytest.approx(report.torch_losses[0], rel=1e-12)
        agree(network.forward(X), report.module(torch.tensor(X)))
        assert repr(report) == (
            f"Lockstep(30 steps, loss {report.losses[0]:.4f} → {report.losses[-1]:.4f}; "
            "differences: losses below 1e-12, weights below 1e-12)"
        )

    def test_a_twin_that_strays_is_seen(self, rng, monkeypatch):
        """The report can fail: a weight decay of a millionth, in torch alone, shows."""

        def careless(optimizer, network, module):
            twin = optimizer_to_torch(optimizer, network, module)
            twin.param_groups[0]["weight_decay"] = 1e-6
            return twin

        monkeypatch.setattr(comparison, "optimizer_to_torch", careless)
        network, X, y = problem(rng)
        optimizer = SGD(network.parameters(), lr=0.1)
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=100)
        assert min(report.weight_differences) > 1e-9
        assert report.loss_differences[0] < 1e-12  # before the first update all is well
        assert report.largest_difference > 1e-7
        assert "below 1e-12" not in repr(report)

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_float32_stays_float32(self, name, rng):
        X = rng.standard_normal((40, N)).astype(np.float32)
        network = MLP([N, 8, N], activation=Tanh, rng=rng, dtype=np.float32)
        optimizer = OPTIMIZERS[name](network.parameters())
        y, w = np.abs(X).argmax(axis=1), rng.uniform(0.5, 2, 40)
        report = lockstep(
            network, X, y, loss=CE, optimizer=optimizer, steps=50, batch_size=16, rng=rng, sample_weight=w
        )
        assert report.largest_difference < 1e-4
        for p, twin in zip(network.parameters(), report.module.parameters(), strict=True):
            assert p.value.dtype == p.grad.dtype == np.float32
            assert twin.dtype == twin.grad.dtype == torch.float32

    @pytest.mark.parametrize(
        "settings",
        [
            {"lr": schedules.cosine(0.1, 40)},
            {"lr": schedules.warmup(schedules.exponential(0.1, 0.95), 5), "momentum": 0.9},
            {"lr": lambda t: 0.1 / (1 + t)},
            {"lr": 0.1, "clip_norm": 0.1},
            {"lr": 0.1, "clip_value": 0.01, "momentum": 0.9},
        ],
    )
    def test_schedules_and_clipping(self, settings, rng):
        network, X, y = problem(rng)
        optimizer = SGD(network.parameters(), **settings)
        for steps in (25, 25):  # the second run goes on where the first ended
            report = lockstep(
                network, X, y, loss=CE, optimizer=optimizer, steps=steps, batch_size=20, rng=rng
            )
            assert report.largest_difference < 1e-11
            if optimizer.clip_norm:
                assert optimizer.last_norm > optimizer.clip_norm

    def test_the_modes_before_and_after(self, rng):
        network = Sequential(
            Linear(N, 6, rng=rng), layers.BatchNorm(6), layers.Dropout(rng=rng), Linear(6, N)
        )
        _, X, y = problem(rng)
        optimizer = SGD(network.eval().parameters(), lr=0.1)
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=3)
        assert report.largest_difference < 1e-12
        assert len(report.buffer_differences) == 3
        assert not any(inner.training for inner in report.module.modules())
        assert not any(layer.training for _, layer in network.named_layers())
        assert network.layers[1].running_mean.any()  # it was trained in training mode
        assert "buffers below 1e-12" in repr(report)

    def test_a_stray_buffer_is_seen(self, rng, monkeypatch):
        network = Sequential(Linear(N, 6, rng=rng), layers.BatchNorm(6), Linear(6, N))
        _, X, y = problem(rng)

        def careless(network):
            module = to_torch(network)
            module[1].momentum = 0.2
            return module

        monkeypatch.setattr(comparison, "to_torch", careless)
        optimizer = SGD(network.parameters(), lr=0.1)
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=3)
        assert report.largest_difference == max(report.buffer_differences) > 1e-3

    def test_dropout_is_torchs_own_again_afterwards(self, rng):
        network = Sequential(Linear(N, 50, rng=rng), layers.Dropout(rng=rng), Linear(50, N, rng=rng))
        _, X, y = problem(rng)
        before = torch.random.get_rng_state()
        optimizer = SGD(network.parameters(), lr=0.1)
        report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=3)
        assert torch.equal(before, torch.random.get_rng_state())
        with torch.random.fork_rng(devices=[]):
            first, second = (report.module.train()(torch.tensor(X)) for _ in range(2))
        assert not torch.equal(first, second)

    @pytest.mark.parametrize(
        ("changed", "error", "message"),
        [
            ({"X": np.zeros((60, 3))}, ValueError, r"Linear expected X of shape \(m, 4\), got \(60, 3\)"),
            ({"X": np.full((60, N), np.nan)}, NonFiniteError, r"lockstep expected finite X, got nan"),
            ({"X": np.zeros((60, N), np.float32)}, TypeError, r"lockstep expected X of dtype float64"),
            ({"y": np.zeros(59, int)}, ValueError, r"expected targets of shape \(60,\), got \(59,\)"),
            ({"y": np.zeros(60)}, TypeError, r"expected targets as integer labels, got float64"),
            ({"y": np.full(60, N)}, ValueError, r"expected targets as labels in 0 … 3, got 4"),
            ({"steps": 0}, ValueError, r"lockstep expected steps >= 1, got 0"),
            ({"steps": 2.5}, TypeError, r"lockstep expected steps as an integer"),
            ({"batch_size": 61}, ValueError, r"expected batch_size <= 60, got 61"),
            ({"batch_size": 0}, ValueError, r"expected batch_size >= 1, got 0"),
            ({"rng": 7}, TypeError, r"lockstep expected rng as a np.random.Generator"),
            (
                {"sample_weight": np.ones(5)},
                ValueError,
                r"expected sample_weight of shape \(60,\), got \(5,\)",
            ),
            ({"loss": np.mean}, ValueError, r"loss_to_torch expected one of"),
        ],
    )
    def test_bad_input_changes_nothing(self, changed, error, message, rng):
        network, X, y = problem(rng)
        before = [p.value.copy() for p in network.parameters()]
        settings = {"X": X, "y": y, "loss": CE, "steps": 5, "optimizer": SGD(network.parameters(), lr=0.1)}
        settings |= changed
        with pytest.raises(error, match=message):
            lockstep(network, settings.pop("X"), settings.pop("y"), **settings)
        for value, p in zip(before, network.parameters(), strict=True):
            np.testing.assert_array_equal(value, p.value)


# ------------------------------------------------------------------------------------ the reader's settings


@contextlib.contextmanager
def default_dtype():
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def default_device():
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


SETTINGS = {
    "default dtype": default_dtype,
    "default device": default_device,
    "device": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "no_grad": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}
DIFFERENT_LAYERS = (layers.Conv2d, layers.BatchNorm, layers.Embedding, layers.LSTM, layers.TransformerBlock)


@pytest.mark.parametrize("setting", SETTINGS)
class TestTheReadersSettings:
    """What is set for all of torch changes nothing here."""

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("kind", DIFFERENT_LAYERS, ids=lambda kind: kind.__name__)
    def test_copies(self, kind, setting, dtype, rng):
        sample = SAMPLES[kind][-1]
        network, other = sample.network(rng, dtype), sample.network(rng, dtype)
        with SETTINGS[setting]():
            module = to_torch(network)
            copy_to_torch(network, module)
            copy_from_torch(module, other)
        for name, array in other.state_dict().items():
            np.testing.assert_array_equal(array, network.state_dict()[name])
        for twin in module.parameters():
            assert (twin.dtype, twin.device.type) == (torch.from_numpy(np.zeros(1, dtype)).dtype, "cpu")
            assert twin.is_leaf
            assert not twin.is_inference()
        X = sample.inputs(M, rng, dtype)
        module(torch.tensor(X)).sum().backward()  # it can be trained

    @pytest.mark.parametrize("kind", DIFFERENT_LAYERS, ids=lambda kind: kind.__name__)
    @pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 1e-3)])
    def test_lockstep(self, kind, setting, dtype, tolerance):
        expected = train_in_lockstep(SAMPLES[kind][-1], steps=4, dtype=dtype)
        with SETTINGS[setting]():
            report = train_in_lockstep(SAMPLES[kind][-1], steps=4, dtype=dtype)
        assert report.losses == expected.losses
        assert report.torch_losses == expected.torch_losses
        assert report.largest_difference < tolerance

    @pytest.mark.parametrize("name", ["SGD momentum", "RMSprop", "Adam", "AdamW"])
    def test_the_state_of_an_optimizer(self, name, setting, rng):
        network, X, y = problem(rng)
        optimizer = OPTIMIZERS[name](network.parameters())
        with SETTINGS[setting]():
            for steps in (3, 7):
                report = lockstep(network, X, y, loss=CE, optimizer=optimizer, steps=steps)
                assert report.largest_difference < 1e-12

    def test_a_module_made_under_the_setting(self, setting, rng):
        if "device" in setting:
            pytest.skip("a module on the meta device has no values")
        with SETTINGS[setting]():
            module = torch.nn.Sequential(torch.nn.Linear(2, 3, dtype=torch.float64), torch.nn.ReLU())
        network = Sequential(Linear(2, 3, rng=rng), ReLU())
        copy_to_torch(network, module)
        np.testing.assert_array_equal(module[0].weight.detach().numpy().T, network.layers[0].W.value)


def test_without_torch_the_error_says_what_to_do():
    code = "import sys; sys.modules['torch'] = None; import nnlab.twins.pytorch"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "nnlab.twins.pytorch needs PyTorch; install it with: pip install torch" in result.stderr
