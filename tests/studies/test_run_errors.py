"""The errors of a run: tables whose numbers lead to their cells, sections, and the command."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.conftest import small_view
from workbench.analysis import audit_text
from workbench.cli import app
from workbench.report import Query, Report, render_html
from workbench.schema import InputError
from workbench.store import write_table
from workbench.studies import (
    RunErrors,
    RunView,
    budget_table,
    difference_table,
    disputed_table,
    duel_table,
    images_behind,
    open_errors,
    open_view,
    outcome_table,
    places_table,
    print_errors,
    review_table,
    terms_of_others,
    write_errors,
)
from workbench.studies._report_errors import error_report_sections, errors_sections

TWO = "{plain: {architecture: otsu_watershed}, rough: {architecture: otsu_watershed}}"


@pytest.fixture
def two(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    """A run of two models, of which the second lost its first found cell on each image."""
    view = small_view(small_study(models=TWO), tmp_path / "run")
    return with_cells(view, spoilt(view))


def spoilt(view: RunView, model: str = "rough") -> pd.DataFrame:
    """Return the cells, with one match per image of a model taken apart."""
    cells = view.cells.copy()
    own = cells[(cells["model"] == model) & (cells["outcome"] == "matched")]
    for event, (_, inside) in enumerate(own.groupby("image_id"), start=1000):
        lost = inside[inside["side"] == "reference"].index[0]
        partner = cells.loc[lost, "partner_id"]
        extra = inside[(inside["side"] == "predicted") & (inside["cell_id"] == partner)].index[0]
        cells.loc[[lost, extra], ["outcome", "event"]] = ("boundary", event)
        cells.loc[[lost, extra], "detail"] = "shrunk"
        cells.loc[[lost, extra], "matched_iou"] = np.nan
    return cells


def with_cells(view: RunView, cells: pd.DataFrame) -> RunView:
    write_table(view.run.cells_file, cells)
    return open_view(view.run.root)


def behind(found: RunErrors, query: Query | None) -> pd.DataFrame:
    assert query is not None
    return images_behind(found.view.scores, found.view.cells)(query)


class TestWhatIsFound:
    def test_the_best_model_and_the_best_two_are_looked_at(self, two: RunView) -> None:
        found = open_errors(two)
        assert set(found.pair or ()) == {"plain", "rough"}
        assert found.model == found.models[0]
        assert open_errors(two, model="rough-0", compare=("rough", "plain-0")).pair == (
            "rough", "plain",
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"model": "unet"}, "no scored model is called 'unet'"),
            ({"compare": ("plain", "plain-0")}, "between two models, got 'plain' twice"),
            ({"threshold": 0.42}, r"nothing was scored at IoU 0\.42, only at 0\.5, 0\.55"),
        ],
    )
    def test_what_is_not_there_is_refused(
        self, two: RunView, asked: dict[str, object], message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            open_errors(two, **asked)  # type: ignore[arg-type]

    def test_with_one_model_nothing_is_compared_and_it_says_why(
        self, small_study: Callable[..., Path], tmp_path: Path
    ) -> None:
        found = open_errors(small_view(small_study(), tmp_path / "run"))
        for part in ("places", "duel", "difference"):
            assert found.why_not(part).startswith("A comparison takes two models")
        assert found.why_not("disputed").startswith("A dispute takes at least 2 models")
        assert found.why_not("budget") == ""
        titles = [section.title for section in error_report_sections(found) if section.texts]
        assert titles[0] == "Errors"
        assert "Where the best two differ" not in titles
        print_errors(found)


class TestNumbersLeadToCells:
    def test_a_count_of_a_fate_lists_exactly_those_cells(self, two: RunView) -> None:
        found = open_errors(two)
        table = outcome_table(found)
        place = next(
            n for n, row in table.frame.iterrows()
            if (row["Model"], row["Side"]) == ("rough", "reference")
        )  # fmt: skip
        listed = behind(found, table.queries["boundary"][int(str(place))])
        cells = two.cells.query("model == 'rough' and side == 'reference'")
        expected = cells[cells["outcome"] == "boundary"]
        assert table.frame.loc[place, "boundary"] == len(expected) == len(listed) >= 3
        assert set(zip(listed["Image"], listed["Cell"], strict=True)) == set(
            zip(expected["image_id"], expected["cell_id"], strict=True)
        )
        assert set(listed["Model"]) == {"rough-0"}
        assert listed["IoU"].is_monotonic_increasing, "the worst overlap first"

    def test_fates_of_a_side_sum_to_its_cells_and_impossible_ones_are_not_zero(
        self, two: RunView
    ) -> None:
        frame = outcome_table(open_errors(two)).frame
        fates = frame.drop(columns=["Model", "Side", "Cells"])
        assert fates.sum(axis=1).tolist() == frame["Cells"].tolist()
        if "spurious" in frame:
            assert frame.loc[frame["Side"] == "reference", "spurious"].isna().all()

    def test_a_place_that_explains_the_difference_lists_what_both_models_made_of_it(
        self, two: RunView
    ) -> None:
        found = open_errors(two, compare=("plain", "rough"))
        table = places_table(found)
        assert len(found.places) == two.scores["image_id"].nunique()
        first = behind(found, table.queries["Place"][0])
        place = found.places.iloc[0]
        fates = first[["Side", "Cell", "Model", "What became of it"]].to_numpy().tolist()
        (cell,) = place["reference_ids"]
        assert fates[:2] == [
            ["reference", cell, "plain-0", "matched"],
            ["reference", cell, "rough-0", "boundary (shrunk)"],
        ]
        assert fates[2][0::2] == ["predicted", "rough-0"]
        assert set(first["Image"]) == {place["image_id"]}

    def test_classes_of_a_duel_list_the_cells_they_count(self, two: RunView) -> None:
        found = open_errors(two, compare=("plain", "rough"))
        table = duel_table(found)
        for name in ("both", "first_only", "second_only", "neither"):
            for count, query in zip(table.frame[name], table.queries[name], strict=True):
                listed = behind(found, query) if query else pd.DataFrame(columns=["Image", "Cell"])
                assert len(listed[["Image", "Cell"]].drop_duplicates()) == count

    def test_costs_lead_to_cells_at_the_threshold_of_the_cells_alone(self, two: RunView) -> None:
        at_half = budget_table(open_errors(two))
        assert at_half.queries["boundary"][0] is not None
        stricter = budget_table(open_errors(two, threshold=0.9))
        query = stricter.queries["boundary"][0]
        assert query is not None
        assert (query.cells, query.threshold) == (None, 0.9)
        difference = difference_table(open_errors(two)).queries
        assert all(query is not None for column in difference.values() for query in column)

    def test_an_error_of_the_review_queue_lists_its_cells(self, two: RunView) -> None:
        found = open_errors(two, model="rough", n_corrections=2)
        table = review_table(found)
        assert len(table.frame) == 2
        event = found.queue.events.iloc[0]
        listed = behind(found, table.queries["Place"][0])
        assert listed["Cell"].tolist() == [*event["reference_ids"], *event["predicted_ids"]]
        assert set(listed["Model"]) == {"rough-0"}

    def test_many_cells_are_cut_and_counted(self, two: RunView) -> None:
        from workbench.studies._error_tables import cells_query

        many = pd.concat([two.cells] * 40)
        query = cells_query(many)
        assert len(query.cells or ()) == 500
        assert query.n_cells == len(many)

    def test_disputes_are_told_by_image(self, two: RunView) -> None:
        assert disputed_table(open_errors(two)).frame.empty, "only one model contradicts it"
        found = open_errors(with_cells(two, spoilt(two, "plain")))
        table = disputed_table(found)
        assert table.frame["Cells"].tolist() == [1, 1, 1]
        listed = behind(found, table.queries["Cells"][0])
        assert listed["Model"].tolist() == ["plain-0", "rough-0"]
        assert set(listed["What became of it"]) == {"boundary (shrunk)"}


class TestTheReport:
    def test_it_shows_the_places_and_their_cells_stand_behind_the_numbers(
        self, two: RunView
    ) -> None:
        found = open_errors(two, compare=("plain", "rough"))
        report = Report("two", error_report_sections(found), scores=two.scores, cells=two.cells)
        page = render_html(report, made=datetime(2026, 1, 2))
        assert 'id="cells"' in page
        assert "boundary (shrunk)" in page
        assert "plain is ahead of rough by" in page

    def test_a_run_that_an_earlier_version_scored_says_what_to_do(self, two: RunView) -> None:
        two.run.errors_file.unlink()
        (section,) = errors_sections(open_view(two.run.root))
        assert section.title == "Errors"
        assert "errors.parquet" in section.texts[0]

    def test_without_features_only_area_and_border_are_searched(self, two: RunView) -> None:
        two.run.features_file.unlink()
        texts = [t for s in errors_sections(open_view(two.run.root)) for t in s.texts]
        assert any("Only area and border of the cells were searched" in text for text in texts)

    def test_images_without_any_cells_need_no_errors(
        self, small_study: Callable[..., Path], tmp_path: Path
    ) -> None:
        view = small_view(small_study(), tmp_path / "run")
        empty = with_cells(view, view.cells.iloc[:0])
        texts = [text for section in errors_sections(empty) for text in section.texts]
        assert any("there are no cells on any image" in text.lower() for text in texts)


def test_the_terms_of_others_count_over_all_images(two: RunView) -> None:
    from workbench.studies import find_member

    terms = terms_of_others(two, find_member(two, "plain")).set_index(["scheme", "term"])["value"]
    n_images = two.scores["image_id"].nunique()
    n_cells = len(two.cells.query("model == 'plain' and side == 'reference'"))
    assert n_images == 3
    assert 0 < terms["deepcell", "correct_detections"] <= n_cells
    assert terms["Cell Tracking Challenge", "DET"] <= 1, "a mean, not a sum"


def errors_command(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["errors", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


class TestTheCommand:
    def test_it_prints_costs_and_the_cells_that_explain_a_difference(self, two: RunView) -> None:
        told = errors_command(two.run.root, "--compare", "plain", "rough", "--model", "rough")
        assert "F1 lost at IoU 0.5 by type of error" in told
        assert "mean F1 of rough at IoU 0.5 rises" in told
        assert "The 3 places that speak most for the model ahead" in told
        assert "Groups of cells that rough loses more often" in told

    def test_it_writes_the_report(
        self, two: RunView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("workbench.studies._report.print_pdf", lambda *_: "no PDF here")
        page = write_errors(open_errors(two, model="rough"), tmp_path / "out")
        assert page.name == "report.html"
        for name in ("report.md", "report.txt"):
            codes = {found.code for found in audit_text(page.with_name(name).read_text())}
            assert codes <= {"few_images"}
        stems = {path.stem for path in (tmp_path / "out" / "tables").glob("*.csv")}
        assert {"cell_outcomes", "error_budget", "explaining_cells", "review_queue"} <= stems
        assert "Where the best two differ" in (tmp_path / "out" / "report.md").read_text()

    def test_a_mistake_is_told_with_its_cure(self, two: RunView) -> None:
        with pytest.raises(InputError, match="only plain-0, rough-0"):
            errors_command(two.run.root, "--model", "unet")
        with pytest.raises(InputError, match=r"only at 0\.5"):
            errors_command(two.run.root, "--threshold", "0.1")
