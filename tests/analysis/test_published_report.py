"""Somebody's report to tables and statements, whatever the text."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analysis import audit_text, read_published_report
from workbench.analysis._report_audit_words import Printed, bin_of, heading, limits, number, spread

TABS = "Model\tMean F1\tn\nunet\t0.61\t101\nsac\t0.58\t101\n"
PIPES = "| Model | Mean F1 | n |\n|:---|---:|---|\n| unet | 0.61 | 101 |\n| sac | 0.58 | 101 |\n"
COMMAS = 'Model,Mean F1,n\nunet,0.61,101\n"sac",0.58,101\n'
SEMICOLONS = "Model;Mean F1;n\nunet;0.61;101\nsac;0.58;101\n"
COLUMNS = "Model   Mean F1    n\n------  -------  ---\nunet       0.61  101\nsac        0.58  101\n"
BOXES = "│ Model │ Mean F1 │ n │\n├───┼───┼──┤\n│ unet │ 0.61 │ 101 │\n│ sac │ 0.58 │ 101 │\n"
HTML = (
    "<html><body><script>var a = '<table>|1|2|';</script><h2>Scores</h2><table>\n<tr><th>Model</th>"
    "<th>Mean F1</th><th>n</th></tr>\n<tr><td>unet</td><td>0.61</td>\n<td>101</td></tr>\n"
    "<tr><td>sac</td><td>0.58</td><td>101</td></tr></table><p>p &lt; 0.05</p></body></html>"
)


@pytest.mark.parametrize("text", [TABS, PIPES, COMMAS, SEMICOLONS, COLUMNS, BOXES, HTML])
def test_one_table_is_read_from_every_way_to_write_it(text: str) -> None:
    report = read_published_report(text)
    (table,) = report.tables
    assert table.columns == ("Model", "Mean F1", "n")
    assert table.rows == (("unet", "0.61", "101"), ("sac", "0.58", "101"))


def test_of_html_scripts_and_tags_are_left_out() -> None:
    report = read_published_report(HTML)
    assert [statement.text for statement in report.statements] == ["Scores", "p < 0.05"]
    assert report.tables[0].title == "Scores"


def test_a_table_cut_by_a_page_break_is_one() -> None:
    header = "Model\tF1\n"
    (table,) = read_published_report(f"{header}unet\t0.5\n\n{header}\n{header}sac\t0.4\n").tables
    assert table.rows == (("unet", "0.5"), ("sac", "0.4"))
    assert table.lines == (1, 2, 7)


def test_equal_headers_under_titles_of_their_own_are_two_tables() -> None:
    tables = read_published_report("unet\nk\tF1\n0.5\t0.5\n\nsac\nk\tF1\n0.5\t0.4\n").tables
    assert [table.title for table in tables] == ["unet", "sac"]


def test_a_comma_within_an_interval_parts_no_cells() -> None:
    (table,) = read_published_report(
        "Model,F1,95% CI\nunet,0.6,[0.5, 0.7]\nsac,0.4,[0.3, 0.5]"
    ).tables
    assert table.rows[0] == ("unet", "0.6", "[0.5, 0.7]")


def test_prose_with_commas_is_no_table() -> None:
    text = "We trained unet, sac and others.\nAll were tested, with care, on new images.\n"
    assert read_published_report(text).tables == ()


def test_headings_that_lost_their_breaks_are_parted_and_bold_words_are_not() -> None:
    text = "SAC:**Detailed Results****UNET****Thresholds**\n1. **UNET** is **best**, it seems.\n"
    statements = [statement.text for statement in read_published_report(text).statements]
    assert statements == [
        "SAC:", "Detailed Results", "UNET", "Thresholds", "1. UNET is best, it seems.",
    ]  # fmt: skip


def test_a_sentence_wrapped_by_its_writer_is_one_statement() -> None:
    text = "The models were compared by a paired permutation test over\nall of the images."
    (statement,) = read_published_report(text).statements
    assert statement.text.endswith("over all of the images.")


def test_short_rows_are_filled_and_long_ones_cut() -> None:
    (table,) = read_published_report("Model\tF1\tDice\nunet\t0.5\nsac\t0.4\t0.3\t9\n").tables
    assert table.rows == (("unet", "0.5", ""), ("sac", "0.4", "0.3"))


@pytest.mark.parametrize(
    ("text", "metric", "statistic"),
    [
        ("Mean F1", "f1", "mean"), ("F1 Score", "f1", "mean"), ("Std F1", "f1", "sd"),
        ("Me Rec", "recall", "mean"), ("Median", "", "median"), ("95% CI", "", "interval"),
        ("95 % interval of the mean", "", "interval"), ("Range", "", "range"),
        ("Mean ± Std", "", "mean and sd"), ("F1 (mean ± SEM)", "f1", "mean and sem"),
        ("p", "", "p"), ("T-test p-value", "", "p"), ("p (Holm)", "", "p"),
        ("Total Samples", "", "n"), ("IoU threshold", "", "threshold"),
        # What these hold is not a mean score, an interval of the mean or a p value.
        ("P", "p", "other"), ("Micro F1", "micro f1", "other"),
        ("Central 95 % of images", "central 95 % images", "other"),
        ("Training images", "training images", "other"),
        ("Average Precision", "ap", "mean"), ("Average Dice", "dice", "mean"),
    ],
)  # fmt: skip
def test_headings_mean_what_they_say(text: str, metric: str, statistic: str) -> None:
    assert (heading(text).metric, heading(text).statistic) == (metric, statistic)


def test_numbers_keep_their_last_digit() -> None:
    assert number("0.3341 ± 0.2364") == Printed(0.3341, 0.0001)
    assert spread("0.3341 ± 0.2364") == Printed(0.2364, 0.0001)
    assert limits("0.83 [0.6, 1.00]") == (Printed(0.6, 0.1), Printed(1.0, 0.01))
    assert number("85.2 %") == Printed(pytest.approx(0.852), pytest.approx(0.001))
    assert number("nan") is number("-") is number("unet") is number("10.1.2") is None


def test_bins_hold_whole_numbers() -> None:
    assert [bin_of(text) for text in ("1-5", "100+", "over 100", "≤ 5", "7 cells", "5-1")] == [
        (1, 5), (100, float("inf")), (101, float("inf")), (0, 5), (7, 7), None,
    ]  # fmt: skip


def test_what_is_too_long_is_said_to_be_unread() -> None:
    assert read_published_report("a\n" * 50_001).unread
    assert [f.code for f in audit_text(TABS + "\n" + "x" * 6_000)] == ["unread"]


pieces = st.sampled_from(
    [
        "\t", "|", ",", ";", "  ", "\n", "\n\n", "**", "****", "#", "<table>", "<tr>", "<td>", "<",
        "</script", "<script", "Model", "F1", "Mean ± Std", "95% CI", "p", "p = 0.000", "unet",
        "sac", "unet vs sac", "0.5", "1e999", "-1", "nan", "[0.1, 0.9]", "± 0.1", "100+", "1-5",
        "9-1", "n", "Threshold", "ANOVA F-statistic: 3", "F(1, 0) = 2", "best", "Metric", "\x00",
        "\r", "\u2028", "°", "(", ")", "[", '"', "Cohen's d", "images", "0 images", "unet-0",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(pieces, max_size=60).map("".join)))
def test_no_text_is_refused(text: str) -> None:
    for finding in audit_text(text):
        assert finding.sentence
        assert finding.evidence
        assert finding.cure


@pytest.mark.parametrize(
    "unit",
    [
     "<", "<a", "(", "[", "|", "-", "- ", "*", "\t", ",", "a,1\n", "a, b\n", "1 ", " ", "p ", "\x00",
     "x" * 40 + "\n", "F(", "0", "Model\tF1\nunet\t0.5\n\n", "best ", "unet is ", "<script", "t\tF1\n",
     "a | b\n", '"', "±", "0.5\t", "p = ", "paired ", "-=\n", "no "],
)  # fmt: skip
@pytest.mark.timeout(60)
def test_a_megabyte_of_anything_comes_to_an_end(unit: str) -> None:
    # What takes quadratic time here takes hours, not seconds.
    assert audit_text(unit * (1_000_000 // len(unit)))


def test_the_published_report_is_read_whole(published_report: Path) -> None:
    report = read_published_report(published_report.read_text(encoding="utf-8"))
    assert len(report.tables) == 34
    images = [table for table in report.tables if table.columns[0] == "names"]
    assert [len(table.rows) for table in images] == [5] * 14
    bins = [table for table in report.tables if table.columns[0] == "GT Count Range"]
    assert [len(table.rows) for table in bins] == [6] * 7
