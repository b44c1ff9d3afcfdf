"""What the data support of a claim: never more than was tested."""

import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.analysis.sentences import noisy, score_table, untold_numbers
from workbench.analysis import SupportedClaim, compare_pairs, paired_scores, support_claim
from workbench.metrics import MEASURES
from workbench.schema import InputError

QUICK = {"n_resamples": 199}
CLAIMS = (
    "{a} better than {b}", "{a} worse than {b}", "{a} better than {b} by 0.02",
    "{a} equals {b} within 0.05", "{a} equals {b}", "{a} is the best", "{a} is the worst",
    "{a} better than {b} on dense images", "{a} is the best on sparse images",
)  # fmt: skip


def ask(text: str, scores: pd.DataFrame, **options: object) -> SupportedClaim:
    return support_claim(text, scores, **(QUICK | options))  # type: ignore[arg-type]


@pytest.fixture
def clear() -> pd.DataFrame:
    return score_table(noisy({"unet": 0.2, "otsu": 0.0, "cellpose": 0.1}, 30, noise=0.05))


@pytest.fixture
def close() -> pd.DataFrame:
    return score_table(noisy({"unet": 0.0, "otsu": 0.0, "cellpose": 0.0}, 30, noise=0.05))


def test_a_large_difference_is_supported_with_the_numbers_of_the_pair(clear: pd.DataFrame) -> None:
    answer = ask("unet better than otsu", clear)
    pairs = compare_pairs(paired_scores(clear), n_resamples=199).set_index(["first", "second"])
    row = pairs.loc["unet", "otsu"]
    assert (answer.supported, answer.reason) == (True, "")
    assert answer.mean_difference == row["mean_difference"]
    assert (answer.ci_low, answer.ci_high) == (row["ci_low"], row["ci_high"])
    assert answer.p_adjusted == row["p_permutation_holm"]
    assert (answer.effect, answer.n) == (row["d_z"], 30)
    assert answer.sentence.startswith("unet is better than otsu: mean f1 at IoU 0.5 is 0.")
    assert "Holm over 3 comparisons" in answer.sentence


def test_a_reversed_claim_is_answered_by_the_truth(clear: pd.DataFrame) -> None:
    truth, reverse = ask("unet better than otsu", clear), ask("otsu better than unet", clear)
    assert not reverse.supported
    assert reverse.reason == "the data support the opposite"
    assert reverse.sentence == truth.sentence


@pytest.mark.parametrize("data", ["clear", "close"])
def test_swapping_the_models_mirrors_the_numbers(data: str, request: pytest.FixtureRequest) -> None:
    scores = request.getfixturevalue(data)
    one, other = ask("unet better than otsu", scores), ask("otsu better than unet", scores)
    assert one.mean_difference == -other.mean_difference
    assert (one.ci_low, one.ci_high) == (-other.ci_high, -other.ci_low)
    assert (one.effect, one.p_adjusted) == (-other.effect, other.p_adjusted)
    worse = ask("otsu worse than unet", scores)
    assert (worse.supported, worse.sentence) == (one.supported, one.sentence)
    assert worse.mean_difference == other.mean_difference


@pytest.mark.parametrize("text", CLAIMS)
def test_renaming_the_models_renames_them_in_the_sentence(text: str) -> None:
    values = noisy({"xx": 0.06, "yy": 0.0}, 30)
    here = ask(text.format(a="xx", b="yy"), score_table(values))
    renamed = score_table({"model 1": values["xx"], "model 2": values["yy"]})
    there = ask(text.format(a="model 1", b="model 2"), renamed)
    assert here.sentence.replace("xx", "model 1").replace("yy", "model 2") == there.sentence


def test_what_is_not_shown_comes_with_what_it_would_have_taken(close: pd.DataFrame) -> None:
    answer = ask("unet better than otsu", close)
    assert not answer.supported
    assert answer.reason == "the models are not told apart"
    assert answer.ci_low < 0 < answer.ci_high
    assert f"{answer.minimum_detectable_difference:.3f}" in answer.sentence
    assert answer.images_needed > 30
    assert "images like these. This does not show that they are equal." in answer.sentence


