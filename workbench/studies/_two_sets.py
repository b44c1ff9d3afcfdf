"""Two sets of images: where they lie among each other, and how well they are told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis import PrincipalComponents, principal_components, set_separability
from workbench.datasets import Dataset, read_sample
from workbench.schema import InputError, LabelImage
from workbench.studies._survey import Survey
from workbench.transforms import cell_crops

IMAGE_FEATURES: Final = (
    "intensity_p1", "intensity_p50", "intensity_p99", "intensity_sd", "focus", "noise_sd",
    "contrast", "density_per_mpx", "foreground", "touching_share", "median_area_px",
    "median_elongation", "median_solidity", "median_neighbour_distance_px",
)  # fmt: skip
CELL_FEATURES: Final = (
    "area_px", "elongation", "convexity", "solidity", "touching_fraction", "intensity_mean",
    "intensity_sd", "neighbour_distance_px",
)  # fmt: skip
CROP_PX: Final = 32
N_CROP_COMPONENTS: Final = 20
"""A classifier of crops sees so many principal components: 1,024 pixels would overfit."""


@dataclass(frozen=True, eq=False)
class Crops:
    """Cells cut out of images.

    Attributes
    ----------
    pixels
        Shape (n, 1024): grey, 32 x 32, from 0 to 1.
    cells
        image_id, cell_id and the set of each.
    """

    pixels: npt.NDArray[np.float32]
    cells: pd.DataFrame


@dataclass(frozen=True, eq=False)
class SetComparison:
    """Two or more sets side by side.

    Attributes
    ----------
    images, crops
        Places along principal components: image_id, set, pc1, pc2 (and cell_id for crops).
    image_explained, crop_explained
        Share of the variance along each component.
    separability
        One row per kind of feature: features, sets, auc (0.5: can't be told apart, 1: wholly
        different; NaN where a set has too few images, or no labels), ci_low, ci_high, n. Empty
        unless there are just two sets.
    """

    images: pd.DataFrame
    image_explained: tuple[float, ...]
    crops: pd.DataFrame
    crop_explained: tuple[float, ...]
    separability: pd.DataFrame


def joined_surveys(surveys: Sequence[tuple[str, Survey]]) -> Survey:
    """Return several surveys as one, with the column "set" in images.

    Parameters
    ----------
    surveys
        Name of the set and its survey. Image ids get the name in front.
    """
    images, cells, problems = [], [], []
    for name, survey in surveys:
        prefix = f"{name}/"
        images.append(survey.images.assign(image_id=prefix + survey.images["image_id"], set=name))
        cells.append(survey.cells.assign(image_id=prefix + survey.cells["image_id"]))
        problems.append(survey.problems.assign(image_id=prefix + survey.problems["image_id"]))
    return Survey(*(pd.concat(part, ignore_index=True) for part in (images, cells, problems)))


def sample_crops(
    dataset: Dataset, *, rng: np.random.Generator, n: int = 3000, prefix: str = ""
) -> Crops:
    """Cut out cells of a data set, drawn at random, as evenly from its images as they allow.

    Parameters
    ----------
    dataset
        Images that can't be read or have no labels are passed over.
    rng
        Draws images and cells.
    n
        How many cells at most.
    prefix
        In front of image ids.
    """
    order = rng.permutation(len(dataset.records))
    wanted = max(1, -(-n // len(order)))
    parts = list(_image_crops(dataset, order, wanted, rng, n))
    none = np.zeros((0, CROP_PX * CROP_PX), np.float32)
    pixels = np.concatenate([none, *(pixels for pixels, _ in parts)])[:n]
    ids = [(prefix + image_id, cell) for _, (image_id, cells) in parts for cell in cells][:n]
    return Crops(pixels, pd.DataFrame(ids, columns=["image_id", "cell_id"]))


def compare_sets(
    survey: Survey, crops: Crops, *, by: str, rng: np.random.Generator
) -> SetComparison:
    """Lay sets over each other and measure how well two of them are told apart.

    Parameters
    ----------
    survey
        Of all images.
    crops
        Some of their cells, from :func:`sample_crops`.
    by
        Column of ``survey.images`` that names the sets.
    rng
        Deals images to the folds of the classifier.

    Returns
    -------
    SetComparison
        Principal components of the facts of images and of the pixels of cell crops, fitted on all
        sets together; and, of two sets, the AUC of a classifier on facts of images, on shapes of
        cells, and on cell crops, cells of one image always together. Facts that one of the
        sets never has, as those of cells without labels, are left out.
    """
    set_of = survey.images.set_index("image_id")[by].astype(str)
    features = survey.images[[name for name in IMAGE_FEATURES if name in survey.images]]
    # What a set never has, as one without labels, would take all its images from the comparison.
    features = features.loc[:, features.notna().groupby(set_of.to_numpy()).any().all()]
    of_images = _components(features, 2)
    of_crops = _components(pd.DataFrame(crops.pixels), N_CROP_COMPONENTS)
    named = crops.cells.assign(set=crops.cells["image_id"].map(set_of))
    rows = []
    if set_of.nunique() == 2:
        names = " and ".join(sorted(set_of.unique()))
        cells = survey.cells.groupby("image_id", sort=False).head(50)
        rows = [
            _row("facts of images", features, set_of, None, names=names, rng=rng),
            _row(
                "shapes of cells", cells[list(CELL_FEATURES)], cells["image_id"].map(set_of),
                cells["image_id"], names=names, rng=rng,
            ),
        ]  # fmt: skip
        if of_crops is not None:
            rows.append(
                _row(
                    "crops of cells",
                    of_crops.scores,
                    named["set"],
                    named["image_id"],
                    names=names,
                    rng=rng,
                )
            )
    return SetComparison(
        images=_placed(survey.images[["image_id"]].assign(set=set_of.to_numpy()), of_images),
        image_explained=() if of_images is None else tuple(of_images.explained),
        crops=_placed(named, of_crops),
        crop_explained=() if of_crops is None else tuple(of_crops.explained),
        separability=pd.DataFrame(
            rows, columns=["features", "sets", "auc", "ci_low", "ci_high", "n"]
        ),
    )


def _components(features: pd.DataFrame, n: int) -> PrincipalComponents | None:
    """Return principal components, at most n; None where rows or features are too few for two."""
    known = features.dropna(axis=1, how="all")
    varying = int((known.max() > known.min()).sum())
    n = min(n, varying, len(known.dropna()) - 1)
    return principal_components(known, n=n) if n >= 2 else None


def _image_crops(
    dataset: Dataset,
    order: npt.NDArray[np.int_],
    wanted: int,
    rng: np.random.Generator,
    n: int,
) -> Iterator[tuple[npt.NDArray[np.float32], tuple[str, list[int]]]]:
    found = 0
    for place in order:
        if found >= n:
            return
        record = dataset.records[place]
        try:
            sample = read_sample(record)
        except InputError:
            continue
        if sample.reference is None or not sample.reference.any():
            continue
        chosen = _some_cells(sample.reference, wanted, rng)
        pixels = cell_crops(sample.image, chosen, size_px=CROP_PX)
        ids = np.unique(chosen[chosen > 0])
        found += len(ids)
        yield pixels.reshape(len(ids), -1), (record.image_id, ids.tolist())


def _some_cells(labels: LabelImage, n: int, rng: np.random.Generator) -> LabelImage:
    """Return labels with at most n cells left, drawn at random."""
    ids = np.unique(labels[labels > 0])
    if len(ids) <= n:
        return labels
    kept = rng.choice(ids, n, replace=False)
    return np.where(np.isin(labels, kept), labels, 0)


def _placed(rows: pd.DataFrame, found: PrincipalComponents | None) -> pd.DataFrame:
    if found is None:
        return rows.assign(pc1=np.nan, pc2=np.nan)
    return pd.concat(
        [rows.reset_index(drop=True), found.scores[["pc1", "pc2"]].reset_index(drop=True)], axis=1
    )


def _row(
    kind: str,
    features: pd.DataFrame,
    sets: pd.Series,
    groups: pd.Series | None,
    *,
    names: str,
    rng: np.random.Generator,
) -> dict[str, object]:
    numbers = {"auc": np.nan, "ci_low": np.nan, "ci_high": np.nan}
    if sets.nunique() == 2:  # A set without labels has images, but no cells.
        found = set_separability(
            features.reset_index(drop=True),
            sets.to_numpy(),
            groups=None if groups is None else groups.to_numpy(),
            rng=rng,
        )
        numbers = {name: getattr(found, name) for name in numbers}
    return {"features": kind, "sets": names, **numbers, "n": len(features)}
