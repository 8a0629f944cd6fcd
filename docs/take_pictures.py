"""Takes the README's pictures from a running UI: ``python docs/take_pictures.py URL FOLDER``.

URL is the address, with its token, that ``augcon ui`` prints.

Needs the package ``playwright`` and a Chromium; its path is the third argument (default
/usr/bin/chromium). Nothing is downloaded.
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip
SETTLE_MS = 4000
AUGCON_GROUP = "global%40global%3Aaugcon"


def open_page(page: Page, address: str, width: int, height: int) -> None:
    """Load *address* in a window of that size and let it settle."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address, wait_until="domcontentloaded")
    page.wait_for_timeout(SETTLE_MS)


def main(address: str, folder: Path, chromium: str) -> None:
    """Take all pictures."""
    base = address.partition("/?")[0]
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page()
        open_page(page, address, 1400, 760)
        open_page(page, f"{base}/asset-groups?expanded={AUGCON_GROUP}", 2300, 1100)
        page.screenshot(path=folder / "asset-graph.png")
        open_page(page, f"{base}/assets/cst_nodes?view=partitions", 1400, 760)
        page.get_by_text("recipes/西红柿炒鸡蛋.md").first.click()
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / "partitions.png")
        open_page(page, f"{base}/assets/sft_dataset?view=overview", 1400, 900)
        page.get_by_text("Show Markdown").first.click()
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / "row-lineage.png")
        open_page(page, f"{base}/assets/evaluation?view=overview", 1400, 1000)
        page.get_by_text("Show Markdown").first.click()
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / "evaluation.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "/usr/bin/chromium")
