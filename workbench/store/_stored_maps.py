"""Maps that were stored with a run, read again."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from workbench.schema import InputError


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
    >>> from workbench.store import write_maps
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
