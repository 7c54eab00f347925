"""The command line: `nnlab COMMAND`, or `python -m nnlab COMMAND`."""

from __future__ import annotations

import argparse
import ast
import codecs
import importlib
import io
import os
import pkgutil
import re
import sys
from pathlib import Path

import nnlab
import nnlab.commands
from nnlab._terminal import as_typed


def summaries() -> dict[str, str]:
    """Return what each command does, from the first line of its module's docstring.

    The source is read, not imported: importing a command may load PyTorch.
    """
    found = {}
    for module in pkgutil.iter_modules(nnlab.commands.__path__):
        source = Path(nnlab.commands.__path__[0], f"{module.name}.py").read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(source)) or ""
        found[module.name] = docstring.partition("\n")[0].partition(": ")[2].rstrip(".")
    return found


# What a terminal without these symbols gets in their place; without any, a question mark.
PLAIN = {
    "✓": "ok",
    "✗": "x",
    "·": "-",
    "○": "o",
    "→": "->",
    "×": "x",
    "µ": "u",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "…": "...",
}
PLAIN |= {"█": "#", "░": ".", "–": "-", "−": "-"}


def _plain(error: UnicodeError) -> tuple[str, int]:
    """Spell out what an encoding does not have, so that output loses a symbol rather than failing."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end


def main(argv: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 for success, 1 for a problem, 2 for wrong usage."""
    argv = sys.argv[1:] if argv is None else argv
    codecs.register_error("nnlab.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="nnlab.plain")
    try:
        arguments = _parse(argv)  # imports the command, which may take seconds
        return arguments.run(arguments)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, ValueError) as error:
        print(f"nnlab {argv[0]}: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"nnlab {argv[0]}: {error}; `{as_typed('doctor')}` says what to do", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"nnlab {argv[0]}: not enough memory ({error}); ask for less", file=sys.stderr)
        return 1


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="nnlab",
        description="Neural networks from the first neuron: the course's command line.",
        epilog=f"example: {as_typed('doctor')}",
    )
    parser.add_argument("--version", action="version", version=f"nnlab {nnlab.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in summaries().items():
        wanted = name in argv[:1]
        module = importlib.import_module(f"nnlab.commands.{name}") if wanted else None
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=_examples(module.__doc__) if module else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if module:
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser.parse_args(argv)


def _examples(docstring: str | None) -> str:
    """Return the examples at the end of a command's docstring, as they are typed here, for its --help."""
    _, heading, examples = (docstring or "").partition("Examples:")
    return heading + re.sub(
        r"^(  (?:\w+=\S+ )?)nnlab ", lambda line: line[1] + as_typed(""), examples, flags=re.M
    )


if __name__ == "__main__":
    sys.exit(main())
