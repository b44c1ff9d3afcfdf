"""Every number of calibration from fine bins: by hand, by law, by other libraries."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from monai.metrics import CalibrationErrorMetric
from torchmetrics.classification import MulticlassCalibrationError

from workbench.analysis import images_in_bin, pixel_calibration_measures, reliability_bins
from workbench.metrics import calibration_columns, pixel_calibration
from workbench.schema import InputError

CLASSES = ("background", "interior", "boundary")
Images = list[tuple[np.ndarray, np.ndarray]]


def tables(images: Images) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return fine bins and sums of images im0, im1, ..."""
    bins, sums = [], []
    for place, (probabilities, classes) in enumerate(images):
        record = pixel_calibration(probabilities, classes)
        names = CLASSES[: probabilities.shape[-1]]
        bins.append(pd.DataFrame(calibration_columns(record, names)).assign(image_id=f"im{place}"))
        sums.append({"image_id": f"im{place}", "brier": record.brier, "nll": record.nll})
    return pd.concat(bins, ignore_index=True), pd.DataFrame(sums)


def drawn(seed: int, n_images: int = 3, n: int = 300, sharpness: float = 1.0) -> Images:
    """Return images whose classes are drawn with the probabilities, said so much sharper."""
    rng = np.random.default_rng(seed)
    images = []
    for _ in range(n_images):
        logits = rng.normal(0, 2, (n, 3))
        classes = (logits + rng.gumbel(0, 1, logits.shape)).argmax(-1)
        said = np.exp(sharpness * logits)
        images.append((said / said.sum(-1, keepdims=True), classes))
    return images


def values(images: Images, **options: int) -> pd.Series:
    found = pixel_calibration_measures(*tables(images), n_resamples=1, **options)
    return found.set_index("measure")["value"]


def together(images: Images) -> tuple[np.ndarray, np.ndarray]:
    probabilities, classes = zip(*images, strict=True)
    return np.concatenate(probabilities), np.concatenate(classes)


@pytest.mark.parametrize("n_bins", [1, 10, 20])
def test_ece_and_mce_are_those_of_torchmetrics(n_bins: int) -> None:
    images = drawn(0, sharpness=1.7)
    probabilities, classes = (torch.from_numpy(x) for x in together(images))
    found = values(images, n_bins=n_bins, min_pixels=1)
    for measure, norm in (("ece", "l1"), ("mce", "max")):
        theirs = MulticlassCalibrationError(num_classes=3, n_bins=n_bins, norm=norm)
        assert found[measure] == pytest.approx(float(theirs(probabilities, classes)), abs=1e-6)


def test_fifteen_bins_with_edges_on_thousandths_are_close_to_exact_ones() -> None:
    images = drawn(0, n=3000, sharpness=1.7)
    theirs = MulticlassCalibrationError(num_classes=3, n_bins=15, norm="l1")
    expected = float(theirs(*(torch.from_numpy(x) for x in together(images))))
    assert values(images)["ece"] == pytest.approx(expected, abs=2e-3)


def test_classwise_ece_is_that_of_monai() -> None:
    images = drawn(1, sharpness=1.7)
    probabilities, classes = (torch.from_numpy(x) for x in together(images))
    theirs = CalibrationErrorMetric(num_bins=20, calibration_reduction="expected")
    one_hot = torch.nn.functional.one_hot(classes, 3)
    theirs(y_pred=probabilities.T[None].contiguous(), y=one_hot.T[None].contiguous())
    expected = theirs.aggregate().nanmean()
    assert values(images, n_bins=20)["classwise_ece"] == pytest.approx(float(expected), abs=1e-6)


def test_brier_is_reliability_minus_resolution_plus_uncertainty() -> None:
    found = values(drawn(2, sharpness=1.7))
    parts = found["reliability"] - found["resolution"] + found["uncertainty"]
    assert found["brier"] == pytest.approx(parts + found["within_bins"])
    assert abs(found["within_bins"]) < 2e-3
    rates = np.bincount(together(drawn(2, sharpness=1.7))[1]) / 900
    assert found["uncertainty"] == pytest.approx((rates * (1 - rates)).sum())