def test_one_seed_speaks_of_checkpoints() -> None:
    values = noisy({"unet": 0.2, "otsu": 0.0}, 12)
    sentences = {
        n: ask("unet better than otsu", score_table(values, n_seeds=n)).sentence for n in (1, 2, 3)
    }
    assert "One seed each: this speaks of these checkpoints" in sentences[1]
    assert "Two seeds each: this speaks of these checkpoints" in sentences[2]
    assert "checkpoints" not in sentences[3]
    mixed = pd.concat(
        [score_table({"unet": values["unet"]}), score_table({"otsu": values["otsu"]}, n_seeds=1)]
    )
    assert "One seed of otsu: this speaks" in ask("unet better than otsu", mixed).sentence


def test_equality_needs_a_margin(close: pd.DataFrame) -> None:
    undeclared = ask("unet equals otsu", close)
    assert not undeclared.supported
    assert undeclared.reason.startswith("no margin was declared")
    assert math.isnan(undeclared.p_equivalence)
    assert "equivalent" not in undeclared.sentence
    declared = ask("unet equals otsu within 0.1", close)
    assert (declared.supported, declared.equivalent, declared.margin) == (True, True, 0.1)
    assert declared.sentence.startswith("unet and otsu are equivalent within 0.1: mean f1")
    assert ask("unet equals otsu", close, margin=0.1).sentence == declared.sentence
    narrow = ask("unet equals otsu within 0.001", close)
    assert (narrow.supported, narrow.equivalent) == (False, False)
    assert "Equality within 0.001 is not shown" in narrow.sentence


def test_a_small_but_certain_difference_is_both_told_and_equivalent() -> None:
    base = np.linspace(0.3, 0.7, 30)
    scores = score_table({"a": base + 0.005 + 0.001 * np.sin(range(30)), "b": base})
    answer = ask("a equals b within 0.02", scores)
    assert answer.supported
    assert "Within this margin a is better (p" in answer.sentence
    assert ask("a better than b", scores).supported


def test_an_amount_is_supported_only_if_the_interval_lies_above_it(clear: pd.DataFrame) -> None:
    answer = ask("unet better than otsu by 0.1", clear)
    assert answer.supported
    assert answer.ci_low > 0.1
    assert answer.sentence.startswith("unet is better than otsu by more than 0.1: ")
    more = ask("unet better than otsu by 0.195", clear)
    assert not more.supported
    assert more.reason == "a difference as large as claimed is not shown"
    assert more.sentence.startswith("unet is better than otsu: ")
    assert "More than 0.195 is not shown." in more.sentence


def test_the_best_is_better_than_each_of_the_others(clear: pd.DataFrame) -> None:
    answer = ask("unet is the best", clear)
    assert (answer.supported, answer.second) == (True, "cellpose")
    assert answer.sentence.startswith("unet is better than every other model. Closest is cellpose:")
    assert ask("otsu is the worst", clear).supported
    wrong = ask("cellpose is the best", clear)
    assert wrong.reason == "the data support the opposite"
    assert wrong.sentence.startswith("cellpose is not the best. unet is better than cellpose:")


def test_the_best_of_two_alike_is_not_named() -> None:
    scores = score_table(noisy({"unet": 0.2, "twin": 0.2, "otsu": 0.0}, 30, noise=0.05))
    for model, twin in (("unet", "twin"), ("twin", "unet")):
        answer = ask(f"{model} is the best", scores)
        assert not answer.supported
        start = f"{model} is not shown to be the best: it is not told apart from {twin}."
        assert answer.sentence.startswith(start)


def test_dense_images_are_the_upper_third_by_reference_cells() -> None:
    # 1 to 9 cells: dense are 7, 8 and 9, the images at the end.
    better = np.array([0.5] * 6 + [0.7, 0.8, 0.9])
    scores = score_table({"a": better, "b": np.array([0.6] * 6 + [0.5] * 3)})
    answer = ask("a better than b on dense images", scores)
    assert (answer.slice, answer.n) == ("dense", 3)
    assert set(answer.query.image_ids) == {"i006", "i007", "i008"}
    assert answer.mean_difference == pytest.approx(0.3)
    assert "on dense images (7 reference cells or more: the upper third)" in answer.sentence


def test_images_of_a_query_start_with_the_worst_for_the_first() -> None:
    scores = score_table({"a": [0.5, 0.9, 0.1, 0.6], "b": [0.5, 0.5, 0.5, 0.5]})
    assert ask("a better than b", scores).query.image_ids == ("i002", "i000", "i003", "i001")
    assert ask("b better than a", scores).query.image_ids == ("i001", "i003", "i000", "i002")


