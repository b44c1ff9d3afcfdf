"""Notebook 06 opened, run and clicked in JupyterLab, in headless Chromium."""

import shutil
from pathlib import Path

import pytest

from scripts.browser import chromium, comparer_panel, jupyterlab, run_all_cells
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.usefixtures("needs_chromium")
def test_cells_answer_clicks_keys_and_numbers(demo_run: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    shutil.copytree(REPOSITORY / "notebooks", tmp_path / "notebooks")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(demo_run)
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(address.format("notebooks/06_errors.ipynb"))
        run_all_cells(page)

        panel = comparer_panel(page)
        place = panel.locator(".wbc-place")
        expect(place).to_contain_text("1 of 12")
        first = place.text_content() or ""
        expect(panel.locator("canvas")).to_have_count(3)

        # The next wrong cell tells its record, as a click on it does.
        panel.focus()
        page.keyboard.press("e")
        records = panel.locator(".wbc-record")
        expect(records.nth(1)).to_contain_text("cell ", timeout=30_000)
        page.keyboard.press("Escape")
        expect(records.nth(1)).to_have_text("")
        page.keyboard.press("ArrowRight")
        expect(place).to_contain_text("2 of 12")
        page.keyboard.press("w")
        expect(place).to_have_text(first)

        # The curtain lays two panels over each other.
        page.keyboard.press("c")
        expect(panel.locator("canvas")).to_have_count(1)
        page.keyboard.press("c")
        expect(panel.locator("canvas")).to_have_count(3)

        # A place that explains the difference of two models is shown by a click on its number.
        table = page.locator(".wbt").first
        number = table.locator("button").first
        number.scroll_into_view_if_needed()
        number.click()
        listed = table.locator("xpath=..").get_by_text("reference", exact=True).first
        expect(listed).to_be_visible(timeout=30_000)
        expect(records.nth(1)).to_contain_text("cell ", timeout=30_000)
        page.screenshot(path=tmp_path / "jupyterlab.png")
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
