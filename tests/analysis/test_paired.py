"""Paired tables: what is laid side by side, what is left out and said, what is refused."""

import math

import numpy as np
import pandas as pd
import pytest

from workbench.analysis import (
    bootstrap_means,
    check_paired,
    describe_models,
    image_groups,
    images_left_out,
    paired_scores,
)
from workbench.schema import InputError


def score_table(*rows: tuple[str, str, float], **columns: object) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["image_id", "model", "value"])
    return table.assign(**{"seed": 0, "metric": "f1", "threshold": 0.5} | columns)


COMPLETE = score_table(
    ("b", "unet", 0.7), ("a", "unet", 0.5), ("a", "otsu", 0.4), ("b", "otsu", 0.6)
)


def test_models_stand_side_by_side_on_sorted_images() -> None:
    paired = paired_scores(COMPLETE)
    assert paired.index.tolist() == ["a", "b"]
    assert paired.columns.tolist() == ["unet", "otsu"]
    assert paired.to_numpy().tolist() == [[0.5, 0.4], [0.7, 0.6]]
    assert paired.attrs["n_left_out"] == 0
    assert images_left_out(COMPLETE).empty


def test_what_a_model_lacks_is_left_out_for_all_counted_and_listed() -> None:
    scores = score_table(
        ("a", "unet", 0.5), ("b", "unet", 0.7), ("c", "unet", 0.1),
        ("a", "otsu", 0.4), ("b", "otsu", math.nan),
    )  # fmt: skip
    paired = paired_scores(scores)
    assert (paired.index.tolist(), paired.attrs["n_left_out"]) == (["a"], 2)
    assert images_left_out(scores).to_numpy().tolist() == [
        ["b", "otsu", 0, "undefined"],
        ["c", "otsu", 0, "absent"],
    ]


def test_an_image_that_one_seed_lacks_is_not_the_mean_of_the_others() -> None:
    second = score_table(("a", "unet", 0.7), seed=1)
    paired = paired_scores(pd.concat([COMPLETE, second]))
    assert paired.to_dict("index") == {"a": {"unet": pytest.approx(0.6), "otsu": 0.4}}
    listed = images_left_out(pd.concat([COMPLETE, second]))
    assert listed.to_numpy().tolist() == [["b", "unet", 1, "absent"]]


def test_an_image_undefined_for_one_seed_is_not_the_mean_of_the_others() -> None:
    second = score_table(("a", "unet", math.nan), ("b", "unet", 0.9), seed=1)
    paired = paired_scores(pd.concat([COMPLETE, second]))
    assert paired.to_dict("index") == {"b": {"unet": pytest.approx(0.8), "otsu": 0.6}}


def test_models_scored_on_different_images_are_refused_with_their_counts() -> None:
    apart = score_table(("a", "unet", 0.5), ("b", "unet", 0.7), ("c", "otsu", 0.4))
    with pytest.raises(InputError, match=r"same images, but .*unet: 2, otsu: 1"):
        paired_scores(apart)
    assert len(images_left_out(apart)) == 3


@pytest.mark.parametrize(
    ("columns", "cure"),
    [
        ({}, "remove the repeated rows"),
        ({"convention": ["workbench", "coco"]}, "keep one convention of 'workbench', 'coco'"),
        ({"dataset": ["dsb", "tnbc"]}, "compare one of 'dsb', 'tnbc'"),
    ],
)
def test_two_scores_of_an_image_are_refused_with_their_cure(columns: dict, cure: str) -> None:
    twice = score_table(("a", "unet", 0.5), ("a", "unet", 0.7), **columns)
    for function in (paired_scores, images_left_out):
        with pytest.raises(InputError, match=f"'a' has 2 of 'unet', seed 0 .*{cure}"):
            function(pd.concat([COMPLETE[COMPLETE["image_id"] == "b"], twice]))


def test_the_same_image_at_two_thresholds_is_no_repetition() -> None:
    other = COMPLETE.assign(threshold=0.7, value=0.1)
    assert paired_scores(pd.concat([COMPLETE, other])).equals(paired_scores(COMPLETE))


def test_scores_of_failed_predictions_count_as_what_they_are() -> None:
    failed = COMPLETE.assign(value=[0.7, 0.5, 0, 0], status=["ok", "ok", "missing", "missing"])
    assert paired_scores(failed)["otsu"].tolist() == [0, 0]


TWO = {"unet": [0.5, 0.6, 0.7], "otsu": [0.4, 0.5, 0.6]}


@pytest.mark.parametrize(
    ("paired", "message"),
    [
        (pd.DataFrame(TWO, index=["a", "b", "a"]), "every image must stand once .* 'a' repeat"),
        (pd.DataFrame(np.ones((3, 2)), columns=["u", "u"]), "every model must stand once .* 'u'"),
        (pd.DataFrame(TWO).iloc[:2], "at least 3 images and 2 models, got 2 images and 2 models"),
        (pd.DataFrame(TWO)[["unet"]], "got 3 images and 1 model;"),
        (
            pd.DataFrame({"unet": [0.5, 0.6, 0.7], "otsu": [0.4, np.nan, np.inf]}),
            "must not be NaN or infinite, but 2 are, the first that of model 'otsu' on image 1",
        ),
        (pd.DataFrame(TWO).astype(object).replace(0.7, "high"), "must be numbers: .*'high'"),
    ],
)
def test_what_is_no_paired_table_is_refused(paired: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_paired(paired)


def test_what_a_table_needs_is_up_to_who_asks() -> None:
    assert check_paired(pd.DataFrame({"unet": [1]}), min_images=1, min_models=1).tolist() == [[1.0]]
    with pytest.raises(InputError, match="at least 10 images"):
        check_paired(pd.DataFrame(TWO), min_images=10)


def test_sixty_models_are_described() -> None:
    scores = np.random.default_rng(0).random((5, 60))
    many = pd.DataFrame(scores, columns=[f"m{i}" for i in range(60)])
    assert describe_models(many, n_resamples=99)["model"].tolist() == many.columns.tolist()


def test_images_without_a_group_stand_alone() -> None:
    scores = COMPLETE.assign(group=["", "slide", "slide", ""])
    assert image_groups(scores).to_dict() == {"a": "slide"}
    assert image_groups(COMPLETE) is None
    assert image_groups(COMPLETE.assign(group="")) is None


def test_an_image_on_two_slides_is_refused() -> None:
    with pytest.raises(InputError, match="'a' to 'x', 'y' \\(1 such images\\)"):
        image_groups(COMPLETE.assign(group=["z", "x", "y", "z"]))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (pd.Series({"x": "slide"}), "groups name none of the 2 images"),
        (pd.Series(["s", "t"], index=["a", "a"]), "each image once, but 'a' repeat"),
    ],
)
def test_groups_of_other_images_are_refused(groups: pd.Series, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bootstrap_means(paired_scores(COMPLETE), groups=groups)


def test_a_group_named_like_a_lone_image_does_not_take_it_in() -> None:
    paired = pd.DataFrame({"unet": [0.0, 0.0, 1.0]}, index=["a", "b", "c"])
    groups = pd.Series({"a": "c", "b": "c"})
    means = bootstrap_means(paired, groups=groups, n_resamples=200)
    assert set(means[:, 0].round(12)) == {0, round(1 / 3, 12), 1}
