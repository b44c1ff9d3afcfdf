"""Settings of prediction, without the libraries that carry it out."""

from pydantic import BaseModel, ConfigDict, Field


class DecoderConfig(BaseModel):
    """How probabilities become cells.

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

    foreground_threshold: float = Field(0.5, gt=0, lt=1)
    seed_height_px: float = Field(0.75, gt=0)
    smoothing_px: float = Field(1.0, ge=0)
    min_area_px: int = Field(30, ge=0)


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
    decoder
        How probabilities become cells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_px: int = Field(256, ge=32, multiple_of=32)
    overlap: float = Field(0.25, ge=0, lt=1)
    batch_size: int = Field(4, ge=1)
    decoder: DecoderConfig = DecoderConfig()
