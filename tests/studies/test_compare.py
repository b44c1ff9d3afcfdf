"""From scores of any origin to what they support: compare, audit, claim."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from workbench.schema import InputError
from workbench.studies import (
    Compared,
    audit_subject,
    choose_measure,
    claim_from_scores,
    compare_scores,
    print_audit,
    print_claim,
    print_comparison,
    print_summary,
    read_score_source,
    read_summary,
    write_compared,
)
from workbench.studies._compare_texts import findings, limits, pair_rows

N = 24
Write = Callable[..., Path]
HARD = np.linspace(0.2, 0.8, N)
"""How well any model does on each image: what the models share."""
WIGGLE = 0.01 * np.resize([-1, 1, 1, -1, 1, -1], N)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes scores of models as a wide CSV and returns its path."""

    def write_wide(name: str = "scores.csv", **models: np.ndarray | list) -> Path:
        first = next(iter(models.values()))
        frame = pd.DataFrame({"image": [f"i{k:02}" for k in range(len(first))], **models})
        frame.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return write_wide


def compared(*paths: Path, **options: object) -> Compared:
    source = read_score_source(paths, metric=options.get("metric", "f1"))
    return compare_scores(source, **{"metric": "f1", "n_resamples": 199} | options)


def test_a_small_gain_on_every_image_is_found_though_the_images_differ_much(write: Write) -> None:
    found = compared(write(old=HARD, new=HARD + 0.03 + WIGGLE))
    (row,) = found.comparison.pairs.itertuples()
    assert (row.first, row.second) == ("new", "old")
    assert row.mean_difference == pytest.approx(0.03)
    assert row.p_permutation_holm < 0.001
    unpaired = found.comparison.published_tests.set_index("name").loc["One-way ANOVA", "p_value"]
    assert unpaired > 0.5, "as published, the gain drowns in how much the images differ"
    assert "new lies 0.030" in findings(found)[0]
    assert "a difference that the data support" in findings(found)[0]


def test_the_order_of_lines_and_models_changes_nothing(write: Write, tmp_path: Path) -> None:
    path = write(a=HARD, b=HARD + WIGGLE, c=HARD[::-1])
    table = pd.read_csv(path)
    shuffled = table.sample(frac=1, random_state=3)[["image", "c", "a", "b"]]
    shuffled.to_csv(tmp_path / "shuffled.csv", index=False)
    one, other = compared(path), compared(tmp_path / "shuffled.csv")
    by_name = ["model", "mean", "ci_low", "ci_high", "rank"]
    pd.testing.assert_frame_equal(
        one.models[by_name].sort_values("model", ignore_index=True),
        other.models[by_name].sort_values("model", ignore_index=True),
    )
    p_of = [
        {
            frozenset((row.first, row.second)): row.p_t_holm
            for row in c.comparison.pairs.itertuples()
        }
        for c in (one, other)
    ]
    assert p_of[0] == pytest.approx(p_of[1])


def test_equal_models_are_called_equivalent_and_open_ones_are_not_called_equal(
    write: Write,
) -> None:
    same = findings(compared(write(a=HARD, b=HARD + 0.1 * WIGGLE)))
    assert "the two are equivalent within ±0.02" in same[0]
    rng = np.random.default_rng(0)
    noisy = np.clip(HARD + rng.normal(0.01, 0.1, N), 0, 1)
    unclear = findings(compared(write(a=HARD, b=noisy)))
    assert "not told apart, which does not mean equal" in unclear[0]
    assert "with 80 % power; this one would need about" in unclear[0]


def test_a_margin_is_what_the_user_declares(write: Write) -> None:
    path = write(a=HARD, b=HARD + 0.03 + WIGGLE)
    assert not compared(path).comparison.pairs["equivalent"].any()
    assert compared(path, margin=0.05).comparison.pairs["equivalent"].all()
    with pytest.raises(InputError, match="margin of equivalence must be above 0"):
        compared(path, margin=-1.0)


def test_of_distances_the_smallest_is_best(write: Write) -> None:
    found = compared(write(far=10 * HARD + 3, near=10 * HARD), metric="mhd")
    assert found.models["model"].tolist() == ["near", "far"]
    assert found.models["rank"].tolist() == [1, 2]
    assert findings(found)[0].startswith("near lies 3.000")
    assert "below far" in findings(found)[0]


