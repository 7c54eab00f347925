"""Render the notebooks to a folder of linked pages that need neither a kernel nor a network, and check it.

python scripts/build_site.py             writes site/; open site/index.html
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import nbformat
from bs4 import BeautifulSoup
from check_site import check_site
from nbconvert import HTMLExporter

from notebooks import HEADER, ROOT, repository

NOTEBOOKS = ROOT / "notebooks"
TEMPLATES = Path(__file__).with_name("templates")
MATHJAX = "3.2.2"  # an npm package; one of its files is enough, since it draws letters without fonts


def fetch_mathjax(site: Path) -> str | None:
    """Put MathJax into the site with npm, unless it is there; return its address, or None if that fails."""
    folder = site / f"mathjax-{MATHJAX}"
    files = {"package/es5/tex-svg-full.js": folder / "tex-svg-full.js", "package/LICENSE": folder / "LICENSE"}
    if not all(file.exists() for file in files.values()):
        npm = shutil.which("npm")
        if npm is None:
            print("npm was not found: install Node.js, which it comes with.", file=sys.stderr)
            return None
        with tempfile.TemporaryDirectory() as download:
            pack = [
                npm,
                "pack",
                f"mathjax@{MATHJAX}",
                "--prefer-offline",
                "--fetch-retries=1",
                "--loglevel=error",
            ]
            done = subprocess.run(pack, cwd=download, capture_output=True, text=True)
            if done.returncode:
                print(f"npm could not fetch mathjax@{MATHJAX}:\n{done.stderr.strip()}", file=sys.stderr)
                return None
            folder.mkdir(exist_ok=True)
            with tarfile.open(next(Path(download).glob("*.tgz"))) as package:
                for member, file in files.items():
                    file.write_bytes(package.extractfile(member).read())
    return f"{folder.name}/tex-svg-full.js"


def is_set_up(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell is the one that installs nnlab on Colab and Kaggle."""
    return cell.cell_type == "code" and HEADER in cell.metadata.get("tags", [])


class Lesson:
    """A notebook, with what the index says about it."""

    def __init__(self, path: Path):
        self.name, self.page = path.name, f"{path.stem}.html"
        self.notebook = nbformat.read(path, as_version=4)
        # A page installs nothing.
        self.notebook.cells = [cell for cell in self.notebook.cells if not is_set_up(cell)]
        text = [cell.source for cell in self.notebook.cells if cell.cell_type == "markdown"]
        opening = next(source for source in text if source.startswith("# "))
        self.title = re.match(r"# (.+)", opening)[1]
        self.goal = re.search(r"^\*\*Goal.+?(?=\n\n|\Z)", opening, re.DOTALL | re.MULTILINE)[0]
        self.time = re.search(r"^\*\*Time.+?(?=\s\*\*|\n|\Z)", opening, re.DOTALL | re.MULTILINE)[0]

    def entry(self) -> str:
        """Return the lesson's place in the index, as Markdown."""
        return f"## [{self.title}]({self.name})\n\n{self.goal}\n\n{self.time}"


def index(lessons: list[Lesson]) -> nbformat.NotebookNode:
    """Return the first page as a notebook, so that it is rendered like the others."""
    heading, about = (ROOT / "README.md").read_text("utf-8").split("\n\n")[:2]
    note = "These pages are for reading. To run the code, move the sliders and do the exercises, get the"
    text = "\n\n".join(
        [heading, about, f"{note} [notebooks]({repository()}).", *(lesson.entry() for lesson in lessons)]
    )
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])


def render(notebook: nbformat.NotebookNode, title: str, around: dict | None, mathjax: str | None) -> str:
    """Return a notebook as a page; around: the lessons before and after it."""
    exporter = HTMLExporter(template_file=str(TEMPLATES / "page.html.j2"))
    notebook.metadata["title"] = title
    resources = {"metadata": {"path": str(NOTEBOOKS)}, "around": around, "mathjax": mathjax}
    page, _ = exporter.from_notebook_node(notebook, resources)
    soup = BeautifulSoup(page, "html.parser")
    for link in soup.select("a[href]"):
        link["href"] = address(link["href"])
    tidy_ids(soup)
    return str(soup)


def address(target: str) -> str:
    """Turn a notebook's link into its page's: to another page, or to a file of the repository."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return target
    file = (NOTEBOOKS / parts.path).resolve()
    if file.suffix == ".ipynb" and file.parent == NOTEBOOKS:
        return parts._replace(path=f"{file.stem}.html").geturl()
    if file.is_relative_to(ROOT) and file.exists():
        kind = "tree" if file.is_dir() else "blob"
        return (
            f"{repository()}/{kind}/main/" + parts._replace(path=file.relative_to(ROOT).as_posix()).geturl()
        )
    return target  # left as it is, for the check to find


def tidy_ids(soup: BeautifulSoup) -> None:
    """Make the headings' ids readable and unique: a page's second "Try it" gets Try-it-2, and so on."""
    seen: Counter = Counter()
    for element in soup.select("[id]"):
        name = unquote(element["id"])
        seen[name] += 1
        element["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"
        for link in element.select("a.anchor-link"):
            link["href"] = f"#{quote(element['id'])}"


def build(site: Path) -> set[str]:
    """Write all pages, replacing older ones; return the addresses that they fetch: none if all is well."""
    site.mkdir(parents=True, exist_ok=True)
    for old in site.glob("*.html"):
        old.unlink()
    shutil.copy(TEMPLATES / "site.css", site)
    mathjax = fetch_mathjax(site)
    lessons = [Lesson(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    (site / "index.html").write_text(render(index(lessons), "nnlab", None, mathjax), "utf-8")
    for before, lesson, after in zip([None, *lessons], lessons, [*lessons[1:], None], strict=False):
        around = {"previous": before, "next": after}
        page = render(lesson.notebook, f"{lesson.title} · nnlab", around, mathjax)
        (site / lesson.page).write_text(page, "utf-8")
    return set() if mathjax else {HTMLExporter().mathjax_url}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder (default: site)")
    site = parser.parse_args().to
    fetched = build(site)
    problems = check_site(site, fetched).problems
    print(*problems, f"{len(list(site.glob('*.html')))} pages: open {site / 'index.html'}", sep="\n")
    if fetched:
        print("Offline, they show their mathematics as TeX; see above for how to change that.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
