"""Top-level statements of a learner's notebook: what each defines, uses and changes, and which may be run.

Here they are parsed and compiled only.
"""

from __future__ import annotations

import ast
import dis
import types
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from nnlab.exercises.grading.cells import as_python

LONGEST_CELL = 200_000  # characters
LAZY = annotations.compiler_flag  # what stands in annotations is never evaluated
GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
STORES = {"STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL"}
STAR = "*"

# Modules and builtins whose functions may be called on the way to an answer, as in `np.finfo(float).eps`.
MODULES = {"cmath", "fractions", "functools", "itertools", "math", "numpy", "operator", "torch"}
BUILTINS = {
    "abs",
    "bool",
    "complex",
    "dict",
    "enumerate",
    "float",
    "int",
    "len",
    "list",
    "max",
    "min",
    "range",
}
BUILTINS |= {"reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type", "zip"}
CHANGING = {
    "add",
    "append",
    "clear",
    "discard",
    "extend",
    "fill",
    "insert",
    "pop",
    "remove",
    "reverse",
    "sort",
}
CHANGING |= {"update", "setdefault", "shuffle"}  # methods, and those of torch that end in _
READING = {"copy", "get", "items", "keys", "values", "join", "split", "format", "astype", "reshape", "lower"}
SIMPLE = (
    *(ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice),
    *(ast.Tuple, ast.List, ast.Dict, ast.Set, ast.JoinedStr, ast.FormattedValue, ast.keyword, ast.Starred),
    *(ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp, ast.IfExp),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.comprehension),
    *(ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop),
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True)
class Statement:
    """One top-level statement: where it stands, the global names it binds, changes in place, and uses."""

    cell: int
    index: int
    source: str  # the whole cell's, so that line numbers are the learner's
    binds: frozenset[str]
    changes: frozenset[str]
    uses: frozenset[str]
    runs: bool = True  # whether it may be run
    lazy: bool = True  # whether it holds a function: names in it are looked up when that is called

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the notebook, for putting statements in order."""
        return self.cell, self.index

    @property
    def filename(self) -> str:
        """The name under which its code shows in a traceback."""
        return f"<cell {self.cell}>"

    @property
    def node(self) -> ast.stmt:
        """Its tree."""
        return parse(self.source)[1].body[self.index]

    def compile(self) -> types.CodeType:
        """Return its code, to be run as a module's."""
        return _compiled(self.node, self.filename)


def parse(source: str) -> tuple[str, ast.Module]:
    """Return a cell's Python code and its tree.

    Raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    if len(source) > LONGEST_CELL:
        raise ValueError(f"it is longer than {LONGEST_CELL:,} characters")
    source, tree = as_python(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compile(tree, "<cell>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)  # finds a `return` out of place
    return source, tree


def statement(cell: int, index: int, source: str, node: ast.stmt, runs: bool = True) -> Statement:
    """Return the statement at a place; its compiled code tells which names it binds and uses."""
    try:
        code = _compiled(node)
    except SyntaxError:  # `await` at the top
        return Statement(cell, index, source, frozenset(), frozenset(), frozenset(), False)
    binds = {step.argval for step in dis.get_instructions(code) if step.opname in STORES}
    if any(isinstance(n, ast.ImportFrom) and n.names[0].name == STAR for n in ast.walk(node)):
        binds.add(STAR)
    uses = {step.argval for c in codes(code) for step in dis.get_instructions(c) if step.opname in GLOBALS}
    lazy = any(isinstance(n, FUNCTIONS) for n in ast.walk(node))
    changes = changed(node)
    whole = replace(
        Statement(cell, index, source, frozenset(binds), frozenset(changes), frozenset(uses | changes)),
        runs=runs,
        lazy=lazy,
    )
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):  # it needs what was there
        return replace(whole, binds=frozenset(), changes=whole.binds | whole.changes)
    return whole


def _compiled(node: ast.stmt, filename: str = "<cell>") -> types.CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.Module([node], type_ignores=[])
        return compile(tree, filename, "exec", flags=LAZY, dont_inherit=True)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a code object and all that it holds."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def functions(node: ast.AST, name: str) -> list[Callable]:
    """Return the functions of a name that a statement defines, under `if` too; for looking at only."""
    found: list[Callable] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef) and inner.name == name:
            code = next(c for c in codes(_compiled(inner)) if c.co_name == name)
        elif (
            isinstance(inner, ast.Assign)
            and isinstance(inner.value, ast.Lambda)
            and any(isinstance(target, ast.Name) and target.id == name for target in inner.targets)
        ):
            code = next(c for c in codes(_compiled(inner)) if c.co_name == "<lambda>")
        else:
            continue
        found.append(types.FunctionType(code, {}, closure=tuple(types.CellType() for _ in code.co_freevars)))
    return found


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield every imported name with the top-level package that it comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                package = alias.name.partition(".")[0]
                yield alias.asname or package, package
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, (node.module or "").partition(".")[0]


# What changes


def root(node: ast.AST) -> str:
    """Return the name at the front of `name.a[0].b`, or ""."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _now(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs when a statement does: all but the bodies of functions."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, FUNCTIONS):
            yield from _now(child)


