"""Which cells models find, and what is known of images."""

import math

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import (
    compare_found_cells,
    found_cells,
    group_means,
    groups_text,
    image_facts,
    mcnemar_by_image,
    slice_by,
)
from workbench.schema import InputError

NAN = math.nan


def cell_table(found: dict[str, list[list[float]]], *, seed: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"image_id": f"im{place}", "model": model, "seed": seed, "side": "reference",
             "cell_id": cell, "matched_iou": iou}
            for model, images in found.items()
            for place, cells in enumerate(images)
            for cell, iou in enumerate(cells, start=1)
        ]
    )  # fmt: skip


CELLS = cell_table({"a": [[0.5, 0.9], [0.8], [0.7]], "b": [[0.49, NAN], [0.8], [NAN]]})


def test_a_cell_is_found_from_the_threshold_on() -> None:
    found = found_cells(CELLS)
    assert found["a"].tolist() == [True, True, True, True]
    assert found["b"].tolist() == [False, False, True, False]
    assert found_cells(CELLS, threshold=0.8)["a"].tolist() == [False, True, True, False]


def test_predicted_cells_and_later_seeds_do_not_count() -> None:
    other = cell_table({"a": [[NAN, NAN], [NAN], [NAN]]}, seed=1)
    spurious = CELLS.assign(side="predicted", matched_iou=NAN)
    pd.testing.assert_frame_equal(
        found_cells(pd.concat([CELLS, other, spurious])), found_cells(CELLS)
    )


def test_cells_that_a_model_was_not_scored_on_are_left_out_for_all() -> None:
    lacking = CELLS[(CELLS["model"] == "a") | (CELLS["image_id"] != "im1")]
    assert found_cells(lacking).index.tolist() == [("im0", 1), ("im0", 2), ("im2", 1)]


def test_cells_left_out_of_the_score_of_a_model_are_neither_found_nor_missed() -> None:
    outcome = CELLS["matched_iou"].ge(0.5).map({True: "matched", False: "missed"})
    # At the border, b's partner was left out together with the second cell of the first image.
    at_border = (CELLS["model"] == "b") & (CELLS["image_id"] == "im0") & (CELLS["cell_id"] == 2)
    table = CELLS.assign(outcome=outcome.mask(at_border, "ignored"))
    assert found_cells(table).index.tolist() == [("im0", 1), ("im1", 1), ("im2", 1)]
    (row,) = compare_found_cells(table, ["a", "b"]).to_dict("records")
    assert (row["n_cells"], row["both"], row["first_only"], row["neither"]) == (3, 1, 2, 0)
    with pytest.raises(InputError, match="cells of 2 models are needed, there are those of a"):
        compare_found_cells(table.assign(outcome=outcome.mask(CELLS["model"] == "b", "ignored")),
                            ["a", "b"])  # fmt: skip


def test_the_first_model_is_compared_with_each_other_and_p_is_adjusted() -> None:
    rng = np.random.default_rng(4)
    ious = {m: (rng.random((9, 6)) * k).tolist() for m, k in (("a", 1.9), ("b", 1.4), ("c", 1.0))}
    cells = cell_table(ious)
    compared = compare_found_cells(cells, ["a", "b", "c"])
    assert compared[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"]]
    found = found_cells(cells)
    for row in compared.itertuples():
        table = found[[row.first, row.second]].set_axis(["first_matched", "second_matched"], axis=1)
        alone = mcnemar_by_image(table.reset_index())
        assert (row.both, row.first_only, row.p_by_image) == (
            alone.both, alone.first_only, alone.p_by_image,
        )  # fmt: skip
    smaller, larger = sorted(compared["p_by_image"])
    assert sorted(compared["p_holm"]) == pytest.approx([2 * smaller, max(2 * smaller, larger)])


def test_cells_of_images_of_a_slide_flip_together() -> None:
    cells = cell_table({"a": [[0.9]] * 8, "b": [[NAN]] * 8})
    slides = pd.Series({f"im{k}": f"s{k // 2}" for k in range(8)} | {"elsewhere": "s9"})
    alone = compare_found_cells(cells, ["a", "b"])["p_by_image"].item()
    grouped = compare_found_cells(cells, ["a", "b"], groups=slides)["p_by_image"].item()
    assert (alone, grouped) == (2 / 2**8, 2 / 2**4)


def test_what_can_not_be_asked_of_cells_is_refused() -> None:
    with pytest.raises(InputError, match=r"at IoU 0\.5 or above, got 0\.4"):
        found_cells(CELLS, threshold=0.4)
    with pytest.raises(InputError, match="cell 1 of image 'im0' repeats for 'a'"):
        found_cells(pd.concat([CELLS, CELLS[:1]]))
    with pytest.raises(InputError, match="cells of 2 models are needed, there are those of a"):
        compare_found_cells(CELLS, ["a", "zzz"])


def test_facts_that_part_no_images_are_left_out() -> None:
    n = 30
    table = pd.DataFrame(
        {
            "image_id": [f"im{k}" for k in range(n)],
            "split": ["train", "test"] * 15,
            "group": ["s1", "s2"] * 15,
            "dtype": "uint8",
            "file": [f"{k}.tif" for k in range(n)],
            "thirteen": [f"v{k % 13}" for k in range(n)],
            "twelve": [f"v{k % 12}" for k in range(n)],
            "exposure_ms": [str(k) for k in range(n)],
            "mixed": ["1", "two"] * 15,
            "n_cells": "7",
        }
    )
    images = pd.Index([*table["image_id"][:-1], "new"])
    counts = pd.Series(range(n), index=images)
    facts = image_facts(images, metadata=table, counts=counts)
    assert facts.columns.tolist() == ["twelve", "exposure_ms", "mixed", "n_cells"]
    assert facts["n_cells"].tolist() == list(range(n)), "counted, not as the table says"
    assert math.isnan(facts.loc["new", "exposure_ms"])
    assert facts.index.equals(images)
    assert image_facts(images).empty


def test_whole_numbers_are_called_without_decimals() -> None:
    table = pd.DataFrame({"image_id": list("abc"), "channels": ["1", "3", ""]})
    facts = image_facts(pd.Index(list("abc")), metadata=table)
    assert slice_by(facts["channels"]).tolist() == ["1", "3", "not known"]
    assert slice_by(pd.Series([0.25, -0.0, 0.0])).tolist() == ["0.25", "0", "0"]


def test_groups_are_told_as_they_are() -> None:
    images = pd.Index(list("abcd"))
    slides = pd.Series({"a": "s", "b": "s", "c": "t", "elsewhere": "u"})
    assert groups_text(images, None) == ""
    assert groups_text(pd.Index(["x"]), slides) == ""
    assert groups_text(images, slides).startswith("3 of 4 images lie in 2 groups")
    assert groups_text(images[:3], slides).startswith("3 images lie in 2 groups")
    assert groups_text(images[:2], slides).endswith("intervals and tests take it as one.")


def test_means_of_groups_count_each_group_once() -> None:
    paired = pd.DataFrame({"m": [0.1, 0.3, 0.9]}, index=list("abc"))
    means = group_means(paired, pd.Series({"a": "s", "b": "s"}))
    assert means["m"].to_dict() == pytest.approx({"a": 0.2, "c": 0.9})
    assert group_means(paired, None) is paired
    with pytest.raises(InputError, match="groups name none of the 3 images"):
        group_means(paired, pd.Series({"x": "s"}))
