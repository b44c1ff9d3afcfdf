"""The threshold panel: what a state shows, what crosses, and a page whose sliders move offline."""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import nbformat
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from scripts.browser import chromium, jupyterlab, run_all_cells
from tests.conftest import REPOSITORY
from workbench.inference import Decoder, OfficialDecoder, WatershedDecoder
from workbench.schema import OUTCOMES, InputError
from workbench.studies import (
    CUT_STEPS,
    IOU_STEPS,
    DecoderChoice,
    FoundCells,
    ImageCells,
    found_cells,
    judge_cells,
)
from workbench.widgets import ThresholdState, resolve_threshold, threshold_panel
from workbench.widgets._threshold_state import DIALS

REFERENCE = np.zeros((40, 60), np.uint32)
REFERENCE[5:15, 5:15], REFERENCE[20:35, 30:50] = 3, 9
FOUND = np.zeros((40, 60), np.uint32)
FOUND[5:15, 6:16], FOUND[22:35, 30:50], FOUND[2:8, 50:58] = 1, 2, 3
CONFIDENCES = np.array([0.9, 0.7, 0.4])
"""IoU 0.82 and 0.87; the third cell is spurious, and the least sure."""


class Images:
    """Three images, all alike but for their names; one member has a decoder and one has not."""

    scores = pd.DataFrame(
        {"image_id": ["easy", "hard", "odd"], "unet-0": [0.9, 0.2, 0.8], "otsu-0": [0.6, 0.1, 0.0]}
    )

    def __init__(self) -> None:
        self.decoded: list[Decoder | None] = []

    def image(self, image_id: str) -> tuple[np.ndarray, tuple[str, ...]]:
        return np.repeat(FOUND[..., None] * 40, 1, axis=2).astype(np.uint8), ("DAPI",)

    def reference(self, image_id: str) -> ImageCells:
        ids, areas = np.unique(REFERENCE[REFERENCE > 0], return_counts=True)
        cells = pd.DataFrame({"side": "reference", "cell_id": ids, "area_px": areas})
        return ImageCells(REFERENCE, cells)

    def decoders(self, image_id: str, member: str) -> DecoderChoice:
        if member == "otsu-0":
            return DecoderChoice(None, note="otsu-0 paints no maps.")
        return DecoderChoice(WatershedDecoder(), (OfficialDecoder(),))

    def found(self, image_id: str, member: str, decoder: Decoder | None = None) -> FoundCells:
        self.decoded.append(decoder)
        least = decoder.min_area_px if decoder else 0
        if image_id == "odd":
            msg = "odd.tif: not a TIFF; export it again."
            raise InputError(msg)
        labels = FOUND * (np.bincount(FOUND.ravel())[FOUND] >= least)
        ids = np.setdiff1d(labels, [0])
        confidences = CONFIDENCES[ids - 1] if member == "unet-0" else np.array([])
        return found_cells(REFERENCE, labels, confidences)


def state(**changes: Any) -> ThresholdState:
    return ThresholdState(image_id="easy", member="unet-0", **changes)


class TestWhatAStateShows:
    def test_scores_and_outcomes_follow_the_thresholds(self) -> None:
        view = resolve_threshold(Images(), state())
        assert view.scores == {"f1": pytest.approx(0.8), "precision": pytest.approx(2 / 3),
                               "recall": 1.0}  # fmt: skip
        strict = resolve_threshold(Images(), state(iou_threshold=0.85, least_confidence=0.5))
        assert strict.cells["outcome"].tolist() == [
            "boundary", "matched", "boundary", "matched", "ignored",
        ]  # fmt: skip
        assert strict.n_events["boundary"] == 1
        assert (strict.tp, strict.n_below) == (1, 1)

    def test_curves_pass_through_the_score_that_is_shown(self) -> None:
        view = resolve_threshold(Images(), state(iou_threshold=0.85, least_confidence=0.5))
        assert view.f1_by_iou[IOU_STEPS.index(0.85)] == view.scores["f1"]
        assert view.f1_by_confidence[CUT_STEPS.index(0.5)] == view.scores["f1"]

    def test_a_decoder_gives_other_cells(self) -> None:
        view = resolve_threshold(Images(), state(decoder={"kind": "watershed", "min_area_px": 60}))
        assert view.n_events["spurious"] == 0
        assert set(np.unique(view.labels)) == {0, 1, 2}

    @pytest.mark.parametrize(
        ("changes", "message"),
        [({"image_id": "absent"}, "no image is called 'absent', of 3 such as easy"),
         ({"member": "sam-0"}, "no member is called 'sam-0', only unet-0, otsu-0")],
    )  # fmt: skip
    def test_what_is_not_there_is_refused(self, changes: dict[str, str], message: str) -> None:
        with pytest.raises(InputError, match=message):
            resolve_threshold(Images(), state().model_copy(update=changes))


