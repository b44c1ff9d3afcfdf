"""Recommendations say what was tested, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.sentences import noisy, score_table, untold_numbers
from workbench.analysis import Recommendation, compare_pairs, paired_scores, recommendations
from workbench.schema import InputError


def of_kind(kind: str, scores: pd.DataFrame, **options: object) -> list[Recommendation]:
    found = recommendations(scores, n_resamples=199, **options)  # type: ignore[arg-type]
    return [each for each in found if each.kind == kind]


def test_the_best_model_is_named_if_it_beats_every_other() -> None:
    scores = score_table(noisy({"unet": 0.2, "otsu": 0.0, "cellpose": 0.1}, 30, noise=0.05))
    (best,) = of_kind("best", scores)
    assert best.sentence.startswith(
        "Take unet: it is better than every other model. Closest is cellpose:"
    )
    pairs = compare_pairs(paired_scores(scores), n_resamples=199).set_index(["first", "second"])
    assert best.numbers["p"] == pairs.loc["unet", "cellpose"]["p_permutation_holm"]
    assert best.query.models == ("unet", "cellpose")
    assert len(best.query.image_ids) == 30
    assert of_kind("next", scores) == []


def test_models_that_cannot_be_told_apart_are_named_together() -> None:
    scores = score_table(noisy({"a": 0.2, "b": 0.2, "c": 0.0}, 30, noise=0.05))
    (best,) = of_kind("best", scores)
    leader, rival = best.query.models
    assert {leader, rival} == {"a", "b"}
    assert f"{leader} has the best mean, but is not told apart from {rival}." in best.sentence
    assert "Take" not in best.sentence
    (following,) = of_kind("next", scores)
    assert following.sentence.startswith(f"To separate {leader} from {rival}, measure about ")
    assert following.numbers["images_needed"] > 30


def test_a_pair_that_only_one_comparison_would_tell_is_to_be_declared() -> None:
    rng = np.random.default_rng(3)
    base = rng.normal(0.5, 0.1, 30)
    # 3.0 standard errors: p is 0.006 alone, above 0.05 among fifteen comparisons.
    values = {"a": base + np.resize([0.1, -0.1], 30) + 0.056, "b": base}
    for model in "cdef":
        noise = rng.normal(0, 0.8, 30)
        values[model] = base - 0.1 + noise - noise.mean()
    (following,) = of_kind("next", score_table(values))
    assert "compare these two alone on new images, declared before looking" in following.sentence
    assert following.numbers["p_raw"] < 0.05 < following.numbers["p"]


def test_equivalence_is_said_only_with_a_margin() -> None:
    scores = score_table(noisy({"a": 0.2, "b": 0.2, "c": 0.0}, 30, noise=0.02))
    assert of_kind("equivalent", scores) == []
    (equivalent,) = of_kind("equivalent", scores, margin=0.05)
    assert set(equivalent.query.models) == {"a", "b"}
    assert "within 0.05" in equivalent.sentence
    assert of_kind("equivalent", scores, margin=0.0001) == []


def test_what_the_baseline_beats_is_named_and_what_does_not_beat_it_too() -> None:
    scores = score_table(
        noisy({"good": 0.2, "alike": 0.0, "otsu": 0.0, "bad": -0.2}, 30, noise=0.05)
    )
    assert of_kind("baseline", scores) == []
    worse, undecided = of_kind("baseline", scores, baseline="OTSU")
    assert worse.sentence.startswith("Do without bad. The baseline otsu is better than bad: ")
    assert undecided.sentence.startswith("Not shown to be better than the baseline otsu: alike (")
    with pytest.raises(InputError, match="no model is called 'watershed'"):
        of_kind("baseline", scores, baseline="watershed")


def test_images_on_which_the_order_changes_are_named() -> None:
    values = noisy({"a": 0.1, "b": 0.0}, 60, noise=0.03)
    values["b"][40:] += 0.2  # the images with most cells
    (change,) = of_kind("slice", score_table(values))
    assert "b is better than a on dense images (41 reference cells or more" in change.sentence
    assert change.sentence.endswith("Over all images a has the better mean.")
    assert change.query.slice_name == "dense"
    assert set(change.query.image_ids) == {f"i{place:03}" for place in range(40, 60)}
    assert of_kind("slice", score_table(noisy({"a": 0.1, "b": 0.0}, 60, noise=0.03))) == []


def test_slices_with_one_name_in_two_columns_are_kept_apart() -> None:
    values = noisy({"a": 0.1, "b": 0.0}, 60, noise=0.03)
    values["b"][:20] += 0.2
    images = [f"i{place:03}" for place in range(60)]
    metadata = pd.DataFrame(
        {
            "image_id": images,
            "left": ["yes"] * 20 + ["no"] * 40,
            "right": ["no"] * 20 + ["yes"] * 40,
        }
    )
    changes = of_kind("slice", score_table(values, n_reference=0), metadata=metadata)
    assert [(c.query.slice_column, c.query.slice_name) for c in changes] == [
        ("left", "yes"),
        ("right", "no"),
    ]


def test_no_threshold_is_ever_recommended() -> None:
    at_05, at_09 = noisy({"a": 0.2, "b": 0.0}, 30), noisy({"a": 0.0, "b": 0.3}, 30, seed=1)
    changing = pd.concat([score_table(at_05), score_table(at_09, threshold=0.9)])
    (change,) = of_kind("threshold", changing)
    assert "b is better than a: mean f1 at IoU 0.9 is" in change.sentence
    assert "not a setting of a model: none is recommended." in change.sentence
    assert change.query.threshold == 0.9
    same = pd.concat([score_table(at_05), score_table(at_05, threshold=0.7)])
    (none,) = of_kind("threshold", same)
    assert none.sentence.startswith(
        "At no other IoU threshold that was scored (0.7) is another model"
    )
    assert "none is recommended." in none.sentence


def test_a_model_far_below_all_others_is_probably_broken() -> None:
    values = noisy({"a": 0.1, "b": 0.0}, 30) | {"sac": np.linspace(0, 0.01, 30)}
    (broken,) = of_kind("broken", score_table(values))
    assert broken.sentence.startswith(
        "sac is probably broken rather than weak: its mean f1 at IoU 0.5 is 0.005"
    )
    assert broken.query.models == ("sac",)
    weak = values | {"sac": values["b"] - 0.3}
    assert of_kind("broken", score_table(weak)) == []


def test_failed_predictions_are_counted() -> None:
    scores = score_table(noisy({"a": 0.1, "b": 0.0}, 12))
    lost = (scores["model"] == "b") & scores["image_id"].isin(["i003", "i005"])
    scores.loc[lost, "status"] = "missing"
    (failed,) = of_kind("failed", scores)
    assert "predictions of b: 2 of 12 images" in failed.sentence
    assert failed.query.image_ids == ("i003", "i005")


def test_few_seeds_speak_of_checkpoints() -> None:
    values = noisy({"a": 0.1, "b": 0.0}, 12)
    (seeds,) = of_kind("seeds", score_table(values, n_seeds=1))
    assert (
        seeds.sentence == "One seed each: this speaks of these checkpoints, not of architectures."
    )
    assert of_kind("seeds", score_table(values)) == []


def test_too_little_data_recommend_nothing() -> None:
    for values in (
        {"a": [0.1, 0.2], "b": [0.3, 0.4]},
        {"a": [0.1, 0.2, 0.3]},
        {"a": [np.nan] * 4, "b": [0] * 4},
    ):
        (none,) = recommendations(score_table(values))
        assert none.kind == "none"
        assert none.sentence.startswith("Nothing can be recommended: a comparison needs at least 3")


def test_ties_everywhere_recommend_no_model() -> None:
    found = recommendations(score_table({"a": [0.5] * 12, "b": [0.5] * 12, "c": [0.5] * 12}))
    assert [each.kind for each in found] == ["best"]
    assert "a and b score the same on every image (12 images)." in found[0].sentence


@given(
    st.integers(3, 24), st.floats(-0.3, 0.3), st.integers(0, 1000), st.sampled_from([0, 1, 2]),
    st.sampled_from([None, 0.05]),
)  # fmt: skip
@settings(max_examples=20)
def test_a_sentence_holds_no_number_but_those_behind_it(
    n: int, gain: float, seed: int, digits: int, margin: float | None
) -> None:
    values = {
        model: scores.round(digits)
        for model, scores in noisy({"a": gain, "b": 0.0, "c": 0.1}, n, seed=seed).items()
    } | {"d": np.full(n, 0.01)}
    later = score_table({model: 1 - scores for model, scores in values.items()}, threshold=0.7)
    scores = pd.concat([score_table(values, n_seeds=1), later[later["seed"] == 0]])
    for found in recommendations(scores, baseline="b", margin=margin, n_resamples=199):
        known = [*found.numbers.values(), found.query.threshold]
        assert untold_numbers(found.sentence, known) == []
        assert found.test
        assert "nan" not in found.sentence


def test_without_any_difference_a_best_model_is_rarely_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.analysis._permutation.N_FLIPS", 1_999)
    rng = np.random.default_rng(1)
    n_false = 0
    for _ in range(100):
        scores = score_table({model: rng.beta(3, 2, 30) for model in "ab"}, n_seeds=1)
        kinds = recommendations(scores, baseline="a", n_resamples=19)
        n_false += any(found.sentence.startswith(("Take", "Do without")) for found in kinds)
    assert n_false <= stats.binom.ppf(0.999, 100, 0.05)
