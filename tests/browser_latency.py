"""How long explorers take in a real browser: `python tests/browser_latency.py`.

From the key press to the new picture on the page: the message to the kernel, training, drawing, the reply.
`python -m nnlab.widgets.latency` measures the same without kernel and browser.
"""

import os
import statistics
import tempfile
from pathlib import Path

from browser import FLAGS, Lab, View, find_chromium, jupyter_lab, write_notebook
from playwright.sync_api import expect, sync_playwright

PRESSES = 36
RATE = "learning rate"
# what is measured, the cell that makes it, and the slider on which a key is pressed
CASES = [
    ("200 circles, 200 epochs, 16 hidden, Adam", 'training_explorer("circles")', RATE),
    (
        "200 circles, 200 epochs, 64 hidden, SGD",
        'training_explorer("circles", hidden_size=64, optimizer="SGD")',
        RATE,
    ),
    ("200 circles, 200 epochs, 64 hidden, Adam", 'training_explorer("circles", hidden_size=64)', RATE),
    ("a kernel over a digit", 'kernel_explorer("digit", kernel="blur", divisor=1)', "w[1, 1]"),
    ("a kernel over a photograph", 'kernel_explorer("temple")', "row of the map"),
]
# The last picture to be loaded after a key press is the settled one.
LISTEN = """place => {
    place.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
    const image = place.querySelector('img.widget-image');
    image.addEventListener('load', () => { window.settled = performance.now() - window.pressed; });
}"""


def milliseconds(lab: Lab, view: View, slider: str) -> list[float]:
    """Press a key again and again, each time when the picture of the one before has settled."""
    view.image.scroll_into_view_if_needed()
    expect(view.image).to_be_visible()
    view.press(slider, "Home")
    lab.page.wait_for_timeout(1000)
    view.place.evaluate(LISTEN)
    measured = []
    for _ in range(PRESSES):
        lab.page.evaluate("window.settled = null")
        view.press(slider, "ArrowRight")
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
            write_notebook(notebook, "from nnlab.widgets import *", *(source for _, source, _ in CASES))
            lab = Lab(chromium, address, notebook.name)
            lab.run_all()
            for name, source, slider in CASES:
                times = milliseconds(lab, View(lab.cell(source)), slider)
                print(
                    f"{name}: median {statistics.median(times):.0f} ms, 95 % within "
                    f"{statistics.quantiles(times, n=20)[-1]:.0f} ms; load {os.getloadavg()[0]:.1f}"
                )
        chromium.close()


if __name__ == "__main__":
    main()
