"""The review of cells: what a state shows, verdicts and undo, and a page that opens offline."""

import csv
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.browser import chromium
from tests.widgets.test_comparer import Pictures, page_data
from workbench.schema import InputError
from workbench.store import JUDGEMENTS, Verdict, append_verdict, latest_verdicts, read_verdicts
from workbench.studies import ImageCells, ReviewCells, ReviewScores
from workbench.widgets import ReviewState, resolve_review, review_panel, row_verdicts
from workbench.widgets._review_wire import context_window, pack_place

LOST = (("reference", 70_000, "unet-0"),)
EXTRA = (("predicted", 2, "unet-0"),)
BOXES = {"missed": (20, 30, 35, 50), "spurious": (2, 50, 8, 58)}
TABLE = pd.DataFrame(
    [
        (image_id, kind, f"place in {image_id}", *BOXES[kind], cells, ("unet-0",))
        for image_id, kind, cells in (
            ("hard", "missed", LOST),
            ("hard", "spurious", EXTRA),
            ("odd", "missed", LOST),
            ("easy", "spurious", EXTRA),
        )
    ],
    columns=[
        *("image_id", "kind", "about", "top_px", "left_px", "bottom_px", "right_px"),
        *("cells", "panels"),
    ],
)


class Source:
    """Four places; verdicts go to a file as those of a run do."""

    pictures = Pictures()
    reviewer = "Ada"

    def __init__(self, path: Path, table: pd.DataFrame = TABLE) -> None:
        self.path = path
        expected = "expected after all corrections 0.920 (0.890 to 0.940)"
        self.cells = ReviewCells("unet-0", "queue", "Errors of unet-0", expected, table)

    def verdicts(self) -> pd.DataFrame:
        return latest_verdicts(read_verdicts(self.path, latest=False), of_each_reviewer=True)

    def judge(self, row: int, judgement: str, note: str = "", reviewer: str = "") -> None:
        place = self.cells.table.iloc[row]
        append_verdict(
            self.path,
            *(
                Verdict(place["image_id"], *cell, judgement, note, reviewer or self.reviewer)
                for cell in place["cells"]
            ),
        )

    def scores(self) -> ReviewScores:
        counting = read_verdicts(self.path)
        n = int((counting["judgement"] != "model error").sum())
        row = ("unet-0", 62, n, 0.883, 0.883 + n / 100, n / 100, 0.0, n / 50)
        columns = ["member", "n_images", "n_disputed", "f1", "f1_without", "change", "low", "high"]
        agreement = pd.DataFrame(
            [("Ada", "Bo", 12, 0.75, 0.5)],
            columns=["first", "second", "n_cells", "agreed", "kappa"],
        )
        return ReviewScores(counting, pd.DataFrame([row], columns=columns), agreement, {})


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "verdicts.jsonl")


def told(judgement: str, **by: str) -> dict[str, Any]:
    return {"judgement": judgement, "by": by or {"Ada": judgement}}


