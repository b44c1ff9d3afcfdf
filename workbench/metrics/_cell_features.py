"""What may decide whether a cell is found: its shape, its surroundings, how it stands out."""

from typing import Final

import numpy as np

from workbench.metrics._borders import border_pixels, cell_ranks
from workbench.metrics._cell_gaps import disc_offsets, neighbour_gaps, ring_means
from workbench.metrics._cells import Columns
from workbench.metrics._intensities import check_same_size, grey_image, intensities
from workbench.metrics._morphology import cell_morphology
from workbench.metrics._overlap import FloatArray
from workbench.schema import ImageArray, LabelImage

CELL_FEATURES: Final = (
    "elongation", "solidity", "touching_fraction", "neighbour_gap_px", "neighbour_distance_px",
    "local_density_mpx", "intensity_mean", "intensity_sd", "contrast",
)  # fmt: skip
"""Names of the features of a cell, in the order of their columns; its area is elsewhere."""

RING_PX: Final = 5
"""So far around a cell reaches the background that it is compared with."""
SURROUNDINGS_PX: Final = 50
"""So far along rows and columns reach the surroundings in which other cells are counted."""


def cell_features(image: ImageArray, labels: LabelImage) -> Columns:
    """Measure on every cell of one image what may make it hard to find.

    Parameters
    ----------
    image
        Shape (height, width, channels), any integer or floating type; brightness is the mean over
        its channels.
    labels
        Label image, shape (height, width); 0 is background.

    Returns
    -------
    dict of str to ndarray
        One entry per cell, by id; empty arrays without cells. ``cell_id``, then
        :data:`CELL_FEATURES`: ``elongation``, ``solidity``, ``touching_fraction`` and
        ``neighbour_distance_px`` are those of :func:`cell_morphology`, ``intensity_mean`` and
        ``intensity_sd`` those of :func:`cell_intensity`. Further

        ``neighbour_gap_px``
            From outline to outline of the closest other cell: 0 where they share an edge, n where
            n pixels lie between them along a row, 0.41 where they share a corner alone. NaN for a
            cell alone.
        ``local_density_mpx``
            Other cells whose centroids lie up to 50 px away along rows and columns, per million
            pixels of that square inside the image.
        ``contrast``
            Mean of the cell minus mean of the background up to 5 px around it, over the standard
            deviation of the whole image; negative for a cell darker than its surroundings. NaN for
            a cell without background around it, and in an image of one value.

    Raises
    ------
    InputError
        If the shapes do not fit together, the labels are not integers or negative, or the image
        has values that are no numbers.

    Examples
    --------
    >>> labels = np.array([[1, 1, 0, 0, 0, 2, 2]])
    >>> image = np.where(labels, 90, 10)[..., None].astype(np.uint8)
    >>> cells = cell_features(image, labels)
    >>> cells["neighbour_gap_px"], cells["contrast"].round(2)
    (array([3., 3.]), array([2.02, 2.02]))
    """
    grey = grey_image(image)
    check_same_size(grey, labels)
    cells = cell_morphology(labels)
    ids = cells["cell_id"]
    ranks = cell_ranks(labels, ids)
    borders = border_pixels(ranks, len(ids))
    gaps = neighbour_gaps(ranks, borders)
    means, deviations = intensities(grey, ranks, len(ids))
    around = ring_means(grey, ranks, borders, disc_offsets(RING_PX))
    spread = float(grey.std(dtype=np.float64))
    return {
        "cell_id": ids,
        "elongation": cells["elongation"],
        "solidity": cells["solidity"],
        "touching_fraction": cells["touching_fraction"],
        "neighbour_gap_px": np.where(np.isfinite(gaps), gaps, np.nan),
        "neighbour_distance_px": cells["neighbour_distance_px"],
        "local_density_mpx": _local_densities(
            np.column_stack([cells["row_px"], cells["column_px"]]), labels.shape
        ),
        "intensity_mean": means,
        "intensity_sd": deviations,
        "contrast": (means - around) / (spread if spread > 0 else np.nan),
    }


def _local_densities(centroids: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return other centroids in the square around each, per million of its pixels in the image."""
    if not len(centroids):
        return np.empty(0)
    from scipy.spatial import cKDTree

    close = cKDTree(centroids).query_ball_point(
        centroids, SURROUNDINGS_PX, p=np.inf, return_length=True
    )
    # Pixels have their centres at whole numbers and reach half a pixel beyond.
    low = np.maximum(centroids - SURROUNDINGS_PX - 0.5, -0.5)
    high = np.minimum(centroids + SURROUNDINGS_PX + 0.5, np.array(shape) - 0.5)
    densities: FloatArray = 1e6 * (close - 1) / (high - low).prod(axis=1)
    return densities
