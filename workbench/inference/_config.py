"""Settings of prediction, without the libraries that carry it out."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class OfficialDecoder(BaseModel):
    """Three classes to cells by the rule of the challenge: interior, then connected components.

    Attributes
    ----------
    interior_threshold
        A pixel belongs to a cell if interior is more probable than this.
    min_area_px
        Smaller cells are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["official"] = "official"
    interior_threshold: float = Field(0.5, gt=0, lt=1)
    min_area_px: int = Field(16, ge=0)


class WatershedDecoder(BaseModel):
    """Three classes to cells by a seeded watershed, which gives cells their boundary back.

    Attributes
    ----------
    foreground_threshold
        A pixel belongs to a cell if interior and boundary together are at least this probable.
    seed_height_px
        Two seeds are told apart if the distance map falls by this much between them.
    smoothing_px
        Standard deviation of the Gaussian applied to the distance map.
    min_area_px
        Smaller cells are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["watershed"] = "watershed"
    foreground_threshold: float = Field(0.5, gt=0, lt=1)
    seed_height_px: float = Field(0.75, gt=0)
    smoothing_px: float = Field(1.0, ge=0)
    min_area_px: int = Field(30, ge=0)


class DistanceDecoder(BaseModel):
    """Three classes and a distance to cells, by a watershed of the distance.

    Attributes
    ----------
    foreground_threshold
        A pixel belongs to a cell if interior and boundary together are at least this probable.
    seed_height
        Two seeds are told apart if the distance, 1 in the middle of a cell, falls by this much
        between them.
    smoothing_px
        Standard deviation of the Gaussian applied to the distance before seeds are sought.
    min_area_px
        Smaller cells are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["distance"] = "distance"
    foreground_threshold: float = Field(0.5, gt=0, lt=1)
    seed_height: float = Field(0.15, gt=0, lt=1)
    smoothing_px: float = Field(1.0, ge=0)
    min_area_px: int = Field(30, ge=0)


class StarConvexDecoder(BaseModel):
    """Object probability and rays to cells, by non-maximum suppression of polygons.

    Attributes
    ----------
    object_threshold
        A pixel proposes a polygon if its object probability is above this.
    nms_overlap
        A polygon is suppressed if it shares more than this with a more probable one, as part of
        the smaller of both.
    min_area_px
        Smaller cells are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["star_convex"] = "star_convex"
    object_threshold: float = Field(0.5, gt=0, lt=1)
    nms_overlap: float = Field(0.3, ge=0, lt=1)
    min_area_px: int = Field(30, ge=0)


class FlowDecoder(BaseModel):
    """Foreground and flows to cells, by following the flows.

    Attributes
    ----------
    foreground_threshold
        A pixel belongs to a cell if foreground is at least this probable.
    n_steps
        Steps that a pixel follows the flow at most.
    flow_error_threshold
        Cells are dropped whose predicted flows differ from those of their shape by more than this
        (mean squared length of the difference, at most 4); None keeps them all.
    min_area_px
        Smaller cells are dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["flows"] = "flows"
    foreground_threshold: float = Field(0.5, gt=0, lt=1)
    n_steps: int = Field(200, ge=1)
    flow_error_threshold: float | None = Field(0.4, gt=0)
    min_area_px: int = Field(30, ge=0)


Decoder = Annotated[
    OfficialDecoder | WatershedDecoder | DistanceDecoder | StarConvexDecoder | FlowDecoder,
    Field(discriminator="kind"),
]
"""How maps become cells; which of them fit is the encoding's business."""


class PredictionConfig(BaseModel):
    """How a network is applied to an image.

    Attributes
    ----------
    window_px
        Side of the square windows; a multiple of 32.
    overlap
        Share of a window that its neighbour covers too; windows are blended by a Gaussian.
    batch_size
        Windows per forward pass.
    orientations
        Test-time augmentation: in how many orientations each window is looked at, 1, 4 (quarter
        turns) or 8 (mirrored too); the maps are averaged.
    tile_px
        An image whose height and width are at most this is decoded whole; a larger one in tiles
        of this size, with memory for the maps of one of them.
    tile_overlap_px
        What neighbouring tiles share; cells up to half of it across come out as if the image were
        decoded whole, larger ones are joined from their pieces.
    decoder
        How maps become cells; settings without a ``kind`` are those of the watershed. None for the
        settings that were tuned on the validation images when the network was trained, or the
        encoding's own where none were.
    stability
        Whether to store how little each cell depends on the foreground threshold as a further
        confidence, "stability"; the maps are then decoded three times.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_px: int = Field(256, ge=32, multiple_of=32)
    overlap: float = Field(0.25, ge=0, lt=1)
    batch_size: int = Field(4, ge=1)
    orientations: Literal[1, 4, 8] = 1
    tile_px: int = Field(2048, ge=64)
    tile_overlap_px: int = Field(256, ge=2)
    decoder: Decoder | None = None
    stability: bool = False

    @field_validator("decoder", mode="before")
    @classmethod
    def _watershed_unless_named(cls, value: Any) -> Any:
        return {"kind": "watershed"} | value if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _tiles_advance(self) -> "PredictionConfig":
        if 2 * self.tile_overlap_px > self.tile_px:
            msg = (
                f"tile_overlap_px may be half of tile_px ({self.tile_px}) at most, got "
                f"{self.tile_overlap_px}"
            )
            raise ValueError(msg)
        return self
