"""A run whose annotation is wrong in two places: the method finds every disc, people did not."""

from collections.abc import Callable
from pathlib import Path

import tifffile

from tests.conftest import small_view
from workbench.studies import RunView


def view_of_wrong_labels(
    small_dataset: Callable[..., Path], small_study: Callable[..., Path], folder: Path
) -> RunView:
    """Return a run: of im2 disc 1 was forgotten, of im3 discs 1 to 3 are one, im4 is right."""
    root = small_dataset()
    for image_id, old, new in (("im2", 1, 0), ("im3", 2, 1), ("im3", 3, 1)):
        path = root / "labels" / f"{image_id}.tif"
        labels = tifffile.imread(path)
        labels[labels == old] = new
        tifffile.imwrite(path, labels)
    return small_view(small_study(), folder)
