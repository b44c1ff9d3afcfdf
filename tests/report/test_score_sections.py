"""What a report says of a score table: published tables, and what the data support beside them."""

import dataclasses
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from tests.report.score_tables import score_table
from workbench.analysis import audit_text
from workbench.report import (
    Figure,
    Query,
    Report,
    ReportTable,
    Section,
    render_markdown,
    render_text,
    score_sections,
)
from workbench.schema import InputError

FEW = {"n_resamples": 199}


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return score_table()


@pytest.fixture(scope="module")
def sections(scores: pd.DataFrame) -> list[Section]:
    return score_sections(scores, **FEW)


@pytest.fixture(scope="module")
def tables(sections: list[Section]) -> dict[str, ReportTable]:
    return {table.name: table for table in Report("r", sections).tables}


def test_every_table_of_the_published_report_is_there(tables: dict[str, ReportTable]) -> None:
    published = [name for name, table in tables.items() if table.label == "as published"]
    assert published == [
        "summary_as_published", "metrics_as_published", "descriptives_as_published",
        "descriptives_dice_as_published", "omnibus_as_published", "pairs_as_published",
        "by_cell_count_as_published", *(f"thresholds_as_published_{m}" for m in
        ("good", "twin", "poor")),
    ]  # fmt: skip


def test_beside_each_published_table_stands_what_the_data_support(
    sections: list[Section],
) -> None:
    for section in sections:
        labels = [item.label for item in section.items if isinstance(item, ReportTable)]
        for label, following in pairwise([*labels, ""]):
            assert label != "as published" or following == "corrected", section.title


def test_names_of_tables_are_unique_as_they_are_files(sections: list[Section]) -> None:
    names = [table.name for table in Report("r", sections).tables]
    assert len(names) == len(set(names))


def test_published_conventions_are_kept_and_called_by_their_names(
    scores: pd.DataFrame, tables: dict[str, ReportTable]
) -> None:
    f1 = scores[(scores["metric"] == "f1") & (scores["threshold"] == 0.5)]
    good = f1.loc[f1["model"] == "good", "value"].to_numpy()
    first = tables["descriptives_as_published"].frame.iloc[0]
    assert first["Mean ± SD (ddof = 0)"] == f"{good.mean():.4f} ± {good.std():.4f}"
    low, high = np.percentile(good, [2.5, 97.5])
    assert first["Central 95 % of images"] == f"[{low:.4f}, {high:.4f}]"
    summary = tables["summary_as_published"].frame.set_index("Model")
    assert summary.loc["good", "SD F1"] == pytest.approx(good.std(ddof=1))


def test_bins_share_no_image_and_leave_none_out(tables: dict[str, ReportTable]) -> None:
    table = tables["by_cell_count_as_published"]
    names = list(table.frame.columns[1:])
    assert [name.partition(" ")[0] for name in names] == [
        "1-5", "6-10", "11-20", "21-50", "51-100", "100+",
    ]  # fmt: skip
    assert sum(int(name.partition("n = ")[2].rstrip(")")) for name in names) == 24
    images = [image for name in names for image in table.queries[name][0].images]
    assert len(images) == len(set(images)) == 24


def test_each_mean_is_that_of_the_images_it_lists(
    scores: pd.DataFrame, tables: dict[str, ReportTable]
) -> None:
    checked = 0
    for table in tables.values():
        for column, queries in table.queries.items():
            values = table.frame[column]
            if "ean" not in column and column not in ("F1", "0.70", "Precision"):
                continue
            for value, query in zip(values, queries, strict=True):
                if query is not None and isinstance(value, float):
                    assert value == pytest.approx(_mean_behind(scores, query)), (table.name, column)
                    checked += 1
    assert checked > 50


def _mean_behind(scores: pd.DataFrame, query: Query) -> float:
    chosen = scores[(scores["metric"] == query.metric) & (scores["model"] == query.models[0])]
    if not math.isnan(query.threshold):
        chosen = chosen[np.isclose(chosen["threshold"], query.threshold)]
    if query.images is not None:
        chosen = chosen[chosen["image_id"].isin(query.images)]
    return float(chosen["value"].mean())


def test_a_difference_lists_both_models(tables: dict[str, ReportTable]) -> None:
    table = tables["pairs"]
    assert [query.models for query in table.queries["Difference"]] == [
        ("good", "twin"), ("good", "poor"), ("twin", "poor"),
    ]  # fmt: skip


def test_all_models_are_in_every_comparison(tables: dict[str, ReportTable]) -> None:
    for name in ("summary", "metrics", "metrics_as_published", "descriptives", "by_cell_count"):
        assert tables[name].frame["Model"].tolist() == ["good", "twin", "poor"]


def test_the_first_page_says_nothing_that_was_not_tested(sections: list[Section]) -> None:
    overview = sections[0]
    assert overview.title == "Executive summary"
    text = " ".join(overview.texts)
    assert "good has the highest mean F1 at IoU 0.5" in text
    assert "not told apart" in text
    assert "24 images have a defined score for every model." in text


def test_every_figure_has_a_sentence_with_numbers(sections: list[Section]) -> None:
    figures = [item for s in sections for item in s.items if isinstance(item, Figure)]
    assert len(figures) >= 8
    for figure in figures:
        assert any(sign.isdigit() for sign in figure.alt), figure.caption


