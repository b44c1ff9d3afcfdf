"""A report as Markdown, as plain text, and its tables as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap
from typing import Final

from workbench.report._parts import LABELS, Figure, Report, ReportTable, Section

LINE_LENGTH: Final = 100
LONG_TABLE: Final = 40
IN_LATEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "²": r"\textsuperscript{2}",
    "⁹": r"\textsuperscript{9}",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "∞": r"$\infty$",
    "µ": r"\textmu{}",
    "°": r"\textdegree{}",
    "·": r"$\cdot$",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def render_markdown(report: Report) -> str:
    """Return the report as Markdown: texts and tables, and what its figures show in words."""
    lines = [f"# {report.title}", ""]
    for section in _shown(report):
        lines += [f"{'#' * section.level} {section.title}", ""]
        for text in section.texts:
            lines += [text, ""]
        for item in section.items:
            lines += _markdown_table(item) if isinstance(item, ReportTable) else _markdown(item)
    return "\n".join(lines)


def render_text(report: Report) -> str:
    """Return the report as plain text, tables in columns."""
    lines = [report.title, "=" * len(report.title), ""]
    for section in _shown(report):
        lines += ["", section.title, ("-" if section.level == 2 else "~") * len(section.title), ""]
        for text in section.texts:
            lines += [*_wrapped(text), ""]
        for item in section.items:
            if isinstance(item, ReportTable):
                lines += [*_wrapped(item.title), "", *_text_table(item), ""]
            else:
                lines += [*_wrapped(f"Figure: {item.spoken}"), ""]
    return "\n".join(lines)


def latex_table(table: ReportTable) -> str:
    r"""Return a table for LaTeX, with rules of ``booktabs`` and, if it is long, ``longtable``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = ReportTable("means", "50 % of a_b.", pd.DataFrame({"Model": ["a_b"], "F1": [0.5]}))
    >>> print(latex_table(table))
    \begin{table}[htbp]
      \centering
      \caption{50 \% of a\_b.}
      \label{tab:means}
      \begin{tabular}{lr}
        \toprule
        Model & F1 \\
        \midrule
        a\_b & 0.500 \\
        \bottomrule
      \end{tabular}
    \end{table}
    <BLANKLINE>
    """
    columns = "".join("r" if numeric else "l" for numeric in table.is_number())
    caption, label = f"\\caption{{{_latex(table.title)}}}", f"\\label{{tab:{table.name}}}"
    head = _latex_row(table.header())
    rows = [_latex_row(row) for row in table.rows()]
    if len(rows) > LONG_TABLE:
        lines = [
            f"\\begin{{longtable}}{{{columns}}}",
            f"  {caption} {label} \\\\",
            *(f"  {line}" for line in ("\\toprule", head, "\\midrule", "\\endfirsthead")),
            *(f"  {line}" for line in ("\\toprule", head, "\\midrule", "\\endhead")),
            "  \\bottomrule",
            "  \\endlastfoot",
            *(f"  {row}" for row in rows),
            "\\end{longtable}",
        ]
        return "\n".join(lines) + "\n"
    body = ["\\toprule", head, "\\midrule", *rows, "\\bottomrule"]
    lines = [
        "\\begin{table}[htbp]",
        "  \\centering",
        f"  {caption}",
        f"  {label}",
        f"  \\begin{{tabular}}{{{columns}}}",
        *(f"    {line}" for line in body),
        "  \\end{tabular}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def render_latex(report: Report) -> str:
    """Return all tables as one LaTeX document that compiles as it is."""
    packages = ["[utf8]{inputenc}", "[T1]{fontenc}", "{textcomp}", "{booktabs}", "{longtable}"]
    return "\n".join(
        [
            "\\documentclass{article}",
            *(f"\\usepackage{package}" for package in packages),
            "\\usepackage[a4paper,landscape,margin=15mm]{geometry}",
            "\\begin{document}",
            *(latex_table(table) for table in report.tables if len(table.frame)),
            "\\end{document}",
            "",
        ]
    )


def _shown(report: Report) -> list[Section]:
    return [section for section in report.sections if section.texts or section.items]


def _markdown_table(table: ReportTable) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    rules = ["---:" if numeric else "---" for numeric in table.is_number()]
    label = f"**{LABELS[table.label]}** " if table.label else ""
    rows = [line(row) for row in table.rows()]
    return [f"{label}*{table.explained}*", "", line(table.header()), line(rules), *rows, ""]


def _markdown(figure: Figure) -> list[str]:
    return [f"Figure: {figure.spoken}", ""]


def _text_table(table: ReportTable) -> list[str]:
    lines = [table.header(), *table.rows()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "  ".join(
            cell.rjust(width) if numeric else cell.ljust(width)
            for cell, width, numeric in zip(line, widths, table.is_number(), strict=True)
        ).rstrip()
        for line in lines
    ]
    return [texts[0], "  ".join("-" * width for width in widths), *texts[1:]]


def _wrapped(text: str) -> list[str]:
    return wrap(text, LINE_LENGTH, break_long_words=False, break_on_hyphens=False)


def _latex(text: str) -> str:
    return "".join(IN_LATEX.get(sign, sign) for sign in text)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(map(_latex, cells)) + " \\\\"
