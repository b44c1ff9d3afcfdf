"""Somebody's report as values: its tables, and the sentences between them."""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from workbench.analysis._latex_text import LATEX, plain_latex

MAX_LINES: Final = 50_000
MAX_LINE_LENGTH: Final = 5_000
"""What is longer is no report for people; the rest is left unread, and the audit says so."""

Cells = tuple[str, ...]

HTML = re.compile(r"<(?:!doctype|html|body|table|div|p|h[1-6])\b[^<>]*>", re.IGNORECASE)
HTML_BREAK = re.compile(
    r"<(?:br|p|div|li|caption|figcaption|tr|table|h[1-6]|/p|/div|/li|/caption|/figcaption|/tr"
    r"|/table|/h[1-6])\b[^<>]*>",
    re.IGNORECASE,
)
HTML_CELL_END = re.compile(r"</t[dh]\s*>", re.IGNORECASE)
HTML_TAG = re.compile(r"<[a-zA-Z/!][^<>]*>")
GLUED_BOLD = re.compile(r"(?<=[^\s*])\*\*(?=\w)")
RULE_CHARACTERS: Final = frozenset(" \t|:+=-─━═┼╪┬┴┌┐└┘├┤╞╡╤╧")
NUMBER_CELL = re.compile(r"[\[(<≈~]?\s*[+-]?\.?\d[\d.eE+\-%\s±,\])]*|nan|-|")
BRACKETED = re.compile(r"[\[(][^\[\]()]{0,200}[\])]|\"[^\"]{0,500}\"")
UNIFORM: Final = str.maketrans(
    {
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u2010": "-", "\u2011": "-",
        "\u2012": "-", "\u2013": "-", "\u2014": "-", "│": "|", "┃": "|", "║": "|", "\x00": " ",
        "\x0b": " ", "\x0c": " ", "\x1c": " ", "\x1d": " ", "\x1e": " ", "\x85": " ",
        "\u2028": " ", "\u2029": " ",
    }
)  # fmt: skip
"""One character each for spaces, dashes and rules; none that splits a line by surprise."""


@dataclass(frozen=True)
class PublishedTable:
    """A table as somebody printed it.

    Attributes
    ----------
    context
        The lines of text above it, back to the table before, the nearest last; empty lines and
        marks of headings left out.
    columns
        The cells of the first row.
    rows
        Those below, each as long as ``columns``.
    lines
        Number of the line of the first row, then that of each row.
    """

    context: Cells
    columns: Cells
    rows: tuple[Cells, ...]
    lines: tuple[int, ...]

    @property
    def title(self) -> str:
        """The line above; "" without one."""
        return self.context[-1] if self.context else ""


@dataclass(frozen=True)
class Statement:
    """A line or paragraph of text, and where it begins."""

    text: str
    line: int


@dataclass(frozen=True)
class PublishedReport:
    """What a report holds that can be checked.

    Attributes
    ----------
    tables, statements
        In the order of the text; lines count from 1.
    unread
        Whether the text went on after what was read.
    """

    tables: tuple[PublishedTable, ...]
    statements: tuple[Statement, ...]
    unread: bool = False


@dataclass(frozen=True)
class _Line:
    number: int
    text: str


@dataclass(frozen=True)
class _Block:
    """Lines that are rows of one table."""

    rows: tuple[Cells, ...]
    lines: tuple[int, ...]
    n_lines: int


def read_published_report(text: str) -> PublishedReport:
    r"""Read the tables and sentences of a report.

    Parameters
    ----------
    text
        Plain text, Markdown, CSV, HTML or LaTeX, of any content. A table has its cells between
        tabs, pipes, commas, semicolons, or in columns two spaces apart; its first row names the
        columns.
        Of HTML the text is read, a row of a table as a line.

    Returns
    -------
    PublishedReport
        A table that a page break cut in two, its header repeated, is one. Without tables or
        statements where there are none.

    Examples
    --------
    >>> report = read_published_report("Results\n\nModel\tF1\nunet\t0.5\n\nAll is well.")
    >>> report.tables[0].title, report.tables[0].rows
    ('Results', (('unet', '0.5'),))
    >>> [statement.text for statement in report.statements]
    ['Results', 'All is well.']
    """
    if LATEX.search(text):
        text = plain_latex(text)
    elif HTML.search(text):
        text = _text_of_html(text)
    raw = re.split(r"\r\n|\n|\r", text.translate(UNIFORM))
    unread = len(raw) > MAX_LINES or any(len(line) > MAX_LINE_LENGTH for line in raw)
    lines = [
        _Line(number, part)
        for number, line in enumerate(raw[:MAX_LINES], start=1)
        # Headings that lost their line breaks: "UNET**Across Thresholds**".
        for part in GLUED_BOLD.sub("\n", line[:MAX_LINE_LENGTH].replace("****", "\n")).split("\n")
    ]
    tables: list[PublishedTable] = []
    statements: list[Statement] = []
    context: list[str] = []
    place = 0
    while place < len(lines):
        block = _block_at(lines, place)
        if block is None:
            words = clean(lines[place].text)
            if words and not _is_rule(lines[place].text):
                follows = place > 0 and bool(lines[place - 1].text.strip())
                _add_statement(statements, Statement(words, lines[place].number), follows)
                context.append(words)
            place += 1
            continue
        _add_table(tables, block, tuple(context))
        context = []
        place += block.n_lines
    return PublishedReport(tuple(tables), tuple(statements), unread)


def clean(text: str) -> str:
    """Return text without the marks of Markdown: emphasis, headings, bullets, code."""
    bare = re.sub(r"^\s*(?:#{1,6}\s|>\s|[-*+•]\s)\s*", "", text)
    return bare.replace("*", "").replace("`", "").strip().strip("_").strip()


