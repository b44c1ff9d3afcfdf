"""Splits keep together what belongs together, in the shares that were asked for."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.datasets import (
    SplitConfig,
    assign_folds,
    assign_splits,
    check_leakage,
    freeze_split,
    frozen_split_json,
    leaking_pairs,
    read_frozen_split,
    verify_frozen_split,
)
from workbench.schema import InputError


def table(n: int, **columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"image_id": [f"im{place:03d}" for place in range(n)], **columns})


def pairs(*ids: tuple[str, str]) -> pd.DataFrame:
    rows = [(a, b, "near", 0.97) for a, b in ids]
    return pd.DataFrame(rows, columns=["image_id_a", "image_id_b", "kind", "similarity"])


def counts(splits: pd.Series) -> dict[str, int]:
    return splits.value_counts().to_dict()


@pytest.mark.parametrize(
    ("n", "expected"), [(10, (7, 1, 2)), (11, (8, 1, 2)), (14, (10, 1, 3)), (3, (1, 1, 1))]
)
def test_shares_are_rounded_by_largest_remainders(n: int, expected: tuple[int, ...]) -> None:
    splits = counts(assign_splits(table(n), SplitConfig()))
    assert tuple(splits[name] for name in ("train", "val", "test")) == expected


@given(
    st.lists(st.integers(0, 5), min_size=30, max_size=120),
    st.sampled_from([(0.7, 0.1, 0.2), (0.5, 0.25, 0.25), (0.34, 0.33, 0.33)]),
    st.integers(0, 3),
)
def test_every_split_holds_its_share_of_every_stratum(
    strata: list[int], shares: tuple[float, ...], seed: int
) -> None:
    images = table(len(strata), stain=[str(stratum) for stratum in strata])
    wanted = dict(zip(("train", "val", "test"), shares, strict=True))
    config = SplitConfig(shares=wanted, stratify_by="stain", seed=seed)
    splits = assign_splits(images, config).to_numpy()
    for stratum in set(strata):
        inside = splits[np.array(strata) == stratum]
        for name, share in wanted.items():
            assert abs((inside == name).sum() - share * len(inside)) < 1
    for name, share in wanted.items():
        assert abs((splits == name).sum() - share * len(splits)) < 2


def test_many_small_strata_leave_no_split_without_its_share() -> None:
    images = table(40, slide=[str(place // 2) for place in range(40)])
    splits = assign_splits(images, SplitConfig(stratify_by="slide"))
    assert counts(splits) == {"train": 28, "val": 4, "test": 8}


@given(
    st.lists(st.integers(0, 12), min_size=20, max_size=80),
    st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=6),
    st.integers(0, 3),
)
def test_groups_and_duplicates_are_never_parted(
    groups: list[int], copies: list[tuple[int, int]], seed: int
) -> None:
    groups = [*groups, 99]  # so that there are two groups at least
    images = table(len(groups), plate=[str(group) if group else "" for group in groups])
    duplicates = pairs(*((f"im{a:03d}", f"im{b:03d}") for a, b in copies))
    config = SplitConfig(shares={"train": 0.5, "test": 0.5}, group_by="plate", seed=seed)
    splits = assign_splits(images, config, duplicates=duplicates)
    assert set(splits) == {"train", "test"}
    known = images.assign(split=splits.to_numpy())
    for plate, members in known.groupby("plate"):
        assert plate == "" or len(set(members["split"])) == 1
    check_leakage(known, duplicates, splits=["train", "test"])


def test_groups_are_stratified_too() -> None:
    stains = ["DAPI", "H&E"] * 20
    images = table(80, slide=[str(place // 2) for place in range(80)])
    images["stain"] = [stain for stain in stains for _ in range(2)]
    config = SplitConfig(
        shares={"train": 0.5, "val": 0.2, "test": 0.3}, stratify_by="stain", group_by="slide"
    )
    splits = assign_splits(images, config).to_numpy()
    by_stain = images.groupby(["stain", splits]).size()
    assert by_stain.to_dict() == {
        (stain, split): n
        for stain in ("DAPI", "H&E")
        for split, n in (("train", 20), ("val", 8), ("test", 12))
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_large_group_does_not_spoil_the_shares(seed: int) -> None:
    images = table(100, plate=["large"] * 60 + ["small"] * 8 + [""] * 32)
    splits = counts(assign_splits(images, SplitConfig(group_by="plate", seed=seed)))
    assert splits == {"train": 70, "val": 10, "test": 20}


def test_images_without_a_group_stand_alone() -> None:
    images = table(10, plate=["a"] * 4 + [""] * 3 + [None] * 3)
    splits = assign_splits(
        images, SplitConfig(shares={"train": 0.5, "test": 0.5}, group_by="plate")
    )
    assert counts(splits) == {"train": 5, "test": 5}


def test_the_order_of_rows_and_of_shares_changes_nothing() -> None:
    images = table(50, stain=["a", "b", "c", "a", "a"] * 10)
    config = SplitConfig(stratify_by="stain", seed=3)
    turned = SplitConfig(shares=dict(reversed(config.shares.items())), stratify_by="stain", seed=3)
    splits = assign_splits(images, config)
    shuffled = images.sample(frac=1, random_state=0)
    assert list(assign_splits(shuffled, config).index) == list(shuffled["image_id"])
    assert assign_splits(shuffled, config).to_dict() == splits.to_dict()
    assert assign_splits(images, turned).to_dict() == splits.to_dict()


def test_another_seed_gives_another_split() -> None:
    one, two = (assign_splits(table(50), SplitConfig(seed=seed)) for seed in (0, 1))
    assert counts(one) == counts(two)
    assert (one != two).any()


def test_every_image_is_tested_in_one_fold() -> None:
    images = table(23, stain=["a"] * 13 + ["b"] * 10)
    folds = assign_folds(images, SplitConfig(folds=5, stratify_by="stain"))
    assert list(folds.columns) == [f"fold_{fold}" for fold in range(5)]
    assert ((folds == "test").sum(axis=1) == 1).all()
    for column in folds:
        assert (folds.loc[folds.index[13:], column] == "test").sum() == 2
        assert set(folds[column]) == {"train", "val", "test"}
    assert sorted((folds == "test").sum()) == [4, 4, 5, 5, 5]


def test_grouped_folds_do_not_part_groups() -> None:
    images = table(30, plate=[str(place % 6) for place in range(30)])
    folds = assign_folds(images, SplitConfig(folds=3, group_by="plate"))
    for _, members in folds.groupby(images["plate"].to_numpy()):
        assert len(members.drop_duplicates()) == 1
    assert ((folds == "test").sum() == 10).all()


def test_a_tenth_of_the_training_images_become_validation_and_test_stays() -> None:
    images = table(150, split=["test"] * 50 + ["train"] * 100)
    splits = assign_splits(images, SplitConfig(keep=("test",)))
    assert counts(splits) == {"train": 90, "val": 10, "test": 50}
    assert (splits.iloc[:50] == "test").all()


def test_one_cell_type_alone_is_divided() -> None:
    images = table(30, cell_type=["BV2", "A172", "Huh7"] * 10)
    splits = assign_splits(images, SplitConfig(only={"cell_type": "Huh7"}))
    assert list(splits.index) == list(images["image_id"][2::3])
    assert counts(splits) == {"train": 7, "val": 1, "test": 2}


@pytest.mark.parametrize(
    ("images", "config", "message"),
    [
        (table(2), {}, "2 images can't fill 3 splits (train, val, test)"),
        (table(3), {"folds": 4}, "3 images can't fill 4 folds"),
        (
            table(9, plate=["a"] * 5 + ["b"] * 4),
            {"group_by": "plate"},
            "9 images in 2 groups that stay together can't fill 3 splits",
        ),
        (table(9, stain=["a"] * 9), {"stratify_by": "stan"}, "did you mean 'stain'?"),
        (table(9, stain=["a"] * 9), {"only": {"stain": "b"}}, "no image has stain 'b'"),
        (table(0), {}, "there are no images to divide"),
        (table(9, split=["test"] * 9), {"keep": ("tset",)}, "no image is in split 'tset'"),
        (pd.concat([table(5)] * 2), {}, "im000, im001, im002 and 2 more stands more than once"),
    ],
)  # fmt: skip
def test_what_can_not_be_divided_is_refused_with_numbers(
    images: pd.DataFrame, config: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError) as error:
        assign_splits(images, SplitConfig(**config))
    assert message in str(error.value)


def test_a_kept_test_image_with_a_copy_among_the_others_is_refused() -> None:
    images = table(10, split=["test"] * 3 + ["train"] * 7)
    with pytest.raises(InputError, match=r"im002 \(test\), im005 \(train\) belong together"):
        assign_splits(images, SplitConfig(keep=("test",)), duplicates=pairs(("im002", "im005")))
    kept = assign_splits(images, SplitConfig(keep=("test",)), duplicates=pairs(("im001", "im002")))
    assert counts(kept)["test"] == 3


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shares": {"train": 0.7, "test": 0.2}}, "add up to 0.9"),
        ({"folds": 5, "keep": ("test",)}, "folds or keep, not both"),
        ({"folds": 5, "fold": 5}, "fold 5 needs more than 5 folds"),
        ({"fold": 1}, "fold 1 needs more than 1 folds"),
        ({"folds": 5, "shares": {"train": 0.8, "test": 0.2}}, "test is set aside"),
        ({"stratify": "stain"}, "Extra inputs are not permitted"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(
    values: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        SplitConfig(**values)


@pytest.fixture
def frozen_images() -> pd.DataFrame:
    images = table(4, split=["train", "train", "val", "test"])
    images["image_sha256"] = ["a0", "a1", "a2", "a3"]
    return images.assign(labels_sha256=["b0", "b1", None, "b3"])


def test_a_frozen_split_is_read_as_it_was_written(
    frozen_images: pd.DataFrame, tmp_path: Path
) -> None:
    frozen = freeze_split(frozen_images, dataset="mine", config=SplitConfig(folds=3, fold=1))
    path = tmp_path / "split.json"
    path.write_text(frozen_split_json(frozen), encoding="utf-8")
    assert read_frozen_split(path) == frozen
    assert sum('"image_id"' in line for line in path.read_text().splitlines()) == 4
    assert json.loads(path.read_text())["images"][2]["labels_sha256"] is None


def test_the_digest_tells_whether_anything_differs(frozen_images: pd.DataFrame) -> None:
    def digest(images: pd.DataFrame, seed: int = 0) -> str:
        return freeze_split(images, dataset="mine", config=SplitConfig(seed=seed)).digest

    first = digest(frozen_images)
    assert digest(frozen_images[::-1]) == first
    assert digest(frozen_images, seed=1) != first
    assert digest(frozen_images.replace("b1", "b9")) != first
    assert digest(frozen_images.replace("val", "test")) != first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace('"val"', '"test"'), "was changed by hand"),
        (lambda text: text.replace("workbench split 1", "9"), "expected a frozen split"),
        (lambda text: text.replace("image_sha256", "sha"), "images.0.image_sha256: Field required"),
        (lambda text: text[:-20], "not JSON"),
        (lambda _: "[]", "expected a frozen split"),
    ],
)
def test_a_frozen_split_that_was_changed_is_refused(
    frozen_images: pd.DataFrame, tmp_path: Path, change: Callable[[str], str], message: str
) -> None:
    path = tmp_path / "split.json"
    path.write_text(change(frozen_split_json(freeze_split(frozen_images, dataset="mine"))))
    with pytest.raises(InputError, match=message):
        read_frozen_split(path)


def test_a_frozen_split_names_what_is_changed_missing_and_new(frozen_images: pd.DataFrame) -> None:
    frozen = freeze_split(frozen_images, dataset="mine")
    assert verify_frozen_split(frozen, frozen_images[::-1]).empty
    now = pd.concat([frozen_images[1:], table(1).assign(image_id="other", split="test")])
    now = now.assign(
        image_sha256=["XX", "a2", "a3", "a4"], labels_sha256=["b1", "YY", None, None],
        split=["train", "val", "train", "test"],
    )  # fmt: skip
    assert verify_frozen_split(frozen, now).to_numpy().tolist() == [
        ["im000", "missing"],
        ["im001", "image changed"],
        ["im002", "labels changed"],
        ["im003", "labels changed"],
        ["im003", "split changed"],
        ["other", "new"],
    ]


def test_a_leak_is_refused_and_its_pairs_named() -> None:
    images = table(6, split=["train", "train", "val", "test", "test", "extra"])
    found = pairs(("im000", "im001"), ("im000", "im003"), ("im002", "im004"), ("im001", "im005"))
    leaks = leaking_pairs(images, found)
    assert leaks[["image_id_a", "image_id_b", "split_a", "split_b"]].to_numpy().tolist() == [
        ["im000", "im003", "train", "test"],
        ["im002", "im004", "val", "test"],
    ]
    with pytest.raises(InputError, match=r"2 pairs .* im000 \(train\) and im003 \(test\), near"):
        check_leakage(images, found)


def test_duplicates_within_a_split_are_no_leak() -> None:
    images = table(3, split=["train", "train", "test"])
    check_leakage(images, pairs(("im000", "im001")))
    check_leakage(images, pairs())
