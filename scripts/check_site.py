"""Check a folder of pages: every link and anchor leads somewhere, every file is there, nothing is fetched.

python scripts/check_site.py site        also lists the links that leave the site, which are not followed
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

# A browser follows these only when the reader asks for it; whatever else names an address is loaded at once.
FOLLOWED = {("a", "href"), ("area", "href"), ("form", "action"), ("blockquote", "cite"), ("q", "cite")}
ADDRESSES = {"href", "src", "srcset", "poster", "data", "action", "cite", "xlink:href"}
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?(?!data:)([^"')\s;]+)""")
IN_SCRIPT = re.compile(r"""["']((?:https?:)?//[\w.-]+\.\w+[^"']*)["']""")


class Address(NamedTuple):
    """What a page links to or loads, and in which element."""

    tag: str
    attribute: str
    url: str

    def __str__(self) -> str:
        return f"<{self.tag} {self.attribute}={self.url[:200]!r}>"


@dataclass
class Findings:
    """What is wrong, one line each, and the links that leave the site."""

    problems: list[str] = field(default_factory=list)
    external: set[str] = field(default_factory=set)


def check_site(site: Path, fetched: Collection[str] = ()) -> Findings:
    """Check all pages of a folder and the style sheets beside them; fetched: what may come from elsewhere."""
    site = site.resolve()
    pages = {
        path: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in sorted(site.rglob("*.html"))
    }
    ids = {path: Counter(tag["id"] for tag in soup.select("[id]")) for path, soup in pages.items()}
    findings = Findings([] if pages else [f"{site} holds no page"])

    def judge_all(path: Path, found: Iterable[Address]) -> None:
        for address in found:
            problem = judge(path, address, ids, findings.external)
            if problem and address.url not in fetched:
                findings.problems.append(f"{path.name}: {address} {problem}")

    for path, soup in pages.items():
        findings.problems += [f"{path.name}: {flaw}" for flaw in flaws(soup, ids[path])]
        judge_all(path, addresses(soup))
    for path in sorted(site.rglob("*.css")):
        judge_all(path, (Address("css", "url", found) for found in IN_STYLE.findall(path.read_text("utf-8"))))
    return findings


def flaws(soup: BeautifulSoup, ids: Counter) -> Iterator[str]:
    """Yield what makes a page hard to use for some readers, apart from links."""
    if not (soup.title and soup.title.get_text(strip=True)):
        yield "has no title"
    if not (soup.html and soup.html.get("lang")):
        yield "does not name its language"
    yield from ("has an image without alt text" for _ in soup.select("img:not([alt])"))
    yield from (f"has the id {name!r} {count} times" for name, count in ids.items() if count > 1)


def addresses(soup: BeautifulSoup) -> Iterator[Address]:
    """Yield all that a page links to or loads."""
    for tag in soup.find_all(True):
        for name in tag.attrs.keys() & ADDRESSES:
            value = tag[name]
            found = [part.split()[0] for part in value.split(",")] if name == "srcset" else [value.strip()]
            yield from (Address(tag.name, name, address) for address in found)
        styles = [tag.get("style", ""), tag.get_text() if tag.name == "style" else ""]
        yield from (Address(tag.name, "style", url) for style in styles for url in IN_STYLE.findall(style))
        if tag.name == "script":
            yield from (Address("script", "text", url) for url in IN_SCRIPT.findall(tag.get_text()))


def judge(page: Path, address: Address, ids: dict[Path, Counter], external: set[str]) -> str | None:
    """Return what is wrong with an address on a page, if anything, and collect those that leave the site."""
    parts = urlsplit(address.url)
    if parts.scheme == "data":
        return None if parts.path.partition(",")[2] else "is empty"
    if parts.scheme or parts.netloc:
        external.add(address.url)
        return None if (address.tag, address.attribute) in FOLLOWED else "is fetched from elsewhere"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return "leads to no file"
    if parts.fragment and unquote(parts.fragment) not in ids.get(target, ()):
        return "leads to no id"
    return None


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("site", type=Path)
    findings = check_site(parser.parse_args().site)
    print("Links that leave the site:", *sorted(findings.external), "", sep="\n")
    print(*(findings.problems or ["No problems found."]), sep="\n")
    return int(bool(findings.problems))


if __name__ == "__main__":
    sys.exit(main())