def _add_statement(statements: list[Statement], new: Statement, follows: bool) -> None:
    """Add a statement, or join it to the one that a line break cut."""
    if follows and statements:
        last = statements[-1]
        # A long line without an end, then one in lower case: prose wrapped by its writer.
        cut = 40 <= len(last.text) < MAX_LINE_LENGTH and last.text[-1] not in ".:!?"
        if cut and new.text[0].islower():
            statements[-1] = Statement(f"{last.text} {new.text}", last.line)
            return
    statements.append(new)


def _add_table(tables: list[PublishedTable], block: _Block, context: Cells) -> None:
    columns = tuple(clean(cell) for cell in block.rows[0])
    rows = tuple(_as_long_as(columns, row) for row in block.rows[1:])
    if tables and not context and tables[-1].columns == columns:
        last = tables[-1]
        tables[-1] = PublishedTable(
            last.context, columns, last.rows + rows, last.lines + block.lines[1:]
        )
    else:
        tables.append(PublishedTable(context, columns, rows, block.lines))


def _as_long_as(columns: Cells, row: Cells) -> Cells:
    cells = tuple(clean(cell) for cell in row[: len(columns)])
    return cells + ("",) * (len(columns) - len(cells))


def _block_at(lines: Sequence[_Line], start: int) -> _Block | None:
    """Return the table that begins at a line, None if none does."""
    for split, strict in SPLITS:
        first = split(lines[start].text)
        if first is None or _is_rule(lines[start].text):
            continue
        rows, numbers, n_lines = [], [], 0
        for line in takewhile(_is_filled, _from(lines, start)):
            if not _is_rule(line.text):
                cells = split(line.text)
                if cells is None or (strict and len(cells) != len(first)):
                    break
                rows.append(cells)
                numbers.append(line.number)
                # Prose is known by its first lines, not at its end.
                if strict and len(rows) == 3 and not _looks_like_data(rows):
                    break
            n_lines += 1
        if split is _split_tabs or (len(rows) > 1 and (not strict or _looks_like_data(rows))):
            return _Block(tuple(rows), tuple(numbers), n_lines)
    return None


def _is_rule(line: str) -> bool:
    """Whether a line only parts what stands above it from what stands below."""
    bare = line.strip()
    return (
        len(bare) > 1 and RULE_CHARACTERS.issuperset(bare) and any(mark in bare for mark in "-=─━═")
    )


def _from(lines: Sequence[_Line], start: int) -> Iterator[_Line]:
    return (lines[place] for place in range(start, len(lines)))


def _is_filled(line: _Line) -> bool:
    return bool(line.text.strip())


def _looks_like_data(rows: Sequence[Cells]) -> bool:
    """Whether rows below the first hold numbers, so that commas or spaces part cells."""
    return len(rows) > 1 and all(
        any(cell and NUMBER_CELL.fullmatch(cell) for cell in row[1:]) for row in rows[1:3]
    )


def _split_tabs(line: str) -> Cells | None:
    return tuple(cell.strip() for cell in line.split("\t")) if "\t" in line.strip() else None


def _split_pipes(line: str) -> Cells | None:
    bare = line.strip()
    if bare.count("|") < 2 and not re.fullmatch(r"[^|]+\s\|\s[^|]+", bare):
        return None
    cells = bare.replace("\\|", "\x01").removeprefix("|").removesuffix("|").split("|")
    return tuple(cell.replace("\x01", "|").strip() for cell in cells)


def _split_marks(mark: str) -> Callable[[str], Cells | None]:
    def split(line: str) -> Cells | None:
        if mark not in line:
            return None
        # A comma within brackets or quotes parts no cells.
        kept = BRACKETED.sub(lambda found: found[0].replace(mark, "\x01"), line.strip())
        cells = [cell.replace("\x01", mark).strip().strip('"') for cell in kept.split(mark)]
        return tuple(cells) if len(cells) > 1 else None

    return split


def _split_columns(line: str) -> Cells | None:
    cells = tuple(re.split(r" {2,}", line.strip()))
    return cells if len(cells) > 1 else None


SPLITS: Final[tuple[tuple[Callable[[str], Cells | None], bool], ...]] = (
    (_split_tabs, False),
    (_split_pipes, False),
    (_split_marks(";"), True),
    (_split_marks(","), True),
    (_split_columns, True),
)
"""Ways to part a line, and whether all lines of a table must have as many cells as the first."""


def _text_of_html(text: str) -> str:
    for kind in ("script", "style"):
        text = "".join(_outside(text, kind))
    text = HTML_BREAK.sub("\n", HTML_CELL_END.sub("\t", text.replace("\n", " ")))
    lines = (line.rstrip("\t ") for line in HTML_TAG.sub("", text).split("\n"))
    # A row is followed by nothing, so that the rows of a table are not parted.
    return html.unescape("\n".join(_without_gaps(list(lines))))


def _without_gaps(lines: Sequence[str]) -> Iterator[str]:
    before = ""
    for place, line in enumerate(lines):
        if line.strip():
            before = line
            yield line
        elif "\t" not in before or not any("\t" in after for after in lines[place : place + 4]):
            yield ""


def _outside(text: str, kind: str) -> Iterator[str]:
    """Yield what lies outside elements of a kind; one without an end is left out to the end."""
    lowered = text.lower()
    place = 0
    while (start := lowered.find(f"<{kind}", place)) >= 0:
        yield text[place:start]
        end = lowered.find(f"</{kind}", start)
        if end < 0:
            return
        place = end + len(kind) + 3
    yield text[place:]
