"""Cells that are small, at the border, or faint, and whether such are lost."""

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import flag_cells, flags_by_outcome
from workbench.schema import InputError

KEYS = ["image_id", "model", "seed", "side", "cell_id"]


def tables(*rows: tuple[str, str, int, str, bool, float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Cells and features of rows of image, side, area, outcome, at the border, contrast."""
    names = ["image_id", "side", "area_px", "outcome", "touches_border", "contrast"]
    table = pd.DataFrame(rows, columns=names).assign(model="unet", seed=0, event=0)
    table["cell_id"] = np.arange(1, len(table) + 1)
    for name in ("top_px", "left_px", "bottom_px", "right_px"):
        table[name] = 0
    return table.drop(columns="contrast"), table[[*KEYS, "contrast"]]


CELLS = (
    ("a", "reference", 100, "matched", False, 2.0),
    ("a", "reference", 100, "matched", True, 0.5),
    ("a", "reference", 49, "missed", False, 0.49),
    ("a", "predicted", 50, "spurious", False, -0.49),
    ("b", "reference", 10, "matched", False, float("nan")),
    ("c", "predicted", 49, "spurious", False, -2.0),
    ("a", "reference", 1, "ignored", True, 0.0),
)


def test_a_cell_is_small_beside_the_reference_cells_of_its_own_image() -> None:
    flagged = flag_cells(*tables(*CELLS), model="unet")
    # Half of 100 px is small no more; the cell of image b is as large as those there; image c has
    # no reference cells, so the 49 px stand beside the median of all, 74.5 px.
    assert flagged["small"].tolist() == [False, False, True, False, False, False]
    assert flag_cells(*tables(*CELLS[:2], ("c", "predicted", 49, "spurious", False, 0.0)),
                      model="unet")["small"].tolist() == [False, False, True]  # fmt: skip


def test_a_faint_cell_is_hardly_brighter_or_darker_than_what_is_around_it() -> None:
    flagged = flag_cells(*tables(*CELLS), model="unet")
    assert flagged["low_contrast"].tolist() == [False, False, True, True, False, False]
    assert flagged["at_border"].tolist() == [False, True, False, False, False, False]


def test_flags_belong_to_their_cells_in_whatever_order_features_stand() -> None:
    cells, features = tables(*CELLS)
    pd.testing.assert_frame_equal(
        flag_cells(cells, features[::-1], model="unet"), flag_cells(cells, features, model="unet")
    )


def test_shares_are_those_of_the_cells_of_each_outcome() -> None:
    table = flags_by_outcome(flag_cells(*tables(*CELLS), model="unet"))
    assert table[["side", "outcome", "n_cells"]].to_numpy().tolist() == [
        ["reference", "matched", 3],
        ["reference", "missed", 1],
        ["predicted", "spurious", 2],
    ]
    assert table["small"].tolist() == [0, 1, 0]
    assert table["at_border"].tolist() == pytest.approx([1 / 3, 0, 0])
    assert table["any_flag"].tolist() == pytest.approx([1 / 3, 1, 1 / 2])


def test_features_without_contrast_are_refused() -> None:
    cells, features = tables(*CELLS)
    with pytest.raises(InputError, match="no column contrast; evaluate the predictions again"):
        flag_cells(cells, features.drop(columns="contrast"), model="unet")
