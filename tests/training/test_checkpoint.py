"""Files: what they bring back, what they survive, what they refuse."""

import json
import os
import pickle
import re
from functools import partial

import numpy as np
import pytest
from fitting import (
    VALIDATION,
    Noisy,
    assert_everything,
    assert_weights,
    everything,
    make_network,
    train,
    weights,
)

from nnlab import SGD, Adam, AdamW, History, Linear, Sequential, load, save


def saved(tmp_path, name="run.npz", **arguments):
    """Train a little and save everything; return the path, and what was saved."""
    network, rng = make_network(), np.random.default_rng(3)
    optimizer = Adam(network.parameters(), lr=0.02)
    _, history = train(network, optimizer=optimizer, rng=rng, batch_size=7, epochs=2, **arguments)
    path = tmp_path / name
    save(path, network, optimizer, rng=rng, history=history)
    return path, network, optimizer, rng, history


def blank():
    """Return a network, an optimizer and a generator in other states than those that `saved` saves."""
    network = make_network(seed=9)
    return network, Adam(network.parameters(), lr=0.5), np.random.default_rng(8)


def test_a_file_brings_everything_back(tmp_path):
    path, network, optimizer, rng, history = saved(tmp_path, validation=VALIDATION)
    restored, other, generator = blank()
    back = load(path, restored, other, rng=generator)
    assert_everything(restored, other, generator, everything(network, optimizer, rng))
    assert back == history
    np.testing.assert_equal(back.best_state, history.best_state)
    assert back.metrics is not history.metrics
    assert other.lr == 0.02


def test_weights_alone_may_be_saved_and_taken_out_of_a_larger_file(tmp_path):
    network, _, _ = blank()
    save(tmp_path / "weights.npz", network)
    restored = make_network()
    assert load(tmp_path / "weights.npz", restored) is None
    assert_weights(restored, weights(network))
    path, trained, *_ = saved(tmp_path)
    assert isinstance(load(str(path), restored), History)
    assert_weights(restored, weights(trained))


def noisy(seed):
    rng = np.random.default_rng(seed)
    return Sequential(Linear(2, 8, rng=rng), Noisy(rng=rng), Linear(8, 2, rng=rng))


def test_buffers_and_the_generators_of_layers_come_back(tmp_path):
    network, _ = train(noisy(0), epochs=2)
    save(tmp_path / "run.npz", network)
    restored = noisy(1)
    load(tmp_path / "run.npz", restored)
    assert restored.layers[1].mean.any()
    np.testing.assert_equal(restored.state_dict(), network.state_dict())
    assert restored.layers[1].rng.bit_generator.state == network.layers[1].rng.bit_generator.state


def test_a_file_of_a_network_with_other_generators_is_refused(tmp_path):
    save(tmp_path / "run.npz", noisy(0))
    network = noisy(1)
    del network.layers[1].rng
    before = network.state_dict()
    with pytest.raises(
        ValueError, match=r"load expected the generators \(none\) of this network, got 1.rng in"
    ):
        load(tmp_path / "run.npz", network)
    np.testing.assert_equal(network.state_dict(), before)


def test_the_file_holds_no_pickle_and_has_the_name_it_was_given(tmp_path):
    path, *_ = saved(tmp_path, name="run without ending")
    assert [p.name for p in tmp_path.iterdir()] == ["run without ending"]
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)
        assert str(file["network.0.W"].dtype) == "float64"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_others_may_read_the_file_where_the_users_mask_says_so(tmp_path):
    mask = os.umask(0o022)
    try:
        path, *_ = saved(tmp_path)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_float32_and_other_generators_come_back_too(tmp_path):
    for generator in (np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM):
        network, rng = make_network(dtype=np.float32), np.random.Generator(generator(5))
        rng.standard_normal(3)
        save(tmp_path / "run.npz", network, rng=rng)
        restored, other = make_network(seed=1, dtype=np.float32), np.random.Generator(generator(6))
        load(tmp_path / "run.npz", restored, rng=other)
        assert_weights(restored, weights(network))
        np.testing.assert_array_equal(other.standard_normal(5), rng.standard_normal(5))


