"""Windows: an image cut into overlapping squares, and put together again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.schema import InputError


@dataclass(frozen=True, eq=False)
class Window:
    """A piece of an image that knows its place.

    Attributes
    ----------
    row_px, column_px
        Where its first pixel lies in the image.
    pixels
        Shape (height, width) or (height, width, channels).
    """

    row_px: int
    column_px: int
    pixels: npt.NDArray[Any]

    @property
    def place(self) -> tuple[slice, slice]:
        """Rows and columns of the image that the window covers."""
        height, width = self.pixels.shape[:2]
        return (
            slice(self.row_px, self.row_px + height),
            slice(self.column_px, self.column_px + width),
        )

    def crop(self, rows: slice, columns: slice) -> npt.NDArray[Any]:
        """Return the pixels at some rows and columns of the image, all within the window."""
        return self.pixels[
            rows.start - self.row_px : rows.stop - self.row_px,
            columns.start - self.column_px : columns.stop - self.column_px,
        ]


def cut_windows(
    image: npt.NDArray[Any], *, size_px: int = 256, step_px: int = 192
) -> tuple[Window, ...]:
    """Cut an image or its labels into overlapping square windows.

    They follow each other from left to right and from top to bottom, a step apart. The last of a
    row and of a column is moved back so that it ends with the image, and so overlaps more. An
    image smaller than a window is kept whole along that side, not padded.

    Parameters
    ----------
    image
        Shape (height, width) or (height, width, channels).
    size_px
        Side of the windows.
    step_px
        From one window to the next, at most ``size_px``. The defaults are those of [1]_.

    Returns
    -------
    tuple of Window
        Views of the image, not copies; together they cover every pixel.

    Raises
    ------
    InputError
        If the step is not 1 to ``size_px``, since pixels would be left out.

    References
    ----------
    .. [1] Y. Wang et al., A systematic evaluation of computational methods for cell segmentation,
       Brief. Bioinform., 2024.

    Examples
    --------
    >>> [(w.row_px, w.column_px) for w in cut_windows(np.zeros((256, 520)))]
    [(0, 0), (0, 192), (0, 264)]
    """
    if not 1 <= step_px <= size_px:
        msg = f"step_px must lie between 1 and the window's {size_px} pixels, got {step_px}."
        raise InputError(msg)
    height, width = image.shape[:2]
    return tuple(
        Window(row, column, image[row : row + size_px, column : column + size_px])
        for row in _starts(height, size_px, step_px)
        for column in _starts(width, size_px, step_px)
    )


def join_windows(windows: Sequence[Window]) -> npt.NDArray[Any]:
    """Put windows together to the image that they cover.

    Parameters
    ----------
    windows
        At least one, of one type, with the same number of channels; together without a gap.

    Returns
    -------
    ndarray
        Of the windows' type. Floats are averaged where windows overlap, and equal ones come back
        exactly (up to 32 bits). Whole numbers are taken over: where they are labels, cells keep
        their ids.

    Raises
    ------
    InputError
        If whole numbers differ where windows overlap (an average of cell ids means nothing), or
        windows leave a gap.

    Examples
    --------
    >>> image = np.arange(63, dtype=np.float32).reshape(7, 9)
    >>> bool((join_windows(cut_windows(image, size_px=4, step_px=3)) == image).all())
    True
    """
    count = np.zeros(covered_size(windows), np.int64)
    first = windows[0].pixels
    for window in windows:
        count[window.place] += 1
    refuse_gaps(count)
    joined = np.zeros(count.shape + first.shape[2:], first.dtype)
    if first.dtype.kind != "f":
        for window in windows:
            joined[window.place] = window.pixels
        differing = sum(not np.array_equal(joined[w.place], w.pixels) for w in windows)
        if differing:
            msg = (
                f"{differing} of {len(windows)} windows of whole numbers differ from others where "
                "they overlap; labels that each window numbers on its own are put together by "
                "join_label_windows, images as floats."
            )
            raise InputError(msg)
        return joined
    total = np.zeros(joined.shape, np.float64)
    for window in windows:
        total[window.place] += window.pixels
    return (total / count.reshape(count.shape + (1,) * (total.ndim - 2))).astype(first.dtype)


def _starts(length: int, size_px: int, step_px: int) -> list[int]:
    last = max(0, length - size_px)
    return [*range(0, last, step_px), last]


def covered_size(windows: Sequence[Window]) -> tuple[int, int]:
    """Return height and width of the image that windows come from."""
    if not windows:
        msg = "there are no windows to put together."
        raise InputError(msg)
    rows, columns = zip(*(window.place for window in windows), strict=True)
    return max(part.stop for part in rows), max(part.stop for part in columns)


def refuse_gaps(count: npt.NDArray[np.int64]) -> None:
    """Raise an error if a pixel is in no window."""
    if not count.all():
        row, column = np.argwhere(count == 0)[0]
        msg = (
            f"windows leave {np.count_nonzero(count == 0)} pixels uncovered, the first at row "
            f"{row}, column {column}; give all windows of the image."
        )
        raise InputError(msg)
