"""The list of failures: which, in which order, what was said of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.conftest import small_view
from workbench.datasets import read_labels
from workbench.schema import CELL_COLUMNS, InputError, Member
from workbench.store import KeptSlice, Verdict, keep_slice, read_verdicts, write_labels
from workbench.studies import (
    FAILURE_COLUMNS,
    FailureChoice,
    RunView,
    chosen_failures,
    failure_rows,
    find_cell,
    judge_cell,
    judged_rows,
    slice_members,
    slice_names,
)

UNET = Member("unet", 0)


def cell(image: str, side: str, number: int, outcome: str, event: int = 0) -> dict[str, object]:
    """Return a row of the cell table; cells lie on a diagonal, 10 px apart."""
    known = {
        "image_id": image, "model": "unet", "seed": 0, "side": side, "cell_id": number,
        "outcome": outcome, "event": event, "detail": "", "partner_iou": 0.3,
        "confidence": np.nan, "top_px": 10 * number, "left_px": 10 * number,
        "bottom_px": 10 * number + 8, "right_px": 10 * number + 8,
    }  # fmt: skip
    return {column: known.get(column, 0) for column in CELL_COLUMNS}


def table() -> pd.DataFrame:
    """Image a: a match, a merge of two, a spurious cell; image b: two missed of three."""
    return pd.DataFrame(
        [
            cell("a", "reference", 1, "matched"), cell("a", "predicted", 1, "matched"),
            cell("a", "reference", 2, "merge", 1), cell("a", "reference", 3, "merge", 1),
            cell("a", "predicted", 2, "merge", 1), cell("a", "predicted", 9, "spurious", 2),
            cell("b", "reference", 1, "matched"), cell("b", "predicted", 1, "matched"),
            cell("b", "reference", 2, "missed", 1), cell("b", "reference", 3, "missed", 2),
        ]
    )  # fmt: skip


def test_cells_that_went_wrong_together_are_one_row_and_the_dearest_comes_first() -> None:
    rows = failure_rows(table(), UNET)
    assert tuple(rows.columns) == FAILURE_COLUMNS
    # Image a has 1 pair among 6 cells, with the merge mended 3 among 7, then 3 among 6. Image b
    # has 1 among 4, then 2 among 5 and 3 among 6.
    assert rows["error"].tolist() == ["merge", "missed", "missed", "spurious"]
    assert rows["gain"].tolist() == pytest.approx([6 / 7 - 2 / 6, 4 / 5 - 2 / 4, 1 / 5, 1 / 7])
    merge = rows.iloc[0]
    assert (merge["side"], merge["cell_id"], merge["n_cells"]) == ("reference", 2, 3)
    assert (merge["wrong_reference"], merge["wrong_predicted"]) == ((2, 3), (2,))
    box = [merge[side] for side in ("top_px", "left_px", "bottom_px", "right_px")]
    assert box == [20, 20, 38, 38]
    spurious = rows.iloc[3]
    assert (spurious["side"], spurious["wrong_reference"]) == ("predicted", ())


def test_images_types_and_cells_narrow_the_list() -> None:
    cells = table()
    assert failure_rows(cells, UNET, error="missed")["cell_id"].tolist() == [2, 3]
    assert set(failure_rows(cells, UNET, images={"a"})["image_id"]) == {"a"}
    assert failure_rows(cells, UNET, images=["b", "a"])["image_id"].tolist() == list("bbaa")
    assert failure_rows(cells, UNET, only=[("a", "reference", 3)])["error"].tolist() == ["merge"]
    matched = failure_rows(cells, UNET, only=[("a", "reference", 1)])
    assert matched[["error", "event", "wrong_reference"]].to_numpy().tolist() == [
        ["matched", 0, ()]
    ]
    assert failure_rows(cells, Member("absent", 0)).empty
    with pytest.raises(
        InputError, match="type 'merg': no such type of error; did you mean 'merge'"
    ):
        failure_rows(cells, UNET, error="merg")


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    """A run in which two cells of im3 were lost, and one of im4."""
    study = small_study()
    found = small_view(study, tmp_path / "run")
    from workbench.store import join_tables
    from workbench.studies import EvaluateJob, evaluate, open_view

    member = found.members[0]
    for image_id, lost in (("im3", (1, 2)), ("im4", (3,))):
        path = found.run.prediction_file(member, image_id)
        labels = read_labels(path)
        write_labels(path, np.where(np.isin(labels, lost), 0, labels))
    job = EvaluateJob(
        dataset=found.study.dataset.path, model=member.model, seed=0,
        predictions=found.run.prediction_folder(member), output=found.run.score_folder(member),
    )  # fmt: skip
    evaluate(job, lambda _: None)
    for target in (found.run.scores_file, found.run.cells_file):
        join_tables([found.run.score_folder(member) / target.name], target)
    return open_view(found.run.root)


def test_the_worst_images_come_image_by_image(view: RunView) -> None:
    member = view.members[0]
    assert chosen_failures(view, member, FailureChoice())["image_id"].value_counts().to_dict() == {
        "im3": 2, "im4": 1,
    }  # fmt: skip
    worst = chosen_failures(view, member, FailureChoice(worst=1))
    assert worst["image_id"].tolist() == ["im3", "im3"]
    two = chosen_failures(view, member, FailureChoice(worst=2))
    assert two["image_id"].tolist() == ["im3", "im3", "im4"]
    with pytest.raises(InputError, match="expected 1 image or more, got 0"):
        chosen_failures(view, member, FailureChoice(worst=0))


def test_slices_are_those_that_were_kept_and_those_of_the_metadata(view: RunView) -> None:
    member = view.members[0]
    keep_slice(view.run.slices_file, KeptSlice("mine", ("im4",), how="by hand"))
    rows = chosen_failures(view, member, FailureChoice(slice_name="mine"))
    assert rows["image_id"].tolist() == ["im4"]
    assert len(chosen_failures(view, member, FailureChoice(slice_name="modality=discs"))) == 3
    assert slice_members(view, "Modality = discs")[0] == {"im2", "im3", "im4"}
    with pytest.raises(InputError, match="several have this name; it may be dataset=discs or mod"):
        slice_members(view, "discs")
    names = slice_names(view)
    assert names[0] == "mine"
    assert "modality=discs" in names
    for name in names:
        assert slice_members(view, name)[0], name
    with pytest.raises(InputError, match="slice 'yours': none has this name; there are mine,"):
        slice_members(view, "yours")
    lost = int(rows["cell_id"].iloc[0])
    keep_slice(view.run.slices_file, KeptSlice("one", ("im3", "im4"), (("im4", lost),), "a cell"))
    rows = chosen_failures(view, member, FailureChoice(slice_name="one"))
    assert rows[["image_id", "cell_id"]].to_numpy().tolist() == [["im4", lost]]


def test_a_cell_is_found_by_image_and_number(view: RunView) -> None:
    member = view.members[0]
    assert find_cell(view, member, "im4:3") == ("im4", "reference", 3)
    assert find_cell(view, member, "im4:predicted:4") == ("im4", "predicted", 4)
    rows = chosen_failures(view, member, FailureChoice(cell="im3:5"))
    assert rows["error"].tolist() == ["matched"], "one that is no failure can be looked at, too"
    for text, message in (
        ("im4", "expected the id of an image and the number"),
        ("im4:x", "expected the id of an image and the number"),
        ("im44:1", "no cells in an image 'im44'; did you mean 'im4'?"),
        ("im4:99", "none of this number in im4; predicted cells are 1 to"),
        ("im4:predicted:99", "none of this number in im4; predicted cells are 1 to"),
    ):
        with pytest.raises(InputError, match=message.replace("?", r"\?")):
            find_cell(view, member, text)


def test_the_last_verdict_on_a_failure_stands_in_its_row(view: RunView) -> None:
    member = view.members[0]
    rows = failure_rows(view.cells, member)
    first = rows.iloc[0]
    for judgement in ("ambiguous", "model error"):
        judge_cell(
            view,
            Verdict(
                first["image_id"], first["side"], int(first["cell_id"]), member.name, judgement
            ),
        )
    said = judged_rows(rows, read_verdicts(view.run.verdicts_file), member)
    assert said.tolist() == ["model error", "", ""]
