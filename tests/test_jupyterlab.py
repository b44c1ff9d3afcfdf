"""Notebook 06 opened, run and clicked in JupyterLab, in headless Chromium."""

import shutil
from pathlib import Path

import pytest

from scripts.browser import chromium, failure_browser, jupyterlab, run_all_cells
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.usefixtures("needs_chromium")
def test_the_failure_browser_answers_clicks(demo_run: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    shutil.copytree(REPOSITORY / "notebooks", tmp_path / "notebooks")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(demo_run)
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(address.format("notebooks/06_errors.ipynb"))
        run_all_cells(page)

        panel = failure_browser(page)
        about = panel.locator(".widget-html").first
        expect(about).to_contain_text("1 of 12 from worst to best")
        first = about.inner_text()

        menu = panel.locator("select")
        other = "unet_small-0" if menu.input_value() != "unet_small-0" else "unet-0"
        menu.select_option(other)
        expect(panel.locator(".gtitle")).to_contain_text(other, timeout=30_000)

        panel.locator(".noUi-handle").first.focus()
        page.keyboard.press("ArrowRight")
        expect(about).to_contain_text("2 of 12 from worst to best", timeout=30_000)
        assert about.inner_text() != first
        shown = about.locator("b").inner_text()
        expect(panel.locator(".gtitle")).to_contain_text(shown, timeout=30_000)
        page.screenshot(path=tmp_path / "jupyterlab.png")
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
