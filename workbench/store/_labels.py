"""Label images and maps to files."""

from pathlib import Path

import numpy as np

from workbench.schema import FloatImage, LabelImage
from workbench.store._atomic import atomic_path


def write_labels(path: Path, labels: LabelImage) -> None:
    """Write a label image as a compressed TIFF, whole or not at all.

    Parameters
    ----------
    path
        Ends in ``.tif``.
    labels
        Shape (height, width), 0 or positive; stored as uint16, or uint32 if a label needs it.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "labels.tif"
    >>> write_labels(path, np.array([[0, 70_000]]))
    >>> tifffile.imread(path)
    array([[    0, 70000]], dtype=uint32)
    """
    import tifffile

    fits = labels.size == 0 or labels.max() <= np.iinfo(np.uint16).max
    stored = labels.astype(np.uint16 if fits else np.uint32)
    with atomic_path(path) as partial:
        tifffile.imwrite(partial, stored, compression="zlib")


def write_maps(path: Path, maps: FloatImage) -> None:
    """Write what a network paints as a compressed float16 TIFF, whole or not at all.

    Parameters
    ----------
    path
        Ends in ``.tif``; its folder is made if needed.
    maps
        Shape (height, width, channels); stored with the channels first.

    Examples
    --------
    >>> import tempfile, tifffile
    >>> path = Path(tempfile.mkdtemp()) / "maps.tif"
    >>> write_maps(path, np.full((2, 3, 4), 0.5, np.float32))
    >>> tifffile.imread(path).shape
    (4, 2, 3)
    """
    import tifffile

    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.ascontiguousarray(np.moveaxis(maps, -1, 0), np.float16)
    with atomic_path(path) as partial:
        tifffile.imwrite(
            partial, stored, compression="zlib", photometric="minisblack", metadata={"axes": "CYX"}
        )
