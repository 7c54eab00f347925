"""The training program of lesson 12: resumed bit for bit, tested once, and errors that say what to do."""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nnlab.datasets import ColorImages, make_shapes  # noqa: E402
from nnlab.studies import train_cifar10 as program  # noqa: E402

FEW = ["--width", "2", "--epochs", "4", "--batch-size", "16", "--threads", "1"]
TIMES = "cpu_seconds"


@pytest.fixture(autouse=True)
def few_images(tmp_path, monkeypatch):
    """A working directory, and 200 + 40 shapes in place of CIFAR-10."""
    X, y = make_shapes(240, rng=np.random.default_rng(0))
    images = ColorImages(X[:200], y[:200], X[200:], y[200:], tuple("abcdefghij"), source="a few shapes")
    monkeypatch.setattr(program, "load_cifar10", lambda: images)
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield images
    torch.set_num_threads(threads)


def run(*more: str, out: str = "run") -> int:
    return program.main(["--out", out, *FEW, *more])


def results(out: str) -> dict:
    """Return the figures of a run, without the times."""
    found = json.loads(Path(out, program.RESULTS).read_text("utf-8"))
    for report in found["history"]:
        del report[TIMES]
    return found


def assert_same_weights(ours: str, theirs: str) -> None:
    for name in (program.BEST, program.LAST):
        a, b = (torch.load(Path(out, name), weights_only=True) for out in (ours, theirs))
        for part in ("model", "optimizer"):
            torch.testing.assert_close(a[part], b[part], rtol=0, atol=0)


def stop_in_epoch(monkeypatch, number: int) -> None:
    """Press Ctrl-C in the middle of an epoch."""
    augment, calls = program.augment, []

    def interrupting(X, generator):
        calls.append(1)
        if len(calls) == 11 * (number - 1) + 5:  # 180 images are 11 batches of 16
            raise KeyboardInterrupt
        return augment(X, generator)

    monkeypatch.setattr(program, "augment", interrupting)


# ------------------------------------------------------------------------------------------ runs


def test_a_run_leaves_its_checkpoints_figures_and_curves(capsys):
    assert run() == 0
    said = capsys.readouterr().out
    assert {path.name for path in Path("run").iterdir()} >= {"best.pt", "last.pt", "results.json"}
    found = results("run")
    accuracies = [report["val_accuracy"] for report in found["history"]]
    assert len(accuracies) == 4
    assert accuracies[found["best epoch"] - 1] == max(accuracies)
    assert found["best epoch"] == 1 + accuracies.index(max(accuracies))
    assert found["data"] == "a few shapes"
    assert "180 images to learn from; a few shapes" in said
    assert said.count("epoch ") == 4
    assert f"test images, once: {found['test']['accuracy']:.2%} right" in said
    if Path("run", "tensorboard").exists():
        assert list(Path("run", "tensorboard").iterdir())


def test_the_loss_falls():
    assert run("--width", "4", "--epochs", "12", "--float32") == 0
    losses = [report["loss"] for report in results("run")["history"]]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("epoch", [1, 3])
def test_an_interrupted_run_goes_on_bit_for_bit(epoch, monkeypatch, capsys):
    assert run(out="whole") == 0
    with monkeypatch.context() as patch:
        stop_in_epoch(patch, epoch)
        assert run() == 1
    told = "goes on after the last whole epoch" if epoch > 1 else "has nothing yet"
    assert f"stopped: --resume {told}" in capsys.readouterr().err
    assert Path("run", program.LAST).exists() == (epoch > 1)
    assert run(*(["--resume"] if epoch > 1 else [])) == 0
    assert results("run") == results("whole")
    assert_same_weights("run", "whole")


def test_a_finished_run_resumed_is_tested_again_and_the_same():
    assert run() == 0
    first = results("run")
    assert run("--resume") == 0
    assert results("run") == first


def test_equal_seeds_give_equal_bits_and_others_do_not():
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run("--seed", seed, "--epochs", "2", out=out) == 0
    assert results("a") == results("b")
    assert results("a")["history"] != results("c")["history"]
    assert_same_weights("a", "b")


