"""What the audit tells of a score table."""

import math

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import AUDIT_CHECKS, AuditFinding, audit_scores
from workbench.metrics import MEASURES
from workbench.schema import SCORE_COLUMNS, InputError

RANGES = {name: (measure.low, measure.high) for name, measure in MEASURES.items()}
LEVELS = {"unet": 0.6, "wide": 0.65, "otsu": 0.4}


def score_table(n: int = 12) -> pd.DataFrame:
    """Return a table without fault: three models, three seeds, two thresholds, and Dice."""
    rng = np.random.default_rng(3)
    rows = []
    for place in range(n):
        hard = rng.uniform(-0.2, 0.2)
        for model, level in LEVELS.items():
            for seed in range(3):
                value = level + hard + rng.uniform(-0.05, 0.05)
                shared = {
                    "dataset": "d", "image_id": f"i{place}", "group": "", "model": model,
                    "seed": seed, "convention": "workbench", "tp": 5, "fp": 5, "fn": 5,
                    "n_reference": 10 + place, "n_predicted": 10, "status": "ok",
                }  # fmt: skip
                rows += [
                    shared | {"metric": "f1", "threshold": 0.5, "value": value},
                    shared | {"metric": "f1", "threshold": 0.7, "value": value - 0.1},
                    shared | {"metric": "dice", "threshold": math.nan, "value": value + 0.1},
                ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)


@pytest.fixture
def scores() -> pd.DataFrame:
    return score_table()


def codes(scores: pd.DataFrame, **options: object) -> list[str]:
    return [finding.code for finding in audit_scores(scores, ranges=RANGES, **options)]


def only(scores: pd.DataFrame) -> AuditFinding:
    (finding,) = audit_scores(scores, ranges=RANGES)
    return finding


def test_nothing_is_told_of_a_sound_table(scores: pd.DataFrame) -> None:
    assert audit_scores(scores, ranges=RANGES) == ()


def test_a_row_that_comes_twice_is_told(scores: pd.DataFrame) -> None:
    finding = only(pd.concat([scores, scores.iloc[[4]]]))
    assert finding.code == "duplicates"
    assert finding.evidence.startswith("i0, unet (seed 1), F1 at 0.7: ")


def test_undefined_thresholds_are_compared_as_equal(scores: pd.DataFrame) -> None:
    dice = scores.index[scores["metric"] == "dice"][0]
    assert codes(pd.concat([scores, scores.loc[[dice]]])) == ["duplicates"]


def test_one_id_in_two_data_sets_is_told(scores: pd.DataFrame) -> None:
    finding = only(pd.concat([scores, scores[scores["image_id"] == "i3"].assign(dataset="e")]))
    assert (finding.code, finding.evidence) == ("same_id_twice", "i3")


@pytest.mark.parametrize("value", [1.2, -0.1, 62.0, math.inf])
def test_a_value_outside_its_range_is_told(scores: pd.DataFrame, value: float) -> None:
    scores.loc[2, "value"] = value
    finding = only(scores)
    assert (finding.code, finding.severity) == ("out_of_range", "error")
    assert f"{value:g}" in finding.evidence


def test_a_distance_may_be_above_one_and_a_rounding_error_too(scores: pd.DataFrame) -> None:
    distances = scores[scores["metric"] == "dice"].assign(metric="hausdorff")
    scores.loc[scores.index[-1], "value"] = 1 + 1e-12
    assert codes(pd.concat([scores, distances.assign(value=distances["value"] * 50)])) == []


def test_models_scored_against_different_references_are_told(scores: pd.DataFrame) -> None:
    scores.loc[(scores["model"] == "otsu") & (scores["image_id"] == "i0"), "n_reference"] = 11
    finding = only(scores)
    assert finding.code == "reference_differs"
    assert finding.evidence == "i0: unet 10, wide 10, otsu 11"


def test_f1_that_rises_with_the_threshold_is_told(scores: pd.DataFrame) -> None:
    scores.loc[1, "value"] = scores.loc[0, "value"] + 0.01
    assert codes(scores) == ["rises_with_threshold"]
    scores.loc[1, "value"] = scores.loc[0, "value"]
    assert codes(scores) == []


def test_segmentation_quality_may_rise_with_the_threshold(scores: pd.DataFrame) -> None:
    scores.loc[scores["metric"] == "f1", "metric"] = "segmentation_quality"
    scores.loc[1, "value"] = scores.loc[0, "value"] + 0.01
    assert codes(scores, metric="segmentation_quality") == []


def test_models_scored_by_different_rules_are_told(scores: pd.DataFrame) -> None:
    scores.loc[scores["model"] == "otsu", "convention"] = "coco"
    finding = only(scores)
    assert finding.code == "conventions_mixed"
    assert finding.evidence == "otsu: coco; unet: workbench; wide: workbench"


def test_all_models_may_be_scored_by_two_rules(scores: pd.DataFrame) -> None:
    other = scores.assign(metric="f1_" + scores["metric"], convention="coco")
    assert codes(pd.concat([scores, other])) == []


def test_images_that_a_model_lacks_are_told(scores: pd.DataFrame) -> None:
    lacking = (scores["model"] == "otsu") & scores["image_id"].isin(["i1", "i2"])
    finding = only(scores[~(lacking & (scores["seed"] == 1))])
    assert finding.code == "images_missing"
    assert finding.evidence == "otsu (seed 1): 2 missing, as i1 and i2"


