"""Panels of a comparison: an image that is picked in one is opened in the comparer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import small_view
from workbench.store import Run, read_slices
from workbench.studies import CompareJob, open_comparison
from workbench.widgets import LinkedPanels, linked_panels

MODELS = (
    "{fine: {architecture: otsu_watershed}, "
    "coarse: {architecture: otsu_watershed, settings: {min_area_px: 150}}}"
)
"""The coarse one loses the small discs."""


@pytest.fixture
def run(small_study: Callable[..., Path], tmp_path: Path) -> Path:
    return small_view(small_study(models=MODELS), tmp_path / "run").run.root


@pytest.fixture
def panels(run: Path) -> LinkedPanels:
    return linked_panels(open_comparison(CompareJob(run=run)))


def pick_line(panels: LinkedPanels, image_id: str, model: str) -> None:
    panels.leaderboard._answer(None, {"kind": "pick", "image_id": image_id, "model": model}, [])


def pick_picture(panels: LinkedPanels, level: str, row: int) -> None:
    assert panels.explorer is not None
    panels.explorer._answer(None, {"kind": "pick", "level": level, "rows": [row]}, [])


def test_a_line_of_the_leaderboard_opens_its_image_beside_its_model(panels: LinkedPanels) -> None:
    assert panels.comparer is not None
    panels.comparer.change(panels=("reference", "fine-0"))
    pick_line(panels, "im3", "coarse")
    assert panels.comparer.shown.image_id == "im3"
    assert panels.comparer.shown.panels == ("reference", "coarse-0"), "it takes the last place"
    pick_line(panels, "im4", "coarse")
    assert panels.comparer.shown.image_id == "im4"
    assert panels.comparer.shown.panels == ("reference", "coarse-0"), "it is there already"


def test_the_only_panel_stays_beside_the_model_that_is_asked_for(panels: LinkedPanels) -> None:
    assert panels.comparer is not None
    panels.comparer.change(panels=("reference",))
    pick_line(panels, "im3", "fine")
    assert panels.comparer.shown.panels == ("reference", "fine-0")


def test_a_line_scrolls_to_the_comparer_and_a_picture_stays(panels: LinkedPanels) -> None:
    sent: list[Any] = []
    assert panels.comparer is not None
    panels.comparer.send = sent.append
    pick_picture(panels, "images", 0)
    assert sent == []
    pick_line(panels, "im3", "fine")
    assert sent == [{"kind": "come"}]


def test_a_picture_of_the_explorer_opens_its_image_and_cell(panels: LinkedPanels) -> None:
    assert panels.comparer is not None
    pick_picture(panels, "images", 1)
    assert panels.comparer.shown.image_id == "im3"
    assert panels.comparer.state["cell"] is None
    pick_picture(panels, "cells", 40)
    row = panels.explorer._frames["cells"].iloc[40]  # type: ignore[union-attr]
    assert panels.comparer.shown.image_id == row["image_id"]
    assert panels.comparer.state["cell"] == {
        "panel": "reference", "side": "reference", "cell_id": row["cell_id"],
    }  # fmt: skip


def test_thumbnails_are_of_the_scored_images_alone(panels: LinkedPanels) -> None:
    assert panels.explorer is not None
    assert panels.explorer._pictures.image_ids == ("im2", "im3", "im4")  # type: ignore[union-attr]


def test_what_is_kept_is_a_slice_of_the_next_leaderboard(panels: LinkedPanels, run: Path) -> None:
    assert panels.explorer is not None
    panels.explorer.change(picked=1)
    panels.explorer.keep("odd")
    assert read_slices(Run(run).slices_file)["odd"].image_ids == ("im3",)
    again = open_comparison(CompareJob(run=run)).boards
    assert again.slices["Kept: odd"] == ("im3",)
    assert not [name for name in again.slices if name.startswith("Kept odd")], "told once"
    # Whoever has opened the run before keeping sees it too.
    assert "Kept: odd" in panels.view.boards.slices


def test_the_measure_that_decides_stands_first(run: Path) -> None:
    boards = open_comparison(CompareJob(run=run, metric="hausdorff")).boards
    assert list(boards.measures)[:2] == ["hausdorff", "f1@0.5"]
    boards = open_comparison(CompareJob(run=run, iou_threshold=0.7)).boards
    assert list(boards.measures)[:3] == ["f1@0.7", "f1@0.5", "f1@0.9"]


def test_a_table_of_scores_has_a_leaderboard_alone(tmp_path: Path) -> None:
    table = pd.DataFrame({"image": list("abcd"), "unet": [0.5] * 4, "otsu": [0.4] * 4})
    table.to_csv(tmp_path / "scores.csv", index=False)
    panels = linked_panels(open_comparison(CompareJob(run=tmp_path / "scores.csv")))
    assert (panels.explorer, panels.comparer) == (None, None)
    assert panels.note.startswith("Needs a run")
    pick_line(panels, "a", "unet")
    assert [row.model for row in panels.leaderboard.rows] == ["unet", "otsu"]


def test_only_the_explorer_reads_the_table_of_cells(run: Path) -> None:
    panels = linked_panels(open_comparison(CompareJob(run=run)))
    opened = panels.view.run
    assert opened is not None
    vars(opened).pop("cells", None)
    assert panels.leaderboard.rows
    assert panels.comparer is not None
    assert "cells" not in vars(opened)
