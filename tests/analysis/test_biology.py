"""Agreement of what is measured on predicted cells with what is measured on reference cells."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.analysis.real_cells import thresholded_cells
from workbench.analysis import biology_agreement, image_biology, measure_agreement
from workbench.schema import InputError

# Peak expiratory flow, l/min, by two meters (Bland and Altman, Lancet 327:307, 1986, table).
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]

pairs = arrays(float, (2, 12), elements=st.floats(-1e3, 1e3).map(lambda value: round(value, 3)))


def test_flow_meters_agree_as_bland_and_altman_published() -> None:
    found = measure_agreement(MINI, WRIGHT)
    assert found.n == 17
    assert found.bias == pytest.approx(-2.1, abs=0.05)
    assert found.sd == pytest.approx(38.8, abs=0.05)
    assert (found.bias_low, found.bias_high) == pytest.approx((-22.0, 17.8), abs=0.1)
    # They round 1.96 up to 2, and 1/n + 1.96² / (2 (n - 1)) to 3/n.
    rounding = 0.04 * 38.8
    assert found.lower_limit == pytest.approx(-79.7 + rounding, abs=0.1)
    assert found.upper_limit == pytest.approx(75.5 - rounding, abs=0.1)
    assert found.upper_limit_low == pytest.approx(40.9 - rounding, abs=0.5)
    assert found.upper_limit_high == pytest.approx(110.1 - rounding, abs=0.5)


def test_concordance_is_that_of_torchmetrics() -> None:
    # Which takes variances over n - 1 and leaves the shift as it is: the same for many values.
    functional = pytest.importorskip("torchmetrics.functional")
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    reference = rng.normal(10, 3, 20_000)
    predicted = 1 + 0.9 * reference + rng.normal(0, 1, 20_000)
    theirs = functional.concordance_corrcoef(torch.tensor(predicted), torch.tensor(reference))
    found = measure_agreement(reference, predicted)
    assert found.concordance == pytest.approx(float(theirs), abs=1e-4)


def test_intervals_of_concordance_hold_the_true_one_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    # Reference N(0, 4), predicted = reference + 1 + N(0, 1): 2 * 4 / (4 + 5 + 1).
    hits = 0
    for _ in range(400):
        reference = rng.normal(0, 2, 40)
        found = measure_agreement(reference, reference + 1 + rng.normal(0, 1, 40))
        hits += found.concordance_low <= 0.8 <= found.concordance_high
    assert abs(hits / 400 - 0.95) < 0.033  # three standard errors


@given(pairs)
def test_proportional_bias_is_the_slope_of_least_squares_in_statsmodels(values: np.ndarray) -> None:
    reference, predicted = values
    mean, difference = values.mean(axis=0), predicted - reference
    if np.ptp(mean) < 1 or np.ptp(difference) < 1:
        return
    fit = sm.OLS(difference, sm.add_constant(mean)).fit()
    found = measure_agreement(reference, predicted)
    assert found.slope == pytest.approx(fit.params[1], rel=1e-7, abs=1e-9)
    low, high = fit.conf_int()[1]
    assert (found.slope_low, found.slope_high) == pytest.approx((low, high), rel=1e-6, abs=1e-8)
    assert found.slope_p == pytest.approx(fit.pvalues[1], rel=1e-5, abs=1e-12)


@given(pairs)
def test_exchanging_the_two_turns_the_bias_and_leaves_concordance(values: np.ndarray) -> None:
    there, back = measure_agreement(*values), measure_agreement(*values[::-1])
    assert there.bias == pytest.approx(-back.bias, abs=1e-9)
    assert there.upper_limit == pytest.approx(-back.lower_limit, abs=1e-9)
    assert there.concordance == pytest.approx(back.concordance, nan_ok=True, abs=1e-9)


def test_the_same_values_have_no_bias_and_full_concordance() -> None:
    found = measure_agreement([1, 2, 5, 9], [1, 2, 5, 9])
    assert (found.bias, found.lower_limit, found.upper_limit) == (0, 0, 0)
    assert (found.slope, found.concordance) == (0, 1)
    assert np.isnan(found.concordance_low)


def test_limits_hold_the_true_ones_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(0)
    hits = np.zeros(3)
    for _ in range(400):
        reference = rng.normal(100, 20, 30)
        found = measure_agreement(reference, reference + rng.normal(3, 5, 30))
        hits += [
            found.bias_low <= 3 <= found.bias_high,
            found.lower_limit_low <= 3 - 1.96 * 5 <= found.lower_limit_high,
            found.upper_limit_low <= 3 + 1.96 * 5 <= found.upper_limit_high,
        ]
    assert (np.abs(hits / 400 - 0.95) < 0.033).all()  # three standard errors


def test_values_all_alike_and_too_few_have_no_agreement() -> None:
    flat = measure_agreement([2, 2, 2], [2, 2, 2])
    assert flat.bias == 0
    assert np.isnan([flat.slope, flat.concordance]).all()
    few = measure_agreement([1, 2, np.nan], [1, 3, 4])
    assert few.n == 2
    assert np.isnan(few.bias)
    with pytest.raises(InputError, match=r"equal lengths, got \(2,\) and \(3,\)"):
        measure_agreement([1, 2], [1, 2, 3])


def two_images() -> pd.DataFrame:
    """Three reference cells found as one and one on the first image, one lost on the second."""
    return pd.DataFrame(
        {
            "dataset": "d", "model": "unet", "seed": 0, "image_id": ["a"] * 5 + ["b"],
            "side": ["reference"] * 3 + ["predicted"] * 2 + ["reference"],
            "cell_id": [1, 2, 3, 1, 2, 1], "area_px": [10, 20, 60, 30, 60, 40],
        }
    )  # fmt: skip


def test_an_image_comes_to_the_means_over_its_cells() -> None:
    cells = two_images()
    features = cells.assign(elongation=[0.1, 0.3, 0.8, 0.5, 0.7, 0.2], intensity_mean=9.0)
    sizes = pd.DataFrame({"image_id": ["a", "b"], "height": [10, 10], "width": [20, 40]})
    found = image_biology(cells, features.drop(columns="area_px"), images=sizes)
    first = found[found["image_id"] == "a"].set_index("quantity")
    assert first.loc["n_cells", ["reference", "predicted"]].tolist() == [3, 2]
    assert first.loc["mean_area_px", ["reference", "predicted"]].tolist() == [30, 45]
    assert first.loc["median_area_px", ["reference", "predicted"]].tolist() == [20, 45]
    assert first.loc["mean_elongation", ["reference", "predicted"]].tolist() == pytest.approx(
        [0.4, 0.6]
    )
    assert first.loc["covered_percent", ["reference", "predicted"]].tolist() == [45, 45]


def test_a_cell_without_features_is_counted_all_the_same() -> None:
    cells = two_images()
    features = cells.assign(elongation=0.5, intensity_mean=9.0).drop(columns="area_px")
    found = image_biology(cells, features.iloc[1:]).set_index(["image_id", "quantity"])
    assert found.loc[("a", "n_cells"), "reference"] == 3
    assert found.loc[("a", "mean_elongation"), "reference"] == 0.5


def test_an_image_without_predicted_cells_counts_none_and_has_no_mean() -> None:
    found = image_biology(two_images())
    second = found[found["image_id"] == "b"].set_index("quantity")["predicted"]
    assert second["n_cells"] == 0
    assert np.isnan(second["mean_area_px"])


def test_an_image_without_any_cells_is_known_from_the_scores() -> None:
    scores = pd.DataFrame({"image_id": ["a", "b", "c"], "model": "unet", "seed": 0})
    found = image_biology(two_images(), scores=scores)
    third = found[(found["image_id"] == "c") & (found["quantity"] == "n_cells")]
    assert third[["reference", "predicted"]].to_numpy().tolist() == [[0, 0]]


def test_seeds_are_averaged_before_they_are_compared() -> None:
    biology = pd.DataFrame(
        {
            "model": "unet", "seed": [0, 0, 0, 1, 1, 1], "image_id": list("abcabc"),
            "quantity": "n_cells", "reference": [5.0, 6, 9] * 2,
            "predicted": [4.0, 6, 8, 8, 6, 10],
        }
    )  # fmt: skip
    (row,) = biology_agreement(biology).to_dict("records")
    assert row["n"] == 3
    assert row["bias"] == pytest.approx(1 / 3)
    assert row["mean_reference"] == pytest.approx(20 / 3)


def test_a_threshold_finds_fewer_nuclei_than_there_are_the_more_there_are(real_data: Path) -> None:
    cells, features = thresholded_cells(real_data)
    found = biology_agreement(image_biology(cells, features)).set_index("quantity")
    # Nuclei that touch come out as one, and more of them touch in crowded images.
    assert found.loc["n_cells", "bias_high"] < 0
    assert found.loc["n_cells", "slope_high"] < 0
