"""What comes back from learner code is data, bounded, and from the answer that it belongs to."""

import contextlib
import os
import pickle
import signal
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.exercises import check
from nnlab.exercises.checking import checker, registry
from nnlab.exercises.checking.compare import Odd
from nnlab.exercises.checking.outcomes import Outcome, Raised, as_data, form, from_data
from nnlab.exercises.sandbox import encoding, sandbox
from nnlab.exercises.sandbox.channel import HEADER, Channel, Run
from nnlab.exercises.sandbox.meter import not_counted

LINEAR = registry.find("linear")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a fork and /proc")


def judge(function, how=None, exercise=LINEAR):
    return checker.judge(exercise, function, how)


def right(X, W, b):
    return X @ W + b


# The encoding

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(allow_nan=False), st.text(max_size=20)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_data_come_back_as_they_were(value):
    back = encoding.decode(encoding.encode(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "?", "i1", "i8", "u2", ">f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4)])
def test_arrays_come_back_as_they_were(dtype, shape):
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = encoding.decode(encoding.encode(array))
    assert back.shape == shape
    assert back.dtype == array.dtype.newbyteorder("<")
    assert np.array_equal(back, array)


class Tricky(str):
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize(
    "value",
    [Tricky("x"), object(), {1, 2}, np.array([None]), np.array([1j]), np.float64(1), np.ma.array([1])],
)
def test_nothing_else_is_encoded(value):
    with pytest.raises(TypeError, match="encode expected"):
        encoding.encode(value)


def test_depth_and_size_are_bounded():
    deep: list = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ValueError, match="within each other"):
        encoding.encode(deep)
    with pytest.raises(ValueError, match="within each other"):
        encoding.decode(b"l\1\0\0\0" * 100 + b"N")
    with pytest.raises(ValueError, match="at most"):
        encoding.encode(np.zeros(encoding.LARGEST))
    with pytest.raises(ValueError, match="more bytes than came"):
        encoding.decode(b"a" + encoding.ARRAY.pack(0, 3) + b"\xff" * 12)  # an array of 2**96 numbers


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    with contextlib.suppress(ValueError):
        encoding.decode(data)


@pytest.mark.parametrize(
    "data", [pickle.dumps([1]), b"", b"N" * 2, b"x", b"d\1\0\0\0l\0\0\0\0N", b"s\1\0\0\0\xff"]
)
def test_what_is_no_data_is_refused(data):
    with pytest.raises(ValueError, match="decode expected"):
        encoding.decode(data)


@pytest.mark.parametrize("declared", [struct.pack("<q", 1 << 40), HEADER.pack(2**32 - 1)])
def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_read(declared):
    pieces = [declared, b""]
    channel = Channel(lambda wait: pieces.pop(0))
    result = None
    try:
        result = channel.next(time.monotonic() + 5)
        encoding.decode(result if isinstance(result, bytes) else b"")
    except ValueError:
        return
    pytest.fail(f"got {result}")


@pytest.mark.parametrize("frame", [[], [1], ["a", 2], 3, ["a", "b", "c"], {"done": 1}])
def test_a_frame_of_another_form_is_refused(frame):
    with pytest.raises(ValueError, match="a frame expected"):
        Run().add(frame)


def test_an_outcome_is_data_and_comes_back():
    seen = {"Y": np.ones((2, 3)), "c": [np.zeros(2), Odd("a list of length 3", "list"), None, "word", True]}
    for outcome in (
        Outcome(seen, "dict", ("X",)),
        Outcome(raised=Raised("ValueError", "no", "x = 1", 3, "f")),
    ):
        back = from_data(encoding.decode(encoding.encode(as_data(outcome))))
        assert str(back) == str(outcome)
    for wrong in (("Outcome", 1), ("Raised", 1, 2, 3, 4, 5), ("Outcome", None, "", [], ("Odd", "", "")), ()):
        with pytest.raises(ValueError, match="an outcome expected"):
            from_data(wrong)


def test_the_form_holds_no_values():
    shown = form({"a": np.ones(3), "b": [Odd("x"), "word", True, None]})
    assert shown["a"].shape == (3,)
    assert not shown["a"].any()
    assert shown["b"][1:] == ["", False, None]


# From the sandbox

EVERY = ["fork", "process", "thread"] if sys.platform == "linux" else ["process", "thread"]
every_way = pytest.mark.parametrize("how", EVERY)


class Meta(type):
    @property
    def __name__(cls):
        return Tricky("name")


class Named(Exception, metaclass=Meta):
    pass


def raises_a_tricky_class(X, W, b):
    raise Named("words")


def gives_a_tricky_class(X, W, b):
    return Named()


def gives_long_keys(X, W, b):
    return {"k" * 1_000_000 + str(i): 1 for i in range(5)}


def raises_long_words(X, W, b):
    raise type("N" * 1_000_000, (Exception,), {})("m" * 1_000_000)


@every_way
@pytest.mark.parametrize(
    "function", [raises_a_tricky_class, gives_a_tricky_class, gives_long_keys, raises_long_words]
)
def test_odd_names_neither_run_nor_grow(function, how):
    result = judge(function, how)
    assert result.status in ("failed", "error")
    assert len(result._repr_html_()) < 20_000
    assert not any(isinstance(part, Tricky) for part in (result.message, *result.mistakes))


def test_a_function_that_wraps_itself_is_checked():
    def linear(X, W, b):
        return X @ W + b

    linear.__wrapped__ = linear
    assert check(linear).status == "passed"


@every_way
def test_check_inside_the_checked_function_is_refused(how):
    def linear(X, W, b):
        check("linear", linear, record=False)
        return X @ W + b

    result = judge(linear, how)
    assert result.mistakes == ("raises",)
    assert "check was called inside the function that it checks" in result.message


# What it starts


def forks(X, W, b):
    os.fork()
    return X @ W + b


@linux
@pytest.mark.parametrize("how", ["fork", "process"])
def test_a_copy_of_the_answer_sends_nothing(how):
    assert judge(forks, how).status == "passed"


def detaches(noted):
    def linear(X, W, b):
        if not noted.exists():
            sleeper = subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
            )
            noted.write_text(str(sleeper.pid))
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(60)
                os._exit(0)
        return X @ W + b

    return linear


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@linux
@pytest.mark.parametrize("how", ["fork", "process"])
@pytest.mark.parametrize("dies", [False, True])
def test_what_has_detached_itself_ends_with_the_answer(tmp_path, how, dies):
    start = detaches(tmp_path / "pid")

    def linear(X, W, b):
        Z = start(X, W, b)
        if dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return Z

    assert judge(linear, how).status == ("error" if dies else "passed")
    assert not running(int((tmp_path / "pid").read_text()))


