"""A data set in numbers: what a plan of training needs to know, and what two sets differ in."""

from collections.abc import Sequence
from typing import Final, Self

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from workbench.schema import InputError

IMAGE_COLUMNS: Final = (
    "image_id", "height_px", "width_px", "channels", "dtype", "intensity_p1", "intensity_p99",
    "n_cells",
    "foreground",
)  # fmt: skip
CELL_COLUMNS: Final = ("image_id", "area_px", "diameter_px")
THREE_CLASSES: Final = ("background", "interior", "boundary")


class Spread(BaseModel):
    """How values are spread: their number, extremes and percentiles.

    All but ``n`` are NaN where there are no values; undefined values are not counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    n: int
    minimum: float
    p5: float
    p25: float
    median: float
    p75: float
    p95: float
    maximum: float

    @classmethod
    def of(cls, values: pd.Series) -> Self:
        """Describe values; percentiles are interpolated linearly.

        Examples
        --------
        >>> Spread.of(pd.Series([1.0, 2, 3, float("nan")])).median
        2.0
        """
        known = values.dropna().to_numpy(np.float64)
        points = np.percentile(known, (0, 5, 25, 50, 75, 95, 100)) if len(known) else [np.nan] * 7
        names = ("minimum", "p5", "p25", "median", "p75", "p95", "maximum")
        return cls(n=len(known), **dict(zip(names, map(float, points), strict=True)))


class Intensities(BaseModel):
    """Intensities of the images of one kind.

    Attributes
    ----------
    channels, dtype
        What makes the kind.
    low, high
        Over images, of the 1st and 99th percentile of an image's pixels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    channels: int
    dtype: str
    low: Spread
    high: Spread


