"""What each notebook is told: its second cell builds one of these from its parameters."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from workbench.inference import PredictionConfig
from workbench.metrics import DEFAULT_IOU_THRESHOLDS
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, Member
from workbench.training import TrainingConfig


class JobConfig(BaseModel):
    """Common to all: frozen, and a misspelt parameter is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ExploreJob(JobConfig):
    """``01_explore.ipynb``: look at a data set."""

    dataset: Path


class TrainJob(JobConfig):
    """``02_train.ipynb``: train one network with one seed."""

    dataset: Path
    train_split: str = "train"
    validation_split: str = "val"
    model: str
    architecture: str
    settings: dict[str, Any] = {}
    training: TrainingConfig = TrainingConfig()
    seed: int = 0
    output: Path


class PredictJob(JobConfig):
    """``03_predict.ipynb``: find the cells of every test image.

    ``checkpoint`` is the folder that training wrote; None for a method without training.
    """

    dataset: Path
    split: str = "test"
    model: str
    architecture: str
    settings: dict[str, Any] = {}
    prediction: PredictionConfig = PredictionConfig()
    seed: int = 0
    checkpoint: Path | None = None
    output: Path


class EvaluateJob(JobConfig):
    """``04_evaluate.ipynb``: score the predictions of one member."""

    dataset: Path
    split: str = "test"
    model: str
    seed: int = 0
    predictions: Path
    iou_thresholds: tuple[float, ...] = Field(DEFAULT_IOU_THRESHOLDS, min_length=1)
    output: Path

    @property
    def member(self) -> Member:
        """Whose predictions these are."""
        return Member(self.model, self.seed)


class CompareJob(JobConfig):
    """``05_compare.ipynb``: statistics over all models of a run."""

    run: Path
    metric: str = PRIMARY_METRIC
    iou_threshold: float = Field(PRIMARY_IOU_THRESHOLD, gt=0, le=1)


class ErrorsJob(JobConfig):
    """``06_errors.ipynb``: the best and worst images of a run, and why."""

    run: Path
    n_images: int = Field(5, ge=1)
