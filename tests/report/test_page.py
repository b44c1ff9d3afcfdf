"""The page in a browser: what is behind a number, by pointer and by keyboard, and on paper."""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page

from scripts.browser import chromium
from tests.report.score_tables import score_table
from workbench.report import (
    Report,
    ReportTable,
    Section,
    print_pdf,
    render_html,
    score_sections,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("needs_chromium")]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scores = score_table()
    scores["image_id"] = scores["image_id"].str.replace("im03", "im03 <i>&</script>")
    report = Report("Three models", score_sections(scores, n_resamples=199), scores=scores)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_html(report, made=datetime(2026, 1, 2)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(page_file: Path) -> Iterator[Page]:
    with chromium() as browser:
        opened = browser.new_context(offline=True).new_page()
        opened.goto(page_file.as_uri())
        yield opened


def test_a_click_on_a_number_lists_its_images_with_their_scores(page: Page) -> None:
    table = page.locator("table", has_text="Metrics comparison at IoU 0.5: means over").first
    number = table.locator("tbody tr").first.locator("button").first
    shown = number.inner_text()
    number.click()
    panel = page.locator("#behind")
    assert panel.locator("h2").inner_text() == "F1 at IoU 0.5: good"
    assert f"24 images; mean {float(shown):.3f}" in panel.locator("p").inner_text()
    scores = [float(s) for s in panel.locator("tbody td:last-child").all_inner_texts()]
    assert scores == sorted(scores)
    assert len(scores) == 24
    assert sum(scores) / 24 == pytest.approx(float(shown), abs=1e-3)
    assert "im03 <i>&</script>" in panel.locator("tbody th").all_inner_texts()
    page.keyboard.press("Escape")
    assert not panel.is_visible()


def test_keys_reach_every_number_and_enter_opens_it(page: Page) -> None:
    table = page.locator("table", has_text="All pairs on the same images").first
    numbers = table.locator("button")
    assert [numbers.nth(i).get_attribute("tabindex") for i in range(3)] == ["0", "-1", "-1"]
    numbers.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    panel = page.locator("#behind")
    assert panel.locator("h2").inner_text() == "F1 at IoU 0.5: good − poor"
    assert "difference: mean 0." in panel.locator("p").inner_text()
    page.keyboard.press("Escape")
    focused = page.evaluate("document.activeElement.dataset.q")
    assert focused == table.locator("tbody tr").nth(1).locator("button").first.get_attribute(
        "data-q"
    )


def test_figures_offer_no_upload_and_no_stops_to_the_tab_key(page: Page) -> None:
    plot = page.locator(".plot").first
    plot.scroll_into_view_if_needed()
    plot.locator(".modebar-btn").first.wait_for(state="attached")
    assert plot.get_attribute("role") == "img"
    assert plot.get_attribute("aria-label")
    tools = plot.locator(".modebar-btn")
    assert "Pan" in tools.evaluate_all("all => all.map(tool => tool.dataset.title)")
    assert "hare" not in "".join(tools.evaluate_all("all => all.map(t => t.dataset.title)"))
    page.set_viewport_size({"width": 1000, "height": 900})
    page.wait_for_timeout(500)
    assert set(tools.evaluate_all("all => all.map(tool => tool.tabIndex)")) == {-1}
    page.set_viewport_size({"width": 1200, "height": 900})


def test_headings_are_in_order_and_each_has_words(page: Page) -> None:
    headings = page.locator("h1, h2, h3").all()
    levels = [int(heading.evaluate("h => h.tagName[1]")) for heading in headings]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(heading.text_content() for heading in headings)


def test_nothing_is_wider_than_a_narrow_window(page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    # Figures follow the window a little later.
    page.wait_for_function("document.documentElement.scrollWidth <= 400", timeout=20_000)
    page.set_viewport_size({"width": 1200, "height": 900})


def test_on_paper_there_are_no_panels_and_rows_stay_whole(page: Page) -> None:
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    row = page.locator("tbody tr").first
    assert row.evaluate("row => getComputedStyle(row).breakInside") == "avoid"
    head = page.locator("thead").first
    assert head.evaluate("head => getComputedStyle(head).display") == "table-header-group"
    page.emulate_media(media="screen")


def test_the_pdf_has_the_figures_drawn(page_file: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "report.pdf"
    assert print_pdf(page_file, pdf) == ""
    assert pdf.read_bytes().startswith(b"%PDF")
    without = tmp_path / "without.html"
    text = page_file.read_text(encoding="utf-8")
    without.write_text(text.replace("Plotly.newPlot", "void"), encoding="utf-8")
    assert print_pdf(without, tmp_path / "without.pdf") == ""
    assert pdf.stat().st_size > 1.3 * (tmp_path / "without.pdf").stat().st_size


SHEET_PX = 681


@pytest.fixture
def sheet(page: Page, tmp_path: Path) -> Iterator[Page]:
    """A page as the printer sees it: tables of nine, twenty and sixty long names, and a hash."""
    tables = [wide_table(n_columns) for n_columns in (9, 20, 60)]
    texts = pd.DataFrame({"What": ["Packages", "Data"], "Value": ["ab 1.2, " * 90, "f" * 300]})
    section = Section("Wide", items=[*tables, ReportTable("texts", "Long texts.", texts)])
    path = tmp_path / "wide.html"
    path.write_text(render_html(Report("r", [section]), made=datetime(2026, 1, 2)), "utf-8")
    printed = page.context.new_page()
    printed.goto(f"{path.as_uri()}#paper")
    printed.emulate_media(media="print")
    printed.set_viewport_size({"width": SHEET_PX - 1, "height": 1000})
    yield printed
    printed.close()


def wide_table(n_columns: int) -> ReportTable:
    names = [f"maunet_of{n_columns}_{number}" for number in range(n_columns)]
    frame = pd.DataFrame(np.full((3, n_columns), 1234.567), columns=names)
    frame.insert(0, "Measure", ["F1", "Precision", "Object Hausdorff distance, px"])
    frame["p"] = "< 0.0001"
    return ReportTable(f"of_{n_columns}", f"{n_columns} models.", frame)


def test_on_paper_no_table_is_wider_than_the_sheet(sheet: Page) -> None:
    widths = sheet.locator("main table:visible").evaluate_all("all => all.map(t => t.offsetWidth)")
    assert len(widths) > 4
    assert max(widths) <= SHEET_PX


def test_on_paper_every_number_stands_on_one_line(sheet: Page) -> None:
    n_lines = sheet.locator("main table:visible td.number, main table:visible td.short")
    heights = n_lines.evaluate_all(
        "all => all.map(c => (c.clientHeight - 2 * parseFloat(getComputedStyle(c).paddingTop))"
        " / parseFloat(getComputedStyle(c).fontSize))"
    )
    assert len(heights) > 200
    assert max(heights) < 2


def test_on_paper_a_table_of_sixty_columns_is_parted_and_each_part_names_its_rows(
    sheet: Page,
) -> None:
    parts = sheet.locator("main table:visible", has_text="maunet_of60_").all()
    headers = [part.locator("thead th").all_text_contents() for part in parts]
    assert len(parts) > 2
    assert {header[0] for header in headers} == {"Measure"}
    shown = [name for header in headers for name in header[1:]]
    assert shown == [*(f"maunet_of60_{number}" for number in range(60)), "p"]
    rows = [part.locator("tbody tr").first.locator("th, td").all_inner_texts() for part in parts]
    assert [row[0] for row in rows] == ["F1"] * len(parts)
    assert [len(row) for row in rows] == [len(header) for header in headers]
    sizes = [part.evaluate("t => parseFloat(getComputedStyle(t).fontSize)") for part in parts]
    assert min(sizes) > 8  # px: 6 pt


def test_after_printing_the_page_is_as_before(page: Page) -> None:
    before = page.locator("main").inner_text()
    page.evaluate("toPaper(); toScreen()")
    assert page.locator("main").inner_text() == before
    assert page.locator(".on-paper").count() == 0
