"""What in an answer looks past its arguments: told to the teacher, who may want to read that answer."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from nnlab.exercises.grading.submissions import Answer

# what a lesson imports from nnlab.exercises
OPEN = {"check", "hint", "progress", "working", "references", "Result"}
MODULES = {
    "ctypes",
    "dis",
    "gc",
    "importlib",
    "inspect",
    "linecache",
    "multiprocessing",
    "pickle",
    "pkgutil",
    "runpy",
}
MODULES |= {"signal", "socket", "subprocess", "traceback", "tracemalloc", "unittest"}
NAMES = {"__import__", "compile", "eval", "exec", "open", "solution", "vars"}
ATTRIBUTES = {"_current_frames", "_exit", "_getframe", "addaudithook", "currentframe", "f_back", "f_globals"}
ATTRIBUTES |= {
    "f_locals",
    "fork",
    "forkpty",
    "gi_frame",
    "kill",
    "meta_path",
    "modules",
    "popen",
    "setprofile",
}
ATTRIBUTES |= {"setsid", "settrace", "spawnv", "stack", "system", "tb_frame"}
UNDERSCORED = {"__class__", "__doc__", "__init__", "__main__", "__name__", "__call__"}  # in every class


def suspicious(answer: Answer) -> tuple[str, ...]:
    """Return, in words, what an answer and the statements it needs use that an exercise has no need of."""
    sources = [ast.unparse(piece.node) for piece in answer.needed] + [text for _, text in answer.modules]
    found: dict[str, None] = {}
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            found.update(dict.fromkeys(_words(node, answer)))
    return tuple(found)


def _words(node: ast.AST, answer: Answer) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                if alias.name.startswith("nnlab.exercises") or alias.name.partition(".")[0] in MODULES:
                    yield f"imports {alias.name}"
        case ast.ImportFrom(module=str(module), names=names):
            for alias in names:
                yield from _imports(module, alias.name, answer.exercise)
        case ast.Name(id=name, ctx=ast.Load()) if name in NAMES:
            yield f"uses {name}"
        case ast.Attribute(attr=name) if name in ATTRIBUTES or _hidden(name):
            yield f"uses .{name}"
        case ast.Attribute(attr=name) if name == answer.exercise and _is_references(node.value):
            yield f"uses the reference of {name}"
        case ast.Constant(value=str(text)) if "nnlab.exercises" in text or "exercises/catalogue" in text:
            yield f"names {text[:40]!r}"
        case ast.Constant(value=str(text)) if text.startswith("__") and _hidden(text):
            yield f"names {text[:40]!r}"


def _is_references(node: ast.AST) -> bool:
    return getattr(node, "id", getattr(node, "attr", "")) == "references"


def _imports(module: str, name: str, exercise: str) -> Iterator[str]:
    if module.partition(".")[0] in MODULES:
        yield f"imports {module}"
    elif module == "nnlab.exercises.references":
        if name in (exercise, "*"):
            yield f"imports the reference of {exercise}"
    elif module.startswith("nnlab.exercises") and not (module == "nnlab.exercises" and name in OPEN):
        yield f"imports {module}.{name}"


def _hidden(name: str) -> bool:
    return name.startswith("__") and name.endswith("__") and len(name) > 4 and name not in UNDERSCORED
