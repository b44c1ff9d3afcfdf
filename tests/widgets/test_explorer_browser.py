"""The explorer on screen: in JupyterLab with its kernel, and as a page without one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest

from scripts.browser import chromium, find_chromium, jupyterlab
from tests.widgets.test_explorer import CELLS, IMAGES
from workbench.datasets import open_dataset
from workbench.studies import make_thumbnails, survey_dataset
from workbench.widgets import GalleryState, data_explorer, encode_table, resolve_gallery
from workbench.widgets._still import SCRIPT, still_frame

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RESOLVE = """({columns, nRows, states}) => {
  for (const column of Object.values(columns)) {
    column.values = Float32Array.from(column.values, (value) => value ?? NaN);
  }
  const table = {columns, nRows, orders: new Map()};
  return states.map((state) => {
    const {visible, chosen, rows, shown} = resolveGallery(table, state);
    return [visible, chosen, rows, shown].map((values) => Array.from(values));
  });
}"""

# From a change of a menu until the last picture that it calls for is on screen.
TIME_FILTER = """async ([filter, value]) => {
  const root = document.querySelector(".wbx");
  const menu = root.querySelector(`[data-filter="${filter}"] select`);
  const before = root.querySelector(".wbx-count").textContent;
  const start = performance.now();
  menu.value = value;
  menu.dispatchEvent(new Event("change"));
  const isThere = () => root.querySelector(".wbx-count").textContent !== before
    && [...root.querySelectorAll(".wbx-tile")].every((tile) => tile.querySelector("img")?.complete);
  while (!isThere()) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""

NOTEBOOK = """
import numpy as np, pandas as pd
from pathlib import Path
from workbench.datasets import open_dataset
from workbench.studies import make_thumbnails
from workbench.widgets import data_explorer

inner = make_thumbnails(open_dataset(Path({dataset!r})), Path("sheets"))
class Repeated:  # 7,000 images out of five
    def thumbnail(self, image_id, **how): return inner.thumbnail("im" + image_id[-1], **how)
    def picture(self, image_id, **how): return inner.picture("im" + image_id[-1], **how)
    def crop(self, image_id, *cell, **how): return inner.crop("im" + image_id[-1], *cell, **how)

rng = np.random.default_rng(0)
images = pd.DataFrame({{
    "image_id": [f"{{n:05d}}-{{n % 5}}" for n in range(7000)],
    "cell_type": rng.choice(["HeLa", "lung", "pancreas"], 7000),
    "n_cells": np.arange(1, 7001), "foreground": rng.random(7000)}})
cells = pd.DataFrame({{
    "image_id": rng.choice(images["image_id"], 300_000), "cell_id": rng.integers(1, 17, 300_000),
    "area_px": rng.lognormal(5, 1, 300_000), "solidity": rng.random(300_000)}})
opened = []
explorer = data_explorer(images, cells, Repeated(), on_pick=lambda *what: opened.append(what))
explorer
"""

TOLD = "print('told', opened[-1], len(explorer.chosen), explorer.state['images']['filters'])"
CHANGE = "explorer.change('images', filters={'cell_type': 'HeLa'}, n_shown=6)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if find_chromium() is None:
        pytest.skip("no Chromium found; scripts/system_packages.sh names the package")
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that can't reach anything; errors in it are errors of the test."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    yield page
    context.close()
    assert not errors


def states(rng: np.random.Generator, frame: pd.DataFrame) -> Iterator[GalleryState]:
    """Yield states of every kind, brushes among values and on them."""
    values = [*frame["v"].dropna(), -0.5, 0.25, 7]
    for _ in range(200):
        low_x, high_x = sorted(rng.choice(values, 2))
        low_y, high_y = sorted(rng.choice(values, 2))
        yield GalleryState(
            x="v",
            y="w",
            brush=(low_x, high_x, low_y, high_y) if rng.random() < 0.6 else None,
            picked=int(rng.integers(len(frame))) if rng.random() < 0.2 else None,
            filters={name: str(rng.choice(["one", "two"])) for name in "km" if rng.random() < 0.5},
            sort=str(rng.choice(["", "v", "k", "image_id"])),
            descending=bool(rng.random() < 0.5),
            n_shown=int(rng.integers(1, 50)),
        )


def test_the_screen_shows_what_python_says(page: Any) -> None:
    rng = np.random.default_rng(0)
    n = 60
    frame = pd.DataFrame({
        "image_id": rng.permutation([f"im{i}" for i in range(n)]),
        "v": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 30, n) / 10),
        "w": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 30, n) / 10),
        "k": rng.choice(["one", "two"], n),
        "m": rng.choice(["one", "two"], n),
    })  # fmt: skip
    table = encode_table(frame)
    asked = list(states(rng, frame))
    page.goto("about:blank")
    page.add_script_tag(content=SCRIPT.rpartition("export default")[0])
    columns = {
        column.name: {
            "values": [None if value != value else float(value) for value in column.data],
            "names": column.names,
        }
        for column in table.columns.values()
    }
    told = page.evaluate(
        RESOLVE,
        {"columns": columns, "nRows": n, "states": [state.model_dump() for state in asked]},
    )
    sizes = set()
    for state, (visible, chosen, rows, shown) in zip(asked, told, strict=True):
        view = resolve_gallery(table, state)
        assert visible == view.visible.astype(int).tolist(), state
        assert chosen == view.chosen.astype(int).tolist(), state
        assert rows == view.rows.tolist(), state
        assert shown == view.shown.tolist(), state
        sizes.add(len(rows))
    assert len(sizes) > 20, "states differ in what they choose"


