"""What notebooks are told: the second cell of each builds one of these from its parameters.

The configs of stages with a function of their own stand beside that function.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from workbench.metrics import find_measure
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC


class JobConfig(BaseModel):
    """Common to all: frozen, and a misspelt parameter is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CompareJob(JobConfig):
    """``05_compare.ipynb``: statistics over all models of a run."""

    run: Path
    metric: str = PRIMARY_METRIC
    iou_threshold: float = Field(PRIMARY_IOU_THRESHOLD, gt=0, le=1)

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        return find_measure(metric).name

    @property
    def threshold(self) -> float:
        """Threshold of the measure; NaN if it has none."""
        return self.iou_threshold if find_measure(self.metric).has_threshold else float("nan")

    @property
    def curve_metric(self) -> str:
        """What to draw over thresholds: the measure, or F1 if it has none."""
        return self.metric if find_measure(self.metric).has_threshold else PRIMARY_METRIC


class ErrorsJob(JobConfig):
    """``06_errors.ipynb``: the best and worst images of a run, and why."""

    run: Path
    n_images: int = Field(5, ge=1)
