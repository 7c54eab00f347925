"""The calls of `check` in a notebook, and what each of them checks, as far as the text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

PACKAGE = "nnlab.exercises"


@dataclass(frozen=True)
class Check:
    """One function that is checked, by name or as an expression; `exercise` is "" where it is not named."""

    cell: int
    index: int  # of the statement in its cell
    exercise: str
    text: str
    expression: bool

    @property
    def name(self) -> str:
        """The name that `check` would see; "" where the text does not tell it."""
        match ast.parse(self.text, mode="eval").body:
            case ast.Name(name) | ast.Attribute(attr=name) | ast.Call(args=[ast.Name(name), *_]):
                return name  # softmax, layer.softmax, partial(softmax)
        return ""


def checks(cell: int, tree: ast.Module) -> Iterator[Check]:
    """Yield every check of a cell; those with `record=False`, which are not to be counted, are left out."""
    aliases = {"check"} | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE)
        for alias in node.names
        if alias.name == "check"
    }
    for index, statement in enumerate(tree.body):
        loops = list(_loops(statement))
        for node in ast.walk(statement):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in aliases:
                calls = [node]
            elif called == "map" and len(node.args) == 2 and getattr(node.args[0], "id", "") in aliases:
                calls = [_call(value) for value in _items(node.args[1])]
            else:
                continue
            for call in calls:
                for exercise, function in _asked(call, loops):
                    named = isinstance(function, ast.Name)
                    yield Check(cell, index, exercise, ast.unparse(function), not named)


def _call(value: ast.expr) -> ast.Call:
    return ast.Call(ast.Name("check", ast.Load()), [value], [])


Loop = tuple[ast.expr, ast.expr]  # its target, and what it runs over


def _loops(statement: ast.stmt) -> Iterator[Loop]:
    for node in ast.walk(statement):
        if isinstance(node, (ast.For, ast.comprehension)):
            yield node.target, node.iter


def _asked(call: ast.Call, loops: list[Loop]) -> Iterator[tuple[str, ast.expr]]:
    """Yield exercise, or "", and function of a call, once for every turn of a loop around it."""
    keywords = {k.arg: k.value for k in call.keywords if k.arg}
    record = keywords.get("record")
    if isinstance(record, ast.Constant) and not record.value:
        return
    given = [*call.args]
    if not given and "function" in keywords:
        given.append(keywords["function"])
    if len(given) == 1 and "answer" in keywords:
        given.append(keywords["answer"])
    if not 1 <= len(given) <= 2:
        return
    for filled in _turns(given, loops):
        exercise, function = ("", filled[0]) if len(filled) == 1 else filled
        if isinstance(exercise, ast.Constant) and isinstance(exercise.value, str):
            yield exercise.value, function
        elif exercise != "" or not isinstance(function, ast.Constant):
            yield "", function


def _turns(given: list[ast.expr], loops: list[Loop]) -> Iterator[list[ast.expr]]:
    """Yield the arguments with the names that a loop sets filled in."""
    used = {node.id for value in given for node in ast.walk(value) if isinstance(node, ast.Name)}
    for target, values in loops:
        names = [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]
        if not used & set(names):
            continue
        items = _items(values)
        for item in items:
            parts = (
                item.elts
                if isinstance(target, (ast.Tuple, ast.List)) and isinstance(item, ast.Tuple)
                else [item]
            )
            if len(parts) == len(names):
                filled = dict(zip(names, parts, strict=True))
                yield [filled.get(getattr(value, "id", ""), value) for value in given]
        if items:
            return
    yield given


def _items(values: ast.expr) -> list[ast.expr]:
    """Return what is written out to be run over: `(a, b)`, `{"a": f}.items()`, `zip((…), (…))`."""
    match values:
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return items
        case ast.Call(func=ast.Attribute(value=ast.Dict(keys=keys, values=held), attr="items")):
            return [ast.Tuple([k, v], ast.Load()) for k, v in zip(keys, held, strict=True) if k is not None]
        case ast.Call(func=ast.Attribute(value=ast.Dict(values=held), attr="values")):
            return held
        case ast.Call(func=ast.Name("zip"), args=[one, other]):
            pairs = zip(_items(one), _items(other), strict=False)
            return [ast.Tuple([a, b], ast.Load()) for a, b in pairs]
        case ast.Call(func=ast.Name("enumerate"), args=[one, *_]):
            return [ast.Tuple([ast.Constant(i), v], ast.Load()) for i, v in enumerate(_items(one))]
    return []
