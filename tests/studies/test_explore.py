"""Stage "explore": which sets notebook 01 lays over each other, and which images it shows."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile

from workbench.datasets import open_dataset
from workbench.schema import InputError
from workbench.studies import (
    Audit,
    ExploreJob,
    SetComparison,
    audit_dataset,
    compare_explored,
    gravest_samples,
    survey_dataset,
)


def explored(folder: Path, other: Path | None = None) -> SetComparison:
    job = ExploreJob(dataset=folder, compare_with=other, cache=folder / "cache")
    dataset = open_dataset(folder)
    survey = survey_dataset(dataset, workers=1)
    return compare_explored(job, dataset, survey, tell=lambda _: None)


def with_column(folder: Path, name: str, values: str) -> Path:
    """Replace the column modality of a manifest."""
    head, *rows = (folder / "manifest.csv").read_text().splitlines()
    rows = [f"{row.rpartition(',')[0]},{v}" for row, v in zip(rows, values, strict=True)]
    text = "\n".join([head.replace("modality", name), *rows]) + "\n"
    (folder / "manifest.csv").write_text(text)
    return folder


def test_a_second_data_set_is_laid_over_the_first(small_dataset: Callable[..., Path]) -> None:
    first, second = (small_dataset(name, splits=("train", "test", "test")) for name in "xy")
    found = explored(first, second)
    ids = [f"{name}/im{place}" for name in "xy" for place in range(3)]
    assert found.images["image_id"].tolist() == ids
    assert found.images["set"].tolist() == ["x"] * 3 + ["y"] * 3
    assert found.crops["image_id"].value_counts().to_dict() == dict.fromkeys(ids, 16)
    assert found.separability["sets"].unique().tolist() == ["x and y"]


def test_two_data_sets_of_one_name_are_told_by_their_places(
    small_dataset: Callable[..., Path],
) -> None:
    first, second = (small_dataset(f"{name}/cells", splits=("test",) * 2) for name in "xy")
    found = explored(first, second)
    assert found.images["set"].tolist() == [str(first)] * 2 + [str(second)] * 2
    assert sorted(found.crops["set"].unique()) == [str(first), str(second)]


def test_a_data_set_is_not_laid_over_itself(
    small_dataset: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = small_dataset()
    monkeypatch.chdir(folder.parent)
    for same in (folder, Path("discs"), Path("../") / folder.parent.name / "discs"):
        with pytest.raises(InputError, match=r"discs: is the data set itself; name another"):
            explored(folder, same)


def test_a_second_data_set_that_is_missing_is_named(small_dataset: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="data set nowhere: no such folder or file"):
        explored(small_dataset(), Path("nowhere"))


def test_without_a_second_training_is_laid_over_test(small_dataset: Callable[..., Path]) -> None:
    folder = with_column(small_dataset(), "modality", "ppqqq")
    found = explored(folder)
    # Validation images are neither.
    assert dict(zip(found.images["image_id"], found.images["set"], strict=True)) == {
        "im0": "train", "im2": "test", "im3": "test", "im4": "test",
    }  # fmt: skip
    assert found.crops.groupby("image_id")["set"].unique().map(list).to_dict() == {
        "im0": ["train"], "im2": ["test"], "im3": ["test"], "im4": ["test"],
    }  # fmt: skip
    assert found.separability["sets"].unique().tolist() == ["test and train"]


def test_where_nothing_is_trained_on_groups_are_laid_over_each_other(
    small_dataset: Callable[..., Path],
) -> None:
    folder = with_column(small_dataset(splits=("test",) * 4), "tissue", "pqqp")
    found = explored(folder)
    assert found.images["set"].tolist() == ["p", "q", "q", "p"]
    assert set(found.crops["set"]) == {"p", "q"}
    assert found.separability["sets"].unique().tolist() == ["p and q"]


def test_a_data_set_without_labels_is_explored(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset()
    for path in (folder / "labels").iterdir():
        path.unlink()
    text = (folder / "manifest.csv").read_text()
    for place in range(5):
        text = text.replace(f"labels/im{place}.tif", "")
    (folder / "manifest.csv").write_text(text)
    found = explored(folder)
    assert found.crops.empty
    assert found.separability["auc"].isna().all()
    assert found.images[["pc1", "pc2"]].notna().all(axis=None)


def test_the_same_data_set_looks_the_same_each_time(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("train",) * 6 + ("test",) * 6)
    one, two = explored(folder), explored(folder)
    pd.testing.assert_frame_equal(one.crops, two.crops)
    pd.testing.assert_frame_equal(one.separability, two.separability)
    assert one.separability["auc"].notna().all()


@pytest.fixture
def audit(small_dataset: Callable[..., Path]) -> Audit:
    """Five images: im1 with a warning (a hole), im3 and im4 with errors, im4 with a hole too."""
    folder = small_dataset()
    for name, hole, twice in (("im1", True, False), ("im3", False, True), ("im4", True, True)):
        path = folder / "labels" / f"{name}.tif"
        labels = tifffile.imread(path)
        if hole:
            labels[14, 14] = 0
        if twice:
            labels[labels == 16] = 2
        tifffile.imwrite(path, labels)
    return audit_dataset(open_dataset(folder), workers=1, tell=lambda _: None)


def test_images_with_errors_are_shown_first(audit: Audit) -> None:
    counts = audit.images.set_index("image_id")[["n_errors", "n_warnings"]]
    assert counts.loc[["im1", "im3", "im4"]].to_numpy().tolist() == [[0, 1], [1, 0], [1, 1]]
    assert [sample.image_id for sample in gravest_samples(audit, n=3)] == ["im4", "im3", "im1"]
    (first,) = gravest_samples(audit, n=1)
    assert first.image_id == "im4"
    assert np.unique(first.reference).size == 16


def test_of_a_clean_data_set_the_first_images_are_shown(small_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(small_dataset(splits=("test",) * 3))
    clean = audit_dataset(dataset, workers=1, tell=lambda _: None)
    assert [sample.image_id for sample in gravest_samples(clean, n=2)] == ["im0", "im1"]
