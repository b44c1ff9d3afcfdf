"""Seeds, groups, cells and kinds of images in a report: shown where there are any, and right."""

import math

import numpy as np
import pandas as pd
import pytest

from tests.report.score_tables import MODELS, score_table
from workbench.analysis import seed_intervals
from workbench.report import Report, ReportTable, Section, render_markdown, score_sections

FEW = {"n_resamples": 199}
CELLS = "Do two models find the same cells?"


def with_seeds(scores: pd.DataFrame, n: int = 3) -> pd.DataFrame:
    """Return the scores with "good" trained n times, each time 0.05 worse."""
    more = [
        scores[scores["model"] == "good"].assign(
            seed=seed, value=lambda t, seed=seed: t["value"] - 0.05 * seed
        )
        for seed in range(1, n)
    ]
    return pd.concat([scores, *more], ignore_index=True)


def cell_table(found: dict[str, list[list[float]]], *, seed: int = 0) -> pd.DataFrame:
    """Return a cell table from the matched IoU of each cell of each image, by model."""
    return pd.DataFrame(
        [
            {"image_id": f"im{place:02}", "model": model, "seed": seed, "side": side,
             "cell_id": cell, "matched_iou": iou}
            for model, images in found.items()
            for place, cells in enumerate(images)
            for cell, iou in enumerate(cells, start=1)
            for side in ("reference", "predicted")
        ]
    )  # fmt: skip


def section(title: str, sections: list[Section]) -> Section:
    (found,) = [one for one in sections if one.title == title]
    return found


def tables(sections: list[Section]) -> dict[str, ReportTable]:
    return {table.name: table for table in Report("r", sections).tables}


def test_without_seeds_cells_or_facts_nothing_is_said_of_them() -> None:
    found = score_sections(score_table(full=False), **FEW)
    for title in ("Seeds", CELLS, "Kinds of images"):
        assert (section(title, found).texts, section(title, found).items) == ((), ())


def test_several_seeds_have_intervals_over_images_and_over_both() -> None:
    scores = with_seeds(score_table())
    found = score_sections(scores, **FEW)
    table = tables(found)["seeds"].frame.set_index("Model")
    assert table["Seeds"].to_dict() == {"good": 3, "twin": 1, "poor": 1}
    good = scores[(scores["model"] == "good") & (scores["metric"] == "f1")]
    means = good[good["threshold"] == 0.5].groupby("seed")["value"].mean()
    assert table.loc["good", "Mean"] == pytest.approx(means.mean())
    assert table.loc["good", "Lowest and highest seed"] == f"{means.min():.3f} to {means.max():.3f}"
    row = seed_intervals(scores, n_resamples=199).set_index("model").loc["good"]
    assert table.loc["good", "Over images and seeds"] == (
        f"[{row['ci_low']:.3f}, {row['ci_high']:.3f}]"
    )
    one = table.loc["twin", ["Lowest and highest seed", "Over images and seeds"]]
    assert one.tolist() == ["–", "–"]
    assert "another training may score differently" in table.loc["twin", "Note"]
    summary = tables(found)["summary"].frame.set_index("Model")
    over_images = summary.loc[table.index, "95 % interval of the mean"]
    assert table["Interval over images"].tolist() == over_images.tolist()


def test_shares_of_variance_add_up_and_seeds_have_theirs() -> None:
    table = tables(score_sections(with_seeds(score_table()), **FEW))["variance_shares"].frame
    assert table["Share of variance"].sum() == pytest.approx(1)
    assert "training again with another seed" in table["What varies"].tolist()
    one = score_sections(with_seeds(score_table({"good": 0.6})), **FEW)
    assert "variance_shares" not in tables(one)
    assert "seeds" in tables(one)


def test_two_seeds_speak_of_these_checkpoints() -> None:
    table = tables(score_sections(with_seeds(score_table(), 2), **FEW))["seeds"].frame
    assert "2 checkpoints: too few seeds" in table.set_index("Model").loc["good", "Note"]


