"""Pictures and table of the README, from a finished run: scripts/make_pictures.py RUN [PART ...].

Writes PNGs into docs/pictures and the table between the markers in README.md. Parts are report,
jupyterlab, napari and table; without any, all are made. The report is written anew where it is
older than the code.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from browser import chromium, comparer_panel, jupyterlab, run_all_cells
from playwright.sync_api import Browser

from workbench.report import summary_table
from workbench.studies import open_view, update_report

REPOSITORY = Path(__file__).resolve().parents[1]
PICTURES = REPOSITORY / "docs" / "pictures"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
WIDTH_PX = 1180
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


PARTS = {
    "report": picture_report,
    "jupyterlab": picture_jupyterlab,
    "napari": picture_napari,
    "table": write_table,
}

if __name__ == "__main__":
    main()
