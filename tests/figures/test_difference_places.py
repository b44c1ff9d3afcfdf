"""Places at which two models differ: what either made of them, side by side."""

import numpy as np
import pandas as pd
import pytest

from workbench.figures import difference_places
from workbench.schema import OUTCOME_COLOURS, Member, Overlay, Sample
from workbench.studies._error_places import cropped

LABELS = np.zeros((100, 200), np.uint32)
LABELS[10:20, 10:20], LABELS[60:70, 150:170] = 3, 8


def overlay(model: str, outcome: str) -> Overlay:
    image = np.arange(LABELS.size, dtype=np.uint16).reshape(*LABELS.shape, 1)
    predicted = LABELS if outcome == "matched" else 0 * LABELS
    return Overlay(
        Sample("a", image, LABELS), Member(model, 0), predicted,
        {3: outcome, 8: "matched"}, {3: outcome, 8: "matched"}, {"f1": 0.5},
    )  # fmt: skip


def place() -> tuple[Overlay, Overlay]:
    one, two = overlay("unet", "matched"), overlay("otsu", "missed")
    return cropped(one, (10, 10, 20, 20)), cropped(two, (10, 10, 20, 20))


def test_a_crop_holds_the_box_and_its_cells_alone() -> None:
    crop = cropped(overlay("unet", "matched"), (60, 150, 70, 170))
    assert crop.predicted.shape == crop.sample.image.shape[:2] == (48, 48)
    assert (crop.predicted == 8).sum() == (LABELS == 8).sum()
    assert set(crop.reference_outcomes) == set(crop.predicted_outcomes) == {8}


@pytest.mark.parametrize("box", [(0, 0, 4, 4), (96, 190, 100, 200), (40, 90, 44, 94)])
def test_a_crop_at_the_border_is_moved_into_the_image(box: tuple[int, int, int, int]) -> None:
    crop = cropped(overlay("unet", "matched"), box)
    assert crop.predicted.shape == (48, 48)
    corner = int(crop.sample.image[0, 0, 0])
    top, left = divmod(corner, 200)
    assert top <= box[0] < box[2] <= top + 48
    assert left <= box[1] < box[3] <= left + 48


def test_a_crop_of_a_large_place_holds_all_of_it() -> None:
    assert cropped(overlay("unet", "matched"), (0, 0, 100, 200)).predicted.shape == (100, 200)


def test_each_place_is_a_numbered_pair_of_panels() -> None:
    figure = difference_places([place()] * 3, made=[("found", "missed")] * 3)
    titles = [annotation.text for annotation in figure.layout.annotations if annotation.text]
    assert titles == [
        f"<b>{number}</b> {model}<br>{outcome}"
        for number in (1, 2, 3)
        for model, outcome in (("unet-0", "found"), ("otsu-0", "missed"))
    ]
    assert sum(trace.type == "image" for trace in figure.data) == 6
    lines = [trace for trace in figure.data if trace.type == "scatter"]
    missed = [trace for trace in lines if trace.legendgroup == "missed"]
    drawn = [t for t in missed if pd.notna(np.asarray(t.x, float)).any()]
    assert len(drawn) == 3, "the second model alone missed it"
    assert {trace.line.color for trace in drawn} == {OUTCOME_COLOURS["missed"]}
    named = [trace.name for trace in lines if trace.showlegend is not False]
    assert "missed (reference)" in named


def test_cells_that_are_cut_do_not_close_within_the_picture() -> None:
    figure = difference_places([place()])
    for axis in list(figure.select_xaxes())[:2]:
        assert tuple(axis.range) == (1.5, 45.5)
