"""How to divide the images of a data set, as a typed value."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

TEST: Final = "test"
WHOLE_TABLE: Final[Mapping[str, float]] = {"train": 0.7, "val": 0.1, "test": 0.2}
TEST_SET_ASIDE: Final[Mapping[str, float]] = {"train": 0.9, "val": 0.1}

Share = Annotated[float, Field(gt=0, le=1)]


class SplitConfig(BaseModel):
    """How to divide the images of a data set.

    Attributes
    ----------
    shares
        Share of the images that each split gets, adding up to 1. By default 0.7 train, 0.1 val
        and 0.2 test; 0.9 train and 0.1 val where the test images are set aside by ``keep`` or
        ``folds``, and then the shares are of the other images.
    keep
        Splits of the table that stay as they are, e.g. ``("test",)`` so that only the training
        images give validation images.
    folds, fold
        Divide the images into ``folds`` parts of equal size; number ``fold`` (from 0) is the test
        set. The parts are the same whatever ``fold`` is.
    stratify_by
        Column whose values each split holds in equal proportions.
    group_by
        Column that names what images share (a slide, a plate): a group is never parted. Images
        where it is empty stand alone.
    only
        Columns and the one value that images must have there; others belong to no split.
    seed
        Equal seeds give equal splits.

    Examples
    --------
    >>> SplitConfig(folds=5).shares
    {'train': 0.9, 'val': 0.1}
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shares: dict[Annotated[str, Field(min_length=1)], Share] = Field(min_length=1)
    keep: tuple[str, ...] = ()
    folds: int | None = Field(None, ge=2)
    fold: int = Field(0, ge=0)
    stratify_by: str | None = None
    group_by: str | None = None
    only: dict[str, str] = {}
    seed: int = Field(0, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _default_shares(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or values.get("shares") is not None:
            return values
        set_aside = values.get("keep") or values.get("folds")
        return {**values, "shares": dict(TEST_SET_ASIDE if set_aside else WHOLE_TABLE)}

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        total = sum(self.shares.values())
        if abs(total - 1) > 1e-6:
            msg = f"shares must add up to 1, {self.shares} add up to {total:g}"
            raise ValueError(msg)
        if self.folds and self.keep:
            msg = "give folds or keep, not both: the test images are a fold, or those there are"
            raise ValueError(msg)
        if self.fold >= (self.folds or 1):
            msg = (
                f"fold {self.fold} needs more than {self.fold} folds, got folds={self.folds}; "
                "folds are counted from 0"
            )
            raise ValueError(msg)
        twice = sorted(set(self.shares) & ({TEST} if self.folds else set(self.keep)))
        if twice:
            msg = f"{', '.join(twice)} is set aside and can't have a share too; leave it out"
            raise ValueError(msg)
        return self
