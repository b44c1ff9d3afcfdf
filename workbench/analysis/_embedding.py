"""Whether two sets of images or cells are alike: principal components, and telling them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from workbench.schema import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Where rows lie along the directions in which they vary most.

    Attributes
    ----------
    scores
        A row per row of the features, with their index; columns pc1, pc2, ... NaN for rows with an
        undefined feature.
    loadings
        A row per feature, columns pc1, pc2, ...: how a feature that grows by one standard deviation
        moves the score. NaN for features left out since they do not vary.
    explained
        Share of the variance of the standardised features along each component, of the rows
        fitted on.
    n_fitted
        How many rows those are.
    """

    scores: pd.DataFrame
    loadings: pd.DataFrame
    explained: tuple[float, ...]
    n_fitted: int


@dataclass(frozen=True)
class Separability:
    """How well a classifier tells two sets apart.

    Attributes
    ----------
    auc
        Probability that the classifier ranks a random row of the second set above one of the
        first: 0.5 if the sets can't be told apart, 1 if they are wholly different. NaN if there
        are too few groups.
    ci_low, ci_high
        95 % interval.
    n_rows
        Rows without undefined features, per set.
    n_groups
        Groups (images) they come from, per set.
    """

    auc: float
    ci_low: float
    ci_high: float
    n_rows: tuple[int, int]
    n_groups: tuple[int, int]


def principal_components(
    features: pd.DataFrame, *, n: int = 2, fit_on: ArrayLike | None = None
) -> PrincipalComponents:
    """Project standardised features onto the directions of largest variance.

    Parameters
    ----------
    features
        A row per image or cell, numbers alone. Crops of cells become such a table by
        ``pd.DataFrame(crops.reshape(len(crops), -1))``. A row with a NaN gets no score and is not
        fitted on; a feature that is constant or undefined in all fitted rows is left out.
    n
        How many components.
    fit_on
        Truth per row: whether means, standard deviations and directions are taken from it; by
        default all rows. Fitted on a first set alone, the scores show where a second lies within
        the variation of the first; fitted on both, they show the largest differences of all.

    Returns
    -------
    PrincipalComponents
        The sign of a component is such that its largest loading is positive (scikit-learn's rule).
        Standardised with ddof = 0.

    Raises
    ------
    InputError
        If a column is not numeric, or fewer than n + 1 rows or n features are left to fit on.

    References
    ----------
    I. T. Jolliffe, Principal Component Analysis, Springer 2002, chapter 2.3 (correlation matrix).

    Examples
    --------
    >>> features = pd.DataFrame({"area": [1.0, 2, 3, 4], "length": [2.0, 4, 6, 8]})
    >>> components = principal_components(features, n=1)
    >>> round(components.explained[0], 6), components.scores["pc1"].round(2).to_list()
    (1.0, [-1.9, -0.63, 0.63, 1.9])
    """
    from sklearn.decomposition import PCA

    values = _numbers(features)
    chosen = np.ones(len(values), bool) if fit_on is None else np.asarray(fit_on, bool)
    if chosen.shape != (len(values),):
        msg = f"fit_on needs one truth per row, got shape {chosen.shape} for {len(values)} rows."
        raise InputError(msg)
    used = _varying(values, chosen)
    defined = np.isfinite(values[:, used]).all(axis=1)
    fitted = values[chosen & defined][:, used]
    if len(fitted) < n + 1 or fitted.shape[1] < n:
        msg = (
            f"{n} principal components need {n + 1} rows and {n} features that vary, got "
            f"{len(fitted)} rows without undefined features and {fitted.shape[1]} such features; "
            "ask for fewer components or give more images."
        )
        raise InputError(msg)
    mean, spread = fitted.mean(axis=0), fitted.std(axis=0)
    # Exact either way; the covariance is far faster with many rows.
    solver = "covariance_eigh" if len(fitted) >= fitted.shape[1] else "full"
    pca = PCA(n_components=n, svd_solver=solver).fit((fitted - mean) / spread)
    names = [f"pc{number}" for number in range(1, n + 1)]
    scores = pd.DataFrame(np.nan, index=features.index, columns=names)
    scores[defined] = (values[defined][:, used] - mean) / spread @ pca.components_.T
    loadings = pd.DataFrame(np.nan, index=features.columns, columns=names)
    loadings[used] = pca.components_.T
    shares = tuple(float(share) for share in pca.explained_variance_ratio_)
    return PrincipalComponents(scores, loadings, shares, len(fitted))


