"""`nnlab doctor`: what it finds, and that it needs nothing but Python itself."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement as TheirRequirement

import nnlab
from nnlab.__main__ import main
from nnlab.commands import doctor
from nnlab.commands.doctor import Requirement

ROOT = Path(nnlab.__file__).parents[1]
with (ROOT / "pyproject.toml").open("rb") as file:
    PROJECT = tomllib.load(file)["project"]


def run(*arguments, lacking=(), bare=False, **environment):
    """Run nnlab in a fresh process: without some modules, or bare, without any that Python does not bring."""
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({list(lacking)!r}))\n"  # importing them raises ImportError
        "from nnlab.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, *(["-S"] if bare else []), "-c", code, *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def findings(done):
    assert done.stderr == ""
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


# ---------------------------------------------------------------------------------------- findings


def test_it_reports_packages_threads_and_data(empty_machine, capsys):
    assert main(["doctor", "--json"]) == 0
    found = {f["name"]: f for f in json.loads(capsys.readouterr().out)}
    assert {"python", "numpy", "pandas", "appointments", "mnist", "matrix library"} <= set(found)
    assert found["numpy"]["state"] == "ok"
    assert found["appointments"]["state"] == "note"
    assert "data get appointments" in found["appointments"]["remedy"]
    assert all(f["remedy"] for f in found.values() if f["state"] != "ok")


def test_a_missing_and_an_old_package_are_named(monkeypatch, capsys):
    asked = ["numpy>=999", "a-package-that-is-not-there>=1", 'torch>=2.4; extra == "torch"']
    monkeypatch.setattr(doctor.importlib.metadata, "requires", lambda name: asked)
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert ">=999 is needed" in printed
    assert f'{sys.executable} -m pip install "a-package-that-is-not-there>=1"' in printed


@pytest.mark.parametrize(
    ("name", "needed"), [("torch", "the lessons with PyTorch"), ("optuna", "notebook 10")]
)
def test_what_a_part_of_the_course_needs_is_a_note(monkeypatch, name, needed):
    def version(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", version)
    finding = doctor.package(Requirement.parse(f"{name}>=2.4"))
    assert finding.state == "note"
    assert needed in finding.remedy


def test_a_package_that_is_there_but_broken_is_a_problem(monkeypatch, tmp_path):
    (tmp_path / "damaged.py").write_text("raise OSError('a library is missing\\nand much more')")
    (tmp_path / "damaged-1.5.dist-info").mkdir()
    (tmp_path / "damaged-1.5.dist-info" / "METADATA").write_text("Name: damaged\nVersion: 1.5\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = doctor.package(Requirement("damaged", "1.2"))
    assert finding.state == "problem"
    assert finding.found == "1.5, but it cannot be imported: a library is missing"
    assert finding.remedy.endswith('-m pip install --force-reinstall "damaged>=1.2"')


@pytest.mark.parametrize(("kind", "found"), [("missing", "does not exist"), ("file", "is a file")])
def test_a_folder_of_data_that_is_none_is_a_problem_and_no_warning(
    empty_machine, monkeypatch, capsys, recwarn, kind, found
):
    wrong = empty_machine / "wrong"
    if kind == "file":
        wrong.write_text("not a folder")
    monkeypatch.setenv("NNLAB_DATA", str(wrong))
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert f"NNLAB_DATA     {wrong} {found}" in printed
    assert "set it to the folder that holds the data files, or unset it" in printed
    assert not recwarn.list
    assert main(["doctor", "--json"]) == 1


@pytest.mark.parametrize("value", ["", "folder"])
def test_a_folder_of_data_that_is_one_is_no_finding(empty_machine, monkeypatch, capsys, value):
    (empty_machine / "folder").mkdir()
    monkeypatch.setenv("NNLAB_DATA", value)
    assert main(["doctor"]) == 0
    assert "NNLAB_DATA" not in capsys.readouterr().out


def test_a_folder_in_the_place_of_a_file_is_a_problem_with_its_remedy(empty_machine, monkeypatch, capsys):
    (empty_machine / "mnist.npz").mkdir()
    monkeypatch.setenv("NNLAB_DATA", str(empty_machine))
    assert main(["doctor", "--json"]) == 1
    found = {f["name"]: f for f in json.loads(capsys.readouterr().out)}["mnist"]
    assert "expected a file, got a folder" in found["found"]
    assert found["remedy"].startswith("move the file")


# ---------------------------------------------------------------------------------------- versions


def test_every_requirement_of_the_project_is_read_as_packaging_reads_it():
    extras = PROJECT["optional-dependencies"].values()
    texts = PROJECT["dependencies"] + [text for texts in extras for text in texts]
    assert len(texts) > 20
    for text in [*texts, *doctor.requirements()]:
        ours, theirs = Requirement.parse(text), TheirRequirement(text)
        assert ours.name == theirs.name
        assert str(theirs.specifier) == (f">={ours.at_least}" if ours.at_least else "")
        marker = theirs.marker
        assert (marker is None) == (ours.extra == "")
        assert marker is None or marker.evaluate({"extra": ours.extra})


@pytest.mark.parametrize("at_least", ["2", "2.0", "2.4", "2.10.1"])
@pytest.mark.parametrize(
    "version", ["1.9", "2", "2.0", "2.0.0", "2.4", "2.4.0+cpu", "2.9.9", "2.10", "2.10.1", "3.0", "10.0"]
)
def test_versions_are_compared_as_packaging_compares_them(at_least, version):
    theirs = TheirRequirement(f"a>={at_least}").specifier.contains(version, prereleases=True)
    assert Requirement("a", at_least).allows(version) == theirs


def test_a_requirement_in_another_form_is_refused():
    with pytest.raises(ValueError, match=r"expected a requirement such as 'numpy>=2.0', got 'numpy<3'"):
        Requirement.parse("numpy<3")


def test_in_a_checkout_that_is_not_installed_the_project_file_is_asked(monkeypatch):
    def requires(name):
        raise doctor.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "requires", requires)
    read = {Requirement.parse(text) for text in doctor.requirements()}
    assert {Requirement("numpy", "2.0"), Requirement("torch", "2.4", "torch")} <= read


# ---------------------------------------------------------------------------------------- broken environments


def test_without_any_package_it_says_what_to_install():
    done = run("doctor", "--json", bare=True)
    assert done.returncode == 1
    found = findings(done)
    assert found["python"]["state"] == "ok"
    for text in PROJECT["dependencies"]:
        finding = found[Requirement.parse(text).name]
        assert (finding["state"], finding["found"]) == ("problem", "not installed")
        assert f'pip install "{text}"' in finding["remedy"]
    assert found["torch"]["state"] == "note"
    assert all(finding["remedy"] for finding in found.values() if finding["state"] != "ok")


@pytest.mark.parametrize("module", ["numpy", "pandas", "sklearn", "pooch", "tqdm", "threadpoolctl"])
def test_without_one_package_it_names_that_one(module):
    done = run("doctor", "--json", lacking=[module])
    assert done.returncode == 1
    found = findings(done)
    finding = found[{"sklearn": "scikit-learn"}.get(module, module)]
    assert finding["state"] == "problem"
    assert "cannot be imported" in finding["found"]
    assert "pip install --force-reinstall" in finding["remedy"]
    assert all(finding["remedy"] for finding in found.values() if finding["state"] != "ok")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["doctor", "--help"]])
def test_help_and_version_need_no_package(arguments):
    done = run(*arguments, bare=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nnlab" in done.stdout


def test_other_commands_point_to_it():
    done = run("data", "list", bare=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nnlab data: No module named ")
    assert done.stderr.endswith("nnlab doctor` says what to do\n")


@pytest.mark.parametrize("use", ["from nnlab import MLP", "import nnlab; nnlab.fit"])
def test_the_package_itself_says_what_it_lacks_when_it_is_used(use):
    done = subprocess.run(
        [sys.executable, "-S", "-c", use],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be used here: No module named 'numpy'; `" in done.stderr
    assert "nnlab doctor` says what to do" in done.stderr


def test_a_terminal_without_symbols_gets_words():
    done = run("doctor", bare=True, PYTHONIOENCODING="ascii")
    assert "problem numpy          not installed\n                       -> " in done.stdout
    assert "ok      python" in done.stdout
    assert "?" not in done.stdout
