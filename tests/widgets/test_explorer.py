"""The explorer without a browser: what a state shows, a kernel answers, and a page holds."""

import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.datasets import open_dataset
from workbench.schema import InputError, column_label
from workbench.studies import make_thumbnails, survey_dataset
from workbench.widgets import (
    DataExplorer,
    GalleryState,
    data_explorer,
    encode_table,
    resolve_gallery,
)
from workbench.widgets._still import MOST_CELLS

IMAGES = pd.DataFrame(
    {
        "image_id": ["a", "b", "c", "d", "e", "f"],
        "split": ["train", "train", "val", "test", "test", "test"],
        "modality": ["DAPI", "H&E", "DAPI", "DAPI", "H&E", None],
        "n_cells": [5, 40, 9, 9, np.nan, 12],
        "foreground": [0.1, 0.5, 0.2, 0.3, 0.4, np.nan],
    }
)
CELLS = pd.DataFrame(
    {
        "image_id": ["a", "a", "b", "d"],
        "cell_id": [1, 2, 7, 4_000_000_000],
        "area_px": [30, 600, 45, 50],
        "solidity": [0.9, 0.8, 1.0, 0.7],
        "touches_border": [True, False, False, True],
    }
)
TABLE = encode_table(IMAGES)
START = GalleryState(x="n_cells", y="foreground")


def resolved(**changes: Any) -> tuple[str, list[str]]:
    """Return the chosen images in order, and the shown ones."""
    view = resolve_gallery(TABLE, START.model_copy(update=changes))
    chosen, shown = (list(IMAGES["image_id"].iloc[rows]) for rows in (view.rows, view.shown))
    return "".join(chosen), shown


class FakePictures:
    """Says in place of a picture what was asked for."""

    def thumbnail(self, image_id: str, *, outlined: bool = False) -> bytes:
        if image_id == "c":
            raise KeyError(image_id)
        return f"thumbnail {image_id} {outlined}".encode()

    def picture(self, image_id: str, *, outlined: bool = False) -> bytes:
        return f"picture {image_id} {outlined}".encode()

    def crop(
        self, image_id: str, cell_id: int, *, outlined: bool = False, size_px: int = 128
    ) -> bytes:
        return f"crop {image_id} {cell_id} {outlined} {size_px}".encode()


@pytest.fixture
def explorer() -> DataExplorer:
    return data_explorer(IMAGES, CELLS, FakePictures())


@pytest.fixture
def ask(
    explorer: DataExplorer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[dict[str, Any], list[bytes]]]:
    """Return a function that asks as the browser does and returns content and buffers."""
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(
        explorer, "send", lambda content, buffers=(): sent.append((content, buffers))
    )

    def put(**content: Any) -> tuple[dict[str, Any], list[bytes]]:
        explorer._handle_custom_msg({"request": "1", **content}, [])
        (answer,) = sent
        sent.clear()
        assert answer[0]["request"] == "1"
        return answer

    return put