class TestDials:
    @pytest.mark.parametrize("kind", get_args(get_args(Decoder)[0]))
    def test_every_setting_of_a_decoder_can_be_moved_over_the_whole_dial(self, kind: Any) -> None:
        for name in set(kind.model_fields) - {"kind"}:
            for value in (DIALS[name].low, DIALS[name].high):
                assert getattr(kind(**{name: value}), name) == value
            if DIALS[name].off_at_end:
                assert getattr(kind(**{name: None}), name) is None

    def test_a_value_beyond_what_a_decoder_takes_is_refused(self) -> None:
        with pytest.raises(ValidationError):
            WatershedDecoder(foreground_threshold=1.0)


class TestThePanel:
    def test_it_starts_with_the_best_member_and_its_worst_image(self) -> None:
        panel = threshold_panel(Images())
        assert (panel.state["member"], panel.state["image_id"]) == ("unet-0", "hard")

    def test_another_image_begins_as_it_was_predicted(self) -> None:
        panel = threshold_panel(Images())
        panel.change(decoder={"kind": "watershed", "min_area_px": 60}, iou_threshold=0.7)
        panel.change(image_id="easy")
        assert panel.state["decoder"] is None
        assert panel.state["iou_threshold"] == 0.7

    def test_a_decoder_for_what_has_no_maps_is_refused_with_the_reason(self) -> None:
        panel = threshold_panel(Images(), member="otsu-0")
        with pytest.raises(InputError, match="otsu-0 paints no maps"):
            panel.change(decoder={"kind": "watershed"})
        with pytest.raises(InputError, match=r"threshold panel: iou_threshold: .* got 0"):
            panel.change(iou_threshold=0)

    def test_without_a_member_there_is_nothing_to_show(self) -> None:
        empty = Images()
        empty.scores = Images.scores[["image_id"]]
        with pytest.raises(InputError, match="got 3 images and 0 members"):
            threshold_panel(empty)

    def test_the_browser_is_sent_what_python_would_say(self) -> None:
        panel, sent = threshold_panel(Images()), []
        panel.send = lambda *message: sent.append(message)
        asked = {"kind": "outcomes", "member": "unet-0", "decoder": None, "iou_threshold": 0.85,
                 "least_confidence": 0.5}  # fmt: skip
        panel._answer(None, {"request": "1", "image_id": "easy", "panel": json.dumps(asked)}, [])
        ((reply, (block,)),) = sent
        view = resolve_threshold(Images(), state(iou_threshold=0.85, least_confidence=0.5))
        assert [OUTCOMES[code] for code in zlib.decompress(block)] == view.cells["outcome"].tolist()
        assert reply["about"]["row"]["f1"] == pytest.approx(view.scores["f1"], abs=1e-4)
        assert reply["about"]["by_iou"] == pytest.approx(view.f1_by_iou, abs=1e-4)

    def test_an_image_that_can_not_be_read_is_answered_with_the_reason(self) -> None:
        panel, sent = threshold_panel(Images()), []
        panel.send = lambda *message: sent.append(message)
        asked = json.dumps({"kind": "cells", "member": "unet-0", "decoder": None})
        panel._answer(None, {"request": "1", "image_id": "odd", "panel": asked}, [])
        assert sent == [({"request": "1", "problem": "odd.tif: not a TIFF; export it again."},)]


def page_data(page: str) -> dict[str, Any]:
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    data: dict[str, Any] = json.loads(content.replace("<\\/", "</"))
    return data