def test_grouped_images_are_told_and_the_tests_take_a_group_as_one() -> None:
    scores = score_table()
    slides = scores["image_id"].str[2:].astype(int) // 4
    grouped = scores.assign(group=slides.map("slide {}".format))
    found = score_sections(grouped, **FEW)
    text = "24 images lie in 6 groups (slides, plates, patients): intervals resample whole groups"
    assert text in " ".join(found[0].texts)
    tests = tables(found)["omnibus"].frame
    assert tests["Note"].str.contains("the means of 6 groups").all()
    assert "F(2, 10)" in tests["Statistic"][0]
    assert "within groups of images (of their means)" in render_markdown(Report("r", found))
    alone = score_sections(scores, **FEW)
    assert "groups" not in " ".join(alone[0].texts)
    assert "F(2, 46)" in tables(alone)["omnibus"].frame["Statistic"][0]


NAN = math.nan
FOUND = {
    "good": [[0.9, 0.8, 0.6]] * 5,
    "twin": [[0.9, NAN, 0.6]] * 5,
    "poor": [[NAN, NAN, 0.6], *[[0.9, NAN, NAN]] * 4],
}


def test_cells_found_by_one_model_alone_are_counted_by_image() -> None:
    found = score_sections(score_table(n_images=5), cells=cell_table(FOUND), **FEW)
    table = tables(found)["found_cells"]
    frame = table.frame.set_index("Pair")
    counts = ["Both", "First only", "Second only", "Neither"]
    assert frame.loc["good − twin", counts].tolist() == [10, 5, 0, 0]
    assert frame.loc["good − poor", counts].tolist() == [5, 10, 0, 0]
    assert frame["More found"].tolist() == pytest.approx([5 / 15, 10 / 15])
    assert frame["p by image (Holm)"].tolist() == [0.125, 0.125], "2 x 1/16, twice"
    assert "15 cells of 5 images" in table.caption
    assert (
        section(CELLS, found)
        .texts[0]
        .startswith(
            "Of 15 cells, good and twin both find 10, good alone 5, twin alone 0, and neither 0: "
        )
    )
    query = table.queries["First only"][0]
    assert query.models == ("good", "twin")
    assert set(query.images) == {f"im{place:02}" for place in range(5)}


def test_cells_are_found_at_the_declared_threshold_and_never_below_one_half() -> None:
    scores = score_table(n_images=5)
    found = score_sections(scores, threshold=0.7, cells=cell_table(FOUND), **FEW)
    table = tables(found)["found_cells"]
    assert "IoU 0.7" in table.caption
    assert table.frame["Neither"].tolist() == [5, 5], "the third cell has IoU 0.6"
    low = pd.concat([scores, scores[scores["threshold"] == 0.5].assign(threshold=0.3)])
    found = score_sections(low, threshold=0.3, cells=cell_table(FOUND), **FEW)
    assert "IoU 0.5" in tables(found)["found_cells"].caption


def test_of_several_seeds_the_cells_of_the_first_count() -> None:
    other = {"good": [[NAN] * 3] * 5}
    cells = pd.concat([cell_table(FOUND), cell_table(other, seed=1)])
    found = score_sections(with_seeds(score_table(n_images=5), 2), cells=cells, **FEW)
    table = tables(found)["found_cells"]
    assert table.frame["First only"].tolist() == [5, 10]
    assert "those of its first seed" in table.caption


def test_cells_of_two_images_are_too_few_and_this_is_said() -> None:
    cells = cell_table(FOUND)
    cells = cells[cells["image_id"] < "im02"]
    found = section(CELLS, score_sections(score_table(n_images=5), cells=cells, **FEW))
    assert found.items == ()
    assert "at least 3 images or groups are needed, got 2" in found.texts[0]


def metadata(n: int = 24) -> pd.DataFrame:
    """Every third image is phase contrast; temperatures are all different."""
    kinds = ["phase" if place % 3 == 0 else "DAPI" for place in range(n)]
    return pd.DataFrame(
        {"image_id": [f"im{place:02}" for place in range(n)], "modality": kinds, "split": "test",
         "temperature": [str(20 + place / 2) for place in range(n)]}
    )  # fmt: skip


