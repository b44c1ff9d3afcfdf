"""The text of a LaTeX report as plain text: tables with tabs, the rest without its commands."""

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

LATEX: Final = re.compile(
    r"\\(?:documentclass\b|begin\{(?:document|table\*?|tabular[*xy]?|longtable)\})"
)

# Characters that no text holds stand for what has a place of its own.
_ROW_END, _AMPERSAND, _SPANNED, _FLOAT, _FLOAT_END, _GRID, _GRID_END = (
    "\x02\x03\x04\x05\x06\x07\x08"
)
_MARKS: Final = dict.fromkeys(range(2, 9), " ")

_GRID_BEGIN: Final = (
    r"\\begin\{(?:tabular[*xy]?|longtable)\}(?:\[[^\[\]\n]{0,40}\])?"
    r"(?:\{(?:[^{}]|\{[^{}]{0,80}\}){0,400}\}){0,2}"
)
"""With how its columns are laid out."""
_PLACES: Final = (
    (r"\\\\\*?(?:\[[^\[\]\n]{0,40}\])?|\\tabularnewline\b", _ROW_END),
    (r"(?<!\\)%.*", ""),
    (r"\\&", _AMPERSAND),
    (_GRID_BEGIN, _GRID),
    (r"\\end\{(?:tabular[*xy]?|longtable)\}", _GRID_END),
    (r"\\begin\{(?:table\*?|sidewaystable)\}(?:\[[^\[\]\n]{0,40}\])?", _FLOAT),
    (r"\\end\{(?:table\*?|sidewaystable)\}", _FLOAT_END),
    (r"\\(?:begin|end)\{[^{}]{0,80}\}(?:\[[^\[\]\n]{0,100}\])?", ""),
    (r"\^\{?2\}?", "²"),
    (r"~|\\[,;: ]", " "),
    (r"---?", "-"),
    (r"(?<!\\)\$|\\[()!]", ""),
)
_SYMBOLS: Final = {
    "%": "%", "_": "_", "#": "#", "$": "$", "{": "(", "}": ")", "pm": "±", "textpm": "±",
    "times": "×", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "approx": "≈", "sim": "~",
    "textless": "<", "textgreater": ">", "lt": "<", "gt": ">", "chi": "χ", "eta": "eta",
    "mu": "µ", "alpha": "alpha", "epsilon": "epsilon", "infty": "∞", "textbar": "|",
    "textasciitilde": "~", "textasciicircum": "^", "textminus": "-", "textunderscore": "_",
}  # fmt: skip
_SYMBOL: Final = re.compile(r"\\(?:([a-zA-Z]+)(?![a-zA-Z*])|([%_#${}]))(?:\{\})?")
_UNSAID: Final = re.compile(
    r"\\(?:label|[a-zA-Z]*cite[a-zA-Z]*|[a-zA-Z]*ref|usepackage|documentclass|[vh]space|color|href"
    r"|includegraphics|input|include|bibliography(?:style)?|pagestyle|geometry|hypersetup"
    r"|setlength|renewcommand|newcommand|[a-zA-Z]*color(?:box)?|multirow|resizebox|scalebox"
    r"|cmidrule(?:\([^()\n]{0,9}\))?|cline)\*?(?:\[[^\[\]{}\n]{0,300}\])?\{[^{}]*\}"
)
"""Commands whose first argument is not said; what is said stands in braces behind."""
_SAID: Final = re.compile(
    r"\\(?!caption\b|multicolumn\b)[a-zA-Z]+\*?(?:\[[^\[\]{}\n]{0,300}\])?\{([^{}]*)\}"
)
_BARE: Final = re.compile(r"(?<![a-zA-Z*\]}])\{([^{}]*)\}")
_SPAN: Final = re.compile(r"\\multicolumn\{ *(\d{1,2}) *\}\{[^{}]*\}\{([^{}]*)\}")
_CAPTION: Final = re.compile(r"\\caption\*?(?:\[[^\[\]{}\n]{0,300}\])?\{([^{}]*)\}")
_COMMAND: Final = re.compile(r"\\[a-zA-Z]+\*?(?:\[[^\[\]{}\n]{0,100}\])?")
_REPEATS: Final = re.compile(r"\\end(?:first)?head\b|\\end(?:last)?foot\b")
_MOST_NESTED: Final = 8
_RULE: Final = "---"


