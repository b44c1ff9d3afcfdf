"""Notebooks opened, run, clicked and typed into in JupyterLab, in headless Chromium."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.browser import chromium, comparer_panel, jupyterlab, run_all_cells
from tests.conftest import REPOSITORY
from tests.studies.wrong_labels import view_of_wrong_labels
from workbench.store import read_verdicts

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


@pytest.mark.usefixtures("needs_chromium")
def test_keys_of_the_review_are_verdicts_on_disk(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path], tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    view = view_of_wrong_labels(small_dataset, small_study, tmp_path / "runs" / "discs")
    path = view.run.verdicts_file
    desk = tmp_path / "notebooks"
    desk.mkdir()
    notebook = json.loads((REPOSITORY / "notebooks" / "12_review.ipynb").read_text())
    parameters = next(cell for cell in notebook["cells"] if cell["metadata"].get("tags"))
    parameters["source"] = [
        line.replace("../runs/demo", "../runs/discs").replace('reviewer = ""', 'reviewer = "Ada"')
        for line in parameters["source"]
    ]
    (desk / "12_review.ipynb").write_text(json.dumps(notebook))
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(address.format("notebooks/12_review.ipynb"))
        run_all_cells(page)

        panel = page.locator(".wbr")
        progress = panel.locator(".wbr-progress")
        expect(panel.locator(".wbc-record").first).to_contain_text("cell", timeout=120_000)
        expect(progress).to_contain_text("0 of 2 judged")
        panel.focus()
        page.keyboard.press("n")
        page.keyboard.type("13 discs are one")
        page.keyboard.press("Enter")
        page.keyboard.press("2")
        expect(progress).to_contain_text("1 of 2 judged")
        expect(panel.locator(".wbc-place")).to_contain_text("2 of 2")
        page.keyboard.press("3")
        # The scores follow: without both errors nothing is wrong.
        expect(progress).to_contain_text("→ 1.000 without disputed cells", timeout=30_000)
        first, last = read_verdicts(path).iloc[0], read_verdicts(path).iloc[-1]
        assert (first["judgement"], first["note"]) == ("annotation error", "13 discs are one")
        assert (last["judgement"], last["note"], last["reviewer"]) == ("ambiguous", "", "Ada")

        page.keyboard.press("u")
        expect(progress).to_contain_text("1 of 2 judged")
        expect(panel.locator(".wbc-place")).to_contain_text("2 of 2")
        expect(panel.locator(".wbr-told")).to_have_text("Not judged yet.")
        assert set(read_verdicts(path)["judgement"]) == {"annotation error"}
        assert "withdrawn" in set(read_verdicts(path, latest=False)["judgement"])
        page.screenshot(path=tmp_path / "review.png")
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
