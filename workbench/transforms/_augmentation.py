"""Random views of a training image: another place, scale, orientation, brightness and noise."""

import warnings
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import FloatImage


class AugmentationConfig(BaseModel):
    """How far a view may stray from the image.

    Attributes
    ----------
    zoom
        Smallest and largest magnification, drawn on a logarithmic scale.
    gamma
        Range of the exponent applied to half of the views.
    noise_sd
        Standard deviation of added noise at most, in a third of the views.
    blur_sigma_px
        Range of the Gaussian blur, in a third of the views.
    brightness
        Largest relative change of gain and largest offset / 3, in half of the views.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    zoom: tuple[float, float] = (0.5, 2.0)
    gamma: tuple[float, float] = (0.6, 1.6)
    noise_sd: float = Field(0.1, ge=0)
    blur_sigma_px: tuple[float, float] = (0.3, 1.5)
    brightness: float = Field(0.3, ge=0, lt=1)


def random_view(
    image: FloatImage,
    labels: npt.NDArray[np.int32],
    *,
    size_px: int,
    config: AugmentationConfig,
    rng: np.random.Generator,
) -> tuple[FloatImage, npt.NDArray[np.int32]]:
    """Cut a random window, resize it, turn and flip it, and vary its intensities.

    Parameters
    ----------
    image
        Shape (height, width, channels), values about 0 to 1.
    labels
        Shape (height, width), labels below 2**24.
    size_px
        Height and width of the view.
    config
        How far the view may stray.
    rng
        Source of all randomness: equal generators give equal views.

    Returns
    -------
    tuple of ndarray
        Image (size_px, size_px, channels) and labels (size_px, size_px). Where the window is
        larger than the image, the image is mirrored.

    Examples
    --------
    >>> view, labels = random_view(
    ...     np.zeros((40, 50, 3), np.float32), np.zeros((40, 50), np.int32), size_px=32,
    ...     config=AugmentationConfig(), rng=np.random.default_rng(0))
    >>> view.shape, labels.shape
    ((32, 32, 3), (32, 32))
    """
    zoom = np.exp(rng.uniform(*np.log(config.zoom)))
    window = max(1, round(size_px / zoom))
    rows = _window(labels.shape[0], window, rng)
    columns = _window(labels.shape[1], window, rng)
    pipeline = _pipeline(config, size_px)
    pipeline.set_random_state(int(rng.integers(2**31)))
    view = pipeline(
        {
            "image": image[np.ix_(rows, columns)].transpose(2, 0, 1),
            "labels": labels[np.ix_(rows, columns)][np.newaxis].astype(np.float32),
        }
    )
    return (
        view["image"].numpy().transpose(1, 2, 0),
        view["labels"][0].numpy().astype(np.int32),
    )


def _window(length: int, window: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return indices of a random stretch, mirrored at the end if it is longer than the image."""
    start = rng.integers(0, length - window + 1) if window < length else 0
    place = np.arange(start, start + window) % (2 * length)
    return np.where(place < length, place, 2 * length - 1 - place)


@lru_cache(maxsize=8)
def _pipeline(config: AugmentationConfig, size_px: int) -> Any:
    from monai import transforms
    from monai.data import set_track_meta

    set_track_meta(False)  # views carry no affine; tracking one costs a third of the time
    both = ("image", "labels")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return transforms.Compose(
            [
                transforms.Resized(
                    both, spatial_size=(size_px, size_px), mode=("bilinear", "nearest-exact")
                ),
                transforms.RandRotate90d(both, prob=0.75, max_k=3),
                transforms.RandFlipd(both, prob=0.5, spatial_axis=0),
                transforms.RandAdjustContrastd("image", prob=0.5, gamma=config.gamma),
                transforms.RandGaussianNoised("image", prob=1 / 3, std=config.noise_sd),
                transforms.RandGaussianSmoothd(
                    "image",
                    prob=1 / 3,
                    sigma_x=config.blur_sigma_px,
                    sigma_y=config.blur_sigma_px,
                ),
                transforms.RandScaleIntensityd("image", prob=0.5, factors=config.brightness),
                transforms.RandShiftIntensityd("image", prob=0.5, offsets=config.brightness / 3),
            ]
        )