def test_a_model_that_is_better_on_one_kind_alone_is_found_there() -> None:
    facts = metadata(36)
    phase = facts.loc[facts["modality"] == "phase", "image_id"]
    scores = score_table({"good": 0.5, "twin": 0.5}, n_images=36)
    better = (scores["model"] == "good") & scores["image_id"].isin(phase)
    scores.loc[better, "value"] += 0.4
    found = score_sections(scores, metadata=facts, **FEW)
    table = tables(found)["slices"]
    frame = table.frame.set_index(["By", "Images with"])
    assert frame.loc[("Modality", "phase"), "Verdict"] == "good higher"
    assert frame.loc[("Modality", "DAPI"), "Verdict"] == "not told apart"
    assert frame.loc["Modality", "Images"].tolist() == [24, 12]
    assert {"Temperature", "Number of cells"} <= set(frame.index.get_level_values("By"))
    assert frame["Images"].groupby("By").sum().eq(36).all(), "every image is in one slice of each"
    assert (frame["p (adjusted)"] >= frame["p"]).all()
    query = table.queries["Difference"][list(frame.index).index(("Modality", "phase"))]
    assert set(query.images) == set(phase)
    two_way = tables(found)["two_way_modality"].frame.set_index("Source")
    assert two_way.loc["model x modality", "p"] < 1e-6
    assert "good higher" not in "".join(tables(found)["by_modality"].frame.iloc[0])


def test_each_difference_of_a_slice_is_that_of_the_images_it_lists() -> None:
    scores = score_table()
    table = tables(score_sections(scores, metadata=metadata(), **FEW))["slices"]
    f1 = scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)]
    wide = f1.pivot_table(index="image_id", columns="model", values="value")
    for row, query in zip(table.frame.itertuples(), table.queries["Difference"], strict=True):
        first, second = query.models
        inside = wide.loc[list(query.images)]
        assert row.Difference == pytest.approx((inside[first] - inside[second]).mean())
        assert row.Images == len(inside)


def test_against_a_reference_slices_compare_the_best_with_it() -> None:
    found = score_sections(score_table(), reference="poor", metadata=metadata(), **FEW)
    table = tables(found)["slices"]
    assert table.queries["Difference"][0].models == ("good", "poor")
    assert (table.frame["Verdict"].str.contains("good higher")).any()


@pytest.mark.parametrize("n_phase", [1, 2])
def test_a_slice_of_two_images_has_a_mean_and_no_interval(n_phase: int) -> None:
    kinds = ["phase"] * n_phase + ["DAPI"] * (24 - n_phase)
    facts = metadata().assign(modality=kinds)
    found = score_sections(score_table(), metadata=facts, **FEW)
    cells = tables(found)["by_modality"].frame[f"phase (n = {n_phase})"]
    assert cells.str.fullmatch(r"\(0\.\d{3}, too few for an interval\)").all()
    rows = tables(found)["slices"].frame.set_index("Images with")
    assert rows.loc["phase", "95 % interval"] == "–"
    assert "nan" not in render_markdown(Report("r", found)).lower().replace("dominan", "")


def test_no_part_of_the_report_shows_an_interval_of_two_images() -> None:
    scores = score_table()
    one_bin = scores["image_id"].isin(["im03", "im07"])
    scores["n_reference"] = np.where(one_bin, 3, 30)
    table = tables(score_sections(scores, **FEW))["by_cell_count"].frame
    assert table["1-5 (n = 2)"].str.contains("too few for an interval").all()
    assert not table["21-50 (n = 22)"].str.contains("too few").any()
    pair = score_table(MODELS, n_images=2)
    text = render_markdown(Report("r", score_sections(pair, **FEW)))
    assert "too few for an interval" in text
    assert "[-" not in text, "two scores of F1 have an interval that leaves 0 to 1"
