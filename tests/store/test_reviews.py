"""Verdicts and corrected annotations on disk: appended, never overwritten, whole or not there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile

from workbench.schema import InputError
from workbench.store import (
    KeptSlice,
    Run,
    Verdict,
    annotation_versions,
    append_verdict,
    find_kept_slice,
    keep_slice,
    latest_verdicts,
    read_slices,
    read_verdicts,
    save_annotation,
)

LABELS = np.array([[0, 1], [2, 2]])


def verdict(judgement: str = "model error", **parts: object) -> Verdict:
    cell = {"image_id": "im1", "side": "predicted", "cell_id": 4, "member": "unet-0"}
    return Verdict(**{**cell, "judgement": judgement, **parts})


def test_the_last_verdict_of_a_cell_counts_and_all_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "reviews" / "verdicts.jsonl"
    for judgement in ("model error", "ambiguous", "annotation error"):
        append_verdict(path, verdict(judgement, note="Kern? 核"))
    assert read_verdicts(path)["judgement"].tolist() == ["annotation error"]
    assert read_verdicts(path)["note"].tolist() == ["Kern? 核"]
    assert len(read_verdicts(path, latest=False)) == 3


def test_a_reference_cell_is_one_cell_whichever_model_led_to_it(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    for member in ("unet-0", "sac-0"):
        append_verdict(path, verdict(side="reference", member=member))
        append_verdict(path, verdict(side="predicted", member=member))
    table = read_verdicts(path)
    assert table["side"].tolist().count("reference") == 1
    assert table["side"].tolist().count("predicted") == 2


def test_an_annotation_that_was_corrected_is_judged_anew(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    for version in (0, 1):
        append_verdict(path, verdict(annotation=version))
    assert read_verdicts(path)["annotation"].tolist() == [0, 1]


def test_a_withdrawn_verdict_leaves_the_cell_unjudged_and_can_be_given_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "verdicts.jsonl"
    append_verdict(path, verdict(), verdict(cell_id=5))
    append_verdict(path, verdict("withdrawn"))
    assert read_verdicts(path)["cell_id"].tolist() == [5]
    append_verdict(path, verdict("ambiguous"))
    assert read_verdicts(path)["cell_id"].tolist() == [5, 4]
    assert len(read_verdicts(path, latest=False)) == 4


def test_who_withdraws_takes_back_their_own_verdict_alone(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    append_verdict(path, verdict(reviewer="Ada"), verdict("ambiguous", reviewer="Bo"))
    append_verdict(path, verdict("withdrawn", reviewer="Bo"))
    assert read_verdicts(path)["judgement"].tolist() == ["model error"]
    append_verdict(path, verdict("withdrawn", reviewer="Ada"))
    assert read_verdicts(path).empty


def test_of_two_reviewers_both_are_kept_and_the_last_counts(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    people = ("Ada", "Bo")

    def judge(cell_id: int) -> None:
        for who in people:
            append_verdict(path, verdict(cell_id=cell_id, reviewer=who))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(judge, range(1, 21)))
    everything = read_verdicts(path, latest=False)
    assert len(everything) == 40
    assert read_verdicts(path)["reviewer"].tolist() == ["Bo"] * 20
    each = latest_verdicts(everything, of_each_reviewer=True)
    assert each["reviewer"].value_counts().to_dict() == {"Ada": 20, "Bo": 20}


def test_nobody_has_judged(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "absent.jsonl").empty


def test_a_line_cut_by_a_kill_costs_that_verdict_alone(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.jsonl"
    append_verdict(path, verdict(cell_id=1))
    append_verdict(path, verdict(cell_id=2))
    path.write_bytes(path.read_bytes()[:-20])
    append_verdict(path, verdict(cell_id=3))
    assert read_verdicts(path)["cell_id"].tolist() == [1, 3]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"judgement": "wrong"}, "no verdict is called 'wrong'; there are model error"),
        ({"side": "truth"}, "got side 'truth'"),
    ],
)
def test_what_no_table_could_hold_is_refused(wrong: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        verdict(**wrong)


def test_each_correction_is_a_new_version(tmp_path: Path) -> None:
    run = Run(tmp_path)
    save_annotation(run, "im1", LABELS, note="split", reviewer="Ada")
    second = save_annotation(run, "im1", LABELS[::-1], parent=1)
    assert (second.version, second.parent) == (2, 1)
    assert tifffile.imread(run.annotation_file("im1", 1)).tolist() == LABELS.tolist()
    assert tifffile.imread(run.annotation_file("im1", 2)).tolist() == LABELS[::-1].tolist()
    assert [v.note for v in annotation_versions(run, "im1")] == ["split", ""]
    assert annotation_versions(run, "im2") == []
    with pytest.raises(InputError, match="annotation version 7 does not exist; the last is 2"):
        save_annotation(run, "im1", LABELS, parent=7)


def test_versions_of_all_images_are_listed_in_the_order_they_were_saved(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for image_id in ("im2", "im1", "im2"):
        save_annotation(run, image_id, LABELS)
    listed = [(v.image_id, v.version) for v in annotation_versions(run)]
    assert listed == [("im2", 1), ("im1", 1), ("im2", 2)]


def test_a_correction_of_a_version_before_the_first_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="annotation version -1 does not exist; the last is 0"):
        save_annotation(Run(tmp_path), "im1", LABELS, parent=-1)


def test_two_people_who_save_at_once_get_two_versions(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        saved = list(pool.map(lambda _: save_annotation(run, "im1", LABELS).version, range(8)))
    assert sorted(saved) == list(range(1, 9))


def test_where_the_disk_takes_nothing_no_version_is_listed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.annotations_file.parent.mkdir(parents=True)
    (run.annotations_file.parent / "labels").write_text("a file where a folder should be")
    with pytest.raises(InputError, match=r"can't save the annotation .* free space"):
        save_annotation(run, "im1", LABELS)
    assert annotation_versions(run) == []


class TestKeptSlices:
    def test_one_of_the_same_name_is_replaced_and_the_others_stay(self, tmp_path: Path) -> None:
        path = tmp_path / "slices.jsonl"
        keep_slice(path, KeptSlice("dense", ("im1",)))
        keep_slice(path, KeptSlice("large", ("im3",), (("im3", 7),), "1 cell"))
        keep_slice(path, KeptSlice(" dense ", ("im2", "im1")))
        slices = read_slices(path)
        assert list(slices) == ["dense", "large"]
        assert slices["dense"].image_ids == ("im2", "im1")
        assert slices["large"] == KeptSlice("large", ("im3",), (("im3", 7),), "1 cell")
        assert find_kept_slice(path, "dense") == ("im2", "im1")

    def test_one_that_nobody_kept_is_named_with_those_there_are(self, tmp_path: Path) -> None:
        path = tmp_path / "slices.jsonl"
        with pytest.raises(InputError, match=r"no slice 'dense' was kept .* none yet"):
            find_kept_slice(path, "dense")
        keep_slice(path, KeptSlice("large", ("im3",)))
        with pytest.raises(InputError, match="there are large"):
            find_kept_slice(path, "dense")

    @pytest.mark.parametrize(
        ("kept", "message"),
        [
            (KeptSlice("  ", ("im1",)), "a name of 1 to 60 letters, got '  '"),
            (KeptSlice("x" * 61, ("im1",)), "a name of 1 to 60 letters"),
            (KeptSlice("dense", ()), "slice 'dense' has no image; choose some first"),
        ],
    )
    def test_what_could_not_be_found_again_is_refused(
        self, tmp_path: Path, kept: KeptSlice, message: str
    ) -> None:
        with pytest.raises(InputError, match=message):
            keep_slice(tmp_path / "slices.jsonl", kept)
        assert not (tmp_path / "slices.jsonl").exists()

    def test_a_name_may_have_60_letters(self, tmp_path: Path) -> None:
        keep_slice(tmp_path / "slices.jsonl", KeptSlice("x" * 60, ("im1",)))
        assert list(read_slices(tmp_path / "slices.jsonl")) == ["x" * 60]
