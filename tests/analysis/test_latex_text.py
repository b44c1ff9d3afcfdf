"""Reports written in LaTeX are read and audited like others."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.report.score_tables import score_table
from workbench.analysis import audit_text
from workbench.analysis._latex_text import plain_latex
from workbench.analysis._published_report import PublishedTable, read_published_report
from workbench.report import Report, render_latex, score_sections

SIGNS = {"%": r"\%", "_": r"\_", "&": r"\&", "#": r"\#", "±": r"$\pm$", "<": r"\textless{}"}


def latex(text: str) -> str:
    return "".join(SIGNS.get(sign, sign) for sign in text)


def tabular(table: PublishedTable) -> str:
    rows = [" & ".join(map(latex, row)) + r" \\" for row in (table.columns, *table.rows)]
    return "\n".join(
        [r"\begin{tabular}{l" + "r" * (len(table.columns) - 1) + "}", r"\toprule", rows[0],
         r"\midrule", *rows[1:], r"\bottomrule", r"\end{tabular}", ""]
    )  # fmt: skip


def only_table(text: str) -> PublishedTable:
    (table,) = read_published_report(text).tables
    return table


def codes(text: str) -> list[str]:
    return list(dict.fromkeys(finding.code for finding in audit_text(text)))


def test_the_published_report_as_latex_has_the_same_faults(published_report: Path) -> None:
    text = published_report.read_text(encoding="utf-8")
    report = read_published_report(text)
    parts = [(s.line, latex(s.text) + "\n") for s in report.statements]
    parts += [(table.lines[0], tabular(table)) for table in report.tables]
    written = "\n".join(part for _, part in sorted(parts))
    document = f"\\documentclass{{article}}\n\\begin{{document}}\n{written}\n\\end{{document}}\n"
    assert codes(document) == codes(text)
    assert len(codes(text)) == 19


def test_nothing_false_is_told_of_our_own_latex() -> None:
    models = {"good": 0.7, "twin": 0.69, "poor": 0.5}
    scores = score_table(models, n_images=80)
    report = Report("Three models", score_sections(scores, n_resamples=199), scores=scores)
    document = render_latex(report)
    read = read_published_report(document)
    written = [table for table in report.tables if len(table.frame)]
    assert [table.title for table in read.tables] == [table.title for table in written]
    assert [len(table.columns) for table in read.tables] == [
        len(table.frame.columns) for table in written
    ]
    assert codes(document) == []


def test_every_line_stays_in_its_place() -> None:
    document = "\\begin{tabular}{lr}\n\\hline\nModel & F1 \\\\\n\\hline\n\na & 0.5\n \\\\ % note\n"
    document += "b & 0.6 \\\\\n\\end{tabular}\n\nWords. % unsaid\n"
    lines = plain_latex(document).split("\n")
    assert len(lines) == len(document.split("\n"))
    assert (lines[2], lines[5], lines[7], lines[10]) == (
        "Model\tF1", "a\t0.5", "b\t0.6", "Words. ",
    )  # fmt: skip
    table = only_table(document)
    assert table.lines == (3, 6, 8)
    assert table.rows == (("a", "0.5"), ("b", "0.6"))


def test_a_caption_below_a_table_is_its_title_all_the_same() -> None:
    document = (
        "Before.\n\n\\begin{table}[t]\n\\begin{tabular}{@{}l r@{}}\nModel & F1 \\\\ a & 1 \\\\\n"
        "\\end{tabular}\n\\caption[Short]{Scores of \\textbf{all {\\em three}} models.}"
        "\\label{tab:a}\n\\end{table}\n\nAfter.\n"
    )
    table = only_table(document)
    assert table.title == "Scores of all  three models."
    assert (table.columns, table.rows) == (("Model", "F1"), (("a", "1"),))


def test_headings_over_several_columns_go_with_each_of_them() -> None:
    document = (
        "\\begin{tabular}{lcccc}\n & \\multicolumn{2}{c}{\\textbf{IoU 0.5}} & "
        "\\multicolumn{2}{c}{IoU 0.9} & & \\\\\n\\cmidrule(lr){2-3}\\cmidrule(lr){4-5}\n"
        "Model & F1 & Recall & F1 & Recall & Dice & n \\\\\n"
        "unet & 0.8 & 0.7 & 0.5 & 0.4 & 0.9 & 9 \\\\\n\\end{tabular}"
    )
    table = only_table(document)
    assert table.columns == (
        "Model", "IoU 0.5 F1", "IoU 0.5 Recall", "IoU 0.9 F1", "IoU 0.9 Recall", "Dice", "n",
    )  # fmt: skip
    assert table.rows == (("unet", "0.8", "0.7", "0.5", "0.4", "0.9", "9"),)


def test_a_long_table_has_its_head_once_and_no_feet() -> None:
    document = (
        "\\begin{longtable}{lr}\n\\caption{All.} \\\\\n\\toprule\nModel & F1 \\\\\n"
        "\\endfirsthead\nModel & F1 \\\\\n\\endhead\n\\multicolumn{2}{r}{continued} \\\\\n"
        "\\endfoot\n\\endlastfoot\na & 0.5 \\\\\nb & 0.6 \\\\\n\\end{longtable}\n"
    )
    table = only_table(document)
    assert (table.title, table.columns) == ("All.", ("Model", "F1"))
    assert table.rows == (("a", "0.5"), ("b", "0.6"))
    assert table.lines == (4, 11, 12)


def test_numbers_in_mathematics_and_colour_are_numbers() -> None:
    document = (
        "\\begin{tabularx}{\\textwidth}{lX}Model & F1 (mean $\\pm$ SD) \\\\"
        "\\rowcolor{gray} unet\\cite{a} & \\textcolor{red}{$\\mathbf{0.88} \\pm 0.14$} \\\\"
        "\\multirow{2}{*}{wide \\& deep} & 51\\,\\% \\\\\\end{tabularx}"
    )
    table = only_table(document)
    assert table.columns == ("Model", "F1 (mean ± SD)")
    assert table.rows == (("unet", "0.88 ± 0.14"), ("wide & deep", "51 %"))


PIECES = st.sampled_from(
    ["\\begin{tabular}{lr}", "\\end{tabular}", "\\begin{table}", "\\end{table}", "\\caption{", "}",
     "{", "&", "\\\\", "\n", "\\multicolumn{2}{c}{", "\\endfirsthead", "\\endhead", "\\hline", "%",
     "$", "a", "0.5", "\\", "^", "\\begin{longtable}", "\\end{longtable}", "\\endfoot", "\x02\x07"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=60))
def test_no_latex_however_broken_is_an_error(pieces: list[str]) -> None:
    text = "\\documentclass{a}" + "".join(pieces)
    assert audit_text(text)
    assert not set(plain_latex(text)) & set(map(chr, range(2, 9)))