@given(st.integers(0, 30), st.sampled_from([0.6, 1.0, 2.0]))
def test_too_sure_and_not_sure_enough_sum_to_the_ece(seed: int, sharpness: float) -> None:
    found = values(drawn(seed, sharpness=sharpness), min_pixels=1)
    assert found["over_confidence"] + found["under_confidence"] == pytest.approx(found["ece"])
    signed = found["over_confidence"] - found["under_confidence"]
    assert found["signed_gap"] == pytest.approx(signed)
    assert found["signed_gap"] == pytest.approx(found["mean_confidence"] - found["accuracy"])
    assert abs(found["signed_gap"]) <= found["ece"] + 1e-12
    assert found["ece"] <= found["mce"]


def test_sharpened_probabilities_are_too_sure_and_flattened_ones_not_sure_enough() -> None:
    assert values(drawn(3, n=2000, sharpness=2))["signed_gap"] > 0.05
    assert values(drawn(3, n=2000, sharpness=0.5))["signed_gap"] < -0.05
    assert abs(values(drawn(3, n=2000))["signed_gap"]) < 0.02


def test_a_perfect_predictor_has_no_error() -> None:
    classes = np.arange(60) % 3
    found = values([(np.eye(3)[classes], classes)])
    zero = ["ece", "mce", "adaptive_ece", "classwise_ece", "brier", "reliability", "within_bins"]
    assert found[zero].abs().max() == pytest.approx(0, abs=1e-12)
    assert found["resolution"] == pytest.approx(found["uncertainty"])
    assert found["accuracy"] == 1


def test_a_predictor_of_the_base_rates_is_calibrated_and_knows_nothing() -> None:
    classes = np.repeat([0, 1, 2], [50, 30, 20])
    found = values([(np.tile([0.5, 0.3, 0.2], (100, 1)), classes)])
    assert found[["ece", "classwise_ece", "resolution", "reliability"]].abs().max() < 1e-12
    assert found["brier"] == pytest.approx(found["uncertainty"])


def test_a_predictor_that_is_always_sure_and_half_right_has_an_ece_of_one_half() -> None:
    found = values([(np.tile([1.0, 0.0], (10, 1)), np.arange(10) % 2)], min_pixels=1)
    assert found["ece"] == found["mce"] == found["signed_gap"] == 0.5


def test_one_bin_leaves_the_distance_of_the_means() -> None:
    images = drawn(4, sharpness=2)
    found = values(images, n_bins=1)
    assert found["ece"] == pytest.approx(abs(found["mean_confidence"] - found["accuracy"]))


def test_a_bin_of_few_pixels_does_not_count_for_the_largest_gap() -> None:
    sure = np.tile([0.9, 0.1], (20, 1))
    unsure = np.array([[0.6, 0.4]])
    images = [(np.vstack([sure, unsure]), np.array([0] * 18 + [1] * 3))]
    assert values(images, min_pixels=1)["mce"] == pytest.approx(0.6)
    assert values(images, min_pixels=10)["mce"] == pytest.approx(0, abs=1e-9)
    assert np.isnan(values(images, min_pixels=50)["mce"])


def test_adaptive_bins_hold_equally_many_pixels() -> None:
    # Half the pixels at 0.52 and 0.58 are told apart by mass, and not by bins of a tenth.
    said = np.repeat([0.52, 0.58], 50)
    images = [(np.stack([said, 1 - said], -1), np.repeat([0, 1, 0], [50, 45, 5]))]
    found = values(images, n_bins=2)
    assert found["ece"] == pytest.approx(0)
    assert found["adaptive_ece"] == pytest.approx((0.48 + 0.48) / 2)


