"""A run whose annotation is wrong: what is listed for review, and what verdicts come to."""

import getpass
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import run_workbench
from tests.studies.wrong_labels import view_of_wrong_labels
from workbench.analysis import scores_without_disputed
from workbench.schema import InputError
from workbench.store import (
    KeptSlice,
    Verdict,
    append_verdict,
    keep_slice,
    read_verdicts,
    write_table,
)
from workbench.studies import (
    RunView,
    disputed_sentences,
    images_behind,
    judge_cell,
    open_view,
    review_cells,
    review_scores,
    run_review,
)
from workbench.studies._report_reviews import reviews_section

MEMBER = "otsu_watershed-0"


@pytest.fixture
def view(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path], tmp_path: Path
) -> RunView:
    return view_of_wrong_labels(small_dataset, small_study, tmp_path / "run")


class TestWhatIsListed:
    def test_the_cells_of_one_error_are_one_place(self, view: RunView) -> None:
        listed = review_cells(view)
        assert sorted(listed.table["image_id"]) == ["im2", "im3"]
        merged = listed.table.set_index("image_id").loc["im3"]
        (split,) = [cells for cells in listed.table["cells"] if len(cells) > 1]
        assert merged["cells"] == split
        assert [side for side, _, _ in split] == ["reference", *["predicted"] * 3]
        (spurious,) = [cells for cells in listed.table["cells"] if len(cells) == 1]
        assert spurious[0][::2] == ("predicted", MEMBER)
        assert listed.expected == "expected after all corrections 1.000 (1.000 to 1.000)"
        assert len(review_cells(view, n_cells=1).table) == 1

    def test_they_are_those_of_the_queue_in_its_order(self, view: RunView) -> None:
        from workbench.analysis import review_queue

        events = review_queue(view.cells, model="otsu_watershed").events
        table = review_cells(view, n_cells=None).table
        for column, name in (("image_id", "image_id"), ("kind", "error"), ("top_px", "top_px")):
            assert table[column].tolist() == events[name].tolist()

    def test_a_kept_slice_of_images_takes_the_errors_in_them(self, view: RunView) -> None:
        keep_slice(view.run.slices_file, KeptSlice("third", ("im3", "im4")))
        listed = review_cells(view, source="third")
        assert listed.table["image_id"].tolist() == ["im3"]

    def test_a_kept_slice_of_cells_takes_these_cells_right_or_wrong(self, view: RunView) -> None:
        kept = KeptSlice("some", ("im3", "im4"), (("im4", 5), ("im3", 1), ("im3", 999)))
        keep_slice(view.run.slices_file, kept)
        table = review_cells(view, source="some").table
        assert table["cells"].tolist() == [
            (("reference", 5, MEMBER),),
            (("reference", 1, MEMBER),),
        ]
        assert table["kind"].tolist()[0] == "matched"
        assert len(review_cells(view, source="some", n_cells=1).table) == 1

    def test_doubtful_cells_need_no_reference(self, view: RunView) -> None:
        cells = view.cells.copy()
        sure = (cells["image_id"] == "im2") & (cells["cell_id"] == 3)
        cells["confidence"] = 0.9
        cells.loc[sure & (cells["side"] == "predicted"), "confidence"] = 0.2
        write_table(view.run.cells_file, cells)
        doubted = RunView(view.run, view.study, view.dataset, view.scores)
        table = review_cells(doubted, source="doubtful", n_cells=2).table
        assert table["cells"].iloc[0] == (("predicted", 3, MEMBER),)
        assert table["about"].iloc[0] == "confidence 0.20"

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"source": "queu"}, "no source is called 'queu'; there are 'queue', 'doubtful'"),
            ({"n_cells": 0}, "n_cells must be at least 1, got 0"),
            ({"source": "difference"}, "takes a second member in `against`"),
            ({"against": "unet"}, "takes a second member in `against`"),
            ({"member": "sam"}, "no scored model is called 'sam'"),
        ],
    )
    def test_what_is_not_there_is_refused(
        self, view: RunView, wrong: dict[str, object], message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            review_cells(view, **wrong)


def test_places_where_two_members_differ_name_the_cells_of_both(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path], tmp_path: Path
) -> None:
    small_dataset()
    view = view_of_wrong_labels(small_dataset, small_study, tmp_path / "run")
    # A second model that finds nothing at all.
    lost = view.cells[view.cells["side"] == "reference"].assign(
        model="blind", outcome="missed", partner_id=0, matched_iou=float("nan"), partner_iou=0.0
    )
    lost["event"] = range(1, len(lost) + 1)
    scores = view.scores.assign(model="blind", value=0.0, tp=0)
    write_table(view.run.cells_file, pd.concat([view.cells, lost]))
    both = RunView(view.run, view.study, view.dataset, pd.concat([view.scores, scores]))
    listed = review_cells(both, member=MEMBER, source="difference", against="blind", n_cells=None)
    assert set(listed.table["panels"]) == {(MEMBER, "blind-0")}
    sizes = listed.table["about"].str.extract(r"([+-]\d\.\d+) of")[0].astype(float).abs()
    assert sizes.is_monotonic_decreasing
    spurious = {cells for cells in listed.table["cells"] if cells[0][0] == "predicted"}
    assert {member for cells in spurious for _, _, member in cells} == {MEMBER}


