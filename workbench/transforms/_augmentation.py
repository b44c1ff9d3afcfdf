"""Random views of a training image: another place, scale, orientation, shape, light and colour."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from workbench.schema import FloatImage
from workbench.transforms._orientation import ORIENTATIONS

Share = Annotated[float, Field(ge=0, le=1)]


class AugmentationConfig(BaseModel):
    """How far a view may stray from the image, and how often.

    In a config the name of a set of values (:data:`AUGMENTATIONS`) stands for them. Every
    ``..._probability`` is the share of views that are changed so; 0 leaves the change out.

    Attributes
    ----------
    turn
        Lay each view down in one of eight ways: quarter turns, mirrored or not.
    rotation_deg, rotation_probability
        Largest angle of a further rotation, either way.
    zoom, zoom_probability
        Smallest and largest magnification, drawn on a logarithmic scale.
    bend_px, bend_spacing_px, bend_probability
        Elastic deformation: standard deviation of random arrows on a grid, and its spacing, both
        in pixels of the view.
    gamma, gamma_probability
        Range of an exponent.
    contrast, contrast_probability
        Range of a factor on the distance of each pixel to the mean of its channel.
    brightness, brightness_probability
        Largest relative change of gain, and three times the largest offset.
    blur_sigma_px, blur_probability
        Range of a Gaussian blur.
    noise_sd, noise_probability
        Standard deviation of added Gaussian noise, at most.
    shuffle_probability
        Channels in random order.
    stain_sd, stain_probability
        Largest relative change of the amount of haematoxylin, eosin and DAB, and largest offset.
        Only bright-field colour views are changed so: three channels that differ, of mean above
        0.5.

    Examples
    --------
    >>> AugmentationConfig.model_validate("none").turn
    False
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: bool = True
    rotation_deg: float = Field(180, ge=0, le=180)
    rotation_probability: Share = 0.3
    zoom: tuple[float, float] = (0.5, 2.0)
    zoom_probability: Share = 1.0
    bend_px: float = Field(6.0, ge=0)
    bend_spacing_px: int = Field(48, ge=8)
    bend_probability: Share = 0.2
    gamma: tuple[float, float] = (0.6, 1.6)
    gamma_probability: Share = 0.5
    contrast: tuple[float, float] = (0.7, 1.3)
    contrast_probability: Share = 0.2
    brightness: float = Field(0.3, ge=0, lt=1)
    brightness_probability: Share = 0.5
    blur_sigma_px: tuple[float, float] = (0.3, 1.5)
    blur_probability: Share = 0.25
    noise_sd: float = Field(0.1, ge=0)
    noise_probability: Share = 0.25
    shuffle_probability: Share = 0.1
    stain_sd: float = Field(0.1, ge=0, lt=1)
    stain_probability: Share = 0.0

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in AUGMENTATIONS:
            msg = f"no such augmentation; named ones are {', '.join(AUGMENTATIONS)}, got {value!r}"
            raise ValueError(msg)
        return AUGMENTATIONS[value].model_dump()

    @model_validator(mode="after")
    def _ranges_in_order(self) -> "AugmentationConfig":
        for name in ("zoom", "gamma", "contrast", "blur_sigma_px"):
            low, high = getattr(self, name)
            lowest = 0 if name in ("contrast", "blur_sigma_px") else 1e-3
            if not lowest <= low <= high < math.inf:
                msg = (
                    f"{name} must be two numbers above 0, the smaller first, got {low:g}, {high:g}"
                )
                raise ValueError(msg)
        return self


_PROBABILITIES: Final = tuple(
    name for name in AugmentationConfig.model_fields if name.endswith("_probability")
)
_STANDARD: Final = AugmentationConfig()

AUGMENTATIONS: Final[Mapping[str, AugmentationConfig]] = MappingProxyType(
    {
        "standard": _STANDARD,
        "none": AugmentationConfig(turn=False, **dict.fromkeys(_PROBABILITIES, 0.0)),
        "nnunet": AugmentationConfig(
            rotation_probability=0.2,
            zoom=(0.7, 1.4),
            zoom_probability=0.2,
            bend_probability=0,
            gamma=(0.7, 1.5),
            gamma_probability=0.3,
            contrast=(0.75, 1.25),
            contrast_probability=0.15,
            brightness=0.25,
            brightness_probability=0.15,
            blur_sigma_px=(0.5, 1.0),
            blur_probability=0.2,
            noise_probability=0.1,
            shuffle_probability=0,
        ),
        "strong": AugmentationConfig(
            rotation_probability=0.8,
            zoom=(0.35, 2.8),
            bend_px=10,
            bend_probability=0.5,
            gamma=(0.4, 2.2),
            gamma_probability=0.7,
            contrast=(0.5, 1.6),
            contrast_probability=0.5,
            brightness=0.5,
            brightness_probability=0.7,
            blur_sigma_px=(0.3, 2.5),
            blur_probability=0.4,
            noise_sd=0.15,
            noise_probability=0.4,
            shuffle_probability=0.3,
        ),
        "histology": _STANDARD.model_copy(
            update={"shuffle_probability": 0, "stain_probability": 0.7}
        ),
    }
)
"""Augmentations by name.

``nnunet`` follows the ranges and shares of F. Isensee et al., nnU-Net, Nat. Methods 18:203, 2021,
without its simulated low resolution. ``histology`` is ``standard`` with stains instead of channels
that change.
"""


