"""Every measure, threshold and way to sum up: which universes turn the ranking round."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.analysis.real_scores import real_scores
from workbench.analysis import (
    measure_summary,
    measure_sums,
    multiverse,
    multiverse_summary,
    paired_scores,
)
from workbench.analysis._multiverse import MATCHING_WEIGHTS
from workbench.metrics import MEASURES
from workbench.schema import InputError

LOWER = [name for name, measure in MEASURES.items() if measure.higher_is_better is False]


def f1_scores(
    counts: dict[str, list[tuple[int, int, int]]], threshold: float = 0.5
) -> pd.DataFrame:
    """Return F1 of images given as (tp, fp, fn)."""
    rows = [
        (f"im{place}", model, 0, 2 * tp / (2 * tp + fp + fn), tp, fp, fn, tp + fn)
        for model, images in counts.items()
        for place, (tp, fp, fn) in enumerate(images)
    ]
    columns = ["image_id", "model", "seed", "value", "tp", "fp", "fn", "n_reference"]
    return pd.DataFrame(rows, columns=columns).assign(metric="f1", threshold=threshold)


def best(universes: pd.DataFrame, **chosen: object) -> str:
    rows = universes
    for column, value in chosen.items():
        rows = rows[rows[column] == value]
    return str(rows.set_index("model")["rank"].idxmin())


def test_the_crowded_image_decides_when_cells_are_pooled() -> None:
    # a wins two sparse images, b the one with a hundred cells.
    scores = f1_scores(
        {"a": [(4, 0, 0), (4, 0, 0), (30, 70, 70)], "b": [(3, 1, 1), (3, 1, 1), (60, 40, 40)]}
    )
    universes = multiverse(scores, metrics=["f1"], thresholds=[0.5])
    assert best(universes, aggregation="mean") == "a"
    assert best(universes, aggregation="median") == "a"
    assert best(universes, aggregation="mean rank") == "a"
    assert best(universes, aggregation="pooled") == "b"
    pooled = universes[universes["aggregation"] == "pooled"].set_index("model")["value"]
    # 2 TP / (2 TP + FP + FN) of all cells: a has 38 of 108, b 66 of 108 on either side.
    assert pooled.to_dict() == pytest.approx({"a": 38 / 108, "b": 66 / 108})


def test_one_bad_image_moves_the_mean_and_not_the_median() -> None:
    scores = f1_scores({"a": [(9, 1, 1)] * 4 + [(0, 9, 9)], "b": [(8, 2, 2)] * 5})
    universes = multiverse(scores, metrics=["f1"], thresholds=[0.5])
    assert (best(universes, aggregation="mean"), best(universes, aggregation="median")) == (
        "b",
        "a",
    )


def test_errors_are_ranked_the_other_way_round() -> None:
    scores = f1_scores({"a": [(9, 1, 1)] * 3, "b": [(5, 5, 5)] * 3})
    far = scores.assign(metric="hausdorff_px", threshold=np.nan)
    both = pd.concat([scores, far.assign(value=10 * scores["value"])])
    universes = multiverse(
        both, metrics=["f1", "hausdorff_px"], thresholds=[0.5], lower_is_better=["hausdorff_px"]
    )
    assert best(universes, metric="f1", aggregation="mean rank") == "a"
    for aggregation in ("mean", "median", "mean rank"):
        assert best(universes, metric="hausdorff_px", aggregation=aggregation) == "b"


def test_a_measure_without_thresholds_makes_one_universe_and_none_pooled() -> None:
    scores = f1_scores({"a": [(9, 1, 1)] * 3, "b": [(5, 5, 5)] * 3})
    scores = scores.assign(metric="aji", threshold=np.nan)
    universes = multiverse(scores, metrics=["aji"], thresholds=[0.5, 0.7])
    assert universes["threshold"].isna().all()
    assert universes["aggregation"].unique().tolist() == ["mean", "median", "mean rank"]
    assert multiverse_summary(universes).set_index("model").loc["a", "n"] == 3


def test_a_model_without_a_pooled_value_comes_last() -> None:
    scores = f1_scores({"a": [(1, 0, 0)] * 3, "b": [(1, 9, 9)] * 3}).assign(metric="precision")
    scores.loc[scores["model"] == "a", ["tp", "fp"]] = 0  # its weights in the pool
    universes = multiverse(scores, metrics=["precision"], thresholds=[0.5], aggregations=["pooled"])
    assert universes.set_index("model")["rank"].to_dict() == {"a": 2, "b": 1}
    assert np.isnan(universes.set_index("model").loc["a", "value"])
    errors = multiverse(
        scores, metrics=["precision"], thresholds=[0.5], aggregations=["pooled"],
        lower_is_better=["precision"],
    )  # fmt: skip
    assert errors.set_index("model")["rank"].to_dict() == {"a": 2, "b": 1}


def test_a_tie_for_the_first_place_counts_half_for_each() -> None:
    scores = f1_scores({"a": [(9, 1, 1)] * 3, "b": [(9, 1, 1)] * 3, "c": [(5, 5, 5)] * 3})
    summary = multiverse_summary(multiverse(scores, metrics=["f1"], thresholds=[0.5]))
    assert summary.set_index("model")["share_best"].to_dict() == {"a": 0.5, "b": 0.5, "c": 0}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metrics": ["dice"]}, "no scores of 'dice', only of f1"),
        ({"metrics": ["f1"], "thresholds": [0.6]}, "'f1' at threshold 0.6, only at 0.5"),
        ({"metrics": ["f1"], "aggregations": ["average"]}, "mean, median, pooled, mean rank"),
        ({"metrics": []}, "at least one measure"),
    ],
)
def test_universes_that_do_not_exist_are_refused(options: dict[str, object], words: str) -> None:
    scores = f1_scores({"a": [(9, 1, 1)] * 3, "b": [(5, 5, 5)] * 3})
    with pytest.raises(InputError, match=words):
        multiverse(scores, **{"thresholds": [0.5], **options})


def test_built_in_weights_are_those_of_the_registry() -> None:
    for metric, weights in MATCHING_WEIGHTS.items():
        assert MEASURES[metric].weights == weights


@given(arrays(np.int64, (4, 3, 3), elements=st.integers(0, 6)))
@settings(max_examples=12)
def test_each_universe_ranks_all_models_once(counts: np.ndarray) -> None:
    counts[..., 0] += 1  # no image without cells
    scores = f1_scores({f"m{i}": [tuple(c) for c in images] for i, images in enumerate(counts)})
    universes = multiverse(scores, metrics=["f1"], thresholds=[0.5])
    assert (universes.groupby("aggregation")["rank"].sum() == 10).all()
    assert multiverse_summary(universes)["share_best"].sum() == pytest.approx(1)
    errors = multiverse(
        scores.assign(value=1 - scores["value"]),
        metrics=["f1"], thresholds=[0.5], lower_is_better=["f1"],
    )  # fmt: skip
    pd.testing.assert_series_equal(universes["rank"], errors["rank"])


def test_real_scores_agree_with_the_summary_of_measures(real_data: Path) -> None:
    scores = real_scores(real_data)
    one_seed = scores[scores["seed"] == 0]
    weights = {name: measure.weights for name, measure in MEASURES.items() if measure.weights}
    metrics = ["f1", "aji", "mdice", "adapted_rand_error"]
    universes = multiverse(
        one_seed, metrics=metrics, thresholds=[0.5, 0.7], lower_is_better=LOWER, weights=weights
    )
    summary = measure_summary(measure_sums(one_seed, weights))
    keys = ["metric", "threshold", "model"]
    for aggregation, column in (("mean", "macro"), ("pooled", "micro")):
        ours = universes[universes["aggregation"] == aggregation]
        theirs = ours.merge(summary, on=keys, how="left", validate="one_to_one")
        assert len(theirs) == len(ours) > 0
        np.testing.assert_allclose(theirs["value"], theirs[column], rtol=1e-12)
    errors = universes[universes["metric"] == "adapted_rand_error"]
    means = errors[errors["aggregation"] == "mean"].set_index("model")
    assert means["rank"].idxmin() == means["value"].idxmin()


def test_real_nuclei_have_another_winner_when_cells_are_pooled(real_data: Path) -> None:
    scores = real_scores(real_data)
    universes = multiverse(scores, metrics=["f1"], thresholds=[0.5])
    mean = universes[universes["aggregation"] == "mean"].set_index("model")["value"]
    pd.testing.assert_series_equal(
        mean, paired_scores(scores).mean(), check_names=False, check_index_type=False
    )
    assert multiverse_summary(universes)["share_best"].max() < 1
