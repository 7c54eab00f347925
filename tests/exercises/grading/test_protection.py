"""What learners' code can reach while it is graded, with bubblewrap and without."""

import csv
import io
import json
import os
import time
from pathlib import Path

import pytest

from nnlab.__main__ import main
from nnlab.exercises.checking.report import Result
from nnlab.exercises.grading import grade, protection, report
from nnlab.exercises.grading.protection import UNSAFE
from nnlab.exercises.grading.submissions import read

IMPORTS = "import numpy as np\nfrom nnlab.exercises import check"
LINEAR = "def linear(X, W, b):\n    return X @ W + b"


def notebook(path: Path, *sources: str) -> Path:
    code = [{"cell_type": "code", "source": source} for source in sources]
    path.write_text(json.dumps({"cells": code, "nbformat": 4}), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def bubblewrap():
    try:
        return protection.bubblewrap()
    except RuntimeError as error:
        pytest.skip(str(error).splitlines()[0])


@pytest.fixture(params=["bubblewrap", "unsafe"])
def shield(request):
    if request.param == "unsafe":
        if os.name != "posix":
            pytest.skip("the answers below need POSIX")
        return UNSAFE
    return request.getfixturevalue("bubblewrap")


def verdict(tmp_path, shield, *sources) -> Result:
    submission = read(notebook(tmp_path / "one.ipynb", IMPORTS, *sources))
    return grade.check_answer((0, submission.answer("linear", ())), shield)


def does(code: str) -> str:
    """Return a right answer that does something else before, and is wrong when that succeeds."""
    inside = code.replace("\n", "\n        ")
    return (
        f"def linear(X, W, b):\n    import os, sys, time\n    try:\n        {inside}\n"
        "    except Exception:\n        return X @ W + b\n    return 0"
    )


# What must not succeed inside

REFUSED = {
    "the network": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2)",
    "another address": "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)",
    "files of others": "os.stat(r'FOLDER')",
    "the package": "import nnlab\nopen(os.path.join(os.path.dirname(nnlab.__file__), 'x.py'), 'w')",
    "the system": "open('/usr/x', 'w')",
    "settings of the kernel": "open('/proc/sys/kernel/core_pattern', 'w')",
    "the host's memory": "open('/proc/1/mem', 'rb')",
    "the host's descriptors": "os.open('/proc/1/fd/' + os.listdir('/proc/1/fd')[-1], os.O_WRONLY)",
    "the environment": "assert 'NNLAB_SECRET' in os.environ",
    "other processes": "assert len([n for n in os.listdir('/proc') if n.isdigit()]) > 2",
    "mounting": "import ctypes\nassert ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, 0) == 0",
}


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_what_bubblewrap_keeps_out(tmp_path, bubblewrap, code, monkeypatch):
    import socket

    monkeypatch.setenv("NNLAB_SECRET", "x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = code.replace("PORT", str(server.getsockname()[1])).replace("FOLDER", str(tmp_path))
        assert verdict(tmp_path, bubblewrap, does(code), "check(linear)").status == "passed"


# What must not reach the next answer

HARM = {
    "kills its parent": "os.kill(os.getppid(), 9)\nos.kill(1, 9) if os.getppid() == 1 else None",
    "limits its parent": "import resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (3, 3))",
    "stops its parent": "import signal\nos.kill(os.getppid(), signal.SIGSTOP) if os.getppid() == 1 else None",
    "leaves files": "open('/tmp/numpy.py', 'w').write('1/0') if os.getppid() == 1 else None",
    "fills descriptors": "[os.write(d, b'\\xff' * 64) for d in range(3, 50)]",
    "detaches": (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(100)\n    os._exit(0)"
    ),
    "exits": "os._exit(0)",
    "patches": "import numpy\nnumpy.matmul = numpy.exp = None\nos.chdir('/')",
}


@pytest.mark.skipif(os.name != "posix", reason="the answers need POSIX")
@pytest.mark.parametrize("code", HARM.values(), ids=HARM)
def test_no_answer_harms_the_next(tmp_path, shield, code):
    verdict(tmp_path, shield, does(code), "check(linear)")
    checks = "import os\nassert not os.path.exists('/tmp/numpy.py')\n"
    assert verdict(tmp_path, shield, LINEAR, "check(linear)").status == "passed"
    assert verdict(tmp_path, shield, does(checks), "check(linear)").status == "failed"  # its assertion holds


def test_a_detached_process_rewrites_nothing_later(tmp_path, shield):
    target = tmp_path / "grades.csv"
    code = (
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(0.4)\n"
        f"        open(r'{target}', 'w').write('all passed')\n    os._exit(0)\nraise ValueError"
    )
    assert verdict(tmp_path, shield, does(code), "check(linear)").status == "passed"
    time.sleep(0.8)
    assert not target.exists()


# The command


def test_without_protection_the_command_ends_with_the_remedy(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(protection, "_missing", lambda: "bubblewrap is not installed")
    path = str(notebook(tmp_path / "ann.ipynb", IMPORTS, LINEAR))
    assert main(["grade", path]) == 2
    told = capsys.readouterr()
    assert "bubblewrap is not installed" in told.err
    assert "--unsafe" in told.err
    assert told.out == ""


def test_unsafe_is_said_aloud(tmp_path, capsys):
    path = str(notebook(tmp_path / "ann.ipynb", IMPORTS, LINEAR))
    assert main(["grade", path, "--unsafe", "--workers", "1"]) == 0
    assert "Protection: none (--unsafe)" in capsys.readouterr().out
    assert main(["grade", path, "--unsafe", "--json", "-", "--workers", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["protection"].startswith("none (--unsafe)")


def test_the_protection_is_reported(tmp_path, bubblewrap, capsys):
    path = str(notebook(tmp_path / "ann.ipynb", IMPORTS, LINEAR))
    assert main(["grade", path, "--workers", "1"]) == 0
    assert "Protection: bubblewrap: no network" in capsys.readouterr().out


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_have_no_protection(platform, monkeypatch):
    monkeypatch.setattr("sys.platform", platform)
    protection._missing.cache_clear()
    with pytest.raises(RuntimeError, match=f"there is none for {platform}"):
        protection.bubblewrap()
    protection._missing.cache_clear()


# The report


def test_a_file_name_forges_no_line():
    who = grade.Learner("ann\nbob: 27 of 27 passed\r\x85\u2028", "x\ny.ipynb", results={}, notes=["a\nb"])
    lines = report.text(grade.Grades([who])).splitlines()
    assert [line for line in lines if line] == ["ann?bob: 27 of 27 passed???: 0 of 0 passed", "  ? a?b"]
    row = next(csv.DictReader(io.StringIO(report.to_csv(grade.Grades([who])))))
    assert "\n" not in row["learner"] + row["file"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "＝", "＋", "－", "＠", "\t=", "\r=", " =", "\n="])
def test_no_cell_is_a_formula(start):
    result = Result("linear", "error", ("raises",), f"{start}cmd|' /C calc'!A0")
    who = grade.Learner(f"{start}1", "x", results={"linear": result})
    row = next(csv.DictReader(io.StringIO(report.to_csv(grade.Grades([who])))))
    for cell in (row["learner"], row["message"]):
        assert not cell.strip().startswith(tuple("=+-@＝＋－＠"))


def test_a_flag_is_shown_everywhere():
    result = Result("linear", "passed", (), "Right.")
    who = grade.Learner("ann", "x", results={"linear": result}, flags={"linear": ("uses ._getframe",)})
    grades = grade.Grades([who])
    for written in (report.text, report.to_csv, report.to_json, report.to_html):
        assert "read this answer: it uses ._getframe" in written(grades)