class DataFingerprint(BaseModel):
    """A data set in numbers.

    ``model_dump_json()`` writes it, ``DataFingerprint.model_validate_json()`` reads it back.

    Attributes
    ----------
    n_images, n_labelled, n_cells
        Images, those of them with labels, and cells.
    pixel_size_um
        Median over the images where it is known, NaN if it is nowhere.
    pixel_size_known
        Share of the images where it is.
    height_px, width_px
        Sizes of images.
    cells_per_image
        Over labelled images.
    cell_area_px, cell_diameter_px
        Over cells; the diameter is that of the disc of equal area.
    cell_diameter_um
        Over the cells of images whose pixel size is known.
    intensities
        One entry for each number of channels and type of pixel, the commonest first.
    class_shares
        Share of the pixels of all labelled images together: "background", "interior" and
        "boundary" where the table has these columns, else "background" and "foreground". NaN
        without labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    n_images: int
    n_labelled: int
    n_cells: int
    pixel_size_um: float
    pixel_size_known: float
    height_px: Spread
    width_px: Spread
    cells_per_image: Spread
    cell_area_px: Spread
    cell_diameter_px: Spread
    cell_diameter_um: Spread
    intensities: tuple[Intensities, ...]
    class_shares: dict[str, float]


def fingerprint(images: pd.DataFrame, cells: pd.DataFrame) -> DataFingerprint:
    """Return a data set in numbers.

    Parameters
    ----------
    images
        A row per image: image_id, height_px, width_px, channels, dtype, intensity_p1,
        intensity_p99, n_cells and foreground (NaN without labels), as
        :func:`workbench.studies.survey_dataset` gives them; pixel_size_um where it is
        known, as a number or a text.
    cells
        A row per cell: image_id, area_px, diameter_px. May be empty.

    Returns
    -------
    DataFingerprint

    Raises
    ------
    InputError
        If a table lacks a column, there are no images, or a pixel size is not a positive number.

    Examples
    --------
    >>> image = {"image_id": "a", "height_px": 100, "width_px": 200, "channels": 1,
    ...          "dtype": "uint8", "intensity_p1": 3.0, "intensity_p99": 90.0,
    ...          "n_cells": 1, "foreground": 0.01}
    >>> cell = {"image_id": "a", "area_px": 200, "diameter_px": 16.0}
    >>> found = fingerprint(pd.DataFrame([image]), pd.DataFrame([cell]))
    >>> found.class_shares, found.pixel_size_known
    ({'background': 0.99, 'foreground': 0.01}, 0.0)
    """
    _need_columns(images, IMAGE_COLUMNS, "images")
    _need_columns(cells, CELL_COLUMNS, "cells")
    if images.empty:
        msg = "a fingerprint needs at least one image, got none; can the images be read?"
        raise InputError(msg)
    pixel_size = _pixel_sizes(images)
    in_um = cells["image_id"].map(pixel_size).astype(float) * cells["diameter_px"]
    return DataFingerprint(
        n_images=len(images),
        n_labelled=int(images["n_cells"].notna().sum()),
        n_cells=len(cells),
        pixel_size_um=float(pixel_size.median()),
        pixel_size_known=float(pixel_size.notna().mean()),
        height_px=Spread.of(images["height_px"]),
        width_px=Spread.of(images["width_px"]),
        cells_per_image=Spread.of(images["n_cells"]),
        cell_area_px=Spread.of(cells["area_px"]),
        cell_diameter_px=Spread.of(cells["diameter_px"]),
        cell_diameter_um=Spread.of(in_um),
        intensities=_intensities(images),
        class_shares=_class_shares(images),
    )


def _need_columns(table: pd.DataFrame, columns: Sequence[str], name: str) -> None:
    lacking = [column for column in columns if column not in table]
    if lacking:
        there = ", ".join(map(str, table.columns))
        msg = f"the table of {name} lacks {', '.join(lacking)}; it has {there}."
        raise InputError(msg)


def _pixel_sizes(images: pd.DataFrame) -> pd.Series:
    """Return the pixel size by image id, NaN where it is not known."""
    index = pd.Index(images["image_id"])
    if "pixel_size_um" not in images:
        return pd.Series(np.nan, index=index)
    given = images["pixel_size_um"].replace("", np.nan)
    sizes = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = given[given.notna() & ~(sizes > 0)]
    if len(wrong):
        msg = (
            f"pixel_size_um must be a positive number, got {wrong.iloc[0]!r} for image "
            f"{images.loc[wrong.index[0], 'image_id']}; leave it empty where it is not known."
        )
        raise InputError(msg)
    return pd.Series(sizes.to_numpy(), index=index)


def _intensities(images: pd.DataFrame) -> tuple[Intensities, ...]:
    kinds = [
        Intensities(
            channels=int(channels),
            dtype=str(dtype),
            low=Spread.of(part["intensity_p1"]),
            high=Spread.of(part["intensity_p99"]),
        )
        for (channels, dtype), part in images.groupby(["channels", "dtype"])
    ]
    return tuple(sorted(kinds, key=lambda kind: -kind.low.n))


def _class_shares(images: pd.DataFrame) -> dict[str, float]:
    shares = images.assign(background=1 - images["foreground"])[["background", "foreground"]]
    if all(name in images for name in THREE_CLASSES):
        shares = images[list(THREE_CLASSES)]
    labelled = images["n_cells"].notna()
    pixels = (images["height_px"] * images["width_px"])[labelled]
    total = float(pixels.sum())
    return {
        name: float((shares.loc[labelled, name] * pixels).sum()) / total if total else float("nan")
        for name in shares
    }


CELLS_ACROSS: Final = 8
"""Typical cells side by side in a view: enough surroundings, and many views of an image."""


def suggested_crop_px(
    found: DataFingerprint, *, smallest_px: int = 64, largest_px: int = 512
) -> int:
    """Return the side of square training views that suits the cells of a data set.

    Parameters
    ----------
    found
        Its fingerprint.
    smallest_px, largest_px
        Bounds, multiples of 32.

    Returns
    -------
    int
        Eight median cell diameters, but no more than the shorter side of the median image, to the
        nearest multiple of 32 within the bounds; 256 without cells.

    Examples
    --------
    >>> image = {"image_id": "a", "height_px": 300, "width_px": 200, "channels": 1,
    ...          "dtype": "uint8", "intensity_p1": 3.0, "intensity_p99": 90.0, "n_cells": 1,
    ...          "foreground": 0.01}
    >>> cell = {"image_id": "a", "area_px": 200, "diameter_px": 16.0}
    >>> suggested_crop_px(fingerprint(pd.DataFrame([image]), pd.DataFrame([cell])))
    128
    """
    if not found.n_cells:
        return 256
    shorter = min(found.height_px.median, found.width_px.median)
    wanted = min(CELLS_ACROSS * found.cell_diameter_px.median, shorter)
    return int(min(max(32 * round(wanted / 32), smallest_px), largest_px))