class TestThePage:
    def test_it_knows_the_outcomes_of_every_step_of_both_sliders(self) -> None:
        packed = page_data(threshold_panel(Images()).static_html())["parcels"]["easy"][
            "grid unet-0"
        ]
        codes = zlib.decompress(base64.b64decode(packed["blocks"][0]))
        found = Images().found("easy", "unet-0")
        for row, threshold in enumerate(IOU_STEPS):
            for column, cut in enumerate(CUT_STEPS):
                at = packed["about"]["index"][row][column]
                judged = judge_cells(found, iou_threshold=threshold, least_confidence=cut)
                both = [*judged.errors.reference.outcome, *judged.errors.predicted.outcome]
                assert list(codes[5 * at : 5 * at + 5]) == both
                assert packed["about"]["rows"][at]["tp"] == judged.tp

    def test_it_holds_the_image_on_screen_and_the_worst_ones_as_far_as_they_fit(self) -> None:
        panel = threshold_panel(Images(), image_id="easy", n_images=2)
        assert list(page_data(panel.static_html())["parcels"]) == ["easy", "hard"]
        assert list(page_data(panel.static_html(max_mb=0))["parcels"]) == ["easy"]

    def test_cells_of_a_moved_decoder_are_kept(self) -> None:
        panel = threshold_panel(Images(), image_id="easy")
        panel.change(decoder={"kind": "watershed", "min_area_px": 60})
        row = page_data(panel.static_html())["parcels"]["easy"]["grid unet-0"]["about"]["rows"][0]
        assert row["n_predicted"] == 2


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
class TestOffline:
    @pytest.fixture
    def page(self, tmp_path: Path) -> Iterator[Any]:
        from playwright.sync_api import expect

        path = tmp_path / "threshold.html"
        html = threshold_panel(Images(), image_id="easy").static_html()
        path.write_text(html, encoding="utf-8")
        with chromium() as browser:
            context = browser.new_context(viewport={"width": 1366, "height": 900}, offline=True)
            page = context.new_page()
            page.goto(path.as_uri())
            expect(page.locator(".wbt-scores")).to_contain_text("0.80", timeout=30_000)
            yield page

    def test_sliders_change_scores_counts_and_curves(self, page: Any) -> None:
        from playwright.sync_api import expect

        scores, legend = page.locator(".wbt-scores dd"), page.locator(".wbc-legend")
        expect(scores).to_have_text(["0.80", "0.67", "1.00", "2 of 2", "3"])
        page.get_by_label("IoU threshold").first.fill("0.85")
        expect(scores).to_have_text(["0.40", "0.33", "0.50", "1 of 2", "3"])
        expect(legend).to_contain_text("boundary (1)")
        page.get_by_label("Confidence cut").first.fill("0.5")
        expect(scores).to_have_text(["0.50", "0.50", "0.50", "1 of 2", "2"])
        expect(legend).to_contain_text("below the cut (1)")
        expect(page.locator("svg.wbl")).to_have_count(2)

    def test_decoder_settings_are_shown_and_say_that_they_need_a_kernel(self, page: Any) -> None:
        from playwright.sync_api import expect

        expect(page.get_by_label("Foreground threshold")).to_be_disabled()
        expect(page.locator(".wbt-decoder")).to_contain_text("open the notebook with a kernel")

    def test_a_member_without_maps_or_confidences_says_so(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.get_by_label("Model").select_option("otsu-0")
        expect(page.locator(".wbt-decoder")).to_have_text("otsu-0 paints no maps.")
        expect(page.get_by_label("Confidence cut").first).to_be_disabled()
        expect(page.locator(".wbt-note")).to_contain_text("gives its cells no confidence")
        expect(page.locator("svg.wbl")).to_have_count(1)

    def test_what_the_page_lacks_is_said_in_place_of_scores(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.locator(".wbt").focus()
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("combobox", name="Image", exact=True)).to_have_value("hard")
        expect(page.locator(".wbt-scores")).to_contain_text("0.80")
        page.get_by_label("Model").select_option("otsu-0")
        expect(page.get_by_role("alert")).to_contain_text("does not hold the cells of this model")
        expect(page.locator(".wbt-scores")).to_have_text("")
        page.get_by_label("Model").select_option("unet-0")
        expect(page.locator(".wbt-scores")).to_contain_text("0.80")
        page.get_by_role("button", name="Next").click()
        expect(page.get_by_role("alert")).to_have_text("odd.tif: not a TIFF; export it again.")

    def test_a_click_shows_the_record_of_a_cell(self, page: Any) -> None:
        from playwright.sync_api import expect

        box = page.locator("canvas").bounding_box()
        scale = min(box["width"] / 60, box["height"] / 40)
        left = box["x"] + (box["width"] - 60 * scale) / 2
        top = box["y"] + (box["height"] - 40 * scale) / 2
        page.mouse.click(left + 10 * scale, top + 10 * scale)
        expect(page.locator(".wbc-record")).to_have_text(
            "predicted cell 1 · matched · IoU 0.82 · confidence 0.90 · 100 px"
        )


CELL = """
import sys
sys.path.insert(0, {repository!r})
from tests.widgets.test_threshold import Images
from workbench.widgets import threshold_panel
images = Images()
panel = threshold_panel(images, image_id="easy")
panel
"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
def test_in_jupyterlab_a_decoder_finds_other_cells_at_once(tmp_path: Path) -> None:
    from playwright.sync_api import expect

    source = CELL.format(repository=str(REPOSITORY))
    after = nbformat.v4.new_code_cell("print('now', panel.state['decoder'])")
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source), after],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, tmp_path / "live.ipynb")
    with jupyterlab(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1366, "height": 1000})
        page.goto(address.format("live.ipynb"))
        run_all_cells(page)
        scores = page.locator(".wbt-scores dd")
        expect(scores.first).to_have_text("0.80", timeout=60_000)
        dial = page.get_by_label("Min area, px")
        dial.fill("60")
        expect(scores).to_have_text(["1.00", "1.00", "1.00", "2 of 2", "2"])
        page.get_by_label("IoU threshold").first.fill("0.85")
        expect(scores.first).to_have_text("0.50")
        page.get_by_role("button", name="As predicted").click()
        expect(scores.first).to_have_text("0.40")
        dial.fill("100")
        expect(scores.first).to_have_text("0.50")
        page.wait_for_timeout(500)  # the kernel is told when sliders rest
        page.locator(".cm-line", has_text="print").click()
        page.keyboard.press("Control+Enter")
        expect(page.locator("pre", has_text="'min_area_px': 100")).to_be_visible()