def plain_latex(text: str) -> str:
    r"""Return LaTeX as plain text, each line where it was.

    Parameters
    ----------
    text
        A document, or a part with tables; of any content.

    Returns
    -------
    str
        Cells of tables stand between tabs, under headings of one line; a caption stands above its
        table wherever it was written. Comments, references and commands are left out, arguments
        and common symbols kept.

    Examples
    --------
    >>> plain_latex(r"\begin{tabular}{lr}Model & F1 \\ \hline a\_b & $0.5 \pm 0.1$\\\end{tabular}")
    'Model\tF1\na_b\t0.5 ± 0.1'
    """
    text = text.translate(_MARKS)
    for pattern, mark in _PLACES:
        text = re.sub(pattern, mark, text)
    text = _SYMBOL.sub(lambda found: _SYMBOLS.get(found[1] or found[2], found[0]), text)
    for _ in range(_MOST_NESTED):
        before = text
        text = _BARE.sub(r"\1", _SAID.sub(r"\1", _UNSAID.sub("", text)))
        text = _SPAN.sub(_spanned, text)
        if text == before:
            break
    first, *floats = text.split(_FLOAT)
    text = first + "".join(map(_with_caption_above, floats))
    first, *grids = text.split(_GRID)
    text = first + "".join(map(_with_tabs, grids))
    bare = re.sub(r"[{}]", "", _COMMAND.sub("", text))
    # Ends without a beginning leave their marks.
    return bare.replace(_AMPERSAND, "&").translate(dict.fromkeys(_MARKS))


def _spanned(found: re.Match[str]) -> str:
    """Return a cell over several columns as the first of as many, the others marked."""
    return found[2] + f"&{_SPANNED}" * (int(found[1]) - 1)


def _with_caption_above(text: str) -> str:
    """Return the text from the beginning of a float on, its captions first."""
    inside, end, after = text.partition(_FLOAT_END)
    return _captions(inside) + _without_captions(inside) + end + after


def _captions(text: str) -> str:
    return " ".join(" ".join(caption.split()) for caption in _CAPTION.findall(text))


def _without_captions(text: str) -> str:
    return _CAPTION.sub(_only_lines, text)


def _only_lines(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _with_tabs(text: str) -> str:
    """Return the text from the beginning of a grid on: a line per row, cells between tabs."""
    inside, _, after = text.partition(_GRID_END)
    caption = _captions(inside)
    inside = _without_captions(inside)
    inside = _without_repeats(inside)
    rows = [_Row.read(piece) for piece in _COMMAND.sub("", inside).split(_ROW_END)]
    first = next((place for place, row in enumerate(rows) if any(row.cells)), 0)
    if first + 1 < len(rows) and any(_SPANNED in cell for cell in rows[first].cells):
        rows[first : first + 2] = [rows[first].over(rows[first + 1])]
    written = caption
    for row in rows:
        if any(row.cells) and not row.n_before and written.rpartition("\n")[2]:
            written += "\n"
        written += "\n" * row.n_before + "\t".join(row.cells) + "\n" * row.n_behind
    # An empty line would end the table.
    lines = written.replace(_SPANNED, "").split("\n")
    return "\n".join([*(line or _RULE for line in lines[:-1]), lines[-1]]) + after


def _without_repeats(text: str) -> str:
    """Return a grid without the heads and feet that it has on further pages."""
    marks = list(_REPEATS.finditer(text))
    if not marks:
        return text
    start, end = marks[0].start(), marks[-1].end()
    return text[:start] + "\n" * text.count("\n", start, end) + text[end:]


@dataclass(frozen=True)
class _Row:
    """Cells, and how many ends of lines stand before the first and behind."""

    cells: tuple[str, ...]
    n_before: int = 0
    n_behind: int = 0

    @classmethod
    def read(cls, text: str) -> "_Row":
        n_before = text[: len(text) - len(text.lstrip())].count("\n")
        cells = tuple(" ".join(cell.split()) for cell in text.split("&"))
        if not any(cells):
            return cls((), n_before)
        return cls(cells, n_before, text.count("\n") - n_before)

    def over(self, other: "_Row") -> "_Row":
        """Return one row of headings for two, those over several columns before each of them."""
        above: list[str] = []
        for cell in self.cells:
            above.append(above[-1] if cell == _SPANNED and above else cell)
        both = zip_longest(above, other.cells, fillvalue="")
        cells = tuple(" ".join(filter(None, pair)) for pair in both)
        n_behind = self.n_behind + other.n_before + other.n_behind
        return _Row(cells, self.n_before, n_behind)
