"""Label images and maps to files."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.schema import FloatImage, InputError, LabelImage
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


def read_maps(path: Path) -> npt.NDArray[np.float16]:
    """Read what :func:`write_maps` has written.

    Returns
    -------
    ndarray of float16
        Shape (height, width, channels).

    Raises
    ------
    InputError
        If there is no such file, or it holds no maps.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "maps.tif"
    >>> write_maps(path, np.full((2, 3, 4), 0.5, np.float32))
    >>> read_maps(path).shape
    (2, 3, 4)
    """
    import tifffile

    try:
        stored = tifffile.imread(path)
    except (OSError, ValueError) as error:
        msg = f"{path}: maps can't be read ({error}); predict again with keep_maps."
        raise InputError(msg) from error
    if stored.ndim != 3 or stored.dtype.kind != "f":
        msg = (
            f"{path}: expected maps of shape (channels, height, width), got {stored.dtype} "
            f"{stored.shape}; predict again with keep_maps."
        )
        raise InputError(msg)
    return np.moveaxis(stored, 0, -1).astype(np.float16, copy=False)
