"""The cells behind the numbers of a page: each once, cut where they would make it too large."""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from scripts.browser import chromium
from workbench.report import Query, Report, ReportTable, Section, embed_cells, render_html

CELLS = pd.DataFrame(
    {
        "image_id": ["a", "a", "b"], "side": ["reference", "predicted", "reference"],
        "cell_id": 1, "model": "unet", "seed": 0, "outcome": ["matched", "matched", "missed"],
        "detail": ["", "", "clean"], "partner_iou": [0.9, 0.9, float("nan")],
    }
)  # fmt: skip
FIRST, SECOND, THIRD = (
    (row.image_id, row.side, row.cell_id, "unet-0") for row in CELLS.itertuples()
)


def asks(*cells: tuple[str, str, int, str]) -> Query:
    return Query(("unet",), "f1", 0.5, cells=cells)


def test_a_cell_of_two_numbers_is_on_the_page_once() -> None:
    found = embed_cells(CELLS, [asks(FIRST, SECOND), asks(THIRD, FIRST), asks(FIRST, SECOND)])
    content = json.loads(found.json)
    assert len(content["cells"]) == 3
    assert content["sets"] == [[[0, 1], 2], [[2, 0], 2]]
    assert list(found.keys.values()) == ["c0", "c1"]
    names = content["names"]
    image, side, cell_id, member, outcome, iou = content["cells"][2]
    assert [names[place] for place in (image, side, member, outcome)] == [
        "b", "reference", "unet-0", "missed (clean)",
    ]  # fmt: skip
    assert (cell_id, iou) == (1, None), "NaN is not JSON"


def test_numbers_that_would_make_the_page_too_large_list_nothing() -> None:
    large, small = asks(FIRST, SECOND), asks(THIRD)
    assert list(embed_cells(CELLS, [large, small], max_cells=1).keys) == [small]


def test_names_do_not_end_the_script() -> None:
    cell = ("</script>", "reference", 1, "unet-0")
    assert "</script>" not in embed_cells(CELLS, [asks(cell)]).json


@pytest.mark.browser
@pytest.mark.usefixtures("needs_chromium")
def test_a_click_on_a_number_of_cells_lists_them(tmp_path: Path) -> None:
    cells = pd.DataFrame(
        {
            "image_id": "a <b>", "side": "reference", "cell_id": [1, 2], "model": "unet",
            "seed": 0, "outcome": ["boundary", "missed"], "detail": ["shrunk", ""],
            "partner_iou": [0.31, 0.0],
        }
    )  # fmt: skip
    keys = tuple(("a <b>", "reference", cell, "unet-0") for cell in (2, 1))
    query = Query(("unet",), "f1", 0.5, cells=keys, n_cells=70)
    table = ReportTable("lost", "Lost.", pd.DataFrame({"Lost": [70]}), queries={"Lost": [query]})
    report = Report("cells", [Section("Errors", items=[table])], cells=cells)
    path = tmp_path / "report.html"
    path.write_text(render_html(report, made=datetime(2026, 1, 2)), encoding="utf-8")
    with chromium() as browser:
        page = browser.new_context(offline=True).new_page()
        page.goto(path.as_uri())
        page.get_by_role("button", name="70").click()
        panel = page.locator("#behind")
        assert panel.locator("p").inner_text().startswith("The first 2 of 70 cells.")
        rows = [row.split("\t") for row in panel.locator("tbody tr").all_inner_texts()]
    assert rows == [
        ["a <b>", "reference", "2", "unet-0", "missed", "0.000"],
        ["a <b>", "reference", "1", "unet-0", "boundary (shrunk)", "0.310"],
    ]
