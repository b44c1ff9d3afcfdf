"""Label images to measure on: synthetic cells, and a prediction of them as a fair model gives."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from workbench.datasets import SyntheticConfig, synthetic_samples

Labels = npt.NDArray[np.uint32]

SIZE_PX = 512
N_CELLS = 170
DISPLACEMENT_PX = 2.0
SMOOTHNESS_PX = 16
SHARE_LOST = 0.05
SHARE_SPLIT = 0.05


def synthetic_pair(seed: int = 0) -> tuple[Labels, Labels]:
    """Return a reference of 170 cells on 512 x 512 pixels, and a prediction of them."""
    samples = synthetic_samples(SyntheticConfig(seed=seed, n_images=12, size_px=SIZE_PX))
    dense = next(
        np.asarray(sample.reference)
        for sample in samples
        if sample.metadata["modality"] == "phase_contrast" and sample.metadata["density"] == "dense"
    )
    kept = np.random.default_rng(seed).permutation(dense.max())[:N_CELLS] + 1
    reference = renumbered(np.where(np.isin(dense, kept), dense, 0))
    return reference, disturbed(reference, np.random.default_rng(seed))


def disturbed(reference: Labels, rng: np.random.Generator) -> Labels:
    """Return the cells with displaced outlines, one in twenty lost and one in twenty split."""
    shift = ndimage.gaussian_filter(
        rng.normal(size=(2, *reference.shape)), (0, *[SMOOTHNESS_PX] * 2)
    )
    places = np.indices(reference.shape) + (DISPLACEMENT_PX / shift.std() * shift).round()
    rows, columns = (
        places[axis].clip(0, size - 1).astype(int) for axis, size in enumerate(reference.shape)
    )
    labels = reference[rows, columns]
    n_cells = int(reference.max())
    fate = rng.random(n_cells + 1)
    centres = ndimage.center_of_mass(np.ones_like(reference), reference, range(n_cells + 1))
    middle = np.array(centres)[:, 1]
    right_half = np.arange(labels.shape[1]) > middle[labels]
    split = right_half & (fate[labels] > 1 - SHARE_SPLIT) & (labels > 0)
    return renumbered(np.where(fate[labels] < SHARE_LOST, 0, labels + n_cells * split))


def renumbered(labels: npt.NDArray[np.integer]) -> Labels:
    """Return the labels numbered from 1 without gaps, as some peers want them."""
    ids, rank = np.unique(labels, return_inverse=True)
    return (rank.reshape(labels.shape) + (ids[0] != 0)).astype(np.uint32)


def tiled(labels: Labels, size_px: int) -> Labels:
    """Return a square of this size, filled with copies whose cells are numbered on."""
    result = np.zeros((size_px, size_px), np.uint32)
    step, n_cells = len(labels), labels.max()
    for place, (top, left) in enumerate(np.ndindex(*[-(-size_px // step)] * 2)):
        target = result[top * step : (top + 1) * step, left * step : (left + 1) * step]
        piece = labels[: target.shape[0], : target.shape[1]]
        target[...] = np.where(piece, piece + place * n_cells, 0)
    return result