def test_a_distance_is_best_where_it_is_least() -> None:
    table = score_table(full=False).assign(metric="mhd", threshold=np.nan)
    found = score_sections(table, metric="mhd", threshold=math.nan, **FEW)
    assert "poor has the lowest mean mHD" in found[0].texts[0]
    order = next(t for t in Report("r", found).tables if t.name == "summary").frame["Model"]
    assert order.tolist() == ["poor", "twin", "good"]


def test_a_table_with_nothing_but_values_gets_a_report() -> None:
    found = score_sections(score_table(full=False), **FEW)
    counts = next(s for s in found if s.title == "Scores by number of cells")
    assert counts.texts == [
        "The score table has no numbers of reference cells, so none are shown by them."
    ]
    assert "thresholds_good" in [table.name for table in Report("r", found).tables]


def test_a_measure_that_nobody_knows_is_taken_for_a_score() -> None:
    found = score_sections(
        score_table(full=False).assign(metric="our_score"), metric="our_score", **FEW
    )
    assert "good has the highest mean our_score" in found[0].texts[0]


@pytest.mark.parametrize(("n_models", "n_images"), [(1, 24), (3, 2), (1, 1), (2, 3)])
def test_too_few_images_or_models_are_described_without_tests(n_models: int, n_images: int) -> None:
    models = dict(zip("abc"[:n_models], (0.6, 0.5, 0.4), strict=False))
    found = score_sections(score_table(models, n_images=n_images), **FEW)
    report = Report("r", found)
    names = [table.name for table in report.tables]
    assert ("pairs" in names) == (n_models > 1 and n_images > 2)
    if "pairs" not in names:
        statistics = next(s for s in found if s.title == "Statistics")
        assert "No test" in statistics.texts[-1]
    assert "nan" not in render_text(report).replace("n_reference", "")


def test_sixty_models_fit_and_the_csv_has_all_pairs() -> None:
    models = {f"m{i:02}": 0.3 + i / 200 for i in range(60)}
    found = score_sections(score_table(models, n_images=8, full=False), n_resamples=99)
    pairs = next(table for table in Report("r", found).tables if table.name == "pairs")
    assert len(pairs.frame) == 60 * 59 / 2
    assert len(pairs.rows()) == 60
    assert "The first 60 of 1,770 rows; the CSV has all." in pairs.explained


def test_against_a_reference_only_pairs_with_it_are_tested(scores: pd.DataFrame) -> None:
    found = score_sections(scores, reference="poor", **FEW)
    pairs = next(table for table in Report("r", found).tables if table.name == "pairs")
    assert pairs.frame["Pair"].tolist() == ["good − poor", "twin − poor"]
    with pytest.raises(InputError, match="no model is called 'por': there are good, twin, poor"):
        score_sections(scores, reference="por", **FEW)


def test_unusable_predictions_are_told_on_the_first_page(scores: pd.DataFrame) -> None:
    broken = (scores["model"] == "twin") & (scores["image_id"] == "im03")
    found = score_sections(
        scores.assign(
            status=np.where(broken, "missing", "ok"), value=scores["value"].where(~broken, 0.0)
        ),
        **FEW,
    )
    assert "Look first at the predictions of twin: 1 of 24 images" in " ".join(found[0].texts)


def test_the_report_passes_the_audit_of_reports(sections: list[Section]) -> None:
    report = Report("r", sections)
    for text in (render_markdown(report), render_text(report)):
        assert [finding.sentence for finding in audit_text(text)] == []


def test_the_audit_of_reports_would_find_a_model_left_out(sections: list[Section]) -> None:
    def without(item: ReportTable | Figure) -> ReportTable | Figure:
        if not isinstance(item, ReportTable) or item.name != "metrics":
            return item
        return dataclasses.replace(item, frame=item.frame.iloc[:2], queries={})

    cut = [dataclasses.replace(s, items=[without(item) for item in s.items]) for s in sections]
    assert audit_text(render_markdown(Report("r", cut)))


def test_beside_the_checks_stands_the_q_q_figure_that_they_speak_of(
    sections: list[Section], scores: pd.DataFrame
) -> None:
    statistics = next(section for section in sections if section.title == "Statistics")
    checks = [getattr(item, "name", "") for item in statistics.items].index("assumptions")
    figure = statistics.items[checks + 1]
    assert isinstance(figure, Figure)
    assert figure.caption.startswith("Q-Q figure of the residuals")
    points, _ = figure.figure.data
    assert len(points.y) == 3 * scores["image_id"].nunique()
    widest = int(np.argmax(np.abs(points.y)))
    assert f"{points.y[widest]:+.3f}, of {points.text[widest]}" in figure.alt


def test_means_of_one_or_two_images_have_no_interval(scores: pd.DataFrame) -> None:
    first = scores.groupby("image_id")["n_reference"].first()
    of = dict(zip(first.index, [3, 8, 9, 30, 31, 32] * 4, strict=True))
    few = scores[scores["image_id"].isin(list(first.index[:6]))]
    few = few.assign(n_reference=few["image_id"].map(of))
    tables = {t.name: t for t in Report("r", score_sections(few, **FEW)).tables}
    row = tables["by_cell_count"].frame.iloc[0]
    assert row.filter(like="1-5 ").item().count("[") == 0
    assert row.filter(like="6-10 ").item().count("[") == 0
    assert row.filter(like="21-50 ").item().count("[") == 1
