"""Forms of label images to labels: masks, colours, floats, runs of pixels, polygons."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from workbench.datasets._files import MAX_LABEL
from workbench.schema import InputError, LabelImage

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

MAX_COLOUR_CHANNELS: Final = 4
MASK_VALUES: Final = (1, 255, 65_535, MAX_LABEL)
"""What programs write for "cell" into binary masks."""

MIN_COLOUR_AREA_PX: Final = 4
"""Smaller patches of a colour of their own are the rims of smoothed edges, or noise."""

FULL_RANGE_SHARE: Final = 0.75
"""A type whose largest number is used, and this share of all numbers, may have been too small."""

CLASS_MAP_PIECES: Final = 10
"""With more pieces than this per label, labels are rather classes than cells."""

POLYGON_SUBPIXELS: Final = 5
"""COCO traces polygons on a grid this much finer than pixels."""


@dataclass(frozen=True)
class LabelNote:
    """What was converted, left out or looks suspicious in a label image.

    Attributes
    ----------
    code
        "binary_mask", "colours", "grey_colours", "alpha", "float" (converted);
        "overlap", "no_pixels", "crowd", "confidences" (lost or left out); "pieces", "overflow"
        (suspicious, unchanged).
    text
        The same in words, with numbers.
    """

    code: str
    text: str


def recognise_labels(
    array: Array, *, name: str, check_pieces: bool = True
) -> tuple[LabelImage, tuple[LabelNote, ...]]:
    """Turn what a label file holds into labels, if its meaning is certain.

    Parameters
    ----------
    array
        Shape (height, width), (planes, height, width), or (height, width, channels) with at most
        4 channels, of which the last of 2 or 4 is taken for transparency. Axes of length 1 before
        or behind are dropped.
    name
        What errors call it: the file's path.
    check_pieces
        Whether to note cells that lie in several pieces.

    Returns
    -------
    labels : ndarray of uint32
        Shape (height, width), or (planes, height, width). No cells: all 0.
    notes : tuple of LabelNote
        What was done and what looks suspicious; empty for an ordinary label image.

    Raises
    ------
    InputError
        If the numbers are negative, fractional, not finite or above 4,294,967,295; if colours or
        transparency can't be labels for certain; or the shape is another.

    Notes
    -----
    - Two values, 0 and one of 1, 255, 65535, 4294967295 or True, in several components: a binary
      mask. Each component becomes a cell, pixels that touch at a corner being connected, as in the
      evaluation of [1]_. In one component: one cell, kept. 0 and any other value: one cell,
      perhaps in pieces, kept.
    - Equal colour channels: grey labels. One colour on black: a binary mask. Several colours:
      labels, if there is black between them, each lies in one piece and covers at least 4 pixels;
      else colours repeat from cell to cell, or edges are smoothed, and the image is refused.
    - Labels in several pieces stay: another cell may have cut them.

    References
    ----------
    .. [1] CellBinDB, doi:10.1101/2024.11.20.619750, 2024 (code: STOmics/cs-benchmark).

    Examples
    --------
    >>> labels, notes = recognise_labels(np.array([[255, 0, 255]], np.uint8), name="a.png")
    >>> labels.tolist(), notes[0].code
    ([[1, 0, 2]], 'binary_mask')
    """
    values = _drop_unit_axes(array)
    if values.dtype.kind not in "buif" or values.ndim not in (2, 3) or 0 in values.shape:
        msg = (
            f"{name}: expected numbers of shape (height, width), got {array.dtype} of shape "
            f"{array.shape}; save one label image per file."
        )
        raise InputError(msg)
    notes: list[LabelNote] = []
    if values.ndim == 3 and values.shape[2] <= MAX_COLOUR_CHANNELS:
        values = _colours_to_values(values, name, notes)
    top = _refuse_impossible_values(values, name)
    if values.dtype.kind == "f":
        notes.append(LabelNote("float", f"whole numbers stored as {values.dtype} became integers"))
    if values.dtype.kind == "b" or (top in MASK_VALUES and _is_two_valued(values, top)):
        return _split_mask(values, notes), tuple(notes)
    labels = values.astype(np.uint32)
    notes.extend(_overflow_notes(values, top))
    if check_pieces:
        notes.extend(piece_notes(labels))
    return labels, tuple(notes)


def piece_notes(labels: LabelImage) -> tuple[LabelNote, ...]:
    """Return a note if cells lie in several pieces; pixels touching at a corner are connected.

    Parameters
    ----------
    labels
        Shape (height, width) or (planes, height, width).

    Returns
    -------
    tuple of LabelNote
        Empty if every cell is in one piece.

    Examples
    --------
    >>> piece_notes(np.array([[1, 2, 1]]))[0].text
    '1 of 2 cells lie in several pieces (3 pieces in all); left as they are'
    """
    owners = _piece_owners(labels) if labels.ndim == 2 else _piece_owners_volume(labels)
    pieces = np.unique(owners, return_counts=True)[1]
    torn = np.count_nonzero(pieces > 1)
    if not torn:
        return ()
    text = (
        f"{torn} of {pieces.size} cells lie in several pieces ({owners.size} pieces in all); left "
        "as they are"
    )
    if owners.size > CLASS_MAP_PIECES * pieces.size:
        text += "; are these classes of pixels rather than cells?"
    return (LabelNote("pieces", text),)


def coco_runs(
    counts: str | Sequence[int], shape: tuple[int, int], *, name: str = "RLE"
) -> IntArray:
    """Decode the run lengths of a COCO mask.

    Parameters
    ----------
    counts
        Lengths of runs of 0 and 1 in turn, 0 first, down the columns; as a list, or packed into a
        string (6 bits a character, of which 5 carry the number; from the third on, differences to
        the number before last).
    shape
        (height, width) of the mask.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        Shape (n, 2): first and one past the last pixel of each run of 1, counted down the columns.

    Raises
    ------
    InputError
        If a length is negative or the lengths don't add up to the mask's pixels.

    Examples
    --------
    >>> coco_runs([1, 2, 1], (2, 2)).tolist()
    [[1, 3]]
    """
    lengths = _unpack_counts(counts, name) if isinstance(counts, str) else _whole(counts, name)
    if (lengths < 0).any() or lengths.sum() != shape[0] * shape[1]:
        msg = (
            f"{name}: the run lengths cover {lengths.sum():,} pixels, but the image of "
            f"{shape[0]} x {shape[1]} has {shape[0] * shape[1]:,}; check the image's height and "
            "width, or export the masks again."
        )
        raise InputError(msg)
    edges = np.cumsum(lengths)
    return np.column_stack([edges[0 : edges.size // 2 * 2 : 2], edges[1::2]])


def kaggle_runs(text: str, shape: tuple[int, int], *, name: str = "EncodedPixels") -> IntArray:
    """Decode a mask of the Data Science Bowl 2018: pairs of first pixel and length.

    Parameters
    ----------
    text
        Numbers parted by blanks; pixels count from 1 down the columns. Empty: no pixels.
    shape
        (height, width) of the mask.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        As in :func:`coco_runs`.

    Raises
    ------
    InputError
        If the numbers don't come in pairs or a run leaves the image.

    Examples
    --------
    >>> kaggle_runs("2 2", (2, 2)).tolist()
    [[1, 3]]
    """
    numbers = _whole(text.split(), name)
    if numbers.size % 2:
        msg = f"{name}: expected pairs of first pixel and length, got {numbers.size} numbers."
        raise InputError(msg)
    first, length = numbers[0::2] - 1, numbers[1::2]
    n_pixels = shape[0] * shape[1]
    if (first < 0).any() or (length < 0).any() or (first + length > n_pixels).any():
        msg = (
            f"{name}: a run leaves the image: pixels 1 to {n_pixels:,} exist in {shape[0]} x "
            f"{shape[1]}, got {first.min() + 1:,} to {(first + length).max():,}; was it made for "
            "an image of another size?"
        )
        raise InputError(msg)
    return np.column_stack([first, first + length])


def polygon_runs(
    coordinates: Sequence[float], shape: tuple[int, int], *, name: str = "polygon"
) -> IntArray:
    """Fill a polygon, the same pixels as the COCO tools do.

    Parameters
    ----------
    coordinates
        x and y of the corners in turn, in pixels, (0, 0) being the image's outer corner; at least
        three corners. What lies outside the image is cut off.
    shape
        (height, width) of the image.
    name
        What errors call it.

    Returns
    -------
    ndarray of int64
        As in :func:`coco_runs`; empty if the polygon holds no pixel centre.

    Raises
    ------
    InputError
        If there are fewer than three corners, or numbers that are no coordinates.

    Notes
    -----
    The outline is traced on a grid five times finer than pixels. Wherever it passes the centre
    line of a column, the pixels below change sides; an even number of changes is outside.

    References
    ----------
    .. [1] T.-Y. Lin et al., Microsoft COCO, ECCV 2014 (code: cocodataset/cocoapi).

    Examples
    --------
    >>> polygon_runs([0, 0, 2, 0, 2, 1, 0, 1], (2, 2)).tolist()
    [[0, 1], [2, 3]]
    """
    corners = _corners(coordinates, name)
    height, width = shape
    column, row = _trace_outline(corners)
    moves = np.flatnonzero(np.diff(column))
    # The finer column that is left or entered from the left, whichever way the outline runs.
    passed = np.where(column[moves + 1] < column[moves], column[moves + 1], column[moves + 1] - 1)
    centre = POLYGON_SUBPIXELS // 2
    x = (passed - centre) // POLYGON_SUBPIXELS
    inside = ((passed - centre) % POLYGON_SUBPIXELS == 0) & (x >= 0) & (x < width)
    upper = np.minimum(row[moves], row[moves + 1])
    y = np.clip(-((centre - upper) // POLYGON_SUBPIXELS), 0, height)
    changes = np.sort((x * height + y)[inside])
    if changes.size % 2:
        changes = np.append(changes, height * width)
    runs = changes.reshape(-1, 2)
    return runs[runs[:, 0] < runs[:, 1]]


def run_pixels(runs: IntArray) -> IntArray:
    """Return every pixel of runs, counted down the columns.

    Examples
    --------
    >>> run_pixels(np.array([[1, 3], [7, 8]])).tolist()
    [1, 2, 7]
    """
    lengths = runs[:, 1] - runs[:, 0]
    offsets = np.cumsum(lengths) - lengths
    pixels: IntArray = np.arange(lengths.sum()) + np.repeat(runs[:, 0] - offsets, lengths)
    return pixels


def paint_cells(
    cells: Iterable[tuple[int, IntArray]], shape: tuple[int, int]
) -> tuple[LabelImage, tuple[LabelNote, ...]]:
    """Paint cells into one label image; a pixel that several claim stays with the first.

    Parameters
    ----------
    cells
        Id and pixels (counted down the columns) of each cell, the first in rank first.
    shape
        (height, width) of the image.

    Returns
    -------
    labels : ndarray of uint32
        Shape (height, width).
    notes : tuple of LabelNote
        How many pixels several cells claim, and how many cells have no pixel (left).

    Examples
    --------
    >>> labels, notes = paint_cells([(1, np.array([0, 1])), (2, np.array([1, 2]))], (3, 1))
    >>> labels.ravel().tolist(), notes[0].text
    ([1, 1, 2], '1 pixels belong to several cells; each went to the first of them')
    """
    columns = np.zeros(shape[0] * shape[1], np.uint32)
    claimed_twice = np.zeros(columns.size, bool)
    n_cells = without_pixels = 0
    for cell_id, pixels in cells:
        taken = columns[pixels] > 0
        claimed_twice[pixels[taken]] = True
        columns[pixels[~taken]] = cell_id
        n_cells += 1
        without_pixels += bool(taken.all())
    notes = []
    if overlap := np.count_nonzero(claimed_twice):
        text = f"{overlap} pixels belong to several cells; each went to the first of them"
        notes.append(LabelNote("overlap", text))
    if without_pixels:
        text = f"{without_pixels} of {n_cells} cells have no pixel of their own and are left out"
        notes.append(LabelNote("no_pixels", text))
    return np.ascontiguousarray(columns.reshape(shape[::-1]).T), tuple(notes)


def _drop_unit_axes(array: Array) -> Array:
    while array.ndim > 2 and 1 in (array.shape[0], array.shape[-1]):
        array = array[..., 0] if array.shape[-1] == 1 else array[0]
    return array


def _refuse_impossible_values(values: Array, name: str) -> int:
    """Return the largest value."""
    if values.dtype.kind == "b":
        return int(values.any())
    if values.dtype.kind == "f":
        _refuse_fractions(values, name)
    low, top = int(values.min()), int(values.max())
    if low < 0:
        msg = (
            f"{name}: labels must not be negative, got {low}; write 0 where there is no cell and "
            "number the cells from 1."
        )
        raise InputError(msg)
    if top > MAX_LABEL:
        msg = f"{name}: labels must lie below {MAX_LABEL + 1:,}, got {top:,}; number from 1 again."
        raise InputError(msg)
    return top


def _refuse_fractions(values: Array, name: str) -> None:
    if not np.isfinite(values).all():
        msg = (
            f"{name}: {np.count_nonzero(~np.isfinite(values))} pixels are NaN or infinite, but "
            "labels are whole numbers; write 0 where there is no cell."
        )
        raise InputError(msg)
    fractional = values != np.rint(values)
    if fractional.any():
        example = f"labels must be whole numbers, got fractions such as {values[fractional][0]:g}"
        if values.min() >= 0 and values.max() <= 1:
            cure = "this looks like a probability map: threshold it and number the cells first"
        else:
            cure = "was the image resized with interpolation? Resize labels by nearest neighbour"
        msg = f"{name}: {example}; {cure}."
        raise InputError(msg)
    exact = 2 ** (np.finfo(values.dtype).nmant + 1)
    if values.max() > exact:
        msg = (
            f"{name}: {values.dtype} can't tell whole numbers above {exact:,} apart, got labels "
            f"up to {values.max():,.0f}; save them as uint32."
        )
        raise InputError(msg)


def _is_two_valued(values: Array, top: int) -> bool:
    return bool(np.count_nonzero(values) == np.count_nonzero(values == top))


def _split_mask(values: Array, notes: list[LabelNote]) -> LabelImage:
    """Make each component of a mask a cell; a single one keeps its value."""
    around = ndimage.generate_binary_structure(values.ndim, values.ndim)
    components, n = ndimage.label(values, structure=around)
    if n < 2:
        return values.astype(np.uint32)
    text = f"binary mask: {n} connected components became cells; touching cells are one"
    apart = ndimage.label(values)[1]
    if apart != n:
        text += f" (joined at corners too; by edges alone there are {apart})"
    notes.append(LabelNote("binary_mask", text))
    labels: LabelImage = components.astype(np.uint32)
    return labels


def _overflow_notes(values: Array, top: int) -> tuple[LabelNote, ...]:
    if values.dtype not in (np.uint8, np.uint16) or top < np.iinfo(values.dtype).max:
        return ()
    n = np.count_nonzero(np.bincount(values.ravel())[1:])
    if n < FULL_RANGE_SHARE * top:
        return ()
    text = f"{n} cells up to number {top:,}, the largest {values.dtype} has: were there more?"
    return (LabelNote("overflow", text),)


def _colours_to_values(array: Array, name: str, notes: list[LabelNote]) -> Array:
    colours = _drop_alpha(array, name, notes) if array.shape[2] in (2, 4) else array
    first = colours[..., 0]
    if all(np.array_equal(first, colours[..., i]) for i in range(1, colours.shape[2])):
        if colours.shape[2] > 1:
            notes.append(LabelNote("grey_colours", "equal colour channels: the grey is the label"))
        return first
    if colours.dtype not in (np.uint8, np.uint16):
        _refuse_colours(name, f"its colours are {colours.dtype}")
    return _distinct_colours(colours, name, notes)


def _drop_alpha(array: Array, name: str, notes: list[LabelNote]) -> Array:
    colours, alpha = array[..., :-1], array[..., -1]
    low, top = alpha.min(), alpha.max()
    cells = colours.any(axis=2)
    if low == top:
        text = "constant transparency was dropped"
    elif np.array_equal(np.where(cells, top, 0), alpha):
        text = "transparency marks the background alone and was dropped"
    else:
        msg = (
            f"{name}: the last of {array.shape[2]} channels is neither constant nor marks the "
            "background, so it can't be read as transparency; save the labels alone, one integer "
            "per pixel."
        )
        raise InputError(msg)
    notes.append(LabelNote("alpha", text))
    return colours


def _distinct_colours(colours: Array, name: str, notes: list[LabelNote]) -> Array:
    """Make each colour of a picture on black a cell, if that is certain."""
    bits = 8 * colours.dtype.itemsize
    packed = np.zeros(colours.shape[:2], np.uint64)
    for channel in range(colours.shape[2]):
        packed = (packed << np.uint64(bits)) | colours[..., channel]
    kinds, index = np.unique(packed, return_inverse=True)
    index = index.reshape(packed.shape)
    if kinds[0] != 0:
        _refuse_colours(name, "it has no black background")
    if kinds.size == 2:
        notes.append(LabelNote("colours", "one colour on black was read as a mask"))
        return index > 0
    areas = np.bincount(index.ravel())[1:]
    if small := np.count_nonzero(areas < MIN_COLOUR_AREA_PX):
        _refuse_colours(
            name, f"{small} of {areas.size} colours cover under {MIN_COLOUR_AREA_PX} pixels"
        )
    repeated = np.count_nonzero(np.bincount(_piece_owners(index)) > 1)
    if repeated:
        _refuse_colours(name, f"{repeated} of {areas.size} colours come back in several places")
    notes.append(LabelNote("colours", f"{areas.size} colours on black became cells"))
    return index


def _refuse_colours(name: str, why: str) -> None:
    msg = (
        f"{name}: a colour picture is no label image for certain ({why}); save the labels as one "
        "integer per pixel, as 16-bit TIFF or PNG."
    )
    raise InputError(msg)


def _piece_owners(labels: LabelImage) -> IntArray:
    """Return the label of each connected piece of a plane.

    Pieces are joined from runs of pixels along the rows: a plane has a hundred times fewer of
    them than pixels.
    """
    height, width = labels.shape
    starts_run = np.ones((height, width), bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=starts_run[:, 1:])
    first = np.flatnonzero(starts_run)
    value = labels.ravel()[first]
    length = np.diff(first, append=labels.size)
    cells = value > 0
    first, value, length = first[cells], value[cells], length[cells]
    # Rows are set two pixels apart, so that the end of one doesn't touch the start of the next.
    begin = first + 2 * (first // width)
    end = begin + length
    below_first = np.searchsorted(end, begin + width + 2)
    below_end = np.searchsorted(begin, end + width + 2, side="right")
    n_below = np.maximum(below_end - below_first, 0)
    upper = np.repeat(np.arange(first.size), n_below)
    lower = run_pixels(np.column_stack([below_first, below_first + n_below]))
    same = value[upper] == value[lower]
    links = coo_array(
        (np.ones(np.count_nonzero(same), bool), (upper[same], lower[same])),
        shape=(first.size, first.size),
    )
    n_pieces, piece = connected_components(links, directed=False)
    owners = np.zeros(n_pieces, np.int64)
    owners[piece] = value
    return owners


def _piece_owners_volume(labels: LabelImage) -> IntArray:
    """Return the label of each connected piece of a volume."""
    from skimage.measure import label

    pieces, n_pieces = label(labels, connectivity=labels.ndim, return_num=True)
    owners = np.zeros(n_pieces + 1, np.int64)
    owners[pieces.ravel()] = labels.ravel()
    return owners[1:]


def _whole(numbers: Sequence[Any], name: str) -> IntArray:
    try:
        return np.array([int(number) for number in numbers], np.int64)
    except (TypeError, ValueError, OverflowError):
        msg = f"{name}: run lengths must be whole numbers; export the masks again."
        raise InputError(msg) from None


def _unpack_counts(text: str, name: str) -> IntArray:
    """Read the packed numbers of a COCO mask: base 32, lowest digits first, signed."""
    digits = np.array([ord(letter) - 48 for letter in text], np.int64)
    last = np.flatnonzero((digits & 32) == 0)
    broken = not digits.size or digits.min() < 0 or digits.max() > 63
    if broken or last.size == 0 or last[-1] != digits.size - 1:
        msg = f"{name}: the packed run lengths are damaged or cut short; export the masks again."
        raise InputError(msg)
    first = np.append(0, last[:-1] + 1)
    place = np.arange(digits.size) - np.repeat(first, last - first + 1)
    numbers: IntArray = np.add.reduceat((digits & 31) << (5 * place), first)
    numbers -= np.where(digits[last] & 16, 1 << (5 * (place[last] + 1)), 0)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers


def _corners(coordinates: Sequence[float], name: str) -> npt.NDArray[np.float64]:
    try:
        flat = np.asarray(coordinates, np.float64)
    except (TypeError, ValueError):
        flat = np.full(1, np.nan)
    if flat.ndim != 1 or flat.size % 2 or flat.size < 6 or not np.isfinite(flat).all():
        msg = (
            f"{name}: expected x and y of at least three corners, got {flat.size} values; "
            "correct the polygon or delete its annotation."
        )
        raise InputError(msg)
    return flat.reshape(-1, 2)


def _trace_outline(corners: npt.NDArray[np.float64]) -> tuple[IntArray, IntArray]:
    """Return column and row of every point of an outline on the finer grid."""
    fine = np.trunc(POLYGON_SUBPIXELS * corners + 0.5).astype(np.int64)
    begin, end = fine, np.roll(fine, -1, axis=0)
    moving = (begin != end).any(axis=1)
    begin, end = begin[moving], end[moving]
    extent = np.abs(end - begin)
    # Each edge advances by one along its longer axis, always upwards, so that the rounding of the
    # other axis does not depend on the direction in which the polygon is drawn.
    longer = np.where(extent[:, 0] >= extent[:, 1], 0, 1)
    edges = np.arange(longer.size)
    backwards = begin[edges, longer] > end[edges, longer]
    low = np.where(backwards[:, np.newaxis], end, begin)
    high = np.where(backwards[:, np.newaxis], begin, end)
    steps = extent[edges, longer]
    slope = (high - low)[edges, 1 - longer] / steps
    edge = np.repeat(edges, steps + 1)
    along = np.arange(edge.size) - np.repeat(np.cumsum(steps + 1) - (steps + 1), steps + 1)
    along = np.where(backwards[edge], steps[edge] - along, along)
    main = low[edge, longer[edge]] + along
    side = np.trunc(low[edge, 1 - longer[edge]] + slope[edge] * along + 0.5).astype(np.int64)
    swapped = longer[edge] == 1
    return np.where(swapped, side, main), np.where(swapped, main, side)