class TestWhatAStateShows:
    VERDICTS = (told("ambiguous"), None, told("model error", Bo="model error"), None)

    @pytest.mark.parametrize(
        ("chosen", "rows", "current"),
        [
            ({}, (0, 1, 2, 3), 0),
            ({"place": 2}, (0, 1, 2, 3), 2),
            ({"shown": "judged"}, (0, 2), 0),
            ({"shown": "judged", "place": 1}, (0, 2), 2),
            ({"shown": "unjudged", "place": 2}, (1, 3), 3),
            ({"shown": "judged", "place": 3}, (0, 2), 2),
            ({"kind": "spurious"}, (1, 3), 1),
            ({"reviewer": "Bo"}, (2,), 2),
            ({"reviewer": "Bo", "kind": "spurious"}, (), None),
        ],
    )
    def test_filters_let_rows_through_and_the_next_one_is_looked_at(
        self, chosen: dict[str, Any], rows: tuple[int, ...], current: int | None
    ) -> None:
        view = resolve_review(TABLE, self.VERDICTS, ReviewState(**chosen))
        assert (view.rows, view.current) == (rows, current)

    def test_it_counts_verdicts_by_kind_and_says_how_far_it_is(self) -> None:
        view = resolve_review(TABLE, self.VERDICTS, ReviewState(), scores="F1", expected="later")
        assert view.counts == {"model error": 1, "annotation error": 0, "ambiguous": 1}
        assert (view.n_judged, view.sentence) == (2, "2 of 4 judged; F1; later")

    @given(
        st.lists(
            st.tuples(st.sampled_from(["missed", "merge"]), st.booleans()), min_size=1, max_size=9
        ),
        st.integers(0, 8),
    )
    def test_judged_and_unjudged_part_the_list(
        self, rows: list[tuple[str, bool]], place: int
    ) -> None:
        cells = pd.DataFrame({"kind": [kind for kind, _ in rows]})
        verdicts = [told("ambiguous") if judged else None for _, judged in rows]
        place = min(place, len(rows) - 1)
        parts = [
            resolve_review(cells, verdicts, ReviewState(shown=shown, place=place))
            for shown in ("judged", "unjudged")
        ]
        assert sorted(parts[0].rows + parts[1].rows) == list(range(len(rows)))
        assert parts[0].n_judged == len(parts[0].rows)
        assert all(part.current is None or part.current in part.rows for part in parts)

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"place": 4}, "there are 4 places, counted from 0; got place 4"),
            ({"kind": "merge"}, "no place is of kind 'merge'; there are missed, spurious"),
            ({"contrast": (0.6, 0.2)}, "contrast must rise within 0 to 1"),
        ],
    )
    def test_what_is_not_there_is_refused(self, wrong: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError, match=message):
            resolve_review(TABLE, [None] * 4, ReviewState(**wrong))

    def test_an_empty_list_shows_nothing(self) -> None:
        view = resolve_review(TABLE.iloc[:0], [], ReviewState())
        assert (view.rows, view.current, view.sentence) == ((), None, "0 of 0 judged")


class TestVerdictsOfRows:
    def test_the_last_reviewer_counts_and_all_are_known(self, source: Source) -> None:
        source.judge(0, "model error", "clear", "Bo")
        source.judge(0, "ambiguous", "dim")
        first, *others = row_verdicts(TABLE, source.verdicts())
        assert first is not None
        assert (first["judgement"], first["note"]) == ("ambiguous", "dim")
        assert first["by"] == {"Bo": "model error", "Ada": "ambiguous"}
        assert others == [None] * 3

    def test_a_predicted_cell_of_another_model_is_another_cell(self, source: Source) -> None:
        for side, cell_id in (("reference", 70_000), ("predicted", 2)):
            append_verdict(source.path, Verdict("hard", side, cell_id, "sac-0", "ambiguous"))
        found = row_verdicts(TABLE, source.verdicts())
        assert [verdict is None for verdict in found] == [False, True, True, True]


class TestThePicture:
    def test_the_surroundings_end_with_the_image(self) -> None:
        assert context_window((0, 0, 40, 100), (60, 900)) == (slice(0, 60), slice(0, 300))

    def test_only_the_surroundings_are_sent_with_the_cells_in_them(self, source: Source) -> None:
        big = np.zeros((400, 500), np.uint32)
        big[10:20, 10:20], big[300:310, 400:410] = 2, 9
        cells = pd.DataFrame({"side": "predicted", "cell_id": [2, 9], "outcome": "spurious"})

        class Large(Pictures):
            def image(self, _: str) -> tuple[np.ndarray, tuple[str, ...]]:
                return (big[..., None] * 100).astype(np.uint16), ("DAPI",)

            def reference(self, _: str) -> ImageCells:
                return ImageCells(np.zeros_like(big), cells.iloc[:0])

            def predicted(self, _: str, model: str) -> ImageCells:
                return ImageCells(big, cells)

        box = {"top_px": 300, "left_px": 400, "bottom_px": 310, "right_px": 410}
        source = Source(source.path, TABLE.assign(**box))
        source.pictures = Large()
        image = pack_place(source, 0, "")
        assert {name: image.about[name] for name in ("height", "width", "top", "left")} == {
            "height": 138,
            "width": 138,
            "top": 236,
            "left": 336,
        }
        layer = pack_place(source, 0, "unet-0")
        content = json.loads(zlib.decompress(layer.blocks[1]))
        assert (content["ids"], content["columns"]["cell_id"]) == ([9], [9])


