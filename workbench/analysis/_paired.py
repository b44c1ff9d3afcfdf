"""Models side by side on the images that all of them were scored on, and what these share."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MIN_IMAGES: Final = 3
"""Fewer have no spread worth the name: no test is made of them."""
N_NAMED: Final = 5


def select_scores(scores: pd.DataFrame, metric: str, threshold: float) -> pd.DataFrame:
    """Return the rows of one measure; a NaN threshold selects measures that have none.

    Raises
    ------
    InputError
        If there are none; the message lists what there is.
    """
    of_metric = scores[scores["metric"] == metric]
    if np.isnan(threshold):
        chosen = of_metric[of_metric["threshold"].isna()]
    else:
        chosen = of_metric[np.isclose(of_metric["threshold"], threshold)]
    if chosen.empty:
        measures = scores[["metric", "threshold"]].drop_duplicates().itertuples(index=False)
        there = ", ".join(m if np.isnan(t) else f"{m} at {t:g}" for m, t in measures)
        msg = (
            f"no scores of {metric!r} at threshold {threshold:g}, only of {there}; score the "
            "predictions again with this threshold."
        )
        raise InputError(msg)
    return chosen


def paired_scores(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """Lay the models side by side on the images that all of them were scored on.

    Parameters
    ----------
    scores
        Score table: image_id, model, seed, metric, threshold, value.
    metric, threshold
        The measure; threshold NaN for one that has none.

    Returns
    -------
    DataFrame
        One row per image (index ``image_id``, sorted), one column per model in order of
        appearance, the mean over its seeds. Images whose score is undefined or absent for any
        model or seed are left out for all; ``attrs["n_left_out"]`` counts them and
        :func:`images_left_out` lists them.

    Raises
    ------
    InputError
        If the measure is not in the table, an image has two values for one model and seed, or no
        image has a value for every model.

    Examples
    --------
    >>> rows = [("a", "unet", 0.5), ("b", "unet", 0.7), ("a", "otsu", 0.4), ("b", "otsu", np.nan)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> paired_scores(scores).loc["a"].to_dict()
    {'unet': 0.5, 'otsu': 0.4}
    """
    chosen = select_scores(scores, metric, threshold)
    complete = complete_images(chosen)
    if complete.empty:
        raise InputError(_nothing_paired(chosen))
    return complete


def complete_images(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of one measure as :func:`paired_scores` does, but maybe without a row."""
    _refuse_repeats(chosen)
    wide = _mean_over_seeds(chosen)
    complete = wide.dropna()
    complete.attrs["n_left_out"] = len(wide) - len(complete)
    return complete


def images_left_out(
    scores: pd.DataFrame,
    *,
    metric: str = PRIMARY_METRIC,
    threshold: float = PRIMARY_IOU_THRESHOLD,
) -> pd.DataFrame:
    """List the images that :func:`paired_scores` leaves out, and because of which model.

    Parameters
    ----------
    scores
        Score table.
    metric, threshold
        The measure; threshold NaN for one that has none.

    Returns
    -------
    DataFrame
        Columns image_id, model, seed, reason, sorted: "absent" if the table has no row for this
        image, "undefined" if its value is NaN. Without rows if all images are complete.

    Raises
    ------
    InputError
        As :func:`paired_scores`, except that nothing needs to be left.

    Examples
    --------
    >>> rows = [("a", "unet", 0.5), ("b", "unet", 0.7), ("a", "otsu", np.nan)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> images_left_out(scores)[["image_id", "model", "reason"]].to_numpy().tolist()
    [['a', 'otsu', 'undefined'], ['b', 'otsu', 'absent']]
    """
    chosen = select_scores(scores, metric, threshold)
    _refuse_repeats(chosen)
    members = chosen[["model", "seed"]].drop_duplicates()
    images = chosen[["image_id"]].drop_duplicates()
    keys = ["image_id", "model", "seed"]
    every = images.merge(members, how="cross").merge(
        chosen[[*keys, "value"]], on=keys, how="left", indicator=True
    )
    lacking = every[every["value"].isna()]
    reasons = np.where(lacking["_merge"] == "left_only", "absent", "undefined")
    return lacking[keys].assign(reason=reasons).sort_values(keys).reset_index(drop=True)


def check_paired(
    paired: pd.DataFrame, *, min_images: int = MIN_IMAGES, min_models: int = 2
) -> FloatArray:
    """Return the values of a paired table, or say what is wrong with it.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.
    min_images, min_models
        What the caller needs.

    Returns
    -------
    array
        Shape (images, models), float64.

    Raises
    ------
    InputError
        For repeated image ids or models, for values that are no finite numbers, for too few
        images or models.

    Examples
    --------
    >>> check_paired(pd.DataFrame({"unet": [1, 0.5, 0], "otsu": [0, 0.5, 1]})).shape
    (3, 2)
    """
    for what, labels in (("image", paired.index), ("model", paired.columns)):
        if not labels.is_unique:
            repeated = labels[labels.duplicated()].unique().tolist()
            msg = (
                f"every {what} must stand once in paired scores, but {_named(repeated)} repeat; "
                "give each its own name, or build the table with paired_scores."
            )
            raise InputError(msg)
    n_images, n_models = paired.shape
    if n_images < min_images or n_models < min_models:
        msg = (
            f"this needs at least {_count(min_images, 'image')} and {_count(min_models, 'model')}, "
            f"got {_count(n_images, 'image')} and {_count(n_models, 'model')}; score more images, "
            "or add a model to the study."
        )
        raise InputError(msg)
    try:
        values: FloatArray = paired.to_numpy(dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"paired scores must be numbers: {error}; leave other columns out."
        raise InputError(msg) from error
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        msg = (
            f"paired scores must not be NaN or infinite, but {np.sum(~np.isfinite(values))} are, "
            f"the first that of model {paired.columns[column]!r} on image "
            f"{paired.index[row]!r}; build them with paired_scores."
        )
        raise InputError(msg)
    return values


def image_groups(scores: pd.DataFrame) -> pd.Series | None:
    """Return what each image shares with others: its slide, plate or patient.

    Parameters
    ----------
    scores
        Score table, with the column ``group`` where there is one.

    Returns
    -------
    Series or None
        ``image_id`` to the name of the group; an image without one is not in it and stands alone.
        None if no image has one.

    Raises
    ------
    InputError
        If an image belongs to two groups.

    Examples
    --------
    >>> scores = pd.DataFrame({"image_id": ["a", "b", "c"], "group": ["slide 1", "slide 1", ""]})
    >>> image_groups(scores).to_dict()
    {'a': 'slide 1', 'b': 'slide 1'}
    """
    if "group" not in scores:
        return None
    known = scores[["image_id", "group"]].drop_duplicates()
    known = known[known["group"].notna() & (known["group"] != "")]
    repeated = known.loc[known["image_id"].duplicated(), "image_id"].tolist()
    if repeated:
        names = known.loc[known["image_id"] == repeated[0], "group"].tolist()
        msg = (
            f"an image belongs to one group, but {repeated[0]!r} to {_named(names)} "
            f"({len(set(repeated))} such images); correct the column group."
        )
        raise InputError(msg)
    return known.set_index("image_id")["group"] if len(known) else None


def group_codes(images: pd.Index, groups: pd.Series | None) -> IntArray:
    """Return a number for each image, the same for images that share a group.

    Parameters
    ----------
    images
        Ids, unique.
    groups
        ``image_id`` to group, from :func:`image_groups`; None or an absent image: stands alone.

    Returns
    -------
    array
        0 to the number of groups - 1, in the order of the sorted names: whoever sums by it gets
        the same whatever the order of the images.

    Raises
    ------
    InputError
        If the groups are of other images, or name an image twice.
    """
    if groups is None:
        names = [f"image {image}" for image in images]
    else:
        if not groups.index.is_unique:
            msg = (
                "groups must name each image once, but "
                f"{_named(groups.index[groups.index.duplicated()].unique().tolist())} repeat; "
                "build them with image_groups."
            )
            raise InputError(msg)
        if not groups.index.isin(images).any():
            msg = (
                f"groups name none of the {len(images)} images; their index must be image_id, "
                "as image_groups makes it."
            )
            raise InputError(msg)
        of_image = groups.reindex(images)
        alone = (of_image.isna() | (of_image == "")).to_numpy()
        names = [
            f"image {image}" if single else f"group {name}"
            # Lists: one by one, the values of a column of texts take ten times as long.
            for image, name, single in zip(
                images.tolist(), of_image.tolist(), alone.tolist(), strict=True
            )
        ]
    codes: IntArray = np.unique(names, return_inverse=True)[1].astype(np.int64)
    return codes


def _mean_over_seeds(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return images x models, NaN where a value is undefined or any seed of the model lacks."""
    by_cell = chosen.groupby(["image_id", "model"], sort=True)["value"]
    wide = by_cell.mean(skipna=False).unstack("model")  # noqa: PD010 - keys are unique
    n_scored = by_cell.size().unstack("model", fill_value=0)  # noqa: PD010
    n_seeds = chosen.groupby("model")["seed"].nunique()
    wide = wide.where(n_scored == n_seeds)
    return wide[list(dict.fromkeys(chosen["model"]))].rename_axis(columns=None)


def _refuse_repeats(chosen: pd.DataFrame) -> None:
    keys = ["image_id", "model", "seed"]
    repeats = chosen[chosen.duplicated(keys, keep=False)]
    if repeats.empty:
        return
    image_id, model, seed = repeats.iloc[0][keys]
    first = repeats[(repeats[keys] == [image_id, model, seed]).all(axis=1)]
    cure = "remove the repeated rows"
    for column, wanted in (("convention", "keep one convention of"), ("dataset", "compare one of")):
        names = first[column].unique().tolist() if column in first else []
        if len(names) > 1:
            cure = f"{wanted} {_named(names)}"
    msg = (
        f"an image has one score for each model and seed, but {image_id!r} has {len(first)} of "
        f"{model!r}, seed {seed} ({repeats['image_id'].nunique()} such images); {cure}."
    )
    raise InputError(msg)


def _nothing_paired(chosen: pd.DataFrame) -> str:
    defined = chosen.dropna(subset="value").groupby("model", sort=False)["image_id"].nunique()
    counts = ", ".join(
        f"{model}: {defined.get(model, 0)}" for model in dict.fromkeys(chosen["model"])
    )
    return (
        "models are compared on the same images, but no image has a score of every model "
        f"(images with a score - {counts}); score all models on the same images, with the same "
        "image ids, or leave out the model that lacks them."
    )


def _named(names: list[object]) -> str:
    shown = ", ".join(repr(name) for name in names[:N_NAMED])
    more = len(names) - N_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
