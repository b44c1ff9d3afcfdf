"""What the scores of each model look like, over images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from workbench.schema import FAILED_STATUSES, PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC


def select_scores(scores: pd.DataFrame, metric: str, threshold: float) -> pd.DataFrame:
    """Return the rows of one measure; a NaN threshold selects measures that have none.

    Raises
    ------
    ValueError
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
        raise ValueError(msg)
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
        Score table.
    metric, threshold
        The measure; threshold NaN for one that has none.

    Returns
    -------
    DataFrame
        One row per image (index ``image_id``), one column per model in order of appearance, the
        mean over its seeds. Images whose score is undefined or absent for any model are left out
        for all; ``attrs["n_left_out"]`` counts them.

    Raises
    ------
    ValueError
        If the measure is not in the table.

    Examples
    --------
    >>> rows = [("a", "unet", 0.5), ("b", "unet", 0.7), ("a", "otsu", 0.4), ("b", "otsu", np.nan)]
    >>> scores = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    >>> scores = scores.assign(seed=0, metric="f1", threshold=0.5)
    >>> paired_scores(scores).loc["a"].to_dict()
    {'unet': 0.5, 'otsu': 0.4}
    """
    chosen = select_scores(scores, metric, threshold)
    wide = chosen.pivot_table(
        index="image_id", columns="model", values="value", aggfunc=_mean_or_nan, dropna=False
    )
    wide = wide[list(dict.fromkeys(chosen["model"]))].rename_axis(columns=None)
    complete = wide.dropna()
    complete.attrs["n_left_out"] = len(wide) - len(complete)
    return complete


def describe_models(paired: pd.DataFrame) -> pd.DataFrame:
    """Describe each model's scores over images.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.

    Returns
    -------
    DataFrame
        One row per model: ``n``, ``mean``, ``sd`` (ddof=1), ``ci_low`` and ``ci_high`` (95 %
        interval of the mean, Student t), ``median``, ``q25``, ``q75``, ``minimum``, ``maximum``,
        and ``central_low`` to ``central_high``, between which the central 95 % of images lie.
        NaN where there are too few images.

    Examples
    --------
    >>> describe_models(pd.DataFrame({"unet": [0.4, 0.5, 0.6]})).loc[0, ["n", "mean"]].to_list()
    [3.0, 0.5]
    """
    rows = []
    for model in paired.columns:
        values = paired[model].to_numpy()
        n = len(values)
        half = _t_half_width(values)
        mean = values.mean() if n else np.nan
        quantiles = np.quantile(values, [0.025, 0.25, 0.5, 0.75, 0.975]) if n else [np.nan] * 5
        rows.append(
            {
                "model": model,
                "n": n,
                "mean": mean,
                "sd": values.std(ddof=1) if n > 1 else np.nan,
                "ci_low": mean - half,
                "ci_high": mean + half,
                "median": quantiles[2],
                "q25": quantiles[1],
                "q75": quantiles[3],
                "minimum": values.min() if n else np.nan,
                "maximum": values.max() if n else np.nan,
                "central_low": quantiles[0],
                "central_high": quantiles[4],
            }
        )
    return pd.DataFrame(rows)


def model_summary(
    scores: pd.DataFrame, *, thresholds: Sequence[float] = (0.5, 0.7, 0.9)
) -> pd.DataFrame:
    """Return the table of the models, the best by F1 first.

    Parameters
    ----------
    scores
        Score table.
    thresholds
        Those of them that were scored become columns; the first orders the rows.

    Returns
    -------
    DataFrame
        One row per model: ``n_images`` in all, ``n_used`` with a defined score for every model,
        ``n_failed`` predictions missing or unusable; ``f1@<threshold>`` the macro mean over
        images, ``ci_low`` and ``ci_high`` of the first, ``micro_f1`` pooled over the cells of all
        images at the first threshold, NaN without cells, and the macro means ``precision``,
        ``recall`` (same threshold) and ``dice``.
    """
    scored = [t for t in thresholds if np.isclose(scores["threshold"], t).any()]
    first = scored[0]
    paired = {t: paired_scores(scores, metric="f1", threshold=t) for t in scored}
    described = describe_models(paired[first]).set_index("model")
    at_first = select_scores(scores, "f1", first)
    summary = pd.DataFrame(index=described.index)
    summary["n_images"] = at_first.groupby("model")["image_id"].nunique()
    summary["n_used"] = described["n"]
    failed = at_first[at_first["status"].isin(FAILED_STATUSES)]
    summary["n_failed"] = failed.groupby("model")["image_id"].nunique()
    summary["n_failed"] = summary["n_failed"].fillna(0).astype(int)
    for threshold in scored:
        summary[f"f1@{threshold:g}"] = paired[threshold].mean()
    summary[["ci_low", "ci_high"]] = described[["ci_low", "ci_high"]]
    pooled = at_first.groupby("model")[["tp", "fp", "fn"]].sum()
    summary["micro_f1"] = 2 * pooled["tp"] / (2 * pooled["tp"] + pooled["fp"] + pooled["fn"])
    for extra in ("precision", "recall"):
        chosen = select_scores(scores, extra, first)
        summary[extra] = chosen.groupby("model")["value"].mean()
    summary["dice"] = paired_scores(scores, metric="dice", threshold=np.nan).mean()
    ordered = summary.sort_values(f"f1@{first:g}", ascending=False, kind="stable")
    return ordered.rename_axis("model").reset_index()


def scores_by_threshold(scores: pd.DataFrame, *, metric: str = PRIMARY_METRIC) -> pd.DataFrame:
    """Return the mean over images at each IoU threshold, with its 95 % interval (Student t).

    Returns
    -------
    DataFrame
        Columns model, threshold, mean, ci_low, ci_high, n.
    """
    thresholds = sorted(scores.loc[scores["metric"] == metric, "threshold"].dropna().unique())
    parts = []
    for threshold in thresholds:
        described = describe_models(paired_scores(scores, metric=metric, threshold=threshold))
        part = described[["model", "mean", "ci_low", "ci_high", "n"]]
        part.insert(1, "threshold", threshold)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def measures_by_threshold(scores: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Return the mean over images of several measures at each IoU threshold.

    Returns
    -------
    DataFrame
        As :func:`scores_by_threshold`, with a column ``metric`` in front.
    """
    parts = []
    for metric in metrics:
        part = scores_by_threshold(scores, metric=metric)
        part.insert(0, "metric", metric)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def _mean_or_nan(values: pd.Series) -> float:
    """Mean over seeds, NaN if any of them is: an image counts for all seeds or for none."""
    return float(np.mean(values.to_numpy()))


def _t_half_width(values: np.ndarray) -> float:
    if len(values) < 2:
        return float("nan")
    return float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))
