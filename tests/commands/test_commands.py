"""The command line: what it prints, its exit status, and what it does with bad usage."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from nnlab.__main__ import main, summaries
from nnlab.commands import doctor
from nnlab.commands.reproduce import figure


@pytest.mark.parametrize("command", summaries())
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert f"python -m nnlab {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [[], ["dance"], ["data"], ["data", "get", "imagenet"], ["reproduce", "--only", "x"]]
)
def test_wrong_usage_exits_with_2(argv, capsys):
    with pytest.raises(SystemExit) as end:
        main(argv)
    assert end.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_help_imports_no_heavy_package():
    code = (
        "import sys; sys.argv = ['nnlab', '--help']\ntry:\n import nnlab.__main__ as m; m.main()\n"
        "except SystemExit: pass\nprint([p for p in ('torch', 'pandas', 'sklearn') if p in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_doctor_reports_packages_threads_and_data(empty_machine, capsys):
    assert main(["doctor", "--json"]) == 0
    findings = {f["name"]: f for f in json.loads(capsys.readouterr().out)}
    assert {"python", "numpy", "pandas", "appointments", "mnist", "matrix library"} <= set(findings)
    assert findings["numpy"]["state"] == "ok"
    assert findings["appointments"]["state"] == "note"
    assert "data get appointments" in findings["appointments"]["remedy"]


def test_doctor_names_a_missing_and_an_old_package(monkeypatch, capsys):
    asked = ["numpy>=999", "a-package-that-is-not-there>=1", 'torch>=2.4; extra == "torch"']
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: asked)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert ">=999 is needed" in printed
    assert 'pip install "a-package-that-is-not-there>=1"' in printed


def test_doctor_takes_a_missing_torch_as_a_note(monkeypatch):
    def version(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    finding = doctor.package(doctor.Requirement("torch>=2.4"))
    assert finding.state == "note"
    assert "notebooks 03, 06 and 07" in finding.remedy


def test_data_list_and_where(empty_machine, capsys):
    assert main(["data", "list"]) == 0
    assert "simulated (embedded)" in capsys.readouterr().out
    assert main(["data", "list", "--json"]) == 0
    assert {r["name"] for r in json.loads(capsys.readouterr().out)} == {"appointments", "mnist"}
    assert main(["data", "where", "mnist"]) == 1
    assert "no file of mnist" in capsys.readouterr().err


def test_data_where_prints_the_file(monkeypatch, tmp_path, capsys):
    (tmp_path / "mnist.npz").write_bytes(b"")
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    assert main(["data", "where", "mnist"]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "mnist.npz")


def test_data_get_without_a_network_exits_with_1_and_says_what_to_do(empty_machine, capsys):
    assert main(["data", "get", "appointments", "--url", "http://127.0.0.1:9/nothing.csv"]) == 1
    assert "by hand" in capsys.readouterr().err


def test_a_broken_file_exits_with_1_and_names_it(monkeypatch, tmp_path, capsys):
    (tmp_path / "KaggleV2-May-2016.csv").write_text("nothing,here\n1,2\n")
    monkeypatch.setenv("NNLAB_DATA", str(tmp_path))
    assert main(["reproduce", "--quick", "--only", "no-show-numpy"]) == 1
    assert "KaggleV2-May-2016.csv" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "moment"), [(doctor, "run"), (importlib, "import_module")])
def test_ctrl_c_exits_with_1(monkeypatch, capsys, module, moment):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, moment, interrupted)
    assert main(["doctor"]) == 1
    assert "stopped" in capsys.readouterr().err


def test_reproduce_prints_text_json_and_markdown(capsys):
    chosen = ["--only", "he-without-root", "summed-gradients"]
    assert main(["reproduce", *chosen]) == 0
    assert "He without the root" in capsys.readouterr().out
    assert main(["reproduce", *chosen, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [r["name"] for r in results] == chosen[1:]
    assert all({"published", "measured", "shows", "data"} <= set(r) for r in results)
    assert main(["reproduce", *chosen, "--markdown"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len({line.count("|") for line in lines}) == 1


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0000"), (0.50301, "0.5030"), (4e-11, "4.0e-11")])
def test_figure(value, text):
    assert figure(value) == text


def test_what_the_terminal_cannot_show_is_replaced(tmp_path):
    """µ in ASCII: the figures measured are kept, in the file and on the screen."""
    case = ["--quick", "--only", "predict 784-64-10 rows 1", "--json", str(tmp_path / "figures.json")]
    done = subprocess.run(
        [sys.executable, "-m", "nnlab", "bench", *case],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "nnlab ?s" in done.stdout
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_who_has_seen_enough_is_no_error():
    command = [sys.executable, "-u", "-m", "nnlab", "data", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
