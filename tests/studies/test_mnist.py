"""`nnlab mnist`: runs that survive interruptions bit for bit, other images, and what is refused."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score

from nnlab import plots, schedules, training
from nnlab.__main__ import main
from nnlab.datasets import load_mnist
from nnlab.studies import evaluation, mnist, runs
from nnlab.training import callbacks as training_callbacks
from nnlab.training import loop

FEW = ["--hidden", "32", "16", "--epochs", "4", "--batch-size", "64"]
CNN = ["--model", "cnn", "--channels", "2", "3", *FEW, "--learning-rate", "0.01", "--dropout", "0.1"]
IMAGES, LABELS = load_digits(return_X_y=True)
LARGE = np.zeros(
    (len(IMAGES), 28, 28), np.uint8
)  # as MNIST's: every pixel three times three, and a black edge
LARGE[:, 2:26, 2:26] = np.kron(np.minimum(IMAGES.reshape(-1, 8, 8) * 16, 255), np.ones((3, 3)))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working directory beside a small stand-in for MNIST."""
    parts = {
        "x_train": LARGE[:1400],
        "y_train": LABELS[:1400],
        "x_test": LARGE[1400:],
        "y_test": LABELS[1400:],
    }
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "mnist.npz", **parts)
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def trained(here, capsys):
    """A finished run in mnist_run."""
    assert main(["mnist", *FEW]) == 0
    capsys.readouterr()
    return here


def arrays(path):
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name != "meta"}


def assert_same_run(folder, expected):
    """Weights, optimizer, best weights and history agree bit for bit, and so do the figures."""
    for name in (runs.MODEL, runs.CHECKPOINT):
        ours, theirs = arrays(folder / name), arrays(expected / name)
        assert ours.keys() == theirs.keys()
        for key in theirs:
            np.testing.assert_array_equal(ours[key], theirs[key], err_msg=key, strict=True)
    assert (folder / runs.RESULTS).read_text("utf-8") == (expected / runs.RESULTS).read_text("utf-8")


def by_hand(X):
    """Return the scores of the model in mnist_run, without nnlab."""
    weights = list(arrays(Path("mnist_run") / runs.MODEL).values())
    for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        X = np.maximum(X @ W + b, 0)
    return X @ weights[-2] + weights[-1]


# ------------------------------------------------------------------------------------------- a whole run