def half_a_file(error):
    """Return a stand-in for np.savez that writes a little and fails."""

    def savez(file, **arrays):
        file.write(b"half a file")
        raise error

    return savez


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path, network, *_ = saved(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", half_a_file(error))
    with pytest.raises(type(error)):
        save(path, network)
    with pytest.raises(type(error)):
        save(tmp_path / "new.npz", network)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_a_file_cut_off_anywhere_is_refused(tmp_path):
    path, *_ = saved(tmp_path)
    whole = path.read_bytes()
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    for end in [0, 1, 3, 10, len(whole) - 1, *range(20, len(whole), len(whole) // 40)]:
        path.write_bytes(whole[:end])
        with pytest.raises(
            ValueError, match=r"load expected a file written by .*save, got run.npz, which is unread"
        ):
            load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_flipped_bit_in_the_figures_is_found(tmp_path):
    path, network, *_ = saved(tmp_path)
    whole = bytearray(path.read_bytes())
    place = whole.find(network.parameters()[0].value.tobytes()[:16])
    assert place > 0
    whole[place] ^= 1
    path.write_bytes(bytes(whole))
    with pytest.raises(ValueError, match=r"got run\.npz, which is unreadable or incomplete"):
        load(path, make_network())


def write_foreign(path, kind):
    if kind == "text":
        path.write_text("epoch,loss\n1,0.5\n")
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, np.ones(3))
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, weights=np.ones(3))
    elif kind == "pickle":
        path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    elif kind == "pickled array":
        with path.open("wb") as file:
            np.savez(file, meta=np.array({"format": 2}, object))
    elif kind == "later format":
        with path.open("wb") as file:
            np.savez(file, meta=np.array('{"format": 3}'))
    elif kind == "other json":
        with path.open("wb") as file:
            np.savez(file, meta=np.array("[1, 2]"))
    elif kind == "directory":
        path.mkdir()


@pytest.mark.parametrize(
    "kind", ["text", "npy", "npz", "pickle", "pickled array", "later format", "other json", "directory"]
)
def test_a_foreign_file_is_refused(tmp_path, kind):
    path = tmp_path / "model.npz"
    write_foreign(path, kind)
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected a file written by nnlab\.training\.save, got model\.npz"
    ):
        load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        (
            "history",
            {"metrics": {"loss": [1.0, 0.5]}, "best_epoch": 99, "stop_reason": "", "diverged_at": None},
        ),
        ("history", {"metrics": {"loss": [1.0], "accuracy": []}}),
        ("history", {"metrics": [1.0]}),
        ("history", {"surprise": 1}),
        ("rng", {"bit_generator": "PCG64"}),
        ("rng", {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0}),
    ],
)
def test_a_state_that_no_run_left_is_refused(tmp_path, part, value):
    path, *_ = saved(tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"])) | {part: value}
    arrays["meta"] = np.array(json.dumps(meta))
    np.savez(tmp_path / "other.npz", **arrays)
    network, optimizer, rng = blank()
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected the (history of a training run|state of a PCG64 generator) in other"
    ):
        load(tmp_path / "other.npz", network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"load found no file .*absent.npz; save writes one"):
        load(tmp_path / "absent.npz", make_network())


def other_network(**arguments):
    network = make_network(**{"seed": 9, **arguments})
    return network, Adam(network.parameters()), np.random.default_rng(8)


def other_optimizer(make):
    network = make_network(seed=9)
    return network, make(network.parameters()), np.random.default_rng(8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (partial(other_network, sizes=(2, 9, 2)),
         "load found a state in run.npz that does not fit: MLP.load_state_dict expected 0.W of shape (2, 9)"),
        (partial(other_network, sizes=(2, 2)),
         "expected the state of this network, got one that has unknown 2.W, 2.b; make the"),
        (partial(other_network, dtype=np.float32),
         "MLP.load_state_dict expected 0.W of dtype float32, got float64"),
        (partial(other_optimizer, partial(SGD, lr=1)), "load expected a state of SGD in run.npz, got Adam"),
        (partial(other_optimizer, AdamW), "load expected a state of AdamW in run.npz, got Adam"),
        (partial(other_optimizer, lambda ps: Adam(ps[:2])), "Adam.load_state_dict expected"),
        (lambda: (*blank()[:2], np.random.Generator(np.random.MT19937(0))),
         "load expected the state of a MT19937 generator in run.npz, got something else (it is one of"),
    ],
)  # fmt: skip
def test_a_file_of_another_network_optimizer_or_generator(tmp_path, make, message):
    path, *_ = saved(tmp_path)
    network, optimizer, rng = make()
    before = everything(network, optimizer, rng)
    with pytest.raises(ValueError, match=re.escape(message)):
        load(path, network, optimizer, rng=rng)
    assert_everything(network, optimizer, rng, before)


def test_a_part_that_was_not_saved_is_named(tmp_path):
    network, optimizer, rng = blank()
    save(tmp_path / "weights.npz", make_network())
    before = everything(network, optimizer, rng)
    with pytest.raises(
        ValueError, match=r"load expected the state of the optimizer in weights.npz, got none; save it"
    ):
        load(tmp_path / "weights.npz", network, optimizer)
    with pytest.raises(
        ValueError, match=r"load expected the state of the rng in weights.npz, got none; save it"
    ):
        load(tmp_path / "weights.npz", network, rng=rng)
    assert_everything(network, optimizer, rng, before)
