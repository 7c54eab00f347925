"""The ONNX twin: every layer of the course, exported and run by ONNX Runtime, forecasts the same."""

import subprocess
import sys

import numpy as np
import pytest
from layer_samples import SAMPLES, layer_types

import nnlab
from nnlab import layers
from nnlab.layers import Dropout, Embedding, Flatten, LayerNorm, Linear, ReLU, Sequential

onnx = pytest.importorskip("onnx", reason="needs onnx, of the extra nnlab[serve]")
runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime, of the extra nnlab[serve]")

from nnlab.twins.onnx import IR_VERSION, OPSET, TRANSLATIONS, to_onnx  # noqa: E402

EVERY_SAMPLE = [
    pytest.param(sample, id=f"{kind.__name__} {i}")
    for kind, samples in SAMPLES.items()
    for i, sample in enumerate(samples)
]


@pytest.fixture
def rng():
    return np.random.default_rng(21)


def run(model, X):
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    (Y,) = session.run(["Y"], {"X": X})
    return Y


def forecast(network, X):
    with layers.evaluation_mode(network):
        return network.forward(X)


def agree(theirs, ours, tolerance=1e-5):
    assert theirs.shape == ours.shape
    assert theirs.dtype == ours.dtype
    np.testing.assert_allclose(theirs, ours, rtol=0, atol=tolerance * max(1, np.abs(ours).max()))


def test_every_layer_of_the_package_has_a_translation():
    assert {kind.__name__ for kind in TRANSLATIONS} == {kind.__name__ for kind in layer_types()}


@pytest.mark.parametrize("sample", EVERY_SAMPLE)
def test_each_layer_forecasts_the_same_for_any_number_of_samples(sample, rng):
    network = sample.network(rng, np.float32)
    model = to_onnx(network, sample.inputs(2, rng, np.float32))
    for m in (1, 7):
        X = sample.inputs(m, rng, np.float32)
        agree(run(model, X), forecast(network, X))


@pytest.mark.parametrize("sample", EVERY_SAMPLE)
def test_each_layer_by_itself(sample, rng):
    layer = sample.layer(rng, np.float32)
    X = sample.inputs(5, rng, np.float32)
    agree(run(to_onnx(layer, X), X), forecast(layer, X))


@pytest.mark.parametrize("sample", EVERY_SAMPLE)
def test_a_float64_network_in_float32(sample, rng):
    network, X = sample.network(rng), sample.inputs(5, rng)
    model = to_onnx(network, X, dtype=np.float32)
    Y = run(model, X if sample.n_tokens else X.astype(np.float32))
    agree(Y, forecast(network, X).astype(np.float32))


def test_a_float64_graph_keeps_float64(rng):
    network = Sequential(Linear(4, 5, rng=rng), LayerNorm(5), ReLU(), Linear(5, 2, rng=rng))
    X = rng.standard_normal((3, 4))
    Y = run(to_onnx(network, X), X)
    agree(Y, network.forward(X), 1e-12)


def test_a_network_of_many_layers(rng):
    """Of images, in training mode: the graph is that of evaluation mode, and the network's mode stays."""
    network = Sequential(
        layers.Conv2d(1, 4, 3, padding=1, bias=False, rng=rng, dtype=np.float32),
        layers.BatchNorm(4, dtype=np.float32),
        ReLU(),
        layers.MaxPool2d(2),
        layers.Residual(layers.Conv2d(4, 4, 3, padding=1, rng=rng, dtype=np.float32), ReLU()),
        layers.AvgPool2d(2),
        Flatten(),
        Dropout(0.5, rng=rng),
        Linear(4 * 2 * 2, 10, rng=rng, dtype=np.float32),
    )
    X = rng.standard_normal((6, 1, 8, 8)).astype(np.float32)
    network.forward(X)  # running means move away from 0
    network.layers[7].eval()
    state = network.state_dict()
    model = to_onnx(network, X)
    assert [layer.training for layer in network.layers] == [True] * 7 + [False, True]
    for name, array in network.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    agree(run(model, X), forecast(network, X))


