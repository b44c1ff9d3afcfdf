"""Components against another implementation; sets that are alike, and sets that are not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.analysis import principal_components, set_separability
from workbench.datasets import open_dataset
from workbench.schema import InputError
from workbench.studies import survey_dataset


@pytest.fixture
def features() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    table = {"area": size, "length": size + 0.2 * rng.normal(size=60), "grey": rng.normal(size=60)}
    return pd.DataFrame(table, index=[f"im{place}" for place in range(60)]) * [300, 20, 5] + 100


def test_components_are_those_of_the_correlation_matrix(features: pd.DataFrame) -> None:
    """An eigendecomposition, as statsmodels does it."""
    from statsmodels.multivariate.pca import PCA

    ours = principal_components(features, n=3)
    theirs = PCA(features, ncomp=3, standardize=True, normalize=False)
    assert np.abs(ours.scores.to_numpy()) == pytest.approx(
        np.abs(np.asarray(theirs.factors)), abs=1e-8
    )
    assert np.abs(ours.loadings.to_numpy()) == pytest.approx(
        np.abs(np.asarray(theirs.loadings)), abs=1e-8
    )
    shares = theirs.eigenvals / theirs.eigenvals.sum()
    assert ours.explained == pytest.approx(np.asarray(shares), abs=1e-9)


def test_more_features_than_rows_are_projected_too() -> None:
    crops = np.random.default_rng(0).normal(size=(20, 16, 16))
    table = pd.DataFrame(crops.reshape(20, -1))
    components = principal_components(table, n=19)
    assert sum(components.explained) == pytest.approx(1)
    assert components.scores.cov().to_numpy() == pytest.approx(
        np.diag(components.scores.var()), abs=1e-8
    )


@given(st.permutations(range(60)), st.sampled_from([-1.0, 1.0, 1000.0]))
def test_neither_row_order_nor_unit_nor_sign_of_a_feature_change_what_is_seen(
    order: list[int], factor: float
) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)))
    one = principal_components(table)
    two = principal_components(table.iloc[order] * [factor, 1, 1])
    assert two.explained == pytest.approx(one.explained)
    assert np.abs(two.scores.sort_index().to_numpy()) == pytest.approx(
        np.abs(one.scores.to_numpy()), abs=1e-6
    )
    for components in (one, two):
        largest = components.loadings.abs().to_numpy().argmax(axis=0)
        assert (components.loadings.to_numpy()[largest, [0, 1]] > 0).all()


def test_a_second_set_lies_where_the_first_puts_it(features: pd.DataFrame) -> None:
    second = features.assign(area=features["area"] + 3000)
    both = pd.concat([features, second], keys=["first", "second"])
    is_first = both.index.get_level_values(0) == "first"
    alone = principal_components(features)
    together = principal_components(both, fit_on=is_first)
    assert together.scores[is_first].to_numpy() == pytest.approx(alone.scores.to_numpy())
    assert together.loadings.to_numpy() == pytest.approx(alone.loadings.to_numpy())
    assert together.n_fitted == 60
    moved = together.scores[~is_first].to_numpy() - alone.scores.to_numpy()
    spread = features["area"].std(ddof=0)
    assert moved == pytest.approx(
        np.tile(alone.loadings.loc["area"] * 3000 / spread, (60, 1)), rel=1e-6
    )
    fitted_on_both = principal_components(both)
    assert fitted_on_both.n_fitted == 120
    assert fitted_on_both.explained != pytest.approx(alone.explained, abs=0.05)


def test_a_row_with_an_undefined_feature_has_no_score(features: pd.DataFrame) -> None:
    holed = features.copy()
    holed.iloc[7, 1] = np.nan
    holed.iloc[9, 0] = np.inf
    components = principal_components(holed)
    assert components.scores.isna().all(axis=1).to_numpy().nonzero()[0].tolist() == [7, 9]
    rest = principal_components(features.drop(index=["im7", "im9"]))
    assert components.scores.dropna().to_numpy() == pytest.approx(rest.scores.to_numpy())


def test_a_feature_that_does_not_vary_is_left_out(features: pd.DataFrame) -> None:
    wide = features.assign(constant=3.0, unknown=np.nan)
    components = principal_components(wide)
    assert components.scores.equals(principal_components(features).scores)
    assert components.loadings.loc[["constant", "unknown"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (lambda table: table.assign(name="a"), {}, "features must be numbers, name are not"),
        (lambda table: table[:2], {}, "2 principal components need 3 rows and 2 features"),
        (lambda table: table[["area"]], {}, "got 60 rows without undefined features and 1 such"),
        (lambda table: table, {"fit_on": [True]}, "one truth per row"),
    ],
)
def test_what_has_no_components_is_refused(
    features: pd.DataFrame, change: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        principal_components(change(features), **options)


def cells(rng: np.random.Generator, shift: float, n_images: int = 40) -> pd.DataFrame:
    """Ten cells of each image, alike within it; every second image is of set b."""
    image = np.repeat(np.arange(n_images), 10)
    own = rng.normal(size=(n_images, 3))[image]
    table = pd.DataFrame(own + 0.3 * rng.normal(size=own.shape), columns=["x", "y", "z"])
    table["x"] += shift * (image % 2)
    return table.assign(image=image, set=np.where(image % 2, "b", "a"))


def separability(table: pd.DataFrame, rng: np.random.Generator, **options: object) -> object:
    return set_separability(table[["x", "y", "z"]], table["set"], rng=rng, **options)


def test_sets_of_one_kind_can_not_be_told_apart_if_images_are_not_parted() -> None:
    rng = np.random.default_rng(0)
    tables = [cells(rng, 0) for _ in range(20)]
    grouped = [separability(table, rng, groups=table["image"]) for table in tables]
    assert np.mean([found.auc for found in grouped]) == pytest.approx(0.5, abs=0.05)
    assert sum(found.ci_low <= 0.5 <= found.ci_high for found in grouped) >= 17
    parted = [separability(table, rng).auc for table in tables]
    assert np.mean(parted) > 0.55, "cells of one image in both halves give the set away"


def test_wholly_different_sets_are_told_apart_every_time() -> None:
    rng = np.random.default_rng(0)
    table = cells(rng, 50)
    found = separability(table, rng, groups=table["image"])
    assert (found.auc, found.ci_low, found.ci_high) == (1, 1, 1)
    assert (found.n_rows, found.n_groups) == ((200, 200), (20, 20))


def test_the_auc_of_two_normals_a_standard_deviation_apart() -> None:
    """It is Phi(1 / sqrt(2)) = 0.76 (Hanley and McNeil 1982)."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": rng.normal(size=4000)})
    table.loc[2000:, "x"] += 1
    found = set_separability(table, np.repeat(["a", "b"], 2000), rng=rng)
    assert found.auc == pytest.approx(0.760, abs=0.015)
    assert found.ci_low < 0.760 < found.ci_high
    assert found.ci_high - found.ci_low < 0.12


