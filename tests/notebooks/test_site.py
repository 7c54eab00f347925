"""The pages of `make html`: the lessons are on them in full, nothing is fetched, no link is broken."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import build_site
import live_pages
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from check_site import check_site

from nnlab import MLP, SGD, ReLU, Softmax, Tanh, predict_scores, softmax_cross_entropy
from nnlab._cards import code
from nnlab.widgets.drawing import EXAMPLE
from nnlab.widgets.quiz import _tables
from nnlab.widgets.strokes import as_small_digits

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
WRONG_TEX = "merror, [data-mjx-error], mjx-container [fill=red]"  # red: a command that MathJax does not know
each_page = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All pages."""
    folder = tmp_path_factory.mktemp("site")
    build_site.build(folder)
    return folder


@pytest.fixture(scope="module")
def soups(site):
    """All pages, parsed, by name."""
    return {path.stem: BeautifulSoup(path.read_text("utf-8"), "html.parser") for path in site.glob("*.html")}


@pytest.fixture(scope="module")
def with_mathjax(site):
    if not list(site.glob("_static/mathjax-*/*.js")):
        pytest.skip("npm was not found, or could not fetch MathJax")


def outputs(name, kind):
    """Return all outputs of a notebook that have data of a kind."""
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    every = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [data for data in every if kind in data]


def markdown(name):
    cells = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def squeeze(text):
    return re.sub(r"\s+", "", text)


def formulas(text):
    """Return the TeX of all formulas in a text that holds no code."""
    return [squeeze(found) for found in re.findall(r"\$\$.+?\$\$|\$[^$]+?\$", text, re.DOTALL)]


def formulas_on(soup):
    """Return the TeX of all formulas on a page, as MathJax will find them."""
    found = [squeeze(formula.get_text()) for formula in soup.select("article .math")]
    return [re.sub(r"^\\\(|\\\)$|^\\\[|\\\]$|\\(begin|end)\{split\}", "", formula) for formula in found]


# ---------------------------------------------------------------------------------------- links and files


def test_every_link_leads_somewhere_and_nothing_is_fetched(site, with_mathjax):
    assert check_site(site).problems == []


def test_links_between_lessons_stay_in_the_site_and_those_to_files_go_to_the_repository(site, soups):
    links = {link["href"] for soup in soups.values() for link in soup.select("a[href]")}
    assert not [link for link in links if ".ipynb" in link and not link.startswith("https://")]
    assert not [link for link in links if link.startswith("..")]
    assert {f"{name}.html" for name in NAMES} <= links


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("02_forward_pass.ipynb", "02_forward_pass.ipynb"),
        ("#Summary", "#Summary"),
        ("https://example.org/a.ipynb", "https://example.org/a.ipynb"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("../data/README.md#MNIST", "REPOSITORY/blob/main/data/README.md#MNIST"),
        ("../nnlab", "REPOSITORY/tree/main/nnlab"),
        ("../missing.md", "../missing.md"),
        ("../../outside.md", "../../outside.md"),
    ],
)
def test_address(target, expected):
    assert build_site.address(target) == expected.replace("REPOSITORY", build_site.repository())


# ---------------------------------------------------------------------------------------- on the pages


def test_the_index_tells_title_goal_and_time_of_every_lesson(soups):
    text = squeeze(soups["index"].article.get_text())
    assert [link["href"] for link in soups["index"].select("h2 a:not(.headerlink)")] == [
        f"{name}.html" for name in NAMES
    ]
    for name in NAMES:
        opening = next(source for source in markdown(name) if source.startswith("# "))
        assert squeeze(re.match(r"# (.+)", opening)[1]) in text
        for first_words in (r"\*\*Goal\W+(\w+ \w+)", r"\*\*Time\W+(\w+ \w+)"):
            assert squeeze(re.search(first_words, opening)[1]) in text


def test_every_page_leads_to_its_neighbors_to_all_lessons_and_to_the_search(soups):
    for number, name in enumerate(NAMES):
        page = soups[name]
        assert page.title.get_text().startswith(f"{name[:2]} · ")
        around = [*(f"{n}.html" for n in NAMES[max(number - 1, 0) : number + 2] if n != name)]
        found = [link["href"] for link in page.select("a.next-page, a.prev-page")]
        assert set(around) <= set(found) <= {*around, "index.html", "train.html"}
        listed = {
            link["href"].rstrip("#") or f"{name}.html" for link in page.select(".sidebar-tree a.reference")
        }
        assert listed == {"draw.html", "train.html", *(f"{n}.html" for n in NAMES)}
        assert page.select_one("form.sidebar-search-container input[type=search], form[role=search] input")
        assert len(page.select(".toc-tree a")) >= 5