def test_three_images_can_show_nothing_and_two_are_no_data() -> None:
    scores = score_table({"a": [0.9, 0.8, 0.9], "b": [0.1, 0.1, 0.2]})
    answer = ask("a better than b", scores)
    assert not answer.supported
    assert answer.reason.startswith("too few images")
    assert answer.p_adjusted == 0.25
    none = ask("a better than b", scores[scores["image_id"] != "i000"])
    assert not none.supported
    assert none.sentence.startswith("No claim is supported: a comparison needs at least 3 images")
    assert math.isnan(none.mean_difference)


def test_images_of_one_group_count_once() -> None:
    values = noisy({"a": 0.3, "b": 0.0}, 20, noise=0.05)
    assert ask("a better than b", score_table(values)).supported
    five_slides = score_table(values, group=[f"s{place // 4}" for place in range(20)])
    grouped = ask("a better than b", five_slides)
    assert grouped.reason.startswith("too few images")
    assert "Images of one group are kept together" in grouped.sentence
    two_slides = score_table(values, group=[f"s{place // 10}" for place in range(20)])
    assert ask("a better than b", two_slides).sentence.startswith("No claim is supported")


def test_equal_scores_are_called_so() -> None:
    values = np.linspace(0, 1, 12)
    answer = ask("a better than b", score_table({"a": values, "b": values}))
    assert not answer.supported
    assert answer.sentence == "a and b score the same on every image (12 images)."
    assert answer.p_adjusted == 1


def test_one_model_is_compared_with_nothing() -> None:
    answer = ask("a is the best", score_table({"a": [0.1, 0.2, 0.3]}))
    assert (answer.supported, answer.reason) == (False, "there is no other model")


def test_less_is_better_by_a_distance() -> None:
    scores = score_table(
        noisy({"near": -2.0, "far": 0.0}, 30), metric="hausdorff", threshold=np.nan
    )
    answer = ask("near better than far by hausdorff", scores, measures=MEASURES)
    assert answer.supported
    assert answer.mean_difference == pytest.approx(-2.0, abs=0.1)
    assert answer.ci_low < answer.mean_difference < answer.ci_high < 0
    assert (
        "mean Object Hausdorff distance is 1.990 px lower (95 % interval 1.939 to"
        in answer.sentence
    )


def test_a_measure_without_a_direction_supports_nothing() -> None:
    neutral = next(m for m in MEASURES.values() if m.higher_is_better is None)
    scores = score_table({"a": [1, 2, 3], "b": [2, 3, 4]}, metric=neutral.name, threshold=np.nan)
    with pytest.raises(InputError, match="neither better nor worse"):
        ask(f"a better than b by {neutral.name}", scores, measures=MEASURES)


def test_another_measure_than_the_declared_one_was_explored(clear: pd.DataFrame) -> None:
    scores = pd.concat(
        [clear, clear.assign(threshold=0.7), clear.assign(metric="dice", threshold=np.nan)]
    )
    assert "explored" not in ask("unet better than otsu at 0.5", scores).sentence
    at_07 = ask("unet better than otsu at 0.7", scores)
    assert at_07.query.threshold == 0.7
    assert "The declared measure is f1 at IoU 0.5: this was explored." in at_07.sentence
    dice = ask("unet better than otsu by dice", scores, measures=MEASURES)
    assert "mean Pixel Dice is" in dice.sentence
    assert "The declared measure is F1 at IoU 0.5: this was explored." in dice.sentence
    with pytest.raises(InputError, match=r'dice has no IoU threshold; leave out "at 0\.7"'):
        ask("unet better than otsu by dice at 0.7", scores)
    with pytest.raises(InputError, match=r"no scores of 'f1' at threshold 0\.9"):
        ask("unet better than otsu at 0.9", scores)