class TestWhatVerdictsComeTo:
    def test_cells_that_are_disputed_count_no_more(self, view: RunView) -> None:
        review = run_review(view, reviewer="Ada")
        before = review.scores().changes.iloc[0]
        assert before["change"] == 0
        for row in range(2):
            review.judge(row, "annotation error")
        found = review.scores()
        (after,) = found.changes.to_dict("records")
        assert after["f1"] == before["f1"] < 1
        assert after["f1_without"] == 1
        assert after["n_touched"] == 2
        assert found.touched == {MEMBER: ("im2", "im3")}
        assert sum(found.counts.values()) == 5, "one spurious cell, and four of the split"

    def test_the_same_comes_out_whichever_images_are_computed_anew(self, view: RunView) -> None:
        review = run_review(view, reviewer="Ada")
        review.judge(0, "ambiguous")
        verdicts = read_verdicts(view.run.verdicts_file)
        whole = scores_without_disputed(view.cells, verdicts)
        found = review.scores().changes.iloc[0]
        assert found["f1_without"] == pytest.approx(whole["f1_without"].mean())
        assert review_scores(view).changes.equals(review.scores().changes)

    def test_a_withdrawn_verdict_gives_the_score_back(self, view: RunView) -> None:
        review = run_review(view, reviewer="Ada")
        for judgement in ("ambiguous", "withdrawn"):
            review.judge(0, judgement)
        assert review.verdicts().empty
        assert review.scores().changes["change"].tolist() == [0]
        assert review_scores(view) is None

    def test_verdicts_on_a_corrected_annotation_are_of_other_cells(self, view: RunView) -> None:
        cell = view.cells[view.cells["side"] == "reference"].iloc[0]
        place = (cell["image_id"], "reference", int(cell["cell_id"]), MEMBER)
        append_verdict(view.run.verdicts_file, Verdict(*place, "ambiguous", annotation=1))
        review = run_review(view)
        assert review.verdicts().empty
        assert review.scores().changes["n_disputed"].tolist() == [0]

    def test_reviewers_who_judged_ten_cells_both_are_compared(self, view: RunView) -> None:
        kept = KeptSlice("ten", ("im4",), tuple(("im4", n) for n in range(1, 13)))
        keep_slice(view.run.slices_file, kept)
        for who, n_errors in (("Ada", 6), ("Bo", 3)):
            review = run_review(view, source="ten", reviewer=who)
            for row in range(12):
                review.judge(row, "model error" if row < n_errors else "ambiguous")
        (sentence,) = review.scores().agreement_sentences
        # Agreed on 9 of 12; by chance (6 * 3 + 6 * 9) / 144 = 1/2.
        assert sentence == (
            "Ada and Bo both judged 12 cells and said the same of 75 % (Cohen's kappa 0.50)."
        )

    def test_the_reviewer_is_who_logged_in(
        self, view: RunView, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LOGNAME", "grace")
        assert getpass.getuser() == "grace"
        assert run_review(view).reviewer == "grace"
        assert run_review(view, reviewer=" Ada ").reviewer == "Ada"

    def test_all_cells_of_an_error_are_noted_or_none(self, view: RunView) -> None:
        cell = view.cells[view.cells["side"] == "reference"].iloc[0]
        there = Verdict(cell["image_id"], "reference", int(cell["cell_id"]), MEMBER, "ambiguous")
        absent = Verdict(cell["image_id"], "predicted", 999, MEMBER, "ambiguous")
        with pytest.raises(InputError, match=r"no predicted cell 999 .* nothing was noted"):
            judge_cell(view, there, absent)
        assert not view.run.verdicts_file.exists()
        assert len(judge_cell(view, there)) == 1

    def test_where_nothing_can_be_written_it_says_so(self, view: RunView) -> None:
        view.run.verdicts_file.parent.write_text("a file where a folder should be")
        with pytest.raises(InputError, match=r"can't note the verdict .* free space"):
            run_review(view).judge(0, "ambiguous")


class TestWhereItIsTold:
    def test_a_run_that_nobody_judged_says_nothing(self, view: RunView) -> None:
        section = reviews_section(view)
        assert not section.texts
        assert not section.items
        assert list(disputed_sentences(view)) == []

    def test_the_report_has_both_scores_and_leads_to_the_images(self, view: RunView) -> None:
        review = run_review(view, reviewer="Ada")
        (forgotten,) = [n for n, cells in enumerate(review.cells.table["cells"]) if len(cells) == 1]
        review.judge(forgotten, "annotation error", "forgotten")
        section = reviews_section(view)
        assert section.texts[0].startswith("1 cell was judged by Ada: 0 model error, 1 annotation")
        assert MEMBER in section.texts[1]
        (table,) = section.items
        (row,) = table.rows()
        assert row[0] == MEMBER
        (query,) = table.queries["Change"]
        assert images_behind(view.scores)(query)["Image"].tolist() == ["im2"]

    def test_compare_says_how_far_disputed_cells_matter(self, view: RunView) -> None:
        review = run_review(view, reviewer="Ada")
        for row in range(2):
            review.judge(row, "annotation error")
        told = run_workbench("compare", view.run.root).stdout
        assert "run: 5 cells of this run were judged by eye, 5 of them disputed" in told
        f1 = review.scores().changes["f1"].iloc[0]
        assert f"changes most for {MEMBER}: from {f1:.3f} to 1.000" in told

    def test_cells_judged_and_not_disputed_are_told_too(self, view: RunView) -> None:
        run_review(view, reviewer="Ada").judge(0, "model error")
        n = len(review_cells(view).table["cells"].iloc[0])
        (sentence,) = disputed_sentences(view)
        assert sentence == f"{n} cells of this run were judged by eye, 0 of them disputed"


def test_a_verdict_is_on_disk_before_the_next_one(view: RunView) -> None:
    run_review(view, reviewer="Ada").judge(0, "ambiguous", "dim")
    lines = view.run.verdicts_file.read_text().splitlines()
    assert {json.loads(line)["note"] for line in lines} == {"dim"}
    assert not review_scores(open_view(view.run.root)).verdicts.empty
