"""Images to files."""

from pathlib import Path

import numpy as np

from workbench.schema import ImageArray
from workbench.store._atomic import atomic_path


def write_image(path: Path, image: ImageArray) -> None:
    """Write an image as a compressed TIFF, whole or not at all.

    Parameters
    ----------
    path
        Ends in ``.tif``.
    image
        Shape (height, width, channels), uint8, uint16 or float32; stored in its type. Three
        channels are marked as red, green and blue, so that any viewer shows them.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "image.tif"
    >>> write_image(path, np.zeros((4, 6, 2), np.uint8))
    >>> tifffile.imread(path).shape
    (2, 4, 6)
    """
    import tifffile

    colour = image.shape[2] == 3
    # Channels in front: behind, a second or fourth one would be taken for transparency.
    pixels = image if colour else np.moveaxis(image, 2, 0)
    with atomic_path(path) as partial:
        tifffile.imwrite(
            partial,
            pixels,
            photometric="rgb" if colour else "minisblack",
            metadata={"axes": "YXS" if colour else "CYX"},
            compression="zlib",
            predictor=True,
        )