def set_separability(
    features: pd.DataFrame,
    labels: ArrayLike,
    *,
    rng: np.random.Generator,
    groups: ArrayLike | None = None,
    n_folds: int = 5,
) -> Separability:
    """Return how well logistic regression tells two sets apart on rows it has not learned from.

    A classifier two-sample test [1]_: features are standardised and an L2-penalised logistic
    regression (C = 1, sets weighted equally) learns on all folds but one and ranks the rows of
    that one. The AUC is the mean over folds, as scores of different classifiers do not compare.
    Its interval is Student's t over folds with the variance enlarged to 1/k + 1/(k - 1) for
    classifiers that learned from mostly the same rows [2]_; no width where all folds agree, as
    they do on sets that are wholly different. Chance can put the AUC below 0.5.

    Parameters
    ----------
    features
        A row per image or cell, numbers alone. Rows with a NaN are left out; so are features that
        do not vary or are undefined throughout.
    labels
        Which set each row belongs to; two values.
    rng
        Deals groups to folds.
    groups
        What must not be parted, e.g. the image of each cell, since cells of one image are alike;
        by default each row stands alone.
    n_folds
        Of the cross-validation, at least 2.

    Returns
    -------
    Separability
        Sets in sorted order. AUC and interval are NaN if a set has fewer groups than folds, or no
        feature varies.

    Raises
    ------
    InputError
        If a column is not numeric, lengths differ, or there are not exactly two sets.

    References
    ----------
    .. [1] D. Lopez-Paz and M. Oquab, Revisiting Classifier Two-Sample Tests, ICLR 2017.
    .. [2] C. Nadeau and Y. Bengio, Inference for the Generalization Error, Mach. Learn. 52, 2003.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> features = pd.DataFrame({"area": rng.normal(size=100)})
    >>> features.loc[:49, "area"] += 10
    >>> set_separability(features, ["a"] * 50 + ["b"] * 50, rng=rng).auc
    1.0
    """
    values = _numbers(features)
    second = _second_set(labels, len(values))
    codes = np.arange(len(values)) if groups is None else pd.factorize(np.asarray(groups))[0]
    if len(codes) != len(values):
        msg = f"groups need one value per row, got {len(codes)} for {len(values)} rows."
        raise InputError(msg)
    values = values[:, _varying(values, np.ones(len(values), bool))]
    defined = np.isfinite(values).all(axis=1) & (values.shape[1] > 0)
    values, second, codes = values[defined], second[defined], codes[defined]
    n_rows = (int((~second).sum()), int(second.sum()))
    n_groups = (len(np.unique(codes[~second])), len(np.unique(codes[second])))
    nothing = Separability(np.nan, np.nan, np.nan, n_rows, n_groups)
    if min(n_groups) < n_folds:
        return nothing
    found = list(_fold_aucs(values, second, codes, n_folds, rng))
    if len(found) < 2:
        return nothing
    auc = float(np.mean(found))
    error = np.std(found, ddof=1) * np.sqrt(1 / len(found) + 1 / (n_folds - 1))
    half = float(stats.t.ppf(0.975, len(found) - 1) * error)
    return Separability(auc, max(0.0, auc - half), min(1.0, auc + half), n_rows, n_groups)


def _fold_aucs(
    values: npt.NDArray[np.float64],
    second: npt.NDArray[np.bool_],
    codes: npt.NDArray[np.int_],
    n_folds: int,
    rng: np.random.Generator,
) -> Iterator[float]:
    """Yield the AUC of each fold that holds rows of both sets."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seed = int(rng.integers(2**31))
    dealt = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for learned, tested in dealt.split(values, second, codes):
        if len(set(second[tested])) < 2 or len(set(second[learned])) < 2:
            continue
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=1000)
        )
        classifier.fit(values[learned], second[learned])
        yield float(roc_auc_score(second[tested], classifier.decision_function(values[tested])))


def _numbers(features: pd.DataFrame) -> npt.NDArray[np.float64]:
    wrong = [str(name) for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    if wrong:
        msg = f"features must be numbers, {', '.join(wrong)} are not; leave these columns out."
        raise InputError(msg)
    values: npt.NDArray[np.float64] = features.to_numpy(np.float64, na_value=np.nan)
    return values


def _varying(values: npt.NDArray[np.float64], rows: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which features take more than one defined value in these rows."""
    inside = np.where(np.isfinite(values[rows]), values[rows], np.nan)
    if not len(inside):
        return np.zeros(values.shape[1], bool)
    known = np.isfinite(inside)
    high = np.where(known, inside, -np.inf).max(axis=0)
    low = np.where(known, inside, np.inf).min(axis=0)
    varying: npt.NDArray[np.bool_] = high > low
    return varying


def _second_set(labels: Any, n_rows: int) -> npt.NDArray[np.bool_]:
    named = pd.Series(np.asarray(labels))
    sets = sorted(named.dropna().unique())
    if len(named) != n_rows or named.isna().any() or len(sets) != 2:
        shown = ", ".join(map(str, sets[:5]))
        msg = (
            f"labels must name one of two sets for each of {n_rows} rows, got {len(named)} labels "
            f"of {len(sets)} sets ({shown}); choose the rows of two sets."
        )
        raise InputError(msg)
    second: npt.NDArray[np.bool_] = (named == sets[1]).to_numpy()
    return second
