"""Render the notebooks to a folder of linked pages that need neither a kernel nor a network, and check it.

python scripts/build_site.py             writes site/; open site/index.html

Sphinx makes the pages, with contents, search, copy buttons and a dark mode from its theme; what is ours
here is what goes in: the notebooks without their set-up, and an index.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from check_site import check_site
from live_pages import write_live
from sphinx.cmd.build import main as sphinx

from notebooks import HEADER, ROOT, repository

NOTEBOOKS = ROOT / "notebooks"
LOOKS = Path(__file__).with_name("site")
MATHJAX = "3.2.2"  # an npm package; one of its files is enough, since it draws letters without fonts
REMOTE = f"https://cdn.jsdelivr.net/npm/mathjax@{MATHJAX}/es5/tex-svg-full.js"
FIGURE = "Figure; the text after it says what to see."


def fetch_mathjax(site: Path) -> Path | None:
    """Return a folder with MathJax's script, that of an earlier site or else npm's; None if there is none."""
    folder = site / "_static" / f"mathjax-{MATHJAX}"
    if (folder / "tex-svg-full.js").exists() and (folder / "LICENSE").exists():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        print("npm was not found: install Node.js, which it comes with.", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as download:
        options = ["--prefer-offline", "--fetch-retries=1", "--loglevel=error"]
        pack = [npm, "pack", f"mathjax@{MATHJAX}", *options]
        done = subprocess.run(pack, cwd=download, capture_output=True, text=True)
        if done.returncode:
            print(f"npm could not fetch mathjax@{MATHJAX}:\n{done.stderr.strip()}", file=sys.stderr)
            return None
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(next(Path(download).glob("*.tgz"))) as package:
            for member in ("package/es5/tex-svg-full.js", "package/LICENSE"):
                (folder / Path(member).name).write_bytes(package.extractfile(member).read())
    return folder


class Lesson:
    """A notebook as the pages show it, with what the index says about it."""

    def __init__(self, path: Path):
        self.name = path.stem
        self.notebook = nbformat.read(path, as_version=4)
        self.notebook.cells = [cell for cell in self.notebook.cells if not is_set_up(cell)]
        opening = self.notebook.cells[0].source
        self.title = re.match(r"# (.+)", opening)[1]
        self.goal = re.search(r"^\*\*Goal.+?(?=\n\n|\Z)", opening, re.DOTALL | re.MULTILINE)[0]
        self.time = re.search(r"^\*\*Time.+?(?=\s\*\*|\n|\Z)", opening, re.DOTALL | re.MULTILINE)[0]
        for cell in self.notebook.cells:
            prepare(cell)

    def entry(self) -> str:
        """Return the lesson's place in the index, as Markdown."""
        return f"## [{self.title}]({self.name}.ipynb)\n\n{self.goal}\n\n{self.time}"


def is_set_up(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell is the one that installs nnlab on Colab and Kaggle."""
    return cell.cell_type == "code" and HEADER in cell.metadata.get("tags", [])


def prepare(cell: nbformat.NotebookNode) -> None:
    """Turn a notebook's cell into a page's: its links, its figures' alternative texts, no idle cards."""
    if cell.cell_type == "markdown":
        cell.source = re.sub(r"\]\(([^)\s]+)\)", lambda link: f"]({address(link[1])})", cell.source)
        return
    cell.outputs = [o for o in cell.get("outputs", []) if not plain(o).startswith("○ Not attempted")]
    for output in cell.outputs:  # a card may link to a lesson, as that of progress does
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = re.sub(r"(href='\w+)\.ipynb", r"\1.html", output.data["text/html"])
    if texts := [plain(o) for o in cell.outputs if "image/png" in o.get("data", {})]:
        alt = texts[0] if texts[0] and not texts[0].startswith("<Figure") else FIGURE
        cell.metadata["mystnb"] = {"image": {"alt": alt}}


def plain(output: nbformat.NotebookNode) -> str:
    """Return an output's plain text, if it has any."""
    return output.get("data", {}).get("text/plain", "")


def address(target: str) -> str:
    """Turn a notebook's link to a file of the repository into that file's address there."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return target
    file = (NOTEBOOKS / parts.path).resolve()
    if file.is_relative_to(ROOT) and file.exists() and file.parent != NOTEBOOKS:
        kind = "tree" if file.is_dir() else "blob"
        path = file.relative_to(ROOT).as_posix()
        return f"{repository()}/{kind}/main/{parts._replace(path=path).geturl()}"
    return target  # another lesson, or left as it is for the check to find


def index(lessons: list[Lesson]) -> str:
    """Return the first page, as Markdown."""
    heading, about, picture = (ROOT / "README.md").read_text("utf-8").split("\n\n")[:3]
    note = (
        "[Draw a digit](draw.md), and a network says what it sees. [Train a network](train.md), and watch "
        "its units. The other pages are for reading, with quizzes that mark themselves; to run the code, "
        f"get the [notebooks]({repository()}). Every symbol stands in the [table of "
        "notation](00_start_here.ipynb), every word of the trade in the [vocabulary](01_theory.ipynb)."
    )
    names = ["draw", "train", *(lesson.name for lesson in lessons)]
    contents = "\n".join(["```{toctree}", ":hidden:", "", *names, "```"])
    entries = [lesson.entry() for lesson in lessons]
    return "\n\n".join([heading, about, picture.replace("docs/", ""), note, *entries, contents])


def build(site: Path) -> set[str]:
    """Write all pages, replacing older ones; return the addresses that they fetch: none if all is well.

    Raises: RuntimeError with Sphinx's complaints, for instance about a link to no page.
    """
    with tempfile.TemporaryDirectory() as temporary:
        source, made = Path(temporary, "source"), Path(temporary, "site")
        static = source / "_static"
        static.mkdir(parents=True)
        shutil.copy(LOOKS / "conf.py", source)
        for name in ("site.css", "scroll.js", "quiz.js", "network.js", "draw.js", "train.js"):
            shutil.copy(LOOKS / name, static)
        write_live(static)
        shutil.copy(ROOT / "docs" / "boundary.png", source)
        lessons = [Lesson(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
        for lesson in lessons:
            nbformat.write(lesson.notebook, source / f"{lesson.name}.ipynb")
        (source / "index.md").write_text(index(lessons), "utf-8")
        for name in ("draw.md", "train.md"):
            shutil.copy(LOOKS / name, source)
        mathjax = fetch_mathjax(site)
        if mathjax:
            shutil.copytree(mathjax, static / mathjax.name)
        script = f"{mathjax.name}/tex-svg-full.js" if mathjax else REMOTE
        options = ["-q", "-W", "--keep-going", "-b", "html", "-d", f"{temporary}/trees"]
        if sphinx([*options, "-D", f"mathjax_path={script}", str(source), str(made)]):
            raise RuntimeError("the pages could not be made; see above")
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(made, site)
    return set() if mathjax else {REMOTE}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", type=Path, default=ROOT / "site", help="the folder (default: site)")
    site = parser.parse_args().to
    try:
        fetched = build(site)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    problems = check_site(site, fetched).problems
    print(*problems, f"{len(list(site.glob('*.html')))} pages: open {site / 'index.html'}", sep="\n")
    if fetched:
        print("Offline, they show their mathematics as TeX; see above for how to change that.")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
