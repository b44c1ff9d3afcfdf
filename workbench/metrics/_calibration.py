"""How probabilities of pixels compare with what the pixels are: sums from which all follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import InputError

N_FINE_BINS: Final = 1_000
TOP: Final = "top"
"""Target of a record that stands for the most probable class of each pixel."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PixelCalibration:
    """What is kept of the probabilities of some pixels; records of several images add up.

    Row 0 of the arrays is about the most probable class, row 1 + k about class k against all
    others. Column b counts confidences in [b / 1,000, (b + 1) / 1,000), the last one 1 too.

    Attributes
    ----------
    count
        Pixels, shape (1 + classes, 1,000).
    confidence
        Sum of their confidence, same shape.
    correct
        How many of them were of the class, same shape.
    brier
        Sum over pixels of the squared distance between probabilities and truth, each 0 to 2.
    nll
        Sum over pixels of -ln(probability of the true class), with probabilities below 1.2e-7 (the
        precision of 32 bits) taken as that.
    """

    count: IntArray
    confidence: FloatArray
    correct: IntArray
    brier: float
    nll: float

    @property
    def n_pixels(self) -> int:
        """How many pixels were counted."""
        return int(self.count[0].sum())

    def __add__(self, other: PixelCalibration) -> PixelCalibration:
        """Return the record of both sets of pixels together."""
        return PixelCalibration(
            self.count + other.count,
            self.confidence + other.confidence,
            self.correct + other.correct,
            self.brier + other.brier,
            self.nll + other.nll,
        )


LEAST_PROBABILITY: Final = float(np.finfo(np.float32).eps)


def pixel_calibration(
    probabilities: npt.NDArray[np.floating[Any]],
    classes: npt.NDArray[np.integer[Any]],
    *,
    where: npt.NDArray[np.bool_] | None = None,
) -> PixelCalibration:
    """Count the probabilities of an image against the class that each pixel has.

    Parameters
    ----------
    probabilities
        Shape (height, width, classes) or any other with the classes last, summing to 1.
    classes
        True class of each pixel, from 0, of the same shape without the last axis.
    where
        Pixels that count; all by default.

    Returns
    -------
    PixelCalibration
        All zeros for no pixel.

    Raises
    ------
    InputError
        If shapes differ, a class has no probability, or a probability is NaN or outside [0, 1].

    Notes
    -----
    Of equally probable classes the first is the most probable one.

    Examples
    --------
    >>> probabilities = np.array([[0.9, 0.1], [0.25, 0.75]])
    >>> found = pixel_calibration(probabilities, np.array([0, 0]))
    >>> found.n_pixels, int(found.correct[0].sum()), round(found.brier, 3)
    (2, 1, 1.145)
    """
    _check(probabilities, classes)
    chosen = np.ones(classes.shape, bool) if where is None else where
    # In 64 bits, so that 0.29 times 1,000 is 290.
    values = probabilities[chosen].astype(np.float64)
    truth = classes[chosen].astype(np.intp)
    n_classes = values.shape[-1]
    top = values.argmax(axis=-1)
    pixels = np.arange(len(truth))
    is_true = truth[:, None] == np.arange(n_classes)
    rows = [
        _row(values[pixels, top], top == truth),
        *(_row(values[:, place], is_true[:, place]) for place in range(n_classes)),
    ]
    count, confidence, correct = (np.stack(part) for part in zip(*rows, strict=True))
    of_true = np.maximum(values[pixels, truth], LEAST_PROBABILITY)
    return PixelCalibration(
        count=count,
        confidence=confidence,
        correct=correct,
        brier=float(((values - is_true) ** 2).sum()),
        nll=float(-np.log(of_true).sum()),
    )


def calibration_columns(
    record: PixelCalibration, class_names: Iterable[str]
) -> dict[str, npt.NDArray[Any]]:
    """Return a record as the columns of a table, a row for each fine bin that is not empty.

    Parameters
    ----------
    record
        Of some pixels.
    class_names
        In the order of the probabilities.

    Returns
    -------
    dict of str to ndarray
        ``target`` ("top" or the name of a class), ``bin`` (0 to 999), ``count``, ``confidence``
        (sum), ``correct``.

    Examples
    --------
    >>> found = pixel_calibration(np.array([[0.9, 0.1]]), np.array([0]))
    >>> columns = calibration_columns(found, ["background", "cell"])
    >>> columns["target"].tolist(), columns["bin"].tolist(), columns["correct"].tolist()
    (['top', 'background', 'cell'], [900, 900, 100], [1, 1, 0])
    """
    names = np.array([TOP, *class_names], object)
    rows, bins = np.nonzero(record.count)
    return {
        "target": names[rows],
        "bin": bins,
        "count": record.count[rows, bins],
        "confidence": record.confidence[rows, bins],
        "correct": record.correct[rows, bins],
    }


def _row(
    confidence: FloatArray, correct: npt.NDArray[np.bool_]
) -> tuple[IntArray, FloatArray, IntArray]:
    """Return count, sum of confidence and number of correct pixels of each fine bin."""
    bins = np.minimum((confidence * N_FINE_BINS).astype(np.intp), N_FINE_BINS - 1)
    return (
        np.bincount(bins, minlength=N_FINE_BINS).astype(np.int64),
        np.bincount(bins, weights=confidence, minlength=N_FINE_BINS).astype(np.float64),
        np.bincount(bins[correct], minlength=N_FINE_BINS).astype(np.int64),
    )


def _check(
    probabilities: npt.NDArray[np.floating[Any]], classes: npt.NDArray[np.integer[Any]]
) -> None:
    if probabilities.ndim != classes.ndim + 1 or probabilities.shape[:-1] != classes.shape:
        msg = (
            f"expected a probability for each class of each pixel, shape {classes.shape} and the "
            f"classes last, got {probabilities.shape}."
        )
        raise InputError(msg)
    n_classes = probabilities.shape[-1]
    if classes.size and not (classes.min() >= 0 and classes.max() < n_classes):
        msg = (
            f"classes must lie between 0 and {n_classes - 1}, as there are {n_classes} "
            f"probabilities, got {classes.min()} to {classes.max()}."
        )
        raise InputError(msg)
    # Sums over windows may exceed 1 by a few units in the last place.
    if probabilities.size and not (
        probabilities.min() >= 0 and probabilities.max() <= 1 + 10 * LEAST_PROBABILITY
    ):
        msg = (
            f"probabilities must lie between 0 and 1, got {probabilities.min():g} to "
            f"{probabilities.max():g}; give them after the softmax."
        )
        raise InputError(msg)
