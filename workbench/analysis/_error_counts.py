"""The error table as arrays: models on the images that all of them were scored on."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.analysis._lost_f1 import (
    N_TYPES,
    FloatArray,
    f1_of_counts,
    gains_alone,
    shapley_shares,
)
from workbench.analysis._paired import complete_images
from workbench.schema import ERROR_TYPES, InputError

NEEDED: Final = (
    "image_id", "model", "seed", "threshold", "error", "n_events", "reference_cells",
    "predicted_cells", "added_matches", "added_predicted", "tp", "n_reference", "n_predicted",
)  # fmt: skip
COUNTED: Final = ("n_events", "reference_cells", "predicted_cells")
ADDED: Final = ("added_matches", "added_predicted")
TOTALS: Final = ("tp", "n_reference", "n_predicted")
_KEYS: Final = ["image_id", "model", "seed"]


@dataclass(frozen=True, eq=False)
class ModelErrors:
    """Errors of one model at one threshold.

    Attributes
    ----------
    tp, n_cells
        Matched pairs, and cells of both sides; shape (images, seeds).
    added_matches, added_predicted
        What fixing each type adds, shape (images, seeds, 6).
    counted
        Events, unmatched reference cells and unmatched predicted cells, (images, seeds, 6, 3).
    """

    tp: FloatArray
    n_cells: FloatArray
    added_matches: FloatArray
    added_predicted: FloatArray
    counted: FloatArray

    def of(self, chosen: npt.NDArray[np.bool_]) -> "ModelErrors":
        """Return those of some of the images."""
        return ModelErrors(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    @property
    def mean_f1(self) -> float:
        """Mean over the images of the mean over seeds."""
        return float(f1_of_counts(self.tp, self.n_cells).mean(axis=1).mean())

    @property
    def pooled_f1(self) -> float:
        """F1 of all cells of all images and seeds together."""
        return float(f1_of_counts(self.tp.sum(), self.n_cells.sum()))

    @property
    def shares_and_gains(self) -> FloatArray:
        """Shapley shares and gains of fixing one type, mean over seeds; shape (images, 12)."""
        flat = (
            self.tp.ravel(),
            self.n_cells.ravel(),
            self.added_matches.reshape(-1, N_TYPES),
            self.added_predicted.reshape(-1, N_TYPES),
        )
        both = np.hstack([shapley_shares(*flat), gains_alone(*flat)])
        means: FloatArray = both.reshape(*self.tp.shape, 2 * N_TYPES).mean(axis=1)
        return means

    @property
    def pooled(self) -> FloatArray:
        """Counts summed over seeds: TP, cells, added matches, added predicted; (images, 14)."""
        return np.hstack(
            [
                self.tp.sum(axis=1)[:, None],
                self.n_cells.sum(axis=1)[:, None],
                self.added_matches.sum(axis=1),
                self.added_predicted.sum(axis=1),
            ]
        )


@dataclass(frozen=True, eq=False)
class ErrorCounts:
    """Errors of several models on the same images.

    Attributes
    ----------
    images
        Ids, sorted.
    models
        By name, in order of appearance.
    n_left_out
        Images whose F1 is undefined for a model or seed, or that one lacks.
    """

    images: pd.Index
    models: dict[str, ModelErrors]
    n_left_out: int

    def of(self, images: pd.Index) -> "ErrorCounts":
        """Return those of some of the images."""
        chosen = self.images.isin(images)
        models = {name: errors.of(chosen) for name, errors in self.models.items()}
        return replace(self, images=self.images[chosen], models=models)


def error_counts(errors: pd.DataFrame, threshold: float) -> ErrorCounts:
    """Return the errors of all models at a threshold.

    Raises
    ------
    InputError
        If columns, rows or the threshold are missing, rows repeat, the counts of an image
        contradict each other, or no image has a score of every model.
    """
    chosen = _at_threshold(errors, threshold)
    unit = chosen.groupby(_KEYS, sort=False).ngroup().to_numpy()
    kind = pd.Index(ERROR_TYPES).get_indexer(chosen["error"])
    units = chosen.drop_duplicates(_KEYS).reset_index(drop=True)
    _refuse_incomplete(chosen, units, unit, kind)
    by_type: FloatArray = np.empty((len(units), N_TYPES, len(COUNTED) + len(ADDED)))
    by_type[unit, kind] = chosen[[*COUNTED, *ADDED]].to_numpy(np.float64)
    _refuse_contradictions(units, by_type[:, :, len(COUNTED) :].sum(axis=1))
    n_cells = (units["n_reference"] + units["n_predicted"]).to_numpy(np.float64)
    scored = units[_KEYS].assign(value=np.where(n_cells > 0, 1.0, np.nan))
    complete = complete_images(scored)
    if complete.empty:
        msg = (
            f"no image has errors of every model at IoU {threshold:g}, or none has cells; score "
            "all models on the same images."
        )
        raise InputError(msg)
    return ErrorCounts(
        images=complete.index,
        models={
            str(model): _of_model(units, by_type, n_cells, complete.index, model)
            for model in complete.columns
        },
        n_left_out=int(complete.attrs["n_left_out"]),
    )


def _of_model(
    units: pd.DataFrame, by_type: FloatArray, n_cells: FloatArray, images: pd.Index, model: object
) -> ModelErrors:
    rows = units[(units["model"] == model) & units["image_id"].isin(images)]
    places = rows.sort_values(["image_id", "seed"]).index.to_numpy()
    shape = (len(images), len(places) // len(images))
    types = by_type[places].reshape(*shape, N_TYPES, -1)
    return ModelErrors(
        tp=units["tp"].to_numpy(np.float64)[places].reshape(shape),
        n_cells=n_cells[places].reshape(shape),
        added_matches=types[..., len(COUNTED)],
        added_predicted=types[..., len(COUNTED) + 1],
        counted=types[..., : len(COUNTED)],
    )


def _at_threshold(errors: pd.DataFrame, threshold: float) -> pd.DataFrame:
    missing = [name for name in NEEDED if name not in errors]
    if missing:
        msg = (
            f"the table of errors has no column {', '.join(missing)}; take scores/errors.parquet "
            "of a run, or evaluate it again."
        )
        raise InputError(msg)
    chosen = errors[np.isclose(errors["threshold"].astype(float), threshold)]
    if chosen.empty:
        there = ", ".join(f"{value:g}" for value in sorted(errors["threshold"].unique()))
        msg = (
            f"no errors at IoU {threshold:g}, only at {there or 'none'}; evaluate the predictions "
            "again with this threshold."
        )
        raise InputError(msg)
    return chosen


def _refuse_incomplete(
    chosen: pd.DataFrame,
    units: pd.DataFrame,
    unit: npt.NDArray[np.int64],
    kind: npt.NDArray[np.intp],
) -> None:
    if (kind < 0).any():
        name = chosen["error"].to_numpy()[kind < 0][0]
        msg = f"no error type is called {name!r}; there are {', '.join(ERROR_TYPES)}."
        raise InputError(msg)
    seen = np.bincount(unit * N_TYPES + kind, minlength=len(units) * N_TYPES)
    wrong = np.flatnonzero(seen != 1)
    if len(wrong):
        place, error = divmod(int(wrong[0]), N_TYPES)
        image_id, model, number = units.loc[place, _KEYS]
        msg = (
            "an image has one row for each model, seed and error type, but "
            f"{image_id!r} has {seen[wrong[0]]} of {model!r}, seed {number}, "
            f"{ERROR_TYPES[error]!r}; keep one data set and one threshold, and evaluate again if "
            "rows are lost."
        )
        raise InputError(msg)


def _refuse_contradictions(units: pd.DataFrame, added: FloatArray) -> None:
    """Refuse images in which fixing all errors would not give the reference."""
    tp, n_reference, n_predicted = (units[name].to_numpy(np.float64) for name in TOTALS)
    wrong = (tp + added[:, 0] != n_reference) | (n_predicted + added[:, 1] != n_reference)
    if wrong.any():
        image_id, model, number = units.loc[wrong, _KEYS].iloc[0]
        msg = (
            f"the errors of image {image_id!r}, {model!r}, seed {number}, don't add up: with all "
            "of them fixed there must be as many pairs and predicted cells as reference cells "
            f"({wrong.sum()} such images); evaluate the predictions again."
        )
        raise InputError(msg)
