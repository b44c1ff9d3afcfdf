"""Images that are hard for every model, and images on which the models disagree most."""

from typing import Final

import numpy as np
import pandas as pd

from workbench.analysis._lost_f1 import FloatArray
from workbench.analysis._paired import complete_images, select_scores
from workbench.schema import PRIMARY_IOU_THRESHOLD, PRIMARY_METRIC, InputError

MIN_MODELS: Final = 3


def image_difficulty(
    scores: pd.DataFrame, *, threshold: float = PRIMARY_IOU_THRESHOLD
) -> pd.DataFrame:
    """Return how hard each image is, and how well it tells good models from poor ones.

    Parameters
    ----------
    scores
        Score table with F1: ``image_id``, ``model``, ``seed``, ``metric``, ``threshold``,
        ``value``, ``tp``, ``n_reference``, ``n_predicted``.
    threshold
        IoU from which a cell counts as found.

    Returns
    -------
    DataFrame
        One row per image that all models have a score of, the hardest first:

        - ``image_id``, ``n_reference``;
        - ``mean``, ``best``, ``worst`` F1 of the models, ``best_model``, ``worst_model``;
        - ``spread``, best - worst: sort by it for the images on which models disagree most;
        - ``hard_for_all``: even the best model scores less there than the weakest does on average;
        - ``difficulty``: 0 for an average image, in logits; one more means odds of a match that
          are 2.7 times smaller;
        - ``discrimination``: 1 for an average image, 0 if good and poor models do alike there,
          negative if poor ones do better, a reason to check its annotation. NaN for fewer than 3
          models, and where the other images show no difference between them.

    Raises
    ------
    InputError
        If F1 at this threshold is not in the table, or no image has a score of every model.

    Notes
    -----
    F1 is the share of all cells, reference and predicted, that are matched: 2 TP of N. As in item
    response theory for answers on a scale [1]_, the logit of that share, y = log((2 TP + 1/2) /
    (N - 2 TP + 1/2)) for model m on image i, is taken for linear in the ability of the model:
    y = c_i + a_i theta_m. theta_m is the mean of y over the other images, less its mean over
    models; a_i, the discrimination, is fitted by least squares over the models; difficulty is the
    mean of all y less c_i. Counts of several seeds are added up. With few models a_i is rough.

    References
    ----------
    .. [1] G. J. Mellenbergh, Psychol. Bull. 115:300, 1994.
    """
    chosen = select_scores(scores, PRIMARY_METRIC, threshold)
    paired = complete_images(chosen)
    if paired.empty:
        msg = "no image has an F1 of every model; score all models on the same images."
        raise InputError(msg)
    inside = chosen[chosen["image_id"].isin(paired.index)]
    logits = _logits(inside, paired)
    table = pd.DataFrame(
        {
            "n_reference": inside.groupby("image_id")["n_reference"].first(),
            "mean": paired.mean(axis=1),
            "best": paired.max(axis=1),
            "worst": paired.min(axis=1),
            "best_model": paired.idxmax(axis=1),
            "worst_model": paired.idxmin(axis=1),
            "spread": paired.max(axis=1) - paired.min(axis=1),
            "hard_for_all": paired.max(axis=1) < paired.mean(axis=0).min(),
            "difficulty": logits.mean() - logits.mean(axis=1),
            "discrimination": _discrimination(logits),
        }
    ).rename_axis("image_id")
    order = ["difficulty", "image_id"]
    return table.reset_index().sort_values(order, ascending=[False, True], ignore_index=True)


def _logits(chosen: pd.DataFrame, paired: pd.DataFrame) -> FloatArray:
    """Return the logit of the share of matched cells, shape (images, models)."""
    counts = chosen.groupby(["image_id", "model"])[["tp", "n_reference", "n_predicted"]].sum()
    matched = 2.0 * counts["tp"]
    unmatched = counts["n_reference"] + counts["n_predicted"] - matched
    logits = np.log((matched + 0.5) / (unmatched + 0.5)).unstack("model")  # noqa: PD010
    ordered: FloatArray = logits.loc[paired.index, list(paired.columns)].to_numpy(np.float64)
    return ordered


def _discrimination(logits: FloatArray) -> FloatArray:
    """Return the slope of each image's logits on the models' abilities on the other images."""
    n_images, n_models = logits.shape
    if n_models < MIN_MODELS or n_images < 2:
        return np.full(n_images, np.nan)
    ability = (logits.sum(axis=0) - logits) / (n_images - 1)
    ability -= ability.mean(axis=1, keepdims=True)
    spread = (ability**2).sum(axis=1)
    slope = (ability * (logits - logits.mean(axis=1, keepdims=True))).sum(axis=1)
    told: FloatArray = np.full(n_images, np.nan)
    np.divide(slope, spread, out=told, where=spread > 1e-12)
    return told
