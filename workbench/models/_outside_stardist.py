"""StarDist, run by its own library."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from workbench.models._outside_library import outside_errors, outside_labels, outside_library
from workbench.schema import FloatImage, InputError, LabelImage


class StardistConfig(BaseModel):
    """Settings of StarDist.

    Attributes
    ----------
    weights
        Published ones ("2D_versatile_fluo", "2D_versatile_he", "2D_paper_dsb2018"), or the folder
        of a model of your own.
    prob_threshold, nms_threshold
        None for those that were tuned with the weights.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: str = "2D_versatile_fluo"
    prob_threshold: float | None = Field(None, gt=0, lt=1)
    nms_threshold: float | None = Field(None, gt=0, lt=1)


def segment_stardist(image: FloatImage, config: StardistConfig) -> LabelImage:
    """Find nuclei by StarDist.

    Parameters
    ----------
    image
        Normalised, shape (height, width, channels). Weights for one channel see the mean of all.
    config
        Settings.

    Raises
    ------
    InputError
        If StarDist or TensorFlow are not installed, there are no such weights, the channels don't
        fit, or StarDist fails.
    """
    with outside_errors("StarDist"):
        model = _model(config.weights)
        wanted = model.config.n_channel_in
        if wanted not in (1, image.shape[2]):
            msg = (
                f"the weights {config.weights!r} take {wanted} channels, got {image.shape[2]}; "
                "choose others."
            )
            raise InputError(msg)
        given = image.mean(axis=2) if wanted == 1 else image
        labels, _ = model.predict_instances(
            given,
            axes="YX" if wanted == 1 else "YXC",
            prob_thresh=config.prob_threshold,
            nms_thresh=config.nms_threshold,
        )
    return outside_labels(labels, image.shape[:2], library="StarDist")


@lru_cache(maxsize=1)
def _model(weights: str) -> Any:
    """Load weights once for all images."""
    kind = outside_library("stardist.models").StarDist2D
    folder = Path(weights)
    if (folder / "config.json").is_file():
        return kind(None, name=folder.name, basedir=str(folder.parent))
    found = kind.from_pretrained(weights)
    if found is None:
        msg = f"StarDist has no weights {weights!r}, and there is no folder with a config.json."
        raise InputError(msg)
    return found