@pytest.fixture
def still_page(small_dataset: Callable[..., Path], tmp_path: Path) -> Path:
    """A page of thirty images in three splits and of their cells, made without a browser."""
    dataset = open_dataset(small_dataset(splits=("train", "val", "test") * 10))
    survey = survey_dataset(dataset)
    images = survey.images.assign(place=range(30))
    cells = survey.cells.assign(row_px=14.0, column_px=38.0)
    explorer = data_explorer(images, cells, make_thumbnails(dataset, tmp_path / "sheets"))
    explorer.change("images", x="place", y="place", n_shown=12)
    path = tmp_path / "explorer.html"
    path.write_text(explorer.static_html(), encoding="utf-8")
    return path


class TestPageWithoutKernel:
    def test_it_filters_sorts_and_counts(self, page: Any, still_page: Path) -> None:
        from playwright.sync_api import expect

        page.goto(still_page.as_uri())
        count = page.locator(".wbx-count")
        expect(count).to_have_text("12 of 30 images")
        expect(page.locator(".wbx-tile img")).to_have_count(12)

        page.locator('[data-filter="split"] select').select_option("val")
        expect(count).to_have_text("10 of 10 images chosen, of 30 in all")
        page.get_by_label("Sort by").select_option("place")
        page.locator(".wbx-direction").click()
        expect(page.locator(".wbx-tile").first).to_have_attribute("title", "im28")
        expect(page.locator(".wbx-caption").first).to_have_text("28")

        slider = page.get_by_label("Pictures")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        expect(count).to_have_text("6 of 10 images chosen, of 30 in all")

    def test_outlines_are_switched(self, page: Any, still_page: Path) -> None:
        page.goto(still_page.as_uri())
        image = page.locator(".wbx-tile img").first
        page.wait_for_function("document.querySelector('.wbx-tile img')?.complete")
        outlined = image.screenshot()
        page.get_by_role("button", name="Outlines").first.click()
        page.wait_for_function("document.querySelector('.wbx-tile img')?.complete")
        assert image.screenshot() != outlined

    def test_a_brush_chooses_what_it_covers_until_escape(self, page: Any, still_page: Path) -> None:
        from playwright.sync_api import expect

        page.goto(still_page.as_uri())
        count = page.locator(".wbx-count")
        expect(count).to_have_text("12 of 30 images")
        brush(page, (0.01, 0.01), (0.5, 0.99))
        expect(count).to_contain_text("images chosen, of 30 in all")
        chosen = {int(tile.get_attribute("title")[2:]) for tile in page.locator(".wbx-tile").all()}
        assert chosen == set(range(12)), "the left half: the first twelve of its fifteen"
        page.keyboard.press("Escape")
        expect(count).to_have_text("12 of 30 images")

        brush(page, (0.6, 0.05), (0.98, 0.98))
        expect(count).to_contain_text("chosen")
        last = in_plot(page, (30.16 / 31.32, 1.16 / 31.32))  # where the axes end, 4 % further
        page.mouse.click(*last)
        expect(count).to_have_text("1 of 1 images chosen, of 30 in all")
        page.mouse.dblclick(*last)
        expect(count).to_have_text("12 of 30 images")

    def test_keys_walk_the_cloud_and_choose_a_point(self, page: Any, still_page: Path) -> None:
        from playwright.sync_api import expect

        page.goto(still_page.as_uri())
        expect(page.locator(".wbx-count")).to_have_text("12 of 30 images")
        page.locator(".wbx-overlay").focus()
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        expect(page.locator(".wbx-tip")).to_contain_text("im2")
        page.keyboard.press("Enter")
        expect(page.locator(".wbx-count")).to_have_text("1 of 1 images chosen, of 30 in all")
        assert page.locator(".wbx-tile").get_attribute("title") == "im2"

    def test_a_picture_opens_with_its_facts_and_closes(self, page: Any, still_page: Path) -> None:
        from playwright.sync_api import expect

        page.goto(still_page.as_uri())
        page.locator(".wbx-tile").nth(3).click()
        large = page.get_by_role("dialog")
        expect(large.locator("h3")).to_have_text("im3 · 4 of 12")
        facts = large.locator("tr")
        expect(facts.filter(has_text="Number of cells")).to_have_text("Number of cells16")
        expect(facts.filter(has_text="Split")).to_have_text("Splittrain")
        page.keyboard.press("ArrowRight")
        expect(large.locator("h3")).to_have_text("im4 · 5 of 12")
        page.keyboard.press("Escape")
        expect(large).to_be_hidden()
        expect(page.locator(".wbx-tile").nth(3)).to_be_focused()

    def test_cells_are_ringed_in_their_images(self, page: Any, still_page: Path) -> None:
        from playwright.sync_api import expect

        page.goto(still_page.as_uri())
        page.get_by_role("button", name="Cells").click()
        expect(page.locator(".wbx-count")).to_have_text("24 of 480 cells")
        ring = page.locator(".wbx-ring").first
        left, top = ring.evaluate("ring => [ring.style.left, ring.style.top]")
        assert float(left[:-1]) == pytest.approx(100 * 38.5 / 96, abs=0.01)
        assert float(top[:-1]) == pytest.approx(100 * 14.5 / 96, abs=0.01)

    def test_density_takes_the_place_of_points_where_there_are_many(
        self, page: Any, tmp_path: Path
    ) -> None:
        from playwright.sync_api import expect

        rng = np.random.default_rng(0)
        cells = pd.DataFrame({
            "image_id": "a", "cell_id": range(50_000),
            "area_px": rng.lognormal(5, 1, 50_000), "solidity": rng.random(50_000),
        })  # fmt: skip
        explorer = data_explorer(IMAGES, cells)
        explorer.change("cells")
        (tmp_path / "many.html").write_text(explorer.static_html(), encoding="utf-8")
        page.goto((tmp_path / "many.html").as_uri())
        note = page.locator(".wbx-note").first
        expect(note).to_contain_text("20,000 cells as density")
        expect(note).to_contain_text("this page holds 20,000 of 50,000 cells, drawn at random")

    def test_it_works_in_the_output_of_a_notebook(
        self, page: Any, still_page: Path, tmp_path: Path
    ) -> None:
        from playwright.sync_api import expect

        output = still_frame(still_page.read_text(encoding="utf-8"))
        (tmp_path / "notebook.html").write_text(
            f'<meta charset="utf-8"><h1>Notebook</h1>{output}', encoding="utf-8"
        )
        page.goto((tmp_path / "notebook.html").as_uri())
        frame = page.frame_locator("iframe")
        frame.locator('[data-filter="split"] select').select_option("test")
        expect(frame.locator(".wbx-count")).to_have_text("10 of 10 images chosen, of 30 in all")
        expect(frame.locator(".wbx-tile img")).to_have_count(10)

    def test_what_lacks_a_value_is_counted(self, page: Any, tmp_path: Path) -> None:
        from playwright.sync_api import expect

        (tmp_path / "e.html").write_text(data_explorer(IMAGES, CELLS).static_html(), "utf-8")
        page.goto((tmp_path / "e.html").as_uri())
        expect(page.locator(".wbx-note").first).to_contain_text("2 images lack a value")


