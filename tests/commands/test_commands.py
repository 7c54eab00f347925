"""The command line: what it prints, its exit status, and what it does with bad usage."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from nnlab import datasets
from nnlab.__main__ import main, summaries
from nnlab._terminal import as_typed
from nnlab.commands import doctor
from nnlab.commands.reproduce import Row, markdown
from nnlab.studies import guide, published
from nnlab.studies.experiments import Experiment, Outcome, Scale, no_data


@pytest.mark.parametrize("command", summaries())
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert as_typed(command) in capsys.readouterr().out


@pytest.mark.parametrize(
    "argv", [[], ["dance"], ["data"], ["data", "get", "imagenet"], ["reproduce", "--quick=1"]]
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


def test_a_terminal_without_symbols_gets_words(tmp_path):
    plain = os.environ | {"PYTHONIOENCODING": "ascii", "NNLAB_PROGRESS": str(tmp_path / "p.json")}
    done = subprocess.run(
        [sys.executable, "-m", "nnlab", "progress"], env=plain, capture_output=True, text=True, check=True
    )
    assert ".........." in done.stdout
    assert "?" not in done.stdout


def test_data_list_and_where(empty_machine, capsys):
    assert main(["data", "list"]) == 0
    assert "simulated (embedded)" in capsys.readouterr().out
    assert main(["data", "list", "--json"]) == 0
    listed = [record["name"] for record in json.loads(capsys.readouterr().out)]
    assert listed == [dataset.name for dataset in datasets.available()]
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


def test_reproduce_guide_prints_its_rows_with_their_lesson(capsys):
    chosen = ["reproduce", "--guide", "--quick", "--only", "velocity"]
    assert main(chosen) == 0
    printed = capsys.readouterr().out
    assert "(lesson 08)" in printed
    assert " seeds)" in printed  # the spread
    assert main([*chosen, "--json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)["results"]
    assert (record["name"], record["lesson"], record["is_result"]) == ("velocity", 8, False)
    assert main([*chosen, "--markdown"]) == 0
    assert "lesson 08" in capsys.readouterr().out


@pytest.mark.parametrize("options", [["--only", "velocity"], ["--guide", "--only", "mnist"]])
def test_reproduce_refuses_rows_that_its_table_does_not_have(options, capsys):
    assert main(["reproduce", *options]) == 2
    told = capsys.readouterr().err
    table, got, remedy = told.split("; ")
    assert got == f"got {options[-1]}"
    assert ("velocity" in table) == ("--guide" in options)
    assert remedy == f"{'leave out' if '--guide' in options else 'add'} --guide for the other table\n"


def test_a_quick_run_says_what_ran_and_draws_no_conclusion(capsys, monkeypatch):
    def run(scale, report):
        return Outcome({"loss": [1.0, 2.0]}, "All is proved.", ran={"pixels": 64})

    full, quick = Scale(epochs=1000), Scale(epochs=3)
    row = Experiment("a", "A", "{pixels}-64-10, {epochs} epochs", "claimed", no_data, run, full, quick)
    monkeypatch.setattr(published, "EXPERIMENTS", [row])
    outputs = {
        "text": ["reproduce"],
        "json": ["reproduce", "--json"],
        "markdown": ["reproduce", "--markdown"],
    }
    for argv in outputs.values():
        assert main([*argv, "--quick"]) == 0
        printed = capsys.readouterr().out
        assert "64-64-10, 3 epochs" in printed
        assert "quick: not a result" in printed
        assert "proved" not in printed
        assert main(argv) == 0
        printed = capsys.readouterr().out
        assert "64-64-10, 1000 epochs" in printed
        assert "All is proved." in printed


def test_a_quick_run_of_what_takes_seconds_is_the_full_one(capsys):
    assert main(["reproduce", "--quick", "--only", "summed-gradients"]) == 0
    printed = capsys.readouterr().out
    assert "quick: not a result" not in printed
    assert "the same but for rounding" in printed


def test_the_quick_set_up_of_every_row_tells_its_own_numbers():
    for row in [*published.EXPERIMENTS, *guide.EXPERIMENTS]:
        assert row.setup == row.describe(row.full)
        if row.quick is not None:
            shown = Row(row, Outcome({"a": 1.0}, "All is proved."), "here", row.quick)
            assert "proved" not in str(shown) + markdown([shown])


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
    assert "nnlab us" in done.stdout
    assert json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_reader_who_has_seen_enough_is_no_error():
    command = [sys.executable, "-u", "-m", "nnlab", "data", "list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