def test_without_tensorboard_it_says_so_in_a_line_and_goes_on(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert run("--epochs", "1") == 0
    assert capsys.readouterr().out.count("TensorBoard, which is not installed") == 1
    assert not Path("run", "tensorboard").exists()


# ------------------------------------------------------------------------------------------ refusals


def refused(capsys, *more: str) -> str:
    capsys.readouterr()
    assert run(*more) == 1
    return capsys.readouterr().err


def test_a_run_is_never_overwritten_and_never_resumed_as_another(capsys):
    assert run("--epochs", "1") == 0
    assert "run holds a run: add --resume" in refused(capsys)
    message = refused(capsys, "--epochs", "1", "--lr", "0.3", "--resume")
    assert "expected the settings of its run, lr 0.1, got lr 0.3" in message
    assert "found none; leave out --resume" in refused(capsys, "--resume", "--out", "empty")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not an archive", None, "other"])
def test_a_damaged_checkpoint_is_refused_by_name(content, capsys):
    assert run("--epochs", "1") == 0
    path = Path("run", program.LAST)
    if content == "other":
        torch.save({"something": torch.zeros(2)}, path)
    else:
        path.write_bytes(path.read_bytes()[:2000] if content is None else content)
    assert f"{path}: expected a checkpoint, got a damaged" in refused(capsys, "--epochs", "1", "--resume")


class Program:
    """A pickle that makes a folder when it is loaded."""

    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("save", [torch.save, lambda x, path: path.write_bytes(pickle.dumps(x, 2))])
def test_a_checkpoint_that_would_run_code_does_not(save, capsys):
    assert run("--epochs", "1") == 0
    save({"settings": Program()}, Path("run", program.LAST))
    assert "expected a checkpoint" in refused(capsys, "--epochs", "1", "--resume")
    assert not Path("harm").exists()


def test_divergence_and_too_large_a_batch_are_named(capsys):
    assert "training diverged" in refused(capsys, "--lr", "1e30", "--out", "far")
    message = refused(capsys, "--batch-size", "181", "--out", "large")
    assert "expected --batch-size of at most 180, got 181" in message


@pytest.mark.parametrize(
    "argv", [["--width", "0"], ["--epochs", "two"], ["--lr", "nan"], ["--lr", "inf"], ["--dance"]]
)
def test_wrong_usage_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        program.main(argv)
    assert end.value.code == 2
    assert argv[0] in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit) as end:
        program.main(["--help"])
    assert end.value.code == 0
    assert "python -m nnlab.studies.train_cifar10 --out run --resume" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------ parts


def test_no_image_is_both_learned_from_and_validated_with(few_images):
    train, validation, test, _ = program.load()
    images = [{x.numpy().tobytes() for x, _ in part} for part in (train, validation, test)]
    assert [len(part) for part in images] == [180, 20, 40]
    assert not images[0] & images[1]
    X = {x.tobytes() for x in few_images.X}
    assert images[0] | images[1] == X
    again = program.load()[1]
    torch.testing.assert_close(again.tensors, validation.tensors, rtol=0, atol=0)


def test_an_augmented_image_is_a_window_of_the_padded_one_mirrored_or_not_with_a_gray_square():
    m, size = 40, 12
    X = torch.rand(m, 3, size, size, generator=torch.Generator().manual_seed(1))
    before = X.clone()
    Y = program.augment(X, torch.Generator().manual_seed(2))
    assert torch.equal(X, before)
    assert Y.shape == X.shape
    wide = np.pad(X.numpy(), ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
    mirrored, places = 0, set()
    for y, w in zip(Y.numpy(), wide, strict=True):
        gray = (y == 0.5).all(axis=0)
        rows, columns = np.flatnonzero(gray.any(axis=1)), np.flatnonzero(gray.any(axis=0))
        assert 4 <= len(rows) <= 8
        assert 4 <= len(columns) <= 8
        assert gray.sum() == len(rows) * len(columns)
        windows = [(i, j, w[:, i : i + size, j : j + size]) for i in range(9) for j in range(9)]
        found = [
            (i, j, turned)
            for i, j, window in windows
            for turned in (0, 1)
            if ((window[:, :, ::-1] if turned else window) == y)[:, ~gray].all()
        ]
        assert len(found) == 1
        places.add(found[0][:2])
        mirrored += found[0][2]
    assert 10 < mirrored < 30
    assert len(places) > 20


def test_the_network_has_the_layers_it_should_and_knows_its_normalization(few_images):
    X = torch.from_numpy(few_images.X)
    model = program.resnet9(4, X)
    convolutions = [p for p in model.modules() if isinstance(p, torch.nn.Conv2d)]
    assert len(convolutions) == 8
    w = 4
    weights = 9 * (3 * w + 2 * w * w + 2 * 4 * w * w + 8 * w * w + 32 * w * w + 2 * 64 * w * w)
    norms = 2 * (w + 3 * 2 * w + 4 * w + 3 * 8 * w)
    assert sum(p.numel() for p in model.parameters()) == weights + norms + 80 * w + 10
    assert model(X[:5]).shape == (5, 10)
    state = model.state_dict()
    np.testing.assert_allclose(state["0.mean"].ravel(), few_images.X.mean((0, 2, 3)), rtol=1e-5)
    np.testing.assert_allclose(state["0.std"].ravel(), few_images.X.std((0, 2, 3)), rtol=1e-4)
    normal = model[0](X)
    assert abs(normal.mean()) < 1e-4
    assert abs(normal.std() - 1) < 1e-3


def test_the_mirror_image_counts_as_much_as_the_image(monkeypatch, few_images):
    settings = program.parse([*FEW, "--float32"])
    X, y = torch.from_numpy(few_images.X), torch.from_numpy(few_images.y)
    trained = program.Run(settings, X, 10)
    data = torch.utils.data.TensorDataset(X, y)
    trained.model.eval()
    with torch.inference_mode():
        scores = (trained.model(X) + trained.model(X.flip(3))) / 2
    expected = torch.nn.functional.cross_entropy(scores, y).item()
    report = program.evaluate(trained, data, mirror=True)
    assert report["loss"] == pytest.approx(expected, rel=1e-5)
    assert report["accuracy"] == pytest.approx((scores.argmax(1) == y).float().mean().item())
