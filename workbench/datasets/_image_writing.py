"""Images to TIFF, so that reading them gives the same pixels, channels and pixel size."""

from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from workbench.datasets._image_values import ImageRead


def write_image(path: Path, image: ImageRead) -> None:
    """Write an image as a compressed TIFF.

    Parameters
    ----------
    path
        Ends in ``.ome.tif`` for OME-TIFF, which holds channel names and pixel size; else in
        ``.tif``, which holds neither.
    image
        Pixels of shape (height, width, channels).

    Examples
    --------
    >>> import tempfile
    >>> from workbench.datasets import describe_image
    >>> path = Path(tempfile.mkdtemp()) / "a.ome.tif"
    >>> write_image(path, ImageRead(np.zeros((4, 6, 2), np.uint16), ("DAPI", "red"), 0.5))
    >>> describe_image(path).channel_names, describe_image(path).pixel_size_um
    (('DAPI', 'red'), 0.5)
    """
    channels = image.pixels.shape[2]
    in_ome = path.name.endswith(".ome.tif")
    colour = channels == 3 and not image.channel_names
    options: dict[str, Any] = {"compression": "zlib", "photometric": "minisblack", "ome": in_ome}
    if colour or channels == 1:
        pixels, axes = image.pixels, "YXS"
        pixels, axes = (pixels, axes) if colour else (pixels[..., 0], "YX")
        options["photometric"] = "rgb" if colour else "minisblack"
    else:
        pixels, axes = np.ascontiguousarray(np.moveaxis(image.pixels, -1, 0)), "CYX"
    options["predictor"] = image.pixels.dtype.itemsize <= 4 and image.pixels.dtype.kind != "b"
    options["metadata"] = {"axes": axes} | (_ome_metadata(image, colour) if in_ome else {})
    tifffile.imwrite(path, pixels, **options)


def _ome_metadata(image: ImageRead, colour: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if image.pixel_size_um > 0:
        for axis in "XY":
            facts[f"PhysicalSize{axis}"] = image.pixel_size_um
            facts[f"PhysicalSize{axis}Unit"] = "µm"
    if image.channel_names and not colour:
        facts["Channel"] = {"Name": list(image.channel_names)}
    return facts
