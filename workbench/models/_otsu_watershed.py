"""Otsu's threshold and a distance watershed: the baseline below every table."""

import numpy as np
import numpy.typing as npt
import scipy
import skimage
from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import FloatImage, LabelImage


class OtsuWatershedConfig(BaseModel):
    """Settings of the baseline.

    Attributes
    ----------
    smoothing_px
        Standard deviation of the Gaussian applied before thresholding.
    min_distance_px
        Two cells are told apart if their centres are at least this far from each other.
    min_area_px
        Smaller pieces are dropped, smaller holes filled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoothing_px: float = Field(1.0, ge=0)
    min_distance_px: int = Field(5, ge=1)
    min_area_px: int = Field(20, ge=0)


def otsu_watershed(image: FloatImage, config: OtsuWatershedConfig) -> LabelImage:
    """Segment without training: threshold, then split by the distance to the background.

    Parameters
    ----------
    image
        Shape (height, width, channels), values about 0 to 1.
    config
        Settings.

    Returns
    -------
    ndarray of int32
        Label image (height, width). Foreground is the side of Otsu's threshold on which the
        commonest grey level does not lie, so dark cells on a bright ground are found too. A
        constant image has no cells.

    Examples
    --------
    >>> image = np.zeros((20, 20, 1), np.float32)
    >>> image[5:12, 5:12] = 1
    >>> int(otsu_watershed(image, OtsuWatershedConfig()).max())
    1
    """
    grey = skimage.filters.gaussian(
        image.mean(axis=2), sigma=config.smoothing_px, preserve_range=True
    )
    if grey.max() == grey.min():
        return np.zeros(grey.shape, np.int32)
    foreground = _foreground(grey)
    foreground = skimage.morphology.remove_small_objects(foreground, max_size=config.min_area_px)
    foreground = skimage.morphology.remove_small_holes(foreground, max_size=config.min_area_px)
    distance = skimage.filters.gaussian(scipy.ndimage.distance_transform_edt(foreground), sigma=1.0)
    components, _ = scipy.ndimage.label(foreground)
    peaks = skimage.feature.peak_local_max(
        distance, min_distance=config.min_distance_px, labels=components, exclude_border=False
    )
    seeds = np.zeros(grey.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels: LabelImage = skimage.segmentation.watershed(-distance, seeds, mask=foreground).astype(
        np.int32
    )
    return labels


def _foreground(grey: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    threshold = skimage.filters.threshold_otsu(grey)
    counts, edges = np.histogram(grey, bins=64)
    commonest = edges[np.argmax(counts)]
    dark: npt.NDArray[np.bool_] = grey <= threshold
    return dark if commonest > threshold else ~dark
