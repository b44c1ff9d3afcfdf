"""Images made worse on purpose, in graded and repeatable ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, ImageArray, InputError

DegradationKind: TypeAlias = Literal[
    "gaussian_noise", "poisson_noise", "blur", "scale", "gamma", "inversion", "jpeg", "stain"
]
DEGRADATION_KINDS: Final[tuple[DegradationKind, ...]] = get_args(DegradationKind)
HIGH_PERCENT: Final = 99.8
COLOUR_DIFFERENCE: Final = 0.02
BRIGHTFIELD_MEAN: Final = 0.5


@dataclass(frozen=True)
class Degradation:
    """One way to make images worse.

    Attributes
    ----------
    title, unit
        For axes.
    clean
        The level that changes nothing, where curves begin; for "poisson_noise", photons without
        end.
    levels
        The usual ones, from mild to hard.
    low, high
        Smallest and largest level that make sense.
    """

    title: str
    unit: str
    clean: float
    levels: tuple[float, ...]
    low: float
    high: float


DEGRADATIONS: Final[Mapping[DegradationKind, Degradation]] = MappingProxyType(
    {
        "gaussian_noise": Degradation(
            "Gaussian noise", "SD, share of the range", 0, (0.02, 0.05, 0.1, 0.2), 0, 1
        ),
        "poisson_noise": Degradation(
            "Poisson noise", "photons at full range", np.inf, (300, 100, 30, 10), 1, np.inf
        ),
        "blur": Degradation("Blur", "SD of the Gaussian, px", 0, (1, 2, 3, 5), 0, 50),
        "scale": Degradation("Scale", "magnification", 1, (0.5, 0.7, 1.4, 2), 0.1, 4),
        "gamma": Degradation("Gamma", "exponent", 1, (0.4, 0.7, 1.5, 2.5), 0.1, 10),
        "inversion": Degradation("Inversion", "share of the way to the negative", 0, (1,), 0, 1),
        "jpeg": Degradation("JPEG", "quality, 1 to 100", 100, (50, 25, 10, 5), 1, 100),
        "stain": Degradation(
            "Stain shift", "change of haematoxylin against eosin", 0, (-0.4, -0.2, 0.2, 0.4), -1, 1
        ),
    }
)
"""Ways to make images worse, by name."""


def degrade_image(
    image: ImageArray, kind: DegradationKind, level: float, *, rng: np.random.Generator
) -> ImageArray:
    """Make an image worse by a level.

    Levels speak of the image's own range, from its smallest value to its 99.8th percentile, so
    that they mean the same for 8-bit, 12-bit and float images.

    Parameters
    ----------
    image
        Shape (height, width, channels), any numeric type.
    kind
        Name in :data:`DEGRADATIONS`.
    level
        How much; the unit is that of the kind. Its clean level returns the image itself.
    rng
        Source of all randomness: equal generators give equal images.

    Returns
    -------
    ndarray
        Type and shape of the image; "scale" multiplies height and width by its level.

    Raises
    ------
    InputError
        If there is no such kind, the level makes no sense for it, or stains are to be shifted in
        an image that has none (see :func:`is_stained`).

    Notes
    -----
    "stain" multiplies the optical density of haematoxylin by 1 + level and that of eosin by
    1 - level, separated as by Ruifrok and Johnston (2001) [1]_. "jpeg" goes through 8 bits, each
    channel on its own unless there are three. "scale" keeps cells and pixels in register; it
    shows what a model does with objects of another size.

    References
    ----------
    .. [1] A. C. Ruifrok, D. A. Johnston, Anal. Quant. Cytol. Histol. 23:291, 2001.

    Examples
    --------
    >>> image = np.array([[[10], [20]], [[30], [40]]], np.uint8)
    >>> degrade_image(image, "inversion", 1, rng=np.random.default_rng(0))[..., 0]
    array([[40, 30],
           [20, 10]], dtype=uint8)
    """
    check_level(kind, level)
    if level == DEGRADATIONS[kind].clean:
        return image
    if kind == "stain" and not is_stained(image):
        msg = "stains are shifted in bright-field colour images only; leave this image out."
        raise InputError(msg)
    if kind == "stain":
        return _restored(_stain(_whole_range(image), level), *_type_range(image), image.dtype)
    low, high = _range(image)
    unit = (image.astype(np.float32) - low) / (high - low if high > low else 1)
    if kind in _RANDOM:
        return _restored(_RANDOM[kind](unit, level, rng), low, high, image.dtype)
    return _restored(_CERTAIN[kind](unit, level), low, high, image.dtype)


def check_level(kind: str, level: float) -> None:
    """Refuse unknown kinds of degradation, and levels without sense.

    Raises
    ------
    InputError
        With the kinds or the range there are.
    """
    known = {str(name): way for name, way in DEGRADATIONS.items()}
    if kind not in known:
        msg = f"no degradation is called {kind!r}; there are {', '.join(DEGRADATION_KINDS)}."
        raise InputError(msg)
    way = known[kind]
    if not way.low <= level <= way.high:
        msg = f"{kind}: levels ({way.unit}) lie from {way.low:g} to {way.high:g}, got {level:g}."
        raise InputError(msg)


def is_stained(image: ImageArray) -> bool:
    """Whether an image shows stains: three channels that differ, on a bright ground."""
    if image.shape[2] != 3:
        return False
    unit = _whole_range(image)
    differs = float(np.abs(unit[..., 0] - unit[..., 1]).mean()) > COLOUR_DIFFERENCE
    return differs and float(unit.mean()) > BRIGHTFIELD_MEAN


def _range(image: ImageArray) -> tuple[float, float]:
    return float(image.min()), max(float(np.percentile(image, HIGH_PERCENT)), float(image.min()))


def _type_range(image: ImageArray) -> tuple[float, float]:
    """Return black and white of the image's type: optical density needs both."""
    if image.dtype.kind in "ui":
        return 0.0, float(np.iinfo(image.dtype).max)
    return 0.0, max(1.0, float(image.max()))