def test_too_few_images_leave_it_undefined() -> None:
    rng = np.random.default_rng(0)
    table = cells(rng, 5, n_images=9)  # four of set b
    found = separability(table, rng, groups=table["image"])
    assert np.isnan([found.auc, found.ci_low, found.ci_high]).all()
    assert found.n_groups == (5, 4)
    assert separability(table, rng, groups=table["image"], n_folds=4).auc > 0.9


def test_rows_with_undefined_features_are_left_out_and_counted() -> None:
    rng = np.random.default_rng(0)
    table = cells(rng, 5).assign(y=lambda t: t["y"].where(t.index % 10 != 0))
    found = separability(table, rng, groups=table["image"])
    assert found.n_rows == (180, 180)
    nothing = table.assign(x=1.0, y=np.nan, z=2.0)
    assert np.isnan(separability(nothing, rng).auc)


@pytest.mark.parametrize(
    ("labels", "groups", "message"),
    [
        (["a"] * 30, None, r"30 labels of 1 sets \(a\)"),
        (["a", "b", "c"] * 10, None, "of 3 sets"),
        (["a", "b"] * 10, None, "got 20 labels"),
        (["a", None] * 15, None, "of 1 sets"),
        (["a", "b"] * 15, [1, 2], "groups need one value per row, got 2 for 30"),
    ],
)
def test_anything_but_two_sets_is_refused(labels: list, groups: object, message: str) -> None:
    table = pd.DataFrame({"x": np.arange(30.0)})
    with pytest.raises(InputError, match=message):
        set_separability(table, labels, groups=groups, rng=np.random.default_rng(0))


def test_real_stains_are_told_apart_and_real_splits_are_not(real_data: Path) -> None:
    images = survey_dataset(open_dataset(real_data / "dsb2018")).images
    facts = images[["intensity_p1", "intensity_p99", "n_cells", "median_area_px", "foreground"]]
    rng = np.random.default_rng(0)
    two = images["modality"].isin(["fluorescence", "he_purple_on_white"])
    assert set_separability(facts[two], images["modality"][two], rng=rng).ci_low > 0.98
    two = images["split"].isin(["train", "test"])
    found = set_separability(facts[two], images["split"][two], rng=rng)
    assert found.ci_low < 0.5 < found.ci_high
