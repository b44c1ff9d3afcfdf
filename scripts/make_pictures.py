"""Pictures and table of the README, from a finished run: scripts/make_pictures.py RUN [PART ...].

Writes PNGs into docs/pictures and the table between the markers in README.md. Parts are report,
jupyterlab, panels, napari and table; without any, all are made. The report is written anew where
it is older than the code.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from browser import chromium, comparer_panel, jupyterlab, run_all_cells
from PIL import Image
from playwright.sync_api import Browser, Page

from workbench.report import summary_table
from workbench.studies import CompareJob, open_comparison, open_view, update_report
from workbench.widgets import linked_panels

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "pictures"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
WIDTH_PX = 1180
PANEL_WIDTH_PX = 1366
XVFB = ["xvfb-run", "-a", "-s", "-screen 0 1600x1000x24"]


def main() -> None:
    """Make them all, or the parts that are named."""
    run = Path(sys.argv[1]).resolve()
    parts = sys.argv[2:] or [*PARTS]
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"unknown parts: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    for part in parts:
        PARTS[part](run)


def picture_report(run: Path) -> None:
    """Picture the top of the report and its samples."""
    update_report(run)
    with chromium() as browser:
        _picture_report(browser, run)


def _picture_report(browser: Browser, run: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH_PX, "height": 900}, device_scale_factor=1)
    page.goto((run / "report" / "report.html").as_uri())
    # Figures are drawn when they come near the screen; of many models the first stands far below.
    page.wait_for_timeout(2000)
    page.screenshot(path=PICTURES / "report.png")
    samples = page.get_by_role("heading", name="Samples", exact=True).locator("..")
    for place in range(samples.locator(".plot").count()):
        samples.locator(".plot").nth(place).scroll_into_view_if_needed()
        samples.locator(".plot").nth(place).locator(".main-svg").first.wait_for()
    page.wait_for_timeout(1000)
    page.locator("nav").evaluate("element => element.remove()")
    samples.screenshot(path=PICTURES / "samples.png")
    page.close()


def picture_jupyterlab(run: Path) -> None:
    """Picture notebook 06 with its comparer."""
    with TemporaryDirectory() as temporary, chromium() as browser:
        root = Path(temporary)
        shutil.copytree(REPOSITORY / "notebooks", root / "notebooks")
        (root / "runs").mkdir()
        (root / "runs" / "demo").symlink_to(run)
        with jupyterlab(root) as address:
            page = browser.new_page(viewport={"width": 1366, "height": 900})
            page.goto(address.format("notebooks/06_errors.ipynb"))
            run_all_cells(page)
            panel = comparer_panel(page)
            page.wait_for_timeout(3000)
            # Running all cells ends at the last one.
            panel.evaluate("element => element.scrollIntoView({block: 'center'})")
            page.wait_for_timeout(1000)
            page.screenshot(path=PICTURES / "jupyterlab.png")
            page.close()


def picture_panels(run: Path) -> None:
    """Picture the panels of notebook 05, light and dark, from the pages that they leave."""
    panels = linked_panels(open_comparison(CompareJob(run=run)))
    assert panels.explorer is not None
    assert panels.comparer is not None
    first, second = [column for column in panels.explorer.chosen if column.startswith("f1_")][2:4]
    panels.explorer.change(x=first, y=second, colour="n_cells", n_shown=24)
    with TemporaryDirectory() as temporary, chromium() as browser:
        for name, show in PANELS.items():
            page_file = Path(temporary) / f"{name}.html"
            page_file.write_text(getattr(panels, name).static_html(), encoding="utf-8")
            for theme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": PANEL_WIDTH_PX, "height": 400}, color_scheme=theme
                )
                page.goto(page_file.as_uri())
                show(page)
                page.wait_for_timeout(1500)
                picture = page.screenshot(full_page=True)
                small = Image.open(BytesIO(picture)).convert("RGB").quantize(256, kmeans=2)
                small.save(PICTURES / f"{name}_{theme}.png", optimize=True)
                page.close()


def show_board(page: Page) -> None:
    """Open the list of a number."""
    page.locator("td button").nth(1).click()
    page.locator(".wbt-list tbody tr").first.wait_for()


def show_explorer(page: Page) -> None:
    """Brush the lower left of the cloud."""
    box = page.locator(".wbx-overlay").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 70, box["y"] + 0.55 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + box["height"] - 50, steps=5)
    page.mouse.up()


def show_comparer(page: Page) -> None:
    """Step to a cell that is wrong, and show the whole image."""
    page.locator("figcaption").first.wait_for()
    page.wait_for_timeout(500)
    page.locator(".wbc").focus()
    page.keyboard.press("e")
    page.keyboard.press("0")
    page.locator(".wbc").blur()


def picture_napari(run: Path) -> None:
    """Picture napari on the worst image of the U-Net."""
    command = [sys.executable, "-c", "from workbench.cli import main; main()", "inspect", str(run)]
    options = ["--model", "unet", "--screenshot", str(PICTURES / "napari.png")]
    subprocess.run([*XVFB, *command, *options], check=True)


def write_table(run: Path) -> None:
    """Write the table of the models between the markers of the README."""
    table = summary_table(open_view(run).scores)
    shown = [
        place for place, name in enumerate(table.header())
        if name not in ("Images", "Failed", "Precision", "Recall")
    ]  # fmt: skip
    rows = [table.header(), ["---"] * len(table.header()), *table.rows()]
    lines = ["| " + " | ".join(row[place] for place in shown) + " |\n" for row in rows]
    readme = REPOSITORY / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(before + BEGIN + "".join(lines) + END + after, encoding="utf-8")


PANELS: dict[str, Callable[[Page], None]] = {
    "leaderboard": show_board,
    "explorer": show_explorer,
    "comparer": show_comparer,
}
PARTS = {
    "report": picture_report,
    "jupyterlab": picture_jupyterlab,
    "panels": picture_panels,
    "napari": picture_napari,
    "table": write_table,
}

if __name__ == "__main__":
    main()