def brush(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag a rectangle between two points of the plot."""
    page.mouse.move(*in_plot(page, start))
    page.mouse.down()
    page.mouse.move(*in_plot(page, end), steps=5)
    page.mouse.up()


def in_plot(page: Any, shares: tuple[float, float]) -> tuple[float, float]:
    """Return where a point lies on the page, given in shares of the plot from its upper left."""
    left, top, right, bottom = page.evaluate(
        """() => {
          const box = document.querySelector(".wbx-overlay").getBoundingClientRect();
          return [box.left + 62, box.top + 64, box.right - 18, box.bottom - 46];
        }"""
    )
    return left + shares[0] * (right - left), top + shares[1] * (bottom - top)


def test_seven_thousand_images_in_jupyterlab(
    browser: Any, small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    from playwright.sync_api import expect

    code = NOTEBOOK.format(dataset=str(small_dataset()))
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (code, TOLD, CHANGE)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    (tmp_path / "desk").mkdir()
    nbformat.write(notebook, tmp_path / "desk" / "explore.ipynb")
    with jupyterlab(tmp_path / "desk") as address:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address.format("explore.ipynb"))
        run_cell(page, 0)
        count = page.locator(".wbx-count")
        expect(count).to_have_text("24 of 7,000 images", timeout=120_000)
        expect(page.locator(".wbx-tile img")).to_have_count(24)

        for value in ("lung", "HeLa", "", "lung"):
            took_ms = page.evaluate(TIME_FILTER, ["cell_type", value])
            # A measurement, not a claim.
            print(f"\n{value or 'all'}: pictures there after {took_ms:.0f} ms")  # noqa: T201
        page.get_by_label("Sort by").select_option("n_cells")
        page.locator(".wbx-direction").click()
        first = page.locator(".wbx-tile").first
        expect(first.locator(".wbx-caption")).to_contain_text("6,9")
        opened = first.get_attribute("title")
        first.click()
        large = page.get_by_role("dialog")
        expect(large.locator("h3")).to_have_text(f"{opened} · 1 of 24")
        expect(large.locator("tr")).to_have_count(4)
        page.keyboard.press("Escape")

        # Python is told what was opened and what is chosen.
        n_chosen = count.inner_text().split(" of ")[1].removesuffix(" images chosen,")
        run_cell(page, 1)
        told = f"told ('{opened}', None) {n_chosen.replace(',', '')} {{'cell_type': 'lung'}}"
        expect(page.get_by_text(told)).to_be_visible(timeout=30_000)

        page.locator('[data-level="cells"]').click()
        expect(page.locator(".wbx-note").first).to_contain_text("as density", timeout=30_000)
        expect(page.locator('[data-filter="cell_type"] select')).to_have_value("lung")
        expect(page.locator(".wbx-tile img")).to_have_count(24, timeout=30_000)

        # The screen shows what Python sets.
        run_cell(page, 2)
        expect(count).to_contain_text("6 of 2,", timeout=30_000)
        expect(page.locator('[data-filter="cell_type"] select')).to_have_value("HeLa")
        expect(page.locator(".wbx-control output")).to_have_text("6")
        assert not errors
        page.close()


def run_cell(page: Any, place: int) -> None:
    """Run one cell of the open notebook, once its kernel is there."""
    from playwright.sync_api import expect

    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=60_000)
    page.locator(".jp-CodeCell").nth(place).locator(".cm-content").first.click()
    page.keyboard.press("Control+Enter")
