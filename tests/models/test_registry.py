"""Models by name, and the method that needs no training."""

import numpy as np
import pytest

from workbench.models import (
    OtsuWatershedConfig,
    build_network,
    find_architecture,
    otsu_watershed,
)
from workbench.schema import InputError


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"no model is called 'unnet'.*did you mean 'unet'\?"):
        find_architecture("unnet")


def test_a_method_is_no_network() -> None:
    with pytest.raises(InputError, match="'otsu_watershed' is not a network"):
        build_network("otsu_watershed", {}, in_channels=3, out_channels=3)


def blobs(*, bright: bool) -> np.ndarray:
    rows, columns = np.ogrid[:60, :90]
    cells = [(20, 20), (20, 34), (40, 70)]  # the first two touch
    inside = np.zeros((60, 90), bool)
    for row, column in cells:
        inside |= (rows - row) ** 2 + (columns - column) ** 2 < 64
    return (inside == bright).astype(np.float32)[..., None]


@pytest.mark.parametrize("bright", [True, False])
def test_otsu_watershed_parts_touching_cells_bright_or_dark(bright: bool) -> None:
    labels = otsu_watershed(blobs(bright=bright), OtsuWatershedConfig())
    assert labels.max() == 3
    assert labels[20, 20] != labels[20, 34]


def test_otsu_watershed_finds_nothing_in_a_constant_image() -> None:
    assert not otsu_watershed(np.full((30, 30, 1), 0.4, np.float32), OtsuWatershedConfig()).any()