def test_what_the_model_says_of_itself(rng):
    network = Sequential(Embedding(9, 4, rng=rng, dtype=np.float32), layers.LastStep())
    model = to_onnx(network, rng.integers(0, 9, (3, 5), dtype=np.int32))
    assert (model.producer_name, model.producer_version) == ("nnlab", nnlab.__version__)
    assert (model.ir_version, model.opset_import[0].version, model.graph.name) == (
        IR_VERSION,
        OPSET,
        "Sequential",
    )
    session = runtime.InferenceSession(model.SerializeToString())
    (X,), (Y,) = session.get_inputs(), session.get_outputs()
    assert (X.name, X.type, X.shape) == ("X", "tensor(int64)", ["m", 5])
    assert (Y.name, Y.type, Y.shape) == ("Y", "tensor(float)", ["m", 4])
    assert [constant.name for constant in model.graph.initializer][:1] == ["0.W"]


def test_other_axes_than_the_first_are_fixed(rng):
    model = to_onnx(Linear(4, 2, rng=rng, dtype=np.float32), np.zeros((3, 5, 4), np.float32))
    with pytest.raises(Exception, match="Got: 6 Expected: 5"):
        run(model, np.zeros((3, 6, 4), np.float32))


def test_whole_numbers_in_front_of_other_layers_are_numbers(rng):
    network = Linear(2, 3, rng=rng, dtype=np.float32)
    model = to_onnx(network, [[1, 2], [3, 4]])
    X = np.array([[1, 2]], np.float32)
    agree(run(model, X), network.forward(X))


def test_later_changes_do_not_reach_the_model(rng):
    network, X = Linear(2, 3, rng=rng, dtype=np.float32), np.ones((1, 2), np.float32)
    model, before = to_onnx(network, X), network.forward(X)
    network.W.value += 1
    agree(run(model, X), before)


def test_a_file(rng, tmp_path):
    network, X = Linear(2, 3, rng=rng, dtype=np.float32), np.ones((1, 2), np.float32)
    onnx.save(to_onnx(network, X), tmp_path / "model.onnx")
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"))
    agree(session.run(None, {"X": X})[0], network.forward(X))


@pytest.mark.parametrize(
    ("network", "X", "error", "message"),
    [
        ("ReLU", np.ones((1, 2)), TypeError, "to_onnx expected an nnlab network, got str 'ReLU'"),
        (
            Linear(2, 3),
            np.ones((1, 3)),
            ValueError,
            r"Linear expected X of shape \(m, …, 2\), got \(1, 3\)|m, 2",
        ),
        (
            Linear(2, 3),
            np.ones((1, 2), np.float32),
            TypeError,
            "to_onnx expected X of dtype float64, got float32",
        ),
        (Embedding(5, 2), np.ones((1, 2)), TypeError, "Embedding expected X as integer tokens, got"),
        (Embedding(5, 2), np.full((1, 2), 5), ValueError, "Embedding expected X as tokens in 0 … 4, got 5"),
    ],
)
def test_bad_input(network, X, error, message):
    with pytest.raises(error, match=message):
        to_onnx(network, X)


def test_another_dtype_is_refused():
    with pytest.raises(TypeError, match="to_onnx expected dtype float32 or float64, got 'float16'"):
        to_onnx(Linear(2, 3), np.ones((1, 2)), dtype="float16")


def test_a_layer_without_a_translation():
    class Renamed(ReLU):
        pass

    for network in (Renamed(), Sequential(Linear(2, 2), Renamed())):
        with pytest.raises(TypeError, match=r"to_onnx expected layers of Linear, ReLU, .*, got Renamed"):
            to_onnx(network, np.ones((1, 2)))


def test_without_onnx_the_error_says_what_to_do():
    code = "import sys; sys.modules['onnx'] = None; import nnlab.twins.onnx"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 1
    assert "nnlab.twins.onnx needs ONNX; install it with: pip install onnx onnxruntime" in result.stderr
