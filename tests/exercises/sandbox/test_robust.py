"""Learner code that hangs, dies, floods or patches: the process lives, and the next check is right."""

import builtins
import math
import os
import random
import signal
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from answers import numpy_exercises
from hypothesis import given, settings
from hypothesis import strategies as st

from nnlab.exercises import check
from nnlab.exercises.checking import checker, registry, trials
from nnlab.exercises.checking.probes import Sizes
from nnlab.exercises.sandbox import host, sandbox
from nnlab.exercises.sandbox.state import captured

LINEAR = registry.find("linear")
BRIEF = replace(LINEAR, seconds=0.3)  # for what hangs: the time is up sooner
WAYS = ["fork", "process", "thread"] if sys.platform == "linux" else ["process", "thread"]
every_way = pytest.mark.parametrize("how", WAYS)
every_process = pytest.mark.parametrize("how", WAYS[:-1])  # where the code can be killed


def judge(function, how, exercise=LINEAR):
    return checker.judge(exercise, function, how)


@pytest.fixture(autouse=True)
def the_next_check_is_right(request):
    """After whatever a test does, a right answer passes and a wrong one is named, in the same way."""
    yield
    how = getattr(request.node, "callspec", None) and request.node.callspec.params.get("how")
    if how:
        assert judge(right, how).status == "passed"
        assert judge(lambda X, W, b: X @ W, how).mistakes == ("bias-omitted",)


def right(X, W, b):
    return X @ W + b


# It does not end

stop = threading.Event()  # lets a thread go that cannot be killed


def loops(X, W, b):
    while True:
        pass


def swallows(X, W, b):
    while not stop.is_set():
        try:
            while not stop.is_set():
                pass
        except BaseException:
            pass


def sleeps(X, W, b):
    time.sleep(2)  # in C, where no exception reaches it


def loops_in_c(X, W, b):
    return sum(iter(int, 1))


def multiplies(X, W, b):
    A = np.ones((7000, 7000))
    return A @ A


def starts_threads(X, W, b):
    for _ in range(3):
        threading.Thread(target=loops, args=(X, W, b)).start()
    return X @ W + b, loops(X, W, b)


def recurses_at_any_depth(X, W, b):
    sys.setrecursionlimit(10**9)
    return recurses_at_any_depth(X, W, b)


@every_way
@pytest.mark.parametrize("function", [loops, swallows])
def test_what_does_not_end_is_stopped(function, how):
    stop.clear()
    result = judge(function, how, BRIEF)
    stop.set()
    assert (result.status, result.mistakes) == ("error", ("too-slow",))
    assert "had not finished after 0.3 seconds of computing" in result.message


@every_way
def test_what_waits_is_not_told_to_look_for_a_loop(how):
    result = judge(sleeps, how, replace(LINEAR, seconds=0.1))
    assert (result.status, result.mistakes) == ("error", ("too-slow",))
    assert "it is waiting for something" in result.message
    assert "loop" not in result.message


@every_process
@pytest.mark.parametrize("function", [loops_in_c, multiplies, starts_threads])
def test_what_cannot_be_interrupted_is_killed(function, how):
    assert judge(function, how, BRIEF).mistakes == ("too-slow",)


