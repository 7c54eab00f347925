"""Top-level statements of a learner's notebook: what each defines and uses, and which of them may be run.

Here they are parsed and compiled only. IPython's own lines (`%matplotlib`, `!pip`, `array?`) count as empty.
"""

from __future__ import annotations

import ast
import dis
import re
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

LONGEST_CELL = 200_000  # characters
LAZY = annotations.compiler_flag  # what stands in annotations is never evaluated
GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
STORES = {"STORE_NAME", "STORE_GLOBAL"}
STAR = "*"

# Modules and builtins whose functions a constant may call, as in `np.finfo(float).eps` and `float("inf")`.
MODULES = {"cmath", "fractions", "functools", "itertools", "math", "numpy", "operator", "torch"}
BUILTINS = {"abs", "bool", "complex", "dict", "float", "int", "len", "list", "max", "min", "range", "round"}
BUILTINS |= {"set", "sorted", "str", "sum", "tuple"}
SIMPLE = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice),
    *(ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.FormattedValue, ast.keyword, ast.Starred),
    *(ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp, ast.IfExp),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop),
)


@dataclass(frozen=True)
class Statement:
    """One top-level statement: where it stands, the names it defines, and the global names it uses."""

    cell: int
    index: int
    source: str  # the whole cell's, so that line numbers are the learner's
    binds: frozenset[str]
    uses: frozenset[str]

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the notebook, for putting statements in order."""
        return self.cell, self.index

    @property
    def filename(self) -> str:
        """The name under which its code shows in a traceback."""
        return f"<cell {self.cell}>"

    def compile(self) -> types.CodeType:
        """Return its code, to be run as a module's."""
        return _compiled(parse(self.source)[1].body[self.index], self.filename)

    def function(self) -> Callable:
        """Return the function that it defines without running it: good for looking at, not for calling."""
        return _bare(parse(self.source)[1].body[self.index], self.filename)


def parse(source: str) -> tuple[str, ast.Module]:
    """Return a cell's Python code and its tree.

    Raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    if len(source) > LONGEST_CELL:
        raise ValueError(f"it is longer than {LONGEST_CELL:,} characters")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stray backslash is no reason to speak up
        try:
            tree = ast.parse(source)
        except SyntaxError:
            plain = re.sub(r"^[ \t]*[%!?].*$|^.*\?[ \t]*$", "", source, flags=re.MULTILINE)
            if plain == source:
                raise
            source, tree = plain, ast.parse(plain)
        compile(tree, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # finds a `return` out of place
    return source, tree


def statement(cell: int, index: int, source: str, node: ast.stmt) -> Statement:
    """Return the statement at a place; its compiled code tells which names it binds and uses."""
    code = _compiled(node)
    binds = {step.argval for step in dis.get_instructions(code) if step.opname in STORES}
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == STAR for n in ast.walk(node)):
        binds.add(STAR)
    uses = {step.argval for c in _codes(code) for step in dis.get_instructions(c) if step.opname in GLOBALS}
    return Statement(cell, index, source, frozenset(binds), frozenset(uses))


def _compiled(node: ast.stmt, filename: str = "<cell>") -> types.CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.Module([node], type_ignores=[])
        return compile(tree, filename, "exec", flags=LAZY, dont_inherit=True)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _bare(node: ast.stmt, filename: str = "<cell>") -> Callable:
    name = getattr(node, "name", "<lambda>")
    return types.FunctionType(next(c for c in _codes(_compiled(node, filename)) if c.co_name == name), {})


def functions(node: ast.stmt) -> dict[str, Callable]:
    """Return the functions that a statement defines, by `def` or as a lambda; good for looking at only."""
    if isinstance(node, ast.FunctionDef):
        return {node.name: _bare(node)}
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        return {target.id: _bare(node) for target in node.targets if isinstance(target, ast.Name)}
    return {}


def imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield every imported name with the top-level package that it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.partition(".")[0]
                yield alias.asname or package, package
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, (node.module or "").partition(".")[0]


def may_run(node: ast.AST, packages: Mapping[str, str]) -> bool:
    """Whether a statement is a definition, an import, a simple constant, or a choice between such."""
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Assign(targets=targets, value=value):
            return all(map(_is_name, targets)) and _is_simple(value, packages)
        case ast.AnnAssign(target=ast.Name(), value=ast.expr() as value):
            return _is_simple(value, packages)
        case ast.If(test=test, body=body, orelse=other):
            return _is_simple(test, packages) and all(may_run(n, packages) for n in (*body, *other))
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
            inner = (*body, *(n for h in handlers for n in h.body), *other, *final)
            return all(may_run(n, packages) for n in inner)
    return False


def _is_name(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(_is_name, target.elts))
    return isinstance(target, ast.Name)


def _is_simple(value: ast.AST, packages: Mapping[str, str]) -> bool:
    """Whether an expression is made of literals, names, arithmetic, lambdas, and calls that compute."""
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Call):
        root: ast.AST = value.func
        while isinstance(root, ast.Attribute):
            root = root.value
        name = root.id if isinstance(root, ast.Name) else ""
        if packages.get(name) not in MODULES and not (name in BUILTINS and root is value.func):
            return False
    elif not isinstance(value, SIMPLE):
        return False
    return all(_is_simple(child, packages) for child in ast.iter_child_nodes(value))
