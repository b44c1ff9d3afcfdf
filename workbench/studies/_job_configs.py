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
    """``05_compare.ipynb``: statistics over all models of a run.

    Attributes
    ----------
    run
        Folder of a run, or a table of scores: CSV, TSV or Parquet.
    metric, iou_threshold
        The measure that decides, declared before looking.
    reference
        A model to compare all others with; None compares all pairs.
    margin
        Differences within it do not matter: models so close count as equivalent.
    """

    run: Path
    metric: str = PRIMARY_METRIC
    iou_threshold: float = Field(PRIMARY_IOU_THRESHOLD, gt=0, le=1)
    reference: str | None = None
    margin: float = Field(0.02, gt=0, allow_inf_nan=False)

    @field_validator("metric")
    @classmethod
    def _known(cls, metric: str) -> str:
        return find_measure(metric).name

    @property
    def threshold(self) -> float:
        """Threshold of the measure; NaN if it has none."""
        return self.iou_threshold if find_measure(self.metric).has_threshold else float("nan")

    @property
    def lower_is_better(self) -> bool:
        """Whether the measure is a distance or an error."""
        return find_measure(self.metric).higher_is_better is False

    @property
    def curve_metric(self) -> str:
        """What to draw over thresholds: the measure, or F1 if it has none."""
        return self.metric if find_measure(self.metric).has_threshold else PRIMARY_METRIC


class ErrorsJob(JobConfig):
    """``06_errors.ipynb``: the best and worst images of a run, and why."""

    run: Path
    n_images: int = Field(5, ge=1)
