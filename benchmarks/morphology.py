"""Shapes of the cells of label images in memory, against scikit-image and a loop over OpenCV.

All compute on the same labels in this one run, on one core; what counts is the ratio. Each peer
must agree with ours on what both compute.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import tifffile
from page import machine, markdown_table, rounded, write_section
from pairs import synthetic_pair
from scipy.spatial import cKDTree
from scoring import REAL_DATA, TILE, TISSUE, median_ms
from skimage.measure import regionprops_table

from workbench.metrics import cell_morphology, image_quality

N_IMAGES = 7022
QUALITY_SIZE_PX = 1024
PROPERTIES = ("label", "area", "bbox", "centroid", "perimeter", "solidity")
SYNTHETIC = "synthetic cells, 512 x 512 px"
REAL = {
    "CODEX tissue, touching cells": TISSUE.joinpath("labels").glob(TILE),
    "Data Science Bowl 2018, nuclei": REAL_DATA.joinpath("dsb2018", "labels").glob("*.tif"),
    "Usiigaci, phase contrast": REAL_DATA.joinpath("usiigaci_phase", "labels").glob("*.tif"),
}
HOW = """Processor time on one core, label images in memory, compilation not counted. scikit-image
must find the same areas and solidities, OpenCV the same perimeters and elongations, or nothing is
written.

They don't do the same work. Ours makes all columns of `cell_morphology`. `regionprops_table` makes
area, box, centroid, perimeter (by another estimate) and solidity, but no convexity, elongation or
neighbours. The loop cuts out each cell for OpenCV's `findContours`, `arcLength` and `convexHull`,
and takes elongation and nearest centroids from numpy and scipy; it has no solidity."""

Labels = np.ndarray


def main() -> None:
    """Write the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    named = {SYNTHETIC: [synthetic_pair()[0].astype(np.int32)]} | {
        name: [tifffile.imread(path).squeeze() for path in sorted(paths)]
        for name, paths in REAL.items()
    }
    rows, pace_ms = [], {}
    for name, images in named.items():
        if not images:
            rows.append([f"{name}: no files at {REAL_DATA} (set WORKBENCH_REAL_DATA)", *[""] * 5])
            continue
        pace_ms[name], row = _measured(images)
        rows.append([name, *row])
    header = ["", "images", "cells", "ours, ms", "µs per cell"]
    header += ["scikit-image, times ours", "loop over OpenCV, times ours"]
    n_cells = N_IMAGES * len(cell_morphology(named[SYNTHETIC][0])["cell_id"])
    pace = (
        f"{N_IMAGES:,} images like the synthetic one, with {n_cells:,} cells, take "
        f"{rounded(N_IMAGES * pace_ms[SYNTHETIC] / 1000)} s of one core at this pace. "
        f"`image_quality` takes {rounded(quality_ms())} ms for {QUALITY_SIZE_PX} x "
        f"{QUALITY_SIZE_PX} grey pixels with labels."
    )
    versions = machine("numpy", "numba", "scipy", "scikit-image", "opencv-python-headless")
    write_section(
        "Shapes of cells", "\n\n".join([HOW, versions, markdown_table(header, rows), pace])
    )


def by_scikit_image(labels: Labels) -> dict[str, np.ndarray]:
    """Return what regionprops has."""
    return regionprops_table(labels, properties=PROPERTIES)


def by_opencv(labels: Labels) -> dict[str, np.ndarray]:
    """Return perimeter, convexity, elongation and nearest centroids, cell by cell."""
    cells, centroids = [], []
    for index, box in enumerate(_boxes(labels), start=1):
        if box is None:
            continue
        mask = np.pad(labels[box] == index, 1).astype(np.uint8)
        centroids.append(np.argwhere(mask).mean(axis=0) + [side.start for side in box])
        contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        outer = [x for x, (*_, parent) in zip(contours, hierarchy[0], strict=True) if parent < 0]
        length = sum(cv2.arcLength(contour, closed=True) for contour in outer)
        hull = sum(cv2.arcLength(cv2.convexHull(contour), closed=True) for contour in outer)
        points = np.concatenate(outer)[:, 0]
        smaller, larger = np.linalg.eigvalsh(np.cov(points.T)) if len(points) > 1 else (0, 0)
        with np.errstate(invalid="ignore"):
            cells.append((length, np.divide(hull, length), np.divide(smaller, larger)))
    nearest = cKDTree(centroids).query(centroids, k=2)[0][:, 1]
    perimeter, convexity, elongation = np.array(cells).T
    return {"perimeter": perimeter, "convexity": convexity, "elongation": elongation} | {
        "neighbour_distance": nearest
    }


def quality_ms() -> float:
    """Return the time for the quality of one image."""
    rng = np.random.default_rng(0)
    shape = (QUALITY_SIZE_PX, QUALITY_SIZE_PX)
    image = rng.integers(0, 4096, (*shape, 1)).astype(np.uint16)
    labels = (rng.random(shape) < 0.3).astype(np.int32)
    return median_ms(lambda: image_quality(image, labels))


def _measured(images: Sequence[Labels]) -> tuple[float, list[str]]:
    """Return the time for these images in milliseconds, and the row of the table."""

    def each(function: Callable[[Labels], Any]) -> Callable[[], list[Any]]:
        return lambda: [function(labels) for labels in images]

    ours = each(cell_morphology)()
    n_cells = sum(len(cells["cell_id"]) for cells in ours)
    ours_ms = median_ms(each(cell_morphology))

    def agrees(names: dict[str, str]) -> Callable[[list[Any]], None]:
        def check(found: list[Any]) -> None:
            for cells, theirs in zip(ours, found, strict=True):
                for own, other in names.items():
                    np.testing.assert_allclose(cells[own], theirs[other], rtol=1e-5, atol=1e-9)

        return check

    peers = (
        (by_scikit_image, {"area_px": "area", "solidity": "solidity"}),
        (by_opencv, {"perimeter_px": "perimeter", "elongation": "elongation"}),
    )
    times = [median_ms(each(function), agrees(names)) for function, names in peers]
    row = [f"{len(images):,}", f"{n_cells:,}", rounded(ours_ms), rounded(1000 * ours_ms / n_cells)]
    return ours_ms, row + [rounded(time / ours_ms) for time in times]


def _boxes(labels: Labels) -> list[Any]:
    from scipy.ndimage import find_objects

    return find_objects(labels.astype(np.int32))


if __name__ == "__main__":
    main()
