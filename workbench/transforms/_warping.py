"""One resampling of an image and its labels through any map of pixels."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage
from workbench.transforms._compiled import compiled

Labels = npt.NDArray[np.int32]


def warp_view(
    image: FloatImage,
    labels: Labels,
    *,
    size_px: int,
    centre: tuple[float, float],
    matrix: npt.NDArray[np.float64],
    bend: npt.NDArray[np.float32] | None = None,
) -> tuple[FloatImage, Labels]:
    """Look at an image through a square view that is turned, magnified and bent.

    Pixel p of the view shows the image at ``centre + matrix @ (p - (size_px - 1) / 2) + bend[p]``,
    between pixels by bilinear weights; labels are those of the nearest pixel. Beyond its edge the
    image is mirrored.

    Parameters
    ----------
    image, labels
        Shape (height, width, channels) float32 and (height, width) int32.
    size_px
        Height and width of the view.
    centre
        Where in the image (row, column) the centre of the view lies.
    matrix
        Shape (2, 2): image pixels (row, column) per step of one view pixel.
    bend
        Shape (2, size_px, size_px), in image pixels: rows, columns; None for a flat view.

    Returns
    -------
    tuple of ndarray
        Shape (size_px, size_px, channels) float32 and (size_px, size_px) int32.
    """
    if bend is None:
        bend = np.zeros((2, 0, 0), np.float32)
    view: FloatImage
    view, view_labels = _warped(
        np.ascontiguousarray(image, np.float32),
        np.ascontiguousarray(labels, np.int32),
        size_px,
        np.asarray(centre, np.float64),
        np.ascontiguousarray(matrix, np.float64),
        bend,
    )
    return view, view_labels


def random_bend(
    size_px: int, *, spacing_px: int, sd_px: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return smooth random displacements: a cubic B-spline through a grid of random arrows.

    Parameters
    ----------
    size_px
        Height and width of the field.
    spacing_px
        Between grid points.
    sd_px
        Standard deviation of the arrows, each axis; that of the field is half of it.
    rng
        Source of the arrows.

    Returns
    -------
    ndarray of float32
        Shape (2, size_px, size_px).
    """
    weights = _spline_weights(size_px, spacing_px)
    points = weights.shape[1]
    arrows = np.float32(sd_px) * rng.standard_normal((2, points, points), np.float32)
    bend: npt.NDArray[np.float32] = weights @ arrows @ weights.T
    return bend


@lru_cache(maxsize=8)
def _spline_weights(size_px: int, spacing_px: int) -> npt.NDArray[np.float32]:
    """Return the share of each grid point, shape (size_px, points), in each pixel of a line."""
    from scipy.interpolate import BSpline

    inner = -(-size_px // spacing_px)
    knots = np.arange(-3, inner + 4, dtype=float) * spacing_px
    weights = BSpline.design_matrix(np.arange(size_px) + 0.5, knots, 3)
    shares: npt.NDArray[np.float32] = weights.toarray().astype(np.float32)
    return shares


@compiled
def _mirrored(place: int, length: int) -> int:
    if 0 <= place < length:
        return place
    place %= 2 * length
    return place if place < length else 2 * length - 1 - place


@compiled
def _warped(  # noqa: PLR0917 - compiled functions take no keyword-only arguments
    image: FloatImage,
    labels: Labels,
    size_px: int,
    centre: npt.NDArray[np.float64],
    matrix: npt.NDArray[np.float64],
    bend: npt.NDArray[np.float32],
) -> tuple[FloatImage, Labels]:
    height, width, channels = image.shape
    view = np.empty((size_px, size_px, channels), np.float32)
    view_labels = np.empty((size_px, size_px), np.int32)
    middle = (size_px - 1) / 2
    for i in range(size_px):
        for j in range(size_px):
            row = centre[0] + matrix[0, 0] * (i - middle) + matrix[0, 1] * (j - middle)
            column = centre[1] + matrix[1, 0] * (i - middle) + matrix[1, 1] * (j - middle)
            if bend.size:
                row += bend[0, i, j]
                column += bend[1, i, j]
            top, left = int(np.floor(row)), int(np.floor(column))
            below, right = np.float32(row - top), np.float32(column - left)
            above, leftward = np.float32(1) - below, np.float32(1) - right
            r0, r1 = _mirrored(top, height), _mirrored(top + 1, height)
            c0, c1 = _mirrored(left, width), _mirrored(left + 1, width)
            for channel in range(channels):
                upper = leftward * image[r0, c0, channel] + right * image[r0, c1, channel]
                lower = leftward * image[r1, c0, channel] + right * image[r1, c1, channel]
                view[i, j, channel] = above * upper + below * lower
            near_row = r1 if below >= np.float32(0.5) else r0
            near_column = c1 if right >= np.float32(0.5) else c0
            view_labels[i, j] = labels[near_row, near_column]
    return view, view_labels
