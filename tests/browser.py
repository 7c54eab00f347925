"""JupyterLab in headless Chromium, used as a reader uses it; test_browser.py says what must appear."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect

SHOTS = Path(__file__).parents[1] / "artifacts"
PATIENCE = 60_000  # milliseconds that anything may take on a loaded machine; nothing is timed
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# Nothing of the user's is read or written, and nothing asks the network. Orphans end by themselves.
FOLDERS = [
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "JUPYTERLAB_SETTINGS_DIR",
    "JUPYTERLAB_WORKSPACES_DIR",
    "IPYTHONDIR",
]
CONFIG = {
    "ServerApp": {
        "ip": "127.0.0.1",
        "port": 0,  # any that is free
        "open_browser": False,
        "allow_root": True,
        "shutdown_no_activity_timeout": 600,
    },
    "MappingKernelManager": {"cull_idle_timeout": 600, "cull_connected": True},
    "LabApp": {
        "extension_manager": "readonly",
        "news_url": None,
        "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    },
}
SETTINGS = {
    # All cells stay on the page; by default JupyterLab takes those off that are out of sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false"},
}
# JupyterLab warns so in the console whenever its kernel is restarted, then connects again.
HARMLESS = re.compile("^Connection lost, reconnecting in 0 seconds")


def find_chromium() -> str | None:
    """Return where Chromium or Chrome is, if it is anywhere."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextlib.contextmanager
def jupyter_lab(folder: Path) -> Iterator[str]:
    """Serve folder/notebooks on a port and with a token of its own; yield the address."""
    (folder / "notebooks").mkdir()
    places = {name: folder / name.lower() for name in FOLDERS}
    config = CONFIG | {"ServerApp": CONFIG["ServerApp"] | {"root_dir": str(folder / "notebooks")}}
    _write(places["JUPYTER_CONFIG_DIR"] / "jupyter_server_config.json", config)
    for name, settings in SETTINGS.items():
        file = places["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
        _write(file, settings)
    token = secrets.token_hex(16)
    env = os.environ | {name: str(place) for name, place in places.items()} | {"JUPYTER_TOKEN": token}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab"]
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            start = _address(server, places["JUPYTER_RUNTIME_DIR"], folder / "log")
            yield f"{start}lab/workspaces/%s?token={token}"
        finally:
            server.terminate()  # and the server its kernels
            try:
                server.wait(PATIENCE / 1000)
            except subprocess.TimeoutExpired:
                server.kill()


def _write(file: Path, content: dict) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content), encoding="utf-8")


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    end = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < end and server.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):  # it is still being written
                return json.loads(file.read_text(encoding="utf-8"))["url"]
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


