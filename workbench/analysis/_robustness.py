"""How a model's score and errors answer to images that were made worse."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._intervals import ALPHA, bca_of_mean
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means
from workbench.schema import ERROR_TYPES, InputError

MEMBER: Final = ["model", "seed", "kind"]
NEEDED: Final = (*MEMBER, "level", "clean", "image_id", "f1", "n_reference")

FloatArray = npt.NDArray[np.float64]


def robustness_curves(
    table: pd.DataFrame, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Return mean F1 by kind and level of degradation, as it is and relative to clean images.

    Parameters
    ----------
    table
        A row per model, seed, kind, level and image: model, seed, kind, level, clean (whether the
        level changes nothing), image_id, f1 and n_reference. Images without a clean F1 count
        nowhere; a degraded one without F1 can't be, as its reference cells stay.
    n_resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        A row per model, seed, kind and level, in the table's order: n_images, clean, f1, ci_low,
        ci_high (BCa bootstrap over images), relative (mean F1 over that of the same images when
        clean), relative_low, relative_high (percentiles of the bootstrap over images). NaN for
        the intervals of one image, and for what is relative to a clean F1 of 0.

    Raises
    ------
    InputError
        If a column is lacking or a kind has no clean level.

    Examples
    --------
    >>> table = pd.DataFrame({"model": "unet", "seed": 0, "kind": "blur", "level": [0, 0, 2, 2],
    ...     "clean": [True, True, False, False], "image_id": ["a", "b", "a", "b"],
    ...     "f1": [0.8, 0.8, 0.4, 0.6], "n_reference": 9})
    >>> robustness_curves(table)[["level", "f1", "relative"]].round(3).values.tolist()
    [[0.0, 0.8, 1.0], [2.0, 0.5, 0.625]]
    """
    _check(table)
    rows: list[dict[str, Any]] = []
    for who, part in table.groupby(MEMBER, sort=False):
        scores = _by_image(part, "f1")
        clean = _clean_level(part)
        scores = scores[scores[clean].notna()]
        for level in scores.columns:
            pair = scores[[clean, level]].set_axis(["clean", "level"], axis=1).dropna()
            row = dict(zip(MEMBER, who, strict=True))
            row |= {"level": level, "clean": level == clean, "n_images": len(pair)}
            rows.append(row | _f1_of(pair, n_resamples, seed))
    return pd.DataFrame(rows)


def error_response(
    table: pd.DataFrame, *, n_resamples: int = N_RESAMPLES, seed: int = 0
) -> pd.DataFrame:
    """Return how often each type of error happens by kind and level of degradation.

    Parameters
    ----------
    table
        As :func:`robustness_curves` takes it, with a column for each of
        :data:`workbench.schema.ERROR_TYPES`: its events in the image.
    n_resamples, seed
        Of the bootstrap over images.

    Returns
    -------
    DataFrame
        A row per model, seed, kind, level and error: n_images, clean, per_100_cells (events of all
        images per 100 of their reference cells), ci_low, ci_high (percentiles of the bootstrap
        over images; NaN for one image).

    Raises
    ------
    InputError
        If a column is lacking or a kind has no clean level.
    """
    _check(table, *ERROR_TYPES)
    rows: list[dict[str, Any]] = []
    for who, part in table[table["n_reference"] > 0].groupby([*MEMBER, "level"], sort=False):
        counts = part.set_index("image_id")[["n_reference", *ERROR_TYPES]].astype(float)
        drawn = bootstrap_means(counts, n_resamples=n_resamples, seed=seed)
        for place, error in enumerate(ERROR_TYPES, start=1):
            # Counts are never negative, sums of rounded numbers may be.
            rates = 100 * np.maximum(drawn[:, place], 0) / drawn[:, 0]
            low, high = _limits(rates, len(counts))
            rows.append(
                dict(zip([*MEMBER, "level"], who, strict=True))
                | {
                    "clean": bool(part["clean"].iloc[0]),
                    "error": error,
                    "n_images": len(counts),
                    "per_100_cells": 100 * counts[error].sum() / counts["n_reference"].sum(),
                    "ci_low": low,
                    "ci_high": high,
                }
            )
    return pd.DataFrame(rows)


def _f1_of(pair: pd.DataFrame, n_resamples: int, seed: int) -> dict[str, float]:
    mean = pair.mean()
    drawn = bootstrap_means(pair, n_resamples=n_resamples, seed=seed)
    interval = bca_of_mean(pair["level"].to_numpy(), drawn[:, 1], np.arange(len(pair)))
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = _limits(drawn[:, 1] / drawn[:, 0], len(pair))
    return {
        "f1": float(mean["level"]),
        "ci_low": interval.low,
        "ci_high": interval.high,
        "relative": float(mean["level"] / mean["clean"]) if mean["clean"] else np.nan,
        "relative_low": low if mean["clean"] else np.nan,
        "relative_high": high if mean["clean"] else np.nan,
    }


def _limits(drawn: FloatArray, n_images: int) -> tuple[float, float]:
    if n_images < 2 or np.isnan(drawn).all():
        return np.nan, np.nan
    low, high = np.nanquantile(drawn, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def _by_image(part: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return one column as images x levels, levels in the order of the table."""
    wide = part.pivot_table(index="image_id", columns="level", values=column, dropna=False)
    return wide[list(dict.fromkeys(part["level"]))]


def _clean_level(part: pd.DataFrame) -> float:
    clean = part.loc[part["clean"], "level"].unique()
    if len(clean) != 1:
        kind = part["kind"].iloc[0]
        msg = f"{kind}: expected one clean level to compare with, got {len(clean)}."
        raise InputError(msg)
    return float(clean[0])


def _check(table: pd.DataFrame, *more: str) -> None:
    lacking = [name for name in (*NEEDED, *more) if name not in table]
    if lacking:
        msg = f"a table of robustness has no column {', '.join(lacking)}; see robustness_curves."
        raise InputError(msg)