def test_slices_come_from_the_metadata() -> None:
    values = noisy({"a": 0.0, "b": 0.0}, 30, noise=0.05)
    values["a"][:15] += 0.3
    cell_type = ["HeLa"] * 15 + ["U2OS"] * 15
    metadata = pd.DataFrame(
        {"image_id": [f"i{place:03}" for place in range(30)], "cell_type": cell_type}
    )
    scores = score_table(values)
    hela = ask("a better than b where cell_type is hela", scores, metadata=metadata)
    assert (hela.supported, hela.slice, hela.n, hela.n_slices) == (True, "HeLa", 15, 2)
    assert "on images whose cell_type is HeLa:" in hela.sentence
    assert "Benjamini-Hochberg over 2 slices" in hela.sentence
    assert not ask("a better than b on U2OS images", scores, metadata=metadata).supported
    with pytest.raises(InputError, match="cell_type: HeLa, U2OS"):
        ask("a better than b on fish images", scores, metadata=metadata)
    with pytest.raises(InputError, match="no metadata column is called 'stain'"):
        ask("a better than b where stain is DAPI", scores, metadata=metadata)
    twice = pd.concat([metadata, metadata])
    with pytest.raises(InputError, match="'i000' more than once"):
        ask("a better than b on HeLa images", scores, metadata=twice)
    both = metadata.assign(donor_cell=cell_type)
    with pytest.raises(InputError, match='"where cell_type is HeLa" or "where donor_cell is HeLa"'):
        ask("a better than b on HeLa images", scores, metadata=both)


def test_a_model_that_fails_everywhere_makes_no_slice_claim_easier() -> None:
    values = noisy({"a": 0.03, "b": 0.0}, 60)
    text = "a better than b on dense images"
    alone = ask(text, score_table(values))
    beside = ask(text, score_table(values | {"broken": np.zeros(60), "empty": np.full(60, 0.01)}))
    assert alone.mean_difference == beside.mean_difference
    assert beside.p_adjusted >= alone.p_adjusted


def test_images_without_a_score_of_some_model_are_told() -> None:
    scores = score_table(noisy({"a": 0.2, "b": 0.0}, 12))
    answer = ask(
        "a better than b", scores[(scores["model"] != "a") | (scores["image_id"] != "i004")]
    )
    assert (answer.n, answer.n_left_out) == (11, 1)
    assert answer.sentence.endswith("1 image that lacks a score of some model is left out.")


@given(
    st.sampled_from(CLAIMS),
    st.integers(3, 25),
    st.floats(-0.3, 0.3),
    st.integers(0, 1000),
    st.sampled_from([0, 1, 2]),
)
@settings(max_examples=40)
def test_a_sentence_holds_no_number_that_was_not_computed(
    text: str, n: int, gain: float, seed: int, digits: int
) -> None:
    values = noisy({"a": gain, "b": 0.0, "c": 0.1}, n, seed=seed)
    rounded = {model: scores.round(digits) for model, scores in values.items()}
    answer = ask(text.format(a="a", b="b"), score_table(rounded))
    numbers = [v for v in asdict(answer).values() if isinstance(v, int | float)]
    cells = [int(image[1:]) + 1 for image in answer.query.image_ids] or [0]
    known = [*numbers, min(cells), max(cells), answer.query.threshold, 2, 3]
    claimed = [0.02] if "by 0.02" in text else []
    assert untold_numbers(answer.sentence, [*known, *claimed]) == []
    assert "p = 0 " not in answer.sentence
    assert "nan" not in answer.sentence


def _n_most(n_sets: int, rate: float) -> int:
    """Return how many of many data sets may go wrong by chance, at most once in a thousand."""
    return int(stats.binom.ppf(0.999, n_sets, rate))


def test_without_any_difference_the_most_tempting_claim_is_rarely_supported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workbench.analysis._permutation.N_FLIPS", 1_999)
    rng = np.random.default_rng(0)
    n_false = 0
    for _ in range(200):
        values = {model: rng.beta(3, 2, 30) for model in "abc"}
        means = {model: scores.mean() for model, scores in values.items()}
        best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
        answer = support_claim(
            f"{best} better than {worst}", score_table(values, n_seeds=1), n_resamples=19
        )
        n_false += answer.supported
    assert n_false <= _n_most(200, 0.05)


@pytest.mark.parametrize(
    ("text", "rate"), [("a equals b within 0.1", 0.05), ("a better than b by 0.1", 0.025)]
)
def test_at_the_margin_itself_claims_are_rarely_supported(
    text: str, rate: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.analysis._permutation.N_FLIPS", 1_999)
    n_false = sum(
        support_claim(
            text, score_table(noisy({"a": 0.1, "b": 0.0}, 30, seed=seed), n_seeds=1), n_resamples=19
        ).supported
        for seed in range(150)
    )
    assert 0 < n_false <= _n_most(150, rate)
