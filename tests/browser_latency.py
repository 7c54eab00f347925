"""How long the training explorer takes in a real browser: `python tests/browser_latency.py`.

From the key press to the new picture on the page: the message to the kernel, training, drawing, the reply.
`python -m nnlab.widgets.latency` measures the same without kernel and browser.
"""

import os
import statistics
import tempfile
from pathlib import Path

from browser import FLAGS, Lab, View, find_chromium, jupyter_lab, write_notebook
from playwright.sync_api import expect, sync_playwright

PRESSES = 40
CASES = {
    "16 hidden, Adam": 'training_explorer("circles")',
    "64 hidden, SGD": 'training_explorer("circles", hidden_size=64, optimizer="SGD")',
    "64 hidden, Adam": 'training_explorer("circles", hidden_size=64)',
}
# The last picture to be loaded after a key press is the settled one.
LISTEN = """place => {
    place.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
    const image = place.querySelector('img.widget-image');
    image.addEventListener('load', () => { window.settled = performance.now() - window.pressed; });
}"""


def milliseconds(lab: Lab, view: View) -> list[float]:
    """Press a key again and again, each time when the picture of the one before has settled."""
    view.image.scroll_into_view_if_needed()
    expect(view.image).to_be_visible()
    view.press("learning rate", "Home")
    lab.page.wait_for_timeout(1000)
    view.place.evaluate(LISTEN)
    measured = []
    for _ in range(PRESSES):
        lab.page.evaluate("window.settled = null")
        view.press("learning rate", "ArrowRight")
        lab.page.wait_for_function("window.settled !== null")
        lab.page.wait_for_timeout(300)
        measured.append(lab.page.evaluate("window.settled"))
    return measured


def main() -> None:
    """Measure every case in one JupyterLab and one browser, both of their own."""
    expect.set_options(timeout=60_000)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        with jupyter_lab(Path(folder)) as address:
            notebook = Path(folder) / "notebooks" / "latency.ipynb"
            write_notebook(notebook, "from nnlab.widgets import training_explorer", *CASES.values())
            lab = Lab(chromium, address, notebook.name)
            lab.run_all()
            for name, source in CASES.items():
                times = milliseconds(lab, View(lab.cell(source)))
                print(
                    f"200 circles, 200 epochs, {name}: median {statistics.median(times):.0f} ms, "
                    f"slowest {max(times):.0f} ms; load {os.getloadavg()[0]:.1f}"
                )
        chromium.close()


if __name__ == "__main__":
    main()
