"""A table whose numbers open their images: in Python, as a page, and in JupyterLab."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

from scripts.browser import chromium, find_chromium, jupyterlab, run_all_cells
from workbench.report import Query, ReportTable, Section
from workbench.schema import InputError
from workbench.widgets import NumberTable, number_table, show_section

FRAME = pd.DataFrame({"Model": ["unet", "otsu"], "Images": [3, 3], "Mean": [0.7, 0.5]})
QUERIES = {
    "Images": [Query(("unet",), "f1", 0.5), None],
    "Mean": [Query(("unet",), "f1", 0.5), Query(("otsu",), "f1", 0.5)],
}
TABLE = ReportTable("means", "Mean F1 over images.", FRAME, queries=QUERIES, label="as published")
VALUES = {"unet": [0.5, 0.7, np.nan], "otsu": [0.1, 0.2, 1.0]}


def images(query: Query) -> pd.DataFrame:
    (model,) = query.models
    return pd.DataFrame({"Image": ["<im0>", "im1", "im2"], model: VALUES[model]})


def still_data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1].replace("<\\/", "</"))
    return data


class TestInPython:
    def test_picking_a_number_lists_its_images_and_tells_its_query(self) -> None:
        asked: list[Query] = []
        panel = number_table(TABLE, images, on_query=asked.append)
        panel.picked = [0, 2]
        assert panel.listing == {
            "of": [0, 2],
            "header": ["Image", "unet"],
            "isNumber": [False, True],
            "rows": [["<im0>", "0.500"], ["im1", "0.700"], ["im2", "–"]],
            "about": "3 images",
        }
        assert asked == [QUERIES["Mean"][0]]

    def test_closing_the_list_empties_it_and_asks_nothing(self) -> None:
        asked: list[Query] = []
        panel = number_table(TABLE, images, on_query=asked.append)
        panel.picked = [1, 2]
        panel.picked = []
        assert panel.listing == {}
        assert len(asked) == 1

    def test_the_label_stands_in_front_of_the_caption(self) -> None:
        assert number_table(TABLE, images).content["title"] == (
            "As published. Mean F1 over images."
        )

    @pytest.mark.parametrize("place", [[0, 0], [1, 1], [2, 2], [-1, 2], [0]])
    def test_what_is_no_number_with_images_can_not_be_picked(self, place: list[int]) -> None:
        with pytest.raises(InputError, match=r"expected row and column of a number with images"):
            number_table(TABLE, images).picked = place

    def test_of_7000_images_the_first_2000_are_sent_and_counted(self) -> None:
        def many(_: Query) -> pd.DataFrame:
            return pd.DataFrame({"Image": [str(n) for n in range(7000)]})

        panel = number_table(TABLE, many)
        panel.picked = [0, 2]
        assert len(panel.listing["rows"]) == 2000
        assert panel.listing["about"] == "the first 2,000 of 7,000 images"


class TestPageWithoutKernel:
    def test_the_same_list_is_in_the_page_once(self) -> None:
        data = still_data(number_table(TABLE, images).static_html())
        assert data["places"] == [[None, 0, 0], [None, None, 1]]
        assert [listing["header"][1] for listing in data["listings"]] == ["unet", "otsu"]
        assert data["content"]["note"] == ""

    def test_lists_that_do_not_fit_are_left_out_and_counted(self) -> None:
        one = len(json.dumps(still_data(number_table(TABLE, images).static_html())["listings"][0]))
        data = still_data(number_table(TABLE, images).static_html(max_mb=1.5 * one / 2**20))
        assert data["content"]["opens"] == [[False, True, True], [False, False, False]]
        assert data["content"]["note"].startswith("On this page 1 numbers open no list")

    def test_in_batch_the_page_takes_the_place_of_the_widget(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        panel = number_table(TABLE, images)
        widget = "application/vnd.jupyter.widget-view+json"
        assert widget in panel._repr_mimebundle_()[0]
        monkeypatch.setenv("WORKBENCH_PANELS", "still")
        bundle, _ = panel._repr_mimebundle_()
        assert widget not in bundle
        assert bundle["text/html"].startswith("<iframe")


def test_a_section_shows_texts_tables_and_nothing_unescaped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    show_section(Section("Scores", ["a < b"], [TABLE]), images)
    assert shown[0].data == "<p>a &lt; b</p>"
    assert isinstance(shown[1], NumberTable)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if find_chromium() is None:
        pytest.skip("no Chromium found; scripts/system_packages.sh names the package")
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """The page without a kernel; it can't reach anything, and errors in it are errors."""
    context = browser.new_context(viewport={"width": 800, "height": 600}, offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    path = tmp_path / "table.html"
    path.write_text(number_table(TABLE, images).static_html(), encoding="utf-8")
    page.goto(path.as_uri())
    yield page
    context.close()
    assert not errors


@pytest.mark.browser
@pytest.mark.slow
class TestOnScreen:
    def test_a_click_opens_the_list_and_another_closes_it(self, page: Any) -> None:
        from playwright.sync_api import expect

        number = page.get_by_role("button", name="Mean: 0.500")
        number.click()
        region = page.get_by_role("region")
        expect(region.locator("strong")).to_have_text("otsu · Mean: 0.500 – 3 images")
        expect(region.locator("tbody tr")).to_have_text(["<im0>0.100", "im10.200", "im21.000"])
        expect(number).to_have_attribute("aria-expanded", "true")
        number.click()
        expect(region).to_be_hidden()

    def test_arrows_walk_the_numbers_that_open_and_enter_opens(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Images: 3")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("button", name="Mean: 0.700")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("button", name="Mean: 0.500")).to_be_focused()
        page.keyboard.press("ArrowLeft")
        expect(page.get_by_role("button", name="Mean: 0.500")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("region").locator("tbody tr")).to_have_count(3)
        page.keyboard.press("Escape")
        expect(page.get_by_role("region")).to_be_hidden()
        expect(page.get_by_role("button", name="Mean: 0.500")).to_be_focused()

    def test_in_the_output_of_a_notebook_the_frame_grows_with_the_list(
        self, browser: Any, tmp_path: Path
    ) -> None:
        bundle = number_table(TABLE, images)._repr_mimebundle_()[0]
        path = tmp_path / "notebook.html"
        path.write_text(f'<meta charset="utf-8">{bundle["text/html"]}', encoding="utf-8")
        page = browser.new_page()
        page.goto(path.as_uri())
        inside = page.frame_locator("iframe")
        inside.get_by_role("button", name="Mean: 0.500").click()
        height = "document.querySelector('iframe').clientHeight"
        content = "document.querySelector('iframe').contentDocument.body.scrollHeight"
        page.wait_for_function(f"{height} >= {content} && {content} > 250")
        inside.get_by_role("button", name="Close").click()
        page.wait_for_function(f"{height} < 200")
        page.close()

    def test_what_has_no_images_is_no_button(self, page: Any) -> None:
        assert page.locator(".wbt-table button").count() == 3
        assert page.locator(".wbt-table td").count() == 6


CELL = """
import pandas as pd
from workbench.report import Query, ReportTable
from workbench.widgets import number_table
table = ReportTable("means", "Means.", pd.DataFrame({"Model": ["unet"], "Mean": [0.7]}),
                    queries={"Mean": [Query(("unet",), "f1", 0.5)]})
def images(query):
    return pd.DataFrame({"Image": ["im0", "im1"], query.models[0]: [0.6, 0.8]})
number_table(table, images)
"""


@pytest.mark.browser
@pytest.mark.slow
def test_the_kernel_answers_in_jupyterlab(browser: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, tmp_path / "table.ipynb")
    with jupyterlab(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        page.goto(address.format("table.ipynb"))
        run_all_cells(page)
        number = page.get_by_role("button", name="Mean: 0.700")
        expect(number).to_be_visible(timeout=60_000)
        number.focus()
        page.keyboard.press("Enter")
        rows = page.locator(".wbt-list tbody tr")
        expect(rows).to_have_text(["im00.600", "im10.800"], timeout=30_000)
        page.keyboard.press("Escape")
        expect(page.locator(".wbt-list")).to_be_hidden()
        page.close()
