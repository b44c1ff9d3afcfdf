"""A page on paper, printed by a Chromium or Chrome where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

CHROMIUM_NAMES: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
MAC_CHROME: Final = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
NO_CHROMIUM: Final = (
    "no PDF: no Chromium or Chrome was found; install one, or open report.html and print it."
)
TIME_LIMIT_S: Final = 180


def find_chromium() -> str | None:
    """Return the path of a Chromium or Chrome, None without one."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    return found or (str(MAC_CHROME) if MAC_CHROME.is_file() else None)


def print_pdf(page: Path, pdf: Path) -> str:
    """Print a page of :func:`render_html` as PDF.

    Parameters
    ----------
    page
        The HTML file.
    pdf
        Where the PDF goes.

    Returns
    -------
    str
        Why there is none; "" if there is.
    """
    chromium = find_chromium()
    if chromium is None:
        return NO_CHROMIUM
    with TemporaryDirectory() as profile:
        command = [
            chromium,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            # Chromium refuses its sandbox to root, as whom containers run.
            *(["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),
            "--no-pdf-header-footer",
            # Until all figures are drawn, as counted by the page's own clock.
            "--virtual-time-budget=30000",
            f"--print-to-pdf={pdf.resolve()}",
            f"{page.resolve().as_uri()}#paper",
        ]
        try:
            done = subprocess.run(  # noqa: S603 - a browser found on the path, our own page
                command, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"no PDF: {chromium} failed ({error}); open report.html and print it."
    if done.returncode or not pdf.is_file():
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return f"no PDF: {chromium} failed ({said}); open report.html and print it."
    return ""
