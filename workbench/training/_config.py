"""Settings of a training, without the libraries that carry it out."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError
from workbench.transforms import AugmentationConfig, Preparation


class TrainingConfig(BaseModel):
    """How a network is trained.

    The names that the benchmark study gave its options are understood too: max_epochs,
    initial_lr, val_interval, input_size, epoch_tolerance.

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
    optimizer
        "adamw", or "sgd" with Nesterov momentum 0.99.
    learning_rate
        Peak of the schedule.
    weight_decay
        Of the optimizer.
    schedule
        "one_cycle": rises over a tenth of the steps, then falls as a cosine; "polynomial": falls
        as (1 - step / steps) ** 0.9; "constant".
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

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    epochs: int = Field(30, ge=1, alias="max_epochs")
    batch_size: int = Field(8, ge=1)
    views_per_image: int = Field(1, ge=1)
    crop_px: Annotated[int, Field(ge=32, multiple_of=32)] | Literal["auto"] = Field(
        256, alias="input_size"
    )
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(6e-4, gt=0, alias="initial_lr")
    weight_decay: float = Field(1e-4, ge=0)
    schedule: Literal["one_cycle", "polynomial", "constant"] = "one_cycle"
    validate_every: int = Field(2, ge=1, alias="val_interval")
    patience: int = Field(10, ge=1, alias="epoch_tolerance")
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
