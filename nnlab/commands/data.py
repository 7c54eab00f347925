"""`nnlab data`: list, get or locate the data sets.

Examples:
  python -m nnlab data list
  python -m nnlab data get appointments
  python -m nnlab data where mnist
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from nnlab import datasets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the three actions and their options."""
    names = [record.name for record in datasets.available()]
    actions = parser.add_subparsers(dest="action", metavar="list|get|where", required=True)
    listing = actions.add_parser("list", help="what there is, and what would be used now")
    listing.add_argument("--json", action="store_true", help="print the list as JSON")
    get = actions.add_parser("get", help="download into the cache, with checksum and progress bar")
    get.add_argument("name", choices=names, metavar="NAME", help=" or ".join(names))
    get.add_argument("--url", help="another address for the same file (appointments)")
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
        print(json.dumps([asdict(r) for r in datasets.available()], indent=2, default=str))
    else:
        for record in datasets.available():
            print(f"{record.name:<14} {record.title} ({record.license})\n{'':<14} used now: {record.source}")
    return 0
