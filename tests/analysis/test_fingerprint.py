"""A data set in numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import DataFingerprint, Spread, fingerprint
from workbench.datasets import open_dataset
from workbench.schema import InputError
from workbench.studies import survey_dataset


@pytest.fixture
def images() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "image_id": ["a", "b", "c"],
            "height_px": [10, 20, 100],
            "width_px": [10, 20, 100],
            "channels": [1, 3, 3],
            "dtype": ["uint16", "uint8", "uint8"],
            "intensity_p1": [100.0, 3.0, 5.0],
            "intensity_p99": [4000.0, 200.0, 220.0],
            "n_cells": [2.0, 1.0, np.nan],
            "foreground": [0.5, 0.25, np.nan],
            "pixel_size_um": ["0.5", "", ""],
        }
    )


@pytest.fixture
def cells() -> pd.DataFrame:
    return pd.DataFrame(
        {"image_id": ["a", "a", "b"], "area_px": [30, 20, 100], "diameter_px": [6.0, 4.0, 10.0]}
    )


def test_numbers_of_three_images(images: pd.DataFrame, cells: pd.DataFrame) -> None:
    found = fingerprint(images, cells)
    assert (found.n_images, found.n_labelled, found.n_cells) == (3, 2, 3)
    assert (found.height_px.minimum, found.height_px.median, found.height_px.maximum) == (
        10, 20, 100,
    )  # fmt: skip
    assert (found.cells_per_image.n, found.cells_per_image.median) == (2, 1.5)
    assert (found.cell_area_px.median, found.cell_diameter_px.median) == (30, 6)
    assert [(kind.channels, kind.dtype, kind.high.median) for kind in found.intensities] == [
        (3, "uint8", 210), (1, "uint16", 4000),
    ]  # fmt: skip


def test_sizes_in_um_are_of_the_images_whose_pixel_size_is_known(
    images: pd.DataFrame, cells: pd.DataFrame
) -> None:
    found = fingerprint(images, cells)
    assert (found.pixel_size_um, found.pixel_size_known) == (0.5, pytest.approx(1 / 3))
    assert (found.cell_diameter_um.n, found.cell_diameter_um.median) == (2, 2.5)
    unknown = fingerprint(images.drop(columns="pixel_size_um"), cells)
    assert np.isnan(unknown.pixel_size_um)
    assert (unknown.pixel_size_known, unknown.cell_diameter_um.n) == (0, 0)


def test_class_shares_are_of_all_labelled_pixels_together(
    images: pd.DataFrame, cells: pd.DataFrame
) -> None:
    two = fingerprint(images, cells).class_shares
    assert two == pytest.approx({"background": 0.7, "foreground": 0.3})  # 50 + 100 of 500 pixels
    parts = images.assign(
        background=1 - images["foreground"], interior=images["foreground"] * 0.8,
        boundary=images["foreground"] * 0.2,
    )  # fmt: skip
    three = fingerprint(parts, cells).class_shares
    assert three == pytest.approx({"background": 0.7, "interior": 0.24, "boundary": 0.06})


def test_a_fingerprint_goes_through_json(images: pd.DataFrame, cells: pd.DataFrame) -> None:
    unlabelled = images.assign(n_cells=np.nan, foreground=np.nan)
    for found in (fingerprint(images, cells), fingerprint(unlabelled, cells[:0])):
        text = found.model_dump_json()
        assert DataFingerprint.model_validate_json(text).model_dump_json() == text
    assert np.isnan(found.class_shares["foreground"])
    assert np.isnan(DataFingerprint.model_validate_json(text).cell_area_px.median)


def test_percentiles_are_numpys() -> None:
    values = np.random.default_rng(0).normal(size=101)
    spread = Spread.of(pd.Series([*values, np.nan]))
    assert spread.n == 101
    assert (spread.p5, spread.p25, spread.p75, spread.p95) == pytest.approx(
        tuple(np.percentile(values, (5, 25, 75, 95)))
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda images: images.drop(columns="intensity_p1"),
            "table of images lacks intensity_p1; it has",
        ),
        (lambda images: images[:0], "at least one image"),
        (lambda images: images.assign(pixel_size_um="-1"), "positive number, got '-1' for image a"),
        (lambda images: images.assign(pixel_size_um="?"), "positive number, got '\\?' for image a"),
    ],
)
def test_tables_that_say_too_little_are_refused(
    images: pd.DataFrame, cells: pd.DataFrame, change: object, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        fingerprint(change(images), cells)


def test_the_fingerprint_of_the_data_science_bowl(real_data: Path) -> None:
    survey = survey_dataset(open_dataset(real_data / "dsb2018"))
    found = fingerprint(survey.images, survey.cells)
    assert (found.n_images, found.n_cells) == (412, 17985)
    assert [(kind.channels, kind.low.n) for kind in found.intensities] == [(1, 332), (3, 80)]
    assert found.class_shares["foreground"] == pytest.approx(0.129, abs=0.001)