@pytest.mark.parametrize("status", ["missing", "unreadable", "shape_mismatch"])
def test_predictions_that_failed_are_told(scores: pd.DataFrame, status: str) -> None:
    scores.loc[(scores["model"] == "otsu") & (scores["image_id"] == "i1"), "status"] = status
    finding = only(scores)
    assert finding.code == "predictions_missing"
    assert finding.evidence.startswith("otsu: 1 ")


def test_thresholds_that_a_model_lacks_are_told(scores: pd.DataFrame) -> None:
    finding = only(scores[~((scores["model"] == "otsu") & (scores["threshold"] == 0.7))])
    assert (finding.code, finding.evidence) == ("thresholds_missing", "otsu lacks f1 at 0.7")


def test_the_declared_measure_must_be_there(scores: pd.DataFrame) -> None:
    (finding,) = audit_scores(scores[scores["threshold"] != 0.5])
    assert finding.code == "thresholds_missing"
    assert "No model has F1 at 0.5" in finding.sentence
    assert finding.evidence == "there are dice and f1 at 0.7"


def test_a_model_far_below_the_others_is_probably_broken(scores: pd.DataFrame) -> None:
    scores.loc[scores["model"] == "otsu", "value"] *= 0.05
    finding = only(scores)
    assert finding.code == "model_broken"
    assert finding.sentence.startswith("otsu has a mean of 0.0")


def test_a_poor_model_is_not_broken(scores: pd.DataFrame) -> None:
    scores.loc[scores["model"] == "otsu", "value"] *= 0.3
    assert codes(scores) == []


def test_where_all_are_low_none_stands_out(scores: pd.DataFrame) -> None:
    scores["value"] *= 0.1
    scores.loc[scores["model"] == "otsu", "value"] *= 0.05
    assert codes(scores) == []


def test_a_perfect_model_is_suspicious(scores: pd.DataFrame) -> None:
    scores.loc[(scores["model"] == "otsu"), "value"] = 1.0
    assert codes(scores) == ["perfect"]
    scores.loc[scores.index[(scores["model"] == "otsu")][0], "value"] = 0.99
    scores.loc[scores.index[(scores["model"] == "otsu")][1], "value"] = 0.99
    assert codes(scores) == []


def test_two_models_with_the_same_scores_are_suspicious(scores: pd.DataFrame) -> None:
    unet = scores.loc[scores["model"] == "unet", "value"].to_numpy()
    scores.loc[scores["model"] == "otsu", "value"] = unet
    finding = only(scores)
    assert finding.code == "same_scores"
    assert "otsu and unet" in finding.sentence
    scores.loc[scores.index[scores["model"] == "otsu"][0], "value"] -= 0.01
    scores.loc[scores.index[scores["model"] == "otsu"][1], "value"] -= 0.01
    assert codes(scores) == []


def test_two_models_that_fail_everywhere_are_not_the_same(scores: pd.DataFrame) -> None:
    scores.loc[scores["model"].isin(["otsu", "unet"]), "value"] = 0.0
    assert "same_scores" not in codes(scores)


def test_undefined_scores_are_counted(scores: pd.DataFrame) -> None:
    empty = (scores["image_id"] == "i5") & (scores["model"] == "otsu")
    scores.loc[empty, ["value", "status"]] = [math.nan, "undefined"]
    finding = only(scores)
    assert (finding.code, finding.severity) == ("undefined", "note")
    assert finding.sentence.startswith("1 of 12 images")
    assert "11 are compared" in finding.sentence


def test_few_images_are_told() -> None:
    assert codes(score_table(10)) == []
    assert codes(score_table(9)) == ["few_images"]
    (finding,) = audit_scores(score_table(2))
    assert "too few for any test" in finding.sentence


def test_images_of_one_slide_are_told(scores: pd.DataFrame) -> None:
    scores["group"] = scores["image_id"].map({"i0": "s1", "i1": "s1", "i2": "s2"}).fillna("")
    finding = only(scores)
    assert (finding.code, finding.evidence) == ("groups", "s1: 2 images")
    scores["group"] = scores["image_id"]
    assert codes(scores) == []


def test_one_seed_and_two_are_told(scores: pd.DataFrame) -> None:
    assert codes(scores[scores["seed"] == 0]) == ["one_seed"]
    finding = only(scores[(scores["seed"] == 0) | (scores["model"] != "otsu")])
    assert finding.sentence == "otsu has fewer than three seeds."


def test_images_without_cells_fall_out_of_the_published_bins(scores: pd.DataFrame) -> None:
    scores.loc[scores["image_id"] == "i2", "n_reference"] = 0
    finding = only(scores)
    assert (finding.code, finding.evidence) == ("outside_bins", "i2")


def test_a_table_without_rows_or_columns_says_so(scores: pd.DataFrame) -> None:
    assert codes(scores.iloc[:0]) == ["nothing_checked"]
    with pytest.raises(InputError, match="missing: convention, tp"):
        audit_scores(scores.drop(columns=["convention", "tp"]))


def test_sixty_models_take_one_table(scores: pd.DataFrame) -> None:
    one = scores[scores["model"] == "unet"]
    many = [one.assign(model=f"m{place}", value=one["value"] - place / 500) for place in range(60)]
    assert codes(pd.concat(many)) == []


def test_the_table_is_left_as_it_was(scores: pd.DataFrame) -> None:
    before = scores.copy(deep=True)
    audit_scores(scores, ranges=RANGES)
    pd.testing.assert_frame_equal(scores, before)


def test_every_finding_has_a_check() -> None:
    finding = audit_scores(score_table(9))[0]
    check = AUDIT_CHECKS[finding.code]
    assert (finding.severity, finding.cure) == (check.severity, check.cure)