def test_pooled_pixels_and_the_mean_over_images_are_told_apart() -> None:
    right, wrong = np.tile([1.0, 0.0], (30, 1)), np.tile([1.0, 0.0], (10, 1))
    images = [(right, np.zeros(30, int)), (wrong, np.ones(10, int))]
    found = pixel_calibration_measures(*tables(images)).set_index("measure")
    assert found.loc["ece", "value"] == pytest.approx(0.25)
    assert found.loc["ece", "image_mean"] == pytest.approx(0.5)
    assert found.loc["ece", "n_images"] == 2


def test_the_interval_comes_from_images_and_not_from_pixels() -> None:
    """Two images, all right and all wrong: means of draws of two are 0, 1/2 and 1."""
    sure = np.tile([1.0, 0.0], (1000, 1))
    images = [(sure, np.zeros(1000, int)), (sure, np.ones(1000, int))]
    row = pixel_calibration_measures(*tables(images)).set_index("measure").loc["accuracy"]
    assert (row["ci_low"], row["ci_high"]) == (0, 1)


def test_images_of_one_group_are_drawn_together() -> None:
    bins, sums = tables(drawn(5))
    groups = pd.Series("slide", index=["im0", "im1", "im2"])
    found = pixel_calibration_measures(bins, sums, groups=groups)
    assert found[["ci_low", "ci_high"]].isna().all(axis=None)
    assert found["value"].notna().all()


def test_an_image_without_pixels_changes_nothing() -> None:
    bins, sums = tables(drawn(6))
    empty = pd.DataFrame([{"image_id": "nothing", "brier": 0.0, "nll": 0.0}])
    with_empty = pixel_calibration_measures(bins, pd.concat([sums, empty]), n_resamples=20)
    without = pixel_calibration_measures(bins, sums, n_resamples=20)
    for column in ("value", "image_mean", "n_images"):
        assert with_empty[column].to_numpy() == pytest.approx(
            without[column].to_numpy(), nan_ok=True
        )


def test_bins_of_a_diagram_hold_all_pixels_and_empty_ones_none() -> None:
    bins, sums = tables(drawn(7))
    table = reliability_bins(bins, sums, n_resamples=20)
    assert len(table) == 15
    assert table["n"].sum() == 900
    assert table["share"].sum() == pytest.approx(1)
    # The most probable of three classes is never below a third.
    assert table.loc[table["high"] < 1 / 3, "accuracy"].isna().all()
    ece = (table["share"] * table["gap"].abs()).sum()
    assert ece == pytest.approx(values(drawn(7))["ece"])


def test_a_class_has_a_diagram_of_its_own() -> None:
    images = drawn(8)
    bins, sums = tables(images)
    table = reliability_bins(bins, sums, target="boundary", n_bins=10, n_resamples=20)
    probabilities, classes = together(images)
    inside = (probabilities[:, 2] >= 0.2) & (probabilities[:, 2] < 0.3)
    assert table.loc[2, "n"] == inside.sum()
    assert table.loc[2, "accuracy"] == pytest.approx((classes[inside] == 2).mean())
    with pytest.raises(InputError, match="only top, background, interior, boundary"):
        reliability_bins(bins, sums, target="cell")


def test_a_bin_leads_to_the_images_that_bend_it_most() -> None:
    sure = np.tile([0.95, 0.05], (20, 1))
    images = [(sure, np.zeros(20, int)), (sure, np.ones(20, int)), (sure, np.arange(20) % 2)]
    found = images_in_bin(tables(images)[0], low=0.933, high=1.0)
    assert found["image_id"].tolist() == ["im1", "im2", "im0"]
    assert found["excess"].tolist() == pytest.approx([19, 9, -1])
    assert images_in_bin(tables(images)[0], low=0.0, high=0.5).empty


def test_two_models_in_one_table_are_refused() -> None:
    bins, sums = tables(drawn(9))
    with pytest.raises(InputError, match="one model, region and temperature"):
        pixel_calibration_measures(pd.concat([bins, bins]), sums)
    with pytest.raises(InputError, match="between 1 and 1000 bins"):
        pixel_calibration_measures(bins, sums, n_bins=0)
