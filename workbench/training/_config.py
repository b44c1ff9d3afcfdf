"""Settings of a training, without the libraries that carry it out."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError
from workbench.transforms import AugmentationConfig, Preparation


class TrainingConfig(BaseModel):
    """How a network is trained.

    Attributes
    ----------
    epochs
        Passes over the training images at most.
    batch_size
        Views per step.
    views_per_image
        Random views that an epoch takes from each image; more than 1 for small data sets.
    crop_px
        Side of the square views; a multiple of 32, or "auto": what the fingerprint of the training
        images suggests, see :func:`workbench.analysis.suggested_crop_px`.
    learning_rate
        Peak of a one-cycle schedule of AdamW.
    weight_decay
        Of AdamW.
    validate_every
        Epochs between validations on the whole validation images.
    patience
        Validations without a better F1 after which training stops early.
    precision
        "bf16" or "fp32"; "auto" takes bf16 where the hardware computes it itself.
    preparation
        How images are prepared before anything else, in prediction too.
    augmentation
        How far views stray from the images.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(30, ge=1)
    batch_size: int = Field(8, ge=1)
    views_per_image: int = Field(1, ge=1)
    crop_px: Annotated[int, Field(ge=32, multiple_of=32)] | Literal["auto"] = 256
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    validate_every: int = Field(2, ge=1)
    patience: int = Field(10, ge=1)
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    preparation: Preparation = Preparation()
    augmentation: AugmentationConfig = AugmentationConfig()

    @property
    def view_px(self) -> int:
        """Side of the views.

        Raises
        ------
        InputError
            If it is still "auto": whoever trains must settle it by the training images first.
        """
        if self.crop_px == "auto":
            msg = "crop_px is 'auto'; the train stage settles it, a call must give a number."
            raise InputError(msg)
        return self.crop_px