def test_a_run_tests_once_and_leaves_its_model_figures_and_pictures(here, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")  # else tqdm may cut the bar short
    assert main(["mnist", *FEW]) == 0
    said = capsys.readouterr()
    folder = here / "mnist_run"
    names = {runs.SETTINGS, runs.CHECKPOINT, runs.MODEL, runs.RESULTS, runs.CONFUSION, runs.MISTAKES}
    assert {path.name for path in folder.iterdir()} == names

    results = json.loads((folder / runs.RESULTS).read_text("utf-8"))
    right = accuracy_score(LABELS[1400:], by_hand(LARGE[1400:].reshape(-1, 784) / 255).argmax(axis=1))
    assert results["test"]["accuracy"] == pytest.approx(right, abs=1e-12)
    assert results["test"]["mistakes"] == round((1 - right) * 397)
    assert right > 0.6  # by chance, 0.1
    history = results["history"]["val_accuracy"]
    assert results["validation accuracy"] == max(history) == history[results["best epoch"] - 1]

    assert f"{right:.2%} right" in said.out
    assert "784-32-16-10: 25,818 weights and biases; 1,260 images to learn from, 140 to choose" in said.out
    assert "no loss is below 0.500" in said.out  # −0.91 ln 0.91 − 9 · 0.01 ln 0.01
    assert said.out.count("epoch  ") == 4
    last = said.err.rpartition("\r")[2]
    assert "80/80 [" in last  # with the time that is left
    assert "loss " in last
    assert "val_accuracy " in last
    for name in (runs.CONFUSION, runs.MISTAKES):
        picture = matplotlib.image.imread(folder / name)
        assert picture.std() > 0.05


def test_json_is_all_that_is_printed(here, capsys):
    assert main(["mnist", *FEW, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(Path("mnist_run", runs.RESULTS).read_text("utf-8"))
    assert printed["settings"]["hidden"] == [32, 16]


def test_equal_seeds_give_equal_bits_and_other_seeds_others(here):
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["mnist", *FEW, "--seed", seed, "--out", out]) == 0
    assert_same_run(here / "a", here / "b")
    with pytest.raises(AssertionError):
        assert_same_run(here / "a", here / "c")


def test_the_validation_images_are_not_learned_from_and_only_the_others_are_shifted(here, monkeypatch):
    seen = {}

    def fit(network, X, y, *, validation, augment, **more):
        seen.update(X=X, validation=validation[0], shifted=augment(X, np.random.default_rng(0)))
        return training.fit(network, X, y, validation=validation, augment=augment, **more)

    monkeypatch.setattr(mnist, "fit_whole", fit)
    assert main(["mnist", *FEW]) == 0
    rows = np.concatenate([seen["X"], seen["validation"]])
    assert len(seen["validation"]) == 140
    given = LARGE[:1400].reshape(-1, 784) / np.float32(255)
    in_order = [part[np.lexsort(part.T)] for part in (rows, given)]
    np.testing.assert_array_equal(*in_order)  # every image once, here or there
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(seen["shifted"], mnist.shifted(seen["X"], 1, np.random.default_rng(0)))


def test_shifted_by_hand():
    X = np.zeros((900, 28, 28), np.float32)
    X[:, 5, 9] = np.arange(1, 901)
    X[:, 0, 27] = 1000
    before = X.copy()
    moved = mnist.shifted(X.reshape(900, 784), 1, np.random.default_rng(0)).reshape(X.shape)
    np.testing.assert_array_equal(X, before)
    assert moved.dtype == np.float32
    ways = set()
    for number, image in enumerate(moved, start=1):
        ((row, column),) = np.argwhere(image == number)
        down, right = row - 5, column - 9
        ways.add((int(down), int(right)))
        in_sight = down >= 0 and right <= 0  # the pixel in the corner
        expected = before[0] * 0
        expected[row, column] = number
        if in_sight:
            expected[down, 27 + right] = 1000
        np.testing.assert_array_equal(image, expected)
    assert ways == {(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)}
    np.testing.assert_array_equal(
        mnist.shifted(X.reshape(900, 784), 0, np.random.default_rng(0)), X.reshape(900, 784)
    )


def test_real_digits_are_learned_in_an_epoch(real_mnist, tmp_path, monkeypatch):
    monkeypatch.setenv("NNLAB_DATA", str(real_mnist.parent))
    digits = load_mnist(dtype=np.float32)
    run = runs.begin(tmp_path, {"epochs": 1, "hidden": (256, 128)}, digits)
    _, history = mnist.train(run, digits)
    assert history["val_accuracy"][-1] > 0.93  # the test images stay unseen


def test_a_cnn_has_convolutions_before_its_fully_connected_layers(here, capsys):
    assert main(["mnist", *CNN]) == 0
    said = capsys.readouterr().out
    # 2 · 26 + 3 · 51 for the kernels, and 3 · 7 · 7 inputs of the first layer after them
    count = 52 + 153 + 148 * 32 + 33 * 16 + 17 * 10
    sizes = "5×5 convolutions with 2, 3 channels, then 147-32-16-10"
    assert f"{sizes}: {count:,} weights and biases" in said
    results = json.loads(Path("mnist_run", runs.RESULTS).read_text("utf-8"))
    assert results["settings"]["channels"] == [2, 3]
    assert results["test"]["accuracy"] > 0.4  # by chance, 0.1
    network = runs.finished(here / "mnist_run")
    X = LARGE[:7].reshape(7, -1).astype(np.float32)
    images = network.layers[0].forward(X)
    np.testing.assert_array_equal(images[:, 0], LARGE[:7])
    np.testing.assert_array_equal(network.layers[0].backward(images), X)
    assert main(["mnist", "--images", "data/mnist.npz"]) == 0
    assert f"{results['test']['accuracy']:.2%} right" in capsys.readouterr().out


def test_models_have_defaults_of_their_own_and_the_rest_in_common():
    plain, cnn = runs.Settings.of({}), runs.Settings.of({"model": "cnn", "seed": 3, "dropout": 0.0})
    assert plain == runs.Settings()
    assert (cnn.channels, cnn.dropout, cnn.seed) == (runs.MODELS["cnn"]["channels"], 0.0, 3)
    assert cnn.learning_rate == plain.learning_rate
    kinds = [type(layer).__name__ for layer in cnn.network(np.random.default_rng(0)).layers]
    assert kinds == ["Images", *["Conv2d", "MaxPool2d", "ReLU"] * 2, "Flatten", "Linear", "ReLU", "Linear"]


def test_a_cnn_that_ctrl_c_ends_goes_on_bit_for_bit(here, capsys, monkeypatch):
    assert main(["mnist", *CNN, "--out", "straight"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(mnist, "cosine", interrupt_from(0.6))
        assert main(["mnist", *CNN]) == 1
    assert main(["mnist", "--resume", "--model", "mlp"]) == 1
    assert "holds a run with model cnn, got mlp" in capsys.readouterr().err
    assert main(["mnist", "--resume", "--model", "cnn"]) == 0
    assert_same_run(here / "mnist_run", here / "straight")


# ------------------------------------------------------------------------------------------- interruptions


def interrupt_from(progress):
    """Return a schedule that is interrupted once that part of the training is done."""

    def cosine(lr, steps):
        schedule = schedules.cosine(lr, steps)

        def interrupted(t):
            if t >= progress * steps:
                raise KeyboardInterrupt
            return schedule(t)

        return interrupted

    return cosine


def raising(*arguments, **more):
    raise KeyboardInterrupt


# Four epochs: in the first, in the third, and with training done: saving the model, and drawing.
@pytest.mark.parametrize(
    ("module", "name", "stand_in", "epochs"),
    [
        (mnist, "cosine", interrupt_from(0.1), 0),
        (mnist, "cosine", interrupt_from(0.6), 2),
        (mnist, "save", raising, 4),
        (plots, "mistakes", raising, 4),
        (loop, "predict_scores", raising, 0),
        (training_callbacks, "save", raising, 0),
    ],
)
def test_a_run_that_ctrl_c_ends_goes_on_bit_for_bit(
    here, capsys, monkeypatch, module, name, stand_in, epochs
):
    assert main(["mnist", *FEW, "--out", "straight"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr(module, name, stand_in)
        assert main(["mnist", *FEW]) == 1
    assert "interrupted" in (told := capsys.readouterr().err)
    assert "nnlab mnist --resume --out mnist_run" in told
    assert not Path("mnist_run", runs.RESULTS).exists()
    assert main(["mnist", "--resume"]) == 0  # with the settings that it began with
    assert capsys.readouterr().out.count("epoch  ") == 4 - epochs
    assert_same_run(here / "mnist_run", here / "straight")


def test_an_interrupted_run_is_not_overwritten_unless_asked(here, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(mnist, "cosine", interrupt_from(0.6))
        assert main(["mnist", *FEW]) == 1
    before = arrays(Path("mnist_run", runs.CHECKPOINT))
    capsys.readouterr()
    assert main(["mnist", *FEW]) == 1
    assert "holds a run that was interrupted; add --resume" in capsys.readouterr().err
    assert before.keys() == arrays(Path("mnist_run", runs.CHECKPOINT)).keys()
    assert main(["mnist", "--images", "data/mnist.npz"]) == 1
    assert "no model yet; finish it with --resume" in capsys.readouterr().err
    assert main(["mnist", *FEW, "--restart"]) == 0
    assert capsys.readouterr().out.count("epoch  ") == 4


def test_a_finished_run_is_not_replaced_unless_asked(trained, capsys):
    before = {p.name: p.read_bytes() for p in Path("mnist_run").iterdir()}
    assert main(["mnist", *FEW]) == 1
    assert "holds a run that finished; add --restart to start again in its place" in capsys.readouterr().err
    assert main(["mnist", "--hidden", str(10**9), "--restart"]) == 1
    assert "not enough memory" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in Path("mnist_run").iterdir()} == before


def test_files_that_no_run_left_are_not_touched(here, capsys):
    folder = Path("mine")
    folder.mkdir()
    mine = {"model.npz": b"my model", "results.json": b"my results", "film.mkv.part": b"half of a film"}
    for name, content in mine.items():
        (folder / name).write_bytes(content)
    for more in ([], ["--restart"], ["--resume"]):
        assert main(["mnist", *FEW, "--out", "mine", *more]) == 1
        assert "mine holds results.json, model.npz, but no settings.json of a run" in capsys.readouterr().err
    for name in ("model.npz", "results.json"):
        (folder / name).unlink()
    assert main(["mnist", *FEW, "--out", "mine"]) == 0
    assert (folder / "film.mkv.part").read_bytes() == b"half of a film"


@pytest.mark.skipif(os.name == "nt", reason="POSIX locks")
def test_two_processes_do_not_train_in_one_folder(here, capsys):
    with runs.alone(Path("mnist_run")):
        assert main(["mnist", *FEW]) == 1
        assert "another process is training in mnist_run; wait for it" in capsys.readouterr().err
        assert main(["mnist", *FEW, "--out", "other"]) == 0
    assert main(["mnist", *FEW]) == 0


def test_ctrl_c_before_a_run_is_begun_does_not_speak_of_going_on(here, capsys, monkeypatch):
    def interrupted(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nnlab.commands.mnist.load_mnist", interrupted)
    assert main(["mnist", *FEW]) == 1
    err = capsys.readouterr().err
    assert "stopped" in err
    assert "--resume" not in err


def test_resuming_a_finished_run_changes_nothing(trained, capsys):
    before = {p.name: p.read_bytes() for p in Path("mnist_run").iterdir() if p.suffix != ".npz"}
    assert main(["mnist", "--resume"]) == 0
    assert {name: Path("mnist_run", name).read_bytes() for name in before} == before


def test_resuming_where_there_is_nothing_begins(here, capsys):
    assert main(["mnist", *FEW, "--resume"]) == 0
    assert "no run in mnist_run to resume: beginning one" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["SIGINT", "SIGKILL"])
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_process_that_is_stopped_goes_on_bit_for_bit(here, ending):
    many = ["--hidden", "64", "--epochs", "12", "--batch-size", "32"]
    # A shell that starts tests in the background has SIGINT ignored.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from nnlab.__main__ import main; sys.exit(main(['mnist', *sys.argv[1:]]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program, *many], stderr=subprocess.PIPE, text=True)
    checkpoint = Path("mnist_run", runs.CHECKPOINT)
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(getattr(signal, ending))
    _, told = process.communicate(timeout=60)
    assert process.returncode == {"SIGINT": 1, "SIGKILL": -signal.SIGKILL}[ending]
    assert ("interrupted; to continue" in told) == (ending == "SIGINT")
    assert not Path("mnist_run", runs.RESULTS).exists()
    assert main(["mnist", "--resume"]) == 0
    assert main(["mnist", *many, "--out", "straight"]) == 0
    assert_same_run(here / "mnist_run", here / "straight")
    assert not list(Path("mnist_run").glob("*.part"))


def test_what_a_killed_process_left_half_written_is_cleared(trained):
    Path("mnist_run", "checkpoint.npz.0123abcd.part").write_bytes(b"half")
    assert main(["mnist", "--resume"]) == 0
    assert not list(Path("mnist_run").glob("*.part"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hidden", "16"], "holds a run with hidden 32 16, got 16; leave it out"),
        (["--epochs", "9"], "with epochs 4, got 9"),
        (["--learning-rate", "0.5"], "with learning_rate 0.002, got 0.5"),
        (["--seed", "3"], "with seed 0, got 3"),
        (["--threads", "1"], "with threads None, got 1"),
    ],
)
def test_a_run_is_resumed_with_its_own_settings(trained, capsys, options, message):
    assert main(["mnist", "--resume", *options]) == 1
    assert message in capsys.readouterr().err
    assert main(["mnist", "--resume", *FEW]) == 0  # the same ones may be said again


def test_a_run_is_resumed_with_its_own_images(trained, capsys):
    with np.load("data/mnist.npz") as file:
        parts = dict(file)
    parts["y_train"][7] = (parts["y_train"][7] + 1) % 10
    np.savez("data/mnist.npz", **parts)
    assert main(["mnist", "--resume"]) == 1
    assert "on other images than these (real: NNLAB_DATA/mnist.npz)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (runs.CHECKPOINT, b"PK no more", "Checkpoint expected a file written by nnlab.training.save"),
        (runs.SETTINGS, b'{"settings": {"hid', "settings.json: expected the settings of a run"),
        (
            runs.SETTINGS,
            b'{"settings": {"hidden": [3], "depth": 2}}',
            "settings.json: expected the settings",
        ),
        (runs.SETTINGS, b"[]", "settings.json: expected the settings"),
    ],
)
def test_a_broken_file_of_a_run_is_named(trained, capsys, name, content, message):
    Path("mnist_run", name).write_bytes(content)
    assert main(["mnist", "--resume"]) == 1
    assert message in capsys.readouterr().err


# ------------------------------------------------------------------------------------------- refused at once


def no_training(*arguments, **more):
    raise AssertionError("training began")


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--hidden", "0"], 2, "hidden sizes >= 1, got 0"),
        (["--model", "cnn", "--channels", "0"], 2, "channels >= 1, got 0"),
        (["--channels", "8"], 2, "channels of 0 to 0 convolutions for model mlp, got 8"),
        (
            ["--model", "cnn", "--channels", *"12345"],
            2,
            "1 to 4 convolutions for model cnn, got 1 2",
        ),
        (["--dropout", "1"], 2, "dropout < 1, got 1.0"),
        (["--epochs", "0"], 2, "epochs >= 1, got 0"),
        (["--epochs", "many"], 2, "invalid int value: 'many'"),
        (["--batch-size", "-1"], 2, "batch size >= 1, got -1"),
        (["--batch-size", "1261"], 1, "batch size <= 1260, got 1261"),
        (["--learning-rate", "0"], 2, "learning rate > 0, got 0.0"),
        (["--learning-rate", "nan"], 2, "learning rate finite, got nan"),
        (["--shift", "-1"], 2, "shift >= 0, got -1"),
        (["--shift", "29"], 2, "shift <= 28, got 29"),
        (["--smoothing", "1"], 2, "smoothing < 1, got 1.0"),
        (["--seed", "-1"], 2, "seed >= 0, got -1"),
        (["--threads", "0"], 2, "expected a number from 1 to"),
        (["--threads", "1000"], 2, "the cores here, got '1000'"),
        (["--resume", "--restart"], 2, "not allowed with"),
        (["--images", "x.npz", "--resume"], 2, "not allowed with"),
        (["--images", "x.npz", "--epochs", "3"], 2, "leave out --epochs"),
        (["--out", "data/mnist.npz"], 1, "cannot write into data/mnist.npz"),
        (["--out", "data/mnist.npz/run"], 1, "name another folder with --out"),
    ],
)
def test_bad_options_are_refused_before_training(here, capsys, monkeypatch, options, status, message):
    monkeypatch.setattr(mnist, "fit_whole", no_training)
    try:
        ended = main(["mnist", *options])
    except SystemExit as end:
        ended = end.code
    assert ended == status
    assert message in capsys.readouterr().err.replace(os.sep, "/")
    assert not Path("mnist_run").exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions bind neither Windows nor root")
def test_a_folder_without_permission_is_refused(here, capsys):
    Path("locked").mkdir(mode=0o500)
    assert main(["mnist", *FEW, "--out", "locked"]) == 1
    assert "cannot write into locked" in capsys.readouterr().err


def test_without_mnist_it_says_how_to_get_it(empty_machine, capsys):
    assert main(["mnist"]) == 1
    told = capsys.readouterr().err
    assert "found only scikit-learn's small digits" in told
    assert "nnlab data get mnist" in told
    assert not Path("mnist_run").exists()


def test_a_divergence_is_reported_and_leaves_no_model(here, capsys):
    with pytest.warns(training.TrainingWarning):
        assert main(["mnist", *FEW, "--learning-rate", "1e30"]) == 1
    assert "start again with --restart and a --learning-rate below 1e+30" in capsys.readouterr().err
    assert not Path("mnist_run", runs.MODEL).exists()


# ------------------------------------------------------------------------------------------- other images


def predictions(name):
    with open(Path("mnist_run", name, runs.PREDICTIONS), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_labeled_images_are_evaluated(trained, capsys):
    expected = json.loads(Path("mnist_run", runs.RESULTS).read_text("utf-8"))["test"]
    assert main(["mnist", "--images", "data/mnist.npz"]) == 0
    said = capsys.readouterr().out
    assert f"{expected['accuracy']:.2%} right, {expected['mistakes']} mistakes in 397 images" in said
    rows = predictions("mnist")
    assert [int(row["label"]) for row in rows] == LABELS[1400:].tolist()
    assert sum(row["label"] != row["predicted"] for row in rows) == expected["mistakes"]
    assert {p.name for p in Path("mnist_run", "mnist").iterdir()} == {
        runs.PREDICTIONS,
        runs.CONFUSION,
        runs.MISTAKES,
    }
    assert main(["mnist", "--images", "data/mnist.npz", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["predicted"] == [int(row["predicted"]) for row in rows]
    assert printed["accuracy"] == expected["accuracy"]


def test_unlabeled_images_are_predicted_in_every_layout(trained, capsys):
    scores = by_hand(LARGE[:30].reshape(30, 784) / 255)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    layouts = {
        "bytes": {"images": LARGE[:30]},
        "integers": {"x": LARGE[:30].astype(np.int64)},
        "rows": {"X": LARGE[:30].reshape(30, 784)},
        "channel": {"x_test": LARGE[:30, :, :, None]},
        "float32": {"x": LARGE[:30].astype(np.float32) / 255},
        "float64": {"x": LARGE[:30] / 255},
    }
    for name, content in layouts.items():
        np.savez(f"{name}.npz", **content)
        assert main(["mnist", "--images", f"{name}.npz"]) == 0
        assert "30 images without labels" in capsys.readouterr().out
        rows = predictions(name)
        assert [int(row["predicted"]) for row in rows] == p.argmax(axis=1).tolist()
        np.testing.assert_allclose([float(row["probability"]) for row in rows], p.max(axis=1), atol=1e-4)
        assert "label" not in rows[0]
        assert [path.name for path in Path("mnist_run", name).iterdir()] == [runs.PREDICTIONS]


def test_images_without_a_mistake_draw_too(trained):
    right = by_hand(LARGE.reshape(-1, 784) / 255).argmax(axis=1) == LABELS
    np.savez("right.npz", x_test=LARGE[right], y_test=LABELS[right])
    assert main(["mnist", "--images", "right.npz"]) == 0
    assert Path("mnist_run", "right", runs.MISTAKES).exists()


def test_black_on_white_is_noticed(trained, capsys):
    np.savez("paper.npz", x=255 - LARGE[:30])
    assert main(["mnist", "--images", "paper.npz"]) == 0
    assert "black on white; MNIST's" in capsys.readouterr().err
    np.savez("screen.npz", x=LARGE[:30])
    assert main(["mnist", "--images", "screen.npz"]) == 0
    assert "black on white" not in capsys.readouterr().err


SOME, TRUTH = LARGE[:5], LABELS[:5]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"pictures": SOME}, "names x_test, images, x, X, got pictures; write them with"),
        ({"y_test": TRUTH}, "got y_test"),
        ({}, "got nothing"),
        ({"x": SOME[0]}, r"shape \(m, 28, 28\) or \(m, 784\), got \(28, 28\)"),
        ({"x": SOME[:, :8, :8]}, r"got \(5, 8, 8\)"),
        ({"x": SOME[:0]}, r"got \(0, 28, 28\)"),
        ({"x": np.float32(3)}, r"got \(\)"),
        ({"x": np.repeat(SOME[..., None], 3, axis=3)}, r"got \(5, 28, 28, 3\)"),
        ({"x": SOME.astype(np.float32)}, r"floats in 0 … 1, got 0.0 … 255.0; divide"),
        ({"x": SOME.astype(np.int16) - 1}, r"whole numbers in 0 … 255, got -1 … 254"),
        ({"x": SOME.astype(np.int16) * 2}, r"got 0 … 510"),
        ({"x": (SOME > 99).astype(np.uint8)}, "got 0 and 1 only; where 1 is white, convert"),
        ({"x": np.where(SOME > 99, np.nan, 0)}, "expected finite pixels, got nan"),
        ({"x": SOME.astype(str)}, "expected numbers, got <U"),
        ({"x": SOME.astype(object)}, "expected an .npz file, but Object arrays"),
        ({"x": SOME, "y": TRUTH[:4]}, r"expected y of shape \(5,\), got \(4,\)"),
        ({"x": SOME, "y": TRUTH / 1}, "y: expected whole numbers 0 … 9, got float64"),
        ({"x": SOME, "y": TRUTH + 9}, r"expected y as labels in 0 … 9, got 1\d"),
        ({"x": SOME, "y": np.eye(10, dtype=int)[TRUTH]}, r"of shape \(5,\), got \(5, 10\)"),
    ],
)
def test_bad_images(tmp_path, content, message):
    np.savez(tmp_path / "some.npz", **content)
    with pytest.raises(ValueError, match=message) as raised:
        evaluation.read_images(tmp_path / "some.npz")
    assert "some.npz" in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_file_that_is_not_an_archive(tmp_path, content):
    (tmp_path / "some.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"some.npz: expected an .npz file, but"):
        evaluation.read_images(tmp_path / "some.npz")


def test_a_single_array_is_not_an_archive(tmp_path):
    with open(tmp_path / "some.npz", "wb") as file:
        np.save(file, SOME)
    with pytest.raises(ValueError, match=r"expected an \.npz file, but it is not such an archive"):
        evaluation.read_images(tmp_path / "some.npz")


def test_pictures_of_labeled_images_do_not_stay_beside_a_table_of_others(trained):
    np.savez("some.npz", x_test=LARGE[:20], y_test=np.arange(20) % 10)
    assert main(["mnist", "--images", "some.npz"]) == 0
    assert Path("mnist_run", "some", runs.MISTAKES).exists()
    np.savez("some.npz", x_test=LARGE[20:40])
    assert main(["mnist", "--images", "some.npz"]) == 0
    assert [p.name for p in Path("mnist_run", "some").iterdir()] == [runs.PREDICTIONS]


def test_black_and_white_as_booleans_are_taken_as_they_are(tmp_path):
    np.savez(tmp_path / "some.npz", x=SOME > 99, y=TRUTH)
    X, y = evaluation.read_images(tmp_path / "some.npz")
    np.testing.assert_array_equal(X, (SOME > 99).reshape(5, 784).astype(np.float32), strict=True)
    np.testing.assert_array_equal(y, TRUTH)


def test_images_without_a_file_or_a_model(here, capsys):
    np.savez("some.npz", x=SOME)
    assert main(["mnist", "--images", "some.npz"]) == 1
    assert "mnist_run holds no run; train a network with" in capsys.readouterr().err
    assert main(["mnist", *FEW]) == 0
    assert main(["mnist", "--images", "none.npz"]) == 1
    assert "found no file none.npz" in capsys.readouterr().err
    np.savez("text.npz", x=SOME.astype(str))
    assert main(["mnist", "--images", "text.npz"]) == 1
