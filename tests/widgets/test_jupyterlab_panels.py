"""The panels of a comparison in JupyterLab, linked, and in the page that a notebook leaves."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from scripts.browser import chromium, jupyterlab, run_all_cells
from tests.conftest import small_view
from tests.widgets.test_explorer_browser import brush
from tests.widgets.test_linked import MODELS
from workbench.store import read_slices
from workbench.studies import RunView, leaderboards

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = (
    """from pathlib import Path
from workbench.studies import CompareJob, open_comparison
from workbench.widgets import linked_panels

panels = linked_panels(open_comparison(CompareJob(run=Path("run"))))
panels.leaderboard""",
    "panels.explorer",
    "panels.comparer",
)


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    return small_view(small_study(models=MODELS), tmp_path / "desk" / "run")


@pytest.fixture
def notebook(view: RunView) -> Path:
    written = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    path = view.run.root.parent / "panels.ipynb"
    nbformat.write(written, path)
    return path


@pytest.fixture
def page(notebook: Path) -> Iterator[Any]:
    """The notebook, run in JupyterLab; errors in the page are errors of the test."""
    with jupyterlab(notebook.parent) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1400})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address.format(notebook.name))
        run_all_cells(page)
        page.locator(".wbc-place").wait_for(timeout=120_000)
        yield page
        assert not errors
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0


@pytest.mark.usefixtures("needs_chromium")
def test_panels_answer_and_follow_each_other(page: Any, view: RunView) -> None:
    from playwright.sync_api import expect

    _sort_and_open(page, view)
    _walk_by_keys(page)
    _click_a_cell_and_draw_the_curtain(page)
    _brush_and_keep(page, view)

    # A picture opened in the explorer is shown in the comparer.
    page.locator(".wbx-tile").last.click()
    opened = page.get_by_role("dialog").locator("h3").inner_text().split(" ·")[0]
    expect(page.locator(".wbc-place")).to_contain_text(f"{opened} – ", timeout=30_000)


def _sort_and_open(page: Any, view: RunView) -> None:
    """Sort the leaderboard by names, open a number, and an image of its list."""
    from playwright.sync_api import expect

    models = page.locator(".wbl-table tbody th")
    page.get_by_role("button", name="Model", exact=True).click()
    expect(models).to_have_text(["coarse", "fine"])
    page.get_by_role("button", name="Model ↑").click()
    expect(models).to_have_text(["fine", "coarse"])

    page.get_by_role("button", name="coarse, F1 @ 0.5").click()
    values = leaderboards(view.scores).values("f1@0.5")["coarse"].sort_values()
    lines = page.locator(".wbt-list tbody tr")
    expect(lines.first).to_contain_text(f"{values.iloc[0]:.3f}", timeout=30_000)
    for image_id in values.index[::-1]:
        lines.get_by_role("button", name=str(image_id)).click()
        place = page.locator(".wbc-place")
        expect(place).to_contain_text(f"{image_id} – ", timeout=30_000)
        expect(place).to_be_in_viewport()
        expect(page.locator(".wbc figcaption").last).to_contain_text("coarse-0 · F1")


def _walk_by_keys(page: Any) -> None:
    """Walk from the hardest image on; the notebook does not take the keys for its own."""
    from playwright.sync_api import expect

    comparer = page.locator(".wbc")
    place = page.locator(".wbc-place")
    comparer.focus()
    page.keyboard.press("w")
    expect(place).to_contain_text("1 of 3")
    hardest = place.inner_text()
    page.keyboard.press("ArrowRight")
    expect(place).to_contain_text("2 of 3")
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text(hardest)
    page.keyboard.press("2")
    expect(page.locator(".wbc figcaption")).to_have_count(2)
    page.keyboard.press("e")
    expect(page.locator(".wbc-record").last).to_contain_text("missed")
    page.keyboard.press("Escape")
    expect(page.locator(".wbc-record").last).to_have_text("")
    page.keyboard.press("0")


def _click_a_cell_and_draw_the_curtain(page: Any) -> None:
    from playwright.sync_api import expect

    click_pixel(page, page, (14, 14))
    expect(page.locator(".wbc-record").first).to_contain_text("reference cell 1 ·")
    page.keyboard.press("c")
    canvas = page.locator(".wbc canvas")
    expect(canvas).to_have_count(1)
    curtain = page.get_by_label("Curtain between")
    curtain.focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(300)
    one = canvas.screenshot()
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    assert canvas.screenshot() != one
    page.locator(".wbc").focus()
    page.keyboard.press("c")
    expect(canvas).to_have_count(page.locator(".wbc-toggle[aria-pressed=true]").count())


def _brush_and_keep(page: Any, view: RunView) -> None:
    """Brush images in the explorer, give them a name, and read it from disk."""
    from playwright.sync_api import expect

    page.locator(".wbx").scroll_into_view_if_needed()
    page.get_by_label("Across").select_option("f1_coarse-0")
    expect(page.locator(".wbx-count")).to_have_text("3 of 3 images")
    brush(page, (0.01, 0.01), (0.7, 0.99))
    expect(page.locator(".wbx-count")).to_contain_text("images chosen, of 3 in all")
    chosen = {tile.get_attribute("title") for tile in page.locator(".wbx-tile").all()}
    f1 = leaderboards(view.scores).values("f1@0.5")["coarse"]
    # The axis goes from 4 % below the least value to 4 % above the largest.
    assert chosen == set(f1.index[f1 < f1.min() + 0.7 * (f1.max() - f1.min())])
    keep = page.locator(".wbx-keep")
    keep.locator("input").fill("left part")
    keep.get_by_role("button").click()
    expect(keep.locator("output")).to_have_text(f"Kept {len(chosen)} images as 'left part'.")
    assert set(read_slices(view.run.slices_file)["left part"].image_ids) == chosen


def click_pixel(page: Any, host: Any, pixel: tuple[int, int], *, size_px: int = 96) -> None:
    """Click on row and column of the first panel's square image, shown whole."""
    canvas = host.locator(".wbc canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    scale = min(box["width"], box["height"]) / size_px
    left = box["x"] + (box["width"] - size_px * scale) / 2
    top = box["y"] + (box["height"] - size_px * scale) / 2
    page.mouse.click(left + (pixel[1] + 0.5) * scale, top + (pixel[0] + 0.5) * scale)


@pytest.mark.usefixtures("needs_chromium")
def test_the_page_that_a_notebook_leaves_answers_without_a_kernel(notebook: Path) -> None:
    from playwright.sync_api import expect

    subprocess.run(
        [sys.executable, "-m", "jupyter", "nbconvert", "--to", "html", "--execute", notebook.name],
        cwd=notebook.parent,
        env={**os.environ, "WORKBENCH_PANELS": "still"},
        check=True,
        capture_output=True,
    )
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1366, "height": 900}, offline=True)
        page = context.new_page()
        page.goto(notebook.with_suffix(".html").as_uri())
        board, explorer, comparer = (page.frame_locator("iframe").nth(at) for at in range(3))

        board.get_by_role("button", name="coarse, F1 @ 0.5").click()
        expect(board.locator(".wbt-list tbody tr")).to_have_count(3)

        explorer.locator(".wbx-tile").first.click()
        expect(explorer.get_by_role("dialog").locator("h3")).to_contain_text("1 of 3")

        comparer.locator("figcaption").first.wait_for()
        click_pixel(page, comparer, (14, 14))
        expect(comparer.locator(".wbc-record").first).to_contain_text("reference cell 1 ·")
