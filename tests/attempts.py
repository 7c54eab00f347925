"""The corpus of attempts: `tests/exercises/corpus/<exercise>.py` holds answers as learners write them.

A function whose name begins with `right` has to pass. Any other says what a teacher would tell its author:

    @wrong("loss-summed")                    # this slug
    @wrong("loss-summed", "wrong-divisor")   # either will do
    @wrong("loss-summed + log-of-zero")      # both
    @wrong()                                 # rejected is enough: there is no name for it
"""

import importlib.util
from pathlib import Path

CORPUS = Path(__file__).parent / "exercises" / "corpus"


def wrong(*acceptable):
    def add(function):
        function.acceptable = acceptable
        return function

    return add


def attempts(name):
    """Return the functions of one page of the corpus, in the order they stand there."""
    spec = importlib.util.spec_from_file_location(f"corpus_{name}", CORPUS / f"{name}.py")
    page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(page)
    own = [f for f in vars(page).values() if getattr(f, "__module__", "") == page.__name__]
    return [f for f in own if f.__name__.startswith("right") or hasattr(f, "acceptable")]


def is_named(function, slugs):
    """Whether all of these are mistakes that a teacher would tell, and one reading is complete."""
    allowed = {slug for text in function.acceptable for slug in text.split(" + ")}
    return (
        bool(slugs)
        and set(slugs) <= allowed
        and any(set(t.split(" + ")) <= set(slugs) for t in function.acceptable)
    )
