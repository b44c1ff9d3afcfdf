"""What the scores of each model look like, over images."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from workbench.analysis._intervals import (
    ALPHA,
    Interval,
    bca_of_mean,
    check_alpha,
    order_statistics_of_median,
    t_of_mean,
)
from workbench.analysis._paired import (
    check_paired,
    complete_images,
    group_codes,
    image_groups,
    paired_scores,
    select_scores,
)
from workbench.analysis._resampling import N_RESAMPLES, bootstrap_means
from workbench.schema import FAILED_STATUSES, PRIMARY_METRIC


def describe_models(
    paired: pd.DataFrame,
    *,
    groups: pd.Series | None = None,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Describe each model's scores over images, each statistic with an interval that fits it.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.
    groups
        ``image_id`` to group, from :func:`image_groups`; intervals then allow for images of one
        group being alike.
    alpha
        One minus the confidence.
    n_resamples, seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row per model: ``n``, ``mean``, ``sd`` (ddof=1), intervals of the mean by Student t
        (``ci_low``, ``ci_high``) and by BCa bootstrap (``bca_low``, ``bca_high``), ``median`` with
        its interval between order statistics (``median_low``, ``median_high``), ``q25``, ``q75``,
        ``minimum``, ``maximum``, ``central_low`` to ``central_high``, between which the central
        95 % of images lie, and a ``notice`` on intervals that need one. NaN where there are too
        few images.

    Raises
    ------
    InputError
        For no image, NaN, repeated image ids, or groups of other images.

    Examples
    --------
    >>> describe_models(pd.DataFrame({"unet": [0.4, 0.5, 0.6]})).loc[0, ["n", "mean"]].to_list()
    [3.0, 0.5]
    """
    check_alpha(alpha)
    values = check_paired(paired, min_images=1, min_models=1)
    resampled = bootstrap_means(paired, groups=groups, n_resamples=n_resamples, seed=seed)
    codes = group_codes(paired.index, groups)
    rows = []
    for place, model in enumerate(paired.columns):
        scores = values[:, place]
        of_mean = t_of_mean(scores, codes, alpha=alpha)
        bca = bca_of_mean(scores, resampled[:, place], codes, alpha=alpha)
        of_median = order_statistics_of_median(scores, codes, alpha=alpha)
        low, q25, median, q75, high = np.quantile(scores, [0.025, 0.25, 0.5, 0.75, 0.975])
        rows.append(
            {
                "model": model,
                "n": len(scores),
                "mean": scores.mean(),
                "sd": scores.std(ddof=1) if len(scores) > 1 else np.nan,
                "ci_low": of_mean.low,
                "ci_high": of_mean.high,
                "bca_low": bca.low,
                "bca_high": bca.high,
                "median": median,
                "median_low": of_median.low,
                "median_high": of_median.high,
                "q25": q25,
                "q75": q75,
                "minimum": scores.min(),
                "maximum": scores.max(),
                "central_low": low,
                "central_high": high,
                "notice": _notices(of_mean, bca, of_median),
            }
        )
    return pd.DataFrame(rows)


def describe_as_published(paired: pd.DataFrame) -> pd.DataFrame:
    """Describe each model's scores with the numbers that published benchmark reports print.

    Parameters
    ----------
    paired
        Images x models, from :func:`paired_scores`.

    Returns
    -------
    DataFrame
        One row per model: ``n``, ``mean``, the standard deviation divided by n (``sd_ddof0``) and
        by n - 1 (``sd_ddof1``), which such reports mix, ``median``, ``central_low`` and
        ``central_high``, the percentiles 2.5 and 97.5 of the images that they call "95% CI",
        ``minimum``, ``maximum``.

    Raises
    ------
    InputError
        For no image, NaN or repeated image ids.

    Examples
    --------
    >>> row = describe_as_published(pd.DataFrame({"unet": [0.0, 1.0]})).loc[0]
    >>> round(float(row["sd_ddof0"]), 3), round(float(row["sd_ddof1"]), 3)
    (0.5, 0.707)
    """
    values = check_paired(paired, min_images=1, min_models=1)
    low, median, high = np.quantile(values, [0.025, 0.5, 0.975], axis=0)
    return pd.DataFrame(
        {
            "model": paired.columns,
            "n": len(values),
            "mean": values.mean(axis=0),
            "sd_ddof0": values.std(axis=0),
            "sd_ddof1": values.std(axis=0, ddof=1) if len(values) > 1 else np.nan,
            "median": median,
            "central_low": low,
            "central_high": high,
            "minimum": values.min(axis=0),
            "maximum": values.max(axis=0),
        }
    )


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
    paired = {t: complete_images(select_scores(scores, "f1", t)) for t in scored}
    described = _means(paired[first], image_groups(scores)).set_index("model")
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
    summary["dice"] = complete_images(select_scores(scores, "dice", np.nan)).mean()
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
    groups = image_groups(scores)
    parts = []
    for threshold in thresholds:
        paired = paired_scores(scores, metric=metric, threshold=threshold)
        part = _means(paired, groups)
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


def _means(paired: pd.DataFrame, groups: pd.Series | None) -> pd.DataFrame:
    """Return model, mean, ci_low, ci_high and n; NaN where there is no image."""
    table = pd.DataFrame({"model": paired.columns, "mean": paired.mean().to_numpy()})
    intervals = [Interval(np.nan, np.nan)] * paired.shape[1]
    if len(paired):
        codes = group_codes(paired.index, groups)
        intervals = [t_of_mean(values, codes) for values in paired.to_numpy(float).T]
    table["ci_low"] = [interval.low for interval in intervals]
    table["ci_high"] = [interval.high for interval in intervals]
    return table.assign(n=len(paired))


def _notices(of_mean: Interval, bca: Interval, of_median: Interval) -> str:
    """Join what is to be said, each sentence once."""
    return "; ".join(dict.fromkeys(x.notice for x in (of_mean, bca, of_median) if x.notice))
