"""Calibration of pixels for people: before and after, in words and numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis import image_groups, mean_interval
from workbench.schema import InputError
from workbench.studies._calibration_record import REGIONS, VARIANTS, Calibration

REGION_TITLES: Final = {
    "all": "all pixels",
    "cells": "cells and boundary band",
    "band": "boundary band",
}
MEASURE_TITLES: Final = {
    "accuracy": "Share of pixels that is right",
    "mean_confidence": "Mean confidence",
    "ece": "ECE",
    "signed_gap": "Signed gap (above 0: too sure)",
    "mce": "MCE",
    "adaptive_ece": "Adaptive ECE",
    "classwise_ece": "Class-wise ECE",
    "brier": "Brier score (0 to 2)",
    "reliability": "Brier: reliability (lower is better)",
    "resolution": "Brier: resolution (higher is better)",
    "uncertainty": "Brier: uncertainty (of the images)",
    "nll": "NLL",
}


def temperature_text(found: Calibration) -> str:
    """Return in a sentence what temperature was chosen, on what; or why none was."""
    if found.note:
        return found.note
    sure = "too sure" if found.temperature > 1 else "not sure enough"
    lost = f" {len(found.problems)} images could not be used." if found.problems else ""
    return (
        f"Temperature {found.temperature:.2f}, chosen on {found.n_pixels:,} pixels of "
        f"{found.n_images} validation images: over all of them the network is {sure}. NLL there "
        f"{found.nll_before:.4f}, with this temperature {found.nll_after:.4f}.{lost}"
    )


def calibration_overview(found: Calibration) -> pd.DataFrame:
    """Return every measure before and after, with intervals, by region.

    Returns
    -------
    DataFrame
        Columns Region, Measure, Before, After, each a text with a 95 % interval over images.
    """
    texts = found.measures.assign(text=[with_interval(row) for row in found.measures.itertuples()])
    rows = []
    for region in REGIONS:
        for measure, title in MEASURE_TITLES.items():
            of = texts[(texts["region"] == region) & (texts["measure"] == measure)]
            by = dict(zip(of["variant"], of["text"], strict=True))
            if by:
                row = {"Region": REGION_TITLES[region], "Measure": title}
                rows.append(row | {"Before": by["before"], "After": by["after"]})
    return pd.DataFrame(rows, columns=["Region", "Measure", "Before", "After"])


def f1_overview(found: Calibration) -> pd.DataFrame:
    """Return the mean F1 of the decoder's cells before and after, by IoU threshold.

    Returns
    -------
    DataFrame
        Columns IoU, Before, After, Difference, and the 95 % interval of the mean difference
        (Student t over images) as text. Images without cells on either side are left out.
    """
    rows = []
    groups = image_groups(found.f1) if len(found.f1) else None
    for threshold, part in found.f1.groupby("threshold"):
        wide = part.pivot_table(index="image_id", columns="variant", values="f1").dropna()
        if wide.empty:
            continue
        change = wide["after"] - wide["before"]
        interval = mean_interval(change, groups=groups)
        rows.append(
            {
                "IoU": threshold,
                "Before": wide["before"].mean(),
                "After": wide["after"].mean(),
                "Difference": change.mean(),
                "95 % interval": interval_text(interval.low, interval.high, signed=True),
            }
        )
    return pd.DataFrame(rows, columns=["IoU", "Before", "After", "Difference", "95 % interval"])


def reliability_series(found: Calibration, region: str = "cells") -> pd.DataFrame:
    """Return the reliability bins of a region, before and after, named for a figure.

    Raises
    ------
    InputError
        If there is no such region.
    """
    if region not in REGIONS:
        msg = f"no region is called {region!r}, only {', '.join(REGIONS)}."
        raise InputError(msg)
    names = {"before": "before", "after": f"after, temperature {found.temperature:.2f}"}
    of_region = found.reliability[found.reliability["region"] == region]
    return of_region.assign(series=of_region["variant"].map(names))


def variant_values(found: Calibration, measure: str, region: str) -> dict[str, float]:
    """Return a measure before and after; NaN where there is none."""
    of = found.measures[
        (found.measures["measure"] == measure) & (found.measures["region"] == region)
    ]
    known = dict(zip(of["variant"], of["value"], strict=True))
    return {variant: float(known.get(variant, np.nan)) for variant in VARIANTS}


def with_interval(row: object, *, digits: int = 3) -> str:
    """Return the value of a measure with its interval; "–" where it is undefined."""
    value, low, high = (float(getattr(row, name)) for name in ("value", "ci_low", "ci_high"))
    if np.isnan(value):
        return "–"
    return " ".join(filter(None, [f"{value:.{digits}f}", interval_text(low, high, digits=digits)]))


def interval_text(low: float, high: float, *, signed: bool = False, digits: int = 3) -> str:
    """Return an interval; "" where there is none."""
    if np.isnan(low) or np.isnan(high):
        return ""
    sign = "+" if signed else ""
    return f"[{low:{sign}.{digits}f}, {high:{sign}.{digits}f}]"