@each_page
def test_every_picture_is_there_and_told_in_words(site, soups, name):
    pictures = [data for data in outputs(name, "image/png") if not {"text/html", "text/latex"} & set(data)]
    images = soups[name].select(".cell_output img[src]:not([src^=data])")
    assert len(images) == len(pictures)
    for image, data in zip(images, pictures, strict=True):
        assert (site / image["src"]).read_bytes() == base64.b64decode(data["image/png"])
    told = {image["alt"] for image in images}
    assert all(told)
    own = {squeeze(data["text/plain"]) for data in pictures if not data["text/plain"].startswith("<Figure")}
    assert own <= {squeeze(alt) for alt in told}


@each_page
def test_cards_and_tables_are_there(soups, name):
    text = squeeze(soups[name].article.get_text())
    for data in outputs(name, "text/html"):
        if data["text/plain"].startswith("○ Not attempted"):  # of no use where nothing can be attempted
            continue
        assert squeeze(BeautifulSoup(data["text/html"], "html.parser").get_text()) in text


@each_page
def test_answers_are_folded_and_in_their_folds(soups, name):
    sources = [*markdown(name), *(data["text/html"] for data in outputs(name, "text/html"))]
    folds = soups[name].select("details")
    assert len(folds) == sum(source.count("<details") for source in sources)
    for fold in folds:
        assert not fold.has_attr("open")
        assert len(fold.get_text()) > len(fold.summary.get_text()) + 40


def test_there_are_answers_to_fold(soups):
    assert len(soups["01_theory"].select("details")) >= 2 * 17  # a quiz and a model answer for each question


@each_page
def test_formulas_come_through_unchanged(soups, name):
    without_code = [re.sub(r"```.*?```|`[^`]*`|<!--.*?-->", "", s, flags=re.DOTALL) for s in markdown(name)]
    expected = [formula.strip("$") for source in without_code for formula in formulas(source)]
    expected += [squeeze(data["text/latex"]).strip("$") for data in outputs(name, "text/latex")]
    assert sorted(formulas_on(soups[name])) == sorted(expected)


# ---------------------------------------------------------------------------------------- without npm


def test_without_npm_the_pages_load_mathjax_from_elsewhere_and_say_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(build_site, "NOTEBOOKS", small_notebooks(tmp_path, "[on](00_b.ipynb)"))
    monkeypatch.setattr(sys, "argv", ["build_site.py", "--to", str(tmp_path / "site")])
    assert build_site.main() == 0
    said = capsys.readouterr()
    assert "npm was not found" in said.err
    assert f"{len(NAMES) + 6} pages" in said.out
    address = build_site.REMOTE
    fetched = f"00_a.html: <script src={address!r}> is fetched from elsewhere"
    assert fetched in check_site(tmp_path / "site").problems
    assert check_site(tmp_path / "site", {address}).problems == []


def test_what_npm_complains_of_is_passed_on(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda _: sys.executable)  # which knows no command "pack"
    assert build_site.fetch_mathjax(tmp_path) is None
    assert "No such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_mathjax_that_is_there_is_not_fetched_again(tmp_path, monkeypatch):
    folder = tmp_path / "_static" / f"mathjax-{build_site.MATHJAX}"
    folder.mkdir(parents=True)
    for name in ("tex-svg-full.js", "LICENSE"):
        (folder / name).touch()
    monkeypatch.setattr(subprocess, "run", None)
    assert build_site.fetch_mathjax(tmp_path) == folder


def test_a_broken_link_in_a_notebook_is_named_and_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build_site, "fetch_mathjax", lambda _: None)
    monkeypatch.setattr(build_site, "NOTEBOOKS", small_notebooks(tmp_path, "[on](00_c.ipynb)"))
    monkeypatch.setattr(sys, "argv", ["build_site.py", "--to", str(tmp_path / "site")])
    assert build_site.main() == 1
    said = capsys.readouterr().err
    assert "00_c.ipynb" in said
    assert "the pages could not be made" in said
    assert not (tmp_path / "site").exists()