def test_with_a_reference_all_others_are_compared_with_it(write: Write) -> None:
    path = write(a=HARD, b=HARD + WIGGLE, c=HARD[::-1])
    found = compared(path, reference="b")
    assert found.comparison.pairs["second"].tolist() == ["b", "b"]
    with pytest.raises(InputError, match="no model is called 'bb'; did you mean 'b'"):
        compared(path, reference="bb")


@pytest.mark.parametrize(
    ("models", "note"),
    [
        ({"a": [0.5, 0.6], "b": [0.4, 0.5]}, "there are 2 images and 2 models"),
        ({"a": [0.5, 0.6, 0.7]}, "there are 3 images and 1 models"),
    ],
)
def test_too_little_to_test_is_said_and_described_all_the_same(
    write: Write, models: dict[str, list[float]], note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = compared(write(**models))
    assert any(note in limit for limit in limits(found))
    assert findings(found) == []
    print_comparison(found)
    told = capsys.readouterr().out
    assert note in told
    assert "Pair" not in told


def test_scores_all_equal_separate_nothing(write: Write) -> None:
    found = compared(write(a=np.full(N, 0.5), b=np.full(N, 0.5)))
    assert found.comparison.pairs["p_permutation_holm"].tolist() == [1.0]
    assert "a difference that the data support" not in findings(found)[0]


def test_sixty_models_are_shown_by_their_pairs_with_the_best(write: Write) -> None:
    models = {f"m{k:02}": HARD - 0.003 * k + WIGGLE * (k % 3) for k in range(60)}
    found = compared(write(**models), n_resamples=99)
    assert len(found.comparison.pairs) == 60 * 59 // 2
    shown = pair_rows(found)
    best = found.models["model"].iloc[0]
    assert len(shown.frame) == 59
    assert shown.frame["Pair"].str.contains(best).all()
    assert f"{60 * 59 // 2 - 59} more go into --out" in shown.caption


def test_the_terminal_gets_a_whole_answer(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    scores = HARD.copy()
    scores[3] = np.nan
    print_comparison(compared(write(first=HARD + 0.05 + WIGGLE, second=scores)))
    told = capsys.readouterr().out
    for part in (
        "scores: F1 at IoU 0.5 of 2 models on the same 23 images",
        "How the scores were read",
        "IoU threshold 0.5 for f1: assumed",
        "95 % of ranks",
        "Friedman (Iman-Davenport)",
        "One-way ANOVA (as published)",
        "first − second",
        "23 / 0 / 0",
        "What the data say",
        "first lies 0.050",
        "What they do not say",
        "1 images left out for all models, as the score of second is undefined or absent: i03",
        "seeds: fewer than 3 per model",
    ):
        assert part in told, part
    assert max(map(len, told.splitlines()[10:20])) <= 120


def test_a_model_without_the_measure_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    rows = [f"i{k},{m},{x},{v}" for k in range(4) for m, x, v in
            (("a", "f1", 0.5), ("b", "f1", 0.6), ("c", "dice", 0.7))]  # fmt: skip
    path.write_text("image,model,metric,value\n" + "\n".join(rows))
    assert limits(compared(path))[0] == "not compared, as they have no F1 at IoU 0.5: c"


def test_images_of_a_group_count_once(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    frame = pd.DataFrame(
        {"image": range(N), "slide": np.repeat(range(4), 6), "a": HARD, "b": HARD + 0.03 + WIGGLE}
    )
    frame.to_csv(path, index=False)
    found = compared(path)
    assert found.n_groups == 4
    (row,) = found.comparison.pairs.itertuples()
    assert row.p_permutation_holm == 0.125, "of 2^4 signs of four slides, two are as extreme"
    means = found.paired.groupby(found.groups)["b"].mean()
    low, high = stats.t.interval(0.95, 3, means.mean(), stats.sem(means))
    best = found.models.iloc[0]
    assert (best["ci_low"], best["ci_high"]) == pytest.approx((low, high))


def test_images_without_a_group_stand_alone_and_this_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    slides = ["s1"] * 6 + ["s2"] * 6 + [""] * 12
    frame = pd.DataFrame({"image": range(N), "slide": slides, "a": HARD, "b": HARD + 0.1 * WIGGLE})
    frame.to_csv(path, index=False)
    found = compared(path)
    assert found.n_groups == 14
    print_comparison(found)
    told = capsys.readouterr().out
    assert "of 2 models on the same 24 images in 14 groups" in told
    assert "12 of 24 images lie in 2 groups (slides, plates, patients): intervals resample" in told
    assert "The first three are made of the means of the 14 groups." in " ".join(told.split())


def test_ranks_are_drawn_by_slide(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    wins = np.repeat([0.1, 0.1, -0.08, -0.08], 6)  # one slide against another, not image by image
    frame = pd.DataFrame(
        {"image": range(N), "slide": np.repeat(range(4), 6), "a": HARD, "b": HARD + wins}
    )
    frame.to_csv(path, index=False)
    frame.drop(columns="slide").to_csv(tmp_path / "alone.csv", index=False)
    by_slide, alone = compared(path), compared(tmp_path / "alone.csv")
    assert by_slide.models["p_best"].max() < alone.models["p_best"].max()


def seeded(n_seeds: dict[str, int]) -> pd.DataFrame:
    """Return scores of models with so many seeds, each 0.04 below the last."""
    return pd.DataFrame(
        [
            {"image": f"i{k:02}", "model": model, "seed": seed, "f1": value - 0.04 * seed}
            for model, n in n_seeds.items()
            for seed in range(n)
            for k, value in enumerate(HARD + (0.05 if model == "b" else 0) + WIGGLE)
        ]
    )


def test_several_seeds_widen_the_interval_and_the_lone_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    seeded({"a": 1, "c": 2, "b": 3}).to_csv(path, index=False)
    found = compared(path)
    assert found.seeds is not None
    assert found.seeds["model"].tolist() == found.models["model"].tolist() == ["b", "a", "c"]
    assert found.seeds["n_seeds"].tolist() == [3, 1, 2]
    assert found.seeds["mean"].tolist() == pytest.approx(found.models["mean"].tolist())
    print_comparison(found)
    told = capsys.readouterr().out
    assert "Several trainings" in told
    assert "seeds: fewer than 3 of a, c, so the scores speak of these runs" in told
    (one,) = [line for line in told.splitlines() if line.startswith("a ") and " 1  " in line]
    assert one.rstrip().endswith("–"), "one seed has no interval over seeds"
    alone = tmp_path / "alone.csv"
    seeded({"a": 1, "b": 1}).to_csv(alone, index=False)
    assert compared(alone).seeds is None
    assert any("seeds: fewer than 3 per model" in limit for limit in limits(compared(alone)))
    seeded({"a": 3, "b": 3}).to_csv(alone, index=False)
    assert not any("seeds" in limit for limit in limits(compared(alone)))


def cells_of(found: dict[str, list[float]], images: int = N) -> pd.DataFrame:
    """Return a cell table: every image has these matched IoU."""
    return pd.DataFrame(
        [
            {"image_id": f"i{k:02}", "model": model, "seed": 0, "side": "reference",
             "cell_id": cell, "matched_iou": iou}
            for model, cells in found.items()
            for k in range(images)
            for cell, iou in enumerate(cells, start=1)
        ]
    )  # fmt: skip


def test_runs_tell_which_model_finds_more_of_the_cells(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = HARD.copy()
    scores[3] = np.nan
    source = read_score_source([write(a=HARD, b=scores + 0.05 + WIGGLE)], metric="f1")
    cells = cells_of({"a": [0.8, np.nan, 0.6], "b": [0.8, 0.9, 0.6]})
    source = replace(source, cells=cells)
    found = compare_scores(source, metric="f1", n_resamples=199)
    assert found.found_cells is not None
    (row,) = found.found_cells.itertuples()
    assert (row.first, row.second, row.n_images) == ("b", "a", 23), "i03 has no score of b"
    assert (row.both, row.first_only, row.second_only, row.neither) == (46, 23, 0, 0)
    print_comparison(found)
    told = capsys.readouterr().out
    assert "Do they find the same cells? 69 reference cells of 23 images" in told
    assert "+33.3 %" in told
    strict = source.scores.assign(threshold=0.7)
    at = compare_scores(replace(source, scores=strict), metric="f1", threshold=0.7, n_resamples=99)
    assert at.found_cells is not None
    assert at.found_cells["neither"].tolist() == [23], "cells of IoU 0.6 are not found at 0.7"
    few = replace(source, cells=cells[cells["image_id"] < "i02"])
    assert compare_scores(few, metric="f1", n_resamples=99).found_cells is None


def test_an_interval_turns_with_its_difference(write: Write) -> None:
    path = write(a=HARD, b=HARD + 0.03 + WIGGLE)
    found = compared(path, reference="b")
    (row,) = found.comparison.pairs.itertuples()
    assert row.first == "a"
    expected = f"b lies 0.030 [{-row.ci_high:.3f}, {-row.ci_low:.3f}] above a"
    assert findings(found)[0].startswith(expected)


def test_what_differs_what_is_equivalent_and_what_is_open_are_counted_apart(write: Write) -> None:
    rng = np.random.default_rng(0)
    found = compared(
        write(a=HARD + 0.2, b=HARD + 0.2 + 0.05 * WIGGLE, c=HARD, d=HARD + rng.normal(0, 0.1, N))
    )
    pairs = found.comparison.pairs
    differ = pairs["p_permutation_holm"] < 0.05
    n_open = int((~differ & ~pairs["equivalent"].astype(bool)).sum())
    counts = int(differ.sum()), int(pairs["equivalent"].sum()), n_open
    assert min(counts) > 0
    assert findings(found)[-1] == (
        "Of 6 pairs, the number shown to differ is {}, to be equivalent within ±0.02 {}, neither "
        "{}.".format(*counts)
    )


def test_what_differs_after_adjustment_alone_counts(write: Write) -> None:
    rng = np.random.default_rng(2)
    models = {f"m{k}": HARD + rng.normal(0.005 * k, 0.04, N) for k in range(8)}
    found = compared(write(**models))
    pairs = found.comparison.pairs
    assert (pairs["p_permutation"] < 0.05).sum() > (pairs["p_permutation_holm"] < 0.05).sum()
    differ = int((pairs["p_permutation_holm"] < 0.05).sum())
    assert f"the number shown to differ is {differ}," in findings(found)[-1]


def test_a_certain_difference_within_the_margin_is_called_too_small_to_matter(write: Write) -> None:
    path = write(a=HARD, b=HARD + 0.01 + 0.1 * WIGGLE)
    within = "it is too small to matter by the declared margin"
    assert within in findings(compared(path))[0]
    assert within not in findings(compared(path, margin=0.005))[0]


MEASURES = pd.DataFrame(
    {"metric": ["f1", "f1", "dice", "ap"], "threshold": [0.7, 0.9, np.nan, np.nan]}
)


def test_the_measure_is_chosen_or_asked_for() -> None:
    assert choose_measure(MEASURES, "F1 Score", 0.7) == ("f1", 0.7)
    assert choose_measure(MEASURES.iloc[:1]) == ("f1", 0.7), "the only threshold there is"
    assert choose_measure(MEASURES.iloc[2:3])[0] == "dice", "the only measure there is"
    for options, message in (
        (("f1",), "several thresholds, but none of f1 at IoU 0.5, only at 0.7, 0.9"),
        (("f1", 0.5), "no scores of f1 at IoU 0.5, only at 0.7, 0.9"),
        (("dice", 0.5), "dice has no IoU threshold; leave it away"),
        (("dicee",), "no scores of 'dicee'; did you mean dice?"),
        (("zzz",), "no scores of 'zzz'; there are f1, dice, ap"),
    ):
        with pytest.raises(InputError) as told:
            choose_measure(MEASURES, *options)
        assert message in str(told.value)
    with pytest.raises(InputError, match="several measures and no F1; there are dice, ap"):
        choose_measure(MEASURES.iloc[2:])


def test_a_report_says_how_its_scores_were_read(write: Write, tmp_path: Path) -> None:
    path = write_compared(compared(write(a=HARD, b=HARD + WIGGLE)), tmp_path / "report")
    text = path.with_suffix(".md").read_text()
    assert "24 lines, a column per model: image_id from 'image', models a, b" in text
    assert (tmp_path / "report" / "tables" / "pairs.csv").is_file()


PUBLISHED = """Model,n,Mean F1,Std F1
UNET,101,0.3341,0.2376
NNUNET,101,0.3833,0.2228
SAC,101,0.0037,0.0082
LSTMUNET,101,0.2889,0.206
MAUNET_RESNET50,101,0.5685,0.2452
MAUNET_WIDE,101,0.5561,0.2492
MAUNET_ENSEMBLE,101,0.6015,0.264
"""


def test_the_published_table_is_rebuilt_and_called_unpaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "published.csv"
    path.write_text(PUBLISHED)
    print_summary(read_summary(path), name=path.name)
    told = capsys.readouterr().out
    assert "Unpaired, as published: One-way ANOVA F(6, 700) = 92.3, p < 0.0001" in told
    lines = {line[:33].strip(): line[33:].split() for line in told.splitlines()}
    assert lines["MAUNET_ENSEMBLE − NNUNET"][3:5] == ["0.893", "large"]
    assert lines["MAUNET_ENSEMBLE − MAUNET_WIDE"] == [
        "+0.045", "0.21", "0.177", "negligible", "0.079", "0.024", "0.0061", "0.00015",
    ]  # fmt: skip
    assert "the score of every model on every image is needed" in told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Model,n,mean\nA,5,0.5\n", "expected one column sd (sd, std, std_f1"),
        ("Model,n,mean,sd,std\nA,5,0.5,0.1,0.1\n", "sd, std could all be it"),
        ("Model,n,mean,sd\nA,1,0.5,0.1\n", "line 2: expected each model once, with n of at least"),
        ("Model,n,mean,sd\nA,5,0.5,0.1\nA,5,0.5,0.1\n", "line 3: expected each model once"),
        ("Model,n,mean,sd\nA,5,0.5,-0.1\n", "line 2: expected each model once, with n of at"),
        ("Model,n,mean,sd\nA,5,good,0.1\n", "line 2: column 'mean' holds 'good'"),
    ],
)
def test_a_mistake_in_a_summary_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "published.csv"
    path.write_text(text)
    with pytest.raises(InputError) as told:
        read_summary(path)
    assert message in str(told.value)


def test_a_summary_of_one_model_is_no_comparison(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("model,n,mean,sd\nA,5,0.5,0.1\n")
    with pytest.raises(InputError, match="compares 2 or more models"):
        print_summary(read_summary(path), name=path.name)


REPORT = "Model\tMean F1\nunet\t0.61\nsac\t0.58\n\nunet vs sac: p = 0.000"


@pytest.mark.parametrize("name", ["report.txt", "report.md", "report"])
def test_a_text_is_audited_as_a_report(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(REPORT)
    audit = audit_subject(tmp_path / name)
    assert [finding.code for finding in audit.findings] == ["p_as_zero"]
    print_audit(audit)
    told = capsys.readouterr().out
    assert f"{name}: read as the text of a report" in told
    assert "shown by: " in told
    assert "cure: " in told


def test_a_table_that_names_images_is_audited_as_scores_and_another_as_text(
    write: Write, tmp_path: Path
) -> None:
    path = tmp_path / "lacking.csv"
    path.write_text("image,model,f1\na,u,0.5\nb,u,0.5\nc,u,0.7\na,v,0.4\nb,v,0.3\n")
    audit = audit_subject(path)
    assert audit.kind == "scores, compared by F1 at IoU 0.5"
    assert any("v" in f.sentence and "image" in f.sentence for f in audit.findings)
    (tmp_path / "published.csv").write_text(PUBLISHED)
    assert audit_subject(tmp_path / "published.csv").kind == "the text of a report"
    sound = audit_subject(write(a=HARD, b=HARD + WIGGLE), metric="f1")
    assert not sound.is_serious


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(InputError, match="is a PDF; copy its text or table into a text file"):
        audit_subject(tmp_path / "report.pdf")
    with pytest.raises(InputError, match="no such file or folder"):
        audit_subject(tmp_path / "nothing.txt")


def test_a_claim_is_answered_on_images_that_a_column_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.csv"
    phase = np.arange(N) % 2 == 0
    frame = pd.DataFrame(
        {"image": range(N), "modality": np.where(phase, "phase", "fluo"), "a": HARD,
         "b": HARD + WIGGLE + np.where(phase, 0.1, -0.05)}
    )  # fmt: skip
    frame.to_csv(path, index=False)
    source = read_score_source([path], metric="f1")
    assert claim_from_scores("b better than a on phase", source).supported
    opposite = claim_from_scores("b better than a on fluo", source)
    assert not opposite.supported
    print_claim(opposite, source)
    told = capsys.readouterr().out
    assert "The claim is not supported: the data support the opposite." in told
    assert "facts of images: modality" in told


def test_dense_images_are_unknown_where_no_table_counts_cells(write: Write) -> None:
    source = read_score_source([write(a=HARD, b=HARD + WIGGLE)], metric="f1")
    with pytest.raises(InputError, match="no images are called 'dense'"):
        claim_from_scores("b better than a on dense images", source)


def test_dense_images_are_those_with_many_cells(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    frame = pd.DataFrame({"image": range(N), "n_cells": np.arange(1, N + 1), "a": HARD,
                          "b": HARD + WIGGLE + np.where(np.arange(N) > 12, 0.1, -0.1)})  # fmt: skip
    frame.to_csv(path, index=False)
    source = read_score_source([path], metric="f1")
    answer = claim_from_scores("b better than a on dense images", source)
    assert answer.supported
    assert answer.n == N // 3
