"""`nnlab data`: list, get or locate the data sets.

Examples:
  nnlab data list
  nnlab data get appointments
  nnlab data where mnist
"""

from __future__ import annotations

import argparse
import json
import sys

from nnlab import datasets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the three actions and their options."""
    known = datasets.available()
    names = [dataset.name for dataset in known]
    addressed = [dataset.name for dataset in known if dataset.url]
    actions = parser.add_subparsers(dest="action", metavar="list|get|where", required=True)
    listing = actions.add_parser("list", help="what there is, and what is used now")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    get = actions.add_parser("get", help="download into the cache, with checksum and progress bar")
    get.add_argument("name", choices=names, metavar="NAME", help=" or ".join(names))
    get.add_argument("--url", help=f"another address of the same file ({', '.join(addressed)})")
    where = actions.add_parser("where", help="print the file that is used now")
    where.add_argument("name", choices=names, metavar="NAME", help=" or ".join(names))


def run(arguments: argparse.Namespace) -> int:
    """Carry out one action; `where` returns 1 when only the embedded default is there."""
    if arguments.action == "get":
        print(datasets.get(arguments.name, url=arguments.url))
    elif arguments.action == "where":
        path = datasets.where(arguments.name)
        if path is None:
            print(f"no file of {arguments.name} was found; the embedded default is used", file=sys.stderr)
            return 1
        print(path)
    elif arguments.json:
        print(json.dumps([dataset.facts() for dataset in datasets.available()], indent=2, default=str))
    else:
        for dataset in datasets.available():
            print(
                f"{dataset.name:<14} {dataset.title} ({dataset.license})\n{'':<14} used now: {dataset.source}"
            )
    return 0
