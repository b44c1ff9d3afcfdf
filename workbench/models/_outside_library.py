"""Libraries of outside methods: imported when used, and how to install those that are lacking."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from workbench.schema import InputError, LabelImage

INSTALL: Final[Mapping[str, str]] = {
    "bioimageio.core": "pip install bioimageio.core onnxruntime",
    "cellpose": "pip install cellpose",
    "deepcell": "pip install deepcell",
    "instanseg": "pip install instanseg-torch",
    "stardist": "pip install stardist tensorflow",
}
"""Commands by module."""


def outside_library(module: str) -> Any:
    """Import a module of an outside library.

    Raises
    ------
    InputError
        If it is not installed or can't be imported; the message holds the command that installs
        it.
    """
    try:
        return importlib.import_module(module)
    except Exception as error:
        # Lacking parts of a library show in many types: StarDist raises RuntimeError.
        library = next(name for name in INSTALL if f"{module}.".startswith(f"{name}."))
        msg = (
            f"{library} can't be imported ({type(error).__name__}: {error!s:.150}); install it "
            f"with `{INSTALL[library]}`, see docs/gallery.md."
        )
        raise InputError(msg) from error


@contextmanager
def outside_errors(library: str) -> Iterator[None]:
    """Turn what an outside library raises into an error that names it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        msg = f"{library} failed ({type(error).__name__}: {' '.join(str(error).split()):.300})."
        raise InputError(msg) from error


def outside_labels(found: npt.ArrayLike, size_px: tuple[int, int], *, library: str) -> LabelImage:
    """Return what an outside library calls labels as a label image of the size of the image.

    Raises
    ------
    InputError
        If it is of another size.
    """
    labels = np.squeeze(np.asarray(found))
    if labels.shape != size_px:
        msg = f"{library} gave labels of shape {labels.shape} for an image of {size_px}."
        raise InputError(msg)
    return labels.astype(np.int32)
