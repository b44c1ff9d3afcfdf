"""Temperature: one number that makes probabilities as sure as they are right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, InputError, LabelImage
from workbench.transforms import three_class_target

THREE_CLASSES: Final = ("background", "interior", "boundary")
PROBABILITY_CLASSES: Final[Mapping[str, tuple[str, ...]]] = {
    "three_class": THREE_CLASSES,
    "three_class_distance": THREE_CLASSES,
    "flows": ("background", "foreground"),
}
"""Classes that an encoding gives each pixel a probability of.

The object probability of star-convex shapes is a depth within the cell and no chance of anything.
"""

LEAST_PROBABILITY: Final = float(np.finfo(np.float32).eps)
TEMPERATURES: Final = (0.05, 20.0)
"""Between these a temperature is sought."""


def class_probabilities(maps: FloatImage, encoding: str) -> FloatImage:
    """Return the probabilities of the classes of each pixel.

    Parameters
    ----------
    maps
        Shape (height, width, channels of the encoding).
    encoding
        Name in :data:`PROBABILITY_CLASSES`.

    Returns
    -------
    ndarray of float32
        Shape (height, width, classes), in the order of :data:`PROBABILITY_CLASSES`.

    Raises
    ------
    InputError
        If the encoding gives none.

    Examples
    --------
    >>> class_probabilities(np.array([[[0.25, 9.0, 9.0]]], np.float32), "flows")
    array([[[0.75, 0.25]]], dtype=float32)
    """
    n_classes = len(_classes(encoding))
    if encoding == "flows":
        return np.concatenate([1 - maps[..., :1], maps[..., :1]], axis=-1)
    return maps[..., :n_classes]


def reference_classes(labels: LabelImage, encoding: str) -> npt.NDArray[np.uint8]:
    """Return the class that each pixel has by the reference, as the encoding is trained on it.

    Parameters
    ----------
    labels
        Shape (height, width).
    encoding
        Name in :data:`PROBABILITY_CLASSES`.

    Raises
    ------
    InputError
        If the encoding has no classes.

    Examples
    --------
    >>> reference_classes(np.array([[0, 7]]), "flows")
    array([[0, 1]], dtype=uint8)
    """
    if len(_classes(encoding)) == 2:
        return (labels > 0).astype(np.uint8)
    return three_class_target(labels)


def tempered(maps: FloatImage, encoding: str, temperature: float) -> FloatImage:
    """Return maps whose probabilities were made less sure (above 1) or more sure (below 1).

    Parameters
    ----------
    maps
        Shape (height, width, channels of the encoding).
    encoding
        Name in :data:`PROBABILITY_CLASSES`.
    temperature
        Above 0; 1 changes nothing.

    Returns
    -------
    ndarray of float32
        Maps of the same shape; channels that are no probabilities are the same.

    Raises
    ------
    InputError
        If the encoding has no probabilities, or the temperature is not above 0.

    Notes
    -----
    p_k^(1/T) / sum_j p_j^(1/T), which for one softmax is to divide its logits by T [1]_. Maps
    that are averages, over windows, orientations or networks, are tempered as averages. The most
    probable class stays the same.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, ICML 2017.

    Examples
    --------
    >>> tempered(np.array([[[0.8, 0.2, 0.0]]], np.float32), "three_class", 2.0).round(3)
    array([[[0.667, 0.333, 0.   ]]], dtype=float32)
    """
    if not 0 < temperature < np.inf:
        msg = f"a temperature is a number above 0, got {temperature}; 1 changes nothing."
        raise InputError(msg)
    probabilities = class_probabilities(maps, encoding)
    if temperature == 1:
        return maps
    # The largest becomes 1, so that no power of a small number is lost.
    powers = (probabilities / probabilities.max(axis=-1, keepdims=True)) ** (1 / temperature)
    changed = powers / powers.sum(axis=-1, keepdims=True)
    result = maps.astype(np.float32)
    if encoding == "flows":
        result[..., 0] = changed[..., 1]
    else:
        result[..., : changed.shape[-1]] = changed
    return result


def fit_temperature(
    probabilities: npt.NDArray[np.floating[Any]], classes: npt.NDArray[np.integer[Any]]
) -> float:
    """Return the temperature at which the true classes are most likely.

    Parameters
    ----------
    probabilities
        Of pixels of validation images, shape (pixels, classes). Never of those that are scored: it
        would be chosen to look well there.
    classes
        True class of each pixel, shape (pixels,).

    Returns
    -------
    float
        Between 0.05 and 20; above 1 where the network is too sure, below 1 where it is not sure
        enough.

    Raises
    ------
    InputError
        If there is no pixel.

    Notes
    -----
    The mean of -ln p_T(true class), convex in 1 / T, is minimised over ln T.
    Probabilities below 1.2e-7 are taken as that.

    Examples
    --------
    Nine of ten right, said with 99 %:

    >>> sure = np.tile([0.99, 0.01], (10, 1))
    >>> temperature = fit_temperature(sure, np.array([0] * 9 + [1]))
    >>> maps = np.array([[[0.01, 0, 0]]], np.float32)
    >>> round(float(tempered(maps, "flows", temperature)[0, 0, 0]), 2)
    0.1
    """
    from scipy.optimize import minimize_scalar

    if not len(classes):
        msg = "a temperature needs pixels to be chosen on, got none; add validation images."
        raise InputError(msg)
    logs = np.log(np.maximum(probabilities, LEAST_PROBABILITY))
    logs -= logs.max(axis=-1, keepdims=True)
    of_true = np.take_along_axis(logs, classes[:, None].astype(np.intp), axis=-1)[:, 0]

    def nll(log_temperature: float) -> float:
        beta = float(np.exp(-log_temperature))
        return float((np.log(np.exp(beta * logs).sum(axis=-1)) - beta * of_true).mean())

    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(nll, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _classes(encoding: str) -> tuple[str, ...]:
    if encoding not in PROBABILITY_CLASSES:
        msg = (
            f"{encoding} maps hold no class probabilities; those of "
            f"{', '.join(PROBABILITY_CLASSES)} do."
        )
        raise InputError(msg)
    return PROBABILITY_CLASSES[encoding]
