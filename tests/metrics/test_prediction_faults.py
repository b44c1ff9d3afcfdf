"""Runs that were broken on purpose are recognised, and honest ones are left alone."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from skimage.measure import label
from skimage.segmentation import expand_labels, find_boundaries

from workbench.metrics import (
    Cause,
    Fault,
    PredictionCheck,
    Trial,
    check_prediction,
    prediction_faults,
)

Labels = np.ndarray[Any, Any]


def faults(references: Sequence[Labels], predictions: Sequence[Labels]) -> tuple[Fault, ...]:
    checks = map(check_prediction, references, predictions)
    return prediction_faults(list(checks))


@cache
def _real(root: Path) -> tuple[tuple[Labels, Labels], ...]:
    """References of real images, and what a decent model finds: outlines off, some cells lost."""
    rng = np.random.default_rng(0)
    pairs = []
    for path in sorted((root / "dsb2018" / "labels").glob("*.tif"))[::28]:
        reference = tifffile.imread(path)
        ids = np.unique(reference[reference > 0])
        lost = rng.choice(ids, len(ids) // 8, replace=False)
        found = expand_labels(np.where(np.isin(reference, lost), 0, reference), 1)
        pairs.append((reference, found))
    return tuple(pairs)


def pieces(labels: Labels) -> Labels:
    return label(labels, background=0, connectivity=1)


def half_size(labels: Labels, *, middle: bool) -> Labels:
    """A prediction that was made at half the size and put into the frame as it was."""
    small = labels[::2, ::2]
    frame = np.zeros_like(labels)
    top, left = ((np.array(labels.shape) - small.shape) // 2) * middle
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def classes(labels: Labels) -> Labels:
    """Background, interior and boundary, written instead of cells."""
    return np.where(find_boundaries(labels, mode="inner"), 2, labels > 0)


BROKEN: dict[str, tuple[Cause, Callable[[Labels], Labels]]] = {
    "transposed": ("transposed", np.transpose),
    "transposed the other way": ("transposed", lambda x: np.rot90(x, 2).T),
    "flipped": ("mirrored", np.fliplr),
    "upside down": ("mirrored", np.flipud),
    "quarter turn": ("rotated", np.rot90),
    "half turn": ("rotated", lambda x: np.rot90(x, 2)),
    "shifted": ("shifted", lambda x: ndimage.shift(x, (14, -9), order=0)),
    "half size in the corner": ("rescaled", lambda x: half_size(x, middle=False)),
    "half size in the middle": ("rescaled", lambda x: half_size(x, middle=True)),
    "another size": ("rescaled", lambda x: x[::2, ::3]),
    "inverted": ("inverted", lambda x: pieces(x == 0)),
    "foreground": ("foreground_only", lambda x: (x > 0).astype(np.uint8)),
    "classes": ("foreground_only", classes),
    "rings": ("boundary_as_cells", lambda x: pieces(find_boundaries(x, mode="inner"))),
    "one label for all rings": (
        "boundary_as_cells",
        lambda x: find_boundaries(x, mode="thick").astype(np.uint8),
    ),
    "nothing": ("empty", np.zeros_like),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_run_is_named_with_its_cause(name: str, real_data: Path) -> None:
    cause, spoil = BROKEN[name]
    references, predictions = zip(*_real(real_data), strict=True)
    (fault,) = faults(references, [spoil(labels) for labels in predictions])
    assert fault.cause == cause
    assert 2 * fault.n_images > len(references)
    assert cause == "empty" or fault.f1_if_cured - fault.f1_as_is > 0.4


def test_the_evidence_tells_offset_and_scores(real_data: Path) -> None:
    references, predictions = zip(*_real(real_data), strict=True)
    spoilt = [ndimage.shift(labels, (14, -9), order=0) for labels in predictions]
    (fault,) = faults(references, spoilt)
    assert "moved by -14 rows and +9 columns" in fault.evidence
    assert f"from {fault.f1_as_is:.2f} to {fault.f1_if_cured:.2f}" in fault.evidence


def test_ids_that_began_again_at_zero_are_an_overflow(real_data: Path) -> None:
    references = [
        tifffile.imread(path) for path in sorted((real_data / "axon_sem" / "labels").glob("*.tif"))
    ]
    many = [labels for labels in references if len(np.unique(labels)) > 300]
    assert many
    (fault,) = faults(references, [labels.astype(np.uint8) for labels in references])
    assert fault.cause == "label_overflow"
    assert fault.n_images <= len(many)


HONEST: dict[str, Callable[[Labels, np.random.Generator], Labels]] = {
    "decent": lambda x, rng: x,
    "blind to most cells": lambda x, rng: np.where(
        np.isin(x, rng.permutation(np.unique(x))[: int(0.7 * x.max())]), 0, x
    ),
    "cells too small": lambda x, rng: np.where(ndimage.binary_erosion(x > 0, iterations=4), x, 0),
    "cells too large": lambda x, rng: expand_labels(x, 6),
    "neighbours merged": lambda x, rng: pieces(ndimage.binary_dilation(x > 0, iterations=3)),
    "shattered": lambda x, rng: pieces(np.where(rng.random(x.shape) < 0.2, 0, x)),
    "squares anywhere": lambda x, rng: np.kron(
        rng.integers(0, 50, [side // 16 for side in x.shape]), np.ones((16, 16), int)
    ),
    "each image moved elsewhere": lambda x, rng: np.roll(x, rng.integers(10, 200, 2), (0, 1)),
}


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_model_is_left_alone_however_weak(name: str, real_data: Path) -> None:
    rng = np.random.default_rng(1)
    pairs = [(reference, HONEST[name](found, rng)) for reference, found in _real(real_data)]
    same_size = [(a, b) for a, b in pairs if a.shape == b.shape]
    assert faults(*zip(*same_size, strict=True)) == ()


def test_published_methods_on_tissue_are_left_alone_one_image_though_it_is(real_data: Path) -> None:
    folder = real_data / "codex_tissue"
    (reference,) = (tifffile.imread(path) for path in (folder / "labels").glob("*.tif"))
    found = [tifffile.imread(path) for path in (folder / "predictions").glob("*/*.tif")]
    assert len(found) == 11
    for predicted in found:
        assert faults([reference], [predicted]) == ()


def disc(row: float, column: float, radius: float = 7, size_px: int = 64) -> Labels:
    rows, columns = np.ogrid[:size_px, :size_px]
    return ((rows - row) ** 2 + (columns - column) ** 2 <= radius**2).astype(np.int32)


def test_one_round_cell_an_image_that_was_found_elsewhere_is_no_mirror_image() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(10, 54, (12, 2, 2))
    found = faults([disc(*p[0]) for p in places], [disc(*p[1]) for p in places])
    assert found == ()


def test_a_few_cells_that_lie_symmetrically_are_no_evidence() -> None:
    # Mirrored, every prediction fits; but two images with a cell each may do so by chance.
    references, predictions = [disc(20, 12), disc(40, 50)], [disc(20, 51), disc(40, 13)]
    assert faults(references, predictions) == ()


def test_images_without_cells_say_nothing() -> None:
    nothing = np.zeros((32, 32), np.int32)
    assert faults([nothing] * 9, [disc(10, 10, size_px=32)] * 9) == ()
    assert faults([nothing] * 9, [nothing] * 9) == ()


def test_two_faults_of_different_images_are_both_told(real_data: Path) -> None:
    references, predictions = zip(*_real(real_data), strict=True)
    n_half = 5
    spoilt = [np.fliplr(x) for x in predictions[:-n_half]]
    spoilt += [(x > 0).astype(np.uint8) for x in predictions[-n_half:]]
    assert {fault.cause for fault in faults(references, spoilt)} == {"mirrored", "foreground_only"}


@pytest.mark.parametrize(("cause", "named"), [("label_overflow", True), ("mirrored", False)])
def test_what_shows_in_few_predictions_themselves_is_told_of_a_weak_model_too(
    cause: Cause, named: bool
) -> None:
    trial = Trial(cause, "", (300.0,), f1=0.9, tp=270)
    dense = [PredictionCheck(300, 255, 0.1, 30, (trial,))] * 5
    weak = [PredictionCheck(20, 9, 0.2, 3)] * 20
    assert [fault.cause for fault in prediction_faults(dense + weak)] == [cause] * named


def test_a_model_far_below_the_baseline_is_told_and_one_near_it_is_not(real_data: Path) -> None:
    references, predictions = zip(*_real(real_data), strict=True)
    rng = np.random.default_rng(2)
    blind = [HONEST["blind to most cells"](x, rng) for x in predictions]
    checks = [check_prediction(a, b) for a, b in zip(references, blind, strict=True)]
    strong = [check_prediction(a, b).f1 for a, b in zip(references, predictions, strict=True)]
    (fault,) = prediction_faults(checks, baseline_f1=strong)
    assert fault.cause == "below_baseline"
    assert fault.f1_if_cured == pytest.approx(np.mean(strong))
    near = [check.f1 + 0.1 for check in checks]
    assert prediction_faults(checks, baseline_f1=near) == ()