def alone(job, jobs=1):
    """Run a job with no descriptor but its channel, as under `nnlab grade`."""
    return sandbox._in_child([job] * jobs, sandbox.Limits(1, 10, jobs, alone=True))


@linux
def test_no_descriptor_but_the_channel_is_open():
    with open(__file__) as file:
        found = alone(
            lambda: [n for n in range(64) if n != file.fileno() and _is_open(n)] + [_is_open(file.fileno())]
        )
    assert found.results == [[0, 1, 2, 3, False]]


def _is_open(descriptor):
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@linux
@pytest.mark.parametrize(
    "forged",
    [
        struct.pack("<q", 1 << 40) * 4,
        HEADER.pack(5) + b"xxxxx",
        (HEADER.pack(8) + encoding.encode(["done"]))[:12],
        b"".join(HEADER.pack(len(f)) + f for f in [encoding.encode([1, ""])] * 3),
    ],
)
def test_forged_frames_end_the_run(forged):
    run = alone(lambda: os.write(3, forged))
    assert run.ended == "died"
    assert len(run.results) <= 2
    assert alone(lambda: 5).results == [5]


# Time


BRIEF = replace(LINEAR, seconds=0.3)


def computes(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@every_way
def test_waiting_is_no_computing(how):
    def linear(X, W, b):
        time.sleep(0.2)
        return X @ W + b

    assert judge(linear, how, replace(LINEAR, seconds=1)).status == "passed"


@pytest.mark.parametrize("how", EVERY[:-1])
def test_what_an_answer_imports_is_not_its_time(how, tmp_path, monkeypatch):
    slow = "import time\nend = time.process_time() + 1.2\nwhile time.process_time() < end: pass\n"
    (tmp_path / "slow_module_of_a_notebook.py").write_text(slow)
    place = str(tmp_path)

    def linear(X, W, b):
        sys.path.insert(0, place)
        import slow_module_of_a_notebook  # noqa: F401

        return X @ W + b

    assert judge(linear, how, replace(LINEAR, seconds=1)).status == "passed"


@pytest.mark.skipif(sys.platform != "linux", reason="runs in a fork")
def test_what_loads_for_too_long_is_told_as_such():
    def job():
        with not_counted():
            computes(60)

    limits = sandbox.Limits(0.2, 20, 1, loading=0.3)
    assert sandbox._in_child([job], limits).ended == "loading"


def test_a_second_try_gets_more_time():
    given = []

    def run(limits):
        given.append(limits.seconds)
        return Run(ended="time" if len(given) == 1 else "done")

    assert sandbox.twice(run, 3.0, 1).ended == "done"
    assert given == [1.0, 3.0]


@linux
def test_a_busy_machine_is_not_the_learners_fault():
    """Three busy processes for every core, and a limit that leaves little room."""
    loop = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(loop) for _ in range(3 * (os.cpu_count() or 1))]
    try:
        for name in ("linear", "softmax", "confusion_counts", "class_weights"):
            exercise = replace(registry.find(name), seconds=1)
            assert judge(exercise.reference, "fork", exercise).status == "passed"
    finally:
        for process in busy:
            process.kill()
            process.wait()


# In a thread of this process


def ends_the_process(X, W, b):
    os._exit(1)


def kills_the_process(X, W, b):
    os.kill(os.getpid(), signal.SIGTERM)


def recurses_without_end(X, W, b):
    sys.setrecursionlimit(10**9)
    return recurses_without_end(X, W, b)


@pytest.mark.parametrize("function", [ends_the_process, kills_the_process, recurses_without_end])
def test_a_thread_cannot_end_the_kernel(function):
    limit = sys.getrecursionlimit()
    assert judge(function, "thread").mistakes == ("raises",)
    assert sys.getrecursionlimit() == limit
    assert judge(right, "thread").status == "passed"
