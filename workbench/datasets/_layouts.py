"""The layouts in which data sets are found, the most particular first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from workbench.datasets._layout_bbbc import BBBC006, BBBC039
from workbench.datasets._layout_cellbindb import CELLBINDB
from workbench.datasets._layout_cellpose import CELLPOSE
from workbench.datasets._layout_coco import COCO
from workbench.datasets._layout_cryonuseg import CRYONUSEG
from workbench.datasets._layout_ctc import CTC
from workbench.datasets._layout_dsb2018 import DSB2018
from workbench.datasets._layout_evican import EVICAN
from workbench.datasets._layout_livecell import LIVECELL
from workbench.datasets._layout_monuseg import MONUSEG
from workbench.datasets._layout_neurips import NEURIPS
from workbench.datasets._layout_npz import NPZ
from workbench.datasets._layout_nuinsseg import NUINSSEG
from workbench.datasets._layout_stardist import STARDIST
from workbench.datasets._layout_values import Layout
from workbench.datasets._layout_zarr import OME_ZARR
from workbench.datasets._manifest import (
    folders_listing,
    manifest_listing,
    recognise_folders,
    recognise_manifest,
)

_MANIFEST: Final = Layout(
    "manifest",
    "a table of images, manifest.csv",
    "manifest.csv\nimages/a.tif\nlabels/a.tif",
    recognise_manifest,
    manifest_listing,
)
_FOLDERS: Final = Layout(
    "folders",
    "a pair of folders",
    "images/a.tif\nlabels/a.tif",
    recognise_folders,
    folders_listing,
)

_IN_ORDER: Final = (
    _MANIFEST,
    LIVECELL,
    EVICAN,
    MONUSEG,
    NUINSSEG,
    CRYONUSEG,
    NPZ,
    *(NEURIPS, DSB2018, STARDIST, CELLPOSE, BBBC039, BBBC006, CTC, CELLBINDB, OME_ZARR),
    COCO,
    _FOLDERS,
)
LAYOUTS: Final[Mapping[str, Layout]] = {layout.name: layout for layout in _IN_ORDER}


def recognised_layouts(path: Path) -> list[Layout]:
    """Return the layouts that fit a folder or file, the most particular first."""
    return [layout for layout in _IN_ORDER if layout.recognise(path)]