def random_view(
    image: FloatImage,
    labels: npt.NDArray[np.int32],
    *,
    size_px: int,
    config: AugmentationConfig,
    rng: np.random.Generator,
) -> tuple[FloatImage, npt.NDArray[np.int32]]:
    """Look at a random place of an image, laid down, magnified and bent at random, in other light.

    Place, scale, orientation and shape are one resampling. Where a view is larger than the image,
    the image is mirrored; copies of a cell keep its number.

    Parameters
    ----------
    image
        Shape (height, width, channels), values about 0 to 1.
    labels
        Shape (height, width).
    size_px
        Height and width of the view.
    config
        How far the view may stray.
    rng
        Source of all randomness: equal generators give equal views.

    Returns
    -------
    tuple of ndarray
        Image (size_px, size_px, channels) float32 and labels (size_px, size_px) int32.

    Examples
    --------
    >>> view, labels = random_view(
    ...     np.zeros((40, 50, 3), np.float32), np.zeros((40, 50), np.int32), size_px=32,
    ...     config=AugmentationConfig(), rng=np.random.default_rng(0))
    >>> view.shape, labels.shape
    ((32, 32, 3), (32, 32))
    """
    from workbench.transforms._warping import random_bend, warp_view

    zoom = _zoom(config, rng)
    bend = None
    if rng.random() < config.bend_probability:
        bend = random_bend(
            size_px, spacing_px=config.bend_spacing_px, sd_px=config.bend_px / zoom, rng=rng
        )
    view, view_labels = warp_view(
        image,
        labels,
        size_px=size_px,
        centre=(
            _centre(image.shape[0], size_px, zoom, rng),
            _centre(image.shape[1], size_px, zoom, rng),
        ),
        matrix=_laid_down(config, rng) / zoom,
        bend=bend,
    )
    _change_light(view, config, rng)
    return view, view_labels


def _zoom(config: AugmentationConfig, rng: np.random.Generator) -> float:
    if rng.random() >= config.zoom_probability:
        return 1.0
    return float(np.exp(rng.uniform(*np.log(config.zoom))))


def _centre(length: int, size_px: int, zoom: float, rng: np.random.Generator) -> float:
    """Return where the view's centre lies, so that it shows as much of the image as it can."""
    window = max(1, round(size_px / zoom))
    low, high = sorted((0, length - window))
    return float(rng.integers(low, high + 1) + (window - 1) / 2)


def _laid_down(config: AugmentationConfig, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    matrix = np.eye(2)
    if config.turn:
        orientation = ORIENTATIONS[rng.integers(len(ORIENTATIONS))]
        for _ in range(orientation.quarter_turns):
            matrix = matrix @ np.array([[0.0, 1.0], [-1.0, 0.0]])
        if orientation.mirrored:
            matrix = matrix @ np.diag([1.0, -1.0])
    if rng.random() < config.rotation_probability:
        angle = math.radians(rng.uniform(-config.rotation_deg, config.rotation_deg))
        cosine, sine = math.cos(angle), math.sin(angle)
        matrix = matrix @ np.array([[cosine, -sine], [sine, cosine]])
    return matrix


def _change_light(view: FloatImage, config: AugmentationConfig, rng: np.random.Generator) -> None:
    """Change intensities in place, in the order they arise: stain, light, optics, camera."""
    if rng.random() < config.stain_probability:
        _stain_anew(view, config.stain_sd, rng)
    if rng.random() < config.shuffle_probability:
        view[...] = view[..., rng.permutation(view.shape[2])]
    if rng.random() < config.gamma_probability:
        # exp and log run on several pixels at once, power does not.
        np.log(np.maximum(view, 1e-6, out=view), out=view)
        view *= np.float32(rng.uniform(*config.gamma))
        np.exp(view, out=view)
    if rng.random() < config.contrast_probability:
        pixels = view.reshape(-1, view.shape[2])
        mean = np.full(len(pixels), 1 / len(pixels), np.float32) @ pixels  # 20 times .mean()'s pace
        factor = np.float32(rng.uniform(*config.contrast))
        view *= factor
        view += mean * (1 - factor)
    if rng.random() < config.brightness_probability:
        gain, offset = rng.uniform(-config.brightness, config.brightness, 2).astype(np.float32)
        view *= 1 + gain
        view += offset / 3
    if rng.random() < config.blur_probability:
        _blur(view, rng.uniform(*config.blur_sigma_px))
    if rng.random() < config.noise_probability:
        noise = rng.standard_normal(view.shape, np.float32)
        noise *= np.float32(rng.uniform(0, config.noise_sd))
        view += noise


def _blur(view: FloatImage, sigma_px: float) -> None:
    from scipy.ndimage import gaussian_filter

    gaussian_filter(view, (sigma_px, sigma_px, 0), truncate=3, output=view)


def _stain_anew(view: FloatImage, largest: float, rng: np.random.Generator) -> None:
    """Change the amounts of stain [1]_ in optical density, separated as in [2]_.

    .. [1] D. Tellez et al., Med. Image Anal. 58:101544, 2019.
    .. [2] A. C. Ruifrok, D. A. Johnston, Anal. Quant. Cytol. Histol. 23:291, 2001.
    """
    from skimage.color import hed_from_rgb, rgb_from_hed

    factors, offsets = rng.uniform(-largest, largest, (2, 3)).astype(np.float32)
    is_colour = view.shape[2] == 3 and abs(view[..., 0] - view[..., 1]).max() > 1e-3
    if not is_colour or view.mean() <= 0.5:
        return
    density = -np.log(np.clip(view.reshape(-1, 3), 1e-3, 1))
    stains = (density @ hed_from_rgb.astype(np.float32)) * (1 + factors) + offsets
    pixels = np.exp(-(stains @ rgb_from_hed.astype(np.float32)))
    np.clip(pixels.reshape(view.shape), 0, 1, out=view)
