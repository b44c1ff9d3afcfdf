"""The shape of every cell of one label image, and the cells beside it."""

from typing import Final

import numpy as np

from workbench.metrics._borders import cell_ranks
from workbench.metrics._cells import Columns, cell_columns
from workbench.metrics._neighbours import nearest_centroid_distances, touching_fractions
from workbench.metrics._outlines import trace_outlines
from workbench.metrics._overlap import FloatArray, IntArray, label_overlap
from workbench.schema import InputError, LabelImage

PLACE_COLUMNS: Final = (
    "cell_id", "area_px", "row_px", "column_px", "top_px", "left_px", "bottom_px", "right_px",
    "touches_border",
)  # fmt: skip


def cell_morphology(labels: LabelImage) -> Columns:
    """Describe the shape and the surroundings of every cell of one label image.

    Parameters
    ----------
    labels
        Label image, shape (height, width), any integer type; 0 is background. Gaps in the
        numbering, holes and cells in several pieces are allowed.

    Returns
    -------
    dict of str to ndarray
        One entry per cell, by id; empty arrays without cells. First ``cell_id``, ``area_px``,
        ``row_px``, ``column_px``, ``top_px``, ``left_px``, ``bottom_px``, ``right_px`` and
        ``touches_border`` as in :data:`workbench.schema.CELL_COLUMNS`, then

        ``n_pieces``
            Parts that do not touch each other, not even at a corner.
        ``perimeter_px``
            Length of the outline from pixel centre to pixel centre, 1 along rows and columns and
            the square root of 2 diagonally; 0 for a single pixel. It depends on direction: longer
            than a straight line by 8 % at worst, 5 % on average.
        ``convexity``
            Perimeter of the convex hull over perimeter of the cell [1]_, 0 to 1; 1 for every cell
            whose hull covers no pixel of others, however its outline is stepped. NaN if all pieces
            are single pixels.
        ``elongation``
            Smaller over larger eigenvalue of the covariance of the outline's points, as [1]_
            defines it. Beware of the name: 1 is round and 0 is a line. For an ellipse, it lies
            between the ratio of its axes and the square of that. NaN for a single pixel.
        ``solidity``
            Area over pixels in the convex hull, above 0 to 1.
        ``touching_fraction``
            Share of the edges between a pixel of the cell and a 4-neighbour outside it that face
            another cell; the image's border does not count. NaN for a cell without such edges.
        ``neighbour_distance_px``
            From the cell's centroid to the nearest other centroid. NaN for a cell alone.

    Raises
    ------
    InputError
        If the labels are not two-dimensional, not integers, or negative.

    Notes
    -----
    The outline is that of OpenCV's ``findContours`` without approximation: pixels of the cell, each
    a neighbour of the next by side or corner. Holes have none here. Of a cell in several pieces,
    the perimeters of cell and hull are summed over the pieces, elongation is of the outline points
    of all, and solidity of one hull around them all, so scattered pieces lower solidity but not
    convexity. ``perimeter_px`` is OpenCV's ``arcLength``, ``solidity`` is scikit-image's.

    With ``perimeter_px`` in the denominator, a disc would have convexity 0.95, for its outline
    goes in steps where the hull goes straight. Convexity therefore divides by the minimum-perimeter
    polygon [2]_: the shortest closed line that keeps the centres of the cell's pixels inside and
    those of all others outside. For a convex cell that is its hull.

    References
    ----------
    .. [1] Y. Wang et al., "A systematic evaluation of computational methods for cell
       segmentation", Brief. Bioinform., 2024.
    .. [2] J. Sklansky, R. L. Chazin and B. J. Hansen, IEEE Trans. Comput. 21:260, 1972.

    Examples
    --------
    >>> labels = np.array([[3, 3, 3, 0], [3, 0, 0, 0], [3, 3, 3, 0], [0, 0, 8, 8]])
    >>> cells = cell_morphology(labels)
    >>> cells["cell_id"], cells["perimeter_px"].round(2), cells["convexity"].round(2)
    (array([3, 8]), array([10.83,  2.  ]), array([0.91, 1.  ]))
    >>> cells["solidity"].round(2), cells["touching_fraction"].round(2)
    (array([0.78, 1.  ]), array([0.1 , 0.33]))
    """
    cells = label_places(labels)
    ids = cells["cell_id"]
    ranks = cell_ranks(labels, ids)
    boxes = np.column_stack(
        [cells[side] for side in ("top_px", "left_px", "bottom_px", "right_px")]
    )
    outlines = trace_outlines(ranks, boxes)
    centroids = np.column_stack([cells["row_px"], cells["column_px"]])
    return cells | {
        "n_pieces": outlines.n_pieces,
        "perimeter_px": outlines.chain_px,
        "convexity": np.minimum(_ratio(outlines.hull_px, outlines.tight_px), 1),  # but for rounding
        "elongation": _eigenvalue_ratio(outlines.moments),
        "solidity": cells["area_px"] / outlines.hull_pixels,
        "touching_fraction": touching_fractions(ranks, len(ids)),
        "neighbour_distance_px": nearest_centroid_distances(centroids),
    }


def label_places(labels: LabelImage) -> Columns:
    """Return where each cell of one label image lies, by id.

    Raises :class:`~workbench.schema.InputError` if these are no two-dimensional labels.
    """
    if labels.ndim != 2:
        msg = (
            f"cells are described on labels of shape (height, width), got {labels.shape}; give the "
            "planes of a volume one by one."
        )
        raise InputError(msg)
    if labels.dtype.kind not in "bui":
        msg = f"labels must be integers, got {labels.dtype}; round and convert them first."
        raise InputError(msg)
    if labels.dtype.kind == "i" and (smallest := labels.min(initial=0)) < 0:
        msg = f"labels must not be negative, got {smallest}; number cells from 1."
        raise InputError(msg)
    nothing = np.zeros(labels.shape, np.uint8)
    columns = cell_columns(label_overlap(labels, nothing))
    return {name: columns[name] for name in PLACE_COLUMNS}


def _ratio(values: FloatArray, totals: FloatArray) -> FloatArray:
    """Return the quotients, NaN where a total is 0."""
    quotients = np.full(len(values), np.nan)
    np.divide(values, totals, out=quotients, where=totals > 0)
    return quotients


def _eigenvalue_ratio(moments: IntArray) -> FloatArray:
    """Return smaller over larger eigenvalue of the covariance of points, from their sums."""
    n_points, rows, columns, rows_2, columns_2, products = moments.T.astype(np.float64)
    # All times the squared number of points, which leaves the ratio as it is.
    along_rows = n_points * rows_2 - rows**2
    along_columns = n_points * columns_2 - columns**2
    across = n_points * products - rows * columns
    larger = (along_rows + along_columns + np.hypot(along_rows - along_columns, 2 * across)) / 2
    determinant = np.maximum(along_rows * along_columns - across**2, 0)
    return _ratio(determinant, larger**2)
