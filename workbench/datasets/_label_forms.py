"""What label images look like: label numbers, masks, floats, colours."""

from typing import Final

import numpy as np
from scipy import ndimage

from workbench.datasets._files import MAX_LABEL
from workbench.datasets._label_cells import piece_notes, piece_owners
from workbench.datasets._label_values import Array, LabelNote
from workbench.schema import InputError, LabelImage

MAX_COLOUR_CHANNELS: Final = 4
MASK_VALUES: Final = (1, 255, 65_535, MAX_LABEL)
"""What programs write for "cell" into binary masks."""

MIN_COLOUR_AREA_PX: Final = 4
"""Smaller patches of a colour of their own are the rims of smoothed edges, or noise."""

FULL_RANGE_SHARE: Final = 0.75
"""A type whose largest number is used, and this share of all numbers, may have been too small."""


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
    if not values.any():
        return np.zeros(values.shape, np.uint32)
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
    repeated = np.count_nonzero(np.bincount(piece_owners(index)) > 1)
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
