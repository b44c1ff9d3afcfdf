"""One prediction tried under the cures of what breaks whole runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from workbench.metrics._matching import matched_pairs
from workbench.metrics._overlap import label_overlap
from workbench.schema import LabelImage

Cause: TypeAlias = Literal[
    "transposed",
    "mirrored",
    "rotated",
    "shifted",
    "rescaled",
    "inverted",
    "foreground_only",
    "label_overflow",
    "boundary_as_cells",
    "empty",
    "below_baseline",
]
"""What can have gone wrong with all predictions of a model."""

SUSPICIOUS_F1: Final = 0.6
"""Only predictions below this are tried under cures: what scores higher is no broken run."""

SMALLEST_SHIFT_PX: Final = 2
LARGEST_BYTE: Final = 255
MOST_CLASSES: Final = 3
SEARCH_SIZE_PX: Final = 128
SCALES: Final = tuple(2 ** (step / 16) for step in range(-32, 33) if step)
NEAREST_SCALE: Final = 0.04

_ORIENTATIONS: Final[Mapping[tuple[Cause, str], Callable[[Any], Any]]] = {
    ("transposed", "rows and columns swapped"): np.transpose,
    ("transposed", "rows and columns swapped, and turned by 180°"): lambda x: np.rot90(x.T, 2),
    ("mirrored", "left and right swapped"): np.fliplr,
    ("mirrored", "top and bottom swapped"): np.flipud,
    ("rotated", "turned by 90°"): lambda x: np.rot90(x, 1),
    ("rotated", "turned by 180°"): lambda x: np.rot90(x, 2),
    ("rotated", "turned by 270°"): lambda x: np.rot90(x, 3),
}


@dataclass(frozen=True)
class Trial:
    """One prediction under one cure.

    Attributes
    ----------
    cause
        What the cure would undo.
    how
        The variant of the cure in words, equal for images with the same fault; "" where there is
        only one.
    amount
        Offset (rows, columns) in pixels of "shifted", factor of "rescaled", number of pieces of
        "label_overflow" and "foreground_only"; empty for others.
    f1, tp
        At IoU 0.5, once cured.
    """

    cause: Cause
    how: str
    amount: tuple[float, ...]
    f1: float
    tp: int


@dataclass(frozen=True)
class PredictionCheck:
    """One prediction as it is, and under the cures that were worth trying.

    Attributes
    ----------
    n_reference, n_predicted
        Number of cells.
    f1, tp
        At IoU 0.5, as it is; 0 where the sizes differ, NaN where neither side has a cell.
    trials
        None for a prediction that is not suspicious, or has no cell.
    """

    n_reference: int
    n_predicted: int
    f1: float
    tp: int
    trials: tuple[Trial, ...] = ()

    @property
    def is_suspicious(self) -> bool:
        """Whether there are cells to find, and so few were found that a fault may be behind it."""
        return self.n_reference > 0 and self.f1 < SUSPICIOUS_F1


def check_prediction(reference: LabelImage, predicted: LabelImage) -> PredictionCheck:
    """Score a prediction and, if it is suspicious, score it again under each cure.

    Parameters
    ----------
    reference, predicted
        Label images; sizes that differ count as a prediction without cells, and are themselves a
        symptom.

    Returns
    -------
    PredictionCheck
        Of an image without reference cells, without trials.

    Notes
    -----
    The offset is that of the largest correlation of both foregrounds [1]_, in its plain and its
    phase-only form, whichever covers more; the factor is searched from 1/4 to 4, about the
    middle and about the corner.

    References
    ----------
    .. [1] M. Guizar-Sicairos, S. T. Thurman and J. R. Fienup, Opt. Lett. 33:156, 2008.

    Examples
    --------
    >>> reference = np.zeros((40, 40), int)
    >>> reference[2:10, 20:32] = 1
    >>> check = check_prediction(reference, reference.T)
    >>> check.f1, sorted(trial.how for trial in check.trials if trial.f1 == 1)[0]
    (0.0, 'rows and columns swapped')
    """
    n_reference, n_predicted = _n_cells(reference), _n_cells(predicted)
    same = reference.shape == predicted.shape
    f1, tp = _score(reference, predicted) if same else (0.0 if n_reference else math.nan, 0)
    check = PredictionCheck(n_reference, n_predicted, f1, tp)
    if not check.is_suspicious or not n_predicted:
        return check
    found: list[Trial] = []
    for cause, how, amount, cured in _cures(reference, predicted):
        if cured.shape == reference.shape:
            found.append(Trial(cause, how, amount, *_score(reference, cured)))
    return PredictionCheck(n_reference, n_predicted, f1, tp, tuple(found))


def _cures(
    reference: LabelImage, predicted: LabelImage
) -> Iterator[tuple[Cause, str, tuple[float, ...], LabelImage]]:
    """Yield cause, variant, amount and the cured prediction of every cure that makes sense."""
    for (cause, how), turn in _ORIENTATIONS.items():
        yield cause, how, (), turn(predicted)
    if reference.shape != predicted.shape:
        yield from _resized(reference, predicted)
        return
    yield from _parted(predicted)
    if 2 * np.count_nonzero(predicted[reference == 0]) > np.count_nonzero(reference == 0):
        yield "inverted", "", (), _pieces(predicted == 0)
    else:
        yield "boundary_as_cells", "", (), _filled(predicted)
    offset = _offset_px(reference > 0, predicted > 0)
    if max(map(abs, offset)) >= SMALLEST_SHIFT_PX:
        yield "shifted", "", offset, _moved(predicted, offset)
    for how in ("about the corner", "about the middle"):
        factor = _factor(reference > 0, predicted > 0, middle=how == "about the middle")
        if abs(math.log(factor)) > NEAREST_SCALE:
            cured = _scaled(predicted, factor, reference.shape, middle=how == "about the middle")
            yield "rescaled", how, (factor,), cured


def _score(reference: LabelImage, predicted: LabelImage) -> tuple[float, int]:
    """Return F1 at IoU 0.5 and the number of matched cells."""
    overlap = label_overlap(reference, predicted)
    n_cells = len(overlap.reference_ids) + len(overlap.predicted_ids)
    tp = len(matched_pairs(overlap))
    return (2 * tp / n_cells if n_cells else math.nan), tp


def _n_cells(labels: LabelImage) -> int:
    values = np.unique(labels)
    return int((values > 0).sum())


def _pieces(labels: npt.NDArray[Any]) -> LabelImage:
    """Return each connected piece of each label as a cell of its own."""
    from skimage.measure import label

    return np.asarray(label(labels, background=0, connectivity=1), np.int32)


def _parted(
    predicted: LabelImage,
) -> Iterator[tuple[Cause, str, tuple[float, ...], LabelImage]]:
    """Yield the prediction with far-apart pieces of one id told apart."""
    pieces = _pieces(predicted)
    n_pieces, n_ids, largest = int(pieces.max()), _n_cells(predicted), int(predicted.max())
    if n_pieces <= n_ids:
        return
    if n_ids <= MOST_CLASSES:
        whole = _pieces(predicted > 0)
        yield "foreground_only", "", (float(whole.max()),), whole
        for class_id in np.unique(predicted[predicted > 0]) if n_ids > 1 else ():
            of_class = _pieces(predicted == class_id)
            yield "foreground_only", f" of id {class_id}", (float(of_class.max()),), of_class
    elif largest <= LARGEST_BYTE < n_pieces:
        yield "label_overflow", "", (float(n_pieces),), pieces


def _filled(predicted: LabelImage) -> LabelImage:
    """Return what lies inside rings as cells, grown back over half of the rings."""
    from scipy.ndimage import distance_transform_edt
    from skimage.segmentation import expand_labels

    rings = predicted > 0
    inside = _pieces(~rings)
    # What reaches the border of the image is the ground around the cells, unless cells do too:
    # the largest piece is taken for it.
    areas = np.bincount(inside.ravel())
    areas[0] = 0
    inside[inside == areas.argmax()] = 0
    width_px = 2 * float(np.median(distance_transform_edt(rings)[rings]))
    grown: LabelImage = expand_labels(inside, distance=width_px)
    return np.where(rings | (inside > 0), grown, 0)


def _offset_px(
    reference: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Return by how many pixels (rows, columns) the prediction must move."""
    from skimage.registration import phase_cross_correlation

    found = []
    for normalization in (None, "phase"):
        offset, *_ = phase_cross_correlation(
            reference.astype(np.float32),
            predicted.astype(np.float32),
            normalization=normalization,
        )
        moved = _moved(predicted, tuple(offset))
        found.append((int((moved & reference).sum()), tuple(float(px) for px in offset)))
    row, column = max(found)[1]
    return row, column


