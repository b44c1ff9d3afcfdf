"""The survey of a data set: facts per image and per cell."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.datasets import open_dataset, read_sample
from workbench.metrics import cell_morphology
from workbench.schema import InputError
from workbench.studies import survey_dataset


def test_a_survey_counts_cells_and_lists_what_cannot_be_read(
    small_dataset: Callable[..., Path],
) -> None:
    folder = small_dataset()
    (folder / "images" / "im3.tif").write_bytes(b"broken")
    survey = survey_dataset(open_dataset(folder))
    assert survey.images["n_cells"].tolist() == [16] * 4
    assert survey.images["modality"].unique().tolist() == ["discs"]
    assert len(survey.cells) == 64
    assert survey.problems["image_id"].tolist() == ["im3"]
    assert "can't be read" in survey.problems["problem"][0]


def test_several_processes_find_the_same(small_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(small_dataset(splits=("train",) * 20))
    alone, together = (survey_dataset(dataset, workers=workers) for workers in (1, 2))
    pd.testing.assert_frame_equal(alone.images, together.images)
    pd.testing.assert_frame_equal(alone.cells, together.cells)


def test_facts_of_an_image_follow_from_its_cells(small_dataset: Callable[..., Path]) -> None:
    dataset = open_dataset(small_dataset(splits=("test",)))
    survey = survey_dataset(dataset)
    (image,) = survey.images.to_dict("records")
    labels = read_sample(dataset.records[0]).reference
    assert image["foreground"] == pytest.approx((labels > 0).mean())
    assert image["median_area_px"] == np.median(np.unique(labels, return_counts=True)[1][1:])
    assert image["density_per_mpx"] == pytest.approx(16e6 / labels.size)
    assert image["touching_share"] == 0
    assert image["contrast"] > 5  # discs of 160 on 40, noise of 12
    shapes = cell_morphology(labels)
    assert survey.cells["elongation"].tolist() == shapes["elongation"].tolist()


def test_without_labels_what_is_of_cells_is_undefined(small_dataset: Callable[..., Path]) -> None:
    folder = small_dataset(splits=("test",))
    (folder / "manifest.csv").write_text("image_id,image,n_cells\na,images/im0.tif,99\n")
    survey = survey_dataset(open_dataset(folder))
    assert survey.images[["n_cells", "foreground", "median_area_px"]].isna().all(axis=None)
    assert survey.images["focus"].notna().all()
    assert survey.cells.empty


def test_a_data_set_of_which_nothing_can_be_read_is_refused(
    small_dataset: Callable[..., Path],
) -> None:
    folder = small_dataset(splits=("test",))
    (folder / "images" / "im0.tif").write_bytes(b"")
    with pytest.raises(InputError, match=r"no image can be read\. .*im0\.tif"):
        survey_dataset(open_dataset(folder))


def test_the_real_images_are_read_whole(real_data: Path) -> None:
    dataset = open_dataset(real_data / "dsb2018")
    survey = survey_dataset(dataset)
    assert len(dataset.records) == 412
    assert survey.images["n_cells"].sum() == len(survey.cells) == 17_985
    assert survey.problems.empty
    # Purple nuclei are darker than their tissue, fluorescent ones brighter than the dark.
    contrast = survey.images.groupby("modality")["contrast"].median()
    assert contrast["fluorescence"] > 1 > 0 > contrast["he_purple_on_white"]