class TestThePanel:
    def test_it_starts_with_the_first_cell_that_nobody_judged(self, source: Source) -> None:
        source.judge(0, "ambiguous", reviewer="Bo")
        panel = review_panel(source)
        assert panel.shown.current == 1
        assert panel.shown.sentence == (
            "1 of 4 judged; F1 0.883 → 0.893 without disputed cells; "
            "expected after all corrections 0.920 (0.890 to 0.940)"
        )

    def test_a_verdict_is_written_and_steps_on(self, source: Source) -> None:
        panel = review_panel(source)
        panel.judge("annotation error", "it is debris")
        assert panel.shown.current == 1
        (row,) = read_verdicts(source.path).to_dict("records")
        assert (row["image_id"], row["cell_id"], row["reviewer"]) == ("hard", 70_000, "Ada")
        assert (row["judgement"], row["note"]) == ("annotation error", "it is debris")
        assert "0.893" in panel.scores["sentence"]

    def test_what_is_judged_leaves_the_list_of_the_unjudged(self, source: Source) -> None:
        panel = review_panel(source, start=ReviewState(shown="unjudged"))
        for left in ((1, 2, 3), (2, 3), (3,), ()):
            panel.judge("ambiguous")
            assert panel.shown.rows == left
        with pytest.raises(InputError, match="no place is shown that could be judged"):
            panel.judge("ambiguous")

    def test_undo_goes_back_one_verdict_at_a_time(self, source: Source) -> None:
        panel = review_panel(source)
        for judgement in ("model error", "ambiguous"):
            panel.judge(judgement)
        panel.change(place=0)
        panel.judge("annotation error", "no")
        panel.undo()
        assert panel.shown.current == 0
        assert panel.verdicts[0]["judgement"] == "model error", "what stood before stands again"
        panel.undo()
        assert (panel.shown.current, panel.verdicts[1]) == (1, None)
        panel.undo()
        assert panel.shown.n_judged == 0
        panel.undo()
        assert read_verdicts(source.path).empty
        assert len(read_verdicts(source.path, latest=False)) == 6, "nothing is ever deleted"

    def test_undo_shows_the_row_though_a_filter_would_hide_it(self, source: Source) -> None:
        panel = review_panel(source)
        panel.judge("ambiguous")
        panel.change(shown="judged")
        panel.undo()
        assert (panel.shown.current, panel.state["shown"]) == (0, "all")

    def test_undo_takes_back_nothing_of_somebody_else(self, source: Source) -> None:
        source.judge(0, "model error", reviewer="Bo")
        panel = review_panel(source, start=ReviewState())
        panel.judge("ambiguous")
        panel.undo()
        assert panel.verdicts[0]["by"] == {"Bo": "model error"}

    def test_verdicts_of_somebody_else_meanwhile_are_seen(self, source: Source) -> None:
        panel = review_panel(source)
        source.judge(3, "ambiguous", reviewer="Bo")
        panel.judge("model error")
        assert panel.verdicts[3]["reviewer"] == "Bo"
        assert panel.shown.n_judged == 2

    def test_keys_of_the_browser_are_noted(self, source: Source) -> None:
        panel = review_panel(source)
        message = {"kind": "verdict", "row": 3, "judgement": "ambiguous", "note": "n"}
        panel._answer(None, message, [])
        assert panel.verdicts[3]["note"] == "n"
        panel._answer(None, {"kind": "scores"}, [])
        assert "0.893" in panel.scores["sentence"]
        panel._answer(None, {"kind": "undo"}, [])
        assert panel.verdicts[3] is None

    def test_what_can_not_be_noted_says_why_and_stays_unjudged(self, source: Source) -> None:
        panel = review_panel(source)

        def full(*_: object) -> None:
            msg = "verdicts.jsonl: can't note the verdict (disk full); free space."
            raise InputError(msg)

        source.judge = full  # type: ignore[method-assign]
        message = {"kind": "verdict", "row": 0, "judgement": "ambiguous", "note": ""}
        panel._answer(None, message, [])
        assert panel.problem.endswith("(disk full); free space.")
        assert panel.verdicts[0] is None
        del source.judge
        panel._answer(None, message, [])
        assert panel.problem == ""
        panel.undo()
        panel.undo()
        assert panel.verdicts[0] is None, "what was not noted is not undone"

    def test_an_image_that_can_not_be_read_is_answered_with_the_reason(
        self, source: Source
    ) -> None:
        panel, sent = review_panel(source), []
        panel.send = lambda *message: sent.append(message)
        panel._answer(None, {"kind": "parcel", "image_id": "2", "panel": "", "request": "1"}, [])
        assert sent == [({"request": "1", "problem": "odd.tif: not a TIFF; export it again."},)]

    def test_a_wrong_state_is_refused_and_the_old_one_stays(self, source: Source) -> None:
        panel = review_panel(source)
        with pytest.raises(InputError, match=r"review: zoom: .* got 99"):
            panel.change(zoom=99)
        assert panel.state["zoom"] == 1

    def test_the_table_holds_every_row_with_its_verdict(self, source: Source) -> None:
        panel = review_panel(source)
        panel.judge("ambiguous", "dim")
        table = panel.verdict_table()
        assert table["judgement"].tolist() == ["ambiguous", "", "", ""]
        assert table["cells"].tolist()[:2] == ["reference:70000", "predicted:2"]

    def test_where_nothing_is_wrong_there_is_nothing_to_judge(self, source: Source) -> None:
        panel = review_panel(Source(source.path, TABLE.iloc[:0]))
        assert panel.shown.current is None
        assert page_data(panel.static_html())["schema"]["rows"] == []


