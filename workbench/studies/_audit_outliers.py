"""Images unlike others of their kind, and images that are there twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.datasets import CHECKS

FloatArray = npt.NDArray[np.float64]

MIN_GROUP: Final = 8
"""What is usual can't be told from fewer images."""

MAX_DEVIATION: Final = 3.5
"""Robust deviations from the median, as Iglewicz and Hoaglin advise."""

MIN_SATURATED: Final = 0.01
"""A smaller share of saturated pixels loses little."""


@dataclass(frozen=True)
class _Trait:
    """A number of an image by which it may be unlike others.

    ``factor`` is how many times above or below the median it must lie besides, since images of one
    series differ by less than anyone would mind.
    """

    code: str
    column: str
    name: str
    side: Literal["low", "both"]
    factor: float


TRAITS: Final = (
    _Trait("count_outlier", "n_cells", "cells", "both", 4),
    _Trait("out_of_focus", "focus", "focus", "low", 2),
    _Trait("noisy", "dynamic_range_to_noise", "range over noise", "low", 2),
    _Trait("low_contrast", "contrast", "contrast", "low", 2),
)


def outlier_findings(images: pd.DataFrame, *, by: str = "modality") -> pd.DataFrame:
    """Find images that are unlike the others of their kind.

    Parameters
    ----------
    images
        One row per image: image_id, split, height_px, width_px, and any of the columns n_cells,
        focus, dynamic_range_to_noise, contrast (negative where cells are darker than their
        surroundings) and saturated_fraction. NaN where unknown.
    by
        Column that says which images are of the same kind; without it all are.

    Returns
    -------
    DataFrame
        One row per finding, with the columns of :class:`Audit`'s findings. Kinds of fewer than 8
        images are not compared; for saturation alone there is a fixed limit, 1 % of the pixels.

    Notes
    -----
    An image is flagged if the logarithm of its number deviates from the median of its kind by more
    than 3.5 robust standard deviations [1]_ (1.4826 times the median absolute deviation; where
    that is 0, 1.2533 times the mean absolute deviation), and the number itself is twice (cells:
    four times) as large or small as the median. Cells are counted plus 1, so that an image without
    any can be compared. Contrast is compared in size; a sign other than that of three quarters of
    its kind is "inverted".

    References
    ----------
    .. [1] B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers, ASQC, 1993.

    Examples
    --------
    >>> images = pd.DataFrame({"image_id": list("abcdefgh"), "split": "test", "height_px": 9})
    >>> images = images.assign(width_px=9, focus=[5, 6, 5, 6, 5, 6, 5, 1])
    >>> outlier_findings(images)[["image_id", "code"]].to_numpy().tolist()
    [['h', 'out_of_focus']]
    """
    rows = [*_saturated(images)] if "saturated_fraction" in images else []
    groups = images.groupby(by, sort=False) if by in images else [("", images)]
    for name, group in groups:
        kind = f"{name} images" if by in images else "images"
        if len(group) < MIN_GROUP:
            continue
        for trait in TRAITS:
            if trait.column in group:
                rows += _unusual(group, trait, kind)
        if "contrast" in group:
            rows += _inverted(group, kind)
    return pd.DataFrame(rows)


def duplicate_findings(duplicates: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Return a finding for either image of each pair that is the same.

    Parameters
    ----------
    duplicates
        image_id_a, image_id_b, kind (in words, such as "identical") and similarity (1 at most).
    images
        image_id, split, height_px and width_px of each image; pairs of others are passed over.

    Returns
    -------
    DataFrame
        "leak" where the pair lies in two splits, "duplicate" where in one.
    """
    by_id = images.set_index("image_id")
    rows = []
    for pair in duplicates.itertuples(index=False):
        names = (str(pair.image_id_a), str(pair.image_id_b))
        if not set(names) <= set(by_id.index):
            continue
        for name, other in (names, names[::-1]):
            here, there = by_id.loc[name], by_id.loc[other]
            code = "duplicate" if here["split"] == there["split"] else "leak"
            text = f"{pair.kind} to {other} of split {there['split']} ({pair.similarity:.3f} alike)"
            rows.append(_finding(here.to_dict() | {"image_id": name}, code, text))
    return pd.DataFrame(rows)


def _unusual(group: pd.DataFrame, trait: _Trait, kind: str) -> Iterator[dict[str, Any]]:
    known = group[group[trait.column].notna()]
    if len(known) < MIN_GROUP:
        return
    numbers = np.abs(known[trait.column].to_numpy(float))
    shifted = numbers + 1 if trait.column == "n_cells" else numbers
    # Nothing at all is as far below as can be told.
    logarithms = np.log(np.maximum(shifted, np.finfo(np.float32).tiny))
    deviations = robust_deviations(logarithms)
    apart = logarithms - np.median(logarithms)
    far = (np.abs(deviations) > MAX_DEVIATION) & (np.abs(apart) >= np.log(trait.factor))
    if trait.side == "low":
        far &= apart < 0
    usual = float(np.median(numbers))
    for place in np.flatnonzero(far):
        text = (
            f"{trait.name} {numbers[place]:.4g}; the median of {len(known)} {kind} is {usual:.4g} "
            f"({deviations[place]:+.1f} robust standard deviations)"
        )
        yield _finding(known.iloc[place].to_dict(), trait.code, text)


def _inverted(group: pd.DataFrame, kind: str) -> Iterator[dict[str, Any]]:
    contrast = group["contrast"].to_numpy(float)
    known = np.isfinite(contrast) & (contrast != 0)
    if np.count_nonzero(known) < MIN_GROUP:
        return
    positive = np.mean(contrast[known] > 0)
    if max(positive, 1 - positive) < 0.75:
        return
    sign, usual = (1, "bright") if positive > 0.5 else (-1, "dark")
    for place in np.flatnonzero(known & (np.sign(contrast) != sign)):
        text = f"contrast {contrast[place]:+.3g}, but cells of {kind} are {usual}"
        yield _finding(group.iloc[place].to_dict(), "inverted", text)


def _saturated(images: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in images[images["saturated_fraction"] > MIN_SATURATED].to_dict("records"):
        yield _finding(
            row, "saturated", f"{row['saturated_fraction']:.1%} of the pixels are saturated"
        )


def robust_deviations(numbers: FloatArray) -> FloatArray:
    """Return how many robust standard deviations numbers lie from their median.

    0 for all if they are equal.
    """
    apart = numbers - np.median(numbers)
    scale = 1.4826 * np.median(np.abs(apart)) or 1.2533 * np.mean(np.abs(apart))
    deviations: FloatArray = apart / scale if scale else np.zeros_like(apart)
    return deviations


def _finding(image: dict[str, Any], code: str, text: str) -> dict[str, Any]:
    """Return a finding that concerns an image as a whole."""
    return {
        "image_id": image["image_id"],
        "split": image["split"],
        "code": code,
        "severity": CHECKS[code].severity,
        "text": text,
        "n_cells": 0,
        "cell_ids": "",
        "top": 0,
        "left": 0,
        "bottom": image["height_px"],
        "right": image["width_px"],
        "repair": "",
    }
