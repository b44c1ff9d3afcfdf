"""Methods of others, by name: their own libraries, installed on demand, imported when used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from workbench.models._outside_bioimageio import BioimageioConfig, segment_bioimageio
from workbench.models._outside_cellpose import CellposeConfig, segment_cellpose
from workbench.models._outside_instanseg import InstansegConfig, segment_instanseg
from workbench.models._outside_library import INSTALL
from workbench.models._outside_mesmer import MesmerConfig, segment_mesmer
from workbench.models._outside_stardist import StardistConfig, segment_stardist
from workbench.schema import FloatImage, LabelImage


class OutsideMethod(NamedTuple):
    """A method of others; see :class:`workbench.models.Architecture` for the fields."""

    summary: str
    settings: type[BaseModel]
    segment: Callable[[FloatImage, Any], LabelImage]
    libraries: tuple[str, ...]
    install: str


OUTSIDE_METHODS: Final[Mapping[str, OutsideMethod]] = {
    "bioimageio": OutsideMethod(
        "a model package of bioimage.io, run by bioimageio.core",
        BioimageioConfig,
        segment_bioimageio,
        ("bioimageio",),
        INSTALL["bioimageio.core"],
    ),
    "cellpose": OutsideMethod(
        "Cellpose 3 (cyto3, nuclei, ...) or Cellpose-SAM, by the version installed",
        CellposeConfig,
        segment_cellpose,
        ("cellpose", "torchvision"),
        INSTALL["cellpose"],
    ),
    "instanseg": OutsideMethod(
        "InstanSeg: nuclei and cells",
        InstansegConfig,
        segment_instanseg,
        ("instanseg",),
        INSTALL["instanseg"],
    ),
    "mesmer": OutsideMethod(
        "Mesmer of DeepCell: nuclei and membranes",
        MesmerConfig,
        segment_mesmer,
        ("deepcell",),
        INSTALL["deepcell"],
    ),
    "stardist": OutsideMethod(
        "StarDist 2D: star-convex nuclei",
        StardistConfig,
        segment_stardist,
        ("stardist", "tensorflow"),
        INSTALL["stardist"],
    ),
}