@every_process
def test_recursion_under_a_raised_limit_hurts_nobody(how):
    result = judge(recurses_at_any_depth, how, BRIEF)
    assert result.status == "error"
    assert set(result.mistakes) <= {"too-slow", "raises"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_learner_code_starts_dies_with_it(tmp_path):
    noted = tmp_path / "pid"

    def starts_a_process(X, W, b):
        child = os.fork()
        if child:
            noted.write_text(str(child))
        loops(X, W, b)

    judge(starts_a_process, "fork", BRIEF)
    status = Path(f"/proc/{noted.read_text()}/stat")
    for _ in range(50):
        if not status.exists() or status.read_text().split()[2] == "Z":
            return
        time.sleep(0.02)
    pytest.fail("the process that learner code started is still running")


# It dies


def exits_at_once(X, W, b):
    os._exit(0)


def kills_itself(X, W, b):
    os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def closes_all_files(X, W, b):
    os.closerange(0, 100)
    return X @ W + b


@every_process
@pytest.mark.parametrize("function", [exits_at_once, kills_itself])
def test_the_death_of_the_child_is_told(function, how):
    result = judge(function, how)
    assert (result.status, result.mistakes) == ("error", ("raises",))
    assert "your notebook is unharmed" in result.message


@every_process
def test_closing_every_file_ends_the_child_only(how):
    assert judge(closes_all_files, how).mistakes == ("raises",)


# It raises


def recurses(X, W, b):
    return recurses(X, W, b)


def asks_for_a_terabyte(X, W, b):
    return np.ones((10**6, 125_000)) @ W


def asks_for_a_long_list(X, W, b):
    return [0.0] * 10**12


def leaves(X, W, b):
    raise SystemExit(1)


def quits(X, W, b):
    sys.exit()


def interrupts(X, W, b):
    raise KeyboardInterrupt


def closes_a_generator(X, W, b):
    raise GeneratorExit


def asks_the_keyboard(X, W, b):
    return float(input("rate? "))


class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no words")


def raises_the_unprintable(X, W, b):
    raise Unprintable


RAISING = {
    recurses: "and never stops",
    asks_for_a_terabyte: "asks for far more memory",
    asks_for_a_long_list: "asks for far more memory",
    leaves: "use `return` to leave a function",
    quits: "use `return` to leave a function",
    interrupts: "use `return` to leave a function",
    closes_a_generator: "GeneratorExit",
    asks_the_keyboard: "cannot be answered while an exercise is checked",
    raises_the_unprintable: "Unprintable",
}


@every_way
@pytest.mark.parametrize("function", RAISING, ids=lambda f: f.__name__)
def test_what_raises_is_explained(function, how):
    result = judge(function, how)
    assert (result.status, result.mistakes) == ("error", ("raises",))
    assert RAISING[function] in result.message


# It prints, shows, changes, patches


@every_way
def test_a_megabyte_of_output_is_cut(how, capfd):
    def prints(X, W, b):
        print("x" * 1_000_000)
        sys.stderr.write("y" * 1_000_000)
        return X @ W + b

    result = judge(prints, how)
    assert result.status == "passed"
    assert 0 < len(result.output) <= 4000
    assert capfd.readouterr() == ("", "")


@every_way
def test_changed_arguments_are_told_and_not_kept(how):
    def changes(X, W, b):
        Z = X @ W + b
        X[:] = W[:] = b[:] = 0
        return Z

    result = judge(changes, how)
    assert (result.status, result.mistakes) == ("failed", ("changes-its-input",))
    assert "changes its input W, X, b" in result.message


def patches_settings(X, W, b):
    np.seterr(all="raise")
    np.set_printoptions(precision=1, threshold=1)
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    sys.setrecursionlimit(200)
    warnings.simplefilter("error")
    sys.stdout = sys.stderr = None
    return X @ W + b


def patches_functions(X, W, b):
    for module in (np, np.linalg, np.random, math, random, builtins):
        for name in ("exp", "abs", "allclose", "norm", "sqrt", "seed", "default_rng", "sorted", "print"):
            if hasattr(module, name):
                setattr(module, name, None)
    np.seterr = np.set_printoptions = np.random.set_state = sys.setrecursionlimit
    return X @ W + b


def deletes_names(X, W, b):
    del np.exp, np.array, np.random.default_rng, math.log, builtins.zip
    return X @ W + b


def state():
    modules = (np, np.linalg, np.random, math, random, builtins)
    return {
        **{module.__name__: {k: id(v) for k, v in vars(module).items()} for module in modules},
        "errors": np.geterr(),
        "print": np.get_printoptions(),
        "generators": (random.getstate(), np.random.get_state()[1].tolist()),  # noqa: NPY002
        "recursion": sys.getrecursionlimit(),
        "filters": list(warnings.filters),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
    }


@every_way
@pytest.mark.parametrize("function", [patches_settings, patches_functions, deletes_names])
def test_what_is_patched_is_put_back(function, how):
    before = state()
    judge(function, how)
    assert state() == before


def test_a_patch_does_not_outlive_a_code_that_hangs():
    def patches_and_hangs(X, W, b):
        np.exp = None
        loops(X, W, b)

    before = np.exp
    assert judge(patches_and_hangs, "thread", BRIEF).mistakes == ("too-slow",)
    assert np.exp is before


def test_display_and_show_do_nothing_while_learner_code_runs(monkeypatch):
    shown = []

    class Publisher:
        def publish(self, data):
            shown.append(data)

    shell = SimpleNamespace(display_pub=Publisher())
    pyplot = SimpleNamespace(show=lambda: shown.append("figure"))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", pyplot)
    with captured():
        shell.display_pub.publish("card")
        pyplot.show()
    assert shown == []
    shell.display_pub.publish("card")
    pyplot.show()
    assert shown == ["card", "figure"]


# Where the code runs


def test_the_best_way_is_a_fork_on_linux_only(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not sandbox.can_fork()


def test_without_a_fork_the_code_runs_in_another_process(monkeypatch):
    monkeypatch.setattr(sandbox, "can_fork", lambda: False)
    here = os.getpid()
    assert judge(lambda X, W, b: (X @ W + b) * (os.getpid() != here), None).status == "passed"


def test_another_process_has_what_a_notebook_has():
    assert judge(lambda X, W, b: [display(X), X @ W + b][1], "process").status == "passed"  # noqa: F821


def test_what_cannot_be_sent_runs_in_a_thread(tmp_path):
    here, file = os.getpid(), (tmp_path / "log").open("w")
    with file:
        result = judge(lambda X, W, b: (X @ W + b) * (os.getpid() == here and not file.closed), "process")
    assert result.status == "passed"


def test_where_no_process_can_be_started_the_code_runs_in_a_thread(monkeypatch):
    def refuse(modules):
        raise OSError("no processes here")

    monkeypatch.setattr(host, "_standby", None)
    monkeypatch.setattr(host, "Host", refuse)
    assert judge(right, "process").status == "passed"
    assert judge(lambda X, W, b: X @ W, "process").mistakes == ("bias-omitted",)


@pytest.fixture
def serves_one(monkeypatch):
    """Let hosts serve one run each, as they do on macOS and Windows."""
    monkeypatch.setattr(host, "FORKS", False)
    host._replace()
    yield
    monkeypatch.undo()
    host._replace()


def moves_and_patches(X, W, b):
    os.chdir("/")
    np.linalg.norm = np.linalg.inv = None
    sys.modules["math"] = None
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    return X @ W + b


def is_where_it_was(X, W, b):
    import math

    clean = np.linalg.norm is not None and math is not None and threading.active_count() == 1
    return (X @ W + b) * (clean and os.getcwd() == HERE)


HERE = os.getcwd()


@pytest.mark.parametrize("once", [False, True])
def test_nothing_leaks_from_one_answer_into_the_next(once, request):
    if once:
        request.getfixturevalue("serves_one")
    assert judge(moves_and_patches, "process").status == "passed"
    assert judge(is_where_it_was, "process").status == "passed"


@pytest.mark.usefixtures("serves_one")
def test_a_host_that_serves_one_run_gives_the_same_reports():
    assert judge(right, "process").status == "passed"
    assert judge(lambda X, W, b: X @ W, "process").mistakes == ("bias-omitted",)
    assert judge(loops, "process", BRIEF).mistakes == ("too-slow",)
    assert judge(exits_at_once, "process").mistakes == ("raises",)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on processor time")
@every_process
def test_processor_time_is_limited_should_the_parent_be_killed(how):
    def tells(X, W, b):
        import resource

        assert 0 < resource.getrlimit(resource.RLIMIT_CPU)[0] < 1000
        return X @ W + b

    assert judge(tells, how).status == "passed"


def test_an_error_shows_the_line_of_a_cell_that_only_the_notebook_has(monkeypatch):
    import linecache

    source = "def linear(X, W, b):\n    return X @ W + bias\n"
    monkeypatch.setitem(linecache.cache, "<cell 9>", (len(source), None, source.splitlines(True), "<cell 9>"))
    names: dict = {}
    exec(compile(source, "<cell 9>", "exec"), names)
    for how in WAYS:
        assert "line 2 of your code, `return X @ W + bias`, raises" in judge(names["linear"], how).message


# check itself


def test_check_wants_a_function():
    with pytest.raises(TypeError, match="give the function itself, without calling it"):
        check(np.zeros(3))
    with pytest.raises(TypeError, match=r"check\('softmax', my_function\)"):
        check("softmax")
    with pytest.raises(TypeError, match="exercise's name first"):
        check(right, right)
    with pytest.raises(TypeError, match="expected a function, got int"):
        check("linear", 3)
    with pytest.raises(ValueError, match="name it, as in"):
        check(lambda X, W, b: 0)
    with pytest.raises(ValueError, match="did you mean 'softmax'"):
        check("sofmax", right)


EMPTY = [
    lambda X, W, b: ...,
    lambda X, W, b: None,
    lambda X, W, b: (x for x in ()).throw(NotImplementedError),
]


@pytest.mark.parametrize("function", EMPTY)
@every_way
def test_nothing_to_check_is_no_attempt(function, how):
    result = judge(function, how)
    assert (result.status, result.mistakes) == ("not attempted", ())


BODIES = ["...", "pass", '"""Words."""', '"""Words."""\n    ...', "return", "return ..."]
BODIES += ["raise NotImplementedError", "Z = ...\n    return Z + b"]


@pytest.mark.parametrize("body", BODIES)
def test_a_template_is_no_attempt_in_any_form(body):
    names: dict = {}
    exec(f"def linear(X, W, b):\n    {body}", names)
    assert check(names["linear"]).status == "not attempted"


def test_an_answer_that_is_none_by_mistake_is_an_attempt():
    def linear(X, W, b):
        X @ W + b

    assert check(linear).mistakes == ("returns-none",)


# The references themselves, at any size


ANY_SIZE = [name for name in numpy_exercises() if registry.find(name).inputs is not None]


@pytest.mark.parametrize("name", ANY_SIZE)
def test_inputs_can_be_drawn_at_the_smallest_size(name):
    registry.find(name).inputs(np.random.default_rng(0), Sizes(2, 2, 2, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(ANY_SIZE),
    st.builds(Sizes, *(st.integers(2, 9) for _ in ("m", "n_x", "n_h", "n_y"))),
    st.integers(0, 2**32 - 1),
)
def test_references_pass_at_any_size(name, size, seed):
    """The probes have two sets of sizes; the references must not depend on them."""
    exercise = registry.find(name)
    main = next(p for p in exercise.probes if p.kind == "main")
    probe = replace(main, args=exercise.inputs(np.random.default_rng(seed), size), sizes=size)
    there = replace(exercise, probes=(probe,))
    (seen,) = trials.outcomes_of(there, exercise.reference)
    assert seen.raised is None
    (again,) = trials.outcomes_of(there, exercise.reference, [seen])
    trial = trials.Trial(probe, seen.seen, again, *trials.tolerances(there, probe))
    assert checker.verdict(there, [trial]).status == "passed"