class TestResolving:
    def test_without_choices_everything_is_there_in_its_own_order(self) -> None:
        assert resolved() == ("abcdef", list("abcdef"))

    def test_filters_let_pass_what_has_all_their_names(self) -> None:
        assert resolved(filters={"modality": "DAPI"})[0] == "acd"
        assert resolved(filters={"modality": "DAPI", "split": "test"})[0] == "d"
        assert resolved(filters={"modality": "not given"})[0] == "f"

    def test_a_brush_includes_its_border_and_never_what_lacks_a_value(self) -> None:
        assert resolved(brush=(5, 9, 0.1, 0.3))[0] == "acd"
        assert resolved(brush=(-1e9, 1e9, -1e9, 1e9))[0] == "abcd"

    def test_a_picked_row_counts_instead_of_the_brush_but_not_against_filters(self) -> None:
        assert resolved(picked=5, brush=(0, 1, 0, 1))[0] == "f"
        assert resolved(picked=5, filters={"modality": "DAPI"})[0] == ""

    def test_sorting_puts_missing_numbers_last_and_keeps_equal_rows_in_order(self) -> None:
        assert resolved(sort="n_cells")[0] == "acdfbe"
        assert resolved(sort="n_cells", descending=True)[0] == "bfcdae"

    @pytest.mark.parametrize("descending", [False, True])
    def test_many_equal_rows_stay_in_order(self, descending: bool) -> None:
        frame = pd.DataFrame({"v": [0, 1] * 500})
        state = GalleryState(x="v", y="v", sort="v", descending=descending)
        evens, odds = list(range(0, 1000, 2)), list(range(1, 1000, 2))
        expected = odds + evens if descending else evens + odds
        assert resolve_gallery(encode_table(frame), state).rows.tolist() == expected

    def test_texts_and_categories_sort_by_name(self) -> None:
        assert resolved(sort="image_id", descending=True)[0] == "fedcba"
        assert resolved(sort="modality")[0] == "acdbef"

    def test_the_gallery_shows_the_first_ones(self) -> None:
        chosen, shown = resolved(sort="n_cells", n_shown=2)
        assert (chosen, shown) == ("acdfbe", ["a", "c"])

    @given(
        st.lists(st.integers(0, 6) | st.none(), min_size=1, max_size=30),
        st.tuples(*[st.floats(-1, 7)] * 4),
        st.booleans(),
        st.integers(1, 9),
    )
    def test_laws(
        self, values: list[int | None], brush: tuple[float, ...], descending: bool, n_shown: int
    ) -> None:
        names = ["one", "two", "three"] * 10
        frame = pd.DataFrame({"v": pd.Series(values, dtype=float), "k": names[: len(values)]})
        state = GalleryState(
            x="v", y="v", brush=brush, sort="v", descending=descending, n_shown=n_shown
        )
        table = encode_table(frame)
        view = resolve_gallery(table, state)
        filtered = resolve_gallery(table, state.model_copy(update={"filters": {"k": "one"}}))
        assert sorted(view.rows) == list(np.flatnonzero(view.chosen))
        assert not (view.chosen & ~view.visible).any()
        assert list(view.shown) == list(view.rows[:n_shown])
        assert set(filtered.rows) == {row for row in view.rows if frame["k"].iloc[row] == "one"}
        ordered = frame["v"].iloc[view.rows].dropna()
        assert ordered.is_monotonic_decreasing if descending else ordered.is_monotonic_increasing

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"x": "n_cell"}, "no column 'n_cell' to be used as x; did you mean 'n_cells'"),
            ({"y": "split"}, "'split' to be used as y; there are n_cells, foreground"),
            ({"colour": "image_id"}, "'image_id' to be used as colour"),
            ({"sort": "size"}, "'size' to be used as sort"),
            ({"filters": {"n_cells": "5"}}, "'n_cells' to be used as filter"),
            ({"filters": {"split": "tests"}}, "split is never 'tests'; did you mean 'test'"),
        ],
    )
    def test_what_is_not_there_is_refused_with_what_is(
        self, changes: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            resolved(**changes)


class TestColumns:
    @pytest.mark.parametrize(
        ("name", "values", "kind"),
        [
            ("n_cells", [1, 2, 3], "number"),
            ("n_cells", [1, None, np.inf], "number"),
            ("cell_id", [1, 2, 4_000_000_000], "id"),
            ("touches_border", [True, False, True], "category"),
            ("split", ["train", "test", None], "category"),
            ("image_id", ["a", "a", "b"], "text"),
            ("height", [str(n) for n in range(100, 113)], "number"),
            ("plate", ["9", "10", "9"], "category"),
            ("comment", [f"remark {n}" for n in range(13)], "text"),
            ("cell_type", [f"type {n}" for n in range(100)] * 2, "category"),
            ("taken", pd.date_range("2024-01-01", periods=13).tolist(), "text"),
        ],
    )
    def test_kinds(self, name: str, values: list[Any], kind: str) -> None:
        assert encode_table(pd.DataFrame({name: values})).columns[name].kind == kind

    def test_infinite_numbers_are_missing(self) -> None:
        values = encode_table(pd.DataFrame({"x": [1.0, np.inf, None]})).columns["x"].data
        assert values.dtype == np.float32
        assert np.array_equal(values, [1, np.nan, np.nan], equal_nan=True)

    def test_numbers_that_are_names_sort_as_numbers(self) -> None:
        assert encode_table(pd.DataFrame({"plate": ["10", "9", "10"]})).columns["plate"].names == (
            "9",
            "10",
        )

    def test_large_ids_stay_exact(self) -> None:
        column = encode_table(CELLS).columns["cell_id"]
        assert column.data.dtype == np.uint32
        assert column.data.tolist() == CELLS["cell_id"].tolist()

    @pytest.mark.parametrize(
        ("values", "is_log"),
        [([1, 101], True), ([1, 100], False), ([0, 1000], False), ([-1, 1000], False)],
    )
    def test_an_axis_is_logarithmic_where_positive_values_span_two_decades(
        self, values: list[float], is_log: bool
    ) -> None:
        assert encode_table(pd.DataFrame({"x": values})).columns["x"].is_log == is_log

    def test_labels_end_in_the_unit(self) -> None:
        labels = [column_label(name) for name in ("area_um2", "foreground_percent", "px", "n")]
        assert labels == ["Area, µm²", "Foreground, %", "Px", "N"]


class TestPanel:
    def test_it_starts_with_the_axes_and_the_grouping_that_tell_most(
        self, explorer: DataExplorer
    ) -> None:
        images, cells = explorer.state["images"], explorer.state["cells"]
        assert (images["x"], images["y"], images["colour"]) == ("n_cells", "foreground", "modality")
        assert (cells["x"], cells["y"], cells["colour"]) == ("area_px", "solidity", "modality")

    def test_cells_are_filtered_by_what_their_images_are(self, explorer: DataExplorer) -> None:
        explorer.change("cells", filters={"modality": "DAPI", "touches_border": "yes"})
        assert list(explorer.chosen["cell_id"]) == [1, 4_000_000_000]
        assert "modality" in explorer.chosen

    def test_menus_offer_cell_type_before_tissue_before_modality_before_the_rest(self) -> None:
        images = IMAGES.assign(tissue=["x", "y"] * 3, cell_type=["z", "w"] * 3, stain=["s"] * 6)
        filters = data_explorer(images).schema["images"]["filters"]
        assert filters == ["cell_type", "tissue", "modality", "split"]  # stain is always the same

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"level": "images", "z": "n_cells"}, "images.z: Extra inputs"),
            ({"level": "images", "n_shown": 0}, "images.n_shown"),
            ({"level": "cells", "x": "n_cells"}, "no column 'n_cells' to be used as x"),
        ],
    )
    def test_an_impossible_state_is_refused_and_the_old_one_stays(
        self, explorer: DataExplorer, changes: dict[str, Any], message: str
    ) -> None:
        before = explorer.state
        with pytest.raises(InputError, match=message):
            explorer.change(**changes)
        assert explorer.state == before

    def test_cells_that_were_not_given_cannot_be_shown(self) -> None:
        with pytest.raises(InputError, match="give data_explorer a table of cells"):
            data_explorer(IMAGES).change("cells")

    @pytest.mark.parametrize(
        ("images", "message"),
        [
            (IMAGES.drop(columns="image_id"), "images lacks the column image_id"),
            (IMAGES.iloc[:0], "has no rows"),
            (IMAGES[["image_id", "split"]], "has no numbers"),
            (pd.concat([IMAGES, IMAGES.iloc[1:2]]), "image 'b' has more than one row"),
        ],
    )
    def test_a_table_that_cannot_be_explored_is_refused(
        self, images: pd.DataFrame, message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            data_explorer(images)


class TestAnswers:
    def test_a_column_travels_as_bytes(self, ask: Callable[..., Any]) -> None:
        content, (buffer,) = ask(kind="column", level="images", name="n_cells")
        assert content["dtype"] == "f4"
        assert np.array_equal(
            np.frombuffer(buffer, np.float32), IMAGES["n_cells"].to_numpy(np.float32), True
        )
        content, (buffer,) = ask(kind="column", level="cells", name="image_id")
        names = [content["names"][code] for code in np.frombuffer(buffer, content["dtype"])]
        assert names == list(CELLS["image_id"])

    def test_no_values_are_in_what_a_notebook_keeps_of_the_panel(
        self, explorer: DataExplorer
    ) -> None:
        many = pd.concat([CELLS.assign(cell_id=n) for n in range(2000)])
        small, large = (
            len(json.dumps(panel.get_state(["schema", "state"])))
            for panel in (explorer, data_explorer(IMAGES, many))
        )
        assert abs(large - small) < 100

    def test_pictures_are_of_the_rows_asked_for(self, ask: Callable[..., Any]) -> None:
        _, buffers = ask(kind="pictures", level="images", rows=[3, 2], outlined=True, large=False)
        assert buffers == [b"thumbnail d True", b""], "image c has none"
        _, buffers = ask(kind="pictures", level="images", rows=[0], outlined=False, large=True)
        assert buffers == [b"picture a False"]
        _, buffers = ask(kind="pictures", level="cells", rows=[2], outlined=True, large=False)
        assert buffers == [b"crop b 7 True 128"]
        _, buffers = ask(kind="pictures", level="cells", rows=[3], outlined=False, large=True)
        assert buffers == [b"crop d 4000000000 False 512"]

    def test_facts_are_those_of_the_row(self, ask: Callable[..., Any]) -> None:
        content, _ = ask(kind="facts", level="images", rows=[4])
        assert content["facts"] == [
            {
                "image_id": "e",
                "split": "test",
                "modality": "H&E",
                "n_cells": None,
                "foreground": 0.4,
            }
        ]
        content, _ = ask(kind="facts", level="cells", rows=[0])
        assert content["facts"][0]["touches_border"] == "yes"

    def test_what_is_opened_is_told(self) -> None:
        told: list[tuple[str, int | None]] = []
        explorer = data_explorer(IMAGES, CELLS, on_pick=lambda *what: told.append(what))
        explorer._handle_custom_msg({"kind": "pick", "level": "images", "rows": [1]}, [])
        explorer._handle_custom_msg({"kind": "pick", "level": "cells", "rows": [2]}, [])
        assert told == [("b", None), ("b", 7)]


def page_data(page: str) -> dict[str, Any]:
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    data: dict[str, Any] = json.loads(content)
    return data


class TestPage:
    def test_it_holds_every_column_exactly(self, explorer: DataExplorer) -> None:
        columns = page_data(explorer.static_html())["columns"]
        n_cells = columns["images"]["n_cells"]
        values = np.frombuffer(base64.b64decode(n_cells["data"]), n_cells["dtype"])
        assert np.array_equal(values, IMAGES["n_cells"].to_numpy(np.float32), equal_nan=True)
        assert set(columns["cells"]) == {*CELLS.columns, "split", "modality"}

    def test_it_loads_nothing(self, explorer: DataExplorer) -> None:
        page = explorer.static_html()
        assert not re.findall(r'(?:src|href)="|\bimport\b|url\(|https?:', page)

    def test_a_closing_tag_in_the_data_does_not_end_the_script(self) -> None:
        images = IMAGES.assign(image_id=[f"</script><b>{name}" for name in IMAGES["image_id"]])
        data = page_data(data_explorer(images).static_html())
        assert data["columns"]["images"]["image_id"]["names"][0] == "</script><b>a"

    def test_pictures_that_are_shown_come_first_and_the_page_keeps_its_size(
        self, explorer: DataExplorer
    ) -> None:
        explorer.change(filters={"modality": "H&E"}, sort="n_cells", descending=True)
        whole = page_data(explorer.static_html())["pictures"]
        assert list(whole)[:2] == ["1", "4"], "b and e"
        assert set(whole) == {"0", "1", "3", "4", "5"}, "c has no picture"
        assert base64.b64decode(whole["1"][1]) == b"thumbnail b True"

        limit = (len(explorer.static_html()) - 130) / 2**20
        cut = explorer.static_html(max_mb=limit)
        assert list(page_data(cut)["pictures"])[:2] == ["1", "4"]
        assert len(page_data(cut)["pictures"]) < len(whole)
        assert len(cut) <= limit * 2**20

    def test_of_very_many_cells_it_holds_an_even_choice_and_says_so(self) -> None:
        n = 3 * MOST_CELLS
        cells = pd.DataFrame({"image_id": "a", "cell_id": range(n), "area_px": range(n)})
        explorer = data_explorer(IMAGES, cells)
        explorer.change("cells", picked=n - 1)
        data = page_data(explorer.static_html())
        assert (data["schema"]["cells"]["n_rows"], data["schema"]["cells"]["n_all"]) == (
            MOST_CELLS,
            n,
        )
        areas = data["columns"]["cells"]["area_px"]
        values = np.frombuffer(base64.b64decode(areas["data"]), areas["dtype"])
        assert np.histogram(values, 4, (0, n))[0] == pytest.approx(MOST_CELLS / 4, rel=0.05)
        picked = data["state"]["cells"]["picked"]
        assert picked is None or values[picked] == n - 1

    def test_beside_the_widget_a_notebook_keeps_the_page(
        self, explorer: DataExplorer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data, _ = explorer._repr_mimebundle_()
        assert set(data) == {
            "application/vnd.jupyter.widget-view+json", "text/html", "text/plain",
        }  # fmt: skip
        assert data["text/html"].startswith("<iframe srcdoc=")
        monkeypatch.setenv("WORKBENCH_PANELS", "still")
        data, _ = explorer._repr_mimebundle_()
        assert set(data) == {"text/html", "text/plain"}


def test_a_surveyed_data_set_with_its_thumbnails_is_explored(
    small_dataset: Callable[..., Path], tmp_path: Path
) -> None:
    dataset = open_dataset(small_dataset())
    survey = survey_dataset(dataset)
    thumbnails = make_thumbnails(dataset, tmp_path / "sheets")
    explorer = data_explorer(survey.images, survey.cells, thumbnails)
    explorer.change("images", filters={"split": "test"}, sort="median_area_px")
    expected = survey.images[survey.images["split"] == "test"].sort_values("median_area_px")
    assert list(explorer.chosen["image_id"]) == list(expected["image_id"])
    pictures = page_data(explorer.static_html())["pictures"]
    assert base64.b64decode(pictures["0"][0]) == thumbnails.thumbnail("im0")