class TestThePage:
    def test_it_holds_as_many_pictures_as_fit_and_that_on_screen_always(
        self, source: Source
    ) -> None:
        panel = review_panel(source, start=ReviewState(place=2))
        whole = page_data(panel.static_html())
        assert list(whole["parcels"]) == ["2", "3", "0", "1"], "that on screen first"
        one = page_data(panel.static_html(max_mb=0))
        assert list(one["parcels"]) == ["2"]
        assert len(one["schema"]["rows"]) == 4
        assert not one["schema"]["can_judge"]

    def test_in_batch_the_page_alone_is_shown(
        self, source: Source, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WORKBENCH_PANELS", "still")
        data, _ = review_panel(source)._repr_mimebundle_()
        assert set(data) == {"text/html", "text/plain"}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
class TestOffline:
    @pytest.fixture
    def page(self, tmp_path: Path) -> Iterator[Any]:
        from playwright.sync_api import expect

        source = Source(tmp_path / "verdicts.jsonl")
        source.judge(1, "model error", reviewer="Bo")
        source.judge(1, "annotation error", 'it is "debris", =1+1')
        path = tmp_path / "review.html"
        path.write_text(review_panel(source).static_html(max_mb=1), encoding="utf-8")
        with chromium() as browser:
            context = browser.new_context(viewport={"width": 1366, "height": 900}, offline=True)
            page = context.new_page()
            page.goto(path.as_uri())
            expect(page.locator(".wbc-record").first).to_contain_text("70000", timeout=30_000)
            page.locator(".wbr").focus()
            yield page

    def test_arrows_step_through_list_verdicts_and_records(self, page: Any) -> None:
        from playwright.sync_api import expect

        place, records = page.locator(".wbc-place"), page.locator(".wbc-record")
        expect(place).to_have_text("1 of 4 · missed · place in hard · hard")
        expect(page.locator(".wbr-told")).to_have_text("Not judged yet.")
        expect(records.nth(1)).to_contain_text("reference cell 70000 · missed (clean)")
        page.keyboard.press("ArrowRight")
        expect(place).to_contain_text("2 of 4 · spurious")
        expect(page.locator(".wbr-told")).to_have_text(
            'annotation error, by Ada · “it is "debris", =1+1” · before: Bo: model error'
        )
        expect(records.nth(1)).to_contain_text("predicted cell 2 · spurious (background)")
        expect(page.locator('[aria-selected="true"]')).to_contain_text("spurious")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        expect(place).to_contain_text("1 of 4")

    def test_the_cell_stands_in_the_middle_in_its_colour(self, page: Any) -> None:
        from workbench.schema import OUTCOME_COLOURS

        for panel in (0, 1):
            assert _has_colour(page, panel, OUTCOME_COLOURS["missed"])
        page.keyboard.press("o")
        page.keyboard.press("o")
        page.wait_for_timeout(200)
        assert not _has_colour(page, 1, OUTCOME_COLOURS["missed"])

    def test_nothing_can_be_judged_here(self, page: Any) -> None:
        from playwright.sync_api import expect

        for key in ("1", "2", "3", "u", "n"):
            page.keyboard.press(key)
        expect(page.locator(".wbr-progress")).to_contain_text("1 of 4 judged")
        expect(page.locator(".wbc-place")).to_contain_text("1 of 4")
        expect(page.locator(".wbr-note")).to_have_count(0)
        expect(page.get_by_role("button", name="1 model error (0)")).to_be_disabled()

    def test_filters_let_through_what_python_says(self, page: Any) -> None:
        from playwright.sync_api import expect

        items = page.locator(".wbr-item:visible")
        verdicts: list[Any] = [None, told("annotation error", Bo="", Ada=""), None, None]
        state = ReviewState()
        for name, label, value in (
            ("shown", "Show", "judged"),
            ("shown", "Show", "unjudged"),
            ("shown", "Show", "all"),
            ("kind", "Type", "spurious"),
            ("reviewer", "Judged by", "Bo"),
            ("kind", "Type", "missed"),
        ):
            page.get_by_role("combobox", name=label).select_option(value)
            state = ReviewState(**{**state.model_dump(), name: value})
            view = resolve_review(TABLE, verdicts, state)
            expect(items).to_have_count(len(view.rows))
            shown = page.locator(".wbc-place").inner_text()
            assert shown.startswith(f"{view.current + 1} of" if view.rows else "")
        expect(page.get_by_text("Nothing passes these filters.")).to_be_visible()

    def test_scores_and_agreement_are_told(self, page: Any) -> None:
        from playwright.sync_api import expect

        row = page.locator(".wbr-summary tbody tr").first.locator("td")
        expect(row).to_have_text(["unet-0", "0.883", "0.893", "+0.010", "+0.000 to +0.020", "1"])
        expect(page.locator(".wbr-summary p")).to_contain_text("Cohen's kappa 0.50")

    def test_the_list_is_saved_as_a_table(self, page: Any) -> None:
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Export CSV").click()
        text = Path(waiting.value.path()).read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert waiting.value.suggested_filename == "verdicts_unet-0.csv"
        assert [row["judgement"] for row in rows] == ["", "annotation error", "", ""]
        assert rows[1]["note"] == 'it is "debris", =1+1'
        assert rows[0]["cells"] == "reference:70000"

    def test_an_unreadable_image_says_why_and_the_others_go_on(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.locator(".wbr-item").nth(2).click()
        expect(page.get_by_role("alert")).to_have_text("odd.tif: not a TIFF; export it again.")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".wbc-problem:visible")).to_have_count(0)


def _has_colour(page: Any, panel: int, colour: str) -> bool:
    """Return whether a panel shows a colour."""
    page.wait_for_timeout(200)
    found: bool = page.evaluate(
        """([panel, colour]) => {
          const canvas = document.querySelectorAll("canvas")[panel];
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
          for (let at = 0; at < data.length; at += 4) {
            if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) return true;
          }
          return false;
        }""",
        [panel, colour],
    )
    return found


def test_the_list_of_judgements_is_that_of_the_store(source: Source) -> None:
    assert review_panel(source).schema["judgements"] == list(JUDGEMENTS)
