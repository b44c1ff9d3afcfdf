"""A JupyterLab and a headless Chromium, for tests and for the pictures of the README."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from workbench.report import find_chromium

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_LIMIT_S = 60


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium for the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@contextmanager
def jupyterlab(root: Path) -> Iterator[str]:
    """Serve a folder by JupyterLab for the block; yield "address/lab/tree/{}?token"."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(8)
    with TemporaryDirectory() as settings:
        server = subprocess.Popen(
            [
                sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                "--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}",
                f"--ServerApp.root_dir={root}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ
            | {"JUPYTERLAB_SETTINGS_DIR": settings, "JUPYTERLAB_WORKSPACES_DIR": settings},
        )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/api?token={token}", server)
            yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait(30)


def run_all_cells(page: Page) -> None:
    """Run the open notebook through JupyterLab's menu, once its kernel is there."""
    idle = page.get_by_text("Python 3 (ipykernel) | Idle")
    expect(idle).to_be_visible(timeout=1000 * START_LIMIT_S)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def comparer_panel(page: Page) -> Locator:
    """Return the comparer of notebook 06 once its picture is drawn."""
    panel = page.locator(".wbc").first
    expect(panel.locator(".wbc-place")).to_contain_text(" of ", timeout=120_000)
    expect(panel.locator("canvas").first).to_be_visible(timeout=60_000)
    return panel


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + START_LIMIT_S
    while time.monotonic() < ends:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    msg = "JupyterLab did not start"
    raise RuntimeError(msg)