class Lab:
    """A notebook in JupyterLab: what a reader does with it, and what went wrong meanwhile.

    problems: errors and warnings of the console and of the page, but for HARMLESS ones; foreign: what it
    wanted of other machines.
    """

    def __init__(self, browser: Browser, address: str, notebook: str):
        self.problems: list[str] = []
        self.foreign: set[str] = set()
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        here = re.compile(re.escape(address.split("lab/")[0]).replace("http:", "(http|ws):"))
        self.page.route(lambda url: not here.match(url), self._keep_off)
        # A workspace each, or JupyterLab would open the notebooks of the other pages too.
        self.page.goto(address % f"{Path(notebook).stem}/tree/{notebook}")
        expect(self.page.locator(".jp-StatusBar-Widget").get_by_text("| Idle")).to_be_visible()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not HARMLESS.search(message.text):
            self.problems.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _keep_off(self, route: Route) -> None:
        self.foreign.add(route.request.url)
        route.fulfill(content_type="image/svg+xml", body="<svg xmlns='http://www.w3.org/2000/svg'/>")

    def choose(self, menu: str, item: re.Pattern[str]) -> None:
        """Choose from the menu bar."""
        self.page.get_by_role("menuitem", name=menu, exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()

    def run_all(self) -> None:
        """Choose Run → Run All Cells, and wait until every cell has run."""
        self.choose("Run", re.compile("^Run All Cells$"))
        # A cell that is folded away, as the set-up cell is, has a prompt without a number.
        for prompt in self.page.locator(".jp-CodeCell .jp-InputPrompt:not(.jp-Placeholder-prompt)").all():
            expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))

    def restart(self) -> None:
        """Choose Kernel → Restart Kernel and Clear Outputs of All Cells."""
        self.choose("Kernel", re.compile("^Restart Kernel and Clear"))
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm").click()
        expect(self.page.locator(".jp-CodeCell .jp-OutputArea-output")).to_have_count(0)
        expect(self.page.locator(".jp-StatusBar-Widget").get_by_text("| Idle")).to_be_visible()

    def cell(self, source: str) -> Locator:
        """Return the one code cell in which this text stands."""
        found = self.page.locator(".jp-CodeCell").filter(
            has=self.page.locator(".jp-InputArea", has_text=source)
        )
        expect(found).to_have_count(1)
        return found

    def output(self, source: str) -> Locator:
        """Return what the one cell in which this text stands has put out."""
        return self.cell(source).locator(".jp-OutputArea-output")

    def run(self, cell: Locator, code: str | None = None) -> None:
        """Write new code into the cell, if any, press Shift+Enter, and wait until it has run."""
        prompt = cell.locator(".jp-InputPrompt")
        before = prompt.text_content()
        cell.locator(".cm-content").click()
        if code is not None:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.type(code)
        self.page.keyboard.press("Shift+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"))

    def errors(self) -> Locator:
        """Return the tracebacks that stand below cells."""
        return self.page.locator("[data-mime-type='application/vnd.jupyter.error']")


class View:
    """An explorer as it is seen on the page."""

    def __init__(self, place: Locator):
        self.place = place
        self.image = place.locator("img.widget-image")
        self.status, self.alert = place.get_by_role("status"), place.get_by_role("alert")
        self.share = place.get_by_label("Share")

    def _slider(self, label: str) -> Locator:
        return self.place.locator(".widget-hslider").filter(has_text=re.compile(f"^{re.escape(label)}"))

    def value(self, label: str) -> str:
        """Return what stands beside a slider."""
        return self._slider(label).locator(".widget-readout").inner_text()

    def press(self, label: str, key: str) -> None:
        """Press a key on a slider."""
        self._slider(label).locator(".noUi-handle").press(key)

    def drag(self, label: str, to: float) -> None:
        """Drag the handle of a slider to a place between 0, its left end, and 1."""
        slider = self._slider(label)
        slider.scroll_into_view_if_needed()
        handle, base = (slider.locator(part).bounding_box() for part in (".noUi-handle", ".noUi-base"))
        mouse, y = self.place.page.mouse, handle["y"] + handle["height"] / 2
        mouse.move(handle["x"] + handle["width"] / 2, y)
        mouse.down()
        mouse.move(base["x"] + to * base["width"], y, steps=25)
        mouse.up()

    def choose(self, label: str, option: str) -> None:
        """Choose from a list."""
        self.place.get_by_label(label, exact=True).select_option(option)

    def picture(self) -> bytes:
        """Return the picture that is on the page, as a file."""
        script = """async image => {
            const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
            return btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(""));
        }"""
        expect(self.image).to_be_visible()
        return base64.b64decode(self.image.evaluate(script))


def shoot(what: Page | Locator, name: str) -> None:
    """Keep a screenshot of the page, or of a part, in artifacts/."""
    SHOTS.mkdir(exist_ok=True)
    what.screenshot(path=SHOTS / f"{name}.png")


def write_notebook(file: Path, *sources: str) -> Path:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, file)
    return file


def copy_notebook(source: Path, folder: Path) -> Path:
    """Copy a notebook with its outputs, but as if it had never run: no cell has a number."""
    notebook = nbformat.read(source, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
    nbformat.write(notebook, folder / source.name)
    return folder / source.name