def _moved(labels: npt.NDArray[Any], offset: tuple[float, ...]) -> npt.NDArray[Any]:
    """Return labels moved by whole pixels, nothing where nothing is known."""
    moved = np.zeros_like(labels)
    to, source = [], []
    for step, length in zip(map(round, offset), labels.shape, strict=True):
        to.append(slice(max(step, 0), length + min(step, 0)))
        source.append(slice(max(-step, 0), length + min(-step, 0)))
    moved[tuple(to)] = labels[tuple(source)]
    return moved


def _resized(
    reference: LabelImage, predicted: LabelImage
) -> Iterator[tuple[Cause, str, tuple[float, ...], LabelImage]]:
    """Yield a prediction of another size stretched to that of the reference."""
    factors = [large / small for large, small in zip(reference.shape, predicted.shape, strict=True)]
    rows, columns = (
        np.minimum((np.arange(length) + 0.5) / factor, size - 1).astype(int)
        for length, factor, size in zip(reference.shape, factors, predicted.shape, strict=True)
    )
    yield (
        "rescaled",
        "stretched to the size of the image",
        tuple(factors),
        predicted[np.ix_(rows, columns)],
    )


def _factor(
    reference: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_], *, middle: bool
) -> float:
    """Return by which factor the foreground must be scaled to cover the reference's best."""
    step = max(1, math.ceil(max(reference.shape) / SEARCH_SIZE_PX))
    coarse = reference[::step, ::step], predicted[::step, ::step]
    best = max(SCALES, key=lambda factor: _dice(*coarse, factor, middle=middle))
    fine = [best * 2 ** (place / 128) for place in range(-8, 9)]
    half = max(1, step // 2)
    near = reference[::half, ::half], predicted[::half, ::half]
    return max(fine, key=lambda factor: _dice(*near, factor, middle=middle))


def _dice(
    reference: npt.NDArray[np.bool_],
    predicted: npt.NDArray[np.bool_],
    factor: float,
    *,
    middle: bool,
) -> float:
    scaled = _scaled(predicted, factor, reference.shape, middle=middle)
    n_pixels = int(scaled.sum()) + int(reference.sum())
    return 2 * int((scaled & reference).sum()) / n_pixels if n_pixels else 0.0


def _scaled(
    labels: npt.NDArray[Any], factor: float, shape: tuple[int, ...], *, middle: bool
) -> npt.NDArray[Any]:
    """Return labels scaled in a frame that stays as it is, by nearest pixels."""
    scaled = np.zeros(shape, labels.dtype)
    places, kept = [], []
    for length, size in zip(shape, labels.shape, strict=True):
        centre = length / 2 if middle else 0.0
        source = np.floor((np.arange(length) + 0.5 - centre) / factor + centre).astype(int)
        inside = (source >= 0) & (source < size)
        kept.append(np.flatnonzero(inside))
        places.append(source[inside])
    scaled[np.ix_(*kept)] = labels[np.ix_(*places)]
    return scaled
