"""The confidence of predicted cells: by hand, by law, by scikit-learn and scipy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from workbench.analysis import (
    cells_in_bin,
    instance_calibration,
    instance_reliability,
    risk_coverage,
)
from workbench.schema import InputError


def cell_table(
    confidence: np.ndarray, iou: np.ndarray, *, n_missed: int = 0, images: int = 4
) -> pd.DataFrame:
    """Return predicted cells, the reference cells they match at 0.5, and some that none matches."""
    n = len(confidence)
    matched = np.where(iou >= 0.5, iou, np.nan)
    predicted = pd.DataFrame({"confidence": confidence, "matched_iou": matched, "partner_iou": iou})
    found = matched[~np.isnan(matched)]
    reference = pd.DataFrame(
        {"matched_iou": np.append(found, np.full(n_missed, np.nan)), "confidence": np.nan}
    )
    both = pd.concat([predicted.assign(side="predicted"), reference.assign(side="reference")])
    image = np.concatenate([np.arange(n), np.arange(len(reference))]) % images
    return both.assign(
        image_id=[f"im{number}" for number in image],
        cell_id=[*range(1, n + 1), *range(1, len(reference) + 1)],
        model="unet",
        seed=0,
    ).reset_index(drop=True)


def random_cells(seed: int, n: int = 120, digits: int = 1) -> pd.DataFrame:
    """Return cells whose confidence knows something of their IoU, with ties."""
    rng = np.random.default_rng(seed)
    iou = rng.uniform(0, 1, n)
    said = np.clip(0.5 * iou + rng.uniform(0, 0.5, n), 0, 1).round(digits)
    return cell_table(said, iou, n_missed=10)


def values(cells: pd.DataFrame, *, iou_threshold: float = 0.5) -> pd.Series:
    found = instance_calibration(cells, n_resamples=1, iou_threshold=iou_threshold)
    return found.set_index("measure")["value"]


@given(st.integers(0, 30), st.sampled_from([1, 6]))
def test_ranking_measures_are_those_of_scikit_learn_and_scipy(seed: int, digits: int) -> None:
    cells = random_cells(seed, digits=digits)
    found = values(cells)
    predicted = cells[cells["side"] == "predicted"]
    is_true = predicted["matched_iou"].notna()
    confidence = predicted["confidence"]
    assert found["auroc"] == pytest.approx(roc_auc_score(is_true, confidence))
    assert found["auprc"] == pytest.approx(average_precision_score(is_true, confidence))
    rho = spearmanr(confidence, predicted["partner_iou"]).statistic
    assert found["spearman_iou"] == pytest.approx(rho)


def test_the_area_under_risk_and_coverage_is_the_mean_risk_of_the_surest() -> None:
    cells = cell_table(np.array([0.9, 0.8, 0.7, 0.6]), np.array([0.9, 0.1, 0.9, 0.1]))
    # Of the surest 1, 2, 3, 4 cells, 0, 1/2, 1/3 and 1/2 are false.
    assert values(cells)["risk_coverage_area"] == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    curve = risk_coverage(cells)
    assert curve["risk"].tolist() == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1]
    assert curve["recall"].tolist() == [0.5, 0.5, 1, 1]


def test_cells_of_equal_confidence_are_false_at_one_rate() -> None:
    cells = cell_table(np.full(40, 0.8), np.repeat([0.9, 0.1], 20))
    assert values(cells)["risk_coverage_area"] == pytest.approx(0.5)
    assert values(cells)["auroc"] == 0.5
    assert np.isnan(values(cells)["spearman_iou"])


def test_a_missed_cell_lowers_recall_and_nothing_else() -> None:
    sure, iou = np.linspace(0.2, 1, 40), np.linspace(0.1, 0.9, 40)
    few, many = (values(cell_table(sure, iou, n_missed=n)) for n in (0, 20))
    assert many["recall"] == pytest.approx(0.5)
    assert few["recall"] == 1
    assert many.drop("recall").tolist() == few.drop("recall").tolist()


def test_bins_hold_thirty_cells_or_more_and_equal_confidences_together() -> None:
    rng = np.random.default_rng(0)
    confidence = np.append(rng.uniform(0.3, 1, 170).round(2), np.full(100, 0.5))
    table = instance_reliability(cell_table(confidence, rng.uniform(0, 1, 270)), n_resamples=20)
    assert table["n"].min() >= 30
    assert table["n"].sum() == 270
    assert (table["low"].to_numpy()[:-1] > table["high"].to_numpy()[1:]).all()


def test_the_error_of_detections_is_the_mean_gap_of_the_bins() -> None:
    cells = random_cells(3, n=200, digits=6)
    table = instance_reliability(cells, n_resamples=20)
    assert len(table) == 6
    assert values(cells)["d_ece"] == pytest.approx((table["share"] * table["gap"].abs()).sum())


def test_confidences_that_say_what_is_true_have_no_error() -> None:
    perfect = cell_table(np.repeat([1.0, 0.0], 40), np.repeat([0.9, 0.0], 40))
    found = values(perfect)
    assert found[["d_ece", "auroc", "auprc"]].tolist() == [0, 1, 1]
    always = cell_table(np.full(40, 0.75), np.repeat([0.9, 0.1], [30, 10]))
    assert values(always)["d_ece"] == pytest.approx(0)


def test_few_cells_or_another_scale_have_no_error_of_detections() -> None:
    few = instance_calibration(cell_table(np.linspace(0, 1, 29), np.linspace(0, 1, 29)))
    assert np.isnan(few.set_index("measure")["value"]["d_ece"])
    assert few["notice"].iloc[0] == "fewer than 30 predicted cells: no D-ECE"
    scores = cell_table(np.linspace(-3, 4, 60), np.linspace(0, 1, 60))
    found = instance_calibration(scores)
    assert np.isnan(found.set_index("measure")["value"]["d_ece"])
    assert found.set_index("measure")["value"]["auroc"] == 1
    assert "no probabilities" in found["notice"].iloc[0]
    assert instance_reliability(scores).empty


def test_a_model_without_confidences_has_its_recall_alone() -> None:
    cells = random_cells(0).assign(confidence=np.nan)
    found = instance_calibration(cells).set_index("measure")
    assert found["value"].notna().tolist() == [True, *[False] * 6]
    assert found["notice"].iloc[0] == "no confidences"
    assert risk_coverage(cells).empty
    assert instance_reliability(cells).empty


def test_all_true_cells_cannot_be_told_from_false_ones() -> None:
    found = values(cell_table(np.linspace(0.5, 1, 40), np.full(40, 0.9)))
    assert np.isnan(found["auroc"])
    assert found["auprc"] == 1
    assert found["risk_coverage_area"] == 0


def test_a_higher_threshold_makes_fewer_cells_true() -> None:
    cells = random_cells(1)
    assert values(cells, iou_threshold=0.8)["precision"] < values(cells)["precision"]
    with pytest.raises(InputError, match=r"between 0\.5 and 1"):
        instance_calibration(cells, iou_threshold=0.3)


def test_intervals_draw_images_and_hold_the_value() -> None:
    found = instance_calibration(random_cells(2, n=400, digits=6), n_resamples=200)
    ranked = found[found["measure"] != "d_ece"]
    assert (ranked["ci_low"] <= ranked["value"]).all()
    assert (ranked["value"] <= ranked["ci_high"]).all()
    one = instance_calibration(random_cells(2).assign(image_id="im0"))
    assert one["ci_low"].isna().all()


def test_counting_every_cell_twice_changes_no_ranking() -> None:
    once = random_cells(4, digits=6)
    twice = pd.concat([once, once])
    for name in ("auroc", "auprc", "precision", "recall"):
        assert values(twice)[name] == pytest.approx(values(once)[name])


def test_a_bin_leads_to_its_cells_false_and_surest_first() -> None:
    cells = cell_table(np.array([0.9, 0.8, 0.85, 0.95, 0.2]), np.array([0.9, 0.1, 0.2, 0.9, 0.1]))
    found = cells_in_bin(cells, low=0.8, high=0.95)
    assert found["cell_id"].tolist() == [3, 2, 1, 4]
    assert found["true"].tolist() == [False, False, True, True]


def test_a_diagram_of_two_models_is_refused() -> None:
    both = pd.concat([random_cells(0), random_cells(0).assign(model="otsu")])
    with pytest.raises(InputError, match="one model and seed"):
        instance_reliability(both)
    assert instance_calibration(both)["model"].unique().tolist() == ["unet", "otsu"]
