"""A notebook cell as plain Python: what IPython adds to the language is taken out, without running any of it.

IPython's own transformer does it, where IPython is installed. The one here knows the same forms: lines
that begin with `%`, `!` or `?`, or end in `?`; `x = !command` and `x = %magic`; prompts; a cell that is
indented as a whole.
"""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

PYTHON = {"time", "timeit", "capture", "prun", "debug"}  # the cell magics whose body is Python
SHELL = "get_ipython"  # the function that IPython's transformer calls


def as_python(source: str) -> tuple[str, ast.Module]:
    """Return a cell's Python code, with as many lines as far as may be, and its tree.

    What is valid Python stays as it is. Raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stray backslash is no reason to speak up
        try:
            return source, ast.parse(source)
        except SyntaxError:
            plain = without_magic(source)
            if plain == source:
                raise
            return plain, _without_shell(ast.parse(plain))


def without_magic(source: str) -> str:
    """Return the cell without IPython's additions; a cell in another language becomes empty."""
    body = _body(source)
    transformer = _ipythons()
    return transformer.transform_cell(body) if transformer is not None else transformed(body)


def _body(source: str) -> str:
    """Return what is Python in a cell that may begin with a cell magic."""
    lines = source.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    magic = re.match(r"[ \t]*%%(\w*)", lines[first]) if lines else None
    if magic is None:
        return source
    body = _body("".join(lines[first + 1 :])) if magic[1] in PYTHON else ""  # magics may be stacked
    return "\n" * (first + 1) + body


@cache
def _ipythons() -> Any:
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        return None
    return TransformerManager()


class _Quiet(ast.NodeTransformer):
    """Lets statements that only call IPython do nothing."""

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        calls = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == SHELL]
        return ast.copy_location(ast.Pass(), node) if calls else node


def _without_shell(tree: ast.Module) -> ast.Module:
    return _Quiet().visit(tree)


# Without IPython

PROMPT = re.compile(r"^(>>>|\.\.\.|In \[\d+\]:|[ \t]*\.\.\.:)( |$)")
ASSIGNED = re.compile(r"^(\s*[\w.,\[\]() \t]+=\s*)([!%][^=].*)$", re.DOTALL)
TOKENS = re.compile(
    r"""(?P<text>(?:'''|\"\"\"))|(?P<quote>['"])|(?P<comment>\#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])"""
    r"""|(?P<joined>\\\n)|(?P<line>\n)|(?P<other>\\.|.)""",
    re.DOTALL,
)


def transformed(source: str) -> str:
    """Return the cell with its prompts and magics replaced, line by logical line."""
    lines = textwrap.dedent(source).splitlines(keepends=True)
    if lines and PROMPT.match(next((line for line in lines if line.strip()), "")):
        lines = [PROMPT.sub("", line) for line in lines]
    return "".join(map(_plain, _logical_lines("".join(lines))))


def _plain(line: str) -> str:
    """Return a logical line, or as many lines that do nothing where it is IPython's."""
    stripped = line.strip()
    code = _without_comment(stripped)
    indent = line[: len(line) - len(line.lstrip())]
    rest = "\n" * line.count("\n")
    if stripped.startswith(("%", "!", "?")) or code.endswith("?"):
        return f"{indent}pass{rest}"
    match = ASSIGNED.match(line)
    if match:
        return f"{match[1]}{SHELL}(){rest}"
    return line


def _without_comment(line: str) -> str:
    return "".join(piece for kind, piece in _pieces(line) if kind != "comment").rstrip()


def _pieces(source: str) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of every piece: strings whole, then brackets, line ends, and the rest."""
    place = 0
    while place < len(source):
        match = TOKENS.match(source, place)
        if match is None:
            return
        kind, start = match.lastgroup or "other", place
        place = match.end()
        if kind in ("text", "quote"):
            end = match[0]
            while place < len(source) and not source.startswith(end, place):
                if kind == "quote" and source[place] == "\n":
                    break  # it was no string: an apostrophe in a shell command
                place += 2 if source[place] == "\\" else 1
            place += len(end) if source.startswith(end, place) else 0
            kind = "string"
        yield kind, source[start:place]


def _logical_lines(source: str) -> Iterator[str]:
    """Yield the lines that belong together, through brackets, long strings and backslashes."""
    whole, depth = "", 0
    for kind, piece in _pieces(source):
        foreign = whole.lstrip().startswith(("%", "!"))
        depth += 0 if foreign else {"open": 1, "close": -1}.get(kind, 0)
        whole += piece
        if kind == "line" and depth <= 0:
            yield whole
            whole, depth = "", 0
    if whole:
        yield whole
