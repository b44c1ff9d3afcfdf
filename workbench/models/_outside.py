"""Methods of others, by name: their own libraries, installed on demand, imported when used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from workbench.models._architecture import Architecture
from workbench.models._outside_bioimageio import BioimageioConfig, segment_bioimageio
from workbench.models._outside_cellpose import CellposeConfig, segment_cellpose
from workbench.models._outside_instanseg import InstansegConfig, segment_instanseg
from workbench.models._outside_library import INSTALL
from workbench.models._outside_mesmer import MesmerConfig, segment_mesmer
from workbench.models._outside_stardist import StardistConfig, segment_stardist

OUTSIDE_METHODS: Final[Mapping[str, Architecture]] = {
    "bioimageio": Architecture(
        summary="a model package of bioimage.io, run by bioimageio.core",
        settings=BioimageioConfig,
        segment=segment_bioimageio,
        libraries=("bioimageio",),
        install=INSTALL["bioimageio.core"],
    ),
    "cellpose": Architecture(
        summary="Cellpose 3 (cyto3, nuclei, ...) or Cellpose-SAM, by the version installed",
        settings=CellposeConfig,
        segment=segment_cellpose,
        libraries=("cellpose", "torchvision"),
        install=INSTALL["cellpose"],
    ),
    "instanseg": Architecture(
        summary="InstanSeg: nuclei and cells",
        settings=InstansegConfig,
        segment=segment_instanseg,
        libraries=("instanseg",),
        install=INSTALL["instanseg"],
    ),
    "mesmer": Architecture(
        summary="Mesmer of DeepCell: nuclei and membranes",
        settings=MesmerConfig,
        segment=segment_mesmer,
        libraries=("deepcell",),
        install=INSTALL["deepcell"],
    ),
    "stardist": Architecture(
        summary="StarDist 2D: star-convex nuclei",
        settings=StardistConfig,
        segment=segment_stardist,
        libraries=("stardist", "tensorflow"),
        install=INSTALL["stardist"],
    ),
}
