"""Two sets of images laid over each other: what is told apart, and what can't be."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.datasets import Dataset, open_dataset
from workbench.studies import (
    SetComparison,
    Survey,
    compare_sets,
    joined_surveys,
    sample_crops,
    survey_dataset,
)


def write_dataset(
    folder: Path, n: int, *, seed: int = 0, gain: float = 1, radius_px: int = 6, labels: bool = True
) -> Dataset:
    """Write images of nine discs, each of its own brightness."""
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[:96, :96]
    for place in range(n):
        found = np.zeros((96, 96), np.uint16)
        for number, centre in enumerate(np.ndindex(3, 3), start=1):
            row, column = np.array(centre) * 30 + 18 + rng.integers(-3, 4, 2)
            radius = radius_px + rng.uniform(-1, 1)
            found[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = number
        image = rng.normal(gain * (40 + rng.uniform(80, 120) * (found > 0)), 8).clip(0, 255)
        for room, pixels in (("images", image.astype(np.uint8)), ("labels", found)):
            if labels or room == "images":
                (folder / room).mkdir(parents=True, exist_ok=True)
                tifffile.imwrite(folder / room / f"im{place:02}.tif", pixels)
    return open_dataset(folder)


def compared(*datasets: Dataset) -> SetComparison:
    """Lay data sets over each other."""
    rng = np.random.default_rng(0)
    names = "abcd"[: len(datasets)]
    surveys = [survey_dataset(dataset, workers=1) for dataset in datasets]
    cut = [
        sample_crops(dataset, rng=rng, prefix=f"{name}/")
        for name, dataset in zip(names, datasets, strict=True)
    ]
    crops = replace(
        cut[0],
        pixels=np.concatenate([part.pixels for part in cut]),
        cells=pd.concat([part.cells for part in cut], ignore_index=True),
    )
    joined = joined_surveys(list(zip(names, surveys, strict=True)))
    return compare_sets(joined, crops, by="set", rng=rng)


def test_sets_that_differ_are_told_apart_by_all_that_is_known(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "first", 10)
    second = write_dataset(tmp_path / "second", 10, seed=1, gain=0.5, radius_px=10)
    found = compared(first, second)
    rows = found.separability.set_index("features")
    assert list(rows.index) == ["facts of images", "shapes of cells", "crops of cells"]
    assert rows["sets"].unique().tolist() == ["a and b"]
    assert (rows["auc"] > 0.95).all()
    assert rows["n"].tolist() == [20, 180, 180]
    # Along the first component of either the sets lie apart.
    for places in (found.images, found.crops):
        ranges = places.groupby("set")["pc1"].agg(["min", "max"])
        assert ranges["min"].max() > ranges["max"].min()


@pytest.mark.parametrize("seed", range(3))
def test_the_halves_of_one_set_are_not_told_apart(tmp_path: Path, seed: int) -> None:
    survey = survey_dataset(write_dataset(tmp_path / "all", 40, seed=seed), workers=1)
    halves = np.random.default_rng(seed).permutation(["a", "b"] * 20)
    survey = replace(survey, images=survey.images.assign(half=halves))
    crops = sample_crops(open_dataset(tmp_path / "all"), rng=np.random.default_rng(0))
    rows = compare_sets(survey, crops, by="half", rng=np.random.default_rng(0)).separability
    assert len(rows) == 3
    assert (rows["ci_low"] <= 0.5).all()
    assert (rows["ci_high"] >= 0.5).all()


@pytest.mark.parametrize("n", [1, 2])
def test_of_too_few_images_nothing_is_claimed(tmp_path: Path, n: int) -> None:
    first = write_dataset(tmp_path / "first", n)
    found = compared(first, write_dataset(tmp_path / "second", n, seed=1))
    assert found.separability["n"].tolist() == [2 * n, 18 * n, 18 * n]
    assert found.separability[["auc", "ci_low", "ci_high"]].isna().all(axis=None)
    assert found.images["set"].tolist() == ["a"] * n + ["b"] * n
    alone = compared(first)
    assert alone.separability.empty
    assert list(alone.separability) == ["features", "sets", "auc", "ci_low", "ci_high", "n"]
    if n == 1:
        assert alone.images[["pc1", "pc2"]].isna().all(axis=None)
        assert alone.image_explained == ()


def test_without_labels_images_alone_are_compared(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "first", 8, labels=False)
    found = compared(first, write_dataset(tmp_path / "second", 8, gain=0.5, labels=False))
    rows = found.separability.set_index("features")
    assert rows.loc["facts of images", "auc"] == 1
    assert np.isnan(rows.loc["shapes of cells", "auc"])
    assert rows.loc["shapes of cells", ["sets", "n"]].tolist() == ["a and b", 0]
    assert found.crops.empty
    assert found.crop_explained == ()


def test_a_set_without_labels_lies_among_the_images_of_one_with_labels(tmp_path: Path) -> None:
    first = write_dataset(tmp_path / "first", 8)
    found = compared(first, write_dataset(tmp_path / "second", 8, gain=0.5, labels=False))
    assert found.images[["pc1", "pc2"]].notna().all(axis=None)
    rows = found.separability.set_index("features")
    assert rows.loc["facts of images", "auc"] == 1
    assert rows.loc[["shapes of cells", "crops of cells"], "auc"].isna().all()
    assert found.crops["set"].unique().tolist() == ["a"]


def test_three_sets_are_shown_and_not_told_apart(tmp_path: Path) -> None:
    found = compared(*(write_dataset(tmp_path / name, 3, seed=s) for s, name in enumerate("xyz")))
    assert found.separability.empty
    assert found.images["set"].tolist() == ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    assert set(found.crops["set"]) == {"a", "b", "c"}


def test_joined_surveys_keep_the_images_of_both_apart(tmp_path: Path) -> None:
    first, second = (write_dataset(tmp_path / name, 2) for name in "xy")
    (tmp_path / "y" / "images" / "im01.tif").write_bytes(b"broken")
    joined: Survey = joined_surveys(
        [("x", survey_dataset(first, workers=1)), ("y", survey_dataset(second, workers=1))]
    )
    assert joined.images["image_id"].tolist() == ["x/im00", "x/im01", "y/im00"]
    assert joined.images["set"].tolist() == ["x", "x", "y"]
    assert joined.cells["image_id"].value_counts().to_dict() == dict.fromkeys(
        ["x/im00", "x/im01", "y/im00"], 9
    )
    assert joined.problems["image_id"].tolist() == ["y/im01"]


def test_crops_are_drawn_evenly_and_again_by_the_same_seed(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "all", 6)
    drawn = [sample_crops(dataset, rng=np.random.default_rng(s), n=12) for s in (0, 0, 1)]
    for crops in drawn:
        assert crops.pixels.shape == (12, 32 * 32)
        assert crops.cells["image_id"].value_counts().to_dict() == {
            f"im{place:02}": 2 for place in range(6)
        }
        assert not crops.cells.duplicated().any()
    np.testing.assert_array_equal(drawn[0].pixels, drawn[1].pixels)
    pd.testing.assert_frame_equal(drawn[0].cells, drawn[1].cells)
    assert not drawn[0].cells.equals(drawn[2].cells)
    everything = sample_crops(dataset, rng=np.random.default_rng(0))
    assert len(everything.cells) == 54


def test_a_crop_belongs_to_the_cell_that_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    write_dataset(folder, 1)
    labels = tifffile.imread(folder / "labels" / "im00.tif")
    tifffile.imwrite(folder / "images" / "im00.tif", (20 * labels).astype(np.uint8))
    crops = sample_crops(open_dataset(folder), rng=np.random.default_rng(0), n=4)
    centres = crops.pixels.reshape(-1, 32, 32)[:, 16, 16]
    order = np.argsort(crops.cells["cell_id"])
    assert len(order) == 4
    assert (np.diff(centres[order]) > 0).all(), "the greater the number, the brighter"


def test_images_without_labels_or_unreadable_give_no_crops(
    tmp_path: Path, small_dataset: Callable[..., Path]
) -> None:
    folder = small_dataset(splits=("test",) * 3)
    (folder / "images" / "im0.tif").write_bytes(b"broken")
    tifffile.imwrite(folder / "labels" / "im1.tif", np.zeros((96, 96), np.uint16))
    crops = sample_crops(open_dataset(folder), rng=np.random.default_rng(0))
    assert crops.cells["image_id"].unique().tolist() == ["im2"]
    bare = write_dataset(tmp_path / "bare", 2, labels=False)
    none = sample_crops(bare, rng=np.random.default_rng(0))
    assert none.pixels.shape == (0, 32 * 32)
    assert list(none.cells) == ["image_id", "cell_id"]