def small_notebooks(folder, text):
    """Return a folder of empty lessons and two more, of which the first holds some text."""
    for name, more in (("00_a", text), ("00_b", ""), *((name, "") for name in NAMES)):
        opening = f"# 00 · A lesson\n\n**Goal:** to see.\n\n**Time:** a minute.\n\n{more} $x^2$"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(opening)])
        nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder


# ---------------------------------------------------------------------------------------- the check itself

PAGE = """<!DOCTYPE html><html lang="en"><head><title>A page</title>
<link rel="stylesheet" href="own.css"></head><body id="top"><h2 id="2.-·">Two</h2>
<a href="#top">up</a> <a href="b.html#2.-%C2%B7">there</a> <a href="https://example.org/">out</a>
<img alt="" src="data:image/gif;base64,R0lG"> <script>let a = 1 // 2</script> HERE</body></html>"""


def planted(folder, text="", css=""):
    """Return what the check finds on two sound pages, into one of which something was planted."""
    (folder / "a.html").write_text(PAGE.replace("HERE", text), "utf-8")
    (folder / "b.html").write_text(PAGE, "utf-8")
    (folder / "own.css").write_text(f"p {{background: url(data:image/gif;base64,R0lG)}} {css}", "utf-8")
    return check_site(folder)


def test_check_finds_nothing_on_sound_pages_and_lists_external_links(tmp_path):
    findings = planted(tmp_path)
    assert findings.problems == []
    assert findings.external == {"https://example.org/"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<a href='c.html'>", "<a href='c.html'> leads to no file"),
        ("<a href='../a.html'>", "<a href='../a.html'> leads to no file"),
        ("<a href='#bottom'>", "<a href='#bottom'> leads to no id"),
        ("<a href='b.html#bottom'>", "<a href='b.html#bottom'> leads to no id"),
        ("<img alt='' src='c.png'>", "<img src='c.png'> leads to no file"),
        ("<img alt='' src='data:image/png;base64,'>", "is empty"),
        ("<img alt='' srcset='a.html 1x, c.png 2x'>", "<img srcset='c.png'> leads to no file"),
        ("<img alt='' src='https://x.org/c.png'>", "is fetched from elsewhere"),
        ("<script src='https://x.org/c.js'></script>", "is fetched from elsewhere"),
        ("<script src='//x.org/c.js'></script>", "is fetched from elsewhere"),
        ("<script>import a from 'https://x.org/c.mjs'</script>", "<script text='https://x.org/c.mjs'>"),
        ("<link rel='stylesheet' href='https://x.org/c.css'>", "is fetched from elsewhere"),
        ("<style>@import 'https://x.org/c.css'</style>", "is fetched from elsewhere"),
        ("<p style='background: url(https://x.org/c.png)'>", "is fetched from elsewhere"),
        ("<p id='top'>", "has the id 'top' 2 times"),
        ("<img src='data:image/gif;base64,R0lG'>", "has an image without alt text"),
    ],
)
def test_check_finds_what_is_planted_on_a_page(tmp_path, text, problem):
    (found,) = planted(tmp_path, text).problems
    assert found.startswith("a.html: ")
    assert problem in found


def test_check_finds_a_remote_font_in_a_style_sheet(tmp_path):
    findings = planted(tmp_path, css="@font-face {src: url('https://x.org/c.woff2')}")
    assert findings.problems == ["own.css: <css url='https://x.org/c.woff2'> is fetched from elsewhere"]


def test_check_finds_a_page_without_title_or_language_and_a_folder_without_pages(tmp_path):
    (tmp_path / "c.html").write_text("<p>text</p>", "utf-8")
    assert check_site(tmp_path).problems == ["c.html: has no title", "c.html: does not name its language"]
    (tmp_path / "c.html").unlink()
    assert check_site(tmp_path).problems == [f"{tmp_path} holds no page"]


# ---------------------------------------------------------------------------------------- in a browser