def changed(node: ast.AST) -> set[str]:
    """Return the names whose objects a statement changes in place when it runs, or when its function does."""
    if isinstance(node, FUNCTIONS):
        return set()
    found = set()
    for inner in _now(node):
        if isinstance(inner, (ast.Attribute, ast.Subscript)) and isinstance(inner.ctx, (ast.Store, ast.Del)):
            found.add(root(inner))
        elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            method = inner.func.attr
            if method in CHANGING or method.endswith("_"):
                found.add(root(inner.func))
            if method in ("shuffle", "copyto", "put", "place", "fill_diagonal"):
                found |= {root(argument) for argument in inner.args[:1]}
    return found - {""}


def changes_when_called(node: ast.AST) -> tuple[set[str], bool]:
    """Return the global names that calling a function changes, and whether it changes its arguments."""
    if not isinstance(node, FUNCTIONS[:2]):
        return set(), False
    declared = {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    arguments = {n.arg for n in ast.walk(node.args) if isinstance(n, ast.arg)}
    changes = set().union(*(changed(inner) for inner in node.body))
    return declared | (changes - stored - arguments), bool(changes & arguments)


# What may be run


def may_run(node: ast.AST, packages: Mapping[str, str], own: Collection[str] = ()) -> bool:
    """Whether a statement is a definition, an import, a simple value or change of one, or made of such.

    `own` are the functions and classes of the notebook, which may be called on the way.
    """

    def all_run(*nodes: ast.AST) -> bool:
        return all(may_run(n, packages, own) for n in nodes)

    def simple(*values: ast.AST | None) -> bool:
        return all(is_simple(value, packages, own) for value in values if value is not None)

    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global():
            return True
        case ast.Assign(targets=targets, value=value):
            return simple(*targets, value)
        case ast.AnnAssign(target=target, value=value) | ast.AugAssign(target=target, value=value):
            return simple(target, value)
        case ast.Delete(targets=targets):
            return simple(*targets)
        case ast.If(test=test, body=body, orelse=other):
            return simple(test) and all_run(*body, *other)
        case ast.For(target=target, iter=values, body=body, orelse=other):
            return simple(target, values) and all_run(*body, *other)
        case ast.With(items=items, body=body):
            return simple(*(part for i in items for part in (i.context_expr, i.optional_vars))) and all_run(
                *body
            )
        case ast.Try(body=body, handlers=handlers, orelse=other, finalbody=final):
            return all_run(*body, *(n for h in handlers for n in h.body), *other, *final)
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=ast.Call() as call):
            return simple(call) or (bool(changed(node)) and simple(*call.args, *call.keywords))
        case ast.Break() | ast.Continue():
            return True
    return False


def is_simple(value: ast.AST, packages: Mapping[str, str], own: Collection[str] = ()) -> bool:
    """Whether an expression is made of literals, names, arithmetic, lambdas, and calls that compute."""
    if isinstance(value, ast.Lambda):
        return True
    if isinstance(value, ast.Call):
        name = root(value.func)
        method = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        known = packages.get(name) in MODULES or name in own or method in CHANGING | READING
        if not known and not (name in BUILTINS and isinstance(value.func, ast.Name)):
            return False
    elif not isinstance(value, SIMPLE):
        return False
    return all(is_simple(child, packages, own) for child in ast.iter_child_nodes(value))
