"""The leaderboard: which rows stand where, in Python, in the browser, and on a page."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.browser import chromium
from workbench.analysis import board_means, board_places, mean_interval, rank_stability
from workbench.schema import InputError
from workbench.studies import Boards, leaderboards
from workbench.widgets import BoardState, Leaderboard, leaderboard

RNG = np.random.default_rng(0)
IMAGES = [f"im{place}" for place in range(12)]
LEVELS = {"unet": 0.8, "twin": 0.8, "otsu": 0.4}


def scores() -> pd.DataFrame:
    """Two models of the same level and one below; a distance in which less is better."""
    rows = []
    for model, level in LEVELS.items():
        for image, noise in zip(IMAGES, RNG.normal(0, 0.05, 12), strict=True):
            rows += [
                (image, model, "f1", 0.5, level + noise),
                (image, model, "hausdorff", np.nan, 10 * (1 - level) + noise),
            ]
    table = pd.DataFrame(rows, columns=["image_id", "model", "metric", "threshold", "value"])
    return table.assign(seed=0, dataset="d", group="", n_reference=5)


SCORES = scores()
METADATA = pd.DataFrame({"image_id": IMAGES, "modality": ["DAPI"] * 8 + ["H&E"] * 4})
MEASURES = (("f1", 0.5), ("hausdorff", np.nan))


def boards(**options: Any) -> Boards:
    return leaderboards(SCORES, metadata=METADATA, measures=MEASURES, **options)


class TestBoards:
    def test_each_value_of_a_column_makes_a_slice(self) -> None:
        found = boards(chosen={"mine": ["im3", "im1"]})
        assert next(iter(found.slices)) == "all images"
        assert found.slices["Modality: H&E"] == ("im8", "im9", "im10", "im11")
        assert found.slices["Kept: mine"] == ("im3", "im1")

    def test_a_value_of_all_images_or_of_two_makes_no_slice(self) -> None:
        metadata = METADATA.assign(site="one", batch=["early"] * 10 + ["late"] * 2)
        found = leaderboards(SCORES, metadata=metadata, measures=MEASURES)
        assert set(found.slices) == {
            *("all images", "Modality: DAPI", "Modality: H&E", "Batch: early"),
        }

    def test_intervals_are_those_of_the_mean_with_whole_groups(self) -> None:
        paired = boards().paired("all images", "f1@0.5")
        groups = pd.Series([f"slide {place // 3}" for place in range(12)], index=paired.index)
        for of_groups in (None, groups):
            found = board_means(paired, groups=of_groups).set_index("model")
            for model in LEVELS:
                expected = mean_interval(paired[model], groups=of_groups)
                assert found.loc[model, ["ci_low", "ci_high"]].tolist() == pytest.approx(
                    [expected.low, expected.high]
                )

    def test_values_are_those_of_the_table_and_means_are_of_the_slice(self) -> None:
        found = boards()
        wide = SCORES[SCORES["metric"] == "f1"].pivot_table(
            index="image_id", columns="model", values="value", sort=False
        )
        assert np.allclose(found.values("f1@0.5")[list(LEVELS)], wide[list(LEVELS)])
        means = found.means("Modality: H&E").query("measure == 'f1@0.5'").set_index("model")
        assert np.allclose(means["mean"][list(LEVELS)], wide.tail(4).mean()[list(LEVELS)])
        assert (means["n"] == 4).all()

    def test_of_several_seeds_the_mean_counts_and_an_undefined_one_leaves_the_image_out(
        self,
    ) -> None:
        second = SCORES.assign(seed=1, value=SCORES["value"] + 0.1)
        second.loc[(second["image_id"] == "im0") & (second["model"] == "unet"), "value"] = np.nan
        found = leaderboards(pd.concat([SCORES, second]), measures=MEASURES)
        values = found.values("f1@0.5")
        single = boards().values("f1@0.5")
        assert np.isnan(values.loc["im0", "unet"])
        assert values.loc["im5", "otsu"] == pytest.approx(single.loc["im5", "otsu"] + 0.05)
        assert set(found.means("all images")["n"]) == {11}

    def test_what_was_not_scored_is_refused_by_name(self) -> None:
        with pytest.raises(InputError, match=r"f1@0.9 was not scored; there are f1@0.5, haus"):
            leaderboards(SCORES, measures=[("f1", 0.9)])
        with pytest.raises(InputError, match="none of the usual measures was scored"):
            leaderboards(SCORES[SCORES["metric"] == "hausdorff"])


class TestPlaces:
    def test_models_that_images_can_not_tell_apart_share_a_place(self) -> None:
        places = boards().places("all images", "f1@0.5").set_index("model")
        assert places.loc[["unet", "twin"], "place"].tolist() == [1, 1]
        assert places.loc["otsu", ["place", "rank_low", "rank_high"]].tolist() == [3, 3, 3]

    def test_rank_intervals_are_those_of_the_rank_stability(self) -> None:
        paired = boards().paired("all images", "f1@0.5")
        expected = rank_stability(paired, n_resamples=500, seed=3).table.set_index("model")
        found = board_places(paired, n_resamples=500, seed=3).set_index("model")
        for name in ("rank_low", "rank_high"):
            assert (found[name] == expected[name].reindex(found.index)).all()

    def test_less_is_better_for_a_distance(self) -> None:
        found = boards()
        places = found.places("all images", "hausdorff").set_index("model")
        assert places["place"].idxmax() == "otsu"
        means = found.means("all images").query("measure == 'hausdorff'")
        assert means.set_index("model")["normalised"]["otsu"] == 0

    @pytest.mark.parametrize("rows", [0, 1, 2])
    def test_two_images_rank_nothing(self, rows: int) -> None:
        paired = pd.DataFrame({"a": [0.5, 0.6], "b": [0.1, 0.2]}, index=["x", "y"]).iloc[:rows]
        assert board_places(paired)[["place", "rank_low", "rank_high"]].isna().all(axis=None)
        assert board_means(paired)[["ci_low", "ci_high"]].isna().all(axis=None)

    def test_a_model_alone_has_no_place_and_equal_ones_no_normalised_value(self) -> None:
        alone = pd.DataFrame({"a": [0.5, 0.6, 0.7, 0.8]})
        assert board_places(alone)["place"].isna().all()
        assert board_means(alone.assign(b=alone["a"]))["normalised"].isna().all()

    @given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
    def test_normalised_values_run_from_zero_to_one(self, means: list[float]) -> None:
        paired = pd.DataFrame([means] * 3, columns=[f"m{n}" for n in range(len(means))])
        shares = board_means(paired)["normalised"]
        if shares.notna().any():
            assert (shares.min(), shares.max()) == (0, 1)


class TestThePanel:
    def test_sorting_by_a_distance_puts_the_smallest_first(self) -> None:
        panel = leaderboard(boards())
        panel.change(sort="hausdorff")
        assert panel.rows[-1].model == "otsu"
        panel.change(worst_first=True)
        assert panel.rows[0].model == "otsu"
        panel.change(sort="model", worst_first=False)
        assert [row.model for row in panel.rows] == ["otsu", "twin", "unet"]

    def test_another_slice_is_another_board(self) -> None:
        panel = leaderboard(boards())
        before = panel.rows[-1].cells[0]
        panel.change(images="Modality: H&E")
        assert panel.board["images"] == "Modality: H&E"
        assert panel.rows[-1].cells[0] != before
        assert panel.chosen == ("im8", "im9", "im10", "im11")

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"images": "CT"}, "no slice is called 'CT'; there are all images"),
            ({"sort": "f2"}, "no measure is called 'f2', only f1@0.5, hausdorff"),
            ({"picked": ("sam", "f1@0.5")}, "nothing stands at sam / f1@0.5"),
            ({"values": "z"}, "leaderboard: values"),
        ],
    )
    def test_what_is_not_there_is_refused(self, wrong: dict[str, Any], message: str) -> None:
        panel = leaderboard(boards())
        with pytest.raises(InputError, match=message):
            panel.change(**wrong)
        assert panel.state["images"] == "all images"

    def test_the_browser_is_sent_what_it_asks_for(self) -> None:
        panel, sent = leaderboard(boards()), []
        panel.send = lambda *message: sent.append(message)
        panel._answer(None, {"kind": "values", "measure": "f1@0.5", "request": "r"}, [])
        values = np.frombuffer(sent[0][1][0], "<f4").reshape(12, 3)
        assert np.allclose(values, boards().values("f1@0.5").to_numpy())

    def test_a_line_that_is_clicked_on_is_told(self) -> None:
        told: list[tuple[str, str]] = []
        panel = leaderboard(boards(), on_image=lambda *what: told.append(what))
        panel._answer(None, {"kind": "pick", "image_id": "im2", "model": "otsu"}, [])
        assert told == [("im2", "otsu")]


def page_data(page: str) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page, re.S)
    assert found
    data: dict[str, Any] = json.loads(found[1].replace("<\\/", "</"))
    return data


def test_a_page_that_would_be_too_large_leaves_the_lists_out() -> None:
    panel = leaderboard(boards())
    assert set(page_data(panel.static_html())["values"]) == set(boards().measures)
    small = page_data(panel.static_html(max_mb=0.001))
    assert small["values"] == {}
    assert set(small["boards"]) == set(boards().slices)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.usefixtures("needs_chromium")
class TestOffline:
    @pytest.fixture
    def panel(self) -> Leaderboard:
        return leaderboard(boards())

    @pytest.fixture
    def page(self, panel: Leaderboard, tmp_path: Path) -> Iterator[Any]:
        path = tmp_path / "board.html"
        path.write_text(panel.static_html(), encoding="utf-8")
        with chromium() as browser:
            context = browser.new_context(viewport={"width": 1366, "height": 700}, offline=True)
            page = context.new_page()
            page.goto(path.as_uri())
            page.wait_for_selector("tbody")
            yield page

    def test_it_shows_the_rows_that_python_says(self, panel: Leaderboard, page: Any) -> None:
        from playwright.sync_api import expect

        def agrees(**changes: Any) -> None:
            panel.change(**changes)
            shown = [
                [cell.strip() for cell in row.split("\t")]
                for row in page.locator(".wbl-table tbody").inner_text().splitlines()
            ]
            assert shown == [[row.place, row.model, *row.cells] for row in panel.rows]

        agrees()
        page.get_by_role("button", name=re.compile("Hausdorff")).first.click()
        agrees(sort="hausdorff")
        page.get_by_role("button", name=re.compile("Hausdorff")).first.press("Enter")
        agrees(worst_first=True)
        page.locator("select").nth(0).select_option("Modality: H&E")
        agrees(images="Modality: H&E")
        page.locator("select").nth(1).select_option("normalised")
        agrees(values="normalised")
        page.get_by_role("button", name="Model").click()
        agrees(sort="model", worst_first=False)
        expect(page.locator("th[aria-sort=ascending]")).to_have_text("Model ↑")

    def test_a_number_lists_its_images_worst_first(self, page: Any) -> None:
        from playwright.sync_api import expect

        page.get_by_role("button", name=re.compile("otsu, F1 @ 0.5")).click()
        listed = page.locator(".wbt-list")
        expect(listed.locator(".wbt-name")).to_have_text(
            "F1 @ 0.5 of otsu, all images – 12 images, worst first"
        )
        worst = boards().values("f1@0.5")["otsu"].sort_values()
        first = listed.locator("tbody tr").first
        expect(first).to_contain_text(f"{worst.index[0]}")
        expect(first).to_contain_text(f"{worst.iloc[0]:.3f}")
        page.keyboard.press("Escape")
        expect(listed).to_be_hidden()
        assert page.evaluate("document.activeElement.dataset.key") == "otsu f1@0.5"
        # A distance: the largest is the worst.
        page.get_by_role("button", name=re.compile("otsu, .*Hausdorff")).click()
        largest = boards().values("hausdorff")["otsu"].idxmax()
        expect(listed.locator("tbody tr").first).to_contain_text(str(largest))


def test_the_state_that_is_shown_first_can_be_given() -> None:
    start = BoardState(images="Modality: DAPI", sort="f1@0.5", values="normalised")
    assert leaderboard(boards(), start=start).rows[0].cells[0] == "1.00"