@pytest.fixture(scope="module")
def browser():
    """Chromium without a network."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    from browser import FLAGS, find_chromium

    executable = find_chromium()
    if executable is None:
        pytest.skip("needs Chromium or Chrome")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.parametrize("name", [*NAMES, "index", "draw", "train"])
def test_a_page_shows_everything_from_a_file_without_a_network(site, soups, with_mathjax, browser, name):
    requests, errors = [], []
    with browser.new_context(offline=True, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate("window.MathJax?.startup?.promise")
        assert page.locator("article mjx-container").count() == len(formulas_on(soups[name]))
        assert page.locator(WRONG_TEX).count() == 0
        assert page.evaluate(TEX_LEFT) == []
        assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0
        # On a phone, too, nothing but wide code, tables, formulas and figures scrolls, each within itself.
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert errors == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


def test_search_theme_and_copying_work_from_a_file(site, browser):
    with browser.new_context(offline=True, color_scheme="light") as context:
        page = context.new_page()
        page.goto((site / "search.html").as_uri() + "?q=vanish")
        page.locator("#search-results li a").first.wait_for()
        found = {
            link.get_attribute("href").partition(".html")[0]
            for link in page.locator("#search-results li a").all()
        }
        assert "04_backpropagation" in found
        page.goto((site / "02_forward_pass.html").as_uri())
        paper = "getComputedStyle(document.body).backgroundColor"
        before = page.evaluate(paper)
        page.locator("button.theme-toggle:visible").first.click()  # from the system's choice to the other
        assert page.evaluate("document.body.dataset.theme") == "dark"
        assert page.evaluate(paper) != before
        assert page.locator("button.copybtn").count() > 10


def test_a_quiz_marks_itself_on_the_page(site, browser):
    quiz = _tables()["sets"]
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((site / "01_theory.html").as_uri())
        card = page.locator(".quiz", has_text=quiz["title"]).first
        for number, statement in enumerate(quiz["statements"], start=1):
            chosen = statement["true"] if number > 1 else not statement["true"]  # one is wrong
            card.get_by_role("button", name=f"Statement {number} is {str(chosen).lower()}").click()
            said = card.locator("li [role=status]").nth(number - 1).inner_text()
            assert said.startswith("✗" if number == 1 else "✓")
            assert squeeze(BeautifulSoup(code(statement["why"]), "html.parser").get_text()) in squeeze(said)
        of = len(quiz["statements"])
        assert card.locator("p[role=status]").inner_text() == f"{of - 1} of {of} right"
        assert page.locator(".quiz").count() == len(page.locator("summary", has_text="Answers").all())


def test_the_page_that_reads_digits_agrees_with_nnlab(site, browser):
    """What is drawn is prepared as by the widget, but for the edges of strokes; the answer is the same."""
    with browser.new_context(offline=True, viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((site / "draw.html").as_uri())
        told = page.evaluate("document.getElementById('nnlab-pad').model.get('answer')")
        image = np.array(told["image"])
        assert np.abs(image - as_small_digits(EXAMPLE)).max() <= 2 / 16
        network = live_pages.digits_network()
        scores = predict_scores(network, image.reshape(1, -1))
        np.testing.assert_allclose(told["probabilities"], Softmax().forward(scores)[0], atol=1e-3)
        page.get_by_role("button", name="Clear").click()
        pad = page.get_by_role("application")
        pad.focus()
        for _ in range(9):  # a one, by keyboard alone
            pad.press("ArrowDown")
        page.wait_for_function("document.getElementById('nnlab-pad').model.get('answer').probabilities")
        assert page.locator(".nnlab-pad-best").count() == 1
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert errors == []


@pytest.mark.parametrize("activation", [Tanh, ReLU])
def test_a_network_learns_on_a_page_as_nnlab_does(site, browser, activation):
    points = live_pages.points()["moons"]["train"]
    X, y = np.array(points["X"]), np.array(points["y"])
    network = MLP([2, 5, 3, 2], activation=activation, rng=np.random.default_rng(0))
    for parameter in network.parameters():
        parameter.value[...] = parameter.value.round(5)  # as the page gets them
    given = {"layers": live_pages.layers_of(network), "activation": activation.__name__, "X": points["X"]}
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto((site / "train.html").as_uri())
        losses = page.evaluate(LOSSES, given | {"y": points["y"]})
    sgd, expected = SGD(network.parameters(), lr=0.3, weight_decay=0.0), []
    for _ in range(60):
        loss, gradient = softmax_cross_entropy(network.forward(X), y)
        expected.append(loss)
        network.backward(gradient)
        sgd.step()
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    assert expected[-1] < 0.6 * expected[0]


LOSSES = """({layers, activation, X, y}) => {
    const network = new Network(layers, activation === "Tanh" ? "tanh" : activation);
    return Array.from({length: 60}, () => {
        const loss = network.loss(X, y);
        network.step(X, y, 0.3);
        return loss;
    });
}"""


@pytest.mark.parametrize("width", [390, 1200])
def test_the_training_page_is_used_by_keyboard_and_its_address_holds_the_settings(site, browser, width):
    errors = []
    with browser.new_context(offline=True, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((site / "train.html").as_uri())
        status = page.locator("#nnlab-train [role=status]")
        assert status.inner_text().startswith("Epoch 0:")
        page.get_by_label("hidden units").select_option("8-8")
        page.get_by_role("checkbox", name="x₁²").focus()
        page.keyboard.press("Space")
        page.get_by_role("button", name="Step").focus()
        for _ in range(20):
            page.keyboard.press("Enter")
        said = status.inner_text()
        assert said.startswith("Epoch 20:")
        assert int(re.search(r"(\d+) % of these are right", said)[1]) > 90
        assert page.locator(".unit").count() == 3 + 8 + 8 + 2
        page.get_by_role("button", name="Look at layer 1, unit 3").focus()
        assert page.locator("#nnlab-train figcaption").inner_text() == "what layer 1, unit 3 gives"
        address = page.url
        page.get_by_label("learning rate").select_option("3")
        page.get_by_label("activation").select_option("ReLU")
        for _ in range(30):
            page.get_by_role("button", name="Step").click()
        assert "Epoch" in status.inner_text()  # run away or not: said, and nothing breaks
        again = context.new_page()
        again.goto(address)
        assert again.get_by_label("hidden units").input_value() == "8-8"
        assert again.get_by_role("checkbox", name="x₁²").is_checked()
        again.goto((site / "train.html").as_uri() + "#hidden=9-9&rate=no&inputs=x9")  # not of this page
        again.wait_for_function("document.querySelectorAll('.unit').length === 2 + 3 + 2")
        assert again.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert errors == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The script of axe-core, which looks for what keeps people out; npm fetches it."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    pack = [
        npm or "npm",
        "pack",
        "axe-core@4.14.1",
        "--prefer-offline",
        "--fetch-retries=1",
        "--loglevel=error",
    ]
    if npm is None or subprocess.run(pack, cwd=folder, capture_output=True).returncode:
        pytest.skip("npm was not found, or could not fetch axe-core")
    with tarfile.open(next(folder.glob("*.tgz"))) as package:
        return package.extractfile("package/axe.min.js").read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "draw", "train", "search", "01_theory", "02_forward_pass"])
def test_axe_finds_nothing_serious(site, with_mathjax, browser, axe, name, scheme):
    with browser.new_context(offline=True, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto((site / f"{name}.html").as_uri())
        page.evaluate("window.MathJax?.startup?.promise")
        page.evaluate(axe)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], v["nodes"][0]["target"], len(v["nodes"])) for v in serious] == []


TEX_LEFT = r"""() => {
    const found = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const {parentElement, textContent} = walker.currentNode;
        const kept = parentElement.closest("pre, code, script, style, mjx-container");
        if (!kept && /\$|\\begin|\\frac|\\\(/.test(textContent)) found.push(textContent);
    }
    return found;
}"""


@pytest.mark.parametrize("tex", [r"\(\nonsense\)", r"\(x^\)", r"\[\begin{align} a & b\]"])
def test_the_browser_test_sees_wrong_tex(site, with_mathjax, browser, tex):
    planted = (
        (site / "02_forward_pass.html")
        .read_text("utf-8")
        .replace("<article", f"<p class='math'>{tex}</p><article")
    )
    broken = site / "broken.htm"  # not one of the site's pages, but beside its files
    broken.write_text(planted, "utf-8")
    with browser.new_context(offline=True) as context:
        page = context.new_page()
        page.goto(broken.as_uri())
        page.evaluate("window.MathJax?.startup?.promise")
        assert page.locator(WRONG_TEX).count() or page.evaluate(TEX_LEFT) == [tex]