def _whole_range(image: ImageArray) -> FloatImage:
    low, high = _type_range(image)
    return ((image.astype(np.float32) - low) / (high - low)).astype(np.float32)


def _restored(unit: FloatImage, low: float, high: float, dtype: np.dtype[Any]) -> ImageArray:
    """Return values from 0 to 1 in the range and type that the image had."""
    values = unit * (high - low) + low
    if dtype.kind not in "ui":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    whole: ImageArray = np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
    return whole


def _gaussian_noise(unit: FloatImage, level: float, rng: np.random.Generator) -> FloatImage:
    noise: FloatImage = rng.standard_normal(unit.shape, np.float32)
    return unit + noise * np.float32(level)


def _poisson_noise(unit: FloatImage, level: float, rng: np.random.Generator) -> FloatImage:
    return (rng.poisson(np.maximum(unit, 0) * level) / level).astype(np.float32)


def _blur(unit: FloatImage, level: float) -> FloatImage:
    from skimage.filters import gaussian

    return np.asarray(gaussian(unit, sigma=level, channel_axis=2), np.float32)


def _scale(unit: FloatImage, level: float) -> FloatImage:
    from skimage.transform import resize

    size = [max(1, round(side * level)) for side in unit.shape[:2]]
    return np.asarray(resize(unit, size, order=1, anti_aliasing=level < 1), np.float32)


def _gamma(unit: FloatImage, level: float) -> FloatImage:
    from skimage.exposure import adjust_gamma

    return np.asarray(adjust_gamma(np.maximum(unit, 0), level), np.float32)


def _inversion(unit: FloatImage, level: float) -> FloatImage:
    return (1 - level) * unit + level * (1 - unit)


def _jpeg(unit: FloatImage, level: float) -> FloatImage:
    from imagecodecs import jpeg_decode, jpeg_encode

    bytes_: npt.NDArray[np.uint8] = np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8)
    whole = bytes_.shape[2] == 3
    planes = [bytes_] if whole else np.moveaxis(bytes_, 2, 0)
    read = [
        jpeg_decode(jpeg_encode(np.ascontiguousarray(plane), level=round(level)))
        for plane in planes
    ]
    found = read[0] if whole else np.stack(read, axis=2)
    return (found / 255).astype(np.float32)


def _stain(unit: FloatImage, level: float) -> FloatImage:
    from skimage.color import hed2rgb, rgb2hed

    shares = np.array([1 + level, 1 - level, 1])
    return np.asarray(hed2rgb(rgb2hed(np.clip(unit, 0, 1)) * shares), np.float32)


_RANDOM: Final[Mapping[str, Callable[[FloatImage, float, np.random.Generator], FloatImage]]] = {
    "gaussian_noise": _gaussian_noise,
    "poisson_noise": _poisson_noise,
}
_CERTAIN: Final[Mapping[str, Callable[[FloatImage, float], FloatImage]]] = {
    "blur": _blur,
    "scale": _scale,
    "gamma": _gamma,
    "inversion": _inversion,
    "jpeg": _jpeg,
}
