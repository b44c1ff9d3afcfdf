"""The comparer: what a state shows, what crosses to the browser, and a page that opens offline."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scripts.browser import chromium
from workbench.schema import InputError
from workbench.studies import ImageCells
from workbench.widgets import (
    Comparer,
    ComparerState,
    PickedCell,
    comparer,
    image_orders,
    resolve_comparer,
)
from workbench.widgets._comparer_wire import pack_image, pack_layer

SCORES = pd.DataFrame(
    {
        "image_id": ["easy", "hard", "odd", "empty"],
        "unet-0": [0.9, 0.2, 0.8, np.nan],
        "otsu-0": [0.6, 0.1, 0.0, np.nan],
    }
)
REFERENCE = np.zeros((40, 60), np.uint32)
REFERENCE[5:15, 5:15], REFERENCE[20:35, 30:50] = 3, 70_000
FOUND = np.zeros((40, 60), np.uint32)
FOUND[5:15, 6:16], FOUND[2:8, 50:58] = 1, 2
CELLS = pd.DataFrame(
    {
        "side": ["reference", "reference", "predicted", "predicted"],
        "cell_id": [3, 70_000, 1, 2],
        "outcome": ["matched", "missed", "matched", "spurious"],
        "detail": ["", "clean", "", "background"],
        "partner_id": [1, 0, 3, 0],
        "partner_iou": [0.82, 0.0, 0.82, 0.0],
        "matched_iou": [0.82, np.nan, 0.82, np.nan],
        "confidence": [np.nan, np.nan, 0.9, 0.4],
        "area_px": [100, 300, 100, 48],
        "row_px": [9.5, 27.0, 9.5, 4.5],
        "column_px": [9.5, 39.5, 10.5, 53.5],
    }
)


class Pictures:
    """Four images, all alike but for their names."""

    scores = SCORES

    def image(self, image_id: str) -> tuple[np.ndarray, tuple[str, ...]]:
        if image_id == "odd":
            msg = "odd.tif: not a TIFF; export it again."
            raise InputError(msg)
        grey = np.full((40, 60, 2), 30, np.uint16)
        grey[REFERENCE > 0] = 900
        return grey, ("DAPI", "actin")

    def reference(self, _: str) -> ImageCells:
        known = CELLS[CELLS["side"] == "reference"]
        return ImageCells(REFERENCE, known[["side", "cell_id", "area_px"]])

    def predicted(self, _: str, model: str) -> ImageCells:
        if model == "otsu-0":
            return ImageCells(np.zeros_like(REFERENCE), CELLS.iloc[1:2])
        return ImageCells(FOUND, CELLS)


def page_data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1].replace("<\\/", "</"))
    return data


class TestWhatAStateShows:
    def test_images_are_walked_from_the_hardest_or_from_where_models_differ_most(self) -> None:
        orders = image_orders(SCORES)
        assert orders["as listed"] == [0, 1, 2, 3]
        assert orders["hardest for all"] == [1, 2, 0, 3], "the undefined one last"
        assert orders["models differ most"] == [2, 0, 1, 3]
        assert orders["otsu-0"] == [2, 1, 0, 3]

    def test_with_one_model_nothing_differs(self) -> None:
        assert "models differ most" not in image_orders(SCORES[["image_id", "unet-0"]])

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
    def test_every_order_holds_every_image_once(self, values: list[float]) -> None:
        scores = pd.DataFrame({"image_id": map(str, range(len(values))), "a": values, "b": 0.5})
        for order in image_orders(scores).values():
            assert sorted(order) == list(range(len(values)))

    def test_a_curtain_has_two_panels(self) -> None:
        panels = ("reference", "unet-0", "otsu-0")
        view = resolve_comparer(SCORES, ComparerState(panels=panels, layout="curtain"))
        assert view.panels == ("reference", "unet-0")
        assert view.scores == {"unet-0": 0.9, "otsu-0": 0.6}

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"order": "unet"}, "no order is called 'unet'; did you mean 'unet-0'"),
            ({"panels": ("sam",)}, "no panel is called 'sam'; there are reference, unet-0, otsu-0"),
            ({"panels": ("unet-0", "unet-0")}, "a panel is named twice"),
            ({"place": 4}, "there are 4 images, counted from 0; got place 4"),
            ({"contrast": (0.7, 0.2)}, "contrast must rise within 0 to 1"),
        ],
    )
    def test_what_is_not_there_is_refused(self, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=message):
            resolve_comparer(SCORES, ComparerState(**{"panels": ("reference",), **wrong}))


class TestWhatCrossesTheWire:
    @given(arrays(np.int64, (5, 4), elements=st.sampled_from([0, 1, 7, 65_536, 1 << 40])))
    def test_ranks_and_ids_give_the_labels_back(self, labels: np.ndarray) -> None:
        parcel = pack_layer(ImageCells(labels, CELLS.iloc[:0]))
        ranks = np.frombuffer(zlib.decompress(parcel.blocks[0]), "<" + parcel.about["dtype"])
        ids = np.array([0, *json.loads(zlib.decompress(parcel.blocks[1]))["ids"]])
        assert (ids[ranks].reshape(labels.shape) == labels).all()

    def test_70000_cells_need_four_bytes_each(self) -> None:
        labels = np.arange(70_001, dtype=np.uint32)[None]
        assert pack_layer(ImageCells(labels, CELLS.iloc[:0])).about["dtype"] == "u4"

    def test_one_bright_speck_does_not_darken_the_image(self) -> None:
        image = np.tile(np.arange(100, dtype=np.uint16), (100, 1))[..., None]
        image[0, 0] = 60_000
        planes = zlib.decompress(pack_image(image).blocks[0])
        assert 250 <= sorted(planes)[-20] <= 255

    @pytest.mark.parametrize("value", [0.0, np.nan])
    def test_an_image_of_one_value_is_black(self, value: float) -> None:
        parcel = pack_image(np.full((2, 3, 1), value, np.float32))
        assert set(zlib.decompress(parcel.blocks[0])) == {0}

    def test_undefined_facts_are_null(self) -> None:
        told = json.loads(zlib.decompress(pack_layer(Pictures().predicted("", "unet-0")).blocks[1]))
        assert told["columns"]["confidence"] == [None, None, 0.9, 0.4]


class TestThePanel:
    def test_it_starts_with_the_hardest_image_the_reference_and_the_best_models(self) -> None:
        panel = comparer(Pictures())
        assert panel.shown.image_id == "hard"
        assert panel.shown.panels == ("reference", "unet-0", "otsu-0")

    def test_another_image_begins_whole_and_without_a_cell(self) -> None:
        panel = comparer(Pictures())
        cell = PickedCell(panel="unet-0", side="predicted", cell_id=1)
        panel.change(cell=cell.model_dump(), zoom=8, centre_px=(5, 5))
        panel.change(place=1)
        assert (panel.state["cell"], panel.state["zoom"], panel.state["centre_px"]) == (None,) * 3

    def test_it_goes_to_an_image_by_name_whatever_the_order(self) -> None:
        panel = comparer(Pictures())
        panel.go_to("easy", PickedCell(panel="unet-0", side="predicted", cell_id=1))
        assert panel.shown.image_id == "easy"
        assert panel.state["cell"]["cell_id"] == 1
        with pytest.raises(InputError, match="no image is called 'absent', of 4 such as easy"):
            panel.go_to("absent")

    def test_a_wrong_state_is_refused_and_the_old_one_stays(self) -> None:
        panel = comparer(Pictures())
        with pytest.raises(InputError, match=r"comparer: zoom: .* got -1"):
            panel.change(zoom=-1)
        assert panel.state["zoom"] is None

    def test_without_a_model_there_is_nothing_to_compare(self) -> None:
        empty = Pictures()
        empty.scores = SCORES[["image_id"]]
        with pytest.raises(InputError, match="got 4 images and 0 models"):
            comparer(empty)

    def test_clicks_and_the_key_for_napari_are_told(self) -> None:
        told: list[tuple[Any, ...]] = []
        panel = comparer(
            Pictures(),
            on_cell=lambda image_id, cell: told.append((image_id, cell.cell_id)),
            on_inspect=lambda image_id, cell: told.append(("inspect", image_id, cell.side)),
        )
        cell = {"panel": "unet-0", "side": "predicted", "cell_id": 2}
        for kind in ("cell", "inspect"):
            panel._answer(None, {"kind": kind, "image_id": "hard", "cell": cell}, [])
        assert told == [("hard", 2), ("inspect", "hard", "predicted")]

    def test_an_image_that_can_not_be_read_is_answered_with_the_reason(self) -> None:
        panel, sent = comparer(Pictures()), []
        panel.send = lambda *message: sent.append(message)
        panel._answer(None, {"kind": "parcel", "image_id": "odd", "panel": "", "request": "1"}, [])
        assert sent == [({"request": "1", "problem": "odd.tif: not a TIFF; export it again."},)]


class TestThePage:
    def test_it_holds_as_many_images_as_fit_and_that_on_screen_always(self) -> None:
        panel = comparer(Pictures())
        panel.change(order="as listed", place=2)
        everything = page_data(panel.static_html())
        assert everything["schema"]["image_ids"] == ["easy", "hard", "odd", "empty"]
        one = page_data(panel.static_html(max_mb=0))
        assert one["schema"]["image_ids"] == ["odd"]
        assert (one["state"]["place"], one["schema"]["n_all"]) == (0, 4)
        assert one["schema"]["scores"] == {"unet-0": [0.8], "otsu-0": [0.0]}
        assert all(order == [0] for order in one["schema"]["orders"].values())

    def test_its_parcels_are_those_of_the_kernel(self) -> None:
        panel = comparer(Pictures())
        packed = page_data(panel.static_html())["parcels"]["easy"]["unet-0"]
        assert base64.b64decode(packed["blocks"][0]) == panel._parcel("easy", "unet-0").blocks[0]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "comparer.html"
    path.write_text(comparer(Pictures()).static_html(), encoding="utf-8")
    return path


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
class TestOffline:
    @pytest.fixture
    def page(self, page_file: Path) -> Iterator[Any]:
        from playwright.sync_api import expect

        with chromium() as browser:
            context = browser.new_context(viewport={"width": 1366, "height": 900}, offline=True)
            page = context.new_page()
            page.goto(page_file.as_uri())
            expect(page.locator(".wbc-place")).to_have_text("hard – 1 of 4", timeout=30_000)
            yield page

    def test_a_click_shows_the_record_in_every_panel(self, page: Any) -> None:
        from playwright.sync_api import expect

        box = page.locator("canvas").nth(1).bounding_box()
        scale = min(box["width"] / 60, box["height"] / 40)
        left = box["x"] + (box["width"] - 60 * scale) / 2
        top = box["y"] + (box["height"] - 40 * scale) / 2
        page.mouse.click(left + 11 * scale, top + 10 * scale)
        records = page.locator(".wbc-record")
        expect(records.nth(1)).to_have_text(
            "predicted cell 1 · matched · IoU 0.82 · confidence 0.90 · 100 px"
        )
        expect(records.nth(0)).to_have_text("reference cell 3 · 100 px")
        expect(records.nth(2)).to_have_text("no partner here")
        # A lost cell of the reference answers too, where the model found nothing.
        page.mouse.click(left + 40 * scale, top + 27 * scale)
        expect(records.nth(1)).to_contain_text("reference cell 70000 · missed (clean)")
        expect(records.nth(2)).to_contain_text("reference cell 70000 · missed (clean)")
        page.keyboard.press("Escape")
        expect(records.nth(1)).to_have_text("")

    def test_keys_walk_step_through_errors_and_draw_the_curtain(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.locator(".wbc").focus()
        for key, shown in (
            ("ArrowRight", "odd – 2 of 4"),
            ("ArrowLeft", "hard – 1 of 4"),
            ("ArrowLeft", "empty – 4 of 4"),
            ("w", "hard – 1 of 4"),
        ):
            page.keyboard.press(key)
            expect(page.locator(".wbc-place")).to_have_text(shown)
        page.keyboard.press("e")
        expect(page.locator(".wbc-record").nth(1)).to_contain_text("spurious (background)")
        page.keyboard.press("e")
        expect(page.locator(".wbc-record").nth(1)).to_contain_text("missed (clean)")
        page.keyboard.press("1")
        expect(page.locator("figcaption")).to_have_text(["unet-0 · F1 0.20", "otsu-0 · F1 0.10"])
        page.keyboard.press("c")
        expect(page.locator("figcaption")).to_have_text("unet-0 · F1 0.20   |   otsu-0 · F1 0.10")
        page.get_by_label("Curtain between").focus()
        page.keyboard.press("End")
        assert _colours(page, 0) & {"matched", "spurious"} == {"matched", "spurious"}
        page.keyboard.press("Home")
        assert not _colours(page, 0) & {"matched", "spurious"}

    def test_a_click_beyond_the_curtain_is_one_in_the_second_panel(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.locator(".wbc").focus()
        page.keyboard.press("c")
        for key, shown in (("Home", "predicted cell 1"), ("End", "reference cell 3")):
            page.get_by_label("Curtain between").focus()
            page.keyboard.press(key)
            box = page.locator("canvas").bounding_box()
            scale = min(box["width"] / 60, box["height"] / 40)
            left = box["x"] + (box["width"] - 60 * scale) / 2
            page.mouse.click(left + 10 * scale, box["y"] + box["height"] / 2 - 10 * scale)
            expect(page.locator(".wbc-record")).to_contain_text(shown)
            page.locator(".wbc").focus()
            page.keyboard.press("Escape")

    def test_legend_and_menu_decide_what_is_drawn(self, page: Any) -> None:
        from playwright.sync_api import expect

        assert {"matched", "missed", "spurious"} <= _colours(page, 1)
        page.get_by_role("button", name="matched (1)").click()
        page.wait_for_timeout(100)
        assert "matched" not in _colours(page, 1)
        page.get_by_label("Cells as").select_option("nothing")
        page.wait_for_timeout(100)
        assert not _colours(page, 1)
        channel = page.get_by_label("Channel")
        expect(channel.locator("option")).to_have_text(["all", "DAPI", "actin"])

    def test_what_lies_under_the_pointer_stays_there_when_it_zooms(self, page: Any) -> None:
        box = page.locator("canvas").nth(1).bounding_box()
        scale = min(box["width"] / 60, box["height"] / 40)
        left = box["x"] + (box["width"] - 60 * scale) / 2
        top = box["y"] + (box["height"] - 40 * scale) / 2
        at = (left + 14 * scale, top + 10 * scale)
        page.mouse.move(*at)
        for _ in range(6):
            page.mouse.wheel(0, -120)
        page.mouse.click(*at)
        assert "predicted cell 1" in page.locator(".wbc-record").nth(1).inner_text()
        page.mouse.click(left + 40 * scale, top + 27 * scale)
        assert page.locator(".wbc-record").nth(1).inner_text() == "", "it moved out of the panel"

    def test_an_unreadable_image_says_why_and_the_others_go_on(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.locator(".wbc").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("alert")).to_have_text("odd.tif: not a TIFF; export it again.")
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("alert")).to_be_hidden()


def _colours(page: Any, panel: int) -> set[str]:
    """Return the outcomes whose colours a panel shows."""
    from workbench.schema import OUTCOME_COLOURS

    page.wait_for_timeout(100)
    counts = page.evaluate(
        """([panel, colours]) => {
          const canvas = document.querySelectorAll("canvas")[panel];
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const wanted = Object.entries(colours).map(([name, colour]) =>
            [name, [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))]);
          const seen = {};
          for (let at = 0; at < data.length; at += 4)
            for (const [name, [r, g, b]] of wanted)
              if (data[at] === r && data[at + 1] === g && data[at + 2] === b)
                seen[name] = (seen[name] ?? 0) + 1;
          return seen;
        }""",
        [panel, dict(OUTCOME_COLOURS)],
    )
    return {name for name, n in counts.items() if n > 20}


def test_the_panel_of_a_run_reads_only_what_it_shows(demo_run: Path) -> None:
    from workbench.studies import open_view, run_pictures

    view = open_view(demo_run)
    pictures = run_pictures(view)
    panel: Comparer = comparer(pictures)
    layer = pictures.predicted(panel.shown.image_id, panel.shown.panels[1])
    ids = set(np.unique(layer.labels)) - {0}
    assert ids == set(layer.cells.loc[layer.cells["side"] == "predicted", "cell_id"])
    reference = pictures.reference(panel.shown.image_id)
    assert set(np.unique(reference.labels)) - {0} == set(reference.cells["cell_id"])
    with pytest.raises(InputError, match="has no image 'absent'"):
        pictures.image("absent")
