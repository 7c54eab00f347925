"""The catalogue is a folder of pages: each holds one exercise, and nothing is imported to list them."""

import subprocess
import sys

import pytest

from nnlab.exercises import references
from nnlab.exercises.checking import registry

PAGE = """
@exercise(notebook={notebook}, order={order}, returns="Z")
def {name}(X, W):
    return X @ W
"""


@pytest.fixture
def catalogue(tmp_path, monkeypatch):
    """An empty catalogue, in which files make the pages."""
    monkeypatch.setattr(registry, "CATALOGUE", tmp_path)
    registry.contents.cache_clear()
    yield tmp_path
    registry.contents.cache_clear()


def page(name, notebook=2, order=1):
    return PAGE.format(name=name, notebook=notebook, order=order)


def test_exercises_come_in_the_order_of_the_course(catalogue):
    for name, notebook, order in (("a", 10, 1), ("b", 2, 2), ("c", 2, 1)):
        (catalogue / f"{name}.py").write_text(page(name, notebook, order))
    (catalogue / "shared").mkdir()
    (catalogue / "shared" / "__init__.py").write_text("")
    assert list(registry.contents()) == ["c", "b", "a"]
    assert registry.contents()["b"] == registry.Page("b", 2, 2, ("X", "W"))


@pytest.mark.parametrize(
    ("source", "got"),
    [
        (page("softmax"), "got softmax;"),  # a copy of a page, which would take the other's place
        (page("mine") + page("mine"), "got mine, mine;"),
        (page("mine") + page("other"), "got mine, other;"),
        ("def mine(X):\n    return X\n", "got none;"),
    ],
)
def test_a_page_holds_the_one_exercise_that_it_is_named_after(catalogue, source, got):
    (catalogue / "softmax.py").write_text(page("softmax"))
    (catalogue / "mine.py").write_text(source)
    with pytest.raises(ValueError, match=f"catalogue/mine.py expected one exercise, mine, {got}"):
        registry.contents()


@pytest.mark.parametrize("order", ["None", "N", "'1'", "1.5"])
def test_a_page_states_its_place_as_a_number(catalogue, order):
    (catalogue / "mine.py").write_text(page("mine", order=order))
    with pytest.raises(ValueError, match=r"catalogue/mine.py expected .* as in order=3"):
        registry.contents()


def test_what_a_page_states_is_what_its_exercise_has():
    for exercise in registry.available():
        stated = registry.Page(exercise.name, exercise.notebook, exercise.order, exercise.parameters)
        assert registry.contents()[exercise.name] == stated


def test_references_can_be_imported_by_name():
    assert references.softmax is registry.find("softmax").reference
    assert dir(references) == sorted(registry.contents())
    with pytest.raises(AttributeError, match="has no function 'soft_max'"):
        references.soft_max  # noqa: B018


def test_torch_and_the_pages_load_only_when_they_are_needed():
    code = """
import sys
from nnlab.exercises import check
from nnlab.exercises.checking import registry
registry.contents()
assert not [name for name in sys.modules if name.startswith("nnlab.exercises.catalogue.")]
from nnlab.exercises.references import softmax
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
