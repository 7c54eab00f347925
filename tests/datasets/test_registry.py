"""The registry: a data set is described once, and everything else follows from that."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from nnlab import datasets
from nnlab.__main__ import main
from nnlab.commands import doctor
from nnlab.datasets import registry

ROOT = Path(__file__).parents[2]
every = pytest.mark.parametrize("dataset", datasets.available(), ids=lambda dataset: dataset.name)


@every
def test_what_every_data_set_promises(dataset: datasets.Dataset, empty_machine: Path) -> None:
    """The embedded default is used on an empty machine, and says so in the words of the registry."""
    assert dataset.path is None
    assert dataset.source == dataset.embedded
    data = dataset.load()
    assert isinstance(data, datasets.Loaded)
    assert data.source == dataset.embedded
    assert not data.is_real
    assert str(data) == f"{data.summary} · {data.source}"


@every
def test_each_is_explained_where_its_files_are_put(dataset: datasets.Dataset) -> None:
    page = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert f"| {dataset.name} |" in page
    assert f"data get {dataset.name}" in page
    assert dataset.license in page
    assert all(Path(name).name in page for name in dataset.files if not name.endswith(".gz"))


@dataclasses.dataclass(frozen=True, eq=False)
class Tides(datasets.Loaded):
    @property
    def summary(self) -> str:
        return "2 tides"


@pytest.fixture
def tides(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """A data set that is registered here and nowhere else; what its fetch was asked for."""
    asked: dict = {}

    def fetch(url: str, progress: bool, timeout: float) -> Path:
        asked.update(url=url, progress=progress, timeout=timeout)
        (empty_machine / "cache").mkdir()
        (empty_machine / "cache/tides.csv").write_text("high,low")
        return empty_machine / "cache/tides.csv"

    def load(path: str | None = None, *, download: bool = False) -> Tides:
        found = tides.find(path, download=download)
        return Tides(source=found.label if found else tides.embedded, is_real=bool(found))

    tides = registry.Dataset(
        *("tides", "high and low", "public domain", ("tides.csv",), "simulated", load, fetch),
        url="https://example.org/tides.csv",
    )
    monkeypatch.setattr(registry, "_REGISTRY", dict(registry._REGISTRY))
    registry.register(tides)
    return asked


def test_a_new_data_set_is_known_everywhere(tides: dict, empty_machine: Path, capsys) -> None:
    assert datasets.load("tides").source == "simulated"
    assert datasets.where("tides") is None
    assert main(["data", "list"]) == 0
    assert "high and low (public domain)" in capsys.readouterr().out
    assert "tides" in {finding.name for finding in doctor.examine()}
    assert main(["data", "get", "tides"]) == 0
    assert capsys.readouterr().out.strip() == str(empty_machine / "cache/tides.csv")
    assert main(["data", "where", "tides"]) == 0
    assert str(datasets.load("tides")) == "2 tides · download cache/tides.csv"


def test_a_loader_fetches_only_when_asked(tides: dict) -> None:
    assert not datasets.load("tides").is_real
    assert tides == {}
    assert datasets.load("tides", download=True).is_real
    assert tides == {"url": "https://example.org/tides.csv", "progress": True, "timeout": 30.0}


def test_another_address_is_an_argument_or_a_variable(tides: dict, empty_machine: Path, monkeypatch) -> None:
    monkeypatch.setenv("NNLAB_TIDES_URL", "https://example.org/mirror")
    datasets.get("tides", progress=False)
    assert tides["url"] == "https://example.org/mirror"
    (empty_machine / "cache/tides.csv").unlink()
    (empty_machine / "cache").rmdir()
    datasets.get("tides", url="https://example.org/other", timeout=2)
    assert (tides["url"], tides["timeout"]) == ("https://example.org/other", 2.0)


def test_a_name_is_registered_once(tides: dict) -> None:
    with pytest.raises(ValueError, match="register expected a new name, got 'tides', which is registered"):
        registry.register(datasets.available()[-1])


def test_records(empty_machine: Path, capsys) -> None:
    known = {dataset.name: dataset for dataset in datasets.available()}
    assert all(dataset.path is None for dataset in known.values())
    assert known["appointments"].source == "simulated (embedded)"
    assert "not MNIST" in known["mnist"].source
    assert "not CIFAR-10" in known["cifar10"].source
    assert (known["appointments"].license, known["mnist"].license) == ("CC BY-NC-SA 4.0", "CC BY-SA 3.0")
    (empty_machine / "data").mkdir()
    np.savez(empty_machine / "data" / "mnist.npz", x=1)
    assert known["mnist"].source == "data/mnist.npz"
    assert datasets.where("mnist") == empty_machine / "data" / "mnist.npz"
    assert main(["data", "list", "--json"]) == 0
    listed = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert listed["mnist"] == {
        "name": "mnist",
        "title": "handwritten digits, MNIST",
        "license": "CC BY-SA 3.0",
        "path": str(empty_machine / "data" / "mnist.npz"),
        "source": "data/mnist.npz",
    }


def test_the_doctor_names_a_folder_in_the_place_of_a_file(empty_machine: Path) -> None:
    (empty_machine / "data/mnist.npz").mkdir(parents=True)
    finding = {finding.name: finding for finding in doctor.examine()}["mnist"]
    assert finding.state == "problem"
    assert "got a folder of that name" in finding.found


def test_wrong_arguments_are_refused(empty_machine: Path) -> None:
    with pytest.raises(
        ValueError, match=r"get expected name as one of 'appointments', .*'mnist', .*got 'cifar'"
    ):
        datasets.get("cifar")
    with pytest.raises(ValueError, match="where expected name as one of"):
        datasets.where("digits")
    with pytest.raises(ValueError, match="load expected name as one of"):
        datasets.load("digits")
    with pytest.raises(ValueError, match="get expected timeout > 0, got 0"):
        datasets.get("appointments", timeout=0)
    with pytest.raises(ValueError, match=r"get expected url for 'appointments' or .*'cifar10' .*only"):
        datasets.get("mnist", url="http://127.0.0.1/")
