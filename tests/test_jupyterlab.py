"""Notebook 06 opened, run and clicked in JupyterLab, in headless Chromium."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, chromium

pytestmark = pytest.mark.browser

CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture
def lab(demo_run: Path, tmp_path: Path) -> Iterator[str]:
    """Return the address of a JupyterLab whose notebooks lie beside the demo run."""
    shutil.copytree(REPOSITORY / "notebooks", tmp_path / "notebooks")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "demo").symlink_to(demo_run)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    settings = tmp_path / "settings"
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}",
            f"--ServerApp.root_dir={tmp_path}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ
        | {"JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(settings)},
    )  # fmt: skip
    try:
        _wait_until_it_answers(f"http://127.0.0.1:{port}/api?token={token}", server)
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks/06_errors.ipynb?token={token}&reset"
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_it_answers(address: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert server.poll() is None
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("JupyterLab did not start")


def test_the_failure_browser_answers_clicks(lab: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(lab)
        expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_text("Run All Cells", exact=True).click()

        panel = page.locator(".jupyter-widgets.widget-vbox").first
        expect(panel.locator(".js-plotly-plot")).to_be_visible(timeout=120_000)
        about = panel.locator(".widget-html").first
        expect(about).to_contain_text("1 of 12 from worst to best")
        first = about.inner_text()

        menu = panel.locator("select")
        other = "unet_small-0" if menu.input_value() != "unet_small-0" else "unet-0"
        menu.select_option(other)
        expect(panel.locator(".gtitle")).to_contain_text(other, timeout=30_000)

        handle = panel.locator(".noUi-handle").first
        handle.focus()
        page.keyboard.press("ArrowRight")
        expect(about).to_contain_text("2 of 12 from worst to best", timeout=30_000)
        assert about.inner_text() != first

        shown = about.locator("b").inner_text()
        expect(panel.locator(".gtitle")).to_contain_text(shown, timeout=30_000)
        page.screenshot(path=tmp_path / "jupyterlab.png")
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
        browser.close()
