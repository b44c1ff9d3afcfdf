"""Settings of a training, without the libraries that carry it out."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from workbench.schema import InputError
from workbench.training._loss_names import ClassLoss
from workbench.transforms import AugmentationConfig, Preparation


class TrainingConfig(BaseModel):
    """How a network is trained.

    The names that the benchmark study gave its options are understood too: max_epochs,
    initial_lr, val_interval, input_size, epoch_tolerance. Its model_name is the study's list of
    models, and its num_class follows from the encoding.

    Attributes
    ----------
    epochs
        Passes over the training images at most.
    batch_size
        Views per step and device.
    views_per_image
        Random views that an epoch takes from each image; more than 1 for small data sets.
    crop_px
        Side of the square views; a multiple of 32, or "auto": what the fingerprint of the training
        images suggests, see :func:`workbench.analysis.suggested_crop_px`.
    loss
        What classes of pixels are trained by; other maps (distances, flows) have a loss of their
        own.
    optimizer
        "adamw", or "sgd" with Nesterov momentum 0.99.
    learning_rate
        Peak of the schedule.
    weight_decay
        Of the optimizer.
    schedule
        "one_cycle": rises over a tenth of the steps, then falls as a cosine; "polynomial": falls
        as (1 - step / steps) ** 0.9; "constant".
    gradient_clip
        Longer gradients are cut to this length; 0 for none. A step whose loss or gradient is not
        finite is left out.
    weight_average
        Decay per step of a running mean of the weights, e.g. 0.99; the mean is then what is
        validated and kept. 0 for none.
    validate_every
        Epochs between validations on the whole validation images.
    patience
        Validations without a better F1 after which training stops early.
    tune_decoder
        Choose the decoder's settings by the best weights' maps of the validation images.
    accelerator
        "cpu", "cuda" or "mps"; "auto" takes the first of CUDA, MPS and CPU that is there.
    devices
        How many; "auto" for all GPUs there are, or one CPU. Several train as one by DDP: each
        takes its share of every epoch.
    precision
        "bf16", "fp16" (CUDA only) or "fp32"; "auto" takes bf16 where the hardware computes it
        itself.
    loader_workers
        Processes that prepare views while the network learns; "auto" for none on a CPU, whose
        cores the network needs itself, and up to 8 beside a GPU.
    preparation
        How images are prepared before anything else, in prediction too.
    augmentation
        How far views stray from the images, or the name of one of
        :data:`workbench.transforms.AUGMENTATIONS`.

    Examples
    --------
    >>> TrainingConfig.model_validate({"max_epochs": 50, "augmentation": "none"}).epochs
    50
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    epochs: int = Field(30, ge=1, alias="max_epochs")
    batch_size: int = Field(8, ge=1)
    views_per_image: int = Field(1, ge=1)
    crop_px: Annotated[int, Field(ge=32, multiple_of=32)] | Literal["auto"] = Field(
        256, alias="input_size"
    )
    loss: ClassLoss = "dice_ce"
    optimizer: Literal["adamw", "sgd"] = "adamw"
    learning_rate: float = Field(6e-4, gt=0, alias="initial_lr")
    weight_decay: float = Field(1e-4, ge=0)
    schedule: Literal["one_cycle", "polynomial", "constant"] = "one_cycle"
    gradient_clip: float = Field(1.0, ge=0, allow_inf_nan=False)
    weight_average: float = Field(0.0, ge=0, lt=1)
    validate_every: int = Field(2, ge=1, alias="val_interval")
    patience: int = Field(10, ge=1, alias="epoch_tolerance")
    tune_decoder: bool = True
    accelerator: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    devices: Annotated[int, Field(ge=1)] | Literal["auto"] = 1
    precision: Literal["auto", "bf16", "fp16", "fp32"] = "auto"
    loader_workers: Annotated[int, Field(ge=0)] | Literal["auto"] = "auto"
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
