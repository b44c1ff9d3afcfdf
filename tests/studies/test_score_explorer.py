"""Scores beside facts, and choices kept as slices that statistics accept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import small_view
from workbench.analysis import named_slices
from workbench.schema import InputError
from workbench.store import KeptSlice, find_kept_slice, keep_slice, read_slices
from workbench.studies import (
    RunView,
    explored_cells,
    explored_images,
    keep_chosen,
    leaderboards,
    read_score_source,
)
from workbench.widgets import DataExplorer, data_explorer


@pytest.fixture
def view(small_study: Callable[..., Path], tmp_path: Path) -> RunView:
    return small_view(small_study(), tmp_path / "run")


@pytest.fixture
def panel(view: RunView) -> DataExplorer:
    images, cells = explored_images(view), explored_cells(view)
    return data_explorer(images, cells, on_keep=keep_chosen(view))


def test_each_image_has_a_row_with_facts_and_scores(view: RunView) -> None:
    images = explored_images(view).set_index("image_id")
    assert images.index.tolist() == ["im2", "im3", "im4"]
    assert images["modality"].tolist() == ["discs"] * 3
    assert images["n_cells"].tolist() == [16] * 3
    f1 = view.scores.query("metric == 'f1' and threshold == 0.5").set_index("image_id")["value"]
    assert (images["f1_otsu_watershed-0"] == f1[images.index]).all()
    assert "f1_range" not in images, "one model has no range"


def test_each_reference_cell_has_a_row_with_what_became_of_it(view: RunView) -> None:
    cells = explored_cells(view)
    reference = view.cells[view.cells["side"] == "reference"]
    assert len(cells) == len(reference) == 48
    assert (cells["n_found"] == np.isfinite(reference["matched_iou"].to_numpy())).all()
    assert set(cells["outcome_otsu_watershed-0"]) <= {"matched", "missed", "boundary", "merge"}


def test_what_is_brushed_becomes_a_slice_that_statistics_accept(
    view: RunView, panel: DataExplorer
) -> None:
    panel.change(picked=1)
    assert panel.keep("odd one") == "Kept 1 images as 'odd one'."
    assert find_kept_slice(view.run.slices_file, "odd one") == ("im3",)
    source = read_score_source([view.run.root])
    slices = named_slices(
        source.scores, source.scores["image_id"].drop_duplicates(), metadata=source.metadata
    )
    assert slices["kept odd one"].to_dict() == {"im3": "odd one"}
    kept = {name: s.image_ids for name, s in read_slices(view.run.slices_file).items()}
    assert leaderboards(view.scores, chosen=kept).slices["Kept: odd one"] == ("im3",)


def test_chosen_cells_are_kept_with_their_images(view: RunView, panel: DataExplorer) -> None:
    panel.change("cells", picked=20)
    assert panel.keep("that cell").startswith("Kept 1 cells in 1 images")
    kept = read_slices(view.run.slices_file)["that cell"]
    row = explored_cells(view).iloc[20]
    assert kept.cells == ((row["image_id"], row["cell_id"]),)
    assert kept.how == "1 cells in 1 images"


def test_a_slice_without_name_or_images_is_not_kept(view: RunView, panel: DataExplorer) -> None:
    assert "needs a name of 1 to 60 letters" in panel.keep("  ")
    with pytest.raises(InputError, match="has no image; choose some first"):
        keep_slice(view.run.slices_file, KeptSlice("none", ()))
    with pytest.raises(InputError, match="no slice 'dense' was kept with this run; there are none"):
        find_kept_slice(view.run.slices_file, "dense")


def test_the_last_of_two_slices_of_one_name_counts(tmp_path: Path) -> None:
    for images in (("a",), ("b", "c")):
        keep_slice(tmp_path / "slices.jsonl", KeptSlice("mine", images))
    assert read_slices(tmp_path / "slices.jsonl")["mine"].image_ids == ("b", "c")


def test_a_panel_without_a_place_keeps_nothing(view: RunView) -> None:
    panel = data_explorer(explored_images(view))
    assert panel.keep("mine").startswith("Nothing is kept here")
    assert not panel.keeps


def test_the_browser_asks_and_is_answered(panel: DataExplorer) -> None:
    sent: list[object] = []
    panel.send = lambda *message: sent.append(message[0])
    panel._answer(None, {"kind": "keep", "name": "all", "request": "r"}, [])
    assert sent == [{"request": "r", "text": "Kept 3 images as 'all'."}]
